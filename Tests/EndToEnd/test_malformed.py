"""Packets that are cut short, flipped or random: no crash, and each is accounted for."""

import random

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, in4_chksum
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.packet import Raw, fuzz

from harness import network
from harness.flows import tcp, udp
from harness.frames import Entry, MPLS, ethernet, frame, mac_bytes
from harness.running import run
from harness.setup import one_arm

SEED = 20260722
T4, T6, U4, U6 = tcp(), tcp(version=6), udp(), udp(version=6)

WHOLE = {
    "labelled": T4.up(T4.send(bytes(40)), label=17),
    "nulls over a label": T4.up(T4.send(bytes(20)), label=[0, 2, 0, 17]),
    "label of the server": T4.down(T4.answer(bytes(40)), label=18),
    "TCP": T4.up(T4.syn(options=[("MSS", 1460), ("SAckOK", b""), ("WScale", 7)])),
    "UDP": U4.up(U4.send(bytes(40))),
    "IPv6 with extensions": U6.up(
        IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / IPv6ExtHdrFragment(m=1) / U6.send(bytes(40))
    ),
    "ICMP error": T4.up(ICMP(type=3, code=1) / Raw(bytes(T4.response(T4.answer(bytes(20)))))),
    "ICMPv6 error": T6.up(ICMPv6DestUnreach(code=1) / Raw(bytes(T6.response(T6.answer())))),
    "tagged": T4.with_(client_vlan=9).up(T4.syn()),
}
OPENING = T4.opening(18, 17, null=0)


def survives(frames, **setup):
    """The appliance takes them all, still serves the session that it had, and ends well."""
    probe = T4.up(T4.send(b"still there"), label=17)
    result = run(one_arm(**setup), sound=False, front=OPENING + frames + [probe])
    expected = T4.at_server(T4.send(b"still there"), label=17, ttl=64, label_ttl=63)
    assert result.bytes()[-1] == expected
    return result


@pytest.mark.parametrize("unknown", ["analyse", "discard"])
def test_cut_at_every_byte(unknown):
    frames = [raw[:length] for raw in WHOLE.values() for length in range(len(raw))]
    survives(frames, labels={"unknown": unknown})


def test_cut_packets_are_dropped_not_sent():
    """A packet with less data than its lengths say is not for anybody."""
    for name in ("TCP", "UDP"):
        raw = WHOLE[name]
        frames = [raw[:length] for length in range(14, len(raw))]
        result = run(one_arm(), front=frames)
        assert result.out["front"] == []
        assert result.counters["session.new"] == 0


def test_every_bit_flipped():
    frames = []
    for raw in WHOLE.values():
        for bit in range(12 * 8, min(len(raw), 100) * 8):
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            frames.append(bytes(changed))
    survives(frames)


def test_random_bytes_behind_each_ethertype():
    dice = random.Random(SEED)
    frames = []
    for ethertype in (0x0800, 0x86DD, MPLS, 0x8848, 0x8100, 0x0806):
        for _ in range(400):
            payload = dice.randbytes(dice.randrange(0, 120))
            frames.append(ethernet(network.FRONT_MAC, T4.client_mac, ethertype, payload))
    survives(frames)


def test_fuzzed_layers():
    """scapy's `fuzz` sets every field at random, behind good addresses."""
    random.seed(SEED)
    frames = []
    for _ in range(120):
        for ip in (IP(src=T4.client_address, dst=network.VIP4),
                   IPv6(src=T6.client_address, dst=network.VIP6)):
            for content in (TCP(), UDP(), ICMP()):
                packet = bytes(ip / fuzz(content) / Raw(b"data"))
                frames.append(frame(network.FRONT_MAC, T4.client_mac, packet))
                label = Entry(random.choice((0, 2, 16, 17, 18, 19)), random.choice((1, 2, 64)))
                frames.append(frame(network.FRONT_MAC, T4.client_mac, packet, [label]))
        wild = bytes(fuzz(IP(dst=network.VIP4)) / fuzz(TCP()))
        frames.append(mac_bytes(network.FRONT_MAC) + mac_bytes(T4.client_mac) + b"\x08\0" + wild)
    survives(frames)


@pytest.mark.parametrize(
    "options",
    [b"\x02\x00\x05\xb4", b"\x02\x01\x05\xb4", b"\x02\x04\x05", b"\x02\x28\x05\xb4", b"\x08" * 4,
     b"\x01\x01\x01\x02", b"\x02\x03\x05\xb4", b"\x00\x02\x04\x05"],
    ids=lambda value: value.hex(),
)
def test_tcp_options_that_make_no_sense(options):
    """The SYN goes on as it came, since nothing in it can be understood as an MSS."""
    # Put together by hand: scapy would set the options right.
    padded = options + bytes(-len(options) % 4)
    offset = 5 + len(padded) // 4
    plain = T4.segment("S", 1, dataofs=offset, chksum=0)
    segment = bytearray(bytes(plain) + padded)
    header = IP(src=T4.client_address, dst=network.VIP4, len=20 + len(segment))
    segment[16:18] = in4_chksum(6, header, bytes(segment)).to_bytes(2, "big")
    result = run(one_arm(), front=[T4.up(Raw(bytes(segment)), proto=6)])
    (out,) = result.out["front"]
    assert out.label == 17
    assert out.ip_bytes[20:] == segment
