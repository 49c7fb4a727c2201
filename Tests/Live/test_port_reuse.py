"""A client port that is used again at once, for the same virtual address: the new connection works,
whichever server it comes to. A stale label or session would lead it to the old one.
"""

import errno
import socket
import struct

import pytest

from harness.site import Connection
from rig.namespace import wait_until

TIMES = 30
TCP_REPAIR = 19  # linux/tcp.h


def reset(connection):
    """Closes with a RST (SO_LINGER of 0)."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.sock.close()


def let_server_close(connection):
    """The server's FIN comes first, so that no TIME_WAIT holds the port here."""
    connection.request("GET", "/", headers={"Connection": "close"})
    assert connection.sock.recv(4096)
    while connection.sock.recv(4096):
        pass
    connection.sock.close()


def forget(connection):
    """As by a crash: the kernel here knows nothing of it any more, and nobody was told."""
    connection.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    connection.sock.close()


def connect_from(client, version, port):
    """As soon as the kernel has the port free: the last ACK of the old connection may be on its way."""

    def attempt():
        try:
            return Connection(client, version, source=("", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return None

    return wait_until(attempt, 10, f"port {port} is free")


def free_port(client, version):
    connection = Connection(client, version)
    reset(connection)
    return connection.port


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("close", [reset, let_server_close])
@pytest.mark.parametrize("labels", [True, False], ids=["labelled", "plain"])
def test_each_connection_works(site, labels, close, version):
    client = site.client(labels)
    port = free_port(client, version)
    seen = set()
    for _ in range(TIMES):
        connection = connect_from(client, version, port)
        assert connection.port == port
        first = connection.server()
        # The labels of the established session lead to the same server.
        assert connection.server() == first
        seen.add(first)
        close(connection)
    assert seen == {"server1", "server2", "server3"}


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("labels", [True, False], ids=["labelled", "plain"])
def test_a_port_whose_connection_was_forgotten(site, labels, version):
    """The SYN goes within the live session; the server challenges it (RFC 5961 4.2), the client resets
    that, and its next SYN starts another.
    """
    client = site.client(labels)
    connection = Connection(client, version)
    assert connection.server()
    port = connection.port
    forget(connection)
    connection = Connection(client, version, source=("", port))
    first = connection.server()
    assert connection.server() == first
    reset(connection)
