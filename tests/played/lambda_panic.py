"""A function with a bug: each purchase panics. Its build must unwind, as the functions' builds must."""

import base64
import hashlib
import hmac
import json

from checks import check, check_equal
from gateway import Gateway
from installation import BASE_KEY
from lambda_installation import LambdaInstallation
from lives import new_order

SIGNED = 'sign_type="HMAC-SHA256", signature= "{}"'


class Remembers:
    """A front end that remembers the last answer."""

    def __init__(self, platform):
        self.platform, self.answer = platform, None

    def call(self, name, request):
        self.answer = self.platform.call(name, request)
        return self.answer


def play(code, program, emulator, servers, folder):
    """The purchase is answered `000005`, signed. The same process answers the next call."""
    installation = LambdaInstallation({"receive": code}, program, emulator, servers, folder / "panic")
    front = Remembers(installation.platform)
    gateway = Gateway(front)
    try:
        for _ in range(2):
            call(installation, front, gateway, "000005", "newInstance", f"orderId={new_order('BUG')}",
                 "orderLineId=line-1")
            call(installation, front, gateway, "000003", "queryInstance", "instanceId=unknown")
        check_one_process(installation)
    finally:
        gateway.end()
        installation.end()


def call(installation, front, gateway, code, *members):
    there = {"KOOHOOK_ADDRESS": gateway.address}
    found = installation.marketplace.send("v2", *members, **there)["resultCode"]
    check_equal(found, code, f"the code of {members[0]}")
    mac = hmac.new(BASE_KEY.encode(), front.answer.body, hashlib.sha256).digest()
    signed = dict(front.answer.headers)["body-sign"]
    check_equal(signed, SIGNED.format(base64.b64encode(mac).decode()), f"Body-Sign of {members[0]}")


def check_one_process(installation):
    [instance] = installation.platform.instances
    check_equal(instance.calls, 4, "the number of calls of the only instance")
    text = instance.log.read_text()
    check_equal(text.count("INIT START"), 1, "the number of starts")
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    places = [line for line in lines if "panicking.rs" in json.dumps(line)]
    check_equal(len(places), 2, "the number of lines with the place of the panic")
    faults = [line["fault"] for line in lines if "fault" in line]
    check_equal(faults, ["panic"] * 2, "the list of faults in the log")
    check("made-up bug" not in text, "the log has the text of the panic")
