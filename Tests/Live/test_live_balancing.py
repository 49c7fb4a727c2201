"""deploy/live-balancing as its users run it, with the least of time."""

import functools
import json

from harness.programs import measure

run = functools.partial(measure, "live-balancing")


def test_all_algorithms_meet_the_same_requests_and_serve_them(tmp_path):
    kept = tmp_path / "trials.jsonl"
    done = run("--rounds", "1", "--seconds", "3", "--only", "rr,wlc", "--keep", kept)
    assert done.returncode == 0, done.stderr
    records = {one["algorithm"]: one["times"] for one in map(json.loads, kept.open())}
    assert set(records) == {"rr", "wlc"}
    assert len(records["rr"]) == len(records["wlc"]) > 300
    for times in records.values():
        served = [time for time in times if time is not None]
        assert len(served) > 0.6 * len(times)
        # The least work, 20.3 ms by the distribution's mean, on a server of speed 2.
        assert min(served) > 0.01
    shown = run("--show", kept, "--csv")
    assert shown.returncode == 0, shown.stderr
    header, rr, wlc = (line.split(",") for line in shown.stdout.splitlines())
    assert header[0] == "algorithm" and (rr[0], wlc[0]) == ("rr", "wlc")
    for line in (rr, wlc):
        p50, p99, p999 = map(float, line[2:5])
        assert 10 < p50 <= p99 <= p999 <= 5000


def test_bad_input_is_refused():
    done = run("--show", "/nonexistent")
    assert done.returncode == 1 and "/nonexistent" in done.stderr
