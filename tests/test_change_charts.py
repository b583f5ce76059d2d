from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divide_index.publication.figures.changes import ChangeDot, change_dots
from divide_index.publication.figures.drawing import (
    PAGE_WIDTH,
    PHONE_WIDTH,
    Area,
    Drawing,
    Mark,
)
from divide_index.publication.figures.lettering import clean
from divide_index.publication.figures.marks import Dot, Flag, Line, Point
from divide_index.publication.figures.palette import (
    ACCENT,
    MUTED,
    PALETTE,
    PAPER,
    REFERENCE,
    TARGET,
)
from divide_index.publication.figures.panels import Panel, small_multiples
from divide_index.publication.figures.row_charts import dots
from divide_index.publication.formatting import rounded, signed
from tests.examples import examples
from tests.test_decomposition_figures import flags, intervals, level_at, points, strokes, whiskers
from tests.test_figures import (
    GOAL,
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

CHANGES = (
    ChangeDot("농어민", 0.6, -1.3, 2.5, is_significant=False, heading="계층"),
    ChangeDot("고령층(만 55세 이상)", 0.4, -0.8, 1.6, is_significant=False),
    ChangeDot("장애인", 3.1, 1.1, 5.1, is_significant=True),
    ChangeDot("저소득층", -2.2, -3.3, -1.1, is_significant=True),
    ChangeDot("농어촌 주민", 1.8),
    ChangeDot("서울", None, flag="suppressed", heading="시·도"),
    ChangeDot("전남", -0.7, -5.9, 4.5, is_significant=False, flag="caution"),
)
NATION = tuple(Point(year, 76.0 + 0.7 * (year - 2020)) for year in range(2020, 2026))
REGIONS = (
    Panel("서울", tuple(Point(p.year, p.level + 5, p.level + 2, p.level + 8) for p in NATION)),
    Panel(
        "전남(광주 제외)",
        tuple(
            Point(p.year, p.level - 6, p.level - 9, p.level - 3, breaks=p.year == 2023)
            for p in NATION
        ),
    ),
    Panel("세종", tuple(Point(p.year, 12.3) for p in NATION), "suppressed"),
    Panel("제주", (Point(2024, 79.1), Point(2025, float("nan")))),
    Panel("강원특별자치도(2023년 6월 전의 강원도)", NATION[2:]),
)


def a_change_chart(width: float = PAGE_WIDTH) -> Drawing:
    return change_dots(
        CHANGES,
        significant_label="통계적으로 유의한 변화",
        insignificant_label="유의하지 않은 변화",
        untested_label="판단하지 않음",
        zero_label="변화 없음",
        unit_label="(단위: %p)",
        value_label="증감(95% 신뢰구간)",
        width=width,
    )


def panels(width: float = PAGE_WIDTH, regions: Sequence[Panel] = REGIONS) -> Drawing:
    return small_multiples(
        regions,
        beside=NATION,
        beside_label="전국",
        target=GOAL,
        panel_label="시·도(95% 신뢰구간)",
        break_label="조사방법 변경",
        unit_label="(단위: %)",
        width=width,
    )


def marks(drawing: Drawing) -> list[Mark]:
    return [item for item in drawing.items if isinstance(item, Mark)]


@any_width
def test_no_words_of_the_examples_touch_and_nothing_leaves_the_page(width: float) -> None:
    for drawing in (a_change_chart(width), panels(width)):
        assert collisions(drawing) == []
        assert outside(drawing) == []


@any_width
def test_the_figures_are_of_the_palette_and_the_same_bytes_each_time(width: float) -> None:
    for figure in (a_change_chart, panels):
        drawing = figure(width)
        used = {
            colour
            for item in drawing.items
            for colour in (
                (item.face, item.edge) if isinstance(item, Area | Mark) else (item.colour,)
            )
        }
        assert used - {""} <= set(PALETTE.values())
        assert svg_of(drawing) == svg_of(figure(width))


# -- changes -----------------------------------------------------------------------------------


@any_width
def test_every_change_is_printed_with_its_sign_and_interval(width: float) -> None:
    words = said(a_change_chart(width))
    for text in (
        *("+0.6 (-1.3~2.5)", "+3.1 (1.1~5.1)", "-2.2 (-3.3~-1.1)", "+1.8", "서울 x"),
        *("-0.7* (-5.9~4.5)", "변화 없음", "계층", "시·도", "(단위: %p)"),
    ):
        assert text in words


@any_width
def test_dots_stand_at_their_changes_and_lines_cover_the_intervals(width: float) -> None:
    drawing = change_dots(CHANGES, width=width)
    shown = [row for row in CHANGES if row.points is not None]
    found = [level_at(drawing, mark.x) for mark in marks(drawing)]
    assert found == pytest.approx([row.points for row in shown])
    expected = [(row.low, row.high) for row in shown if row.low is not None]
    assert np.array(whiskers(drawing, ACCENT)) == pytest.approx(np.array(expected))


def test_a_dot_is_filled_where_significant_hollow_where_not_and_a_diamond_if_untested() -> None:
    drawing = change_dots(CHANGES)
    found = [(mark.shape, mark.face) for mark in marks(drawing)]
    filled, hollow, untested = ("circle", ACCENT), ("circle", PAPER), ("diamond", PAPER)
    assert found == [hollow, hollow, filled, filled, untested, hollow]


def test_the_legend_explains_only_what_is_drawn() -> None:
    words = said(a_change_chart())
    for text in ("통계적으로 유의한 변화", "유의하지 않은 변화", "판단하지 않음"):
        assert text in words
    some = change_dots(
        CHANGES[2:4], significant_label="yes", insignificant_label="no", untested_label="untested"
    )
    assert "yes" in said(some)
    assert "no" not in said(some).split()
    assert "untested" not in said(some)


@any_width
def test_the_line_at_zero_runs_through_every_row_under_its_label(width: float) -> None:
    drawing = a_change_chart(width)
    lines = strokes(drawing, REFERENCE)
    assert {round(level_at(drawing, s.points[0][0]), 9) for s in lines} == {0.0}
    [label] = [word for word in drawing.words if word.text == "변화 없음"]
    assert label.colour == MUTED
    assert min(y for s in lines for _, y in s.points) > label.box.bottom
    for mark in marks(drawing)[3:]:
        assert any(s.points[0][1] <= mark.y <= s.points[1][1] for s in lines)


@pytest.mark.parametrize("flag", ["suppressed", "none", "unknown"])
@any_width
def test_nothing_of_a_change_that_is_not_published_is_drawn(flag: Flag, width: float) -> None:
    hidden, empty = (
        change_dots(
            [CHANGES[0], ChangeDot("a", change, change, change, is_significant, flag)],
            significant_label="yes",
            width=width,
        )
        for change, is_significant in ((12.3, True), (None, None))
    )
    assert svg_of(hidden) == svg_of(empty)
    assert "12.3" not in said(hidden)


@pytest.mark.parametrize("rows", [(), (ChangeDot("a", 0.0),), (ChangeDot("a", None),)])
def test_few_changes_and_none_are_drawn(rows: Sequence[ChangeDot]) -> None:
    assert collisions(change_dots(rows, unit_label="%p", zero_label="0")) == []


@st.composite
def some_changes(draw: st.DrawFn) -> ChangeDot:
    value = draw(points)
    low, high = draw(intervals(value))
    return ChangeDot(
        draw(labels),
        value,
        low,
        high,
        draw(st.sampled_from((True, False, None))),
        draw(flags),
        draw(st.one_of(st.just(""), st.just(""), short_labels)),
    )


@given(
    st.lists(some_changes(), max_size=9),
    labels,
    short_labels,
    st.sampled_from((*WIDTHS, 345.0, 600.0)),
)
@settings(deadline=None, max_examples=examples(40))
def test_no_words_of_a_change_chart_touch_anything(
    rows: Sequence[ChangeDot], label: str, head: str, width: float
) -> None:
    drawing = change_dots(
        rows,
        significant_label=label,
        insignificant_label=head,
        untested_label=label,
        zero_label=head,
        unit_label="(단위: %p)",
        value_label=head,
        width=width,
    )
    assert collisions(drawing) == []
    assert outside(drawing) == []
    words = unspaced(said(drawing))
    for row in rows:
        if row.points is not None and np.isfinite(row.points) and row.flag in {"", "caution"}:
            assert signed(row.points) in words


# -- small multiples ---------------------------------------------------------------------------


@any_width
def test_every_panel_has_its_name_and_last_level(width: float) -> None:
    words = said(panels(width))
    packed = unspaced(words)
    for region in REGIONS:
        assert unspaced(region.label) in packed
    for text in (
        "84.5",
        "73.5",
        "79.1 (2024)",
        "79.5",
        "전국",
        "목표 83%(2027년)",
        "조사방법 변경",
    ):
        assert text in words


@any_width
def test_all_panels_have_the_same_scales(width: float) -> None:
    drawing = panels(width)
    dashed = strokes(drawing, TARGET)
    lines = [s for s in dashed if s.points[1][0] - s.points[0][0] > 12]  # not in the legend
    assert len(lines) == len(REGIONS)
    assert len({round(s.points[1][0] - s.points[0][0], 6) for s in lines}) == 1
    grey = [s for s in strokes(drawing, REFERENCE) if s.points[0][1] != s.points[1][1]]
    assert len(grey) == len(REGIONS) * (len(NATION) - 1)
    assert len({round(s.points[0][1] - s.points[1][1], 6) for s in grey}) == 1
    # the nation's last level as far below the target in each of them
    lasts = sorted(s.points[1] for s in grey[len(NATION) - 2 :: len(NATION) - 1])
    targets = sorted((s.points[0][0], s.points[0][1]) for s in lines)
    away = {round(y - ty, 6) for (_, y), (_, ty) in zip(lasts, targets, strict=True)}
    assert len(away) == 1


@any_width
def test_a_hidden_panel_has_a_sign_and_nothing_of_its_own(width: float) -> None:
    drawing = panels(width)
    assert "x" in said(drawing).split()
    assert "12.3" not in said(drawing)
    other = [replace(r, points=()) if r.flag else r for r in REGIONS]
    assert svg_of(drawing) == svg_of(panels(width, other))


def test_a_break_is_explained_only_where_there_is_one() -> None:
    first_year = Panel("a", (Point(2024, 80.0, breaks=True), Point(2025, 81.0)))
    assert "조사방법 변경" not in said(panels(regions=[REGIONS[0], first_year]))
    assert "조사방법 변경" in said(panels(regions=REGIONS[:2]))


@given(
    st.lists(
        st.builds(Panel, labels, some_points().map(tuple), flags),
        max_size=7,
    ),
    some_points(),
    st.one_of(st.none(), st.builds(Line, levels, labels)),
    st.sampled_from((*WIDTHS, 345.0, 600.0)),
)
@settings(deadline=None, max_examples=examples(30))
def test_no_words_of_small_multiples_touch_anything(
    regions: Sequence[Panel], beside: Sequence[Point], target: Line | None, width: float
) -> None:
    drawing = small_multiples(
        regions,
        beside=beside,
        beside_label="Nation",
        target=target,
        panel_label="Regions",
        break_label="조사방법 변경",
        unit_label="(%)",
        width=width,
    )
    assert collisions(drawing) == []
    assert outside(drawing) == []
    words = unspaced(said(drawing))
    assert target is None or unspaced(clean(target.label)) in words
    for region in regions:
        assert unspaced(clean(region.label)) in words
        if region.points and region.flag in {"", "caution"}:
            last = max(region.points, key=lambda point: (point.year, point.kind == "computed"))
            assert rounded(last.level) in words


# -- rows of levels ----------------------------------------------------------------------------


@any_width
def test_labels_of_lines_stand_above_words_of_many_lines(width: float) -> None:
    head = "기초생활보장수급가구의 디지털정보화 종합 수준과 그 95% 신뢰구간 " * 6
    line = "기초생활보장수급가구 " * 6
    drawing = dots(
        [Dot("농어민", 80.6, 78.6, 82.7)],
        reference=Line(100.0, line),
        target=Line(99.0, line),
        value_label=head,
        width=width,
    )
    boxes = [word.box for word in drawing.words]
    assert not any(one.touches(other) for one, other in combinations(boxes, 2))
    assert min(box.top for box in boxes) >= 0
    assert unspaced(said(drawing)).count(unspaced(line)) == 2
