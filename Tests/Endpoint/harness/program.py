"""The built tagline-endpoint and how it is run."""

import json
import subprocess

from support.programs import FOLDER

ENDPOINT = FOLDER / "tagline-endpoint"


def endpoint(*arguments, namespace=None, status=0, before=()):
    """Runs the command, in a namespace if given, and returns what it printed (both streams).

    `before`: words that run a command."""
    words = [*before, ENDPOINT, *arguments]
    result = subprocess.run(
        namespace.command(words) if namespace else words, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=60)
    assert result.returncode == status, f"{arguments}: {result.returncode}\n{result.stdout}"
    return result.stdout


def show(device, namespace=None, *arguments):
    return json.loads(endpoint("show", device, "--json", *arguments, namespace=namespace))
