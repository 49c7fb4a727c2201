#!/usr/bin/python3
"""Clients that come whether others were served or not: `clients.py ADDRESS RATE SECONDS SEED`.

An open loop of a connection a request; RATE a second at random (Poisson). A request's time counts from
when it was to be sent, so that neither a busy server nor a busy client hides a wait (no coordinated
omission). Prints one JSON list: the seconds that each took; null if it had no answer in `PATIENCE`.
"""

import asyncio
import json
import random
import sys

MEAN_WORK = 0.05  # seconds of a core of speed 1
SHAPE, SPREAD = 1.5, 30  # bounded Pareto: from the least work to 30 times as much
PATIENCE = 5


def bounded_pareto(chance):
    """By inversion, with the mean of `MEAN_WORK`."""
    tail = SPREAD**-SHAPE
    mean_of_least_one = SHAPE / (SHAPE - 1) * (1 - SPREAD ** (1 - SHAPE)) / (1 - tail)
    return MEAN_WORK / mean_of_least_one * (1 - chance * (1 - tail)) ** (-1 / SHAPE)


async def request(address, work):
    reader, writer = await asyncio.open_connection(address, 80)
    try:
        writer.write(b"GET /%.6f HTTP/1.0\r\n\r\n" % work)
        if not (await reader.read()).startswith(b"HTTP/1.0 200 "):
            raise ConnectionError("no answer")
    finally:
        writer.close()


async def timed(address, due, work):
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(due + PATIENCE):
            await request(address, work)
    except (OSError, TimeoutError):
        return None
    return loop.time() - due


async def run(address, rate, seconds, seed):
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    start = due = loop.time() + 0.1
    requests = []
    while (due := due + chance.expovariate(rate)) < start + seconds:
        work = bounded_pareto(chance.random())
        await asyncio.sleep(due - loop.time())
        requests.append(asyncio.create_task(timed(address, due, work)))
    return await asyncio.gather(*requests)


if __name__ == "__main__":
    where, *numbers = sys.argv[1:]
    print(json.dumps(asyncio.run(run(where, *map(float, numbers)))))
