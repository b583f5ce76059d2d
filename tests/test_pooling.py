"""Pooled years agree with R survey on the stacked file, and say what they pool.

The values are in `reference/pooled.json`; `reference/README.md` gives the tolerance and why.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from divide_index.change.pooling import pool
from divide_index.errors import DivideIndexError, EstimationError, InputError
from divide_index.levels import Cases, LevelResult, relative_levels
from divide_index.publication.disclosure import protect
from divide_index.schema import SurveySchema, Text, Variable, parse_condition
from divide_index.schema.parts import Break, Domain
from divide_index.scoring import Scores, score
from divide_index.survey import Survey, read_survey, redesigned
from divide_index.tabulation import tabulate
from divide_index.waves import Samples, Waves
from tests.examples import examples
from tests.samples import (
    DIMENSIONS,
    REFERENCE,
    Sample,
    as_polars,
    reference,
    samples,
    small_frame,
    small_schema,
    with_design,
)

R = reference("pooled.json")
YEARS = (2023, 2024, 2025)
BLOCKS: tuple[Samples, ...] = ("independent", "shared_psus", "panel")
BY = ("region", "region*area")

approx = pytest.approx
few = settings(max_examples=examples(8))


def schema_of(year: int) -> SurveySchema:
    """Return the schema of one year of `pooled.csv`: age in single years, or in three bands."""
    schema = small_schema()
    variables = {name: each for name, each in schema.variables.items() if name != "fpc"}
    update: dict[str, Any] = {"variables": variables}
    if year == YEARS[-1]:
        bands = ("~29", "30~64", "65~")
        codes = {code: Text.model_validate(band) for code, band in enumerate(bands, 1)}
        variables["age_band"] = Variable(codes=dict.fromkeys(codes)).model_copy(
            update={"codes": codes}
        )
        del variables["age"]
        old = parse_condition("sample == 'general' and age_band == 3")
        changed = {"old": schema.groups["old"].model_copy(update={"where": old})}
        domain = {"variable": "age_band", "bands": {}}
        by_age = schema.domains["age_group"].model_copy(update=domain)
        update |= {"groups": schema.groups | changed}
        update |= {"domains": {**schema.domains, "age_group": by_age}}
    return schema.model_copy(update=update)


@cache
def pooled_frame() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "pooled.csv")


def waves_of(block: Samples, *, in_polars: bool = False) -> Waves:
    surveys: dict[int, Survey] = {}
    for year in YEARS:
        frame = pooled_frame()
        frame = frame[frame["year"] == year].reset_index(drop=True)
        schema = schema_of(year)
        if block == "panel":
            schema = with_design(schema, psu=None)
        read = as_polars(frame) if in_polars else frame
        surveys[year] = read_survey(read, schema)
    return Waves(surveys, block)


@cache
def pooled(block: Samples) -> Scores:
    return pool(waves_of(block), by=BY)


@cache
def levels_of(block: Samples, measure: str) -> LevelResult:
    formula = "ratio_of_composites" if measure == "ratio_of_composites" else "weighted_ratios"
    return relative_levels(pooled(block), BY, formula=formula)


def cell_of(name: str) -> tuple[str, str]:
    """Return where a cell of the reference values stands in our tables."""
    if not name.startswith("region"):
        return "group", name
    region, _, area = name.removeprefix("region").partition("_")
    return ("region*area", f"{region}*{area}") if area else ("region", region)


def years_of(sample: Survey, *years: int, samples: Samples = "independent") -> Waves:
    return Waves(dict.fromkeys(years, sample), samples)


def small_survey(schema: SurveySchema | None = None, frame: pd.DataFrame | None = None) -> Survey:
    return read_survey(small_frame() if frame is None else frame, schema or small_schema())


def changed_schema(**parts: object) -> SurveySchema:
    return small_schema().model_copy(update=parts)


# -- against R ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*R["independent"]["cells"]])
@pytest.mark.parametrize("block", BLOCKS)
def test_every_pooled_level_has_the_value_and_standard_error_of_r(
    block: Samples, name: str
) -> None:
    expected = R[block]["cells"][name]
    for measure in (*DIMENSIONS, "weighted_ratios", "ratio_of_composites"):
        result = levels_of(block, measure)
        row = result.row(*cell_of(name), measure if measure in DIMENSIONS else "overall")
        assert result.estimate.values[row] == approx(expected[measure]["level"], rel=1e-9)
        assert result.estimate.std_errors[row] == approx(expected[measure]["se"], rel=1e-9)
        if measure not in DIMENSIONS:
            assert result.n[row] == expected["n"]
            assert result.degrees_of_freedom[row] == expected["df"]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_design_of_the_pool_is_that_of_r(block: Samples) -> None:
    design = pooled(block).survey.design
    counts = (len(design.stratum_labels), design.psus, design.degrees_of_freedom)
    assert counts == tuple(R[block][name] for name in ("strata", "psus", "design_df"))


@pytest.mark.parametrize("block", BLOCKS)
def test_an_average_of_pooled_groups_has_the_standard_error_of_r(block: Samples) -> None:
    for measure, expected in R[block]["average"].items():
        result = levels_of(block, measure)
        dimension = measure if measure in DIMENSIONS else "overall"
        row = result.row("average", "vulnerable", dimension)
        assert result.estimate.values[row] == approx(expected["level"], rel=1e-9)
        assert result.estimate.std_errors[row] == approx(expected["se"], rel=1e-9)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_design_effect_compares_with_all_the_people_of_the_pool(block: Samples) -> None:
    result = levels_of(block, "weighted_ratios")
    for dimension, expected in R[block]["deff_farmers"].items():
        row = result.row("group", "farmers", dimension)
        assert result.design_effects[row] == approx(expected, rel=1e-9)


@pytest.mark.parametrize("block", BLOCKS)
def test_means_of_the_pool_are_those_of_r(block: Samples) -> None:
    result = tabulate(pooled(block), ["usage"], BY)
    places = [(cell.domain, cell.category) for cell in result.cells]
    for name, expected in R[block]["cells"].items():
        row = places.index(cell_of(name))
        mean = expected["mean_usage"]
        assert result.estimate.values[row] == approx(mean["mean"], rel=1e-9)
        assert result.estimate.std_errors[row] == approx(mean["se"], rel=1e-9)


def test_weighted_counts_are_those_of_one_year() -> None:
    frame = pooled_frame()
    weights = float(pooled("shared_psus").survey.psus.weights.sum())
    assert weights == approx(frame["weight"].sum() / 3, rel=1e-12)
    assert float(pooled("shared_psus").survey.psus.records.sum()) == len(frame)


def test_polars_pools_as_pandas_does() -> None:
    other = relative_levels(pool(waves_of("shared_psus", in_polars=True), by=BY), BY)
    ours = levels_of("shared_psus", "weighted_ratios")
    assert other.cells == ours.cells
    assert other.estimate.values == approx(ours.estimate.values, rel=1e-12)
    assert other.std_errors == approx(ours.std_errors, rel=1e-12, nan_ok=True)


# -- identities --------------------------------------------------------------------------------


def every(result: LevelResult) -> tuple[Any, ...]:
    values = (result.estimate.values, result.std_errors, result.n, result.degrees_of_freedom)
    return (result.cells, *(value.tolist() for value in values))


@given(samples())
@few
def test_one_year_pooled_is_that_year(sample: Sample) -> None:
    direct = sample.levels(BY)
    alone = relative_levels(pool(years_of(sample.survey, 2024)), BY)
    assert alone.cells == direct.cells
    assert alone.estimate.values == approx(direct.estimate.values, rel=1e-9, nan_ok=True)
    assert alone.std_errors == approx(direct.std_errors, rel=1e-9, abs=1e-9, nan_ok=True)
    assert np.array_equal(alone.degrees_of_freedom, direct.degrees_of_freedom)
    assert alone.design_effects == approx(direct.design_effects, rel=1e-6, nan_ok=True)


@given(samples())
@few
def test_a_year_pooled_with_itself_has_half_the_variance_and_the_same_level(
    sample: Sample,
) -> None:
    direct = sample.levels(BY)
    twice = relative_levels(pool(years_of(sample.survey, 2024, 2025)), BY)
    assert twice.estimate.values == approx(direct.estimate.values, rel=1e-9, nan_ok=True)
    halved = direct.estimate.covariance / 2
    size = float(np.abs(halved).max()) or 1.0
    # What cancels leaves the rounding of influences, of levels of 100, times other influences.
    rounding = 1e-12 * max(size, size**0.5)
    assert twice.estimate.covariance == approx(halved, rel=1e-9, abs=rounding)
    assert np.array_equal(twice.n, 2 * direct.n)


@given(samples())
@few
def test_the_same_people_asked_twice_tell_no_more_than_once(sample: Sample) -> None:
    direct = sample.levels(BY)
    shared = pool(years_of(sample.survey, 2024, 2025, samples="shared_psus"))
    twice = relative_levels(shared, BY)
    assert twice.estimate.values == approx(direct.estimate.values, rel=1e-9, nan_ok=True)
    assert twice.std_errors == approx(direct.std_errors, rel=1e-9, abs=1e-9, nan_ok=True)
    assert np.array_equal(twice.degrees_of_freedom, direct.degrees_of_freedom)


@given(samples())
@few
def test_the_order_of_years_changes_nothing(sample: Sample) -> None:
    other = sample.changed(sample.frame.assign(usage=100.0 - sample.frame["usage"]))
    pair = {2024: sample.survey, 2025: other.survey}
    one = relative_levels(pool(Waves(pair)), BY)
    same = relative_levels(pool(Waves(dict(reversed([*pair.items()])))), BY)
    assert repr(every(one)) == repr(every(same))


@given(samples(fpc=True))
@few
def test_a_design_made_again_from_the_pooled_records_gives_the_same_errors(
    sample: Sample,
) -> None:
    once = pool(years_of(sample.survey, 2024, 2025))
    again = score(redesigned(once.survey, once.survey.frame, 2025))
    one, other = (relative_levels(each, BY) for each in (once, again))
    assert one.std_errors == approx(other.std_errors, rel=1e-9, abs=1e-9, nan_ok=True)
    assert np.array_equal(one.degrees_of_freedom, other.degrees_of_freedom)


def test_years_chosen_among_more_are_those_years() -> None:
    whole = waves_of("shared_psus")
    part = Waves({year: whole.surveys[year] for year in YEARS[1:]}, "shared_psus")
    chosen, alone = pool(whole, [2025, 2024, 2025]), pool(part)
    assert chosen.survey.pooled == alone.survey.pooled == (2024, 2025)
    assert repr(every(relative_levels(chosen, BY))) == repr(every(relative_levels(alone, BY)))


@pytest.mark.parametrize("variant", get_args(Cases))
def test_every_treatment_of_nonresponse_is_scored_by_each_year(variant: Cases) -> None:
    direct = relative_levels(score(small_survey()), BY, cases=variant)
    twice = relative_levels(pool(years_of(small_survey(), 2024, 2025)), BY, cases=variant)
    assert twice.estimate.values == approx(direct.estimate.values, rel=1e-9)


AGES = {1: 12, 2: 25, 3: 33, 4: 44, 5: 52, 6: 71}  # a single year inside each band of 2025
AGE_COLUMNS = {"general": "ADQ1", "farmers": "BDQ2", "disabled": "CDQ1", "low_income": "DDQ1"}


@cache
def korean_years() -> Waves:
    """Return the same people with the files of 2024 (single years of age) and 2025 (bands)."""
    bands = {name: pd.read_csv(REFERENCE / f"nia_{name}.csv") for name in AGE_COLUMNS}
    single = {
        name: frame.assign(**{column: frame[column].map(AGES).fillna(9998).astype(int)})
        for (name, frame), column in zip(bands.items(), AGE_COLUMNS.values(), strict=True)
    }
    return Waves({2024: read_survey(single, "nia-2024"), 2025: read_survey(bands, "nia-2025")})


@pytest.mark.parametrize("cases", get_args(Cases))
def test_each_year_says_who_is_old_and_what_was_not_asked(cases: Cases) -> None:
    by = ("province", "education")
    once = relative_levels(score(korean_years().surveys[2025]), by, cases=cases)
    twice = relative_levels(pool(korean_years(), by=by), by, cases=cases)
    assert twice.cells == once.cells
    assert twice.estimate.values == approx(once.estimate.values, rel=1e-9, nan_ok=True)
    size = float(np.abs(once.estimate.covariance).max())
    halved = once.estimate.covariance / 2
    inside = [cell.domain != "average" for cell in once.cells]  # of totals that are not halved
    assert twice.estimate.covariance[inside][:, inside] == approx(
        halved[inside][:, inside], rel=1e-9, abs=1e-12 * size
    )


# -- what the pool says of itself ----------------------------------------------------------------


def test_a_pool_says_its_years_and_that_it_is_one() -> None:
    survey = pooled("independent").survey
    assert survey.pooled == YEARS
    assert survey.findings[0].code == "DI-I390"
    assert "2023, 2024, 2025" in str(survey.findings[0])
    assert survey.schema.survey.year is None
    assert survey.schema.target is None
    assert small_survey().pooled == ()


def test_the_pooled_schema_has_no_contradiction() -> None:
    for block in BLOCKS:
        assert [*pooled(block).survey.schema._contradictions()] == []


def test_years_make_no_population_of_several_samples() -> None:
    for block in BLOCKS:
        result = levels_of(block, "weighted_ratios")
        assert "DI-W034" not in [found.code for found in result.findings]


def test_disclosure_control_works_on_a_pool() -> None:
    result = levels_of("independent", "weighted_ratios")
    suppression = protect(result)
    direct = protect(relative_levels(score(waves_of("independent").surveys[2023]), BY))
    hidden, before = ({(c.domain, c.category) for c in s.suppressed} for s in (suppression, direct))
    assert before
    assert hidden < before  # with three years' people less is to be hidden


def test_a_pool_of_a_panel_says_that_people_count_several_times() -> None:
    assert "DI-W392" in [found.code for found in pooled("panel").survey.findings]
    assert "DI-W392" not in [found.code for found in pooled("shared_psus").survey.findings]


def test_what_a_year_has_otherwise_is_left_out_and_told() -> None:
    survey = pooled("independent").survey
    assert "age_group" not in survey.schema.domains
    assert "age_band" not in survey.schema.variables
    told = {found.code: found.params for found in survey.findings}
    assert told["DI-W390"]["parts"] == ["domains.age_group"]
    assert told["DI-I391"]["variables"] == ["age_band"]
    assert "old" in survey.schema.groups  # each year says in its own way who is old


def test_a_condition_on_what_years_declare_alike_cuts_the_pool() -> None:
    frame = pooled_frame()
    result = relative_levels(pooled("independent"), where="farm == 1", groups=["rural"])
    row = result.row("group", "rural")
    inside = frame[(frame["sample"] == "general") & (frame["area"] == "R") & (frame["farm"] == 1)]
    assert result.n[row] == inside[list(DIMENSIONS)].notna().any(axis=1).sum()


def test_no_variable_that_identifies_people_is_pooled() -> None:
    survey = pooled("independent").survey
    assert not {"id", "psu", "stratum"} & {*survey.schema.variables}
    assert not {"id", "psu", "stratum"} & {*survey.frame.columns}


def test_a_group_whose_answers_leave_open_who_belongs_stays_open() -> None:
    frame = small_frame()
    frame.loc[frame.index[:3], "age"] = np.nan
    once = relative_levels(score(small_survey(frame=frame)))
    twice = relative_levels(pool(years_of(small_survey(frame=frame), 2024, 2025)))
    one, two = (
        {
            found.params["population"]: found.params
            for found in each.findings
            if "W033" in found.code
        }
        for each in (once, twice)
    )
    assert one.keys() == two.keys() == {"old", "average:vulnerable"}
    assert two["old"]["count"] == 2 * int(str(one["old"]["count"]))
    assert two["old"]["percent"] == approx(one["old"]["percent"], rel=1e-9)


def test_a_domain_without_declared_codes_is_pooled_by_what_was_answered() -> None:
    schema = small_schema()
    codes = schema.variables | {"psu": Variable(type="number")}
    label = schema.domains["region"].label
    by_psu = Domain.model_construct(label=label, variable="psu", bands={}, band_labels={})
    changed = schema.model_copy(
        update={"variables": codes, "domains": {**schema.domains, "place": by_psu}}
    )
    direct = relative_levels(score(small_survey(changed)), "place")
    twice = relative_levels(pool(years_of(small_survey(changed), 2024, 2025)), "place")
    assert twice.cells == direct.cells
    assert twice.estimate.values == approx(direct.estimate.values, rel=1e-9)


def test_a_category_of_some_years_alone_is_told() -> None:
    frame = small_frame()
    nobody = frame.assign(region=frame["region"].replace(4, 3))
    waves = Waves({2024: small_survey(frame=nobody), 2025: small_survey()})
    told = {found.code: found.params for found in pool(waves).survey.findings}
    assert told["DI-W391"]["cells"] == ["region/4"]


# -- refusals ----------------------------------------------------------------------------------


def refusal(
    waves: Waves,
    years: Sequence[int] | None = None,
    *,
    by: str | None = None,
    groups: Sequence[str] | None = None,
) -> DivideIndexError:
    with pytest.raises(DivideIndexError) as caught:
        pool(waves, years, by=by, groups=groups)
    return caught.value


def test_a_year_that_was_not_surveyed_is_no_part_of_a_pool() -> None:
    error = refusal(years_of(small_survey(), 2024, 2025), [2022, 2024])
    assert (error.code, error.params["years"]) == ("DI-E390", [2022])
    assert refusal(years_of(small_survey(), 2024, 2025), []).code == "DI-E390"


def without(kind: str, name: str) -> SurveySchema:
    schema = small_schema()
    parts = {key: each for key, each in getattr(schema, kind).items() if key != name}
    return changed_schema(**{kind: parts})


def test_a_group_that_a_year_lacks_is_refused_where_it_is_asked_for() -> None:
    schema = without("groups", "urban")
    waves = Waves({2024: small_survey(schema), 2025: small_survey()})
    error = refusal(waves, groups=["urban", "old"])
    assert (error.code, error.params["group"], error.params["years"]) == (
        "DI-E391",
        "urban",
        [2024],
    )
    scores = pool(waves, groups=["old"])
    assert "urban" not in scores.survey.schema.groups
    told = {found.code: found.params for found in scores.survey.findings}
    assert told["DI-W390"]["parts"] == ["groups.urban"]
    assert refusal(waves, groups=["no_group"]).code == "DI-E123"


def test_an_average_without_one_of_its_groups_is_left_out() -> None:
    schema = without("groups", "farm").model_copy(update={"averages": {}})
    scores = pool(Waves({2024: small_survey(schema), 2025: small_survey()}))
    assert scores.survey.schema.averages == {}
    told = {found.code: found.params for found in scores.survey.findings}
    assert told["DI-W390"]["parts"] == ["groups.farm", "averages.vulnerable"]


def test_a_domain_that_a_year_lacks_is_refused_where_it_is_asked_for() -> None:
    waves = Waves({2024: small_survey(without("domains", "area")), 2025: small_survey()})
    error = refusal(waves, by="region*area")
    assert (error.code, error.params["domain"], error.params["year"]) == ("DI-E372", "area", 2024)
    assert "area" not in pool(waves, by="region").survey.schema.domains


def test_a_domain_with_other_codes_is_refused_where_it_is_asked_for() -> None:
    schema = small_schema()
    region = schema.variables["region"]
    fewer = region.model_copy(update={"codes": {k: v for k, v in region.codes.items() if k != 4}})
    merged = changed_schema(variables=schema.variables | {"region": fewer})
    frame = small_frame()
    frame["region"] = frame["region"].replace(4, 3)
    waves = Waves({2024: small_survey(), 2025: small_survey(merged, frame)})
    error = refusal(waves, by="group*region")
    assert (error.code, error.params["domain"], error.params["codes"]) == (
        ("DI-E392", "region", ["4"])
    )
    assert "region" not in pool(waves).survey.schema.domains
    assert "region" not in pool(waves).survey.schema.variables


def test_codes_in_another_order_are_never_pooled() -> None:
    schema = small_schema()
    farm = schema.variables["farm"]
    swapped = farm.model_copy(update={"codes": {0: farm.codes[1], 1: farm.codes[0]}})
    other = changed_schema(variables=schema.variables | {"farm": swapped})
    waves = Waves({2024: small_survey(other), 2025: small_survey()})
    error = refusal(waves)  # the group of farmers is told by them
    assert (error.code, error.params["codes"]) == ("DI-E371", ["0", "1"])

    def without_farm(schema: SurveySchema) -> SurveySchema:
        groups = {name: group for name, group in schema.groups.items() if name != "farm"}
        return schema.model_copy(update={"groups": groups, "averages": {}})

    waves = Waves(
        {2024: small_survey(without_farm(other)), 2025: small_survey(without_farm(schema))}
    )
    assert "farm" not in pool(waves).survey.schema.variables


def broken(group: str | None, year: int = 2025) -> SurveySchema:
    cut = Break.model_construct(year=year, group=group, kind="method")
    return changed_schema(breaks={"new_frame": cut})


def test_no_pool_reaches_over_a_break_of_the_survey() -> None:
    waves = years_of(small_survey(broken(None)), 2024, 2025)
    error = refusal(waves)
    assert (error.code, error.params["breaks"]) == ("DI-E393", ["new_frame"])
    assert pool(waves, [2025]).survey.pooled == (2025,)
    assert pool(years_of(small_survey(broken(None, 2024)), 2024, 2025)).survey.pooled


def test_a_break_that_an_earlier_schema_declares_counts() -> None:
    waves = Waves({2024: small_survey(broken(None)), 2025: small_survey()})
    assert refusal(waves).code == "DI-E393"


def test_no_pool_of_a_group_reaches_over_its_break() -> None:
    waves = years_of(small_survey(broken("farmers")), 2024, 2025)
    error = refusal(waves, groups=["farmers"])
    assert (error.code, error.params["population"]) == ("DI-E393", "farmers")
    told = {found.code: found.params for found in pool(waves).survey.findings}
    assert told["DI-W390"]["parts"] == ["groups.farmers", "averages.vulnerable"]


def test_a_break_of_an_average_leaves_its_groups() -> None:
    schema = pool(years_of(small_survey(broken("vulnerable")), 2024, 2025)).survey.schema
    assert schema.averages == {}
    assert "farmers" in schema.groups


def test_the_known_break_of_the_published_series_counts() -> None:
    groups = small_schema().groups
    farmers = groups["farmers"].model_copy(update={"published": "farmers_fishers"})
    schema = changed_schema(groups=groups | {"farmers": farmers})
    waves = years_of(small_survey(schema), 2019, 2020)
    assert refusal(waves, groups=["farmers"]).code == "DI-E393"
    assert "farmers" in pool(years_of(small_survey(schema), 2020, 2021)).survey.schema.groups


@pytest.mark.parametrize("factor", [0.45, 2.1])
def test_weights_of_another_scale_are_refused(factor: float) -> None:
    frame = small_frame()
    other = frame.assign(weight=frame["weight"] * factor)
    error = refusal(Waves({2024: small_survey(frame=other), 2025: small_survey()}))
    assert error.code == "DI-E395"
    assert error.params["years"] == [2024, 2025]


def test_years_with_and_without_weights_are_refused() -> None:
    plain = with_design(small_schema(), weight=None)
    waves = Waves({2024: small_survey(plain), 2025: small_survey()})
    assert refusal(waves).code == "DI-E395"
    once = relative_levels(score(small_survey(plain)))
    twice = relative_levels(pool(years_of(small_survey(plain), 2024, 2025)))
    assert twice.estimate.values == approx(once.estimate.values, rel=1e-9)


def test_a_population_that_a_year_has_nobody_of_is_refused() -> None:
    frame = small_frame()
    none = frame.assign(farm=frame["farm"].where(frame["sample"] == "farmers", 0))
    error = refusal(Waves({2024: small_survey(frame=none), 2025: small_survey()}))
    assert (error.code, error.params["population"], error.params["years"]) == (
        ("DI-E396", "farm", [2024])
    )
    blank = frame.assign(usage=frame["usage"].where(frame["sample"] == "general"))
    error = refusal(Waves({2024: small_survey(frame=blank), 2025: small_survey()}))
    assert (error.params["population"], error.params["dimension"]) == ("farmers", "usage")


def test_years_with_other_indices_are_refused() -> None:
    item = small_schema().items["usage"].model_copy(update={"direction": "negative"})
    other = changed_schema(items=small_schema().items | {"usage": item})
    error = refusal(Waves({2024: small_survey(other), 2025: small_survey()}))
    assert error.code == "DI-E370"


def test_frames_of_two_libraries_are_refused() -> None:
    other = read_survey(as_polars(small_frame()), small_schema())
    waves = Waves({2024: small_survey(), 2025: other})
    with pytest.raises(InputError, match="DI-E199"):
        pool(waves)


def test_pools_that_share_a_year_are_not_compared() -> None:
    year = small_survey()
    first, second, third = (
        pool(years_of(year, *years)).survey
        for years in ((2020, 2021, 2022), (2023, 2024, 2025), (2022, 2023, 2024))
    )
    assert Waves({2021: first, 2024: second}).years == (2021, 2024)
    with pytest.raises(EstimationError, match="DI-E394") as caught:
        Waves({2023: third, 2025: second})
    assert caught.value.params["years"] == [2023, 2024]
    with pytest.raises(EstimationError, match="DI-E394") as caught:
        Waves({2021: first, 2022: year})
    assert caught.value.params["years"] == [2022]


def test_a_name_that_a_variable_has_already_is_left_to_it() -> None:
    schema, frame = small_schema(), small_frame()
    taken = schema.variables | {"in_reference": Variable(codes={0: None, 1: None})}
    frame = frame.assign(in_reference=0)
    survey = small_survey(changed_schema(variables=taken), frame)
    once, twice = relative_levels(score(survey)), relative_levels(pool(years_of(survey, 2024)))
    assert twice.estimate.values == approx(once.estimate.values, rel=1e-12)
