"""Shared fixtures. Run with Debian's Python: `/usr/bin/python3 -m pytest Tests/EndToEnd`."""

import pytest

from harness import wireshark
from harness.program import TAGLINE, TAGLINECTL
from harness.running import archive


def pytest_sessionstart(session):
    for program in (TAGLINE, TAGLINECTL):
        if not program.exists():
            pytest.exit(f"{program} is missing: swift build -c release, or set TAGLINE_BIN_DIR", 2)


@pytest.fixture(scope="module", autouse=True)
def tshark_agrees():
    """After each file: tshark finds nothing wrong with any frame that its runs sent."""
    archive.take()
    yield
    frames = archive.take()
    if frames:
        found = wireshark.complaints(frames)
        assert not found, "\n".join(found[:20])
