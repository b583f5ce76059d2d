"""Levels of several years: changes, trends, pools, links, and what changes are made of."""

from divide_index.change.composition import ChangeDecomposition, change_decomposition
from divide_index.change.convergence import (
    BetaConvergence,
    SigmaConvergence,
    beta_convergence,
    sigma_convergence,
)
from divide_index.change.linking import Link, LinkedResult, linked_levels
from divide_index.change.pooling import pool
from divide_index.change.result import ChangeResult, Comparisons, Verdict
from divide_index.change.sources import ChangeSources, change_sources
from divide_index.change.years import compare_years

__all__ = [
    "BetaConvergence",
    "ChangeDecomposition",
    "ChangeResult",
    "ChangeSources",
    "Comparisons",
    "Link",
    "LinkedResult",
    "SigmaConvergence",
    "Verdict",
    "beta_convergence",
    "change_decomposition",
    "change_sources",
    "compare_years",
    "linked_levels",
    "pool",
    "sigma_convergence",
]
