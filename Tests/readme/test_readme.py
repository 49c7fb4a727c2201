"""The README's commands, run as they are written.

A block of commands that begins with ```sh run is run whole by bash at the top of the project; each of
its commands must succeed.
"""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "deploy/examples/two-arm.yaml"
CONFIGURATION = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```sh run\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 900


def blocks():
    return BLOCK.findall((ROOT / "README.md").read_text())


def test_readme_has_commands():
    assert blocks()


@pytest.mark.parametrize("commands", blocks(), ids=lambda text: text.splitlines()[0])
def test_commands_run(commands):
    # deploy/run-tests, named there too, would come back here.
    environment = {**os.environ, "TAGLINE_RUNNING_TESTS": "1"}
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=ROOT, env=environment, text=True,
        timeout=SECONDS,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0, result.stdout[-4000:]


def test_configuration_is_the_example():
    assert CONFIGURATION.findall((ROOT / "README.md").read_text()) == [EXAMPLE.read_text()]
