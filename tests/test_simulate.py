"""The simulated survey: it reads as a real one would, and meets the published levels."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from pydantic import BaseModel

from divide_index import LevelResult, load_schema, read_survey, relative_levels, score
from divide_index.errors import DesignError, SchemaError
from divide_index.schema.model import Evidence
from divide_index.simulate import simulate_survey

SCHEMA = load_schema("example")
PC = tuple(SCHEMA.dimensions["capability"].indicators["pc"].items)
MOBILE = tuple(SCHEMA.dimensions["capability"].indicators["mobile"].items)
ROUTED = [name for name, variable in SCHEMA.variables.items() if variable.asked_if is not None]
REFUSED = 9998

# Published levels of 2025, in the order access, capability, usage, overall.
FARMERS_2025 = (97.2, 72.4, 80.5, 80.6)
OLDER_2025 = (95.4, 56.2, 75.6, 71.8)
DIMENSIONS = (*SCHEMA.dimensions, "overall")


@lru_cache(maxsize=1)
def simulated() -> pd.DataFrame:
    """Return one survey that tests only look at."""
    return simulate_survey(SCHEMA, seed=1)


@lru_cache(maxsize=20)
def levels_of(seed: int) -> LevelResult:
    return relative_levels(score(read_survey(simulate_survey(SCHEMA, seed=seed), SCHEMA)))


def general(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["sample"] == "general"]


def answers(frame: pd.DataFrame, names: list[str] | tuple[str, ...]) -> pd.DataFrame:
    """Return answers as numbers; refusals and questions not asked are missing."""
    numbers = frame[list(names)].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return pd.DataFrame(numbers, columns=list(names)).replace(REFUSED, np.nan)


def evidence(node: object, path: str = "") -> Iterator[tuple[str, Evidence]]:
    """Yield every element of a schema that can name its source."""
    if isinstance(node, Evidence):
        yield path, node
    if isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from evidence(getattr(node, name), f"{path}.{name}")
    elif isinstance(node, dict):
        for name, part in node.items():
            yield from evidence(part, f"{path}.{name}")


# -- the schema ------------------------------------------------------------------------------


def test_the_example_has_the_sixty_columns_of_its_file() -> None:
    assert len(SCHEMA.variables) == 60
    assert list(simulated().columns) == [SCHEMA.column_of(name) for name in SCHEMA.variables]


def test_every_element_of_the_example_names_its_source() -> None:
    assert not [path for path, node in evidence(SCHEMA) if not node.source]


def test_what_nobody_has_confirmed_is_marked_as_assumed() -> None:
    assumed = {path for path, _ in SCHEMA.assumptions()}
    for dimension, part in SCHEMA.dimensions.items():
        inside = {f"dimensions.{dimension}.indicators.{name}" for name in part.indicators}
        assert {f"dimensions.{dimension}", *inside} <= assumed
    assert {"target", "averages.two_groups"} <= assumed


def test_every_name_of_the_example_has_a_label_in_both_languages() -> None:
    for variable in SCHEMA.variables.values():
        labels = [variable.label, *variable.codes.values()]
        assert all(label is not None and label.ko and label.en for label in labels)
        assert all(label.ko != label.en for label in labels if label is not None)


def test_totals_of_the_average_are_those_of_the_simulated_people() -> None:
    frame = simulated()
    weights = {
        "farmers": frame.loc[frame["sample"] == "farmers", "weight"].sum(),
        "older": general(frame).query("age >= 55")["weight"].sum(),
    }
    assert SCHEMA.averages["two_groups"].members == pytest.approx(weights, rel=0.03)


# -- levels ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(1, 21))
def test_farmers_come_out_at_their_published_levels(seed: int) -> None:
    levels = [levels_of(seed).level("group", "farmers", dimension) for dimension in DIMENSIONS]
    assert levels == pytest.approx(FARMERS_2025, abs=1.0)


def test_older_adults_come_out_near_their_published_levels() -> None:
    levels = [levels_of(1).level("group", "older", dimension) for dimension in DIMENSIONS]
    assert levels == pytest.approx(OLDER_2025, abs=3.0)


def test_rural_residents_come_out_between_farmers_and_everybody() -> None:
    assert 85 < levels_of(1).level("group", "rural") < 92


def test_provinces_differ_as_provinces_do() -> None:
    survey = read_survey(simulated(), SCHEMA)
    frame = relative_levels(score(survey), "province").to_frame()
    overall = frame[(frame["domain"] == "province") & (frame["dimension"] == "overall")]
    assert len(overall) == 17
    assert 90 < overall["level"].min() < 95
    assert 102 < overall["level"].max() < 106


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_design_effect_of_a_level_is_that_of_a_clustered_survey(dimension: str) -> None:
    effects = [
        levels.design_effects[levels.row("group", "farmers", dimension)]
        for levels in map(levels_of, range(1, 6))
    ]
    assert 1.2 < np.mean(effects) < 3


# -- records ---------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_records() -> None:
    assert_frame_equal(simulate_survey("example", seed=1), simulated())


def test_another_seed_gives_other_records() -> None:
    assert not simulate_survey(SCHEMA, seed=2).equals(simulated())


def test_every_record_says_that_it_is_simulated() -> None:
    frame = simulated()
    assert (frame["synthetic"] == 1).all()
    assert read_survey(frame, SCHEMA).is_synthetic


def test_the_gate_finds_nothing_to_say() -> None:
    assert read_survey(simulated(), SCHEMA).findings == ()


def test_a_file_holds_codes_as_the_schema_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    simulated().to_csv(path, index=False)
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    numbers = [name for name, v in SCHEMA.variables.items() if not v.is_text and name != "weight"]
    assert (
        not text[numbers].apply(lambda column: column.str.contains(r"\.", regex=True)).any().any()
    )
    assert (text[ROUTED] == "").any().all()
    levels = relative_levels(score(read_survey(path, SCHEMA)))
    assert_frame_equal(levels.to_frame(), levels_of(1).to_frame())


def test_every_declared_code_occurs() -> None:
    frame = simulated()
    for name, variable in SCHEMA.variables.items():
        found = set(frame[SCHEMA.column_of(name)].dropna())
        codes = set(variable.codes)
        assert codes <= found, name
        if variable.codes:
            assert found <= codes | set(variable.missing), name


def test_only_non_users_are_not_asked_about_services() -> None:
    frame = simulated()
    blank = frame[ROUTED].isna()
    assert len(ROUTED) == 26
    assert (blank.all(axis=1) == (frame["used"] == 2)).all()
    assert (blank.any(axis=1) == blank.all(axis=1)).all()
    assert not frame.drop(columns=ROUTED).isna().any().any()


def test_a_question_goes_unanswered_once_or_twice_in_a_hundred() -> None:
    frame = simulated()
    for name in (*PC, *MOBILE, *ROUTED, "desktop", "internet"):
        asked = frame[name].dropna()
        assert 0.008 < (asked == REFUSED).mean() < 0.024, name


def test_some_people_refuse_a_whole_dimension() -> None:
    refuses = (simulated()[[*PC, *MOBILE]] == REFUSED).all(axis=1)
    assert 0.001 < refuses.mean() < 0.01


def test_answers_of_a_person_correlate() -> None:
    frame = simulated()
    skills = answers(frame, (*PC, *MOBILE)).corr().to_numpy()
    assert skills.min() > 0.3
    assert answers(frame, ROUTED).corr().to_numpy().min() > 0.1
    means = pd.DataFrame({"skill": answers(frame, PC).mean(axis=1)})
    means["service"] = answers(frame, ROUTED).mean(axis=1)
    assert means.corr().to_numpy().min() > 0.4


def test_pc_skills_lie_below_mobile_skills() -> None:
    frame = general(simulated())
    pc, mobile = answers(frame, PC), answers(frame, MOBILE)
    assert np.nanmean(pc.to_numpy()) + 0.3 < np.nanmean(mobile.to_numpy())


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [("age >= 55", "age < 55"), ("education == 1", "education == 4"), ("area == 2", "area == 1")],
)
def test_age_schooling_and_place_show_in_skills(weaker: str, stronger: str) -> None:
    frame = general(simulated()).query("age >= 20")
    low, high = (answers(frame.query(where), PC).to_numpy() for where in (weaker, stronger))
    assert np.nanmean(low) + 0.1 < np.nanmean(high)


def test_a_third_of_the_general_public_is_55_or_older() -> None:
    assert (general(simulated())["age"] >= 55).mean() == pytest.approx(0.34, abs=0.02)


def test_farmers_are_marked_by_their_occupation_in_either_sample() -> None:
    frame = simulated()
    farms = frame["occupation"].isin([4, 5])
    assert farms[frame["sample"] == "farmers"].all()
    assert 200 < farms[frame["sample"] == "general"].sum() < 400
    assert frame.loc[farms, "age"].min() >= 15


# -- the design ------------------------------------------------------------------------------


def test_strata_are_provinces_by_area_and_regions_of_farmers() -> None:
    frame = simulated()
    places = general(frame)[["stratum", "province", "area"]].drop_duplicates()
    assert len(places) == 31  # three cities have no rural part
    assert places["stratum"].is_unique
    assert frame.loc[frame["sample"] == "farmers", "stratum"].nunique() == 9


def test_an_enumeration_area_lies_in_one_place() -> None:
    frame = simulated()
    area = ["sample", "stratum", "psu"]
    assert not frame[[*area, "province", "area"]].drop_duplicates().duplicated(area).any()
    people = frame.groupby(area).size()
    assert people.median() == 11
    assert people.max() <= 13


def test_weights_add_up_to_the_population_and_differ() -> None:
    weights = simulated().groupby("sample")["weight"]
    totals = weights.sum()
    assert totals["general"] == pytest.approx(48_745_000, rel=1e-4)
    assert totals["farmers"] == pytest.approx(2_200_000, rel=1e-4)
    assert ((weights.std() / weights.mean()) > 0.1).all()
    assert simulated()["weight"].min() > 0


@pytest.mark.parametrize("n", [85, 200, 1000, 15_000])
def test_any_number_of_records_is_split_like_the_default(n: int) -> None:
    frame = simulate_survey(SCHEMA, seed=3, n=n)
    assert len(frame) == n
    assert (frame["sample"] == "farmers").sum() == pytest.approx(n * 2200 / 9200, abs=1)
    assert frame["id"].is_unique
    assert frame.groupby(["sample", "stratum"])["psu"].nunique().min() >= 2
    levels = relative_levels(score(read_survey(frame, SCHEMA)), groups=["farmers"])
    assert levels.std_errors[-1] > 0


def test_the_default_size_is_that_of_the_real_survey() -> None:
    assert simulated()["sample"].value_counts().to_dict() == {"general": 7000, "farmers": 2200}


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [-5, 0, 40])
def test_too_few_records_are_refused_with_the_number_that_is_enough(n: int) -> None:
    with pytest.raises(DesignError) as caught:
        simulate_survey(SCHEMA, seed=1, n=n)
    assert caught.value.code == "DI-E130"
    least = caught.value.params["least"]
    assert isinstance(least, int)
    assert len(simulate_survey(SCHEMA, seed=1, n=least)) == least
    with pytest.raises(DesignError):
        simulate_survey(SCHEMA, seed=1, n=least - 1)


def test_another_schema_is_not_simulated() -> None:
    with pytest.raises(SchemaError) as caught:
        simulate_survey("endutih-2021", seed=1)
    assert caught.value.code == "DI-E131"


def test_an_example_with_other_questions_is_not_simulated() -> None:
    variables = {name: v for name, v in SCHEMA.variables.items() if name != "tablet"}
    changed = SCHEMA.model_copy(update={"variables": variables})
    with pytest.raises(SchemaError) as caught:
        simulate_survey(changed, seed=1)
    assert caught.value.code == "DI-E131"


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(DesignError) as caught:
        simulate_survey(SCHEMA, seed=-1)
    assert caught.value.code == "DI-E117"
