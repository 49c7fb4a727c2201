"""Frames with their labels, of both address families, as they were on a link of the switch."""

import re
import time
from dataclasses import dataclass

import rig.capture
from rig.namespace import Failed

FIELDS = (
    "eth.src", "mpls.label", "mpls.bottom", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "ip.len",
    "ipv6.plen", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "tcp.flags", "icmp.type",
    "icmpv6.type",
)  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """One frame. `labels` is the stack, top first; `length` is that of the IP packet."""

    source_mac: str
    labels: tuple
    bottom: tuple
    source: str
    destination: str
    length: int
    source_port: int
    destination_port: int
    flags: int
    icmp: int


class Capture(rig.capture.Capture):
    """A context manager around traffic; `frames` afterwards. `device`: a port of the switch."""

    def __init__(self, switch, device):
        super().__init__(switch, device, switch.folder / f"{device}.pcap", "ip or ip6 or mpls")

    def __exit__(self, kind, *_):
        self.settle()
        super().__exit__()
        lost = re.search(r"(\d+) packets dropped by kernel", self.log())
        if kind is None and (lost is None or int(lost[1])):
            raise Failed(f"tcpdump on {self.device} lost frames: {self.log()}")

    def settle(self):
        """Until nothing more has come for half a second, and at most for ten."""
        size, since, end = -1, time.monotonic(), time.monotonic() + 10
        while time.monotonic() < min(since + 0.5, end):
            time.sleep(0.05)
            if (now := self.path.stat().st_size) != size:
                size, since = now, time.monotonic()

    def frames(self, port=None):
        """All, or those that have this TCP or UDP port."""
        frames = [decode(row) for row in self.rows(FIELDS)]
        return [
            frame for frame in frames
            if port is None or port in (frame.source_port, frame.destination_port)
        ]  # fmt: skip


def decode(values):
    row = dict(zip(FIELDS, values, strict=True))

    def number(*names, base=10):
        # An ICMP error holds a second header: the first is the packet's own.
        text = next((row[name] for name in names if row[name]), "0")
        return int(text.split(",")[0], base)

    def numbers(name):
        return tuple(int(text) for text in row[name].split(",") if text)

    def text(*names):
        return next((row[name] for name in names if row[name]), "").split(",")[0]

    length = number("ip.len") if row["ip.len"] and not row["ipv6.plen"] else number("ipv6.plen") + 40
    return Frame(
        row["eth.src"], numbers("mpls.label"), numbers("mpls.bottom"),
        text("ip.src", "ipv6.src"), text("ip.dst", "ipv6.dst"), length,
        number("tcp.srcport", "udp.srcport"), number("tcp.dstport", "udp.dstport"),
        number("tcp.flags", base=16), number("icmp.type", "icmpv6.type"),
    )  # fmt: skip
