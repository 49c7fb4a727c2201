"""The built programs, and what else the tests run."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("TAGLINE_BIN_DIR", ROOT / ".build/release")).resolve()
BUILT = ("tagline", "taglinectl", "tagline-endpoint")
ENDPOINT = FOLDER / "tagline-endpoint"
TOOLS = (
    "curl", "dig", "dnsmasq", "ethtool", "ip", "iperf3", "nginx", "nsenter", "setpriv", "sysctl",
    "tcpdump", "tshark", "unshare", "wrk",
)  # fmt: skip
