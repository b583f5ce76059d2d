"""The cheapest mix of levers that reaches a level, within the bounds that the user gives.

Costs are linear in points, bounds and costs are the user's; neither is estimated. With the
reference held, for a single dimension, and for a ratio of composites the condition is linear, and
one linear programme solves it. The overall level of weighted ratios with a reference that moves is
a sum of ratios. In each dimension the ratio depends on one number, the rise of the mean, as long
as every lever raises the reference in the same proportion, and it is concave in it: tangents lie
above the level, and linear programmes with more and more of them (Kelley) close in on the target.

References
----------
Kelley (1960), Journal of the Society for Industrial and Applied Mathematics 8(4), 703-712.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.target.levers import LeverResult, Reference
from divide_index.target.response import SLACK, Response, refuse_beyond

Floats = NDArray[np.float64]

_ALIKE = 1e-9  # relative: proportions that only the last digits tell apart
_HALVINGS = 45  # of the way to a target: to its last digits
_TANGENTS = 200  # far more than a concave function of three dimensions asks for


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """The cheapest rises that reach a level.

    Parameters
    ----------
    levers
        Names, length ``J``.
    points, unit_costs
        Rises on scores 0-100, and the cost of one point of each, shape ``(J,)``.
    bounds
        Lowest and highest rise of each, as given, shape ``(J, 2)``.
    level, target
        What the mix reaches, and what it had to.
    reference
        ``recomputed`` or ``held``.
    """

    levers: tuple[str, ...]
    points: Floats
    unit_costs: Floats
    bounds: Floats
    level: float
    target: float
    reference: Reference

    @property
    def cost(self) -> float:
        """Of the whole mix, in the unit of the costs."""
        return float(self.unit_costs @ self.points)

    def raises(self) -> dict[str, float]:
        """Return the points of each lever, as :meth:`LeverResult.level_after` takes them."""
        return dict(zip(self.levers, self.points.tolist(), strict=True))

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per lever.

        Columns ``lever, points, lowest, highest, unit_cost, cost``.
        """
        return pd.DataFrame(
            {
                "lever": list(self.levers),
                "points": self.points,
                "lowest": self.bounds[:, 0],
                "highest": self.bounds[:, 1],
                "unit_cost": self.unit_costs,
                "cost": self.unit_costs * self.points,
            }
        )

    def __str__(self) -> str:
        """Return the rows, rounded for eyes."""
        return self.to_frame().to_string(index=False, float_format=lambda x: f"{x:.2f}")


def cheapest_mix(
    result: LeverResult,
    target: float | None = None,
    *,
    unit_costs: Mapping[str, float],
    bounds: Mapping[str, tuple[float, float]],
    reference: Reference = "recomputed",
) -> Mix:
    """Return the cheapest rises of levers that bring the level to a target.

    Parameters
    ----------
    result
        From :func:`divide_index.target.lever_effects`.
    target
        The level to reach; by default the schema's target.
    unit_costs
        Cost of one point of each lever, by name; not negative.
    bounds
        Lowest and highest rise of each, in points on its scores 0-100.
    reference
        Whether members who are part of the reference raise it too.

    Returns
    -------
    Mix
        Where several cost the same, one of them.

    Raises
    ------
    EstimationError
        DI-E350: the bounds do not reach the target; it says how far they get. DI-E351: a lever
        without a cost or bounds, or with impossible ones. DI-E352: the reference does not move in
        proportion. DI-E347: no such lever. DI-E348: bounds beyond full scores.
    """
    target = result.target if target is None else target
    if not math.isfinite(target):
        raise EstimationError("DI-E117", option="target", value=target, valid="-~")
    if reference not in {"recomputed", "held"}:
        valid = ["recomputed", "held"]
        raise EstimationError("DI-E117", option="reference", value=reference, valid=valid)
    costs, limits = _checked(unit_costs, bounds)
    chosen = np.array([result.position(name) for name in unit_costs], dtype=np.intp)
    whole = result.response.held() if reference == "held" else result.response
    response = _part(whole, chosen)
    _refuse_bounds(response, limits)
    points = _solved(response, target, costs, limits)
    if points is None:
        reach = _reach(response, target, limits)
        raise EstimationError("DI-E350", target=target, reach=reach, short=target - reach)
    level = response.level(points)
    return Mix(response.names, points, costs, limits, level, target, reference)


def _checked(
    unit_costs: Mapping[str, float], bounds: Mapping[str, tuple[float, float]]
) -> tuple[Floats, Floats]:
    """Return costs and bounds in one order."""
    wrong = sorted(set(unit_costs) ^ set(bounds))
    wrong += [name for name, cost in unit_costs.items() if not 0 <= cost < math.inf]
    wrong += [name for name, (low, high) in bounds.items() if not 0 <= low <= high < math.inf]
    if wrong or not unit_costs:
        raise EstimationError("DI-E351", levers=[*dict.fromkeys(wrong)])
    return np.array([*unit_costs.values()], dtype=np.float64), np.array(
        [bounds[name] for name in unit_costs], dtype=np.float64
    )


def _part(response: Response, chosen: NDArray[np.intp]) -> Response:
    """Return the response to some of the levers."""
    used = (response.limits[:, chosen] > 0).any(axis=1)
    return Response(
        names=tuple(response.names[int(place)] for place in chosen.tolist()),
        shares=response.shares,
        means=response.means,
        reference_means=response.reference_means,
        slopes=response.slopes[:, chosen],
        reference_slopes=response.reference_slopes[:, chosen],
        limits=response.limits[np.ix_(used, chosen)],
        most=response.most[used],
        formula=response.formula,
    )


def _refuse_bounds(response: Response, limits: Floats) -> None:
    """Refuse an upper bound beyond full scores by itself, and lower bounds that are so together."""
    for place in range(len(response.names)):
        alone = np.zeros(len(response.names))
        alone[place] = limits[place, 1]
        refuse_beyond(response, alone)
    refuse_beyond(response, limits[:, 0])


def _solved(response: Response, target: float, costs: Floats, limits: Floats) -> Floats | None:
    """Return the cheapest rises, shape ``(J,)``; None where the bounds do not reach the target."""
    if _is_linear(response):
        row, most = _linear_condition(response, target)
        return _programme(response, [row], [most], costs, limits)
    _refuse_uneven(response)
    rows: list[Floats] = []
    right: list[float] = []
    points = limits[:, 0]
    for _ in range(_TANGENTS):
        # L(x_k) + ∇L(x_k)(x - x_k) >= L(x), so whatever reaches the target fulfils this.
        gradient, level = response.gradient(points), response.level(points)
        rows.append(-gradient)
        right.append(level - target - float(gradient @ points))
        found = _programme(response, rows, right, costs, limits)
        if found is None or response.level(found) >= target - SLACK:
            return found
        points = found
    raise EstimationError("DI-E352", levers=response.names)


def _is_linear(response: Response) -> bool:
    """Return whether reaching a level is a linear condition."""
    is_single = response.shares.size == 1 or response.formula == "ratio_of_composites"
    return is_single or not response.reference_slopes.any()


def _linear_condition(response: Response, target: float) -> tuple[Floats, float]:
    """Return ``row @ x <= most``, which holds where the level is the target or above."""
    if response.reference_slopes.any() or response.formula == "ratio_of_composites":
        # 100 (M + a x) >= T (M_0 + b x)
        own, reference = (
            response.shares @ response.slopes,
            response.shares @ response.reference_slopes,
        )
        means = 100 * float(response.shares @ response.means)
        return target * reference - 100 * own, means - target * float(
            response.shares @ response.reference_means
        )
    nowhere = np.zeros(len(response.names))
    return -response.gradient(nowhere), response.level(nowhere) - target


def _refuse_uneven(response: Response) -> None:
    """Refuse levers for which the level is not concave.

    In a dimension ``(m + a x)/(m_0 + b x)`` is concave where ``b = k a`` and ``m_0 >= k m``.
    """
    own, reference = response.slopes, response.reference_slopes
    cross = own[:, :, None] * reference[:, None, :]
    uneven = np.abs(cross - np.swapaxes(cross, 1, 2)) > _ALIKE * np.abs(cross).max(initial=0.0)
    steep = own * response.reference_means[:, None] < reference * response.means[:, None]
    if uneven.any() or steep.any():
        found = uneven.any(axis=(0, 2)) | steep.any(axis=0)
        names = [name for name, each in zip(response.names, found, strict=True) if each]
        raise EstimationError("DI-E352", levers=names)


def _programme(
    response: Response, rows: list[Floats], right: list[float], costs: Floats, limits: Floats
) -> Floats | None:
    """Return the cheapest rises under ``row @ x <= right``, full scores and bounds, if any."""
    from scipy.optimize import linprog

    found = linprog(
        costs,
        A_ub=np.vstack([*rows, response.limits]),
        b_ub=np.array([*right, *response.most]),
        bounds=[(float(low), float(high)) for low, high in limits],
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if not found.success:
        return None
    return np.clip(np.asarray(found.x, dtype=np.float64), limits[:, 0], limits[:, 1])


def _reach(response: Response, target: float, limits: Floats) -> float:
    """Return the highest level within the bounds, which is below the target."""
    low, high = response.level(limits[:, 0]), target
    nothing = np.zeros(len(response.names))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _solved(response, middle, nothing, limits) is None:
            high = middle
        else:
            low = middle
    return low
