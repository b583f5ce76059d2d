"""Decompositions of real and of large synthetic surveys, where those data are.

The records stay in the shared folder. Points and errors of `synth15k_decomp.csv` were computed
outside this project; of the Brazilian and Mexican surveys the levels were, by R survey.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from divide_index.cells import Cell
from divide_index.decomposition import DecompositionResult, decompose_gap
from divide_index.inference.estimate import t_quantile
from divide_index.levels import relative_levels
from divide_index.schema import load_schema
from divide_index.scoring import Scores, score
from divide_index.survey import read_survey
from tests.samples import SCHEMAS

pytestmark = pytest.mark.real_data

approx = pytest.approx
COLUMNS = {"sex": "fem", "ageg": "ageg", "educ": "educ", "inc": "inc", "hh": "hh", "occ": "occ"}
NAMES = {**COLUMNS, "unexplained": "unexplained", "gap": "gap"}
RURAL, URBAN = Cell("group", "rural"), Cell("group", "urban")


def values_of(
    result: DecompositionResult, cell: Cell, name: str, dimension: str = "overall"
) -> list[float]:
    """Return points and error of `gap`, `unexplained`, `explained`, or a factor."""
    if name in {"gap", "unexplained", "explained"}:
        row = result.row(cell, name, "total", dimension)  # pyright: ignore[reportArgumentType]
    else:
        row = result.row(cell, "explained", name, dimension)
    return [float(result.estimate.values[row]), float(result.estimate.std_errors[row])]


def adds_up(result: DecompositionResult) -> None:
    """Assert that the parts are numbers and sum to the level of complete cases minus 100."""
    dimensions = [name for name in result.dimensions if name != "overall"]
    complete = dict(zip(result.cells, result.levels.values.reshape(-1, 3)[:, 1], strict=True))
    assert np.isfinite(result.estimate.values).all()
    for cell in result.cells:
        gap = values_of(result, cell, "gap")[0]
        assert 100 + gap == approx(complete[cell], rel=0, abs=1e-10)
        for dimension in result.dimensions:
            named = result.estimate.values[result.rows_of(cell, "explained", dimension)].sum()
            rest = values_of(result, cell, "unexplained", dimension)[0]
            own = values_of(result, cell, "gap", dimension)[0]
            assert named + rest == approx(own, rel=0, abs=1e-10)
            assert named == approx(values_of(result, cell, "explained", dimension)[0], abs=1e-10)
        assert sum(values_of(result, cell, "gap", d)[0] for d in dimensions) == approx(gap)


def shares_stand_where_the_gap_is_clear(result: DecompositionResult) -> list[Cell]:
    """Assert it, and return the groups that have one."""
    clear: list[Cell] = []
    for cell, row in zip(result.cells, result.shares().to_dict("records"), strict=True):
        gap, error = values_of(result, cell, "gap")
        found = [row["share"], row["conf_low"], row["conf_high"]]
        df = result.estimate.degrees_of_freedom[[result.row(cell, "gap")]]
        if abs(gap) > max(2.0, float(t_quantile(0.95, df)[0])) * error:
            assert np.isfinite(found).all()
            assert found[1] < found[0] < found[2]
            clear.append(cell)
        elif abs(gap) <= 2 * error:
            assert np.isnan(found).all()
    return clear


# -- the synthetic survey of 15,000 with covariates --------------------------------------------


@pytest.fixture(scope="module")
def synthetic(shared: Path) -> Scores:
    frame = pd.read_csv(shared / "data" / "synth15k_decomp.csv")
    return score(read_survey(frame, load_schema(SCHEMAS / "synth15k_decomp.yaml")))


@pytest.fixture(scope="module")
def composite(synthetic: Scores) -> DecompositionResult:
    """By the ratio of composites; the cells are the two areas."""
    factors = [*COLUMNS.values()]
    return decompose_gap(synthetic, factors=factors, formula="ratio_of_composites")


@pytest.fixture(scope="module")
def default(synthetic: Scores) -> DecompositionResult:
    """By weighted ratios, which is the default."""
    return decompose_gap(synthetic, factors=[*COLUMNS.values()])


@pytest.fixture(scope="module")
def known(shared: Path) -> dict[str, Any]:
    file = shared / "reference" / "decomposition.json"
    return json.loads(file.read_text("utf-8"))["nation_synth15k"]


def test_rural_parts_have_the_points_and_the_errors_of_the_reference(
    composite: DecompositionResult, known: dict[str, Any]
) -> None:
    for name, points in known["rural_points"].items():
        found = values_of(composite, RURAL, NAMES[name])
        expected = [points, known["rural_se_taylor"][name]]
        assert found == approx(expected, rel=0, abs=1e-8), name


def test_so_have_their_dimensions(composite: DecompositionResult, known: dict[str, Any]) -> None:
    for dimension, parts in known["rural_by_dimension"].items():
        for name, points in parts.items():
            found = values_of(composite, RURAL, NAMES[name], dimension)[0]
            assert found == approx(points, rel=0, abs=1e-8), (dimension, name)


def test_and_levels_of_both_areas(composite: DecompositionResult, known: dict[str, Any]) -> None:
    adds_up(composite)
    for cell in (RURAL, URBAN):
        level = 100 + values_of(composite, cell, "gap")[0]
        assert level == approx(known["level"][cell.category], rel=0, abs=1e-8)


def test_parts_by_weighted_ratios_are_those_of_the_method(default: DecompositionResult) -> None:
    """To the six digits in which they are given."""
    expected = {
        "fem": (-0.002715, 0.004602),
        "ageg": (-4.314187, 0.157651),
        "educ": (-3.297275, 0.143159),
        "inc": (-2.335356, 0.117452),
        "hh": (-0.470036, 0.045225),
        "occ": (-1.472829, 0.135599),
        "unexplained": (-3.560854, 0.547594),
        "gap": (-15.453252, 0.570606),
    }
    for name, pair in expected.items():
        assert values_of(default, RURAL, name) == approx(pair, rel=0, abs=1e-6)
    assert 100 + values_of(default, RURAL, "gap")[0] == approx(84.546748, rel=0, abs=1e-6)


def test_the_level_and_its_error_are_those_of_the_levels(
    synthetic: Scores, default: DecompositionResult, composite: DecompositionResult
) -> None:
    for result in (default, composite):
        adds_up(result)
        levels = relative_levels(synthetic, formula=result.formula)
        for cell in (RURAL, URBAN):
            points, error = values_of(result, cell, "gap")
            assert 100 + points == approx(levels.level("group", cell.category), rel=0, abs=1e-10)
            row = levels.row("group", cell.category)
            assert error == approx(levels.std_errors[row], rel=0, abs=1e-10)


# -- Brazil, TIC Domicílios 2016 -----------------------------------------------------------------


@pytest.fixture(scope="module")
def brazil(shared: Path) -> DecompositionResult:
    folder = shared / "data" / "tic_domicilios_2016"
    files = {"persons": folder / "individuos.csv", "households": folder / "domicilios.csv"}
    scores = score(read_survey(files, "tic-domicilios-2016"))
    return decompose_gap(scores, ["region", "region*area"])


@pytest.fixture(scope="module")
def of_r(shared: Path) -> dict[str, Any]:
    """Levels that R survey computed, by country."""
    names = ("tic_domicilios_2016", "endutih_2021")
    return {
        name: json.loads((shared / "reference" / f"{name}.json").read_text("utf-8"))
        for name in names
    }


def has_levels(result: DecompositionResult, cell: Cell, expected: dict[str, Any]) -> None:
    """Compare the level on available cases, and its error."""
    values, errors = (e.reshape(-1, 3) for e in (result.levels.values, result.levels.std_errors))
    index, pair = result.cells.index(cell), expected["weighted_ratios"]
    assert values[index, 0] == approx(pair["level"], rel=0, abs=1e-8)
    assert errors[index, 0] == approx(pair["se"], rel=0, abs=1e-8)


def test_brazil_s_rural_people_and_regions_have_parts_that_add_up(
    brazil: DecompositionResult,
) -> None:
    adds_up(brazil)
    regions = [Cell("region", code) for code in "12345"]
    assert {*brazil.cells} >= {RURAL, *regions}
    names = {row.factor for row in brazil.rows if row.part == "explained"}
    assert names == {"total", "sex", "age", "education", "class"}
    clear = shares_stand_where_the_gap_is_clear(brazil)
    assert {RURAL, *regions[:3]} <= {*clear}
    assert not {*regions[3:]} & {*clear}  # the South and the Centre-West are where the nation is


def test_brazil_s_levels_beside_them_are_those_of_r(
    brazil: DecompositionResult, of_r: dict[str, Any]
) -> None:
    r = of_r["tic_domicilios_2016"]
    has_levels(brazil, RURAL, r["area"]["rural"])
    for code, expected in r["region"].items():
        has_levels(brazil, Cell("region", code), expected)
    for code, expected in r["rural_region"].items():
        crossed = Cell("region*area", f"{code}*2", (("region", code), ("area", "2")))
        has_levels(brazil, crossed, expected)
    level, error = r["area"]["rural"]["weighted_ratios"].values()
    assert (round(level, 3), round(error, 3)) == (48.085, 2.968)


def test_brazil_s_crossed_rests_are_split_exactly(brazil: DecompositionResult) -> None:
    crossed = [cell for cell in brazil.cells if cell.domain == "region*area"]
    assert len(crossed) == 10
    for cell in crossed:
        split = brazil.estimate.values[brazil.rows_of(cell, "unexplained")].sum()
        assert split == approx(values_of(brazil, cell, "unexplained")[0], rel=0, abs=1e-10)


def test_brazil_s_parts_average_to_nothing_over_the_regions(brazil: DecompositionResult) -> None:
    """With the weights of those who answered everything."""
    scores = brazil.scores
    region = scores.frame["region"].astype(int).astype(str)
    weight = scores.frame[scores.survey.schema.design.weight or ""]
    inside = pd.Series(brazil.complete, index=region.index)
    shares = weight[inside].groupby(region[inside]).sum() / weight[inside].sum()
    for name in ("gap", "sex", "age", "education", "class", "unexplained"):
        parts = [values_of(brazil, Cell("region", code), name)[0] for code in "12345"]
        assert float(np.dot(shares[[*"12345"]], parts)) == approx(0.0, abs=1e-9)


# -- Mexico, ENDUTIH 2021 ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mexico(shared: Path) -> DecompositionResult:
    file = shared / "data" / "endutih_2021" / "hogar_jefe.csv"
    return decompose_gap(score(read_survey(file, "endutih-2021")), "area")


def test_mexico_s_rural_households_have_parts_of_two_dimensions_that_add_up(
    mexico: DecompositionResult,
) -> None:
    adds_up(mexico)
    assert len(mexico.dimensions) == 3
    assert shares_stand_where_the_gap_is_clear(mexico) == [*mexico.cells]


def test_mexico_s_levels_beside_them_are_those_of_r(
    mexico: DecompositionResult, of_r: dict[str, Any]
) -> None:
    r = of_r["endutih_2021"]["area"]
    has_levels(mexico, RURAL, r["R"])
    for code, expected in r.items():
        has_levels(mexico, Cell("area", code), expected)
    level, error = r["R"]["weighted_ratios"].values()
    assert (round(level, 3), round(error, 3)) == (72.775, 0.636)


def test_two_areas_of_a_nation_have_the_same_share_explained(mexico: DecompositionResult) -> None:
    """Each is what the other is not: gaps and parts differ by one factor."""
    shares = [row["share"] for row in mexico.shares().to_dict("records")]
    assert shares == approx([shares[0]] * 3, rel=1e-9)
