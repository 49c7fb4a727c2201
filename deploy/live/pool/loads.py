"""How evenly servers were loaded, by what they said of themselves (`server.py`)."""

import statistics


def reported(text):
    """Requests at hand by the number of the tick; a last line may be cut short."""
    lines = text[: text.rfind("\n") + 1].splitlines()
    return {int(tick): int(at_hand) for tick, at_hand in map(str.split, lines)}


def variance(loads, ticks, is_alive):
    """The mean over the ticks of the variance over the servers alive.

    `loads`: for each server its load by the tick; `is_alive(server, tick)`.
    """
    measured = []
    for tick in ticks:
        alive = [
            load[tick]
            for server, load in enumerate(loads)
            if tick in load and is_alive(server, tick)
        ]
        if len(alive) > 1:
            measured.append(statistics.pvariance(alive))
    return statistics.fmean(measured)
