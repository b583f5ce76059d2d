"""Files of SPSS and Stata: codes as they stand, with the labels and missing codes declared."""

import codecs
import hashlib
import io
import re
import struct
import unicodedata
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

import numpy as np
import pandas as pd

from divide_index.errors import InputError
from divide_index.reading.origin import OpenFile, Origin
from divide_index.schema import Code, SurveyFile, code_text

Kind = Literal["SAV", "DTA"]
Value = float | str | None
Missing = tuple[Code | tuple[float, float], ...]

_KOREAN = "CP949"  # a superset of EUC-KR
_WESTERN = {"ascii", "cp1252", "iso8859-1"}  # what a file without an encoding is taken to be in
_UNICODE_STATA = 118  # the first release of the format whose texts are UTF-8
_EXACT = {"double": 2**53, "float": 2**24}  # below, every integer is held exactly
_SPSS_DATES = {"DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR"} | {
    *("DATETIME", "YMDHMS", "TIME", "DTIME", "MTIME"),
}
_STATA_DATES = re.compile(r"%-?(?:d|t[^yg])")  # %ty is a year, %tg a plain number
_EXTREME = 1.797e308  # SPSS's LOWEST and HIGHEST are beyond
_TIMES_PACKED = 1100  # zlib packs no tighter; without it, a record takes a byte or more
_LINES_NAMED = 5


def open_sav(raw: bytes, name: str, layout: SurveyFile, language: str | None) -> OpenFile:
    """Open an SPSS file, ``.sav`` or ``.zsav``.

    Parameters
    ----------
    raw
        The file's bytes.
    name
        The file's name, for messages.
    layout
        Its encoding, where the file does not state the right one.
    language
        The schema's language: only ``ko`` allows the guess of CP949.

    Raises
    ------
    InputError
        Damaged, of another encoding, without records or with repeated headers; when columns
        are read, a column with dates or with numbers too long to be exact.
    """
    if not _is_whole_dictionary(raw):
        raise InputError("DI-E200", path=name, kind="SAV")
    return _opened(_File(raw, name, "SAV"), layout.encoding, language)


def open_dta(raw: bytes, name: str, layout: SurveyFile, language: str | None) -> OpenFile:
    """Open a Stata file, ``.dta``; parameters and errors are those of :func:`open_sav`.

    The letters of extended missing values become NaN. ``OpenFile.missing`` lists those that
    have a label, and once a column is read, those that occur in it: nothing else in the file
    tells them.
    """
    return _opened(_File(raw, name, "DTA"), layout.encoding, language)


class _Metadata(Protocol):
    """What pyreadstat tells about a file."""

    column_names: list[str | None]
    file_encoding: str | None
    number_rows: int | None
    variable_value_labels: dict[str, dict[float | str, str]]
    missing_ranges: dict[str, list[dict[str, float | str]]]
    missing_user_values: dict[str, list[str]]
    original_variable_types: dict[str, str | None]
    readstat_variable_types: dict[str, str]


_Read = Callable[..., tuple[Mapping[str, Sequence[Value]], _Metadata]]


@dataclass(frozen=True, slots=True)
class _File:
    raw: bytes
    name: str
    kind: Kind

    def parsed(
        self, encoding: str | None, names: Collection[str] | None = None
    ) -> tuple[Mapping[str, Sequence[Value]], _Metadata]:
        """Return the columns of some names; without names, only what the file says of itself.

        Raises
        ------
        UnicodeError
            A text is not in that encoding.
        LookupError
            The encoding is not known.
        InputError
            The file is damaged, or has two columns of one name.
        """
        import pyreadstat

        library = cast("Any", pyreadstat)
        read: _Read = library.read_sav if self.kind == "SAV" else library.read_dta
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # a repeated name is renamed with a warning
                return read(
                    io.BytesIO(self.raw),
                    metadataonly=names is None,
                    usecols=None if names is None else list(names),
                    encoding=encoding,
                    user_missing=True,
                    disable_datetime_conversion=True,
                    output_format="dict",
                )
        except UnicodeError:
            raise
        except UserWarning as warning:
            columns = re.findall(r"'(.*?)'", str(warning))[:1]
            raise InputError("DI-E018", path=self.name, columns=columns) from None
        except (
            library.ReadstatError,
            library.PyreadstatError,
            LookupError,
            MemoryError,
            OSError,
            OverflowError,
            TypeError,
            ValueError,
        ) as error:
            if "convert string" in str(error):
                raise UnicodeError from error
            if "character set" in str(error):
                raise LookupError(encoding) from error
            raise InputError("DI-E200", path=self.name, kind=self.kind) from error


def _opened(file: _File, declared: str | None, language: str | None) -> OpenFile:
    encoding, said = _encoded(file, declared, language)
    columns = [unicodedata.normalize("NFC", name or "").strip() for name in said.column_names]
    repeated = sorted({column for column in columns if column and columns.count(column) > 1})
    if repeated:
        raise InputError("DI-E018", path=file.name, columns=repeated)
    records = -1 if said.number_rows is None else said.number_rows
    if records > len(file.raw) * (_TIMES_PACKED if file.raw.startswith(b"$FL3") else 1):
        raise InputError("DI-E200", path=file.name, kind=file.kind)  # before room is made for them
    if records == 0 or not columns:
        raise InputError("DI-E021", path=file.name)
    names = dict(zip(columns, said.column_names, strict=True))
    headers = {name: column for column, name in names.items()}
    missing = {headers[name]: codes for name, codes in _missing(said, file.kind).items()}

    def read(wanted: Mapping[str, bool]) -> pd.DataFrame:
        try:
            data, found = file.parsed(encoding, [names[column] for column in wanted])
        except UnicodeError:
            raise InputError("DI-E026", path=file.name) from None
        if file.kind == "DTA":
            letters = found.missing_user_values
            occurring = {c: tuple(f".{each}" for each in letters.get(names[c], ())) for c in wanted}
            missing.update(occurring)
        count = found.number_rows or 0
        if count == 0:
            raise InputError("DI-E021", path=file.name)
        series = {
            column: _Column(file, column, names[column], found).read(
                data[names[column]], is_text=is_text
            )
            for column, is_text in wanted.items()
        }
        return pd.DataFrame(series, index=pd.RangeIndex(count))

    return OpenFile(
        origin=Origin(
            file.name,
            hashlib.sha256(file.raw).hexdigest(),
            file.kind,
            encoding=None if encoding is None else encoding.lower(),
            records=records,
        ),
        columns=columns,
        read=read,
        labels={headers[name]: labels for name, labels in _labels(said, file.kind).items()},
        missing=missing,
        first_line=1,
    )


# -- the records before the data of an SPSS file ---------------------------------------------


def _is_whole_dictionary(raw: bytes) -> bool:
    """Return whether the records that describe an SPSS file follow one another to their end.

    A file with another record among them, such as one copied in text mode, ends the process
    that lets ReadStat read it.
    """
    order = "<" if raw[64:68] in {b"\2\0\0\0", b"\3\0\0\0"} else ">"
    place = _SPSS_HEADER
    try:
        while (tag := _number(raw, place, order)) != _SPSS_END:
            length = _RECORDS[tag](raw, place + 4, order)
            if length < 0:
                return False
            place += 4 + length
    except (LookupError, struct.error):
        return False
    return True


def _number(raw: bytes, place: int, order: str) -> int:
    return int(struct.unpack_from(f"{order}i", raw, place)[0])


def _variable_length(raw: bytes, place: int, order: str) -> int:
    has_label, missing = _number(raw, place + 4, order), _number(raw, place + 8, order)
    label = 4 + _number(raw, place + 28, order) if has_label else 0
    if has_label not in {0, 1} or abs(missing) > 3 or label < 0:  # noqa: PLR2004
        return -1
    return 28 + -(-label // 4) * 4 + abs(missing) * 8


def _labels_length(raw: bytes, place: int, order: str) -> int:
    length = 4
    for _ in range(_number(raw, place, order)):
        length += 8 + -(-(1 + raw[place + length + 8]) // 8) * 8
    # The variables that bear the labels must come next.
    return length if _number(raw, place + length, order) == _SPSS_LABELLED else -1


_SPSS_HEADER = 176
_SPSS_LABELLED = 4
_SPSS_END = 999
_RECORDS: dict[int, Callable[[bytes, int, str], int]] = {
    2: _variable_length,
    3: _labels_length,
    _SPSS_LABELLED: lambda raw, place, order: 4 + 4 * _number(raw, place, order),
    6: lambda raw, place, order: 4 + 80 * _number(raw, place, order),
    7: lambda raw, place, order: (
        12 + _number(raw, place + 4, order) * _number(raw, place + 8, order)
    ),
}


# -- encodings -------------------------------------------------------------------------------


def _encoded(
    file: _File, declared: str | None, language: str | None
) -> tuple[str | None, _Metadata]:
    """Return the encoding a file is read in, None where its own is, and what it says of itself."""
    encodings = _candidates(file, declared, language)
    for encoding in encodings:
        try:
            _, said = file.parsed(encoding)
            if len(encodings) > 1 and not _is_unicode(file, said, encoding):
                # Headers may be plain ASCII: only the texts themselves tell.
                types = said.readstat_variable_types.items()
                file.parsed(encoding, [name for name, kind in types if kind == "string"])
        except UnicodeError:
            continue
        except LookupError:
            if declared is not None:
                raise InputError("DI-E120", path=file.name, encoding=declared) from None
            continue
        return encoding, said
    raise InputError("DI-E026", path=file.name)


def _candidates(file: _File, declared: str | None, language: str | None) -> list[str | None]:
    """Return the encodings to try, None for the file's own."""
    if declared is not None:
        known = _codec(declared)
        if known is None:
            raise InputError("DI-E120", path=file.name, encoding=declared)
        is_korean = known in {"cp949", "euc_kr"}
        return [_KOREAN if is_korean else known.removesuffix("-sig").upper()]
    # A Stata file before release 118 states no encoding, and is not taken to be Western.
    own = "UTF-8" if file.kind == "DTA" and _release(file.raw) < _UNICODE_STATA else None
    if language != "ko":
        return [own]
    return [_KOREAN, own] if file.kind == "SAV" and _is_western(file) else [own, _KOREAN]


def _codec(encoding: str) -> str | None:
    """Return the name Python has for an encoding."""
    try:
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        return None


def _release(raw: bytes) -> int:
    """Return the release of Stata's format, of which the first byte or the header tells."""
    found = re.match(rb"<stata_dta><header><release>(\d+)<", raw)
    return raw[0] if found is None else int(found[1])


def _is_western(file: _File) -> bool:
    """Return whether an SPSS file states the encoding of files that state none."""
    try:
        _, said = file.parsed(None)
    except (UnicodeError, LookupError):
        return False
    return said.file_encoding is None or _codec(said.file_encoding) in _WESTERN


def _is_unicode(file: _File, said: _Metadata, encoding: str | None) -> bool:
    """Return whether a file says of itself that it is UTF-8, and is taken at its word."""
    return encoding is None and (file.kind == "DTA" or _codec(said.file_encoding or "") == "utf-8")


# -- what the file says of its codes ---------------------------------------------------------


def _labels(said: _Metadata, kind: Kind) -> dict[str, dict[Code, str]]:
    return {
        name: {
            f".{code}" if kind == "DTA" and isinstance(code, str) else _code(code): (
                unicodedata.normalize("NFC", label).strip()
            )
            for code, label in labels.items()
        }
        for name, labels in said.variable_value_labels.items()
    }


def _missing(said: _Metadata, kind: Kind) -> dict[str, Missing]:
    """Return the codes that are declared missing, a range as its two ends."""
    if kind == "DTA":
        return {
            name: letters
            for name, labels in said.variable_value_labels.items()
            if (letters := tuple(f".{code}" for code in labels if isinstance(code, str)))
        }
    return {
        name: tuple(_code_or_range(bounds["lo"], bounds["hi"]) for bounds in ranges)
        for name, ranges in said.missing_ranges.items()
    }


def _code(code: float | str) -> Code:
    return int(code) if isinstance(code, float) and code.is_integer() else code


def _code_or_range(low: float | str, high: float | str) -> Code | tuple[float, float]:
    if isinstance(low, str) or isinstance(high, str) or low == high:
        return _code(low)
    return (
        -np.inf if low <= -_EXTREME else low,
        np.inf if high >= _EXTREME else high,
    )


# -- columns ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that is read, and how to name its cells."""

    file: _File
    header: str
    name: str
    said: _Metadata

    def read(self, cells: Sequence[Value], *, is_text: bool) -> "pd.Series[Any]":
        """Return the column's cells, none of them lost or reinterpreted."""
        if self._is_date():
            self._refuse("DI-E037", (cell is not None for cell in cells))
        kind = self.said.readstat_variable_types[self.name]
        if kind == "string":
            texts = (cell if isinstance(cell, str) and cell.strip() else None for cell in cells)
            return pd.Series(list(texts), dtype="object")
        # A text among numbers is the letter of an extended missing value.
        numbers = [None if isinstance(cell, str) else cell for cell in cells]
        if not is_text:
            return pd.Series(np.array(numbers, dtype=np.float64))
        exact = _EXACT.get(kind, np.inf)
        self._refuse("DI-E209", (cell is not None and abs(cell) >= exact for cell in numbers))
        texts = (None if cell is None else code_text(cell) for cell in numbers)
        return pd.Series(list(texts), dtype="object")

    def _is_date(self) -> bool:
        written = self.said.original_variable_types[self.name] or ""
        if self.file.kind == "DTA":
            return _STATA_DATES.match(written) is not None
        return written.rstrip("0123456789.") in _SPSS_DATES

    def _refuse(self, code: str, are: Iterable[bool]) -> None:
        """Name the records in which something holds of the column, if there are any."""
        lines = [line for line, is_one in enumerate(are, start=1) if is_one]
        if lines:
            raise InputError(
                code,
                path=self.file.name,
                column=self.header,
                count=len(lines),
                lines=lines[:_LINES_NAMED],
            )
