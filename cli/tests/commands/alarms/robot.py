"""Robots of DingTalk, WeCom, Feishu and Slack, as their public documents describe them.

DingTalk: https://open.dingtalk.com/document/group/custom-robot-access
WeCom: https://developer.work.weixin.qq.com/document/path/91770
Feishu: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
Slack: https://api.slack.com/messaging/webhooks

The first argument is the kind, the second the secret (may be empty). The server prints its port, then
one line of JSON for each request: whether it posted it, and the text that people see.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer

KIND, SECRET = sys.argv[1], sys.argv[2]


def mac(key, text):
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def dingtalk(query, body):
    if query.get("access_token") != ["made-up-token"]:
        return 200, {"errcode": 300005, "errmsg": "token is not exist"}, None
    if SECRET:
        stamp = query.get("timestamp", ["0"])[0]
        if abs(time.time() * 1000 - int(stamp)) > 3600_000 or query.get("sign") != [
            mac(SECRET, f"{stamp}\n{SECRET}")
        ]:
            return 200, {"errcode": 310000, "errmsg": "sign not match"}, None
    if body.get("msgtype") != "text" or body["at"]["isAtAll"]:
        return 200, {"errcode": 40035, "errmsg": "invalid argument"}, None
    return 200, {"errcode": 0, "errmsg": "ok"}, body["text"]["content"]


def wecom(query, body):
    if query.get("key") != ["made-up-key"]:
        return 200, {"errcode": 93000, "errmsg": "invalid webhook url"}, None
    text = body.get("text", {}).get("content", "")
    if body.get("msgtype") != "text" or len(text.encode()) > 2048 or len(body["text"]) > 1:
        return 200, {"errcode": 40058, "errmsg": "invalid Request Parameter"}, None
    return 200, {"errcode": 0, "errmsg": "ok"}, text


def feishu(_, body):
    if SECRET:
        stamp = body.get("timestamp", "0")
        if abs(time.time() - int(stamp)) > 3600 or body.get("sign") != mac(f"{stamp}\n{SECRET}", ""):
            return 200, {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time", "data": {}}, None
    if body.get("msg_type") != "text":
        return 400, {"code": 9499, "msg": "Bad Request", "data": {}}, None
    return 200, {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}, body["content"]["text"]


def slack(_, body):
    if set(body) != {"text"}:
        return 400, "invalid_payload", None
    return 200, "ok", body["text"]


def gone(_, __):
    return 404, "no_service", None


def redirect(_, __):
    return 302, "", None


def plain(_, body):
    assert body["source"] == "koohook" and body["alarms"] == []
    return 204, "", body["text"]


ROBOTS = {f.__name__: f for f in (dingtalk, wecom, feishu, slack, gone, redirect, plain)}


class Robot(BaseHTTPRequestHandler):
    def do_POST(self):
        raw = self.rfile.read(int(self.headers["content-length"]))
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        assert self.headers["content-type"] == "application/json; charset=utf-8"
        status, answer, text = ROBOTS[KIND](query, json.loads(raw))
        out = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(out)))
        self.send_header("location", "http://127.0.0.1:9/")
        self.end_headers()
        self.wfile.write(out)
        print(json.dumps({"posted": text is not None, "text": text}), flush=True)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Robot)
print(server.server_port, flush=True)
server.serve_forever()
