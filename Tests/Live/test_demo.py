"""The demo leaves nothing running, whatever ends it. That it succeeds is for the README's test."""

import os
import pathlib
import signal
import subprocess
import time

import pytest

from harness.programs import FOLDER, ROOT


def descendants(process):
    """Process numbers to command lines, of all that it and its children have started."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], check=True, capture_output=True, text=True
    )
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    found, parents = {}, {str(process.pid)}
    while parents:
        children = {pid: words for pid, parent, words in rows if parent in parents}
        found |= children
        parents = set(children)
    return {int(pid): words for pid, words in found.items()}


def still_running(processes):
    """Those that have not ended; the dead that nobody has waited for do not count."""
    running = {}
    for number, words in processes.items():
        try:
            status = pathlib.Path(f"/proc/{number}/status").read_text()
        except OSError:
            continue
        if "State:\tZ" not in status:
            running[number] = words
    return running


@pytest.mark.parametrize(
    "number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_leaves_nothing_running(number, code, tmp_path):
    process = subprocess.Popen(
        [ROOT / "deploy/live/demo", FOLDER, tmp_path], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("Requests"):
            break
    started = descendants(process)
    for expected in ("sleep infinity", "nginx: worker", "dnsmasq", "tagline run"):
        assert any(expected in words for words in started.values()), (expected, started, said)
    process.send_signal(number)
    assert process.wait(30) == code, process.stdout.read()
    deadline = time.monotonic() + 10
    while still_running(started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert still_running(started) == {}
    if number != signal.SIGKILL:
        assert list(tmp_path.glob("tagline-*")) == []
