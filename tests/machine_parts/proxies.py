"""The proxies, each from the file that is shipped. Only ports, paths and the certificate differ."""

import json
import os
import subprocess
from pathlib import Path

from .processes import until
from .wire import Connection

SITE = "seller.example.com"


def self_signed(folder):
    """A certificate for the site, made for this run."""
    chain, key = folder / "fullchain.pem", folder / "privkey.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", f"/CN={SITE}", "-addext", f"subjectAltName=DNS:{SITE}",
         "-keyout", key, "-out", chain], check=True, capture_output=True)
    return chain, key


def changed(text, changes):
    """The text with each change. Each part that is replaced must occur exactly once."""
    for part, replacement in changes.items():
        found = text.count(part)
        assert found == 1, f"the shipped file has {found} times, not once: {part}"
        text = text.replace(part, str(replacement))
    return text


class Proxy:
    """A proxy that runs in a folder of its own."""

    def __init__(self, program, shipped, folder, ports):
        self.program, self.folder = program, folder
        self.port, self.first, self.second = ports
        self.authority, self.key = self_signed(folder)
        self.access, self.error = folder / "access.log", folder / "error.log"
        self.main_log, self.config = folder / "main.log", folder / Path(shipped).name
        self.config.write_text(changed(Path(shipped).read_text(), self.changes()))
        self.process = None

    def start(self):
        # Caddy keeps files in the home folder.
        env = os.environ | {"HOME": str(self.folder), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""}
        with self.main_log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), env=env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=self.folder)
        until(self.listens, f"the proxy does not listen: {self.main_log.read_text()}")

    def listens(self):
        assert self.process.poll() is None, f"the proxy ended: {self.main_log.read_text()}"
        try:
            self.connection().open()
            return True
        except OSError:
            return False

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def connection(self, address="127.0.0.1"):
        return Connection(self.port, SITE, self.authority, address)

    def logs(self):
        """Everything that the proxy wrote."""
        files = [self.access, self.error, self.main_log]
        return "".join(file.read_text() for file in files if file.exists())

    def access_lines(self):
        return [json.loads(line) for line in self.access.read_text().splitlines()]


class Nginx(Proxy):
    """nginx, with the shipped file in its http block as Debian's `conf.d` has it."""

    def changes(self):
        return {
            "127.0.0.1:8001": f"127.0.0.1:{self.first}",
            "127.0.0.1:8002": f"127.0.0.1:{self.second}",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "/etc/nginx/koohook/fullchain.pem": self.authority,
            "/etc/nginx/koohook/privkey.pem": self.key,
            "/var/log/nginx/koohook.access.log": self.access,
            "/var/log/nginx/koohook.error.log": self.error,
        }

    def command(self):
        wrapper = self.folder / "wrapper.conf"
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        # Without this line the workers of root are another user, who cannot open this folder.
        user = "user root;\n" if os.geteuid() == 0 else ""
        wrapper.write_text(
            f"{user}daemon off;\npid {self.folder}/pid;\nerror_log {self.main_log};\nworker_processes 2;\n"
            f"events {{ worker_connections 512; }}\nhttp {{\n{temporary}include {self.config};\n}}\n")
        return [self.program, "-p", self.folder, "-c", wrapper]

    def tries(self):
        """How many processes each request was sent to, by its ID."""
        return {line["requestId"]: len(line["upstream"].split(", ")) for line in self.access_lines()}


class Caddy(Proxy):
    """Caddy, with the shipped file. The certificate replaces the automatic one."""

    def changes(self):
        return {
            f"{SITE} {{": f"https://{SITE}:{self.port} {{\n\tbind 127.0.0.1\n"
                          f"\ttls {self.authority} {self.key}\n",
            "127.0.0.1:8001": f"127.0.0.1:{self.first}",
            "127.0.0.1:8002": f"127.0.0.1:{self.second}",
            "/var/log/caddy/koohook.access.log": self.access,
            # A Caddy of this machine may already use the ports 80 and 2019.
            "\tservers {": "\tadmin off\n\tauto_https disable_redirects\n\tservers {",
        }

    def tries(self):
        return {line["uuid"]: 1 + int(line["retries"] or 0) for line in self.access_lines()
                if "uuid" in line}

    def command(self):
        return [self.program, "run", "--adapter", "caddyfile", "--config", self.config]
