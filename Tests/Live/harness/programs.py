"""What the tests run beside the hosts' network."""

import os
import subprocess

from support.programs import FOLDER, ROOT

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
