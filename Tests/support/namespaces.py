"""Network namespaces that end with the tests, and pairs of virtual Ethernet devices between them."""

import subprocess

import rig.namespace


class Namespace(rig.namespace.Namespace):
    """Of the network alone. What was started in it is killed."""

    has_mounts = False

    def __init__(self):
        super().__init__("host")

    def ip(self, *words):
        return self.run("ip", *words)

    def sysctl(self, name, value=None):
        """The value, which may be set first."""
        if value is not None:
            self.run("sysctl", "-q", "-w", f"{name}={value}")
        return self.run("sysctl", "-n", name).strip()

    def start(self, *words, log=None):
        return self.begin(self.command(words), subprocess.Popen.kill, log, {})


def cable(one, one_device, one_mac, other, other_device, other_mac, mtu=1500):
    """A pair of devices, each in its namespace and still down."""
    one.ip("link", "add", one_device, "mtu", mtu, "address", one_mac, "type", "veth",
           "peer", "name", other_device, "mtu", mtu, "address", other_mac,
           "netns", other.holder.pid)  # fmt: skip


def connect(one, one_device, one_mac, other, other_device, other_mac, mtu=1500):
    """The same, up."""
    cable(one, one_device, one_mac, other, other_device, other_mac, mtu)
    one.ip("link", "set", one_device, "up")
    other.ip("link", "set", other_device, "up")
