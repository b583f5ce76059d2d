"""The level a group would have with the reference's mix of people, as arrays.

Direct standardisation: the group's own mean in each class (of age, of age and education), weighed
by the reference's shares ``S_a`` of the classes. For one dimension, with ``m_0`` the reference's
mean and ``W`` the sums of weights::

    L_std = 100 Σ_a S_a m_ga / m_0
    z     = (100/m_0) [Σ_a S_a 1_ga (y - m_ga)/W_ga + Σ_a (1_a - S_a) 1_0 m_ga/W_0]
            - L_std (y - m_0) 1_0 / (m_0 W_0)

It is never shown without the crude level, so both come together, with their difference.

References
----------
Kitagawa (1955), Journal of the American Statistical Association 50(272), 1168-1194; Deville
(1999), Survey Methodology 25(2), 193-203.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.ratios import Formula
from divide_index.inference.totals import psu_sums

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class StandardisedLevels:
    """Crude and standardised levels of ``D`` dimensions and, last, of all together.

    Parameters
    ----------
    crude, standardised
        Reference = 100, shape ``(D + 1,)``.
    psu_totals
        Weighted influence summed over each PSU, of the crude levels, the standardised ones and
        their difference, shape ``(P, 3, D + 1)``.
    group_shares, reference_shares
        Share of each class in the weights, shape ``(A,)``.
    """

    crude: Floats
    standardised: Floats
    psu_totals: Floats
    group_shares: Floats
    reference_shares: Floats

    @property
    def difference(self) -> Floats:
        """Crude minus standardised level: what the group's own mix of classes does to it."""
        return self.crude - self.standardised


@dataclass(frozen=True, slots=True, eq=False)
class _Means:
    """Means ``(D,)`` and the PSU totals of their influence ``(P, D)``."""

    values: Floats
    moves: Floats


def standardise_levels(
    scores: Floats,
    weights: Floats,
    psu: Indices,
    psus: int,
    *,
    classes: Indices,
    group: Mask,
    reference: Mask,
    shares: Floats,
    formula: Formula,
) -> StandardisedLevels:
    """Return the levels of a group, crude and with the reference's mix of classes.

    Parameters
    ----------
    scores
        Scores of ``D`` dimensions, shape ``(n, D)``, finite; the reference's means are positive.
    weights
        Shape ``(n,)``; who has none is in neither the group nor the reference.
    psu
        PSU of each person, shape ``(n,)``, values ``0 … P-1``.
    psus
        Number of PSUs of the design, ``P``.
    classes
        Class of each person, shape ``(n,)``, values ``0 … A-1``.
    group, reference
        Who is in them, shape ``(n,)``: they may overlap, and need not.
    shares
        Weight ``ω`` of each dimension, shape ``(D,)``, summing to one.
    formula
        How dimensions make the overall level.

    Raises
    ------
    EstimationError
        DI-E270: the reference has people in classes in which the group has none.
        DI-E261: the group (0) or the reference (1) is empty.
    """
    group, reference = group & (weights > 0), reference & (weights > 0)
    empty = [place for place, who in enumerate((group, reference)) if not who.any()]
    if empty:
        raise EstimationError("DI-E261", groups=empty)
    count = int(classes.max()) + 1
    in_group = np.bincount(classes[group], weights[group], count)
    in_reference = np.bincount(classes[reference], weights[reference], count)
    lacking = np.flatnonzero((in_reference > 0) & (in_group == 0))
    if lacking.size:
        raise EstimationError("DI-E270", classes=[int(a) for a in lacking])
    mix = in_reference / in_reference.sum()

    def mean(who: Mask) -> _Means:
        w, y = weights[who], scores[who]
        values = w @ y / w.sum()
        return _Means(values, psu_sums(w[:, None] * (y - values) / w.sum(), psu[who], psus))

    sums = psu_sums(weights[group, None] * scores[group], classes[group], count)
    size = np.where(in_group > 0, in_group, 1.0)  # a class that neither has is never looked up
    means = sums / size[:, None]
    inside = classes[group]
    rate = weights[group] * (mix / size)[inside]
    own = psu_sums(rate[:, None] * (scores[group] - means[inside]), psu[group], psus)
    standard = mix @ means
    there = classes[reference]
    w_0 = weights[reference] / in_reference.sum()
    mixed = psu_sums(w_0[:, None] * (means[there] - standard), psu[reference], psus)
    base = mean(reference)
    crude, moves_crude = _levels(mean(group), base, shares, formula)
    standardised, moves = _levels(_Means(standard, own + mixed), base, shares, formula)
    return StandardisedLevels(
        crude,
        standardised,
        np.stack([moves_crude, moves, moves_crude - moves], axis=1),
        in_group / in_group.sum(),
        mix,
    )


def _levels(
    group: _Means, reference: _Means, shares: Floats, formula: Formula
) -> tuple[Floats, Floats]:
    """Return levels ``(D + 1,)`` of means, and the PSU totals of their influence."""
    levels = 100 * group.values / reference.values
    moves = (100 * group.moves - levels * reference.moves) / reference.values
    if formula == "weighted_ratios":
        return np.append(levels, shares @ levels), np.column_stack([moves, moves @ shares])
    composite = float(shares @ reference.values)
    overall = 100 * float(shares @ group.values) / composite
    together = (100 * group.moves - overall * reference.moves) @ shares / composite
    return np.append(levels, overall), np.column_stack([moves, together])
