"""Standard Webhooks, read from the specification: how koohook and the product sign their messages."""

import base64
import hashlib
import hmac
import json
import time
import uuid

TOLERANCE = 300  # Seconds.


def mac(secret, name, seconds, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{name}.{seconds}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secret, body):
    """The headers of a message that the product sends."""
    name, seconds = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    return {"webhook-id": name, "webhook-timestamp": seconds, "content-type": "application/json",
            "content-length": str(len(body)), "webhook-signature": f"v1,{mac(secret, name, seconds, body)}"}


def verified(secret, headers, body):
    """The message, if its signature and its time are right. Otherwise None."""
    name, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split(" ")
    if not seconds.isdigit() or abs(time.time() - int(seconds)) > TOLERANCE:
        return None
    right = f"v1,{mac(secret, name, seconds, body)}"
    if not any(hmac.compare_digest(right, one) for one in given):
        return None
    return json.loads(body)
