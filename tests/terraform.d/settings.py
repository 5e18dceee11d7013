"""Who gets which setting: as the deploy page says, no secret to a function that does not need it, and within
FunctionGraph's limits."""

import json
from urllib.parse import quote_plus

import pages
from reading import Problem

# FunctionGraph's limits.
PLAIN_CHARACTERS = 4096
SECRET_BYTES = 4096
SECRETS = 20
# Where a secret may be. Everywhere else the console, an output or a name would show it.
HIDDEN = {
    ("huaweicloud_fgs_function", "encrypted_user_data"),
    ("huaweicloud_dcs_instance", "password"),
    ("huaweicloud_smn_subscription", "endpoint"),
    ("huaweicloud_smn_subscription", "sign_secret"),
}
# Settings that are secrets, and those that contain one.
SECRET_ENDS = ("_KEY", "_KEY_PREVIOUS", "_SECRET", "_AK", "_SK", "_STORE", "_APP_INFO", "_ALARM_URL")

# Secrets that these functions need only in some installations.
NEEDED_IF = [
    ("KOOHOOK_BASE_KEY", ["relay"], lambda values: values.get("pay_per_use")),
    ("KOOHOOK_APP_INFO", pages.KIT, lambda values: not values.get("product_url")),
]


def given(plan):
    """For each function its plain settings and its secrets."""
    found = {}
    for made in plan.of_kind("huaweicloud_fgs_function"):
        plain = json.loads(made["user_data"])
        secrets = json.loads(made["encrypted_user_data"])
        check_sizes(made, plain, secrets)
        found[made.key] = (plain, secrets)
    return found


def check_sizes(made, plain, secrets):
    characters = sum(len(name) + len(value) for name, value in plain.items())
    if max(characters, len(made["user_data"])) > PLAIN_CHARACTERS:
        raise Problem(f"{made.name}: the plain settings have more than {PLAIN_CHARACTERS} characters")
    size = len(made["encrypted_user_data"].encode())
    if size >= SECRET_BYTES or len(secrets) > SECRETS:
        raise Problem(f"{made.name}: {len(secrets)} secrets have {size} bytes; {SECRET_BYTES} are too many")
    # It is not documented whether both count together.
    if characters + size >= SECRET_BYTES:
        raise Problem(f"{made.name}: settings and secrets together have {characters + size} bytes")


def check(plans):
    """Compares what the functions get in all installations with the tables of both pages."""
    got = {}
    for plan in plans.values():
        for function, (plain, secrets) in given(plan).items():
            check_kinds(function, plain, secrets)
            check_conditions(function, secrets, plan.given)
            for name in (set(plain) | set(secrets)) - set(plan.given.get("settings", {})):
                got.setdefault(name, set()).add(function)
    check_names(got)
    for page in pages.DEPLOY:
        compare(page, pages.receivers(page), got)


def check_kinds(function, plain, secrets):
    for name, value in plain.items():
        if name.endswith(SECRET_ENDS):
            raise Problem(f"{function}: {name} is a secret; give it in encrypted_user_data")
    for name, value in {**plain, **secrets}.items():
        if not isinstance(value, str) or not value:
            raise Problem(f"{function}: {name} is empty; koohook rejects empty settings")


def check_conditions(function, secrets, given_values):
    for name in secrets:
        for begin, functions, is_needed in NEEDED_IF:
            if name.startswith(begin) and function in functions and not is_needed(given_values):
                raise Problem(f"{function}: does not need {name} here")


def check_names(got):
    known = pages.settings()
    for name in got:
        if name not in known and name.removesuffix("_FILE") not in known:
            raise Problem(f"{name} is not in docs/configuration.md")


def compare(page, wanted, got):
    for name in sorted(set(wanted) | set(got)):
        if wanted.get(name, set()) != got.get(name, set()):
            raise Problem(f"{name}: {page} says {sorted(wanted.get(name, []))}, and the functions that get it are "
                          f"{sorted(got.get(name, []))}")


def check_hidden(plan, configuration):
    """No secret is anywhere but in its place, and Terraform prints none."""
    secrets = [value for name, value in plan.given.items()
               if value and "sensitive" in configuration.variables[name].attributes]
    # An address has them percent-encoded.
    secrets += [quote_plus(secret) for secret in secrets]
    for kind in {kind for kind, _ in plan.resources}:
        for made in plan.of_kind(kind):
            for name, value in leaves(made):
                shown = [secret for secret in secrets if secret in json.dumps(value)]
                if shown and (kind, name) not in HIDDEN:
                    raise Problem(f"{made.name}: {name} shows a secret")
    for name, value in plan.outputs.items():
        if any(secret in json.dumps(value) for secret in secrets):
            raise Problem(f"output.{name} shows a secret")


def leaves(made):
    yield from made.values.items()
    for _, values in made.blocks:
        yield from values.items()
