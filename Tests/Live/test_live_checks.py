"""deploy/live-checks as its users run it, with few servers and little time."""

import functools
import json

import pytest

from harness.programs import measure

run = functools.partial(measure, "live-checks")


@pytest.mark.parametrize("silent", [False, True], ids=["answered", "silent"])
def test_checks_along_the_path_are_made_and_timed(silent):
    """300 servers a second at most, whatever the machine; each kind once, plain and labelled."""
    words = ["--servers", "300", "--interval", "1000", "--seconds", "3", "--only", "tcp to vip"]
    done = run(*words, *["--silent"] * silent)
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["kind"] for one in records] == ["tcp to vip", "tcp to vip, labelled"]
    for one in records:
        assert 100 < one["checks_per_second"] < 360
        assert one["unsent"] == 0
        # Those under way at either end are counted or not.
        made = one["checks_per_second"] * 3
        # Where others want the processors too, a check may come late.
        assert one["failures"] > 0.8 * made if silent else one["failures"] < 0.1 * made
        assert 0 < one["cores"] < 2 and len(one["threads"]) >= 3


def test_bad_input_is_refused():
    done = run("--servers", "0")
    assert done.returncode == 1 and "expected a whole number from 1 on" in done.stderr
