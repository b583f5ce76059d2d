"""Changes between years: a dot for each population, filled where the change is significant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from divide_index.publication.figures.drawing import PAGE_WIDTH, Drawing
from divide_index.publication.figures.effects import (
    DotLook,
    Effect,
    effects_about_zero,
    entry_of,
)
from divide_index.publication.figures.lettering import clean
from divide_index.publication.figures.marks import Flag
from divide_index.publication.figures.palette import ACCENT, PAPER
from divide_index.publication.figures.rows import (
    Row,
    bounds_of,
    interval_of,
    number_of,
    published,
)

_LOOKS: Final[Mapping[bool | None, DotLook]] = MappingProxyType(
    {True: DotLook(ACCENT), False: DotLook(PAPER), None: DotLook(PAPER, "diamond", 5.0)}
)


@dataclass(frozen=True, slots=True)
class ChangeDot:
    """A row: a change in percentage points, with its interval.

    ``is_significant`` is the verdict of the test that the table makes, adjusted for its number of
    rows; None where there was none, because a standard error is not known.
    """

    label: str
    points: float | None
    low: float | None = None
    high: float | None = None
    is_significant: bool | None = None
    flag: Flag = ""
    heading: str = ""


def change_dots(
    rows: Sequence[ChangeDot],
    *,
    significant_label: str = "",
    insignificant_label: str = "",
    untested_label: str = "",
    zero_label: str = "",
    unit_label: str = "",
    value_label: str = "",
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return a dot for each change with its interval, about a line at zero.

    A filled dot is a significant change, a hollow one is not, a diamond was not tested.

    Parameters
    ----------
    rows
        From above to below.
    significant_label, insignificant_label, untested_label
        What the marks stand for; shown where there is such a mark.
    zero_label
        Above the line at zero, such as ``변화 없음``.
    unit_label
        Beside the scale, such as ``(단위: %p)``.
    value_label
        Heads the words at the right, such as ``증감(95% 신뢰구간)``.
    width
        In points; below 340 the figure is laid out for a phone.
    """
    effects = [_effect(each) for each in rows]
    labels = {True: significant_label, False: insignificant_label, None: untested_label}
    looks = [each.look for each in effects if each.points is not None]
    return effects_about_zero(
        effects,
        entries=[entry_of(labels[key], look) for key, look in _LOOKS.items() if look in looks],
        zero_label=zero_label,
        unit_label=unit_label,
        value_label=value_label,
        width=width,
    )


def _effect(each: ChangeDot) -> Effect:
    points = published(each.points, each.flag)
    bounds = None if points is None else bounds_of(each.low, each.high)
    row = Row(
        clean(each.label),
        number_of(points, each.flag),
        interval_of(points, bounds),
        clean(each.heading),
    )
    return Effect(row, points, bounds, _LOOKS[each.is_significant])
