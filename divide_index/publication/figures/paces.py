"""Paces: by how much a level has to rise every year, beside how fast it ever rose."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from divide_index.publication.figures.drawing import PAGE_WIDTH, Drawing
from divide_index.publication.figures.effects import (
    BarLook,
    Effect,
    Goal,
    effects_about_zero,
    entry_of,
)
from divide_index.publication.figures.lettering import clean
from divide_index.publication.figures.marks import Flag
from divide_index.publication.figures.palette import (
    ACCENT,
    LINK,
    PAPER,
    RISE,
    RISE_EDGE,
    TARGET,
)
from divide_index.publication.figures.rows import Row, bounds_of, published, sign_of
from divide_index.publication.formatting import CAUTION, interval, signed

PaceKind = Literal["required", "recent", "best"]

_LOOKS: Final[Mapping[PaceKind, BarLook]] = MappingProxyType(
    {
        "required": BarLook(PAPER, TARGET, is_hatched=True),
        "recent": BarLook(LINK, ACCENT),
        "best": BarLook(RISE, RISE_EDGE),
    }
)


@dataclass(frozen=True, slots=True)
class PaceBar:
    """A row: a yearly rise in percentage points, with its interval.

    ``required`` from now to the target, kept in ``recent`` years, or the ``best`` that ever was.
    ``instead`` stands in place of a number that there is none of, such as ``목표 도달``; without it
    the sign of the ``flag`` does. ``heading`` begins the rows of another population.
    """

    label: str
    per_year: float | None
    low: float | None = None
    high: float | None = None
    kind: PaceKind = "recent"
    flag: Flag = ""
    instead: str = ""
    heading: str = ""


def pace_bars(
    rows: Sequence[PaceBar],
    *,
    required_label: str = "",
    recent_label: str = "",
    best_label: str = "",
    unit_label: str = "",
    value_label: str = "",
    decimals: int = 1,
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return bars of yearly paces from zero, the required one drawn on through the others' rows.

    Parameters
    ----------
    rows
        From above to below, the required pace first.
    required_label, recent_label, best_label
        What the looks of bars stand for; shown where there is such a bar.
    unit_label
        Beside the scale, such as ``(단위: %p)``.
    value_label
        Heads the words at the right, such as ``연평균(95% 신뢰구간)``.
    decimals
        Of the printed paces.
    width
        In points; below 340 the figure is laid out for a phone.
    """
    effects = [_effect(each, decimals) for each in rows]
    labels = {"required": required_label, "recent": recent_label, "best": best_label}
    looks = [each.look for each in effects if each.points is not None]
    return effects_about_zero(
        effects,
        entries=[entry_of(labels[kind], look) for kind, look in _LOOKS.items() if look in looks],
        goals=[*_required(rows, effects)],
        unit_label=unit_label,
        value_label=value_label,
        width=width,
    )


def _effect(each: PaceBar, decimals: int) -> Effect:
    pace = published(each.per_year, each.flag)
    bounds = None if pace is None else bounds_of(each.low, each.high)
    row = Row(
        clean(each.label),
        _number(each, pace, decimals),
        "" if bounds is None else f"({interval(*bounds, decimals)})",
        clean(each.heading),
        is_bold=each.kind == "required",
    )
    return Effect(row, pace, bounds, _LOOKS[each.kind])


def _number(each: PaceBar, pace: float | None, decimals: int) -> str:
    """Return a pace as it is printed, or what stands in its place."""
    if pace is not None:
        return signed(pace, decimals) + (CAUTION if each.flag == "caution" else "")
    if each.flag == "suppressed":
        return sign_of(each.flag)
    return clean(each.instead) or sign_of(each.flag)


def _required(rows: Sequence[PaceBar], effects: Sequence[Effect]) -> Iterator[Goal]:
    """Yield every required pace as a line through the rows of its block."""
    for first, (each, effect) in enumerate(zip(rows, effects, strict=True)):
        if each.kind == "required" and effect.points is not None:
            later = range(first + 1, len(rows))
            begins = (row for row in later if rows[row].heading or rows[row].kind == "required")
            yield Goal(effect.points, first, next(begins, len(rows)))
