"""Weights of a survey: adjusted for nonresponse, calibrated to known totals, trimmed."""

from divide_index.weighting.calibrating import calibrate, margins_of, rake
from divide_index.weighting.nonresponse import adjust_nonresponse
from divide_index.weighting.trimming import trim

__all__ = ["adjust_nonresponse", "calibrate", "margins_of", "rake", "trim"]
