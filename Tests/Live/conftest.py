"""Shared fixtures. Run as root with Debian's Python: `/usr/bin/python3 -m pytest Tests/Live`."""

import os
import shutil
import signal

import pytest

from support import programs

from harness.programs import TOOLS
from harness.site import Site, web_services
from rig import appliance, plan


def pytest_sessionstart(session):
    # A runner out of patience says TERM: as after ctrl-C, all ends in order.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if os.geteuid() != 0:
        pytest.exit("these tests make network namespaces: run them as root", 2)
    programs.require("tagline", "taglinectl", "tagline-endpoint")
    for name in TOOLS:
        if shutil.which(name) is None:
            pytest.exit(f"{name} is missing: deploy/run-tests live installs what is needed", 2)


def services(places):
    """HTTP and DNS for all servers in turn, and iperf3 with a service for each."""
    rows = web_services(places, health={"type": "http"})
    for version, suffix in ((4, ""), (6, "6")):
        rows.append(appliance.service(f"dns{suffix}", places, "udp", 53, version))
        rows.append(appliance.service(f"echo{suffix}", places, "udp", 7, version))
        for place in places:
            for protocol in ("tcp", "udp"):
                name = f"iperf-{protocol}-{place.name}{suffix}"
                port = 5200 + place.number
                rows.append(appliance.service(name, [place], protocol, port, version))
    return rows


@pytest.fixture(scope="session")
def site():
    """A labelled and a plain client, two labelled servers and a plain one; all is well there."""
    places = plan.clients(True, False), plan.servers(True, True, False)
    with Site(*places, services) as site:
        yield site


@pytest.fixture(autouse=True)
def alive(request):
    """The appliance outlives every test."""
    yield
    if "site" in request.fixturenames:
        site = request.getfixturevalue("site")
        assert site.appliance.process.poll() is None, site.appliance.log()[-2000:]
