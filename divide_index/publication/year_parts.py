"""What changes are made of, and whether regions converge, as they may be published."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import Cell
from divide_index.change import (
    BetaConvergence,
    ChangeDecomposition,
    ChangeSources,
    SigmaConvergence,
)
from divide_index.change.composition import PARTS
from divide_index.change.sources import SOURCES, Source
from divide_index.errors import Finding
from divide_index.inference.estimate import Estimate, t_quantile
from divide_index.messages import Language, text
from divide_index.publication.decompositions import protect_decomposition
from divide_index.publication.disclosure import Suppression
from divide_index.publication.files import records
from divide_index.publication.findings import finding_words
from divide_index.publication.formatting import (
    NOT_AVAILABLE,
    SUPPRESSED,
    interval,
    percent,
    rounded,
    signed,
)
from divide_index.publication.labels import cell_label
from divide_index.publication.tables import Table
from divide_index.publication.years import PublishedYears


@dataclass(frozen=True, eq=False)
class PublishedParts:
    """What is told beside levels of several years, after disclosure control.

    Parameters
    ----------
    years
        The levels, with what of each year is not published.
    sources
        What a group's own scores and the reference's did, if that was asked for.
    decomposition
        Composition, returns and the rest, if the schema has factors.
    decomposed
        What of the decompositions of each year is not published; None publishes all.
    sigma, beta
        Convergence of regions, if it was asked for.
    """

    years: PublishedYears
    sources: ChangeSources | None = None
    decomposition: ChangeDecomposition | None = None
    decomposed: Mapping[int, Suppression] | None = None
    sigma: SigmaConvergence | None = None
    beta: BetaConvergence | None = None

    def hides(self, cell: Cell, *, decomposed: bool = False) -> bool:
        """Return whether a cell is not published in a year that its parts rest on."""
        kinds = [self.years.suppressions, self.decomposed if decomposed else None]
        return any(cell in each.suppressed for kind in kinds for each in (kind or {}).values())

    @cached_property
    def hides_convergence(self) -> bool:
        """Whether a region is suppressed in some year.

        The variance among regions and the levels of all others would then give it back.
        """
        if self.sigma is None:
            return False
        return any(self.hides(cell) for cell in self.sigma.cells)

    def source_frame(self) -> pd.DataFrame:
        """Return own scores' and the reference's parts, as they may be published."""
        assert self.sources is not None  # noqa: S101  the caller asked
        hidden = [self.hides(row.cell) for row in self.sources.rows]
        return _masked(self.sources.to_frame(), np.array(hidden, dtype=bool))

    def decomposition_frame(self) -> pd.DataFrame:
        """Return composition, returns and the rest, as they may be published."""
        assert self.decomposition is not None  # noqa: S101  the caller asked
        rows = self.decomposition.rows
        hidden = [self.hides(row.cell, decomposed=True) for row in rows]
        return _masked(self.decomposition.to_frame(), np.array(hidden, dtype=bool))

    def findings(self) -> tuple[Finding, ...]:
        """Return the findings of what is told beside the levels, as they may be published."""
        found: list[Finding] = []
        for each in (self.sources, self.decomposition, self.sigma, self.beta):
            if each is not None:
                found += [finding for finding in each.findings if finding not in found]
        told = self.years.findings()
        kept = tuple(finding for finding in found if finding not in self.years.result.findings)
        for suppression in (
            *(self.years.suppressions or {}).values(),
            *(self.decomposed or {}).values(),
        ):
            kept = suppression.findings(kept)
        said: list[Finding] = []
        for each in kept:  # two may be the same once their numbers are taken away
            if each not in told and each not in said:
                said.append(each)
        return tuple(said)


def protect_parts(decomposition: ChangeDecomposition) -> dict[int, Suppression]:
    """Decide which groups' parts are published: complete cases are held to the same rules.

    Raises
    ------
    EstimationError
        As :func:`divide_index.publication.decompositions.protect_decomposition` does.
    """
    return {year: protect_decomposition(each) for year, each in decomposition.results.items()}


def tables_of_parts(published: PublishedParts, lang: Language) -> list[Table]:
    """Return own scores and the reference's, composition and returns, and convergence."""
    return [
        *_sources(published, lang),
        *_decomposition(published, lang),
        *_convergence(published, lang),
    ]


def part_notes(published: PublishedParts, lang: Language) -> list[str]:
    """Return what must be read under these tables."""
    notes: list[str] = []
    if published.sources is not None:
        notes.append(text("note.years.sources", lang))
    if published.decomposition is not None:
        notes.append(text("note.years.composition", lang))
    if published.sigma is not None:
        code = (
            "note.years.convergence_hidden"
            if published.hides_convergence
            else ("note.years.convergence")
        )
        notes.append(text(code, lang))
    result = published.years.result
    last = result.results[result.waves.years[-1]]
    return [*notes, *(finding_words(each, last, lang) for each in published.findings())]


def parts_document(published: PublishedParts) -> dict[str, Any]:
    """Return the same as JSON's rows, by name."""
    document: dict[str, Any] = {}
    if published.sources is not None:
        document["sources"] = records(published.source_frame())
    if published.decomposition is not None:
        document["decomposition"] = records(published.decomposition_frame())
    if published.sigma is not None and not published.hides_convergence:
        document["sigma"] = records(published.sigma.years_frame())
        document["sigma_changes"] = records(published.sigma.to_frame())
    if published.beta is not None and not published.hides_convergence:
        document["beta"] = records(published.beta.to_frame())
    return document


def _sources(published: PublishedParts, lang: Language) -> list[Table]:
    sources = published.sources
    if sources is None:
        return []
    order: list[Source] = ["total", *(part for part in SOURCES if part != "total")]
    rows: list[tuple[str, ...]] = []
    for cell in sources.cells:
        label = cell_label(cell, published.years.schema, lang)
        if published.hides(cell):
            rows.append((label, *([SUPPRESSED] * len(order))))
            continue
        places = [sources.row((cell.domain, cell.category), part) for part in order]
        rows.append((label, *_points(sources.estimate, places, sources.confidence)))
    return [
        Table(
            title=text(
                "years.sources",
                lang,
                first=sources.first,
                last=sources.last,
                confidence=percent(sources.confidence),
            ),
            unit=text("years.unit.change", lang),
            columns=(
                text("years.head.category", lang),
                *(text(f"years.head.source.{part}", lang) for part in order),
            ),
            rows=tuple(rows),
            breaks=_breaks(sources.cells),
        )
    ]


def _decomposition(published: PublishedParts, lang: Language) -> list[Table]:
    found = published.decomposition
    if found is None:
        return []
    rows: list[tuple[str, ...]] = []
    for cell in found.cells:
        label = cell_label(cell, published.years.schema, lang)
        if published.hides(cell, decomposed=True):
            rows.append((label, *([SUPPRESSED] * len(PARTS))))
            continue
        places = [found.row((cell.domain, cell.category), part) for part in PARTS]
        rows.append((label, *_points(found.estimate, places, found.confidence)))
    return [
        Table(
            title=text(
                "years.composition",
                lang,
                first=found.first,
                last=found.last,
                confidence=percent(found.confidence),
            ),
            unit=text("years.unit.change", lang),
            columns=(
                text("years.head.category", lang),
                *(text(f"years.head.part.{part}", lang) for part in PARTS),
            ),
            rows=tuple(rows),
            breaks=_breaks(found.cells),
        )
    ]


def _convergence(published: PublishedParts, lang: Language) -> list[Table]:
    sigma, beta = published.sigma, published.beta
    if sigma is None or published.hides_convergence:
        return []
    by = published.years.schema.domains[sigma.domain].label.of(lang)
    rows: list[tuple[str, ...]] = []
    for year in sigma.years:
        row = sigma.row(year)
        rows.append(
            (
                str(year),
                rounded(math.sqrt(float(sigma.observed[row]))),
                rounded(math.sqrt(max(float(sigma.sampling[row]), 0.0))),
                rounded(float(sigma.std_deviations[row])),
            )
        )
    tables = [
        Table(
            title=text("years.sigma", lang, by=by, regions=len(sigma.cells)),
            unit=text("years.unit.change", lang),
            columns=(
                text("years.head.year", lang),
                text("years.head.observed", lang),
                text("years.head.sampling", lang),
                text("years.head.corrected", lang),
            ),
            rows=tuple(rows),
        )
    ]
    if beta is None:
        return tables
    slopes: list[tuple[str, ...]] = []
    for place, (method, errors) in enumerate(beta.rows):
        bounds = interval(float(beta.conf_low[place]), float(beta.conf_high[place]), 2)
        label = text(f"years.beta.{method}", lang)
        kind = text(f"years.beta.{errors}", lang)
        slopes.append(
            (f"{label} · {kind}", f"{signed(float(beta.estimate.values[place]), 2)} ({bounds})")
        )
    confidence = percent(beta.confidence)
    tables.append(
        Table(
            title=text(
                "years.beta",
                lang,
                by=by,
                first=beta.first,
                last=beta.last,
                reliability=rounded(100 * beta.reliability, 0),
            ),
            unit="",
            columns=(
                text("years.head.method", lang),
                text("years.head.slope", lang, confidence=confidence),
            ),
            rows=tuple(slopes),
        )
    )
    return tables


def _points(estimate: Estimate, places: list[int], confidence: float) -> list[str]:
    """Return parts with their margins; ``ns`` where zero is inside."""
    quantile = t_quantile(confidence, estimate.degrees_of_freedom)
    margins = quantile * estimate.reliable_std_errors
    said: list[str] = []
    for place in places:
        points, margin = float(estimate.values[place]), float(margins[place])
        if math.isnan(margin):
            said.append(f"{signed(points)}±{NOT_AVAILABLE}")
            continue
        verdict = "" if abs(points) > margin else " ns"
        said.append(f"{signed(points)}±{rounded(margin)}{verdict}")
    return said


def _breaks(cells: tuple[Cell, ...]) -> tuple[int, ...]:
    return tuple(i for i, c in enumerate(cells) if i and c.domain != cells[i - 1].domain)


def _masked(frame: pd.DataFrame, hidden: NDArray[np.bool_]) -> pd.DataFrame:
    """Return a frame without the numbers of hidden rows, and a column that says so."""
    if hidden.any():
        for name in frame.columns:
            if name in {"first", "last"} or not pd.api.types.is_numeric_dtype(frame[name]):
                continue
            whole = pd.api.types.is_integer_dtype(frame[name])
            column = frame[name].astype("Int64") if whole else frame[name]
            frame[name] = column.mask(hidden)
    frame["flag"] = np.where(hidden, "suppressed", "")
    return frame
