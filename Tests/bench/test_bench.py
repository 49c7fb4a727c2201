"""The benchmark as its users run it. What a case meant to measure it checks itself, by the counters."""

import json
import os
import signal
import subprocess

import pytest

from support import processes
from support.programs import FOLDER
from support.waiting import wait_until

BENCH = FOLDER / "tagline-bench"
CONTRACT = {"case", "device", "n", "ns_min", "ns_median", "macswap_ns_median", "ratio"}


def run(*arguments):
    result = subprocess.run([BENCH, *arguments], capture_output=True, text=True, timeout=300)
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("device", ["ring", "pcap"])
@pytest.mark.parametrize(
    "case", ["switch", "switch.guard-port", "switch.pop", "session", "session.ipv6"])
def test_cases_on_both_devices(case, device):
    code, out, err = run(
        case, "--device", device, "--n", "1000", "--rounds", "2", "--packets", "100000", "--json")
    assert code == 0, err
    [line] = out.splitlines()
    result = json.loads(line)
    assert CONTRACT <= set(result)
    assert (result["case"], result["device"], result["n"]) == (case, device, 1000)
    assert 0 < result["ns_min"] <= result["ns_median"]
    assert result["macswap_ns_median"] > 0
    assert result["ratio"] == pytest.approx(
        result["ns_median"] / result["macswap_ns_median"], abs=0.01)
    assert result["packets"] >= 200_000 and result["lost"] == 0


@pytest.mark.parametrize(
    "case", ["new.rr", "new.maglev", "new.syn-flood", "mix", "mix.snapshot", "mix.reload"])
def test_cases_of_the_ring(case):
    code, out, err = run(case, "--rounds", "2", "--json")
    assert code == 0, err
    result = json.loads(out)
    assert result["case"] == case and result["lost"] == 0
    if case in ("mix.snapshot", "mix.reload"):
        assert result["publications"] >= 2
        assert result["ns_median_undisturbed"] > 0


@pytest.mark.parametrize("case", ["own", "other", "mixed", "one-queue", "session"])
def test_two_workers(case):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("two workers need two processors")
    code, out, err = run(f"workers.{case}", "--rounds", "2", "--packets", "5120", "--json")
    assert code == 0, err
    result = json.loads(out)
    assert result["lost"] == 0 and result["ns_median_alone"] > 0 and result["mpps"] > 0
    assert (result["ns_median_worker1"] is None) == (case == "one-queue")


def test_start():
    code, out, err = run("start", "--rounds", "2", "--json")
    assert code == 0, err
    result = json.loads(out)
    assert 1e6 < result["ns_min"] < 20e9
    # A record is two cache lines (and its share of the buckets), a pair two words and more.
    assert result["bytes_a_session"] >= 128 and result["bytes_a_pair"] >= 16


def test_c_loop_against_testpmd():
    code, out, err = run("macswap", "--rounds", "2", "--json")
    assert code == 0, err
    assert out
    for line in out.splitlines():
        result = json.loads(line)
        assert result["ns_min"] > 0 and result["macswap_ns_median"] > 0


def test_record(tmp_path):
    path = tmp_path / "record.json"
    code, out, err = run(
        "switch", "--device", "ring", "--n", "1000", "--rounds", "2", "--packets", "51200",
        "--record", str(path))
    assert code == 0, err
    assert "switch" in out
    record = json.loads(path.read_text())
    assert {"machine", "dpdk", "date", "commit", "results"} <= set(record)
    assert record["results"][0]["case"] == "switch"


def test_list_names_every_case():
    code, out, _ = run("--list")
    assert code == 0
    names = {line.split()[0] for line in out.splitlines()}
    assert {"switch", "session", "new.wlc", "new.syn-flood", "mix", "start", "macswap"} <= names


@pytest.mark.parametrize(
    "arguments, code, text",
    [
        (["swich"], 1, "did you mean switch?"),
        (["zzz"], 1, "--list"),
        (["switch", "--device", "disk"], 1, "expected ring, pcap or all"),
        (["switch", "--n", "7"], 1, "no case"),
        (["--rounds", "0"], 1, "expected 1 to 1000"),
    ],
)
def test_bad_input(arguments, code, text):
    result = run(*arguments)
    assert result[0] == code
    assert text in result[2]


def test_huge_pages_that_are_not_there(tmp_path):
    free = 0
    for line in open("/proc/meminfo", encoding="ascii"):
        if line.startswith("HugePages_Free:"):
            free = int(line.split()[1])
    if free > 0:
        pytest.skip("there are huge pages")
    code, _, err = run("switch", "--n", "1000", "--device", "ring", "--hugepages", "required")
    assert code == 2 and "hugepages/reserve" in err


@pytest.mark.parametrize("case", ["switch", "start"])
def test_no_capture_is_left(case, tmp_path):
    """Nor does `start` fail where the folder's path leaves no room for a socket's (unix(7): 107)."""
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    result = subprocess.run(
        [BENCH, case, "--device", "pcap", "--rounds", "1", "--packets", "51200"],
        env=os.environ | {"TMPDIR": str(folder)}, capture_output=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert os.listdir(folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("case", ["switch", "start", "macswap"])
def test_an_interruption_leaves_nothing(case, number, tmp_path):
    bench = subprocess.Popen(
        [BENCH, case, "--device", "pcap", "--rounds", "1000"],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deep = 1 if case == "switch" else 2  # processes: the case's, and of that what it measures
        wait_until(
            lambda: len(processes.below(bench.pid)) >= deep and any(tmp_path.iterdir()), 60, "start")
        started = processes.below(bench.pid)
        bench.send_signal(number)
        assert bench.wait(30) == 128 + number
        assert list(tmp_path.iterdir()) == []
        wait_until(lambda: not processes.running(started), 60, "end")
    finally:
        bench.kill()
        bench.wait()


def test_a_killed_benchmark_takes_its_case_along(tmp_path):
    bench = subprocess.Popen(
        [BENCH, "switch", "--device", "pcap", "--rounds", "1000"],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: any(tmp_path.iterdir()), 60, "start")
    finally:
        bench.kill()
        bench.wait()
    wait_until(lambda: not any(tmp_path.iterdir()), 60, "the case's end")
