"""A server as sellers write it in PHP.

`json_encode` escapes slashes and characters outside ASCII, and `Body-Sign` has no blank. The server
serves both guides. With the argument `v1` it serves only V1. With `drops` it closes the connection of
every GET. With `once` it announces keep-alive, but it closes a connection without an answer at the
second call.
"""
import json
import sys
import threading

from seller import KEY, PASSWORD, USER_NAME, Handler, body_sign, serve, v1_is_signed, v2_is_signed

V1_ONLY = "v1" in sys.argv[1:]
DROPS = "drops" in sys.argv[1:]
ONCE = "once" in sys.argv[1:]
LOCK = threading.Lock()
ORDERS, INSTANCES = {}, {}


def encode(value):
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def code(value, **more):
    return {"resultCode": value, "resultMsg": "成功" if value == "000000" else "失败", **more}


def access(is_v1):
    sealed = {"userName": USER_NAME, "password": PASSWORD}
    plain = {"userName": "admin", "password": "secret"}
    return {"frontEndUrl": "https://app.example.com/登录", **(sealed if is_v1 else plain)}


def new_instance(body, is_v1):
    more = {"appInfo": access(True), "encryptType": "1"} if is_v1 else {}
    if body.get("testFlag") == "1":
        return code("000000", instanceId=body["businessId"], **more)
    with LOCK:
        instance = ORDERS.setdefault(body["orderId"], body["businessId"])
        INSTANCES.setdefault(instance, "active")
    return code("000000", instanceId=instance, **more)


def query_instance(body, is_v1):
    ids = body["instanceId"].split(",")
    if body.get("testFlag") != "1":
        ids = [one for one in ids if INSTANCES.get(one) == "active"]
        if not ids:
            return code("000003")
    return code("000000", info=[{"instanceId": one, "appInfo": access(is_v1)} for one in ids])


def change(body, _):
    is_known = body.get("testFlag") == "1" or body["instanceId"] in INSTANCES
    return code("000000" if is_known else "000003")


def release(body, _):
    if body.get("testFlag") != "1" and body["instanceId"] in INSTANCES:
        INSTANCES[body["instanceId"]] = "released"
    return change(body, _)


ACTIVITIES = {"newInstance": new_instance, "queryInstance": query_instance,
              "releaseInstance": release}
V1 = {"refreshInstance", "expireInstance", "instanceStatus"}
V2 = {"refreshInstance", "updateInstanceStatus"}


def decide(body, is_v1):
    name = body.get("activity")
    activity = ACTIVITIES.get(name) or (change if name in (V1 if is_v1 else V2) else None)
    return activity(body, is_v1) if activity else code("000002")


class Php(Handler):
    is_used = False

    def answer_get(self, parameters):
        if DROPS:
            self.close_connection = True
            return
        self.answer(decide(parameters, True) if v1_is_signed(parameters) else code("000001"))

    def answer_post(self, query, body):
        if V1_ONLY or not v2_is_signed(query, body):
            return self.answer(code("000001"))
        return self.answer(decide(json.loads(body), False))

    def answer(self, answer):
        if ONCE and self.is_used:
            self.close_connection = True
            return
        self.is_used = True
        body = encode(answer)
        self.reply(body, Content_Type="application/json",
                   Body_Sign=f'sign_type="HMAC-SHA256",signature="{body_sign(body, KEY)}"')


serve(Php)
