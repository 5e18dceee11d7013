"""Values that a parameter must accept, and values that it must refuse: koohook would refuse them at its start."""

from installing import check_value
from reading import Problem, need, reserved_paths

# As the program reads KOOHOOK_BASE_PATH: shared/shell/src/config/callbacks.rs.
BASE_PATHS = ["/saasproduce", "/a/b", "/a.b/~c_d-e", "/usage2", "/a/usage", "/healthz/a", "/instances2",
              "/a/instances/b", "/Usage", "/.a", "/..a", "/a..", "/..."]
WRONG_BASE_PATHS = ["", "/", "saasproduce", "/saasproduce/", "//", "/a//b", "/.", "/..", "/./a", "/../a", "/a/.",
                    "/a/..", "/a/./b", "/a/../b", "/a?b", "/a#b", "/a b", "/中", "https://seller.example.com/saasproduce"]

# The least characters. The program says them of access keys (decision B6), and a seal key has 32 bytes in base64.
LEAST = {"BaseKey": 16, "BaseKeyPrevious": 16, "KitKey": 16, "KitKeyPrevious": 16, "SealKey": 40}
ARN = "arn:aws:secretsmanager:eu-test-1:111122223333:secret:koohook/key-aBcDeF"
NAMES = [f"aws-secret:{ARN}", f"aws-secret:{ARN}#member"]
# Such a text would be the key itself, although many can read it, or no function could read the secret.
WRONG_NAMES = [ARN, f"{ARN}#member", ARN.upper(), ARN.title(), f" {ARN}", f"AWS-SECRET:{ARN}",
               f"Aws-Secret:{ARN}#member", f" aws-secret:{ARN}", f"aws-secret: {ARN}", f"aws-secret:{ARN.upper()}",
               "aws-secret:koohook/a-long-name", f"aws-secret:aws-secret:{ARN}", f"aws-secret:{ARN} aws-secret:{ARN}"]
# Values that only look like names.
VALUES = ["arnica-" + "x" * 64, "aws-secrets-" + "x" * 64, f"xxxxxxxx-{ARN}"]


def check_template(template):
    declared = template["Parameters"]
    for name, parameter in declared.items():
        # CloudFormation says the name of the parameter, and then this. Without it, it shows the pattern.
        told = parameter.get("ConstraintDescription", "")
        need("AllowedPattern" not in parameter or told.startswith("must "), f"parameter {name}: say what it must be")
    check_base_path(declared["BasePath"])
    for name in named_secrets(template):
        check_secret(name, declared[name])


def named_secrets(template):
    """The parameters that may name a secret."""
    declared, conditions = template["Parameters"], template["Conditions"]
    found = {name for name in declared if f"{name}IsSecret" in conditions}
    hidden = {name for name, parameter in declared.items() if parameter.get("NoEcho")}
    need(hidden <= found, f"no condition says whether these name a secret: {sorted(hidden - found)}")
    return sorted(found)


def check_base_path(parameter):
    for path in BASE_PATHS:
        check_accepted("BasePath", parameter, path)
    own, with_all_below = reserved_paths()
    for path in [*WRONG_BASE_PATHS, *own, with_all_below, f"{with_all_below}/a", f"{with_all_below}/a/b"]:
        check_refused("BasePath", parameter, path)
    for path in [*own, with_all_below]:
        need(path in parameter["ConstraintDescription"], f"parameter BasePath: does not say that koohook uses {path}")


def check_secret(name, parameter):
    least = LEAST.get(name, 1)
    for value in [*NAMES, *VALUES, "x" * least, *([""] if "Default" in parameter else [])]:
        check_accepted(name, parameter, value)
    for value in [*WRONG_NAMES, *(["x" * (least - 1)] if name in LEAST else [])]:
        check_refused(name, parameter, value)
    need("write aws-secret:" in parameter["ConstraintDescription"], f"parameter {name}: does not say how to name one")


def check_accepted(name, parameter, value):
    try:
        check_value(name, parameter, value)
    except Problem as problem:
        raise Problem(f"parameter {name}: must accept {value!r}") from problem


def check_refused(name, parameter, value):
    try:
        check_value(name, parameter, value)
    except Problem:
        return
    raise Problem(f"parameter {name}: must refuse {value!r}")
