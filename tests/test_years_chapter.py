"""Several years in the report: the numbers of `compare_years`, and none that is hidden."""

import json
import re
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from divide_index.cells import Cell
from divide_index.change import ChangeResult, compare_years
from divide_index.cli import run
from divide_index.errors import PublicationError
from divide_index.levels import LevelResult, relative_levels
from divide_index.messages import LANGUAGES, Language, text
from divide_index.publication.formatting import interval, rounded, signed
from divide_index.publication.report import Report, domains_of_report
from divide_index.publication.report.annual import domains_of_years
from divide_index.publication.report.blocks import (
    Bullets,
    Chapter,
    FigureBlock,
    Heading,
    Paragraph,
    TableBlock,
)
from divide_index.publication.year_tables import year_sentences
from divide_index.publication.years import PublishedYears
from divide_index.schema import OVERALL, load_schema
from divide_index.scoring import score
from divide_index.simulate import simulate_survey
from divide_index.survey import Survey, of_year, read_survey
from divide_index.waves import Samples, Waves
from tests.test_report import BANNED, chapter_of, words_of

pytestmark = pytest.mark.once  # words and layout of our own

YEARS = (2023, 2024, 2025)
GROUPS = tuple(Cell("group", name) for name in ("older", "farmers", "rural"))

every_language = pytest.mark.parametrize("lang", LANGUAGES)


@cache
def survey_of(year: int) -> Survey:
    frame = simulate_survey("example", seed=year, n=1200)
    return of_year(read_survey(frame, load_schema("example")), year)


@cache
def levels() -> LevelResult:
    """Return the levels of the last year, so small that cells must be suppressed."""
    survey = survey_of(2025)
    domains = domains_of_report(survey.schema, ["province", "sex"])
    return relative_levels(score(survey), domains)


@cache
def years(
    by: tuple[str, ...] = (), some: tuple[int, ...] = YEARS, samples: Samples = "independent"
) -> ChangeResult:
    return compare_years(Waves({year: survey_of(year) for year in some}, samples), by)


@cache
def report(lang: Language = "ko", by: tuple[str, ...] = ()) -> Report:
    return Report(levels(), lang, years=years(by))


def chapter(lang: Language = "ko", by: tuple[str, ...] = ()) -> Chapter:
    return chapter_of(report(lang, by).document, "years")


def tables(made: Chapter) -> list[TableBlock]:
    return [block for block in made.blocks if isinstance(block, TableBlock)]


def figures(made: Chapter) -> list[FigureBlock]:
    return [block for block in made.blocks if isinstance(block, FigureBlock)]


# -- the numbers of the years ------------------------------------------------------------------


@every_language
def test_the_levels_of_every_year_are_printed(lang: Language) -> None:
    result = years()
    table = tables(chapter(lang))[0]
    assert [column.label for column in table.columns[1:]] == [str(year) for year in YEARS]
    assert len(table.rows) == len(GROUPS) + 1  # the average
    for row, cell in zip(table.rows[1:], GROUPS, strict=True):
        for printed, year in zip(row.cells[1:], YEARS, strict=True):
            each = result.results[year]
            place = each.row(cell.domain, cell.category)
            level = rounded(each.estimate.values[place])
            bounds = interval(each.conf_low[place], each.conf_high[place])
            assert printed.replace("*", "") == f"{level} ({bounds})"


@every_language
def test_trends_come_first_and_changes_second_with_what_is_detectable(lang: Language) -> None:
    result, made = years(), chapter(lang)
    titles = [block.text for block in made.blocks if isinstance(block, Heading)]
    named = ("levels", "trends", "changes", "reading")
    expected = [text(f"report.years.section.{name}", lang) for name in named]
    assert titles == [f"{place}. {words}" for place, words in enumerate(expected, 1)]
    _, trends, _, changes = tables(made)
    frame = result.trend_frame()
    for row, each in zip(
        trends.rows, frame[frame["dimension"] == OVERALL].to_dict("records"), strict=True
    ):
        low, high = float(each["conf_low"]), float(each["conf_high"])
        assert row.cells[2] == f"{signed(float(each['trend']), 2)} ({interval(low, high, 2)})"
        assert row.cells[3] == rounded(float(each["scatter"]), 2)
    rows = [row.cells for row in changes.rows if not row.is_heading]
    whole = result.to_frame()
    expected_rows = whole[whole["dimension"] == OVERALL].to_dict("records")
    assert len(rows) == len(expected_rows) == 3 * (len(GROUPS) + 1)
    for cells, each in zip(rows, expected_rows, strict=True):
        assert cells[0] == f"{each['first']} → {each['last']}"
        assert cells[1].split()[0] == signed(float(each["change"]))
        assert cells[2] == rounded(float(each["detectable"]))
        assert cells[3] == text(f"years.verdict.{each['verdict']}", lang)


@every_language
def test_the_sentences_are_those_of_the_command_trend(lang: Language) -> None:
    given = report(lang)
    assert given.suppression is not None
    published = PublishedYears(years(), None)
    items = [i for b in chapter(lang).blocks if isinstance(b, Bullets) for i in b.items]
    for _, words in year_sentences(published, lang):
        assert words in items


def test_the_figures_show_every_year_and_every_change() -> None:
    panels, changes = figures(chapter("en"))
    result = years()
    for cell in GROUPS:
        for year in YEARS:
            level = rounded(result.results[year].level(cell.domain, cell.category))
            assert f"{year} {level} (" in panels.alt
        row = result.changes.row((cell.domain, cell.category), years=(2023, 2025))
        assert signed(result.changes.estimate.values[row]) in changes.alt
    found = [
        result.changes.verdicts[result.changes.row((c.domain, c.category), years=(2023, 2025))]
        for c in GROUPS
    ]
    judged = sum(verdict in {"rise", "fall", "within"} for verdict in found)
    assert f"of the {judged + 1} that were judged" in changes.takeaway  # with the average


def test_two_years_have_changes_and_no_trend() -> None:
    made = chapter_of(Report(levels(), "ko", years=years(some=(2024, 2025))).document, "years")
    said = " ".join(block.text for block in made.blocks if isinstance(block, Paragraph))
    assert "추세는 계산하지 않았다" in said
    assert not any("추세선" in column.label for t in tables(made) for column in t.columns)
    assert any("연도 간 변화" in table.title for table in tables(made))


def test_more_years_than_a_page_holds_stand_in_several_tables() -> None:
    some = (2020, 2021, 2022, 2023, 2024, 2025)
    made = chapter_of(Report(levels(), "ko", years=years(some=some)).document, "years")
    parts = [t for t in tables(made) if t.title.startswith("연도별 종합 수준")]
    assert [t.title[-5:] for t in parts] == ["(1/2)", "(2/2)"]
    shown = [column.label for t in parts for column in t.columns[1:]]
    assert shown == [str(year) for year in some]


def test_a_break_between_years_is_told_and_nothing_across_it_is_drawn() -> None:
    some = (2019, 2025)  # the published series of farmers breaks in 2020
    made = chapter_of(Report(levels(), "ko", years=years(some=some)).document, "years")
    changes = next(t for t in tables(made) if "연도 간 변화" in t.title)
    place = [row.cells[0] for row in changes.rows].index("농어민")
    assert changes.rows[place + 1].cells[3] == "단절"
    figure = next(f for f in figures(made) if "변화" in f.title)
    assert "농어민" not in figure.alt
    assert "고령층" in figure.alt
    items = " ".join(i for b in made.blocks if isinstance(b, Bullets) for i in b.items)
    assert "비교하거나 검정하지 않았다" in items


def test_what_the_samples_share_is_told() -> None:
    given = Report(levels(), "ko", years=years(samples="shared_psus"))
    made = chapter_of(given.document, "years")
    items = " ".join(i for b in made.blocks if isinstance(b, Bullets) for i in b.items)
    assert f"1차추출단위 {years(samples='shared_psus').shared_psus}개의 공분산" in items
    doubted = " ".join(i for b in chapter().blocks if isinstance(b, Bullets) for i in b.items)
    assert "--samples" in doubted  # the PSUs have the same names
    assert "서로 독립이라고 보았다." not in doubted  # once is enough


def test_a_published_year_without_its_margin_is_not_judged() -> None:
    waves = Waves({2025: replace(survey_of(2025), is_synthetic=False)})
    given = compare_years(waves, published=[2024])
    made = chapter_of(Report(levels(), "ko", years=given).document, "years")
    table = tables(made)[0]
    assert [column.label for column in table.columns[1:]] == ["2024(공표값)", "2025"]
    farmers = next(row.cells for row in table.rows if row.cells[0] == "농어민")
    assert farmers[1] == "80.0"  # as published
    items = " ".join(i for b in made.blocks if isinstance(b, Bullets) for i in b.items)
    assert "표본오차를 알 수 없어" in items


# -- nothing of what is not published ----------------------------------------------------------

POISON = 777_777.7


def hidden_cells() -> dict[int, set[Cell]]:
    published = report("en", ("group*province",))._published_years
    assert published is not None
    assert published.suppressions is not None
    return {year: set(each.suppressed) for year, each in published.suppressions.items()}


def poisoned() -> ChangeResult:
    """Return the years with huge numbers in every hidden cell, and in what rests on one."""
    result, away = years(("group*province",)), hidden_cells()
    results: dict[int, LevelResult] = {}
    for year, each in result.results.items():
        mask = np.array([cell in away[year] for cell in each.cells])
        values = np.where(mask, POISON, each.estimate.values)
        results[year] = replace(
            each,
            estimate=replace(each.estimate, values=values),
            n=np.where(mask, 7_777_777, each.n).astype(np.intp),
            conf_low=np.where(mask, POISON, each.conf_low),
            conf_high=np.where(mask, POISON, each.conf_high),
        )

    def moved(comparisons: Any, *, is_trend: bool) -> Any:  # noqa: ANN401
        mask = np.array(
            [
                any(
                    cell in away[year]
                    for year in (range(first, last + 1) if is_trend else (first, last))
                )
                for cell, first, last in zip(
                    comparisons.cells, comparisons.first, comparisons.last, strict=True
                )
            ]
        )
        names = ("conf_low", "conf_high", "adjusted", "detectable", "scatter", "p_values")
        changed = {name: np.where(mask, POISON, getattr(comparisons, name)) for name in names}
        values = np.where(mask, POISON, comparisons.estimate.values)
        return replace(
            comparisons, estimate=replace(comparisons.estimate, values=values), **changed
        )

    return replace(
        result,
        results=results,
        trends=moved(result.trends, is_trend=True),
        changes=moved(result.changes, is_trend=False),
    )


def leaking(given: ChangeResult, disclosure: Any = "report") -> Report:  # noqa: ANN401
    made = Report(levels(), "en", None, disclosure, years=years(("group*province",)))
    object.__setattr__(made, "years", given)  # past the check of its levels
    return made


def test_the_numbers_of_hidden_cells_move_nothing_in_a_report() -> None:
    away = hidden_cells()
    assert all(any(c.domain == "group*province" for c in cells) for cells in away.values())
    assert len({frozenset(cells) for cells in away.values()}) > 1  # not the same in every year
    honest = report("en", ("group*province",))
    told = leaking(poisoned())
    assert told.document == honest.document
    for ours, theirs in zip(told.attachments(), honest.attachments(), strict=True):
        assert (ours.name, ours.content) == (theirs.name, theirs.content)
    words = "\n".join(words_of(leaking(poisoned(), "off").document))
    assert "777777.7" in words


def test_this_survey_s_cells_are_decided_once_for_the_whole_report() -> None:
    given = report("en", ("group*province",))
    assert given.suppression is not None
    published = given._published_years
    assert published is not None
    assert published.suppressions is not None
    assert published.suppressions[2025] is given.suppression


# -- what belongs together ---------------------------------------------------------------------


def test_years_that_end_in_another_survey_make_no_report() -> None:
    other = {**{year: survey_of(year) for year in YEARS[:2]}, 2025: of_year(survey_of(2022), 2025)}
    with pytest.raises(PublicationError, match="DI-E248"):
        Report(levels(), "ko", years=compare_years(Waves(other)))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"confidence": 0.9}, "DI-E259"),
        ({"formula": "ratio_of_composites"}, "DI-E259"),
        ({"where": "sex == 1"}, "DI-E259"),
        ({"by": "education"}, "DI-E267"),
        ({"by": "province"}, ""),
    ],
)
def test_years_of_other_options_or_cells_make_no_report(options: Any, code: str) -> None:  # noqa: ANN401
    given = compare_years(Waves({year: survey_of(year) for year in YEARS[1:]}), **options)
    if not code:
        assert Report(levels(), "ko", years=given).document
        return
    with pytest.raises(PublicationError, match=code):
        Report(levels(), "ko", years=given)


def test_years_that_end_before_this_survey_make_no_report() -> None:
    with pytest.raises(PublicationError, match="DI-E259"):
        Report(levels(), "ko", years=years(some=(2023, 2024)))


def test_years_of_a_survey_without_groups_are_those_of_its_regions() -> None:
    schema = load_schema("example").model_copy(
        update={"groups": {}, "averages": {}, "target": None}
    )
    survey = read_survey(simulate_survey("example", seed=2, n=1200), schema)
    cut = relative_levels(score(survey), ["sex", "province"])
    assert domains_of_years(cut) == ["province"]
    assert domains_of_years(relative_levels(score(survey), ["sex"])) == ["sex"]
    assert domains_of_years(levels()) == []


@every_language
def test_the_provenance_names_the_files_of_every_year(lang: Language, tmp_path: Path) -> None:
    paths = {year: tmp_path / f"{year}.csv" for year in YEARS}
    for year, path in paths.items():
        simulate_survey("example", seed=year, n=1200).to_csv(path, index=False)
    given = {year: of_year(read_survey(path, "example"), year) for year, path in paths.items()}
    result = relative_levels(score(given[2025]), domains_of_report(given[2025].schema, ["sex"]))
    made = Report(result, lang, years=compare_years(Waves(given)))
    rows = [row.cells for row in chapter_of(made.document, "provenance").blocks[1].rows]  # type: ignore[union-attr]
    files = " ".join(" ".join(cells) for cells in rows)
    assert all(f"{year}.csv (SHA-256 " in files for year in YEARS)
    attached = {each.name: each.content for each in made.attachments()}
    document = json.loads(attached["years.json"])
    assert [each["year"] for each in document["provenance"]["years"]] == [*YEARS]
    assert len(document["change"]["trends"]) == 4 * (len(GROUPS) + 1)
    assert attached["years.csv"].decode("utf-8-sig").startswith("statistic,")


def test_no_word_of_the_chapter_is_banned() -> None:
    document = report("ko", ("group*province",)).document
    words = "\n".join(words_of(replace(document, chapters=(chapter("ko", ("group*province",)),))))
    assert [word for word in BANNED if word in words] == []


# -- the command -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("years")
    made = {year: folder / f"survey{year}.csv" for year in YEARS}
    for year, path in made.items():
        simulate_survey("example", seed=year, n=1200).to_csv(path, index=False)
    return made


def made_of(files: dict[int, Path], path: Path, *options: str) -> int:
    given = ["report", str(files[2025]), "--schema", "example", "--by", "sex", "--lang", "en"]
    return run([*given, *options, "-o", str(path)])


def test_the_command_tells_several_years_when_asked(files: dict[int, Path], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    options = ["--earlier", str(files[2024]), "--earlier", f"2023={files[2023]}"]
    assert made_of(files, path, *options, "--samples", "shared_psus") == 0
    page = path.read_text("utf-8")
    assert "Levels and changes over the years" in page
    assert "PSUs shared" in page
    assert page.index("The target, checked") < page.index('id="years"')
    assert re.search(r"survey2023\.csv", page)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--samples", "panel"), "--earlier"),
        (("--earlier-schema", "example"), "--earlier"),
        (("--earlier", "2025={2024}"), "2025"),
        (("--earlier", "2026={2024}"), "2026"),
        (("--earlier", "{2024}", "--earlier", "2024={2023}"), "twice"),
        (("--earlier", "2024={2024}", "--earlier-schema", "2023=example"), "2023"),
    ],
)
def test_years_that_do_not_fit_are_refused(
    options: tuple[str, ...],
    said: str,
    files: dict[int, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "report.html"
    named = [
        option.replace("{2024}", str(files[2024])).replace("{2023}", str(files[2023]))
        for option in options
    ]
    assert made_of(files, path, *named) == 2
    assert said in capsys.readouterr().err
    assert not path.exists()


def test_the_same_file_of_two_years_is_refused(
    files: dict[int, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.csv"
    shutil.copy(files[2025], copy)
    assert made_of(files, tmp_path / "report.html", "--earlier", f"2024={copy}") == 1
    assert "DI-E366" in capsys.readouterr().err


def test_an_earlier_file_is_not_written_over(files: dict[int, Path], tmp_path: Path) -> None:
    copy = tmp_path / "2024.html"
    shutil.copy(files[2024], copy)
    before = copy.read_bytes()
    assert made_of(files, copy, "--earlier", f"2024={copy}", "--force") == 1
    assert copy.read_bytes() == before
