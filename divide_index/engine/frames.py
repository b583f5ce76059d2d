"""Frames in and out: typed columns under the schema's names, values as arrays."""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from divide_index.errors import DesignError, DivideIndexError, InputError
from divide_index.schema import SurveySchema, code_text

Floats = NDArray[np.float64]
Frame = Any  # a data frame of any library Narwhals knows; only this room looks inside

_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_MARKED_NUMBER = r"^[+-]?[0-9]{1,3}(?:[.,'][0-9]{3})*(?:[.,][0-9]+)?$"  # 1,234.5 or 0,85
_LINES_NAMED = 5
_ANY_VALUES = (nw.Object, nw.Categorical, nw.Enum)  # Python's values beside each other
_EXACT_SHORT = 2**24
_EXACT = 2**53  # from here on a float no longer tells every whole number from the next
_BLANKS = re.compile(r"\s+")


def is_frame(source: object) -> bool:
    """Return whether an object is a data frame of a library that Narwhals knows."""
    return bool(nw.dependencies.is_into_dataframe(source))  # pyright: ignore[reportUnknownArgumentType]


def column_names(frame: Frame) -> list[str]:
    """Return the headers of a frame as text, repeated ones included."""
    # PyArrow's `columns` are the data themselves.
    names = frame.column_names if hasattr(frame, "column_names") else frame.columns
    return [str(name) for name in names]


def with_text_headers(frame: Frame) -> Frame:
    """Return a frame whose headers are texts: pandas takes numbers too."""
    if all(isinstance(name, str) for name in getattr(frame, "columns", ())):
        return frame
    return frame.set_axis(column_names(frame), axis=1) if hasattr(frame, "set_axis") else frame


def height(frame: Frame) -> int:
    """Return the number of rows."""
    return len(nw.from_native(frame, eager_only=True))


def values(frame: Frame, column: str) -> Floats:
    """Return a numeric column as float64, missing as NaN."""
    series = nw.from_native(frame, eager_only=True)[column]
    return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)


def texts(frame: Frame, column: str) -> list[str | None]:
    """Return a column as text, a whole number without its point, None where it is missing."""
    cells = nw.from_native(frame, eager_only=True)[column].to_list()
    return [None if c is None or c != c else code_text(c) for c in cells]  # noqa: PLR0124  NaN


def with_column(frame: Frame, name: str, numbers: NDArray[Any]) -> Frame:
    """Return a frame with a column of numbers, in place of the one of that name if it has one.

    Parameters
    ----------
    frame
        Of ``n`` rows.
    name
        The column's.
    numbers
        Whole or not, shape ``(n,)``.
    """
    data = nw.from_native(frame, eager_only=True)
    kind = nw.Int64 if np.issubdtype(numbers.dtype, np.integer) else nw.Float64
    backend = nw.get_native_namespace(data)
    return data.with_columns(nw.new_series(name, numbers, dtype=kind, backend=backend)).to_native()


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


def selected(frame: Frame, names: Mapping[str, str]) -> Frame:
    """Return some columns of a frame under other headers, given as header: new header."""
    data = nw.from_native(frame, eager_only=True)
    columns = [data.get_column(old).alias(new) for old, new in names.items()]
    return data.select(*columns).to_native()


def kept(frame: Frame, chosen: NDArray[np.bool_]) -> Frame:
    """Return some rows of a frame, in order and with row labels from 0 on."""
    data = nw.from_native(frame, eager_only=True)
    return nw.maybe_reset_index(data.filter(chosen.tolist())).to_native()


def canonical(
    frame: Frame,
    schema: SurveySchema,
    *,
    line_of: Callable[[int], int] = lambda row: row + 2,
) -> tuple[Frame, tuple[Blanks, ...], tuple[DivideIndexError, ...]]:
    """Return the schema's variables under their names, as declared types.

    Numbers and numeric codes become float64; texts and identifiers text without outer blanks
    and invisible characters, in Unicode's composed form. A cell of blanks alone is missing.

    Parameters
    ----------
    frame
        Any frame with the schema's columns.
    schema
        The survey's schema.
    line_of
        The line of a row, as a person counts them in the file.

    Returns
    -------
    frame, blanks, errors
        The frame in its own library, where texts were mended, and what is wrong: words among
        numbers (lines are named, the words are not), identifiers that floats cannot tell apart.
        A frame with errors is good for nothing but further checks.
    """
    data = nw.maybe_reset_index(nw.from_native(frame, eager_only=True))
    columns: list[nw.Series[Any]] = []
    blanks: list[Blanks] = []
    words: dict[str, dict[str, list[int]]] = {}
    errors: list[DivideIndexError] = []
    for name, variable in schema.variables.items():
        header = schema.column_of(name)
        series = data.get_column(header)
        if variable.is_text:
            if series.dtype.is_nested() or series.dtype == nw.Duration or _is_opaque(series):
                errors.append(_named_cells({header: [0]}, "DI-E036", line_of))
                nothing: list[str | None] = [None] * len(series)
                series = _like(series, nothing)
            large = _too_large(series)
            if large:
                lines = [line_of(row) for row in large[:_LINES_NAMED]]
                errors.append(DesignError("DI-E129", column=header, count=len(large), lines=lines))
            series, stripped = _text(series)
            if stripped:
                blanks.append(Blanks(name, stripped))
        else:
            series, code, rows = _number(series)
            if rows:
                words.setdefault(code, {})[header] = rows
        columns.append(series.alias(name))
    errors += [_named_cells(cells, code, line_of) for code, cells in sorted(words.items())]
    return data.select(*columns).to_native(), tuple(blanks), tuple(errors)


def _number(series: nw.Series[Any]) -> tuple[nw.Series[Any], str, list[int]]:
    """Return a column as float64 with every NaN null, and the rows whose cells are words.

    The code says whether they only look like numbers: decimal commas, marks for thousands.
    """
    if series.dtype.is_numeric():
        number = series.cast(nw.Float64)
        if isinstance(getattr(nw.to_native(number), "dtype", None), np.dtype):
            return number, "", []  # NumPy has no null beside NaN
        if number.implementation.is_pandas_like():  # nullable or Arrow: one kind of number inside
            plain = np.asarray(number.to_numpy(), dtype=np.float64)
            return _like(number, plain), "", []
        return _chosen(number, ~nw.col("x").is_nan(), nw.col("x")), "", []
    if series.dtype.is_nested() or series.dtype == nw.Duration:
        nothing = _like(series, np.full(len(series), np.nan))
        return nothing, "DI-E035", [*range(len(series))]
    if bool(series.is_null().all()):
        return _chosen(series, ~nw.col("x").is_null(), nw.lit(0.0)), "", []
    text, _ = _text(series)
    is_number = text.fill_null("0").str.contains(_NUMBER)
    if bool(is_number.all()):
        return text.cast(nw.Float64), "", []
    rows = [int(row) for row in np.flatnonzero(~is_number.to_numpy().astype(bool))]
    is_marked = text.fill_null("0").str.contains(f"{_NUMBER}|{_MARKED_NUMBER}")
    code = "DI-E011" if bool(is_marked.all()) else "DI-E035"
    kept = is_number.alias("k").to_frame().with_columns(x=text)
    number = kept.select(x=nw.when(nw.col("k")).then(nw.col("x")))["x"].cast(nw.Float64)
    return number, code, rows


def _named_cells(
    cells: Mapping[str, list[int]], code: str, line_of: Callable[[int], int]
) -> InputError:
    """Return one error for all columns with wrong cells, with the lines they stand on."""
    listed: list[str] = []
    for column, rows in cells.items():
        lines = ", ".join(str(line_of(row)) for row in rows[:_LINES_NAMED])
        listed.append(f"{column} (n={len(rows)}, line {lines})")
    return InputError(code, cells="; ".join(listed), count=len(listed))


def _is_opaque(series: nw.Series[Any]) -> bool:
    """Return whether the cells are Python objects of any kind: pandas' are looked into."""
    return series.dtype == nw.Object and not isinstance(
        getattr(nw.to_native(series), "dtype", None), np.dtype
    )


def _too_large(series: nw.Series[Any]) -> list[int]:
    """Return the rows of floats that two different identifiers could have become."""
    if isinstance(series.dtype, _ANY_VALUES):
        return [row for row, cell in enumerate(series.to_list()) if _is_large(cell)]
    if not series.dtype.is_float():
        return []
    given = np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
    exact = _EXACT if series.dtype == nw.Float64 else _EXACT_SHORT
    with np.errstate(invalid="ignore"):
        return [int(row) for row in np.flatnonzero(np.abs(given) >= exact)]


def _text(series: nw.Series[Any]) -> tuple[nw.Series[Any], int]:
    """Return a column as text as it is compared, and how many values were written otherwise."""
    if series.dtype.is_float():
        given = np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
        given = given[~np.isnan(given)]
        if bool(np.all((np.abs(given) < _EXACT) & (given == np.floor(given)))):
            known = ~nw.col("x").is_null() & ~nw.col("x").is_nan()
            digits = nw.when(known).then(nw.col("x")).otherwise(nw.lit(0.0))
            return _chosen(series, known, digits.cast(nw.Int64).cast(nw.String)), 0
    if isinstance(series.dtype, _ANY_VALUES):
        series = _like(series, [_words(cell) for cell in series.to_list()])
    if series.dtype != nw.String:
        series = _chosen(series, ~nw.col("x").is_null(), nw.col("x").cast(nw.String))
    stripped = _mended(series.str.strip_chars())
    is_blank = (stripped == "").fill_null(False)  # noqa: FBT003  the library's signature
    was_mended = (stripped != series) & ~series.is_null() & ~is_blank
    if bool(is_blank.any()):
        stripped = _chosen(stripped, nw.col("x") != "", nw.col("x"))
    return stripped, int(was_mended.sum())


def _mended(series: nw.Series[Any]) -> nw.Series[Any]:
    """Return texts composed (NFC) and without characters that nobody sees."""
    different = {
        value: plain
        for value in series.drop_nulls().unique().to_list()
        if not value.isascii() and (plain := _plain(value)) != value
    }
    if not different:
        return series
    return _like(series, [different.get(value, value) for value in series.to_list()])


def _plain(value: str) -> str:
    seen = (letter for letter in value if unicodedata.category(letter) != "Cf")
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", "".join(seen))).strip()


def _words(cell: Any) -> str | None:  # noqa: ANN401  a cell of any frame
    """Return any cell as text: 1 and 1.0 are the same identifier, a missing cell is None."""
    if cell is None or type(cell).__name__ in {"NAType", "NaTType"}:
        return None
    if isinstance(cell, Decimal):  # exact, however long
        if cell.is_nan():
            return None
        return str(int(cell)) if cell.is_finite() and cell == int(cell) else str(cell)
    if not isinstance(cell, float) and not _is_short(cell):
        return str(cell)
    number = float(cell)
    if math.isnan(number):
        return None
    return str(int(number)) if number.is_integer() else str(cell)


def _is_large(cell: Any) -> bool:  # noqa: ANN401
    if isinstance(cell, float):  # NumPy's doubles too
        return abs(cell) >= _EXACT
    return _is_short(cell) and abs(float(cell)) >= _EXACT_SHORT


def _is_short(cell: Any) -> bool:  # noqa: ANN401
    return type(cell) in {np.float32, np.float16}


def _like(series: nw.Series[Any], values: list[str | None] | Floats) -> nw.Series[Any]:
    """Return texts or numbers as a column of the same library, with the same row labels."""
    backend = nw.get_native_namespace(series)
    dtype = nw.String if isinstance(values, list) else nw.Float64
    made = nw.new_series(series.name, values, dtype=dtype, backend=backend)
    return series.to_frame().with_columns(made.alias(series.name))[series.name]


def _chosen(series: nw.Series[Any], keep: nw.Expr, then: nw.Expr) -> nw.Series[Any]:
    """Return an expression of the column ``x`` where a mask holds, null elsewhere."""
    return series.alias("x").to_frame().select(x=nw.when(keep).then(then))["x"]


def beside(frame: Frame, other: Frame) -> Frame:
    """Return two frames of the same rows side by side."""
    left = nw.from_native(frame, eager_only=True)
    right = nw.from_native(other, eager_only=True)
    return nw.concat([left, right], how="horizontal").to_native()
