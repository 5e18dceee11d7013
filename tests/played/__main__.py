"""Plays packages as their platforms do.

    python3 tests/played PACKAGES [VERCEL]

PACKAGES is the folder that `koohook package` wrote. VERCEL is the folder that `tests/install-vercel` filled; with
it, Vercel's own code reads the build output. This needs root, for network namespaces.
"""

import os
import sys
import tempfile
from pathlib import Path

import binaries
import interrupted
import lives
import logs
import packages
import refusals
import vercel
from checks import Failed, Suites
from installation import Installation, Servers, unpack
from machine import Machine

LIVES = [
    ("wrong signatures", lives.wrong_signatures),
    ("access data later", lives.late_access),
    ("usage", lives.usage),
]
# What only one platform shows. The programs for Vercel are compiled as those for FunctionGraph.
OWN_LIVES = {
    "functiongraph": [("oldest processor", lives.oldest_processor)],
    "vercel": [
        ("cron", vercel.only_the_crons_secret_starts_the_relay),
        ("capitals of V1", vercel.v1_needs_capitals),
        ("end of a call", vercel.end_comes_last),
        ("end of an instance", vercel.ends_after_its_calls),
        ("caller hangs up", vercel.goes_on_if_the_caller_hangs_up),
    ],
}
# Each returns the order whose notices may arrive twice, if there is one.
INTERRUPTED = [
    ("frozen in a call", interrupted.frozen_in_a_call),
    ("ended in a call", interrupted.ended_in_a_call),
    ("connections cut", interrupted.connections_cut),
    ("redis down", interrupted.redis_down),
]


def main(source, vercel_tools=None):
    if os.geteuid() != 0:
        sys.exit("tests/played: not root; network namespaces need root; run this as root")
    suites = Suites()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpacked = suites.play("packages: contents", unpack, folder, source)
        if unpacked:
            play(suites, source, folder, *unpacked)
            play_vercel(suites, source, folder, unpacked[1] / "bin/koohook", vercel_tools)
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


def play_vercel(suites, source, folder, program, tools):
    folder /= "vercel"
    folder.mkdir()
    unpacked = suites.play("vercel: contents", packages.unpack_vercel, source, folder / "package")
    if not unpacked:
        return
    output, size = unpacked
    print(f"   MiB: vercel {size / (1 << 20):.1f}")
    suites.play("vercel: glibc and libraries", check_binaries, list(output.glob("functions/*/executable")))
    servers = Servers(folder)
    try:
        installation = vercel.VercelInstallation(output, program, servers, folder)
        try:
            play_vercels_own(suites, installation, tools)
            play_functions(suites, installation)
            suites.play("vercel: logs", logs.check_logs, installation)
        finally:
            installation.end()
        show_memory(installation)
    finally:
        servers.end()


def play_vercels_own(suites, installation, tools):
    if tools:
        suites.play("vercel: its own reader", vercel.its_own_reader, installation, tools)
    suites.play("vercel: routes", vercel.routes_lead_to_the_functions, installation)
    suites.play("vercel: local starts", vercel.starts_locally, installation)


def play_functions(suites, installation):
    name = installation.name
    started = suites.play(f"{name}: starts", lives.each_function_starts, installation)
    if not started:
        return
    print("   cold start, ms: " + ", ".join(f"{one} {1000 * at:.0f}" for one, at in started.items()))
    suites.play(f"{name}: refused starts", refusals.refused_starts, installation)
    suites.play(f"{name}: scenarios", lives.whole_scenarios, installation)
    suites.play(f"{name}: notices", lives.notices_of_the_scenarios, installation)
    for title, life in LIVES + OWN_LIVES.get(name, []):
        suites.play(f"{name}: {title}", life, installation)
    repeated = [suites.play(f"{name}: {title}", life, installation) for title, life in INTERRUPTED]
    suites.play(f"{name}: once, in order", installation.product.check_once_and_in_order, repeated)


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
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        main(*(Path(argument).resolve() for argument in sys.argv[1:]))
    except Failed as fault:
        sys.exit(f"tests/played: {fault}")
