"""What levers promise is what computing the changed file gives, with the errors of R."""

import math
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize

from divide_index.errors import EstimationError
from divide_index.inference.ratios import Formula
from divide_index.levels import Cases, relative_levels
from divide_index.schema import SurveySchema, load_schema
from divide_index.scoring import Scores
from divide_index.target import LeverResult, Times, cheapest_mix, distance_to_target, lever_effects
from divide_index.target.levers import Reference
from divide_index.target.populations import populations_of, with_groups
from tests.examples import examples
from tests.samples import SCHEMAS, Sample, reference, samples, small_frame, small_scores

approx = pytest.approx
Floats = NDArray[np.float64]
R = reference("target_levers.json")
FORMULAS: tuple[Formula, ...] = ("weighted_ratios", "ratio_of_composites")
CASES: tuple[Cases, ...] = ("available", "complete", "answered", "missing_as_zero")
REFERENCES: tuple[Reference, ...] = ("recomputed", "held")
COLUMN = {"skills.access": "access", "skills.capability": "capability", "usage.usage": "usage"}
DEFINITIONS = ("farmers", "rural", "old_outside", "young", "vulnerable", "given")
RAISED_TO: dict[str, Any] = {"reference": None, "number": 24.0, "times": Times(1.05)}


@cache
def schema() -> SurveySchema:
    return load_schema(SCHEMAS / "small_levers.yaml")


@cache
def scores() -> Scores:
    return small_scores(schema())


@cache
def effects(**options: Any) -> LeverResult:  # noqa: ANN401
    return lever_effects(scores(), **options)


def refused(code: str, call: Any) -> EstimationError:  # noqa: ANN401
    with pytest.raises(EstimationError) as caught:
        call()
    assert caught.value.code == code
    assert str(caught.value)
    return caught.value


def check(result: LeverResult, name: str, expected: dict[str, Any]) -> bool:
    """Hold a lever against R: value and error, the reference recomputed and held."""
    row = [each.name for each in result.levers].index(name)
    lever = result.levers[row]
    if expected["held"]["estimate"] < 0:
        assert lever.status == "above"
        assert math.isnan(result.effects.values[row])
        return False
    assert lever.status == "raised"
    for found, kind in ((result.effects, "recomputed"), (result.held, "held")):
        assert found.values[row] == approx(expected[kind]["estimate"], rel=1e-9, abs=1e-12)
        assert found.reliable_std_errors[row] == approx(expected[kind]["se"], rel=1e-9)
    return True


# -- against R ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [*RAISED_TO])
@pytest.mark.parametrize(
    ("block", "options"),
    [
        ("farmers", {"definition": "farmers"}),
        ("rural", {"definition": "rural"}),
        ("rural_composites", {"definition": "rural", "formula": "ratio_of_composites"}),
    ],
)
def test_an_indicator_has_the_effect_and_error_of_r(
    block: str, options: dict[str, Any], how: str
) -> None:
    result = effects(**options, raise_to=RAISED_TO[how])
    held = [check(result, name, R["indicators"][block][how][c]) for name, c in COLUMN.items()]
    assert any(held)


def test_an_indicator_of_one_dimension_has_the_effect_and_error_of_r() -> None:
    result = effects(definition="rural", measure="usage", raise_to=24.0)
    assert [each.name for each in result.levers] == ["usage.usage"]
    assert check(result, "usage.usage", R["indicators_usage"]["rural"])


@pytest.mark.parametrize("column", COLUMN.values())
def test_an_indicator_of_an_average_has_the_effect_and_error_of_r(column: str) -> None:
    """The average's weights are estimated; only the older people are part of the reference."""
    name = {c: n for n, c in COLUMN.items()}[column]
    assert check(effects(definition="vulnerable"), name, R["average"][column])


@pytest.mark.parametrize("dimension", ["skills", "usage", "overall"])
@pytest.mark.parametrize(
    ("block", "definition", "place", "raise_to"),
    [
        ("old_R_others", "old", "area/R", None),
        ("old_R_number", "old", "area/R", 24.0),
        ("farmers_U_number", "farmers", "area/U", 24.0),
        ("rural_2_number", "rural", "region/2", 24.0),
    ],
)
def test_a_part_of_the_population_has_the_effect_and_error_of_r(
    block: str, definition: str, place: str, raise_to: float | None, dimension: str
) -> None:
    by = place.partition("/")[0]
    if definition == "old":
        target = schema().target
        assert target is not None
        own = schema().model_copy(update={"target": target.model_copy(update={"group": "old"})})
        result = lever_effects(small_scores(own), by=by, raise_to=raise_to)
    else:
        result = effects(definition=definition, by=by, raise_to=raise_to)
    assert check(result, f"{place}/{dimension}", R["parts"][block][dimension])
    lever = next(each for each in result.levers if each.name == f"{place}/{dimension}")
    if dimension != "overall":
        key = f"{definition}_{place.partition('/')[2]}"
        assert lever.present == approx(R["present"][key][dimension], rel=1e-9)


# -- the promise -------------------------------------------------------------------------------


def members(frame: pd.DataFrame, definition: str) -> pd.Series:
    """Return who belongs to a definition, as the schema's file says it."""
    general = frame["sample"] == "general"
    old = general & (frame["age"] >= 65)
    return {
        "farmers": ~general,
        "rural": general & (frame["area"] == "R"),
        "old_outside": old & (frame["region"] != 1),
        "young": general & (frame["age"] < 40),
        "vulnerable": ~general | old,
        "given": ~general | old,
    }[definition]


def level_of(frame: pd.DataFrame, definition: str, formula: Formula, cases: Cases) -> float:
    """Return a definition's level as the project computes levels."""
    population = populations_of(schema())[definition]
    every = with_groups(small_scores(schema(), frame), {definition: population})
    result = relative_levels(every, formula=formula, cases=cases)
    return result.level("average" if population.is_average else "group", definition)


@settings(max_examples=examples(25))
@given(
    sample=samples(),
    definition=st.sampled_from(DEFINITIONS[:2] + DEFINITIONS[4:]),
    name=st.sampled_from([*COLUMN]),
    points=st.floats(0, 50),
    formula=st.sampled_from(FORMULAS),
    cases=st.sampled_from(CASES),
)
def test_raising_an_indicator_by_hand_gives_the_level_promised(
    *, sample: Sample, definition: str, name: str, points: float, formula: Formula, cases: Cases
) -> None:
    frame = sample.frame.assign(id=range(len(sample.frame)))
    # Missing counts as zero only in a mean: there a person without an answer would not rise.
    if cases == "missing_as_zero":
        frame = frame.fillna(dict.fromkeys(COLUMN.values(), 0.0))
    before = small_scores(schema(), frame)
    result = lever_effects(before, definition=definition, formula=formula, cases=cases)
    now = level_of(frame, definition, formula, cases)
    assert result.level == approx(now, abs=1e-9)
    raised = frame.copy()
    raised.loc[members(frame, definition), COLUMN[name]] += 4 * points
    expected = level_of(raised, definition, formula, cases)
    assert result.level_after({name: points}) == approx(expected, abs=1e-9 * max(1, expected))


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("definition", DEFINITIONS)
def test_several_levers_at_once_give_the_level_promised(definition: str, formula: Formula) -> None:
    result = effects(
        definition=definition, by="area", indicators=("skills.access",), formula=formula
    )
    raises = {"skills.access": 3.0, "area/R/skills": 5.0, "area/R/usage": 2.5}
    frame = small_frame()
    who = members(frame, definition)
    frame.loc[who, "access"] += 12.0
    rural = who & (frame["area"] == "R")
    frame.loc[rural, ["access", "capability"]] += 20.0
    frame.loc[rural, "usage"] += 10.0
    expected = level_of(frame, definition, formula, "available")
    assert result.level_after(raises) == approx(expected, abs=1e-9)
    single = [result.level_after({name: points}) for name, points in raises.items()]
    apart = abs(result.level + sum(each - result.level for each in single) - expected)
    # Effects add up unless the reference moves with the group.
    assert apart < 1e-9 if definition == "farmers" else apart > 1e-6


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_an_effect_is_what_its_rise_gives(definition: str) -> None:
    result = effects(definition=definition, by="area", indicators=tuple(COLUMN))
    raised = [each for each in result.levers if each.status == "raised"]
    assert raised
    for row, lever in enumerate(result.levers):
        if lever.status != "raised" or lever.dimension == "overall":
            continue
        for kind in REFERENCES:
            found = result.effects if kind == "recomputed" else result.held
            after = result.level_after({lever.name: lever.rise}, kind)
            assert after - result.level == approx(found.values[row], abs=1e-9)


def test_with_the_reference_held_effects_add_up() -> None:
    result = effects(definition="rural")
    raises = {"skills.access": 3.0, "usage.usage": 5.0, "skills.capability": 1.0}
    each = [result.level_after({n: p}, "held") - result.level for n, p in raises.items()]
    assert result.level_after(raises, "held") == approx(result.level + sum(each), abs=1e-9)
    assert result.level_after(raises) < result.level_after(raises, "held")


def test_raising_everything_to_the_reference_reaches_one_hundred_outside_it() -> None:
    result = effects(definition="farmers")
    raises = {each.name: each.rise for each in result.levers if each.status == "raised"}
    assert len(raises) == len(result.levers)
    assert result.level_after(raises) == approx(100.0, abs=1e-9)


def test_the_share_that_is_closed_is_of_the_distance() -> None:
    result = effects()
    gap = distance_to_target(scores()).row().gap
    assert result.gap == approx(gap)
    assert result.closes() == approx(result.effects.values / -gap)
    assert np.isnan(effects(definition="young").closes()).all()  # above the target
    frame = result.to_frame()
    assert frame["closes"].to_numpy() == approx(result.closes())
    assert [*frame["lever"]] == [*COLUMN]
    assert "skills.access" in str(result)


# -- what is not raised --------------------------------------------------------------------------


def test_nothing_is_lowered_and_nothing_beyond_full_scores_is_promised() -> None:
    low = effects(raise_to=1.0)
    assert {each.status for each in low.levers} == {"above"}
    assert np.isnan(low.effects.values).all()
    assert np.isnan(low.effects.reliable_std_errors).all()
    high = effects(raise_to=Times(20.0))
    assert {each.status for each in high.levers} == {"beyond"}
    assert all(math.isnan(each.rise) for each in high.levers)
    assert np.isnan(high.effects.values).all()


def test_a_part_without_members_or_without_others_says_so() -> None:
    result = effects(definition="old_outside", by="region")
    statuses = {each.name: each.status for each in result.levers}
    assert statuses["region/1/skills"] == statuses["region/1/overall"] == "empty"
    assert "region/1/skills" not in result.response.names
    refused("DI-E347", lambda: result.level_after({"region/1/skills": 1.0}))
    rural = effects(definition="rural", by="area")
    statuses = {each.name: each.status for each in rural.levers}
    assert statuses["area/R/skills"] == statuses["area/R/overall"] == "no_others"
    assert statuses["area/U/skills"] == "empty"


def test_a_part_in_one_psu_has_no_standard_error() -> None:
    result = effects(definition="rural", by="region", raise_to=24.0)
    row = [each.name for each in result.levers].index("region/4/usage")
    assert result.levers[row].status == "raised"
    assert result.effects.degrees_of_freedom[row] == 0
    assert math.isnan(result.effects.reliable_std_errors[row])
    assert math.isnan(result.conf_low[row])


def test_more_than_full_scores_is_refused_alone_and_together() -> None:
    result = effects(by="area", indicators=("skills.access",))
    present = {each.name: each.present for each in result.levers}
    left = 100 - present["area/R/skills"]
    result.level_after({"area/R/skills": left})
    refused("DI-E348", lambda: result.level_after({"area/R/skills": left + 0.01}))
    refused("DI-E348", lambda: result.level_after({"area/R/skills": left, "skills.access": 1.0}))
    refused("DI-E117", lambda: result.level_after({"skills.access": -1.0}))
    error = refused("DI-E347", lambda: result.level_after({"area/R/overall": 1.0}))
    assert "area/R" in str(error)


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("DI-E345", {"definition": "farmer"}),
        ("DI-E349", {"measure": "skills"}),
        ("DI-E346", {"indicators": ["skills.acces"]}),
        ("DI-E346", {"measure": "usage", "indicators": ["skills.access"]}),
        ("DI-E124", {"by": "areas"}),
        ("DI-E117", {"raise_to": 100.5}),
        ("DI-E117", {"raise_to": math.nan}),
        ("DI-E117", {"raise_to": Times(0.9)}),
        ("DI-E117", {"raise_to": "others"}),
        ("DI-E117", {"raise_to": "best"}),
    ],
)
def test_what_cannot_be_asked_is_refused(code: str, options: dict[str, Any]) -> None:
    refused(code, lambda: lever_effects(scores(), **options))


# -- the cheapest mix ----------------------------------------------------------------------------


COSTS = {"skills.access": 3.0, "skills.capability": 2.0, "usage.usage": 5.0}
BOUNDS = dict.fromkeys(COSTS, (0.0, 10.0))


@settings(max_examples=examples(40))
@given(
    definition=st.sampled_from(DEFINITIONS),
    formula=st.sampled_from(FORMULAS),
    reference=st.sampled_from(REFERENCES),
    costs=st.lists(st.floats(0.1, 10), min_size=3, max_size=3),
    most=st.lists(st.floats(0.5, 8), min_size=3, max_size=3),
    part=st.floats(0.05, 0.95),
)
def test_no_other_optimiser_finds_a_cheaper_mix(
    *,
    definition: str,
    formula: Formula,
    reference: Reference,
    costs: list[float],
    most: list[float],
    part: float,
) -> None:
    result = effects(definition=definition, formula=formula)
    bounds = {name: (0.0, high) for name, high in zip(COLUMN, most, strict=True)}
    full = result.level_after({name: high for name, (_, high) in bounds.items()}, reference)
    target = result.level + part * (full - result.level)
    unit_costs = dict(zip(COLUMN, costs, strict=True))
    mix = cheapest_mix(result, target, unit_costs=unit_costs, bounds=bounds, reference=reference)
    assert mix.level >= target - 2e-9
    assert result.level_after(mix.raises(), reference) == approx(mix.level, abs=1e-9)
    assert (mix.points >= 0).all()
    assert (mix.points <= np.array(most) + 1e-12).all()

    def level(x: Floats) -> float:
        inside = np.clip(x, 0, most)
        return result.level_after(dict(zip(COLUMN, inside.tolist(), strict=True)), reference)

    found = minimize(
        lambda x: float(np.array(costs) @ x),
        np.array(most),
        method="SLSQP",
        bounds=[(0, high) for high in most],
        constraints={"type": "ineq", "fun": lambda x: level(x) - target},
        options={"maxiter": 300, "ftol": 1e-12},
    )
    if level(found.x) >= target - 1e-9:  # else it is no plan
        assert mix.cost <= float(np.array(costs) @ np.clip(found.x, 0, most)) + 1e-6
    for first in np.linspace(0, most[0], 9):  # and no grid point that reaches it is cheaper
        for second in np.linspace(0, most[1], 9):
            for third in np.linspace(0, most[2], 9):
                x = np.array([first, second, third])
                if np.array(costs) @ x < mix.cost - 1e-6:
                    assert level(x) < target


def test_the_mix_applied_by_hand_reaches_the_target() -> None:
    result = effects(definition="rural")
    mix = cheapest_mix(result, 92.0, unit_costs=COSTS, bounds=BOUNDS)
    frame = small_frame()
    who = members(frame, "rural")
    for name, points in mix.raises().items():
        frame.loc[who, COLUMN[name]] += 4 * points
    assert level_of(frame, "rural", "weighted_ratios", "available") == approx(92.0, abs=1e-8)
    assert mix.cost == approx(sum(COSTS[n] * p for n, p in mix.raises().items()))
    assert [*mix.to_frame()["lever"]] == [*COSTS]
    assert "usage.usage" in str(mix)


def test_parts_and_indicators_share_what_is_left_to_full_scores() -> None:
    result = effects(by="area", indicators=("skills.access",))
    costs = {"area/R/skills": 1.0, "skills.access": 1.0, "area/U/usage": 50.0}
    left = 100 - next(each.present for each in result.levers if each.name == "area/R/skills")
    bounds = {
        "area/R/skills": (0.0, left),
        "skills.access": (1.0, 60.0),
        "area/U/usage": (0.0, 50.0),
    }
    reach = result.level_after({"area/R/skills": left - 0.3 * 60, "skills.access": 60.0})
    mix = cheapest_mix(result, reach, unit_costs=costs, bounds=bounds)
    raises = mix.raises()
    assert raises["area/R/skills"] + 0.3 * raises["skills.access"] <= left + 1e-6
    assert mix.level >= reach - 1e-8


@pytest.mark.parametrize("definition", ["farmers", "rural"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_bounds_that_do_not_reach_the_target_say_how_far_they_get(
    definition: str, formula: Formula
) -> None:
    result = effects(definition=definition, formula=formula)
    bounds = dict.fromkeys(COSTS, (0.0, 0.5))
    full = result.level_after(dict.fromkeys(COSTS, 0.5))
    error = refused("DI-E350", lambda: cheapest_mix(result, 140.0, unit_costs=COSTS, bounds=bounds))
    assert error.params["reach"] == approx(full, abs=1e-6)
    assert error.params["short"] == approx(140 - full, abs=1e-6)


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("DI-E351", {"unit_costs": {}, "bounds": {}}),
        ("DI-E351", {"unit_costs": COSTS, "bounds": {"usage.usage": (0, 1)}}),
        ("DI-E351", {"unit_costs": {"usage.usage": -1}, "bounds": {"usage.usage": (0, 1)}}),
        ("DI-E351", {"unit_costs": {"usage.usage": 1}, "bounds": {"usage.usage": (2, 1)}}),
        ("DI-E351", {"unit_costs": {"usage.usage": math.nan}, "bounds": {"usage.usage": (0, 1)}}),
        ("DI-E347", {"unit_costs": {"usage": 1}, "bounds": {"usage": (0, 1)}}),
        ("DI-E348", {"unit_costs": {"usage.usage": 1}, "bounds": {"usage.usage": (0, 101)}}),
        ("DI-E117", {"unit_costs": COSTS, "bounds": BOUNDS, "target": math.nan}),
        ("DI-E117", {"unit_costs": COSTS, "bounds": BOUNDS, "reference": "fixed"}),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused(code: str, options: dict[str, Any]) -> None:
    refused(code, lambda: cheapest_mix(effects(), **options))


def test_where_the_level_is_not_concave_no_cheapest_mix_is_claimed() -> None:
    """Of an average, urban and rural members are part of the reference to different degrees."""
    result = effects(definition="vulnerable", by="area")
    costs = {f"area/{place}/skills": 1.0 for place in ("R", "U")}
    bounds = dict.fromkeys(costs, (0.0, 5.0))
    target = result.level + 0.5
    error = refused(
        "DI-E352", lambda: cheapest_mix(result, target, unit_costs=costs, bounds=bounds)
    )
    assert "area/R/skills" in str(error)
    held = cheapest_mix(result, target, unit_costs=costs, bounds=bounds, reference="held")
    assert held.level == approx(target, abs=1e-8)


def test_a_target_that_is_reached_costs_the_least_that_the_bounds_ask() -> None:
    bounds = BOUNDS | {"usage.usage": (1.0, 2.0)}
    mix = cheapest_mix(effects(), 50.0, unit_costs=COSTS, bounds=bounds)
    assert mix.points == approx([0.0, 0.0, 1.0], abs=1e-9)
    assert mix.cost == approx(5.0)
