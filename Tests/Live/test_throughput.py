"""deploy/live-throughput as its users run it, with the least of time."""

import functools
import json

import pytest

from harness.programs import measure

run = functools.partial(measure, "live-throughput")


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """One turn of each that differs in more than the device."""
    kept = tmp_path_factory.mktemp("throughput") / "turns.jsonl"
    names = "direct,testpmd,tagline,tagline-plain,haproxy,nginx"
    done = run("--rounds", "1", "--only", names, "--keep", kept, "--json")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines == kept.read_text().splitlines()
    found = {record["contender"]: record for record in map(json.loads, lines)}
    assert list(found) == names.split(",")
    return found | {"file": kept}


@pytest.mark.parametrize(
    "name", ["direct", "testpmd", "tagline", "tagline-plain", "haproxy", "nginx"])
def test_traffic_is_real_and_takes_its_way(records, name):
    record = records[name]
    for kind in ("keep_alive", "new_connections"):
        found = record[kind]
        assert found["requests"] > 100 and found["errors"] == 0
        assert 0 < found["p50_us"] <= found["p99_us"]
    assert record["stream"]["gbit_per_second"] > 0.01
    # Each new connection is a SYN, an ACK, a request and more from the client.
    least = record["keep_alive"]["requests"] / 16 + 3 * record["new_connections"]["requests"]
    if name == "direct":
        assert record["box_packets"] < 100
    else:
        assert record["box_packets"] > least


def test_labels_are_switched_where_hosts_take_part(records):
    labelled, plain = records["tagline"], records["tagline-plain"]
    requests = labelled["keep_alive"]["requests"]
    assert labelled["counters"]["label.switched"] > requests
    assert labelled["counters"]["session.new"] >= labelled["new_connections"]["requests"]
    assert "label.switched" not in plain["counters"]
    assert plain["counters"]["analysed.forwarded"] > plain["keep_alive"]["requests"]


def test_kept_turns_make_the_table(records):
    done = run("--show", records["file"])
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()]
    direct, testpmd = rows[2], rows[3]
    assert (direct[0], testpmd[0]) == ("direct", "testpmd")
    ratio = (
        records["testpmd"]["keep_alive"]["requests_per_second"]
        / records["direct"]["keep_alive"]["requests_per_second"]
    )
    assert testpmd[1].endswith(f"({ratio:.2f})")


def test_bad_input_is_refused():
    done = run("--show", "/nonexistent")
    assert done.returncode == 1 and "/nonexistent" in done.stderr
    done = run("--help", "--rounds", "0")
    assert done.returncode == 0 and "--keep FILE" in done.stdout
