"""Weights of a survey: adjusted for nonresponse, calibrated to known totals, trimmed."""

from divide_index.weighting.calibrating import calibrate, margins_of, rake
from divide_index.weighting.nonresponse import adjust_nonresponse
from divide_index.weighting.trimming import trim
from divide_index.weighting.writing import weighted_files

__all__ = ["adjust_nonresponse", "calibrate", "margins_of", "rake", "trim", "weighted_files"]
