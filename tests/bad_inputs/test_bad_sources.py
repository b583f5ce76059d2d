"""Whatever files are given with ``--source``, a run says in one line what is wrong with them."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest
import yaml

from divide_index import cli
from tests.bad_inputs.test_bad_inputs import LANGS, NAME, PARSED, Run, check_refusal, records

HOUSES = 14
OF_HOUSES = ["area", "region"]


def schema(*, files: dict[str, Any]) -> str:
    """Return the schema of the bad inputs for persons and households."""
    whole: dict[str, Any] = copy.deepcopy(PARSED)
    whole["files"] = files
    whole["variables"]["house"] = {"type": "text"}
    if "households" in files:
        for name in OF_HOUSES:
            whole["variables"][name]["file"] = "households"
    else:
        del whole["variables"]["house"]
    return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False)


JOINED = schema(files={"persons": {}, "households": {"join": "persons", "key": ["house"]}})
ALONE = schema(files={})
REPEATED = schema(
    files={
        "persons": {},
        "older": {"part_of": "persons"},
        "households": {"join": "persons", "key": ["house"]},
    }
)
STACKED = schema(
    files={
        "general": {"constants": {"sample": "general"}},
        "farmers": {"constants": {"sample": "farmers"}},
    }
)


def whole() -> pd.DataFrame:
    return pd.DataFrame(records())


def persons() -> pd.DataFrame:
    frame = whole()
    houses = [f"{number % HOUSES:03d}" for number in range(len(frame))]
    return frame.drop(columns=OF_HOUSES).assign(house=houses)


def households() -> pd.DataFrame:
    houses = range(HOUSES)
    return pd.DataFrame(
        {
            "house": [f"{number:03d}" for number in houses],
            "area": ["R" if number % 3 == 0 else "U" for number in houses],
            "region": [1 + number % 2 for number in houses],
            "owner": NAME,
        }
    )


def one_sample(name: str) -> pd.DataFrame:
    """Return one sample; the farmers are older, or they would be the same people."""
    frame = whole().query(f"sample == '{name}'").drop(columns="sample")
    return frame.assign(age=frame["age"] + 40 * (name == "farmers"))


def csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def xlsx(frame: pd.DataFrame, *titles: str) -> bytes:
    """Return a workbook with title rows above its header."""
    book = openpyxl.Workbook()
    rows = [[title] for title in titles] + [[*frame.columns], *frame.to_numpy().tolist()]
    for row in rows:
        book.worksheets[0].append(row)
    path = Path("made.xlsx")
    book.save(path)
    content = path.read_bytes()
    path.unlink()
    return content


def sav(frame: Any, **said: Any) -> bytes:  # noqa: ANN401
    path = Path("made.sav")
    pyreadstat.write_sav(frame, path, **said)
    content = path.read_bytes()
    path.unlink()
    return content


def with_labels(*names: str) -> bytes:
    """Return an SPSS file that gives the codes of ``online`` these names."""
    frame = whole().drop(columns="note")
    frame["online"] = frame["online"].astype("float64")
    frame["use"] = pd.to_numeric(frame["use"])
    return sav(frame, variable_value_labels={"online": dict(enumerate(names, start=1))})


LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True)
class Case:
    """Files by name, how they are given, and the code that a run must end with."""

    about: str
    code: str
    files: Callable[[], dict[str, bytes]]
    sources: tuple[str, ...] = ("persons=persons.csv", "households=households.csv")
    schema: str = JOINED
    says: tuple[str, ...] = ()
    file: str | None = None  # what the line starts with, after the code
    survey: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.about} {self.code}"


def pair(one: pd.DataFrame | None = None, other: pd.DataFrame | None = None) -> dict[str, bytes]:
    """Return the two files, changed or sound."""
    return {
        "persons.csv": csv(persons() if one is None else one),
        "households.csv": csv(households() if other is None else other),
    }


def single(name: str, content: bytes) -> dict[str, bytes]:
    return {name: content}


def samples(**changed: pd.DataFrame) -> dict[str, bytes]:
    return {
        f"{name}.csv": csv(changed.get(name, one_sample(name))) for name in ("general", "farmers")
    }


BOTH = ("general=general.csv", "farmers=farmers.csv")
JOINS = [
    Case(
        "a join that multiplies",
        "DI-E197",
        lambda: pair(other=pd.concat([households(), households().head(2)])),
        says=("house", "households", "2", "16, 17"),
    ),
    Case(
        "a join that loses",
        "DI-E195",
        lambda: pair(other=households().iloc[1:]),
        says=("house", "6", "84", "2, 16, 30, 44, 58"),
    ),
    Case(
        "keys without their zeros",
        "DI-E195",
        lambda: pair(other=households().assign(house=range(HOUSES))),
        says=("84",),
    ),
    Case(
        "a person without a household",
        "DI-E178",
        lambda: pair(persons().assign(house=["", *persons()["house"][1:]])),
        says=("persons", "house", "1"),
    ),
    Case(
        "the paths exchanged",
        "DI-E196",
        pair,
        sources=("persons=households.csv", "households=persons.csv"),
        says=("persons", "households"),
        file="households.csv",
    ),
    Case(
        "a wrong code of a household",
        "DI-E034",
        lambda: pair(other=households().assign(region=[9, *households()["region"][1:]])),
        says=("region=9", "2"),
        file="households.csv",
    ),
    Case("one of two files", "DI-E194", pair, sources=("persons=persons.csv",)),
    Case(
        "no file of that name", "DI-E192", pair, sources=("people=persons.csv",), says=("people",)
    ),
    Case(
        "people twice",
        "DI-E193",
        pair,
        sources=("persons=persons.csv", "households=households.csv", "older=persons.csv"),
        schema=REPEATED,
    ),
    Case(
        "a single path for two files",
        "DI-E191",
        pair,
        sources=(),
        survey=("persons.csv",),
        says=("persons, households",),
    ),
    Case("a file that is not there", "DI-E101", lambda: {"persons.csv": csv(persons())}),
]
STACKS = [
    Case(
        "a sample given twice",
        "DI-E198",
        samples,
        ("general=general.csv", "farmers=general.csv"),
        STACKED,
        says=("general", "farmers", "100"),
    ),
    Case(
        "a sample given twice in another order",
        "DI-E198",
        lambda: samples(farmers=one_sample("general").iloc[::-1]),
        BOTH,
        STACKED,
        says=("general.csv", "farmers.csv", "100"),
    ),
    Case(
        "a negative weight in the second file",
        "DI-E050",
        lambda: samples(farmers=one_sample("farmers").assign(weight=-1)),
        BOTH,
        STACKED,
        file="farmers.csv",
    ),
    Case(
        "a missing column of the second file",
        "DI-E103",
        lambda: samples(farmers=one_sample("farmers").drop(columns="skill")),
        BOTH,
        STACKED,
        says=("skill",),
        file="farmers.csv",
    ),
]
KINDS = [
    Case(
        "19 a title row above the header",
        "DI-E019",
        lambda: single("survey.xlsx", xlsx(whole(), f"조사표 {NAME}")),
        says=("survey.xlsx", "header_row: 2"),
    ),
    Case(
        "19 two title rows above the header",
        "DI-E019",
        lambda: single("survey.xlsx", xlsx(whole(), f"조사표 {NAME}", "2025")),
        says=("survey.xlsx", "header_row: 3"),
    ),
    Case(
        "26 labels that disagree",
        "DI-E177",
        lambda: single("survey.sav", with_labels("아니요", "예")),
        says=("online", "1 = 아니요 (1 ≠ 2)"),
    ),
    Case(
        "26 labels that disagree in the other language",
        "DI-E177",
        lambda: single("survey.sav", with_labels("Not used", "Used")),
        says=("online", "2 = Used (2 ≠ 1)"),
    ),
    *(
        Case(
            f"25 a file behind a password called {name}",
            "DI-E189",
            lambda name=name: single(name, LOCKED),
            says=(name,),
        )
        for name in ("survey.xlsx", "survey.csv", "survey.dat")
    ),
    Case(
        "25 a workbook called CSV",
        "DI-E190",
        lambda: single("survey.csv", xlsx(whole())),
        says=("survey.csv", "XLSX", "CSV"),
    ),
    Case(
        "25 a CSV file called a workbook",
        "DI-E190",
        lambda: single("survey.xlsx", csv(whole())),
        says=("survey.xlsx", "XLSX", "CSV"),
    ),
    Case(
        "25 an SPSS file called a workbook",
        "DI-E190",
        lambda: single("survey.xlsx", with_labels("예", "아니요")),
        says=("SAV", "XLSX"),
    ),
    Case(
        "25 a workbook called an SPSS file",
        "DI-E190",
        lambda: single("survey.sav", xlsx(whole())),
        says=("SAV", "XLSX"),
    ),
    Case(
        "25 a damaged workbook",
        "DI-E200",
        lambda: single("survey.xlsx", xlsx(whole())[:-2000]),
        says=("survey.xlsx",),
    ),
]


def cases(listed: list[Case]) -> Any:  # noqa: ANN401  a mark
    return pytest.mark.parametrize("case", listed, ids=[str(case) for case in listed])


Runner = Callable[..., Run]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Runner:
    """Return a function that runs ``compute`` on files in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_LANG", raising=False)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)
    Path("out").mkdir()

    def state() -> dict[str, bytes]:
        paths = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in paths}

    def compute(files: dict[str, bytes], text: str, *arguments: str) -> Run:
        for name, content in files.items():
            Path(name).write_bytes(content)
        Path("schema.yaml").write_text(text, encoding="utf-8")
        before = state()
        options = ["--schema", "schema.yaml", "-o", "out/levels.json"]
        exit_code = cli.run(["compute", *options, *arguments])
        captured = capsys.readouterr()
        after = state()
        assert {name: after.get(name) for name in before} == before
        changed = {name: after[name] for name in after.keys() - before.keys()}
        return Run(exit_code, captured.err.splitlines(), captured.out, changed)

    return compute


def given_as(sources: tuple[str, ...]) -> list[str]:
    return [word for source in sources for word in ("--source", source)]


# -- sound files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "arguments", "text"),
    [
        (pair, given_as(JOINS[0].sources), JOINED),
        (samples, given_as(BOTH), STACKED),
        (lambda: single("survey.xlsx", xlsx(whole())), ["survey.xlsx"], ALONE),
        (lambda: single("survey.sav", with_labels("예", "Not used")), ["survey.sav"], ALONE),
    ],
    ids=["joined", "stacked", "a workbook", "an SPSS file"],
)
def test_sound_files_run_without_a_word(
    run: Runner, files: Callable[[], dict[str, bytes]], arguments: list[str], text: str
) -> None:
    done = run(files(), text, *arguments)
    assert (done.exit_code, done.errors, done.printed) == (0, [], "")
    assert {*done.changed} == {"out/levels.json"}
    read = done.document["provenance"]["input"]
    assert read["records"] == len(whole())
    assert {each["name"] for each in read["files"]} == {*files()}


# -- refused files -----------------------------------------------------------------------------


def check_case(run: Runner, case: Case, lang: str, *arguments: str) -> None:
    done = run(case.files(), case.schema, *arguments, "--lang", lang)
    # A name of the schema that is quoted in Korean makes no line Korean.
    told = [re.sub("예|아니요", "", line) if lang == "en" else line for line in done.errors]
    check_refusal(Run(done.exit_code, told, done.printed, done.changed), case.code, lang)
    [said] = done.errors
    assert "Traceback" not in said
    for words in case.says:
        assert words in said
    if case.file is not None:
        assert said.startswith(f"{case.code} {case.file}: ")


@LANGS
@cases([*JOINS, *STACKS])
def test_files_that_do_not_make_one_survey_are_refused_in_one_line(
    run: Runner, case: Case, lang: str
) -> None:
    check_case(run, case, lang, *case.survey, *given_as(case.sources))


@LANGS
@cases(KINDS)
def test_a_file_of_another_kind_or_layout_is_refused_in_one_line(
    run: Runner, case: Case, lang: str
) -> None:
    [name] = case.files()
    alone = Case(case.about, case.code, case.files, (), ALONE, case.says, case.file)
    check_case(run, alone, lang, name)


@LANGS
@cases(KINDS)
def test_it_is_refused_as_one_of_several_files_too(run: Runner, case: Case, lang: str) -> None:
    [name] = case.files()
    files = {"one": {}, "two": {"constants": {"sample": "farmers"}}}
    second = Case(
        case.about,
        case.code,
        lambda: {**case.files(), "two.csv": csv(one_sample("farmers"))},
        (),
        schema(files=files),
        case.says,
        name if case.code not in {"DI-E019", "DI-E189", "DI-E190", "DI-E200"} else None,
    )
    check_case(run, second, lang, *given_as((f"one={name}", "two=two.csv")))


# -- the command itself ------------------------------------------------------------------------

WORDS = {
    "malformed": {"en": "NAME=PATH", "ko": "이름=경로"},
    "twice": {"en": "twice", "ko": "두 번"},
    "both": {"en": "not both", "ko": "하나만"},
    "none": {"en": "Give a survey file", "ko": "조사 파일을 지정"},
}


@LANGS
@pytest.mark.parametrize(
    ("wrong", "arguments"),
    [
        ("malformed", ["--source", "persons"]),
        ("malformed", ["--source", "=persons.csv"]),
        ("malformed", ["--source", "persons="]),
        ("malformed", ["--source", " =persons.csv"]),
        ("malformed", ["--source", ""]),
        ("twice", ["--source", "persons=persons.csv", "--source", "persons =households.csv"]),
        ("both", ["persons.csv", "--source", "households=households.csv"]),
        ("none", []),
    ],
)
def test_a_source_that_is_not_given_rightly_is_a_mistake_in_the_command(
    run: Runner, wrong: str, arguments: list[str], lang: str
) -> None:
    done = run(pair(), JOINED, *arguments, "--lang", lang)
    assert (done.exit_code, done.printed, done.changed) == (2, "", {})
    assert WORDS[wrong][lang] in "\n".join(done.errors)
    assert "Traceback" not in "\n".join(done.errors)
