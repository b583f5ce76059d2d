"""Samples stacked: what they share enters a covariance, and nothing else does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.inference.design import Design, LonelyPsu
from divide_index.inference.stacking import StackedDesign, independent_designs, shared_designs
from tests.year_samples import refused

Floats = NDArray[np.float64]

approx = pytest.approx


def design(*sizes: int, labels: str = "abc", rule: LonelyPsu = "fail") -> Design:
    """Return a design of strata that hold so many PSUs."""
    strata = np.repeat(np.arange(len(sizes)), sizes)
    return Design.of_psus(strata, tuple(labels[: len(sizes)]), lonely_psu=rule)


def with_fraction(sizes: tuple[int, ...], fraction: tuple[float, ...]) -> Design:
    strata = np.repeat(np.arange(len(sizes)), sizes)
    fpc = np.column_stack([fraction, fraction]).astype(float)
    return Design.of_psus(strata, tuple("abc"[: len(sizes)]), fpc=fpc)


def units(*names: str) -> list[str]:
    """Return the labels of the PSUs of each stratum, one letter each."""
    return [letter for name in names for letter in name]


@st.composite
def two_samples(draw: st.DrawFn) -> tuple[tuple[int, ...], Floats, Floats]:
    """Draw the sizes of strata, and totals of two variables in two samples of them."""
    sizes = tuple(draw(st.lists(st.integers(2, 4), min_size=1, max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (sum(sizes), 2)
    return sizes, rng.normal(0, 10, shape), rng.normal(0, 10, shape)


def covariance(stacked: StackedDesign, *totals: Floats) -> Floats:
    return stacked.design.covariance(stacked.beside(totals))


def change_variance(covariance: Floats) -> Floats:
    """Return the variances of the second sample's values minus the first's."""
    size = covariance.shape[0] // 2
    contrast = np.hstack([-np.eye(size), np.eye(size)])
    return np.diag(contrast @ covariance @ contrast.T)


# -- independent -------------------------------------------------------------------------------


@given(two_samples())
def test_variances_of_independent_samples_add_up(
    drawn: tuple[tuple[int, ...], Floats, Floats],
) -> None:
    sizes, one, other = drawn
    own = design(*sizes)
    stacked = independent_designs([own, own], ["1", "2"])
    joint = covariance(stacked, one, other)
    assert joint[:2, :2] == approx(own.covariance(one), rel=1e-12)
    assert joint[2:, 2:] == approx(own.covariance(other), rel=1e-12)
    assert not joint[:2, 2:].any()
    each = np.diag(own.covariance(one)) + np.diag(own.covariance(other))
    assert change_variance(joint) == approx(each, rel=1e-9)
    assert stacked.shared_psus == 0
    assert stacked.design.degrees_of_freedom == 2 * own.degrees_of_freedom


@given(two_samples())
def test_one_sample_twice_as_independent_has_twice_its_variance(
    drawn: tuple[tuple[int, ...], Floats, Floats],
) -> None:
    sizes, one, _ = drawn
    stacked = independent_designs([design(*sizes)] * 2, ["1", "2"])
    change = change_variance(covariance(stacked, one, one))
    assert change == approx(2 * np.diag(design(*sizes).covariance(one)), rel=1e-9)


def test_the_sample_is_the_outermost_stratum() -> None:
    stacked = independent_designs([design(2, 3), design(2, labels="a")], ["2024", "2025"])
    assert stacked.design.stratum_labels == ("2024/a", "2024/b", "2025/a")
    assert stacked.design.strata.tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert [place.tolist() for place in stacked.places] == [[0, 1, 2, 3, 4], [5, 6]]
    whole = independent_designs([design(2, labels=("",)), design(2)], ["1", "2"])  # pyright: ignore[reportArgumentType]
    assert whole.design.stratum_labels == ("1", "2/a")


def test_independent_samples_keep_their_own_sampling_fractions() -> None:
    one, other = with_fraction((2, 3), (0.25, 0.5)), with_fraction((2, 2), (0.75, 0.1))
    stacked = independent_designs([one, other], ["1", "2"])
    assert stacked.design.sampling_fraction.tolist() == [0.25, 0.5, 0.75, 0.1]


def test_samples_stacked_have_one_rule_for_lonely_psus() -> None:
    designs = [design(2, 2, rule="adjust"), design(2, 2, rule="remove")]
    with pytest.raises(ValueError, match="adjust"):
        independent_designs(designs, ["1", "2"])
    with pytest.raises(ValueError, match="adjust"):
        shared_designs(designs, [units("xy", "xy")] * 2)
    same = shared_designs([designs[0]] * 2, [units("xy", "xy")] * 2)
    assert same.design.lonely_psu == "adjust"


# -- shared ------------------------------------------------------------------------------------


@given(two_samples())
def test_a_sample_that_shares_all_units_with_itself_has_no_change(
    drawn: tuple[tuple[int, ...], Floats, Floats],
) -> None:
    sizes, one, other = drawn
    own, labels = design(*sizes), units(*("wxyz"[:size] for size in sizes))
    stacked = shared_designs([own, own], [labels, labels])
    assert stacked.shared_psus == own.psus == stacked.design.psus
    joint = covariance(stacked, one, one)
    assert change_variance(joint) == approx(0, abs=1e-9)
    # and of another variable in the same units, the covariance of one sample
    mixed = own.covariance(np.hstack([one, other]))
    assert covariance(stacked, one, other) == approx(mixed, rel=1e-9, abs=1e-9)


@given(two_samples(), st.integers(0, 2**32 - 1))
def test_the_order_of_units_in_a_sample_changes_nothing(
    drawn: tuple[tuple[int, ...], Floats, Floats], seed: int
) -> None:
    sizes, one, other = drawn
    own, labels = design(*sizes), units(*("wxyz"[:size] for size in sizes))
    plain = covariance(shared_designs([own, own], [labels, labels]), one, other)
    order = np.random.default_rng(seed).permutation(own.psus)
    turned = Design(own.strata[order], own.stratum_labels, own.sampling_fraction)
    stacked = shared_designs([own, turned], [labels, [labels[place] for place in order]])
    assert covariance(stacked, one, other[order]) == approx(plain, rel=1e-9, abs=1e-9)


@given(two_samples())
def test_strata_of_other_names_are_independent(
    drawn: tuple[tuple[int, ...], Floats, Floats],
) -> None:
    sizes, one, other = drawn
    # a stratum that is shared and holds nothing, since something must be
    own, renamed = design(*sizes, 2, labels="abcd"), design(*sizes, 2, labels="ABCD")
    names = list(renamed.stratum_labels)
    names[-1] = own.stratum_labels[-1]
    renamed = Design(renamed.strata, tuple(names), renamed.sampling_fraction)
    labels = units(*("wxyz"[:size] for size in sizes), "pq")
    empty = np.zeros((2, 2))
    one, other = np.vstack([one, empty]), np.vstack([other, empty])
    shared = shared_designs([own, renamed], [labels, labels])
    assert shared.shared_psus == 2
    independent = independent_designs([own, own], ["1", "2"])
    expected = covariance(independent, one, other)
    assert covariance(shared, one, other) == approx(expected, rel=1e-9, abs=1e-9)


def test_units_are_told_by_stratum_and_label_together() -> None:
    # b/x is new and no a/x; a/y stays; the second sample lists its strata the other way about
    first, second = design(2, 2), design(2, 2, labels="ba")
    stacked = shared_designs([first, second], [units("xy", "uv"), units("xv", "yz")])
    assert stacked.design.stratum_labels == ("a", "b")
    assert [place.tolist() for place in stacked.places] == [[0, 1, 2, 3], [4, 3, 1, 5]]
    assert stacked.design.strata.tolist() == [0, 0, 1, 1, 1, 0]
    assert stacked.shared_psus == 2
    totals = stacked.totals(1, np.array([[1.0], [2.0], [3.0], [4.0]]))
    assert totals.ravel().tolist() == [0, 3, 0, 2, 1, 4]


def test_the_covariance_of_two_samples_is_that_of_the_units_in_both() -> None:
    # one stratum; PSUs x, y in the first sample, y, z in the second: n = 3, by hand
    stacked = shared_designs([design(2), design(2)], [units("xy"), units("yz")])
    one, other = np.array([[3.0], [-3.0]]), np.array([[4.0], [-4.0]])
    # totals by x, y, z: (3, -3, 0) and (0, 4, -4), both with mean 0; n/(n-1) = 3/2
    expected = 1.5 * np.array([[18.0, -12.0], [-12.0, 32.0]])
    assert covariance(stacked, one, other) == approx(expected)


def test_a_label_twice_in_a_stratum_of_one_sample_is_refused() -> None:
    with refused("DI-E360", count=2):
        shared_designs([design(3), design(3)], [units("xyz"), units("xxx")])
    labels = [units("xy", "xy")] * 2
    assert shared_designs([design(2, 2)] * 2, labels).shared_psus == 4  # in two strata it may


def test_two_strata_of_one_name_are_refused() -> None:
    same = design(2, 2, labels="aa")
    with refused("DI-E360", count=1):
        shared_designs([same, same], [units("wx", "yz")] * 2)


def test_samples_that_share_no_unit_are_not_called_shared() -> None:
    with refused("DI-E361"):
        shared_designs([design(2), design(2)], [units("wx"), units("yz")])
    with refused("DI-E361"):  # the same labels in other strata
        shared_designs([design(2), design(2, labels="b")], [units("wx"), units("wx")])


# -- finite populations ------------------------------------------------------------------------


def test_a_correction_of_the_same_units_holds_in_all_samples() -> None:
    both = with_fraction((2, 3), (0.5, 0.25))
    stacked = shared_designs([both, both], [units("xy", "xyz")] * 2)
    assert stacked.design.sampling_fraction.tolist() == [0.5, 0.25]
    totals = np.arange(10.0).reshape(5, 2)
    joint = covariance(stacked, totals, totals)
    assert joint[:2, :2] == approx(both.covariance(totals))


def test_a_correction_that_differs_between_samples_is_refused() -> None:
    one, other = with_fraction((2, 3), (0.5, 0.25)), with_fraction((2, 3), (0.5, 0.3))
    with refused("DI-E362", strata=["b"]):
        shared_designs([one, other], [units("xy", "xyz")] * 2)


def test_a_correction_of_units_that_rotate_is_refused() -> None:
    both = with_fraction((2, 3), (0.5, 0.25))
    with refused("DI-E362", strata=["a"]):
        shared_designs([both, both], [units("xy", "xyz"), units("yz", "xyz")])


def test_a_corrected_stratum_may_be_missing_from_a_sample() -> None:
    one, other = with_fraction((2, 3), (0.5, 0.25)), with_fraction((2,), (0.5,))
    stacked = shared_designs([one, other], [units("xy", "xyz"), units("xy")])
    assert stacked.design.sampling_fraction.tolist() == [0.5, 0.25]
    assert stacked.shared_psus == 2


def test_units_that_rotate_without_a_correction_are_stacked() -> None:
    stacked = shared_designs([design(2), design(2)], [units("xy"), units("yz")])
    assert stacked.design.psus == 3
    assert not stacked.design.sampling_fraction.any()
