"""What the operator, the machine and strangers do while calls go on."""

from concurrent.futures import ThreadPoolExecutor

from . import listener
from .load import CONNECTIONS, signed
from .processes import until

BETWEEN = 50  # Calls that must be answered between two steps.
MARKETPLACE_WAITS = 5.0  # Seconds, by its guide.


def play(load, first, second):
    """Plays each step, and waits until enough calls were answered after it."""
    steps = [
        ("both processes serve", lambda: None),
        ("bodies above the limit arrive", lambda: send_long_bodies(load.proxy)),
        ("the second one is replaced", lambda: (second.stop(), second.start())),
        ("the first one is stopped", first.stop),
        ("the first one is started again", lambda: start(first)),
        ("the first one is killed", first.kill),
        ("the first one is started after the kill", lambda: start(first)),
        ("the first one is killed with calls in hand", lambda: kill_with_calls(load, first)),
        ("the first one is started after the second kill", lambda: start(first)),
        ("the first one hangs, and goes on", lambda: hang(load, first)),
    ]
    for what, step in steps:
        step()
        load.wait_for(BETWEEN, what)
    return len(steps)


def send_long_bodies(proxy):
    """A proxy that refuses a long body must not touch the bodies of other calls."""
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(lambda _: listener.kit_call(proxy, listener.KIT_LIMIT + 1), range(15))
    assert set(answers) == {listener.REFUSED}


def start(process):
    """Starts the process, and waits until the proxy sends it calls again."""
    before = process.answered()
    process.start()
    until(lambda: process.answered() > before, f"no call arrives at port {process.port}")


def kill_with_calls(load, process):
    """Kills the process while every connection waits for its answer."""
    process.freeze()
    until(lambda: load.waiting() == CONNECTIONS, "a connection makes no call")
    process.kill()


def hang(load, process):
    """Lets the process hang until its calls were answered by the other one, while the marketplace still
    waits. Then it carries out the calls in its hand, which are repeats now."""
    until(lambda: is_frozen_without_lock(process), "the process always had the lock of the store")
    before = len(load.answered)
    load.wait_for(CONNECTIONS, "the first one hangs")
    process.thaw()
    slowest = max(call.seconds for call in load.answered[before:])
    assert slowest < MARKETPLACE_WAITS, f"a call took {slowest:.1f} s while the first one hung"


def is_frozen_without_lock(process):
    """A process that hangs with SQLite's lock in its hand stops the other one, too: no proxy can help."""
    process.freeze()
    if process.installation.is_locked():
        process.thaw()
        return False
    return True


def outage(load, processes):
    """Stops both processes. The proxy says so, and a signature must not be in its log of errors."""
    for process in processes:
        process.stop()
    method, target, body, headers = signed("v2", {"activity": "queryInstance", "instanceId": "I1"})
    load.remember(target)
    status, code = listener.answer_to(load.proxy, target, body, headers, method)
    assert status in (502, 503, 504) and code is None, f"without koohook the proxy answers {status}"
