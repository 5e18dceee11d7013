"""A seller's own server for the marketplace's purchases (V2), with aiohttp and redis. It verifies a
call, gives each order one instance, and signs its answer. tests/bench/run compares it with koohook.

    ACCESS_KEY=… REDIS_URL=redis://127.0.0.1:6379 LISTEN=127.0.0.1:8000 python server.py
"""

import base64
import hmac
import json
import logging
import os
import time
import uuid

from aiohttp import web
from redis.asyncio import Redis

ACCESS_KEY = os.environ["ACCESS_KEY"]
WINDOW_MILLIS = 60_000
MESSAGES = {
    "000000": "success",
    "000001": "authentication failed",
    "000002": "invalid request parameter",
    "000005": "internal error",
}
redis = Redis.from_url(os.environ["REDIS_URL"])


def mac(text):
    return hmac.digest(ACCESS_KEY.encode(), text, "sha256")


def compact(members):
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def matches(signature, payload, timestamp, nonce):
    text = ACCESS_KEY + nonce + timestamp + mac(payload).hex()
    return hmac.compare_digest(mac(text.encode()).hex().encode(), signature.lower().encode())


def canonical(call):
    """The guide signs the members sorted by name, without null members and without blanks."""
    return compact({name: call[name] for name in sorted(call) if call[name] is not None})


def parse(body):
    try:
        call = json.loads(body)
    except ValueError:
        return None
    return call if isinstance(call, dict) else None


def is_recent(timestamp):
    return timestamp.isascii() and timestamp.isdigit() and (
        abs(time.time() * 1000 - int(timestamp)) <= WINDOW_MILLIS)


async def instance_of(call):
    """SET with NX writes only the first purchase of an order. A repeat reads what the first one wrote."""
    key = f"instance:{call['orderId']}:{call['orderLineId']}"
    created = {"instanceId": str(uuid.uuid4()), "businessId": call["businessId"],
               "createdAt": int(time.time() * 1000)}
    if await redis.set(key, compact(created), nx=True):
        return created["instanceId"]
    return json.loads(await redis.get(key))["instanceId"]


async def answer_to(query, body):
    timestamp, nonce, signature = (query.get(name) for name in ("timestamp", "nonce", "signature"))
    if timestamp is None or nonce is None or not is_recent(timestamp):
        return {"resultCode": "000002"}
    if signature is None:
        return {"resultCode": "000001"}
    call = parse(body)
    if not matches(signature, body, timestamp, nonce) and (
            call is None or not matches(signature, canonical(call), timestamp, nonce)):
        return {"resultCode": "000001"}
    if call is None or call.get("activity") != "newInstance" or not all(
            call.get(name) for name in ("orderId", "orderLineId", "businessId")):
        return {"resultCode": "000002"}
    if call.get("testFlag") == "1":
        return {"resultCode": "000000", "instanceId": call["businessId"]}
    return {"resultCode": "000000", "instanceId": await instance_of(call)}


async def receive(request):
    try:
        answer = await answer_to(request.query, await request.read())
    except Exception:
        logging.exception("call failed")
        answer = {"resultCode": "000005"}
    code = answer["resultCode"]
    body = compact({"resultCode": code, "resultMsg": MESSAGES[code], **answer})
    signature = base64.b64encode(mac(body)).decode()
    body_sign = f'sign_type="HMAC-SHA256", signature= "{signature}"'
    return web.Response(
        body=body, content_type="application/json", headers={"Body-Sign": body_sign})


app = web.Application(client_max_size=64 * 1024)
app.router.add_post("/saasproduce", receive)
host, port = os.environ["LISTEN"].split(":")
web.run_app(app, host=host, port=int(port), print=None, access_log=None)
