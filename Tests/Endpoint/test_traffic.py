"""Two hosts that are label endpoints talk through an appliance: real TCP, UDP and ping."""

import contextlib
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether

from support.namespaces import connect
from support.waiting import wait_until

from harness.appliance import C2S, S2C, Appliance
from harness.network import namespaces
from harness.program import endpoint, show
from harness.tagline import appliance

CLIENT, CLIENT6 = "198.51.100.7", "2001:db8:2::7"
VIP, VIP6 = "203.0.113.10", "2001:db8:1::10"
FRONT, BACK = "02:00:00:00:00:01", "02:00:00:00:00:02"
CLIENT_MAC, SERVER_MAC = "02:00:00:00:00:07", "02:00:00:00:00:11"

# A server that echoes all of a connection back and then closes.
SERVER = """
import socket, sys, threading
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
def tcp():
    listener = socket.create_server((sys.argv[1], 80), family=family, backlog=16)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except ConnectionResetError:
            pass
        connection.close()
def udp():
    bound = socket.socket(family, socket.SOCK_DGRAM)
    bound.bind((sys.argv[1], 53))
    while True:
        data, peer = bound.recvfrom(65536)
        bound.sendto(data, peer)
threading.Thread(target=udp, daemon=True).start()
tcp()
"""


class Network:
    def __init__(self, client, middle, server, appliance):
        self.client, self.middle, self.server, self.appliance = client, middle, server, appliance

    def connection(self, address):
        """A TCP connection of the client's to port 80."""
        with self.client.entered():
            return socket.create_connection((address, 80), timeout=10)

    def exchange(self, connection, size):
        """Sends `size` bytes and returns what comes back until the server closes."""
        data = bytes(index * 31 % 251 for index in range(size))
        writer = threading.Thread(
            target=lambda: (connection.sendall(data), connection.shutdown(socket.SHUT_WR)))
        writer.start()
        received = b""
        while part := connection.recv(65536):
            received += part
        writer.join()
        assert received == data
        connection.close()
        time.sleep(0.1)


def relay(stack, middle, mtu):
    return stack.enter_context(
        Appliance(middle, mtu, ("front", FRONT, CLIENT_MAC), ("back", BACK, SERVER_MAC)))


def tagline(stack, middle, mtu):
    """The real one."""
    ports = {"front": ("client", FRONT, CLIENT_MAC), "back": ("server", BACK, SERVER_MAC)}
    services = [
        {"name": f"{protocol}{family}", "address": address, "protocol": protocol, "port": port,
         "algorithm": "rr",
         "servers": [{"name": "s1", "address": address, "mac": SERVER_MAC, "port": "back",
                      "labels": True}]}
        for family, address in (("4", VIP), ("6", VIP6))
        for protocol, port in (("tcp", 80), ("udp", 53))]
    return stack.enter_context(appliance(middle, ports, services))


@contextlib.contextmanager
def network(mtu, address, between=relay):
    with contextlib.ExitStack() as stack:
        client, middle, server = stack.enter_context(namespaces(3))
        connect(client, "c0", CLIENT_MAC, middle, "front", FRONT, mtu)
        connect(server, "s0", SERVER_MAC, middle, "back", BACK, mtu)
        # The middle's own stack stays out of it.
        for device in ("front", "back"):
            middle.sysctl(f"net.ipv6.conf.{device}.disable_ipv6", 1)
        # The hosts' IP packets have 1500 bytes at most.
        for host, device, own4, own6, mac in (
                (client, "c0", CLIENT, CLIENT6, FRONT), (server, "s0", VIP, VIP6, BACK)):
            for own, gateway, family in ((own4, "192.0.2.1", "-4"), (own6, "2001:db8::1", "-6")):
                length = 32 if family == "-4" else 128
                place = "lo" if host is server else device
                host.ip("address", "add", f"{own}/{length}", "dev", place, "nodad")
                host.ip(family, "route", "add", gateway, "dev", device)
                host.ip(family, "route", "add", "default", "via", gateway, "dev", device,
                        "mtu", "1500", "src", own)
                host.ip("neigh", "replace", gateway, "lladdr", mac, "dev", device, "nud",
                        "permanent")
        endpoint("attach", "c0", "--appliance", FRONT, "--client-prefix", "203.0.113.0/24",
                 "--client-prefix", "2001:db8:1::/48", namespace=client)
        endpoint("attach", "s0", "--appliance", BACK, namespace=server)
        process = subprocess.Popen(
            server.command([sys.executable, "-c", SERVER, address]), stdout=subprocess.PIPE)
        stack.callback(lambda: (process.kill(), process.wait()))
        assert process.stdout.readline() == b"ready\n"
        yield Network(client, middle, server, between(stack, middle, mtu))


@pytest.fixture(params=[VIP, VIP6], ids=["ipv4", "ipv6"])
def pair(request):
    with network(1504, request.param) as made:
        yield made, request.param


def null(address):
    return 0 if address == VIP else 2


def labels(seen):
    return tuple(label for label, _ in seen.labels)


def test_tcp(pair):
    """Every packet of a connection has the label that section 6 says, and no byte is lost."""
    made, address = pair
    made.exchange(made.connection(address), 300_000)
    from_client, from_server = made.appliance.of(False), made.appliance.of(True)
    assert len(from_client) > 50 and len(from_server) > 50
    for seen in from_client:
        control = set(seen.flags) & set("FR") or seen.flags == "S"
        assert labels(seen) == ((null(address),) if control else (C2S,)), seen.flags
        assert seen.destination == FRONT
    for seen in from_server:
        assert labels(seen) == (() if set(seen.flags) & set("FR") else (S2C,)), seen.flags
        assert seen.destination == BACK
    # TTL: hosts decrement neither; the packet's own 64 is the label's.
    assert {ttl for seen in made.appliance.seen for _, ttl in seen.labels} == {64}
    # Full-size segments went with their label.
    assert max(len(seen.packet) for seen in from_server if seen.labels) == 1500
    server = show("s0", made.server)
    assert server["counters"]["tx.too_big"] == 0
    assert server["errors"] == 0
    assert show("c0", made.client)["errors"] == 0
    flow, = server["flows"]
    assert (flow["label"], flow["remote_port"] > 0, flow["local_port"]) == (S2C, True, 80)


def test_checksums_are_done(pair):
    """Nothing leaves a checksum to a device that would not find it behind a label."""
    made, address = pair
    made.exchange(made.connection(address), 5_000)
    segments = [seen for seen in made.appliance.seen if seen.flags]
    assert len(segments) >= 10
    for seen in segments:
        again = (IP if address == VIP else IPv6)(seen.packet)
        del again[TCP].chksum
        if address == VIP:
            del again.chksum
        assert bytes(again) == seen.packet


def test_udp_and_fragments(pair):
    made, address = pair
    family = socket.AF_INET if address == VIP else socket.AF_INET6
    with made.client.entered():
        talking = socket.socket(family, socket.SOCK_DGRAM)
    talking.settimeout(5)
    # The first brings the client its label; the large ones go in four fragments each way.
    for size in (10, 5000, 5000):
        data = bytes(index % 256 for index in range(size))
        talking.sendto(data, (address, 53))
        assert talking.recv(65536) == data
    talking.close()
    from_client, from_server = made.appliance.of(False), made.appliance.of(True)
    assert len(from_client) == len(from_server) == 9
    assert labels(from_client[0]) == (null(address),)
    assert {labels(seen) for seen in from_client[1:]} == {(C2S,)}
    assert {labels(seen) for seen in from_server} == {(S2C,)}


def test_ping(pair):
    """ICMP is no session: the client's has explicit null, the server's nothing."""
    made, address = pair
    # Until three were answered: without a deadline it would wait 200 ms for the last.
    made.client.run("ping", "-c", "3", "-i", "0.2", "-w", "20", address)
    from_client, from_server = made.appliance.of(False), made.appliance.of(True)
    assert len(from_client) >= 3 and {labels(seen) for seen in from_client} == {(null(address),)}
    assert len(from_server) >= 3 and {labels(seen) for seen in from_server} == {()}


def test_without_room_it_goes_unlabelled():
    """MTU 1500 everywhere: full segments go plain, all else labelled, and nothing stalls."""
    with network(1500, VIP) as made:
        made.exchange(made.connection(VIP), 100_000)
        data = [seen for seen in made.appliance.of(True) if len(seen.packet) == 1500]
        assert len(data) > 20
        assert {labels(seen) for seen in data} == {()}
        assert {seen.destination for seen in data} == {BACK}
        assert any(labels(seen) == (S2C,) for seen in made.appliance.of(True))
        assert show("s0", made.server)["counters"]["tx.too_big"] >= len(data)


def test_generic_xdp():
    """veth takes no native XDP beside an MTU past a page; the way through the host is another then."""
    with network(9000, VIP) as made:
        assert show("s0", made.server)["mode"] == show("c0", made.client)["mode"] == "generic"
        made.exchange(made.connection(VIP), 100_000)
        data = [seen for seen in made.appliance.of(True) if len(seen.packet) > 1000]
        assert {labels(seen) for seen in data} == {(S2C,)}
        assert show("s0", made.server)["errors"] == 0


def test_packets_of_several_segments_do_not_stall(pair):
    """Somebody lets the device segment again: those packets go without label, but they go."""
    made, address = pair
    made.server.ip("link", "set", "s0", "gso_max_segs", "64")
    made.exchange(made.connection(address), 1_000_000)
    counters = show("s0", made.server)["counters"]
    assert counters["tx.segmented"] > 0
    assert counters["tx.labelled"] > 0
    assert counters["error.push"] == 0


def test_new_connection_from_the_same_port(pair):
    """The SYN erases what was remembered: no old label goes with the new session's packets."""
    made, address = pair
    family = socket.AF_INET if address == VIP else socket.AF_INET6

    def resets():
        return [seen for seen in made.appliance.of(False) if "R" in seen.flags]

    for number in (1, 2):
        with made.client.entered():
            connection = socket.socket(family)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Closing by RST leaves no TIME-WAIT behind.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.bind((CLIENT if address == VIP else CLIENT6, 40000))
        connection.settimeout(5)
        connection.connect((address, 80))
        connection.sendall(b"hello")
        assert connection.recv(10) == b"hello"
        connection.close()
        wait_until(lambda: len(resets()) >= number, 10, "its reset")
    assert show("c0", made.client)["counters"]["tx.erased"] == 1
    assert len(resets()) == 2
    assert {labels(seen) for seen in resets()} == {(null(address),)}


@pytest.mark.parametrize("address", [VIP, VIP6], ids=["ipv4", "ipv6"])
def test_through_the_real_appliance(address):
    """Once the handshake was seen, all but the FINs is switched by label."""
    with network(1504, address, tagline) as made:
        for _ in range(2):
            made.exchange(made.connection(address), 1_000_000)
        counters = made.appliance.show("counters")
        sent = [show(device, host)["hits"] for host, device in (
            (made.client, "c0"), (made.server, "s0"))]
        assert counters["label.switched"] > 0.9 * counters["rx.packets"]
        assert counters["label.switched"] <= sum(sent)
        assert counters["label.unknown"] == 0
        assert counters["session.new"] == 2
        for host, device in ((made.client, "c0"), (made.server, "s0")):
            status = show(device, host)
            assert status["errors"] == 0
            assert status["counters"]["tx.too_big"] == 0
        # Both sides of a pair: what the server sends is one above what the client sends.
        for ours, theirs in zip(
                sorted(show("c0", made.client)["flows"], key=lambda flow: flow["local_port"]),
                sorted(show("s0", made.server)["flows"], key=lambda flow: flow["remote_port"]),
                strict=True):
            assert ours["local_port"] == theirs["remote_port"]
            assert ours["label"] % 2 == 1 and theirs["label"] == ours["label"] + 1


def arp_answers(wire, address):
    """Whether the host answers an ARP request for the address."""
    request = bytes(
        Ether(src=BACK, dst="ff:ff:ff:ff:ff:ff")
        / ARP(op=1, hwsrc=BACK, psrc="192.0.2.1", pdst=address))
    with wire.entered():
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    with link:
        link.bind(("d1", 0x0806))
        link.settimeout(0.5)
        link.send(request)
        try:
            while True:
                frame, (_, _, kind, *_) = link.recvfrom(2048)
                if kind != socket.PACKET_OUTGOING and frame[20:22] == b"\0\2":
                    return True
        except TimeoutError:
            return False


def test_virtual_address_is_not_answered_for(with_virtual_address):
    host, wire = with_virtual_address
    assert arp_answers(wire, VIP)
    endpoint("attach", "d0", "--appliance", BACK, namespace=host)
    assert not arp_answers(wire, VIP)
    assert arp_answers(wire, "192.0.2.11")
    endpoint("detach", "d0", namespace=host)
    assert arp_answers(wire, VIP)


def arp_asks_as(host, wire):
    """With which address of its own the host asks for another's, to send it a packet from the VIP."""
    with wire.entered():
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    with host.entered():
        sending = socket.socket(type=socket.SOCK_DGRAM)
    with link, sending:
        link.bind(("d1", 0x0806))
        link.settimeout(5)
        host.ip("neigh", "flush", "dev", "d0")
        sending.bind((VIP, 0))
        sending.sendto(b"x", ("192.0.2.9", 9))
        while True:
            frame, (_, _, kind, *_) = link.recvfrom(2048)
            if kind != socket.PACKET_OUTGOING and frame[20:22] == b"\0\1":
                return socket.inet_ntoa(frame[28:32])


@pytest.fixture
def with_virtual_address():
    with namespaces(2) as (host, wire):
        connect(host, "d0", SERVER_MAC, wire, "d1", BACK)
        host.ip("address", "add", "192.0.2.11/24", "dev", "d0")
        host.ip("address", "add", f"{VIP}/32", "dev", "lo")
        yield host, wire


def set_arp(host, name, general, device):
    for place, value in (("all", general), ("d0", device)):
        host.sysctl(f"net.ipv4.conf.{place}.{name}", value)


# The value of `all`, of the device before, and of the device afterwards; whether nothing on the
# device can help. The kernel goes by the greater of both.
@pytest.mark.parametrize("general, device, after, beyond", [
    (0, 0, 1, False), (0, 2, 2, False), (0, 3, 1, False), (0, 5, 1, False), (0, 8, 8, False),
    (1, 3, 1, False), (2, 0, 0, False), (2, 4, 1, False), (8, 0, 0, False), (8, 3, 3, False),
    (3, 0, 0, True), (3, 1, 1, True), (7, 5, 5, True)])
def test_arp_is_not_answered(with_virtual_address, general, device, after, beyond):
    """ip-sysctl.rst: 3 answers for addresses that are not of scope host, 4 to 7 are reserved."""
    host, wire = with_virtual_address
    set_arp(host, "arp_ignore", general, device)
    for _ in range(2):
        said = endpoint("attach", "d0", "--appliance", BACK, namespace=host)
        assert host.sysctl("net.ipv4.conf.d0.arp_ignore") == str(after)
        assert (f"net.ipv4.conf.all.arp_ignore is {general}," in said) == beyond
    assert arp_answers(wire, VIP) == beyond
    assert arp_answers(wire, "192.0.2.11") == (8 not in (general, after))
    if beyond:
        host.run(*next(part for part in said.split("`") if "arp_ignore=" in part).split())
        said = endpoint("attach", "d0", "--appliance", BACK, namespace=host)
        assert "conf.all" not in said
        assert not arp_answers(wire, VIP)
    endpoint("detach", "d0", namespace=host)
    assert host.sysctl("net.ipv4.conf.d0.arp_ignore") == str(device)


@pytest.mark.parametrize("general, device, after, beyond", [
    (0, 0, 2, False), (0, 1, 2, False), (1, 0, 2, False), (2, 0, 0, False), (0, 3, 2, False),
    (2, 5, 2, False), (3, 0, 0, True), (4, 2, 2, True)])
def test_arp_asks_with_the_devices_own_address(
        with_virtual_address, general, device, after, beyond):
    """Past 2 the kernel takes arp_announce for 0 (arp_solicit)."""
    host, wire = with_virtual_address
    set_arp(host, "arp_announce", general, device)
    said = endpoint("attach", "d0", "--appliance", BACK, namespace=host)
    assert arp_asks_as(host, wire) == (VIP if beyond else "192.0.2.11")
    assert host.sysctl("net.ipv4.conf.d0.arp_announce") == str(after)
    assert (f"net.ipv4.conf.all.arp_announce is {general}," in said) == beyond
    endpoint("detach", "d0", namespace=host)
    assert host.sysctl("net.ipv4.conf.d0.arp_announce") == str(device)
