"""What is played against the functions. Each suite is a function of the installation."""

import json
import time

import webhook
from checks import check, check_equal
from function import Request, check_alone
from installation import BASE_KEY, KIT_KEY, SECRET
from product import access, later
from runtime import AN_HOUR_LATER, deliver_all

WRONG_SECRET = "whsec_YW5vdGhlci1tYWRlLXVwLXByb2R1Y3Qtc2VjcmV0"
# Under V1 a renewal thaws what an expiry froze. Under V2 the marketplace sends a call for it.
NOTICES = {
    "V1": ["created", "renewed", "renewed", "frozen", "renewed", "thawed", "frozen", "renewed", "thawed",
           "upgraded", "renewed", "released"],
    "V2": ["created", "renewed", "renewed", "renewed", "renewed", "frozen", "renewed", "thawed", "upgraded",
           "released"],
}
# qemu's name for a processor with no more than the first x86_64 processors had.
OLDEST_PROCESSOR = "qemu64"


def each_function_starts(installation):
    """Each HTTP function listens only for the platform, and is alive. Returns the seconds of each start."""
    seconds = {}
    for name in installation.platform.functions:
        if name == "relay":
            relay = installation.start_relay()
            seconds[name] = relay.seconds
            continue
        instance = installation.platform.start(name)
        check_alone(instance)
        response = installation.platform.call(name, Request("GET", "/healthz"))
        check_equal(response.status, 200, f"the status of {name}'s /healthz")
        seconds[name] = instance.seconds
    return seconds


def whole_scenarios(installation):
    """Every call of both guides: rehearsals, a purchase with repeats until its release, and an enterprise."""
    report = installation.marketplace.play_scenarios(*installation.scenarios)
    summary = report.partition(" calls, ")[2]
    check(summary.startswith("0 failures,") and "0 not served." in summary, f"a call failed:\n{report}")
    for contract in installation.contracts:
        check(f"\n{contract} " in report and f"\n{contract} kit " in report, f"the report has no line of {contract}:\n{report}")
    return report


def notices_of_the_scenarios(installation):
    """The relay delivers the lists of the kit. Then each notice arrived once and in order."""
    relay = installation.relays[0]
    check(deliver_all(relay) > 0, "the relay delivered the lists of the kit")
    product = installation.product
    bought = [one.data["orderId"] for one in product.notices if one.type == "instance.created"]
    check_equal(len(bought), len(installation.contracts), "the number of purchases")
    for order, contract in zip(sorted(bought), installation.contracts):
        expected = NOTICES[contract]
        found = [one.type.removeprefix("instance.") for one in product.of_order(order)]
        check_equal(found, expected, f"the list of notices of {order}")
    kinds = {one.type for one in product.notices}
    for kind in ("tenant.put", "tenant.deleted", "application.put", "application.deleted", "users.put",
                 "users.deleted", "users.revoked", "department.put", "departments.replaced"):
        check(kind in kinds, f"the product received {kind}")
    product.check_once_and_in_order()


def late_access(installation):
    """The product accepts a purchase, and sends the access data later."""
    for contract, line in (("v1", []), ("v2", ["orderLineId=line-1"])):
        order = new_order(f"LATE{contract}")
        installation.product.moods[order] = later
        buy = ["newInstance", f"orderId={order}", "productId=P1", "customerId=C1", *line]
        first = installation.marketplace.send(contract, *buy)
        check_equal(first["resultCode"], "000004", f"{contract}: the code while the product works")
        instance = first["instanceId"]
        check_equal(report_access(installation, instance, WRONG_SECRET), 401, "the status of a wrong secret")
        check_equal(report_access(installation, instance, SECRET), 200, "the status of the access data")
        again = installation.marketplace.send(contract, *buy)
        check_equal((again["resultCode"], again["instanceId"]), ("000000", instance), f"{contract}: the repeat")
        check_readable(installation, contract, instance)
        found = [one.type for one in installation.product.of_order(order)]
        check_equal(found, ["instance.created"], f"{contract}: the list of notices")


def wrong_signatures(installation):
    """Each contract and each interface rejects them with its code, and nothing reaches the product."""
    before = len(installation.product.notices)
    wrong = {"KOOHOOK_BASE_KEY": BASE_KEY[::-1], "KOOHOOK_KIT_KEY": KIT_KEY[::-1]}
    purchase = ["newInstance", f"orderId={new_order('WRONG')}", "orderLineId=line-1", "productId=P1"]
    tenant = ["tenantSync", "instanceId=i1", "tenantId=t1", "tenantCode=c", "name=made up",
              "domainName=https://made-up.example.com", "flag=1"]
    for contract in ("v1", "v2"):
        for call in (purchase, tenant):
            answer = installation.marketplace.send(contract, *call, **wrong)
            check_equal(answer["resultCode"], "000001", f"{contract} {call[0]}: the code of a wrong signature")
    check_equal(report_usage(installation, [], WRONG_SECRET)[0], 401, "the status of a wrong secret")
    check_equal(len(installation.product.notices), before, "the number of notices")


def oldest_processor(installation):
    """A processor without AVX and SSE 4 carries out a purchase, and decrypts a client secret."""
    for name in ("receive", "application-sync"):
        installation.platform.start(name, OLDEST_PROCESSOR)
    order = new_order("OLDEST")
    instance = installation.marketplace.send("v2", "newInstance", f"orderId={order}", "orderLineId=line-1")
    check_equal(instance["resultCode"], "000000", "the code of a purchase")
    application = ["tenantId=t1", "appId=a1", "clientId=c1", "flag=1", f"instanceId={instance['instanceId']}"]
    answer = installation.marketplace.send("v2", "applicationSync", *application)
    check_equal(answer["resultCode"], "000000", "the code of applicationSync")
    check_equal([one.data.get("clientSecret") for one in installation.product.notices
                 if one.type == "application.put" and one.data["clientId"] == "c1"],
                ["made-up-client-secret"], "the client secret that the product received")
    for emulated in installation.platform.instances[-2:]:
        installation.platform.retire(emulated)


def usage(installation):
    """The product reports a window (话单). The relay sends it to the marketplace, signed, once."""
    order = new_order("USED")
    buy = ["newInstance", f"orderId={order}", "orderLineId=line-1"]
    instance = installation.marketplace.send("v2", *buy)["instanceId"]
    now = int(time.time())
    begin, end = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + at)) for at in (0, 2))
    record = {"recordId": "r1", "instanceId": instance, "beginTime": begin, "endTime": end, "value": "1.5"}
    for expected in ("accepted", "repeated"):
        status, answer = report_usage(installation, [record], SECRET)
        check_equal((status, answer["records"]), (200, [{"recordId": "r1", "status": expected}]), "the answer")
    relay = installation.start_relay(**AN_HOUR_LATER)
    relay.fire()
    relay.fire()
    interface = installation.servers.usage
    found = [(one["instance_id"], one["usage_value"]) for one in interface.records]
    check_equal((found, interface.rejected), ([(instance, "1.5")], 0), "what the marketplace received")


def check_readable(installation, contract, instance):
    answer = installation.marketplace.send(contract, "queryInstance", f"instanceId={instance}")
    check_equal(answer["resultCode"], "000000", f"{contract}: the code of queryInstance")
    address = answer["info"][0]["appInfo"]["frontEndUrl"]
    check_equal(address, access(instance)["frontEndUrl"], f"{contract}: the buyer's address")


def report_access(installation, instance, secret):
    data = {"instanceId": instance, "appInfo": access(instance)}
    body = json.dumps({"type": "instance.access", "data": data}).encode()
    target = f"/instances/{instance}/app-info"
    request = Request("PUT", target, webhook.headers(secret, body), body)
    return installation.gateway.ask(request)[0]


def report_usage(installation, records, secret):
    body = json.dumps({"records": records}).encode()
    status, answer = installation.gateway.ask(Request("POST", "/usage", webhook.headers(secret, body), body))
    return status, json.loads(answer)


def new_order(name):
    return f"CS{time.time_ns()}{name}"
