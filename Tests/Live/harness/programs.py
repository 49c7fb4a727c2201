"""The built programs, and what else the tests run."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("TAGLINE_BIN_DIR", ROOT / ".build/release")).resolve()
BUILT = ("tagline", "taglinectl", "tagline-endpoint")
ENDPOINT = FOLDER / "tagline-endpoint"
TOOLS = (
    "curl", "dig", "dnsmasq", "ethtool", "ip", "iperf3", "nginx", "nsenter", "setpriv", "sysctl",
    "tcpdump", "tshark", "unshare", "wrk",
)  # fmt: skip


def measure(name, *words):
    """Runs a measurement of deploy/ to its end, as its users do."""
    environment = os.environ | {"TAGLINE_BIN_DIR": str(FOLDER), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [ROOT / "deploy" / name, *words], capture_output=True, text=True, timeout=300,
        env=environment,
    )  # fmt: skip
