"""What kind of file it is, by its content, and the reader of that kind."""

import io
import zipfile
from pathlib import Path

from divide_index.errors import InputError
from divide_index.reading.delimited import open_delimited
from divide_index.reading.origin import OpenFile
from divide_index.schema import SurveyFile

_KIND_OF_START = {
    b"%PDF": "PDF",
    b"$FL2": "SAV",
    b"$FL3": "SAV",
    b"<stata_dta>": "DTA",
    b"PAR1": "Parquet",
    b"\x1f\x8b": "gzip",
    b"{\\rtf": "RTF",
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xc2\xea\x81\x60": "SAS",
}
_KIND_OF_PART = {  # inside an OLE file, names are UTF-16
    "EncryptedPackage": "locked",
    "HwpSummaryInformation": "HWP",
    "Workbook": "XLS",
    "WordDocument": "DOC",
}
_KINDS_OF_ENDING = {
    ".csv": {"CSV"},
    ".tsv": {"CSV"},
    ".txt": {"CSV"},
    ".xlsx": {"XLSX"},
    ".xlsm": {"XLSX"},
    ".sav": {"SAV"},
    ".zsav": {"SAV"},
    ".dta": {"DTA"},
    ".parquet": {"Parquet"},
}
# Releases 105 to 115 start with their number, then the order of bytes.
_OLD_STATA = {bytes([release]) for release in range(105, 116)}
_OLD_STATA_ORDERS = {b"\x01", b"\x02"}


def open_file(path: Path, layout: SurveyFile, language: str | None) -> OpenFile:
    """Open a survey file of any kind that is read: CSV, XLSX, SPSS, Stata, Parquet.

    Parameters
    ----------
    path
        Where it lies.
    layout
        How the schema says it is laid out.
    language
        The schema's language: ``ko`` allows CP949.

    Raises
    ------
    InputError
        Missing, unreadable, locked, of another kind than its name says, wrongly encoded, or
        with broken records.
    """
    return opened(path.name, read_bytes(path), layout, language)


def read_bytes(path: Path) -> bytes:
    """Return a file's content.

    Raises
    ------
    InputError
        It is missing or cannot be read.
    """
    if not path.exists() or path.is_dir():
        raise InputError("DI-E101", path=str(path))
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError("DI-E102", path=str(path), reason=error.strerror or "") from error


def opened(name: str, raw: bytes, layout: SurveyFile, language: str | None) -> OpenFile:
    """Open the bytes of a survey file, as :func:`open_file` does."""
    kind = _kind(raw)
    if kind == "locked":
        raise InputError("DI-E189", path=name)
    said = _KINDS_OF_ENDING.get(Path(name).suffix.lower())
    if kind == "damaged ZIP":
        kind = "XLSX" if said == {"XLSX"} else "ZIP"
    if kind not in set[str]().union(*_KINDS_OF_ENDING.values()):
        raise InputError("DI-E025", path=name, kind=kind)
    if said is not None and kind not in said:
        raise InputError("DI-E190", path=name, kind=kind, said=sorted(said))
    match kind:
        case "XLSX":
            from divide_index.reading.workbooks import open_workbook

            return open_workbook(raw, name, layout)
        case "SAV":
            from divide_index.reading.statistical import open_sav

            return open_sav(raw, name, layout, language)
        case "DTA":
            from divide_index.reading.statistical import open_dta

            return open_dta(raw, name, layout, language)
        case "Parquet":
            from divide_index.reading.parquet import open_parquet

            return open_parquet(raw, name)
        case _:
            return open_delimited(raw, name, layout, language)


def _kind(raw: bytes) -> str:
    """Return the kind of file some bytes are; whatever is nothing else is taken for CSV."""
    for start, kind in _KIND_OF_START.items():
        if raw.startswith(start):
            return kind
    if raw.startswith(b"PK\x03\x04"):
        return _kind_of_zip(raw)
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        found = (k for part, k in _KIND_OF_PART.items() if part.encode("utf-16-le") in raw)
        return next(found, "OLE")
    head = raw[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<meta")):
        return "HTML"
    if head.startswith(b"<?xml"):
        return "XML"
    is_stata = raw[1:2] in _OLD_STATA_ORDERS and raw[:1] in _OLD_STATA and raw[2:4] == b"\x01\x00"
    return "DTA" if is_stata else "CSV"


def _kind_of_zip(raw: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return "damaged ZIP"
    if "xl/workbook.xml" in names:
        return "XLSX"
    others = {"xl/workbook.bin": "XLSB", "word/document.xml": "DOCX", "content.xml": "ODS"}
    return next((kind for part, kind in others.items() if part in names), "ZIP")
