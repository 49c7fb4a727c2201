"""Network namespaces with pairs of virtual Ethernet devices, removed again whatever happens."""

import contextlib
import ctypes
import itertools
import os
import pathlib
import socket
import subprocess

CLONE_NEWNET = 0x40000000
SO_NETNS_COOKIE = 71
SERIAL = itertools.count()
LIBC = ctypes.CDLL(None, use_errno=True)


def run(*command, **options):
    result = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=60, **options)
    assert result.returncode == 0, f"{command}: {result.stdout}"
    return result.stdout


class Namespace:
    def __init__(self, name):
        self.name = name

    @property
    def prefix(self):
        """Before a command: runs it there. /sys and /run stay the machine's."""
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    def run(self, *command):
        return run(*self.prefix, *command)

    def ip(self, *arguments):
        return self.run("ip", *arguments)

    def sysctl(self, name):
        return self.run("sysctl", "-n", name).strip()

    def remove(self):
        """With what was saved of its devices: tests end with endpoints that are still attached."""
        with self.entered(), socket.socket() as asking:
            cookie = asking.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8)
        number = int.from_bytes(cookie, "little")
        run("ip", "netns", "del", self.name)
        for path in pathlib.Path("/run/tagline").glob(f"endpoint-net{number}-*.json"):
            path.unlink()

    @contextlib.contextmanager
    def entered(self):
        """This thread works in the namespace."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            switch(there)
            yield
        finally:
            switch(before)
            os.close(there)
            os.close(before)


def switch(descriptor):
    if LIBC.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def namespaces(*roles):
    """Namespaces with this process's number in their names, loopback up."""
    made = []
    serial = next(SERIAL)
    try:
        for role in roles:
            namespace = Namespace(f"tagline-{role}-{os.getpid()}-{serial}")
            run("ip", "netns", "add", namespace.name)
            made.append(namespace)
            namespace.ip("link", "set", "lo", "up")
        yield made
    finally:
        for namespace in made:
            namespace.remove()


def connect(one, one_device, one_mac, other, other_device, other_mac, mtu=1500):
    """A cable between two namespaces."""
    one.ip("link", "add", one_device, "mtu", mtu, "address", one_mac, "type", "veth",
           "peer", "name", other_device, "mtu", mtu, "address", other_mac, "netns", other.name)
    one.ip("link", "set", one_device, "up")
    other.ip("link", "set", other_device, "up")
