"""Weights that reach sums of numbers, such as incomes, beside margins of people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divide_index.cli import run
from divide_index.errors import DivideIndexError
from divide_index.inference.calibration import Distance
from divide_index.inference.replication import replicates_of
from divide_index.levels import relative_levels
from divide_index.margins import (
    PopulationMargins,
    margins_csv,
    margins_template,
    margins_workbook,
    read_margins,
)
from divide_index.messages import LANGUAGES, render
from divide_index.schema import SurveySchema, Text
from divide_index.schema.parts import Domain
from divide_index.scoring import score
from divide_index.survey import Survey, read_survey
from divide_index.weighting import calibrate, rake, trim, weight_diagnostics, weighted_files
from tests.examples import examples
from tests.samples import SCHEMAS, reference, small_frame, small_schema, with_design

approx = pytest.approx

EDGES: dict[str, tuple[float | None, float | None]] = {
    "0": (None, 34),
    "1": (35, 49),
    "2": (50, 64),
    "3": (65, None),
}


def four_ages() -> SurveySchema:
    """Return the schema of the general sample, whose ages are cut as in the R script."""
    schema = with_design(small_schema(), sample=None)
    domain = Domain(label=Text(ko="네 연령대", en="Four ages"), variable="age", bands=EDGES)
    return schema.model_copy(update={"domains": {**schema.domains, "class": domain}})


def general_frame() -> pd.DataFrame:
    frame = small_frame()
    return frame[frame["sample"] == "general"].reset_index(drop=True)


def general() -> Survey:
    return read_survey(general_frame(), four_ages())


def known_in_r() -> dict[str, Any]:
    """Return the totals of the R script: people by area and class, and the sum of ages."""
    expected = reference("calibration_small.json")
    margins = {
        name: dict(zip(map(str, part["label"]), part["total"], strict=True))
        for name in ("area", "class")
        if (part := expected["margins"][name])
    }
    return {**margins, "age": expected["total_age"]}


def own_totals(survey: Survey, factors: Any = 1.0) -> dict[str, Any]:  # noqa: ANN401
    """Return what other weights make of area and age: totals that can be reached."""
    weights = survey.weights() * factors
    area, age = np.asarray(survey.frame["area"]), np.asarray(survey.frame["age"], dtype=float)
    people = {code: float(weights[area == code].sum()) for code in ("U", "R")}
    return {"area": people, "age": float(weights @ age)}


def sum_of_ages(survey: Survey, weights: Any = None) -> Any:  # noqa: ANN401
    return (survey.weights() if weights is None else weights) @ np.asarray(survey.frame["age"])


# -- against R ---------------------------------------------------------------------------------

IN_R: Mapping[str, tuple[Distance, tuple[float, float] | None]] = {
    "regression": ("linear", None),
    "regression_raking": ("raking", None),
    "regression_logit": ("logit", (0.5, 1.8)),
}


@pytest.mark.parametrize("name", IN_R)
def test_weights_and_errors_are_those_of_r(name: str) -> None:
    """R `calibrate(~area + factor(class) + age)`: the number is a column of its own."""
    expected, (distance, bounds) = reference("calibration_small.json")[name], IN_R[name]
    survey = calibrate(general(), known_in_r(), distance=distance, bounds=bounds)
    assert survey.weights() == approx(np.array(expected["weights"]), rel=1e-9)
    found = relative_levels(score(survey), groups=["rural"]).to_frame()
    row = found[(found["category"] == "rural") & (found["dimension"] == "access")].iloc[0]
    assert (row["level"], row["std_error"]) == approx(expected["level"], rel=1e-9)


# -- identities --------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32 - 1), distance=st.sampled_from(["linear", "raking"]))
@settings(max_examples=examples(15), deadline=None)
def test_totals_of_people_and_of_numbers_are_reached(seed: int, distance: Distance) -> None:
    survey = general()
    factors = np.random.default_rng(seed).uniform(0.8, 1.3, survey.records)
    wanted = own_totals(survey, factors)
    found = calibrate(survey, wanted, distance=distance)
    assert (found.weights() > 0).all()
    reached = own_totals(found)
    assert reached["age"] == approx(wanted["age"], rel=1e-11)
    assert reached["area"] == approx(wanted["area"], rel=1e-11)


def test_sums_the_weights_have_already_change_nothing() -> None:
    survey = general()
    for found in (rake(survey, own_totals(survey)), calibrate(survey, own_totals(survey))):
        assert found.weights() == approx(survey.weights(), rel=1e-12)


def test_raking_to_a_number_is_the_calibration_of_that_distance() -> None:
    survey = general()
    wanted = known_in_r()
    assert (
        rake(survey, wanted).weights() == calibrate(survey, wanted, distance="raking").weights()
    ).all()


def test_the_unit_of_a_number_changes_no_weight() -> None:
    """Incomes in won or in millions of won: columns are scaled before they are compared."""
    frame = general_frame()
    survey = read_survey(frame, four_ages())
    wide = frame.assign(age=frame["age"] * 1e6)
    schema = four_ages()
    age = schema.variables["age"].model_copy(update={"range": (0, 1.2e8)})
    domains = {"area": schema.domains["area"]}
    variables = {**schema.variables, "age": age}
    schema = schema.model_copy(update={"variables": variables, "domains": domains})
    wanted = known_in_r()
    one = rake(survey, {"area": wanted["area"], "age": wanted["age"]})
    other = rake(read_survey(wide, schema), {"area": wanted["area"], "age": wanted["age"] * 1e6})
    assert other.weights() == approx(one.weights(), rel=1e-9)


def test_every_replicate_reaches_the_sum_again() -> None:
    survey = rake(general(), known_in_r())
    made = replicates_of(survey.design, "bootstrap", count=20, seed=3)
    unit = np.asarray(survey.frame["design:unit"], dtype=np.intp)
    weights = survey.design.unit_factors(made.factors)[:, unit] * survey.weights()
    assert sum_of_ages(survey, weights) == approx(np.full(20, known_in_r()["age"]), rel=1e-9)


# -- files -------------------------------------------------------------------------------------

STEPS = {
    "raked": lambda s: rake(s, known_in_r()),
    "logit": lambda s: calibrate(s, known_in_r(), distance="logit", bounds=(0.5, 1.8)),
    "trimmed": lambda s: trim(rake(s, known_in_r()), upper=2.2, times="mean", recalibrate=True),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_weighted_file_knows_the_sums_again(tmp_path: Path, name: str) -> None:
    source = tmp_path / "survey.csv"
    general_frame().to_csv(source, index=False)
    weighted = STEPS[name](read_survey(source, four_ages()))
    assert sum_of_ages(weighted) == approx(known_in_r()["age"], rel=1e-9)
    for file, content in weighted_files(weighted, source, "weighted.csv").items():
        (tmp_path / file).write_bytes(content)
    again = read_survey(tmp_path / "weighted.csv", four_ages())
    assert (again.weights() == weighted.weights()).all()
    one, other = (
        relative_levels(score(survey), groups=["rural"]).estimate for survey in (again, weighted)
    )
    assert one.values == approx(other.values, rel=1e-12)
    assert one.covariance == approx(other.covariance, rel=1e-9, abs=1e-12)
    totals = weight_diagnostics(again).totals
    assert totals["total"].tolist()[-1] == "age"
    assert totals["error_after"].abs().max() < 1e-9


def test_a_file_in_which_a_number_was_changed_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "survey.csv"
    general_frame().to_csv(source, index=False)
    weighted = rake(read_survey(source, four_ages()), own_totals(general(), 1.1))
    for file, content in weighted_files(weighted, source, "weighted.csv").items():
        (tmp_path / file).write_bytes(content)
    frame = pd.read_csv(tmp_path / "weighted.csv")
    frame["age"] = frame["age"] + 30 * (frame.index == 0)
    frame.to_csv(tmp_path / "weighted.csv", index=False)
    with pytest.raises(DivideIndexError, match="DI-E433") as caught:
        read_survey(tmp_path / "weighted.csv", four_ages())
    assert caught.value.params["names"] == ["age"]


def table(*rows: str) -> bytes:
    return "\n".join(["variable,category,total", *rows]).encode()


def test_a_row_without_a_category_is_the_sum_of_a_number(tmp_path: Path) -> None:
    path = tmp_path / "totals.csv"
    path.write_bytes(table("area,U,80000", "area,R,50000", 'age,,"6,100,000"'))
    [number] = read_margins(path).numbers
    assert (number.variable, number.total, number.place) == ("age", 6_100_000, "totals.csv:4")
    assert sum_of_ages(rake(general(), path)) == approx(6_100_000, rel=1e-11)


def test_margins_are_written_and_read_with_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "totals.csv"
    path.write_bytes(table("area,U,80000", "area,R,50000", "age,,-6.5"))
    known = read_margins(path)
    assert known.to_frame()["total"].tolist() == [80_000, 50_000, -6.5]
    for name, content in (("a.csv", margins_csv(known)), ("a.xlsx", margins_workbook(known))):
        (tmp_path / name).write_bytes(content)
        again = read_margins(tmp_path / name)
        assert PopulationMargins(again.margins, numbers=again.numbers) == known


def test_a_template_asks_for_sums(tmp_path: Path) -> None:
    path = tmp_path / "totals.xlsx"
    path.write_bytes(margins_template(four_ages(), by=["area", "age"]))
    with pytest.raises(DivideIndexError) as caught:
        read_margins(path, four_ages())
    assert caught.value.code in {"DI-E415", "DI-E449"}  # whatever is blank is named
    book: Any = openpyxl.load_workbook(path)
    sheet = book.worksheets[1]
    for row, total in zip(sheet.iter_rows(min_row=2), (80_000, 50_000, 6.1e6), strict=True):
        row[3].value = total
    book.save(path)
    assert sum_of_ages(rake(general(), path)) == approx(6.1e6, rel=1e-11)


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "code", "named"),
    [
        (["area,U,1", "area,R,2", "region,,3"], "DI-E447", "region (totals.csv:4)"),
        (["area,U,1", "area,R,2", "weight,,3"], "DI-E447", "weight (totals.csv:4)"),
        (["area,U,1", "area,R,2", "income,,3"], "DI-E447", "income (totals.csv:4)"),
        (["age,,3"], "DI-E448", "age (totals.csv:2)"),
        (["area,U,1", "area,R,2", "age,,"], "DI-E449", "age= (totals.csv:4) ‘’"),
        (["area,U,1", "area,R,2", "age,,12%"], "DI-E449", "age= (totals.csv:4) ‘12%’"),
        (["area,U,1", "area,R,2", "age,,3", "AGE,,3"], "DI-E414", "age (totals.csv:4)"),
        (["area,U,1", "area,R,2", "age,,3", "age,,3"], "DI-E417", "age= (totals.csv:4)"),
        (["area,U,1", "area,R,2", "access,,3"], "DI-E420", "access"),
    ],
)
def test_sums_that_cannot_be_used_are_named(
    tmp_path: Path, rows: list[str], code: str, named: str
) -> None:
    path = tmp_path / "totals.csv"
    path.write_bytes(table(*rows))
    with pytest.raises(DivideIndexError) as caught:
        rake(general(), path)
    assert caught.value.code == code
    for lang in LANGUAGES:
        assert named in render(caught.value.code, lang, caught.value.params)


@pytest.mark.parametrize("distance", ["linear", "raking"])
def test_a_sum_that_no_weights_reach_is_refused(distance: Distance) -> None:
    wanted = {**known_in_r(), "age": known_in_r()["age"] * 3}
    with pytest.raises(DivideIndexError) as caught:
        calibrate(general(), wanted, distance=distance)
    assert caught.value.code in {"DI-E327", "DI-E328", "DI-E439"}


def test_a_sum_in_python_is_a_number() -> None:
    with pytest.raises(DivideIndexError, match="DI-E449"):
        rake(general(), {"area": {"U": 1.0, "R": 2.0}, "age": float("nan")})
    both = read_survey(small_frame(), small_schema())
    parts = {
        "general": {"area": {"U": 80_000.0, "R": 50_000.0}, "age": 6.1e6},
        "farmers": {"farm": {1: 9_000.0}},
    }
    found = rake(both, parts)
    is_general = np.asarray(both.frame["sample"]) == "general"
    ages = np.asarray(both.frame["age"], dtype=float)
    assert (found.weights() * ages)[is_general].sum() == approx(6.1e6, rel=1e-11)


def test_the_command_shows_the_sum_under_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    general_frame().to_csv(tmp_path / "survey.csv", index=False)
    (tmp_path / "totals.csv").write_bytes(
        table("general,area,U,80000", "general,area,R,50000", "general,age,,6100000").replace(
            b"variable", b"sample,variable", 1
        )
    )
    asked = ["weight", str(tmp_path / "survey.csv"), "--schema", str(SCHEMAS / "small.yaml")]
    asked += ["--margins", str(tmp_path / "totals.csv"), "--lang", "en"]
    assert run([*asked, "--keep-others"]) == 0
    lines = capsys.readouterr().out.splitlines()
    [row] = [line for line in lines if line.strip().startswith("age ")]
    assert "6,100,000" in row
