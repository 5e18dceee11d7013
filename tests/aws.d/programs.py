"""The functions: which exist, from which program, with which limits."""

from reading import FUNCTION, binaries, binary_of, need

KIT = {"tenant-sync", "application-sync", "auth-sync", "single-org-sync", "all-org-sync"}
ALWAYS = {"receive", "relay"}
PRODUCT = {"app-info"}
USAGE = {"usage"}
# koohook answers within 4 seconds, app-info within 10 and usage within 20.
TIMEOUTS = {"app-info": 12, "usage": 22, "relay": 50}


def check_template(template):
    """The builder makes each program from the package of the functions."""
    built = []
    for key, resource in template["Resources"].items():
        if resource["Type"] == FUNCTION:
            built.append(binary_of(resource))
            need(resource["Metadata"]["BuildMethod"] == "rust-cargolambda", f"{key}: has another builder")
            need(resource["Properties"]["CodeUri"] == "functions", f"{key}: must be built in functions")
    need(sorted(built) == sorted(binaries()), f"the programs differ: {sorted(set(built) ^ binaries())}")


def wanted(given):
    found = set(ALWAYS)
    found |= PRODUCT if given["ProductUrl"] else set()
    found |= USAGE if given["PayPerUse"] == "true" else set()
    found |= KIT if given["Kit"] == "true" else set()
    if given["SingleActivityFunctions"] == "true":
        found |= binaries() - ALWAYS - PRODUCT - USAGE - KIT
    return found


def check(installation):
    given, here = installation.parameters, set(installation.functions.values())
    need(here == wanted(given), f"{installation.name}: these functions are wrong: {sorted(here ^ wanted(given))}")
    for key, binary in installation.functions.items():
        check_function(installation, key, binary)
    check_timer(installation)


def check_function(installation, key, binary):
    values, given = installation.properties(key), installation.parameters
    need(values["FunctionName"] == f"koohook-{binary}", f"{key}: has another name than its program")
    need((values["Runtime"], values["Handler"]) == ("provided.al2023", "bootstrap"), f"{key}: does not start")
    need(values["Architectures"] == [given["Architecture"]], f"{key}: has another processor")
    need(values["MemorySize"] == given["MemorySize"], f"{key}: has other memory")
    need(values["Timeout"] == TIMEOUTS.get(binary, 6), f"{key}: has another timeout")
    reserved = given["ReservedConcurrency"] or None
    need(values.get("ReservedConcurrentExecutions") == (None if binary == "relay" else reserved),
         f"{key}: reserves other concurrency")


def check_timer(installation):
    key, rule = installation.one("AWS::Events::Rule", lambda it: True, "timer of the relay")
    need(rule["ScheduleExpression"] == "rate(1 minute)" and rule["State"] == installation.parameters["RelayTimer"],
         f"{key}: does not start the relay each minute")
    relay = next(key for key, binary in installation.functions.items() if binary == "relay")
    need([target["Arn"] for target in rule["Targets"]] == [f"<{relay}.Arn>"], f"{key}: starts another function")
    installation.one("AWS::Lambda::Permission",
                     lambda it: it["Principal"] == "events.amazonaws.com" and it["FunctionName"] == f"<{relay}>",
                     "permission of the timer")
