"""Starts that must fail on a function platform."""

from checks import check, check_equal, until
from function import Instance
from runtime import RelayInstance

# The wrong settings of each start, and words of the message, for each platform.
CASES = {"functiongraph": [
    ("receive", {"KOOHOOK_STORE": "sqlite:/tmp/koohook.db"}, "a function platform deletes the sqlite file"),
    ("relay", {"KOOHOOK_STORE": "sqlite:/tmp/koohook.db"}, "a function platform deletes the sqlite file"),
    ("receive", {"KOOHOOK_BASE_KEY": "made-up-key"}, "KOOHOOK_BASE_KEY"),
    ("relay", {"RUNTIME_TIMEOUT": "3"}, "RUNTIME_TIMEOUT"),
], "vercel": [
    ("receive", {"KOOHOOK_STORE": "sqlite:/tmp/koohook.db"}, "a function platform deletes the sqlite file"),
    ("receive", {"KOOHOOK_METRICS": "emf"}, "KOOHOOK_METRICS"),
    ("relay", {"CRON_SECRET": "short"}, "CRON_SECRET must have at least 16"),
    ("relay", {"KOOHOOK_RELAY_SECRET": "made-up-other-secret-0001"}, "CRON_SECRET differs"),
]}


def refused_starts(installation):
    """The process ends with the code 1 and a message, and prints no value of a setting."""
    for name, wrong, words in CASES[installation.name]:
        kind = RelayInstance if (installation.name, name) == ("functiongraph", "relay") else Instance
        instance = kind(installation.platform.functions[name], **wrong)
        try:
            until(lambda: instance.process.poll() is not None, f"{name} with {list(wrong)} ends")
        finally:
            instance.end()
        output = instance.log.read_text()
        check_equal(instance.process.returncode, 1, f"the code of {name} with {list(wrong)}")
        check(words in output, f"{name} with {list(wrong)} does not say {words!r}:\n{output}")
        for value in wrong.values():
            check(value not in output or len(value) < 4, f"{name} prints a value of {list(wrong)}:\n{output}")
