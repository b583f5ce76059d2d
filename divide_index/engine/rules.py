"""Scoring rules as expressions."""

from collections.abc import Iterable, Mapping
from functools import reduce

import narwhals as nw

from divide_index.engine.conditions import all_of, any_of, as_floats, has_valid_answer, truth
from divide_index.engine.frames import Frame
from divide_index.schema import (
    Answer,
    Bands,
    Code,
    Filled,
    Largest,
    Map,
    Mean,
    OnlyIf,
    Rule,
    Scale,
    Share,
    Stage,
    SurveySchema,
    WeightedSum,
)


def apply_stages(
    frame: Frame, schema: SurveySchema, stages: Iterable[Stage], *, keep: Iterable[str]
) -> Frame:
    """Score a canonical frame stage by stage.

    Parameters
    ----------
    frame
        A frame from :func:`canonical`.
    schema
        The survey's schema; it says what missing codes a condition must not see.
    stages
        Rules by the column they make; a stage may read the columns of earlier ones.
    keep
        The columns to return.
    """
    data = nw.from_native(frame, eager_only=True)
    for stage in stages:
        data = data.with_columns(
            **{column: rule_expression(rule, schema) for column, rule in stage.items()}
        )
    return data.select(*keep).to_native()


def rule_expression(rule: Rule, schema: SurveySchema) -> nw.Expr:
    """Return a rule as an expression over the columns it names."""
    match rule:
        case Scale(answer, low, high):
            column = nw.col(answer.variable)
            return _routed((column - low) / (high - low), answer, schema)
        case Map(answer, scores):
            return _routed(_mapped(nw.col(answer.variable), scores), answer, schema)
        case Share(answer, codes):
            column = nw.col(answer.variable)
            share = column.is_in(as_floats(codes)).cast(nw.Float64)
            return _routed(nw.when(~column.is_null()).then(share), answer, schema)
        case Filled(name):
            return nw.col(name).fill_null(0.0)
        case Mean(columns):
            total = nw.sum_horizontal(*(nw.col(name).fill_null(0.0) for name in columns))
            count = nw.sum_horizontal(
                *((~nw.col(name).is_null()).cast(nw.Float64) for name in columns)
            )
            return nw.when(count > 0).then(total / count)
        case Largest(columns):
            return nw.max_horizontal(*columns)
        case WeightedSum(terms):
            return reduce(
                lambda left, right: left + right, (nw.col(name) * weight for name, weight in terms)
            )
        case OnlyIf(name, columns):
            here = all_of([~nw.col(column).is_null() for column in columns])
            return nw.when(here).then(nw.col(name))
        case Bands(answer, bands):
            return _banded(nw.col(answer.variable), answer, bands)


def _routed(score: nw.Expr, answer: Answer, schema: SurveySchema) -> nw.Expr:
    """Take missing codes out of a score and put in what being skipped means."""
    column = nw.col(answer.variable)
    silent = [*answer.missing, *answer.skip_codes]
    if silent:
        score = nw.when(~column.is_in(as_floats(silent))).then(score)
    if answer.skip_means is None:
        return score
    skipped: list[nw.Expr] = []
    if answer.skip_codes:
        skipped.append(column.is_in(as_floats(answer.skip_codes)))
    if answer.asked_if is not None:
        skipped.append(truth(answer.asked_if, schema)[1])
    return nw.when(any_of(skipped)).then(nw.lit(answer.skip_means)).otherwise(score)


def _mapped(column: nw.Expr, scores: tuple[tuple[Code, float], ...]) -> nw.Expr:
    (code, score), *rest = scores
    chosen = nw.when(column == (code if isinstance(code, str) else float(code))).then(nw.lit(score))
    return chosen.otherwise(_mapped(column, tuple(rest))) if rest else chosen


def _banded(
    column: nw.Expr, answer: Answer, bands: tuple[tuple[str, float | None, float | None], ...]
) -> nw.Expr:
    (name, low, high), *rest = bands
    inside = has_valid_answer(column, answer)
    if low is not None:
        inside = inside & (column >= low)
    if high is not None:
        inside = inside & (column <= high)
    chosen = nw.when(inside).then(nw.lit(name))
    return chosen.otherwise(_banded(column, answer, tuple(rest))) if rest else chosen


def add_bands(frame: Frame, bands: Mapping[str, Bands], schema: SurveySchema) -> Frame:
    """Add a column of category names for each domain that is cut from a number."""
    if not bands:
        return frame
    data = nw.from_native(frame, eager_only=True)
    return data.with_columns(
        **{name: rule_expression(rule, schema) for name, rule in bands.items()}
    ).to_native()
