"""What run-tests counts must be what the runners said, above all where something failed."""

import os
import pathlib
import subprocess

import pytest

COUNT = pathlib.Path(__file__).resolve().parents[2] / "deploy/lib/count-tests"

SWIFT_PASSED = """\
✔ Test one() passed after 0.001 seconds.
✔ Test two(_:) with 2 test cases passed after 0.001 seconds.
✔ Suite S passed after 0.001 seconds.
✔ Test run with 2 tests in 1 suite passed after 0.002 seconds.
"""
SWIFT_FAILED = """\
✘ Test bad() recorded an issue at X.swift:3:20: Expectation failed: 1 == 2
✔ Test good() passed after 0.001 seconds.
✘ Test bad() failed after 0.001 seconds with 1 issue.
✘ Test "with a name" failed after 0.001 seconds with 1 issue.
✘ Suite S failed after 0.001 seconds with 1 issue.
✘ Test run with 4 tests in 1 suite failed after 0.002 seconds with 3 issues.
"""
SWIFT_CRASHED = """\
✔ Test good() passed after 0.001 seconds.
◇ Test bad() started.
error: Exited with unexpected signal code 5
"""


@pytest.mark.parametrize(
    "log, code, expected",
    [
        (SWIFT_PASSED, 0, "2 0"),
        (SWIFT_FAILED, 1, "2 2"),
        (SWIFT_CRASHED, 1, "1 1"),
        ("....\n4 passed in 1.20s\n", 0, "4 0"),
        ("=== 1 failed, 3 passed, 2 skipped, 1 warning in 75.02s (0:01:15) ===\n", 1, "3 1"),
        ("2 passed, 1 error in 0.50s\n", 1, "2 1"),
        ("no tests ran in 0.01s\n", 5, "0 1"),
        ("fuzz: 1 passed, 1 failed\n", 1, "1 1"),
        ("budgets: 2 passed, 1 failed\n", 1, "2 1"),
        ("hot-path gate: passed, 0 findings\n", 0, "1 0"),
        ("hot-path gate: FAILED, 7 findings\n", 1, "0 1"),
        ("Build complete! (3.00s)\n", 0, "1 0"),
        ("error: no such module\n", 1, "0 1"),
        ("", 124, "0 1"),
        # A runner that is content, in a stage that is not.
        ("4 passed in 1.20s\n", 137, "4 1"),
        (SWIFT_PASSED + "5 passed in 1.00s\n", 0, "7 0"),
        # A program under test that talks of numbers.
        ("12 packets in 3.0s\n✔ Test one() passed after 1.0 seconds.\n", 0, "1 0"),
    ],
)
def test_count(tmp_path, log, code, expected):
    path = tmp_path / "log"
    path.write_text(log)
    result = subprocess.run(
        [COUNT, path, str(code)], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == expected


@pytest.fixture
def project(tmp_path):
    """run-tests with three stages of its own, the second of which fails."""
    source = COUNT.parents[1]
    library = tmp_path / "deploy/lib"
    library.mkdir(parents=True)
    for name in ("run-tests", "lib/count-tests", "lib/environment.sh"):
        copy = tmp_path / "deploy" / name
        copy.write_bytes((source / name).read_bytes())
        copy.chmod(0o755)
    (library / "test-stages.sh").write_text("""
STAGES=(first second third)
SLOW_STAGES=(third)
declare -A STAGE_TITLES=([first]=one [second]=two [third]=three)
declare -A STAGE_LIMITS=([first]=20 [second]=20 [third]=1)
list_stages() { echo "${STAGES[@]}"; }
stage_first() { echo "3 passed in 1.00s"; }
stage_second() { false; echo "9 passed in 1.00s"; }
stage_third() { sleep 30; }
""")
    return tmp_path


def run(project, *arguments):
    environment = {k: v for k, v in os.environ.items() if k != "TAGLINE_RUNNING_TESTS"}
    result = subprocess.run(
        [project / "deploy/run-tests", *arguments], capture_output=True, text=True,
        env=environment)
    return result.returncode, result.stdout.splitlines()


def test_failing_stages_do_not_stop_the_others(project):
    code, lines = run(project)
    assert code == 1
    assert [line.split()[1] for line in lines if line.startswith("== ")] == [
        "first:", "second:", "third:", "summary,"]
    assert any("third did not end within 1 s" in line for line in lines)
    assert lines[-1] == "3 passed, 2 failed"


def test_all_passed(project):
    code, lines = run(project, "first")
    assert code == 0
    assert lines[-1] == "3 passed, 0 failed"


def test_quick_leaves_out_what_is_slow(project):
    _, lines = run(project, "--quick")
    assert lines[-1] == "3 passed, 1 failed"


def test_unknown_stage_is_refused(project):
    code, _ = run(project, "fourth")
    assert code == 1


def test_verbose_shows_and_counts_the_same(project):
    code, lines = run(project, "--verbose", "first", "second")
    assert code == 1
    assert "3 passed in 1.00s" in lines
    assert lines[-1] == "3 passed, 1 failed"
