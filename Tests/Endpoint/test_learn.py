"""Frames that come in: what is popped, learned, dropped, left alone (label protocol 2 and 6)."""

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop)

from harness.bench import Remembered
from harness.frames import (
    APPLIANCE, SECOND_APPLIANCE, STRANGER, entry, frame, ip, tcp, udp)

CLIENT, VIP = "198.51.100.7", "203.0.113.10"
CLIENT6, VIP6 = "2001:db8:2::7", "2001:db8:1::10"


def flow(label, protocol=6, local=VIP, remote=CLIENT, mac=APPLIANCE, tc=0, s=1, below=()):
    """As remembered: the session's entry has TTL 0."""
    return Remembered(
        protocol, local, 80, remote, 40000, mac, (label << 12 | tc << 9 | s << 8, *below))


def test_by_hand(server):
    """One frame written out: label 17, TC 5, TTL 61 over IP with TTL 64."""
    # 4500 + 0028 + 0001 + 0000 + 4006 + c633 + 6407 + cb00 + 710a folds to eb75: checksum 148a; with
    # 3d06 in 4006's place to e875: 178a.
    before = bytes.fromhex(
        "020000000011 020000000001 8847 00011b3d"
        "4500 0028 0001 0000 4006 148a c6336407 cb00710a"
        "9c40 0050 00000001 00000001 5010 2000 0000 0000")
    after = bytes.fromhex(
        "020000000011 020000000001 0800"
        "4500 0028 0001 0000 3d06 178a c6336407 cb00710a"
        "9c40 0050 00000001 00000001 5010 2000 0000 0000")
    assert server.receive(before) == after
    # Label 18, TC 5, S 1.
    assert server.flows() == [
        Remembered(6, VIP, 80, CLIENT, 40000, APPLIANCE, (0x00012b00,))]


@pytest.mark.parametrize("local, remote", [(VIP, CLIENT), (VIP6, CLIENT6)])
@pytest.mark.parametrize("make, protocol", [(tcp, 6), (udp, 17)])
@pytest.mark.parametrize(
    "label, partner",
    [(17, 18), (18, 17), (1001, 1002), (1002, 1001), (1048573, 1048574), (1048574, 1048573)])
def test_partner(server, local, remote, make, protocol, label, partner):
    packet = ip(remote, local, make(40000, 80), ttl=60)
    assert server.receive(frame(packet, entry(label, ttl=60))) == frame(packet)
    assert server.flows() == [flow(partner, protocol, local, remote)]
    assert server.counted() == {"rx.learned": 1}


@pytest.mark.parametrize("label_ttl, ip_ttl, result", [
    (63, 64, 63), (64, 64, 64), (255, 3, 3), (1, 255, 1), (1, 1, 1), (128, 129, 128),
])
@pytest.mark.parametrize("local, remote", [(VIP, CLIENT), (VIP6, CLIENT6)])
def test_ttl_is_the_smaller(server, label_ttl, ip_ttl, result, local, remote):
    received = server.receive(
        frame(ip(remote, local, udp(40000, 80), ttl=ip_ttl), entry(17, ttl=label_ttl)))
    assert received == frame(ip(remote, local, udp(40000, 80), ttl=result))


def test_checksum_of_every_ttl(server):
    """The incremental checksum is the one that scapy computes anew, whatever the fields."""
    for ttl in range(2, 256):
        packet = ip(CLIENT, VIP, udp(40000, 80), ttl=ttl, id=ttl * 251 & 0xFFFF, tos=ttl)
        lower = ip(CLIENT, VIP, udp(40000, 80), ttl=ttl - 1, id=ttl * 251 & 0xFFFF, tos=ttl)
        assert server.receive(frame(packet, entry(17, ttl=ttl - 1))) == frame(lower)


@pytest.mark.parametrize("label_ttl, ip_ttl", [(0, 64), (64, 0)])
@pytest.mark.parametrize("local, remote", [(VIP, CLIENT), (VIP6, CLIENT6)])
def test_no_time_left(server, label_ttl, ip_ttl, local, remote):
    packet = ip(remote, local, udp(40000, 80), ttl=ip_ttl)
    assert server.receive(frame(packet, entry(17, ttl=label_ttl))) is None
    assert server.counted() == {"drop.ttl": 1}
    assert server.flows() == []


def test_traffic_class_and_entries_below_are_kept(server):
    packet = ip(CLIENT, VIP, tcp(40000, 80))
    below = [entry(5000, s=0, tc=3, ttl=7), entry(16, s=1, ttl=9)]
    received = server.receive(frame(packet, entry(21, s=0, tc=6), *below))
    assert received == frame(packet)
    assert server.flows() == [flow(
        22, tc=6, s=0, below=[int.from_bytes(word, "big") for word in below])]


@pytest.mark.parametrize("position", [0, 1])
def test_entries_below_that_change(server, position):
    packet = ip(CLIENT, VIP, tcp(40000, 80))
    below = [entry(5000, s=0), entry(5001)]
    server.receive(frame(packet, entry(21, s=0), *below))
    below[position] = entry(5002, s=position)
    server.receive(frame(packet, entry(21, s=0), *below))
    assert server.flows() == [flow(22, s=0, below=[int.from_bytes(word, "big") for word in below])]


def test_three_entries_below_are_too_many(server):
    packet = ip(CLIENT, VIP, tcp(40000, 80))
    stack = [entry(21, s=0), entry(100, s=0), entry(101, s=0), entry(102)]
    assert server.receive(frame(packet, *stack)) is None
    assert server.counted() == {"drop.stack": 1}


def test_both_appliances(server):
    packet = ip(CLIENT, VIP, tcp(40000, 80))
    server.receive(frame(packet, entry(17), source=APPLIANCE))
    assert server.flows() == [flow(18)]
    server.receive(frame(packet, entry(17), source=SECOND_APPLIANCE))
    assert server.flows() == [flow(18, mac=SECOND_APPLIANCE)]


def test_strangers_teach_nothing(server):
    given = frame(ip(CLIENT, VIP, tcp(40000, 80)), entry(17), source=STRANGER)
    assert server.receive(given) == given
    assert server.flows() == []
    assert server.counted() == {"rx.stranger": 1}


def test_frames_to_other_hosts_are_left_alone(server):
    given = frame(ip(CLIENT, VIP, tcp(40000, 80)), entry(17), destination=STRANGER)
    assert server.receive(given) == given
    assert server.flows() == []
    assert server.counted() == {}


@pytest.mark.parametrize("remote, other", [(CLIENT, "203.0.113.11"), (CLIENT6, "2001:db8:1::11")])
def test_destination_that_is_not_local(server, remote, other):
    packet = ip(remote, other, tcp(40000, 80))
    assert server.receive(frame(packet, entry(17))) == frame(packet)
    assert server.flows() == []
    assert server.counted() == {"rx.not_local": 1}


@pytest.mark.parametrize("packet", [
    ip(CLIENT, VIP, ICMP()),
    ip(CLIENT6, VIP6, ICMPv6EchoRequest()),
    *[ip(CLIENT, VIP, udp(40000, 80), frag=offset) for offset in (1, 3, 4096, 8189)],
    *[ip(CLIENT6, VIP6, IPv6ExtHdrFragment(offset=offset, nh=17) / udp(40000, 80))
      for offset in (1, 3, 4096, 8189)],
    ip(CLIENT6, VIP6, IPv6ExtHdrFragment(nh=60, m=1) / IPv6ExtHdrDestOpt() / udp(40000, 80)),
    # A TCP header whose flags are not there may be a SYN's.
    ip(CLIENT, VIP, bytes(tcp(40000, 80))[:13], proto=6),
    ip(CLIENT, VIP, bytes(udp(40000, 80))[:3], proto=17),
])
def test_popped_without_learning(server, packet):
    assert server.receive(frame(packet, entry(17))) == frame(packet)
    assert server.flows() == []
    assert server.counted() == {"rx.unlearned": 1}


@pytest.mark.parametrize("packet", [
    ip(CLIENT, VIP, udp(40000, 80), flags="MF"),
    ip(CLIENT, VIP, udp(40000, 80), options=[b"\x01\x01\x01\x00"]),
    ip(CLIENT6, VIP6, IPv6ExtHdrFragment(m=1, nh=17) / udp(40000, 80)),
    ip(CLIENT6, VIP6, IPv6ExtHdrFragment(nh=17) / udp(40000, 80)),
    ip(CLIENT6, VIP6, IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / udp(40000, 80)),
])
def test_learned_behind_options_and_from_first_fragments(server, packet):
    assert server.receive(frame(packet, entry(17))) == frame(packet)
    local, remote = (VIP6, CLIENT6) if packet[0] >> 4 == 6 else (VIP, CLIENT)
    assert server.flows() == [flow(18, 17, local, remote)]


@pytest.mark.parametrize("label, local, remote", [(0, VIP, CLIENT), (2, VIP6, CLIENT6)])
def test_explicit_null_alone(server, label, local, remote):
    sender = frame(ip(remote, local, tcp(40000, 80), ttl=64), entry(label, ttl=60), source=STRANGER)
    assert server.receive(sender) == frame(
        ip(remote, local, tcp(40000, 80), ttl=60), source=STRANGER)
    assert server.flows() == []
    assert server.counted() == {"rx.explicit_null": 1}


@pytest.mark.parametrize("nulls", [[0], [2], [0, 2, 0, 0]])
def test_explicit_null_over_session_label(server, nulls):
    """The outermost TTL counts (RFC 3443 3.1)."""
    stack = [entry(label, s=0, ttl=50 + index) for index, label in enumerate(nulls)]
    received = server.receive(frame(ip(CLIENT, VIP, tcp(40000, 80)), *stack, entry(17, ttl=40)))
    assert received == frame(ip(CLIENT, VIP, tcp(40000, 80), ttl=50))
    assert server.flows() == [flow(18)]


@pytest.mark.parametrize("label", [1, 3, *range(4, 16), 16, 1048575])
@pytest.mark.parametrize("source", [APPLIANCE, STRANGER])
def test_labels_that_no_session_has(server, label, source):
    given = frame(ip(CLIENT, VIP, tcp(40000, 80)), entry(label), source=source)
    assert server.receive(given) is None
    assert server.counted() == {"drop.reserved": 1}


@pytest.mark.parametrize("stack, packet", [
    ([entry(0)], ip(CLIENT6, VIP6, tcp(40000, 80))),
    ([entry(2)], ip(CLIENT, VIP, tcp(40000, 80))),
    ([entry(17)], b"\x00" * 40),
    ([entry(17)], b"\x51" * 40),
])
def test_payload_that_is_not_what_was_said(server, stack, packet):
    assert server.receive(frame(packet, *stack)) is None
    assert server.counted() == {"drop.payload": 1}


@pytest.mark.parametrize("local, remote", [(VIP, CLIENT), (VIP6, CLIENT6)])
def test_every_truncation(server, local, remote):
    """No length crashes, none that lacks an IP header arrives, none that lacks ports is learned."""
    header = 20 if local == VIP else 40
    whole = frame(ip(remote, local, tcp(40000, 80)), entry(0, s=0), entry(17, s=0), entry(99))
    for length in range(14, len(whole)):
        server.begin()
        received = server.receive(whole[:length])
        if length < 26 + header:
            assert received is None
            assert server.counted() == {"drop.short": 1}
        else:
            packet = whole[26:length]
            assert received == frame(packet)
            assert len(server.flows()) == (length >= 26 + header + 14)


@pytest.mark.parametrize("first", [0x40, 0x44, 0x4f])
def test_header_length_that_lies(server, first):
    """Too short for a header, or past the packet: handed over for the host to judge, not learned."""
    packet = bytearray(ip(CLIENT, VIP, tcp(40000, 80)))
    packet[0] = first
    assert server.receive(frame(bytes(packet), entry(17))) is not None
    assert server.flows() == []


def test_endless_stack(server):
    given = frame(ip(CLIENT, VIP, tcp(40000, 80)), *[entry(0, s=0)] * 12, entry(17))
    assert server.receive(given) is None
    assert server.counted() == {"drop.stack": 1}


@pytest.mark.parametrize("tags", [[5], [5, 6]])
def test_label_behind_vlan_tags(server, tags):
    packet = ip(CLIENT, VIP, tcp(40000, 80))
    assert server.receive(frame(packet, entry(0, s=0), entry(17), tags=tags)) == frame(
        packet, tags=tags)
    assert server.flows() == [flow(18)]


@pytest.mark.parametrize("local, remote", [(VIP, CLIENT), (VIP6, CLIENT6)])
@pytest.mark.parametrize("stack, tags", [([], []), ([], [7]), (["null"], [])])
@pytest.mark.parametrize("flags, forgets", [
    ("S", True), ("SEC", True), ("SF", True), ("SA", False), ("A", False), ("FA", False),
    ("R", False),
])
def test_unlabelled_syn_forgets(server, local, remote, stack, tags, flags, forgets):
    server.receive(frame(ip(remote, local, tcp(40000, 80)), entry(17)))
    stack = [entry(0 if local == VIP else 2)] if stack else []
    packet = ip(remote, local, tcp(40000, 80, flags))
    given = frame(packet, *stack, source=STRANGER, tags=tags)
    assert server.receive(given) == frame(packet, source=STRANGER, tags=tags)
    assert server.flows() == ([] if forgets else [flow(18, 6, local, remote)])
    assert server.counted().get("rx.erased", 0) == forgets


def test_other_flows_syn_forgets_nothing(server):
    server.receive(frame(ip(CLIENT, VIP, tcp(40000, 80)), entry(17)))
    server.receive(frame(ip(CLIENT, VIP, tcp(40001, 80, "S"))))
    assert server.flows() == [flow(18)]


def test_labelled_syn_teaches(server):
    """An embryonic session's packets have their label (3.5), the SYN among them."""
    server.receive(frame(ip(CLIENT, VIP, tcp(40000, 80)), entry(17)))
    server.receive(frame(ip(CLIENT, VIP, tcp(40000, 80, "S")), entry(31)))
    assert server.flows() == [flow(32)]


@pytest.mark.parametrize("given", [
    bytes.fromhex("020000000011" "020000000001" "0806") + bytes(28),
    bytes.fromhex("ffffffffffff" "020000000001" "8847") + entry(17) + bytes(40),
    bytes.fromhex("020000000011" "020000000001" "8848") + entry(17) + bytes(40),
    frame(ip(CLIENT, VIP, tcp(40000, 80))),
    frame(ip(CLIENT, VIP, tcp(40000, 80)))[:20],
    bytes.fromhex("020000000011" "020000000001" "8100"),
])
def test_all_else_is_left_alone(server, given):
    assert server.receive(given) == given
    assert server.counted() == {}
