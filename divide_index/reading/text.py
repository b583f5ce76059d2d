"""From bytes to text: which encoding, and whether every record has all its fields."""

import codecs
import csv
import io

import numpy as np

from divide_index.errors import InputError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KOREAN = {"euc-kr", "euckr", "euc_kr", "ks_c_5601-1987", "ms949", "uhc"}
_LINES_NAMED = 5
_LONGEST_HEADER = 1_000_000
_OTHER_DELIMITERS = (";", "\t", "|")


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


def check_layout(text: str, name: str) -> list[str]:
    """Return the headers of a comma-separated text in which every record is whole.

    Raises
    ------
    InputError
        No records, repeated or empty headers, another delimiter, an open quote, or a record
        with too few or too many fields (all such records are counted, the first lines named).
    """
    if not text.strip():
        raise InputError("DI-E021", path=name)
    header = _header(text, name)
    if '"' in text:
        _check_quoted(text, name, len(header))
    else:
        _check_plain(text, name, len(header))
    return header


def _header(text: str, name: str) -> list[str]:
    try:
        header = next(csv.reader(io.StringIO(text[:_LONGEST_HEADER], newline="")))
    except csv.Error:
        raise InputError("DI-E023", path=name, line=1) from None
    header = [column.strip() for column in header]
    if not any(header):
        raise InputError("DI-E019", path=name)
    if len(header) == 1:
        other = [mark for mark in _OTHER_DELIMITERS if mark in header[0]]
        if other:
            raise InputError("DI-E012", path=name, delimiter=repr(other[0]))
    repeated = sorted({column for column in header if column and header.count(column) > 1})
    if repeated:
        raise InputError("DI-E018", path=name, columns=repeated)
    return header


def _check_plain(text: str, name: str, width: int) -> None:
    """Count the commas of every line at once."""
    data = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    if ends.size == 0 or (data == ord("\r")).sum() > ends.size:  # lines that end in CR alone
        _check_quoted(text, name, width)
        return
    if ends[-1] != data.size - 1:
        ends = np.append(ends, data.size)
    commas = np.flatnonzero(data == ord(","))
    counts = np.diff(np.searchsorted(commas, ends), prepend=0)
    starts = np.append(0, ends[:-1] + 1)
    is_empty = counts == 0
    alone = data[np.minimum(starts, data.size - 1)] == ord("\r")
    is_blank = is_empty & ((ends == starts) | ((ends - starts == 1) & alone))
    last = int(np.flatnonzero(~is_blank)[-1]) + 1  # blank lines at the end are no records
    fields = np.where(is_blank, 0, counts + 1)
    _judge(fields[:last], np.arange(1, last + 1), name, width)


def _check_quoted(text: str, name: str, width: int) -> None:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    counts: list[int] = []
    lines: list[int] = []
    start = 1
    try:
        for record in reader:
            counts.append(len(record))
            lines.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        code = "DI-E023" if "field larger" in str(error) else "DI-E017"
        raise InputError(code, path=name, line=start) from None
    while counts and not counts[-1]:  # blank lines at the end are no records
        counts.pop()
    _judge(np.array(counts), np.array(lines[: len(counts)]), name, width)


def _judge(
    counts: "np.ndarray[tuple[int], np.dtype[np.intp]]",
    lines: "np.ndarray[tuple[int], np.dtype[np.intp]]",
    name: str,
    width: int,
) -> None:
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
