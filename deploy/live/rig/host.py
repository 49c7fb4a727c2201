"""A client or server host: an ordinary Linux host, with a label endpoint or without."""

import json

from . import plan
from .namespace import Namespace

OFFLOADS = ("tx", "off", "tso", "off", "gso", "off", "gro", "off")


class Host(Namespace):
    """A namespace with the device `eth0`, which `network.Network` has connected."""

    def __init__(self, place):
        super().__init__(place.name)
        self.place = place

    def settle(self, link_mtu):
        """Addresses and routes; a server holds the virtual addresses."""
        place = self.place
        self.run("ip", "address", "add", f"{place.ipv4}/24", "dev", "eth0", "noprefixroute")
        self.run(
            "ip", "address", "add", f"{place.ipv6}/64", "dev", "eth0", "nodad", "noprefixroute"
        )
        # The hosts' packets have 1500 bytes at most, so that a label has room in the link's 1504.
        mtu = ("dev", "eth0", "mtu", min(plan.HOST_MTU, link_mtu))
        for family, network, gateway in (
            ("-4", place.network4, place.gateway4),
            ("-6", place.network6, place.gateway6),
        ):
            self.run("ip", family, "route", "add", network, *mtu)
            self.run("ip", family, "route", "add", "default", "via", gateway, *mtu)
        if not place.client:
            self.hold_virtual_addresses()

    def hold_virtual_addresses(self):
        self.run("ip", "address", "add", f"{plan.VIP4}/32", "dev", "lo")
        self.run("ip", "address", "add", f"{plan.VIP6}/128", "dev", "lo", "nodad")
        if not self.place.labels:
            # The endpoint sees to it elsewhere: the appliance has the address on this link.
            for name, value in (("arp_ignore", 1), ("arp_announce", 2)):
                self.run("sysctl", "-qw", f"net.ipv4.conf.eth0.{name}={value}")

    def attach_command(self, endpoint):
        """How this host becomes a label endpoint."""
        words = [str(endpoint), "attach", "eth0", "--appliance", self.place.gateway_mac]
        if self.place.client:
            for prefix in (plan.VIP4_PREFIX, plan.VIP6_PREFIX):
                words += ["--client-prefix", prefix]
        return words

    def endpoint(self, endpoint):
        """What the label endpoint counts."""
        return json.loads(self.run(endpoint, "show", "eth0", "--json"))
