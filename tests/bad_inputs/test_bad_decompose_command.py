"""Whatever cannot be decomposed, the command says in one line why, names it, and writes nothing."""

import copy
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from divide_index import cli, scoring
from tests.samples import SCHEMAS, two_samples_frame

pytestmark = pytest.mark.once  # words and layout of our own

LANGS = pytest.mark.parametrize("lang", ["ko", "en"])
SECRET = "홍길동"  # stands in every record, in a column nobody asks for
VILLAGES = 60

Change = Callable[[pd.DataFrame], pd.DataFrame]


def as_it_is(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a survey without a change."""
    return frame


@cache
def good() -> pd.DataFrame:
    """Return a part of the survey of two samples: some forty PSUs of the general public."""
    frame = two_samples_frame()
    few = frame[frame["psu"] <= 40].assign(note=SECRET)
    return few.assign(village=[1 + number % VILLAGES for number in range(len(few))])


@cache
def good_schema() -> dict[str, Any]:
    """Return the schema of the survey, with villages."""
    whole = yaml.safe_load((SCHEMAS / "two_samples.yaml").read_text(encoding="utf-8"))
    codes = {number: str(number) for number in range(1, VILLAGES + 1)}
    whole["variables"]["village"] = {"codes": codes}
    return whole


def schema(**changes: object) -> dict[str, Any]:
    """Return the schema with changes at paths such as ``decomposition__cells``; None deletes."""
    whole = copy.deepcopy(good_schema())
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = whole
        for step in parents:
            node = node[step]
        node[last] = value
        if value is None:
            del node[last]
    return whole


@dataclass(frozen=True)
class Case:
    """A run: what is wrong, the code it must end with, what is given and what must be named."""

    title: str
    code: str
    options: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    change: Change = as_it_is
    schema: Callable[[], dict[str, Any]] = good_schema

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


def cases(listed: Iterable[Case]) -> Any:  # noqa: ANN401  a mark
    """Run every case once, the languages in turn."""
    given = [(case, ("ko", "en")[number % 2]) for number, case in enumerate(listed)]
    return pytest.mark.parametrize(("case", "lang"), given, ids=[str(case) for case, _ in given])


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    exit_code: int
    errors: list[str]
    printed: str
    changed: dict[str, bytes]


Runner = Callable[..., Run]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Runner:
    """Return a function that decomposes a survey in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_LANG", raising=False)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)

    def state() -> dict[str, bytes]:
        paths = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in paths}

    def decompose(case: Case, *more: str, output: str = "out/parts.csv") -> Run:
        case.change(good().copy()).to_csv("survey.csv", index=False)
        written = yaml.safe_dump(case.schema(), allow_unicode=True, sort_keys=False)
        Path("schema.yaml").write_text(written, encoding="utf-8")
        Path("out").mkdir(exist_ok=True)
        before = state()
        given = ["survey.csv", "--schema", "schema.yaml", "-o", output]
        exit_code = cli.run(["decompose", *given, *case.options, *more])
        captured = capsys.readouterr()
        after = state()
        assert {name: after.get(name) for name in before} == before
        changed = {name: after[name] for name in after.keys() - before.keys()}
        return Run(exit_code, captured.err.splitlines(), captured.out, changed)

    return decompose


def check_refusal(done: Run, code: str, lang: str) -> None:
    """Hold a run against what is expected of every refusal."""
    assert done.exit_code == 1
    *findings, said = done.errors
    assert all(line.startswith("DI-W") for line in findings), done.errors
    assert said.startswith(f"{code} ")
    assert (done.printed, done.changed) == ("", {})
    assert SECRET not in said
    assert "Traceback" not in said
    assert bool(re.search("[가-힣]", said)) == (lang == "ko")


def of_general(column: str, value: object) -> Change:
    """Return a change of a column of the general sample."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame[column] = frame[column].astype(object).mask(frame["sample"] == "general", value)
        return frame

    return change


def of_farmers(column: str, value: object) -> Change:
    """Return a change of a column of the farmers' sample."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame[column] = frame[column].astype(object).mask(frame["sample"] == "farmers", value)
        return frame

    return change


def two_psus_a_stratum(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the survey in so few PSUs that no regression has degrees of freedom."""
    return frame.assign(psu=1 + frame["psu"] % 2)


def one_psu_in_a_stratum(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the survey with a stratum of a single PSU."""
    return frame.assign(psu=frame["psu"].mask(frame["stratum"] == 2, 1))


def nine_who_answered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the survey with few complete cases in the general sample."""
    general = frame.index[(frame["sample"] == "general") & frame["income"].notna()]
    kept = general[:: len(general) // 9][:9]
    lacking = frame.index.difference(kept).difference(frame.index[frame["sample"] == "farmers"])
    frame.loc[lacking, "income"] = None
    return frame


def whole_schema(**changes: object) -> Callable[[], dict[str, Any]]:
    """Return the schema with changes, when it is asked for."""
    return lambda: schema(**changes)


THIRD_SEX = {1: "Men", 2: "Women", 3: "Third"}
EVERYBODY = {"label": {"ko": "모두", "en": "Everybody"}, "where": "sample == 'general'"}
NAMES = [
    Case("a factor with a slip", "DI-E282", ("--factors", "sex,agee"), ("agee", ": age.")),
    Case("a factor like nothing", "DI-E282", ("--factors", "zzz"), ("zzz", "sex, age, education")),
    Case("a factor that is a text", "DI-E282", ("--factors", "id"), ("id",)),
    Case("a formula among names", "DI-E282", ("--factors", "sex*age"), ("sex*age",)),
    Case("a group with a slip", "DI-E123", ("--group", "farmer"), ("farmer", "farmers")),
    Case("a domain with a slip", "DI-E124", ("--by", "regoin"), ("regoin", "region")),
    Case("a cross with a slip", "DI-E124", ("--by", "region*are"), ("are", "area")),
    Case("a cross with itself", "DI-E125", ("--by", "area*area"), ("area*area",)),
    Case("cells with a slip", "DI-E124", ("--cells", "aera"), ("aera", "region, area")),
    Case("cells of no domain", "DI-E124", ("--cells", "sex"), ("sex",)),
    Case("sets that lack factors", "DI-E295", ("--nested", "sex;age"), ("sex, age", "occupation")),
    Case("sets that repeat one", "DI-E295", ("--factors", "sex,age", "--nested", "sex;sex,age")),
    Case("no set at all", "DI-E295", ("--nested", ""), ("sex, age, education",)),
    Case("a condition cut short", "DI-E108", ("--where", "age >="), ("age >=",)),
    Case("a condition of nothing", "DI-E109", ("--where", "agee >= 65"), ("agee", "age")),
    Case("no factors in the schema", "DI-E281", schema=whole_schema(decomposition=None)),
    Case(
        "neither groups nor domains",
        "DI-E289",
        says=("region, area, age_group",),
        schema=whole_schema(groups={}, decomposition__factors__occupation__not_for=[]),
    ),
]
DATA = [
    Case(
        "factors that repeat each other",
        "DI-E260",
        ("--factors", "sex,age,age_group", "--group", "rural"),
        ("age=", "age_group="),
    ),
    Case(
        "a factor of many categories",
        "DI-E283",
        ("--factors", "sex,village", "--group", "rural"),
        ("village", "60"),
    ),
    Case(
        "a category only farmers have",
        "DI-E284",
        ("--factors", "sex,education"),
        ("sex", "3"),
        of_farmers("sex", 3),
        whole_schema(variables__sex__codes=THIRD_SEX),
    ),
    Case("a factor of one category", "DI-E285", says=("sex",), change=of_general("sex", 1)),
    Case("a number that never varies", "DI-E285", says=("income",), change=of_general("income", 3)),
    Case(
        "a factor that defines the group",
        "DI-E290",
        ("--factors", "age", "--group", "older"),
        ("older", "age"),
    ),
    Case(
        "no farmer with an income", "DI-E291", (), ("farmers", "income"), of_farmers("income", None)
    ),
    Case("nobody with an income", "DI-E291", (), ("income",), of_general("income", None)),
    Case("a condition nobody meets", "DI-E291", ("--where", "age >= 119")),
    Case(
        "a group that is everybody",
        "DI-E292",
        says=("everybody",),
        schema=whole_schema(groups__everybody=EVERYBODY),
    ),
    Case("fewer PSUs than columns", "DI-E293", (), ("sex, age",), two_psus_a_stratum),
    Case("a factor that cuts the cells", "DI-E294", ("--factors", "area,sex"), ("area",)),
    Case("a stratum of one PSU", "DI-E057", change=one_psu_in_a_stratum),
    Case(
        "a reference of nine",
        "DI-E240",
        ("--factors", "income", "--cells", "area"),
        change=nine_who_answered,
    ),
]


@cases([*NAMES, *DATA])
def test_what_cannot_be_decomposed_is_refused_in_one_line(
    run: Runner, case: Case, lang: str
) -> None:
    done = run(case, "--lang", lang)
    check_refusal(done, case.code, lang)
    for word in case.says:
        assert word in done.errors[-1]


def test_the_good_survey_is_decomposed(run: Runner) -> None:
    done = run(Case("nothing", ""), "--lang", "en")
    assert (done.exit_code, done.printed) == (0, "")
    assert {*done.changed} == {"out/parts.csv", "out/parts.csv.provenance.json"}
    assert all(line.startswith("DI-W") for line in done.errors)


@LANGS
def test_a_domain_without_a_complete_case_is_named_and_the_others_are_decomposed(
    run: Runner, lang: str
) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(income=frame["income"].mask(frame["region"] == 3))

    case = Case("", "", ("--by", "region", "--group", "rural"), change=change)
    done = run(case, "--lang", lang)
    assert done.exit_code == 0
    [said] = [line for line in done.errors if line.startswith("DI-W261 ")]
    assert "group*region/rural*3" in said
    rows = done.changed["out/parts.csv"].decode("utf-8-sig").splitlines()
    assert {row.split(",")[1] for row in rows[1:]} == {"rural", "rural*1", "rural*2"}


def test_a_category_that_is_empty_in_a_group_is_a_composition_like_any_other(run: Runner) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        rural = (frame["sample"] == "general") & (frame["area"] == "R")
        return frame.assign(education=frame["education"].mask(rural & (frame["education"] == 3), 2))

    done = run(Case("", "", ("--group", "rural"), change=change), "--lang", "en")
    assert done.exit_code == 0
    assert "rural,overall,explained,education," in done.changed["out/parts.csv"].decode()


@pytest.mark.parametrize("place", ["missing/parts.csv", "out", "survey.csv/parts.csv"])
def test_a_place_that_is_no_place_is_refused(run: Runner, place: str) -> None:
    check_refusal(run(Case("", ""), "--lang", "en", output=place), "DI-E079", "en")


def test_a_read_only_folder_is_refused_before_anything_is_read(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.drop(columns="weight")

    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    check_refusal(run(Case("", "", change=broken), "--lang", "ko"), "DI-E079", "ko")


def test_an_interruption_ends_with_130_and_leaves_nothing(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scoring, "score", interrupt)
    done = run(Case("", ""))
    assert (done.exit_code, done.printed, done.changed) == (130, "", {})


@LANGS
@pytest.mark.usefixtures("run")
def test_a_file_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str], lang: str) -> None:
    assert cli.run(["decompose", "nothing.csv", "--lang", lang]) == 1
    captured = capsys.readouterr()
    assert (captured.out, len(captured.err.splitlines())) == ("", 1)
    assert captured.err.startswith("DI-E101 nothing.csv")
