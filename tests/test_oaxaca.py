"""The decomposition of a difference of two means, as arrays."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.design import Design
from divide_index.inference.oaxaca import (
    EVERY_SLOPES,
    PartsCovariance,
    Sample,
    Slopes,
    TwoGroups,
    analytic_covariance,
    every_twofold,
    threefold,
    twofold,
)
from divide_index.inference.regression import Respondents, fit_regressions
from tests.examples import examples

approx = pytest.approx
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Groups = tuple[Sample, Mask, Mask]
REFERENCE = Path(__file__).parent / "reference"


def sample_of(frame: pd.DataFrame, score: str, columns: list[str]) -> Sample:
    """Return persons who are their own PSUs, with the constant first."""
    n = len(frame)
    covariates = np.column_stack([np.ones(n), frame[columns].to_numpy(float)])
    scores = frame[score].to_numpy(float)
    return Sample(scores, covariates, np.ones(n), np.arange(n, dtype=np.intp), n)


def std_errors(parts: TwoGroups, design: Design) -> Floats:
    """Return the standard errors of the parts over all columns."""
    return np.sqrt(np.diag(design.covariance(parts.psu_totals.sum(axis=2))))


def column_errors(parts: TwoGroups, design: Design) -> Floats:
    """Return the standard errors of every column of every part, and over all columns last."""
    psus, count, columns = parts.psu_totals.shape
    flat = design.covariance(parts.psu_totals.reshape(psus, -1))
    of_columns = np.sqrt(np.diag(flat)).reshape(count, columns)
    return np.column_stack([of_columns, std_errors(parts, design)])


def analytic_errors(covariance: PartsCovariance) -> Floats:
    """Return the same of a covariance without a design."""
    of_columns = np.sqrt(np.einsum("fkfk->fk", covariance.parts))
    return np.column_stack([of_columns, np.sqrt(np.diag(covariance.totals))])


def one_stratum(psus: int) -> Design:
    return Design.of_psus(np.zeros(psus, dtype=np.intp), ("all",))


@pytest.fixture(scope="module")
def known(shared: Path) -> dict[str, Any]:
    return json.loads((shared / "reference" / "decomposition.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def workers(shared: Path) -> pd.DataFrame:
    """Those of the Swiss Labour Market Survey 1998 who have a wage, with dummies of their work."""
    frame = pd.read_stata(shared / "data" / "oaxaca_jann.dta").dropna(subset=["lnwage"])
    kinds = {f"isco{kind}": (frame["isco"] == kind).astype(float) for kind in range(1, 10)}
    return frame.assign(**kinds).reset_index(drop=True)


@pytest.fixture(scope="module")
def swiss(workers: pd.DataFrame) -> Groups:
    female = workers["female"].to_numpy() == 1
    return sample_of(workers, "lnwage", ["educ", "exper", "tenure"]), ~female, female


@pytest.fixture(scope="module")
def chicago(shared: Path) -> Groups:
    """The vignette of R oaxaca: natives and foreign born, wages in dollars."""
    frame = pd.read_csv(shared / "data" / "oaxaca_chicago.csv").dropna().reset_index(drop=True)
    frame["wage"] = np.exp(frame["ln.real.wage"])
    columns = ["age", "female", "LTHS", "some.college", "college", "advanced.degree"]
    foreign = frame["foreign.born"].to_numpy() == 1
    return sample_of(frame, "wage", columns), ~foreign, foreign


COLUMNS = ("const", "educ", "exper", "tenure")


def table(expected: dict[str, Any], names: tuple[str, ...], columns: tuple[str, ...]) -> Floats:
    """Return what a reference says of its parts, one row for each, in the order of columns."""
    return np.array([[expected[name][column] for column in columns] for name in names])


@pytest.mark.real_data
def test_the_swiss_threefold_is_that_of_the_reference(swiss: Groups, known: dict[str, Any]) -> None:
    """Every column's part, and its errors by influence and by Jann's formula.

    The influences of all n persons of both groups have mean zero, and the reference is
    ``n / (n - 1) Σ z²``: the design of one stratum in which every person is a PSU.
    """
    expected = known["jann_swiss1998"]
    found = threefold(*swiss)
    names = ("endow", "coef", "inter")
    errors = tuple(f"se_{name}" for name in names)
    every = (*COLUMNS, "TOTAL")
    values = np.column_stack([found.parts, found.totals])
    assert found.difference == approx(expected["differential"]["gap"], abs=1e-10)
    assert values == approx(table(expected["analytic_jann_threefold"], names, every), abs=1e-10)
    influence = table(expected["IF_threefold"], errors, every)
    assert column_errors(found, one_stratum(swiss[0].psus)) == approx(influence, abs=1e-10)
    analytic = analytic_covariance(*swiss)
    wanted = table(expected["analytic_jann_threefold"], errors, every)
    assert analytic.names == found.names
    assert analytic_errors(analytic) == approx(wanted, abs=1e-10)
    assert np.sqrt(analytic.difference) == approx(expected["differential"]["se_gap"], abs=1e-10)
    assert np.sqrt(analytic.difference) == approx(0.0279880, abs=5e-8)  # as published


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
    swiss: Groups, known: dict[str, Any], slopes: Slopes, key: str
) -> None:
    """Errors by influence as in the threefold; analytic ones where the reference has them."""
    expected = known["jann_swiss1998"][key]
    found = twofold(*swiss, slopes)
    every = (*COLUMNS, "TOTAL")
    values = np.column_stack([found.parts, found.totals])
    errors = table(expected, ("se_expl", "se_unex"), every)
    assert values == approx(table(expected, ("expl", "unex"), every), abs=1e-10)
    if key.startswith("IF"):
        assert column_errors(found, one_stratum(swiss[0].psus)) == approx(errors, abs=1e-10)
    else:
        analytic = analytic_covariance(*swiss, slopes)
        assert analytic_errors(analytic) == approx(errors, abs=1e-10)
        assert np.sqrt(analytic.difference) == approx(0.0279880, abs=5e-8)


@pytest.mark.real_data
def test_normalised_swiss_factors_are_those_of_the_reference(
    workers: pd.DataFrame, known: dict[str, Any]
) -> None:
    """Nine kinds of work and three family states: every category has a part, the bases last."""
    expected = known["jann_swiss1998"]["normalized_isco_and_family_threefold"]
    work = [f"isco{kind}" for kind in range(2, 10)]
    columns = ["educ", "exper", "tenure", *work, "married", "divorced"]
    sample = sample_of(workers, "lnwage", columns)
    female = workers["female"].to_numpy() == 1
    factors = [[4, 5, 6, 7, 8, 9, 10, 11], [12, 13]]
    found = threefold(sample, ~female, female, normalised=factors)
    every = ("const", *columns, "isco1", "single", "TOTAL")
    names = ("endow", "coef", "inter")
    values = np.column_stack([found.parts, found.totals])
    assert values == approx(table(expected, names, every), abs=1e-10)
    analytic = analytic_covariance(sample, ~female, female, normalised=factors)
    errors = table(expected, tuple(f"se_{name}" for name in names), every)
    assert analytic_errors(analytic) == approx(errors, abs=1e-10)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("key", "slopes", "normalised"),
    [
        ("male_coefs_women_minus_men", 0.0, False),
        ("female_coefs", 0.0, False),
        ("normalized", 0.0, True),
    ],
)
def test_nlys00_is_that_of_ddecompose(
    shared: Path, known: dict[str, Any], key: str, slopes: float, *, normalised: bool
) -> None:
    """R `ddecompose` 1.0.0, terms and errors.

    Its errors are analytic with the product of the variances of means and slopes. Normalised, it
    has none for the total and for categories whose names R changes (`BA or equiv. degree`, …):
    those are not compared.
    """
    expected = known["nlys00_ddecompose"][key]
    frame = pd.read_csv(shared / "data" / "nlys00.csv")
    frame["lnwage"] = np.log(frame["wage"])
    terms = {term["Variable"]: term for term in expected["terms"]}
    errors = {term["Variable"]: term for term in expected["vcov_se"]}
    factors = ("region", "education", "industry")
    dummies = {f"{f}{code}": frame[f] == code for f in factors for code in frame[f].unique()}
    bases = {
        "region": "regionEast",
        "education": "education10-12 yrs (no diploma or GED)",
        "industry": "industryPrimary, Constr., Utilities",
    }
    names = [name for name in terms if name not in {"Total", "(Intercept)", *bases.values()}]
    frame = frame.assign(**{name: column.astype(float) for name, column in dummies.items()})
    sample = sample_of(frame, "lnwage", names)
    blocks = [[names.index(n) + 1 for n in names if n.startswith(factor)] for factor in factors]
    chosen = blocks if normalised else []
    women = frame["female"].to_numpy() == "yes"
    groups = (~women, women) if key == "female_coefs" else (women, ~women)
    found = twofold(sample, *groups, slopes, normalised=chosen)
    every = ["(Intercept)", *names, *(bases.values() if normalised else ())]
    values = np.column_stack([found.parts, found.totals])
    columns = ("Composition_effect", "Structure_effect")
    wanted = np.array([[terms[name][c] for name in (*every, "Total")] for c in columns])
    assert values == approx(wanted, abs=1e-8)
    analytic = analytic_covariance(sample, *groups, slopes, normalised=chosen, second_order=True)
    known_errors = np.array(
        [[errors[name][c] for name in (*every, "Total")] for c in columns], dtype=float
    )
    compared = ~np.isnan(known_errors)
    assert (~compared).sum() == (12 if normalised else 0)
    assert analytic_errors(analytic)[compared] == approx(known_errors[compared], abs=1e-8)
    of_columns = np.einsum("fkgk->k", analytic.parts)
    observed = np.sqrt(np.append(of_columns, analytic.difference))
    differences = [errors[name]["Observed_difference"] for name in (*every, "Total")]
    there = np.array(differences, dtype=float)
    assert observed[~np.isnan(there)] == approx(there[~np.isnan(there)], abs=1e-8)


@pytest.mark.real_data
def test_chicago_is_that_of_the_vignette(chicago: Groups, known: dict[str, Any]) -> None:
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


def of_r_oaxaca(known: dict[str, Any], names: tuple[str, ...]) -> Floats:
    """Return the named coefficients of a table that R oaxaca wrote, one row for each."""
    places = [known["cols"].index(f"coef({name})") for name in names]
    return np.array(known["m"])[:, places].T


# The weight of a group's slopes by which R oaxaca calls its tables, beside Cotton's share.
R_WEIGHTS: dict[float, Slopes] = {0.0: 0.0, 1.0: 1.0, 0.5: 0.5, -1.0: "neumark", -2.0: "pooled"}


@pytest.mark.real_data
@pytest.mark.parametrize("run", ["chicago_vignette", "chicago_lnwage_plain_R"])
def test_every_column_of_chicago_is_that_of_r_oaxaca(
    chicago: Groups, known: dict[str, Any], run: str
) -> None:
    """Wages with normalised education, whose base is the last row; log wages without.

    Not used: the detail of pooled slopes (-2) with dummies, which R oaxaca has wrong (its base
    has the part zero, and the columns do not add up to its own total).
    """
    expected, (sample, first, second) = known[run], chicago
    is_normalised = run == "chicago_vignette"
    normalised = [[3, 4, 5, 6]] if is_normalised else []
    if is_normalised:
        expected = expected["R_run_full_precision"]
    else:
        scores = np.log(sample.scores)
        sample = Sample(scores, sample.covariates, sample.weights, sample.psu, sample.psus)
    groups = (sample, first, second)
    found = threefold(*groups, normalised=normalised)
    assert found.parts == approx(of_r_oaxaca(expected["threefold_vars"], found.names), abs=1e-8)
    every = every_twofold(*groups, normalised=normalised)
    seen: list[Slopes] = []
    for known_parts in expected["twofold_vars"]:
        slopes = R_WEIGHTS.get(known_parts["m"][0][0], "cotton")
        if not (is_normalised and slopes == "pooled"):
            seen.append(slopes)
            parts = every[slopes]
            assert parts.parts == approx(of_r_oaxaca(known_parts, parts.names), abs=1e-8)
    assert len(set(seen)) == (5 if is_normalised else 6)


class Areas(NamedTuple):
    """A survey's persons, who is urban and who is rural, and their design."""

    sample: Sample
    urban: Mask
    rural: Mask
    design: Design


@pytest.fixture(scope="module")
def areas(shared: Path) -> Areas:
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
    return Areas(sample, ~rural, rural, design)


@pytest.mark.real_data
def test_threefold_on_a_design_has_the_errors_of_the_reference(
    areas: Areas, known: dict[str, Any]
) -> None:
    """Taylor errors with the covariance of means and slopes, on strata and PSUs."""
    expected = known["svy_synth15k"]
    found = threefold(areas.sample, areas.urban, areas.rural)
    errors = std_errors(found, areas.design)
    assert errors == approx(np.array(expected["taylor_threefold_se"]), abs=1e-8)
    gap = areas.design.covariance(found.psu_totals.sum(axis=(1, 2))[:, None])[0, 0]
    assert [found.difference, np.sqrt(gap)] == approx(expected["gap"], abs=1e-8)


@pytest.mark.real_data
def test_errors_by_influence_are_those_of_the_jackknife(
    areas: Areas, known: dict[str, Any]
) -> None:
    """Within 1 %, as R's 600 replicates centre at their mean; no part is smaller than its error."""
    expected = known["svy_synth15k"]["jk"]
    groups = (areas.sample, areas.urban, areas.rural)
    every = [threefold(*groups), twofold(*groups, 1.0), twofold(*groups, "pooled")]
    values = np.concatenate([parts.totals for parts in every])[:6]
    errors = np.concatenate([std_errors(parts, areas.design) for parts in every])[:6]
    names = ["endow", "coef", "inter", "expl_w1", "unex_w1", "expl_pool"]
    assert expected["names"][:6] == names
    assert values == approx(np.array(expected["est"][:6]), abs=1e-8)
    assert (np.abs(values) > errors).all()
    assert errors == approx(np.array(expected["se"][:6]), rel=0.01)


@pytest.mark.parametrize("slopes", ["cotton", "neumark", "pooled"])
def test_errors_without_a_design_are_those_of_r_at_common_slopes(slopes: Slopes) -> None:
    """`lm` of each group, and common slopes as R's own regressions weigh them: 1e-9 relative."""
    known = json.loads((REFERENCE / "small_regression.json").read_text("utf-8"))["two_groups"]
    frame = pd.read_csv(REFERENCE / "small.csv")
    frame = frame[(frame["sample"] == "general") & frame["usage"].notna()].reset_index(drop=True)
    for low, high in ((34, 49), (49, 64), (64, 200)):
        frame[f"over {low}"] = ((frame["age"] > low) & (frame["age"] <= high)).astype(float)
    columns = ["age", "farm", "over 34", "over 49", "over 64"]
    rural = frame["area"].to_numpy() == "R"
    groups = (sample_of(frame, "usage", columns), rural, ~rural)
    expected = known[slopes]
    found = twofold(*groups, slopes)
    wanted = np.array([expected["explained"], expected["unexplained"]])
    assert found.parts == approx(wanted, rel=1e-9, abs=1e-9)
    covariance = analytic_covariance(*groups, slopes)
    by_column = np.array([expected["se_explained"], expected["se_unexplained"]])
    errors = np.column_stack([by_column, expected["se_totals"]])
    assert analytic_errors(covariance) == approx(errors, rel=1e-9)
    assert covariance.totals[0, 1] == approx(expected["covariance_of_totals"], rel=1e-9)


# -- identities ------------------------------------------------------------------------------


def drawn(seed: int) -> Groups:
    rng = np.random.default_rng(seed)
    n = 120
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 2)), rng.integers(0, 2, n).astype(float)])
    first = rng.permutation(n) < n // 2
    weights = rng.gamma(2.0, 1.0, n) + 0.05
    psu = rng.permutation(n) // 6
    return Sample(rng.normal(size=n) + x[:, 1], x, weights, psu.astype(np.intp), 20), first, ~first


WAYS = st.one_of(st.floats(0, 1), st.sampled_from(("cotton", "neumark", "pooled")))


@given(st.integers(0, 2**32 - 1), WAYS)
@settings(max_examples=examples(60))
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
@settings(max_examples=examples(30))
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


def alike(seed: int) -> Groups:
    """Return persons of equal weight, each a PSU, with a factor of three categories."""
    rng = np.random.default_rng(seed)
    n = 90
    category = np.concatenate([np.arange(6) % 3, rng.integers(0, 3, n - 6)])
    dummies = [(category == code).astype(float) for code in (1, 2)]
    x = np.column_stack([np.ones(n), rng.normal(size=n), *dummies])
    first = np.arange(n) % 2 == 0
    scores = rng.normal(size=n) + x @ np.array([1, 0.5, -1, 1])
    return Sample(scores, x, np.full(n, 7.0), np.arange(n, dtype=np.intp), n), first, ~first


@given(st.integers(0, 2**32 - 1), st.sampled_from((1, 2)))
@settings(max_examples=examples(30))
def test_no_base_category_moves_a_normalised_factor(seed: int, base: int) -> None:
    """Nor does normalising move a total, or what the whole factor explains."""
    sample, first, second = alike(seed)
    weights = np.random.default_rng(seed).gamma(2.0, 1.0, sample.weights.size) + 0.05
    x = sample.covariates.copy()
    x[:, 1 + base] = 1 - x[:, 2] - x[:, 3]  # the base's column becomes that of the old base
    once_more = (sample.covariates, sample.covariates, x)
    samples = [Sample(sample.scores, each, weights, sample.psu, 90) for each in once_more]
    turn = [0, 1, 2, 3, 4]
    turn[1 + base], turn[4] = 4, 1 + base
    plain, normal, turned = (
        [
            threefold(who, first, second, normalised=factors),
            *every_twofold(who, first, second, normalised=factors).values(),
        ]
        for who, factors in zip(samples, ([], [[2, 3]], [[2, 3]]), strict=True)
    )
    for before, once, again in zip(plain, normal, turned, strict=True):
        assert again.parts[:, turn] == approx(once.parts, abs=1e-9)
        assert again.psu_totals[:, :, turn] == approx(once.psu_totals, abs=1e-9)
        assert once.totals == approx(before.totals, abs=1e-9)
        assert once.psu_totals.sum(axis=2) == approx(before.psu_totals.sum(axis=2), abs=1e-9)
        assert once.parts[0, 2:].sum() == approx(before.parts[0, 2:].sum(), abs=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=examples(30))
def test_every_twofold_is_each_of_them(seed: int) -> None:
    groups = drawn(seed)
    every = every_twofold(*groups)
    assert tuple(every) == EVERY_SLOPES
    for slopes, found in every.items():
        alone = twofold(*groups, slopes)
        assert found.parts.tolist() == alone.parts.tolist()
        assert found.psu_totals.tolist() == alone.psu_totals.tolist()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=examples(20))
def test_what_pooled_slopes_leave_is_the_effect_of_the_group(seed: int) -> None:
    """Jann 2008, Fortin 2008: its coefficient in one regression, and that coefficient's error."""
    sample, first, second = drawn(seed)
    found = twofold(sample, first, second, "pooled")
    x = np.column_stack([sample.covariates, first.astype(float)])
    people = Respondents(sample.scores[:, None], x, sample.weights, sample.psu)
    [regression] = fit_regressions(people, [], one_stratum(sample.psus))
    assert found.totals[1] == approx(regression.coefficients[-1], abs=1e-9)
    assert found.psu_totals[:, 1].sum(axis=1) == approx(regression.psu_totals[:, -1], abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=examples(20))
def test_the_difference_has_one_analytic_error_however_it_is_divided(
    seed: int, second_order: bool
) -> None:
    groups = alike(seed)
    for normalised in ([], [[2, 3]]):
        found = [
            analytic_covariance(*groups, way, normalised=normalised, second_order=second_order)
            for way in (None, *EVERY_SLOPES)
        ]
        for each in found:
            assert each.difference == approx(found[0].difference, rel=1e-9)
            size = each.parts.shape[0] * each.parts.shape[1]
            matrix = each.parts.reshape(size, size)
            assert matrix == approx(matrix.T, abs=1e-12)
            assert np.linalg.eigvalsh(matrix)[0] > -1e-9


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("slopes", ["reimers", 1.5, -0.1, np.nan])
def test_slopes_that_there_are_not_are_refused(slopes: Slopes) -> None:
    groups = alike(1)
    for divide in (twofold, analytic_covariance):
        with pytest.raises(EstimationError, match="DI-E117"):
            divide(*groups, slopes)


def test_an_empty_group_and_columns_that_repeat_are_refused() -> None:
    sample, first, _ = drawn(1)
    with pytest.raises(EstimationError, match="DI-E261") as caught:
        threefold(sample, first, np.zeros_like(first))
    assert caught.value.params["groups"] == [1]
    x = np.column_stack([sample.covariates, sample.covariates[:, 3]])
    twice = Sample(sample.scores, x, sample.weights, sample.psu, sample.psus)
    with pytest.raises(EstimationError, match="DI-E260") as caught:
        threefold(twice, first, ~first)
    assert caught.value.params["columns"] == [3, 4]


def test_a_group_whose_members_have_no_weight_is_empty() -> None:
    sample, first, _ = drawn(1)
    weights = np.where(first, 0.0, 1.0)
    light = Sample(sample.scores, sample.covariates, weights, sample.psu, sample.psus)
    with pytest.raises(EstimationError, match="DI-E261"):
        every_twofold(light, first, ~first)


def test_a_category_without_members_in_a_group_is_named_with_the_group() -> None:
    """Nobody of the first group is in column 2; nobody of the second is in the base."""
    sample, first, second = alike(3)
    x = sample.covariates.copy()
    x[first, 2] = 0.0
    x[second, 3] = 1.0 - x[second, 2]
    gone = Sample(sample.scores, x, sample.weights, sample.psu, sample.psus)
    for divide in (threefold, every_twofold, analytic_covariance):
        with pytest.raises(EstimationError, match="DI-E263") as caught:
            divide(gone, first, second)
        assert caught.value.params["groups"] == [0, 1, 1]
        assert caught.value.params["columns"] == [2, 2, 3]


def test_every_category_without_members_is_named_beside_one_that_all_are_in() -> None:
    sample, first, second = alike(3)
    x = np.column_stack([sample.covariates, (np.arange(90) % 4 < 2).astype(float)])
    x[first, 2] = 0.0
    x[first, 4] = 1.0
    gone = Sample(sample.scores, x, sample.weights, sample.psu, sample.psus)
    with pytest.raises(EstimationError, match="DI-E263") as caught:
        threefold(gone, first, second)
    assert caught.value.params["columns"] == [2, 4]
    assert caught.value.params["groups"] == [0, 0]


def test_groups_in_no_more_psus_than_columns_are_refused() -> None:
    """Five PSUs are enough for four slopes; without a design a person is a PSU."""
    sample, first, second = alike(4)

    def in_psus(count: int) -> Sample:
        psu = np.where(first, np.arange(90) // 2 % count, np.arange(90))
        return Sample(sample.scores, sample.covariates, sample.weights, psu, 90)

    assert threefold(in_psus(5), first, second).names[0] == "endowments"
    with pytest.raises(EstimationError, match="DI-E264") as caught:
        threefold(in_psus(4), first, second)
    assert dict(caught.value.params) == {"groups": [0], "psus": [4], "columns": 4}
    assert analytic_covariance(in_psus(4), first, second).difference > 0
    few = np.arange(90) < 8
    with pytest.raises(EstimationError, match="DI-E264") as caught:
        analytic_covariance(sample, first & few, second & few)
    assert dict(caught.value.params) == {"groups": [0, 1], "psus": [4, 4], "columns": 4}


def test_unequal_weights_have_no_errors_without_a_design() -> None:
    sample, first, second = drawn(1)
    with pytest.raises(EstimationError, match="DI-E265") as caught:
        analytic_covariance(sample, first, second)
    assert caught.value.params["low"] == sample.weights.min()
    assert caught.value.params["high"] == sample.weights.max()


def test_groups_with_common_members_are_refused() -> None:
    """A group and the whole sample, for one: that is a gap from the reference."""
    sample, first, second = alike(1)
    for divide in (threefold, every_twofold, analytic_covariance):
        with pytest.raises(EstimationError, match="DI-E266") as caught:
            divide(sample, first, first | second)
        assert caught.value.params["count"] == 45
