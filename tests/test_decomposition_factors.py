"""The factors of a decomposition: whose they are, what is known of them, and their columns."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from divide_index.decomposition import DecompositionResult, decompose_gap
from divide_index.decomposition.against_reference import nested_sets
from divide_index.decomposition.factors import (
    Choice,
    Covariates,
    FactorValues,
    chosen,
    covariates,
    factor_named,
    factor_values,
    term_variables,
)
from divide_index.decomposition.formulas import model_columns, terms_of
from divide_index.errors import EstimationError
from divide_index.schema import SurveySchema, Text
from divide_index.schema.parts import Factor
from divide_index.scoring import Scores
from tests.samples import (
    SCHEMAS,
    as_polars,
    two_samples_frame,
    two_samples_schema,
    two_samples_scores,
)

approx = pytest.approx
NAMES = ("sex", "age", "education", "income", "occupation")


def schema(**changes: object) -> SurveySchema:
    """Return the schema of two samples with changes at paths such as ``variables__age``."""
    whole = yaml.safe_load((SCHEMAS / "two_samples.yaml").read_text(encoding="utf-8"))
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = whole
        for step in parents:
            node = node[step]
        node[last] = value
    return SurveySchema.model_validate(whole)


@cache
def scores() -> Scores:
    """Return the survey as it is, scored."""
    return two_samples_scores()


def built(
    choice: Choice, scores: Scores, frame: pd.DataFrame | None = None
) -> tuple[Covariates, pd.DataFrame]:
    """Return the columns of the records that know every factor, and those records."""
    values = {name: factor_values(scores, factor) for name, factor in choice.factors.items()}
    known = np.logical_and.reduce([each.known for each in values.values()])
    records = (two_samples_frame() if frame is None else frame)[known]
    inside = (records["sample"] == "general").to_numpy()
    return covariates(choice, values, np.flatnonzero(known), inside), records


# -- the choice --------------------------------------------------------------------------------


def test_the_factors_of_the_schema_are_taken_in_its_order() -> None:
    choice = chosen(two_samples_schema(), None)
    assert choice.terms == tuple(choice.factors) == NAMES
    assert choice.factors["age"].domain == "age_group"
    assert choice.factors["occupation"].not_for == ("farmers",)


def test_names_are_those_of_factors_then_domains_then_variables() -> None:
    """Age is a factor in bands, although a number is called so too."""
    made = schema(variables__steps={"type": "number"})
    choice = chosen(made, ["region", "steps", "age", "region"])
    assert choice.terms == ("region", "steps", "age")
    assert choice.factors == {
        "region": Factor(domain="region"),
        "steps": Factor(variable="steps"),
        "age": factor_named(two_samples_schema(), "age"),
    }


def test_a_single_name_needs_no_list() -> None:
    assert chosen(two_samples_schema(), "sex") == chosen(two_samples_schema(), ["sex"])


def test_a_formula_is_expanded_into_its_terms() -> None:
    choice = chosen(two_samples_schema(), "sex * education + log(income)")
    assert {*choice.terms} == {"sex", "education", "sex:education", "log(income)"}
    assert {*choice.factors} == {"sex", "education", "income"}
    assert term_variables(choice) == {
        "sex": {"sex"},
        "education": {"education"},
        "log(income)": {"income"},
        "sex:education": {"sex", "education"},
    }


@pytest.mark.parametrize("formula", ["0 + sex + age", "sex + age - 1", "1 + sex + age", "sex+age"])
def test_a_constant_in_a_formula_counts_for_nothing(formula: str) -> None:
    assert set(terms_of(formula)) == {"sex", "age"}
    plain, other = (
        decompose_gap(scores(), groups="rural", factors=asked)
        for asked in (["sex", "age"], formula)
    )
    assert other.rows == plain.rows
    assert other.estimate.values == approx(plain.estimate.values, abs=1e-11)


def test_terms_that_use_a_factor_leave_with_it() -> None:
    choice = chosen(two_samples_schema(), "sex * education + log(income)")
    left = choice.without({"education"}, term_variables(choice))
    assert left.terms == ("sex", "log(income)")


def test_what_is_called_alike_in_print_is_labelled_so() -> None:
    made = schema(
        decomposition__factors__sex={"variable": "sex", "label": {"ko": "성", "en": "Sex"}}
    )
    choice = chosen(made, "sex * education + log(income) + area")
    assert choice.label("sex", made) == Text(ko="성", en="Sex")
    assert choice.label("education", made) == Text(ko="education", en="education")
    assert choice.label("sex:education", made) == Text(ko="성 × education", en="Sex × education")
    assert choice.label("log(income)", made) == Text(ko="log(income)", en="log(income)")
    assert choice.label("area", made) == Text(ko="읍·면", en="Area")


def test_sets_enter_by_the_steps_of_the_schema() -> None:
    made = two_samples_schema()
    assert nested_sets(chosen(made, None), None) == (
        ("sex", "age"),
        ("education",),
        ("income", "occupation"),
    )
    formula = chosen(made, "income + sex * education")
    assert [set(each) for each in nested_sets(formula, None)] == [
        {"sex"},
        {"education", "sex:education"},
        {"income"},
    ]


# -- values ------------------------------------------------------------------------------------


LIBRARIES = pytest.mark.parametrize("library", ["pandas", "polars"])


def scores_of(library: str, frame: pd.DataFrame, made: SurveySchema | None = None) -> Scores:
    read: Any = as_polars(frame) if library == "polars" else frame
    return two_samples_scores(read, made)


def codes_of(values: FactorValues) -> list[str | None]:
    """Return each record's category."""
    assert values.categories is not None
    return [None if k < 0 else values.categories[int(k)] for k in values.values]


@pytest.mark.engine
@LIBRARIES
def test_categories_stand_in_the_order_of_the_schema_and_missing_codes_are_unknown(
    library: str,
) -> None:
    frame = two_samples_frame()
    values = factor_values(scores_of(library, frame), Factor(variable="education"))
    assert values.categories == ("1", "2", "3")
    assert codes_of(values) == [None if code == 9 else str(code) for code in frame["education"]]
    values = factor_values(scores_of(library, frame), Factor(variable="occupation"))
    assert values.categories == ("farm", "office", "service", "none")
    expected = frame["occupation"].astype(object).where(frame["occupation"].notna(), None)
    assert codes_of(values) == [*expected]
    assert [*values.known] == [*frame["occupation"].notna()]


@pytest.mark.engine
@LIBRARIES
def test_a_domain_of_bands_has_its_bands_and_who_is_in_none_is_unknown(library: str) -> None:
    frame = two_samples_frame()
    made = schema(domains__age_group__bands={"young": [None, 39], "old": [65, 80]})
    values = factor_values(scores_of(library, frame, made), Factor(domain="age_group"))
    assert values.categories == ("young", "old")
    bands = ["young" if age <= 39 else "old" if 65 <= age <= 80 else None for age in frame["age"]]
    assert codes_of(values) == bands


@pytest.mark.engine
@LIBRARIES
def test_a_number_is_taken_as_it_is_and_its_missing_codes_are_unknown(library: str) -> None:
    frame = two_samples_frame().assign(income=lambda x: x["income"].fillna(999))
    made = schema(variables__income={"type": "number", "range": [0, 100], "missing": [999]})
    values = factor_values(scores_of(library, frame, made), Factor(variable="income"))
    assert values.categories is None
    assert values.values == approx(frame["income"].replace(999, np.nan).to_numpy(), nan_ok=True)
    assert [*values.known] == [*(frame["income"] < 999)]


def test_a_question_that_was_not_asked_has_no_category() -> None:
    asked = {"asked_if": "sex == 1", "skip_codes": [9], "skip_means": 0}
    made = schema(variables__education={"codes": {1: "1", 2: "2", 3: "3"}, **asked})
    frame = two_samples_frame()
    frame["education"] = frame["education"].where(frame["sex"] == 1, 9)
    frame = frame[(frame["sex"] == 2) | (frame["education"] != 9)].reset_index(drop=True)
    values = factor_values(two_samples_scores(frame, made), Factor(variable="education"))
    assert values.categories == ("1", "2", "3")
    assert [*values.known] == [*(frame["sex"] == 1)]


def test_a_domain_without_bands_has_categories_whatever_its_codes_are() -> None:
    """A district's number is its name: three districts are two dummies, and no slope."""
    made = schema(
        variables__district={"type": "number"},
        domains__district={"label": "District", "variable": "district"},
        decomposition__cells=["area"],
    )
    frame = two_samples_frame().assign(district=lambda x: 1100 + 7 * x["region"] ** 3)
    coded = decompose_gap(scores(), groups="rural", factors=["region"], cells=["area"])
    result = decompose_gap(two_samples_scores(frame, made), groups="rural", factors=["district"])
    assert result.estimate.values == approx(coded.estimate.values, abs=1e-11)
    assert result.estimate.std_errors == approx(coded.estimate.std_errors, abs=1e-11)


# -- columns -----------------------------------------------------------------------------------


def test_dummies_lack_the_first_category_that_the_reference_has() -> None:
    columns, records = built(chosen(two_samples_schema(), ["education", "occupation"]), scores())
    assert columns.terms == ("education", "occupation")
    assert columns.columns == (
        *("education=2", "education=3"),
        *("occupation=office", "occupation=service", "occupation=none"),
    )
    assert columns.blocks == ((0, 1), (2, 3, 4))
    for index, name in enumerate(columns.columns):
        variable, _, code = name.partition("=")
        assert [*columns.matrix[:, index]] == [*(records[variable].astype(str) == code)]


def test_without_anybody_of_the_first_category_the_second_is_the_base() -> None:
    frame = two_samples_frame()
    frame = frame[frame["education"] != 1].reset_index(drop=True)
    columns, _ = built(
        chosen(two_samples_schema(), ["education"]), two_samples_scores(frame), frame
    )
    assert columns.columns == ("education=3",)


def test_bands_are_named_by_their_names() -> None:
    columns, _ = built(chosen(two_samples_schema(), ["age"]), scores())
    assert columns.columns == ("age=middle", "age=old")


def test_numbers_and_their_transformations_are_columns_of_their_own() -> None:
    choice = chosen(two_samples_schema(), "income + log(income) + I(income ** 2)")
    columns, records = built(choice, scores())
    income = records["income"].to_numpy()
    every = dict(zip(columns.terms, columns.matrix.T, strict=True))
    assert every["income"] == approx(income)
    assert every["log(income)"] == approx(np.log(income))
    assert every["I(income ** 2)"] == approx(income**2)


def test_an_interaction_names_the_categories_of_both() -> None:
    columns, records = built(chosen(two_samples_schema(), "sex * education"), scores())
    assert columns.columns == (
        *("sex=2", "education=2", "education=3"),
        *("sex=2:education=2", "sex=2:education=3"),
    )
    both = (records["sex"] == 2) & (records["education"] == 3)
    assert [*columns.matrix[:, 4]] == [*both]


def test_more_than_ten_categories_keep_their_order_and_their_names() -> None:
    """Categories are counted inside, and 10 sorts before 2 as a text."""
    codes = {code: str(code) for code in range(12)}
    made = schema(variables__month={"codes": codes})
    frame = two_samples_frame().assign(month=lambda x: (x["id"] * 7) % 12)
    columns, records = built(chosen(made, ["month"]), two_samples_scores(frame, made), frame)
    assert columns.columns == tuple(f"month={code}" for code in range(1, 12))
    for code in range(1, 12):
        assert [*columns.matrix[:, code - 1]] == [*(records["month"] == code)]


def test_the_columns_of_a_formula_come_without_the_constant() -> None:
    data = {"x": np.array([1.0, 2.0, 4.0]), "g": pd.Categorical(["a", "b", "b"])}
    matrix, columns, blocks = model_columns("x + g", data)
    assert matrix.tolist() == [[1.0, 0.0], [2.0, 1.0], [4.0, 1.0]]
    assert columns == ("x", "g[T.b]")
    assert blocks == {"x": (0,), "g": (1,)}


# Names that formulas have a meaning of their own for
@pytest.mark.parametrize("name", ["class", "나이", "C", "log", "np"])
def test_the_name_of_a_factor_is_only_a_name(name: str) -> None:
    made = schema(
        **{
            f"variables__{name}": {"type": "number"},
            f"decomposition__factors__{name}": {"variable": name},
        }
    )
    frame = two_samples_frame().assign(**{name: lambda x: x["income"]})
    plain = decompose_gap(scores(), groups="older", factors=["sex", "age", "income"])
    other = two_samples_scores(frame, made)
    result = decompose_gap(other, groups="older", factors=["sex", "age", name])
    assert result.estimate.values == approx(plain.estimate.values, rel=0, abs=1e-12)
    assert [row.factor for row in result.rows] == [
        name if row.factor == "income" else row.factor for row in plain.rows
    ]


# -- transformations that look at the data -----------------------------------------------------


def tried(frame: pd.DataFrame, groups: list[str], formula: str) -> DecompositionResult | None:
    """Return the decomposition, or None where the formula is refused in words."""
    try:
        return decompose_gap(two_samples_scores(frame), groups=groups, factors=formula)
    except EstimationError as error:
        assert error.code == "DI-E288"  # noqa: PT017  the other way out
        return None


@pytest.mark.parametrize(
    ("formula", "plain"),
    [
        ("scale(income) + sex", "income + sex"),
        ("center(income) + sex", "income + sex"),
        ("poly(income, 2) + sex", "income + I(income ** 2) + sex"),
    ],
)
def test_a_change_of_unit_or_basis_explains_no_more_and_no_less(formula: str, plain: str) -> None:
    frame, groups = two_samples_frame(), ["rural", "farmers"]
    one, other = tried(frame, groups, formula), tried(frame, groups, plain)
    assert other is not None
    if one is not None:
        for cell in other.cells:
            for part in ("gap", "explained", "unexplained"):
                here, there = one.row(cell, part), other.row(cell, part)
                found, known = one.estimate, other.estimate
                assert found.values[here] == approx(known.values[there], abs=1e-9)
                assert found.std_errors[here] == approx(known.std_errors[there], abs=1e-9)


def test_knots_of_a_spline_are_those_of_the_reference() -> None:
    """Whoever is outside brings means alone: what they earn moves no other group's parts."""
    frame, formula = two_samples_frame(), "bs(income, df=5) + sex"
    one = tried(frame, ["rural"], formula)
    if one is not None:
        richer = frame["income"].where(frame["sample"] == "general", frame["income"].median())
        both = tried(frame.assign(income=richer), ["rural", "farmers"], formula)
        assert both is not None
        rows = [both.rows.index(row) for row in one.rows]
        assert one.estimate.values == approx(both.estimate.values[rows], abs=1e-11)


def moved_by_order(factors: str, **options: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Return a decomposition with the codes in two orders."""
    made = schema(
        variables__sex={"codes": {2: "2", 1: "1"}},
        variables__education={"codes": {3: "3", 1: "1", 2: "2"}, "missing": [9]},
    )
    return tuple(
        decompose_gap(each, groups="rural", factors=factors, **options)
        for each in (scores(), two_samples_scores(schema=made))
    )  # pyright: ignore[reportReturnType]


def test_terms_that_depend_on_the_order_of_codes_are_said_to() -> None:
    """Main effects beside their interaction depend on the base: no such number without a word."""
    one, other = moved_by_order("sex * education")
    whole = [row.factor == "total" for row in one.rows]
    assert one.estimate.values[whole] == approx(other.estimate.values[whole], abs=1e-10)
    if not np.allclose(one.estimate.values, other.estimate.values, atol=1e-10):
        named = [f for f in one.findings if "sex:education" in str(f)]
        assert named


def test_an_interaction_does_not_enter_before_what_it_is_of() -> None:
    """Without its main effects its columns would depend on the order of the codes."""
    nested = [["sex:education"], ["sex"], ["education"]]
    try:
        one, other = moved_by_order("sex * education", nested=nested)
    except EstimationError as error:
        assert error.code == "DI-E279"  # noqa: PT017  the other way out
    else:
        left = [each.path_frame()["contribution"].to_numpy() for each in (one, other)]
        assert left[0] == approx(left[1], abs=1e-10)
