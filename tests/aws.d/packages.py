"""deploy/aws/with-packages writes a template that names finished packages. It refuses what Lambda could not start."""

import json
import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

from reading import FUNCTION, binary_of, need, template

# What `koohook package` makes, and one function with a single activity.
MADE = ["receive", "relay", "app-info", "usage", "tenant-sync", "application-sync", "auth-sync", "single-org-sync",
        "all-org-sync", "new-instance"]
# Each would end a text of YAML without quotes, or change it.
FOLDERS = ["plain", "ha #sh", "co: lon", "it's \"quoted\"", "back\\slash", "[list]", "包裹 📦"]
ADVICE = "; run koohook package --target lambda"
FOR_LAMBDA = {"components": [{"name": "domain"}, {"name": "lambda_runtime"}]}
FOR_FUNCTIONGRAPH = {"components": [{"name": "domain"}, {"name": "hyper"}]}


def package(bill=FOR_LAMBDA, program="bootstrap", mode=0o755):
    """The bytes of a package. Its members are not compressed."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w") as archive:
            if program:
                member = zipfile.ZipInfo(program)
                member.external_attr = mode << 16
                archive.writestr(member, "made-up program")
            if bill is not None:
                archive.writestr("sbom.cdx.json", bill if isinstance(bill, str) else json.dumps(bill))
        file.seek(0)
        return file.read()


# Packages that are refused, and a part of the message.
WRONG = {
    "an empty file": (b"", "is not a ZIP file"),
    "another file": (b"made-up program", "is not a ZIP file"),
    "a package that was cut": (package()[:-30], "is not a ZIP file"),
    "a damaged package": (package().replace(b"made-up program", b"made-up pro~ram"), "is damaged"),
    "a ZIP file without members": (package(bill=None, program=None), "has no bootstrap"),
    "no program": (package(program=None), "has no bootstrap"),
    "a program in a folder": (package(program="receive/bootstrap"), "has no bootstrap"),
    "a program that is not executable": (package(mode=0o644), "has a bootstrap that is not executable"),
    "a program that only its owner may execute": (package(mode=0o744), "has a bootstrap that is not executable"),
    "a program without a mode": (package(mode=0), "has a bootstrap that is not executable"),
    "no list of components": (package(bill=None), "has no sbom.cdx.json"),
    "a list that is not JSON": (package(bill="{"), "has an sbom.cdx.json that cannot be read"),
    "a list without components": (package(bill={}), "is not a package for AWS Lambda"),
    "a list of another form": (package(bill=[{"components": 1}]), "has an sbom.cdx.json that cannot be read"),
    "a package for FunctionGraph": (package(bill=FOR_FUNCTIONGRAPH), "is not a package for AWS Lambda"),
}
WRONG_ARGUMENTS = [
    (["dist/lambda", "more"], "'more' is one argument too many"),
    (["--fold"], "'--fold' is not an option"),
    ([""], "the name of the folder is empty"),
]


def check(root):
    with tempfile.TemporaryDirectory() as folder:
        for name in FOLDERS:
            made = Path(folder) / name
            make(made)
            ran = run(root, made)
            need(ran.returncode == 0, f"with-packages failed: {ran.stderr}")
            check_written(template(ran.stdout), made)
        check_refused(root, Path(folder) / "plain")
    check_arguments(root)


def make(folder):
    folder.mkdir()
    for name in MADE:
        (folder / f"{name}.zip").write_bytes(package())


def run(root, *arguments):
    return subprocess.run([root / "deploy/aws/with-packages", *arguments], capture_output=True, encoding="utf-8",
                          timeout=60, env={"PATH": os.environ["PATH"]})


def check_written(tree, folder):
    """Each function has its own package. A function without one has that of `receive`."""
    for key, resource in tree["Resources"].items():
        if resource["Type"] == FUNCTION:
            binary = binary_of(resource)
            wanted = folder / f"{binary if (folder / f'{binary}.zip').exists() else 'receive'}.zip"
            has = resource["Properties"]["CodeUri"]
            need(has == str(wanted), f"with-packages: {key} has {has!r}, not {str(wanted)!r}")


def check_refused(root, folder):
    """The message names the file, says what is wrong, and what to do."""
    path = folder / "relay.zip"
    for name, (data, reason) in WRONG.items():
        path.write_bytes(data)
        check_problem(f"with-packages: {name}", run(root, folder), f"with-packages: {path} {reason}", ADVICE)
    path.unlink()
    check_problem("with-packages: no relay.zip", run(root, folder), f"with-packages: {path} is missing", ADVICE)
    missing = folder / "none"
    check_problem("with-packages: no folder", run(root, missing), f"with-packages: {missing} is not a folder", ADVICE)


def check_problem(name, ran, reason, advice):
    fits = ran.stderr.startswith(reason) and advice in ran.stderr and ran.stderr.count("\n") == 1
    need(ran.returncode != 0 and fits, f"{name}: expected {reason!r}, it says {ran.stderr!r}")
    need(ran.stdout == "", f"{name}: prints a template")


def check_arguments(root):
    example = "deploy/aws/with-packages dist/lambda > packaged.yaml"
    for option in ("--help", "-h"):
        for arguments in ([option], ["dist/lambda", option]):
            ran = run(root, *arguments)
            need(ran.returncode == 0 and example in ran.stdout, f"with-packages {option}: prints no example")
    for arguments, reason in WRONG_ARGUMENTS:
        check_problem(f"with-packages {arguments}", run(root, *arguments), f"with-packages: {reason}", "see --help")
