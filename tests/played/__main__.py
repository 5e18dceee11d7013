"""Plays packages as their platforms do.

    python3 tests/played PACKAGES

PACKAGES is the folder that `koohook package` wrote. This needs root, for network namespaces.
"""

import os
import sys
import tempfile
from pathlib import Path

import binaries
import interrupted
import lives
import logs
import refusals
from checks import Failed, Suites
from installation import Installation, Servers, unpack
from machine import Machine

LIVES = [
    ("wrong signatures", lives.wrong_signatures),
    ("access data later", lives.late_access),
    ("usage", lives.usage),
    ("oldest processor", lives.oldest_processor),
]
# Each returns the order whose notices may arrive twice, if there is one.
INTERRUPTED = [
    ("frozen in a call", interrupted.frozen_in_a_call),
    ("ended in a call", interrupted.ended_in_a_call),
    ("connections cut", interrupted.connections_cut),
    ("redis down", interrupted.redis_down),
]


def main(source):
    if os.geteuid() != 0:
        sys.exit("tests/played: not root; network namespaces need root; run this as root")
    suites = Suites()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpacked = suites.play("packages: contents", unpack, folder, source)
        if unpacked:
            play(suites, source, folder, *unpacked)
    sys.exit(1 if suites.failed else 0)


def play(suites, source, folder, codes, home, sizes):
    programs = [code / "bootstrap" for code in codes.values()] + [home / "bin/koohook"]
    suites.play("packages: glibc and libraries", check_binaries, programs)
    print("   MiB: " + ", ".join(f"{name} {size / (1 << 20):.1f}" for name, size in sizes.items()))
    servers = Servers(folder)
    try:
        installation = Installation(source, home / "bin/koohook", servers, folder)
        try:
            play_functions(suites, installation)
        finally:
            installation.end()
        suites.play("functiongraph: logs", logs.check_logs, installation)
        show_memory(installation)
        machine = Machine(home, folder / "made-up.pem", servers, folder)
        suites.play("machine: sqlite", machine.sqlite)
        suites.play("machine: redis with tls", machine.redis)
    finally:
        servers.end()


def play_functions(suites, installation):
    started = suites.play("functiongraph: starts", lives.each_function_starts, installation)
    if not started:
        return
    print("   cold start, ms: " + ", ".join(f"{name} {1000 * at:.0f}" for name, at in started.items()))
    suites.play("functiongraph: refused starts", refusals.refused_starts, installation)
    suites.play("functiongraph: scenarios", lives.whole_scenarios, installation)
    suites.play("functiongraph: notices", lives.notices_of_the_scenarios, installation)
    for name, life in LIVES:
        suites.play(f"functiongraph: {name}", life, installation)
    repeated = [suites.play(f"functiongraph: {name}", life, installation) for name, life in INTERRUPTED]
    suites.play("functiongraph: once, in order", installation.product.check_once_and_in_order, repeated)


def check_binaries(programs):
    newest = max(binaries.check_program(program) for program in programs)
    print(f"   newest glibc version that a program needs: {'.'.join(map(str, newest))}")


def show_memory(installation):
    peaks = {}
    for instance in (one for one in installation.instances() if one.cpu == "own"):
        name = instance.function.name
        peaks[name] = max(peaks.get(name, 0), instance.peak_kib)
    print("   peak memory, MiB: " + ", ".join(f"{name} {peak / 1024:.0f}" for name, peak in peaks.items()))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]).resolve())
    except Failed as fault:
        sys.exit(f"tests/played: {fault}")
