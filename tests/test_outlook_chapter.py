"""The way to the target in the report: the numbers of `target`, and none that is hidden."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from divide_index.cells import Cell
from divide_index.cli import run
from divide_index.errors import PublicationError
from divide_index.levels import LevelResult, relative_levels
from divide_index.messages import LANGUAGES, Language, text
from divide_index.publication.formatting import interval, rounded, signed
from divide_index.publication.report import Outlook, Report, domains_of_report, look_ahead
from divide_index.publication.report.blocks import (
    Alert,
    Chapter,
    FigureBlock,
    Heading,
    Paragraph,
    TableBlock,
)
from divide_index.publication.report.pages import page_of
from divide_index.schema import OVERALL, load_schema
from divide_index.schema.parts import Break
from divide_index.scoring import score
from divide_index.simulate import simulate_survey
from divide_index.survey import read_survey
from divide_index.target import distance_to_target, lever_effects, project_published
from tests.test_report import BANNED, chapter_of, true_survey, with_schema, words_of

pytestmark = pytest.mark.once  # words and layout of our own

FARMERS = Cell("group", "farmers")
ERROR = 0.71  # of one published level: the published margin of 1.4 over 1.96

every_language = pytest.mark.parametrize("lang", LANGUAGES)


@cache
def levels(n: int = 1200) -> LevelResult:
    """Return the levels of a simulated survey, so small that cells must be suppressed."""
    schema = load_schema("example")
    frame = simulate_survey("example", seed=2, n=n)
    seoul = frame.index[(frame["sample"] == "farmers") & (frame["province"] == 9)]
    frame.loc[seoul[:4], "province"] = 1
    survey = read_survey(frame, schema)
    return relative_levels(score(survey), domains_of_report(schema, ["province", "sex"]))


@cache
def true_levels() -> LevelResult:
    """Return the same, as if they were those of a survey: its published series is projected."""
    return true_survey(levels())


@cache
def outlook(*, is_true: bool = False) -> Outlook:
    return look_ahead(true_levels() if is_true else levels(), ["province", "sex"], std_error=ERROR)


@cache
def report(lang: Language = "ko", *, is_true: bool = False) -> Report:
    result = true_levels() if is_true else levels()
    return Report(result, lang, outlook=outlook(is_true=is_true))


@cache
def chapter(lang: Language = "ko", *, is_true: bool = False) -> Chapter:
    return chapter_of(report(lang, is_true=is_true).document, "outlook")


def tables(made: Chapter) -> list[TableBlock]:
    return [block for block in made.blocks if isinstance(block, TableBlock)]


def figures(made: Chapter) -> list[FigureBlock]:
    return [block for block in made.blocks if isinstance(block, FigureBlock)]


def said(made: Chapter) -> str:
    return "\n".join(block.text for block in made.blocks if isinstance(block, Paragraph))


# -- when, and how it is marked ----------------------------------------------------------------


def test_a_report_that_does_not_look_ahead_has_no_such_chapter() -> None:
    keys = [chapter.key for chapter in Report(levels(), "ko").document.chapters]
    assert "outlook" not in keys
    assert [c.key for c in report().document.chapters].index("outlook") == keys.index("target") + 1


@every_language
def test_every_page_of_the_chapter_says_that_it_is_experimental(lang: Language) -> None:
    mark = text("report.mark.experimental", lang)
    made = chapter(lang)
    assert made.mark == mark
    [alert, *_] = [block for block in made.blocks if isinstance(block, Alert)]
    assert alert.text.startswith(mark)
    page = page_of(report(lang).document, medium="pdf")
    assert '<section class="chapter marked-1" id="outlook"' in page
    [rule] = re.findall(r"@page marked-1\{@bottom-left\{content:\"([^\"]*)\"", page)
    written = re.sub(r"\\([0-9a-f]{6})", lambda found: chr(int(found[1], 16)), rule)
    plain = written.replace("\u2060", "")
    assert plain.startswith(mark)
    assert text("report.mark.synthetic", lang) in plain  # what every page says is not lost
    assert page.count("marked-1") == 4


@every_language
def test_simulated_records_have_levers_and_no_projection(lang: Language) -> None:
    made = chapter(lang)
    assert outlook().missing == "synthetic"
    assert text("report.outlook.missing.synthetic", lang) in said(made)
    headings = [block.text for block in made.blocks if isinstance(block, Heading)]
    assert len(headings) == 3  # indicators, and two domains
    assert not any("80.6" in words for words in (said(made), *(f.alt for f in figures(made))))


def test_without_a_projection_it_is_told_why() -> None:
    result = true_levels()
    schema = result.scores.survey.schema
    farmers = schema.groups["farmers"].model_copy(update={"published": None})
    bare = with_schema(result, groups={**schema.groups, "farmers": farmers})
    assert look_ahead(bare).missing == "unpublished"
    other = relative_levels(result.scores, formula="ratio_of_composites")
    assert look_ahead(other).missing == "formula"
    assert look_ahead(other, std_error=ERROR).missing == "formula"
    due = schema.survey.model_copy(update={"year": 2021})
    assert look_ahead(with_schema(result, survey=due), std_error=ERROR).missing == "short"
    target = schema.target
    assert target is not None
    past = target.model_copy(update={"year": 2025})
    assert look_ahead(with_schema(result, target=past), std_error=ERROR).missing == "past"
    assert outlook(is_true=True).missing == ""
    made = Report(bare, "ko", outlook=look_ahead(bare)).document
    assert "공표 시계열이 없어" in said(chapter_of(made, "outlook"))


@pytest.mark.parametrize("group", [None, "farmers"])
def test_a_break_that_the_schema_declares_is_one_of_its_projection(group: str | None) -> None:
    cut = Break.model_construct(year=2022, group=group, kind="method", source="test")
    result = with_schema(true_levels(), breaks={"renewed": cut})
    found = look_ahead(result, std_error=ERROR).projection
    assert found is not None
    assert [(each.year, each.name) for each in found.series.breaks][-1] == (2022, "renewed")
    assert found.to_frame()["first"].min() == 2022
    given = Report(result, "en", outlook=look_ahead(result, std_error=ERROR)).document
    words = text("sentence.break.method", "en")
    assert f"{words} in 2022" in said(chapter_of(given, "outlook"))
    assert f"{words} in 2022" in said(chapter_of(given, "target"))
    of_others = Break.model_construct(year=2022, group="disabled", kind="method", source="test")
    beside = look_ahead(with_schema(true_levels(), breaks={"renewed": of_others}), std_error=ERROR)
    assert beside.projection is not None
    assert beside.projection.to_frame()["first"].min() == 2020


# -- projections -------------------------------------------------------------------------------


@every_language
def test_the_projections_are_those_of_the_published_series(lang: Language) -> None:
    made = chapter(lang, is_true=True)
    expected = project_published("farmers_fishers", OVERALL, 83, 2027, std_error=ERROR).to_frame()
    table = tables(made)[0]
    by_model = expected.groupby("model", sort=False)["level"].agg(["min", "max"])
    assert len(table.rows) == len(by_model) + 1
    for row, (low, high) in zip(table.rows, by_model.to_numpy(), strict=False):
        shown = rounded(low) if rounded(low) == rounded(high) else interval(low, high)
        assert row.cells[2] == shown
    whole = table.rows[-1].cells[2]
    assert whole == interval(expected["level"].min(), expected["level"].max())
    assert any("0.71" in note for note in table.notes)
    assert "2020" in table.notes[0]  # no window crosses the break


def test_known_numbers_of_the_published_series_are_printed() -> None:
    """1.20 a year from 80.6 in 2025; 0.57 from 2022 on ends at 81.7; errors of the back-test."""
    groups = ["farmers_fishers", "disabled", "low_income", "older_adults"]
    four = project_published(
        "farmers_fishers", OVERALL, 83, 2027, std_error=ERROR, back_test=groups
    )
    given = Report(true_levels(), "ko", outlook=replace(outlook(is_true=True), projection=four))
    made = chapter_of(given.document, "outlook")
    back_test = next(t for t in tables(made) if "후방검증" in t.title)
    paces = next(t for t in tables(made) if "필요 증가폭" in t.title)
    errors = {
        row.cells[0]: [float(cell.split()[0]) for cell in row.cells[1:]] for row in back_test.rows
    }
    half = 0.0051  # printed to two decimals, known to three
    assert errors["직선"] == pytest.approx([0.201, 0.366, 0.475], abs=half)
    assert errors["최근 속도 유지(2년)"] == pytest.approx([0.146, 0.338, 0.488], abs=half)
    assert errors["변화 없음"] == pytest.approx([0.575, 1.150, 1.725], abs=half)
    assert back_test.rows[0].cells[1].endswith(", 3)")  # origins
    rows = {row.cells[0]: row.cells[1:] for row in paces.rows}
    assert rows["필요(2025~2027)"] == ("+1.20", "83.0")
    assert rows["최근(2022~2025)"] == ("+0.57", "81.7")
    fan, chart, *_ = figures(made)
    assert "해마다 1.20%p씩" in chart.takeaway
    assert "82.0%까지" in fan.takeaway
    assert "어느 전망 방법도 검증되었다고 할 수 없다" in said(made)


def test_a_survey_of_an_earlier_year_knows_nothing_of_later_levels() -> None:
    result = true_levels()
    metadata = result.scores.survey.schema.survey.model_copy(update={"year": 2024})
    found = look_ahead(with_schema(result, survey=metadata), std_error=ERROR).projection
    assert found is not None
    assert found.series.last == 2024
    assert found.required.per_year == pytest.approx((83 - 80.0) / 3)


# -- levers ------------------------------------------------------------------------------------


@every_language
def test_the_table_of_indicators_prints_their_effects(lang: Language) -> None:
    frame = lever_effects(levels().scores).to_frame()
    table = tables(chapter(lang))[0]
    assert len(table.rows) == len(frame) == 7
    for row, lever in zip(table.rows, frame.to_dict("records"), strict=True):
        bounds = interval(lever["conf_low"], lever["conf_high"])
        assert row.cells[1:3] == (rounded(lever["present"]), rounded(lever["raised_to"]))
        assert row.cells[3] == f"{signed(lever['effect'])} ({bounds})"


def test_parts_are_printed_by_dimension_with_their_flags() -> None:
    frame = lever_effects(levels().scores, by="sex").to_frame()
    levers = {each["lever"]: each for each in frame.to_dict("records")}
    table = tables(chapter())[-1]
    names = (OVERALL, "access", "capability", "usage")
    for row, code in zip(table.rows, ("1", "2"), strict=True):
        for cell, name in zip(row.cells[1:5], names, strict=True):
            lever = levers[f"sex/{code}/{name}"]
            if lever["status"] != "raised":
                assert cell == text(f"target.lever.{lever['status']}", "ko")
                continue
            assert cell.split()[0].rstrip("*") == signed(float(lever["effect"]))
            assert ("(" in cell) == (name == OVERALL)


def test_a_takeaway_counts_the_levers_that_would_do() -> None:
    frame = lever_effects(levels().scores).to_frame()
    gap = 83 - levels().level("group", "farmers")
    enough = int((frame["effect"] >= gap).sum())
    [figure, *_] = figures(chapter())
    assert f"({rounded(gap)}%p)" in figure.takeaway
    assert f"7개 가운데 {enough}개" in figure.takeaway


def test_no_word_of_the_chapter_is_banned() -> None:
    for is_true in (False, True):
        document = report("ko", is_true=is_true).document
        words = "\n".join(words_of(replace(document, chapters=(chapter("ko", is_true=is_true),))))
        assert [word for word in BANNED if word in words] == []


# -- nothing of what is not published ----------------------------------------------------------


def hidden_parts() -> set[str]:
    suppression = report("en").suppression
    assert suppression is not None
    return {
        dict(cell.codes)["province"]
        for cell in suppression.suppressed
        if cell.domain == "group*province" and ("group", "farmers") in cell.codes
    }


def poisoned() -> Outlook:
    """Return the outlook with huge numbers of every hidden part."""
    away, given = hidden_parts(), outlook()
    provinces = given.parts[0]
    hidden = [lever.part in away for lever in provinces.levers]
    mask = np.array(hidden)
    huge = np.where(mask, 777_777.7, provinces.effects.values)
    levers = tuple(
        replace(lever, n=7_777_777, present=777_777.7, raised_to=777_778.7, status="raised")
        if is_hidden
        else lever
        for lever, is_hidden in zip(provinces.levers, hidden, strict=True)
    )
    changed = replace(
        provinces,
        levers=levers,
        effects=replace(provinces.effects, values=huge),
        held=replace(provinces.held, values=huge),
        conf_low=np.where(mask, huge, provinces.conf_low),
        conf_high=np.where(mask, huge, provinces.conf_high),
    )
    return replace(given, parts=(changed, *given.parts[1:]))


def test_a_hidden_part_of_the_group_is_an_x_and_moves_nothing() -> None:
    assert "1" in hidden_parts()
    honest = report("en")
    leaking = Report(levels(), "en", outlook=poisoned())
    leaking.__dict__["suppression"] = honest.suppression
    assert leaking.document == honest.document
    for told, given in zip(leaking.attachments(), honest.attachments(), strict=True):
        assert (told.name, told.content) == (given.name, given.content)
    table = next(t for t in tables(chapter("en")) if "by province" in t.title)
    labels = {
        levels().scores.survey.schema.category_label("province", code, "en")
        for code in hidden_parts()
    }
    rows = [row for row in table.rows if row.cells[0] in labels]
    assert len(rows) == len(labels)
    assert all(set(row.cells[1:]) == {"x"} for row in rows)
    opened = Report(levels(), "en", None, "off", outlook=poisoned())
    assert "777777.7" in "\n".join(words_of(opened.document))


def test_a_hidden_group_has_no_levers_and_no_projection() -> None:
    """The error of a projection is that of the group, and the distance is drawn in its bars."""
    own = look_ahead(true_levels(), ["sex"])
    assert own.projection is not None
    given = Report(true_levels(), "en", outlook=own)
    assert given.suppression is not None
    hidden = replace(given.suppression, primary={FARMERS: ("threshold",)})
    given.__dict__["suppression"] = hidden
    made = chapter_of(given.document, "outlook")
    assert [block for block in made.blocks if isinstance(block, TableBlock | FigureBlock)] == []
    assert text("report.target.hidden", "en") in said(made)
    row = distance_to_target(true_levels().scores).row()
    whole = "\n".join(
        [*words_of(given.document), *(each.content.decode() for each in given.attachments())]
    )
    assert str(row.std_error) not in whole
    assert f"{rounded(-row.gap)} pp" not in whole


def test_parts_that_the_levels_do_not_hold_make_no_report() -> None:
    other = look_ahead(levels(), ["education"])
    with pytest.raises(PublicationError, match="DI-E267") as caught:
        Report(levels(), "ko", outlook=other)
    assert caught.value.params["cells"] == ["group*education"]


def test_levers_of_other_records_or_another_population_make_no_report() -> None:
    with pytest.raises(PublicationError, match="DI-E248"):
        Report(levels(1300), "ko", outlook=outlook())
    rural = lever_effects(levels().scores, definition="rural_residents")
    with pytest.raises(PublicationError, match="DI-E259"):
        Report(levels(), "ko", outlook=Outlook(rural, missing="synthetic"))


# -- the command -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outlook") / "survey.csv"
    simulate_survey("example", seed=2, n=1200).to_csv(path, index=False)
    return path


def test_the_command_looks_ahead_when_asked(survey: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    given = ["report", str(survey), "--schema", "example", "--by", "sex", "--lang", "en"]
    assert run([*given, "--outlook", "--levers-by", "sex", "--plan", "-o", str(path)]) == 0
    page = path.read_text("utf-8")
    for words in ("The way to the target", "what raising all scores would add, by sex", "plan’s"):
        assert words.replace("plan’s", "The plan&#39;s quantified goals") in page


@pytest.mark.parametrize("option", [("--levers-by", "sex"), ("--published-error", "0.7")])
def test_options_of_the_outlook_go_with_it(
    option: tuple[str, str], survey: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.html"
    assert run(["report", str(survey), "--schema", "example", *option, "-o", str(path)]) == 2
    assert "--outlook" in capsys.readouterr().err
    assert not path.exists()


def test_the_archive_holds_levers_and_projections_unrounded() -> None:
    files = {each.name: each.content for each in report("en", is_true=True).attachments()}
    found = json.loads(files["target.json"])["target"]
    assert len(found["levers"]) == 3
    assert found["published_std_error"] == ERROR
    linear = [e for e in found["projections"] if (e["model"], e["first"]) == ("linear", 2020)]
    assert round(linear[0]["level"], 1) == 82.0
    assert files["target.csv"].decode().startswith("definition,dimension,n,level,std_error")
