"""Reading pcapng files: bytes by scapy, what is said of them by tshark, blocks by hand."""

import struct
from dataclasses import dataclass

from scapy.utils import RawPcapNgReader

from .program import finish

FIELDS = ("frame.interface_name", "frame.packet_flags_direction", "frame.time_epoch", "frame.len",
          "mpls.label")
# Of enhanced packet and interface statistics blocks (draft-ietf-opsawg-pcapng 4.3, 4.6).
PACKET, STATISTICS = 6, 5


@dataclass(frozen=True)
class Packet:
    """A packet of a capture; `direction` is `in` or `out`, `time` seconds since the epoch."""

    raw: bytes
    port: str
    direction: str
    time: float
    length: int
    labels: tuple


def read(path):
    """All packets of a file that tshark and scapy find nothing wrong with."""
    reader = RawPcapNgReader(str(path))
    frames = [raw for raw, _ in reader]
    reader.close()
    rows = fields(path)
    assert len(rows) == len(frames)
    return [
        Packet(
            raw, row[0], {1: "in", 2: "out"}[int(row[1], 16)], float(row[2]), int(row[3]),
            tuple(int(label) for label in row[4].split(",") if label),
        )
        for raw, row in zip(frames, rows)
    ]


def fields(path):
    """`FIELDS` of each packet, as tshark reads them."""
    command = ["tshark", "-n", "-r", path, "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    done = finish(command)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def blocks(path):
    """(type, content) of every block of a file, which must end with one."""
    content, place, found = path.read_bytes(), 0, []
    while place < len(content):
        assert place + 12 <= len(content), "the last block is cut short"
        kind, length = struct.unpack_from("<II", content, place)
        end = place + length
        assert length % 4 == 0 and length >= 12
        assert end <= len(content), "the last block is cut short"
        assert struct.unpack_from("<I", content, end - 4) == (length,)
        found.append((kind, content[place + 8 : end - 4]))
        place = end
    return found


def statistics(path):
    """(received, lost, accepted) of each interface; a file that is complete ends with them."""
    return [
        tuple(struct.unpack_from("<Q", content, place)[0] for place in (40, 52, 64))
        for kind, content in blocks(path)
        if kind == STATISTICS
    ]
