"""The real appliance between two devices of a namespace, on DPDK's af_packet driver."""

import contextlib
import json
import subprocess
import tempfile
import time
from pathlib import Path

import yaml

from support.namespaces import run

from .program import ENDPOINT

TAGLINE = ENDPOINT.with_name("tagline")
TAGLINECTL = ENDPOINT.with_name("taglinectl")


class Tagline:
    def __init__(self, socket):
        self.socket = socket

    def show(self, what):
        return json.loads(run(TAGLINECTL, "--socket", self.socket, "--json", "show", what))


@contextlib.contextmanager
def appliance(namespace, ports, services):
    """`ports`: name to (side, device, MAC, gateway's MAC)."""
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "admin.sock"
        configuration = Path(folder) / "tagline.yaml"
        configuration.write_text(yaml.safe_dump({
            "workers": 1,
            "sessions-per-worker": 4096,
            "memory": {"hugepages": "none"},
            "admin": {"socket": str(socket)},
            "ports": [
                {"name": name, "side": side, "mac": mac, "mtu": 1504, "gateway": {"mac": gateway},
                 "device": f"net_af_packet{number},iface={device},blocksz=65536,framesz=2048,"
                           "framecnt=4096"}
                for number, (name, (side, device, mac, gateway)) in enumerate(ports.items())],
            "labels": {"first": "lowest"},
            "services": services,
        }, sort_keys=False))
        log = open(Path(folder) / "log", "w+")
        process = subprocess.Popen(
            [*namespace.prefix, TAGLINE, "run", "--config", configuration], stdout=log, stderr=log)
        try:
            for _ in range(100):
                if socket.exists() or process.poll() is not None:
                    break
                time.sleep(0.1)
            log.seek(0)
            assert process.poll() is None and socket.exists(), log.read()
            yield Tagline(socket)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()
