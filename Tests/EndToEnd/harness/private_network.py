"""A network namespace with nothing but a loopback device that has the test network's servers."""

import ctypes
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from . import network
from .appliance import wait_until

CLONE_NEWNET = 0x40000000
# Whoever is killed takes its processes along: no namespace outlives the tests.
DIES_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL"]


class PrivateNetwork:
    """A context manager; needs root. It ends with the process that holds it."""

    def __init__(self, servers=(1, 2, 3), more=()):
        self.rights = []  # of setpriv, for what is started from now on
        self.addresses = [network.server_address(number) for number in servers] + list(more)

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tagline-"))
        self.holder = subprocess.Popen(DIES_WITH_PARENT + ["unshare", "--net", "sleep", "infinity"])
        self.started = []
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(self.path) != own, 10, "a network namespace")
        self.finish(["ip", "link", "set", "lo", "up"])
        for address in self.addresses:
            length = "/128" if ":" in address else "/32"
            self.finish(["ip", "address", "add", address + length, "dev", "lo"])
        return self

    def __exit__(self, *_):
        for process in [*self.started, self.holder]:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def path(self):
        return f"/proc/{self.holder.pid}/ns/net"

    def command(self, words):
        """The command that runs `words` inside."""
        enter = [*DIES_WITH_PARENT, "nsenter", f"--net={self.path}"]
        return enter + (["setpriv", *self.rights] if self.rights else []) + [str(w) for w in words]

    def finish(self, words):
        """Runs a command to its end; its output."""
        return subprocess.run(
            self.command(words), check=True, capture_output=True, text=True, timeout=60
        ).stdout

    def start(self, words, log=subprocess.DEVNULL):
        """Starts a command that ends with the network, or by `end`."""
        process = subprocess.Popen(
            self.command(words), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        self.started.append(process)
        return process

    def end(self, process):
        self.started.remove(process)
        process.kill()
        process.wait()

    def web_server(self, address, port=80, folder=None):
        """Python's web server over a folder, once it listens. A listing is what `/` gives."""
        words = [sys.executable, "-m", "http.server", "--bind", address, str(port)]
        process = self.start(words + ["--directory", str(folder or self.folder)])
        wait_until(lambda: self.listens(address, port), 10, "the web server listens")
        return process

    def listens(self, address, port):
        try:
            self.connect(address, port).close()
        except OSError:
            return False
        return True

    def connect(self, address, port, timeout=20):
        """A TCP connection that was opened inside."""
        return self.inside(lambda: socket.create_connection((address, port), timeout=timeout))

    def inside(self, make):
        """What `make` returns when a thread calls it inside: sockets stay where they were opened."""
        made = []

        def enter():
            # Of the calling thread alone (setns(2)).
            descriptor = os.open(self.path, os.O_RDONLY)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
                    made.append(OSError(ctypes.get_errno(), "setns"))
                    return
                made.append(make())
            except OSError as error:
                made.append(error)
            finally:
                os.close(descriptor)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def get(self, port, path, method="GET", address="127.0.0.1"):
        """Status, headers and text of an HTTP answer."""
        connection = http.client.HTTPConnection(address, port)
        connection.sock = self.connect(address, port)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()
