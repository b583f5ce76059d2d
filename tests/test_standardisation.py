"""Levels with the reference's mix of classes, as arrays."""

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
from divide_index.inference.standardisation import StandardisedLevels, standardise_levels
from tests.examples import examples
from tests.samples import DIMENSIONS, REFERENCE, reference

approx = pytest.approx
SHARES = np.array([0.2, 0.4, 0.4])
FORMULAS: tuple[Formula, ...] = ("weighted_ratios", "ratio_of_composites")
CUTS = {"four": [35, 50, 65], "two": [65], "one": [200]}


@dataclass(frozen=True)
class Persons:
    scores: NDArray[np.float64]
    weights: NDArray[np.float64]
    psu: NDArray[np.intp]
    classes: NDArray[np.intp]
    group: NDArray[np.bool_]
    reference: NDArray[np.bool_]
    design: Design

    def levels(self, formula: Formula = "weighted_ratios") -> StandardisedLevels:
        return standardise_levels(
            self.scores,
            self.weights,
            self.psu,
            self.design.psus,
            classes=self.classes,
            group=self.group,
            reference=self.reference,
            shares=SHARES,
            formula=formula,
        )

    def covariance(self, found: StandardisedLevels) -> NDArray[np.float64]:
        """Return that of crude levels, standardised ones and their differences."""
        return self.design.covariance(found.psu_totals.reshape(self.design.psus, -1))


def small(group: str, cuts: list[int]) -> Persons:
    """The complete cases of the general sample and the farmers; every PSU is in the design."""
    frame = pd.read_csv(REFERENCE / "small.csv")
    general = (frame["sample"] == "general").to_numpy()
    groups = {
        "rural": general & (frame["area"] == "R"),
        "region3": general & (frame["region"] == 3),
        "farm": general & (frame["farm"] == 1),
        "farmers": ~general,
        "reference": general,
    }
    keys = frame[["sample", "stratum", "psu"]].drop_duplicates().reset_index(drop=True)
    psu = frame.merge(keys.reset_index(), how="left")["index"].to_numpy()
    strata, labels = pd.factorize(keys["sample"] + keys["stratum"].astype(str))
    whole = frame[list(DIMENSIONS)].notna().all(axis=1).to_numpy()
    return Persons(
        frame.loc[whole, list(DIMENSIONS)].to_numpy(float),
        frame.loc[whole, "weight"].to_numpy(float),
        psu.astype(np.intp)[whole],
        np.searchsorted(cuts, frame.loc[whole, "age"].to_numpy(), side="right"),
        np.asarray(groups[group])[whole],
        general[whole],
        Design.of_psus(strata.astype(np.intp), tuple(map(str, labels))),
    )


@pytest.mark.parametrize(
    ("cuts", "group"),
    [
        *(("four", group) for group in ("rural", "region3", "farm", "reference")),
        *(("two", group) for group in ("rural", "region3", "farm", "farmers", "reference")),
        ("one", "rural"),
    ],
)
def test_levels_and_their_joint_covariance_are_those_of_r(cuts: str, group: str) -> None:
    """R survey: `svycontrast` of totals; its points are also those of `svystandardize`."""
    expected = reference("beside_standardisation.json")[cuts][group]
    values = dict(zip(expected["names"], expected["estimate"], strict=True))
    places = {name: place for place, name in enumerate(expected["names"])}
    covariance = np.array(expected["vcov"])
    persons = small(group, CUTS[cuts])
    for formula in FORMULAS:
        names = [
            f"{part}.{dimension}"
            for part in ("crude", "std", "difference")
            for dimension in (*DIMENSIONS, formula)
        ]
        found = persons.levels(formula)
        every = np.concatenate([found.crude, found.standardised, found.difference])
        assert every == approx(np.array([values[n] for n in names]), rel=1e-9, abs=1e-10)
        rows = [places[name] for name in names]
        wanted = covariance[np.ix_(rows, rows)]
        errors = np.sqrt(np.maximum(np.diag(wanted), 0.0))
        apart = np.abs(persons.covariance(found) - wanted)
        assert (apart <= 1e-9 * np.outer(errors, errors) + 1e-12).all()  # R's zeros are 1e-14


# -- identities ------------------------------------------------------------------------------


@st.composite
def surveys(draw: st.DrawFn) -> Persons:
    """Three classes, of which the group and the reference have people in every one."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(40, 120))
    group, base = rng.integers(0, 2, (2, n)).astype(bool)
    group[:6] = (True, True, True, False, False, False)
    base[:6] = ~group[:6]
    classes = rng.integers(0, 3, n)
    classes[:6] = (0, 1, 2, 0, 1, 2)
    return Persons(
        rng.uniform(5, 100, (n, 3)),
        rng.gamma(2.0, 1.0, n) + 0.05,
        rng.integers(0, 8, n),
        classes,
        group,
        base,
        Design.of_psus((np.arange(8) % 2).astype(np.intp), ("a", "b")),
    )


formulas = st.sampled_from(FORMULAS)


@given(surveys(), formulas)
@settings(max_examples=examples(40))
def test_the_reference_with_its_own_mix_is_one_hundred_without_error(
    persons: Persons, formula: Formula
) -> None:
    base = persons.group | persons.reference  # with people in every class
    itself = replace(persons, group=base, reference=base)
    found = itself.levels(formula)
    assert found.standardised == approx(100.0, abs=1e-10)
    assert found.crude == approx(100.0, abs=1e-10)
    assert itself.covariance(found) == approx(0.0, abs=1e-18)


@given(surveys(), formulas)
@settings(max_examples=examples(40))
def test_with_a_single_class_the_standardised_level_is_the_crude_one(
    persons: Persons, formula: Formula
) -> None:
    one = replace(persons, classes=np.zeros_like(persons.classes))
    found = one.levels(formula)
    assert found.difference == approx(0.0, abs=1e-11)
    assert found.psu_totals[:, 2] == approx(0.0, abs=1e-11)
    assert found.group_shares == approx(1.0)


@given(surveys(), formulas)
@settings(max_examples=examples(40))
def test_a_group_with_the_mix_of_the_reference_has_its_crude_level(
    persons: Persons, formula: Formula
) -> None:
    """Weigh the classes of a separate group as the reference's: only the crude level moves."""
    apart = replace(persons, reference=~persons.group)
    found = apart.levels(formula)
    factor = (found.reference_shares / found.group_shares)[persons.classes]
    weights = persons.weights * np.where(persons.group, factor, 1.0)
    matched = replace(apart, weights=weights).levels(formula)
    assert matched.difference == approx(0.0, abs=1e-9)
    assert matched.standardised == approx(found.standardised, rel=1e-10)


@given(surveys(), formulas)
@settings(max_examples=examples(30))
def test_the_influence_is_the_derivative_by_the_weights(persons: Persons, formula: Formula) -> None:
    step = 1e-6
    found = persons.levels(formula)
    raised, lowered = (
        replace(
            persons,
            weights=np.where(persons.psu == 3, persons.weights * (1 + sign), persons.weights),
        ).levels(formula)
        for sign in (step, -step)
    )
    for place, name in enumerate(("crude", "standardised", "difference")):
        slope = (getattr(raised, name) - getattr(lowered, name)) / (2 * step)
        assert slope == approx(found.psu_totals[3, place], abs=1e-5)
    assert found.psu_totals.sum(axis=0) == approx(0.0, abs=1e-9)  # an influence has mean zero


@given(surveys(), st.floats(0.01, 1000), st.randoms(use_true_random=False))
@settings(max_examples=examples(30))
def test_neither_the_scale_of_weights_nor_the_order_of_rows_nor_names_of_classes_matter(
    persons: Persons, factor: float, random: Random
) -> None:
    order = list(range(len(persons.weights)))
    random.shuffle(order)
    other = Persons(
        persons.scores[order],
        persons.weights[order] * factor,
        persons.psu[order],
        (2 - persons.classes)[order],
        persons.group[order],
        persons.reference[order],
        persons.design,
    )
    first, second = persons.levels(), other.levels()
    assert second.standardised == approx(first.standardised, rel=1e-11)
    assert second.psu_totals == approx(first.psu_totals, abs=1e-10)
    assert second.group_shares[::-1] == approx(first.group_shares)


def test_a_class_that_the_reference_lacks_counts_in_the_crude_level_only() -> None:
    persons = small("farmers", [65, 70])
    classes = np.where(persons.reference, np.minimum(persons.classes, 1), persons.classes)
    with_more = replace(persons, classes=classes)
    kept = replace(with_more, group=persons.group & (classes < 2))
    found, without = with_more.levels(), kept.levels()
    assert found.reference_shares[2] == 0
    assert found.standardised == approx(without.standardised, rel=1e-12)
    assert found.crude != approx(without.crude, rel=1e-6)


def test_who_has_no_weight_is_in_no_class() -> None:
    """A class that only they are in is empty."""
    persons = small("rural", CUTS["two"])
    fewer = persons.group & persons.reference & (persons.classes == 1)
    weightless = replace(persons, weights=np.where(fewer, 0.0, persons.weights))
    with pytest.raises(EstimationError, match="DI-E270") as caught:
        weightless.levels()
    assert caught.value.params["classes"] == [1]


# -- refusals --------------------------------------------------------------------------------


def test_classes_of_the_reference_without_members_of_the_group_are_named() -> None:
    """No farmer is below 35."""
    with pytest.raises(EstimationError, match="DI-E270") as caught:
        small("farmers", CUTS["four"]).levels()
    assert caught.value.params["classes"] == [0]


def test_an_empty_group_or_reference_is_refused() -> None:
    persons = small("rural", CUTS["two"])
    nobody = np.zeros_like(persons.group)
    for place, changed in enumerate(
        (replace(persons, group=nobody), replace(persons, reference=nobody))
    ):
        with pytest.raises(EstimationError, match="DI-E261") as caught:
            changed.levels()
        assert caught.value.params["groups"] == [place]
