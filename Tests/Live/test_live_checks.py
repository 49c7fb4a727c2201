"""deploy/live-checks as its users run it, with few servers and little time."""

import functools
import json

import pytest

from harness.programs import measure

run = functools.partial(measure, "live-checks")


def records(servers, only, *words):
    """`servers` checks a second at most, whatever the machine."""
    words = ["--servers", str(servers), "--interval", "1000", "--seconds", "3", "--only", only, *words]
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "only, words, kinds",
    [
        ("tcp to vip", [], ["tcp to vip", "tcp to vip, labelled"]),
        ("tcp to vip", ["--silent"], ["tcp to vip", "tcp to vip, labelled"]),
        ("icmp", [], ["icmp to server"]),
    ],
    ids=["answered", "silent", "icmp"],
)
def test_checks_are_made_and_timed(only, words, kinds):
    """Each kind once, plain and labelled."""
    found = records(300, only, *words)
    assert [one["kind"] for one in found] == kinds
    for one in found:
        assert 100 < one["checks_per_second"] < 360
        assert one["unsent"] == 0
        # Those under way at either end are counted or not.
        made = one["checks_per_second"] * 3
        # Where others want the processors too, a check may come late.
        assert one["failures"] > 0.8 * made if words else one["failures"] < 0.1 * made
        assert len(one["threads"]) >= 2 and "rte-worker" not in str(one["threads"])
        assert sum(one["threads"].values()) == pytest.approx(one["cores"], abs=0.01)
        assert one["us_per_check"] == pytest.approx(
            1e6 * one["cores"] / one["checks_per_second"], rel=0.05
        )


def test_ten_thousand_servers_take_a_part_of_a_core():
    """Every 2 s, 5,000 checks a second. What threads take without checks, and with each, is told by two
    measurements at less, and the processors' others only add to that: the least of three counts."""

    def cores():
        few, many = (records(servers, "tcp to vip, labelled")[0] for servers in (200, 2000))
        least, most = few["checks_per_second"], many["checks_per_second"]
        assert most > 1000
        each = (many["cores"] - few["cores"]) / (most - least)
        return few["cores"] + (5000 - least) * each

    found = []
    while len(found) < 3 and not (found and 0 < found[-1] < 1):
        found.append(cores())
    assert 0 < found[-1] < 1, found


def test_bad_input_is_refused():
    done = run("--servers", "0")
    assert done.returncode == 1 and "expected a whole number from 1 on" in done.stderr
