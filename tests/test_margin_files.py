"""Margins in files: long tables as CSV and XLSX, and resident registration.

Every count here is made up.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from divide_index.errors import InputError
from divide_index.inference.calibration import rake
from divide_index.margins import (
    PopulationMargin,
    PopulationMargins,
    margins_csv,
    margins_workbook,
    read_margins,
)
from divide_index.margins.known import cleaned, number
from divide_index.messages import LANGUAGES, render
from divide_index.schema import SurveySchema, Text, load_schema
from divide_index.survey import read_survey
from divide_index.weighting import margins_of
from tests.examples import examples
from tests.samples import two_samples_frame, two_samples_schema, with_design

approx = pytest.approx

LONG = """variable,category,total,sample,source
sex,1,"2,400,000",general,Census 2025
sex,2,"2,600,000",general,Census 2025
region*sex,1*2,300,farmers,
region*sex,1*1,200,farmers,
"""


def refused(read: Callable[[], object]) -> InputError:
    """Return the error that a file is refused with, in words a person can read."""
    with pytest.raises(InputError) as caught:
        read()
    for lang in LANGUAGES:
        assert "{" not in render(caught.value.code, lang, caught.value.params)
    return caught.value


def saved(folder: Path, content: str | bytes, name: str = "margins.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def book(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """Return a workbook as a spreadsheet program writes one."""
    made: Any = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    content = BytesIO()
    made.save(content)
    return content.getvalue()


# -- long tables -----------------------------------------------------------------------------


def test_a_long_table_holds_margins_crosses_samples_and_sources(tmp_path: Path) -> None:
    found = read_margins(saved(tmp_path, LONG))
    assert found.margins == (
        PopulationMargin(
            ("sex",), (("1",), ("2",)), (2.4e6, 2.6e6), sample="general", source="Census 2025"
        ),
        PopulationMargin(("region", "sex"), (("1", "2"), ("1", "1")), (300, 200), sample="farmers"),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_korean_headers_in_any_encoding_and_delimiter(
    encoding: str, mark: str, tmp_path: Path
) -> None:
    rows = [["변수", "범주", "모집단 수"], ["성별", "남성", "1500"], ["성별", "여성", "1600"]]
    text = "\r\n".join(mark.join(row) for row in rows) + "\r\n"
    [margin] = read_margins(saved(tmp_path, text.encode(encoding))).margins
    assert margin == PopulationMargin(("성별",), (("남성",), ("여성",)), (1500, 1600))


def test_shares_have_a_column_of_their_own(tmp_path: Path) -> None:
    [margin] = read_margins(
        saved(tmp_path, "변수,범주,비율\n성별,남,48.5%\n성별,여,51.5%\n")
    ).margins
    assert (margin.kind, margin.totals) == ("shares", (48.5, 51.5))


@pytest.mark.parametrize(
    ("text", "plain", "with_commas"),
    [
        ("1234.5", 1234.5, None),
        ("1,234,567", 1234567, None),
        ("1.234.567", None, 1234567),
        ("1,234", 1234, 1.234),
        ("1.234", 1.234, 1234),
        ("0,123", None, 0.123),
        ("12,34", None, 12.34),
        ("1 234 567.5", 1234567.5, None),
        ("1'234", 1234, 1234),
        ("1,234 567", None, None),
        ("-5", -5, -5),
        ("12.3%", 12.3, None),
        ("1e6", 1e6, 1e6),
        ("\uff15\uff10\uff10", 500, 500),
        ("12명", None, None),
        ("", None, None),
        ("nan", None, None),
    ],
)
def test_numbers_are_read_as_people_write_them(
    text: str, plain: float | None, with_commas: float | None
) -> None:
    assert number(text) == plain
    assert number(text, decimal_comma=True) == with_commas


def test_a_file_of_semicolons_has_decimal_commas(tmp_path: Path) -> None:
    text = "variable;category;total\nsex;1;1.234.567\nsex;2;8,5\n"
    assert read_margins(saved(tmp_path, text)).margins[0].totals == (1234567, 8.5)
    error = refused(lambda: read_margins(saved(tmp_path, text.replace("8,5", "8.5"))))
    assert error.params["cells"] == ["sex=2 (margins.csv:3) ‘8.5’"]


@pytest.mark.parametrize(
    ("code", "cell", "old", "new"),
    [
        ("DI-E410", "variable, kind, total", "category", "kind"),
        ("DI-E410", "total, population", "sample", "population"),
        ("DI-E414", "general: sex=1 (margins.csv:3)", "sex,2", "sex,1"),
        ("DI-E415", "general: sex=1 (margins.csv:2) ‘many’", '"2,400,000"', "many"),
        ("DI-E415", "general: sex=1 (margins.csv:2) ‘’", '"2,400,000"', ""),
        ("DI-E415", "general: sex=1 (margins.csv:2) ‘2,40,000’", '"2,400,000"', '"2,40,000"'),
        ("DI-E415", "farmers: region*sex=1*2 (margins.csv:4) ‘-300’", "300", "-300"),
        ("DI-E413", "farmers: region*sex=2 (margins.csv:4)", "1*2", "2"),
        ("DI-E417", "general: =2 (margins.csv:3)", "sex,2", ",2"),
        ("DI-E417", "general: sex= (margins.csv:3)", "sex,2", "sex,"),
        ("DI-E426", "farmers: region*sex", "200", "-200"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named_by_its_line(
    code: str, cell: str, old: str, new: str, tmp_path: Path
) -> None:
    if code == "DI-E426":
        text = LONG.replace(",300,", ",40,").replace(",200,", ",60,")
    else:
        text = LONG.replace(old, new, 1)
        assert text != LONG
    error = refused(lambda: read_margins(saved(tmp_path, text)))
    assert (error.code, cell in str(error)) == (code, True), str(error)


def test_each_sheet_of_a_workbook_is_a_sample(tmp_path: Path) -> None:
    rows = [["variable", "category", "total"], ["sex", 1, 1000], ["sex", 2, "1,100"]]
    path = saved(tmp_path, book({"농어민": rows, "General public": rows}), "margins.xlsx")
    found = read_margins(path, two_samples_schema())
    assert [margin.sample for margin in found.margins] == ["농어민", "General public"]
    survey = read_survey(two_samples_frame(), two_samples_schema())
    held = margins_of(survey, path)
    assert [each.sample for each in held.samples] == ["general", "farmers"]
    assert [each.total for each in held.samples] == [2100, 2100]


def test_the_only_sheet_may_have_any_name_and_a_strange_one_of_two_is_refused(
    tmp_path: Path,
) -> None:
    rows = [["variable", "category", "total"], ["sex", 1, 1000], ["sex", 2, 1100]]
    path = saved(tmp_path, book({"Sheet1": rows}), "margins.xlsx")
    assert read_margins(path, two_samples_schema()).margins[0].sample is None
    path = saved(tmp_path, book({"Farmers": rows}), "margins.xlsx")
    assert read_margins(path, two_samples_schema()).margins[0].sample == "Farmers"
    path = saved(tmp_path, book({"Farmers": rows, "Sheet2": rows}), "margins.xlsx")
    survey = read_survey(two_samples_frame(), two_samples_schema())
    error = refused(lambda: margins_of(survey, path, keep_others=True))
    assert error.code == "DI-E423"
    assert "Sheet2: sex (margins.xlsx Sheet2!C2)" in str(error)


def test_cells_of_a_workbook_are_named_by_sheet_and_cell(tmp_path: Path) -> None:
    rows = [["category", "variable", "source", "total"], [1, "sex", None, 5], [2, "sex", None, "x"]]
    path = saved(tmp_path, book({"general": rows}), "margins.xlsx")
    error = refused(lambda: read_margins(path))
    assert error.params["cells"] == ["sex=2 (margins.xlsx general!D3) ‘x’"]


def test_files_may_be_given_by_sample(tmp_path: Path) -> None:
    general = saved(tmp_path, "variable,category,total\nsex,1,5000\nsex,2,6000\n", "a.csv")
    survey = read_survey(two_samples_frame(), two_samples_schema())
    known = {"general": general, "farmers": {"sex": {1: 700, 2: 800}}}
    assert [each.total for each in margins_of(survey, known).samples] == [11000, 1500]
    assert margins_of(survey, {"농어민": str(general)}, keep_others=True).kept == ("general",)


# -- whose totals a file holds ---------------------------------------------------------------

FARMERS = "variable,category,total,sample\nsex,1,500,{}\nsex,2,600,{}\n"


@pytest.mark.parametrize("with_schema", [True, False])
def test_a_file_given_for_one_sample_that_says_another_is_refused(
    with_schema: bool, tmp_path: Path
) -> None:
    path = saved(tmp_path, FARMERS.format("farmers", "farmers"))
    schema = two_samples_schema() if with_schema else None
    error = refused(lambda: read_margins(path, schema, sample="general"))
    assert error.code == "DI-E460"
    assert error.params == {"path": "margins.csv", "given": "general", "said": ["farmers"]}
    [margin] = read_margins(path, schema, sample="Farmers").margins
    assert margin.sample == "farmers"
    partly = saved(tmp_path, FARMERS.format("", "farmers"), "partly.csv")
    assert refused(lambda: read_margins(partly, schema, sample="general")).code == "DI-E460"
    survey = read_survey(two_samples_frame(), two_samples_schema())
    error = refused(lambda: margins_of(survey, {"일반국민": path}, keep_others=True))
    assert (error.code, error.params["given"]) == ("DI-E460", "일반국민")
    [sample] = margins_of(survey, {"농어민": path}, keep_others=True).samples
    assert sample.sample == "farmers"


def test_a_file_given_for_no_sample_of_the_survey_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, FARMERS.format("farmers", "farmers"))
    survey = read_survey(two_samples_frame(), two_samples_schema())
    error = refused(lambda: margins_of(survey, {"xyz": path}, keep_others=True))
    assert (error.code, error.params["margins"]) == ("DI-E423", ["xyz: margins.csv"])
    assert error.params["known"] == [
        "general (일반국민, General public)",
        "farmers (농어민, Farmers)",
    ]
    alone = with_design(two_samples_schema(), sample=None)
    error = refused(lambda: read_margins(path, alone, sample="farmers"))
    assert (error.code, error.params["known"]) == ("DI-E423", ["일반국민, General public"])
    own = saved(tmp_path, FARMERS.format("일반국민", "일반국민"))
    assert read_margins(own, alone, sample="General public").margins[0].sample == "일반국민"


def test_a_sheet_called_as_one_sample_that_says_another_is_refused(tmp_path: Path) -> None:
    rows = [
        ["variable", "category", "total", "sample"],
        *(["sex", k, 500, "general"] for k in (1, 2)),
    ]
    schema = two_samples_schema()
    path = saved(tmp_path, book({"Farmers": rows}), "margins.xlsx")
    error = refused(lambda: read_margins(path, schema))
    assert (error.code, error.params["path"]) == ("DI-E460", "margins.xlsx Farmers")
    assert (error.params["given"], error.params["said"]) == ("Farmers", ["general"])
    path = saved(tmp_path, book({"General public": rows, "Farmers": []}), "margins.xlsx")
    error = refused(lambda: read_margins(path, schema))
    assert (error.code, error.params["path"]) == ("DI-E021", "margins.xlsx Farmers")
    path = saved(tmp_path, book({"일반국민": [row[:3] for row in rows]}), "margins.xlsx")
    error = refused(lambda: read_margins(path, schema, sample="farmers"))
    assert (error.code, error.params["said"]) == ("DI-E460", ["일반국민"])


def test_hidden_sheets_are_not_read_and_told(tmp_path: Path) -> None:
    rows = [["variable", "category", "total"], ["sex", 1, 500_000], ["sex", 2, 400_000]]
    made: Any = openpyxl.load_workbook(BytesIO(book({"general": rows, "farmers": rows, "old": []})))
    made["farmers"].sheet_state, made["old"].sheet_state = "hidden", "veryHidden"
    path = tmp_path / "margins.xlsx"
    made.save(path)
    found = read_margins(path, two_samples_schema())
    [finding] = found.findings
    assert (finding.code, finding.params["sheets"]) == ("DI-W420", ["farmers", "old"])
    survey = read_survey(two_samples_frame(), two_samples_schema())
    assert finding in margins_of(survey, path, keep_others=True).findings
    error = refused(lambda: margins_of(survey, path))
    assert (error.code, error.params["samples"]) == ("DI-E463", ["farmers (농어민, Farmers)"])
    assert error.params["sheets"] == ["margins.xlsx farmers", "margins.xlsx old"]


# -- which of its margins, and where its header stands ---------------------------------------

SEVERAL = LONG + "income,,1234,farmers,\n"


@pytest.mark.parametrize(
    ("by", "taken"),
    [
        (["sex"], ["sex"]),
        (["SEX*시·도"], ["region*sex"]),
        (["income", "sex*region"], ["region*sex", "income"]),
    ],
)
def test_margins_of_a_long_table_are_chosen_by_name(
    by: list[str], taken: list[str], tmp_path: Path
) -> None:
    found = read_margins(saved(tmp_path, SEVERAL), two_samples_schema(), by=by)
    names = [each.name for each in found.margins] + [each.variable for each in found.numbers]
    assert names == taken
    error = refused(lambda: read_margins(saved(tmp_path, SEVERAL), by=[*by, "area"]))
    assert (error.code, error.params["path"]) == ("DI-E461", "margins.csv")
    assert "area" in str(error.params["names"])
    assert error.params["known"] == ["sex", "region*sex", "income"]


def test_each_sheet_gives_the_margins_that_it_has_of_those_chosen(tmp_path: Path) -> None:
    head = ["variable", "category", "total"]
    sheets = {
        "general": [head, ["sex", 1, 5], ["sex", 2, 6], ["area", "U", 5], ["area", "R", 6]],
        "farmers": [head, ["sex", 1, 5], ["sex", 2, 6]],
    }
    path = saved(tmp_path, book(sheets), "margins.xlsx")
    found = read_margins(path, two_samples_schema(), by=["area"])
    assert [(each.sample, each.name) for each in found.margins] == [("general", "area")]


@pytest.mark.parametrize(
    "above", ["\n", ",,\n", "Population\n", "Population,,\n", "Sexes, 2025\n", "A;B\n\n"]
)
def test_a_header_below_the_first_row_is_told_in_words_of_margins(
    above: str, tmp_path: Path
) -> None:
    text = f"{above}variable,category,total\nsex,1,500\nsex,2,600\n"
    error = refused(lambda: read_margins(saved(tmp_path, text)))
    assert (error.code, error.params["path"]) == ("DI-E462", "margins.csv")


@pytest.mark.parametrize("above", [[[]], [["Population"]], [["Population"], []], [["a", "b", "c"]]])
def test_a_header_below_the_first_row_of_a_sheet_is_told_too(
    above: list[list[object]], tmp_path: Path
) -> None:
    rows = [["variable", "category", "total"], ["sex", 1, 500], ["sex", 2, 600]]
    path = saved(tmp_path, book({"m": [*above, *rows]}), "margins.xlsx")
    error = refused(lambda: read_margins(path))
    assert (error.code, error.params["path"]) == ("DI-E462", "margins.xlsx m")


def test_a_register_below_a_title_is_told_too(tmp_path: Path) -> None:
    error = refused(lambda: read_register(tmp_path, "주민등록 인구\r\n" + register(SINGLE)))
    assert (error.code, error.params["path"]) == ("DI-E462", "residents.csv")


# -- what is written is read back ------------------------------------------------------------

WORDS = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="*"), min_size=1, max_size=6
).filter(lambda text: cleaned(text) == text)
# A workbook keeps 15 digits of a number.
TOTALS = st.integers(0, 10**12).map(float) | st.integers(1, 10**9).map(lambda n: n / 1000)


@st.composite
def margins(draw: st.DrawFn) -> PopulationMargins:
    """Draw margins of up to three samples, crosses and shares among them."""
    found: list[PopulationMargin] = []
    for sample in draw(st.lists(st.none() | WORDS, min_size=1, max_size=3, unique=True)):
        for name in draw(st.lists(WORDS, min_size=1, max_size=2, unique=True)):
            width = draw(st.integers(1, 3))
            cell = st.tuples(*[WORDS] * width)
            cells = draw(st.lists(cell, min_size=1, max_size=4, unique=True))
            totals = draw(st.lists(TOTALS, min_size=len(cells), max_size=len(cells)))
            assume(not any(math.isclose(sum(totals), n, rel_tol=0.01) for n in (1, 100)))
            found.append(
                PopulationMargin(
                    (name, *draw(st.tuples(*[WORDS] * (width - 1)))),
                    tuple(cells),
                    tuple(totals),
                    kind=draw(st.sampled_from(("counts", "shares"))),
                    sample=sample,
                    source=draw(st.none() | WORDS),
                )
            )
    return PopulationMargins(tuple({(m.sample, m.name): m for m in found}.values()))


@settings(max_examples=examples(60))
@given(margins())
def test_margins_are_read_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, known: PopulationMargins
) -> None:
    folder = tmp_path_factory.mktemp("margins")
    text, sheets = margins_csv(known), margins_workbook(known)
    assert read_margins(saved(folder, text)) == known
    assert read_margins(saved(folder, sheets, "margins.xlsx")) == known
    assert (margins_csv(known), margins_workbook(known)) == (text, sheets)


@pytest.mark.parametrize("word", ["=1+1", "+1", "-x", "@sum", "'=1", "'", "-5", "1,2", '"'])
def test_no_text_of_a_margin_becomes_a_formula(word: str, tmp_path: Path) -> None:
    known = PopulationMargins((PopulationMargin((word,), ((word,),), (5.0,), source=word),))
    for line in margins_csv(known).decode("utf-8-sig").splitlines():
        assert not line.lstrip('"').startswith(("=", "+", "@", "-x"))
    assert read_margins(saved(tmp_path, margins_csv(known))) == known
    path = saved(tmp_path, margins_workbook(known), "margins.xlsx")
    cells = [cell for row in openpyxl.load_workbook(path).active.rows for cell in row]  # pyright: ignore[reportOptionalMemberAccess]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert read_margins(path) == known


# -- resident registration -------------------------------------------------------------------

PROVINCES = {"서울특별시": 11, "강원특별자치도": 51, "전라북도": 45}
SINGLE = [*(f"{age}세" for age in range(100)), "100세 이상"]
TENS = [*(f"{age}~{age + 9}세" for age in range(0, 100, 10)), "100세 이상"]
FIVES = [*(f"{age}~{age + 4}세" for age in range(0, 100, 5)), "100세 이상"]
Counts = Callable[[str, str, int], int]


def people(name: str, sex: str, age: int) -> int:
    """Return a made-up count of a province, a sex and the place of an age."""
    return 5 if age > 99 else 900 + 400 * list(PROVINCES).index(name) + 3 * age + 50 * (sex == "여")


def register(
    ages: Sequence[str],
    *,
    provinces: Mapping[str, int] = PROVINCES,
    sexes: str = "계남여",
    month: str = "2025년10월",
    nation: bool = True,
    count: Counts = people,
) -> str:
    """Return a table of residents laid out as the register's site does."""
    table: dict[str, dict[tuple[str, int], int]] = {}
    for name in provinces:
        here = {(sex, k): count(name, sex, k) for sex in "남여" for k in range(len(ages))}
        here |= {("계", k): here["남", k] + here["여", k] for k in range(len(ages))}
        table[name] = here
    if nation:
        whole = {
            key: sum(here[key] for here in table.values()) for key in next(iter(table.values()))
        }
        table = {"전국": whole} | table
    heads = ["총인구수", "연령구간인구수", *ages]
    lines = [["행정구역", *(f"{month}_{sex}_{head}" for sex in sexes for head in heads)]]
    for name, here in table.items():
        cells = [f"{name}  ({provinces.get(name, 10)}00000000)"]
        for sex in sexes:
            counts = [here[sex, k] for k in range(len(ages))]
            cells += [f"{n:,}" for n in (sum(counts), sum(counts), *counts)]
        lines.append(cells)
    return "\r\n".join(",".join(f'"{cell}"' for cell in line) for line in lines) + "\r\n"


def korean() -> SurveySchema:
    """Return a schema with three provinces and the sexes, and ages in three bands."""
    schema = with_design(two_samples_schema(), sample=None)
    names = {1: ("서울", "Seoul"), 2: ("강원", "Gangwon"), 3: ("전북", "Jeonbuk")}
    codes: Any = {code: Text(ko=ko, en=en) for code, (ko, en) in names.items()}
    region = schema.variables["region"].model_copy(update={"codes": codes})
    return schema.model_copy(update={"variables": {**schema.variables, "region": region}})


def with_bands(bands: Mapping[str, tuple[float | None, float | None]]) -> SurveySchema:
    schema = korean()
    cut = schema.domains["age_group"].model_copy(update={"bands": dict(bands)})
    return schema.model_copy(update={"domains": {**schema.domains, "age_group": cut}})


def read_register(
    folder: Path,
    text: str,
    schema: SurveySchema | None = None,
    **options: Any,  # noqa: ANN401
) -> PopulationMargins:
    path = saved(folder, text.encode("cp949"), "residents.csv")
    return read_margins(path, schema or korean(), **options)


def ages_of(low: int, high: int) -> range:
    return range(low, high + 1)


BANDS = {"young": ages_of(0, 39), "middle": ages_of(40, 64), "old": ages_of(65, 100)}


@pytest.mark.parametrize("nation", [True, False])
@pytest.mark.parametrize("sexes", ["계남여", "남여"])
def test_residents_are_counted_by_province_sex_and_band(
    nation: bool, sexes: str, tmp_path: Path
) -> None:
    found = read_register(tmp_path, register(SINGLE, nation=nation, sexes=sexes))
    [margin] = found.margins
    assert margin.variables == ("region", "sex", "age_group")
    expected = {
        (str(p), str(s), band): sum(people(name, sex, age) for age in ages)
        for p, name in enumerate(PROVINCES, 1)
        for s, sex in enumerate("남여", 1)
        for band, ages in BANDS.items()
    }
    assert dict(zip(margin.cells, margin.totals, strict=True)) == expected
    assert margin.source == "행정안전부 주민등록 인구통계 2025년10월 (residents.csv)"
    assert found.findings == ()


def test_bands_of_the_file_that_nest_are_summed(tmp_path: Path) -> None:
    [margin] = read_register(tmp_path, register(FIVES)).margins
    found = dict(zip(margin.cells, margin.totals, strict=True))
    places = range(8)  # 0~4세 to 35~39세
    assert found["1", "1", "young"] == sum(people("서울특별시", "남", k) for k in places)


def test_bands_of_the_file_that_the_schema_cuts_are_refused_by_both_names(tmp_path: Path) -> None:
    error = refused(lambda: read_register(tmp_path, register(TENS)))
    assert error.code == "DI-E425"
    assert error.params["ages"] == ["60~69세 – middle (40-64)", "60~69세 – old (65+)"]


def test_a_band_of_which_the_file_lacks_ages_is_refused(tmp_path: Path) -> None:
    error = refused(lambda: read_register(tmp_path, register(SINGLE[10:])))
    assert (error.code, error.params["ages"]) == ("DI-E425", ["young (0-39)"])


def test_ages_that_the_survey_does_not_ask_are_left_out_and_told(tmp_path: Path) -> None:
    bands = {"school": (7, 19), "adult": (20, 64), "old": (65, 110)}
    found = read_register(tmp_path, register(SINGLE), with_bands(bands), by=["age_group"])
    [finding] = found.findings
    left = sum(people(name, sex, age) for name in PROVINCES for sex in "남여" for age in range(7))
    assert (finding.code, finding.params["count"]) == ("DI-W411", f"{left:,}")
    assert finding.params["ages"] == [f"{age}세" for age in range(7)]
    asked = sum(people(n, s, a) for n in PROVINCES for s in "남여" for a in range(7, 101))
    assert sum(found.margins[0].totals) == asked


@pytest.mark.parametrize("by", [["sex"], ["region"], ["sex*region"]])
def test_ages_that_the_survey_does_not_ask_are_left_out_of_every_margin(
    by: list[str], tmp_path: Path
) -> None:
    schema = with_bands({"school": (7, 19), "adult": (20, 64), "old": (65, 110)})
    text = register(SINGLE)
    cut = read_register(tmp_path, text, schema, by=[*by, "age_group"])
    found = read_register(tmp_path, text, schema, by=by)
    assert found.margins[0] == cut.margins[0]
    assert found.findings == cut.findings
    asked = sum(people(n, s, a) for n in PROVINCES for s in "남여" for a in range(7, 101))
    assert sum(found.margins[0].totals) == asked
    [finding] = found.findings
    assert (finding.code, finding.params["domain"]) == ("DI-W411", "age_group")


def without_domain(lowest: float | None, highest: float | None) -> SurveySchema:
    """Return the schema with a range of ages that no domain cuts."""
    schema = korean()
    bounds: Any = None if lowest is None else (lowest, highest)
    age = schema.variables["age"].model_copy(update={"range": bounds})
    domains = {name: each for name, each in schema.domains.items() if name != "age_group"}
    variables = {**schema.variables, "age": age}
    return schema.model_copy(update={"variables": variables, "domains": domains})


@pytest.mark.parametrize(
    ("lowest", "highest", "asked"),
    [
        (7, None, range(7, 101)),
        (7, 100, range(7, 101)),
        (16, 74, range(16, 75)),
        (None, None, range(101)),
        (0, 110, range(101)),
    ],
)
@pytest.mark.parametrize("by", [None, ["sex"]])
def test_the_range_of_age_is_that_of_the_population(
    lowest: float | None, highest: float | None, asked: range, by: list[str] | None, tmp_path: Path
) -> None:
    found = read_register(tmp_path, register(SINGLE), without_domain(lowest, highest), by=by)
    expected = sum(people(n, s, a) for n in PROVINCES for s in "남여" for a in asked)
    assert sum(found.margins[0].totals) == expected
    everybody = sum(people(n, s, a) for n in PROVINCES for s in "남여" for a in range(101))
    left = [f.params["count"] for f in found.findings if f.code == "DI-W411"]
    assert left == ([] if expected == everybody else [f"{everybody - expected:,}"])


@pytest.mark.parametrize("top", [74, 110, None])
@pytest.mark.parametrize("by", [["age_group"], ["sex"]])
def test_the_last_band_ends_with_the_oldest_who_are_asked(
    top: float | None, by: list[str], tmp_path: Path
) -> None:
    """Surveys of 16 to 74, as those of the European Union, count nobody who is older."""
    schema = with_bands({"young": (16, 34), "middle": (35, 64), "old": (65, top)})
    age = schema.variables["age"].model_copy(update={"range": (16, 74)})
    schema = schema.model_copy(update={"variables": {**schema.variables, "age": age}})
    found = read_register(tmp_path, register(SINGLE), schema, by=by)
    asked = sum(people(n, s, a) for n in PROVINCES for s in "남여" for a in range(16, 75))
    assert sum(found.margins[0].totals) == asked
    assert [finding.code for finding in found.findings] == ["DI-W411"]


@pytest.mark.parametrize("cut", [False, True])
def test_other_ages_than_a_persons_own_are_none_of_the_population(
    cut: bool, tmp_path: Path
) -> None:
    schema = without_domain(7, 100) if not cut else with_bands({"a": (7, 64), "b": (65, None)})
    used = schema.variables["age"].model_copy(update={"range": (0, 100)})
    domain = korean().domains["age_group"].model_copy(update={"variable": "age_of_first_use"})
    domains = {**schema.domains, **({"age_then": domain} if cut else {})}
    variables = {**schema.variables, "age_of_first_use": used}
    schema = schema.model_copy(update={"variables": variables, "domains": domains})
    found = read_register(tmp_path, register(SINGLE), schema, by=["sex"])
    asked = sum(people(n, s, a) for n in PROVINCES for s in "남여" for a in range(7, 101))
    assert sum(found.margins[0].totals) == asked


def test_ages_of_the_file_that_the_survey_asks_in_part_are_refused_without_bands(
    tmp_path: Path,
) -> None:
    error = refused(lambda: read_register(tmp_path, register(TENS), without_domain(7, None)))
    assert (error.code, error.params["ages"]) == ("DI-E425", ["0~9세 – age (7+)"])
    bands = with_bands({"young": (7, 64), "old": (65, None)})
    error = refused(lambda: read_register(tmp_path, register(TENS), bands, by=["sex"]))
    assert error.params["ages"] == ["0~9세 – age_group (7+)"]
    inner = with_bands({"young": (10, 64), "old": (65, None)})
    found = read_register(tmp_path, register(TENS), inner, by=["sex"])
    assert [each.params["ages"] for each in found.findings] == [["0~9세"]]
    error = refused(lambda: read_register(tmp_path, register(SINGLE[10:]), by=["sex"]))
    assert (error.code, error.params["ages"]) == ("DI-E425", ["age_group (0+)"])


def test_no_count_of_residents_is_beyond_all_people(tmp_path: Path) -> None:
    text = changed(register(SINGLE), 2, 3, "1e308")
    assert refused(lambda: read_register(tmp_path, text)).code == "DI-E415"


def test_ages_that_are_codes_are_known_by_their_names(tmp_path: Path) -> None:
    schema = korean()
    bands = {1: "39세 이하", 2: "40~64세", 3: "65세 이상"}
    coded: dict[str, Any] = {
        "type": "code",
        "range": None,
        "codes": {code: Text(ko=ko, en=ko) for code, ko in bands.items()},
    }
    age = schema.variables["age"].model_copy(update=coded)
    cut = schema.domains["age_group"].model_copy(update={"bands": {}})
    schema = schema.model_copy(
        update={
            "variables": {**schema.variables, "age": age},
            "domains": {**schema.domains, "age_group": cut},
        }
    )
    [margin] = read_register(tmp_path, register(SINGLE), schema, by=["age_group"]).margins
    expected = [
        sum(people(n, s, a) for n in PROVINCES for s in "남여" for a in b) for b in BANDS.values()
    ]
    assert dict(zip(margin.cells, margin.totals, strict=True)) == dict(
        zip([("1",), ("2",), ("3",)], expected, strict=True)
    )


@pytest.mark.parametrize("by", [["region*sex", "age_group"], ["age_group*region"], ["sex"]])
def test_margins_of_the_cross_are_sums_of_it(by: list[str], tmp_path: Path) -> None:
    [whole] = read_register(tmp_path, register(SINGLE)).margins
    found = read_register(tmp_path, register(SINGLE), by=by).margins
    assert [margin.name for margin in found] == by
    for margin in found:
        places = [whole.variables.index(name) for name in margin.variables]
        for cell, total in zip(margin.cells, margin.totals, strict=True):
            inside = zip(whole.cells, whole.totals, strict=True)
            assert total == sum(t for c, t in inside if tuple(c[k] for k in places) == cell)


@pytest.mark.parametrize("east", ["강원도", "강원특별자치도"])
@pytest.mark.parametrize("south", ["전라북도", "전북특별자치도"])
def test_provinces_are_read_under_old_and_new_names(east: str, south: str, tmp_path: Path) -> None:
    names = {"서울특별시": 11, east: 42, south: 52}
    places = dict(zip(names, PROVINCES, strict=True))
    text = register(SINGLE, provinces=names, count=lambda n, s, a: people(places[n], s, a))
    [margin] = read_register(tmp_path, text, by=["region"]).margins
    assert [cell[0] for cell in margin.cells] == ["1", "2", "3"]


def test_an_abolished_province_without_people_is_passed_over(tmp_path: Path) -> None:
    names = {**PROVINCES, "강원도": 42}
    nobody: Counts = lambda n, s, a: 0 if n == "강원도" else people(n, s, a)  # noqa: E731
    [margin] = read_register(tmp_path, register(SINGLE, provinces=names, count=nobody)).margins
    assert len(margin.cells) == 18
    both: Counts = lambda n, s, a: 7 if n == "강원도" else people(n, s, a)  # noqa: E731
    text = register(SINGLE, provinces=names, count=both)
    error = refused(lambda: read_register(tmp_path, text))
    assert (error.code, error.params["cells"]) == ("DI-E428", ["강원특별자치도", "강원도"])


def test_places_inside_provinces_are_passed_over(tmp_path: Path) -> None:
    text = register(SINGLE)
    seoul = next(line for line in text.splitlines() if line.startswith('"서울'))
    district = seoul.replace("서울특별시  (1100000000)", "서울특별시 종로구 (1111000000)")
    [margin] = read_register(tmp_path, text + district + "\r\n").margins
    assert margin == read_register(tmp_path, text).margins[0]


def test_only_both_sexes_together_make_a_table_without_sexes(tmp_path: Path) -> None:
    [margin] = read_register(tmp_path, register(SINGLE, sexes="계")).margins
    assert margin.variables == ("region", "age_group")
    error = refused(lambda: read_register(tmp_path, register(SINGLE, sexes="남")))
    assert (error.code, error.params["cells"]) == ("DI-E428", ["2025년10월_여"])


def changed(text: str, line: int, column: int, cell: str) -> str:
    """Return a table in which one cell is another."""
    lines = [row.strip('"').split('","') for row in text.splitlines()]
    lines[line][column] = cell
    return "\r\n".join(",".join(f'"{each}"' for each in row) for row in lines) + "\r\n"


@pytest.mark.parametrize(
    ("code", "cell", "spoil"),
    [
        ("DI-E415", "서울특별시, 2025년10월_계_0세 ‘x’", lambda t: changed(t, 2, 3, "x")),
        ("DI-E415", "서울특별시, 2025년10월_계_0세 ‘’", lambda t: changed(t, 2, 3, "")),
        ("DI-E428", "서울특별시 계_연령구간인구수", lambda t: changed(t, 2, 3, "1")),
        ("DI-E428", "서울특별시 계_0세: 1 ≠ 1850", lambda t: changed(t, 2, 3, "1")),
        ("DI-E428", "전국 계_0세", lambda t: changed(t, 2, 3, "1")),
        ("DI-E428", "전국 계_0세", lambda t: "\r\n".join(t.splitlines()[:-1]) + "\r\n"),
        ("DI-E428", "서울특별시", lambda t: t + t.splitlines()[2] + "\r\n"),
        (
            "DI-E428",
            "2025년10월, 2024년10월",
            lambda t: t.replace("2025년10월_남", "2024년10월_남"),
        ),
        (
            "DI-E428",
            "2025년10월_여_5세",
            lambda t: t.replace("2025년10월_여_5세", "2025년10월_여_x"),
        ),
        ("DI-E428", "0~9세 – 0세", lambda t: t.replace("_연령구간인구수", "_0~9세")),
        ("DI-E428", "행정구역", lambda t: "\r\n".join(t.splitlines()[:2]) + "\r\n"),
        ("DI-E413", "함경도 (residents.csv)", lambda t: t.replace("전라북도", "함경도")),
    ],
)
def test_a_table_that_does_not_add_up_is_refused(
    code: str, cell: str, spoil: Callable[[str], str], tmp_path: Path
) -> None:
    text = register(SINGLE)
    assert spoil(text) != text
    error = refused(lambda: read_register(tmp_path, spoil(text)))
    assert (error.code, cell in str(error)) == (code, True), str(error)


def test_a_table_without_its_schema_or_with_no_place_in_it_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, register(SINGLE).encode("cp949"))
    assert refused(lambda: read_margins(path)).code == "DI-E410"
    error = refused(lambda: read_margins(path, korean(), by=["region", "income"]))
    assert (error.code, error.params["names"]) == ("DI-E416", ["income"])
    schema = korean()
    twice = {
        **schema.domains,
        "old_age": schema.domains["age_group"].model_copy(
            update={"bands": {"young": (None, 64), "old": (65, None)}}
        ),
    }
    schema = schema.model_copy(update={"domains": twice})
    error = refused(lambda: read_margins(path, schema))
    assert (error.code, set(error.params["names"])) == ("DI-E416", {"age_group", "old_age"})  # pyright: ignore[reportArgumentType]
    assert read_margins(path, schema, by=["old_age*sex"]).margins[0].name == "old_age*sex"


def test_missing_provinces_are_told_where_margins_do_not_show_them(tmp_path: Path) -> None:
    text = register(
        SINGLE, provinces={"서울특별시": 11, "강원도": 51}, nation=False, count=lambda n, s, a: 10
    )
    [finding] = read_register(tmp_path, text, by=["sex"]).findings
    assert (finding.code, finding.params["provinces"]) == ("DI-W414", ["3 (전북, Jeonbuk)"])
    assert read_register(tmp_path, text, by=["region"]).findings == ()


def test_residents_are_what_weights_are_raked_to(tmp_path: Path) -> None:
    path = saved(tmp_path, register(SINGLE).encode("cp949"), "residents.csv")
    frame = two_samples_frame()
    survey = read_survey(frame[frame["sample"] == "general"], korean())
    found = margins_of(survey, path, by=["region*sex", "age_group"])
    [sample] = found.samples
    everybody = sum(people(n, s, a) for n in PROVINCES for s in "남여" for a in range(101))
    assert sample.total == everybody
    raked = rake(survey.frame["weight"].to_numpy(float), sample.margins)
    assert raked.weights.sum() == approx(everybody)
    women = raked.weights[(survey.frame["sex"] == 2) & (survey.frame["region"] == 3)].sum()
    assert women == approx(sum(people("전라북도", "여", age) for age in range(101)))
    assert sample.sources == ("행정안전부 주민등록 인구통계 2025년10월 (residents.csv)",)


def test_assumed_codes_of_a_packaged_schema_are_told(tmp_path: Path) -> None:
    text = register(SINGLE, provinces={"서울특별시": 11}, count=lambda n, s, a: 10 + a)
    found = read_register(tmp_path, text, load_schema("nia-2025"))
    codes = {finding.code for finding in found.findings}
    assert codes == {"DI-W411", "DI-W412"}
    [margin] = found.margins
    assert margin.cells[0] == ("1", "1", "1")
    assert margin.totals[0] == sum(10 + age for age in range(7, 20))
