"""How many examples Hypothesis draws, where a test says how many it wants."""

from hypothesis import settings


def examples(wanted: int) -> int:
    """Return as many as wanted, or as the profile in force allows if that is fewer."""
    return min(wanted, settings.default.max_examples if settings.default else wanted)
