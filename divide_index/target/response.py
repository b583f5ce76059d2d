"""How a level answers to rises of several levers at once: exactly, on plain arrays."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.ratios import Formula

Floats = NDArray[np.float64]

SLACK = 1e-9  # points: a bound computed from the same sums may miss by its last digits


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """How a level answers to rises of ``J`` levers, exactly, in ``D`` dimensions.

    Parameters
    ----------
    names
        Of the levers, length ``J``.
    shares
        Weights of the dimensions, shape ``(D,)``; one for the level of a single dimension.
    means, reference_means
        Mean scores 0-100, shape ``(D,)``.
    slopes, reference_slopes
        By how much these rise for one point of each lever, shape ``(D, J)``.
    limits, most
        Rises ``x`` with ``limits @ x <= most`` need no more than full scores, shapes ``(C, J)``
        and ``(C,)``.
    formula
        How dimensions make the overall level.
    """

    names: tuple[str, ...]
    shares: Floats
    means: Floats
    reference_means: Floats
    slopes: Floats
    reference_slopes: Floats
    limits: Floats
    most: Floats
    formula: Formula

    def held(self) -> "Response":
        """Return the same with the reference's means as they are."""
        return replace(self, reference_slopes=np.zeros_like(self.reference_slopes))

    def level(self, rises: Floats) -> float:
        """Return the level after rises in points, shape ``(J,)``."""
        m, m_0 = self._means(rises)
        if self.formula == "weighted_ratios":
            return float(self.shares @ (100 * m / m_0))
        return 100 * float(self.shares @ m) / float(self.shares @ m_0)

    def gradient(self, rises: Floats) -> Floats:
        """Return what one more point of each lever gives, after rises in points, shape ``(J,)``."""
        m, m_0 = self._means(rises)
        if self.formula == "weighted_ratios":
            each = self.slopes / m_0[:, None] - (m / m_0**2)[:, None] * self.reference_slopes
            return 100 * (self.shares @ each)
        whole, whole_0 = float(self.shares @ m), float(self.shares @ m_0)
        own, reference = self.shares @ self.slopes, self.shares @ self.reference_slopes
        return 100 * (own / whole_0 - whole / whole_0**2 * reference)

    def _means(self, rises: Floats) -> tuple[Floats, Floats]:
        return (
            self.means + self.slopes @ rises,
            self.reference_means + self.reference_slopes @ rises,
        )


def refuse_beyond(response: Response, rises: Floats) -> None:
    """Refuse rises that would take more than full scores.

    Raises
    ------
    EstimationError
        DI-E348: naming the levers and the points that are left for them, together where several
        raise the same scores.
    """
    over = response.limits @ rises > response.most + SLACK
    if over.any():
        rows = np.flatnonzero(over)
        names = [
            " + ".join(np.array(response.names)[response.limits[row] > 0].tolist()) for row in rows
        ]
        most = [float(response.most[row]) for row in rows]
        raise EstimationError("DI-E348", levers=names, most=most)
