"""Waterfalls: from the reference to a group's level, one row for each part of the gap.

A part is a bar from where the parts above it lead to where it leads itself, with its interval as
a whisker about its end and the same in words at the right. What lowers the level is plain, what
raises it is hatched. The columns of the page and the strips of the phone are those of a dot plot;
the paths of gaps are laid out by the same functions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.drawing import (
    MARGIN,
    PAGE_WIDTH,
    SMALL_TEXT_SIZE,
    Area,
    Drawing,
    Item,
    Mark,
    Stroke,
    lines_of_words,
)
from divide_index.publication.figures.lettering import (
    LEADING,
    ascent,
    clean,
    descent,
    text_width,
    wrapped,
)
from divide_index.publication.figures.marks import Line, Step
from divide_index.publication.figures.palette import (
    ACCENT,
    FALL,
    FALL_EDGE,
    FALL_REST,
    GRID,
    INK,
    LINK,
    MUTED,
    REFERENCE,
    RISE,
    RISE_EDGE,
    RISE_REST,
)
from divide_index.publication.figures.rows import (
    BETWEEN_COLUMNS,
    Columns,
    Row,
    Strip,
    axis,
    bounds_of,
    columns_of,
    grid,
    hatching,
    heads,
    interval_of,
    number_of,
    published,
    scale_of,
    strips_of,
    value_room,
    whisker,
    within,
    words_of,
)
from divide_index.publication.figures.scales import Scale

_BAR: Final = 9.0
_CAP: Final = 2.0  # of a whisker, above and below it
_HATCHED: Final = 3.0  # bars narrower than this have no room for hatching
_SWATCH: Final = 14.0


@dataclass(frozen=True, slots=True)
class _Bar:
    """A bar between two levels, and the ends of its interval."""

    start: float
    end: float
    bounds: tuple[float, float] | None
    step: Step

    @property
    def is_total(self) -> bool:
        return self.step.kind == "total"


def waterfall(
    steps: Sequence[Step],
    *,
    reference: Line,
    falls_label: str = "",
    rises_label: str = "",
    unit_label: str = "",
    value_label: str = "",
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return a waterfall: how the parts of a gap lead from the reference to a group's level.

    A part without published points has no bar, and the next one begins where the last bar ended;
    no line joins it to a total that the bars do not reach.

    Parameters
    ----------
    steps
        From above to below. A factor or the unexplained part begins where the one before it
        ended, a total at the reference.
    reference
        Where all begins, with the label of the first row, such as ``일반국민 = 100``.
    falls_label, rises_label
        What a plain and a hatched bar mean; shown where there is such a bar.
    unit_label
        Beside the scale of levels, such as ``(단위: %)``.
    value_label
        Heads the words at the right, such as ``기여도(95% 신뢰구간)``.
    width
        In points; below 340 the figure is laid out for a phone.
    """
    rows = [Row(clean(reference.label)), *(_row(step) for step in steps)]
    bars = _bars(steps, reference.level)
    columns = columns_of(rows, width)
    drawn = [bar for bar in bars if bar is not None]
    scale = scale_of(
        [reference.level, *(bar.end for bar in drawn)],
        [bound for bar in drawn for bound in bar.bounds or ()],
        columns,
    )
    label = clean(value_label)
    beside = 0.0 if columns.is_narrow or not label else value_room(columns) + BETWEEN_COLUMNS
    legend, below = _legend(drawn, clean(falls_label), clean(rises_label), width - beside)
    head, _, top = heads(label, None, columns, MARGIN if beside else below)
    top = max(top, below)
    strips, bottom = strips_of(rows, columns, top)
    items: list[Item] = [*legend, *grid(scale, strips, columns, top, bottom)]
    x, begin = scale.at(reference.level), strips[0].y
    items += _rule(strips, bars, columns)
    items += [
        Stroke(((x, a), (x, b)), REFERENCE, 1.1)
        for a, b in within(begin, bottom, strips, columns, bottom)
    ]
    items += _joints(bars, strips, scale, columns, bottom)
    items.append(Mark(x, begin, "circle", 5.0, REFERENCE, REFERENCE))
    for bar, strip in zip(bars, strips[1:], strict=True):
        if bar is not None:
            items += _bar_marks(bar, strip.y, scale, columns)
    items += head
    for row, strip in zip(rows, strips, strict=True):
        items += words_of(row, strip, columns)
    axis_words, height = axis(scale, columns, clean(unit_label), bottom)
    ends = (scale.level_at(0.0), scale.level_at(width))
    return Drawing(width, height, (*items, *axis_words), ends)


def _row(step: Step) -> Row:
    points = published(step.points, step.flag)
    return Row(
        clean(step.label),
        number_of(points, step.flag),
        interval_of(points, bounds_of(step.low, step.high)),
        is_bold=step.kind == "total",
    )


# -- the bars of a waterfall -------------------------------------------------------------------


def _bars(steps: Sequence[Step], reference: float) -> list[_Bar | None]:
    """Return the bar of every step; None where nothing may be drawn."""
    bars: list[_Bar | None] = []
    running = reference
    for step in steps:
        points = published(step.points, step.flag)
        if points is None:
            bars.append(None)
            continue
        start = reference if step.kind == "total" else running
        bounds = bounds_of(step.low, step.high)
        if bounds is not None:
            bounds = (start + bounds[0], start + bounds[1])
        bars.append(_Bar(start, start + points, bounds, step))
        if step.kind != "total":
            running = start + points
    return bars


def _legend(
    bars: Sequence[_Bar], falls_label: str, rises_label: str, width: float
) -> tuple[list[Item], float]:
    """Return what a plain and a hatched bar mean, and the height it takes."""
    parts = [bar for bar in bars if not bar.is_total]
    entries = [
        (falls_label, False, any(bar.end < bar.start for bar in parts)),
        (rises_label, True, any(bar.end > bar.start for bar in parts)),
    ]
    size, pitch, indent = SMALL_TEXT_SIZE, LEADING * SMALL_TEXT_SIZE, _SWATCH + 5
    items: list[Item] = []
    left, y = 0.0, MARGIN + ascent(size)
    for label, is_rise, is_there in entries:
        if not label or not is_there:
            continue
        lines = wrapped(label, size, width - indent)
        across = indent + max(text_width(line, size) for line in lines)
        if left and left + across > width:
            left, y = 0.0, y + pitch + 2
        box = Box(left + 0.3, y - 7, left + _SWATCH, y + 1)
        face, edge = (RISE, RISE_EDGE) if is_rise else (FALL, FALL_EDGE)
        items.append(Area(box, face, edge))
        if is_rise:
            items += hatching(box, edge)
        items += lines_of_words(lines, left + indent, y, MUTED, size=size)
        left += across + 16
        y += (len(lines) - 1) * pitch
    return items, (y + descent(size) + 6 if items else MARGIN)


def _rule(strips: Sequence[Strip], bars: Sequence[_Bar | None], columns: Columns) -> list[Stroke]:
    """Return a line above each total, as above the sum of a column of numbers."""
    if columns.is_narrow:
        return []
    return [
        Stroke(((0.0, strip.top), (columns.width, strip.top)), GRID, 0.6)
        for bar, strip in zip(bars, strips[1:], strict=True)
        if bar is not None and bar.is_total
    ]


def _joints(
    bars: Sequence[_Bar | None],
    strips: Sequence[Strip],
    scale: Scale,
    columns: Columns,
    bottom: float,
) -> list[Stroke]:
    """Return the upright lines from the end of a bar to the next bar that begins or ends there."""
    joints: list[Stroke] = []
    for (bar, above), (after, below) in pairwise(zip(bars, strips[1:], strict=True)):
        if bar is None or after is None:
            continue
        meets = after.end if after.is_total else after.start
        if math.isclose(bar.end, meets, rel_tol=1e-9, abs_tol=1e-6):
            x = scale.at(bar.end)
            joints += [
                Stroke(((x, a), (x, b)), MUTED, 0.7)
                for a, b in within(above.y, below.y, strips, columns, bottom)
            ]
    return joints


def _bar_marks(bar: _Bar, y: float, scale: Scale, columns: Columns) -> list[Item]:
    """Return a bar and the whisker about its end."""
    left, right = sorted((scale.at(bar.start), scale.at(bar.end)))
    box = Box(left, y - _BAR / 2, right, y + _BAR / 2)
    is_rise = bar.end > bar.start
    edge = RISE_EDGE if is_rise else FALL_EDGE
    if bar.is_total:
        face, edge = LINK, ACCENT
    elif bar.step.kind == "unexplained":
        face = RISE_REST if is_rise else FALL_REST
    else:
        face = RISE if is_rise else FALL
    items: list[Item] = [Area(box, face, edge)]
    if is_rise and not bar.is_total and right - left >= _HATCHED:
        items += hatching(box, edge)
    if bar.bounds is not None:
        items += whisker(bar.bounds, y, scale, columns, colour=INK, line=1.0, cap=_CAP)
    return items
