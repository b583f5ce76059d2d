"""Conditions as expressions: Kleene's three values, as a pair of masks."""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from divide_index.engine.frames import Frame
from divide_index.schema import (
    And,
    Answer,
    Code,
    Compare,
    Condition,
    IsIn,
    Not,
    Or,
    SurveySchema,
    Variable,
    answer_of,
)

_FEW = 3


def mask(frame: Frame, where: Condition | None, schema: SurveySchema) -> NDArray[np.bool_]:
    """Return which records meet a condition, shape ``(n,)``; without one, all."""
    data = nw.from_native(frame, eager_only=True)
    if where is None:
        return np.ones(len(data), dtype=bool)
    met = data.select(meets(where, schema).alias("met"))["met"]
    return np.asarray(met.to_numpy(), dtype=bool)


def meets(condition: Condition, schema: SurveySchema) -> nw.Expr:
    """Return where a condition is true; where it is unknown, it is not met."""
    return truth(condition, schema)[0]


def truth(condition: Condition, schema: SurveySchema) -> tuple[nw.Expr, nw.Expr]:
    """Return where a condition is true and where it is false; elsewhere it is unknown.

    A missing answer is unknown. Who was not asked a question meets no condition on its answer:
    that is false, so that one routing may lead to another.
    """
    match condition:
        case Compare(variable, operator, value):
            return _judged(variable, _compared(nw.col(variable), operator, value), schema)
        case IsIn(variable, members):
            inside = nw.col(variable).is_in(codes_like(schema.variables[variable], members))
            return _judged(variable, inside, schema)
        case Not(part):
            is_true, is_false = truth(part, schema)
            return is_false, is_true
        case And(parts):
            pairs = [truth(part, schema) for part in parts]
            return all_of([t for t, _ in pairs]), any_of([f for _, f in pairs])
        case Or(parts):
            pairs = [truth(part, schema) for part in parts]
            return any_of([t for t, _ in pairs]), all_of([f for _, f in pairs])


def _judged(variable: str, is_true: nw.Expr, schema: SurveySchema) -> tuple[nw.Expr, nw.Expr]:
    declared = schema.variables[variable]
    column = nw.col(variable)
    known = has_valid_answer(column, answer_of(schema, variable))
    unasked: list[nw.Expr] = []
    if declared.asked_if is not None:
        unasked.append(truth(declared.asked_if, schema)[1])
    if declared.skip_codes:
        unasked.append(~column.is_null() & is_one_of(column, declared.skip_codes))
    if not unasked:
        return known & is_true, known & ~is_true
    was_asked = ~any_of(unasked)
    return known & is_true & was_asked, (known & ~is_true) | ~was_asked


def _compared(column: nw.Expr, operator: str, value: float | str) -> nw.Expr:
    operand = float(value) if isinstance(value, int | float) else value
    match operator:
        case "==":
            result = column == operand
        case "!=":
            result = column != operand
        case "<":
            result = column < operand
        case "<=":
            result = column <= operand
        case ">":
            result = column > operand
        case _:
            result = column >= operand
    return result.fill_null(False)  # noqa: FBT003  the library's signature


def has_valid_answer(column: nw.Expr, answer: Answer) -> nw.Expr:
    """Return where a column holds an answer: neither blank nor a missing or skip code."""
    codes = [*answer.missing, *answer.skip_codes]
    known = ~column.is_null()
    return known & is_none_of(column, codes) if codes else known


def is_one_of(column: nw.Expr, codes: Sequence[Code]) -> nw.Expr:
    """Return where a column holds one of some codes; for a few, comparing beats a set."""
    if len(codes) > _FEW:
        return column.is_in(as_floats(codes))
    return any_of([column == code for code in as_floats(codes)])


def is_none_of(column: nw.Expr, codes: Sequence[Code]) -> nw.Expr:
    """Return where a column holds none of some codes."""
    if len(codes) > _FEW:
        return ~column.is_in(as_floats(codes))
    return all_of([column != code for code in as_floats(codes)])


def codes_like(variable: Variable, codes: Iterable[Code]) -> list[Any]:
    """Return codes as the values of a canonical column."""
    return [str(code) if variable.is_text else float(code) for code in codes]


def as_floats(codes: Iterable[Code]) -> list[Any]:
    """Return numeric codes as float64, texts as they are."""
    return [code if isinstance(code, str) else float(code) for code in codes]


def all_of(parts: list[nw.Expr]) -> nw.Expr:
    """Return where every mask is true."""
    return reduce(lambda left, right: left & right, parts)


def any_of(parts: list[nw.Expr]) -> nw.Expr:
    """Return where at least one mask is true."""
    return reduce(lambda left, right: left | right, parts)
