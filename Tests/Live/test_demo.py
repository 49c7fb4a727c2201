"""The demo shows labels, and leaves nothing running, whatever ends it. That it succeeds without a built
program is for the README's test.
"""

import os
import re
import signal
import subprocess

import pytest

from support import processes
from support.programs import FOLDER, ROOT
from support.waiting import wait_until


SESSION = re.compile(r"^web +server\d +tcp +198\.51\.100\.11:\d+ +live +(\d+) +(\d+) ", re.MULTILINE)
PAIR = re.compile(r"^ *(\d+) +(\d+) +live +0 +\d+  front on \S+ +back on \S+ +back on", re.MULTILINE)


def test_shows_a_session_and_its_labels(tmp_path):
    command = [ROOT / "deploy/live/demo", FOLDER, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    sessions, pairs = SESSION.findall(done.stdout), PAIR.findall(done.stdout)
    odd, even = map(int, sessions[0])
    assert odd % 2 == 1 and even == odd + 1
    assert sessions[0] in pairs
    assert f"all that client1 sent have label {odd}, all that it got {even}." in done.stdout


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
