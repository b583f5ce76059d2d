"""Columns of covariates that repeat each other."""

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError

Floats = NDArray[np.float64]

_RANK = 1e-9  # of the largest eigenvalue of the scaled cross-products


def refuse_collinear(cross: Floats) -> None:
    """Refuse columns that others determine inside the cells."""
    spread = np.sqrt(np.diag(cross))
    flat = [int(k) for k in np.flatnonzero(spread <= 0)]
    if flat:
        raise EstimationError("DI-E260", columns=flat)
    values, vectors = np.linalg.eigh(cross / np.outer(spread, spread))
    null = values <= _RANK * values[-1]
    if null.any():
        loads = np.abs(vectors[:, null]).max(axis=1)
        raise EstimationError(
            "DI-E260", columns=[int(k) for k in np.flatnonzero(loads > _RANK**0.5)]
        )
