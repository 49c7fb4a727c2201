"""Hosts: network namespaces with addresses, servers and connections of their own."""

import http.client
import shutil
import sys
import tempfile
from pathlib import Path

from .namespaces import Namespace
from .waiting import wait_until


class Host(Namespace):
    """`addresses` are its loopback device's; `folder` is removed with it."""

    def __init__(self, addresses=()):
        super().__init__()
        self.addresses = addresses
        self.rights = []  # of setpriv, for what is started from now on

    def __enter__(self):
        super().__enter__()
        self.folder = Path(tempfile.mkdtemp(prefix="tagline-"))
        for address in self.addresses:
            self.ip("address", "add", address + ("/128" if ":" in address else "/32"), "dev", "lo")
        return self

    def __exit__(self, *_):
        super().__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def enter(self):
        return super().enter + (["setpriv", *self.rights] if self.rights else [])

    def web_server(self, address, port=80, folder=None):
        """Python's web server over a folder, once it listens. A listing is what `/` gives."""
        # It asks for the name of its address, and nobody is there to answer.
        words = ["env", "RES_OPTIONS=timeout:1 attempts:1"]
        words += [sys.executable, "-m", "http.server", "--bind", address, str(port)]
        process = self.start(*words, "--directory", folder or self.folder)
        wait_until(lambda: self.listens(address, port), 10, "the web server listens")
        return process

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
