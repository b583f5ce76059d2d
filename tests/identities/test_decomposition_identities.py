"""What is true of the decomposition of every sample, whatever Hypothesis draws."""

from importlib import import_module
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.cells import Cell
from divide_index.decomposition import DecompositionResult, decompose_gap
from divide_index.inference.ratios import Formula
from divide_index.levels import relative_levels
from divide_index.schema import SurveySchema
from divide_index.schema.parts import Variable
from tests.examples import examples
from tests.samples import DIMENSIONS, Sample, as_polars, compositions

Floats = NDArray[np.float64]
Said = dict[tuple[str, str, str, str, str], Floats]

SHARES = np.array([0.2, 0.4, 0.4])
FACTORS = ("sex", "age", "education", "income", "occupation")
CODED = ("sex", "education", "occupation")
PARTITIONS = ("region", "area", "region*area")
FORMULAS: tuple[Formula, ...] = ("weighted_ratios", "ratio_of_composites")
any_formula = st.sampled_from(FORMULAS)

some = settings(max_examples=examples(4))
few = settings(max_examples=examples(3))  # where an example decomposes twice, or reads with pandas


def polars(frame: pd.DataFrame, schema: SurveySchema) -> Sample:
    """Return a sample in the faster library."""
    return Sample(as_polars(frame), schema)


def decomposed(sample: Sample, by: tuple[str, ...] = (), **options: Any) -> DecompositionResult:  # noqa: ANN401
    """Return a decomposition computed in Polars; that pandas gives the same is an identity too."""
    return decompose_gap(polars(sample.frame, sample.schema).scores, by, **options)


def said(result: DecompositionResult) -> Said:
    """Return value and error by domain, category, dimension, part and factor."""
    pairs = np.column_stack([result.estimate.values, result.estimate.std_errors])
    return {
        (row.cell.domain, row.cell.category, row.dimension, row.part, row.factor): pair
        for row, pair in zip(result.rows, pairs, strict=True)
    }


def totals(said_of: Said) -> Said:
    """Return the gap, what is explained of it, and the rest."""
    return {key: pair for key, pair in said_of.items() if key[4] == "total"}


def same(one: Said, other: Said, tolerance: float = 1e-10) -> None:
    """Assert that two decompositions say the same of the same parts, in whatever order."""
    assert set(one) == set(other)
    here, there = (np.array([each[key] for key in one]) for each in (one, other))
    assert here == near(there, tolerance)


def near(expected: Any, tolerance: float = 1e-10) -> Any:  # noqa: ANN401
    """Compare index points and their errors."""
    return pytest.approx(expected, rel=1e-9, abs=tolerance)


def complete(frame: pd.DataFrame, without: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return the records with every score and every factor, but some."""
    needed = [*DIMENSIONS, *(name for name in FACTORS if name not in without)]
    return frame[frame[needed].notna().all(axis=1)]


def general(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the records of the reference."""
    return frame[frame["sample"] == "general"]


def outside(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the records of the sample of farmers."""
    return frame[frame["sample"] == "farmers"]


def means(frame: pd.DataFrame, columns: tuple[str, ...] = DIMENSIONS) -> Floats:
    """Return weighted means."""
    return np.average(frame[[*columns]].to_numpy(float), axis=0, weights=frame["weight"])


def points(reference: pd.DataFrame, formula: Formula) -> Floats:
    """Return index points per point of each score."""
    mean = means(reference)
    return 100 * SHARES / (mean if formula == "weighted_ratios" else SHARES @ mean)


# -- sums ----------------------------------------------------------------------------------------


@given(compositions(), any_formula)
@some
def test_parts_sum_to_the_level_of_complete_cases_minus_one_hundred(
    sample: Sample, formula: Formula
) -> None:
    result = decomposed(sample, PARTITIONS, formula=formula)
    cases = complete(sample.frame)
    scale = points(general(cases), formula)
    values = {key: float(pair[0]) for key, pair in said(result).items()}
    nation = general(cases)
    own = {
        ("group", "rural"): nation[nation["area"] == "R"],
        ("group", "older"): nation[nation["age"] >= 65],
        # Occupation is none of the farmers' factors: they need not have said it
        ("group", "farmers"): outside(complete(sample.frame, ("occupation",))),
        ("region", "2"): nation[nation["region"] == 2],
        ("region*area", "3*U"): nation[(nation["region"] == 3) & (nation["area"] == "U")],
    }
    for cell, members in own.items():
        gap = scale * (means(members) - means(nation))
        whole = dict(zip((*DIMENSIONS, "overall"), (*gap, gap.sum()), strict=True))
        for dimension, expected in whole.items():
            parts = {
                key[3:]: value for key, value in values.items() if key[:3] == (*cell, dimension)
            }
            assert parts["gap", "total"] == near(expected)
            explained = parts["explained", "total"]
            assert explained + parts["unexplained", "total"] == near(expected)
            named = [
                v for (part, name), v in parts.items() if part == "explained" and name != "total"
            ]
            assert sum(named) == near(explained)
    for key, value in values.items():
        if key[2] == "overall":
            parts = [values[*key[:2], dimension, *key[3:]] for dimension in DIMENSIONS]
            assert sum(parts) == near(value)


@given(compositions(), any_formula)
@some
def test_over_the_cells_of_a_partition_every_part_averages_to_nothing(
    sample: Sample, formula: Formula
) -> None:
    result = decomposed(sample, PARTITIONS, formula=formula)
    cases = general(complete(sample.frame))
    weights = cases.groupby([cases["region"].astype(str), cases["area"]])["weight"].sum()
    crossed = {(str(r), str(u)): float(w) for (r, u), w in weights.items()}  # pyright: ignore[reportGeneralTypeIssues]
    sizes: dict[tuple[str, str], float] = {}
    for (region, area), weight in crossed.items():
        for cell in (("region", region), ("area", area), ("region*area", f"{region}*{area}")):
            sizes[cell] = sizes.get(cell, 0.0) + weight / sum(crossed.values())
    averages: dict[tuple[str, ...], float] = {}
    for (domain, category, *rest), pair in said(result).items():
        is_split = rest[2] in {"region", "area", "interaction"}
        if domain in PARTITIONS and not is_split:
            share = sizes[domain, category] * float(pair[0])
            averages[domain, *rest] = averages.get((domain, *rest), 0.0) + share
    assert len(averages) == 3 * 4 * 8
    assert [*averages.values()] == near([0.0] * len(averages))


@given(compositions())
@some
def test_the_rest_of_a_cross_is_that_of_each_domain_and_of_their_interaction(
    sample: Sample,
) -> None:
    result = decomposed(sample, PARTITIONS)
    rows = {
        (row.cell.category, row.dimension, row.part, row.factor): k
        for k, row in enumerate(result.rows)
    }
    values = result.estimate.values
    for crossed in (cell for cell in result.cells if cell.domain == "region*area"):
        region, area = (code for _, code in crossed.codes)
        for dimension in (*DIMENSIONS, "overall"):
            own = [
                rows[crossed.category, dimension, "unexplained", n]
                for n in ("total", "interaction")
            ]
            of = [rows[code, dimension, "unexplained", "total"] for code in (region, area)]
            named = [
                rows[crossed.category, dimension, "unexplained", n] for n in ("region", "area")
            ]
            assert values[named] == near(values[of])
            assert values[own[1]] == near(values[own[0]] - values[of].sum())
            # The interaction's error is that of the difference, covariances and all
            signs = np.zeros((1, values.size))
            signs[0, [own[0], *of]] = 1.0, -1.0, -1.0
            expected = result.estimate.contrast(signs, ("interaction",)).std_errors
            assert result.estimate.std_errors[[own[1]]] == near(expected, 1e-8)


@given(compositions(), any_formula)
@some
def test_the_path_goes_from_the_gap_to_the_rest(sample: Sample, formula: Formula) -> None:
    nested = [["income"], ["education", "sex"], ["occupation"], ["age"]]
    result = decomposed(sample, ("region",), formula=formula, nested=nested)
    parts = said(result)
    ends = {0: "gap", 4: "unexplained"}
    found = [row for row in result.path_frame().to_dict("records") if row["step"] in ends]
    assert len(found) == 2 * 4 * len(result.cells)
    for row in found:
        key = (row["domain"], row["category"], row["dimension"], ends[row["step"]], "total")
        assert [row["contribution"], row["std_error"]] == near([*parts[key]], 1e-9)


# -- two roads -----------------------------------------------------------------------------------


def regressed(y: Floats, x: Floats, weights: Floats) -> Floats:
    """Return weighted regression coefficients of ``x`` with a constant first, by statsmodels."""
    models: Any = import_module("statsmodels.regression.linear_model")
    constant = np.column_stack([np.ones(len(x)), x])
    return np.asarray(models.WLS(y, constant, weights=weights).fit().params, dtype=np.float64)


def dummies(cases: pd.DataFrame) -> dict[str, Floats]:
    """Return columns of each factor, made by pandas."""
    bands = pd.cut(cases["age"], [0, 39, 64, 200], labels=["young", "middle", "old"])
    coded = {name: cases[name].astype(str) for name in CODED} | {"age": bands}
    columns = {
        name: pd.get_dummies(each, drop_first=True).to_numpy(float) for name, each in coded.items()
    }
    return columns | {"income": cases[["income"]].to_numpy(float)}


@given(compositions(), any_formula)
@few
def test_two_groups_have_the_parts_of_gelbach_and_of_a_pooled_oaxaca(
    sample: Sample, formula: Formula
) -> None:
    result = decomposed(sample, ("area",), groups=None, formula=formula, cells=["area"])
    cases = general(complete(sample.frame))
    w, y = cases["weight"].to_numpy(), cases[[*DIMENSIONS]].to_numpy(float)
    rural: Floats = (cases["area"] == "R").to_numpy().astype(np.float64)
    columns = dummies(cases)
    x = np.column_stack([columns[name] for name in FACTORS])
    owner = np.repeat(FACTORS, [columns[name].shape[1] for name in FACTORS])
    share = w @ rural / w.sum()
    scale = points(cases, formula)
    parts = said(result)
    inside, others = rural > 0, rural == 0
    mean = [np.average(x[who], axis=0, weights=w[who]) for who in (inside, others)]
    for d, dimension in enumerate(DIMENSIONS):
        base = regressed(y[:, d], rural[:, None], w)[1]
        full = regressed(y[:, d], np.column_stack([rural, x]), w)
        moved = [regressed(x[:, k], rural[:, None], w)[1] * full[2 + k] for k in range(x.shape[1])]
        here = {
            key[3:]: pair[0] for key, pair in parts.items() if key[:3] == ("area", "R", dimension)
        }
        for name in FACTORS:
            gelbach = sum(each for each, of in zip(moved, owner, strict=True) if of == name)
            pooled = ((mean[0] - mean[1]) * full[2:])[owner == name].sum()
            expected = scale[d] * (1 - share)
            assert here["explained", name] == near(expected * gelbach, 1e-9)
            assert here["explained", name] == near(expected * pooled, 1e-9)
        assert here["unexplained", "total"] == near(scale[d] * (1 - share) * full[1], 1e-9)
        assert here["gap", "total"] == near(scale[d] * (1 - share) * base, 1e-9)
        for key, value in here.items():  # and the others have what balances it
            there = parts["area", "U", dimension, *key][0]
            assert share * value == near(-(1 - share) * there, 1e-9)


@given(compositions(), any_formula)
@few
def test_a_single_factor_without_cells_is_an_indirect_standardisation(
    sample: Sample, formula: Formula
) -> None:
    """Kitagawa's two parts: the reference's own rates at the group's mix, and the rates' rest."""
    needed = [*DIMENSIONS, "education"]
    cases = sample.frame[sample.frame[needed].notna().all(axis=1)]
    nation, scale = general(cases), points(general(cases), formula)
    rates = np.stack([means(nation[nation["education"] == code]) for code in (1, 2, 3)])
    result = decomposed(sample, ("region",), factors=["education"], cells=[], formula=formula)
    parts = said(result)
    groups = {
        ("group", "farmers"): outside(cases),
        ("group", "rural"): nation[nation["area"] == "R"],
        ("region", "1"): nation[nation["region"] == 1],
    }
    for cell, members in groups.items():
        weights = [members.loc[members["education"] == code, "weight"].sum() for code in (1, 2, 3)]
        expected = np.array(weights) / members["weight"].sum() @ rates
        explained, rest = scale * (expected - means(nation)), scale * (means(members) - expected)
        for d, dimension in enumerate(DIMENSIONS):
            assert parts[*cell, dimension, "explained", "education"][0] == near(explained[d])
            assert parts[*cell, dimension, "unexplained", "total"][0] == near(rest[d])


@given(compositions(blanks=False))
@few
def test_an_interaction_explains_what_one_factor_of_all_combinations_does(sample: Sample) -> None:
    codes = {f"{sex}{education}": None for sex in (1, 2) for education in (1, 2, 3)}
    both = Variable(type="code", codes=codes)  # pyright: ignore[reportArgumentType]
    variables = sample.schema.variables | {"both": both}
    schema = sample.schema.model_copy(update={"variables": variables})
    frame = sample.frame
    frame = frame.assign(both=frame["sex"].astype(str) + frame["education"].astype(str))
    one = said(decomposed(sample, ("region",), factors="sex * education"))
    other = said(decomposed(Sample(frame, schema), ("region",), factors=["both"]))
    same(totals(one), totals(other), 1e-9)


@given(compositions(), any_formula)
@few
def test_levels_beside_the_parts_are_those_of_the_levels(sample: Sample, formula: Formula) -> None:
    scores = polars(sample.frame, sample.schema).scores
    result = decompose_gap(scores, PARTITIONS, formula=formula)
    levels = relative_levels(scores, PARTITIONS, formula=formula)
    values, errors = (e.reshape(-1, 3) for e in (result.levels.values, result.levels.std_errors))
    for index, cell in enumerate(result.cells):
        row = levels.row(cell.domain, cell.category)
        assert values[index, 0] == near(levels.estimate.values[row])
        assert errors[index, 0] == near(levels.std_errors[row], 1e-9)


@given(compositions(blanks=False), any_formula)
@few
def test_with_complete_data_the_gap_is_the_level_and_so_is_its_error(
    sample: Sample, formula: Formula
) -> None:
    scores = polars(sample.frame, sample.schema).scores
    result = decompose_gap(scores, PARTITIONS, formula=formula)
    levels = relative_levels(scores, PARTITIONS, formula=formula, cases="complete")
    for cell in result.cells:
        gap, row = result.row(cell, "gap"), levels.row(cell.domain, cell.category)
        assert 100 + result.estimate.values[gap] == near(levels.estimate.values[row])
        assert result.estimate.std_errors[gap] == near(levels.std_errors[row], 1e-9)
        assert result.estimate.degrees_of_freedom[gap] == levels.degrees_of_freedom[row]
    assert result.levels.values.reshape(-1, 3)[:, 2] == near(np.zeros(len(result.cells)))
    assert result.basis_frame()["share_lost"].to_numpy() == near(np.zeros(len(result.cells)))


# -- what must not matter ----------------------------------------------------------------------


@given(compositions(), st.sampled_from((1e-6, 0.37, 1e6)), st.randoms(use_true_random=False))
@few
def test_neither_the_order_of_records_nor_the_size_of_weights_matters(
    sample: Sample, factor: float, random: Random
) -> None:
    rows, columns = [*sample.frame.index], [*sample.frame.columns]
    random.shuffle(rows)
    random.shuffle(columns)
    turned = sample.frame.loc[rows, columns].assign(weight=lambda x: x["weight"] * factor)
    one, two = (said(decomposed(each, PARTITIONS)) for each in (sample, sample.changed(turned)))
    same(one, two, 1e-9)


def ordered(schema: SurveySchema, order: dict[str, list[Any]]) -> SurveySchema:
    """Return a schema that names the codes of some variables in another order."""
    variables = {
        name: variable.model_copy(
            update={"codes": {code: variable.codes[code] for code in order[name]}}
        )
        if name in order
        else variable
        for name, variable in schema.variables.items()
    }
    return schema.model_copy(update={"variables": variables})


orders = st.fixed_dictionaries(
    {
        "sex": st.permutations([1, 2]),
        "education": st.permutations([1, 2, 3]),
        "occupation": st.permutations(["farm", "office", "service", "none"]),
    }
)


@given(compositions(), orders)
@few
def test_no_base_category_moves_a_factor(sample: Sample, order: dict[str, list[Any]]) -> None:
    other = Sample(sample.frame, ordered(sample.schema, order))
    one, two = decomposed(sample, ("region",)), decomposed(other, ("region",))
    same(said(one), said(two), 1e-9)
    path, turned = (each.path_frame()[["contribution", "std_error"]] for each in (one, two))
    assert path.to_numpy() == near(turned.to_numpy(), 1e-9)


@given(compositions(), orders)
@few
def test_no_base_category_moves_what_a_formula_explains(
    sample: Sample, order: dict[str, list[Any]]
) -> None:
    formula = "sex * education + occupation:income"
    other = Sample(sample.frame, ordered(sample.schema, order))
    one, two = (said(decomposed(e, groups="rural", factors=formula)) for e in (sample, other))
    same(totals(one), totals(two), 1e-9)


@given(compositions(), st.permutations([1, 2, 3]), st.permutations([1, 2, 3]))
@few
def test_codes_are_only_names(sample: Sample, regions: list[int], schooling: list[int]) -> None:
    region, education = (dict(zip((1, 2, 3), to, strict=True)) for to in (regions, schooling))
    frame = sample.frame.assign(
        region=sample.frame["region"].map(region),
        education=sample.frame["education"].map(education),
    )
    names = {str(old): str(new) for old, new in region.items()}
    renamed: Said = {
        (key[0], names[key[1]] if key[0] == "region" else key[1], *key[2:]): pair
        for key, pair in said(decomposed(sample, ("region",))).items()
    }
    same(renamed, said(decomposed(sample.changed(frame), ("region",))), 1e-9)


@given(compositions(), st.sampled_from((1e-3, 50.0)), st.integers(0, 2**32 - 1))
@few
def test_a_sample_outside_the_reference_moves_nothing_of_the_others(
    sample: Sample, factor: float, seed: int
) -> None:
    """Neither its weights nor its answers: slopes are the reference's own."""
    rng, frame = np.random.default_rng(seed), sample.frame.copy()
    farmers = frame["sample"] == "farmers"
    size = int(farmers.sum())
    frame.loc[farmers, "weight"] *= factor
    frame.loc[farmers, "income"] = rng.uniform(0, 900, size)
    frame.loc[farmers, "education"] = rng.integers(1, 4, size)
    frame.loc[farmers, "usage"] = rng.integers(0, 100, size).astype(float)
    one, two = (said(decomposed(each, PARTITIONS)) for each in (sample, sample.changed(frame)))
    others = [key for key in one if key[1] != "farmers"]
    same({key: one[key] for key in others}, {key: two[key] for key in others})
    gap = ("group", "farmers", "overall", "gap", "total")
    assert np.abs(one[gap] - two[gap]).max() > 1e-3


@given(compositions(), st.sampled_from(("scale", "shift")))
@few
def test_the_unit_of_a_number_does_not_matter(sample: Sample, change: str) -> None:
    income = sample.frame["income"]
    other = income * 100 if change == "scale" else income + 500
    turned = sample.changed(sample.frame.assign(income=other))
    same(said(decomposed(sample)), said(decomposed(turned)), 1e-8)


@pytest.mark.engine
@given(compositions(), any_formula)
@few
def test_pandas_and_polars_give_the_same(sample: Sample, formula: Formula) -> None:
    options: dict[str, Any] = {"formula": formula, "factors": "sex + age * education + log(income)"}
    pandas = decompose_gap(sample.scores, PARTITIONS, **options)
    other = decomposed(sample, PARTITIONS, **options)
    same(said(pandas), said(other))
    assert [*map(str, pandas.findings)] == [*map(str, other.findings)]
    pd.testing.assert_frame_equal(pandas.missing_frame(), other.missing_frame())


@given(compositions())
@few
def test_a_difference_of_groups_is_theirs_with_its_covariance(sample: Sample) -> None:
    result = decomposed(sample, ("region",))
    farmers, region = Cell("group", "farmers"), Cell("region", "2")
    for part in ("gap", "explained", "unexplained"):
        rows = [result.row(cell, part) for cell in (farmers, region)]
        found = result.difference((farmers, region), part)
        first, second = result.estimate.values[rows]
        v = result.estimate.covariance[np.ix_(rows, rows)]
        assert found.values == near([first - second])
        assert found.std_errors == near([np.sqrt(v[0, 0] + v[1, 1] - 2 * v[0, 1])], 1e-8)
        turned = result.difference((region, farmers), part)
        assert turned.values == near(-found.values)
        itself = result.difference((region, region), part)
        assert [*itself.values, *itself.std_errors] == near([0.0, 0.0])
