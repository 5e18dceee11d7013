"""FunctionGraph's custom runtime, for the function with a timer. The program asks for the next event, and
posts the result. The interface is in Huawei's developer guide, "creating an event function using a custom
runtime"."""

import json
import queue
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from checks import PATIENCE, Failed, check_equal
from function import Instance
from namespace import LOOPBACK

PORT = 9001
INTERFACE = "/v1/runtime/invocation"
# The platform sends these with each event to a function with an agency. No log may contain them.
AGENCY = {"X-CFF-Access-Key": "MADEUPAGENCYACCESSKEY", "X-CFF-Secret-Key": "made-up-agency-secret-key",
          "X-CFF-Security-Token": "made-up-agency-security-token", "X-CFF-Auth-Token": "made-up-agency-token"}

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
# The relay's clock if it runs two minutes later: every claim and the first pause have passed.
TWO_MINUTES_LATER = {"LD_PRELOAD": FAKETIME, "FAKETIME": "+120s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
AN_HOUR_LATER = TWO_MINUTES_LATER | {"FAKETIME": "+3600s"}


class RelayInstance(Instance):
    """An instance of the relay. It is frozen while there is no event."""

    def prepare(self, variables):
        variables["RUNTIME_API_ADDR"] = f"{LOOPBACK}:{PORT}"
        self.asked, self.events, self.outcomes = queue.Queue(), queue.Queue(), queue.Queue()
        self.refusals = 1  # The first question gets no event, so the program must ask again.
        self.server = Server((LOOPBACK, PORT), Handler, bind_and_activate=False)
        self.server.socket.close()
        self.server.socket = self.namespace.listen(PORT)
        self.server.instance = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_until_it_asks(self):
        """Until its second question. Then it is frozen for the first time."""
        for _ in range(2):
            self._take(self.asked, "the relay asks for an event")
        self.seconds = time.monotonic() - self.started
        self.freeze()

    def fire(self):
        """The timer's event. Returns the report of the run."""
        return self._run("response")

    def refuse(self):
        """An event whose run fails, as the relay reports."""
        check_equal(self._run("error")["errorType"], "relay", "the relay's failure")

    def _run(self, outcome):
        name = str(uuid.uuid4())
        self.events.put((name, timer_event()))
        self.thaw()
        path, body = self._take(self.outcomes, "the relay posts its result")
        self.freeze()
        check_equal(path, f"{INTERFACE}/{outcome}/{name}", "the path of the relay's result")
        return json.loads(body)

    def end(self):
        super().end()
        self.server.shutdown()
        self.server.server_close()

    def _take(self, source, what):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.alive():
            try:
                return source.get(timeout=0.1)
            except queue.Empty:
                continue
        raise Failed(f"{what}: not within {PATIENCE:.0f} s")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Ignores the error: a program that ends closes its connection."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        instance = self.server.instance
        check_equal(self.path, f"{INTERFACE}/request", "the path of the question")
        if instance.refusals:
            instance.refusals -= 1
            instance.asked.put(True)
            return self.reply(500, {}, b"")
        instance.asked.put(True)
        name, event = instance.events.get()
        kept = {"X-Cff-Request-Id": name, "X-CFF-Invoke-Type": "event", "Content-Type": "application/json"}
        return self.reply(200, kept | AGENCY, event)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.reply(200, {}, b"")
        self.server.instance.outcomes.put((self.path, body))

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        """The relay has a log of its own."""


def timer_event():
    event = {"version": "v1.0", "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
             "trigger_type": "TIMER", "trigger_name": "relay", "user_event": ""}
    return json.dumps(event).encode()


def deliver_all(relay):
    """Fires the timer until a run has nothing more to deliver. Returns the sum of the delivered."""
    delivered = 0
    for _ in range(40):
        report = relay.fire()
        for member in ("failed", "dead", "troubled"):
            check_equal(report[member], 0, f"the relay's {member}")
        delivered += report["delivered"]
        if report["delivered"] == 0 and not report["unfinished"]:
            return delivered
    raise Failed("the relay delivers without an end")
