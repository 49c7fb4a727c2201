"""What a client host asks of the virtual address, and what it gets."""

import json
from pathlib import Path

from rig import plan
from rig.namespace import Failed, wait_until

IPERF_PORT = 5201
REPORT = Path(__file__).with_name("wrk-report.lua")
KINDS = ("keep_alive", "new_connections", "stream")


def start_servers(hosts):
    """iperf3 beside the web server: one test at a time."""
    for host in hosts:
        process = host.serve("iperf3", "--server", "--forceflush", "--port", IPERF_PORT, log="iperf3.log")
        log = host.folder / "iperf3.log"
        wait_until(lambda log=log: "listening" in log.read_text(), 10, "iperf3 listens", process)


def requests(client, seconds, connections, keep_alive):
    """wrk's closed loop: each connection asks again once it has its answer.

    Without `keep_alive` each request has a connection of its own.
    """
    header = [] if keep_alive else ["--header", "Connection: close"]
    said = client.run(
        "wrk", "--threads", 1, "--connections", connections, "--duration", f"{seconds}s",
        "--timeout", "5s", *header, "--script", REPORT, f"http://{plan.VIP4}/",
        seconds=seconds + 30,
    )  # fmt: skip
    found = json.loads(said.splitlines()[-1])
    return {
        "requests_per_second": found["requests"] / found["seconds"],
        **{name: found[name] for name in ("p50_us", "p99_us", "requests", "errors")},
    }


def stream(client, seconds):
    """One TCP connection from a server to the client."""
    said = client.attempt(
        "iperf3", "--client", plan.VIP4, "--port", IPERF_PORT, "--time", seconds, "--reverse",
        "--json", "--connect-timeout", 5000, seconds=seconds + 30,
    )  # fmt: skip
    found = json.loads(said.stdout)
    if "error" in found:
        raise Failed(f"{client.name}: iperf3: {found['error']}")
    return {
        "gbit_per_second": found["end"]["sum_received"]["bits_per_second"] / 1e9,
        "retransmits": found["end"]["sum_sent"]["retransmits"],
    }
