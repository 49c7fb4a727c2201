"""Packet lengths up to the MTU, Ethernet padding, IPv4 options and IPv6 extension headers."""

import pytest
from scapy.layers.inet import IPOption
from scapy.layers.inet6 import (
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)

from harness.flows import tcp, udp
from harness.frames import padded
from harness.running import run
from harness.setup import one_arm

MTU = 1500


def headers(version):
    return 28 if version == 4 else 48


def payloads(version, longest):
    """Data for IP packets up to `longest`: all short and all near the end, some between."""
    last = longest - headers(version)
    sizes = {*range(0, 64), *range(64, last, 11), *range(last - 40, last + 1)}
    return [bytes(size) for size in sorted(sizes)]


@pytest.mark.parametrize("version", [4, 6])
def test_lengths_to_a_label_endpoint(version):
    """What would not fit with its label goes without it."""
    flow = udp(version=version)
    contents = payloads(version, MTU)
    result = run(one_arm(), front=[padded(flow.up(flow.send(data))) for data in contents])
    expected = [
        flow.at_server(flow.send(data), 17 if headers(version) + len(data) + 4 <= MTU else None)
        for data in contents
    ]
    assert result.bytes() == expected
    assert result.out["front"][-5].label == 17
    assert [frame.label for frame in result.out["front"][-4:]] == [None] * 4


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("labelled_client", [False, True])
def test_lengths_switched(version, labelled_client):
    flow = udp(version=version)
    null = (0 if version == 4 else 2) if labelled_client else None
    contents = payloads(version, MTU - 4)
    frames = flow.opening(18, 17 if labelled_client else None, null)
    frames += [padded(flow.down(flow.answer(data), label=18)) for data in contents]
    result = run(one_arm(), front=frames)
    if labelled_client:
        expected = [flow.at_client(flow.answer(d), 18, ttl=64, label_ttl=63) for d in contents]
    else:
        expected = [flow.at_client(flow.answer(data)) for data in contents]
    assert result.bytes()[3:] == expected
    assert result.counters["label.switched"] == len(contents)


@pytest.mark.parametrize("version", [4, 6])
def test_jumbo_frames(version):
    """Past 2 KiB a packet lies in several buffers."""
    flow = udp(version=version)
    sizes = [1473, 1900, 2030, 2040, 2048, 2100, 3000, 4200, 8000, 8900]
    contents = [bytes(number % 251 for number in range(size)) for size in sizes]
    frames = flow.opening(18, 17, null=0 if version == 4 else 2)
    frames += [flow.up(flow.send(data), label=17) for data in contents]
    frames += [flow.up(flow.send(data)) for data in contents]
    result = run(one_arm(port={"mtu": 9000}), front=frames)
    expected = [flow.at_server(flow.send(d), label=17, ttl=64, label_ttl=63) for d in contents]
    expected += [flow.at_server(flow.send(data), label=17) for data in contents]
    assert result.bytes()[3:] == expected
    assert result.counters["label.switched"] == len(sizes)


@pytest.mark.parametrize("version", [4, 6])
def test_padding_is_no_data(version):
    """Padding must neither be summed nor sent as a part of the packet."""
    flow = tcp(version=version)
    frames = [padded(raw, 100) for raw in flow.opening(18)]
    frames.append(padded(flow.down(flow.answer(b""), label=18), 100))
    result = run(one_arm(), front=frames)
    assert result.bytes() == [
        flow.at_server(flow.syn(), label=17),
        flow.at_client(flow.syn_ack()),
        flow.at_server(flow.ack(), label=17),
        flow.at_client(flow.answer(b"")),
    ]


def test_ipv4_options_of_every_length():
    flow = udp()
    options = [IPOption(b"\x01" * (length - 1) + b"\x00") for length in range(4, 41, 4)]
    frames = flow.opening(18)
    frames += [flow.up(flow.send(), options=[option]) for option in options]
    frames += [flow.down(flow.answer(), label=18, options=[option]) for option in options]
    result = run(one_arm(), front=frames)
    expected = [flow.at_server(flow.send(), label=17, options=[option]) for option in options]
    expected += [flow.at_client(flow.answer(), options=[option]) for option in options]
    assert result.bytes()[3:] == expected
    assert result.counters["label.switched"] == len(options)


EXTENSIONS = {
    "hop-by-hop": lambda: IPv6ExtHdrHopByHop(),
    "destination": lambda: IPv6ExtHdrDestOpt(),
    "routing done": lambda: IPv6ExtHdrRouting(type=253, segleft=0),
    "atomic fragment": lambda: IPv6ExtHdrFragment(offset=0, m=0, id=77),
    "three": lambda: IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / IPv6ExtHdrFragment(id=78),
    "long": lambda: IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(250))]),
}


def test_ipv6_extension_headers():
    flow = udp(version=6)
    frames = flow.opening(18)
    frames += [flow.up(make() / flow.send()) for make in EXTENSIONS.values()]
    frames += [flow.down(make() / flow.answer(), label=18) for make in EXTENSIONS.values()]
    result = run(one_arm(), front=frames)
    expected = [flow.at_server(make() / flow.send(), label=17) for make in EXTENSIONS.values()]
    expected += [flow.at_client(make() / flow.answer()) for make in EXTENSIONS.values()]
    assert result.bytes()[3:] == expected
    assert result.counters["session.new"] == 1
    assert result.counters["label.unknown"] == 0
    assert result.counters["label.switched"] == len(EXTENSIONS)
