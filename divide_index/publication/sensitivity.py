"""Which sets of respondents are too few, or too unequal, to be told about.

References
----------
Hundepool et al. (2012), Statistical Disclosure Control, Wiley, chapter 4.
"""

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from divide_index.cells import Cell
from divide_index.errors import EstimationError
from divide_index.publication.atoms import Atoms
from divide_index.publication.attack import Target
from divide_index.schema import SurveySchema

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
Reason = Literal["threshold", "dominance", "p_ratio"]

_HEADLINES = {"total", "where", "group", "average"}  # what is in the nonresponse band too
_PENALTY = {"group": 100.0, "where": 100.0, "average": 10.0}  # of suppressing a secondary cell


@dataclass(frozen=True, slots=True)
class DisclosureRule:
    """When a cell may not be published, and when only with caution.

    Parameters
    ----------
    threshold
        The fewest respondents of a published cell, overall and in every dimension (threshold
        or minimum frequency rule).
    dominance_n, dominance_k
        A cell is sensitive where its ``n`` largest contributions hold more than the share ``k``
        of its total: the (n, k)-dominance rule.
    p_ratio
        A cell is sensitive where its total without the two largest contributions is less than
        ``p`` times the largest, for then the second largest contributor could estimate the
        largest to within ``p``: the p %-rule. It is also half the protection range of totals.
    caution_n, caution_df, caution_cv
        A published row calls for caution below so many respondents or degrees of freedom, or
        where the standard error is more than this share of the level.

    References
    ----------
    Hundepool et al. (2012), Statistical Disclosure Control, Wiley, section 4.2 (threshold,
    dominance, p %); Parker et al. (2017), National Center for Health Statistics Data
    Presentation Standards for Proportions, Vital and Health Statistics 2(175): sample size of
    30, 8 degrees of freedom, relative width of intervals.
    """

    threshold: int = 10
    dominance_n: int = 2
    dominance_k: float = 0.9
    p_ratio: float = 0.10
    caution_n: int = 30
    caution_df: float = 8
    caution_cv: float = 0.30

    def __post_init__(self) -> None:
        """Refuse numbers that make no rule.

        Raises
        ------
        EstimationError
            A number is out of its range.
        """
        whole, share = "1, 2, 3, …", "0~1"
        checks = {
            "threshold": (self.threshold >= 1, whole),
            "dominance_n": (self.dominance_n >= 1, whole),
            "dominance_k": (0 < self.dominance_k <= 1, share),
            "p_ratio": (0 <= self.p_ratio <= 1, share),
            "caution_n": (self.caution_n >= 0, "0, 1, 2, …"),
            "caution_df": (self.caution_df >= 0, "0, 1, 2, …"),
            "caution_cv": (self.caution_cv > 0, "> 0"),
        }
        for option, (is_right, valid) in checks.items():
            if not is_right:
                value = getattr(self, option)
                raise EstimationError("DI-E241", option=option, value=value, valid=valid)


@dataclass(frozen=True, slots=True, eq=False)
class CellSets:
    """The distinct sets of records behind the cells of a table, ``S`` of them.

    ``members`` says which atoms are in each, shape ``(S, A)``, the reference first; ``set_of``
    which set a cell is, -1 where nobody is in it, shape ``(C,)``; ``quantities`` what is additive:
    respondents of every kind, no two alike, then weighted totals, shape ``(Q, A)``.
    """

    atoms: Atoms
    rule: DisclosureRule
    schema: SurveySchema
    members: Mask
    set_of: Indices
    quantities: Floats

    @classmethod
    def of(cls, atoms: Atoms, rule: DisclosureRule, schema: SurveySchema) -> "CellSets":
        """Return the sets of a table, in the order of their first cells."""
        number: dict[bytes, int] = {}
        set_of = np.full(len(atoms.cells), -1, dtype=np.intp)
        for index, members in enumerate(atoms.members):
            if members.any():
                set_of[index] = number.setdefault(members.tobytes(), len(number))
        first = np.array([set_of.tolist().index(each) for each in range(len(number))])
        counts = np.unique(np.vstack([atoms.counts, atoms.others]), axis=0)
        quantities = np.vstack([counts, atoms.totals])
        return cls(atoms, rule, schema, atoms.members[first], set_of, quantities)

    def reasons(self) -> list[tuple[Reason, ...]]:
        """Return the primary rules that forbid each set."""
        headlines = {index for cell, index in self.positions() if cell.domain in _HEADLINES}
        return [
            reasons_of(members, self.atoms, self.rule, others=index in headlines)
            for index, members in enumerate(self.members)
        ]

    def positions(self) -> list[tuple[Cell, int]]:
        """Return every cell that is not empty with the position of its set."""
        pairs = zip(self.atoms.cells, cast("list[int]", self.set_of.tolist()), strict=True)
        return [(cell, index) for cell, index in pairs if index >= 0]

    def target(self, members: Mask, *, is_primary: bool) -> Target:
        """Return the protection ranges of a set of records."""
        totals = self.atoms.totals[:, members].sum(axis=1)
        share = min(2 * self.rule.p_ratio, 1.0) if is_primary else 0.0
        kinds = self.quantities.shape[0] - totals.size
        respondents = np.full(kinds, float(self.rule.threshold))
        return Target(members.astype(np.float64), np.concatenate([respondents, share * totals]))

    def costs(self) -> Floats:
        """Return what it costs to suppress each set: respondents, more for a headline."""
        costs = self.members @ np.maximum(self.atoms.counts[-1], 1.0)
        penalties = np.ones(costs.size)
        for cell, index in self.positions():
            penalties[index] = max(penalties[index], _PENALTY.get(cell.domain, 1.0))
        costs *= penalties
        costs[0] = np.inf
        return costs

    def follows(self) -> list[tuple[int, int]]:
        """Return averages with their members: one unknown level would follow from the others."""
        position = dict(self.positions())
        pairs: list[tuple[int, int]] = []
        for cell, index in position.items():
            if cell.domain != "average":
                continue
            members = [Cell("group", name) for name in self.schema.averages[cell.category].members]
            found = [position.get(member, -1) for member in members]
            pairs += [(index, member) for member in found if member not in {-1, index}]
        return pairs

    def differences(self) -> list[Mask]:
        """Return the sensitive differences of printed sets that are not themselves printed."""
        sets = self.members
        # An average's level is no mean of its members' records: nothing is taken from it.
        usable = sorted({index for cell, index in self.positions() if cell.domain != "average"})
        is_part = (sets.astype(np.int32) @ (~sets).T.astype(np.int32)) == 0
        known = {each.tobytes() for each in sets}
        found: dict[bytes, Mask] = {}
        for parts in [*([each] for each in usable), *self._families()]:
            for whole in usable:
                inside = [part for part in parts if part != whole and is_part[part, whole]]
                if not inside:
                    continue
                rest = sets[whole] & ~sets[inside].any(axis=0)
                name = rest.tobytes()
                if name not in known:
                    known.add(name)
                    if rest.any() and reasons_of(rest, self.atoms, self.rule, others=False):
                        found[name] = rest
        return [found[name] for name in sorted(found)]

    def _families(self) -> list[list[int]]:
        """Return the sets of each domain or cross: they do not overlap."""
        families: dict[tuple[str, str], list[int]] = {}
        for cell, index in self.positions():
            if cell.domain not in _HEADLINES:
                group = dict(cell.codes).get("group", "")
                families.setdefault((cell.domain, group), []).append(index)
        return [family for family in families.values() if len(family) > 1]


def reasons_of(
    members: Mask, atoms: Atoms, rule: DisclosureRule, *, others: bool
) -> tuple[Reason, ...]:
    """Return the primary rules that forbid a set of records.

    Parameters
    ----------
    members
        Which atoms are in it, shape ``(A,)``.
    atoms
        The atoms.
    rule
        The rules.
    others
        Whether its levels under other treatments of item nonresponse are printed too.
    """
    found: list[Reason] = []
    counts = np.vstack([atoms.counts, atoms.others]) if others else atoms.counts
    n = counts[:, members].sum(axis=1)
    if ((n > 0) & (n < rule.threshold)).any():
        found.append("threshold")
    totals = atoms.totals[:, members].sum(axis=1)
    largest = atoms.largest[:, members].reshape(totals.size, -1)
    largest = -np.sort(-largest, axis=1)[:, : atoms.largest.shape[2]]
    is_positive = totals > 0
    share = largest[:, : rule.dominance_n].sum(axis=1)
    if (is_positive & (share > rule.dominance_k * totals)).any():
        found.append("dominance")
    rest = totals - largest[:, :2].sum(axis=1)
    if (is_positive & (rest < rule.p_ratio * largest[:, 0])).any():
        found.append("p_ratio")
    return tuple(found)
