"""Margins of one sample: known totals in the codes, the order and the scale of its records."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.errors import Finding, InputError
from divide_index.inference.calibration import Auxiliaries, Margin, Number, auxiliaries, joint_cells
from divide_index.margins.categories import Partition, codes_of_cells, partitions_of
from divide_index.margins.known import (
    CROSS,
    ROUNDED_SHARES,
    WHOLES,
    Cell,
    PopulationMargin,
    PopulationNumber,
    rounding,
)
from divide_index.schema import SurveySchema

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_ROUNDED_COUNTS = 0.001  # of the grand total: rounded counts never sum to what is farther away
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
class Records:
    """The records of one sample: their positions in a survey's frame and weights, ``(n,)``."""

    frame: Any
    schema: SurveySchema
    rows: Indices
    weights: Floats


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


def positions_of(frame: Any, schema: SurveySchema, part: Partition) -> Indices:  # noqa: ANN401
    """Return where each record's code stands among those of a partition, -1 for none."""
    names, position = engine.categories(frame, schema, part.key, part.bands)
    places = np.array([*(part.codes.index(name) for name in names), -1], dtype=np.intp)
    return places[position]


def margins_of_sample(
    records: Records, margins: Sequence[PopulationMargin], total: float | None
) -> tuple[SampleMargins, list[Finding]]:
    """Return the margins of a sample, of one scale.

    Parameters
    ----------
    records
        The sample's.
    margins
        What is known of its population.
    total
        People of it; without them the margins of counts say it, else the sum of the weights.

    Returns
    -------
    margins, findings
        Without numbers, and without the sample's name.

    Raises
    ------
    InputError
        As :func:`~divide_index.margins.margins_of_records`.
    """
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
    records: Records,
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
