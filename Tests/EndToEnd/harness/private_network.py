"""A network namespace with nothing but a loopback device that has the test network's servers."""

from support.hosts import Host

from . import network


class PrivateNetwork(Host):
    def __init__(self, servers=(1, 2, 3), more=()):
        super().__init__([network.server_address(number) for number in servers] + list(more))
