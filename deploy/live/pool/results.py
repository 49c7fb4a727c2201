"""Quantiles of trials, as tables."""

import math
import statistics

from .clients import PATIENCE
from .trial import ALGORITHMS

PARTS = {"p50_ms": 0.5, "p99_ms": 0.99, "p99.9_ms": 0.999}
COLUMNS = ("algorithm", "requests", *PARTS, "load_variance", "failed_percent", "rounds")


def quantile(times, part):
    """By nearest rank; what failed has taken as long as clients wait."""
    ordered = sorted(PATIENCE if time is None else time for time in times)
    return ordered[max(math.ceil(part * len(ordered)), 1) - 1]


def row(trials):
    """Medians of the rounds of one algorithm."""
    times = [trial["times"] for trial in trials]
    cells = [sum(len(one) for one in times)]
    for part in PARTS.values():
        cells.append(round(statistics.median(quantile(one, part) for one in times) * 1000, 1))
    failed = [100 * one.count(None) / len(one) for one in times]
    for values in ([trial["load_variance"] for trial in trials], failed):
        cells.append(round(statistics.median(values), 2))
    return [*cells, len(trials)]


def rows(records):
    found = []
    for algorithm in ALGORITHMS:
        trials = [one for one in records if one["algorithm"] == algorithm]
        if trials:
            found.append([algorithm, *row(trials)])
    return found


def csv(records):
    return "\n".join(",".join(map(str, line)) for line in [COLUMNS, *rows(records)])


def markdown(records):
    lines = [[str(cell) for cell in line] for line in [COLUMNS, *rows(records)]]
    widths = [max(len(line[place]) for line in lines) for place in range(len(COLUMNS))]
    text = [
        [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        for line in lines
    ]
    text.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in text)
