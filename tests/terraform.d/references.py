"""Every name that the files use is declared, and every variable that they declare is used."""

from lark import Tree

from reading import Problem, parts, text_of

# First words that Terraform itself gives a meaning.
BUILT_IN = {"each", "path", "terraform", "self"}


def chain(tree):
    """The words of `a.b["c"].d`, without what is in brackets; None if it is no such chain."""
    if tree.data == "expr_term":
        inner = parts(tree)
        return chain(inner[0]) if len(inner) == 1 else None
    if tree.data == "identifier":
        return [text_of(tree)]
    if tree.data == "get_attr_expr_term":
        value, name = parts(tree)
        begin = chain(value)
        return begin and begin + [text_of(parts(name)[0])]
    if tree.data == "index_expr_term":
        return chain(parts(tree)[0])
    return None


def chains(tree, own=frozenset()):
    """Every longest chain in an expression, with the names that a `for` around it declares."""
    if tree.data in ("for_object_expr", "for_tuple_expr"):
        *variables, _ = parts(parts(tree)[0])
        own = own | {text_of(variable) for variable in variables}
    words = chain(tree) if tree.data in ("get_attr_expr_term", "index_expr_term", "expr_term") else None
    if words:
        yield words, own
        yield from in_brackets(tree, own)
        return
    for child in tree.children:
        if isinstance(child, Tree) and child.data not in ("for_intro", "object_elem_key", "function_call"):
            yield from chains(child, own)
        elif isinstance(child, Tree):
            yield from within(child, own)


def within(tree, own):
    """In a call the first word is a function. In an object a bare key is a text. A `for` declares its words."""
    inner = parts(tree)
    if tree.data == "object_elem_key":
        inner = [] if chain(inner[0]) else inner
    else:
        inner = [part for part in inner if part.data != "identifier"]
    for part in inner:
        yield from chains(part, own)


def in_brackets(tree, own):
    for child in tree.children:
        if isinstance(child, Tree) and child.data == "braces_index":
            yield from chains(parts(child)[0], own)
        elif isinstance(child, Tree):
            yield from in_brackets(child, own)


def check(configuration, provider):
    used = set()
    for block in configuration.blocks:
        if block.kind not in ("variable", "terraform"):
            check_block(block, configuration, provider, used, frozenset())
        for rule in block.inside("validation") if block.kind == "variable" else []:
            check_block(rule, configuration, provider, set(), frozenset())
    unused = set(configuration.variables) - used
    if unused:
        raise Problem(f"no file uses the variables {sorted(unused)}")


def check_block(block, configuration, provider, used, own):
    for tree in block.attributes.values():
        for words, declared in chains(tree):
            check_chain(words, declared | own, configuration, provider, used, block.name)
    for inner in block.blocks:
        if inner.kind == "lifecycle":
            for rule in inner.inside("precondition"):
                check_block(rule, configuration, provider, used, own)
        else:
            iterator = set(inner.labels) if inner.kind == "dynamic" else set()
            check_block(inner, configuration, provider, used, own | iterator)


def check_chain(words, own, configuration, provider, used, place):
    first, *rest = words
    if first in own or first in BUILT_IN:
        return
    if first == "var":
        used.add(rest[0])
    tables = {"var": configuration.variables, "local": configuration.locals}
    if first in tables:
        if not rest or rest[0] not in tables[first]:
            raise Problem(f"{place}: {'.'.join(words[:2])} is not declared")
        return
    declared = configuration.data if first == "data" else configuration.resources
    kind, name, *attributes = (rest if first == "data" else words) + [""] * (3 - len(words))
    if (kind, name) not in declared:
        raise Problem(f"{place}: {'.'.join(words)} is not declared")
    if attributes and attributes[0] and not provider.has(kind, attributes[0]):
        raise Problem(f"{place}: {kind} has no attribute {attributes[0]}")
