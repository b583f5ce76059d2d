"""Changes by composition and returns agree with R survey, and always sum to the change.

The values are in `reference/change_composition.json`: 1e-9, as those of `two_samples_gaps.json`.
"""

from functools import cache
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from divide_index import engine
from divide_index.cells import Cell
from divide_index.change.composition import (
    PARTS,
    ChangeDecomposition,
    change_decomposition,
)
from divide_index.decomposition import decompose_gap
from divide_index.decomposition.pieces import pieces_of
from divide_index.inference.gap_pieces import GapPieces, pieces_of_gaps
from divide_index.inference.gaps import People
from divide_index.inference.ratios import Formula
from divide_index.inference.replication import jackknife_factors, replicates_of
from divide_index.schema import SurveySchema
from divide_index.schema.parts import Break, Decomposition
from divide_index.scoring import score
from divide_index.waves import Samples, Waves
from tests.change_samples import change_frame, change_schema, change_waves, two_waves
from tests.examples import examples
from tests.samples import DIMENSIONS, Sample, as_polars, compositions, reference
from tests.year_samples import refused

Floats = NDArray[np.float64]

R = reference("change_composition.json")
KINDS: tuple[Samples, ...] = ("independent", "shared_psus")
FORMULAS: tuple[Formula, ...] = get_args(Formula)
FACTORS = ("sex", "age", "education", "income")
few = settings(max_examples=examples(3))


def approx(expected: object) -> Any:  # noqa: ANN401
    """Compare with R: parts are differences of levels near 100, so 1e-9 of those."""
    return pytest.approx(expected, rel=1e-9, abs=1e-9)


@cache
def parts_of(kind: Samples, formula: Formula = "weighted_ratios") -> ChangeDecomposition:
    return change_decomposition(change_waves(kind), formula=formula)


def rows_of_r(kind: Samples, formula: Formula) -> list[tuple[str, str, str, str, Any]]:
    """Return group, part, factor, dimension and values of every row of R."""
    return [
        (group, *label.split("/"), dimension, known)
        for group, labels in R[kind][formula].items()
        for label, dimensions in labels.items()
        if label != "df"
        for dimension, known in dimensions.items()
    ]


# -- against R -------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("kind", KINDS)
def test_parts_have_the_values_and_errors_of_r(kind: Samples, formula: Formula) -> None:
    result = parts_of(kind, formula)
    seen: set[int] = set()
    for group, part, factor, dimension, known in rows_of_r(kind, formula):
        assert part in PARTS
        row = result.row(("group", group), part, factor, dimension)
        seen.add(row)
        assert result.estimate.values[row] == approx(known["points"])
        assert result.estimate.std_errors[row] == approx(known["se"])
        assert result.estimate.degrees_of_freedom[row] == R[kind][formula][group]["df"]
    assert seen == set(range(len(result.rows)))


def dummies(frame: pd.DataFrame) -> Floats:
    """Return the columns of the factors in the order of R's ``model.matrix``."""
    return np.column_stack(
        [
            frame["sex"] == 2,
            frame["age"].between(40, 64),
            frame["age"] >= 65,
            frame["education"] == 2,
            frame["education"] == 3,
            frame["income"],
        ]
    ).astype(np.float64)


BLOCKS = {"sex": [0], "age": [1, 2], "education": [3, 4], "income": [5]}


def people_of(waves: Waves, year: int) -> tuple[People, NDArray[np.bool_]]:
    """Return complete cases of a year, built by hand, and who of them is a farmer."""
    frame = change_frame()
    frame = frame[frame["year"] == year].reset_index(drop=True)
    known = frame[[*DIMENSIONS, "education", "income"]].notna().all(axis=1).to_numpy()
    psu = engine.values(waves.surveys[year].frame, engine.UNIT).astype(np.intp)
    frame, psu = frame[known], psu[known]
    general = (frame["sample"] == "general").to_numpy()
    return (
        People(
            scores=frame[[*DIMENSIONS]].to_numpy(dtype=np.float64),
            covariates=dummies(frame),
            weights=frame["weight"].to_numpy(dtype=np.float64),
            psu=psu,
            cells=np.where(general, (frame["area"] == "R").to_numpy(dtype=np.intp), -1),
        ),
        ~general,
    )


def by_hand(old: GapPieces, new: GapPieces) -> dict[tuple[str, str], float]:
    """Return overall parts of the change from pieces, by the equations of the module."""
    d0, d1 = old.differences, new.differences
    b0, b1 = old.coefficients.sum(axis=1), new.coefficients.sum(axis=1)
    composition, returns = (d1 - d0) * (b0 + b1) / 2, (d0 + d1) * (b1 - b0) / 2
    unexplained = float(new.unexplained.sum() - old.unexplained.sum())
    found = {
        ("change", "total"): float(d1 @ b1 - d0 @ b0) + unexplained,
        ("unexplained", "total"): unexplained,
    }
    for part, values in (("composition", composition), ("returns", returns)):
        found[part, "total"] = float(values.sum())
        found |= {(part, name): float(values[block].sum()) for name, block in BLOCKS.items()}
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_jackknife_of_psus_is_that_of_r_and_near_the_linearised_error(kind: Samples) -> None:
    waves = change_waves(kind)
    stacked = waves.stacked()
    years = [(place, *people_of(waves, year)) for place, year in ((0, 2023), (2, 2025))]
    shares = np.array([0.2, 0.4, 0.4])

    def estimate(factors: Floats) -> dict[tuple[str, str], float]:
        found: list[GapPieces] = []
        for place, people, farmers in years:
            own = factors[stacked.places[place]]
            weighted = People(
                people.scores,
                people.covariates,
                people.weights * own[people.psu],
                people.psu,
                people.cells,
            )
            found += pieces_of_gaps(
                weighted, [farmers], shares, formula="weighted_ratios", psus=own.size
            )
        return by_hand(*found)

    whole = estimate(np.ones(stacked.design.psus))
    replicates = [[*estimate(row).values()] for row in jackknife_factors(stacked.design)]
    covariance = replicates_of(stacked.design, "jackknife").covariance(
        np.array(replicates), np.array([*whole.values()])
    )
    result, apart = parts_of(kind), []
    for (part, factor), error in zip(whole, np.sqrt(np.diag(covariance)), strict=True):
        known = R[kind]["weighted_ratios"]["farmers"][f"{part}/{factor}"]["overall"]
        assert whole[part, factor] == approx(known["points"])
        assert error == pytest.approx(known["jackknife"], rel=1e-9)
        row = result.row(("group", "farmers"), part, factor)  # pyright: ignore[reportArgumentType]
        apart.append(result.estimate.std_errors[row] / error - 1)
    assert len(apart) == 12
    assert np.abs(apart).max() < 0.12  # of eight PSUs of farmers a year
    assert np.abs(np.median(apart)) < 0.06


# -- identities --------------------------------------------------------------------------------


def polars(sample: Sample) -> Sample:
    return Sample(as_polars(sample.frame), sample.schema)


@pytest.mark.parametrize("formula", FORMULAS)
@few
@given(compositions(), compositions())
def test_parts_of_any_two_samples_sum_to_the_change_of_the_gap(
    formula: Formula, old: Sample, new: Sample
) -> None:
    waves = two_waves(polars(old), polars(new))
    result = change_decomposition(waves, "region", formula=formula)
    years = [decompose_gap(each.scores, "region", formula=formula) for each in (old, new)]
    values = dict(zip(result.rows, result.estimate.values.tolist(), strict=True))
    assert set(result.cells) == set(years[1].cells)
    for cell in result.cells:
        for dimension in (*DIMENSIONS, "overall"):
            before, after = (
                float(each.estimate.values[each.row(cell, "gap", dimension=dimension)])
                for each in years
            )
            parts = [
                value
                for row, value in values.items()
                if (row.cell, row.dimension) == (cell, dimension)
                and (row.factor != "total" or row.part == "unexplained")
            ]
            assert len(parts) >= 7
            assert sum(parts) == pytest.approx(after - before, abs=1e-9)
    # independent samples: the variance of a change of gaps is the sum of theirs
    for part in ("change", "unexplained"):
        rows = [result.row((c.domain, c.category), part) for c in result.cells]
        of_years = [
            each.estimate.std_errors[
                [each.row(c, "gap" if part == "change" else part) for c in result.cells]
            ]
            for each in years
        ]
        assert result.estimate.std_errors[rows] == approx(np.hypot(*of_years))


@few
@given(compositions(), compositions())
def test_the_years_the_other_way_round_turn_every_sign(old: Sample, new: Sample) -> None:
    old, new = polars(old), polars(new)
    there = change_decomposition(two_waves(old, new)).estimate
    back = change_decomposition(two_waves(new, old)).estimate
    assert back.values == pytest.approx(-there.values, abs=1e-9)
    assert back.std_errors == pytest.approx(there.std_errors, abs=1e-9)


def test_a_panel_of_the_same_answers_has_no_change_and_no_error() -> None:
    frame = change_frame()
    frame = frame[frame["year"] == 2023]
    again = pd.concat([frame, frame.assign(year=2024)])
    result = change_decomposition(change_waves("shared_psus", again))
    assert not result.estimate.values.any()
    assert not result.estimate.covariance.any()


def with_education(schema: SurveySchema, order: list[int]) -> SurveySchema:
    """Return the schema with the categories of education in another order."""
    given = schema.variables["education"]
    codes = {code: given.codes[code] for code in order}
    changed = given.model_copy(update={"codes": codes})
    return schema.model_copy(update={"variables": {**schema.variables, "education": changed}})


@pytest.mark.parametrize("years", [(2023, 2024, 2025), (2025,)])
def test_no_base_category_moves_a_part(years: tuple[int, ...]) -> None:
    plain, other = change_schema(), with_education(change_schema(), [1, 3, 2])
    schemas = {year: other if year in years else plain for year in (2023, 2024, 2025)}
    first = parts_of("independent")
    second = change_decomposition(change_waves(schema=schemas))
    assert second.rows == first.rows
    assert second.estimate.values == approx(first.estimate.values)
    assert second.estimate.std_errors == approx(first.estimate.std_errors)
    if len(years) == 3:  # the first category is the base
        based = with_education(change_schema(), [3, 2, 1])
        third = change_decomposition(change_waves(schema=based))
        assert third.estimate.values == approx(first.estimate.values)
        assert third.estimate.std_errors == approx(first.estimate.std_errors)


def test_rescaled_weights_move_nothing() -> None:
    frame = change_frame()
    frame["weight"] *= np.where(frame["year"] == 2025, 7.0, 0.1)
    result = change_decomposition(change_waves(frame=frame))
    assert result.estimate.values == approx(parts_of("independent").estimate.values)
    assert result.estimate.std_errors == approx(parts_of("independent").estimate.std_errors)


@pytest.mark.parametrize("cells", [None, [], ["region"], ["region", "area"]])
@pytest.mark.parametrize("by", [None, "region*area"])
def test_pieces_are_those_of_the_decomposition_whatever_its_cells(
    cells: list[str] | None, by: str | None
) -> None:
    # pieces_of holds them against the result: a difference would raise
    schema = change_schema()
    assert schema.decomposition is not None
    given = schema.decomposition.model_copy(update={"cells": ()})
    schema = schema.model_copy(update={"decomposition": given})
    scores = score(change_waves(schema=schema).surveys[2024])
    result = decompose_gap(scores, by, cells=cells)
    found = pieces_of(result, cells=cells)
    assert tuple(found) == result.cells
    older = found[Cell("group", "older")]
    assert older.terms == ("sex", "education", "income")
    assert older.columns == ("sex=2", "education=2", "education=3", "income")
    assert older.blocks == ((0,), (1, 2), (3,))


# -- what is asked for ---------------------------------------------------------------------------


def test_the_frame_has_a_row_for_every_part() -> None:
    result = change_decomposition(change_waves(), groups="farmers", first=2024)
    frame = result.to_frame()
    assert [*frame.columns] == [
        *("domain", "category", "dimension", "first", "last", "part", "factor"),
        *("contribution", "std_error", "conf_low", "conf_high", "df", "p_value"),
    ]
    assert len(frame) == 4 * (2 + 2 * (1 + len(FACTORS)))
    assert set(zip(frame["first"], frame["last"], strict=True)) == {(2024, 2025)}
    assert tuple(result.results) == (2024, 2025)
    assert "composition" in str(result)
    assert result._repr_html_().startswith("<table")
    with pytest.raises(KeyError):
        result.row(("group", "rural"), "change")


def test_a_formula_and_regions_have_parts_too() -> None:
    result = change_decomposition(
        change_waves(), "region", factors="sex + log(income)", cells="area", where="age < 65"
    )
    assert [cell.domain for cell in result.cells] == ["group"] * 2 + ["region"] * 8
    assert {row.factor for row in result.rows} == {"total", "sex", "log(income)"}
    place = ("region", "3")
    parts = [result.row(place, part) for part in PARTS[1:]]
    change = result.estimate.values[result.row(place, "change")]
    assert result.estimate.values[parts].sum() == approx(change)
    for cell in (Cell("region", "3"), Cell("group", "farmers")):
        before, after = (
            each.levels.values[1 + 3 * each.cells.index(cell)] for each in result.results.values()
        )
        row = result.row((cell.domain, cell.category), "change")
        assert result.estimate.values[row] == approx(after - before)  # of complete cases


# -- what is refused -----------------------------------------------------------------------------


def test_a_break_between_the_years_is_refused_by_name() -> None:
    found = Break(year=2024, group=None, kind="method", source="test")
    schema = change_schema().model_copy(update={"breaks": {"renewed": found}})
    waves = change_waves(schema=schema)
    cells = ["group/rural", "group/older", "group/farmers"]
    with refused("DI-E381", cells=cells, breaks=["renewed (2024)"], first=2023, last=2025):
        change_decomposition(waves)
    assert change_decomposition(waves, first=2024).first == 2024


def test_a_category_that_a_year_lacks_is_refused_by_name() -> None:
    frame = change_frame()
    frame.loc[(frame["year"] == 2025) & (frame["education"] == 3), "education"] = 2
    with refused("DI-E383", columns=["education=3"], first=2023, last=2025):
        change_decomposition(change_waves(frame=frame))
    assert change_decomposition(change_waves(frame=frame), last=2024).last == 2024


def test_factors_that_another_year_leaves_out_are_refused() -> None:
    schema = change_schema()
    assert isinstance(schema.decomposition, Decomposition)
    factors = dict(schema.decomposition.factors)
    factors["age"] = factors["age"].model_copy(update={"not_for": ("farmers",)})
    given = schema.decomposition.model_copy(update={"factors": factors})
    other = schema.model_copy(update={"decomposition": given})
    schemas = {2023: other, 2024: schema, 2025: schema}
    with refused("DI-E383", cells=["group/farmers"], columns=["age=middle", "age=old"]):
        change_decomposition(change_waves(schema=schemas))


def test_a_region_that_a_year_lacks_is_refused_by_name() -> None:
    frame = change_frame()
    frame = frame[(frame["year"] != 2025) | (frame["region"] != 6)]
    with refused("DI-E382", cells=["region/6"], years=[2025]):
        change_decomposition(change_waves(frame=frame), "region")


def test_codes_of_a_factor_that_mean_something_else_are_refused() -> None:
    schema = change_schema()
    sex = schema.variables["sex"]
    swapped = sex.model_copy(update={"codes": {1: sex.codes[2], 2: sex.codes[1]}})
    other = schema.model_copy(update={"variables": {**schema.variables, "sex": swapped}})
    schemas = {2023: other, 2024: schema, 2025: schema}
    with refused("DI-E371", domain="sex", year=2023):
        change_decomposition(change_waves(schema=schemas))
    waves = change_waves(schema=schemas)
    assert change_decomposition(waves, factors=["education", "income"]).first == 2023


def test_years_that_are_not_two_in_order_are_refused() -> None:
    with refused("DI-E380", first=2025, last=2023):
        change_decomposition(change_waves(), first=2025, last=2023)
