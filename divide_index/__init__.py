"""Digital informatization levels from survey microdata, with design-based standard errors.

The names below are the public face. They are imported when first used, so that
``import divide_index`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from divide_index.decomposition import (
        DecompositionResult,
        RegressionResult,
        SpreadResult,
        StandardisedResult,
        TwoGroupResult,
        decompose_gap,
        level_spread,
        oaxaca_blinder,
        quantile_gap,
        regress_scores,
        reweighted_gap,
        standardised_levels,
    )
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
    "DecompositionResult": "decomposition",
    "Inspection": "inspection",
    "LevelResult": "levels",
    "MeanResult": "tabulation",
    "RegressionResult": "decomposition",
    "Report": "publication.report",
    "Scores": "scoring",
    "SpreadResult": "decomposition",
    "StandardisedResult": "decomposition",
    "Survey": "survey",
    "SurveySchema": "schema",
    "TwoGroupResult": "decomposition",
    "check_survey": "inspection",
    "decompose_gap": "decomposition",
    "identity_check": "history",
    "level_spread": "decomposition",
    "load_schema": "schema",
    "nonresponse_band": "levels",
    "oaxaca_blinder": "decomposition",
    "plot": "publication.figures",
    "published_levels": "history",
    "quantile_gap": "decomposition",
    "read_survey": "survey",
    "regress_scores": "decomposition",
    "relative_levels": "levels",
    "reweighted_gap": "decomposition",
    "score": "scoring",
    "simulate_survey": "simulate",
    "standardised_levels": "decomposition",
    "tabulate": "tabulation",
}

__all__ = [
    "DecompositionResult",
    "Inspection",
    "LevelResult",
    "MeanResult",
    "RegressionResult",
    "Report",
    "Scores",
    "SpreadResult",
    "StandardisedResult",
    "Survey",
    "SurveySchema",
    "TwoGroupResult",
    "check_survey",
    "decompose_gap",
    "identity_check",
    "level_spread",
    "load_schema",
    "nonresponse_band",
    "oaxaca_blinder",
    "plot",
    "published_levels",
    "quantile_gap",
    "read_survey",
    "regress_scores",
    "relative_levels",
    "reweighted_gap",
    "score",
    "simulate_survey",
    "standardised_levels",
    "tabulate",
]


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(name)
    return getattr(import_module(f"divide_index.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
