"""A server that behaves like the marketplace's own V2 sample, a Spring Boot project.

It reads the body as a map of texts, sorts the map, and signs it as compact JSON. Its answers have a
charset in their Content-Type, and Chinese in the memo. It generates an ID for each rehearsal. It answers
000000 for an unknown instance. It reads an order and then writes it, without a lock.
"""
import json
import threading
import time
import uuid

from seller import Handler, serve, v2_is_signed

ORDERS, INSTANCES = {}, {}
# Eight concurrent purchases all read before one of them writes.
HAVE_READ = threading.Barrier(8)


def code(value, **more):
    return {"resultCode": value, "resultMsg": "success." if value == "000000" else "failed", **more}


def new_instance(body):
    if body.get("testFlag") == "1":
        return code("000000", instanceId=str(uuid.uuid4()))
    order = body["orderId"]
    known = ORDERS.get(order)
    if known is None:
        try:
            HAVE_READ.wait(10)
        except threading.BrokenBarrierError:
            pass
        known = ORDERS[order] = body["businessId"]
        INSTANCES[known] = "NORMAL"
    return code("000000", instanceId=known)


def query_instance(body):
    access = {"frontEndUrl": "https://app.example.com", "adminUrl": "https://app.example.com/admin",
              "userName": "admin", "password": "secret", "memo": "请尽快修改密码"}
    ids = body["instanceId"].split(",")
    return code("000000", info=[{"instanceId": one, "appInfo": access} for one in ids])


def refresh_instance(body):
    known = ("TRIAL_TO_FORMAL", "RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD")
    return code("000000" if body.get("scene") in known else "000002")


def change(_):
    return code("000000")


ACTIVITIES = {"newInstance": new_instance, "queryInstance": query_instance,
              "refreshInstance": refresh_instance, "updateInstanceStatus": change,
              "releaseInstance": change, "upgradeInstance": change}


class Sample(Handler):
    def answer_get(self, _):
        self.reply('{"status":405,"error":"Method Not Allowed"}', 405, Allow="POST",
                   Content_Type="application/json")

    def answer_post(self, query, body):
        self.reply(json.dumps(self.decide(query, body), ensure_ascii=False, separators=(",", ":")),
                   Content_Type="application/json;charset=UTF-8")

    def decide(self, query, body):
        members = {name: text(value) for name, value in json.loads(body).items()}
        payload = json.dumps(dict(sorted((name, value) for name, value in members.items()
                                         if value is not None)),
                             ensure_ascii=False, separators=(",", ":"))
        if time.time() * 1000 - int(query.get("timestamp", 0)) > 60_000:
            return code("000002")
        if not v2_is_signed(query, payload):
            return code("000001")
        activity = ACTIVITIES.get(members.get("activity"))
        return activity(members) if activity else code("000002")


def text(value):
    """The text that Jackson puts into a map of texts. An object does not fit."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value


serve(Sample)
