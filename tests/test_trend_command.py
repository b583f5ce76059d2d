"""`divide-index trend` prints what `compare_years` computes, and refuses what makes no sense.

Pages are parsed back and held against the JSON, rounded a second time here; the JSON against the
frames of the API, and against the values of R. What may be published: `test_years_publication.py`.
"""

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest
import yaml
from rich.cells import cell_len

from divide_index import cli
from divide_index.change import ChangeResult, compare_years, linked_levels, pool
from divide_index.levels import relative_levels
from divide_index.messages import Language, text
from divide_index.schema import load_schema
from divide_index.waves import read_waves
from tests.samples import REFERENCE, ROOT, SCHEMAS, reference
from tests.test_cli import HEAVY, Done, Runner, closed_early, loaded_by
from tests.test_decompose_command import Printed, between, printed_tables, shown
from tests.year_samples import YEARS, by_year, years_frame

pytestmark = pytest.mark.once  # words and layout of our own

R = reference("years.json")
SCHEMA = str(SCHEMAS / "years.yaml")
STACKED = str(REFERENCE / "years.csv")
FILES = tuple(f"{year}.csv" for year in YEARS)
WIDTH = 80
LANGUAGES: tuple[Language, ...] = ("ko", "en")
EVERY_LANGUAGE = pytest.mark.parametrize("lang", LANGUAGES)
NONE, UNKNOWN, SUPPRESSED = "-", "…", "x"

Row = dict[str, Any]
Key = tuple[str, str, str]
approx = pytest.approx


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with a file of each year, in no language but the one asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_LANG", raising=False)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)
    for year, frame in by_year(years_frame()).items():
        frame.to_csv(f"{year}.csv", index=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    """Return a function that compares years in this process."""
    return lambda *arguments: Done(cli.run(["trend", *arguments]), capsys.readouterr())


def schema_file(name: str, year: int | None = None, **more: Any) -> str:  # noqa: ANN401
    """Write a schema that extends the one of the years, and return its path."""
    for base in ("years.yaml", "small.yaml"):
        if not Path(base).exists():
            Path(base).write_text((SCHEMAS / base).read_text(encoding="utf-8"), encoding="utf-8")
    whole: dict[str, Any] = {"extends": "years", "name": Path(name).stem, **more}
    if year is not None:
        whole["survey"] = {"year": year}
    Path(name).write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    return name


def published_schema() -> str:
    """Return a schema whose farmers are those of the published series."""
    return schema_file("published.yaml", groups={"farmers": {"published": "farmers_fishers"}})


# -- pages, parsed back ------------------------------------------------------------------------


def with_sign(value: float | None, decimals: int = 1) -> str:
    """Return a difference as it must be printed."""
    said = shown(value, decimals)
    return f"+{said}" if value is not None and float(said) > 0 else said


def told(row: Row, name: str, decimals: int) -> str:
    """Return an estimate with its interval as it must be printed."""
    if row["flag"] == "suppressed":
        return SUPPRESSED
    points = with_sign(row[name], decimals)
    if row["conf_low"] is None:
        return points
    return f"{points} ({between(row['conf_low'], row['conf_high'], decimals)})"


class Years:
    """The JSON of several years, and the pages that must say the same."""

    def __init__(self, content: str) -> None:
        self.content: dict[str, Any] = json.loads(content)
        self.change: dict[str, list[Row]] = self.content["change"]
        self.levels: list[Row] = self.content["levels"]

    @property
    def provenance(self) -> dict[str, Any]:
        """What it rests on."""
        return self.content["provenance"]

    @property
    def years(self) -> list[int]:
        """The years, those only published too."""
        found = {row["year"] for row in [*self.levels, *self.change["published"]]}
        return sorted(found)

    @property
    def cells(self) -> list[tuple[str, str]]:
        """The cells in the order of the last year, then of the years before."""
        surveyed = sorted({row["year"] for row in self.levels}, reverse=True)
        rows = [row for year in surveyed for row in self.levels if row["year"] == year]
        every = dict.fromkeys((row["domain"], row["category"]) for row in rows)
        return [cell for cell in every if cell[0] != "total"]

    def of(self, name: str, cell: tuple[str, str], dimension: str = "overall") -> list[Row]:
        """Return the trends or changes of a cell."""
        return [
            row
            for row in self.change[name]
            if (row["domain"], row["category"]) == cell and row["dimension"] == dimension
        ]

    def _level(self, year: int, cell: tuple[str, str]) -> str:
        for row in [*self.levels, *self.change["published"]]:
            place = row["year"], row["domain"], row["category"], row["dimension"]
            if place != (year, *cell, "overall"):
                continue
            if row.get("flag") == "suppressed":
                return SUPPRESSED
            if row.get("n") == 0:
                return NONE
            level = shown(row["level"]) + ("*" if row.get("flag") == "caution" else "")
            low = row.get("conf_low")
            return level if low is None else f"{level} ({between(low, row['conf_high'])})"
        return NONE

    def _number(self, row: Row, name: str, decimals: int) -> str:
        return SUPPRESSED if row["flag"] == "suppressed" else shown(row[name], decimals)

    def _verdict(self, row: Row, lang: Language) -> str:
        if row["flag"] == "suppressed":
            return SUPPRESSED
        return text(f"years.verdict.{row['verdict']}", lang)

    def _part(self, cell: tuple[str, str], dimension: str) -> str:
        has_trend = bool(self.change["trends"])
        rows = self.of("trends" if has_trend else "changes", cell, dimension)
        if not has_trend:
            ends = (self.years[0], self.years[-1])
            rows = [row for row in rows if (row["first"], row["last"]) == ends]
        if not rows:
            return NONE
        [row] = rows
        if row["flag"] == "suppressed":
            return SUPPRESSED
        points = row["trend" if has_trend else "change"]
        high = row["conf_high"]
        margin = shown(None if high is None else high - points)
        found = " ns" if row["verdict"] == "within" else ""
        return f"{with_sign(points)}±{margin}{found}"

    def tables(self, lang: Language) -> list[list[list[str]]]:
        """Return the cells of the tables that a page must hold, without labels."""
        trends = [row for cell in self.cells for row in self.of("trends", cell)]
        changes = [row for cell in self.cells for row in self.of("changes", cell)]
        names = ["overall", *self.provenance["method"]["weights"]]
        parts = [[self._part(cell, name) for name in names] for cell in self.cells]
        made = [
            [[self._level(year, cell) for year in self.years] for cell in self.cells],
            [
                [
                    f"{row['first']}~{row['last']}",
                    told(row, "trend", 2),
                    self._number(row, "scatter", 2),
                    self._verdict(row, lang),
                ]
                for row in trends
            ],
            [
                [
                    f"{row['first']}→{row['last']}",
                    told(row, "change", 1),
                    self._number(row, "detectable", 1),
                    self._verdict(row, lang),
                ]
                for row in changes
            ],
            [row for row in parts if {*row} != {NONE}],
        ]
        return [table for table in made if table]


def check_page(page: str, document: Years, lang: Language) -> list[Printed]:
    """Hold every number of a page's tables against the JSON, and its lines against a terminal."""
    assert max(cell_len(line) for line in page.splitlines()) <= WIDTH
    found = printed_tables(page)
    expected = document.tables(lang)
    assert len(found) == len(expected)
    for table, rows in zip(found, expected, strict=True):
        size = len(rows[0])
        assert [[*row[-size:]] for row in table.rows] == rows
    quoted = "".join(page.split())
    for row in document.change["sentences"]:
        assert "".join(f"{row['label']}{row['text']}".split()) in quoted
    return found


def both(run: Runner, lang: Language, *arguments: str) -> tuple[str, Years]:
    """Return the page of a comparison and its JSON."""
    page = run(*arguments, "--lang", lang)
    document = run(*arguments, "--lang", lang, "--format", "json")
    assert (page.exit_code, document.exit_code) == (0, 0), page.err + document.err
    return page.out, Years(document.out)


CASES: dict[str, tuple[str, ...]] = {
    "plain": (*FILES, "--schema", SCHEMA),
    "two years": (*FILES[1:], "--schema", SCHEMA),
    "region": (*FILES, "--schema", SCHEMA, "--by", "region"),
    "crossed": (*FILES, "--schema", SCHEMA, "--by", "region*area,group*area"),
    "off": (*FILES, "--schema", SCHEMA, "--by", "region*area", "--disclosure", "off"),
    "shared": (*FILES, "--schema", SCHEMA, "--samples", "shared_psus", "--confidence", "99"),
    "where": (*FILES, "--schema", SCHEMA, "--where", "age >= 40", "--group", "rural,urban"),
    "formula": (*FILES, "--schema", SCHEMA, "--formula", "ratio_of_composites"),
}


@EVERY_LANGUAGE
@pytest.mark.parametrize("case", [*CASES])
def test_every_number_of_the_page_is_the_rounded_number_of_the_json(
    run: Runner, case: str, lang: Language
) -> None:
    page, document = both(run, lang, *CASES[case])
    check_page(page, document, lang)


@EVERY_LANGUAGE
@pytest.mark.parametrize("margin", [(), ("--published-margin", "1.4")])
def test_a_published_level_stands_in_page_json_and_csv(
    run: Runner, lang: Language, margin: tuple[str, ...]
) -> None:
    given = (*FILES[1:], "--schema", published_schema(), "--published", "2020,2022", *margin)
    page, document = both(run, lang, *given)
    check_page(page, document, lang)
    levels = {
        row["year"]: row["level"]
        for row in document.change["published"]
        if row["dimension"] == "overall"
    }
    assert levels == {2020: 77.3, 2022: 78.9}  # as the agency published them
    rows = csv.DictReader(io.StringIO(run(*given, "--lang", lang, "--format", "csv").out))
    found = [row for row in rows if row["statistic"] == "published"]
    assert {row["first"] for row in found if row["estimate"] == "78.9"} == {"2022"}
    verdicts = {row["verdict"] for row in document.of("changes", ("group", "farmers"))}
    assert ("withheld" in verdicts) == (not margin)


def test_a_published_year_with_a_margin_has_the_change_and_error_of_r(run: Runner) -> None:
    given = (*FILES, "--schema", published_schema(), "--published", "2022")
    done = run(*given, "--published-margin", "1.4", "--format", "json")
    document = Years(done.out)
    expected = R["published"]
    rows = document.of("changes", ("group", "farmers"))
    [row] = [row for row in rows if (row["first"], row["last"]) == (2022, 2023)]
    level = R["independent"]["farmers"]["weighted_ratios"]["levels"]["2023"]
    assert row["change"] == approx(level["estimate"] - 78.9, rel=1e-9)
    assert row["std_error"] == approx(math.hypot(level["se"], expected["se"]), rel=1e-9)


@pytest.mark.parametrize(
    ("samples", "block"),
    [("independent", "independent"), ("shared_psus", "shared")],
)
def test_the_json_has_the_trends_and_changes_of_r(run: Runner, samples: str, block: str) -> None:
    done = run(*FILES, "--schema", SCHEMA, "--samples", samples, "--format", "json")
    document = Years(done.out)
    for group in ("rural", "urban", "farm", "farmers"):
        expected = R[block][group]["weighted_ratios"]
        [trend] = document.of("trends", ("group", group))
        assert trend["trend"] == approx(expected["trend"]["estimate"], rel=1e-9)
        assert trend["std_error"] == approx(expected["trend"]["se"], rel=1e-9)
        for row in document.of("changes", ("group", group)):
            change = expected["changes"][f"{row['first']}-{row['last']}"]
            assert row["change"] == approx(change["estimate"], rel=1e-9, abs=1e-9)
            assert row["std_error"] == approx(change["se"], rel=1e-9)


# -- the JSON and CSV are the frames of the API ------------------------------------------------


def frames(result: ChangeResult) -> dict[str, list[Row]]:
    """Return the frames of a result as JSON has them: missing is null, and nothing flagged."""
    return {
        "trends": plain(result.trend_frame()),
        "changes": plain(result.to_frame()),
        "levels": plain(result.levels_frame()),
    }


def plain(frame: pd.DataFrame) -> list[Row]:
    """Return rows without flags, missing numbers as None."""
    whole = frame.drop(columns="flag").astype(object)
    return cast("list[Row]", whole.where(whole.notna(), None).to_dict("records"))


@pytest.mark.parametrize("samples", ["independent", "shared_psus"])
def test_the_json_is_the_frames_of_the_api_bit_for_bit(run: Runner, samples: str) -> None:
    given = (*FILES, "--schema", SCHEMA, "--by", "area", "--samples", samples)
    document = Years(run(*given, "--format", "json").out)
    sources = {year: f"{year}.csv" for year in YEARS}
    result = compare_years(read_waves(sources, SCHEMA, samples=samples), "area")  # pyright: ignore[reportArgumentType]
    found = {**{k: document.change[k] for k in ("trends", "changes")}, "levels": document.levels}
    assert "suppressed" not in {row["flag"] for rows in found.values() for row in rows}
    for rows in found.values():
        for row in rows:
            del row["flag"]
    assert found == frames(result)


def test_the_csv_holds_the_numbers_of_the_json_and_has_its_provenance(run: Runner) -> None:
    given = (*FILES, "--schema", SCHEMA, "--by", "region*area")
    for name in ("trend.csv", "trend.json"):
        assert run(*given, "-o", name, "--lang", "en").exit_code == 0
    document = Years(Path("trend.json").read_text(encoding="utf-8"))
    with Path("trend.csv").open(encoding="utf-8") as file:
        table = [*csv.DictReader(file)]
    own = {"trend": "trend", "change": "change", "level": "level"}
    rows: dict[str, list[Row]] = {
        "trend": document.change["trends"],
        "change": document.change["changes"],
        "level": [{**r, "first": r["year"], "last": r["year"]} for r in document.levels],
    }
    for kind, name in own.items():
        lines = [line for line in table if line["statistic"] == kind]
        assert len(lines) == len(rows[kind])
        for line, row in zip(lines, rows[kind], strict=True):
            assert line["estimate"] == written(row[name])
            shared = (line.keys() & row.keys()) - {"target_gap"}
            assert {key: line[key] for key in shared} == {key: written(row[key]) for key in shared}
    sidecar = json.loads(Path("trend.csv.provenance.json").read_text(encoding="utf-8"))
    assert sidecar == document.provenance
    assert [each["year"] for each in sidecar["years"]] == [*YEARS]


def written(value: object) -> str:
    """Return a JSON value as CSV has it."""
    return "" if value is None else str(value)


@EVERY_LANGUAGE
def test_only_sentences_depend_on_the_language(run: Runner, lang: Language) -> None:
    given = (*FILES, "--schema", SCHEMA, "--format", "json")
    document, other = (Years(run(*given, "--lang", each).out) for each in (lang, "en"))
    for each in (document, other):
        del each.content["change"]["sentences"]
    assert document.content == other.content


# -- which year a file is of -------------------------------------------------------------------


def levels_of(done: Done) -> list[Row]:
    """Return the levels of a JSON document."""
    assert done.exit_code == 0, done.err
    return json.loads(done.out)["levels"]


def test_a_year_is_told_by_the_name_by_what_stands_before_it_or_by_the_schema(
    run: Runner,
) -> None:
    more = ("--format", "json")
    named = levels_of(run(*FILES, "--schema", SCHEMA, *more))
    given: list[str] = []
    schemas: list[str] = []
    for year in YEARS:
        Path(f"{'abc'[year - 2023]}.csv").write_bytes(Path(f"{year}.csv").read_bytes())
        given.append(f"{year}={'abc'[year - 2023]}.csv")
        schemas += ["--schema", f"{year}={SCHEMA}"]
    assert levels_of(run(*given, "--schema", SCHEMA, *more)) == named
    assert levels_of(run(*given, *schemas, *more)) == named
    assert levels_of(run(*reversed(given), *schemas, *more)) == named


def test_a_schema_that_says_its_year_gives_it_to_its_file(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.csv").write_bytes(Path("2024.csv").read_bytes())
    own = schema_file("own.yaml", 2024)
    done = run("a.csv", "2025.csv", "--schema", own, "--format", "json")
    assert {row["year"] for row in levels_of(done)} == {2024, 2025}
    assert "DI-W364" not in done.err  # one schema for all is of one year
    done = run("2023.csv", "2025.csv", *("--schema", f"2023={own}"), "--schema", f"2025={SCHEMA}")
    assert done.exit_code == 0
    assert "DI-W364" in done.err
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)
    refused = run("a.csv", "2025.csv", "--schema", SCHEMA)
    assert (refused.exit_code, refused.out) == (1, "")
    assert refused.err.startswith("DI-E367 ")
    assert run("a.csv", "2024.csv", "--schema", own).err.startswith("DI-E368 ")


def test_two_years_in_a_name_tell_none(run: Runner) -> None:
    Path("2023-2024.csv").write_bytes(Path("2024.csv").read_bytes())
    assert run("2023-2024.csv", "2025.csv", "--schema", SCHEMA).err.startswith("DI-E367 ")
    Path("12024.csv").write_bytes(Path("2024.csv").read_bytes())
    assert run("12024.csv", "2025.csv", "--schema", SCHEMA).err.startswith("DI-E367 ")


def test_a_year_has_four_digits(run: Runner) -> None:
    done = run("24=2024.csv", "2025.csv", "--schema", SCHEMA)
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith("DI-E101 24=2024.csv: ")


def test_a_stacked_file_gives_what_a_file_for_each_year_gives(run: Runner) -> None:
    more = ("--schema", SCHEMA, "--format", "json", "--by", "region*area")
    one = Years(run(STACKED, "--wave", "year", *more).out)
    many = Years(run(*FILES, *more).out)
    assert one.levels == many.levels
    for name in ("trends", "changes", "sentences"):
        assert one.change[name] == many.change[name]


def test_several_files_of_a_year_are_given_by_name(run: Runner) -> None:
    frame = years_frame()
    for year, part in by_year(frame).items():
        for name in ("general", "farmers"):
            rows = part[part["sample"] == name].drop(columns="sample")
            rows.to_csv(f"{name}{year}.csv", index=False)
    sources = [
        word
        for year in YEARS
        for name in ("general", "farmers")
        for word in ("--source", f"{year}/{name}={name}{year}.csv")
    ]
    files = {name: {"constants": {"sample": name}} for name in ("general", "farmers")}
    done = run(*sources, "--schema", schema_file("files.yaml", files=files), "--format", "json")
    assert levels_of(done) == levels_of(run(*FILES, "--schema", SCHEMA, "--format", "json"))


# -- slips -------------------------------------------------------------------------------------

SLIPS: list[tuple[str, dict[str, object], tuple[str, ...]]] = [
    ("none", {}, ()),
    ("twice", {"file": "2024.csv"}, ("2024.csv", "2024.csv")),
    ("twice", {"file": "2025.csv"}, ("2024.csv", "2024=2025.csv")),
    ("twice", {"file": "2024.csv"}, ("--source", "2024/a=2025.csv", "2024.csv")),
    ("twice", {"file": "b.csv"}, ("--source", "2024/a=2025.csv", "--source", "2024/a=b.csv")),
    ("source", {"given": "2024=a.csv"}, ("--source", "2024=a.csv")),
    ("source", {"given": "2024/=a.csv"}, ("--source", "2024/=a.csv")),
    ("source", {"given": "2024/a="}, ("--source", "2024/a=")),
    ("source", {"given": "24/a=a.csv"}, ("--source", "24/a=a.csv")),
    ("mixed", {"given": "b"}, (*FILES, "--schema", "2024=a", "--schema", "b")),
    ("mixed", {"given": "a"}, (*FILES, "--schema", "a", "--schema", "b")),
    ("mixed", {"given": "2024=b"}, (*FILES, "--schema", "2024=a", "--schema", "2024=b")),
    ("unused", {"years": [2022]}, (*FILES, "--schema", f"2022={SCHEMA}")),
    (
        "year",
        {"option": "--published", "given": "x"},
        (*FILES, "--schema", SCHEMA, "--published", "x,2022"),
    ),
    ("year", {"option": "--pool", "given": "23"}, (*FILES, "--schema", SCHEMA, "--pool", "23")),
    ("year", {"option": "--pool", "given": "-"}, (*FILES, "--schema", SCHEMA, "--pool", "")),
    ("stacked", {}, (*FILES, "--schema", SCHEMA, "--wave", "year")),
    ("stacked", {}, (STACKED, "--schema", f"2024={SCHEMA}", "--wave", "year")),
    ("one", {"options": ["--linked", "--pool"]}, (*FILES, "--linked", "--pool", "2024")),
    ("one", {"options": ["--linked", "--pool"]}, (*FILES, "--linked", "--pool", "")),
    (
        "one",
        {"options": ["--pool", "--published"]},
        (*FILES, "--published", "2022", "--pool", "2024"),
    ),
    (
        "one",
        {"options": ["--linked", "--formula"]},
        (*FILES, "--linked", "--formula", "ratio_of_composites"),
    ),
    ("one", {"options": ["--linked", "--parts"]}, (*FILES, "--linked", "--parts")),
    (
        "one",
        {"options": ["--pool", "--parts", "--convergence"]},
        (*FILES, "--pool", "2024", "--parts", "--convergence", "region"),
    ),
    ("panel", {}, (*FILES, "--pool", "2024,2025", "--samples", "panel")),
    ("margin", {}, (*FILES, "--published-margin", "1.4")),
]


@EVERY_LANGUAGE
@pytest.mark.parametrize(("code", "params", "arguments"), SLIPS)
def test_a_slip_ends_with_2_and_says_what_to_write(
    run: Runner, code: str, params: dict[str, Any], arguments: Sequence[str], lang: Language
) -> None:
    done = run(*arguments, "--lang", lang)
    assert (done.exit_code, done.out) == (2, "")
    said = "".join(done.err.partition("Error: ")[2].split())
    assert said == "".join(text(f"cli.waves.{code}", lang, **params).split())


def test_every_slip_of_the_catalogue_is_among_these() -> None:
    catalogue = (ROOT / "divide_index" / "messages" / "en.po").read_text(encoding="utf-8")
    lines = catalogue.splitlines()
    codes = {
        line.removeprefix('msgid "cli.waves.')[:-1]
        for line in lines
        if line.startswith('msgid "cli.waves.')
    }
    assert codes == {code for code, *_ in SLIPS}


@pytest.mark.parametrize(
    "arguments",
    [
        (*FILES, "--samples", "some"),
        (*FILES, "--published", "2022", "--published-margin", "0"),
        (*FILES, "--confidence", "40"),
        (*FILES, "--format", "xlsx"),
        (*FILES, "--disclosure", "no"),
        (*FILES, "--nothing"),
    ],
)
def test_what_an_option_does_not_take_ends_with_2(run: Runner, arguments: Sequence[str]) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.out) == (2, "")
    assert "Error: " in done.err


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("DI-E364", FILES[:1]),
        ("DI-E366", ("2024.csv", "2025=2024.csv")),
        ("DI-E101", ("2024.csv", "other2025.csv")),
        ("DI-E124", (*FILES, "--by", "nothing")),
        ("DI-E373", (*FILES, "--published", "2022")),
        ("DI-E390", (*FILES, "--pool", "2024,2099")),
        ("DI-E170", (*FILES, "-o", "trend.xlsx")),
        ("DI-E117", (STACKED, "--wave", "nothing")),
        ("DI-E369", (STACKED, "--wave", "region")),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(
    run: Runner, code: str, arguments: Sequence[str]
) -> None:
    done = run(*arguments, "--schema", SCHEMA)
    assert (done.exit_code, done.out) == (1, "")
    [said] = done.err.splitlines()
    assert said.startswith(f"{code} ")


# -- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["2024.csv", "./2024.csv", "own.yaml", "first.yaml"])
def test_no_survey_and_no_schema_is_ever_replaced(run: Runner, name: str) -> None:
    own, first = schema_file("own.yaml"), schema_file("first.yaml")
    before = Path(name).read_bytes()
    schemas = ("--schema", f"2024={first}", "--schema", f"2025={own}")
    for kind in ("json", "csv", "table"):
        done = run(*FILES[1:], *schemas, "-o", name, "--format", kind, "--force")
        assert done.exit_code == 1
        assert done.err.startswith("DI-E171 ")
        done = run(*FILES, "--schema", "own.yaml", "-o", name, "--format", kind, "--force")
        assert (done.exit_code == 1) == (name != "first.yaml")
        if name == "first.yaml":
            Path(name).write_bytes(before)
        assert Path(name).read_bytes() == before


def test_an_existing_file_is_replaced_only_with_force(run: Runner) -> None:
    given = (*FILES[1:], "--schema", SCHEMA)
    for name in ("trend.json", "trend.csv", "trend.txt"):
        Path(name).write_text("mine", encoding="utf-8")
        assert run(*given, "-o", name).err.startswith("DI-E078 ")
        assert Path(name).read_text(encoding="utf-8") == "mine"
        assert run(*given, "-o", name, "--force").exit_code == 0
        assert Path(name).read_text(encoding="utf-8") != "mine"
    Path("new.csv.provenance.json").write_text("mine", encoding="utf-8")
    assert run(*given, "-o", "new.csv").err.startswith("DI-E078 ")
    assert not Path("new.csv").exists()


def test_only_a_korean_csv_file_starts_with_a_mark(run: Runner) -> None:
    for lang, marked in (("ko", True), ("en", False)):
        given = (*FILES[1:], "--schema", SCHEMA, "--lang", lang)
        assert run(*given, "-o", f"{lang}.csv").exit_code == 0
        assert Path(f"{lang}.csv").read_bytes().startswith(b"\xef\xbb\xbf") is marked
        assert not run(*given, "--format", "csv").out.startswith("\ufeff")


# -- pools and links ---------------------------------------------------------------------------


@EVERY_LANGUAGE
def test_a_pool_is_the_levels_of_the_api_and_says_that_it_is_one(
    run: Runner, lang: Language
) -> None:
    given = (*FILES, "--schema", SCHEMA, "--pool", "2024,2025", "--by", "region", "--lang", lang)
    page, document = run(*given), json.loads(run(*given, "--format", "json").out)
    waves = read_waves({year: f"{year}.csv" for year in YEARS}, SCHEMA)
    result = relative_levels(pool(waves, [2024, 2025], by=["region"]), ["region"])
    expected = plain(result.to_frame())
    rows = [{k: v for k, v in row.items() if k != "flag"} for row in document["levels"]]
    assert rows == expected
    assert document["provenance"]["pooled"] == [2024, 2025]
    assert "change" not in document
    assert max(cell_len(line) for line in page.out.splitlines()) <= WIDTH
    assert "2024~2025" in page.out.splitlines()[0]
    words = [line.partition(" ")[0] for line in page.err.splitlines()]
    assert len(words) == len({*page.err.splitlines()})
    overall = {(r["domain"], r["category"]): r for r in rows if r["dimension"] == "overall"}
    numbers = [row[1] for row in printed_tables(page.out)[0].rows]
    assert [number.removesuffix("*") for number in numbers] == [
        shown(row["level"]) for row in overall.values()
    ]


@EVERY_LANGUAGE
def test_linked_levels_are_those_of_the_api(run: Runner, lang: Language) -> None:
    given = (*FILES, "--schema", SCHEMA, "--linked", "--by", "region", "--lang", lang)
    page, document = run(*given), json.loads(run(*given, "--format", "json").out)
    waves = read_waves({year: f"{year}.csv" for year in YEARS}, SCHEMA)
    rows = [{k: v for k, v in row.items() if k != "flag"} for row in document["change"]["linked"]]
    assert rows == plain(linked_levels(waves, ["region"]).to_frame())
    assert max(cell_len(line) for line in page.out.splitlines()) <= WIDTH
    table = printed_tables(page.out)[0]
    cells = dict.fromkeys((r["domain"], r["category"]) for r in rows if r["domain"] != "total")
    for cell, printed in zip(cells, table.rows, strict=True):
        for year, number in zip(YEARS, printed[1:], strict=True):
            found = [
                row
                for row in rows
                if (row["year"], row["domain"], row["category"]) == (year, *cell)
                and row["dimension"] == "overall"
            ]
            row = found[0] if found else {"level": None}
            if row["level"] is None:
                assert number in {NONE, UNKNOWN}
            else:
                bounds = between(row["conf_low"], row["conf_high"])
                assert number == f"{shown(row['level'])} ({bounds})"


@EVERY_LANGUAGE
def test_a_condition_is_told_of_linked_levels_too(run: Runner, lang: Language) -> None:
    given = (*FILES, "--schema", SCHEMA, "--linked", "--where", "age >= 40", "--lang", lang)
    assert "age >= 40" in run(*given).out
    document = json.loads(run(*given, "--format", "json").out)
    assert document["provenance"]["method"]["where"] == "age >= 40"


# -- words -------------------------------------------------------------------------------------


@EVERY_LANGUAGE
def test_a_sentence_never_contradicts_the_verdict_beside_it(run: Runner, lang: Language) -> None:
    document = Years(run(*FILES, "--schema", SCHEMA, "--format", "json", "--lang", lang).out)
    schema = load_schema(SCHEMA)
    said = {row["label"]: row["text"] for row in document.change["sentences"]}
    adjusted = text("years.sentence.adjusted", lang)
    unlike = 0
    for name, group in schema.groups.items():
        cell = ("group", name)
        last = [row for row in document.of("changes", cell) if row["last"] == YEARS[-1]]
        rows = [*document.of("trends", cell), *(r for r in last if r["first"] == YEARS[-2])]
        beyond = [row for row in rows if not row["conf_low"] <= 0 <= row["conf_high"]]
        doubted = [row for row in beyond if row["verdict"] == "within"]
        assert said[group.label.of(lang)].count(adjusted) == len(doubted), name
        unlike += len(doubted)
    assert unlike > 0


@EVERY_LANGUAGE
def test_a_break_is_named_and_never_judged(run: Runner, lang: Language) -> None:
    given = schema_file(
        "broken.yaml",
        breaks={
            "frame": {"year": 2025, "group": "farmers", "kind": "sample", "source": "made for this"}
        },
    )
    page, document = both(run, lang, *FILES, "--schema", given)
    check_page(page, document, lang)
    rows = document.of("changes", ("group", "farmers"))
    assert {(r["first"], r["last"]): r["verdict"] for r in rows}[2024, 2025] == "break"
    assert [row["conf_low"] for row in rows if row["last"] == 2025] == [None, None]
    assert document.of("trends", ("group", "farmers")) == []
    assert "frame" in page
    label = load_schema(given).groups["farmers"].label.of(lang)
    [words] = [row["text"] for row in document.change["sentences"] if row["label"] == label]
    assert "2024" not in words.replace("2025", "")


# -- what it costs -----------------------------------------------------------------------------


def test_help_imports_nothing_heavy_and_fits_a_terminal(run: Runner) -> None:
    code = "from divide_index.cli import run\nassert run(sys.argv[1:]) == 0"
    modules = {name.partition(".")[0] for name in loaded_by(code, "trend", "--help")}
    assert modules & HEAVY == set()
    done = run("--help")
    assert max(len(line) for line in done.out.splitlines()) <= WIDTH


def test_comparing_years_loads_no_library_for_drawing() -> None:
    code = "from divide_index.cli import run\nassert run(sys.argv[1:]) == 0"
    modules = loaded_by(code, "trend", *FILES, "--schema", SCHEMA, "-o", "trend.txt")
    assert modules.isdisjoint({"matplotlib", "weasyprint", "pingouin"})


@pytest.mark.parametrize("more", [(), ("--linked",), ("--pool", "2024,2025"), ("--format", "json")])
def test_a_closed_pipe_ends_quietly(more: tuple[str, ...]) -> None:
    code, words = closed_early("trend", *FILES, "--schema", SCHEMA, "--group", "rural", *more)
    assert code == 0
    assert all(line.startswith("DI-") for line in words.splitlines())


def test_a_page_in_a_file_is_the_page_on_the_terminal(run: Runner) -> None:
    given = (*FILES, "--schema", SCHEMA, "--lang", "en")
    assert run(*given, "-o", "trend.txt").exit_code == 0
    assert Path("trend.txt").read_text(encoding="utf-8") == run(*given).out


# -- odd years ---------------------------------------------------------------------------------


def frame_of(year: int) -> pd.DataFrame:
    """Return the records of a year."""
    return pd.read_csv(f"{year}.csv")


@EVERY_LANGUAGE
def test_twelve_years_fit_the_page(run: Runner, lang: Language) -> None:
    files: list[str] = []
    for place, year in enumerate(range(2014, 2026)):
        frame = frame_of(YEARS[place % 3])
        frame["weight"] = frame["weight"] * (1 + place / 100)
        frame.to_csv(f"{year}.csv", index=False)
        files.append(f"{year}.csv")
    page, document = both(run, lang, *files, "--schema", SCHEMA)
    tables = check_page(page, document, lang)
    assert len(tables[0].rows[0]) == 1 + len(files)


@EVERY_LANGUAGE
def test_long_labels_are_not_broken_inside_a_word(run: Runner, lang: Language) -> None:
    words = "Respondents of multigenerational agricultural households"
    korean = "예순다섯살이상의 농어촌단독가구 고령응답자"
    given = schema_file("long.yaml", groups={"old": {"label": {"ko": korean, "en": words}}})
    page, document = both(run, lang, *FILES, "--schema", given)
    check_page(page, document, lang)
    longest = max((korean if lang == "ko" else words).split(), key=cell_len)
    labels = [row[0] for table in printed_tables(page) for row in table.rows if len(row) > 1]
    assert sum(longest in label.split() for label in labels) == len(document.tables(lang))


@EVERY_LANGUAGE
def test_a_region_that_is_empty_in_a_year_has_no_changes_there(run: Runner, lang: Language) -> None:
    frame = frame_of(2024)
    frame[frame["region"] != 3].to_csv("2024.csv", index=False)
    page, document = both(run, lang, *FILES, "--schema", SCHEMA, "--by", "region")
    check_page(page, document, lang)
    spans = {
        (r["first"], r["last"])
        for r in document.of("changes", ("region", "3"))
        if r["change"] is not None
    }
    assert spans <= {(2023, 2025)}


def test_a_year_without_the_group_is_refused(run: Runner) -> None:
    frame = frame_of(2024)
    frame[frame["sample"] != "farmers"].to_csv("2024.csv", index=False)
    done = run(*FILES, "--schema", SCHEMA)
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith("DI-E377 ")
    assert run(*FILES, "--schema", SCHEMA, "--group", "rural").exit_code == 0


def test_a_dimension_without_an_answer_is_refused(run: Runner) -> None:
    frame = frame_of(2024)
    frame["usage"] = float("nan")
    frame.to_csv("2024.csv", index=False)
    done = run(*FILES, "--schema", SCHEMA)
    assert (done.exit_code, done.out) == (1, "")
    assert "DI-E060" in done.err


@EVERY_LANGUAGE
def test_a_stratum_of_one_psu_is_refused_or_treated_as_asked(run: Runner, lang: Language) -> None:
    for year in YEARS:
        frame = frame_of(year)
        frame["psu"] = 1
        frame.to_csv(f"{year}.csv", index=False)
    done = run(*FILES, "--schema", SCHEMA, "--lang", lang)
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith("DI-E057 ")
    page, document = both(run, lang, *FILES, "--schema", SCHEMA, "--lonely", "adjust")
    check_page(page, document, lang)
    verdicts = {row["verdict"] for row in document.change["changes"]}
    assert verdicts == {"withheld"}  # no degree of freedom is left
    assert document.change["trends"] == []


def test_equal_weights_are_weights(run: Runner) -> None:
    for year in YEARS:
        frame_of(year).assign(weight=1.0).to_csv(f"{year}.csv", index=False)
    document = Years(run(*FILES, "--schema", SCHEMA, "--format", "json").out)
    frame = frame_of(2025)
    general, farmers = (frame[frame["sample"] == s] for s in ("general", "farmers"))
    weights = {"access": 0.2, "capability": 0.4, "usage": 0.4}
    expected = sum(
        w * 100 * farmers[name].mean() / general[name].mean() for name, w in weights.items()
    )
    [level] = [
        row["level"]
        for row in document.levels
        if (row["year"], row["category"], row["dimension"]) == (2025, "farmers", "overall")
    ]
    assert level == approx(expected, rel=1e-12)


# -- beside the levels -------------------------------------------------------------------------


@EVERY_LANGUAGE
def test_parts_keep_to_the_page_and_add_up_to_the_change(run: Runner, lang: Language) -> None:
    given = (*FILES, "--schema", SCHEMA, "--parts", "--by", "area", "--lang", lang)
    page, document = run(*given), Years(run(*given, "--format", "json").out)
    assert page.exit_code == 0
    assert max(cell_len(line) for line in page.out.splitlines()) <= WIDTH
    parts: dict[Key, dict[str, float]] = {}
    for row in document.change["sources"]:
        key = (row["domain"], row["category"], row["dimension"])
        parts.setdefault(key, {})[row["part"]] = row["contribution"]
    assert {domain for domain, *_ in parts} >= {"group", "area"}
    names = document.provenance["method"]["weights"]
    for domain, category, dimension in parts:
        if dimension != "overall":  # a dimension's parts are those of the overall level
            continue
        [change] = [
            row["change"]
            for row in document.of("changes", (domain, category))
            if (row["first"], row["last"]) == (YEARS[0], YEARS[-1])
        ]
        points = parts[domain, category, "overall"]
        assert points["total"] == approx(change, rel=1e-9, abs=1e-9)
        assert 2 * points["total"] == approx(sum(points.values()), rel=1e-9, abs=1e-9)
        for part, value in points.items():
            every = sum(parts[domain, category, name][part] for name in names)
            assert value == approx(every, rel=1e-9, abs=1e-9)


def test_regions_that_differ_by_chance_alone_have_variances_and_no_slope(run: Runner) -> None:
    """The refusal of a slope says to look at the variances alone, so they are printed."""
    files: list[str] = []
    for year in (2024, 2025):
        name = f"made{year}.csv"
        assert cli.run(["simulate", "--seed", str(year), "--n", "2500", "-o", name]) == 0
        files.append(name)
    given = (*files, "--schema", "example", "--convergence", "province")
    for lang in LANGUAGES:
        page = run(*given, "--lang", lang)
        assert max(cell_len(line) for line in page.out.splitlines()) <= WIDTH
    done = run(*given, "--format", "json")
    assert done.exit_code == 0
    assert "DI-E385" in done.err
    change = json.loads(done.out)["change"]
    assert {row["year"] for row in change["sigma"]} == {2024, 2025}
    assert "beta" not in change


@pytest.mark.real_data
def test_real_files_are_compared_and_the_same_files_refused(run: Runner, shared: Path) -> None:
    folder = shared / "data" / "tic_domicilios_2016"
    persons, households = folder / "individuos.csv", folder / "domicilios.csv"
    lines = persons.read_bytes().split(b"\n")
    copy = Path("copy.csv")  # without every fiftieth person
    copy.write_bytes(b"\n".join(line for place, line in enumerate(lines) if place % 50 != 1))

    def years(second: Path) -> tuple[str, ...]:
        pairs = [("2016", persons), ("2017", second)]
        named = [
            (f"{year}/persons={file}", f"{year}/households={households}") for year, file in pairs
        ]
        return tuple(word for pair in named for each in pair for word in ("--source", each))

    base = ("--schema", "tic-domicilios-2016", "--by", "region", "--lang", "en")
    same = run(*years(persons), *base)
    assert (same.exit_code, same.out) == (1, "")
    assert same.err.splitlines()[-1].startswith("DI-E366 ")
    page, document = both(run, "en", *years(copy), *base)
    check_page(page, document, "en")
    expected = json.loads((shared / "reference" / "tic_domicilios_2016.json").read_text("utf-8"))
    levels = {(r["year"], r["category"], r["dimension"]): r for r in document.levels}
    for region, values in expected["region"].items():
        row = levels[2016, region, "overall"]
        assert row["level"] == approx(values["weighted_ratios"]["level"], abs=1e-8)
        assert row["std_error"] == approx(values["weighted_ratios"]["se"], abs=1e-8)
        [change] = document.of("changes", ("region", region))
        errors = [levels[year, region, "overall"]["std_error"] for year in (2016, 2017)]
        assert change["std_error"] == approx(math.hypot(*errors), rel=1e-9)
    shared_too = Years(run(*years(copy), *base, "--samples", "shared_psus", "--format", "json").out)
    [change] = shared_too.of("changes", ("region", "1"))
    assert change["std_error"] < 0.2 * document.of("changes", ("region", "1"))[0]["std_error"]


def test_a_finding_is_told_once_and_with_its_years(run: Runner) -> None:
    for year, lacking in ((2023, 3), (2024, 6)):
        frame = frame_of(year)
        frame["area"] = frame["area"].where(frame.index >= lacking)
        frame.to_csv(f"{year}.csv", index=False)
    given = (*FILES, "--schema", SCHEMA, "--by", "area", "--lang", "en")
    for which in ("report", "off"):
        page = run(*given, "--disclosure", which).out
        notes = ["".join(note.split()) for note in page.partition("\n* ")[2].split("\n* ")]
        assert len(notes) == len({*notes})
        [*found] = [note for note in notes if "domainArea:" in note]
        if which == "report":  # a number would tell those of a small cell
            [only] = found
            assert only.startswith("2023,2024:")
        else:
            assert [note.partition(":")[0] for note in found] == ["2023", "2024"]
            assert ["category:3(" in found[0], "category:6(" in found[1]] == [True, True]
    codes = [line for line in run(*given, "--format", "json").err.splitlines() if "DI-W240" in line]
    assert len(codes) == 1


@pytest.mark.parametrize("kind", ["table", "json"])
def test_what_was_noticed_of_the_parts_is_told_too(run: Runner, kind: str) -> None:
    files: list[str] = []
    for year in (2024, 2025):
        name = f"made{year}.csv"
        assert cli.run(["simulate", "--seed", str(year), "--n", "2500", "-o", name]) == 0
        files.append(name)
    done = run(*files, "--schema", "example", "--parts", "--lang", "en", "--format", kind)
    assert done.exit_code == 0
    said = "".join((done.out if kind == "table" else done.err).split())
    assert "completecasesleaveoutmorethan5%" in said
