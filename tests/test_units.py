"""Calibrated weights carry their effect into every error: the units of a design, against R."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.calibration import (
    Auxiliaries,
    Bounds,
    Distance,
    auxiliaries,
    calibrate,
    trim,
    trim_calibrated,
)
from divide_index.inference.design import Design
from divide_index.inference.replication import rao_wu_factors
from divide_index.inference.stacking import independent_designs
from divide_index.inference.totals import psu_sums
from divide_index.inference.units import CalibratedRecords, calibrated_design
from tests.examples import examples
from tests.samples import reference
from tests.test_calibration import (
    IN_R,
    Persons,
    level_and_influence,
    main_margins,
    mean_and_influence,
    small,
)

approx = pytest.approx
Floats = NDArray[np.float64]


def by_cell(
    persons: Persons, known: Auxiliaries, distance: Distance, bounds: Bounds | None
) -> tuple[CalibratedRecords, Floats]:
    """Calibrate the cells of a sample; return what was done and the weights of its people."""
    X, cells = np.unique(known.X, axis=0, return_inverse=True)
    cells = cells.ravel().astype(np.intp)
    sizes = np.bincount(cells, persons.weights).astype(np.float64)
    found = calibrate(sizes, X, known.totals, names=known.names, distance=distance, bounds=bounds)
    final = persons.weights * found.ratios[cells]
    rows = np.arange(cells.size)
    made = Auxiliaries(X, known.totals, known.names)
    return (
        CalibratedRecords(rows, cells, made, persons.weights, final, distance, bounds),
        final,
    )


def std_error(design: Design, unit: NDArray[np.intp], final: Floats, z: Floats) -> float:
    totals = psu_sums((final * z)[:, None], unit, design.units)
    return float(np.sqrt(design.covariance(totals)[0, 0]))


@pytest.mark.parametrize("name", IN_R)
def test_errors_after_a_calibration_are_those_of_r(name: str) -> None:
    persons, _ = small()
    distance, bounds = IN_R[name]
    step, final = by_cell(persons, auxiliaries(main_margins()), distance, bounds)
    design, unit = calibrated_design(persons.design, persons.psu, [step])
    expected, frame = reference("calibration_small.json")[name], persons.frame
    assert final == approx(np.array(expected["weights"]), rel=1e-10, abs=0)
    known = frame["access"].notna().to_numpy().astype(np.float64)
    y = frame["access"].fillna(0.0).to_numpy(float)
    rural = (frame["area"] == "R").to_numpy().astype(np.float64)
    mean, z_mean = mean_and_influence(frame["age"].to_numpy(float), final)
    level, z_level = level_and_influence(y, rural, known, final)
    values = {"mean_age": (mean, z_mean), "level": (level, z_level)}
    values["rural"] = (float(final @ (rural * known)), rural * known)
    for key, (value, z) in values.items():
        assert (value, std_error(design, unit, final, z)) == approx(expected[key], rel=1e-9, abs=0)
    assert design.units > design.psus == persons.design.psus
    assert design.degrees_of_freedom == persons.design.degrees_of_freedom


def test_what_is_calibrated_to_has_no_error() -> None:
    persons, _ = small()
    known = auxiliaries(main_margins())
    step, final = by_cell(persons, known, "raking", None)
    design, unit = calibrated_design(persons.design, persons.psu, [step])
    for column in known.X.T:
        size = float(final @ column)
        assert std_error(design, unit, final, column) == approx(0.0, abs=1e-10 * size)


def test_domains_have_the_degrees_of_freedom_of_their_psus() -> None:
    persons, _ = small()
    step, _ = by_cell(persons, auxiliaries(main_margins()), "raking", None)
    design, unit = calibrated_design(persons.design, persons.psu, [step])
    members = (persons.frame["age"] >= 65).to_numpy()
    by_psu = np.bincount(persons.psu[members], minlength=design.psus)[:, None] > 0
    by_unit = np.bincount(unit[members], minlength=design.units)[:, None] > 0
    expected = persons.design.domain_degrees_of_freedom(by_psu)
    assert design.domain_degrees_of_freedom(by_unit) == approx(expected)
    assert (design.psus_held(by_unit) == by_psu).all()


def test_calibrating_again_to_the_same_totals_after_trimming_keeps_them_without_error() -> None:
    persons, _ = small()
    known = auxiliaries(main_margins())
    first, final = by_cell(persons, known, "raking", None)
    middle = np.median(final)
    lower, upper = 0.5 * middle, 2.3 * middle
    trimmed = trim(final, lower=lower, upper=upper).weights
    again = trim_calibrated(
        trimmed, known.X, known.totals, names=known.names, lower=lower, upper=upper
    ).weights
    rows = np.arange(again.size)
    second = CalibratedRecords(rows, rows, known, trimmed, again, "raking", is_by_cell=False)
    design, unit = calibrated_design(persons.design, persons.psu, [first, second])
    assert design.units == again.size
    for column in known.X.T:
        size = float(again @ column)
        assert std_error(design, unit, again, column) == approx(0.0, abs=1e-9 * size)


@settings(max_examples=examples(20))
@given(st.permutations(range(60)), st.integers(0, 2**31))
def test_the_order_of_records_moves_no_error(order: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    psu = np.repeat(np.arange(12), 5)
    design = Design.of_psus(np.repeat(np.arange(3), 4), ("a", "b", "c"))
    kind, before = random.integers(0, 3, 60), random.uniform(1, 9, 60)
    kind[:3] = range(3)
    X = np.eye(3)
    totals = np.bincount(kind, before, 3) * random.uniform(0.8, 1.2, 3)
    y = random.normal(size=60)

    def error(rows: NDArray[np.intp]) -> float:
        sizes = np.bincount(kind[rows], before[rows], 3).astype(float)
        after = before[rows] * calibrate(sizes, X, totals).ratios[kind[rows]]
        step = CalibratedRecords(
            np.arange(60),
            kind[rows],
            Auxiliaries(X, totals, ("x", "y", "z")),
            before[rows],
            after,
            "linear",
        )
        whole, unit = calibrated_design(design, psu[rows], [step])
        return std_error(whole, unit, after, y[rows])

    assert error(np.array(order)) == approx(error(np.arange(60)), rel=1e-9)


def test_samples_laid_together_keep_their_calibrations() -> None:
    persons, _ = small()
    step, final = by_cell(persons, auxiliaries(main_margins()), "raking", None)
    design, unit = calibrated_design(persons.design, persons.psu, [step])
    stacked = independent_designs([design, persons.design], ["2024", "2025"])
    z = persons.frame["age"].to_numpy(float)
    own = psu_sums((final * z)[:, None], unit, design.units)
    other = psu_sums((persons.weights * z)[:, None], persons.psu, persons.design.psus)
    variance = design.covariance(own) + persons.design.covariance(other)
    beside = stacked.design.covariance(stacked.beside([own, other]))
    assert np.diag(beside) == approx([design.covariance(own)[0, 0], beside[1, 1]])
    whole = stacked.with_units()
    totals = np.zeros((whole.units, 1))
    for sample, each in enumerate((own, other)):
        totals[stacked.units_of(sample)] = each
    assert whole.covariance(totals) == approx(variance, rel=1e-9)


def test_the_bootstrap_repeats_the_calibration() -> None:
    persons, _ = small()
    known = auxiliaries(main_margins())
    step, final = by_cell(persons, known, "raking", None)
    design, unit = calibrated_design(persons.design, persons.psu, [step])
    factors = rao_wu_factors(persons.design, 20, seed=3)
    weights = final * design.unit_factors(factors)[:, unit]
    assert weights @ known.X == approx(np.tile(known.totals, (20, 1)), rel=1e-9)
    for factor, made in zip(factors, weights, strict=True):
        base = persons.weights * factor[persons.psu]
        there = base > 0
        alone = calibrate(
            base[there], known.X[there], known.totals, names=known.names, distance="raking"
        )
        assert made[there] == approx(alone.weights, rel=1e-9)
        assert not made[~there].any()


def test_replicates_that_reach_no_totals_are_told_and_none_is_left_out() -> None:
    persons, _ = small()
    step, _ = by_cell(persons, auxiliaries(main_margins()), "raking", None)
    one_psu = persons.psu == 0
    X = np.column_stack([step.auxiliaries.X[step.cells], one_psu.astype(float)])
    totals = np.append(step.auxiliaries.totals, persons.weights[one_psu].sum())
    rows = np.arange(X.shape[0])
    known = Auxiliaries(X, totals, (*step.auxiliaries.names, "one PSU"))
    sure = replace(step, cells=rows, auxiliaries=known)
    design, _ = calibrated_design(persons.design, persons.psu, [sure])
    with pytest.raises(EstimationError) as raised:
        design.unit_factors(rao_wu_factors(persons.design, 30, seed=1))
    assert raised.value.code == "DI-E430"
    left_out = int((rao_wu_factors(persons.design, 30, seed=1)[:, 0] == 0).sum())
    assert 0 < left_out < 30
    assert raised.value.params["count"] == left_out
