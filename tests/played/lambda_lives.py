"""What is played only against the functions on Lambda. Each suite is a function of the installation."""

import json
import re

from checks import check, check_equal
from function import Request
from interrupted import buy, check_attempts
from lambda_events import http_event, schedule_event
from lambda_installation import DYNAMODB, MARKETPLACE, PRODUCT
from lambda_platform import INVOKE, RUNTIME, LambdaInstance
from lives import check_readable, new_order
from product import ready as at_once
from runtime import TWO_MINUTES_LATER, deliver_all

KIBI, MEBI = 1 << 10, 1 << 20
HEALTH = Request("GET", "/healthz")
LOWER_CASE = "header name is body-sign"
# Lines of the emulator in a log: its own, and the three that Lambda writes for each call.
PLATFORM_LINE = re.compile(r"\d\d \w+ \d{4} [\d:,]+ \[\w+\] \(rapid\) |(START|END|REPORT) RequestId: |$")
REFUSED = "koohook does not start: "


def each_function_starts(installation):
    """Each function answers its first event. It listens nowhere, and has the platform's variables. Returns the
    seconds from the first event to the answer."""
    seconds = {}
    for name in installation.platform.functions:
        if name == "relay":
            instance = installation.start_relay()
            check_equal(instance.fire()["delivered"], 0, "the number of notices that the first run delivers")
        else:
            instance = installation.platform.start(name)
            check_equal(installation.platform.call(name, HEALTH).status, 200, f"the status of {name}'s /healthz")
        check_alone(instance)
        seconds[name] = instance.seconds
    return seconds


def check_alone(instance):
    """Only the emulator and this script listen in its namespace. It has the platform's variables."""
    name, ours = instance.function.name, {INVOKE, RUNTIME, DYNAMODB, PRODUCT, MARKETPLACE}
    check_equal({port for _, port in instance.namespace.listeners()}, ours, f"the set of ports beside {name}")
    found, given = instance.environment(), instance.variables
    lost = {key for key, value in given.items() if found.get(key) != value} - {"AWS_LAMBDA_LOG_STREAM_NAME"}
    check_equal(lost, set(), f"the set of variables that the emulator changed for {name}")


def lower_case(installation):
    """The HTTP API writes `body-sign`. So V1 fails at it, and only for this reason; V2 does not fail."""
    at_the_api = {"KOOHOOK_ADDRESS": installation.plain_gateway.address}
    report = installation.marketplace.rehearse(**at_the_api)
    failures = re.findall(r"^(V\d.*)FAILED(.*)$", report, re.M)
    check(failures, f"no call of V1 failed:\n{report}")
    others = [line for line, why in failures if not (line.startswith("V1 ") and LOWER_CASE in why)]
    check_equal(others, [], "the list of calls that failed for another reason")
    check(re.search(r"^V2 .* ok$", report, re.M), f"V2 is not played:\n{report}")


def other_events(installation):
    """An event that is no HTTP event fails, and the next call is answered by the same process."""
    instance, program = warm_instance(installation)
    old_form = {"version": "1.0", "httpMethod": "GET", "path": "/saasproduce", "headers": {}, "body": None}
    for event in (schedule_event(), json.dumps(old_form).encode(), b"{}", b"[]", b"null", b"not JSON"):
        failed = json.loads(instance.invoke(event).body)
        check("errorType" in failed, f"the event {event[:30]} is answered {failed}")
        check_survived(instance, program)
    installation.platform.retire(instance)


def large_bodies(installation):
    """koohook rejects a body that it does not want with 413, up to Lambda's limit of 6 MB. The emulator cuts a
    larger event; the function rejects the rest as no event."""
    instance, program = warm_instance(installation)
    for length, in_base64 in ((300 * KIBI, False), (300 * KIBI, True), (5 * MEBI, False), (4 * MEBI, True)):
        request = Request("POST", "/saasproduce", {"content-type": "application/json"}, b"x" * length)
        answer = json.loads(instance.invoke(http_event(request, in_base64)).body)
        check_equal(answer.get("statusCode"), 413, f"the status of {length} bytes")
        check_survived(instance, program)
    request = Request("POST", "/saasproduce", {}, b"x" * (6 * MEBI + KIBI))
    failed = json.loads(instance.invoke(http_event(request, False)).body)
    check("errorType" in failed, f"an event of more than 6 MB is answered {failed}")
    check_survived(instance, program)
    installation.platform.retire(instance)


def warm_instance(installation):
    """A new instance of `receive`, which is warm, and its process."""
    instance = installation.platform.start("receive")
    check_equal(json.loads(instance.invoke(http_event(HEALTH)).body)["statusCode"], 200, "the status")
    return instance, instance.program()


def check_survived(instance, program):
    answer = json.loads(instance.invoke(http_event(HEALTH)).body)
    check_equal((answer["statusCode"], instance.program()), (200, program), "the next status and the process")


def refused_starts(installation):
    """A function with an unusable setting fails its first event with the process's code, and its log says why."""
    cases = [("receive", {"KOOHOOK_STORE": "sqlite:/tmp/koohook.db"}, "a function platform deletes the sqlite file"),
             ("receive", {"KOOHOOK_BASE_KEY": "made-up-key"}, "KOOHOOK_BASE_KEY")]
    for name, wrong, words in cases:
        instance = LambdaInstance(installation.platform.functions[name], **wrong)
        try:
            result, output = instance.invoke(http_event(HEALTH)), instance.log.read_text()
        finally:
            instance.end()
        check_equal(result.status, 502, f"the status of {name} with {list(wrong)}; it is answered {result.body}")
        check("Runtime exited with error: exit status 1" in output, f"{name} ends with 1:\n{output}")
        check(words in output, f"{name} with {list(wrong)} does not say {words!r}:\n{output}")


def product_down(installation):
    """The product fails in the callback. The relay delivers the notice later, and the repeat gets the access."""
    order, attempts = new_order("PRODUCT"), []

    def fails_once(bought):
        attempts.append(bought)
        return (503, b"") if len(attempts) == 1 else at_once(bought)

    installation.product.moods[order] = fails_once
    purchase = ["newInstance", f"orderId={order}", "orderLineId=line-1"]
    first = installation.marketplace.send("v2", *purchase)
    check_equal(first["resultCode"], "000004", "the code while the product is down")
    report = installation.start_relay(**TWO_MINUTES_LATER).fire()
    check_equal((report["delivered"], len(attempts)), (1, 2), "what the relay delivered, and the attempts")
    again = installation.marketplace.send("v2", *purchase)
    check_equal(again, {**first, **again, "resultCode": "000000"}, "the repeat")
    check_readable(installation, "v2", first["instanceId"])
    return order


def connections_cut(installation):
    """While the functions are frozen, all their connections to DynamoDB end. The next call and the next run of
    the relay succeed."""
    gate, relay = installation.servers.gate, installation.relays[0]
    instance = buy(installation, "CUT")
    for status in ("FREEZE", "UNFREEZE"):
        check(gate.cut() > 1, "the gate cut connections")
        change = ["updateInstanceStatus", f"instanceId={instance}", f"status={status}"]
        check_equal(installation.marketplace.send("v2", *change)["resultCode"], "000000", f"the code of {status}")
        deliver_all(relay)


def store_down(installation):
    """DynamoDB cannot be reached. A call is answered `000005`, and the run of the relay is an error for Lambda.
    Then the next ones succeed."""
    gate, relay, order = installation.servers.gate, installation.relays[0], new_order("DOWN")
    purchase = ["newInstance", f"orderId={order}", "orderLineId=line-1"]
    gate.is_shut = True
    gate.cut()
    check_equal(installation.marketplace.send("v2", *purchase)["resultCode"], "000005", "the code meanwhile")
    check("errorType" in relay.refuse(), "the run is an error")
    lines = [json.loads(line) for line in relay.log.read_text().splitlines() if line.startswith("{")]
    errors = [line["message"] for line in lines if line.get("level") == "ERROR"]
    check_equal(errors, ["dynamodb failed", "relay failed"], "the errors in the log of the run, each once")
    gate.is_shut = False
    check_equal(installation.marketplace.send("v2", *purchase)["resultCode"], "000000", "the code afterwards")
    deliver_all(relay)
    check_attempts(installation, order, ["created"])


def store_mute(installation):
    """DynamoDB accepts connections and does not answer. koohook answers `000005` before Lambda's timeout, so the same
    process answers the next call."""
    gate, order = installation.servers.gate, new_order("MUTE")
    purchase = ["newInstance", f"orderId={order}", "orderLineId=line-1"]
    gate.is_mute = True
    gate.cut()
    check_equal(installation.marketplace.send("v2", *purchase)["resultCode"], "000005", "the code meanwhile")
    gate.is_mute = False
    gate.cut()
    check_equal(installation.marketplace.send("v2", *purchase)["resultCode"], "000000", "the code afterwards")
    texts = [instance.log.read_text() for instance in installation.platform.instances]
    check(not any("Timeout" in text for text in texts), "a call ran into Lambda's timeout")


def check_session_token(installation):
    """Each connection to DynamoDB began with a request that has the role's session token."""
    check_equal(installation.servers.gate.unmarked, 0, "the number of connections without the session token")


def check_logs(installation):
    """Each line of a function is JSON, and no line contains a secret. The line of a call has Lambda's ID. The
    metrics are in the log, where CloudWatch takes them."""
    secrets, metrics = installation.secrets(), set()
    for file in sorted(installation.logs.glob("*.log")):
        text = file.read_text()
        for secret in secrets:
            check(secret not in text, f"{file.name} contains a secret that begins with {secret[:12]}")
        check_calls(file, text)
        if '"CloudWatchMetrics"' in text:
            metrics.add(file.name.partition("-")[0])
    check({"receive", "relay", "tenant"} <= metrics, f"only these wrote metrics: {sorted(metrics)}")


def check_calls(file, text):
    given = set(re.findall(r"^START RequestId: (\S+)", text, re.M))
    lines = [line for line in text.splitlines() if not PLATFORM_LINE.match(line) and not line.startswith(REFUSED)]
    for line in lines:
        check(line.startswith("{"), f"{file.name} has a line that is not JSON: {line[:200]}")
        found = json.loads(line).get("requestId")
        check(found is None or found in given, f"{file.name}: Lambda sent no request {found}")
