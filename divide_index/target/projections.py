"""Where a published series may go: the range over models and windows, and the paces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from divide_index.errors import EstimationError, Finding
from divide_index.history import identity_check, published_levels, series_breaks
from divide_index.inference.projection import (
    DRAWS,
    BackTest,
    Model,
    Outcome,
    Pace,
    ProbabilityRange,
    RequiredPace,
    Series,
    SeriesBreak,
    best_pace,
    pace,
    probability_range,
    project,
    required_pace,
    rolling_origin,
    segments,
)
from divide_index.inference.ratios import Formula
from divide_index.schema import SurveySchema
from divide_index.scoring import Scores
from divide_index.target.populations import near

NoProjection = Literal["", "synthetic", "unpublished", "formula", "error", "past", "short"]

SPANS = (3, 5)  # years over which the recent pace is told

_FORMULA = "weighted_ratios"  # by which the published levels are made
_WHY: dict[str, NoProjection] = {"DI-E313": "short", "DI-E315": "past"}


@dataclass(frozen=True, slots=True, eq=False)
class PublishedProjection:
    """What may be published of a group in a year, by every model in every window.

    Parameters
    ----------
    group, dimension
        Of the published series.
    series
        The levels of one basis, with their standard error and breaks.
    chances
        The probability of the level in the year, by models and windows.
    back_test
        The errors of the same models in the past, of the groups in ``back_tested``; None where
        too few levels are left for one.
    back_tested
        Groups of the back-test.
    required
        The pace that it takes from the last level.
    best
        The highest pace ever kept over as many years as are left; None where there is none.
    recent
        The paces of the last years, where no break lies between.
    findings
        What a reader of these numbers should know.
    """

    group: str
    dimension: str
    series: Series
    chances: ProbabilityRange
    back_test: BackTest | None
    back_tested: tuple[str, ...]
    required: RequiredPace
    best: Pace | None
    recent: tuple[Pace, ...]
    findings: tuple[Finding, ...] = ()

    def outcome(self, model: Model, first: int) -> Outcome:
        """Return what one model says in the window that starts in a year.

        Raises
        ------
        KeyError
            No such model and window.
        """
        for each in self.chances.outcomes:
            if (each.model, each.window.first) == (model, first):
                return each
        raise KeyError(model, first)

    def path(self, outcome: Outcome) -> tuple[float, ...]:
        """Return what a model expects of every year from the one after the last to the target's."""
        part = self.series.within(outcome.window.first, outcome.window.last)
        years = range(part.last + 1, self.chances.year + 1)
        return tuple(project(part, outcome.model, year).mean for year in years)

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per model and window.

        Columns ``group, dimension, year, model, span, first, last, points, level, std_error,
        probability, monte_carlo_error``; ``level`` is the one expected, ``std_error`` that of the
        value to be published.
        """
        rows = self.chances.outcomes
        return pd.DataFrame(
            {
                "group": [self.group for _ in rows],
                "dimension": [self.dimension for _ in rows],
                "year": [self.chances.year for _ in rows],
                "model": [each.model.name for each in rows],
                "span": [each.model.span for each in rows],
                "first": [each.window.first for each in rows],
                "last": [each.window.last for each in rows],
                "points": [each.window.points for each in rows],
                "level": [each.forecast.mean for each in rows],
                "std_error": [each.forecast.std_error for each in rows],
                "probability": [each.probability.value for each in rows],
                "monte_carlo_error": [each.probability.monte_carlo_error for each in rows],
            }
        )

    def __str__(self) -> str:
        """Return the rows, rounded for eyes."""
        return self.to_frame().to_string(index=False, float_format=lambda x: f"{x:.2f}")


def project_published(  # noqa: PLR0913  each says which levels, by which breaks
    group: str,
    dimension: str,
    level: float,
    year: int,
    *,
    std_error: float,
    history: pd.DataFrame | None = None,
    breaks: Sequence[SeriesBreak] | None = None,
    further_breaks: Mapping[str, Sequence[SeriesBreak]] | None = None,
    window: tuple[int, int] | None = None,
    back_test: Sequence[str] | None = None,
    seed: int = 0,
) -> PublishedProjection:
    """Return how likely a level is to be published in a year, as a range over models and windows.

    Years that rest on another basis, because the identity of levels fails there, are left out. No
    model is fitted across a declared break: only ``breaks``, given, sets the declared ones aside,
    and a finding says so.

    Parameters
    ----------
    group, dimension
        Of the published levels: ``farmers_fishers``, ``overall``.
    level, year
        To be reached, in percent, and when.
    std_error
        Of one published level, in percentage points: the user's own, or a published margin/1.96.
    history
        Columns ``year, group, dimension, level``; by default the packaged levels.
    breaks
        In place of the declared breaks; of another history, by default none.
    further_breaks
        Beside the declared breaks, by group: those that a survey's schema declares.
    window
        First and last year of the levels to use; by default all since the last break.
    back_test
        Groups whose past forecasts are judged; by default this one.
    seed
        Of the simulated model.

    Raises
    ------
    EstimationError
        DI-E355: no such group or dimension. DI-E356: no year of the history rests on the present
        basis. DI-E310: the window, or the way to the year, crosses a break. And as
        :func:`divide_index.inference.projection.probability_range` does.
    """
    table = published_levels() if history is None else _checked(history)
    findings: list[Finding] = []
    first = _first_comparable(table, findings)
    more = further_breaks or {}

    def declared(name: str) -> list[SeriesBreak]:
        found = {each.year: each for each in more.get(name, ()) if not first or each.year > first}
        if history is None:
            found |= {each.year: each for each in _declared(name, first)}
        return [found[year] for year in sorted(found)]

    if breaks is not None and (found := declared(group)):
        names = [f"{each.year} ({each.name})" for each in found]
        findings.append(Finding.of("DI-W342", group=group, breaks=names))

    def series_of(name: str) -> Series:
        used = tuple(declared(name) if breaks is None else breaks)
        whole = _series(table, name, dimension, first=first, std_error=std_error, breaks=used)
        return whole if window is None else whole.within(*window)

    series = series_of(group)
    chances = probability_range(series, level, year, seed=seed, draws=DRAWS)
    last_level = float(series.levels[-1])
    left = year - series.last
    tested = (group,) if back_test is None else tuple(back_test)
    return PublishedProjection(
        group=group,
        dimension=dimension,
        series=series,
        chances=chances,
        back_test=_back_test(series, [series_of(name) for name in tested], findings),
        back_tested=tested,
        required=required_pace(last_level, series.last, level, year),
        best=best_pace(series, left),
        recent=tuple(_recent(series)),
        findings=tuple(findings),
    )


def project_target(
    scores: Scores, std_error: float, *, formula: Formula | None = None
) -> tuple[PublishedProjection | None, NoProjection]:
    """Return where the published series of the target's group may go, or why nothing is said.

    The breaks that the schema declares are kept beside those of the series, and the levels that
    were published after the survey's year are left out: it knows nothing of them.

    Parameters
    ----------
    scores
        Of the survey; its schema has a target.
    std_error
        Of one published level, in percentage points.
    formula
        Of the survey's levels; by default the schema's.

    Returns
    -------
    projection
        None where there is none.
    missing
        Why: the records are ``synthetic``, nothing was published of the group
        (``unpublished``), or by another ``formula``, no standard error is known (``error``), the
        target's year has come (``past``), or the series since its last break is too ``short``;
        empty where there is one.

    Raises
    ------
    EstimationError
        As :func:`project_published` does.
    """
    schema = scores.survey.schema
    target = schema.target
    assert target is not None  # noqa: S101  the caller's
    series = schema.groups[target.group].published
    if scores.survey.is_synthetic:
        return None, "synthetic"
    if series is None:
        return None, "unpublished"
    if (formula or schema.formula) != _FORMULA:
        return None, "formula"
    if not std_error > 0:
        return None, "error"
    further = {
        group.published: _declared_by(schema, name)
        for name, group in schema.groups.items()
        if group.published is not None
    }
    further[series] = _declared_by(schema, target.group)
    window = None
    if schema.survey.year is not None:
        window = _known_then(series, target.dimension, schema.survey.year, further[series])
        if window == ():
            return None, "short"
    try:
        found = project_published(
            series,
            target.dimension,
            target.level,
            target.year,
            std_error=std_error,
            further_breaks=further,
            window=window or None,
            back_test=[*further],
        )
    except EstimationError as problem:
        if problem.code not in _WHY:
            raise
        return None, _WHY[problem.code]
    return found, ""


def _declared_by(schema: SurveySchema, group: str) -> tuple[SeriesBreak, ...]:
    """Return the breaks of a group that a schema declares."""
    return tuple(
        SeriesBreak(each.year, name)
        for name, each in schema.breaks.items()
        if each.group in {None, group}
    )


def _known_then(
    group: str, dimension: str, year: int, further: Sequence[SeriesBreak]
) -> tuple[int, int] | tuple[()] | None:
    """Return the first and last year since the break before a survey that later levels followed.

    None where there are no later levels, and all since the last break may be used; empty where
    no level is as old.
    """
    table = published_levels()
    rows = table[(table["group"] == group) & (table["dimension"] == dimension)]
    known = sorted(int(each) for each in rows["year"])
    if not known or known[-1] <= year:
        return None
    start = max(
        (each.year for each in (*_declared(group, None), *further) if each.year <= year),
        default=known[0],
    )
    inside = [each for each in known if start <= each <= year]
    return (inside[0], inside[-1]) if inside else ()


def _checked(history: pd.DataFrame) -> pd.DataFrame:
    """Return a history of which no level stands twice.

    Raises
    ------
    EstimationError
        DI-E357: some do.
    """
    keys = [name for name in ("year", "group", "dimension") if name in history.columns]
    twice = history[history.duplicated(keys)] if keys else history.iloc[:0]
    if not twice.empty:
        cells = [" ".join(str(row[name]) for name in keys) for _, row in twice.iterrows()]
        raise EstimationError("DI-E357", cells=cells)
    return history


def _first_comparable(table: pd.DataFrame, findings: list[Finding]) -> int | None:
    """Return the first year of the present basis; None where the levels cannot be checked."""
    check = identity_check(table)
    if not check.rows:
        findings.append(Finding.of("DI-W343"))
        return None
    first = check.first_comparable_year
    if first is None:
        raise EstimationError("DI-E356", years=check.other_basis_years)
    return first


def _declared(group: str, first: int | None) -> list[SeriesBreak]:
    """Return the breaks of a packaged series that lie after its first year."""
    found = series_breaks()
    ours = found[found["group"].isin(["all", group])]
    pairs = zip(ours["year"], ours["kind"], strict=True)
    every = [SeriesBreak(int(year), str(kind)) for year, kind in pairs]
    return [each for each in every if first is None or each.year > first]


def _series(
    table: pd.DataFrame,
    group: str,
    dimension: str,
    *,
    first: int | None,
    std_error: float,
    breaks: tuple[SeriesBreak, ...],
) -> Series:
    for column, name in (("group", group), ("dimension", dimension)):
        known = sorted({str(each) for each in table[column]})
        if name not in known:
            raise EstimationError(
                "DI-E355", column=column, name=name, nearest=near(name, known), known=known
            )
    rows = table[(table["group"] == group) & (table["dimension"] == dimension)]
    if first is not None:
        rows = rows[rows["year"] >= first]
    rows = rows.sort_values("year")
    if rows.empty:
        known = sorted({str(each) for each in table[table["group"] == group]["dimension"]})
        raise EstimationError(
            "DI-E355", column="dimension", name=dimension, nearest=known[:1], known=known
        )
    return Series(
        rows["year"].to_numpy(dtype=np.int64),
        rows["level"].to_numpy(dtype=np.float64),
        std_error,
        breaks,
    )


def _back_test(series: Series, every: Sequence[Series], findings: list[Finding]) -> BackTest | None:
    """Return the back-test since the last break; None, with a finding, where too few are left."""
    part = segments(series.years, series.breaks)[-1]
    try:
        return rolling_origin(every, part.first, part.last)
    except EstimationError as error:
        if error.code != "DI-E319":
            raise
        findings.append(Finding.of("DI-W344", first=part.first, last=part.last))
        return None


def _recent(series: Series) -> list[Pace]:
    """Return the paces over the usual spans that the series has without a break."""
    found: list[Pace] = []
    for span in SPANS:
        first = series.last - span
        crossed = any(first < each.year <= series.last for each in series.breaks)
        if first in series.years and not crossed:
            found.append(pace(series, span))
    return found
