"""Signs test messages as a product or koohook does, with the `standardwebhooks` package (1.1.0,
PyPI), and prints the member `signed` of `webhook.json`."""

import json
from datetime import datetime, timezone

from standardwebhooks import Webhook

SECRETS = {
    "shortest": "whsec_Y29uc3RydWN0ZWQtc2VjcmV0LTAwMDEh",
    "longest": "whsec_Y29uc3RydWN0ZWQtc2VjcmV0LW9mLXNpeHR5LWZvdXItYnl0ZXMtaW4tYWxsLS0tLS0tLS0tLS0tLS0tMDAwMg==",
    "odd bytes": "whsec_/+8A/vv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=",
}
BODIES = {
    "object": '{"type":"instance.created","timestamp":"2026-10-05T19:49:27Z","data":{"sequence":1}}',
    "chinese": '{"type":"instance.access","data":{"instanceId":"i-1","appInfo":{"memo":"欢迎 👋"}}}',
    "dots": "a.1.b",
    "empty": "",
    "line break": '{\r\n"a":1}\n',
}
TIMES = [1791234567, 1, 9999999999]


def signed():
    for name, secret in SECRETS.items():
        for place, (what, body) in enumerate(BODIES.items()):
            time = TIMES[place % 3]
            message = f"msg_{place}-{what.replace(' ', '_')}"
            at = datetime.fromtimestamp(time, tz=timezone.utc)
            signature = Webhook(secret).sign(message, at, body)
            yield {
                "what": f"{what}, {name} secret",
                "secret": secret,
                "id": message,
                "timestamp": time,
                "body": body,
                "signature": signature,
            }


print(json.dumps(list(signed()), ensure_ascii=False, indent=2))
