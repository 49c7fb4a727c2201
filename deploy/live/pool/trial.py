"""One algorithm with a pool of unequal servers, in a network made for it."""

import json
import time
from pathlib import Path

from rig import appliance, plan
from rig.namespace import Failed, wait_until
from rig.network import Network

from .clients import MEAN_WORK, PATIENCE
from .loads import reported, variance
from .server import TICK

ALGORITHMS = ("rr", "wrr", "lc", "wlc", "rt", "p2c", "maglev")
HERE = Path(__file__).parent
CORES = 2
# Weight and speed: as it is configured, and as it is. The second is slow, the third dies.
SERVERS = ((2, 2), (1, 0.25), (2, 2), (1, 1), (2, 2), (1, 1))
DIES = 2
LOG = "server.log"
LOAD = 0.7  # of what all six can do
RATE = LOAD * CORES * sum(speed for _, speed in SERVERS) / MEAN_WORK
# Found out after two checks of a second each, as many to come back.
HEALTH = {"type": "http", "interval": "1s", "timeout": "500ms", "rise": 2, "fall": 2}


def trial(algorithm, programs, seconds, seed):
    """What was measured, by its name; `seed` fixes the requests.

    `times`: the seconds that each request took, None where it failed. `load_variance`: that of requests
    at hand for each core, over the servers that were not cut off.
    """
    places = plan.servers(*[True] * len(SERVERS))
    with Network(plan.clients(True), places) as network:
        for host in network.hosts:
            host.run(*host.attach_command(programs / "tagline-endpoint"))
        for host, (_, speed) in zip(network.servers, SERVERS, strict=True):
            process = host.start(HERE / "server.py", CORES, speed, log=LOG)
            wait_until(lambda host=host: host.listens("127.0.0.1", 80), 10, host.name, process)
        with appliance.Appliance(network.box, programs, document(algorithm, places)) as box:
            wait_until(lambda: all_up(box), 20, "the servers' health", box.process)
            return load(network, seconds, seed)


def document(algorithm, places):
    options = {} if algorithm in ("rr", "maglev") else {"slow-start": "2s"}
    service = appliance.service("web", places, algorithm=algorithm, health=HEALTH, **options)
    for server, (weight, _) in zip(service["servers"], SERVERS, strict=True):
        server["weight"] = weight
    return appliance.configuration([service])


def all_up(box):
    return all(server["health"] == "up" for server in box.show("services")[0]["servers"])


def load(network, seconds, seed):
    """One server is cut off for the middle third."""
    client = network.clients[0]
    name = network.servers[DIES].name
    words = client.command([HERE / "clients.py", plan.VIP4, RATE, seconds, seed])
    found = client.folder / "requests.json"
    with found.open("w") as output:
        process = client.begin(words, lambda process: process.kill(), None, {"stdout": output})
    changes = [time.monotonic()]
    for state in ("down", "up"):
        time.sleep(seconds / 3)
        network.switch.run("ip", "link", "set", name, state)
        changes.append(time.monotonic())
    if process.wait(seconds / 3 + PATIENCE + 30) != 0:
        raise Failed(f"clients.py ended with {process.returncode}")
    return {
        "times": json.loads(found.read_text()),
        "load_variance": load_variance(network.servers, seconds, *changes),
    }


def load_variance(servers, seconds, start, cut_off, back):
    loads = [
        {tick: number / CORES for tick, number in reported((host.folder / LOG).read_text()).items()}
        for host in servers
    ]
    return variance(
        loads,
        range(round(start / TICK), round((start + seconds) / TICK)),
        lambda server, tick: server != DIES or not cut_off <= tick * TICK <= back,
    )
