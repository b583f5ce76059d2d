"""From bytes to text: which encoding, and whether every record has all its fields."""

import codecs
import csv
import io
import re

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import InputError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KOREAN = {"euc-kr", "euckr", "euc_kr", "ks_c_5601-1987", "ms949", "uhc"}
_HANGUL_IN_UTF8 = re.compile(
    rb"(?<![\x80-\xff])(?:[\xea-\xec][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf])+(?![\x80-\xff])"
)  # words that would be other words in CP949: the file has lines of both encodings
_LINES_NAMED = 5
_LONGEST_HEADER = 1_000_000
_DELIMITERS = (",", ";", "\t", "|")


def decode(raw: bytes, *, declared: str | None, language: str | None, name: str) -> tuple[str, str]:
    """Decode a file: the schema's encoding, else its BOM, strict UTF-8, CP949 if Korean.

    Parameters
    ----------
    raw
        The file's bytes.
    declared
        The schema's encoding; ``euc-kr`` is read as its superset CP949.
    language
        The schema's language: only ``ko`` allows the guess of CP949, in which much
        other text decodes without an error.
    name
        The file's name, for messages.

    Returns
    -------
    text, encoding

    Raises
    ------
    InputError
        Not text in that encoding, or a NUL character.
    """
    tried: list[str] = []
    for encoding in _candidates(raw, declared, language):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            tried.append(encoding)
            continue
        except (LookupError, UnicodeError):
            raise InputError("DI-E120", path=name, encoding=encoding) from None
        if encoding == "cp949" and declared is None and _HANGUL_IN_UTF8.search(raw):
            raise InputError("DI-E001", path=name, tried=[*tried, encoding])
        if "\0" in text:
            raise InputError("DI-E020", path=name, line=text[: text.index("\0")].count("\n") + 1)
        return text.removeprefix("\ufeff"), encoding
    raise InputError("DI-E001", path=name, tried=tried)


def _candidates(raw: bytes, declared: str | None, language: str | None) -> list[str]:
    if declared is not None:
        return ["cp949" if declared.lower() in _KOREAN else declared]
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return [encoding]
    return ["utf-8", "cp949"] if language == "ko" else ["utf-8"]


def check_layout(
    text: str, name: str, *, delimiter: str = ",", first_line: int = 1
) -> tuple[list[str], list[int] | None]:
    """Return the headers of a delimited text in which every record is whole.

    Parameters
    ----------
    text
        The file from its header on.
    name
        The file's name, for messages.
    delimiter
        The mark between fields.
    first_line
        The line of the file in which the text starts.

    Returns
    -------
    headers, lines
        The line of every record where a record takes several, None where each takes one.

    Raises
    ------
    InputError
        No records, repeated or empty headers, another delimiter, an open quote, or a record
        with too few or too many fields (all such records are counted, the first lines named).
    """
    if not text.strip():
        raise InputError("DI-E021", path=name)
    header = _header(text, name, delimiter, first_line)
    fields = None if '"' in text else _plain_fields(text, name, delimiter, first_line)
    if fields is not None:
        _judge(fields, np.arange(first_line, first_line + fields.size), name, len(header))
        return header, None
    counts, lines = _quoted_fields(text, name, delimiter, first_line)
    _judge(counts, lines, name, len(header))
    is_one_a_line = bool((lines == np.arange(first_line, first_line + lines.size)).all())
    return header, None if is_one_a_line else lines[1:].tolist()


def _header(text: str, name: str, delimiter: str, first_line: int) -> list[str]:
    start = io.StringIO(text[:_LONGEST_HEADER], newline="")
    try:
        header = next(csv.reader(start, delimiter=delimiter))
    except csv.Error:
        raise InputError("DI-E023", path=name, line=first_line) from None
    header = [column.strip() for column in header]
    if not any(header):
        blanks = len(text) - len(text.lstrip(f'\r\n \t"{delimiter}'))
        better = first_line + text.count("\n", 0, blanks)
        raise InputError("DI-E019", path=name, row=first_line, better=better, sheet="")
    if len(header) == 1:
        other = [mark for mark in _DELIMITERS if mark in header[0] and mark != delimiter]
        if other:
            raise InputError("DI-E012", path=name, delimiter=repr(other[0]))
    repeated = sorted({column for column in header if column and header.count(column) > 1})
    if repeated:
        raise InputError("DI-E018", path=name, columns=repeated)
    return header


def _plain_fields(text: str, name: str, delimiter: str, first_line: int) -> NDArray[np.intp] | None:
    """Count the fields of every line at once; None where lines end in CR alone."""
    data = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    returns = np.flatnonzero(data == ord("\r"))
    if ends.size == 0 or returns.size > ends.size:
        return None
    # A return inside a line would end a record for one reader and none for another.
    is_alone = data[np.minimum(returns + 1, data.size - 1)] != ord("\n")
    if is_alone.any():
        first = returns[is_alone].min()
        line = first_line + int((ends < first).sum())
        raise InputError("DI-E022", path=name, line=line)
    if ends[-1] != data.size - 1:
        ends = np.append(ends, data.size)
    marks = np.flatnonzero(data == ord(delimiter))
    counts = np.diff(np.searchsorted(marks, ends), prepend=0)
    starts = np.append(0, ends[:-1] + 1)
    is_empty = counts == 0
    alone = data[np.minimum(starts, data.size - 1)] == ord("\r")
    is_blank = is_empty & ((ends == starts) | ((ends - starts == 1) & alone))
    last = int(np.flatnonzero(~is_blank)[-1]) + 1  # blank lines at the end are no records
    return np.where(is_blank, 0, counts + 1)[:last]


def _quoted_fields(
    text: str, name: str, delimiter: str, first_line: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return how many fields each record has and the line on which it starts."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    counts: list[int] = []
    lines: list[int] = []
    start = first_line
    try:
        for record in reader:
            counts.append(len(record))
            lines.append(start)
            start = reader.line_num + first_line
    except csv.Error as error:
        code = "DI-E023" if "field larger" in str(error) else "DI-E017"
        raise InputError(code, path=name, line=start) from None
    while counts and not counts[-1]:  # blank lines at the end are no records
        counts.pop()
    return np.array(counts, dtype=np.intp), np.array(lines[: len(counts)], dtype=np.intp)


def _judge(counts: NDArray[np.intp], lines: NDArray[np.intp], name: str, width: int) -> None:
    """Refuse a text without records, or records with too few or too many fields."""
    if counts.size <= 1:
        raise InputError("DI-E021", path=name)
    for code, wrong in (("DI-E015", counts > width), ("DI-E016", counts < width)):
        if wrong.any():
            raise InputError(
                code,
                path=name,
                count=int(wrong.sum()),
                lines=[int(line) for line in lines[wrong][:_LINES_NAMED]],
                found=int(counts[wrong][0]),
                expected=width,
            )
