"""SIGHUP and `reload`: all or nothing, and nothing that was given is lost."""

import signal

import pytest

from support.waiting import wait_until

from harness import network
from harness.admin import AdminError
from harness.flows import tcp, udp
from harness.live import Live
from harness.program import control
from harness.setup import one_arm, service

HOW = pytest.mark.parametrize("how", ["socket", "taglinectl", "path", "SIGHUP"])
OLD = [service((1, 2))]
NEW = [service((2, 3)), service((1,), protocol="udp")]


def reload(box, how, setup):
    """Makes the running appliance take another configuration."""
    appliance = box.appliance
    before = box.admin.call("status")["snapshot"]
    text = setup.text(appliance.folder)
    path = appliance.folder / "other.yaml" if how == "path" else appliance.config
    path.write_text(text)
    if how == "SIGHUP":
        appliance.process.send_signal(signal.SIGHUP)
    elif how == "taglinectl":
        done = control(appliance.socket, "reload")
        assert done.returncode == 0, done.stderr
    elif how == "path":
        box.admin.call("reload", config=str(path))
    else:
        box.admin.call("reload")
    wait_until(lambda: box.admin.call("status")["snapshot"] > before, 10, "a new snapshot")
    box.pass_fillers()


@pytest.fixture
def box():
    """Ten live sessions: pairs 17/18 ... 35/36, in turn at servers 1 and 2."""
    with Live(one_arm(OLD)) as live:
        live.flows = []
        for client in range(1, 11):
            flow = tcp(client)
            first = live.send(flow.up(flow.syn())).out["front"][0]
            flow = flow.with_(server=int(first.destination[-2:]))
            live.send(flow.down(flow.syn_ack(), label=first.label + 1), flow.up(flow.ack()))
            live.flows.append(flow)
        yield live


def odd(flow):
    return 15 + 2 * flow.client


def kept(box):
    """The counters that stand still while only fillers come."""
    counters = box.without_fillers(box.appliance.counters())
    return {name: value for name, value in counters.items() if not name.startswith("worker.")}


def assert_kept(box):
    """Every old session still goes to its server, and every old label is still switched."""
    frames = [flow.down(flow.answer(), label=odd(flow) + 1) for flow in box.flows]
    step = box.send(*frames)
    assert step.bytes() == [flow.at_client(flow.answer()) for flow in box.flows]
    assert step.rise["label.switched"] == len(box.flows)
    step = box.send(*[flow.up(flow.send()) for flow in box.flows])
    assert step.bytes() == [flow.at_server(flow.send(), label=odd(flow)) for flow in box.flows]


@HOW
def test_sessions_labels_and_counters_are_kept(box, how):
    counters = kept(box)
    reload(box, how, one_arm(NEW))
    assert kept(box) == counters
    assert_kept(box)
    new = [tcp(client) for client in range(101, 111)]
    step = box.send(*[flow.up(flow.syn()) for flow in new])
    chosen = [frame.destination for frame in step.out["front"]]
    assert set(chosen) == {network.server_mac(2), network.server_mac(3)}
    datagram = udp(50)
    step = box.send(datagram.up(datagram.send()))
    assert step.out["front"][0].destination == network.server_mac(1)
    services = [one["name"] for one in box.admin.call("show.services")]
    assert services == ["tcp4", "udp4"]


BAD = {
    "no YAML": "ports: [",
    "empty": "",
    "an unknown key": lambda text: text + "colour: red\n",
    "a wrong value": lambda text: text.replace("algorithm: rr", "algorithm: xx"),
}


@pytest.mark.parametrize("how", ["socket", "SIGHUP"])
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_configuration_changes_nothing(box, how, bad):
    snapshot = box.admin.call("status")["snapshot"]
    config = box.admin.call("show.config")
    text = bad(one_arm(NEW).text(box.appliance.folder)) if callable(bad) else bad
    box.appliance.config.write_text(text)
    log = len(box.appliance.log())
    if how == "SIGHUP":
        box.appliance.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(box.appliance.log()) > log, 10, "a line in the log")
    else:
        with pytest.raises(AdminError):
            box.admin.call("reload")
    assert box.admin.call("status")["snapshot"] == snapshot
    assert box.admin.call("show.config") == config
    assert_kept(box)


def test_a_service_that_is_gone_takes_no_session(box):
    reload(box, "socket", one_arm([service((1,), protocol="udp")]))
    late = tcp(77)
    step = box.send(late.up(late.syn()))
    assert step.out["front"] == [] and sum(step.drops().values()) == 1
    flow = box.flows[0]
    step = box.send(flow.down(flow.answer(), label=odd(flow) + 1))
    assert step.bytes() == [flow.at_client(flow.answer())]


def test_ports_stay_untouched(box):
    """What only a start can change is refused, or left as it is; the old ports go on."""
    other = one_arm(NEW, port={"mtu": 1500})
    reload(box, "socket", other)
    assert_kept(box)
    (port,) = box.admin.call("show.ports")
    assert (port["name"], port["mac"]) == ("front", network.FRONT_MAC)


def test_many_reloads_under_traffic(box):
    for turn in range(20):
        reload(box, "socket", one_arm(NEW if turn % 2 else OLD))
        assert_kept(box)
