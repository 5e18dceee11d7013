"""Values that a parameter must accept, and values that it must refuse: every function would refuse them at its start."""

from installing import check_value
from reading import Problem, need, reserved_paths

# As the program reads KOOHOOK_BASE_PATH: shared/shell/src/config/callbacks.rs.
BASE_PATHS = ["/saasproduce", "/a/b", "/a.b/~c_d-e", "/usage2", "/a/usage", "/healthz/a", "/instances2", "/a/instances/b",
              "/Usage", "/.a", "/..a", "/a..", "/..."]
WRONG_BASE_PATHS = ["", "/", "saasproduce", "/saasproduce/", "//", "/a//b", "/.", "/..", "/./a", "/../a", "/a/.", "/a/..",
                    "/a/./b", "/a/../b", "/a?b", "/a#b", "/a b", "/中", "https://seller.example.com/saasproduce"]


def check_template(template):
    declared = template["Parameters"]
    for name, parameter in declared.items():
        # CloudFormation says the name of the parameter, and then this. Without it, it shows the pattern.
        told = parameter.get("ConstraintDescription", "")
        need("AllowedPattern" not in parameter or told.startswith("must "), f"parameter {name}: say what it must be")
    check_base_path(declared["BasePath"])


def check_base_path(parameter):
    for path in BASE_PATHS:
        check_accepted("BasePath", parameter, path)
    own, with_all_below = reserved_paths()
    for path in [*WRONG_BASE_PATHS, *own, with_all_below, f"{with_all_below}/a", f"{with_all_below}/a/b"]:
        check_refused("BasePath", parameter, path)
    for path in [*own, with_all_below]:
        need(path in parameter["ConstraintDescription"], f"parameter BasePath: does not say that koohook uses {path}")


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
