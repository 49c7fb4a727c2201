"""iperf3 in both directions, to labelled and plain servers."""

import json

import pytest

from harness.site import address
from rig.namespace import wait_until

BYTES = 32 << 20


@pytest.fixture(scope="module", autouse=True)
def iperf_servers(site):
    started = []
    for server in site.servers:
        port = 5200 + server.place.number
        for virtual in (address(4), address(6)):
            # Bound to any address, it would answer UDP from the host's own.
            process = server.start("iperf3", "--server", "--bind", virtual, "--port", port)
            ready = lambda s=server, v=virtual, p=port: s.listens(v, p)  # noqa: E731
            wait_until(ready, 10, f"iperf3 on {server.name}", process)
            started.append((server, process))
    yield
    for server, process in started:
        server.end(process)


def iperf(client, server, version, *words):
    """The `end` of iperf3's report."""
    said = client.attempt(
        "iperf3", "--client", address(version), "--port", 5200 + server.place.number, "--json",
        *words, seconds=120,
    )  # fmt: skip
    report = json.loads(said.stdout)
    assert "error" not in report, report["error"]
    return report["end"]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("direction", [(), ("--reverse",)], ids=["upload", "download"])
@pytest.mark.parametrize("server", ["server1", "server3"], ids=["labelled", "plain"])
@pytest.mark.parametrize("labels", [True, False], ids=["labelled", "plain"])
def test_tcp(site, labels, server, direction, version):
    end = iperf(
        site.client(labels), site.host(server), version, "--bytes", BYTES, *direction
    )
    assert end["sum_sent"]["bytes"] >= BYTES
    # The receiver stops counting when the sender is done: what the sockets still hold is missing.
    assert end["sum_received"]["bytes"] > 0.5 * BYTES


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("direction", [(), ("--reverse",)], ids=["upload", "download"])
@pytest.mark.parametrize("labels", [True, False], ids=["labelled", "plain"])
def test_udp(site, labels, direction, version):
    """80 datagrams of 1,200 bytes, none lost: the receiver's socket holds them all (212,992 bytes by
    Linux' default, 2,304 for each), however late it is read."""
    words = ("--udp", "--bitrate", "1M", "--length", 1200, "--blockcount", 80)
    end = iperf(site.client(labels), site.host("server1"), version, *words, *direction)
    assert end["sum"]["lost_packets"] == 0 and end["sum"]["packets"] > 40
