"""New sessions that are refused, and what their clients are told (protocol 3.7, 3.10)."""

import time

import pytest
from scapy.layers.inet import ICMP, TCP
from scapy.layers.inet6 import ICMPv6DestUnreach

from support.waiting import wait_until

from harness import network
from harness.flows import CLIENT_ISN, tcp, udp
from harness.frames import frame, padded
from harness.live import Live
from harness.running import run
from harness.setup import every_service, one_arm, server, service

KINDS = pytest.mark.parametrize(
    "make, version", [(tcp, 4), (tcp, 6), (udp, 4), (udp, 6)], ids=["tcp4", "tcp6", "udp4", "udp6"]
)


def first_of(flow):
    return flow.syn() if flow.protocol == "tcp" else flow.send()


def refusal(make, version, content=None, **fields):
    """The appliance's answer to a client that comes second to a service of one session."""
    admitted, refused = make(1, version), make(2, version)
    packet = content or first_of(refused)
    frames = [admitted.up(first_of(admitted)), refused.up(packet)]
    fields = {"max-sessions": 1} | fields
    result = run(one_arm(every_service(**fields)), front=frames)
    assert result.drops() == {"refused": 1}
    assert (result.counters["session.new"], result.counters["session.refused"]) == (1, 1)
    answers = result.out["front"][1:]
    assert result.counters["answer.packets"] == len(answers)
    for answer in answers:
        assert (answer.destination, answer.source) == (refused.client_mac, network.FRONT_MAC)
        assert answer.label is None
        assert answer.ip.dst == refused.client_address
    return answers, bytes(refused.request(packet))


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("data", [b"", b"early"])
def test_rst(version, data):
    """RFC 9293 3.10.7.1: without ACK, seq 0 and ack = SEG.SEQ + SEG.LEN; a SYN counts as 1."""
    flow = tcp(2, version)
    (answer,), _ = refusal(tcp, version, flow.segment("S", CLIENT_ISN, data=data))
    assert answer.ip.src == network.vip(version)
    segment = answer.ip[TCP]
    assert (segment.sport, segment.dport) == (network.TCP_PORT, flow.client_port)
    assert str(segment.flags) == "RA"
    assert (segment.seq, segment.ack) == (0, CLIENT_ISN + 1 + len(data))
    assert len(segment.payload) == 0


def test_rst_to_a_sequence_number_that_wraps():
    (answer,), _ = refusal(tcp, 4, tcp(2).segment("S", 0xFFFF_FFFF))
    assert answer.ip[TCP].ack == 0


def test_padding_does_not_count_and_answers_carry_the_ports_tag():
    first, late = (tcp(client, client_vlan=7, server_vlan=7) for client in (1, 2))
    frames = [first.up(first.syn()), padded(late.up(late.syn()), 90)]
    setup = one_arm([service(**{"max-sessions": 1})], port={"vlan": 7})
    answer = run(setup, front=frames).out["front"][1]
    assert answer.vlan == 7
    assert answer.ip[TCP].ack == CLIENT_ISN + 1


ICMP_ANSWERS = [
    (tcp, 4, "icmp", (3, 13)),
    (tcp, 6, "icmp", (1, 1)),
    (udp, 4, "icmp", (3, 13)),
    (udp, 6, "icmp", (1, 1)),
    (udp, 4, "reset", (3, 3)),
    (udp, 6, "reset", (1, 4)),
]


@pytest.mark.parametrize("make, version, how, kind", ICMP_ANSWERS)
def test_icmp(make, version, how, kind):
    (answer,), received = refusal(make, version, **{"refuse-with": how})
    layer = answer.ip[ICMP if version == 4 else ICMPv6DestUnreach]
    assert (layer.type, layer.code) == kind
    quote = answer.ip_bytes[(20 if version == 4 else 40) + 8 :]
    assert len(quote) >= (28 if version == 4 else 48)
    assert quote == received[: len(quote)]


@KINDS
def test_silence(make, version):
    answers, _ = refusal(make, version, **{"refuse-with": "drop"})
    assert answers == []


@KINDS
def test_existing_sessions_are_served_while_new_ones_are_refused(make, version):
    flow, late = make(1, version), make(2, version)
    frames = flow.opening(18) + [
        late.up(first_of(late)),
        flow.up(flow.send()),
        flow.down(flow.answer(), label=18),
    ]
    fields = {"max-sessions": 1, "refuse-with": "drop"}
    result = run(one_arm(every_service(**fields)), front=frames)
    assert result.bytes()[3:] == [
        flow.at_server(flow.send(), label=17),
        flow.at_client(flow.answer()),
    ]
    assert result.drops() == {"refused": 1}
    assert result.shown["status"]["sessions"] == 1
    refused = {one["name"]: one["refused"] for one in result.shown["show.services"]}
    assert refused[f"{flow.protocol}{version}"] == 1


@pytest.mark.parametrize("algorithm", ["rr", "wrr", "lc", "wlc", "rt", "p2c", "maglev"])
def test_a_full_server_is_passed_over(algorithm):
    servers = [server(1, **{"max-sessions": 3}), server(2, **{"max-sessions": 5})]
    flows = [tcp(client) for client in range(1, 21)]
    services = [service(servers, algorithm=algorithm, **{"refuse-with": "drop"})]
    result = run(one_arm(services), front=[flow.up(flow.syn()) for flow in flows])
    chosen = [frame.destination for frame in result.out["front"]]
    assert chosen.count(network.server_mac(1)) == 3
    assert chosen.count(network.server_mac(2)) == 5
    assert result.drops() == {"refused": 12}


def test_room_comes_back_when_a_session_ends():
    services = [service(**{"max-sessions": 1})]
    with Live(one_arm(services, timeouts={"tcp-closing": "200ms"})) as box:
        assert box.send(tcp(1).up(tcp(1).syn())).out["front"][0].label == 17
        assert box.send(tcp(2).up(tcp(2).syn())).drops() == {"refused": 1}
        box.admin.call("session.withdraw", label=17)
        wait_until(lambda: box.admin.call("status")["sessions"] == 0, 10, "session withdrawn")
        box.step()
        step = box.send(tcp(2).up(tcp(2).syn()))
        assert step.bytes() == [tcp(2).at_server(tcp(2).syn(), label=19)]


def test_new_sessions_per_second():
    """A hundred at once where five a second are allowed: five pass, and one more for each fifth of a
    second that it took. After a second without any, five pass again."""
    services = [service(**{"new-sessions-per-second": 5, "refuse-with": "drop"})]
    with Live(one_arm(services)) as box:
        for first in (1, 101):
            flows = [tcp(client) for client in range(first, first + 100)]
            begun = time.monotonic()
            step = box.send(*[flow.up(flow.syn()) for flow in flows])
            passed, seconds = len(step.out["front"]), time.monotonic() - begun
            assert 5 <= passed <= 5 + int(5 * seconds)
            assert step.rise["session.new"] == passed and step.drops() == {"refused": 100 - passed}
            time.sleep(1)


def test_each_refusal_has_its_reason():
    """A client that is denied, and one that comes twice where once a second is allowed."""
    limits = {
        "deny": [f"{network.client_address(1, 4)}/32"],
        "new-sessions-per-client": {"rate": 1},
        "refuse-with": "drop",
    }
    flows = [tcp(1), tcp(2), tcp(2, client_port=40002), tcp(3)]
    result = run(one_arm([service(**limits)]), front=[flow.up(flow.syn()) for flow in flows])
    assert result.drops() == {"refused": 2}
    (shown,) = result.shown["show.services"]
    reasons = {name: count for name, count in shown["refused_by"].items() if count}
    assert reasons == {"denied": 1, "client_rate": 1}
    assert result.counters["refused.denied"] == result.counters["refused.client_rate"] == 1


def test_answers_share_a_bucket():
    """Ten a second, burst ten: ten of three hundred, and one more for each tenth of a second taken."""
    flows = [tcp(client) for client in range(1, 302)]
    setup = one_arm([service(**{"max-sessions": 1})], **{"answers-per-second": 10})
    with Live(setup) as box:
        begun = time.monotonic()
        step = box.send(*[flow.up(flow.syn()) for flow in flows])
        seconds = time.monotonic() - begun
    assert step.drops() == {"refused": 300}
    assert 10 <= step.rise["answer.packets"] <= 10 + int(10 * seconds)


def test_a_full_session_table_refuses():
    flows = [udp(client) for client in range(1, 2501)]
    setup = one_arm(
        [service(protocol="udp", **{"refuse-with": "drop"})], **{"sessions-per-worker": 1024}
    )
    result = run(setup, front=[flow.up(flow.send()) for flow in flows])
    new, refused = (result.counters[name] for name in ("session.new", "session.refused"))
    assert 0.9 * 1024 <= new <= 2048
    assert new + refused == 2500
    assert result.drops() == {"refused": refused}


def test_what_is_never_answered():
    """RSTs, multicasts, later fragments: whatever becomes of them, no answer."""
    flow, late = udp(1), udp(2)
    reset = tcp(3).up(tcp(3).segment("R", CLIENT_ISN))
    fragment = late.up(late.send(bytes(64)), frag=100)
    broadcast = frame("ff:ff:ff:ff:ff:ff", late.client_mac, late.request(late.send()))
    services = every_service(**{"max-sessions": 1})
    opened = [flow.up(flow.send()), tcp(1).up(tcp(1).syn())]
    result = run(one_arm(services), front=opened + [reset, fragment, broadcast])
    assert result.counters["answer.packets"] == 0
    assert len(result.out["front"]) == 2
    assert result.drops() == {"no_session": 1, "fragment_unknown": 1, "link_multicast": 1}
