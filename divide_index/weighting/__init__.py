"""Weights of a survey: adjusted for nonresponse, calibrated to known totals, trimmed."""

from divide_index.weighting.calibrating import calibrate, margins_of, rake
from divide_index.weighting.diagnostics import WeightDiagnostics, weight_diagnostics
from divide_index.weighting.nonresponse import adjust_nonresponse
from divide_index.weighting.trimming import trim
from divide_index.weighting.writing import weighted_files

__all__ = [
    "WeightDiagnostics",
    "adjust_nonresponse",
    "calibrate",
    "margins_of",
    "rake",
    "trim",
    "weight_diagnostics",
    "weighted_files",
]
