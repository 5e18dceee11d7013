"""Functions as a platform runs them: a process from the package, with the platform's variables, in a
network namespace of its own. It is frozen between calls. The variables and headers here are FunctionGraph's."""

import http.client
import itertools
import shutil
import subprocess
import threading
import time
import uuid
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import freezer
from checks import PATIENCE, Failed, check, until
from namespace import LOOPBACK, Namespace

PORT = 8000  # The platform calls an HTTP function at this port of 127.0.0.1.
CODE = "/opt/function/code"
HOST = "seller.example.com"
CONCURRENCY = 4  # The calls that an instance may have at once. The tests send eight at once.
START = Path(__file__).parent / "start-function"
Request = namedtuple("Request", "method target headers body", defaults=[{}, b""])
Response = namedtuple("Response", "status headers body")
numbers = itertools.count(1)
# One thread starts all processes. They end with it: none stays frozen if this script is killed.
STARTER = ThreadPoolExecutor(1)


class Function:
    """A function with its package and its settings. `ports` are the ports inside that lead to ports of
    this machine."""

    port, program = PORT, f"{CODE}/bootstrap"

    def __init__(self, name, code, settings, ports, timeout, memory, folder):
        self.name, self.code, self.settings, self.ports = name, code, settings, ports
        self.timeout, self.memory, self.folder, self.request_ids = timeout, memory, folder, []

    def variables(self):
        """The platform's variables, and the seller's settings."""
        return {
            "RUNTIME_PROJECT_ID": "made-up-project", "RUNTIME_FUNC_NAME": self.name,
            "RUNTIME_FUNC_VERSION": "latest", "RUNTIME_PACKAGE": "default",
            "RUNTIME_HANDLER": "bootstrap.handler", "RUNTIME_TIMEOUT": str(self.timeout),
            "RUNTIME_USERDATA": "", "RUNTIME_CPU": "300", "RUNTIME_MEMORY": str(self.memory),
            "RUNTIME_CODE_ROOT": CODE, **self.settings,
        }

    def headers(self):
        """What the platform adds to each request."""
        self.request_ids.append(str(uuid.uuid4()))
        return {
            "Host": HOST, "X-CFF-Request-Id": self.request_ids[-1], "X-CFF-Memory": str(self.memory),
            "X-CFF-Timeout": str(self.timeout), "X-CFF-Func-Version": "latest",
            "X-CFF-Func-Name": self.name, "X-CFF-Project-Id": "made-up-project",
            "X-CFF-Package": "default", "X-CFF-Region": "cn-north-4",
        }


class Instance:
    """One instance of a function. `more` are further variables; `cpu` is a processor to emulate."""

    def __init__(self, function, cpu="own", **more):
        self.function, self.cpu, self.started = function, cpu, time.monotonic()
        name = f"{function.name}-{next(numbers)}"
        self.log = function.folder / f"{name}.log"
        self.namespace, self.freezer = Namespace(), freezer.make(name)
        for port, target in function.ports.items():
            self.namespace.forward(port, target)
        self.prepare(more)
        self.variables = function.variables() | more
        self.process = self._start()
        self.peak_kib, self.has_ended = 0, False

    def prepare(self, variables):
        """Makes what the process needs at its start. Adds to its variables."""

    def _start(self):
        entered = [shutil.which("nsenter"), f"--net=/proc/self/fd/{self.namespace.file}"]
        with open(self.log, "wb") as log:
            return STARTER.submit(
                subprocess.Popen, [*entered, *self.command()], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, pass_fds=[self.namespace.file], start_new_session=True).result()

    def command(self):
        """What starts the program in its network namespace."""
        own_mounts = [shutil.which("unshare"), "--mount", "--propagation", "private", str(START)]
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        return [*own_mounts, self.function.code, self.function.program, self.freezer.members, self.cpu, *variables]

    def alive(self):
        """Fails if the process ended."""
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise Failed(f"{self.function.name} ended with code {self.process.returncode}:\n{tail}")
        return True

    def freeze(self):
        self.freezer.freeze(self.process.pid)

    def thaw(self):
        self.freezer.thaw(self.process.pid)

    def environment(self):
        """The variables that the kernel gave to the program."""
        pairs = Path(f"/proc/{self.process.pid}/environ").read_bytes().split(b"\0")
        return dict(pair.decode().split("=", 1) for pair in pairs if pair)

    def peak(self):
        """The most memory that the program had, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])

    def end(self):
        """Ends the process at once and without a signal that it sees, as the platform does."""
        if self.has_ended:
            return
        self.has_ended = True
        if self.process.poll() is None:
            self.peak_kib = self.peak()
            self.process.kill()
        self.process.wait(PATIENCE)
        self.freezer.end()
        self.namespace.close()


class HttpInstance(Instance):
    """An instance of an HTTP function. The platform waits until it listens, and keeps its connections. It is
    frozen while it has no call."""

    def __init__(self, function, cpu="own", **more):
        super().__init__(function, cpu, **more)
        self.calls, self.may_have, self.lock, self.connections = 0, CONCURRENCY, threading.Lock(), []
        try:
            until(lambda: self.alive() and self._listens(), f"{function.name} listens on {LOOPBACK}:{function.port}")
        except Failed:
            self.end()
            raise
        self.seconds = time.monotonic() - self.started
        self.freeze()

    def _listens(self):
        try:
            self.namespace.connect(self.function.port, PATIENCE).close()
            return True
        except OSError:
            return False

    def begin(self):
        """Begins a call, if the instance may have one more."""
        with self.lock:
            if self.has_ended or self.calls >= self.may_have:
                return False
            self.calls += 1
            if self.calls == 1:
                self.thaw()
            return True

    def call(self, request):
        """Carries out a call that has begun."""
        connection = self.connections.pop() if self.connections else Connection(self)
        try:
            answer = self.ask(connection, request, self.function.headers())
            self.connections.append(connection)
            return answer
        except OSError as fault:
            raise Failed(f"{self.function.name} does not answer: {fault!r}") from fault
        finally:
            self._finish()

    def ask(self, connection, request, added):
        """Sends a call with the headers that the platform adds. The instance may be frozen afterwards."""
        return connection.ask(request, added)

    def _finish(self):
        with self.lock:
            self.calls -= 1
            if self.calls == 0 and not self.has_ended:
                self.freeze()


class Connection(http.client.HTTPConnection):
    """The platform's connection to the function, inside the namespace."""

    def __init__(self, instance):
        super().__init__(LOOPBACK, instance.function.port, timeout=instance.function.timeout)
        self.namespace = instance.namespace

    def connect(self):
        self.sock = self.namespace.connect(self.port, self.timeout)

    def ask(self, request, added):
        kept = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        self.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in (kept | added).items():
            self.putheader(name, value)
        self.endheaders(request.body or None)
        response = self.getresponse()
        answer = Response(response.status, response.getheaders(), response.read())
        if response.will_close:
            self.close()
        return answer


class Platform:
    """All functions. A call goes to an instance that may have one more, else to a new one."""

    kind = HttpInstance

    def __init__(self, functions):
        self.functions, self.instances, self.lock = functions, [], threading.Lock()

    def call(self, name, request):
        return self._begin(name).call(request)

    def _begin(self, name):
        with self.lock:
            for instance in reversed(self.instances):
                if instance.function.name == name and instance.begin():
                    return instance
            instance = self.start(name)
            instance.begin()
            return instance

    def start(self, name, cpu="own"):
        """Starts an instance. The next calls go to it."""
        instance = self.kind(self.functions[name], cpu)
        self.instances.append(instance)
        return instance

    @staticmethod
    def retire(instance):
        """Sends no more calls to an instance."""
        instance.may_have = 0

    def end(self):
        for instance in self.instances:
            instance.end()


def check_alone(instance):
    """A function may listen only where the platform calls it."""
    listeners = instance.namespace.listeners() - {(LOOPBACK, port) for port in instance.function.ports}
    check(listeners == {(LOOPBACK, instance.function.port)}, f"{instance.function.name} listens on {sorted(listeners)}")
    found, given = instance.environment(), {name: str(value) for name, value in instance.variables.items()}
    check(found == given, f"{instance.function.name} has other variables: {sorted(found)}")
