"""`trace`: the path of packets that match a filter, when asked for."""

import json

import pytest

from harness.admin import AdminError
from harness import network
from harness.flows import tcp
from harness.live import Live
from harness.program import control
from harness.setup import one_arm, server, service

FLOW, OTHER = tcp(1), tcp(2)
FILTER = f"host {FLOW.client_address} or (mpls and host {FLOW.client_address})"


@pytest.fixture
def box():
    with Live(one_arm()) as live:
        live.send(*FLOW.opening(18))
        yield live


def trace(box, *words):
    return control(box.appliance.socket, "trace", *words)


def start(box, *words):
    done = trace(box, "start", *words)
    assert done.returncode == 0, done.stderr
    box.pass_fillers()


def packets(box):
    shown = control(box.appliance.socket, "--json", "trace", "show")
    assert shown.returncode == 0, shown.stderr
    return json.loads(shown.stdout)["packets"]


def test_switched_analysed_and_dropped(box):
    start(box, FILTER)
    dropped = FLOW.up(FLOW.send(b"last"), ttl=1)
    sent = [FLOW.up(FLOW.send()), FLOW.down(FLOW.answer(), label=18), dropped]
    step = box.send(*sent, OTHER.up(OTHER.syn()))
    analysed, switched, ended = packets(box)
    shown = [json.dumps(packet) for packet in (analysed, switched, ended)]
    assert all('"front"' in text for text in shown)
    for frame, text in zip(sent, shown):
        assert frame[:40].hex() in text
    for frame, text in zip(step.out["front"][:2], shown):
        assert frame.raw[:40].hex() in text
    assert "analysed.forwarded" in shown[0]
    assert "label.switched" in shown[1] and "18" in shown[1]
    assert "ttl" in shown[2]


def test_it_is_shown_to_people(box):
    start(box, FILTER)
    box.send(FLOW.down(FLOW.answer(), label=18))
    shown = trace(box, "show")
    assert (shown.returncode, shown.stderr) == (0, "")
    for word in ("front", "18", "label.switched"):
        assert word in shown.stdout


DENIED = {"deny": [f"{network.client_address(2, 4)}/32"]}
RATE = {"new-sessions-per-second": 1}
CLIENT_RATE = {"new-sessions-per-client": {"rate": 1, "prefix-ipv4": 8}}
FULL = [server(1, **{"max-sessions": 1})]


@pytest.mark.parametrize(
    "services, packet, why",
    [
        ([service(**{"max-sessions": 1})], OTHER.syn(), "max-sessions"),
        ([service(algorithm="maglev", **{"max-sessions": 1})], OTHER.ack(), "max-sessions"),
        ([service(**RATE)], OTHER.syn(), "new-sessions-per-second"),
        ([service(**CLIENT_RATE)], OTHER.syn(), "new-sessions-per-client"),
        ([service(**DENIED)], OTHER.syn(), "allow and deny"),
        ([service(FULL)], OTHER.syn(), "no server takes sessions"),
    ],
    ids=["full", "full, rebuilt", "rate", "client rate", "denied", "servers full"],
)
def test_why_a_session_is_refused(services, packet, why):
    """The first client is served, the second is not."""
    with Live(one_arm(services)) as box:
        start(box, "tcp", "--count", "2")
        step = box.send(FLOW.up(FLOW.syn()), OTHER.up(packet))
        assert step.drops() == {"refused": 1}
        first, second = [" ".join(one["steps"]) for one in packets(box)]
        assert "admission: admitted" in first and "refused" not in first
        assert "admission: refused, " in second and why in second
        assert why in trace(box, "show").stdout


def test_a_rebuilt_session_is_told_as_such():
    with Live(one_arm([service(algorithm="maglev")])) as box:
        start(box, "tcp", "--count", "1")
        box.send(FLOW.up(FLOW.ack()))
        (only,) = packets(box)
        assert any("begun already" in step for step in only["steps"])


def test_it_ends_after_as_many_packets_as_wanted(box):
    start(box, FILTER, "--count", "2")
    step = box.send(*[FLOW.up(FLOW.send())] * 5)
    assert step.rise["analysed.forwarded"] == 5
    assert len(packets(box)) == 2


def test_a_filter_that_is_none(box):
    done = trace(box, "start", "hostess 1")
    assert done.returncode == 1 and done.stderr


def test_traces_that_a_worker_still_holds_are_few():
    """A worker that does not go on cannot leave the traces that were ended: no more are begun then."""
    with Live(one_arm()) as box:
        (feed,) = box.feeds["front"]
        with feed.lock, pytest.raises(AdminError, match="not left the former traces"):
            for _ in range(50):
                box.admin.call("trace.start", count=10_000)
        box.pass_fillers()
        box.admin.call("trace.start", count=1)
