"""Which records make up each cell of a table, for whoever asks what the cells say together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from divide_index.engine.conditions import mask
from divide_index.engine.frames import Frame
from divide_index.engine.sums import categories_of
from divide_index.schema import Bands, Condition, SurveySchema

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Membership:
    """Who is in a cell: all of some populations, in some categories.

    ``populations`` are conditions, None for everybody; ``categories`` pairs of a column and the
    code it holds.
    """

    populations: tuple[Condition | None, ...]
    categories: tuple[tuple[str, str], ...] = ()


def memberships(
    frame: Frame,
    schema: SurveySchema,
    cells: Sequence[Membership],
    keys: Mapping[str, Bands | None],
) -> tuple[Indices, Mask]:
    """Sort records by the cells they belong to.

    Parameters
    ----------
    frame
        A frame with the variables of the conditions and keys.
    schema
        The survey's schema.
    cells
        The cells of a table, ``C`` of them.
    keys
        The columns that cells are cut by, with the bands of those cut from a number.

    Returns
    -------
    kind, members
        The kind of each record, shape ``(n,)``, and whether a kind belongs to a cell, shape
        ``(K, C)``. Two kinds may belong to the same cells.
    """
    data = nw.from_native(frame, eager_only=True)
    conditions = list(dict.fromkeys(p for cell in cells for p in cell.populations))
    inside = {condition: mask(frame, condition, schema) for condition in conditions}
    codes = {key: categories_of(data, schema, key, bands) for key, bands in keys.items()}
    kind = np.zeros(len(data), dtype=np.intp)
    for column in [*inside.values(), *(code + 1 for _, code in codes.values())]:
        position = column.astype(np.intp)
        size = int(position.max(initial=0)) + 1
        kind = np.unique(kind * size + position, return_inverse=True)[1].astype(np.intp)
    first = np.unique(kind, return_index=True)[1]
    members = np.ones((first.size, len(cells)), dtype=bool)
    for index, cell in enumerate(cells):
        for condition in cell.populations:
            members[:, index] &= inside[condition][first]
        for key, code in cell.categories:
            names, position = codes[key]
            wanted = names.index(code) if code in names else -2  # -1 has no category
            members[:, index] &= position[first] == wanted
    return kind, members
