"""A one-armed appliance whose own address, virtual address or segment is flooded: what it waits for itself,
answers to health checks and of neighbours, still comes."""

import time

import pytest

from support.waiting import wait_until

from harness import evidence, network
from harness.kernel_network import (
    CLIENT, OWN_FRONT, PLAIN, OneArmKernelNetwork, OneArmKernelSetup,
)  # fmt: skip
from harness.setup import service

# Of a kind, what one in some fifty of a flood gets.
RATE = 1000
SECONDS = 8
CHECK = {"interval": "500ms", "timeout": "500ms", "rise": 1, "fall": 3}
UDP = f"""
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("{OWN_FRONT}", 22))
frame = bytes(18)
"""
PINGS = f"""
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.connect(("{network.VIP4}", 0))
frame = struct.pack(">BBHHH", 8, 0, 0xf7fe, 1, 0)
"""
ARP = f"""
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0x0806))
own = bytes.fromhex("{network.client_mac(1).replace(':', '')}")
frame = b"\\xff" * 6 + own + struct.pack(">HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1)
frame += own + socket.inet_aton("{CLIENT}") + bytes(6) + socket.inet_aton("{OWN_FRONT}") + bytes(18)
"""
FLOOD = """
import socket, struct, sys, time
{make}
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    for _ in range(100):
        try:
            s.send(frame)
        except OSError:  # refused, by an ICMP error, or no room
            pass
    time.sleep(0.001)
"""


@pytest.fixture(scope="module")
def net():
    with OneArmKernelNetwork() as net:
        net.serve("served")
        yield net


@pytest.mark.parametrize(
    "make, kind", [(UDP, "http"), (PINGS, "icmp"), (ARP, "http")],
    ids=["UDP to the own address", "pings to the virtual address", "ARP"],
)
def test_a_flood_spends_nothing_of_the_servers(net, make, kind):
    services = [service([PLAIN], health=CHECK | {"type": kind})]
    if kind == "http":
        net.server.web_server(PLAIN["address"])
    options = {"kernel-packets-per-second": RATE}
    with net.appliance(OneArmKernelSetup(services, **options)) as box:
        box.launch()
        box.ready()

        def health():
            (one,) = box.admin.call("show.services")[0]["servers"]
            return one["health"]

        wait_until(lambda: health() == "up", 20, "the server is up")
        net.client.get(network.TCP_PORT, "/", address=network.VIP4)
        before = box.counters()
        flood = net.client.start("python3", "-c", FLOOD.format(make=make, seconds=SECONDS))
        while flood.poll() is None:
            # It has to ask for the appliance's address again and again.
            net.server.ip("neigh", "flush", "dev", "eth0")
            assert health() == "up", box.log()
            status, _, text = net.client.get(network.TCP_PORT, "/", address=network.VIP4)
            assert (status, text) == (200, "served")
            time.sleep(0.3)
        after = box.counters()
        rise = {name: after[name] - before[name] for name in after}
        # A busy machine may be late once in a while.
        assert rise["health.failures"] * 4 <= rise["health.checks"], box.log()
        assert rise["drop.kernel_limit"] > 20 * RATE * SECONDS, "there was a flood"
        # The strangers' share and no more, and some hundred packets of the server's.
        assert rise["kernel.packets"] < RATE * (SECONDS + 2) + 1000
        wait_until(lambda: evidence.balanced(box.counters()), 5, "every packet is accounted for")
