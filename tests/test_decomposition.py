"""Why groups differ from the reference: the values of R, two roads to one number, the result.

`tests/reference/two_samples_gaps.R` wrote the values; it has never seen this code.
"""

import dataclasses
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray

from divide_index.cells import Cell
from divide_index.decomposition import DecompositionResult, decompose_gap
from divide_index.inference.design import LONELY_PSU_RULES, LonelyPsu
from divide_index.inference.estimate import t_quantile
from divide_index.inference.gaps import GapParts, People, decompose_gaps
from divide_index.inference.ratios import Formula
from divide_index.levels import relative_levels
from divide_index.schema import SurveySchema
from divide_index.schema.parts import Decomposition, Factor
from divide_index.scoring import Scores, score
from divide_index.survey import read_survey
from tests.samples import (
    DIMENSIONS,
    as_polars,
    reference,
    two_samples_frame,
    two_samples_schema,
    two_samples_scores,
)

Floats = NDArray[np.float64]
Values = dict[str, Any]

approx = pytest.approx
SHARES = np.array([0.2, 0.4, 0.4])
FORMULAS: tuple[Formula, ...] = ("weighted_ratios", "ratio_of_composites")
EVERY_FORMULA = pytest.mark.parametrize("formula", FORMULAS)
GROUPS = ("rural", "older", "farmers")
DOMAINS = ("region", "area", "region*area")
FARMERS = [
    Cell("group*region", f"farmers*{r}", (("group", "farmers"), ("region", f"{r}")))
    for r in (1, 2, 3)
]
REGIONS = [Cell("region", f"{r}") for r in (1, 2, 3)]
AREAS = [Cell("area", u) for u in "UR"]
CROSSED = [
    Cell("region*area", f"{r}*{u}", (("region", f"{r}"), ("area", u)))
    for r in (1, 2, 3)
    for u in "UR"
]
POPULATIONS = [Cell("group", name) for name in GROUPS]
RURAL, OLDER, OUTSIDE = POPULATIONS


@cache
def scores() -> Scores:
    return two_samples_scores()


@cache
def decomposed(formula: Formula = "weighted_ratios") -> DecompositionResult:
    """Return every group and every cell of three domains against the general sample."""
    return decompose_gap(scores(), DOMAINS, formula=formula)


@cache
def farmers_by_region(formula: Formula = "weighted_ratios") -> DecompositionResult:
    return decompose_gap(scores(), "region", groups="farmers", formula=formula)


def in_r(cell: Cell, formula: Formula = "weighted_ratios") -> Values:
    """Return what R says of a group, which it calls `region2*R`, or `farmers*2`."""
    of_domain = cell.domain in {"region", "area", "region*area"}
    head = cell.domain.partition("*")[0] if of_domain else ""
    return reference("two_samples_gaps.json")[formula][f"{head}{cell.category}"]


def values_of(result: DecompositionResult, cell: Cell, dimension: str, part: str) -> list[float]:
    """Return points and standard error of a factor, or of `gap`, `explained`, `unexplained`."""
    totals = {"gap", "explained", "unexplained"}
    kind, factor = (part, "total") if part in totals else ("explained", part)
    row = result.row(cell, kind, factor, dimension)  # pyright: ignore[reportArgumentType]
    return [float(result.estimate.values[row]), float(result.estimate.std_errors[row])]


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def agrees(result: DecompositionResult, cell: Cell, expected: Values) -> None:
    """Compare every part of a group, overall and by dimension, with its error."""
    for dimension in ("overall", *DIMENSIONS):
        for part, known in expected[dimension].items():
            points, error = values_of(result, cell, dimension, part)
            assert points == approx(known["points"], rel=0, abs=1e-9), (cell, dimension, part)
            assert error == approx(known["se"], rel=0, abs=1e-8), (cell, dimension, part)
    named = {row.factor for row in result.rows if row.cell == cell and row.part == "explained"}
    assert named == {*expected["factors"], "total"}


# -- the values of R -------------------------------------------------------------------------


@EVERY_FORMULA
def test_every_part_of_every_group_has_the_points_and_the_error_of_r(formula: Formula) -> None:
    result = decomposed(formula)
    assert [*result.cells] == [*POPULATIONS, *REGIONS, *AREAS, *CROSSED]
    for cell in result.cells:
        agrees(result, cell, in_r(cell, formula))


@EVERY_FORMULA
def test_so_have_the_parts_of_a_sample_outside_the_reference(formula: Formula) -> None:
    result = farmers_by_region(formula)
    assert [*result.cells] == [OUTSIDE, *FARMERS]
    for cell in result.cells:
        agrees(result, cell, in_r(cell, formula))


def test_cells_of_every_group_can_be_asked_for_beside_those_of_the_reference() -> None:
    result = decompose_gap(scores(), ["region", "group*region"])
    assert {*result.cells} >= {*POPULATIONS, *REGIONS, *FARMERS}
    for cell in [*REGIONS, *FARMERS]:
        agrees(result, cell, in_r(cell))


@EVERY_FORMULA
def test_levels_on_available_and_on_complete_cases_and_their_difference_are_those_of_r(
    formula: Formula,
) -> None:
    for result in (decomposed(formula), farmers_by_region(formula)):
        values, errors = (
            each.reshape(-1, 3) for each in (result.levels.values, result.levels.std_errors)
        )
        for index, (cell, row) in enumerate(
            zip(result.cells, records_of(result.basis_frame()), strict=True)
        ):
            known = in_r(cell, formula)["level"]
            names = ("available", "complete", "difference")
            assert [*values[index]] == approx([known[n]["level"] for n in names], rel=0, abs=1e-9)
            assert [*errors[index]] == approx([known[n]["se"] for n in names], rel=0, abs=1e-8)
            shown = [row[name] for name in ("level_available", "level_complete", "difference")]
            assert shown == [*values[index]]
            assert row["std_error"] == errors[index, 2]


def test_whom_the_parts_rest_on_is_counted_as_r_counts() -> None:
    for result in (decomposed(), farmers_by_region()):
        missing = records_of(result.missing_frame())
        for cell, row in zip(result.cells, records_of(result.basis_frame()), strict=True):
            known = in_r(cell)
            assert (row["n"], row["psus"], row["df"]) == (known["n"], known["psus"], known["df"])
            assert row["share_lost"] == approx(known["share_lost"], rel=0, abs=1e-12)
            lacking = {
                each["factor"]: each["n_missing"]
                for each in missing
                if (each["domain"], each["category"]) == (cell.domain, cell.category)
            }
            assert lacking == known["lacking"]
    known = reference("two_samples_gaps.json")["reference"]
    basis = decomposed().reference
    assert (basis.n, basis.psus) == (known["n"], known["psus"])


@EVERY_FORMULA
def test_what_is_left_when_sets_of_factors_enter_in_turn_is_that_of_r(formula: Formula) -> None:
    result = decomposed(formula)
    frame = result.path_frame()
    overall = frame[frame["dimension"] == "overall"]
    for cell in result.cells:
        inside = (overall["domain"] == cell.domain) & (overall["category"] == cell.category)
        left = overall[inside].set_index("step")
        assert [*left.index] == [0, 1, 2, 3]
        known = in_r(cell, formula)
        steps = [known["overall"]["gap"], *known["path"], known["overall"]["unexplained"]]
        points, errors = ([each[key] for each in steps] for key in ("points", "se"))
        assert [*left["contribution"]] == approx(points, rel=0, abs=1e-9)
        assert [*left["std_error"]] == approx(errors, rel=0, abs=1e-8)


@EVERY_FORMULA
def test_the_share_that_is_explained_has_the_interval_of_fieller(formula: Formula) -> None:
    for result in (decomposed(formula), farmers_by_region(formula)):
        for cell, row in zip(result.cells, records_of(result.shares()), strict=True):
            known = in_r(cell, formula).get("share")
            found = [row["share"], row["conf_low"], row["conf_high"]]
            if known is None:  # the gap is not beyond two standard errors
                assert np.isnan(found).all()
            else:
                assert found == approx([known[k] for k in ("share", "lower", "upper")], abs=1e-7)


def test_a_difference_of_two_groups_has_the_error_of_r() -> None:
    known = reference("two_samples_gaps.json")["farmers_minus_rural"]
    result = decomposed()
    for part in ("gap", "unexplained"):
        difference = result.difference((OUTSIDE, RURAL), part)
        expected = [values_of(result, cell, "overall", part)[0] for cell in (OUTSIDE, RURAL)]
        assert difference.values == approx([expected[0] - expected[1]], rel=0, abs=1e-12)
        assert difference.std_errors == approx([known[part]], rel=0, abs=1e-8)
        assert difference.degrees_of_freedom == approx([in_r(OUTSIDE)["df"]])


def small_model() -> DecompositionResult:
    factors = ["sex", "age", "education"]
    return decompose_gap(scores(), groups=["rural", "farmers"], factors=factors, cells=["area"])


def test_other_factors_and_other_cells_have_the_values_of_r_and_of_its_jackknife() -> None:
    known, result = reference("two_samples_gaps.json")["small_model"], small_model()
    for cell in (RURAL, OUTSIDE):
        for part, expected in known[cell.category].items():
            points, error = values_of(result, cell, "overall", part)
            assert points == approx(expected["points"], rel=0, abs=1e-9)
            assert error == approx(expected["se"], rel=0, abs=1e-8)
            if abs(points) > error:
                assert error == approx(expected["jackknife"], rel=0.01)


# -- every sample has its own: a jackknife through the whole way -------------------------------


def clustered() -> pd.DataFrame:
    """Return 1,500 people of two strata of 15 PSUs, in whom every category is held."""
    rng = np.random.default_rng(7)
    psu = np.repeat(np.arange(30), 50)
    n = psu.size
    area = rng.choice(["U", "R"], n, p=[0.6, 0.4])
    age = rng.integers(20, 90, n) + 8 * (area == "R")
    education = np.clip(4 - age // 30 + rng.integers(0, 2, n), 1, 3)
    able = rng.normal(0, 4, 30)[psu] + 60 - 0.3 * (age - 50) + 5 * (education - 2)
    able = able - 5 * (area == "R")
    return pd.DataFrame(
        {
            "id": range(n),
            "sample": "general",
            "stratum": 1 + psu // 15,
            "psu": psu,
            "weight": rng.uniform(0.5, 2, n),
            "region": 1 + psu % 3,
            "area": area,
            "sex": rng.integers(1, 3, n),
            "age": age,
            "education": education,
            "income": rng.uniform(1, 9, n),
            "occupation": rng.choice(["farm", "office", "service", "none"], n),
            **{name: np.clip(able + rng.normal(0, 9, n), 0, 100) for name in DIMENSIONS},
        }
    )


def factors_of_schema() -> dict[str, Factor]:
    parts = two_samples_schema().decomposition
    assert parts is not None
    return parts.factors


def without_farmers() -> SurveySchema:
    """Return the schema for a general sample alone."""
    schema = two_samples_schema()
    groups = {name: each for name, each in schema.groups.items() if name != "farmers"}
    factors = {
        name: each.model_copy(update={"not_for": ()}) for name, each in factors_of_schema().items()
    }
    parts = Decomposition(cells=("area",), factors=factors)
    return schema.model_copy(update={"groups": groups, "decomposition": parts})


def without_cells() -> SurveySchema:
    """Return the schema without cells of its own: the groups asked for cut the regression."""
    parts = Decomposition(factors=factors_of_schema())
    return two_samples_schema().model_copy(update={"decomposition": parts})


def test_deleting_one_psu_after_another_gives_the_same_errors() -> None:
    frame, schema = clustered(), without_farmers()

    def parts(records: pd.DataFrame) -> DecompositionResult:
        read = pl.DataFrame({str(name): records[name].to_numpy() for name in records})
        factors = ["sex", "age", "education"]
        return decompose_gap(score(read_survey(read, schema)), groups="rural", factors=factors)

    whole = parts(frame)
    value, error = whole.estimate.values, whole.estimate.std_errors
    variance = np.zeros(value.size)
    for psu, stratum in frame.groupby("psu")["stratum"].first().items():
        weights = np.where(frame["stratum"] == stratum, frame["weight"] * 15 / 14, frame["weight"])
        left = frame.assign(weight=weights)[frame["psu"] != psu]
        variance += 14 / 15 * (parts(left).estimate.values - value) ** 2
    is_clear = np.abs(value) > error
    assert is_clear.sum() > 10
    assert error[is_clear] == approx(np.sqrt(variance)[is_clear], rel=0.01)


# -- the array core against statsmodels ------------------------------------------------------


def people(covariates: Floats, seed: int = 5) -> People:
    """Return 600 people of the reference in three cells, and 60 outside it."""
    rng = np.random.default_rng(seed)
    n = covariates.shape[0]
    assert n == 660
    cells = np.where(np.arange(n) < 600, rng.integers(0, 3, n), -1).astype(np.intp)
    y = 50 + 5 * covariates[:, [0]] + 3 * rng.normal(size=(n, 3)) + 4 * cells[:, None]
    psu = (np.arange(n) // 20).astype(np.intp)
    return People(y, covariates, rng.uniform(0.2, 3, n), psu, cells)


def parts_of(
    persons: People, cells: list[int], blocks: list[list[int]], formula: Formula
) -> GapParts:
    """Return the parts of the groups that some cells are."""
    groups = [persons.cells == cell for cell in cells]
    return decompose_gaps(persons, groups, blocks, SHARES, formula=formula, psus=33)


def slopes_of(persons: People, formula: Formula) -> Floats:
    """Return the slopes ``(K, D)`` that the parts of a group are made with."""
    group, columns = persons.cells == 0, persons.covariates.shape[1]
    parts = parts_of(persons, [0], [[k] for k in range(columns)], formula)
    w, inside = persons.weights, persons.reference
    x, y = persons.covariates, persons.scores
    behind = w[group] @ x[group] / w[group].sum() - w[inside] @ x[inside] / w[inside].sum()
    mean = w[inside] @ y[inside] / w[inside].sum()
    base = mean if formula == "weighted_ratios" else SHARES @ mean
    return parts.explained[0] / (behind[:, None] * 100 * SHARES / base)


def fitted(persons: People, covariates: Floats) -> Floats:
    """Return slopes of other columns by statsmodels, with a dummy for every cell."""
    models: Any = import_module("statsmodels.regression.linear_model")
    inside = persons.reference
    dummies = np.eye(3)[persons.cells[inside]]
    x = np.column_stack([dummies, covariates[inside]])
    found = [
        models.WLS(persons.scores[inside, d], x, weights=persons.weights[inside]).fit().params[3:]
        for d in range(3)
    ]
    return np.column_stack(found)


@EVERY_FORMULA
def test_slopes_are_those_of_statsmodels_with_a_dummy_for_every_cell(formula: Formula) -> None:
    rng = np.random.default_rng(1)
    coin = rng.integers(0, 2, 660).astype(np.float64)
    x = np.column_stack([rng.normal(size=660), coin, rng.gamma(2, 2, 660)])
    persons = people(x)
    assert slopes_of(persons, formula) == approx(fitted(persons, x), rel=1e-10)


def nearly_alike(distance: float) -> tuple[Floats, Floats]:
    """Return two columns that differ little, and the same information without that trouble."""
    rng = np.random.default_rng(2)
    first, other = rng.normal(size=(2, 660))
    second = first + distance * other
    return np.column_stack([first, second]), np.column_stack([first, (second - first) / distance])


# The ratio of the eigenvalues is a quarter of the square: from 2.5e-3 to 1e-8
@pytest.mark.parametrize("distance", [1e-1, 1e-2, 5e-3, 2e-4])
def test_slopes_of_columns_nearly_alike_keep_their_digits(distance: float) -> None:
    x, apart = nearly_alike(distance)
    persons = people(x)
    found, known = slopes_of(persons, "weighted_ratios"), fitted(persons, apart)
    expected = np.stack([known[0] - known[1] / distance, known[1] / distance])
    assert found == approx(expected, rel=1e-9)


@pytest.mark.parametrize("distance", [1e-2, 2e-4])
def test_so_do_their_influences(distance: float) -> None:
    """The two columns as one block: the same space as the columns without that trouble."""
    x, apart = nearly_alike(distance)
    persons = people(x)
    found = parts_of(persons, [0, -1], [[0, 1]], "weighted_ratios")
    other = dataclasses.replace(persons, covariates=apart)
    known = parts_of(other, [0, -1], [[0, 1]], "weighted_ratios")
    assert found.parts == approx(known.parts, rel=1e-9, abs=1e-11)
    assert found.psu_totals == approx(known.psu_totals, rel=1e-8, abs=1e-10)


# Another order of sums moves the last digits, and an ill-conditioned inverse (1e8) multiplies them
@pytest.mark.parametrize(("distance", "tolerance"), [(0.3, 1e-13), (2e-4, 1e-9)])
def test_rows_in_pieces_are_as_good_as_all_at_once(
    distance: float, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    persons = people(nearly_alike(distance)[0])
    whole = parts_of(persons, [1, -1], [[0, 1]], "weighted_ratios")
    monkeypatch.setattr("divide_index.inference.gaps._CHUNK", 20)  # fewer than PSUs too
    pieces = parts_of(persons, [1, -1], [[0, 1]], "weighted_ratios")
    assert pieces.parts == approx(whole.parts, rel=1e-11, abs=1e-12)
    assert pieces.psu_totals == approx(whole.psu_totals, rel=0, abs=tolerance)


# -- what the request says and what it does not ------------------------------------------------


def test_a_group_has_the_same_parts_whatever_else_is_asked_for() -> None:
    alone, whole = decompose_gap(scores(), groups="rural"), decomposed()
    rows = [whole.rows.index(row) for row in alone.rows]
    assert alone.estimate.values == approx(whole.estimate.values[rows], rel=0, abs=1e-12)
    assert alone.estimate.std_errors == approx(whole.estimate.std_errors[rows], rel=0, abs=1e-12)


def test_a_domain_that_is_a_group_has_its_parts() -> None:
    result = decomposed()
    for row in result.rows:
        if row.cell == RURAL:
            twin = dataclasses.replace(row, cell=AREAS[1])
            here, there = result.rows.index(row), result.rows.index(twin)
            assert result.estimate.values[here] == approx(result.estimate.values[there], abs=1e-12)


def test_what_defines_a_group_is_left_out_for_it_and_said() -> None:
    result = decompose_gap(scores())
    left_out = {basis.cell.category: basis.left_out for basis in result.bases}
    assert left_out == {"rural": (), "older": ("age",), "farmers": ("occupation",)}
    said = [dict(found.params) for found in result.findings if found.code == "DI-W260"]
    assert said == [
        {"factors": ["age"], "cells": ["group/older"]},
        {"factors": ["occupation"], "cells": ["group/farmers"]},
    ]


def test_a_set_whose_factors_define_the_group_leaves_the_gap_as_it_is() -> None:
    nested = [["age"], ["sex", "education"], ["income", "occupation"]]
    frame = decompose_gap(scores(), groups="older", nested=nested).path_frame()
    left = frame.loc[frame["dimension"] == "overall", ["contribution", "std_error"]].to_numpy()
    assert [*left[1]] == [*left[0]]
    for step, known in ((0, "gap"), (3, "unexplained")):
        expected = in_r(OLDER)["overall"][known]
        assert [*left[step]] == approx([expected["points"], expected["se"]], rel=0, abs=1e-8)
    known = in_r(OLDER)["path"][1]  # sex and education: the same in another order
    assert [*left[2]] == approx([known["points"], known["se"]], rel=0, abs=1e-8)


def test_inside_the_reference_one_set_of_people_is_behind_every_mean() -> None:
    """Rural people who did not say what they do are none of the nation's cases, nor of theirs."""
    factors = factors_of_schema()
    occupation = factors["occupation"].model_copy(update={"not_for": ("rural", "farmers")})
    parts = Decomposition(cells=("region", "area"), factors=factors | {"occupation": occupation})
    schema = two_samples_schema().model_copy(update={"decomposition": parts})
    result = decompose_gap(two_samples_scores(schema=schema), groups=["rural", "farmers"])
    assert [basis.left_out for basis in result.bases] == [("occupation",)] * 2
    for cell in (RURAL, OUTSIDE):
        assert result.basis(cell).n == in_r(cell)["n"]
    gap, error = values_of(result, RURAL, "overall", "gap")
    known = in_r(RURAL)["overall"]["gap"]
    assert [gap, error] == approx([known["points"], known["se"]], rel=0, abs=1e-8)


def test_without_cells_in_the_schema_the_groups_asked_for_are_the_cells() -> None:
    result = decompose_gap(two_samples_scores(schema=without_cells()), groups="rural")
    assert result.place == ()
    asked = decompose_gap(scores(), groups="rural", cells=["area"])
    assert asked.place == ("area",)
    assert result.estimate.values == approx(asked.estimate.values, rel=0, abs=1e-11)
    assert result.estimate.std_errors == approx(asked.estimate.std_errors, rel=0, abs=1e-11)


def test_without_cells_a_group_that_a_factor_defines_does_not_stop_the_others() -> None:
    """Age is left out for older people; for rural people it is a factor like any other."""
    bare = two_samples_scores(schema=without_cells())
    result = decompose_gap(bare, groups=["rural", "older"])
    assert [basis.left_out for basis in result.bases] == [(), ("age",)]


@pytest.mark.parametrize(("group", "defining"), [("rural", "area"), ("older", "age")])
def test_to_name_a_factor_that_is_left_out_is_not_to_name_it(group: str, defining: str) -> None:
    """Its cells stay: slopes without an effect of the group would explain too much (Neumark)."""
    bare = two_samples_scores(schema=without_cells())
    one = decompose_gap(bare, groups=group, factors=["sex", "education"])
    other = decompose_gap(bare, groups=group, factors=[defining, "sex", "education"])
    assert other.bases[0].left_out == (defining,)
    assert other.rows == one.rows
    assert other.estimate.values == approx(one.estimate.values, rel=0, abs=1e-11)
    assert other.estimate.std_errors == approx(one.estimate.std_errors, rel=0, abs=1e-11)


def test_a_condition_crosses_the_groups_and_leaves_the_reference_whole() -> None:
    whole, part = decomposed(), decompose_gap(scores(), groups="rural", where="region == 2")
    twin = CROSSED[3]  # 2*R
    assert part.reference.n == whole.reference.n
    assert part.basis(RURAL).n == whole.basis(twin).n
    for name in ("sex", "age", "education", "income", "occupation", "unexplained", "gap"):
        here = values_of(part, RURAL, "overall", name)
        assert here == approx(values_of(whole, twin, "overall", name), rel=0, abs=1e-11)


def test_the_confidence_moves_the_intervals_and_the_flags_alone() -> None:
    wide = decompose_gap(scores(), groups="rural", confidence=0.999)
    narrow = decompose_gap(scores(), groups="rural", confidence=0.5)
    assert wide.estimate.values == approx(narrow.estimate.values, rel=0, abs=0)
    for result, confidence in ((wide, 0.999), (narrow, 0.5)):
        frame = result.to_frame()
        df = np.full(len(frame), float(in_r(RURAL)["df"]))
        half = t_quantile(confidence, df) * frame["std_error"]
        assert [*(frame["conf_high"] - frame["contribution"])] == approx([*half], rel=1e-9)
        assert [*(frame["contribution"] - frame["conf_low"])] == approx([*half], rel=1e-9)
    assert wide.is_significant.sum() < narrow.is_significant.sum()


@pytest.mark.parametrize("rule", [rule for rule in LONELY_PSU_RULES if rule != "fail"])
def test_a_lonely_psu_contributes_to_a_gap_what_it_does_to_a_level(rule: LonelyPsu) -> None:
    frame = two_samples_frame().dropna()
    alone = (frame["sample"] == "general") & (frame["stratum"] == 2) & (frame["psu"] > 1)
    read = read_survey(as_polars(frame[~alone]), two_samples_schema(), lonely_psu=rule)
    lonely = score(read)
    result = decompose_gap(lonely, groups=["rural", "farmers"], factors=["sex"])
    levels = relative_levels(lonely, groups=["rural", "farmers"])
    for name, cell in (("rural", RURAL), ("farmers", OUTSIDE)):
        points, error = values_of(result, cell, "overall", "gap")
        assert 100 + points == approx(levels.level("group", name), abs=1e-10)
        assert error == approx(levels.std_errors[levels.row("group", name)], abs=1e-10)


# -- the result --------------------------------------------------------------------------------


COLUMNS = ["domain", "category", "dimension", "part", "factor"]
NUMBERS = ["contribution", "std_error", "conf_low", "conf_high"]


def test_its_columns_are_those_of_the_contract_in_their_order() -> None:
    assert [*decompose_gap(scores(), "region").to_frame().columns] == [*COLUMNS, *NUMBERS]
    crossed = [*COLUMNS[:2], "region", "area", *COLUMNS[2:], *NUMBERS]
    assert [*decomposed().to_frame().columns] == crossed


def test_its_rows_stand_in_order_and_none_twice() -> None:
    frame = decomposed().to_frame()
    assert not frame.duplicated([*COLUMNS, "region", "area"]).any()
    rural = frame[(frame["domain"] == "group") & (frame["category"] == "rural")]
    assert [*dict.fromkeys(rural["dimension"])] == [*DIMENSIONS, "overall"]
    rows = rural.loc[rural["dimension"] == "overall", ["part", "factor"]]
    factors = ["sex", "age", "education", "income", "occupation"]
    explained = [("explained", name) for name in ("total", *factors)]
    assert [*rows.itertuples(index=False, name=None)] == [
        ("gap", "total"),
        *explained,
        ("unexplained", "total"),
    ]
    cross = frame[(frame["category"] == "2*R") & (frame["dimension"] == "overall")]
    rest = cross.loc[cross["part"] == "unexplained", "factor"]
    assert [*rest] == ["total", "region", "area", "interaction"]
    assert set(cross["region"]) == {"2"}
    assert set(cross["area"]) == {"R"}


def test_it_is_not_rounded() -> None:
    frame = decomposed().to_frame()
    assert frame["contribution"].to_numpy() == approx(decomposed().estimate.values, rel=0, abs=0)


def test_it_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        decomposed().formula = "ratio_of_composites"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(dataclasses.FrozenInstanceError):
        decomposed().rows[0].factor = "age"  # pyright: ignore[reportAttributeAccessIssue]


def test_it_shows_itself_in_points_of_one_decimal() -> None:
    result = decomposed()
    for shown in (str(result), result._repr_html_()):  # pyright: ignore[reportPrivateUsage]
        for word in ("rural", "2*R", "occupation", "unexplained", "interaction"):
            assert word in shown
        points = values_of(result, RURAL, "overall", "gap")[0]
        assert f"{points:.1f}" in shown
        assert f"{points:.2f}" not in shown
        assert "nan" not in shown.lower()
        assert "capability" not in shown  # the whole, for eyes


def test_an_unknown_row_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        decomposed().row(OLDER, "explained", "age")


def test_holm_is_taken_inside_each_printed_table() -> None:
    """Summary: totals overall; factors: the rest overall; dimensions: whatever is of one."""
    library: Any = import_module("statsmodels.stats.multitest")
    result = decomposed()
    tests = result.tests()
    frame = result.to_frame()
    overall, total = frame["dimension"] == "overall", frame["factor"] == "total"
    tables = {"summary": overall & total, "factors": overall & ~total, "dimensions": ~overall}
    assert tests["table"].value_counts().to_dict() == {n: m.sum() for n, m in tables.items()}
    t = frame["contribution"] / frame["std_error"]
    for name, inside in tables.items():
        assert set(tests.loc[inside, "table"]) == {name}
        adjusted = library.multipletests(tests.loc[inside, "p_value"], method="holm")[1]
        assert tests.loc[inside, "p_holm"].to_numpy() == approx(adjusted, rel=1e-12)
    beyond = np.abs(t) > t_quantile(0.95, tests["df"].to_numpy(float))
    assert ((tests["p_value"] < 0.05) == beyond).all()
    assert ((tests["flag"] == "significant") == (tests["p_holm"] < 0.05)).all()
    assert 0 < (tests["flag"] == "significant").sum() < beyond.sum()
    assert [*tests.columns] == [
        *("domain", "category", "region", "area", "dimension", "part", "factor"),
        *("df", "p_value", "table", "p_holm", "flag"),
    ]


def test_shares_of_a_dimension_are_the_roots_of_fiellers_quadratic() -> None:
    """All of ``{r : (explained - r gap)² ≤ t² Var(explained - r gap)}``."""
    result = decomposed()
    for dimension in (*DIMENSIONS, "overall"):
        for cell, found in zip(result.cells, records_of(result.shares(dimension)), strict=True):
            rows = [result.row(cell, part, "total", dimension) for part in ("explained", "gap")]
            top, bottom = result.estimate.values[rows].tolist()
            v = result.estimate.covariance[np.ix_(rows, rows)]
            t = float(t_quantile(0.95, result.estimate.degrees_of_freedom[rows])[0])
            a, b = bottom**2 - t**2 * v[1, 1], -2 * (top * bottom - t**2 * v[0, 1])
            interval = [found["conf_low"], found["conf_high"]]
            if abs(bottom) <= 2 * np.sqrt(float(v[1, 1])):
                assert np.isnan([found["share"], *interval]).all()
            elif a <= 0:  # unbounded: the t quantile is above 2
                assert found["share"] == approx(top / bottom, rel=1e-12)
                assert np.isnan(interval).all()
            else:
                assert found["share"] == approx(top / bottom, rel=1e-12)
                roots = np.sort(np.roots([a, b, top**2 - t**2 * v[0, 0]]))
                assert interval == approx(roots.tolist(), rel=1e-7)


def test_a_composition_that_is_alike_everywhere_explains_nothing_significant() -> None:
    """A quota of sexes in every PSU: what is left of it are rounding errors, not points."""
    rng = np.random.default_rng(1)
    person = np.tile(np.arange(6), 60)
    psu = np.repeat(np.arange(60), 6)
    weight = np.array([0.7, 1.3, 0.9])[psu % 3]
    shift = rng.normal(0, 2, 60)[psu]
    quota = (
        clustered()
        .head(360)
        .assign(
            stratum=1 + psu % 3,
            psu=psu,
            weight=weight,
            area=np.where(psu // 3 < 8, "R", "U"),
            region=1 + psu % 3,
            sex=1 + (person % 3 == 0),
            **{n: 60 + shift + rng.normal(0, 3, 360) - 9 * (person % 3 == 0) for n in DIMENSIONS},
        )
    )
    alike = score(read_survey(quota, without_farmers()))
    result = decompose_gap(alike, "region", groups=None, factors=["sex"])
    rows = [k for k, row in enumerate(result.rows) if row.factor == "sex" and row.cell != OLDER]
    assert np.abs(result.estimate.values[rows]).max() < 1e-10
    assert not result.is_significant[rows].any()
    assert not (result.adjusted_p_values[rows] < 1).any()
