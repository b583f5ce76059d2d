"""Calibration, raking, post-stratification and trimming of weights, as arrays."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.calibration import (
    DISTANCES,
    Auxiliaries,
    Bounds,
    CalibratedWeights,
    Distance,
    Margin,
    auxiliaries,
    calibrate,
    calibration_residuals,
    post_stratify,
    rake,
    ratio_spread,
    trim,
    trim_calibrated,
    weight_spread,
)
from divide_index.inference.design import Design
from divide_index.inference.totals import psu_sums
from divide_index.messages import LANGUAGES, render
from tests.examples import examples
from tests.samples import REFERENCE, reference

approx = pytest.approx
Floats = NDArray[np.float64]
SIX = np.full(6, 10.0)

# In R: how each is called, with its bounds on the ratio.
IN_R: dict[str, tuple[Distance, Bounds | None]] = {
    "linear": ("linear", None),
    "raking": ("raking", None),
    "logit": ("logit", (0.6, 1.6)),
    "linear_bounded": ("linear", (0.87, 1.36)),
    "raking_bounded": ("raking", (0.87, 1.36)),
}


@dataclass(frozen=True)
class Persons:
    """A sample: weights, PSUs, and what is estimated of each person."""

    frame: pd.DataFrame
    weights: Floats
    psu: NDArray[np.intp]
    design: Design

    def std_error(self, z: Floats, X: Floats, final: Floats) -> float:
        """Return the error of an estimate after calibration."""
        residuals = calibration_residuals(z, X, self.weights)
        totals = psu_sums((final * residuals)[:, None], self.psu, self.design.psus)
        return float(np.sqrt(self.design.covariance(totals)[0, 0]))


def persons(frame: pd.DataFrame, weights: str) -> Persons:
    keys = frame[["stratum", "psu"]].drop_duplicates().reset_index(drop=True)
    psu = frame[["stratum", "psu"]].merge(keys.reset_index(), how="left")["index"].to_numpy()
    strata, labels = pd.factorize(keys["stratum"])
    design = Design.of_psus(strata.astype(np.intp), tuple(map(str, labels)))
    return Persons(frame, frame[weights].to_numpy(float), psu.astype(np.intp), design)


def margin(frame: pd.DataFrame, name: str, labels: list[Any], totals: list[float]) -> Margin:
    """Return a margin of a column whose values, as text, are the labels."""
    places = {str(label): place for place, label in enumerate(labels)}
    codes = np.array([places[value] for value in frame[name].astype(str)], dtype=np.intp)
    return Margin(name, tuple(places), codes, np.array(totals, dtype=np.float64))


def mean_and_influence(y: Floats, weights: Floats) -> tuple[float, Floats]:
    mean = float(weights @ y / weights.sum())
    return mean, (y - mean) / weights.sum()


def level_and_influence(
    y: Floats, inside: Floats, known: Floats, weights: Floats
) -> tuple[float, Floats]:
    """Return the level of a group, reference = 100, of a score that some lack."""
    group, whole = weights @ (inside * known), weights @ known
    mean, base = weights @ (inside * known * y) / group, weights @ (known * y) / whole
    z = inside * known * (y - mean) / group - mean / base * known * (y - base) / whole
    return float(100 * mean / base), 100 * z / base


# -- the small survey in R -------------------------------------------------------------------


@cache
def small() -> tuple[Persons, dict[str, Margin]]:
    frame = pd.read_csv(REFERENCE / "small.csv")
    frame = frame[frame["sample"] == "general"].reset_index(drop=True)
    classes = np.searchsorted([35, 50, 65], frame["age"], side="right").astype(str)
    frame["class"] = classes
    frame["area_class"] = frame["area"] + " " + classes
    frame["area_region"] = frame["area"] + " " + frame["region"].astype(str)
    known = reference("calibration_small.json")["margins"]
    margins = {
        name: margin(frame, name, given["label"], given["total"]) for name, given in known.items()
    }
    return persons(frame, "weight"), margins


def main_margins() -> list[Margin]:
    _, margins = small()
    return [margins[name] for name in ("area", "region", "class")]


def estimates(sample: Persons, X: Floats, final: Floats) -> dict[str, list[float]]:
    frame = sample.frame
    y = frame["access"].fillna(0).to_numpy(float)
    known = np.asarray(frame["access"].notna(), dtype=np.float64)
    rural = np.asarray(frame["area"] == "R", dtype=np.float64)
    mean, z_mean = mean_and_influence(frame["age"].to_numpy(float), final)
    level, z_level = level_and_influence(y, rural, known, final)
    return {
        "mean_age": [mean, sample.std_error(z_mean, X, final)],
        "level": [level, sample.std_error(z_level, X, final)],
        "rural": [float(final @ (rural * known)), sample.std_error(rural * known, X, final)],
    }


def assert_as_in_r(found: CalibratedWeights, X: Floats, expected: dict[str, Any]) -> None:
    sample, _ = small()
    assert found.weights == approx(np.array(expected["weights"]), rel=1e-10)
    assert found.weights == approx(sample.weights * found.ratios, rel=1e-15)
    for name, pair in estimates(sample, X, found.weights).items():
        assert pair == approx(expected[name], rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("name", IN_R)
def test_calibrated_weights_and_errors_after_them_are_those_of_r(name: str) -> None:
    """R survey `calibrate`, one dummy left out of each factor; ours has them all."""
    distance, bounds = IN_R[name]
    sample, _ = small()
    known = auxiliaries(main_margins())
    found = calibrate(sample.weights, known.X, known.totals, distance=distance, bounds=bounds)
    assert_as_in_r(found, known.X, reference("calibration_small.json")[name])


def test_crosses_that_share_a_variable_are_calibrated_as_in_r() -> None:
    """Area by class and area by region: the dummies repeat the areas, and their totals agree."""
    sample, margins = small()
    crosses = [margins["area_class"], margins["area_region"]]
    known = auxiliaries(crosses)
    found = calibrate(sample.weights, known.X, known.totals, distance="raking")
    assert_as_in_r(found, known.X, reference("calibration_small.json")["crosses"])
    assert rake(sample.weights, crosses).weights == approx(found.weights, rel=1e-10)


def test_a_continuous_total_is_calibrated_as_in_r() -> None:
    """With the total of age among the totals, its mean has no error left."""
    sample, _ = small()
    area, _, classes = main_margins()
    known = auxiliaries([area, classes])
    X = np.column_stack([known.X, sample.frame["age"].to_numpy(float)])
    expected = reference("calibration_small.json")
    found = calibrate(sample.weights, X, np.append(known.totals, expected["total_age"]))
    assert_as_in_r(found, X, expected["regression"])


def test_post_stratified_weights_and_errors_are_those_of_r() -> None:
    sample, margins = small()
    classes = margins["area_class"]
    found = post_stratify(sample.weights, classes)
    assert found.iterations == 1
    assert_as_in_r(
        found, auxiliaries([classes]).X, reference("calibration_small.json")["post_stratified"]
    )


def test_raked_weights_are_those_of_r() -> None:
    """R survey `rake`, run until nothing moved."""
    sample, _ = small()
    found = rake(sample.weights, main_margins())
    expected = np.array(reference("calibration_small.json")["rake"]["weights"])
    assert found.weights == approx(expected, rel=1e-11)
    assert found.weights == approx(sample.weights * found.ratios, rel=1e-15)


@pytest.mark.parametrize("strict", [True, False])
def test_trimmed_weights_are_those_of_r(strict: bool) -> None:
    expected = reference("calibration_small.json")
    given_, known = np.array(expected["linear"]["weights"]), expected["trim"]
    found = trim(given_, lower=known["lower"], upper=known["upper"], strict=strict)
    assert found.weights == approx(np.array(known["strict" if strict else "once"]), rel=1e-12)
    assert found.weights.sum() == approx(given_.sum(), rel=1e-14)
    assert (found.rounds > 2) if strict else (found.rounds == 1)
    assert (found.weights <= known["upper"]).all() == strict


@pytest.mark.parametrize("distance", ["linear", "raking"])
def test_weights_calibrated_again_after_trimming_are_those_of_r(distance: str) -> None:
    """R survey `trimWeights(strict=TRUE)`, then `calibrate(bounds.const=TRUE)` on the result."""
    expected = reference("calibration_small.json")
    trimmed, known = expected["trim_calibrated"], auxiliaries(main_margins())
    lower, upper = trimmed["lower"], trimmed["upper"]
    given_ = np.array(expected["linear"]["weights"])
    found = trim_calibrated(
        given_,
        known.X,
        known.totals,
        lower=lower,
        upper=upper,
        distance=cast("Any", distance),
    )
    assert found.weights == approx(np.array(trimmed[distance]), rel=1e-10)
    assert found.weights.min() == lower
    assert found.weights.max() == upper
    assert found.weights @ known.X == approx(known.totals, rel=1e-12)
    assert found.ratios == approx(found.weights / given_)
    assert found.totals.errors_before == approx(0.0, abs=1e-12)
    at = ratio_spread(found.weights, np.ones_like(given_), bounds=(lower, upper))
    assert (at.at_lower.sum(), at.at_upper.sum()) == (3, 3)


# -- the reference of 15,000 people ----------------------------------------------------------


@dataclass(frozen=True)
class Synthetic:
    sample: Persons
    margins: list[Margin]
    known: dict[str, Any]

    def assert_weights(self, weights: Floats, name: str, tolerance: float) -> None:
        expected = self.known[name]
        assert weights[:10] == approx(expected["first10"], rel=tolerance)
        found = {
            "sum": weights.sum(),
            "sumsq": weights @ weights,
            "cv": weights.std(ddof=1) / weights.mean(),
            "min": weights.min(),
            "max": weights.max(),
            "kish_deff": weight_spread(weights).design_effect,
            "dot_id": weights @ self.sample.frame["id"].to_numpy(float),
        }
        assert found == approx({key: expected[key] for key in found}, rel=tolerance)

    def assert_errors(self, weights: Floats, X: Floats, name: str) -> None:
        frame = self.sample.frame
        y, everybody = frame["score"].to_numpy(float), np.ones(len(frame))
        mean, z = mean_and_influence(y, weights)
        wanted = self.known[name]["mean_score"]
        assert mean == approx(wanted["est"], rel=1e-9)
        assert self.sample.std_error(z, X, weights) == approx(wanted["se"], rel=1e-9)
        for group in ("rural", "farm"):
            if f"level_{group}" in self.known[name]:
                inside = frame[group].to_numpy(float)
                level, z = level_and_influence(y, inside, everybody, weights)
                wanted = self.known[name][f"level_{group}"]
                assert level == approx(wanted["est"], rel=1e-9)
                assert self.sample.std_error(z, X, weights) == approx(wanted["se"], rel=1e-9)


@pytest.fixture(scope="module")
def synthetic(shared: Path) -> Synthetic:
    known = json.loads((shared / "reference" / "survey.json").read_text("utf-8"))
    frame = pd.read_csv(shared / "data" / "synth15k.csv")
    margins = [
        margin(frame, name, given_["level"], given_["total"])
        for name, given_ in known["margins"].items()
    ]
    return Synthetic(persons(frame, "w"), margins, known)


@pytest.mark.real_data
def test_raking_to_four_margins_is_that_of_the_reference(synthetic: Synthetic) -> None:
    """R `rake` stopped 1.3e-8 before the end; `calibrate(calfun="raking")` did not.

    The error, 0.735798, is that of `calibrate`: R `rake` projects on one margin after the other,
    ten times, with the raked weights, and has 0.736496.
    """
    found = rake(synthetic.sample.weights, synthetic.margins)
    synthetic.assert_weights(found.weights, "rake", 5e-8)
    synthetic.assert_weights(found.weights, "calibrate_raking", 1e-10)
    synthetic.assert_errors(found.weights, auxiliaries(synthetic.margins).X, "calibrate_raking")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "distance", "bounds"),
    [
        ("calibrate_linear", "linear", None),
        ("calibrate_raking", "raking", None),
        ("calibrate_logit", "logit", (0.3, 3.0)),
        ("calibrate_linear_bounded", "linear", (0.7, 1.4)),
    ],
)
def test_calibration_and_its_errors_are_those_of_the_reference(
    synthetic: Synthetic, name: str, distance: Distance, bounds: Bounds | None
) -> None:
    known = auxiliaries(synthetic.margins)
    found = calibrate(
        synthetic.sample.weights,
        known.X,
        known.totals,
        names=known.names,
        distance=distance,
        bounds=bounds,
    )
    synthetic.assert_weights(found.weights, name, 1e-10)
    synthetic.assert_errors(found.weights, known.X, name)
    spread = ratio_spread(found.weights, synthetic.sample.weights, bounds=bounds)
    assert [spread.smallest, spread.largest] == approx(synthetic.known[name]["g_range"], rel=1e-10)


@pytest.mark.real_data
def test_the_regression_estimator_with_income_is_that_of_the_reference(
    synthetic: Synthetic,
) -> None:
    """Without bounds some weights are negative, which is said."""
    known = auxiliaries(synthetic.margins[:2])
    X = np.column_stack([known.X, synthetic.sample.frame["linc"].to_numpy(float)])
    total = synthetic.known["calibrate_greg_linc"]["total_linc"]
    found = calibrate(synthetic.sample.weights, X, np.append(known.totals, total))
    synthetic.assert_weights(found.weights, "calibrate_greg_linc", 1e-10)
    synthetic.assert_errors(found.weights, X, "calibrate_greg_linc")
    assert weight_spread(found.weights).negative == (found.weights < 0).sum() > 0


@pytest.mark.real_data
def test_post_stratification_is_that_of_the_reference(synthetic: Synthetic) -> None:
    cells, frame = synthetic.known["post_cells"], synthetic.sample.frame.copy()
    frame["cell"] = frame["age"].astype(str) + "/" + frame["sex"].astype(str)
    labels = [f"{age}/{sex}" for age, sex in zip(cells["age"], cells["sex"], strict=True)]
    strata = margin(frame, "cell", labels, cells["total"])
    found = post_stratify(synthetic.sample.weights, strata)
    synthetic.assert_weights(found.weights, "poststratify", 1e-10)
    synthetic.assert_errors(found.weights, auxiliaries([strata]).X, "poststratify")


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "strict"), [("trim", True), ("trim_once", False)])
def test_trimming_is_that_of_the_reference(synthetic: Synthetic, name: str, strict: bool) -> None:
    """Of raked weights, which R's are only within 5e-8."""
    raked = rake(synthetic.sample.weights, synthetic.margins).weights
    known = synthetic.known[name]
    found = trim(raked, lower=known.get("lower", 0.0), upper=known["upper"], strict=strict).weights
    assert found[:10] == approx(known["first10"], rel=5e-8)
    assert found.sum() == approx(known["sum"], rel=1e-12)
    assert found @ found == approx(known["sumsq"], rel=5e-8)
    assert [found.min(), found.max()] == approx([known["min"], known["max"]], rel=5e-8)
    if strict:
        at = ratio_spread(found, np.ones_like(found), bounds=(known["lower"], known["upper"]))
        assert at.at_upper.sum() == known["n_at_bound"]


# -- identities ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """A sample of three factors and a score, and a population whose ratios are .7 to 1.5."""

    weights: Floats
    margins: list[Margin]
    score: Floats

    @property
    def known(self) -> Auxiliaries:
        return auxiliaries(self.margins)


@st.composite
def samples(draw: st.DrawFn) -> Drawn:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, sizes = draw(st.integers(30, 150)), draw(st.lists(st.integers(2, 5), min_size=2, max_size=3))
    weights = rng.gamma(2.0, 300.0, n) + 20
    population = weights * rng.uniform(0.7, 1.5, n)
    margins: list[Margin] = []
    for place, size in enumerate(sizes):
        codes = rng.integers(0, size, n)
        codes[:size] = range(size)
        totals = np.asarray(np.bincount(codes, population, size), dtype=np.float64)
        margins.append(Margin(f"m{place}", tuple("abcde"[:size]), codes, totals))
    return Drawn(weights, margins, rng.uniform(0, 100, n))


distances = st.sampled_from(
    [("linear", None), ("raking", None), ("logit", (0.5, 2.0)), ("linear", (0.6, 1.7))]
)


@given(samples(), distances)
@settings(max_examples=examples(60))
def test_totals_are_hit_and_bounds_are_kept(
    drawn: Drawn, how: tuple[Distance, Bounds | None]
) -> None:
    distance, bounds = how
    known = drawn.known
    found = calibrate(drawn.weights, known.X, known.totals, distance=distance, bounds=bounds)
    assert found.weights @ known.X == approx(known.totals, rel=1e-11)
    assert found.totals.after == approx(found.totals.wanted, rel=1e-11)
    assert found.totals.before == approx(drawn.weights @ known.X)
    assert found.errors.size == found.iterations + 1
    assert found.totals.errors_before == approx(drawn.weights @ known.X / known.totals - 1)
    assert found.errors[0] == approx(np.abs(found.totals.errors_before).max())
    assert found.errors[-1] <= 1e-12
    lower, upper = bounds or ((0.0 if distance == "raking" else -np.inf), np.inf)
    assert (found.ratios >= lower).all()
    assert (found.ratios <= upper).all()


@given(samples())
@settings(max_examples=examples(40))
def test_raking_is_calibration_on_dummies_and_leaves_weights_positive(drawn: Drawn) -> None:
    found = rake(drawn.weights, drawn.margins)
    assert (found.weights > 0).all()
    for known in drawn.margins:
        assert known.sums(found.weights) == approx(known.totals, rel=1e-11)
    known = drawn.known
    by_newton = calibrate(drawn.weights, known.X, known.totals, distance="raking")
    assert by_newton.weights == approx(found.weights, rel=1e-9)
    assert found.totals.names == known.names
    assert found.totals.before == approx(by_newton.totals.before)


@given(samples(), distances)
@settings(max_examples=examples(30))
def test_calibration_to_the_base_totals_changes_nothing(
    drawn: Drawn, how: tuple[Distance, Bounds | None]
) -> None:
    X, (distance, bounds) = drawn.known.X, how
    found = calibrate(drawn.weights, X, drawn.weights @ X, distance=distance, bounds=bounds)
    assert found.iterations == 0
    assert found.weights == approx(drawn.weights, rel=1e-14)


@given(samples(), distances, st.floats(0.001, 1000))
@settings(max_examples=examples(30))
def test_weights_and_totals_of_another_scale_have_the_same_ratios(
    drawn: Drawn, how: tuple[Distance, Bounds | None], factor: float
) -> None:
    known, (distance, bounds) = drawn.known, how
    first, second = (
        calibrate(k * drawn.weights, known.X, k * known.totals, distance=distance, bounds=bounds)
        for k in (1.0, factor)
    )
    assert second.ratios == approx(first.ratios, rel=1e-9)
    assert second.totals.errors_before == approx(first.totals.errors_before, abs=1e-12)


@given(samples(), st.floats(0.001, 1000))
@settings(max_examples=examples(30))
def test_raked_weights_do_not_depend_on_the_scale_of_base_weights(
    drawn: Drawn, factor: float
) -> None:
    known = drawn.known
    raked = rake(drawn.weights, drawn.margins).weights
    assert rake(factor * drawn.weights, drawn.margins).weights == approx(raked, rel=1e-10)
    found = calibrate(factor * drawn.weights, known.X, known.totals, distance="raking")
    assert found.weights == approx(raked, rel=1e-9)


@given(samples())
@settings(max_examples=examples(40))
def test_a_total_under_linear_calibration_is_the_regression_estimator(drawn: Drawn) -> None:
    """Its coefficients by least squares on the dummies that numpy finds a way through."""
    known, y = drawn.known, drawn.score
    root = np.sqrt(drawn.weights)
    beta = np.linalg.lstsq(known.X * root[:, None], y * root, rcond=None)[0]
    expected = known.totals @ beta + drawn.weights @ (y - known.X @ beta)
    found = calibrate(drawn.weights, known.X, known.totals)
    assert found.weights @ y == approx(expected, rel=1e-10)
    residuals = calibration_residuals(y, known.X, drawn.weights)
    assert residuals == approx(y - known.X @ beta, abs=1e-9)


@given(samples(), st.sampled_from(["linear", "raking"]))
@settings(max_examples=examples(40))
def test_one_margin_is_post_stratification_whatever_the_distance(
    drawn: Drawn, distance: Distance
) -> None:
    one = drawn.margins[0]
    expected = drawn.weights * (one.totals / one.sums(drawn.weights))[one.codes]
    assert post_stratify(drawn.weights, one).weights == approx(expected, rel=1e-13)
    known = auxiliaries([one])
    found = calibrate(drawn.weights, known.X, known.totals, distance=distance)
    assert found.weights == approx(expected, rel=1e-11)


@given(samples())
@settings(max_examples=examples(30))
def test_influences_are_left_without_calibration_variables(drawn: Drawn) -> None:
    X = drawn.known.X
    z = np.column_stack([drawn.score, X[:, 0]])
    residuals = calibration_residuals(z, X, drawn.weights)
    spread = drawn.weights @ np.abs(z)
    assert (drawn.weights[:, None] * X).T @ residuals == approx(0.0, abs=1e-11 * spread.max())
    assert residuals[:, 1] == approx(0.0, abs=1e-12)  # what is known has no error
    again = calibration_residuals(residuals[:, 0], X, drawn.weights)
    assert again == approx(residuals[:, 0], abs=1e-11)


@given(samples(), st.floats(1.2, 4), st.floats(0.1, 0.8))
@settings(max_examples=examples(40))
def test_trimming_keeps_the_sum_and_the_bounds(drawn: Drawn, high: float, low: float) -> None:
    mean = drawn.weights.mean()
    lower, upper = low * mean, high * mean
    found = trim(drawn.weights, lower=lower, upper=upper)
    assert found.weights.sum() == approx(drawn.weights.sum(), rel=1e-12)
    assert (found.weights >= lower).all()
    assert (found.weights <= upper).all()
    inside = trim(found.weights, lower=lower, upper=upper)
    assert inside.rounds == 0
    assert (inside.weights == found.weights).all()


@given(samples())
@settings(max_examples=examples(30))
def test_trimmed_weights_that_are_calibrated_again_keep_totals_and_bounds(drawn: Drawn) -> None:
    known = drawn.known
    raked = rake(drawn.weights, drawn.margins).weights
    lower, upper = np.quantile(raked, [0.02, 0.98])
    try:
        found = trim_calibrated(raked, known.X, known.totals, lower=lower, upper=upper)
    except EstimationError as error:  # a small category may need more than these bounds leave it
        assume(error.code not in {"DI-E326", "DI-E327"})
        raise
    assert found.weights @ known.X == approx(known.totals, rel=1e-11)
    assert (found.weights >= lower).all()
    assert (found.weights <= upper).all()


@given(samples(), distances)
@settings(max_examples=examples(25))
def test_no_nearer_weights_reach_the_totals(
    drawn: Drawn, how: tuple[Distance, Bounds | None]
) -> None:
    """Move calibrated weights in any way that keeps the totals: the linear distance grows."""
    known = drawn.known
    found = calibrate(drawn.weights, known.X, known.totals)
    other = calibrate(drawn.weights, known.X, known.totals, distance=how[0], bounds=how[1])

    def apart(weights: Floats) -> float:
        return float(((weights - drawn.weights) ** 2 / drawn.weights).sum())

    assert apart(found.weights) <= apart(other.weights) * (1 + 1e-12)


# -- solutions that exist are found, and those that do not are refused -------------------------


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([("linear", (0.6, 1.6)), ("raking", (0.6, 1.6)), ("logit", (0.6, 1.6))]),
    st.sampled_from([0.02, 0.1, 0.2]),
)
@settings(max_examples=examples(60))
def test_totals_are_reached_or_refused_as_a_linear_program_finds(
    seed: int, how: tuple[Distance, Bounds], spread: float
) -> None:
    """Whether ratios within the bounds exist is a question that scipy answers by itself."""
    from scipy.optimize import linprog

    rng = np.random.default_rng(seed)
    n, (distance, (lower, upper)) = int(rng.integers(20, 120)), how
    factors = rng.integers(0, 2, (n, 3))
    X: Floats = np.column_stack([np.ones(n), factors.astype(float), 2 * rng.normal(size=n)])
    weights = rng.gamma(2.0, 1.0, n) + 0.05
    totals = (weights @ X) * (1 + spread * rng.uniform(-1, 1, 5))
    A = (X * weights[:, None]).T
    exists = linprog(np.zeros(n), A_eq=A, b_eq=totals, bounds=[(lower, upper)] * n).status == 0
    if exists:
        found = calibrate(weights, X, totals, distance=distance, bounds=(lower, upper))
        sizes = np.maximum(np.abs(totals), weights @ np.abs(X))
        assert found.weights @ X / sizes == approx(totals / sizes, abs=1e-11)
    else:
        with pytest.raises(EstimationError, match=r"DI-E32[67]"):
            calibrate(weights, X, totals, distance=distance, bounds=(lower, upper))


@pytest.mark.parametrize("factor", [1e-6, 1 / 1500, 1500, 1e6])
def test_raking_by_newton_starts_from_weights_of_any_scale(factor: float) -> None:
    sample, _ = small()
    known = auxiliaries(main_margins())
    found = calibrate(factor * sample.weights, known.X, known.totals, distance="raking")
    expected = np.array(reference("calibration_small.json")["raking"]["weights"])
    assert found.weights == approx(expected, rel=1e-10)


@pytest.mark.parametrize("target", [1.2, 1.9, 1.9999, 0.5001])
def test_a_step_that_pushes_everybody_to_a_bound_is_taken_back(target: float) -> None:
    """From 1, the first step of raking ends above 2, where nothing tells the way back."""
    X, totals = np.ones((6, 1)), np.array([60 * target])
    found = calibrate(SIX, X, totals, distance="raking", bounds=(0.5, 2.0))
    assert found.ratios == approx(target, rel=1e-11)


def test_a_step_that_pushes_a_whole_category_to_its_bound_is_taken_back() -> None:
    weights = np.ones(6)
    X = np.column_stack([np.ones(6), [0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 0]]).astype(float)
    target = np.array([0.6, 0.9, 1.2, 0.5, 1.9, 1.95])
    found = calibrate(weights, X, target @ X, distance="raking", bounds=(0.4, 2.0))
    assert found.weights @ X == approx(target @ X, rel=1e-12)
    assert found.ratios.max() <= 2.0


# -- diagnostics -----------------------------------------------------------------------------


def test_the_spread_of_weights_is_that_of_kish() -> None:
    weights = np.array([1.0, 2.0, 3.0, -0.5])
    spread = weight_spread(weights)
    assert (spread.n, spread.negative) == (4, 1)
    assert (spread.total, spread.smallest, spread.largest) == (5.5, -0.5, 3.0)
    assert spread.design_effect == approx(4 * 14.25 / 5.5**2)
    assert spread.effective_size == approx(5.5**2 / 14.25)
    assert weight_spread(np.full(7, 3.0)).effective_size == approx(7.0)


def test_ratios_to_base_weights_tell_who_is_at_a_bound() -> None:
    base = np.array([10.0, 20.0, 30.0, 40.0, 50.0])
    weights = base * [0.5, 1.0, 1.1, 2.0, 2.0 - 1e-12]
    spread = ratio_spread(weights, base, bounds=(0.5, 2.0), probabilities=(0.0, 0.5, 1.0))
    assert (spread.smallest, spread.largest) == (0.5, 2.0)
    assert spread.quantiles == approx([0.5, 1.1, 2.0])
    assert spread.at_lower.tolist() == [True, False, False, False, False]
    assert spread.at_upper.tolist() == [False, False, False, True, True]
    free = ratio_spread(weights, base)
    assert not (free.at_lower | free.at_upper).any()
    half = ratio_spread(weights, base, bounds=(0.5, np.inf))
    assert (half.at_lower.sum(), half.at_upper.sum()) == (1, 0)


# -- refusals --------------------------------------------------------------------------------


def sexes_and_ages(
    sexes: tuple[float, ...] = (60.0, 40.0), ages: tuple[float, ...] = (30.0, 30.0, 40.0)
) -> list[Margin]:
    """Two margins of six people, everybody of the third age a woman."""
    sex = Margin("sex", ("m", "f"), np.array([0, 0, 0, 1, 1, 1]), np.array(sexes))
    age = Margin("age", ("young", "middle", "old"), np.array([0, 1, 1, 0, 2, 2]), np.array(ages))
    return [sex, age]


def refusal(call: Callable[[], object]) -> tuple[str, dict[str, object]]:
    """Return the code and the parameters of the error, which has words in both languages."""
    with pytest.raises(EstimationError) as caught:
        call()
    for language in LANGUAGES:
        assert render(caught.value.code, language, caught.value.params)
    return caught.value.code, dict(caught.value.params)


def test_margins_of_different_grand_totals_are_named() -> None:
    margins = sexes_and_ages(ages=(30.0, 30.0, 41.0))
    expected = ("DI-E321", {"margins": ["sex", "age"], "totals": ["100", "101"]})
    assert refusal(lambda: rake(SIX, margins)) == expected
    assert refusal(lambda: auxiliaries(margins)) == expected


def test_categories_that_nobody_is_in_are_named() -> None:
    sex = Margin("sex", ("m", "f", "x"), np.array([0, 1, 0, 1, 0, 1]), np.array([50, 40, 10.0]))
    expected = ("DI-E322", {"names": ["sex=x"], "totals": ["10"]})
    assert refusal(lambda: rake(SIX, [sex])) == expected
    assert refusal(lambda: post_stratify(SIX, sex)) == expected
    X = np.array([[1.0, 0], [1, 0], [1, 0], [1, 0], [1, 0], [1, 0]])
    found = refusal(lambda: calibrate(SIX, X, np.array([60.0, 3.5]), names=["all", "none"]))
    assert found == ("DI-E322", {"names": ["none"], "totals": ["3.5"]})


@pytest.mark.parametrize("total", [0.0, np.nan])
def test_a_category_without_people_and_without_a_total_is_no_matter(total: float) -> None:
    codes = np.array([0, 1, 0, 1, 0, 1])
    with_one = Margin("sex", ("m", "f", "x"), codes, np.array([50.0, 40.0, total]))
    without = Margin("sex", ("m", "f"), codes, np.array([50.0, 40.0]))
    expected = rake(SIX, [without]).weights
    assert rake(SIX, [with_one]).weights == approx(expected)
    known = auxiliaries([with_one])
    assert known.names == ("sex=m", "sex=f")
    assert calibrate(SIX, known.X, known.totals).weights == approx(expected)


def test_categories_of_the_sample_without_a_total_are_named() -> None:
    margins = sexes_and_ages(ages=(30.0, np.nan, np.nan))
    found = refusal(lambda: rake(SIX, margins))
    assert found == ("DI-E323", {"names": ["age=middle", "age=old"], "counts": [2, 2]})


@pytest.mark.parametrize("total", [-1.0, np.inf, 0.0])
def test_totals_that_no_people_can_have_are_named(total: float) -> None:
    found = refusal(lambda: rake(SIX, sexes_and_ages(sexes=(total, 100.0))))
    assert found == ("DI-E324", {"names": ["sex=m"], "totals": [f"{total:.10g}"]})


def test_a_total_that_is_not_a_number_is_named() -> None:
    X = np.column_stack([np.ones(6), np.arange(6.0)])
    found = refusal(lambda: calibrate(SIX, X, np.array([60.0, np.nan]), names=["all", "age"]))
    assert found == ("DI-E324", {"names": ["age"], "totals": ["nan"]})


def test_calibration_variables_with_missing_values_are_named() -> None:
    X = np.column_stack([np.ones(6), np.arange(6.0)])
    X[[2, 4], 1] = np.nan, np.inf
    found = refusal(lambda: calibrate(SIX, X, np.array([60.0, 9.0])))
    assert found == ("DI-E334", {"names": ["1"], "counts": [2]})


def test_base_weights_that_are_not_positive_are_refused_everywhere() -> None:
    weights = np.array([10.0, 0.0, -2.5, np.nan, 10.0, -2.5])
    expected = (
        "DI-E320",
        {"count": 4, "values": ["-2.5", "0", "nan"], "rows": [2, 3, 4, 6]},
    )
    margins = sexes_and_ages()
    known = auxiliaries(margins)
    assert refusal(lambda: rake(weights, margins)) == expected
    assert refusal(lambda: post_stratify(weights, margins[0])) == expected
    assert refusal(lambda: calibrate(weights, known.X, known.totals)) == expected
    negative = np.array([10.0, 10, 10, 10, 10, -1])
    code, params = refusal(lambda: trim_calibrated(negative, known.X, known.totals, upper=50))
    assert (code, params["rows"]) == ("DI-E320", [6])


@pytest.mark.parametrize(
    ("distance", "bounds"),
    [
        ("linear", (1.1, 2.0)),
        ("raking", (0.2, 0.9)),
        ("linear", (np.nan, 2.0)),
        ("logit", None),
        ("logit", (0.5, np.inf)),
        ("logit", (1.0, 2.0)),
        ("logit", (0.5, 1.0)),
    ],
)
def test_bounds_that_a_distance_cannot_have_are_refused(
    distance: Distance, bounds: Bounds | None
) -> None:
    known = auxiliaries(sexes_and_ages())
    code, params = refusal(
        lambda: calibrate(SIX, known.X, known.totals, distance=distance, bounds=bounds)
    )
    lower, upper = bounds or (-np.inf, np.inf)
    assert code == "DI-E325"
    assert params == {"distance": distance, "lower": f"{lower:g}", "upper": f"{upper:g}"}


def test_an_unknown_distance_is_refused() -> None:
    known, wrong = auxiliaries(sexes_and_ages()), cast("Any", "chi2")
    found = refusal(lambda: calibrate(SIX, known.X, known.totals, distance=wrong))
    assert found == ("DI-E117", {"option": "distance", "value": "chi2", "valid": DISTANCES})
    logit = cast("Any", "logit")
    code, params = refusal(
        lambda: trim_calibrated(SIX, known.X, known.totals, distance=logit, upper=50.0)
    )
    assert (code, params["valid"]) == ("DI-E117", ("linear", "raking"))


@pytest.mark.parametrize("distance", DISTANCES)
def test_totals_beyond_the_bounds_are_named_with_what_is_within_reach(distance: Distance) -> None:
    known = auxiliaries(sexes_and_ages(sexes=(75.0, 25.0), ages=(35.0, 40.0, 25.0)))
    found = refusal(
        lambda: calibrate(
            SIX, known.X, known.totals, names=known.names, distance=distance, bounds=(0.9, 3.0)
        )
    )
    assert found == (
        "DI-E326",
        {"names": ["sex=f"], "totals": ["25"], "low": ["27"], "high": ["90"]},
    )


@pytest.mark.parametrize("distance", DISTANCES)
def test_a_variable_that_is_centred_at_its_known_mean_has_a_total_of_zero(
    distance: Distance,
) -> None:
    """Its error is relative to the sums that cancel; the weights are those of the raw variable."""
    sample, _ = small()
    known, age = auxiliaries(main_margins()), sample.frame["age"].to_numpy(float)
    total = reference("calibration_small.json")["total_age"]
    mean = total / known.totals[:2].sum()
    weights: list[Floats] = []
    for column, wanted in ((age, total), (age - mean, 0.0)):
        X, totals = np.column_stack([known.X, column]), np.append(known.totals, wanted)
        bounds = (0.5, 2.0) if distance == "logit" else None
        found = calibrate(sample.weights, X, totals, distance=distance, bounds=bounds)
        weights.append(found.weights)
    assert weights[1] == approx(weights[0], rel=1e-9)
    assert found.totals.size[-1] == approx(found.weights @ np.abs(age - mean))


def test_a_negative_total_of_people_is_beyond_raking() -> None:
    X = np.column_stack([np.ones(6), [1.0, 1, 0, 0, 0, 0]])
    code, params = refusal(
        lambda: calibrate(SIX, X, np.array([60.0, -1.0]), distance="raking", names=["all", "few"])
    )
    assert (code, params["names"], params["low"]) == ("DI-E326", ["few"], ["0"])
    assert params["high"] == ["inf"]


@pytest.mark.parametrize("distance", DISTANCES)
def test_totals_that_cannot_be_reached_together_are_named(distance: Distance) -> None:
    """Women may be 21 to 60 and the old 14 to 40, but the old are all women."""
    known = auxiliaries(sexes_and_ages(sexes=(78.0, 22.0), ages=(28.0, 36.0, 36.0)))
    code, params = refusal(
        lambda: calibrate(
            SIX, known.X, known.totals, names=known.names, distance=distance, bounds=(0.3, 3.0)
        )
    )
    assert code == "DI-E327"
    names = cast("list[str]", params["names"])
    assert "sex=f" in names
    assert len(names) == len(cast("list[str]", params["off"]))


def test_raking_to_what_an_empty_cell_forbids_does_not_converge() -> None:
    """The old are all women, so that there are at least as many women as old people."""
    margins = sexes_and_ages(sexes=(78.0, 22.0), ages=(28.0, 36.0, 36.0))
    code, params = refusal(lambda: rake(SIX, margins, iterations=50))
    assert (code, params["iterations"]) == ("DI-E328", 50)
    assert params["names"] == ["sex=f", "sex=m"]
    assert params["wanted"] == ["22", "78"]
    assert params["off"] == ["+14", "-14"]


def test_newton_that_is_not_given_the_time_says_how_far_off_it_is() -> None:
    known = auxiliaries(sexes_and_ages(sexes=(70.0, 30.0), ages=(30.0, 45.0, 25.0)))
    code, params = refusal(
        lambda: calibrate(
            SIX, known.X, known.totals, names=known.names, distance="raking", iterations=1
        )
    )
    assert (code, params["iterations"]) == ("DI-E328", 1)
    assert set(cast("list[str]", params["names"])) <= set(known.names)
    assert params["names"]


def test_a_tolerance_that_rounding_cannot_meet_is_not_met_in_silence() -> None:
    sample, _ = small()
    known = auxiliaries(main_margins())
    code, _ = refusal(lambda: calibrate(sample.weights, known.X, known.totals, tolerance=0.0))
    assert code == "DI-E328"


def test_crosses_that_contradict_each_other_are_named_where_they_do() -> None:
    """Both sum to one total, but one has ten more people in the first area."""
    area_sex = Margin(
        "area*sex", ("a/m", "a/f", "b/m", "b/f"), np.arange(8) % 4, np.array([20.0, 20, 30, 30])
    )
    area_age = Margin(
        "area*age",
        ("a/y", "a/o", "b/y", "b/o"),
        np.array([0, 1, 2, 3, 1, 0, 3, 2]),
        np.array([25.0, 25, 25, 25]),
    )
    region = Margin("region", ("r", "s"), np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([60.0, 40]))
    known = auxiliaries([area_sex, area_age, region])
    code, params = refusal(
        lambda: calibrate(np.full(8, 10.0), known.X, known.totals, names=known.names)
    )
    assert code == "DI-E329"
    assert params["names"] == list(area_sex.cells + area_age.cells)
    fitted = refusal(lambda: rake(np.full(8, 10.0), [area_sex, area_age, region], iterations=20))
    assert fitted == (code, params)


@pytest.mark.parametrize(("lower", "upper"), [(0.0, 15.0), (25.0, np.inf), (30.0, 10.0)])
def test_bounds_that_the_mean_weight_is_not_within_are_refused(lower: float, upper: float) -> None:
    weights = np.array([10.0, 20.0, 30.0])
    for strict in (True, False):
        found = refusal(lambda: trim(weights, lower=lower, upper=upper, strict=strict))  # noqa: B023
        bounds = {"lower": f"{lower:g}", "upper": f"{upper:g}"}
        assert found == ("DI-E330", {**bounds, "mean": "20"})


def test_trimming_everybody_leaves_nobody_to_take_what_is_cut() -> None:
    found = refusal(lambda: trim(np.array([1.0, 2.0, 9.0, 8.0]), lower=3.0, upper=7.0))
    assert found == ("DI-E331", {"count": 4, "lower": "3", "upper": "7"})


def test_trimming_that_is_not_given_the_time_says_how_many_are_out_of_bounds() -> None:
    weights = np.array([1.0, 5.0, 6.0, 6.0, 20.0])
    assert trim(weights, upper=8.0).weights == approx([6, 8, 8, 8, 8], rel=1e-13)
    found = refusal(lambda: trim(weights, upper=8.0, iterations=1))
    assert found == ("DI-E332", {"iterations": 1, "count": 2})
