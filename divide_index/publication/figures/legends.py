"""What the signs of a figure mean: samples with their words, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.drawing import (
    MARGIN,
    SMALL_TEXT_SIZE,
    Area,
    Item,
    Mark,
    Stroke,
    Words,
    lines_of_words,
)
from divide_index.publication.figures.lettering import (
    LEADING,
    ascent,
    descent,
    text_width,
    wrapped,
)
from divide_index.publication.figures.palette import MUTED

_BETWEEN = 16.0  # from the words of an entry to the next sample


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a legend: nothing stands there where its ``text`` is empty.

    The ``sample`` is drawn about the point 3 above the baseline where the entry begins, the
    words ``indent`` further right.
    """

    text: str
    sample: tuple[Item, ...] = ()
    indent: float = 0.0


def legend(
    entries: Sequence[Entry], width: float, *, top: float = MARGIN, apart: float = 2.0
) -> tuple[list[Item], float]:
    """Return entries beside each other where they have room, and where their last line ends.

    Parameters
    ----------
    entries
        From left to right.
    width
        Of the drawing.
    top
        Where the first line of words begins.
    apart
        From one line of entries to the next.

    Returns
    -------
    items, bottom
        The bottom of the last line of words; ``top`` where there is none.
    """
    size, pitch = SMALL_TEXT_SIZE, LEADING * SMALL_TEXT_SIZE
    items: list[Item] = []
    left, y = 0.0, top + ascent(size)
    for entry in entries:
        if not entry.text:
            continue
        lines = wrapped(entry.text, size, width - entry.indent)
        across = entry.indent + max(text_width(line, size) for line in lines)
        if left and left + across > width:
            left, y = 0.0, y + pitch + apart
        items += [moved(item, left, y - 3) for item in entry.sample]
        items += lines_of_words(lines, left + entry.indent, y, MUTED, size=size)
        left += across + _BETWEEN
        y += (len(lines) - 1) * pitch
    return items, y + descent(size) if items else top


def moved(item: Item, right: float, down: float) -> Item:
    """Return an item at another place."""
    match item:
        case Words() | Mark():
            return replace(item, x=item.x + right, y=item.y + down)
        case Stroke():
            return replace(item, points=tuple((x + right, y + down) for x, y in item.points))
        case Area(box=box):
            place = Box(box.left + right, box.top + down, box.right + right, box.bottom + down)
            return replace(item, box=place)
