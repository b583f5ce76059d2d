"""Levers: how much of the distance to the target each would close by itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from divide_index.publication.figures.drawing import PAGE_WIDTH, Drawing
from divide_index.publication.figures.effects import (
    BarLook,
    Effect,
    Goal,
    effects_about_zero,
    entry_of,
)
from divide_index.publication.figures.lettering import clean
from divide_index.publication.figures.marks import Flag, Line
from divide_index.publication.figures.palette import ACCENT, LINK, MUTED, PAPER
from divide_index.publication.figures.rows import (
    Row,
    bounds_of,
    interval_of,
    number_of,
    published,
)

_ATTAINABLE: Final = BarLook(LINK, ACCENT)
_UNATTAINABLE: Final = BarLook(PAPER, MUTED, is_hatched=True)


@dataclass(frozen=True, slots=True)
class LeverBar:
    """A row: by how many percentage points a lever raises the level, with its interval.

    ``is_attainable`` says that it asks for no more than full scores; ``heading`` begins a block.
    """

    label: str
    points: float | None
    low: float | None = None
    high: float | None = None
    is_attainable: bool = True
    flag: Flag = ""
    heading: str = ""


def lever_effects(
    rows: Sequence[LeverBar],
    *,
    distance: Line,
    attainable_label: str = "",
    unattainable_label: str,
    unit_label: str = "",
    value_label: str = "",
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return a bar for each lever, and the whole distance to the target as a line across them.

    A lever that cannot be pulled so far is hatched, and its label says so.

    Parameters
    ----------
    rows
        From above to below.
    distance
        In percentage points, with its label, such as ``목표까지 2.4%p``.
    attainable_label
        What a plain bar stands for; shown where there are hatched ones beside it.
    unattainable_label
        What a hatched one stands for, such as ``달성 불가``: in the legend, and behind the labels.
    unit_label
        Beside the scale, such as ``(단위: %p)``.
    value_label
        Heads the words at the right, such as ``효과(95% 신뢰구간)``.
    width
        In points; below 340 the figure is laid out for a phone.

    Raises
    ------
    ValueError
        The distance is no number or has no label, or nothing says what is not attainable.
    """
    unattainable = clean(unattainable_label)
    if not math.isfinite(distance.level) or not clean(distance.label) or not unattainable:
        raise ValueError(distance, unattainable_label)
    effects = [_effect(each, unattainable) for each in rows]
    looks = [each.look for each in effects if each.points is not None]
    entries = [entry_of(unattainable, _UNATTAINABLE)] if _UNATTAINABLE in looks else []
    if entries and _ATTAINABLE in looks:
        entries.insert(0, entry_of(attainable_label, _ATTAINABLE))
    return effects_about_zero(
        effects,
        entries=entries,
        goals=[Goal(distance.level, 0, len(rows), distance.label)],
        unit_label=unit_label,
        value_label=value_label,
        width=width,
    )


def _effect(each: LeverBar, unattainable: str) -> Effect:
    points = published(each.points, each.flag)
    bounds = None if points is None else bounds_of(each.low, each.high)
    label = clean(each.label)
    row = Row(
        label if each.is_attainable else f"{label} ({unattainable})",
        number_of(points, each.flag),
        interval_of(points, bounds),
        clean(each.heading),
    )
    return Effect(row, points, bounds, _ATTAINABLE if each.is_attainable else _UNATTAINABLE)
