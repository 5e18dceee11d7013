"""The seller's product. It receives the notices over https, verifies each, and remembers it."""

import json
import ssl
import threading
from collections import defaultdict, namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import webhook
from checks import PATIENCE, check, check_equal

Notice = namedtuple("Notice", "name type data")
# The members that identify an entity. The notices of one entity share its sequence.
IDENTITY = {"instance": ["instanceId"], "tenant": ["instanceId", "tenantId"],
            "application": ["instanceId", "tenantId", "appId"], "users": ["instanceId", "tenantId", "appId"],
            "department": ["instanceId", "tenantId"]}


class Product:
    """A running product. `moods` says how it answers the purchase of an order; otherwise the buyer gets
    access immediately."""

    def __init__(self, secret, certificate):
        self.secret, self.notices, self.rejected, self.moods = secret, [], 0, {}
        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.product = self
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def receive(self, headers, body):
        """The status and the body of the answer to a notice."""
        message = webhook.verified(self.secret, headers, body)
        if message is None:
            self.rejected += 1
            return 401, b""
        notice = Notice(headers["webhook-id"], message["type"], message["data"])
        self.notices.append(notice)
        if notice.type != "instance.created":
            return 204, b""
        mood = self.moods.get(notice.data["orderId"], ready)
        return mood(notice.data["instanceId"])

    def of_order(self, order):
        """The notices of the instance that an order bought."""
        mine = {one.data["instanceId"] for one in self.notices
                if one.type == "instance.created" and one.data["orderId"] == order}
        return [one for one in self.notices if one.data.get("instanceId") in mine]

    def check_once_and_in_order(self, repeated=()):
        """Each notice arrived once, and the notices of an entity in their order. Only notices of the orders in
        `repeated` may arrive twice, because their first attempt had no answer."""
        last, seen = defaultdict(lambda: (0, 0)), set()
        for notice in self.notices:
            if notice.name in seen and notice.data.get("orderId") in repeated:
                continue
            check(notice.name not in seen, f"{notice.type} {notice.name} arrived twice")
            seen.add(notice.name)
            entity, place = key(notice), (notice.data["sequence"], notice.data.get("part", 0))
            follows = place > last[entity] and place[0] <= last[entity][0] + 1
            check(follows, f"{notice.type} of {entity} has the place {place} after {last[entity]}")
            last[entity] = place
        check_equal(self.rejected, 0, "the number of notices with a wrong signature")

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class Held:
    """A mood: the first attempt gets no answer until the test opens it. Later attempts are answered."""

    def __init__(self):
        self.arrived, self.opened, self.attempts = threading.Event(), threading.Event(), 0

    def __call__(self, instance):
        self.attempts += 1
        if self.attempts == 1:
            self.arrived.set()
            self.opened.wait(PATIENCE)
        return ready(instance)


def ready(instance):
    """Access data for the buyer."""
    return 200, json.dumps({"appInfo": access(instance)}).encode()


def later(_instance):
    """The product sends the access data later."""
    return 202, b""


def access(instance):
    return {"frontEndUrl": f"https://app.example.com/{instance}", "userName": "admin",
            "password": "made-up-buyers-password"}


def key(notice):
    family = notice.type.partition(".")[0].replace("departments", "department")
    return (family, *(notice.data.get(member) or "" for member in IDENTITY[family]))


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Ignores the error: a frozen or ended function leaves its connection."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        status, answer = self.server.product.receive(self.headers, body)
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """The product remembers the notices instead."""
