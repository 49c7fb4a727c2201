"""Every drop reason has a packet here that causes it, and no reason is without one."""

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import ARP, GRE
from scapy.packet import Raw

from harness import network
from harness.flows import CLIENT_ISN, tcp, udp
from harness.frames import IPV4, IPV6, MPLS, Entry, ethernet, frame
from harness.live import Live
from harness.running import run
from harness.setup import every_service, one_arm, service, two_arms

T4, T6, U4, U6 = tcp(), tcp(version=6), udp(), udp(version=6)
FULL, OTHER_PORT = tcp(port=82), tcp(port=81)
BROADCAST = "ff:ff:ff:ff:ff:ff"


def link(ethertype, payload, destination=network.FRONT_MAC, vlan=0):
    return ethernet(destination, T4.client_mac, ethertype, payload, vlan)


def ip4(**fields):
    """A datagram to the service in an IPv4 header with some fields set by hand."""
    return U4.up(U4.send(bytes(20)), **fields)


def from_address(source):
    """A datagram to the service from any source address."""
    version, ip = (6, IPv6) if ":" in source else (4, IP)
    packet = ip(src=source, dst=network.vip(version)) / U4.send()
    return frame(network.FRONT_MAC, T4.client_mac, packet)


def bad_checksum():
    raw = bytearray(U4.up(U4.send()))
    raw[24] ^= 0x55
    return bytes(raw)


def destinations(number):
    header = IPv6ExtHdrDestOpt()
    for _ in range(number - 1):
        header = header / IPv6ExtHdrDestOpt()
    return header


QUOTE = bytes(T4.response(T4.answer()))
SYN = bytes(T4.request(T4.syn()))

ONE_ARM = {
    "frame_short": {
        "1 byte": b"\x02",
        "13 bytes": U4.up(U4.send())[:13],
    },
    "link_multicast": {
        "broadcast": frame(BROADCAST, T4.client_mac, T4.request(T4.syn())),
        "multicast": frame("01:00:5e:00:00:01", T4.client_mac, U4.request(U4.send())),
    },
    "vlan": {
        "tag on an untagged port": T4.with_(client_vlan=5).up(T4.syn()),
        "service tag": link(0x88A8, b"\0\x05\x08\0" + SYN),
        "two tags": link(0x8100, b"\0\x05\x08\0" + SYN, vlan=6),
    },
    "arp": {
        "broadcast": link(0x0806, bytes(ARP(pdst="203.0.113.10")), BROADCAST),
        "unicast": link(0x0806, bytes(ARP(op=2, pdst="203.0.113.10"))),
    },
    "ethertype": {
        "experimental": link(0x88B5, bytes(46)),
        "multicast MPLS": link(0x8848, b"\0\x01\x11\x40" + SYN),
        "802.3 length": link(46, bytes(46)),
    },
    "label_short": {"nothing": link(MPLS, b""), "half": link(MPLS, b"\0\x01")},
    "label_reserved": {"router alert": T4.up(T4.syn(), label=1)},
    "label_stack": {"S = 0": T4.up(T4.syn(), label=[17, 18])},
    "label_payload": {"nibble 0": link(MPLS, b"\0\x01\x11\x40" + bytes(40))},
    "ttl": {
        "IPv4 1": T4.up(T4.syn(), ttl=1),
        "IPv4 0": T4.up(T4.syn(), ttl=0),
        "IPv6 1": T6.up(T6.syn(), ttl=1),
        "label 1": T4.up(T4.syn(), label=Entry(99, 1)),
    },
    "ip_short": {
        "IPv4 without a byte": link(IPV4, b""),
        "IPv4, 19 bytes": link(IPV4, SYN[:19]),
        "IPv6, 39 bytes": T6.up(T6.syn())[: 14 + 39],
    },
    "ip_version": {
        "6 as IPv4": link(IPV4, bytes(T6.request(T6.syn()))),
        "4 as IPv6": link(IPV6, bytes(U4.request(U4.send(bytes(40))))),
        "5": link(IPV4, b"\x55" + SYN[1:]),
    },
    "ip_header_length": {
        "16 bytes": ip4(ihl=4),
        "past the packet": link(IPV4, bytes(U4.request(U4.send(b""), ihl=15))),
    },
    "ip_total_length": {
        "IPv4 longer than the frame": ip4(len=200),
        "IPv4 shorter than its header": ip4(len=19),
        "IPv6 longer than the frame": U6.up(U6.send(), plen=200),
    },
    "ip_checksum": {"flipped bits": bad_checksum()},
    "ip_extension": {
        "cut short": U6.up(Raw(b"\x11\x04" + bytes(6)), nh=60),
        "hop-by-hop behind another": U6.up(
            IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / U6.send()
        ),
        "forty of them": U6.up(destinations(40) / U6.send()),
    },
    "ip_address": {
        f"from {source}": from_address(source)
        for source in (
            network.VIP4, network.VIP6, "224.0.0.1", "255.255.255.255", "127.0.0.1", "0.0.0.0",
            "ff02::1", "::1", "::",
        )
    },
    "fragment_malformed": {
        "TCP flags overlapped": T4.up(Raw(bytes(16)), proto=6, frag=1),
        "length no multiple of 8": U4.up(U4.send(bytes(21)), flags="MF"),
        "past 65,535": U4.up(Raw(bytes(64)), proto=17, frag=8190),
        "IPv6, length no multiple of 8": U6.up(
            IPv6ExtHdrFragment(nh=17, m=1) / Raw(bytes(U6.send(bytes(21))))
        ),
    },
    "fragment_unknown": {
        "IPv4": U4.up(Raw(bytes(64)), proto=17, frag=100),
        "IPv6": U6.up(IPv6ExtHdrFragment(nh=17, offset=100) / Raw(bytes(64))),
    },
    "protocol": {
        "GRE": T4.up(GRE() / SYN),
        "SCTP": T4.up(Raw(bytes(20)), proto=132),
        "none": T6.up(Raw(b""), nh=59),
    },
    "transport_short": {
        "TCP header in two": T4.up(Raw(bytes(T4.syn())[:8]), proto=6, flags="MF"),
        "TCP, 19 bytes": T4.up(Raw(bytes(T4.syn())[:19]), proto=6),
        "UDP, 7 bytes": U4.up(Raw(bytes(U4.send(b""))[:7]), proto=17),
        "TCP on IPv6, 10 bytes": T6.up(Raw(bytes(T6.syn())[:10]), nh=6),
        "UDP on IPv6, no byte": U6.up(Raw(b""), nh=17),
    },
    "tcp_offset": {
        "16 bytes": T4.up(T4.segment("S", 1, dataofs=4)),
        "past the segment": T4.up(T4.segment("S", 1, dataofs=15)),
        "0 on IPv6": T6.up(T6.segment("S", 1, dataofs=0)),
    },
    "tcp_flags": {
        "SYN FIN": T4.up(T4.segment("SF", 1)),
        "SYN RST": T4.up(T4.segment("SR", 1)),
    },
    "udp_length": {
        "7": U4.up(UDP(sport=40001, dport=network.UDP_PORT, len=7) / Raw(b"data")),
        "more than there is": U4.up(UDP(sport=40001, dport=network.UDP_PORT, len=99)),
        "more on IPv6": U6.up(UDP(sport=40001, dport=network.UDP_PORT, len=99)),
    },
    "icmp_quote": {
        "4 bytes": T4.up(ICMP(type=3, code=1) / Raw(QUOTE[:4])),
        "IP header alone": T4.up(ICMP(type=3, code=1) / Raw(QUOTE[:20])),
        "no IP": T4.up(ICMP(type=3, code=1) / Raw(bytes(28))),
        "IPv6": T6.up(ICMPv6DestUnreach(code=1) / Raw(b"\x60")),
    },
    "icmp": {
        "echo": T4.up(ICMP() / Raw(b"ping")),
        "echo on IPv6": T6.up(ICMPv6EchoRequest(data=b"ping")),
        "error about no session": T4.up(ICMP(type=3, code=1) / Raw(QUOTE)),
    },
    "not_service": {
        "another port": OTHER_PORT.up(OTHER_PORT.syn()),
        "another address": frame(
            network.FRONT_MAC,
            T4.client_mac,
            IP(src=T4.client_address, dst="203.0.113.99") / T4.syn(),
        ),
        "another protocol": U4.with_(port=9).up(UDP(sport=40001, dport=9) / Raw(b"x")),
    },
    "not_server": {
        "a stranger's MAC": frame(
            network.FRONT_MAC, network.STRANGER_MAC, T4.response(T4.answer())
        ),
        "a client's MAC": frame(network.FRONT_MAC, T4.client_mac, U6.response(U6.answer())),
    },
    "no_session": {
        "ACK": T4.up(T4.ack()),
        "data": T6.up(T6.send()),
        "RST": T4.up(T4.segment("R", CLIENT_ISN)),
        "SYN-ACK": T4.up(T4.segment("SA", CLIENT_ISN, 1)),
    },
    "refused": {"full": FULL.with_(client=2).up(FULL.syn())},
    "no_next_hop": {"a client never seen": T4.with_(client=9).down(T4.answer())},
    "oversize": {
        "UDP": U4.up(U4.send(bytes(1520)), flags="DF"),
        "UDP on IPv6": U6.up(U6.send(bytes(1520))),
    },
}

OWN_SETUP = {
    "foreign_mac": (
        one_arm(),
        frame(network.STRANGER_MAC, T4.client_mac, T4.request(T4.syn())),
        "front",
    ),
    "label_unknown": (
        one_arm(labels={"unknown": "discard"}),
        T4.up(T4.syn(), label=99),
        "front",
    ),
    "wrong_side": (two_arms(), T4.with_(front=network.BACK_MAC).up(T4.syn()), "back"),
}

ELSEWHERE = {
    "chain": "buffers that contradict their length: unit tests of the worker",
    "handover_full": "a full ring: unit tests of the worker",
    "server_down": "a server that dies: unit tests of the worker",
    "no_buffer": "an empty mempool: unit tests of the worker",
    "kernel_limit": "a flood of pings: test_kernel_twin",
    "kernel_full": "a full ring: unit tests of the worker",
    "probe": "answers to a check that is over: unit tests of the worker",
}

CASES = [
    pytest.param(raw, reason, id=f"{reason}: {name}")
    for reason, packets in ONE_ARM.items()
    for name, raw in packets.items()
]


@pytest.fixture(scope="module")
def box():
    services = every_service() + [service(name="full", port=82, **{"max-sessions": 1})]
    with Live(one_arm(services)) as live:
        live.send(FULL.up(FULL.syn()))
        yield live


@pytest.mark.parametrize("raw, reason", CASES)
def test_reason(box, raw, reason):
    step = box.send(raw)
    assert step.drops() == {reason: 1}


@pytest.mark.parametrize("reason", OWN_SETUP)
def test_reason_of_another_setup(reason):
    setup, raw, port = OWN_SETUP[reason]
    result = run(setup, **{port: [raw, raw]})
    assert result.drops() == {reason: 2}
    assert all(frames == [] for frames in result.out.values())


def test_no_reason_is_without_a_packet(box):
    counters = box.appliance.counters()
    reasons = {n.removeprefix("drop.") for n in counters if n.startswith("drop.")}
    assert reasons == ONE_ARM.keys() | OWN_SETUP.keys() | ELSEWHERE.keys()
