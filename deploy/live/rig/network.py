"""The network: clients on one switch, servers on another, and a box with a port on both."""

import contextlib
import os

from . import plan
from .host import OFFLOADS, Host
from .namespace import Lacking, Namespace


class Network:
    """A context manager. `clients` and `servers` are hosts, `box` is where the balancer runs.

    On `switch`, a namespace of its own with one bridge a side, each host's port has the host's name and
    the box's ports are `front` and `back`: what is captured there is what was on the wire.
    """

    def __init__(self, clients, servers, front_mtu=plan.LINK_MTU, back_mtu=plan.LINK_MTU):
        """`clients`, `servers`: lists of `plan.Place`. The MTUs are those of either side's links."""
        self.places = (clients, servers)
        self.link_mtu = {"clients": front_mtu, "servers": back_mtu}

    def __enter__(self):
        if os.geteuid() != 0:
            raise Lacking("network namespaces need root")
        with contextlib.ExitStack() as stack:
            self.switch = stack.enter_context(Namespace("switch"))
            self.box = stack.enter_context(Namespace("appliance"))
            self.clients, self.servers = (
                [stack.enter_context(Host(place)) for place in side] for side in self.places
            )
            self.make_switch()
            self.make_box()
            for host in self.hosts:
                self.connect(host)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    @property
    def hosts(self):
        return [*self.clients, *self.servers]

    def make_switch(self):
        self.quiet(self.switch, "default")
        for bridge, mtu in self.link_mtu.items():
            self.switch.run("ip", "link", "add", bridge, "type", "bridge")
            self.switch.run("ip", "link", "set", bridge, "mtu", mtu, "up")

    def make_box(self):
        """Its devices are the appliance's: the kernel has neither address nor offload there."""
        self.quiet(self.box, "default")
        for port, bridge, mac in (
            ("front", "clients", plan.FRONT_MAC), ("back", "servers", plan.BACK_MAC),
        ):  # fmt: skip
            self.plug(self.box, port, mac, port, bridge)

    def connect(self, host):
        # Duplicate address detection would let the first seconds pass without IPv6.
        host.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        bridge = "clients" if host.place.client else "servers"
        self.plug(host, "eth0", host.place.mac, host.name, bridge)
        host.settle(self.link_mtu[bridge])

    def plug(self, owner, device, mac, port, bridge):
        """A cable from `device` at `owner` to the switch's port of that name."""
        mtu = self.link_mtu[bridge]
        self.switch.run(
            "ip", "link", "add", port, "mtu", mtu, "type", "veth", "peer", "name", device,
            "mtu", mtu, "address", mac, "netns", owner.holder.pid,
        )  # fmt: skip
        self.switch.run("ip", "link", "set", port, "master", bridge, "up")
        for place, name in ((owner, device), (self.switch, port)):
            place.run("ethtool", "-K", name, *OFFLOADS)
        owner.run("ip", "link", "set", device, "up")

    @staticmethod
    def quiet(namespace, device):
        """Takes IPv6 from what is no host."""
        namespace.run("sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=1")
