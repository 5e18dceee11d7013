"""The marketplace's signatures, written from its guides and not from koohook's code."""

import base64
import hashlib
import hmac
import json
import threading
import time
import urllib.parse
from datetime import datetime, timezone


def digest(key, text):
    return hmac.new(key.encode(), text, hashlib.sha256)


class Clock:
    """The times of signed calls in milliseconds. No two calls have the same time, because koohook
    orders calls about one instance by it."""

    def __init__(self):
        self.lock, self.last = threading.Lock(), 0

    def millis(self):
        with self.lock:
            self.last = max(self.last + 1, time.time_ns() // 1_000_000)
            return self.last


CLOCK = Clock()


def auth_token(key, parameters):
    """V1: the parameters in the order of their names, decoded, under the key and the time."""
    text = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    mac = digest(key + parameters["timeStamp"], text.encode())
    return base64.b64encode(mac.digest()).decode()


def v1_query(key, parameters):
    """The query of a V1 call."""
    millis = CLOCK.millis()
    second = datetime.fromtimestamp(millis // 1000, timezone.utc)
    signed = parameters | {"timeStamp": f"{second:%Y%m%d%H%M%S}{millis % 1000:03}"}
    return urllib.parse.urlencode(signed | {"authToken": auth_token(key, signed)})


def v2_signature(key, nonce, timestamp, body):
    """V2: an HMAC over the key, the nonce, the time, and the HMAC of the body."""
    inner = digest(key, body).hexdigest()
    return digest(key, f"{key}{nonce}{timestamp}{inner}".encode()).hexdigest().upper()


def v2_query(key, body):
    """The query of a V2 call with this body."""
    timestamp, nonce = CLOCK.millis(), CLOCK.millis().to_bytes(16, "big").hex()
    signature = v2_signature(key, nonce, timestamp, body)
    return urllib.parse.urlencode({"signature": signature, "timestamp": timestamp, "nonce": nonce})


def kit_headers(key, body):
    """The headers of a V2 call of the kit: an HMAC over the body itself."""
    timestamp, nonce = str(CLOCK.millis()), CLOCK.millis().to_bytes(16, "big").hex()
    signature = digest(key, f"{key}{nonce}{timestamp}".encode() + body).hexdigest().upper()
    return {"x-sign": signature, "x-timestamp": timestamp, "x-nonce": nonce}


def compact(members):
    """JSON as the marketplace writes it: sorted members, no blanks."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def parsed(body):
    """The members of an answer."""
    return json.loads(body)


def body_sign(key, body):
    """The header of an answer, with one blank after `signature=`."""
    signature = base64.b64encode(digest(key, body).digest()).decode()
    return f'sign_type="HMAC-SHA256", signature= "{signature}"'


def check_vectors(folder):
    """Compares these functions with vectors that other programs made."""
    v1 = json.loads((folder / "v1.json").read_text())
    for request in v1["requests"]:
        parameters = dict(urllib.parse.parse_qsl(request["query"], keep_blank_values=True))
        parameters.pop("authToken", None)
        assert auth_token(request["key"], parameters) == request["token"], request["what"]
    for answer in v1["answers"]:
        assert body_sign(answer["key"], answer["body"].encode()) == answer["header"], answer["body"]
    v2 = json.loads((folder / "v2.json").read_text())
    received = [call for call in v2["calls"] if call["form"] == "received"]
    for call in received:
        made = v2_signature(v2["key"], v2["nonce"], v2["timestamp"], call["body"].encode())
        assert made == call["signature"], call["what"]
    return len(v1["requests"]) + len(v1["answers"]) + len(received)
