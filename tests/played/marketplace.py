"""The marketplace: its calls, which the packaged command `koohook` builds and signs, and its interface for
usage."""

import base64
import hashlib
import hmac
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from checks import PATIENCE, Failed, check


class Marketplace:
    """The marketplace's side of one installation."""

    def __init__(self, program, address, base_key, kit_key, sealed_secret):
        self.program = str(program)
        self.variables = {"KOOHOOK_ADDRESS": address, "KOOHOOK_BASE_KEY": base_key,
                          "KOOHOOK_KIT_KEY": kit_key, "KOOHOOK_SEALED_SECRET": sealed_secret}

    def play_scenarios(self, *options):
        """Plays whole scenarios of both contracts and of the kit. Returns the report."""
        done = self.run("conform", "--scenarios", *options)
        check(done.returncode == 0, f"koohook conform failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def rehearse(self, **settings):
        """Plays the rehearsals of all contracts. Returns the report, also if calls failed."""
        return self.run("conform", **settings).stdout

    def send(self, contract, activity, *members, **settings):
        """Sends one call. The members of the answer."""
        done = self.run("send", f"--{contract}", activity, *members, **settings)
        try:
            return json.loads(done.stdout)
        except ValueError as fault:
            raise Failed(f"{contract} {activity}: {done.stdout}{done.stderr}") from fault

    def run(self, *arguments, **settings):
        return subprocess.run([self.program, *arguments], env=self.variables | settings, text=True,
                              capture_output=True, timeout=10 * PATIENCE)


class UsageInterface:
    """The marketplace's interface for usage (话单). It verifies each request and keeps its records."""

    def __init__(self, key):
        self.key, self.records, self.rejected = key, [], 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.usage = self
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def receive(self, headers, body):
        signed = f"ts={headers['ts']}&nonce={headers['nonce']}&body=".encode() + body
        right = base64.b64encode(hmac.new(self.key.encode(), signed, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(right, headers.get("signature", "")):
            self.rejected += 1
            return {"error_code": "MKT.0151", "error_msg": "signature"}
        self.records += json.loads(body)["usage_records"]
        return {"error_code": "MKT.0000", "error_msg": "success"}

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        answer = json.dumps(self.server.usage.receive(self.headers, body)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """The interface keeps the records instead."""
