"""The echo service: its servers, questions to it, and UDP with DF, what path MTU discovery is made of."""

import errno
import socket

from rig.namespace import wait_until

from harness.site import address

# linux/in.h, linux/in6.h
IP_MTU_DISCOVER, IP_MTU, IPV6_MTU_DISCOVER, IPV6_MTU, PMTUDISC_DO = 10, 14, 23, 24, 2
HEADERS = {4: 28, 6: 48}

# Answers with as many bytes as the question names, and says what the kernel knows of the path when it
# will not send that.
SERVER = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
sock = socket.socket(family, socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_IPV6 if ":" in sys.argv[1] else socket.IPPROTO_IP,
                23 if ":" in sys.argv[1] else 10, 2)
sock.bind((sys.argv[1], 7))
print("bound", flush=True)
while True:
    data, peer = sock.recvfrom(65536)
    try:
        sock.sendto(bytes(int(data.split()[0])), peer)
    except OSError as error:
        sock.sendto(b"errno %d" % error.errno, peer)
"""

# Answers with its name before what it was sent.
NAMED_SERVER = """
import socket, sys
sock = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 7))
print("bound", flush=True)
while True:
    data, peer = sock.recvfrom(65536)
    sock.sendto(sys.argv[2].encode() + data, peer)
"""


def echo_server(host, version):
    return start_server(host, SERVER, version)


def named_echo_server(host, version):
    return start_server(host, NAMED_SERVER, version, host.name)


def start_server(host, script, version, *words):
    """Starts a script with the virtual address as its first argument, which prints a word when it may be
    asked. Its process."""
    log = f"udp{version}.log"
    process = host.start("/usr/bin/python3", "-c", script, address(version), *words, log=log)
    wait_until(lambda: (host.folder / log).read_text(), 20, f"{log} of {host.name}", process)
    return process


def connected(host, version):
    """A UDP socket of a host's, connected to the echo service."""
    with host.entered():
        sock = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    sock.connect((address(version), 7))
    sock.settimeout(2)
    return sock


def ask(sock, data, tries=10):
    """The server that echoed it, by its name; asks again, as the machine may be busy."""
    for _ in range(tries):
        sock.send(data)
        try:
            while True:
                answer = sock.recv(65536)
                if answer.endswith(data):
                    return answer.removesuffix(data).decode()
        except TimeoutError:
            pass
    raise AssertionError(f"no answer to {tries} datagrams")


class Path:
    """A connected UDP socket of `host`, whose datagrams are never fragmented."""

    def __init__(self, host, version):
        self.version = version
        with host.entered():
            family = socket.AF_INET if version == 4 else socket.AF_INET6
            self.sock = socket.socket(family, socket.SOCK_DGRAM)
        if version == 4:
            self.sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DO)
        else:
            self.sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DO)
        self.sock.connect((address(version), 7))
        self.sock.settimeout(1)

    def mtu(self):
        """What the kernel here knows of the path."""
        if self.version == 4:
            return self.sock.getsockopt(socket.IPPROTO_IP, IP_MTU)
        return self.sock.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU)

    def ask(self, packet, answer_packet, tries=10):
        """Sends an IP packet of `packet` bytes and asks for one of `answer_packet`.

        The size of the answer's IP packet; None if the kernel here knows that it does not fit, or
        the server's kernel says so; `TimeoutError` if nothing came.
        """
        question = (b"%d " % (answer_packet - HEADERS[self.version])).ljust(
            packet - HEADERS[self.version], b"."
        )
        for _ in range(tries):
            try:
                self.sock.send(question)
                answer = self.sock.recv(65536)
            except TimeoutError:
                continue
            except OSError as error:
                if error.errno != errno.EMSGSIZE:
                    raise
                return None
            if answer.startswith(b"errno"):
                assert int(answer.split()[1]) == errno.EMSGSIZE
                return None
            return len(answer) + HEADERS[self.version]
        raise TimeoutError(f"no answer to {tries} datagrams")
