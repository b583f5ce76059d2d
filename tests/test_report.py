"""The report's contents: the numbers of the levels, and nothing of what is not published."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from divide_index import history
from divide_index.cells import Cell
from divide_index.errors import Finding, PublicationError
from divide_index.levels import LevelResult, nonresponse_band, relative_levels
from divide_index.messages import Language
from divide_index.publication.disclosure import protect
from divide_index.publication.formatting import interval, rounded, signed
from divide_index.publication.labels import inside
from divide_index.publication.published import Published
from divide_index.publication.report import Report, domains_of_report, table_as_csv
from divide_index.publication.report.blocks import (
    Bullets,
    Chapter,
    Column,
    Document,
    FigureBlock,
    Paragraph,
    Row,
    TableBlock,
)
from divide_index.publication.report.columns import column_widths
from divide_index.publication.report.joint import protect_together
from divide_index.publication.report.material import Material
from divide_index.publication.report.pages import page_of
from divide_index.publication.report.series import PublishedSeries, published_series
from divide_index.publication.sentences import Break
from divide_index.schema import OVERALL, SurveySchema, load_schema
from divide_index.scoring import score
from divide_index.simulate import simulate_survey
from divide_index.survey import read_survey
from divide_index.target import distance_to_target, plan_goals
from divide_index.target.verdicts import published_verdict, sampled_verdict

LANGUAGES: tuple[Language, ...] = ("ko", "en")
pytestmark = pytest.mark.once  # words and layout of our own

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
        estimate=replace(estimate, values=values, covariance=np.diag(values**2)),
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
    poisoned_number = re.compile(r"(?<![\d.])77[67],?[09]\d\d")
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
            assert (figures.flag, figures.n) == ("suppressed", None)
            numbers = (figures.level, figures.std_error, figures.low, figures.high, figures.df)
            assert np.isnan(numbers).all()
            points, margin = published.difference(cell, published.reference, name)
            assert np.isnan(points)
            assert margin is None


def test_without_disclosure_control_every_page_is_marked() -> None:
    document = Report(levels(), "en", None, "off").document
    assert any("INTERNAL" in mark for mark in document.cover.marks)
    assert not any("INTERNAL" in mark for mark in report("en").document.cover.marks)


@cache
def few_in_the_capital() -> LevelResult:
    """Return levels by province of a survey with seven farmers in Seoul."""
    frame = simulate_survey("example", seed=1, n=2500)
    seoul = frame.index[(frame["sample"] == "farmers") & (frame["province"] == 1)]
    frame.loc[seoul[7:], "province"] = 9
    schema = load_schema("example")
    return relative_levels(
        score(read_survey(frame, schema)), domains_of_report(schema, ["province"])
    )


def farmers_in(province: int) -> Cell:
    codes = (("group", "farmers"), ("province", str(province)))
    return Cell("group*province", f"farmers*{province}", codes)


def test_a_definition_of_the_target_gives_no_suppressed_province_back() -> None:
    """All farmers less those outside the capital region and in Gyeonggi are the seven in Seoul."""
    result = few_in_the_capital()
    n = {cell: int(result.n[result.row(cell.domain, cell.category)]) for cell in result.cells}
    seoul, gyeonggi, incheon = map(farmers_in, (1, 9, 4))
    far = distance_to_target(result.scores).row("outside_capital").n
    assert n[incheon] == 0
    assert n[Cell("group", "farmers")] - far - n[gyeonggi] == n[seoul] == 7
    assert protect(result).suppressed & {seoul, gyeonggi} == {seoul}  # by themselves
    given = Report(result, "ko")
    assert given.suppression is not None
    assert given.suppression.suppressed >= {seoul, gyeonggi}
    [table] = [t for t in given.document.tables if t.title.startswith("정의와 지표별")]
    printed = [row.cells[-1] for row in table.rows if not row.is_heading]
    assert f"{far:,}" in printed


def test_levels_are_suppressed_as_without_a_target_where_its_definitions_tell_nothing() -> None:
    given, alone = report().suppression, protect(levels(), band=report().band)
    assert given is not None
    assert given.summary() == alone.summary()
    assert (given.suppressed, given.cells) == (alone.suppressed, alone.cells)


def test_a_hidden_definition_is_nowhere_in_a_report() -> None:
    result, target = levels(), distance_to_target(levels().scores)
    given = Report(result, "en", target=target)
    assert given.suppression is not None
    far = Cell("group", "outside_capital")
    joint = protect_together(result, target)
    hiding = replace(joint.target, primary={**joint.target.primary, far: ("threshold",)})
    rows = tuple(
        replace(row, level=777.7, n=7_777_777, gap=777.7, conf_low=777.7, conf_high=777.7)
        if row.definition == far.category
        else row
        for row in target.rows
    )
    told: list[str] = []
    for suppression in (hiding, joint.target):
        made = Report(result, "en", target=replace(target, rows=rows))
        made.__dict__["_joint"] = replace(joint, target=suppression)
        words = "\n".join(words_of(made.document))
        attached = [each.content.decode() for each in made.attachments()]
        told.append(words + "".join(attached))
        [table] = [t for t in made.document.tables if "by definition and measure" in t.title]
        hidden = [set(row.cells[1:]) for row in table.rows if len(row.cells) > 1][-2:]
        assert (hidden == [{"x"}, {"x"}]) == (suppression is hiding)
    assert [("777.7" in words, "7,777,777" in words) for words in told] == [
        (False, False),
        (True, True),
    ]


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


def alone(given: Report) -> TableBlock:
    [table] = [t for t in given.document.tables if "한 부문만 높여" in t.title]
    return table


def test_one_dimension_alone_would_reach_the_target() -> None:
    """0.2 × 0.4 × 0.4 of the levels: putting in the needed level gives the target."""
    table = alone(report("ko"))
    weights = {"접근": 0.2, "역량": 0.4, "활용": 0.4}
    now = {row.cells[0]: float(row.cells[2]) for row in table.rows}
    attainable = [row for row in table.rows if row.cells[3] != "-"]
    assert attainable
    for row in attainable:
        raised = {**now, row.cells[0]: float(row.cells[3])}
        reached = sum(weights[name] * level for name, level in raised.items())
        assert reached == pytest.approx(83, abs=0.11)


def test_one_dimension_alone_would_reach_the_target_by_the_other_formula_too() -> None:
    """Of composites every level counts by its weight times the reference's mean score."""
    result = relative_levels(levels().scores, ["sex"], formula="ratio_of_composites")
    table = alone(Report(result, "ko", None, "off"))
    shares = np.array([0.2, 0.4, 0.4]) * [*result.reference_means.values()]
    now = [float(row.cells[2]) for row in table.rows]
    needed = [row.cells[3] for row in table.rows]
    assert any(each != "-" for each in needed)
    for place, each in enumerate(needed):
        if each != "-":
            raised = [*now[:place], float(each), *now[place + 1 :]]
            assert np.average(raised, weights=shares) == pytest.approx(83, abs=0.11)


def test_a_level_above_full_scores_is_not_asked_for() -> None:
    """With everybody at 100 of 100, access would stand at 10,000 over the reference's mean."""
    given = report("ko")
    ceiling = 10_000 / given.levels.reference_means["access"]
    [access, *_] = alone(given).rows
    gap = 83 - given.levels.level("group", "farmers")
    assert given.levels.level("group", "farmers", "access") + gap / 0.2 > ceiling
    assert access.cells[3:] == ("-", "-")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_definition_and_measure_of_the_target_is_checked(lang: Language) -> None:
    given = report(lang)
    target = distance_to_target(given.levels.scores)
    title = {"ko": "정의와 지표별로", "en": "by definition and measure"}[lang]
    [table] = [t for t in given.document.tables if title in t.title]
    rows = [row.cells for row in table.rows if not row.is_heading]
    headings = [row.cells[0] for row in table.rows if row.is_heading]
    labels = [row.label.of(lang) for row in target.rows if row.dimension == OVERALL]
    assert headings == labels
    assert len(rows) == len(target.rows) == 6
    verdicts = {
        "ko": {"missed": "미달", "reached": "도달", "edge": "판단 유보"},
        "en": {"missed": "not reached", "reached": "reached", "edge": "cannot tell"},
    }[lang]
    for cells, row in zip(rows, target.rows, strict=True):
        assert cells[1].rstrip("*") == rounded(row.level)
        assert cells[2] == interval(row.conf_low, row.conf_high)
        assert cells[3] == signed(row.level - 83)
        assert cells[4:6] == (verdicts[row.published], verdicts[row.sampled])
        assert cells[7] == f"{row.n:,}"
    own = next(t for t in given.document.tables if t.number.endswith("-2") and "83%" in t.title)
    values = [row.cells[1] for row in own.rows]
    assert f"{rounded(target.row().certain_level)}%" in values


def test_what_is_measured_is_told_apart_from_the_plan_s_wording() -> None:
    words = "\n".join(words_of(report("ko").document))
    assert "이 점검의 대상은 ‘농어민’이며, 정책목표의 대상이 이와 같은지는 확인되지 않았다" in words
    share = distance_to_target(levels().scores).row("rural_residents").target_among_others
    assert f"이들을 뺀 나머지를 100으로 하면 {rounded(share)}%에 해당한다" in words


def test_the_plan_s_other_goals_stand_in_the_report_when_asked(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(
        'values: {digital_soc: [{year: 2025, value: 120, source: "Ministry, 2026-02-10"}]}',
        encoding="utf-8",
    )
    asked = Report(levels(), "ko", goals=plan_goals(values)).document
    table = next(t for t in asked.tables if "정량목표" in t.title)
    assert table.number.endswith("-4")
    [soc] = [row.cells for row in table.rows if "SOC" in row.cells[0]]
    assert soc[3:5] == ("≥300", "120 (2025)")
    assert "+90.00" in soc[5]  # (300 - 120) / 2
    assert any("Ministry, 2026-02-10" in note for note in table.notes)
    assert not any("정량목표" in t.title for t in report("ko").document.tables)


def test_levers_that_a_group_of_the_reference_pulls_raise_the_reference_too() -> None:
    """Older adults are part of the reference: full access of theirs raises everybody's mean."""
    result = levels()
    target = result.scores.survey.schema.target
    assert target is not None
    other = target.model_copy(update={"group": "older", "definitions": {}, "level": 75.5})
    table = alone(Report(with_schema(result, target=other), "ko", None, "off"))
    [access] = [row.cells for row in table.rows if row.cells[0] == "접근"]
    level = result.level("group", "older", "access")
    needed = level + (75.5 - result.level("group", "older")) / 0.2
    held = 10_000 / result.reference_means["access"]
    [found] = [
        each
        for each in distance_to_target(with_schema(result, target=other).scores).alone
        if each.dimension == "access"
    ]
    assert found.highest < held  # 100 by itself is relative to a mean that has risen
    assert access[3] == ("-" if needed > found.highest else rounded(needed))


@pytest.mark.parametrize(
    ("options", "code"), [({"confidence": 0.9}, "DI-E259"), ({"year": 2024}, "DI-E259"), ({}, "")]
)
def test_a_target_of_other_options_makes_no_report(options: dict[str, Any], code: str) -> None:
    target = distance_to_target(levels().scores, **options)
    if not code:
        assert Report(levels(), "ko", target=target).document
        return
    with pytest.raises(PublicationError, match=code):
        Report(levels(), "ko", target=target)


def test_a_target_of_other_records_makes_no_report() -> None:
    other = distance_to_target(levels(n=1300).scores)
    with pytest.raises(PublicationError, match="DI-E248"):
        Report(levels(), "ko", target=other)


# -- words -----------------------------------------------------------------------------------

BANNED = (
    *("통계적으로 증명", "오차범위 내에서 앞섬", "급등", "급락", "크게", "때문에", "덕분에"),
    *("달성 확실", "차별", "세계 최고", "△", "▲"),
    *("국민 평균", "전국 평균", "정보화지수", "하위지표", "억압", "분해", "외로운"),
)


def test_no_word_is_banned() -> None:
    text = "\n".join(words_of(report("ko").document))
    assert [word for word in BANNED if word in text] == []
    assert not re.search(r"[은이을와](?=\()\((?:는|가|를|과)\)", text)


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
    # This year's level is not the published one: no change on last year's is told.
    assert not any("전년" in words for words in words_of(document))


def with_level(result: LevelResult, row: tuple[str, str, str], level: float) -> LevelResult:
    """Return levels of which one is another, its interval moved along."""
    place = result.row(*row)
    values, low, high = (
        each.copy() for each in (result.estimate.values, result.conf_low, result.conf_high)
    )
    for each in (low, high):
        each[place] += level - values[place]
    values[place] = level
    return replace(
        result, estimate=replace(result.estimate, values=values), conf_low=low, conf_high=high
    )


def true_survey(result: LevelResult) -> LevelResult:
    survey = replace(result.scores.survey, is_synthetic=False)
    return replace(result, scores=replace(result.scores, survey=survey))


def with_target(result: LevelResult) -> Report:
    """Return a report of levels of which that of farmers is another, its target moved along."""
    target = distance_to_target(result.scores)
    place, row = result.row("group", "farmers"), target.levels.row("group", "farmers")
    level, low, high = (
        float(each[place]) for each in (result.estimate.values, result.conf_low, result.conf_high)
    )
    whole = target.levels
    values, lows, highs = (
        each.copy() for each in (whole.estimate.values, whole.conf_low, whole.conf_high)
    )
    values[row], lows[row], highs[row] = level, low, high
    published = published_verdict(level, target.target.level)
    own = replace(
        target.rows[0],
        level=level,
        conf_low=low,
        conf_high=high,
        gap=level - target.target.level,
        published=published,
        sampled=sampled_verdict(level, None, target.target.level, bounds=(low, high)),
    )
    moved = replace(
        target,
        rows=(own, *target.rows[1:]),
        alone=target.alone if published == "missed" else (),
        levels=replace(
            whole,
            estimate=replace(whole.estimate, values=values),
            conf_low=lows,
            conf_high=highs,
        ),
    )
    return Report(result, "ko", None, "off", target=moved)


def test_a_level_as_published_is_compared_with_last_year() -> None:
    result = with_level(true_survey(levels()), ("group", "farmers", OVERALL), 80.62)
    words = "\n".join(words_of(with_target(result).document))
    assert "전년(80.0%)보다 0.6%p 높다" in words
    assert "유의성은 판단하지 않았다" in words
    assert "공표값의 최근 3년 연평균(0.6%p)" in words


# -- levels of other kinds -------------------------------------------------------------------


def test_levels_under_a_condition_make_no_report() -> None:
    result = relative_levels(levels().scores, where="sex == 1")
    with pytest.raises(PublicationError, match="DI-E253"):
        _ = Report(result, "ko").document


def test_levels_of_another_formula_are_compared_with_no_published_ones() -> None:
    scores = true_survey(levels()).scores
    result = relative_levels(scores, ["sex"], formula="ratio_of_composites")
    words = "\n".join(words_of(Report(result, "ko", None, "off").document))
    for told in ("공표값의", "전년", "공표값과 계산값"):
        assert told not in words
    assert "종합 원점수의 비율" in words


def test_a_target_of_a_dimension_is_checked_in_it() -> None:
    result = levels()
    schema = result.scores.survey.schema
    assert schema.target is not None
    target = schema.target.model_copy(update={"dimension": "usage"})
    document = Report(with_schema(result, target=target), "ko", None, "off").document
    level = rounded(result.level("group", "farmers", "usage"))
    words = "\n".join(words_of(document))
    assert f"활용 수준은 일반국민을 100으로 할 때 {level}%로" in words
    [series] = [f for f in chapter_of(document, "target").blocks if isinstance(f, FigureBlock)]
    assert "활용 수준의 추이" in series.title
    overall = [f for f in document.figures if f.title.startswith("계층별 종합 수준")]
    assert overall
    assert not any("2027년 목표" in figure.alt for figure in overall)
    assert "2027년 목표" in series.alt


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(84, 90, "목표 도달"), (70, 82.9, "목표 미달")]
)
def test_an_interval_that_is_not_symmetric_decides_by_its_ends(
    low: float, high: float, verdict: str
) -> None:
    result = levels()
    place = result.row("group", "farmers")
    lows, highs = result.conf_low.copy(), result.conf_high.copy()
    lows[place], highs[place] = low, high
    level = 88.0 if low > 83 else 72.0
    values = result.estimate.values.copy()
    values[place] = level
    changed = replace(
        result, estimate=replace(result.estimate, values=values), conf_low=lows, conf_high=highs
    )
    document = with_target(changed).document
    [table] = [t for t in document.tables if "대비 판단" in t.title]
    rows = {row.cells[0]: row.cells[1] for row in table.rows}
    assert rows["표본오차 고려 판단"] == verdict
    assert f"95% 신뢰구간 {rounded(low)}~{rounded(high)}%" in "\n".join(words_of(document))


def test_a_target_that_is_reached_once_rounded_needs_no_increase() -> None:
    result = with_level(levels(), ("group", "farmers", OVERALL), 82.97)
    document = with_target(result).document
    [table] = [t for t in document.tables if "대비 판단" in t.title]
    rows = {row.cells[0]: row.cells[1] for row in table.rows}
    assert rows["추정치 기준 판단"] == "목표 도달"
    assert rows["연평균 필요 증가폭"] == "-"
    assert not any("한 부문만" in t.title for t in document.tables)


def test_a_suppressed_target_group_is_not_judged() -> None:
    given = Report(levels(), "ko")
    assert given.suppression is not None
    farmers = Cell("group", "farmers")
    hidden = replace(given.suppression, primary={farmers: ("threshold",)})
    given.__dict__["suppression"] = hidden
    words = "\n".join(words_of(given.document))
    level = rounded(levels().level("group", "farmers"))
    assert "비밀 보호를 위하여 공개하지 않으므로 판단하지 않았다" in words
    assert f"{level}%" not in words


def test_households_are_called_households() -> None:
    document = Report(with_schema(levels(), unit="household"), "ko").document
    words = "\n".join(words_of(document))
    assert not re.search(r"\d명|응답자 \d", words)
    assert "10가구 미만" in words


def test_confidence_is_the_one_asked() -> None:
    result = relative_levels(levels().scores, ["sex"], confidence=0.9)
    words = "\n".join(words_of(Report(result, "ko").document))
    assert "90% 신뢰구간" in words
    assert "100번에 10번꼴(90% 신뢰수준)" in words
    assert "95%" not in words


def test_regions_without_an_interval_are_not_judged() -> None:
    result = levels()
    places = [result.row("province", str(code)) for code in (1, 2)]
    low, high = result.conf_low.copy(), result.conf_high.copy()
    low[places] = high[places] = np.nan
    words = "\n".join(
        words_of(Report(replace(result, conf_low=low, conf_high=high), "ko", None, "off").document)
    )
    assert "신뢰구간이 없는 2곳은 판단하지 않았다" in words


def test_a_count_of_records_is_not_told_beside_a_suppressed_cell() -> None:
    given = report("ko")
    told = Finding.of("DI-W051", column="weight", count=3)
    survey = replace(given.levels.scores.survey, findings=(told,))
    counted = replace(given.levels, scores=replace(given.levels.scores, survey=survey))
    assert given.suppression is not None
    hiding, open_report = Report(counted, "ko"), Report(counted, "ko", None, "off")
    hiding.__dict__["suppression"] = given.suppression
    assert "3건" not in "\n".join(words_of(hiding.document))
    assert "3건" in "\n".join(words_of(open_report.document))
    [levels_json] = [a for a in hiding.attachments() if a.name == "levels.json"]
    findings = json.loads(levels_json.content)["provenance"]["findings"]
    assert {"code": "DI-W242", "told": "DI-W051"} in findings


def test_no_group_is_called_highest_where_one_is_hidden() -> None:
    given = Report(levels(), "ko")
    assert given.suppression is not None
    assert "가장 높고" in "\n".join(words_of(given.document))
    hiding = Report(levels(), "ko")
    hidden = replace(given.suppression, primary={Cell("group", "rural"): ("threshold",)})
    hiding.__dict__["suppression"] = hidden
    assert "계층별로는" not in "\n".join(words_of(hiding.document))


def test_a_figure_longer_than_a_page_is_drawn_in_parts() -> None:
    result = levels()
    schema = result.scores.survey.schema
    label = schema.domains["age_group"].label
    bands = {f"a{age}": (float(age), float(age)) for age in range(10, 80)}
    single = schema.domains["age_group"].model_copy(
        update={"bands": bands, "band_labels": {}, "label": label}
    )
    other = schema.model_copy(update={"domains": {**schema.domains, "age_group": single}})
    survey = replace(result.scores.survey, schema=other)
    scores = replace(result.scores, survey=survey)
    document = Report(relative_levels(scores, ["age_group"]), "ko", None, "off").document
    figures = [f for f in document.figures if f.number.startswith("2-")]
    assert [f.title[-5:] for f in figures] == ["(1/3)", "(2/3)", "(3/3)"]
    for code in bands:
        assert sum(f" {code} " in f.alt for f in figures) == 1


def test_a_report_of_an_earlier_year_knows_nothing_of_later_ones() -> None:
    result = levels()
    metadata = result.scores.survey.schema.survey.model_copy(update={"year": 2022})
    document = Report(with_schema(result, survey=metadata), "ko").document
    alts = [f.alt for f in document.figures if "추이" in f.title]
    assert alts
    assert all("2022년 78.9" in alt and "2023" not in alt for alt in alts)


def test_a_pace_that_ended_long_ago_is_not_recent() -> None:
    result = true_survey(levels())
    metadata = result.scores.survey.schema.survey.model_copy(update={"year": 2030})
    document = Report(with_schema(result, survey=metadata), "ko").document
    [table] = [t for t in document.tables if "대비 판단" in t.title]
    paces = [row.cells[1] for row in table.rows if "공표값의 연평균" in row.cells[0]]
    assert paces == ["…", "…"]


def test_a_target_is_printed_as_it_is_given() -> None:
    result = levels()
    schema = result.scores.survey.schema
    assert schema.target is not None
    target = schema.target.model_copy(update={"level": 82.96})
    words = "\n".join(words_of(Report(with_schema(result, target=target), "ko").document))
    assert "목표(82.96%)" in words
    assert "목표(83%)" not in words


@pytest.mark.parametrize("option", [{"lang": "fr"}, {"disclosure": "on"}])
def test_a_report_knows_its_options(option: dict[str, str]) -> None:
    with pytest.raises(PublicationError, match="DI-E117"):
        Report(levels(), **option)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sign_in_a_table_of_levels_is_explained_below_it(lang: Language) -> None:
    signs = {"x": "x:", "-": "-:", "…": "…:"}
    tables = [t for t in report(lang).document.tables if t.number[0] in "1234B" and t.unit]
    assert len(tables) > 8
    for table in tables:
        printed = {cell for row in table.rows for cell in row.cells[1:]}
        for sign, lead in signs.items():
            told = any(note.startswith(lead) for note in table.notes)
            assert told == (sign in printed), table.title
        flagged = any(cell.endswith("*") for cell in printed)
        assert flagged == any(note.startswith("*:") for note in table.notes)


def test_crosses_are_for_compute() -> None:
    with pytest.raises(PublicationError, match="DI-E254"):
        domains_of_report(load_schema("example"), ["sex*province"])


# -- tables ----------------------------------------------------------------------------------


def test_an_attached_table_is_the_printed_one() -> None:
    for table in report().document.tables:
        [head, *rows] = csv.reader(io.StringIO(table_as_csv(table)))
        assert head == [column.label for column in table.columns]
        for printed, row in zip(table.rows, rows, strict=True):
            blank = [""] * (len(head) - len(printed.cells))
            assert row == [*printed.cells, *blank]


class Cells(HTMLParser):
    """The texts of a page's tables, row by row, as a reader sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"th", "td"}:
            self.tables[-1][-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in {"th", "td"}

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.tables[-1][-1][-1] += data


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_attached_table_is_what_the_page_prints(lang: Language) -> None:
    """Read the tables off the page itself, and the files attached to it."""
    given = report(lang)
    cells = Cells()
    cells.feed(page_of(given.document, medium="pdf"))
    printed = [
        [[" ".join(plain(cell).split()) for cell in row] for row in table] for table in cells.tables
    ]
    files = {file.name: file.content.decode("utf-8-sig") for file in given.attachments()}
    attached = [
        [[" ".join(cell.split()) for cell in row if cell or len(row) == 1] for row in rows]
        for table in given.document.tables
        for rows in [[*csv.reader(io.StringIO(files[f"{table.key}.csv"]))]]
    ]
    assert len(printed) == len(attached) > 10
    for ours, theirs in zip(printed, attached, strict=True):
        assert [[cell for cell in row if cell] for row in ours] == theirs


def plain(printed: str) -> str:
    """Return a text without what only its layout needs: joiners, and the sign for minus."""
    return printed.replace("\u2060", "").replace("\u2212", "-")


def test_a_text_that_starts_a_formula_is_quoted_in_an_attached_table() -> None:
    columns = (Column("a", "label", 0.5), Column("b", "text", 0.5))
    cells = [("=1+1", "-2.4%p"), ("+cmd", "-"), ("-3", "+1.2"), ("@x", "-x\ry")]
    table = TableBlock("t", "1", "T", "", columns, tuple(Row(pair) for pair in cells))
    rows = [*csv.reader(io.StringIO(table_as_csv(table)))][1:]
    assert rows == [["'=1+1", "-2.4%p"], ["'+cmd", "-"], ["-3", "+1.2"], ["'@x", "'-x y"]]


def test_korean_tables_are_attached_as_excel_reads_them() -> None:
    [korean] = [a for a in report("ko").attachments() if a.name == "table-1.csv"]
    [english] = [a for a in report("en").attachments() if a.name == "table-1.csv"]
    assert korean.content.startswith(b"\xef\xbb\xbf")
    assert not english.content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_columns_of_a_table_fill_it(lang: Language) -> None:
    for table in report(lang).document.tables:
        assert sum(column.width for column in table.columns) == pytest.approx(1)
        assert min(column.width for column in table.columns) > 0.04


def test_a_column_of_numbers_has_room_for_the_longest() -> None:
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
