"""The metrics as promtool and a real Prometheus read them."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from support.programs import ROOT
from support.waiting import wait_until

from harness import network
from harness.admin import AdminError
from harness.appliance import Appliance
from harness.captures import write_capture
from harness.flows import CLIENT_ISN, SERVER_ISN, tcp
from harness.live import Live
from harness.private_network import PrivateNetwork
from harness.program import control
from harness.prometheus import Page, program, promtool, query
from harness.setup import one_arm, server, service

PORT = 9464
ADDRESS = f"127.0.0.1:{PORT}"
ODD_NAME = 'we"b\\1'
DEPLOY = ROOT / "deploy" / "prometheus"
METRIC = re.compile(r"\b(?:tagline|process)_\w+")


@pytest.fixture(scope="module")
def inside():
    with PrivateNetwork() as inside:
        yield inside


def services():
    checks = {"type": "tcp", "port": PORT, "interval": "100ms", "fall": 1, "rise": 1}
    return [
        service(
            (1, 2), health={"type": "tcp", "interval": "100ms", "fall": 1, "rise": 1},
            **{"response-samples": 100},
        ),
        service((server(3, labels=False),), name=ODD_NAME, port=81, health=checks),
    ]


def setup(address=ADDRESS):
    options = {"timeouts": {"tcp-embryonic": "1h"}}
    return one_arm(services(), **options, **({"metrics": address} if address else {}))


@pytest.fixture(scope="module")
def live(inside):
    """Two sessions of tcp4, one of them embryonic, one whose request is timed; tcp4/s2 and the odd server are down."""
    web = inside.web_server(network.server_address(1))
    with Live(setup(), inside) as live:
        wait_until(lambda: page(inside).value("tagline_health_targets") == 3, 20, "three checks")
        wait_until(lambda: down(inside) == {("tcp4", "s2"), (ODD_NAME, "s3")}, 20, "two are down")
        live.pass_fillers()
        flow = tcp(1)
        answer = flow.segment("PA", SERVER_ISN + 1, CLIENT_ISN + 8, b"answer", from_server=True)
        live.send(*flow.opening(18), flow.up(flow.send()), flow.down(answer, label=18))
        live.send(tcp(2).up(tcp(2).syn()))
        yield live
        inside.end(web)


def page(inside, port=PORT):
    status, headers, text = inside.get(port, "/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Page(text)


def down(inside):
    return {
        (dict(labels)["service"].replace('\\"', '"').replace("\\\\", "\\"), dict(labels)["server"])
        for (name, labels), value in page(inside).samples.items()
        if name == "tagline_server_up" and value == 0
    }


def test_promtool_finds_nothing_wrong(live, inside):
    done = promtool("check", "metrics", text=page(inside).text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_values_are_those_of_the_admin_socket(live, inside):
    shown = page(inside)
    assert shown.value("tagline_sessions") == 2
    assert shown.value("tagline_sessions_started_total") == 2
    assert shown.value("tagline_service_sessions", service="tcp4") == 2
    assert shown.value("tagline_server_sessions", service="tcp4", server="s1") == 2
    assert shown.value("tagline_server_sessions_started_total", service="tcp4", server="s1") == 2
    assert shown.value("tagline_server_up", service="tcp4", server="s1") == 1
    assert shown.value("tagline_server_state", service="tcp4", server="s1", state="ready") == 1
    assert shown.value("tagline_workers") == 1
    status = live.admin.call("status")
    assert shown.value("tagline_snapshot") == status["snapshot"]
    assert shown.value("tagline_build_info", version=status["version"]) == 1
    for state in ("free", "embryonic", "live", "closing", "quarantined"):
        assert shown.value("tagline_labels", state=state) == status["labels"][state]
    port = live.admin.call("show.ports")[0]
    assert shown.value("tagline_port_packets_sent_total", port="front") == port["opackets"]
    assert shown.value("tagline_port_sent_bytes_total", port="front") == port["obytes"]


COUNTER_ROW = re.compile(
    r"\| `(?P<counter>[\w.]+)` \| "
    r"`(?P<sum>sum\()?(?P<name>\w+)\)?(?:\{(?P<label>\w+)=\"(?P<value>\w+)\"\})?` \|"
)


def metric_of(rows, counter, shown):
    """Its value, as the manual says where it is."""
    row = rows.get(counter)
    reason = None
    if row is None:
        family, reason = counter.split(".", 1)
        row = rows[f"{family}.REASON"]
    if row["sum"]:
        return sum(value for (name, _), value in shown.samples.items() if name == row["name"])
    labels = {row["label"]: reason or row["value"]} if row["label"] else {}
    return shown.value(row["name"], **labels)


def test_every_counter_has_a_metric(live, inside):
    """Each name of show.counters, as the manual lists them, with the same value."""
    text = (ROOT / "docs" / "metrics.md").read_text()
    rows = {match["counter"]: match for match in map(COUNTER_ROW.match, text.splitlines()) if match}
    before = live.admin.call("show.counters")
    shown = page(inside)
    after = live.admin.call("show.counters")
    assert len(before) > 70 and {"kernel.lost", "health.checks", "capture.lost"} <= before.keys()
    for counter in before:
        value = metric_of(rows, counter, shown)
        if counter == "worker.busy_ns":
            value = round(value * 1e9)
        assert before[counter] <= value <= after[counter], counter
    families = {counter.split(".")[0] + ".REASON" for counter in before.keys() - rows.keys()}
    assert families == {"drop.REASON", "refused.REASON"}
    assert rows.keys() - before.keys() == families, "the manual lists what there is"
    generic = [name for name, text in shown.helps.items() if text.startswith("The counter ")]
    assert generic == []


REASONS = {"sessions_full", "rate", "client_rate", "denied", "no_server", "table_full"}


def test_refusals_by_service_and_reason(inside):
    """Two clients that a service's list keeps out, and one that another's server may not take."""
    port = 9531
    closed = service((1,), name="closed", port=82, deny=["0.0.0.0/0"])
    empty = service((server(1, weight=0),), name="empty", port=83)
    with Live(one_arm([closed, empty], metrics=f"127.0.0.1:{port}"), inside) as live:
        for client, to in ((1, 82), (2, 82), (3, 83)):
            flow = tcp(client).with_(port=to)
            live.send(flow.up(flow.syn()))
        shown = page(inside, port)
        for name, expected in (("closed", {"denied": 2}), ("empty", {"no_server": 1})):
            reasons = {
                reason: shown.value(
                    "tagline_service_sessions_refused_reasons_total", service=name, reason=reason)
                for reason in REASONS
            }
            assert {reason: value for reason, value in reasons.items() if value} == expected
            total = shown.value("tagline_service_sessions_refused_total", service=name)
            assert total == sum(expected.values())
        table = control(live.appliance.socket, "show", "services").stdout
        lines = {line.split()[0]: line for line in table.splitlines()}
        assert lines["closed"].split()[-3:] == ["2", "denied", "2"]
        assert lines["empty"].split()[-3:] == ["1", "no_server", "1"]


def takes(inside, port):
    return {
        dict(labels)["server"]: value
        for (name, labels), value in page(inside, port).samples.items()
        if name == "tagline_server_takes_sessions"
    }


def services_down(inside, port):
    """For which services the shipped alert's expression holds, by what is scraped now."""
    (rule,) = [
        rule for group in yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
        for rule in group["rules"] if rule.get("alert") == "TaglineServiceDown"
    ]
    assert rule["expr"] == "sum by (instance, service) (tagline_server_takes_sessions) == 0"
    sums = {}
    for (name, labels), value in page(inside, port).samples.items():
        if name == "tagline_server_takes_sessions":
            service_name = dict(labels)["service"]
            sums[service_name] = sums.get(service_name, 0) + value
    return {name for name, value in sums.items() if value == 0}


def test_a_service_that_refuses_everybody_is_down(inside):
    """Whether its only server that is up is drained, has no weight or has left: tagline_server_up says
    nothing of that."""
    port, to = 9541, 84
    check = {"type": "http", "interval": "100ms", "timeout": "1s", "rise": 2, "fall": 2}

    def wanted(*numbers):
        return one_arm(
            [service(numbers, port=to, health=check)], timeouts={"tcp-embryonic": "1h"},
            metrics=f"127.0.0.1:{port}",
        )  # fmt: skip

    def refused(live, client):
        flow = tcp(client).with_(port=to)
        return live.send(flow.up(flow.syn())).drops() == {"refused": 1}

    def set_server(live, **change):
        live.change("server.set", server="tcp4/s1", **change)

    web = inside.web_server(network.server_address(1), to)
    with Live(wanted(1, 2), inside) as live:
        wait_until(lambda: takes(inside, port) == {"s1": 1, "s2": 0}, 20, "s2 is down")
        live.pass_fillers()
        assert services_down(inside, port) == set() and not refused(live, 1)
        for change, undo in (
            ({"state": "drain"}, {"state": "ready"}), ({"weight": 0}, {"weight": 1}),
        ):
            set_server(live, **change)
            assert takes(inside, port) == {"s1": 0, "s2": 0}
            assert services_down(inside, port) == {"tcp4"}
            assert refused(live, 2), change
            set_server(live, **undo)
            assert takes(inside, port) == {"s1": 1, "s2": 0}
            assert services_down(inside, port) == set()
        # Its session keeps the server that left.
        reload(live, wanted(2))
        live.pass_fillers()
        assert takes(inside, port) == {"s1": 0, "s2": 0}
        assert services_down(inside, port) == {"tcp4"}
        assert page(inside, port).value("tagline_server_up", service="tcp4", server="s1") == 1
        assert refused(live, 3)
    inside.end(web)


TABLE_ROW = re.compile(r"\| `(?P<name>\w+)` \| (?P<type>\w+) \| (?P<labels>.*?) \| (?P<help>.*) \|")


def test_the_page_of_the_manual_lists_what_there_is(live, inside):
    text = (ROOT / "docs" / "metrics.md").read_text()
    rows = [match.groupdict() for line in text.splitlines() if (match := TABLE_ROW.match(line))]
    listed = {
        row["name"]: (row["type"], frozenset(re.findall(r"`(\w+)`", row["labels"])), row["help"])
        for row in rows
    }
    assert len(listed) == len(rows), "a metric is listed twice"
    shown = page(inside)
    there = {
        name: (kind, shown.labels(name), shown.helps[name]) for name, kind in shown.types.items()
    }
    assert listed == there


def used_metrics(text):
    return set(METRIC.findall(text))


@pytest.mark.parametrize("name", ["alerts.yaml", "dashboard.json"])
def test_what_is_shipped_uses_metrics_that_there_are(live, inside, name):
    used = used_metrics((DEPLOY / name).read_text())
    assert used and used - set(page(inside).types) == set()


def test_shipped_rules():
    for words in (
        ("check", "rules", DEPLOY / "alerts.yaml"),
        ("check", "config", DEPLOY / "prometheus.yaml"),
        ("test", "rules", DEPLOY / "alerts-test.yaml"),
    ):
        done = promtool(*words)
        assert done.returncode == 0, done.stdout + done.stderr


def test_http(live, inside):
    status, headers, text = inside.get(PORT, "/")
    assert status == 200 and "/metrics" in text
    assert inside.get(PORT, "/other")[0] == 404
    status, headers, _ = inside.get(PORT, "/metrics", "POST")
    assert status == 405 and headers["Allow"] == "GET, HEAD"
    status, headers, text = inside.get(PORT, "/metrics", "HEAD")
    assert (status, text) == (200, "") and int(headers["Content-Length"]) > 1000


def test_many_scrapes_at_once(live, inside):
    with ThreadPoolExecutor(16) as pool:
        pages = list(pool.map(lambda _: page(inside), range(64)))
    assert all(one.value("tagline_sessions") == 2 for one in pages)


def test_idle_clients_do_not_keep_others_out(live, inside):
    idle = [inside.connect("127.0.0.1", PORT) for _ in range(40)]
    try:
        assert page(inside).value("tagline_sessions") == 2
    finally:
        for connection in idle:
            connection.close()


@pytest.fixture
def prometheus(live, inside):
    """A Prometheus with the shipped rules that scrapes every second; its port."""
    folder = inside.folder / "prometheus"
    folder.mkdir()
    document = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())
    document["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    document["rule_files"] = [str(DEPLOY / "alerts.yaml")]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(document))
    port = 19090
    process = inside.start(
        program("prometheus"), f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
    )  # fmt: skip
    wait_until(lambda: inside.listens("127.0.0.1", port), 30, "Prometheus listens")
    wait_until(
        lambda: query(inside, port, 'up{job="tagline"} == 1'), 30, "Prometheus has scraped")
    yield port
    inside.end(process)


def dashboard_expressions():
    document = json.loads((DEPLOY / "dashboard.json").read_text())
    found = [t["expr"] for panel in document["panels"] for t in panel["targets"]]
    assert len(found) >= 14
    return [
        expr.replace("$instance", ".*").replace("$__rate_interval", "5s") for expr in found
    ]


def test_a_real_prometheus(live, inside, prometheus):
    def value(expression):
        (result,) = query(inside, prometheus, expression)
        return float(result["value"][1])

    assert value("tagline_sessions") == 2
    assert value('tagline_server_sessions{service="tcp4",server="s1"}') == 2
    assert value('count(tagline_server_up == 0)') == 2
    assert value("tagline_sessions_started_total") == 2
    assert value("sum(tagline_labels) - sum(tagline_labels_capacity)") == 0
    # The odd name comes back as it is configured.
    (odd,) = query(inside, prometheus, 'tagline_service_info{port="81"}')
    assert odd["metric"]["service"] == ODD_NAME
    assert odd["metric"]["instance"] == ADDRESS
    # What comes now is seen by the next scrape.
    live.send(tcp(3).up(tcp(3).syn()))
    wait_until(lambda: value("tagline_sessions_started_total") == 3, 20, "the third session")
    # The fillers that the ports drop make a rate.
    wait_until(
        lambda: query(inside, prometheus, "rate(tagline_packets_received_total[5s]) > 0"),
        20, "a rate of packets")
    for expression in dashboard_expressions():
        assert query(inside, prometheus, expression), f"nothing for {expression}"
    alerts = wait_until(
        lambda: query(inside, prometheus, 'ALERTS{alertname="TaglineServerDown"}'), 20, "alerts")
    assert {one["metric"]["server"] for one in alerts} == {"s2", "s3"}


def reload(live, other):
    live.appliance.config.write_text(other.text(live.appliance.folder))
    return live.admin.call("reload")


def test_a_reload_moves_the_metrics(inside):
    first, second = 9501, 9502
    with Live(setup(None), inside) as live:
        assert not inside.listens("127.0.0.1", first)
        reload(live, setup(f"127.0.0.1:{first}"))
        assert page(inside, first).value("tagline_sessions") == 0
        held = inside.connect("127.0.0.1", first)
        reload(live, setup(f"127.0.0.1:{second}"))
        assert page(inside, second).value("tagline_workers") == 1
        assert not inside.listens("127.0.0.1", first)
        assert held.recv(1) == b"", "a connection to the old address is closed"
        held.close()
        # The same port at another address.
        reload(live, setup(f"0.0.0.0:{second}"))
        status, _, _ = inside.get(second, "/metrics", address=network.server_address(1))
        assert status == 200
        reload(live, setup(f"127.0.0.1:{second}"))
        assert not inside.listens(network.server_address(1), second)
        assert page(inside, second).value("tagline_workers") == 1
        reload(live, setup(f"[::1]:{second}"))
        assert inside.get(second, "/metrics", address="::1")[0] == 200
        reload(live, setup(None))
        assert not inside.listens("::1", second)


def test_an_address_in_use_refuses_a_reload(inside):
    taken, used = 9511, 9512
    listener = inside.web_server("127.0.0.1", taken)
    try:
        with Live(setup(f"127.0.0.1:{used}"), inside) as live:
            before = live.admin.call("show.config")
            for other in (f"127.0.0.1:{taken}", f"192.0.2.99:{used}"):
                with pytest.raises(AdminError, match="cannot be opened"):
                    reload(live, setup(other))
                assert live.admin.call("show.config") == before
                assert page(inside, used).value("tagline_workers") == 1
    finally:
        inside.end(listener)


def test_an_address_in_use_ends_a_start_with_2(inside):
    taken = 9521
    listener = inside.web_server("127.0.0.1", taken)
    wanted = setup(f"127.0.0.1:{taken}")
    try:
        with Appliance(wanted, inside=inside) as appliance:
            for path in wanted.ports[0].input_paths(appliance.folder):
                write_capture(path, [])
            appliance.launch()
            assert appliance.process.wait(20) == 2, appliance.log()
            lines = [line for line in appliance.log().splitlines() if "metrics" in line]
            assert lines == [
                f"metrics: 127.0.0.1:{taken} cannot be opened (address already in use): "
                "end what listens there, or choose another port"
            ]
    finally:
        inside.end(listener)
