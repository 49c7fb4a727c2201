"""Command lines of the measurements. Bad input ends with exit code 1."""

import argparse
import sys


class Parser(argparse.ArgumentParser):
    def error(self, message):
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(1)


def number(least):
    """A whole number of at least that."""

    def parse(text):
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text}; expected a whole number from {least} on")
        return value

    return parse
