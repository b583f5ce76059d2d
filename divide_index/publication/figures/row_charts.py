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
    TEXT_SIZE,
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
from divide_index.publication.figures.marks import Dot, Dumbbell, Flag, Line
from divide_index.publication.figures.palette import (
    ACCENT,
    GRID,
    INK,
    LINK,
    MUTED,
    PAPER,
    REFERENCE,
    TARGET,
)
from divide_index.publication.figures.scales import Scale, round_ticks
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    NOT_AVAILABLE,
    SUPPRESSED,
    interval,
    rounded,
    signed,
)

_NARROW: Final = 340.0  # below this, label and words share a line
_NARROWEST_LABEL, _WIDEST_LABEL = 40.0, 0.36  # in points, and of the width
_WIDEST_LINE_LABEL: Final = 0.42
_FURTHEST_BOUND: Final = 40.0  # an interval that reaches further from any level is cut off
_BETWEEN_COLUMNS: Final = 10.0
_INNER_MARGIN: Final = 9.0  # from the ends of the scale to the edge of its column
_ROW_PADDING: Final = 5.0
_STRIP: Final = 13.0  # of a phone
_DOT: Final = 6.0
_RING, _CORE = 8.6, 4.8  # the ends of a dumbbell
_SIGNS: Final[dict[Flag, str]] = {
    "suppressed": SUPPRESSED,
    "none": NONE,
    "unknown": NOT_AVAILABLE,
}


@dataclass(frozen=True, slots=True)
class _Row:
    """A row before it has a place.

    ``number`` and what stands ``behind`` it are each set flush right; ``levels`` are what its
    marks show.
    """

    label: str
    number: str
    behind: str
    levels: tuple[float, ...]
    bounds: tuple[float, float] | None = None
    is_hollow: bool = False
    heading: str = ""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the columns lie: the labels' width, the scale's column, the words' edges."""

    label: float
    left: float
    right: float
    number: float
    is_narrow: bool


@dataclass(frozen=True, slots=True)
class _Placed:
    """A row at its place: the middle of its marks, and the strip that is its own."""

    row: _Row
    y: float
    top: float
    bottom: float


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


def _published(level: float | None, flag: Flag) -> float | None:
    """Return a level that may be drawn; what is flagged away has none, whatever it says."""
    return None if level is None or flag in _SIGNS or not math.isfinite(level) else level


def _dot_row(row: Dot) -> _Row:
    level = _published(row.level, row.flag)
    label, heading = clean(row.label), clean(row.heading)
    if level is None:
        sign = _SIGNS.get(row.flag, NOT_AVAILABLE)
        return _Row(label, sign, "", (), heading=heading)
    bounds = None
    if row.low is not None and row.high is not None and math.isfinite(row.low + row.high):
        bounds = (row.low, row.high)
    is_cautious = row.flag == "caution"
    return _Row(
        label,
        rounded(level) + (CAUTION if is_cautious else ""),
        "" if bounds is None else f"({interval(*bounds)})",
        (level,),
        bounds,
        is_hollow=is_cautious,
        heading=heading,
    )


def _dumbbell_row(row: Dumbbell, unit: str) -> _Row:
    start, end = _published(row.start, row.flag), _published(row.end, row.flag)
    if start is None or end is None:
        return _Row(clean(row.label), _SIGNS.get(row.flag, NOT_AVAILABLE), "", ())
    star = CAUTION if row.flag == "caution" else ""
    return _Row(clean(row.label), f"{signed(end - start)}{clean(unit)}{star}", "", (start, end))


def _chart(
    rows: list[_Row],
    *,
    lines: list[tuple[Line, str]],
    unit_label: str,
    value_label: str,
    width: float,
    legend: tuple[str, str] | None = None,
) -> Drawing:
    """Return rows under their heads, on one scale."""
    columns = _columns(rows, width)
    scale = _scale(rows, [line for line, _ in lines], columns)
    items: list[Item] = []
    top = MARGIN
    if legend is not None:
        legend_items, top = _legend(legend, width)
        items += legend_items
    heads, stems, top = _heads(lines, clean(value_label), scale, columns, width=width, top=top)
    placed, bottom = _placed(rows, columns, width, top)
    items += _grid(scale, placed, columns, top, bottom)
    for line, colour in lines:
        x = scale.at(line.level)
        dashes = (3.5, 2.5) if colour == TARGET else ()
        spans = [(stems[line], top if columns.is_narrow else bottom)]
        if columns.is_narrow:
            spans += [(each.top, each.bottom) for each in placed]
        items += [Stroke(((x, a), (x, b)), colour, 1.1, dashes) for a, b in spans]
    items += heads
    for each in placed:
        items += _words_of(each, columns, width)
        if each.row.levels:
            paint = _dumbbell_marks if legend is not None else _dot_marks
            items += paint(each, scale)
    axis, height = _axis(scale, columns, clean(unit_label), bottom)
    ends = (scale.level_at(0.0), scale.level_at(width))
    return Drawing(width, height, (*items, *axis), ends)


def _columns(rows: list[_Row], width: float) -> _Columns:
    number = max(
        (text_width(row.number.removesuffix(CAUTION), TEXT_SIZE) for row in rows), default=0.0
    )
    behind = max((text_width(row.behind, TEXT_SIZE) for row in rows), default=0.0)
    star = max((_star(row.number) for row in rows), default=0.0)
    gap = 4.0 if behind else 0.0
    right = width - behind - gap
    if width < _NARROW:
        return _Columns(width, 0.0, width, right - star, is_narrow=True)
    widest = width * _WIDEST_LABEL
    labels = [
        *(wrapped(row.label, TEXT_SIZE, widest) for row in rows),
        *(wrapped(row.heading, TEXT_SIZE, widest, is_bold=True) for row in rows),
    ]
    longest = max(
        (text_width(line, TEXT_SIZE, is_bold=True) for lines in labels for line in lines),
        default=0.0,
    )
    label = min(max(longest, _NARROWEST_LABEL), widest)
    return _Columns(
        label,
        label + _BETWEEN_COLUMNS,
        right - star - number - _BETWEEN_COLUMNS,
        right - star,
        is_narrow=False,
    )


def _star(number: str) -> float:
    """Return how far a number reaches behind the place where numbers end."""
    return text_width(CAUTION, TEXT_SIZE) if number.endswith(CAUTION) else 0.0


def _scale(rows: list[_Row], lines: list[Line], columns: _Columns) -> Scale:
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
    columns: _Columns,
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
    # Where two lines all but coincide, one must end below the other's label.
    found = next(
        found
        for are_stems_clear in (True, False)
        for found in laid
        if _is_clear(found, places, taken, are_stems_clear=are_stems_clear)
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


def _placed(
    rows: list[_Row], columns: _Columns, width: float, top: float
) -> tuple[list[_Placed], float]:
    """Return every row at its place, and where the last one ends."""
    placed: list[_Placed] = []
    pitch = LEADING * TEXT_SIZE
    for row in rows:
        if row.heading:
            top += (6.0 if placed else 0.0) + pitch * len(_heading(row, columns)) + 4
        lines = len(_label(row, columns, width))
        if columns.is_narrow:
            strip = top + lines * pitch + 3
            placed.append(_Placed(row, strip + _STRIP / 2, strip, strip + _STRIP))
            top = strip + _STRIP + 4
        else:
            height = lines * pitch + _ROW_PADDING
            placed.append(_Placed(row, top + height / 2, top, top + height))
            top += height
    return placed, top


def _heading(row: _Row, columns: _Columns) -> tuple[str, ...]:
    return wrapped(row.heading, TEXT_SIZE, columns.label, is_bold=True)


def _label(row: _Row, columns: _Columns, width: float) -> tuple[str, ...]:
    room = columns.label
    if columns.is_narrow:
        room = min(columns.number - text_width(row.number, TEXT_SIZE), width) - _BETWEEN_COLUMNS
    return wrapped(row.label, TEXT_SIZE, room)


def _words_of(placed: _Placed, columns: _Columns, width: float) -> list[Item]:
    """Return a row's heading, label and words."""
    row, pitch = placed.row, LEADING * TEXT_SIZE
    label = _label(row, columns, width)
    middle = (ascent(TEXT_SIZE) - descent(TEXT_SIZE)) / 2  # of a line, above its baseline
    if columns.is_narrow:
        first = placed.top - 3 - (len(label) - 1) * pitch - descent(TEXT_SIZE)
        number = first
    else:
        first = placed.y + middle - (len(label) - 1) * pitch / 2
        number = placed.y + middle
    items: list[Item] = []
    if row.heading:
        heading = _heading(row, columns)
        above = (first - ascent(TEXT_SIZE) - 4) if columns.is_narrow else placed.top - 2
        items += lines_of_words(
            heading,
            0.0,
            above - descent(TEXT_SIZE) - (len(heading) - 1) * pitch,
            INK,
            is_bold=True,
        )
    items += lines_of_words(label, 0.0, first, INK)
    end = columns.number + _star(row.number)
    items.append(Words(end, number, row.number, INK, anchor="end"))
    if row.behind:
        items.append(Words(width, number, row.behind, MUTED, anchor="end"))
    return items


def _grid(
    scale: Scale, placed: list[_Placed], columns: _Columns, top: float, bottom: float
) -> list[Item]:
    """Return the lines behind the marks: one for each round level and one for each row."""
    spans = [(each.top, each.bottom) for each in placed] if columns.is_narrow else [(top, bottom)]
    ups = [
        Stroke(((scale.at(tick), a), (scale.at(tick), b)), GRID, 0.6)
        for tick in scale.ticks
        for a, b in spans
    ]
    rows = [Stroke(((columns.left, each.y), (columns.right, each.y)), GRID, 0.6) for each in placed]
    return [*ups, *rows]


def _dot_marks(placed: _Placed, scale: Scale) -> list[Item]:
    row, y = placed.row, placed.y
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


def _dumbbell_marks(placed: _Placed, scale: Scale) -> list[Item]:
    start, end = (scale.at(level) for level in placed.row.levels)
    y = placed.y
    return [
        Stroke(((start, y), (end, y)), LINK, 2.2),
        # The hollow dot is the larger one, so that neither hides the other.
        Mark(end, y, "circle", _RING, PAPER, ACCENT),
        Mark(start, y, "circle", _CORE, ACCENT, ACCENT),
    ]


def _axis(
    scale: Scale, columns: _Columns, unit_label: str, bottom: float
) -> tuple[list[Item], float]:
    """Return the numbers of the scale below the rows, and the height of the drawing."""
    size = SMALL_TEXT_SIZE
    y = bottom + 3 + ascent(size)
    items: list[Item] = [
        Words(scale.at(tick), y, f"{tick:g}", MUTED, size, "middle") for tick in scale.ticks
    ]
    if unit_label and columns.is_narrow:
        y += LEADING * size
        items.append(Words(columns.right, y, unit_label, MUTED, size, "end"))
    elif unit_label:
        first = items[0].box.left if isinstance(items[0], Words) else 0.0
        for line, text in enumerate(wrapped(unit_label, size, first - 6)):
            y += LEADING * size * (line > 0)
            items.append(Words(first - 6, y, text, MUTED, size, "end"))
    return items, y + descent(size) + 1
