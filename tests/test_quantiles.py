"""A difference of two quantiles by recentered influence, as arrays."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.design import Design
from divide_index.inference.oaxaca import Sample
from divide_index.inference.quantiles import (
    QuantileParts,
    RifSlopes,
    bandwidth_of,
    decompose_quantiles,
    recentered_influence,
)
from divide_index.inference.replication import rao_wu_factors, replicate_covariance
from tests.examples import examples
from tests.samples import REFERENCE, reference

approx = pytest.approx
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def clustered() -> tuple[Sample, Mask, Design]:
    """Return the sample, who is urban, and the design."""
    frame = pd.read_csv(REFERENCE / "beside_clustered.csv")
    keys = frame[["stratum", "psu"]].drop_duplicates().reset_index(drop=True)
    psu = frame.merge(keys.reset_index(), how="left")["index"].to_numpy()
    strata, labels = pd.factorize(keys["stratum"])
    school = [np.asarray(frame["school"] == code, dtype=np.float64) for code in (2, 3)]
    columns = [frame[name].to_numpy(float) for name in ("age", "female")]
    x: Floats = np.column_stack([np.ones(len(frame)), columns[0], *school, columns[1]])
    sample = Sample(
        frame["score"].to_numpy(float), x, frame["weight"].to_numpy(float), psu, len(keys)
    )
    design = Design.of_psus(strata.astype(np.intp), tuple(map(str, labels)))
    return sample, (frame["rural"] == 0).to_numpy(), design


def known_factors(expected: dict[str, Any], design: Design) -> Floats:
    """Return the replicates that R drew."""
    sizes = np.bincount(design.strata)[design.strata]
    return np.array(expected["draws"]) * sizes / (sizes - 1)


# -- against R ---------------------------------------------------------------------------------


@pytest.mark.parametrize("slopes", ["second", "first"])
@pytest.mark.parametrize("place", range(4))
def test_parts_and_their_bootstrap_errors_are_those_of_r(slopes: RifSlopes, place: int) -> None:
    """Points by `lm.wfit`; errors by `withReplicates` with the same twelve replicates."""
    every = reference("beside_quantiles.json")
    expected, level = every[slopes][place], every["tau"][place]
    sample, urban, design = clustered()
    factors = known_factors(every, design)
    found = decompose_quantiles(sample, urban, ~urban, level, factors, slopes=slopes)
    assert found.quantiles == approx(np.array(expected["quantiles"]), rel=1e-12)
    assert found.densities == approx(np.array(expected["densities"]), rel=1e-10)
    assert found.bandwidths == approx(np.array(expected["bandwidths"]), rel=1e-12)
    assert found.parts == approx(np.array(expected["parts"]), rel=1e-8, abs=1e-8)
    assert found.totals == approx(np.array(expected["totals"]), rel=1e-8)
    errors = np.sqrt(np.diag(replicate_covariance(found.replicates, found.values)))
    assert errors == approx(np.array(expected["boot_se"]), rel=1e-8, abs=1e-8)
    columns = sample.covariates.shape[1]
    totals = np.stack(
        [found.replicates[:, 2 : 2 + columns].sum(1), found.replicates[:, 2 + columns :].sum(1)], 1
    )
    errors = np.sqrt(np.diag(replicate_covariance(totals, found.totals)))
    assert errors == approx(np.array(expected["boot_se_totals"]), rel=1e-8)


@pytest.mark.parametrize("place", range(4))
def test_everybodys_influence_is_that_of_r(place: int) -> None:
    every = reference("beside_quantiles.json")
    level, values = every["tau"][place], every["second"][place]["rif_values"]
    sample, urban, _ = clustered()
    for group, expected in zip((urban, ~urban), values, strict=True):
        y, w = sample.scores[group], sample.weights[group]
        found = recentered_influence(y, w, level)
        q = found.quantile
        wanted = np.where(y < q, expected["below"], expected["above"])
        wanted[y == q] = expected["at"]
        assert found.values == approx(wanted, rel=1e-9)
        assert (y == q).sum() == expected["number_at"]
        # The usual indicator differs for those exactly at the quantile alone.
        usual = q + (level - (y <= q)) / found.density
        assert usual[y != q] == approx(found.values[y != q], rel=1e-12)
        assert np.average(usual, weights=w) == approx(expected["usual_mean"], rel=1e-10)
        assert np.average(usual, weights=w) != approx(q, abs=1e-5)


def test_a_bandwidth_of_the_callers_own_serves_both_groups_and_every_replicate() -> None:
    every = reference("beside_quantiles.json")
    expected = every["bandwidth_2"][0]
    sample, urban, design = clustered()
    factors = known_factors(every, design)
    found = decompose_quantiles(sample, urban, ~urban, 0.1, factors, bandwidth=2.0)
    assert found.bandwidths.tolist() == [2.0, 2.0]
    assert found.parts == approx(np.array(expected["parts"]), rel=1e-8, abs=1e-8)
    errors = np.sqrt(np.diag(replicate_covariance(found.replicates, found.values)))
    assert errors == approx(np.array(expected["boot_se"]), rel=1e-8, abs=1e-8)


@pytest.fixture(scope="module")
def wages(shared: Path) -> tuple[Sample, Mask]:
    """The data of a published table: log wages in 2000, with heaps at round wages."""
    frame = pd.read_csv(shared / "data" / "nlys00.csv")
    columns: list[Floats] = []
    for name in reference("beside_gender.json")["meta"]["columns"]:
        if name == "(Intercept)":
            columns.append(np.ones(len(frame)))
        elif name in frame:
            columns.append(frame[name].to_numpy(float))
        else:  # a factor's name, and then its category, as R writes them
            factor = next(c for c in frame if name.startswith(c))
            columns.append(np.asarray(frame[factor] == name.removeprefix(factor), dtype=float))
    n = len(frame)
    sample = Sample(
        np.log(frame["wage"].to_numpy(float)),
        np.column_stack(columns),
        np.ones(n),
        np.arange(n, dtype=np.intp),
        n,
    )
    return sample, (frame["female"] == "no").to_numpy()


@pytest.mark.real_data
@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("kernel", ["width_10", "nrd0"])
def test_the_gender_gap_is_that_of_r(wages: tuple[Sample, Mask], kernel: str, place: int) -> None:
    """R, whose script first gives the printed totals of Fortin, Lemieux and Firpo (2011)."""
    every = reference("beside_gender.json")
    expected, level = every[kernel][place], every["tau"][place]
    sample, men = wages
    found = decompose_quantiles(
        sample,
        men,
        ~men,
        level,
        np.ones((2, sample.psus)),
        slopes="first",
        bandwidth=0.1 if kernel == "width_10" else None,
    )
    assert found.quantiles == approx(np.array(expected["quantiles"]), rel=1e-12)
    assert found.bandwidths == approx(np.array(expected["bandwidths"]), rel=1e-10)
    assert found.densities == approx(np.array(expected["densities"]), rel=1e-10)
    assert found.parts == approx(np.array(expected["parts"]), rel=1e-8, abs=1e-8)
    assert found.difference == approx(-float(np.diff(expected["quantiles"])[0]), abs=1e-9)


# -- identities ------------------------------------------------------------------------------


SEEDS = st.integers(0, 2**32 - 1)
LEVELS = st.sampled_from((0.1, 0.25, 0.5, 0.8))


def drawn(seed: int, decimals: int = 1) -> tuple[Sample, Mask, Design]:
    """Scores with ties, in 24 PSUs of three strata."""
    rng = np.random.default_rng(seed)
    n = 240
    first = rng.permutation(n) < n // 2
    x: Floats = np.column_stack(
        [np.ones(n), rng.normal(size=n), np.asarray(rng.random(n) < 0.5, dtype=np.float64)]
    )
    scores = np.round(50 + 8 * x[:, 1] + 5 * x[:, 2] + 4 * first + rng.normal(0, 9, n), decimals)
    psu = (rng.permutation(n) // 10).astype(np.intp)
    design = Design.of_psus((np.arange(24) % 3).astype(np.intp), ("a", "b", "c"))
    return Sample(scores, x, rng.gamma(4.0, 1.0, n) + 0.2, psu, 24), first, design


def decomposed(seed: int, level: float, slopes: RifSlopes = "second") -> QuantileParts:
    sample, first, design = drawn(seed)
    factors = rao_wu_factors(design, 3, seed=1)
    return decompose_quantiles(sample, first, ~first, level, factors, slopes=slopes)


@given(SEEDS, LEVELS, st.sampled_from(("second", "first")))
@settings(max_examples=examples(40))
def test_parts_sum_to_the_difference_of_the_quantiles_in_every_replicate(
    seed: int, level: float, slopes: RifSlopes
) -> None:
    found = decomposed(seed, level, slopes)
    assert found.difference == approx(found.quantiles[0] - found.quantiles[1], abs=1e-9)
    assert found.totals.sum() == approx(found.difference, abs=1e-9)
    gaps = found.replicates[:, 0] - found.replicates[:, 1]
    assert found.replicates[:, 2:].sum(axis=1) == approx(gaps, abs=1e-8)
    assert found.values[2:].reshape(2, -1) == approx(found.parts)
    assert found.names == ("explained", "unexplained")


@given(SEEDS, LEVELS, st.integers(0, 1))
@settings(max_examples=examples(40))
def test_the_mean_of_the_influence_is_the_quantile_however_many_are_tied(
    seed: int, level: float, decimals: int
) -> None:
    sample, _, _ = drawn(seed, decimals)
    y, w = sample.scores, sample.weights
    found = recentered_influence(y, w, level)
    assert np.average(found.values, weights=w) == approx(found.quantile, abs=1e-9)
    share = w[y <= found.quantile].sum() / w.sum()
    assert share >= level - 1e-12
    assert w[y < found.quantile].sum() / w.sum() < level


@given(SEEDS, LEVELS)
@settings(max_examples=examples(20))
def test_swapping_the_groups_and_whose_slopes_turns_every_sign(seed: int, level: float) -> None:
    sample, first, design = drawn(seed)
    factors = rao_wu_factors(design, 3, seed=1)
    there = decompose_quantiles(sample, first, ~first, level, factors, slopes="second")
    back = decompose_quantiles(sample, ~first, first, level, factors, slopes="first")
    assert back.parts == approx(-there.parts, abs=1e-9)
    assert back.replicates[:, 2:] == approx(-there.replicates[:, 2:], abs=1e-9)


@given(SEEDS, LEVELS, st.floats(0.01, 100), st.randoms(use_true_random=False))
@settings(max_examples=examples(20))
def test_scale_of_weights_unit_of_scores_order_of_rows_and_rounding_noise_do_not_matter(
    seed: int, level: float, factor: float, random: Random
) -> None:
    sample, first, design = drawn(seed)
    factors = rao_wu_factors(design, 3, seed=1)
    before = decompose_quantiles(sample, first, ~first, level, factors)
    order = list(range(240))
    random.shuffle(order)
    noise = 1e-13 * np.array([random.choice((-1, 0, 1)) for _ in order])
    after = decompose_quantiles(
        Sample(
            (sample.scores[order] + noise) / 100,
            sample.covariates[order],
            sample.weights[order] * factor,
            sample.psu[order],
            sample.psus,
        ),
        first[order],
        ~first[order],
        level,
        factors,
    )
    assert 100 * after.parts == approx(before.parts, abs=1e-7)
    assert 100 * after.replicates == approx(before.replicates, abs=1e-7)


@given(SEEDS, LEVELS)
@settings(max_examples=examples(20))
def test_a_replicate_is_the_estimate_with_the_weights_of_the_replicate(
    seed: int, level: float
) -> None:
    """The bandwidth is the whole sample's: it is asked for by name."""
    sample, first, design = drawn(seed)
    factors = rao_wu_factors(design, 3, seed=1)
    found = decompose_quantiles(sample, first, ~first, level, factors, bandwidth=4.0)
    again = replace(sample, weights=sample.weights * factors[1][sample.psu])
    whole = np.ones((2, 24))
    other = decompose_quantiles(again, first, ~first, level, whole, bandwidth=4.0)
    assert other.values == approx(found.replicates[1], abs=1e-9)


def test_with_a_score_that_is_a_line_the_median_is_divided_as_the_mean_nearly() -> None:
    """Everybody shifted by a covariate: its part is the shift, within sampling error (.18)."""
    rng = np.random.default_rng(8)
    n = 40_000
    first = np.arange(n) < n // 2
    x = rng.normal(size=n) + 0.2 * first
    y = 10 * x + rng.normal(0, 10, n)
    sample = Sample(y, np.column_stack([np.ones(n), x]), np.ones(n), np.arange(n, dtype=np.intp), n)
    found = decompose_quantiles(sample, first, ~first, 0.5, np.ones((2, n)))
    assert found.totals == approx(np.array([2.0, 0.0]), abs=0.36)


# -- bandwidth ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(4))
def test_the_bandwidth_is_that_of_r(place: int) -> None:
    """Also where the quartiles, or all scores, are one and the same."""
    known = reference("beside_quantiles.json")["nrd0"][place]
    scores = np.array(known["scores"], dtype=np.float64)
    assert bandwidth_of(scores) == approx(known["bandwidth"], rel=1e-12)


# -- refusals --------------------------------------------------------------------------------


def refused(  # noqa: PLR0917  those of the function
    code: str,
    sample: Sample,
    first: Mask,
    second: Mask,
    level: float,
    factors: Floats,
    **given: Any,  # noqa: ANN401  values of several kinds, some of them wrong
) -> dict[str, Any]:
    with pytest.raises(EstimationError, match=code) as caught:
        decompose_quantiles(sample, first, second, level, factors, **given)
    return dict(caught.value.params)


def test_a_quantile_at_a_score_that_many_share_is_refused() -> None:
    """One in eight of the first group does not use the internet at all and scores 0."""
    sample, first, design = drawn(3)
    scores = sample.scores.copy()
    scores[np.flatnonzero(first)[:15]] = 0.0
    heaped = replace(sample, scores=scores, weights=np.ones(240))
    factors = rao_wu_factors(design, 2, seed=1)
    params = refused("DI-E272", heaped, first, ~first, 0.1, factors)
    assert params == {"level": 0.1, "groups": [0], "percent": [12.5]}
    scores[np.flatnonzero(~first)[:30]] = 0.0
    both = refused("DI-E272", replace(heaped, scores=scores), first, ~first, 0.1, factors)
    assert both["groups"] == [0, 1]
    assert both["percent"] == [12.5, 25.0]


def test_a_quantile_just_above_a_heap_is_refused_too() -> None:
    """The kernel would take those at 0 for a density at 1."""
    sample, first, design = drawn(3)
    scores = np.where(first, sample.scores + 60, sample.scores)
    rows = np.flatnonzero(first)
    scores[rows[:11]], scores[rows[11]] = 0.0, 1.0
    heaped = replace(sample, scores=scores, weights=np.ones(240))
    params = refused("DI-E272", heaped, first, ~first, 0.1, rao_wu_factors(design, 2, seed=1))
    assert params["percent"] == [9.2]


def test_one_person_far_from_the_others_is_no_heap() -> None:
    sample, first, design = drawn(3)
    scores = sample.scores.copy()
    scores[np.flatnonzero(first)[0]] = -80.0
    alone = replace(sample, scores=scores, weights=np.ones(240))
    factors = rao_wu_factors(design, 2, seed=1)
    found = decompose_quantiles(alone, first, ~first, 0.001, factors)
    assert found.quantiles[0] == -80


def test_replicates_in_which_a_group_or_a_category_is_lost_are_counted() -> None:
    sample, first, _ = drawn(4)
    rare = np.where(sample.psu == 7, 1.0, 0.0) * np.random.default_rng(1).integers(0, 2, 240)
    with_rare = replace(sample, covariates=np.column_stack([sample.covariates, rare]))
    factors = np.ones((5, 24))
    factors[1:4, 7] = 0
    params = refused("DI-E274", with_rare, first, ~first, 0.5, factors)
    assert params == {"count": 3, "replicates": 5, "columns": [3]}
    narrow = first & (sample.psu < 6)
    factors = np.ones((5, 24))
    factors[2, :6] = 0
    params = refused("DI-E274", sample, narrow, ~first, 0.5, factors)
    assert params == {"count": 1, "replicates": 5, "columns": [0, 1, 2]}


def test_columns_that_repeat_each_other_inside_a_group_are_named() -> None:
    sample, first, design = drawn(4)
    factors = rao_wu_factors(design, 2, seed=1)
    flat = sample.covariates.copy()
    flat[first, 2] = 0
    params = refused("DI-E263", replace(sample, covariates=flat), first, ~first, 0.5, factors)
    assert params == {"groups": [0], "columns": [2]}
    twice = replace(sample, covariates=np.column_stack([sample.covariates, flat[:, 1]]))
    assert refused("DI-E260", twice, first, ~first, 0.5, factors)["columns"] == [1, 3]
    assert refused("DI-E261", sample, first, first & ~first, 0.5, factors)["groups"] == [1]


@pytest.mark.parametrize(
    ("option", "level", "given"),
    [
        ("level", 10.0, {}),
        ("level", 0.0, {}),
        ("bandwidth", 0.1, {"bandwidth": 0.0}),
        ("bandwidth", 0.1, {"bandwidth": float("nan")}),
        ("bandwidth", 0.1, {"bandwidth": float("inf")}),
        ("slopes", 0.1, {"slopes": "pooled"}),
    ],
)
def test_a_value_that_an_option_cannot_have_is_refused(
    option: str, level: float, given: dict[str, Any]
) -> None:
    sample, first, design = drawn(4)
    factors = rao_wu_factors(design, 2, seed=1)
    params = refused("DI-E117", sample, first, ~first, level, factors, **given)
    assert params["option"] == option
