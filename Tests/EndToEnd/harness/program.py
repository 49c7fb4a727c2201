"""The executables under test, and where they are."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BINARIES = Path(os.environ.get("TAGLINE_BIN_DIR", ROOT / ".build" / "release")).resolve()
TAGLINE = BINARIES / "tagline"
TAGLINECTL = BINARIES / "taglinectl"
ENVIRONMENT = os.environ | {"SWIFT_BACKTRACE": "enable=no"}


def finish(command, timeout=20):
    """Runs a command to its end; output as text."""
    words = [str(word) for word in command]
    return subprocess.run(
        words, capture_output=True, text=True, timeout=timeout, env=ENVIRONMENT
    )


def check(path):
    return finish([TAGLINE, "check", "--config", path])


def control(socket, *words):
    """`taglinectl` against an appliance's socket."""
    return finish([TAGLINECTL, "--socket", socket, *words])
