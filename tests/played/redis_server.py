"""A Redis that speaks only TLS, asks for a password, and syncs every write."""

import socket
import ssl
import subprocess

from checks import PATIENCE, Failed, until

PASSWORD = "made-up-redis-password-0001"


class Redis:
    """A running server at 127.0.0.1."""

    def __init__(self, folder, authority):
        certificate, key = authority.server
        self.port, self.trusted = free_port(), ssl.create_default_context(cafile=authority.certificate)
        folder.mkdir()
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "redis-server", "--port", "0", "--bind", "127.0.0.1", "--tls-port", str(self.port),
                 "--tls-cert-file", certificate, "--tls-key-file", key,
                 "--tls-ca-cert-file", authority.certificate, "--tls-auth-clients", "no",
                 "--requirepass", PASSWORD, "--dir", folder, "--save", "",
                 "--appendonly", "yes", "--appendfsync", "always"], stdout=log, stderr=log)
        until(self._answers, "Redis answers over TLS")

    def address(self, authority_file, port=None, prefix="koohook"):
        """The store's address for koohook."""
        host = f"localhost:{port or self.port}"
        return f"rediss://default:{PASSWORD}@{host}?ca={authority_file}&prefix={prefix}"

    def ask(self, *words):
        """The first bytes of the answer to a command."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as plain, \
                self.trusted.wrap_socket(plain, server_hostname="localhost") as connection:
            for command in (["AUTH", PASSWORD], list(words)):
                parts = "".join(f"${len(word)}\r\n{word}\r\n" for word in command)
                connection.sendall(f"*{len(command)}\r\n{parts}".encode())
                answer = connection.recv(65536)
            return answer

    def _answers(self):
        if self.process.poll() is not None:
            raise Failed("redis-server ended; it needs the Debian package redis-server with TLS")
        try:
            return self.ask("PING") == b"+PONG\r\n"
        except OSError:
            return False

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
