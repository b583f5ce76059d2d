"""The nonresponse band: how far a level moves when the unanswered are treated otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from divide_index.levels.estimation import levels_by_cases
from divide_index.levels.result import Cases, LevelResult
from divide_index.schema import OVERALL

Treatment = Literal["available", "complete", "missing_as_zero", "answered_everything"]
_CASES: dict[Treatment, Cases] = {
    "available": "available",
    "complete": "complete",
    "missing_as_zero": "missing_as_zero",
    "answered_everything": "answered",
}


@dataclass(frozen=True, slots=True, eq=False)
class NonresponseBand:
    """The same levels under four treatments of item nonresponse.

    ``available``: each dimension uses the people who have it (the published level);
    ``complete``: people who have every dimension; ``missing_as_zero``: an unanswered item
    scores 0; ``answered_everything``: a mean is of people who answered all its items.
    """

    results: dict[Treatment, LevelResult]

    def to_frame(self) -> pd.DataFrame:
        """Return rows ``domain, category, dimension, treatment, n, level, std_error``."""
        # Cells of domains may stand in the result at hand, and are not computed again.
        results = [*self.results.values()]
        shared = {cell for cell in results[0].cells if all(cell in r.cells for r in results)}
        columns = ["domain", "category", "dimension", "n", "level", "std_error"]
        frames: list[pd.DataFrame] = []
        for treatment, result in self.results.items():
            rows = [cell in shared for cell in result.cells]
            frame = result.to_frame().loc[rows, columns]
            frame.insert(3, "treatment", treatment)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def bounds(self, domain: str, category: str, dimension: str = OVERALL) -> tuple[float, float]:
        """Return the lowest and highest of the levels of a cell."""
        levels = [result.level(domain, category, dimension) for result in self.results.values()]
        known = [level for level in levels if not np.isnan(level)]
        return (float(min(known)), float(max(known))) if known else (np.nan, np.nan)


def nonresponse_band(
    result: LevelResult, *, groups: Sequence[str] | None = None
) -> NonresponseBand:
    """Compute the levels of groups and averages under every treatment of item nonresponse.

    Parameters
    ----------
    result
        From :func:`relative_levels`; its scores, formula, condition and confidence are taken.
    groups
        Groups to select; by default every group of the schema, and averages of groups.
    """
    others: list[Cases] = [cases for cases in _CASES.values() if cases != result.cases]
    levels = {result.cases: result, **levels_by_cases(result, others, groups=groups)}
    return NonresponseBand({treatment: levels[cases] for treatment, cases in _CASES.items()})
