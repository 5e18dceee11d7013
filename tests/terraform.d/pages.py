"""The tables of the pages that the Terraform files must agree with."""

import re
from pathlib import Path

from reading import Problem

ROOT = Path(__file__).resolve().parent.parent.parent
# The deploy page, and its words for groups of functions.
DEPLOY = {
    "docs/deploy/functiongraph.md": {"every function": "all", "the kit functions": "kit"},
    "docs/deploy/functiongraph.zh-CN.md": {"全部函数": "all", "Kit 的各函数": "kit"},
}
KIT = ["tenant-sync", "application-sync", "auth-sync", "single-org-sync", "all-org-sync"]
ALL = ["receive", "app-info", "usage", "relay", *KIT]
CODE = re.compile("`([^`]+)`")


def text(page):
    return (ROOT / page).read_text()


def rows(page):
    """The cells of every row of every table of a page."""
    lines = [line for line in text(page).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def functions(cell, groups):
    """The functions that a cell names."""
    named = set(CODE.findall(cell)) & set(ALL)
    for words, group in groups.items():
        if words in cell:
            named |= set(ALL if group == "all" else KIT)
    return named


def receivers(page):
    """Which functions get a setting, by the table of a deploy page."""
    found = {}
    for cells in rows(page):
        for setting in re.findall("`(KOOHOOK_[A-Z0-9_]+)`", cells[0]):
            found[setting] = functions(cells[1], DEPLOY[page])
    if not found:
        raise Problem(f"{page}: has no table of settings")
    return found


def sizes(page):
    """Timeout in seconds, memory in MB, calls of an instance, and instances of each function, by the same page."""
    found = {}
    for cells in rows(page):
        numbers = [re.match(r"(\d+)(?: |$)", cell) for cell in cells[1:5]]
        if len(numbers) == 4 and all(numbers):
            for function in functions(cells[0], DEPLOY[page]):
                found[function] = tuple(int(number.group(1)) for number in numbers)
    return found


def settings():
    """Every setting of docs/configuration.md."""
    return set(re.findall("`(KOOHOOK_[A-Z0-9_]+)`", text("docs/configuration.md")))


def kit_calls():
    """Function and path of each call of the kit, by the table of the README."""
    found = {}
    for cells in rows("README.md"):
        function = cells[0].strip("`")
        if function in KIT:
            v1, v2 = (CODE.findall(cell)[0] for cell in cells[1:3])
            found[function] = [f"/produceAPI/{v1}", f"/produceAPI/v2/{v2}"]
    return found
