"""Known sums of numbers over a population, held against a survey's schema and its people."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.errors import InputError
from divide_index.inference.calibration import Number
from divide_index.margins.known import PopulationNumber, folded
from divide_index.schema import SurveySchema, Variable

Indices = NDArray[np.intp]


def numbers_of_sample(
    frame: Any,  # noqa: ANN401  a frame of any library
    schema: SurveySchema,
    rows: Indices,
    known: Sequence[PopulationNumber],
) -> list[tuple[Number, PopulationNumber]]:
    """Return known sums of a sample with its people's values, by the schema's names.

    Parameters
    ----------
    frame
        A survey's records, checked.
    schema
        What they mean.
    rows
        Positions of the sample's records, shape ``(n,)``.
    known
        Its sums, in the order in which they come out.

    Raises
    ------
    InputError
        DI-E414: a number comes twice. DI-E420: people without a value. DI-E447: no variable of
        that name is a number.
    """
    names = [number_of(schema, each.variable, each.named) for each in known]
    twice = [each.named for each, name in zip(known, names, strict=True) if names.count(name) > 1]
    if twice:
        raise InputError("DI-E414", cells=twice)
    values = {name: engine.values(frame, name)[rows] for name in names}
    without = {name: int(np.isnan(own).sum()) for name, own in values.items()}
    lacking = [name for name in names if without[name]]
    if lacking:
        of = "" if known[0].sample is None else f"{known[0].sample}: "
        counts = [without[name] for name in lacking]
        raise InputError("DI-E420", variables=[f"{of}{name}" for name in lacking], counts=counts)
    return [
        (
            Number(name, values[name], each.total),
            PopulationNumber(name, each.total, each.sample, each.source, each.place),
        )
        for name, each in zip(names, known, strict=True)
    ]


def names_of_numbers(schema: SurveySchema) -> list[str]:
    """Return the variables of a schema that are numbers, but for those of the design."""
    design = schema.design
    own = {design.weight, design.fpc, design.id, design.psu, *design.strata}
    return [
        name
        for name, variable in schema.variables.items()
        if variable.type == "number" and name not in own
    ]


def number_of(schema: SurveySchema, text: str, place: str) -> str:
    """Return the number that a name or a label is of.

    Parameters
    ----------
    schema
        The survey's.
    text
        Name, label or column of a variable.
    place
        What named it, for the message.

    Raises
    ------
    InputError
        DI-E447: no number has that name, or more than one.
    """
    found = number_named(schema, text)
    if found is None:
        raise InputError("DI-E447", number=place, known=names_of_numbers(schema))
    return found


def number_named(schema: SurveySchema, text: str) -> str | None:
    """Return the only number of a name, a label or a column, None where there is none.

    Parameters
    ----------
    schema
        The survey's.
    text
        Name, label or column of a variable.
    """
    known = names_of_numbers(schema)
    if text in known:
        return text
    found = [name for name in known if _is_called(name, schema.variables[name], text)]
    return found[0] if len(found) == 1 else None


def _is_called(name: str, variable: Variable, text: str) -> bool:
    labels = [] if variable.label is None else [variable.label.ko, variable.label.en]
    called = [name, *labels, *([variable.column] if variable.column else [])]
    return folded(text) in map(folded, called)
