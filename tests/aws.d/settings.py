"""Who gets which setting, and where secrets are."""

import json
import re

from reading import CODE, PAGES, Problem, need, settings, table_rows

# The settings that the template does not have. Both pages give the reasons.
NOT_HERE = {
    "KOOHOOK_ENCRYPT_TYPE", "KOOHOOK_LISTEN", "KOOHOOK_MAX_CONNECTIONS", "KOOHOOK_METRICS_LISTEN",
    "KOOHOOK_METRICS_SECRET", "KOOHOOK_PRODUCT_HTTP", "KOOHOOK_RELAY_SECRET", "KOOHOOK_V1_DEADLINE_MILLIS",
}
# Ends of the names of parameters that are secrets, and names that have no such end.
SECRET_ENDS = ("Key", "KeyPrevious", "Secret", "Ak", "Sk")
OTHER_SECRETS = {"AppInfo", "AlarmUrl"}
# Lambda's limit for all variables of a function.
ENVIRONMENT_BYTES = 4096
KIT = {"tenant-sync", "application-sync", "auth-sync", "single-org-sync", "all-org-sync"}
PRODUCT = {"receive", "relay", "app-info", "usage"}
SINGLE = {"new-instance", "refresh-instance", "expire-instance", "update-instance-status", "upgrade-instance",
          "release-instance", "query-instance", "change-instance-check"}
GROUPS = {
    "every function": KIT | PRODUCT | SINGLE, "the kit functions": KIT, "the single activities": SINGLE,
    "全部函数": KIT | PRODUCT | SINGLE, "Kit 的各函数": KIT, "单个 activity 的函数": SINGLE,
}
# Settings that some functions need only in some installations.
NEEDED_IF = [
    ("KOOHOOK_BASE_KEY", {"relay"}, lambda given: given["PayPerUse"] == "true"),
    ("KOOHOOK_APP_INFO", KIT, lambda given: not given["ProductUrl"]),
]


def check_template(template):
    text = json.dumps({name: part for name, part in template.items() if name != "Parameters"})
    for name, parameter in template["Parameters"].items():
        need(parameter.get("Description"), f"parameter {name}: needs a description")
        used = f'{{"Ref": "{name}"}}' in text or f"${{{name}}}" in text
        need(used, f"parameter {name}: nothing uses it")
        is_secret = name.endswith(SECRET_ENDS) or name in OTHER_SECRETS
        need(is_secret == bool(parameter.get("NoEcho")), f"parameter {name}: a secret, and only a secret, has NoEcho")
        need(not (is_secret and parameter.get("Default")), f"parameter {name}: a secret must have no default")
    required = {name for name, parameter in template["Parameters"].items() if "Default" not in parameter}
    need(required == {"BaseKey", "SealKey"}, f"these parameters are required: {sorted(required)}")


def check(installations):
    """Compares what the functions get in all installations with the tables of both pages."""
    got = {}
    for installation in installations:
        for key, binary in installation.functions.items():
            for name, value in check_environment(installation, key).items():
                check_value(installation, binary, name, value)
                got.setdefault(name, set()).add(binary)
        check_hidden(installation)
    check_names(set(got))
    for page in PAGES:
        compare(page, receivers(page), got)


def check_environment(installation, key):
    variables = installation.environment(key)
    size = sum(len(name) + len(str(value).encode()) for name, value in variables.items())
    need(size <= ENVIRONMENT_BYTES, f"{installation.name}: {key}: the settings have {size} bytes")
    return variables


def check_value(installation, binary, name, value):
    need(str(value).strip() != "", f"{binary}: {name} is empty; koohook rejects empty settings")
    for begin, functions, is_needed in NEEDED_IF:
        if name.startswith(begin) and binary in functions:
            need(is_needed(installation.parameters), f"{installation.name}: {binary}: does not need {name}")


def check_hidden(installation):
    """No value of a secret is anywhere but in the variables of functions."""
    secrets = [value for name, value in installation.given.items()
               if (name.endswith(SECRET_ENDS) or name in OTHER_SECRETS) and not value.startswith("aws-secret:")]
    for key, resource in installation.resources.items():
        shown = json.dumps({name: value for name, value in resource["Properties"].items() if name != "Environment"})
        need(not any(json.dumps(secret)[1:-1] in shown for secret in secrets), f"{key}: shows a secret")
    shown = json.dumps(installation.outputs)
    need(not any(secret in shown for secret in secrets), "an output shows a secret")


def check_names(got):
    unknown = got - settings()
    need(not unknown, f"koohook does not know the settings {sorted(unknown)}")
    missing = settings() - got - NOT_HERE
    need(not missing, f"the template does not have {sorted(missing)}, and no reason says why")
    need(not NOT_HERE & got, f"the template has {sorted(NOT_HERE & got)}, and a reason says why not")
    for page in PAGES:
        reasons = {name for cells in table_rows(page) for name in re.findall("`(KOOHOOK_[A-Z0-9_]+)`", cells[0])
                   if len(cells) == 2 and not functions(cells[1])}
        need(reasons == NOT_HERE, f"{page}: gives other reasons: {sorted(reasons ^ NOT_HERE)}")


def functions(cell):
    """The functions that a cell names."""
    named = set(CODE.findall(cell)) & GROUPS["every function"]
    for words, group in GROUPS.items():
        named |= group if words in cell else set()
    return named


def receivers(page):
    found = {}
    for cells in table_rows(page):
        for name in re.findall("`(KOOHOOK_[A-Z0-9_]+)`", cells[0]):
            if len(cells) == 2 and functions(cells[1]):
                found[name] = functions(cells[1])
    return found


def compare(page, wanted, got):
    for name in sorted(set(wanted) | set(got)):
        says, gets = sorted(wanted.get(name, [])), sorted(got.get(name, []))
        if says != gets:
            raise Problem(f"{name}: {page} says {says}, and the functions that get it are {gets}")
