"""Files of SPSS and Stata: codes as they stand, with the labels and missing codes declared."""

import codecs
import hashlib
import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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

# Every byte is a character here. ReadStat ends the whole process over a labelled code that is not
# in the encoding it was told, so it is told this one, and texts are decoded afterwards.
_BYTES = "ISO-8859-1"
_KOREAN = "cp949"  # a superset of EUC-KR
_WESTERN = {"ascii", "cp1252", "iso8859-1"}  # no text can be found not to be in these
_UNICODE_STATA = 118  # the first release of the format whose texts are UTF-8
_EXACT = {"double": 2**53, "float": 2**24}  # below, every integer is held exactly
_SPSS_DATES = {"DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR"} | {
    *("DATETIME", "YMDHMS", "TIME", "DTIME", "MTIME"),
}
_STATA_DATES = re.compile(r"%-?(?:d|t[^yg])")  # %ty is a year, %tg a plain number
_EXTREME = 1.797e308  # SPSS's LOWEST and HIGHEST are beyond
_UNICODE_PAGE = 65001
_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")
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
    variable_storage_width: dict[str, int]


_Read = Callable[..., tuple[Mapping[str, Sequence[Value]], _Metadata]]


@dataclass(frozen=True, slots=True)
class _File:
    raw: bytes
    name: str
    kind: Kind

    def parsed(
        self, names: Collection[str] | None = None
    ) -> tuple[Mapping[str, Sequence[Value]], _Metadata]:
        """Return the columns of some names; without names, only what the file says of itself.

        Raises
        ------
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
                    encoding=_BYTES,
                    user_missing=True,
                    disable_datetime_conversion=True,
                    output_format="dict",
                )
        except UnicodeError:  # in a text that is always UTF-8
            raise InputError("DI-E026", path=self.name) from None
        except UserWarning as warning:
            names = re.findall(r"'(.*?)'", str(warning))[:1]
            columns = [name.encode(_BYTES).decode(errors="replace") for name in names]
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
            raise InputError("DI-E200", path=self.name, kind=self.kind) from error


def _opened(file: _File, declared: str | None, language: str | None) -> OpenFile:
    _, said = file.parsed()
    records = -1 if said.number_rows is None else said.number_rows
    if records > len(file.raw) * (_TIMES_PACKED if file.raw.startswith(b"$FL3") else 1):
        raise InputError("DI-E200", path=file.name, kind=file.kind)  # before room is made for them
    if records == 0 or not said.column_names:
        raise InputError("DI-E021", path=file.name)
    stated = _stated(file)
    encoding = _encoded(file, said, _candidates(file, stated, declared, language))
    names = [name or "" for name in said.column_names]
    columns = [_composed(_decoded(name, encoding)) for name in names]
    repeated = sorted({column for column in columns if column and columns.count(column) > 1})
    if repeated:
        raise InputError("DI-E018", path=file.name, columns=repeated)
    headers = dict(zip(names, columns, strict=True))
    own = {column: name for name, column in headers.items()}
    missing = {headers[name]: codes for name, codes in _missing(said, file.kind, encoding).items()}

    def read(wanted: Mapping[str, bool]) -> pd.DataFrame:
        data, found = file.parsed([own[column] for column in wanted])
        for column in wanted if file.kind == "DTA" else ():
            letters = found.missing_user_values.get(own[column], [])
            missing[column] = tuple(f".{letter}" for letter in letters)
            if not letters:
                del missing[column]
        count = found.number_rows or 0
        if count == 0:
            raise InputError("DI-E021", path=file.name)
        series = {
            column: _Column(file, column, own[column], encoding, found).read(
                data[own[column]], is_text=is_text
            )
            for column, is_text in wanted.items()
        }
        return pd.DataFrame(series, index=pd.RangeIndex(count))

    labels = _labels(said, file.kind, encoding)
    return OpenFile(
        origin=Origin(
            file.name,
            hashlib.sha256(file.raw).hexdigest(),
            file.kind,
            encoding=None if encoding == stated else encoding,
            records=records,
        ),
        columns=columns,
        read=read,
        labels={headers[name]: words for name, words in labels.items()},
        missing=missing,
        first_line=1,
    )


def _is_long_text(said: _Metadata, name: str) -> bool:
    """Return whether a column is Stata's ``strL``, which ReadStat takes for UTF-8 always."""
    return said.variable_storage_width[name] == 0


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


# -- encodings -------------------------------------------------------------------------------


def _decoded(text: str, encoding: str) -> str:
    """Return a text whose characters are bytes so far.

    A letter that the end of a field cuts off is dropped, as SPSS and Stata do.
    """
    if text.isascii():
        return text
    return codecs.getincrementaldecoder(encoding)().decode(text.encode(_BYTES))


def _encoded(file: _File, said: _Metadata, candidates: Sequence[str]) -> str:
    """Return the first of several encodings that all texts are in."""
    for encoding in candidates:
        try:
            for text in _texts(file, said, is_in_doubt=len(candidates) > 1):
                _decoded(text, encoding)
        except UnicodeError:
            continue
        return encoding
    raise InputError("DI-E026", path=file.name)


def _texts(file: _File, said: _Metadata, *, is_in_doubt: bool) -> Iterator[str]:
    """Yield the texts that tell an encoding: names and labels; where in doubt, every text."""
    yield from (name for name in said.column_names if name)
    for labels in said.variable_value_labels.values():
        yield from (text for pair in labels.items() for text in pair if isinstance(text, str))
    if is_in_doubt:
        kinds = said.readstat_variable_types.items()
        words = [name for name, kind in kinds if kind == "string" and not _is_long_text(said, name)]
        data, _ = file.parsed(words)
        for column in data.values():
            yield from (cell for cell in column if isinstance(cell, str))


def _candidates(
    file: _File, stated: str | None, declared: str | None, language: str | None
) -> list[str]:
    """Return the encodings to try: the schema's, else the file's, then CP949 if Korean."""
    if declared is not None:
        known = _codec(declared)
        if known is None:
            raise InputError("DI-E120", path=file.name, encoding=declared)
        return [known]
    if language != "ko" or stated == "utf-8":
        return [stated or "utf-8"]
    return [_KOREAN, stated] if stated in _WESTERN else [stated or "utf-8", _KOREAN]


def _codec(encoding: str) -> str | None:
    """Return the name Python has for an encoding of texts."""
    name = re.sub("^(x-)?windows-", "cp", encoding.lower()).removesuffix("-sig")
    try:
        b"a".decode(name)
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return _KOREAN if known == "euc_kr" else known


def _stated(file: _File) -> str | None:
    """Return the encoding that a file states, if it states one."""
    if file.kind == "DTA":
        found = re.match(rb"<stata_dta><header><release>(\d+)<", file.raw)
        return "utf-8" if found is not None and int(found[1]) >= _UNICODE_STATA else None
    for order in _ORDERS:
        named = b"".join(number.to_bytes(4, order) for number in (7, 20, 1))
        place = file.raw.find(named)
        if place >= 0:
            end = place + 16 + int.from_bytes(file.raw[place + 12 : place + 16], order)
            return _codec(file.raw[place + 16 : end].decode(_BYTES).strip("\0 "))
        numbered = b"".join(number.to_bytes(4, order) for number in (7, 3, 4, 8))
        place = file.raw.find(numbered)
        if place >= 0:
            page = int.from_bytes(file.raw[place + 44 : place + 48], order)
            return "utf-8" if page == _UNICODE_PAGE else _codec(f"cp{page}")
    return None


# -- what the file says of its codes ---------------------------------------------------------


def _labels(said: _Metadata, kind: Kind, encoding: str) -> dict[str, dict[Code, str]]:
    return {
        name: {
            f".{code}" if kind == "DTA" and isinstance(code, str) else _code(code, encoding): (
                _composed(_decoded(label, encoding))
            )
            for code, label in labels.items()
        }
        for name, labels in said.variable_value_labels.items()
    }


def _missing(said: _Metadata, kind: Kind, encoding: str) -> dict[str, Missing]:
    """Return the codes that are declared missing, a range as its two ends."""
    if kind == "DTA":
        return {
            name: letters
            for name, labels in said.variable_value_labels.items()
            if (letters := tuple(f".{code}" for code in labels if isinstance(code, str)))
        }
    return {
        name: tuple(_code_or_range(each["lo"], each["hi"], encoding) for each in ranges)
        for name, ranges in said.missing_ranges.items()
    }


def _code(code: float | str, encoding: str) -> Code:
    if isinstance(code, str):
        return _decoded(code, encoding)
    return int(code) if float(code).is_integer() else code


def _code_or_range(
    low: float | str, high: float | str, encoding: str
) -> Code | tuple[float, float]:
    if isinstance(low, str) or isinstance(high, str) or low == high:
        return _code(low, encoding)
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
    encoding: str
    said: _Metadata

    def read(self, cells: Sequence[Value], *, is_text: bool) -> "pd.Series[Any]":
        """Return the column's cells, none of them lost or reinterpreted."""
        if self._is_date():
            self._refuse((cell is not None for cell in cells), "DI-E037")
        kind = self.said.readstat_variable_types[self.name]
        if kind == "string":
            try:
                texts = [str(cell or "") for cell in cells]
                if not _is_long_text(self.said, self.name):
                    texts = [_decoded(text, self.encoding) for text in texts]
            except UnicodeError:
                raise InputError("DI-E026", path=self.file.name) from None
            return pd.Series([text if text.strip() else None for text in texts], dtype="object")
        if self.name in self.said.missing_user_values:  # letters among the numbers
            cells = [None if isinstance(cell, str) else cell for cell in cells]
        numbers = cast("Sequence[float | None]", cells)
        if not is_text:
            return pd.Series(np.array(numbers, dtype=np.float64))
        exact = _EXACT.get(kind, np.inf)
        self._refuse((cell is not None and abs(cell) >= exact for cell in numbers), "DI-E209")
        texts = (None if cell is None else code_text(cell) for cell in numbers)
        return pd.Series(list(texts), dtype="object")

    def _is_date(self) -> bool:
        written = self.said.original_variable_types[self.name] or ""
        if self.file.kind == "DTA":
            return _STATA_DATES.match(written) is not None
        return written.rstrip("0123456789.") in _SPSS_DATES

    def _refuse(self, are: Iterable[bool], code: str) -> None:
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
