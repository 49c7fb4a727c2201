"""A budget that is exceeded, or no longer one, fails."""

import importlib.machinery
import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest

CHECK = pathlib.Path(__file__).resolve().parent / "check-budgets"


def load():
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("check_budgets", str(CHECK))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_budgets", loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "counted, failed",
    [(100, 0), (102, 0), (102.5, 1), (90, 0), (89, 1)],
)
def test_limits(counted, failed):
    assert load().judge({"a": 100}, {"a": counted})[1] == failed


def test_every_case_needs_both():
    assert load().judge({"a": 100}, {})[1] == 1
    assert load().judge({}, {"a": 100})[1] == 1


def program(folder, instructions):
    """Stands for tagline-bench."""
    path = folder / "bench"
    line = {"case": "switch", "device": "ring", "n": 1000, "instructions": instructions}
    path.write_text(f"#!/bin/sh\necho '{json.dumps(line)}'\n")
    path.chmod(0o755)
    return path


def test_program_above_its_budget_fails(tmp_path):
    copy = tmp_path / "check-budgets"
    copy.write_bytes(CHECK.read_bytes())
    copy.chmod(0o755)
    bench = program(tmp_path, 135.2)

    def run(*arguments):
        return subprocess.run(
            [copy, "--bench", bench, *arguments], capture_output=True, text=True)

    updated = run("--update")
    assert updated.returncode == 0, updated.stderr
    assert json.loads((tmp_path / "instructions.json").read_text()) == {"switch/ring/1000": 135}
    assert run().stdout.endswith("budgets: 1 passed, 0 failed\n")
    program(tmp_path, 140)
    above = run()
    assert above.returncode == 1
    assert above.stdout.endswith("budgets: 0 passed, 1 failed\n")
    bench.unlink()
    assert run().returncode == 2
