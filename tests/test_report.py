"""The report's contents: the numbers of the levels, and nothing of what is not published."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from divide_index import history
from divide_index.cells import Cell
from divide_index.errors import PublicationError
from divide_index.levels import LevelResult, nonresponse_band, relative_levels
from divide_index.messages import Language
from divide_index.publication.formatting import interval, rounded
from divide_index.publication.published import Published
from divide_index.publication.report import Report, domains_of_report, table_as_csv
from divide_index.publication.report.blocks import Bullets, Chapter, Document, Paragraph, TableBlock
from divide_index.publication.report.chapters.target import PublishedSeries, published_series
from divide_index.publication.report.columns import column_widths
from divide_index.publication.report.material import Material, inside
from divide_index.publication.sentences import Break
from divide_index.schema import OVERALL, SurveySchema, load_schema
from divide_index.scoring import score
from divide_index.simulate import simulate_survey
from divide_index.survey import read_survey

LANGUAGES: tuple[Language, ...] = ("ko", "en")
POISON = 777_000.0  # a level nobody has, and nobody may see


@cache
def levels(n: int = 1200, domains: tuple[str, ...] = ("province", "education")) -> LevelResult:
    """Return the levels of a simulated survey, so small that cells must be suppressed."""
    schema = load_schema("example")
    survey = read_survey(simulate_survey("example", seed=2, n=n), schema)
    return relative_levels(score(survey), domains_of_report(schema, domains))


@cache
def report(lang: Language = "ko") -> Report:
    result = levels()
    return Report(result, lang, nonresponse_band(result))


def with_schema(result: LevelResult, **changes: object) -> LevelResult:
    """Return levels whose schema says something else."""
    scores = result.scores
    schema = scores.survey.schema.model_copy(update=changes)
    return replace(result, scores=replace(scores, survey=replace(scores.survey, schema=schema)))


def words_of(document: Document) -> Iterator[str]:
    """Yield every text of a report, figures and all."""
    for chapter in document.chapters:
        yield chapter.title
        for block in chapter.blocks:
            match block:
                case TableBlock():
                    yield from (block.title, block.unit, *block.notes, block.source)
                    yield from (column.label for column in block.columns)
                    yield from (cell for row in block.rows for cell in row.cells)
                case Paragraph():
                    yield from (block.text, block.footnote)
                case Bullets():
                    yield from block.items
                case _:
                    yield str(block)


def chapter_of(document: Document, key: str) -> Chapter:
    return next(chapter for chapter in document.chapters if chapter.key == key)


# -- nothing of what is not published --------------------------------------------------------


def test_a_suppressed_number_is_nowhere_in_a_report() -> None:
    """Give every suppressed row a number of its own, and look for it everywhere."""
    given = report("en")
    suppression = given.suppression
    assert suppression is not None
    hidden = [cell in suppression.suppressed for cell in given.levels.cells]
    assert sum(hidden) > 8
    places = np.flatnonzero(hidden)
    poison = POISON + np.arange(len(hidden))
    estimate = given.levels.estimate
    values = np.where(hidden, poison, estimate.values)
    poisoned = replace(
        given.levels,
        estimate=replace(estimate, values=values),
        n=np.where(hidden, poison, given.levels.n).astype(np.intp),
        psus=np.where(hidden, poison, given.levels.psus).astype(np.intp),
        conf_low=np.where(hidden, poison, given.levels.conf_low),
        conf_high=np.where(hidden, poison, given.levels.conf_high),
        design_effects=np.where(hidden, poison, given.levels.design_effects),
        target_gap=np.where(hidden, poison, given.levels.target_gap),
    )
    leaking = Report(poisoned, "en", given.band)
    leaking.__dict__["suppression"] = suppression  # what was decided of the true numbers
    attached = [a.content.decode() for a in leaking.attachments()]
    text = "".join([leaking.to_html(), *words_of(leaking.document), *attached])
    assert len(places) > 0
    poisoned_number = re.compile(r"(?<![\d.])777,?0\d\d")
    assert not poisoned_number.findall(text)
    open_report = Report(poisoned, "en", None, "off")
    assert poisoned_number.findall(open_report.to_html())  # the search would have found it


def test_a_cell_that_is_not_published_has_no_numbers() -> None:
    given = report()
    published = Published(given.levels, given.suppression)
    assert given.suppression is not None
    for cell in given.suppression.suppressed:
        for name in (*published.schema.dimensions, OVERALL):
            figures = published.figures(cell, name)
            assert (figures.flag, figures.n, figures.df) == ("suppressed", None, None)
            assert np.isnan([figures.level, figures.std_error, figures.low, figures.high]).all()
            points, margin = published.difference(cell, published.reference, name)
            assert np.isnan(points)
            assert margin is None


def test_without_disclosure_control_every_page_is_marked() -> None:
    document = Report(levels(), "en", None, "off").document
    assert any("INTERNAL" in mark for mark in document.cover.marks)
    assert not any("INTERNAL" in mark for mark in report("en").document.cover.marks)


# -- the numbers of the levels ---------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_of_groups_prints_the_levels(lang: Language) -> None:
    given = report(lang)
    table = chapter_of(given.document, "levels").blocks
    [overall, dimensions, *_] = [block for block in table if isinstance(block, TableBlock)]
    result = given.levels
    cells = [
        Cell("total", "total"),
        *(c for c in dict.fromkeys(result.cells) if c.domain in {"average", "group"}),
    ]
    assert len(overall.rows) == len(dimensions.rows) == len(cells)
    for cell, row, parts in zip(cells, overall.rows, dimensions.rows, strict=True):
        place = result.row(cell.domain, cell.category)
        assert row.cells[1].rstrip("*") == rounded(result.estimate.values[place])
        assert row.cells[-1] == parts.cells[-1] == f"{result.n[place]:,}"
        if cell.domain != "total":
            bounds = interval(result.conf_low[place], result.conf_high[place])
            assert row.cells[2] == bounds
            assert row.cells[3] == rounded(result.std_errors[place])
        for name, printed in zip(
            (OVERALL, "access", "capability", "usage"), parts.cells[1:-1], strict=True
        ):
            level = result.level(cell.domain, cell.category, name)
            assert printed.rstrip("*") == rounded(level)


def test_verdicts_are_those_of_the_intervals() -> None:
    given = report("en")
    published = Published(given.levels, given.suppression)
    [table] = [t for t in given.document.tables if t.key == "table-2-1"]
    cells = published.of_domain("education")
    rows = [row for row in table.rows if not row.is_heading]
    assert len(rows) == len(cells)
    for cell, row in zip(cells, rows, strict=True):
        place = given.levels.row(cell.domain, cell.category)
        low, high = given.levels.conf_low[place], given.levels.conf_high[place]
        expected = "lower" if high < 100 else "higher" if low > 100 else "not significant"
        if not published.figures(cell).is_shown:
            expected = "x"
        assert row.cells[-2] == expected


def test_the_gap_of_a_group_is_the_sum_of_its_parts() -> None:
    text = " ".join(words_of(report("ko").document))
    found = re.findall(r"격차 ([\d.]+)%p 가운데 ([^.]*(?:\.\d[^.]*)*)차지한다", text)
    assert found
    for gap, parts in found:
        points = [float(each) for each in re.findall(r"([\d.]+)%p를", parts)]
        assert sum(points) == pytest.approx(float(gap), abs=0.151)  # each is rounded


def test_one_dimension_alone_would_reach_the_target() -> None:
    """0.2 × 0.4 × 0.4 of the levels: putting in the needed level gives the target."""
    given = report("ko")
    [table] = [t for t in given.document.tables if "한 부문만 높여" in t.title]
    weights = {"접근": 0.2, "역량": 0.4, "활용": 0.4}
    now = {row.cells[0]: float(row.cells[2]) for row in table.rows}
    for row in table.rows:
        raised = {**now, row.cells[0]: float(row.cells[3])}
        reached = sum(weights[name] * level for name, level in raised.items())
        assert reached == pytest.approx(83, abs=0.11)


# -- words -----------------------------------------------------------------------------------

BANNED = (
    *("통계적으로 증명", "오차범위 내에서 앞섬", "급등", "급락", "크게", "때문에", "덕분에"),
    *("달성 확실", "차별", "세계 최고", "은(는)", "이(가)", "을(를)", "와(과)", "(으)로", "△", "▲"),
    *("국민 평균", "전국 평균", "정보화지수", "하위지표", "억압", "분해", "외로운"),
)


def test_no_word_is_banned() -> None:
    text = "\n".join(words_of(report("ko").document))
    assert [word for word in BANNED if word in text] == []


def test_an_english_report_has_no_hangul_of_ours() -> None:
    document = report("en").document
    ours = [word for word in words_of(document) if re.search("[가-힣]", word)]
    metadata = load_schema("example").survey.source or ""
    target = load_schema("example").target
    assert target is not None
    theirs = {metadata, target.source or "", *target.alternatives}
    foreign = [
        w for w in ours if not any(part in w for part in theirs if re.search("[가-힣]", part))
    ]
    assert foreign == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reference_leads_to_a_table_or_figure(lang: Language) -> None:
    document = report(lang).document
    keys = [block.key for block in (*document.tables, *document.figures)]
    assert len(set(keys)) == len(keys)
    for chapter in document.chapters:
        for block in chapter.blocks:
            if isinstance(block, Paragraph):
                assert {reference.key for reference in block.references} <= {*keys}


def test_tables_and_figures_are_numbered_in_order() -> None:
    for part in (report().document.tables, report().document.figures):
        numbers = [re.fullmatch(r"(\d+)-(\d+)", block.number) for block in part]
        pairs = [(int(m[1]), int(m[2])) for m in numbers if m is not None]
        assert pairs == sorted(pairs)
        assert all(b[1] == a[1] + 1 for a, b in pairwise(pairs) if a[0] == b[0])


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Farmers and fishers", "farmers and fishers"),
        ("General public", "general public"),
        ("PC skills", "PC skills"),
        ("North Korean defectors", "North Korean defectors"),
        ("X", "x"),
        ("", ""),
    ],
)
def test_a_label_inside_a_sentence_loses_its_capital_unless_it_is_a_name(
    label: str, expected: str
) -> None:
    assert inside(label, "en") == expected
    assert inside(label, "ko") == label


# -- surveys of other shapes -----------------------------------------------------------------


def test_a_survey_without_target_groups_or_regions_has_a_report() -> None:
    schema = load_schema("example")
    variables = {
        **schema.variables,
        "province": schema.variables["province"].model_copy(update={"tiles": {}}),
    }
    bare = schema.model_copy(
        update={"target": None, "groups": {}, "averages": {}, "variables": variables}
    )
    survey = read_survey(simulate_survey("example", seed=2, n=1200), bare)
    for domains in ((), ("sex",)):
        by = domains_of_report(bare, domains) if domains else []
        result = relative_levels(score(survey), by)
        for lang in LANGUAGES:
            document = Report(result, lang, nonresponse_band(result)).document
            keys = [chapter.key for chapter in document.chapters]
            assert keys[:3] == ["summary", "readers", "levels"]
            assert "target" not in keys
            assert "groups" not in keys
            assert "regions" not in keys


def test_regions_whose_names_are_not_known_make_no_map() -> None:
    result = levels()
    schema = result.scores.survey.schema
    bare = schema.variables["province"].model_copy(
        update={"tiles": {}, "codes": dict.fromkeys(schema.variables["province"].codes)}
    )
    document = Report(
        with_schema(result, variables={**schema.variables, "province": bare}), "ko"
    ).document
    assert "regions" not in [chapter.key for chapter in document.chapters]
    assert not any("배치도" in figure.title for figure in document.figures)


def test_a_schema_without_a_year_makes_no_report() -> None:
    result = levels()
    metadata = result.scores.survey.schema.survey.model_copy(update={"year": None})
    with pytest.raises(PublicationError, match="DI-E251"):
        _ = Report(with_schema(result, survey=metadata), "ko").document


def test_a_label_that_nobody_can_read_aloud_makes_no_korean_report() -> None:
    result = levels()
    schema = result.scores.survey.schema
    label = schema.groups["farmers"].label.model_copy(update={"ko": "Xyzzyq"})
    groups = {
        **schema.groups,
        "farmers": schema.groups["farmers"].model_copy(update={"label": label}),
    }
    changed = with_schema(result, groups=groups)
    with pytest.raises(PublicationError, match="DI-E252"):
        _ = Report(changed, "ko").document
    assert Report(changed, "en").document.chapters


# -- what was published before ---------------------------------------------------------------


def test_the_recent_pace_is_that_of_the_published_values() -> None:
    """농어민 2022–2025: (80.6 − 78.9) / 3; none across the break of 2020."""
    material = Material(Published(levels(), None), None, "ko")
    past = published_series(material, Cell("group", "farmers"), OVERALL)
    assert past is not None
    pace = past.pace(2025, 3)
    assert pace is not None
    assert pace.points == pytest.approx((80.6 - 78.9) / 3)
    assert past.pace(2021, 3) is None  # 2018 to 2021 lies across the break
    assert past.pace(2019, 5) is None  # 2014 rests on another basis
    assert min(past.levels) == history.identity_check().first_comparable_year == 2017


def test_a_pace_from_the_year_of_a_break_on_is_given() -> None:
    series = PublishedSeries({2020: 77.3, 2025: 80.6}, (Break(2020, "unexplained"),))
    pace = series.pace(2025, 5)
    assert pace is not None
    assert pace.points == pytest.approx(0.66)


def test_a_series_that_is_not_packaged_is_an_error() -> None:
    result = levels()
    schema = result.scores.survey.schema
    farmers = schema.groups["farmers"].model_copy(update={"published": "farmer"})
    changed = with_schema(result, groups={**schema.groups, "farmers": farmers})
    with pytest.raises(PublicationError, match="farmers_fishers"):
        _ = Report(changed, "ko").document


def test_breaks_name_groups_of_the_published_levels() -> None:
    breaks = history.series_breaks()
    known = {"all", *history.published_levels()["group"]}
    assert set(breaks["group"]) <= known
    assert set(breaks["kind"]) <= {"method", "unexplained"}


def test_simulated_records_are_compared_with_no_published_year() -> None:
    text = " ".join(words_of(report("ko").document))
    assert "전년" not in text
    assert "공표값과의 대조" not in text


def test_a_true_survey_is_held_against_the_published_values() -> None:
    result = levels()
    survey = replace(result.scores.survey, is_synthetic=False)
    true = replace(result, scores=replace(result.scores, survey=survey))
    document = Report(true, "ko").document
    [table] = [t for t in document.tables if "공표값과 계산값" in t.title]
    row = next(r for r in table.rows if r.cells[:2] == ("농어민", "종합"))
    assert row.cells[3] == "80.6"  # published for 2025
    level = result.level("group", "farmers")
    assert row.cells[4].lstrip("+") == rounded(level - 80.6)
    assert any("전년(80.0%)" in words for words in words_of(document))


# -- tables ----------------------------------------------------------------------------------


def test_an_attached_table_is_the_printed_one() -> None:
    for table in report().document.tables:
        [head, *rows] = csv.reader(io.StringIO(table_as_csv(table)))
        assert head == [column.label for column in table.columns]
        for printed, row in zip(table.rows, rows, strict=True):
            blank = [""] * (len(head) - len(printed.cells))
            plain = [cell.removeprefix("'") for cell in row]
            assert plain == [*printed.cells, *blank]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_columns_of_a_table_fill_it(lang: Language) -> None:
    for table in report(lang).document.tables:
        assert sum(column.width for column in table.columns) == pytest.approx(1)
        assert min(column.width for column in table.columns) > 0.04


def test_a_column_of_numbers_has_room_for_the_longest() -> None:
    from divide_index.publication.report.blocks import Row

    heads = [("A", "label"), ("B", "number"), ("C", "text")]
    rows = [Row(("a label of many words that may break " * 3, "123,456,789", "short"))]
    label, number, words = column_widths(heads, rows)  # pyright: ignore[reportArgumentType]
    assert number * 56 > 0.57 * len("123,456,789")
    assert label > number > 0
    assert words > 0


def test_domains_of_a_report_are_the_schema_s_and_cut_its_groups_too() -> None:
    schema: SurveySchema = load_schema("example")
    assert domains_of_report(schema, ["sex"]) == ["sex", "group*sex"]
    assert set(schema.domains) < set(domains_of_report(schema))
    assert domains_of_report(schema.model_copy(update={"groups": {}}), ["sex"]) == ["sex"]
