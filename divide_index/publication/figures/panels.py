"""Small multiples: the series of many populations side by side, on the same scales."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.drawing import (
    PAGE_WIDTH,
    SMALL_TEXT_SIZE,
    TEXT_SIZE,
    Drawing,
    Item,
    Stroke,
    Words,
    lines_of_words,
)
from divide_index.publication.figures.legends import Entry, legend
from divide_index.publication.figures.lettering import (
    LEADING,
    ascent,
    clean,
    text_width,
    wrapped,
)
from divide_index.publication.figures.marks import Flag, Line, Point
from divide_index.publication.figures.palette import INK, REFERENCE
from divide_index.publication.figures.rows import SIGNS, sign_of
from divide_index.publication.figures.scales import Scale
from divide_index.publication.figures.years import (
    Plot,
    Wording,
    drawn_over_years,
    left_of,
    level_scale,
    shown_points,
    year_scale,
)
from divide_index.publication.formatting import CAUTION, rounded

_NARROWEST: Final = 110.0  # of a panel
_BETWEEN: Final = 12.0
_PLOT: Final = 68.0  # of a panel, in height
_AROUND: Final = 8.0  # above and below the scale of levels
_BEFORE_NUMBER: Final = 6.0
_BELOW: Final = 8.0
_YEARS: Final = LEADING * SMALL_TEXT_SIZE + 6


@dataclass(frozen=True, slots=True)
class Panel:
    """A population with its series; nothing of it is drawn where the ``flag`` hides it."""

    label: str
    points: tuple[Point, ...]
    flag: Flag = ""


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all panels show besides their own series, and that all scales hold."""

    beside: list[Point]
    target: float | None
    points: list[Point]


def small_multiples(
    panels: Sequence[Panel],
    *,
    beside: Sequence[Point] = (),
    beside_label: str = "",
    target: Line | None = None,
    panel_label: str = "",
    break_label: str = "",
    unit_label: str = "",
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return a panel for each population: its series, and the last level beside its name.

    The level of an earlier year than the last of all has its year behind it.

    Parameters
    ----------
    panels
        Row by row, from left to right.
    beside
        A series that is drawn grey in every panel, such as that of the nation.
    beside_label, panel_label
        What the grey line and the dots stand for.
    target
        A line across every panel; its label stands in the legend.
    break_label
        What the upright line of a break is; shown where there is one.
    unit_label
        Above all, such as ``(단위: %)``.
    width
        In points.
    """
    series = [shown_points(() if each.flag in SIGNS else each.points) for each in panels]
    shared = _Shared(
        shown_points(beside),
        None if target is None else target.level,
        [point for points in [*series, shown_points(beside)] for point in points],
    )
    words = Wording(
        unit=clean(unit_label),
        target="",
        break_="",
        published_legend=clean(panel_label),
        computed_legend="",
        target_legend="" if target is None else clean(target.label),
        break_legend=clean(break_label) if any(map(_has_break, series)) else "",
    )
    entries = words.entries
    if shared.beside:
        grey = Stroke(((0, 0), (11, 0)), REFERENCE, 1.1)
        entries.insert(2, Entry(clean(beside_label), (grey,), 15.0))
    head, top = legend(entries, width, apart=1.0)
    top += _BELOW if head else 0.0
    columns = max(1, int((width + _BETWEEN) // (_NARROWEST + _BETWEEN)))
    across = (width - (columns - 1) * _BETWEEN) / columns
    items: list[Item] = []
    drawn = list(zip(panels, series, strict=True))
    last = max((point.year for points in series for point in points), default=0)
    for first in range(0, len(drawn), columns):
        row = drawn[first : first + columns]
        numbers = [_number(*each, last) for each in row]
        titles = [
            wrapped(
                clean(each.label),
                TEXT_SIZE,
                across - text_width(number, TEXT_SIZE) - _BEFORE_NUMBER,
                is_bold=True,
            )
            for (each, _), number in zip(row, numbers, strict=True)
        ]
        below = top + max(map(len, titles)) * LEADING * TEXT_SIZE + 2
        for column, ((_, points), title) in enumerate(zip(row, titles, strict=True)):
            left, y = column * (across + _BETWEEN), top + ascent(TEXT_SIZE)
            items += lines_of_words(title, left, y, INK, is_bold=True)
            items.append(Words(left + across, y, numbers[column], INK, anchor="end"))
            items += _drawn(points, shared, Box(left, below, left + across, below + _PLOT))
        top = below + _PLOT + _YEARS + _BELOW
    return Drawing(width, max(top - _BELOW, 1.0), (*items, *head))


def _has_break(points: list[Point]) -> bool:
    return any(point.breaks and point.year > points[0].year for point in points)


def _number(panel: Panel, points: list[Point], last: int) -> str:
    """Return the last level of a panel, or the sign of why there is none."""
    if not points:
        return sign_of(panel.flag)
    number = rounded(points[-1].level) + (CAUTION if panel.flag == "caution" else "")
    return number if points[-1].year == last else f"{number} ({points[-1].year})"


def _drawn(points: list[Point], shared: _Shared, place: Box) -> list[Item]:
    """Return what stands below the title of a panel."""
    levels = level_scale(shared.points, shared.target, place.top, place.bottom, around=_AROUND)
    frame = Box(place.left + left_of(levels), place.top, place.right, place.bottom)
    plot = Plot(frame, year_scale(shared.points, None, frame), levels)
    drawn = drawn_over_years(
        points,
        shared.target,
        None,
        Wording("", "", "", "", ""),
        plot,
        ahead=_line(shared.beside, plot.years, levels),
        ahead_years=sorted({point.year for point in shared.points}),
        has_numbers=False,
    )
    return drawn.items


def _line(points: Sequence[Point], years: Scale, levels: Scale) -> list[Stroke]:
    """Return a grey line through levels, interrupted before a break."""
    return [
        Stroke(
            (
                (years.at(before.year), levels.at(before.level)),
                (years.at(after.year), levels.at(after.level)),
            ),
            REFERENCE,
            1.1,
        )
        for before, after in pairwise(points)
        if not after.breaks
    ]
