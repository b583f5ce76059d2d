"""What the microdata may not be: checked once, at the door, with every offender named."""

from typing import Any

import numpy as np

from divide_index import engine
from divide_index.errors import DesignError, Finding, InputError
from divide_index.schema import Compare, Or, SurveySchema

_OFFENCES_NAMED = 12
_EXACT = 2**53  # the largest number up to which a float holds every integer


def check(frame: Any, schema: SurveySchema) -> tuple[Finding, ...]:  # noqa: ANN401
    """Refuse records that contradict their schema; return what is only worth knowing.

    Parameters
    ----------
    frame
        A canonical frame.
    schema
        The survey's schema.

    Raises
    ------
    InputError, DesignError
        Undeclared codes, unusable weights, missing design identifiers, repeated ids.
    """
    if engine.height(frame) == 0:
        raise InputError("DI-E021", path=schema.name)
    _check_codes(frame, schema)
    findings = _check_weights(frame, schema)
    _check_design(frame, schema)
    _check_identifier_size(frame, schema)
    _check_ids(frame, schema)
    for variable, count in engine.answered_though_not_asked(frame, schema).items():
        findings.append(Finding.of("DI-W044", column=schema.column_of(variable), count=count))
    return tuple(findings)


def _check_codes(frame: Any, schema: SurveySchema) -> None:  # noqa: ANN401
    # The weight has rules and words of its own.
    found = [o for o in engine.offences(frame, schema) if o.variable != schema.design.weight]
    if not found:
        return
    listed = [
        f"{schema.column_of(o.variable)}={o.value} (n={o.count}, line {o.first_line})"
        for o in found
    ]
    valid = {o.variable: _valid(schema, o.variable) for o in found}
    raise InputError(
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


def _check_weights(frame: Any, schema: SurveySchema) -> list[Finding]:  # noqa: ANN401
    weight = schema.design.weight
    if weight is None:
        return []
    column = schema.column_of(weight)
    for code, (count, lines) in {
        "DI-E049": engine.null_lines(frame, weight, schema),
        "DI-E052": engine.lines_not_finite(frame, weight),
        "DI-E050": engine.lines_where(frame, Compare(weight, "<", 0), schema),
    }.items():
        if count:
            raise InputError(code, column=column, count=count, lines=lines)
    with np.errstate(over="ignore"):
        if not np.isfinite(engine.values(frame, weight).sum()):
            raise InputError("DI-E172", column=column)
    zeros, _ = engine.lines_where(frame, Compare(weight, "==", 0), schema)
    if zeros == engine.height(frame):
        raise InputError("DI-E053", column=column)
    return [Finding.of("DI-W051", column=column, count=zeros)] if zeros else []


def _check_design(frame: Any, schema: SurveySchema) -> None:  # noqa: ANN401
    for name in (*schema.design.identifiers, schema.design.fpc):
        if name is None:
            continue
        count, lines = engine.null_lines(frame, name, schema)
        if count:
            raise DesignError("DI-E059", column=schema.column_of(name), count=count, lines=lines)


def _check_identifier_size(frame: Any, schema: SurveySchema) -> None:  # noqa: ANN401
    """Refuse identifiers so long that, read as numbers, two of them could become one."""
    for name in (*schema.design.identifiers, schema.design.id):
        if name is not None and schema.variables[name].type == "number":
            where = Or((Compare(name, ">", _EXACT), Compare(name, "<", -_EXACT)))
            count, lines = engine.lines_where(frame, where, schema)
            if count:
                raise DesignError(
                    "DI-E129", column=schema.column_of(name), count=count, lines=lines
                )


def _check_ids(frame: Any, schema: SurveySchema) -> None:  # noqa: ANN401
    name = schema.design.id
    if name is None:
        return
    column = schema.column_of(name)
    count, lines = engine.null_lines(frame, name, schema)
    if count:
        raise InputError("DI-E030", column=column, count=count, lines=lines)
    key = [name] if schema.design.sample is None else [schema.design.sample, name]
    count, lines = engine.repeated(frame, key)
    if count:
        raise InputError("DI-E028", column=column, count=count, lines=lines)
