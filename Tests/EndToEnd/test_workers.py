"""Several workers: labels switched where they land, sessions on their owners, order kept."""

from collections import Counter

import pytest
from scapy.layers.inet import fragment

from harness import network
from harness.flows import tcp, udp
from harness.frames import frame
from harness.live import Live
from harness.running import queues, run
from harness.setup import one_arm, server, service, two_arms

WORKERS = pytest.mark.parametrize("workers", [2, 3])
SESSIONS = 24
NUMBERS = 120


def odd_label(step):
    return step.out["front"][0].label


@WORKERS
def test_a_label_is_switched_wherever_it_lands(workers):
    """Every session's labelled packets come to every queue, so most land on a foreign worker."""
    flows = [tcp(client) for client in range(1, SESSIONS + 1)]
    pairs = {}
    with Live(one_arm(workers=workers, inputs=workers)) as box:
        for flow in flows:
            odd = pairs[flow] = odd_label(box.send(flow.up(flow.syn(), label=0)))
            box.send(flow.down(flow.syn_ack(), label=odd + 1), flow.up(flow.ack(), label=odd))
        assert len(set(pairs.values())) == SESSIONS
        assert box.admin.call("status")["labels"]["live"] == SESSIONS
        handed_over = box.appliance.counters()["handover.packets"]
        assert handed_over > 0
        for queue in range(workers):
            frames = [flow.up(flow.send(), label=pairs[flow]) for flow in flows]
            frames += [flow.down(flow.answer(), label=pairs[flow] + 1) for flow in flows]
            step = box.send(*frames, queue=queue)
            assert step.rise["label.switched"] == 2 * SESSIONS
            sent = sorted(frame.unpadded for frame in step.out["front"])
            expected = [f.at_server(f.send(), pairs[f], ttl=64, label_ttl=63) for f in flows]
            expected += [f.at_client(f.answer(), pairs[f] + 1, ttl=64, label_ttl=63) for f in flows]
            assert sent == sorted(expected)
        assert box.appliance.counters()["handover.packets"] == handed_over


@WORKERS
def test_workers_share_the_labels(workers):
    """Worker w owns the pairs from floor(w N / W) on; here N is 48."""
    flows = [udp(client) for client in range(1, 25)]
    labels = {"range": "17-111", "embryonic-share": 100}
    setup = one_arm(workers=workers, inputs=workers, labels=labels)
    result = run(setup, front=queues([flow.up(flow.send()) for flow in flows]))
    shown = result.shown["show.labels"]["labels"]
    assert {one["c2s_label"] for one in shown} == {
        frame.label for frame in result.out["front"] if frame.label
    }
    assert len({one["worker"] for one in shown}) > 1
    for one in shown:
        index = (one["c2s_label"] - 17) // 2
        assert one["worker"] == index * workers // 48
        assert one["s2c_label"] == one["c2s_label"] + 1


@WORKERS
@pytest.mark.parametrize("outputs", [None, 1])
def test_packets_of_a_session_keep_their_order(workers, outputs):
    flows = [udp(client) for client in range(1, 9)]
    frames = [
        flow.up(flow.send(number.to_bytes(4, "big"))) for number in range(NUMBERS) for flow in flows
    ]
    setup = one_arm(workers=workers, inputs=workers, outputs=outputs)
    result = run(setup, front=queues(frames))
    seen = {flow.client_address: [] for flow in flows}
    for frame in result.out["front"]:
        seen[frame.ip.src].append(int.from_bytes(frame.ip.load, "big"))
    assert all(numbers == list(range(NUMBERS)) for numbers in seen.values())
    assert result.counters["session.new"] == len(flows)


@WORKERS
@pytest.mark.parametrize("algorithm", ["rr", "lc", "maglev"])
def test_shares_over_all_workers(workers, algorithm):
    """Round robin is off by one a worker at most; least connections counts over all of them, but
    a worker does not see what another decides at the same moment."""
    slack = {"rr": workers, "lc": 40, "maglev": 70}[algorithm]
    flows = [tcp(client) for client in range(1, 1001)]
    captures = queues(*[
        [flow.up(flow.syn()) for flow in flows[queue::workers]] for queue in range(workers)
    ])
    setup = one_arm([service((1, 2, 3, 4), algorithm=algorithm)], workers=workers, inputs=workers)
    result = run(setup, front=captures)
    counts = Counter(frame.destination for frame in result.out["front"])
    assert sum(counts.values()) == 1000 and len(counts) == 4
    assert all(abs(count - 250) <= slack for count in counts.values()), counts
    labels = [frame.label for frame in result.out["front"]]
    assert len(set(labels)) == 1000
    assert result.counters["session.new"] == 1000


@WORKERS
def test_one_queue_for_all_workers(workers):
    frames = []
    for client in range(1, 51):
        flow = tcp(client, 6)
        frames += [flow.up(flow.syn()), flow.up(flow.syn())]
    result = run(one_arm(workers=workers), front=frames)
    labels = Counter(frame.label for frame in result.out["front"])
    assert len(labels) == 50 and set(labels.values()) == {2}


@pytest.mark.parametrize("workers, inputs", [(1, 2), (1, 3), (2, 3)])
def test_more_queues_than_workers(workers, inputs):
    flows = [udp(client) for client in range(1, 31)]
    captures = queues(*[
        [flow.up(flow.send()) for flow in flows[queue::inputs]] for queue in range(inputs)
    ])
    result = run(one_arm(workers=workers, inputs=inputs), front=captures)
    assert {frame.ip.src for frame in result.out["front"]} == {f.client_address for f in flows}
    assert result.counters["session.new"] == 30


@WORKERS
def test_two_arms(workers):
    flows = [udp(client, back=network.BACK_MAC) for client in range(1, 41)]
    setup = two_arms(workers=workers, inputs=workers)
    captures = queues(*[
        [flow.up(flow.send()) for flow in flows[queue::workers]] for queue in range(workers)
    ])
    result = run(setup, front=captures)
    assert result.out["front"] == []
    assert {frame.ip.src for frame in result.out["back"]} == {f.client_address for f in flows}
    assert result.counters["session.new"] == 40


def test_a_fragment_finds_its_session_on_another_worker():
    """Later fragments carry no ports, so only the first one's worker knows whose they are."""
    flows = [udp(client) for client in range(1, 17)]
    frames = []
    for flow in flows:
        packet = flow.request(flow.send(bytes(64)), id=flow.client)
        pieces = fragment(packet, 32)
        frames += [frame(flow.front, flow.client_mac, piece) for piece in pieces]
    result = run(one_arm(workers=2, inputs=2), front=queues(frames))
    assert result.drops() == {}
    assert len(result.out["front"]) == len(frames)
    by_client = Counter((f.ip.src, f.label) for f in result.out["front"])
    assert len(by_client) == 16


@WORKERS
@pytest.mark.parametrize("algorithm", ["wlc", "maglev"])
def test_limits_over_workers(workers, algorithm):
    """SYNs on all queues at once: a limit of sessions is passed by one session a worker but one at
    most, that of the service as that of each server. Then nothing more is admitted."""
    limit, own, beyond = 100, 40, workers - 1
    servers = [server(number, **{"max-sessions": own}) for number in (1, 2, 3)]
    services = [
        service(servers, algorithm=algorithm, **{"max-sessions": limit, "refuse-with": "drop"})
    ]
    setup = one_arm(
        services, workers=workers, inputs=workers, labels={"embryonic-share": 100},
        timeouts={"tcp-embryonic": "1h"},
    )
    captures = [
        [tcp(client).up(tcp(client).syn()) for client in range(first, 1200, workers)]
        for first in range(1, workers + 1)
    ]
    result = run(setup, front=queues(*captures))
    assert limit <= result.counters["session.new"] <= limit + beyond
    chosen = Counter(frame.destination for frame in result.out["front"])
    assert max(chosen.values()) <= own + beyond
    assert result.counters["session.new"] + result.counters["session.refused"] == 1199
    (shown,) = result.shown["show.services"]
    assert shown["sessions"] == sum(one["sessions"] for one in shown["servers"])
    assert shown["sessions"] == result.counters["session.new"]
