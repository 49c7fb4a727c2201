#!/usr/bin/python3
"""A server of known speed: `server.py CORES SPEED`. Port 80.

`GET /WORK` takes WORK / SPEED seconds of one of its cores, waiting in order for a free one; `GET /`,
which is asked for its health, takes none. Prints a line each `TICK` of the machine's monotonic clock:
the number of the tick, and how many requests are being worked on or wait.
"""

import asyncio
import sys
import time

TICK = 0.1  # seconds


class Server:
    def __init__(self, cores, speed):
        self.cores = asyncio.Semaphore(cores)  # first come, first served
        self.speed = speed
        self.at_hand = 0

    async def answer(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            work = head.split(b" ", 2)[1].strip(b"/")
            if work:
                await self.work(float(work))
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went
        finally:
            writer.close()

    async def work(self, seconds):
        self.at_hand += 1
        async with self.cores:
            await asyncio.sleep(seconds / self.speed)
        self.at_hand -= 1

    async def report(self):
        while True:
            await asyncio.sleep(TICK - time.monotonic() % TICK)
            print(round(time.monotonic() / TICK), self.at_hand, flush=True)


async def serve(cores, speed):
    server = Server(cores, speed)
    listening = await asyncio.start_server(server.answer, port=80, backlog=4096)
    await asyncio.gather(listening.serve_forever(), server.report())


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
