"""Sessions that the appliance has not seen begin: rebuilt from the server or by Maglev."""

import pytest

from harness import network
from harness.flows import CLIENT_ISN, tcp, udp
from harness.frames import frame
from harness.live import Live
from harness.running import run
from harness.setup import one_arm, server, service

KINDS = pytest.mark.parametrize(
    "flow",
    [tcp(), tcp(version=6), udp(), udp(version=6)],
    ids=["tcp4", "tcp6", "udp4", "udp6"],
)
GATEWAY = {"gateway": {"mac": network.GATEWAY_MAC}}


@KINDS
@pytest.mark.parametrize("label", [None, 4242, 4243, 1_048_574])
def test_from_a_servers_packet(flow, label):
    """The server's label, if it has one, is of an earlier life: unknown."""
    flow = flow.with_(hop=network.GATEWAY_MAC)
    frames = [
        flow.down(flow.answer(), label=label),
        flow.up(flow.send()),
        flow.down(flow.answer(), label=18),
    ]
    result = run(one_arm(port=GATEWAY), front=frames)
    assert result.bytes() == [
        flow.at_client(flow.answer()),
        flow.at_server(flow.send(), label=17),
        flow.at_client(flow.answer()),
    ]
    assert result.counters["session.new"] == 1
    assert result.counters["label.unknown"] == (label is not None)
    assert result.counters["label.switched"] == 1


def test_the_server_that_spoke_keeps_its_session():
    services = [service(servers=(1, 2, 3, 4))]
    flows = [tcp(client, server=1 + client % 4, hop=network.GATEWAY_MAC) for client in range(1, 21)]
    frames = [flow.down(flow.answer()) for flow in flows] + [flow.up(flow.send()) for flow in flows]
    result = run(one_arm(services, port=GATEWAY), front=frames)
    expected = [flow.at_client(flow.answer()) for flow in flows]
    expected += [flow.at_server(flow.send(), label=15 + 2 * flow.client) for flow in flows]
    assert result.bytes() == expected


def test_not_from_a_strangers_packet():
    flow = tcp()
    raw = frame(network.FRONT_MAC, network.STRANGER_MAC, flow.response(flow.answer()))
    result = run(one_arm(port=GATEWAY), front=[raw])
    assert result.drops() == {"not_server": 1}
    assert result.counters["session.new"] == 0


def test_not_from_a_server_of_another_service():
    services = [service(servers=(1,)), service(servers=(2,), name="other", port=81)]
    flow = tcp(server=2)
    result = run(one_arm(services, port=GATEWAY), front=[flow.down(flow.answer())])
    assert result.drops() == {"not_server": 1}


def test_without_a_way_to_the_client():
    flow = tcp()
    result = run(one_arm(), front=[flow.down(flow.answer())])
    assert result.drops() == {"no_next_hop": 1}


@pytest.mark.parametrize("algorithm", ["rr", "wrr", "lc", "wlc"])
def test_no_session_without_maglev(algorithm):
    flow = tcp()
    setup = one_arm([service(servers=(1, 2), algorithm=algorithm)])
    result = run(setup, front=[flow.up(flow.send()), flow.up(flow.ack())])
    assert result.drops() == {"no_session": 2}
    assert result.counters["session.new"] == 0


@pytest.mark.parametrize("version", [4, 6])
def test_maglev_finds_the_server_in_mid_flow(version):
    setup = one_arm([service(servers=(1, 2, 3, 4), version=version, algorithm="maglev")])
    flows = [tcp(client, version) for client in range(1, 101)]
    started = run(setup, front=[flow.up(flow.syn()) for flow in flows])
    rebuilt = run(setup, front=[flow.up(flow.send()) for flow in flows])
    servers = [frame.destination for frame in started.out["front"]]
    assert len(set(servers)) == 4
    assert [frame.destination for frame in rebuilt.out["front"]] == servers
    assert rebuilt.counters["session.new"] == 100
    labels = [frame.label for frame in rebuilt.out["front"]]
    assert labels == [17 + 2 * place for place in range(100)]


def test_a_rebuilt_session_is_live_once_both_directions_were_seen():
    flow = tcp()
    with Live(one_arm([service(algorithm="maglev")])) as box:
        box.send(flow.up(flow.send(), label=0), flow.up(flow.send(), label=17))
        assert box.admin.call("status")["labels"]["embryonic"] == 1
        box.send(flow.down(flow.answer(), label=18))
        box.send(flow.up(flow.send(), label=17))
        assert box.admin.call("status")["labels"]["live"] == 1
        step = box.send(flow.up(flow.send(), label=17), flow.down(flow.answer(), label=18))
        assert step.rise["label.switched"] == 2


def test_a_rebuilt_session_that_is_reset_is_not_live():
    flow = tcp()
    reset = flow.segment("R", CLIENT_ISN, from_server=True)
    with Live(one_arm([service(algorithm="maglev")])) as box:
        box.send(flow.up(flow.send()), flow.down(reset))
        assert box.admin.call("status")["labels"]["live"] == 0


@pytest.mark.parametrize("began", [0, 2, 50], ids=["none began", "as many as may", "all asked"])
def test_limits_hold_for_what_is_rebuilt_from_clients(began):
    flows = [tcp(client) for client in range(1, 51)]
    frames = [flow.up(flow.syn()) for flow in flows[:began]]
    frames += [flow.up(flow.ack()) for flow in flows]
    fields = {"max-sessions": 2, "refuse-with": "drop"}
    result = run(one_arm([service(algorithm="maglev", **fields)]), front=frames)
    (shown,) = result.shown["show.services"]
    assert shown["sessions"] == result.counters["session.new"] == 2
    expected = len(frames) - len(result.out["front"])
    assert result.drops() == {"refused": expected}
    assert shown["refused_by"]["sessions_full"] == expected >= 48


def test_limits_hold_for_handshakes_without_state():
    """SYNs past the embryonic share leave no session; when it comes to one, the limit holds."""
    flows = [tcp(client) for client in range(1, 41)]
    servers = [server(1, **{"max-sessions": 5})]
    setup = one_arm(
        [service(servers, algorithm="wlc", **{"max-sessions": 10, "refuse-with": "drop"})],
        labels={"range": "17-31", "first": "lowest", "embryonic-share": 25},
    )
    with Live(setup) as box:
        asked = box.send(*[flow.up(flow.syn()) for flow in flows])
        assert asked.rise["label.embryonic_full"] > 30
        box.send(*[flow.down(flow.syn_ack()) for flow in flows])
        box.send(*[flow.up(flow.ack()) for flow in flows])
        box.send(*[flow.down(flow.answer()) for flow in flows])
        box.send(*[flow.up(flow.send()) for flow in flows])
        (shown,) = box.admin.call("show.services")
        assert shown["sessions"] == shown["servers"][0]["sessions"] == 5
        assert shown["refused_by"]["no_server"] > 0
