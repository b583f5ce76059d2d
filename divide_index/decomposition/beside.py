"""Beside a decomposition: levels with the reference's composition, and the spread of regions."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index import engine
from divide_index.cells import Cell, cell_columns
from divide_index.decomposition.cases import WHOLE, Basis, Records, case_findings, members_of
from divide_index.decomposition.factors import chosen
from divide_index.errors import EstimationError, Finding
from divide_index.inference.estimate import Estimate, check_confidence
from divide_index.inference.ratios import Formula
from divide_index.inference.spread import spread_of_levels
from divide_index.inference.standardisation import standardise_levels
from divide_index.schema import OVERALL, category_rule
from divide_index.scoring import Scores

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Kind = Literal["crude", "standardised", "difference"]

KINDS: tuple[Kind, ...] = ("crude", "standardised", "difference")


@dataclass(frozen=True, slots=True, eq=False)
class StandardisedResult:
    """Levels as they are, and with the reference's composition: never one without the other.

    Parameters
    ----------
    estimate
        Crude and standardised levels and their difference, ``k`` rows.
    rows
        Of each row: the group, the dimension and the kind, length ``k``.
    bases
        Whom each group rests on.
    factors
        What the composition is of.
    confidence, formula, scores, findings
        As those of :class:`~divide_index.levels.LevelResult`.
    """

    estimate: Estimate
    rows: tuple[tuple[Cell, str, Kind], ...]
    bases: tuple[Basis, ...]
    factors: tuple[str, ...]
    confidence: float
    formula: Formula
    scores: Scores
    findings: tuple[Finding, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return rows ``domain, category, dimension, kind, level, std_error, conf_low, conf_high``.

        ``kind`` is ``crude``, ``standardised`` or ``difference`` (crude minus standardised).
        """
        low, high = self.estimate.intervals(self.confidence)
        return pd.DataFrame(
            {
                **cell_columns([cell for cell, _, _ in self.rows]),
                "dimension": [dimension for _, dimension, _ in self.rows],
                "kind": [kind for _, _, kind in self.rows],
                "level": self.estimate.values,
                "std_error": self.estimate.reliable_std_errors,
                "conf_low": low,
                "conf_high": high,
            }
        )

    def __str__(self) -> str:
        """Return the levels rounded to one decimal, for eyes."""
        shown = self.to_frame()
        return shown.to_string(index=False, float_format=lambda x: f"{x:.1f}", na_rep="")


def standardised_levels(
    scores: Scores,
    by: Sequence[str] | str | None = None,
    *,
    groups: Sequence[str] | str | None = None,
    factors: Sequence[str] | str = ("age",),
    where: str | None = None,
    formula: Formula | None = None,
    confidence: float = 0.95,
) -> StandardisedResult:
    """Return the levels groups would have with the reference's composition, beside their own.

    A directly standardised level is a comparison, not a level anybody has.

    Parameters
    ----------
    scores, by, groups, where, formula, confidence
        As for :func:`divide_index.decompose_gap`.
    factors
        What the composition is of: factors with categories, crossed.

    Returns
    -------
    StandardisedResult
        On complete cases. A group in which a category of the reference is empty has no
        standardised level: it is left out, and named in a finding.

    Raises
    ------
    EstimationError
        An unknown group, domain, factor or formula, or nothing asked for. DI-E297: a factor
        without categories. DI-E298: no group has every category. DI-E291: nobody of the reference
        has every dimension and factor.

    References
    ----------
    Deville (1999), Survey Methodology 25(2), 193-203.
    """
    check_confidence(confidence)
    schema = scores.survey.schema
    formula = _known_formula(formula or schema.formula)
    choice = chosen(schema, factors)
    records = Records.of(scores, choice)
    numbers = [n for n, value in records.values.items() if value.categories is None]
    if numbers or choice.terms != tuple(choice.factors):
        raise EstimationError("DI-E297", factors=numbers or list(choice.terms))
    asked = [by] if isinstance(by, str) else list(by or ())
    members = members_of(scores, asked, groups, where)
    if not members:
        known, domains = [*schema.groups], [*schema.domains]
        raise EstimationError("DI-E289", groups=known, domains=domains)
    records.check_reference()
    bases = {cell: records.basis(cell, mask) for cell, mask in members.items()}
    classes = np.zeros(records.weights.size, dtype=np.intp)
    for value in records.values.values():
        crossed = classes * (len(value.categories or ()) + 1) + value.values.astype(np.intp)
        classes = np.unique(crossed, return_inverse=True)[1].astype(np.intp)
    complete = records.complete()
    rows: list[tuple[Cell, str, Kind]] = []
    values: list[Floats] = []
    totals: list[Floats] = []
    lacking: list[str] = []
    for cell, mask in members.items():
        cases = mask & complete
        try:
            found = standardise_levels(
                np.nan_to_num(records.y),
                records.weights,
                records.unit,
                records.units,
                classes=classes,
                group=cases,
                reference=records.reference & complete,
                shares=records.shares,
                formula=formula,
            )
        except EstimationError as error:
            if error.code not in {"DI-E270", "DI-E261"}:
                raise
            lacking.append(f"{cell.domain}/{cell.category}")
            continue
        dimensions: list[str] = [*schema.dimensions, OVERALL]
        for kind in KINDS:
            rows.extend((cell, name, kind) for name in dimensions)
        values += [found.crude, found.standardised, found.difference]
        totals.append(found.psu_totals.reshape(records.units, -1))
    if not rows:
        raise EstimationError("DI-E298", cells=lacking, factors=list(choice.terms))
    kept = list(dict.fromkeys(cell for cell, _, _ in rows))
    degrees = _degrees(records, [members[cell] & complete for cell in kept])
    estimate = Estimate(
        tuple(f"{cell.domain}/{cell.category}/{d}/{kind}" for cell, d, kind in rows),
        np.concatenate(values),
        scores.survey.design.covariance(np.hstack(totals)),
        np.repeat(degrees, len(rows) // len(kept)),
    )
    return StandardisedResult(
        estimate=estimate,
        rows=tuple(rows),
        bases=tuple(bases[cell] for cell in kept),
        factors=choice.terms,
        confidence=confidence,
        formula=formula,
        scores=scores,
        findings=(
            *case_findings(scores.survey, [bases[cell] for cell in kept]),
            *([Finding.of("DI-W263", cells=lacking)] if lacking else []),
        ),
    )


def _known_formula(formula: Formula) -> Formula:
    """Return a formula that there is."""
    if formula not in get_args(Formula):
        raise EstimationError("DI-E117", option="formula", value=formula, valid=get_args(Formula))
    return formula


def _degrees(records: Records, masks: Sequence[NDArray[np.bool_]]) -> Floats:
    """Return each group's degrees of freedom, at most the reference's, shape ``(G,)``."""
    reference = records.reference & records.complete()
    design = records.scores.survey.design
    own = design.domain_degrees_of_freedom(records.held([reference, *masks]))
    return np.maximum(np.minimum(own[1:], own[0]), 0.0)


# -- spread ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class SpreadResult:
    """How much of the variance of people's scores lies between the categories of a domain.

    Parameters
    ----------
    estimate
        ``between``, ``within``, ``total`` (squared index points) and ``share`` (between over
        total), 4 rows.
    corrected_between
        ``between`` without what the sampling error of the levels adds to it; below zero where the
        levels spread less than sampling error alone would make them.
    domain
        The domain.
    basis
        Whom it rests on: the reference with a category.
    confidence, formula, scores, findings
        As those of :class:`~divide_index.levels.LevelResult`.
    """

    estimate: Estimate
    corrected_between: float
    domain: str
    basis: Basis
    confidence: float
    formula: Formula
    scores: Scores
    findings: tuple[Finding, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return rows ``domain, measure, value, std_error, conf_low, conf_high``."""
        low, high = self.estimate.intervals(self.confidence)
        nothing = [np.nan]
        return pd.DataFrame(
            {
                "domain": self.domain,
                "measure": [*self.estimate.names, "corrected_between"],
                "value": [*self.estimate.values, self.corrected_between],
                "std_error": [*self.estimate.reliable_std_errors, *nothing],
                "conf_low": [*low, *nothing],
                "conf_high": [*high, *nothing],
            }
        )

    def __str__(self) -> str:
        """Return the variances rounded, for eyes."""
        return self.to_frame().to_string(index=False, float_format=lambda x: f"{x:.3f}", na_rep="")


def level_spread(
    scores: Scores, domain: str, *, formula: Formula | None = None, confidence: float = 0.95
) -> SpreadResult:
    """Divide the variance of people's index points into that between and within regions.

    Parameters
    ----------
    scores
        From :func:`divide_index.score`.
    domain
        A domain of the schema; people of the reference without a category are left out.
    formula, confidence
        As for :func:`divide_index.relative_levels`.

    Raises
    ------
    EstimationError
        DI-E124: no such domain. DI-E117: no such formula. DI-E291: nobody of the reference has
        every dimension and a category.
    """
    check_confidence(confidence)
    schema = scores.survey.schema
    formula = _known_formula(formula or schema.formula)
    if domain not in schema.domains:
        known = [*schema.domains]
        near = difflib.get_close_matches(domain, known, n=1, cutoff=0.5)
        raise EstimationError("DI-E124", domain=domain, nearest=near, known=known)
    records = Records.of(scores, chosen(schema, [domain]))
    records.check_reference()
    variable, rule = schema.domains[domain].variable, category_rule(schema, domain)
    positions = engine.categories(scores.frame, schema, variable, rule)[1]
    kept = records.reference & records.complete() & (positions >= 0)
    regions = np.unique(positions[kept], return_inverse=True)[1].astype(np.intp)
    found = spread_of_levels(
        records.y[kept],
        records.weights[kept],
        records.unit[kept],
        records.units,
        regions=regions,
        shares=records.shares,
        formula=formula,
    )
    basis, design = records.basis(WHOLE, records.reference), scores.survey.design
    degrees = max(float(design.domain_degrees_of_freedom(records.held([kept]))[0]), 0.0)
    return SpreadResult(
        estimate=Estimate(
            ("between", "within", "total", "share"),
            found.values,
            design.covariance(found.psu_totals),
            np.full(4, degrees),
        ),
        corrected_between=found.corrected_between(design.covariance(found.level_totals)),
        domain=domain,
        basis=basis,
        confidence=confidence,
        formula=formula,
        scores=scores,
        findings=tuple(case_findings(scores.survey, [basis])),
    )
