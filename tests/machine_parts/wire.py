"""HTTP/1.1 over TLS, byte by byte: a client library would hide the capitals of a header's name."""

import socket
import ssl
from dataclasses import dataclass

PATIENCE = 25.0  # Seconds. The marketplace waits 20 seconds for an answer.


@dataclass
class Response:
    """A response as it was received. A header is a name and a value."""

    status: int
    headers: list
    body: bytes

    def values(self, name):
        """The values of the headers with exactly this name, capitals included."""
        return [value for found, value in self.headers if found == name]


class Connection:
    """One connection of the marketplace. It connects at the first call, and again after the proxy
    closed it with `Connection: close`."""

    def __init__(self, port, name, authority, address="127.0.0.1"):
        self.port, self.name, self.address, self.socket = port, name, address, None
        self.context = ssl.create_default_context(cafile=authority)

    def call(self, method, target, body=b"", headers=None):
        """Sends a request, and returns the response. It never sends a request twice."""
        if self.socket is None:
            self.open()
        own = {"Host": self.name} | ({} if method == "GET" else {"Content-Length": len(body)})
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in (own | (headers or {})).items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        response = read_response(self.reader)
        if any(name.lower() == "connection" and value == "close" for name, value in response.headers):
            self.close()
        return response

    def open(self, alpn=None):
        """Connects, and returns the protocol that the proxy chose of `alpn`."""
        if alpn:
            self.context.set_alpn_protocols(alpn)
        plain = socket.create_connection(("127.0.0.1", self.port), PATIENCE, (self.address, 0))
        self.socket = self.context.wrap_socket(plain, server_hostname=self.name)
        self.reader = self.socket.makefile("rb")
        return self.socket.selected_alpn_protocol()

    def close(self):
        if self.socket is not None:
            self.reader.close()
            self.socket.close()
            self.socket = None


def read_response(reader):
    """Reads one response. A proxy that closes the connection before it is an error."""
    status = reader.readline().split(b" ", 2)
    if len(status) != 3:
        raise ConnectionError("the proxy closed the connection without an answer")
    headers, length = [], 0
    while (line := reader.readline().rstrip(b"\r\n")) != b"":
        name, _, value = line.decode().partition(":")
        headers.append((name, value.strip(" ")))
        if name.lower() == "content-length":
            length = int(value)
        assert name.lower() != "transfer-encoding", "the answer has no length"
    body = reader.read(length)
    assert len(body) == length, f"the answer has {len(body)} of {length} bytes"
    return Response(int(status[1]), headers, body)
