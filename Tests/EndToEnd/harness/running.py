"""`run`: captures in, captures and counters out."""

from dataclasses import dataclass

from . import evidence
from .appliance import Appliance
from .captures import write_capture


@dataclass
class Result:
    """What a run left: frames by port, and what the socket said before the end."""

    out: dict
    counters: dict
    shown: dict
    end_seconds: float

    def bytes(self, port="front"):
        """The frames of a port as they were sent, without padding."""
        return [frame.unpadded for frame in self.out[port]]

    @property
    def sessions(self):
        return self.shown["show.sessions"]["sessions"]

    def drops(self):
        """Reason to number, without zeros."""
        return {
            name.removeprefix("drop."): value
            for name, value in self.counters.items()
            if name.startswith("drop.") and value
        }


class Archive:
    """The sound frames of all runs since tshark last looked."""

    def __init__(self):
        self.frames = []

    def add(self, frames):
        self.frames += frames

    def take(self):
        taken, self.frames = self.frames, []
        return taken


archive = Archive()


def queues(*captures):
    """Captures of a port's receive queues, in order."""
    return tuple(captures)


def run(setup, sound=True, before_end=None, **inputs):
    """Runs the appliance over captures and ends it.

    `inputs`: port name to a list of frames, or `queues(...)` of lists. `sound`: what went in was
    well-formed, so what comes out must be. `before_end(appliance)` is called while it still runs,
    after all packets are accounted for.
    """
    with Appliance(setup) as appliance:
        received = 0
        for port in setup.ports:
            captures = inputs.get(port.name, [])
            captures = captures if isinstance(captures, tuple) else (captures,)
            captures += ([],) * (port.inputs - len(captures))
            for path, frames in zip(port.input_paths(appliance.folder), captures, strict=True):
                write_capture(path, frames)
                received += len(frames)
        appliance.launch()
        appliance.ready()
        counters = appliance.settled(received)
        shown = {
            method: appliance.admin.call(method)
            for method in ("status", "show.services", "show.sessions", "show.labels")
        }
        if before_end:
            before_end(appliance)
        seconds = appliance.end()
        result = Result(appliance.outputs(), counters, shown, seconds)
    assert counters["rx.packets"] == received, counters
    examine(result.out, counters, sound)
    return result


def examine(out, counters, sound):
    """What every run must fulfil."""
    evidence.assert_balanced(counters)
    frames = [frame for port in out.values() for frame in port]
    assert len(frames) == counters["tx.packets"], (counters, frames)
    if sound:
        for frame in frames:
            evidence.assert_sound(frame)
        archive.add(frames)
