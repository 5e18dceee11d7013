"""Shared by the sellers' servers: the keys, the signatures and the HTTP server.

The server listens on a free loopback port and prints the port on the standard output. It ends when its
standard input ends. It uses only Python's standard library.
"""
import base64
import hashlib
import hmac
import http.server
import os
import sys
import threading
import urllib.parse

KEY = "constructed-base-key-0001"
# Two values that the marketplace's own sample encrypted with the key above.
USER_NAME = "3g9Pt41hu71q9IgHH4vHssmylrsJBuLoJfcstg=="
PASSWORD = "V8K050W7Jb72rqg1QYjEz5zFzNy4TlYX6N4t+fP/gxJjCoyufOTzUa7bIAQ="


def digest(key, text):
    data = text if isinstance(text, bytes) else text.encode()
    return hmac.new(key.encode(), data, hashlib.sha256)


def body_sign(body, key=KEY):
    return base64.b64encode(digest(key, body).digest()).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    """Handles one request of the marketplace. Subclasses define answer_get and answer_post."""

    protocol_version = "HTTP/1.1"
    # Headers and body are sent together. Otherwise a delayed acknowledgement costs 40 ms a call.
    wbufsize = -1

    def do_GET(self):
        self.answer_get(dict(urllib.parse.parse_qsl(self.query(), keep_blank_values=True)))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer_post(dict(urllib.parse.parse_qsl(self.query())), body)

    def query(self):
        return urllib.parse.urlsplit(self.path).query

    def reply(self, body, status=200, **headers):
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def v1_is_signed(parameters):
    names = sorted(name for name in parameters if name != "authToken")
    text = "&".join(f"{name}={parameters[name]}" for name in names)
    token = base64.b64encode(digest(KEY + parameters.get("timeStamp", ""), text).digest())
    return hmac.compare_digest(token.decode(), parameters.get("authToken", ""))


def v2_is_signed(query, payload):
    inner = digest(KEY, payload).hexdigest()
    signed = digest(KEY, KEY + query.get("nonce", "") + query.get("timestamp", "") + inner)
    return hmac.compare_digest(signed.hexdigest().upper(), query.get("signature", "").upper())


def serve(handler):
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)
