"""The gate is itself shown to find what is planted, and to pass what is clean."""

import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
GATE = HERE / "hot-path-gate"


@pytest.fixture(scope="session")
def binary(tmp_path_factory):
    """The fixtures, built as a release binary is."""
    folder = tmp_path_factory.mktemp("fixture")
    shapes = folder / "shapes.o"
    subprocess.run(["clang", "-c", HERE / "fixtures/shapes.s", "-o", shapes], check=True)
    output = folder / "fixture"
    subprocess.run(
        ["swiftc", "-O", "-wmo", "-parse-as-library", "-module-name", "Fixture",
         HERE / "fixtures/Fixture.swift", shapes, "-o", output],
        check=True)
    return output


def gate(binary, tmp_path, *roots, allowed=None):
    """Runs the gate on the given roots; its exit code and what it printed."""
    roots_file = tmp_path / "roots.txt"
    roots_file.write_text("# roots\n\n" + "".join(root + "\n" for root in roots))
    command = [str(GATE), str(binary), str(roots_file)]
    if allowed is not None:
        allowed_file = tmp_path / "allowed.txt"
        allowed_file.write_text(allowed)
        command += ["--allowed-externals", str(allowed_file)]
    result = subprocess.run(command, capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def chain_of(output, rule, target):
    """The lines of the finding that names `rule` and `target`."""
    blocks = [b for b in output.split("\n\n") if b.startswith(f"FOUND {rule}: {target}")]
    assert blocks, output
    return blocks[0].splitlines()


@pytest.mark.parametrize("root", ["rootClean", "rootIndirect", "rootCopy"])
def test_clean_swift_passes(binary, tmp_path, root):
    code, output = gate(binary, tmp_path, rf"^Fixture\.{root}\(")
    assert code == 0, output
    assert "hot-path gate: passed, 0 findings" in output


def test_planted_allocation_is_reached_through_two_calls(binary, tmp_path):
    code, output = gate(binary, tmp_path, r"^Fixture\.rootAllocation\(")
    assert code == 1
    lines = chain_of(output, "allocation", "swift_allocObject")
    names = [line.split("Fixture.")[1].split("(")[0] for line in lines if "Fixture." in line]
    assert names == ["rootAllocation", "middle", "allocate"]
    assert "swift_allocObject" in lines[-1]


def test_array_append_is_found(binary, tmp_path):
    code, output = gate(binary, tmp_path, r"^Fixture\.rootAppend\(")
    assert code == 1
    assert "FOUND allocation: " in output


@pytest.mark.parametrize(
    "root, rule, target",
    [
        ("rootOnce", "lock", "swift_once"),
        ("rootGlobal", "exclusivity check", "swift_beginAccess"),
        ("rootProperty", "exclusivity check", "swift_beginAccess"),
        ("rootThrow", "throw", "swift_willThrow"),
        ("rootRetain", "reference counting", "swift_retain"),
        ("rootExistential", "allocation", "swift_allocObject"),
        ("rootCast", "dynamic cast", "swift_dynamicCast"),
        ("rootMalloc", "allocation", "malloc"),
        ("rootWrite", "system call", "write"),
        ("rootExternal", "external function that is not allowed", "lgamma"),
        ("rootTail", "allocation", "swift_allocObject"),
        ("rootClosure", "allocation", "swift_allocObject"),
    ],
)
def test_forbidden_swift_is_found(binary, tmp_path, root, rule, target):
    code, output = gate(binary, tmp_path, rf"^Fixture\.{root}\b")
    assert code == 1, output
    chain_of(output, rule, target)


def test_run_time_metadata_is_found(binary, tmp_path):
    code, output = gate(binary, tmp_path, r"^Fixture\.rootMetadata<")
    assert code == 1
    assert "FOUND run-time metadata: " in output


@pytest.mark.parametrize(
    "root, rule, target",
    [
        ("shape_cold", "allocation", "malloc"),
        ("shape_table", "allocation", "free"),
        ("shape_register", "allocation", "calloc"),
        ("shape_fall", "allocation", "realloc"),
        ("shape_inner", "allocation", "posix_memalign"),
        ("shape_system_call", "system call", "a system call instruction"),
        ("shape_protector", "stack protector", "__stack_chk_fail"),
    ],
)
def test_forbidden_shape_is_found(binary, tmp_path, root, rule, target):
    code, output = gate(binary, tmp_path, rf"^{root}$")
    assert code == 1, output
    chain_of(output, rule, target)


def test_tail_call_is_a_jump(binary, tmp_path):
    _, output = gate(binary, tmp_path, r"^Fixture\.rootTail\(")
    lines = chain_of(output, "allocation", "swift_allocObject")
    assert any(line.split()[0] == "jumps" and "Fixture.allocate" in line for line in lines), output


@pytest.mark.parametrize(
    "root, copy, target",
    [
        (r"^Fixture\.twin\(", "merged Fixture.twin() -> ()", "malloc"),
        (r"^Fixture\.S\.cut\(", "function signature specialization <Arg[0] = Dead> of "
         "static Fixture.S.cut(Swift.Int) -> ()", "free"),
    ],
)
def test_root_matches_the_optimisers_copies(binary, tmp_path, root, copy, target):
    code, output = gate(binary, tmp_path, root)
    assert code == 1
    assert f"root {copy}" in output
    chain_of(output, "allocation", target)


def test_counts_locked_instructions_and_traps(binary, tmp_path):
    code, output = gate(binary, tmp_path, "^shape_clean$")
    assert code == 0, output
    assert "2 functions reached." in output
    assert "1 locked instructions." in output
    assert "1 traps (ud2)." in output


def test_counts_calls_through_a_pointer(binary, tmp_path):
    _, output = gate(binary, tmp_path, r"^Fixture\.rootIndirect\(")
    assert "1 calls through a pointer." in output


def test_tells_switches_from_tail_calls(binary, tmp_path):
    code, output = gate(binary, tmp_path, "^shape_switch$")
    assert code == 0, output
    assert "1 tail calls through a pointer." in output


def test_counts_copies_of_known_size(binary, tmp_path):
    code, output = gate(binary, tmp_path, "^shape_copy$")
    assert code == 0, output
    assert "904 bytes copied by calls of memcpy and memmove of known size." in output


def test_root_that_matches_nothing_fails(binary, tmp_path):
    code, output = gate(binary, tmp_path, r"^Fixture\.rootClean\(", r"^Fixture\.renamed\(")
    assert code == 1
    assert r"FOUND no function for root: ^Fixture\.renamed\(" in output


def test_empty_root_list_is_refused(binary, tmp_path):
    code, output = gate(binary, tmp_path)
    assert code == 2
    assert "names no root" in output


def test_external_function_needs_its_line(binary, tmp_path):
    root = r"^Fixture\.rootCopy\("
    code, output = gate(binary, tmp_path, root, allowed="")
    assert code == 1
    chain_of(output, "external function that is not allowed", "memcpy")
    code, output = gate(binary, tmp_path, root, allowed="memcpy moves bytes only\n")
    assert code == 0, output
    assert "memcpy: moves bytes only" in output


def test_allowed_line_needs_a_reason(binary, tmp_path):
    code, output = gate(binary, tmp_path, r"^Fixture\.rootCopy\(", allowed="memcpy\n")
    assert code == 2
    assert "memcpy has no reason" in output


def test_forbidden_cannot_be_allowed(binary, tmp_path):
    code, output = gate(
        binary, tmp_path, r"^Fixture\.rootMalloc\(", allowed="malloc we would like to\n")
    assert code == 1
    chain_of(output, "allocation", "malloc")


def test_file_that_is_no_binary_is_refused(tmp_path):
    code, output = gate(__file__, tmp_path, "x")
    assert code == 2
    assert "not an x86-64 ELF file" in output
