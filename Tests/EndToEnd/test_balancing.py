"""A thousand flows an algorithm, and the shares that each server must get."""

from collections import Counter
from functools import cache
from itertools import groupby

import pytest

from harness import network
from harness.flows import tcp, udp
from harness.live import Live
from harness.running import run
from harness.setup import one_arm, server, service
from support.waiting import wait_until

FLOWS = 1000
NUMBERS = {network.server_mac(number): number for number in range(1, 9)}


def servers_of(result):
    """The server that each frame went to, as a number."""
    return [NUMBERS[frame.destination] for frame in result.out["front"]]


def weighted(*weights, **fields):
    return [server(number, weight=weight, **fields) for number, weight in enumerate(weights, 1)]


def thousand(servers, algorithm, make=tcp, version=4):
    services = [service(servers, version, make().protocol, algorithm=algorithm)]
    result = run(one_arm(services), front=first_frames(make, version))
    assert result.counters["session.new"] == FLOWS
    labels = [frame.label for frame in result.out["front"]]
    assert labels == [17 + 2 * place for place in range(FLOWS)]
    shown = result.shown["show.services"][0]
    totals = {one["name"]: one["total_sessions"] for one in shown["servers"]}
    chosen = servers_of(result)
    assert totals == {one["name"]: chosen.count(int(one["name"][1:])) for one in shown["servers"]}
    assert shown["sessions"] == FLOWS
    return chosen


@cache
def first_frames(make, version):
    """The first frame of each flow."""
    flows = [make(client, version) for client in range(1, FLOWS + 1)]
    return [f.up(f.syn() if f.protocol == "tcp" else f.send()) for f in flows]


@pytest.mark.parametrize("make, version", [(tcp, 4), (udp, 4), (tcp, 6), (udp, 6)])
def test_round_robin(make, version):
    chosen = thousand((1, 2, 3, 4), "rr", make, version)
    assert Counter(chosen) == {number: 250 for number in (1, 2, 3, 4)}
    assert all(len(set(chosen[at : at + 4])) == 4 for at in range(0, FLOWS, 4))


def test_weighted_round_robin():
    chosen = thousand(weighted(1, 2, 3, 4), "wrr")
    assert Counter(chosen) == {1: 100, 2: 200, 3: 300, 4: 400}


def test_weighted_round_robin_is_smooth():
    """5:1:1 runs a a b a c a a, so never more than 4 of a in a row; a plain one has 5."""
    chosen = thousand(weighted(5, 1, 1), "wrr")
    for at in range(0, FLOWS - 7, 7):
        assert Counter(chosen[at : at + 7]) == {1: 5, 2: 1, 3: 1}
    assert max(len(list(run_)) for _, run_ in groupby(chosen)) <= 4


@pytest.mark.parametrize("algorithm", ["lc", "wlc"])
def test_least_connections(algorithm):
    chosen = thousand((1, 2, 3, 4), algorithm)
    assert Counter(chosen) == {number: 250 for number in (1, 2, 3, 4)}


def test_weighted_least_connections():
    counts = Counter(thousand(weighted(1, 2, 3, 4), "wlc"))
    assert all(abs(counts[number] - 100 * number) <= 2 for number in (1, 2, 3, 4)), counts


def test_least_connections_ignores_weights():
    counts = Counter(thousand(weighted(1, 2, 3, 4), "lc"))
    assert counts == {number: 250 for number in (1, 2, 3, 4)}


@pytest.mark.parametrize(
    "weights, shares",
    [((1, 1, 1, 1), (250, 250, 250, 250)), ((1, 2, 3, 4), (100, 200, 300, 400))],
)
def test_maglev(weights, shares):
    """Within five standard deviations of a binomial share."""
    counts = Counter(thousand(weighted(*weights), "maglev"))
    for number, share in enumerate(shares, 1):
        deviation = (share * (1 - share / FLOWS)) ** 0.5
        assert abs(counts[number] - share) <= 5 * deviation, counts


def test_maglev_does_not_depend_on_the_order_of_servers():
    servers = weighted(1, 2, 3, 4)
    assert thousand(servers, "maglev") == thousand(servers[::-1], "maglev")


def test_maglev_moves_few_flows_when_a_server_leaves():
    before = thousand((1, 2, 3, 4), "maglev")
    after = thousand((1, 2, 4), "maglev")
    assert 3 not in after
    kept = [b == a for b, a in zip(before, after) if b != 3]
    assert sum(kept) >= 0.85 * len(kept)


@pytest.mark.parametrize("algorithm", ["rr", "wrr", "lc", "wlc", "maglev"])
def test_weight_0_takes_no_session(algorithm):
    chosen = thousand(weighted(1, 0, 1), algorithm)
    assert set(chosen) == {1, 3}


@pytest.mark.parametrize("algorithm", ["rr", "wrr", "lc", "wlc", "maglev"])
def test_a_session_stays_where_it_is(algorithm):
    flows = [udp(client) for client in range(1, 201)]
    frames = [flow.up(flow.send()) for flow in flows] * 3
    setup = one_arm([service((1, 2, 3), protocol="udp", algorithm=algorithm)])
    result = run(setup, front=frames)
    chosen = servers_of(result)
    assert chosen[:200] == chosen[200:400] == chosen[400:]
    assert result.counters["session.new"] == 200


@pytest.mark.parametrize("algorithm", ["rr", "wrr", "lc", "wlc", "rt", "p2c", "maglev"])
def test_balances_on_as_time_goes_by(algorithm):
    """What the algorithms are told of servers is looked at once a second."""
    flows = [udp(client) for client in range(1, 81)]
    setup = one_arm([service((1, 2), protocol="udp", algorithm=algorithm)])
    with Live(setup) as box:
        box.send(*[flow.up(flow.send()) for flow in flows[:40]])
        wait_until(lambda: box.admin.call("status")["uptime_s"] > 2.5, 30, "some seconds")
        chosen = Counter(servers_of(box.send(*[flow.up(flow.send()) for flow in flows[40:]])))
        assert set(chosen) == {1, 2} and sum(chosen.values()) == 40


def test_least_connections_fills_up_the_emptier_server():
    flows = iter(udp(client) for client in range(1, 1000))

    def start(box, number):
        started = [next(flows) for _ in range(number)]
        return Counter(servers_of(box.send(*[flow.up(flow.send()) for flow in started])))

    with Live(one_arm([service((1, 2), protocol="udp", algorithm="lc")])) as box:
        box.change("server.set", server="udp4/s2", state="drain")
        assert start(box, 40) == {1: 40}
        box.change("server.set", server="udp4/s2", state="ready")
        assert start(box, 40) == {2: 40}
        assert start(box, 40) == {1: 20, 2: 20}
