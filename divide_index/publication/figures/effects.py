"""Rows about zero: the layout that paces, levers and changes share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.drawing import (
    MARGIN,
    Area,
    Drawing,
    Item,
    Mark,
    Shape,
    Stroke,
)
from divide_index.publication.figures.legends import Entry, legend
from divide_index.publication.figures.lettering import clean
from divide_index.publication.figures.palette import ACCENT, INK, MUTED, REFERENCE, TARGET
from divide_index.publication.figures.rows import (
    Columns,
    Row,
    Strip,
    axis,
    columns_of,
    fine_ticks,
    grid,
    hatching,
    heads,
    scale_of,
    strips_of,
    whisker,
    within,
    words_of,
)
from divide_index.publication.figures.scales import Scale

_BAR: Final = 9.0
_CAP: Final = 2.0  # of a bar's whisker, above and below it
_HATCHED: Final = 3.0  # bars narrower than this have no room for hatching
_SWATCH: Final = 14.0
_DASHES: Final = (3.5, 2.5)


@dataclass(frozen=True, slots=True)
class BarLook:
    """A bar from zero."""

    face: str
    edge: str
    is_hatched: bool = False


@dataclass(frozen=True, slots=True)
class DotLook:
    """A dot at a number."""

    face: str
    shape: Shape = "circle"
    size: float = 6.0


@dataclass(frozen=True, slots=True)
class Effect:
    """A row: its words, and a number with its interval to be drawn; None is no mark."""

    row: Row
    points: float | None
    bounds: tuple[float, float] | None
    look: BarLook | DotLook


@dataclass(frozen=True, slots=True)
class Goal:
    """A dashed line from the middle of the row ``first`` to the end of the row before ``end``.

    Through all of them where it has a label, which then stands above it.
    """

    level: float
    first: int
    end: int
    label: str = ""


def effects_about_zero(
    effects: Sequence[Effect],
    *,
    entries: Sequence[Entry] = (),
    goals: Sequence[Goal] = (),
    zero_label: str = "",
    unit_label: str = "",
    value_label: str = "",
    width: float,
) -> Drawing:
    """Return rows of bars or dots on a scale that holds zero.

    Parameters
    ----------
    effects
        From above to below.
    entries
        Of the legend, above all.
    goals
        Lines through the rows, over their marks; at most one of them or zero has a label.
    zero_label
        Above the line at zero.
    unit_label
        Beside the scale.
    value_label
        Above the words at the right.
    width
        In points; below 340 the figure is laid out for a phone.
    """
    rows = [each.row for each in effects]
    columns = columns_of(rows, width)
    shown = [each for each in effects if each.points is not None]
    scale = scale_of(
        [
            0.0,
            *(goal.level for goal in goals),
            *(each.points for each in shown if each.points is not None),
        ],
        [bound for each in shown for bound in each.bounds or ()],
        columns,
        ticks=fine_ticks,
    )
    signs, top = legend(entries, width)
    named = next((goal for goal in goals if goal.label), None)
    line = (scale.at(0.0), clean(zero_label))
    if named is not None:
        line = (scale.at(named.level), clean(named.label))
    head, stem, top = heads(
        clean(value_label),
        line if line[1] else None,
        columns,
        top + 4 if signs else MARGIN,
        colour=TARGET if named is not None else MUTED,
    )
    strips, bottom = strips_of(rows, columns, top)
    items: list[Item] = [*signs, *grid(scale, strips, columns, top, bottom)]
    through = within(top, bottom, strips, columns, bottom)
    above = [(stem, top)] if line[1] and stem < top else []
    spans = [*(above if named is None else []), *through]
    items += [_upright(scale.at(0.0), span, REFERENCE) for span in spans]
    for each, strip in zip(effects, strips, strict=True):
        if each.points is not None:
            items += _marks(each.points, each.bounds, each.look, strip, (scale, columns))
    for goal in goals:
        spans = [*above, *through] if goal is named else _within_block(goal, strips, columns)
        items += [_upright(scale.at(goal.level), span, TARGET, _DASHES) for span in spans]
    items += head
    for row, strip in zip(rows, strips, strict=True):
        items += words_of(row, strip, columns)
    numbers, height = axis(scale, columns, clean(unit_label), bottom)
    ends = (scale.level_at(0.0), scale.level_at(width))
    return Drawing(width, height, (*items, *numbers), ends)


def entry_of(text: str, look: BarLook | DotLook) -> Entry:
    """Return what a look means, as an entry of a legend."""
    if isinstance(look, DotLook):
        return Entry(clean(text), (Mark(5.0, 0.0, look.shape, look.size, look.face, ACCENT),), 13.0)
    box = Box(0.3, -4.0, _SWATCH, 4.0)
    lines = hatching(box, look.edge) if look.is_hatched else []
    return Entry(clean(text), (Area(box, look.face, look.edge), *lines), _SWATCH + 5)


def _marks(
    points: float,
    bounds: tuple[float, float] | None,
    look: BarLook | DotLook,
    strip: Strip,
    place: tuple[Scale, Columns],
) -> list[Item]:
    """Return a bar or a dot, and the whisker about its end."""
    scale, columns = place
    x, y, zero = scale.at(points), strip.y, scale.at(0.0)
    if isinstance(look, DotLook):
        dot = Mark(x, y, look.shape, look.size, look.face, ACCENT)
        if bounds is None:
            return [dot]
        return [*whisker(bounds, y, scale, columns, colour=ACCENT, line=1.6), dot]
    box = Box(min(x, zero), y - _BAR / 2, max(x, zero), y + _BAR / 2)
    items: list[Item] = [Area(box, look.face, look.edge)]
    if look.is_hatched and box.right - box.left >= _HATCHED:
        items += hatching(box, look.edge)
    if bounds is not None:
        items += whisker(bounds, y, scale, columns, colour=INK, line=1.0, cap=_CAP)
    return items


def _within_block(
    goal: Goal, strips: Sequence[Strip], columns: Columns
) -> list[tuple[float, float]]:
    block = strips[goal.first : goal.end]
    return within(block[0].y, block[-1].bottom, block, columns, block[-1].bottom)


def _upright(
    x: float, span: tuple[float, float], colour: str, dashes: tuple[float, ...] = ()
) -> Stroke:
    return Stroke(((x, span[0]), (x, span[1])), colour, 1.1, dashes)
