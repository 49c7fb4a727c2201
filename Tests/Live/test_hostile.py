"""A hostile half minute at the admin socket, with traffic. What holds in peace holds afterwards: nothing
that was to stay has broken, and of all else nothing is left."""

import contextlib
import os
import re
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from harness.hostile import ADDRESSES, Hostile
from harness.site import Connection, Site, web_services
from rig import plan
from rig.namespace import wait_until

SECONDS = 25
TIMEOUTS = {
    "tcp-embryonic": "1s", "tcp-established": "10s", "tcp-closing": "500ms", "udp-embryonic": "1s",
    "udp": "2s",
}  # fmt: skip
SENT = ("label.switched", "analysed.forwarded", "kernel.packets")


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def town(request):
    site = Site(plan.clients(True, False), plan.servers(True, True, False), web_services)
    site.document |= {
        "workers": request.param, "timeouts": TIMEOUTS, "metrics": "127.0.0.1:9464",
        # Few of each, so that what leaks is soon missed.
        "sessions-per-worker": 2048, "memory": {"hugepages": "none", "mbufs": 8192},
        "labels": {"range": "17-4111", "quarantine": "200ms"},
    }  # fmt: skip
    with site:
        for server in site.servers:
            for address in ADDRESSES:
                server.run("ip", "address", "add", f"{address}/32", "dev", "lo")
        yield site


class Worker(threading.Thread):
    """Repeats something until it is ended."""

    def __init__(self, step, pause):
        super().__init__(daemon=True)
        self.step, self.pause = step, pause
        self.done, self.failure = 0, None
        self.ended = threading.Event()

    def run(self):
        try:
            while not self.ended.wait(self.pause):
                self.step(self.done)
                self.done += 1
        except Exception as error:  # noqa: BLE001 (raised again by the test)
            self.failure = error

    def end(self):
        self.ended.set()
        self.join(60)
        assert self.failure is None and not self.is_alive()


def visit(client, number):
    """A short connection to one of the services that come and go; who knows what becomes of it."""
    with contextlib.suppress(OSError):
        connection = client.connect(list(ADDRESSES)[number % len(ADDRESSES)], 80, 0.3)
        with connection:
            if number % 3 == 0:  # reset, not closed
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * (number % 4))
            connection.recv(4096 if number % 4 else 0)


def held(process):
    """Its descriptors and threads."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    threads = int(re.search(r"^Threads:\s+(\d+)", status, re.MULTILINE)[1])
    return len(os.listdir(f"/proc/{process.pid}/fd")), threads


def is_empty(site):
    status = site.appliance.control("status")
    labels, rows = status["labels"], site.appliance.show("services")
    servers = [server for row in rows for server in row["servers"]]
    return (
        status["sessions"] == 0
        and labels["free"] == labels["capacity"]
        and not any(row["retired"] or row["sessions"] for row in rows + servers)
    )


def is_balanced(counters):
    """docs/operation.md: each packet received ends in one way."""
    ends = sum(counters[name] for name in SENT)
    ends += sum(value for name, value in counters.items() if name.startswith("drop."))
    return counters["rx.packets"] == ends


def test_nothing_breaks_and_nothing_is_left(town):
    process = town.appliance.process
    wait_until(lambda: is_empty(town), 20, "peace before")
    before = held(process)
    hostile = Hostile(town, seed=1)
    kept = [Connection(client, version) for client in town.clients for version in (4, 6, 4, 6)]
    workers = [Worker(lambda _, one=one: one.get(), 0.2) for one in kept]
    workers += [
        Worker(lambda number, client=client: visit(client, number), 0.005)
        for client in town.clients for _ in range(2)
    ]  # fmt: skip
    for worker in workers:
        worker.start()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        hostile.act()
        assert process.poll() is None, town.appliance.log()[-4000:]
    for worker in workers:
        worker.end()
    assert hostile.taken > 10 and hostile.refused > 2
    assert all(worker.done > SECONDS for worker in workers), [worker.done for worker in workers]
    for connection in kept:
        connection.close()
    hostile.end()
    assert "result" in hostile.take(town.document)
    wait_until(lambda: is_empty(town), 60, "no session, label or slot is left")
    wait_until(lambda: is_balanced(town.counters()), 10, "every packet is accounted for")
    descriptors, threads = held(process)
    # A health check's sockets, and its namespace.
    assert descriptors <= before[0] + 12 and threads <= before[1] + 3, (before, descriptors, threads)
    assert all(port["rx_nombuf"] == 0 for port in town.appliance.show("ports"))
    assert town.appliance.end() == 0
