"""Heat tables: populations by factors, each cell's number on the tint of what it adds or takes.

Tints come in three steps on either side of a neutral one. A column that does not fit beside the
others begins another block below, under the same row labels.
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
    TEXT_SIZE,
    Area,
    Drawing,
    Item,
    Words,
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
from divide_index.publication.figures.marks import HeatCell, HeatRow
from divide_index.publication.figures.palette import (
    ABOVE,
    BELOW,
    GRID,
    HATCH,
    INK,
    MUTED,
    NEUTRAL,
    PAPER,
)
from divide_index.publication.figures.waterfalls import number_of, published
from divide_index.publication.formatting import CAUTION, SUPPRESSED, rounded

_WIDEST_LABEL: Final = 0.28  # of the width
_WIDEST_HEAD: Final = 58.0  # a longer word of a head is broken
_WIDEST_COLUMN: Final = 64.0
_PADDING: Final = 4.0  # on either side of a number
_GAP: Final = 1.0  # between cells
_BEFORE_TOTAL: Final = 4.0
_BETWEEN_BLOCKS: Final = 14.0
_ROW_PADDING: Final = 6.0
_SWATCH: Final = (24.0, 10.0)
_BESIDE_TINTS: Final = 20.0
_TENTHS: Final = 10  # a contribution is printed in tenths of a point


@dataclass(frozen=True, slots=True)
class _Column:
    """A column before it has a place; ``number`` is the widest number's width."""

    head: str
    cells: tuple[HeatCell, ...]
    number: float
    is_total: bool

    @property
    def least(self) -> float:
        """The width that it needs: for its numbers, and for the longest word of its head."""
        words = (text_width(word, SMALL_TEXT_SIZE) for word in self.head.split())
        word = min(max(words, default=0.0), _WIDEST_HEAD)
        star = text_width(CAUTION, TEXT_SIZE, is_bold=self.is_total)
        gap = _BEFORE_TOTAL if self.is_total else 0.0
        return gap + max(self.number + 2 * max(_PADDING, star + 1), word + 2) + _GAP


def heat_table(
    rows: Sequence[HeatRow],
    *,
    columns: Sequence[str],
    has_total: bool = False,
    scale_label: str = "",
    insignificant_label: str = "",
    suppressed_label: str = "",
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return a table of contributions, each on the tint of its size.

    The steps of the tints are round numbers of points, chosen for the parts that are significant;
    the outermost is open. A cell that is not significant is printed in grey, without a tint.

    Parameters
    ----------
    rows
        From above to below, each with a cell for every column.
    columns
        The heads, from left to right.
    has_total
        Whether the last column sums up the others: it is set apart, in bold.
    scale_label
        Heads the tints, such as ``기여도(점)``.
    insignificant_label, suppressed_label
        What a number without a tint and what an x means; shown if there is one.
    width
        In points.
    """
    made = _columns(rows, columns, has_total=has_total)
    unit = _unit(made)
    labels = [wrapped(clean(row.label), TEXT_SIZE, _WIDEST_LABEL * width) for row in rows]
    label_width = max(
        (text_width(line, TEXT_SIZE) for lines in labels for line in lines), default=0.0
    )
    left = label_width + 6 if labels else 0.0
    items: list[Item] = []
    top = MARGIN
    for block in _blocks(made, width - left):
        top += _BETWEEN_BLOCKS if items else 0.0
        drawn, top = _block(block, labels, unit, left=left, right=width, top=top)
        items += drawn
    legend, bottom = _legend(
        made,
        unit,
        (clean(scale_label), clean(insignificant_label), clean(suppressed_label)),
        width,
        top + 8,
    )
    return Drawing(width, max(bottom, top) + 1, (*items, *legend))


def _columns(rows: Sequence[HeatRow], heads: Sequence[str], *, has_total: bool) -> list[_Column]:
    columns: list[_Column] = []
    by_column = zip(*(row.cells for row in rows), strict=True) if rows else [() for _ in heads]
    for place, (head, cells) in enumerate(zip(heads, by_column, strict=True), 1):
        is_total = has_total and place == len(heads)
        numbers = (_number(cell).removesuffix(CAUTION) for cell in cells)
        widths = (text_width(number, TEXT_SIZE, is_bold=is_total) for number in numbers)
        columns.append(_Column(clean(head), tuple(cells), max(widths, default=0.0), is_total))
    return columns


def _points(cell: HeatCell) -> float | None:
    return published(cell.points, cell.flag)


def _number(cell: HeatCell) -> str:
    return number_of(_points(cell), cell.flag)


def _tenths(points: float) -> int:
    """Return points as they are printed, so that a cell's tint agrees with its number."""
    return round(float(rounded(points)) * _TENTHS)


# -- tints -------------------------------------------------------------------------------------


def _unit(columns: Sequence[_Column]) -> int | None:
    """Return from one step of the tints to the next, in tenths of a point; None without tints.

    It is the largest round number of which the largest part holds as many as there are steps.
    """
    parts = [column for column in columns if not column.is_total]
    sizes = _sizes(parts) or _sizes(columns)
    if not sizes:
        return None
    largest = max(sizes) / len(BELOW)
    power = 10 ** max(0, math.floor(math.log10(max(largest, 1.0))))
    return max(digit * power for digit in (1, 2, 5) if digit * power <= max(largest, 1.0))


def _sizes(columns: Sequence[_Column]) -> list[int]:
    """Return the sizes of what is significant, in tenths of a point."""
    return [
        abs(_tenths(points))
        for column in columns
        for cell in column.cells
        if cell.is_significant and (points := _points(cell)) is not None
    ]


def _tint(points: float, unit: int) -> str:
    tenths = _tenths(points)
    step = min(abs(tenths) // unit, len(BELOW))
    if step == 0:
        return NEUTRAL
    return (BELOW if tenths < 0 else ABOVE)[step - 1]


def _ground(cell: HeatCell, unit: int | None) -> tuple[str, str, str]:
    """Return a cell's ground, its outline, and the colour of its number."""
    points = _points(cell)
    if points is not None and cell.is_significant and unit is not None:
        face = _tint(points, unit)
        return face, "", PAPER if face in {BELOW[-1], ABOVE[-1]} else INK
    return PAPER, HATCH if cell.flag == "suppressed" else GRID, MUTED


# -- the table ---------------------------------------------------------------------------------


def _blocks(columns: list[_Column], room: float) -> list[list[_Column]]:
    """Return the columns in as few blocks as hold them, and those about equally long."""
    for count in range(1, len(columns) + 1):
        ends = [-(-len(columns) * block // count) for block in range(count + 1)]
        blocks = [columns[first:end] for first, end in pairwise(ends)]
        if all(sum(column.least for column in block) <= room for block in blocks):
            return blocks
    return [[column] for column in columns]


def _widths(block: list[_Column], room: float) -> list[float]:
    """Return the widths of columns: what each needs, and as equal as there is room for."""
    needs = sorted((column.least for column in block), reverse=True)
    wide = 0
    while wide < len(needs) and needs[wide] > _shared(needs, wide, room):
        wide += 1
    equal = min(_shared(needs, wide, room), _WIDEST_COLUMN)
    return [max(column.least, equal) for column in block]


def _shared(needs: list[float], wide: int, room: float) -> float:
    """Return what is left for each of the others when the widest columns have what they need."""
    return (room - sum(needs[:wide])) / max(1, len(needs) - wide)


def _block(
    block: list[_Column],
    labels: Sequence[tuple[str, ...]],
    unit: int | None,
    *,
    left: float,
    right: float,
    top: float,
) -> tuple[list[Item], float]:
    """Return some columns under their heads, and where they end."""
    size, pitch = SMALL_TEXT_SIZE, LEADING * SMALL_TEXT_SIZE
    boxes: list[tuple[float, float]] = []
    edge = left
    for column, across in zip(block, _widths(block, right - left), strict=True):
        begin = edge + (_BEFORE_TOTAL if column.is_total and boxes else 0.0)
        boxes.append((begin, min(edge + across, right) - _GAP))
        edge += across
    heads = [
        wrapped(column.head, size, end - begin, is_bold=column.is_total)
        for column, (begin, end) in zip(block, boxes, strict=True)
    ]
    deepest = max(map(len, heads))
    items: list[Item] = []
    for column, head, (begin, end) in zip(block, heads, boxes, strict=True):
        first = top + (deepest - len(head)) * pitch + ascent(size)
        middle = (begin + end) / 2
        items += lines_of_words(
            head, middle, first, MUTED, size=size, anchor="middle", is_bold=column.is_total
        )
    top += deepest * pitch + 3
    for row, label in enumerate(labels):
        height = len(label) * LEADING * TEXT_SIZE + _ROW_PADDING
        y = top + height / 2 + (ascent(TEXT_SIZE) - descent(TEXT_SIZE)) / 2
        first = y - (len(label) - 1) * LEADING * TEXT_SIZE / 2
        items += lines_of_words(label, 0.0, first, INK)
        for column, (begin, end) in zip(block, boxes, strict=True):
            box = Box(begin, top, end, top + height - _GAP)
            items += _cell(column, column.cells[row], box, y - _GAP / 2, unit)
        top += height
    return items, top


def _cell(column: _Column, cell: HeatCell, box: Box, y: float, unit: int | None) -> list[Item]:
    """Return a cell: its ground, and its number, flush right with the others of its column."""
    face, edge, colour = _ground(cell, unit)
    number = _number(cell)
    if _points(cell) is None:
        middle = (box.left + box.right) / 2
        words = Words(middle, y, number, colour, anchor="middle", is_bold=column.is_total)
        return [Area(box, face, edge), words]
    x = (box.left + box.right + column.number) / 2
    if number.endswith(CAUTION):
        x += text_width(CAUTION, TEXT_SIZE, is_bold=column.is_total)
    words = Words(x, y, number, colour, anchor="end", is_bold=column.is_total)
    return [Area(box, face, edge), words]


# -- what the tints mean -----------------------------------------------------------------------


def _legend(
    columns: Sequence[_Column],
    unit: int | None,
    labels: tuple[str, str, str],
    width: float,
    top: float,
) -> tuple[list[Item], float]:
    """Return the tints with their bounds and what else needs a word, and where they end."""
    scale_label, insignificant_label, suppressed_label = labels
    size, pitch = SMALL_TEXT_SIZE, LEADING * SMALL_TEXT_SIZE
    cells = [cell for column in columns for cell in column.cells]
    is_grey = any(_points(cell) is not None and not cell.is_significant for cell in cells)
    is_hidden = any(cell.flag == "suppressed" for cell in cells)
    entries: list[tuple[str, str, str]] = []
    if is_grey and insignificant_label:
        entries.append((insignificant_label, PAPER, GRID))
    if is_hidden and suppressed_label:
        entries.append((f"{SUPPRESSED} {suppressed_label}", PAPER, HATCH))
    items: list[Item] = []
    left, bottom = 0.0, top
    if unit is not None:
        if scale_label:
            lines = wrapped(scale_label, size, width)
            items += lines_of_words(lines, 0.0, top + ascent(size), MUTED, size=size)
            top += len(lines) * pitch + 2
        strip, across, bottom = _strip(unit, width, top)
        items += strip
        longest = max((text_width(label, size) for label, _, _ in entries), default=0.0)
        if across + _BESIDE_TINTS + _SWATCH[0] + 6 + longest <= width:
            left = across + _BESIDE_TINTS
        else:
            top = bottom
    for label, face, edge in entries:
        swatch = Box(left + 0.3, top, left + _SWATCH[0], top + _SWATCH[1])
        items.append(Area(swatch, face, edge))
        lines = wrapped(label, size, width - swatch.right - 6)
        middle = (swatch.top + swatch.bottom + ascent(size) - descent(size)) / 2
        items += lines_of_words(lines, swatch.right + 6, middle, INK, size=size)
        top += len(lines) * pitch + 3
    return items, max(top, bottom)


def _strip(unit: int, width: float, top: float) -> tuple[list[Item], float, float]:
    """Return the tints side by side from below to above, and where they end on either side."""
    size = SMALL_TEXT_SIZE
    faces = [*reversed(BELOW), NEUTRAL, *ABOVE]
    steps = [step for step in range(-len(BELOW), len(ABOVE) + 1) if step != 0]
    bounds = [f"{step * unit / _TENTHS:+g}" for step in steps]
    widest = max(text_width(bound, size) for bound in bounds)
    across = min(max(_SWATCH[0], widest + 4), width / len(faces))
    deep = _SWATCH[1]
    items: list[Item] = [
        Area(Box(place * across, top, (place + 1) * across - _GAP, top + deep), face)
        for place, face in enumerate(faces)
    ]
    y = top + deep + 2 + ascent(size)
    items += [
        Words(place * across - _GAP / 2, y, bound, MUTED, size, "middle")
        for place, bound in enumerate(bounds, 1)
        if widest + 2 <= across or abs(steps[place - 1]) == len(BELOW)
    ]
    return items, len(faces) * across, y + descent(size) + 6
