"""The admin socket: JSON-RPC 2.0, one object a line each way."""

import json
import socket


class AdminError(Exception):
    """The appliance answered with an error object."""


class Admin:
    """One connection a call, so that a test never depends on an earlier call's connection."""

    def __init__(self, path):
        self.path = str(path)

    def connect(self, timeout=5):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        connection.connect(self.path)
        return connection

    def answers(self):
        """Whether the socket takes connections and answers `status`."""
        try:
            self.call("status")
        except (OSError, EOFError):
            return False
        return True

    def call(self, method, **params):
        """The call's `result`."""
        request = {"jsonrpc": "2.0", "id": 7, "method": method}
        if params:
            request["params"] = params
        answer = self.exchange(json.dumps(request).encode() + b"\n")
        assert answer["jsonrpc"] == "2.0" and answer["id"] == 7, answer
        if "error" in answer:
            raise AdminError(answer["error"])
        return answer["result"]

    def exchange(self, line):
        """Sends bytes as they are; the first line of the answer, decoded."""
        with self.connect() as connection:
            connection.sendall(line)
            return read_object(connection)


def read_object(connection):
    """The next line of a connection as an object."""
    content = bytearray()
    while not content.endswith(b"\n"):
        part = connection.recv(65536)
        if not part:
            raise EOFError(f"connection closed after {bytes(content)!r}")
        content += part
    return json.loads(content)
