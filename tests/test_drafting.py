"""A draft is YAML that lint understands, and shows nobody's answers."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from divide_index.drafting import draft_schema, drafted
from divide_index.errors import InputError, SchemaError
from divide_index.messages import Language
from divide_index.schema import lint_schema, load_schema
from tests.samples import REFERENCE

REQUIRED = ["survey", "items", "dimensions", "reference"]
PERSONAL = {
    "resident": "900101-1234567",
    "resident_masked": "900101-1******",
    "any_digits": "123456-7654321",
    "without_hyphen": "9001011234567",
    "mobile": "010-1234-5678",
    "mobile_digits": "01012345678",
    "mobile_dots": "010.1234.5678",
    "landline": "02-123-4567",
    "abroad": "+82-10-1234-5678",
    "in_a_remark": "call 031-123-4567 after six",
}


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)


def written(
    columns: Mapping[str, Sequence[object]], delimiter: str = ",", encoding: str = "utf-8"
) -> Path:
    """Write columns as a CSV file; the shorter ones start again."""
    longest = max(map(len, columns.values()))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(
        [cells[row % len(cells)] for cells in columns.values()] for row in range(longest)
    )
    path = Path("data.csv")
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def variables(draft: str) -> dict[str, Any]:
    """Return the variables of a draft."""
    return yaml.safe_load(draft)["variables"]


def only(cells: Sequence[object], header: str = "answer") -> dict[str, Any]:
    """Return how a column is drafted."""
    return variables(draft_schema(written({header: cells, "other": [1]}), lang="en"))[header]


def uncommented(draft: str) -> str:
    """Return a draft with the templates in force, as a person would edit it."""
    lines = draft.splitlines()
    is_template = [line.startswith("#") and not line.startswith("# ") for line in lines]
    for index, line in enumerate(lines):
        is_template[index] |= line.startswith("#  ") and is_template[index - 1]
    return "\n".join(
        line[1:] if template else line for line, template in zip(lines, is_template, strict=True)
    )


# -- what it is good for -----------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_lint_says_of_a_draft_what_is_missing_in_the_order_of_the_format(lang: Language) -> None:
    draft = draft_schema(REFERENCE / "small.csv", lang=lang)
    Path("draft.yaml").write_text(draft, encoding="utf-8")
    found = lint_schema("draft.yaml")
    assert [(each.code, each.params["where"]) for each in found] == [
        ("DI-E116", key) for key in REQUIRED
    ]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_draft_whose_templates_are_in_force_is_a_schema(lang: Language) -> None:
    draft = draft_schema(REFERENCE / "small.csv", lang=lang)
    Path("draft.yaml").write_text(uncommented(draft), encoding="utf-8")
    schema = load_schema("draft.yaml")
    design = schema.design
    assert (design.weight, design.strata, design.psu, design.id) == (
        *("weight", ("stratum",), "psu", "id"),
    )
    assert schema.items["item_1"].of == "region"
    assert not [each for each in lint_schema("draft.yaml") if isinstance(each, SchemaError)]


def test_the_dots_of_a_template_are_no_label_and_no_source() -> None:
    draft = uncommented(draft_schema(REFERENCE / "small.csv", lang="en"))
    Path("draft.yaml").write_text(draft, encoding="utf-8")
    found = {(each.code, each.params["where"]) for each in lint_schema("draft.yaml")}
    assert {("DI-W211", "groups.group_1.label"), ("DI-W210", "groups.group_1")} <= found


def test_comments_are_in_the_language_asked_for() -> None:
    korean, english = (draft_schema(REFERENCE / "small.csv", lang=lang) for lang in ("ko", "en"))
    assert "초안" in korean
    assert yaml.safe_load(korean)["language"] == "ko"
    assert english.isascii()
    assert "language" not in yaml.safe_load(english)
    assert variables(korean) == variables(english)


# -- types and codes ---------------------------------------------------------------------------


def test_few_whole_numbers_are_codes_and_many_are_a_number() -> None:
    assert only([1, 2, 3] * 3) == {"codes": {1: None, 2: None, 3: None}}
    assert only([*range(20)] * 3)["codes"] == dict.fromkeys(range(20))
    assert only([*range(21)] * 3) == {"type": "number"}
    assert only([0.5, 1, 2] * 3) == {"type": "number"}


def test_short_words_in_three_records_each_are_codes() -> None:
    assert only(["U", "R"] * 3) == {"codes": {"R": None, "U": None}}
    assert only(["yes", "no", "010", "2024-01-01", "~", "1e3x"] * 3)["codes"].keys() == {
        *("yes", "no", "010", "2024-01-01", "~", "1e3x")
    }
    assert only(["U", "R", "U", "R", "U", "R", "X"]) == {"type": "text"}
    assert only(["x" * 41, "U"] * 3) == {"type": "text"}
    assert only([f"w{n}" for n in range(21)] * 3) == {"type": "text"}


@pytest.mark.parametrize(
    ("codes", "asked"),
    [
        ([1, 2, 9], [9]),
        ([1, 2, 3, 4, 5, 9], [9]),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], []),
        ([1, 2, 97, 98, 99], [97, 98, 99]),
        ([1, 2, 3, 9997, 9998, 9999], [9997, 9998, 9999]),
        ([0, 1, -1], [-1]),
        ([97, 98, 99], []),
        ([95, 96, 97, 98], [98]),
        ([0, 1], []),
    ],
)
def test_codes_that_look_like_no_answer_are_asked_about(codes: list[int], asked: list[int]) -> None:
    draft = draft_schema(written({"answer": codes * 3, "other": [1]}), lang="en")
    lines = [line.strip() for line in draft.splitlines() if "not asked (skip_codes)?" in line]
    assert sorted(int(line.partition(":")[0]) for line in lines) == sorted(asked)
    assert variables(draft)["answer"]["codes"].keys() == set(codes)


def test_a_number_far_above_the_others_is_asked_about_and_not_in_the_range() -> None:
    draft = draft_schema(written({"age": [*range(20, 80), 999, 999, 999]}), lang="en")
    assert "does 999 mean no answer (missing: [999])" in draft
    assert "observed from 0 to 100;" in draft


def test_what_a_file_says_of_its_codes_is_taken_over() -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    frame = pd.DataFrame({"q1": [1.0, 2, 9] * 20, "age": [20.0 + n % 40 for n in range(60)]})
    labels = {"q1": {1: "예", 2: "say: “no”\n# x", 3: "other", 9: "dk"}}
    pyreadstat.write_sav(
        frame, "data.sav", variable_value_labels=labels, missing_ranges={"q1": [9]}
    )
    drafted_variables = variables(draft_schema("data.sav", lang="en"))
    q1 = drafted_variables["q1"]
    assert q1["codes"] == {1: "예", 2: "say: “no”\n# x", 3: "other"}
    assert q1["missing"] == [9]
    assert drafted_variables["age"] == {"type": "number"}


# -- privacy -----------------------------------------------------------------------------------


def test_free_text_identifiers_and_rare_values_are_never_shown() -> None:
    hidden = {
        "remark": [f"secret-remark {n}" for n in range(60)],
        "name": ["Hong", "Kim", "Lee"] * 19 + ["secret-Park"] * 2 + ["Kim"],
        "id": [f"secret-{n:04d}" for n in range(60)],
        "number": [880_000_000_001 + 37 * n for n in range(60)],
        "income": [*range(100, 158), 771_234, 12],
        "code": [1] * 57 + [2, 2, 771_235],
        "labelled": ["a"] * 58 + ["secret-b", ""],
    }
    draft = draft_schema(written(hidden), lang="en")
    for shown in ("secret", "Hong", "8800", "771", "12;", " 2:", " 12 "):
        assert shown not in draft, shown
    assert variables(draft)["code"] == {"codes": {1: None}}
    assert "further codes, each in fewer than 3 records: 2;" in draft
    assert "different texts: 60; none is shown" in draft


@pytest.mark.parametrize("what", PERSONAL)
def test_a_column_of_personal_numbers_is_left_out_and_named(what: str) -> None:
    columns = {"q1": [1, 2, 1, 2, 1, 2], "contact": ["", "", PERSONAL[what], "", "", "x"]}
    made = drafted(written(columns), lang="en")
    assert [*variables(made.text)] == ["q1"]
    assert PERSONAL[what] not in made.text
    assert made.text.count("contact") == 1
    [finding] = made.findings
    assert (finding.code, finding.params["columns"]) == ("DI-W217", ["contact"])
    assert PERSONAL[what] not in str(finding)


def test_phone_numbers_that_were_saved_as_numbers_are_told_by_their_header() -> None:
    columns = {"휴대전화": [f"10{n}2345678"[:10] for n in range(9)], "q1": [1]}
    assert [*variables(drafted(written(columns), lang="ko").text)] == ["q1"]
    assert drafted(written({"weight": [1012345678, 3], "q1": [1]}), lang="ko").findings == ()


# -- names and YAML ----------------------------------------------------------------------------

AWKWARD = [
    *("no", "on", "y", "Null", "1e3", "y: x", "지역", "지역 코드", "class", "_x", "a-b", "#"),
    *("*a", "&a", "{a", "[a", "!a", "%a", "@a", "- a", "'", 'say "x"', "\\", "~", "010", "v1"),
    *("ﬁ", "a\u200bb", "a\tb", "a\x9fb", "\U000d8000", "😀"),
]


def test_every_header_is_kept_under_a_name_that_a_schema_can_use() -> None:
    draft = draft_schema(written({header: [1, 1, 1, 2, 2, 2] for header in AWKWARD}), lang="en")
    made = variables(draft)
    assert [part.get("column", name) for name, part in made.items()] == AWKWARD
    assert {"no", "on", "y", "Null", "지역", "v1"} <= made.keys()
    assert "class" not in made
    Path("draft.yaml").write_text(uncommented(draft), encoding="utf-8")
    schema = load_schema("draft.yaml")
    assert [schema.column_of(name) for name in schema.variables] == AWKWARD


def test_names_given_to_columns_never_meet_a_column_of_that_name() -> None:
    draft = draft_schema(written({"v1": [1, 2], "a b": [1, 2], "v3": [1], "c d": [1]}), lang="en")
    assert [*variables(draft)] == ["v1", "v2", "v3", "v4"]


headers = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=9)
cells = st.one_of(
    st.integers(-10, 12).map(str),
    st.floats(allow_nan=True).map(str),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
    st.sampled_from(["", " ", "nan", "1e999", "-0", "007", "0x1", "1_000", "<<", "=", "yes"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    columns=st.dictionaries(
        headers.map(str.strip).filter(bool),
        st.lists(cells, min_size=1, max_size=9),
        min_size=2,
        max_size=5,
    ),
    times=st.integers(1, 4),
    lang=st.sampled_from(["ko", "en"]),
)
@example(columns={"0": ["0"], "variable": ["0"]}, times=1, lang="ko")
def test_any_file_that_can_be_read_becomes_yaml_that_lint_understands(
    columns: dict[str, list[str]], times: int, lang: Language
) -> None:
    try:
        draft = draft_schema(written({h: c * times for h, c in columns.items()}), lang=lang)
    except InputError:
        return
    Path("draft.yaml").write_text(draft, encoding="utf-8")
    assert [each.code for each in lint_schema("draft.yaml")] == ["DI-E116"] * len(REQUIRED)
    Path("whole.yaml").write_text(uncommented(draft), encoding="utf-8")
    problems = [each for each in lint_schema("whole.yaml") if isinstance(each, SchemaError)]
    # Without a variable of codes the template has none to name.
    assert {each.code for each in problems} <= {"DI-E111"}


# -- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_found_and_noted(delimiter: str) -> None:
    draft = draft_schema(written({"a": [1, 2] * 3, "b": [1, 2] * 3}, delimiter), lang="en")
    assert yaml.safe_load(draft)["files"] == {"survey": {"delimiter": delimiter, "decimal": "."}}
    assert [*variables(draft)] == ["a", "b"]
    Path("draft.yaml").write_text(uncommented(draft), encoding="utf-8")
    assert load_schema("draft.yaml").files["survey"].delimiter == delimiter


def test_decimal_commas_are_found_and_noted() -> None:
    columns = {"weight": [f"{n},25" for n in range(30)], "remark": ["1,2 and 3"], "q": [1, 2]}
    draft = draft_schema(written(columns, ";"), lang="en")
    assert yaml.safe_load(draft)["files"]["survey"]["decimal"] == ","
    assert variables(draft)["weight"] == {"type": "number"}
    assert variables(draft)["remark"]["codes"] == {"1,2 and 3": None}


def test_a_plain_file_needs_no_note_of_its_layout() -> None:
    assert "files" not in yaml.safe_load(draft_schema(REFERENCE / "small.csv", lang="en"))


def test_a_file_of_one_column_is_drafted() -> None:
    path = Path("one.csv")
    path.write_text("answer\n1\n1\n1\n2\n2\n2\n", encoding="utf-8")
    assert variables(draft_schema(path, lang="en")) == {"answer": {"codes": {1: None, 2: None}}}


def test_columns_without_values_or_headers_are_only_mentioned() -> None:
    path = Path("data.csv")
    path.write_text("a,,b\n" + "1,7,\n" * 4, encoding="utf-8")
    draft = draft_schema(path, lang="en")
    assert [*variables(draft)] == ["a"]
    assert 'The column "b" has no values.' in draft
    assert "Columns without a header, left out: 1" in draft


def test_a_file_with_nothing_to_draft_still_gives_yaml() -> None:
    columns = {"phone": ["010-1234-5678"] * 3, "empty": [""]}
    draft = draft_schema(written(columns), lang="en")
    assert variables(draft) == {}
    Path("draft.yaml").write_text(draft, encoding="utf-8")
    assert [each.params["where"] for each in lint_schema("draft.yaml")] == REQUIRED


def test_cp949_is_read_in_korean_or_when_it_is_named() -> None:
    path = written({"성별": ["남", "여"] * 3, "나이": [1]}, encoding="cp949")
    with pytest.raises(InputError, match="DI-E001"):
        draft_schema(path, lang="en")
    for draft in (
        draft_schema(path, lang="ko"),
        draft_schema(path, lang="en", encoding="cp949"),
    ):
        assert [*variables(draft)] == ["성별", "나이"]
        assert yaml.safe_load(draft)["encoding"] == "cp949"


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("DI-E018", "a,b,a\n1,2,3\n"),
        ("DI-E021", ""),
        ("DI-E021", "a,b\n"),
        ("DI-E015", "a,b\n1,2,3\n"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_everywhere(code: str, content: str) -> None:
    path = Path("data.csv")
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        draft_schema(path, lang="en")
    assert caught.value.code == code


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(InputError, match="DI-E101"):
        draft_schema("nowhere.csv", lang="en")


def test_a_column_that_cannot_be_read_is_mentioned_and_the_others_are_drafted() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["q1", "day"])
    for _ in range(3):
        book.active.append([1, pd.Timestamp("2024-03-04").to_pydatetime()])
    book.save("data.xlsx")
    draft = draft_schema("data.xlsx", lang="en")
    assert variables(draft) == {"q1": {"codes": {1: None}}}
    assert 'The column "day" cannot be read (DI-E' in draft


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(10_001, 10**9).filter(lambda n: n % 10 > 0), unique=True, min_size=2))
def test_no_number_that_one_record_holds_is_shown(numbers: list[int]) -> None:
    draft = draft_schema(written({"income": numbers, "q": [1, 2]}), lang="en")
    shown = {word.strip(";,") for word in draft.split()}
    assert shown.isdisjoint(map(str, numbers))
