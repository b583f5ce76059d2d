"""The colours of every figure: told apart by the colour-blind, and in grey by shape and dash.

No two are the same, so that a page may map each of them to a colour of its own, for the dark.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

INK: Final = "#1b2028"  # labels and numbers
MUTED: Final = "#59616e"  # axes and whatever explains
REFERENCE: Final = "#7b8492"  # the line of the reference
GRID: Final = "#dde1e7"
PAPER: Final = "#ffffff"  # inside hollow marks
ACCENT: Final = "#12599f"  # levels
LINK: Final = "#9db9d6"  # between two levels
TARGET: Final = "#b3450c"

# One hue from light to dark. Their luminances leave out what carries neither a dark nor a light
# text at a contrast of 4.5.
TILES: Final = ("#e4eff9", "#bcd7ee", "#8fbbe0", "#3471ae", "#0d4377")
ON_LIGHT: Final = "#14181f"  # text on a tile
ON_DARK: Final = "#fdfdfe"
EMPTY: Final = "#f4f5f7"  # a tile without a level
HATCH: Final = "#a7aeb9"

# What lowers a level is brown, what raises it teal: two hues that no colour-blindness merges, of
# one lightness step by step. In grey a bar's hatching or a number's sign says which it is.
FALL: Final = "#d9a95c"  # bars of factors
RISE: Final = "#74bab0"
FALL_REST: Final = "#f5e6cb"  # bars of what no factor explains
RISE_REST: Final = "#d5edea"
FALL_EDGE: Final = "#8a5a12"
RISE_EDGE: Final = "#0d625b"
# Cells, from near zero outwards: the last step carries PAPER, the others INK. In the dark both
# turn with the page, so that a larger part is further from its ground there as well.
BELOW: Final = ("#f6e3bf", "#dfae62", "#84540f")
ABOVE: Final = ("#cde9e4", "#79c0b5", "#0f6a62")
NEUTRAL: Final = "#eef0f3"

PALETTE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ink": INK,
        "muted": MUTED,
        "reference": REFERENCE,
        "grid": GRID,
        "paper": PAPER,
        "accent": ACCENT,
        "link": LINK,
        "target": TARGET,
        **{f"tile-{step}": colour for step, colour in enumerate(TILES, 1)},
        "on-light": ON_LIGHT,
        "on-dark": ON_DARK,
        "empty": EMPTY,
        "hatch": HATCH,
        "fall": FALL,
        "rise": RISE,
        "fall-rest": FALL_REST,
        "rise-rest": RISE_REST,
        "fall-edge": FALL_EDGE,
        "rise-edge": RISE_EDGE,
        **{f"below-{step}": colour for step, colour in enumerate(BELOW, 1)},
        **{f"above-{step}": colour for step, colour in enumerate(ABOVE, 1)},
        "neutral": NEUTRAL,
    }
)


_LINEAR: Final = 0.04045  # below this, sRGB is linear


def contrast(colour: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2 defines it."""
    darker, lighter = sorted((_luminance(colour), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(colour: str) -> str:
    """Return which of the two text colours of a tile is the more legible on a colour."""
    return max((ON_LIGHT, ON_DARK), key=lambda text: contrast(text, colour))


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
