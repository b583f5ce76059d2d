"""Parquet files: only the columns that are wanted, as numbers or as text."""

import hashlib
import importlib
import io
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from divide_index.errors import InputError
from divide_index.reading.origin import OpenFile, Origin
from divide_index.schema import code_text

_KIND = "Parquet"
_EXACT = {"halffloat": 2**11, "float": 2**24, "double": 2**53}  # below, every integer is exact
_LINES_NAMED = 5


def open_parquet(raw: bytes, name: str) -> OpenFile:
    """Open a Parquet file.

    Parameters
    ----------
    raw
        The file's bytes.
    name
        The file's name, for messages.

    Raises
    ------
    InputError
        Without pyarrow, damaged, without records or with repeated headers; when columns are
        read, a column with dates, with lists or other parts, or with numbers too long to be
        exact.
    """
    file = _File.of(raw, name)
    columns = [unicodedata.normalize("NFC", column).strip() for column in file.names]
    repeated = sorted({column for column in columns if column and columns.count(column) > 1})
    if repeated:
        raise InputError("DI-E018", path=name, columns=repeated)
    if file.records == 0 or not columns:
        raise InputError("DI-E021", path=name)
    names = dict(zip(columns, file.names, strict=True))

    def read(wanted: Mapping[str, bool]) -> pd.DataFrame:
        data = {
            column: _Column(name, column).read(found, is_text=wanted[column])
            for column, found in zip(wanted, file.read([names[c] for c in wanted]), strict=True)
        }
        return pd.DataFrame(data, index=pd.RangeIndex(file.records))

    return OpenFile(
        origin=Origin(name, hashlib.sha256(raw).hexdigest(), _KIND, records=file.records),
        columns=columns,
        read=read,
        first_line=1,
    )


@dataclass(frozen=True, slots=True)
class _File:
    """A Parquet file as pyarrow sees it."""

    name: str
    names: Sequence[str]
    records: int
    parquet: Any

    @classmethod
    def of(cls, raw: bytes, name: str) -> "_File":
        try:
            library = _pyarrow("pyarrow.parquet")
        except ImportError:
            raise InputError("DI-E207", path=name) from None
        try:
            file = library.ParquetFile(io.BytesIO(raw), page_checksum_verification=True)
            return cls(name, list(file.schema_arrow.names), int(file.metadata.num_rows), file)
        except _damages() as error:
            raise InputError("DI-E200", path=name, kind=_KIND) from error

    def read(self, names: Sequence[str]) -> list[Any]:
        """Return the columns of some names, and no others."""
        try:
            table = self.parquet.read(columns=list(names))
            columns = [_decoded(table.column(name)) for name in names]
            for column in columns:
                column.validate(full=True)  # every text is one
        except _damages() as error:
            raise InputError("DI-E200", path=self.name, kind=_KIND) from error
        return columns


def _pyarrow(module: str = "pyarrow") -> Any:  # noqa: ANN401  it has no types
    return importlib.import_module(module)


def _damages() -> tuple[type[Exception], ...]:
    """Return what pyarrow raises over a file that is damaged."""
    return (_pyarrow().ArrowException, LookupError, OSError, ValueError)


def _decoded(column: Any) -> Any:  # noqa: ANN401
    """Return a column of values where it holds their places in a dictionary."""
    library = _pyarrow()
    if not library.types.is_dictionary(column.type):
        return column
    chunks = [chunk.dictionary_decode() for chunk in column.chunks]
    return library.chunked_array(chunks, type=column.type.value_type)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that is read, and how to name its cells."""

    path: str
    header: str

    def read(self, found: Any, *, is_text: bool) -> "pd.Series[Any]":  # noqa: ANN401
        """Return the column's cells, none of them lost or reinterpreted."""
        types, kind = _pyarrow().types, found.type
        if types.is_temporal(kind):
            self._refuse(found.is_valid().to_pylist(), "DI-E037")
            return pd.Series(np.full(len(found), np.nan))
        if types.is_boolean(kind):
            return _texts(found, lambda cell: "TRUE" if cell else "FALSE")
        if types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view":
            return _texts(found, lambda cell: cell if cell.strip() else None)
        is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
        if not is_number and not types.is_null(kind):
            raise InputError("DI-E208", path=self.path, column=self.header, type=str(kind))
        if not is_text:
            return pd.Series(np.asarray(found.to_numpy(), dtype=np.float64))
        if types.is_decimal(kind):
            return _texts(found, _shortest)
        if not types.is_floating(kind):
            return _texts(found, str)
        exact = _EXACT[str(kind)]
        self._refuse(
            (cell is not None and abs(cell) >= exact for cell in found.to_pylist()), "DI-E209"
        )
        return _texts(found, lambda cell: None if np.isnan(cell) else code_text(float(cell)))

    def _refuse(self, are: Iterable[bool], code: str) -> None:
        """Name the records in which something holds of the column, if there are any."""
        lines = [line for line, is_one in enumerate(are, start=1) if is_one]
        if lines:
            raise InputError(
                code,
                path=self.path,
                column=self.header,
                count=len(lines),
                lines=lines[:_LINES_NAMED],
            )


def _texts(found: Any, text: Callable[[Any], str | None]) -> "pd.Series[Any]":  # noqa: ANN401
    cells = (None if cell is None else text(cell) for cell in found.to_pylist())
    return pd.Series(list(cells), dtype="object")


def _shortest(number: Decimal) -> str:
    digits = f"{number:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
