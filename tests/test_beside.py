"""Beside a decomposition: levels with the reference's composition, and the spread of regions.

R survey wrote the values, see the scripts in `tests/reference`; they have never seen this code.
"""

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.cells import Cell
from divide_index.decomposition import (
    SpreadResult,
    StandardisedResult,
    beside,
    level_spread,
    standardised_levels,
)
from divide_index.errors import DivideIndexError, EstimationError, SchemaError
from divide_index.inference.estimate import t_quantile
from divide_index.inference.ratios import Formula
from divide_index.levels import relative_levels
from divide_index.schema import SurveySchema, Text, load_schema
from divide_index.schema.parts import Domain, Variable
from divide_index.scoring import Scores, score
from divide_index.survey import read_survey
from tests.examples import examples
from tests.samples import (
    DIMENSIONS,
    SCHEMAS,
    Sample,
    as_polars,
    reference,
    samples,
    small_frame,
    with_design,
)

approx = pytest.approx
Floats = NDArray[np.float64]
Values = dict[str, Any]

FORMULAS: tuple[Formula, ...] = ("weighted_ratios", "ratio_of_composites")
EVERY_FORMULA = pytest.mark.parametrize("formula", FORMULAS)
KINDS = ("crude", "standardised", "difference")
SPREADS = ("between", "within", "total", "share")


def labelled(name: str) -> Text:
    return Text(ko=name, en=name)


@cache
def schema() -> SurveySchema:
    """Return the small schema with R's ages, and regions crossed with areas as one domain."""
    small = load_schema(SCHEMAS / "small_beside.yaml")
    place = Variable(codes=dict.fromkeys(range(1, 9)))
    domain = Domain(label=labelled("place"), variable="place")
    return small.model_copy(
        update={
            "variables": {**small.variables, "place": place},
            "domains": {**small.domains, "place": domain},
        }
    )


def placed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return records with the place of each: its region, and 4 more where it is rural."""
    return frame.assign(place=frame["region"] + 4 * (frame["area"] == "R"))


def scores_of(frame: pd.DataFrame, known: SurveySchema | None = None) -> Scores:
    return score(read_survey(as_polars(placed(frame)), known or schema()))


@cache
def small() -> Scores:
    return scores_of(small_frame())


def changed(**columns: object) -> Scores:
    """Return the small survey with other columns."""
    return scores_of(small_frame().assign(**cast("Values", columns)))


def rows_of(result: StandardisedResult, domain: str, category: str) -> list[int]:
    """Return the rows of a group, in the order of kinds and of dimensions inside them."""
    found = [
        place
        for place, (cell, _, _) in enumerate(result.rows)
        if (cell.domain, cell.category) == (domain, category)
    ]
    named = [result.rows[place][1:] for place in found]
    assert named == [(d, kind) for kind in KINDS for d in (*DIMENSIONS, "overall")]
    return found


# -- standardised levels: the values of R ------------------------------------------------------

GROUPS = {  # in R: where it stands in the result
    "rural": ("group", "rural"),
    "farm": ("group", "farm"),
    "farmers": ("group", "farmers"),
    "region3": ("region", "3"),
}


@EVERY_FORMULA
@pytest.mark.parametrize("ages", ["four", "two", "one"])
def test_standardised_levels_and_their_joint_covariance_are_those_of_r(
    ages: str, formula: Formula
) -> None:
    """`svycontrast` of totals: crude and standardised levels and their difference (1e-9)."""
    every = reference("beside_standardisation.json")[ages]
    factor = f"{ages}_age" if ages == "one" else f"{ages}_ages"
    result = standardised_levels(small(), "region", factors=[factor], formula=formula)
    compared = 0
    for name, (domain, category) in GROUPS.items():
        if name not in every:
            continue
        expected = every[name]
        in_r = [
            f"{part}.{dimension}"
            for part in ("crude", "std", "difference")
            for dimension in (*DIMENSIONS, formula)
        ]
        places = [expected["names"].index(each) for each in in_r]
        rows = rows_of(result, domain, category)
        wanted = np.array(expected["estimate"])[places]
        assert result.estimate.values[rows] == approx(wanted, rel=1e-9, abs=1e-10)
        covariance = np.array(expected["vcov"])[np.ix_(places, places)]
        spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        apart = np.abs(result.estimate.covariance[np.ix_(rows, rows)] - covariance)
        assert (apart <= 1e-9 * np.outer(spread, spread) + 1e-12).all()
        compared += 1
    assert compared == {"four": 3, "two": 4, "one": 1}[ages]


def test_levels_rest_on_complete_cases_with_the_smaller_degrees_of_freedom() -> None:
    """Those of the group's complete cases, or of the reference's: R's `degf(subset())`."""
    known = reference("small_levels.json")["levels"]["complete"]
    result = standardised_levels(small(), "region", factors=["two_ages"])
    for name, (domain, category) in GROUPS.items():
        expected = known["groups"][name]
        rows = rows_of(result, domain, category)
        df = min(expected["domain_df"], known["reference_df"])
        assert set(result.estimate.degrees_of_freedom[rows]) == {df}
        [basis] = [
            b for b in result.bases if (b.cell.domain, b.cell.category) == (domain, category)
        ]
        frame = small_frame()
        inside = {
            "rural": (frame["sample"] == "general") & (frame["area"] == "R"),
            "farm": (frame["sample"] == "general") & (frame["farm"] == 1),
            "farmers": frame["sample"] == "farmers",
            "region3": (frame["sample"] == "general") & (frame["region"] == 3),
        }[name]
        complete = frame[list(DIMENSIONS)].notna().all(axis=1)
        assert (basis.members, basis.n) == (inside.sum(), (inside & complete).sum())


def test_a_group_of_more_psus_than_the_reference_has_its_degrees_of_freedom() -> None:
    """Every farmer a PSU, beside a reference of 27: its error cannot be known any better."""
    frame = small_frame()
    many = changed(psu=np.where(frame["sample"] == "farmers", frame.index, frame["psu"]))
    result = standardised_levels(many, groups="farmers", factors="two_ages")
    known = reference("small_levels.json")["levels"]["complete"]["reference_df"]
    assert set(result.estimate.degrees_of_freedom) == {known}
    assert result.bases[0].psus > 60


def test_crossed_factors_are_a_class_for_every_combination() -> None:
    """Two roads: ages crossed with farming, and one variable of both."""
    crossed = standardised_levels(small(), groups="rural", factors=["two_ages", "farm"])
    frame = small_frame()
    both = changed(region=1 + (frame["age"] >= 65) + 2 * frame["farm"])
    alone = standardised_levels(both, groups="rural", factors="region")
    assert crossed.estimate.values == approx(alone.estimate.values, rel=1e-12)
    assert crossed.estimate.covariance == approx(alone.estimate.covariance, rel=1e-9, abs=1e-12)
    assert crossed.factors == ("two_ages", "farm")


def test_a_group_without_a_category_is_left_out_and_named() -> None:
    """No farmer is 65 or older here: only the others have standardised levels."""
    frame = small_frame()
    is_farmer = frame["sample"] == "farmers"
    young = changed(age=frame["age"].where(~is_farmer, np.minimum(frame["age"], 60)))
    result = standardised_levels(young, groups=["rural", "farmers"], factors=["two_ages"])
    assert {cell.category for cell, _, _ in result.rows} == {"rural"}
    assert [basis.cell.category for basis in result.bases] == ["rural"]
    [finding] = [each for each in result.findings if each.code == "DI-W263"]
    assert finding.code == "DI-W263"
    assert finding.params["cells"] == ["group/farmers"]
    alone = standardised_levels(young, groups="rural", factors=["two_ages"])
    assert result.estimate.values == approx(alone.estimate.values, rel=1e-12)
    assert "DI-W263" not in [each.code for each in alone.findings]


def test_a_condition_cuts_groups_and_not_the_reference() -> None:
    """Rural farmers of the general sample, as a group and as a condition on one."""
    by_condition = standardised_levels(
        small(), groups="farm", factors=["two_ages"], where="area == 'R'"
    )
    by_cell = standardised_levels(small(), "area", groups="farm", factors=["two_ages"])
    rows = [k for k, (cell, _, _) in enumerate(by_cell.rows) if cell.category == "farm*R"]
    assert by_condition.estimate.values == approx(by_cell.estimate.values[rows], rel=1e-12)
    covariance = by_cell.estimate.covariance[np.ix_(rows, rows)]
    assert by_condition.estimate.covariance == approx(covariance, rel=1e-9, abs=1e-12)


def test_crude_levels_are_never_without_their_standardised_ones() -> None:
    frame = standardised_levels(small(), "area", groups="farm", factors="two_ages").to_frame()
    assert [*frame.columns] == [
        *("domain", "category", "group", "area", "dimension", "kind"),
        *("level", "std_error", "conf_low", "conf_high"),
    ]
    kinds = frame.groupby(["domain", "category", "dimension"])["kind"].agg(list)
    assert kinds.tolist() == [[*KINDS]] * len(kinds)
    level = frame.pivot_table(
        index=["category", "dimension"], columns="kind", values="level", sort=False
    )
    apart = level["crude"] - level["standardised"]
    assert level["difference"].to_numpy() == approx(apart.to_numpy(), abs=1e-10)


def test_intervals_have_the_confidence_asked_for() -> None:
    result = standardised_levels(small(), groups="rural", factors="two_ages", confidence=0.9)
    frame = result.to_frame()
    known = reference("small_levels.json")["levels"]["complete"]
    df = min(known["groups"]["rural"]["domain_df"], known["reference_df"])
    margin = t_quantile(0.9, np.array([float(df)]))[0] * frame["std_error"]
    assert (frame["conf_high"] - frame["level"]).to_numpy() == approx(margin.to_numpy())
    assert (frame["level"] - frame["conf_low"]).to_numpy() == approx(margin.to_numpy())


def test_standardised_levels_show_themselves_in_one_decimal() -> None:
    result = standardised_levels(small(), groups="rural", factors="two_ages")
    expected = reference("beside_standardisation.json")["two"]["rural"]
    known = expected["estimate"][expected["names"].index("std.weighted_ratios")]
    assert f"{known:.1f}" in str(result)
    assert f"{known:.2f}" not in str(result)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.formula = "ratio_of_composites"  # pyright: ignore[reportAttributeAccessIssue]


# -- spread: the values of R -------------------------------------------------------------------


@EVERY_FORMULA
@pytest.mark.parametrize(("domain", "cells"), [("region", "region"), ("place", "region_area")])
def test_the_spread_of_regions_and_its_joint_covariance_are_those_of_r(
    domain: str, cells: str, formula: Formula
) -> None:
    """`svycontrast` of totals, by the delta method (1e-9)."""
    expected = reference("beside_spread.json")[cells][formula]
    result = level_spread(small(), domain, formula=formula)
    assert result.estimate.names == SPREADS
    assert result.estimate.values == approx(np.array(expected["estimate"][:4]), rel=1e-9)
    wanted = np.array(expected["vcov"])[:4, :4]
    spread = np.sqrt(np.diag(wanted))
    apart = np.abs(result.estimate.covariance - wanted)
    assert (apart <= 1e-9 * np.outer(spread, spread)).all()
    assert result.corrected_between == approx(expected["corrected_between"], rel=1e-9)
    known = reference("small_levels.json")["levels"]["complete"]
    assert set(result.estimate.degrees_of_freedom) == {known["reference_df"]}
    assert (result.basis.n, result.domain) == (known["reference_n"], domain)


def test_spread_comes_as_a_tidy_frame() -> None:
    result = level_spread(small(), "region", confidence=0.9)
    frame = result.to_frame()
    assert [*frame.columns] == [
        *("domain", "measure", "value", "std_error", "conf_low", "conf_high")
    ]
    assert [*frame["measure"]] == [*SPREADS, "corrected_between"]
    expected = reference("beside_spread.json")["region"]["weighted_ratios"]
    assert [*frame["std_error"][:4]] == approx(expected["se"][:4], rel=1e-9)
    df = float(reference("small_levels.json")["levels"]["complete"]["reference_df"])
    margin = t_quantile(0.9, np.array([df]))[0] * frame["std_error"]
    assert (frame["conf_high"] - frame["value"])[:4].to_numpy() == approx(margin[:4].to_numpy())
    assert np.isnan(frame.iloc[4, 3:].to_numpy(dtype=np.float64)).all()
    assert f"{expected['estimate'][0]:.3f}" in str(result)
    assert "nan" not in str(result).lower()


def test_who_has_no_region_is_left_out_of_the_spread() -> None:
    """As if they had no score: R's values of those who are left, by two roads."""
    frame = small_frame()
    lost = (frame["sample"] == "general") & (frame.index % 7 == 0)
    without_region = level_spread(changed(region=frame["region"].where(~lost)), "region")
    scores = {name: frame[name].where(~lost) for name in DIMENSIONS}
    without_scores = level_spread(changed(**scores), "region")
    assert without_region.estimate.values == approx(without_scores.estimate.values, rel=1e-12)
    assert without_region.estimate.covariance == approx(without_scores.estimate.covariance)
    assert without_region.basis.n == without_scores.basis.n
    assert without_region.basis.lacking["region"] == lost.sum()


# -- identities --------------------------------------------------------------------------------


def everywhere(drawn: Sample) -> Sample:
    """Return a drawn survey in this file's schema, read by Polars."""
    whole = with_design(schema(), fpc=None)
    return Sample(as_polars(placed(drawn.frame)), whole)


DRAWN = samples(min_psus=3).map(everywhere)


@given(DRAWN, st.sampled_from(FORMULAS))
@settings(max_examples=examples(8))
def test_with_a_single_class_a_standardised_level_is_the_crude_one(
    sample: Sample, formula: Formula
) -> None:
    """And the crude one, with its error, is the level of the complete cases."""
    result = standardised_levels(sample.scores, "area", factors="one_age", formula=formula)
    size = len(result.rows) // (3 * len(result.bases))
    values = result.estimate.values.reshape(-1, 3, size)
    assert values[:, 1] == approx(values[:, 0], rel=1e-10)
    assert values[:, 2] == approx(0.0, abs=1e-9)
    errors = result.estimate.std_errors.reshape(-1, 3, size)
    assert errors[:, 1] == approx(errors[:, 0], rel=1e-8, abs=1e-9)
    assert errors[:, 2] == approx(0.0, abs=1e-9)
    levels = relative_levels(sample.scores, "area", formula=formula, cases="complete")
    known_rows = {
        (each["domain"], each["category"], each["dimension"]): each
        for each in levels.to_frame().to_dict("records")
    }
    for row, (cell, dimension, kind) in enumerate(result.rows):
        if kind == "crude":
            known = known_rows[cell.domain, cell.category, dimension]
            assert result.estimate.values[row] == approx(known["level"], rel=1e-9)
            if known["df"] >= 1:
                error = result.estimate.std_errors[row]
                assert error == approx(known["std_error"], rel=1e-6, abs=1e-8)


@given(DRAWN, st.floats(0.01, 100))
@settings(max_examples=examples(8))
def test_neither_the_scale_of_weights_nor_the_order_of_rows_moves_anything(
    sample: Sample, factor: float
) -> None:
    turned = sample.frame.reverse().with_columns(weight=sample.frame.reverse()["weight"] * factor)
    other = Sample(turned, sample.schema)
    pairs = [
        [
            standardised_levels(s.scores, "area", factors="one_age").estimate
            for s in (sample, other)
        ],
        [level_spread(s.scores, "area").estimate for s in (sample, other)],
    ]
    for first, second in pairs:
        assert second.values == approx(first.values, rel=1e-8, abs=1e-8, nan_ok=True)
        assert second.std_errors == approx(first.std_errors, rel=1e-6, abs=1e-7)


@given(DRAWN, st.sampled_from(FORMULAS))
@settings(max_examples=examples(8))
def test_spread_is_that_of_levels_about_one_hundred(sample: Sample, formula: Formula) -> None:
    """Between: the squared distances of the areas' levels, weighted by who lives there."""
    result = level_spread(sample.scores, "area", formula=formula)
    between, within, total, share = result.estimate.values
    assert between + within == approx(total, abs=1e-8)
    assert share == approx(between / total, rel=1e-9, nan_ok=True)
    levels = relative_levels(sample.scores, "area", formula=formula, cases="complete").to_frame()
    overall = levels[(levels["domain"] == "area") & (levels["dimension"] == "overall")]
    frame = sample.frame.to_pandas()
    people = frame[(frame["sample"] == "general") & frame[list(DIMENSIONS)].notna().all(axis=1)]
    weights = people.groupby("area")["weight"].sum() / people["weight"].sum()
    level = overall.set_index("category")["level"].reindex(weights.index)
    assert between == approx(float((weights * (level - 100) ** 2).sum()), rel=1e-8, abs=1e-8)


# -- one result of any library -----------------------------------------------------------------


def test_pandas_and_polars_agree() -> None:
    pandas = score(read_survey(placed(small_frame()), schema()))
    for compute in (
        lambda s: standardised_levels(s, "region", factors=["two_ages"]),
        lambda s: level_spread(s, "region"),
    ):
        first, second = compute(pandas), compute(small())
        assert first.estimate.names == second.estimate.names
        assert first.estimate.values == approx(second.estimate.values, rel=1e-12, abs=1e-12)
        assert first.estimate.covariance == approx(second.estimate.covariance, abs=1e-10)
        assert str(first) == str(second)


# -- refusals ----------------------------------------------------------------------------------


def refused(
    compute: Callable[..., StandardisedResult | SpreadResult],
    scores: Scores,
    *by: str,
    **options: object,
) -> DivideIndexError:
    """Return the error, in whose lists no bare number stands."""
    with pytest.raises(DivideIndexError) as caught:
        compute(scores, *by, **options)
    for key in ("groups", "cells", "factors", "known", "domains"):
        listed = caught.value.params.get(key, ())
        if isinstance(listed, list):
            assert all(isinstance(each, str) and not each.isdigit() for each in listed)
    return caught.value


def test_a_number_is_no_class_and_a_formula_no_list_of_classes() -> None:
    error = refused(standardised_levels, small(), "area", factors=["two_ages", "fpc"])
    assert (error.code, error.params["factors"]) == ("DI-E297", ["fpc"])
    error = refused(standardised_levels, small(), "area", factors="two_ages * area")
    assert error.code == "DI-E297"
    assert error.params["factors"] == ["two_ages", "area", "two_ages:area"]
    error = refused(standardised_levels, small(), "area")
    assert (error.code, error.params["factors"]) == ("DI-E297", ["age"])


def test_an_unknown_factor_group_or_domain_is_told_with_the_nearest() -> None:
    error = refused(standardised_levels, small(), "area", factors="two_age")
    assert (error.code, error.params["nearest"]) == ("DI-E282", ["two_ages"])
    error = refused(standardised_levels, small(), "areas", factors="two_ages")
    assert (error.code, error.params["nearest"]) == ("DI-E124", ["area"])
    error = refused(standardised_levels, small(), groups="rurals", factors="two_ages")
    assert (error.code, error.params["nearest"]) == ("DI-E123", ["rural"])
    error = refused(level_spread, small(), "regio")
    assert (error.code, error.params["nearest"]) == ("DI-E124", ["region"])
    assert error.params["known"] == [*schema().domains]


def test_an_option_that_there_is_not_is_refused_and_none_taken_in_its_stead() -> None:
    for compute, options in ((standardised_levels, {"factors": "two_ages"}), (level_spread, {})):
        error = refused(compute, small(), "area", formula="ratios", **options)
        assert error.code == "DI-E117"
        assert dict(error.params) == {"option": "formula", "value": "ratios", "valid": FORMULAS}
        error = refused(compute, small(), "area", confidence=95, **options)
        assert (error.code, error.params["option"]) == ("DI-E117", "confidence")


def test_a_condition_that_cannot_be_read_is_refused() -> None:
    options: Values = {"factors": "two_ages", "where": "aera == 'R'"}
    error = refused(standardised_levels, small(), "area", **options)
    assert isinstance(error, SchemaError)
    assert error.code == "DI-E109"
    assert "area" in cast("list[str]", error.params["nearest"])


def test_where_every_group_lacks_a_category_they_are_all_named() -> None:
    frame = small_frame()
    inside = (frame["sample"] == "general") & (frame["area"] == "R")
    young = changed(age=frame["age"].where(~inside, 30))
    error = refused(standardised_levels, young, groups="rural", factors="two_ages")
    assert error.code == "DI-E298"
    assert dict(error.params) == {"cells": ["group/rural"], "factors": ["two_ages"]}


def test_nothing_asked_for_is_refused_with_what_there_is() -> None:
    error = refused(standardised_levels, small(), groups=[], factors="two_ages")
    assert error.code == "DI-E289"
    assert error.params["groups"] == [*schema().groups]
    assert error.params["domains"] == [*schema().domains]


def test_a_reference_without_a_complete_case_is_named_with_what_all_lack() -> None:
    """Not the categories of the groups, of which nothing is known."""
    frame = small_frame()
    general = frame["sample"] == "general"
    no_age = changed(age=frame["age"].where(~general))
    no_scores = changed(**dict.fromkeys(DIMENSIONS, np.nan))
    no_region = changed(region=frame["region"].where(~general))
    cases: list[tuple[Any, Scores, str, Values, str, Values]] = [
        (
            *(standardised_levels, no_age, "area", {"factors": "two_ages"}),
            *("DI-E291", {"groups": ["reference"], "factors": ["two_ages"]}),
        ),
        (
            *(standardised_levels, no_scores, "area", {"factors": "two_ages"}),
            *("DI-E060", {"dimensions": [*DIMENSIONS]}),
        ),
        (
            *(level_spread, no_region, "region", {}),
            *("DI-E291", {"groups": ["reference"], "factors": ["region"]}),
        ),
        (level_spread, no_scores, "region", {}, "DI-E060", {"dimensions": [*DIMENSIONS]}),
    ]
    for compute, scores, by, options, code, params in cases:
        error = refused(compute, scores, by, **options)
        assert (error.code, dict(error.params)) == (code, params)


def test_a_group_without_a_complete_case_is_left_out_and_named() -> None:
    frame = small_frame()
    is_farmer = frame["sample"] == "farmers"
    gone = changed(**{name: frame[name].where(~is_farmer) for name in DIMENSIONS})
    result = standardised_levels(gone, groups=["rural", "farmers"], factors="two_ages")
    assert [basis.cell for basis in result.bases] == [Cell("group", "rural")]
    [finding] = [each for each in result.findings if each.code == "DI-W263"]
    assert finding.params["cells"] == ["group/farmers"]


def test_no_other_error_is_taken_for_an_empty_category(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise EstimationError("DI-E117", option="shares", value=0, valid="1")

    monkeypatch.setattr(beside, "standardise_levels", failing)
    error = refused(standardised_levels, small(), "area", factors="two_ages")
    assert (error.code, error.params["option"]) == ("DI-E117", "shares")
