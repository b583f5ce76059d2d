"""Replicates of a sample, and the covariances they give."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.design import Design
from divide_index.inference.replication import (
    jackknife_covariance,
    jackknife_factors,
    rao_wu_factors,
    replicate_covariance,
)
from tests.examples import examples

approx = pytest.approx
Floats = NDArray[np.float64]


def design_of(sizes: list[int]) -> Design:
    """Return a design whose strata take turns: no two neighbours of a stratum."""
    strata = np.repeat(np.arange(len(sizes)), sizes)
    order = np.random.default_rng(len(strata)).permutation(len(strata))
    return Design.of_psus(strata[order].astype(np.intp), tuple(f"s{h}" for h in range(len(sizes))))


SIZES = st.lists(st.integers(2, 6), min_size=1, max_size=5)
SEEDS = st.integers(0, 2**32 - 1)


# -- against R ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known(shared: Path) -> dict[str, Any]:
    return json.loads((shared / "reference" / "survey.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def sums(shared: Path) -> tuple[Floats, Design]:
    """PSU totals of w, wy, and both of rural people and of farmers; PSUs in the order of R."""
    frame = pd.read_csv(shared / "data" / "synth15k.csv")
    columns = {"w": frame["w"], "y": frame["w"] * frame["score"]}
    for name in ("rural", "farm"):
        columns |= {f"{name}_w": columns["w"] * frame[name]}
        columns |= {f"{name}_y": columns["y"] * frame[name]}
    psus = pd.DataFrame(columns).assign(stratum=frame["stratum"], psu=frame["psu"])
    totals = psus.groupby("psu").agg({**dict.fromkeys(columns, "sum"), "stratum": "first"})
    strata, labels = pd.factorize(totals["stratum"])
    design = Design.of_psus(strata.astype(np.intp), tuple(map(str, labels)))
    return totals[list(columns)].to_numpy(float), design


def estimates(totals: Floats) -> Floats:
    """Return the mean and both levels of rows of totals."""
    w, y, rural_w, rural_y, farm_w, farm_y = totals.T
    mean = y / w
    return np.column_stack([mean, 100 * rural_y / rural_w / mean, 100 * farm_y / farm_w / mean])


@pytest.mark.real_data
def test_the_bootstrap_with_the_factors_of_r_has_the_errors_of_r(
    sums: tuple[Floats, Design], shared: Path, known: dict[str, Any]
) -> None:
    """R `as.svrepdesign(type = "subbootstrap", mse = TRUE)`, with the 200 that it drew."""
    file = pd.read_csv(shared / "reference" / "raowu200_psu_factors.csv.gz")
    factors = file.drop(columns="psu").to_numpy(float).T
    totals, design = sums
    expected = known["boot_raowu_200"]
    names = ("mean", "level_rural", "level_farm")
    whole = estimates(totals.sum(axis=0, keepdims=True))[0]
    assert whole == approx(np.array([expected["est"][name] for name in names]), rel=1e-12)
    covariance = replicate_covariance(estimates(factors @ totals), whole)
    wanted = np.array([expected["se"][name] for name in names])
    assert np.sqrt(np.diag(covariance)) == approx(wanted, rel=1e-12)
    sizes = np.bincount(design.strata)
    for theirs in (factors, rao_wu_factors(design, 200, seed=1)):  # one convention
        draws = theirs * ((sizes - 1) / sizes)[design.strata]
        assert draws == approx(draws.round(), abs=1e-12)
        inside = np.column_stack([draws[:, design.strata == h].sum(axis=1) for h in range(34)])
        assert inside == approx(np.tile(sizes - 1.0, (200, 1)))


@pytest.mark.real_data
def test_the_jackknife_has_the_errors_of_r(
    sums: tuple[Floats, Design], known: dict[str, Any]
) -> None:
    """R `as.svrepdesign(type = "JKn", mse = TRUE)`."""
    totals, design = sums
    expected = known["jkn_mse"]
    whole = estimates(totals.sum(axis=0, keepdims=True))[0]
    replicates = estimates(jackknife_factors(design) @ totals)
    covariance = jackknife_covariance(replicates, whole, design)
    assert np.sqrt(np.diag(covariance)) == approx(np.array(expected["se"]), rel=1e-10)


@pytest.mark.real_data
def test_many_replicates_of_our_own_come_near_to_the_taylor_error(
    sums: tuple[Floats, Design], known: dict[str, Any]
) -> None:
    """Of 4,000 replicates a standard error has itself one of 1.1 %: four of these are allowed."""
    totals, design = sums
    whole = estimates(totals.sum(axis=0, keepdims=True))[0]
    factors = rao_wu_factors(design, 4000, seed=5)
    covariance = replicate_covariance(estimates(factors @ totals), whole)
    taylor = np.array([known["mean_overall"]["se"], known["level_rural"]["se"]])
    assert np.sqrt(np.diag(covariance))[:2] == approx(taylor, rel=4 * 0.0112)


# -- identities ------------------------------------------------------------------------------


@given(SIZES, SEEDS)
@settings(max_examples=examples(40))
def test_the_factors_of_a_stratum_are_counts_of_draws_that_sum_to_its_psus(
    sizes: list[int], seed: int
) -> None:
    design = design_of(sizes)
    factors = rao_wu_factors(design, 7, seed=seed)
    for stratum, size in enumerate(sizes):
        inside = factors[:, design.strata == stratum]
        assert inside.sum(axis=1) == approx(size)
        draws = inside * (size - 1) / size
        assert draws == approx(draws.round(), abs=1e-12)


@given(SIZES, SEEDS, st.integers(2, 9))
@settings(max_examples=examples(30))
def test_a_replicate_is_the_same_however_many_are_made(
    sizes: list[int], seed: int, replicates: int
) -> None:
    design = design_of(sizes)
    np.random.default_rng().random(3)  # whatever else draws numbers
    few, many = (rao_wu_factors(design, r, seed=seed) for r in (replicates, replicates + 4))
    assert (few == many[:replicates]).all()


@given(SIZES, SEEDS)
@settings(max_examples=examples(40))
def test_the_jackknife_of_a_total_is_the_covariance_of_the_design(
    sizes: list[int], seed: int
) -> None:
    design = design_of(sizes)
    totals = np.random.default_rng(seed).normal(size=(design.psus, 3))
    replicates = jackknife_factors(design) @ totals
    covariance = jackknife_covariance(replicates, totals.sum(axis=0), design)
    assert covariance == approx(design.covariance(totals), rel=1e-9, abs=1e-9)


def test_the_bootstrap_of_a_total_has_the_covariance_of_the_design_in_expectation() -> None:
    """Over all the draws there are, each as likely: two strata of two and three PSUs."""
    design = Design.of_psus(np.array([0, 0, 1, 1, 1]), ("a", "b"))
    totals = np.array([[1.0, 2.0], [4.0, -1.0], [0.5, 3.0], [2.0, 2.0], [7.0, 0.0]])
    every = np.array(
        [
            np.concatenate([2 * np.eye(2)[i], 1.5 * (np.eye(3)[j] + np.eye(3)[k])])
            for i in range(2)
            for j in range(3)
            for k in range(3)
        ]
    )
    apart = every @ totals - totals.sum(axis=0)
    assert apart.T @ apart / len(every) == approx(design.covariance(totals))
    factors = rao_wu_factors(design, 3000, seed=11)
    drawn = {tuple(row) for row in factors}
    assert drawn == {tuple(row) for row in every}
    counts = np.array([(factors == row).all(axis=1).sum() for row in np.unique(every, axis=0)])
    likely = np.array([(every == row).all(axis=1).sum() for row in np.unique(every, axis=0)])
    expected = likely / len(every) * len(factors)
    assert ((counts - expected) ** 2 / expected).sum() < 40  # chi² of 11 degrees: 3e-5


def test_a_replicate_that_is_not_a_number_is_not_left_out() -> None:
    replicates = np.array([[1.0], [np.nan], [2.0]])
    assert np.isnan(replicate_covariance(replicates, np.array([1.5]))).all()


# -- refusals --------------------------------------------------------------------------------


def test_strata_with_a_single_psu_are_named() -> None:
    design = Design.of_psus(np.array([0, 0, 1, 2]), ("a", "b", "c"), lonely_psu="remove")
    replicates, estimate = np.zeros((4, 1)), np.zeros(1)
    for act in (
        lambda: rao_wu_factors(design, 5, seed=1),
        lambda: jackknife_factors(design),
        lambda: jackknife_covariance(replicates, estimate, design),
    ):
        with pytest.raises(EstimationError, match="DI-E273") as caught:
            act()
        assert caught.value.params == {"count": 2, "strata": ["b", "c"]}


def test_fewer_than_two_replicates_are_refused() -> None:
    with pytest.raises(EstimationError, match="DI-E117"):
        rao_wu_factors(design_of([3]), 1, seed=1)
