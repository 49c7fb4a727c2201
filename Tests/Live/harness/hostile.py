"""Whoever has rights at the admin socket and no mercy: configurations that come and go, and all else that
an operator, a script or a mistake may send, in an order that a seed gives."""

import contextlib
import copy
import json
import random
import signal
import socket
import time

from rig import appliance

ALGORITHMS = ("rr", "wrr", "lc", "wlc", "rt", "p2c", "maglev")
ADDRESSES = {f"203.0.113.{20 + number}": name for number, name in enumerate(ALGORITHMS)}
GARBAGE = (
    b"\n", b"\xff\xfe\x00\n", b"[" * 3000 + b"\n", b"[]\n", b'{"jsonrpc":"2.0","id":1,"meth', b"x" * (2 << 20),
    b'{"jsonrpc":"2.0","id":1,"method":"show.sessions","params":{"limit":1e300}}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"show.config"}\n' * 100,
    b'{"jsonrpc":"2.0","method":"status"}\n' * 100,
)  # fmt: skip
ODD_FILES = ("/nonexistent", "/", "/dev/null", "/dev/stdin", "/proc/self/mem", "/etc/passwd", "", "\0")


class Hostile:
    """What it changes are the services at `ADDRESSES`, beside those of `site.document`."""

    def __init__(self, site, seed):
        self.site = site
        self.random = random.Random(seed)
        self.held = []  # connections that say nothing
        self.taken = self.refused = 0  # configurations

    def act(self):
        self.random.choice((
            self.reload, self.reload, self.reload, self.reload_often, self.reload_wrongly, self.hang_up,
            self.set_server, self.set_server, self.withdraw, self.trace, self.show, self.babble,
            self.hold, self.scrape,
        ))()  # fmt: skip

    def end(self):
        for connection in self.held:
            connection.close()

    # -- What it does

    def reload(self):
        self.count(self.take(self.document()))

    def take(self, document):
        """Has the appliance read a configuration from its own file, whatever it read last."""
        self.site.appliance.write(document)
        return self.call("reload", config=str(self.site.appliance.file))

    def reload_often(self):
        """Two configurations in turn, as one batch, so that nothing else is done in between."""
        files = []
        for number in range(2):
            self.site.appliance.write(self.document())
            file = self.site.appliance.file.with_name(f"turn{number}.yaml")
            file.write_bytes(self.site.appliance.file.read_bytes())
            files.append(str(file))
        batch = [request("reload", config=files[number % 2]) for number in range(8)]
        for answer in self.ask(batch):
            self.count(answer)

    def reload_wrongly(self):
        document = self.document()
        self.random.choice((
            lambda: document.update(workers=7),
            lambda: document.update(nonsense=1),
            lambda: document.update(metrics="192.0.2.77:9"),
            lambda: document["services"].append(document["services"][0]),
            lambda: document["services"][0].update(servers=[]),
        ))()  # fmt: skip
        assert "error" in self.take(document)
        assert "error" in self.call("reload", config=self.random.choice(ODD_FILES))
        self.refused += 2

    def hang_up(self):
        for _ in range(10):
            self.site.appliance.process.send_signal(signal.SIGHUP)

    def set_server(self):
        rows = [row for row in self.call("show.servers")["result"] if row["service"] in ALGORITHMS]
        if rows:
            row = self.random.choice(rows)
            name = f"{row['service']}/{row['name']}"
            state = self.random.choice(("ready", "ready", "drain", "maint", "asleep"))
            self.call("server.set", server=name, state=state)
            self.call("server.set", server=name, weight=self.random.choice((0, 1, 65535, 65536)))

    def withdraw(self):
        rows = self.call("show.sessions", limit=100)["result"]["sessions"]
        labels = [row["c2s_label"] for row in rows if row["service"] in ALGORITHMS]
        for label in labels[:5] + [self.random.randrange(1 << 20)]:
            self.call("session.withdraw", label=label)

    def trace(self):
        filters = ("", "tcp", "mpls", "udp port 53", "host 203.0.113.20", "no filter (")
        count = self.random.choice((1, 50, 10_000, 10_001))
        self.call("trace.start", filter=self.random.choice(filters), count=count)

    def show(self):
        for what in ("services", "servers", "sessions", "labels", "ports", "workers", "counters", "config"):
            assert "result" in self.call(f"show.{what}")
        assert "result" in self.call("trace.show")

    def babble(self):
        """Sends, and goes without a word more; sometimes it reads a little."""
        with self.connection() as connection, contextlib.suppress(OSError):
            connection.sendall(self.random.choice(GARBAGE))
            if self.random.random() < 0.5:
                connection.shutdown(socket.SHUT_WR)
                connection.recv(100)

    def hold(self):
        connection = self.connection()
        connection.send(b'{"half')
        self.held.append(connection)
        if len(self.held) > 20:
            self.held.pop(0).close()

    def scrape(self):
        with contextlib.suppress(OSError), self.site.network.box.connect("127.0.0.1", 9464, 2) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
            client.recv(self.random.choice((1, 100_000)))

    # -- The admin socket

    def connection(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(10)
        connection.connect(str(self.site.appliance.socket))
        return connection

    def ask(self, question):
        """The answer to one line, within ten seconds."""
        begun = time.monotonic()
        with self.connection() as connection:
            connection.sendall(json.dumps(question).encode() + b"\n")
            answer = json.loads(connection.makefile("rb").readline())
        assert time.monotonic() - begun < 10, question
        return answer

    def call(self, method, **params):
        return self.ask(request(method, **params))

    def count(self, answer):
        if "error" in answer:
            self.refused += 1
        else:
            self.taken += 1

    # -- Configurations

    def document(self):
        chosen = [address for address in ADDRESSES if self.random.random() < 0.8]
        services = [self.service(address) for address in chosen]
        document = self.site.document
        return copy.deepcopy(document | {"services": document["services"] + services})

    def service(self, address):
        pick = self.random.choice
        protocol, name = pick(("tcp", "tcp", "udp")), ADDRESSES[address]
        row = appliance.service(name, self.servers(), protocol, pick((80, "80-90", "any")))
        row |= {"address": address, "algorithm": name if pick((True, False)) else pick(ALGORITHMS)}
        row |= {"on-down": pick(("keep", "reset")), "clients": pick(("auto", "labelled", "plain"))}
        for server in row["servers"]:
            server["weight"] = pick((0, 1, 2, 65535))
        if pick((True, False)):
            nobody = f"192.0.2.{pick(range(200, 210))}"
            row["servers"].append({"name": "nobody", "address": nobody, "labels": pick((True, False))})
        more = (
            ("max-sessions", 3), ("new-sessions-per-second", 5), ("response-samples", 100),
            ("new-sessions-per-client", {"rate": 5}), ("deny", ["198.51.100.11/32"]),
            ("slow-start", "1s"), ("refuse-with", pick(("icmp", "drop"))),
        )  # fmt: skip
        row |= dict(self.random.sample(more, 2))
        if pick((True, True, False)):
            times = {"interval": pick(("20ms", "200ms")), "timeout": pick(("20ms", "300ms"))}
            row["health"] = {"type": pick(("http", "tcp")), "to": pick(("vip", "server")), "port": 80} | times
        return row

    def servers(self):
        places = [server.place for server in self.site.servers]
        return self.random.sample(places, self.random.randrange(1, len(places) + 1))


def request(method, **params):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
