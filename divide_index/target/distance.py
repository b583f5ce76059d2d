"""How far a survey's level is from the policy target, by each thing the target may mean."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from divide_index.errors import EstimationError, Finding
from divide_index.inference.estimate import Estimate
from divide_index.inference.projection import TargetStatus, required_pace
from divide_index.inference.ratios import Formula
from divide_index.levels import Cases, DegreesOfFreedom, LevelResult, relative_levels
from divide_index.schema import OVERALL, Target, Text
from divide_index.scoring import Scores
from divide_index.target.populations import (
    People,
    Population,
    near,
    target_of,
    usable_populations,
    with_groups,
)
from divide_index.target.verdicts import (
    Published,
    Sampled,
    as_published,
    certain_level,
    probability_reached,
    published_verdict,
    sampled_verdict,
    target_among_others,
)

Status = TargetStatus | Literal["unknown"]


@dataclass(frozen=True, slots=True)
class Distance:
    """One definition of the target's group in one dimension, held against the target.

    Parameters
    ----------
    definition, label
        The definition's name, and its label.
    domain
        ``group`` or ``average``.
    dimension
        What is measured.
    n
        Records with a positive weight and a score.
    level, std_error, conf_low, conf_high, df
        In percent, reference = 100; NaN where unknown.
    gap
        Level minus target, in percentage points.
    published, sampled
        Both verdicts; ``unknown`` without a level, and without an interval.
    probability
        :func:`~divide_index.target.verdicts.probability_reached`.
    certain_level
        The estimate that would count as certain, with today's standard error.
    status
        ``open``, ``met``, ``missed`` or ``past``, by the published value; ``unknown`` without a
        level.
    years_left
        From the survey's year to the target's; 0 once that has come.
    required_pace
        Percentage points a year from the unrounded level; NaN unless the target is open.
    share
        The population's share of the reference's weight, among those who have a score; NaN where
        it is not wholly inside the reference, and for an average.
    target_among_others
        The target relative to the reference without the population; NaN where the share is.
    """

    definition: str
    label: Text
    domain: Literal["group", "average"]
    dimension: str
    n: int
    level: float
    std_error: float
    conf_low: float
    conf_high: float
    df: int
    gap: float
    published: Published | Literal["unknown"]
    sampled: Sampled
    probability: float
    certain_level: float
    status: Status
    years_left: int
    required_pace: float
    share: float
    target_among_others: float


@dataclass(frozen=True, slots=True)
class Alone:
    """The level of one dimension that would bring the overall level to the target by itself.

    Parameters
    ----------
    definition, dimension
        Whose level, in which dimension.
    weight
        The dimension's weight in the index.
    level
        The dimension's level now.
    needed
        The level that would do; None where full scores of everybody in the population would not
        reach the target.
    highest
        The level of full scores. Where the population is part of the reference, its own rise has
        raised the reference.
    """

    definition: str
    dimension: str
    weight: float
    level: float
    needed: float | None
    highest: float


@dataclass(frozen=True, slots=True, eq=False)
class TargetResult:
    """A target, and the distance to it by every definition and measure.

    Parameters
    ----------
    target
        As the schema has it.
    year
        Of the levels.
    rows
        Definitions, and inside them measures; the schema's own first.
    alone
        Where an overall level has missed the target: what each dimension would have to be.
    levels
        All definitions, estimated together: their covariances are there.
    findings
        What a reader of these numbers should know.
    """

    target: Target
    year: int
    rows: tuple[Distance, ...]
    alone: tuple[Alone, ...]
    levels: LevelResult
    findings: tuple[Finding, ...] = ()

    def row(self, definition: str | None = None, dimension: str | None = None) -> Distance:
        """Return one row; by default the schema's own group and dimension.

        Raises
        ------
        EstimationError
            DI-E345: no such definition. DI-E349: no such measure.
        """
        definition = definition or self.target.group
        dimension = dimension or self.target.dimension
        found = {(each.definition, each.dimension): each for each in self.rows}
        if (definition, dimension) in found:
            return found[definition, dimension]
        definitions = [*dict.fromkeys(name for name, _ in found)]
        if definition not in definitions:
            raise EstimationError(
                "DI-E345",
                definition=definition,
                nearest=near(definition, definitions),
                known=definitions,
            )
        known = [*dict.fromkeys(name for _, name in found)]
        raise EstimationError(
            "DI-E349", measure=dimension, nearest=near(dimension, known), known=known
        )

    def difference(self, first: str, second: str, dimension: str | None = None) -> Estimate:
        """Return the first definition's level minus the second's, with their joint covariance.

        Raises
        ------
        EstimationError
            DI-E345: no such definition. DI-E349: no such measure.
        """
        ends = [self.row(name, dimension) for name in (first, second)]
        return self.levels.difference(
            [(each.domain, each.definition) for each in ends], ends[0].dimension
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per definition and measure.

        Columns ``definition, dimension, n, level, std_error, conf_low, conf_high, df, target,
        target_gap, published_verdict, sampled_verdict, probability, certain_level, status,
        years_left, required_pace, target_among_others``.
        """
        return pd.DataFrame(
            {
                "definition": [each.definition for each in self.rows],
                "dimension": [each.dimension for each in self.rows],
                "n": [each.n for each in self.rows],
                "level": [each.level for each in self.rows],
                "std_error": [each.std_error for each in self.rows],
                "conf_low": [each.conf_low for each in self.rows],
                "conf_high": [each.conf_high for each in self.rows],
                "df": [each.df for each in self.rows],
                "target": [self.target.level for _ in self.rows],
                "target_gap": [each.gap for each in self.rows],
                "published_verdict": [each.published for each in self.rows],
                "sampled_verdict": [each.sampled for each in self.rows],
                "probability": [each.probability for each in self.rows],
                "certain_level": [each.certain_level for each in self.rows],
                "status": [each.status for each in self.rows],
                "years_left": [each.years_left for each in self.rows],
                "required_pace": [each.required_pace for each in self.rows],
                "target_among_others": [each.target_among_others for each in self.rows],
            }
        )

    def alone_frame(self) -> pd.DataFrame:
        """Return what each dimension alone would have to be, unrounded.

        Columns ``definition, dimension, weight, level, needed, highest``; ``needed`` is NaN where
        full scores would not do.
        """
        return pd.DataFrame(
            {
                "definition": [each.definition for each in self.alone],
                "dimension": [each.dimension for each in self.alone],
                "weight": [each.weight for each in self.alone],
                "level": [each.level for each in self.alone],
                "needed": [math.nan if a.needed is None else a.needed for a in self.alone],
                "highest": [each.highest for each in self.alone],
            }
        )

    def __str__(self) -> str:
        """Return the rows, rounded for eyes."""
        return self.to_frame().to_string(
            index=False, float_format=lambda x: f"{x:.2f}".removesuffix(".00"), na_rep=""
        )


def distance_to_target(
    scores: Scores,
    *,
    formula: Formula | None = None,
    cases: Cases = "available",
    confidence: float = 0.95,
    df: DegreesOfFreedom = "domain",
    year: int | None = None,
) -> TargetResult:
    """Hold the level against the target, by every definition and measure of the schema.

    Parameters
    ----------
    scores
        From :func:`divide_index.score`.
    formula, cases, confidence, df
        As :func:`divide_index.relative_levels` takes them.
    year
        Of the survey; the schema's by default.

    Returns
    -------
    TargetResult
        All definitions are estimated together, so that differences between them have their
        covariance. A definition that the records cannot tell is left out, and a finding says so.

    Raises
    ------
    EstimationError
        DI-E341: the schema has no target. DI-E340: the survey's year is not known. DI-E061:
        nobody belongs to the target's own group. And as ``relative_levels`` does.
    """
    schema = scores.survey.schema
    target = target_of(schema)
    year = schema.survey.year if year is None else year
    if year is None:
        raise EstimationError("DI-E340", schema=schema.name)
    populations, findings = usable_populations(scores.survey)
    levels = relative_levels(
        with_groups(scores, populations),
        formula=formula,
        cases=cases,
        confidence=confidence,
        df=df,
    )
    people = People.of(scores, cases)
    rows = [
        _distance(levels, population, measure, people, target=target, year=year)
        for population in populations.values()
        for measure in (target.dimension, *target.measures)
    ]
    missed = [each for each in rows if each.dimension == OVERALL and each.published == "missed"]
    alone = [
        part
        for each in missed
        for part in _alone(levels, populations[each.definition], target.level, people)
    ]
    return TargetResult(
        target, year, tuple(rows), tuple(alone), levels, (*findings, *levels.findings)
    )


def _distance(
    levels: LevelResult,
    population: Population,
    dimension: str,
    people: People,
    *,
    target: Target,
    year: int,
) -> Distance:
    domain = "average" if population.is_average else "group"
    row = levels.row(domain, population.name, dimension)
    level, error = float(levels.estimate.values[row]), float(levels.std_errors[row])
    df = float(levels.degrees_of_freedom[row])
    bounds = float(levels.conf_low[row]), float(levels.conf_high[row])
    share = people.share(population, dimension)
    is_known = not math.isnan(level)
    status: Status = "unknown"
    pace = math.nan
    if is_known:
        shown, wanted = float(as_published(level)), float(as_published(target.level))
        status = required_pace(shown, year, wanted, target.year).status
        if status == "open":
            pace = (target.level - level) / (target.year - year)
    return Distance(
        definition=population.name,
        label=population.label,
        domain=domain,
        dimension=dimension,
        n=int(levels.n[row]),
        level=level,
        std_error=error,
        conf_low=bounds[0],
        conf_high=bounds[1],
        df=int(df),
        gap=level - target.level,
        published=published_verdict(level, target.level) if is_known else "unknown",
        sampled=sampled_verdict(level, None, target.level, bounds=bounds),
        probability=probability_reached(level, error, target.level, df),
        certain_level=certain_level(target.level, error, df, levels.confidence),
        status=status,
        years_left=max(target.year - year, 0),
        required_pace=pace,
        share=share,
        target_among_others=target_among_others(target.level, share) if share < 1 else math.nan,
    )


def _alone(
    levels: LevelResult, population: Population, target: float, people: People
) -> list[Alone]:
    """Return what every dimension alone would have to be; nothing where a level is unknown."""
    domain = "average" if population.is_average else "group"
    names = [*people.schema.dimensions]
    weights = np.array([part.weight for part in people.schema.dimensions.values()])
    now = np.array([levels.level(domain, population.name, name) for name in names])
    overall = levels.level(domain, population.name)
    m_0 = np.array([levels.reference_means[name] for name in names]) / 100
    rises = people.lacking(population)
    highest = 100 / (m_0 + rises)
    if np.isnan(now).any():
        return []
    if levels.formula == "weighted_ratios":
        needed = now + (target - overall) / weights  # the other dimensions stay where they are
    else:
        # Everybody is raised by a part λ of what they lack, and the reference with them:
        # 100 (M + λ ω (1 - m)) = T (M_0 + λ ω c).
        m = now * m_0 / 100
        short = target * float(weights @ m_0) - 100 * float(weights @ m)
        gain = weights * (100 * (1 - m) - target * rises)
        part = np.divide(short, gain, out=np.full(gain.shape, np.inf), where=gain > 0)
        finite = np.isfinite(part)
        path = np.where(finite, part, 0.0)
        needed = np.where(
            finite & (part <= 1), 100 * (m + path * (1 - m)) / (m_0 + path * rises), np.inf
        )
    return [
        Alone(
            definition=population.name,
            dimension=name,
            weight=float(weight),
            level=float(level),
            needed=float(wanted) if wanted <= cap else None,
            highest=float(cap),
        )
        for name, weight, level, wanted, cap in zip(
            names, weights, now, needed, highest, strict=True
        )
    ]
