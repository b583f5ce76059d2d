"""Fans: a series of published levels, and where several models in several windows lead from there.

One model alone would be read as a forecast, so none is drawn: the shaded range over all of them
comes first, each path with its interval second. A window of years has a colour and a mark, a kind
of model its dashes; words name both.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.drawing import (
    PAGE_WIDTH,
    SMALL_TEXT_SIZE,
    Area,
    Drawing,
    Item,
    Mark,
    Shape,
    Stroke,
    Words,
    lines_of_words,
)
from divide_index.publication.figures.legends import Entry, legend
from divide_index.publication.figures.lettering import (
    LEADING,
    ascent,
    clean,
    descent,
    text_width,
    wrapped,
)
from divide_index.publication.figures.marks import Line, Point
from divide_index.publication.figures.palette import (
    FALL_EDGE,
    GRID,
    INK,
    MUTED,
    PAPER,
    REFERENCE,
    RISE_EDGE,
)
from divide_index.publication.figures.scales import Scale
from divide_index.publication.figures.years import (
    LEAST_PLOT,
    NARROW,
    Plot,
    Wording,
    drawn_over_years,
    left_of,
    level_scale,
    shown_points,
    wording,
    year_scale,
)
from divide_index.publication.formatting import interval, rounded

_TALL, _LOW = 235.0, 200.0  # of a page, of a phone; without what stands below the years
_FEWEST_KINDS: Final = 2
_COLOURS: Final = (RISE_EDGE, FALL_EDGE, INK)  # of windows
_SHAPES: Final[tuple[Shape, ...]] = ("circle", "square", "diamond")
_SIZES: Final[dict[Shape, float]] = {"circle": 4.2, "square": 3.8, "diamond": 3.4}
_DASHES: Final = (
    *((6.0, 2.0), (2.4, 1.6), (6.0, 1.6, 1.4, 1.6), (9.0, 2.0)),
    *((1.2, 1.4), (4.0, 1.4, 1.4, 1.4, 1.4, 1.4), (3.6, 3.6)),
)
_LINE, _WHISKER, _LEADER = 1.2, 1.3, 0.6
_SLICE: Final = 1.5  # of the range, in width
_BEFORE_SLOTS, _AFTER_SLOTS = 9.0, 3.0
_SLOTS: Final = 64.0  # for all intervals, unless they are few
_NARROWEST_SLOT, _WIDEST_SLOT = 4.0, 9.0
_ELBOW: Final = 12.0  # from the plot to the labels
_SAMPLE: Final = 10.0  # of a path, before its label
_WIDEST_LABEL: Final = 0.24  # of the width
_BELOW_LABEL: Final = 1.0


@dataclass(frozen=True, slots=True)
class ProjectedPath:
    """Where a model leads: levels of the years that follow the last published one.

    Parameters
    ----------
    kind
        Of the model, such as ``drift``: a fan holds two at least.
    label
        As it is printed.
    window
        The years that the model rests on, as they are printed.
    years, levels
        One level for each year, ascending; in percent.
    low, high
        The interval of the last level; None where there is none.
    """

    kind: str
    label: str
    window: str
    years: tuple[int, ...]
    levels: tuple[float, ...]
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class FanLabels:
    """The words of a fan; nothing stands where one is empty.

    Parameters
    ----------
    published, computed, break_, unit
        As those of :func:`~divide_index.publication.figures.time_series.series`.
    range_
        What the shaded range is: from the lowest path to the highest, in every year.
    interval
        What the upright lines at the right are, such as ``2027년의 95% 구간``.
    windows
        Before the windows, below the years, such as ``모형의 자료 기간:``.
    """

    published: str = ""
    computed: str = ""
    break_: str = ""
    unit: str = ""
    range_: str = ""
    interval: str = ""
    windows: str = ""


@dataclass(frozen=True, slots=True)
class _Ray:
    """A path with how it is drawn; its words cleaned."""

    path: ProjectedPath
    colour: str
    shape: Shape
    face: str
    dashes: tuple[float, ...]
    label: tuple[str, ...]

    @property
    def end(self) -> float:
        return self.path.levels[-1]

    @property
    def bounds(self) -> tuple[float, float] | None:
        low, high = self.path.low, self.path.high
        if low is None or high is None or not math.isfinite(low + high):
            return None
        return low, high

    @property
    def number(self) -> str:
        return rounded(self.end)

    def mark(self, x: float, y: float) -> Mark:
        return Mark(x, y, self.shape, _SIZES[self.shape], self.face, self.colour, 1.1)


@dataclass(frozen=True, slots=True)
class _Fan:
    """What a fan shows: a series, and paths from the highest end to the lowest."""

    points: list[Point]
    rays: list[_Ray]
    windows: list[Entry]
    target: float | None
    due: int | None
    signs: tuple[str, str]  # of the range, of an interval

    @property
    def start(self) -> Point:
        """The level that all paths begin at."""
        published = [point for point in self.points if point.kind == "published"]
        return (published or self.points)[-1]

    @property
    def years(self) -> tuple[int, ...]:
        """The years ahead of it."""
        return self.rays[0].path.years

    @property
    def all_points(self) -> list[Point]:
        """Every level that the scales hold."""
        ahead = [
            Point(year, level)
            for ray in self.rays
            for year, level in zip(ray.path.years, ray.path.levels, strict=True)
        ]
        ends = [
            Point(self.years[-1], ray.end, *ray.bounds)
            for ray in self.rays
            if ray.bounds is not None
        ]
        return [*self.points, *ahead, *ends]


def fan(
    points: Sequence[Point],
    paths: Sequence[ProjectedPath],
    *,
    labels: FanLabels,
    target: Line | None = None,
    target_year: int | None = None,
    width: float = PAGE_WIDTH,
    height: float | None = None,
) -> Drawing:
    """Return levels over years, and the paths of several models ahead of them.

    Paths begin at the last published level. Behind the last year stands the interval of each,
    then its name, from the highest end to the lowest; on a phone a number, which the list below
    the years explains.

    Parameters
    ----------
    points
        The series, as of :func:`~divide_index.publication.figures.time_series.series`.
    paths
        Two kinds of models at least, all of the same years.
    labels
        The words around them.
    target
        A line across the years, with its label on it.
    target_year
        When it is due: a diamond on that line.
    width
        In points; below 340 the figure is laid out for a phone.
    height
        Of the plot with its legend and years; more where the names of the paths need it.

    Raises
    ------
    ValueError
        A single kind of model; a path without a name, a window or a level of every year; paths of
        different years, or not ahead of the series; more windows than can be told apart.
    """
    shown = shown_points(points)
    _check(shown, paths)
    words = wording(
        shown,
        target,
        published_label=labels.published,
        computed_label=labels.computed,
        break_label=labels.break_,
        unit_label=labels.unit,
    )
    rays, windows = _rays(paths, width)
    fanned = _Fan(
        shown,
        rays,
        [Entry(clean(labels.windows)), *windows],
        None if target is None else target.level,
        None if target is None else target_year,
        (clean(labels.range_), clean(labels.interval)),
    )
    height = height or (_LOW if width < NARROW else _TALL)
    drawing, homeless = _laid(fanned, words, width=width, height=height)
    if homeless:  # a label without a free place beside its line becomes part of the legend
        drawing, _ = _laid(fanned, words.without(homeless), width=width, height=height)
    return drawing


def _check(points: Sequence[Point], paths: Sequence[ProjectedPath]) -> None:
    """Refuse what would mislead, or could not be drawn."""
    last = max((point.year for point in points), default=None)
    kinds = {path.kind for path in paths}
    if len(kinds) < _FEWEST_KINDS:
        raise ValueError("kinds", sorted(kinds))
    if last is None:
        raise ValueError("points", points)
    for path in paths:
        is_ascending = all(a < b for a, b in pairwise((last, *path.years)))
        is_known = all(map(math.isfinite, path.levels)) and len(path.years) == len(path.levels)
        is_named = clean(path.label) and clean(path.window)
        if not (path.years == paths[0].years and path.years and is_ascending):
            raise ValueError("years", path.years)
        if not (is_known and is_named):
            raise ValueError("path", path)
    if len({path.window for path in paths}) > 2 * len(_COLOURS):
        raise ValueError("windows", paths)


def _rays(paths: Sequence[ProjectedPath], width: float) -> tuple[list[_Ray], list[Entry]]:
    """Return paths as they are drawn, from the highest end down, and what windows look like."""
    windows = list(dict.fromkeys(path.window for path in paths))
    kinds = list(dict.fromkeys(path.kind for path in paths))
    rays: list[_Ray] = []
    for path in paths:
        window = windows.index(path.window)
        colour = _COLOURS[window % len(_COLOURS)]
        rays.append(
            _Ray(
                path,
                colour,
                _SHAPES[window % len(_SHAPES)],
                colour if window < len(_COLOURS) else PAPER,
                _DASHES[kinds.index(path.kind) % len(_DASHES)],
                wrapped(clean(path.label), SMALL_TEXT_SIZE, _WIDEST_LABEL * width),
            )
        )
    looks = {ray.path.window: ray for ray in reversed(rays)}
    entries = [
        Entry(
            clean(window),
            (Stroke(((0, 0), (14, 0)), looks[window].colour, _LINE), looks[window].mark(7, 0)),
            18.0,
        )
        for window in windows
    ]
    return sorted(rays, key=lambda ray: -ray.end), entries


# -- the layout --------------------------------------------------------------------------------


def _laid(fanned: _Fan, words: Wording, *, width: float, height: float) -> tuple[Drawing, set[str]]:
    """Return the drawing, and which of ``target`` and ``break`` had no place for a label."""
    is_narrow = width < NARROW
    rays = fanned.rays
    head, top = legend(_entries(fanned, words), width, apart=1.0)
    top = top + 4 if head else 0.0
    heights = [
        (1 if is_narrow else len(ray.label)) * LEADING * SMALL_TEXT_SIZE + _BELOW_LABEL
        for ray in rays
    ]
    height = max(height, top + max(LEAST_PLOT, sum(heights)) + LEADING * SMALL_TEXT_SIZE + 6)
    axis = height - LEADING * SMALL_TEXT_SIZE - 6
    levels = level_scale(fanned.all_points, fanned.target, top, axis)
    right = width - _ELBOW - (_key_width(rays) if is_narrow else _names_width(rays))
    frame = Box(left_of(levels), top, right, axis)
    slot = min(max(_SLOTS / len(rays), _NARROWEST_SLOT), _WIDEST_SLOT)
    behind = _BEFORE_SLOTS + slot * (len(rays) - 1) + _AFTER_SLOTS
    years = year_scale(fanned.all_points, fanned.due, frame, behind=behind)
    plot = Plot(frame, years, levels)
    first = years.at(max(fanned.years[-1], fanned.due or fanned.years[-1])) + _BEFORE_SLOTS
    slots = [first + slot * place for place in range(len(rays))]
    places = _spread([levels.at(ray.end) for ray in rays], heights, frame.top, frame.bottom)
    leaders = [
        Stroke(
            (
                (years.at(fanned.years[-1]), levels.at(ray.end)),
                (right, levels.at(ray.end)),
                (right + _ELBOW - 2, y),
            ),
            REFERENCE,
            _LEADER,
        )
        for ray, y in zip(rays, places, strict=True)
    ]
    drawn = drawn_over_years(
        fanned.points,
        fanned.target,
        fanned.due,
        words,
        plot,
        ground=[*_range(fanned, plot)],
        ahead=[*leaders, *_paths(fanned, plot), *_intervals(fanned, slots, plot)],
        ahead_years=fanned.years,
    )
    names = _keys if is_narrow else _names
    below, bottom = _list(rays, width, height + 4) if is_narrow else ([], height)
    caption, bottom = legend(fanned.windows, width, top=bottom + 4)
    items = (
        *drawn.items,
        *names(rays, places, right + _ELBOW, width),
        *head,
        *drawn.labels,
        *below,
        *caption,
    )
    return Drawing(width, bottom + 1, items), drawn.homeless


def _entries(fanned: _Fan, words: Wording) -> list[Entry]:
    """Return what stands in the legend above the plot."""
    entries = words.entries
    range_, interval_ = fanned.signs
    swatch = Area(Box(0.3, -4.0, 11.0, 4.0), GRID, REFERENCE)
    stroke = Stroke(((5, -5), (5, 5)), MUTED, _WHISKER)
    has_interval = any(ray.bounds is not None for ray in fanned.rays)
    further = [
        Entry(range_, (swatch,), 15.0),
        Entry(interval_ if has_interval else "", (stroke,), 15.0),
    ]
    return [*entries[:3], *further, *entries[3:]]


def _range(fanned: _Fan, plot: Plot) -> Iterator[Area]:
    """Yield upright slices from the lowest path to the highest: a drawing has only rectangles."""
    start = (fanned.start.year, fanned.start.level, fanned.start.level)
    ends = [
        (year, min(levels), max(levels))
        for year, levels in zip(
            fanned.years, zip(*(ray.path.levels for ray in fanned.rays), strict=True), strict=True
        )
    ]
    for (year, low, high), (next_year, next_low, next_high) in pairwise([start, *ends]):
        left, right = plot.years.at(year), plot.years.at(next_year)
        pieces = max(1, math.ceil((right - left) / _SLICE))
        for piece in range(pieces):
            share = (piece + 0.5) / pieces
            yield Area(
                Box(
                    left + (right - left) * piece / pieces,
                    plot.levels.at(high + share * (next_high - high)),
                    left + (right - left) * (piece + 1) / pieces + 0.2,  # no seam to the next
                    plot.levels.at(low + share * (next_low - low)),
                ),
                GRID,
            )


def _paths(fanned: _Fan, plot: Plot) -> Iterator[Stroke]:
    start = (plot.years.at(fanned.start.year), plot.levels.at(fanned.start.level))
    for ray in fanned.rays:
        ahead = zip(ray.path.years, ray.path.levels, strict=True)
        points = [(plot.years.at(year), plot.levels.at(level)) for year, level in ahead]
        yield Stroke((start, *points), ray.colour, _LINE, ray.dashes)


def _intervals(fanned: _Fan, slots: Sequence[float], plot: Plot) -> Iterator[Stroke | Mark]:
    """Yield the interval of each path, and the mark of its window on it."""
    for ray, x in zip(fanned.rays, slots, strict=True):
        if ray.bounds is not None:
            low, high = (_within(plot.levels, bound) for bound in ray.bounds)
            yield Stroke(
                ((x, plot.levels.at(high)), (x, plot.levels.at(low))), ray.colour, _WHISKER
            )
        yield ray.mark(x, plot.levels.at(ray.end))


def _within(scale: Scale, level: float) -> float:
    return min(max(level, scale.low), scale.high)


def _spread(
    wanted: Sequence[float], heights: Sequence[float], top: float, bottom: float
) -> list[float]:
    """Return places from above to below, as near to the wanted ones as heights and edges allow.

    What is wanted ascends. Without the heights above them, places that do not overlap are those
    that do not descend: the nearest are the means of pooled neighbours.
    """
    steps = [(a + b) / 2 for a, b in pairwise(heights)]
    offsets = [*accumulate(steps, initial=0.0)]
    pools: list[tuple[float, int]] = []
    for place, offset in zip(wanted, offsets, strict=True):
        mean, count = place - offset, 1
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean, count = (mean * count + other * others) / (count + others), count + others
        pools.append((mean, count))
    lowest, highest = top + heights[0] / 2, bottom - heights[-1] / 2 - offsets[-1]
    free = [min(max(mean, lowest), highest) for mean, count in pools for _ in range(count)]
    return [place + offset for place, offset in zip(free, offsets, strict=True)]


# -- the names of paths ------------------------------------------------------------------------


def _names_width(rays: Sequence[_Ray]) -> float:
    label = max(text_width(line, SMALL_TEXT_SIZE) for ray in rays for line in ray.label)
    return _SAMPLE + label + 5 + max(text_width(ray.number, SMALL_TEXT_SIZE) for ray in rays)


def _key_width(rays: Sequence[_Ray]) -> float:
    return text_width(str(len(rays)), SMALL_TEXT_SIZE)


def _names(
    rays: Sequence[_Ray], places: Sequence[float], left: float, width: float
) -> Iterator[Item]:
    """Yield the mark, the name and the last level of each path."""
    size = SMALL_TEXT_SIZE
    middle = (ascent(size) - descent(size)) / 2
    for ray, y in zip(rays, places, strict=True):
        first = y + middle - (len(ray.label) - 1) * LEADING * size / 2
        yield ray.mark(left + 2.5, y)
        yield from lines_of_words(ray.label, left + _SAMPLE, first, INK, size=size)
        yield Words(width, y + middle, ray.number, INK, size, "end")


def _keys(
    rays: Sequence[_Ray], places: Sequence[float], left: float, width: float
) -> Iterator[Item]:
    """Yield the number of each path in the list below."""
    del left
    middle = (ascent(SMALL_TEXT_SIZE) - descent(SMALL_TEXT_SIZE)) / 2
    for key, (_, y) in enumerate(zip(rays, places, strict=True), 1):
        yield Words(width, y + middle, str(key), INK, SMALL_TEXT_SIZE, "end")


def _list(rays: Sequence[_Ray], width: float, top: float) -> tuple[list[Item], float]:
    """Return a line for each path with its number, look, name, last level and interval."""
    size, pitch = SMALL_TEXT_SIZE, LEADING * SMALL_TEXT_SIZE
    behind = ["" if ray.bounds is None else f"({interval(*ray.bounds)})" for ray in rays]
    across = max(text_width(each, size) for each in behind)
    number = width - across - (4.0 if across else 0.0)
    left = _key_width(rays) + 4
    room = number - max(text_width(ray.number, size) for ray in rays) - 8 - (left + 24)
    items: list[Item] = []
    y = top + ascent(size)
    for key, (ray, words) in enumerate(zip(rays, behind, strict=True), 1):
        label = wrapped(clean(ray.path.label), size, room)
        items += [
            Words(left - 4, y, str(key), INK, size, "end"),
            Stroke(((left, y - 3), (left + 20, y - 3)), ray.colour, _LINE, ray.dashes),
            ray.mark(left + 10, y - 3),
            *lines_of_words(label, left + 24, y, INK, size=size),
            Words(number, y, ray.number, INK, size, "end"),
        ]
        if words:
            items.append(Words(width, y, words, MUTED, size, "end"))
        y += len(label) * pitch + _BELOW_LABEL
    return items, y - pitch + descent(size)
