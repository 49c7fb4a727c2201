"""Network namespaces that end with the tests, and pairs of virtual Ethernet devices between them."""

import contextlib
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
# Whoever is killed takes its processes along, and so the namespaces that they hold.
DIES_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL"]
HOLD = "ip link set lo up && echo ready && exec sleep infinity"


class Namespace:
    """A context manager; needs root. A network namespace, loopback up, that nobody has named: it ends
    with the process that holds it, and with what was started in it."""

    def __enter__(self):
        self.started = []
        self.holder = subprocess.Popen(
            [*DIES_WITH_PARENT, "unshare", "--net", "sh", "-c", HOLD],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )
        if self.holder.stdout.readline() != b"ready\n":
            self.end_all()
            raise RuntimeError("no network namespace: run this as root")
        return self

    def __exit__(self, *_):
        self.end_all()

    def end_all(self):
        for process in [*self.started, self.holder]:
            process.kill()
            process.wait()
        self.holder.stdout.close()

    @property
    def path(self):
        return f"/proc/{self.holder.pid}/ns/net"

    @property
    def prefix(self):
        """Before a command: runs it inside, in one process. /sys and /run stay the machine's."""
        return [*DIES_WITH_PARENT, "nsenter", f"--net={self.path}"]

    def command(self, words):
        return [*self.prefix, *map(str, words)]

    def run(self, *words):
        """Runs a command to its end; its output."""
        return run(*self.prefix, *words)

    def ip(self, *words):
        return self.run("ip", *words)

    def sysctl(self, name, value=None):
        """The value, which may be set first."""
        if value is not None:
            self.run("sysctl", "-q", "-w", f"{name}={value}")
        return self.run("sysctl", "-n", name).strip()

    def start(self, words, log=subprocess.DEVNULL):
        """Starts a command that ends with the namespace, or by `end`."""
        process = subprocess.Popen(
            self.command(words), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        self.started.append(process)
        return process

    def end(self, process):
        self.started.remove(process)
        process.kill()
        process.wait()

    @contextlib.contextmanager
    def entered(self):
        """This thread works inside; sockets stay where they were opened (setns(2))."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(self.path, os.O_RDONLY)
        try:
            switch(there)
            yield
        finally:
            switch(before)
            os.close(there)
            os.close(before)


def run(*words):
    """Runs a command to its end; its output."""
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, f"{words}: {result.stdout}{result.stderr}"
    return result.stdout


def switch(descriptor):
    if LIBC.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


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
