"""Functions as Vercel runs them: from the build output that `vercel deploy --prebuilt` would upload. The program
listens at 127.0.0.1, and reports over a Unix socket when it has started and when each call has ended. Header
names are in lower case. What is played here is the interface of the crate `vercel_runtime`."""

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import uuid
from pathlib import Path

import packages
from checks import PATIENCE, Failed, check, check_equal, until
from function import Function, HttpInstance, Platform, Request
from gateway import Gateway
from installation import KIT, Installation
from interrupted import HeldCall
from lives import check_readable

PORT = 3000  # The crate listens here if no variable names another port.
DEV_PORT = 3456
CODE = "/var/task"
CRON_SECRET = "made-up-secret-of-the-cron-0001"
ROOT = Path(__file__).parents[2]


class Messages:
    """The platform's end of the Unix socket. Messages are JSON, and each ends with a zero byte."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="koohook-vercel-"))
        self.folder.chmod(0o755)
        self.path, self.found, self.changed = self.folder / "ipc", [], threading.Condition()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.path.chmod(0o777)
        self.listener.listen()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        buffer = b""
        try:
            connection, _ = self.listener.accept()
            while chunk := connection.recv(65536):
                *whole, buffer = (buffer + chunk).split(b"\0")
                with self.changed:
                    self.found += [json.loads(one) for one in whole]
                    self.changed.notify_all()
        except OSError:
            pass  # The instance ended.

    def started(self):
        """The port of the program, if it has started."""
        ports = [one["payload"]["httpPort"] for one in self.found if one["type"] == "server-started"]
        return ports[0] if ports else None

    def has_ended(self, invocation):
        """Whether the program has reported the end of a call."""
        contexts = [one["payload"]["context"] for one in self.found if one["type"] == "end"]
        return any(context["invocationId"] == invocation for context in contexts)

    def wait_for_end(self, invocation):
        with self.changed:
            if not self.changed.wait_for(lambda: self.has_ended(invocation), PATIENCE):
                raise Failed(f"the end of a call was not reported: {self.found[-2:]}")

    def close(self):
        self.listener.close()
        shutil.rmtree(self.folder)


class VercelFunction(Function):
    """A function with the settings of its folder."""

    port, program = PORT, f"{CODE}/executable"

    def variables(self):
        return {"VERCEL": "1", "VERCEL_ENV": "production", "VERCEL_REGION": "hnd1", "TZ": ":UTC",
                "CRON_SECRET": CRON_SECRET, **self.settings}

    def headers(self):
        """What the platform adds to each request."""
        self.request_ids.append(f"hnd1::iad1::{uuid.uuid4()}")
        return {"host": "seller.example.com", "x-vercel-id": self.request_ids[-1],
                "x-vercel-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https",
                "x-vercel-internal-invocation-id": uuid.uuid4().hex, "x-vercel-internal-request-id": "7"}


class VercelInstance(HttpInstance):
    """An instance. It may be frozen when every call has reported its end, not when it has answered."""

    def prepare(self, variables):
        self.messages = Messages()
        variables["VERCEL_IPC_PATH"] = str(self.messages.path)

    def _listens(self):
        return self.messages.started() == PORT

    def ask(self, connection, request, added):
        self.asking, invocation = connection, added["x-vercel-internal-invocation-id"]
        answer = connection.ask(request, added)
        self.messages.wait_for_end(invocation)
        names = [name for name, _ in answer.headers]
        check(names == [name.lower() for name in names], f"the names of headers are in lower case: {names}")
        return answer

    def keep_awake(self):
        """Freezes the instance no more: something goes on in it beside its calls."""
        self.calls += 1

    def hang_up(self):
        """Breaks the connection of the open call, without a farewell."""
        broken = self.asking.sock
        broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        broken.shutdown(socket.SHUT_RD)
        broken.close()

    def end(self):
        if not self.has_ended:
            super().end()
            self.messages.close()


class LocalInstance(HttpInstance):
    """An instance as `vercel dev` starts it: at a port of its choice, and without the Unix socket."""

    def __init__(self, function):
        local = VercelFunction(function.name, function.code, function.settings, function.ports,
                               function.timeout, function.memory, function.folder)
        local.port = DEV_PORT
        super().__init__(local, VERCEL_DEV="1", VERCEL_DEV_PORT=str(DEV_PORT))


class VercelPlatform(Platform):
    kind = VercelInstance


class Cron:
    """The relay, as the platform's cron starts it: GET with the secret."""

    def __init__(self, function, more):
        self.instance = VercelInstance(function, **more)
        self.function, self.cpu, self.log = function, "own", self.instance.log

    seconds = property(lambda self: self.instance.seconds)
    peak_kib = property(lambda self: self.instance.peak_kib)

    def ask(self, secret):
        headers = {"user-agent": "vercel-cron/1.0"}
        if secret is not None:
            headers["authorization"] = f"Bearer {secret}"
        check(self.instance.begin(), "the relay may have one more call")
        return self.instance.call(Request("GET", "/relay", headers))

    def fire(self):
        """The report of a run."""
        answer = self.ask(CRON_SECRET)
        check_equal(answer.status, 200, "the status of a run")
        return json.loads(answer.body)

    def refuse(self):
        """A run that fails."""
        check_equal(self.ask(CRON_SECRET).status, 503, "the status of a run that fails")

    def end(self):
        self.instance.end()


# The package lists the crates of its programs, which cargo knows.
CARGO = {name: os.environ[name] for name in ("PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME") if name in os.environ}


class VercelInstallation(Installation):
    """The functions of one seller on Vercel."""

    name, code, contracts, scenarios = "vercel", CODE, ("V2",), ("--only", "v2")
    platform_of = staticmethod(VercelPlatform)

    def codes(self, source, program, certificate, rsa_key):
        """The seller makes the folder again, with the seller's files."""
        built = self.folder / "built"
        built.mkdir()
        for folder in (source / "functions").glob("*.func"):
            shutil.copy(folder / "executable", built / folder.stem)
        subprocess.run([program, "package", "--target", "vercel", "--from", built, "--out", self.folder / "made",
                        "--include", certificate, "--rsa-key", rsa_key],
                       env=CARGO, cwd=ROOT, check=True, capture_output=True)
        self.output = self.folder / "made/vercel" / packages.OUTPUT
        self.config = json.loads((self.output / "config.json").read_text())
        return {folder.stem: folder for folder in (self.output / "functions").glob("*.func")}

    def function(self, name, code):
        own = json.loads((code / ".vc-config.json").read_text())
        check_equal((own["runtime"], own["handler"]), ("executable", "executable"), f"the runtime of {name}")
        # The variables of the project belong to every function; those of the folder only to this one.
        settings = {key: value for one in KIT | {"receive", "relay"} for key, value in self.settings(one).items()}
        settings.pop("KOOHOOK_RSA_PRIVATE_KEY_FILE")
        settings |= own.get("environment", {})
        return VercelFunction(name, code, settings, self.servers.ports(), own["maxDuration"], 2048, self.logs)

    def gateway_of(self, platform):
        return Gateway(platform, self.route, str.lower)

    def route(self, path):
        """The function of a path, by the documented rules: the first route that matches decides."""
        for one in self.config["routes"]:
            flags = 0 if one.get("caseSensitive") else re.IGNORECASE
            if re.search(one["src"], path, flags):
                return one.get("dest", "").removeprefix("/") or None
        return None

    def start_relay(self, **more):
        relay = Cron(self.platform.functions["relay"], more)
        self.relays.append(relay)
        return relay

    def secrets(self):
        return super().secrets() + [CRON_SECRET]


def its_own_reader(installation, tools):
    """Vercel's own code accepts the routes, and finds the functions as the platform does."""
    script = Path(__file__).with_name("build-output.js")
    done = subprocess.run(["node", script, installation.output], env={"NODE_PATH": str(tools / "node_modules")},
                          executable=shutil.which("node"), capture_output=True, text=True)
    check_equal(done.returncode, 0, f"the code of Vercel's reader\n{done.stderr}")
    found = json.loads(done.stdout)
    for name, function in installation.platform.functions.items():
        own = found.pop(name)
        check_equal((own["runtime"], own["handler"], own["language"]), ("executable", "executable", "rust"),
                    f"the runtime of {name}")
        check_equal((own["duration"], own["architecture"]), (function.timeout, "x86_64"), f"the limits of {name}")
        check_equal(own["modes"]["executable"], 0o100755, f"the permission of the program of {name}")
    check_equal(found, {}, "what Vercel found beside the functions")


def starts_locally(installation):
    """As `vercel dev` starts a program, it tells its port on the standard output, and answers there."""
    for function in installation.platform.functions.values():
        instance = LocalInstance(function)
        try:
            instance.begin()
            answer = instance.call(Request("GET", "/healthz"))
            check_equal(answer.status, 200, f"the status of {function.name}'s /healthz")
            line = f"Dev server listening: {DEV_PORT}"
            check(line in instance.log.read_text(), f"{function.name} prints {line!r}")
        finally:
            instance.end()


def routes_lead_to_the_functions(installation):
    """Each documented path leads to its function, and no other path to any."""
    kit = {"tenantSync": "tenant-sync", "applicationSync": "application-sync", "authSync": "auth-sync",
           "singleOrgSync": "single-org-sync", "allOrgSync": "all-org-sync"}
    wanted = {f"/saasproduce/produceAPI/{form}{name}{end}": function
              for name, function in kit.items() for form in ("", "v2/") for end in ("", "/")}
    wanted |= {"/": "receive", "/healthz": "receive", "/saasproduce": "receive", "/saasproduce/": "receive",
               "/usage": "usage", "/instances/i-1/usage-info": "usage", "/instances/i-1/app-info": "app-info",
               "/relay": "relay"}
    wanted |= dict.fromkeys(["/receive", "/saasProduce", "/relay/", "/usage/x", "/instances//app-info", "/readyz",
                             "/saasproduce/produceAPI/v3/authSync", "/instances/a/b/app-info", "/tenant-sync"])
    for path, function in wanted.items():
        check_equal(installation.route(path), function, f"the function of {path}")
    crons = installation.config["crons"]
    check_equal(crons, [{"path": "/relay", "schedule": "* * * * *"}], "the list of crons")
    check_equal(installation.route(crons[0]["path"]), "relay", "the function of the cron")


def only_the_crons_secret_starts_the_relay(installation):
    relay = installation.relays[0]
    for secret in (None, "", CRON_SECRET[:-1], CRON_SECRET.upper()):
        check_equal(relay.ask(secret).status, 401, f"the status with the secret {secret!r}")
    relay.fire()
    check_equal(installation.gateway.ask(Request("GET", "/relay"))[0], 401, "the status from outside")


def v1_needs_capitals(installation):
    """The marketplace rejects V1's answers, because of the name of the header alone."""
    done = installation.marketplace.run("conform", "--only", "v1")
    check(done.returncode != 0 and "header name is body-sign" in done.stdout, f"V1 is not rejected:\n{done.stdout}")


def end_comes_last(installation):
    """The program answers a stranger before the stranger's body has arrived. It reports the end of the call only
    after that: then the instance may be frozen."""
    instance = installation.platform.start("receive")
    installation.platform.retire(instance)
    instance.thaw()
    added = instance.function.headers()
    invocation = added["x-vercel-internal-invocation-id"]
    head = "".join(f"{name}: {value}\r\n" for name, value in added.items())
    with instance.namespace.connect(PORT, PATIENCE) as connection:
        connection.sendall(f"POST /nowhere HTTP/1.1\r\n{head}content-length: 2000\r\n\r\n".encode())
        check(connection.recv(65536).startswith(b"HTTP/1.1 404 "), "the stranger is answered")
        check(not instance.messages.has_ended(invocation), "the call has not ended at its answer")
        connection.sendall(b"x" * 2000)
        instance.messages.wait_for_end(invocation)


def ends_after_its_calls(installation):
    """The platform asks an instance to end while a call is open. The call is carried out and answered, and the
    program ends by itself."""
    call = HeldCall(installation, "STOPPED")
    instance = call.instance
    instance.keep_awake()
    instance.process.terminate()
    call.mood.opened.set()
    answer = call.answer()
    check_equal(answer and answer["resultCode"], "000000", "the code of the open call")
    check_equal(instance.process.wait(PATIENCE), 0, "the code of the instance that was asked to end")
    check_equal([one["type"] for one in instance.messages.found], ["server-started", "end"], "the list of messages")


def goes_on_if_the_caller_hangs_up(installation):
    """The platform's connection breaks while the product works. The product's answer is stored, and the repeat of
    the call gets it."""
    call = HeldCall(installation, "HUNGUP")
    call.instance.keep_awake()
    call.instance.hang_up()
    check_equal(call.answer(), None, "the answer of the call whose connection broke")
    call.mood.opened.set()

    def repeat():
        answer = installation.marketplace.send("v2", *call.members)
        return answer["resultCode"] == "000000" and answer
    answer = until(repeat, "the repeat of the call succeeds")
    check_readable(installation, "v2", answer["instanceId"])
    check_equal(call.mood.attempts, 1, "the number of attempts")
