"""`Live`: an appliance that is fed step by step.

Its capture ports read from named pipes. net_pcap blocks on an empty pipe, so a thread keeps writing
filler frames that each port drops for a reason of its own. That reason's counter also tells when
everything written before has been received.
"""

import os
import threading
import time
from dataclasses import dataclass

from support.waiting import wait_until

from . import evidence, network
from .appliance import Appliance
from .captures import file_header, record
from .frames import ethernet
from .running import archive

FILLERS_AT_ONCE = 32  # net_pcap returns from a burst of 32 only once all of it is there
PAUSE_SECONDS = 0.001
STEP_SECONDS = 30

# One filler for each pipe: the reason that it is dropped for, and the frame on a port's VLAN.
EXPERIMENTAL = 0x88B5
FILLERS = [
    ("foreign_mac", lambda vlan: experimental(network.STRANGER_MAC, vlan)),
    ("frame_short", lambda vlan: bytes(8)),
    ("ethertype", lambda vlan: experimental(network.FRONT_MAC, vlan)),
]


def experimental(destination, vlan):
    return ethernet(destination, network.GATEWAY_MAC, EXPERIMENTAL, bytes(46), vlan)


class Feed(threading.Thread):
    """Writes one receive queue's pipe: fillers always, frames when asked."""

    def __init__(self, path, reason, filler):
        super().__init__(daemon=True)
        self.path = path
        self.reason = reason
        self.filler = record(filler)
        self.lock = threading.Lock()
        self.fillers = 0
        self.frames = 0
        self.stopping = threading.Event()
        self.pipe = None
        os.mkfifo(path)

    def run(self):
        self.pipe = self.opened()
        try:
            self.write(file_header())
            while not self.stopping.wait(PAUSE_SECONDS):
                with self.lock:
                    self.write(self.filler * FILLERS_AT_ONCE)
                    self.fillers += FILLERS_AT_ONCE
        except BrokenPipeError:
            pass  # the appliance has ended; whoever waits for it sees that
        finally:
            if self.pipe is not None:
                os.close(self.pipe)

    def opened(self):
        """The pipe's writing end, once the appliance has opened the other."""
        while not self.stopping.is_set():
            try:
                pipe = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                time.sleep(0.005)
                continue
            os.set_blocking(pipe, True)
            return pipe
        return None

    def write(self, content):
        view = memoryview(content)
        while view:
            view = view[os.write(self.pipe, view) :]

    def send(self, frames):
        """Writes frames and a filler behind them; the filler count that proves them received."""
        with self.lock:
            self.write(b"".join(record(raw) for raw in frames))
            self.write(self.filler)
            self.frames += len(frames)
            self.fillers += 1
            return self.fillers

    def stop(self):
        self.stopping.set()


@dataclass
class Step:
    """What came of one `send`: new frames by port, and how the counters rose."""

    out: dict
    rise: dict

    def bytes(self, port="front"):
        return [frame.unpadded for frame in self.out[port]]

    def drops(self):
        return {
            name.removeprefix("drop."): value
            for name, value in self.rise.items()
            if name.startswith("drop.")
        }


class Live:
    """A context manager."""

    def __init__(self, setup, inside=None):
        self.appliance = Appliance(setup, inside=inside)
        self.admin = self.appliance.admin
        self.feeds = {}
        fillers = iter(FILLERS)
        for port in setup.ports:
            self.feeds[port.name] = []
            for path in port.input_paths(self.appliance.folder):
                reason, build = next(fillers)
                filler = build(port.options.get("vlan", 0))
                self.feeds[port.name].append(Feed(path, reason, filler))
        self.seen = {port.name: 0 for port in setup.ports}
        self.before = None

    @property
    def every_feed(self):
        return [feed for feeds in self.feeds.values() for feed in feeds]

    def __enter__(self):
        try:
            self.appliance.launch()
            for feed in self.every_feed:
                feed.start()
            self.appliance.ready()
            for feed in self.every_feed:
                wait_until(lambda: feed.pipe is not None and feed.fillers, STEP_SECONDS, "feeding")
        except BaseException:
            self.close()
            raise
        self.before = self.without_fillers(self.appliance.counters())
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.finish()
        finally:
            self.close()

    def close(self):
        for feed in self.every_feed:
            feed.stop()
        self.appliance.__exit__()

    def finish(self):
        """Ends the input, waits until all is accounted for, and examines the whole run."""
        for feed in self.every_feed:
            feed.stop()
        for feed in self.every_feed:
            feed.join(STEP_SECONDS)
        received = sum(feed.frames + feed.fillers for feed in self.every_feed)
        counters = self.appliance.settled(received)
        self.appliance.end()
        assert counters["rx.packets"] == received
        evidence.assert_balanced(counters)
        frames = [frame for port in self.appliance.outputs().values() for frame in port]
        assert len(frames) == counters["tx.packets"], "frames captured, and tx.packets"
        for frame in frames:
            evidence.assert_sound(frame)
        archive.add(frames)

    def without_fillers(self, counters):
        """The counters without rx.packets and the reasons that the fillers are dropped for."""
        hidden = {"rx.packets"} | {f"drop.{feed.reason}" for feed in self.every_feed}
        return {name: value for name, value in counters.items() if name not in hidden}

    def send(self, *frames, queue=0, **inputs):
        """Sends frames to port `front`, or to ports by name, one port after the other."""
        if frames:
            inputs = {"front": frames}
        for port, content in inputs.items():
            self.receive(port, content, queue)
        return self.step()

    def receive(self, port, frames, queue):
        """Feeds frames and waits until they were received."""
        feed = self.feeds[port][queue]
        target = feed.send(frames)
        name = f"drop.{feed.reason}"
        wait_until(
            lambda: self.appliance.counters()[name] >= target, STEP_SECONDS, "frames received"
        )

    def change(self, method, **params):
        """An admin call, and a pause until every worker has taken note of it."""
        result = self.admin.call(method, **params)
        self.pass_fillers()
        return result

    def pass_fillers(self):
        """Waits for the bursts that were begun before now, whose packets may see the old state:
        a worker that waits on an empty pipe is in the middle of one."""
        for name, feeds in self.feeds.items():
            for queue in range(len(feeds)):
                self.receive(name, [], queue)

    def step(self):
        """What has changed since the last step, once as many frames are out as were counted."""
        time.sleep(0.01)  # for what was handed over to another worker
        counters = self.without_fillers(wait_until(self.delivered, STEP_SECONDS, "all delivered"))
        sent = counters["tx.packets"]
        outputs = wait_until(lambda: self.enough(sent), STEP_SECONDS, f"{sent} frames sent")
        new = {name: frames[self.seen[name] :] for name, frames in outputs.items()}
        self.seen = {name: len(frames) for name, frames in outputs.items()}
        before, self.before = self.before, counters
        rise = {n: v - before.get(n, 0) for n, v in counters.items() if v != before.get(n, 0)}
        return Step(new, rise)

    def delivered(self):
        """The counters. Amid a burst they do not add up: what is switched is counted at its end."""
        counters = self.appliance.counters()
        return counters if evidence.delivered(counters) and evidence.balanced(counters) else None

    def enough(self, sent):
        outputs = self.appliance.outputs()
        return outputs if sum(len(frames) for frames in outputs.values()) >= sent else None
