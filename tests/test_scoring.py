"""Every rule of scoring gives what a person with a pencil gets, in any library."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml
from pydantic import ValidationError

from divide_index import engine
from divide_index.errors import InputError
from divide_index.schema import SurveySchema, load_schema, parse_condition
from divide_index.schema.parts import Variable
from divide_index.scoring import score, score_frame
from divide_index.survey import read_survey
from tests.samples import SCHEMAS, as_polars

RULES = load_schema(SCHEMAS / "rules.yaml")
LIBRARIES = ("pandas", "polars")
LIBRARY = pytest.mark.parametrize("library", LIBRARIES)

approx = pytest.approx
_ = None  # a blank cell

COLUMNS = ("Q1", "Q2_1", "Q2_2", "Q3", "Q4", "Q5", "Q6A", "Q6B", "Q7", "Q8A", "Q8B")
# fmt: off
ANSWERS = (
    (1, 1, 2, 100, 1, "high", 4, 1, 3, 4, 1),    # answers everything
    (2, 2, 2,   0, 5, "low",  _, _, 7, 1, 1),    # no user: not asked, by routing and by code
    (1, 9, 1, 999, 3, "mid",  9, 3, 9, 2, _),    # refuses some
    (_, 2, 9,  50, 2, "dk",   2, _, 1, 9, 3),    # nobody knows whether a user
    (9, _, _,   _, _, _,      _, _, _, _, _),    # says nothing
    (2, 1, 1, 200, 4, "high", 4, _, 2, 3, 2),    # no user who was asked all the same
)
SCORES = {
    #                      everything  no user  refuses     unknown   nothing  asked
    "access.device":      (1,          0,       1,          0,        _,       1),
    "access.line":        (0.5,        0,       _,          0.25,     _,       1),
    "capability.ability": (1,          0,       0.5,        _,        _,       0.8125),
    "usage.services":     (1,          0,       23 / 60,    11 / 45,  _,       2 / 15),
    "access":             (0.75,       0,       _,          0.125,    _,       1),
    "capability":         (1,          0,       0.5,        _,        _,       0.8125),
    "usage":              (1,          0,       23 / 60,    11 / 45,  _,       2 / 15),
    "overall":            (0.95,       0,       _,          _,        _,       0.525 + 4 / 75),
}
# The same when an unanswered item scores 0, among those who have every dimension, and in means
# whose items are all answered: a word more of a level's nonresponse band.
VARIANTS = {
    "zero:access":        (0.75,       0,       0.5,        0.125,    0,       1),
    "zero:capability":    (1,          0,       0.5,        0.1875,   0,       0.8125),
    "zero:usage":         (1,          0,       23 / 90,    11 / 45,  0,       2 / 15),
    "zero:overall":       (0.95,       0,       181 / 450,  0.1 + 22 / 225, 0, 0.525 + 4 / 75),
    "complete:access":    (0.75,       0,       _,          _,        _,       1),
    "complete:usage":     (1,          0,       _,          _,        _,       2 / 15),
    "answered:usage":     (1,          0,       _,          11 / 45,  _,       2 / 15),
}
# fmt: on


def answers(*, index: Any = None) -> pd.DataFrame:  # noqa: ANN401
    return pd.DataFrame(list(ANSWERS), columns=[*COLUMNS], index=index)


def as_library(frame: pd.DataFrame, library: str) -> pd.DataFrame | pl.DataFrame:
    return as_polars(frame) if library == "polars" else frame


def column(frame: Any, name: str) -> list[float]:  # noqa: ANN401
    """Return a column with missing as NaN."""
    return [np.nan if pd.isna(cell) else float(cell) for cell in frame[name].to_list()]


def check(frame: Any, expected: dict[str, tuple[float | None, ...]]) -> None:  # noqa: ANN401
    for name, scores in expected.items():
        wanted = [float("nan") if each is None else each for each in scores]
        assert column(frame, name) == approx(wanted, nan_ok=True, rel=1e-12), name


# -- the rules -------------------------------------------------------------------------------


@pytest.mark.engine
@LIBRARY
def test_every_rule_gives_what_a_pencil_gives(library: str) -> None:
    scores = score_frame(as_library(answers(), library), RULES)
    assert [*scores.columns] == [*SCORES]
    check(scores, SCORES)


@pytest.mark.engine
@LIBRARY
def test_a_survey_holds_the_same_scores_and_those_under_other_treatments(library: str) -> None:
    scores = score(read_survey(as_library(answers(), library), RULES))
    for name in ("access", "capability", "usage", "overall"):
        check(scores.frame, {f"score:{name}": SCORES[name]})
    check(scores.frame, VARIANTS)
    wanted = [np.nan if each is None else each for each in SCORES["usage"]]
    assert scores.dimension("usage") == approx(wanted, nan_ok=True)


def test_who_has_every_dimension_need_not_have_answered_every_item() -> None:
    frame = answers().iloc[[0, 0]].assign(Q7=[9, 3]).reset_index(drop=True)
    scores = score(read_survey(frame, RULES)).frame
    assert column(scores, "complete:usage") == approx([1.0, 1.0])
    assert column(scores, "answered:usage") == approx([np.nan, 1.0], nan_ok=True)


@pytest.mark.engine
@LIBRARY
def test_only_who_was_not_asked_scores_zero_and_an_unknown_routing_is_missing(
    library: str,
) -> None:
    online = (1, 2, 9, None)
    frame = pd.concat([answers().iloc[[4]]] * len(online), ignore_index=True)
    frame["Q1"] = online
    scores = score_frame(as_library(frame, library), RULES)
    assert column(scores, "usage") == approx([np.nan, 0.0, np.nan, np.nan], nan_ok=True)


def test_an_answer_to_what_was_not_asked_is_a_finding_with_its_count() -> None:
    survey = read_survey(answers(), RULES)
    [finding] = [finding for finding in survey.findings if finding.code == "DI-W044"]
    assert finding.params == {"column": "Q6A", "count": 1}


@pytest.mark.engine
@LIBRARY
def test_many_codes_are_read_as_a_few_are(library: str) -> None:
    bank = Variable(
        column="Q7",
        codes=dict.fromkeys(range(1, 31)),
        missing=tuple(range(90, 100)),
        skip_codes=tuple(range(80, 90)),
        skip_means=0.0,
    )
    worth = tuple(range(16, 31))
    schema = RULES.model_copy(
        update={
            "variables": RULES.variables | {"bank": bank},
            "items": RULES.items
            | {"bank": RULES.items["bank"].model_copy(update={"codes": worth})},
        }
    )
    frame = answers().iloc[[4] * 6].reset_index(drop=True)
    frame["Q7"] = [1, 16, 30, 95, 85, None]  # who says nothing else
    scores = score_frame(as_library(frame, library), schema)
    assert column(scores, "usage") == approx([0, 1, 1, np.nan, 0, np.nan], nan_ok=True)
    listed = ", ".join(map(str, worth))
    met = [FALSE, TRUE, TRUE, UNKNOWN, FALSE, UNKNOWN]  # 85: was not asked
    assert kleene(f"bank in [{listed}]", as_library(frame, library), schema) == met
    turned = {TRUE: FALSE, FALSE: TRUE, UNKNOWN: UNKNOWN}
    unmet = [turned[each] for each in met]
    assert kleene(f"bank not in [{listed}]", as_library(frame, library), schema) == unmet


# -- the frame that comes back -----------------------------------------------------------------


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([*"fedcba"], name="id"),
        pd.Index([3, 3, 1, 1, 2, 2]),
        pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]]),
        pd.date_range("2025-09-01", periods=6),
    ],
    ids=["text", "repeated", "two levels", "dates"],
)
def test_pandas_goes_in_and_pandas_comes_out_with_the_same_index(index: pd.Index) -> None:
    frame = answers(index=index)
    scores = score_frame(frame, RULES)
    assert type(scores) is pd.DataFrame
    pd.testing.assert_index_equal(scores.index, frame.index)
    assert (scores.dtypes == "float64").all()
    check(scores, SCORES)


def test_polars_goes_in_and_polars_comes_out() -> None:
    scores = score_frame(as_polars(answers()), RULES)
    assert type(scores) is pl.DataFrame
    assert set(scores.dtypes) == {pl.Float64}
    assert scores["access"].null_count() == 2  # missing is null, not NaN
    assert not scores.select(pl.all().is_nan().any()).row(0).count(True)


@LIBRARY
def test_the_frame_that_was_given_stays_as_it_was(library: str) -> None:
    frame = as_library(answers(index=range(10, 16)), library)
    before = frame.copy() if isinstance(frame, pd.DataFrame) else frame.clone()
    score_frame(frame, RULES)
    assert before.equals(frame)  # pyright: ignore[reportArgumentType]


def test_other_columns_and_their_order_do_not_matter() -> None:
    frame = answers()[[*reversed(COLUMNS)]].assign(comment="…", Q99=7)
    check(score_frame(frame, RULES), SCORES)


def test_a_schema_may_be_given_by_its_path() -> None:
    check(score_frame(answers(), SCHEMAS / "rules.yaml"), SCORES)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError) as caught:
        score_frame(answers().drop(columns=["Q3", "Q5"]).assign(Q33=1), RULES)
    assert caught.value.code == "DI-E103"
    assert caught.value.params["columns"] == ["Q3", "Q5"]
    assert "Q33" in caught.value.params["nearest"]  # pyright: ignore[reportOperatorIssue]


def test_a_column_no_item_is_made_of_is_not_asked_for() -> None:
    rest = RULES.model_copy(
        update={"variables": RULES.variables | {"extra": RULES.variables["speed"]}}
    )
    assert rest.column_of("extra") == "Q3"
    lacking = RULES.model_copy(
        update={
            "variables": RULES.variables
            | {"province": RULES.variables["fear"].model_copy(update={"column": "PROVINCE"})}
        }
    )
    check(score_frame(answers(), lacking), SCORES)


def test_who_was_not_asked_what_routes_was_not_asked_what_it_leads_to() -> None:
    chain = """
format: 1
name: chain
title: chain
survey: {name: chain}
variables:
  used: {codes: {1: "yes", 2: "no"}}
  banks: {codes: {1: "yes", 2: "no"}, asked_if: used == 1, skip_means: 0}
  often: {codes: {1: a, 2: b, 3: c}, asked_if: banks == 1, skip_means: 0}
items: {often: {of: often, rule: scale, goalposts: [1, 3]}}
dimensions: {usage: {label: U, weight: 1, indicators: {often: {weight: 1, items: [often]}}}}
reference: {label: everybody}
"""
    schema = SurveySchema.model_validate(yaml.safe_load(chain))
    frame = pd.DataFrame(
        {"used": [1, 1, 2, 1], "banks": [1, 2, None, None], "often": [3, None, None, None]}
    )
    # A customer, somebody without a bank, a non-user, and somebody who does not say.
    assert column(score_frame(frame, schema), "usage") == approx([1, 0, 0, np.nan], nan_ok=True)


def test_what_routing_is_made_of_is_asked_for_however_far_back() -> None:
    online = RULES.variables["online"].model_copy(
        update={"asked_if": parse_condition("at_home == 1"), "skip_means": 0.0}
    )
    at_home = online.model_copy(update={"column": "Q0", "asked_if": None, "skip_means": None})
    variables = RULES.variables | {"online": online, "at_home": at_home}
    schema = RULES.model_copy(update={"variables": variables})
    check(score_frame(answers().assign(Q0=1), schema), SCORES)


@pytest.mark.engine
@LIBRARY
def test_a_weight_nobody_knows_is_no_weight(library: str) -> None:
    weight = RULES.variables["speed"].model_copy(update={"column": "W", "range": None})
    assert weight.missing == (999,)
    schema = RULES.model_copy(
        update={
            "variables": RULES.variables | {"weight": weight},
            "design": RULES.design.model_copy(update={"weight": "weight"}),
        }
    )
    frame = answers().assign(W=[1.0, 2.0, 999.0, 1.0, 1.0, 1.0])
    with pytest.raises(InputError) as caught:
        read_survey(as_library(frame, library), schema)
    assert caught.value.code == "DI-E049"
    assert caught.value.params["lines"] == [4]


def test_what_being_skipped_means_is_a_score() -> None:
    # 50 on a scale of 0-100 would be fifty times the highest score.
    with pytest.raises(ValidationError):
        Variable(type="number", skip_codes=(7,), skip_means=50.0)


@pytest.mark.parametrize("source", [[1, 2], {"Q1": [1]}, "Q1", None, pd.Series([1])])
def test_what_is_no_frame_is_refused(source: object) -> None:
    with pytest.raises(InputError) as caught:
        score_frame(source, RULES)
    assert caught.value.code == "DI-E121"


# -- types -----------------------------------------------------------------------------------

NUMBERS = [name for name in COLUMNS if name != "Q5"]


@pytest.mark.parametrize("dtype", ["float64", "Float64", "Int64", "Int16", "float32", "object"])
def test_numbers_of_any_pandas_type_score_the_same(dtype: str) -> None:
    frame = (
        answers().astype(dict.fromkeys(NUMBERS, "float64")).astype(dict.fromkeys(NUMBERS, dtype))
    )
    check(score_frame(frame, RULES), SCORES)
    scores = score(read_survey(frame, RULES))
    check(scores.frame, VARIANTS)
    wanted = [np.nan if each is None else each for each in SCORES["access"]]
    assert scores.dimension("access") == approx(wanted, nan_ok=True)


@pytest.mark.parametrize("dtype", ["int64", "int8", "uint8", "float64", "Int64"])
def test_whole_numbers_without_blanks_score_the_same(dtype: str) -> None:
    frame = answers().iloc[[0]].assign(Q3=100)
    frame = frame.astype(dict.fromkeys(NUMBERS, dtype))
    check(score_frame(frame, RULES), {name: each[:1] for name, each in SCORES.items()})


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Int16, pl.UInt16, pl.Float64, pl.Float32])
def test_numbers_of_any_polars_type_score_the_same(dtype: type[pl.DataType]) -> None:
    frame = as_polars(answers()).with_columns(pl.col(NUMBERS).cast(dtype))
    check(score_frame(frame, RULES), SCORES)


def test_not_a_number_is_missing_in_polars_too() -> None:
    frame = as_polars(answers()).with_columns(pl.col(NUMBERS).cast(pl.Float64).fill_null(np.nan))
    check(score_frame(frame, RULES), SCORES)


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["low", "mid", "high", "dk"])])
def test_categories_of_polars_are_text(dtype: Any) -> None:  # noqa: ANN401
    frame = as_polars(answers()).with_columns(pl.col("Q5").cast(dtype))
    check(score_frame(frame, RULES), SCORES)


@pytest.mark.parametrize("dtype", ["object", "string", "category"])
def test_text_of_any_pandas_type_scores_the_same(dtype: str) -> None:
    check(score_frame(answers().astype({"Q5": dtype}), RULES), SCORES)


def written(cell: object) -> str:
    """Return a cell as files hold it: a blank is a space."""
    return " " if cell is None or cell != cell else f"{cell:g}" if cell != str(cell) else str(cell)  # noqa: PLR0124


@pytest.mark.engine
@LIBRARY
def test_numbers_written_as_text_score_the_same(library: str) -> None:
    frame = pd.DataFrame({name: [written(cell) for cell in answers()[name]] for name in COLUMNS})
    assert frame["Q3"].tolist() == ["100", "0", "999", "50", " ", "200"]
    check(score_frame(as_library(frame, library), RULES), SCORES)


@pytest.mark.engine
@LIBRARY
@pytest.mark.parametrize("number", ["100", "100.0", "+100", "1e2", "1E+2", " 100 ", "0100", "100."])
def test_a_number_may_be_written_in_many_ways(number: str, library: str) -> None:
    frame = answers().astype({"Q3": object})
    frame.loc[0, "Q3"] = number
    frame["Q3"] = [written(cell) for cell in frame["Q3"]]
    check(score_frame(as_library(frame, library), RULES), SCORES)


@pytest.mark.engine
@LIBRARY
@pytest.mark.parametrize(
    "word", ["abc", "1,000", "NaN", "inf", "0x10", "1_0", "\uff11\uff10\uff10", "-", "1 2"]
)
def test_words_in_a_numeric_column_are_refused_with_their_lines(word: str, library: str) -> None:
    frame = answers().astype({"Q3": object})
    frame["Q3"] = ["100", word, "50", word, None, "7"]
    with pytest.raises(InputError) as caught:
        score_frame(as_library(frame, library), RULES)
    assert caught.value.code == ("DI-E011" if word == "1,000" else "DI-E035")
    assert caught.value.params == {"cells": "Q3 (n=2, line 3, 5)", "count": 1}
    assert word not in str(caught.value.params)  # a respondent's words are not repeated


@pytest.mark.engine
@LIBRARY
def test_an_item_nobody_answered_is_missing_whatever_its_type(library: str) -> None:
    frame = answers()
    frame[["Q2_2", "Q3", "Q5", "Q6B"]] = None
    frame = frame.astype({"Q2_2": object, "Q3": object, "Q5": object, "Q6B": object})
    scores = score_frame(as_library(frame, library), RULES)
    nan = float("nan")
    assert column(scores, "access.device") == approx([1, 0, nan, 0, nan, 1], nan_ok=True)
    assert column(scores, "access.line") == approx([nan] * 6, nan_ok=True)
    assert column(scores, "capability") == approx([nan] * 6, nan_ok=True)
    assert column(scores, "usage.services") == approx(
        [1, 0, 0.1, 11 / 45, nan, 2 / 15], nan_ok=True
    )


# -- what is refused -------------------------------------------------------------------------


def with_cells(name: str, cells: list[object]) -> pd.DataFrame:
    frame = answers()
    frame[name] = pd.Series(cells, dtype=object)
    return frame if name == "Q5" else frame.astype({name: "float64"})


@pytest.mark.engine
@LIBRARY
@pytest.mark.parametrize(
    ("name", "cells", "offence"),
    [
        ("Q2_2", [2, 3, 1, 3, None, 1], "Q2_2=3 (n=2, line 3)"),
        ("Q2_2", [2, 1.5, 1, 9, None, 1], "Q2_2=1.5 (n=1, line 3)"),
        ("Q3", [100, 0, 999, 200.5, None, 200], "Q3=200.5 (n=1, line 5)"),
        ("Q3", [-1, 0, 999, 50, None, 200], "Q3=-1 (n=1, line 2)"),
        ("Q3", [float("inf"), 0, 999, 50, None, 200], "Q3=inf (n=1, line 2)"),
        ("Q5", ["top", "low", "top", "top", None, "high"], "Q5=top (n=3, line 2)"),
        ("Q7", [3, 7, 9, 1, None, 8], "Q7=8 (n=1, line 7)"),
    ],
)
def test_a_wrong_code_is_refused_with_its_column_count_and_line(
    name: str, cells: list[object], offence: str, library: str
) -> None:
    with pytest.raises(InputError) as caught:
        score_frame(as_library(with_cells(name, cells), library), RULES)
    assert caught.value.code == "DI-E034"
    assert caught.value.params["offences"] == offence
    assert caught.value.params["count"] == 1
    assert str(caught.value.params["valid"]).startswith(f"{name}: ")


def test_every_wrong_code_of_every_column_is_named() -> None:
    frame = with_cells("Q2_2", [3, 4, 1, 3, None, 1]).assign(Q4=[0, 1, 2, 3, 4, 6])
    with pytest.raises(InputError) as caught:
        score_frame(frame, RULES)
    assert caught.value.params["count"] == 4
    assert caught.value.params["offences"] == (
        "Q2_2=3 (n=2, line 2); Q2_2=4 (n=1, line 3); Q4=0 (n=1, line 2); Q4=6 (n=1, line 7)"
    )


def test_a_rare_text_is_counted_and_not_shown() -> None:
    # It may be a name someone typed: a person's words, not a code.
    with pytest.raises(InputError) as caught:
        score_frame(with_cells("Q5", ["Kim", "low", "Kim", "mid", None, "high"]), RULES)
    assert caught.value.params["offences"] == "Q5=… (n=2, line 2)"


# -- conditions: true, false, unknown ----------------------------------------------------------

TRUE, FALSE, UNKNOWN = "true", "false", "unknown"


def kleene(condition: str, frame: Any, schema: SurveySchema = RULES) -> list[str]:  # noqa: ANN401
    """Return what a condition is for each record: what neither it nor its opposite finds."""
    survey = read_survey(frame, schema)
    met = engine.mask(survey.frame, parse_condition(condition), schema)
    opposite = engine.mask(survey.frame, parse_condition(f"not ({condition})"), schema)
    assert not (met & opposite).any()
    return [
        TRUE if is_true else FALSE if is_false else UNKNOWN
        for is_true, is_false in zip(met, opposite, strict=True)
    ]


def pairs(library: str) -> Any:  # noqa: ANN401
    """Return every pair of yes (1), no (2), refused (9) and blank in two columns."""
    cells = [*product((1, 2, 9, None), repeat=2)]
    frame = pd.concat([answers().iloc[[0]]] * len(cells), ignore_index=True)
    frame["Q2_1"] = pd.array([first for first, _ in cells], dtype="Float64")
    frame["Q2_2"] = pd.array([second for _, second in cells], dtype="Float64")
    return as_library(frame, library)


VALUES = [*product((TRUE, FALSE, UNKNOWN, UNKNOWN), repeat=2)]


@pytest.mark.engine
@LIBRARY
def test_and_is_false_as_soon_as_one_part_is_and_unknown_if_it_depends(library: str) -> None:
    expected = [FALSE if FALSE in pair else UNKNOWN if UNKNOWN in pair else TRUE for pair in VALUES]
    assert kleene("desktop == 1 and tablet == 1", pairs(library)) == expected


@pytest.mark.engine
@LIBRARY
def test_or_is_true_as_soon_as_one_part_is_and_unknown_if_it_depends(library: str) -> None:
    expected = [TRUE if TRUE in pair else UNKNOWN if UNKNOWN in pair else FALSE for pair in VALUES]
    assert kleene("desktop == 1 or tablet == 1", pairs(library)) == expected


@pytest.mark.engine
@LIBRARY
def test_not_turns_true_and_false_and_leaves_the_unknown(library: str) -> None:
    turned = {TRUE: FALSE, FALSE: TRUE, UNKNOWN: UNKNOWN}
    expected = [turned[first] for first, _ in VALUES]
    assert kleene("not desktop == 1", pairs(library)) == expected
    assert kleene("desktop != 1", pairs(library)) == expected
    assert kleene("desktop not in [1]", pairs(library)) == expected
    assert kleene("not not desktop == 2", pairs(library)) == expected


@pytest.mark.engine
@LIBRARY
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("speed == 100", [TRUE, FALSE, UNKNOWN, FALSE, UNKNOWN, FALSE]),
        ("speed != 100", [FALSE, TRUE, UNKNOWN, TRUE, UNKNOWN, TRUE]),
        ("speed < 100", [FALSE, TRUE, UNKNOWN, TRUE, UNKNOWN, FALSE]),
        ("speed <= 100", [TRUE, TRUE, UNKNOWN, TRUE, UNKNOWN, FALSE]),
        ("speed > 99.5", [TRUE, FALSE, UNKNOWN, FALSE, UNKNOWN, TRUE]),
        ("speed >= 100", [TRUE, FALSE, UNKNOWN, FALSE, UNKNOWN, TRUE]),
        ("speed > -1", [TRUE, TRUE, UNKNOWN, TRUE, UNKNOWN, TRUE]),
        ("fear in [1, 2]", [TRUE, FALSE, FALSE, TRUE, UNKNOWN, FALSE]),
        ("fear in (1, 2)", [TRUE, FALSE, FALSE, TRUE, UNKNOWN, FALSE]),
        ("fear in []", [FALSE, FALSE, FALSE, FALSE, UNKNOWN, FALSE]),
        ("fear >= 4", [FALSE, TRUE, FALSE, FALSE, UNKNOWN, TRUE]),
        ("skill == 'high'", [TRUE, FALSE, FALSE, UNKNOWN, UNKNOWN, TRUE]),
        ("skill in ['low', 'mid']", [FALSE, TRUE, TRUE, UNKNOWN, UNKNOWN, FALSE]),
        ("skill != 'low'", [TRUE, FALSE, TRUE, UNKNOWN, UNKNOWN, TRUE]),
        ("bank == 3", [TRUE, FALSE, UNKNOWN, FALSE, UNKNOWN, FALSE]),  # 7: was not asked
        ("online == 2 or speed > 10", [TRUE, TRUE, UNKNOWN, TRUE, UNKNOWN, TRUE]),
        ("online == 2 and speed > 10", [FALSE, FALSE, FALSE, UNKNOWN, UNKNOWN, TRUE]),
    ],
)
def test_a_comparison_with_no_valid_answer_is_unknown(
    condition: str, expected: list[str], library: str
) -> None:
    assert kleene(condition, as_library(answers(), library)) == expected


def test_no_condition_is_met_by_everybody() -> None:
    survey = read_survey(answers(), RULES)
    assert engine.mask(survey.frame, None, RULES).tolist() == [True] * 6
