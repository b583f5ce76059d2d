"""Digital informatization levels from survey microdata, with design-based standard errors.

The names below are the public face. They are imported when first used, so that
``import divide_index`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from divide_index.change import (
        ChangeDecomposition,
        ChangeResult,
        ChangeSources,
        LinkedResult,
        beta_convergence,
        change_decomposition,
        change_sources,
        compare_years,
        linked_levels,
        pool,
        sigma_convergence,
    )
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
    from divide_index.levels import (
        LevelResult,
        VarianceMethod,
        nonresponse_band,
        relative_levels,
    )
    from divide_index.publication.figures import plot
    from divide_index.publication.report import Report
    from divide_index.schema import SurveySchema, load_schema
    from divide_index.scoring import Scores, score
    from divide_index.simulate import simulate_survey
    from divide_index.survey import Survey, read_survey
    from divide_index.tabulation import MeanResult, tabulate
    from divide_index.target import (
        LeverResult,
        TargetResult,
        cheapest_mix,
        distance_to_target,
        lever_effects,
        plan_goals,
        project_published,
    )
    from divide_index.waves import Waves, read_waves
    from divide_index.weighting import (
        WeightDiagnostics,
        adjust_nonresponse,
        calibrate,
        rake,
        trim,
        weight_diagnostics,
        weighted_files,
    )

_ROOM_OF = {
    "ChangeDecomposition": "change",
    "ChangeResult": "change",
    "ChangeSources": "change",
    "DecompositionResult": "decomposition",
    "Inspection": "inspection",
    "LevelResult": "levels",
    "LeverResult": "target",
    "LinkedResult": "change",
    "MeanResult": "tabulation",
    "RegressionResult": "decomposition",
    "Report": "publication.report",
    "Scores": "scoring",
    "SpreadResult": "decomposition",
    "StandardisedResult": "decomposition",
    "Survey": "survey",
    "SurveySchema": "schema",
    "TargetResult": "target",
    "TwoGroupResult": "decomposition",
    "VarianceMethod": "levels",
    "Waves": "waves",
    "WeightDiagnostics": "weighting",
    "adjust_nonresponse": "weighting",
    "beta_convergence": "change",
    "calibrate": "weighting",
    "change_decomposition": "change",
    "change_sources": "change",
    "cheapest_mix": "target",
    "check_survey": "inspection",
    "compare_years": "change",
    "decompose_gap": "decomposition",
    "distance_to_target": "target",
    "identity_check": "history",
    "level_spread": "decomposition",
    "lever_effects": "target",
    "linked_levels": "change",
    "load_schema": "schema",
    "nonresponse_band": "levels",
    "oaxaca_blinder": "decomposition",
    "plan_goals": "target",
    "plot": "publication.figures",
    "pool": "change",
    "project_published": "target",
    "published_levels": "history",
    "quantile_gap": "decomposition",
    "rake": "weighting",
    "read_survey": "survey",
    "read_waves": "waves",
    "regress_scores": "decomposition",
    "relative_levels": "levels",
    "reweighted_gap": "decomposition",
    "score": "scoring",
    "sigma_convergence": "change",
    "simulate_survey": "simulate",
    "standardised_levels": "decomposition",
    "tabulate": "tabulation",
    "trim": "weighting",
    "weight_diagnostics": "weighting",
    "weighted_files": "weighting",
}

__all__ = [
    "ChangeDecomposition",
    "ChangeResult",
    "ChangeSources",
    "DecompositionResult",
    "Inspection",
    "LevelResult",
    "LeverResult",
    "LinkedResult",
    "MeanResult",
    "RegressionResult",
    "Report",
    "Scores",
    "SpreadResult",
    "StandardisedResult",
    "Survey",
    "SurveySchema",
    "TargetResult",
    "TwoGroupResult",
    "VarianceMethod",
    "Waves",
    "WeightDiagnostics",
    "adjust_nonresponse",
    "beta_convergence",
    "calibrate",
    "change_decomposition",
    "change_sources",
    "cheapest_mix",
    "check_survey",
    "compare_years",
    "decompose_gap",
    "distance_to_target",
    "identity_check",
    "level_spread",
    "lever_effects",
    "linked_levels",
    "load_schema",
    "nonresponse_band",
    "oaxaca_blinder",
    "plan_goals",
    "plot",
    "pool",
    "project_published",
    "published_levels",
    "quantile_gap",
    "rake",
    "read_survey",
    "read_waves",
    "regress_scores",
    "relative_levels",
    "reweighted_gap",
    "score",
    "sigma_convergence",
    "simulate_survey",
    "standardised_levels",
    "tabulate",
    "trim",
    "weight_diagnostics",
    "weighted_files",
]


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(name)
    return getattr(import_module(f"divide_index.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
