"""A server that dies: the health check finds it, new sessions go elsewhere, and its own are kept or reset
as the service's `on-down` says. Virtual IPv4 addresses keep here, IPv6 ones reset.
"""

import time

import pytest

from harness.site import Connection, Site, connect_to, web_services
from rig import plan
from rig.namespace import wait_until
from rig.servers import web_server

KEEP, RESET = 4, 6
HEALTH = {"type": "http", "interval": "300ms", "timeout": "2s", "fall": 2, "rise": 2}
# docs/operation.md, for a timeout that is longer than the interval: the interval with its jitter, and
# `fall` timeouts. A server that refuses is not waited for.
SILENT, REFUSING = 0.33 + 2 * 2, 2 * 0.33
SLACK = 5  # how late a busy machine may be, and whoever looks
RISEN = 60
# Longer than any client tries: an attempt does not find another server because its session ended.
TIMEOUTS = {"tcp-embryonic": "5m"}

BOTH = pytest.mark.parametrize("version", [KEEP, RESET], ids=["keep", "reset"])


def services(places):
    rows = web_services(places, health=HEALTH)
    for row in rows:
        row["on-down"] = "keep" if row["address"] == plan.VIP4 else "reset"
    return rows


@pytest.fixture(scope="module")
def town():
    places = plan.clients(True, False), plan.servers(True, True, False)
    with Site(*places, services, timeouts=TIMEOUTS) as site:
        yield site


def wait_for(site, server, health, seconds=RISEN):
    def is_so():
        return all(site.health(name)[server] == health for name in ("web", "web6"))

    wait_until(is_so, seconds, f"{server} is {health}")


def servers_of_new_sessions(site, version):
    seen = set()
    for client in site.clients:
        for _ in range(9):
            connection = Connection(client, version)
            seen.add(connection.server())
            connection.close()
    return seen


@pytest.fixture
def all_up(town):
    for server in town.servers:
        wait_for(town, server.name, "up")
    return town


def test_a_server_whose_host_falls_silent(all_up):
    """Its link is cut: nobody answers any more. Then it comes back."""
    site, victim = all_up, "server2"
    open_before = {
        (client.place.labels, version): connect_to(client, [victim], version)
        for client in site.clients for version in (KEEP, RESET)
    }  # fmt: skip
    site.network.switch.run("ip", "link", "set", victim, "down")
    try:
        wait_for(site, victim, "down", SILENT + SLACK)
        for version in (KEEP, RESET):
            assert servers_of_new_sessions(site, version) == {"server1", "server3"}
        for (_, version), connection in open_before.items():
            if version == RESET:
                # The client's next packet is answered by the appliance.
                with pytest.raises(ConnectionResetError):
                    connection.server()
            else:
                connection.sock.settimeout(0.5)
                connection.request("GET", "/")
                with pytest.raises(TimeoutError):
                    connection.sock.recv(1)
                connection.sock.settimeout(60)
    finally:
        site.network.switch.run("ip", "link", "set", victim, "up")
    wait_for(site, victim, "up")
    for (_, version), connection in open_before.items():
        if version == KEEP:
            # The question of before arrives at last, by retransmission.
            assert victim.encode() in connection.sock.recv(4096)
        connection.close()
    for version in (KEEP, RESET):
        assert victim in servers_of_new_sessions(site, version)


def test_a_server_whose_program_ends(all_up):
    """Its kernel closes the connections itself, and refuses new ones."""
    site, victim = all_up, "server1"
    host = site.host(victim)
    connections = [
        connect_to(client, [victim], version)
        for client in site.clients for version in (KEEP, RESET)
    ]  # fmt: skip
    host.end(site.web[victim], lambda process: process.kill())
    try:
        wait_for(site, victim, "down", REFUSING + SLACK)
        for version in (KEEP, RESET):
            assert servers_of_new_sessions(site, version) == {"server2", "server3"}
        for connection in connections:
            with pytest.raises((ConnectionError, OSError)):
                connection.server()
            connection.close()
    finally:
        site.web[victim] = web_server(host)
    wait_for(site, victim, "up")
    for version in (KEEP, RESET):
        assert victim in servers_of_new_sessions(site, version)


@BOTH
def test_a_connection_attempt_outlives_its_server(all_up, version):
    """A SYN that went to a silent server: once that is down, a later SYN finds another. Linux sends them
    after 1, 3, 7, 15 s (RFC 6298 2.1, 5.5)."""
    site, victim = all_up, "server3"
    site.network.switch.run("ip", "link", "set", victim, "down")
    waited = []
    try:
        for _ in range(3):
            begun = time.monotonic()
            connection = Connection(site.client(labels=True), version, seconds=60)
            waited.append(time.monotonic() - begun)
            assert connection.server() in ("server1", "server2")
            connection.close()
        # Servers take turns, so that one of three met the silent one.
        assert max(waited) > 0.9
        assert max(waited) < 15 + SLACK
    finally:
        site.network.switch.run("ip", "link", "set", victim, "up")
