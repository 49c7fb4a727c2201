"""Hosts whose devices may become label endpoints."""

import contextlib
import pathlib
import socket

from support.hosts import Host

SO_NETNS_COOKIE = 71


class EndpointHost(Host):
    def __enter__(self):
        super().__enter__()
        with self.entered(), socket.socket() as asking:
            cookie = asking.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8)
        self.number = int.from_bytes(cookie, "little")
        return self

    def __exit__(self, *_):
        """With what was saved of its devices: tests end with endpoints that are still attached."""
        super().__exit__()
        for path in self.state_files():
            path.unlink()

    def state_files(self):
        """What was saved of its devices."""
        return sorted(pathlib.Path("/run/tagline").glob(f"endpoint-net{self.number}-*.json"))


@contextlib.contextmanager
def namespaces(count):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(EndpointHost()) for _ in range(count)]
