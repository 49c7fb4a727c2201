"""A small appliance between one client and one server: enough of the protocol for two hosts to talk.

Unlike the real one it keeps all that it saw, so that tests can tell what the hosts put on the wire.
"""

import select
import socket
import struct
import threading
from dataclasses import dataclass

from .frames import IPV4, IPV6, MPLS, entry

C2S, S2C = 17, 18


@dataclass(frozen=True)
class Seen:
    """One frame of a host: the labels (label, TTL) above its IP packet, and the packet."""

    from_server: bool
    destination: str
    labels: tuple
    packet: bytes

    @property
    def flags(self):
        """TCP's letters that matter here; empty for all else."""
        four = self.packet[0] >> 4 == 4
        protocol = self.packet[9] if four else self.packet[6]
        if protocol != 6 or (four and self.packet[6:8] not in (b"\x40\x00", b"\x00\x00")):
            return ""
        offset = (self.packet[0] & 15) * 4 if four else 40
        return "".join(
            letter for bit, letter in enumerate("FSRPA") if self.packet[offset + 13] & 1 << bit)


class Appliance(threading.Thread):
    """Relays between two devices of a namespace, each with a MAC address of its own."""

    def __init__(self, namespace, mtu, client, server):
        """`client` and `server`: device, own MAC, host's MAC."""
        super().__init__(daemon=True)
        self.mtu = mtu
        self.sides = []
        self.error = None
        self.seen = []
        self.ended = threading.Event()
        with namespace.entered():
            for device, own, host in (client, server):
                link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
                link.bind((device, 3))
                self.sides.append((link, bytes.fromhex(own.replace(":", "")),
                                   bytes.fromhex(host.replace(":", ""))))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        for link, _, _ in self.sides:
            link.close()
        if self.error:
            raise self.error

    def run(self):
        try:
            while not self.ended.is_set():
                ready, _, _ = select.select([side[0] for side in self.sides], [], [], 0.05)
                for index, (link, own, _) in enumerate(self.sides):
                    if link in ready:
                        frame, (_, _, kind, *_) = link.recvfrom(65536)
                        if kind != socket.PACKET_OUTGOING and frame[:6] == own:
                            self.relay(frame, index)
        except Exception as error:  # noqa: BLE001 (raised again by the test's thread)
            self.error = error

    def relay(self, frame, index):
        ethertype = struct.unpack(">H", frame[12:14])[0]
        if ethertype not in (IPV4, IPV6, MPLS):
            return
        labels, offset = [], 14
        while ethertype == MPLS:
            word = struct.unpack_from(">I", frame, offset)[0]
            labels.append((word >> 12, word & 0xFF))
            offset += 4
            if word & 0x100:
                break
        packet = frame[offset:]
        self.seen.append(Seen(index == 1, frame[:6].hex(":"), tuple(labels), packet))
        link, own, host = self.sides[1 - index]
        if len(packet) + 4 > self.mtu:
            ethertype = IPV4 if packet[0] >> 4 == 4 else IPV6
            link.send(host + own + ethertype.to_bytes(2, "big") + packet)
        else:
            label = entry(S2C if index else C2S, ttl=40)
            link.send(host + own + MPLS.to_bytes(2, "big") + label + packet)

    def of(self, from_server):
        return [seen for seen in self.seen if seen.from_server == from_server]
