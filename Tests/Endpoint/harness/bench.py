"""The attached programs as a bench: packets in, packets and memory out."""

import ipaddress
import socket
import struct
from dataclasses import dataclass

from .kernel import XDP_DROP, XDP_PASS, TC_UNSPEC, Program, sk_buff
from .program import show

FLOW_KEY = struct.Struct("=16s16s2s2sBBH")
FLOW = struct.Struct("=QQIIII")


@dataclass(frozen=True)
class Remembered:
    """A flow as the table has it."""

    protocol: int
    local: str
    local_port: int
    remote: str
    remote_port: int
    mac: str
    stack: tuple


def read_flow(key, value):
    local, remote, local_port, remote_port, protocol, family, zero = FLOW_KEY.unpack(key)
    mac, _, *stack, entries = FLOW.unpack(value)
    assert zero == 0

    def text(address):
        if family == 4:
            assert address[:12] == bytes(10) + b"\xff\xff"
            return str(ipaddress.IPv4Address(address[12:]))
        return str(ipaddress.IPv6Address(address))

    return Remembered(
        protocol, text(local), int.from_bytes(local_port, "big"), text(remote),
        int.from_bytes(remote_port, "big"), mac.to_bytes(8, "little")[:6].hex(":"),
        tuple(stack[:entries]))


class Bench:
    def __init__(self, namespace, device, empty=True):
        """`empty`: forgets what the attached programs remember."""
        self.namespace = namespace
        self.device = device
        status = show(device, namespace)
        self.learn = Program(status["programs"]["learn"])
        self.push = Program(status["programs"]["push"])
        maps = self.push.maps()
        self.flow_table, self.fragment_table = maps["flows"], maps["fragments"]
        with namespace.entered():
            self.interface = socket.if_nametoindex(device)
        if empty:
            self.begin()

    def begin(self):
        """Forgets all flows, and takes the counters as they are for their zero."""
        self.flow_table.clear()
        self.fragment_table.clear()
        self.zero = show(self.device, self.namespace)["counters"]

    def counted(self):
        """What counted since `begin`, without what did not."""
        now = show(self.device, self.namespace)["counters"]
        return {name: now[name] - self.zero[name] for name in now if now[name] != self.zero[name]}

    def flows(self):
        return [read_flow(*item) for item in self.flow_table.items().items()]

    def receive(self, frame):
        """The frame that the host gets; None if it is dropped."""
        verdict, frame = self.learn.run(frame)
        assert verdict in (XDP_DROP, XDP_PASS)
        return frame if verdict == XDP_PASS else None

    def send(self, frame, gso_size=0):
        """The frame that goes to the device."""
        with self.namespace.entered():
            verdict, frame = self.push.run(frame, sk_buff(self.interface, gso_size))
        assert verdict == TC_UNSPEC
        return frame
