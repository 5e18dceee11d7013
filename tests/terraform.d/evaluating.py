"""Evaluates expressions of Terraform's language: what the files use of it, and no more."""

import operator
import textwrap

from functions import FUNCTIONS, to_text
from reading import Problem, parts, text_of

OPERATORS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le,
    ">=": operator.ge, "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "&&": lambda left, right: left and right, "||": lambda left, right: left or right,
}
LITERALS = {"true": True, "false": False, "null": None}
ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n", "\\t": "\t"}


def evaluate(tree, names):
    """The value of an expression. `names` gives a value to each first word: `var`, `local`, `each`, …"""
    try:
        return EVALUATORS[tree.data](tree, names)
    except KeyError as error:
        raise Problem(f"the checker does not know {error} in {tree.data}; teach it") from error


def term(tree, names):
    (inner,) = parts(tree)
    return evaluate(inner, names)


def identifier(tree, names):
    name = text_of(tree)
    if name not in names:
        raise Problem(f"{name} is not declared")
    return names[name]


def string(tree, names):
    return "".join(string_part(part.children[0], names) for part in parts(tree))


def string_part(part, names):
    if not hasattr(part, "data"):
        text = str(part)
        for escape, letter in ESCAPES.items():
            text = text.replace(escape, letter)
        return text
    return to_text(term(part, names))


def heredoc(tree, _):
    lines = str(tree.children[0]).rstrip("\n").split("\n")
    return textwrap.dedent("\n".join(lines[1:-1])) + "\n"


def element(tree, names):
    key, value = parts(tree)
    (key,) = parts(key)
    (inner,) = parts(key)
    name = text_of(inner) if inner.data == "identifier" else evaluate(inner, names)
    return name, evaluate(value, names)


def attribute(tree, names):
    value, name = parts(tree)
    return member(evaluate(value, names), text_of(parts(name)[0]))


def index(tree, names):
    value, key = parts(tree)
    return member(evaluate(value, names), term(key, names))


def member(value, key):
    """`value.key` or `value[key]`. Resources and the like know their members themselves."""
    try:
        return value[key]
    except (KeyError, IndexError, TypeError) as error:
        raise Problem(f"there is no {key} here") from error


def call(tree, names):
    name, *arguments = parts(tree)
    arguments = [argument for list_ in arguments for argument in parts(list_)]
    if text_of(name) == "can":
        return can(arguments[0], names)
    function = FUNCTIONS[text_of(name)]
    try:
        return function(*[evaluate(argument, names) for argument in arguments])
    except (AttributeError, TypeError, ValueError) as error:
        raise Problem(f"{text_of(name)}(…): {error}") from error


def can(tree, names):
    try:
        evaluate(tree, names)
    except Problem:
        return False
    return True


def conditional(tree, names):
    condition, yes, no = parts(tree)
    return evaluate(yes if evaluate(condition, names) else no, names)


def binary(tree, names):
    left, right = parts(tree)
    sign, right = parts(right)
    # Terraform evaluates both sides, too.
    return OPERATORS[text_of(sign)](evaluate(left, names), evaluate(right, names))


def unary(tree, names):
    (inner,) = parts(tree)
    value = evaluate(inner, names)
    return not value if str(tree.children[0]) == "!" else -value


def pairs(collection):
    """Keys and values in Terraform's order."""
    if isinstance(collection, list):
        return list(enumerate(collection))
    return [(key, collection[key]) for key in sorted(collection)]


def rounds(intro, conditions, names):
    """The names of each round of a `for`."""
    *variables, collection = parts(intro)
    variables = [text_of(variable) for variable in variables]
    for pair in pairs(evaluate(collection, names)):
        inner = {**names, **dict(zip(variables, pair[-len(variables):]))}
        if all(term(condition, inner) for condition in conditions):
            yield inner


def for_object(tree, names):
    intro, key, value, *conditions = parts(tree)
    return {evaluate(key, inner): evaluate(value, inner) for inner in rounds(intro, conditions, names)}


def for_tuple(tree, names):
    intro, value, *conditions = parts(tree)
    return [evaluate(value, inner) for inner in rounds(intro, conditions, names)]


EVALUATORS = {
    "expr_term": term,
    "identifier": identifier,
    "literal_value": lambda tree, _: LITERALS[text_of(tree)],
    "int_lit": lambda tree, _: int(text_of(tree)),
    "float_lit": lambda tree, _: float(text_of(tree)),
    "string": string,
    "heredoc_template_trim": heredoc,
    "tuple": lambda tree, names: [evaluate(item, names) for item in parts(tree)],
    "object": lambda tree, names: dict(element(item, names) for item in parts(tree)),
    "get_attr_expr_term": attribute,
    "index_expr_term": index,
    "function_call": call,
    "conditional": conditional,
    "binary_op": binary,
    "unary_op": unary,
    "for_object_expr": for_object,
    "for_tuple_expr": for_tuple,
}
