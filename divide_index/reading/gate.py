"""What the microdata may not be: checked once, at the door, with every offender named."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from divide_index import engine
from divide_index.errors import DesignError, DivideIndexError, Finding, InputError
from divide_index.schema import Compare, Or, SurveySchema

LineOf: TypeAlias = Callable[[int], int]

_OFFENCES_NAMED = 12
_EXACT = 2**53  # from here on a float no longer tells every whole number from the next
_SHEET_IS_FULL = 1_048_575  # records an Excel sheet can hold below its header


class Ledger:
    """What was found while a survey was read.

    Parameters
    ----------
    stops
        Whether the first error is raised; otherwise all are gathered.
    """

    def __init__(self, *, stops: bool = True) -> None:
        self.findings: list[Finding] = []
        self.errors: list[DivideIndexError] = []
        self._stops = stops

    def add(self, message: DivideIndexError | Finding, source: str | None = None) -> None:
        """Note a finding or an error, of one of several files where a source is named."""
        told = message if source is None or "source" in message.params else message.within(source)
        if isinstance(told, Finding):
            self.findings.append(told)
        elif self._stops:
            raise told
        else:
            self.errors.append(told)

    def add_all(
        self, messages: "Iterator[DivideIndexError | Finding]", source: str | None = None
    ) -> None:
        """Note all that a check finds."""
        for message in messages:
            self.add(message, source)


def complaints(
    frame: Any,  # noqa: ANN401
    schema: SurveySchema,
    line_of: LineOf = lambda row: row + 2,
) -> Iterator[DivideIndexError | Finding]:
    """Yield what is wrong with the records of one file, and what is only worth knowing.

    Parameters
    ----------
    frame
        A canonical frame.
    schema
        The variables of this file.
    line_of
        The line of a row, as a person counts them in the file.

    Yields
    ------
    InputError, DesignError, Finding
        Undeclared codes, unusable weights, missing design identifiers, repeated ids.
    """
    if engine.height(frame) == 0:
        yield InputError("DI-E021", path=schema.name)
        return
    if engine.height(frame) == _SHEET_IS_FULL:
        yield Finding.of("DI-W024", count=_SHEET_IS_FULL)
    yield from _codes(frame, schema, line_of)
    yield from _weights(frame, schema, line_of)
    yield from _design(frame, schema, line_of)
    yield from _identifier_sizes(frame, schema, line_of)
    yield from _ids(frame, schema, line_of)


def complaints_of_all(
    frame: Any,  # noqa: ANN401
    schema: SurveySchema,
) -> Iterator[DivideIndexError | Finding]:
    """Yield what is wrong with the records of all files together.

    Yields
    ------
    InputError, Finding
        Weights that are all zero or beyond all bounds; answers to questions not asked.
    """
    weight = schema.design.weight
    if weight is not None:
        column = schema.column_of(weight)
        with np.errstate(over="ignore"):
            total = engine.values(frame, weight).sum()
        if not np.isfinite(total):
            yield InputError("DI-E172", column=column)
        zeros, _ = engine.rows_where(frame, Compare(weight, "==", 0), schema)
        if zeros == engine.height(frame):
            yield InputError("DI-E053", column=column)
        elif zeros:
            yield Finding.of("DI-W051", column=column, count=zeros)
    if schema.design.id is not None:
        name = schema.design.id
        key = [name] if schema.design.sample is None else [schema.design.sample, name]
        count, _ = engine.repeated_rows(frame, key)
        if count:
            yield InputError("DI-E028", column=schema.column_of(name), count=count, lines="-")
    for variable, count in engine.answered_though_not_asked(frame, schema).items():
        yield Finding.of("DI-W044", column=schema.column_of(variable), count=count)


def _lines(rows: Sequence[int], line_of: LineOf) -> list[int]:
    """Return rows as a person counts the lines of the file."""
    return [line_of(row) for row in rows]


def _codes(
    frame: Any,  # noqa: ANN401
    schema: SurveySchema,
    line_of: LineOf,
) -> Iterator[DivideIndexError]:
    # The weight has rules and words of its own.
    found = [o for o in engine.offences(frame, schema) if o.variable != schema.design.weight]
    if not found:
        return
    listed = [
        f"{schema.column_of(o.variable)}={o.value} (n={o.count}, line {line_of(o.first_row)})"
        for o in found
    ]
    valid = {o.variable: _valid(schema, o.variable) for o in found}
    yield InputError(
        "DI-E034",
        offences="; ".join(listed[:_OFFENCES_NAMED]),
        count=len(found),
        valid="; ".join(f"{schema.column_of(name)}: {words}" for name, words in valid.items()),
    )


def _valid(schema: SurveySchema, variable: str) -> str:
    declared = schema.variables[variable]
    if declared.range is not None:
        low, high = ("" if bound is None else f"{bound:g}" for bound in declared.range)
        return f"{low}~{high}"
    codes = [str(code) for code in (*declared.codes, *declared.missing, *declared.skip_codes)]
    return ", ".join(codes)


def _weights(
    frame: Any,  # noqa: ANN401
    schema: SurveySchema,
    line_of: LineOf,
) -> Iterator[DivideIndexError]:
    weight = schema.design.weight
    if weight is None:
        return
    column = schema.column_of(weight)
    for code, (count, rows) in {
        "DI-E049": engine.null_rows(frame, weight, schema),
        "DI-E052": engine.rows_not_finite(frame, weight),
        "DI-E050": engine.rows_where(frame, Compare(weight, "<", 0), schema),
    }.items():
        if count:
            yield InputError(code, column=column, count=count, lines=_lines(rows, line_of))


def _design(
    frame: Any,  # noqa: ANN401
    schema: SurveySchema,
    line_of: LineOf,
) -> Iterator[DivideIndexError]:
    for name in (*schema.design.identifiers, schema.design.fpc):
        if name is None:
            continue
        count, rows = engine.null_rows(frame, name, schema)
        if count:
            column, lines = schema.column_of(name), _lines(rows, line_of)
            yield DesignError("DI-E059", column=column, count=count, lines=lines)


def _identifier_sizes(
    frame: Any,  # noqa: ANN401
    schema: SurveySchema,
    line_of: LineOf,
) -> Iterator[DivideIndexError]:
    """Refuse identifiers so long that, read as numbers, two of them could become one."""
    for name in (*schema.design.identifiers, schema.design.id):
        if name is not None and schema.variables[name].type == "number":
            where = Or((Compare(name, ">=", _EXACT), Compare(name, "<=", -_EXACT)))
            count, rows = engine.rows_where(frame, where, schema)
            if count:
                column, lines = schema.column_of(name), _lines(rows, line_of)
                yield DesignError("DI-E129", column=column, count=count, lines=lines)


def _ids(
    frame: Any,  # noqa: ANN401
    schema: SurveySchema,
    line_of: LineOf,
) -> Iterator[DivideIndexError]:
    name = schema.design.id
    if name is None:
        return
    column = schema.column_of(name)
    count, rows = engine.null_rows(frame, name, schema)
    if count:
        lines = _lines(rows, line_of)
        yield InputError("DI-E030", column=column, count=count, lines=lines)
        return
    key = [name] if schema.design.sample is None else [schema.design.sample, name]
    count, rows = engine.repeated_rows(frame, key)
    if count:
        lines = _lines(rows, line_of)
        yield InputError("DI-E028", column=column, count=count, lines=lines)
