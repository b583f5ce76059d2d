from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divide_index.publication.figures.drawing import (
    PAGE_WIDTH,
    PHONE_WIDTH,
    Area,
    Drawing,
    Mark,
)
from divide_index.publication.figures.lettering import clean
from divide_index.publication.figures.lever_bars import LeverBar, lever_effects
from divide_index.publication.figures.marks import Flag, Line
from divide_index.publication.figures.palette import INK, LINK, MUTED, PALETTE, PAPER, TARGET
from divide_index.publication.formatting import signed
from tests.examples import examples
from tests.test_decomposition_figures import (
    areas,
    flags,
    intervals,
    level_at,
    points,
    spans,
    strokes,
    whiskers,
)
from tests.test_figures import (
    any_width,
    collisions,
    labels,
    outside,
    said,
    short_labels,
    svg_of,
    unspaced,
)

pytestmark = pytest.mark.once  # words and layout of our own

WIDTHS = (PAGE_WIDTH, PHONE_WIDTH)
DISTANCE = Line(2.4, "목표까지 2.4%p")
BEYOND = "만점을 넘어야 함"

LEVERS = (
    LeverBar("농어민의 PC 이용능력을 일반국민 수준(68.4점)까지 높임", 1.31, 1.02, 1.6),
    LeverBar("모바일 이용능력", 2.9, 2.5, 3.3),
    LeverBar("인터넷 서비스 이용 다양성(검색·뉴스, 전자우편, 미디어, 교육, 금융)", 0.84, 0.5, 1.18),
    LeverBar("접근 수준을 120점까지", 4.1, 3.6, 4.6, is_attainable=False),
    LeverBar("70세 이상 농어민의 역량", 0.32, 0.1, 0.5, flag="caution", heading="하위 집단"),
    LeverBar("결혼이민자", None, flag="suppressed"),
)


def levers(rows: Sequence[LeverBar] = LEVERS, width: float = PAGE_WIDTH) -> Drawing:
    return lever_effects(rows, distance=DISTANCE, unattainable_label=BEYOND, width=width)


def a_lever_chart(width: float = PAGE_WIDTH) -> Drawing:
    return lever_effects(
        LEVERS,
        distance=DISTANCE,
        attainable_label="만점 안에서 가능",
        unattainable_label=BEYOND,
        unit_label="(단위: %p)",
        value_label="효과(95% 신뢰구간)",
        width=width,
    )


def an_english_lever_chart(width: float = PAGE_WIDTH) -> Drawing:
    return lever_effects(
        [
            LeverBar("Ability with a computer, raised to that of the general public", 1.3, 1, 1.6),
            LeverBar("Access, raised to 120 points", 4.1, 3.6, 4.6, is_attainable=False),
        ],
        distance=Line(2.4, "To the target: 2.4 points"),
        attainable_label="Within full scores",
        unattainable_label="asks for more than full scores",
        unit_label="(points)",
        value_label="Effect (95% interval)",
        width=width,
    )


@any_width
def test_no_words_of_the_examples_touch_and_nothing_leaves_the_page(width: float) -> None:
    for drawing in (a_lever_chart(width), an_english_lever_chart(width)):
        assert collisions(drawing) == []
        assert outside(drawing) == []


@any_width
def test_a_lever_chart_is_of_the_palette_and_the_same_bytes_each_time(width: float) -> None:
    drawing = a_lever_chart(width)
    used = {
        colour
        for item in drawing.items
        for colour in ((item.face, item.edge) if isinstance(item, Area | Mark) else (item.colour,))
    }
    assert used <= set(PALETTE.values())
    assert svg_of(drawing) == svg_of(a_lever_chart(width))


@any_width
def test_every_lever_is_named_in_full_and_printed_with_its_interval(width: float) -> None:
    words = said(a_lever_chart(width))
    for text in ("+1.3 (1.0~1.6)", "+0.3* (0.1~0.5)", "하위 집단", "목표까지 2.4%p", "(단위: %p)"):
        assert text in words
    packed = unspaced(words)
    for row in LEVERS:
        for piece in clean(row.label).split():
            assert piece in packed


@any_width
def test_bars_reach_from_zero_to_the_effect_and_whiskers_cover_the_interval(width: float) -> None:
    drawing = levers(LEVERS[:3], width)
    expected = [(0, 1.31), (0, 2.9), (0, 0.84)]
    assert np.array(spans(drawing)) == pytest.approx(np.array(expected), abs=1e-9)
    found = [ends for ends in whiskers(drawing, INK) if ends[1] - ends[0] > 1e-9]
    assert np.array(found) == pytest.approx(np.array([(1.02, 1.6), (2.5, 3.3), (0.5, 1.18)]))


@any_width
def test_the_whole_distance_is_a_line_through_every_row_under_its_label(width: float) -> None:
    drawing = levers(width=width)
    lines = [s for s in strokes(drawing, TARGET) if s.dashes]
    assert {round(level_at(drawing, s.points[0][0]), 9) for s in lines} == {2.4}
    [label] = [word for word in drawing.words if word.colour == TARGET]
    x = lines[0].points[0][0]
    assert label.box.left <= x <= label.box.right
    assert min(y for s in lines for _, y in s.points) > label.box.bottom
    for area in areas(drawing)[-5:]:
        middle = (area.box.top + area.box.bottom) / 2
        assert any(s.points[0][1] <= middle <= s.points[1][1] for s in lines)
    # over the bars, so that a bar that passes it does not hide it
    order = list(drawing.items)
    assert min(map(order.index, lines)) > max(map(order.index, areas(drawing)))


def test_a_lever_that_is_not_attainable_is_hatched_and_its_label_says_so() -> None:
    drawing = levers()
    hatched = [area for area in areas(drawing) if area.edge == MUTED]
    assert [area.face for area in hatched] == [PAPER, PAPER]  # in the legend, and the bar
    assert [area.face for area in areas(drawing) if area.edge != MUTED] == [LINK] * 4
    bar = hatched[-1].box.grown(0.01)
    slanting = [
        s
        for s in strokes(drawing, MUTED)
        if all(bar.left <= x <= bar.right and bar.top <= y <= bar.bottom for x, y in s.points)
    ]
    assert len(slanting) > 3
    assert unspaced(f"120점까지({BEYOND})") in unspaced(said(drawing))
    assert said(drawing).count(BEYOND) == 2


def test_the_legend_explains_only_what_is_drawn() -> None:
    words = said(levers(LEVERS[:3]))
    assert BEYOND not in words
    hidden = LeverBar("a", None, is_attainable=False, flag="suppressed")
    assert said(levers([hidden])).count(BEYOND) == 1  # behind the label
    assert "만점 안에서 가능" in said(a_lever_chart())


@pytest.mark.parametrize("flag", ["suppressed", "none", "unknown"])
@any_width
def test_nothing_of_an_effect_that_is_not_published_is_drawn(flag: Flag, width: float) -> None:
    hidden, empty = (
        levers([LEVERS[0], LeverBar("a", effect, effect, effect, flag=flag)], width)
        for effect in (12.3, None)
    )
    assert svg_of(hidden) == svg_of(empty)
    assert "12.3" not in said(hidden)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (Line(float("nan"), "목표까지"), BEYOND),
        (Line(2.4, " "), BEYOND),
        (Line(2.4, "목표까지"), ""),
    ],
)
def test_a_distance_or_a_hatching_without_a_meaning_is_refused(distance: Line, words: str) -> None:
    with pytest.raises(ValueError, match="Line"):
        lever_effects(LEVERS, distance=distance, unattainable_label=words)


@st.composite
def some_levers(draw: st.DrawFn) -> LeverBar:
    value = draw(points)
    low, high = draw(intervals(value))
    return LeverBar(
        draw(labels),
        value,
        low,
        high,
        draw(st.booleans()),
        draw(flags),
        draw(st.one_of(st.just(""), st.just(""), short_labels)),
    )


@given(
    st.lists(some_levers(), max_size=9),
    st.builds(Line, st.floats(-5, 40), labels),
    labels,
    short_labels,
    st.sampled_from((*WIDTHS, 345.0, 600.0)),
)
@settings(deadline=None, max_examples=examples(40))
def test_no_words_of_a_lever_chart_touch_anything(
    rows: Sequence[LeverBar], distance: Line, label: str, head: str, width: float
) -> None:
    drawing = lever_effects(
        rows,
        distance=distance,
        attainable_label=head,
        unattainable_label=label,
        unit_label="(단위: %p)",
        value_label=head,
        width=width,
    )
    assert collisions(drawing) == []
    assert outside(drawing) == []
    words = unspaced(said(drawing))
    assert unspaced(clean(distance.label)) in words
    for row in rows:
        if row.points is not None and np.isfinite(row.points) and row.flag in {"", "caution"}:
            assert signed(row.points) in words
