"""Series of years: published levels, levels computed here, breaks, and the target ahead."""

from collections.abc import Sequence

from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.drawing import PAGE_WIDTH, SMALL_TEXT_SIZE, Drawing
from divide_index.publication.figures.legends import legend
from divide_index.publication.figures.lettering import LEADING
from divide_index.publication.figures.marks import Line, Point
from divide_index.publication.figures.years import (
    LEAST_PLOT,
    NARROW,
    Plot,
    Wording,
    drawn_over_years,
    left_of,
    level_scale,
    shown_points,
    wording,
    year_scale,
)

_TALL, _LOW = 215.0, 190.0  # of a page, of a phone


def series(
    points: Sequence[Point],
    *,
    target: Line | None = None,
    target_year: int | None = None,
    published_label: str = "",
    computed_label: str = "",
    break_label: str = "",
    unit_label: str = "",
    width: float = PAGE_WIDTH,
    height: float | None = None,
) -> Drawing:
    """Return levels over years.

    Published levels are joined, except before a break; a computed one is a square with its
    interval. Where there is no room for every number, the first and the last year and those
    beside a break keep theirs.

    Parameters
    ----------
    points
        One for each year and kind.
    target
        A line across the years, with its label on it.
    target_year
        When it is due: a diamond on that line.
    published_label, computed_label
        What the dots and the squares stand for.
    break_label
        Beside the upright line of a break.
    unit_label
        Above the levels, such as ``(단위: %)``.
    width, height
        In points; below a width of 340 the figure is laid out for a phone.
    """
    shown = shown_points(points)
    words = wording(
        shown,
        target,
        published_label=published_label,
        computed_label=computed_label,
        break_label=break_label,
        unit_label=unit_label,
    )
    due = target_year if target is not None else None
    level = None if target is None else target.level
    height = height or (_LOW if width < NARROW else _TALL)
    drawing, homeless = _laid(shown, level, due, words, width=width, height=height)
    if homeless:  # a label without a free place beside its line becomes part of the legend
        words = words.without(homeless)
        drawing, _ = _laid(shown, level, due, words, width=width, height=height)
    return drawing


def _laid(
    points: list[Point],
    target: float | None,
    due: int | None,
    words: Wording,
    *,
    width: float,
    height: float,
) -> tuple[Drawing, set[str]]:
    """Return the drawing, and which of ``target`` and ``break`` had no place for a label."""
    head, top = legend(words.entries, width, apart=1.0)
    top = top + 4 if head else 0.0
    height = max(height, top + LEAST_PLOT)
    axis = height - LEADING * SMALL_TEXT_SIZE - 6
    levels = level_scale(points, target, top, axis)
    frame = Box(left_of(levels), top, width, axis)
    plot = Plot(frame, year_scale(points, due, frame), levels)
    drawn = drawn_over_years(points, target, due, words, plot)
    return Drawing(width, height, (*drawn.items, *head, *drawn.labels)), drawn.homeless
