"""Health checks along the traffic's path: to the virtual address, through the appliance's own ports."""

import contextlib
import json
import os
import threading
import time

import pytest

from support.programs import FOLDER
from support.waiting import wait_until

from harness import evidence, network
from harness.admin import AdminError
from harness.kernel_network import OWN_BACK, PLAIN, SERVER6, KernelNetwork, KernelSetup
from harness.program import control
from harness.setup import service

ENDPOINT = FOLDER / "tagline-endpoint"
INTERVAL = 0.5
FALL = 3
CHECK = {
    "to": "vip", "type": "tcp", "interval": "500ms", "timeout": "400ms", "rise": 2, "fall": FALL,
}  # fmt: skip
HTTP = CHECK | {"type": "http", "host": "www.example.org", "body": "served"}
# Beyond the checks: how long a reading of the health may be late on a busy machine.
SLACK = 3
LISTENING = """
import socket, sys
listener = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=64,
    family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
while True:
    connection, peer = listener.accept()
    print(peer[0], peer[1], flush=True)
    connection.close()
"""
MUTE = """
import signal, socket, sys
listener = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=64)
signal.pause()
"""


def plain(**fields):
    return PLAIN | fields


def labelled(**fields):
    return plain(labels=True, **fields)


def nobody(**fields):
    """A server whose next hop nobody answers for."""
    return {"name": "s2", "address": network.server_address(2), "labels": False} | fields


def shown(box, name="tcp4", server="s1"):
    services = {one["name"]: one for one in box.admin.call("show.services")}
    return {one["name"]: one for one in services[name]["servers"]}[server]


def wait_for(box, health, seconds=10, name="tcp4"):
    wait_until(lambda: shown(box, name)["health"] == health, seconds, f"{name} is {health}")


def reason(box, expected, name="tcp4"):
    wait_until(lambda: shown(box, name)["health_reason"] == expected, 5, expected)


@pytest.fixture(scope="module", params=[1, 2], ids=["one worker", "two workers"])
def workers(request):
    return request.param


@pytest.fixture(scope="module")
def net():
    with KernelNetwork() as net:
        net.serve("served")
        yield net


@contextlib.contextmanager
def running(net, services, workers=1, **options):
    with net.appliance(KernelSetup(services, workers, **options)) as box:
        box.launch()
        box.ready()
        yield box
        wait_until(lambda: evidence.balanced(box.counters()), 5, "every packet is accounted for")


def hold(net, address=network.VIP4):
    net.server.run("ip", "address", "add", f"{address}/{length(address)}", "dev", "lo", "nodad")


def drop(net, address=network.VIP4):
    net.server.run("ip", "address", "del", f"{address}/{length(address)}", "dev", "lo")


def length(address):
    return 128 if ":" in address else 32


def silence(interval=INTERVAL, timeout=0.4, fall=FALL):
    """How long it takes at most to find a silent server, with `timeout` up to half of `interval`."""
    return fall * interval + timeout


# Of a label endpoint whose timeout is longer: the second check waits for the second connection.
ENDPOINT_SILENCE = silence() + 2 * 0.4 - INTERVAL


def falls(box, act, seconds=silence(), name="tcp4"):
    """Does something after which the server must be down within so much time; the time it took."""
    act()
    begun = time.monotonic()
    wait_for(box, "down", seconds + SLACK, name)
    return time.monotonic() - begun


class Visits(threading.Thread):
    """A client that asks for a page again and again."""

    def __init__(self, net, address):
        super().__init__(daemon=True)
        self.net, self.address = net, address
        self.good, self.bad = 0, []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.05):
            try:
                status, _, text = self.net.client.get(80, "/", address=self.address)
                assert (status, text) == (200, "served")
                self.good += 1
            except (OSError, AssertionError) as error:
                self.bad.append(error)

    def end(self):
        self.ended.set()
        self.join(30)
        assert not self.bad and self.good > 5, (self.good, self.bad)


def test_a_server_that_does_not_hold_the_address_is_found(net, workers):
    """Its own address answers all the while, and so does another service of it."""
    own = {"type": "icmp", "interval": "500ms", "timeout": "400ms"}
    # A busy machine is not to let it fall while it is visited.
    seconds = 2
    patient = HTTP | {"timeout": f"{seconds}s"}
    services = [
        service([plain()], health=HTTP),
        service([plain(address=SERVER6)], 6, health=patient),
        service([plain()], name="own", address="203.0.113.98", health=own),
    ]
    with running(net, services, workers) as box:
        wait_for(box, "up")
        wait_for(box, "up", name="tcp6")
        visits = Visits(net, network.VIP6)
        before = box.counters()
        visits.start()
        try:
            falls(box, lambda: drop(net))
            reason(box, "timeout after 400 ms")
            wait_for(box, "up", name="own")
            with pytest.raises(OSError):
                net.client.connect(network.VIP4, 80, seconds=1)
        finally:
            hold(net)
        wait_for(box, "up")
        assert net.client.get(80, "/", address=network.VIP4)[2] == "served"
        visits.end()
        # What is served is sessions, the checks are none.
        after = box.counters()
        assert after["session.new"] - before["session.new"] == visits.good + 1
        assert after["kernel.packets"] > before["kernel.packets"]
        falls(box, lambda: drop(net, network.VIP6), INTERVAL + FALL * seconds, "tcp6")
        hold(net, network.VIP6)
        wait_for(box, "up", name="tcp6")
        wait_for(box, "up")


def test_a_server_that_refuses_is_down_at_once(net):
    other = "203.0.113.97"
    hold(net, other)
    try:
        with running(net, [service([plain()], address=other, health=CHECK)]) as box:
            wait_for(box, "down")
            reason(box, "connection refused")
            listening = net.server.start("python3", "-c", LISTENING, other, "80")
            wait_for(box, "up")
            falls(box, lambda: net.server.end(listening))
            reason(box, "connection refused")
    finally:
        drop(net, other)


def test_checks_come_from_the_port_and_name_the_server(net):
    """Each of two services' servers has a port of its own, the same in every check, and in another
    run of the appliance."""
    addresses = ["203.0.113.95", "203.0.113.96"]
    started = []
    for address in addresses:
        hold(net, address)
        started.append(net.server.start("python3", "-c", LISTENING, address, "80", log=address))
    services = [
        service([plain()], name=f"s{place}", address=address, health=CHECK)
        for place, address in enumerate(addresses)
    ]
    try:
        with running(net, services) as box:
            wait_for(box, "up", name="s0")
            wait_for(box, "up", name="s1")
            time.sleep(3 * INTERVAL)
        peers = [
            {tuple(line.split()) for line in (net.server.folder / one).read_text().splitlines()}
            for one in addresses
        ]
        assert [len(one) for one in peers] == [1, 1]
        assert {address for one in peers for address, _ in one} == {OWN_BACK}
        assert len({port for one in peers for _, port in one}) == 2
    finally:
        for process in started:
            net.server.end(process)
        for address in addresses:
            drop(net, address)


def test_drained_and_weightless_servers_are_checked(net):
    with running(net, [service([plain(weight=0)], health=CHECK)]) as box:
        wait_for(box, "up")
        for state in ("drain", "maint"):
            box.admin.call("server.set", server="tcp4/s1", state=state)
            try:
                falls(box, lambda: drop(net))
            finally:
                hold(net)
            wait_for(box, "up")


def test_a_server_without_a_next_hop_says_so(net):
    with running(net, [service([nobody()], health=CHECK)]) as box:
        wait_until(lambda: shown(box, server="s2")["health"] == "down", 10, "down")
        assert shown(box, server="s2")["health_reason"] == "the way to it is not known"
        assert box.counters()["health.unsent"] > 0


def test_a_reload_begins_and_keeps_them(net):
    """The first service with such checks opens the namespace, and health survives what follows."""
    with running(net, [service([plain()])]) as box:
        assert shown(box)["health"] == "unknown"

        def reload(services):
            box.config.write_text(KernelSetup(services).text(box.folder))
            box.admin.call("reload")

        reload([service([plain()], health=CHECK)])
        wait_for(box, "up")
        reload([service([plain(), nobody()], health=CHECK)])
        assert shown(box)["health"] == "up"
        changes = box.counters()["health.changes"]
        reload([service([plain(), nobody()], health=CHECK | {"interval": "450ms"})])
        assert shown(box)["health"] == "up"
        wait_until(lambda: shown(box, server="s2")["health"] == "down", 10, "s2 is down")
        assert box.counters()["health.changes"] == changes + 1
        reload([service([plain()], health=CHECK | {"to": "server"})])
        assert shown(box)["health"] == "up"


def test_reloads_do_not_queue_checks(net):
    """Each reload has another question asked of a server that takes connections and answers nothing.
    Those that wait for each other are not asked any more once another one is wanted."""
    seconds = 2

    def services(path, port):
        check = HTTP | {"timeout": f"{seconds}s", "path": path, "port": port, "rise": 1}
        return [service([plain()], health=check)]

    def reload(box, *question):
        box.config.write_text(KernelSetup(services(*question)).text(box.folder))
        box.admin.call("reload")

    mute = net.server.start("python3", "-c", MUTE, network.VIP4, "8080")
    try:
        wait_until(lambda: net.server.listens(network.VIP4, 8080), 10, "it listens")
        with running(net, services("/", 8080)) as box:
            for number in range(10):
                reload(box, f"/?{number}", 8080)
                time.sleep(0.1)
            reload(box, "/", 80)
            wait_for(box, "up", seconds + SLACK)
    finally:
        net.server.end(mute)


# -- Label endpoints


def attach(net):
    net.server.run(ENDPOINT, "attach", "eth0", "--appliance", network.BACK_MAC)


def detach(net):
    net.server.run(ENDPOINT, "detach", "eth0")


@pytest.fixture
def endpoint(net):
    attach(net)
    yield
    detach(net)


def endpoint_counters(net):
    return json.loads(net.server.run(ENDPOINT, "show", "eth0", "--json"))["counters"]


def test_a_label_endpoint_is_checked_with_labels(net, workers, endpoint):
    with running(net, [service([labelled()], health=HTTP)], workers) as box:
        wait_for(box, "up")
        before = endpoint_counters(net)
        time.sleep(4 * INTERVAL)
        after = endpoint_counters(net)
        assert after["rx.learned"] - before["rx.learned"] >= 2
        assert after["tx.labelled"] - before["tx.labelled"] >= 2
        assert box.admin.call("status")["labels"]["live"] == 0
        assert box.counters()["session.new"] == 0
        net.client.get(80, "/", address=network.VIP4)
        assert box.counters()["session.new"] == 1
        # Between two checks none has a pair.
        wait_until(lambda: box.admin.call("status")["labels"]["embryonic"] == 0, 5, "no pair held")


def test_the_labels_of_a_check_are_no_sessions(net, endpoint):
    """Of a server that does not answer: its check holds its pair until the next one."""
    drop(net)
    try:
        with running(net, [service([labelled()], health=CHECK)]) as box:

            def refused():
                labels = box.admin.call("show.labels")["labels"]
                for label in [one[side] for one in labels for side in ("c2s_label", "s2c_label")]:
                    with pytest.raises(AdminError) as error:
                        box.admin.call("session.withdraw", label=label)
                    if "a health check's" in str(error.value):
                        return control(box.socket, "session", "withdraw", str(label))
                return None

            done = wait_until(refused, 10, "a check's label is refused")
            # The check may have ended by now; a session it never was.
            assert done.returncode == 1 and done.stdout == ""
            assert box.counters()["session.new"] == 0
    finally:
        hold(net)


def test_a_lost_endpoint_is_found(net, workers):
    attach(net)
    try:
        with running(net, [service([labelled()], health=CHECK)], workers) as box:
            wait_for(box, "up")
            # A check that failed asks once more, without a label.
            falls(box, lambda: detach(net), ENDPOINT_SILENCE)
            reason(box, "it answers only what has no label: it is no label endpoint")
            assert "tcp4/s1 is down: it answers only what has no label" in box.log()
            attach(net)
            wait_for(box, "up")
            falls(box, lambda: drop(net), ENDPOINT_SILENCE)
            reason(box, "timeout after 400 ms")
            hold(net)
            wait_for(box, "up")
    finally:
        detach(net)


LEAVING = {
    "server": ([service([nobody()], health=CHECK)], "s1"),
    "name": (
        [service([labelled(address=network.server_address(5))], health=CHECK)],
        f"s1/{network.server_address(1)}",
    ),
    # No service has the virtual address any more.
    "service": ([service([labelled()], name="other", address="203.0.113.98")], "s1"),
}  # fmt: skip


@pytest.mark.parametrize("services, name", LEAVING.values(), ids=LEAVING.keys())
def test_a_server_that_left_is_checked_while_it_has_sessions(
    net, endpoint, workers, services, name
):
    with running(net, [service([labelled()], health=CHECK)], workers) as box:
        wait_for(box, "up")
        with net.client.connect(network.VIP4, 80):
            box.config.write_text(KernelSetup(services, workers).text(box.folder))
            box.admin.call("reload")
            left = shown(box, server=name)
            # What is left of earlier tests' connections may be rebuilt.
            assert left["retired"] and left["sessions"] >= 1 and left["health"] == "up"
            # Longer than a server without good answers stays up.
            time.sleep((FALL + 2) * INTERVAL)
            left = shown(box, server=name)
            assert (left["health"], left["health_reason"]) == ("up", "ok")
            assert left["check_age_s"] < INTERVAL + SLACK / 2
            drop(net)
            try:
                wait_until(
                    lambda: shown(box, server=name)["health"] == "down", 5 + SLACK, "it is down"
                )
            finally:
                hold(net)


def test_a_silent_endpoint_is_found_as_soon_as_any_server(net, endpoint):
    """At the end of the check that failed, not of the second connection that finds out why."""
    interval, timeout = 4, 2
    check = CHECK | {
        "interval": f"{interval}s", "timeout": f"{timeout}s", "rise": 1, "fall": 1, "jitter": 0,
    }  # fmt: skip
    with running(net, [service([labelled()], health=check)]) as box:
        wait_for(box, "up", 20)
        checks = box.counters()["health.checks"]
        wait_until(lambda: box.counters()["health.checks"] > checks, 10, "a check has ended")
        bound = silence(interval, timeout, 1)
        try:
            # With the second connection it would be another timeout.
            assert falls(box, lambda: drop(net), bound) < bound + timeout * 0.75
        finally:
            hold(net)


def test_a_silent_endpoint_is_seldom_asked_twice(net, endpoint):
    """What is silent would take twice the connections else. Beside checks the twins send little."""
    often = CHECK | {"interval": "200ms", "timeout": "150ms"}
    drop(net)
    try:
        with running(net, [service([labelled()], health=often)]) as box:
            wait_for(box, "down")
            before = box.counters()

            def rise(name):
                return box.counters()[name] - before[name]

            wait_until(lambda: rise("health.checks") >= 32, 60, "32 checks")
            checks, sent = rise("health.checks"), rise("kernel.sent")
            assert checks * 9 / 8 - 2 <= sent <= checks * 1.5
    finally:
        hold(net)


def test_an_endpoint_that_only_pops_is_found(net, endpoint):
    """What it sends goes without its label: the filter that pushes it is gone."""
    with running(net, [service([labelled()], health=CHECK)]) as box:
        wait_for(box, "up")
        act = ["tc", "filter", "delete", "dev", "eth0", "egress"]
        falls(box, lambda: net.server.run(*act))
        reason(box, "it answers, but without the label that it was sent")


# -- What it leaves


def test_no_device_of_it_is_the_hosts(net):
    with running(net, [service([plain()], health=CHECK)]) as box:
        wait_for(box, "up")
        links = json.loads(net.box.run("ip", "-j", "link", "show"))
        assert {link["ifname"] for link in links} == {"lo", "front0", "back0", "front", "back"}


def test_nothing_survives_a_kill(net):
    """The namespace has no name, and its thread was the last that held it."""

    def links():
        return {link["ifname"] for link in json.loads(net.box.ip("-j", "link", "show"))}

    with running(net, [service([plain()], health=CHECK)]) as box:
        wait_for(box, "up")
        threads = f"/proc/{box.process.pid}/task"
        own = os.readlink(net.box.network_path)
        (checks,) = (
            thread for thread in os.listdir(threads)
            if os.readlink(f"{threads}/{thread}/ns/net") != own
        )  # fmt: skip
        # A cable ends with the namespace of either end.
        net.box.ip("link", "add", "here", "type", "veth", "peer", "name", "there", "netns", checks)
        assert "here" in links()
        wait_until(lambda: evidence.balanced(box.counters()), 5, "every packet is accounted for")
        box.process.kill()
        box.process.wait()
        wait_until(lambda: "here" not in links(), 20, "the end of the namespace")
        box.counters = lambda: {"rx.packets": 0} | dict.fromkeys(evidence.SENT, 0)


# -- The configuration


def test_a_port_without_an_address_is_refused(net):
    setup = KernelSetup([service([plain(port="back", mac=network.server_mac(1))], health=CHECK)])
    with net.appliance(setup) as box:
        lines = box.config.read_text().splitlines(keepends=True)
        at = [place for place, line in enumerate(lines) if line.strip() == f"- {OWN_BACK}/24"]
        box.config.write_text("".join(line for place, line in enumerate(lines) if place not in at))
        box.launch()
        assert box.process.wait(60) == 1
        assert "port back has no IPv4 address of its own that checks to the vip could come from" in (
            box.log()
        )
