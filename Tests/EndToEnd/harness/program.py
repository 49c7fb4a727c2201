"""The executables under test, and how they are run."""

import os
import subprocess

from support.programs import FOLDER

TAGLINE = FOLDER / "tagline"
TAGLINECTL = FOLDER / "taglinectl"
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
