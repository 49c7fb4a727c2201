"""The project, and its built programs."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("TAGLINE_BIN_DIR", ROOT / ".build/release")).resolve()


def require(*names):
    """Ends the test run if one of these is not built."""
    for name in names:
        if not (FOLDER / name).exists():
            pytest.exit(
                f"{FOLDER / name} is missing: swift build -c release, or set TAGLINE_BIN_DIR", 2
            )
