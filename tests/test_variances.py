"""Levels whose errors are made by replicates, against R and against Taylor linearisation."""

import math
from dataclasses import replace
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
    SuppliedKind,
    balanced_factors,
    replicates_of,
    supplied_replicates,
)
from divide_index.levels import LevelResult, VarianceMethod, relative_levels
from divide_index.scoring import Scores, score
from divide_index.survey import read_survey
from divide_index.weighting import rake
from tests.examples import examples
from tests.samples import (
    DIMENSIONS,
    Sample,
    reference,
    samples,
    small_frame,
    small_schema,
    small_scores,
    with_design,
)

approx = pytest.approx
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    return reference("replicates.json")


def general_frame() -> pd.DataFrame:
    frame = small_frame()
    return frame[frame["sample"] == "general"]


def two_psus_frame() -> pd.DataFrame:
    """Return the records of the first two PSUs of every stratum."""
    frame = small_frame()
    rank = frame.groupby(["sample", "stratum"])["psu"].transform(
        lambda psu: psu.rank(method="dense")
    )
    return frame[rank <= 2]


def rows_of(result: LevelResult, *groups: str) -> tuple[Floats, Floats, Floats]:
    """Return levels, standard errors and degrees of freedom of groups, all dimensions."""
    frame = result.to_frame()
    rows = pd.concat([frame[frame["category"] == group] for group in groups])
    return rows["level"].to_numpy(), rows["std_error"].to_numpy(), rows["df"].to_numpy()


def check(result: LevelResult, expected: dict[str, Any], *groups: str) -> None:
    levels, errors, _ = rows_of(result, *groups)
    assert levels == approx(np.array(expected["est"]), rel=1e-12)
    assert errors == approx(np.array(expected["se"]), rel=1e-10)


# -- against R ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "fpc"), [("jkn", None), ("jkn_fpc", "fpc")])
def test_the_jackknife_has_the_errors_of_r_with_and_without_a_correction(
    known: dict[str, Any], name: str, fpc: str | None
) -> None:
    scores = small_scores(with_design(small_schema(), fpc=fpc))
    check(relative_levels(scores, variance="jackknife"), known[name], "rural", "farmers")


def test_without_strata_the_jackknife_is_r_s_jk1(known: dict[str, Any]) -> None:
    schema = with_design(small_schema(), sample=None, strata=())
    frame = general_frame()
    frame = frame.assign(psu=frame["stratum"].astype(str) + "-" + frame["psu"].astype(str))
    scores = score(read_survey(frame, schema))
    check(relative_levels(scores, groups=["rural"], variance="jackknife"), known["jk1"], "rural")


@pytest.mark.parametrize(("name", "fay"), [("brr", 0.0), ("fay", 0.3)])
def test_balanced_half_samples_have_the_errors_of_r(
    known: dict[str, Any], name: str, fay: float
) -> None:
    scores = small_scores(frame=two_psus_frame())
    result = relative_levels(scores, variance=VarianceMethod("brr", fay=fay))
    check(result, known[name], "rural", "farmers")
    assert result.variance == VarianceMethod("brr", replicates=16, fay=fay)


def supplied_factors(count: int, records: int) -> Floats:
    """Return the factors that the script of the reference makes, shape ``(R, n)``."""
    b, i = np.arange(1.0, count + 1)[:, None], np.arange(1.0, records + 1)
    return 1 + 0.4 * np.sin(i * b) + 0.1 * np.cos(b)


def general_scores() -> Scores:
    return score(read_survey(general_frame(), with_design(small_schema(), sample=None)))


@pytest.mark.parametrize("kind", ["bootstrap", "jk1", "jkn", "brr", "fay", "acs"])
def test_supplied_replicate_weights_have_the_errors_of_r(
    known: dict[str, Any], kind: SuppliedKind
) -> None:
    """As R `svrepdesign` with each type, about the estimate of the whole sample."""
    count, scores = known["supplied"]["count"], general_scores()
    factors = supplied_factors(count, scores.survey.records)
    rscales = np.arange(1.0, count + 1) / 20 if kind == "jkn" else None
    made = supplied_replicates(factors, kind, fay=0.3 if kind == "fay" else 0.0, rscales=rscales)
    scores = replace(scores, survey=replace(scores.survey, replicates=made))
    result = relative_levels(scores, groups=["rural"], variance="supplied")
    expected = known["supplied"][kind]
    check(result, expected, "rural")
    assert made.degrees_of_freedom == expected["df"]
    assert (rows_of(result, "rural")[2] <= expected["df"]).all()


# -- beside linearisation ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def clustered() -> Scores:
    """A survey of 60 PSUs in three strata, with three regions that cut through them."""
    rng = np.random.default_rng(20)
    psus, size = 60, 12
    psu = np.repeat(np.arange(psus), size)
    effect = rng.normal(0, 6, (psus, 3))[psu]
    points = 55 + effect + rng.normal(0, 15, (psus * size, 3))
    frame = pd.DataFrame(
        {
            "id": np.arange(psus * size) + 1,
            "sample": "general",
            "stratum": psu % 3 + 1,
            "psu": psu + 1,
            "fpc": 100,
            "weight": rng.uniform(0.5, 2.0, psus * size),
            "region": rng.integers(1, 4, psus * size),
            "area": np.where(rng.random(psus * size) < 0.35, "R", "U"),
            "farm": 0,
            "age": rng.integers(20, 80, psus * size),
            **dict(zip(("access", "capability", "usage"), points.clip(0, 100).T, strict=True)),
        }
    )
    return score(read_survey(frame, with_design(small_schema(), sample=None, fpc=None)))


def test_bootstrap_and_linearised_errors_agree_within_their_noise(clustered: Scores) -> None:
    """Of B = 1,000 each error has itself a relative one of 1/√(2B): four of these, no more."""
    options: dict[str, Any] = {"by": "region", "groups": ["rural"]}
    taylor = relative_levels(clustered, **options).std_errors
    drawn = relative_levels(
        clustered, **options, variance=VarianceMethod("bootstrap", 1000, seed=3)
    ).std_errors
    uncertain = taylor > 1e-9
    ratios = drawn[uncertain] / taylor[uncertain]
    assert ratios.size >= 4
    assert 0.97 < np.median(ratios) < 1.03
    assert np.abs(ratios - 1).max() < 4 / math.sqrt(2000)
    certain = ~uncertain & ~np.isnan(taylor)
    assert drawn[certain] == approx(0.0, abs=1e-9)


def test_the_bootstrap_is_repeated_by_its_seed_alone(clustered: Scores) -> None:
    first, again, other = (
        relative_levels(
            clustered, groups=["rural"], variance=VarianceMethod("bootstrap", 50, seed=seed)
        ).std_errors
        for seed in (5, 5, 6)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_every_replicate_of_raked_weights_is_raked(clustered: Scores) -> None:
    """What the margins made certain has no error in any replicate; the rest agrees with Taylor."""
    survey = clustered.survey
    weight = survey.weights()
    area = np.asarray(survey.frame["area"])
    known = {"area": {c: 1.1 * weight[area == c].sum() for c in ("R", "U")}}
    scores = score(rake(survey, known))
    options: dict[str, Any] = {"by": "region", "groups": ["rural"]}
    taylor = relative_levels(scores, **options)
    drawn = relative_levels(scores, **options, variance=VarianceMethod("bootstrap", 1000, seed=8))
    uncertain = taylor.std_errors > 1e-9
    ratios = drawn.std_errors[uncertain] / taylor.std_errors[uncertain]
    assert 0.95 < np.median(ratios) < 1.05
    left_out = relative_levels(scores, groups=["rural"], variance="jackknife")
    assert rows_of(left_out, "rural")[1] == approx(rows_of(taylor, "rural")[1], rel=0.05)


# -- identities --------------------------------------------------------------------------------


@given(st.integers(1, 9), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 0.5]))
@settings(max_examples=examples(30))
def test_balanced_half_samples_of_a_total_are_the_covariance_of_the_design(
    strata: int, seed: int, fay: float
) -> None:
    rng = np.random.default_rng(seed)
    order = rng.permutation(2 * strata)
    design = Design.of_psus(
        np.repeat(np.arange(strata), 2)[order].astype(np.intp), tuple(map(str, range(strata)))
    )
    totals = rng.normal(size=(2 * strata, 3))
    made = replicates_of(design, "brr", fay=fay)
    found = made.covariance(made.factors @ totals, totals.sum(axis=0))
    assert found == approx(design.covariance(totals), rel=1e-9, abs=1e-9)
    for h in range(strata):
        assert made.factors[:, design.strata == h].sum(axis=1) == approx(2.0)


@given(samples(min_psus=2, blanks=False))
@settings(max_examples=examples(15))
def test_the_reference_has_no_error_in_any_replicate(sample: Sample) -> None:
    scored = {name: sample.frame[name].clip(lower=1) for name in DIMENSIONS}  # no mean is zero
    scores = sample.changed(sample.frame.assign(**scored)).scores
    for variance in ("jackknife", VarianceMethod("bootstrap", 30, seed=1)):
        result = relative_levels(scores, groups=[], variance=variance)
        assert result.estimate.values == approx(100.0)
        assert result.estimate.std_errors == approx(0.0, abs=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_records_moves_no_jackknife_error(clustered: Scores, seed: int) -> None:
    survey = clustered.survey
    frame = survey.frame.drop(columns="design:unit").sample(frac=1, random_state=seed)
    turned = score(read_survey(frame, survey.schema))
    one, other = (
        relative_levels(each, "region", groups=["rural"], variance="jackknife").estimate.covariance
        for each in (clustered, turned)
    )
    assert other == approx(one, rel=1e-9, abs=1e-9)


# -- refusals ----------------------------------------------------------------------------------


def refused(scores: Scores, variance: Any) -> EstimationError:  # noqa: ANN401
    with pytest.raises(EstimationError) as caught:
        relative_levels(scores, variance=variance)
    return caught.value


def test_half_samples_of_other_designs_are_refused_by_name() -> None:
    error = refused(small_scores(), "brr")
    assert error.code == "DI-E402"
    sizes = small_frame().groupby(["sample", "stratum"])["psu"].nunique()
    assert error.params["count"] == int((sizes != 2).sum()) > 0
    frame = two_psus_frame()
    with_fpc = small_scores(with_design(small_schema(), fpc="fpc"), frame)
    assert refused(with_fpc, "brr").code == "DI-E403"
    wrong = VarianceMethod("brr", fay=1.0)
    assert refused(small_scores(frame=frame), wrong).code == "DI-E117"


def test_a_bootstrap_without_a_seed_and_unknown_methods_are_refused() -> None:
    scores = small_scores()
    assert refused(scores, "bootstrap").code == "DI-E401"
    assert refused(scores, "bootstrapp").code == "DI-E117"
    assert refused(scores, "supplied").code == "DI-E406"
    assert refused(scores, VarianceMethod("bootstrap", 1, seed=1)).code == "DI-E117"


def test_a_domain_that_replicates_lose_is_told_and_none_is_left_out(clustered: Scores) -> None:
    """One PSU of a region: without it the region is empty."""
    frame = clustered.survey.frame.drop(columns="design:unit").copy()
    frame["region"] = np.where(frame["psu"] == "7", 1, 2)
    scores = score(read_survey(frame, clustered.survey.schema))
    with pytest.raises(EstimationError) as caught:
        relative_levels(scores, "region", groups=["rural"], variance="jackknife")
    error = caught.value
    assert (error.code, error.params["count"], error.params["replicates"]) == ("DI-E400", 1, 60)
    assert error.params["names"] == ["group*region=rural*1"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: np.where(f == f.max(), -1.0, f), "DI-E404"),
        (lambda f: np.where(f == f.max(), np.nan, f), "DI-E404"),
        (lambda f: f[:1], "DI-E404"),
    ],
)
def test_supplied_weights_that_are_none_are_refused(change: Any, code: str) -> None:  # noqa: ANN401
    with pytest.raises(EstimationError) as caught:
        supplied_replicates(change(supplied_factors(12, 30)), "bootstrap")
    assert caught.value.code == code


def test_jackknife_columns_need_their_scales() -> None:
    factors = supplied_factors(12, 30)
    for rscales in (None, np.ones(11)):
        with pytest.raises(EstimationError) as caught:
            supplied_replicates(factors, "jkn", rscales=rscales)
        assert caught.value.code == "DI-E405"


def test_balanced_factors_of_one_stratum_are_its_halves() -> None:
    design = Design.of_psus(np.array([0, 0]), ("a",))
    assert balanced_factors(design).tolist() == [[0.0, 2.0], [2.0, 0.0]]
