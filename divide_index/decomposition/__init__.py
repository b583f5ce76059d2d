"""Why groups lag the reference: regression decompositions of their levels."""

from divide_index.decomposition.against_reference import decompose_gap
from divide_index.decomposition.beside import (
    SpreadResult,
    StandardisedResult,
    level_spread,
    standardised_levels,
)
from divide_index.decomposition.cases import Basis
from divide_index.decomposition.regressions import RegressionResult, regress_scores
from divide_index.decomposition.result import DecompositionResult, PartRow, PathRow
from divide_index.decomposition.two_groups import (
    TwoGroupResult,
    oaxaca_blinder,
    quantile_gap,
    reweighted_gap,
)

__all__ = [
    "Basis",
    "DecompositionResult",
    "PartRow",
    "PathRow",
    "RegressionResult",
    "SpreadResult",
    "StandardisedResult",
    "TwoGroupResult",
    "decompose_gap",
    "level_spread",
    "oaxaca_blinder",
    "quantile_gap",
    "regress_scores",
    "reweighted_gap",
    "standardised_levels",
]
