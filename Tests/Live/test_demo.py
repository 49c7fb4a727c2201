"""The demo leaves nothing running, whatever ends it. That it succeeds is for the README's test."""

import os
import signal
import subprocess

import pytest

from support import processes
from support.programs import FOLDER, ROOT
from support.waiting import wait_until


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
    started = processes.below(process.pid)
    for expected in ("sleep infinity", "nginx: worker", "dnsmasq", "tagline run"):
        assert any(expected in words for words in started.values()), (expected, started, said)
    process.send_signal(number)
    assert process.wait(30) == code, process.stdout.read()
    wait_until(lambda: not processes.running(started), 10, f"the end of {started}")
