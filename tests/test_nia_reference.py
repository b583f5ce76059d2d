"""Korea's survey as released, one workbook per group, has the levels of R survey.

The workbooks are written from the synthetic `reference/nia_*.csv` as the agency writes its own:
numbers are numeric cells, a blank cell is the text " ". R scored and estimated the same records;
`reference/README.md` tells the tolerance.
"""

import csv
from collections.abc import Hashable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from divide_index.errors import InputError
from divide_index.levels import relative_levels
from divide_index.schema import SurveySchema, load_schema
from divide_index.schema.parts import Average
from divide_index.scoring import Scores, score
from divide_index.survey import read_survey
from tests.samples import DIMENSIONS, REFERENCE, reference

SCHEMA = "nia-2025"
SOURCES = ("general", "farmers", "disabled", "low_income")
MEASURES = (*DIMENSIONS, "overall")
R = reference("nia_levels.json")

Values = dict[str, Any]
Rows = dict[tuple[str, str, str], dict[Hashable, Any]]


def exactly(expected: Any) -> Any:  # noqa: ANN401
    """Compare within a relative tolerance and nothing else."""
    return pytest.approx(expected, rel=1e-9, abs=0.0, nan_ok=True)


def cells_of(source: str) -> list[list[str]]:
    """Return the header and the records of one group's file, every cell as it is written."""
    path = REFERENCE / f"nia_{source}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def as_released(cell: str) -> float | int | str:
    """Return a number for a numeric cell; a blank stays the text it is."""
    try:
        return float(cell) if "." in cell else int(cell)
    except ValueError:
        return cell


def write_workbook(source: str, path: Path) -> Path:
    """Write one group's file as the agency does: XLSX, one sheet, the header in its first row."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("DATA")
    header, *records = cells_of(source)
    sheet.append(header)
    for record in records:
        sheet.append([as_released(cell) for cell in record])
    book.save(path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("nia")
    return {source: write_workbook(source, folder / f"{source}.xlsx") for source in SOURCES}


@cache
def average_name() -> str:
    """Return the schema's average of the four groups."""
    found = [
        name
        for name, average in load_schema(SCHEMA).averages.items()
        if set(average.members) == set(R["average"]["members"])
    ]
    [name] = found
    return name


def with_totals(totals: Values) -> SurveySchema:
    """Return the schema with other population totals of the average."""
    schema = load_schema(SCHEMA)
    label = schema.averages[average_name()].label
    average = Average.model_validate({"label": label, "members": totals})
    return schema.model_copy(update={"averages": {average_name(): average}})


@pytest.fixture(scope="module")
def scores(files: dict[str, Path]) -> Scores:
    return score(read_survey(files, schema=SCHEMA))


@pytest.fixture(scope="module")
def frame(scores: Scores) -> pd.DataFrame:
    return relative_levels(scores, by=["sex", "province"]).to_frame()


@pytest.fixture(scope="module")
def levels(frame: pd.DataFrame) -> Rows:
    return rows_of(frame)


def rows_of(frame: pd.DataFrame) -> Rows:
    """Return the rows of a table of levels by domain, category and dimension."""
    return {
        (row["domain"], row["category"], row["dimension"]): row
        for row in frame.to_dict(orient="records")
    }


def check_cell(levels: Rows, cell: tuple[str, str], expected: Values) -> None:
    """Compare a cell's levels and standard errors, and who they rest on, with R's."""
    for dimension in MEASURES:
        row = levels[*cell, dimension]
        assert row["level"] == exactly(expected[dimension]["level"]), (cell, dimension)
        assert row["std_error"] == exactly(expected[dimension]["se"]), (cell, dimension)
        if "n" in expected:
            assert row["n"] == row["psus"] == expected["n"][dimension]  # every person is a PSU
            assert row["df"] == expected["domain_df"][dimension]


# -- what was read -----------------------------------------------------------------------------


def test_the_workbooks_are_written_as_the_agency_writes_them(files: dict[str, Path]) -> None:
    for source, path in files.items():
        [sheet] = openpyxl.load_workbook(path).worksheets
        header, *rows = sheet.iter_rows(values_only=True)
        kinds = {name: {type(row[at]) for row in rows} for at, name in enumerate(header)}
        assert header[:3] == ("응답ID", "TYP", "WT")
        assert kinds["WT"] <= {float, int}  # 500.0 is written as 500
        assert kinds["Q3"] == {int}
        assert kinds["Q12A_1"] == {int, str}
        assert any(cell == " " for row in rows for cell in row)
        assert all(cell is not None for row in rows for cell in row)
        assert [row[0] for row in rows] == [*range(1, R["meta"]["n_sample"][source] + 1)]


def test_every_record_of_the_four_files_is_a_psu_of_its_sample_and_province(
    scores: Scores,
) -> None:
    survey = scores.survey
    assert survey.records == R["meta"]["n"]
    assert survey.design.psus == R["meta"]["n"]
    assert len(survey.design.stratum_labels) == R["meta"]["strata"]
    assert survey.design.degrees_of_freedom == R["meta"]["design_df"]
    assert survey.design_kind == "stratified"


# -- what was scored ---------------------------------------------------------------------------


def persons(scores: Scores, source: str, dimension: str) -> np.ndarray[Any, Any]:
    """Return the scores of one file's persons, in the order of the file."""
    sample = scores.survey.schema.design.sample
    assert sample is not None
    inside = np.asarray(scores.survey.frame[sample] == source)
    return scores.dimension(dimension)[inside]


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("source", SOURCES)
def test_every_person_has_the_scores_of_r(scores: Scores, source: str, dimension: str) -> None:
    given = R["scores"][source][dimension]
    expected = np.array([np.nan if value is None else value for value in given])
    ours = persons(scores, source, dimension)
    assert np.isnan(ours).tolist() == np.isnan(expected).tolist()
    assert ours == pytest.approx(expected, rel=1e-9, abs=1e-15, nan_ok=True)


def share(points: str) -> Fraction:
    """Return points of 0 to 3 over the most that the answered questions can give."""
    answered = [int(point) for point in points if point != "-"]
    return Fraction(sum(answered), 3 * len(answered))


def capability(pc: str, mobile: str) -> Fraction:
    return (share(pc) + share(mobile)) / 2


def usage(services: str, activities: str) -> Fraction:
    return Fraction(2, 5) + Fraction(2, 5) * share(services) + Fraction(1, 5) * share(activities)


# Read off the cells of `nia_general.csv`: a digit is what a question scores, times three; a pair
# of PC and mobile has one digit, and a dash is a question without an answer.
BY_HAND: dict[int, dict[str, Fraction]] = {
    # Last used the internet long ago: not asked about services. One PC question is blank.
    8: {
        "access": Fraction(1),
        "capability": capability("233-223", "3222322"),
        "usage": Fraction(0),
    },
    # One service has two refusals and one is blank although asked. One of each has its other half.
    # The desktop is unknown, but there is a laptop.
    19: {
        "access": Fraction(1),
        "capability": capability("1011021", "2110211"),
        "usage": usage("12-12-01111122", "001001000010"),
    },
    # No computer: 9999 is 0 on every PC half, so a pair whose mobile half is refused is 0 too.
    20: {
        "access": Fraction(1),
        "capability": capability("1331-22", "333233-"),
        "usage": usage("02233202123133", "022111011133"),
    },
}


@pytest.mark.parametrize("person", BY_HAND)
def test_three_persons_have_the_scores_computed_by_hand(scores: Scores, person: int) -> None:
    for dimension, expected in BY_HAND[person].items():
        ours = persons(scores, "general", dimension)[person - 1]
        assert ours == pytest.approx(float(expected), rel=1e-12, abs=1e-15), dimension
        assert R["scores"]["general"][dimension][person - 1] == pytest.approx(float(expected))


@pytest.mark.parametrize("source", SOURCES)
def test_capability_is_what_pandas_makes_of_the_cells(scores: Scores, source: str) -> None:
    header, *records = cells_of(source)
    frame = pd.DataFrame(records, columns=header)
    halves: list[pd.Series] = []
    for question in ("Q6", "Q7"):
        names = [f"{question}_{item}" for item in range(1, 8)]  # Q6_9998 is a flag, no item
        answers = frame[names].replace({" ": None, "9998": None}).astype("float64")
        halves.append((answers.mean(axis=1, skipna=True) - 1) / 3)
    expected = (halves[0] + halves[1]) / 2
    ours = persons(scores, source, "capability")
    assert ours == pytest.approx(expected.to_numpy(), rel=1e-12, abs=1e-15, nan_ok=True)


# -- levels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", R["groups"])
def test_every_group_has_the_levels_and_standard_errors_of_r(levels: Rows, group: str) -> None:
    check_cell(levels, ("group", group), R["groups"][group])


@pytest.mark.parametrize("domain", R["domains"])
def test_cells_of_the_reference_have_the_levels_and_standard_errors_of_r(
    levels: Rows, domain: str
) -> None:
    own = {category for name, category, _ in levels if name == domain}
    empty = {code for code in own if not levels[domain, code, "overall"]["n"]}
    expected = {name.removeprefix(domain): cell for name, cell in R["domains"][domain].items()}
    assert own - empty == set(expected)
    for category, cell in expected.items():
        check_cell(levels, (domain, category), cell)


def test_the_reference_is_one_hundred_and_has_the_means_of_r(scores: Scores) -> None:
    result = relative_levels(scores)
    for dimension, expected in R["reference"]["means"].items():
        row = result.row("total", "total", dimension)
        assert result.estimate.values[row] == pytest.approx(100.0, rel=1e-12)
        assert result.n[row] == R["reference"]["n"][dimension]
        assert result.reference_means[dimension] == exactly(expected["mean"])
        relative = expected["se"] / expected["mean"]
        assert result.reference_cv[dimension] == exactly(relative)


@pytest.mark.parametrize("dimension", MEASURES)
def test_older_adults_keep_their_covariance_with_the_general_public(
    levels: Rows, dimension: str
) -> None:
    wrong = R["older_se_as_if_independent"][dimension]
    right = R["groups"]["older"][dimension]["se"]
    ours = levels["group", "older", dimension]["std_error"]
    assert ours == exactly(right)
    assert ours < 0.9 * wrong


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("estimated", R["average"]), ("fixed", R["average_with_fixed_totals"])],
    ids=["totals estimated from the weights", "totals without error"],
)
def test_the_average_of_the_four_groups_has_the_level_and_error_of_r(
    files: dict[str, Path], kind: str, expected: Values
) -> None:
    given = R["average"]["totals"]
    totals = dict.fromkeys(given, "estimated") if kind == "estimated" else given
    scores = score(read_survey(files, schema=with_totals(totals)))
    levels = rows_of(relative_levels(scores).to_frame())
    for dimension in MEASURES:
        row = levels["average", average_name(), dimension]
        assert row["level"] == exactly(expected[dimension]["level"])
        assert row["std_error"] == exactly(expected[dimension]["se"])


# -- files -------------------------------------------------------------------------------------


def test_the_order_in_which_files_are_given_moves_nothing(
    files: dict[str, Path], frame: pd.DataFrame
) -> None:
    turned = dict(reversed(files.items()))
    again = relative_levels(score(read_survey(turned, schema=SCHEMA)), ["sex", "province"])
    pd.testing.assert_frame_equal(again.to_frame(), frame, check_exact=True)


def test_the_file_of_older_adults_repeats_people_of_the_general_sample(
    files: dict[str, Path], tmp_path: Path
) -> None:
    older = write_workbook("general", tmp_path / "older.xlsx")
    with pytest.raises(InputError) as caught:
        read_survey({**files, "older": older}, schema=SCHEMA)
    assert caught.value.code == "DI-E193"
    assert caught.value.params == {"name": "older", "of": "general"}


@pytest.mark.parametrize(
    ("name", "found", "columns"),
    [
        ("general", "farmers", ["ADQ1", "ADQ2", "ADQ4", "ADQ9", "ADQ101"]),
        ("disabled", "general", ["CDQ1", "CDQ2", "CDQ7", "CDQ15", "CDQ161"]),
        ("farmers", "low_income", ["BDQ1", "BDQ2", "BDQ3", "BDQ4", "BDQ9", "BDQ101"]),
    ],
)
def test_a_file_under_the_name_of_another_is_recognised(
    files: dict[str, Path], name: str, found: str, columns: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        read_survey({name: files[found]}, schema=SCHEMA)
    assert caught.value.code == "DI-E196"
    assert f"looks like the file of {found}" in str(caught.value)
    assert set(columns) == set(caught.value.params["columns"])  # pyright: ignore[reportArgumentType]
    assert all(column in str(caught.value) for column in columns)


def test_two_files_under_each_other_s_names_are_recognised(files: dict[str, Path]) -> None:
    exchanged = {**files, "general": files["farmers"], "farmers": files["general"]}
    with pytest.raises(InputError) as caught:
        read_survey(exchanged, schema=SCHEMA)
    assert caught.value.code == "DI-E196"
    assert {caught.value.params["name"], caught.value.params["other"]} == {"general", "farmers"}


def test_one_file_under_two_names_holds_the_same_people(files: dict[str, Path]) -> None:
    with pytest.raises(InputError) as caught:
        read_survey({**files, "disabled": files["farmers"]}, schema=SCHEMA)
    assert caught.value.code == "DI-E198"


def test_a_name_that_the_schema_does_not_have_is_refused(files: dict[str, Path]) -> None:
    renamed = {**files, "migrants": files["farmers"]}
    with pytest.raises(InputError) as caught:
        read_survey(renamed, schema=SCHEMA)
    assert caught.value.code == "DI-E192"
    assert caught.value.params["name"] == "migrants"
