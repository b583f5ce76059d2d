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
from divide_index.inference.ratios import levels_of, linearise_levels
from divide_index.inference.replication import (
    Replication,
    SuppliedKind,
    jackknife_factors,
    rao_wu_factors,
    replicate_covariance,
    replicates_of,
    supplied_replicates,
)
from tests.examples import examples
from tests.samples import reference, small_frame

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
    covariance = replicates_of(design, "jackknife").covariance(replicates, whole)
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


@pytest.mark.parametrize("name", ["jkn", "jkn_fpc", "jk1", "brr", "fay"])
def test_the_degrees_of_freedom_of_replicates_are_those_of_r(name: str) -> None:
    """R `degf`, of `as.svrepdesign`: the rank of the replicates less one."""
    known = reference("replicates.json")
    frame = small_frame()
    if name == "jk1":
        frame = frame[frame["sample"] == "general"]
    psus = frame[["sample", "stratum", "psu"]].drop_duplicates()
    own = ["sample", "stratum"]
    if name in {"brr", "fay"}:
        psus = psus[psus.groupby(own)["psu"].rank() <= 2]
    strata = np.asarray(psus.groupby(own).ngroup(), dtype=np.intp)
    if name == "jk1":
        strata = np.zeros_like(strata)
    design = Design.of_psus(strata, tuple(map(str, range(strata.max() + 1))))
    method: Replication = "brr" if name in {"brr", "fay"} else "jackknife"
    made = replicates_of(design, method, fay=0.3 if name == "fay" else 0.0)
    assert made.degrees_of_freedom == known[name]["df"] == design.degrees_of_freedom


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
    made = replicates_of(design, "jackknife")
    covariance = made.covariance(replicates, totals.sum(axis=0))
    assert covariance == approx(design.covariance(totals), rel=1e-9, abs=1e-9)


@given(SIZES, SEEDS)
@settings(max_examples=examples(30))
def test_the_jackknife_carries_the_correction_of_the_design(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    plain = design_of(sizes)
    fpc = np.repeat(rng.uniform(0.05, 0.95, len(sizes))[:, None], 2, axis=1)
    design = Design.of_psus(plain.strata, plain.stratum_labels, fpc=fpc)
    totals = rng.normal(size=(design.psus, 3))
    made = replicates_of(design, "jackknife")
    found = made.covariance(made.factors @ totals, totals.sum(axis=0))
    assert found == approx(design.covariance(totals), rel=1e-9, abs=1e-9)


@given(SIZES, SEEDS)
@settings(max_examples=examples(20))
def test_the_order_of_psus_moves_no_jackknife(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    design = design_of(sizes)
    totals = rng.uniform(1, 2, (design.psus, 2))
    turn = rng.permutation(design.psus)
    found: list[Floats] = []
    for each, own in (
        (design, totals),
        (Design.of_psus(design.strata[turn], design.stratum_labels), totals[turn]),
    ):
        made = replicates_of(each, "jackknife")
        y, w = (made.factors @ own).T
        whole = own[:, 0].sum() / own[:, 1].sum()
        found.append(made.covariance((y / w)[:, None], np.array([whole])))
    assert found[0] == approx(found[1], rel=1e-9, abs=1e-15)


@given(SIZES, SEEDS, st.sampled_from(["bootstrap", "jackknife"]))
@settings(max_examples=examples(20))
def test_what_is_the_same_everywhere_has_no_variance(
    sizes: list[int], seed: int, method: Replication
) -> None:
    """A mean of the same value in every PSU, whatever their weights."""
    design = design_of(sizes)
    weights = np.random.default_rng(seed).uniform(1, 2, design.psus)
    made = replicates_of(design, method, count=20, seed=seed)
    means = made.factors @ (64.0 * weights) / (made.factors @ weights)
    assert made.covariance(means[:, None], np.array([64.0])) == approx(0.0, abs=1e-20)


def test_bootstrap_errors_of_many_regions_come_near_to_the_linearised_ones() -> None:
    """17 regions of ten strata of twelve PSUs: 17 x 4 errors, each with its own noise."""
    rng = np.random.default_rng(17)
    regions, strata, inside = 17, 10, 12
    of_region = np.repeat(np.arange(regions), strata * inside)
    stratum = np.repeat(np.arange(regions * strata), inside)
    design = Design.of_psus(stratum.astype(np.intp), tuple(map(str, range(regions * strata))))
    weights = rng.uniform(50, 150, (design.psus, 3))
    points = rng.normal(60 + rng.normal(0, 5, (regions, 1))[of_region], 8, (design.psus, 3))
    sums = np.empty((design.psus, 6))
    sums[:, 0::2], sums[:, 1::2] = weights, weights * points
    shares = np.array([0.2, 0.4, 0.4])
    made = replicates_of(design, "bootstrap", count=1000, seed=4)
    base = made.factors @ sums
    ratios: list[Floats] = []
    for region in range(regions):
        own = np.where((of_region == region)[:, None], sums, 0.0)
        levels = levels_of(made.factors @ own, base, shares, "weighted_ratios")
        linear = linearise_levels(own.sum(axis=0), sums.sum(axis=0), shares, "weighted_ratios")
        drawn = np.diag(made.covariance(levels, linear.levels))
        totals = own @ linear.cell.T + sums @ linear.reference.T
        ratios.append(np.sqrt(drawn / np.diag(design.covariance(totals))))
    every = np.concatenate(ratios)
    assert every.shape == (17 * 4,)
    assert 0.97 < np.median(every) < 1.03
    assert np.abs(every - 1).max() < 4 / np.sqrt(2 * 1000)


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
    for act in (
        lambda: rao_wu_factors(design, 5, seed=1),
        lambda: jackknife_factors(design),
        lambda: replicates_of(design, "jackknife"),
    ):
        with pytest.raises(EstimationError, match="DI-E273") as caught:
            act()
        assert caught.value.params == {"count": 2, "strata": ["b", "c"]}


def test_fewer_than_two_replicates_are_refused() -> None:
    with pytest.raises(EstimationError, match="DI-E117"):
        rao_wu_factors(design_of([3]), 1, seed=1)


@pytest.mark.parametrize(
    ("kind", "fay", "scale"), [("fay", 0.0, None), ("brr", 0.3, None), ("jk1", 0.5, 1.0)]
)
def test_fay_s_factor_goes_with_its_kind_alone(
    kind: SuppliedKind, fay: float, scale: float | None
) -> None:
    """R stops without rho too; with it left out, errors would be those of ρ = 0: too small."""
    with pytest.raises(EstimationError) as caught:
        supplied_replicates(np.ones((4, 6)), kind, fay=fay, scale=scale)
    assert (caught.value.code, caught.value.params) == ("DI-E409", {"kind": kind, "fay": fay})


def test_a_scale_stands_in_the_place_of_fay_s_factor() -> None:
    assert supplied_replicates(np.ones((4, 6)), "fay", scale=0.5).scale == approx(0.5)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
def test_scales_that_make_no_variance_are_refused(scale: float) -> None:
    with pytest.raises(EstimationError) as caught:
        supplied_replicates(np.ones((4, 6)), "jk1", scale=scale)
    assert (caught.value.code, caught.value.params["option"]) == ("DI-E117", "scale")


@pytest.mark.parametrize("wrong", [-0.5, np.nan, np.inf])
def test_scales_of_replicates_that_make_no_variance_are_refused(wrong: float) -> None:
    with pytest.raises(EstimationError) as caught:
        supplied_replicates(np.ones((3, 6)), "jkn", rscales=np.array([1.0, wrong, 1.0]))
    assert (caught.value.code, caught.value.params["option"]) == ("DI-E117", "rscales")
    assert caught.value.params["value"] == approx([wrong], nan_ok=True)
