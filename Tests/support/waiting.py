"""Waiting for what comes when it comes."""

import time


def wait_until(condition, seconds, what):
    """Polls until `condition` holds; its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.005)
