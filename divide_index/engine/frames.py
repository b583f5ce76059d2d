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
    native = data.to_native()
    return native if index is None else native.set_axis(index)


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
    columns: list[nw.Series[Any]] = []
    blanks: list[Blanks] = []
    for name, variable in schema.variables.items():
        header = schema.column_of(name)
        series = data.get_column(header)
        if variable.is_text:
            series, stripped = _text(series)
            if stripped:
                blanks.append(Blanks(name, stripped))
        else:
            series = _number(series, header)
        columns.append(series.alias(name))
    return data.select(*columns).to_native(), tuple(blanks)


def _number(series: nw.Series[Any], header: str) -> nw.Series[Any]:
    """Return a column as float64 with every NaN null, or name the cells that are words."""
    if series.dtype.is_numeric():
        number = series.cast(nw.Float64)
        if isinstance(getattr(nw.to_native(number), "dtype", None), np.dtype):
            return number  # NumPy has no null beside NaN
        return _chosen(number, ~nw.col("x").is_nan(), nw.col("x"))
    if series.dtype.is_nested():
        rows = range(len(series))
        raise InputError("DI-E035", column=header, count=len(rows), rows=lines_of(rows))
    if bool(series.is_null().all()):
        return _chosen(series, ~nw.col("x").is_null(), nw.lit(0.0))
    text, _ = _text(series)
    words = ~text.fill_null("0").str.contains(_NUMBER)
    if bool(words.any()):
        rows = np.flatnonzero(words.to_numpy()).tolist()
        raise InputError("DI-E035", column=header, count=len(rows), rows=lines_of(rows))
    return text.cast(nw.Float64)


def _text(series: nw.Series[Any]) -> tuple[nw.Series[Any], int]:
    """Return a column as text without outer blanks, and from how many values some came off."""
    if series.dtype.is_float():
        given = np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
        given = given[~np.isnan(given)]
        if bool(np.all(np.isfinite(given) & (given == np.floor(given)))):
            known = ~nw.col("x").is_null() & ~nw.col("x").is_nan()
            digits = nw.when(known).then(nw.col("x")).otherwise(nw.lit(0.0))
            return _chosen(series, known, digits.cast(nw.Int64).cast(nw.String)), 0
    if series.dtype != nw.String:
        series = _chosen(series, ~nw.col("x").is_null(), nw.col("x").cast(nw.String))
    stripped = series.str.strip_chars()
    is_blank = (stripped == "").fill_null(False)  # noqa: FBT003  the library's signature
    was_mended = (stripped != series) & ~series.is_null() & ~is_blank
    if bool(is_blank.any()):
        stripped = _chosen(stripped, nw.col("x") != "", nw.col("x"))
    return stripped, int(was_mended.sum())


def _chosen(series: nw.Series[Any], keep: nw.Expr, then: nw.Expr) -> nw.Series[Any]:
    """Return an expression of the column ``x`` where a mask holds, null elsewhere."""
    return series.alias("x").to_frame().select(x=nw.when(keep).then(then))["x"]


def lines_of(rows: Iterable[int]) -> list[int]:
    """Return rows as a person counts the lines of the file: the header is line 1."""
    return [int(row) + 2 for row in rows][:_LINES_NAMED]


def beside(frame: Frame, other: Frame) -> Frame:
    """Return two frames of the same rows side by side."""
    left = nw.from_native(frame, eager_only=True)
    right = nw.from_native(other, eager_only=True)
    return nw.concat([left, right], how="horizontal").to_native()
