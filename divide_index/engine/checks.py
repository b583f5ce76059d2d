"""What a canonical frame may not hold: counts and first rows of offenders, from 0 on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from divide_index.engine.conditions import Column, codes_like, has_valid_answer, mask, truth_of
from divide_index.engine.frames import Floats, Frame
from divide_index.schema import (
    Code,
    Condition,
    SurveySchema,
    Variable,
    answer_of,
    variables_needed,
)

_ROW = ":row"  # no variable is called so: a name has no colon
_ROWS_NAMED = 5
_SHOWN_FROM = 3  # a text is shown in an error only when so many records share it


@dataclass(frozen=True, slots=True)
class Offence:
    """A value a variable may not have: what it is, how often, and where first."""

    variable: str
    value: str
    count: int
    first_row: int


def offences(frame: Frame, schema: SurveySchema) -> list[Offence]:
    """Return every value outside its variable's codes or range, by variable and value."""
    data = nw.from_native(frame, eager_only=True)
    suspects = _with_undeclared_numbers(data, schema) | {
        name
        for name, variable in schema.variables.items()
        if variable.type != "text" and (variable.is_text or variable.type == "number")
    }
    return [
        offence
        for name, variable in schema.variables.items()
        if name in suspects
        for offence in _offences_of(data, name, variable)
    ]


def _with_undeclared_numbers(data: nw.DataFrame[Any], schema: SurveySchema) -> set[str]:
    """Return the variables of numeric codes that hold another number, all looked at together."""
    alike: dict[tuple[Code, ...], list[str]] = {}
    for name, variable in schema.variables.items():
        if variable.type == "code" and not variable.is_text:
            alike.setdefault(tuple(_declared(variable)), []).append(name)
    found: set[str] = set()
    for codes, names in alike.items():
        values = _matrix(data, names)
        is_odd = np.logical_not(np.isnan(values))
        for code in codes:
            is_odd &= values != code
        found |= {names[column] for column in np.flatnonzero(is_odd.any(axis=0)).tolist()}
    return found


def _matrix(data: nw.DataFrame[Any], names: Sequence[str]) -> Floats:
    """Return numeric columns side by side, missing as NaN."""
    return np.asarray(data.select(*names).to_numpy(), dtype=np.float64)


def _declared(variable: Variable) -> list[Code]:
    return [*variable.codes, *variable.missing, *variable.skip_codes]


def _is_invalid(column: Column, variable: Variable) -> Column:
    if variable.type == "code":
        return ~column.is_null() & ~column.is_in(codes_like(variable, _declared(variable)))
    outside = ~column.is_finite()
    low, high = variable.range or (None, None)
    if low is not None:
        outside = outside | (column < low)
    if high is not None:
        outside = outside | (column > high)
    declared = [float(code) for code in (*variable.missing, *variable.skip_codes)]
    invalid = ~column.is_null() & outside
    return invalid & ~column.is_in(declared) if declared else invalid


def _offences_of(data: nw.DataFrame[Any], name: str, variable: Variable) -> list[Offence]:
    if not bool(_is_invalid(data.get_column(name), variable).any()):
        return []
    odd = data.select(name).with_row_index(_ROW).filter(_is_invalid(nw.col(name), variable))
    summary = odd.group_by(name).agg(nw.len().alias(":n"), nw.col(_ROW).min()).sort(_ROW)
    found: list[Offence] = []
    for value, count, row in summary.iter_rows():
        if variable.is_text:
            shown = str(value) if count >= _SHOWN_FROM else "…"
        else:
            shown = f"{value:.10g}"
        found.append(Offence(name, shown, int(count), int(row)))
    return found


def null_rows(frame: Frame, column: str, schema: SurveySchema) -> tuple[int, list[int]]:
    """Return how many records have no valid value in a column, and the first rows."""
    values = nw.from_native(frame, eager_only=True).get_column(column)
    known = has_valid_answer(values, answer_of(schema, column))
    rows = np.flatnonzero(~known.to_numpy().astype(bool)).tolist()
    return len(rows), rows[:_ROWS_NAMED]


def rows_where(frame: Frame, condition: Condition, schema: SurveySchema) -> tuple[int, list[int]]:
    """Return how many records meet a condition, and the first rows."""
    rows = np.flatnonzero(mask(frame, condition, schema)).tolist()
    return len(rows), rows[:_ROWS_NAMED]


def rows_not_finite(frame: Frame, column: str) -> tuple[int, list[int]]:
    """Return how many records hold an infinite number in a column, and the first rows."""
    values = nw.from_native(frame, eager_only=True).get_column(column)
    is_infinite = ~values.is_null() & ~values.is_finite()
    rows = np.flatnonzero(is_infinite.to_numpy().astype(bool)).tolist()
    return len(rows), rows[:_ROWS_NAMED]


def repeated_rows(frame: Frame, columns: Sequence[str]) -> tuple[int, list[int]]:
    """Return how many records repeat the key of an earlier one, and their first rows."""
    data = nw.from_native(frame, eager_only=True).select(*columns)
    if any(data[name].n_unique() == len(data) for name in columns):
        return 0, []
    data = data.with_row_index(_ROW)
    first = data.group_by(*columns).agg(nw.col(_ROW).min().alias(":first"))
    if len(first) == len(data):
        return 0, []
    later = data.join(first, on=list(columns)).filter(nw.col(_ROW) != nw.col(":first"))
    return len(later), sorted(later[_ROW].to_list())[:_ROWS_NAMED]


def answered_though_not_asked(frame: Frame, schema: SurveySchema) -> dict[str, int]:
    """Return, for each routed variable, how many records answer what they were not asked."""
    routed: dict[Condition, list[str]] = {}
    for name, variable in schema.variables.items():
        if variable.asked_if is not None:
            routed.setdefault(variable.asked_if, []).append(name)
    data = nw.from_native(frame, eager_only=True)
    found: dict[str, int] = {}
    for condition, names in routed.items():
        needed = data.select(*sorted(variables_needed(schema, names)))
        _, is_unasked = truth_of(condition, schema, needed.get_column)
        unasked = needed.select(*names).filter(is_unasked)
        for name in names:
            column = unasked.get_column(name)
            if not int(column.count()):  # all blank, as it should be
                continue
            count = int(has_valid_answer(column, answer_of(schema, name)).sum())
            if count:
                found[name] = count
    return found
