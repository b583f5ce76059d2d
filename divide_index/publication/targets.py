"""The distance to a target as it may be published: the one door to pages and files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import GROUP, Cell
from divide_index.errors import Finding
from divide_index.inference.estimate import Estimate
from divide_index.levels import LevelResult, relative_levels
from divide_index.publication.disclosure import Suppression, protect
from divide_index.schema import SurveySchema
from divide_index.target import (
    Distance,
    LeverResult,
    Mix,
    PlanGoal,
    PublishedProjection,
    TargetResult,
)


@dataclass(frozen=True, eq=False)
class Levers:
    """Levers, the domain whose parts they raise, and what is not published.

    ``suppression`` comes from :func:`protect_target`, which decides definitions and parts together.
    """

    result: LeverResult
    by: str | None = None
    suppression: Suppression | None = None

    @cached_property
    def hidden(self) -> frozenset[str]:
        """The parts of which some cell is suppressed."""
        if self.suppression is None or self.by is None:
            return frozenset()
        return frozenset(
            code
            for cell in self.suppression.suppressed
            for name, code in cell.codes
            if name == self.by and (GROUP, self.result.definition) in cell.codes
        )


@dataclass(frozen=True, eq=False)
class PublishedTarget:
    """The distance to a target after disclosure control.

    Parameters
    ----------
    schema
        The survey's schema, with its own groups.
    result
        The distances, raw. Only this class reads their numbers.
    suppression
        What of the definitions is not published; None publishes all, for use inside.
    levers
        Levers of the schema's own definition, if they were asked for.
    mix
        The cheapest mix of them, if one was asked for.
    projection
        Where the published series may go, if there is one.
    goals
        The plan's goals, if they were asked for.
    """

    schema: SurveySchema
    result: TargetResult
    suppression: Suppression | None
    levers: tuple[Levers, ...] = ()
    mix: Mix | None = None
    projection: PublishedProjection | None = None
    goals: tuple[PlanGoal, ...] = ()

    def is_hidden(self, row: Distance) -> bool:
        """Return whether a definition is not published."""
        return self.hides(row.definition)

    def hides(self, definition: str) -> bool:
        """Return whether a definition is not published, by its name."""
        return definition in self._hidden

    @cached_property
    def _hidden(self) -> frozenset[str]:
        if self.suppression is None:
            return frozenset()
        cells = self.suppression.suppressed
        return frozenset(cell.category for cell in cells if cell.domain in {GROUP, "average"})

    def is_cautious(self, row: Distance) -> bool:
        """Return whether a row rests on little."""
        if self.suppression is None:
            return False
        return (Cell(row.domain, row.definition), row.dimension) in self.suppression.cautious

    def frame(self) -> pd.DataFrame:
        """Return the distances as they may be published."""
        frame = self.result.to_frame()
        hidden = np.array([self.is_hidden(row) for row in self.result.rows], dtype=bool)
        shown = _masked(frame, hidden, keep={"target", "years_left"})
        cautious = ["caution" if self.is_cautious(row) else "" for row in self.result.rows]
        shown["flag"] = np.where(hidden, "suppressed", cautious)
        return shown

    def alone_frame(self) -> pd.DataFrame:
        """Return what each dimension alone would have to be, as it may be published.

        A hidden definition has no row: that it has one says that its level has missed the target.
        """
        shown = [not self.hides(each.definition) for each in self.result.alone]
        return self.result.alone_frame()[shown].reset_index(drop=True)

    def lever_frame(self, levers: Levers) -> pd.DataFrame:
        """Return levers as they may be published."""
        frame = levers.result.to_frame()
        return _masked(frame, np.array(self.hidden_levers(levers), dtype=bool), keep=set())

    def hidden_levers(self, levers: Levers) -> list[bool]:
        """Return which levers are not published: their definition, or their part, is not."""
        whole = self.hides(levers.result.definition)
        return [
            whole or (each.kind == "part" and each.part in levers.hidden)
            for each in levers.result.levers
        ]

    def findings(self) -> tuple[Finding, ...]:
        """Return the findings as they may be published, each once."""
        found = list(self.result.findings)
        for levers in self.levers:
            found += [each for each in levers.result.findings if each not in found]
        if self.projection is not None:
            found += self.projection.findings
        return tuple(found) if self.suppression is None else self.suppression.findings(found)


def protect_target(result: TargetResult, by: Sequence[str] = ()) -> Suppression:
    """Decide what of the definitions, and of the parts of the target's own group, is published.

    They overlap, and are decided together: the group less the definition of its members outside
    the capital region is its parts inside, of which one may be suppressed.

    Parameters
    ----------
    result
        The distances.
    by
        The domains whose parts are levers: their means stand beside them.

    Raises
    ------
    EstimationError
        As :func:`divide_index.publication.disclosure.protect` does.
    """
    if not by:
        return protect(result.levels)
    levels = result.levels
    every = relative_levels(
        levels.scores,
        [f"{GROUP}*{name}" for name in by],
        formula=levels.formula,
        cases=levels.cases,
        confidence=levels.confidence,
        df=levels.df,
    )
    return protect(_printed(every, result.target.group))


def _printed(levels: LevelResult, group: str) -> LevelResult:
    """Return the rows of definitions and of one group's parts: no others stand on a page."""
    rows = np.array(
        [
            row
            for row, cell in enumerate(levels.cells)
            if not cell.codes or (GROUP, group) in cell.codes
        ],
        dtype=np.intp,
    )
    kept: list[int] = rows.tolist()
    estimate = levels.estimate
    return replace(
        levels,
        estimate=Estimate(
            tuple(estimate.names[row] for row in kept),
            estimate.values[rows],
            estimate.covariance[np.ix_(rows, rows)],
            estimate.degrees_of_freedom[rows],
        ),
        cells=tuple(levels.cells[row] for row in kept),
        dimensions=tuple(levels.dimensions[row] for row in kept),
        n=levels.n[rows],
        psus=levels.psus[rows],
        conf_low=levels.conf_low[rows],
        conf_high=levels.conf_high[rows],
        conf_methods=tuple(levels.conf_methods[row] for row in kept),
        design_effects=levels.design_effects[rows],
        target_gap=levels.target_gap[rows],
    )


def _masked(frame: pd.DataFrame, hidden: NDArray[np.bool_], keep: set[str]) -> pd.DataFrame:
    if not hidden.any():
        return frame
    for name in frame.columns:
        if name in keep or name in {"definition", "dimension", "lever", "kind", "part"}:
            continue
        column = frame[name]
        if pd.api.types.is_integer_dtype(column):
            column = column.astype("Int64")
        is_number = pd.api.types.is_numeric_dtype(column)
        frame[name] = column.mask(hidden) if is_number else column.mask(hidden, "")
    return frame
