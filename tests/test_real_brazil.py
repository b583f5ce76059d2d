"""Brazil's TIC Domicílios 2016, persons joined to their households, has the levels of R.

The records stay in the shared folder; `tests/reference/README.md` tells the tolerance.
"""

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from divide_index.cli import run
from divide_index.levels import (
    LevelResult,
    NonresponseBand,
    Treatment,
    nonresponse_band,
    relative_levels,
)
from divide_index.scoring import score
from divide_index.survey import Survey, read_survey
from divide_index.weighting import rake, weight_diagnostics, weighted_files
from tests.samples import reference

pytestmark = pytest.mark.real_data

NAME = "tic-domicilios-2016"
DIMENSIONS = {"access": "access", "capability": "capability", "usage": "usage"}
MEASURES = {**DIMENSIONS, "overall": "weighted_ratios"}
CODES = {"urban": "1", "rural": "2"}  # R names the areas, the file numbers them


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    """The two raw files."""
    return shared / "data" / "tic_domicilios_2016"


@pytest.fixture(scope="module")
def r_values(shared: Path) -> dict[str, Any]:
    """What R computed."""
    return json.loads((shared / "reference" / "tic_domicilios_2016.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def persons(folder: Path) -> Survey:
    """The persons with their households."""
    files = {"persons": folder / "individuos.csv", "households": folder / "domicilios.csv"}
    return read_survey(files, NAME)


@pytest.fixture(scope="module")
def levels(persons: Survey) -> LevelResult:
    """Every domain that is compared."""
    domains = ["area", "region", "age", "sex", "education", "class", "region*area"]
    return relative_levels(score(persons), domains)


@pytest.fixture(scope="module")
def band(levels: LevelResult) -> NonresponseBand:
    """The levels under every treatment of nonresponse."""
    return nonresponse_band(levels)


def agrees(result: LevelResult, domain: str, category: str, expected: dict[str, Any]) -> None:
    """Compare a cell's levels and errors with R's."""
    for dimension, measure in MEASURES.items():
        row = result.row(domain, category, dimension)
        pair = expected[measure]
        assert result.estimate.values[row] == pytest.approx(pair["level"], rel=0, abs=1e-8)
        assert result.std_errors[row] == pytest.approx(pair["se"], rel=0, abs=1e-8)
    assert result.n[result.row(domain, category)] == expected["n"]


def test_the_command_of_the_readme_has_the_levels_of_r(
    folder: Path, tmp_path: Path, r_values: dict[str, Any]
) -> None:
    output = tmp_path / "out.json"
    files = [f"persons={folder / 'individuos.csv'}", f"households={folder / 'domicilios.csv'}"]
    given = [word for file in files for word in ("--source", file)]
    asked = ["--by", "area,region,age,sex", "--format", "json", "-o", str(output)]
    assert run(["compute", "--schema", NAME, *given, *asked]) == 0
    document = json.loads(output.read_text("utf-8"))
    rows = {(row["domain"], row["category"], row["dimension"]): row for row in document["levels"]}
    for domain in ("area", "region", "age", "sex"):
        for category, expected in r_values[domain].items():
            cell = {d: rows[domain, CODES.get(category, category), d] for d in MEASURES}
            for dimension, measure in MEASURES.items():
                found = [cell[dimension]["level"], cell[dimension]["std_error"]]
                assert found == pytest.approx([*expected[measure].values()], rel=0, abs=1e-8)
            assert cell["overall"]["n"] == expected["n"]
    names = [file["name"] for file in document["provenance"]["input"]["files"]]
    assert names == ["individuos.csv", "domicilios.csv"]


def test_the_files_hold_the_design_of_r(persons: Survey, r_values: dict[str, Any]) -> None:
    meta = r_values["meta"]
    assert (persons.records, persons.design.psus) == (meta["n"], meta["psus"])
    assert len(persons.design.stratum_labels) == meta["strata"]
    assert persons.design.degrees_of_freedom == meta["df"]


def test_households_without_a_person_are_said(persons: Survey) -> None:
    (finding,) = (f for f in persons.findings if f.code == "DI-I197")
    assert finding.params["count"] == 2999


@pytest.mark.parametrize("region", "12345")
def test_rural_parts_of_regions_have_the_levels_of_r(
    region: str, levels: LevelResult, r_values: dict[str, Any]
) -> None:
    agrees(levels, "region*area", f"{region}*2", r_values["rural_region"][region])


@pytest.mark.parametrize(
    ("domain", "categories"),
    [("education", ["none", "primary", "secondary", "tertiary"]), ("class", ["1", "2", "3", "4"])],
)
def test_domains_of_the_schema_have_the_levels_of_r(
    domain: str, categories: list[str], levels: LevelResult
) -> None:
    expected = reference("tic_band.json")[domain]
    assert [*expected] == categories
    for category in categories:
        agrees(levels, domain, category, expected[category])


@pytest.mark.parametrize("treatment", get_args(Treatment))
def test_every_treatment_of_nonresponse_has_the_levels_of_r(
    treatment: Treatment, band: NonresponseBand
) -> None:
    expected = reference("tic_band.json")["treatments"][treatment]["rural"]
    result = band.results[treatment]
    agrees(result, "group", "rural", expected)
    assert result.degrees_of_freedom[result.row("group", "rural")] == expected["domain_df"]


def test_the_two_files_choose_their_schema(folder: Path) -> None:
    files = {"persons": folder / "individuos.csv", "households": folder / "domicilios.csv"}
    assert read_survey(files).schema.name == NAME


def test_frames_are_read_as_the_files_are(folder: Path, persons: Survey) -> None:
    frames = {
        name: pd.read_csv(folder / file, sep=";", decimal=",")
        for name, file in {"persons": "individuos.csv", "households": "domicilios.csv"}.items()
    }
    frames["households"] = frames["households"].sample(frac=1, random_state=7)
    pd.testing.assert_frame_equal(read_survey(frames, NAME).frame, persons.frame)


def test_weights_raked_to_their_own_margins_stay_and_their_errors_are_those_of_r(
    persons: Survey,
) -> None:
    """Region x area and age: what is known of them is taken out of every error."""
    known = reference("tic_raked.json")
    weights = persons.weights()
    frame = pd.DataFrame(
        {name: np.asarray(persons.frame[name]) for name in ("region", "area", "age_band")}
    ).astype(int)
    place = frame.assign(w=weights).groupby(["region", "area"])["w"].sum()
    age = frame.assign(w=weights).groupby("age_band")["w"].sum()
    raked = rake(persons, {("region", "area"): dict(place), "age": dict(age)})
    assert raked.weights() == pytest.approx(weights, rel=1e-9)
    totals = weight_diagnostics(raked).totals
    assert totals["after"].to_numpy() == pytest.approx(totals["wanted"].to_numpy(), rel=1e-12)
    assert len(totals) == len(place) + len(age)
    for survey, name in ((persons, "as_given"), (raked, "raked")):
        result = relative_levels(score(survey), "area")
        for area, code in CODES.items():
            for dimension, (level, error) in known[name][area].items():
                row = result.row("area", code, dimension)
                assert result.estimate.values[row] == pytest.approx(level, rel=1e-9)
                assert result.std_errors[row] == pytest.approx(error, rel=1e-7)


def test_what_lies_beside_a_joined_file_is_not_about_weights(folder: Path, tmp_path: Path) -> None:
    """Only files whose records are counted have weights; a weighted one keeps its households."""
    files = {"persons": tmp_path / "p.csv", "households": tmp_path / "h.csv"}
    for name, original in (("persons", "individuos.csv"), ("households", "domicilios.csv")):
        files[name].write_bytes((folder / original).read_bytes())
    (tmp_path / "h.csv.design.json").write_text("{}", "utf-8")
    survey = read_survey(files, NAME)
    assert survey.weighting == ()
    sex = np.asarray(survey.frame["sex"]).astype(int)
    known = {"sex": {code: 1.05 * survey.weights()[sex == code].sum() + code for code in (1, 2)}}
    raked = rake(survey, known)
    for name, content in weighted_files(raked, files, "w.csv").items():
        (tmp_path / name).write_bytes(content)
    again = read_survey(files | {"persons": tmp_path / "w.csv"}, NAME)
    assert again.weights() == pytest.approx(raked.weights(), rel=1e-15)
    one, other = (relative_levels(score(each)).estimate for each in (again, raked))
    assert one.covariance == pytest.approx(other.covariance, rel=1e-9, abs=1e-12)
