"""Processes that a process has started."""

from pathlib import Path


def below(number):
    """These, and what they have started themselves: numbers to command lines."""
    found = {}
    for child in children(number):
        try:
            words = Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue  # it has ended
        found |= {child: words.replace("\0", " ")} | below(child)
    return found


def children(number):
    found = []
    try:
        for task in Path(f"/proc/{number}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    except OSError:
        pass
    return found


def running(numbers):
    """Those that have not ended; the dead that nobody has waited for do not count."""
    return [number for number in numbers if is_running(number)]


def is_running(number):
    try:
        return "State:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False
