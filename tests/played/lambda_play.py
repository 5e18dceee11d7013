"""Plays the packages of AWS Lambda under AWS's runtime interface emulator, over DynamoDB's emulator.

    python3 tests/played/lambda_play.py PACKAGES KOOHOOK EMULATOR [PANICKING]

PACKAGES is the folder that `koohook package` wrote, KOOHOOK the command, EMULATOR what tests/install-rie
installed. PANICKING is the folder of a function with a bug: functions/examples/panicking.rs.
KOOHOOK_TEST_DYNAMODB is the address of DynamoDB's emulator. This needs root, for namespaces.
"""

import os
import sys
import tempfile
from pathlib import Path

import interrupted
import lambda_lives as own
import lambda_panic
import lives
import packages
from checks import Suites
from lambda_installation import LambdaInstallation, LambdaServers

LIVES = [
    ("wrong signatures", lives.wrong_signatures),
    ("access data later", lives.late_access),
    ("usage", lives.usage),
    ("other events", own.other_events),
    ("large bodies", own.large_bodies),
    ("refused starts", own.refused_starts),
    ("lower case", own.lower_case),
]
# Each returns the order whose notices may arrive twice, if there is one.
INTERRUPTED = [
    ("product down", own.product_down),
    ("ended in a call", interrupted.ended_in_a_call),
    ("connections cut", own.connections_cut),
    ("store down", own.store_down),
    ("store mute", own.store_mute),
]


def main(source, program, emulator, panicking=None):
    suites = Suites()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpacked = suites.play("lambda: contents", unpack, source, folder)
        if unpacked:
            codes = {name: code for name, (code, _) in unpacked.items()}
            play(suites, codes, program, emulator, panicking, folder)
    sys.exit(1 if suites.failed else 0)


def unpack(source, folder):
    packages.check_sums(source)
    return packages.unpack_functions(source, folder / "functions", target="lambda")


def play(suites, codes, program, emulator, panicking, folder):
    servers = LambdaServers(folder, os.environ["KOOHOOK_TEST_DYNAMODB"])
    try:
        servers.create_table(program)
        installation = LambdaInstallation(codes, program, emulator, servers, folder)
        try:
            play_functions(suites, installation)
            show_memory(installation)
        finally:
            installation.end()
        suites.play("lambda: session token", own.check_session_token, installation)
        suites.play("lambda: logs", own.check_logs, installation)
        if panicking:
            suites.play("lambda: a panic", lambda_panic.play, panicking, program, emulator, servers, folder)
    finally:
        servers.end()


def play_functions(suites, installation):
    started = suites.play("lambda: starts", own.each_function_starts, installation)
    if not started:
        return
    print("   first call, ms: " + ", ".join(f"{name} {1000 * at:.0f}" for name, at in started.items()))
    suites.play("lambda: scenarios", lives.whole_scenarios, installation)
    suites.play("lambda: notices", lives.notices_of_the_scenarios, installation)
    for name, life in LIVES:
        suites.play(f"lambda: {name}", life, installation)
    repeated = [suites.play(f"lambda: {name}", life, installation) for name, life in INTERRUPTED]
    suites.play("lambda: once, in order", installation.product.check_once_and_in_order, repeated)


def show_memory(installation):
    peaks = {}
    for instance in installation.instances():
        if not instance.has_ended:
            peaks[instance.function.name] = max(peaks.get(instance.function.name, 0), instance.peak())
    print("   peak memory, MiB: " + ", ".join(f"{name} {peak / 1024:.0f}" for name, peak in peaks.items()))


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    if os.geteuid() != 0:
        sys.exit("tests/played: not root; namespaces need root; run this as root")
    main(*(Path(argument).resolve() for argument in sys.argv[1:]))
