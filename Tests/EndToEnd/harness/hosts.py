"""Hosts that talk through the appliance, label endpoints among them (protocol 6)."""

from dataclasses import dataclass, field

from .flows import CLIENT_ISN, SERVER_ISN


@dataclass
class Host:
    """One end of one session. `endpoint`: echoes labels; `client`: says so by explicit null."""

    endpoint: bool
    client: bool
    version: int
    remembered: int | None = None

    def learn(self, label, syn):
        """What a received frame's label tells: the partner is what is to be sent."""
        if not self.endpoint:
            assert label is None, "a label came to a plain host"
        elif label is not None:
            self.remembered = label + 1 if label % 2 else label - 1
        elif syn:
            self.remembered = None

    def label(self, flags):
        """What the next packet of these TCP flags (empty for UDP) goes out with."""
        if not self.endpoint:
            return None
        syn = "S" in flags and "A" not in flags
        if syn:
            self.remembered = None
        label = None if syn or set(flags) & {"F", "R"} else self.remembered
        if label is None and self.client:
            return 0 if self.version == 4 else 2
        return label


@dataclass
class Conversation:
    """A session between two hosts, one packet at a time."""

    flow: object
    client: Host
    server: Host
    next_seq: dict = field(default_factory=dict)
    pair: int | None = None
    serial: int = 0

    def start(self):
        """Forgets the numbers, and the pair: the next packet opens a session."""
        self.serial += 1
        isn = self.serial * 1_000_000
        self.next_seq = {True: SERVER_ISN + isn, False: CLIENT_ISN + isn}
        self.pair = None

    def packet(self, from_server, flags="", data=b""):
        """The frame of the next packet in a direction."""
        host = self.server if from_server else self.client
        if self.flow.protocol == "udp":
            content = self.flow.answer(data) if from_server else self.flow.send(data)
        else:
            content = self.segment(from_server, flags, data)
        send = self.flow.down if from_server else self.flow.up
        return send(content, label=host.label(flags))

    def segment(self, from_server, flags, data):
        acknowledged = self.next_seq[not from_server] if "A" in flags else 0
        seq = self.next_seq[from_server]
        self.next_seq[from_server] += len(data) + bool(set(flags) & {"S", "F"})
        return self.flow.segment(flags, seq, acknowledged, data, from_server)
