#!/usr/bin/python3
"""A server of known speed: `server.py CORES SPEED`. Port 80.

`GET /WORK` takes WORK / SPEED seconds of one of its cores, waiting in order for a free one; `GET /`,
which is asked for its health, takes none.
"""

import asyncio
import sys


class Server:
    def __init__(self, cores, speed):
        self.cores = asyncio.Semaphore(cores)  # first come, first served
        self.speed = speed

    async def answer(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            work = head.split(b" ", 2)[1].strip(b"/")
            if work:
                async with self.cores:
                    await asyncio.sleep(float(work) / self.speed)
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went
        finally:
            writer.close()


async def serve(cores, speed):
    server = Server(cores, speed)
    listening = await asyncio.start_server(server.answer, port=80, backlog=4096)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
