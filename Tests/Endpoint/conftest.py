"""Shared fixtures. Run as root with Debian's Python: `/usr/bin/python3 -m pytest Tests/Endpoint`."""

import contextlib
import os
import signal

import pytest

from support import programs
from support.namespaces import connect

from harness.bench import Bench
from harness.frames import APPLIANCE, HOST, SECOND_APPLIANCE
from harness.network import namespaces
from harness.program import endpoint


def pytest_sessionstart(session):
    # A runner out of patience says TERM: as after ctrl-C, what the tests put on the machine goes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    programs.require("tagline-endpoint", "tagline", "taglinectl")
    if os.geteuid() != 0:
        pytest.exit("these tests load programs into the kernel: run them as root", 2)


@contextlib.contextmanager
def cabled():
    """A host's namespace with the device `d0`, its cable's other end in a second one."""
    with namespaces(2) as (host, wire):
        connect(host, "d0", HOST, wire, "d1", "02:00:00:00:00:12")
        yield host


@pytest.fixture
def host():
    with cabled() as host:
        yield host


def attached(*options):
    """A bench whose host has addresses of both families, a virtual one of each on lo among them."""
    with cabled() as host:
        host.ip("address", "add", "192.0.2.11/24", "dev", "d0")
        host.ip("address", "add", "2001:db8::11/64", "dev", "d0", "nodad")
        host.ip("address", "add", "203.0.113.10/32", "dev", "lo")
        host.ip("address", "add", "2001:db8:1::10/128", "dev", "lo")
        endpoint("attach", "d0", *options, namespace=host)
        yield Bench(host, "d0")
        endpoint("detach", "d0", namespace=host)


@pytest.fixture(scope="session")
def server_bench():
    yield from attached("--appliance", f"{APPLIANCE},{SECOND_APPLIANCE}")


@pytest.fixture(scope="session")
def client_bench():
    yield from attached(
        "--appliance", APPLIANCE, "--client-prefix", "198.51.100.0/24",
        "--client-prefix", "2001:db8:2::/48")


@pytest.fixture
def server(server_bench):
    server_bench.begin()
    return server_bench


@pytest.fixture
def client(client_bench):
    client_bench.begin()
    return client_bench
