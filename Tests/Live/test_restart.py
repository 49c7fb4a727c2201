"""The appliance ends and starts again under load: what heals and what does not, as docs/operation.md
says under "A restart". Virtual IPv4 addresses are balanced by maglev here, IPv6 ones by rr.
"""

import signal
import socket
import threading

import pytest

from harness.datagrams import ask, connected, named_echo_server
from harness.site import Connection, Site, web_services
from rig import appliance, plan
from rig.namespace import wait_until

MAGLEV, ROUND_ROBIN = 4, 6
EACH = 6


def services(places):
    rows = web_services(places)
    for version, suffix in ((4, ""), (6, "6")):
        rows.append(appliance.service(f"echo{suffix}", places, "udp", 7, version))
    for row in rows:
        if row["address"] == plan.VIP4:
            row["algorithm"] = "maglev"
    return rows


class Asking(threading.Thread):
    """Asks one question after another over one connection, until `stop`; `answers` are the servers'."""

    def __init__(self, client, version, seconds):
        super().__init__(daemon=True)
        self.connection = Connection(client, version, seconds)
        self.answers, self.failure, self.stopped = [self.connection.server()], None, False
        self.start()

    def run(self):
        try:
            while not self.stopped:
                self.answers.append(self.connection.server())
        except Exception as error:  # noqa: BLE001 (judged by the test)
            self.failure = error

    def stop(self):
        self.stopped = True
        self.join(60)
        self.connection.close()
        return self.failure

    def goes_on(self):
        seen = len(self.answers)
        return lambda: self.failure is not None or len(self.answers) > seen + 5


class Restarted:
    """What stood when the appliance ended, and what it met when it was there again."""

    def __init__(self, site, how):
        self.site = site
        self.idle = {
            (client.place.labels, version): [Connection(client, version) for _ in range(EACH)]
            for client in site.clients for version in (MAGLEV, ROUND_ROBIN)
        }  # fmt: skip
        self.before = {
            key: [connection.server() for connection in connections]
            for key, connections in self.idle.items()
        }
        self.datagrams = self.ask_by_datagrams()
        self.asking, self.asking_others = (
            [Asking(client, version, seconds) for client in site.clients for _ in range(3)]
            for version, seconds in ((MAGLEV, 60), (ROUND_ROBIN, 5))
        )
        for asking in self.asking + self.asking_others:
            wait_until(asking.goes_on(), 30, "the load begins")
        self.code = site.appliance.end(how)
        self.filtered = "clsact" in site.network.box.run("tc", "qdisc", "show", "dev", "front")
        site.appliance.launch()

    def ask_by_datagrams(self):
        """By client and family: sockets with live sessions, each with its server."""
        for server in self.site.servers:
            for version in (MAGLEV, ROUND_ROBIN):
                named_echo_server(server, version)
        found = {}
        for client in self.site.clients:
            for version in (MAGLEV, ROUND_ROBIN):
                sockets = [connected(client, version) for _ in range(EACH)]
                found[client.place.labels, version] = [
                    (sock, [ask(sock, b" %d" % turn) for turn in range(3)][-1]) for sock in sockets
                ]
        return found

    def close(self):
        for connections in self.idle.values():
            for connection in connections:
                connection.close()
        for pairs in self.datagrams.values():
            for sock, _ in pairs:
                sock.close()


@pytest.fixture(scope="module", params=[signal.SIGTERM, signal.SIGKILL], ids=["term", "kill"])
def restarted(request):
    places = plan.clients(True, False), plan.servers(True, True, False)
    with Site(*places, services) as site:
        restarted = Restarted(site, request.param)
        restarted.how = request.param
        yield restarted
        restarted.close()


LABELS = pytest.mark.parametrize("labels", [True, False], ids=["labelled", "plain"])


def test_how_it_ended(restarted):
    """SIGTERM ends it with 0 and takes the ingress filter away; after SIGKILL that is still there."""
    assert restarted.code == (0 if restarted.how == signal.SIGTERM else -signal.SIGKILL)
    assert restarted.filtered == (restarted.how == signal.SIGKILL)


def test_load_goes_on(restarted):
    """Connections of a maglev service that were in use meanwhile: none was lost, none changed server."""
    for asking in restarted.asking:
        wait_until(asking.goes_on(), 60, "the load goes on")
    for asking in restarted.asking:
        assert asking.stop() is None
        assert len(set(asking.answers)) == 1


def test_other_load_goes_on_or_stands_still(restarted):
    """Connections of another service that were in use: those of which the server spoke first may go on.
    None is reset, or comes to another server."""
    for asking in restarted.asking_others:
        assert asking.stop() is None or isinstance(asking.failure, TimeoutError)
        assert len(set(asking.answers)) == 1


@LABELS
@pytest.mark.parametrize("version", [MAGLEV, ROUND_ROBIN], ids=["maglev", "rr"])
def test_datagrams_begin_new_sessions(restarted, version, labels):
    """With `maglev` at the server that they had, else at any; the hosts' old labels do no harm."""
    before = restarted.site.counters()["session.new"]
    pairs = restarted.datagrams[labels, version]
    answers = [[ask(sock, b" again %d" % turn) for turn in range(5)] for sock, _ in pairs]
    assert all(len(set(servers)) == 1 for servers in answers)
    if version == MAGLEV:
        assert [servers[0] for servers in answers] == [server for _, server in pairs]
    assert restarted.site.counters()["session.new"] >= before + EACH


def test_these_datagrams_had_several_servers(restarted):
    """The chance that the hash leads all twelve of `maglev` to one server is 3 ** -11."""
    of = {version: set() for version in (MAGLEV, ROUND_ROBIN)}
    for (_, version), pairs in restarted.datagrams.items():
        of[version] |= {server for _, server in pairs}
    assert len(of[MAGLEV]) > 1 and of[ROUND_ROBIN] == {"server1", "server2", "server3"}


@LABELS
def test_maglev_connections_go_on(restarted, labels):
    """Those that were idle: the client's next request finds the same server."""
    connections = restarted.idle[labels, MAGLEV]
    assert [one.server() for one in connections] == restarted.before[labels, MAGLEV]


def test_these_connections_had_several_servers(restarted):
    """All of both clients'. That the hash leads these twelve to one server has a chance of 3 ** -11."""
    before = restarted.before[True, MAGLEV] + restarted.before[False, MAGLEV]
    assert len(before) == 2 * EACH and len(set(before)) > 1


def test_they_are_labelled_again(restarted):
    before = restarted.site.counters()["label.switched"]
    for connection in restarted.idle[True, MAGLEV]:
        for _ in range(10):
            connection.server()
    assert restarted.site.counters()["label.switched"] >= before + 10 * EACH


@LABELS
def test_other_connections_find_silence(restarted, labels):
    """Who asks first in a session that cannot be known again is not answered, and not reset."""
    before = restarted.site.counters()
    for connection in restarted.idle[labels, ROUND_ROBIN]:
        connection.sock.settimeout(0.4)
        with pytest.raises(TimeoutError):
            connection.server()
    after = restarted.site.counters()
    assert after["drop.no_session"] - before["drop.no_session"] >= EACH
    assert after["answer.packets"] == before["answer.packets"]


@pytest.mark.parametrize("version", [MAGLEV, ROUND_ROBIN], ids=["maglev", "rr"])
@LABELS
def test_new_connections_work(restarted, labels, version):
    seen = set()
    for _ in range(30):
        connection = Connection(restarted.site.client(labels), version)
        seen.add(connection.server())
        connection.close()
    assert seen == {"server1", "server2", "server3"}


def keep_alive(connection):
    """A listener's kernel then sends something each second."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)


class Downloads:
    """Downloads that are under way when the appliance is restarted, by client and family."""

    SIZE = 40_000_000

    def __init__(self, site, prepare):
        self.body = bytes(range(250)) * (self.SIZE // 250)
        for server in site.servers:
            (server.folder / "site/long").write_bytes(self.body)
        self.answers = {}
        for client in site.clients:
            for version in (MAGLEV, ROUND_ROBIN):
                connection = Connection(client, version, seconds=90)
                prepare(connection)
                connection.request("GET", "/long")
                self.answers[client.place.labels, version] = connection.getresponse()
        assert site.appliance.end(signal.SIGTERM) == 0
        site.appliance.launch()

    def arrives(self, labels, version):
        return self.answers[labels, version].read() == self.body


@pytest.fixture(scope="module")
def keep_alive_downloads():
    with Site(plan.clients(True, False), plan.servers(True), services) as site:
        yield Downloads(site, keep_alive)


@pytest.mark.parametrize("version", [MAGLEV, ROUND_ROBIN], ids=["maglev", "rr"])
@LABELS
def test_a_listener_with_keep_alive_goes_on(keep_alive_downloads, labels, version):
    """Its probe tells where it is; then what the server sends again rebuilds the session."""
    assert keep_alive_downloads.arrives(labels, version)


@pytest.fixture(scope="module", params=[True, False], ids=["labelled", "plain"])
def gateway_downloads(request):
    """The one client is the gateway of its port, as a router before it would be."""
    places = plan.clients(request.param), plan.servers(True)
    with Site(*places, services, gateway=places[0][0].mac) as site:
        yield request.param, Downloads(site, lambda connection: None)


@pytest.mark.parametrize("version", [MAGLEV, ROUND_ROBIN], ids=["maglev", "rr"])
def test_a_listener_behind_a_gateway_goes_on(gateway_downloads, version):
    labels, downloads = gateway_downloads
    assert downloads.arrives(labels, version)
