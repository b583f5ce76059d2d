"""Paths: from the raw gap to the adjusted one, as sets of factors enter one after the other."""

from collections.abc import Sequence
from itertools import pairwise

from divide_index.publication.figures.drawing import (
    MARGIN,
    PAGE_WIDTH,
    Drawing,
    Item,
    Mark,
    Stroke,
)
from divide_index.publication.figures.lettering import clean
from divide_index.publication.figures.marks import Line, Waypoint
from divide_index.publication.figures.palette import ACCENT, LINK, PAPER, REFERENCE
from divide_index.publication.figures.scales import Scale
from divide_index.publication.figures.waterfalls import (
    Columns,
    Row,
    Strip,
    axis,
    bounds_of,
    columns_of,
    grid,
    heads,
    interval_of,
    number_of,
    published,
    scale_of,
    strips_of,
    whisker,
    within,
    words_of,
)

_DOT = 6.0


def path(
    waypoints: Sequence[Waypoint],
    *,
    reference: Line | None = None,
    unit_label: str = "",
    value_label: str = "",
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return the path of a gap: a dot with its interval for each set of factors, joined by a line.

    The line is interrupted where a gap is not published, and where another group begins. On a
    phone it runs down and then aside, leaving out the labels.

    Parameters
    ----------
    waypoints
        From above to below, the raw gap first.
    reference
        A line across all rows, with its label above: the gap of zero.
    unit_label
        Beside the scale, such as ``(단위: 점)``.
    value_label
        Heads the words at the right, such as ``격차(95% 신뢰구간)``.
    width
        In points; below 340 the figure is laid out for a phone.
    """
    rows = [_row(each) for each in waypoints]
    gaps = [published(each.points, each.flag) for each in waypoints]
    columns = columns_of(rows, width)
    scale = _scale(waypoints, gaps, reference, columns)
    line = None if reference is None else (scale.at(reference.level), clean(reference.label))
    head, stem, top = heads(clean(value_label), line, columns, MARGIN)
    strips, bottom = strips_of(rows, columns, top)
    items: list[Item] = [*grid(scale, strips, columns, top, bottom)]
    if line is not None:
        spans = within(top, bottom, strips, columns, bottom)
        if stem < top:
            spans.insert(0, (stem, top))
        items += [Stroke(((line[0], a), (line[0], b)), REFERENCE, 1.1) for a, b in spans]
    items += _joints(waypoints, gaps, strips, scale, columns)
    for each, gap, strip in zip(waypoints, gaps, strips, strict=True):
        if gap is not None:
            items += _marks(each, gap, strip.y, scale, columns)
    items += head
    for row, strip in zip(rows, strips, strict=True):
        items += words_of(row, strip, columns)
    numbers, height = axis(scale, columns, clean(unit_label), bottom)
    ends = (scale.level_at(0.0), scale.level_at(width))
    return Drawing(width, height, (*items, *numbers), ends)


def _row(waypoint: Waypoint) -> Row:
    points = published(waypoint.points, waypoint.flag)
    return Row(
        clean(waypoint.label),
        number_of(points, waypoint.flag),
        interval_of(points, bounds_of(waypoint.low, waypoint.high)),
        clean(waypoint.heading),
    )


def _scale(
    waypoints: Sequence[Waypoint],
    gaps: Sequence[float | None],
    reference: Line | None,
    columns: Columns,
) -> Scale:
    """Return a scale that holds every gap and the reference."""
    shown = [gap for gap in gaps if gap is not None]
    bounds = [
        bound
        for each, gap in zip(waypoints, gaps, strict=True)
        if gap is not None
        for bound in bounds_of(each.low, each.high) or ()
    ]
    lines = [] if reference is None else [reference.level]
    return scale_of([*shown, *lines] or [0.0], bounds, columns)


def _joints(
    waypoints: Sequence[Waypoint],
    gaps: Sequence[float | None],
    strips: Sequence[Strip],
    scale: Scale,
    columns: Columns,
) -> list[Stroke]:
    """Return the lines from dot to dot: on a phone downwards first, and never through words."""
    joints: list[Stroke] = []
    places = list(zip(waypoints, gaps, strips, strict=True))
    for (_, gap, above), (after, next_gap, below) in pairwise(places):
        if gap is None or next_gap is None or after.heading:
            continue
        x, next_x = scale.at(gap), scale.at(next_gap)
        if not columns.is_narrow:
            joints.append(Stroke(((x, above.y), (next_x, below.y)), LINK, 1.8))
            continue
        pieces = within(above.y, below.y, (above, below), columns, below.bottom)
        joints += [Stroke(((x, a), (x, b)), LINK, 1.8) for a, b in pieces]
        joints.append(Stroke(((x, below.y), (next_x, below.y)), LINK, 1.8))
    return joints


def _marks(waypoint: Waypoint, gap: float, y: float, scale: Scale, columns: Columns) -> list[Item]:
    """Return a dot and its interval."""
    bounds = bounds_of(waypoint.low, waypoint.high)
    items = [] if bounds is None else whisker(bounds, y, scale, columns, colour=ACCENT, line=1.6)
    face = PAPER if waypoint.flag == "caution" else ACCENT
    return [*items, Mark(scale.at(gap), y, "circle", _DOT, face, ACCENT)]
