"""deploy/live-balancing as its users run it, with the least of time."""

import functools
import json
import math

from pool.loads import reported, variance

from harness.programs import measure

run = functools.partial(measure, "live-balancing")


def test_all_algorithms_meet_the_same_requests_and_serve_them(tmp_path):
    kept = tmp_path / "trials.jsonl"
    done = run("--rounds", "1", "--seconds", "3", "--only", "rr,wlc", "--keep", kept)
    assert done.returncode == 0, done.stderr
    records = {one["algorithm"]: one for one in map(json.loads, kept.open())}
    assert set(records) == {"rr", "wlc"}
    assert len(records["rr"]["times"]) == len(records["wlc"]["times"]) > 300
    for record in records.values():
        times = record["times"]
        served = [time for time in times if time is not None]
        assert len(served) > 0.6 * len(times)
        # The least work, 20.3 ms by the distribution's mean, on a server of speed 2.
        assert min(served) > 0.01
        assert record["load_variance"] > 0
    shown = run("--show", kept, "--csv")
    assert shown.returncode == 0, shown.stderr
    header, rr, wlc = (line.split(",") for line in shown.stdout.splitlines())
    assert header[0] == "algorithm" and (rr[0], wlc[0]) == ("rr", "wlc")
    for line in (rr, wlc):
        p50, p99, p999, load_variance = map(float, line[2:6])
        assert 10 < p50 <= p99 <= p999 <= 5500
        assert math.isclose(load_variance, records[line[0]]["load_variance"], abs_tol=0.01)


def test_the_variance_of_loads_leaves_out_who_is_dead():
    loads = [reported("7 1\n8 1\n9 6\n1"), reported("7 3\n8 3\n9 6\n"), reported("7 8\n8 80\n9 6\n")]
    # At 7 the mean is 4, the deviations -3, -1, 4; at 8 the first two alone are 1 from theirs.
    found = variance(loads, range(7, 11), lambda server, tick: (server, tick) != (2, 8))
    assert math.isclose(found, (26 / 3 + 1 + 0) / 3)


def test_bad_input_is_refused():
    done = run("--show", "/nonexistent")
    assert done.returncode == 1 and "/nonexistent" in done.stderr
