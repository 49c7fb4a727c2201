"""Ethernet frames with label stacks: building them from parts, and taking them apart again."""

from dataclasses import dataclass
from functools import cached_property

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6

IPV4, IPV6, DOT1Q, MPLS = 0x0800, 0x86DD, 0x8100, 0x8847


@dataclass(frozen=True)
class Entry:
    """A label stack entry (RFC 3032 2.1). `bottom` None: set on the last entry of the stack."""

    label: int
    ttl: int = 64
    tc: int = 0
    bottom: bool | None = None

    def encoded(self, last):
        bottom = last if self.bottom is None else self.bottom
        word = self.label << 12 | self.tc << 9 | bottom << 8 | self.ttl
        return word.to_bytes(4, "big")


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def ethernet(destination, source, ethertype, payload, vlan=0):
    """A frame of raw parts; `vlan` is the 802.1Q id, 0 for none."""
    tag = b"" if vlan == 0 else DOT1Q.to_bytes(2, "big") + vlan.to_bytes(2, "big")
    header = mac_bytes(destination) + mac_bytes(source) + tag
    return header + ethertype.to_bytes(2, "big") + payload


def label_stack(labels):
    """The stack as bytes; each of `labels` is an `Entry`."""
    last = len(labels) - 1
    return b"".join(entry.encoded(place == last) for place, entry in enumerate(labels))


def frame(destination, source, packet, labels=(), vlan=0):
    """An IP packet (of scapy, or bytes) behind an Ethernet header and perhaps labels."""
    raw = bytes(packet)
    if labels:
        return ethernet(destination, source, MPLS, label_stack(labels) + raw, vlan)
    return ethernet(destination, source, IPV4 if raw[0] >> 4 == 4 else IPV6, raw, vlan)


def padded(raw, length=60):
    """The frame as a card sends it: at least 60 bytes without the frame check sequence."""
    return raw + bytes(max(0, length - len(raw)))


class Frame:
    """A frame taken apart by hand, its IP packet by scapy."""

    def __init__(self, raw):
        self.raw = raw
        self.destination = raw[0:6].hex(":")
        self.source = raw[6:12].hex(":")
        start = 12
        self.vlan = 0
        if raw[12:14] == DOT1Q.to_bytes(2, "big"):
            self.vlan = int.from_bytes(raw[14:16], "big") & 0xFFF
            start = 16
        self.ethertype = int.from_bytes(raw[start : start + 2], "big")
        start += 2
        self.labels = []
        while self.ethertype == MPLS and not (self.labels and self.labels[-1].bottom):
            word = int.from_bytes(raw[start : start + 4], "big")
            self.labels.append(
                Entry(word >> 12, word & 255, word >> 9 & 7, bool(word >> 8 & 1))
            )
            start += 4
        self.ip_offset = start

    @property
    def label(self):
        """The one label of the frame, None without one."""
        assert len(self.labels) <= 1, f"more than one label: {self.labels}"
        return self.labels[0].label if self.labels else None

    @cached_property
    def ip(self):
        """The IP packet without padding; None if there is none."""
        packet = self.raw[self.ip_offset :]
        if not packet or (not self.labels and self.ethertype not in (IPV4, IPV6)):
            return None
        return IP(packet) if packet[0] >> 4 == 4 else IPv6(packet)

    @property
    def ip_length(self):
        if self.ip is None:
            return 0
        return self.ip.len if self.ip.version == 4 else self.ip.plen + 40

    @property
    def ttl(self):
        """The IP packet's time to live or hop limit."""
        return self.ip.ttl if self.ip.version == 4 else self.ip.hlim

    @property
    def link_payload(self):
        """How much of the link's MTU the frame takes: labels and IP packet."""
        return 4 * len(self.labels) + self.ip_length

    @property
    def unpadded(self):
        """The frame's bytes up to the IP packet's end."""
        return self.raw[: self.ip_offset + self.ip_length]

    @property
    def ip_bytes(self):
        return self.raw[self.ip_offset : self.ip_offset + self.ip_length]

    def __repr__(self):
        labels = "/".join(f"{e.label}(ttl {e.ttl})" for e in self.labels)
        summary = self.ip.summary() if self.ip is not None else hex(self.ethertype)
        tag = f" vlan {self.vlan}" if self.vlan else ""
        return f"<{self.source} > {self.destination}{tag} [{labels}] {summary}>"
