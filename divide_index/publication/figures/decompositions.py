"""Decompositions drawn: the waterfall of a group, the heat table of a domain, the paths of groups.

What is drawn comes through the door of
:class:`~divide_index.publication.decompositions.PublishedDecomposition`, so that a figure shows
what its tables do.
"""

from collections.abc import Sequence

import pandas as pd

from divide_index.cells import Cell
from divide_index.messages import Language, text
from divide_index.publication.decompositions import PartFigures, PublishedDecomposition
from divide_index.publication.figures.drawing import PAGE_WIDTH, Drawing
from divide_index.publication.figures.heat_tables import heat_table
from divide_index.publication.figures.marks import (
    Flag,
    HeatCell,
    HeatRow,
    Line,
    Step,
    Waypoint,
)
from divide_index.publication.figures.paths import path
from divide_index.publication.figures.waterfalls import waterfall
from divide_index.publication.formatting import percent
from divide_index.publication.labels import cell_label, dimension_label, inside
from divide_index.schema import OVERALL

# -- what is drawn -----------------------------------------------------------------------------


def terms_of(published: PublishedDecomposition, cells: Sequence[Cell]) -> list[str]:
    """Return the factors of some groups, those that any of them has, in the formula's order."""
    present = {term for cell in cells for term in published.terms_of(cell)}
    return [term for term in published.result.choice.terms if term in present]


def steps_of(
    published: PublishedDecomposition, cell: Cell, lang: Language, dimension: str = OVERALL
) -> list[Step]:
    """Return the way from the reference to a group: factors, what is unexplained, and the gap."""
    factors = [
        _step(
            published.label_of(term, lang),
            published.figures(cell, "explained", term, dimension),
            _flag(published, cell),
        )
        for term in published.terms_of(cell)
    ]
    rest, gap = (
        published.figures(cell, part, dimension=dimension) for part in ("unexplained", "gap")
    )
    flag = _flag(published, cell)
    return [
        *factors,
        _step(text("decomposition.rest", lang), rest, flag, "unexplained"),
        _step(_of_dimension(published, cell, lang, dimension), gap, flag, "total"),
    ]


def heat_rows_of(
    published: PublishedDecomposition,
    cells: Sequence[Cell],
    lang: Language,
    dimension: str = OVERALL,
) -> tuple[list[str], list[HeatRow]]:
    """Return the heads and the rows of a heat table: factors, what is unexplained, the gap."""
    terms = terms_of(published, cells)
    heads = [
        *(published.label_of(term, lang) for term in terms),
        text("decomposition.rest", lang),
        text("decomposition.gap", lang),
    ]
    rows = [
        HeatRow(
            cell_label(cell, published.schema, lang),
            (
                *(
                    _heat(published, cell, published.figures(cell, "explained", term, dimension))
                    if term in published.terms_of(cell)
                    else HeatCell(None, flag="none")
                    for term in terms
                ),
                *(
                    _heat(published, cell, published.figures(cell, part, dimension=dimension))
                    for part in ("unexplained", "gap")
                ),
            ),
        )
        for cell in cells
    ]
    return heads, rows


def waypoints_of(
    published: PublishedDecomposition,
    cells: Sequence[Cell],
    lang: Language,
    dimension: str = OVERALL,
) -> list[Waypoint]:
    """Return what is left of each group's gap as sets of factors enter, from none at all.

    A set that holds no factor of a group is no step of it.
    """
    frame = published.apply(published.result.path_frame())
    numbers = frame[["contribution", "conf_low", "conf_high"]].to_numpy(dtype=float).tolist()
    found: list[Waypoint] = []
    for cell in cells:
        heading = _of_dimension(published, cell, lang, dimension)
        if published.is_hidden(cell):
            raw = text("plot.raw", lang)
            found.append(Waypoint(raw, None, flag="suppressed", heading=heading))
            continue
        entered: set[str] = set()
        rows = zip(published.result.path_rows, numbers, strict=True)
        for row, (points, low, high) in rows:
            new = [term for term in row.explained if term not in entered]
            if (row.cell, row.dimension) != (cell, dimension) or (row.step and not new):
                continue
            label = text("plot.raw", lang)
            if row.step:
                label = text("plot.entered", lang, names=names_of(published, new, lang))
            entered.update(new)
            first = "" if row.step else heading
            flag = _flag(published, cell)
            found.append(Waypoint(label, points, _known(low), _known(high), flag, first))
    return found


def names_of(published: PublishedDecomposition, terms: Sequence[str], lang: Language) -> str:
    """Return factors in a row, as they stand inside a sentence."""
    joint = "·" if lang == "ko" else ", "
    return joint.join(inside(published.label_of(term, lang), lang) for term in terms)


def _flag(published: PublishedDecomposition, cell: Cell) -> Flag:
    return "caution" if published.basis(cell).is_small else ""


def _step(label: str, figures: PartFigures, flag: Flag, kind: str = "factor") -> Step:
    if not figures.is_shown:
        return Step(label, None, kind=kind, flag="suppressed")  # pyright: ignore[reportArgumentType]
    low, high = _known(figures.low), _known(figures.high)
    return Step(label, figures.points, low, high, kind, flag)  # pyright: ignore[reportArgumentType]


def _heat(published: PublishedDecomposition, cell: Cell, figures: PartFigures) -> HeatCell:
    if not figures.is_shown:
        return HeatCell(None, flag="suppressed")
    return HeatCell(figures.points, figures.is_significant, _flag(published, cell))


def _known(number: float) -> float | None:
    return None if pd.isna(number) else number


def _of_dimension(
    published: PublishedDecomposition, cell: Cell, lang: Language, dimension: str
) -> str:
    label = cell_label(cell, published.schema, lang)
    if dimension == OVERALL:
        return label
    return f"{label} · {dimension_label(dimension, published.schema, lang)}"


# -- drawings ----------------------------------------------------------------------------------


def waterfall_of(
    published: PublishedDecomposition,
    cell: Cell,
    lang: Language,
    *,
    dimension: str = OVERALL,
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return the waterfall of a group: what each part adds to its overall level."""
    reference = published.schema.reference.label.of(lang)
    return waterfall(
        steps_of(published, cell, lang, dimension),
        reference=Line(100.0, f"{reference} = 100"),
        falls_label=text("plot.falls", lang),
        rises_label=text("plot.rises", lang),
        unit_label=text("report.axis", lang),
        value_label=_value_label("plot.part", published, lang),
        width=width,
    )


def heat_table_of(
    published: PublishedDecomposition,
    cells: Sequence[Cell],
    lang: Language,
    *,
    dimension: str = OVERALL,
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return the heat table of some groups by factor."""
    heads, rows = heat_rows_of(published, cells, lang, dimension)
    scale = text("plot.scale", lang)
    if dimension != OVERALL:
        scale = f"{dimension_label(dimension, published.schema, lang)}: {scale}"
    return heat_table(
        rows,
        columns=heads,
        has_total=True,
        scale_label=scale,
        insignificant_label=text("plot.insignificant", lang),
        suppressed_label=text("report.sign.hidden", lang),
        width=width,
    )


def path_of(
    published: PublishedDecomposition,
    cells: Sequence[Cell],
    lang: Language,
    *,
    dimension: str = OVERALL,
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return the paths of some groups, from the raw gap to what all factors leave of it."""
    return path(
        waypoints_of(published, cells, lang, dimension),
        reference=Line(0.0, text("plot.no_gap", lang)),
        unit_label=text("plot.gap", lang),
        value_label=_value_label("plot.left", published, lang),
        width=width,
    )


def _value_label(code: str, published: PublishedDecomposition, lang: Language) -> str:
    return text(code, lang, confidence=percent(published.result.confidence))
