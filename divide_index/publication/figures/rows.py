"""The layout that figures of rows share: a label, marks on one scale, a number and its interval.

On a page the three stand in columns, and no column reaches into the next. On a phone label and
number share a line, and the marks have a strip of their own below it, so that no line crosses
words.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.drawing import (
    SMALL_TEXT_SIZE,
    TEXT_SIZE,
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
    descent,
    text_width,
    wrapped,
)
from divide_index.publication.figures.marks import Flag
from divide_index.publication.figures.palette import GRID, INK, MUTED
from divide_index.publication.figures.scales import Scale, round_ticks
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    NOT_AVAILABLE,
    SUPPRESSED,
    interval,
    signed,
)

Ticks: TypeAlias = Callable[[float, float, int], tuple[float, ...]]

SIGNS: Final[dict[Flag, str]] = {
    "suppressed": SUPPRESSED,
    "none": NONE,
    "unknown": NOT_AVAILABLE,
}

NARROW: Final = 340.0  # below this, label and words share a line
LEAST_PLOT: Final = 90.0  # with less room between label and words they share a line as well
_NARROWEST_LABEL, _WIDEST_LABEL = 40.0, 0.36  # in points, and of the width
_WIDEST_LINE_LABEL, _WIDEST_VALUE_LABEL = 0.42, 0.3
BETWEEN_COLUMNS: Final = 10.0
_INNER_MARGIN: Final = 9.0  # from the ends of the scale to the edge of its column
_ROW_PADDING: Final = 5.0
_STRIP, BELOW_STRIP = 13.0, 7.0  # of a phone
_LEAST_REACH: Final = 3.0  # an interval that reaches further is cut off, unless the parts do too
_MOST_TICKS, _LEAST_TICKS = 8, 2  # steps of the scale
_BETWEEN_TICKS: Final = 8.0  # from one number of the scale to the next


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
    """Where the columns lie: the labels' width, the scale's column, the numbers' right edge.

    On a phone a label ends ``spare`` of its number's star further from the number.
    """

    label: float
    left: float
    right: float
    number: float
    width: float
    is_narrow: bool
    spare: float = 0.0


@dataclass(frozen=True, slots=True)
class Strip:
    """Where the marks of a row lie: their middle, and the height that is the row's own."""

    y: float
    top: float
    bottom: float


# -- what is published, and how it is said -----------------------------------------------------


def published(points: float | None, flag: Flag) -> float | None:
    """Return a number that may be drawn; what is flagged away has none, whatever it says."""
    return None if points is None or flag in SIGNS or not math.isfinite(points) else points


def bounds_of(low: float | None, high: float | None) -> tuple[float, float] | None:
    """Return the ends of an interval, if it has both."""
    if low is None or high is None or not math.isfinite(low + high):
        return None
    return low, high


def sign_of(flag: Flag) -> str:
    """Return the sign that stands in place of a number."""
    return SIGNS.get(flag, NOT_AVAILABLE)


def number_of(points: float | None, flag: Flag) -> str:
    """Return a contribution as it is printed, or the sign of why there is none."""
    if points is None:
        return sign_of(flag)
    return signed(points) + (CAUTION if flag == "caution" else "")


def interval_of(points: float | None, bounds: tuple[float, float] | None) -> str:
    """Return the interval of a contribution as it is printed; nothing where there is none."""
    return "" if points is None or bounds is None else f"({interval(*bounds)})"


# -- the layout of rows ------------------------------------------------------------------------


def columns_of(
    rows: Sequence[Row], width: float, *, least_plot: float = LEAST_PLOT, spare: float = 0.0
) -> Columns:
    """Return the columns that hold every label and number of some rows.

    Parameters
    ----------
    rows
        From above to below.
    width
        Of the drawing.
    least_plot
        With a narrower column for the scale, label and number share a line as on a phone.
    spare
        Of a number's star, how much more its label keeps away from it on a phone: 0 or 1.
    """
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
        label + BETWEEN_COLUMNS,
        right - star - number - BETWEEN_COLUMNS,
        right - star,
        width,
        is_narrow=False,
    )
    if width < NARROW or columns.right - columns.left < least_plot:
        return Columns(width, 0.0, width, right - star, width, is_narrow=True, spare=spare)
    return columns


def _number_width(row: Row) -> float:
    return text_width(row.number.removesuffix(CAUTION), TEXT_SIZE, is_bold=row.is_bold)


def _star(row: Row) -> float:
    """Return how far a number reaches behind the place where numbers end."""
    if not row.number.endswith(CAUTION):
        return 0.0
    return text_width(CAUTION, TEXT_SIZE, is_bold=row.is_bold)


def scale_of(
    levels: Sequence[float],
    bounds: Iterable[float],
    columns: Columns,
    *,
    ticks: Ticks = round_ticks,
) -> Scale:
    """Return a scale that holds every level, and intervals within reason.

    Parameters
    ----------
    levels
        Of every mark and line; at least one.
    bounds
        The ends of all intervals, which may reach beyond the last number into the margin.
    columns
        Where the scale's column lies.
    ticks
        The marks of a range, at most so many steps: of whole numbers, or :func:`fine_ticks`.
    """
    low, high = min(levels), max(levels)
    reach = max(_LEAST_REACH, high - low)
    bounds = [*bounds]
    lowest = max(min([low, *bounds]), low - reach)
    highest = min(max([high, *bounds]), high + reach)
    ranges = [(low, high), (lowest, high), (low, highest), (lowest, highest)]
    scales = (_marked(*ends, columns, ticks) for ends in ranges)
    left, right = _reach(columns)
    return next(
        scale
        for ends, scale in zip(ranges, scales, strict=True)
        if (left <= scale.at(lowest) and scale.at(highest) <= right) or ends == ranges[-1]
    )


def fine_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return round levels as :func:`round_ticks` does, tenths where the range is narrow."""
    for tenths in (1, 2, 5):
        first, last = math.floor(10 * low / tenths), math.ceil(10 * high / tenths)
        if last - first <= most:
            numbers = range(first, max(last, first + 1) + 1)
            return tuple(tenths * number / 10 for number in numbers)
    return round_ticks(low, high, most)


def _marked(low: float, high: float, columns: Columns, ticks_of: Ticks) -> Scale:
    """Return a scale with as many numbers as have room."""
    most = _MOST_TICKS
    while True:
        ticks = ticks_of(low, high, most)
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
    value_label: str,
    line: tuple[float, str] | None,
    columns: Columns,
    top: float,
    *,
    colour: str = MUTED,
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
    colour
        Of the line's label.
    """
    size, pitch, width = SMALL_TEXT_SIZE, LEADING * SMALL_TEXT_SIZE, columns.width
    labels: list[Words] = []
    if line is not None and line[1]:
        text = wrapped(line[1], size, _WIDEST_LINE_LABEL * width)
        across = max(text_width(each, size) for each in text)
        middle = min(max(line[0], across / 2), width - across / 2)
        first = -2 - descent(size) - (len(text) - 1) * pitch
        labels = lines_of_words(text, middle, first, colour, size=size, anchor="middle")
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


def strips_of(
    rows: Sequence[Row], columns: Columns, top: float, *, below: float = BELOW_STRIP
) -> tuple[list[Strip], float]:
    """Return the strip of every row, and where the last one ends.

    Parameters
    ----------
    rows, columns
        From above to below, and what holds them.
    top
        Where the first begins.
    below
        From the strip of a phone to the next row.
    """
    strips: list[Strip] = []
    pitch = LEADING * TEXT_SIZE
    for row in rows:
        if row.heading:
            top += (6.0 if strips else 0.0) + pitch * len(_heading(row, columns)) + 4
        lines = len(_label(row, columns))
        if columns.is_narrow:
            strip = top + lines * pitch + 3
            strips.append(Strip(strip + _STRIP / 2, strip, strip + _STRIP))
            top = strip + _STRIP + below
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
        room = columns.number - _number_width(row) - BETWEEN_COLUMNS - columns.spare * _star(row)
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


def hatching(box: Box, colour: str) -> list[Stroke]:
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
