"""A small product of a seller: it receives koohook's notices and stores accounts, enterprises, users
and departments. An account is what the product creates for an instance. Each log-in to an account is one
use of it: usage_reporter.py reports the uses of each hour.

The published package verifies each notice. The product applies a notice once, by its id, and in
order, by its sequence and part, in one transaction. docs/product.md describes each notice.
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
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import quote, unquote

from standardwebhooks import Webhook

from usage_reporter import UsageReporter, released_at

# An account has usage from the second `began` to the second `ended`, which is NULL before its release.
# `seen` contains the ids of all notices. `last_applied` contains the last pair of sequence and part
# of each entity. `to_check` contains the notices that came too late, for a person to check.
TABLES = """
CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS last_applied (entity TEXT PRIMARY KEY, sequence INTEGER, part INTEGER);
CREATE TABLE IF NOT EXISTS to_check (owner TEXT, id TEXT PRIMARY KEY, notice TEXT);
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, state TEXT, expires TEXT, sku TEXT, user_name TEXT, password TEXT,
    is_access_sent INTEGER, began INTEGER, ended INTEGER);
CREATE TABLE IF NOT EXISTS tenants (owner TEXT PRIMARY KEY, name TEXT, domain TEXT);
CREATE TABLE IF NOT EXISTS applications (owner TEXT PRIMARY KEY, client TEXT, secret TEXT);
CREATE TABLE IF NOT EXISTS users (
    owner TEXT, user_name TEXT, record TEXT, PRIMARY KEY (owner, user_name));
CREATE TABLE IF NOT EXISTS departments (
    owner TEXT, code TEXT, name TEXT, parent TEXT, changed TEXT, sequence INTEGER,
    PRIMARY KEY (owner, code));
"""

# The members that identify an entity. The notices of one entity share its sequence.
IDENTITY = {
    "instance": ("instanceId",),
    "tenant": ("instanceId", "tenantId"),
    "application": ("instanceId", "tenantId", "appId"),
    "user": ("instanceId", "tenantId", "appId"),
    "department": ("instanceId", "tenantId"),
}

# The types that the product knows, each with the members that it needs. koohook always sends them.
# It may remove all other members from a notice that is too long.
NEEDED = {
    "instance.created": ("instanceId",), "instance.accepted": ("instanceId",),
    "instance.renewed": ("instanceId",), "instance.frozen": ("instanceId",),
    "instance.thawed": ("instanceId",), "instance.upgraded": ("instanceId",),
    "instance.released": ("instanceId",), "instance.abandoned": ("instanceId",),
    "tenant.put": ("tenantId",), "tenant.deleted": ("tenantId",),
    "application.put": ("tenantId", "appId", "clientId", "clientSecret"),
    "application.deleted": ("tenantId", "appId"),
    "users.put": ("tenantId", "appId", "records"),
    "users.revoked": ("tenantId", "appId", "records"),
    "users.deleted": ("tenantId", "appId", "records"),
    "department.put": ("tenantId", "orgCode", "changeTime"),
    "department.deleted": ("tenantId", "orgCode"),
    "departments.replaced": ("tenantId", "listTime"),
}

# The member that identifies a record of a list.
RECORD_IDENTITY = {"user": "userName", "department": "orgCode"}

STATES = {"frozen": "frozen", "thawed": "active", "released": "deleted", "abandoned": "deleted"}

USUAL_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # Seconds.

# After these answers to a PUT, koohook expects no further message: accepted, unknown, ready, released.
FINAL = (200, 404, 409, 410)
# koohook will never accept this message. A person must correct the program.
REJECTED = (400, 413, 422)

# The most bytes that the product reads. The longest notice has 128 KiB of records.
MAX_BODY_LENGTH = 1024 * 1024


class Product:
    """What the product stores, and how a notice changes it."""

    def __init__(self, arguments):
        self.arguments = arguments
        # While the secret is changed there are two, separated by a blank. Both are accepted.
        self.webhooks = [Webhook(secret) for secret in arguments.secrets.split()]
        self.database = sqlite3.connect(arguments.database, check_same_thread=False)
        self.database.executescript(TABLES)
        self.lock = threading.Lock()
        self.reporter = UsageReporter(self, arguments.hour)
        # After a restart: send the access data that the program had no time to send before.
        unsent = self.do("SELECT id FROM accounts WHERE is_access_sent = 0").fetchall()
        for (account,) in unsent:
            self.send_access_later(account)
        self.reporter.start()

    def verified(self, body, headers):
        """The notice, if one of the secrets signed it within five minutes of now; else None."""
        for webhook in self.webhooks:
            try:
                return webhook.verify(body, dict(headers))
            except Exception:  # Malformed headers raise more than the package's own error.
                continue
        return None

    def receive(self, notice_id, notice):
        """Applies a notice once and in order. Returns the status and the body of the answer."""
        if not is_complete(notice):
            print("incomplete notice", flush=True)
            return 400, None  # koohook sends the notice again. A person must check why.
        with self.lock, self.database:
            print_line(self.apply(notice_id, notice), notice)
            is_purchase = notice["type"] == "instance.created"
            return self.answer_purchase(notice["data"]["instanceId"]) if is_purchase else (204, None)

    def apply(self, notice_id, notice):
        """Applies a notice if it is new and in order. Returns what was done."""
        if not self.is_new(notice_id):
            return "repeated"
        if notice["type"] not in NEEDED:
            return "unknown"  # A later koohook may send other types: accept them, ignore them.
        family, word = split_type(notice)
        data = {**notice["data"], "timestamp": notice.get("timestamp")}
        if not self.is_next(family, data):
            text = json.dumps(notice, ensure_ascii=False)
            self.do("INSERT INTO to_check VALUES (?, ?, ?)", owner(family, data), notice_id, text)
            return "too late"
        getattr(self, f"on_{family}")(word, data)
        return "applied"

    def is_new(self, notice_id):
        return self.do("INSERT OR IGNORE INTO seen VALUES (?)", notice_id).rowcount == 1

    def is_next(self, family, data):
        """Returns whether no later notice of the entity was applied. Parts share a sequence."""
        entity, place = f"{family} {owner(family, data)}", (data["sequence"], data.get("part", 0))
        last = self.do("SELECT sequence, part FROM last_applied WHERE entity = ?", entity).fetchone()
        if last and place <= last:
            return False
        self.do("INSERT OR REPLACE INTO last_applied VALUES (?, ?, ?)", entity, *place)
        return True

    def on_instance(self, word, data):
        account = data["instanceId"]
        if word == "created":
            # After an abandoned purchase the notice may arrive again: the account starts again.
            self.do("INSERT OR REPLACE INTO accounts"
                    " VALUES (?, 'active', NULL, ?, 'admin', ?, ?, ?, NULL)", account, sku(data),
                    secrets.token_urlsafe(12), self.arguments.later is None, int(time.time()))
            if self.arguments.later is not None:
                self.send_access_later(account)
        elif word in STATES:
            self.do("UPDATE accounts SET state = ? WHERE id = ?", STATES[word], account)
        if word == "released":
            ended = released_at(data)
            self.do("UPDATE accounts SET ended = ? WHERE id = ?", ended, account)
            self.reporter.release(account, ended)
        if word == "upgraded":
            self.do("UPDATE accounts SET sku = ? WHERE id = ?", sku(data), account)
        if word in ("renewed", "thawed") and "expireTime" in data:
            self.do("UPDATE accounts SET expires = ? WHERE id = ?", data["expireTime"], account)

    def on_tenant(self, word, data):
        key = owner("tenant", data)
        self.do("DELETE FROM tenants WHERE owner = ?", key)
        if word == "put":
            self.do("INSERT INTO tenants VALUES (?, ?, ?)", key, data.get("name"), data.get("domainName"))

    def on_application(self, word, data):
        key = owner("application", data)
        self.do("DELETE FROM applications WHERE owner = ?", key)
        if word == "put":
            self.do("INSERT INTO applications VALUES (?, ?, ?)",
                    key, data["clientId"], data["clientSecret"])

    def on_user(self, word, data):
        key = owner("user", data)
        for record in data["records"]:
            self.do("DELETE FROM users WHERE owner = ? AND user_name = ?", key, record["userName"])
            if word == "put":
                self.do("INSERT INTO users VALUES (?, ?, ?)",
                        key, record["userName"], json.dumps(record, ensure_ascii=False))

    def on_department(self, word, data):
        key = owner("department", data)
        if word == "put":
            self.put_department(key, (data.get("other") or {}) | data, data["changeTime"], data)
        elif word == "deleted":
            self.do("DELETE FROM departments WHERE owner = ? AND code = ?", key, data["orgCode"])
        elif word == "replaced":
            for record in data.get("records", []):
                self.put_department(key, record, data["listTime"], data)
            if data.get("part") == data.get("parts"):
                # The last part: delete the other departments, unless they changed after the list.
                self.do("DELETE FROM departments WHERE owner = ? AND changed <= ? AND sequence < ?",
                        key, data["listTime"], data["sequence"])

    def put_department(self, key, record, changed, data):
        name = record.get("orgName") or record.get("OrgName") or record.get("name")
        self.do("INSERT OR REPLACE INTO departments VALUES (?, ?, ?, ?, ?, ?)",
                key, record["orgCode"], name, record.get("parentCode"), changed, data["sequence"])

    def answer_purchase(self, account):
        """The answer to a purchase: the refusal if one is set, 202 until the access data was sent,
        and 200 with the access data afterwards.
        """
        if self.arguments.refuse:
            return 200, {"refuse": self.arguments.refuse}
        found = self.do("SELECT is_access_sent, user_name, password FROM accounts WHERE id = ?",
                        account).fetchone()
        if found is None:
            return 500, None  # koohook sends the notice again. A person must check the account.
        is_sent, *credentials = found
        return (200, {"appInfo": self.app_info(account, *credentials)}) if is_sent else (202, None)

    def app_info(self, account, user, password):
        """The access data that the buyer sees on the marketplace's page."""
        return {"frontEndUrl": f"{self.arguments.address}/login/{quote(account, safe='')}",
                "userName": user, "password": password,
                "memo": "Change the password when you first log in."}

    def send_access_later(self, account):
        threading.Thread(target=self.send_access, args=(account,), daemon=True).start()

    def send_access(self, account):
        """Sends the access data of a purchase that was answered 202, until the answer is final."""
        pause = self.arguments.later or USUAL_PAUSE
        while True:
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            with self.lock:
                user, password = self.do(
                    "SELECT user_name, password FROM accounts WHERE id = ?", account).fetchone()
            data = {"instanceId": account, "appInfo": self.app_info(account, user, password)}
            path = f"/instances/{quote(account, safe='')}/app-info"
            status, _ = self.send("PUT", path, {"type": "instance.access", "data": data})
            print(f"sent access data: {account} {status}", flush=True)
            if status in REJECTED:
                # A real product raises an alarm here. After a restart the program sends again.
                print(f"access data rejected: {account} {status}", flush=True)
                return
            if status in FINAL:
                with self.lock, self.database:
                    self.do("UPDATE accounts SET is_access_sent = 1 WHERE id = ?", account)
                return

    def send(self, method, path, message):
        """Sends a signed message to koohook. Returns the status and the JSON of the answer."""
        body, now = json.dumps(message), datetime.now(timezone.utc)
        message_id = f"msg_{secrets.token_hex(16)}"
        request = urllib.request.Request(
            f"{self.arguments.koohook}{path}", method=method, data=body.encode(), headers={
                "content-type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": str(int(now.timestamp())),
                # The time has its zone: the package reads a time without a zone as UTC.
                "webhook-signature": self.webhooks[0].sign(message_id, now, body)})
        try:
            # koohook answers a report within 20 seconds.
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, parsed(response.read())
        except HTTPError as failure:
            return failure.code, parsed(failure.read())
        except (OSError, HTTPException):
            return "unreachable", None

    def log_in(self, account):
        """Logs a buyer in, and counts it as one use. Returns the status of the answer."""
        with self.lock, self.database:
            found = self.do("SELECT state FROM accounts WHERE id = ?", account).fetchone()
            if found != ("active",):
                return 403
            self.reporter.count(account)
            return 200

    def show(self, account):
        """Shows an account and its enterprise, for tests. A real product does not serve this: it has
        no log-in, and the answer contains client secrets."""
        with self.lock:
            found = self.do("SELECT state, expires, sku FROM accounts WHERE id = ?", account)
            shown = {"account": found.fetchone()}
            windows = self.do("SELECT began, ended, value, outcome FROM windows WHERE account = ?"
                              " ORDER BY began", account)
            shown["windows"] = windows.fetchall()
            for table in ("to_check", "tenants", "applications", "users", "departments"):
                rows = self.do(f"SELECT * FROM {table}").fetchall()
                shown[table] = [row[1:] for row in rows if json.loads(row[0])[0] == account]
        return shown

    def do(self, statement, *values):
        return self.database.execute(statement, values)


class Endpoint(BaseHTTPRequestHandler):
    """The product's HTTP server."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        if length > MAX_BODY_LENGTH:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(length)
        notice = self.server.product.verified(body, self.headers)
        if notice is None:
            return self.answer(401)
        try:
            answer = self.server.product.receive(self.headers["webhook-id"], notice)
        except Exception as failure:
            # koohook sends the notice again. The message may quote personal data: do not log it.
            print(f"failed: {type(failure).__name__}", flush=True)
            answer = 500, None
        self.answer(*answer)

    def do_GET(self):
        folder, _, account = self.path.rpartition("/")
        if folder == "/login":
            return self.answer(self.server.product.log_in(unquote(account)))
        if folder != "/accounts":
            return self.answer(404)
        self.answer(200, self.server.product.show(unquote(account)))

    def answer(self, status, body=None):
        text = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass  # The product prints one line for each notice. The line contains no secret.


def split_type(notice):
    """The family of the entity, and what happened to it."""
    family, _, word = notice["type"].partition(".")
    return family.removesuffix("s"), word


def is_complete(notice):
    """Returns whether the notice has its type and data, and all members that the product needs."""
    if not isinstance(notice, dict) or not isinstance(notice.get("type"), str):
        return False
    data = notice.get("data")
    if not isinstance(data, dict):
        return False
    if notice["type"] not in NEEDED:
        return True
    identity = RECORD_IDENTITY.get(split_type(notice)[0])
    return (all(data.get(name) for name in ("sequence", *NEEDED[notice["type"]]))
            and all(record.get(identity) for record in data.get("records", [])))


def parsed(text):
    """The JSON of an answer; None if it is something else."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def owner(family, data):
    """What identifies an entity, as one text. A null, empty or missing member is the same."""
    return json.dumps([data.get(name) or "" for name in IDENTITY[family]])


def sku(data):
    """What was bought. V1 names it; under V2 koohook adds it as orderDetails, if it is known."""
    line = (data.get("orderDetails") or {}).get("orderLine") or {}
    products = line.get("productInfo") or [{}]
    return data.get("skuCode") or products[0].get("skuCode")


def print_line(what, notice):
    data = notice["data"]
    part = f" part {data['part']} of {data.get('parts')}" if "part" in data else ""
    entity = data.get("instanceId") or data.get("tenantId")
    print(f"{what}: {notice['type']} {entity} {data.get('sequence')}{part}", flush=True)


def main():
    parser = argparse.ArgumentParser(description="A small product of a seller.")
    parser.add_argument("--port", type=int, default=9000, help="port to listen on")
    parser.add_argument("--database", default="product.db", help="SQLite file")
    parser.add_argument("--koohook", default="http://127.0.0.1:8000", help="address of koohook")
    parser.add_argument("--later", type=float, nargs="?", const=USUAL_PAUSE, metavar="SECONDS",
                        help="answer purchases with 202, and send the access data afterwards")
    parser.add_argument("--refuse", metavar="CODE",
                        help="refuse purchases with a code from 000100 to 000107")
    parser.add_argument("--hour", type=int, default=3600, metavar="SECONDS",
                        help="how long a window of usage is; shorter than an hour only for tests")
    arguments = parser.parse_args()
    arguments.secrets = os.environ.get("KOOHOOK_PRODUCT_SECRET", "")
    if not arguments.secrets:
        parser.error("KOOHOOK_PRODUCT_SECRET is not set; set it to the same secret as koohook's")
    arguments.address = f"http://127.0.0.1:{arguments.port}"
    with ThreadingHTTPServer(("127.0.0.1", arguments.port), Endpoint) as server:
        server.product = Product(arguments)
        print(f"listening on {arguments.address}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
