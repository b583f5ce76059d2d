"""The variance of scores between and within regions, as arrays."""

from dataclasses import dataclass, replace
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.design import Design
from divide_index.inference.ratios import Formula
from divide_index.inference.spread import Spread, spread_of_levels
from tests.examples import examples
from tests.samples import DIMENSIONS, REFERENCE, reference

approx = pytest.approx
SHARES = np.array([0.2, 0.4, 0.4])
FORMULAS: tuple[Formula, ...] = ("weighted_ratios", "ratio_of_composites")
formulas = st.sampled_from(FORMULAS)


@dataclass(frozen=True)
class Persons:
    scores: NDArray[np.float64]
    weights: NDArray[np.float64]
    psu: NDArray[np.intp]
    regions: NDArray[np.intp]
    design: Design
    shares: NDArray[np.float64]

    def spread(self, formula: Formula = "weighted_ratios") -> Spread:
        return spread_of_levels(
            self.scores,
            self.weights,
            self.psu,
            self.design.psus,
            regions=self.regions,
            shares=self.shares,
            formula=formula,
        )


def small(cells: str) -> Persons:
    """The complete cases of the general sample; the farmers' PSUs stay in the design."""
    frame = pd.read_csv(REFERENCE / "small.csv")
    keys = frame[["sample", "stratum", "psu"]].drop_duplicates().reset_index(drop=True)
    psu = frame.merge(keys.reset_index(), how="left")["index"].to_numpy()
    strata, labels = pd.factorize(keys["sample"] + keys["stratum"].astype(str))
    region = frame["region"].to_numpy(np.intp) - 1
    if cells == "region_area":
        region = region + 4 * (frame["area"] == "R").to_numpy()
    whole = frame[list(DIMENSIONS)].notna().all(axis=1).to_numpy()
    whole = whole & (frame["sample"] == "general").to_numpy()
    return Persons(
        frame.loc[whole, list(DIMENSIONS)].to_numpy(float),
        frame.loc[whole, "weight"].to_numpy(float),
        psu[whole],
        region[whole],
        Design.of_psus(strata.astype(np.intp), tuple(map(str, labels))),
        SHARES,
    )


@pytest.mark.parametrize("cells", ["region", "region_area"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_the_spread_and_its_joint_covariance_are_those_of_r(cells: str, formula: Formula) -> None:
    """R survey: `svycontrast` of totals, by the delta method."""
    expected = reference("beside_spread.json")[cells][formula]
    persons = small(cells)
    found = persons.spread(formula)
    every = np.append(found.values, found.levels)
    assert every == approx(np.array(expected["estimate"]), rel=1e-9)
    wanted = np.array(expected["vcov"])
    errors = np.sqrt(np.diag(wanted))
    totals = np.column_stack([found.psu_totals, found.level_totals])
    ours = persons.design.covariance(totals)
    assert np.sqrt(np.diag(ours)) == approx(errors, rel=1e-9)
    assert (np.abs(ours - wanted) <= 1e-9 * np.outer(errors, errors)).all()
    assert found.shares == approx(np.array(expected["region_shares"]), rel=1e-12)
    corrected = found.corrected_between(ours[4:, 4:])
    assert corrected == approx(expected["corrected_between"], rel=1e-9)


def test_corrected_for_sampling_error_the_levels_spread_as_the_true_ones_do() -> None:
    """Samples from four regions whose means are known: on average, within four errors of it."""
    rng = np.random.default_rng(20)
    truth = np.array([46.0, 49.0, 51.0, 54.0])
    true_between = float(np.mean((100 * truth / truth.mean() - 100) ** 2))
    regions = np.repeat(np.arange(4), 40)
    psu = np.arange(160) // 5
    design = Design.of_psus(np.repeat(np.arange(4), 8).astype(np.intp), tuple("abcd"))
    persons = Persons(np.zeros((160, 1)), np.ones(160), psu, regions, design, np.ones(1))
    plain, corrected = np.empty((2, 1500))
    for draw in range(1500):
        effects = rng.normal(0, 4, 32)[psu] + rng.normal(0, 8, 160)
        found = replace(persons, scores=(truth[regions] + effects)[:, None]).spread()
        plain[draw] = found.between
        corrected[draw] = found.corrected_between(design.covariance(found.level_totals))
    error = corrected.std(ddof=1) / 1500**0.5
    assert corrected.mean() == approx(true_between, abs=4 * error)
    assert plain.mean() - true_between > 10 * error  # without it they spread too much


# -- identities ------------------------------------------------------------------------------


@st.composite
def surveys(draw: st.DrawFn) -> Persons:
    """Three regions that all have people."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(30, 120))
    regions = rng.integers(0, 3, n)
    regions[:3] = (0, 1, 2)
    return Persons(
        rng.uniform(5, 100, (n, 3)),
        rng.gamma(2.0, 1.0, n) + 0.05,
        rng.integers(0, 8, n),
        regions,
        Design.of_psus((np.arange(8) % 2).astype(np.intp), ("a", "b")),
        SHARES,
    )


@given(surveys(), formulas)
@settings(max_examples=examples(40))
def test_between_and_within_sum_to_the_variance_of_everybody(
    persons: Persons, formula: Formula
) -> None:
    """Within is also the weighted mean of the variances inside regions: another road to it."""
    found = persons.spread(formula)
    w, nation = persons.weights, np.average(persons.scores, axis=0, weights=persons.weights)
    points = 100 * SHARES / nation
    if formula == "ratio_of_composites":
        points = 100 * SHARES / (SHARES @ nation)
    y = persons.scores @ points
    assert found.total == approx(np.average((y - 100) ** 2, weights=w), rel=1e-10)
    inside = [persons.regions == r for r in range(3)]
    levels = [np.average(y[r], weights=w[r]) for r in inside]
    within = sum(
        w[r].sum() / w.sum() * np.average((y[r] - level) ** 2, weights=w[r])
        for r, level in zip(inside, levels, strict=True)
    )
    assert found.levels == approx(np.array(levels), rel=1e-10)
    assert found.within == approx(within, rel=1e-10)
    assert found.share == approx(1 - within / found.total, abs=1e-10)
    totals = found.psu_totals
    assert totals[:, 0] + totals[:, 1] == approx(totals[:, 2], abs=1e-10)
    assert totals.sum(axis=0) == approx(0.0, abs=1e-8)  # an influence has mean zero


@given(surveys(), formulas)
@settings(max_examples=examples(30))
def test_the_influence_is_the_derivative_by_the_weights(persons: Persons, formula: Formula) -> None:
    found, step = persons.spread(formula), 1e-6
    raised, lowered = (
        replace(
            persons,
            weights=np.where(persons.psu == 3, persons.weights * (1 + sign), persons.weights),
        ).spread(formula)
        for sign in (step, -step)
    )
    slope = (raised.values - lowered.values) / (2 * step)
    assert slope == approx(found.psu_totals[3], rel=1e-5, abs=1e-4)
    slope = (raised.levels - lowered.levels) / (2 * step)
    assert slope == approx(found.level_totals[3], abs=1e-5)


@given(surveys(), st.floats(0.01, 1000), st.randoms(use_true_random=False))
@settings(max_examples=examples(30))
def test_neither_the_scale_of_weights_nor_the_order_of_rows_nor_the_unit_of_scores_matters(
    persons: Persons, factor: float, random: Random
) -> None:
    order = list(range(len(persons.weights)))
    random.shuffle(order)
    other = replace(
        persons,
        scores=persons.scores[order] / 100,
        weights=persons.weights[order] * factor,
        psu=persons.psu[order],
        regions=persons.regions[order],
    )
    first, second = persons.spread(), other.spread()
    assert second.values == approx(first.values, rel=1e-9)
    assert second.psu_totals == approx(first.psu_totals, rel=1e-8, abs=1e-8)


def test_one_region_has_nothing_between_it() -> None:
    persons = small("region")
    found = replace(persons, regions=np.zeros_like(persons.regions)).spread()
    assert found.between == approx(0.0, abs=1e-18)
    assert found.psu_totals[:, 0] == approx(0.0, abs=1e-12)


def test_where_nobody_differs_no_share_lies_anywhere() -> None:
    persons = small("region")
    found = replace(persons, scores=np.full_like(persons.scores, 63.7)).spread()
    assert found.total == approx(0.0, abs=1e-24)
    assert np.isnan(found.share)
    assert found.psu_totals == approx(0.0, abs=1e-12)


def test_a_region_without_people_is_named() -> None:
    persons = small("region")
    with pytest.raises(EstimationError, match="DI-E261") as caught:
        replace(persons, regions=persons.regions * 2).spread()
    assert caught.value.params["groups"] == [1, 3, 5]
