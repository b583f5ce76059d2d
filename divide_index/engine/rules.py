"""Scoring rules as expressions."""

from collections.abc import Sequence
from functools import reduce

import narwhals as nw

from divide_index.engine.conditions import (
    all_of,
    any_of,
    has_valid_answer,
    is_none_of,
    is_one_of,
    truth,
)
from divide_index.engine.frames import Frame
from divide_index.schema import (
    Aggregate,
    AllCounted,
    Answer,
    Bands,
    Code,
    Count,
    IsFalse,
    ItemRule,
    Largest,
    Map,
    Mean,
    MeanOfAll,
    OnlyIf,
    Rule,
    Scale,
    Share,
    Stage,
    Sum,
    SurveySchema,
    WeightedSum,
    columns_read,
)


def apply_stages(
    frame: Frame, schema: SurveySchema, stages: Sequence[Stage], *, keep: Sequence[str]
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
    kept = set(keep)
    needed_after = [kept]
    for stage in reversed(stages):
        read = {column for rule in stage.values() for column in columns_read(rule)}
        needed_after.append((needed_after[-1] - stage.keys()) | read)
    for stage, needed in zip(stages, reversed(needed_after[:-1]), strict=True):
        made = {column: rule_expression(rule, schema) for column, rule in stage.items()}
        carried = sorted(needed - made.keys())  # a narrow frame: the rest is never read again
        data = data.select(*carried, **made)
    return data.select(*keep).to_native()


def rule_expression(rule: Rule, schema: SurveySchema) -> nw.Expr:
    """Return a rule as an expression over the columns it names."""
    match rule:
        case Scale() | Map() | Share():
            return _item(rule)
        case IsFalse(condition):
            return truth(condition, schema)[1]
        case AllCounted(counts):
            return all_of([nw.col(name) == size for name, size in counts])
        case OnlyIf(name, mask):
            return nw.when(nw.col(mask)).then(nw.col(name))
        case Bands(answer, bands):
            return _banded(nw.col(answer.variable), answer, bands)
        case _:
            return _aggregate(rule)


def _aggregate(rule: Aggregate) -> nw.Expr:
    match rule:
        case Sum(columns, weights):
            terms = [nw.col(name) for name in columns]
            if weights is not None:
                terms = [term * weight for term, weight in zip(terms, weights, strict=True)]
            return nw.sum_horizontal(*terms)  # a missing score adds nothing
        case Count(columns):
            return _added([(~nw.col(name).is_null()).cast(nw.Float64) for name in columns])
        case Mean(total, count, least):
            return nw.when(nw.col(count) >= least).then(nw.col(total) / nw.col(count))
        case MeanOfAll(total, size):
            return nw.col(total) / size
        case Largest(columns, missing_as_zero):
            largest = reduce(_larger, (nw.col(name) for name in columns))
            return largest.fill_null(0.0) if missing_as_zero else largest
        case WeightedSum(terms):
            return _added([nw.col(name) * weight for name, weight in terms])


def _larger(left: nw.Expr, right: nw.Expr) -> nw.Expr:
    """Return the larger of two scores, the other where one is missing."""
    return nw.when((left >= right) | right.is_null()).then(left).otherwise(right)


def _added(terms: list[nw.Expr]) -> nw.Expr:
    return reduce(lambda left, right: left + right, terms)


def _item(rule: ItemRule) -> nw.Expr:
    """Score an item, take missing codes out and put in what being skipped means."""
    answer = rule.answer
    column = nw.col(answer.variable)
    match rule:
        case Scale(_, low, high):
            score = (column - low) / (high - low)
        case Map(_, scores):
            score = _mapped(column, scores)
        case Share(_, codes):
            score = nw.when(~column.is_null()).then(is_one_of(column, codes).cast(nw.Float64))
    silent = [*answer.missing, *answer.skip_codes]
    if silent:
        score = nw.when(is_none_of(column, silent)).then(score)
    if answer.skip_means is None:
        return score
    skipped = [is_one_of(column, answer.skip_codes)] if answer.skip_codes else []
    if answer.unasked is not None:
        skipped.append(nw.col(answer.unasked))
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
