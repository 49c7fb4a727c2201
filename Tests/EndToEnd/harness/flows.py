"""Sessions between a client and a service, and their packets on either side of the appliance.

`up` and `down` build what the client and the server send; `at_server` and `at_client` build what
has to come out, by the protocol: same packet, next hop's Ethernet header, one off the TTL.
"""

from dataclasses import dataclass, replace

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

from . import network
from .frames import Entry, frame

CLIENT_ISN, SERVER_ISN = 1000, 5000
TTL = 64


def stack(labels, ttl):
    """Entries of a label, of several, or of none; a bare number takes the given TTL."""
    if labels is None:
        return ()
    if not isinstance(labels, (list, tuple)):
        labels = [labels]
    return [e if isinstance(e, Entry) else Entry(e, ttl) for e in labels]


@dataclass(frozen=True)
class Flow:
    """One session. Hosts are numbers of `network`; ports' MACs default to the one-arm's."""

    client: int = 1
    version: int = 4
    protocol: str = "tcp"
    client_port: int = 40001
    port: int = network.TCP_PORT
    server: int = 1
    front: str = network.FRONT_MAC
    back: str = network.FRONT_MAC
    client_vlan: int = 0
    server_vlan: int = 0
    hop: str | None = None  # the MAC that the client's packets go to; its own unless told

    def with_(self, **changes):
        return replace(self, **changes)

    @property
    def client_address(self):
        return network.client_address(self.client, self.version)

    @property
    def vip(self):
        return network.vip(self.version)

    @property
    def client_mac(self):
        return network.client_mac(self.client)

    @property
    def server_mac(self):
        return network.server_mac(self.server)

    # IP packets

    def packet(self, source, destination, content, ttl, **fields):
        if self.version == 4:
            return IP(src=source, dst=destination, ttl=ttl, **fields) / content
        return IPv6(src=source, dst=destination, hlim=ttl, **fields) / content

    def request(self, content, ttl=TTL, **fields):
        """The IP packet from client to VIP."""
        return self.packet(self.client_address, self.vip, content, ttl, **fields)

    def response(self, content, ttl=TTL, **fields):
        """The IP packet from VIP to client."""
        return self.packet(self.vip, self.client_address, content, ttl, **fields)

    # Frames

    def up(self, content, label=None, ttl=TTL, label_ttl=None, **fields):
        """From the client to the appliance."""
        labels = stack(label, label_ttl or ttl)
        packet = self.request(content, ttl, **fields)
        return frame(self.front, self.client_mac, packet, labels, self.client_vlan)

    def at_server(self, content, label=None, ttl=TTL - 1, label_ttl=None, **fields):
        """From the appliance to the server."""
        labels = stack(label, label_ttl or ttl)
        packet = self.request(content, ttl, **fields)
        return frame(self.server_mac, self.back, packet, labels, self.server_vlan)

    def down(self, content, label=None, ttl=TTL, label_ttl=None, **fields):
        """From the server to the appliance."""
        labels = stack(label, label_ttl or ttl)
        packet = self.response(content, ttl, **fields)
        return frame(self.back, self.server_mac, packet, labels, self.server_vlan)

    def at_client(self, content, label=None, ttl=TTL - 1, label_ttl=None, **fields):
        """From the appliance to the client."""
        labels = stack(label, label_ttl or ttl)
        packet = self.response(content, ttl, **fields)
        return frame(self.hop or self.client_mac, self.front, packet, labels, self.client_vlan)

    # Transport

    def segment(self, flags, seq, ack=0, data=b"", from_server=False, **fields):
        ports = dict(sport=self.client_port, dport=self.port)
        if from_server:
            ports = dict(sport=self.port, dport=self.client_port)
        header = TCP(flags=flags, seq=seq, ack=ack, **ports, **fields)
        return header / Raw(data) if data else header

    def syn(self, mss=None, **fields):
        if mss is not None:
            fields["options"] = [("MSS", mss)]
        return self.segment("S", CLIENT_ISN, **fields)

    def syn_ack(self, mss=None, **fields):
        if mss is not None:
            fields["options"] = [("MSS", mss)]
        return self.segment("SA", SERVER_ISN, CLIENT_ISN + 1, from_server=True, **fields)

    def ack(self):
        return self.segment("A", CLIENT_ISN + 1, SERVER_ISN + 1)

    def send(self, data=b"request", flags="PA"):
        """What the client sends once the session is up: TCP data, or a datagram."""
        if self.protocol == "udp":
            return UDP(sport=self.client_port, dport=self.port) / Raw(data)
        return self.segment(flags, CLIENT_ISN + 1, SERVER_ISN + 1, data)

    def answer(self, data=b"answer", flags="PA"):
        """What the server sends once the session is up: TCP data, or a datagram."""
        if self.protocol == "udp":
            return UDP(sport=self.port, dport=self.client_port) / Raw(data)
        return self.segment(flags, SERVER_ISN + 1, CLIENT_ISN + 1, data, from_server=True)

    def opening(self, answers=None, requests=None, null=None):
        """The frames that make the session live. `answers` and `requests` are the labels that the
        hosts attach; `null` the explicit null of a client endpoint's SYN or first datagram."""
        if self.protocol == "udp":
            first = self.up(self.send(b"open"), label=null)
            return [first, self.down(self.answer(b"open"), answers), self.up(self.send(), requests)]
        return [
            self.up(self.syn(), label=null),
            self.down(self.syn_ack(), answers),
            self.up(self.ack(), requests),
        ]


def tcp(client=1, version=4, **fields):
    return Flow(client=client, version=version, **fields)


def udp(client=1, version=4, **fields):
    return Flow(client, version, "udp", port=network.UDP_PORT, **fields)
