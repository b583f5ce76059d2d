"""Levels relative to the reference population (= 100), with design-based uncertainty."""

from divide_index.levels.band import NonresponseBand, Treatment, nonresponse_band
from divide_index.levels.estimation import relative_levels
from divide_index.levels.result import (
    Cases,
    DegreesOfFreedom,
    LevelResult,
    Variance,
    VarianceMethod,
)

__all__ = [
    "Cases",
    "DegreesOfFreedom",
    "LevelResult",
    "NonresponseBand",
    "Treatment",
    "Variance",
    "VarianceMethod",
    "nonresponse_band",
    "relative_levels",
]
