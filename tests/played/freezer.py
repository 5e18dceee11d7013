"""Freezes and thaws an instance between calls, as a function platform does. The kernel's control groups
freeze it without its knowledge. If they cannot be used, signals stop it."""

import os
import signal
from pathlib import Path

from checks import until


class Group:
    """A control group of one instance."""

    HOW = "control groups"

    def __init__(self, folder):
        self.folder = folder
        self.members = folder / "cgroup.procs"

    def freeze(self, _pid):
        self._set("1")

    def thaw(self, _pid):
        self._set("0")

    def end(self):
        self._set("0")
        until(lambda: "populated 0" in (self.folder / "cgroup.events").read_text(), "the instance ends")
        self.folder.rmdir()

    def _set(self, state):
        (self.folder / "cgroup.freeze").write_text(state)
        events = self.folder / "cgroup.events"
        until(lambda: f"frozen {state}" in events.read_text(), f"the control group's state {state}")


class Signals:
    """Stops a process and lets it go on."""

    HOW = "signals"
    members = Path("/dev/null")

    def freeze(self, pid):
        os.kill(pid, signal.SIGSTOP)
        state = Path(f"/proc/{pid}/stat")
        until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "the process stops")

    def thaw(self, pid):
        os.kill(pid, signal.SIGCONT)

    def end(self):
        """Nothing remains."""


def make(name):
    """A freezer for one instance."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        folder = Path(place) / f"koohook-{os.getpid()}-{name}"
        if kind == "cgroup2":
            try:
                folder.mkdir()
            except OSError:
                continue
            return Group(folder)
    return Signals()
