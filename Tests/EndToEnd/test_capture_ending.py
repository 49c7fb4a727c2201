"""`capture` while traffic never rests: full disks, slow readers, the end of the program."""

import os
import resource
import time

import pytest

from support.waiting import wait_until

from harness import pcapng
from harness.appliance import Appliance
from harness.captures import write_capture
from harness.flows import udp
from harness.setup import Port, Setup, service

FLOWS = [udp(client) for client in range(1, 51)]


class SmallDisk:
    """A mount namespace of the appliance's own with 256 KiB at a folder."""

    def __init__(self, folder):
        self.folder = folder

    def command(self, words):
        mount = f"mount -t tmpfs -o size=256k tmpfs {self.folder}"
        return ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh", *words]


class Busy(Appliance):
    """50 clients that send to a service for ever; what comes out goes nowhere."""

    def __init__(self, workers=1, **options):
        port = Port(inputs=workers, outputs=0, arguments=("infinite_rx=1",))
        super().__init__(
            Setup([port], [service((1, 2), protocol="udp")], workers=workers), **options
        )

    def __enter__(self):
        (port,) = self.setup.ports
        for path in port.input_paths(self.folder):
            write_capture(path, [flow.up(flow.send(bytes(900))) for flow in FLOWS])
        self.launch()
        self.ready()
        wait_until(lambda: self.counters()["rx.packets"] > 10_000, 20, "traffic")
        return self

    def memory(self):
        """Resident bytes of the process, and its threads."""
        status = dict(
            line.split(":", 1)
            for line in open(f"/proc/{self.process.pid}/status", encoding="ascii")
        )
        return int(status["VmRSS"].split()[0]) * 1024, int(status["Threads"])

    def shown(self):
        return self.admin.call("capture.show")

    def ended(self):
        wait_until(lambda: not self.shown()["running"], 20, "the capture has ended")
        return self.shown()


def test_a_disk_that_is_full(tmp_path):
    with Busy(inside=SmallDisk(tmp_path)) as busy:
        inside = f"/proc/{busy.process.pid}/root{tmp_path}/full"
        busy.admin.call("capture.start", file=str(tmp_path / "full"))
        shown = busy.ended()
        assert shown["ended"] == "error" and "No space left on device" in shown["error"]
        wait_until(lambda: "No space left on device" in busy.log(), 5, "a line of the log")
        size = os.stat(inside).st_size
        assert size == shown["bytes"] <= 256 << 10
        # What got in is whole, and other captures go on.
        copy = tmp_path / "copy"
        copy.write_bytes(open(inside, "rb").read())
        assert len(pcapng.read(copy)) == shown["captured"] > 0
        assert shown["lost"] > 0
        pcapng.blocks(copy)
        os.unlink(inside)
        busy.admin.call("capture.start", file=str(tmp_path / "full"), packets=10)
        assert busy.ended()["captured"] == 10
        assert busy.end() <= 1


def test_a_file_that_may_not_grow(tmp_path):
    """RLIMIT_FSIZE, past which a write raises SIGXFSZ (setrlimit(2))."""
    with Busy() as busy:
        resource.prlimit(busy.process.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
        busy.admin.call("capture.start", file=str(tmp_path / "long"))
        shown = busy.ended()
        assert shown["ended"] == "error" and "File too large" in shown["error"]
        assert len(pcapng.read(tmp_path / "long")) == shown["captured"] > 0
        assert busy.end() <= 1


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_leaves_a_complete_file(tmp_path, workers):
    path = tmp_path / "killed.pcapng"
    with Busy(workers) as busy:
        one = f"host {FLOWS[0].client_address}"
        busy.admin.call("capture.start", file=str(path), filter=one, snap_length=100)
        wait_until(lambda: busy.shown()["captured"] > 5000, 20, "packets")
        assert busy.end() <= 1
    packets = sum(kind == pcapng.PACKET for kind, _ in pcapng.blocks(path))
    ((received, lost, accepted),) = pcapng.statistics(path)
    assert received > accepted == packets + lost and packets > 5000
    assert pcapng.blocks(path)[-1][0] == pcapng.STATISTICS
    assert len(pcapng.fields(path)) == packets


def test_a_reader_that_takes_nothing_holds_up_nobody(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with Busy() as busy:
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        busy.admin.call("capture.start", file=str(path))
        wait_until(lambda: busy.shown()["lost"] > 1000, 20, "a full buffer")
        before = busy.counters()["rx.packets"]
        seconds = []
        for _ in range(20):
            began = time.monotonic()
            busy.admin.call("status")
            seconds.append(time.monotonic() - began)
        assert sorted(seconds)[10] <= 0.1
        wait_until(lambda: busy.counters()["rx.packets"] > before, 5, "packets that go on")
        began = time.monotonic()
        busy.admin.call("capture.stop")
        shown = busy.ended()
        assert time.monotonic() - began < 3
        assert shown["ended"] == "stop" and "took nothing more" in shown["error"]
        os.close(reader)

        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        busy.admin.call("capture.start", file=str(path))
        wait_until(lambda: busy.shown()["lost"] > 1000, 20, "a full buffer")
        assert busy.end() <= 1.5
        os.close(reader)


def test_starting_and_stopping_a_hundred_times(tmp_path):
    with Busy(2) as busy:
        sizes = []
        for turn in range(100):
            path = tmp_path / f"{turn}.pcapng"
            busy.admin.call("capture.start", file=str(path), filter="udp", snap_length=64)
            wait_until(lambda: busy.shown()["captured"] > 0, 20, "packets")
            busy.admin.call("capture.stop")
            shown = busy.ended()
            assert shown["ended"] == "stop" and shown["error"] is None
            packets = sum(kind == pcapng.PACKET for kind, _ in pcapng.blocks(path))
            assert packets == shown["captured"]
            sizes.append(busy.memory())
            path.unlink()
        (before, threads), (after, last_threads) = sizes[19], sizes[-1]
        assert after - before < 4 << 20, sizes
        assert last_threads <= threads + 1
        assert busy.end() <= 1
