"""Reading and writing classic pcap files and streams."""

import struct

RECORD = struct.Struct("<IIII")
NANOSECOND_MAGIC = 0xA1B23C4D
MICROSECOND_MAGIC = 0xA1B2C3D4


def file_header():
    """A pcap header: version 2.4, microseconds, Ethernet."""
    return struct.pack("<IHHiIII", MICROSECOND_MAGIC, 2, 4, 0, 0, 262144, 1)


def record(raw):
    return RECORD.pack(0, 0, len(raw), len(raw)) + raw


def write_capture(path, frames):
    path.write_bytes(file_header() + b"".join(record(raw) for raw in frames))


def read_capture(path):
    """(time in ns, frame) of every complete record that the file holds so far."""
    content = path.read_bytes() if path.exists() else b""
    if len(content) < 24:
        return []
    magic, *_, linktype = struct.unpack_from("<IHHiIII", content)
    assert magic in (NANOSECOND_MAGIC, MICROSECOND_MAGIC) and linktype == 1
    scale = 1 if magic == NANOSECOND_MAGIC else 1000
    records, place = [], 24
    while place + RECORD.size <= len(content):
        seconds, fraction, captured, length = RECORD.unpack_from(content, place)
        place += RECORD.size
        if place + captured > len(content):
            break
        assert captured == length, "a record is cut short"
        time = seconds * 1_000_000_000 + fraction * scale
        records.append((time, content[place : place + captured]))
        place += captured
    return records
