"""Several connections of the marketplace that call without a pause, and check each answer."""

import threading
import time
from dataclasses import dataclass
from urllib.parse import parse_qs

from . import signing
from .lives import Life
from .processes import BASE_KEY, until

ADDRESS = "/saasproduce"
CONNECTIONS = 8


@dataclass
class Call:
    """A call that was answered."""

    life: Life
    activity: str
    code: str
    seconds: float


class Load:
    """Threads with a connection each. A call that fails ends its thread, and the test."""

    def __init__(self, proxy):
        self.proxy, self.lock = proxy, threading.Lock()
        self.lives, self.answered, self.secrets = [], [], set()
        self.sent, self.is_over, self.faults = 0, False, []
        self.threads = [threading.Thread(target=self.work, args=(number,), daemon=True)
                        for number in range(CONNECTIONS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        """Lets each thread end its life, and checks that every call was answered. A call that failed
        explains why a step failed, so it is what the test reports."""
        self.is_over = True
        for thread in self.threads:
            thread.join(60)
        self.check()
        assert not any(thread.is_alive() for thread in self.threads), "calls were not answered"
        assert self.sent == len(self.answered), f"{self.sent} sent, {len(self.answered)} answered"

    def check(self):
        if self.faults:
            raise AssertionError("\n".join(self.faults))

    def wait_for(self, count, what):
        """Waits until so many more calls were answered."""
        wanted = len(self.answered) + count

        def enough():
            self.check()
            return len(self.answered) >= wanted

        until(enough, f"{count} more calls answered while {what}")

    def waiting(self):
        """How many calls have no answer yet."""
        self.check()
        return self.sent - len(self.answered)

    def work(self, number):
        connection = self.proxy.connection()
        turn = 0
        while not (self.is_over or self.faults):
            contract, is_released = ("v1", "v2")[number % 2], turn % 2 == 0
            life = Life(f"CS{number}N{turn:05}", contract, is_released)
            try:
                self.live(connection, life)
            except (AssertionError, OSError) as fault:
                self.faults.append(f"{life}: {type(fault).__name__}: {fault}")
            turn += 1
        connection.close()

    def remember(self, target):
        """Remembers the signature of a call, which no log may have."""
        query = parse_qs(target.partition("?")[2])
        self.secrets.update(query.get("authToken", []) + query.get("signature", []))

    def live(self, connection, life):
        self.lives.append(life)
        for members in life.calls():
            self.call(connection, life, members)

    def call(self, connection, life, members):
        method, target, body, headers = signed(life.contract, members)
        with self.lock:
            self.sent += 1
        self.remember(target)
        started = time.monotonic()
        response = connection.call(method, target, body, headers)
        seconds = time.monotonic() - started
        code = judged(response, members, life)
        self.answered.append(Call(life, members["activity"], code, seconds))


def signed(contract, members):
    """The request of a call."""
    number = f"B{signing.CLOCK.millis()}"
    if contract == "v1":
        return "GET", f"{ADDRESS}?{signing.v1_query(BASE_KEY, members | {'businessId': number})}", b"", {}
    body = signing.compact(members | ({"businessId": number} if "orderId" in members else {}))
    headers = {"Content-Type": "application/json;charset=utf8"}
    return "POST", f"{ADDRESS}?{signing.v2_query(BASE_KEY, body)}", body, headers


def judged(response, members, life):
    """Judges an answer as the marketplace does, and returns its code."""
    assert response.status == 200, f"HTTP {response.status} {response.body!r}"
    expected = [signing.body_sign(BASE_KEY, response.body)]
    assert response.values("Body-Sign") == expected, f"Body-Sign is wrong: {response.headers}"
    assert response.values("Content-Type") == ["application/json"], response.headers
    answer = signing.parsed(response.body)
    code = answer["resultCode"]
    if code == "000001" and life.contract == "v2" and members["activity"] == "queryInstance":
        return code  # Its signature was used already: it was cut, and repeated. The audit checks that.
    assert code == "000000", f"{members} was answered {answer}"
    if members["activity"] == "newInstance":
        life.instance = answer["instanceId"]
    elif members["activity"] == "queryInstance":
        assert [found["instanceId"] for found in answer["info"]] == [life.instance], answer
    return code
