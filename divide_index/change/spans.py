"""Two years held against each other: whether they compare, and the sums of their cells."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divide_index.cells import (
    WHERE,
    Cell,
    CellSums,
    Request,
    design_findings,
    requested,
    summed,
    unplaced,
)
from divide_index.change.breaks import breaks_of, crossed
from divide_index.errors import EstimationError, Finding
from divide_index.inference.design import Design
from divide_index.inference.estimate import Estimate
from divide_index.inference.ratios import means
from divide_index.schema import dimension_column, variables_of
from divide_index.scoring import score
from divide_index.survey import Survey
from divide_index.waves import Waves, refuse_other_categories

Floats = NDArray[np.float64]

_ALIKE = 1e-9  # index points
_ALIKE_ERROR = 1e-6  # variances that cancel leave rounding, whose root is larger


@dataclass(frozen=True, slots=True)
class Span:
    """The years of some waves from a first to a last one.

    Parameters
    ----------
    years
        Ascending, two or more.
    places
        Where each stands among the waves.
    """

    years: tuple[int, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, waves: Waves, first: int | None, last: int | None) -> "Span":
        """Return the years asked for, by default all.

        Raises
        ------
        EstimationError
            DI-E364: fewer than two years. DI-E117: a year that is none of the waves. DI-E380:
            the first is not before the last.
        """
        known = waves.years
        if len(known) < 2:  # noqa: PLR2004
            raise EstimationError("DI-E364", count=len(known))
        start = known[0] if first is None else first
        end = known[-1] if last is None else last
        for option, year in (("first", start), ("last", end)):
            if year not in known:
                raise EstimationError("DI-E117", option=option, value=year, valid=known)
        if start >= end:
            raise EstimationError("DI-E380", first=start, last=end)
        places = tuple(place for place, year in enumerate(known) if start <= year <= end)
        return cls(tuple(known[place] for place in places), places)

    @property
    def first(self) -> int:
        """The first year."""
        return self.years[0]

    @property
    def last(self) -> int:
        """The last year."""
        return self.years[-1]

    @property
    def ends(self) -> tuple[int, int]:
        """Where the first and the last year stand among the waves."""
        return self.places[0], self.places[-1]

    @property
    def pair(self) -> "Span":
        """The first and the last year alone."""
        return Span((self.first, self.last), self.ends)

    def refuse_breaks(self, waves: Waves, cells: Iterable[Cell]) -> None:
        """Refuse cells whose series breaks between the years.

        Raises
        ------
        EstimationError
            DI-E381: with every such cell and break.
        """
        broken: list[str] = []
        names: dict[str, None] = {}
        for cell in cells:
            found = crossed(breaks_of(waves.schemas, cell), self.first, self.last)
            if found:
                broken.append(f"{cell.domain}/{cell.category}")
                names |= dict.fromkeys(f"{each.name} ({each.year})" for each in found)
        if broken:
            raise EstimationError(
                "DI-E381", cells=broken, breaks=[*names], first=self.first, last=self.last
            )


@dataclass(frozen=True, slots=True, eq=False)
class YearSums:
    """The sums of one year: of the reference, and of every cell asked for.

    Parameters
    ----------
    survey
        The year's survey.
    request
        What was asked of it.
    reference
        The sums of the reference.
    cells
        Those of the other cells.
    findings
        Who is in no cell, and what is not known of the design.
    """

    survey: Survey
    request: Request
    reference: CellSums
    cells: Mapping[Cell, CellSums]
    findings: tuple[Finding, ...]

    @classmethod
    def of(
        cls,
        survey: Survey,
        *,
        by: Sequence[str],
        groups: Sequence[str] | None,
        where: str | None,
    ) -> "YearSums":
        """Return the sums of a year, averages of groups left out.

        Raises
        ------
        EstimationError
            DI-E060, DI-E062: nobody of the reference has a dimension, or its mean is zero.
        """
        schema = survey.schema
        request = requested(schema, by=by, groups=groups, where=where, averages=False)
        columns = [dimension_column(name) for name in schema.dimensions]
        sums = summed(score(survey), request, [columns], second=False)
        reference, *cells = sums.sets[0]
        names, total = [*schema.dimensions], reference.total
        empty = [name for name, w in zip(names, total[0::2], strict=True) if w <= 0]
        if empty:
            raise EstimationError("DI-E060", dimensions=empty)
        zero = [name for name, m in zip(names, means(total), strict=True) if m <= 0]
        if zero:
            raise EstimationError("DI-E062", dimensions=zero)
        findings = (*unplaced(sums), *design_findings(survey))
        return cls(survey, request, reference, {part.cell: part for part in cells}, findings)

    @property
    def design(self) -> Design:
        """The year's own design."""
        return self.survey.design

    def is_inside(self, cell: Cell) -> bool:
        """Whether anybody of the cell has a score."""
        part = self.cells.get(cell)
        return part is not None and bool(part.counts.sum())

    def is_whole(self, cell: Cell) -> bool:
        """Whether the cell has a mean of every dimension."""
        part = self.cells.get(cell)
        return part is not None and not np.isnan(means(part.total)).any()

    def degrees_of_freedom(self, parts: Sequence[CellSums]) -> Floats:
        """Return the degrees of freedom of people in several cells together.

        Returns
        -------
        degrees_of_freedom
            By dimension, and overall, the smaller of theirs and the reference's, ``(D + 1,)``.
        """
        inside = np.logical_or.reduce([part.counts > 0 for part in parts])
        both = np.hstack([inside, self.reference.counts > 0])
        own, whole = self.design.domain_degrees_of_freedom(both).reshape(2, -1)
        return np.maximum(np.minimum(own, whole), 0.0)


def sums_of_years(
    waves: Waves,
    span: Span,
    *,
    by: Sequence[str],
    groups: Sequence[str] | None,
    where: str | None,
) -> tuple[list[YearSums], list[Finding]]:
    """Return the sums of every year, whose categories must mean the same, and what was noticed.

    Raises
    ------
    EstimationError
        DI-E371, DI-E372: categories that do not compare. And as :meth:`YearSums.of` does.
    """
    sums = [
        YearSums.of(waves.surveys[year], by=by, groups=groups, where=where) for year in span.years
    ]
    request = sums[-1].request
    condition = request.populations.get(WHERE)
    variables = set[str]() if condition is None else variables_of(condition)
    findings = [*waves.findings, *refuse_other_categories(waves, request.domain_keys, variables)]
    for each in sums:
        findings += [found for found in each.findings if found not in findings]
    return sums, findings


def shared_cells(span: Span, sums: Sequence[YearSums]) -> tuple[Cell, ...]:
    """Return the cells that all years have, in the order of the last.

    A category that nobody is in, in any of the years, is left out: nothing is to be said of it.

    Parameters
    ----------
    span
        The years.
    sums
        Of each of them.

    Raises
    ------
    EstimationError
        DI-E061: groups that nobody is in, in any year. DI-E382: cells that some year lacks.
        DI-E289: nothing was asked for.
    """
    every = dict.fromkeys(cell for year in reversed(sums) for cell in year.cells)
    present = [cell for cell in every if any(year.is_inside(cell) for year in sums)]
    absent = [c.category for c in every if c.domain == "group" and c not in present]
    if absent and sums[-1].request.where is None:
        raise EstimationError("DI-E061", groups=absent)
    lacking = {
        year: [f"{cell.domain}/{cell.category}" for cell in present if not each.is_whole(cell)]
        for year, each in zip(span.years, sums, strict=True)
    }
    wrong = {year: names for year, names in lacking.items() if names}
    if wrong:
        names = list(dict.fromkeys(name for each in wrong.values() for name in each))
        raise EstimationError("DI-E382", cells=names, years=[*wrong])
    if not present:
        schema = sums[-1].survey.schema
        raise EstimationError("DI-E289", groups=[*schema.groups], domains=[*schema.domains])
    return tuple(present)


def without_noise(estimate: Estimate) -> Estimate:
    """Return nothing without error where only rounding is left of a value and its variance."""
    alike = (np.abs(estimate.values) < _ALIKE) & (estimate.std_errors < _ALIKE_ERROR)
    covariance = np.where(alike[:, None] | alike[None, :], 0.0, estimate.covariance)
    values = np.where(alike, 0.0, estimate.values)
    return Estimate(estimate.names, values, covariance, estimate.degrees_of_freedom)
