"""Why groups lag the reference: regression decompositions of their levels."""

from divide_index.decomposition.against_reference import decompose_gap
from divide_index.decomposition.cases import Basis
from divide_index.decomposition.result import DecompositionResult, PartRow

__all__ = ["Basis", "DecompositionResult", "PartRow", "decompose_gap"]
