"""tshark as the second reader of what the appliance sends: one run for many captures."""

import tempfile
from pathlib import Path

from .captures import write_capture
from .program import finish

ICMP_CHECKSUMS = ("icmp.checksum.status", "icmpv6.checksum.status")
CHECKSUMS = ("ip.checksum.status", "tcp.checksum.status", "udp.checksum.status", *ICMP_CHECKSUMS)
FIELDS = ("frame.number", "_ws.malformed", "mpls.label", "mpls.ttl", *CHECKSUMS)
PREFERENCES = ("ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE",
               "ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.analyze_sequence_numbers:FALSE")
BAD = "0"


def dissect(frames):
    """One dict of `FIELDS` for each frame (bytes)."""
    with tempfile.TemporaryDirectory(prefix="tagline-") as folder:
        path = Path(folder) / "all.pcap"
        write_capture(path, frames)
        command = ["tshark", "-n", "-r", path, "--disable-protocol", "http"]
        command += ["-T", "fields", "-E", "occurrence=a"]
        for preference in PREFERENCES:
            command += ["-o", preference]
        for field in FIELDS:
            command += ["-e", field]
        done = finish(command, timeout=60)
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == len(frames), done.stderr
    return [dict(zip(FIELDS, row)) for row in rows]


def checksums(frame):
    """The fields that count. An ICMP error quotes a packet cut short, whose sums say nothing."""
    number = frame.ip.proto if frame.ip.version == 4 else frame.ip.nh
    return ("ip.checksum.status", *ICMP_CHECKSUMS) if number in (1, 58) else CHECKSUMS


def complaints(frames):
    """What tshark finds wrong with frames (`Frame`), one line each."""
    found = []
    for frame, row in zip(frames, dissect([f.raw for f in frames])):
        bad = [name for name in checksums(frame) if BAD in row[name].split(",")]
        labels = ",".join(str(e.label) for e in frame.labels)
        ttls = ",".join(str(e.ttl) for e in frame.labels)
        if row["_ws.malformed"] or bad or (row["mpls.label"], row["mpls.ttl"]) != (labels, ttls):
            found.append(f"{frame!r}: {row}")
    return found
