"""Survey files into frames of text and numbers, with the columns a schema needs."""

import difflib
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from divide_index.errors import InputError
from divide_index.reading.text import check_layout, decode
from divide_index.schema import SurveySchema

if TYPE_CHECKING:
    from collections.abc import Callable

_BLANKS = ["", " "]
# pandas 3.1 reads every float exactly and deprecates the option that asked for it.
_PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])
_EXACT_FLOATS: dict[str, Any] = {"float_precision": "round_trip"} if _PANDAS < (3, 1) else {}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where records came from: the file's name, its SHA-256 and encoding."""

    name: str
    sha256: str
    encoding: str


@dataclass(frozen=True, slots=True)
class TextFile:
    """A comma-separated file, decoded and checked record by record."""

    text: str
    columns: list[str]
    origin: Origin


def open_csv(path: Path, *, encoding: str | None, language: str | None) -> TextFile:
    """Read and check a CSV file as text.

    Raises
    ------
    InputError
        Missing, unreadable, of another kind, wrongly encoded, or with broken records.
    """
    if not path.exists() or path.is_dir():
        raise InputError("DI-E101", path=str(path))
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError("DI-E102", path=str(path), reason=error.strerror or "") from error
    kind = _other_kind(raw)
    if kind is not None:
        raise InputError("DI-E025", path=path.name, kind=kind)
    text, used = decode(raw, declared=encoding, language=language, name=path.name)
    columns = check_layout(text, path.name)
    return TextFile(text, columns, Origin(path.name, hashlib.sha256(raw).hexdigest(), used))


def missing_columns(columns: list[str], schema: SurveySchema) -> None:
    """Refuse a file that lacks a column of the schema, naming the nearest header.

    Raises
    ------
    InputError
        Every missing column, and what the file has that looks like it.
    """
    absent = [c for name in schema.variables if (c := schema.column_of(name)) not in columns]
    if absent:
        near = {
            close
            for column in absent
            for close in difflib.get_close_matches(column, columns, n=1, cutoff=0.6)
        }
        weight = schema.design.weight
        lacks_weight = weight is not None and schema.column_of(weight) in absent
        raise InputError(
            "DI-E127" if lacks_weight else "DI-E103",
            schema=schema.name,
            columns=absent,
            nearest=sorted(near) or "-",  # any other header may be a record: a file without one
        )


def parse_csv(file: TextFile, schema: SurveySchema) -> pd.DataFrame:
    """Return the columns a schema needs: texts as text, the rest as numbers.

    A column of numbers in which a cell is not one comes back as text, for the gate to name
    its cells; nothing is coerced.
    """
    missing_columns(file.columns, schema)
    words = {schema.column_of(name) for name, part in schema.variables.items() if part.is_text}
    needed = [schema.column_of(name) for name in schema.variables]
    try:
        return _parse(file, {name: "str" if name in words else "float64" for name in needed})
    except ValueError:  # a word among numbers: read all as text, so that its cell can be named
        return _parse(file, dict.fromkeys(needed, "str"))


def _parse(file: TextFile, types: dict[str, Any]) -> pd.DataFrame:
    positions = [index for index, name in enumerate(file.columns) if name in types]
    read = cast("Callable[..., pd.DataFrame]", pd.read_csv)
    return read(
        io.StringIO(file.text),
        header=0,
        # A column without a header is nobody's; its name must only differ from all others.
        names=[name or f":{index}" for index, name in enumerate(file.columns)],
        usecols=positions,
        dtype=types,
        keep_default_na=False,
        na_values=_BLANKS,
        index_col=False,
        **_EXACT_FLOATS,
    )


def _other_kind(raw: bytes) -> str | None:
    kinds = {
        b"PK\x03\x04": "XLSX/ZIP",
        b"\xd0\xcf\x11\xe0": "XLS/HWP",
        b"%PDF": "PDF",
        b"$FL2": "SPSS .sav",
        b"$FL3": "SPSS .zsav",
        b"<stata_dta>": "Stata .dta",
        b"PAR1": "Parquet",
        b"\x1f\x8b": "gzip",
    }
    return next((kind for magic, kind in kinds.items() if raw.startswith(magic)), None)
