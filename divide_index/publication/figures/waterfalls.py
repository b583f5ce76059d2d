"""Waterfalls: from the reference to a group's level, one row for each part of the gap.

A part is a bar from where the parts above it lead to where it leads itself, with its interval as
a whisker about its end and the same in words at the right. What lowers the level is plain, what
raises it is hatched. The columns of the page and the strips of the phone are those of a dot plot;
the paths of gaps are laid out by the same functions.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.drawing import (
    MARGIN,
    PAGE_WIDTH,
    SMALL_TEXT_SIZE,
    TEXT_SIZE,
    Area,
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
from divide_index.publication.figures.marks import Flag, Line, Step
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
from divide_index.publication.figures.scales import Scale, round_ticks
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    NOT_AVAILABLE,
    SUPPRESSED,
    interval,
    signed,
)

SIGNS: Final[dict[Flag, str]] = {
    "suppressed": SUPPRESSED,
    "none": NONE,
    "unknown": NOT_AVAILABLE,
}

_NARROW: Final = 340.0  # below this, label and words share a line
_LEAST_PLOT: Final = 90.0  # with less room between label and words they share a line as well
_NARROWEST_LABEL, _WIDEST_LABEL = 40.0, 0.36  # in points, and of the width
_WIDEST_LINE_LABEL, _WIDEST_VALUE_LABEL = 0.42, 0.3
_BETWEEN_COLUMNS: Final = 10.0
_INNER_MARGIN: Final = 9.0  # from the ends of the scale to the edge of its column
_ROW_PADDING: Final = 5.0
_STRIP, _BELOW_STRIP = 13.0, 7.0  # of a phone
_LEAST_REACH: Final = 3.0  # an interval that reaches further is cut off, unless the parts do too
_MOST_TICKS, _LEAST_TICKS = 8, 2  # steps of the scale
_BETWEEN_TICKS: Final = 8.0  # from one number of the scale to the next
_BAR: Final = 9.0
_CAP: Final = 2.0  # of a whisker, above and below it
_HATCHED: Final = 3.0  # bars narrower than this have no room for hatching
_SWATCH: Final = 14.0


@dataclass(frozen=True, slots=True)
class Row:
    """The words of a row: its label, and a number and its interval, each set flush right."""

    label: str
    number: str = ""
    behind: str = ""
    heading: str = ""
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns lie: the labels' width, the scale's column, the numbers' right edge."""

    label: float
    left: float
    right: float
    number: float
    width: float
    is_narrow: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """Where the marks of a row lie: their middle, and the height that is the row's own."""

    y: float
    top: float
    bottom: float


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
    beside = 0.0 if columns.is_narrow or not label else value_room(columns) + _BETWEEN_COLUMNS
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


# -- what is published, and how it is said -----------------------------------------------------


def published(points: float | None, flag: Flag) -> float | None:
    """Return a number that may be drawn; what is flagged away has none, whatever it says."""
    return None if points is None or flag in SIGNS or not math.isfinite(points) else points


def bounds_of(low: float | None, high: float | None) -> tuple[float, float] | None:
    """Return the ends of an interval, if it has both."""
    if low is None or high is None or not math.isfinite(low + high):
        return None
    return low, high


def number_of(points: float | None, flag: Flag) -> str:
    """Return a contribution as it is printed, or the sign of why there is none."""
    if points is None:
        return SIGNS.get(flag, NOT_AVAILABLE)
    return signed(points) + (CAUTION if flag == "caution" else "")


def interval_of(points: float | None, bounds: tuple[float, float] | None) -> str:
    """Return the interval of a contribution as it is printed; nothing where there is none."""
    return "" if points is None or bounds is None else f"({interval(*bounds)})"


def _row(step: Step) -> Row:
    points = published(step.points, step.flag)
    return Row(
        clean(step.label),
        number_of(points, step.flag),
        interval_of(points, bounds_of(step.low, step.high)),
        is_bold=step.kind == "total",
    )


# -- the layout of rows ------------------------------------------------------------------------


def columns_of(rows: Sequence[Row], width: float) -> Columns:
    """Return the columns that hold every label and number of some rows."""
    number = max((_number_width(row) for row in rows), default=0.0)
    behind = max((text_width(row.behind, TEXT_SIZE) for row in rows), default=0.0)
    star = max((_star(row) for row in rows), default=0.0)
    gap = 4.0 if behind else 0.0
    right = width - behind - gap
    widest = width * _WIDEST_LABEL
    labels = [
        *(wrapped(row.label, TEXT_SIZE, widest, is_bold=row.is_bold) for row in rows),
        *(wrapped(row.heading, TEXT_SIZE, widest, is_bold=True) for row in rows),
    ]
    longest = max(
        (text_width(line, TEXT_SIZE, is_bold=True) for lines in labels for line in lines),
        default=0.0,
    )
    label = min(max(longest, _NARROWEST_LABEL), widest)
    columns = Columns(
        label,
        label + _BETWEEN_COLUMNS,
        right - star - number - _BETWEEN_COLUMNS,
        right - star,
        width,
        is_narrow=False,
    )
    if width < _NARROW or columns.right - columns.left < _LEAST_PLOT:
        return Columns(width, 0.0, width, right - star, width, is_narrow=True)
    return columns


def _number_width(row: Row) -> float:
    return text_width(row.number.removesuffix(CAUTION), TEXT_SIZE, is_bold=row.is_bold)


def _star(row: Row) -> float:
    """Return how far a number reaches behind the place where numbers end."""
    if not row.number.endswith(CAUTION):
        return 0.0
    return text_width(CAUTION, TEXT_SIZE, is_bold=row.is_bold)


def scale_of(levels: Sequence[float], bounds: Iterable[float], columns: Columns) -> Scale:
    """Return a scale that holds every level, and intervals within reason.

    Parameters
    ----------
    levels
        Of every mark and line; at least one.
    bounds
        The ends of all intervals, which may reach beyond the last number into the margin.
    columns
        Where the scale's column lies.
    """
    low, high = min(levels), max(levels)
    reach = max(_LEAST_REACH, high - low)
    bounds = [*bounds]
    lowest = max(min([low, *bounds]), low - reach)
    highest = min(max([high, *bounds]), high + reach)
    ranges = [(low, high), (lowest, high), (low, highest), (lowest, highest)]
    scales = (_marked(*ends, columns) for ends in ranges)
    left, right = _reach(columns)
    return next(
        scale
        for ends, scale in zip(ranges, scales, strict=True)
        if (left <= scale.at(lowest) and scale.at(highest) <= right) or ends == ranges[-1]
    )


def _marked(low: float, high: float, columns: Columns) -> Scale:
    """Return a scale with as many numbers as have room."""
    most = _MOST_TICKS
    while True:
        ticks = round_ticks(low, high, most)
        widest = max(text_width(f"{tick:g}", SMALL_TEXT_SIZE) for tick in ticks)
        margin = max(_INNER_MARGIN, widest / 2)
        scale = Scale(ticks, columns.left + margin, columns.right - margin)
        pitch = (scale.end - scale.start) / (len(ticks) - 1)
        if pitch >= widest + _BETWEEN_TICKS or most == _LEAST_TICKS:
            return scale
        most -= 1


def _reach(columns: Columns) -> tuple[float, float]:
    """Return how far to the left and right a mark may lie, in points."""
    return columns.left + 3, columns.right - 3


def heads(
    value_label: str, line: tuple[float, str] | None, columns: Columns, top: float
) -> tuple[list[Words], float, float]:
    """Return what stands above the rows, where the line begins, and where the rows begin.

    Parameters
    ----------
    value_label
        Over the words at the right.
    line
        Where a line across the rows stands, and its label; None for no such line.
    columns
        Of the rows.
    top
        Where there is room.
    """
    size, pitch, width = SMALL_TEXT_SIZE, LEADING * SMALL_TEXT_SIZE, columns.width
    labels: list[Words] = []
    if line is not None and line[1]:
        text = wrapped(line[1], size, _WIDEST_LINE_LABEL * width)
        across = max(text_width(each, size) for each in text)
        middle = min(max(line[0], across / 2), width - across / 2)
        first = -2 - descent(size) - (len(text) - 1) * pitch
        labels = lines_of_words(text, middle, first, MUTED, size=size, anchor="middle")
    values: list[Words] = []
    if value_label:
        text = wrapped(value_label, size, value_room(columns))
        first = -2 - descent(size) - (len(text) - 1) * pitch
        values = lines_of_words(text, width, first, MUTED, size=size, anchor="end")
        if labels and hull(values).grown(4).touches(hull(labels)):
            first += hull(labels).top - 2
            values = lines_of_words(text, width, first, MUTED, size=size, anchor="end")
    words = [*values, *labels]
    if not words:
        return [], top, top
    down = top - hull(words).top
    moved = [Words(w.x, w.y + down, w.text, w.colour, w.size, w.anchor, w.is_bold) for w in words]
    stem = hull(labels).bottom + down + 1 if labels else down
    return moved, stem, down + 4


def value_room(columns: Columns) -> float:
    """Return how wide what heads the words at the right may be."""
    if columns.is_narrow:
        return columns.width
    return max(columns.width - columns.right, _WIDEST_VALUE_LABEL * columns.width)


def strips_of(rows: Sequence[Row], columns: Columns, top: float) -> tuple[list[Strip], float]:
    """Return the strip of every row, and where the last one ends."""
    strips: list[Strip] = []
    pitch = LEADING * TEXT_SIZE
    for row in rows:
        if row.heading:
            top += (6.0 if strips else 0.0) + pitch * len(_heading(row, columns)) + 4
        lines = len(_label(row, columns))
        if columns.is_narrow:
            strip = top + lines * pitch + 3
            strips.append(Strip(strip + _STRIP / 2, strip, strip + _STRIP))
            top = strip + _STRIP + _BELOW_STRIP
        else:
            height = lines * pitch + _ROW_PADDING
            strips.append(Strip(top + height / 2, top, top + height))
            top += height
    return strips, top


def _heading(row: Row, columns: Columns) -> tuple[str, ...]:
    return wrapped(row.heading, TEXT_SIZE, columns.label, is_bold=True)


def _label(row: Row, columns: Columns) -> tuple[str, ...]:
    room = columns.label
    if columns.is_narrow and row.number:
        room = columns.number - _number_width(row) - _BETWEEN_COLUMNS
    return wrapped(row.label, TEXT_SIZE, room, is_bold=row.is_bold)


def words_of(row: Row, strip: Strip, columns: Columns) -> list[Words]:
    """Return a row's heading, label and words."""
    pitch = LEADING * TEXT_SIZE
    label = _label(row, columns)
    middle = (ascent(TEXT_SIZE) - descent(TEXT_SIZE)) / 2  # of a line, above its baseline
    if columns.is_narrow:
        first = strip.top - 3 - (len(label) - 1) * pitch - descent(TEXT_SIZE)
        number = first
    else:
        first = strip.y + middle - (len(label) - 1) * pitch / 2
        number = strip.y + middle
    words: list[Words] = []
    if row.heading:
        heading = _heading(row, columns)
        above = (first - ascent(TEXT_SIZE) - 4) if columns.is_narrow else strip.top - 2
        above -= descent(TEXT_SIZE) + (len(heading) - 1) * pitch
        words += lines_of_words(heading, 0.0, above, INK, is_bold=True)
    words += lines_of_words(label, 0.0, first, INK, is_bold=row.is_bold)
    if row.number:
        end = columns.number + _star(row)
        words.append(Words(end, number, row.number, INK, anchor="end", is_bold=row.is_bold))
    if row.behind:
        words.append(Words(columns.width, number, row.behind, MUTED, anchor="end"))
    return words


def within(
    start: float, end: float, strips: Sequence[Strip], columns: Columns, bottom: float
) -> list[tuple[float, float]]:
    """Return the pieces of a height that marks may cross: on a phone, only strips.

    ``bottom`` is where the last row ends.
    """
    if not columns.is_narrow:
        return [(start, min(end, bottom))]
    pieces = [(max(start, strip.top), min(end, strip.bottom)) for strip in strips]
    return [(a, b) for a, b in pieces if a < b]


def grid(
    scale: Scale, strips: Sequence[Strip], columns: Columns, top: float, bottom: float
) -> list[Stroke]:
    """Return the lines behind the marks: one for each round level and one for each row."""
    ups = [
        Stroke(((scale.at(tick), a), (scale.at(tick), b)), GRID, 0.6)
        for tick in scale.ticks
        for a, b in within(top, bottom, strips, columns, bottom)
    ]
    across = [
        Stroke(((columns.left, strip.y), (columns.right, strip.y)), GRID, 0.6) for strip in strips
    ]
    return [*ups, *across]


def whisker(
    bounds: tuple[float, float],
    y: float,
    scale: Scale,
    columns: Columns,
    *,
    colour: str,
    line: float,
    cap: float = 0.0,
) -> list[Item]:
    """Return an interval, each end with a cap, or with an arrow where there is no room for it."""
    left, right = _reach(columns)
    low, high = (scale.at(bound) for bound in bounds)
    ends = max(low, left), min(high, right)
    items: list[Item] = [Stroke(((ends[0], y), (ends[1], y)), colour, line)]
    if low < left:
        items.append(Mark(left, y, "left", 4.0, colour, colour, 0.5))
    if high > right:
        items.append(Mark(right, y, "right", 4.0, colour, colour, 0.5))
    if cap:
        items += [
            Stroke(((x, y - cap), (x, y + cap)), colour, line)
            for x in (low, high)
            if left <= x <= right
        ]
    return items


def axis(
    scale: Scale, columns: Columns, unit_label: str, bottom: float
) -> tuple[list[Words], float]:
    """Return the numbers of the scale below the rows, and the height of the drawing."""
    size = SMALL_TEXT_SIZE
    y = bottom + 3 + ascent(size)
    words: list[Words] = []
    for tick in scale.ticks:
        word = Words(scale.at(tick), y, f"{tick:g}", MUTED, size, "middle")
        if not words or not words[-1].box.grown(2).touches(word.box):
            words.append(word)
    if not unit_label:
        return words, y + descent(size) + 1
    if columns.is_narrow:
        end, y = columns.width, y + LEADING * size
    else:
        end = words[0].box.left - 6
    lines = wrapped(unit_label, size, end)
    words += lines_of_words(lines, end, y, MUTED, size=size, anchor="end")
    return words, y + (len(lines) - 1) * LEADING * size + descent(size) + 1


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
            items += _hatching(box, edge)
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
        items += _hatching(box, edge)
    if bar.bounds is not None:
        items += whisker(bar.bounds, y, scale, columns, colour=INK, line=1.0, cap=_CAP)
    return items


def _hatching(box: Box, colour: str) -> list[Stroke]:
    """Return slanting lines from edge to edge of a rectangle."""
    across, deep, step = box.right - box.left, box.bottom - box.top, 4.0
    strokes: list[Stroke] = []
    offset = step
    while offset < across + deep:
        start = (box.left + max(offset - deep, 0.0), box.top + min(offset, deep))
        end = (box.left + min(offset, across), box.top + max(offset - across, 0.0))
        strokes.append(Stroke((start, end), colour, 0.6))
        offset += step
    return strokes
