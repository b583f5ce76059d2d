"""Conditions as expressions or values: Kleene's three, as a pair of masks."""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any, TypeVar

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

# A column as it will be, or as it is: a few of the latter are judged in a third of the time.
Column = TypeVar("Column", nw.Expr, nw.Series[Any])


def mask(frame: Frame, where: Condition | None, schema: SurveySchema) -> NDArray[np.bool_]:
    """Return which records meet a condition, shape ``(n,)``; without one, all."""
    data = nw.from_native(frame, eager_only=True)
    if where is None:
        return np.ones(len(data), dtype=bool)
    met, _ = truth_of(where, schema, data.get_column)
    return np.asarray(met.to_numpy(), dtype=bool)


def truth(condition: Condition, schema: SurveySchema) -> tuple[nw.Expr, nw.Expr]:
    """Return where a condition is true and where it is false, as expressions."""
    return truth_of(condition, schema, nw.col)


def truth_of(
    condition: Condition, schema: SurveySchema, column_of: Callable[[str], Column]
) -> tuple[Column, Column]:
    """Return where a condition is true and where it is false; elsewhere it is unknown.

    A missing answer is unknown. Who was not asked a question meets no condition on its answer:
    that is false, so that one routing may lead to another. What is unknown is not met.

    Parameters
    ----------
    condition
        On variables of the schema.
    schema
        The survey's schema.
    column_of
        A variable's column: an expression, or the values themselves.
    """
    match condition:
        case Compare(variable, operator, value):
            is_true = _compared(column_of(variable), operator, value)
            return _judged(variable, is_true, schema, column_of)
        case IsIn(variable, members):
            inside = column_of(variable).is_in(codes_like(schema.variables[variable], members))
            return _judged(variable, inside, schema, column_of)
        case Not(part):
            is_true, is_false = truth_of(part, schema, column_of)
            return is_false, is_true
        case And(parts):
            pairs = [truth_of(part, schema, column_of) for part in parts]
            return all_of([t for t, _ in pairs]), any_of([f for _, f in pairs])
        case Or(parts):
            pairs = [truth_of(part, schema, column_of) for part in parts]
            return any_of([t for t, _ in pairs]), all_of([f for _, f in pairs])


def _judged(
    variable: str, is_true: Column, schema: SurveySchema, column_of: Callable[[str], Column]
) -> tuple[Column, Column]:
    declared = schema.variables[variable]
    column = column_of(variable)
    known = has_valid_answer(column, answer_of(schema, variable))
    unasked: list[Column] = []
    if declared.asked_if is not None:
        unasked.append(truth_of(declared.asked_if, schema, column_of)[1])
    if declared.skip_codes:
        unasked.append(~column.is_null() & is_one_of(column, declared.skip_codes))
    if not unasked:
        return known & is_true, known & ~is_true
    was_asked = ~any_of(unasked)
    return known & is_true & was_asked, (known & ~is_true) | ~was_asked


def _compared(column: Column, operator: str, value: float | str) -> Column:
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


def has_valid_answer(column: Column, answer: Answer) -> Column:
    """Return where a column holds an answer: neither blank nor a missing or skip code."""
    codes = [*answer.missing, *answer.skip_codes]
    known = ~column.is_null()
    return known & is_none_of(column, codes) if codes else known


def is_one_of(column: Column, codes: Sequence[Code]) -> Column:
    """Return where a column holds one of some codes; for a few, comparing beats a set."""
    if len(codes) > _FEW:
        return column.is_in(as_floats(codes))
    return any_of([column == code for code in as_floats(codes)])


def is_none_of(column: Column, codes: Sequence[Code]) -> Column:
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


def all_of(parts: list[Column]) -> Column:
    """Return where every mask is true."""
    return reduce(lambda left, right: left & right, parts)


def any_of(parts: list[Column]) -> Column:
    """Return where at least one mask is true."""
    return reduce(lambda left, right: left | right, parts)
