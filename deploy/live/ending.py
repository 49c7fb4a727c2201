"""How the programs of this folder end."""

import signal
import sys

from rig.namespace import Failed, Lacking


def end_on_signals():
    """SIGINT and SIGTERM end the program in order, also where whoever started it ignores them."""
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda signal_number, _: sys.exit(128 + signal_number))


def exit_code(failed):
    """2 where the machine lacks something, else 1."""
    return 2 if isinstance(failed, Lacking) else 1


def run(name, work):
    """Does a measurement, `work()`; the exit code. What fails is told in one line."""
    end_on_signals()
    try:
        work()
    except (OSError, ValueError, Failed) as failed:
        print(f"{name}: {failed}", file=sys.stderr)
        return exit_code(failed)
    return 0
