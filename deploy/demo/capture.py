"""Capture files (pcap) and the header fields that the demo's scripts look at."""

import ipaddress
import struct
from dataclasses import dataclass, field

ETHERTYPES = {0x0800: 4, 0x86DD: 6}
ETHERTYPE_MPLS = 0x8847
TCP, UDP = 6, 17
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10


@dataclass
class Packet:
    """One captured frame; `fraction` is in the file's unit (see read_capture)."""

    seconds: int
    fraction: int
    frame: bytes


@dataclass
class Label:
    """One label stack entry (RFC 3032 2.1)."""

    value: int
    ttl: int
    traffic_class: int = 0
    bottom: bool = True

    def encode(self):
        return struct.pack(
            "!I", self.value << 12 | self.traffic_class << 9 | self.bottom << 8 | self.ttl
        )

    @staticmethod
    def decode(data):
        (word,) = struct.unpack("!I", data)
        return Label(word >> 12, word & 0xFF, word >> 9 & 7, bool(word >> 8 & 1))


@dataclass
class Headers:
    """What stands in a frame. `payload` begins at the IP header."""

    destination_mac: bytes
    source_mac: bytes
    version: int
    protocol: int
    ttl: int
    source: object
    destination: object
    source_port: int
    destination_port: int
    flags: int
    payload: bytes
    labels: list = field(default_factory=list)


def read_capture(path):
    """The magic number (it fixes the unit of the fractions) and the packets of a pcap file."""
    with open(path, "rb") as file:
        data = file.read()
    for order in "<>":
        (magic,) = struct.unpack_from(order + "I", data)
        if magic in (0xA1B2C3D4, 0xA1B23C4D):
            break
    else:
        raise ValueError(f"{path} is no pcap file")
    (link_type,) = struct.unpack_from(order + "I", data, 20)
    if link_type & 0xFFFF != 1:
        raise ValueError(f"{path} is no capture of Ethernet frames")
    packets, offset = [], 24
    while offset < len(data):
        seconds, fraction, captured, length = struct.unpack_from(order + "IIII", data, offset)
        offset += 16
        if captured != length or offset + captured > len(data):
            raise ValueError(f"{path}: packet {len(packets) + 1} is cut short")
        packets.append(Packet(seconds, fraction, data[offset : offset + captured]))
        offset += captured
    return magic, packets


def write_capture(path, magic, packets):
    """Writes a little-endian pcap file of Ethernet frames."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 262144, 1))
        for packet in packets:
            length = len(packet.frame)
            file.write(struct.pack("<IIII", packet.seconds, packet.fraction, length, length))
            file.write(packet.frame)


def parse(frame):
    """The headers of an untagged, unfragmented IPv4 or IPv6 frame of TCP or UDP."""
    (ethertype,) = struct.unpack_from("!H", frame, 12)
    offset, labels = 14, []
    if ethertype == ETHERTYPE_MPLS:
        while not labels or not labels[-1].bottom:
            labels.append(Label.decode(frame[offset : offset + 4]))
            offset += 4
        version = frame[offset] >> 4
    else:
        version = ETHERTYPES.get(ethertype)
    ip = frame[offset:]
    if version == 4:
        header, protocol, ttl = (ip[0] & 15) * 4, ip[9], ip[8]
        source, destination = ipaddress.IPv4Address(ip[12:16]), ipaddress.IPv4Address(ip[16:20])
        if struct.unpack_from("!H", ip, 6)[0] & 0x3FFF:
            raise ValueError("fragments are not expected here")
    elif version == 6:
        header, protocol, ttl = 40, ip[6], ip[7]
        source, destination = ipaddress.IPv6Address(ip[8:24]), ipaddress.IPv6Address(ip[24:40])
    else:
        raise ValueError("neither IPv4 nor IPv6")
    if protocol not in (TCP, UDP):
        raise ValueError(f"IP protocol {protocol}, neither TCP nor UDP")
    source_port, destination_port = struct.unpack_from("!HH", ip, header)
    flags = ip[header + 13] if protocol == TCP else 0
    return Headers(
        frame[0:6], frame[6:12], version, protocol, ttl, source, destination, source_port,
        destination_port, flags, ip, labels,
    )


def build(destination_mac, source_mac, version, labels, payload):
    """A frame of the IP packet `payload` under `labels`."""
    ethertype = ETHERTYPE_MPLS if labels else {4: 0x0800, 6: 0x86DD}[version]
    stack = b"".join(label.encode() for label in labels)
    return destination_mac + source_mac + struct.pack("!H", ethertype) + stack + payload


def internet_checksum(data):
    """RFC 1071; 0 over a header whose checksum is right."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_ttl(payload, ttl):
    """The IP packet with another time to live or hop limit."""
    packet = bytearray(payload)
    if packet[0] >> 4 == 6:
        packet[7] = ttl
        return bytes(packet)
    packet[8] = ttl
    header = (packet[0] & 15) * 4
    packet[10:12] = b"\0\0"
    packet[10:12] = struct.pack("!H", internet_checksum(bytes(packet[:header])))
    return bytes(packet)


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_text(mac):
    return mac.hex(":")
