"""Prometheus and promtool: Debian's, installed or unpacked by `deploy/run-tests packages`."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

from support.programs import ROOT

UNPACKED = ROOT / ".build-tests" / "prometheus" / "usr" / "bin"
SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?P<labels>\{.*\})? (?P<value>\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def program(name):
    found = shutil.which(name, path=f"{UNPACKED}:/usr/bin:/usr/local/bin")
    assert found, f"{name} is missing: run deploy/run-tests packages"
    return Path(found)


def promtool(*words, text=None):
    """Runs promtool to its end."""
    return subprocess.run(
        [program("promtool"), *map(str, words)],
        input=text, capture_output=True, text=True, timeout=60,
    )


class Page:
    """What /metrics said."""

    def __init__(self, text):
        self.text = text
        self.helps, self.types, self.samples = {}, {}, {}
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name, help_text = line.removeprefix("# HELP ").split(" ", 1)
                self.helps[name] = help_text
            elif line.startswith("# TYPE "):
                name, kind = line.removeprefix("# TYPE ").split(" ")
                self.types[name] = kind
            else:
                match = SAMPLE.fullmatch(line)
                assert match, line
                labels = frozenset(LABEL.findall(match["labels"] or ""))
                key = (match["name"], labels)
                assert key not in self.samples, f"twice: {line}"
                self.samples[key] = float(match["value"])

    def value(self, name, **labels):
        return self.samples[name, frozenset(labels.items())]

    def labels(self, name):
        """The names of a metric's labels, in every sample the same."""
        (found,) = {frozenset(key for key, _ in labels)
                    for sample, labels in self.samples if sample == name}
        return found


def query(network, port, expression):
    """The result of an instant query at a Prometheus that runs inside a network."""
    status, _, text = network.get(port, f"/api/v1/query?query={quote(expression)}")
    if status == 503:
        return []  # it is still starting
    answer = json.loads(text)
    assert status == 200 and answer["status"] == "success", text
    return answer["data"]["result"]
