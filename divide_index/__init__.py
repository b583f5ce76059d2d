"""Digital informatization levels from survey microdata, with design-based standard errors.

The names below are the public face. They are imported when first used, so that
``import divide_index`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from divide_index.history import identity_check, published_levels
    from divide_index.inspection import Inspection, check_survey
    from divide_index.levels import LevelResult, nonresponse_band, relative_levels
    from divide_index.publication.figures import plot
    from divide_index.publication.report import Report
    from divide_index.schema import SurveySchema, load_schema
    from divide_index.scoring import Scores, score
    from divide_index.simulate import simulate_survey
    from divide_index.survey import Survey, read_survey
    from divide_index.tabulation import MeanResult, tabulate

_ROOM_OF = {
    "Inspection": "inspection",
    "LevelResult": "levels",
    "MeanResult": "tabulation",
    "Report": "publication.report",
    "Scores": "scoring",
    "Survey": "survey",
    "SurveySchema": "schema",
    "check_survey": "inspection",
    "identity_check": "history",
    "load_schema": "schema",
    "nonresponse_band": "levels",
    "plot": "publication.figures",
    "published_levels": "history",
    "read_survey": "survey",
    "relative_levels": "levels",
    "score": "scoring",
    "simulate_survey": "simulate",
    "tabulate": "tabulation",
}

__all__ = [
    "Inspection",
    "LevelResult",
    "MeanResult",
    "Report",
    "Scores",
    "Survey",
    "SurveySchema",
    "check_survey",
    "identity_check",
    "load_schema",
    "nonresponse_band",
    "plot",
    "published_levels",
    "read_survey",
    "relative_levels",
    "score",
    "simulate_survey",
    "tabulate",
]


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(name)
    return getattr(import_module(f"divide_index.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
