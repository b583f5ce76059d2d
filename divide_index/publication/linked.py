"""Levels linked over a change of items, as they may be published: tables, JSON and CSV."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from divide_index.cells import Cell
from divide_index.change import LinkedResult
from divide_index.errors import Finding
from divide_index.messages import Language, text
from divide_index.publication.disclosure import Suppression, protect
from divide_index.publication.files import as_csv, as_json, records
from divide_index.publication.findings import finding_words
from divide_index.publication.formatting import (
    NONE,
    NOT_AVAILABLE,
    SUPPRESSED,
    interval,
    percent,
    rounded,
)
from divide_index.publication.labels import cell_label
from divide_index.publication.methods import assumptions_note, formula_note
from divide_index.publication.provenance import provenance_of_linked
from divide_index.publication.tables import Table, side_by_side
from divide_index.schema import OVERALL


@dataclass(frozen=True, eq=False)
class PublishedLinked:
    """Linked levels after disclosure control.

    Parameters
    ----------
    result
        The levels, raw.
    suppressions
        What of each year is not published; None publishes all, for use inside.
    """

    result: LinkedResult
    suppressions: Mapping[int, Suppression] | None

    @cached_property
    def hidden(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether each row rests on a suppressed cell: its own year's, or one on the way."""
        hidden = self.suppressions or {}
        return np.array(
            [
                any(
                    cell in each.suppressed
                    for when, each in hidden.items()
                    if min(year, to) <= when <= max(year, to)
                )
                for year, to, cell in zip(
                    self.result.years.tolist(),
                    self.result.linked_to.tolist(),
                    self.result.cells,
                    strict=True,
                )
            ],
            dtype=bool,
        )

    def frame(self) -> pd.DataFrame:
        """Return the rows as they may be published."""
        frame = self.result.to_frame()
        if self.hidden.any():
            for name in frame.columns:
                if name in {"year", "linked_to"} or not pd.api.types.is_numeric_dtype(frame[name]):
                    continue
                whole = pd.api.types.is_integer_dtype(frame[name])
                column = frame[name].astype("Int64") if whole else frame[name]
                frame[name] = column.mask(self.hidden)
        frame["flag"] = np.where(self.hidden, "suppressed", "")
        return frame

    def findings(self) -> tuple[Finding, ...]:
        """Return the findings as they may be published."""
        found = self.result.findings
        for each in (self.suppressions or {}).values():
            found = each.findings(found)
        said: list[Finding] = []
        for each in found:  # two may be the same once their numbers are taken away
            if each not in said:
                said.append(each)
        return tuple(said)


def protect_linked(result: LinkedResult) -> dict[int, Suppression]:
    """Decide what of every year's levels is published.

    Raises
    ------
    EstimationError
        As :func:`divide_index.publication.disclosure.protect` does.
    """
    return {year: protect(each) for year, each in result.results.items()}


def tables_of_links(published: PublishedLinked, lang: Language) -> list[Table]:
    """Return the linked overall levels by year, and the overlap of every link, as tables."""
    result = published.result
    schema = result.waves.schema
    cells = list(dict.fromkeys(cell for cell in result.cells if cell.domain != "total"))
    labels = [cell_label(cell, schema, lang) for cell in cells]
    years = list(result.waves.years)
    heads = {str(year): str(year) for year in years}
    columns = {str(year): [_cell(published, year, cell) for cell in cells] for year in years}
    levels = [
        Table(
            title=text(
                "years.linked.title",
                lang,
                survey=schema.survey.name.of(lang),
                reference=schema.reference.label.of(lang),
                confidence=percent(result.confidence),
            ),
            unit=text("years.unit.level", lang),
            columns=(text("table.category", lang), *chunk),
            rows=tuple(zip(labels, *(columns[name] for name in chunk), strict=True)),
            breaks=tuple(i for i, c in enumerate(cells) if i and c.domain != cells[i - 1].domain),
        )
        for chunk in side_by_side(labels, columns, heads)
    ]
    names = [*schema.dimensions]
    links = Table(
        title=text("years.linked.overlap", lang),
        unit=text("years.unit.level", lang),
        columns=(
            text("years.head.years", lang),
            text("table.overall", lang),
            *(schema.dimensions[name].label.of(lang) for name in names),
        ),
        rows=tuple(
            (
                f"{each.first}~{each.last}",
                rounded(100 * each.overlap, 0),
                *(
                    rounded(100 * each.by_dimension[name], 0) if name in each.by_dimension else NONE
                    for name in names
                ),
            )
            for each in result.links
        ),
    )
    return [*levels, links] if result.links else levels


def _cell(published: PublishedLinked, year: int, cell: Cell) -> str:
    result = published.result
    try:
        row = result.row(year, cell.domain, cell.category, OVERALL)
    except KeyError:
        return NONE
    if published.hidden[row]:
        return SUPPRESSED
    level = float(result.estimate.values[row])
    if np.isnan(level):
        return NOT_AVAILABLE
    bounds = interval(float(result.conf_low[row]), float(result.conf_high[row]))
    return f"{rounded(level)} ({bounds})"


def link_notes(published: PublishedLinked, lang: Language) -> list[str]:
    """Return what must be read under the tables."""
    result = published.result
    surveys = result.waves.surveys
    notes: list[str] = []
    if any(survey.is_synthetic for survey in surveys.values()):
        notes.append(text("note.synthetic", lang))
    last = result.results[result.waves.years[-1]]
    notes += [finding_words(finding, last, lang) for finding in published.findings()]
    if last.where is not None:
        notes.append(text("note.where", lang, where=last.where))
    notes.append(text("note.years.linked", lang, last=result.waves.years[-1]))
    notes.append(formula_note(result.waves.schema, "weighted_ratios", lang))
    notes += assumptions_note(result.waves.schema, lang)
    notes += [text("note.rounding", lang), text("note.symbols", lang)]
    if published.suppressions is None:
        return [*notes, text("note.internal", lang)]
    [rule] = {each.rule for each in published.suppressions.values()}
    hidden = sum(len(each.suppressed) for each in published.suppressions.values())
    return [*notes, text("note.disclosure", lang, threshold=rule.threshold, count=hidden)]


def linked_as_json(published: PublishedLinked) -> str:
    """Return linked levels with their links and provenance as JSON."""
    links = [
        {
            "first": each.first,
            "last": each.last,
            "overlap": each.overlap,
            "by_dimension": dict(each.by_dimension),
            "differences": list(each.differences),
        }
        for each in published.result.links
    ]
    change = {"linked": records(published.frame()), "links": links}
    return as_json({"provenance": _provenance(published), "change": change})


def linked_as_csv(published: PublishedLinked) -> str:
    """Return linked levels as CSV; an undefined number is an empty cell."""
    return as_csv(published.frame())


def linked_provenance(published: PublishedLinked) -> str:
    """Return the sidecar of a file that cannot hold its own provenance."""
    return as_json(_provenance(published))


def _provenance(published: PublishedLinked) -> dict[str, Any]:
    return provenance_of_linked(published.result, published.suppressions, published.findings())
