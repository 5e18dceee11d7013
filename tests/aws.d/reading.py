"""Reads the template, and the project's own lists that it must agree with."""

import re
import tomllib
from pathlib import Path

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ("docs/deploy/aws.md", "docs/deploy/aws.zh-CN.md")
FUNCTION = "AWS::Serverless::Function"
CODE = re.compile("`([^`]+)`")


class Loader(yaml.CSafeLoader):
    """The faster reader of YAML, with the short forms of functions."""


Loader.add_multi_constructor("!", intrinsics_multi_constructor)


class Problem(Exception):
    """What is wrong with the template."""


def need(fits, problem):
    if not fits:
        raise Problem(problem)


def template(text):
    """The template, with the short forms of functions written out: `!Ref A` as `{"Ref": "A"}`."""
    return yaml.load(text, Loader)


def binaries():
    return {path.stem for path in (ROOT / "functions/src/bin").glob("*.rs")}


def binary_of(resource):
    return resource["Metadata"]["BuildProperties"]["Binary"]


def settings():
    """Every setting of koohook."""
    return set(texts("names.rs", "VARIABLES"))


def reserved_paths():
    """The paths that koohook uses itself, and one that it uses with everything below it."""
    below = re.search(r'const INSTANCES: &str = "([^"]+)";', config("callbacks.rs"))
    need(below, "callbacks.rs: INSTANCES cannot be read")
    return texts("callbacks.rs", "RESERVED"), below.group(1)


def texts(name, constant):
    """The texts of a constant of the program's configuration."""
    listed = re.search(rf"const {constant}: \[&str; (\d+)\] = \[(.*?)\]", config(name), re.DOTALL)
    found = re.findall('"([^"]+)"', listed.group(2)) if listed else []
    need(listed and len(found) == int(listed.group(1)), f"{name}: {constant} cannot be read")
    return found


def config(name):
    return (ROOT / "shared/shell/src/config" / name).read_text()


def paths():
    """The function of each path, as the emulator's router has it."""
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    return manifest["workspace"]["metadata"]["lambda"]["watch"]["router"]


def product_routes():
    """The routes of the product's calls, as the README has them: `PUT /usage` and its function."""
    rows = [cells for cells in table_rows("README.md") if len(cells) == 4 and cells[1] == "–" and cells[2] == "–"]
    return {route: CODE.findall(cells[0])[0] for cells in rows for route in CODE.findall(cells[3]) if " /" in route}


def metrics():
    """The metrics that CloudWatch gets, each with its dimensions, as docs/metrics.md has them."""
    rows = [cells for cells in table_rows("docs/metrics.md") if cells[0].startswith("`koohook_") and cells[3] != "–"]
    return {CODE.findall(cells[0])[0]: CODE.findall(cells[3]) for cells in rows}


def page(name):
    return (ROOT / name).read_text()


def table_rows(name):
    """The cells of every row of every table of a page."""
    lines = [line for line in page(name).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
