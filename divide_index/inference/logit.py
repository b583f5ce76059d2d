"""Logistic regression with survey weights: the one call of statsmodels for it."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_STEPS = 30  # a logit that exists needs ten; where it diverges, a step moves by one for ever
_STILL = 1e-9  # a step so small leaves an error of its square


def logit_coefficients(is_first: Mask, columns: Floats, weights: Floats) -> Floats:
    """Return the coefficients ``(L,)`` that solve ``Σ w z (1_A - p) = 0``.

    Parameters
    ----------
    is_first
        Who is in the group, shape ``(n,)``.
    columns
        Covariates ``z``, a constant among them, shape ``(n, L)``.
    weights
        Shape ``(n,)``, positive, about 1.

    Raises
    ------
    EstimationError
        DI-E271: covariates tell the group exactly, so no coefficients are finite; their columns.
    """
    from statsmodels.genmod.families import (  # pyright: ignore[reportMissingTypeStubs]
        Binomial,
    )
    from statsmodels.genmod.generalized_linear_model import (  # pyright: ignore[reportMissingTypeStubs]
        GLM,
    )

    # Survey weights in the place of frequencies give the right coefficients; its standard errors
    # take them for counts of people, and are never read.
    model: Any = GLM
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of separation: told below, as an error
        fit = model(
            is_first.astype(np.float64), columns, family=Binomial(), freq_weights=weights
        ).fit(maxiter=_STEPS, tol=_STILL, tol_criterion="params")
    if not fit.converged:
        before, last = (np.asarray(step) for step in fit.fit_history["params"][-2:])
        steps = np.abs(last - before)
        moving = np.flatnonzero(steps >= steps.max() / 10)
        raise EstimationError("DI-E271", columns=[int(k) for k in moving])
    return np.asarray(fit.params, dtype=np.float64)
