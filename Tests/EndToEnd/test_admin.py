"""The admin socket and taglinectl, while packets flow."""

import json
import socket
import stat

import pytest

from support.waiting import wait_until

from harness.admin import AdminError, read_object
from harness.flows import tcp, udp
from harness.live import Live
from harness.program import control
from harness.setup import every_service, one_arm, service

LABELS = {"capacity", "live", "embryonic", "closing", "quarantined", "free"}
ARRAYS = {
    "show.services": {
        "name", "address", "protocol", "port", "algorithm", "sessions", "refused", "servers",
    },
    "show.ports": {"name", "device", "mac", "rx_queues", "tx_queues", "rss"},
    "show.workers": {"worker", "lcore", "counters"},
}
SERVER = {
    "name", "address", "state", "health", "weight", "sessions", "total_sessions",
    "response_time_us",
}
SESSION = {
    "service", "server", "protocol", "client", "client_port", "state", "c2s_label", "s2c_label",
    "age_s", "idle_s",
}
LABEL = {"c2s_label", "s2c_label", "state", "worker", "generation"}
COUNTERS = {
    "rx.packets", "tx.packets", "tx.full", "label.switched", "label.popped", "label.unknown",
    "label.exhausted", "label.embryonic_full", "analysed.forwarded", "kernel.packets",
    "handover.packets", "session.new", "session.refused", "session.ended", "answer.packets",
}


@pytest.fixture(scope="module")
def box():
    """A live session of client 1, and one of no labels."""
    services = every_service((1, 2)) + [service((3,), name="plain", port=88, labels=False)]
    with Live(one_arm(services)) as live:
        live.send(*tcp(1).opening(18))
        live.send(tcp(2, port=88, server=3).up(tcp(2, port=88).syn()))
        yield live


def test_status(box):
    status = box.admin.call("status")
    assert {"version", "uptime_s", "workers", "snapshot", "labels", "sessions"} <= status.keys()
    assert LABELS <= status["labels"].keys()
    assert (status["workers"], status["sessions"]) == (1, 2)
    labels = status["labels"]
    assert sum(labels[state] for state in LABELS - {"capacity"}) == labels["capacity"] == 524_279


@pytest.mark.parametrize("method", ARRAYS)
def test_arrays_and_their_keys(box, method):
    shown = box.admin.call(method)
    assert isinstance(shown, list) and shown
    for one in shown:
        assert ARRAYS[method] <= one.keys()


def test_services_and_their_servers(box):
    shown = {one["name"]: one for one in box.admin.call("show.services")}
    assert shown.keys() == {"tcp4", "udp4", "tcp6", "udp6", "plain"}
    web = shown["tcp4"]
    assert (web["address"], web["protocol"], web["algorithm"]) == ("203.0.113.10", "tcp", "rr")
    assert str(web["port"]) == "80"
    assert (web["sessions"], web["refused"]) == (1, 0)
    assert [one["name"] for one in web["servers"]] == ["s1", "s2"]
    for one in web["servers"]:
        assert SERVER <= one.keys()
        assert (one["state"], one["health"], one["weight"]) == ("ready", "unknown", 1)


def test_sessions(box):
    shown = box.admin.call("show.sessions")
    assert shown["total"] == 2
    assert all(SESSION <= one.keys() for one in shown["sessions"])
    limited = box.admin.call("show.sessions", limit=1)
    assert limited["total"] == 2 and len(limited["sessions"]) == 1


def test_labels(box):
    (label,) = box.admin.call("show.labels")["labels"]
    assert LABEL <= label.keys()
    assert (label["c2s_label"], label["s2c_label"], label["worker"]) == (17, 18, 0)
    directions = [
        value for value in label.values() if isinstance(value, dict) and {"in", "out"} <= set(value)
    ]
    assert len(directions) == 2
    for direction in directions:
        assert {"line_card", "port"} <= direction["in"].keys()
        assert direction["out"]["port"] == "front"


def test_ports_and_workers(box):
    (port,) = box.admin.call("show.ports")
    assert (port["name"], port["mac"]) == ("front", "02:00:00:00:00:01")
    assert (port["rx_queues"], port["tx_queues"]) == (1, 1)
    (worker,) = box.admin.call("show.workers")
    assert worker["worker"] == 0


def test_counters_are_numbers(box):
    counters = box.admin.call("show.counters")
    assert COUNTERS <= counters.keys()
    assert all(isinstance(value, int) for value in counters.values())


def test_config(box):
    assert "203.0.113.10" in json.dumps(box.admin.call("show.config"))


def test_the_socket_is_its_owners_alone(box):
    assert stat.S_IMODE(box.appliance.socket.stat().st_mode) == 0o600


def error_code(box, line):
    """The error's code; of a batch (an array) each has the same."""
    answer = box.admin.exchange(line)
    (code,) = {one["error"]["code"] for one in (answer if isinstance(answer, list) else [answer])}
    return code


GARBAGE = {
    "no JSON": (b"hello\n", -32700),
    "half an object": (b'{"jsonrpc": "2.0",\n', -32700),
    "bytes": (bytes(range(128, 256)) + b"\n", -32700),
    "an array of numbers": (b"[1, 2]\n", -32600),
    "a number": (b"7\n", -32600),
    "no method": (b'{"jsonrpc": "2.0", "id": 1}\n', -32600),
    "a method that is none": (b'{"jsonrpc": "2.0", "id": 1, "method": "fly"}\n', -32601),
    "deep nesting": (b"[" * 20_000 + b"\n", None),
}


@pytest.mark.parametrize("line, code", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_answered_by_an_error(box, line, code):
    seen = error_code(box, line)
    assert code in (seen, None)
    assert box.admin.call("status")["workers"] == 1


@pytest.mark.parametrize(
    "params",
    [{"server": "nobody/s1"}, {"server": "tcp4/s9"}, {"server": "tcp4/s1", "state": "asleep"},
     {"server": "tcp4/s1", "weight": "much"}, {"server": 7}, {"weight": 1}],
)
def test_wrong_parameters_change_nothing(box, params):
    before = box.admin.call("show.services")
    with pytest.raises(AdminError):
        box.admin.call("server.set", **params)
    assert box.admin.call("show.services") == before


@pytest.mark.parametrize("label", [16, 99, -1, 2**40, "17", None])
def test_labels_that_no_session_has_cannot_be_withdrawn(box, label):
    with pytest.raises(AdminError):
        box.admin.call("session.withdraw", label=label)


def test_clients_that_leave(box):
    request = b'{"jsonrpc": "2.0", "id": 1, "method": "show.counters"}\n'
    for part in (b"", request[:20], request, request * 50, b"x" * 100_000):
        connection = box.admin.connect()
        connection.sendall(part)
        connection.close()
    assert box.admin.call("status")["workers"] == 1


def test_a_line_of_a_mebibyte(box):
    connection = box.admin.connect()
    try:
        connection.sendall(b"x" * (1 << 20) + b"\n")
        assert "error" in read_object(connection)
    except (BrokenPipeError, ConnectionResetError, EOFError):
        pass  # hanging up is an answer too
    finally:
        connection.close()
    assert box.admin.call("status")["workers"] == 1


def test_requests_in_pieces_and_in_heaps(box):
    request = b'{"jsonrpc": "2.0", "id": %d, "method": "status"}\n'
    with box.admin.connect() as connection:
        for byte in request % 1:
            connection.sendall(bytes([byte]))
        assert read_object(connection)["id"] == 1
    with box.admin.connect() as connection:
        connection.sendall(request % 2 + request % 3)
        stream = connection.makefile("rb")
        assert [json.loads(stream.readline())["id"] for _ in range(2)] == [2, 3]


def test_a_notification_has_no_answer(box):
    with box.admin.connect() as connection:
        connection.sendall(b'{"jsonrpc": "2.0", "method": "status"}\n')
        connection.sendall(b'{"jsonrpc": "2.0", "id": "x", "method": "status"}\n')
        assert read_object(connection)["id"] == "x"


def test_many_connections(box):
    connections = [box.admin.connect() for _ in range(60)]
    try:
        assert box.admin.call("status")["workers"] == 1
    finally:
        for connection in connections:
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()


COMMANDS = [
    ["status"],
    *[["show", what] for what in (
        "services", "servers", "sessions", "labels", "ports", "workers", "counters", "config",
    )],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_taglinectl(box, words):
    table = control(box.appliance.socket, *words)
    assert (table.returncode, table.stderr) == (0, "")
    assert table.stdout.strip()
    result = control(box.appliance.socket, "--json", *words)
    assert result.returncode == 0
    assert json.loads(result.stdout) is not None


def test_taglinectl_prints_the_result_alone(box):
    result = json.loads(control(box.appliance.socket, "--json", "show", "sessions").stdout)
    assert result["total"] == 2
    result = json.loads(control(box.appliance.socket, "--json", "show", "services").stdout)
    assert isinstance(result, list)


def test_taglinectl_tells_of_errors(box):
    done = control(box.appliance.socket, "server", "set", "tcp4/s9", "--weight", "2")
    assert done.returncode == 1 and done.stderr


@pytest.fixture
def pair():
    """Two servers in turn; nothing sent yet."""
    services = [service((1, 2), protocol="udp")]
    with Live(one_arm(services, timeouts={"tcp-closing": "200ms"})) as live:
        yield live


def started_at(box, clients):
    """Servers that new sessions of these clients go to."""
    flows = [udp(client) for client in clients]
    step = box.send(*[flow.up(flow.send()) for flow in flows])
    return [frame.destination[-2:] for frame in step.out["front"]]


def test_drain_keeps_sessions_and_takes_none(pair):
    before = started_at(pair, range(1, 11))
    assert sorted(before) == ["01"] * 5 + ["02"] * 5
    done = control(pair.appliance.socket, "server", "set", "udp4/s1", "--state", "drain")
    assert done.returncode == 0, done.stderr
    pair.pass_fillers()
    assert started_at(pair, range(11, 21)) == ["02"] * 10
    assert started_at(pair, range(1, 11)) == before
    (shown,) = pair.admin.call("show.services")
    assert [one["state"] for one in shown["servers"]] == ["drain", "ready"]
    pair.change("server.set", server="udp4/s1", state="ready")
    assert started_at(pair, range(21, 31)).count("01") == 5


def test_weight_0_by_the_operator_drains(pair):
    before = started_at(pair, range(1, 11))
    pair.change("server.set", server="udp4/s2", weight=0)
    assert started_at(pair, range(11, 21)) == ["01"] * 10
    assert started_at(pair, range(1, 11)) == before


def test_maint_withdraws_sessions(pair):
    flow = udp(1)
    first = pair.send(flow.up(flow.send())).out["front"][0]
    number = int(first.destination[-2:])
    flow = flow.with_(server=number)
    other = 3 - number
    pair.send(*flow.opening(18)[1:])
    pair.admin.call("server.set", server=f"udp4/s{number}", state="maint")
    wait_until(lambda: pair.admin.call("status")["sessions"] == 0, 10, "sessions withdrawn")
    pair.step()
    step = pair.send(flow.up(flow.send(), label=17))
    assert step.rise["label.unknown"] == 1
    assert step.out["front"][0].destination[-2:] == f"{other:02x}"
    assert step.out["front"][0].label == 19


@pytest.mark.parametrize("how", ["withdraw", "maint"])
def test_traffic_does_not_keep_a_withdrawn_session(how):
    flow = udp(1)
    setup = one_arm([service(protocol="udp")], timeouts={"tcp-closing": "300ms"})
    with Live(setup) as box:
        box.send(*flow.opening(18))
        if how == "withdraw":
            box.change("session.withdraw", label=17)
        else:
            box.change("server.set", server="udp4/s1", state="maint")

        def unknown():
            return box.send(flow.down(flow.answer(), label=18)).rise.get("label.unknown")

        wait_until(unknown, 10, "the label is unknown in the midst of traffic")


@pytest.mark.parametrize("state", ["drain", "maint"])
def test_without_a_server_that_takes_sessions_they_are_refused(pair, state):
    for name in ("udp4/s1", "udp4/s2"):
        pair.change("server.set", server=name, state=state)
    pair.step()
    step = pair.send(udp(1).up(udp(1).send()))
    assert step.drops() == {"refused": 1}
    assert len(step.out["front"]) == step.rise["answer.packets"] == 1


def test_a_thousand_sessions_are_shown_unless_told(pair):
    flows = [udp(client) for client in range(1, 1101)]
    pair.send(*[flow.up(flow.send()) for flow in flows])
    shown = pair.admin.call("show.sessions")
    assert (shown["total"], len(shown["sessions"])) == (1100, 1000)
    shown = pair.admin.call("show.sessions", limit=2000)
    clients = {one["client"] for one in shown["sessions"]}
    assert clients == {flow.client_address for flow in flows}


def test_withdrawn_sessions_are_unknown_after(pair):
    flow = udp(1)
    first = pair.send(flow.up(flow.send())).out["front"][0]
    flow = flow.with_(server=int(first.destination[-2:]))
    pair.send(*flow.opening(18)[1:])
    done = control(pair.appliance.socket, "session", "withdraw", "18")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: pair.admin.call("status")["sessions"] == 0, 10, "session withdrawn")
    assert pair.admin.call("status")["labels"]["quarantined"] == 1
    pair.step()
    step = pair.send(flow.down(flow.answer(), label=18))
    assert step.rise["label.unknown"] == 1
