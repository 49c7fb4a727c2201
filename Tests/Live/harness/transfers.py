"""Transfers between hosts of the network, in both directions at once, until their client has enough.

Both sides send random bytes at a pace. At the end the server says what it sent and what it received, by
SHA-256. All of them are one loop on a thread of its own; their sockets are the hosts', as they stay where
they were opened.
"""

import asyncio
import contextlib
import hashlib
import os
import socket
import threading

from harness.site import address

PIECE, PACE = 4000, 0.2  # bytes, and seconds from one piece to the next
PATIENCE = 30  # seconds without a byte after which a transfer is broken
DIGESTS = 2 * hashlib.sha256().digest_size  # bytes of a server's last word
CHECKED = 8080  # the port that health checks ask


async def send(writer, digest, enough=lambda: False):
    # What fails here fails for who reads, too.
    with contextlib.suppress(OSError):
        while True:
            piece = os.urandom(PIECE)
            digest.update(piece)
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(PACE)
            if enough():
                return writer.write_eof()


class Transfer:
    """One of them, by its client's account. `server`: the name of the one that took it, None before.
    Once it `is_over`, `failure` says how it broke, if it did."""

    def __init__(self, client, service, enough=False):
        """`service`: IP version and port. `enough`: as soon as something was sent."""
        self.client, self.service, self.enough = client, service, enough
        self.was_kept = not enough
        self.server = self.failure = None
        self.received = 0
        self.is_over = False

    def __repr__(self):
        return f"{self.client.name} to {self.service} at {self.server}: {self.failure}"

    async def run(self):
        try:
            reader, writer = await self.connect()
            with contextlib.closing(writer):
                await self.exchange(reader, writer)
        except (OSError, EOFError, ValueError) as failure:
            self.failure = f"{failure!r} after {self.received} bytes"
        self.is_over = True

    async def connect(self):
        version, port = self.service
        with self.client.entered():
            sock = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6)
        sock.setblocking(False)
        async with asyncio.timeout(PATIENCE):
            await asyncio.get_running_loop().sock_connect(sock, (address(version), port))
        return await asyncio.open_connection(sock=sock)

    async def exchange(self, reader, writer):
        async with asyncio.timeout(PATIENCE):
            self.server = (await reader.readline()).decode().strip()
        sent, taken, last = hashlib.sha256(), hashlib.sha256(), b""
        sending = asyncio.create_task(send(writer, sent, lambda: self.enough))
        try:
            while data := await self.read(reader):
                last += data
                taken.update(last[:-DIGESTS])
                last = last[-DIGESTS:]
                self.received += len(data)
        finally:
            sending.cancel()
        if not self.enough:
            raise EOFError("the server ended it")
        if last != taken.digest() + sent.digest():
            raise ValueError("not what was sent")

    async def read(self, reader):
        async with asyncio.timeout(PATIENCE):
            return await reader.read(65536)


class Transfers(threading.Thread):
    """A context manager. `begun` are all, in their order; `kept` go on until `retire`, while others come
    and go by themselves; what is over is in `ended`."""

    def __init__(self):
        super().__init__(daemon=True)
        self.loop = asyncio.new_event_loop()
        self.sick = set()  # names of servers that fail their checks
        self.begun, self.kept, self.ended = [], [], []
        self.is_settled = False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.do(self.cancel())
        self.join(30)

    def run(self):
        self.loop.run_forever()
        self.loop.close()

    async def cancel(self):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.loop.stop()

    def do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    # -- Servers

    def serve(self, host, ports):
        """On all addresses of a host, of both families."""
        self.do(self.listen(host, ports)).result(30)

    async def listen(self, host, ports):
        def handler(work):
            async def handle(reader, writer):
                with contextlib.suppress(OSError, EOFError), contextlib.closing(writer):
                    await work(host.name, reader, writer)

            return handle

        for port in (*ports, CHECKED):
            with host.entered():
                sock = socket.create_server(
                    ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=256
                )
            work = self.answer_check if port == CHECKED else self.answer
            server = await asyncio.start_server(handler(work), sock=sock)
            asyncio.create_task(server.serve_forever())

    async def answer_check(self, name, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        status = "503 Service Unavailable" if name in self.sick else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()

    @staticmethod
    async def answer(name, reader, writer):
        sent, taken = hashlib.sha256(), hashlib.sha256()
        writer.write(f"{name}\n".encode())
        sending = asyncio.create_task(send(writer, sent))
        try:
            while data := await reader.read(65536):
                taken.update(data)
        finally:
            sending.cancel()
        writer.write(sent.digest() + taken.digest())
        await writer.drain()

    # -- Clients

    def keep(self, client, service):
        transfer = Transfer(client, service)
        self.kept.append(transfer)
        self.do(self.follow(transfer))

    async def follow(self, transfer):
        self.begun.append(transfer)
        await transfer.run()
        self.ended.append(transfer)

    def retire(self, transfers):
        """Has them end; whoever asks waits for that."""
        for transfer in transfers:
            transfer.enough = True
            self.kept.remove(transfer)

    def come_and_go(self, clients, services, each):
        """Brief ones one after another, `each` at a time of every client to every service, until
        `settle`."""
        for client in clients:
            for service in services:
                for _ in range(each):
                    self.do(self.repeat(client, service))

    async def repeat(self, client, service):
        while not self.is_settled:
            await self.follow(Transfer(client, service, enough=True))

    def settle(self):
        """No more come by themselves; whoever asks waits for the end of those that did."""
        self.is_settled = True

    def broken(self):
        return [transfer for transfer in self.ended if transfer.failure]
