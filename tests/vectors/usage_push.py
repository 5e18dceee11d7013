"""Signs usage pushes with Python's standard library, and prints `usage_push.json`.

The body is `json.dumps` with sorted keys and without white space. `signature` is an HMAC-SHA256 of
time, nonce and body. `authorization` is the API gateway's scheme `SDK-HMAC-SHA256` over `host` and
`x-sdk-date`."""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import datetime, timezone

PATH = "/api/mkp-openapi-public/global/v1/isv/usage-data"
SITES = {
    "china": "https://mkt.myhuaweicloud.com",
    "international": "https://mkt-intl.myhuaweicloud.com",
    "europe": "https://mkt.myhuaweicloud.eu",
    "http://127.0.0.1:9001": "http://127.0.0.1:9001",
    "https://open.example:443": "https://open.example",
}
HOUR = 3_600_000
NOON = 1_791_201_600_000


def record(instance, begin, end, value, number, package=None, generated=NOON + 1):
    return {
        "instanceId": instance,
        "recordTime": generated,
        "begin": begin,
        "end": end,
        "value": value,
        "meteringSn": number,
        "package": package,
    }


PUSHES = [
    ("one record", "china", "constructed-base-key-0001", None, bytes(range(16)), NOON + 67, [
        record("7f141bf1-aec8-4859-8323-fb3a8ad50721", NOON - HOUR, NOON, "99", "sn-0001"),
    ]),
    ("a package, and the gateway's signature", "china", "constructed-base-key-0001",
     ("constructed-ak", "constructed-sk"), bytes(16), NOON + 900_999, [
        record("i-1", NOON - HOUR, NOON, "0.0001", "b9f5", package="p-1"),
    ]),
    ("records that are not in order", "international", "11111111-2222-3333-4444-555555555555",
     ("AK", "S/K+="), b"\xff" * 16, 1_835_395_199_999, [
        record("z", 1_835_391_600_000, 1_835_395_199_000, "99999999.9999", "2"),
        record("a", 1_835_308_800_000, 1_835_395_200_000, "1.50", "1", package="y"),
        record("z", 1_835_388_000_000, 1_835_391_600_000, "12", "0"),
    ]),
    ("letters that JSON escapes", "europe", "钥匙钥匙钥匙钥匙钥匙钥匙钥匙钥匙", None,
     b"constructed-0001", NOON, [
        record('实例 "\\/<&=>\' 😀', NOON - HOUR, NOON, "3", "sn", package="é\u2028"),
    ]),
    ("a key longer than a block, and another port", "http://127.0.0.1:9001",
     "constructed-base-key-" + "0" * 80, ("constructed-ak", "constructed-sk"),
     b"\x80\x7f" * 8, 1, [
        record("i" * 64, 0, 86_400_000, "7", "n" * 64, generated=1_999),
    ]),
    ("the port of the scheme", "https://open.example:443", "constructed-base-key-0002",
     ("constructed-ak", "constructed-sk"), b"\x0f\xf0" * 8, 253_402_300_799_999, [
        record("i-1", 253_402_300_798_000, 253_402_300_799_000, "1", "last",
               generated=253_402_300_799_999),
    ]),
    ("twelve records", "china", "constructed-base-key-0003", None, b"twelve twelve tw", NOON, [
        record(f"i-{hour % 3}", NOON + (hour - 12) * HOUR, NOON + (hour - 11) * HOUR,
               f"{hour + 1}.{hour}", str(uuid.uuid5(uuid.NAMESPACE_URL, f"{hour}")))
        for hour in range(12)
    ]),
]


def sdk_date(millis):
    return datetime.fromtimestamp(millis // 1_000, tz=timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def wire(fields):
    members = {
        "instance_id": fields["instanceId"],
        "record_time": sdk_date(fields["recordTime"]),
        "begin_time": sdk_date(fields["begin"]),
        "end_time": sdk_date(fields["end"]),
        "usage_value": fields["value"],
        "metering_sn": fields["meteringSn"],
    }
    package = {"relate_pkg_instance": fields["package"]} if fields["package"] else {}
    return members | package


def authorization(host, date, ak, sk, body):
    digest = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n{PATH}/\n\nhost:{host}\nx-sdk-date:{date}\n\nhost;x-sdk-date\n{digest}"
    text = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(sk.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"SDK-HMAC-SHA256 Access={ak}, SignedHeaders=host;x-sdk-date, Signature={signature}"


def pushes():
    for what, site, key, aksk, nonce, now, records in PUSHES:
        origin = SITES[site]
        host = origin.split("://")[1]
        body = json.dumps(
            {"usage_records": [wire(fields) for fields in records]},
            sort_keys=True,
            separators=(",", ":"),
        )
        shown = str(uuid.UUID(bytes=nonce, version=4))
        text = f"ts={now}&nonce={shown}&body={body}".encode()
        digest = hmac.new(key.encode(), text, hashlib.sha256).digest()
        headers = [
            ["host", host],
            ["content-type", "application/json; charset=UTF-8"],
            ["ts", str(now)],
            ["nonce", shown],
            ["signature", base64.b64encode(digest).decode()],
        ]
        if aksk:
            date = sdk_date(now)
            headers += [
                ["x-sdk-date", date],
                ["authorization", authorization(host, date, *aksk, body.encode())],
            ]
        yield {
            "what": what,
            "site": site,
            "key": key,
            "aksk": aksk,
            "nonce": nonce.hex(),
            "now": now,
            "records": records,
            "url": origin + PATH,
            "headers": headers,
            "body": body,
        }


def check():
    """The same HMAC as the vector in the tests of `protocol`. Its key looks like a placeholder, so
    koohook would reject it as a setting."""
    body = '{"usage_records":[{"begin_time":"20220809T080000Z","end_time":"20220809T090000Z",' \
        '"instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","metering_sn":"sn-0001",' \
        '"record_time":"20220809T091000Z","usage_value":"99"}]}'
    text = f"ts=1709690865879&nonce=6c63c221-1f6b-4141-8ff4-22f5dfe82b65&body={body}"
    digest = hmac.new(b"example-interconnect-key", text.encode(), hashlib.sha256).digest()
    assert base64.b64encode(digest) == b"ifDeb1S6FGIqnzp0BUdCjCwEmy0lKXv2Wmc5Er4XVtE="


check()
print(json.dumps({"pushes": list(pushes())}, indent=2))
