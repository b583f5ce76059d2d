"""The decomposition of a difference of two means, as arrays."""

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
from divide_index.inference.oaxaca import Sample, Slopes, TwoGroups, threefold, twofold

approx = pytest.approx
Mask = NDArray[np.bool_]


def sample_of(frame: pd.DataFrame, score: str, columns: list[str]) -> Sample:
    """Return persons who are their own PSUs, with the constant first."""
    n = len(frame)
    covariates = np.column_stack([np.ones(n), frame[columns].to_numpy(float)])
    scores = frame[score].to_numpy(float)
    return Sample(scores, covariates, np.ones(n), np.arange(n, dtype=np.intp), n)


def std_errors(parts: TwoGroups, design: Design) -> NDArray[np.float64]:
    """Return the standard errors of the parts over all columns."""
    return np.sqrt(np.diag(design.covariance(parts.psu_totals.sum(axis=2))))


def one_stratum(psus: int) -> Design:
    return Design.of_psus(np.zeros(psus, dtype=np.intp), ("all",))


@pytest.fixture(scope="module")
def known(shared: Path) -> dict[str, Any]:
    return json.loads((shared / "reference" / "decomposition.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def swiss(shared: Path) -> tuple[Sample, Mask, Mask]:
    frame = pd.read_stata(shared / "data" / "oaxaca_jann.dta").dropna(subset=["lnwage"])
    frame = frame.reset_index(drop=True)
    female = frame["female"].to_numpy() == 1
    return sample_of(frame, "lnwage", ["educ", "exper", "tenure"]), ~female, female


@pytest.fixture(scope="module")
def chicago(shared: Path) -> tuple[Sample, Mask, Mask]:
    """The vignette of R oaxaca: natives and foreign born, wages in dollars."""
    frame = pd.read_csv(shared / "data" / "oaxaca_chicago.csv").dropna().reset_index(drop=True)
    frame["wage"] = np.exp(frame["ln.real.wage"])
    columns = ["age", "female", "LTHS", "some.college", "college", "advanced.degree"]
    foreign = frame["foreign.born"].to_numpy() == 1
    return sample_of(frame, "wage", columns), ~foreign, foreign


@pytest.mark.real_data
def test_the_swiss_threefold_is_that_of_the_reference(
    swiss: tuple[Sample, Mask, Mask], known: dict[str, Any]
) -> None:
    """Every column's part; standard errors by influence, as the reference has them."""
    expected = known["jann_swiss1998"]
    found = threefold(*swiss)
    assert found.difference == approx(expected["differential"]["gap"], abs=1e-10)
    errors = std_errors(found, one_stratum(swiss[0].psus))
    for place, name in enumerate(("endow", "coef", "inter")):
        wanted = expected["analytic_jann_threefold"][name]
        columns = [wanted[column] for column in ("const", "educ", "exper", "tenure")]
        assert found.parts[place] == approx(np.array(columns), abs=1e-10)
        influence = expected["IF_threefold"][f"se_{name}"]["TOTAL"]
        assert errors[place] == approx(influence, rel=1e-3)  # n or n - 1 in a variance


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("slopes", "key"),
    [
        (1.0, "analytic_weight_1"),
        (0.0, "analytic_weight_0"),
        (0.5, "analytic_weight_0.5"),
        ("cotton", "IF_cotton"),
        ("neumark", "IF_neumark"),
        ("pooled", "IF_pooled"),
    ],
)
def test_the_swiss_twofold_is_that_of_the_reference(
    swiss: tuple[Sample, Mask, Mask], known: dict[str, Any], slopes: Slopes, key: str
) -> None:
    expected = known["jann_swiss1998"][key]
    found = twofold(*swiss, slopes)

    def total(name: str) -> float:
        value = expected[name]
        return value["TOTAL"] if isinstance(value, dict) else value

    assert found.totals == approx(np.array([total("expl"), total("unex")]), abs=1e-10)
    if key.startswith("IF"):
        errors = std_errors(found, one_stratum(swiss[0].psus))
        assert errors == approx(np.array([total("se_expl"), total("se_unex")]), rel=1e-3)


@pytest.mark.real_data
def test_chicago_is_that_of_the_vignette(
    chicago: tuple[Sample, Mask, Mask], known: dict[str, Any]
) -> None:
    """R oaxaca at full precision, and the values its vignette prints."""
    expected = known["chicago_vignette"]
    overall = expected["R_run_full_precision"]["threefold_overall"]
    found = threefold(*chicago)
    names = ("endowments", "coefficients", "interaction")
    assert found.totals == approx(np.array([overall[f"coef({n})"] for n in names]), abs=1e-8)
    printed = expected["published_vignette"]
    ways: dict[str, Slopes] = {
        "0": 0.0,
        "1": 1.0,
        "0.5": 0.5,
        "cotton": "cotton",
        "neumark": "neumark",
        "jann_pooled": "pooled",
    }
    for key, slopes in ways.items():
        parts = twofold(*chicago, slopes).totals
        assert parts[0] == approx(printed["twofold_explained"][key], abs=6e-8)
        assert parts[1] == approx(printed["twofold_unexplained"][key], abs=6e-7)


@pytest.mark.real_data
def test_threefold_on_a_design_has_the_errors_of_the_reference(
    shared: Path, known: dict[str, Any]
) -> None:
    """Taylor errors with the covariance of means and slopes, on strata and PSUs."""
    expected = known["svy_synth15k"]
    frame = pd.read_csv(shared / "data" / "synth15k_decomp.csv")
    parts: list[Any] = [np.ones(len(frame)), frame["fem"].to_numpy(float)]
    for column in ("ageg", "educ", "inc", "hh", "occ"):
        codes = sorted(frame[column].unique())[1:]
        parts += [(frame[column] == code).to_numpy(float) for code in codes]
    keys = frame[["stratum", "psu"]].drop_duplicates().reset_index(drop=True)
    psu = frame[["stratum", "psu"]].merge(keys.reset_index(), how="left")["index"].to_numpy()
    strata, labels = pd.factorize(keys["stratum"])
    design = Design.of_psus(strata.astype(np.intp), tuple(map(str, labels)))
    weights = frame["w"].to_numpy(float)
    sample = Sample(frame["index"].to_numpy(float), np.column_stack(parts), weights, psu, len(keys))
    rural = frame["rural"].to_numpy() == 1
    found = threefold(sample, ~rural, rural)
    jackknife = expected["jk"]
    assert found.difference == approx(expected["gap"][0], abs=1e-8)
    assert found.totals == approx(np.array(jackknife["est"][:3]), abs=1e-8)
    errors = std_errors(found, design)
    assert errors == approx(np.array(expected["taylor_threefold_se"]), abs=1e-8)
    assert errors == approx(np.array(jackknife["se"][:3]), rel=0.01)


# -- identities ------------------------------------------------------------------------------


def drawn(seed: int) -> tuple[Sample, Mask, Mask]:
    rng = np.random.default_rng(seed)
    n = 120
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 2)), rng.integers(0, 2, n).astype(float)])
    first = rng.permutation(n) < n // 2
    weights = rng.gamma(2.0, 1.0, n) + 0.05
    psu = rng.permutation(n) // 6
    return Sample(rng.normal(size=n) + x[:, 1], x, weights, psu.astype(np.intp), 20), first, ~first


WAYS = st.one_of(st.floats(0, 1), st.sampled_from(("cotton", "neumark", "pooled")))


@given(st.integers(0, 2**32 - 1), WAYS)
@settings(max_examples=60)
def test_parts_sum_to_the_difference_and_turn_their_sign_with_the_groups(
    seed: int, slopes: Slopes
) -> None:
    sample, first, second = drawn(seed)
    means = [np.average(sample.scores[g], weights=sample.weights[g]) for g in (first, second)]
    for found in (threefold(sample, first, second), twofold(sample, first, second, slopes)):
        assert found.difference == approx(means[0] - means[1], abs=1e-10)
        assert found.psu_totals.sum(axis=0) == approx(0.0, abs=1e-8)
    other = 1 - slopes if isinstance(slopes, float) else slopes
    there = twofold(sample, first, second, slopes).totals
    back = twofold(sample, second, first, other).totals
    assert back == approx(-there, abs=1e-9)


@given(st.integers(0, 2**32 - 1), WAYS)
@settings(max_examples=30)
def test_the_influence_is_the_derivative_by_the_weights(seed: int, slopes: Slopes) -> None:
    sample, first, second = drawn(seed)
    if slopes == "cotton":  # its share is taken as known
        return
    step = 1e-6
    weights = np.where(sample.psu == 3, sample.weights * (1 + step), sample.weights)
    raised = Sample(sample.scores, sample.covariates, weights, sample.psu, sample.psus)
    pairs = [
        (threefold(sample, first, second), threefold(raised, first, second)),
        (twofold(sample, first, second, slopes), twofold(raised, first, second, slopes)),
    ]
    for before, after in pairs:
        slope = (after.parts - before.parts) / step
        assert slope == approx(before.psu_totals[3], abs=1e-3)


# -- refusals --------------------------------------------------------------------------------


def test_slopes_that_there_are_not_are_refused() -> None:
    sample, first, second = drawn(1)
    with pytest.raises(EstimationError, match="DI-E117"):
        twofold(sample, first, second, "reimers")  # pyright: ignore[reportArgumentType]


def test_an_empty_group_and_columns_that_repeat_are_refused() -> None:
    sample, first, _ = drawn(1)
    with pytest.raises(EstimationError, match="DI-E261"):
        threefold(sample, first, np.zeros_like(first))
    x = np.column_stack([sample.covariates, sample.covariates[:, 3]])
    twice = Sample(sample.scores, x, sample.weights, sample.psu, sample.psus)
    with pytest.raises(EstimationError, match="DI-E260"):
        threefold(twice, first, ~first)
