"""Margins of a survey: known totals held against its schema and its people.

What is known of a population comes under names of its own; here it becomes the codes, the order
and the scale that :mod:`divide_index.inference.calibration` takes, or an error that names the
cell.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.errors import Finding, InputError
from divide_index.margins.categories import (
    sample_label,
    sample_names,
    sample_of,
)
from divide_index.margins.known import (
    LEAST,
    MOST,
    Kind,
    PopulationMargin,
    PopulationMargins,
    PopulationNumber,
    folded,
    gathered,
    population_margins,
    refuse_kind,
)
from divide_index.margins.margin_files import read_margins, selected
from divide_index.margins.numbers import number_of, numbers_of_sample
from divide_index.margins.one_sample import Records, SampleMargins, margins_of_sample
from divide_index.schema import SurveySchema

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Known = TypeVar("Known", PopulationMargin, PopulationNumber)

_FAR = 2.0  # times: totals so far from the weights may be of another scale


@dataclass(frozen=True, slots=True, eq=False)
class SurveyMargins:
    """What the weights of a survey are to reach, sample by sample.

    Parameters
    ----------
    samples
        Those with margins, in the schema's order.
    kept
        Those without, whose weights stay.
    findings
        What was noticed and not refused.
    """

    samples: tuple[SampleMargins, ...]
    kept: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def margins_of_records(
    frame: Any,  # noqa: ANN401  a frame of any library
    schema: SurveySchema,
    known: object,
    *,
    weights: Floats | None = None,
    total: float | Mapping[str, float] | None = None,
    kind: Kind | None = None,
    by: Sequence[str] | None = None,
    keep_others: bool = False,
) -> SurveyMargins:
    """Return what weights are to reach, of what is known of the population.

    Parameters
    ----------
    frame
        A survey's records, checked, with the schema's variables under their names.
    schema
        What they mean.
    known
        Margins; a data frame, a mapping or the path of a file as
        :func:`~divide_index.margins.read_margins` reads it; or, by sample, any of these.
    weights
        Those from which the totals are to be reached, shape ``(n,)``; without them the schema's,
        or one for each record. Who has a weight of zero, as after an adjustment for nonresponse,
        is left out.
    total
        People of the population, for margins that are shares; by sample where there are
        several. Without it a margin of counts says it, else the sum of the base weights.
    kind
        Whether plain numbers are counts or shares; counts where nothing says otherwise.
    by
        Margins to take from resident registration.
    keep_others
        Whether samples without margins keep their weights; else they are an error.

    Returns
    -------
    SurveyMargins
        For each sample the margins that :func:`divide_index.inference.calibration.rake` takes.

    Raises
    ------
    InputError
        DI-E411, DI-E413, DI-E414, DI-E429: a variable or a category does not fit the schema.
        DI-E418: shares do not sum to 1 or 100. DI-E419, DI-E427: margins contradict each other.
        DI-E420: people without a value. DI-E421: people without a known total. DI-E422: a total
        without people. DI-E423, DI-E424: a sample is unknown, or has no margins. DI-E447: a total
        without a category is of no number. DI-E456: a total of people that may be of any of several
        samples. DI-E448: numbers without margins of people.
    """
    refuse_kind(kind)
    margins = _read(known, schema, kind, by)
    findings = list(margins.findings)
    weights = _base_weights(frame, schema) if weights is None else weights
    is_weighted = schema.design.weight is not None or bool((weights != 1).any())
    rows = _rows_of_samples(frame, schema, weights)
    of_sample = _by_sample(margins.margins, schema, list(rows))
    numbers = _by_sample(margins.numbers, schema, list(rows))
    for each in margins.numbers:
        number_of(schema, each.variable, each.named)
    alone = [each.named for name, of in numbers.items() if name not in of_sample for each in of]
    if alone:
        raise InputError("DI-E448", numbers=alone)
    people = _totals(total, of_sample, schema)
    kept = [name for name in rows if name not in of_sample]
    if kept and (not keep_others or not of_sample):
        without = [sample_label(schema, name) for name in kept]
        hidden = [each for each in findings if each.code == "DI-W420"]
        if hidden:
            sheets = [
                f"{each.params['path']} {sheet}"
                for each in hidden
                for sheet in cast("Sequence[str]", each.params["sheets"])
            ]
            raise InputError("DI-E463", samples=without, sheets=sheets)
        raise InputError("DI-E424", samples=without)
    samples: list[SampleMargins] = []
    for name, here in rows.items():
        if name not in of_sample:
            continue
        given = people.get(name)
        found, noticed = margins_of_sample(
            Records(frame, schema, here, weights[here]), of_sample[name], given
        )
        known_numbers = numbers_of_sample(frame, schema, here, numbers.get(name, []))
        sources = (*found.sources, *(each.source for _, each in known_numbers if each.source))
        samples.append(
            replace(
                found,
                sample=name,
                numbers=tuple(number for number, _ in known_numbers),
                known_numbers=tuple(each for _, each in known_numbers),
                sources=tuple(dict.fromkeys(sources)),
            )
        )
        findings += noticed
        if is_weighted:
            findings += _scale_findings(
                sample_label(schema, name), found.total, float(weights[here].sum())
            )
    unique = {(each.code, str(each)): each for each in findings}
    return SurveyMargins(
        tuple(samples), tuple(name for name in kept if name is not None), tuple(unique.values())
    )


def _read(
    known: object, schema: SurveySchema, kind: Kind | None, by: Sequence[str] | None
) -> PopulationMargins:
    """Return what is known, whatever it was given as."""
    if isinstance(known, str | Path):
        return read_margins(known, schema, kind=kind, by=by)
    if isinstance(known, Mapping):
        given = cast("Mapping[object, object]", known)
        paths = {name: path for name, path in given.items() if isinstance(path, str | Path)}
        if paths:
            others = {name: part for name, part in given.items() if name not in paths}
            parts = [
                read_margins(path, schema, kind=kind, sample=str(name), by=by)
                for name, path in paths.items()
            ]
            return gathered([*parts, *([population_margins(others, kind=kind)] if others else [])])
        known = given
    margins = population_margins(known, kind=kind)
    return margins if by is None else selected(margins, schema, by, type(known).__name__)


# -- samples ---------------------------------------------------------------------------------


def _rows_of_samples(
    frame: Any,  # noqa: ANN401
    schema: SurveySchema,
    weights: Floats,
) -> dict[str | None, Indices]:
    """Return the records of each sample that have a weight, in the schema's order."""
    sample = schema.design.sample
    if sample is None:
        return {None: np.flatnonzero(weights != 0)}
    names, position = engine.categories(frame, schema, sample)
    order = [name for name in sample_names(schema) if name in names]
    order += [name for name in names if name not in order]
    return {
        name: np.flatnonzero((position == names.index(name)) & (weights != 0)) for name in order
    }


def _by_sample(
    margins: Sequence[Known], schema: SurveySchema, present: Sequence[str | None]
) -> dict[str | None, list[Known]]:
    """Return the margins, or the numbers, of each sample."""
    found: dict[str | None, list[Known]] = {name: [] for name in present}
    strangers: list[str] = []
    for margin in margins:
        names = [name for name in present if _is_about(margin.sample, name, schema, present)]
        if names:
            found[names[0]].append(margin)
        else:
            strangers.append(_whole(margin))
    if strangers:
        known = [sample_label(schema, name) for name in present]
        raise InputError("DI-E423", margins=strangers, known=known)
    return {name: of for name, of in found.items() if of}


def _whole(known: PopulationMargin | PopulationNumber) -> str:
    return known.named if isinstance(known, PopulationNumber) else known.named()[0]


def _is_about(
    said: str | None, name: str | None, schema: SurveySchema, present: Collection[str | None]
) -> bool:
    """Return whether what was said names a sample; nothing need be said of the only one."""
    if said is None:
        return len(present) == 1
    if name is None:
        label = schema.reference.label
        return folded(said) in {folded(label.ko), folded(label.en)}
    return sample_of(schema, said) == name or said == name


def _totals(
    total: float | Mapping[str, float] | None,
    samples: Collection[str | None],
    schema: SurveySchema,
) -> dict[str | None, float]:
    """Return the people of each sample's population, where they are given."""
    if total is None:
        return {}
    numbers = (
        [*cast("Mapping[str, object]", total).values()] if isinstance(total, Mapping) else [total]
    )
    wrong = [
        each for each in numbers if not (isinstance(each, Real) and LEAST <= float(each) <= MOST)
    ]
    if wrong:
        raise InputError("DI-E415", cells=[f"total ‘{each}’" for each in wrong])
    given = [*total.items()] if isinstance(total, Mapping) else [(None, total)]
    if not isinstance(total, Mapping) and len(samples) > 1:
        known = [sample_label(schema, name) for name in samples]
        raise InputError("DI-E456", total=f"{total:.15g}", known=known)
    found: dict[str | None, float] = {}
    strangers: list[str] = []
    for said, people in given:
        names = [name for name in samples if _is_about(said, name, schema, samples)]
        found |= dict.fromkeys(names, people)
        strangers += [] if names else [f"{said}: total" if said else "total"]
    if strangers:
        known = [sample_label(schema, name) for name in samples]
        raise InputError("DI-E423", margins=strangers, known=known)
    return found


def _base_weights(frame: Any, schema: SurveySchema) -> Floats:  # noqa: ANN401
    weight = schema.design.weight
    return np.ones(engine.height(frame)) if weight is None else engine.values(frame, weight)


def _scale_findings(sample: str, total: float, weight: float) -> list[Finding]:
    """Tell of totals so far from the sum of the weights that one may be on another scale."""
    if total <= _FAR * weight and weight <= _FAR * total:
        return []
    said = {"total": f"{total:,.12g}", "weights": f"{weight:,.12g}"}
    return [Finding.of("DI-W419", sample=sample, **said)]
