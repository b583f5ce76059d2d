"""Frames in and out: typed columns under the schema's names, values as arrays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from divide_index.errors import InputError
from divide_index.schema import SurveySchema

Floats = NDArray[np.float64]
Frame = Any  # a data frame of any library Narwhals knows; only this room looks inside

_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_LINES_NAMED = 5
_NULL_TEXT = nw.lit(None, dtype=nw.String)


def is_frame(source: object) -> bool:
    """Return whether an object is a data frame of a library that Narwhals knows."""
    return bool(nw.dependencies.is_into_dataframe(source))  # pyright: ignore[reportUnknownArgumentType]


def column_names(frame: Frame) -> list[str]:
    """Return the headers of a frame, repeated ones included."""
    return [str(name) for name in frame.columns]


def height(frame: Frame) -> int:
    """Return the number of rows."""
    return len(nw.from_native(frame, eager_only=True))


def values(frame: Frame, column: str) -> Floats:
    """Return a numeric column as float64, missing as NaN."""
    series = nw.from_native(frame, eager_only=True)[column]
    return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)


def renamed(frame: Frame, names: Mapping[str, str], *, like: Frame) -> Frame:
    """Return a frame under other headers, with the row labels of another where it has any."""
    data = nw.from_native(frame, eager_only=True).rename(dict(names))
    index = nw.maybe_get_index(nw.from_native(like, eager_only=True))
    return (data if index is None else nw.maybe_set_index(data, index=index)).to_native()


@dataclass(frozen=True, slots=True)
class Blanks:
    """What was taken off texts while they were read: variable and number of records."""

    variable: str
    count: int


def canonical(frame: Frame, schema: SurveySchema) -> tuple[Frame, tuple[Blanks, ...]]:
    """Return the schema's variables under their names, as declared types.

    Numbers and numeric codes become float64, texts and identifiers text without outer blanks;
    a cell that holds only blanks is missing.

    Parameters
    ----------
    frame
        Any frame with the schema's columns.
    schema
        The survey's schema.

    Returns
    -------
    frame, blanks
        The frame in its own library, and where outer blanks were removed.

    Raises
    ------
    InputError
        A numeric column holds words: rows are named, the words are not.
    """
    data = nw.maybe_reset_index(nw.from_native(frame, eager_only=True))
    identifiers = {*schema.design.identifiers, schema.design.id}
    typed: list[nw.Expr] = []
    worded: list[str] = []
    stripped: list[str] = []
    for name, variable in schema.variables.items():
        column = schema.column_of(name)
        dtype = data.schema[column]
        if variable.is_text or name in identifiers:
            expression = _as_text(data, column)
            text = expression.str.strip_chars()
            typed.append(nw.when(text != "").then(text).alias(name))
            if not dtype.is_numeric():
                stripped.append(name)
        elif dtype.is_numeric():
            number = nw.col(column).cast(nw.Float64)
            typed.append(nw.when(~number.is_nan()).then(number).alias(name))
        elif dtype == nw.Unknown and data[column].is_null().all():
            typed.append(nw.lit(None, dtype=nw.Float64).alias(name))
        else:
            worded.append(name)
            text = _as_text(data, column).str.strip_chars()
            typed.append(nw.when(text != "").then(text).alias(name))
    result = data.select(*typed)
    if worded:
        _refuse_words(result, worded, schema)
        result = result.with_columns(nw.col(*worded).cast(nw.Float64))
    return result.to_native(), _blanks(data, result, stripped, schema)


def _as_text(data: nw.DataFrame[Any], column: str) -> nw.Expr:
    """Write a column as text: a whole float without its point, missing as null."""
    expression = nw.col(column)
    dtype = data.schema[column]
    if dtype.is_float():
        series = data[column]
        whole = series.fill_nan(None).drop_nulls()
        if bool((whole == whole.floor()).all()):
            numbers = nw.when(~expression.is_nan()).then(expression).otherwise(nw.lit(0.0))
            text = numbers.cast(nw.Int64).cast(nw.String)
            missing = expression.is_null() | expression.is_nan()
            return nw.when(~missing).then(text).otherwise(_NULL_TEXT)
    text = expression if dtype == nw.String else expression.cast(nw.String)
    return nw.when(~expression.is_null()).then(text).otherwise(_NULL_TEXT)


def _refuse_words(data: nw.DataFrame[Any], columns: list[str], schema: SurveySchema) -> None:
    numbered = data.select(*columns).with_row_index("row")
    for name in columns:
        words = numbered.filter(~nw.col(name).is_null() & ~nw.col(name).str.contains(_NUMBER))
        if len(words):
            rows = words["row"].to_list()
            raise InputError(
                "DI-E035", column=schema.column_of(name), count=len(rows), rows=lines_of(rows)
            )


def _blanks(
    data: nw.DataFrame[Any], result: nw.DataFrame[Any], names: list[str], schema: SurveySchema
) -> tuple[Blanks, ...]:
    found: list[Blanks] = []
    for name in names:
        column = schema.column_of(name)
        before = data.select(_as_text(data, column).alias(name))[name]
        after = result[name]
        count = int(((before != after) & ~after.is_null()).sum())
        if count:
            found.append(Blanks(name, count))
    return tuple(found)


def lines_of(rows: Iterable[int]) -> list[int]:
    """Return rows as a person counts the lines of the file: the header is line 1."""
    return [int(row) + 2 for row in rows][:_LINES_NAMED]


def beside(frame: Frame, other: Frame) -> Frame:
    """Return two frames of the same rows side by side."""
    left = nw.from_native(frame, eager_only=True)
    right = nw.from_native(other, eager_only=True)
    return nw.concat([left, right], how="horizontal").to_native()
