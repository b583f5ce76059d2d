"""Excel workbooks: one sheet, whose cells are taken as they stand."""

import hashlib
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias
from xml.parsers import expat

import numpy as np
import pandas as pd

from divide_index.errors import InputError
from divide_index.reading.origin import OpenFile, Origin
from divide_index.schema import SurveyFile, code_text

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

Cell: TypeAlias = int | float | str | bool | date | time | timedelta
Rows: TypeAlias = list[list[Cell]]

_KIND = "XLSX"
_UNPACKED_AT_MOST = 2_000_000_000  # bytes
_SUSPECT_FROM = 100_000_000  # bytes: below, no ratio of packing does harm
_TIMES_PACKED_AT_MOST = 200
_CELLS_AT_MOST = 100_000_000  # a sheet is held as a whole rectangle from A1 to its last cell
_WIDEST = 16_384  # columns of a sheet, to XFD
_TWO_LETTERS = 702  # columns of a sheet, to ZZ
_EXACT = 2**53  # the largest number up to which a float holds every integer
_HEADER_WITHIN = 20
_LINES_NAMED = 5

_TAG = rb"<(?:[\w.-]+:)?"  # a producer may write <x:row> for <row>
_ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
_FORMULA = re.compile(_TAG + rb"f[\s/>]")
_COMPUTED = re.compile(
    _TAG + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:[\w.-]+:)?f\s*>)\s*" + _TAG + rb"v(?:\s[^<>]*)?>[^<]"
)
_ROW = re.compile(_TAG + rb"""row(?=[\s/>])(?:\s[^<>]*?\br\s*=\s*["'](\d+))?""")
_THREE_LETTERS = re.compile(rb"""\sr\s*=\s*["'][A-Za-z]{3}\d""")
_MERGED = re.compile(_TAG + rb"""mergeCell\s[^<>]*?\bref\s*=\s*["'](\w+):(\w+)["']""")


def open_workbook(raw: bytes, name: str, layout: SurveyFile) -> OpenFile:
    """Open one sheet of an XLSX or XLSM workbook.

    A cell is what its file says it is: a number, a text, true or false. The sheet is
    ``layout.sheet``, else the first one that is visible.

    Parameters
    ----------
    raw
        The file's bytes.
    name
        The file's name, for messages.
    layout
        Its sheet and the row of its headers.

    Raises
    ------
    InputError
        Damaged, too large when unpacked, without the sheet, without headers or records, with
        repeated headers or with blank rows between records.
    """
    book = _Book.of(raw, name)
    sheet = book.sheet(book.chosen(layout.sheet))
    header = layout.header_row - 1
    if not sheet.rows:
        raise InputError("DI-E021", path=name)
    columns = [_header(cell) for cell in sheet.rows[header]] if header < len(sheet.rows) else []
    if not any(columns):
        raise InputError("DI-E206", path=name, sheet=sheet.name, line=header + 1)
    repeated = sorted({column for column in columns if column and columns.count(column) > 1})
    if repeated:
        raise InputError("DI-E018", path=name, columns=repeated)
    records = _records(sheet, header, name)
    while not columns[-1] and sheet.is_blank(len(columns) - 1, records):
        columns.pop()

    def read(wanted: Mapping[str, bool]) -> pd.DataFrame:
        data = {
            column: _Column(name, column, header + 2, columns.index(column)).read(
                sheet, records, is_text=is_text
            )
            for column, is_text in wanted.items()
        }
        return pd.DataFrame(data, index=pd.RangeIndex(len(records)))

    def elsewhere(wanted: Collection[str]) -> tuple[str, int] | None:
        return _better_header(book, sheet, header, wanted)

    return OpenFile(
        origin=Origin(name, hashlib.sha256(raw).hexdigest(), _KIND, records=len(records)),
        columns=columns,
        read=read,
        first_line=header + 2,
        elsewhere=elsewhere,
    )


# -- the archive and its sheets --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet from A1, and what its cells do not show; rows and columns count from 0."""

    name: str
    rows: Rows
    unknown: Mapping[int, Sequence[int]]  # column: rows with an error or an unknown result
    covered: Sequence[tuple[tuple[int, int], tuple[int, int]]]  # merged cells, first and last

    def is_blank(self, column: int, records: range) -> bool:
        """Return whether a column has nothing in some rows."""
        return not any(row in records for row in self.unknown.get(column, ())) and all(
            _is_blank(self.rows[row][column]) for row in records if row < len(self.rows)
        )


@dataclass(frozen=True, slots=True)
class _Book:
    """A workbook, unpacked only as far as it is safe."""

    name: str
    archive: zipfile.ZipFile
    paths: Mapping[str, str]  # of every worksheet in order: its place in the archive
    visible: Sequence[str]
    calamine: "CalamineWorkbook"

    @classmethod
    def of(cls, raw: bytes, name: str) -> "_Book":
        from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

        with _damage_named(name):
            archive = zipfile.ZipFile(io.BytesIO(raw))
        unpacked = sum(part.file_size for part in archive.infolist())
        times = unpacked // len(raw)
        if unpacked > _UNPACKED_AT_MOST or (
            unpacked > _SUSPECT_FROM and times > _TIMES_PACKED_AT_MOST
        ):
            megabytes = unpacked // 1_000_000
            raise InputError("DI-E024", path=name, megabytes=megabytes, times=times)
        with _damage_named(name):
            for part in archive.namelist():  # zipfile compares checksums, calamine does not
                if PurePosixPath(part).suffix == ".xml" and part.count("/") == 1:
                    archive.read(part)
            paths = _sheet_paths(archive)
            book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
            sheets = {
                sheet.name: sheet.visible == SheetVisibleEnum.Visible
                for sheet in book.sheets_metadata
                if sheet.typ == SheetTypeEnum.WorkSheet
            }
            paths = {sheet: paths[sheet] for sheet in sheets}
        visible = [sheet for sheet, is_visible in sheets.items() if is_visible]
        return cls(name, archive, paths, visible or list(sheets), book)

    def chosen(self, sheet: str | None) -> str:
        """Return a worksheet's name as the workbook writes it."""
        if not self.paths:
            raise InputError("DI-E021", path=self.name)
        if sheet is None:
            return self.visible[0]
        for known in self.paths:
            if _composed(known) == _composed(sheet):
                return known
        raise InputError("DI-E201", path=self.name, sheet=sheet, sheets=list(self.paths))

    def sheet(self, name: str) -> _Sheet:
        """Return a sheet, read once by calamine and once for what calamine leaves blank."""
        with _damage_named(self.name):
            xml = self.archive.read(self.paths[name])
            last = _last_cell(xml)
            if last is None:
                rows: Rows = self.calamine.get_sheet_by_name(name).to_python(skip_empty_area=False)
                return _Sheet(name, rows, _unknown_cells(xml), _merged(xml))
        raise InputError("DI-E205", path=self.name, sheet=name, cell=last)


@contextmanager
def _damage_named(name: str) -> Iterator[None]:
    """Turn what libraries raise over a damaged workbook into one sentence."""
    from python_calamine import CalamineError

    try:
        yield
    except (
        CalamineError,
        EOFError,
        LookupError,
        NotImplementedError,
        OSError,
        RuntimeError,
        ValueError,
        expat.ExpatError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise InputError("DI-E200", path=name, kind=_KIND) from error


def _sheet_paths(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return where in the archive each sheet lies."""
    places = {part.replace("\\", "/").lower(): part for part in archive.namelist()}

    def targets(source: PurePosixPath) -> dict[str, tuple[str, PurePosixPath]]:
        part = source.parent / "_rels" / f"{source.name}.rels"
        return {
            attributes["Id"]: (attributes["Type"], source.parent / attributes["Target"])
            for tag, attributes in _elements(archive.read(places[str(part).lstrip("/").lower()]))
            if tag == "Relationship" and attributes.get("TargetMode") != "External"
        }

    def place(path: PurePosixPath) -> str:
        return places[str(path).lstrip("/").lower()]

    [workbook] = [
        path for kind, path in targets(PurePosixPath("/")).values() if kind.endswith("/officeDocument")
    ]
    parts = targets(workbook)
    return {
        attributes["name"]: place(parts[identifier][1])
        for tag, attributes in _elements(archive.read(place(workbook)))
        if tag == "sheet"
        for key, identifier in attributes.items()
        if key.rpartition(":")[2] == "id"
    }


def _elements(xml: bytes) -> list[tuple[str, dict[str, str]]]:
    """Return the elements of a small XML part: local name and attributes."""
    found: list[tuple[str, dict[str, str]]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        found.append((tag.rpartition(":")[2], attributes))

    _parser(start).Parse(xml, True)  # noqa: FBT003  the library's signature
    return found


def _parser(start: "Callable[[str, dict[str, str]], None]") -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    return parser


# -- what calamine leaves blank --------------------------------------------------------------


def _unknown_cells(xml: bytes) -> dict[int, list[int]]:
    """Return, by column, the rows of cells that hold an error or a formula without a result.

    Calamine gives both as blanks. The XML is walked cell by cell only where a fast look at it
    leaves a doubt.
    """
    end = xml.rfind(b"sheetData")
    formulas = sum(1 for _ in _FORMULA.finditer(xml, 0, end))
    computed = sum(1 for _ in _COMPUTED.finditer(xml, 0, end)) if formulas else 0
    if formulas == computed and _ERROR.search(xml, 0, end) is None:
        return {}
    cells = _Cells()
    cells.walk(xml)
    return cells.unknown


def _last_cell(xml: bytes) -> str | None:
    """Return the last cell of a sheet if a rectangle from A1 to it would be too large."""
    found: list[bytes] = _ROW.findall(xml)
    rows = max([len(found), *(int(row) for row in found if row)])
    if rows * _TWO_LETTERS <= _CELLS_AT_MOST and (
        rows * _WIDEST <= _CELLS_AT_MOST or _THREE_LETTERS.search(xml) is None
    ):
        return None
    cells = _Cells()
    cells.walk(xml)
    if (cells.last_row + 1) * (cells.last_column + 1) <= _CELLS_AT_MOST:
        return None
    return f"{_letters(cells.last_column)}{cells.last_row + 1}"


class _Cells:
    """A walk through the cells of a sheet; rows and columns count from 0."""

    def __init__(self) -> None:
        self.unknown: dict[int, list[int]] = {}
        self.last_row = -1
        self.last_column = -1
        self._prefix: str | None = None
        self._row = -1
        self._column = -1
        self._type: str | None = None
        self._has_content = False
        self._has_formula = False
        self._result: str | None = None

    def walk(self, xml: bytes) -> None:
        """Walk from the first cell to the last."""
        self._parser = _parser(self._start)
        self._parser.Parse(xml, True)  # noqa: FBT003  the library's signature
        self._close()
