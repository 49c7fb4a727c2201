"""What is on a cable: tcpdump while it runs, tshark to read it."""

import subprocess
from dataclasses import dataclass

from .namespace import wait_until

FIELDS = (
    "frame.number", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "mpls.label", "tcp.srcport",
    "tcp.dstport", "tcp.flags", "tcp.len",
)  # fmt: skip
FIN, SYN, RST, ACK = 1, 2, 4, 16  # RFC 9293 3.1
LETTERS = {SYN: "SYN", FIN: "FIN", RST: "RST", 8: "PSH", ACK: "ACK"}


@dataclass(frozen=True)
class Segment:
    """A captured TCP segment. `label` is that of the outermost entry, None without."""

    number: int
    source: tuple
    destination: tuple
    label: int | None
    flags: int
    length: int

    @property
    def flow(self):
        return frozenset((self.source, self.destination))

    @property
    def flags_text(self):
        return " ".join(letter for bit, letter in LETTERS.items() if self.flags & bit)


class Capture:
    """A context manager: captures on a device of a namespace into a file."""

    def __init__(self, namespace, device, path, expression="tcp or mpls"):
        self.namespace = namespace
        self.device = device
        self.path = path
        self.expression = expression

    def __enter__(self):
        # A change of user would let it outlive this; 128 bytes hold all headers.
        self.process = self.namespace.start(
            "tcpdump", "-Z", "root", "-i", self.device, "-U", "--immediate-mode", "-B", 65536,
            "-s", 128, "-w", self.path, self.expression, log=self.log_name,
        )  # fmt: skip
        wait_until(lambda: "listening on" in self.log(), 10, "tcpdump listens", self.process)
        return self

    def __exit__(self, *_):
        self.namespace.end(self.process)

    @property
    def log_name(self):
        return f"{self.device}.tcpdump"

    def log(self):
        return (self.namespace.folder / self.log_name).read_text()

    def rows(self, fields, *options):
        """Of each frame the values of tshark's `fields`, "" for what it lacks."""
        words = ["tshark", "-n", "-r", self.path, "-T", "fields", *options]
        words += [word for field in fields for word in ("-e", field)]
        done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=120)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def segments(self):
        """The TCP segments in their order."""
        return [segment(row) for row in self.rows(FIELDS, "-Y", "tcp", "-E", "occurrence=f")]


def segment(row):
    number, source4, destination4, source6, destination6, label, source, port, flags, length = row
    return Segment(
        int(number), (source4 or source6, int(source)), (destination4 or destination6, int(port)),
        int(label) if label else None, int(flags, 16), int(length),
    )  # fmt: skip


def established(segments):
    """Those of one flow that neither open nor close it: what follows the client's first packet
    after its SYN, up to the first FIN or RST."""
    opening = [index for index, one in enumerate(segments) if one.flags & (SYN | ACK) == SYN]
    client = segments[opening[-1]].source
    handshake = next(
        index
        for index, one in enumerate(segments)
        if index > opening[-1] and one.source == client and not one.flags & SYN
    )
    closing = (i for i, one in enumerate(segments) if i > handshake and one.flags & (FIN | RST))
    return segments[handshake + 1 : next(closing, len(segments))]
