"""Servers and their settings change under load, 24, then 30, then 22 servers: no transfer breaks, and new
sessions go where they should. Labelled and plain hosts, IPv4 and IPv6; services that begin with `wlc` and
with `maglev`, and change to the other.
"""

import contextlib
import signal
import time

import pytest

from harness.site import Site
from harness.transfers import CHECKED, PIECE, Transfers
from rig import appliance, plan
from rig.namespace import wait_until

PATIENCE = 60  # seconds, for what a busy machine may take long for
PORTS = (80, 81)
SERVICES = [(version, port) for port in PORTS for version in (4, 6)]
PLACES = plan.servers(*[number % 2 == 1 for number in range(1, 31)])
BEFORE = PLACES[:24]
KEPT, BRIEF = 12, 3  # transfers of each client to each service, lasting ones and others
# A server is found sick by what it answers, not by how long that takes.
HEALTH = {
    "type": "http", "port": CHECKED, "interval": "500ms", "timeout": "10s", "rise": 1, "fall": 2,
}  # fmt: skip


def name(service):
    version, port = service
    return f"web{port}-{version}"


def services(places, algorithms=("wlc", "maglev")):
    return [
        appliance.service(
            name((version, port)), places, port=port, version=version, health=HEALTH,
            algorithm=algorithms[PORTS.index(port)], **{"on-down": "keep"},
        )
        for version, port in SERVICES
    ]  # fmt: skip


def names(places):
    return {place.name for place in places}


class Town:
    """The network under load, and its changes."""

    def __init__(self, site, load):
        self.site, self.load = site, load
        for _ in range(KEPT):
            for client in site.clients:
                for service in SERVICES:
                    load.keep(client, service)
        load.come_and_go(site.clients, SERVICES, BRIEF)
        self.wait(self.all_under_way, "the load is there")

    @staticmethod
    def wait(condition, what):
        wait_until(condition, PATIENCE, what)

    # -- The appliance

    def reload(self, places, algorithms=("wlc", "maglev")):
        document = self.site.document | {"services": services(places, algorithms)}
        self.site.appliance.write(document)
        self.site.appliance.control("reload")

    def hang_up(self):
        before = self.snapshot()
        self.site.appliance.process.send_signal(signal.SIGHUP)
        self.wait(lambda: self.snapshot() > before, "it reads its file again")

    def snapshot(self):
        return self.site.appliance.control("status")["snapshot"]

    def set(self, servers, *words):
        for server in servers:
            for service in SERVICES:
                self.site.appliance.control("server", "set", f"{name(service)}/{server}", *words)

    def rows(self, server):
        return [row for row in self.site.appliance.show("servers") if row["name"] == server]

    def have(self, servers, health):
        return all(row["health"] == health for server in servers for row in self.rows(server))

    def sessions(self, server):
        shown = self.site.appliance.control("show", "sessions", "--limit", "100000")["sessions"]
        return [one for one in shown if one["server"] == server]

    # -- The load

    def all_under_way(self):
        return all(one.received or one.is_over for one in self.load.kept)

    def with_most(self, labels, count, but=()):
        """The servers that have most of the transfers that are kept."""
        of = [one.server for one in self.load.kept]
        chosen = names(place for place in PLACES if place.labels == labels) - set(but)
        return set(sorted(chosen, key=of.count)[-count:])

    def later(self):
        """A mark: what begins from here on meets what holds now. What was found out is published a
        moment later, by who answers here too, and the worker may be within a turn of its loop then; once
        a session of later is over, it is not."""
        for _ in range(2):
            mark = len(self.load.begun)
            self.wait(lambda: any(one.is_over for one in self.load.begun[mark:]), "a later transfer")
            self.snapshot()
        return len(self.load.begun)

    def new(self, mark):
        """Service and server of all that began since."""
        return {(one.service, one.server) for one in self.load.begun[mark:] if one.server}

    @contextlib.contextmanager
    def going_on(self, transfers):
        """What these transfers survive: all get some more after it, in both directions at once."""
        before = {one: one.received for one in transfers}
        yield
        self.wait(
            lambda: all(one.is_over or one.received > before[one] + 3 * PIECE for one in before),
            "these transfers go on",
        )
        assert [one for one in before if one.is_over] == []

    @contextlib.contextmanager
    def change(self, avoided=(), sought=()):
        """A change. From then on no new session is for those servers `avoided`, who have some from
        before, and each service has new ones for each of those `sought`."""
        with self.going_on(self.load.kept):
            assert set(avoided) <= {one.server for one in self.load.kept}
            yield
        mark = self.later()
        self.renew()
        wanted = {(service, server) for service in SERVICES for server in sought}
        end = time.monotonic() + PATIENCE
        while missing := wanted - self.new(mark):
            # With `wlc` others must have as many as those.
            assert time.monotonic() < end, f"no new sessions: {missing}"
            self.renew()
        assert not {server for _, server in self.new(mark)} & set(avoided)

    def renew(self):
        """The older half ends, and as many begin."""
        old = self.load.kept[: len(self.load.kept) // 2]
        self.load.retire(old)
        for one in old:
            self.load.keep(one.client, one.service)
        self.wait(lambda: all(one.is_over for one in old), "the end of transfers")
        self.wait(self.all_under_way, "new transfers")
        assert self.load.broken() == []


@pytest.fixture(scope="module")
def town():
    with Transfers() as load:
        site = Site(
            plan.clients(True, False), PLACES, lambda _: services(BEFORE),
            serve=lambda host: load.serve(host, PORTS),
        )  # fmt: skip
        with site:
            yield Town(site, load)


def test_no_transfer_breaks(town):
    site, load = town.site, town.load
    with town.change(sought=names(PLACES)):
        town.reload(PLACES)
    with town.change():
        town.hang_up()

    heavy, idle = town.with_most(True, 1), town.with_most(False, 1)
    with town.change(sought=heavy, avoided=idle):
        town.set(heavy, "--weight", "3")
        town.set(idle, "--weight", "0")
    drained = town.with_most(True, 1) | town.with_most(False, 1, but=idle)
    with town.change(avoided=drained):
        town.set(drained, "--state", "drain")
    with town.change(sought=drained | idle):
        town.set(drained, "--state", "ready")
        town.set(heavy | idle, "--weight", "1")

    sick = town.with_most(True, 1) | town.with_most(False, 1)
    with town.change(avoided=sick):
        load.sick |= sick
        town.wait(lambda: town.have(sick, "down"), "they are down")
    with town.change(sought=sick):
        load.sick.clear()
        town.wait(lambda: town.have(sick, "up"), "they are up")

    others = "maglev", "wlc"
    with town.change(sought=names(PLACES)):
        town.reload(PLACES, others)
    gone = town.with_most(True, 4) | town.with_most(False, 4)
    left = [place for place in PLACES if place.name not in gone]
    assert len(left) == 22
    with town.change(avoided=gone, sought=names(left)):
        town.reload(left, others)

    load.settle()
    town.wait(lambda: len(load.ended) + len(load.kept) == len(load.begun), "the others' end")
    check_load(town)
    # What is told to break does break, and is not taken for whole.
    (victim,) = town.with_most(True, 1)
    told = {one for one in load.kept if one.server == victim}
    stay = set(load.kept) - told
    with town.going_on(stay):
        town.set([victim], "--state", "maint")
        town.wait(lambda: not town.sessions(victim), "its sessions end")
    before = {one: one.received for one in told}
    with town.going_on(stay):
        pass
    assert told and all(one.failure or one.received == before[one] for one in told)
    load.retire(stay)
    town.wait(lambda: all(one.is_over for one in stay), "the end")
    assert set(load.broken()) <= told
    town.wait(lambda: not any(row["retired"] for row in site.appliance.show("servers")), "eight left")


def check_load(town):
    """Hundreds of transfers that lasted, between all kinds of hosts, and labels where these echo them."""
    lasted = [one for one in town.load.ended if one.was_kept]
    labels = {place.name: place.labels for place in PLACES}
    kinds = {(one.client.place.labels, labels[one.server], one.service) for one in lasted}
    assert len(lasted) >= 500 and len(kinds) == 2 * 2 * len(SERVICES)
    pieces = sum(one.received // PIECE for one in lasted if one.client.place.labels)
    assert town.site.counters()["label.switched"] > pieces
