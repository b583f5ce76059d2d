"""Weighting of surveys: verbs against R and against identities, and what they refuse."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.change import compare_years, pool
from divide_index.decomposition import decompose_gap
from divide_index.errors import DesignError, DivideIndexError, EstimationError
from divide_index.inference.calibration import Distance
from divide_index.inference.nonresponse import (
    class_ratios,
    propensity_classes,
    response_propensities,
)
from divide_index.levels import VarianceMethod, relative_levels
from divide_index.messages import LANGUAGES, render
from divide_index.schema import SurveySchema, Variable, load_schema, parse_condition
from divide_index.scoring import score
from divide_index.survey import Survey, read_survey
from divide_index.waves import Waves
from divide_index.weighting import (
    adjust_nonresponse,
    calibrate,
    rake,
    trim,
    weight_diagnostics,
)
from tests.examples import examples
from tests.samples import (
    SCHEMAS,
    Sample,
    as_polars,
    reference,
    samples,
    small_frame,
    small_schema,
    with_design,
)

approx = pytest.approx
Floats = NDArray[np.float64]
Margins = dict[Any, dict[Any, float]]


def general(**columns: Any) -> Survey:  # noqa: ANN401
    """Return the general sample of the small survey."""
    frame = small_frame()
    frame = frame[frame["sample"] == "general"].reset_index(drop=True)
    return read_survey(frame.assign(**columns), with_design(small_schema(), sample=None))


def level_of(survey: Survey, group: str = "rural", **options: Any) -> tuple[float, float]:  # noqa: ANN401
    """Return the overall level of a group and its standard error."""
    frame = relative_levels(score(survey), groups=[group], **options).to_frame()
    row = frame[(frame["category"] == group) & (frame["dimension"] == "overall")].iloc[0]
    return float(row["level"]), float(row["std_error"])


def totals_of(survey: Survey, by: str, factor: float = 1.0) -> dict[Any, float]:
    """Return the survey's own total of every category, times a factor."""
    codes = np.asarray(survey.frame[by])
    weights = survey.weights()
    return {code: factor * float(weights[codes == code].sum()) for code in np.unique(codes)}


def shifted(survey: Survey) -> Margins:
    """Return totals of area and region that differ from those of the weights."""
    area, region = totals_of(survey, "area"), totals_of(survey, "region")
    grand = sum(area.values())
    area = {code: total * (1.2 if code == "R" else 0.9) for code, total in area.items()}
    region = {code: total * (0.8 + 0.1 * k) for k, (code, total) in enumerate(region.items())}
    return {
        name: {code: total * grand / sum(part.values()) for code, total in part.items()}
        for name, part in (("area", area), ("region", region))
    }


# -- against R ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known(shared: Path) -> dict[str, Any]:
    return json.loads((shared / "reference" / "survey.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def synthetic(shared: Path) -> Survey:
    schema = load_schema(SCHEMAS / "synth15k.yaml")
    sex = {"sex": Variable(codes={1: None, 2: None})}
    schema = schema.model_copy(update={"variables": {**schema.variables, **sex}})
    return read_survey(shared / "data" / "synth15k.csv", schema)


@pytest.fixture(scope="module")
def margins(known: dict[str, Any]) -> Margins:
    return {
        name: dict(zip(map(int, part["level"]), part["total"], strict=True))
        for name, part in known["margins"].items()
    }


def check(survey: Survey, expected: dict[str, Any], tolerance: float) -> None:
    weights = survey.weights()
    assert weights[:10] == approx(expected["first10"], rel=tolerance)
    found = {"sum": weights.sum(), "sumsq": weights @ weights}
    assert found == approx({key: expected[key] for key in found}, rel=tolerance)
    for group in ("rural", "farm"):
        if f"level_{group}" in expected:
            wanted = expected[f"level_{group}"]
            pair = level_of(survey, group, formula="ratio_of_composites")
            assert pair == approx((wanted["est"], wanted["se"]), rel=1e-9)


@pytest.mark.real_data
def test_raked_weights_and_the_errors_after_them_are_those_of_r(
    synthetic: Survey, margins: Margins, known: dict[str, Any]
) -> None:
    """R `calibrate(calfun = "raking")`: 0.735798. Taken as given, the weights would say 0.7461."""
    raked = rake(synthetic, margins)
    check(raked, known["calibrate_raking"], 1e-10)
    assert level_of(raked, formula="ratio_of_composites")[1] == approx(0.735798, abs=5e-7)
    frame = synthetic.frame.drop(columns="design:unit").assign(w=raked.weights())
    given_ = level_of(read_survey(frame, synthetic.schema), formula="ratio_of_composites")[1]
    assert given_ == approx(0.7461, abs=5e-5)
    assert known["rake"]["level_rural"]["se"] == approx(0.736496, abs=5e-7)  # R `rake`


CALIBRATIONS: dict[str, tuple[Distance, tuple[float, float] | None]] = {
    "calibrate_linear": ("linear", None),
    "calibrate_raking": ("raking", None),
    "calibrate_logit": ("logit", (0.3, 3.0)),
    "calibrate_linear_bounded": ("linear", (0.7, 1.4)),
}


@pytest.mark.real_data
@pytest.mark.parametrize("name", CALIBRATIONS)
def test_calibrated_weights_and_the_errors_after_them_are_those_of_r(
    synthetic: Survey, margins: Margins, known: dict[str, Any], name: str
) -> None:
    distance, bounds = CALIBRATIONS[name]
    check(calibrate(synthetic, margins, distance=distance, bounds=bounds), known[name], 1e-10)


@pytest.mark.real_data
def test_post_strata_and_trimmed_weights_are_those_of_r(
    synthetic: Survey, margins: Margins, known: dict[str, Any]
) -> None:
    cells = known["post_cells"]
    strata = zip(map(int, cells["age"]), map(int, cells["sex"]), strict=True)
    cross = {("age", "sex"): dict(zip(strata, cells["total"], strict=True))}
    check(rake(synthetic, cross), known["poststratify"], 1e-10)
    trimmed = trim(rake(synthetic, margins), lower=0.2, upper=5, times="median").weights()
    assert trimmed[:10] == approx(known["trim"]["first10"], rel=5e-8)
    assert trimmed @ trimmed == approx(known["trim"]["sumsq"], rel=5e-8)


def nonresponse_known() -> dict[str, Any]:
    return reference("nonresponse.json")


def test_classes_and_chances_of_response_are_those_of_r() -> None:
    """`svyglm(family = quasibinomial)`, and `cut` at the quintiles of its fit."""
    expected, survey = nonresponse_known(), general()
    frame, weights = survey.frame, survey.weights()
    responded = np.array(expected["responded"], dtype=bool)
    region = frame["region"].to_numpy(float)
    columns = [np.ones(weights.size), frame["area"].to_numpy() == "U"]
    X = np.column_stack([*columns, *(region == code for code in (2, 3, 4))]).astype(float)
    chances = response_propensities(X, responded, weights)
    assert chances == approx(np.array(expected["propensity"]), rel=1e-7)
    classes = propensity_classes(chances)
    assert classes.tolist() == [k - 1 for k in expected["class"]]
    after = np.where(responded, weights * class_ratios(weights, responded, classes)[classes], 0.0)
    assert after == approx(np.array(expected["by_propensity"]), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("by_class", {"method": "classes"}),
        ("by_propensity", {"method": "propensity"}),
        ("by_inverse", {"method": "propensity", "classes": None}),
    ],
)
def test_weights_after_nonresponse_are_those_of_r(name: str, options: dict[str, Any]) -> None:
    expected = nonresponse_known()
    adjusted = adjust_nonresponse(
        answering(expected["responded"]), ["area", "region"], respondents="status == 1", **options
    )
    assert adjusted.weights() == approx(np.array(expected[name]), rel=1e-7)
    assert adjusted.design.psus == general().design.psus


def answering(responded: Any) -> Survey:  # noqa: ANN401
    """Return the general sample with a column of who responded, 1 or 2; None is unknown."""
    schema = with_design(small_schema(), sample=None)
    status = Variable(codes={1: None, 2: None}, missing=(9,))
    schema = schema.model_copy(update={"variables": {**schema.variables, "status": status}})
    frame = small_frame()
    frame = frame[frame["sample"] == "general"].reset_index(drop=True)
    codes = [9 if each is None else 1 if each else 2 for each in responded]
    return read_survey(frame.assign(status=codes), schema)


# -- identities --------------------------------------------------------------------------------


@given(samples(min_psus=2), st.integers(1, 99))
@settings(max_examples=examples(25))
def test_raking_reaches_its_totals_with_positive_weights(sample: Sample, seed: int) -> None:
    survey = sample.survey
    rng = np.random.default_rng(seed)
    known = drawn_margins(sample, rng)
    raked = rake(survey, known)
    assert (raked.weights() > 0).all()
    for name, margins in known.items():
        inside = np.asarray(survey.frame["sample"]) == name
        codes = np.asarray(survey.frame["area"])
        for code, total in margins["area"].items():
            assert raked.weights()[inside & (codes == code)].sum() == approx(total, rel=1e-9)
    assert raked.base_weights is not None
    assert raked.base_weights == approx(survey.weights())


def drawn_margins(sample: Sample, rng: np.random.Generator) -> dict[str, Margins]:
    """Return for each sample totals of area other than its own."""
    survey = sample.survey
    names, codes = (np.asarray(survey.frame[name]) for name in ("sample", "area"))
    return {
        str(name): {
            "area": {
                str(code): float(
                    survey.weights()[(names == name) & (codes == code)].sum()
                    * rng.uniform(0.7, 1.5)
                )
                for code in np.unique(codes[names == name])
            }
        }
        for name in np.unique(names)
    }


@given(samples(min_psus=2))
@settings(max_examples=examples(10))
def test_calibrating_to_its_own_totals_changes_no_weight_and_no_level(sample: Sample) -> None:
    survey = sample.survey
    names, codes = (np.asarray(survey.frame[name]) for name in ("sample", "area"))
    own: dict[str, Margins] = {}
    for name in np.unique(names):
        inside = names == name
        own[str(name)] = {
            "area": {
                str(code): float(survey.weights()[inside & (codes == code)].sum())
                for code in np.unique(codes[inside])
            }
        }
    for weighted in (rake(survey, own), calibrate(survey, own)):
        assert weighted.weights() == approx(survey.weights(), rel=1e-9)
        before, after = (
            relative_levels(score(each)).estimate.values for each in (survey, weighted)
        )
        assert after == approx(before, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("constant", [0.001, 1e4])
@pytest.mark.parametrize("distance", ["raking", "linear", "logit"])
def test_a_constant_times_weights_and_totals_changes_no_estimate(
    constant: float, distance: Distance
) -> None:
    bounds = (0.3, 3.0) if distance == "logit" else None
    one = general()
    other = general(weight=one.weights() * constant)
    weighted = [
        calibrate(each, shifted(each), distance=distance, bounds=bounds) for each in (one, other)
    ]
    assert level_of(weighted[1]) == approx(level_of(weighted[0]), rel=1e-9)
    assert weighted[1].weights() == approx(weighted[0].weights() * constant, rel=1e-9)


@pytest.mark.parametrize("bounds", [(0.7, 1.4), (0.6, 1.5)])
@pytest.mark.parametrize("distance", ["raking", "linear", "logit"])
def test_bounds_are_kept_and_counted(distance: Distance, bounds: tuple[float, float]) -> None:
    survey = general()
    weighted = calibrate(survey, shifted(survey), distance=distance, bounds=bounds)
    ratios = weighted.weights() / survey.weights()
    assert ratios.min() >= bounds[0] - 1e-12
    assert ratios.max() <= bounds[1] + 1e-12
    stages = weight_diagnostics(weighted).stages
    last = stages.iloc[-1]
    assert last["at_upper"] == (ratios >= bounds[1] - 1e-9).sum()
    assert last["at_lower"] == (ratios <= bounds[0] + 1e-9).sum()


def test_what_the_totals_determine_has_no_error() -> None:
    """The share of a category of a margin is known: its mean of an indicator varies no more."""
    survey = general()
    frame = survey.frame.drop(columns="design:unit")
    rural = np.where(frame["area"] == "R", 100.0, 20.0)
    survey = read_survey(frame.assign(access=rural), survey.schema)
    raked = rake(survey, shifted(survey))
    for each, error in ((survey, False), (raked, True)):
        result = relative_levels(score(each), groups=["rural"]).to_frame()
        row = result[(result["category"] == "rural") & (result["dimension"] == "access")].iloc[0]
        assert (row["std_error"] < 1e-9) == error


def test_the_order_of_records_and_the_library_of_frames_change_nothing() -> None:
    survey = general()
    frame = survey.frame.drop(columns="design:unit")
    known = shifted(survey)
    expected = level_of(rake(survey, known))
    turned = read_survey(frame.sample(frac=1, random_state=3), survey.schema)
    assert level_of(rake(turned, known)) == approx(expected, rel=1e-9)
    polars = read_survey(as_polars(frame), survey.schema)
    assert level_of(rake(polars, known)) == approx(expected, rel=1e-9)
    assert type(rake(polars, known).frame) is type(polars.frame)


def test_a_survey_without_weights_starts_from_one_for_each_record() -> None:
    survey = general()
    plain = read_survey(
        survey.frame.drop(columns="design:unit"), with_design(survey.schema, weight=None)
    )
    counts = {"area": {"U": 4000.0, "R": 1000.0}}
    raked = rake(plain, counts)
    assert raked.base_weights is not None
    assert (raked.base_weights == 1).all()
    assert raked.weights().sum() == approx(5000)
    assert raked.schema.design.weight is not None
    assert level_of(raked)[1] > 0


def test_trimming_keeps_the_sum_and_repeats_the_margins_within_the_bounds() -> None:
    survey = rake(general(), shifted(general()))
    plain = trim(survey, lower=0.7, upper=1.5, times="mean")
    assert plain.weights().sum() == approx(survey.weights().sum())
    assert [f.code for f in plain.findings if f.code == "DI-W418"] == ["DI-W418"]
    again = trim(survey, lower=0.5, upper=1.8, times="mean", recalibrate=True)
    mean = survey.weights().mean()
    assert again.weights().min() >= 0.5 * mean * (1 - 1e-12)
    assert again.weights().max() <= 1.8 * mean * (1 + 1e-12)
    off = weight_diagnostics(again).totals["error_after"].abs().max()
    assert off < 1e-10
    assert [step.kind for step in again.weighting] == ["raking", "trimming", "calibration"]
    assert "DI-W418" not in {f.code for f in again.findings}


@pytest.mark.parametrize("method", ["classes", "propensity"])
def test_respondents_carry_the_weight_of_all(method: Any) -> None:  # noqa: ANN401
    expected = nonresponse_known()
    survey = answering(expected["responded"])
    adjusted = adjust_nonresponse(survey, ["area"], respondents="status == 1", method=method)
    assert adjusted.weights().sum() == approx(survey.weights().sum())
    responded = np.array(expected["responded"], dtype=bool)
    assert ((adjusted.weights() > 0) == responded).all()
    if method == "classes":
        area = np.asarray(survey.frame["area"])
        for code in ("U", "R"):
            sums = [each.weights()[area == code].sum() for each in (survey, adjusted)]
            assert sums[1] == approx(sums[0])
    raked = rake(adjusted, shifted(survey))  # who did not respond takes no part
    assert ((raked.weights() > 0) == responded).all()
    records, weight = adjusted.sample_sizes()
    assert (records.sum(), weight.sum()) == approx((responded.sum(), adjusted.weights().sum()))
    assert adjusted.design.psus == survey.design.psus


def test_who_responded_may_stand_in_the_schema() -> None:
    survey = answering(nonresponse_known()["responded"])
    schema: SurveySchema = survey.schema.model_copy(
        update={"response": parse_condition("status == 1")}
    )
    said = replace(survey, schema=schema)
    one, other = (
        adjust_nonresponse(survey, ["area"], respondents="status == 1"),
        adjust_nonresponse(said, ["area"]),
    )
    assert (one.weights() == other.weights()).all()


# -- what is made of weighted surveys ----------------------------------------------------------


def test_every_result_has_the_errors_after_calibration() -> None:
    """Decompositions and several years rest on the same residuals as levels."""
    scores = score(rake(general(), shifted(general())))
    options: dict[str, Any] = {"groups": ["rural"]}
    complete = relative_levels(scores, cases="complete", **options)
    gap = decompose_gap(scores, groups=["rural"], factors=["age_group"]).to_frame()
    total = gap[(gap["part"] == "gap") & (gap["dimension"] == "overall")]
    row = complete.row("group", "rural", "overall")
    assert total["std_error"].tolist() == approx([complete.std_errors[row]], rel=1e-9)
    own = relative_levels(scores, **options)
    change = compare_years(
        Waves({2024: scores.survey, 2025: scores.survey}), groups=["rural"]
    ).to_frame()
    errors = [
        float(np.sqrt(2) * own.std_errors[own.row("group", "rural", dimension)])
        for dimension in change["dimension"]
    ]
    assert change["std_error"].tolist() == approx(errors, rel=1e-9)


def test_a_pool_of_weighted_years_keeps_their_errors() -> None:
    survey = read_survey(small_frame(), small_schema())
    sample, area = (np.asarray(survey.frame[name]) for name in ("sample", "area"))
    known = {
        name: {
            "area": {
                code: float(survey.weights()[(sample == name) & (area == code)].sum() * factor)
                for code, factor in (("U", 0.9), ("R", 1.2))
            }
        }
        for name in ("general", "farmers")
    }
    raked = rake(survey, known)
    own = relative_levels(score(raked))
    one = relative_levels(pool(Waves({2025: raked})))
    assert one.std_errors == approx(own.std_errors, rel=1e-9, nan_ok=True)
    two = relative_levels(pool(Waves({2024: raked, 2025: raked})))
    assert two.std_errors == approx(own.std_errors / np.sqrt(2), rel=1e-9, nan_ok=True)


# -- diagnostics -------------------------------------------------------------------------------


def test_diagnostics_are_the_formulas_of_kish() -> None:
    survey = general()
    raked = rake(survey, shifted(survey))
    found = weight_diagnostics(raked)
    for row, weights in zip(
        found.stages.to_dict("records"), (survey.weights(), raked.weights()), strict=True
    ):
        size = weights.sum() ** 2 / (weights**2).sum()
        assert row["effective_n"] == approx(size)
        assert row["design_effect"] == approx(row["n"] / size)
        assert (row["smallest"], row["largest"]) == (weights.min(), weights.max())
    ratios = raked.weights() / survey.weights()
    assert found.ratios.iloc[0]["p50"] == approx(np.median(ratios))
    assert found.largest["weight"].tolist() == approx(sorted(raked.weights())[::-1][:5])
    assert found.totals["error_after"].abs().max() < 1e-11
    wanted = shifted(survey)["area"]["R"]
    row = found.totals[found.totals["total"] == "area=R"].iloc[0]
    assert row["error_before"] == approx(totals_of(survey, "area")["R"] / wanted - 1)
    assert (np.diff(np.log(found.convergence["error"])) < 0).all()
    assert "raking" in str(found)


def test_an_unweighted_survey_has_no_diagnostics() -> None:
    with pytest.raises(EstimationError, match="DI-E468"):
        weight_diagnostics(general())


# -- refusals ----------------------------------------------------------------------------------


def refused(act: Any) -> DivideIndexError:  # noqa: ANN401
    with pytest.raises(DivideIndexError) as caught:
        act()
    for lang in LANGUAGES:
        assert render(caught.value.code, lang, caught.value.params)
    return caught.value


@pytest.mark.parametrize(
    ("responded", "condition", "code"),
    [
        ([True] * 300, "status == 1", "DI-E443"),
        ([None] + [True] * 298 + [False], "status == 1", "DI-E442"),
        ([True] * 299 + [False], None, "DI-E441"),
    ],
)
def test_who_responded_must_be_known(responded: Any, condition: str | None, code: str) -> None:  # noqa: ANN401
    survey = answering(responded)
    error = refused(lambda: adjust_nonresponse(survey, ["area"], respondents=condition))
    assert error.code == code


def test_classes_that_nobody_answers_for_are_named() -> None:
    area = np.asarray(general().frame["area"])
    survey = answering((area == "U").tolist())
    error = refused(lambda: adjust_nonresponse(survey, ["area"], respondents="status == 1"))
    assert (error.code, error.params["classes"]) == ("DI-E437", ["area=R"])
    certain = refused(
        lambda: adjust_nonresponse(survey, ["area"], respondents="status == 1", method="propensity")
    )
    assert (certain.code, certain.params["categories"]) == ("DI-E440", ["area=U", "area=R"])


def test_small_classes_are_told() -> None:
    responded = np.array(nonresponse_known()["responded"], dtype=bool)
    adjusted = adjust_nonresponse(
        answering(responded.tolist()), ["area", "region", "age_group"], respondents="status == 1"
    )
    assert "DI-W417" in {finding.code for finding in adjusted.findings}


def test_weights_that_are_not_positive_are_refused() -> None:
    survey = general()
    area, region = totals_of(survey, "area"), totals_of(survey, "region")
    grand = sum(area.values())
    known: Margins = {
        "area": {"U": grand * 0.98, "R": grand * 0.02},
        "region": dict(region),
    }
    error = refused(lambda: calibrate(survey, known))
    assert error.code == "DI-E439"
    assert (rake(survey, known).weights() > 0).all()


def test_totals_that_do_not_fit_name_the_cell() -> None:
    survey = general()
    known = shifted(survey)
    gone = known["region"].pop(4)
    known["region"][3] += gone
    error = refused(lambda: rake(survey, known))
    assert (error.code, error.params["cells"]) == ("DI-E421", ["region=4"])
    known = shifted(survey)
    known["area"]["R"] *= 1.5
    assert refused(lambda: rake(survey, known)).code == "DI-E419"
    assert refused(lambda: trim(survey, upper=2, recalibrate=True)).code == "DI-E444"
    assert refused(lambda: trim(survey, upper=0.5, times="mean")).code == "DI-E330"


NOTHING: Any = "nothing"


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda s: trim(s, upper=2, times=NOTHING), "DI-E117"),
        (lambda s: trim(s, upper=float("nan")), "DI-E454"),
        (lambda s: trim(s, lower=-1), "DI-E454"),
        (lambda s: trim(s, lower=3, upper=2), "DI-E454"),
        (
            lambda s: adjust_nonresponse(s, ["area"], respondents="age > 30", method=NOTHING),
            "DI-E117",
        ),
        (lambda s: adjust_nonresponse(s, [], respondents="age > 30"), "DI-E465"),
        (lambda s: adjust_nonresponse(s, ["area"], respondents="age > 30", classes=1), "DI-E465"),
        (lambda s: calibrate(s, shifted(s), distance=NOTHING), "DI-E117"),
    ],
)
def test_options_that_do_not_exist_are_refused(act: Any, code: str) -> None:  # noqa: ANN401
    assert refused(lambda: act(general())).code == code


def test_a_lower_bound_alone_is_reached_with_the_totals() -> None:
    survey = general()
    known = shifted(survey)
    found = trim(rake(survey, known), lower=0.5, times="median", recalibrate=True)
    first, last = found.weighting[-2].weights, found.weights()
    assert last.min() >= 0.5 * np.median(rake(survey, known).weights()) * (1 - 1e-12)
    assert first.sum() == approx(last.sum())
    assert totals_of(found, "region") == approx(known["region"], rel=1e-9)


def test_a_sample_in_which_nobody_has_a_weight_stays_as_it_is() -> None:
    frame = small_frame()
    frame["weight"] = frame["weight"] * (frame["sample"] == "general")
    schema = small_schema().model_copy(update={"groups": {}, "averages": {}, "target": None})
    found = trim(read_survey(frame, schema), upper=1.5, times="median").weights()
    is_general = (frame["sample"] == "general").to_numpy()
    assert (found[~is_general] == 0).all()
    alone = trim(general(), upper=1.5, times="median").weights()
    assert found[is_general] == approx(alone, rel=1e-12)


def test_who_did_not_respond_gets_no_weight_from_trimming() -> None:
    survey = answering(nonresponse_known()["responded"])
    area = {"area": {code: 1.1 * total for code, total in totals_of(survey, "area").items()}}
    adjusted = adjust_nonresponse(rake(survey, area), ["region"], respondents="status == 1")
    found = trim(adjusted, lower=0.6, upper=3, times="median", recalibrate=True)
    assert ((found.weights() > 0) == (adjusted.weights() > 0)).all()
    assert totals_of(found, "area") == approx(area["area"], rel=1e-9)
    assert np.isfinite(relative_levels(score(found), groups=["rural"]).std_errors).all()
    totals = weight_diagnostics(found).totals
    assert totals["after"].tolist() == approx([*area["area"].values()][::-1], rel=1e-9)
    assert (totals["before"] < totals["wanted"]).all()


WEIGHTED: dict[str, Any] = {
    "raked": lambda s: rake(s, shifted(s)),
    "logit": lambda s: calibrate(s, shifted(s), distance="logit", bounds=(0.2, 5)),
    "linear": lambda s: calibrate(s, shifted(s)),
    "trimmed": lambda s: trim(rake(s, shifted(s)), upper=1.5, times="median", recalibrate=True),
    "twice": lambda s: rake(rake(s, {"area": shifted(s)["area"]}), shifted(s)),
}


@pytest.mark.parametrize("name", WEIGHTED)
def test_a_replicate_that_leaves_nothing_out_is_the_sample(name: str) -> None:
    """Variances are about the estimate of the whole sample: weights that do not come back bias."""
    design = WEIGHTED[name](general()).design
    factors = design.unit_factors(np.ones((1, design.psus)))
    assert factors == approx(np.ones_like(factors), rel=1e-9)


@pytest.mark.parametrize("name", WEIGHTED)
def test_the_jackknife_repeats_what_linearisation_takes_out(name: str) -> None:
    """Both are of first order the same (Deville and Särndal 1992), trimmed weights included."""
    survey = WEIGHTED[name](general())
    for group in ("rural", "urban"):
        taylor = level_of(survey, group)[1]
        again = level_of(survey, group, variance=VarianceMethod("jackknife"))[1]
        assert again == approx(taylor, rel=0.1)


def test_years_are_weighted_one_by_one() -> None:
    frames = {
        year: small_frame().assign(weight=lambda f, k=year: f["weight"] * (1 + (k - 2023) / 10))
        for year in (2023, 2024)
    }
    waves = Waves({year: read_survey(f, small_schema()) for year, f in frames.items()})
    pooled = pool(waves).survey
    assert refused(lambda: rake(pooled, {"area": {"U": 1, "R": 2}})).code == "DI-E436"
    schema = small_schema()
    number = Variable(codes={2023: None, 2024: None})
    schema = schema.model_copy(update={"variables": {**schema.variables, "year": number}})
    stacked = pd.concat([frame.assign(year=year) for year, frame in frames.items()])
    stacked["id"] = stacked["id"].astype(str) + "-" + stacked["year"].astype(str)
    survey = read_survey(stacked.reset_index(drop=True), schema)
    weighted = trim(survey, upper=5, times="median")
    with pytest.raises(DesignError, match="DI-E435"):
        Waves.split(weighted, "year")
