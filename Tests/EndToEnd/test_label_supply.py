"""Exhaustion, the embryonic share, SYN floods and quarantine (protocol 4)."""

import pytest

from support.waiting import wait_until

from harness import network
from harness.flows import tcp, udp
from harness.live import Live
from harness.running import run
from harness.setup import every_service, one_arm, service

FOUR_PAIRS = "17-23"
QUICK = {"tcp-closing": "200ms"}  # how long a withdrawn session is still served
GATEWAY = {"gateway": {"mac": network.GATEWAY_MAC}}


@pytest.mark.parametrize("make, version", [(tcp, 4), (tcp, 6), (udp, 4), (udp, 6)])
def test_without_a_free_pair_sessions_are_served_without_one(make, version):
    flows = [make(client, version) for client in range(1, 7)]
    frames = []
    for flow, even in zip(flows, (18, 20, 22, 24, None, None)):
        frames += flow.opening(answers=even)
    result = run(one_arm(labels={"range": FOUR_PAIRS, "embryonic-share": 100}), front=frames)
    labels = [frame.label for frame in result.out["front"]]
    assert labels[0::3] == labels[2::3] == [17, 19, 21, 23, None, None]
    assert labels[1::3] == [None] * 6
    assert result.counters["session.new"] == 6
    assert result.counters["label.exhausted"] == 2
    assert result.counters["label.embryonic_full"] == 0
    status = result.shown["status"]["labels"]
    assert (status["capacity"], status["live"], status["free"]) == (4, 4, 0)


def test_the_range_ends_where_it_is_told():
    flows = [udp(client) for client in range(1, 4)]
    result = run(
        one_arm(labels={"range": "1048571-1048573", "embryonic-share": 100}),
        front=[flow.up(flow.send()) for flow in flows],
    )
    assert [frame.label for frame in result.out["front"]] == [1_048_571, 1_048_573, None]


def flood(setup, clients, version=4):
    flows = [tcp(client, version) for client in range(1, clients + 1)]
    frames = [flow.up(flow.syn()) for flow in flows]
    return run(setup, front=frames + frames)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("algorithm", ["rr", "maglev"])
def test_a_syn_flood_leaves_no_state(version, algorithm):
    """204 pairs, of which 25 percent are 51; every SYN comes twice."""
    services = [service((1, 2, 3), version=version, algorithm=algorithm)]
    result = flood(one_arm(services, labels={"range": "17-423"}), 1000, version)
    sent = result.out["front"]
    assert len(sent) == 2000
    labels = [frame.label for frame in sent]
    assert labels[:51] == labels[1000:1051] == list(range(17, 119, 2))
    assert set(labels[51:1000] + labels[1051:]) == {None}
    chosen = [frame.destination for frame in sent]
    assert chosen[:1000] == chosen[1000:]
    assert len(set(chosen[51:1000])) == 3
    assert result.shown["status"]["sessions"] == 51
    assert result.shown["status"]["labels"]["embryonic"] == 51
    assert result.counters["session.new"] == 51
    assert result.counters["label.embryonic_full"] >= 949
    assert result.counters["label.exhausted"] == 0


def test_the_share_is_at_least_one():
    flows = [tcp(client) for client in range(1, 4)]
    labels = {"range": FOUR_PAIRS, "embryonic-share": 1}
    result = run(one_arm(labels=labels), front=[flow.up(flow.syn()) for flow in flows])
    assert [frame.label for frame in result.out["front"]] == [17, None, None]


@pytest.mark.parametrize("algorithm", ["rr", "lc", "maglev"])
def test_the_acknowledgement_makes_the_session_at_the_syns_server(algorithm):
    services = [service((1, 2, 3, 4), algorithm=algorithm)]
    flows = [tcp(client) for client in range(1, 42)]
    frames = [flow.up(flow.syn()) for flow in flows] + [flow.up(flow.ack()) for flow in flows[1:]]
    result = run(one_arm(services, labels={"range": FOUR_PAIRS}), front=frames)
    chosen = [frame.destination for frame in result.out["front"]]
    assert chosen[41:] == chosen[1:41]
    assert len(set(chosen[41:])) > 1
    assert result.counters["session.new"] == 41


def test_a_flood_that_servers_answer_leaves_no_state_either():
    flows = [tcp(client, hop=network.GATEWAY_MAC) for client in range(1, 201)]
    labels = {"range": FOUR_PAIRS}
    frames = [flow.up(flow.syn()) for flow in flows]
    frames += [flow.down(flow.syn_ack()) for flow in flows]
    result = run(one_arm([service()], labels=labels, port=GATEWAY), front=frames)
    assert result.bytes()[200:] == [flow.at_client(flow.syn_ack()) for flow in flows]
    assert result.counters["session.new"] == 1


@pytest.mark.parametrize("version", [4, 6])
def test_udp_past_the_share_gets_its_pair_when_both_directions_were_seen(version):
    first, second = udp(1, version), udp(2, version)
    frames = [
        first.up(first.send()),
        second.up(second.send()),
        second.up(second.send()),
        second.down(second.answer()),
        second.up(second.send()),
        second.up(second.send()),
    ]
    result = run(one_arm(every_service(), labels={"range": FOUR_PAIRS}), front=frames)
    assert [frame.label for frame in result.out["front"]] == [17, None, None, None, 19, 19]
    assert result.counters["session.new"] == 2
    assert result.counters["label.embryonic_full"] == 1


def test_a_withdrawn_pair_rests_and_comes_back_with_a_new_generation():
    labels = {"range": "17-19", "embryonic-share": 100, "quarantine": "500ms"}

    def shown(box):
        return {one["c2s_label"]: one for one in box.admin.call("show.labels")["labels"]}

    with Live(one_arm(labels=labels, timeouts=QUICK)) as box:
        assert box.send(udp(1).up(udp(1).send())).out["front"][0].label == 17
        generation = shown(box)[17]["generation"]
        box.admin.call("session.withdraw", label=17)
        wait_until(lambda: box.admin.call("status")["labels"]["free"] == 2, 10, "both pairs free")
        assert box.send(udp(2).up(udp(2).send())).out["front"][0].label == 19
        assert box.send(udp(3).up(udp(3).send())).out["front"][0].label == 17
        assert shown(box)[17]["generation"] > generation


def test_a_pair_in_quarantine_is_not_given():
    labels = {"range": "17-17", "embryonic-share": 100, "quarantine": "60s"}
    flow = udp(1)
    with Live(one_arm(labels=labels, timeouts=QUICK)) as box:
        box.send(flow.up(flow.send()))
        box.admin.call("session.withdraw", label=17)
        wait_until(
            lambda: box.admin.call("status")["labels"]["quarantined"] == 1, 10, "in quarantine"
        )
        box.step()
        step = box.send(udp(2).up(udp(2).send()))
        assert step.out["front"][0].label is None
        assert step.rise["label.exhausted"] == 1
        assert box.send(flow.down(flow.answer(), label=18)).rise["label.unknown"] == 1
