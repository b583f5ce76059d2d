"""`divide-index target` prints what the target rooms compute, and refuses what makes no sense.

Pages are parsed back and held against the JSON, rounded a second time here; the JSON against the
frames of the API, and against the values of R. What may be published:
`test_target_publication.py`.
"""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import yaml
from rich.cells import cell_len

from divide_index import cli
from divide_index.history import published_levels
from divide_index.messages import Language, text
from divide_index.schema import SurveySchema, load_schema
from divide_index.scoring import score
from divide_index.survey import read_survey
from divide_index.target import distance_to_target, lever_effects, project_published
from tests.samples import DIMENSIONS, REFERENCE, ROOT, SCHEMAS, reference, small_frame
from tests.test_cli import HEAVY, Done, Runner, closed_early, loaded_by
from tests.test_decompose_command import between, nia, printed_tables, shown

pytestmark = pytest.mark.once  # words and layout of our own

R = reference("target_levers.json")
SURVEY = str(REFERENCE / "small.csv")
LEVERS = str(SCHEMAS / "small_levers.yaml")
WIDTH = 80
LANGUAGES: tuple[Language, ...] = ("ko", "en")
EVERY_LANGUAGE = pytest.mark.parametrize("lang", LANGUAGES)
NONE = "-"
TARGET = {"group": "farmers", "level": 83, "year": 2027}

Row = dict[str, Any]
approx = pytest.approx


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, in no language but the one asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_LANG", raising=False)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)
    (tmp_path / "small.yaml").write_text((SCHEMAS / "small.yaml").read_text("utf-8"), "utf-8")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    """Return a function that holds a survey against its target in this process."""
    return lambda *arguments: Done(cli.run(["target", *arguments]), capsys.readouterr())


def own_schema(name: str = "own.yaml", **more: Any) -> str:  # noqa: ANN401
    """Write a schema that extends the small one, and return its path."""
    whole: dict[str, Any] = {
        "extends": "small",
        "name": Path(name).stem,
        "survey": {"year": 2025},
        **more,
    }
    Path(name).write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    return name


def published_group() -> dict[str, Any]:
    """Return the groups of a schema whose farmers are those of the published series."""
    return {"farmers": {"published": "farmers_fishers"}}


# -- pages, parsed back ------------------------------------------------------------------------


def with_sign(value: float | None, decimals: int = 1) -> str:
    """Return a difference as it must be printed."""
    said = shown(value, decimals)
    return f"+{said}" if value is not None and float(said) > 0 else said


def or_none(value: float | None, decimals: int = 1) -> str:
    """Return a number, or the sign of none."""
    return NONE if value is None else shown(value, decimals)


def chance_of(probability: float | None) -> str:
    """Return a probability as it must be printed."""
    if probability is None:
        return "…"
    if probability < 0.01:
        return "<1"
    return ">99" if probability > 0.99 else shown(100 * probability, 0)


def span(values: Sequence[float], say: Any) -> str:  # noqa: ANN401  a function
    """Return the ends of a range, once if they print alike."""
    low, high = say(min(values)), say(max(values))
    return low if low == high else f"{low}~{high}"


class Document:
    """The JSON of a target, and the page that must say the same."""

    def __init__(self, content: str, schema: SurveySchema, lang: Language) -> None:
        self.content: dict[str, Any] = json.loads(content)
        self.target: dict[str, Any] = self.content["target"]
        self.schema = schema
        self.lang: Language = lang

    @property
    def own(self) -> str:
        """The definition that the target names."""
        assert self.schema.target is not None
        return self.schema.target.group

    def _verdict(self, row: Row) -> list[str]:
        mark = "*" if row["flag"] == "caution" else ""
        interval = between(row["conf_low"], row["conf_high"])
        return [
            f"{shown(row['level'])}{mark} ({interval})",
            with_sign(row["target_gap"]),
            text(f"target.verdict.{row['published_verdict']}", self.lang),
            text(f"target.verdict.{row['sampled_verdict']}", self.lang),
        ]

    def _basis(self, row: Row) -> list[str]:
        pace = row["required_pace"]
        return [
            chance_of(row["probability"]),
            shown(row["certain_level"]),
            NONE if pace is None else with_sign(pace, 2),
            or_none(row["target_among_others"]),
            f"{row['n']:,}",
        ]

    def _paces(self) -> list[list[str]]:
        rows = self.target.get("paces", [])
        last = {2025: 80.6}  # farmers and fishers, as published
        ends = self.schema.target.year if self.schema.target else 0
        return [
            [
                with_sign(row["per_year"], 2),
                shown(last[2025] + row["per_year"] * (ends - 2025)),
            ]
            for row in rows
        ]

    def _alone(self) -> list[list[str]]:
        return [
            [
                f"{row['weight']:g}",
                shown(row["level"]),
                or_none(row["needed"]),
                NONE if row["needed"] is None else with_sign(row["needed"] - row["level"]),
            ]
            for row in self.target["alone"]
            if row["definition"] == self.own
        ]

    def _lever(self, row: Row) -> list[str]:
        present = or_none(row["present"])
        if row["status"] == "":
            return ["x"] * 4
        if row["status"] != "raised":
            return [present, text(f"target.lever.{row['status']}", self.lang), NONE, NONE]
        effect = with_sign(row["effect"])
        if row["std_error"] is not None:
            effect += f" ({between(row['conf_low'], row['conf_high'])})"
        closes = row["closes"]
        part = NONE if closes is None else shown(100 * closes, 0)
        return [present, or_none(row["raised_to"]), effect, part]

    def _mix(self) -> list[list[str]]:
        rows = self.target.get("mix", [])
        if not rows:
            return []
        said = [
            [shown(row["points"]), between(row["lowest"], row["highest"]), shown(row["cost"])]
            for row in rows
        ]
        return [*said, [shown(sum(row["cost"] for row in rows))]]

    def _projections(self) -> list[list[str]]:
        rows = self.target.get("projections", [])
        if not rows:
            return []
        said: list[list[str]] = []
        for name in dict.fromkeys(row["model"] for row in rows):
            own = [row for row in rows if row["model"] == name]
            first = sorted({row["first"] for row in own})
            windows = f"{first[0]}" if len(first) == 1 else f"{first[0]}…{first[-1]}"
            said.append([f"{windows}~{own[0]['last']}", *self._ranges(own)])
        return [*said, self._ranges(rows)]

    def _ranges(self, rows: Sequence[Row]) -> list[str]:
        return [
            span([row["level"] for row in rows], shown),
            span([row["probability"] for row in rows], chance_of),
        ]

    def _back_test(self) -> list[list[str]]:
        rows = self.target.get("back_test", [])
        said: dict[tuple[str, int | None], list[str]] = {}
        for row in rows:
            cells = said.setdefault((row["model"], row["span"]), [])
            error, coverage = row["mean_absolute_error"], row["coverage"]
            cells.append(
                f"{shown(error, 2)} ({shown(100 * coverage, 0)}, {row['origins']})"
                if row["forecasts"]
                else NONE
            )
        return [*said.values()]

    def tables(self) -> list[list[list[str]]]:
        """Return the cells of the tables that a page must hold, without labels."""
        made = [
            [self._verdict(row) for row in self.target["distances"]],
            [self._basis(row) for row in self.target["distances"]],
            self._paces(),
            self._alone(),
            *([self._lever(row) for row in rows] for rows in self.target["levers"]),
            self._mix(),
            self._projections(),
            self._back_test(),
        ]
        return [table for table in made if table]


def check_page(page: str, document: Document) -> None:
    """Hold every number of a page's tables against the JSON, and its lines against a terminal."""
    assert max(cell_len(line) for line in page.splitlines()) <= WIDTH
    found = printed_tables(page)
    expected = document.tables()
    assert len(found) == len(expected)
    for table, rows in zip(found, expected, strict=True):
        for printed, row in zip(table.rows, rows, strict=True):
            assert [*printed[-len(row) :]] == row
    quoted = "".join(page.split())
    for row in document.target["sentences"]:
        assert "".join(f"{row['label']}{row['text']}".split()) in quoted


def both(run: Runner, lang: Language, schema: str, *arguments: str) -> tuple[str, Document]:
    """Return the page of a target and its JSON."""
    given = (*arguments, "--schema", schema, "--lang", lang)
    page, document = run(*given), run(*given, "--format", "json")
    assert (page.exit_code, document.exit_code) == (0, 0), page.err + document.err
    return page.out, Document(document.out, load_schema(schema), lang)


CASES: dict[str, tuple[str, ...]] = {
    "plain": (),
    "parts": ("--by", "area,region"),
    "raised": ("--by", "area", "--raise-to", "24"),
    "reference": ("--by", "area", "--raise-to", "reference"),
    "formula": ("--formula", "ratio_of_composites", "--confidence", "90"),
    "off": ("--by", "region", "--disclosure", "off"),
    "mix": ("--cost", "skills.capability=1:15", "--cost", "usage.usage=2"),
}


@EVERY_LANGUAGE
@pytest.mark.parametrize("case", [*CASES])
def test_every_number_of_the_page_is_the_rounded_number_of_the_json(
    run: Runner, case: str, lang: Language
) -> None:
    page, document = both(run, lang, LEVERS, SURVEY, *CASES[case])
    check_page(page, document)


@EVERY_LANGUAGE
def test_so_it_is_with_a_published_series(run: Runner, lang: Language) -> None:
    schema = own_schema(target={**TARGET, "measures": ["usage"]}, groups=published_group())
    page, document = both(run, lang, schema, SURVEY, "--published-error", "0.71")
    check_page(page, document)
    assert document.target["published_std_error"] == 0.71
    required = next(row for row in document.target["paces"] if row["kind"] == "required")
    assert required["per_year"] == approx(1.2)  # from 80.6 in 2025
    linear = [
        row
        for row in document.target["projections"]
        if (row["model"], row["first"]) == ("linear", 2020)
    ]
    assert shown(linear[0]["level"]) == "82.0"  # as the method says


@EVERY_LANGUAGE
def test_so_it_is_for_the_files_of_the_agencys_shape(run: Runner, lang: Language) -> None:
    given = [word for word in nia() if word not in {"--schema", "nia-2025"}]
    page, document = both(run, lang, "nia-2025", *given)
    check_page(page, document)
    [row] = [row for row in document.target["distances"] if row["dimension"] == "overall"]
    expected = reference("nia_levels.json")["groups"]["farmers"]["overall"]
    assert row["level"] == approx(expected["level"], rel=1e-9)
    assert row["std_error"] == approx(expected["se"], rel=1e-9)


# -- the JSON is the frames of the API, and the values of R ------------------------------------


def plain(frame: pd.DataFrame) -> list[Row]:
    """Return rows, missing numbers as None."""
    whole = frame.astype(object)
    return cast("list[Row]", whole.where(whole.notna(), None).to_dict("records"))


@pytest.mark.parametrize("formula", ["weighted_ratios", "ratio_of_composites"])
def test_the_json_is_the_frames_of_the_api_bit_for_bit(run: Runner, formula: str) -> None:
    more = ("--by", "area", "--formula", formula, "--format", "json")
    done = run(SURVEY, "--schema", LEVERS, *more)
    target = json.loads(done.out)["target"]
    scores = score(read_survey(SURVEY, LEVERS))
    result = distance_to_target(scores, formula=formula)  # pyright: ignore[reportArgumentType]
    rows = [{k: v for k, v in row.items() if k != "flag"} for row in target["distances"]]
    assert rows == plain(result.to_frame())
    assert target["alone"] == plain(result.alone_frame())
    for found, by in zip(target["levers"], (None, "area"), strict=True):
        expected = lever_effects(scores, by=by, formula=formula)  # pyright: ignore[reportArgumentType]
        assert found == plain(expected.to_frame())


def test_projections_are_those_of_the_published_series(run: Runner) -> None:
    schema = own_schema(groups=published_group())
    done = run(SURVEY, "--schema", schema, "--published-error", "0.71", "--format", "json")
    found = json.loads(done.out)["target"]["projections"]
    expected = project_published("farmers_fishers", "overall", 83, 2027, std_error=0.71)
    assert found == plain(expected.to_frame())


@pytest.mark.parametrize("name", ["farmers", "rural", "old_outside", "young"])
@pytest.mark.parametrize("dimension", ["overall", "usage"])
def test_every_definition_has_the_level_and_error_of_r(
    run: Runner, name: str, dimension: str
) -> None:
    done = run(SURVEY, "--schema", LEVERS, "--format", "json")
    rows = json.loads(done.out)["target"]["distances"]
    [row] = [r for r in rows if (r["definition"], r["dimension"]) == (name, dimension)]
    assert row["level"] == approx(R["levels"][name][dimension]["estimate"], rel=1e-9)
    assert row["std_error"] == approx(R["levels"][name][dimension]["se"], rel=1e-9)
    if dimension == "overall":
        expected = R["verdicts"][name]
        assert row["probability"] == approx(expected["probability"], rel=1e-9)
        assert row["certain_level"] == approx(expected["certain_level"], rel=1e-9)


def test_levers_have_the_effect_and_error_of_r(run: Runner) -> None:
    done = run(SURVEY, "--schema", LEVERS, "--raise-to", "24", "--format", "json")
    [rows] = json.loads(done.out)["target"]["levers"]
    columns = {"skills.access": "access", "skills.capability": "capability", "usage.usage": "usage"}
    raised = 0
    for row in rows:
        expected = R["indicators"]["farmers"]["number"][columns[row["lever"]]]
        if row["status"] != "raised":
            assert expected["held"]["estimate"] < 0
            continue
        raised += 1
        assert row["effect"] == approx(expected["recomputed"]["estimate"], rel=1e-9)
        assert row["std_error"] == approx(expected["recomputed"]["se"], rel=1e-9)
    assert raised > 0


def test_the_csv_holds_the_distances_and_has_its_provenance(run: Runner) -> None:
    for name in ("target.csv", "target.json"):
        assert run(SURVEY, "--schema", LEVERS, "-o", name, "--lang", "en").exit_code == 0
    document = json.loads(Path("target.json").read_text(encoding="utf-8"))
    with Path("target.csv").open(encoding="utf-8") as file:
        table = [*csv.DictReader(file)]
    for line, row in zip(table, document["target"]["distances"], strict=True):
        assert line == {key: "" if value is None else str(value) for key, value in row.items()}
    sidecar = json.loads(Path("target.csv.provenance.json").read_text(encoding="utf-8"))
    assert sidecar == document["provenance"]
    assert sidecar["method"]["target"] == {
        "group": "farmers",
        "dimension": "overall",
        "level": 99.0,
        "year": 2027,
    }


def test_only_sentences_and_labels_depend_on_the_language(run: Runner) -> None:
    contents: list[dict[str, Any]] = []
    for lang in LANGUAGES:
        done = run(SURVEY, "--schema", LEVERS, "--format", "json", "--lang", lang)
        contents.append(json.loads(done.out))
        del contents[-1]["target"]["sentences"]
    assert contents[0] == contents[1]


# -- verdicts ----------------------------------------------------------------------------------


def exactly() -> pd.DataFrame:
    """Return a survey in which the farmers' level is 83 to the last digit, with an error."""
    frame = small_frame()
    farmers = frame.index[frame["sample"] == "farmers"]
    frame.loc[frame["sample"] == "general", list(DIMENSIONS)] = 100.0
    frame.loc[farmers, "weight"] = 1.0
    scores = np.where(np.arange(len(farmers)) % 2 == 0, 70.0, 96.0)
    for name in DIMENSIONS:
        frame.loc[farmers, name] = scores
    return frame


@EVERY_LANGUAGE
def test_a_level_of_exactly_83_is_reached_as_published_and_cannot_be_told_with_its_error(
    run: Runner, lang: Language
) -> None:
    assert int((small_frame()["sample"] == "farmers").sum()) % 2 == 0
    exactly().to_csv("exact.csv", index=False)
    page, document = both(run, lang, own_schema(), "exact.csv")
    check_page(page, document)
    [row] = document.target["distances"]
    assert row["level"] == approx(83, abs=1e-12)
    assert row["std_error"] > 0
    assert (row["published_verdict"], row["sampled_verdict"]) == ("reached", "edge")
    assert row["probability"] == approx(0.5, abs=1e-9)
    assert (row["status"], row["required_pace"]) == ("met", None)
    assert printed_tables(page)[1].rows[0][1] == "50"
    assert document.target["alone"] == []
    sentence = " ".join(each["text"] for each in document.target["sentences"])
    assert {"ko": "도달", "en": "has been reached"}[lang] in sentence


@EVERY_LANGUAGE
@pytest.mark.parametrize(
    ("level", "year", "status"),
    [(83, 2020, "past"), (83, 2025, "missed"), (50, 2027, "met"), (95, 2026, "open")],
)
def test_a_target_that_is_past_due_met_or_open_says_so(
    run: Runner, lang: Language, level: float, year: int, status: str
) -> None:
    given = own_schema(target={**TARGET, "level": level, "year": year}, groups=published_group())
    page, document = both(run, lang, given, SURVEY)
    check_page(page, document)
    [row] = document.target["distances"]
    assert row["status"] == status
    assert (row["required_pace"] is None) == (status != "open")
    assert ("projections" in document.target) == (year > 2025)
    said = document.target["sentences"][0]["text"]
    assert (str(year) in said) or status == "met"


@EVERY_LANGUAGE
def test_a_target_above_a_group_that_is_above_its_reference_is_printed_too(
    run: Runner, lang: Language
) -> None:
    given = own_schema(target={"group": "urban", "level": 110, "year": 2027})
    page, document = both(run, lang, given, SURVEY, "--by", "region,area")
    check_page(page, document)
    assert document.target["distances"][0]["level"] > 100


# -- odd surveys -------------------------------------------------------------------------------


@EVERY_LANGUAGE
def test_one_dimension_is_its_own_overall_level(run: Runner, lang: Language) -> None:
    kept = {"access": {"weight": 1.0}, "capability": None, "usage": None}
    page, document = both(run, lang, own_schema(dimensions=kept), SURVEY)
    check_page(page, document)
    assert len(document.target["levers"][0]) == 1


@EVERY_LANGUAGE
def test_a_level_that_is_not_known_is_said_to_be_so(run: Runner, lang: Language) -> None:
    frame = small_frame()
    frame.loc[frame["sample"] == "farmers", "usage"] = float("nan")
    frame.to_csv("partly.csv", index=False)
    given = ("partly.csv", "--by", "area", "--cost", "access.given=1")
    page, document = both(run, lang, own_schema(groups=published_group()), *given)
    assert max(cell_len(line) for line in page.splitlines()) <= WIDTH
    [row] = document.target["distances"]
    assert (row["level"], row["published_verdict"]) == (None, "unknown")
    assert document.target["levers"] == []
    assert document.target["sentences"][0]["text"] == text("report.target.unknown", lang)


@EVERY_LANGUAGE
def test_without_a_degree_of_freedom_no_error_and_no_verdict_is_printed(
    run: Runner, lang: Language
) -> None:
    small_frame().assign(psu=1).to_csv("one.csv", index=False)
    done = run("one.csv", "--schema", own_schema(), "--lang", lang)
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith("DI-E057 ")
    page, document = both(run, lang, own_schema(), "one.csv", "--lonely", "adjust")
    check_page(page, document)
    [row] = document.target["distances"]
    assert (row["sampled_verdict"], row["probability"]) == ("unknown", None)


@EVERY_LANGUAGE
def test_households_are_a_unit_too(run: Runner, lang: Language) -> None:
    page, document = both(run, lang, own_schema(unit="household"), SURVEY)
    check_page(page, document)


@EVERY_LANGUAGE
def test_long_labels_keep_to_the_page_and_to_their_words(run: Runner, lang: Language) -> None:
    words = "Respondents of deinstitutionalised multigenerational households"
    korean = "예순다섯살이상의 농어촌거주단독가구 고령응답자"
    groups = {"farmers": {"label": {"ko": korean, "en": words}}}
    page, document = both(run, lang, own_schema(groups=groups), SURVEY, "--by", "region")
    check_page(page, document)
    longest = max((korean if lang == "ko" else words).split(), key=cell_len)
    assert longest in printed_tables(page)[0].rows[0][0].split()


@pytest.mark.parametrize("what", ["no series", "simulated", "formula"])
def test_without_a_comparable_published_series_nothing_is_projected(run: Runner, what: str) -> None:
    groups = {} if what == "no series" else published_group()
    more = ("--formula", "ratio_of_composites") if what == "formula" else ()
    if what == "simulated":
        assert cli.run(["simulate", "--seed", "1", "--n", "3000", "-o", "made.csv"]) == 0
        done = run("made.csv", "--schema", "example", "--format", "json")
    else:
        done = run(SURVEY, "--schema", own_schema(groups=groups), "--format", "json", *more)
    assert done.exit_code == 0
    assert not {"projections", "paces"} & json.loads(done.out)["target"].keys()


def test_the_plans_other_goals_are_told_with_their_values(run: Runner) -> None:
    values = {"values": {"digital_soc": [{"year": 2025, "value": 120, "source": "made"}]}}
    Path("values.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    for more in (("--plan",), ("--plan", "values.yaml")):
        given = (SURVEY, "--schema", own_schema(), *more)
        goals = json.loads(run(*given, "--format", "json").out)["target"]["goals"]
        names = {row["goal"] for row in goals}
        assert "digital_soc" in names
        assert len(names) == 6  # as the plan has them
        for lang in LANGUAGES:
            page = run(*given, "--lang", lang).out
            assert max(cell_len(line) for line in page.splitlines()) <= WIDTH
            assert text("target.goals", lang) in page
            assert ("120 (2025)" in page) == (len(more) > 1)


# -- slips -------------------------------------------------------------------------------------

SLIPS: list[tuple[str, dict[str, object], tuple[str, ...]]] = [
    ("target.raise", {"given": "best"}, ("--raise-to", "best")),
    ("target.raise", {"given": "101"}, ("--raise-to", "101")),
    ("target.raise", {"given": "-1"}, ("--raise-to", "-1")),
    ("target.raise", {"given": "nan"}, ("--raise-to", "nan")),
    ("target.cost", {"given": "usage.given"}, ("--cost", "usage.given")),
    ("target.cost", {"given": "usage.given=x"}, ("--cost", "usage.given=x")),
    ("target.cost", {"given": "usage.given=1:x"}, ("--cost", "usage.given=1:x")),
    ("target.cost", {"given": "=1"}, ("--cost", "=1")),
    (
        "target.cost_twice",
        {"name": "usage.given"},
        ("--cost", "usage.given=1", "--cost", "usage.given=2"),
    ),
]


@EVERY_LANGUAGE
@pytest.mark.parametrize(("code", "params", "arguments"), SLIPS)
def test_a_slip_ends_with_2_and_says_what_to_write(
    run: Runner, code: str, params: dict[str, Any], arguments: Sequence[str], lang: Language
) -> None:
    done = run(SURVEY, "--schema", own_schema(), *arguments, "--lang", lang)
    assert (done.exit_code, done.out) == (2, "")
    said = "".join(done.err.partition("Error: ")[2].split())
    assert said == "".join(text(f"cli.{code}", lang, **params).split())


def test_every_slip_of_the_catalogue_is_among_these() -> None:
    catalogue = (ROOT / "divide_index" / "messages" / "en.po").read_text(encoding="utf-8")
    lines = catalogue.splitlines()
    head = 'msgid "cli.'
    codes = {line.removeprefix(head)[:-1] for line in lines if line.startswith(f"{head}target.")}
    assert codes == {code for code, *_ in SLIPS}


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (SURVEY, "--source", f"a={SURVEY}"),
        (SURVEY, "--published-error", "0"),
        (SURVEY, "--format", "xlsx"),
        (SURVEY, "--formula", "mean"),
        (SURVEY, "more.csv"),
        (SURVEY, "--nothing"),
    ],
)
def test_what_the_command_does_not_take_ends_with_2(run: Runner, arguments: Sequence[str]) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.out) == (2, "")
    assert "Error: " in done.err


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("DI-E101", ("nothing.csv",)),
        ("DI-E124", (SURVEY, "--by", "nothing")),
        ("DI-E124", (SURVEY, "--by", "region*area")),
        ("DI-E347", (SURVEY, "--cost", "nothing=1")),
        ("DI-E348", (SURVEY, "--cost", "usage.given=1:100")),
        ("DI-E350", (SURVEY, "--cost", "usage.given=1:0")),
        ("DI-E351", (SURVEY, "--cost", "usage.given=-1")),
        ("DI-E351", (SURVEY, "--cost", "usage.given=nan")),
        ("DI-E170", (SURVEY, "-o", "target.pdf")),
        ("DI-E105", (SURVEY, "--plan", "nothing.yaml")),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    run: Runner, code: str, arguments: Sequence[str]
) -> None:
    done = run(*arguments, "--schema", own_schema())
    assert (done.exit_code, done.out) == (1, "")
    [said] = done.err.splitlines()
    assert said.startswith(f"{code} ")


def test_a_schema_without_a_target_or_a_year_is_refused(run: Runner) -> None:
    whole = yaml.safe_load((SCHEMAS / "small.yaml").read_text(encoding="utf-8"))
    del whole["target"]
    Path("none.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    assert run(SURVEY, "--schema", "none.yaml").err.startswith("DI-E341 ")
    assert run(SURVEY, "--schema", "small.yaml").err.startswith("DI-E340 ")


def test_nobody_in_the_targets_group_is_refused(run: Runner) -> None:
    frame = small_frame()
    frame[frame["sample"] == "general"].to_csv("general.csv", index=False)
    done = run("general.csv", "--schema", own_schema())
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith("DI-E061 ")


# -- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["survey.csv", "./survey.csv", "own.yaml", "values.yaml"])
def test_no_survey_schema_or_values_are_ever_replaced(run: Runner, name: str) -> None:
    Path("survey.csv").write_bytes(Path(SURVEY).read_bytes())
    Path("values.yaml").write_text("values: {}\n", encoding="utf-8")
    given = ("survey.csv", "--schema", own_schema(), "--plan", "values.yaml")
    before = Path(name).read_bytes()
    for kind in ("json", "csv", "table"):
        done = run(*given, "-o", name, "--format", kind, "--force")
        assert done.exit_code == 1
        assert done.err.startswith("DI-E171 ")
        assert Path(name).read_bytes() == before


def test_an_existing_file_is_replaced_only_with_force(run: Runner) -> None:
    for name in ("target.json", "target.csv", "target.txt"):
        Path(name).write_text("mine", encoding="utf-8")
        assert run(SURVEY, "--schema", LEVERS, "-o", name).err.startswith("DI-E078 ")
        assert Path(name).read_text(encoding="utf-8") == "mine"
        assert run(SURVEY, "--schema", LEVERS, "-o", name, "--force").exit_code == 0
        assert Path(name).read_text(encoding="utf-8") != "mine"


def test_only_a_korean_csv_file_starts_with_a_mark(run: Runner) -> None:
    for lang, marked in (("ko", True), ("en", False)):
        given = (SURVEY, "--schema", LEVERS, "--lang", lang)
        assert run(*given, "-o", f"{lang}.csv").exit_code == 0
        assert Path(f"{lang}.csv").read_bytes().startswith(b"\xef\xbb\xbf") is marked
        assert next(csv.reader(io.StringIO(run(*given, "--format", "csv").out)))[0] == "definition"


# -- what it costs -----------------------------------------------------------------------------


def test_help_imports_nothing_heavy_and_fits_a_terminal(run: Runner) -> None:
    code = "from divide_index.cli import run\nassert run(sys.argv[1:]) == 0"
    modules = {name.partition(".")[0] for name in loaded_by(code, "target", "--help")}
    assert modules & HEAVY == set()
    done = run("--help")
    assert max(len(line) for line in done.out.splitlines()) <= WIDTH


def test_a_target_loads_no_library_for_drawing() -> None:
    code = "from divide_index.cli import run\nassert run(sys.argv[1:]) == 0"
    modules = loaded_by(code, "target", SURVEY, "--schema", LEVERS, "-o", "target.txt")
    assert modules.isdisjoint({"matplotlib", "weasyprint", "pingouin", "statsmodels"})


@pytest.mark.parametrize("more", [(), ("--format", "json")])
def test_a_closed_pipe_ends_quietly(more: tuple[str, ...]) -> None:
    code, words = closed_early("target", SURVEY, "--schema", LEVERS, *more)
    assert code == 0
    assert all(line.startswith("DI-") for line in words.splitlines())


def test_the_published_series_of_these_tests_ends_where_they_say() -> None:
    table = published_levels()
    own = table[(table["group"] == "farmers_fishers") & (table["dimension"] == "overall")]
    assert own.set_index("year")["level"].iloc[-1] == 80.6
    assert own["year"].max() == 2025
