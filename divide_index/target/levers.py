"""What would close the distance: one indicator, or one part of the population, raised.

Dimension scores are weighted sums of indicator scores, missing as soon as one of them is. If the
indicator ``i`` of dimension ``d`` rises by ``r`` for everybody, the dimension scores of those who
have one rise by ``ω_i r``, and with ``p_g`` the weight of each population's level::

    m_gd' = m_gd + a_g ω_i r        a_g = 1, for a part S of the people W_gSd / W_gd
    m_0d' = m_0d + b ω_i r          b   = W_0Ud / W_0d, the share of the reference that rises too
    L'    = Σ_d ω_d 100 Σ_g p_g m_gd' / m_0d'

Nothing is approximated: giving every member the rise in the file and computing the level anew
gives ``L'``. How the rise is spread among people makes no difference, as long as those inside the
reference rise as the others do. With the reference held, ``m_0d' = m_0d``.

Levels in percent, reference = 100; scores and their rises on 0-100.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.errors import EstimationError, Finding
from divide_index.inference.design import Design
from divide_index.inference.estimate import Estimate
from divide_index.inference.ratios import Formula
from divide_index.levels import Cases, DegreesOfFreedom, LevelResult, relative_levels
from divide_index.schema import OVERALL, SurveySchema
from divide_index.scoring import Scores
from divide_index.target.populations import (
    chosen_measure,
    chosen_population,
    near,
    target_of,
    with_groups,
)
from divide_index.target.response import SLACK, Response, refuse_beyond
from divide_index.target.sums import Asked, Numbers, System, system_of

Floats = NDArray[np.float64]
Kind = Literal["indicator", "part"]
Reference = Literal["recomputed", "held"]
LeverStatus = Literal["raised", "above", "beyond", "empty", "no_others"]

FULL = 100.0
_STEP = 1e-100  # of the complex step: small enough that no term of second order is left


@dataclass(frozen=True, slots=True)
class Times:
    """Raise a mean to a multiple of what it is."""

    factor: float


RaiseTo = float | Times | Literal["reference", "others"]


@dataclass(frozen=True, slots=True)
class Lever:
    """What is raised, and from where to where.

    Parameters
    ----------
    name
        ``usage.diversity`` for an indicator, ``area/2/usage`` for a part of the population in a
        dimension, ``area/2/overall`` for one in every dimension.
    kind
        ``indicator`` or ``part``.
    dimension
        Whose scores rise; ``overall`` for all of them.
    part
        The indicator, or the category of the domain.
    n
        Records with a positive weight and the score.
    present, raised_to
        Mean scores 0-100 of those who rise, now and then; NaN for ``overall``, which has several.
    status
        ``raised``; ``above``: the mean is higher already, and nothing is lowered; ``beyond``:
        it would take more than full scores; ``empty``: nobody is there; ``no_others``: everybody
        is, and there are no others to be raised to.
    """

    name: str
    kind: Kind
    dimension: str
    part: str
    n: int
    present: float
    raised_to: float
    status: LeverStatus

    @property
    def rise(self) -> float:
        """Points by which the mean would rise; NaN where it does not."""
        return self.raised_to - self.present if self.status == "raised" else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class LeverResult:
    """Levers with their effects on a level.

    Parameters
    ----------
    definition, dimension
        Whose level, and in what.
    target
        What is to be reached.
    levers
        Length ``k``.
    effects
        New level minus old, in percentage points, the reference recomputed: what computing the
        changed file gives. NaN for a lever that raises nothing.
    held
        The same with the reference's means held.
    conf_low, conf_high
        Of the effects, shape ``(k,)``.
    level
        The level now.
    levels
        The definition's levels, with their errors.
    confidence
        Of the intervals.
    response
        How the level answers to every lever in one dimension; see :meth:`level_after`.
    findings
        What a reader of these numbers should know.
    """

    definition: str
    dimension: str
    target: float
    levers: tuple[Lever, ...]
    effects: Estimate
    held: Estimate
    conf_low: Floats
    conf_high: Floats
    level: float
    levels: LevelResult
    confidence: float
    response: Response
    findings: tuple[Finding, ...] = ()

    @property
    def gap(self) -> float:
        """Level minus target, in percentage points."""
        return self.level - self.target

    def closes(self) -> Floats:
        """Return the share of the distance that each lever closes, shape ``(k,)``.

        NaN where the target is reached already. Shares of several levers add up only while the
        reference is held.
        """
        nothing = np.full(self.effects.values.shape, np.nan)
        return self.effects.values / -self.gap if self.gap < 0 else nothing

    def level_after(
        self, raises: Mapping[str, float], reference: Reference = "recomputed"
    ) -> float:
        """Return the level after several levers at once.

        Parameters
        ----------
        raises
            Points, on the lever's own scores 0-100, by name.
        reference
            Whether members who are part of the reference raise it too.

        Raises
        ------
        EstimationError
            DI-E347: no such lever, or one of every dimension: name those of single dimensions.
            DI-E348: it would take more than full scores. DI-E117: a negative rise.
        """
        rises = np.zeros(len(self.response.names))
        for name, points in raises.items():
            if not 0 <= points < math.inf:
                raise EstimationError("DI-E117", option=name, value=points, valid="0~100")
            rises[self.position(name)] = points
        refuse_beyond(self.response, rises)
        chosen = self.response.held() if reference == "held" else self.response
        return chosen.level(rises)

    def position(self, name: str) -> int:
        """Return which of the response's levers a name is.

        Raises
        ------
        EstimationError
            DI-E347: no such lever, or one of every dimension.
        """
        known = self.response.names
        if name not in known:
            raise EstimationError("DI-E347", lever=name, nearest=near(name, known), known=known)
        return known.index(name)

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per lever.

        Columns ``definition, lever, kind, dimension, part, n, present, raised_to, rise, status,
        effect, std_error, conf_low, conf_high, df, effect_reference_held,
        std_error_reference_held, closes``.
        """
        return pd.DataFrame(
            {
                "definition": [self.definition for _ in self.levers],
                "lever": [each.name for each in self.levers],
                "kind": [each.kind for each in self.levers],
                "dimension": [each.dimension for each in self.levers],
                "part": [each.part for each in self.levers],
                "n": [each.n for each in self.levers],
                "present": [each.present for each in self.levers],
                "raised_to": [each.raised_to for each in self.levers],
                "rise": [each.rise for each in self.levers],
                "status": [each.status for each in self.levers],
                "effect": self.effects.values,
                "std_error": self.effects.reliable_std_errors,
                "conf_low": self.conf_low,
                "conf_high": self.conf_high,
                "df": self.effects.degrees_of_freedom.astype(np.int64),
                "effect_reference_held": self.held.values,
                "std_error_reference_held": self.held.reliable_std_errors,
                "closes": self.closes(),
            }
        )

    def __str__(self) -> str:
        """Return the rows, rounded for eyes."""
        return self.to_frame().to_string(index=False, float_format=lambda x: f"{x:.2f}", na_rep="")


def lever_effects(
    scores: Scores,
    *,
    definition: str | None = None,
    measure: str | None = None,
    raise_to: RaiseTo | None = None,
    by: str | None = None,
    indicators: Sequence[str] | None = None,
    formula: Formula | None = None,
    cases: Cases = "available",
    confidence: float = 0.95,
    df: DegreesOfFreedom = "domain",
) -> LeverResult:
    """Compute how much of the distance to the target each lever closes.

    Parameters
    ----------
    scores
        From :func:`divide_index.score`.
    definition, measure
        Whose level, and in what dimension: names of the schema's target, by default its own.
    raise_to
        To what mean the lever raises: a score on 0-100, a multiple (:class:`Times`), the
        ``reference``'s mean as it is now (the default of an indicator), or that of the ``others``
        of the population (the default of its parts).
    by
        A domain of the schema: each of its categories is a lever in every dimension, and in all.
    indicators
        Such as ``usage.diversity``. By default every indicator of the measure; none with ``by``.
    formula, cases, confidence, df
        As :func:`divide_index.relative_levels` takes them. With ``missing_as_zero`` those who did
        not answer rise too, from their 0.

    Returns
    -------
    LeverResult
        With Taylor-linearised standard errors: of an effect as a function of the sample, what it
        is raised to included.

    Raises
    ------
    EstimationError
        DI-E341: the schema has no target. DI-E345, DI-E349, DI-E346, DI-E124: no such definition,
        measure, indicator or domain. DI-E117: nothing can be raised to that. And as
        ``relative_levels`` does.
    """
    schema = scores.survey.schema
    target = target_of(schema)
    population = chosen_population(scores.survey, definition)
    measure = chosen_measure(schema, measure)
    names = [*schema.dimensions] if measure == OVERALL else [measure]
    wanted = _wanted(schema, names, indicators, by)
    _check_raise(raise_to, has_indicators=bool(wanted))
    if by is not None and by not in schema.domains:
        known = [*schema.domains]
        raise EstimationError("DI-E124", domain=by, nearest=near(by, known), known=known)
    levels = relative_levels(
        with_groups(scores, {population.name: population}),
        formula=formula,
        cases=cases,
        confidence=confidence,
        df=df,
    )
    domain = "average" if population.is_average else "group"
    level = levels.level(domain, population.name, measure)
    if math.isnan(level):
        raise EstimationError("DI-E061", groups=[population.name])
    asked = Asked(population, tuple(names), tuple(wanted), by, cases, levels.formula)
    plan = _Plan(scores, system_of(scores, asked), raise_to)
    return _result(plan, levels, measure=measure, level=level, target=target.level)


def _wanted(
    schema: SurveySchema, dimensions: Sequence[str], asked: Sequence[str] | None, by: str | None
) -> list[tuple[str, str]]:
    """Return the indicators asked for, as dimension and indicator."""
    known = {
        f"{name}.{part}": (name, part)
        for name in dimensions
        for part in schema.dimensions[name].indicators
    }
    if asked is None:
        return [] if by is not None else [*known.values()]
    for name in asked:
        if name not in known:
            raise EstimationError(
                "DI-E346", indicator=name, nearest=near(name, known), known=[*known]
            )
    return [known[name] for name in dict.fromkeys(asked)]


def _check_raise(raise_to: RaiseTo | None, *, has_indicators: bool) -> None:
    valid = "0~100, Times(1~), reference" + ("" if has_indicators else ", others")
    match raise_to:
        case None | "reference":
            is_valid = True
        case "others":
            is_valid = not has_indicators
        case Times(factor):
            is_valid = 1 <= factor < math.inf
        case _:
            is_valid = not isinstance(raise_to, str) and 0 <= raise_to <= FULL
    if not is_valid:
        raise EstimationError("DI-E117", option="raise_to", value=raise_to, valid=valid)


# -- levers as functions of sums -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rise:
    """One lever in one dimension, as a function of sums.

    ``index`` numbers it among indicators or categories; ``weight`` is that of its score in the
    dimension's.
    """

    name: str
    kind: Kind
    part: str
    dimension: int
    index: int
    weight: float

    def means(self, s: System, t: Numbers, raise_to: RaiseTo | None) -> tuple[Numbers, Numbers]:
        """Return the mean score 0-1 of who rises, now and raised, shape ``(…)`` each."""
        d, p = self.dimension, s.weights(t)
        if self.kind == "indicator":
            present = (p * t[..., s.X[:, self.index]] / t[..., s.W[:, d]]).sum(axis=-1)
            others, reference = present, t[..., s.X_0[self.index]] / t[..., s.W_0[d]]
        else:
            share = self.slope(s, t)
            part = (p * t[..., s.Y_c[self.index, :, d]] / t[..., s.W[:, d]]).sum(axis=-1)
            whole = (p * t[..., s.Y[:, d]] / t[..., s.W[:, d]]).sum(axis=-1)
            present, reference = part / share, t[..., s.Y_0[d]] / t[..., s.W_0[d]]
            with np.errstate(divide="ignore", invalid="ignore"):  # of no others: never used
                others = (whole - part) / (1 - share)
        match raise_to:
            case Times(factor):
                return present, factor * present
            case "reference":
                return present, reference
            case "others":
                return present, others
            case None:
                return present, reference if self.kind == "indicator" else others
            case _:
                return present, np.full_like(present, raise_to / FULL)

    def slope(self, s: System, t: Numbers) -> Numbers:
        """Return by how much the population's mean rises when the mean of who rises does by one."""
        if self.kind == "indicator":
            return np.full_like(t[..., 0], self.weight)
        shares = t[..., s.W_c[self.index, :, self.dimension]] / t[..., s.W[:, self.dimension]]
        return (s.weights(t) * shares).sum(axis=-1)

    def reference_slope(self, s: System, t: Numbers) -> Numbers:
        """Return the same of the reference's mean."""
        d = self.dimension
        number = s.W_u[d] if self.kind == "indicator" else s.W_uc[self.index, d]
        return self.weight * t[..., number] / t[..., s.W_0[d]]

    def sums(self, s: System) -> set[int]:
        """Return the numbers of the sums it is a function of, beside those of the level."""
        if self.kind == "indicator":
            own = [*s.X[:, self.index], s.X_0[self.index], s.W_u[self.dimension]]
        else:
            cell = (self.index, slice(None), self.dimension)
            own = [*s.W_c[cell], *s.Y_c[cell], s.W_uc[self.index, self.dimension]]
        return {int(number) for number in own}


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Levers in one survey, and what they raise to."""

    scores: Scores
    system: System
    raise_to: RaiseTo | None

    @property
    def design(self) -> Design:
        return self.scores.survey.design

    def rises(self) -> list[_Rise]:
        """Return every lever in one dimension."""
        asked, schema = self.system.asked, self.scores.survey.schema
        places = {name: place for place, name in enumerate(asked.dimensions)}
        found = [
            _Rise(
                f"{name}.{part}",
                "indicator",
                part,
                places[name],
                index,
                schema.dimensions[name].indicators[part].weight,
            )
            for index, (name, part) in enumerate(asked.indicators)
        ]
        return found + [
            _Rise(f"{asked.by}/{code}/{name}", "part", code, place, index, 1.0)
            for index, code in enumerate(self.system.categories)
            for name, place in places.items()
        ]

    def effect(self, rises: Sequence[_Rise], t: Numbers, *, is_held: bool) -> Numbers:
        """Return new level minus old as a function of sums ``(…, M)``, shape ``(…)``."""
        shape = (*t.shape[:-1], len(self.system.asked.dimensions))
        own, reference, nothing = (np.zeros(shape, dtype=t.dtype) for _ in range(3))
        for each in rises:
            present, raised = each.means(self.system, t, self.raise_to)
            rise = raised - present
            own[..., each.dimension] += each.slope(self.system, t) * rise
            if not is_held:
                reference[..., each.dimension] += each.reference_slope(self.system, t) * rise
        now = self.system.level(t, nothing, nothing)
        return self.system.level(t, own, reference) - now

    def gradient(self, rises: Sequence[_Rise], *, is_held: bool) -> Floats:
        """Return the derivatives of an effect by every sum, ``(M,)``: exact, by complex steps.

        References
        ----------
        Squire, Trapp (1998), SIAM Review 40(1), 110-112.
        """
        s = self.system
        tables = (s.W, s.Y, s.W_0, s.Y_0, s.sizes)
        numbers = {int(number) for table in tables for number in table.ravel()}
        numbers |= {number for each in rises for number in each.sums(s)}
        used = np.array(sorted(numbers), dtype=np.intp)
        t = np.tile(s.totals.astype(np.complex128), (used.size, 1))
        t[np.arange(used.size), used] += 1j * _STEP
        gradient = np.zeros(s.totals.size)
        gradient[used] = np.imag(self.effect(rises, t, is_held=is_held)) / _STEP
        return gradient


# -- results -------------------------------------------------------------------------------------


def _result(
    plan: _Plan, levels: LevelResult, *, measure: str, level: float, target: float
) -> LeverResult:
    rises = plan.rises()
    levers = [_lever(plan, each) for each in rises]
    single = {each.name: rise for each, rise in zip(levers, rises, strict=True)}
    made = [(each, [single[each.name]]) for each in levers]
    if measure == OVERALL and len(plan.system.asked.dimensions) > 1:
        made += [_in_all(plan, code, levers, single) for code in plan.system.categories]
    usable = [parts if lever.status == "raised" else [] for lever, parts in made]
    every = tuple(lever for lever, _ in made)
    degrees = _degrees_of_freedom(plan, every, levels.df)
    names = tuple(each.name for each in every)
    effects = Estimate(names, *_effects(plan, usable, is_held=False), degrees)
    held = Estimate(names, *_effects(plan, usable, is_held=True), degrees)
    low, high = effects.intervals(levels.confidence)
    there = [rise for each, rise in zip(levers, rises, strict=True) if each.status != "empty"]
    return LeverResult(
        definition=plan.system.asked.population.name,
        dimension=measure,
        target=target,
        levers=every,
        effects=effects,
        held=held,
        conf_low=low,
        conf_high=high,
        level=level,
        levels=levels,
        confidence=levels.confidence,
        response=_response(plan.system, there),
        findings=levels.findings,
    )


def _lever(plan: _Plan, rise: _Rise) -> Lever:
    s, is_part = plan.system, rise.kind == "part"
    everybody = int(s.n[rise.dimension])
    n = int(s.n_c[rise.index, rise.dimension]) if is_part else everybody
    present = raised = math.nan
    status: LeverStatus = "empty"
    if float(rise.slope(s, s.totals)) > 0:
        now, then = rise.means(s, s.totals, plan.raise_to)
        present, raised = FULL * float(now), FULL * float(then)
        status = "raised"
        if is_part and n == everybody and plan.raise_to in {None, "others"}:
            raised, status = math.nan, "no_others"
        elif raised > FULL + SLACK:
            status = "beyond"
        elif raised < present:
            status = "above"
    dimension = s.asked.dimensions[rise.dimension]
    return Lever(rise.name, rise.kind, dimension, rise.part, n, present, raised, status)


def _in_all(
    plan: _Plan, code: str, levers: Sequence[Lever], single: Mapping[str, _Rise]
) -> tuple[Lever, list[_Rise]]:
    """Return a part of the population in every dimension; where it is above, it stays."""
    own = [each for each in levers if each.kind == "part" and each.part == code]
    statuses = {each.status for each in own}
    order: tuple[LeverStatus, ...] = ("empty", "no_others", "beyond", "raised", "above")
    status: LeverStatus = next(each for each in order if each in statuses)
    name = f"{plan.system.asked.by}/{code}/{OVERALL}"
    n = max(each.n for each in own)
    lever = Lever(name, "part", OVERALL, code, n, math.nan, math.nan, status)
    return lever, [single[each.name] for each in own if each.status == "raised"]


def _effects(
    plan: _Plan, usable: Sequence[Sequence[_Rise]], *, is_held: bool
) -> tuple[Floats, Floats]:
    """Return the effects of levers and their covariance; NaN for one that raises nothing."""
    values = np.full(len(usable), np.nan)
    gradients = np.zeros((plan.system.totals.size, len(usable)))
    for row, rises in enumerate(usable):
        if rises:
            values[row] = float(plan.effect(rises, plan.system.totals, is_held=is_held))
            gradients[:, row] = plan.gradient(rises, is_held=is_held)
    return values, plan.design.covariance(plan.system.unit_sums @ gradients)


def _degrees_of_freedom(plan: _Plan, levers: Sequence[Lever], df: DegreesOfFreedom) -> Floats:
    """Return the smallest of populations, reference, and the part that rises, shape ``(k,)``."""
    s, design = plan.system, plan.design
    whole = float(design.domain_degrees_of_freedom(s.inside).min())
    parts = design.domain_degrees_of_freedom(s.inside_c) if s.categories else np.zeros(0)
    own = [
        min(whole, float(parts[s.categories.index(each.part)])) if each.kind == "part" else whole
        for each in levers
    ]
    domain = np.maximum(np.array(own, dtype=np.float64), 0.0)
    return (
        domain if df == "domain" else np.where(domain >= 1, float(design.degrees_of_freedom), 0.0)
    )


def _response(s: System, rises: Sequence[_Rise]) -> Response:
    """Return how the level answers to levers, and how much is left to full scores."""
    t, size = s.totals, len(s.asked.dimensions)
    slopes, reference_slopes = np.zeros((size, len(rises))), np.zeros((size, len(rises)))
    limits, most = np.eye(len(rises)), np.zeros(len(rises))
    for place, rise in enumerate(rises):
        slopes[rise.dimension, place] = float(rise.slope(s, t))
        reference_slopes[rise.dimension, place] = float(rise.reference_slope(s, t))
        if rise.kind == "part":  # whoever rises as a part also rises with an indicator
            for other, each in enumerate(rises):
                if each.kind == "indicator" and each.dimension == rise.dimension:
                    limits[place, other] = each.weight
        most[place] = FULL * (1 - float(rise.means(s, t, None)[0]))
    p = s.weights(t)[:, None]
    return Response(
        names=tuple(each.name for each in rises),
        shares=s.shares,
        means=FULL * (p * (t[s.Y] / t[s.W])).sum(axis=0),
        reference_means=FULL * (t[s.Y_0] / t[s.W_0]),
        slopes=slopes,
        reference_slopes=reference_slopes,
        limits=limits,
        most=most,
        formula=s.asked.formula,
    )
