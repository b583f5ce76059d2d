"""One disclosure decision for all that a report prints, the definitions of a target included.

A definition such as farmers outside the capital region, printed beside farmers by province, gives
a suppressed province back. So the cells of both tables are decided together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from divide_index.cells import Cell
from divide_index.inference.estimate import Estimate
from divide_index.levels import LevelResult, NonresponseBand
from divide_index.publication.disclosure import Reason, Suppression, protect
from divide_index.target import TargetResult

_PREFIX = "target."  # no name of a schema has a dot


@dataclass(frozen=True, slots=True, eq=False)
class JointSuppression:
    """What is not published, decided together.

    Parameters
    ----------
    levels
        Of the levels of the report.
    target
        Of the definitions of the target, under their own names, and of the levels.
    """

    levels: Suppression
    target: Suppression


def protect_together(
    levels: LevelResult,
    target: TargetResult | None,
    *,
    band: NonresponseBand | None = None,
    complete: NDArray[np.bool_] | None = None,
) -> JointSuppression:
    """Decide which levels and which definitions of a target are published.

    Parameters
    ----------
    levels
        The levels of the report.
    target
        The distances to the target, of the same records; None decides the levels alone.
    band, complete
        As :func:`divide_index.publication.disclosure.protect` takes them.

    Raises
    ------
    EstimationError
        As ``protect`` does.
    """
    whole = levels if target is None else _stacked(levels, target)
    found = protect(whole, band=band, complete=complete)
    own = restricted(found, dict.fromkeys(levels.cells))
    return JointSuppression(own, _renamed(found))


def restricted(suppression: Suppression, cells: Iterable[Cell]) -> Suppression:
    """Return what a suppression says of some of its cells."""
    kept = dict.fromkeys(cells)
    return replace(
        suppression,
        cells=tuple(cell for cell in suppression.cells if cell in kept),
        primary=_primary({c: why for c, why in suppression.primary.items() if c in kept}),
        secondary=frozenset(cell for cell in suppression.secondary if cell in kept),
        cautious=frozenset((c, name) for c, name in suppression.cautious if c in kept),
    )


def united(first: Suppression, second: Suppression) -> Suppression:
    """Return the first suppression with all that the second takes away besides."""
    hidden = first.suppressed | second.suppressed
    primary = {**second.primary, **first.primary}
    return replace(
        first,
        cells=tuple(dict.fromkeys((*first.cells, *second.cells))),
        primary=_primary(primary),
        secondary=hidden - primary.keys(),
        cautious=frozenset((c, name) for c, name in first.cautious if c not in hidden),
    )


def _primary(reasons: dict[Cell, tuple[Reason, ...]]) -> Mapping[Cell, tuple[Reason, ...]]:
    return MappingProxyType(reasons)


def _stacked(levels: LevelResult, target: TargetResult) -> LevelResult:
    """Return the levels with those of the definitions below, for the decision alone.

    Covariances of the two are left out: the decision looks at single rows.
    """
    other, own = target.levels, Cell("group", target.target.group)
    shared = {own} if own in levels.cells else set[Cell]()
    rows = [
        row for row, cell in enumerate(other.cells) if cell.domain != "total" and cell not in shared
    ]
    estimates = (levels.estimate, other.estimate)
    values = [estimates[0].values, estimates[1].values[rows]]
    variances = [np.diag(estimates[0].covariance), np.diag(estimates[1].covariance)[rows]]
    df = [estimates[0].degrees_of_freedom, estimates[1].degrees_of_freedom[rows]]
    survey = levels.scores.survey
    definitions = other.scores.survey.schema
    averages = {
        _PREFIX + name: average.model_copy(
            update={"members": {_PREFIX + n: total for n, total in average.members.items()}}
        )
        for name, average in definitions.averages.items()
    }
    groups = {_PREFIX + name: group for name, group in definitions.groups.items()}
    schema = survey.schema.model_copy(
        update={
            "groups": {**survey.schema.groups, **groups},
            "averages": {**survey.schema.averages, **averages},
        }
    )
    return replace(
        levels,
        estimate=Estimate(
            (*estimates[0].names, *(estimates[1].names[row] for row in rows)),
            np.concatenate(values),
            np.diag(np.concatenate(variances)),
            np.concatenate(df),
        ),
        cells=(*levels.cells, *(_prefixed(other.cells[row]) for row in rows)),
        dimensions=(*levels.dimensions, *(other.dimensions[row] for row in rows)),
        n=np.concatenate([levels.n, other.n[rows]]),
        scores=replace(levels.scores, survey=replace(survey, schema=schema)),
    )


def _prefixed(cell: Cell) -> Cell:
    return Cell(cell.domain, _PREFIX + cell.category)


def _renamed(suppression: Suppression) -> Suppression:
    """Return a suppression in which definitions have their own names again."""

    def name(cell: Cell) -> Cell:
        if not cell.category.startswith(_PREFIX):
            return cell
        return Cell(cell.domain, cell.category.removeprefix(_PREFIX))

    return replace(
        suppression,
        cells=tuple(dict.fromkeys(map(name, suppression.cells))),
        primary=_primary({name(cell): why for cell, why in suppression.primary.items()}),
        secondary=frozenset(map(name, suppression.secondary)),
        cautious=frozenset((name(cell), each) for cell, each in suppression.cautious),
    )
