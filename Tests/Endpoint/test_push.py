"""Packets that go out: their label, their destination, what is forgotten (label protocol 6)."""

import pytest
from scapy.layers.inet import ICMP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment

from harness.frames import (
    APPLIANCE, GATEWAY, HOST, IPV4, MPLS, SECOND_APPLIANCE, entry, frame, ip, tcp, udp)

CLIENT, VIP = "198.51.100.7", "203.0.113.10"
CLIENT6, VIP6 = "2001:db8:2::7", "2001:db8:1::10"
BOTH = pytest.mark.parametrize("local, remote", [(VIP, CLIENT), (VIP6, CLIENT6)])


def sent(packet, *stack, to=GATEWAY):
    return frame(packet, *stack, source=HOST, destination=to)


def teach(bench, label=17, local=VIP, remote=CLIENT, make=tcp, source=APPLIANCE, below=(),
          **options):
    stack = [entry(label, s=not below, **options), *below]
    bench.receive(frame(ip(remote, local, make(40000, 80)), *stack, source=source))
    assert len(bench.flows()) == 1


def test_by_hand(server):
    """After label 17 with TC 5 came from the appliance: label 18, TC 5, S 1, TTL that of IP."""
    server.receive(bytes.fromhex(
        "020000000011 020000000001 8847 00011b3d"
        "4500 0028 0001 0000 4006 148a c6336407 cb00710a"
        "9c40 0050 00000001 00000001 5010 2000 0000 0000"))
    before = bytes.fromhex(
        "0200000000fe 020000000011 0800"
        "4500 0028 0001 0000 4006 148a cb00710a c6336407"
        "0050 9c40 00000001 00000001 5010 2000 0000 0000")
    after = bytes.fromhex(
        "020000000001 020000000011 8847 00012b40"
        "4500 0028 0001 0000 4006 148a cb00710a c6336407"
        "0050 9c40 00000001 00000001 5010 2000 0000 0000")
    assert server.send(before) == after


@BOTH
@pytest.mark.parametrize("make", [tcp, udp])
@pytest.mark.parametrize("label, partner", [(17, 18), (18, 17), (1048573, 1048574)])
def test_partner_and_ttl(server, local, remote, make, label, partner):
    teach(server, label, local, remote, make, ttl=33)
    packet = ip(local, remote, make(80, 40000), ttl=57)
    assert server.send(sent(packet)) == sent(packet, entry(partner, ttl=57), to=APPLIANCE)
    assert server.counted() == {"rx.learned": 1, "tx.labelled": 1}


def test_back_to_whom_it_came_from(server):
    packet = ip(VIP, CLIENT, tcp(80, 40000))
    for source in (APPLIANCE, SECOND_APPLIANCE, APPLIANCE):
        teach(server, source=source)
        assert server.send(sent(packet)) == sent(packet, entry(18), to=source)


@pytest.mark.parametrize("below", [
    [entry(4097, ttl=9, tc=1)], [entry(4097, s=0, ttl=9), entry(3, ttl=200, tc=7)]])
def test_entries_below_are_echoed_untouched(server, below):
    teach(server, tc=2, below=below)
    packet = ip(VIP, CLIENT, tcp(80, 40000))
    assert server.send(sent(packet)) == sent(packet, entry(18, s=0, tc=2), *below, to=APPLIANCE)


@BOTH
def test_other_flows_go_as_they_are(server, local, remote):
    teach(server, 17, local, remote)
    for payload in (tcp(80, 40001), tcp(81, 40000), udp(80, 40000)):
        given = sent(ip(local, remote, payload))
        assert server.send(given) == given
    given = sent(ip(local, remote, ICMP() if local == VIP else ICMPv6EchoRequest()))
    assert server.send(given) == given
    assert server.counted() == {"rx.learned": 1, "tx.miss": 3}


@BOTH
@pytest.mark.parametrize("flags, forgets", [
    ("S", True), ("SEC", True), ("FA", False), ("F", False), ("R", False), ("RA", False)])
def test_control_goes_to_the_appliance_without_label(server, local, remote, flags, forgets):
    teach(server, 17, local, remote)
    packet = ip(local, remote, tcp(80, 40000, flags))
    assert server.send(sent(packet)) == sent(packet, to=APPLIANCE)
    assert len(server.flows()) == (not forgets)
    assert server.counted() == {
        "rx.learned": 1, "tx.control": 1, **({"tx.erased": 1} if forgets else {})}


@BOTH
@pytest.mark.parametrize("flags", ["SA", "A", "PA", "AU"])
def test_all_else_of_tcp_has_its_label(server, local, remote, flags):
    teach(server, 17, local, remote)
    packet = ip(local, remote, tcp(80, 40000, flags))
    assert server.send(sent(packet)) == sent(packet, entry(18), to=APPLIANCE)


def test_syn_of_an_unknown_flow(server):
    given = sent(ip(VIP, CLIENT, tcp(80, 40000, "S")))
    assert server.send(given) == given


def test_forgotten_until_taught_again(server):
    packet = ip(VIP, CLIENT, tcp(80, 40000))
    teach(server)
    server.receive(frame(ip(CLIENT, VIP, tcp(40000, 80, "S"))))
    assert server.send(sent(packet)) == sent(packet)
    teach(server, 19)
    assert server.send(sent(packet)) == sent(packet, entry(20), to=APPLIANCE)


@pytest.mark.parametrize("size, fits", [(1495, True), (1496, True), (1497, False), (1500, False)])
def test_what_does_not_fit_goes_without(server, size, fits):
    """The device's MTU is 1500: 1496 bytes of IP and a label."""
    teach(server, make=udp)
    packet = ip(VIP, CLIENT, udp(80, 40000, bytes(size - 28)))
    stack = [entry(18)] if fits else []
    assert server.send(sent(packet)) == sent(packet, *stack, to=APPLIANCE)
    assert server.counted() == {"rx.learned": 1, "tx.labelled" if fits else "tx.too_big": 1}


@pytest.mark.parametrize("size, fits", [(1488, True), (1489, False)])
def test_what_does_not_fit_with_all_entries(server, size, fits):
    below = [entry(4097, s=0), entry(4098)]
    teach(server, make=udp, below=below)
    packet = ip(VIP, CLIENT, udp(80, 40000, bytes(size - 28)))
    stack = [entry(18, s=0), *below] if fits else []
    assert server.send(sent(packet)) == sent(packet, *stack, to=APPLIANCE)


def test_what_is_left_to_segment_goes_without(server):
    """With a label the device would cut it at the wrong places."""
    teach(server)
    packet = ip(VIP, CLIENT, tcp(80, 40000, data=bytes(1000)))
    assert server.send(sent(packet), gso_size=500) == sent(packet, to=APPLIANCE)
    assert server.counted() == {"rx.learned": 1, "tx.segmented": 1}


# -- Fragments

def fragments4(local, remote, identification, protocol=17):
    """First, middle and last of one datagram."""
    return [
        ip(local, remote, udp(80, 40000, bytes(16)), id=identification, flags="MF", proto=protocol),
        ip(local, remote, bytes(24), id=identification, flags="MF", frag=3, proto=protocol),
        ip(local, remote, bytes(9), id=identification, frag=6, proto=protocol),
    ]


def fragments6(local, remote, identification, protocol=17):
    def one(payload, offset, more):
        header = IPv6ExtHdrFragment(nh=protocol, offset=offset, m=more, id=identification)
        return ip(local, remote, header / payload)

    return [one(udp(80, 40000, bytes(16)), 0, 1), one(bytes(24), 3, 1), one(bytes(9), 6, 0)]


FRAGMENTS = pytest.mark.parametrize(
    "local, remote, fragments", [(VIP, CLIENT, fragments4), (VIP6, CLIENT6, fragments6)])


@FRAGMENTS
def test_fragments_follow_the_first(server, local, remote, fragments):
    teach(server, 17, local, remote, udp)
    packets = fragments(local, remote, 7)
    for packet in packets:
        assert server.send(sent(packet)) == sent(packet, entry(18), to=APPLIANCE)
    # A later fragment of another datagram, or of no first one.
    for packet in fragments(local, remote, 8)[1:]:
        assert server.send(sent(packet)) == sent(packet)
    assert server.counted() == {"rx.learned": 1, "tx.labelled": 3, "tx.miss": 2}


@FRAGMENTS
def test_fragments_follow_though_the_flow_was_forgotten_meanwhile(server, local, remote, fragments):
    teach(server, 17, local, remote, udp)
    first, middle, last = fragments(local, remote, 7)
    server.send(sent(first))
    server.flow_table.clear()
    for packet in (middle, last):
        assert server.send(sent(packet)) == sent(packet, entry(18), to=APPLIANCE)


@FRAGMENTS
def test_identification_that_comes_again(server, local, remote, fragments):
    """An old datagram's memory is not followed by one whose flow is not known."""
    teach(server, 17, local, remote, udp)
    server.send(sent(fragments(local, remote, 7)[0]))
    server.flow_table.clear()
    for packet in fragments(local, remote, 7):
        assert server.send(sent(packet)) == sent(packet)


def test_later_fragments_of_a_first_that_did_not_fit(server):
    teach(server, make=udp)
    first = ip(VIP, CLIENT, udp(80, 40000, bytes(1472)), id=7, flags="MF")
    last = ip(VIP, CLIENT, bytes(9), id=7, frag=185, proto=17)
    for packet in (first, last):
        assert server.send(sent(packet)) == sent(packet, to=APPLIANCE)
    assert server.counted() == {"rx.learned": 1, "tx.too_big": 1}


def test_fragmented_fin_stays_without_label(server):
    teach(server)
    first = ip(VIP, CLIENT, tcp(80, 40000, "FA", bytes(4)), id=7, flags="MF")
    last = ip(VIP, CLIENT, bytes(9), id=7, frag=3, proto=6)
    for packet in (first, last):
        assert server.send(sent(packet)) == sent(packet, to=APPLIANCE)


def test_atomic_fragment_is_whole(server):
    teach(server, 17, VIP6, CLIENT6, udp)
    packet = ip(VIP6, CLIENT6, IPv6ExtHdrFragment(nh=17, id=5) / udp(80, 40000))
    assert server.send(sent(packet)) == sent(packet, entry(18), to=APPLIANCE)
    assert server.fragment_table.keys() == []


def test_extension_headers(server):
    teach(server, 17, VIP6, CLIENT6, udp)
    packet = ip(VIP6, CLIENT6, IPv6ExtHdrDestOpt() / udp(80, 40000))
    assert server.send(sent(packet)) == sent(packet, entry(18), to=APPLIANCE)


def test_first_fragment_with_a_header_between_is_no_flows(server):
    """Later ones name that header's protocol and could not follow."""
    teach(server, 17, VIP6, CLIENT6, udp)
    header = IPv6ExtHdrFragment(nh=60, m=1, id=5)
    given = sent(ip(VIP6, CLIENT6, header / IPv6ExtHdrDestOpt() / udp(80, 40000)))
    assert server.send(given) == given


# -- Explicit null

SERVICE, SERVICE6 = "198.51.100.80", "2001:db8:2::80"
OWN, OWN6 = "192.0.2.11", "2001:db8::11"
NULLS = pytest.mark.parametrize(
    "own, service, label", [(OWN, SERVICE, 0), (OWN6, SERVICE6, 2)])


@NULLS
@pytest.mark.parametrize("flags", ["S", "A", "FA", "R"])
def test_explicit_null_without_session_label(client, own, service, label, flags):
    packet = ip(own, service, tcp(40000, 80, flags), ttl=61)
    assert client.send(sent(packet)) == sent(packet, entry(label, ttl=61))


@NULLS
def test_explicit_null_on_every_packet(client, own, service, label):
    for payload in (udp(40000, 80), ICMP() if label == 0 else ICMPv6EchoRequest()):
        packet = ip(own, service, payload)
        assert client.send(sent(packet)) == sent(packet, entry(label))
    fragments = fragments4 if label == 0 else fragments6
    for packet in fragments(own, service, 9):
        assert client.send(sent(packet)) == sent(packet, entry(label))


@NULLS
def test_session_label_in_its_place(client, own, service, label):
    client.receive(frame(ip(service, own, tcp(80, 40000)), entry(18)))
    packet = ip(own, service, tcp(40000, 80))
    assert client.send(sent(packet)) == sent(packet, entry(17), to=APPLIANCE)
    for flags in ("FA", "R", "S"):
        packet = ip(own, service, tcp(40000, 80, flags))
        assert client.send(sent(packet)) == sent(packet, entry(label), to=APPLIANCE)
    # The SYN made it forget.
    packet = ip(own, service, tcp(40000, 80))
    assert client.send(sent(packet)) == sent(packet, entry(label))


@pytest.mark.parametrize("own, other", [
    (OWN, "198.51.101.80"), (OWN6, "2001:db8:3::80"), (OWN6, "::ffff:198.51.100.80")])
def test_explicit_null_only_to_the_prefixes(client, own, other):
    given = sent(ip(own, other, udp(40000, 80)))
    assert client.send(given) == given


@pytest.mark.parametrize("size, fits", [(1496, True), (1497, False)])
def test_explicit_null_that_does_not_fit(client, size, fits):
    packet = ip(OWN, SERVICE, udp(40000, 80, bytes(size - 28)))
    stack = [entry(0)] if fits else []
    assert client.send(sent(packet)) == sent(packet, *stack)


def test_neither_label_fits_counts_once(client):
    client.receive(frame(ip(SERVICE, OWN, udp(80, 40000)), entry(18)))
    packet = ip(OWN, SERVICE, udp(40000, 80, bytes(1472)))
    assert client.send(sent(packet)) == sent(packet, to=APPLIANCE)
    assert client.counted() == {"rx.learned": 1, "tx.too_big": 1}


def test_explicit_null_fits_where_the_whole_stack_does_not(client):
    client.receive(frame(
        ip(SERVICE, OWN, udp(80, 40000)), entry(18, s=0), entry(100, s=0), entry(101)))
    packet = ip(OWN, SERVICE, udp(40000, 80, bytes(1490 - 28)))
    assert client.send(sent(packet)) == sent(packet, entry(0), to=APPLIANCE)


def test_server_puts_no_explicit_null(server):
    given = sent(ip(VIP, CLIENT, udp(80, 40000)))
    assert server.send(given) == given


# -- What is left alone

@pytest.mark.parametrize("given", [
    bytes.fromhex("ffffffffffff 020000000011 0806") + bytes(28),
    sent(ip(OWN, SERVICE, udp(40000, 80)), to="01:00:5e:01:02:03"),
    sent(ip(OWN, SERVICE, udp(40000, 80)), entry(17)),
    sent(bytes([0x40]) + bytes(39)),
    sent(bytes([0x55]) + bytes(39))[:12] + IPV4.to_bytes(2, "big") + bytes([0x55]) + bytes(39),
], ids=["arp", "multicast", "labelled", "header-length-0", "version-5"])
def test_left_alone(client, given):
    assert client.send(given) == given
    assert client.counted() == {}


def test_tag_within_the_data_is_left_alone(client):
    given = frame(
        ip(OWN, SERVICE, udp(40000, 80)), source=HOST, destination=GATEWAY, tags=[5])
    assert client.send(given) == given
    assert client.counted() == {"tx.tagged": 1}


@BOTH
def test_every_truncation(server, local, remote):
    """A packet cut off before its ports, or before TCP's flags, is no flow's. (What has no whole IP
    header the kernel does not run a program on.)"""
    teach(server, 17, local, remote)
    whole = ip(local, remote, tcp(80, 40000))
    header = 20 if local == VIP else 40
    for length in range(header, len(whole)):
        given = sent(whole)[:14 + length]
        result = server.send(given)
        if length >= header + 14:
            assert result == sent(whole[:length], entry(18), to=APPLIANCE)
            assert int.from_bytes(result[12:14], "big") == MPLS
        else:
            assert result == given
