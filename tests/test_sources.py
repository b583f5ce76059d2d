"""What a change is made of agrees with R survey, and always sums to the change.

The values are in `reference/change_sources.json`: 1e-9, as those of `years.json`.
"""

from functools import cache
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from divide_index.cells import Cell
from divide_index.change import compare_years
from divide_index.change.sources import SOURCES, ChangeSources, change_sources
from divide_index.inference.ratios import Formula
from divide_index.levels import relative_levels
from divide_index.schema.parts import Break
from divide_index.scoring import score
from divide_index.survey import read_survey
from divide_index.waves import Samples, Waves
from tests.change_samples import change_frame, change_schema, change_waves, two_waves
from tests.examples import examples
from tests.samples import DIMENSIONS, Sample, reference, samples
from tests.year_samples import refused, years_waves

R = reference("change_sources.json")
KINDS: tuple[Samples, ...] = ("independent", "shared_psus")
FORMULAS: tuple[Formula, ...] = get_args(Formula)
SPANS = [(kind, span) for kind in KINDS for span in R[kind]]
SHARES: dict[str, float] = dict(zip(DIMENSIONS, (0.2, 0.4, 0.4), strict=True))
few = settings(max_examples=examples(6))


def approx(expected: object) -> Any:  # noqa: ANN401
    """Compare with R: parts are differences of levels near 100, so 1e-9 of those."""
    return pytest.approx(expected, rel=1e-9, abs=1e-9)


@cache
def sources_of(kind: Samples, span: str, formula: Formula) -> ChangeSources:
    first, last = map(int, span.split("-"))
    return change_sources(change_waves(kind), "region", first=first, last=last, formula=formula)


def cell_of(name: str) -> tuple[str, str]:
    return ("region", name[-1]) if name.startswith("region") else ("group", name)


# -- against R -------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(("kind", "span"), SPANS)
def test_parts_have_the_values_and_errors_of_r(kind: Samples, span: str, formula: Formula) -> None:
    result = sources_of(kind, span, formula)
    seen: set[int] = set()
    for name, expected in R[kind][span].items():
        for dimension, parts in expected[formula].items():
            for part, known in parts.items():
                row = result.row(cell_of(name), part, dimension)
                seen.add(row)
                assert result.estimate.values[row] == approx(known["points"])
                assert result.estimate.std_errors[row] == approx(known["se"])
                assert result.estimate.degrees_of_freedom[row] == expected["df"]
    assert seen == set(range(len(result.rows)))


def test_the_reference_has_years_that_differ_in_what_they_share() -> None:
    errors = {
        kind: R[kind]["2023-2025"]["farmers"]["weighted_ratios"]["overall"]["own"]["se"]
        for kind in KINDS
    }
    assert abs(errors["independent"] - errors["shared_psus"]) > 0.01


# -- against the changes of levels ---------------------------------------------------------------


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_total_is_the_change_of_the_level_with_its_error(
    kind: Samples, formula: Formula
) -> None:
    result = sources_of(kind, "2023-2025", formula)
    changes = compare_years(change_waves(kind), "region", formula=formula).changes
    for cell in result.cells:
        place = (cell.domain, cell.category)
        names: tuple[str, ...] = ("overall",)
        if formula == "weighted_ratios":  # else the dimensions have levels of another kind
            names = (*DIMENSIONS, "overall")
        for name in names:
            ours = result.row(place, "total", name)
            theirs = changes.row(place, name, (2023, 2025))
            share = SHARES.get(name, 1.0)
            assert result.estimate.values[ours] == approx(share * changes.estimate.values[theirs])
            error = share * changes.estimate.std_errors[theirs]
            assert result.estimate.std_errors[ours] == approx(error)
            df = changes.estimate.degrees_of_freedom[theirs]
            assert result.estimate.degrees_of_freedom[ours] == df


@pytest.mark.parametrize("formula", FORMULAS)
@few
@given(samples(), samples())
def test_parts_of_any_two_samples_sum_to_the_difference_of_their_levels(
    formula: Formula, old: Sample, new: Sample
) -> None:
    result = change_sources(two_waves(old, new), formula=formula)
    before, after = (each.levels(formula=formula) for each in (old, new))
    for cell in result.cells:
        levels = [
            each.estimate.values[each.estimate.names.index(f"group/{cell.category}/overall")]
            for each in (before, after)
        ]
        parts = [result.row(("group", cell.category), part) for part in ("own", "reference")]
        size = max(1.0, *map(abs, levels))
        assert sum(result.estimate.values[parts]) == pytest.approx(
            levels[1] - levels[0], abs=1e-9 * size
        )
        one_by_one = [
            result.estimate.values[result.row(("group", cell.category), part, name)]
            for part in ("own", "reference")
            for name in DIMENSIONS
        ]
        assert sum(one_by_one) == pytest.approx(levels[1] - levels[0], abs=1e-9 * size)


@pytest.mark.parametrize("formula", FORMULAS)
@few
@given(samples(), samples())
def test_the_years_the_other_way_round_turn_every_sign(
    formula: Formula, old: Sample, new: Sample
) -> None:
    there = change_sources(two_waves(old, new), formula=formula).estimate
    back = change_sources(two_waves(new, old), formula=formula).estimate
    scale = max(1.0, float(np.abs(there.values).max()))
    assert back.values == pytest.approx(-there.values, abs=1e-9 * scale)
    scale = max(1.0, float(there.std_errors.max()))
    assert back.std_errors == pytest.approx(there.std_errors, abs=1e-6 * scale)


@pytest.mark.parametrize("formula", FORMULAS)
@few
@given(samples(), samples())
def test_who_does_not_change_is_the_source_of_nothing(
    formula: Formula, old: Sample, new: Sample
) -> None:
    general, farmers = "sample == 'general'", "sample == 'farmers'"
    for still, moved, part in ((general, farmers, "reference"), (farmers, general, "own")):
        frame = pd.concat([old.frame.query(still), new.frame.query(moved)])
        frame["id"] = range(len(frame))
        result = change_sources(two_waves(old, old.changed(frame)), formula=formula)
        for name in (*DIMENSIONS, "overall"):
            row = result.row(("group", "farmers"), part, name)
            size = float(np.abs(result.levels).max())
            assert abs(result.estimate.values[row]) < 1e-9 * max(size, 1.0)


def test_a_panel_of_the_same_answers_has_no_change_and_no_error() -> None:
    frame = change_frame()
    frame = frame[frame["year"] == 2023]
    again = pd.concat([frame, frame.assign(year=2024)])
    result = change_sources(change_waves("shared_psus", again))
    assert not result.estimate.values.any()
    assert not result.estimate.covariance.any()
    assert result.to_frame()["p_value"].isna().all()


def test_a_group_that_is_everybody_moves_as_the_reference_does() -> None:
    result = change_sources(change_waves(), where="age >= 0")
    place = ("where", "age >= 0")
    own, against, total = (result.row(place, part) for part in SOURCES)
    assert abs(result.estimate.values[own]) > 1
    assert result.estimate.values[own] == approx(-result.estimate.values[against])
    assert result.estimate.std_errors[own] > 0.1
    assert result.estimate.values[total] == result.estimate.std_errors[total] == 0
    assert np.isnan(result.to_frame()["p_value"][total])


# -- what is asked for ---------------------------------------------------------------------------


def test_the_frame_has_a_row_for_every_part() -> None:
    result = change_sources(change_waves(), groups=["farmers"], where="sex == 1")
    frame = result.to_frame()
    assert [*frame.columns] == [
        *("domain", "category", "dimension", "first", "last", "part", "contribution"),
        *("std_error", "conf_low", "conf_high", "df", "p_value"),
    ]
    assert frame["part"].tolist() == [*SOURCES] * (len(DIMENSIONS) + 1) * 2
    assert (frame["conf_low"] < frame["contribution"]).all()
    assert set(zip(frame["first"], frame["last"], strict=True)) == {(2023, 2025)}
    assert "reference" in str(result)
    assert result._repr_html_().startswith("<table")
    waves = change_waves()
    for place, year in enumerate((2023, 2025)):
        levels = relative_levels(score(waves.surveys[year]), groups=["farmers"], where="sex == 1")
        at = levels.estimate.names.index("group/farmers/overall")
        index = result.cells.index(Cell("group", "farmers"))
        assert result.n[index, place] == levels.n[at] > 20
        assert result.psus[index, place] == levels.psus[at]
        assert result.levels[index, place] == approx(levels.estimate.values[at])


def test_a_category_that_nobody_is_in_has_no_rows() -> None:
    frame = change_frame().query("region != 3")  # the schema declares it
    result = change_sources(change_waves(frame=frame), "region")
    named = [cell.category for cell in result.cells if cell.domain == "region"]
    assert named == ["1", "2", "4", "5", "6", "7", "8"]


def test_a_row_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        sources_of("independent", "2023-2025", "weighted_ratios").row(("region", "9"), "own")


# -- what is refused -----------------------------------------------------------------------------


def test_a_break_between_the_years_is_refused_by_name() -> None:
    found = Break(year=2025, group="farmers", kind="questions", source="test")
    schema = change_schema().model_copy(update={"breaks": {"renewed": found}})
    waves = change_waves(schema=schema)
    with refused("DI-E381", cells=["group/farmers"], breaks=["renewed (2025)"]):
        change_sources(waves)
    assert change_sources(waves, last=2024).cells == change_sources(change_waves()).cells
    assert change_sources(waves, groups=["rural"]).cells == (Cell("group", "rural"),)


def test_a_cell_that_a_year_lacks_is_refused_by_name() -> None:
    with refused("DI-E382", cells=["region/4"], years=[2024]):
        change_sources(years_waves(), "region", last=2024)
    result = change_sources(years_waves(), "region")
    assert Cell("region", "4") in result.cells


def test_a_group_without_a_score_in_one_dimension_is_refused_by_name() -> None:
    frame = change_frame()
    frame.loc[(frame["year"] == 2024) & (frame["sample"] == "farmers"), "usage"] = np.nan
    with refused("DI-E382", cells=["group/farmers"], years=[2024]):
        change_sources(change_waves(frame=frame), first=2024)


def test_a_group_that_nobody_is_in_is_refused_by_name() -> None:
    frame = change_frame().query("sample == 'general'")
    with refused("DI-E061", groups=["farmers"]):
        change_sources(change_waves(frame=frame))


def test_a_reference_without_a_level_is_refused() -> None:
    frame = change_frame()
    with refused("DI-E060", dimensions=["usage"]):
        change_sources(change_waves(frame=frame.assign(usage=np.nan)))
    with refused("DI-E062", dimensions=["usage"]):
        change_sources(change_waves(frame=frame.assign(usage=0.0)))


def test_years_that_are_not_two_in_order_are_refused() -> None:
    waves = change_waves()
    with refused("DI-E380", first=2025, last=2024):
        change_sources(waves, first=2025, last=2024)
    with refused("DI-E380", first=2024, last=2024):
        change_sources(waves, first=2024, last=2024)
    with refused("DI-E117", option="first", value=2022):
        change_sources(waves, first=2022)
    with refused("DI-E364", count=1):
        change_sources(Waves({2023: waves.surveys[2023]}))


def test_indices_that_are_made_otherwise_are_refused() -> None:
    schema = change_schema()
    access = schema.dimensions["access"].model_copy(update={"weight": 0.3})
    usage = schema.dimensions["usage"].model_copy(update={"weight": 0.3})
    other = schema.model_copy(
        update={"dimensions": {**schema.dimensions, "access": access, "usage": usage}}
    )
    frame = change_frame()
    surveys = {
        2023: read_survey(frame.query("year == 2023"), other),
        2025: read_survey(frame.query("year == 2025"), schema),
    }
    with refused("DI-E370", year=2023):
        change_sources(Waves(surveys))


def test_unknown_options_are_refused() -> None:
    waves, wrong = change_waves(), {"formula": "product"}
    with refused("DI-E117", option="formula", value="product"):
        change_sources(waves, **wrong)  # pyright: ignore[reportArgumentType]
    with refused("DI-E117", option="confidence"):
        change_sources(waves, confidence=95)
    schema = change_schema().model_copy(update={"groups": {}})
    with refused("DI-E289", groups=[]):
        change_sources(change_waves(schema=schema))


def test_a_cell_without_degrees_of_freedom_has_no_errors_and_is_named() -> None:
    frame = change_frame()
    few_psus = frame[(frame["region"] != 8) | (frame["psu"] == 21) | (frame["sample"] != "general")]
    result = change_sources(change_waves(frame=few_psus), "region")
    [found] = [each for each in result.findings if each.code == "DI-W063"]
    assert found.params["cells"] == ["region/8"]
    row = result.row(("region", "8"), "own")
    assert np.isnan(result.estimate.reliable_std_errors[row])
    assert np.isnan(result.to_frame()["p_value"][row])
