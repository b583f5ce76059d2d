"""Several years drawn: changes about zero, and a panel of levels for each population.

What is drawn comes through the door of :class:`~divide_index.publication.years.PublishedYears`.
"""

from collections.abc import Sequence

from divide_index.cells import GROUP, Cell
from divide_index.change.breaks import breaks_of
from divide_index.messages import Language, text
from divide_index.publication.figures.changes import ChangeDot, change_dots
from divide_index.publication.figures.drawing import PAGE_WIDTH, Drawing
from divide_index.publication.figures.marks import Line, Point
from divide_index.publication.figures.panels import Panel, small_multiples
from divide_index.publication.formatting import percent
from divide_index.publication.years import ComparisonFigures, PublishedYears
from divide_index.schema import OVERALL


def changes_of(
    published: PublishedYears,
    cells: Sequence[Cell],
    lang: Language,
    *,
    dimension: str = OVERALL,
    years: tuple[int, int] | None = None,
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return the change of every population between two years, filled where it is significant.

    Parameters
    ----------
    published
        The years.
    cells
        The populations, from above to below.
    lang
        Of the words.
    dimension
        A dimension, or overall.
    years
        By default the first and the last.
    width
        In points.
    """
    every = published.result.years
    span = years or (every[0], every[-1])
    rows: list[ChangeDot] = []
    for cell in cells:
        found = [
            each
            for each in published.changes(cell, dimension)
            if (each.first, each.last) == span and not each.breaks
        ]
        rows += [_dot(published.label(cell, lang), each) for each in found]
    confidence = percent(published.result.confidence)
    return change_dots(
        rows,
        significant_label=text("years.figure.significant", lang),
        insignificant_label=text("years.figure.within", lang),
        untested_label=text("years.verdict.withheld", lang),
        zero_label=text("years.figure.zero", lang),
        unit_label=text("years.unit.change", lang),
        value_label=text("years.head.change", lang, confidence=confidence),
        width=width,
    )


def _dot(label: str, change: ComparisonFigures) -> ChangeDot:
    if change.is_hidden:
        return ChangeDot(label, None, flag="suppressed")
    if change.verdict == "withheld":
        return ChangeDot(label, change.points)
    is_found = change.verdict in {"rise", "fall"}
    return ChangeDot(label, change.points, change.low, change.high, is_found)


def panels_of(
    published: PublishedYears,
    cells: Sequence[Cell],
    lang: Language,
    *,
    dimension: str = OVERALL,
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return a panel of the levels of every population, with its intervals and breaks.

    Parameters
    ----------
    published
        The years.
    cells
        The populations, row by row.
    lang
        Of the words.
    dimension
        A dimension, or overall.
    width
        In points.
    """
    panels = [
        Panel(published.label(cell, lang), tuple(_points(published, cell, dimension)))
        for cell in cells
    ]
    goal = published.schema.target
    target = None
    if goal is not None and goal.dimension == dimension:
        held = {goal.group, *goal.applies_to}  # a target speaks of no other group
        if all(cell.domain == GROUP and cell.category in held for cell in cells):
            target = Line(goal.level, f"{goal.level:g}% ({goal.year})")
    return small_multiples(
        panels,
        target=target,
        panel_label=text("years.figure.panel", lang),
        break_label=text("target.figure.break", lang),
        unit_label=text("years.unit.level", lang),
        width=width,
    )


def _points(published: PublishedYears, cell: Cell, dimension: str) -> list[Point]:
    breaks = {each.year for each in breaks_of(published.result.waves.schemas, cell)}
    points: list[Point] = []
    for year in published.result.years:
        figures = published.level(year, cell, dimension)
        if figures is None or not figures.is_shown:
            continue
        bounds = (figures.low, figures.high) if figures.has_interval else (None, None)
        points.append(Point(year, figures.level, *bounds, breaks=year in breaks and bool(points)))
    return points
