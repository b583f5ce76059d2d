"""Conditions such as ``area == 'R' and age >= 65``: parsed into data, never evaluated.

The grammar is a small part of Python's: comparisons of one variable with a constant, ``in``
with a list of constants, ``and``, ``or``, ``not`` and brackets.
"""

import ast
import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from divide_index.errors import SchemaError

Constant: TypeAlias = int | float | str
Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Compare:
    """One variable against one constant; unknown where the variable has no valid answer."""

    variable: str
    operator: Operator
    value: Constant


@dataclass(frozen=True, slots=True)
class IsIn:
    """One variable against a list of constants."""

    variable: str
    values: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; what is unknown stays unknown."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the parts."""

    parts: tuple["Condition", ...]


Condition: TypeAlias = Compare | IsIn | Not | And | Or

_OPERATORS: dict[type[ast.cmpop], Operator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def parse_condition(text: str, place: str = "where") -> Condition:
    """Return the condition a text describes.

    Parameters
    ----------
    text
        Such as ``area == 'R' and age >= 65``.
    place
        Where the text stands, for the message.

    Raises
    ------
    SchemaError
        The text uses anything beyond the grammar above.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SchemaError("DI-E108", place=place, condition=text, part=text) from error
    try:
        return _condition(tree)
    except _UnreadableError as error:
        part = ast.unparse(error.node)
        raise SchemaError("DI-E108", place=place, condition=text, part=part) from None


class _UnreadableError(Exception):
    """A part of a condition beyond the grammar."""

    def __init__(self, node: ast.expr) -> None:
        super().__init__()
        self.node = node


def variables_of(condition: Condition) -> set[str]:
    """Return the names of the variables a condition looks at."""
    match condition:
        case Compare(variable) | IsIn(variable):
            return {variable}
        case Not(part):
            return variables_of(part)
        case And(parts) | Or(parts):
            return set[str]().union(*(variables_of(part) for part in parts))


def comparisons_of(condition: Condition) -> list[Compare]:
    """Return every comparison of one variable with one constant that a condition makes."""
    match condition:
        case Compare():
            return [condition]
        case IsIn(variable, values):
            return [Compare(variable, "==", value) for value in values]
        case Not(part):
            return comparisons_of(part)
        case And(parts) | Or(parts):
            return [leaf for part in parts for leaf in comparisons_of(part)]


def condition_text(condition: Condition) -> str:
    """Return a condition as a schema writes it: :func:`parse_condition` reads it back."""
    match condition:
        case Compare(variable, operator, value):
            return f"{variable} {operator} {_constant_text(value)}"
        case IsIn(variable, values) | Not(IsIn(variable, values)):
            word = "in" if isinstance(condition, IsIn) else "not in"
            return f"{variable} {word} [{', '.join(map(_constant_text, values))}]"
        case Not(part):
            return f"not {_bracketed(part, And, Or)}"
        case And(parts):
            return " and ".join(_bracketed(part, And, Or) for part in parts)
        case Or(parts):
            return " or ".join(_bracketed(part, Or) for part in parts)


def _bracketed(part: Condition, *weaker: type[And | Or]) -> str:
    """Return a part of a condition, in brackets if it binds no tighter than what is around it."""
    text = condition_text(part)
    return f"({text})" if isinstance(part, weaker) else text


def _constant_text(value: Constant) -> str:
    if isinstance(value, float) and math.isinf(value):
        return "1e999" if value > 0 else "-1e999"  # Python's own form of it is a name
    return repr(value)


def _condition(node: ast.expr) -> Condition:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return And(tuple(_condition(value) for value in values))
        case ast.BoolOp(op=ast.Or(), values=values):
            return Or(tuple(_condition(value) for value in values))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return Not(_condition(operand))
        case ast.Compare(
            left=ast.Name(id=name),
            ops=[ast.In() | ast.NotIn() as op],
            comparators=[ast.List(elts=elements) | ast.Tuple(elts=elements)],
        ):
            inside = IsIn(name, tuple(_constant(element) for element in elements))
            return inside if isinstance(op, ast.In) else Not(inside)
        case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[right]) if (
            type(op) in _OPERATORS
        ):
            return Compare(name, _OPERATORS[type(op)], _constant(right))
        case _:
            raise _UnreadableError(node)


def _constant(node: ast.expr) -> Constant:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Constant(value=int() | float() | str() as value) if not isinstance(value, bool):
            return value
        case _:
            raise _UnreadableError(node)
