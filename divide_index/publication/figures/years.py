"""The layout that figures over years share: levels upwards, years across, breaks and a target.

Marks and lines are laid first. Words then take the first place in which they touch nothing; the
label of a line that has no such place is handed back, to become part of the legend.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from divide_index.publication.figures.boxes import Box, along
from divide_index.publication.figures.drawing import (
    SMALL_TEXT_SIZE,
    TEXT_SIZE,
    Anchor,
    Area,
    Item,
    Mark,
    Stroke,
    Words,
    hull,
    lines_of_words,
)
from divide_index.publication.figures.legends import Entry
from divide_index.publication.figures.lettering import (
    LEADING,
    ascent,
    clean,
    descent,
    text_width,
    wrapped,
)
from divide_index.publication.figures.marks import Line, Point
from divide_index.publication.figures.palette import ACCENT, GRID, INK, MUTED, PAPER, TARGET
from divide_index.publication.figures.scales import Scale, round_ticks
from divide_index.publication.formatting import rounded

NARROW: Final = 340.0  # below this, a figure is laid out for a phone
DOT: Final = 5.0
LEAST_PLOT: Final = 116.0  # in height
TARGET_DASHES: Final = (3.5, 2.5)
_BREAK_DASHES: Final = (1.6, 1.6)
_BESIDE: Final = 9.0  # from a published level to a computed one of the same year
_AROUND: Final = 17.0  # above and below a scale
_BREAK: Final = 22.0  # how far the line of a break reaches above and below the series
_AWAY: Final = (4.0, 7.0, 11.0, 16.0, 22.0, 29.0)  # from a mark to its number
_GAP: Final = 1.5  # that words keep from everything
_FURTHEST_BOUND: Final = 30.0  # an interval that reaches further from any level is cut off
_INDENT: Final = 15.0  # of a legend's words
_SIDES: Final[tuple[tuple[Anchor, int], ...]] = (("start", 1), ("end", -1))


@dataclass(frozen=True, slots=True)
class Wording:
    """What the words of a series are, cleaned; the last four stand in the legend if not empty."""

    unit: str
    target: str
    break_: str
    published_legend: str
    computed_legend: str
    target_legend: str = ""
    break_legend: str = ""

    def without(self, homeless: Collection[str]) -> "Wording":
        """Return the words with the labels of ``target`` or ``break`` moved to the legend."""
        words = self
        if "target" in homeless:
            words = replace(words, target="", target_legend=words.target)
        if "break" in homeless:
            words = replace(words, break_="", break_legend=words.break_)
        return words

    @property
    def entries(self) -> list[Entry]:
        """What stands in the legend."""
        square = Mark(5, 0, "square", DOT, PAPER, ACCENT)
        return [
            Entry(self.unit),
            Entry(self.published_legend, (Mark(5, 0, "circle", DOT, ACCENT, ACCENT),), _INDENT),
            Entry(self.computed_legend, (Stroke(((5, -5), (5, 5)), ACCENT, 1.4), square), _INDENT),
            Entry(
                self.target_legend,
                (Stroke(((0, 0), (11, 0)), TARGET, 1.1, TARGET_DASHES),),
                _INDENT,
            ),
            Entry(
                self.break_legend, (Stroke(((5, -5), (5, 4)), MUTED, 0.9, _BREAK_DASHES),), _INDENT
            ),
        ]


@dataclass(frozen=True, slots=True)
class Plot:
    """Where years and levels lie."""

    frame: Box
    years: Scale
    levels: Scale


@dataclass(frozen=True, slots=True)
class _Place:
    """A point on the page; ``top`` and ``bottom`` are the ends of its interval, or its own."""

    point: Point
    x: float
    y: float
    top: float
    bottom: float

    @property
    def mark(self) -> Mark:
        """The dot or square."""
        shape = "circle" if self.point.kind == "published" else "square"
        face = ACCENT if self.point.kind == "published" else PAPER
        return Mark(self.x, self.y, shape, DOT, face, ACCENT)


@dataclass(frozen=True, slots=True)
class _Break:
    """Where a series is interrupted."""

    x: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Layers:
    """What is drawn of a series, the words above it, and which labels had no place.

    ``homeless`` holds ``target`` or ``break`` or neither.
    """

    items: list[Item]
    labels: list[Words]
    homeless: set[str]


def drawn_over_years(
    points: Sequence[Point],
    target: float | None,
    due: int | None,
    words: Wording,
    plot: Plot,
    *,
    ground: Sequence[Area] = (),
    ahead: Sequence[Stroke | Mark] = (),
    ahead_years: Sequence[int] = (),
    has_numbers: bool = True,
) -> Layers:
    """Return a series in its plot.

    Parameters
    ----------
    points
        By year, the published before the computed one.
    target, due
        The level of a line across the years, and the year of a diamond on it.
    words
        Of the two labels.
    plot
        With scales that hold all of it.
    ground
        Areas behind the lines, which no words cover.
    ahead
        Lines and marks besides the series, which no words touch.
    ahead_years
        Years of theirs, ascending.
    has_numbers
        Whether levels are printed, as many as have room.
    """
    frame, levels = plot.frame, plot.levels
    places = _places_of(points, plot.years, levels)
    breaks = _breaks_of(places, frame)
    joints = _joints_of(places)
    lines = [Stroke(((b.x, b.top), (b.x, b.bottom)), MUTED, 0.9, _BREAK_DASHES) for b in breaks]
    diamonds: list[Mark] = []
    if target is not None:
        y = levels.at(target)
        lines.insert(0, Stroke(((frame.left, y), (frame.right, y)), TARGET, 1.1, TARGET_DASHES))
        if due is not None:
            diamonds.append(Mark(plot.years.at(due), y, "diamond", DOT, TARGET, TARGET))
    whiskers = [
        Stroke(((place.x, place.top), (place.x, place.bottom)), ACCENT, 1.4)
        for place in places
        if place.top < place.y or place.y < place.bottom
    ]
    further = [each for each in ahead if isinstance(each, Stroke)]
    strokes = [*lines, *further, *joints, *whiskers]
    marks = [
        *(each for each in ahead if isinstance(each, Mark)),
        *(place.mark for place in places),
        *diamonds,
    ]
    taken = [
        *(area.box for area in ground),
        *(mark.box for mark in marks),
        *(box for stroke in strokes for pair in pairwise(stroke.points) for box in along(*pair)),
    ]
    labels: list[Words] = []
    homeless: set[str] = set()
    if target is not None and words.target:
        ways = _target_ways(words.target, levels.at(target), frame)
        if not _settle(ways, frame, taken, labels):
            homeless.add("target")
    for each in breaks if words.break_ else ():
        if not _settle(_break_ways(words.break_, each, frame), frame, taken, labels):
            homeless.add("break")
    for place in _to_be_numbered(places) if has_numbers else ():
        _settle(_number_ways(place), frame, taken, labels)
    items: list[Item] = [
        *_grid(levels, frame),
        *ground,
        *(Area(word.box, PAPER) for word in labels),  # no line of the grid behind a number
        *_year_axis(points, due, ahead_years, plot),
        *strokes,
        *marks,
    ]
    return Layers(items, labels, homeless)


def shown_points(points: Iterable[Point]) -> list[Point]:
    """Return the points that have a level, by year, the published before the computed one."""
    return sorted(
        (point for point in points if math.isfinite(point.level)),
        key=lambda point: (point.year, point.kind == "computed"),
    )


def wording(
    points: Sequence[Point],
    target: Line | None,
    *,
    published_label: str,
    computed_label: str,
    break_label: str,
    unit_label: str,
) -> Wording:
    """Return the words of a series, those of what it has not left out."""
    kinds = {point.kind for point in points}
    return Wording(
        unit=clean(unit_label),
        target="" if target is None else clean(target.label),
        break_=clean(break_label) if any(point.breaks for point in points) else "",
        published_legend=clean(published_label) if "published" in kinds else "",
        computed_legend=clean(computed_label) if "computed" in kinds else "",
    )


def left_of(levels: Scale) -> float:
    """Return how wide the column of a scale's numbers is, with the gap to the plot."""
    return max(text_width(f"{tick:g}", SMALL_TEXT_SIZE) for tick in levels.ticks) + 6


def level_scale(
    points: Sequence[Point],
    target: float | None,
    top: float,
    bottom: float,
    *,
    around: float = _AROUND,
) -> Scale:
    """Return a scale that holds every level, and intervals within reason.

    Parameters
    ----------
    points
        Of every level that is shown.
    target
        That of a line across the years.
    top, bottom
        Of the plot.
    around
        Above and below the scale: a number fits there.
    """
    levels = [point.level for point in points] + ([] if target is None else [target])
    levels = levels or [0.0, 100.0]
    low, high = min(levels), max(levels)
    ends = [bound for point in points for bound in _bounds(point) or ()]
    lowest = max(min([low, *ends]), min(low, max(0.0, low - _FURTHEST_BOUND)))
    highest = min(max([high, *ends]), high + _FURTHEST_BOUND)
    ticks = round_ticks(lowest, highest, max(3, int((bottom - top) // 26)))
    return Scale(ticks, bottom - around, top + around)


def _bounds(point: Point) -> tuple[float, float] | None:
    low, high = point.low, point.high
    if low is None or high is None or not math.isfinite(low + high):
        return None
    return low, high


def year_scale(
    points: Sequence[Point], due: int | None, frame: Box, *, behind: float = 0.0
) -> Scale:
    """Return a scale of years, with room for half a year's label at either end.

    Parameters
    ----------
    points
        Every year that is shown, but ``due``.
    due
        The year of the target, if it is marked.
    frame
        Of the plot.
    behind
        How far at least the last year is from the frame's right edge.
    """
    years = [point.year for point in points] + ([] if due is None else [due])
    years = years or [0]
    first, last = min(years), max(years)
    if first == last:
        first, last = first - 1, last + 1
    margin = text_width("0000", SMALL_TEXT_SIZE) / 2 + 4
    number = text_width("100.0", TEXT_SIZE)
    is_computed_last = any(p.year == last and p.kind == "computed" for p in points)
    beside = _BESIDE + DOT + number if is_computed_last else 0.0
    return Scale((first, last), frame.left + margin, frame.right - max(margin, beside, behind))


def _places_of(points: Sequence[Point], years: Scale, levels: Scale) -> list[_Place]:
    published = {point.year for point in points if point.kind == "published"}
    places: list[_Place] = []
    for point in points:
        is_twin = point.kind == "computed" and point.year in published
        x, y = years.at(point.year) + (_BESIDE if is_twin else 0.0), levels.at(point.level)
        low, high = _bounds(point) or (point.level, point.level)
        top, bottom = levels.at(min(high, levels.high)), levels.at(max(low, levels.low))
        places.append(_Place(point, x, y, top, bottom))
    return places


def _joints_of(places: list[_Place]) -> list[Stroke]:
    """Return the lines that join published levels, none across a break."""
    published = [place for place in places if place.point.kind == "published"]
    return [
        Stroke(((before.x, before.y), (after.x, after.y)), ACCENT, 1.4)
        for before, after in pairwise(published)
        if not after.point.breaks
    ]


def _breaks_of(places: list[_Place], frame: Box) -> list[_Break]:
    """Return an upright line half-way to every point that does not continue those before."""
    breaks: list[_Break] = []
    for place in places:
        earlier = [each for each in places if each.point.year < place.point.year]
        if place.point.breaks and earlier:
            before = earlier[-1]
            middle = (before.y + place.y) / 2
            breaks.append(
                _Break(
                    (before.x + place.x) / 2,
                    max(min(before.y, place.y, middle - _BREAK), frame.top),
                    min(max(before.y, place.y, middle + _BREAK), frame.bottom - 2),
                )
            )
    return breaks


def _to_be_numbered(places: list[_Place]) -> list[_Place]:
    """Return the points whose levels are printed, the most wanted first."""
    published = [place for place in places if place.point.kind == "published"]
    computed = [place for place in places if place.point.kind == "computed"]
    wanted = {0, len(published) - 1}
    for index, place in enumerate(published):
        if place.point.breaks and index:
            wanted |= {index - 1, index}
    closest = min((b.x - a.x for a, b in pairwise(published)), default=math.inf)
    widest = max((text_width(rounded(p.point.level), TEXT_SIZE) for p in places), default=0.0)
    every = 2 if closest < widest + 2 * _GAP else 1
    others = [
        index
        for index in range(len(published) - 1, -1, -every)
        if index not in wanted and (every == 1 or not {index - 1, index + 1} & wanted)
    ]
    chosen = [*sorted(wanted, reverse=True), *others] if published else []
    return [*computed, *(published[index] for index in chosen)]


def _settle(ways: Iterable[list[Words]], frame: Box, taken: list[Box], labels: list[Words]) -> bool:
    """Put a label where it touches nothing that is taken; say whether there was such a place."""
    for words in ways:
        box = hull(words)
        if box.lies_within(frame) and not any(box.grown(_GAP).touches(other) for other in taken):
            labels += words
            taken.append(box)
            return True
    return False


def _number_ways(place: _Place) -> Iterator[list[Words]]:
    """Yield where the number of a point may stand: above, below, beside, further off."""
    text, size = rounded(place.point.level), TEXT_SIZE
    radius = (place.mark.box.bottom - place.mark.box.top) / 2
    above = min(place.top, place.y - radius) - descent(size)
    below = max(place.bottom, place.y + radius) + ascent(size)
    middle = place.y + (ascent(size) - descent(size)) / 2
    anchors: tuple[tuple[Anchor, float], ...] = (("middle", 0), ("end", radius), ("start", -radius))
    for away in _AWAY:
        for y in (above - away / 2, below + away / 2):
            for anchor, aside in anchors:
                yield [Words(place.x + aside, y, text, INK, size, anchor)]
        for anchor, side in _SIDES:
            yield [Words(place.x + side * (radius + away), middle, text, INK, size, anchor)]


def _target_ways(text: str, y: float, frame: Box) -> Iterator[list[Words]]:
    """Yield where the label of the target may stand: above or below its line, from the right."""
    size = SMALL_TEXT_SIZE
    for share in (0.45, 0.9):
        lines = wrapped(text, size, share * (frame.right - frame.left))
        pitch = LEADING * size
        above = y - 3 - descent(size) - (len(lines) - 1) * pitch
        below = y + 3 + ascent(size)
        across = max(text_width(line, size) for line in lines)
        for further in (0.0, 4.0):
            right = frame.right
            while right - across >= frame.left:
                for first in (above - further, below + further):
                    yield lines_of_words(lines, right, first, TARGET, size=size, anchor="end")
                right -= 6


def _break_ways(text: str, place: _Break, frame: Box) -> Iterator[list[Words]]:
    """Yield where the label of a break may stand: at the ends of its line, or beside it."""
    size = SMALL_TEXT_SIZE
    pitch = LEADING * size
    for share in (0.3, 0.18):
        lines = wrapped(text, size, share * (frame.right - frame.left))
        deep = (len(lines) - 1) * pitch
        for away in (3.0, 8.0, 14.0):
            for first in (
                place.bottom + away + ascent(size),
                place.top - away - descent(size) - deep,
            ):
                yield lines_of_words(lines, place.x, first, MUTED, size=size, anchor="middle")
        for first in (place.bottom - deep - descent(size), place.top + ascent(size)):
            for anchor, aside in _SIDES:
                yield lines_of_words(lines, place.x + aside, first, MUTED, size=size, anchor=anchor)


def _grid(levels: Scale, frame: Box) -> list[Item]:
    """Return a line and a number for each round level."""
    size = SMALL_TEXT_SIZE
    middle = (ascent(size) - descent(size)) / 2
    items: list[Item] = []
    for tick in levels.ticks:
        y = levels.at(tick)
        items.append(Stroke(((frame.left, y), (frame.right, y)), GRID, 0.6))
        items.append(Words(frame.left - 5, y + middle, f"{tick:g}", MUTED, size, "end"))
    return items


def _year_axis(
    points: Sequence[Point], due: int | None, ahead: Sequence[int], plot: Plot
) -> list[Item]:
    """Return the line below the plot with its years: all, or as many as have room."""
    years, frame = plot.years, plot.frame
    size = SMALL_TEXT_SIZE
    items: list[Item] = [
        Stroke(((frame.left, frame.bottom), (frame.right, frame.bottom)), MUTED, 0.8)
    ]
    dues = [] if due is None else [due]
    shown: list[int] = sorted({*(point.year for point in points), *ahead, *dues})
    items += [
        Stroke(((years.at(year), frame.bottom), (years.at(year), frame.bottom + 3)), MUTED, 0.8)
        for year in shown
    ]
    # The last year of the survey and the target's are named first, then back from the last.
    surveyed = [point.year for point in points] or [*ahead]
    last, first = max(surveyed, default=None), min(surveyed, default=None)
    order = [year for year in (last, due, *ahead[-1:], first) if year is not None]
    room = text_width("0000", size) + 6
    every = next(n for n in range(1, 1000) if n * (years.at(1) - years.at(0)) >= room)
    order += [year for year in reversed(shown) if last is not None and (last - year) % every == 0]
    named: list[Words] = []
    for year in dict.fromkeys(order):
        word = Words(
            years.at(year), frame.bottom + 4 + ascent(size), str(year), MUTED, size, "middle"
        )
        if not any(word.box.grown(2).touches(other.box) for other in named):
            named.append(word)
    return [*items, *named]
