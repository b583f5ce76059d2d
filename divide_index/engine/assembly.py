"""Several files into one frame: constants filled in, records joined, samples stacked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from divide_index.engine.frames import Frame
from divide_index.schema import Code, SurveySchema

_ROW, _OTHER = ":row", ":other"  # no variable is called so: a name has no colon
_ROWS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Match:
    """How the records of one file meet those of another.

    ``frame`` is the first file's records with the other's variables; ``lost`` how many find no
    match and the first rows of them, ``repeated`` how many records of the other file repeat a
    key, ``without_key`` how many of each file have none, ``unmatched`` how many of the other are
    nobody's.
    """

    frame: Frame
    lost: tuple[int, list[int]]
    repeated: tuple[int, list[int]]
    without_key: tuple[int, int]
    unmatched: int


def joined(base: Frame, other: Frame, on: Sequence[str]) -> Match:
    """Add to each record of one frame the variables of the other's record with the same key.

    Parameters
    ----------
    base
        A canonical frame; its rows and their order stay.
    other
        Another canonical frame of the same library, with the key.
    on
        The variables of the key, text in both.
    """
    left = nw.from_native(base, eager_only=True)
    right = nw.from_native(other, eager_only=True)
    key = list(on)
    has_key = ~nw.any_horizontal(*(nw.col(name).is_null() for name in key), ignore_nulls=False)
    keyless = int((~left.select(k=has_key)["k"]).sum()), int((~right.select(k=has_key)["k"]).sum())
    right = right.with_row_index(_OTHER).filter(has_key)
    first = right.group_by(*key).agg(nw.col(_OTHER).min()).select(*key, _OTHER)
    later = sorted(set(right[_OTHER].to_list()) - set(first[_OTHER].to_list()))
    keys = left.select(*key).with_row_index(_ROW)
    positions = keys.join(first, on=key, how="left").sort(_ROW)[_OTHER]
    lost = np.flatnonzero(positions.is_null().to_numpy()).tolist()
    unmatched = len(first) - positions.drop_nulls().n_unique()
    added = right.drop(*key).unique(subset=[_OTHER])
    with_other = left.with_columns(positions.alias(_OTHER)).with_row_index(_ROW)
    frame = with_other.join(added, on=_OTHER, how="left").sort(_ROW).drop(_ROW, _OTHER)
    return Match(
        frame=frame.to_native(),
        lost=(len(lost), lost[:_ROWS_NAMED]),
        repeated=(len(later), later[:_ROWS_NAMED]),
        without_key=keyless,
        unmatched=unmatched,
    )


def completed(frame: Frame, schema: SurveySchema, constants: Mapping[str, Code]) -> Frame:
    """Return all variables of a schema in its order: constants filled in, the absent missing."""
    data = nw.from_native(frame, eager_only=True)
    columns: list[nw.Expr] = []
    anchor = nw.col(data.columns[0])
    never = anchor.is_null() & ~anchor.is_null()  # a literal null becomes the word None in pandas 2
    for name, variable in schema.variables.items():
        if name in data.columns:
            columns.append(nw.col(name))
            continue
        value = constants.get(name)
        if value is None:
            empty = nw.lit("") if variable.is_text else nw.lit(0.0)
            columns.append(nw.when(never).then(empty).alias(name))
        elif variable.is_text:
            columns.append(nw.lit(value, dtype=nw.String).alias(name))
        else:
            columns.append(nw.lit(float(value), dtype=nw.Float64).alias(name))
    return data.select(*columns).to_native()


def marked(
    frame: Frame,
    other: Frame,
    key: Sequence[str],
    schema: SurveySchema,
    constants: Mapping[str, Code],
) -> Frame:
    """Return a frame in which the records whose key stands in another have other constants.

    Parameters
    ----------
    frame, other
        Canonical frames of one library with the key.
    key
        The variables that match them.
    schema
        The survey's schema.
    constants
        The values of the records that match, by variable.
    """
    data = nw.from_native(frame, eager_only=True)
    found = nw.from_native(other, eager_only=True).select(*key).unique()
    keys = data.select(*key).with_row_index(_ROW)
    rows = keys.join(found, on=list(key), how="inner")[_ROW].to_list()
    is_found = np.isin(np.arange(len(data)), rows)
    backend = nw.get_native_namespace(data)
    mask = nw.new_series(":found", is_found, backend=backend)
    data = data.with_row_index(_ROW).with_columns(mask.alias(":found")).drop(_ROW)
    changed: list[nw.Expr] = []
    for name, value in constants.items():
        is_text = schema.variables[name].is_text
        new = nw.lit(value, dtype=nw.String) if is_text else nw.lit(float(value), dtype=nw.Float64)
        changed.append(nw.when(nw.col(":found")).then(new).otherwise(nw.col(name)).alias(name))
    return data.with_columns(*changed).drop(":found").to_native()


def disagreement(frame: Frame, other: Frame, key: Sequence[str], names: Sequence[str]) -> float:
    """Return the share of records with the same key whose numbers differ in two frames.

    NaN where nothing tells one record from another.
    """
    renamed = {name: f":{name}" for name in names}
    right = nw.from_native(other, eager_only=True).select(*key, *names).rename(renamed)
    left = nw.from_native(frame, eager_only=True).select(*key, *names)
    both = left.join(right, on=list(key), how="inner")
    one, two = (
        np.asarray(both.select(*columns).to_numpy(), dtype=np.float64)
        for columns in (names, renamed.values())
    )
    varies = np.array([np.unique(column[~np.isnan(column)]).size > 1 for column in two.T])
    if not len(both) or not varies.any():
        return float("nan")
    one, two = one[:, varies], two[:, varies]
    differs = ~((one == two) | (np.isnan(one) & np.isnan(two)))
    return float(differs.any(axis=1).mean())


def stacked(frames: Sequence[Frame]) -> Frame:
    """Return frames with the same columns one below the other."""
    if len(frames) == 1:
        return frames[0]
    parts = [nw.from_native(frame, eager_only=True) for frame in frames]
    return nw.maybe_reset_index(nw.concat(parts, how="vertical")).to_native()


def patterns(frame: Frame, names: Sequence[str]) -> set[bytes]:
    """Return every combination of answers that occurs, as opaque bytes."""
    data = nw.from_native(frame, eager_only=True).select(*names)
    matrix = np.asarray(data.to_numpy(), dtype=np.float64)
    return {row.tobytes() for row in np.where(np.isnan(matrix), -np.inf, matrix)}


def same_library(frames: Sequence[Any]) -> bool:
    """Return whether all frames are of one library."""
    return len({nw.get_native_namespace(frame) for frame in frames}) <= 1
