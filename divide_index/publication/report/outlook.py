"""What a report says of the way to a target: levers, and where a published series may go."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from divide_index import history
from divide_index.errors import EstimationError
from divide_index.levels import LevelResult
from divide_index.target import (
    LeverResult,
    PublishedProjection,
    lever_effects,
    project_published,
)

Missing = Literal["", "synthetic", "unpublished", "formula", "error", "past", "short"]

_FORMULA = "weighted_ratios"  # by which the published levels are made
_WHY: dict[str, Missing] = {"DI-E313": "short", "DI-E315": "past"}


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What would close the distance to a target, and where the published series may go.

    Parameters
    ----------
    levers
        The indicators of the target's group, raised.
    parts
        Parts of the target's group, raised: one result for each domain.
    projection
        Of the published series of the target's group; None where there is none.
    missing
        Why there is no projection: the records are ``synthetic``, nothing was published of the
        group (``unpublished``), or by another ``formula``, no standard error is known
        (``error``), the target's year has come (``past``), or the series since its last break is
        too ``short``; empty where there is one.
    """

    levers: LeverResult
    parts: tuple[LeverResult, ...] = ()
    projection: PublishedProjection | None = None
    missing: Missing = ""


def look_ahead(
    levels: LevelResult, by: Sequence[str] = (), *, std_error: float | None = None
) -> Outlook:
    """Return the outlook of a report's levels.

    Simulated records have no published series to be projected.

    Parameters
    ----------
    levels
        Of the report.
    by
        Domains whose parts are levers; the report must print the target's group by them.
    std_error
        Of one published level, in percentage points; by default that of this survey's level.

    Raises
    ------
    EstimationError
        As :func:`divide_index.lever_effects` and :func:`divide_index.project_published` do.
    """
    scores, formula, confidence = levels.scores, levels.formula, levels.confidence
    cases, df = levels.cases, levels.df

    def pulled(domain: str | None) -> LeverResult:
        return lever_effects(
            scores, by=domain, formula=formula, cases=cases, confidence=confidence, df=df
        )

    levers = pulled(None)
    projection, missing = _projection(levels, levers, std_error)
    return Outlook(levers, tuple(map(pulled, dict.fromkeys(by))), projection, missing)


def _projection(
    levels: LevelResult, levers: LeverResult, std_error: float | None
) -> tuple[PublishedProjection | None, Missing]:
    schema = levels.scores.survey.schema
    target = schema.target
    assert target is not None  # noqa: S101  there are levers
    series = schema.groups[target.group].published
    own = levers.levels
    error = std_error
    if error is None:
        error = float(own.std_errors[own.row("group", target.group, target.dimension)])
    missing: Missing = ""
    if levels.scores.survey.is_synthetic:
        missing = "synthetic"
    elif series is None:
        missing = "unpublished"
    elif levels.formula != _FORMULA:
        missing = "formula"
    elif math.isnan(error) or error <= 0:
        missing = "error"
    if missing or series is None:
        return None, missing
    window, missing = _window(series, target.dimension, schema.survey.year)
    if missing:
        return None, missing
    every = [group.published for group in schema.groups.values() if group.published is not None]
    try:
        found = project_published(
            series,
            target.dimension,
            target.level,
            target.year,
            std_error=error,
            window=window,
            back_test=list(dict.fromkeys(every)),
        )
    except EstimationError as problem:
        if problem.code not in _WHY:
            raise
        return None, _WHY[problem.code]
    return found, ""


def _window(
    series: str, dimension: str, year: int | None
) -> tuple[tuple[int, int] | None, Missing]:
    """Return the window of a survey that later levels followed: it knows nothing of them.

    None where there are no later levels, and all since the last break may be used.
    """
    table = history.published_levels()
    rows = table[(table["group"] == series) & (table["dimension"] == dimension)]
    known = sorted(int(each) for each in rows["year"])
    if year is None or not known or known[-1] <= year:
        return None, ""
    breaks = history.series_breaks()
    ours = breaks[breaks["group"].isin(["all", series])]
    start = max((int(each) for each in ours["year"] if each <= year), default=known[0])
    inside = [each for each in known if start <= each <= year]
    return ((inside[0], inside[-1]), "") if inside else (None, "short")
