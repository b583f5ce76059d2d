"""Why groups lag the reference: regression decompositions of their levels."""
