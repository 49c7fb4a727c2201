"""Frames by scapy, labels by hand (RFC 3032 2.1)."""

import struct

from scapy.layers.inet import IP, TCP, UDP  # noqa: F401 (for the tests)
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

HOST = "02:00:00:00:00:11"
APPLIANCE = "02:00:00:00:00:01"
SECOND_APPLIANCE = "02:00:00:00:00:02"
STRANGER = "02:00:00:00:00:99"
GATEWAY = "02:00:00:00:00:fe"

MPLS, IPV4, IPV6 = 0x8847, 0x0800, 0x86DD


def entry(label, ttl=64, s=1, tc=0):
    return struct.pack(">I", label << 12 | tc << 9 | s << 8 | ttl)


def frame(packet, *stack, source=APPLIANCE, destination=HOST, tags=()):
    """`packet` behind a label stack and an Ethernet header."""
    ethertype = MPLS if stack else (IPV4 if packet[0] >> 4 == 4 else IPV6)
    macs = bytes.fromhex((destination + source).replace(":", ""))
    tagged = b"".join(struct.pack(">HH", 0x8100, tag) for tag in tags)
    return macs + tagged + struct.pack(">H", ethertype) + b"".join(stack) + packet


def ip(source, destination, payload, ttl=64, **fields):
    """An IP packet's bytes, checksums by scapy."""
    if ":" in source:
        return bytes(IPv6(src=source, dst=destination, hlim=ttl, **fields) / payload)
    return bytes(IP(src=source, dst=destination, ttl=ttl, **fields) / payload)


def tcp(sport, dport, flags="A", data=b""):
    return TCP(sport=sport, dport=dport, flags=flags, seq=1, ack=1) / Raw(data)


def udp(sport, dport, data=b"x"):
    return UDP(sport=sport, dport=dport) / Raw(data)
