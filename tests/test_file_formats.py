"""Workbooks, SPSS, Stata and Parquet are read as they are: no cell lost, none reinterpreted."""

import hashlib
import io
import re
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
import xlsxwriter
import yaml

from divide_index.errors import DivideIndexError
from divide_index.reading import workbooks
from divide_index.reading.origin import OpenFile
from divide_index.reading.parquet import open_parquet
from divide_index.reading.statistical import open_dta, open_sav
from divide_index.reading.workbooks import open_workbook
from divide_index.schema import SurveyFile, SurveySchema
from divide_index.survey import read_survey

SCHEMA = """
format: 1
name: formats
title: Formats
survey: {name: Formats}
variables:
  id: {type: text}
  place: {column: 지역, codes: {펲: Pep, R: Rural}}
  score: {type: number, range: [0, 100]}
  answer: {codes: {1: a, 2: b}}
design: {id: id}
items: {score: {of: score, rule: scale, goalposts: [0, 100]}}
dimensions: {one: {label: One, weight: 1, indicators: {one: {weight: 1, items: [score]}}}}
reference: {label: Everybody}
"""
NFD = unicodedata.normalize("NFD", "지역")
MOMENT = datetime(2024, 3, 4, 5, 6)  # noqa: DTZ001  files know no zones
SEVENTEEN = "12345678901234567"


def schema() -> SurveySchema:
    return SurveySchema.model_validate(yaml.safe_load(SCHEMA))


def cells(file: OpenFile, column: str, *, text: bool = False) -> list[Any]:
    """Return a column's cells as Python values, missing as None."""
    read = file.read({column: text})[column]
    return [None if pd.isna(cell) else cell for cell in read.to_list()]


def refusal(act: Callable[[], object]) -> DivideIndexError:
    with pytest.raises(DivideIndexError) as caught:
        act()
    assert str(caught.value).startswith(caught.value.code)  # all its words have their parameters
    return caught.value


def place(error: DivideIndexError) -> tuple[object, ...]:
    """Return code, column, count and lines of an error."""
    return (error.code, *(error.params[name] for name in ("column", "count", "lines")))


# -- workbooks -------------------------------------------------------------------------------


class Formula(NamedTuple):
    """A formula and the result its cell holds: none, a value or an error."""

    words: str
    result: object = ""


class Dated(NamedTuple):
    """A value under a number format."""

    value: datetime | float
    number_format: str | int = "yyyy-mm-dd"


HEADER = ["id", "지역", "score", "answer"]
RECORDS: list[list[Any]] = [["0012", "펲", 50, 1], ["12", "R", 0.25, 2], ["13", "R", None, 2]]


def write(made: xlsxwriter.Workbook, sheet: Any, place: tuple[int, int], cell: object) -> None:  # noqa: ANN401
    match cell:
        case None:
            pass
        case Formula(words, result):
            sheet.write_formula(*place, words, None, result)
        case Dated(value, number_format):
            sheet.write(*place, value, made.add_format({"num_format": number_format}))
        case str():
            sheet.write_string(*place, cell)
        case _:
            sheet.write(*place, cell)


def book(*sheets: Sequence[Sequence[Any]], hidden: Collection[int] = (), merged: str = "") -> bytes:
    """Return a workbook with the sheets one, two, three."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True}) as made:
        for number, rows in enumerate(sheets):
            sheet = made.add_worksheet(["one", "two", "three"][number])
            if number in hidden:
                sheet.hide()
            else:
                sheet.activate()
            for line, row in enumerate(rows):
                for position, cell in enumerate(row):
                    write(made, sheet, (line, position), cell)
            if merged:
                sheet.merge_range(merged, "merged")
    return written.getvalue()


def repacked(raw: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook in which one part is changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return made.getvalue()


def in_sheet(raw: bytes, change: Callable[[str], str]) -> bytes:
    return repacked(raw, "xl/worksheets/sheet1.xml", lambda xml: change(xml.decode()).encode())


def xlsx(*rows: Sequence[Any], **layout: object) -> OpenFile:
    return open_workbook(book(rows), "a.xlsx", SurveyFile.model_validate(layout))


def column(*values: object) -> OpenFile:
    """Return a workbook of identifiers and one column ``q``."""
    return xlsx(["id", "q"], *([f"r{number}", value] for number, value in enumerate(values)))


def test_a_workbook_is_the_survey_of_its_frame() -> None:
    file = xlsx(HEADER, *RECORDS)
    frame = file.read({"id": True, "지역": True, "score": False, "answer": False})
    survey = read_survey(frame, schema())
    assert survey.frame["id"].to_list() == ["0012", "12", "13"]
    assert survey.frame["place"].to_list() == ["펲", "R", "R"]
    assert survey.frame["score"].isna().to_list() == [False, False, True]
    assert survey.frame["answer"].to_list() == [1, 2, 2]


def test_a_workbook_says_where_it_came_from() -> None:
    raw = book([HEADER, *RECORDS])
    file = open_workbook(raw, "a.xlsm", SurveyFile())
    assert file.origin is not None
    assert file.origin.sha256 == hashlib.sha256(raw).hexdigest()
    assert (file.origin.name, file.origin.kind, file.origin.records) == ("a.xlsm", "XLSX", 3)
    assert (file.columns, file.first_line) == (HEADER, 2)


def test_a_column_of_numbers_is_one_of_floats() -> None:
    read = column(1, 2.5, None).read({"q": False})["q"]
    assert read.dtype == np.float64
    assert read.to_list()[:2] == [1.0, 2.5]
    assert np.isnan(read[2])


def test_columns_come_in_the_order_in_which_they_are_wanted() -> None:
    read = xlsx(HEADER, *RECORDS).read({"answer": False, "id": True})
    assert list(read.columns) == ["answer", "id"]
    assert list(read.index) == [0, 1, 2]


def test_no_column_wanted_is_a_frame_of_as_many_records() -> None:
    assert xlsx(HEADER, *RECORDS).read({}).shape == (3, 0)


def test_leading_zeros_stay_in_a_text() -> None:
    assert cells(column("0012", "012"), "q", text=True) == ["0012", "012"]


def test_seventeen_digits_stay_in_a_text() -> None:
    assert cells(column(SEVENTEEN), "q", text=True) == [SEVENTEEN]


def test_a_number_becomes_its_shortest_text() -> None:
    file = column(1.0, 0.25, -3, 1234567, 1e-7)
    assert cells(file, "q", text=True) == ["1", "0.25", "-3", "1234567", "1e-07"]


@pytest.mark.parametrize("number", [10**15, -(10**15), 9007199254740993, float(SEVENTEEN)])
def test_a_number_too_long_for_excel_is_no_text(number: float) -> None:
    error = refusal(lambda: column("a", number, 1).read({"q": True}))
    assert place(error) == ("DI-E209", "q", 1, [3])


def test_a_long_number_is_a_number() -> None:
    assert cells(column(1e300), "q") == [1e300]


@pytest.mark.parametrize("blank", ["", " ", "\xa0", "\u3000 ", "\t\n", None])
@pytest.mark.parametrize("text", [True, False])
def test_a_cell_of_blanks_is_missing(blank: str | None, *, text: bool) -> None:
    assert cells(column(1, blank), "q", text=text) == [1 if not text else "1", None]


@pytest.mark.parametrize("text", [True, False])
def test_a_column_of_blanks_is_all_missing(*, text: bool) -> None:
    read = column(None, " ", None).read({"q": text})["q"]
    assert read.isna().all()
    assert (read.dtype == np.float64) is not text


def test_a_column_without_any_cell_is_missing_and_read_by_the_gate() -> None:
    frame = xlsx(HEADER, *([*row[:2], None, 1] for row in RECORDS)).read(
        {"id": True, "지역": True, "score": False, "answer": False}
    )
    assert read_survey(frame.assign(score=frame["score"].fillna(1.0)), schema()).records == 3


def test_a_text_keeps_its_blanks() -> None:
    assert cells(column(" a  b "), "q", text=True) == [" a  b "]


def test_a_word_among_numbers_makes_all_of_them_text() -> None:
    assert cells(column(1, 2.5, "yes", None), "q") == ["1", "2.5", "yes", None]


def test_the_gate_names_a_word_among_numbers() -> None:
    file = xlsx(HEADER, *RECORDS, ["14", "R", "much", 1])
    frame = file.read({"id": True, "지역": True, "score": False, "answer": False})
    assert refusal(lambda: read_survey(frame, schema())).code == "DI-E035"


def test_the_gate_reads_numbers_that_excel_holds_as_text() -> None:
    file = xlsx(HEADER, *RECORDS, ["14", "R", "3", "1"])
    frame = file.read({"id": True, "지역": True, "score": False, "answer": False})
    survey = read_survey(frame, schema())
    assert survey.frame["score"].to_list()[-1] == 3
    assert survey.frame["answer"].to_list() == [1, 2, 2, 1]


@pytest.mark.parametrize("text", [True, False])
def test_true_and_false_are_texts(*, text: bool) -> None:
    assert cells(column(True, False, 1), "q", text=text) == ["TRUE", "FALSE", "1"]


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize(
    "cell",
    [
        Dated(MOMENT),
        Dated(MOMENT, "m/d hh:mm"),
        Dated(0.5, "hh:mm"),
        Dated(1.5, "[h]:mm"),
        Dated(45355, 'm"월" d"일"'),
        Dated(45355, 31),  # Korean Excel's own format of a date
    ],
)
def test_a_date_is_refused(cell: Dated, *, text: bool) -> None:
    error = refusal(lambda: column(1, cell, 3, cell).read({"q": text}))
    assert place(error) == ("DI-E037", "q", 2, [3, 5])


def test_many_dates_are_counted_and_five_named() -> None:
    error = refusal(lambda: column(*[Dated(45355)] * 9).read({"q": False}))
    assert place(error) == ("DI-E037", "q", 9, [2, 3, 4, 5, 6])


def test_a_date_in_a_column_that_is_not_read_harms_nobody() -> None:
    assert cells(column(Dated(45355), 2), "id", text=True) == ["r0", "r1"]


@pytest.mark.parametrize("number_format", ["#,##0", '0"년"', "0.00_);[Red](0.00)", "General", "@"])
def test_a_number_in_another_format_is_a_number(number_format: str) -> None:
    assert cells(column(Dated(45355, number_format)), "q") == [45355]


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!"])
@pytest.mark.parametrize("text", [True, False])
def test_an_error_is_not_a_blank(error: str, *, text: bool) -> None:
    file = column(1, Formula("=1/0", error), 3, Formula("=1/0", error))
    assert place(refusal(lambda: file.read({"q": text}))) == ("DI-E202", "q", 2, [3, 5])


def test_an_error_in_a_column_that_is_not_read_harms_nobody() -> None:
    assert cells(column(Formula("=1/0", "#DIV/0!"), 2), "id", text=True) == ["r0", "r1"]


def test_a_formula_is_its_result() -> None:
    file = column(Formula("=1+1", 2), Formula('="a"&"<"', "a<"), Formula("=1=1", result=True))
    assert cells(file, "q", text=True) == ["2", "a<", "TRUE"]


def test_a_formula_without_a_result_is_not_a_blank() -> None:
    file = column(Formula("=1+1", 2), Formula("=A1"), 3, Formula("=A1"))
    assert place(refusal(lambda: file.read({"q": False}))) == ("DI-E202", "q", 2, [3, 5])


@pytest.mark.parametrize("written", ["<f>A1</f>", "<f>A1</f><v/>", '<f t="shared" si="0"/>'])
def test_a_formula_without_a_result_is_found_however_it_is_written(written: str) -> None:
    raw = book([["id", "q"], ["a", Formula("=A1", 7)], ["b", 2]])
    raw = in_sheet(raw, lambda xml: xml.replace("<f>A1</f><v>7</v>", written))
    error = refusal(lambda: open_workbook(raw, "a.xlsx", SurveyFile()).read({"q": False}))
    assert place(error) == ("DI-E202", "q", 1, [2])


def test_a_formula_that_results_in_no_text_is_a_blank() -> None:
    raw = book([["id", "q"], ["a", Formula('=""', 7)], ["b", 2]])
    raw = in_sheet(
        raw, lambda xml: re.sub('<c r="B2"(.*?)<v>7</v>', r'<c r="B2" t="str"\1<v></v>', xml)
    )
    assert cells(open_workbook(raw, "a.xlsx", SurveyFile()), "q") == [None, 2]


def test_errors_are_found_under_a_prefix_of_xml() -> None:
    raw = book([["id", "q"], ["a", 1], ["b", Formula("=1/0", "#DIV/0!")]])
    raw = in_sheet(
        raw, lambda xml: re.sub(r"<(/?)(\w)", r"<\1x:\2", xml).replace("xmlns=", "xmlns:x=")
    )
    error = refusal(lambda: open_workbook(raw, "a.xlsx", SurveyFile()).read({"q": False}))
    assert place(error) == ("DI-E202", "q", 1, [3])


def test_errors_are_found_where_cells_do_not_say_their_place() -> None:
    raw = book([["id", "q"], ["a", 1], ["b", Formula("=1/0", "#DIV/0!")]])
    raw = in_sheet(raw, lambda xml: re.sub(r'(<row|<c) r="\w+"', r"\1", xml))
    error = refusal(lambda: open_workbook(raw, "a.xlsx", SurveyFile()).read({"q": False}))
    assert place(error) == ("DI-E202", "q", 1, [3])


def test_a_text_that_looks_like_an_error_is_a_text() -> None:
    raw = book([["id", "q"], ["a", "seen"], ["b", Formula("=A1", 5)]])
    raw = in_sheet(
        raw,
        lambda xml: re.sub(
            '<c r="A2".*?</c>', """<c r="A2" t="inlineStr"><is><t>t="e" t='e'</t></is></c>""", xml
        ),
    )
    file = open_workbook(raw, "a.xlsx", SurveyFile())
    assert cells(file, "q") == ["seen", "5"]
    assert cells(file, "id", text=True) == ["t=\"e\" t='e'", "b"]


def test_a_record_of_formulas_without_results_is_still_a_record() -> None:
    file = xlsx(["q", "r"], [1, 1], [Formula("=A1"), Formula("=A1")])
    assert file.origin is not None
    assert file.origin.records == 2
    assert place(refusal(lambda: file.read({"r": False}))) == ("DI-E202", "r", 1, [3])


def test_a_last_column_of_formulas_without_results_is_still_a_column() -> None:
    file = xlsx(["q"], [1, Formula("=A1")], [2, Formula("=A1")])
    assert (file.columns, cells(file, "q")) == (["q", ""], [1, 2])


def test_a_merged_cell_hides_no_missing_value() -> None:
    raw = book([["id", "q", "r"], ["a", None, 1], ["b", None, 2], ["c", 3, 3]], merged="B2:B3")
    file = open_workbook(raw, "a.xlsx", SurveyFile())
    assert place(refusal(lambda: file.read({"q": True}))) == ("DI-E203", "q", 1, [3])
    assert cells(file, "r") == [1, 2, 3]


def test_a_cell_merged_across_columns_is_missing_in_the_second() -> None:
    raw = book([["id", "q", "r"], ["a", None, None], ["c", 3, 3]], merged="B2:C2")
    file = open_workbook(raw, "a.xlsx", SurveyFile())
    assert cells(file, "q") == ["merged", "3"]
    assert place(refusal(lambda: file.read({"r": True}))) == ("DI-E203", "r", 1, [2])


def test_a_merged_title_above_the_header_is_no_merged_cell() -> None:
    raw = book([[None], ["id", "q"], ["a", 1]], merged="A1:B1")
    assert cells(open_workbook(raw, "a.xlsx", SurveyFile(header_row=2)), "q") == [1]


# -- headers, sheets and records of workbooks ------------------------------------------------


def test_headers_are_composed_and_without_outer_blanks() -> None:
    file = xlsx([f" {NFD}\xa0", "a  b", 1.0, True], [1, 2, 3, 4])
    assert file.columns == ["지역", "a  b", "1", "TRUE"]
    assert cells(file, "지역") == [1]


@pytest.mark.parametrize("header", [["q", "q"], ["q", " q "], ["지역", NFD], [1, "1"]])
def test_repeated_headers_are_refused(header: list[Any]) -> None:
    error = refusal(lambda: xlsx(["id", *header], ["a", 1, 2]))
    assert (error.code, len(list(error.params["columns"]))) == ("DI-E018", 1)  # pyright: ignore[reportArgumentType]


def test_columns_without_header_at_the_end_are_dropped_if_they_are_empty() -> None:
    assert xlsx(["id", "q", None, " "], ["a", 1, " ", None]).columns == ["id", "q"]


def test_a_column_without_header_but_with_values_is_nobodys() -> None:
    file = xlsx([None, "id", None, "q", None], ["x", "a", None, 1, "note"], [None, "b", None, 2])
    assert file.columns == ["", "id", "", "q", ""]
    assert (cells(file, "id", text=True), cells(file, "q")) == (["a", "b"], [1, 2])


def test_two_columns_without_header_are_not_repeated_ones() -> None:
    assert xlsx([None, None, "id"], [1, 2, "a"]).columns == ["", "", "id"]


def test_blank_rows_at_the_end_are_no_records() -> None:
    file = xlsx(["id", "q"], ["a", 1], [" ", None], ["\xa0", " "])
    assert file.origin is not None
    assert file.origin.records == 1


def test_a_zero_is_no_blank_row() -> None:
    assert cells(xlsx(["q"], [0], [False], [0]), "q") == ["0", "FALSE", "0"]


def test_a_blank_row_between_records_is_refused() -> None:
    error = refusal(lambda: xlsx(["id", "q"], ["a", 1], [], [" "], ["b", 2], [], ["c", 3], []))
    assert error.code == "DI-E204"
    assert (error.params["count"], error.params["lines"]) == (3, [3, 4, 6])


@pytest.mark.parametrize("rows", [[], [["id", "q"]], [["id", "q"], [" ", None]]])
def test_a_sheet_without_records_is_refused(rows: list[list[Any]]) -> None:
    assert refusal(lambda: xlsx(*rows)).code == "DI-E021"


def test_the_header_stands_in_the_row_that_is_named() -> None:
    file = xlsx(["2024 survey"], [], ["id", "q"], ["a", Dated(45355)], header_row=3)
    assert (file.columns, file.first_line) == (["id", "q"], 4)
    assert place(refusal(lambda: file.read({"q": False}))) == ("DI-E037", "q", 1, [4])


@pytest.mark.parametrize("row", [2, 9])
def test_a_row_without_column_names_is_no_header(row: int) -> None:
    error = refusal(lambda: xlsx(["title"], [" "], ["id", "q"], ["a", 1], header_row=row))
    assert (error.code, error.params["line"], error.params["sheet"]) == ("DI-E206", row, "one")


def test_lines_are_those_of_the_sheet_even_if_it_starts_further_down() -> None:
    file = xlsx([], [], [None, "id", "q"], [None, "a", Dated(45355)], header_row=3)
    assert place(refusal(lambda: file.read({"q": False}))) == ("DI-E037", "q", 1, [4])


def test_the_first_visible_sheet_is_read() -> None:
    raw = book([["old"], [1]], [["new"], [1]], [["newest"], [1]], hidden={0})
    assert open_workbook(raw, "a.xlsx", SurveyFile()).columns == ["new"]


def test_the_sheet_that_is_named_is_read_even_if_it_is_hidden() -> None:
    raw = book([["old"], [1]], [["new"], [1]], hidden={0})
    assert open_workbook(raw, "a.xlsx", SurveyFile(sheet="one")).columns == ["old"]


def test_an_unknown_sheet_is_refused_with_those_there_are() -> None:
    raw = book([["old"], [1]], [["new"], [1]])
    error = refusal(lambda: open_workbook(raw, "a.xlsx", SurveyFile(sheet="자료")))
    assert (error.code, error.params["sheets"]) == ("DI-E201", ["one", "two"])


def test_a_chart_is_no_sheet() -> None:
    written = io.BytesIO()
    with xlsxwriter.Workbook(written) as made:
        chart: Any = made.add_chart({"type": "bar"})
        made.add_chartsheet("chart").set_chart(chart)
        made.add_worksheet("자료").write_column(0, 0, ["q", 1])
        chart.add_series({"values": "=자료!$A$2:$A$2"})
    raw = written.getvalue()
    assert open_workbook(raw, "a.xlsx", SurveyFile()).columns == ["q"]
    error = refusal(lambda: open_workbook(raw, "a.xlsx", SurveyFile(sheet="chart")))
    assert (error.code, error.params["sheets"]) == ("DI-E201", ["자료"])


def test_a_workbook_of_charts_alone_has_no_records() -> None:
    written = io.BytesIO()
    with xlsxwriter.Workbook(written) as made:
        made.add_chartsheet("chart")
    error = refusal(lambda: open_workbook(written.getvalue(), "a.xlsx", SurveyFile()))
    assert error.code == "DI-E021"


def test_the_name_of_a_sheet_is_composed() -> None:
    written = io.BytesIO()
    with xlsxwriter.Workbook(written) as made:
        made.add_worksheet("지역").write_column(0, 0, ["q", 1])
    file = open_workbook(written.getvalue(), "a.xlsx", SurveyFile(sheet=NFD))
    assert file.columns == ["q"]


def test_a_better_header_is_found_below_a_title() -> None:
    raw = book([["2024 survey"], ["made by us"], [f" {NFD}", "ID", "q"], ["a", "b", 2]])
    file = open_workbook(raw, "a.xlsx", SurveyFile())
    assert file.elsewhere(["지역", "id", "q"]) == ("one", 3)


def test_a_better_header_is_found_in_another_sheet() -> None:
    raw = book([["read me"], ["id"]], [["id", "q"], ["a", 1]], [["id", "q", "r"], ["a", 1, 2]])
    file = open_workbook(raw, "a.xlsx", SurveyFile())
    assert file.elsewhere(["id", "q"]) == ("two", 1)
    assert file.elsewhere(["id", "q", "r"]) == ("three", 1)


def test_of_headers_equally_good_that_of_the_sheet_read_comes_first() -> None:
    raw = book([["id", "q"], [1, 2]], [["title"], ["id", "q"], [1, 2]])
    file = open_workbook(raw, "a.xlsx", SurveyFile(sheet="two"))
    assert file.elsewhere(["id", "q"]) == ("two", 2)


def test_there_is_no_better_header_than_a_good_one() -> None:
    raw = book([["id", "q"], [1, 2]], [["id", "q"], [1, 2]])
    layout = SurveyFile(sheet="one")
    assert open_workbook(raw, "a.xlsx", layout).elsewhere(["id", "q", "r"]) is None


def test_a_workbook_with_the_same_headers_on_two_sheets_is_refused_until_one_is_named() -> None:
    raw = book([["id", "q"], [1, 2]], [["id", "q"], [3, 4]])
    with pytest.raises(DivideIndexError) as caught:
        open_workbook(raw, "a.xlsx", SurveyFile())
    assert caught.value.code == "DI-E231"
    assert caught.value.params["sheets"] == ["one", "two"]


@pytest.mark.parametrize("header", [["Q", "id"], ["id", "q", "more"], ["id", "q", None, "note"]])
def test_a_sheet_with_most_of_the_headers_is_a_twin_too(header: list[str | None]) -> None:
    with pytest.raises(DivideIndexError, match="DI-E231"):
        open_workbook(book([["id", "q"], [1, 2]], [header, [3, 4]]), "a.xlsx", SurveyFile())


def test_a_header_far_below_is_not_looked_for() -> None:
    rows = [["text"]] * 20 + [["id", "q"], ["a", 1]]
    assert xlsx(*rows).elsewhere(["id", "q"]) is None


def test_a_sheet_that_cannot_be_read_is_no_better_place() -> None:
    raw = book([["title"], [1]], [["id", "q"], [1, 2]], [["id"], [1]])
    raw = repacked(raw, "xl/worksheets/sheet2.xml", lambda _: b"<worksheet/>")
    file = open_workbook(raw, "a.xlsx", SurveyFile())
    assert file.elsewhere(["id", "q"]) == ("three", 1)


# -- workbooks that are no workbooks, or too large --------------------------------------------


def test_a_workbook_that_would_fill_the_memory_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = book([HEADER, *RECORDS])
    monkeypatch.setattr(workbooks, "_UNPACKED_AT_MOST", 10_000)
    error = refusal(lambda: open_workbook(raw, "a.xlsx", SurveyFile()))
    assert (error.code, set(error.params)) == ("DI-E024", {"path", "megabytes", "times"})


def test_a_workbook_packed_beyond_belief_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/workbook.xml", b" " * 1_000_000)
    monkeypatch.setattr(workbooks, "_SUSPECT_FROM", 900_000)
    error = refusal(lambda: open_workbook(bomb.getvalue(), "a.xlsx", SurveyFile()))
    assert (error.code, error.params["megabytes"]) == ("DI-E024", 1)


def test_a_cell_at_the_far_end_of_a_sheet_is_refused() -> None:
    raw = in_sheet(
        book([["id", "q"], ["a", 1]]),
        lambda xml: xml.replace(
            "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        ),
    )
    error = refusal(lambda: open_workbook(raw, "a.xlsx", SurveyFile()))
    assert (error.code, error.params["cell"]) == ("DI-E205", "XFD1048576")


def test_a_look_at_the_far_end_of_a_sheet_is_no_content() -> None:
    raw = in_sheet(
        book([["id", "q"], ["a", 1]]),
        lambda xml: xml.replace(
            "</sheetData>", '<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
        ),
    )
    assert open_workbook(raw, "a.xlsx", SurveyFile()).columns == ["id", "q"]


@pytest.mark.parametrize("width", [1, 30, 800])
def test_a_wide_sheet_is_read_to_its_last_column(width: int) -> None:
    header = [f"q{number}" for number in range(width)]
    file = xlsx(header, [*range(width - 1), Formula("=1/0", "#N/A")])
    assert place(refusal(lambda: file.read({header[-1]: False})))[0] == "DI-E202"
    assert file.columns == header


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_cut_off_is_refused(share: float) -> None:
    raw = book([HEADER, *RECORDS])
    error = refusal(lambda: open_workbook(raw[: int(len(raw) * share)], "a.xlsx", SurveyFile()))
    assert (error.code, error.params["kind"]) == ("DI-E200", "XLSX")


@pytest.mark.parametrize("bit", range(8))
def test_a_bit_changed_in_the_texts_of_a_workbook_is_noticed(bit: int) -> None:
    harmed = bytearray(book([HEADER, *RECORDS]))
    with zipfile.ZipFile(io.BytesIO(harmed)) as archive:
        info = archive.getinfo("xl/sharedStrings.xml")
    start = info.header_offset + 30 + len(info.filename)
    harmed[start + info.compress_size // 2] ^= 1 << bit
    error = refusal(lambda: open_workbook(bytes(harmed), "a.xlsx", SurveyFile()))
    assert error.code == "DI-E200"


@pytest.mark.parametrize("part", ["xl/workbook.xml", "_rels/.rels", "xl/_rels/workbook.xml.rels"])
@pytest.mark.parametrize("content", [b"", b"<", b"<x/>", b"not XML", b"\xff\xfe<\0x\0"])
def test_a_workbook_with_a_broken_part_is_refused(part: str, content: bytes) -> None:
    raw = repacked(book([HEADER, *RECORDS]), part, lambda _: content)
    error = refusal(lambda: open_workbook(raw, "a.xlsx", SurveyFile()))
    assert error.code in {"DI-E021", "DI-E200"}


@pytest.mark.parametrize("parts", [{}, {"word/document.xml": b"<document/>"}])
def test_another_zip_archive_is_no_workbook(parts: Mapping[str, bytes]) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    error = refusal(lambda: open_workbook(made.getvalue(), "a.xlsx", SurveyFile()))
    assert error.code == "DI-E200"


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"id,q\n1,2\n"])
def test_what_is_no_archive_is_no_workbook(raw: bytes) -> None:
    assert refusal(lambda: open_workbook(raw, "a.xlsx", SurveyFile())).code == "DI-E200"


# -- SPSS ------------------------------------------------------------------------------------


ANSWERS = pd.DataFrame(
    {
        "id": ["0012", SEVENTEEN, "13"],
        "지역": ["펲", "R", " "],
        "q": [1.0, 2.5, np.nan],
        "r": [1.0, 9.0, 2.0],
    }
)


@pytest.fixture
def sav(tmp_path: Path) -> Callable[..., bytes]:
    def write(frame: Any = ANSWERS, **how: Any) -> bytes:  # noqa: ANN401  as pyreadstat has it
        path = tmp_path / "written.sav"
        pyreadstat.write_sav(frame, path, **how)
        return path.read_bytes()

    return write


@pytest.fixture
def dta(tmp_path: Path) -> Callable[..., bytes]:
    def write(frame: Any = ANSWERS, **how: Any) -> bytes:  # noqa: ANN401  as pyreadstat has it
        path = tmp_path / "written.dta"
        pyreadstat.write_dta(frame, path, **how)
        return path.read_bytes()

    return write


Write = Callable[..., bytes]


def spss(raw: bytes, language: str | None = None, **layout: object) -> OpenFile:
    return open_sav(raw, "a.sav", SurveyFile.model_validate(layout), language)


def stata(raw: bytes, language: str | None = None, **layout: object) -> OpenFile:
    return open_dta(raw, "a.dta", SurveyFile.model_validate(layout), language)


@pytest.fixture(params=["sav", "zsav", "packed sav", "dta 14", "dta 15"])
def answers(request: pytest.FixtureRequest, sav: Write, dta: Write) -> OpenFile:
    """The answers in every kind of file of SPSS and Stata."""
    match request.param.split():
        case ["dta", version]:
            return stata(dta(version=int(version)))
        case [how, *_]:
            return spss(sav(compress=how == "zsav", row_compress=how == "packed"))
        case _:
            raise AssertionError


def test_codes_and_texts_are_read_from_every_statistical_file(answers: OpenFile) -> None:
    assert answers.columns == ["id", "지역", "q", "r"]
    assert cells(answers, "q") == [1, 2.5, None]
    assert cells(answers, "지역", text=True) == ["펲", "R", None]


def test_identifiers_stay_texts_in_every_statistical_file(answers: OpenFile) -> None:
    assert cells(answers, "id", text=True) == ["0012", SEVENTEEN, "13"]


def test_a_number_of_a_statistical_file_becomes_its_shortest_text(answers: OpenFile) -> None:
    assert cells(answers, "q", text=True) == ["1", "2.5", None]


def test_a_text_of_a_statistical_file_stays_text_where_numbers_are_wanted(
    answers: OpenFile,
) -> None:
    assert cells(answers, "id") == ["0012", SEVENTEEN, "13"]


def test_the_records_of_a_statistical_file_are_counted_from_one(answers: OpenFile) -> None:
    assert answers.origin is not None
    assert (answers.origin.records, answers.first_line) == (3, 1)


def test_a_statistical_file_gives_the_columns_wanted_in_their_order(answers: OpenFile) -> None:
    read = answers.read({"r": False, "id": True})
    assert list(read.columns) == ["r", "id"]
    assert answers.read({}).shape == (3, 0)


@pytest.mark.parametrize("compress", [False, True])
def test_an_spss_file_says_where_it_came_from(sav: Write, *, compress: bool) -> None:
    raw = sav(compress=compress)
    origin = spss(raw).origin
    assert origin is not None
    assert (origin.name, origin.kind, origin.encoding) == ("a.sav", "SAV", None)
    assert origin.sha256 == hashlib.sha256(raw).hexdigest()


def test_a_stata_file_says_where_it_came_from(dta: Write) -> None:
    raw = dta()
    origin = stata(raw).origin
    assert origin is not None
    assert (origin.name, origin.kind, origin.encoding) == ("a.dta", "DTA", None)
    assert origin.sha256 == hashlib.sha256(raw).hexdigest()


def test_an_spss_file_is_the_survey_of_its_frame(sav: Write) -> None:
    frame = pd.DataFrame(
        [["0012", "펲", 50.0, 1.0], ["12", "R", 0.25, 2.0], ["13", "R", np.nan, 2.0]],
        columns=HEADER,
    )
    read = spss(sav(frame)).read({"id": True, "지역": True, "score": False, "answer": False})
    survey = read_survey(read, schema())
    assert survey.frame["id"].to_list() == ["0012", "12", "13"]
    assert survey.frame["place"].to_list() == ["펲", "R", "R"]
    assert survey.frame["answer"].to_list() == [1, 2, 2]


def test_value_labels_are_given_by_header_and_code(sav: Write) -> None:
    labels = {"q": {1.0: "예 ", 2.5: NFD}, "지역": {"R": "농촌"}}
    file = spss(
        sav(
            ANSWERS.rename(columns={"지역": NFD}),
            variable_value_labels={"q": labels["q"], NFD: labels["지역"]},
        )
    )
    assert file.labels == {"q": {1: "예", 2.5: "지역"}, "지역": {"R": "농촌"}}
    assert all(type(code) is not float or code == 2.5 for code in file.labels["q"])


def test_value_labels_of_stata_are_given_by_header_and_code(dta: Write) -> None:
    frame = pd.DataFrame({"q": pd.Series([1, 2], dtype="int32")})
    file = stata(dta(frame, variable_value_labels={"q": {1: "예", 2: "아니오"}}))
    assert file.labels == {"q": {1: "예", 2: "아니오"}}


def test_headers_of_spss_are_composed(sav: Write) -> None:
    file = spss(sav(ANSWERS.rename(columns={"지역": NFD})))
    assert file.columns == ["id", "지역", "q", "r"]
    assert cells(file, "지역", text=True)[0] == "펲"


def test_values_declared_missing_stay_and_are_told(sav: Write) -> None:
    ranges = {"r": [9.0, {"lo": -9.0, "hi": -1.5}], "지역": ["R"]}
    file = spss(sav(missing_ranges=ranges))
    assert cells(file, "r") == [1, 9, 2]
    assert cells(file, "지역", text=True) == ["펲", "R", None]
    assert set(file.missing) == {"r", "지역"}
    assert set(file.missing["r"]) == {9, (-9.0, -1.5)}
    assert file.missing["지역"] == ("R",)


def test_a_missing_range_may_have_no_end(sav: Write) -> None:
    lowest = {"r": [{"lo": -1.7976931348623155e308, "hi": -1.0}]}
    assert spss(sav(missing_ranges=lowest)).missing == {"r": ((-np.inf, -1.0),)}


def test_a_file_that_declares_nothing_has_no_labels_and_nothing_missing(answers: OpenFile) -> None:
    assert (answers.labels, answers.missing) == ({}, {})


@pytest.fixture
def letters(dta: Write) -> OpenFile:
    """A Stata file with extended missing values: in q .a occurs and .b has a label."""
    frame = pd.DataFrame({"q": [1, "a", 2], "f": [1.5, "a", "z"], "r": [1, 2, 3]})
    return stata(
        dta(
            frame,
            missing_user_values={"q": ["a", "b"], "f": ["a", "z"]},
            variable_value_labels={"q": {1: "yes", "b": "거절"}},
        )
    )


def test_extended_missing_values_of_stata_are_missing(letters: OpenFile) -> None:
    assert cells(letters, "q") == [1, None, 2]
    assert letters.read({"q": False})["q"].dtype == np.float64
    assert cells(letters, "q", text=True) == ["1", None, "2"]
    assert cells(letters, "f", text=True) == ["1.5", None, None]


def test_extended_missing_values_of_stata_have_labels(letters: OpenFile) -> None:
    assert letters.labels == {"q": {1: "yes", ".b": "거절"}}


def test_extended_missing_values_are_told_by_label_and_once_read_by_occurrence(
    letters: OpenFile,
) -> None:
    assert letters.missing == {"q": (".b",)}
    letters.read({"q": False, "f": False, "r": False})
    assert letters.missing == {"q": (".a",), "f": (".a", ".z")}


DATES = pd.DataFrame(
    {
        "q": [1.0, 2.0, 3.0],
        "day": [MOMENT.date(), None, MOMENT.date()],
        "moment": [MOMENT, None, MOMENT],
    }
)


@pytest.fixture(params=["sav", "dta"])
def either(request: pytest.FixtureRequest, sav: Write, dta: Write) -> Callable[..., OpenFile]:
    """Write a frame as an SPSS file or as a Stata file, and open it."""
    if request.param == "sav":
        return lambda frame: spss(sav(frame))
    return lambda frame: stata(dta(frame))


@pytest.mark.parametrize("name", ["day", "moment"])
@pytest.mark.parametrize("text", [True, False])
def test_a_date_of_a_statistical_file_is_refused(
    either: Callable[..., OpenFile], name: str, *, text: bool
) -> None:
    file = either(DATES)
    assert place(refusal(lambda: file.read({name: text}))) == ("DI-E037", name, 2, [1, 3])
    assert cells(file, "q") == [1, 2, 3]


@pytest.mark.parametrize(
    "written", ["DATE11", "ADATE10", "EDATE10", "SDATE10", "JDATE7", "DATETIME20", "TIME8", "MOYR8"]
)
def test_every_format_of_dates_in_spss_is_known(sav: Write, written: str) -> None:
    file = spss(sav(variable_format={"q": written}))
    assert refusal(lambda: file.read({"q": False})).code == "DI-E037"


@pytest.mark.parametrize("written", ["%td", "%tc", "%tm", "%tdCY-N-D", "%tq", "%-td"])
def test_every_format_of_dates_in_stata_is_known(dta: Write, written: str) -> None:
    file = stata(dta(variable_format={"q": written}))
    assert refusal(lambda: file.read({"q": False})).code == "DI-E037"


def test_a_year_is_a_number(dta: Write, sav: Write) -> None:
    assert cells(stata(dta(variable_format={"q": "%ty"})), "q") == [1, 2.5, None]
    assert cells(spss(sav(variable_format={"q": "F4"})), "q") == [1, 2.5, None]


def test_a_number_too_long_to_be_exact_is_no_text(either: Callable[..., OpenFile]) -> None:
    file = either(pd.DataFrame({"q": [1.0, 2.0**53, np.nan, 2.0**53 - 1]}))
    assert place(refusal(lambda: file.read({"q": True}))) == ("DI-E209", "q", 1, [2])
    assert cells(file, "q")[1] == 2.0**53


def test_a_short_float_of_stata_is_exact_to_seven_digits(dta: Write) -> None:
    frame = pd.DataFrame({"q": np.array([1.0, 2.0**24, 5.0], dtype=np.float32)})
    written = io.BytesIO()  # pandas writes Stata's float, pyreadstat a double
    frame.to_stata(written, write_index=False)
    error = refusal(lambda: stata(written.getvalue()).read({"q": True}))
    assert place(error) == ("DI-E209", "q", 1, [2])


def test_a_whole_number_of_stata_is_always_exact() -> None:
    written = io.BytesIO()
    pd.DataFrame({"q": np.array([2**24 + 1], dtype=np.int32)}).to_stata(written, write_index=False)
    assert cells(stata(written.getvalue()), "q", text=True) == [str(2**24 + 1)]


# -- encodings of SPSS and Stata -------------------------------------------------------------


CODED = pd.DataFrame({"id": ["AAAA", "r2"], "q": [1.0, 2.0], "code": ["BBBB", "B"]})


def in_cp949(raw: bytes) -> bytes:
    """Put Korean into a file that was written in ASCII, one syllable only CP949 has."""
    for plain, words in {b"AAAA": "펲서", b"BBBB": "농촌", b"CCCC": "도시"}.items():
        raw = raw.replace(plain, words.encode("cp949"))
    return raw


def without_record(raw: bytes, kind: int) -> bytes:
    """Make another record, which nobody knows, of one of SPSS's records of kind 7."""
    return raw.replace(bytes([7, 0, 0, 0, kind, 0, 0, 0]), bytes([7, 0, 0, 0, 99, 0, 0, 0]))


def stating(raw: bytes, encoding: str) -> bytes:
    """Let an SPSS file state an encoding, in the last record before its data."""
    head, end, data = without_record(raw, 20).partition(bytes([0xE7, 3, 0, 0, 0, 0, 0, 0]))
    record = bytes([7, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, len(encoding), 0, 0, 0])
    return head + record + encoding.encode() + end + data


def with_code_page(raw: bytes, page: int) -> bytes:
    """Let an SPSS file state its encoding by a number alone."""
    place = raw.index(bytes([7, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0])) + 44
    return without_record(raw[:place] + page.to_bytes(4, "little") + raw[place + 4 :], 20)


@pytest.fixture
def korean_sav(sav: Write) -> bytes:
    labels: Any = {"q": {1.0: "CCCC"}, "code": {"BBBB": "rural"}}
    return sav(CODED, variable_value_labels=labels)


@pytest.fixture
def korean_dta(dta: Write) -> bytes:
    return dta(CODED, version=12, variable_value_labels={"q": {1.0: "CCCC"}})


def is_korean(file: OpenFile) -> bool:
    read = [*cells(file, "id", text=True), *cells(file, "code", text=True)]
    return (read, file.labels["q"]) == (["펲서", "r2", "농촌", "B"], {1: "도시"})


@pytest.mark.parametrize("stated", ["CP949", "windows-949", "EUC-KR", "ks_c_5601-1987"])
@pytest.mark.parametrize("language", [None, "ko"])
def test_the_encoding_an_spss_file_states_is_kept_to(
    korean_sav: bytes, stated: str, language: str | None
) -> None:
    file = spss(stating(in_cp949(korean_sav), stated), language)
    assert is_korean(file)
    assert file.origin is not None
    assert file.origin.encoding is None


@pytest.mark.parametrize(
    "unstated",
    [
        lambda raw: stating(raw, "X-NIX"),
        lambda raw: stating(raw, "ASCII"),
        lambda raw: stating(raw, "windows-1252"),
        lambda raw: with_code_page(raw, 2),
        lambda raw: with_code_page(raw, 1252),
        lambda raw: without_record(without_record(raw, 20), 3),
    ],
)
def test_cp949_is_guessed_for_a_korean_survey(
    korean_sav: bytes, unstated: Callable[[bytes], bytes]
) -> None:
    file = spss(unstated(in_cp949(korean_sav)), "ko")
    assert is_korean(file)
    assert file.origin is not None
    assert file.origin.encoding == "cp949"


@pytest.mark.parametrize("language", [None, "en", "pt"])
def test_cp949_is_not_guessed_for_another_survey(korean_sav: bytes, language: str | None) -> None:
    assert refusal(lambda: spss(stating(in_cp949(korean_sav), "X-NIX"), language)).code == "DI-E026"


@pytest.mark.parametrize("language", [None, "ko"])
def test_the_code_page_of_an_spss_file_is_kept_to(korean_sav: bytes, language: str | None) -> None:
    file = spss(with_code_page(in_cp949(korean_sav), 949), language)
    assert is_korean(file)
    assert file.origin is not None
    assert file.origin.encoding is None


@pytest.mark.parametrize("language", [None, "en", "ko"])
def test_texts_that_are_not_utf_8_in_a_file_that_says_so_are_refused(
    korean_sav: bytes, language: str | None
) -> None:
    # A labelled code in the wrong encoding would end the process if ReadStat decoded it.
    raw = stating(in_cp949(korean_sav), "UTF-8")
    assert refusal(lambda: spss(raw, language)).code == "DI-E026"


def test_a_wrong_text_in_a_column_is_refused_when_it_is_read(sav: Write) -> None:
    file = spss(stating(in_cp949(sav(CODED)), "UTF-8"), "ko")
    assert cells(file, "q") == [1, 2]
    assert refusal(lambda: file.read({"id": True})).code == "DI-E026"


@pytest.mark.parametrize("name", ["cp949", "euc-kr", "ms949", "windows-949"])
@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_the_encoding_of_the_schema_comes_first(
    korean_sav: bytes, korean_dta: bytes, name: str, kind: str
) -> None:
    if kind == "sav":
        file = spss(in_cp949(korean_sav), encoding=name)
    else:
        file = stata(in_cp949(korean_dta), encoding=name)
    assert is_korean(file)
    assert file.origin is not None
    assert file.origin.encoding == "cp949"


@pytest.mark.parametrize("name", ["nonsense", "rot13", "hex", ""])
def test_an_unknown_encoding_of_the_schema_is_refused(sav: Write, name: str) -> None:
    error = refusal(lambda: spss(sav(), encoding=name))
    assert (error.code, error.params["encoding"]) == ("DI-E120", name)


def test_a_wrong_encoding_of_the_schema_is_refused(korean_sav: bytes) -> None:
    assert refusal(lambda: spss(in_cp949(korean_sav), encoding="utf-8")).code == "DI-E026"


@pytest.mark.parametrize("version", [8, 10, 12, 13])
def test_cp949_is_guessed_for_an_old_stata_file_of_a_korean_survey(
    dta: Write, version: int
) -> None:
    raw = dta(CODED, version=version, variable_value_labels={"q": {1.0: "CCCC"}})
    file = stata(in_cp949(raw), "ko")
    assert is_korean(file)
    assert file.origin is not None
    assert file.origin.encoding == "cp949"


@pytest.mark.parametrize("language", [None, "en", "pt"])
def test_an_old_stata_file_is_not_taken_to_be_western(
    korean_dta: bytes, language: str | None
) -> None:
    assert refusal(lambda: stata(in_cp949(korean_dta), language)).code == "DI-E026"


@pytest.mark.parametrize("language", [None, "ko"])
def test_an_old_stata_file_may_be_in_utf_8(dta: Write, language: str | None) -> None:
    file = stata(dta(ANSWERS.rename(columns={"지역": "place"}), version=12), language)
    assert cells(file, "place", text=True)[0] == "펲"


def test_a_western_file_is_read_in_the_encoding_it_states(sav: Write) -> None:
    raw = sav(CODED).replace(b"AAAA", "São ".encode("cp1252"))
    assert cells(spss(stating(raw, "windows-1252"), "pt"), "id", text=True)[0] == "São"


def test_a_text_that_stata_keeps_apart_is_read(dta: Write) -> None:
    long = "농촌" * 1500
    file = stata(dta(pd.DataFrame({"id": [long, "é"]})), "ko")
    assert cells(file, "id", text=True) == [long, "é"]


def test_a_text_that_stata_keeps_apart_must_be_utf_8(dta: Write) -> None:
    frame = pd.DataFrame({"id": ["AAAA" * 600], "q": [1.0]})
    file = stata(in_cp949(dta(frame, version=13)), "ko")
    assert cells(file, "q") == [1]
    assert refusal(lambda: file.read({"id": True})).code == "DI-E026"


def test_long_korean_names_and_labels_are_read_whole(sav: Write) -> None:
    name, label = "가" * 21, "뷁" * 39
    file = spss(sav(pd.DataFrame({name: [1.0]}), variable_value_labels={name: {1.0: label}}))
    assert file.labels == {name: {1: label}}


def test_a_letter_cut_off_by_the_end_of_a_field_is_dropped(sav: Write) -> None:
    raw = sav(CODED).replace(b"AAAA", b"A" + "펲".encode()[:2] + b" ")
    assert cells(spss(raw), "id", text=True) == ["A", "r2"]


# -- damaged SPSS and Stata files ------------------------------------------------------------


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("how", [{}, {"compress": True}, {"row_compress": True}])
def test_an_spss_file_cut_off_is_refused(sav: Write, share: float, how: dict[str, bool]) -> None:
    raw = sav(pd.concat([ANSWERS] * 20), **how)
    error = refusal(lambda: spss(raw[: int(len(raw) * share)]).read({"q": False}))
    assert (error.code, error.params["kind"]) == ("DI-E200", "SAV")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("version", [8, 12, 13, 15])
def test_a_stata_file_cut_off_is_refused(dta: Write, share: float, version: int) -> None:
    raw = dta(pd.concat([CODED] * 40), version=version)
    error = refusal(lambda: stata(raw[: int(len(raw) * share)]).read({"q": False}))
    assert (error.code, error.params["kind"]) == ("DI-E200", "DTA")


@pytest.mark.parametrize("raw", [b"", b"$FL2", b"<stata_dta>", b"s\2\1\0", b"id,q\n"])
@pytest.mark.parametrize("read", [spss, stata])
def test_what_is_no_statistical_file_is_refused(
    raw: bytes, read: Callable[[bytes], OpenFile]
) -> None:
    assert refusal(lambda: read(raw)).code == "DI-E200"


def test_a_byte_changed_anywhere_ends_in_a_sentence_or_in_records(korean_sav: bytes) -> None:
    # ReadStat ends the whole process over many of these, unless it is told another encoding.
    for number in range(len(korean_sav)):
        harmed = korean_sav[:number] + b"\xff" + korean_sav[number + 1 :]
        try:
            assert len(spss(harmed, "ko").read({})) > 0
        except DivideIndexError as error:
            assert error.code.startswith("DI-E")  # noqa: PT017  either is right


def test_more_records_than_a_file_has_bytes_are_not_made_room_for(dta: Write) -> None:
    raw = dta(CODED, version=15).replace(
        b"<N>" + (2).to_bytes(8, "little"), b"<N>" + (2**31 - 1).to_bytes(8, "little")
    )
    assert refusal(lambda: stata(raw)).code == "DI-E200"


def test_an_spss_file_may_not_say_how_many_records_it_has(sav: Write) -> None:
    raw = sav()
    file = spss(raw[:80] + (-1).to_bytes(4, "little", signed=True) + raw[84:])
    assert file.origin is not None
    assert (file.origin.records, cells(file, "q")) == (-1, [1, 2.5, None])


def test_statistical_files_without_records_are_refused(sav: Write, dta: Write) -> None:
    assert refusal(lambda: spss(sav(ANSWERS[:0]))).code == "DI-E021"
    assert refusal(lambda: stata(dta(ANSWERS[:0]))).code == "DI-E021"


def test_an_spss_file_that_turns_out_to_be_empty_is_refused(sav: Write) -> None:
    raw = sav(ANSWERS[:0])
    file = spss(raw[:80] + (-1).to_bytes(4, "little", signed=True) + raw[84:])
    assert refusal(lambda: file.read({"q": False})).code == "DI-E021"


def test_names_that_are_one_when_composed_are_refused(sav: Write) -> None:
    frame = ANSWERS.assign(**{NFD: 1.0})
    error = refusal(lambda: spss(sav(frame)))
    assert (error.code, error.params["columns"]) == ("DI-E018", ["지역"])


def test_names_written_twice_are_refused(dta: Write) -> None:
    raw = dta(pd.DataFrame({"first": [1.0], "secnd": [2.0]})).replace(b"secnd", b"first")
    error = refusal(lambda: stata(raw))
    assert (error.code, error.params["columns"]) == ("DI-E018", ["first"])


# -- Parquet ---------------------------------------------------------------------------------


def parquet(**columns: object) -> OpenFile:
    return open_parquet(parquet_bytes(**columns), "a.parquet")


def parquet_bytes(**columns: object) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written)
    return written.getvalue()


def test_a_parquet_file_is_the_survey_of_its_frame() -> None:
    frame = pd.DataFrame(RECORDS, columns=HEADER)
    file = open_parquet(frame.to_parquet(), "a.parquet")
    read = file.read({"id": True, "지역": True, "score": False, "answer": False})
    survey = read_survey(read, schema())
    assert survey.frame["id"].to_list() == ["0012", "12", "13"]
    assert survey.frame["place"].to_list() == ["펲", "R", "R"]
    assert survey.frame["answer"].to_list() == [1, 2, 2]


def test_a_parquet_file_says_where_it_came_from() -> None:
    raw = parquet_bytes(q=[1, 2])
    file = open_parquet(raw, "a.parquet")
    assert file.origin is not None
    assert (file.origin.name, file.origin.kind, file.origin.records) == ("a.parquet", "Parquet", 2)
    assert file.origin.sha256 == hashlib.sha256(raw).hexdigest()
    assert file.first_line == 1


def test_headers_of_parquet_are_composed() -> None:
    file = parquet(**{f" {NFD}": [1]})
    assert (file.columns, cells(file, "지역")) == (["지역"], [1])


@pytest.mark.parametrize("names", [("지역", NFD), ("q", " q")])
def test_headers_of_parquet_that_are_one_when_composed_are_refused(names: tuple[str, str]) -> None:
    assert refusal(lambda: parquet(**{name: [1] for name in names})).code == "DI-E018"


def test_a_header_of_parquet_may_hold_a_point() -> None:
    file = parquet(**{"a": [1], "a.b": [2], "c": [{"b": 3}]})
    assert [cells(file, name) for name in ("a", "a.b")] == [[1], [2]]


@pytest.mark.parametrize("number", [2**53 + 1, -(2**62) - 1, 2**63 - 1])
def test_a_whole_number_of_parquet_becomes_text_exactly(number: int) -> None:
    assert cells(parquet(q=[number, None]), "q", text=True) == [str(number), None]


def test_an_unsigned_number_of_parquet_becomes_text_exactly() -> None:
    file = parquet(q=pa.array([2**64 - 1], pa.uint64()))
    assert cells(file, "q", text=True) == [str(2**64 - 1)]


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.int64(), pa.uint16(), pa.float16(), pa.float32(), pa.decimal128(5, 2)]
)
def test_numbers_of_parquet_are_floats_and_null_is_missing(kind: pa.DataType) -> None:
    values = [np.float16(1), np.float16(2), None] if kind == pa.float16() else [1, 2, None]
    file = parquet(q=pa.array(values, kind))
    assert file.read({"q": False})["q"].dtype == np.float64
    assert cells(file, "q") == [1, 2, None]
    assert cells(file, "q", text=True) == ["1", "2", None]


def test_nan_and_null_are_both_missing() -> None:
    file = parquet(q=pa.array([1.5, float("nan"), None]))
    assert cells(file, "q") == [1.5, None, None]
    assert cells(file, "q", text=True) == ["1.5", None, None]


@pytest.mark.parametrize(
    ("kind", "limit"), [(pa.float32(), 2**24), (pa.float64(), 2**53), (pa.float16(), 2**11)]
)
def test_a_float_of_parquet_too_long_to_be_exact_is_no_text(kind: pa.DataType, limit: int) -> None:
    file = parquet(q=pa.array(np.array([1, limit, limit / 2], kind.to_pandas_dtype())))
    assert place(refusal(lambda: file.read({"q": True}))) == ("DI-E209", "q", 1, [2])
    assert cells(file, "q") == [1, limit, limit / 2]


def test_decimals_become_their_shortest_text() -> None:
    values = [
        Decimal("1.50"),
        Decimal("-20.00"),
        Decimal("0.00"),
        Decimal("1234567890123456789.01"),
    ]
    file = parquet(q=pa.array(values, pa.decimal128(38, 2)))
    assert cells(file, "q", text=True) == ["1.5", "-20", "0", "1234567890123456789.01"]
    assert cells(file, "q")[:2] == [1.5, -20]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]
)
@pytest.mark.parametrize("text", [True, False])
def test_texts_of_parquet_are_texts(kind: pa.DataType, *, text: bool) -> None:
    file = parquet(q=pa.array(["0012", " ", None, "펲"], kind))
    assert cells(file, "q", text=text) == ["0012", None, None, "펲"]


def test_a_dictionary_of_numbers_is_numbers() -> None:
    file = parquet(q=pa.array([5, None, 2**53 + 1]).dictionary_encode())
    assert cells(file, "q", text=True) == ["5", None, str(2**53 + 1)]
    assert cells(file, "q")[:2] == [5, None]


def test_a_categorical_of_pandas_is_its_texts() -> None:
    raw = pd.DataFrame({"q": pd.Categorical(["a", None, "b"])}).to_parquet()
    assert cells(open_parquet(raw, "a.parquet"), "q", text=True) == ["a", None, "b"]


def test_nullable_whole_numbers_of_pandas_are_numbers() -> None:
    raw = pd.DataFrame({"q": pd.array([1, None], dtype="Int64")}).to_parquet()
    assert cells(open_parquet(raw, "a.parquet"), "q") == [1, None]


@pytest.mark.parametrize("text", [True, False])
def test_true_and_false_of_parquet_are_texts(*, text: bool) -> None:
    assert cells(parquet(q=[True, None, False]), "q", text=text) == ["TRUE", None, "FALSE"]


@pytest.mark.parametrize("text", [True, False])
def test_a_column_of_nulls_is_missing(*, text: bool) -> None:
    assert cells(parquet(q=pa.nulls(2)), "q", text=text) == [None, None]


@pytest.mark.parametrize("moment", [MOMENT.date(), MOMENT, MOMENT.time(), timedelta(hours=1)])
@pytest.mark.parametrize("text", [True, False])
def test_a_date_of_parquet_is_refused(moment: object, *, text: bool) -> None:
    file = parquet(q=[None, moment, moment], r=[1, 2, 3])
    assert place(refusal(lambda: file.read({"q": text}))) == ("DI-E037", "q", 2, [2, 3])
    assert cells(file, "r") == [1, 2, 3]


def test_a_column_for_dates_without_any_is_missing() -> None:
    assert cells(parquet(q=pa.array([None, None], pa.date32())), "q") == [None, None]


@pytest.mark.parametrize("cell", [[1, 2], {"a": 1}, b"bytes"])
@pytest.mark.parametrize("text", [True, False])
def test_what_is_neither_number_nor_text_is_refused_where_it_is_read(
    cell: object, *, text: bool
) -> None:
    file = parquet(q=[cell], r=[1])
    error = refusal(lambda: file.read({"q": text}))
    assert (error.code, error.params["column"]) == ("DI-E208", "q")
    assert cells(file, "r") == [1]


def test_only_the_columns_that_are_wanted_are_read() -> None:
    read = parquet(a=[1], b=["x"], c=[3]).read({"c": False, "a": True})
    assert list(read.columns) == ["c", "a"]
    assert parquet(a=[1, 2]).read({}).shape == (2, 0)


def test_many_row_groups_are_one_column() -> None:
    written = io.BytesIO()
    table = pa.table(
        {"q": pa.array([str(number % 3) for number in range(100)]).dictionary_encode()}
    )
    pq.write_table(table, written, row_group_size=7)
    file = open_parquet(written.getvalue(), "a.parquet")
    assert cells(file, "q", text=True) == [str(number % 3) for number in range(100)]


def test_a_parquet_file_without_records_is_refused() -> None:
    assert refusal(lambda: parquet(q=pa.array([], pa.int8()))).code == "DI-E021"
    assert refusal(parquet).code == "DI-E021"


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_parquet_file_cut_off_is_refused(share: float) -> None:
    raw = parquet_bytes(q=list(range(1000)))
    error = refusal(lambda: open_parquet(raw[: int(len(raw) * share)], "a.parquet"))
    assert (error.code, error.params["kind"]) == ("DI-E200", "Parquet")


def test_a_parquet_file_harmed_inside_is_refused_when_it_is_read() -> None:
    raw = bytearray(parquet_bytes(q=list(range(1000))))
    raw[20:400] = bytes(380)
    assert (
        refusal(lambda: open_parquet(bytes(raw), "a.parquet").read({"q": False})).code == "DI-E200"
    )


def test_texts_of_parquet_that_are_no_unicode_are_refused() -> None:
    raw = parquet_bytes(q=["AAAAAAAA"]).replace(b"AAAAAAAA", "농촌농촌".encode("cp949"))
    assert refusal(lambda: open_parquet(raw, "a.parquet").read({"q": True})).code == "DI-E200"


def test_without_pyarrow_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = parquet_bytes(q=[1])
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    error = refusal(lambda: open_parquet(raw, "a.parquet"))
    assert error.code == "DI-E207"
    assert "pip install 'divide-index[parquet]'" in str(error)
