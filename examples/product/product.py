"""A seller's product, small: it takes koohook's notices and keeps accounts, enterprises and people.

Every notice is verified by the published package, taken once by its id, and applied in order by
its sequence, in one transaction. What each means is in docs/product.md.
"""

import argparse
import json
import os
import secrets
import sqlite3
import threading
import time
import urllib.request
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError
from urllib.parse import quote, unquote

from standardwebhooks import Webhook

TABLES = """
CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS applied (entity TEXT PRIMARY KEY, sequence INTEGER, part INTEGER);
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, state TEXT, expires TEXT, sku TEXT, user_name TEXT, password TEXT,
    told INTEGER);
CREATE TABLE IF NOT EXISTS tenants (whose TEXT PRIMARY KEY, name TEXT, domain TEXT);
CREATE TABLE IF NOT EXISTS applications (whose TEXT PRIMARY KEY, client TEXT, secret TEXT);
CREATE TABLE IF NOT EXISTS users (
    whose TEXT, account TEXT, record TEXT, PRIMARY KEY (whose, account));
CREATE TABLE IF NOT EXISTS departments (
    whose TEXT, code TEXT, name TEXT, parent TEXT, changed TEXT, sequence INTEGER,
    PRIMARY KEY (whose, code));
"""

# What names an entity: notices of one entity share its sequence.
IDENTITY = {
    "instance": ("instanceId",),
    "tenant": ("instanceId", "tenantId"),
    "application": ("instanceId", "tenantId", "appId"),
    "user": ("instanceId", "tenantId", "appId"),
    "department": ("instanceId", "tenantId"),
}


class Product:
    """What the seller keeps, and what becomes of it when a notice arrives."""

    def __init__(self, arguments):
        self.arguments = arguments
        # While the secret is changed there are two, parted by a blank: either is believed.
        self.webhooks = [Webhook(secret) for secret in os.environ["KOOHOOK_PRODUCT_SECRET"].split()]
        self.database = sqlite3.connect(arguments.database, check_same_thread=False)
        self.database.executescript(TABLES)
        self.lock = threading.Lock()
        # Whoever was promised "later" before a restart is told now.
        for (account,) in self.database.execute("SELECT id FROM accounts WHERE told = 0").fetchall():
            self.tell_later(account)

    def verified(self, body, headers):
        """The notice, if one of our secrets signed it a moment ago; else nothing."""
        for webhook in self.webhooks:
            try:
                return webhook.verify(body, dict(headers))
            except Exception:  # Odd headers raise more than the package's own error.
                continue
        return None

    def take(self, notice_id, notice):
        """Takes a notice once and in order; the status and body of the answer."""
        family, word = notice["type"].split(".")
        family, data = family.removesuffix("s"), notice["data"]
        with self.lock, self.database:
            if not self.is_new(notice_id):
                say("repeated", notice)
            elif family not in IDENTITY:
                say("unknown", notice)  # A later koohook may tell more: take it, leave it.
            elif not self.is_next(family, data):
                say("too late", notice)
            else:
                getattr(self, f"on_{family}")(word, data)
                say("applied", notice)
            return self.answer(data["instanceId"]) if word == "created" else (204, None)

    def is_new(self, notice_id):
        return self.do("INSERT OR IGNORE INTO seen VALUES (?)", notice_id).rowcount == 1

    def is_next(self, family, data):
        """Whether nothing newer of its entity was applied. The parts of a list share a number."""
        entity, place = f"{family} {whose(family, data)}", (data["sequence"], data.get("part", 0))
        last = self.do("SELECT sequence, part FROM applied WHERE entity = ?", entity).fetchone()
        if last and place <= last:
            return False
        self.do("INSERT OR REPLACE INTO applied VALUES (?, ?, ?)", entity, *place)
        return True

    def on_instance(self, word, data):
        account = data["instanceId"]
        if word == "created":
            # An abandoned purchase may be wanted again: then everything begins anew.
            self.do("INSERT OR REPLACE INTO accounts VALUES (?, 'active', NULL, ?, 'admin', ?, ?)",
                    account, sku(data), secrets.token_urlsafe(12), self.arguments.later is None)
            if self.arguments.later is not None:
                self.tell_later(account)
        elif word in STATES:
            self.do("UPDATE accounts SET state = ? WHERE id = ?", STATES[word], account)
        if word == "upgraded":
            self.do("UPDATE accounts SET sku = ? WHERE id = ?", sku(data), account)
        if word in ("renewed", "thawed") and "expireTime" in data:
            self.do("UPDATE accounts SET expires = ? WHERE id = ?", data["expireTime"], account)

    def on_tenant(self, word, data):
        key = whose("tenant", data)
        self.do("DELETE FROM tenants WHERE whose = ?", key)
        if word == "put":
            self.do("INSERT INTO tenants VALUES (?, ?, ?)", key, data["name"], data["domainName"])

    def on_application(self, word, data):
        key = whose("application", data)
        self.do("DELETE FROM applications WHERE whose = ?", key)
        if word == "put":
            self.do("INSERT INTO applications VALUES (?, ?, ?)",
                    key, data["clientId"], data["clientSecret"])

    def on_user(self, word, data):
        key = whose("user", data)
        for record in data["records"]:
            self.do("DELETE FROM users WHERE whose = ? AND account = ?", key, record["userName"])
            if word == "put":
                self.do("INSERT INTO users VALUES (?, ?, ?)",
                        key, record["userName"], json.dumps(record, ensure_ascii=False))

    def on_department(self, word, data):
        key = whose("department", data)
        if word == "put":
            self.put_department(key, data.get("other", {}) | data, data["changeTime"], data)
        elif word == "deleted":
            self.do("DELETE FROM departments WHERE whose = ? AND code = ?", key, data["orgCode"])
        elif word == "replaced":
            for record in data.get("records", []):
                self.put_department(key, record, data["listTime"], data)
            if data.get("part") == data.get("parts"):
                # The list is whole: the others go, but for those that changed after it.
                self.do("DELETE FROM departments WHERE whose = ? AND changed <= ? AND sequence < ?",
                        key, data["listTime"], data["sequence"])

    def put_department(self, key, record, changed, data):
        name = record.get("orgName") or record.get("OrgName") or record.get("name")
        self.do("INSERT OR REPLACE INTO departments VALUES (?, ?, ?, ?, ?, ?)",
                key, record["orgCode"], name, record.get("parentCode"), changed, data["sequence"])

    def answer(self, account):
        """What becomes of a purchase: the same however often it is asked."""
        if self.arguments.refuse:
            return 200, {"refuse": self.arguments.refuse}
        known = self.do(
            "SELECT told, user_name, password FROM accounts WHERE id = ?", account).fetchone()
        told, *credentials = known or (False,)
        return (200, {"appInfo": self.app_info(account, *credentials)}) if told else (202, None)

    def app_info(self, account, user, password):
        return {"frontEndUrl": f"{self.arguments.address}/login/{quote(account, safe='')}",
                "userName": user, "password": password,
                "memo": "Change the password when you first log in."}

    def tell_later(self, account):
        threading.Thread(target=self.tell, args=(account,), daemon=True).start()

    def tell(self, account):
        """Says by itself how the buyer gets in, as often as it takes: what was slow is done."""
        while True:
            time.sleep(self.arguments.later or 2)
            with self.lock:
                user, password = self.do(
                    "SELECT user_name, password FROM accounts WHERE id = ?", account).fetchone()
            data = {"instanceId": account, "appInfo": self.app_info(account, user, password)}
            status = self.put(account, {"type": "instance.access", "data": data})
            print(f"told how to get in: {account} {status}", flush=True)
            if status in (200, 404, 410):  # Told; or nobody waits for it any more.
                with self.lock, self.database:
                    self.do("UPDATE accounts SET told = 1 WHERE id = ?", account)
                return

    def put(self, account, message):
        body, now = json.dumps(message), datetime.now(timezone.utc)
        message_id = f"msg_{secrets.token_hex(16)}"
        request = urllib.request.Request(
            f"{self.arguments.koohook}/instances/{quote(account, safe='')}/app-info",
            method="PUT", data=body.encode(), headers={
                "content-type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": str(int(now.timestamp())),
                # The time knows its zone: the package takes one without for UTC.
                "webhook-signature": self.webhooks[0].sign(message_id, now, body)})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status
        except URLError as fault:
            return getattr(fault, "code", "unreachable")

    def look(self, account):
        """An account and its enterprise as they stand, for people and tests."""
        with self.lock:
            found = self.do("SELECT state, expires, sku FROM accounts WHERE id = ?", account)
            seen = {"account": found.fetchone()}
            for table in ("tenants", "applications", "users", "departments"):
                rows = self.do(f"SELECT * FROM {table}").fetchall()
                seen[table] = [row[1:] for row in rows if json.loads(row[0])[0] == account]
        return seen

    def do(self, statement, *values):
        return self.database.execute(statement, values)


class Door(BaseHTTPRequestHandler):
    """HTTP in front of the product."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        notice = self.server.product.verified(body, self.headers)
        if notice is None:
            return self.answer(401)
        self.answer(*self.server.product.take(self.headers["webhook-id"], notice))

    def do_GET(self):
        folder, _, account = self.path.rpartition("/")
        if folder != "/accounts":
            return self.answer(404)
        self.answer(200, self.server.product.look(unquote(account)))

    def answer(self, status, body=None):
        text = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass  # A line a notice is enough, and holds no secret.


def whose(family, data):
    return json.dumps([data.get(name) or "" for name in IDENTITY[family]])


def sku(data):
    """What was bought: V1 says it; of V2 it stands in the order's details, if koohook could ask."""
    products = data.get("orderDetails", {}).get("orderLine", {}).get("productInfo") or [{}]
    return data.get("skuCode") or products[0].get("skuCode")


def say(what, notice):
    data = notice["data"]
    part = f" part {data['part']} of {data['parts']}" if "part" in data else ""
    whom = data.get("instanceId") or data.get("tenantId")
    print(f"{what}: {notice['type']} {whom} {data['sequence']}{part}", flush=True)


STATES = {"frozen": "frozen", "thawed": "active", "released": "deleted", "abandoned": "deleted"}


def main():
    parser = argparse.ArgumentParser(description="A seller's product, small.")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--database", default="product.db")
    parser.add_argument("--koohook", default="http://127.0.0.1:8000", help="where koohook listens")
    parser.add_argument("--later", type=float, nargs="?", const=2.0, metavar="SECONDS",
                        help="answer purchases with 202, and say how to get in afterwards")
    parser.add_argument("--refuse", metavar="CODE", help="refuse purchases: 000100 to 000107")
    arguments = parser.parse_args()
    arguments.address = f"http://127.0.0.1:{arguments.port}"
    with ThreadingHTTPServer(("127.0.0.1", arguments.port), Door) as server:
        server.product = Product(arguments)
        print(f"listening on {arguments.address}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
