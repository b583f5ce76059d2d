"""Levels relative to the reference population (= 100), with design-based uncertainty."""

from divide_index.cells import Cases
from divide_index.levels.band import TREATMENTS, NonresponseBand, Treatment, nonresponse_band
from divide_index.levels.estimation import DegreesOfFreedom, relative_levels
from divide_index.levels.result import LevelResult

__all__ = [
    "TREATMENTS",
    "Cases",
    "DegreesOfFreedom",
    "LevelResult",
    "NonresponseBand",
    "Treatment",
    "nonresponse_band",
    "relative_levels",
]
