"""Tests of estimates: p-values, and their adjustment to a family of tests."""

import numpy as np
from numpy.typing import NDArray

from divide_index.inference.estimate import Estimate

Floats = NDArray[np.float64]


def p_values(estimate: Estimate) -> Floats:
    """Return two-sided p-values of the hypotheses that a value is zero, by its t statistic.

    Parameters
    ----------
    estimate
        ``k`` values, each with its own degrees of freedom.

    Returns
    -------
    p_values
        Shape ``(k,)``; NaN without a reliable standard error, and for a zero that has none: the
        reference against itself, the constant in what endowments explain.
    """
    from scipy.special import stdtr

    errors, size = estimate.reliable_std_errors, np.abs(estimate.values)
    testable = (errors > 0) | ((errors == 0) & (size > 0))
    t = np.divide(size, errors, out=np.full(size.shape, np.inf), where=errors > 0)
    df = np.where(testable, estimate.degrees_of_freedom, 1.0)
    return np.where(testable, 2 * stdtr(df, -t), np.nan)


def holm(p_values: Floats) -> Floats:
    """Return p-values adjusted to their family: the printed table they stand in.

    An adjusted value below 0.05 is significant while the chance of any false claim in the whole
    table stays below 5 %, whatever the dependence of its tests.

    Parameters
    ----------
    p_values
        Shape ``(k,)``; NaN where there is no test.

    Returns
    -------
    adjusted
        Shape ``(k,)``; NaN where there is no test, which does not count in the family.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70.
    """
    adjusted = np.full(p_values.shape, np.nan)
    tested = ~np.isnan(p_values)
    if tested.any():
        adjusted[tested] = _adjusted(p_values[tested])
    return adjusted


def _adjusted(p_values: Floats) -> Floats:
    """Return the running maximum of the ascending p-values times how many are left to test.

    statsmodels has the same, but collects all garbage of the process at every call.
    """
    order = np.argsort(p_values, kind="stable")
    raised = np.maximum.accumulate(p_values[order] * np.arange(p_values.size, 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted
