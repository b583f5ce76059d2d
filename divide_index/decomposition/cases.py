"""Who a decomposition rests on: complete cases, and what the others lack."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.cells import (
    GROUP,
    REFERENCE,
    Cell,
    Request,
    cell_members,
    codes_of,
    design_findings,
    requested,
    requested_cells,
)
from divide_index.decomposition.factors import Choice, FactorValues, factor_values, variable_of
from divide_index.errors import EstimationError, Finding
from divide_index.schema import SurveySchema, dimension_column, parse_condition, variables_of
from divide_index.scoring import Scores
from divide_index.survey import Survey

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

_MUCH_LOST = 0.05  # of the weight: from here on complete cases may be other people
SMALL_N, SMALL_PSUS = 50, 5  # a group below one of them is shown in grey
WHOLE = Cell("total", "total")


@dataclass(frozen=True, slots=True)
class Basis:
    """Whom a group's decomposition rests on.

    Parameters
    ----------
    cell
        The group.
    members
        Records with a positive weight, whatever they answered.
    n, psus
        Those of them with every score and factor, and the PSUs that hold them.
    share_lost
        The share of the members' weight that lacks a score or a factor.
    lacking
        How many of the members lack each factor, and ``scores`` any dimension.
    left_out
        Factors that define the group, and are none of its decomposition.
    """

    cell: Cell
    members: int
    n: int
    psus: int
    share_lost: float
    lacking: Mapping[str, int]
    left_out: tuple[str, ...] = ()

    @property
    def is_small(self) -> bool:
        """Whether it rests on few: under 50 respondents or 5 PSUs."""
        return self.n < SMALL_N or self.psus < SMALL_PSUS


@dataclass(frozen=True, eq=False)
class Records:
    """The records of a survey as a decomposition sees them, ``n`` of them.

    Parameters
    ----------
    scores
        From :func:`divide_index.score`.
    choice
        The factors.
    weights, unit
        Shape ``(n,)``.
    y
        Scores of the dimensions, shape ``(n, D)``; NaN where missing.
    reference
        Who is in the reference, shape ``(n,)``.
    values
        The values of each factor.
    """

    scores: Scores
    choice: Choice
    weights: Floats
    unit: Indices
    y: Floats
    reference: Mask
    values: Mapping[str, FactorValues]

    @classmethod
    def of(cls, scores: Scores, choice: Choice) -> "Records":
        """Return the records of scored persons."""
        schema, frame = scores.survey.schema, scores.frame
        weight = schema.design.weight
        ones = np.ones(scores.survey.records)
        return cls(
            scores=scores,
            choice=choice,
            weights=ones if weight is None else engine.values(frame, weight),
            unit=engine.values(frame, engine.UNIT).astype(np.intp),
            y=np.column_stack(
                [engine.values(frame, dimension_column(name)) for name in schema.dimensions]
            ),
            reference=engine.mask(frame, schema.reference.where, schema),
            values={name: factor_values(scores, each) for name, each in choice.factors.items()},
        )

    @property
    def schema(self) -> SurveySchema:
        """The survey's schema."""
        return self.scores.survey.schema

    @property
    def shares(self) -> Floats:
        """The weight of each dimension, shape ``(D,)``."""
        return np.array([part.weight for part in self.schema.dimensions.values()])

    @property
    def units(self) -> int:
        """Number of units of the design."""
        return self.scores.survey.design.units

    @cached_property
    def known(self) -> Mapping[str, Mask]:
        """Who has each factor, shape ``(n,)``."""
        return {name: value.known for name, value in self.values.items()}

    @cached_property
    def has_scores(self) -> Mask:
        """Who has every dimension, shape ``(n,)``."""
        return np.asarray(~np.isnan(self.y).any(axis=1), dtype=bool)

    def complete(self, left_out: Collection[str] = ()) -> Mask:
        """Return who has a positive weight, every score, and every factor but some."""
        names = frozenset(left_out) & frozenset(self.values)
        if names not in self._complete:
            every: Mask = (self.weights > 0) & self.has_scores
            for name, known in self.known.items():
                if name not in names:
                    every = every & known
            self._complete[names] = every
        return self._complete[names]

    @cached_property
    def _complete(self) -> dict[frozenset[str], Mask]:
        return {}

    def cases(self, mask: Mask, left_out: Collection[str] = ()) -> Mask:
        """Return the complete cases of a group.

        Inside the reference they are the reference's own, whatever is left out for the group:
        one set of people for every mean.
        """
        cases = self.complete()
        if left_out:
            cases = np.where(self.reference, cases, self.complete(left_out))
        return mask & cases

    def check_reference(self) -> None:
        """Refuse a reference without complete cases, or with a mean of zero among them.

        Raises
        ------
        EstimationError
            DI-E060: nobody of it has a dimension. DI-E291: nobody has every dimension and factor.
            DI-E062: a mean is zero.
        """
        names = list(self.schema.dimensions)
        there = self.reference & (self.weights > 0)
        lost = np.flatnonzero(np.isnan(self.y[there]).all(axis=0))  # of nobody, all are lost
        if lost.size:
            raise EstimationError("DI-E060", dimensions=[names[int(k)] for k in lost])
        cases = self.cases(self.reference)
        if not cases.any():
            lacking = self.lacking_all(self.reference)
            raise EstimationError("DI-E291", groups=[REFERENCE], factors=lacking)
        sums = self.weights[cases] @ self.y[cases]
        zero = np.flatnonzero(sums <= 0)
        if zero.size:
            raise EstimationError("DI-E062", dimensions=[names[int(k)] for k in zero])

    def held(self, masks: Sequence[Mask]) -> Mask:
        """Return which units hold a member of each group, shape ``(U, G)``."""
        held = np.zeros((self.units, len(masks)), dtype=bool)
        for index, mask in enumerate(masks):
            held[self.unit[mask], index] = True
        return held

    def basis(self, cell: Cell, mask: Mask, left_out: Collection[str] = ()) -> Basis:
        """Return whom a group's decomposition rests on."""
        members = mask & (self.weights > 0)
        known = members & self.cases(mask, left_out)
        total = float(self.weights[members].sum())
        lacking = {
            name: int((members & ~known).sum())
            for name, known in self.known.items()
            if name not in left_out
        }
        return Basis(
            cell=cell,
            members=int(members.sum()),
            n=int(known.sum()),
            psus=int(self.scores.survey.design.psus_held(self.held([known])).sum()),
            share_lost=1 - float(self.weights[known].sum()) / total if total else 0.0,
            lacking={"scores": int((members & ~self.has_scores).sum()), **lacking},
            left_out=tuple(name for name in self.choice.factors if name in left_out),
        )

    def lacking_all(self, mask: Mask) -> list[str]:
        """Return the factors no member has, and ``scores`` where none has every dimension."""
        members = mask & (self.weights > 0)
        known = {"scores": self.has_scores, **self.known}
        return [name for name, has in known.items() if not (members & has).any()]


def case_findings(survey: Survey, bases: Sequence[Basis]) -> list[Finding]:
    """Return what is to be known of errors and of complete cases: a poor design, many lost."""
    found = design_findings(survey)
    lost = [f"{b.cell.domain}/{b.cell.category}" for b in bases if b.share_lost > _MUCH_LOST]
    if lost:
        found.append(Finding.of("DI-W262", cells=lost, percent=100 * _MUCH_LOST))
    return found


def margins_of(by: Sequence[str], groups: Sequence[str] | str | None) -> list[str]:
    """Return the domains of crosses of two, whose unexplained parts split that of the cross.

    The cells of a selected group have no such split.
    """
    crosses = [[part.strip() for part in text.split("*")] for text in by if groups is None]
    is_split = [names for names in crosses if len(names) == 2 and GROUP not in names]  # noqa: PLR2004
    return list(dict.fromkeys(name for names in is_split for name in names))


def members_of(
    scores: Scores, by: Sequence[str], groups: Sequence[str] | str | None, where: str | None
) -> dict[Cell, Mask]:
    """Return the groups asked for with their members, shape ``(n,)``; not the reference."""
    every = cell_members(scores, _request(scores, by, groups, where))
    return {cell: mask for cell, mask in every if _is_group(cell)}


def asked_cells(
    scores: Scores, by: Sequence[str], groups: Sequence[str] | str | None, where: str | None
) -> tuple[Cell, ...]:
    """Return the groups asked for, without looking who is in them."""
    every = requested_cells(scores, _request(scores, by, groups, where))
    return tuple(cell for cell in every if _is_group(cell))


def _request(
    scores: Scores, by: Sequence[str], groups: Sequence[str] | str | None, where: str | None
) -> Request:
    named = [groups] if isinstance(groups, str) else groups
    return requested(scores.survey.schema, by=by, groups=named, where=where, averages=False)


def _is_group(cell: Cell) -> bool:
    return cell.domain not in {"total", "where"}


def defining_factors(
    cell: Cell, choice: Choice, schema: SurveySchema, where: str | None
) -> frozenset[str]:
    """Return the factors that define a group: they cannot explain it."""
    variables = set[str]() if where is None else variables_of(parse_condition(where))
    codes = dict(codes_of(cell))
    group = cell.category if cell.domain == "group" else codes.pop("group", None)
    if group is not None:
        variables |= variables_of(schema.groups[group].where)
    variables |= {schema.domains[name].variable for name in codes}
    return frozenset(
        name
        for name, factor in choice.factors.items()
        if variable_of(factor, schema) in variables or group in factor.not_for
    )
