"""SIGHUP and `reload`: all or nothing, and nothing that was given is lost."""

import os
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


def test_a_reload_waits_for_nobody(box):
    """A pipe that nobody writes to, as `--config <(...)` or `/dev/stdin` may name one by mistake."""
    pipe = box.appliance.folder / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(AdminError, match="no regular file"):
        box.admin.call("reload", config=str(pipe))
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


CLIENTS = range(1, 241)


def reload_amid(box, setup, packets):
    """`taglinectl reload` while packets come in: half of them are written before it, half after."""
    (feed,) = box.feeds["front"]
    box.appliance.config.write_text(setup.text(box.appliance.folder))
    before = box.admin.call("status")["snapshot"]
    half = len(packets) // 2
    feed.send(packets[:half])
    done = control(box.appliance.socket, "reload")
    assert done.returncode == 0, done.stderr
    assert box.admin.call("status")["snapshot"] > before
    return box.send(*packets[half:])


def servers_of(step):
    """Of each client's address, the server that its packet went to."""
    return {frame.ip.src: frame.destination for frame in step.out["front"]}


@pytest.mark.parametrize("algorithm", ["wlc", "maglev"])
def test_servers_come_and_go_under_traffic(algorithm):
    """24, then 30, then 22 servers: no session changes its server, by label or by key, and new ones
    go to the servers of the day. One server is then told to give up its sessions: they end, and no
    others."""

    def setup(servers):
        services = [service(servers, algorithm=algorithm)]
        return one_arm(services, timeouts={"tcp-closing": "1s", "tcp-embryonic": "1h"})

    with Live(setup(range(1, 25))) as box:
        flows = [tcp(client) for client in CLIENTS]
        firsts = box.send(*[flow.up(flow.syn()) for flow in flows]).out["front"]
        labels = {flow: frame.label for flow, frame in zip(flows, firsts, strict=True)}
        home = {flow.client_address: frame.destination for flow, frame in zip(flows, firsts)}
        of = {network.server_mac(number): number for number in range(1, 31)}
        assert {of[mac] for mac in home.values()} == set(range(1, 25))
        flows = [flow.with_(server=of[home[flow.client_address]]) for flow in flows]
        labels = {flow: labels[flow.with_(server=1)] for flow in flows}
        box.send(*[flow.down(flow.syn_ack(), labels[flow] + 1) for flow in flows])
        box.send(*[flow.up(flow.ack()) for flow in flows])
        assert box.admin.call("status")["labels"]["live"] == len(flows)
        for turn, servers in enumerate([range(1, 31), range(9, 31)]):
            by_label = [flow.up(flow.send(), labels[flow]) for flow in flows]
            step = reload_amid(box, setup(servers), by_label)
            assert step.drops() == {} and len(step.out["front"]) == len(flows)
            assert servers_of(step) == home
            assert step.rise["label.switched"] == len(flows)
            by_key = box.send(*[flow.up(flow.send()) for flow in flows])
            assert servers_of(by_key) == home
            assert box.admin.call("status")["sessions"] == len(flows) + 300 * turn
            late = [tcp(1000 + 300 * turn + number) for number in range(300)]
            chosen = servers_of(box.send(*[flow.up(flow.syn()) for flow in late]))
            assert len(chosen) == 300
            assert {of[mac] for mac in chosen.values()} == set(servers)
        shown = {one["name"]: one for one in box.admin.call("show.servers")}
        assert {name for name, one in shown.items() if one["retired"]} == {
            f"s{number}" for number in range(1, 9)
        }
        told = control(box.appliance.socket, "server", "set", "tcp4/s9", "--state", "maint")
        assert told.returncode == 0, told.stderr
        box.pass_fillers()
        ended = [flow for flow in flows if flow.server == 9]
        stays = [flow for flow in flows if flow.server != 9]

        def sessions_of_nine():
            servers = {one["name"]: one for one in box.admin.call("show.servers")}
            return servers["s9"]["sessions"]

        assert ended and wait_until(lambda: sessions_of_nine() == 0, 20, "the end of s9's sessions")
        box.step()
        step = box.send(*[flow.up(flow.send(), labels[flow]) for flow in stays])
        assert step.drops() == {} and step.rise["label.switched"] == len(stays)
        assert servers_of(step) == {
            flow.client_address: home[flow.client_address] for flow in stays
        }
