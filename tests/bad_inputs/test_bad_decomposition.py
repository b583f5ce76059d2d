"""Whatever a decomposition is asked for, it gives numbers or says in words what is wrong.

Each refusal has its code, and names what it speaks of; none comes with a warning.
"""

import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import ValidationError

from divide_index import messages
from divide_index.cells import Cell
from divide_index.decomposition import DecompositionResult, decompose_gap
from divide_index.errors import DivideIndexError
from divide_index.inference.design import LonelyPsu
from divide_index.levels import relative_levels
from divide_index.messages import LANGUAGES
from divide_index.schema import SurveySchema, load_schema
from divide_index.scoring import Scores, score
from divide_index.survey import read_survey
from tests.samples import DIMENSIONS, SCHEMAS, as_polars, two_samples_frame

PARSED: dict[str, Any] = yaml.safe_load((SCHEMAS / "two_samples.yaml").read_text("utf-8"))
FACTORS = ("sex", "age", "education", "income", "occupation")
FORMULA_EXAMPLE = "sex * age + log(income)"

Change = Callable[[pd.DataFrame], Any]


def changed(**changes: object) -> dict[str, Any]:
    """Return the schema with changes at paths such as ``decomposition__cells``; None takes away."""
    whole = copy.deepcopy(PARSED)
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = whole
        for step in parents:
            node = node[step]
        if value is None:
            del node[last]
        else:
            node[last] = value
    return whole


def general(frame: pd.DataFrame) -> "pd.Series[bool]":
    return frame["sample"] == "general"


@dataclass(frozen=True)
class Asked:
    """A request of changed records: what is wrong, the code, what must be named."""

    what: str
    code: str
    says: tuple[str, ...] = ()
    columns: dict[str, Change] = field(default_factory=dict)
    kept: Change | None = None
    schema: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    lonely_psu: LonelyPsu = "fail"

    def __str__(self) -> str:
        return f"{self.code} {self.what}"

    def result(self) -> DecompositionResult:
        if not (self.columns or self.kept or self.schema):
            return decompose_gap(unchanged(), **self.options)  # pyright: ignore[reportArgumentType]
        frame = two_samples_frame().assign(**self.columns)  # pyright: ignore[reportArgumentType]
        if self.kept is not None:
            frame = frame[self.kept(frame)]
        made = SurveySchema.model_validate(changed(**self.schema))
        survey = read_survey(as_polars(frame), made, lonely_psu=self.lonely_psu)
        return decompose_gap(score(survey), **self.options)  # pyright: ignore[reportArgumentType]


@cache
def unchanged() -> Scores:
    survey = read_survey(as_polars(two_samples_frame()), SurveySchema.model_validate(PARSED))
    return score(survey)


def refused(asked: Asked) -> DivideIndexError:
    """Return the error of a request that comes without a word beside it."""
    with warnings.catch_warnings(record=True) as beside:
        warnings.simplefilter("always")
        with pytest.raises(DivideIndexError) as caught:
            asked.result()
    assert [str(each.message) for each in beside] == []
    return caught.value


def listed(cases: list[Asked]) -> Any:  # noqa: ANN401  a mark
    return pytest.mark.parametrize("asked", cases, ids=[str(case) for case in cases])


# -- what is refused -----------------------------------------------------------------------------


def of_occupation(frame: pd.DataFrame) -> Any:  # noqa: ANN401
    """Schooling that occupation tells wholly."""
    return frame["occupation"].map({"farm": 1, "office": 2, "service": 3, "none": 3})


def only_in_one_place(frame: pd.DataFrame) -> Any:  # noqa: ANN401
    """Office workers are those of one cell, all of them."""
    inside = general(frame) & (frame["region"] == 1) & (frame["area"] == "U")
    others = frame["occupation"].replace("office", "service")
    return others.where(~inside, "office")


COLLINEAR = [
    Asked(
        "a factor that another tells",
        "DI-E260",
        ("education=2", "education=3", "occupation=office"),
        {"education": of_occupation},
    ),
    Asked(
        "a number that a factor tells",
        "DI-E260",
        ("education=2", "education=3", "income"),
        {"income": lambda x: 2.0 * x["education"].where(x["education"] < 9)},
    ),
    Asked(
        "a category that is a place",
        "DI-E260",
        ("occupation=office",),
        {"occupation": only_in_one_place},
    ),
    Asked(
        "the same twice in a formula",
        "DI-E260",
        ("income", "I(income * 2)"),
        options={"factors": "income + I(income * 2)"},
    ),
    Asked(
        "a combination that nobody has",
        "DI-E260",
        ("sex=2:education=3",),
        {"education": lambda x: x["education"].where((x["sex"] == 1) | (x["education"] != 3), 2)},
        options={"factors": "sex * education"},
    ),
]
NAMES = [
    Asked(
        "none in the schema", "DI-E281", ("two_samples", "region"), schema={"decomposition": None}
    ),
    Asked("no factor", "DI-E278", FACTORS, options={"factors": []}),
    Asked(
        "a misspelt factor", "DI-E282", ("educaton", "education"), options={"factors": ["educaton"]}
    ),
    Asked("a text", "DI-E282", ("psu",), options={"factors": ["psu"]}),
    Asked(
        "unknown in a formula", "DI-E282", ("edu", "education"), options={"factors": "sex + edu"}
    ),
    Asked(
        "a function that is none",
        "DI-E288",
        ("sqrt", "log10"),
        options={"factors": "sqrt(income) + sex"},
    ),
    Asked("an item of the index", "DI-E277", ("usage",), options={"factors": ["sex", "usage"]}),
    Asked("the weight", "DI-E277", ("weight",), options={"factors": "sex + weight"}),
    Asked("an unknown group", "DI-E123", ("rurl", "rural"), options={"groups": ["rurl"]}),
    Asked("an unknown domain", "DI-E124", ("regoin", "region"), options={"by": "regoin"}),
    Asked("an unknown place", "DI-E124", ("regoin", "region"), options={"cells": ["regoin"]}),
    Asked("a domain with itself", "DI-E125", ("area*area",), options={"by": "area*area"}),
    Asked("nothing at all", "DI-E289", ("rural", "region"), options={"groups": []}),
    Asked("an unknown formula", "DI-E117", ("ratios",), options={"formula": "ratios"}),
    Asked("a confidence in percent", "DI-E117", ("95",), options={"confidence": 95}),
    Asked("a condition", "DI-E109", ("aeg", "age"), options={"where": "aeg > 60"}),
    Asked(
        "a factor that cuts the cells",
        "DI-E294",
        ("area",),
        options={"factors": ["sex", "area"], "groups": "older"},
    ),
    Asked(
        "its variable under another name",
        "DI-E294",
        ("place", "area"),
        schema={"decomposition__factors__place": {"variable": "area"}},
    ),
]
NESTED = [
    Asked(
        "a set that misses a term",
        "DI-E295",
        ("sex", "age", "education", "income", "occupation"),
        options={"nested": [["sex"], ["age"]]},
    ),
    Asked(
        "a term in two sets",
        "DI-E295",
        ("sex, age, sex",),
        options={"nested": [["sex", "age"], ["sex", "education"], ["income", "occupation"]]},
    ),
    Asked(
        "a term that is none",
        "DI-E295",
        ("job",),
        options={"nested": [["sex", "age"], ["education"], ["income", "job"]]},
    ),
]
LEVELS = [
    Asked(
        "200 categories",
        "DI-E283",
        ("code", "200", "50"),
        {"code": lambda x: x["id"] % 200},
        schema={"variables__code": {"codes": {code: str(code) for code in range(200)}}},
        options={"factors": ["sex", "code"]},
    ),
    Asked(
        "a domain of 200 numbers",
        "DI-E283",
        ("small", "200", "50"),
        {"code": lambda x: x["id"] % 200},
        schema={
            "variables__code": {"type": "number"},
            "domains__small": {"label": "S", "variable": "code"},
        },
        options={"factors": ["small"], "groups": "rural"},
    ),
    Asked(
        "a category outside the reference alone",
        "DI-E284",
        ("education", "3"),
        {"education": lambda x: x["education"].where(~general(x) | (x["education"] != 3), 2)},
    ),
    Asked("everybody alike", "DI-E285", ("sex",), {"sex": lambda _: 2}),
    Asked("a number without variation", "DI-E285", ("income",), {"income": lambda _: 3.5}),
    Asked(
        "no variation in the reference",
        "DI-E285",
        ("income",),
        {"income": lambda x: x["income"].where(~general(x), 3.5)},
    ),
]
FORMULAS = [
    *(
        Asked(
            f"the formula {text!r}", "DI-E288", (text, FORMULA_EXAMPLE), options={"factors": text}
        )
        for text in (
            "log(income",
            "sex *",
            "sex ~ age",
            "sex | age",
            "sex + age | education",
            "sex + 2",
            "sex + .",
            "sex + (1|education)",
            "sex + log(education)",
        )
    ),
    *(
        Asked(f"{text} is no number", "DI-E287", (f"log({name})",), options={"factors": text})
        for text, name in (
            ("sex + log(income * 0)", "income * 0"),
            ("sex + log(income - 4)", "income - 4"),
            ("sex * log(income - 1000)", "income - 1000"),
        )
    ),
]
PEOPLE = [
    Asked(
        "nobody has a factor",
        "DI-E291",
        ("reference", "education"),
        {"education": lambda _: 9},
    ),
    Asked("nobody has a score", "DI-E060", ("usage",), {"usage": lambda _: np.nan}),
    Asked(
        "a group without a factor",
        "DI-E291",
        ("farmers", "income"),
        {"income": lambda x: x["income"].where(general(x))},
    ),
    Asked("an absent group", "DI-E061", ("farmers",), kept=general),
    Asked(
        "a group of zero weight",
        "DI-E061",
        ("farmers",),
        {"weight": lambda x: x["weight"].where(general(x), 0.0)},
    ),
    Asked("no reference", "DI-E060", ("access", "usage"), kept=lambda x: ~general(x)),
    Asked(
        "a reference mean of zero",
        "DI-E062",
        ("usage",),
        {"usage": lambda x: x["usage"].where(~general(x), 0.0)},
    ),
    Asked(
        "a reference mean of zero among complete cases",
        "DI-E062",
        ("usage",),
        {"usage": lambda x: x["usage"].where(~general(x) | x["income"].isna(), 0.0)},
    ),
    Asked(
        "a group that is the reference",
        "DI-E292",
        ("everybody",),
        schema={"groups__everybody": {"label": "All", "where": "sample == 'general'"}},
    ),
    Asked(
        "a group that is the reference as far as is known",
        "DI-E292",
        ("everybody",),
        {"income": lambda x: x["income"].where(x["region"] != 3)},
        schema={"groups__everybody": {"label": "A", "where": "sample == 'general' and region < 3"}},
    ),
    Asked("nobody under a condition", "DI-E291", ("rural",), options={"where": "age < 12"}),
    Asked(
        "a group that its only factor defines",
        "DI-E290",
        ("group/older", "age"),
        options={"groups": "older", "factors": ["age"]},
    ),
    Asked(
        "cells that their only factor defines",
        "DI-E290",
        ("age_group/young", "age_group/middle", "age_group/old"),
        options={"by": "age_group", "groups": None, "factors": ["age"]},
    ),
    Asked(
        "farmers by occupation",
        "DI-E290",
        ("group/farmers", "occupation"),
        options={"groups": "farmers", "factors": ["occupation"]},
    ),
]
DESIGN = [
    Asked(
        "a weight left blank",
        "DI-E049",
        ("weight",),
        {"weight": lambda x: x["weight"].where(x["id"] > 3)},
    ),
    Asked("no weight at all", "DI-E053", ("weight",), {"weight": lambda _: 0.0}),
    Asked(
        "a stratum with one PSU",
        "DI-E057",
        ("general/2",),
        kept=lambda x: ~general(x) | (x["stratum"] == 1) | (x["psu"] == 1),
    ),
    Asked(
        "more columns than degrees of freedom",
        "DI-E293",
        ("9", "8", *FACTORS),
        {"psu": lambda x: x["psu"] % 5},
        options={"groups": "rural"},
    ),
]


@listed([*COLLINEAR, *NAMES, *NESTED, *LEVELS, *FORMULAS, *PEOPLE, *DESIGN])
def test_what_cannot_be_decomposed_is_refused_and_named(asked: Asked) -> None:
    error = refused(asked)
    assert error.code == asked.code
    for lang in LANGUAGES:
        said = messages.render(error.code, lang, error.params)
        for name in asked.says:
            assert name in said, (name, said)
        assert "\n" not in said


def test_every_factor_that_a_formula_cannot_name_is_named_with_the_nearest() -> None:
    error = refused(Asked("", "DI-E282", options={"factors": "educatoin + sexx"}))
    said = messages.render(error.code, "en", error.params)
    assert "education" in said
    assert "educatoin" in said or "sexx" in said


def test_who_lacks_a_factor_is_not_told_of_those_he_has() -> None:
    """Nobody is missing from an empty group: it lacks no answer, it is absent."""
    farmers = {"income": lambda x: x["income"].where(general(x))}
    error = refused(Asked("", "DI-E291", columns=farmers))
    assert error.params["factors"] == ["income"]


def test_that_the_schema_has_factors_is_not_denied() -> None:
    error = refused(Asked("", "DI-E278", options={"factors": "sex - sex"}))
    assert "has no decomposition.factors" not in messages.render(error.code, "en", error.params)


# -- what is dropped, and named -------------------------------------------------------------------


def given(
    columns: dict[str, Change] | None = None,
    *,
    kept: Change | None = None,
    schema: Mapping[str, object] | None = None,
    options: Mapping[str, object] | None = None,
    lonely_psu: LonelyPsu = "fail",
) -> DecompositionResult:
    """Return a decomposition that is computed, without a warning of any library."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asked = Asked("", "", (), columns or {}, kept, schema or {}, options or {}, lonely_psu)
        return asked.result()


def has_numbers(result: DecompositionResult) -> None:
    """Assert that every value is a number, and every interval one of numbers."""
    assert np.isfinite(result.estimate.values).all()
    assert np.isfinite(result.estimate.std_errors).all()
    assert np.isfinite(result.path.values).all()


def codes_of(result: DecompositionResult) -> list[str]:
    return [finding.code for finding in result.findings]


def test_a_category_that_a_group_lacks_is_a_part_like_any_other() -> None:
    """No rural office workers: its slope is known from others, and the group's mix has none."""
    without = {
        "occupation": lambda x: x["occupation"].where(
            (x["area"] != "R") | (x["occupation"] != "office"), "service"
        )
    }
    result = given(columns=without, options={"groups": "rural", "cells": ["area"]})
    has_numbers(result)
    row = result.row(Cell("group", "rural"), "explained", "occupation")
    assert abs(result.estimate.values[row]) > 0.01


def test_a_declared_category_that_nobody_has_is_no_column() -> None:
    declared = {1: "1", 2: "2", 3: "3", 4: "4"}
    schema = {"variables__education": {"codes": declared, "missing": [9]}}
    plain, other = given(), given(schema=schema)
    assert other.estimate.values == pytest.approx(plain.estimate.values, abs=1e-12)


def test_a_category_of_a_domain_where_nobody_lives_has_no_number() -> None:
    schema = {"variables__region": {"codes": {1: "1", 2: "2", 3: "3", 4: "4"}}}
    result = given(schema=schema, options={"by": ["region", "region*area"]})
    has_numbers(result)
    assert not [cell for cell in result.cells if "4" in cell.category]
    plain = given(options={"by": ["region", "region*area"]})
    assert result.estimate.values == pytest.approx(plain.estimate.values, abs=1e-12)


def test_a_group_that_a_condition_empties_is_dropped_by_name() -> None:
    moved = {"region": lambda x: x["region"].where(general(x), 1)}
    result = given(columns=moved, options={"groups": ["rural", "farmers"], "where": "region == 2"})
    assert [cell.category for cell in result.cells] == ["rural"]
    assert any("group/farmers" in str(finding) for finding in result.findings)


def test_a_group_without_a_complete_case_is_dropped_by_name_under_a_condition() -> None:
    lacking = {"income": lambda x: x["income"].where(general(x) | (x["region"] != 2))}
    result = given(
        columns=lacking, options={"groups": ["rural", "farmers"], "where": "region == 2"}
    )
    [finding] = [f for f in result.findings if f.code == "DI-W261"]
    assert finding.params["cells"] == ["group/farmers"]


def test_a_region_without_a_complete_case_is_dropped_by_name() -> None:
    lacking = {"income": lambda x: x["income"].where(x["region"] != 2)}
    result = given(columns=lacking, options={"by": "region"})
    [finding] = [f for f in result.findings if f.code == "DI-W261"]
    assert finding.params["cells"] == ["region/2"]
    assert Cell("region", "2") not in result.cells
    has_numbers(result)


def test_people_without_a_category_of_a_domain_are_counted() -> None:
    """As the levels count them: they are in the reference, and in no row."""
    unknown = {"region": lambda x: x["region"].where(x["id"] % 10 > 0)}
    result = given(columns=unknown, options={"by": "region", "groups": None})
    has_numbers(result)
    levels = relative_levels(result.scores, "region")
    assert "DI-W032" in [finding.code for finding in levels.findings]
    assert "DI-W032" in codes_of(result)


def test_what_complete_cases_lose_is_said_with_the_groups_that_lose_it() -> None:
    [finding] = [f for f in given().findings if f.code == "DI-W262"]
    assert finding.params["cells"] == ["group/rural", "group/older", "group/farmers"]
    whole = given(kept=lambda x: x.notna().all(axis=1) & (x["education"] < 9))
    assert "DI-W262" not in codes_of(whole)
    assert whole.basis_frame()["share_lost"].max() < 1e-12


@pytest.mark.parametrize(
    ("what", "groups", "left_out"),
    [
        ("not_for", "farmers", ("occupation",)),
        ("a domain of its variable", "older", ("age",)),
    ],
)
def test_a_factor_that_defines_the_group_is_left_out_and_named(
    what: str, groups: str, left_out: tuple[str, ...]
) -> None:
    result = given(options={"groups": groups})
    assert result.bases[0].left_out == left_out, what
    [finding] = [f for f in result.findings if f.code == "DI-W260"]
    assert finding.params["factors"] == [*left_out]
    assert finding.params["cells"] == [f"group/{groups}"]
    assert f"{left_out[0]}" in str(finding)


def test_a_factor_that_the_condition_fixes_is_left_out() -> None:
    result = given(options={"groups": "rural", "where": "sex == 2"})
    assert result.bases[0].left_out == ("sex",)


@pytest.mark.parametrize("rule", ["remove", "certainty", "adjust", "average"])
def test_a_lonely_psu_under_a_rule_has_errors(rule: LonelyPsu) -> None:
    def kept(frame: pd.DataFrame) -> Any:  # noqa: ANN401
        return ~general(frame) | (frame["stratum"] == 1) | (frame["psu"] == 1)

    has_numbers(given(kept=kept, lonely_psu=rule, options={"groups": ["rural", "farmers"]}))


def test_people_of_zero_weight_count_for_nothing() -> None:
    half = {"weight": lambda x: x["weight"].where(x["id"] % 2 == 0, 0.0)}
    zero = given(columns=half)
    absent = given(kept=lambda x: x["id"] % 2 == 0)
    assert zero.estimate.values == pytest.approx(absent.estimate.values, abs=1e-11)
    assert [b.n for b in zero.bases] == [b.n for b in absent.bases]
    assert [b.members for b in zero.bases] == [b.members for b in absent.bases]


def test_a_category_that_only_people_of_zero_weight_have_is_none() -> None:
    columns: dict[str, Any] = {
        "weight": lambda x: x["weight"].where(x["education"] != 3, 0.0),
    }
    result = given(columns=columns)
    has_numbers(result)
    assert "education" in {row.factor for row in result.rows}


def test_what_is_asked_for_twice_is_told_once() -> None:
    once = given(options={"by": ["region"], "groups": ["rural"], "factors": ["sex", "age"]})
    options = {
        "by": ["region", "region"],
        "groups": ["rural", "rural"],
        "factors": ["sex", "age", "sex"],
    }
    twice = given(options=options)
    assert twice.rows == once.rows
    assert twice.estimate.values == pytest.approx(once.estimate.values, abs=1e-12)


def test_a_single_domain_or_group_or_place_may_be_a_word() -> None:
    words = given(options={"by": "region", "groups": "rural", "factors": "sex", "cells": "area"})
    lists = given(
        options={"by": ["region"], "groups": ["rural"], "factors": ["sex"], "cells": ["area"]}
    )
    assert words.rows == lists.rows
    assert words.estimate.values == pytest.approx(lists.estimate.values, abs=1e-12)


def test_a_category_that_is_the_whole_reference_has_no_gap_and_no_share() -> None:
    schema: dict[str, object] = {
        "groups__farmers": None,
        "decomposition__cells": ["area"],
        "decomposition__factors__occupation": {"variable": "occupation"},
    }
    result = given(
        columns={"region": lambda _: 1}, kept=general, schema=schema, options={"by": "region"}
    )
    region = Cell("region", "1")
    rows = [k for k, row in enumerate(result.rows) if row.cell == region]
    assert result.estimate.values[rows] == pytest.approx(0.0, abs=1e-10)
    assert result.estimate.std_errors[rows] == pytest.approx(0.0, abs=1e-10)
    assert not result.is_significant[rows].any()
    [share] = result.shares().query("domain == 'region'")["share"]
    assert np.isnan(share)


def test_a_group_inside_one_psu_has_no_error_that_looks_precise() -> None:
    few = "sample == 'general' and region == 2 and education == 3"

    def kept(frame: pd.DataFrame) -> Any:  # noqa: ANN401
        inside = general(frame) & (frame["region"] == 2) & (frame["education"] == 3)
        first = frame[inside].iloc[0]
        alone = (frame["stratum"] == first["stratum"]) & (frame["psu"] == first["psu"])
        return ~inside | alone

    options: dict[str, object] = {"groups": ["few"], "factors": ["age", "sex"]}
    result = given(schema={"groups__few": {"label": "F", "where": few}}, kept=kept, options=options)
    assert result.bases[0].psus == 1
    frame = result.to_frame()
    assert frame["contribution"].notna().all()
    assert frame[["std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    assert result.tests()[["p_value", "p_holm"]].isna().all(axis=None)
    assert result.shares()[["share", "conf_low", "conf_high"]].isna().all(axis=None)
    assert (result.basis_frame()["flag"] == "caution").all()


def test_neither_a_score_nor_a_column_of_the_design_is_offered_as_a_factor() -> None:
    """What the index is made of explains it, and the weight is no trait of anybody."""
    error = refused(Asked("", "DI-E282", options={"factors": ["nothing"]}))
    said = messages.render(error.code, "en", error.params)
    assert not [name for name in (*DIMENSIONS, "weight") if name in said]


# -- the schema ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        (
            {"decomposition__factors__sex": {"variable": "sex", "domain": "area"}},
            "DI-E280",
            ("decomposition.factors.sex",),
        ),
        ({"decomposition__factors__sex": {"step": 1}}, "DI-E280", ("decomposition.factors.sex",)),
        (
            {"decomposition__factors__sex": {"domain": "aera"}},
            "DI-E111",
            ("decomposition.factors.sex.domain", "aera", "area"),
        ),
        (
            {"decomposition__factors__sex": {"variable": "sxe"}},
            "DI-E111",
            ("decomposition.factors.sex.variable", "sxe", "sex"),
        ),
        (
            {"decomposition__cells": ["region", "aera"]},
            "DI-E111",
            ("decomposition.cells", "aera", "area"),
        ),
        (
            {"decomposition__factors__sex": {"variable": "sex", "not_for": ["farmer"]}},
            "DI-E111",
            ("decomposition.factors.sex.not_for", "farmer", "farmers"),
        ),
        (
            {"decomposition__factors__sex": {"variable": "psu"}},
            "DI-E169",
            ("decomposition.factors.sex.variable", "psu"),
        ),
    ],
)
def test_a_schema_that_contradicts_itself_is_refused_at_its_place(
    changes: dict[str, object], code: str, says: tuple[str, ...], tmp_path: Path
) -> None:
    whole = changed(**changes)
    path = tmp_path / "survey.yaml"
    path.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), "utf-8")
    with pytest.raises(DivideIndexError) as caught:
        load_schema(path)
    said = messages.render(caught.value.code, "en", caught.value.params)
    assert caught.value.code == code
    for name in says:
        assert name in said


@pytest.mark.parametrize("step", [0, -1, 1.5, "first"])
def test_a_step_is_a_count_from_one(step: object) -> None:
    with pytest.raises(ValidationError):
        SurveySchema.model_validate(
            changed(decomposition__factors__sex={"variable": "sex", "step": step})
        )
