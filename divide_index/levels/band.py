"""The nonresponse band: how far a level moves when the unanswered are treated otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from divide_index.inference.ratios import Formula
from divide_index.levels.estimation import relative_levels
from divide_index.levels.result import LevelResult
from divide_index.schema import OVERALL
from divide_index.scoring import Scores

if TYPE_CHECKING:
    from divide_index.cells import Cases

Treatment = Literal["available", "complete", "missing_as_zero", "answered_everything"]
TREATMENTS: tuple[Treatment, ...] = get_args(Treatment)


@dataclass(frozen=True, slots=True, eq=False)
class NonresponseBand:
    """The same levels under four treatments of item nonresponse.

    ``available``: each dimension uses the people who have it (the published level);
    ``complete``: people who have every dimension; ``missing_as_zero``: an unanswered item
    scores 0; ``answered_everything``: people who answered every item.
    """

    results: dict[Treatment, LevelResult]

    def to_frame(self) -> pd.DataFrame:
        """Return rows ``domain, category, dimension, treatment, n, level, std_error``."""
        frames: list[pd.DataFrame] = []
        for treatment, result in self.results.items():
            frame = result.to_frame()[
                ["domain", "category", "dimension", "n", "level", "std_error"]
            ]
            frame.insert(3, "treatment", treatment)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def bounds(self, domain: str, category: str, dimension: str = OVERALL) -> tuple[float, float]:
        """Return the lowest and highest of the levels of a cell."""
        levels = [result.level(domain, category, dimension) for result in self.results.values()]
        return float(np.nanmin(levels)), float(np.nanmax(levels))


def nonresponse_band(
    scores: Scores,
    by: Sequence[str] | str | None = None,
    *,
    groups: Sequence[str] | None = None,
    where: str | None = None,
    formula: Formula | None = None,
    available: LevelResult | None = None,
) -> NonresponseBand:
    """Compute levels under every treatment of item nonresponse.

    Parameters
    ----------
    scores, by, groups, where, formula
        As for :func:`relative_levels`.
    available
        The result of the same request on available cases, where it is at hand already.
    """
    cases: dict[Treatment, Cases] = {"complete": "complete", "answered_everything": "answered"}

    def levels(treatment: Treatment) -> LevelResult:
        if treatment == "available" and available is not None:
            return available
        return relative_levels(
            scores,
            by,
            groups=groups,
            where=where,
            formula=formula,
            cases=cases.get(treatment, "available"),
            missing_as_zero=treatment == "missing_as_zero",
        )

    return NonresponseBand({treatment: levels(treatment) for treatment in TREATMENTS})
