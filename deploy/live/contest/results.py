"""Records of turns, and the table of their medians."""

import os
import platform
import statistics

from .contenders import CONTENDERS

COLUMNS = (
    ("keep_alive", "requests_per_second", 1, "{:,.0f}"),
    ("keep_alive", "p50_us", 1000, "{:.2f}"),
    ("keep_alive", "p99_us", 1000, "{:.2f}"),
    ("new_connections", "requests_per_second", 1, "{:,.0f}"),
    ("new_connections", "p50_us", 1000, "{:.2f}"),
    ("new_connections", "p99_us", 1000, "{:.2f}"),
    ("stream", "gbit_per_second", 1, "{:.2f}"),
)
TITLES = (
    "contender", "requests/s", "p50 ms", "p99 ms", "new conn./s", "p50 ms", "p99 ms", "Gbit/s", "turns",
)  # fmt: skip


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {
        "processors": len(os.sched_getaffinity(0)),
        "model": models[0] if models else platform.machine(),
        "kernel": platform.release(),
    }


def median(records, kind, name):
    return statistics.median(record[kind][name] for record in records)


def table(records):
    """Markdown: medians, and in brackets how many times that of `direct`."""
    turns = {name: [one for one in records if one["contender"] == name] for name in CONTENDERS}
    rows = [TITLES]
    for name, own in turns.items():
        if not own:
            continue
        cells = [name]
        for kind, column, unit, form in COLUMNS:
            value = median(own, kind, column)
            cell = form.format(value / unit)
            if turns["direct"] and name != "direct":
                cell += f" ({value / median(turns['direct'], kind, column):.2f})"
            cells.append(cell)
        rows.append((*cells, str(len(own))))
    widths = [max(len(row[place]) for row in rows) for place in range(len(TITLES))]
    rows.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return "\n".join(line(row, widths) for row in rows)


def line(row, widths):
    cells = [row[0].ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return f"| {' | '.join(cells)} |"
