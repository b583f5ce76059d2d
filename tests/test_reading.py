"""Files are read as they are: strictly decoded, whole, and nothing in a cell reinterpreted."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml

from divide_index import engine
from divide_index.errors import DivideIndexError, InputError
from divide_index.reading.files import open_file
from divide_index.reading.text import check_layout, decode
from divide_index.schema import SurveyFile, SurveySchema
from divide_index.survey import Survey, read_survey
from tests.samples import as_polars

Make: TypeAlias = Callable[..., Any]

SCHEMA = """
format: 1
name: reading
title: Reading
survey: {name: Reading}
variables:
  id: {type: text}
  place: {column: 지역, codes: {펲: Pep, 똠: Ttom, NA: North, None: None, "null": "Null", R: R}}
  remark: {type: text}
  score: {type: number, range: [0, 100], missing: [-1]}
  answer: {codes: {1: a, 2: b}, missing: [9]}
design: {id: id}
items: {score: {of: score, rule: scale, goalposts: [0, 100]}}
dimensions: {one: {label: One, weight: 1, indicators: {one: {weight: 1, items: [score]}}}}
reference: {label: Everybody}
"""
HEADER = ["id", "지역", "remark", "score", "answer"]
ROWS = [
    ["0012", "펲", "good", "50", "1"],
    ["12", "똠", "bad", "0.25", "2"],
    ["9007199254740993", "R", "", "-1", "9"],
    ["9007199254740992", "R", "so so", "", ""],
]


def schema(**changes: object) -> SurveySchema:
    return SurveySchema.model_validate({**yaml.safe_load(SCHEMA), **changes})


def as_csv(
    rows: Sequence[Sequence[str]] = ROWS, header: Sequence[str] = HEADER, *, ending: str = "\n"
) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=ending).writerows([header, *rows])
    return text.getvalue()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file to be written, in a folder without schemas."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)
    return tmp_path / "survey.csv"


def read(file: Path, content: bytes | str, **changes: object) -> Survey:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_survey(file, schema(**changes))


def refusal(file: Path, content: bytes | str, **changes: object) -> DivideIndexError:
    with pytest.raises(DivideIndexError) as caught:
        read(file, content, **changes)
    return caught.value


def texts(survey: Survey, variable: str) -> list[str | None]:
    """Return a variable's texts with missing as None."""
    cells = survey.frame[variable].to_list()
    return [cell if isinstance(cell, str) else None for cell in cells]


def numbers(survey: Survey, variable: str) -> list[float | None]:
    values = engine.values(survey.frame, variable)
    return [None if np.isnan(value) else float(value) for value in values]


# -- encodings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "used"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
    ],
)
def test_unicode_is_read_whatever_the_language(file: Path, encoding: str, used: str) -> None:
    survey = read(file, as_csv().encode(encoding))
    assert texts(survey, "place") == ["펲", "똠", "R", "R"]
    assert [origin.encoding for origin in survey.origins] == [used]


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_of_either_byte_order_is_known_by_its_mark(file: Path, order: str) -> None:
    mark = {"le": b"\xff\xfe", "be": b"\xfe\xff"}[order]
    survey = read(file, mark + as_csv().encode(f"utf-16-{order}"))
    assert texts(survey, "id")[0] == "0012"


@pytest.mark.parametrize("quoted", [False, True])
def test_a_byte_order_mark_is_no_part_of_the_first_header(file: Path, *, quoted: bool) -> None:
    text = as_csv().replace("id,", '"id",', 1) if quoted else as_csv()
    for declared in (None, "utf-8", "utf-8-sig"):
        survey = read(file, text.encode("utf-8-sig"), encoding=declared)
        assert survey.records == 4


def test_cp949_is_guessed_for_a_korean_schema(file: Path) -> None:
    survey = read(file, as_csv().encode("cp949"), language="ko")
    assert texts(survey, "place")[:2] == ["펲", "똠"]
    assert [origin.encoding for origin in survey.origins] == ["cp949"]


@pytest.mark.parametrize("language", [None, "en", "pt"])
def test_cp949_is_not_guessed_for_another_language(file: Path, language: str | None) -> None:
    error = refusal(file, as_csv().encode("cp949"), language=language)
    assert error.code == "DI-E001"
    assert list(error.params["tried"]) == ["utf-8"]  # pyright: ignore[reportArgumentType]


def test_cp949_is_guessed_where_no_schema_is_given(file: Path) -> None:
    place = Path("survey_schemas", "reading.yaml")
    place.parent.mkdir()
    place.write_text("language: ko\n" + SCHEMA, encoding="utf-8")
    file.write_bytes(as_csv().encode("cp949"))
    survey = read_survey(file)
    assert (survey.schema.name, texts(survey, "place")[0]) == ("reading", "펲")


def test_a_portuguese_file_is_never_taken_for_korean() -> None:
    raw = "id,município\n1,São João\n".encode("cp1252")
    assert "município" not in raw.decode("cp949", errors="replace")
    with pytest.raises(InputError, match="DI-E001"):
        decode(raw, declared=None, language="pt", name="br.csv")
    text, used = decode(raw, declared="cp1252", language="pt", name="br.csv")
    assert ("São João" in text, used) == (True, "cp1252")


@pytest.mark.parametrize("name", ["euc-kr", "EUC-KR", "euckr", "euc_kr", "ms949", "cp949"])
def test_euc_kr_is_read_as_its_superset_with_every_syllable(file: Path, name: str) -> None:
    survey = read(file, as_csv().encode("cp949"), encoding=name)
    assert texts(survey, "place")[:2] == ["펲", "똠"]


def test_a_declared_encoding_is_kept_to(file: Path) -> None:
    assert refusal(file, as_csv().encode("cp949"), encoding="utf-8").code == "DI-E001"
    assert refusal(file, as_csv().encode(), encoding="ascii").code == "DI-E001"
    # Read as Latin-1 every byte is a character: the headers give it away.
    assert refusal(file, as_csv().encode(), encoding="latin-1").code == "DI-E103"


@pytest.mark.parametrize("name", ["nonsense", "rot13", "hex", "", "undefined"])
def test_what_is_no_text_encoding_is_refused_by_name(file: Path, name: str) -> None:
    error = refusal(file, as_csv().encode(), encoding=name)
    assert error.code in {"DI-E001", "DI-E120"}
    assert error.params["path"] == "survey.csv"


def test_what_is_no_text_in_any_candidate_is_refused_with_what_was_tried(file: Path) -> None:
    error = refusal(file, b"id,\xff\xff\n1,2\n", language="ko")
    assert error.code == "DI-E001"
    assert "utf-8, cp949" in str(error)


def test_a_nul_character_is_refused_with_its_line(file: Path) -> None:
    error = refusal(file, as_csv().replace("bad", "b\0d"))
    assert (error.code, error.params["line"]) == ("DI-E020", 3)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"PK\x03\x04rest", "ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "OLE"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1" + "Workbook".encode("utf-16-le"), "XLS"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1" + "HwpSummaryInformation".encode("utf-16-le"), "HWP"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"  <!DOCTYPE html><table>", "HTML"),
    ],
)
def test_another_kind_of_file_is_called_by_its_name(file: Path, raw: bytes, kind: str) -> None:
    error = refusal(file, raw)
    assert (error.code, error.params["kind"]) == ("DI-E025", kind)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(b"$FL2@(#)", "SAV"), (b"<stata_dta><header>", "DTA"), (b"PAR1\x15", "Parquet")],
)
def test_a_file_under_the_name_of_another_kind_is_refused(
    file: Path, raw: bytes, kind: str
) -> None:
    error = refusal(file, raw)
    assert (error.code, error.params["kind"]) == ("DI-E190", kind)
    assert error.params["said"] == ["CSV"]


@pytest.mark.parametrize("version", [79, 255])
def test_a_workbook_of_an_impossible_archive_is_refused(file: Path, version: int) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    raw = bytearray(written.getvalue())
    raw[raw.rindex(b"PK\x01\x02") + 6] = version  # what is needed to unpack it
    workbook = file.with_suffix(".xlsx")
    workbook.write_bytes(bytes(raw))
    with pytest.raises(InputError, match="DI-E200"):
        read_survey(workbook, schema())


def test_text_under_the_name_of_a_workbook_is_refused(file: Path) -> None:
    workbook = file.with_suffix(".xlsx")
    workbook.write_text(as_csv(), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_survey(workbook, schema())
    assert (caught.value.code, caught.value.params["kind"]) == ("DI-E190", "CSV")


def test_a_file_behind_a_password_is_called_so(file: Path) -> None:
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1" + "EncryptedPackage".encode("utf-16-le")
    for name in ("survey.xlsx", "survey.csv"):
        file.with_name(name).write_bytes(locked)
        with pytest.raises(InputError, match="password") as caught:
            read_survey(file.with_name(name), schema())
        assert caught.value.code == "DI-E189"


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    file.write_text(as_csv(), encoding="utf-8")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError, match="Permission denied") as caught:
        open_file(file, SurveyFile(), None)
    assert caught.value.code == "DI-E102"


def test_a_file_that_is_not_there_is_refused(file: Path) -> None:
    with pytest.raises(InputError, match="DI-E101"):
        read_survey(file, schema())


# -- layout ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_every_line_ending_gives_the_same_records(file: Path, ending: str, *, last: bool) -> None:
    text = as_csv() if last else as_csv().removesuffix("\n")
    survey = read(file, text.replace("\n", ending))
    assert texts(survey, "id") == [row[0] for row in ROWS]
    assert numbers(survey, "answer") == [1, 2, 9, None]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("inner", ["\n", "\r\n", "\r"])
def test_a_quoted_field_may_hold_commas_quotes_and_line_breaks(
    file: Path, ending: str, inner: str
) -> None:
    remark = f'a, "b"{inner}c{inner}{inner}d'
    survey = read(file, as_csv([[*row[:2], remark, *row[3:]] for row in ROWS], ending=ending))
    assert texts(survey, "remark") == [remark] * 4


@pytest.mark.parametrize("more", ["\n", "\n\n\n", "\r\n", "\r\n\r\n"])
@pytest.mark.parametrize("quoted", [False, True])
def test_blank_lines_at_the_end_are_no_records(file: Path, more: str, *, quoted: bool) -> None:
    text = as_csv().replace("good", '"good"') if quoted else as_csv()
    assert read(file, text + more).records == 4


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_blank_line_inside_is_refused(file: Path, ending: str, *, quoted: bool) -> None:
    text = as_csv().replace("good", '"good"') if quoted else as_csv()
    lines = text.splitlines()
    error = refusal(file, ending.join([*lines[:2], "", *lines[2:]]) + ending)
    assert (error.code, error.params["lines"]) == ("DI-E016", [3])


@pytest.mark.parametrize("first", ["", ",,,,", '"",""'])
def test_a_first_line_without_names_is_told_as_such(file: Path, first: str) -> None:
    assert refusal(file, f"{first}\n{as_csv()}").code == "DI-E019"


@pytest.mark.parametrize("content", ["x" * 140_000 + "\n1\n", 'id,"a\n' + "x" * 140_000])
def test_a_header_of_excessive_length_is_told_as_such(file: Path, content: str) -> None:
    assert refusal(file, content).code == "DI-E023"


def test_a_quoted_cell_of_excessive_length_is_told_with_its_line(file: Path) -> None:
    error = refusal(file, as_csv([ROWS[0], ["1", "R", '"' + "x" * 140_000, "1", "1"]]))
    assert (error.code, error.params["line"]) == ("DI-E023", 3)


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize(
    ("code", "change", "found"),
    [("DI-E015", lambda line: f"{line},", 6), ("DI-E016", lambda line: line.rsplit(",", 1)[0], 4)],
)
def test_every_record_of_another_width_is_counted_and_the_first_are_named(
    file: Path, code: str, change: Make, found: int, *, quoted: bool
) -> None:
    header, *lines = as_csv([*ROWS, *ROWS]).splitlines()
    lines = [change(line) if number > 1 else line for number, line in enumerate(lines)]
    text = "\n".join([header, *lines])
    error = refusal(file, text.replace("good", '"good"') if quoted else text)
    assert error.code == code
    assert (error.params["count"], error.params["lines"]) == (6, [4, 5, 6, 7, 8])
    assert (error.params["found"], error.params["expected"]) == (found, 5)


def test_lines_of_broken_records_are_counted_as_an_editor_counts_them(file: Path) -> None:
    rows = [["1", "R", "two\nlines", "1", "1"], ["2", "R", "", "1", "1"]]
    error = refusal(file, as_csv(rows) + "3,R,x\n")
    assert (error.code, error.params["lines"]) == ("DI-E016", [5])


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_delimiter_is_recognised(file: Path, mark: str) -> None:
    error = refusal(file, as_csv().replace(",", mark))
    assert (error.code, error.params["delimiter"]) == ("DI-E012", repr(mark))


def test_an_open_quote_is_refused_with_the_line_where_its_record_starts(file: Path) -> None:
    error = refusal(file, as_csv().replace("bad", '"bad'))
    assert (error.code, error.params["line"]) == ("DI-E017", 3)


@pytest.mark.parametrize("header", [["id", "id", "a"], ["a", "id ", "id"]])
def test_repeated_headers_are_refused(header: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        check_layout(as_csv([["1", "2", "3"]], header), "survey.csv")
    assert (caught.value.code, caught.value.params["columns"]) == ("DI-E018", ["id"])


@pytest.mark.parametrize("text", ["", "\n\n", "  \n", "id,a\n", "id,a", '"id","a"\n\n'])
def test_a_file_without_records_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="DI-E021"):
        check_layout(text, "survey.csv")


def test_a_missing_column_is_refused_with_what_looks_like_it(file: Path) -> None:
    error = refusal(file, as_csv(header=["id", "지역", "remark", "socre", "answer"]))
    assert (error.code, error.params["columns"]) == ("DI-E103", ["score"])
    assert list(error.params["nearest"]) == ["socre"]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("empty", [1, 2])
def test_commas_at_the_end_of_every_line_are_empty_columns_and_ignored(
    file: Path, empty: int
) -> None:
    lines = [line + "," * empty for line in as_csv().splitlines()]
    assert read(file, "\n".join(lines)).records == 4


def test_columns_that_no_variable_needs_are_ignored_whatever_they_hold(file: Path) -> None:
    secret = 'NaN, 1e999, "quoted"\nJohn Doe; 010-1234-5678'
    header = ["free text", *HEADER, "name", ""]
    survey = read(file, as_csv([[secret, *row, "x" * 5000, ""] for row in ROWS], header))
    assert list(survey.frame.columns)[:5] == ["id", "place", "remark", "score", "answer"]
    assert numbers(survey, "score") == [50, 0.25, -1, None]
    assert not any("secret" in str(name) or name == "name" for name in survey.frame.columns)


def test_the_order_of_columns_does_not_matter(file: Path) -> None:
    backwards = read(file, as_csv([row[::-1] for row in ROWS], HEADER[::-1]))
    assert texts(backwards, "id") == [row[0] for row in ROWS]
    assert numbers(backwards, "score") == [50, 0.25, -1, None]


# -- cells -----------------------------------------------------------------------------------


def test_identifiers_keep_leading_zeros_and_all_their_digits(file: Path) -> None:
    assert texts(read(file, as_csv()), "id") == [row[0] for row in ROWS]


@pytest.mark.parametrize("word", ["NA", "None", "null"])
def test_a_word_that_other_software_takes_for_missing_is_a_text(file: Path, word: str) -> None:
    survey = read(file, as_csv([["1", word, word, "1", "1"], ["2", "R", "nan", "2", "1"]]))
    assert texts(survey, "place") == [word, "R"]
    assert texts(survey, "remark") == [word, "nan"]


@pytest.mark.parametrize("word", ["NA", "None", "null", "nan", "NaN", "N/A", "#N/A", "-", "."])
def test_such_a_word_among_numbers_is_no_silent_blank(file: Path, word: str) -> None:
    rows = [["1", "R", "", "1", "1"], ["2", "R", "", word, "2"]]
    error = refusal(file, as_csv(rows))
    assert (error.code, error.params["cells"]) == ("DI-E035", "score (n=1, line 3)")
    assert word not in str(error).split()


@pytest.mark.parametrize("blank", ["", " ", "  ", "\t"])
def test_a_cell_of_blanks_is_missing_and_not_counted_as_mended(file: Path, blank: str) -> None:
    rows = [["1", "R", "x", "1", "1"], ["2", blank, blank, blank, blank]]
    survey = read(file, as_csv(rows))
    assert [texts(survey, name)[1] for name in ("place", "remark")] == [None, None]
    assert [numbers(survey, name)[1] for name in ("score", "answer")] == [None, None]
    assert survey.findings == ()


def test_outer_blanks_of_a_code_are_taken_off_and_counted(file: Path) -> None:
    rows = [["1", " R", "", "1", "1"], ["2", "R ", "", " 2", "2 "], ["3", "R", "", "3", "1"]]
    survey = read(file, as_csv(rows))
    assert texts(survey, "place") == ["R", "R", "R"]
    assert numbers(survey, "score") == [1, 2, 3]
    found = [(finding.code, finding.params["count"]) for finding in survey.findings]
    assert found == [("DI-W009", 2)]
    assert survey.findings[0].params["column"] == "지역"


@pytest.mark.parametrize(
    "odd",
    [
        "1,234",
        "0,5",
        "50%",
        "\uff15\uff10",
        "1_0",
        "0x10",
        "True",
        "fifty",
        "5O",
        "1e",
        "2024-03-04",
    ],
)
def test_what_is_not_plainly_a_number_is_refused_and_not_shown(file: Path, odd: str) -> None:
    rows = [["1", "R", "", "1", "1"], ["2", "R", "", odd, "2"], ["3", "R", "", "3", "2"]]
    error = refusal(file, as_csv(rows))
    is_marked = odd in {"1,234", "0,5"}
    assert error.code == ("DI-E011" if is_marked else "DI-E035")
    assert (error.params["cells"], error.params["count"]) == ("score (n=1, line 3)", 1)
    assert odd not in str(error)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1e1", 10), ("+7", 7), (".5", 0.5), ("5.", 5), ("0.1", 0.1), ("33.333333333333336", 100 / 3)],
)
def test_a_number_is_read_to_its_last_digit(file: Path, cell: str, value: float) -> None:
    rows = [["1", "R", "", cell, "1"], ["2", "R", "", "1", "1"]]
    assert numbers(read(file, as_csv(rows)), "score")[0] == value


@pytest.mark.parametrize("cell", ["inf", "-inf", "Infinity", "1e400", "101", "-2"])
def test_a_number_out_of_range_or_not_finite_is_refused(file: Path, cell: str) -> None:
    rows = [["1", "R", "", "1", "1"], ["2", "R", "", cell, "1"]]
    assert refusal(file, as_csv(rows)).code == "DI-E034"


# -- frames ----------------------------------------------------------------------------------

TYPED: dict[str, Any] = {
    "id": ["0012", "12", "9007199254740993", "9007199254740992"],
    "지역": ["펲", "똠", "R", "R"],
    "remark": ["good", "bad", None, "so so"],
    "score": [50.0, 0.25, -1.0, None],
    "answer": [1, 2, 9, None],
}
FRAMES: dict[str, Any] = {
    "pandas": lambda: pd.DataFrame(TYPED),
    "pandas with a shuffled index": lambda: pd.DataFrame(TYPED, index=[3, 1, 7, 1]),
    "pandas with nullable types": lambda: pd.DataFrame(TYPED).convert_dtypes(),
    "pandas of objects": lambda: pd.DataFrame(TYPED).astype(object),
    "pandas of texts": lambda: pd.read_csv(io.StringIO(as_csv()), dtype=str, keep_default_na=False),
    "pandas of categories": lambda: pd.DataFrame(TYPED).astype({"지역": "category"}),
    "Polars": lambda: pl.DataFrame(TYPED),
    "Polars of texts": lambda: pl.read_csv(as_csv().encode(), infer_schema_length=0),
    "Polars with NaN": lambda: as_polars(pd.DataFrame(TYPED)).with_columns(
        score=pl.Series([50.0, 0.25, -1.0, float("nan")])
    ),
    "Polars of categories": lambda: pl.DataFrame(TYPED).cast({"지역": pl.Categorical}),
}


@pytest.mark.engine
@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_is_read_as_the_file_is(file: Path, kind: str) -> None:
    from_file = read(file, as_csv())
    source = FRAMES[kind]()
    survey = read_survey(source, schema())
    assert type(survey.frame) is type(source)
    for name in ("id", "place", "remark"):
        assert texts(survey, name) == texts(from_file, name)
    for name in ("score", "answer"):
        assert numbers(survey, name) == numbers(from_file, name)
    assert survey.findings == from_file.findings == ()
    assert survey.origins == ()


@pytest.mark.engine
@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_whole_numbers_as_identifiers_are_written_without_a_point(library: Make) -> None:
    columns = {**TYPED, "id": [1.0, 2.0, 3.0, 4.0], "remark": [7, 8, 9, 10]}
    survey = read_survey(library(columns), schema())
    assert texts(survey, "id") == ["1", "2", "3", "4"]
    assert texts(survey, "remark") == ["7", "8", "9", "10"]


@pytest.mark.engine
@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("cells", [["1", "2", "x", None], [True, False, True, False]])
def test_words_among_numbers_of_a_frame_are_refused(library: Make, cells: list[Any]) -> None:
    with pytest.raises(InputError) as caught:
        read_survey(library({**TYPED, "answer": cells}), schema())
    assert caught.value.code == "DI-E035"


@pytest.mark.parametrize("source", [[1, 2], {"id": [1]}, 7, None, np.zeros(3)])
def test_what_is_no_survey_is_refused_by_its_type(source: object) -> None:
    with pytest.raises(InputError) as caught:
        read_survey(source, schema())
    assert caught.value.code == "DI-E121"
    told = source["id"] if isinstance(source, dict) else source
    assert type(told).__name__ in str(caught.value)


def test_a_frame_with_repeated_or_missing_columns_is_refused() -> None:
    frame = pd.DataFrame(TYPED)
    with pytest.raises(InputError, match="DI-E018"):
        read_survey(pd.concat([frame, frame[["id"]]], axis=1), schema())
    with pytest.raises(InputError, match="DI-E103"):
        read_survey(frame.drop(columns="score"), schema())


@pytest.mark.engine
@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_a_frame_without_records_is_refused(library: Make) -> None:
    frame = library(TYPED).head(0)
    with pytest.raises(InputError, match="DI-E021"):
        read_survey(frame, schema())


# -- where it came from ----------------------------------------------------------------------


def test_the_origin_is_the_name_the_hash_and_the_encoding(file: Path) -> None:
    raw = as_csv().encode("utf-8-sig")
    (origin,) = read(file, raw).origins
    assert origin is not None
    assert origin.name == "survey.csv"
    assert origin.sha256 == hashlib.sha256(raw).hexdigest()
    assert origin.encoding == "utf-8-sig"
