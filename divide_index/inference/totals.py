"""Sums over PSUs: what a variance is made of."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


def psu_sums(values: Floats, psu: Indices, psus: int) -> Floats:
    """Return sums over each PSU.

    Parameters
    ----------
    values
        Shape ``(n, m)``.
    psu
        PSU of each row, shape ``(n,)``, values ``0 … P-1``.
    psus
        Their number ``P``.

    Returns
    -------
    sums
        Shape ``(P, m)``.
    """
    from scipy.sparse import csr_array

    rows = np.arange(psu.size + 1)
    belongs = csr_array((np.ones(psu.size), psu, rows), shape=(psu.size, psus))
    return np.asarray(belongs.T @ values, dtype=np.float64)
