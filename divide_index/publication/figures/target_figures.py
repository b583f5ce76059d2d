"""A target drawn: the fan of projections, the paces, the levers.

What is drawn of a survey comes through the door of
:class:`~divide_index.publication.targets.PublishedTarget`; a published series is public.
"""

import math
from collections.abc import Sequence

from divide_index.inference.estimate import t_quantile
from divide_index.inference.projection import Outcome
from divide_index.messages import Language, text
from divide_index.publication.figures.drawing import PAGE_WIDTH, Drawing
from divide_index.publication.figures.fans import FanLabels, ProjectedPath, fan
from divide_index.publication.figures.lever_bars import LeverBar, lever_effects
from divide_index.publication.figures.marks import Line, Point
from divide_index.publication.figures.paces import PaceBar, pace_bars
from divide_index.publication.formatting import percent, rounded
from divide_index.publication.target_tables import lever_label, model_label
from divide_index.schema import SurveySchema
from divide_index.target import LeverResult, PublishedProjection

_CONFIDENCE = 0.95
_SURE = float("inf")


def fan_of(
    projection: PublishedProjection,
    lang: Language,
    *,
    computed: Sequence[Point] = (),
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return the published series with the fan of its projections.

    Of every model the window that ends lowest and the one that ends highest are drawn, so that
    the shade is the range over all of them.

    Parameters
    ----------
    projection
        Of a published series.
    lang
        Of the words.
    computed
        The survey's own levels beside it.
    width
        In points.
    """
    series, chances = projection.series, projection.chances
    breaks = {each.year for each in series.breaks}
    points = [
        Point(int(year), float(level), breaks=int(year) in breaks and place > 0)
        for place, (year, level) in enumerate(zip(series.years, series.levels, strict=True))
    ]
    return fan(
        [*points, *computed],
        [_path(projection, each, lang) for each in _ends(chances.outcomes)],
        labels=FanLabels(
            published=text("target.figure.published", lang),
            computed=text("target.figure.computed", lang),
            break_=text("target.figure.break", lang),
            unit=text("target.figure.percent", lang),
            range_=text("target.figure.range", lang),
            interval=text("target.figure.interval", lang, confidence=percent(_CONFIDENCE)),
            windows=text("target.figure.windows", lang),
        ),
        target=Line(chances.level, f"{chances.level:g}% ({chances.year})"),
        width=width,
    )


def _ends(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return of every kind of model the lowest and the highest end, each once."""
    kinds = dict.fromkeys(each.model.name for each in outcomes)
    chosen: list[Outcome] = []
    for kind in kinds:
        of_kind = [each for each in outcomes if each.model.name == kind]
        lowest = min(of_kind, key=lambda each: each.forecast.mean)
        highest = max(of_kind, key=lambda each: each.forecast.mean)
        chosen.append(lowest)
        if rounded(highest.forecast.mean) != rounded(lowest.forecast.mean):
            chosen.append(highest)
    return chosen


def _path(projection: PublishedProjection, outcome: Outcome, lang: Language) -> ProjectedPath:
    low, high = outcome.forecast.interval(_CONFIDENCE)
    first = projection.series.last + 1
    return ProjectedPath(
        kind=outcome.model.name,
        label=model_label(outcome.model, lang),
        window=f"{outcome.window.first}~{outcome.window.last}",
        years=tuple(range(first, projection.chances.year + 1)),
        levels=projection.path(outcome),
        low=low,
        high=high,
    )


def paces_of(
    projection: PublishedProjection, lang: Language, *, width: float = PAGE_WIDTH
) -> Drawing:
    """Return the pace that the target takes beside those that were kept.

    Intervals take the published levels as independent, each with the standard error given.
    """
    required = projection.required
    label = text("target.pace.required", lang, first=required.year, last=required.target_year)
    reached = (
        "" if required.per_year is not None else text(f"target.status.{required.status}", lang)
    )
    rows = [PaceBar(label, required.per_year, kind="required", instead=reached)]
    quantile = float(t_quantile(_CONFIDENCE, projection.series.levels[:1] * 0 + _SURE)[0])
    kept = [("recent", each) for each in projection.recent]
    if projection.best is not None:
        kept.append(("best", projection.best))
    for kind, pace in kept:
        margin = quantile * pace.std_error
        rows.append(
            PaceBar(
                text(f"target.pace.{kind}", lang, first=pace.first, last=pace.last),
                pace.per_year,
                pace.per_year - margin,
                pace.per_year + margin,
                kind=kind,  # pyright: ignore[reportArgumentType]
            )
        )
    return pace_bars(
        rows,
        required_label=text("target.figure.required", lang),
        recent_label=text("target.figure.recent", lang),
        best_label=text("target.figure.best", lang),
        unit_label=text("target.unit.pace_only", lang),
        value_label=text("target.head.per_year", lang),
        decimals=2,
        width=width,
    )


def levers_of(
    result: LeverResult,
    schema: SurveySchema,
    lang: Language,
    *,
    hidden: Sequence[bool] | None = None,
    width: float = PAGE_WIDTH,
) -> Drawing:
    """Return what each lever closes of the distance to the target, the longest bar first.

    Parameters
    ----------
    result
        The levers.
    schema
        The survey's schema.
    lang
        Of the words.
    hidden
        Which of them are not published; None publishes all.
    width
        In points.
    """
    away = hidden or [False] * len(result.levers)
    errors = result.effects.reliable_std_errors
    rows: list[tuple[float, LeverBar]] = []
    for place, lever in enumerate(result.levers):
        label = lever_label(lever, schema, lang)
        if away[place]:
            rows.append((-_SURE, LeverBar(label, None, flag="suppressed")))
            continue
        if lever.status != "raised":
            continue  # the table says why
        effect = float(result.effects.values[place])
        has_error = not math.isnan(errors[place])
        low, high = result.conf_low[place], result.conf_high[place]
        bounds = (float(low), float(high)) if has_error else (None, None)
        rows.append((effect, LeverBar(label, effect, *bounds)))
    rows.sort(key=lambda row: -row[0])
    distance = max(-result.gap, 0.0)
    return lever_effects(
        [row for _, row in rows],
        distance=Line(distance, text("target.figure.distance", lang, points=rounded(distance))),
        unattainable_label=text("target.lever.beyond", lang),
        unit_label=text("years.unit.change", lang),
        value_label=text("target.head.effect", lang, confidence=percent(result.confidence)),
        width=width,
    )
