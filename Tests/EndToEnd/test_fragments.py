"""Fragments: the first is analysed, later ones follow it; none goes before it."""

import pytest
from scapy.layers.inet import fragment
from scapy.layers.inet6 import IPv6ExtHdrFragment
from scapy.packet import Raw

from harness.flows import udp
from harness.frames import Entry, frame
from harness.running import run
from harness.setup import one_arm

SIZE = 1280
DATA = bytes(range(256)) * 12


def pieces(flow, ident, from_server=False, ttl=64):
    """The fragments of a datagram of 3,072 bytes of data."""
    build = flow.response if from_server else flow.request
    content = flow.answer(DATA) if from_server else flow.send(DATA)
    if flow.version == 4:
        return fragment(build(content, ttl, id=ident), SIZE)
    whole = bytes(build(content, ttl))[40:]
    parts = [whole[at : at + SIZE] for at in range(0, len(whole), SIZE)]
    last = len(parts) - 1
    return [
        build(
            IPv6ExtHdrFragment(nh=17, offset=n * SIZE // 8, m=n < last, id=ident) / Raw(part),
            ttl,
        )
        for n, part in enumerate(parts)
    ]


def up(flow, packets):
    return [frame(flow.front, flow.client_mac, packet) for packet in packets]


def down(flow, packets, label=None, ttl=64):
    labels = [Entry(label, ttl)] if label else ()
    return [frame(flow.back, flow.server_mac, packet, labels) for packet in packets]


def at_server(flow, packets, label, ttl=63):
    labels = [Entry(label, ttl)] if label else ()
    return [frame(flow.server_mac, flow.back, packet, labels) for packet in packets]


def at_client(flow, packets):
    return [frame(flow.client_mac, flow.front, packet) for packet in packets]


VERSIONS = pytest.mark.parametrize("version", [4, 6])


@VERSIONS
def test_the_pieces_make_up_the_whole(version):
    flow = udp(version=version)
    parts = [bytes(packet)[20 if version == 4 else 48 :] for packet in pieces(flow, 5)]
    assert [len(part) for part in parts] == [1280, 1280, 520]
    assert b"".join(parts) == bytes(flow.request(flow.send(DATA)))[20 if version == 4 else 40 :]


@VERSIONS
def test_later_fragments_follow_the_first_to_the_server(version):
    flow = udp(version=version)
    result = run(one_arm(), front=up(flow, pieces(flow, 5)))
    assert result.bytes() == at_server(flow, pieces(flow, 5, ttl=63), 17)
    assert result.counters["session.new"] == 1


@VERSIONS
@pytest.mark.parametrize("label", [None, 18])
def test_later_fragments_follow_the_first_to_the_client(version, label):
    flow = udp(version=version)
    answer = down(flow, pieces(flow, 6, from_server=True), label)
    result = run(one_arm(), front=flow.opening(18) + answer)
    assert result.bytes()[3:] == at_client(flow, pieces(flow, 6, from_server=True, ttl=63))
    assert result.counters["label.switched"] == (3 if label else 0)


@VERSIONS
def test_a_labelled_later_fragment_needs_no_first(version):
    """The guard compares addresses and protocol alone."""
    flow = udp(version=version)
    answer = down(flow, pieces(flow, 6, from_server=True)[1:], 18)
    result = run(one_arm(), front=flow.opening(18) + answer)
    assert result.bytes()[3:] == at_client(flow, pieces(flow, 6, from_server=True, ttl=63)[1:])
    assert result.counters["label.switched"] == 2
    assert result.counters["label.unknown"] == 0


@VERSIONS
def test_a_labelled_later_fragment_of_other_addresses_is_unknown(version):
    flow, other = udp(1, version), udp(2, version)
    stray = [frame(flow.front, flow.client_mac, pieces(other, 6)[1], [Entry(17)])]
    result = run(one_arm(), front=flow.opening(18, 17, null=0 if version == 4 else 2) + stray)
    assert result.counters["label.unknown"] == 1
    assert result.drops() == {"fragment_unknown": 1}


@VERSIONS
def test_without_the_first_they_are_dropped(version):
    flow = udp(version=version)
    result = run(one_arm(), front=flow.opening(18) + up(flow, pieces(flow, 5)[1:]))
    assert result.drops() == {"fragment_unknown": 2}


@VERSIONS
def test_a_later_fragment_ahead_of_the_first_is_dropped(version):
    flow = udp(version=version)
    first, second, third = pieces(flow, 5)
    result = run(one_arm(), front=up(flow, [second, first, third]))
    expected = pieces(flow, 5, ttl=63)
    assert result.drops() == {"fragment_unknown": 1}
    assert result.bytes() == at_server(flow, [expected[0], expected[2]], 17)


@VERSIONS
def test_datagrams_of_several_sessions_may_be_interleaved(version):
    flows = [udp(client, version) for client in (1, 2, 3)]
    flows.append(flows[0].with_(client_port=40009))
    order = [(flow, number) for number in range(3) for flow in flows]
    idents = {flow: 7 + place % 3 for place, flow in enumerate(flows)} | {flows[3]: 99}
    frames = [up(flow, pieces(flow, idents[flow]))[number] for flow, number in order]
    result = run(one_arm(), front=frames)
    labels = dict(zip(flows, (17, 19, 21, 23)))
    assert result.bytes() == [
        at_server(flow, pieces(flow, idents[flow], ttl=63), labels[flow])[number]
        for flow, number in order
    ]


@VERSIONS
def test_an_ident_is_one_datagrams_only(version):
    """Another client's or another ident's later fragment does not follow."""
    flow, other = udp(1, version), udp(2, version)
    frames = up(flow, pieces(flow, 5)[:1])
    frames += up(other, pieces(other, 5)[1:2]) + up(flow, pieces(flow, 6)[1:2])
    result = run(one_arm(), front=frames)
    assert result.drops() == {"fragment_unknown": 2}
