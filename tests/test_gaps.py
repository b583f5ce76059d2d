"""The decomposition of groups' distances from the reference, as arrays."""

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divide_index.errors import EstimationError
from divide_index.inference.design import Design
from divide_index.inference.gaps import GapParts, People, decompose_gaps
from divide_index.inference.ratios import Formula
from tests.examples import examples

approx = pytest.approx
SHARES = np.array([0.2, 0.4, 0.4])
DIMENSIONS = ["access", "capability", "usage"]
FACTORS = {"sex": "fem", "ageg": "ageg", "educ": "educ", "inc": "inc", "hh": "hh", "occ": "occ"}


def columns_of(
    frame: pd.DataFrame, bases: dict[str, int] | None = None
) -> tuple[Any, list[list[int]]]:
    """Return dummies of the factors, each without a base category, and whose they are."""
    parts: list[Any] = []
    blocks: list[list[int]] = []
    start = 0
    for name, column in FACTORS.items():
        codes = sorted(frame[column].unique())
        base = codes[(bases or {}).get(name, 0) % len(codes)]
        kept = [code for code in codes if code != base]
        parts += [(frame[column] == code).to_numpy(float) for code in kept]
        blocks.append([*range(start, start + len(kept))])
        start += len(kept)
    return np.column_stack(parts), blocks


def decomposed(
    frame: pd.DataFrame, formula: Formula, bases: dict[str, int] | None = None
) -> tuple[GapParts, Design]:
    """Return the parts of both areas, cells being the areas."""
    covariates, blocks = columns_of(frame, bases)
    keys = frame[["stratum", "psu"]].drop_duplicates().reset_index(drop=True)
    psu = frame[["stratum", "psu"]].merge(keys.reset_index(), how="left")["index"].to_numpy()
    strata, labels = pd.factorize(keys["stratum"])
    people = People(
        scores=frame[DIMENSIONS].to_numpy(float),
        covariates=covariates,
        weights=frame["w"].to_numpy(float),
        psu=psu.astype(np.intp),
        cells=frame["rural"].to_numpy(np.intp),
    )
    groups = [frame["rural"].to_numpy() == area for area in (0, 1)]
    parts = decompose_gaps(people, groups, blocks, SHARES, formula=formula, psus=len(keys))
    return parts, Design.of_psus(strata.astype(np.intp), tuple(map(str, labels)))


def std_errors(parts: GapParts, design: Design, group: int) -> np.ndarray:
    """Return the standard errors of a group's parts over all dimensions, then of its gap."""
    totals = parts.psu_totals[:, group].sum(axis=2)
    every = np.column_stack([totals, totals.sum(axis=1)])
    return np.sqrt(np.diag(design.covariance(every)))


@pytest.fixture(scope="module")
def synthetic(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "data" / "synth15k_decomp.csv")


@pytest.mark.real_data
def test_rural_points_and_errors_are_those_of_the_reference(
    synthetic: pd.DataFrame, shared: Path
) -> None:
    """Values and Taylor errors of `nation_synth15k`: cells are the areas, ratio of composites."""
    known = json.loads((shared / "reference" / "decomposition.json").read_text("utf-8"))
    expected = known["nation_synth15k"]
    parts, design = decomposed(synthetic, "ratio_of_composites")
    names = [*FACTORS, "unexplained"]
    points = expected["rural_points"]
    found = parts.parts[1].sum(axis=1)
    assert found == approx(np.array([points[name] for name in names]), abs=1e-8)
    assert parts.gaps[1] == approx(points["gap"], abs=1e-8)
    errors = expected["rural_se_taylor"]
    assert std_errors(parts, design, 1) == approx(
        np.array([errors[name] for name in (*names, "gap")]), abs=1e-8
    )
    for d, dimension in enumerate(DIMENSIONS):
        by_dimension = expected["rural_by_dimension"][dimension]
        wanted = np.array([by_dimension[name] for name in names])
        assert parts.parts[1, :, d] == approx(wanted, abs=1e-8)
    assert 100 + parts.gaps == approx(
        np.array([expected["level"][area] for area in ("urban", "rural")]), abs=1e-8
    )


@pytest.mark.real_data
def test_rural_points_by_the_default_formula_are_those_of_the_method(
    synthetic: pd.DataFrame,
) -> None:
    """Values and errors computed outside, by weighted ratios; the gap's as in R `svycontrast`."""
    expected = {
        "sex": (-0.002715, 0.004602),
        "ageg": (-4.314187, 0.157651),
        "educ": (-3.297275, 0.143159),
        "inc": (-2.335356, 0.117452),
        "hh": (-0.470036, 0.045225),
        "occ": (-1.472829, 0.135599),
        "unexplained": (-3.560854, 0.547594),
        "gap": (-15.453252, 0.570606),
    }
    parts, design = decomposed(synthetic, "weighted_ratios")
    found = np.append(parts.parts[1].sum(axis=1), parts.gaps[1])
    points, errors = np.array(list(expected.values())).T
    assert found == approx(points, abs=1e-6)
    assert std_errors(parts, design, 1) == approx(errors, abs=1e-6)


# -- identities ------------------------------------------------------------------------------


@st.composite
def surveys(draw: st.DrawFn) -> pd.DataFrame:
    """A sample of two areas in which every category of every factor is held."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(120, 240))
    frame = pd.DataFrame(
        {
            "rural": rng.integers(0, 2, n),
            "psu": rng.integers(0, 12, n),
            "stratum": 0,
            "w": rng.gamma(2.0, 1.0, n) + 0.05,
            **{column: rng.integers(0, 3, n) for column in FACTORS.values()},
            **{name: rng.uniform(5, 100, n) for name in DIMENSIONS},
        }
    )
    frame["stratum"] = frame["psu"] % 3
    return frame


FORMULAS = st.sampled_from(("weighted_ratios", "ratio_of_composites"))


@given(surveys(), FORMULAS)
@settings(max_examples=examples(40))
def test_parts_sum_to_the_gap_and_over_groups_to_nothing(
    frame: pd.DataFrame, formula: Formula
) -> None:
    parts, _ = decomposed(frame, formula)
    w, y = frame["w"].to_numpy(), frame[DIMENSIONS].to_numpy()
    nation = w @ y / w.sum()
    shares = np.array([w[frame["rural"] == area].sum() for area in (0, 1)]) / w.sum()
    for area in (0, 1):
        inside = (frame["rural"] == area).to_numpy()
        mean = w[inside] @ y[inside] / w[inside].sum()
        level = 100 * SHARES @ (mean / nation)
        if formula == "ratio_of_composites":
            level = 100 * (SHARES @ mean) / (SHARES @ nation)
        assert parts.gaps[area] == approx(level - 100, abs=1e-10)
    assert np.tensordot(shares, parts.parts, axes=1) == approx(0.0, abs=1e-10)
    assert parts.psu_totals.sum(axis=0) == approx(0.0, abs=1e-8)  # an influence has mean zero


@given(surveys(), st.dictionaries(st.sampled_from(tuple(FACTORS)), st.integers(0, 2)))
@settings(max_examples=examples(40))
def test_no_base_category_moves_a_factor(frame: pd.DataFrame, bases: dict[str, int]) -> None:
    first, design = decomposed(frame, "weighted_ratios")
    other, _ = decomposed(frame, "weighted_ratios", bases)
    assert other.parts == approx(first.parts, abs=1e-9)
    assert std_errors(other, design, 1) == approx(std_errors(first, design, 1), abs=1e-9)


@given(surveys(), st.floats(0.01, 1000), st.randoms(use_true_random=False))
@settings(max_examples=examples(30))
def test_neither_the_scale_of_weights_nor_the_order_of_rows_matters(
    frame: pd.DataFrame, factor: float, random: Random
) -> None:
    first, design = decomposed(frame, "weighted_ratios")
    order = list(range(len(frame)))
    random.shuffle(order)
    shuffled = frame.iloc[order].reset_index(drop=True).assign(w=lambda f: f["w"] * factor)
    other, turned = decomposed(shuffled, "weighted_ratios")
    assert other.parts == approx(first.parts, abs=1e-9)
    assert std_errors(other, turned, 0) == approx(std_errors(first, design, 0), rel=1e-7, abs=1e-9)


@given(surveys())
@settings(max_examples=examples(20))
def test_the_influence_is_the_derivative_by_the_weights(frame: pd.DataFrame) -> None:
    """Raise the weights of one PSU a little: every part moves by that PSU's influence."""
    first, _ = decomposed(frame, "weighted_ratios")
    place = 3
    keys = frame[["stratum", "psu"]].drop_duplicates().reset_index(drop=True)
    stratum, psu = keys.iloc[place]
    step = 1e-6
    raised = frame.copy()
    inside = (frame["stratum"] == stratum) & (frame["psu"] == psu)
    raised.loc[inside, "w"] *= 1 + step
    moved, _ = decomposed(raised, "weighted_ratios")
    slope = (moved.parts - first.parts) / step
    assert slope == approx(first.psu_totals[place], abs=2e-3)


def test_a_group_outside_the_reference_brings_its_means_alone() -> None:
    """The slopes are the reference's: doubling the outsiders moves nothing of anybody else's."""
    rng = np.random.default_rng(1)
    n = 300
    cells = np.where(np.arange(n) < 240, rng.integers(0, 2, n), -1).astype(np.intp)
    people = People(
        scores=rng.uniform(10, 100, (n, 3)),
        covariates=rng.normal(size=(n, 2)),
        weights=np.ones(n),
        psu=(np.arange(n) // 10).astype(np.intp),
        cells=cells,
    )
    groups = [cells == 0, cells == -1]
    blocks = [[0], [1]]
    first = decompose_gaps(people, groups, blocks, SHARES, formula="weighted_ratios", psus=30)
    heavier = People(
        people.scores,
        people.covariates,
        np.where(cells < 0, 7.0, 1.0),
        people.psu,
        cells,
    )
    other = decompose_gaps(heavier, groups, blocks, SHARES, formula="weighted_ratios", psus=30)
    assert other.parts == approx(first.parts, abs=1e-12)
    outside = people.psu >= 24
    assert first.psu_totals[np.unique(people.psu[outside]), 0] == approx(0.0, abs=1e-12)


# -- refusals --------------------------------------------------------------------------------


def simple(covariates: np.ndarray) -> tuple[People, list[Any]]:
    n = len(covariates)
    cells = (np.arange(n) % 2).astype(np.intp)
    people = People(
        scores=np.linspace(10, 90, 3 * n).reshape(n, 3),
        covariates=covariates,
        weights=np.ones(n),
        psu=np.arange(n, dtype=np.intp),
        cells=cells,
    )
    return people, [cells == 0]


def test_columns_that_repeat_each_other_are_named() -> None:
    x = np.random.default_rng(2).normal(size=(40, 3))
    people, groups = simple(np.column_stack([x, x[:, 0] + x[:, 2]]))
    with pytest.raises(EstimationError, match="DI-E260") as caught:
        decompose_gaps(people, groups, [[0, 1, 2, 3]], SHARES, formula="weighted_ratios", psus=40)
    assert caught.value.params["columns"] == [0, 2, 3]


def test_a_column_that_does_not_vary_inside_the_cells_is_named() -> None:
    x = np.random.default_rng(2).normal(size=(40, 1))
    people, groups = simple(np.column_stack([x, np.arange(40) % 2]))
    with pytest.raises(EstimationError, match="DI-E260") as caught:
        decompose_gaps(people, groups, [[0], [1]], SHARES, formula="weighted_ratios", psus=40)
    assert caught.value.params["columns"] == [1]


@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-6])
def test_a_column_that_rounding_alone_moves_inside_the_cells_is_named(unit: float) -> None:
    rng = np.random.default_rng(3)
    n = 500
    cells = rng.integers(0, 7, n).astype(np.intp)
    of_the_cell = unit * np.array([0.1, 0.3, 0.7, 1.1, 2.2, 3.3, 1 / 3])[cells]
    people = People(
        scores=rng.uniform(10, 90, (n, 3)),
        covariates=np.column_stack([rng.normal(size=n), of_the_cell]),
        weights=rng.gamma(2.0, 1.0, n) + 0.01,
        psu=np.arange(n, dtype=np.intp),
        cells=cells,
    )
    with pytest.raises(EstimationError, match="DI-E260") as caught:
        decompose_gaps(people, [cells == 0], [[0], [1]], SHARES, formula="weighted_ratios", psus=n)
    assert caught.value.params["columns"] == [1]


def test_an_empty_group_is_refused() -> None:
    people, groups = simple(np.random.default_rng(2).normal(size=(40, 1)))
    with pytest.raises(EstimationError, match="DI-E261"):
        decompose_gaps(
            people,
            [*groups, np.zeros(40, dtype=bool)],
            [[0]],
            SHARES,
            formula="weighted_ratios",
            psus=40,
        )
