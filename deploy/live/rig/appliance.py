"""The appliance in the box of a `network.Network`."""

import json
import signal
import subprocess

import yaml

from . import plan
from .namespace import Failed, wait_until

# The default ring of 512 frames loses some while the worker is not scheduled.
RING = "blocksz=65536,framesz=2048,framecnt=4096"
DEVICES = {
    "af_packet": "net_af_packet{number},iface={name}," + RING,
    "af_xdp": "net_af_xdp{number},iface={name}",
}


def ports(device="af_packet", front_mtu=plan.LINK_MTU, back_mtu=plan.LINK_MTU):
    """Both ports with a kernel twin: it answers ARP and ND for them and the virtual addresses."""
    rows = (
        ("front", "client", plan.FRONT4, plan.FRONT6, front_mtu),
        ("back", "server", plan.BACK4, plan.BACK6, back_mtu),
    )
    return [
        {
            "name": name,
            "device": DEVICES[device].format(number=number, name=name),
            "side": side,
            "mtu": mtu,
            "address": [f"{ipv4}.1/24", f"{ipv6}:1/64"],
        }
        for number, (name, side, ipv4, ipv6, mtu) in enumerate(rows)
    ]


def service(name, servers, protocol="tcp", port=80, version=4, **options):
    """`servers`: `plan.Place`s. Their MAC addresses are the kernel's to find."""
    return {
        "name": name,
        "address": plan.VIP4 if version == 4 else plan.VIP6,
        "protocol": protocol,
        "port": port,
        "algorithm": "rr",
        **options,
        "servers": [
            {
                "name": place.name,
                "address": place.ipv4 if version == 4 else place.ipv6,
                "labels": place.labels,
            }
            for place in servers
        ],
    }


def configuration(services, device="af_packet", **options):
    """Without the admin socket, which `Appliance` places."""
    return {
        "workers": 1,
        "sessions-per-worker": 65536,
        "memory": {"hugepages": "auto"},
        "ports": ports(device),
        "labels": {"first": "lowest"},
        **options,
        "services": services,
    }


class Appliance:
    """A context manager; `launch` and `end` may follow each other within."""

    def __init__(self, box, programs, document):
        """`programs`: the folder with the built executables. `document`: a `configuration`."""
        self.box = box
        self.programs = programs
        self.socket = box.folder / "admin.sock"
        self.file = box.folder / "tagline.yaml"
        self.process = None
        self.write(document)

    def write(self, document):
        """The file for the next `launch` or reload."""
        document = document | {"admin": {"socket": str(self.socket)}}
        self.file.write_text(yaml.safe_dump(document, sort_keys=False))

    def __enter__(self):
        self.launch()
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.end(signal.SIGTERM)

    def launch(self, seconds=60):
        """Until it answers, and has found all servers' MAC addresses."""
        self.process = self.box.start(
            self.programs / "tagline", "run", "--config", self.file, log="tagline.log"
        )
        try:
            wait_until(self.answers, seconds, "the appliance answers", self.process)
            wait_until(self.resolved, seconds, "the servers' MAC addresses", self.process)
        except Failed as failed:
            raise Failed(f"{failed}\n{self.log()[-4000:]}") from None

    def end(self, how=signal.SIGTERM):
        """Its exit code."""
        process, self.process = self.process, None
        return self.box.end(process, lambda process: process.send_signal(how))

    def log(self):
        return (self.box.folder / "tagline.log").read_text(errors="replace")

    def answers(self):
        return self.socket.exists() and self.control_attempt("status").returncode == 0

    def resolved(self):
        return all(server["mac"] for server in self.show("servers"))

    def control_attempt(self, *words):
        command = [self.programs / "taglinectl", "--socket", self.socket, "--json", *words]
        return subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=30
        )

    def control(self, *words):
        """What `taglinectl --json` prints, decoded."""
        done = self.control_attempt(*words)
        if done.returncode != 0:
            raise Failed(f"taglinectl {' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def show(self, what):
        return self.control("show", what)
