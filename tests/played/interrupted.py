"""Calls and runs that the platform or the network interrupts. No notice may be lost."""

import signal
import threading

from checks import PATIENCE, Failed, check, check_equal
from lives import check_readable, new_order
from product import Held
from runtime import TWO_MINUTES_LATER, deliver_all


def frozen_in_a_call(installation):
    """The platform freezes an instance while the product works on its first attempt. The claim's time passes.
    The relay delivers the notice. The instance thaws, and changes nothing."""
    call = HeldCall(installation, "FROZEN")
    call.instance.freeze()
    deliver_later(installation, call)
    call.mood.opened.set()
    call.instance.thaw()
    answer = call.answer()
    check(answer and answer["resultCode"] in ("000000", "000004"), f"the frozen call is answered {answer}")
    instance = answer["instanceId"]
    check_readable(installation, "v2", instance)
    change = ["updateInstanceStatus", f"instanceId={instance}", "status=FREEZE"]
    check_equal(installation.marketplace.send("v2", *change)["resultCode"], "000000", "the code of a change")
    deliver_all(installation.start_relay(**TWO_MINUTES_LATER))
    check_attempts(installation, call.order, ["created", "created", "frozen"])
    return call.order


def ended_in_a_call(installation):
    """The platform ends an instance while the product works on its first attempt. The marketplace repeats the
    call, and the relay delivers the notice."""
    call = HeldCall(installation, "ENDED")
    call.instance.end()
    check_equal(call.answer(), None, "the answer of the ended call")
    repeat = installation.marketplace.send("v2", *call.members)
    check_equal(repeat["resultCode"], "000004", "the code while the claim exists")
    deliver_later(installation, call)
    call.mood.opened.set()
    check_readable(installation, "v2", repeat["instanceId"])
    check_attempts(installation, call.order, ["created", "created"])
    return call.order


class HeldCall:
    """A purchase in an instance of its own. The product has not answered its first attempt yet."""

    def __init__(self, installation, name):
        self.order, self.mood, self.answers = new_order(name), Held(), []
        self.members = ["newInstance", f"orderId={self.order}", "orderLineId=line-1"]
        installation.product.moods[self.order] = self.mood
        self.instance = installation.platform.start("receive")
        self.thread = threading.Thread(target=self._send, args=(installation.marketplace,), daemon=True)
        self.thread.start()
        check(self.mood.arrived.wait(PATIENCE), "the first attempt arrives")
        installation.platform.retire(self.instance)

    def _send(self, marketplace):
        try:
            self.answers.append(marketplace.send("v2", *self.members))
        except Failed:
            self.answers.append(None)

    def answer(self):
        """The answer to the call, or None if there was none."""
        self.thread.join(PATIENCE)
        check(self.answers, "the held call ends")
        return self.answers[0]


def deliver_later(installation, call):
    relay = installation.start_relay(**TWO_MINUTES_LATER)
    check_equal(relay.fire()["delivered"], 1, f"the number of notices that the relay delivered ({call.order})")
    check_equal(call.mood.attempts, 2, "the number of attempts")


def check_attempts(installation, order, expected):
    found = installation.product.of_order(order)
    check_equal([one.type.removeprefix("instance.") for one in found], expected, f"the notices of {order}")
    check_equal(len({one.name for one in found if one.type == "instance.created"}), 1, "the number of ids")


def connections_cut(installation):
    """While the functions are frozen, Redis closes all their connections, as networks do with idle ones. The
    next call and the next run of the relay succeed."""
    servers, relay = installation.servers, installation.relays[0]
    instance = buy(installation, "CUT")
    for status in ("FREEZE", "UNFREEZE"):
        cut = int(servers.redis.ask("CLIENT", "KILL", "TYPE", "normal").strip(b":\r\n"))
        check(cut > 1, f"Redis cut {cut} connections")
        change = ["updateInstanceStatus", f"instanceId={instance}", f"status={status}"]
        check_equal(installation.marketplace.send("v2", *change)["resultCode"], "000000", f"the code of {status}")
        deliver_all(relay)


def redis_down(installation):
    """Redis does not answer. A call is answered `000005`, and the run of the relay is reported as failed. When
    Redis is back, the next ones succeed."""
    servers, relay, order = installation.servers, installation.relays[0], new_order("DOWN")
    purchase = ["newInstance", f"orderId={order}", "orderLineId=line-1"]
    servers.redis.process.send_signal(signal.SIGSTOP)
    try:
        check_equal(installation.marketplace.send("v2", *purchase)["resultCode"], "000005", "the code meanwhile")
        relay.refuse()
    finally:
        servers.redis.process.send_signal(signal.SIGCONT)
    check_equal(installation.marketplace.send("v2", *purchase)["resultCode"], "000000", "the code afterwards")
    deliver_all(relay)
    check_attempts(installation, order, ["created"])


def buy(installation, name):
    purchase = ["newInstance", f"orderId={new_order(name)}", "orderLineId=line-1"]
    return installation.marketplace.send("v2", *purchase)["instanceId"]
