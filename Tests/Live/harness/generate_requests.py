#!/usr/bin/python3
"""HTTP requests from this host, a new connection each.

Usage: generate_requests.py ADDRESS COUNT PARALLEL

Prints one JSON object: `servers`, how many good answers came from each (the body is the server's
name), and `failures`, what was wrong with each of the others.
"""

import asyncio
import collections
import json
import re
import sys

GOOD = re.compile(rb"HTTP/1\.1 200 OK\r\n.*\r\n\r\n(server\d+)\n\Z", re.DOTALL)


async def request(address):
    """The name of the server that answered."""
    reader, writer = await asyncio.open_connection(address, 80)
    try:
        host = f"[{address}]" if ":" in address else address
        writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read(-1)
    finally:
        writer.close()
    match = GOOD.fullmatch(answer)
    if match is None:
        raise ValueError(f"unexpected answer {answer!r}")
    return match[1].decode()


async def main(address, count, parallel):
    servers, failures = collections.Counter(), []
    numbers = iter(range(count))

    async def work():
        for number in numbers:
            try:
                servers[await asyncio.wait_for(request(address), 60)] += 1
            except Exception as error:  # noqa: BLE001 (told, and judged by the test)
                failures.append(f"request {number}: {type(error).__name__} {error}")

    await asyncio.gather(*(work() for _ in range(parallel)))
    print(json.dumps({"servers": servers, "failures": failures}))


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
