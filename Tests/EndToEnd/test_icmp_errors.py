"""ICMP errors about a session's packet follow that session, both ways."""

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
)
from scapy.packet import Raw

from harness import network
from harness.flows import tcp, udp
from harness.frames import Entry, frame
from harness.live import Live
from harness.setup import one_arm

ROUTER = {4: "198.51.100.77", 6: "2001:db8:77::1"}
ERRORS = {
    4: {
        "unreachable": lambda: ICMP(type=3, code=1),
        "fragmentation needed": lambda: ICMP(type=3, code=4, nexthopmtu=1300),
        "time exceeded": lambda: ICMP(type=11, code=0),
        "parameter problem": lambda: ICMP(type=12, code=0),
    },
    6: {
        "unreachable": lambda: ICMPv6DestUnreach(code=3),
        "fragmentation needed": lambda: ICMPv6PacketTooBig(mtu=1300),
        "time exceeded": lambda: ICMPv6TimeExceeded(),
        "parameter problem": lambda: ICMPv6ParamProblem(),
    },
}
SHORTEST = {4: 28, 6: 60}
FLOWS = [tcp(1), udp(2), tcp(3, 6), udp(4, 6)]


def error(version, kind, source, destination, quoted, ttl=64):
    ip = IP if version == 4 else IPv6
    hops = {"ttl": ttl} if version == 4 else {"hlim": ttl}
    return ip(src=source, dst=destination, **hops) / ERRORS[version][kind]() / Raw(quoted)


@pytest.fixture(scope="module")
def box():
    """Four live sessions with label endpoints behind; pairs 17/18 ... 23/24."""
    with Live(one_arm()) as live:
        for flow in FLOWS:
            live.send(*flow.opening(odd(flow) + 1))
        yield live


def odd(flow):
    return 15 + 2 * flow.client


def quotes(packet, version):
    whole = bytes(packet)
    return [whole[: SHORTEST[version]], whole]


CASES = pytest.mark.parametrize(
    "flow, kind",
    [(flow, kind) for flow in FLOWS for kind in ERRORS[flow.version]],
    ids=lambda value: value if isinstance(value, str) else f"{value.protocol}{value.version}",
)


@CASES
def test_from_the_clients_network_to_the_server(box, flow, kind):
    for quoted in quotes(flow.response(flow.answer()), flow.version):
        addresses = ROUTER[flow.version], flow.vip
        sent = error(flow.version, kind, *addresses, quoted)
        step = box.send(frame(flow.front, network.GATEWAY_MAC, sent))
        expected = error(flow.version, kind, *addresses, quoted, ttl=63)
        entry = Entry(odd(flow), 63)
        assert step.bytes() == [frame(flow.server_mac, flow.back, expected, [entry])]
        assert step.rise["analysed.forwarded"] == 1


@CASES
@pytest.mark.parametrize("labelled", [False, True])
def test_from_the_server_to_the_client(box, flow, kind, labelled):
    """The label that a server puts on an error fails the guard, as it is not TCP or UDP."""
    labels = [Entry(odd(flow) + 1)] if labelled else ()
    for quoted in quotes(flow.request(flow.send()), flow.version):
        addresses = flow.vip, flow.client_address
        sent = error(flow.version, kind, *addresses, quoted)
        step = box.send(frame(flow.back, flow.server_mac, sent, labels))
        expected = error(flow.version, kind, *addresses, quoted, ttl=63)
        assert step.bytes() == [frame(flow.client_mac, flow.front, expected)]


@pytest.mark.parametrize("version", [4, 6])
def test_about_no_session(box, version):
    stranger = tcp(99, version)
    quoted = bytes(stranger.response(stranger.answer()))
    sent = error(version, "unreachable", ROUTER[version], stranger.vip, quoted)
    step = box.send(frame(stranger.front, network.GATEWAY_MAC, sent))
    assert step.drops() == {"icmp": 1}


@pytest.mark.parametrize("version", [4, 6])
def test_a_quote_that_cannot_be_read(box, version):
    sent = error(version, "unreachable", ROUTER[version], network.vip(version), b"\x45")
    step = box.send(frame(network.FRONT_MAC, network.GATEWAY_MAC, sent))
    assert step.drops() == {"icmp_quote": 1}


@pytest.mark.parametrize("version", [4, 6])
def test_an_error_makes_no_session_live_closed_or_new(box, version):
    before = box.admin.call("status")
    flow = next(flow for flow in FLOWS if flow.version == version)
    quoted = bytes(flow.response(flow.answer()))
    sent = error(version, "unreachable", ROUTER[version], flow.vip, quoted)
    box.send(frame(flow.front, network.GATEWAY_MAC, sent))
    after = box.admin.call("status")
    assert (after["sessions"], after["labels"]) == (before["sessions"], before["labels"])
