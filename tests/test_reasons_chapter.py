"""Why groups lag, in the report and as plots: the numbers of the decomposition, and no others."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import cast

import numpy as np
import pytest

from divide_index.cells import Cell
from divide_index.decomposition import DecompositionResult, decompose_gap
from divide_index.decomposition.result import TOTAL, Part
from divide_index.errors import EstimationError, PublicationError
from divide_index.levels import LevelResult, nonresponse_band, relative_levels
from divide_index.messages import LANGUAGES, Language, text
from divide_index.publication.decomposition_tables import decomposition_sentences
from divide_index.publication.decompositions import PublishedDecomposition
from divide_index.publication.disclosure import Suppression
from divide_index.publication.figures import plot
from divide_index.publication.figures.decompositions import steps_of
from divide_index.publication.formatting import counted, interval, rounded, signed
from divide_index.publication.labels import cell_label
from divide_index.publication.published import Published
from divide_index.publication.report import Report, domains_of_decomposition, domains_of_report
from divide_index.publication.report.blocks import (
    Alert,
    Bullets,
    Chapter,
    FigureBlock,
    Heading,
    Paragraph,
    Row,
    TableBlock,
)
from divide_index.publication.report.chapters.appendix import errors_chapter
from divide_index.publication.report.chapters.quality import quality_chapter
from divide_index.publication.report.chapters.reasons import reasons_chapter
from divide_index.publication.report.material import Material
from divide_index.publication.report.pictures import complete_cases
from divide_index.schema import OVERALL, load_schema
from divide_index.scoring import score
from divide_index.simulate import simulate_survey
from divide_index.survey import read_survey
from tests.test_report import BANNED, chapter_of, with_schema, words_of

pytestmark = pytest.mark.once  # words and layout of our own

PARTS: tuple[Part, ...] = ("gap", "explained", "unexplained")
OLDER, FARMERS, RURAL = (Cell("group", name) for name in ("older", "farmers", "rural"))
FACTORS = ("sex", "age", "household", "education", "income", "occupation")
HUGE = 1e6  # points nobody has, and nobody may see

every_language = pytest.mark.parametrize("lang", LANGUAGES)


@cache
def levels() -> LevelResult:
    """Return the levels of a simulated survey in which few urban farmers told their schooling."""
    schema = load_schema("example")
    frame = simulate_survey("example", seed=2, n=1200)
    farmers = frame.index[(frame["sample"] == "farmers") & (frame["area"] == 1)]
    assert len(farmers) == 33
    frame.loc[farmers[7:], "education"] = 9998
    return relative_levels(score(read_survey(frame, schema)), domains_of_report(schema, ["area"]))


@cache
def decomposition() -> DecompositionResult:
    """Return why its groups, urban and rural people, and the groups of both lag."""
    return decompose_gap(levels().scores, ["area", "group*area"])


@cache
def whole() -> DecompositionResult:
    """Return why provinces and their urban and rural parts lag, in a survey without groups."""
    schema = load_schema("example").model_copy(
        update={"groups": {}, "averages": {}, "target": None}
    )
    survey = read_survey(simulate_survey("example", seed=1, n=4000), schema)
    factors = "sex + education + income + occupation + household + sex:education + sex:income"
    return decompose_gap(score(survey), "province*area", factors=factors)


@cache
def chapter_of_whole() -> Chapter:
    levels_of_it = relative_levels(whole().scores, ["province", "area", "province*area"])
    return chapter(whole(), "en", result=levels_of_it)


@cache
def report(lang: Language = "ko") -> Report:
    """Return a report of both; its suppression is that of the Korean one."""
    result = levels()
    made = Report(result, lang, nonresponse_band(result), decomposition=decomposition())
    if lang != "ko":
        made.__dict__["suppression"] = report("ko").suppression
    return made


def chapter(
    decomposed: DecompositionResult | None = None,
    lang: Language = "ko",
    *,
    result: LevelResult | None = None,
    suppression: Suppression | None = None,
) -> Chapter:
    """Return the chapter by itself."""
    decomposed = decomposed or decomposition()
    result = result or levels()
    material = Material(
        Published(result, suppression), None, lang, PublishedDecomposition(decomposed, suppression)
    )
    made = reasons_chapter(material, 6)
    assert made is not None
    return made


@cache
def of_the_report(lang: Language) -> Chapter:
    return chapter_of(report(lang).document, "reasons")


def tables(made: Chapter) -> list[TableBlock]:
    return [block for block in made.blocks if isinstance(block, TableBlock)]


def figures(made: Chapter) -> list[FigureBlock]:
    return [block for block in made.blocks if isinstance(block, FigureBlock)]


def titled(made: Chapter, words: str) -> TableBlock:
    [table] = [table for table in tables(made) if words in table.title]
    return table


def body(table: TableBlock) -> list[Row]:
    return [row for row in table.rows if not row.is_heading]


def hidden() -> frozenset[Cell]:
    suppression = report().suppression
    assert suppression is not None
    return suppression.suppressed & set(decomposition().cells)


# -- nothing of what is not published --------------------------------------------------------


def poisoned() -> DecompositionResult:
    """Return the decomposition with other numbers, and huge ones, in every hidden row."""
    result, away = decomposition(), hidden()
    values, covariance = result.estimate.values.copy(), result.estimate.covariance.copy()
    for cell in away:
        for name in result.dimensions:
            factors = result.rows_of(cell, "explained", name)
            times = len(result.dimensions) - 1 if name == OVERALL else 1
            values[factors] = times * HUGE * (1 + np.arange(len(factors)))
            gap, explained, rest = (result.row(cell, part, TOTAL, name) for part in PARTS)
            values[explained], values[rest] = values[factors].sum(), 7 * times * HUGE
            values[gap] = values[explained] + values[rest]
    rows = [place for place, row in enumerate(result.rows) if row.cell in away]
    covariance[rows, :] = covariance[:, rows] = 0.0
    covariance[rows, rows] = HUGE**2
    places = [place for place, cell in enumerate(result.cells) if cell in away]
    beside = [3 * place + kind for place in places for kind in range(3)]
    steps = [place for place, row in enumerate(result.path_rows) if row.cell in away]
    hidden_levels, path = result.levels.values.copy(), result.path.values.copy()
    hidden_levels[beside], path[steps] = HUGE, HUGE
    return replace(
        result,
        estimate=replace(result.estimate, values=values, covariance=covariance),
        levels=replace(result.levels, values=hidden_levels),
        path=replace(result.path, values=path),
        path_rows=tuple(
            replace(row, explained=dict.fromkeys(row.explained, HUGE)) if row.cell in away else row
            for row in result.path_rows
        ),
        bases=tuple(
            replace(basis, members=9_000_000, n=8_000_000, psus=7_000_000, share_lost=HUGE)
            if basis.cell in away
            else basis
            for basis in result.bases
        ),
    )


def test_the_numbers_of_hidden_groups_move_nothing_in_a_report() -> None:
    """Change every one of them: text, tables, figures and attachments stay as they are."""
    assert {(cell.domain, cell.category) for cell in hidden()} == {
        ("group*area", "farmers*1"),
        ("group*area", "farmers*2"),
    }
    given = report("en")
    leaking = replace(given, decomposition=poisoned())
    leaking.__dict__["suppression"] = given.suppression
    assert leaking.document == given.document
    for told, honest in zip(leaking.attachments(), given.attachments(), strict=True):
        assert (told.name, told.content) == (honest.name, honest.content)
    found = str(chapter(poisoned(), "en"))
    assert re.search(r"\d{7,}\.\d", found)  # what is open would have shown them


@every_language
def test_a_hidden_group_stands_as_an_x_in_every_table_and_in_no_sentence(lang: Language) -> None:
    made, schema = of_the_report(lang), levels().scores.survey.schema
    labels = {cell_label(cell, schema, lang) for cell in hidden()}
    rows = [row for table in tables(made) for row in body(table) if row.cells[0] in labels]
    assert len(rows) == 3 * len(labels)
    assert all(set(row.cells[1:]) == {"x"} for row in rows)
    said = [b.text for b in made.blocks if isinstance(b, Paragraph)]
    takeaways = [figure.takeaway for figure in figures(made)]
    assert not any(label in words for label in labels for words in (*said, *takeaways))
    alts = "".join(f"{figure.alt}\n" for figure in figures(made))
    not_shown = text("report.alt.hidden", lang, label="").strip()
    for label in labels:
        [shown] = re.findall(rf"{re.escape(label)}: (.*?)[;\n]", alts)
        parts = shown.removesuffix(".").split(", ")
        assert len(parts) > 2
        assert all(part.endswith(not_shown) for part in parts)


def test_a_hidden_group_has_no_section_and_no_path() -> None:
    given = report()
    assert given.suppression is not None
    away = replace(given.suppression, primary={FARMERS: ("threshold",)})
    made = chapter(suppression=away)
    published = PublishedDecomposition(decomposition(), away)
    assert {step.flag for step in steps_of(published, FARMERS, "ko")} == {"suppressed"}
    assert not any(step.points for step in steps_of(published, FARMERS, "ko"))
    headings = [block.text for block in made.blocks if isinstance(block, Heading)]
    assert not any("농어민" in heading for heading in headings)
    assert any("고령층" in heading for heading in headings)
    [path] = [figure for figure in figures(made) if "단계별" in figure.title]
    assert "농어민: 요인을 고려하기 전 제시하지 않음" in path.alt
    waterfalls = [figure.title for figure in figures(made) if "100에서" in figure.title]
    assert waterfalls == ["고령층: 100에서 수준까지", "농어촌 주민: 100에서 수준까지"]
    assert body(tables(made)[0])[0].cells == ("농어민", "x", "x", "x", "x")
    material = Material(Published(levels(), away), None, "ko", published)
    errors = [table.title for table in tables(errors_chapter(material))]
    assert [title for title in errors if "몫" in title] == [
        "고령층: 요인별 몫의 표준오차",
        "농어촌 주민: 요인별 몫의 표준오차",
    ]


def test_the_base_of_a_figure_tells_how_many_are_hidden() -> None:
    published = PublishedDecomposition(decomposition(), report().suppression)
    material = Material(Published(levels(), report().suppression), None, "en", published)
    cells = [cell for cell in published.cells if cell.domain != "group"]
    known = [n for cell in cells if (n := published.basis(cell).n) is not None]
    assert complete_cases(material, published, cells) == (
        f"{len(cells)} categories, {counted(min(known))} to {counted(max(known))} complete cases "
        "each, 2 suppressed"
    )
    [urban] = [cell for cell in hidden() if cell.category == "farmers*1"]
    words = complete_cases(material, published, [urban])
    assert words == "Complete cases: Farmers and fishers · Urban (dong) x"


def test_a_finding_that_names_hidden_groups_does_not_name_them() -> None:
    given = decomposition()
    lost = next(each for each in given.findings if each.code == "DI-W262")
    assert "group*area/farmers*1" in cast("list[str]", lost.params["cells"])
    said: list[str] = []
    for suppression in (None, report().suppression):
        published = PublishedDecomposition(given, suppression)
        material = Material(Published(levels(), suppression), None, "en", published)
        blocks = quality_chapter(material, 8).blocks
        [found] = [block for block in blocks if isinstance(block, Bullets)]
        said.append("\n".join(found.items))
    assert ["Farmers and fishers · Urban" in words for words in said] == [True, False]


def test_a_gap_within_its_error_is_not_divided_in_words() -> None:
    given = decomposition()
    estimate = replace(given.estimate, covariance=1e4 * given.estimate.covariance)
    made = chapter(replace(given, estimate=estimate), "en")
    said = " ".join(block.text for block in made.blocks if isinstance(block, Paragraph))
    assert said.count("nothing is divided by factor") == 3
    assert "the largest part" not in said
    assert "narrows" not in said


def test_complete_cases_are_held_to_the_threshold_of_the_levels() -> None:
    """Seven urban farmers of 33 have every factor: with the decomposition they are too few."""
    result, band = levels(), report().band
    [urban, rural] = sorted(hidden(), key=lambda cell: cell.category)
    assert decomposition().basis(urban).n < 10 < result.n[result.row("group*area", "farmers*1")]
    given, plain = report().suppression, Report(result, "ko", band).suppression
    assert given is not None
    assert plain is not None
    assert urban in given.primary
    assert rural in given.secondary
    assert not plain.suppressed
    [attached] = [file for file in report().attachments() if file.name == "decomposition.json"]
    document = json.loads(attached.content)
    assert document["provenance"]["disclosure"] == given.summary()


# -- the numbers of the decomposition --------------------------------------------------------


@every_language
def test_the_tables_of_a_group_print_its_parts(lang: Language) -> None:
    result, made = decomposition(), of_the_report(lang)
    schema = levels().scores.survey.schema
    low, high = result.estimate.intervals(result.confidence)
    published = PublishedDecomposition(result, report().suppression)
    for cell in (FARMERS, OLDER, RURAL):
        label = cell_label(cell, schema, lang)
        table = titled(made, f"{label}: ")
        rows: list[tuple[str, Part]] = [
            *((term, "explained") for term in published.terms_of(cell)),
            *((TOTAL, part) for part in (*PARTS[1:], PARTS[0])),
        ]
        assert len(table.rows) == len(rows)
        for row, (factor, part) in zip(table.rows, rows, strict=True):
            for printed, name in zip(row.cells[1:], (OVERALL, *schema.dimensions), strict=True):
                place = result.row(cell, part, factor, name)
                points = signed(result.estimate.values[place])
                if name == OVERALL:
                    points += f" ({interval(low[place], high[place])})"
                figure = published.figures(cell, part, factor, name)
                assert printed == points + ("" if figure.is_significant else " ns")


@every_language
def test_parts_that_are_printed_add_up_both_ways(lang: Language) -> None:
    for table in [t for t in tables(of_the_report(lang)) if len(t.columns) == 5]:
        label = table.rows[-1].cells[0]
        if label != text("decomposition.gap", lang):
            continue
        numbers = np.array(
            [[float(cell.split(" ")[0]) for cell in row.cells[1:]] for row in table.rows]
        )
        *factors, explained, rest, gap = numbers
        assert np.sum(factors, axis=0) == pytest.approx(explained, abs=0.051 * len(factors))
        assert explained + rest == pytest.approx(gap, abs=0.151)
        assert numbers[:, 1:].sum(axis=1) == pytest.approx(numbers[:, 0], abs=0.2)


@every_language
def test_the_tables_of_all_print_levels_gaps_factors_and_bases(lang: Language) -> None:
    result, made = decomposition(), of_the_report(lang)
    published = PublishedDecomposition(result, report().suppression)
    low, high = result.estimate.intervals(result.confidence)
    every = [row for table in tables(made) for row in body(table)]
    shares = result.shares()
    for place, cell in enumerate(result.cells):
        if cell in hidden():
            continue
        basis, star = result.bases[place], "*" if result.bases[place].is_small else ""
        label = cell_label(cell, levels().scores.survey.schema, lang)
        summary, factors, bases = (row.cells for row in every if row.cells[0] == label)
        available, complete, difference = result.levels.values[3 * place : 3 * place + 3]
        assert summary[1] == rounded(complete) + star
        for printed, part in zip(summary[2:], PARTS, strict=True):
            row = result.row(cell, part)
            figures_of = published.figures(cell, part)
            expected = f"{signed(result.estimate.values[row])} ({interval(low[row], high[row])})"
            assert printed == expected + ("" if figures_of.is_significant else " ns")
        for printed, term in zip(factors[1:], FACTORS, strict=True):
            if term not in published.terms_of(cell):
                assert printed == "-"
                continue
            row = result.row(cell, "explained", term)
            margin = rounded(high[row] - result.estimate.values[row])
            shown = f"{signed(result.estimate.values[row])}±{margin}"
            assert printed.removesuffix(" ns") == shown
        is_few = 0 < basis.members - basis.n < 10  # left out
        assert bases[1:6] == (
            "x" if is_few else rounded(available),
            rounded(complete) + star,
            "x" if is_few else signed(difference),
            "x" if is_few else rounded(100 * basis.share_lost),
            counted(basis.n),
        )
        share, start, end = 100 * shares[["share", "conf_low", "conf_high"]].iloc[place]
        explodes = np.isnan(share)
        assert bases[6] == ("-" if explodes else f"{rounded(share, 0)} ({interval(start, end, 0)})")


def test_the_published_level_beside_the_complete_cases_is_that_of_the_report() -> None:
    result = levels()
    for row in body(titled(of_the_report("ko"), "완전사례와")):
        if row.cells[0] in {"농어민", "읍·면"}:
            domain = ("group", "farmers") if row.cells[0] == "농어민" else ("area", "2")
            assert row.cells[1] == rounded(result.level(*domain))


@every_language
def test_sentences_are_those_of_the_terminal(lang: Language) -> None:
    made = of_the_report(lang)
    said = " ".join(block.text for block in made.blocks if isinstance(block, Paragraph))
    published = PublishedDecomposition(decomposition(), report().suppression)
    sentences = dict(decomposition_sentences(published, lang))
    schema = levels().scores.survey.schema
    for cell in (FARMERS, OLDER, RURAL):
        assert sentences[cell_label(cell, schema, lang)] in said


@every_language
def test_a_waterfall_says_all_it_shows(lang: Language) -> None:
    result, made = decomposition(), of_the_report(lang)
    schema = levels().scores.survey.schema
    low, high = result.estimate.intervals(result.confidence)
    label = cell_label(FARMERS, schema, lang)
    [figure] = [each for each in figures(made) if each.title.startswith(f"{label}:")]
    places = [
        *result.rows_of(FARMERS, "explained"),
        result.row(FARMERS, "unexplained"),
        result.row(FARMERS, "gap"),
    ]
    for place in places:
        points = signed(result.estimate.values[place])
        bounds = f"({interval(low[place], high[place])})"
        assert f"{points} {bounds}" in figure.alt
        for drawing in (figure.svg, figure.narrow_svg):
            assert f">{points}</" in drawing
            assert f">{bounds}</" in drawing
    assert counted(result.basis(FARMERS).n) in figure.base


def test_a_path_shows_what_sets_of_factors_leave() -> None:
    result = decomposition()
    low, high = result.path.intervals(result.confidence)
    [path] = [each for each in figures(of_the_report("ko")) if "단계별" in each.title]
    for place, row in enumerate(result.path_rows):
        if row.cell in {FARMERS, OLDER, RURAL} and row.dimension == OVERALL:
            points = f"{signed(result.path.values[place])} ({interval(low[place], high[place])})"
            assert points in path.alt
    # Occupation defines farmers: income alone is their last step.
    assert re.findall(r"\+ [^;.]*소득[^-+]*", path.alt) == [
        "+ 소득 ",
        *["+ 소득·직업 "] * 2,
    ]


def test_standard_errors_stand_in_the_tables_of_errors() -> None:
    result = decomposition()
    made = chapter_of(report("en").document, "errors")
    table = titled(made, "Farmers and fishers: standard errors of the parts")
    errors = result.estimate.reliable_std_errors
    row = result.row(FARMERS, "explained", "education", "usage")
    [education] = [each for each in table.rows if each.cells[0] == "Education"]
    assert education.cells[-1] == rounded(errors[row])
    assert table.rows[-1].cells[1] == rounded(errors[result.row(FARMERS, "gap")])


@every_language
def test_every_sign_in_a_table_is_explained_below_it(lang: Language) -> None:
    leads = {"x": "x:", "-": "-:", "…": "…:"}
    for table in tables(of_the_report(lang)):
        printed = {cell for row in body(table) for cell in row.cells[1:]}
        for sign, lead in leads.items():
            assert any(note.startswith(lead) for note in table.notes) == (sign in printed)
        for ending, lead in ((" ns", "ns:"), ("*", "*:")):
            stands = any(cell.endswith(ending) for cell in printed)
            assert any(note.startswith(lead) for note in table.notes) == stands, table.title


def test_where_something_is_left_is_told_by_name() -> None:
    """Nowhere, in both parts of a country, or in so many that a few stand for all."""
    scores = whole().scores
    result = relative_levels(scores, ["province", "area"])
    given = decompose_gap(scores, ["area", "province"], factors=["age"])
    areas, provinces = figures(chapter(given, result=result))
    assert areas.takeaway.endswith("2개 가운데 2개이다(동, 읍·면).")
    estimate = replace(given.estimate, covariance=1e9 * given.estimate.covariance)
    areas, _ = figures(chapter(replace(given, estimate=estimate), result=result))
    assert areas.takeaway.endswith("2개 가운데 하나도 없다.")
    estimate = replace(given.estimate, covariance=1e-9 * given.estimate.covariance)
    _, provinces = figures(chapter(replace(given, estimate=estimate), result=result))
    found = re.search(r"17개 가운데 (\d+)개이다\((.*)\)\.", provinces.takeaway)
    assert found is not None
    assert int(found[1]) > 5
    assert found[2].count(", ") == 4
    assert found[2].endswith(f"등 {found[1]}곳")


# -- words -----------------------------------------------------------------------------------


@every_language
def test_the_chapter_says_first_that_it_is_no_approved_statistic(lang: Language) -> None:
    first = of_the_report(lang).blocks[0]
    assert isinstance(first, Alert)
    words = {"ko": "실험적 분석 – 국가승인통계 아님", "en": "not an approved national statistic"}
    assert words[lang] in first.text


def test_the_chapter_stands_after_the_target() -> None:
    keys = [each.key for each in report("ko").document.chapters]
    assert keys[keys.index("target") + 1] == "reasons"
    assert of_the_report("ko").title == "왜 뒤처지는가: 격차 요인분해"
    assert of_the_report("en").title == "Why groups lag: gap decomposition"


def test_the_targets_group_comes_first() -> None:
    made = of_the_report("ko")
    headings = [block.text for block in made.blocks if isinstance(block, Heading)]
    assert headings == [
        "1. 계층별 차이와 설명되는 부분",
        "2. 농어민",
        "3. 고령층",
        "4. 농어촌 주민",
        "5. 읍·면/동별 차이와 설명되는 부분",
        "6. 계층 × 읍·면/동별 차이와 설명되는 부분",
        "7. 읽는 법과 분석한 사례",
    ]


def test_no_word_claims_a_cause() -> None:
    said = "\n".join(words_of(replace(report("ko").document, chapters=(of_the_report("ko"),))))
    banned = [word for word in BANNED if word in said.replace("요인분해", "")]
    assert banned == []
    assert "지역이나 정책의 효과로 해석할 수 없다" in said


@every_language
def test_factors_that_define_a_group_are_named_and_left_out(lang: Language) -> None:
    result, made = decomposition(), of_the_report(lang)
    assert result.basis(OLDER).left_out == ("age",)
    age = {"ko": "연령", "en": "Age"}[lang]
    label = cell_label(OLDER, levels().scores.survey.schema, lang)
    table = titled(made, f"{label}: ")
    assert age not in [row.cells[0] for row in table.rows]
    assert any(label in note and age.lower() in note for note in table.notes)
    quality = chapter_of(report(lang).document, "quality")
    [found] = [block for block in quality.blocks if isinstance(block, Bullets)]
    assert any(label in item and age in item for item in found.items)


@every_language
def test_what_it_rests_on_stands_in_the_provenance(lang: Language) -> None:
    document = report(lang).document
    [table] = tables(chapter_of(document, "provenance"))
    rows = {row.cells[0]: row.cells[1] for row in table.rows}
    factors = {
        "ko": "성별, 연령, 가구 유형 → 학력 → 소득, 직업",
        "en": "Sex, Age, Household type → Education → Income, Occupation",
    }
    cells = {"ko": "시·도 × 읍·면/동", "en": "Province × Area"}
    assert rows[text("report.reasons.row.factors", lang)] == factors[lang]
    assert rows[text("report.reasons.row.cells", lang)] == cells[lang]
    versions = rows[text("report.row.versions", lang)]
    assert "formulaic" in versions
    readers = chapter_of(document, "readers")
    assert any("ns" in str(block) for block in readers.blocks)


# -- with and without ------------------------------------------------------------------------


def test_without_a_decomposition_a_report_says_nothing_of_it() -> None:
    plain = Report(levels(), "ko")
    document = plain.document
    assert "reasons" not in [each.key for each in document.chapters]
    words = "\n".join(words_of(document))
    assert "요인분해" not in words
    assert "회귀" not in words
    assert "formulaic" not in words
    assert not any("decomposition" in file.name for file in plain.attachments())


def test_a_survey_of_households_without_a_target_has_the_chapter() -> None:
    result = with_schema(levels(), unit="household", target=None)
    given = decompose_gap(result.scores)
    assert Report(result, "ko", decomposition=given).decomposition is given
    made = chapter(given, result=result)
    words = "\n".join(words_of(replace(report("ko").document, chapters=(made,))))
    assert not re.search(r"\d명|\(명\)", words)
    assert "가구)" in words
    headings = [block.text for block in made.blocks if isinstance(block, Heading)]
    assert headings[1] == "2. 고령층"  # in the schema's order


def test_a_single_group_has_its_own_section_only() -> None:
    given = decompose_gap(
        levels().scores, groups=["rural"], nested=[["age"], ["sex"]], factors=["age", "sex"]
    )
    made = chapter(given, "en")
    headings = [block.text for block in made.blocks if isinstance(block, Heading)]
    assert headings == ["1. Rural residents", "2. How to read this chapter, and its cases"]
    assert [each.title for each in figures(made)] == [
        "Rural residents: from 100 to its level",
        "What is left of the gaps as factors enter, with 95% intervals",
    ]
    assert not any(row.is_heading for row in tables(made)[-1].rows)


def test_a_single_set_of_factors_makes_no_path() -> None:
    given = decompose_gap(levels().scores, groups=["rural", "farmers"], factors=["sex", "age"])
    made = chapter(given)
    assert not any("단계별" in figure.title for figure in figures(made))
    assert "선후 관계" not in str(made)


def test_domains_alone_tell_what_may_be_a_consequence() -> None:
    given = decompose_gap(whole().scores, "province")
    result = relative_levels(given.scores, ["province"])
    made = chapter(given, result=result)
    bullets = [item for block in made.blocks if isinstance(block, Bullets) for item in block.items]
    assert any("선후 관계" in item for item in bullets)
    headings = [block.text for block in made.blocks if isinstance(block, Heading)]
    assert headings == ["1. 시·도별 차이와 설명되는 부분", "2. 읽는 법과 분석한 사례"]
    assert domains_of_decomposition(result) == ["province"]
    assert domains_of_decomposition(levels()) == []


def test_a_cross_tells_what_its_unexplained_part_is_made_of() -> None:
    given, made = whole(), chapter_of_whole()
    table = titled(made, "unexplained part of each cross")
    assert [column.label for column in table.columns[1:]] == ["Province", "Area", "Interaction"]
    for cell, row in zip(given.cells, table.rows, strict=True):
        for factor, printed in zip(("province", "area", "interaction"), row.cells[1:], strict=True):
            points = signed(given.estimate.values[given.row(cell, "unexplained", factor)])
            assert printed.startswith(f"{points}±")
    assert any("their interaction" in str(b) for b in made.blocks if isinstance(b, Bullets))


def test_the_domains_that_split_a_cross_must_be_seen_by_disclosure_control() -> None:
    result = relative_levels(whole().scores, ["province*area", "province"])
    with pytest.raises(PublicationError) as caught:
        Report(result, "en", decomposition=whole())
    assert caught.value.code == "DI-E255"
    assert caught.value.params["cells"] == ["area/1", "area/2"]


def test_factors_and_categories_beyond_a_page_are_set_in_parts() -> None:
    given, made = whole(), chapter_of_whole()
    parts = [t for t in tables(made) if "Parts by factor and province × area" in t.title]
    assert [table.title[-8:] for table in parts] == ["(1 of 2)", "(2 of 2)"]
    heads = [column.label for table in parts for column in table.columns[1:]]
    assert heads[-1] == "Sex × Income"
    assert len(heads) == 7
    drawn = figures(made)
    assert len(drawn) > 1
    assert all(f"({n} of {len(drawn)})" in each.title for n, each in enumerate(drawn, 1))
    labels = [cell_label(cell, given.scores.survey.schema, "en") for cell in given.cells]
    alts = f"; {'; '.join(figure.alt for figure in drawn)}".replace("size. ", "size. ; ")
    assert all(alts.count(f"; {label}: ") == 1 for label in labels)


# -- what it must agree with -----------------------------------------------------------------


def test_a_group_that_the_levels_lack_is_refused() -> None:
    result = relative_levels(levels().scores, groups=["farmers"])
    with pytest.raises(PublicationError) as caught:
        Report(result, "ko", decomposition=decompose_gap(levels().scores, "area"))
    assert caught.value.code == "DI-E255"
    assert caught.value.params["cells"] == [
        "group/older",
        "group/rural",
        "area/1",
        "area/2",
    ]


def test_other_scores_are_refused() -> None:
    result = levels()
    again = score(result.scores.survey)
    with pytest.raises(PublicationError, match="DI-E256"):
        Report(result, "ko", decomposition=decompose_gap(again))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"formula": "ratio_of_composites"}, "formula weighted_ratios / ratio_of_composites"),
        ({"confidence": 0.9}, "confidence 0.95 / 0.9"),
        ({"where": "sex == 1"}, "where None / sex == 1"),
    ],
)
def test_other_options_are_refused(options: dict[str, object], told: str) -> None:
    given = decompose_gap(levels().scores, factors=["education"], **options)  # pyright: ignore[reportArgumentType]
    with pytest.raises(PublicationError) as caught:
        Report(levels(), "ko", decomposition=given)
    assert caught.value.code == "DI-E257"
    assert caught.value.params["options"] == [told]


def test_levels_of_other_cases_are_refused() -> None:
    result = relative_levels(levels().scores, cases="complete")
    with pytest.raises(PublicationError, match="cases complete / available"):
        Report(result, "ko", decomposition=decompose_gap(levels().scores))


# -- what is attached ------------------------------------------------------------------------


def test_parts_are_attached_unrounded_and_without_what_is_hidden() -> None:
    result = decomposition()
    files = {file.name: file.content for file in report("ko").attachments()}
    assert files["decomposition.csv"].startswith(b"\xef\xbb\xbf")
    rows = [*csv.DictReader(io.StringIO(files["decomposition.csv"].decode("utf-8-sig")))]
    document = json.loads(files["decomposition.json"])
    assert len(rows) == len(document["decomposition"]) == len(result.rows)
    for row, tidy, value, told in zip(
        result.rows, rows, result.estimate.values, document["decomposition"], strict=True
    ):
        assert (tidy["domain"], tidy["category"]) == (row.cell.domain, row.cell.category)
        is_away = row.cell in hidden()
        assert (tidy["contribution"] == "") == (told["contribution"] is None) == is_away
        if not is_away:
            assert float(tidy["contribution"]) == told["contribution"] == pytest.approx(value)
    assert document["provenance"]["method"]["factor_sets"] == [list(s) for s in result.sets]
    assert document["provenance"]["method"]["cells"] == ["province", "area"]


def test_numbers_with_margins_are_no_formulas_in_an_attached_table() -> None:
    files = {file.name: file.content.decode() for file in report("en").attachments()}
    made = of_the_report("en")
    for table in tables(made):
        for printed, row in zip(
            table.rows, [*csv.reader(io.StringIO(files[f"{table.key}.csv"]))][1:], strict=True
        ):
            assert row[: len(printed.cells)] == [*printed.cells]


# -- plots -----------------------------------------------------------------------------------


@pytest.fixture
def _drawing() -> Iterator[None]:
    from matplotlib import pyplot as plt

    plt.switch_backend("Agg")
    yield
    plt.close("all")


def shown(ax: object) -> list[str]:
    return [words.get_text() for words in ax.texts]  # type: ignore[attr-defined]


def signs(values: Iterable[float]) -> set[str]:
    return {signed(value) for value in values}


@pytest.mark.usefixtures("_drawing")
def test_a_plot_of_a_decomposition_is_the_waterfall_of_the_first_group() -> None:
    result = decomposition()
    ax = plot(result)
    words = shown(ax)
    assert "Older adults" in words
    assert "General public = 100" in words
    places = [*result.rows_of(OLDER, "explained"), result.row(OLDER, "unexplained")]
    assert signs(result.estimate.values[places]) <= set(words)
    low, high = ax.get_xlim()
    assert low < 100 + result.estimate.values[result.row(OLDER, "gap")] < 100 < high
    ax.figure.canvas.draw()


@pytest.mark.usefixtures("_drawing")
def test_a_plot_draws_what_a_report_may_hide() -> None:
    result = decomposition()
    cell = min(hidden(), key=lambda each: each.category)
    words = shown(plot(result, domain=cell.domain, category=cell.category, lang="ko"))
    gap = signed(result.estimate.values[result.row(cell, "gap")])
    assert any(word.removesuffix("*") == gap for word in words)
    assert cell_label(cell, levels().scores.survey.schema, "ko") in words


@pytest.mark.usefixtures("_drawing")
def test_a_plot_speaks_korean_and_shows_a_dimension() -> None:
    result = decomposition()
    words = shown(plot(result, category="farmers", dimension="usage", lang="ko"))
    assert "농어민 · 활용" in words
    place = result.row(FARMERS, "gap", TOTAL, "usage")
    assert signed(result.estimate.values[place]) in words


@pytest.mark.usefixtures("_drawing")
def test_a_heat_table_is_of_a_domain() -> None:
    result = decomposition()
    words = shown(plot(result, kind="heat", lang="ko"))
    assert {"동", "읍·면", "연령", "학력", "차이"} <= set(words)
    cells = [cell for cell in result.cells if cell.domain == "area"]
    gaps = signs([result.estimate.values[result.row(cell, "gap")] for cell in cells])
    assert gaps <= {word.removesuffix("*") for word in words}
    groups = shown(plot(result, kind="heat", domain="group", dimension="usage"))
    assert "Farmers and fishers" in groups
    assert "Usage: Part (pp)" in groups
    assert "-" in groups  # what defines a group is none of its factors


@pytest.mark.usefixtures("_drawing")
def test_a_path_is_of_groups() -> None:
    result = decomposition()
    words = shown(plot(result, kind="path"))
    assert {"Older adults", "Farmers and fishers", "Rural residents", "No gap"} <= set(words)
    rural = [
        result.path.values[place]
        for place, row in enumerate(result.path_rows)
        if (row.cell, row.dimension) == (RURAL, OVERALL)
    ]
    assert signs(rural) <= set(words)
    one = shown(plot(result, kind="path", category="rural", dimension="access"))
    assert "Rural residents · Access" in one
    assert "Older adults · Access" not in one


@pytest.mark.usefixtures("_drawing")
def test_a_decomposition_is_drawn_on_given_axes() -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3))
    ax = figure.add_subplot(1, 2, 2)
    assert plot(decomposition(), kind="path", ax=ax) is ax
    assert "Farmers and fishers" in shown(ax)


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        ({"kind": "pie"}, "kind = pie"),
        ({"domain": "income"}, "domain = income"),
        ({"category": "farmer"}, "category = farmer"),
        ({"domain": "area", "category": "farmers"}, "category = farmers"),
        ({"dimension": "speed"}, "dimension = speed"),
    ],
)
def test_a_figure_that_there_is_not_is_refused(wanted: dict[str, str], asked: str) -> None:
    with pytest.raises(EstimationError) as caught:
        plot(decomposition(), **wanted)  # type: ignore[call-overload]
    assert caught.value.code == "DI-E258"
    assert asked in caught.value.params["asked"]  # type: ignore[operator]
    known = "\n".join(caught.value.params["known"])  # type: ignore[arg-type]
    assert "waterfall, heat, path" in known
    assert "group/farmers" in known
    assert "usage" in known


def test_levels_have_no_figure_of_another_kind() -> None:
    with pytest.raises(EstimationError, match="domain = total, ") as caught:
        plot(levels(), kind="path")  # type: ignore[call-overload]
    assert caught.value.code == "DI-E258"
