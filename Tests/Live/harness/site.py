"""A live network whose servers serve, whose label endpoints are attached, and an appliance for it."""

import contextlib
import http.client

from rig import appliance, plan
from rig.network import Network
from rig.servers import web_server
from support.programs import FOLDER


def web_services(places, **options):
    """HTTP on both virtual addresses: `web` and `web6`."""
    return [
        appliance.service("web", places, **options),
        appliance.service("web6", places, version=6, **options),
    ]


def address(version):
    return plan.VIP4 if version == 4 else plan.VIP6


def url(version, path="/"):
    host = address(version) if version == 4 else f"[{address(version)}]"
    return f"http://{host}{path}"


class Site:
    """A context manager: `network`, its hosts by name, and `appliance`."""

    def __init__(
        self, clients, servers, services, front_mtu=plan.LINK_MTU, back_mtu=plan.LINK_MTU, gateway=None,
        serve=web_server, **options,
    ):  # fmt: skip
        """`services`: called with the servers' places. `gateway`: a MAC address on the front.
        `serve`: called with each server's host. `options`: more of the configuration's keys."""
        self.network, self.serve = Network(clients, servers, front_mtu, back_mtu), serve
        ports = appliance.ports("af_packet", front_mtu, back_mtu)
        if gateway is not None:
            ports[0]["gateway"] = {"mac": gateway}
        self.document = appliance.configuration(services(servers), **options) | {"ports": ports}

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            network = stack.enter_context(self.network)
            self.clients, self.servers = network.clients, network.servers
            self.web = {server.name: self.serve(server) for server in network.servers}
            for host in network.hosts:
                if host.place.labels:
                    host.run(*host.attach_command(FOLDER / "tagline-endpoint"))
            self.appliance = stack.enter_context(
                appliance.Appliance(network.box, FOLDER, self.document)
            )
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def host(self, name):
        return next(host for host in self.network.hosts if host.name == name)

    def client(self, labels):
        return next(host for host in self.clients if host.place.labels == labels)

    def counters(self):
        return self.appliance.show("counters")

    def health(self, service):
        """Each server's health by its name."""
        row = next(row for row in self.appliance.show("services") if row["name"] == service)
        return {server["name"]: server["health"] for server in row["servers"]}


class Connection(http.client.HTTPConnection):
    """HTTP with keep-alive from a host of the network, over one connection and no other."""

    auto_open = 0

    def __init__(self, host, version=4, seconds=30, source=None):
        super().__init__(address(version), 80)
        self.sock = host.connect(address(version), 80, seconds, source)
        self.port = self.sock.getsockname()[1]

    def get(self, path="/"):
        """The body of a good answer."""
        self.request("GET", path)
        answer = self.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise AssertionError(f"status {answer.status}: {body[:200]}")
        return body

    def server(self):
        """The name of the server that answers."""
        return self.get().decode().strip()


def connect_to(client, wanted, version=4, tries=12):
    """A connection to one of the servers whose names are `wanted`; the balancer goes round."""
    for _ in range(tries):
        connection = Connection(client, version)
        if connection.server() in wanted:
            return connection
        connection.close()
    raise AssertionError(f"none of {tries} connections went to {wanted}")
