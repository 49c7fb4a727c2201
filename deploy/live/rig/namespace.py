"""Namespaces that nothing outlives: without names, held by a process that dies with this one."""

import contextlib
import ctypes
import os
import socket
import subprocess
import time
from pathlib import Path

CLONE_NEWNET = 0x40000000  # sched.h
LIBC = ctypes.CDLL(None, use_errno=True)
DIES_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL"]
# What a daemon starts, or a change of its user, escapes the above, but not the end of the first
# process of a PID namespace, which is a shell.
WITH_ITS_CHILDREN = ["unshare", "--pid", "--fork", "--kill-child=KILL", "sh", "-c", '"$@"; exit', "-"]

# Within a mount namespace of its own: the devices of this network under /sys, and neither what the
# machine has pinned in the BPF file system nor its /run, where label endpoints keep their state.
MOUNT = """
mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf && mount -t tmpfs tmpfs /run &&
mkdir /run/folder &&
"""
# What a network namespace takes over from the machine is set as on a new host.
HOLD = """
for setting in ip_forward conf/all/arp_ignore conf/all/arp_announce conf/default/arp_ignore \\
  conf/default/arp_announce
do echo 0 > /proc/sys/net/ipv4/$setting
done && ip link set lo up && echo held && exec sleep infinity
"""


class Failed(Exception):
    """A command that had to succeed did not; the text says which and why."""


def wait_until(condition, seconds, what, process=None):
    """Polls until `condition()` is true; its value. `process`: whose end ends the waiting."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if process is not None and process.poll() is not None:
            raise Failed(f"{what}: its process ended with {process.poll()}")
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Lacking(Failed):
    """This machine does not give what the network needs."""


class Namespace:
    """A network namespace with a mount namespace, a folder, and what was started in them.

    A context manager; needs root. Make it in the thread that outlives it: the kernel ends the holder
    with the thread that started it (PR_SET_PDEATHSIG).
    """

    has_mounts = True  # False: /sys and /run are the machine's, and there is no folder

    def __init__(self, name):
        self.name = name
        self.endings = {}  # process: how it is ended

    def __enter__(self):
        kinds, script = ["--net"], HOLD
        if self.has_mounts:
            kinds, script = ["--net", "--mount"], MOUNT + HOLD
        self.holder = subprocess.Popen(
            [*DIES_WITH_PARENT, "unshare", *kinds, "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,  # Ctrl-C is for the one that cleans up
        )  # fmt: skip
        if self.holder.stdout.readline().strip() != "held":
            why = self.holder.stderr.read().strip()
            self.__exit__()
            raise Lacking(f"no namespaces for {self.name}: {why}")
        if self.has_mounts:
            # In the namespace's own memory, and reached from everywhere: it goes with the holder.
            self.folder = Path(f"/proc/{self.holder.pid}/root/run/folder")
        return self

    def __exit__(self, *_):
        for process, how in self.endings.items():
            how(process)
        for process in self.endings:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        self.holder.stderr.close()

    @property
    def network_path(self):
        return f"/proc/{self.holder.pid}/ns/net"

    @property
    def enter(self):
        """Before a command: runs it here."""
        mounts = [f"--mount=/proc/{self.holder.pid}/ns/mnt"] if self.has_mounts else []
        return ["nsenter", f"--net={self.network_path}", *mounts]

    def command(self, words):
        return [*DIES_WITH_PARENT, *self.enter, *(str(word) for word in words)]

    def run(self, *words, seconds=60, **options):
        """Runs a command to its good end; what it printed. `Failed` if it ends otherwise."""
        done = self.attempt(*words, seconds=seconds, **options)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise Failed(f"{self.name}: {' '.join(map(str, words))}: {done.returncode}: {said}")
        return done.stdout

    def attempt(self, *words, seconds=60, **options):
        """Runs a command to its end, good or not."""
        return subprocess.run(
            self.command(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=seconds, start_new_session=True, **options,
        )  # fmt: skip

    def start(self, *words, log=None, **options):
        """Starts a command that ends with the namespace, or by `end`.

        `log`: name of a file in the folder that takes both streams.
        """
        return self.begin(self.command(words), subprocess.Popen.terminate, log, options)

    def serve(self, *words, log=None):
        """As `start`, for a daemon: what it starts itself ends with it too, all by SIGKILL."""
        command = self.command([*WITH_ITS_CHILDREN, *words])
        return self.begin(command, subprocess.Popen.kill, log, {})

    def begin(self, command, ending, log, options):
        with (self.folder / log if log else Path(os.devnull)).open("wb") as sink:
            process = subprocess.Popen(
                command, **{"stdin": subprocess.DEVNULL, "stdout": sink, "stderr": sink,
                            "start_new_session": True} | options
            )  # fmt: skip
        self.endings[process] = ending
        return process

    def end(self, process, how=None):
        """Ends what was started; its exit code."""
        ending = self.endings.pop(process)
        (how or ending)(process)
        return process.wait(10)

    @contextlib.contextmanager
    def entered(self):
        """This thread is here meanwhile, and no other; sockets stay where they were opened."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(self.network_path, os.O_RDONLY)
        try:
            switch(there)
            yield
        finally:
            switch(before)
            os.close(there)
            os.close(before)

    def connect(self, address, port, seconds=20, source=None):
        """A TCP connection that was opened here."""
        with self.entered():
            return socket.create_connection((address, port), seconds, source)

    def listens(self, address, port):
        try:
            self.connect(address, port, 1).close()
        except OSError:
            return False
        return True


def switch(descriptor):
    """Puts the calling thread, alone, into a network namespace (setns(2))."""
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
