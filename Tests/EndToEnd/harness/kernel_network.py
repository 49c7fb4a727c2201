"""A client, the appliance and a server, each in a network namespace, joined by veth pairs that the
appliance uses through af_packet."""

import contextlib
import socket

import yaml

from rig.appliance import RING
from rig.host import OFFLOADS
from support.hosts import Host
from support.namespaces import cable

from . import network
from .appliance import Appliance

OWN_FRONT = "203.0.113.250"
OWN_FRONT6 = "2001:db8:ffff::fa"
OWN_BACK = "192.0.2.250"
OWN_BACK6 = "2001:db8:1::fa"
CLIENT = "203.0.113.1"
CLIENT6 = "2001:db8:ffff::1"
REMOTE = "198.51.100.77"  # beyond the client, who is the gateway there
SERVER = network.server_address(1)
SERVER6 = "2001:db8:1::11"
# The server without a label endpoint, at an address that the kernel resolves.
PLAIN = {"name": "s1", "address": SERVER, "labels": False}
PLAIN6 = PLAIN | {"address": SERVER6}


class KernelSetup:
    """The appliance's configuration: both ports with a twin, and the client as gateway."""

    def __init__(self, services, workers=1, device=None, mtus=None, **options):
        """`device`: the device string by the port's number and name. `mtus`: by the port's name."""
        self.services = services
        self.workers = workers
        self.device = device or (lambda number, name: f"net_af_packet{number},iface={name}0,{RING}")
        self.mtus = mtus or {}
        self.options = options
        self.ports = []

    def port(self, number, name, side, addresses, **more):
        device = self.device(number, name)
        mac = network.FRONT_MAC if name == "front" else network.BACK_MAC
        basics = {"name": name, "device": device, "side": side, "mac": mac}
        if name in self.mtus:
            basics["mtu"] = self.mtus[name]
        return basics | {"address": addresses} | more

    def port_documents(self):
        return [
            self.port(
                0, "front", "client", [f"{OWN_FRONT}/24", f"{OWN_FRONT6}/64"],
                gateway={"address": CLIENT},
            ),
            self.port(1, "back", "server", [f"{OWN_BACK}/24", f"{OWN_BACK6}/64"]),
        ]

    def text(self, folder):
        document = {
            "workers": self.workers,
            "sessions-per-worker": 65536,
            "memory": {"hugepages": "none"},
            "admin": {"socket": str(folder / "admin.sock")},
            "ports": self.port_documents(),
            "labels": {"first": "lowest"},
            "services": self.services,
        }
        return yaml.safe_dump(document | self.options, sort_keys=False)


class OneArmKernelSetup(KernelSetup):
    """One port for clients and servers."""

    def port_documents(self):
        return [self.port(0, "front", "both", [f"{OWN_FRONT}/24", f"{OWN_BACK}/24"])]


class KernelNetwork:
    """A context manager: `client`, `box` and `server` are `Host`s."""

    offloads = OFFLOADS

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        try:
            self.client, self.box, self.server = (
                self.stack.enter_context(Host()) for _ in range(3)
            )
            self.link()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    def link(self):
        """Joins the hosts to the box."""
        self.join("front0", self.client, network.FRONT_MAC, network.client_mac(1))
        self.join("back0", self.server, network.BACK_MAC, network.server_mac(1))
        self.settle()

    def settle(self):
        """Addresses and routes of the hosts."""
        self.settle_client()
        self.settle_server()

    def join(self, device, host, mac, host_mac):
        """A veth pair from `device` in the box to `eth0` at a host."""
        cable(self.box, device, mac, host, "eth0", host_mac)
        self.box.sysctl(f"net.ipv6.conf.{device}.disable_ipv6", 1)
        host.sysctl("net.ipv6.conf.eth0.accept_dad", 0)
        for place, name in ((self.box, device), (host, "eth0")):
            place.run("ethtool", "-K", name, *self.offloads)
            place.ip("link", "set", name, "up")

    def settle_client(self):
        self.client.ip("address", "replace", f"{CLIENT}/24", "dev", "eth0")
        self.client.ip("address", "replace", f"{CLIENT6}/64", "dev", "eth0", "nodad")
        self.client.ip("address", "replace", f"{REMOTE}/32", "dev", "lo")

    def settle_server(self):
        """The server holds the virtual addresses and answers through the appliance."""
        ip = self.server.ip
        ip("address", "replace", f"{SERVER}/24", "dev", "eth0")
        ip("address", "replace", f"{SERVER6}/64", "dev", "eth0", "nodad")
        ip("address", "replace", f"{network.VIP4}/32", "dev", "lo")
        ip("address", "replace", f"{network.VIP6}/128", "dev", "lo", "nodad")
        ip("route", "replace", "default", "via", OWN_BACK)
        ip("-6", "route", "replace", "default", "via", OWN_BACK6)

    def serve(self, text):
        """What the virtual addresses give by HTTP, from now on."""
        (self.server.folder / "index.html").write_text(text)
        self.server.web_server(network.VIP4, network.TCP_PORT)
        self.server.web_server(network.VIP6, network.TCP_PORT)

    def appliance(self, setup):
        return Appliance(setup, inside=self.box)

    def raw(self, host):
        """A packet socket on a host's `eth0`."""
        with host.entered():
            made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            made.bind(("eth0", 0))
        made.settimeout(5)
        return made


class OneArmKernelNetwork(KernelNetwork):
    """All three at one switch."""

    def link(self):
        self.switch = self.stack.enter_context(Host())
        self.switch.ip("link", "add", "bridge", "type", "bridge")
        self.switch.ip("link", "set", "bridge", "up")
        self.join("box", "front0", self.box, network.FRONT_MAC)
        self.join("client", "eth0", self.client, network.client_mac(1))
        self.join("server", "eth0", self.server, network.server_mac(1))
        self.box.sysctl("net.ipv6.conf.front0.disable_ipv6", 1)
        # The virtual address is the appliance's on this link.
        self.server.sysctl("net.ipv4.conf.all.arp_ignore", 1)
        self.server.sysctl("net.ipv4.conf.all.arp_announce", 2)
        self.settle()

    def join(self, end, device, host, mac):
        """A veth pair from `device` at a host to `end` at the switch."""
        self.switch.ip("link", "add", end, "type", "veth", "peer", "name", device, "address", mac,
                       "netns", host.holder.pid)  # fmt: skip
        self.switch.ip("link", "set", end, "master", "bridge", "up")
        host.run("ethtool", "-K", device, *self.offloads)
        host.ip("link", "set", device, "up")
