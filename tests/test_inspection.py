"""`check` says at once what is wrong with survey files; it computes and betrays nothing."""

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from divide_index import cli
from divide_index.errors import DivideIndexError
from divide_index.inspection import Inspection, check_survey
from divide_index.levels import relative_levels
from divide_index.schema import SurveySchema
from divide_index.scoring import score
from divide_index.survey import read_survey
from tests.examples import examples
from tests.samples import as_polars

Frames: TypeAlias = dict[str, pd.DataFrame]
Change: TypeAlias = Callable[[Frames], object]

LANGS = pytest.mark.parametrize("lang", ["ko", "en"])

SCHEMA = """
format: 1
name: inspected
title: {ko: 점검할 조사, en: Survey to inspect}
survey: {name: {ko: 점검할 조사, en: Survey to inspect}}
files:
  general: {constants: {sample: general}}
  households: {join: general, key: [house]}
  farmers: {constants: {sample: farmers}, absent: [house]}
variables:
  id: {type: text}
  house: {type: text}
  sample: {codes: {general: {ko: 일반국민, en: General}, farmers: {ko: 농어민, en: Farmers}}}
  stratum: {type: text}
  psu: {type: text}
  weight: {type: number}
  area: {codes: {U: {ko: 동, en: Urban}, R: {ko: 읍·면, en: Rural}}}
  device: {file: households, codes: {1: {ko: 예, en: "Yes"}, 2: {ko: 아니요, en: "No"}}}
  online: {codes: {1: {ko: 예, en: "Yes"}, 2: {ko: 아니요, en: "No"}}, missing: [9]}
  use: {codes: {1: "1", 2: "2", 3: "3", 4: "4"}, missing: [9], asked_if: online == 1, skip_means: 0}
  skill: {codes: {1: "1", 2: "2", 3: "3", 4: "4"}, missing: [9], skip_codes: [8], skip_means: 0}
design: {sample: sample, strata: [stratum], psu: psu, weight: weight, id: id}
items:
  device: {of: device, rule: share, codes: [1]}
  online: {of: online, rule: share, codes: [1]}
  use: {of: use, rule: scale, goalposts: [1, 4]}
  skill: {of: skill, rule: scale, goalposts: [1, 4]}
dimensions:
  access:
    label: {ko: 접근, en: Access}
    weight: 0.2
    indicators:
      device: {weight: 0.5, items: [device]}
      online: {weight: 0.5, items: [online]}
  capability:
    {label: {ko: 역량, en: Capability}, weight: 0.4, indicators: {one: {weight: 1, items: [skill]}}}
  usage:
    {label: {ko: 활용, en: Usage}, weight: 0.4, indicators: {one: {weight: 1, items: [use]}}}
reference: {label: {ko: 일반국민, en: General public}, where: sample == 'general'}
groups:
  rural: {label: {ko: 농어촌, en: Rural}, where: sample == 'general' and area == 'R'}
  farmers: {label: {ko: 농어민, en: Farmers}, where: sample == 'farmers'}
"""
PARSED: dict[str, Any] = yaml.safe_load(SCHEMA)
VARIABLES = ("device", "online", "use", "skill")

# Rare words of the records: none of them may ever be printed.
SECRETS = ("비밀번호", "김비밀", "홍길동", "010-1234-5678", "hong@example.kr", "층비밀", "조비밀")


def schema(**changes: object) -> SurveySchema:
    return SurveySchema.model_validate({**PARSED, **changes})


def records(n: int, first: int) -> pd.DataFrame:
    """Return persons in two strata of PSUs of five."""
    numbers = range(first, first + n)
    return pd.DataFrame(
        {
            "id": [f"비밀번호{number}" for number in numbers],
            "stratum": [f"층비밀{number % 2}" for number in numbers],
            "psu": [f"조비밀{number // 10}" for number in numbers],
            "weight": [2.5 + number % 3 for number in numbers],
            "area": ["R" if number % 3 == 0 else "U" for number in numbers],
            "online": [2 if number % 5 == 4 else 1 for number in numbers],
            "use": [None if number % 5 == 4 else 1 + number % 4 for number in numbers],
            "skill": [[1, 2, 3, 4, 8, 9][number % 6] for number in numbers],
            "note": ["홍길동 사무실 방문" for _ in numbers],
        }
    )


def frames() -> Frames:
    """Return a sound survey in three files."""
    general = records(60, 0)
    houses = [f"가구{number}" for number in range(30)]
    return {
        "general": general.assign(house=houses * 2),
        "households": pd.DataFrame(
            {"house": houses, "device": [1 + n % 3 // 2 for n in range(30)]}
        ),
        "farmers": records(40, 100),
    }


def wrong(*changes: Change) -> Frames:
    made = frames()
    for change in changes:
        change(made)
    return made


def put(file: str, column: str, values: Mapping[int, object]) -> Change:
    """Return a change of some cells of a file, by row."""

    def change(made: Frames) -> None:
        cells = made[file][column].astype(object)
        for row, value in values.items():
            cells.iloc[row] = value
        made[file][column] = cells

    return change


def replaced(file: str, **columns: float | str | None) -> Change:
    """Return a change of whole columns of a file."""
    return lambda made: made.update({file: made[file].assign(**columns)})


def selected(file: str, condition: str) -> Change:
    return lambda made: made.update({file: made[file].query(condition)})


def without(file: str, column: str) -> Change:
    return lambda made: made.update({file: made[file].drop(columns=column)})


def as_texts(made: Frames) -> dict[str, Any]:
    """Return Polars frames in which every cell is a text."""
    return {name: as_polars(frame.astype("string")) for name, frame in made.items()}


LIBRARIES = pytest.mark.parametrize("library", [dict, as_texts], ids=["pandas", "Polars"])


def of(inspection: Inspection) -> dict[tuple[str, object], DivideIndexError]:
    """Return errors by code and file."""
    return {(error.code, error.params.get("source")): error for error in inspection.errors}


WRONG: list[Change] = [
    put("general", "area", {0: "김비밀"}),
    put("general", "online", {1: 7}),
    put("general", "skill", {2: 5, 3: 5}),
    put("general", "weight", {4: -2.5}),
    put("general", "use", {5: "김비밀"}),
    put("general", "psu", {6: None, 7: None}),
    put("households", "device", {8: 3}),
    put("farmers", "weight", {9: None}),
    put("farmers", "id", {10: "비밀번호100", 11: "비밀번호100"}),
    put("farmers", "stratum", {12: ""}),
]
EXPECTED = {
    ("DI-E034", "general"): "area=… (n=1, line 2); online=7 (n=1, line 3); skill=5 (n=2, line 4)",
    ("DI-E035", "general"): "use (n=1, line 7)",
    ("DI-E050", "general"): "weight: negative weights: 1 (lines 6)",
    ("DI-E059", "general"): "psu: records without this design variable: 2 (lines 8, 9)",
    ("DI-E034", "households"): "device=3 (n=1, line 10)",
    ("DI-E049", "farmers"): "weight: records without a weight: 1 (lines 11)",
    ("DI-E028", "farmers"): "id: records that repeat an identifier: 2 (lines 12, 13)",
    ("DI-E059", "farmers"): "stratum: records without this design variable: 1 (lines 14)",
}


# -- everything at once ----------------------------------------------------------------------


@LIBRARIES
def test_every_error_of_every_file_is_found_at_once(library: Callable[[Frames], Any]) -> None:
    inspection = check_survey(library(wrong(*WRONG)), schema())
    found = of(inspection)
    assert found.keys() == EXPECTED.keys()
    assert len(inspection.errors) == len(found)
    for key, words in EXPECTED.items():
        assert words in str(found[key]), key
    assert not inspection.is_usable
    assert inspection.survey is None


@pytest.mark.parametrize("change", WRONG)
def test_reading_stops_at_an_error_that_the_check_finds_too(change: Change) -> None:
    with pytest.raises(DivideIndexError) as caught:
        read_survey(wrong(change), schema())
    [(code, source)] = of(check_survey(wrong(change), schema()))
    assert (code, source) == (caught.value.code, caught.value.params["source"])


def test_columns_that_one_file_lacks_hide_no_error_of_the_others() -> None:
    made = wrong(
        without("general", "skill"),
        put("general", "online", {1: 7}),
        put("farmers", "weight", {9: -1}),
    )
    assert of(check_survey(made, schema())).keys() == {
        ("DI-E103", "general"),
        ("DI-E034", "general"),
        ("DI-E050", "farmers"),
    }


def test_a_file_that_cannot_be_opened_hides_no_error_of_the_others(tmp_path: Path) -> None:
    given_files = written(wrong(put("farmers", "weight", {9: -1})), tmp_path)
    given_files["general"].write_bytes(b"%PDF-1.7")
    found = of(check_survey(given_files, schema()))
    assert ("DI-E025", "general.csv") in found
    assert ("DI-E050", "farmers.csv") in found


def test_both_faults_of_a_join_are_found() -> None:
    made = frames()
    made["households"] = pd.concat([made["households"].iloc[1:], made["households"].iloc[[4]]])
    found = of(check_survey(made, schema()))
    assert {code for code, _ in found} == {"DI-E195", "DI-E197"}


def test_a_sound_survey_has_the_findings_of_reading_it_and_no_error() -> None:
    made = wrong(
        put("general", "area", {0: " R"}),
        put("farmers", "weight", {0: 0}),
        put("general", "use", {4: 2}),  # who is offline was not asked
    )
    inspection = check_survey(made, schema())
    assert inspection.errors == ()
    assert inspection.findings == read_survey(made, schema()).findings
    assert {finding.code for finding in inspection.findings} == {"DI-W009", "DI-W051", "DI-W044"}


def test_a_single_file_is_inspected_as_several_are(tmp_path: Path) -> None:
    made = frames()
    whole = made["general"].merge(made["households"], on="house").assign(sample="general")
    whole = pd.concat([whole, made["farmers"].assign(sample="farmers")])
    path = tmp_path / "survey.csv"
    whole.to_csv(path, index=False)
    one, several = check_survey(path, schema()), check_survey(made, schema())
    assert one.errors == several.errors == ()
    assert one.populations == several.populations
    assert one.items == several.items


LEVELS: dict[str, tuple[Change, str]] = {
    "a stratum of one PSU": (
        selected("farmers", "psu == '조비밀10' or stratum == '층비밀0'"),
        "DI-E057",
    ),
    "no member of a group": (replaced("general", area="U"), "DI-E061"),
    "a group without weight": (replaced("farmers", weight=0.0), "DI-E061"),
    "a reference without weight": (replaced("general", weight=0.0), "DI-E060"),
    "a reference that answered nothing": (replaced("general", skill=9), "DI-E060"),
    "a reference that scores nothing": (replaced("general", skill=1), "DI-E062"),
}


@pytest.mark.parametrize(("change", "code"), LEVELS.values(), ids=LEVELS.keys())
def test_what_levels_cannot_be_computed_from_is_not_called_usable(
    change: Change, code: str
) -> None:
    with pytest.raises(DivideIndexError) as caught:
        relative_levels(score(read_survey(wrong(change), schema())))
    assert caught.value.code == code
    inspection = check_survey(wrong(change), schema())
    assert not inspection.is_usable
    assert code in {error.code for error in inspection.errors}


# -- who answered ----------------------------------------------------------------------------


def counted(inspection: Inspection) -> dict[str, tuple[int, int, int]]:
    return {
        item.variable: (item.answered, item.not_asked, item.missing) for item in inspection.items
    }


@LIBRARIES
def test_who_answered_and_who_was_not_asked_is_counted(library: Callable[[Frames], Any]) -> None:
    inspection = check_survey(library(frames()), schema())
    skills = pd.concat([frames()["general"], frames()["farmers"]])["skill"]
    assert counted(inspection) == {
        "device": (60, 0, 40),  # the farmers have no households
        "online": (100, 0, 0),
        "use": (80, 20, 0),
        "skill": (skills.isin([1, 2, 3, 4]).sum(), (skills == 8).sum(), (skills == 9).sum()),
    }
    assert inspection.survey is not None
    assert all(sum(each) == inspection.survey.records for each in counted(inspection).values())


ANSWERS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 9, None]),
        st.sampled_from([1, 4, 9, None]),
        st.sampled_from([1, 4, 8, 9, None]),
    ),
    min_size=2,
    max_size=30,
)


@settings(max_examples=examples(30))
@given(answers=ANSWERS)
def test_answered_not_asked_and_missing_are_all_records(
    answers: list[tuple[int | None, int | None, int | None]],
) -> None:
    n = len(answers)
    frame = records(n, 100).assign(sample="farmers", stratum="1", psu=[*map(str, range(n))])
    columns = dict(zip(("online", "use", "skill"), zip(*answers, strict=True), strict=True))
    frame = frame.assign(
        **{name: pd.Series(cells, dtype="float64") for name, cells in columns.items()}
    )
    asked = [use for online, use, _ in answers if online != 2]
    answered = {
        "online": sum(cell in {1, 2} for cell in columns["online"]),
        "use": sum(cell in {1, 4} for cell in asked),
        "skill": sum(cell in {1, 4} for cell in columns["skill"]),
    }
    not_asked = {"online": 0, "use": n - len(asked), "skill": columns["skill"].count(8)}
    assert counted(check_survey(frame, farmers_alone())) == {
        name: (count, not_asked[name], n - count - not_asked[name])
        for name, count in answered.items()
    }


def test_a_question_that_nobody_answered_is_told() -> None:
    made = wrong(replaced("general", use=None), replaced("farmers", use=None))
    found = [f for f in check_survey(made, schema()).findings if f.code == "DI-W042"]
    assert [finding.params["column"] for finding in found] == ["use"]


def test_populations_have_their_records_and_weights() -> None:
    made = frames()
    rural = made["general"].query("area == 'R'")
    expected = {
        "total": (60, made["general"]["weight"].sum()),
        "rural": (len(rural), rural["weight"].sum()),
        "farmers": (40, made["farmers"]["weight"].sum()),
    }
    populations = check_survey(made, schema()).populations
    assert {each.name: (each.records, each.weight) for each in populations} == expected
    assert [each.kind for each in populations] == ["reference", "group", "group"]


# -- personal data ---------------------------------------------------------------------------

PERSONAL = [
    "900101-1234567",
    "9001011234567",
    "연락처 010-1234-5678",
    "01012345678",
    "0111234567",
    "02-123-4567",
    "031-1234-5678",
    "kim.b@example.co.kr",
]
HARMLESS = [
    "1993,99334204983",
    "1993.99334204983",
    "0.9001011234567",
    "20250101",
    "2025-01-01",
    "12-345-6789",
    "1234567890123",
    "3/4",
    "@home",
    "조사구 11-2024",
]


def with_column(folder: Path, cell: str, ending: str = "csv") -> Path:
    """Return a file in which one cell of a column that the schema does not know is filled."""
    frame = records(40, 100).assign(sample="farmers")
    frame["extra"] = ["없음"] * 39 + [cell]
    path = folder / f"survey.{ending}"
    if ending == "csv":
        frame.to_csv(path, index=False, sep=";")
    else:
        frame.to_excel(path, index=False, engine="openpyxl")
    return path


def farmers_yaml(**layout: str) -> dict[str, Any]:
    """Return the schema of the farmers' file, which is delimited by semicolons."""
    whole = copy.deepcopy(PARSED)
    del whole["variables"]["device"], whole["variables"]["house"], whole["items"]["device"]
    whole["files"] = {"data": {"delimiter": ";"}}
    whole["dimensions"]["access"]["indicators"] = {"one": {"weight": 1, "items": ["online"]}}
    whole["reference"] = {"label": "Everybody"}
    del whole["groups"]["rural"]
    whole["files"]["data"] |= layout
    return whole


def farmers_alone(**layout: str) -> SurveySchema:
    return SurveySchema.model_validate(farmers_yaml(**layout))


def personal(inspection: Inspection) -> list[object]:
    return [f.params["column"] for f in inspection.findings if f.code == "DI-W092"]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("cell", PERSONAL)
def test_a_cell_that_looks_like_personal_data_is_told_without_its_value(
    tmp_path: Path, cell: str, ending: str
) -> None:
    inspection = check_survey(with_column(tmp_path, cell, ending), farmers_alone())
    assert personal(inspection) == ["extra"]
    assert cell not in "".join(map(str, inspection.findings))


@pytest.mark.parametrize("cell", HARMLESS)
def test_a_weight_or_a_date_is_no_personal_data(tmp_path: Path, cell: str) -> None:
    inspection = check_survey(with_column(tmp_path, cell), farmers_alone())
    assert inspection.is_usable
    assert personal(inspection) == []


def test_weights_with_decimal_commas_are_no_personal_data(tmp_path: Path) -> None:
    path = with_column(tmp_path, "", "csv")
    frame = pd.read_csv(path, sep=";").convert_dtypes()
    frame["weight"] = [f"{1993 + number},99334204{number:02d}3" for number in range(40)]
    frame.to_csv(path, index=False, sep=";")
    inspection = check_survey(path, farmers_alone(decimal=","))
    assert inspection.is_usable
    assert personal(inspection) == []


@pytest.mark.parametrize(
    "other",
    [pd.Timestamp("2025-03-04"), 9007199254740993, pd.Timedelta(minutes=5)],
    ids=["a date", "a long number", "a duration"],
)
def test_a_column_that_cannot_be_read_hides_no_personal_data_of_another(
    tmp_path: Path,
    other: Any,  # noqa: ANN401
) -> None:
    path = with_column(tmp_path, "010-1234-5678", "xlsx")
    frame = pd.read_excel(path, engine="openpyxl")
    frame.assign(other=other).to_excel(path, index=False, engine="openpyxl")
    assert personal(check_survey(path, farmers_alone())) == ["extra"]


def test_personal_data_name_the_file_they_stand_in(tmp_path: Path) -> None:
    made = frames()
    made["households"]["contact"] = "010-1234-5678"
    inspection = check_survey(written(made, tmp_path), schema())
    [finding] = [f for f in inspection.findings if f.code == "DI-W092"]
    assert (finding.params["source"], finding.params["column"]) == ("households.csv", "contact")
    assert inspection.is_usable


# -- the command -----------------------------------------------------------------------------


def written(made: Frames, folder: Path) -> dict[str, Path]:
    paths = {name: folder / f"{name}.csv" for name in made}
    for name, frame in made.items():
        frame.to_csv(paths[name], index=False, encoding="utf-8")
    return paths


class Done:
    """What a run returned, printed and wrote."""

    def __init__(self, exit_code: int, captured: Any, changed: dict[str, bytes]) -> None:  # noqa: ANN401
        self.exit_code = exit_code
        self.out: str = captured.out
        self.err: str = captured.err
        self.changed = changed


Runner: TypeAlias = Callable[..., Done]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Runner:
    """Return a function that writes a survey to an empty folder and runs a command on it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_LANG", raising=False)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)

    def state() -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    def command(name: str, made: Frames, *options: str, text: str = SCHEMA) -> Done:
        Path("schema.yaml").write_text(text, encoding="utf-8")
        paths = written(made, Path())
        sources = [word for each in paths for word in ("--source", f"{each}={paths[each]}")]
        before = state()
        exit_code = cli.run([name, *sources, "--schema", "schema.yaml", *options])
        after = state()
        assert {each: after.get(each) for each in before} == before
        changed = {each: after[each] for each in after.keys() - before.keys()}
        return Done(exit_code, capsys.readouterr(), changed)

    return command


@LANGS
def test_check_prints_every_error_where_compute_stops_at_the_first(run: Runner, lang: str) -> None:
    done = run("check", wrong(*WRONG), "--lang", lang)
    assert (done.exit_code, done.err, done.changed) == (1, "", {})
    page = " ".join(done.out.split())
    for code, source in EXPECTED:
        assert f"{code} {source}.csv: " in page
    stopped = run("compute", wrong(*WRONG), "--lang", lang, "-o", "levels.json")
    assert (stopped.exit_code, stopped.out, stopped.changed) == (1, "", {})
    [said] = stopped.err.splitlines()
    assert said.startswith(tuple(code for code, _ in EXPECTED))


def test_a_sound_survey_ends_with_0_and_says_so(run: Runner) -> None:
    done = run("check", frames(), "--lang", "en")
    assert (done.exit_code, done.err, done.changed) == (0, "", {})
    assert "No errors: levels can be computed." in done.out
    for words in ("general: general.csv", "CSV, utf-8", "100 records", "General public"):
        assert words in done.out


@pytest.mark.parametrize(
    ("options", "exit_code"),
    [
        ([], 2),
        (["--source", "general"], 2),
        (["--source", "=general.csv"], 2),
        (["survey.csv", "--source", "general=general.csv"], 2),
        (["survey.csv", "--format", "csv"], 2),
        (["survey.csv", "--by", "region"], 2),
        (["nothing.csv", "--schema", "example"], 1),
        (["survey.csv", "--schema", "nothing"], 1),
        (["survey.csv"], 1),
        (["survey.csv", "-o", "levels.csv"], 1),
        (["survey.csv", "-o", "nowhere/check.json"], 1),
    ],
)
def test_what_cannot_be_checked_ends_with_its_exit_code(
    options: list[str],
    exit_code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("survey.csv").write_text("id,answer\n1,2\n", encoding="utf-8")
    assert cli.run(["check", *options]) == exit_code
    told = capsys.readouterr()
    assert "Traceback" not in told.err + told.out
    assert [path.name for path in tmp_path.iterdir()] == ["survey.csv"]


def test_json_has_a_fixed_shape_whether_levels_can_be_computed_or_not(run: Runner) -> None:
    good = json.loads(run("check", frames(), "--format", "json").out)
    bad = json.loads(run("check", wrong(*WRONG), "--format", "json").out)
    for document in (good, bad):
        assert [*document] == ["provenance", "quality"]
        assert [*document["provenance"]] == ["tool", "input", "schema"]
        assert [*document["quality"]] == [
            *("is_usable", "errors", "findings", "populations", "items"),
        ]
        assert document["provenance"]["schema"]["name"] == "inspected"
    assert (good["quality"]["is_usable"], bad["quality"]["is_usable"]) == (True, False)
    assert good["quality"]["errors"] == []
    assert good["provenance"]["input"]["records"] == 100
    assert [each["source"] for each in good["provenance"]["input"]["files"]] == [*frames()]
    assert [each["variable"] for each in good["quality"]["items"]] == [*VARIABLES]
    assert [each["category"] for each in good["quality"]["populations"]] == [
        *("total", "rural", "farmers"),
    ]
    found = {
        (each["code"], each["source"].removesuffix(".csv")) for each in bad["quality"]["errors"]
    }
    assert found == EXPECTED.keys()


@LANGS
def test_the_language_changes_no_json(run: Runner, lang: str) -> None:
    plain = run("check", wrong(*WRONG), "--format", "json").out
    assert run("check", wrong(*WRONG), "--format", "json", "--lang", lang).out == plain


def test_an_output_file_holds_what_would_be_printed(run: Runner) -> None:
    printed = run("check", wrong(*WRONG), "--format", "json").out
    done = run("check", wrong(*WRONG), "-o", "check.json")
    assert (done.exit_code, done.out) == (1, "")
    assert done.changed == {"check.json": printed.encode()}
    refused = run("check", frames(), "-o", "check.json")
    assert refused.err.startswith("DI-E078 ")
    assert run("check", frames(), "-o", "sound.json").exit_code == 0


def test_a_survey_is_never_written_over(run: Runner) -> None:
    refused = run("check", frames(), "-o", "general.csv", "--force")
    assert (refused.exit_code, refused.changed) == (1, {})
    assert refused.err.startswith("DI-E170 ")  # a report is no CSV file
    told = Path("general.txt")
    told.write_bytes(Path("general.csv").read_bytes())
    given = ["--source", "general=general.txt", "--schema", "schema.yaml"]
    before = told.read_bytes()
    assert cli.run(["check", *given, "-o", "general.txt", "--force"]) == 1
    assert told.read_bytes() == before


def test_no_level_is_printed(run: Runner) -> None:
    done = run("check", frames(), "--format", "json")
    assert done.exit_code == 0
    assert not {"levels", "level", "std_error", "means"} & set(done.out.replace('"', " ").split())


# -- nobody is betrayed ----------------------------------------------------------------------


def headless(made: Frames) -> None:
    """Take the header away: the first record stands in its place, a word twice."""
    first = made["general"].assign(again="김비밀", note="김비밀")
    made["general"] = first.iloc[1:].set_axis([str(cell) for cell in first.iloc[0]], axis=1)


BETRAYING: dict[str, list[Change]] = {
    "sound": [],
    "many errors": WRONG,
    "words for numbers": [put("general", "skill", {1: "김비밀", 2: "홍길동"})],
    "words for codes": [put("general", "area", {1: "김비밀", 2: "홍길동", 3: "홍길동"})],
    "ids that repeat": [put("general", "id", {1: "비밀번호0", 2: "비밀번호0"})],
    "households that repeat": [
        put("households", "house", {1: "김비밀", 2: "김비밀"}),
        put("general", "house", {1: "김비밀", 2: "홍길동"}),
    ],
    "personal data": [put("general", "note", {0: "010-1234-5678 hong@example.kr"})],
    "no header": [headless],
}


@LANGS
@pytest.mark.parametrize("kind", ["table", "json"])
@pytest.mark.parametrize("changes", BETRAYING.values(), ids=BETRAYING.keys())
def test_no_rare_word_of_a_record_is_printed(
    run: Runner, changes: list[Change], kind: str, lang: str
) -> None:
    done = run("check", wrong(*changes), "--format", kind, "--lang", lang)
    for secret in SECRETS:
        assert secret not in done.out + done.err


@LANGS
@pytest.mark.parametrize("kind", ["table", "json"])
def test_no_rare_word_of_a_record_is_printed_where_no_schema_fits(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    lang: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("survey_schemas").mkdir()
    Path("survey_schemas", "inspected.yaml").write_text(SCHEMA, encoding="utf-8")
    paths = written(wrong(*WRONG), tmp_path)
    sources = [word for each in paths for word in ("--source", f"{each}={paths[each]}")]
    cli.run(["check", *sources, "--format", kind, "--lang", lang])
    told = capsys.readouterr()
    assert "DI-E113" in told.out
    assert "inspected: " in told.out
    for secret in SECRETS:
        assert secret not in told.out + told.err


# -- 80 columns ------------------------------------------------------------------------------

LONG_KO, LONG_EN = (
    "아주 긴 이름을 가진 농어촌 주민과 고령층 " * 3,
    "a very long name of a population " * 3,
)


def long_schema() -> str:
    """Return the schema with labels longer than a line, in both languages."""
    whole = copy.deepcopy(PARSED)
    label = {"ko": LONG_KO.strip(), "en": LONG_EN.strip()}
    whole["title"] = whole["reference"]["label"] = whole["groups"]["rural"]["label"] = label
    for name in VARIABLES:
        whole["variables"][name]["label"] = label
    return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False)


PAGES: dict[str, tuple[list[Change], str]] = {
    "sound": ([], SCHEMA),
    "many errors": (WRONG, SCHEMA),
    "long labels": ([], long_schema()),
    "long labels and errors": (WRONG, long_schema()),
    "heavy weights": ([replaced("general", weight=1e12)], long_schema()),
    "every code wrong": (
        [put("general", name, {n: 100000 + n for n in range(40)}) for name in ("online", "skill")],
        SCHEMA,
    ),
    "a missing file": ([lambda made: made.pop("farmers")], SCHEMA),
}


@LANGS
@pytest.mark.parametrize(("changes", "text"), PAGES.values(), ids=PAGES.keys())
def test_no_line_is_wider_than_80_cells(
    run: Runner, changes: list[Change], text: str, lang: str
) -> None:
    done = run("check", wrong(*changes), "--lang", lang, text=text)
    assert done.out.strip()
    assert [line for line in done.out.splitlines() if cell_len(line) > 80] == []


@LANGS
def test_a_long_file_name_and_a_long_header_keep_to_80_cells(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lang: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "농어민조사원자료" * 9 + ".csv"
    frame = records(40, 100).assign(sample="farmers").rename(columns={"skill": "q_" + "나" * 60})
    frame.to_csv(name, index=False, sep=";")
    whole = farmers_yaml()
    whole["variables"]["skill"]["column"] = "q_" + "나" * 60
    Path("schema.yaml").write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    for broken in (False, True):
        if broken:
            frame.assign(weight=-1).to_csv(name, index=False, sep=";")
        assert cli.run(["check", name, "--schema", "schema.yaml", "--lang", lang]) == int(broken)
        out = capsys.readouterr().out
        assert [line for line in out.splitlines() if cell_len(line) > 80] == []


@LANGS
def test_every_number_of_the_page_stands_whole_in_a_line(run: Runner, lang: str) -> None:
    made = wrong(replaced("general", weight=123456789.0))
    done = run("check", made, "--lang", lang, text=long_schema())
    weights = {name: frame["weight"].sum() for name, frame in made.items() if "weight" in frame}
    for weight in (weights["general"], weights["farmers"]):
        assert f"{round(weight):,}" in done.out.split()
