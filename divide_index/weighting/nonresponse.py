"""Weights of a survey's respondents, raised to stand for those who did not respond."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.errors import EstimationError, Finding, InputError
from divide_index.inference.nonresponse import (
    class_ratios,
    propensity_classes,
    response_propensities,
)
from divide_index.margins import CROSS, Partition, partition_of, positions_of
from divide_index.schema import Condition, Not, parse_condition, variables_of
from divide_index.survey import Survey, WeightStep, weighted
from divide_index.weighting.calibrating import refuse_pooled

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

Method = Literal["classes", "propensity"]
METHODS: tuple[Method, ...] = get_args(Method)

_TWO = 2  # classes: of one, everybody is raised alike
_FEW = 20  # respondents of a class, below which its ratio is mostly chance
_LARGE = 3.0  # a ratio that lets one respondent stand for so many


def adjust_nonresponse(
    survey: Survey,
    by: Sequence[str],
    *,
    respondents: str | None = None,
    method: Method = "classes",
    classes: int | None = 5,
) -> Survey:
    """Return a survey in which respondents stand for those who did not respond.

    Parameters
    ----------
    survey
        With a record for everybody in the sample, weighted by the base weights.
    by
        Domains, and variables with codes, that are known of everybody.
    respondents
        Who responded, as a condition: ``status == 1``. Without it the schema's ``response``.
    method
        ``classes``: respondents are raised in every cell of ``by``. ``propensity``: by their
        chance to respond, of a weighted logistic regression on ``by``, main effects alone.
    classes
        With ``propensity`` the number of classes of about the same chance in which respondents
        are raised; None raises each by the inverse of the chance itself, times what brings the
        sum of weights back.

    Returns
    -------
    Survey
        Who did not respond has a weight of zero and stays, so that the design is the whole
        sample's. The sum of weights of each sample is what it was.

    Raises
    ------
    InputError
        DI-E411: no such variable. DI-E420: people of whom it is not known.
    EstimationError
        DI-E117: no such method. DI-E465: nothing to adjust by, or fewer than two classes.
        DI-E436: the survey pools years. DI-E437: classes in which nobody responded. DI-E438: the
        regression has no solution. DI-E440: categories in which everybody or nobody responded.
        DI-E441: nothing says who responded. DI-E442: records of which it is not known. DI-E443:
        everybody did.

    References
    ----------
    Little (1986), International Statistical Review 54(2), 139-157; Valliant, Dever, Kreuter
    (2018), Practical Tools for Designing and Weighting Survey Samples, chapter 13.
    """
    refuse_pooled(survey)
    if method not in METHODS:
        raise EstimationError("DI-E117", option="method", value=method, valid=METHODS)
    if not by or (classes is not None and classes < _TWO):
        raise EstimationError("DI-E465", classes=classes)
    there = survey.weights() > 0
    responded = _responded(survey, respondents, there)
    parts = [partition_of(survey.schema, name, name) for name in by]
    positions = _positions(survey, parts, there)
    weights = survey.weights().copy()
    findings: list[Finding] = []
    for every in survey.rows_by_sample().values():
        rows = every[there[every]]
        own = [each[rows] for each in positions]
        if responded[rows].all():
            continue
        if method == "classes":
            group, names = _cells(parts, own)
        else:
            _refuse_certain(parts, own, responded[rows])
            chances = response_propensities(_dummies(own), responded[rows], weights[rows])
            if classes is None:
                weights[rows] = _by_inverse(weights[rows], responded[rows], chances)
                continue
            group = propensity_classes(chances, classes)
            names = [f"{100 * chances[group == k].mean():.1f} %" for k in range(group.max() + 1)]
        ratios = class_ratios(weights[rows], responded[rows], group)
        findings += _judged(ratios, responded[rows], group, names)
        weights[rows] = np.where(responded[rows], weights[rows] * ratios[group], 0.0)
    options: dict[str, object] = {
        "respondents": respondents or "response",
        "method": method,
        "by": [part.name for part in parts],
    }
    if method == "propensity":
        options["classes"] = classes
    return weighted(survey, WeightStep("nonresponse", options, weights, (), tuple(findings)))


def _responded(survey: Survey, respondents: str | None, there: Mask) -> Mask:
    """Return who responded; it must be known of everybody who has a weight."""
    condition: Condition | None = survey.schema.response
    if respondents is not None:
        condition = parse_condition(respondents, "respondents")
        survey.schema.check_condition(condition, "respondents")
    if condition is None:
        raise EstimationError("DI-E441", schema=survey.schema.name)
    responded = engine.mask(survey.frame, condition, survey.schema)
    refused = engine.mask(survey.frame, Not(condition), survey.schema)
    unknown = int((there & ~responded & ~refused).sum())
    if unknown:
        variables = sorted(variables_of(condition))
        raise EstimationError("DI-E442", count=unknown, variables=variables)
    if responded[there].all():
        raise EstimationError("DI-E443", variables=sorted(variables_of(condition)))
    return responded


def _positions(survey: Survey, parts: Sequence[Partition], there: Mask) -> list[Indices]:
    """Return each record's place in every partition; it must be known of everybody."""
    positions = [positions_of(survey.frame, survey.schema, part) for part in parts]
    missing = {
        part.name: int((position[there] < 0).sum())
        for part, position in zip(parts, positions, strict=True)
    }
    wrong = {name: count for name, count in missing.items() if count}
    if wrong:
        raise InputError("DI-E420", variables=[*wrong], counts=[*wrong.values()])
    return positions


def _cells(parts: Sequence[Partition], positions: Sequence[Indices]) -> tuple[Indices, list[str]]:
    """Return the cell of the cross of partitions that each record is in, and their names."""
    sizes = [len(part.codes) for part in parts]
    cells, group = np.unique(np.ravel_multi_index(positions, sizes), return_inverse=True)
    places: list[list[int]] = np.column_stack(np.unravel_index(cells, sizes)).tolist()
    found = [[part.codes[k] for part, k in zip(parts, row, strict=True)] for row in places]
    name = CROSS.join(part.name for part in parts)
    return group.astype(np.intp), [f"{name}={CROSS.join(codes)}" for codes in found]


def _dummies(positions: Sequence[Indices]) -> Floats:
    """Return a constant and the dummies of all categories that are there but the first."""
    columns = [np.ones(positions[0].size)]
    for position in positions:
        columns += [(position == k).astype(np.float64) for k in np.unique(position)[1:]]
    return np.column_stack(columns)


def _refuse_certain(
    parts: Sequence[Partition], positions: Sequence[Indices], responded: Mask
) -> None:
    """Refuse categories in which everybody or nobody responded: their chance has no logit."""
    wrong: list[str] = []
    for part, position in zip(parts, positions, strict=True):
        size = len(part.codes)
        every = np.bincount(position, minlength=size)
        did = np.bincount(position, responded, size)
        certain = (every > 0) & ((did == 0) | (did == every))
        wrong += [f"{part.name}={part.codes[k]}" for k in np.flatnonzero(certain)]
    if wrong:
        raise EstimationError("DI-E440", categories=wrong)


def _by_inverse(weights: Floats, responded: Mask, chances: Floats) -> Floats:
    """Return weights over the chance to respond, with the sum of all weights."""
    raised = np.where(responded, weights / chances, 0.0)
    return np.asarray(raised * (weights.sum() / raised.sum()), dtype=np.float64)


def _judged(ratios: Floats, responded: Mask, group: Indices, names: Sequence[str]) -> list[Finding]:
    """Refuse classes without respondents; tell of those in which they are few or raised far."""
    empty = [name for name, ratio in zip(names, ratios, strict=True) if not np.isfinite(ratio)]
    if empty:
        raise EstimationError("DI-E437", classes=empty)
    counts = np.bincount(group, responded, ratios.size).astype(int)
    thin: list[int] = np.flatnonzero((counts < _FEW) | (ratios > _LARGE)).tolist()
    if not thin:
        return []
    return [
        Finding.of(
            "DI-W417",
            classes=[names[k] for k in thin],
            counts=[int(counts[k]) for k in thin],
            ratios=[f"{ratios[k]:.2f}" for k in thin],
        )
    ]
