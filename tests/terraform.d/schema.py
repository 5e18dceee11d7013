"""Checks each block against the list of the provider's arguments in tests/vectors/terraform-provider.json."""

import json

from planning import META
from reading import Problem

KINDS = {"string": str, "number": (int, float), "bool": bool, "list": (list, dict), "map": dict}


class Provider:
    """The provider's resources and data sources, as its documentation describes them."""

    def __init__(self, path):
        listed = json.loads(path.read_text())
        self.version = listed["version"]
        self.kinds = {"resource": listed["resource"], "data": listed["data"]}

    def described(self, sort, kind):
        if kind not in self.kinds[sort]:
            raise Problem(f"{sort} {kind}: the list of the provider's arguments does not have it")
        return self.kinds[sort][kind]

    def has(self, kind, attribute):
        """Whether another block may refer to this attribute."""
        both = [self.kinds[sort][kind] for sort in self.kinds if kind in self.kinds[sort]]
        places = ("required", "optional", "computed", "blocks")
        return any(attribute in described.get(place, {}) for described in both for place in places)


def check_blocks(configuration, provider):
    """Every block has its required arguments, and no other than the provider's."""
    for sort, blocks in (("resource", configuration.resources), ("data", configuration.data)):
        for (kind, _), block in blocks.items():
            check_block(block, provider.described(sort, kind), block.name)


def check_block(block, described, place):
    allowed = {**described.get("required", {}), **described.get("optional", {})}
    for name in set(block.attributes) - META:
        if name not in allowed:
            raise Problem(f"{place}: the provider has no argument {name}")
    for name in described.get("required", {}):
        if name not in block.attributes:
            raise Problem(f"{place}: the argument {name} is required")
    inner = [(inner.labels[0], inner.inside("content")[0]) if inner.kind == "dynamic" else (inner.kind, inner)
             for inner in block.blocks if inner.kind != "lifecycle"]
    known = described.get("blocks", {})
    for kind, one in inner:
        if kind not in known:
            raise Problem(f"{place}: the provider has no block {kind}")
        check_block(one, known[kind], f"{place}: {kind}")
    check_numbers([kind for kind, _ in inner], known, place)


def check_numbers(kinds, known, place):
    for kind, described in known.items():
        if kinds.count(kind) < described.get("least", 0):
            raise Problem(f"{place}: the block {kind} is required")


def check_values(plan):
    """Every value has the kind that the provider expects, and is one of those that it allows."""
    for key in plan.resources:
        for made in plan.of_kind(key[0]):
            described = plan.provider.described("resource", made.kind)
            values = described.get("values", {})
            check_kinds(made.values, described, values, "", made.name)
            for kind, inner in made.blocks:
                check_kinds(inner, described["blocks"][kind], values, f"{kind}.", f"{made.name}: {kind}")


def check_kinds(values, described, allowed, prefix, place):
    kinds = {**described.get("required", {}), **described.get("optional", {})}
    for name, value in values.items():
        if name in described.get("blocks", {}):
            for inner in value:
                check_kinds(inner, described["blocks"][name], allowed, f"{prefix}{name}.", f"{place}: {name}")
            continue
        fits = isinstance(value, KINDS[kinds[name]]) and (kinds[name] == "bool") == isinstance(value, bool)
        if not fits:
            raise Problem(f"{place}: {name} must be a {kinds[name]}, not {value!r}")
        if value not in allowed.get(prefix + name, [value]):
            raise Problem(f"{place}: {name} must be one of {allowed[prefix + name]}, not {value!r}")
