"""Tile maps: one square for each region, darker where the level is higher."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.drawing import (
    PAGE_WIDTH,
    SMALL_TEXT_SIZE,
    Area,
    Drawing,
    Item,
    Stroke,
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
from divide_index.publication.figures.marks import Tile
from divide_index.publication.figures.palette import (
    EMPTY,
    HATCH,
    INK,
    MUTED,
    ON_LIGHT,
    TILES,
    text_on,
)
from divide_index.publication.figures.scales import round_classes
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    NOT_AVAILABLE,
    SUPPRESSED,
    interval,
    rounded,
)

_SIDES: Final = (40.0, 46.0, 52.0, 58.0, 64.0)  # of a tile with the gap to the next
_GAP: Final = 2.0
_LABEL_SIZES: Final = (8.0, 7.5, 7.0)
_MOST_LINES: Final = 2
_SWATCH: Final = 12.0
_LAST_DIGIT: Final = 0.1  # of a printed level
_SIGNS: Final = {"suppressed": SUPPRESSED, "none": NONE, "unknown": NOT_AVAILABLE}


def tiles(
    tiles: Sequence[Tile],
    *,
    scale_label: str = "",
    suppressed_label: str = "",
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return a tile map: the region and its level in each tile, the classes beside it.

    Parameters
    ----------
    tiles
        Each at its own row and column.
    scale_label
        Heads the classes, such as ``수준(%)``.
    suppressed_label
        What a hatched tile means; shown if there is one.
    width
        In points; the classes stand below the map where there is no room beside it.
    """
    first_row = min((tile.row for tile in tiles), default=1)
    first_column = min((tile.column for tile in tiles), default=1)
    rows = max((tile.row for tile in tiles), default=1) - first_row + 1
    columns = max((tile.column for tile in tiles), default=1) - first_column + 1
    side, size = _side(tiles, width / columns)
    levels = [level for tile in tiles if (level := _printed(tile)) is not None]
    bounds = round_classes(levels, len(TILES)) if levels else []
    items: list[Item] = []
    for tile in tiles:
        corner = ((tile.column - first_column) * side, (tile.row - first_row) * side)
        items += _tile(tile, corner, side, size, bounds)
    legend = _legend_rows(bounds, [tile.flag for tile in tiles], clean(suppressed_label))
    label = wrapped(clean(scale_label), SMALL_TEXT_SIZE, width) if scale_label else ()
    across = max(
        [
            *(_SWATCH + 6 + text_width(text, SMALL_TEXT_SIZE) for _, text in legend),
            *(text_width(line, SMALL_TEXT_SIZE) for line in label),
            0.0,
        ]
    )
    map_width, map_height = columns * side - _GAP, rows * side - _GAP
    if map_width + 24 + across <= width:
        left = (width - map_width - 24 - across) / 2
        moved = [_moved(item, left) for item in items]
        _, deep = _legend(legend, label, 0.0, 0.0)
        drawn, bottom = _legend(legend, label, left + map_width + 24, max(map_height - deep, 0.0))
    else:
        moved = [_moved(item, (width - map_width) / 2) for item in items]
        drawn, bottom = _legend(legend, label, (width - map_width) / 2, map_height + 10)
    return Drawing(width, max(map_height, bottom) + 1, (*moved, *drawn))


def _printed(tile: Tile) -> float | None:
    """Return a level as it is printed, so that a tile's class agrees with its number."""
    if tile.level is None or tile.flag in _SIGNS or math.isnan(tile.level):
        return None
    return float(rounded(tile.level))


def _side(tiles: Sequence[Tile], most: float) -> tuple[float, float]:
    """Return the smallest side and largest letters that keep labels short, and words whole."""
    sides = [side for side in _SIDES if side <= most] or [most]
    words = [clean(tile.label) for tile in tiles]
    for side in sides:
        for size in _LABEL_SIZES:
            lines = [wrapped(text, size, side - _GAP - 4) for text in words]
            is_whole = all(
                text.split() == " ".join(line).split()
                for text, line in zip(words, lines, strict=True)
            )
            if is_whole and max(map(len, lines), default=0) <= _MOST_LINES:
                return side, size
    return sides[-1], _LABEL_SIZES[-1]


def _class_colour(level: float, bounds: list[float]) -> str:
    """Return the colour of a level's class; few classes are spread over the colours."""
    classes = len(bounds) - 1
    index = sum(level >= bound for bound in bounds[1:-1])
    if classes == 1:
        return TILES[1]
    return TILES[round(index * (len(TILES) - 1) / (classes - 1))]


def _tile(
    tile: Tile, corner: tuple[float, float], side: float, size: float, bounds: list[float]
) -> list[Item]:
    """Return a tile at a place on the map."""
    left, top = corner
    box = Box(left, top, left + side - _GAP, top + side - _GAP)
    level = _printed(tile)
    face = EMPTY if level is None else _class_colour(level, bounds)
    colour = ON_LIGHT if level is None else text_on(face)
    items: list[Item] = [Area(box, face, HATCH if level is None else "")]
    if tile.flag == "suppressed":
        items += _hatching(box)
    label = _short(clean(tile.label), size, side - _GAP - 4)
    value = _SIGNS.get(tile.flag, NOT_AVAILABLE)
    if level is not None:
        value = rounded(level) + (CAUTION if tile.flag == "caution" else "")
    value_size = SMALL_TEXT_SIZE + 1
    deep = len(label) * LEADING * size + LEADING * value_size
    x, y = (box.left + box.right) / 2, (box.top + box.bottom - deep) / 2
    texts = [
        *lines_of_words(label, x, y + ascent(size), colour, size=size, anchor="middle"),
        Words(
            x,
            y + len(label) * LEADING * size + ascent(value_size),
            value,
            colour,
            value_size,
            "middle",
            is_bold=True,
        ),
    ]
    if tile.flag == "suppressed":  # words stand on plain ground
        items += [Area(_trimmed(word.box, box), EMPTY) for word in texts]
    return [*items, *texts]


def _trimmed(words: Box, box: Box) -> Box:
    return Box(
        max(words.left - 1, box.left + 1),
        words.top,
        min(words.right + 1, box.right - 1),
        words.bottom,
    )


def _short(text: str, size: float, width: float) -> tuple[str, ...]:
    """Return a label in lines; one that does not fit a tile ends in an ellipsis."""
    lines = wrapped(text, size, width)
    if len(lines) <= _MOST_LINES:
        return lines
    last = lines[_MOST_LINES - 1]
    while last and text_width(f"{last}…", size) > width:
        last = last[:-1]
    return (*lines[: _MOST_LINES - 1], f"{last.rstrip()}…")


def _hatching(box: Box) -> list[Stroke]:
    """Return slanting lines from edge to edge of a square."""
    side, step = box.right - box.left, 5.0
    strokes: list[Stroke] = []
    offset = step
    while offset < 2 * side:
        start = (box.left + max(offset - side, 0.0), box.top + min(offset, side))
        end = (box.left + min(offset, side), box.top + max(offset - side, 0.0))
        strokes.append(Stroke((start, end), HATCH, 0.6))
        offset += step
    return strokes


def _legend_rows(
    bounds: list[float], flags: Sequence[str], suppressed_label: str
) -> list[tuple[str, str]]:
    """Return colour and words of every class, the highest first; hatching has no colour."""
    rows = [
        (_class_colour(low, bounds), interval(low, high - _LAST_DIGIT))
        for low, high in pairwise(bounds)
    ]
    rows.reverse()
    if "suppressed" in flags and suppressed_label:
        rows.append(("", f"{SUPPRESSED} {suppressed_label}"))
    return rows


def _legend(
    rows: list[tuple[str, str]], label: tuple[str, ...], left: float, top: float
) -> tuple[list[Item], float]:
    """Return the classes under their label, and where they end."""
    size, pitch = SMALL_TEXT_SIZE, _SWATCH + 2
    items: list[Item] = [*lines_of_words(label, left, top + ascent(size), MUTED, size=size)]
    top += len(label) * LEADING * size + (4 if label else 0)
    for colour, text in rows:
        box = Box(left, top, left + _SWATCH, top + _SWATCH)
        items.append(Area(box, colour or EMPTY, "" if colour else HATCH))
        if not colour:
            items += _hatching(box)
        middle = top + _SWATCH / 2 + (ascent(size) - descent(size)) / 2
        items.append(Words(left + _SWATCH + 6, middle, text, INK, size))
        top += pitch
    return items, top


def _moved(item: Item, right: float) -> Item:
    """Return an item further to the right."""
    match item:
        case Words():
            return Words(
                item.x + right, item.y, item.text, item.colour, item.size, item.anchor, item.is_bold
            )
        case Stroke():
            points = tuple((x + right, y) for x, y in item.points)
            return Stroke(points, item.colour, item.width, item.dashes)
        case Area(box=box):
            box = Box(box.left + right, box.top, box.right + right, box.bottom)
            return Area(box, item.face, item.edge)
        case _:
            return item
