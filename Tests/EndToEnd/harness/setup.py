"""Appliance configurations: ports, services, servers, and the YAML that says so."""

from dataclasses import dataclass, field

import yaml

from . import network


@dataclass
class Port:
    """A capture port. `outputs`: how many TX captures, as many as inputs unless told."""

    name: str = "front"
    side: str = "both"
    mac: str = network.FRONT_MAC
    inputs: int = 1
    outputs: int | None = None
    options: dict = field(default_factory=dict)
    arguments: tuple = ()  # more of the driver's

    def input_paths(self, folder):
        return [folder / f"{self.name}-in{queue}.pcap" for queue in range(self.inputs)]

    def output_paths(self, folder):
        count = self.inputs if self.outputs is None else self.outputs
        return [folder / f"{self.name}-out{queue}.pcap" for queue in range(count)]

    def described(self, number, folder):
        arguments = [f"rx_pcap={path}" for path in self.input_paths(folder)]
        arguments += [f"tx_pcap={path}" for path in self.output_paths(folder)]
        device = ",".join([f"net_pcap{number}", *arguments, *self.arguments])
        basics = {"name": self.name, "device": device, "side": self.side, "mac": self.mac}
        return basics | self.options


@dataclass
class Setup:
    """What is run. `options` are more keys of the configuration's top level."""

    ports: list
    services: list
    labels: dict = field(default_factory=dict)
    workers: int = 1
    options: dict = field(default_factory=dict)

    def text(self, folder):
        return yaml.safe_dump(self.document(folder), sort_keys=False)

    def document(self, folder):
        base = {
            "workers": self.workers,
            "sessions-per-worker": 65536,
            "memory": {"hugepages": "none"},
            "admin": {"socket": str(folder / "admin.sock")},
            "ports": [port.described(n, folder) for n, port in enumerate(self.ports)],
            "labels": {"first": "lowest"} | self.labels,
            "services": self.services,
        }
        return base | self.options


def server(number, labels=True, **fields):
    base = {
        "name": f"s{number}",
        "address": network.server_address(number),
        "mac": network.server_mac(number),
        "labels": labels,
    }
    return base | fields


def service(servers=(1,), version=4, protocol="tcp", name=None, labels=True, **fields):
    """A service of the test network; `servers` are numbers or what `server` returned."""
    base = {
        "name": name or f"{protocol}{version}",
        "address": network.vip(version),
        "protocol": protocol,
        "port": network.TCP_PORT if protocol == "tcp" else network.UDP_PORT,
        "algorithm": "rr",
        "servers": [s if isinstance(s, dict) else server(s, labels) for s in servers],
    }
    return base | fields


def every_service(servers=(1,), **fields):
    """TCP and UDP on both IP versions."""
    return [
        service(servers, version, protocol, **fields)
        for version in (4, 6)
        for protocol in ("tcp", "udp")
    ]


def one_arm(services=None, labels=None, workers=1, inputs=1, outputs=None, port=None, **options):
    """One port for clients and servers. `port` are more of its keys."""
    front = Port(inputs=inputs, outputs=outputs, options=port or {})
    return Setup([front], services or every_service(), labels or {}, workers, options)


def two_arms(services=None, labels=None, workers=1, inputs=1, front=None, back=None, **options):
    """Port `front` for clients, port `back` for servers."""
    servers_at_back = [
        s | {"servers": [{"port": "back"} | one for one in s["servers"]]}
        for s in services or every_service()
    ]
    ports = [
        Port("front", "client", network.FRONT_MAC, inputs, options=front or {}),
        Port("back", "server", network.BACK_MAC, inputs, options=back or {}),
    ]
    return Setup(ports, servers_at_back, labels or {}, workers, options)
