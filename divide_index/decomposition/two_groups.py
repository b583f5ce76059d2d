"""Two groups held against each other: Oaxaca-Blinder, reweighting, and the lowest of them."""

import difflib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index import engine
from divide_index.cells import Cell
from divide_index.decomposition.cases import Basis, Records, case_findings
from divide_index.decomposition.factors import (
    Choice,
    Covariates,
    chosen,
    covariates,
    term_variables,
)
from divide_index.decomposition.result import TOTAL
from divide_index.errors import EstimationError, Finding
from divide_index.inference.estimate import Estimate, check_confidence
from divide_index.inference.oaxaca import (
    Sample,
    Slopes,
    TwoGroups,
    analytic_covariance,
    every_twofold,
    threefold,
    twofold,
)
from divide_index.inference.testing import holm, p_values
from divide_index.schema import OVERALL, parse_condition
from divide_index.scoring import Scores

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
Kind = Literal["twofold", "threefold"]
Variance = Literal["design", "analytic"]
RifSlopes = Literal["first", "second"]

CONSTANT = "constant"
REFERENCE, REST = "reference", "rest"

_ROUNDING = 1e-9  # points: what both groups have alike leaves no more
_OPTIONS = {"slopes": "reference", "level": "quantile"}  # what the public functions call them


@dataclass(frozen=True, eq=False)
class TwoGroupResult:
    """A difference of two groups, always the first minus the second, and its parts.

    Parameters
    ----------
    estimate
        The difference and its parts with their joint covariance, ``k`` rows.
    rows
        Of each row: the part, and the factor, ``constant`` or ``total``, length ``k``.
    first, second
        Whom the groups rest on.
    dimension
        Whose person scores 0-100 are compared.
    method
        Such as ``threefold`` or ``twofold, slopes: pooled``.
    is_normalised
        Whether the detail of what is not explained was freed from the base categories
        (Gardeazabal and Ugidos 2004; Yun 2005); without it there is none.
    slopes
        By reference slopes: the explained and the unexplained part, in pairs; empty where the
        method has none.
    choices
        The reference slopes, in the order of the pairs.
    diagnostics
        What else the method tells, by name.
    choice, confidence, scores
        The factors, the level of the intervals, and what was decomposed.
    findings
        What a reader of these numbers should know.
    """

    estimate: Estimate
    rows: tuple[tuple[str, str], ...]
    first: Basis
    second: Basis
    dimension: str
    method: str
    is_normalised: bool
    slopes: Estimate
    choices: tuple[str, ...]
    diagnostics: dict[str, float]
    choice: Choice
    confidence: float
    scores: Scores
    findings: tuple[Finding, ...] = ()

    @property
    def comparison(self) -> str:
        """The two groups, in the order of the subtraction."""
        return f"{self.first.cell.category} - {self.second.cell.category}"

    def row(self, part: str, factor: str = TOTAL) -> int:
        """Return the position of a row.

        Raises
        ------
        ValueError
            No such row.
        """
        return self.rows.index((part, factor))

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per part.

        Columns ``domain, category, dimension, part, factor, contribution, std_error, conf_low,
        conf_high``; the domain is ``difference``, the category names both groups.
        """
        low, high = self.estimate.intervals(self.confidence)
        return pd.DataFrame(
            {
                "domain": "difference",
                "category": self.comparison,
                "dimension": self.dimension,
                "part": [part for part, _ in self.rows],
                "factor": [factor for _, factor in self.rows],
                "contribution": self.estimate.values,
                "std_error": self.estimate.reliable_std_errors,
                "conf_low": low,
                "conf_high": high,
            }
        )

    def sensitivity(self) -> pd.DataFrame:
        """Return what is explained at every kind of reference slopes.

        Columns ``slopes, part, contribution, std_error, conf_low, conf_high``: the weight of the
        first group's slopes (1, 0, 0.5), ``cotton``, ``neumark``, ``pooled``.
        """
        low, high = self.slopes.intervals(self.confidence)
        parts = ("explained", "unexplained")
        return pd.DataFrame(
            {
                "slopes": [name for name in self.choices for _ in parts],
                "part": [part for _ in self.choices for part in parts],
                "contribution": self.slopes.values,
                "std_error": self.slopes.reliable_std_errors,
                "conf_low": low,
                "conf_high": high,
            }
        )

    def tests(self) -> pd.DataFrame:
        """Return the test of every part against nothing: ``part, factor, df, p_value, p_holm``.

        What rounding leaves of nothing, as of the interaction of the constant, is not tested.
        """
        size = np.maximum(np.abs(self.estimate.values), self.estimate.std_errors)
        raw = np.where(size > _ROUNDING, p_values(self.estimate), np.nan)
        return pd.DataFrame(
            {
                "part": [part for part, _ in self.rows],
                "factor": [factor for _, factor in self.rows],
                "df": self.estimate.degrees_of_freedom,
                "p_value": raw,
                "p_holm": holm(raw),
            }
        )

    def __str__(self) -> str:
        """Return the parts rounded to two decimals, for eyes."""
        return self._shown().to_string(index=False, float_format=lambda x: f"{x:.2f}", na_rep="")

    def _repr_html_(self) -> str:
        shown = self._shown()
        return str(shown.to_html(index=False, float_format=lambda x: f"{x:.2f}", na_rep=""))

    def _shown(self) -> pd.DataFrame:
        return self.to_frame().drop(columns=["domain", "dimension"])


def oaxaca_blinder(
    scores: Scores,
    first: str,
    second: str | None = None,
    *,
    factors: Sequence[str] | str | None = None,
    dimension: str = OVERALL,
    kind: Kind = "twofold",
    reference: Slopes = "pooled",
    normalise: bool = False,
    variance: Variance = "design",
    confidence: float = 0.95,
) -> TwoGroupResult:
    """Divide the difference of two groups' mean scores as Oaxaca and Blinder do.

    Parameters
    ----------
    scores
        From :func:`divide_index.score`.
    first, second
        Names of groups, or conditions such as ``"area == 2"``; the difference is the first minus
        the second, never turned. Without a second it is the rest of the reference population, or
        all of it for a group outside it; ``"reference"`` names it.
    factors
        As for :func:`divide_index.decompose_gap`.
    dimension
        Whose person scores, 0-100, are compared; the composite by default.
    kind
        ``twofold`` (explained, unexplained) or ``threefold`` (endowments, coefficients,
        interaction).
    reference
        Slopes of the explained part of ``twofold``: a number, the weight of the first group's (1
        all, 0 none, 0.5 Reimers); ``"cotton"``, ``"neumark"``, or ``"pooled"`` with an effect of
        the group.
    normalise
        Whether to divide what is not explained by factor too, freed from the base categories. It
        depends on them otherwise, and is then not shown.
    variance
        ``design``; or ``analytic``, Jann's (2008) for independent persons of equal weight. The
        errors of ``sensitivity()`` are always those of the design.
    confidence
        Of the intervals, between 0 and 1.

    Returns
    -------
    TwoGroupResult
        In points of the score; ``sensitivity()`` holds every kind of reference slopes.

    Raises
    ------
    EstimationError
        Groups that overlap, are empty, or lie in no more PSUs than there are columns; factors
        that do not vary in one of them; options that do not exist.

    References
    ----------
    Oaxaca (1973), International Economic Review 14(3), 693-709; Blinder (1973), Journal of Human
    Resources 8(4), 436-455; Jann (2008), Stata Journal 8(4), 453-479.
    """
    check_confidence(confidence)
    for option, value, valid in (
        ("kind", kind, get_args(Kind)),
        ("variance", variance, get_args(Variance)),
    ):
        if value not in valid:
            raise EstimationError("DI-E117", option=option, value=value, valid=valid)
    pair = Pair.of(scores, first, second, factors, dimension)
    factor_columns = pair.categorical() if normalise else []
    with pair.named_errors():
        if kind == "threefold":
            found = threefold(*pair.groups, normalised=factor_columns)
        else:
            found = twofold(*pair.groups, reference, normalised=factor_columns)
        every = every_twofold(*pair.groups)
        classic = (
            analytic_covariance(
                *pair.groups,
                None if kind == "threefold" else reference,
                normalised=factor_columns,
            )
            if variance == "analytic"
            else None
        )
    labels, matrix = pair.contrasts(found.names, is_normalised=normalise)
    columns = found.parts.size
    values = found.parts.reshape(-1)
    if classic is None:
        estimate = pair.estimate(labels, matrix, values, found.psu_totals.reshape(-1, columns))
    else:
        covariance = classic.parts.reshape(columns, columns)
        degrees = np.full(len(labels), float(pair.size - 2 * pair.columns))
        estimate = Estimate(
            _names(labels), matrix @ values, matrix @ covariance @ matrix.T, degrees
        )
    method = kind if kind == "threefold" else f"twofold, slopes: {reference}"
    return pair.result(
        estimate,
        labels,
        confidence=confidence,
        method=method if classic is None else f"{method}, analytic errors",
        is_normalised=normalise,
        slopes=every,
    )


def reweighted_gap(
    scores: Scores,
    first: str,
    second: str | None = None,
    *,
    factors: Sequence[str] | str | None = None,
    dimension: str = OVERALL,
    confidence: float = 0.95,
) -> TwoGroupResult:
    """Divide a difference after reweighting the second group to the first's composition.

    DiNardo, Fortin and Lemieux's reweighting by a logit, with the specification error that
    tells how far straight lines are from holding, and the reweighting error (Firpo, Fortin and
    Lemieux): ``composition + specification_error + structure + reweighting_error``.

    Parameters
    ----------
    scores, first, second, factors, dimension, confidence
        As for :func:`oaxaca_blinder`.

    Returns
    -------
    TwoGroupResult
        Its ``diagnostics`` are the effective number of people of the reweighted group, the largest
        share of one of them, and the smallest overlap.

    Raises
    ------
    EstimationError
        As for :func:`oaxaca_blinder`; DI-E271: factors tell the groups apart.

    References
    ----------
    DiNardo, Fortin, Lemieux (1996), Econometrica 64(5), 1001-1044; Firpo, Fortin, Lemieux (2018),
    Econometrics 6(2), 28.
    """
    from divide_index.inference.reweighting import decompose_reweighted

    check_confidence(confidence)
    pair = Pair.of(scores, first, second, factors, dimension)
    with pair.named_errors():
        found = decompose_reweighted(*pair.groups)
    labels, matrix = pair.contrasts(
        found.parts.names, is_normalised=False, detailed=("composition",)
    )
    totals = found.parts.psu_totals.reshape(-1, found.parts.parts.size)
    return pair.result(
        pair.estimate(labels, matrix, found.parts.parts.reshape(-1), totals),
        labels,
        confidence=confidence,
        method="reweighted",
        diagnostics={
            "effective_size": found.effective_size,
            "largest_share": found.largest_share,
            "smallest_overlap": found.smallest_overlap,
        },
    )


def quantile_gap(
    scores: Scores,
    first: str,
    second: str | None = None,
    *,
    quantile: float = 0.10,
    factors: Sequence[str] | str | None = None,
    dimension: str = OVERALL,
    reference: RifSlopes = "second",
    replicates: int = 500,
    seed: int = 1,
    confidence: float = 0.95,
) -> TwoGroupResult:
    """Divide the difference of two groups at a quantile, such as of their lowest 10 %.

    By recentered influence functions; standard errors from a rescaled bootstrap of PSUs in which
    everything is estimated again. It knows no finite population correction, which makes the errors
    of a survey that has one too large, and no rule for a stratum with a single PSU.

    Parameters
    ----------
    scores, first, second, factors, dimension, confidence
        As for :func:`oaxaca_blinder`.
    quantile
        Between 0 and 1.
    reference
        Whose slopes the explained part has: ``first`` or ``second``.
    replicates, seed
        Of the bootstrap: the same seed gives the same errors.

    Returns
    -------
    TwoGroupResult
        Its ``diagnostics`` are both quantiles.

    Raises
    ------
    EstimationError
        As for :func:`oaxaca_blinder`; DI-E273: a stratum with a single PSU. DI-E274: replicates in
        which nothing can be estimated. DI-E272: so many people have one and the same score at the
        quantile that it has no density, as where those who do not use the internet score 0.

    References
    ----------
    Firpo, Fortin, Lemieux (2009), Econometrica 77(3), 953-973.
    """
    from divide_index.inference.quantiles import decompose_quantiles
    from divide_index.inference.replication import rao_wu_factors, replicate_covariance

    check_confidence(confidence)
    pair = Pair.of(scores, first, second, factors, dimension)
    design = scores.survey.design
    rao_wu = design.unit_factors(rao_wu_factors(design, replicates, seed=seed))
    with pair.named_errors():
        found = decompose_quantiles(*pair.groups, quantile, rao_wu, slopes=reference)
    labels, matrix = pair.contrasts(found.names, is_normalised=False)
    matrix = np.hstack([np.zeros((len(labels), 2)), matrix])  # both quantiles stand before
    covariance = replicate_covariance(found.replicates, found.values)
    degrees = np.full(len(labels), pair.degrees_of_freedom)
    estimate = Estimate(
        _names(labels), matrix @ found.values, matrix @ covariance @ matrix.T, degrees
    )
    return pair.result(
        estimate,
        labels,
        confidence=confidence,
        method=f"quantile {quantile:g}, slopes: {reference}, {replicates} replicates, seed {seed}",
        diagnostics={"first": float(found.quantiles[0]), "second": float(found.quantiles[1])},
    )


def _names(labels: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(f"{part}/{factor}" for part, factor in labels)


# -- the two groups --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two groups with their complete cases and covariates.

    Parameters
    ----------
    records
        The survey's records.
    sample
        The complete cases of both groups, the constant first among their covariates.
    first, second
        Who of them is in each, shape ``(m,)``.
    bases
        Whom each rests on.
    design_columns
        The covariates without the constant.
    dimension
        Whose scores are compared.
    """

    records: Records
    sample: Sample
    first: Mask
    second: Mask
    bases: tuple[Basis, Basis]
    design_columns: Covariates
    dimension: str

    @classmethod
    def of(
        cls,
        scores: Scores,
        first: str,
        second: str | None,
        factors: Sequence[str] | str | None,
        dimension: str,
    ) -> "Pair":
        """Return two groups of a survey.

        Raises
        ------
        EstimationError
            DI-E117: no such dimension. DI-E266: they overlap. DI-E291: one has no complete case.
            DI-E299: nobody of one is in a category that the other has.
        SchemaError
            A condition that cannot be read.
        """
        schema = scores.survey.schema
        if dimension not in {*schema.dimensions, OVERALL}:
            valid = (*schema.dimensions, OVERALL)
            raise EstimationError("DI-E117", option="dimension", value=dimension, valid=valid)
        records = Records.of(scores, chosen(schema, factors))
        members, names = _masks(records, first, second)
        shared = int((members[0] & members[1]).sum())
        if shared:
            raise EstimationError("DI-E266", count=shared)
        complete = records.complete()
        bases = tuple(
            records.basis(Cell("group", name), mask)
            for name, mask in zip(names, members, strict=True)
        )
        empty = [basis.cell.category for basis in bases if not basis.n]
        if empty:
            lacking = [
                n
                for m, b in zip(members, bases, strict=True)
                if not b.n
                for n in records.lacking_all(m)
            ]
            raise EstimationError("DI-E291", groups=empty, factors=list(dict.fromkeys(lacking)))
        rows = np.flatnonzero(complete & (members[0] | members[1]))
        everybody = np.ones(rows.size, dtype=bool)
        columns = covariates(records.choice, records.values, rows, everybody)
        _refuse_empty_categories(records, rows, members, names)
        y = records.y[rows]
        whole = y @ records.shares
        if dimension != OVERALL:
            whole = y[:, list(schema.dimensions).index(dimension)]
        sample = Sample(
            scores=100 * whole,
            covariates=np.column_stack([np.ones(rows.size), columns.matrix]),
            weights=records.weights[rows],
            psu=records.unit[rows],
            psus=records.units,
        )
        return cls(
            records,
            sample,
            members[0][rows],
            members[1][rows],
            (bases[0], bases[1]),
            columns,
            dimension,
        )

    @property
    def groups(self) -> tuple[Sample, Mask, Mask]:
        """What the arrays of a decomposition are called with."""
        return self.sample, self.first, self.second

    @property
    def size(self) -> int:
        """Number of complete cases."""
        return int(self.first.size)

    @property
    def columns(self) -> int:
        """Number of columns, the constant among them."""
        return self.sample.covariates.shape[1]

    @property
    def degrees_of_freedom(self) -> float:
        """The smaller of both groups': PSUs with a member minus their strata."""
        held = np.zeros((self.records.units, 2), dtype=bool)
        for index, mask in enumerate((self.first, self.second)):
            held[self.sample.psu[mask], index] = True
        design = self.records.scores.survey.design
        return max(float(design.domain_degrees_of_freedom(held).min()), 0.0)

    def categorical(self) -> list[list[int]]:
        """Return the columns of every categorical factor, the constant being 0.

        Raises
        ------
        EstimationError
            DI-E296: a term that joins factors has no base category to be freed from.
        """
        made_of = term_variables(self.records.choice)
        columns: list[list[int]] = []
        crossed = [term for term, names in made_of.items() if len(names) > 1 or term not in names]
        if crossed:
            raise EstimationError("DI-E296", terms=crossed)
        for term, block in zip(self.design_columns.terms, self.design_columns.blocks, strict=True):
            if self.records.values[term].categories is not None:
                columns.append([k + 1 for k in block])
        return columns

    def contrasts(
        self,
        parts: Sequence[str],
        *,
        is_normalised: bool,
        detailed: Sequence[str] = ("explained", "endowments"),
    ) -> tuple[list[tuple[str, str]], Floats]:
        """Return the rows of a result, and what columns of the parts each adds up.

        Parts of composition are given by factor; others only where they are freed from the base.
        """
        blocks = {
            term: [k + 1 for k in block]
            for term, block in zip(
                self.design_columns.terms, self.design_columns.blocks, strict=True
            )
        }
        width = self.columns
        if is_normalised:
            for term, columns in blocks.items():
                if self.records.values[term].categories is not None:
                    columns.append(width)
                    width += 1
        labels: list[tuple[str, str]] = [("difference", TOTAL)]
        rows = [np.ones((len(parts), width))]
        for index, part in enumerate(parts):
            sums = {TOTAL: list(range(width))}
            if part in detailed:
                sums |= blocks
            elif is_normalised:
                sums |= {**blocks, CONSTANT: [0]}
            for factor, columns in sums.items():
                row = np.zeros((len(parts), width))
                row[index, columns] = 1.0
                labels.append((part, factor))
                rows.append(row)
        return labels, np.stack(rows).reshape(len(labels), -1)

    def estimate(
        self, labels: Sequence[tuple[str, str]], matrix: Floats, values: Floats, totals: Floats
    ) -> Estimate:
        """Return combinations of values whose PSU totals are known."""
        design = self.records.scores.survey.design
        degrees = np.full(len(labels), self.degrees_of_freedom)
        covariance = design.covariance(totals @ matrix.T)
        return Estimate(_names(labels), matrix @ values, covariance, degrees)

    def result(
        self,
        estimate: Estimate,
        labels: Sequence[tuple[str, str]],
        *,
        confidence: float,
        method: str,
        is_normalised: bool = False,
        slopes: dict[Slopes, TwoGroups] | None = None,
        diagnostics: dict[str, float] | None = None,
    ) -> TwoGroupResult:
        """Return a finished result."""
        every = slopes or {}
        names = [(str(name), part) for name in every for part in ("explained", "unexplained")]
        values = [each.totals for each in every.values()]
        totals = [each.psu_totals.sum(axis=2) for each in every.values()]
        strip = Estimate((), np.zeros(0), np.zeros((0, 0)), np.zeros(0))
        if every:
            size = len(names)
            strip = self.estimate(names, np.eye(size), np.concatenate(values), np.hstack(totals))
        return TwoGroupResult(
            estimate=estimate,
            rows=tuple(labels),
            first=self.bases[0],
            second=self.bases[1],
            dimension=self.dimension,
            method=method,
            is_normalised=is_normalised,
            slopes=strip,
            choices=tuple(_slopes_name(name) for name in every),
            diagnostics=diagnostics or {},
            choice=self.records.choice,
            confidence=confidence,
            scores=self.records.scores,
            findings=tuple(case_findings(self.records.scores.survey, self.bases)),
        )

    @contextmanager
    def named_errors(self) -> Generator[None]:
        """Turn the numbers of columns and groups in an error into names, options into ours."""
        columns = (CONSTANT, *self.design_columns.columns)
        groups = tuple(basis.cell.category for basis in self.bases)
        try:
            yield
        except EstimationError as error:
            params = dict(error.params)
            for key, names in (("columns", columns), ("groups", groups)):
                given = params.get(key)
                if isinstance(given, list):
                    numbers: list[int] = given  # pyright: ignore[reportUnknownVariableType]
                    params[key] = [names[k] for k in numbers]
            if "option" in params:
                params["option"] = _OPTIONS.get(str(params["option"]), params["option"])
            raise EstimationError(error.code, **params) from error


def _slopes_name(slopes: Slopes) -> str:
    return slopes if isinstance(slopes, str) else f"{slopes:g}"


def _masks(
    records: Records, first: str, second: str | None
) -> tuple[tuple[Mask, Mask], tuple[str, str]]:
    """Return both groups and what they are called."""
    one = _mask(records, first)
    if second is not None:
        return (one, _mask(records, second)), (first, second)
    is_inside = bool((one & records.reference).any())
    other = records.reference & ~one if is_inside else records.reference
    return (one, other), (first, REST if is_inside else REFERENCE)


def _mask(records: Records, name: str) -> Mask:
    schema = records.schema
    if name == REFERENCE:
        return records.reference
    if name in schema.groups:
        return engine.mask(records.scores.frame, schema.groups[name].where, schema)
    if name.isidentifier():
        known = [REFERENCE, *schema.groups]
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        raise EstimationError("DI-E123", group=name, nearest=near, known=known)
    condition = parse_condition(name)
    schema.check_condition(condition)
    return engine.mask(records.scores.frame, condition, schema)


def _refuse_empty_categories(
    records: Records, rows: Indices, members: tuple[Mask, Mask], names: tuple[str, str]
) -> None:
    """Refuse categories that only one of the groups has, the base among them."""
    empty: list[tuple[str, str]] = []
    for factor, value in records.values.items():
        if value.categories is None:
            continue
        positions = value.values[rows].astype(np.intp)
        first, second = (
            np.bincount(positions[mask[rows]], minlength=len(value.categories)) > 0
            for mask in members
        )
        empty += [
            (f"{factor}={value.categories[k]}", names[0 if second[k] else 1])
            for k in np.flatnonzero(first != second)
        ]
    if empty:
        categories, groups = (list(each) for each in zip(*empty, strict=True))
        raise EstimationError("DI-E299", categories=categories, groups=groups)
