"""A session from its first packet on: TCP and UDP, IPv4 and IPv6, VLAN, one arm and two."""

import random

import pytest
from scapy.layers.inet import UDP
from scapy.packet import Raw

from harness import network
from harness.flows import tcp, udp
from harness.frames import Entry, frame
from harness.live import Live
from harness.running import run
from harness.setup import one_arm, service, two_arms

KINDS = pytest.mark.parametrize(
    "flow",
    [tcp(), tcp(version=6), udp(), udp(version=6)],
    ids=["tcp4", "tcp6", "udp4", "udp6"],
)


def opened(flow, to_client=None):
    """What comes out of `flow.opening(...)`: odd label to the server from the first packet on."""
    if flow.protocol == "udp":
        contents = flow.send(b"open"), flow.answer(b"open"), flow.send()
    else:
        contents = flow.syn(), flow.syn_ack(), flow.ack()
    first, answer, last = contents
    return [
        flow.at_server(first, label=17),
        flow.at_client(answer, label=to_client),
        flow.at_server(last, label=17),
    ]


@KINDS
def test_plain_client_and_label_endpoint(flow):
    data = [
        flow.up(flow.send(b"one"), ttl=9),
        flow.down(flow.answer(b"two"), label=18, ttl=50, label_ttl=40),
        flow.down(flow.answer(b"three"), ttl=30),
    ]
    result = run(one_arm(), front=flow.opening(answers=18) + data)
    assert result.bytes() == opened(flow) + [
        flow.at_server(flow.send(b"one"), label=17, ttl=8),
        flow.at_client(flow.answer(b"two"), ttl=39),
        flow.at_client(flow.answer(b"three"), ttl=29),
    ]
    counters = result.counters
    assert (counters["analysed.forwarded"], counters["label.switched"]) == (5, 1)
    assert counters["label.popped"] == counters["session.new"] == 1
    assert counters["session.ended"] == counters["label.unknown"] == 0


@KINDS
def test_both_are_label_endpoints(flow):
    null = 0 if flow.version == 4 else 2
    data = [
        flow.up(flow.send(b"one"), label=Entry(17, 50, tc=5), ttl=60),
        flow.down(flow.answer(b"two"), label=Entry(18, 22, tc=3), ttl=33),
    ]
    frames = flow.opening(answers=18, requests=17, null=null) + data
    result = run(one_arm(), front=frames)
    assert result.bytes() == opened(flow, to_client=18) + [
        flow.at_server(flow.send(b"one"), label=Entry(17, 49, tc=5), ttl=60),
        flow.at_client(flow.answer(b"two"), label=Entry(18, 21, tc=3), ttl=33),
    ]
    assert result.counters["label.switched"] == 2
    assert result.counters["label.popped"] == 0


@KINDS
def test_one_vlan_on_one_arm(flow):
    tagged = flow.with_(client_vlan=30, server_vlan=30)
    frames = tagged.opening(answers=18) + [tagged.down(tagged.answer(), label=18)]
    result = run(one_arm(port={"vlan": 30}), front=frames)
    assert result.bytes() == opened(tagged) + [tagged.at_client(tagged.answer())]
    assert result.counters["label.switched"] == 1


@KINDS
@pytest.mark.parametrize("vlans", [(0, 0), (10, 20), (0, 20), (10, 0)])
def test_two_arms_and_their_vlans(flow, vlans):
    flow = flow.with_(back=network.BACK_MAC, client_vlan=vlans[0], server_vlan=vlans[1])
    setup = two_arms(front={"vlan": vlans[0]}, back={"vlan": vlans[1]})
    first, answer, last = flow.opening(answers=18)
    expected = opened(flow)
    with Live(setup) as box:
        assert box.send(front=[first]).bytes("back") == expected[:1]
        assert box.send(back=[answer]).bytes("front") == expected[1:2]
        assert box.send(front=[last]).bytes("back") == expected[2:]
        step = box.send(back=[flow.down(flow.answer(), label=18)])
        assert step.bytes("front") == [flow.at_client(flow.answer())]
        assert step.rise["label.switched"] == step.rise["label.popped"] == 1


def test_pairs_are_given_from_the_lowest_on():
    flows = [tcp(client) for client in range(1, 6)]
    result = run(one_arm(), front=[flow.up(flow.syn()) for flow in flows])
    assert result.bytes() == [
        flow.at_server(flow.syn(), label=label) for flow, label in zip(flows, (17, 19, 21, 23, 25))
    ]


def test_sessions_are_told_apart_by_each_part_of_their_key():
    services = [
        service(name="web"),
        service(name="web2", port=81),
        service(name="quic", protocol="udp", port=80),
        service(name="web6", version=6),
    ]
    first = tcp()
    flows = [
        first,
        first.with_(client=2),
        first.with_(client_port=40002),
        first.with_(port=81),
        first.with_(protocol="udp"),
        first.with_(version=6),
    ]
    frames = [f.up(f.syn() if f.protocol == "tcp" else f.send()) for f in flows]
    result = run(one_arm(services), front=frames + frames)
    assert [frame.label for frame in result.out["front"]] == [17, 19, 21, 23, 25, 27] * 2
    assert result.counters["session.new"] == 6


@pytest.mark.parametrize(
    "ports, inside, outside",
    [("8000-8099", (8000, 8050, 8099), (7999, 8100)), ("any", (1, 80, 65535), ())],
)
def test_a_service_of_many_ports(ports, inside, outside):
    flows = [tcp(port=port) for port in inside + outside]
    setup = one_arm([service(port=ports)])
    result = run(setup, front=[flow.up(flow.syn()) for flow in flows])
    assert [frame.ip.dport for frame in result.out["front"]] == list(inside)
    assert result.drops() == ({"not_service": len(outside)} if outside else {})


def test_a_gateway_is_the_next_hop_of_all_clients():
    flow = tcp(hop=network.GATEWAY_MAC)
    setup = one_arm(port={"gateway": {"mac": network.GATEWAY_MAC}})
    frames = flow.opening(answers=18) + [flow.down(flow.answer(), label=18)]
    result = run(setup, front=frames)
    assert result.bytes() == opened(flow) + [flow.at_client(flow.answer())]


def test_a_client_is_reached_where_its_session_began():
    flow = udp()
    elsewhere = frame(flow.front, network.STRANGER_MAC, flow.request(flow.send()))
    frames = [flow.up(flow.send()), elsewhere, flow.down(flow.answer(), label=18)]
    assert run(one_arm(), front=frames).bytes() == [
        flow.at_server(flow.send(), label=17),
        flow.at_server(flow.send(), label=17),
        flow.at_client(flow.answer()),
    ]


def test_labelled_and_analysed_packets_keep_their_order():
    flow, dice = udp(), random.Random(3)
    frames = flow.opening(18, 17, null=0)
    for number in range(400):
        label = dice.choice([None, 0, 17, 999])
        frames.append(flow.up(flow.send(number.to_bytes(4, "big")), label=label))
    sent = run(one_arm(), front=frames).out["front"][3:]
    assert [int.from_bytes(frame.ip.load, "big") for frame in sent] == list(range(400))


def test_labels_begin_anywhere_unless_told():
    flows = [udp(client) for client in range(1, 5)]
    frames = [flow.up(flow.send()) for flow in flows]
    starts = set()
    for _ in range(2):
        result = run(one_arm(labels={"first": "random"}), front=frames)
        labels = [frame.label for frame in result.out["front"]]
        assert all(label % 2 and 17 <= label <= 1_048_573 for label in labels)
        assert len(set(labels)) == 4
        starts.add(labels[0])
    assert len(starts) == 2


def test_a_datagram_without_checksum_stays_without():
    flow = udp()
    content = UDP(sport=flow.client_port, dport=flow.port, chksum=0) / Raw(b"data")
    result = run(one_arm(), front=[flow.up(content)])
    assert result.bytes() == [flow.at_server(content, label=17)]


def test_sessions_and_labels_are_shown():
    flow = tcp(client=3)
    shown = run(one_arm(), front=flow.opening(answers=18))
    assert shown.shown["show.sessions"]["total"] == 1
    (session,) = shown.sessions
    expected = {
        "service": "tcp4",
        "server": "s1",
        "protocol": "tcp",
        "client": "198.18.0.3",
        "client_port": 40001,
        "c2s_label": 17,
        "s2c_label": 18,
    }
    assert {key: session[key] for key in expected} == expected
    labels = shown.shown["status"]["labels"]
    states = [labels[state] for state in ("embryonic", "live", "closing", "quarantined")]
    assert states == [0, 1, 0, 0]
    assert labels["free"] == labels["capacity"] - 1 == 524_278
    assert shown.shown["show.labels"]["total"] == 1
