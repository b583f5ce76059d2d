from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divide_index.publication.figures.boxes import Box, along
from divide_index.publication.figures.drawing import (
    PAGE_WIDTH,
    PHONE_WIDTH,
    Area,
    Drawing,
    Mark,
    Stroke,
)
from divide_index.publication.figures.fans import FanLabels, ProjectedPath, fan
from divide_index.publication.figures.lettering import clean
from divide_index.publication.figures.marks import Line, Point
from divide_index.publication.figures.palette import (
    ACCENT,
    FALL_EDGE,
    GRID,
    INK,
    MUTED,
    PALETTE,
    PAPER,
    REFERENCE,
    RISE_EDGE,
    TARGET,
)
from divide_index.publication.figures.time_series import series
from divide_index.publication.formatting import rounded
from tests.examples import examples
from tests.test_figures import (
    GOAL,
    YEARS,
    any_width,
    collisions,
    labels,
    levels,
    outside,
    said,
    short_labels,
    some_points,
    svg_of,
    unspaced,
)

pytestmark = pytest.mark.once  # words and layout of our own

WIDTHS = (PAGE_WIDTH, PHONE_WIDTH)
AHEAD = (2026, 2027)
UNBROKEN, BROKEN = "2020~2025년", "2017~2025년(단절 포함)"
NAN = float("nan")

PATHS = (
    ProjectedPath("no_change", "변화 없음", UNBROKEN, AHEAD, (80.6, 80.6), 78.6, 82.6),
    ProjectedPath("drift", "최근 2년 추세", UNBROKEN, AHEAD, (81.15, 81.7), 77.9, 85.5),
    ProjectedPath("linear", "선형", UNBROKEN, AHEAD, (81.34, 82.0), 79.3, 84.7),
    ProjectedPath("linear", "선형", BROKEN, AHEAD, (84.6, 86.8), 80.3, 93.3),
    ProjectedPath("logit", "로짓", BROKEN, AHEAD, (84.1, 85.9)),
)
KOREAN = FanLabels(
    "공표값",
    "산출값(95% 신뢰구간)",
    "조사방법 변경",
    "(단위: %)",
    "모형·기간에 따른 범위",
    "2027년의 95% 구간",
    "모형의 자료 기간:",
)
ENGLISH = FanLabels(
    "Published",
    "Computed (95% interval)",
    "New method",
    "(%)",
    "Range over models and windows",
    "95% interval in 2027",
    "Years that models rest on:",
)
COLOURS = (RISE_EDGE, FALL_EDGE, INK)


def a_fan(width: float = PAGE_WIDTH, words: FanLabels = KOREAN) -> Drawing:
    return fan(
        [*YEARS, Point(2025, 80.6, 78.6, 82.7, "computed")],
        PATHS,
        labels=words,
        target=GOAL,
        target_year=2027,
        width=width,
    )


def bare(paths: Sequence[ProjectedPath], points: Sequence[Point] = YEARS) -> Drawing:
    return fan(points, paths, labels=FanLabels())


def strokes(drawing: Drawing, colour: str) -> list[Stroke]:
    return [item for item in drawing.items if isinstance(item, Stroke) and item.colour == colour]


def lines_ahead(drawing: Drawing) -> list[Stroke]:
    """Return the dashed lines of paths."""
    return [line for colour in COLOURS for line in strokes(drawing, colour) if line.dashes]


def heights(drawing: Drawing) -> dict[float, float]:
    """Return where each of the printed round levels lies."""
    numbers = [word for word in drawing.words if word.colour == MUTED and word.text.isdigit()]
    left = min(word.x for word in numbers)
    rows = [s for s in strokes(drawing, GRID) if s.points[0][1] == s.points[1][1]]
    ticks = [word for word in numbers if word.x == left]
    return {
        float(word.text): min((row.points[0][1] for row in rows), key=lambda y: abs(y - word.y))
        for word in ticks
    }


def level_of(drawing: Drawing, y: float) -> float:
    places = heights(drawing)
    (low, bottom), (high, top) = min(places.items()), max(places.items())
    return low + (bottom - y) / (bottom - top) * (high - low)


# -- a fan of two models and windows -----------------------------------------------------------


@any_width
@pytest.mark.parametrize("words", [KOREAN, ENGLISH], ids=["ko", "en"])
def test_no_words_of_the_example_touch_and_nothing_leaves_the_page(
    words: FanLabels, width: float
) -> None:
    drawing = a_fan(width, words)
    assert collisions(drawing) == []
    assert outside(drawing) == []


@any_width
def test_a_fan_is_of_the_palette_and_the_same_bytes_each_time(width: float) -> None:
    colours = {
        colour
        for item in a_fan(width).items
        for colour in (
            [item.colour]
            if isinstance(item, Stroke)
            else [item.face, item.edge]
            if isinstance(item, Mark | Area)
            else [item.colour]
        )
    }
    assert colours - {""} <= set(PALETTE.values())
    assert svg_of(a_fan(width)) == svg_of(a_fan(width))


@any_width
def test_a_fan_names_every_path_window_and_last_level(width: float) -> None:
    words = said(a_fan(width))
    for path in PATHS:
        assert path.label in words
        assert path.window in words
        assert f"{path.levels[-1]:.1f}" in words
    for text in vars_of(KOREAN):
        assert text in words
    assert "목표 83%(2027년)" in words
    assert "2027" in words


def vars_of(words: FanLabels) -> list[str]:
    return [getattr(words, name) for name in words.__dataclass_fields__]


def test_a_phone_lists_the_paths_with_their_intervals_under_their_numbers() -> None:
    words = said(a_fan(PHONE_WIDTH))
    assert "1 선형 86.8 (80.3~93.3)" in words
    assert "2 로짓 85.9" in words
    assert "5 변화 없음 80.6 (78.6~82.6)" in words


@any_width
def test_every_path_is_dashed_from_the_last_published_level_to_its_own(width: float) -> None:
    drawing = a_fan(width)
    found = [line for line in lines_ahead(drawing) if len(line.points) == 1 + len(AHEAD)]
    assert len(found) == len(PATHS)
    ends = sorted(level_of(drawing, line.points[-1][1]) for line in found)
    assert ends == pytest.approx(sorted(path.levels[-1] for path in PATHS))
    for line in found:
        assert level_of(drawing, line.points[0][1]) == pytest.approx(80.6)


@any_width
def test_the_intervals_of_the_last_year_are_upright_and_beside_each_other(width: float) -> None:
    drawing = a_fan(width)
    upright = [
        stroke
        for colour in COLOURS
        for stroke in strokes(drawing, colour)
        if stroke.points[0][0] == stroke.points[1][0]
    ]
    places = [stroke.points[0][0] for stroke in upright]
    assert len(set(places)) == len(places) == 4
    assert min(b - a for a, b in pairwise(sorted(places))) >= 4
    found = sorted(
        (level_of(drawing, stroke.points[1][1]), level_of(drawing, stroke.points[0][1]))
        for stroke in upright
    )
    expected = sorted((p.low, p.high) for p in PATHS if p.low is not None and p.high is not None)
    assert [bound for pair in found for bound in pair] == pytest.approx(
        [bound for pair in expected for bound in pair]
    )


@any_width
def test_the_shaded_range_reaches_from_the_lowest_path_to_the_highest(width: float) -> None:
    drawing = a_fan(width)
    slices = [i for i in drawing.items if isinstance(i, Area) and i.face == GRID and not i.edge]
    last = max(slices, key=lambda area: area.box.left).box
    assert level_of(drawing, last.top) == pytest.approx(86.8, abs=0.1)
    assert level_of(drawing, last.bottom) == pytest.approx(80.6, abs=0.1)
    first = min(slices, key=lambda area: area.box.left).box
    assert first.bottom - first.top < last.bottom - last.top
    for one, other in pairwise(sorted(slices, key=lambda area: area.box.left)):
        assert one.box.right >= other.box.left  # no gap


@any_width
def test_windows_differ_in_colour_and_mark_and_kinds_in_dashes(width: float) -> None:
    drawing = a_fan(width)
    marks = {
        (item.edge, item.shape)
        for item in drawing.items
        if isinstance(item, Mark) and item.edge in COLOURS
    }
    assert marks == {(RISE_EDGE, "circle"), (FALL_EDGE, "square")}
    assert len({line.dashes for line in lines_ahead(drawing)}) == 4


def test_a_fourth_window_is_hollow() -> None:
    paths = [
        ProjectedPath(kind, kind, f"window {window}", AHEAD, (81, 82))
        for window in range(4)
        for kind in ("linear", "drift")
    ]
    faces = {item.face for item in bare(paths).items if isinstance(item, Mark)}
    assert faces == {ACCENT, RISE_EDGE, FALL_EDGE, INK, PAPER}


@any_width
def test_breaks_are_drawn_as_in_a_series(width: float) -> None:
    one = a_fan(width)
    other = series(YEARS, break_label="조사방법 변경", width=width)
    joints = [
        [s for s in strokes(drawing, ACCENT) if s.points[0][0] != s.points[1][0]]
        for drawing in (one, other)
    ]
    assert len(joints[0]) == len(joints[1]) == len(YEARS) - 2
    assert len([s for s in strokes(one, MUTED) if s.dashes]) == 1


@any_width
def test_the_target_line_ends_before_the_names_of_paths(width: float) -> None:
    drawing = a_fan(width)
    [line] = strokes(drawing, TARGET)
    leaders = [s for s in strokes(drawing, REFERENCE) if len(s.points) == 3]
    assert len(leaders) == len(PATHS)
    assert all(line.points[1][0] <= leader.points[-1][0] for leader in leaders)


@any_width
def test_no_number_covers_the_range_or_a_path(width: float) -> None:
    drawing = a_fan(width)
    ahead = [
        *(i.box for i in drawing.items if isinstance(i, Area) and i.face == GRID and not i.edge),
        *(box for line in lines_ahead(drawing) for p in pairwise(line.points) for box in along(*p)),
    ]
    for word in drawing.words:
        assert not any(word.box.touches(box) for box in ahead)


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "paths",
    [
        [],
        [PATHS[0]],
        [PATHS[2], PATHS[3]],
    ],
    ids=["none", "one", "one kind in two windows"],
)
def test_one_model_alone_is_refused(paths: Sequence[ProjectedPath]) -> None:
    with pytest.raises(ValueError, match="kinds"):
        bare(paths)


@pytest.mark.parametrize(
    "path",
    [
        ProjectedPath("drift", "추세", UNBROKEN, (2026, 2027, 2028), (81, 82, 83)),
        ProjectedPath("drift", "추세", UNBROKEN, AHEAD, (81.0,)),
        ProjectedPath("drift", "추세", UNBROKEN, AHEAD, (81.0, NAN)),
        ProjectedPath("drift", " ", UNBROKEN, AHEAD, (81.0, 82.0)),
        ProjectedPath("drift", "추세", "", AHEAD, (81.0, 82.0)),
    ],
    ids=["other years", "too short", "no number", "no name", "no window"],
)
def test_a_path_that_does_not_fit_is_refused(path: ProjectedPath) -> None:
    with pytest.raises(ValueError, match=r"years|path"):
        bare([PATHS[0], path])


@pytest.mark.parametrize("years", [(), (2025, 2026), (2027, 2026)])
def test_paths_must_lie_ahead_of_the_series(years: tuple[int, ...]) -> None:
    levels_ahead = tuple(81.0 for _ in years)
    paths = [ProjectedPath(kind, kind, "w", years, levels_ahead) for kind in ("a", "b")]
    with pytest.raises(ValueError, match="years"):
        bare(paths)


def test_paths_without_a_series_are_refused() -> None:
    for points in ([], [Point(2025, NAN)]):
        with pytest.raises(ValueError, match="points"):
            bare(PATHS, points)


def test_more_windows_than_can_be_told_apart_are_refused() -> None:
    paths = [ProjectedPath(str(n), "a", f"window {n}", AHEAD, (81, 82)) for n in range(7)]
    with pytest.raises(ValueError, match="windows"):
        bare(paths)


def test_an_interval_without_an_end_is_not_drawn() -> None:
    nowhere = [
        ProjectedPath(kind, kind, "w", AHEAD, (81, 82), *ends)
        for kind in ("a", "b")
        for ends in ((80.0, None), (NAN, 84.0), (80.0, float("inf")))
    ]
    without = [ProjectedPath(path.kind, path.kind, "w", AHEAD, (81, 82)) for path in nowhere]
    for width in WIDTHS:
        drawn = [
            svg_of(fan(YEARS, paths, labels=KOREAN, width=width)) for paths in (nowhere, without)
        ]
        assert drawn[0] == drawn[1]


# -- any fan -----------------------------------------------------------------------------------


@st.composite
def some_paths(draw: st.DrawFn, first: int) -> list[ProjectedPath]:
    years = tuple(range(first, first + draw(st.integers(1, 5))))
    near = draw(st.floats(30, 110))
    count = draw(st.integers(2, 18))
    windows = draw(st.lists(short_labels.filter(clean), min_size=1, max_size=4))
    paths: list[ProjectedPath] = []
    for number in range(count):
        ahead = tuple(draw(st.floats(near, near + 8)) for _ in years)
        spread = draw(st.one_of(st.none(), st.floats(0, 12), st.just(500.0)))
        paths.append(
            ProjectedPath(
                ("linear", "drift", "no_change", "damped")[number % 4],
                draw(st.one_of(labels, short_labels.filter(clean))),
                draw(st.sampled_from(windows)),
                years,
                ahead,
                None if spread is None else ahead[-1] - spread,
                None if spread is None else ahead[-1] + spread,
            )
        )
    return paths


@st.composite
def some_fans(draw: st.DrawFn) -> tuple[list[Point], list[ProjectedPath]]:
    points = draw(some_points().filter(bool))
    last = max(point.year for point in points)
    return points, draw(some_paths(last + draw(st.integers(1, 2))))


@given(
    some_fans(),
    st.one_of(st.none(), st.builds(Line, levels, st.sampled_from(("목표 83%", "a" * 50)))),
    st.one_of(st.none(), st.integers(2020, 2034)),
    st.sampled_from((*WIDTHS, 345.0, 600.0)),
    st.sampled_from((KOREAN, ENGLISH)),
)
@settings(deadline=None, max_examples=examples(60))
def test_no_words_of_a_fan_touch_anything(
    fanned: tuple[list[Point], list[ProjectedPath]],
    target: Line | None,
    due: int | None,
    width: float,
    words: FanLabels,
) -> None:
    points, paths = fanned
    drawing = fan(points, paths, labels=words, target=target, target_year=due, width=width)
    assert collisions(drawing) == []
    assert outside(drawing) == []
    found = unspaced(said(drawing))
    for path in paths:
        assert unspaced(clean(path.window)) in found
        assert rounded(path.levels[-1]) in said(drawing)
    assert target is None or unspaced(target.label) in found
    page = Box(0, 0, drawing.width, drawing.height).grown(0.6)
    assert all(i.box.lies_within(page) for i in drawing.items if isinstance(i, Mark | Area))
