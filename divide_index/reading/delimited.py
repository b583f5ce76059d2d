"""CSV files: decoded, checked record by record, and read column by column."""

import csv
import hashlib
import io
import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

import pandas as pd

from divide_index.errors import Finding
from divide_index.reading.origin import OpenFile, Origin
from divide_index.reading.text import check_layout, decode
from divide_index.schema import SurveyFile

_BLANKS = ["", " "]
_ROWS_LOOKED_AT = 20
_SWAPPED = str.maketrans(",.", ".,")  # a point among decimal commas is no decimal point
# pandas 3.1 reads every float exactly and deprecates the option that asked for it.
_PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])
_EXACT_FLOATS: dict[str, Any] = {"float_precision": "round_trip"} if _PANDAS < (3, 1) else {}


def open_delimited(raw: bytes, name: str, layout: SurveyFile, language: str | None) -> OpenFile:
    """Decode a CSV file and check that every record has all its fields.

    Parameters
    ----------
    raw
        The file's bytes.
    name
        Its name, for messages.
    layout
        Its encoding, delimiter, decimal mark and header row.
    language
        The schema's language: ``ko`` allows CP949.

    Raises
    ------
    InputError
        Wrongly encoded, or with broken records.
    """
    text, encoding = decode(raw, declared=layout.encoding, language=language, name=name)
    notes: tuple[Finding, ...] = ()
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
        notes = (Finding.of("DI-I006", path=name),)
    whole = text
    for _ in range(layout.header_row - 1):
        text = text.partition("\n")[2]
    columns, starts = check_layout(
        text, name, delimiter=layout.delimiter, first_line=layout.header_row
    )

    def read(wanted: Mapping[str, bool]) -> pd.DataFrame:
        try:
            return _parse(text, columns, layout, wanted)
        except ValueError:  # a word among numbers: read all as text, so that its cell can be named
            frame = _parse(text, columns, layout, dict.fromkeys(wanted, True))
        if layout.decimal == ",":
            for column, is_text in wanted.items():
                if not is_text:
                    frame[column] = frame[column].str.translate(_SWAPPED)
        return frame

    return OpenFile(
        origin=Origin(name, hashlib.sha256(raw).hexdigest(), "CSV", encoding),
        columns=columns,
        read=read,
        first_line=layout.header_row + 1,
        starts=starts,
        notes=notes,
        elsewhere=lambda headers: _better_row(whole, layout, headers),
    )


def _parse(
    text: str, columns: list[str], layout: SurveyFile, wanted: Mapping[str, bool]
) -> pd.DataFrame:
    positions = [index for index, name in enumerate(columns) if name in wanted]
    read = cast("Callable[..., pd.DataFrame]", pd.read_csv)
    return read(
        io.StringIO(text),
        sep=layout.delimiter,
        decimal=layout.decimal,
        header=0,
        # A column without a header is nobody's; its name must only differ from all others.
        names=[name or f":{index}" for index, name in enumerate(columns)],
        usecols=positions,
        dtype={name: "str" if is_text else "float64" for name, is_text in wanted.items()},
        keep_default_na=False,
        na_values=_BLANKS,
        index_col=False,
        **_EXACT_FLOATS,
    )


def _better_row(text: str, layout: SurveyFile, headers: Collection[str]) -> tuple[str, int] | None:
    """Return the row among the first that holds more of the headers than the header row."""
    wanted = {header.casefold() for header in headers}
    lines = text[: 1 << 16].splitlines()[:_ROWS_LOOKED_AT]
    found = [
        len(wanted & {cell.strip().casefold() for cell in row})
        for row in csv.reader(lines, delimiter=layout.delimiter)
    ]
    here = found[layout.header_row - 1] if layout.header_row <= len(found) else 0
    best = max(found, default=0)
    return ("", found.index(best) + 1) if best > here else None
