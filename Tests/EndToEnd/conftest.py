"""Shared fixtures. Run with Debian's Python: `/usr/bin/python3 -m pytest Tests/EndToEnd`."""

import pytest

from support import programs

from harness import wireshark
from harness.running import archive


def pytest_sessionstart(session):
    programs.require("tagline", "taglinectl")


@pytest.fixture(scope="module", autouse=True)
def tshark_agrees():
    """After each file: tshark finds nothing wrong with any frame that its runs sent."""
    archive.take()
    yield
    frames = archive.take()
    if frames:
        found = wireshark.complaints(frames)
        assert not found, "\n".join(found[:20])
