"""Names, addresses and MAC addresses of the live network; documentation prefixes throughout."""

from dataclasses import dataclass

# RFC 5737, RFC 3849. The appliance is the hosts' way to the other side.
FRONT4, FRONT6 = "198.51.100", "2001:db8:f:"
BACK4, BACK6 = "192.0.2", "2001:db8:b:"
VIP4, VIP6 = "203.0.113.10", "2001:db8:113::10"
VIP4_PREFIX, VIP6_PREFIX = "203.0.113.0/24", "2001:db8:113::/64"
FRONT_MAC, BACK_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"

LINK_MTU = 1504  # room for a label
HOST_MTU = 1500


@dataclass(frozen=True)
class Place:
    """A host's place: `number` from 1 on its side; `labels`: whether it is a label endpoint."""

    number: int
    client: bool
    labels: bool

    @property
    def name(self):
        return f"{'client' if self.client else 'server'}{self.number}"

    @property
    def mac(self):
        return f"02:00:00:00:{'0c' if self.client else '05'}:{self.number:02x}"

    @property
    def network4(self):
        return f"{FRONT4 if self.client else BACK4}.0/24"

    @property
    def ipv4(self):
        return f"{FRONT4 if self.client else BACK4}.{10 + self.number}"

    @property
    def network6(self):
        return f"{FRONT6 if self.client else BACK6}:/64"

    @property
    def ipv6(self):
        return f"{FRONT6 if self.client else BACK6}:{10 + self.number}"

    @property
    def gateway4(self):
        return f"{FRONT4 if self.client else BACK4}.1"

    @property
    def gateway6(self):
        return f"{FRONT6 if self.client else BACK6}:1"

    @property
    def gateway_mac(self):
        return FRONT_MAC if self.client else BACK_MAC


def clients(*labels):
    return [Place(number, True, value) for number, value in enumerate(labels, 1)]


def servers(*labels):
    return [Place(number, False, value) for number, value in enumerate(labels, 1)]
