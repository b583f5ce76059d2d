"""Whatever arrives, a run says in one line what is wrong, writes nothing and betrays nobody.

The numbers are the rows of the catalogue of bad inputs.
"""

import copy
import errno
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from divide_index import cli, scoring
from divide_index.levels import relative_levels
from divide_index.publication.files import levels_as_json
from divide_index.schema import SurveySchema
from divide_index.survey import read_survey

LANGS = pytest.mark.parametrize("lang", ["ko", "en"])

SECRET = "홍길동 010-1234-5678"  # stands in a column nobody asks for
NAME = "김비밀"  # planted in cells that are read

SCHEMA = """
format: 1
name: base
title: {ko: 기본, en: Base}
survey: {name: {ko: 기본 조사, en: Base survey}}
variables:
  id: {type: text}
  sample: {codes: {general: {ko: 일반국민, en: General}, farmers: {ko: 농어민, en: Farmers}}}
  stratum: {type: text}
  psu: {type: text}
  weight: {type: number}
  area: {codes: {U: {ko: 동, en: Urban}, R: {ko: 읍·면, en: Rural}, "NA": {ko: 기타, en: Other}}}
  region: {codes: {1: {ko: 서울, en: Seoul}, 2: {ko: 부산, en: Busan}, 3: {ko: 제주, en: Jeju}}}
  age: {type: number, range: [7, 100]}
  online: {codes: {1: {ko: 예, en: Used}, 2: {ko: 아니요, en: Not used}}, missing: [9]}
  skill: {codes: {1: "1", 2: "2", 3: "3", 4: "4"}, missing: [9]}
  use: {codes: {1: "1", 2: "2", 3: "3", 4: "4"}, missing: [9], asked_if: online == 1, skip_means: 0}
design: {sample: sample, strata: [stratum], psu: psu, weight: weight, id: id}
items:
  online: {of: online, rule: share, codes: [1]}
  skill: {of: skill, rule: scale, goalposts: [1, 4]}
  use: {of: use, rule: scale, goalposts: [1, 4]}
dimensions:
  access:
    {label: {ko: 접근, en: Access}, weight: 0.2, indicators: {one: {weight: 1, items: [online]}}}
  capability:
    {label: {ko: 역량, en: Capability}, weight: 0.4, indicators: {one: {weight: 1, items: [skill]}}}
  usage:
    {label: {ko: 활용, en: Usage}, weight: 0.4, indicators: {one: {weight: 1, items: [use]}}}
reference: {label: {ko: 일반국민, en: General public}, where: sample == 'general'}
groups:
  rural: {label: {ko: 농어촌, en: Rural}, where: sample == 'general' and area == 'R'}
  farmers: {label: {ko: 농어민, en: Farmers}, where: sample == 'farmers'}
domains:
  region: {label: {ko: 시·도, en: Region}, variable: region}
  area: {label: {ko: 지역, en: Area}, variable: area}
"""
COLUMNS = [
    *("id", "sample", "stratum", "psu", "weight", "area", "region"),
    *("age", "online", "skill", "use", "note"),
]
RECORDS = 84
PARSED: dict[str, Any] = yaml.safe_load(SCHEMA)

Record = dict[str, object]


def records() -> list[Record]:
    """Return the good survey: enumeration areas of six alike, so that means are precise."""
    made: list[Record] = []
    for number in range(RECORDS):
        farmer, psu, person = number >= 60, number // 6, number % 6
        made.append(
            {
                "id": f"{number + 1:04d}",
                "sample": "farmers" if farmer else "general",
                "stratum": "F" if farmer else "AB"[number // 30],
                "psu": psu,
                "weight": 1.5 if farmer else 2 + number % 2,
                "area": "R" if farmer or person < 2 else "U",
                "region": 1 + person % 2,
                "age": 20 + number % 60,
                "online": 2 if person == 5 else 1,
                "skill": 1 + (person + (number % 29 == 0)) % 4,
                "use": "" if person == 5 else 1 + person % 4,
                "note": SECRET,
            }
        )
    return made


def as_csv(rows: Iterable[Mapping[str, object]], columns: Iterable[str] = COLUMNS) -> str:
    columns = list(columns)
    lines = [columns, *([str(row[name]) for name in columns] for row in rows)]
    return "".join(",".join(line) + "\n" for line in lines)


GOOD = as_csv(records())


def each(**changes: Callable[[Record], object] | object) -> str:
    """Return the survey with changed columns, a value or a function of the record each."""
    return as_csv(
        {**row, **{n: value(row) if callable(value) else value for n, value in changes.items()}}
        for row in records()
    )


def cell(column: str, *values: object) -> str:
    """Return the survey with other values in a column of the records of lines 3, 4, …"""
    rows = records()
    for row, value in zip(rows[1:], values, strict=False):
        row[column] = value
    return as_csv(rows)


def line(number: int, change: Callable[[str], str]) -> str:
    """Return the survey with one line of the file changed."""
    lines = GOOD.splitlines()
    lines[number - 1] = change(lines[number - 1])
    return "\n".join(lines) + "\n"


def schema(**changes: object) -> str:
    """Return the schema with changes at paths such as ``dimensions__access__weight``."""
    whole = copy.deepcopy(PARSED)
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = whole
        for step in parents:
            node = node[step]
        node[last] = value
        if value is None:
            del node[last]
    return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False)


@dataclass(frozen=True)
class Case:
    """A run: its row of the catalogue, the code it must end with, what it is given."""

    row: str
    code: str
    survey: str | bytes = GOOD
    schema: str = SCHEMA
    options: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    counts: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.row} {self.code}"


def cases(listed: list[Case]) -> Any:  # noqa: ANN401  a mark
    return pytest.mark.parametrize("case", listed, ids=[str(case) for case in listed])


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    exit_code: int
    errors: list[str]
    printed: str
    changed: dict[str, bytes]

    @property
    def document(self) -> dict[str, Any]:
        """The JSON it wrote."""
        return json.loads(self.changed["out/levels.json"])

    def level(self, domain: str, category: str, dimension: str = "overall") -> dict[str, Any]:
        """Return a row of the levels."""
        [row] = [
            row
            for row in self.document["levels"]
            if (row["domain"], row["category"], row["dimension"]) == (domain, category, dimension)
        ]
        return row


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Run]:
    """Return a function that runs ``compute`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_LANG", raising=False)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)

    def state() -> dict[str, bytes]:
        paths = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in paths}

    def compute(case: Case, *more: str, output: str = "out/levels.json") -> Run:
        survey = case.survey if isinstance(case.survey, bytes) else case.survey.encode()
        Path("survey.csv").write_bytes(survey)
        Path("schema.yaml").write_text(case.schema, encoding="utf-8")
        Path("out").mkdir(exist_ok=True)
        before = state()
        options = ["--schema", "schema.yaml", "-o", output, "--disclosure", "off"]
        options += [*case.options, *more]  # the samples are small: every cell is looked at
        exit_code = cli.run(["compute", "survey.csv", *options])
        captured = capsys.readouterr()
        after = state()
        assert {name: after.get(name) for name in before} == before
        changed = {name: after[name] for name in after.keys() - before.keys()}
        return Run(exit_code, captured.err.splitlines(), captured.out, changed)

    return compute


@cache
def good_levels() -> list[dict[str, Any]]:
    """Return the levels of the good survey, from a data frame."""
    survey = read_survey(pd.DataFrame(records()), SurveySchema.model_validate(PARSED))
    return json.loads(levels_as_json(relative_levels(scoring.score(survey)), None))["levels"]


def check_refusal(done: Run, code: str, lang: str) -> None:
    """Hold a run against what is expected of every refusal."""
    assert done.exit_code == 1
    assert len(done.errors) == 1, done.errors
    [said] = done.errors
    assert said.startswith(f"{code} ")
    assert done.printed == ""
    assert done.changed == {}
    for secret in (*SECRET.split(), NAME):
        assert secret not in said
    assert bool(re.search("[가-힣]", said.replace("읍·면", ""))) == (lang == "ko")


def test_the_good_survey_runs_without_a_word(run: Callable[..., Run]) -> None:
    done = run(Case("0", ""), "--by", "region,area")
    assert (done.exit_code, done.errors, done.printed) == (0, [], "")
    assert {*done.changed} == {"out/levels.json"}
    assert done.document["provenance"]["findings"] == []


# -- A. File, encoding, layout -----------------------------------------------------------------

KINDS = {
    "ZIP": b"PK\x03\x04",
    "XLS": b"\xd0\xcf\x11\xe0" + "Workbook".encode("utf-16-le"),
    "PDF": b"%PDF-1.7",
    "gzip": b"\x1f\x8b",
}
RENAMED = {"SAV": b"$FL2", "DTA": b"<stata_dta>", "Parquet": b"PAR1"}
FILES = [
    Case("1 CP949 for a survey in another language", "DI-E001", each(note=NAME).encode("cp949")),
    Case("1 broken bytes", "DI-E001", GOOD.encode() + b"\xff", says=("utf-8",)),
    Case("1 an encoding that is none", "DI-E120", schema=schema(encoding="utf-99")),
    Case(
        "3 mojibake",
        "DI-E103",
        GOOD.replace("region", "município").encode(),
        schema(encoding="latin-1", variables__region__column="município"),
    ),
    Case("12 semicolons", "DI-E012", GOOD.replace(",", ";"), says=("';'",)),
    Case("12 tabs", "DI-E012", GOOD.replace(",", "\t"), says=(r"'\t'",)),
    Case(
        "13 a comma at the end of records only",
        "DI-E015",
        GOOD.replace(f"{SECRET}\n", f"{SECRET},\n"),
        says=(str(RECORDS), "2, 3, 4, 5, 6", "13", "12"),
    ),
    Case("15 a record too long", "DI-E015", line(7, lambda x: f"{x},{NAME}"), says=("7",)),
    Case("16 a record too short", "DI-E016", line(9, lambda x: f"{NAME},R"), says=("9",)),
    Case("16 a blank line inside", "DI-E016", line(9, lambda _: ""), says=("9",)),
    Case("17 an open quote", "DI-E017", line(5, lambda x: f'"{NAME}{x}'), says=("5",)),
    Case("18 a repeated header", "DI-E018", line(1, lambda x: x.replace("age", "id"))),
    Case("19 a blank line above the header", "DI-E019", f"\n{GOOD}"),
    Case("20 NUL", "DI-E020", cell("note", f"{NAME}\0"), says=("3",)),
    Case("21 an empty file", "DI-E021", ""),
    Case("21 a header alone", "DI-E021", GOOD.splitlines()[0]),
    Case("21 blank lines", "DI-E021", "\n\n \n"),
    *(
        Case(f"25 {kind}", "DI-E025", raw + NAME.encode(), says=(kind,))
        for kind, raw in KINDS.items()
    ),
    *(
        Case(f"25 {kind} called CSV", "DI-E190", raw + NAME.encode(), says=(kind, "CSV"))
        for kind, raw in RENAMED.items()
    ),
    Case(
        "25 behind a password",
        "DI-E189",
        b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le") + NAME.encode(),
    ),
    Case(
        "19 a title row",
        "DI-E019",
        "survey 2025" + "," * 11 + f"\n{GOOD}",
        says=("header_row: 2",),
    ),
    Case("unknown columns", "DI-E103", GOOD.replace("skill", "abil"), says=("skill",)),
    Case("a misspelt column", "DI-E103", GOOD.replace("region", "regoin"), says=("regoin",)),
    Case("no weight column", "DI-E127", GOOD.replace("weight", "wgt_fin", 1), says=("weight",)),
]


# -- B. Identifiers, types, codes --------------------------------------------------------------

CODES = [
    Case("28 repeated ids", "DI-E028", cell("id", "0001", NAME, NAME), says=("2", "3, 5")),
    Case("30 a record without id", "DI-E030", cell("id", ""), says=("3",)),
    *(
        Case(f"33 an undeclared missing code {code}", "DI-E034", cell("skill", code), says=("3",))
        for code in (99, -1, 88, 9998)
    ),
    *(
        Case(
            f"34 {value} on a scale of four", "DI-E034", cell("skill", value, value), says=("n=2",)
        )
        for value in (0, 5, 3.5)
    ),
    Case("34 every wrong code at once", "DI-E034", cell("skill", 7, 8, 7), says=("n=2", "n=1")),
    Case("35 a label for a number", "DI-E035", cell("skill", NAME, NAME), says=("skill", "3, 4")),
    Case("35 an unknown label", "DI-E034", cell("area", NAME), says=("area", "U, R, NA")),
    Case("36 codes and labels", "DI-E035", each(skill=lambda r: NAME if r["skill"] == 1 else 2)),
    Case("11 a decimal comma", "DI-E011", cell("age", '"30,5"'), says=("age", "3")),
    Case("37 a date", "DI-E035", cell("skill", "2024-03-04"), says=("skill",)),
    Case("39 true and false", "DI-E035", cell("online", "True"), says=("online",)),
    *(
        Case(f"48 age {age}", "DI-E034", cell("age", age), says=("age", "7~100"))
        for age in (999, -5, 6, 1e400)
    ),
]


# -- C. Weights and design ---------------------------------------------------------------------

ALONE = each(psu=lambda r: "x" if r["stratum"] == "B" else r["psu"])
DESIGN = [
    Case("49 a weight left blank", "DI-E049", cell("weight", "", " "), says=("2", "3, 4")),
    Case("49 a weight that is no number", "DI-E035", cell("weight", "NaN"), says=("weight",)),
    Case("50 a negative weight", "DI-E050", cell("weight", -0.1), says=("weight", "3")),
    Case("52 an infinite weight", "DI-E052", cell("weight", "inf"), says=("weight", "3")),
    Case("52 a weight beyond any number", "DI-E052", cell("weight", "1e400"), says=("weight",)),
    Case("53 no weight at all", "DI-E053", each(weight=0), says=("weight",)),
    Case("57 a stratum with one PSU", "DI-E057", ALONE, says=("general/B", "--lonely")),
    Case("57 a single PSU", "DI-E122", each(stratum=1, psu=1, sample="general")),
    *(
        Case(f"59 a record without {name}", "DI-E059", cell(name, "", "\t"), says=(name, "3, 4"))
        for name in ("stratum", "psu", "sample")
    ),
    Case("60 nobody of the reference", "DI-E060", as_csv(records()[60:]), says=("usage",)),
    Case("60 nobody with a score", "DI-E060", each(skill=9), says=("capability",)),
    Case("61 an absent group", "DI-E061", as_csv(records()[:60]), says=("farmers",)),
    Case("62 a reference mean of zero", "DI-E062", each(skill=1), says=("capability",)),
    Case("an unknown group", "DI-E123", options=("--group", "farmer"), says=("farmers",)),
    Case("an unknown domain", "DI-E124", options=("--by", "regoin"), says=("region",)),
    Case("a domain twice", "DI-E125", options=("--by", "area*area")),
    Case("no condition", "DI-E108", options=("--where", "exec('x')")),
    Case("an unknown variable", "DI-E109", options=("--where", "aeg > 60"), says=("age",)),
    Case("an unknown code", "DI-E110", options=("--where", "area == 'X'"), says=("U, R",)),
]


# -- D. Configuration --------------------------------------------------------------------------

CONFIGURATION = [
    Case("68 weights beyond 1", "DI-E068", schema=schema(dimensions__access__weight=0.3)),
    Case("68 a negative weight", "DI-E070", schema=schema(dimensions__access__weight=-0.2)),
    Case("68 no weight", "DI-E116", schema=schema(dimensions__access__weight=None)),
    Case("69 a typo", "DI-E069", schema=schema(dimension={}), says=("dimensions",)),
    Case("69 code", "DI-E105", schema=f"{SCHEMA}\nunit: !!python/object/apply:os.getcwd []\n"),
    Case("69 aliases without end", "DI-E115", schema=f"a: [{'*x, ' * 300}]"),
    Case("69 a key written twice", "DI-E107", schema=f"{SCHEMA}\nreference: {{label: a}}\n"),
    Case("70 no", "DI-E141", schema=SCHEMA.replace("U: {ko", "no: {ko"), says=("area",)),
    Case("70 a date", "DI-E141", schema=SCHEMA.replace("missing: [9]", "missing: [2024-03-04]", 1)),
    Case("70 1e3", "DI-E140", schema=SCHEMA.replace("weight: 0.2", "weight: 2e-1")),
    Case("70 a text", "DI-E140", schema=schema(dimensions__access__weight="0.2")),
    Case("a newer format", "DI-E106", schema=schema(format=2), says=("2",)),
    Case("a schema that is none", "DI-E105", schema="\t"),
    Case("no such schema", "DI-E104", options=("--schema", "exampel"), says=("example",)),
]


@LANGS
@cases([*FILES, *CODES, *DESIGN, *CONFIGURATION])
def test_bad_input_is_refused_in_one_line(run: Callable[..., Run], case: Case, lang: str) -> None:
    done = run(case, "--lang", lang)
    check_refusal(done, case.code, lang)
    for word in case.says:
        assert word in done.errors[0]


@LANGS
def test_a_file_that_is_not_there_is_refused(
    run: Callable[..., Run], lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Case("0", ""))
    assert cli.run(["compute", "nothing.csv", "--lang", lang]) == 1
    assert capsys.readouterr().err.startswith("DI-E101 nothing.csv")


@LANGS
def test_a_file_that_may_not_be_read_is_refused(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "survey.csv" and not path.is_absolute():
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.R_OK)
    check_refusal(run(Case("0", ""), "--lang", lang), "DI-E102", lang)


@LANGS
def test_no_schema_fits(
    run: Callable[..., Run], lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Case("0", ""))
    assert cli.run(["compute", "survey.csv", "--lang", lang]) == 1
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("DI-E113 ")
    assert SECRET not in said


# -- what stops with a message, not with a traceback -------------------------------------------

WIDE = "".join(f"{text},,\n" for text in GOOD.splitlines())
DIMENSIONS = {f"d{number}": PARSED["dimensions"]["usage"] for number in range(8)}
TWICE = {
    "two strata": {"strata": ["stratum", "stratum"]},
    "the sample and a stratum": {"sample": "sample", "strata": ["sample", "stratum"]},
    "a stratum and the PSU": {"strata": ["stratum", "psu"], "psu": "psu"},
    "the weight and the fpc": {"weight": "weight", "fpc": "weight"},
    "the id and the PSU": {"strata": ["stratum"], "psu": "id", "id": "id"},
}
CRASHES = [
    Case("14 two commas at the end of every line", "", WIDE),
    Case("23 a header of 200 kB", "DI-E023", "x" * 200_000 + "\n1\n"),
    Case("1 an encoding that only refuses", "DI-E120", schema=schema(encoding="undefined")),
    Case(
        "70 a code written 1.0",
        "",
        schema=SCHEMA.replace("region: {codes: {1:", "region: {codes: {1.0:"),
        options=("--by", "region"),
    ),
    Case("52 weights that add up to infinity", "DI-E172", each(weight="1e308")),
    Case(
        "a schema whose sample has numbers for codes",
        "",
        each(sample=lambda r: 1 if r["sample"] == "general" else 2),
        SCHEMA.replace("{general: {", "{1: {")
        .replace("farmers: {ko: 농어민, en: Farmers}}}", "2: {ko: 농어민, en: Farmers}}}")
        .replace("== 'general'", "== 1")
        .replace("== 'farmers'", "== 2"),
    ),
    Case(
        "a domain of a design variable",
        "",
        each(stratum=lambda r: r["region"]),
        schema(design__strata=["region"]),
        options=("--by", "region"),
    ),
    Case(
        "a variable called row",
        "",
        GOOD.replace("age", "row"),
        SCHEMA.replace("  age:", "  row:"),
    ),
    Case(
        "a variable called n",
        "DI-E034",
        cell("age", 999).replace("age", "n"),
        SCHEMA.replace("  age:", "  n:"),
    ),
    Case(
        "a domain of a variable called w",
        "",
        GOOD.replace("region", "w"),
        schema().replace("region", "w"),
        options=("--by", "w"),
    ),
    Case(
        "many dimensions",
        "",
        schema=schema(dimensions={k: {**d, "weight": 0.125} for k, d in DIMENSIONS.items()}),
        options=("--by", "region*area"),
    ),
    *(Case(f"a variable is {what}", "?", schema=schema(design=d)) for what, d in TWICE.items()),
]


@cases(CRASHES)
def test_an_odd_input_is_read_or_refused_but_never_crashes(
    run: Callable[..., Run], case: Case
) -> None:
    done = run(case)
    if case.code == "?":  # either will do
        assert done.exit_code in {0, 1}
        assert all(said.startswith("DI-") for said in done.errors)
    elif case.code:
        assert done.exit_code == 1
        [said] = done.errors
        assert said.startswith(case.code)
    else:
        assert (done.exit_code, done.errors) == (0, [])


# -- what is read as it stands -----------------------------------------------------------------

KOREAN = schema(language="ko")
PEP = each(note="펲똠")
LONG = "90071992547409"
READ = [
    Case("1 CP949 for a Korean survey", "cp949", GOOD.encode("cp949"), KOREAN),
    Case("2 euc-kr with an extended syllable", "", PEP.encode("cp949"), schema(encoding="euc-kr")),
    Case("4 a byte order mark and quotes", "", GOOD.replace("id", '"id"', 1).encode("utf-8-sig")),
    Case("5 UTF-16", "", GOOD.encode("utf-16")),
    Case("14 a comma at the end of every line", "", "".join(f"{x},\n" for x in GOOD.splitlines())),
    Case("22 CR", "", GOOD.replace("\n", "\r")),
    Case("22 CRLF", "", GOOD.replace("\n", "\r\n")),
    Case("blank lines at the end", "", f"{GOOD}\n\n"),
    Case("29 leading zeros", "", cell("id", "1", "01", "001", "00001")),
    Case("30 ids of 16 digits", "", each(id=lambda r: f"{LONG}{r['id']}")),
    Case("31 groups called NA", "", each(area=lambda r: "NA" if r["area"] == "U" else "R")),
    Case("73 a label that looks like a template", "", each(note="{{ 7 * 7 }}")),
]  # fmt: skip


@cases(READ)
def test_an_awkward_but_sound_file_gives_the_same_levels(
    run: Callable[..., Run], case: Case
) -> None:
    done = run(case, "--cases", "complete")
    assert (done.exit_code, done.errors) == (0, [])
    assert done.document["levels"] == good_levels()


def test_row_31_a_category_called_na_is_a_category(run: Callable[..., Run]) -> None:
    survey = each(area=lambda r: "NA" if r["area"] == "U" else "R")
    done = run(Case("31", "", survey), "--by", "area")
    assert done.level("area", "NA")["n"] == 40
    assert done.level("area", "U")["n"] == 0


# -- what is counted ---------------------------------------------------------------------------

LOST = each(region=lambda r: "" if r["id"] in {"0003", "0004"} else r["region"])
NOTED = [
    Case(
        "9 blanks around a code",
        "DI-W009",
        each(area=lambda r: f" {r['area']}" if str(r["id"]) < "0010" else r["area"]),
        counts={"column": "area", "count": 9},
    ),
    Case(
        "32 a missing category",
        "DI-W032",
        LOST,
        options=("--by", "region"),
        counts={
            "population": "reference",
            "domain": "region",
            "count": 2,
            "percent": pytest.approx(100 * 5 / 150),
        },
    ),
    Case(
        "44 an answer to what was not asked",
        "DI-W044",
        each(use=lambda r: 3 if r["online"] == 2 else r["use"]),
        counts={"column": "use", "count": 14},
    ),
    Case(
        "51 a weight of zero",
        "DI-W051",
        cell("weight", 0, 0),
        counts={"column": "weight", "count": 2},
    ),
    Case("55 no design", "DI-W066", schema=schema(design={}), counts={}),
    Case("55 weights alone", "DI-W067", schema=schema(design={"weight": "weight"}), counts={}),
]


@LANGS
@cases(NOTED)
def test_a_surprise_is_said_and_counted(run: Callable[..., Run], case: Case, lang: str) -> None:
    done = run(case, "--cases", "complete", "--lang", lang)
    assert done.exit_code == 0
    [said] = [text for text in done.errors if text.startswith(f"{case.code} ")]
    assert bool(re.search("[가-힣]", said)) == (lang == "ko")
    assert not any(word in text for text in done.errors for word in SECRET.split())
    [found] = [f for f in done.document["provenance"]["findings"] if f["code"] == case.code]
    assert found == {"code": case.code, **case.counts}


def test_row_9_a_blank_makes_no_second_group(run: Callable[..., Run]) -> None:
    done = run(NOTED[0])
    assert done.document["levels"] == good_levels()


def test_row_44_who_was_not_asked_scores_zero_whatever_stands_there(
    run: Callable[..., Run],
) -> None:
    done = run(NOTED[2])
    assert done.document["levels"] == good_levels()


def test_row_51_a_weight_of_zero_is_not_counted_in_n(run: Callable[..., Run]) -> None:
    assert run(NOTED[3]).level("total", "total")["n"] == 58


@pytest.mark.parametrize(
    "survey",
    [each(region=lambda r: 1), each(weight=lambda r: 0 if r["region"] == 2 else 1)],
    ids=["61 nobody lives there", "53 all weights there are zero"],
)
def test_an_empty_domain_is_a_row_without_numbers(run: Callable[..., Run], survey: str) -> None:
    done = run(Case("61", "", survey), "--by", "region")
    assert done.exit_code == 0
    for category in ("2", "3"):
        row = done.level("region", category)
        assert (row["n"], row["df"]) == (0, 0)
        assert {row[name] for name in ("level", "std_error", "conf_low", "conf_high")} == {None}
    assert done.level("region", "1")["level"] > 0


@pytest.mark.parametrize("rule", ["remove", "certainty", "adjust", "average"])
def test_row_57_a_rule_for_lonely_strata_is_kept_in_the_provenance(
    run: Callable[..., Run], rule: str
) -> None:
    done = run(Case("57", "", ALONE), "--lonely", rule)
    assert done.exit_code == 0
    design = done.document["provenance"]["design"]
    assert (design["lonely_psu"], design["lonely_strata"]) == (rule, 1)


def test_row_58_a_psu_number_reused_in_another_stratum_is_another_psu(
    run: Callable[..., Run],
) -> None:
    done = run(Case("58", "", each(psu=lambda r: int(str(r["psu"])) % 5)))
    assert done.document["levels"] == good_levels()


def test_row_71_no_category_is_a_formula_in_a_csv_file(run: Callable[..., Run]) -> None:
    formula = '=HYPERLINK("http://x")'
    survey = each(area=lambda r: '"=HYPERLINK(""http://x"")"' if r["area"] == "U" else "R")
    with_formula = copy.deepcopy(PARSED)
    with_formula["variables"]["area"]["codes"] = {formula: None, "R": None, "+1": None}
    case = Case("71", "", survey, yaml.safe_dump(with_formula, allow_unicode=True))
    done = run(case, "--by", "area", output="out/levels.csv")
    written = done.changed["out/levels.csv"].decode()
    assert "'=HYPERLINK" in written
    assert "'+1" in written
    assert not re.search(r'(^|,)"?[=+@]', written, flags=re.MULTILINE)


# -- places that cannot be written -------------------------------------------------------------


@LANGS
def test_row_78_an_existing_file_is_refused(run: Callable[..., Run], lang: str) -> None:
    Path("out").mkdir()
    Path("out", "levels.json").write_text("mine", encoding="utf-8")
    check_refusal(run(Case("78", ""), "--lang", lang), "DI-E078", lang)
    Path("out", "levels.csv.provenance.json").write_text("mine", encoding="utf-8")
    check_refusal(run(Case("78", ""), "--lang", lang, output="out/levels.csv"), "DI-E078", lang)


@LANGS
@pytest.mark.parametrize("place", ["missing/levels.json", "out", "survey.csv/levels.json"])
def test_row_79_a_place_that_is_no_place_is_refused(
    run: Callable[..., Run], place: str, lang: str
) -> None:
    check_refusal(run(Case("79", ""), "--lang", lang, output=place), "DI-E079", lang)


@LANGS
def test_row_79_a_folder_that_is_read_only_is_refused_before_anything_is_read(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    check_refusal(run(Case("79", "", "broken"), "--lang", lang), "DI-E079", lang)


@LANGS
@pytest.mark.parametrize("output", ["out/levels.json", "out/levels.csv"])
def test_row_80_a_full_disk_leaves_nothing(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, output: str, lang: str
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    check_refusal(run(Case("80", ""), "--lang", lang, output=output), "DI-E080", lang)


@pytest.mark.parametrize("where", ["computing", "writing"])
def test_row_83_an_interruption_ends_with_130_and_leaves_nothing(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    if where == "computing":
        monkeypatch.setattr(scoring, "score", interrupt)
    else:
        monkeypatch.setattr(os, "fsync", interrupt)
    done = run(Case("83", ""))
    assert (done.exit_code, done.printed, done.changed) == (130, "", {})
    assert "".join(done.errors).strip() == ""


# -- nobody is betrayed ------------------------------------------------------------------------


def test_row_88_no_identifier_and_no_text_of_a_cell_leaves_the_run(run: Callable[..., Run]) -> None:
    survey = each(id=lambda r: f"{NAME}{r['id']}", psu=lambda r: f"{r['psu']}{NAME}")
    done = run(Case("88", "", survey), "--by", "region", "-v")
    assert done.exit_code == 0
    written = done.changed["out/levels.json"].decode() + "".join(done.errors)
    for secret in (*SECRET.split(), NAME):
        assert secret not in written


@LANGS
def test_row_88_a_file_without_headers_does_not_print_its_first_record(
    run: Callable[..., Run], lang: str
) -> None:
    headless = f"{NAME},general,A,0,2.5,U,1,33,9,4,3,{SECRET}\n" + GOOD.partition("\n")[2]
    check_refusal(run(Case("88", "", headless), "--lang", lang), "DI-E127", lang)
