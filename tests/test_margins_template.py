"""The workbook in which known totals are filled in, and what is read back of it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divide_index.errors import InputError
from divide_index.margins import margins_template, read_margins
from divide_index.margins.sheets import GUIDE, sheet_name
from divide_index.messages import LANGUAGES, render
from divide_index.schema import SurveySchema, Text, load_schema
from divide_index.survey import read_survey
from divide_index.weighting import margins_of
from tests.examples import examples
from tests.samples import two_samples_frame, two_samples_schema, with_design

approx = pytest.approx
BY = ("sex", "region*age_group")
GENERAL = "General public"


def opened(content: bytes) -> Any:  # noqa: ANN401
    return openpyxl.load_workbook(BytesIO(content))


def filled(content: bytes, total: Callable[[int], object] = lambda row: 1000 + row) -> Any:  # noqa: ANN401
    """Return a template as somebody filled it in, every sheet alike."""
    book = opened(content)
    for sheet in book.worksheets[1:]:
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, 4).value = total(row)
    return book


def saved(folder: Path, book: Any, name: str = "margins.xlsx") -> Path:  # noqa: ANN401
    path = folder / name
    book.save(path)
    return path


def refused(read: Callable[[], object]) -> InputError:
    """Return the error that a workbook is refused with, in words a person can read."""
    with pytest.raises(InputError) as caught:
        read()
    for lang in LANGUAGES:
        assert "{" not in render(caught.value.code, lang, caught.value.params)
    return caught.value


def equal_totals(row: int) -> int:
    """Return totals of which those of sex and of the cross sum to 18,000."""
    return 9000 if row < 4 else 2000


# -- what is written -------------------------------------------------------------------------


def test_a_template_has_a_sheet_for_each_sample_and_a_guide() -> None:
    content = margins_template(two_samples_schema(), lang="ko")
    assert opened(content).sheetnames == [GUIDE, "일반국민", "농어민"]
    assert opened(margins_template(two_samples_schema())).sheetnames[1:] == [GENERAL, "Farmers"]
    alone = with_design(two_samples_schema(), sample=None)
    assert opened(margins_template(alone)).sheetnames == [GUIDE, GENERAL]


def test_a_sheet_asks_for_every_category_under_headers_that_stay() -> None:
    sheet = opened(margins_template(two_samples_schema(), by=["sex", "sex*area"]))[GENERAL]
    rows = [[cell.value for cell in row] for row in sheet.rows]
    assert rows[0] == [
        *(
            "변수 / variable",
            "범주 / category",
            "이름 / label",
            "모집단수 / total",
            "출처 / source",
        ),
    ]
    assert [row[:4] for row in rows[1:]] == [
        ["sex", "1", "Men", None],
        ["sex", "2", "Women", None],
        ["sex*area", "1*U", "Men*Urban", None],
        ["sex*area", "1*R", "Men*Rural", None],
        ["sex*area", "2*U", "Women*Urban", None],
        ["sex*area", "2*R", "Women*Rural", None],
    ]
    assert sheet.freeze_panes == "A2"


def test_without_a_choice_every_domain_is_asked_for() -> None:
    sheet = opened(margins_template(two_samples_schema()))[GENERAL]
    variables = [row[0].value for row in list(sheet.rows)[1:]]
    assert list(dict.fromkeys(variables)) == ["region", "area", "age_group"]


def test_the_guide_says_in_both_languages_what_the_schema_knows() -> None:
    schema = load_schema("nia-2024")
    guide = opened(margins_template(schema))[GUIDE]
    lines = [str(row[0].value or "") for row in guide.rows]
    assert schema.survey.population is not None
    for words in (schema.survey.population.ko, schema.survey.population.en, "A sample of its own"):
        assert any(words in line for line in lines)
    assert any("모집단수" in line for line in lines)
    assert any("people of the population" in line for line in lines)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_schema_makes_the_same_bytes(lang: Any) -> None:  # noqa: ANN401
    made = [margins_template(load_schema("nia-2024"), lang=lang) for _ in range(2)]
    assert made[0] == made[1]
    assert opened(made[0]).properties.created.year == 2000


def test_no_label_becomes_a_formula() -> None:
    schema = two_samples_schema()
    codes: Any = {1: Text(ko="=1+1", en="=cmd()"), 2: Text(ko="@x", en="+x")}
    sex = schema.variables["sex"].model_copy(update={"codes": codes})
    schema = schema.model_copy(update={"variables": {**schema.variables, "sex": sex}})
    sheet = opened(margins_template(schema, by=["sex"]))[GENERAL]
    cells = [cell for row in sheet.rows for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert sheet["C2"].value == "=cmd()"


@pytest.mark.parametrize("name", ["wealth", "sex*nobody", "weight", "age*sex"])
def test_a_margin_that_the_schema_does_not_have_is_refused(name: str) -> None:
    error = refused(lambda: margins_template(two_samples_schema(), by=[name]))
    assert (error.code, error.params["margin"]) == ("DI-E411", name)


@settings(max_examples=examples(50))
@given(st.lists(st.text(max_size=40), max_size=6))
def test_names_of_sheets_are_allowed_and_differ(names: list[str]) -> None:
    found: list[str] = []
    for name in names:
        found.append(sheet_name(name, found))
    assert len({name.casefold() for name in found}) == len(names)
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in found)


# -- what is read back -----------------------------------------------------------------------


def test_a_filled_template_is_what_weights_are_raked_to(tmp_path: Path) -> None:
    schema = two_samples_schema()
    path = saved(tmp_path, filled(margins_template(schema, by=BY, lang="ko"), equal_totals))
    found = read_margins(path, schema)
    assert [(m.sample, m.name) for m in found.margins] == [
        (sample, name) for sample in ("일반국민", "농어민") for name in BY
    ]
    samples = margins_of(read_survey(two_samples_frame(), schema), path).samples
    assert [each.sample for each in samples] == ["general", "farmers"]
    assert [margin.totals.tolist() for margin in samples[0].margins] == [
        [9000, 9000],
        [2000] * 9,
    ]


@settings(max_examples=examples(15))
@given(st.lists(st.integers(0, 10**12), min_size=4, max_size=4), st.sampled_from(LANGUAGES))
def test_every_total_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    totals: list[int],
    lang: Any,  # noqa: ANN401
) -> None:
    totals = [total + 101 for total in totals]
    schema = with_design(two_samples_schema(), sample=None)
    template = margins_template(schema, by=["sex", "area"], lang=lang)
    path = saved(tmp_path_factory.mktemp("t"), filled(template, lambda row: totals[row - 2]))
    sex, area = read_margins(path, schema).margins
    assert [*sex.totals, *area.totals] == totals
    assert (sex.cells, area.cells) == ((("1",), ("2",)), (("U",), ("R",)))


def test_a_source_that_is_filled_in_goes_with_the_totals(tmp_path: Path) -> None:
    schema = with_design(two_samples_schema(), sample=None)
    book = filled(margins_template(schema, by=["sex"]))
    book.worksheets[1]["E2"].value = "Census 2025, table 3"
    path = saved(tmp_path, book)
    assert read_margins(path, schema).margins[0].source == "Census 2025, table 3"
    survey = two_samples_frame()
    survey = read_survey(survey[survey["sample"] == "general"], schema)
    assert margins_of(survey, path).samples[0].sources == ("Census 2025, table 3",)


def test_a_variable_or_a_sample_may_be_left_out_as_a_whole(tmp_path: Path) -> None:
    schema = two_samples_schema()
    book = filled(margins_template(schema, by=["sex", "area"]))
    book.remove(book["Farmers"])
    book[GENERAL].delete_rows(2, 2)
    found = read_margins(saved(tmp_path, book), schema)
    assert [(margin.sample, margin.name) for margin in found.margins] == [(GENERAL, "area")]


def test_shares_may_be_filled_in_under_their_header(tmp_path: Path) -> None:
    schema = with_design(two_samples_schema(), sample=None)
    book = filled(margins_template(schema, by=["sex"]), lambda row: 0.5)
    path = saved(tmp_path, book)
    assert refused(lambda: read_margins(path, schema)).code == "DI-E426"
    book.worksheets[1]["D1"].value = "비율 / share"
    assert read_margins(saved(tmp_path, book), schema).margins[0].kind == "shares"


def change(cell: str, value: object) -> Callable[[Any], None]:
    def spoil(book: Any) -> None:  # noqa: ANN401
        book[GENERAL][cell].value = value

    return spoil


def drop(row: int) -> Callable[[Any], None]:
    return lambda book: book[GENERAL].delete_rows(row)


@pytest.mark.parametrize(
    ("code", "cell", "spoil"),
    [
        ("DI-E415", "sex=1 (margins.xlsx General public!D2) ‘’", change("D2", None)),
        ("DI-E415", "sex=1 (margins.xlsx General public!D2) ‘’", change("D2", "  ")),
        ("DI-E415", "sex=2 (margins.xlsx General public!D3) ‘n/a’", change("D3", "n/a")),
        ("DI-E415", "sex=2 (margins.xlsx General public!D3) ‘TRUE’", change("D3", True)),
        ("DI-E415", "area=U (margins.xlsx General public!D4) ‘-4’", change("D4", -4)),
        ("DI-E417", "sex= (margins.xlsx General public!D3)", change("B3", None)),
        ("DI-E417", "=2 (margins.xlsx General public!D3)", change("A3", None)),
        ("DI-E202", "모집단수 / total", change("D3", "=D2*2")),
        ("DI-E414", "sex=1 (margins.xlsx General public!D3)", change("B3", 1)),
        ("DI-E412", "sex=2 (여, Women)", drop(3)),
        ("DI-E412", "area=U (동, Urban)", drop(4)),
        ("DI-E412", "area=R (읍·면, Rural)", change("B5", "rural?")),
        ("DI-E411", "gender", lambda book: [change(f"A{k}", "gender")(book) for k in (2, 3)]),
        ("DI-E410", "sum", change("D1", "sum")),
    ],
)
def test_what_is_wrong_in_a_template_is_named(
    code: str, cell: str, spoil: Callable[[Any], None], tmp_path: Path
) -> None:
    schema = two_samples_schema()
    book = filled(margins_template(schema, by=["sex", "area"]))
    spoil(book)
    path = saved(tmp_path, book)
    error = refused(lambda: read_margins(path, schema))
    assert (error.code, cell in str(error)) == (code, True), str(error)


def swapped(schema: SurveySchema, **cells: object) -> Any:  # noqa: ANN401
    book = filled(
        margins_template(schema, by=["sex", "sex*area"]), lambda row: 1000 if row < 4 else 500
    )
    for cell, value in cells.items():
        book[GENERAL][cell].value = value
    return book


def test_a_code_beside_the_name_of_another_is_refused(tmp_path: Path) -> None:
    schema = with_design(two_samples_schema(), sample=None)
    frame = two_samples_frame()
    survey = read_survey(frame[frame["sample"] == "general"], schema)
    path = saved(tmp_path, swapped(schema, B2="2", B3="1"))
    error = refused(lambda: margins_of(survey, path))
    assert (error.code, error.params["cells"]) == (
        "DI-E429",
        [
            "sex=2 (margins.xlsx General public!D2) ‘Men’ ≠ 2 (여, Women)",
            "sex=1 (margins.xlsx General public!D3) ‘Women’ ≠ 1 (남, Men)",
        ],
    )
    path = saved(tmp_path, swapped(schema, B4="1*R", B5="1*U"))
    error = refused(lambda: margins_of(survey, path))
    assert error.code == "DI-E429"
    assert "sex*area=1*R (margins.xlsx General public!D4) ‘Men*Urban’" in str(error)


def test_names_of_ones_own_beside_the_codes_are_taken(tmp_path: Path) -> None:
    schema = with_design(two_samples_schema(), sample=None)
    frame = two_samples_frame()
    survey = read_survey(frame[frame["sample"] == "general"], schema)
    path = saved(tmp_path, swapped(schema, C2="gentlemen", C3=None))
    [sample] = margins_of(survey, path).samples
    assert sample.margins[0].totals == approx([1000, 1000])
