"""What a report says of the way to a target: levers, and where a published series may go."""

from collections.abc import Sequence
from dataclasses import dataclass

from divide_index.levels import LevelResult
from divide_index.target import (
    LeverResult,
    NoProjection,
    PublishedProjection,
    lever_effects,
    project_target,
)


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
        Why there is no projection; empty where there is one.
    """

    levers: LeverResult
    parts: tuple[LeverResult, ...] = ()
    projection: PublishedProjection | None = None
    missing: NoProjection = ""


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
    target = scores.survey.schema.target
    assert target is not None  # noqa: S101  there are levers
    if std_error is None:
        own = levers.levels
        std_error = float(own.std_errors[own.row("group", target.group, target.dimension)])
    projection, missing = project_target(scores, std_error, formula=formula)
    return Outlook(levers, tuple(map(pulled, dict.fromkeys(by))), projection, missing)
