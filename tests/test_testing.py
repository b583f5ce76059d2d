"""p-values of estimates, and their adjustment to a family."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divide_index.inference.estimate import Estimate
from divide_index.inference.testing import holm, p_values

approx = pytest.approx
REFERENCE = Path(__file__).parent / "reference" / "small_regression.json"


def estimate_of(values: list[float], errors: list[float], df: list[float]) -> Estimate:
    names = tuple(map(str, range(len(values))))
    return Estimate(names, np.array(values), np.diag(np.square(errors)), np.array(df))


def test_p_values_and_their_adjustment_are_those_of_r() -> None:
    """Of nine coefficients by `summary(svyglm)`, eight of them adjusted by `p.adjust`."""
    for known in json.loads(REFERENCE.read_text("utf-8"))["svyglm"].values():
        df = [known["df_resid"]] * len(known["est"])
        found = p_values(estimate_of(known["est"], known["se"], df))
        assert found == approx(np.array(known["p"]), rel=1e-9)
        assert holm(found[1:]) == approx(np.array(known["holm"]), rel=1e-9)


def test_a_test_that_there_is_not_does_not_count_in_the_family() -> None:
    known = json.loads(REFERENCE.read_text("utf-8"))["holm"]
    given_p = np.array(known["p"], dtype=float)
    adjusted = holm(given_p)
    assert adjusted == approx(np.array(known["adjusted"], dtype=float), rel=1e-12, nan_ok=True)
    assert np.isnan(adjusted).tolist() == np.isnan(given_p).tolist()


@pytest.mark.parametrize("size", [0, 3])
def test_a_family_without_any_test_stays_empty(size: int) -> None:
    adjusted = holm(np.full(size, np.nan))
    assert adjusted.shape == (size,)
    assert np.isnan(adjusted).all()


def test_what_has_no_error_has_no_test_unless_it_differs_from_zero() -> None:
    """Zero without error, no degrees of freedom, no value; a census that differs is certain."""
    found = p_values(estimate_of([0, 1, np.nan, 2, 0], [0, 1, 1, 0, 1], [9, 0, 9, 9, 9]))
    assert found == approx(np.array([np.nan, np.nan, np.nan, 0, 1]), nan_ok=True)


PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(PROBABILITIES, st.integers(0, 2**32 - 1))
def test_adjusting_keeps_the_order_and_lies_between_no_correction_and_bonferroni(
    drawn: list[float], seed: int
) -> None:
    p = np.array(drawn)
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(p * p.size, 1) * (1 + 1e-12)).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()
    assert adjusted.min() == approx(min(p.min() * p.size, 1.0))
    turned = np.random.default_rng(seed).permutation(p.size)
    assert holm(p[turned]) == approx(adjusted[turned])
