"""Dot plots and dumbbells: one row for each population, its level in words at the right.

On a page the label, the levels and the words stand in three columns, and no column reaches into
the next. On a phone label and words share a line, and the levels have a strip of their own below
it; the lines of reference and target are drawn on the strips only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.drawing import (
    MARGIN,
    PAGE_WIDTH,
    SMALL_TEXT_SIZE,
    Anchor,
    Drawing,
    Item,
    Mark,
    Stroke,
    Words,
    hull,
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
from divide_index.publication.figures.marks import Dot, Dumbbell, Line
from divide_index.publication.figures.palette import (
    ACCENT,
    LINK,
    MUTED,
    PAPER,
    REFERENCE,
    TARGET,
)
from divide_index.publication.figures.rows import (
    Columns,
    Row,
    axis,
    bounds_of,
    columns_of,
    grid,
    interval_of,
    published,
    sign_of,
    strips_of,
    words_of,
)
from divide_index.publication.figures.scales import Scale, round_ticks
from divide_index.publication.formatting import CAUTION, rounded, signed

_WIDEST_LINE_LABEL: Final = 0.42
_FURTHEST_BOUND: Final = 40.0  # an interval that reaches further from any level is cut off
_INNER_MARGIN: Final = 9.0  # from the ends of the scale to the edge of its column
_BELOW_STRIP: Final = 4.0  # of a phone
_DOT: Final = 6.0
_RING, _CORE = 8.6, 4.8  # the ends of a dumbbell


@dataclass(frozen=True, slots=True)
class _Marked:
    """A row, and the levels that its marks show."""

    row: Row
    levels: tuple[float, ...]
    bounds: tuple[float, float] | None = None
    is_hollow: bool = False


def dots(
    rows: Sequence[Dot],
    *,
    reference: Line | None = None,
    target: Line | None = None,
    unit_label: str = "",
    value_label: str = "",
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return a dot plot: a level with its interval in each row, and the same in words.

    Parameters
    ----------
    rows
        From above to below.
    reference, target
        Lines across all rows, with their labels above.
    unit_label
        Beside the scale, such as ``(단위: %)``.
    value_label
        Heads the words at the right, such as ``수준(95% 신뢰구간)``.
    width
        In points; below 340 the figure is laid out for a phone.
    """
    return _chart(
        [_dot_row(row) for row in rows],
        lines=_lines(reference, target),
        unit_label=unit_label,
        value_label=value_label,
        width=width,
    )


def dumbbells(
    rows: Sequence[Dumbbell],
    *,
    start_label: str,
    end_label: str,
    difference_unit: str = "",
    reference: Line | None = None,
    target: Line | None = None,
    unit_label: str = "",
    value_label: str = "",
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return a dumbbell plot: from a filled dot to a hollow one, and their difference in words.

    Parameters
    ----------
    rows
        From above to below.
    start_label, end_label
        What the filled and the hollow dot stand for.
    difference_unit
        Behind the difference of end and start, such as ``%p``.
    reference, target, unit_label, value_label, width
        As those of :func:`dots`.
    """
    return _chart(
        [_dumbbell_row(row, difference_unit) for row in rows],
        lines=_lines(reference, target),
        unit_label=unit_label,
        value_label=value_label,
        width=width,
        legend=(clean(start_label), clean(end_label)),
    )


def _lines(reference: Line | None, target: Line | None) -> list[tuple[Line, str]]:
    lines = [(reference, REFERENCE), (target, TARGET)]
    return [
        (Line(line.level, clean(line.label)), colour) for line, colour in lines if line is not None
    ]


def _dot_row(row: Dot) -> _Marked:
    level = published(row.level, row.flag)
    label, heading = clean(row.label), clean(row.heading)
    if level is None:
        return _Marked(Row(label, sign_of(row.flag), heading=heading), ())
    bounds = bounds_of(row.low, row.high)
    is_cautious = row.flag == "caution"
    number = rounded(level) + (CAUTION if is_cautious else "")
    words = Row(label, number, interval_of(level, bounds), heading)
    return _Marked(words, (level,), bounds, is_hollow=is_cautious)


def _dumbbell_row(row: Dumbbell, unit: str) -> _Marked:
    start, end = published(row.start, row.flag), published(row.end, row.flag)
    if start is None or end is None:
        return _Marked(Row(clean(row.label), sign_of(row.flag)), ())
    star = CAUTION if row.flag == "caution" else ""
    return _Marked(Row(clean(row.label), f"{signed(end - start)}{clean(unit)}{star}"), (start, end))


def _chart(
    marked: list[_Marked],
    *,
    lines: list[tuple[Line, str]],
    unit_label: str,
    value_label: str,
    width: float,
    legend: tuple[str, str] | None = None,
) -> Drawing:
    """Return rows under their heads, on one scale."""
    rows = [each.row for each in marked]
    columns = columns_of(rows, width, least_plot=-math.inf, spare=1.0)
    scale = _scale(marked, [line for line, _ in lines], columns)
    items: list[Item] = []
    top = MARGIN
    if legend is not None:
        legend_items, top = _legend(legend, width)
        items += legend_items
    heads, stems, top = _heads(lines, clean(value_label), scale, columns, width=width, top=top)
    strips, bottom = strips_of(rows, columns, top, below=_BELOW_STRIP)
    items += grid(scale, strips, columns, top, bottom)
    for line, colour in lines:
        x = scale.at(line.level)
        dashes = (3.5, 2.5) if colour == TARGET else ()
        spans = [(stems[line], top if columns.is_narrow else bottom)]
        if columns.is_narrow:
            spans += [(strip.top, strip.bottom) for strip in strips]
        items += [Stroke(((x, a), (x, b)), colour, 1.1, dashes) for a, b in spans]
    items += heads
    for each, strip in zip(marked, strips, strict=True):
        items += words_of(each.row, strip, columns)
        if each.levels:
            paint = _dumbbell_marks if legend is not None else _dot_marks
            items += paint(each, strip.y, scale)
    numbers, height = axis(scale, columns, clean(unit_label), bottom)
    ends = (scale.level_at(0.0), scale.level_at(width))
    return Drawing(width, height, (*items, *numbers), ends)


def _scale(rows: list[_Marked], lines: list[Line], columns: Columns) -> Scale:
    """Return a scale that holds every level and line, and intervals within reason."""
    levels = [*(level for row in rows for level in row.levels), *(line.level for line in lines)]
    levels = levels or [0.0, 100.0]
    low, high = min(levels), max(levels)
    bounds = [bound for row in rows for bound in row.bounds or ()]
    lowest = max(min([low, *bounds]), min(low, max(0.0, low - _FURTHEST_BOUND)))
    highest = min(max([high, *bounds]), high + _FURTHEST_BOUND)
    room = columns.right - columns.left - 2 * _INNER_MARGIN
    most = max(2, min(8, int(room // 34)))
    return Scale(
        round_ticks(lowest, highest, most),
        columns.left + _INNER_MARGIN,
        columns.right - _INNER_MARGIN,
    )


def _legend(labels: tuple[str, str], width: float) -> tuple[list[Item], float]:
    """Return what the filled and the hollow dot stand for, and the height it takes."""
    size, pitch = SMALL_TEXT_SIZE, LEADING * SMALL_TEXT_SIZE
    items: list[Item] = []
    left, y = 0.0, MARGIN + ascent(size)
    for label, face, diameter in zip(labels, (ACCENT, PAPER), (_CORE, _RING), strict=True):
        words = wrapped(label, size, width - 13)
        across = 13 + max(text_width(line, size) for line in words)
        if left and left + across > width:
            left, y = 0.0, y + pitch + 2
        items.append(Mark(left + 5, y - 3, "circle", diameter, face, ACCENT))
        items += lines_of_words(words, left + 13, y, MUTED, size=size)
        left += across + 16
        y += (len(words) - 1) * pitch
    return items, y + descent(size) + 6


def _heads(
    lines: list[tuple[Line, str]],
    value_label: str,
    scale: Scale,
    columns: Columns,
    *,
    width: float,
    top: float,
) -> tuple[list[Item], dict[Line, float], float]:
    """Return what stands above the rows, where each line begins, and where the rows begin."""
    size, pitch = SMALL_TEXT_SIZE, LEADING * SMALL_TEXT_SIZE
    values: list[Words] = []
    if value_label:
        room = max(width - columns.right, 0.3 * width)
        texts = wrapped(value_label, size, width if columns.is_narrow else room)
        values = lines_of_words(
            texts,
            width,
            -2 - descent(size) - (len(texts) - 1) * pitch,
            MUTED,
            size=size,
            anchor="end",
        )
    labels, stems = _line_labels(lines, scale, width, [word.box for word in values])
    heads = [*values, *labels]
    highest = min((word.box.top for word in heads), default=0.0)
    down = top - highest
    bottom = down + (4.0 if heads else 0.0)
    moved = [Words(w.x, w.y + down, w.text, w.colour, w.size, w.anchor, w.is_bold) for w in heads]
    return [*moved], {line: stem + down for line, stem in stems.items()}, bottom


def _line_labels(
    lines: list[tuple[Line, str]], scale: Scale, width: float, taken: list[Box]
) -> tuple[list[Words], dict[Line, float]]:
    """Return the labels of lines above the rows, which begin at 0, and where each line begins.

    Each label stands over its line, or to one side of it, or higher: the first way in which no
    label touches another and no line runs through one.
    """
    if not lines:
        return [], {}
    texts = [wrapped(line.label, SMALL_TEXT_SIZE, _WIDEST_LINE_LABEL * width) for line, _ in lines]
    pitch = LEADING * SMALL_TEXT_SIZE
    storey = max(len(text) for text in texts) * pitch + 2
    anchors: tuple[Anchor, ...] = ("middle", "end", "start")
    ways = sorted(
        product(product(range(4), anchors), repeat=len(lines)),
        key=lambda way: sum(3 * level + (anchor != "middle") for level, anchor in way),
    )
    places = [scale.at(line.level) for line, _ in lines]
    laid = [
        [
            _label_of_line(text, x, anchor, -level * storey, width=width, colour=colour)
            for text, x, (level, anchor), (_, colour) in zip(texts, places, way, lines, strict=True)
        ]
        for way in ways
    ]
    above = max((-box.top for box in taken), default=0.0) + 4
    stacked = [
        _label_of_line(text, x, "middle", -above - storey * line, width=width, colour=colour)
        for line, (text, x, (_, colour)) in enumerate(zip(texts, places, lines, strict=True))
    ]
    # Where two lines all but coincide, one must end below the other's label.
    found = next(
        (
            found
            for are_stems_clear in (True, False)
            for found in laid
            if _is_clear(found, places, taken, are_stems_clear=are_stems_clear)
        ),
        stacked,  # above words of many lines
    )
    boxes = [hull(words) for words in found]
    stems = {
        line: 0.0 if _is_crossed(x, own.bottom, [*boxes, *taken]) else own.bottom + 1
        for (line, _), x, own in zip(lines, places, boxes, strict=True)
    }
    return [word for words in found for word in words], stems


def _label_of_line(
    text: tuple[str, ...], x: float, anchor: Anchor, bottom: float, *, width: float, colour: str
) -> list[Words]:
    """Return the label of a line at ``x``, within the drawing."""
    size = SMALL_TEXT_SIZE
    across = max(text_width(line, size) for line in text)
    left = x - {"start": 2.0, "middle": across / 2, "end": across - 2.0}[anchor]
    left = min(max(left, 0.0), max(width - across, 0.0))
    stands = left + {"start": 0.0, "middle": across / 2, "end": across}[anchor]
    first = bottom - 2 - descent(size) - (len(text) - 1) * LEADING * size
    shade = MUTED if colour == REFERENCE else colour
    return lines_of_words(text, stands, first, shade, size=size, anchor=anchor)


def _is_clear(
    found: list[list[Words]], places: list[float], taken: list[Box], *, are_stems_clear: bool
) -> bool:
    """Return whether no label touches another and, if asked, no line runs through one."""
    boxes = [hull(words) for words in found]
    for index, (box, x) in enumerate(zip(boxes, places, strict=True)):
        others = [*boxes[:index], *boxes[index + 1 :], *taken]
        if any(box.grown(2).touches(other) for other in others):
            return False
        if are_stems_clear and _is_crossed(x, box.bottom, others):
            return False
    return True


def _is_crossed(x: float, top: float, boxes: list[Box]) -> bool:
    """Return whether a line from a height down to the rows runs through words."""
    stem = Box(x - 2, top + 0.5, x + 2, 0.0)
    return any(box.top >= top - 1 and stem.touches(box) for box in boxes)


def _dot_marks(row: _Marked, y: float, scale: Scale) -> list[Item]:
    items: list[Item] = []
    if row.bounds is not None:
        low, high = (min(max(bound, scale.low), scale.high) for bound in row.bounds)
        items.append(Stroke(((scale.at(low), y), (scale.at(high), y)), ACCENT, 1.6))
        if low > row.bounds[0]:
            items.append(Mark(scale.at(low), y, "left", 4.0, ACCENT, ACCENT, 0.5))
        if high < row.bounds[1]:
            items.append(Mark(scale.at(high), y, "right", 4.0, ACCENT, ACCENT, 0.5))
    face = PAPER if row.is_hollow else ACCENT
    items.append(Mark(scale.at(row.levels[0]), y, "circle", _DOT, face, ACCENT))
    return items


def _dumbbell_marks(row: _Marked, y: float, scale: Scale) -> list[Item]:
    start, end = (scale.at(level) for level in row.levels)
    return [
        Stroke(((start, y), (end, y)), LINK, 2.2),
        # The hollow dot is the larger one, so that neither hides the other.
        Mark(end, y, "circle", _RING, PAPER, ACCENT),
        Mark(start, y, "circle", _CORE, ACCENT, ACCENT),
    ]
