import re
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divide_index import resources
from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.charts import heat_table, path, waterfall
from divide_index.publication.figures.drawing import (
    PAGE_WIDTH,
    PHONE_WIDTH,
    Area,
    Drawing,
    Mark,
    Stroke,
    Words,
)
from divide_index.publication.figures.lettering import clean, text_width, wrapped
from divide_index.publication.figures.marks import Flag, HeatCell, HeatRow, Line, Step, Waypoint
from divide_index.publication.figures.palette import (
    ABOVE,
    ACCENT,
    BELOW,
    FALL,
    FALL_EDGE,
    FALL_REST,
    GRID,
    INK,
    LINK,
    MUTED,
    NEUTRAL,
    PALETTE,
    PAPER,
    REFERENCE,
    RISE,
    RISE_EDGE,
    RISE_REST,
    contrast,
)
from divide_index.publication.formatting import interval, signed
from tests.examples import examples
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
NATION = Line(100.0, "일반국민 = 100")
NO_GAP = Line(0.0, "격차 없음")

# Rural residents of a simulated survey.
RURAL = (
    Step("성", -0.002715, -0.011735, 0.006305),
    Step("연령", -4.314187, -4.623178, -4.005196),
    Step("학력", -3.297275, -3.577862, -3.016688),
    Step("가구소득", -2.335356, -2.565558, -2.105154),
    Step("가구원 수", -0.470036, -0.558674, -0.381398),
    Step("직업", -1.472829, -1.738590, -1.207068),
    Step("설명되지 않는 부분", -3.560854, -4.634117, -2.487591, "unexplained"),
    Step("농어촌 주민", -15.453252, -16.571608, -14.334896, "total"),
)
SEOUL = (
    Step("Age", -6.2, -7.4, -5.0),
    Step("Education", 3.1, 2.2, 4.0),
    Step("Household income and occupation", 1.24, -0.4, 2.9, flag="caution"),
    Step("Not explained by these factors", 3.06, -0.6, 6.7, "unexplained"),
    Step("Seoul", 1.2, -1.2, 3.6, "total"),
)
COLUMNS = ("연령", "학력", "가구소득과 직업", "설명되지 않는 부분", "합계")
REGIONS = (
    HeatRow("서울", tuple(map(HeatCell, (1.04, 2.3, 0.96, -0.4, 3.9)))),
    HeatRow(
        "전남",
        (
            HeatCell(-3.25),
            HeatCell(-1.96),
            HeatCell(-0.3, is_significant=False),
            HeatCell(-4.5, flag="caution"),
            HeatCell(-10.01),
        ),
    ),
    HeatRow(
        "세종",
        (
            HeatCell(None, flag="suppressed"),
            HeatCell(None, flag="none"),
            HeatCell(None, flag="unknown"),
            HeatCell(NAN),
            HeatCell(0.7, is_significant=False),
        ),
    ),
)
WAY = (
    Waypoint("Raw gap", -15.45, -16.57, -14.33, heading="Rural residents"),
    Waypoint("+ age, sex", -11.14, -12.2, -10.1),
    Waypoint("+ education", -7.84, -9.0, -6.7),
    Waypoint("+ income, occupation", -3.56, -4.7, -2.4),
    Waypoint("Raw gap", -28.4, -29.5, -27.3, heading="People of 55 and over (of all regions)"),
    Waypoint("+ age, sex", None, flag="suppressed"),
    Waypoint("+ education", 0.42, -0.8, 1.7, "caution"),
    Waypoint("+ income, occupation", 1.26, -0.2, 2.7),
)


def a_fall(width: float = PAGE_WIDTH) -> Drawing:
    return waterfall(
        RURAL,
        reference=NATION,
        falls_label="수준을 낮춤",
        rises_label="수준을 높임",
        unit_label="(단위: %)",
        value_label="기여도(95% 신뢰구간)",
        width=width,
    )


def a_mixed_waterfall(width: float = PAGE_WIDTH) -> Drawing:
    return waterfall(
        SEOUL,
        reference=Line(100.0, "General public = 100"),
        falls_label="Lowers the level",
        rises_label="Raises the level",
        unit_label="(%)",
        value_label="Contribution (95% interval)",
        width=width,
    )


def a_heat_table(width: float = PAGE_WIDTH) -> Drawing:
    return heat_table(
        REGIONS,
        columns=COLUMNS,
        has_total=True,
        scale_label="기여도(점)",
        insignificant_label="통계적으로 유의하지 않음",
        suppressed_label="비공개(비밀보호)",
        width=width,
    )


def a_path(width: float = PAGE_WIDTH) -> Drawing:
    return path(
        WAY,
        reference=Line(0.0, "No gap"),
        unit_label="(points)",
        value_label="Gap (95% interval)",
        width=width,
    )


FIGURES = (a_fall, a_mixed_waterfall, a_heat_table, a_path)
any_figure = pytest.mark.parametrize("figure", FIGURES)


# -- what a drawing holds ----------------------------------------------------------------------


def areas(drawing: Drawing) -> list[Area]:
    return [item for item in drawing.items if isinstance(item, Area)]


def strokes(drawing: Drawing, colour: str) -> list[Stroke]:
    return [item for item in drawing.items if isinstance(item, Stroke) and item.colour == colour]


def level_at(drawing: Drawing, x: float) -> float:
    assert drawing.levels is not None
    low, high = drawing.levels
    return low + (high - low) * x / drawing.width


def spans(drawing: Drawing) -> list[tuple[float, float]]:
    """Return the levels that each bar of a waterfall without a legend reaches between."""
    return [
        (level_at(drawing, area.box.left), level_at(drawing, area.box.right))
        for area in areas(drawing)
    ]


def whiskers(drawing: Drawing, colour: str) -> list[tuple[float, float]]:
    """Return the levels between which each level line of a colour runs."""
    return [
        (level_at(drawing, a), level_at(drawing, b))
        for stroke in strokes(drawing, colour)
        for (a, up), (b, down) in [stroke.points]
        if up == down
    ]


def numbers_on_the_axis(drawing: Drawing) -> list[float]:
    lowest = max(word.y for word in drawing.words)
    return [float(word.text) for word in drawing.words if word.y == lowest]


# -- every figure ------------------------------------------------------------------------------


@any_figure
@any_width
def test_the_same_figure_has_the_same_bytes(
    figure: Callable[[float], Drawing], width: float
) -> None:
    assert svg_of(figure(width)) == svg_of(figure(width))


@any_figure
@any_width
def test_every_colour_is_of_the_palette(figure: Callable[[float], Drawing], width: float) -> None:
    used = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg_of(figure(width)))) - {"none"}
    assert used <= set(PALETTE.values())


@any_figure
@any_width
def test_no_words_touch_and_nothing_leaves_the_page(
    figure: Callable[[float], Drawing], width: float
) -> None:
    drawing = figure(width)
    assert collisions(drawing, with_lines=figure is not a_heat_table) == []
    assert outside(drawing) == []


@pytest.mark.parametrize("flag", ["suppressed", "none", "unknown"])
@any_width
def test_nothing_of_a_contribution_that_is_not_published_is_drawn(flag: Flag, width: float) -> None:
    hidden, empty = (
        [
            waterfall(
                [SEOUL[0], Step("가", points, points, points, flag=flag), *SEOUL[1:]],
                reference=NATION,
                width=width,
            ),
            heat_table(
                [REGIONS[0], HeatRow("가", (HeatCell(points, flag=flag),) * 5)],
                columns=COLUMNS,
                width=width,
            ),
            path([WAY[0], Waypoint("가", points, points, points, flag), WAY[1]], width=width),
        ]
        for points in (12.3, None)
    )
    assert [svg_of(one) for one in hidden] == [svg_of(one) for one in empty]
    assert not any("12.3" in said(one) for one in hidden)


# -- colours -----------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes (2009), severity 1, of linear RGB.
COLOUR_BLIND = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
SRGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)


def lab(colour: str, seen_by: str) -> np.ndarray:
    """Return a colour in CIELAB (D65) as somebody sees it."""
    srgb = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(COLOUR_BLIND[seen_by]) @ linear, 0, 1)
    x, y, z = np.array(SRGB_TO_XYZ) @ seen / np.array((0.95047, 1.0, 1.08883))
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return np.array((116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)))


@pytest.mark.parametrize("seen_by", COLOUR_BLIND)
@pytest.mark.parametrize(
    ("below", "above"), [(FALL, RISE), *zip(BELOW[1:], ABOVE[1:], strict=True)]
)
def test_the_colour_blind_tell_what_lowers_from_what_raises(
    seen_by: str, below: str, above: str
) -> None:
    assert np.linalg.norm(lab(below, seen_by) - lab(above, seen_by)) > 15


def test_tints_of_either_side_grow_darker_alike() -> None:
    for side in (BELOW, ABOVE):
        lightness = [contrast(colour, "#000000") for colour in (NEUTRAL, *side)]
        assert all(lighter > 1.1 * darker for lighter, darker in pairwise(lightness))
    for below, above in zip(BELOW, ABOVE, strict=True):
        assert contrast(below, above) < 1.1


def dark() -> dict[str, str]:
    """Return the colour that the web page has in the dark for each of the palette."""
    style = (resources.folder("templates") / "web.css").read_text(encoding="utf-8")
    named = dict(re.findall(r"--figure-([\w-]+):(#[0-9a-f]{6})", style))
    return {colour: named[name] for name, colour in PALETTE.items()}


@pytest.mark.parametrize("page", [{}, dark()], ids=["light", "dark"])
@any_width
def test_every_word_of_a_heat_table_has_enough_contrast(page: dict[str, str], width: float) -> None:
    drawing = a_heat_table(width)
    for word in drawing.words:
        under = [area.face for area in areas(drawing) if word.box.touches(area.box)]
        ground = under[-1] if under else PAPER
        assert contrast(page.get(word.colour, word.colour), page.get(ground, ground)) >= 4.5


def test_a_larger_part_is_further_from_its_ground_in_the_dark_too() -> None:
    page = dark()
    for side in (BELOW, ABOVE):
        distance = [contrast(page[colour], page[PAPER]) for colour in (NEUTRAL, *side)]
        assert all(far > 1.1 * near for near, far in pairwise(distance))


@pytest.mark.parametrize("page", [{}, dark()], ids=["light", "dark"])
@pytest.mark.parametrize("bar", [FALL, RISE, FALL_REST, RISE_REST, LINK])
def test_a_whisker_stands_out_from_its_bar(page: dict[str, str], bar: str) -> None:
    assert contrast(page.get(INK, INK), page.get(bar, bar)) >= 3  # WCAG 2, graphical objects


# -- waterfalls --------------------------------------------------------------------------------


@any_width
@pytest.mark.parametrize("figure", [a_fall, a_mixed_waterfall])
def test_a_waterfall_says_every_part_with_its_interval(
    figure: Callable[[float], Drawing], width: float
) -> None:
    words = said(figure(width))
    for step in RURAL if figure is a_fall else SEOUL:
        assert step.points is not None
        assert step.low is not None
        assert step.high is not None
        assert step.label in words
        star = "*" if step.flag == "caution" else ""
        assert f"{signed(step.points)}{star} ({interval(step.low, step.high)})" in words


def test_rounding_is_half_up_and_of_the_number_as_it_came() -> None:
    words = said(waterfall([Step("a", -0.25, -0.05, 0.04)], reference=NATION))
    assert "-0.3 (-0.1~0.0)" in words


@any_width
def test_the_bars_lead_from_the_reference_to_the_level(width: float) -> None:
    drawing = waterfall(RURAL, reference=NATION, width=width)
    level = 100.0
    for step, (low, high) in zip(RURAL[:-1], spans(drawing)[:-1], strict=True):
        assert step.points is not None
        assert (low, high) == pytest.approx((level + step.points, level))
        level = low
    assert spans(drawing)[-1] == pytest.approx((100 - 15.453252, 100))
    assert level == pytest.approx(100 - 15.453252, abs=1e-5)


@any_width
def test_a_bar_that_raises_the_level_runs_the_other_way(width: float) -> None:
    drawing = waterfall(SEOUL, reference=NATION, width=width)
    assert np.array(spans(drawing)) == pytest.approx(
        np.array([(93.8, 100), (93.8, 96.9), (96.9, 98.14), (98.14, 101.2), (100, 101.2)])
    )


@any_width
def test_a_whisker_covers_the_interval_about_the_end_of_its_bar(width: float) -> None:
    drawing = waterfall(SEOUL, reference=NATION, width=width)
    starts = (100, 93.8, 96.9, 98.14, 100)
    expected = [
        (start + (step.low or 0), start + (step.high or 0))
        for start, step in zip(starts, SEOUL, strict=True)
    ]
    assert np.array(whiskers(drawing, INK)) == pytest.approx(np.array(expected))


def test_a_total_begins_at_the_reference_wherever_it_stands() -> None:
    explained = Step("Explained", -2.0, kind="total")
    drawing = waterfall(
        [Step("Age", -3.0), Step("Sex", 1.0), explained, Step("Rest", -1.0, kind="unexplained")],
        reference=NATION,
    )
    assert np.array(spans(drawing)) == pytest.approx(
        np.array([(97, 100), (97, 98), (98, 100), (97, 98)])
    )
    assert len(strokes(drawing, MUTED)) == 3


def test_what_raises_the_level_is_hatched_and_what_is_unexplained_has_another_tint() -> None:
    steps = [
        Step("a", -2.0),
        Step("b", 2.0),
        Step("c", -2.0, kind="unexplained"),
        Step("d", 2.0, kind="unexplained"),
        Step("e", 2.0, kind="total"),
    ]
    drawing = waterfall(steps, reference=NATION)
    assert [area.face for area in areas(drawing)] == [FALL, RISE, FALL_REST, RISE_REST, LINK]
    for area, is_hatched in zip(areas(drawing), (False, True, False, True, False), strict=True):
        slanting = [
            stroke
            for stroke in (*strokes(drawing, RISE_EDGE), *strokes(drawing, FALL_EDGE))
            for (x, y), (to_x, to_y) in [stroke.points]
            if Box(x, to_y, to_x, y).lies_within(area.box.grown(0.01))
        ]
        assert bool(slanting) == is_hatched


def test_the_signs_of_bars_are_explained_where_they_occur() -> None:
    assert "수준을 낮춤" in said(a_fall())
    assert "수준을 높임" not in said(a_fall())
    words = said(a_mixed_waterfall())
    assert "Lowers the level" in words
    assert "Raises the level" in words
    assert len(areas(a_mixed_waterfall())) == len(SEOUL) + 2
    only_rises = waterfall(
        [Step("a", 2.0)], reference=NATION, falls_label="lowers", rises_label="raises"
    )
    assert "lowers" not in said(only_rises)
    assert "raises" in said(only_rises)


@any_width
def test_long_words_about_the_bars_stand_under_each_other(width: float) -> None:
    label = "what this part of the population has more or less of than the nation"
    drawing = waterfall(
        SEOUL,
        reference=NATION,
        falls_label=f"Lowers: {label}",
        rises_label=f"Raises: {label}",
        value_label="Contribution to the level (95% interval)",
        width=width,
    )
    first, second = areas(drawing)[:2]
    assert second.box.top > first.box.bottom
    assert collisions(drawing) == []
    assert outside(drawing) == []


@any_width
def test_a_part_without_a_number_has_a_sign_and_no_bar(width: float) -> None:
    steps = [Step(flag, -9.9, -9, -8, flag=flag) for flag in ("suppressed", "none", "unknown")]
    drawing = waterfall([*steps, Step("d", NAN)], reference=NATION, width=width)
    assert areas(drawing) == []
    found = [word.text for word in drawing.words]
    assert [found[found.index(step.label) + 1] for step in steps] == ["x", "-", "…"]
    assert found[found.index("d") + 1] == "…"


def test_no_line_leads_past_a_hidden_part() -> None:
    """Bars that follow a hidden part do not say how large it is."""
    shown = waterfall(RURAL, reference=NATION)
    hidden = waterfall(
        [*RURAL[:2], Step("학력", None, flag="suppressed"), *RURAL[3:]], reference=NATION
    )
    assert len(strokes(shown, MUTED)) == len(RURAL) - 1
    assert len(strokes(hidden, MUTED)) == len(RURAL) - 4
    ends = [end for span in spans(hidden)[:-1] for end in span]
    assert min(ends) == pytest.approx(100 - 15.453252 + 3.297275, abs=1e-5)
    assert "-3.3" not in said(hidden)


def test_an_interval_without_an_end_is_neither_drawn_nor_printed() -> None:
    bare = svg_of(waterfall([Step("a", -2.0)], reference=NATION))
    for ends in ((-3.0, None), (None, -1.0), (NAN, NAN), (-3.0, float("inf"))):
        assert svg_of(waterfall([Step("a", -2.0, *ends)], reference=NATION)) == bare


@any_width
def test_an_endless_interval_is_cut_off_and_printed_in_full(width: float) -> None:
    drawing = waterfall(
        [Step("a", -2.0, -900.0, 896.0), Step("b", -2.0, kind="total")],
        reference=NATION,
        width=width,
    )
    assert "(-900.0~896.0)" in said(drawing)
    assert drawing.levels is not None
    assert min(drawing.levels) > 80
    arrows = [item.shape for item in drawing.items if isinstance(item, Mark)]
    assert arrows == ["circle", "left", "right"]
    assert outside(drawing) == []


def test_an_interval_that_barely_passes_the_reference_does_not_stretch_the_scale() -> None:
    assert numbers_on_the_axis(waterfall(RURAL, reference=NATION)) == [80, 85, 90, 95, 100]
    drawing = waterfall([*RURAL[1:7], Step("a", -2.0, -6, 2)], reference=NATION)
    assert max(numbers_on_the_axis(drawing)) == 100


@any_width
def test_a_row_names_the_reference(width: float) -> None:
    drawing = a_fall(width)
    assert drawing.words[2].text == "일반국민 = 100"
    [dot] = [item for item in drawing.items if isinstance(item, Mark)]
    assert level_at(drawing, dot.x) == pytest.approx(100)
    assert dot.face == REFERENCE


@pytest.mark.parametrize("width", [*WIDTHS, 345.0])
@pytest.mark.parametrize("size", [1e-4, 1.0, 2e5])
@pytest.mark.parametrize("count", [1, 12])
def test_parts_of_any_size_and_number_are_set(count: int, size: float, width: float) -> None:
    parts = [
        Step(f"Factor {row}", (-size) ** (row % 2 + 1), -2 * size, 2 * size) for row in range(count)
    ]
    drawing = waterfall(parts, reference=NATION, unit_label="%", width=width)
    assert collisions(drawing) == []
    assert outside(drawing) == []
    assert len(areas(drawing)) == count


@pytest.mark.parametrize("letters", range(6, 15))
def test_numbers_of_the_scale_do_not_touch_however_narrow_it_is(letters: int) -> None:
    parts = [Step("0" * letters, -150000, -150000, -150000)]
    drawing = waterfall(parts, reference=Line(0.0, "0"), width=345)
    assert collisions(drawing) == []
    assert {-200000, 0} <= set(numbers_on_the_axis(drawing))  # its ends, at least


@any_width
def test_a_very_long_label_is_shown_in_full(width: float) -> None:
    label = "월 가구소득 100만원 미만이며 " * 6 + "기초생활보장수급가구" * 6
    drawing = waterfall([Step(label, -4.4, -5.2, -3.6), *RURAL], reference=NATION, width=width)
    assert unspaced(label) in unspaced(said(drawing)).replace("-4.4(-5.2~-3.6)", "")
    assert collisions(drawing) == []
    assert outside(drawing) == []


def test_a_waterfall_without_any_part_still_stands() -> None:
    assert collisions(waterfall([], reference=NATION)) == []


# -- generated rows ----------------------------------------------------------------------------

points = st.one_of(
    st.floats(-30, 30),
    st.floats(-30, 30),
    st.floats(-0.2, 0.2),
    st.sampled_from((0.0, -0.04, 12345.6, -99999.9)),
    st.just(NAN),
    st.none(),
)
flags: st.SearchStrategy[Flag] = st.sampled_from(("", "", "", *get_args(Flag)))


@st.composite
def intervals(draw: st.DrawFn, value: float | None) -> tuple[float | None, float | None]:
    if value is None or draw(st.integers(0, 3)) == 0:
        return None, None
    spread = draw(st.one_of(st.floats(0, 8), st.sampled_from((0.0, 400.0, NAN))))
    return value - spread, value + spread


@st.composite
def some_steps(draw: st.DrawFn) -> Step:
    value = draw(points)
    low, high = draw(intervals(value))
    kind = draw(st.sampled_from(("factor", "factor", "unexplained", "total")))
    return Step(draw(labels), value, low, high, kind, draw(flags))


@st.composite
def some_waypoints(draw: st.DrawFn) -> Waypoint:
    value = draw(points)
    low, high = draw(intervals(value))
    heading = draw(st.one_of(st.just(""), st.just(""), short_labels))
    return Waypoint(draw(labels), value, low, high, draw(flags), heading)


@given(
    st.lists(some_steps(), max_size=9),
    st.sampled_from((100.0, 0.0, 83.2)),
    labels,
    short_labels,
    st.sampled_from((*WIDTHS, 345.0, 600.0)),
)
@settings(deadline=None, max_examples=examples(40))
def test_no_words_of_a_waterfall_touch_anything(
    steps: Sequence[Step], reference: float, label: str, head: str, width: float
) -> None:
    drawing = waterfall(
        steps,
        reference=Line(reference, label),
        falls_label=label,
        rises_label=head,
        unit_label="(단위: %)",
        value_label=head,
        width=width,
    )
    assert collisions(drawing) == []
    assert outside(drawing) == []
    words = unspaced(said(drawing))
    for step in steps:
        if step.points is not None and np.isfinite(step.points) and step.flag in {"", "caution"}:
            assert signed(step.points) in words


# -- heat tables -------------------------------------------------------------------------------


def cells(drawing: Drawing) -> list[tuple[str, Words, Area]]:
    """Return the cells of a table in which they are drawn: each number on its own ground."""
    items = drawing.items
    return [
        (word.text, word, ground)
        for ground, word in pairwise(items)
        if isinstance(ground, Area) and isinstance(word, Words)
        if word.box.touches(ground.box)
    ]


@any_width
def test_a_heat_table_says_every_number_head_and_row(width: float) -> None:
    drawing = a_heat_table(width)
    found = [text for text, _, _ in cells(drawing)]
    expected = ["+1.0", "+2.3", "+1.0", "-0.4", "+3.9"]
    expected += ["-3.3", "-2.0", "-0.3", "-4.5*", "-10.0"]
    expected += ["x", "-", "…", "…", "+0.7"]
    assert sorted(found) == sorted(expected)
    words = unspaced(said(drawing))
    for label in (*COLUMNS, "서울", "전남", "세종", "기여도(점)", "x 비공개(비밀보호)"):
        assert unspaced(label) in words


def test_a_cell_has_the_tint_of_the_number_it_prints() -> None:
    grounds = [(text, ground.face) for text, _, ground in cells(a_heat_table())]
    assert grounds == [
        ("+1.0", ABOVE[0]),
        ("+2.3", ABOVE[1]),
        ("+1.0", ABOVE[0]),  # 0.96, as printed
        ("-0.4", NEUTRAL),
        ("+3.9", ABOVE[2]),
        ("-3.3", BELOW[2]),
        ("-2.0", BELOW[1]),  # 1.96, as printed
        ("-0.3", PAPER),
        ("-4.5*", BELOW[2]),
        ("-10.0", BELOW[2]),
        *((sign, PAPER) for sign in ("x", "-", "…", "…")),
        ("+0.7", PAPER),
    ]


def test_a_cell_that_is_not_significant_is_grey_without_a_tint() -> None:
    sure, unsure = (
        cells(heat_table([HeatRow("a", (HeatCell(-3.0, is_significant=sure),))], columns=["b"]))
        for sure in (True, False)
    )
    [(_, word, ground)] = sure
    assert (word.colour, ground.face) == (PAPER, BELOW[2])
    [(_, word, ground)] = unsure
    assert (word.colour, ground.face, ground.edge) == (MUTED, PAPER, GRID)


def test_the_bounds_of_the_tints_are_printed() -> None:
    drawing = a_heat_table()
    words = [word.text for word in drawing.words]
    first = words.index("기여도(점)") + 1
    assert words[first : first + 6] == ["-3", "-2", "-1", "+1", "+2", "+3"]
    swatches = [area.face for area in areas(drawing)][15:22]
    assert swatches == [*reversed(BELOW), NEUTRAL, *ABOVE]


@pytest.mark.parametrize(
    ("largest", "bounds"),
    [
        (0.0, ["-0.3", "-0.2", "-0.1", "+0.1", "+0.2", "+0.3"]),
        (0.64, ["-0.6", "-0.4", "-0.2", "+0.2", "+0.4", "+0.6"]),
        (-2.94, ["-1.5", "-1", "-0.5", "+0.5", "+1", "+1.5"]),
        (-2.96, ["-3", "-2", "-1", "+1", "+2", "+3"]),
        (14.9, ["-6", "-4", "-2", "+2", "+4", "+6"]),
        (15.0, ["-15", "-10", "-5", "+5", "+10", "+15"]),
        (450.0, ["-300", "-200", "-100", "+100", "+200", "+300"]),
    ],
)
def test_the_largest_part_is_in_the_last_step_of_round_tints(
    largest: float, bounds: list[str]
) -> None:
    drawing = heat_table(
        [HeatRow("a", (HeatCell(largest), HeatCell(2 * largest)))],
        columns=["b", "sum"],
        has_total=True,
    )
    assert [word.text for word in drawing.words][-6:] == bounds


def test_without_a_significant_part_the_totals_choose_the_tints() -> None:
    row = HeatRow("a", (HeatCell(-0.3, is_significant=False), HeatCell(-3.1)))
    drawing = heat_table([row], columns=["b", "sum"], has_total=True)
    assert [ground.face for _, _, ground in cells(drawing)] == [PAPER, BELOW[2]]


def test_the_total_is_bold_and_set_apart() -> None:
    drawing = a_heat_table()
    numbers = cells(drawing)[:5]
    assert [word.is_bold for _, word, _ in numbers] == [False] * 4 + [True]
    gaps = [right.box.left - left.box.right for (_, _, left), (_, _, right) in pairwise(numbers)]
    assert gaps[:3] == pytest.approx([1.0] * 3)
    assert gaps[3] == pytest.approx(5.0)


def test_numbers_of_a_column_stand_under_each_other_and_stars_beside_them() -> None:
    column = (HeatCell(-10.0), HeatCell(3.2), HeatCell(4.5, flag="caution"))
    rows = [HeatRow(str(cell.points), (cell,)) for cell in column]
    ends = [word.box.right for _, word, _ in cells(heat_table(rows, columns=["b"]))]
    assert ends == pytest.approx([ends[0], ends[0], ends[0] + text_width("*", 8.5)])


@pytest.mark.parametrize("count", range(5, 16))
@any_width
def test_a_star_stays_in_its_cell_however_many_columns_there_are(count: int, width: float) -> None:
    points = [10.0**place for place in range(count % 7)] + [-10.0] * (count - count % 7)
    row = HeatRow("a", tuple(HeatCell(each, flag="caution") for each in points))
    drawing = heat_table([row], columns=["b"] * count, width=width)
    assert len(cells(drawing)) == count
    assert all(word.box.grown(0.5).lies_within(ground.box) for _, word, ground in cells(drawing))
    assert outside(drawing) == []


def test_what_no_cell_shows_is_not_explained() -> None:
    drawing = heat_table(
        REGIONS[:1],
        columns=COLUMNS,
        insignificant_label="insignificant",
        suppressed_label="suppressed",
    )
    assert "insignificant" not in said(drawing)
    assert "suppressed" not in said(drawing)
    assert "insignificant" in said(
        heat_table(REGIONS, columns=COLUMNS, insignificant_label="insignificant")
    )


def test_columns_that_do_not_fit_begin_another_block_under_the_same_labels() -> None:
    rows = [
        HeatRow(f"지역{row}", tuple(HeatCell(row + column / 10) for column in range(10)))
        for row in range(17)
    ]
    heads = [f"요인{column}" for column in range(10)]
    page, phone = (heat_table(rows, columns=heads, width=width) for width in WIDTHS)
    for drawing, blocks in ((page, 1), (phone, 2)):
        words = [word.text for word in drawing.words]
        assert [words.count(row.label) for row in rows] == [blocks] * 17
        assert [words.count(head) for head in heads] == [1] * 10
        assert collisions(drawing, with_lines=False) == []
        assert outside(drawing) == []
    assert len({round(area.box.left) for area in areas(phone)[: 5 * 17]}) == 5
    assert page.height < 350
    assert phone.height < 650


def test_blocks_are_about_equally_wide() -> None:
    row = HeatRow("a", (HeatCell(-1.0),) * 10)
    heads = ["Unexplained"] * 10
    drawing = heat_table([row], columns=heads, width=PHONE_WIDTH)
    tops = [ground.box.top for _, _, ground in cells(drawing)]
    assert [tops.count(top) for top in sorted(set(tops))] == [4, 3, 3]


def test_a_table_without_rows_or_tints_still_stands() -> None:
    assert said(heat_table([], columns=["a", "b"])) == "a b"
    assert svg_of(heat_table([], columns=[]))
    drawing = heat_table([HeatRow("a", (HeatCell(None, flag="suppressed"),))], columns=["b"])
    assert said(drawing) == "b a x"


@given(
    st.integers(1, 13).flatmap(
        lambda count: st.tuples(
            st.lists(short_labels, min_size=count, max_size=count),
            st.lists(
                st.builds(
                    HeatRow,
                    labels,
                    st.tuples(*[st.builds(HeatCell, points, st.booleans(), flags)] * count),
                ),
                max_size=4,
            ),
        )
    ),
    st.booleans(),
    st.one_of(st.just(""), labels),
    st.sampled_from(WIDTHS),
)
@settings(deadline=None, max_examples=examples(40))
def test_no_words_of_a_heat_table_touch_and_every_number_is_in_its_cell(
    drawn: tuple[list[str], list[HeatRow]],
    has_total: bool,
    label: str,
    width: float,
) -> None:
    heads, rows = drawn
    drawing = heat_table(
        rows,
        columns=heads,
        has_total=has_total,
        scale_label=label,
        insignificant_label=label,
        suppressed_label=label,
        width=width,
    )
    assert collisions(drawing, with_lines=False) == []
    assert outside(drawing) == []
    found = cells(drawing)
    assert len(found) == len(heads) * len(rows)
    assert all(word.box.lies_within(ground.box) for _, word, ground in found)
    assert not any(
        one.grown(-0.1).touches(two)
        for one, two in combinations([area.box for area in areas(drawing)], 2)
    )
    for text, word, ground in found:
        assert contrast(word.colour, ground.face) >= 4.5
        number = text.removesuffix("*")
        if ground.face in {*BELOW, *ABOVE}:
            assert number.startswith("-" if ground.face in BELOW else "+")
    shown = sorted(text.removesuffix("*") for text, _, _ in found)
    signs = {"suppressed": "x", "none": "-", "unknown": "…"}
    assert shown == sorted(
        signs.get(cell.flag, "…" if cell.points is None else signed(cell.points))
        for row in rows
        for cell in row.cells
    )


# -- paths -------------------------------------------------------------------------------------


@any_width
def test_a_path_says_every_gap_with_its_interval(width: float) -> None:
    words = said(a_path(width))
    for text in (
        "Raw gap -15.5 (-16.6~-14.3)",
        "+ age, sex -11.1 (-12.2~-10.1)",
        "+ age, sex x",
        "+ education +0.4* (-0.8~1.7)",
        "No gap",
        "(points)",
        "Gap (95% interval)",
    ):
        assert text in words
    assert words.index("Rural residents") < words.index("Raw gap")


@any_width
def test_the_dots_stand_at_their_gaps_with_the_intervals_about_them(width: float) -> None:
    drawing = a_path(width)
    dots = [item for item in drawing.items if isinstance(item, Mark)]
    gaps = [each.points for each in WAY if each.points is not None]
    assert [level_at(drawing, dot.x) for dot in dots] == pytest.approx(gaps)
    assert [dot.face for dot in dots] == [ACCENT] * 5 + [PAPER, ACCENT]
    bounds = [(each.low, each.high) for each in WAY if each.points is not None]
    assert np.array(whiskers(drawing, ACCENT)) == pytest.approx(np.array(bounds, dtype=float))


def test_a_line_joins_the_dots_of_a_group() -> None:
    drawing = a_path()
    joints = [
        (level_at(drawing, start[0]), level_at(drawing, end[0]))
        for stroke in strokes(drawing, LINK)
        for start, end in [stroke.points]
    ]
    gaps = [each.points for each in WAY]
    expected = [*pairwise(gaps[:4]), (0.42, 1.26)]  # neither into another group nor past an x
    assert np.array(joints) == pytest.approx(np.array(expected, dtype=float))


def test_on_a_phone_the_line_runs_down_and_then_aside() -> None:
    drawing = path(WAY[:2], width=PHONE_WIDTH)
    *down, aside = strokes(drawing, LINK)
    assert [level_at(drawing, x) for stroke in down for x, _ in stroke.points] == pytest.approx(
        [-15.45] * 4
    )
    assert [level_at(drawing, x) for x, _ in aside.points] == pytest.approx([-15.45, -11.14])


@any_width
def test_the_line_of_the_reference_crosses_every_row(width: float) -> None:
    drawing = a_path(width)
    lines = strokes(drawing, REFERENCE)
    assert {round(level_at(drawing, x), 9) for line in lines for x, _ in line.points} == {0.0}
    for mark in drawing.items:
        if isinstance(mark, Mark):
            assert any(line.points[0][1] <= mark.y <= line.points[1][1] for line in lines)
    assert strokes(path(WAY, width=width), REFERENCE) == []


def test_a_reference_without_a_label_is_a_line_alone() -> None:
    drawing = path(WAY[:1], reference=Line(0.0, ""))
    [line] = strokes(drawing, REFERENCE)
    assert level_at(drawing, line.points[0][0]) == pytest.approx(0)


def test_a_path_without_any_gap_still_stands() -> None:
    assert svg_of(path([]))
    hidden = path([Waypoint("a", 3.0, flag="suppressed"), Waypoint("b", NAN)])
    assert said(hidden).startswith("a x b …")
    assert collisions(hidden) == []


@given(
    st.lists(some_waypoints(), max_size=8),
    st.one_of(st.none(), st.builds(Line, st.floats(-40, 40), short_labels)),
    short_labels,
    st.sampled_from((*WIDTHS, 345.0, 600.0)),
)
@settings(deadline=None, max_examples=examples(40))
def test_no_words_of_a_path_touch_anything(
    waypoints: Sequence[Waypoint], reference: Line | None, head: str, width: float
) -> None:
    drawing = path(
        waypoints, reference=reference, unit_label="(단위: 점)", value_label=head, width=width
    )
    assert collisions(drawing) == []
    assert outside(drawing) == []
    words = unspaced(said(drawing))
    assert reference is None or unspaced(clean(reference.label)) in words
    for each in waypoints:
        if len(wrapped(clean(each.label), 8.5, 0.2 * min(width, 482.0))) == 1:
            assert unspaced(clean(each.label)) in words
        if each.points is not None and np.isfinite(each.points) and each.flag in {"", "caution"}:
            assert signed(each.points) in words
