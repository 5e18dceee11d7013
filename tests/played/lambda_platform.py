"""Functions as AWS Lambda runs them: AWS's runtime interface emulator starts the program of a package, gives it
one event at a time, and returns its result. Each instance has namespaces of its own, and is frozen between calls."""

import http.client
import json
import shutil
import threading
import time
from collections import namedtuple
from pathlib import Path

from checks import Failed, check_equal, until
from function import Function, Instance, Platform
from lambda_events import REGION, http_event, http_response, schedule_event
from namespace import LOOPBACK

TASK_ROOT = "/var/task"
INVOKE, RUNTIME = 8080, 9001  # The emulator's ports: for the caller, and for the program.
INVOCATIONS = "/2015-03-31/functions/function/invocations"
START = Path(__file__).parent / "start-lambda"
GRACE = 10  # Seconds that the emulator may need besides the function's timeout.
# Lambda gives these to each function. koohook signs its calls of DynamoDB with them.
ROLE = {"AWS_ACCESS_KEY_ID": "MADEUPROLEACCESSKEY", "AWS_SECRET_ACCESS_KEY": "made-up-secret-key-of-a-role",
        "AWS_SESSION_TOKEN": "made-up-session-token-of-a-role"}
Result = namedtuple("Result", "status body")


class LambdaFunction(Function):
    """A function with its package and its settings. `emulator` is the path of AWS's program."""

    emulator = None

    def variables(self):
        """The platform's variables, and the seller's settings."""
        return {
            "AWS_LAMBDA_FUNCTION_NAME": self.name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory), "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": "INFO", "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/10/05/[$LATEST]made-up", "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(self.timeout), "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": TASK_ROOT, "LAMBDA_RUNTIME_DIR": "/var/runtime", "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": ":UTC", **ROLE, **self.settings,
        }


class LambdaInstance(Instance):
    """An instance. It has one call at a time. The emulator starts the program with the first call."""

    def __init__(self, function, **more):
        super().__init__(function, **more)
        self.lock, self.may_have = threading.Lock(), 1
        self.busy, self.calls, self.seconds, self.frozen = False, 0, None, False
        until(lambda: self.alive() and self._listens(), f"the emulator of {function.name} listens")

    def command(self):
        return [shutil.which("setpriv"), "--pdeathsig", "KILL", shutil.which("unshare"), "--mount", "--pid",
                "--fork", "--kill-child", "--mount-proc", "--propagation", "private", str(START),
                self.function.emulator, self.function.code, self.freezer.members,
                *(f"{name}={value}" for name, value in self.variables.items())]

    def begin(self):
        """Begins a call, if the instance has none."""
        with self.lock:
            if self.has_ended or self.busy or not self.may_have:
                return False
            self.busy = True
            return True

    def call(self, request):
        """Carries out a call that has begun, as the HTTP API does."""
        result = self.carry_out(http_event(request))
        if result.status != 200 or b'"errorType"' in result.body[:40]:
            # The HTTP API's answer if a function fails.
            return http_response(b'{"statusCode":500,"isBase64Encoded":false,"headers":{},'
                                 b'"body":"{\\"message\\":\\"Internal Server Error\\"}"}')
        return http_response(result.body)

    def carry_out(self, event):
        """Invokes the function with an event that has begun. Returns what the platform got."""
        began = time.monotonic()
        self.thaw()
        try:
            return self._post(event)
        except OSError as fault:
            raise Failed(f"{self.function.name} does not answer: {fault!r}") from fault
        finally:
            self.calls += 1
            self.seconds = self.seconds or time.monotonic() - began
            with self.lock:
                if not self.has_ended:
                    self.freeze()
                self.busy = False

    def invoke(self, event):
        check_equal(self.begin(), True, f"{self.function.name} has no other call")
        return self.carry_out(event)

    def _post(self, event):
        limit = float(self.variables["AWS_LAMBDA_FUNCTION_TIMEOUT"]) + GRACE
        connection = http.client.HTTPConnection(LOOPBACK, INVOKE, timeout=limit)
        connection.sock = self.namespace.connect(INVOKE, limit)
        connection.request("POST", INVOCATIONS, event)
        answer = connection.getresponse()
        result = Result(answer.status, answer.read())
        connection.close()
        return result

    def _listens(self):
        try:
            self.namespace.connect(INVOKE, GRACE).close()
            return True
        except OSError:
            return False

    def thaw(self):
        if self.frozen:
            self.freezer.thaw(self.frozen)
            self.frozen = False

    def freeze(self):
        """The control group freezes the emulator and the program. A signal stops only the program."""
        program = self.program()
        if program and not self.frozen:
            self.freezer.freeze(program)
            self.frozen = program

    def program(self):
        """The process of the package's program, if it runs: the last one below the process that started it."""
        last, found = None, children(self.process.pid)
        while found:
            last, found = found[-1], children(found[-1])
        is_program = last and Path(f"/proc/{last}/cmdline").read_bytes().startswith(b"/var/task/bootstrap")
        return last if is_program else None

    def environment(self):
        pairs = Path(f"/proc/{self.program()}/environ").read_bytes().split(b"\0")
        return dict(pair.decode().split("=", 1) for pair in pairs if pair)

    def peak(self):
        status = Path(f"/proc/{self.program()}/status")
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) if self.program() else 0


class RelayOnLambda(LambdaInstance):
    """An instance of the relay. EventBridge's schedule starts its runs."""

    def fire(self):
        """One event of the schedule. Returns the report of the run."""
        result = self.invoke(schedule_event())
        report = json.loads(result.body)
        if "delivered" not in report:
            raise Failed(f"the run of the relay failed: {report}")
        return report

    def refuse(self):
        """An event whose run fails. Returns what the platform got."""
        return json.loads(self.invoke(schedule_event()).body)


class LambdaPlatform(Platform):
    """All functions. A call goes to an instance that has none, else to a new one."""

    def start(self, name, **more):
        instance = LambdaInstance(self.functions[name], **more)
        self.instances.append(instance)
        return instance


class KeepsCapitals:
    """A front end before the HTTP API that writes the header `Body-Sign` with its capitals, as V1 needs it."""

    def __init__(self, platform):
        self.platform = platform

    def call(self, name, request):
        answer = self.platform.call(name, request)
        capitals = [("Body-Sign" if one == "body-sign" else one, value) for one, value in answer.headers]
        return answer._replace(headers=capitals)


def children(process):
    """The processes that any thread of a process started."""
    lists = [file.read_text() for file in Path(f"/proc/{process}/task").glob("*/children")]
    return [int(one) for text in lists for one in text.split()]
