"""What is true of the levels of every sample, whatever Hypothesis draws."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.errors import DivideIndexError
from divide_index.inference.ratios import Formula
from divide_index.levels import LevelResult, nonresponse_band
from divide_index.schema import SurveySchema, parse_condition
from divide_index.schema.parts import Average, Group, Variable
from tests.examples import examples
from tests.samples import DIMENSIONS, Sample, as_polars, samples, weights_of, with_design

Floats = NDArray[np.float64]

BY = ("region", "region*area")
SHARES = np.array([0.2, 0.4, 0.4])
FORMULAS: tuple[Formula, ...] = ("weighted_ratios", "ratio_of_composites")
any_formula = st.sampled_from(FORMULAS)
LIBRARY = pytest.mark.parametrize("library", ["pandas", "polars"])

some = settings(max_examples=examples(8))
few = settings(max_examples=examples(6))  # where an example costs more: pandas, four treatments
once = settings(max_examples=examples(1), phases=[Phase.generate])  # where only the schema varies


def polars(frame: pd.DataFrame, sample: Sample) -> Sample:
    """Return other records of a sample, in the faster library."""
    return Sample(as_polars(frame), sample.schema)


def levels(sample: Sample, by: tuple[str, ...] = BY, **options: Any) -> LevelResult:  # noqa: ANN401
    """Return levels computed in Polars; that pandas gives the same is an identity too."""
    return polars(sample.frame, sample).levels(by, **options)


def approx(expected: Any) -> Any:  # noqa: ANN401
    """Compare levels and standard errors, of which some are zero."""
    return pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def same(one: LevelResult, other: LevelResult) -> None:
    """Assert that two results say the same, row by row."""
    assert one.cells == other.cells
    assert one.estimate.values == approx(other.estimate.values)
    assert one.std_errors == approx(other.std_errors)
    assert np.array_equal(one.n, other.n)
    assert np.array_equal(one.psus, other.psus)
    assert np.array_equal(one.degrees_of_freedom, other.degrees_of_freedom)


# -- the whole is one hundred ------------------------------------------------------------------


@given(samples(), any_formula)
@some
def test_the_reference_is_one_hundred_of_itself_without_error(
    sample: Sample, formula: Formula
) -> None:
    result = levels(sample, (), formula=formula)
    whole = [index for index, cell in enumerate(result.cells) if cell.domain == "total"]
    assert result.estimate.values[whole] == pytest.approx(100.0, rel=1e-12)
    assert result.estimate.std_errors[whole] == pytest.approx(0.0, abs=1e-9)


@given(samples())
@some
def test_levels_of_regions_average_to_one_hundred(sample: Sample) -> None:
    result = levels(sample, ("region",))
    general = {"sample": "general"}
    for dimension in DIMENSIONS:
        whole = weights_of(sample.frame, dimension, general)
        total = 0.0
        for region in (1, 2, 3):
            weight = weights_of(sample.frame, dimension, general | {"region": region})
            if weight > 0:
                total += weight / whole * result.level("region", str(region), dimension)
        assert total == pytest.approx(100.0, rel=1e-9)


@given(samples())
@some
def test_a_region_is_the_average_of_its_areas(sample: Sample) -> None:
    result = levels(sample)
    for dimension in DIMENSIONS:
        for region in (1, 2, 3):
            inside = {"sample": "general", "region": region}
            whole = weights_of(sample.frame, dimension, inside)
            total = 0.0
            for area in ("U", "R"):
                weight = weights_of(sample.frame, dimension, inside | {"area": area})
                if weight > 0:
                    crossed = result.level("region*area", f"{region}*{area}", dimension)
                    total += weight / whole * crossed
            alone = result.level("region", str(region), dimension)
            assert np.isnan(alone) if whole == 0 else total == pytest.approx(alone, rel=1e-9)


# -- what must not matter ----------------------------------------------------------------------


@given(samples(), st.sampled_from((1e-6, 0.37, 12.0, 1e6)), any_formula)
@some
def test_the_size_of_the_weights_does_not_matter(
    sample: Sample, factor: float, formula: Formula
) -> None:
    scaled = sample.frame.assign(weight=sample.frame["weight"] * factor)
    same(
        levels(sample, formula=formula),
        polars(scaled, sample).levels(BY, formula=formula),
    )


@given(samples(), st.randoms(use_true_random=False))
@some
def test_the_order_of_records_and_columns_does_not_matter(sample: Sample, random: Any) -> None:  # noqa: ANN401
    rows, columns = [*sample.frame.index], [*sample.frame.columns]
    random.shuffle(rows)
    random.shuffle(columns)
    same(levels(sample), polars(sample.frame.loc[rows, columns], sample).levels(BY))


@given(samples(), st.permutations([1, 2, 3, 4]))
@some
def test_the_codes_of_regions_are_only_names(sample: Sample, codes: list[int]) -> None:
    called = dict(zip((1, 2, 3, 4), codes, strict=True))
    one = levels(sample, ("region",))
    frame = sample.frame.assign(region=sample.frame["region"].map(called))
    other = polars(frame, sample).levels(("region",))
    for region, name in called.items():
        for dimension in (*DIMENSIONS, "overall"):
            here = one.row("region", str(region), dimension)
            there = other.row("region", str(name), dimension)
            assert one.estimate.values[here] == approx(other.estimate.values[there])
            assert one.std_errors[here] == approx(other.std_errors[there])


@given(samples(), st.permutations([1, 2, 3]))
@some
def test_the_numbers_of_strata_and_psus_are_only_names(sample: Sample, names: list[int]) -> None:
    called = dict(zip((1, 2, 3), (f"{name}가" for name in names), strict=True))
    frame = sample.frame.assign(
        stratum=sample.frame["stratum"].map(called), psu=sample.frame["psu"].map(called)
    )
    same(levels(sample), polars(frame, sample).levels(BY))


@pytest.mark.parametrize("kind", ["int32", "float64", "str", "Int64", "category"])
@given(samples())
@once
def test_the_type_of_identifiers_does_not_matter(kind: str, sample: Sample) -> None:
    frame = sample.frame.astype({"stratum": kind, "psu": kind})
    same(sample.levels(), Sample(frame, sample.schema).levels())


def renamed(schema: SurveySchema, old: str, new: str) -> SurveySchema:
    """Return a schema that calls a variable otherwise and reads it from the same column."""
    design = {key: new for key, name in schema.design if name == old}
    parts = {
        "variables": {
            new if name == old else name: part.model_copy(update={"column": schema.column_of(name)})
            for name, part in schema.variables.items()
        },
        "domains": {
            name: part.model_copy(update={"variable": new}) if part.variable == old else part
            for name, part in schema.domains.items()
        },
        "design": schema.design.model_copy(update=design),
    }
    return schema.model_copy(update=parts)


# Short words, some of which the engine might use for columns of its own
@pytest.mark.engine
@pytest.mark.parametrize("name", ["row", "n", "w", "first", "any", "r0"])
@LIBRARY
@given(samples())
@once
def test_the_names_of_variables_are_only_names(library: str, name: str, sample: Sample) -> None:
    read = as_polars if library == "polars" else pd.DataFrame
    expected = levels(sample, ("region",), groups=["farmers"])
    for old in ("region", "id", "weight"):
        schema = renamed(sample.schema, old, name)
        result = Sample(read(sample.frame), schema).levels(("region",), groups=["farmers"])
        same(expected, result)
        wrong = sample.frame.assign(**{old: -1})
        with pytest.raises(DivideIndexError) as caught:
            Sample(read(wrong), schema).levels()
        code = {"region": "DI-E034", "id": "DI-E028", "weight": "DI-E050"}[old]
        assert caught.value.code == code


@pytest.mark.engine
@LIBRARY
@given(samples())
@once
def test_samples_may_be_told_apart_by_numbers(library: str, sample: Sample) -> None:
    numbers = {"general": 0, "farmers": 1}
    schema = sample.schema
    sampled = Variable(type="code", codes=dict.fromkeys(numbers.values()))
    general = parse_condition("sample == 0")
    schema = schema.model_copy(
        update={
            "variables": schema.variables | {"sample": sampled},
            "reference": schema.reference.model_copy(update={"where": general}),
            "groups": {"farmers": Group(label=schema.title, where="sample == 1")},
            "averages": {},
        }
    )
    frame = sample.frame.assign(sample=sample.frame["sample"].map(numbers))
    read = as_polars if library == "polars" else pd.DataFrame
    other = Sample(read(frame), schema).levels(BY)
    one = levels(sample)
    for domain, category in (("group", "farmers"), ("region", "1"), ("region*area", "1*R")):
        here, there = (each.row(domain, category) for each in (one, other))
        assert one.estimate.values[here] == approx(other.estimate.values[there])
        assert one.std_errors[here] == approx(other.std_errors[there])


@pytest.mark.engine
@LIBRARY
@given(samples())
@once
def test_identifiers_may_be_declared_as_numbers(library: str, sample: Sample) -> None:
    numbers = dict.fromkeys(("id", "stratum", "psu"), Variable(type="number"))
    variables = sample.schema.variables | numbers
    schema = sample.schema.model_copy(update={"variables": variables})
    read = as_polars if library == "polars" else pd.DataFrame
    same(levels(sample), Sample(read(sample.frame), schema).levels(BY))


@pytest.mark.engine
@LIBRARY
@given(samples())
@once
def test_a_stratum_may_be_a_domain_with_numbered_codes(library: str, sample: Sample) -> None:
    frame = sample.frame.assign(stratum=sample.frame["region"], psu=sample.frame["id"] % 2)
    frame = pd.concat([frame, frame.assign(id=-frame["id"], psu=frame["psu"] + 2)])
    expected = polars(frame, sample).levels(BY)
    strata = with_design(sample.schema, strata=("region",))
    read = as_polars if library == "polars" else pd.DataFrame
    same(expected, Sample(read(frame), strata).levels(BY))


@given(samples())
@once
def test_a_code_may_be_written_with_a_point(sample: Sample) -> None:
    codes = {float(code): text for code, text in sample.schema.variables["region"].codes.items()}
    region = sample.schema.variables["region"].model_copy(update={"codes": codes})
    variables = sample.schema.variables | {"region": region}
    schema = sample.schema.model_copy(update={"variables": variables})
    same(levels(sample), Sample(as_polars(sample.frame), schema).levels(BY))


@given(samples(), any_formula)
@some
def test_every_record_twice_says_what_it_said_once(sample: Sample, formula: Formula) -> None:
    again = sample.frame.assign(id=-sample.frame["id"])
    once = levels(sample, formula=formula)
    twice = polars(pd.concat([sample.frame, again]), sample).levels(BY, formula=formula)
    assert twice.estimate.values == approx(once.estimate.values)
    # The copy stands in the same PSU: PSU totals of w·z are what they were.
    assert twice.std_errors == approx(once.std_errors)
    assert np.array_equal(twice.n, 2 * once.n)


@given(samples())
@some
def test_what_else_is_asked_for_does_not_matter(sample: Sample) -> None:
    every, few = levels(sample), levels(sample, (), groups=["farmers"])
    for dimension in (*DIMENSIONS, "overall"):
        here, there = (each.row("group", "farmers", dimension) for each in (few, every))
        assert few.estimate.values[here] == approx(every.estimate.values[there])
        assert few.std_errors[here] == approx(every.std_errors[there])


@given(samples(blanks=False))
@few
def test_without_blanks_every_treatment_of_them_is_the_same(sample: Sample) -> None:
    result = levels(sample, ())
    for other in nonresponse_band(result).results.values():
        same(result, other)


# -- one number by two roads -------------------------------------------------------------------


@given(samples(blanks=False), any_formula)
@some
def test_a_level_is_the_mean_of_its_members_points(sample: Sample, formula: Formula) -> None:
    read = polars(sample.frame, sample)
    result = read.levels(("area",), formula=formula)
    points, frame = read.scores.points(formula), sample.frame
    cells = {("group", name): inside for name, inside in groups_of(frame).items()}
    cells["total", "total"] = frame["sample"] == "general"
    cells["area", "U"] = cells["group", "urban"]
    for cell, inside in cells.items():
        mean = np.average(points[inside], weights=frame.loc[inside, "weight"])
        assert result.level(*cell) == pytest.approx(mean, rel=1e-9)


def groups_of(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return who belongs to each group, in plain words."""
    general = frame["sample"] == "general"
    return {
        "farmers": ~general,
        "rural": general & (frame["area"] == "R"),
        "urban": general & (frame["area"] == "U"),
        "farm": general & (frame["farm"] == 1),
        "old": general & (frame["age"] >= 65),
    }


def linearised(frame: pd.DataFrame, inside: pd.Series, formula: Formula) -> tuple[Floats, Floats]:
    """Return a group's three levels and the overall one, and each person's value z, ``(n, 4)``.

    z = 100 [1_k (y - m_k)/(W_k m_0) - m_k (y - m_0) 1_0/(m_0² W_0)], one for each dimension.
    """
    w = frame["weight"].to_numpy()
    base, k = (frame["sample"] == "general").to_numpy(), inside.to_numpy()
    to_cell, to_base = np.zeros((len(frame), 3)), np.zeros((len(frame), 3))
    m, m_0 = np.zeros(3), np.zeros(3)
    for d, dimension in enumerate(DIMENSIONS):
        y = frame[dimension].to_numpy()
        r = ~np.isnan(y)
        w_k, w_0 = w[k & r].sum(), w[base & r].sum()
        m[d] = (w[k & r] * y[k & r]).sum() / w_k
        m_0[d] = (w[base & r] * y[base & r]).sum() / w_0
        for i in np.flatnonzero(r):
            to_cell[i, d] = k[i] * (y[i] - m[d]) / w_k
            to_base[i, d] = base[i] * (y[i] - m_0[d]) / w_0
    z = 100 * (to_cell / m_0 - m / m_0**2 * to_base)
    if formula == "weighted_ratios":
        overall, z_overall = 100 * SHARES @ (m / m_0), z @ SHARES
    else:
        c, c_0 = SHARES @ m, SHARES @ m_0
        overall = 100 * c / c_0
        z_overall = 100 * (to_cell @ SHARES / c_0 - c / c_0**2 * (to_base @ SHARES))
    return np.append(100 * m / m_0, overall), np.column_stack([z, z_overall])


def plain_errors(sample: Sample, z: Floats) -> Floats:
    """Return standard errors, V = Σ_h (1 - f_h) n_h/(n_h - 1) Σ_a (t_ha - t̄_h)²."""
    w = sample.frame["weight"].to_numpy()
    variance = np.zeros(z.shape[1])
    for _, stratum in sample.frame.groupby(["sample", "stratum"]):
        psus = [
            sum(w[person] * z[person] for person in psu.index)  # t_ha
            for _, psu in stratum.groupby("psu")
        ]
        n = len(psus)
        f = n / stratum["fpc"].iloc[0] if sample.schema.design.fpc else 0.0
        centre = sum(psus) / n
        variance += (1 - f) * n / (n - 1) * sum((t - centre) ** 2 for t in psus)
    return np.sqrt(variance)


@given(st.booleans().flatmap(lambda fpc: samples(fpc=fpc)), any_formula)
@some
def test_standard_errors_are_those_of_each_person_s_linearised_value(
    sample: Sample, formula: Formula
) -> None:
    result = levels(sample, (), formula=formula)
    for group, inside in groups_of(sample.frame).items():
        rows = [result.row("group", group, name) for name in (*DIMENSIONS, "overall")]
        values, z = linearised(sample.frame, inside, formula)
        assert result.estimate.values[rows] == approx(values)
        assert result.estimate.std_errors[rows] == approx(plain_errors(sample, z))


@given(samples(), st.permutations(["rural", "urban", "farm", "farmers", "old"]), any_formula)
@some
def test_a_difference_has_the_error_of_the_difference_of_linearised_values(
    sample: Sample, names: list[str], formula: Formula
) -> None:
    first, second = names[:2]
    pair = [("group", first), ("group", second)]
    difference = levels(sample, (), formula=formula).difference(pair)
    groups = groups_of(sample.frame)
    one, z_one = linearised(sample.frame, groups[first], formula)
    other, z_other = linearised(sample.frame, groups[second], formula)
    assert difference.values == approx(one[3:] - other[3:])
    assert difference.std_errors == approx(plain_errors(sample, z_one - z_other)[3:])


@given(samples(), st.booleans(), any_formula)
@some
def test_an_average_of_groups_is_the_mean_of_their_levels_with_its_linearised_value(
    sample: Sample, is_estimated: bool, formula: Formula
) -> None:
    frame, schema = sample.frame, sample.schema
    totals: dict[str, Any] = {"farmers": 3.0, "rural": 1.0, "old": 2.0}
    members: dict[str, Any] = dict.fromkeys(totals, "estimated") if is_estimated else totals
    label = schema.averages["vulnerable"].label
    averages = {"vulnerable": Average(label=label, members=members)}
    read = Sample(as_polars(frame), schema.model_copy(update={"averages": averages}))
    result = read.levels((), formula=formula)
    groups = {name: groups_of(frame)[name] for name in totals}
    if is_estimated:
        totals = {name: frame.loc[who, "weight"].sum() for name, who in groups.items()}
    parts = {name: linearised(frame, who, formula) for name, who in groups.items()}
    size = sum(totals.values())
    average = sum(totals[name] / size * level for name, (level, _) in parts.items())
    z = sum(totals[name] / size * each for name, (_, each) in parts.items())
    if is_estimated:  # Σ (L_g - L̄) z_Pg/P
        for name, (level, _) in parts.items():
            z = z + np.outer(groups[name], level - average) / size
    rows = [result.row("average", "vulnerable", name) for name in (*DIMENSIONS, "overall")]
    assert result.estimate.values[rows] == approx(average)
    assert result.estimate.std_errors[rows] == approx(plain_errors(sample, np.asarray(z)))


# -- who gains when someone's score rises ------------------------------------------------------


def with_one_score_raised(
    sample: Sample, data: st.DataObject, where: pd.Series, dimension: str
) -> Sample:
    """Return the sample in which one person of some has a higher score in a dimension."""
    frame = sample.frame.copy()
    candidates = frame.index[where & (frame[dimension] < 100)]
    person = data.draw(st.sampled_from([*candidates]))
    higher = st.floats(float(frame.loc[person, dimension]), 100, exclude_min=True)
    frame.loc[person, dimension] = data.draw(higher)
    return sample.changed(frame)


@given(samples(), st.data(), st.sampled_from(DIMENSIONS), st.sampled_from(("rural", "farmers")))
@some
def test_a_higher_score_of_a_member_never_lowers_the_group_s_level(
    sample: Sample, data: st.DataObject, dimension: str, group: str
) -> None:
    # Outside the reference (farmers) the numerator rises alone. Inside it (rural) both rise, and
    # the ratio does not fall, for the reference's sum holds the group's.
    raised = with_one_score_raised(sample, data, groups_of(sample.frame)[group], dimension)
    before, after = levels(sample, ()), levels(raised, ())
    for name in (dimension, "overall"):
        assert after.level("group", group, name) >= before.level("group", group, name) - 1e-9


@given(samples(blanks=False), st.data(), st.sampled_from(DIMENSIONS))
@some
def test_with_complete_data_that_is_true_of_the_ratio_of_composites_too(
    sample: Sample, data: st.DataObject, dimension: str
) -> None:
    # With blanks it is not: a dimension that few but the group have counts in full in its
    # composite, and the reference's composite may rise by more than the group's.
    raised = with_one_score_raised(sample, data, groups_of(sample.frame)["rural"], dimension)
    before, after = (
        levels(each, (), formula="ratio_of_composites").level("group", "rural")
        for each in (sample, raised)
    )
    assert after >= before - 1e-9


@given(samples(), st.data(), st.sampled_from(DIMENSIONS), any_formula)
@some
def test_a_higher_score_of_others_in_the_reference_never_raises_the_group_s_level(
    sample: Sample, data: st.DataObject, dimension: str, formula: Formula
) -> None:
    raised = with_one_score_raised(sample, data, groups_of(sample.frame)["urban"], dimension)
    before, after = (levels(each, (), formula=formula) for each in (sample, raised))
    for group in ("rural", "farmers"):
        for name in (dimension, "overall"):
            assert after.level("group", group, name) <= before.level("group", group, name) + 1e-9


# -- every library gives the same --------------------------------------------------------------


@pytest.mark.engine
@given(samples(), any_formula)
@some
def test_pandas_and_polars_give_the_same(sample: Sample, formula: Formula) -> None:
    same(sample.levels(BY, formula=formula), levels(sample, formula=formula))


@pytest.mark.engine
@given(samples())
@few
def test_they_give_the_same_where_a_category_is_missing(sample: Sample) -> None:
    frame = sample.frame.assign(
        region=sample.frame["region"].where(sample.frame["region"] > 1).astype("Int64"),
        farm=sample.frame["farm"].where(sample.frame["age"] > 30),
    )
    assume((frame["farm"] == 1).any() and frame["region"].notna().any())
    one, other = Sample(frame, sample.schema).levels(BY), polars(frame, sample).levels(BY)
    same(one, other)
    assert [f.code for f in one.findings] == [f.code for f in other.findings]


@pytest.mark.engine
@pytest.mark.parametrize(
    ("code", "column", "cell"),
    [
        ("DI-E061", "age", 20),  # nobody is old
        ("DI-E060", "sample", "farmers"),  # nobody is the reference
        ("DI-E060", "capability", None),  # nobody has a dimension: object and Null
        ("DI-E062", "usage", 0.0),
        ("DI-E061", "area", None),
        ("DI-E049", "weight", None),
        ("DI-E050", "weight", -1.0),
        ("DI-E053", "weight", 0.0),
        ("DI-E052", "weight", float("inf")),
        ("DI-E059", "psu", None),
        ("DI-E059", "stratum", " "),
        ("DI-E030", "id", None),
        ("DI-E028", "id", 1),
        ("DI-E034", "region", 5),
        ("DI-E035", "access", "많음"),
    ],
)
@given(sample=samples())
@once
def test_they_refuse_the_same(code: str, column: str, cell: object, sample: Sample) -> None:
    frame = sample.frame.assign(**{column: [cell] * len(sample.frame)})  # None: object, Null
    for each in (Sample(frame, sample.schema), polars(frame, sample)):
        with pytest.raises(DivideIndexError) as caught:
            each.levels(())
        assert caught.value.code == code
