"""deploy/install below a directory, with the programs as they are built for the tests."""

import os
import re
import subprocess

import pytest

from support.programs import FOLDER, ROOT


def install(*words):
    return subprocess.run(
        [ROOT / "deploy/install", *words], capture_output=True, text=True, timeout=60,
        env=os.environ | {"TAGLINE_BIN_DIR": str(FOLDER)},
    )  # fmt: skip


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


ENDPOINT = {
    "usr/local/bin/tagline-endpoint",
    "usr/local/lib/systemd/system/tagline-endpoint@.service",
}
APPLIANCE = {
    "usr/local/bin/tagline",
    "usr/local/bin/taglinectl",
    "usr/local/lib/systemd/system/tagline.service",
    "etc/tagline/tagline.yaml",
}


@pytest.mark.parametrize("words, expected", [((), APPLIANCE | ENDPOINT), (("--endpoint",), ENDPOINT)])
def test_programs_units_and_example_are_installed(tmp_path, words, expected):
    done = install("--root", tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert files(tmp_path) == expected
    for name in expected:
        mode = (tmp_path / name).stat().st_mode & 0o777
        assert mode == (0o755 if "/bin/" in name else 0o644), name


def test_units_name_the_programs_where_they_are(tmp_path):
    assert install("--root", tmp_path, "--prefix", "/opt/balancer").returncode == 0
    commands = 0
    for unit in (tmp_path / "opt/balancer/lib/systemd/system").iterdir():
        for program in re.findall(r"^Exec\w+=(\S+)", unit.read_text(), re.MULTILINE):
            assert os.access(f"{tmp_path}{program}", os.X_OK), program
            commands += 1
        assert "@programs@" not in unit.read_text()
    assert commands == 5


def test_the_configuration_of_the_operator_stays(tmp_path):
    file = tmp_path / "etc/tagline/tagline.yaml"
    assert install("--root", tmp_path).returncode == 0
    example = file.read_text()
    assert subprocess.run([FOLDER / "tagline", "check", "--config", file]).returncode == 0
    file.write_text("workers: 2\n")
    done = install("--root", tmp_path)
    assert done.returncode == 0 and f"{file} is there and stays" in done.stdout
    assert file.read_text() == "workers: 2\n" != example


@pytest.mark.parametrize("words", [["--root"], ["--root", "here"], ["--prefix", "usr"], ["--start"]])
def test_bad_arguments_install_nothing(tmp_path, words):
    done = subprocess.run(
        [ROOT / "deploy/install", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert words[-1] in done.stderr and "Usage:" in done.stderr
    assert files(tmp_path) == set()
