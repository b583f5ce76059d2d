"""Numbers as they are printed: rounded half up on decimals, with the signs of the field."""

import math
from decimal import ROUND_HALF_UP, Decimal

NONE = "-"  # no such number
NOT_AVAILABLE = "…"
SUPPRESSED = "x"
CAUTION = "*"  # behind a number


def rounded(value: float, decimals: int = 1) -> str:
    """Return a number rounded half up on its shortest decimal form; never ``-0.0``."""
    if math.isnan(value):
        return NOT_AVAILABLE
    step = Decimal(1).scaleb(-decimals)
    number = Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_UP)
    return str(number or abs(number))


def signed(value: float, decimals: int = 1) -> str:
    """Return a difference with its sign, an ASCII hyphen-minus or a plus."""
    text = rounded(value, decimals)
    return text if text.startswith("-") or math.isnan(value) or float(text) == 0 else f"+{text}"


def interval(low: float, high: float, decimals: int = 1) -> str:
    """Return an interval as Korean statistics write it: ``79.2~82.0``."""
    if math.isnan(low) or math.isnan(high):
        return NOT_AVAILABLE
    return f"{rounded(low, decimals)}~{rounded(high, decimals)}"


def counted(value: int) -> str:
    """Return a count with thousands separated."""
    return f"{value:,}"


def percent(share: float) -> str:
    """Return a share, such as a confidence level, in percent and without a sign: ``95``."""
    return f"{100 * share:.10g}"
