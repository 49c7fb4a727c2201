"""Health checks against real servers: who fails them takes no new session."""

import re
import signal
import time
from collections import Counter

import pytest
from scapy.layers.inet import TCP

from support.waiting import wait_until

from harness import network
from harness.flows import SERVER_ISN, tcp
from harness.live import Live
from harness.private_network import PrivateNetwork
from harness.prometheus import Page
from harness.setup import one_arm, server, service

# Who is dead refuses at once; a busy machine may be late.
QUICK = {"interval": "100ms", "timeout": "1s", "rise": 2, "fall": 2}
IPV6_SERVER = "2001:db8:1::11"


@pytest.fixture(scope="module")
def inside():
    with PrivateNetwork(more=[IPV6_SERVER]) as inside:
        (inside.folder / "index.html").write_text("all is well")
        yield inside


@pytest.fixture
def webs(inside):
    """Web servers 1 and 2, which a test may end and start again."""
    running = {number: inside.web_server(network.server_address(number)) for number in (1, 2)}

    class Webs:
        def end(self, number):
            inside.end(running.pop(number))

        def start(self, number):
            running[number] = inside.web_server(network.server_address(number))

    yield Webs()
    for process in running.values():
        inside.end(process)


def http(**fields):
    return QUICK | {"type": "http"} | fields


def shown(live, name="tcp4"):
    services = {one["name"]: one for one in live.admin.call("show.services")}
    return {one["name"]: one for one in services[name]["servers"]}


def health(live, name="tcp4"):
    return {name: one["health"] for name, one in shown(live, name).items()}


def wait_for(live, expected, name="tcp4"):
    wait_until(lambda: health(live, name) == expected, 20, f"health {expected} of {name}")
    live.pass_fillers()


def chosen(live, clients):
    """The servers that these clients' new sessions go to."""
    flows = [tcp(client) for client in clients]
    step = live.send(*[flow.up(flow.syn()) for flow in flows])
    return [int(frame.destination[-2:]) for frame in step.out["front"]]


def reload(live, setup):
    live.appliance.config.write_text(setup.text(live.appliance.folder))
    live.change("reload")


def test_a_server_that_dies_takes_no_new_session_until_it_rises(inside, webs):
    with Live(one_arm([service((1, 2), health=http())]), inside) as live:
        wait_for(live, {"s1": "up", "s2": "up"})
        assert sorted(chosen(live, range(1, 11))) == [1] * 5 + [2] * 5
        flow = tcp(50)
        first = live.send(flow.up(flow.syn())).out["front"][0]
        webs.end(2)
        wait_for(live, {"s1": "up", "s2": "down"})
        assert chosen(live, range(101, 111)) == [1] * 10
        # A session that it has stays its own.
        again = live.send(flow.up(flow.syn())).out["front"][0]
        assert again.destination == first.destination
        webs.start(2)
        wait_for(live, {"s1": "up", "s2": "up"})
        assert sorted(chosen(live, range(201, 211))) == [1] * 5 + [2] * 5
        log = live.appliance.log()
        assert re.search(r"server tcp4/s2 is down: connection refused\n", log)
        assert log.count("server tcp4/s2 is up") == 2
        assert live.appliance.counters()["health.changes"] == 4


def opened(live, clients):
    """Live sessions, as (flow at its server, C2S label)."""
    sessions = []
    for client in clients:
        flow = tcp(client)
        first = live.send(flow.up(flow.syn())).out["front"][0]
        flow = flow.with_(server=int(first.destination[-2:]))
        live.send(flow.down(flow.syn_ack(), label=first.label + 1), flow.up(flow.ack()))
        sessions.append((flow, first.label))
    return sessions


@pytest.mark.parametrize("labelled", [True, False])
def test_on_down_reset_ends_the_dead_servers_sessions(inside, webs, labelled):
    """Each ends with its client's next packet, and no other; with `keep` none does."""
    with Live(one_arm([service((1, 2), health=http(), **{"on-down": "reset"})]), inside) as live:
        wait_for(live, {"s1": "up", "s2": "up"})
        sessions = opened(live, range(1, 9))
        lost = [(flow, label) for flow, label in sessions if flow.server == 2]
        kept = [(flow, label) for flow, label in sessions if flow.server == 1]
        assert (len(lost), len(kept)) == (4, 4)
        webs.end(2)
        wait_for(live, {"s1": "up", "s2": "down"})
        wait_until(
            lambda: live.admin.call("status")["labels"]["closing"] == 4, 10, "all four are met"
        )
        live.step()
        for flow, label in lost[:3]:
            step = live.send(flow.up(flow.send(), label=label if labelled else None))
            assert step.drops() == {"server_down": 1}
            assert step.rise["answer.packets"] == step.rise["session.ended"] == 1
            (answer,) = step.out["front"]
            assert answer.destination == flow.client_mac and answer.label is None
            # RFC 9293 3.10.7.1: of a segment with ACK the answer has its acknowledgement number.
            segment = answer.ip[TCP]
            assert (str(segment.flags), segment.seq) == ("R", SERVER_ISN + 1)
            assert (segment.sport, segment.dport) == (flow.port, flow.client_port)
        # What the dead server still says is not sent on.
        flow, label = lost[3]
        step = live.send(flow.down(flow.answer(), label=label + 1))
        assert (step.out["front"], step.drops()) == ([], {"server_down": 1})
        # That it comes back changes nothing for a session that is lost.
        webs.start(2)
        wait_for(live, {"s1": "up", "s2": "up"})
        live.step()
        assert live.send(flow.up(flow.send())).rise["answer.packets"] == 1
        for flow, label in kept:
            step = live.send(flow.up(flow.send(), label=label))
            assert step.bytes() == [flow.at_server(flow.send(), label, ttl=64, label_ttl=63)]
        shown_sessions = live.admin.call("show.sessions")["sessions"]
        assert {one["server"] for one in shown_sessions} == {"s1"} and len(shown_sessions) == 4


@pytest.mark.parametrize("leaves", ["server", "service", "name"])
def test_on_down_reset_holds_for_servers_that_left(inside, webs, leaves):
    """They are checked as long as they have sessions. The name's new server is another."""
    dead = "s2"

    def setup(servers, **fields):
        checked = service(servers, health=http(), **{"on-down": "reset"}, **fields)
        return one_arm([checked], metrics="127.0.0.1:9464")

    def servers_shown():
        return {one["name"] for one in live.admin.call("show.servers")}

    def targets():
        return Page(inside.get(9464, "/metrics")[2]).value("tagline_health_targets")

    with Live(setup((1, 2)), inside) as live:
        wait_for(live, {"s1": "up", "s2": "up"})
        sessions = opened(live, range(1, 3))
        lost, label = next(one for one in sessions if one[0].server == 2)
        if leaves == "server":
            reload(live, setup((1,)))
        elif leaves == "service":
            reload(live, setup((1,), name="other", port=81))
        else:
            reload(live, setup((server(1), server(3, name="s2"))))
            dead = f"s2/{network.server_address(2)}"
        assert shown(live)[dead]["retired"] and shown(live)[dead]["health"] == "up"
        live.step()
        step = live.send(lost.up(lost.send(), label=label))
        assert step.bytes() == [lost.at_server(lost.send(), label, ttl=64, label_ttl=63)]
        before = targets()
        webs.end(2)
        wait_until(lambda: shown(live)[dead]["health"] == "down", 20, "it is down")
        assert shown(live)[dead]["health_reason"] == "connection refused"
        live.pass_fillers()
        wait_until(
            lambda: live.admin.call("status")["labels"]["closing"] == 1, 10, "its session is met"
        )
        live.step()
        step = live.send(lost.up(lost.send(), label=label))
        assert step.drops() == {"server_down": 1} and step.rise["answer.packets"] == 1
        # Without sessions it is gone, and so is its check.
        wait_until(lambda: dead not in servers_shown(), 20, "it is gone")
        assert targets() == before - 1


@pytest.mark.parametrize("checked", [True, False])
def test_a_server_that_a_reload_brings_starts_slowly(inside, webs, checked):
    """In 6 minutes it has a tenth of its weight, 26 of 256; those of the start have all of theirs."""
    more = {"algorithm": "wlc", "slow-start": "1h"} | ({"health": http()} if checked else {})

    def setup(servers):
        return one_arm([service(servers, **more)], timeouts={"tcp-embryonic": "1h"})

    def weights(live):
        return {name: one["effective_weight"] for name, one in shown(live).items()}

    with Live(setup((1,)), inside) as live:
        if checked:
            wait_for(live, {"s1": "up"})
        assert weights(live) == {"s1": 1}
        assert chosen(live, range(1, 41)) == [1] * 40
        reload(live, setup((1, 2)))
        assert weights(live) == {"s1": 1, "s2": 0.102}
        if checked:
            wait_for(live, {"s1": "up", "s2": "up"})
        # It gets one as long as (sessions + 1) x 256 / 26 is less than the other's sessions + 1: 4 at
        # first, at 49.2 of the other's the 5th, at 59.1 the 6th, at 68.9 the 7th.
        counts = Counter(chosen(live, range(101, 141)))
        assert counts == {1: 33, 2: 7}
        assert weights(live) == {"s1": 1, "s2": 0.102}


def test_all_down_refuses(inside):
    with Live(one_arm([service((1, 2), health=QUICK | {"type": "tcp"})]), inside) as live:
        wait_for(live, {"s1": "down", "s2": "down"})
        flow = tcp(1)
        assert live.send(flow.up(flow.syn())).drops() == {"refused": 1}


def test_unknown_servers_take_sessions(inside):
    slow = {"type": "tcp", "interval": "1h", "fall": 200}
    with Live(one_arm([service((1, 2), health=slow)]), inside) as live:
        assert health(live) == {"s1": "unknown", "s2": "unknown"}
        assert sorted(chosen(live, range(1, 5))) == [1, 1, 2, 2]


def test_what_is_shown_of_a_check(inside, webs):
    checks = http(path="/none.html")
    with Live(one_arm([service((1, 2, 3), health=checks)]), inside) as live:
        wait_for(live, {"s1": "down", "s2": "down", "s3": "down"})
        servers = shown(live)
        assert servers["s1"]["health_reason"] == "status 404"
        assert servers["s3"]["health_reason"] == "connection refused"
        assert servers["s1"]["response_time_us"] is None
        reload(live, one_arm([service((1, 2, 3), health=http(body="is well"))]))
        wait_for(live, {"s1": "up", "s2": "up", "s3": "down"})
        one = shown(live)["s1"]
        assert one["health_reason"] == "ok"
        assert 0 < one["check_time_us"] < 1_000_000 and 0 < one["response_time_us"] < 1_000_000
        assert 0 <= one["check_age_s"] < 10
        reload(live, one_arm([service((1, 2, 3), health=http(body="is bad"))]))
        wait_for(live, {"s1": "down", "s2": "down", "s3": "down"})
        assert shown(live)["s1"]["health_reason"] == 'the body has no "is bad"'


def test_the_response_time_of_a_dead_server_is_not_known(inside, webs):
    """Neither shown nor measured, until it answers again."""
    checked = service((1, 2), health=http(), algorithm="rt")
    with Live(one_arm([checked], metrics="127.0.0.1:9464"), inside) as live:

        def times():
            """Those shown, and those measured."""
            page = Page(inside.get(9464, "/metrics")[2])
            name = "tagline_server_response_time_seconds"
            measured = {dict(labels)["server"] for sample, labels in page.samples if sample == name}
            known = {name for name, one in shown(live).items() if one["response_time_us"] is not None}
            return known, measured

        wait_for(live, {"s1": "up", "s2": "up"})
        assert times() == ({"s1", "s2"}, {"s1", "s2"})
        webs.end(2)
        wait_for(live, {"s1": "up", "s2": "down"})
        assert times() == ({"s1"}, {"s1"})
        webs.start(2)
        wait_for(live, {"s1": "up", "s2": "up"})
        assert times() == ({"s1", "s2"}, {"s1", "s2"})


def test_a_silent_server_times_out(inside):
    """A listener that accepts and never answers: the kernel connects, nobody reads."""
    words = "import socket, time; s = socket.create_server(('192.0.2.13', 80)); time.sleep(1e6)"
    listener = inside.start("python3", "-c", words)
    wait_until(lambda: inside.listens(network.server_address(3), 80), 10, "a listener")
    try:
        services = [
            service((3,), name="http", health=http(timeout="80ms")),
            service((3,), name="tcp", port=81, health=QUICK | {"type": "tcp", "port": 80}),
        ]
        with Live(one_arm(services), inside) as live:
            wait_for(live, {"s3": "down"}, "http")
            assert shown(live, "http")["s3"]["health_reason"] == "timeout after 80 ms"
            wait_for(live, {"s3": "up"}, "tcp")
    finally:
        inside.end(listener)


FLAPPING = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    count = 0
    def do_GET(self):
        Handler.count += 1
        self.send_response(200 if Handler.count % 2 else 503)
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("192.0.2.13", 80), Handler).serve_forever()
"""


@pytest.mark.parametrize("_", range(3))
def test_an_end_amid_changes_is_clean(inside, _):
    """A server whose health changes with each check, some 50 times a second, until the end."""
    server_process = inside.start("python3", "-c", FLAPPING)
    wait_until(lambda: inside.listens(network.server_address(3), 80), 10, "a server")
    restless = http(interval="10ms", timeout="1s", rise=1, fall=1)
    try:
        with Live(one_arm([service((3,), health=restless)]), inside) as live:
            wait_until(lambda: live.appliance.counters()["health.changes"] > 20, 20, "changes")
    finally:
        inside.end(server_process)


@pytest.mark.parametrize("groups", ["1 0", "0 2147483647"], ids=["raw", "unprivileged"])
def test_echo(inside, groups):
    """Both kinds of socket, both families; an address that no route leads to is down."""
    inside.sysctl("net.ipv4.ping_group_range", groups)
    servers = [server(1), server(2, address=IPV6_SERVER), server(9)]
    with Live(one_arm([service(servers, health=QUICK | {"type": "icmp"})]), inside) as live:
        wait_for(live, {"s1": "up", "s2": "up", "s9": "down"})
        assert shown(live)["s9"]["health_reason"] == "network is unreachable"


def test_a_check_that_cannot_be_made_says_nothing_of_the_server(inside):
    inside.sysctl("net.ipv4.ping_group_range", "1 0")
    inside.rights = ["--bounding-set=-net_raw"]
    try:
        with Live(one_arm([service((1, 2), health=QUICK | {"type": "icmp"})]), inside) as live:
            inside.rights = []
            wait_until(lambda: live.appliance.counters()["health.checks"] > 10, 20, "checks")
            assert health(live) == {"s1": "unknown", "s2": "unknown"}
            assert "needs CAP_NET_RAW" in shown(live)["s1"]["health_reason"]
            assert live.appliance.counters()["health.failures"] == 0
            assert live.appliance.log().count("CAP_NET_RAW") == 1
            assert sorted(chosen(live, range(1, 5))) == [1, 1, 2, 2]
    finally:
        inside.rights = []


def test_an_ipv6_server(inside):
    web = inside.web_server(IPV6_SERVER, 8080)
    try:
        servers = [server(1, address=IPV6_SERVER)]
        checks = http(port=8080, host="www.example.org", status=200)
        with Live(one_arm([service(servers, health=checks)]), inside) as live:
            wait_for(live, {"s1": "up"})
    finally:
        inside.end(web)


def test_a_reload_keeps_health(inside, webs):
    """With an interval of an hour nothing could be learnt anew."""
    rare = {"type": "tcp", "interval": "1h", "jitter": 0, "rise": 1, "fall": 1}
    setup = one_arm([service((1, 3), health=rare, algorithm="wrr")])
    with Live(setup, inside) as live:
        # The second of two checks comes half an interval later: begin with a short one.
        reload(live, one_arm([service((1, 3), health=rare | {"interval": "100ms"})]))
        wait_for(live, {"s1": "up", "s3": "down"})
        reload(live, setup)
        assert health(live) == {"s1": "up", "s3": "down"}
        changes = live.appliance.counters()["health.changes"]
        wider = [service((1, 2, 3), health=rare), service((1,), name="other", port=90)]
        reload(live, one_arm(wider))
        assert health(live) | {"s2": "any"} == {"s1": "up", "s2": "any", "s3": "down"}
        assert live.appliance.counters()["health.changes"] in (changes, changes + 1)
        reload(live, one_arm([service((1, 2, 3))]))
        assert set(health(live).values()) == {"unknown"}
        assert sorted(chosen(live, range(1, 7))) == [1, 1, 2, 2, 3, 3]


def test_a_shared_target_is_checked_once(inside, webs):
    """Ten services of one server, 100 ms: 10 checks a second in all at most, not 100."""
    services = [
        service((1,), name=f"s{n}", port=1000 + n, health=http(port=80, jitter=0))
        for n in range(10)
    ]
    with Live(one_arm(services), inside) as live:
        wait_for(live, {"s1": "up"}, "s0")
        assert all(health(live, f"s{n}") == {"s1": "up"} for n in range(10))
        begun = time.monotonic()
        first = live.appliance.counters()["health.checks"]

        def made():
            return live.appliance.counters()["health.checks"] - first

        wait_until(lambda: made() >= 20, 60, "20 checks")
        # One may have been late, and one more has begun by now.
        assert made() <= 10 * (time.monotonic() - begun) + 2


HOLDING = """
import asyncio, signal
held = 0
async def answer(reader, writer):
    global held
    await reader.readuntil(b"\\r\\n\\r\\n")
    if holding.is_set():
        held += 1
        print(held, flush=True)
        await asyncio.sleep(1e6)
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
    await writer.drain()
    writer.close()
async def main():
    global holding
    holding = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, holding.set)
    server = await asyncio.start_server(answer, "", 80, backlog=1024)
    await server.serve_forever()
asyncio.run(main())
"""


def test_many_changes_make_few_snapshots(inside):
    """200 servers, each with a check of its own, that die at once are a few snapshots, not 200."""
    inside.ip("route", "add", "local", "198.18.0.0/24", "dev", "lo")
    holding = inside.start("python3", "-c", HOLDING, log="held")
    wait_until(lambda: inside.listens("198.18.0.1", 80), 10, "it listens")
    servers = [server(1, name=f"n{n}", address=f"198.18.0.{n}") for n in range(1, 201)]
    checks = http(interval="500ms", timeout="5m", fall=1)
    try:
        with Live(one_arm([service(servers, health=checks)]), inside) as live:
            wait_until(lambda: set(health(live).values()) == {"up"}, 60, "all are up")
            # Each is asked, and has not answered, when all of them die.
            holding.send_signal(signal.SIGUSR1)
            held = inside.folder / "held"
            wait_until(lambda: held.read_text().endswith("\n200\n"), 60, "all checks wait")
            before = live.admin.call("status")["snapshot"]
            inside.end(holding)
            wait_until(lambda: set(health(live).values()) == {"down"}, 60, "all are down")
            wait_until(lambda: live.admin.call("status")["snapshot"] > before, 10, "a snapshot")
            assert live.admin.call("status")["snapshot"] <= before + 20
            assert live.appliance.counters()["health.changes"] == 400
    finally:
        if holding.poll() is None:
            inside.end(holding)
