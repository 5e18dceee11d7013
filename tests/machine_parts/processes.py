"""Two processes of `koohook serve` over one store, with their secrets in files, as the unit starts them."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from contextlib import closing
from pathlib import Path

from . import unit

BASE_KEY, KIT_KEY = "made-up-machine-key-0001", "made-up-machine-key-0002"
PATIENCE = 30.0  # Seconds. Every step is faster; a test that waits this long fails.


def until(look, what):
    """Looks until there is a result, and returns it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError(f"waited {PATIENCE:.0f} s in vain: {what}")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Installation:
    """The settings, the secrets and the store of one koohook, and its commands."""

    def __init__(self, program, units, folder, store):
        self.program, self.units = program, units
        self.credentials = folder / "secrets"
        self.credentials.mkdir(0o700)
        # What the operator writes into koohook.env.
        self.env = {
            "KOOHOOK_STORE": store,
            "KOOHOOK_APP_INFO": '{"frontEndUrl":"https://app.example.com/i/{instanceId}"}',
        }
        self.write_secrets()

    def write_secrets(self):
        made = self.output("keys", "secret", "seal")
        secrets = {"base.key": BASE_KEY, "kit.key": KIT_KEY, "seal.key": made}
        for name, text in secrets.items():
            (self.credentials / name).write_text(text)
        self.output("keys", "new", "--out", self.credentials / "application.pem")

    def is_locked(self):
        """Whether a process is writing, if the store is SQLite: then no other process can write."""
        kind, _, path = self.env["KOOHOOK_STORE"].partition(":")
        if kind != "sqlite":
            return False
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as store:
            try:
                store.execute("BEGIN IMMEDIATE")
                store.execute("ROLLBACK")
                return False
            except sqlite3.OperationalError:
                return True

    def settings(self, port):
        """The environment of the process at a port."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("KOOHOOK_")}
        return own | self.env | unit.settings(self.units, ["kit"], port, self.credentials)

    def output(self, *words, port=0):
        done = subprocess.run([self.program, *map(str, words)], env=self.settings(port),
                              capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, f"koohook {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *words):
        return json.loads(self.output(*words))

    def read(self, *words):
        return self.json(*words, "-o", "json")


class Process:
    """One `koohook serve` at a port."""

    def __init__(self, installation, port, log):
        self.installation, self.port, self.log = installation, port, Path(log)
        self.process = None

    def start(self):
        """Starts the process, and waits until it is ready, as the operator does."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.installation.program, "serve"], env=self.installation.settings(self.port),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self.is_ready, f"koohook at port {self.port} is not ready; its log is\n{self.tail()}")

    def is_ready(self):
        assert self.process.poll() is None, f"koohook ended:\n{self.tail()}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False  # Refused, no answer in time, or 503.

    def stop(self):
        """Ends the process as systemd does. It must finish its open calls."""
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        assert code == 0, f"koohook ended with {code} after SIGTERM:\n{self.tail()}"

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def freeze(self):
        """Stops the process as if it hung. It is over when the kernel has stopped each thread."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = Path(f"/proc/{self.process.pid}/task")
        until(lambda: all(") T " in (task / "stat").read_text() for task in tasks.iterdir()), "no stop")

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self):
        """Ends the process if it runs, however it is."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def tail(self):
        return self.log.read_text()[-2000:]

    def answered(self):
        """How many calls this process has answered, also before it was started again."""
        return self.log.read_text().count('"message":"callback"')

    def lines(self):
        """The lines of this process's log that are JSON."""
        found = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [json.loads(line) for line in found]
