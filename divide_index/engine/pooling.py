"""The records of several years as one frame: what each year's own schema makes of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from divide_index.engine.conditions import truth_of
from divide_index.engine.frames import Floats, Frame
from divide_index.engine.psus import UNIT
from divide_index.schema import Condition, SurveySchema

Indices = NDArray[np.intp]


def judged(frame: Frame, where: Condition | None, schema: SurveySchema) -> Floats:
    """Return who meets a condition: 1, who does not: 0, and NaN where answers leave it open.

    Parameters
    ----------
    frame
        A frame with the variables of the condition.
    where
        A condition; without one, all meet it.
    schema
        The survey's schema.

    Returns
    -------
    judgement
        Shape ``(n,)``.
    """
    data = nw.from_native(frame, eager_only=True)
    if where is None:
        return np.ones(len(data))
    is_true, is_false = truth_of(where, schema, data.get_column)
    met = np.asarray(is_true.to_numpy(), dtype=bool)
    known = met | np.asarray(is_false.to_numpy(), dtype=bool)
    return np.where(known, met.astype(np.float64), np.nan)


def pooled_part(
    frame: Frame,
    unit: Indices,
    *,
    kept: Sequence[str],
    numbers: Mapping[str, Floats],
    texts: Mapping[str, Sequence[str | None]],
) -> Frame:
    """Return one year's part of a pooled frame.

    Parameters
    ----------
    frame
        The year's records.
    unit
        The unit of each record in the design of all years, shape ``(n,)``.
    kept
        Columns that are taken as they are.
    numbers
        Columns made of numbers, NaN where there is none, shapes ``(n,)``.
    texts
        Columns made of texts, None where there is none, lengths ``n``.

    Returns
    -------
    frame
        Of the same library: the unit's index, then the columns in the order given. The parts of
        all years have equal columns and can be stacked.
    """
    data = nw.from_native(frame, eager_only=True)
    backend = nw.get_native_namespace(data)
    columns: list[nw.Series[Any]] = [_series(UNIT, unit, nw.Int64, backend)]
    columns += [data.get_column(name) for name in kept]
    columns += [_series(name, each, nw.Float64, backend) for name, each in numbers.items()]
    columns += [_series(name, [*each], nw.String, backend) for name, each in texts.items()]
    made = data.with_columns(*columns).select(UNIT, *kept, *numbers, *texts)
    no_nan = [nw.when(~nw.col(n).is_nan()).then(nw.col(n)).alias(n) for n in numbers]
    return made.with_columns(*no_nan).to_native()


def _series(name: str, values: object, dtype: Any, backend: Any) -> nw.Series[Any]:  # noqa: ANN401
    return nw.new_series(name, values, dtype=dtype, backend=backend)
