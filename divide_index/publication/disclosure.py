"""Statistical disclosure control: which cells of a table of levels may be published.

Decided once, in the data, before any table, chart or file sees a number.

1. *Primary* suppression: a cell of few respondents, or of which few hold most.
2. *Secondary* suppression: further cells, so that what is printed does not give a suppressed
   cell back. A reader is taken to know of every printed cell the respondents (overall and by
   dimension), the sum of weights and the weighted sum of every score, and which combinations of
   cells have respondents. From these, linear programmes give the interval in which a suppressed
   value must lie. It has to be at least as wide as the *protection range*:

   - respondents, of every suppressed cell, overall and by dimension: ``threshold`` wide;
   - weighted totals (``Σ w`` and each ``Σ w y``), of a cell suppressed by a primary rule:
     ``2 p_ratio`` of the cell's own total wide, its whole total at most. A secondary cell is not
     sensitive, and its totals need no range.

   What a reader gets by taking one printed cell from another that holds it, or all printed parts
   from their whole, is held to the same primary rules and needs the same ranges, although it is
   printed nowhere.
3. *Caution*: a number that is printed but rests on little.

References
----------
Cox (1980), Journal of the American Statistical Association 75(370), 377-385; Fischetti and
Salazar-González (2001), Journal of the American Statistical Association 96(455), 1101-1114;
Hundepool et al. (2012), Statistical Disclosure Control, Wiley, chapters 4 and 5.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import Cell
from divide_index.errors import EstimationError, Finding
from divide_index.levels import LevelResult, NonresponseBand
from divide_index.publication.atoms import atoms_of
from divide_index.publication.attack import Attack, secondaries
from divide_index.publication.sensitivity import CellSets, DisclosureRule, Reason
from divide_index.schema import SurveySchema

__all__ = ["DisclosureRule", "Reason", "Suppression", "protect"]

_DEFAULT = DisclosureRule()


@dataclass(frozen=True, slots=True, eq=False)
class Suppression:
    """What of a table of levels is not published.

    Parameters
    ----------
    rule
        The rule applied.
    cells
        Every cell of the table.
    primary
        The cells a rule forbids, with the rules.
    secondary
        The cells that would give another back.
    cautious
        The rows, as cell and dimension, that are published with caution.
    differences
        How many differences of cells, printed nowhere, had to be protected.
    """

    rule: DisclosureRule
    cells: tuple[Cell, ...]
    primary: Mapping[Cell, tuple[Reason, ...]]
    secondary: frozenset[Cell]
    cautious: frozenset[tuple[Cell, str]]
    differences: int = 0

    @property
    def suppressed(self) -> frozenset[Cell]:
        """Every cell that is not published, for whatever reason."""
        return frozenset(self.primary) | self.secondary

    def is_suppressed(self, domain: str, category: str) -> bool:
        """Return whether a cell is not published."""
        return (domain, category) in _places(self.suppressed)

    def flag(self, domain: str, category: str, dimension: str) -> str:
        """Return the flag of a row: empty, ``caution`` or ``suppressed``."""
        if self.is_suppressed(domain, category):
            return "suppressed"
        cautious = {(cell.domain, cell.category, name) for cell, name in self.cautious}
        return "caution" if (domain, category, dimension) in cautious else ""

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame of results as it may be published.

        Parameters
        ----------
        frame
            With columns ``domain`` and ``category``, such as ``LevelResult.to_frame()``,
            ``LevelResult.precision()`` or ``NonresponseBand.to_frame()``.

        Returns
        -------
        DataFrame
            Every number of a suppressed row is missing; where it was an integer, the column
            is ``Int64``. A column ``flag`` says ``suppressed``, and ``caution`` where a row, or
            without a column ``dimension`` any dimension of its cell, calls for it.
        """
        shown = frame.copy()
        places = list(zip(shown["domain"], shown["category"], strict=True))
        hidden = _places(self.suppressed)
        is_hidden = np.array([place in hidden for place in places], dtype=bool)
        if is_hidden.any():
            for name in shown.columns:
                column = shown[name]
                if not pd.api.types.is_numeric_dtype(column):
                    continue
                whole = pd.api.types.is_integer_dtype(column)
                shown[name] = (column.astype("Int64") if whole else column).mask(is_hidden)
        if "flag" in shown.columns:
            shown["flag"] = np.where(is_hidden, "suppressed", self._cautions(shown, places))
        return shown

    def findings(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return findings as they may be published.

        Parameters
        ----------
        findings
            Of the survey or of the levels.

        Returns
        -------
        tuple of Finding
            Where anything is suppressed, no number of records is told: with that of those who
            stand in no category, a category would be its population less the others. No finding
            names a suppressed cell.
        """
        kept: list[Finding] = []
        names = {f"{cell.domain}/{cell.category}" for cell in self.suppressed}
        for finding in findings:
            params = finding.params
            match finding.code:
                case "DI-W032" if names:
                    population, domain = params["population"], params["domain"]
                    kept.append(Finding.of("DI-W240", population=population, domain=domain))
                case "DI-W033" if names:
                    kept.append(Finding.of("DI-W241", population=params["population"]))
                case code if names and "cells" in params:
                    listed: Any = params["cells"]
                    cells = [name for name in listed if name not in names]
                    kept += [Finding.of(code, **{**params, "cells": cells})] if cells else []
                case _ if names and "count" in params:
                    kept.append(Finding.of("DI-W242", told=finding.code))
                case _:
                    kept.append(finding)
        return tuple(kept)

    def summary(self) -> dict[str, Any]:
        """Return the rule and what it did, in numbers that give no cell back."""
        return {
            "rule": asdict(self.rule),
            "cells": len(self.cells),
            "primary": len(self.primary),
            "secondary": len(self.secondary),
            "cautious_rows": len(self.cautious),
        }

    def _cautions(self, frame: pd.DataFrame, places: list[tuple[str, str]]) -> list[str]:
        rows = {(cell.domain, cell.category, name) for cell, name in self.cautious}
        if "dimension" in frame.columns:
            named = zip(places, frame["dimension"], strict=True)
            return ["caution" if (*place, name) in rows else "" for place, name in named]
        cells = {row[:2] for row in rows}
        return ["caution" if place in cells else "" for place in places]


def protect(
    result: LevelResult,
    rule: DisclosureRule = _DEFAULT,
    *,
    band: NonresponseBand | None = None,
    complete: NDArray[np.bool_] | None = None,
) -> Suppression:
    """Decide which cells of a table of levels are published.

    Parameters
    ----------
    result
        The levels.
    rule
        When a cell may not be published.
    band
        The nonresponse band published beside the levels: its respondents count too.
    complete
        Who counts in a decomposition published beside the levels, shape ``(n,)``: they are held
        to the same threshold in every cell.

    Returns
    -------
    Suppression
        Cells of the same records are suppressed together, an average with any of its members.
        The same whatever the order of the records.

    Raises
    ------
    EstimationError
        The reference itself would have to be suppressed.
    """
    schema = result.scores.survey.schema
    sets = CellSets.of(atoms_of(result, band, max(rule.dominance_n, 2), complete), rule, schema)
    reasons = sets.reasons()
    if reasons[0]:
        raise EstimationError("DI-E240", rules=list(reasons[0]))
    primary = np.array([bool(each) for each in reasons])
    implicit = sets.differences()
    suppressed = primary
    if primary.any() or implicit:
        suppressed = secondaries(
            Attack(sets.members, sets.quantities),
            primary,
            costs=sets.costs(),
            targets=[
                sets.target(members, is_primary=is_primary)
                for members, is_primary in zip(sets.members, primary.tolist(), strict=True)
            ],
            implicit=[sets.target(members, is_primary=True) for members in implicit],
            follows=sets.follows(),
        )
    by_rule: dict[Cell, tuple[Reason, ...]] = {}
    hidden: set[Cell] = set()
    for cell, index in sets.positions():
        if primary[index]:
            by_rule[cell] = reasons[index]
        if suppressed[index]:
            hidden.add(cell)
    hidden |= _averages_of(hidden, sets.atoms.cells, schema)
    return Suppression(
        rule=rule,
        cells=sets.atoms.cells,
        primary=MappingProxyType(by_rule),
        secondary=frozenset(hidden - by_rule.keys()),
        cautious=_cautious(result, rule, hidden),
        differences=len(implicit),
    )


def _averages_of(hidden: set[Cell], cells: Sequence[Cell], schema: SurveySchema) -> set[Cell]:
    """Return the averages of which a member is suppressed."""
    groups = {cell.category for cell in hidden if cell.domain == "group"}
    return {
        cell
        for cell in cells
        if cell.domain == "average" and groups & {*schema.averages[cell.category].members}
    }


def _cautious(
    result: LevelResult, rule: DisclosureRule, hidden: set[Cell]
) -> frozenset[tuple[Cell, str]]:
    """Return the published rows that rest on little."""
    limits = rule.caution_cv * result.estimate.values
    few = (result.n < rule.caution_n) | (result.degrees_of_freedom < rule.caution_df)
    doubtful = (result.n > 0) & (few | (result.std_errors > limits))
    rows = zip(result.cells, result.dimensions, doubtful.tolist(), strict=True)
    return frozenset((cell, name) for cell, name, is_so in rows if is_so and cell not in hidden)


def _places(cells: Iterable[Cell]) -> set[tuple[str, str]]:
    return {(cell.domain, cell.category) for cell in cells}
