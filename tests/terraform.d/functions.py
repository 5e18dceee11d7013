"""The functions of Terraform's language that the files use, with the results that Terraform's documentation
gives."""

import hashlib
import ipaddress
import json
import math
import re
import urllib.parse

from reading import Problem


def to_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Problem(f"{type(value).__name__} in a text")


def jsonencode(value):
    """Terraform sorts the names, and escapes three characters that HTML reads."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def merge(*maps):
    return {name: value for one in maps for name, value in one.items()}


def cidrsubnet(prefix, bits, number):
    network = ipaddress.ip_network(prefix)
    size = network.prefixlen + bits
    first = int(network.network_address) + (number << (32 - size))
    return f"{ipaddress.ip_address(first)}/{size}"


def cidrhost(prefix, number):
    return str(ipaddress.ip_network(prefix)[number])


def regex(pattern, text):
    found = re.search(pattern, text)
    if found is None:
        raise Problem(f"no match of {pattern}")
    return found.group()


def md5(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


FUNCTIONS = {
    "alltrue": all,
    "anytrue": any,
    "ceil": math.ceil,
    "cidrhost": cidrhost,
    "cidrsubnet": cidrsubnet,
    "concat": lambda *lists: [item for one in lists for item in one],
    "contains": lambda items, item: item in items,
    # The files are not read here: their names stand for them.
    "file": lambda path: f"the text of {path}",
    "filebase64": lambda path: f"the bytes of {path}",
    "join": lambda mark, items: mark.join(items),
    "jsonencode": jsonencode,
    "keys": sorted,
    "length": len,
    "md5": md5,
    "merge": merge,
    "nonsensitive": lambda value: value,
    "regex": regex,
    "replace": lambda text, old, new: text.replace(old, new),
    "slice": lambda items, start, end: items[start:end],
    "strcontains": lambda text, part: part in text,
    "toset": lambda items: {item: item for item in items},
    "tostring": to_text,
    "urlencode": lambda text: urllib.parse.quote_plus(text, safe="~"),
}
