import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divide_index.errors import EstimationError
from divide_index.levels import LevelResult, relative_levels
from divide_index.publication.figures import plot
from divide_index.publication.figures.boxes import Box, along
from divide_index.publication.figures.charts import dots, dumbbells, series, tiles
from divide_index.publication.figures.drawing import PAGE_WIDTH, PHONE_WIDTH, Drawing, Words
from divide_index.publication.figures.lettering import clean, text_width, wrapped
from divide_index.publication.figures.marks import Dot, Dumbbell, Flag, Line, Point, Tile
from divide_index.publication.figures.palette import (
    GRID,
    HATCH,
    ON_DARK,
    ON_LIGHT,
    PALETTE,
    PAPER,
    TARGET,
    TILES,
    contrast,
    text_on,
)
from divide_index.publication.figures.scales import round_classes, round_ticks
from divide_index.publication.figures.svg import as_svg
from tests.examples import examples
from tests.samples import ROOT, small_scores

WIDTHS = (PAGE_WIDTH, PHONE_WIDTH)
REFERENCE = Line(100.0, "일반국민 = 100")
GOAL = Line(83.0, "목표 83%(2027년)")

GROUPS = (
    Dot("취약계층 평균", 72.8, 72.1, 73.5),
    Dot("고령층(만 55세 이상)", 71.6, 70.5, 72.8),
    Dot("농어민", 80.6, 78.6, 82.7),
    Dot("농어촌 주민", 89.8, 86.0, 93.6, "caution"),
    Dot("북한이탈주민", None, flag="suppressed"),
    Dot("결혼이민자", None, flag="none"),
    Dot("모름", None, flag="unknown"),
)
YEARS = tuple(
    Point(year, level, breaks=year == 2020)
    for year, level in zip(
        range(2017, 2026), (64.8, 69.8, 70.6, 77.3, 78.1, 78.9, 79.5, 80.0, 80.6), strict=True
    )
)
REGIONS = (
    Tile("서울", 1, 2, 104.2),
    Tile("경기", 1, 3, 99.96),
    Tile("세종", 2, 2, None, "suppressed"),
    Tile("전남", 3, 1, 84.3),
    Tile("제주", 4, 1, 88.1, "caution"),
    Tile("독도", 2, 4, None, "none"),
)


def a_dot_plot(width: float = PAGE_WIDTH) -> Drawing:
    return dots(
        GROUPS,
        reference=REFERENCE,
        target=GOAL,
        unit_label="(단위: %)",
        value_label="수준(95% 신뢰구간)",
        width=width,
    )


def a_dumbbell_plot(width: float = PAGE_WIDTH) -> Drawing:
    return dumbbells(
        [Dumbbell("종합", 80.6, 83.0), Dumbbell("역량", 101.4, 97.0, "caution")],
        start_label="2025년 수준",
        end_label="2027년 목표",
        difference_unit="%p",
        reference=REFERENCE,
        width=width,
    )


def a_tile_map(width: float = PAGE_WIDTH) -> Drawing:
    return tiles(REGIONS, scale_label="수준(%)", suppressed_label="비공개(비밀보호)", width=width)


def a_series(width: float = PAGE_WIDTH) -> Drawing:
    return series(
        [*YEARS, Point(2025, 80.6, 78.6, 82.7, "computed")],
        target=GOAL,
        target_year=2027,
        published_label="공표값",
        computed_label="산출값(95% 신뢰구간)",
        break_label="조사방법 변경",
        unit_label="(단위: %)",
        width=width,
    )


FIGURES = (a_dot_plot, a_dumbbell_plot, a_tile_map, a_series)
any_figure = pytest.mark.parametrize("figure", FIGURES)
any_width = pytest.mark.parametrize("width", WIDTHS)


# -- what a reader of the SVG finds ------------------------------------------------------------


def svg_of(drawing: Drawing) -> str:
    return as_svg(drawing, title="그림", description="설명")


@lru_cache(maxsize=4)
def parsed(drawing: Drawing) -> ET.Element:
    return ET.fromstring(svg_of(drawing))


def tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def texts(root: ET.Element) -> list[tuple[str, Box]]:
    """Return every text of an SVG with the room that its letters are estimated to take."""
    return [
        (
            element.text or "",
            Words(
                float(element.attrib["x"]),
                float(element.attrib["y"]),
                element.text or "",
                element.attrib["fill"],
                float(element.attrib["font-size"]),
                element.attrib.get("text-anchor", "start"),  # type: ignore[arg-type]
                is_bold="font-weight" in element.attrib,
            ).box,
        )
        for element in root
        if tag(element) == "text"
    ]


def said(drawing: Drawing) -> str:
    return " ".join(text for text, _ in texts(parsed(drawing)))


def unspaced(text: str) -> str:
    return "".join(text.split())


def outlines(root: ET.Element) -> Iterator[tuple[ET.Element, list[Box]]]:
    """Yield every path with small boxes that cover its lines, or the whole of what it fills."""
    for element in root:
        if tag(element) == "path":
            numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", element.attrib["d"])]
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
            if element.attrib["fill"] == "none":
                yield element, [box for pair in pairwise(points) for box in along(*pair)]
            else:
                x, y = zip(*points, strict=True)
                yield element, [Box(min(x), min(y), max(x), max(y))]


def collisions(drawing: Drawing, *, with_lines: bool = True) -> list[str]:
    """Return which words touch others, or a line or mark that is not of the background."""
    root = parsed(drawing)
    found = texts(root)
    touching = [f"{a} | {b}" for (a, one), (b, two) in combinations(found, 2) if one.touches(two)]
    if with_lines:
        for element, boxes in outlines(root):
            if not {element.attrib.get("stroke"), element.attrib["fill"]} & {GRID, HATCH}:
                is_ground = element.attrib["fill"] == PAPER and "stroke" not in element.attrib
                touching += [
                    f"{text} | {element.attrib}"
                    for text, box in found
                    for part in boxes
                    if not is_ground and box.touches(part)
                ]
    return touching


def outside(drawing: Drawing) -> list[str]:
    """Return which words and lines leave the drawing."""
    root = parsed(drawing)
    page = Box(-0.6, -0.6, drawing.width + 0.6, drawing.height + 0.6)
    return [
        *(text for text, box in texts(root) if not box.lies_within(page)),
        *(
            element.attrib["d"]
            for element, boxes in outlines(root)
            if not all(box.lies_within(page) for box in boxes)
        ),
    ]


# -- generated rows ----------------------------------------------------------------------------

LETTERS = "가힣수준농어민대상자 abcdefgmW 0123456789 (%)·/~$<&^_\\{}\"'…"
labels = st.text(LETTERS, min_size=1, max_size=60).filter(lambda text: clean(text) != "")
short_labels = st.text(LETTERS, min_size=1, max_size=16)
levels = st.one_of(
    st.floats(0, 180, allow_nan=False), st.sampled_from((0.0, 83.0, 82.9, 100.0, 180.0))
)
flags = st.sampled_from(("", "", "", "caution", "suppressed", "none", "unknown"))


@st.composite
def some_dots(draw: st.DrawFn) -> Dot:
    level = draw(st.one_of(levels, levels, levels, st.none(), st.just(float("nan"))))
    spread = draw(st.one_of(st.floats(0, 20), st.sampled_from((0.0, 400.0))))
    has_bounds = level is not None and draw(st.booleans())
    return Dot(
        draw(labels),
        level,
        level - spread if has_bounds and level is not None else None,
        level + spread if has_bounds and level is not None else None,
        draw(flags),
        draw(st.one_of(st.just(""), st.just(""), short_labels)),
    )


@st.composite
def some_dumbbells(draw: st.DrawFn) -> Dumbbell:
    ends = st.one_of(levels, levels, levels, st.none())
    return Dumbbell(draw(labels), draw(ends), draw(ends), draw(flags))


lines = st.builds(Line, levels, short_labels)


@st.composite
def some_points(draw: st.DrawFn) -> list[Point]:
    years = sorted(draw(st.sets(st.integers(2004, 2026), max_size=16)))
    near = draw(st.floats(30, 110))
    published = [
        Point(
            year,
            draw(st.one_of(st.floats(near, near + 20), levels)),
            breaks=draw(st.integers(0, 5)) == 0,
        )
        for year in years
    ]
    computed = [
        Point(p.year, level, level - spread, level + spread, "computed")
        for p in published
        if draw(st.integers(0, 3)) == 0
        for level, spread in [(draw(levels), draw(st.floats(0, 30)))]
    ]
    return [*published, *computed]


# -- every figure ------------------------------------------------------------------------------


@any_figure
@any_width
def test_the_same_figure_has_the_same_bytes(
    figure: Callable[[float], Drawing], width: float
) -> None:
    assert svg_of(figure(width)) == svg_of(figure(width))


def test_the_bytes_depend_neither_on_the_locale_nor_on_settings_of_the_reader(
    tmp_path: Path,
) -> None:
    settings_of_a_reader = "font.family: fantasy\nfont.size: 30\nlines.linewidth: 9\n"
    settings_of_a_reader += "svg.fonttype: path\ntext.usetex: True\naxes.facecolor: red\n"
    settings_of_a_reader += "lines.scale_dashes: False\npath.sketch: 1, 100, 2\n"
    (tmp_path / "matplotlibrc").write_text(settings_of_a_reader, encoding="utf-8")
    script = (
        "import sys; from tests.test_figures import *; sys.stdout.reconfigure(encoding='utf-8')"
    )
    script += "\nfor figure in FIGURES: print(svg_of(figure()), end='')"
    there = {
        "MPLCONFIGDIR": str(tmp_path),
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Seoul",
    }
    elsewhere = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, **there},
    )
    assert elsewhere.stdout.decode("utf-8") == "".join(svg_of(figure()) for figure in FIGURES)


def test_importing_the_figures_does_not_import_matplotlib() -> None:
    script = (
        "import sys, divide_index.publication.figures.svg; assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


@any_figure
@any_width
def test_a_figure_is_a_bare_document_that_a_strict_page_may_hold(
    figure: Callable[[float], Drawing], width: float
) -> None:
    text = svg_of(figure(width))
    root = ET.fromstring(text)
    assert "DOCTYPE" not in text
    assert not re.search(r"\bstyle\b|\bclass=|url\(|href|<!--", text)
    assert [tag(element) for element in root][:2] == ["title", "desc"]
    assert {tag(element) for element in root} == {"title", "desc", "path", "text"}
    assert not any(len(element) for element in root)
    assert root.attrib["viewBox"].startswith(f"0 0 {root.attrib['width'].removesuffix('pt')} ")
    assert [element for element in root.iter() if "font-family" in element.attrib] == [root]
    assert root.attrib["font-family"].startswith("Report Sans, ")
    assert not re.search(r"\d\.\d{3}", text)


def test_the_title_and_the_description_are_the_figures_name_and_words() -> None:
    root = ET.fromstring(as_svg(a_tile_map(), title="그림 <1>", description="서울 & 경기"))
    assert [root[0].text, root[1].text] == ["그림 <1>", "서울 & 경기"]
    assert root.attrib["aria-labelledby"].split() == [root[0].attrib["id"], root[1].attrib["id"]]


def test_ids_are_unique_among_the_figures_of_a_page() -> None:
    pages = [svg_of(figure(width)) for figure in FIGURES for width in WIDTHS]
    pages.append(as_svg(a_tile_map(), title="그림", description="다른 설명"))
    ids = [name for page in pages for name in re.findall(r'id="([^"]+)"', page)]
    assert len(ids) == len(set(ids))


def test_a_given_prefix_begins_every_id() -> None:
    text = as_svg(a_series(), title="", description="", prefix="fig-2")
    assert re.findall(r'\bid="([^"]+)"', text) == ["fig-2-title", "fig-2-desc"]


@any_figure
@any_width
def test_every_colour_is_of_the_palette(figure: Callable[[float], Drawing], width: float) -> None:
    text = svg_of(figure(width))
    used = set(re.findall(r'(?:fill|stroke)="([^"]+)"', text)) - {"none"}
    assert used <= set(PALETTE.values())


def test_every_colour_of_the_palette_is_its_own() -> None:
    assert len(set(PALETTE.values())) == len(PALETTE)


@any_figure
@any_width
def test_no_words_touch_and_nothing_leaves_the_page(
    figure: Callable[[float], Drawing], width: float
) -> None:
    drawing = figure(width)
    assert collisions(drawing, with_lines=figure is not a_tile_map) == []
    assert outside(drawing) == []


def test_a_label_is_shown_as_it_is_spelled() -> None:
    awkward = 'A & B <c> $x_1$ \\alpha {d} "e" ^f'
    drawing = dots([Dot(awkward, 80.0)])
    assert awkward in said(drawing)


def test_control_characters_of_a_label_are_left_out() -> None:
    drawing = dots([Dot("농\x0b어\u202e민\ufffe\n주민", 80.0)])
    assert "농 어민 주민" in said(drawing)


# -- dots --------------------------------------------------------------------------------------


def test_a_dot_plot_says_every_level_with_its_interval() -> None:
    words = said(a_dot_plot())
    for row in GROUPS:
        assert row.label in words
    assert "80.6 (78.6~82.7)" in words
    assert "89.8* (86.0~93.6)" in words
    for label in ("일반국민 = 100", "목표 83%(2027년)", "(단위: %)", "수준(95% 신뢰구간)"):
        assert label in words


def test_rows_without_a_level_show_their_sign() -> None:
    found = [text for text, _ in texts(parsed(a_dot_plot()))]
    assert [found[found.index(row.label) + 1] for row in GROUPS[-3:]] == ["x", "-", "…"]


def test_headings_begin_blocks() -> None:
    words = said(dots([Dot("남성", 102.1, heading="성별"), Dot("여성", 97.8)]))
    assert words.index("성별") < words.index("남성") < words.index("여성")


def test_a_row_to_be_used_with_caution_is_hollow() -> None:
    full, hollow = (
        [e for e in parsed(dots([Dot("농어민", 80.6, flag=flag)])) if e.get("fill") == PAPER]
        for flag in ("", "caution")
    )
    assert not full
    assert hollow


@pytest.mark.parametrize("flag", ["suppressed", "none", "unknown"])
@any_width
def test_nothing_of_a_level_that_is_not_published_is_drawn(flag: Flag, width: float) -> None:
    hidden, empty = (
        [
            dots([GROUPS[0], Dot("가", level, level, level, flag)], target=GOAL, width=width),
            dumbbells(
                [Dumbbell("나", 80, 90), Dumbbell("가", level, level, flag)],
                start_label="a",
                end_label="b",
                width=width,
            ),
            tiles([REGIONS[0], Tile("가", 1, 1, level, flag)], width=width),
        ]
        for level in (12.3, None)
    )
    assert [svg_of(one) for one in hidden] == [svg_of(one) for one in empty]


def test_an_interval_without_an_end_is_not_drawn() -> None:
    nan = float("nan")
    bare = svg_of(dots([Dot("농어민", 80.6)]))
    assert svg_of(dots([Dot("농어민", 80.6, 78.6, None)])) == bare
    assert svg_of(dots([Dot("농어민", 80.6, nan, nan)])) == bare


def test_an_endless_interval_is_cut_off_and_printed_in_full() -> None:
    drawing = dots([Dot("농어민", 80.6, -900.0, 1060.0), Dot("고령층", 71.6, 70, 73)])
    assert "(-900.0~1060.0)" in said(drawing)
    low, high = drawing.levels or (0.0, 0.0)
    assert low > -200
    assert high < 300
    assert outside(drawing) == []


@any_width
@pytest.mark.parametrize("count", [1, 40])
def test_few_rows_and_many_are_set_alike(count: int, width: float) -> None:
    drawing = dots(
        [Dot(f"지역 {row}", 60.0 + row, 58.0 + row, 62.0 + row) for row in range(count)],
        reference=REFERENCE,
        target=GOAL,
        width=width,
    )
    assert collisions(drawing) == []
    assert drawing.height < 60 + count * (31 if width == PHONE_WIDTH else 16)


def test_a_figure_without_any_level_still_stands() -> None:
    rows = [Dot(f"지역 {row}", None, flag="suppressed") for row in range(3)]
    assert collisions(dots(rows)) == []
    assert said(dots(rows)).count("x") == 3
    assert svg_of(dots([]))


@any_width
def test_a_very_long_label_is_shown_in_full(width: float) -> None:
    label = "월 가구소득 100만원 미만이며 " * 8 + "기초생활보장수급가구" * 9
    drawing = dots([Dot(label, 64.4, 60.2, 68.7), GROUPS[2]], target=GOAL, width=width)
    assert unspaced(label) in unspaced(said(drawing)).replace("64.4(60.2~68.7)", "")
    assert collisions(drawing) == []
    assert outside(drawing) == []


@given(
    st.lists(some_dots(), max_size=6),
    st.one_of(st.none(), lines),
    st.one_of(st.none(), lines),
    st.sampled_from((*WIDTHS, 345.0, 600.0)),
    short_labels,
)
@settings(deadline=None, max_examples=examples(60))
def test_no_words_of_a_dot_plot_touch_anything(
    rows: Sequence[Dot], reference: Line | None, target: Line | None, width: float, head: str
) -> None:
    drawing = dots(
        rows, reference=reference, target=target, unit_label="%", value_label=head, width=width
    )
    assert collisions(drawing) == []
    assert outside(drawing) == []
    words = unspaced(said(drawing))
    for line in (reference, target):
        assert line is None or unspaced(clean(line.label)) in words
    for row in rows:
        if len(wrapped(clean(row.label), 8.5, 0.36 * min(width, 482.0))) == 1:
            assert unspaced(clean(row.label)) in words


@pytest.mark.parametrize("distance", [0.0, 0.3, 1.0, 2.0, 5.0, 17.0])
@any_width
def test_labels_of_lines_that_are_close_do_not_touch(distance: float, width: float) -> None:
    drawing = dots(
        GROUPS,
        reference=REFERENCE,
        target=Line(100 - distance, "목표(2027년까지 모든 계층에서)"),
        width=width,
    )
    assert collisions(drawing) == []


# -- dumbbells ---------------------------------------------------------------------------------


def test_a_dumbbell_plot_says_the_difference_as_it_was_named() -> None:
    words = said(a_dumbbell_plot())
    assert "+2.4%p" in words
    assert "-4.4%p*" in words
    assert "2025년 수준" in words
    assert "2027년 목표" in words


@given(
    st.lists(some_dumbbells(), max_size=5),
    st.one_of(st.none(), lines),
    st.one_of(st.none(), lines),
    st.sampled_from(WIDTHS),
)
@settings(deadline=None, max_examples=examples(40))
def test_no_words_of_a_dumbbell_plot_touch_anything(
    rows: Sequence[Dumbbell], reference: Line | None, target: Line | None, width: float
) -> None:
    drawing = dumbbells(
        rows,
        start_label="Level in 2025",
        end_label="Target for 2027",
        difference_unit="%p",
        reference=reference,
        target=target,
        value_label="Difference",
        width=width,
    )
    assert collisions(drawing) == []
    assert outside(drawing) == []


# -- tiles -------------------------------------------------------------------------------------


def test_every_tile_has_its_region_and_level() -> None:
    words = said(a_tile_map())
    for text in (
        "서울 104.2",
        "경기 100.0",
        "세종 x",
        "제주 88.1*",
        "독도 -",
        "x 비공개(비밀보호)",
    ):
        assert text in words


def test_a_tile_stands_in_the_class_of_the_level_it_prints() -> None:
    just_below, full = (
        {e.get("fill") for e in parsed(tiles([Tile("경기", 1, 1, level), REGIONS[0]]))}
        for level in (99.96, 100.0)
    )
    assert just_below == full
    assert "99.9" not in said(tiles([Tile("경기", 1, 1, 99.96), Tile("서울", 1, 2, 104.2)]))


@pytest.mark.parametrize("ground", TILES)
def test_text_on_a_tile_has_enough_contrast(ground: str) -> None:
    assert contrast(text_on(ground), ground) >= 4.5


def test_the_classes_grow_darker_in_grey() -> None:
    lightness = [contrast(colour, "#000000") for colour in TILES]
    assert all(lighter > 1.25 * darker for lighter, darker in pairwise(lightness))


@given(
    st.lists(st.tuples(short_labels, st.one_of(st.none(), levels), flags), min_size=1, max_size=20),
    st.sampled_from(WIDTHS),
)
@settings(deadline=None, max_examples=examples(40))
def test_no_words_of_a_tile_map_touch_or_lack_contrast(
    drawn: list[tuple[str, float | None, Flag]], width: float
) -> None:
    drawing = tiles(
        [
            Tile(label, 1 + place // 6, 1 + place % 6, level, flag)
            for place, (label, level, flag) in enumerate(drawn)
        ],
        scale_label="Level (%)",
        suppressed_label="Suppressed",
        width=width,
    )
    assert collisions(drawing, with_lines=False) == []
    assert outside(drawing) == []
    root = parsed(drawing)
    ground: list[tuple[Box, str]] = []
    for element in root:
        if tag(element) == "path" and element.attrib["fill"] != "none":
            numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", element.attrib["d"])]
            x, y = numbers[::2], numbers[1::2]
            ground.append((Box(min(x), min(y), max(x), max(y)), element.attrib["fill"]))
        elif element.get("fill") in {ON_LIGHT, ON_DARK}:
            x, y = float(element.attrib["x"]), float(element.attrib["y"])
            under = [fill for box, fill in ground if Box.around(x, y - 2, 0).lies_within(box)]
            assert contrast(under[-1], element.attrib["fill"]) >= 4.5


# -- series ------------------------------------------------------------------------------------


def test_a_series_says_its_levels_years_and_words() -> None:
    words = said(a_series())
    for point in YEARS:
        assert f"{point.level:.1f}" in words
        assert str(point.year) in words
    for text in ("2027", "목표 83%(2027년)", "공표값", "산출값(95% 신뢰구간)", "조사방법 변경"):
        assert text in words


def joints_of(points: Sequence[Point]) -> int:
    return sum(
        element.get("stroke") == PALETTE["accent"] and element.get("fill") == "none"
        for element in parsed(series(points))
    )


def test_the_line_is_interrupted_before_a_break() -> None:
    assert joints_of(YEARS) == 7
    assert joints_of([Point(p.year, p.level) for p in YEARS]) == 8


def test_the_line_does_not_run_through_a_level_of_our_own() -> None:
    without_interval = Point(2026, 81.0, kind="computed")
    assert joints_of([*YEARS, without_interval]) == joints_of(YEARS)


@pytest.mark.parametrize("target", [Line(79.0, "목표 79%"), Line(80.6, "목표 80.6%"), GOAL])
@any_width
def test_the_first_and_last_levels_and_those_beside_a_break_keep_their_numbers(
    target: Line, width: float
) -> None:
    drawing = series(YEARS, target=target, target_year=2027, width=width)
    words = said(drawing).split()
    for level in ("64.8", "70.6", "77.3", "80.6"):
        assert level in words
    assert collisions(drawing) == []


def test_a_year_alone_and_no_year_at_all_are_drawn() -> None:
    for points in ([], [Point(2025, 0.0)], [Point(2025, 180.0, kind="computed")]):
        assert collisions(series(points, target=GOAL, target_year=2027)) == []
        assert collisions(series(points, unit_label="%")) == []


def test_a_target_without_a_year_is_a_line_without_a_diamond() -> None:
    filled = [
        [e for e in parsed(series(YEARS, target=GOAL, target_year=year)) if e.get("fill") == TARGET]
        for year in (None, 2027)
    ]
    assert [sum(tag(e) == "path" for e in found) for found in filled] == [0, 1]


@given(
    some_points(),
    st.one_of(st.none(), st.builds(Line, levels, st.sampled_from(("목표 83%", "a" * 50)))),
    st.one_of(st.none(), st.integers(2020, 2032)),
    st.sampled_from(WIDTHS),
)
@settings(deadline=None, max_examples=examples(80))
def test_no_words_of_a_series_touch_anything(
    points: Sequence[Point], target: Line | None, due: int | None, width: float
) -> None:
    drawing = series(
        points,
        target=target,
        target_year=due,
        published_label="Published",
        computed_label="Computed from the survey",
        break_label="조사방법 변경",
        unit_label="(단위: %)",
        width=width,
    )
    assert collisions(drawing) == []
    assert outside(drawing) == []
    words = unspaced(said(drawing))
    assert target is None or unspaced(target.label) in words
    first = min((point.year for point in points), default=0)
    has_break = any(point.breaks and point.year > first for point in points)
    assert ("조사방법변경" in words) == has_break


# -- the parts ---------------------------------------------------------------------------------


@given(labels, st.floats(20, 300))
def test_no_line_of_a_wrapped_text_is_too_wide_and_no_letter_is_lost(
    text: str, width: float
) -> None:
    found = wrapped(clean(text), 8.5, width)
    assert all(text_width(line, 8.5) <= width + 1e-9 for line in found)
    assert unspaced("".join(found)) == unspaced(text)


def test_a_text_breaks_between_words_wherever_it_can() -> None:
    assert wrapped("농어촌 주민(읍·면)", 10, 62) == ("농어촌 주민", "(읍·면)")


@given(levels, levels, st.integers(1, 9))
def test_ticks_are_round_and_hold_the_range(one: float, other: float, most: int) -> None:
    low, high = sorted((one, other))
    ticks = round_ticks(low, high, most)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= most + 1
    assert len({round(b - a, 9) for a, b in pairwise(ticks)}) == 1


@given(st.lists(levels, min_size=1), st.integers(1, 6))
def test_classes_hold_every_level(given_levels: list[float], most: int) -> None:
    bounds = round_classes(given_levels, most)
    assert 1 <= len(bounds) - 1 <= most
    assert all(bounds[0] <= level < bounds[-1] for level in given_levels)


# -- notebooks ---------------------------------------------------------------------------------


@pytest.fixture
def small_levels() -> Iterator[LevelResult]:
    from matplotlib import pyplot as plt

    plt.switch_backend("Agg")
    yield relative_levels(small_scores(), ["region", "region*area"])
    plt.close("all")


def shown(ax: object) -> list[str]:
    return [text.get_text() for text in ax.texts]  # type: ignore[attr-defined]


def test_a_plot_shows_averages_and_groups_with_the_target(small_levels: LevelResult) -> None:
    ax = plot(small_levels)
    words = shown(ax)
    assert words.index("Average of four groups") < words.index("Urban residents")
    assert words.index("Urban residents") < words.index("Rural residents")
    assert "83 (2027)" in words
    assert "General public = 100" in words
    level = small_levels.level("group", "farmers")
    assert words[words.index("Farmers") + 1] == f"{level:.1f}"
    ax.figure.canvas.draw()


def test_a_plot_speaks_korean(small_levels: LevelResult) -> None:
    words = shown(plot(small_levels, lang="ko", dimension="usage"))
    assert "취약계층 평균" in words
    assert "활용 (95% 신뢰구간)" in words
    assert "83 (2027)" not in words


def test_a_plot_keeps_the_order_of_a_domain(small_levels: LevelResult) -> None:
    words = shown(plot(small_levels, domain="region", target=False))
    assert [word for word in words if word in set("1234")] == ["1", "2", "3", "4"]
    assert "83 (2027)" not in words
    assert "1 · Urban" in shown(plot(small_levels, domain="region*area"))


def test_levels_are_the_coordinates_of_a_plot(small_levels: LevelResult) -> None:
    ax = plot(small_levels)
    ax.figure.canvas.draw()
    dots_drawn = [line for line in ax.lines if line.get_marker() == "o"]
    places = [line.get_transform().transform(line.get_xydata())[0][0] for line in dots_drawn]
    found = [ax.transData.inverted().transform((place, 0))[0] for place in places]
    rows = [
        level
        for cell, name, level in zip(
            small_levels.cells, small_levels.dimensions, small_levels.estimate.values, strict=True
        )
        if cell.domain in {"group", "average"} and name == "overall"
    ]
    assert sorted(found) == pytest.approx(sorted(rows))


def test_a_plot_is_drawn_on_given_axes(small_levels: LevelResult) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3))
    ax = figure.add_subplot(1, 2, 2)
    assert plot(small_levels, ax=ax) is ax
    assert "Farmers" in shown(ax)


@pytest.mark.parametrize("wanted", [{"domain": "income"}, {"dimension": "speed"}])
def test_a_plot_of_rows_that_are_not_there_is_refused(
    small_levels: LevelResult, wanted: dict[str, str]
) -> None:
    with pytest.raises(EstimationError) as caught:
        plot(small_levels, **wanted)  # type: ignore[arg-type]
    assert caught.value.code == "DI-E249"
    assert "region" in caught.value.params["domains"]  # type: ignore[operator]
