"""Client, appliance and server joined by every kind of port that needs no hardware."""

import json
import os

from rig.appliance import RING
from support.waiting import wait_until

from . import network
from .kernel_network import KernelNetwork

POLL_SECONDS = 20
# The hosts' kernels leave checksums to the device, as they do unless told otherwise.
PARTIAL_CHECKSUMS = ["tx", "on", "tso", "off", "gso", "off", "gro", "off"]


class VethPorts(KernelNetwork):
    """veth pairs whose near ends a driver takes packets from."""

    offloads = PARTIAL_CHECKSUMS

    def __init__(self, describe):
        self.describe = describe

    def device(self, number, name):
        return self.describe(number, f"{name}0")

    def started(self):
        """Once the appliance runs."""


class TapPorts(KernelNetwork):
    """TAP devices of the appliance's own, whose kernel sides are the hosts' devices."""

    def link(self):
        """They come with the appliance."""

    def device(self, number, name):
        return f"net_tap{number},iface={name}0"

    def started(self):
        self.take_over("front0", self.client, network.client_mac(1))
        self.take_over("back0", self.server, network.server_mac(1))
        self.settle()

    def take_over(self, device, host, mac):
        """Makes a TAP device the `eth0` of a host."""
        wait_until(lambda: device in self.links(), POLL_SECONDS, f"{device} is there")
        self.box.ip("link", "set", device, "down")
        self.box.ip("link", "set", device, "name", "eth0", "netns", host.holder.pid)
        host.sysctl("net.ipv6.conf.eth0.accept_dad", 0)
        host.ip("link", "set", "eth0", "address", mac, "up")

    def links(self):
        return {link["ifname"] for link in json.loads(self.box.ip("-j", "link"))}


class BridgedPorts(TapPorts):
    """Ports to another DPDK process, testpmd, which passes all on to TAP devices of its own."""

    def __init__(self, describe, peer, peer_first=True):
        """Device strings of the appliance and of its peer, by number and folder."""
        self.describe = describe
        self.peer = peer
        self.peer_first = peer_first

    def link(self):
        if self.peer_first:
            self.bridge()

    def device(self, number, name):
        return self.describe(number, self.box.folder)

    def started(self):
        if not self.peer_first:
            self.bridge()
        super().started()

    def end_peer(self):
        """Kills testpmd; the hosts' devices go with it."""
        self.box.end(self.bridging)

    def bridge(self):
        log = self.box.folder / "testpmd.log"
        devices = [
            word
            for number, name in enumerate(("front", "back"))
            for device in (self.peer(number, self.box.folder), f"net_tap{number},iface={name}0")
            for word in ("--vdev", device)
        ]
        processors = ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
        process = self.bridging = self.box.start(
            "dpdk-testpmd", "--no-huge", "-m", "256", "--lcores",
            f"0@({processors}),1@({processors})", "--no-pci",
            "--no-telemetry", "--no-shconf", "--file-prefix", self.box.folder.name, *devices, "--",
            "--forward-mode=io", "--auto-start", "--total-num-mbufs=16384", "--stats-period=60",
            log=log.name,
        )  # fmt: skip

        def forwards():
            text = log.read_text(errors="replace")
            assert process.poll() is None, text
            return "start packet forwarding" in text

        wait_until(forwards, POLL_SECONDS, "testpmd forwards")


def memif(role):
    return lambda number, folder: (
        f"net_memif{number},role={role},id={number},socket={folder}/memif.sock,socket-abstract=no"
    )


KINDS = {
    "af_packet": lambda: VethPorts(
        lambda number, link: f"net_af_packet{number},iface={link},{RING}"
    ),
    "af_xdp": lambda: VethPorts(lambda number, link: f"net_af_xdp{number},iface={link}"),
    "pcap": lambda: VethPorts(lambda number, link: f"net_pcap{number},iface={link}"),
    "tap": TapPorts,
    "memif_client": lambda: BridgedPorts(memif("client"), memif("server")),
    "memif_server": lambda: BridgedPorts(memif("server"), memif("client"), peer_first=False),
    "virtio_user": lambda: BridgedPorts(
        lambda number, folder: f"net_virtio_user{number},path={folder}/vhost{number}.sock",
        lambda number, folder: f"net_vhost{number},iface={folder}/vhost{number}.sock",
    ),
    "vhost": lambda: BridgedPorts(
        lambda number, folder: f"net_vhost{number},iface={folder}/vhost{number}.sock",
        lambda number, folder: f"net_virtio_user{number},path={folder}/vhost{number}.sock",
        peer_first=False,
    ),
}
