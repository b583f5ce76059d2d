"""Margins of a survey: known totals held against its schema and its people.

What is known of a population comes under names of its own; here it becomes the codes, the order
and the scale that :mod:`divide_index.inference.calibration` takes, or an error that names the
cell.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from numbers import Real
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.errors import Finding, InputError
from divide_index.inference.calibration import Auxiliaries, Margin, Number, auxiliaries, joint_cells
from divide_index.margins.categories import (
    Partition,
    codes_of_cells,
    partitions_of,
    sample_label,
    sample_names,
    sample_of,
)
from divide_index.margins.known import (
    CROSS,
    LEAST,
    MOST,
    ROUNDED_SHARES,
    WHOLES,
    Cell,
    Kind,
    PopulationMargin,
    PopulationMargins,
    PopulationNumber,
    folded,
    gathered,
    population_margins,
    refuse_kind,
    rounding,
)
from divide_index.margins.margin_files import read_margins, selected
from divide_index.margins.numbers import number_of, numbers_of_sample
from divide_index.schema import SurveySchema

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Known = TypeVar("Known", PopulationMargin, PopulationNumber)

_ROUNDED_COUNTS = 0.001  # of the grand total, likewise
_FAR = 2.0  # times: totals so far from the weights may be of another scale
_SAME = 1e-9  # relative: sums of floating point
_AGREE = 1e-12  # relative: what raking takes for one total


@dataclass(frozen=True, slots=True, eq=False)
class SampleMargins:
    """What the weights of one sample are to reach.

    Parameters
    ----------
    sample
        Its code; None where the survey has one sample.
    rows
        Positions of its records in the survey's frame, shape ``(n,)``.
    margins
        Of these records: their codes have shape ``(n,)``.
    known
        The same as they are written down: in the schema's codes and order, as shares.
    total
        People of its population.
    numbers
        Sums of numbers over its population; values of these records, shape ``(n,)``.
    known_numbers
        The same as they are written down, by the schema's names.
    sources
        Where the totals are from, as far as they say so.
    """

    sample: str | None
    rows: Indices
    margins: tuple[Margin, ...]
    known: tuple[PopulationMargin, ...]
    total: float
    numbers: tuple[Number, ...] = ()
    known_numbers: tuple[PopulationNumber, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the margins, and then of the numbers."""
        return tuple(each.name for each in (*self.margins, *self.numbers))

    def of_records(self, there: NDArray[np.bool_]) -> "SampleMargins":
        """Return the same totals for those of the sample's records that are in a survey's mask.

        Parameters
        ----------
        there
            Of all the survey's records, as those that still have a weight.
        """
        kept = there[self.rows]
        return replace(
            self,
            rows=self.rows[kept],
            margins=tuple(replace(each, codes=each.codes[kept]) for each in self.margins),
            numbers=tuple(replace(each, values=each.values[kept]) for each in self.numbers),
        )

    def cells(self) -> tuple[Indices, Auxiliaries]:
        """Return the cell of each record, shape ``(n,)``, and the totals as variables of cells.

        Records of a cell have the same categories and numbers, so a calibration without bounds
        on the weights themselves gives them one ratio.
        """
        cells = joint_cells(self.margins, self.numbers)
        first = np.unique(cells, return_index=True)[1]
        margins = [replace(margin, codes=margin.codes[first]) for margin in self.margins]
        numbers = [replace(number, values=number.values[first]) for number in self.numbers]
        return cells, auxiliaries(margins, numbers)


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


@dataclass(frozen=True, slots=True, eq=False)
class _Matched:
    """A margin in the schema's codes: the cells it gives, and in which each person is.

    ``codes`` holds -1 for a person whose cell the margin does not give; ``strays`` are the cells
    of these, with the number of people.
    """

    known: PopulationMargin
    parts: tuple[Partition, ...]
    cells: tuple[Cell, ...]
    totals: Floats
    codes: Indices
    strays: Mapping[Cell, int] = field(default_factory=dict[Cell, int])

    @property
    def name(self) -> str:
        return CROSS.join(part.name for part in self.parts)

    def label(self, cell: Cell) -> str:
        """Return a cell with the names of its codes."""
        return CROSS.join(part.label(code) for part, code in zip(self.parts, cell, strict=True))

    @property
    def total(self) -> float:
        return math.fsum(self.totals)

    @property
    def rounding(self) -> float:
        """How far the sum may be off because its parts are rounded: half a unit of each."""
        return rounding(self.known.totals)


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
        found, noticed = _of_sample(
            _Records(frame, schema, here, weights[here]), of_sample[name], given
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


@dataclass(frozen=True, slots=True, eq=False)
class _Records:
    """The records of one sample, and their weights."""

    frame: Any
    schema: SurveySchema
    rows: Indices
    weights: Floats


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


def positions_of(frame: Any, schema: SurveySchema, part: Partition) -> Indices:  # noqa: ANN401
    """Return where each record's code stands among those of a partition, -1 for none."""
    names, position = engine.categories(frame, schema, part.key, part.bands)
    places = np.array([*(part.codes.index(name) for name in names), -1], dtype=np.intp)
    return places[position]


# -- one sample ------------------------------------------------------------------------------


def _of_sample(
    records: _Records, margins: Sequence[PopulationMargin], total: float | None
) -> tuple[SampleMargins, list[Finding]]:
    """Return the margins of a sample, of one scale."""
    parts = [partitions_of(records.schema, margin) for margin in margins]
    _refuse_repeated(margins, parts)
    codes = [codes_of_cells(margin, of) for margin, of in zip(margins, parts, strict=True)]
    by_name = {
        part.name
        for of, (_, names) in zip(parts, codes, strict=True)
        for part in of
        if part.name in names and part.is_assumed
    }
    findings = [Finding.of("DI-W412", variables=sorted(by_name))] if by_name else []
    people = _people(records, parts, margins)
    matched = [
        _matched(margin, of, cells, people)
        for margin, of, (cells, _) in zip(margins, parts, codes, strict=True)
    ]
    _refuse_strays(matched)
    _refuse_empty(matched)
    grand, scaled, noticed = _scaled(matched, total, float(records.weights.sum()))
    _refuse_contradictions(scaled)
    sources = dict.fromkeys(margin.source for margin in margins if margin.source)
    found = SampleMargins(
        sample=None,
        rows=records.rows,
        margins=tuple(
            Margin(each.name, tuple(map(CROSS.join, each.cells)), each.codes, each.totals)
            for each in scaled
        ),
        known=tuple(
            PopulationMargin(
                variables=tuple(part.name for part in each.parts),
                cells=each.cells,
                totals=tuple((each.totals / grand).tolist()),
                kind="shares",
                sample=each.known.sample,
                source=each.known.source,
                labels=tuple(each.label(cell) for cell in each.cells),
            )
            for each in scaled
        ),
        total=grand,
        sources=tuple(sources),
    )
    return found, findings + noticed


def _refuse_repeated(
    margins: Sequence[PopulationMargin], parts: Sequence[Sequence[Partition]]
) -> None:
    """Refuse two margins of the same variables under two names, or in another order."""
    seen: dict[frozenset[object], int] = {}
    twice: dict[int, None] = {}
    for k, of in enumerate(parts):
        identity = frozenset(part.identity for part in of)
        if identity in seen:
            twice |= {seen[identity]: None, k: None}
        if len(identity) < len(of):
            twice[k] = None
        seen.setdefault(identity, k)
    if twice:
        raise InputError("DI-E414", cells=[name for k in twice for name in margins[k].named()])


def _people(
    records: _Records,
    parts: Sequence[Sequence[Partition]],
    margins: Sequence[PopulationMargin],
) -> dict[str, Indices]:
    """Return each person's position among the codes of every partition."""
    found: dict[str, Indices] = {}
    without: dict[str, int] = {}
    for part in {part.name: part for of in parts for part in of}.values():
        found[part.name] = positions_of(records.frame, records.schema, part)[records.rows]
        missing = int((found[part.name] < 0).sum())
        if missing:
            without[part.name] = missing
    if without:
        sample = margins[0].sample
        of = "" if sample is None else f"{sample}: "
        names = [f"{of}{name}" for name in without]
        raise InputError("DI-E420", variables=names, counts=[*without.values()])
    return found


def _matched(
    margin: PopulationMargin,
    parts: Sequence[Partition],
    cells: Sequence[Cell],
    people: Mapping[str, Indices],
) -> _Matched:
    """Return a margin in the order of the schema, and in which of its cells each person is."""
    first: dict[Cell, int] = {}
    twice: list[int] = []
    for k, cell in enumerate(cells):
        if cell in first:
            twice += [first[cell], k]
        first.setdefault(cell, k)
    if twice:
        raise InputError("DI-E414", cells=margin.named(dict.fromkeys(twice)))
    sizes = [len(part.codes) for part in parts]

    def place(cell: Cell) -> int:
        index = [part.codes.index(code) for part, code in zip(parts, cell, strict=True)]
        return int(np.ravel_multi_index(index, sizes))

    order = sorted(range(len(cells)), key=lambda k: place(cells[k]))
    of_place = np.full(math.prod(sizes), -1, dtype=np.intp)
    of_place[[place(cells[k]) for k in order]] = np.arange(len(order))
    here = np.ravel_multi_index([people[part.name] for part in parts], sizes)
    codes = of_place[here]
    strays: dict[Cell, int] = {}
    for stray, count in zip(*np.unique(here[codes < 0], return_counts=True), strict=True):
        index = np.unravel_index(int(stray), sizes)
        cell = tuple(part.codes[int(k)] for part, k in zip(parts, index, strict=True))
        strays[cell] = int(count)
    return _Matched(
        known=replace(
            margin,
            cells=tuple(margin.cells[k] for k in order),
            totals=tuple(margin.totals[k] for k in order),
            labels=(),
            places=tuple(margin.places[k] for k in order) if margin.places else (),
        ),
        parts=tuple(parts),
        cells=tuple(cells[k] for k in order),
        totals=np.array([margin.totals[k] for k in order], dtype=np.float64),
        codes=codes,
        strays=strays,
    )


def _refuse_strays(matched: Sequence[_Matched]) -> None:
    """Refuse people in categories without a total, or with a total of nobody."""
    names: list[str] = []
    counts: list[int] = []
    for each in matched:
        of = "" if each.known.sample is None else f"{each.known.sample}: "
        for cell, count in each.strays.items():
            names.append(f"{of}{each.name}={each.label(cell)}")
            counts.append(count)
        inside = np.bincount(each.codes[each.codes >= 0], minlength=len(each.cells))
        for k in np.flatnonzero((each.totals == 0) & (inside > 0)).tolist():
            names += each.known.named([k])
            counts.append(int(inside[k]))
    if names:
        raise InputError("DI-E421", cells=names, counts=counts)


def _refuse_empty(matched: Sequence[_Matched]) -> None:
    """Refuse totals of categories in which the sample has nobody."""
    names: list[str] = []
    totals: list[str] = []
    for each in matched:
        inside = np.bincount(each.codes, minlength=len(each.cells))
        empty = np.flatnonzero((each.totals > 0) & (inside == 0)).tolist()
        names += each.known.named(empty)
        totals += [f"{each.totals[k]:.15g}" for k in empty]
    if names:
        raise InputError("DI-E422", cells=names, totals=totals)


# -- scale -----------------------------------------------------------------------------------


def _scaled(
    matched: Sequence[_Matched], total: float | None, weight: float
) -> tuple[float, list[_Matched], list[Finding]]:
    """Return the grand total, and margins that sum to it.

    Parts that were rounded before they were written do not sum to what the whole was rounded
    to. Within half a unit of each they are brought to one total, and that is told; beyond, they
    are of two populations.
    """
    findings = [_share_finding(each) for each in matched if each.known.kind == "shares"]
    counts = [each for each in matched if each.known.kind == "counts"]
    exact = min(counts, key=lambda each: each.rounding, default=None)
    grand = total if total is not None else weight if exact is None else exact.total
    if not (math.isfinite(grand) and grand > 0):
        raise InputError("DI-E415", cells=[f"total ‘{grand:.15g}’"])
    own = exact.rounding if exact is not None and total is None else 0.0
    apart = [
        each
        for each in counts
        if abs(each.total - grand) > min(each.rounding + own, _ROUNDED_COUNTS * grand)
        and not math.isclose(each.total, grand, rel_tol=_SAME)
    ]
    if apart:
        names = [name for each in counts for name in each.known.named()]
        totals = [f"{each.total:.15g}" for each in counts]
        if total is not None:
            names, totals = [*names, "total"], [*totals, f"{total:.15g}"]
        raise InputError("DI-E419", margins=names, totals=totals)
    rounded = [each for each in counts if not math.isclose(each.total, grand, rel_tol=_SAME)]
    if rounded:
        names = [name for each in rounded for name in each.known.named()]
        totals = [f"{each.total:.15g}" for each in rounded]
        finding = Finding.of("DI-W413", margins=names, totals=totals, total=f"{grand:.15g}")
        findings.append(finding)
    scaled = [replace(each, totals=each.totals * (grand / each.total)) for each in matched]
    return grand, scaled, [each for each in findings if each is not None]


def _scale_findings(sample: str, total: float, weight: float) -> list[Finding]:
    """Tell of totals so far from the sum of the weights that one may be on another scale."""
    if total <= _FAR * weight and weight <= _FAR * total:
        return []
    said = {"total": f"{total:,.12g}", "weights": f"{weight:,.12g}"}
    return [Finding.of("DI-W419", sample=sample, **said)]


def _share_finding(each: _Matched) -> Finding | None:
    """Refuse shares that do not sum to the whole; tell of those that do so but for rounding."""
    whole = min(WHOLES, key=lambda one: abs(math.log(max(each.total, _AGREE) / one)))
    off = abs(each.total - whole)
    if off <= _SAME * whole:
        return None
    cells = each.known.named(range(len(each.cells)))
    if off > min(each.rounding, ROUNDED_SHARES * whole):
        values = [
            f"{cell} {total:.10g}" for cell, total in zip(cells, each.known.totals, strict=True)
        ]
        [margin] = each.known.named()
        raise InputError("DI-E418", margin=margin, total=f"{each.total:.10g}", cells=values)
    return Finding.of(
        "DI-W410", margin=each.known.named()[0], total=f"{each.total:.10g}", whole=f"{whole:g}"
    )


def _refuse_contradictions(matched: Sequence[_Matched]) -> None:
    """Refuse margins that give what they share different totals: no weights reach both."""
    wrong: list[str] = []
    for one, other in combinations(matched, 2):
        shared = [p for p in one.parts if p.identity in {q.identity for q in other.parts}]
        if not shared:
            continue
        sums = _summed(one, shared), _summed(other, shared)
        for cell in dict.fromkeys([*sums[0], *sums[1]]):
            first, second = (each.get(cell, 0.0) for each in sums)
            if not math.isclose(first, second, rel_tol=_AGREE):
                name = CROSS.join(part.name for part in shared)
                wrong.append(
                    f"{name}={CROSS.join(cell)}: {first:.10g} ({one.name}) ≠ "
                    f"{second:.10g} ({other.name})"
                )
    if wrong:
        raise InputError("DI-E427", cells=wrong)


def _summed(each: _Matched, shared: Sequence[Partition]) -> dict[Cell, float]:
    """Return the totals of the categories of some partitions."""
    identities = [part.identity for part in each.parts]
    kept = [identities.index(part.identity) for part in shared]
    sums: dict[Cell, list[float]] = {}
    for cell, total in zip(each.cells, each.totals.tolist(), strict=True):
        sums.setdefault(tuple(cell[k] for k in kept), []).append(total)
    return {cell: math.fsum(parts) for cell, parts in sums.items()}
