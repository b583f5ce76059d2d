"""Two groups of a survey: the right people and columns go down, the right rows come up.

The schemas place scores so that a point is not the unit of the reference values.
"""

import dataclasses
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.decomposition import (
    TwoGroupResult,
    decompose_gap,
    oaxaca_blinder,
    quantile_gap,
    reweighted_gap,
)
from divide_index.decomposition.two_groups import Variance
from divide_index.errors import DivideIndexError, SchemaError
from divide_index.inference import replication
from divide_index.inference.design import Design
from divide_index.inference.estimate import t_quantile
from divide_index.inference.oaxaca import Slopes
from divide_index.inference.quantiles import RifSlopes
from divide_index.schema import SurveySchema, load_schema
from divide_index.scoring import Scores, score
from divide_index.survey import read_survey
from tests.examples import examples
from tests.samples import (
    REFERENCE,
    SCHEMAS,
    Sample,
    as_polars,
    compositions,
    reference,
    small_frame,
    two_samples_frame,
    two_samples_scores,
    with_design,
)

approx = pytest.approx
Floats = NDArray[np.float64]
Values = dict[str, Any]

TWOFOLD = ("explained", "unexplained")
THREEFOLD = ("endowments", "coefficients", "interaction")
EVERY_SLOPES: tuple[Slopes, ...] = (1, 0, 0.5, "cotton", "neumark", "pooled")
FEW = ["sex", "education"]
FUNCTIONS: tuple[Callable[..., TwoGroupResult], ...] = (
    oaxaca_blinder,
    reweighted_gap,
    quantile_gap,
)


@cache
def schema_of(name: str) -> SurveySchema:
    return load_schema(SCHEMAS / f"{name}.yaml")


def scores_of(frame: object, schema: SurveySchema | str) -> Scores:
    schema = schema_of(schema) if isinstance(schema, str) else schema
    return score(read_survey(frame, schema))


def points(result: TwoGroupResult, part: str, *factors: str) -> list[float]:
    """Return what a part's factors contribute, in points."""
    return [float(result.estimate.values[result.row(part, factor)]) for factor in factors]


def strip_of(result: TwoGroupResult) -> dict[tuple[str, str], list[float]]:
    """Return point and standard error at each kind of slopes, by slopes and part."""
    return {
        (row["slopes"], row["part"]): [row["contribution"], row["std_error"]]
        for row in result.sensitivity().to_dict("records")
    }


def errors(result: TwoGroupResult, part: str, *factors: str) -> list[float]:
    """Return their standard errors."""
    return [float(result.estimate.std_errors[result.row(part, factor)]) for factor in factors]


@pytest.fixture(scope="module")
def known(shared: Path) -> Values:
    return json.loads((shared / "reference" / "decomposition.json").read_text("utf-8"))


# -- Swiss wages: Jann's analytic errors, and influences ---------------------------------------

LOG = 10.0  # points per log wage
WORKERS = ("educ", "exper", "tenure")
NAMES = {"total": "TOTAL", "constant": "const"}  # what the reference calls them
# A person without a wage is a PSU of the design and zero in every sum; the reference left them out.
WHOLE_DESIGN = np.sqrt(1647 / 1646 / (1434 / 1433))


@pytest.fixture(scope="module")
def swiss_frame(shared: Path) -> pd.DataFrame:
    frame = pd.read_stata(shared / "data" / "oaxaca_jann.dta")
    family = 1 + frame["married"].astype(int) + 2 * frame["divorced"].astype(int)
    return frame.assign(family=family).astype(float)


@pytest.fixture(scope="module")
def swiss(swiss_frame: pd.DataFrame) -> Scores:
    return scores_of(swiss_frame, "swiss1998")


def agrees_with_columns(
    result: TwoGroupResult,
    part: str,
    expected: tuple[Values, Values],
    factors: tuple[str, ...],
    scale: float = LOG,
) -> None:
    """Compare a part's factors with columns of the same names, and their errors (1e-6)."""
    named = [NAMES.get(factor, factor) for factor in factors]
    wanted, wanted_errors = ([each[name] for name in named] for each in expected)
    assert np.array(points(result, part, *factors)) / LOG == approx(wanted, rel=0, abs=1e-6)
    found = np.array(errors(result, part, *factors)) / scale
    assert found == approx(wanted_errors, rel=0, abs=1e-6)


@pytest.mark.real_data
@pytest.mark.parametrize("variance", ["analytic", "design"])
def test_every_column_of_the_swiss_threefold_is_that_of_the_reference(
    swiss: Scores, known: Values, variance: Variance
) -> None:
    """Nothing is categorical, so "normalised" detail is that of the columns themselves."""
    expected = known["jann_swiss1998"]
    table = expected["analytic_jann_threefold" if variance == "analytic" else "IF_threefold"]
    result = oaxaca_blinder(
        swiss, "men", "women", kind="threefold", normalise=True, variance=variance
    )
    scale = LOG if variance == "analytic" else LOG * WHOLE_DESIGN
    for part, name in zip(THREEFOLD, ("endow", "coef", "inter"), strict=True):
        factors = ("total", *WORKERS, *(() if part == "endowments" else ("constant",)))
        agrees_with_columns(result, part, (table[name], table[f"se_{name}"]), factors, scale)
    gap = expected["differential"]
    assert points(result, "difference", "total")[0] / LOG == approx(gap["gap"], abs=1e-10)
    if variance == "analytic":
        assert errors(result, "difference", "total")[0] / LOG == approx(gap["se_gap"], abs=1e-9)
        assert errors(result, "difference", "total")[0] / LOG == approx(0.0279880, abs=5e-8)
    assert (result.first.n, result.second.n) == (751, 683)
    assert result.first.members + result.second.members == 1647
    degrees = 1434 - 2 * 4 if variance == "analytic" else 683 - 1
    assert set(result.estimate.degrees_of_freedom) == {degrees}


SWISS_SLOPES = [
    (1, "analytic_weight_1"),
    (0, "analytic_weight_0"),
    (0.5, "analytic_weight_0.5"),
    ("cotton", "IF_cotton"),
    ("neumark", "IF_neumark"),
    ("pooled", "IF_pooled"),
]


@pytest.mark.real_data
@pytest.mark.parametrize(("slopes", "key"), SWISS_SLOPES)
def test_every_column_of_the_swiss_twofold_is_that_of_the_reference(
    swiss: Scores, known: Values, slopes: Slopes, key: str
) -> None:
    """Analytic errors at a given weight, influences at common slopes, as the reference has them."""
    table = known["jann_swiss1998"][key]
    is_analytic = key.startswith("analytic")
    result = oaxaca_blinder(
        swiss,
        "men",
        "women",
        reference=slopes,
        normalise=True,
        variance="analytic" if is_analytic else "design",
    )
    scale = LOG if is_analytic else LOG * WHOLE_DESIGN
    expected = (table["expl"], table["se_expl"])
    agrees_with_columns(result, "explained", expected, ("total", *WORKERS), scale)
    expected = (table["unex"], table["se_unex"])
    agrees_with_columns(result, "unexplained", expected, ("total", *WORKERS, "constant"), scale)
    assert result.method.startswith(f"twofold, slopes: {slopes}")
    assert result.method.endswith("analytic errors") == is_analytic


@pytest.mark.real_data
def test_swiss_wages_under_weights_are_those_of_the_reference(
    swiss_frame: pd.DataFrame, known: Values
) -> None:
    """Men's slopes, the survey's weights, errors by influence."""
    table = known["jann_swiss1998"]["IF_pw_wt_weight1"]
    schema = with_design(schema_of("swiss1998"), weight="wt")
    weighted = scores_of(swiss_frame, schema)
    result = oaxaca_blinder(weighted, "men", "women", reference=1, normalise=True)
    scale = LOG * WHOLE_DESIGN
    expected = (table["expl"], table["se_expl"])
    agrees_with_columns(result, "explained", expected, ("total", *WORKERS), scale)
    expected = (table["unex"], table["se_unex"])
    agrees_with_columns(result, "unexplained", expected, ("total", *WORKERS, "constant"), scale)


@pytest.mark.real_data
def test_factors_freed_from_their_base_are_those_of_the_reference(
    swiss: Scores, known: Values
) -> None:
    """Nine kinds of work and three family states: a factor is the sum of all its categories."""
    expected = known["jann_swiss1998"]["normalized_isco_and_family_threefold"]
    factors = [*WORKERS, "isco", "family"]
    result = oaxaca_blinder(
        swiss,
        "men",
        "women",
        factors=factors,
        kind="threefold",
        normalise=True,
        variance="analytic",
    )
    work, family = [f"isco{kind}" for kind in range(1, 10)], ["single", "married", "divorced"]
    for part, name in zip(THREEFOLD, ("endow", "coef", "inter"), strict=True):
        table, table_errors = expected[name], expected[f"se_{name}"]
        single = ("total", *WORKERS, *(() if part == "endowments" else ("constant",)))
        agrees_with_columns(result, part, (table, table_errors), single)
        sums = [sum(table[column] for column in columns) for columns in (work, family)]
        found = np.array(points(result, part, "isco", "family")) / LOG
        assert found == approx(sums, rel=0, abs=1e-9)
    assert result.is_normalised


# -- R oaxaca and ddecompose -------------------------------------------------------------------


@pytest.fixture(scope="module")
def chicago(shared: Path) -> Scores:
    frame = pd.read_csv(shared / "data" / "oaxaca_chicago.csv")
    others = ("LTHS", "some.college", "college", "advanced.degree")
    school = 1 + sum(place * frame[name] for place, name in enumerate(others, 1))
    wage = np.exp(frame["ln.real.wage"])
    return scores_of(
        frame.assign(school=school, wage=wage, log_wage=frame["ln.real.wage"]), "chicago"
    )


def of_r_oaxaca(table: Values, part: str, rows: tuple[str, ...]) -> float:
    """Return the sum of rows of a table that R oaxaca wrote."""
    column = table["cols"].index(f"coef({part})")
    return sum(table["m"][table["rows"].index(row)][column] for row in rows)


SCHOOLS = ("LTHS", "some.college", "college", "advanced.degree")
R_WEIGHTS: dict[float, Slopes] = {0.0: 0, 1.0: 1, 0.5: 0.5, -1.0: "neumark", -2.0: "pooled"}


@pytest.mark.real_data
def test_the_vignette_of_r_oaxaca_is_reproduced(chicago: Scores, known: Values) -> None:
    """Threefold and twofold at six slopes: 1e-8 at R's precision, else the digits it prints."""
    expected = known["chicago_vignette"]
    every: Values = {"factors": None, "dimension": "wage"}
    found = oaxaca_blinder(chicago, "natives", "foreign", kind="threefold", **every)
    overall = expected["R_run_full_precision"]["threefold_overall"]
    for part in THREEFOLD:
        [dollars] = points(found, part, "total")
        assert 2 * dollars == approx(overall[f"coef({part})"], rel=0, abs=1e-8)
    printed = expected["published_vignette"]
    assert (found.first.n, found.second.n) == (printed["nA"], printed["nB"])
    strip = strip_of(found)
    assert [*dict.fromkeys(found.sensitivity()["slopes"])] == [str(s) for s in EVERY_SLOPES]
    for slopes in EVERY_SLOPES:
        name = "jann_pooled" if slopes == "pooled" else str(slopes)
        result = oaxaca_blinder(chicago, "natives", "foreign", reference=slopes, **every)
        for part, digits in zip(TWOFOLD, (6e-8, 6e-7), strict=True):
            [contribution] = points(result, part, "total")
            assert 2 * contribution == approx(printed[f"twofold_{part}"][name], rel=0, abs=digits)
            assert strip[str(slopes), part][0] == approx(contribution, rel=0, abs=1e-11)


@pytest.mark.real_data
def test_every_factor_of_chicago_is_that_of_r_oaxaca(chicago: Scores, known: Values) -> None:
    """Wages with school freed from its base; pooled slopes are left out, where R is wrong."""
    tables = known["chicago_vignette"]["R_run_full_precision"]
    schools = (*SCHOOLS, "(Base)")
    rows = {"age": ("age",), "female": ("female",), "school": schools, "constant": ("(Intercept)",)}
    compared = 0
    for table in (tables["threefold_vars"], *tables["twofold_vars"]):
        options: Values = {"kind": "threefold"}
        if table is not tables["threefold_vars"]:
            options = {"reference": R_WEIGHTS.get(table["m"][0][0], "cotton")}
        if options.get("reference") == "pooled":
            continue
        result = oaxaca_blinder(
            chicago, "natives", "foreign", dimension="wage", normalise=True, **options
        )
        for part, factor in result.rows:
            if factor in rows:
                wanted = of_r_oaxaca(table, part, rows[factor])
                assert 2 * points(result, part, factor)[0] == approx(wanted, rel=0, abs=1e-8)
                compared += 1
    assert compared == (3 + 4 + 4) + 5 * (3 + 4)


@pytest.mark.real_data
def test_what_factors_explain_of_log_wages_in_chicago_is_that_of_r_oaxaca(
    chicago: Scores, known: Values
) -> None:
    expected = known["chicago_lnwage_plain_R"]
    rows = {"age": ("age",), "female": ("female",), "school": SCHOOLS}
    for table in expected["twofold_vars"]:
        slopes = R_WEIGHTS.get(table["m"][0][0], "cotton")
        result = oaxaca_blinder(
            chicago, "natives", "foreign", dimension="log_wage", reference=slopes
        )
        for factor, columns in rows.items():
            wanted = of_r_oaxaca(table, "explained", columns)
            [found] = points(result, "explained", factor)
            assert found / 20 == approx(wanted, rel=0, abs=1e-8)
        assert [factor for part, factor in result.rows if part == "unexplained"] == ["total"]


@pytest.fixture(scope="module")
def youth(shared: Path) -> Scores:
    frame = pd.read_csv(shared / "data" / "nlys00.csv")
    return scores_of(frame.assign(lnwage=np.log(frame["wage"])), "nlys00")


@pytest.mark.real_data
@pytest.mark.parametrize("key", ["male_coefs_women_minus_men", "female_coefs", "normalized"])
def test_nlys00_is_that_of_ddecompose(youth: Scores, known: Values, key: str) -> None:
    """A factor is the sum of its terms, those of the base too; R's errors are of second order."""
    expected = known["nlys00_ddecompose"][key]["terms"]
    normalise = key == "normalized"
    groups = ("men", "women") if key == "female_coefs" else ("women", "men")
    result = oaxaca_blinder(youth, *groups, reference=0, normalise=normalise)
    columns = {"explained": "Composition_effect", "unexplained": "Structure_effect"}
    named = {"total": ("Total",), "constant": ("(Intercept)",)}
    terms = {term["Variable"]: term for term in expected}
    for part, factor in result.rows[1:]:
        chosen = named.get(factor) or [name for name in terms if name.startswith(factor)]
        wanted = sum(terms[name][columns[part]] for name in chosen)
        assert points(result, part, factor)[0] / LOG == approx(wanted, rel=0, abs=1e-8)
    assert points(result, "difference", "total")[0] / LOG == approx(
        terms["Total"]["Observed_difference"], rel=0, abs=1e-8
    )
    of_rest = [factor for part, factor in result.rows if part == "unexplained"]
    assert of_rest == (["total", *result.choice.terms, "constant"] if normalise else ["total"])


# -- a clustered design ------------------------------------------------------------------------

PER_UNIT = 0.8  # points per unit of the file's score


@cache
def clustered() -> Scores:
    return scores_of(pd.read_csv(REFERENCE / "beside_clustered.csv"), "clustered")


def r_name(part: str, factor: str) -> str:
    return part if part == "difference" else f"{part}.{factor}"


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("slopes", ["threefold", *EVERY_SLOPES])
def test_factors_and_their_joint_covariance_are_those_of_r(
    normalise: bool, slopes: Slopes | str
) -> None:
    """R survey: `svyglm` for the points; stacked estimating equations by complex steps."""
    every = reference("two_groups.json")
    expected = every["freed" if normalise else "plain"][str(slopes)]
    options = {"kind": "threefold"} if slopes == "threefold" else {"reference": slopes}
    result = oaxaca_blinder(
        clustered(), "urban", "rural", normalise=normalise, **cast("Values", options)
    )
    places = [expected["names"].index(r_name(*row)) for row in result.rows]
    wanted = np.array(expected["estimate"])[places]
    wanted_errors = np.array(expected["se"])[places]
    assert result.estimate.values / PER_UNIT == approx(wanted, rel=1e-9, abs=1e-9)
    assert result.estimate.std_errors / PER_UNIT == approx(wanted_errors, rel=1e-8, abs=1e-9)
    covariance = np.array(expected["vcov"])[np.ix_(places, places)]
    apart = np.abs(result.estimate.covariance / PER_UNIT**2 - covariance)
    assert (apart <= 1e-8 * np.outer(wanted_errors, wanted_errors) + 1e-12).all()
    assert [result.first.n, result.second.n] == every["n"]
    assert set(result.estimate.degrees_of_freedom) == {min(every["df"])}


def test_the_strip_of_slopes_and_its_joint_covariance_are_those_of_r() -> None:
    every = reference("two_groups.json")["plain"]
    result = oaxaca_blinder(clustered(), "urban", "rural", kind="threefold")
    strip = result.sensitivity()
    assert [*strip.columns] == [
        *("slopes", "part", "contribution", "std_error", "conf_low", "conf_high")
    ]
    margin = t_quantile(0.95, np.array([float(min(reference("two_groups.json")["df"]))]))[0]
    assert len(strip) == 12
    for row in strip.to_dict("records"):
        known_way = every[row["slopes"]]
        place = known_way["names"].index(f"{row['part']}.total")
        known_point, known_error = known_way["estimate"][place], known_way["se"][place]
        assert row["contribution"] / PER_UNIT == approx(known_point, rel=1e-9)
        assert row["std_error"] / PER_UNIT == approx(known_error, rel=1e-8)
        low, high = (known_point + sign * margin * known_error for sign in (-1, 1))
        assert row["conf_low"] / PER_UNIT == approx(low, rel=1e-8, abs=1e-8)
        assert row["conf_high"] / PER_UNIT == approx(high, rel=1e-8, abs=1e-8)
    # explained and unexplained of one kind of slopes sum to the difference, whose error is known
    place = every["1"]["names"].index("difference")
    for start in range(0, 12, 2):
        pair = result.slopes.contrast(np.eye(12)[start : start + 2].sum(axis=0)[None], ("gap",))
        assert pair.std_errors[0] / PER_UNIT == approx(every["1"]["se"][place], rel=1e-8)


def test_rows_come_as_a_tidy_frame() -> None:
    frame = oaxaca_blinder(clustered(), "urban", "rural", confidence=0.9).to_frame()
    assert [*frame.columns] == [
        *("domain", "category", "dimension", "part", "factor"),
        *("contribution", "std_error", "conf_low", "conf_high"),
    ]
    assert [*zip(frame["part"], frame["factor"], strict=True)] == [
        ("difference", "total"),
        *(("explained", name) for name in ("total", "age", "school", "female")),
        ("unexplained", "total"),
    ]
    assert set(frame["domain"]) == {"difference"}
    assert set(frame["category"]) == {"urban - rural"}
    assert set(frame["dimension"]) == {"overall"}
    expected = reference("two_groups.json")
    t = t_quantile(0.9, np.array([float(min(expected["df"]))]))[0]
    margin = t * frame["std_error"]
    assert frame["conf_high"].to_numpy() == approx((frame["contribution"] + margin).to_numpy())
    assert frame["conf_low"].to_numpy() == approx((frame["contribution"] - margin).to_numpy())


def test_every_part_is_tested_against_nothing_in_one_family() -> None:
    """The t test of R's estimate and error; the constant's interaction is nothing by itself."""
    expected = reference("two_groups.json")
    result = oaxaca_blinder(clustered(), "urban", "rural", kind="threefold", normalise=True)
    tests = result.tests()
    assert [*tests.columns] == ["part", "factor", "df", "p_value", "p_holm"]
    table = expected["freed"]["threefold"]
    for row in tests.to_dict("records"):
        place = table["names"].index(r_name(row["part"], row["factor"]))
        assert row["df"] == min(expected["df"])
        if (row["part"], row["factor"]) == ("interaction", "constant"):
            assert np.isnan([row["p_value"], row["p_holm"]]).all()
            continue
        t = abs(table["estimate"][place] / table["se"][place])
        beyond = t > t_quantile(0.95, np.array([float(row["df"])]))[0]
        assert (row["p_value"] < 0.05) == beyond
        assert row["p_holm"] >= row["p_value"]
    counted = tests["p_value"].notna().sum()
    assert tests["p_holm"].min() == approx(tests["p_value"].min() * counted)


def test_it_shows_itself_in_points_of_two_decimals() -> None:
    result = oaxaca_blinder(clustered(), "urban", "rural")
    for shown in (str(result), result._repr_html_()):  # pyright: ignore[reportPrivateUsage]
        assert f"{points(result, 'explained', 'school')[0]:.2f}" in shown
        assert f"{points(result, 'explained', 'school')[0]:.3f}" not in shown
        assert "urban - rural" in shown
        assert "nan" not in shown.lower()


def test_a_result_is_frozen_and_an_unknown_row_an_error() -> None:
    result = oaxaca_blinder(clustered(), "urban", "rural")
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.method = "another"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValueError, match="not in"):
        result.row("unexplained", "age")


# -- analytic errors at common slopes, and 15,000 persons --------------------------------------


@pytest.mark.parametrize("slopes", ["cotton", "neumark", "pooled"])
def test_analytic_errors_at_common_slopes_are_those_of_r(slopes: Slopes) -> None:
    """`lm` in each group of the general sample, against the rest of it, on usage alone (1e-8)."""
    expected = reference("small_regression.json")["two_groups"][slopes]
    schema = schema_of("small_beside")
    usage = {"usage": schema.dimensions["usage"].model_copy(update={"weight": 1.0})}
    schema = with_design(schema.model_copy(update={"dimensions": usage}), weight=None)
    alone = scores_of(small_frame(), schema)
    result = oaxaca_blinder(
        alone,
        "rural",
        factors=["age", "farm", "four_ages"],
        reference=slopes,
        variance="analytic",
    )
    places = {"age": [1], "farm": [2], "four_ages": [3, 4, 5]}
    for factor, columns in places.items():
        wanted = sum(expected["explained"][k] for k in columns)
        assert points(result, "explained", factor) == approx([wanted], rel=1e-8)
        if len(columns) == 1:
            [error] = errors(result, "explained", factor)
            assert error == approx(expected["se_explained"][columns[0]], rel=1e-8)
    found = [errors(result, part, "total")[0] for part in TWOFOLD]
    assert found == approx(expected["se_totals"], rel=1e-8)
    pair = [result.row(part) for part in TWOFOLD]
    covariance = result.estimate.covariance[pair[0], pair[1]]
    assert covariance == approx(expected["covariance_of_totals"], rel=1e-8)
    assert [result.first.n, result.second.n] == [136, 149]
    assert result.comparison == "rural - rest"


@pytest.mark.real_data
def test_fifteen_thousand_persons_have_the_points_and_taylor_errors_of_the_reference(
    shared: Path, known: Values
) -> None:
    """Points and threefold errors 1e-8; R's jackknife of 600 PSUs, centred at its mean, 1 %."""
    people = scores_of(pd.read_csv(shared / "data" / "synth15k_decomp.csv"), "synth15k_decomp")
    factors = ["fem", "ageg", "educ", "inc", "hh", "occ"]
    expected = known["svy_synth15k"]
    three = oaxaca_blinder(people, "urban", "rural", factors=factors, kind="threefold")
    gap = [points(three, "difference", "total")[0], errors(three, "difference", "total")[0]]
    assert gap == approx(expected["gap"], rel=0, abs=1e-8)
    found = [errors(three, part, "total")[0] for part in THREEFOLD]
    assert found == approx(expected["taylor_threefold_se"], rel=0, abs=1e-8)
    rows = [("1", "explained"), ("1", "unexplained"), ("pooled", "explained")]
    others, their_errors = zip(*(strip_of(three)[row] for row in rows), strict=True)
    jackknife = expected["jk"]
    assert jackknife["names"][:6] == ["endow", "coef", "inter", "expl_w1", "unex_w1", "expl_pool"]
    values = [points(three, part, "total")[0] for part in THREEFOLD]
    assert [*values, *others] == approx(jackknife["est"][:6], rel=0, abs=1e-8)
    assert [*found, *their_errors] == approx(jackknife["se"][:6], rel=0.01)
    assert (three.first.cell.category, three.second.cell.category) == ("urban", "rural")


# -- reweighting and quantiles -----------------------------------------------------------------

REWEIGHTED = ("composition", "specification_error", "structure", "reweighting_error")


@pytest.mark.parametrize(("first", "second"), [("urban", "rural"), ("rural", "urban")])
def test_a_reweighted_difference_is_that_of_r(first: str, second: str) -> None:
    expected = reference("beside_reweighting.json")[f"{first}_{second}"]["plain"]
    result = reweighted_gap(clustered(), first, second)
    assert [part for part, factor in result.rows if factor == "total"] == [
        "difference",
        *REWEIGHTED,
    ]
    assert points(result, "difference", "total")[0] / PER_UNIT == approx(expected["difference"])
    rows = [result.row(part) for part in REWEIGHTED]
    assert result.estimate.values[rows] / PER_UNIT == approx(
        np.array(expected["totals"]), rel=1e-8, abs=1e-8
    )
    wanted = np.array(expected["vcov"])
    covariance = result.estimate.covariance[np.ix_(rows, rows)] / PER_UNIT**2
    spread = np.sqrt(np.diag(wanted))
    assert (np.abs(covariance - wanted) <= 1e-8 * np.outer(spread, spread)).all()
    [error] = errors(result, "difference", "total")
    assert error / PER_UNIT == approx(np.sqrt(wanted.sum()), rel=1e-8)
    parts, part_errors = expected["parts"][0], expected["se_columns"][0]
    found = np.array(points(result, "composition", "age", "school", "female")) / PER_UNIT
    assert found == approx([parts[1], parts[2] + parts[3], parts[4]], rel=1e-8, abs=1e-8)
    found = np.array(errors(result, "composition", "age", "female")) / PER_UNIT
    assert found == approx([part_errors[1], part_errors[4]], rel=1e-7)
    assert dict(result.diagnostics) == approx(
        {n: expected[n] for n in ("effective_size", "largest_share", "smallest_overlap")},
        rel=1e-8,
    )
    df = min(reference("two_groups.json")["df"])
    assert set(result.estimate.degrees_of_freedom) == {df}
    assert result.method == "reweighted"
    assert result.sensitivity().empty
    assert result.comparison == f"{first} - {second}"


@pytest.fixture
def drawn_by_r(monkeypatch: pytest.MonkeyPatch) -> int:
    """The PSUs that R drew stand in for ours; they are counted in order of their first record."""
    draws = np.array(reference("beside_quantiles.json")["draws"], dtype=np.float64)
    order = pd.unique(clustered().frame["design:unit"].to_numpy()).astype(np.intp)

    def factors(design: Design, replicates: int, *, seed: int) -> Floats:
        assert replicates == len(draws)
        sizes = np.bincount(design.strata)[design.strata]
        found = np.empty((len(draws), design.psus))
        found[:, order] = draws
        return found * sizes / (sizes - 1)

    monkeypatch.setattr(replication, "rao_wu_factors", factors)
    return len(draws)


@pytest.mark.parametrize("slopes", ["second", "first"])
@pytest.mark.parametrize("place", range(4))
def test_a_difference_of_quantiles_is_that_of_r(
    drawn_by_r: int, slopes: RifSlopes, place: int
) -> None:
    """Points by `lm.wfit`; errors by `withReplicates` with the same twelve replicates."""
    every = reference("beside_quantiles.json")
    expected = every[slopes][place]
    result = quantile_gap(
        clustered(),
        "urban",
        "rural",
        quantile=every["tau"][place],
        reference=slopes,
        replicates=drawn_by_r,
        seed=7,
    )
    ours = [(value - 5) * PER_UNIT for value in expected["quantiles"]]
    assert result.diagnostics == approx({"first": ours[0], "second": ours[1]}, rel=1e-9)
    assert points(result, "difference", "total") == approx([ours[0] - ours[1]], abs=1e-9)
    found = [points(result, part, "total")[0] / PER_UNIT for part in TWOFOLD]
    assert found == approx(expected["totals"], rel=1e-8)
    found = [errors(result, part, "total")[0] / PER_UNIT for part in TWOFOLD]
    assert found == approx(expected["boot_se_totals"], rel=1e-8)
    parts = expected["parts"][0]
    found = np.array(points(result, "explained", "age", "school", "female")) / PER_UNIT
    assert found == approx([parts[1], parts[2] + parts[3], parts[4]], rel=1e-8, abs=1e-8)
    found = np.array(errors(result, "explained", "age", "female")) / PER_UNIT
    columns = expected["boot_se"]  # of both quantiles, then of the columns of the first part
    assert found == approx([columns[2 + 1], columns[2 + 4]], rel=1e-8)
    level = every["tau"][place]
    assert result.method == f"quantile {level:g}, slopes: {slopes}, 12 replicates, seed 7"
    df = min(reference("two_groups.json")["df"])
    assert set(result.estimate.degrees_of_freedom) == {df}


def test_the_same_seed_gives_the_same_errors_and_another_others() -> None:
    def found(seed: int) -> list[float]:
        result = quantile_gap(clustered(), "urban", "rural", replicates=20, seed=seed)
        return result.estimate.std_errors.tolist()

    assert found(3) == found(3)
    assert found(3) != found(4)


# -- who is compared ---------------------------------------------------------------------------


@cache
def two_samples() -> Scores:
    return two_samples_scores()


def has_all(frame: pd.DataFrame, *columns: str) -> "pd.Series[bool]":
    """Return who has every score and some columns; 9 is no answer about education."""
    known = frame[["access", "capability", "usage", *columns]].notna().all(axis=1)
    return known & (frame["education"] != 9) if "education" in columns else known


def same(first: TwoGroupResult, second: TwoGroupResult) -> None:
    assert first.rows == second.rows
    assert first.estimate.values == approx(second.estimate.values, rel=1e-12, abs=1e-12)
    assert first.estimate.covariance == approx(second.estimate.covariance, rel=1e-9, abs=1e-12)
    assert (first.first.n, first.second.n) == (second.first.n, second.second.n)


def test_against_nobody_named_a_group_inside_the_reference_is_held_against_the_rest_of_it() -> None:
    result = oaxaca_blinder(two_samples(), "rural", factors=FEW)
    same(result, oaxaca_blinder(two_samples(), "rural", "area == 'U'", factors=FEW))
    assert result.comparison == "rural - rest"
    frame = two_samples_frame()
    members = (frame["sample"] == "general") & (frame["area"] == "U")
    assert result.second.members == members.sum()


def test_against_nobody_named_a_group_outside_the_reference_is_held_against_all_of_it() -> None:
    farmers = scores_of(
        two_samples_frame().assign(psu=lambda f: f.index % 40), two_samples().survey.schema
    )
    result = oaxaca_blinder(farmers, "farmers", factors=FEW)
    same(result, oaxaca_blinder(farmers, "farmers", "reference", factors=FEW))
    assert result.comparison == "farmers - reference"
    assert result.second.members == (two_samples_frame()["sample"] == "general").sum()
    turned = oaxaca_blinder(farmers, "reference", "farmers", factors=FEW)
    assert turned.estimate.values == approx(-result.estimate.values, abs=1e-10)


def test_a_condition_names_a_group_that_the_schema_does_not() -> None:
    by_name = oaxaca_blinder(two_samples(), "older", factors=FEW)
    condition = "sample == 'general' and age >= 65"
    by_condition = oaxaca_blinder(two_samples(), condition, factors=FEW)
    same(by_name, by_condition)
    assert by_condition.comparison == f"{condition} - rest"
    assert set(by_condition.to_frame()["category"]) == {f"{condition} - rest"}


def test_groups_are_counted_before_and_after_what_they_lack() -> None:
    result = oaxaca_blinder(two_samples(), "rural", factors=["income"], dimension="usage")
    frame = two_samples_frame()
    rural = (frame["sample"] == "general") & (frame["area"] == "R")
    complete = has_all(frame, "income")
    assert result.first.members == rural.sum()
    assert result.first.n == (rural & complete).sum()
    lost = frame.loc[rural & ~complete, "weight"].sum() / frame.loc[rural, "weight"].sum()
    assert result.first.share_lost == approx(lost)
    assert result.first.lacking["income"] == (rural & frame["income"].isna()).sum()


def test_a_dimension_is_compared_by_its_own_scores() -> None:
    frame = two_samples_frame()
    inside = has_all(frame, *FEW) & (frame["sample"] == "general")
    for dimension in ("access", "capability", "usage", "overall"):
        y = frame.get(dimension)
        if y is None:
            y = 0.2 * frame["access"] + 0.4 * frame["capability"] + 0.4 * frame["usage"]
        means = [
            np.average(y[who], weights=frame.loc[who, "weight"])
            for who in (inside & (frame["area"] == "R"), inside & (frame["area"] == "U"))
        ]
        result = oaxaca_blinder(two_samples(), "rural", factors=FEW, dimension=dimension)
        assert points(result, "difference", "total") == approx([means[0] - means[1]], rel=1e-10)
        assert set(result.to_frame()["dimension"]) == {dimension}


def test_a_formula_has_a_block_for_each_of_its_terms() -> None:
    """A product of a factor and a number; the parts of its terms sum to what is explained."""
    result = oaxaca_blinder(two_samples(), "rural", factors="sex * income")
    named = [factor for part, factor in result.rows if part == "explained"]
    assert named == ["total", "sex", "income", "sex:income"]
    found = points(result, "explained", *named)
    assert found[0] == approx(sum(found[1:]), abs=1e-10)
    plain = oaxaca_blinder(two_samples(), "rural", factors="income + sex", normalise=True)
    same_terms = oaxaca_blinder(two_samples(), "rural", factors=["income", "sex"], normalise=True)
    same(plain, same_terms)


def test_pandas_and_polars_agree() -> None:
    schema = two_samples().survey.schema
    polars = scores_of(as_polars(two_samples_frame()), schema)
    for divide, options in (
        (oaxaca_blinder, {"normalise": True}),
        (oaxaca_blinder, {"kind": "threefold", "factors": "sex * education"}),
        (reweighted_gap, {}),
        (quantile_gap, {"replicates": 5}),
    ):
        chosen: Values = {"factors": FEW, **options}
        first, second = (
            cast("Any", divide)(scores, "rural", **chosen) for scores in (two_samples(), polars)
        )
        same(first, second)
        assert str(first) == str(second)


# -- identities --------------------------------------------------------------------------------

WAYS = st.sampled_from(EVERY_SLOPES)
# Polars reads in half the time
READ_FAST = compositions().map(lambda drawn: Sample(as_polars(drawn.frame), drawn.schema))


@given(READ_FAST, WAYS, st.booleans())
@settings(max_examples=examples(8))
def test_parts_sum_to_the_difference_and_factors_to_their_part(
    sample: Sample, slopes: Slopes, normalise: bool
) -> None:
    for options in ({"reference": slopes}, {"kind": "threefold"}):
        result = oaxaca_blinder(
            sample.scores, "rural", factors=FEW, normalise=normalise, **cast("Values", options)
        )
        parts = dict.fromkeys(part for part, _ in result.rows[1:])
        [difference] = points(result, "difference", "total")
        totals = [points(result, part, "total")[0] for part in parts]
        assert sum(totals) == approx(difference, abs=1e-9)
        for part, total in zip(parts, totals, strict=True):
            factors = [f for p, f in result.rows if p == part and f != "total"]
            if factors:
                assert sum(points(result, part, *factors)) == approx(total, abs=1e-9)
                matrix = np.zeros((1, len(result.rows)))
                matrix[0, [result.row(part, factor) for factor in factors]] = 1
                whole = result.estimate.contrast(matrix, (part,))
                [error] = errors(result, part, "total")
                assert whole.std_errors == approx([error], abs=1e-8)
        strip = result.slopes.values.reshape(-1, 2)
        assert strip.sum(axis=1) == approx(difference, abs=1e-9)


@given(READ_FAST, WAYS)
@settings(max_examples=examples(8))
def test_turning_the_groups_turns_every_sign_and_no_error(sample: Sample, slopes: Slopes) -> None:
    back: Slopes = 1 - slopes if isinstance(slopes, int | float) else slopes
    turned = ("area == 'U' and sample == 'general'", "rural")
    for divide, there_options, back_options in (
        (oaxaca_blinder, {"reference": slopes}, {"reference": back}),
        (quantile_gap, {"replicates": 2}, {"replicates": 2, "reference": "first"}),
    ):
        options: Values = {"factors": ["income"]}
        here, there = (
            cast("Any", divide)(sample.scores, *groups, **options, **more)
            for groups, more in ((turned[::-1], there_options), (turned, back_options))
        )
        assert there.estimate.values == approx(-here.estimate.values, abs=1e-8)
        assert there.estimate.covariance == approx(here.estimate.covariance, rel=1e-6, abs=1e-8)


@given(READ_FAST)
@settings(max_examples=examples(8))
def test_of_two_groups_the_pooled_detail_is_that_of_the_gap_from_the_reference(
    sample: Sample,
) -> None:
    """A group's distance from the whole is ``1 - share`` of its distance from the rest."""
    two = oaxaca_blinder(sample.scores, "rural", factors=FEW)
    gap = decompose_gap(
        sample.scores,
        groups="rural",
        factors=FEW,
        cells=["area"],
        formula="ratio_of_composites",
    )
    frame = sample.frame.to_pandas()
    people = frame[has_all(frame, *FEW) & (frame["sample"] == "general")]
    composite = people[["access", "capability", "usage"]] @ np.array([0.2, 0.4, 0.4])
    level = 100 / np.average(composite, weights=people["weight"])
    rural = people["area"] == "R"
    rest = 1 - people.loc[rural, "weight"].sum() / people["weight"].sum()
    pairs = (("difference", "gap"), ("explained", "explained"), ("unexplained", "unexplained"))
    for part, of_gap in pairs:
        for factor in ("total", *(FEW if part == "explained" else ())):
            [here] = points(two, part, factor)
            there = gap.estimate.values[
                gap.row(gap.cells[0], cast("Any", of_gap), factor, "overall")
            ]
            assert there == approx(here * level * rest, abs=1e-8)


@given(compositions(blanks=False), st.floats(0.01, 100))
@settings(max_examples=examples(8))
def test_neither_the_scale_of_weights_nor_the_order_of_rows_moves_anything(
    sample: Sample, factor: float
) -> None:
    turned = sample.frame.iloc[::-1].assign(weight=lambda f: f["weight"] * factor)
    samples = [Sample(as_polars(frame), sample.schema) for frame in (sample.frame, turned)]
    for divide in (oaxaca_blinder, reweighted_gap):
        first, second = (divide(each.scores, "rural", factors=["sex"]) for each in samples)
        assert second.estimate.values == approx(first.estimate.values, rel=1e-7, abs=1e-7)
        assert second.estimate.std_errors == approx(first.estimate.std_errors, rel=1e-6, abs=1e-7)


@given(READ_FAST)
@settings(max_examples=examples(8))
def test_a_reweighted_difference_and_its_error_are_those_of_the_means(sample: Sample) -> None:
    plain = oaxaca_blinder(sample.scores, "rural", factors=["sex"])
    result = reweighted_gap(sample.scores, "rural", factors=["sex"])
    for find in (points, errors):
        assert find(result, "difference", "total") == approx(
            find(plain, "difference", "total"), abs=1e-8
        )
    # a single factor of two categories is reweighted exactly
    assert points(result, "reweighting_error", "total") == approx([0], abs=1e-7)
    assert sum(points(result, part, "total")[0] for part in REWEIGHTED) == approx(
        points(result, "difference", "total")[0], abs=1e-9
    )


# -- refusals ----------------------------------------------------------------------------------


def refused(
    divide: Callable[..., TwoGroupResult], scores: Scores, *groups: str, **options: object
) -> DivideIndexError:
    """Return the error, in whose list of columns and groups no bare number stands."""
    with pytest.raises(DivideIndexError) as caught:
        divide(scores, *groups, **options)
    for key in ("columns", "groups", "categories", "terms", "factors"):
        listed = caught.value.params.get(key, ())
        if isinstance(listed, list):
            assert all(isinstance(each, str) and not each.isdigit() for each in listed)
    return caught.value


def changed(**columns: object) -> Scores:
    """Return the two samples with other columns."""
    frame = two_samples_frame().assign(**cast("Values", columns))
    return scores_of(as_polars(frame), two_samples().survey.schema)


def test_groups_with_common_members_are_refused() -> None:
    frame = two_samples_frame()
    general = frame["sample"] == "general"
    both = general & (frame["area"] == "R") & (frame["age"] >= 65)
    for divide in FUNCTIONS:
        error = refused(divide, two_samples(), "rural", "older", factors=FEW)
        assert (error.code, dict(error.params)) == ("DI-E266", {"count": both.sum()})
        for second in ("rural", "reference"):
            assert refused(divide, two_samples(), "rural", second, factors=FEW).code == "DI-E266"


def test_an_unknown_group_is_told_with_the_nearest() -> None:
    for divide in FUNCTIONS:
        error = refused(divide, two_samples(), "rurale", factors=FEW)
        assert error.code == "DI-E123"
        assert error.params["nearest"] == ["rural"]
        assert error.params["known"] == ["reference", "rural", "older", "farmers"]
        error = refused(divide, two_samples(), "rural", "referenc", factors=FEW)
        assert error.params["nearest"] == ["reference"]


@pytest.mark.parametrize(
    ("condition", "code"),
    [("area = 'R'", "DI-E108"), ("aera == 'R'", "DI-E109"), ("area == 'X'", "DI-E110")],
)
def test_a_condition_that_cannot_be_read_is_refused(condition: str, code: str) -> None:
    for divide in FUNCTIONS:
        error = refused(divide, two_samples(), condition, factors=FEW)
        assert isinstance(error, SchemaError)
        assert error.code == code


@pytest.mark.parametrize("category", [1, 2, 3])
def test_a_category_that_a_group_has_nobody_in_is_named_with_the_group(category: int) -> None:
    """The base category too, which no column stands for."""
    frame = two_samples_frame()
    other = 1 if category > 1 else 2
    is_gone = (frame["area"] == "R") & (frame["education"] == category)
    gone = changed(education=frame["education"].where(~is_gone, other))
    for divide in FUNCTIONS:
        error = refused(divide, gone, "rural", factors=FEW)
        assert error.code == "DI-E299"
        assert dict(error.params) == {"categories": [f"education={category}"], "groups": ["rural"]}
        assert f"education={category} (groups in the same order: rural)" in str(error)


def test_every_empty_category_is_named_whichever_group_lacks_it() -> None:
    frame = two_samples_frame()
    rural = frame["area"] == "R"
    gone = changed(education=np.where(rural, 1, 2), sex=np.where(rural, 2, frame["sex"]))
    error = refused(oaxaca_blinder, gone, "rural", factors=FEW)
    assert dict(error.params) == {
        "categories": ["sex=1", "education=1", "education=2"],
        "groups": ["rural", "rest", "rural"],
    }


def test_a_number_that_does_not_vary_inside_a_group_is_named_with_the_group() -> None:
    frame = two_samples_frame()
    alike = changed(income=frame["income"].where(frame["area"] == "U", 3.0))
    error = refused(oaxaca_blinder, alike, "rural", factors=["sex", "income"])
    assert (error.code, dict(error.params)) == (
        "DI-E263",
        {"groups": ["rural"], "columns": ["income"]},
    )
    error = refused(quantile_gap, alike, "rural", factors=["sex", "income"])
    assert (error.code, dict(error.params)) == (
        "DI-E263",
        {"groups": ["rural", "rural"], "columns": ["constant", "income"]},
    )
    error = refused(reweighted_gap, alike, "rural", factors=["sex", "income"])
    assert (error.code, error.params["columns"]) == ("DI-E271", ["income"])


def test_factors_that_repeat_each_other_are_named() -> None:
    frame = two_samples_frame()
    twice = changed(income=2.0 * frame["sex"])
    for divide in FUNCTIONS:
        error = refused(divide, twice, "rural", factors=["education", "sex", "income"])
        assert error.code == "DI-E260"
        assert {"sex=2", "income"} <= set(cast("list[str]", error.params["columns"]))


def test_a_factor_that_tells_the_groups_apart_is_named() -> None:
    poor, rich = "income < 2", "income >= 5"
    error = refused(reweighted_gap, two_samples(), poor, rich, factors=["sex", "income"])
    assert error.code == "DI-E271"
    assert "income" in cast("list[str]", error.params["columns"])


def test_a_group_in_too_few_psus_is_named() -> None:
    """Farmers in three PSUs: no slopes of three columns and a constant."""
    frame = two_samples_frame()
    is_farmer = frame["sample"] == "farmers"
    few = changed(
        psu=np.where(is_farmer, 1 + frame.index % 3, frame["psu"]),
        stratum=np.where(is_farmer, 1, frame["stratum"]),
    )
    for divide in FUNCTIONS:
        error = refused(divide, few, "farmers", factors=FEW)
        assert error.code == "DI-E264"
        assert dict(error.params) == {"groups": ["farmers"], "psus": [3], "columns": 4}


@pytest.mark.parametrize(
    ("formula", "terms"),
    [("sex * education", ["sex:education"]), ("sex + log(income)", ["log(income)"])],
)
def test_terms_without_a_base_of_their_own_cannot_be_freed_from_it(
    formula: str, terms: list[str]
) -> None:
    error = refused(oaxaca_blinder, two_samples(), "rural", factors=formula, normalise=True)
    assert (error.code, error.params["terms"]) == ("DI-E296", terms)


def test_analytic_errors_of_unequal_weights_are_refused() -> None:
    error = refused(oaxaca_blinder, two_samples(), "rural", factors=FEW, variance="analytic")
    frame = two_samples_frame()
    weights = frame.loc[has_all(frame, *FEW) & (frame["sample"] == "general"), "weight"]
    assert error.code == "DI-E265"
    assert dict(error.params) == approx({"low": weights.min(), "high": weights.max()})


def test_an_unknown_dimension_is_refused() -> None:
    for divide in FUNCTIONS:
        error = refused(divide, two_samples(), "rural", factors=FEW, dimension="skill")
        assert error.code == "DI-E117"
        assert (error.params["option"], error.params["value"]) == ("dimension", "skill")
        assert error.params["valid"] == ("access", "capability", "usage", "overall")


@pytest.mark.parametrize(
    ("divide", "options"),
    [
        (oaxaca_blinder, {"kind": "fourfold"}),
        (oaxaca_blinder, {"variance": "bootstrap"}),
        (oaxaca_blinder, {"reference": "reimers"}),
        (oaxaca_blinder, {"reference": 1.5}),
        (oaxaca_blinder, {"confidence": 95}),
        (reweighted_gap, {"confidence": 0}),
        (quantile_gap, {"confidence": 1}),
        (quantile_gap, {"reference": "pooled", "replicates": 2}),
        (quantile_gap, {"quantile": 10, "replicates": 2}),
        (quantile_gap, {"replicates": 1}),
    ],
)
def test_an_option_that_there_is_not_is_named_as_the_caller_wrote_it(
    divide: Callable[..., TwoGroupResult], options: Values
) -> None:
    error = refused(divide, two_samples(), "rural", factors=FEW, **options)
    [(option, value)] = list(options.items())[:1]
    assert error.code == "DI-E117"
    assert (error.params["option"], error.params["value"]) == (option, value)


def test_a_quantile_where_many_have_one_score_is_refused_with_their_share() -> None:
    """Three of ten rural people use nothing, and score 0."""
    frame = two_samples_frame()
    is_zero = (frame["area"] == "R") & (frame.index % 10 < 3)
    scores = {name: frame[name].where(~is_zero, 0.0) for name in ("access", "capability", "usage")}
    error = refused(quantile_gap, changed(**scores), "rural", factors=FEW, replicates=2)
    assert (error.code, error.params["groups"]) == ("DI-E272", ["rural"])
    people = has_all(frame.assign(**scores), *FEW) & (frame["sample"] == "general")
    rural = people & (frame["area"] == "R")
    share = frame.loc[rural & is_zero, "weight"].sum() / frame.loc[rural, "weight"].sum()
    assert error.params["percent"] == [round(100 * share, 1)]


def test_a_category_that_replicates_lose_is_named() -> None:
    """Rural people of one education live in a single PSU: replicates without it have no slopes."""
    frame = two_samples_frame()
    rural = (frame["area"] == "R") & (frame["sample"] == "general")
    place = frame.loc[rural, ["stratum", "psu"]].iloc[0]
    here = (frame["stratum"] == place["stratum"]) & (frame["psu"] == place["psu"])
    education = np.where(rural, np.where(here, 3, 1 + frame.index % 2), frame["education"])
    error = refused(quantile_gap, changed(education=education), "rural", factors=FEW, replicates=30)
    assert error.code == "DI-E274"
    assert error.params["replicates"] == 30
    assert "education=3" in cast("list[str]", error.params["columns"])


def test_a_group_without_a_complete_case_is_named_with_what_all_lack() -> None:
    frame = two_samples_frame()
    no_income = changed(income=frame["income"].where(frame["area"] == "U"))
    no_scores = changed(**dict.fromkeys(("access", "capability", "usage"), np.nan))
    for divide in FUNCTIONS:
        error = refused(divide, no_income, "rural", factors=["sex", "income"])
        assert error.code == "DI-E291"
        assert dict(error.params) == {"groups": ["rural"], "factors": ["income"]}
        error = refused(divide, no_scores, "rural", factors=FEW)
        assert dict(error.params) == {"groups": ["rural", "rest"], "factors": ["scores"]}
        error = refused(divide, two_samples(), "age > 119", "rural", factors=FEW)
        assert (error.code, error.params["groups"]) == ("DI-E291", ["age > 119"])
