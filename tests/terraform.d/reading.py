"""Reads Terraform's language with python-hcl2. Expressions stay syntax trees until they are evaluated."""

from dataclasses import dataclass, field
from functools import cache

import hcl2
from lark import Tree
from lark.exceptions import LarkError


class Problem(Exception):
    """What is wrong with the files. Its text says where."""


@dataclass
class Block:
    """A block: `resource "huaweicloud_vpc" "vpc" { … }` has the kind `resource` and two labels."""

    kind: str
    labels: list
    attributes: dict = field(default_factory=dict)
    blocks: list = field(default_factory=list)

    @property
    def name(self):
        return ".".join([self.kind, *self.labels])

    def inside(self, kind):
        """The blocks of a kind in this block."""
        return [block for block in self.blocks if block.kind == kind]

    def trees(self):
        """Every expression in this block and in its blocks."""
        yield from self.attributes.values()
        for block in self.blocks:
            yield from block.trees()


def parts(tree):
    """The children of a tree that mean something: no punctuation, line ends or comments."""
    return [child for child in tree.children if isinstance(child, Tree) and child.data != "new_line_or_comment"]


def text_of(tree):
    """The text of an identifier, a keyword, or a string without interpolation."""
    if tree.data == "string":
        return "".join(str(part.children[0]) for part in parts(tree))
    return str(tree.children[0])


@cache
def read(file, text):
    """A file as one block with what it contains."""
    try:
        (body,) = parts(hcl2.parses_to_tree(text))
    except LarkError as error:
        raise Problem(f"{file} is no Terraform: {error}") from error
    return fill(Block(file, []), body)


def read_values(file, text):
    """The values of a `.tfvars` file. They are still expressions."""
    return read(file, text).attributes


def fill(block, body):
    for part in parts(body):
        if part.data == "attribute":
            name, expression = parts(part)
            add_attribute(block, text_of(name), expression)
        else:
            *words, inner = parts(part)
            kind, *labels = [text_of(word) for word in words]
            block.blocks.append(fill(Block(kind, labels), inner))
    return block


def add_attribute(block, name, expression):
    if name in block.attributes:
        raise Problem(f"{block.name}: {name} is set twice")
    block.attributes[name] = expression


class Configuration:
    """The files of a folder, by what they declare."""

    def __init__(self, files):
        self.files = files
        self.blocks = [block for file, text in sorted(files.items()) for block in read(file, text).blocks]
        self.resources = self.declared("resource", 2)
        self.data = self.declared("data", 2)
        self.variables = self.declared("variable", 1)
        self.outputs = self.declared("output", 1)
        self.locals = self.all_locals()

    def declared(self, kind, labels):
        found = {}
        for block in self.blocks:
            if block.kind != kind:
                continue
            if len(block.labels) != labels:
                raise Problem(f"{block.name}: must have {labels} labels")
            key = block.labels[0] if labels == 1 else tuple(block.labels)
            if key in found:
                raise Problem(f"{block.name}: is declared twice")
            found[key] = block
        return found

    def all_locals(self):
        found = {}
        for block in self.blocks:
            for name, tree in block.attributes.items() if block.kind == "locals" else []:
                if name in found:
                    raise Problem(f"local.{name}: is declared twice")
                found[name] = tree
        return found
