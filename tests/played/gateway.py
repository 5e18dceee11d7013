"""The gateway in front of the functions: it routes each path to its function, as the page about FunctionGraph
tells the seller to set it up. It listens on this machine."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from checks import PATIENCE, Failed
from function import Request

BASE = "/saasproduce"
KIT = {"tenantSync": "tenant-sync", "applicationSync": "application-sync", "authSync": "auth-sync",
       "singleOrgSync": "single-org-sync", "allOrgSync": "all-org-sync"}
HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


def route(path):
    """The function that serves a path, if there is one."""
    activity = path.removeprefix(f"{BASE}/produceAPI/").removeprefix("v2/")
    if path in (BASE, f"{BASE}/", "/", "/healthz"):
        return "receive"
    if path.startswith("/instances/"):
        return "app-info" if path.endswith("/app-info") else "usage"
    return "usage" if path == "/usage" else KIT.get(activity)


class Gateway:
    """The gateway of one platform. `route` finds the function of a path, and `shown` is the name of a header as
    the gateway writes it."""

    def __init__(self, platform, route=route, shown=str):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.platform, self.server.route, self.server.shown = platform, route, shown
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.address = self.url + BASE

    def ask(self, request):
        """Sends a request of the product. The status and the body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=PATIENCE)
        connection.request(request.method, request.target, request.body, request.headers)
        response = connection.getresponse()
        return response.status, response.read()

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class Server(ThreadingHTTPServer):
    daemon_threads = True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        function = self.server.route(self.path.partition("?")[0])
        if function is None:
            return self.reply(404, [], b'{"error_code":"NOT_FOUND"}')
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        headers |= {"X-Real-IP": "192.0.2.1", "X-Forwarded-For": "192.0.2.1"}
        try:
            response = self.server.platform.call(function, Request(self.command, self.path, headers, body))
        except Failed as fault:
            # The gateway's answer if a function ends or is late.
            return self.reply(504, [], str(fault).encode())
        return self.reply(response.status, response.headers, response.body)

    do_GET = do_HEAD = do_POST = do_PUT = serve

    def reply(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(self.server.shown(name), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The functions have logs of their own."""
