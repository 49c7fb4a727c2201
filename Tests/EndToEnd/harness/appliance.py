"""The appliance as a process: started on a setup, watched through its socket, ended by SIGTERM."""

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from support.waiting import wait_until

from . import evidence
from .admin import Admin
from .captures import read_capture
from .frames import Frame
from .program import ENVIRONMENT, TAGLINE

START_SECONDS = 60
END_SECONDS = 5
EXIT_WHEN_IDLE = 60


class Appliance:
    """A running appliance; a context manager, so that nothing outlives its test."""

    def __init__(self, setup, idle=EXIT_WHEN_IDLE, inside=None):
        """`inside`: the `PrivateNetwork` that it is to run in."""
        self.setup = setup
        self.idle = idle
        self.inside = inside
        self.folder = Path(tempfile.mkdtemp(prefix="tagline-"))
        self.config = self.folder / "tagline.yaml"
        self.config.write_text(setup.text(self.folder))
        self.socket = self.folder / "admin.sock"
        self.admin = Admin(self.socket)
        self.log_path = self.folder / "log"
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def launch(self):
        """Starts the process, without waiting for it to be ready."""
        command = [TAGLINE, "run", "--config", self.config, "--exit-when-idle", str(self.idle)]
        if self.inside is not None:
            command = self.inside.command(command)
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT,
            )

    def ready(self):
        """Waits until the socket answers."""
        wait_until(self.answers, START_SECONDS, "the admin socket answers")

    def answers(self):
        assert self.process.poll() is None, self.obituary()
        return self.admin.answers()

    def obituary(self):
        return f"the appliance ended with {self.process.poll()}:\n{self.log()[-4000:]}"

    def log(self):
        return self.log_path.read_text(errors="replace")

    def counters(self):
        assert self.process.poll() is None, self.obituary()
        return self.admin.call("show.counters")

    def settled(self, received, seconds=30):
        """The counters, once all that was received is accounted for and nothing moves."""

        def still():
            before = self.counters()
            if before["rx.packets"] < received or not evidence.balanced(before):
                return None
            if not evidence.delivered(before):
                return None
            time.sleep(0.03)
            moved = {n for n, value in self.counters().items() if value != before[n]}
            packets = {name for name in moved if not name.startswith("health.")}
            return None if packets - {"worker.busy_ns"} else before

        try:
            return wait_until(still, seconds, f"{received} packets accounted for")
        except AssertionError as error:
            seen = {name: value for name, value in self.counters().items() if value}
            raise AssertionError(f"{error}: {seen}") from None

    def end(self):
        """SIGTERM; the seconds until the process had ended, with exit 0."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running {END_SECONDS} s after SIGTERM") from None
        assert code == 0, self.obituary()
        return time.monotonic() - started

    def outputs(self):
        """Port name to the frames that it sent, in the order in which they were sent."""
        return {port.name: self.output(port) for port in self.setup.ports}

    def output(self, port):
        records = [r for path in port.output_paths(self.folder) for r in read_capture(path)]
        records.sort(key=lambda record: record[0])
        return [Frame(raw) for _, raw in records]
