"""What a reader can compute about suppressed cells, and which further cells that takes away.

Atoms hold unknown non-negative numbers; every printed cell is a known sum of them. A linear
programme gives the interval in which the value of any other set of records must lie.

References
----------
Cox (1980), Journal of the American Statistical Association 75(370), 377-385; Kelly, Golden and
Assad (1992), Networks 22(4), 397-417; Fischetti and Salazar-González (2001), Journal of the
American Statistical Association 96(455), 1101-1114; Hundepool et al. (2012), Statistical
Disclosure Control, Wiley, chapter 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

_CLOSE = 1e-6  # of a needed width
_NOISE = 1e-9  # of a direction, whose largest step is 1
_FAR = 1e15  # instead of infinity


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A set of records whose values must stay unknown.

    ``members`` are its atoms, 0 or 1, shape ``(A,)``; ``needs`` how wide the interval of each
    quantity must be, shape ``(Q,)``.
    """

    members: Floats
    needs: Floats


class Attack:
    """Everything a reader may know of a table, whichever of its cells are printed.

    Every linear programme ends in a direction: a change of the atoms that no printed cell
    notices. It is kept, for it serves other cells and quantities too.

    Parameters
    ----------
    sets
        The sets that may be printed, shape ``(S, A)``, no two alike.
    values
        The true values of each additive quantity, not negative, shape ``(Q, A)``.
    """

    def __init__(self, sets: Mask, values: Floats) -> None:
        self._sets = sets.astype(np.float64)
        self._values = values
        self._directions = np.zeros((0, sets.shape[1]))
        self._moved = np.zeros((0, sets.shape[0]))
        self._steps = np.zeros((0, 2, values.shape[0]))

    def exposed(
        self, printed: Mask, targets: Sequence[Target], first: Sequence[int] = ()
    ) -> tuple[int, int] | None:
        """Return a target and quantity whose interval is too narrow, None if there is none.

        Parameters
        ----------
        printed
            Which sets are printed, shape ``(S,)``.
        targets
            What must stay unknown.
        first
            Targets to look at before the others.
        """
        if not targets:
            return None
        members = np.stack([target.members for target in targets])
        needs = np.stack([target.needs for target in targets])
        before = set(first)
        order = [*first, *(index for index in range(len(targets)) if index not in before)]
        is_narrow = self._reached(printed, members) < needs * (1 - _CLOSE)
        for index in order:
            for quantity in range(needs.shape[1]):
                if not is_narrow[index, quantity]:
                    continue
                if not self._is_wide(printed, targets[index], quantity):
                    return index, quantity
                is_narrow &= self._reached(printed, members) < needs * (1 - _CLOSE)
                is_narrow[index, quantity] = False
        return None

    def hiding(self, printed: Mask, costs: Floats, target: Target, quantity: int) -> Indices:
        """Return sets that make a target's interval wide enough when they are not printed.

        Two states of the atoms are sought that differ in the target by what it needs, and in
        the printed sets, weighted by their costs, by as little as possible.

        Parameters
        ----------
        printed
            Which sets are printed, shape ``(S,)``.
        costs
            What it costs to suppress each, shape ``(S,)``; infinite where it is forbidden.
        target, quantity
            What is too narrow.
        """
        classes, sets, own = self._merged(printed, target.members)
        x = np.bincount(classes, self._values[quantity]) / target.needs[quantity]
        movable = np.isfinite(costs[printed])
        rows, size, slack = sets.shape[0], x.size, int(movable.sum())
        free = np.zeros((rows, slack))
        free[movable] = np.eye(slack)
        nothing, still = np.zeros((rows, size)), np.zeros((rows, slack))
        equal = np.block(
            [[sets, nothing, free, -free, still, still], [nothing, sets, still, still, free, -free]]
        )
        price = np.tile(costs[printed][movable], 4)
        solution = _least(
            np.concatenate([np.zeros(2 * size), price / price.max(initial=1.0)]),
            equal,
            np.concatenate([-own, own, np.zeros(4 * slack)]),
            -1.0,
            np.concatenate([-x, -x, np.zeros(4 * slack)]),
        )
        if solution is None:
            return np.zeros(0, dtype=np.intp)
        for change in (solution[:size], solution[size : 2 * size]):
            self._keep(self._spread(classes, change, quantity))
        moved = solution[2 * size :].reshape(4, slack).sum(axis=0) > _CLOSE
        return np.flatnonzero(printed)[movable][moved]

    def _is_wide(self, printed: Mask, target: Target, quantity: int) -> bool:
        """Return whether the interval of a target is as wide as it must be."""
        classes, sets, own = self._merged(printed, target.members)
        x = np.bincount(classes, self._values[quantity]) / target.needs[quantity]
        width = 0.0
        for sign in (1.0, -1.0):
            change = _least(-sign * own, sets, sign * own, 1.0, -x)
            if change is None:
                return False  # then more is suppressed than need be
            self._keep(self._spread(classes, change, quantity))
            width += float(sign * own @ change)
            if width >= 1 - _CLOSE:
                return True
        return False

    def _merged(self, printed: Mask, members: Floats) -> tuple[Indices, Floats, Floats]:
        """Return the class of each atom that neither printed sets nor the target tell apart.

        With the printed sets and the target in terms of classes.
        """
        seen = np.vstack([self._sets[printed], members])
        packed = np.ascontiguousarray(np.packbits(seen > 0, axis=0).T)
        first, classes = np.unique(packed, axis=0, return_index=True, return_inverse=True)[1:]
        return classes.reshape(-1).astype(np.intp), seen[:-1, first], members[first]

    def _spread(self, classes: Indices, change: Floats, quantity: int) -> Floats:
        """Return a change of classes as one of atoms, in proportion to their values."""
        x = self._values[quantity]
        of_class = np.bincount(classes, x)[classes]
        even = 1.0 / np.bincount(classes)[classes]
        shares = np.divide(x, of_class, out=even, where=of_class > 0)
        return change[classes] * shares

    def _keep(self, direction: Floats) -> None:
        size = float(np.abs(direction).max(initial=0.0))
        if size <= 0:
            return
        direction = direction / size
        direction[np.abs(direction) < _NOISE] = 0.0
        steps = np.full((2, self._values.shape[0]), _FAR)
        for sign, row in zip((1.0, -1.0), steps, strict=True):
            falls = sign * direction < 0
            if falls.any():
                row[:] = (self._values[:, falls] / np.abs(direction[falls])).min(axis=1)
        self._directions = np.vstack([self._directions, direction])
        self._moved = np.vstack([self._moved, self._sets @ direction])
        self._steps = np.concatenate([self._steps, steps[None]])

    def _reached(self, printed: Mask, members: Floats) -> Floats:
        """Return how wide the intervals are at least, by target and quantity, ``(T, Q)``."""
        unseen = (np.abs(self._moved[:, printed]) < _NOISE).all(axis=1)
        steps = self._steps[unseen]
        moves = (self._directions[unseen] @ members.T)[:, :, None]
        forth, back = moves * steps[:, 0][:, None, :], -moves * steps[:, 1][:, None, :]
        both = np.concatenate([np.zeros((1, members.shape[0], steps.shape[2])), forth, back])
        return both.max(axis=0) - both.min(axis=0)


def _least(
    price: Floats, equal: Floats, row: Floats, limit: float, lowest: Floats
) -> Floats | None:
    """Return what makes ``price · x`` least, None where there is no such x.

    Subject to ``equal x = 0``, ``row · x ≤ limit`` and ``x ≥ lowest``.
    """
    from scipy.optimize import linprog

    found = linprog(
        price,
        A_ub=row[None, :],
        b_ub=np.array([limit]),
        A_eq=equal,
        b_eq=np.zeros(equal.shape[0]),
        bounds=[(low, None) for low in lowest.tolist()],
        method="highs",
        options={"presolve": False},  # the programmes are small: it costs more than it saves
    )
    return np.asarray(found.x, dtype=np.float64) if found.status == 0 else None


def secondaries(
    attack: Attack,
    primary: Mask,
    *,
    costs: Floats,
    targets: Sequence[Target],
    implicit: Sequence[Target],
    follows: Sequence[tuple[int, int]],
) -> Mask:
    """Return which sets must not be printed so that nothing suppressed can be computed.

    Parameters
    ----------
    attack
        What readers know.
    primary
        Which sets may not be printed on their own account, shape ``(S,)``.
    costs
        What it costs to suppress each, shape ``(S,)``; infinite where it is forbidden.
    targets
        What each set needs when it is suppressed, ``S`` of them.
    implicit
        Differences of sets that must stay unknown too.
    follows
        Pairs of sets of which the first is suppressed with the second.

    Returns
    -------
    suppressed
        Primary and secondary, shape ``(S,)``.
    """
    suppressed = _closed(primary, costs, follows)
    causes: dict[int, Target] = {}
    while True:
        listed = [*_listed(targets, suppressed), *implicit]
        found = attack.exposed(~suppressed, listed)
        if found is None:
            break
        target, quantity = listed[found[0]], found[1]
        added = attack.hiding(~suppressed, costs, target, quantity)
        if not added.size:
            added = _cheapest(suppressed, costs)
        if not added.size:  # nothing but the reference is printed
            break
        causes |= {int(each): target for each in added}
        suppressed[added] = True
        suppressed = _closed(suppressed, costs, follows)
    followers = {follower for follower, _ in follows}
    extra = np.flatnonzero(suppressed & ~primary).tolist()
    for each in sorted(extra, key=lambda s: (s in followers, -costs[s], s)):
        trial = suppressed.copy()
        trial[each] = False
        if not np.array_equal(_closed(trial, costs, follows), trial):
            continue
        listed = [*_listed(targets, trial), *implicit]
        first = [i for i, target in enumerate(listed) if target is causes.get(each)]
        if attack.exposed(~trial, listed, first) is None:
            suppressed = trial
    return suppressed


def _listed(targets: Sequence[Target], suppressed: Mask) -> list[Target]:
    return [targets[each] for each in np.flatnonzero(suppressed).tolist()]


def _closed(suppressed: Mask, costs: Floats, follows: Sequence[tuple[int, int]]) -> Mask:
    """Return the suppressed sets with those that are suppressed with them."""
    closed = suppressed.copy()
    for follower, leader in follows:  # no set that is followed follows another
        closed[follower] |= closed[leader] and bool(np.isfinite(costs[follower]))
    return closed


def _cheapest(suppressed: Mask, costs: Floats) -> Indices:
    """Return the printed set that costs least to suppress, if there is one."""
    left = np.where(suppressed, np.inf, costs)
    best = int(left.argmin())
    return np.array([best] if np.isfinite(left[best]) else [], dtype=np.intp)
