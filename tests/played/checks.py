"""Checks, waiting with a bound, and the line of each suite."""

import sys
import time
import traceback

PATIENCE = 60.0  # Seconds: longer than any step takes.


class Failed(Exception):
    """A check that failed."""


class Suites:
    """What was played, with its checks and seconds."""

    def __init__(self):
        self.failed = 0

    def play(self, name, action, *arguments):
        """Plays a suite, and prints its line. The result of the action, or None if it failed."""
        started, before, result = time.monotonic(), Checks.passed, None
        try:
            result, verdict = action(*arguments), "passed"
        except Exception as fault:  # A suite that breaks must not hide the others.
            self.failed, verdict = self.failed + 1, "FAILED"
            if not isinstance(fault, Failed):
                traceback.print_exc()
            print(f"   {name}: {fault}", file=sys.stderr, flush=True)
        seconds = time.monotonic() - started
        print(f"{name:<34} {verdict:<6} {Checks.passed - before:>4} checks {seconds:6.1f} s", flush=True)
        return result


class Checks:
    """The number of checks that passed."""

    passed = 0


def check(is_true, what):
    if not is_true:
        raise Failed(what)
    Checks.passed += 1


def check_equal(found, expected, what):
    check(found == expected, f"{what} is {found!r}, not {expected!r}")


def until(look, what):
    """Looks until something is found."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.002)
    raise Failed(f"{what}: not within {PATIENCE:.0f} s")
