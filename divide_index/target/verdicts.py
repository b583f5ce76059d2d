"""Whether a level reaches a target: verdicts on plain numbers.

Decimals are exact, as they are written: 84.4 - 1.4 reaches down to 83, which binary fractions
miss. Levels and targets in percent, reference = 100; errors in percentage points.
"""

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from divide_index.errors import EstimationError
from divide_index.inference.estimate import check_confidence

Published = Literal["missed", "reached"]
Sampled = Literal["missed", "edge", "reached", "unknown"]

_TENTH = Decimal("0.1")  # levels are published to one decimal


def as_published(level: float) -> Decimal:
    """Return a level rounded half up to one decimal, on its shortest decimal form.

    Raises
    ------
    EstimationError
        DI-E117: it is no number.
    """
    if not math.isfinite(level):
        raise EstimationError("DI-E117", option="level", value=level, valid="-~")
    return _exact(level).quantize(_TENTH, rounding=ROUND_HALF_UP)


def published_verdict(level: float, target: float) -> Published:
    """Return whether a level reaches a target once both are printed to one decimal."""
    return "reached" if as_published(level) >= as_published(target) else "missed"


def sampled_verdict(
    level: float,
    margin: float | None,
    target: float,
    *,
    bounds: tuple[float, float] | None = None,
) -> Sampled:
    """Return whether a level reaches a target, given its sampling error, without rounding.

    Parameters
    ----------
    level
        Unrounded.
    margin
        Half the width of its confidence interval; None or NaN where the error is not known.
    target
        What is to be reached.
    bounds
        Without a margin, the confidence interval; of NaN where there is none.

    Returns
    -------
    str
        ``"reached"`` if the lower bound is the target or above, ``"missed"`` if the upper bound
        is below it, ``"edge"`` (cannot tell) if it lies between them, ``"unknown"`` without an
        interval.
    """
    if margin is not None and not math.isnan(margin):
        low, high = _exact(level) - _exact(margin), _exact(level) + _exact(margin)
    elif bounds is not None and not (math.isnan(bounds[0]) or math.isnan(bounds[1])):
        low, high = map(_exact, bounds)
    else:
        return "unknown"
    if low >= _exact(target):
        return "reached"
    return "missed" if high < _exact(target) else "edge"


def probability_reached(level: float, std_error: float, target: float, df: float) -> float:
    """Return ``T_df((level - target) / std_error)``: how far the estimate speaks for the target.

    It is the share of the confidence distribution at or above the target: one minus the p-value
    of the one-sided test that the level is the target against its being higher. It is no
    posterior probability: the level is fixed and the sample random, and no prior enters. At an
    estimate equal to the target it is one half, whatever the error.

    Parameters
    ----------
    level
        The estimate.
    std_error
        Its standard error; NaN where it is not known.
    target
        What is to be reached.
    df
        Degrees of freedom of the t distribution; infinite for the normal one.

    Returns
    -------
    float
        NaN without a standard error or a degree of freedom. Without sampling error, 1 or 0.

    References
    ----------
    Xie, Singh (2013), International Statistical Review 81(1), 3-39.
    """
    from scipy.special import stdtr

    if math.isnan(level) or not _is_usable(std_error, df):
        return math.nan
    if std_error == 0:
        return 1.0 if level >= target else 0.0
    return float(stdtr(df, (level - target) / std_error))


def certain_level(target: float, std_error: float, df: float, confidence: float) -> float:
    """Return the estimate whose lower bound would be the target, with the standard error at hand.

    Parameters
    ----------
    target
        What is to be reached.
    std_error
        Standard error of the level now; that of a higher level may differ.
    df
        Degrees of freedom of the t quantile.
    confidence
        Of the two-sided interval, such as 0.95.

    Returns
    -------
    float
        NaN without a standard error or a degree of freedom.

    Raises
    ------
    EstimationError
        DI-E117: no such confidence.
    """
    from scipy.special import stdtrit

    check_confidence(confidence)
    if not _is_usable(std_error, df):
        return math.nan
    return target + float(stdtrit(df, (1 + confidence) / 2)) * std_error


def target_among_others(target: float, share: float) -> float:
    """Return what a target is relative to the rest, where the group is part of the reference.

    The reference's mean is ``s m_g + (1 - s) m_r``, so that ``m_g = t m_0`` means ``m_g/m_r =
    t (1 - s)/(1 - s t)``: 83 % of a nation with a share of .18 of the group is 80.0 % of the rest.

    Parameters
    ----------
    target
        In percent of the reference.
    share
        The group's share of the reference's weight, below 1.

    Returns
    -------
    float
        In percent of the reference without the group; NaN where no rest could have that level.

    Raises
    ------
    EstimationError
        DI-E117: the share is not from 0 to below 1.
    """
    if not 0 <= share < 1:
        raise EstimationError("DI-E117", option="share", value=share, valid="0~1")
    level = target / 100
    return 100 * level * (1 - share) / (1 - share * level) if share * level < 1 else math.nan


def _is_usable(std_error: float, df: float) -> bool:
    return std_error >= 0 and df >= 1  # NaN is neither


def _exact(number: float) -> Decimal:
    """Return a number as it is written in decimals."""
    return Decimal(repr(float(number)))
