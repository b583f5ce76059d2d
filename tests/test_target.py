"""Whether a target is reached, how far it is by each definition, and where the series may go."""

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

from divide_index.errors import EstimationError, SchemaError
from divide_index.history import published_levels
from divide_index.inference.projection import LINEAR, NO_CHANGE, Model, SeriesBreak
from divide_index.inference.ratios import Formula
from divide_index.levels import relative_levels
from divide_index.publication.formatting import rounded
from divide_index.schema import SurveySchema, load_schema
from divide_index.scoring import Scores
from divide_index.target import (
    PublishedProjection,
    TargetResult,
    distance_to_target,
    project_published,
)
from divide_index.target.populations import populations_of
from divide_index.target.verdicts import (
    as_published,
    certain_level,
    probability_reached,
    published_verdict,
    sampled_verdict,
    target_among_others,
)
from tests.samples import (
    SCHEMAS,
    Sample,
    reference,
    samples,
    small_frame,
    small_schema,
    small_scores,
    with_design,
)

approx = pytest.approx
R = reference("target_levers.json")
SINGLE = ("farmers", "rural", "old_outside", "young")


@cache
def lever_schema() -> SurveySchema:
    """Return the schema of two dimensions over `reference/small.csv`."""
    return load_schema(SCHEMAS / "small_levers.yaml")


@cache
def lever_scores() -> Scores:
    return small_scores(lever_schema())


@cache
def result() -> TargetResult:
    return distance_to_target(lever_scores())


def changed(**target: Any) -> SurveySchema:  # noqa: ANN401
    """Return the lever schema with another target block, validated."""
    data = yaml.safe_load((SCHEMAS / "small_levers.yaml").read_text(encoding="utf-8"))
    data["target"] |= target
    return SurveySchema.model_validate(data)


def refused(code: str, call: Any) -> EstimationError:  # noqa: ANN401
    with pytest.raises(EstimationError) as caught:
        call()
    assert caught.value.code == code
    assert str(caught.value)
    return caught.value


# -- verdicts ----------------------------------------------------------------------------------


def test_a_level_at_the_target_is_reached_as_published_and_cannot_be_told_with_its_error() -> None:
    level, error, target = 83.0, 0.71, 83.0
    margin = float(stdtrit(30, 0.975)) * error
    assert published_verdict(level, target) == "reached"
    assert sampled_verdict(level, margin, target) == "edge"
    assert probability_reached(level, error, target, 30) == approx(0.5, abs=1e-15)


@pytest.mark.parametrize(
    ("level", "verdict"), [(82.949, "missed"), (82.95, "reached"), (83.0, "reached")]
)
def test_the_published_value_is_rounded_half_up(level: float, verdict: str) -> None:
    assert published_verdict(level, 83.0) == verdict


@given(st.floats(0, 200, allow_nan=False))
def test_a_level_is_rounded_as_it_is_printed(level: float) -> None:
    assert str(as_published(level)) == rounded(level)


@pytest.mark.parametrize(
    ("level", "margin", "verdict"),
    [(84.4, 1.4, "reached"), (81.5, 1.4, "missed"), (81.6, 1.4, "edge"), (84.3, 1.4, "edge")],
)
def test_touching_the_target_from_above_is_enough_and_from_below_is_not_a_miss(
    level: float, margin: float, verdict: str
) -> None:
    assert sampled_verdict(level, margin, 83.0) == verdict


@pytest.mark.parametrize("margin", [None, math.nan])
def test_without_an_interval_nothing_is_said_of_sampling_error(margin: float | None) -> None:
    assert sampled_verdict(90.0, margin, 83.0) == "unknown"
    assert sampled_verdict(90.0, margin, 83.0, bounds=(math.nan, math.nan)) == "unknown"


@given(
    st.floats(60, 100), st.floats(0.01, 5), st.integers(1, 600), st.sampled_from((0.9, 0.95, 0.99))
)
def test_the_certain_level_has_the_target_as_its_lower_bound(
    target: float, error: float, df: int, confidence: float
) -> None:
    level = certain_level(target, error, df, confidence)
    margin = float(stdtrit(df, (1 + confidence) / 2)) * error
    assert level - margin == approx(target, abs=1e-9)
    # There the confidence distribution gives the target all but its lower tail.
    assert probability_reached(level, error, target, df) == approx((1 + confidence) / 2, abs=1e-9)


def test_without_an_error_or_a_degree_of_freedom_no_probability_is_told() -> None:
    for error, df in ((math.nan, 30.0), (0.7, 0.0)):
        assert math.isnan(probability_reached(90.0, error, 83.0, df))
        assert math.isnan(certain_level(83.0, error, df, 0.95))
    assert probability_reached(83.0, 0.0, 83.0, 5) == 1.0
    assert probability_reached(82.9, 0.0, 83.0, 5) == 0.0


def test_a_target_of_the_nation_is_less_of_the_rest_of_it() -> None:
    """The method: 83 % of a nation with share .18 of the group is 80.0 % of the rest."""
    assert round(target_among_others(83.0, 0.18), 1) == 80.0
    assert target_among_others(83.0, 0.0) == approx(83.0)
    assert target_among_others(100.0, 0.4) == approx(100.0)


@given(st.floats(1, 120), st.floats(0, 0.8), st.floats(10, 90))
def test_the_target_among_others_is_the_ratio_of_group_and_rest(
    target: float, share: float, rest: float
) -> None:
    if share * target / 100 < 0.99:
        group = target_among_others(target, share) / 100 * rest
        nation = share * group + (1 - share) * rest
        assert 100 * group / nation == approx(target, rel=1e-9)


@pytest.mark.parametrize("share", [-0.1, 1.0, math.nan])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    refused("DI-E117", lambda: target_among_others(83.0, share))


def test_what_is_no_number_is_not_rounded() -> None:
    refused("DI-E117", lambda: published_verdict(math.nan, 83.0))


# -- the distance, against R -------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SINGLE, "vulnerable_outside", "given"])
@pytest.mark.parametrize("dimension", ["overall", "usage"])
def test_every_definition_has_the_level_and_error_of_r(name: str, dimension: str) -> None:
    expected = R["levels"][name]
    row = result().row(name, dimension)
    assert row.level == approx(expected[dimension]["estimate"], rel=1e-9)
    assert row.std_error == approx(expected[dimension]["se"], rel=1e-9)
    assert row.gap == approx(expected[dimension]["estimate"] - 99, rel=1e-9)
    if "df" in expected and dimension == "overall":
        assert row.df == expected["df"]


@pytest.mark.parametrize("name", SINGLE)
def test_the_other_formula_has_the_level_and_error_of_r(name: str) -> None:
    expected = R["levels"][name]["composites"]
    row = distance_to_target(lever_scores(), formula="ratio_of_composites").row(name)
    assert row.level == approx(expected["estimate"], rel=1e-9)
    assert row.std_error == approx(expected["se"], rel=1e-9)


@pytest.mark.parametrize("name", SINGLE)
def test_probability_and_certain_level_are_those_of_r(name: str) -> None:
    expected = R["verdicts"][name]
    row = result().row(name)
    assert row.probability == approx(expected["probability"], rel=1e-9)
    assert row.certain_level == approx(expected["certain_level"], rel=1e-9)


def test_definitions_are_compared_with_their_joint_covariance() -> None:
    expected = R["difference_farmers_minus_rural"]
    difference = result().difference("farmers", "rural")
    assert difference.values == approx(expected["estimate"], rel=1e-9)
    assert difference.std_errors == approx(expected["se"], rel=1e-9)
    ends = [result().row(name).std_error for name in ("farmers", "rural")]
    assert difference.std_errors[0] != approx(math.hypot(*ends), rel=1e-3)


def test_a_group_inside_the_reference_has_the_target_told_of_the_rest() -> None:
    row = result().row("rural")
    assert row.share == approx(R["rural"]["share"], rel=1e-9)
    assert row.target_among_others == approx(R["rural"]["others"], rel=1e-9)
    for outside in ("farmers", "vulnerable_outside", "given"):
        assert math.isnan(result().row(outside).share)
        assert math.isnan(result().row(outside).target_among_others)


def test_the_schemas_own_group_and_dimension_come_first() -> None:
    names = [(each.definition, each.dimension) for each in result().rows]
    assert names[:2] == [("farmers", "overall"), ("farmers", "usage")]
    assert [*dict.fromkeys(name for name, _ in names)] == [*populations_of(lever_schema())]


def test_the_target_row_is_the_level_of_the_group_that_relative_levels_gives() -> None:
    scores = small_scores(small_schema())
    row = distance_to_target(scores, year=2025).row()
    levels = relative_levels(scores)
    found = levels.row("group", "farmers")
    own = (levels.estimate.values[found], levels.std_errors[found], levels.target_gap[found])
    assert (row.level, row.std_error, row.gap) == approx(own, rel=1e-12)


def test_the_frame_has_the_columns_of_the_contract() -> None:
    frame = result().to_frame()
    columns = (
        "definition, dimension, n, level, std_error, conf_low, conf_high, df, target, target_gap, "
        "published_verdict, sampled_verdict, probability, certain_level, status, years_left, "
        "required_pace, target_among_others"
    )
    assert ", ".join(frame.columns) == columns
    assert len(frame) == len(result().rows)
    assert "farmers" in str(result())
    assert len(result().alone_frame()) == len(result().alone)


@given(samples())
def test_verdicts_follow_from_level_and_interval_in_every_sample(sample: Sample) -> None:
    found = distance_to_target(sample.scores, year=2025)
    for row in found.rows:
        assert row.published == published_verdict(row.level, 83)
        if math.isnan(row.std_error):
            assert row.sampled == "unknown"
            assert math.isnan(row.probability)
        elif not math.isnan(row.conf_low):
            side = "reached" if row.conf_low >= 83 else "missed" if row.conf_high < 83 else "edge"
            assert row.sampled == side
        if row.status == "open":
            assert row.level + 2 * row.required_pace == approx(83, rel=1e-9)


# -- pace and status ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "year", "status"),
    [
        (99, 2025, "open"),
        (99, 2027, "missed"),
        (99, 2028, "past"),
        (80, 2025, "met"),
        (80, 2027, "met"),
        (80, 2028, "past"),
    ],
)
def test_the_status_says_open_met_missed_or_past(level: float, year: int, status: str) -> None:
    row = distance_to_target(small_scores(changed(level=level)), year=year).row()
    assert row.status == status
    assert row.years_left == max(2027 - year, 0)
    assert math.isnan(row.required_pace) == (status != "open")
    if status == "open":
        assert row.required_pace == approx((99 - R["levels"]["farmers"]["overall"]["estimate"]) / 2)


def test_a_target_that_the_printed_level_reaches_asks_for_no_pace() -> None:
    level = R["levels"]["farmers"]["overall"]["estimate"]  # 83.224: printed as 83.2
    row = distance_to_target(small_scores(changed(level=83.24))).row()
    assert level < 83.24
    assert (row.published, row.status) == ("reached", "met")
    assert math.isnan(row.required_pace)


def test_without_a_year_or_a_target_the_refusal_says_so() -> None:
    refused("DI-E340", lambda: distance_to_target(small_scores(small_schema())))
    without = lever_schema().model_copy(update={"target": None})
    refused("DI-E341", lambda: distance_to_target(small_scores(without)))


def test_a_design_that_has_no_degree_of_freedom_leaves_the_verdict_unknown() -> None:
    frame = small_frame()
    alone = (frame["sample"] == "general") | (
        frame.groupby(["sample", "stratum"])["psu"].transform("min") == frame["psu"]
    )
    scores = small_scores(lever_schema(), frame[alone], lonely_psu="remove")
    row = distance_to_target(scores).row()
    assert not math.isnan(row.level)
    assert row.df == 0
    assert math.isnan(row.std_error)
    assert (row.sampled, row.published) == ("unknown", "missed")
    assert math.isnan(row.probability)
    assert math.isnan(row.certain_level)


# -- definitions -------------------------------------------------------------------------------


def test_a_definition_that_nobody_belongs_to_is_left_out_and_told() -> None:
    young = {"label": "x", "where": "age < 1"}
    found = distance_to_target(small_scores(changed(definitions={"babies": young})))
    assert {each.definition for each in found.rows} == {"farmers"}
    assert [str(each) for each in found.findings if each.code == "DI-W340"]
    error = refused("DI-E345", lambda: found.row("babies"))
    assert "farmers" in str(error)
    refused("DI-E349", lambda: found.row("farmers", "skills"))


def test_nobody_in_the_targets_own_group_is_an_error() -> None:
    frame = small_frame()
    frame = frame[frame["sample"] == "general"]
    refused("DI-E061", lambda: distance_to_target(small_scores(lever_schema(), frame)))


def test_codes_that_a_register_contradicts_define_nobody() -> None:
    schema = load_schema("nia-2025")
    assert "outside_capital" in populations_of(schema)
    data = yaml.safe_load((SCHEMAS / "small_levers.yaml").read_text(encoding="utf-8"))
    data["variables"]["region"] |= {"register_shares": {1: 0.97, 2: 0.01, 3: 0.01, 4: 0.01}}
    found = distance_to_target(small_scores(SurveySchema.model_validate(data)))
    told = {str(each.params["definition"]) for each in found.findings if each.code == "DI-W341"}
    assert told == {"old_outside", "vulnerable_outside"}
    assert told.isdisjoint(each.definition for each in found.rows)


@pytest.mark.parametrize(
    ("code", "target", "said"),
    [
        ("DI-E342", {"definitions": {"x": {"label": "x"}}}, "definitions.x"),
        (
            "DI-E342",
            {"definitions": {"x": {"label": "x", "group": "old", "average": "given"}}},
            "definitions.x",
        ),
        (
            "DI-E343",
            {"definitions": {"x": {"label": "x", "average": "given", "where": "area == 'R'"}}},
            "given",
        ),
        ("DI-E344", {"definitions": {"farmers": {"label": "x", "group": "old"}}}, "farmers"),
        ("DI-E344", {"measures": ["overall"]}, "overall"),
        ("DI-E111", {"measures": ["usag"]}, "usage"),
        ("DI-E111", {"definitions": {"x": {"label": "x", "group": "olds"}}}, "old"),
        ("DI-E111", {"definitions": {"x": {"label": "x", "average": "givn"}}}, "given"),
        ("DI-E110", {"definitions": {"x": {"label": "x", "where": "area == 'X'"}}}, "area"),
        ("DI-E111", {"definitions": {"x": {"label": "x", "where": "aera == 'R'"}}}, "area"),
    ],
)
def test_a_definition_that_does_not_fit_the_schema_is_refused(
    code: str, target: dict[str, Any], said: str, tmp_path: Path
) -> None:
    data = yaml.safe_load((SCHEMAS / "small_levers.yaml").read_text(encoding="utf-8"))
    data["target"] |= target
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(SchemaError) as caught:
        load_schema(file)
    assert caught.value.code == code
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["example", "nia-2024", "nia-2025"])
def test_the_packaged_targets_say_whom_and_what_else_they_may_mean(name: str) -> None:
    schema = load_schema(name)
    assert schema.target is not None
    assert schema.target.measures == ("usage",)
    outside = schema.target.definitions["outside_capital"]
    assert outside.source
    assert outside.assumed == (name != "example")  # its codes are the example's own
    codes = schema.variables["province"].codes
    named = {code: label.en for code, label in codes.items() if label is not None}
    assert {named[code] for code in (1, 4, 9)} == {"Seoul", "Incheon", "Gyeonggi"}
    assert repr(outside.where) == repr(changed_where(schema))


def changed_where(schema: SurveySchema) -> object:
    from divide_index.schema import parse_condition

    condition = parse_condition("province not in [1, 4, 9]")
    schema.check_condition(condition)
    return condition


# -- what a dimension alone would take -----------------------------------------------------------


@pytest.mark.parametrize("formula", ["weighted_ratios", "ratio_of_composites"])
@pytest.mark.parametrize("name", ["farmers", "rural"])
@pytest.mark.parametrize("dimension", ["skills", "usage"])
def test_raising_one_dimension_as_told_reaches_the_target(
    dimension: str, name: str, formula: Formula
) -> None:
    """By hand: everybody gets the same part of what they lack, and the file is computed anew."""
    schema = changed(level=95)
    found = distance_to_target(small_scores(schema), formula=formula)
    alone = {(each.definition, each.dimension): each for each in found.alone}[name, dimension]
    needed = alone.needed
    assert needed is not None

    def level(part: float) -> tuple[float, float]:
        frame = small_frame()
        is_general = frame["sample"] == "general"
        who = is_general & (frame["area"] == "R") if name == "rural" else ~is_general
        for column in ["usage"] if dimension == "usage" else ["access", "capability"]:
            frame.loc[who, column] += part * (400 - frame.loc[who, column])
        levels = relative_levels(small_scores(schema, frame), formula=formula)
        return levels.level("group", name), levels.level("group", name, dimension)

    part = float(brentq(lambda part: level(part)[1] - needed, 0.0, 1.0, xtol=1e-14))
    assert level(part) == approx((95.0, needed), abs=1e-9)
    assert level(1.0)[1] == approx(alone.highest, rel=1e-9)


def test_where_full_scores_would_not_do_nothing_is_promised() -> None:
    found = distance_to_target(small_scores(changed(level=1000)))
    own = {each.dimension: each for each in found.alone if each.definition == "farmers"}
    assert all(each.needed is None for each in own.values())
    frame = found.alone_frame()
    assert frame["needed"].isna().all()
    assert not any(each.definition == "young" for each in result().alone)  # above the target


# -- published series ----------------------------------------------------------------------------


@cache
def farmers(**options: Any) -> PublishedProjection:  # noqa: ANN401
    return project_published(
        "farmers_fishers", "overall", 83, 2027, std_error=1.4 / 1.96, **options
    )


def test_the_published_series_has_the_paces_of_the_method() -> None:
    found = farmers()
    assert found.required.per_year == approx(1.20, abs=1e-9)
    recent = {each.last - each.first: each for each in found.recent}
    assert round(recent[3].per_year, 2) == 0.57
    assert round(recent[3].ends_at(80.6, 2025, 2027), 1) == 81.7
    assert found.best is not None
    assert (found.best.first, found.best.last) == (2017, 2019)  # 64.8 to 70.6, before the break


def test_the_linear_model_ends_where_the_method_says() -> None:
    assert round(farmers().outcome(LINEAR, 2020).forecast.mean, 1) == 82.0
    aside = farmers(window=(2017, 2025), breaks=())
    assert round(aside.outcome(LINEAR, 2017).forecast.mean, 1) == 86.8
    assert [str(each) for each in aside.findings if each.code == "DI-W342"]
    assert "2020" in str(aside.findings[0])
    assert farmers().findings == ()
    with pytest.raises(KeyError):
        farmers().outcome(LINEAR, 2017)


def test_a_window_across_a_break_is_refused_by_its_name() -> None:
    error = refused("DI-E310", lambda: farmers(window=(2017, 2025)))
    assert "2020 (unexplained)" in str(error)


def test_the_back_test_has_the_errors_of_the_method() -> None:
    groups = ("disabled", "older_adults", "low_income", "farmers_fishers")
    tested = farmers(back_test=groups).back_test
    assert tested is not None
    known = {
        LINEAR: (0.201, 0.366, 0.475),
        Model("drift", 2): (0.146, 0.338, 0.488),
        NO_CHANGE: (0.575, 1.150, 1.725),
    }
    for model, errors in known.items():
        row = tested.mean_absolute_errors[tested.models.index(model)]
        assert row == approx(np.array(errors), abs=5e-4 + 1e-9)
    assert tested.origins.max() == 3


def test_a_probability_is_a_range_over_models_and_windows() -> None:
    frame = farmers().to_frame()
    assert frame["model"].nunique() > 2
    assert sorted(frame["first"].unique()) == [2020, 2021, 2022, 2023]
    low, high = farmers().chances.lowest.probability, farmers().chances.highest.probability
    assert frame["probability"].min() == low.value < high.value == frame["probability"].max()
    row = frame[(frame["model"] == "no_change") & (frame["first"] == 2020)].iloc[0]
    spread = math.sqrt(2) * 1.4 / 1.96
    assert row["probability"] == approx(float(stdtr(np.inf, (80.6 - 83) / spread)), rel=1e-9)
    assert "linear" in str(farmers())


def test_an_own_history_is_checked_as_the_published_one_is() -> None:
    table = published_levels()
    assert farmers().series.years[0] == 2017
    only = table[(table["group"] == "farmers_fishers") & (table["dimension"] == "overall")]
    only = only[only["year"] >= 2020]
    own = project_published("farmers_fishers", "overall", 83, 2027, std_error=0.7, history=only)
    assert [each.code for each in own.findings] == ["DI-W343"]
    assert own.outcome(LINEAR, 2020).forecast.mean == approx(
        farmers().outcome(LINEAR, 2020).forecast.mean
    )
    wrong = table.assign(level=table["level"] + 5 * (table["dimension"] == "usage"))
    ask = ("farmers_fishers", "overall", 83, 2027)
    refused("DI-E356", lambda: project_published(*ask, std_error=0.7, history=wrong))
    twice = pd.concat([table, table[-1:]])
    refused("DI-E357", lambda: project_published(*ask, std_error=0.7, history=twice))


def test_levels_of_another_basis_are_left_out() -> None:
    found = project_published("disabled", "overall", 90, 2027, std_error=0.7)
    assert published_levels()["year"].min() == 2014
    assert found.series.years[0] == 2017


def test_an_unknown_series_is_told_with_the_nearest() -> None:
    def ask(group: str, dimension: str) -> PublishedProjection:
        return project_published(group, dimension, 83, 2027, std_error=0.7)

    error = refused("DI-E355", lambda: ask("farmers", "overall"))
    assert "farmers_fishers" in str(error)
    refused("DI-E355", lambda: ask("disabled", "overal"))


def test_too_few_levels_for_a_back_test_are_told() -> None:
    breaks = (SeriesBreak(2023, "sample"),)
    found = farmers(breaks=breaks)
    assert found.back_test is None
    assert {"DI-W342", "DI-W344"} == {each.code for each in found.findings}


def test_the_design_columns_matter() -> None:
    """Without PSUs and strata the errors are others, and the level is the same."""
    plain = distance_to_target(small_scores(with_design(lever_schema(), psu=None, strata=())))
    assert plain.row().level == approx(result().row().level, rel=1e-12)
    assert plain.row().std_error != approx(result().row().std_error, rel=1e-3)
