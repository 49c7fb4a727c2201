"""Packets that a link does not take: left unlabelled, fragmented, or dropped with an answer."""

import pytest
from scapy.layers.inet import ICMP, IP, UDP, defragment
from scapy.layers.inet6 import ICMPv6PacketTooBig
from scapy.packet import Raw

from harness import network
from harness.flows import CLIENT_ISN, SERVER_ISN, tcp, udp
from harness.live import Live
from harness.setup import one_arm, two_arms

SMALL = 1400
HEADERS = {("tcp", 4): 40, ("tcp", 6): 60, ("udp", 4): 28, ("udp", 6): 48}


def data(flow, length):
    """Bytes that make an IP packet of `length`."""
    return bytes(length - HEADERS[flow.protocol, flow.version])


def unfragmentable(flow):
    return {"flags": "DF"} if flow.version == 4 else {}


KINDS = [(tcp, 4), (tcp, 6), (udp, 4), (udp, 6)]


@pytest.fixture(params=KINDS, ids=["tcp4", "tcp6", "udp4", "udp6"])
def flow(request):
    make, version = request.param
    return make(version=version, back=network.BACK_MAC)


def opened(box, flow, labelled=False):
    """A live session over `box`; `labelled`: the client is a label endpoint too."""
    null = (0 if flow.version == 4 else 2) if labelled else None
    first, answer, last = flow.opening(18, 17 if labelled else None, null)
    box.send(front=[first])
    box.send(back=[answer])
    box.send(front=[last])


def assert_too_big(frame, destination, target, mtu):
    """The frame is an ICMP error of that next-hop MTU for `target`."""
    assert frame.destination == destination
    assert frame.ip.dst == target
    if frame.ip.version == 4:
        layer = frame.ip[ICMP]
        assert (layer.type, layer.code, layer.nexthopmtu) == (3, 4, mtu)
    else:
        assert frame.ip[ICMPv6PacketTooBig].mtu == mtu


def test_to_a_small_link(flow):
    with Live(two_arms(back={"mtu": SMALL})) as box:
        opened(box, flow)
        for length, label in [(1396, 17), (1397, None), (1400, None)]:
            content = flow.send(data(flow, length))
            step = box.send(front=[flow.up(content, **unfragmentable(flow))])
            assert step.bytes("back") == [
                flow.at_server(content, label=label, **unfragmentable(flow))
            ]
        for length in (1401, 1404, 1500):
            content = flow.send(data(flow, length))
            step = box.send(front=[flow.up(content, **unfragmentable(flow))])
            assert step.drops() == {"oversize": 1}
            assert step.out["back"] == []
            (answer,) = step.out["front"]
            assert_too_big(answer, flow.client_mac, flow.client_address, SMALL - 4)
            quote = answer.ip_bytes[(20 if flow.version == 4 else 40) + 8 :]
            original = bytes(flow.request(content, **unfragmentable(flow)))
            assert len(quote) >= 28 and quote == original[: len(quote)]


def test_switched_to_a_small_link(flow):
    with Live(two_arms(back={"mtu": SMALL})) as box:
        opened(box, flow, labelled=True)
        content = flow.send(data(flow, 1396))
        step = box.send(front=[flow.up(content, label=17, **unfragmentable(flow))])
        assert step.bytes("back") == [
            flow.at_server(content, label=17, ttl=64, label_ttl=63, **unfragmentable(flow))
        ]
        assert step.rise["label.switched"] == 1 and "label.popped" not in step.rise
        content = flow.send(data(flow, 1398))
        step = box.send(front=[flow.up(content, label=17, **unfragmentable(flow))])
        assert step.bytes("back") == [flow.at_server(content, **unfragmentable(flow))]
        assert step.rise["label.switched"] == step.rise["label.popped"] == 1
        content = flow.send(data(flow, 1450))
        step = box.send(front=[flow.up(content, label=17, **unfragmentable(flow))])
        assert step.drops() == {"oversize": 1}
        assert_too_big(step.out["front"][0], flow.client_mac, flow.client_address, SMALL - 4)


def test_from_a_server_to_a_small_link(flow):
    with Live(two_arms(front={"mtu": SMALL})) as box:
        opened(box, flow)
        content = flow.answer(data(flow, 1400))
        step = box.send(back=[flow.down(content, label=18, **unfragmentable(flow))])
        assert step.bytes("front") == [flow.at_client(content, **unfragmentable(flow))]
        step = box.send(
            back=[flow.down(flow.answer(data(flow, 1450)), label=18, **unfragmentable(flow))]
        )
        assert step.drops() == {"oversize": 1}
        answer = step.out["back"][0]
        assert answer.destination == flow.server_mac
        assert answer.ip.dst == flow.vip


@pytest.mark.parametrize("label", [None, 17])
def test_ipv4_that_may_be_fragmented_is(label):
    flow = udp(back=network.BACK_MAC)
    with Live(two_arms(back={"mtu": SMALL})) as box:
        opened(box, flow, labelled=label is not None)
        content = flow.send(bytes(range(256)) * 5 + bytes(140))
        step = box.send(front=[flow.up(content, label=label, id=77)])
        frames = step.out["back"]
        assert len(frames) >= 2
        for piece in frames:
            assert piece.link_payload <= SMALL
            assert piece.destination == flow.server_mac
            assert piece.label in (None, 17)
            assert piece.ip.id == 77
        (whole,) = defragment([IP(piece.ip_bytes) for piece in frames])
        assert bytes(whole[UDP].payload) == bytes(content[Raw])
        assert step.out["front"] == [] and step.drops() == {}


@pytest.mark.parametrize("size", [1400, 1900, 3000, 8900])
def test_a_jumbo_that_may_be_fragmented_is(size):
    flow = udp(back=network.BACK_MAC)
    with Live(two_arms(front={"mtu": 9000}, back={"mtu": 600})) as box:
        content = flow.send(bytes(number % 251 for number in range(size)))
        step = box.send(front=[flow.up(content)])
        frames = step.out["back"]
        assert step.drops() == {}
        assert all(piece.link_payload <= 600 for piece in frames)
        (whole,) = defragment([IP(piece.ip_bytes) for piece in frames])
        assert bytes(whole[UDP].payload) == bytes(content[Raw])


def test_what_is_never_answered():
    """A RST, an ICMP error and a later fragment, each too big and not to be fragmented."""
    flow, datagrams = tcp(back=network.BACK_MAC), udp(2, back=network.BACK_MAC)
    reset = flow.segment("RA", CLIENT_ISN + 1, SERVER_ISN + 1, bytes(1400))
    later = datagrams.up(Raw(bytes(1432)), proto=17, frag=184, flags="DF", id=9)
    first = datagrams.up(datagrams.send(bytes(1472 - 8)), flags="MF", id=9)
    quoted = bytes(flow.response(flow.answer(bytes(1400))))
    error = flow.up(ICMP(type=3, code=1) / Raw(quoted), flags="DF")
    with Live(two_arms(back={"mtu": SMALL})) as box:
        opened(box, flow)
        box.send(front=[first])
        for raw in (flow.up(reset, flags="DF"), error, later):
            step = box.send(front=[raw])
            assert step.drops() == {"oversize": 1}
            assert step.out == {"front": [], "back": []}


def test_too_big_answers_share_the_bucket():
    flow = tcp()
    setup = one_arm(port={"mtu": 1300}, **{"answers-per-second": 5})
    with Live(setup) as box:
        box.send(*flow.opening(18))
        big = flow.up(flow.send(bytes(1400)), flags="DF")
        step = box.send(*[big] * 60)
        assert step.drops() == {"oversize": 60}
        assert 5 <= step.rise["answer.packets"] == len(step.out["front"]) <= 15
