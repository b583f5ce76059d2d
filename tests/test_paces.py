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
    Stroke,
)
from divide_index.publication.figures.lettering import clean
from divide_index.publication.figures.marks import Flag
from divide_index.publication.figures.paces import PaceBar, pace_bars
from divide_index.publication.figures.palette import (
    INK,
    LINK,
    PALETTE,
    PAPER,
    REFERENCE,
    RISE,
    TARGET,
)
from divide_index.publication.formatting import signed
from tests.examples import examples
from tests.test_decomposition_figures import (
    areas,
    flags,
    intervals,
    level_at,
    numbers_on_the_axis,
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
NAN = float("nan")

# Farmers and fishers, published levels of 2020 to 2025 and the target of 2027.
PACES = (
    PaceBar("목표까지 필요(2025~2027년)", 1.2, 0.5, 1.9, "required"),
    PaceBar("최근 3년(2022~2025년)", 1.7 / 3, -0.09, 1.22),
    PaceBar("최근 5년(2020~2025년)", 0.66, 0.26, 1.06),
    PaceBar("가장 빨랐던 2년(2017~2019년)", 2.9, 1.91, 3.89, "best"),
)
MET = (
    PaceBar("Required", None, kind="required", flag="none", instead="Target met", heading="Poor"),
    PaceBar("Last three years", -0.4, -1.0, 0.2, flag="caution"),
    PaceBar("Last five years", None, flag="unknown"),
)


def a_pace_chart(width: float = PAGE_WIDTH) -> Drawing:
    return pace_bars(
        PACES,
        required_label="필요한 증가폭",
        recent_label="최근 증가폭",
        best_label="가장 컸던 증가폭",
        unit_label="(단위: %p)",
        value_label="연평균 증가폭(95% 신뢰구간)",
        width=width,
    )


def an_english_pace_chart(width: float = PAGE_WIDTH) -> Drawing:
    return pace_bars(
        [*PACES, *MET],
        required_label="What the target asks for",
        recent_label="What was kept in recent years",
        best_label="The best that ever was",
        unit_label="(points a year)",
        value_label="Points a year (95% interval)",
        width=width,
    )


@any_width
def test_no_words_of_the_examples_touch_and_nothing_leaves_the_page(width: float) -> None:
    for drawing in (a_pace_chart(width), an_english_pace_chart(width)):
        assert collisions(drawing) == []
        assert outside(drawing) == []


@any_width
def test_a_pace_chart_is_of_the_palette_and_the_same_bytes_each_time(width: float) -> None:
    drawing = a_pace_chart(width)
    used = {
        colour
        for item in drawing.items
        for colour in ((item.face, item.edge) if isinstance(item, Area | Mark) else (item.colour,))
    }
    assert used <= set(PALETTE.values())
    assert svg_of(drawing) == svg_of(a_pace_chart(width))


@any_width
def test_every_pace_is_printed_with_its_interval_and_what_its_bar_means(width: float) -> None:
    words = said(a_pace_chart(width))
    for row in PACES:
        assert row.label in words
    for text in ("+1.2 (0.5~1.9)", "+0.6 (-0.1~1.2)", "+0.7 (0.3~1.1)", "+2.9 (1.9~3.9)"):
        assert text in words
    for text in ("필요한 증가폭", "최근 증가폭", "가장 컸던 증가폭", "(단위: %p)"):
        assert text in words


def test_paces_may_be_printed_with_two_decimals() -> None:
    assert "+0.57 (-0.09~1.22)" in said(pace_bars(PACES, decimals=2))


@any_width
def test_bars_reach_from_zero_to_the_pace_and_whiskers_cover_the_interval(width: float) -> None:
    drawing = pace_bars([*PACES, MET[1]], width=width)
    expected = [(0, 1.2), (0, 1.7 / 3), (0, 0.66), (0, 2.9), (-0.4, 0)]
    assert np.array(spans(drawing)) == pytest.approx(np.array(expected), abs=1e-9)
    bounds = [
        (low, high) for low, high in whiskers(drawing, INK) if high - low > 1e-9
    ]  # without the caps
    expected = [(0.5, 1.9), (-0.09, 1.22), (0.26, 1.06), (1.91, 3.89), (-1, 0.2)]
    assert np.array(bounds) == pytest.approx(np.array(expected))


def test_what_is_required_is_hatched_and_the_others_are_plain() -> None:
    drawing = pace_bars(PACES)
    assert [area.face for area in areas(drawing)] == [PAPER, LINK, LINK, RISE]
    slanting = [s for s in strokes(drawing, TARGET) if s.points[0][0] != s.points[1][0]]
    box = areas(drawing)[0].box.grown(0.01)
    assert slanting
    for stroke in slanting:
        for x, y in stroke.points:
            assert box.left <= x <= box.right
            assert box.top <= y <= box.bottom


def through(drawing: Drawing) -> list[Stroke]:
    return [s for s in strokes(drawing, TARGET) if s.dashes]


@any_width
def test_the_required_pace_is_drawn_on_through_the_rows_of_its_block_alone(width: float) -> None:
    drawing = pace_bars([*PACES, *MET], width=width)
    found = through(drawing)
    assert {round(level_at(drawing, s.points[0][0]), 9) for s in found} == {1.2}
    heading = next(word for word in drawing.words if word.text == "Poor")
    last = areas(drawing)[3].box
    ends = [y for s in found for _, y in s.points]
    assert max(ends) <= heading.box.top
    assert max(ends) >= last.bottom
    assert min(ends) == pytest.approx(
        (areas(drawing)[0].box.top + areas(drawing)[0].box.bottom) / 2
    )


def test_two_targets_have_two_lines() -> None:
    drawing = pace_bars([*PACES, PaceBar("b", 2.0, kind="required"), PACES[1]])
    assert [round(level_at(drawing, s.points[0][0]), 9) for s in through(drawing)] == [1.2, 2.0]
    (_, first_end), (second_start, _) = (
        [y for _, y in stroke.points] for stroke in through(drawing)
    )
    assert first_end < second_start


@any_width
def test_a_target_that_asks_for_nothing_says_so_and_has_neither_bar_nor_line(width: float) -> None:
    drawing = pace_bars(MET, required_label="Required", recent_label="Kept", width=width)
    assert "Target met" in said(drawing)
    assert "-0.4* (-1.0~0.2)" in said(drawing)
    assert "…" in said(drawing)
    assert through(drawing) == []
    assert said(drawing).split().count("Required") == 1  # the row, not the legend


@any_width
def test_a_line_at_zero_runs_through_every_row(width: float) -> None:
    drawing = pace_bars(PACES, width=width)
    lines = strokes(drawing, REFERENCE)
    assert {round(level_at(drawing, s.points[0][0]), 9) for s in lines} == {0.0}
    for area in areas(drawing):
        middle = (area.box.top + area.box.bottom) / 2
        assert any(s.points[0][1] <= middle <= s.points[1][1] for s in lines)


def test_a_narrow_range_is_marked_in_tenths() -> None:
    drawing = pace_bars([PaceBar("a", 0.31), PaceBar("b", -0.12)])
    numbers = numbers_on_the_axis(drawing)
    assert numbers[0] < -0.1
    assert 0.3 < numbers[-1] < 1
    for number in numbers:
        place = max((w for w in drawing.words if w.text == f"{number:g}"), key=lambda w: w.y)
        assert level_at(drawing, place.x) == pytest.approx(number)


@pytest.mark.parametrize("flag", ["suppressed", "none", "unknown"])
@any_width
def test_nothing_of_a_pace_that_is_not_published_is_drawn(flag: Flag, width: float) -> None:
    hidden, empty = (
        pace_bars([PACES[1], PaceBar("a", pace, pace, pace, "required", flag)], width=width)
        for pace in (12.3, None)
    )
    assert svg_of(hidden) == svg_of(empty)
    assert "12.3" not in said(hidden)


def test_words_instead_of_a_number_do_not_hide_that_it_is_suppressed() -> None:
    drawing = pace_bars([PaceBar("a", 1.2, flag="suppressed", instead="Target met")])
    assert said(drawing).split()[:2] == ["a", "x"]


@pytest.mark.parametrize("rows", [(), (PaceBar("a", NAN),), (PaceBar("a", 0.0),)])
def test_few_paces_and_none_are_drawn(rows: Sequence[PaceBar]) -> None:
    assert collisions(pace_bars(rows, unit_label="%p")) == []


@st.composite
def some_paces(draw: st.DrawFn) -> PaceBar:
    value = draw(points)
    low, high = draw(intervals(value))
    return PaceBar(
        draw(labels),
        value,
        low,
        high,
        draw(st.sampled_from(("required", "recent", "recent", "best"))),
        draw(flags),
        draw(st.one_of(st.just(""), short_labels)),
        draw(st.one_of(st.just(""), st.just(""), short_labels)),
    )


@given(
    st.lists(some_paces(), max_size=9),
    labels,
    short_labels,
    st.integers(0, 2),
    st.sampled_from((*WIDTHS, 345.0, 600.0)),
)
@settings(deadline=None, max_examples=examples(40))
def test_no_words_of_a_pace_chart_touch_anything(
    rows: Sequence[PaceBar], label: str, head: str, decimals: int, width: float
) -> None:
    drawing = pace_bars(
        rows,
        required_label=label,
        recent_label=head,
        best_label=head,
        unit_label="(단위: %p)",
        value_label=head,
        decimals=decimals,
        width=width,
    )
    assert collisions(drawing) == []
    assert outside(drawing) == []
    words = unspaced(said(drawing))
    for row in rows:
        if row.per_year is not None and np.isfinite(row.per_year) and row.flag in {"", "caution"}:
            assert signed(row.per_year, decimals) in words
            if row.kind == "required":
                assert unspaced(clean(label)) in words
