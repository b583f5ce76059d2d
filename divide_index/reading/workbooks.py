"""Excel workbooks: one sheet, whose cells are taken as they stand."""

import hashlib
import io
import posixpath
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias
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
_LONG_NUMBER = 10**15  # Excel keeps 15 digits of a number
_HEADER_WITHIN = 20
_SWAPPED = str.maketrans(",.", ".,")  # a point among decimal commas is no decimal point
_LINES_NAMED = 5
_DATES = {date, datetime, time, timedelta}
_NUMBERS = {int, float}

# A pattern that begins with letters is searched for many times faster than any other.
_TAG = rb"<(?:[\w.-]+:)?"  # a producer may write <x:row> for <row>
_FORMULA = re.compile(_TAG + rb"f[\s/>]")
_COMPUTED = re.compile(
    _TAG + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:[\w.-]+:)?f\s*>)\s*" + _TAG + rb"v(?:\s[^<>]*)?>[^<]"
)
_ROW = re.compile(rb"""row\s[^<>]*?\br\s*=\s*["'](\d+)""")
_MERGED = re.compile(_TAG + rb"""mergeCell\s[^<>]*?\bref\s*=\s*["']([A-Z]+\d+):([A-Z]+\d+)["']""")
_WIDTHS = (  # so many columns at most, unless a cell's name has as many letters as this
    (26, re.compile(rb"""r=["'][A-Z]{2}""")),
    (702, re.compile(rb"""r=["'][A-Z]{3}""")),
    (16_384, None),
)


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
        repeated headers or with blank rows between records; when columns are read, a column
        with dates, errors, formulas without a result, merged cells or numbers too long to be
        exact.
    """
    book = _Book.of(raw, name)
    sheet = book.sheet(book.chosen(layout.sheet))
    if layout.sheet is None:
        book.refuse_twins(sheet, layout.header_row - 1)
    header = layout.header_row - 1
    columns = _columns(sheet, header, name)
    records = _records(sheet, header, name)
    while not columns[-1] and sheet.is_blank(len(columns) - 1, records):
        columns.pop()

    def read(wanted: Mapping[str, bool]) -> pd.DataFrame:
        data = {
            column: _Column(name, column, columns.index(column), records).read(
                sheet, is_text=is_text, has_commas=layout.decimal == ","
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
        first_line=records.start + 1,
        elsewhere=elsewhere,
    )


def visible_sheets(raw: bytes, name: str) -> tuple[str, ...]:
    """Return the names of a workbook's visible worksheets, in order.

    Raises
    ------
    InputError
        Damaged, or too large when unpacked.
    """
    return tuple(_Book.of(raw, name).visible)


def hidden_sheets(raw: bytes, name: str) -> tuple[str, ...]:
    """Return the names of a workbook's other worksheets, in order.

    Raises
    ------
    InputError
        Damaged, or too large when unpacked.
    """
    book = _Book.of(raw, name)
    return tuple(sheet for sheet in book.paths if sheet not in book.visible)


def cell_name(column: int, line: int) -> str:
    """Return a cell as Excel names it, ``D3``, of a column from 0 on and a line from 1 on."""
    return f"{_letters(column)}{line}"


# -- the archive and its sheets --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet from A1, and what its cells do not show; rows and columns count from 0."""

    name: str
    rows: Rows
    unknown: Mapping[int, Sequence[int]]  # column: rows with an error or without a result
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]  # first and last cell

    def is_blank(self, column: int, records: range) -> bool:
        """Return whether a column has nothing in some rows."""
        return column not in self.unknown and all(
            _is_blank(self.rows[row][column]) for row in records
        )

    def covered(self, column: int, records: range) -> set[int]:
        """Return the rows in which a column's cell lies under a merged one."""
        return {
            row
            for first, last in self.merged
            if first[1] <= column <= last[1]
            for row in range(max(first[0], records.start), min(last[0] + 1, records.stop))
            if (row, column) != first
        }


@dataclass(frozen=True, slots=True)
class _Book:
    """A workbook, found to be safe to unpack."""

    name: str
    archive: zipfile.ZipFile
    calamine: "CalamineWorkbook"
    paths: Mapping[str, str]  # of every worksheet, in order: its part of the archive
    visible: Sequence[str]

    @classmethod
    def of(cls, raw: bytes, name: str) -> "_Book":
        from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

        with _damage_named(name):
            archive = zipfile.ZipFile(io.BytesIO(raw))
        _check_size(archive, len(raw), name)
        with _damage_named(name):
            for part in archive.namelist():  # calamine compares no checksums
                if re.fullmatch(r"xl/[^/]+\.xml", part):
                    archive.read(part)
            paths = _sheet_paths(archive)
            book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
            sheets = [s for s in book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
            paths = {sheet.name: paths[sheet.name] for sheet in sheets}
        visible = [s.name for s in sheets if s.visible == SheetVisibleEnum.Visible]
        return cls(name, archive, book, paths, visible or list(paths))

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

    def refuse_twins(self, sheet: _Sheet, header: int) -> None:
        """Refuse a workbook in which another sheet has the headers of the one that is read."""
        with _damage_named(self.name):
            heads = {
                name: self.calamine.get_sheet_by_name(name).to_python(
                    skip_empty_area=False, nrows=header + 1
                )
                for name in self.visible
                if name != sheet.name
            }
        wanted = _folded_headers(sheet.rows, header)
        twins = [
            name
            for name, rows in heads.items()
            if len(wanted & _folded_headers(rows, header)) > len(wanted) / 2
        ]
        if twins:
            raise InputError("DI-E231", path=self.name, sheets=[sheet.name, *twins])

    def sheet(self, name: str) -> _Sheet:
        """Return a sheet, read by calamine and looked through for what calamine leaves blank."""
        with _damage_named(self.name):
            xml = self.archive.read(self.paths[name])
            last = _last_cell(xml)
        if last is not None:
            raise InputError("DI-E205", path=self.name, sheet=name, cell=last)
        with _damage_named(self.name):
            found = self.calamine.get_sheet_by_name(name).to_python(skip_empty_area=False)
            unknown = _unknown_cells(xml)
            return _Sheet(name, _padded(found, unknown), unknown, _merged(xml))


@contextmanager
def _damage_named(name: str) -> Generator[None]:
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


def _check_size(archive: zipfile.ZipFile, packed: int, name: str) -> None:
    """Refuse an archive that would fill the memory when unpacked."""
    unpacked = sum(part.file_size for part in archive.infolist())
    times = unpacked // packed
    is_suspect = unpacked > _SUSPECT_FROM and times > _TIMES_PACKED_AT_MOST
    if unpacked > _UNPACKED_AT_MOST or is_suspect:
        megabytes = unpacked // 1_000_000
        raise InputError("DI-E024", path=name, megabytes=megabytes, times=times)


def _sheet_paths(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the part of the archive in which each sheet lies."""
    parts = {part.replace("\\", "/").lower(): part for part in archive.namelist()}

    def part(path: str) -> str:
        return parts[posixpath.normpath(path).lstrip("/").lower()]

    def related(source: str) -> list[dict[str, str]]:
        folder, name = posixpath.split(source)
        xml = archive.read(part(f"{folder}/_rels/{name}.rels"))
        return [
            {**each, "Target": posixpath.join("/", folder, each["Target"])}
            for tag, each in _elements(xml)
            if tag == "Relationship" and each.get("TargetMode") != "External"
        ]

    [book] = [r["Target"] for r in related("") if r["Type"].endswith("/officeDocument")]
    targets = {relation["Id"]: relation["Target"] for relation in related(book)}
    return {
        attributes["name"]: part(targets[identifier])
        for tag, attributes in _elements(archive.read(part(book)))
        if tag == "sheet"
        for key, identifier in attributes.items()
        if key.rpartition(":")[2] == "id"
    }


def _elements(xml: bytes) -> list[tuple[str, dict[str, str]]]:
    """Return the elements of a small part: local name and attributes."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: found.append(
        (tag.rpartition(":")[2], attributes)
    )
    parser.Parse(xml, True)  # noqa: FBT003  the library's signature
    return found


def _padded(rows: Rows, unknown: Mapping[int, Sequence[int]]) -> Rows:
    """Return rows that reach as far as the cells whose content is unknown."""
    width = max([len(rows[0]) if rows else 0, *(column + 1 for column in unknown)])
    height = max([len(rows), *(row + 1 for found in unknown.values() for row in found)])
    if unknown:
        for row in rows:
            row.extend([""] * (width - len(row)))
        rows.extend([""] * width for _ in range(height - len(rows)))
    return rows


# -- what calamine leaves blank --------------------------------------------------------------


def _unknown_cells(xml: bytes) -> dict[int, list[int]]:
    """Return, by column, the rows of cells that hold an error or a formula without a result.

    Calamine gives both as blanks. The XML is walked cell by cell only where a fast look at it
    leaves a doubt.
    """
    start, end = _body(xml)
    is_doubtful = any(xml.find(mark, start, end) >= 0 for mark in (b'"e"', b"'e'"))
    if not is_doubtful and any(xml.find(mark, start, end) >= 0 for mark in (b"<f", b":f")):
        formulas = sum(1 for _ in _FORMULA.finditer(xml, start, end))
        is_doubtful = formulas != sum(1 for _ in _COMPUTED.finditer(xml, start, end))
    return _Walk(xml).unknown if is_doubtful else {}


def _last_cell(xml: bytes) -> str | None:
    """Return the last cell of a sheet if a rectangle from A1 to it would be too large."""
    start, end = _body(xml)
    found: list[bytes] = _ROW.findall(xml, start, end)
    rows = max([xml.count(b"row>", start, end), *map(int, found)])
    columns = next(
        widest
        for widest, wider in _WIDTHS
        if wider is None or wider.search(xml, start, end) is None
    )
    if rows * columns <= _CELLS_AT_MOST:
        return None
    walk = _Walk(xml)
    if (walk.last_row + 1) * (walk.last_column + 1) <= _CELLS_AT_MOST:
        return None
    return f"{_letters(walk.last_column)}{walk.last_row + 1}"


def _body(xml: bytes) -> tuple[int, int]:
    """Return where the cells of a sheet begin and end."""
    return xml.index(b"sheetData"), xml.rindex(b"sheetData")


def _merged(xml: bytes) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the first and the last cell of every merged range, as row and column."""
    found: list[tuple[bytes, bytes]] = _MERGED.findall(xml, _body(xml)[1])
    return [(_position(first.decode()), _position(last.decode())) for first, last in found]


class _Walk:
    """A walk through the XML of a sheet, from the first cell to the last.

    Attributes
    ----------
    unknown
        By column, the rows of cells with an error or with a formula that has no result.
    last_row, last_column
        The corner of all that is filled; rows and columns count from 0.
    """

    def __init__(self, xml: bytes) -> None:
        self.unknown: dict[int, list[int]] = {}
        self.last_row = -1
        self.last_column = -1
        self._prefix: str | None = None
        self._row = -1
        self._column = -1
        self._type: str | None = None
        self._is_filled = False
        self._has_formula = False
        self._result: str | None = None
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.Parse(xml, True)  # noqa: FBT003  the library's signature
        self._close()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._prefix is None:
            if tag.rpartition(":")[2] == "sheetData":
                self._prefix = tag.removesuffix("sheetData")
            return
        match tag.removeprefix(self._prefix):
            case "c":
                self._close()
                self._type = attributes.get("t")
                if "r" in attributes:
                    self._row, self._column = _position(attributes["r"])
                else:  # it stands beside the one before it
                    self._column += 1
            case "row":
                self._close()
                self._row = int(attributes.get("r", self._row + 2)) - 1
                self._column = -1
            case "f":
                self._is_filled = self._has_formula = True
            case "v":
                self._is_filled = True
                if self._has_formula:
                    self._result = ""
                    self._parser.CharacterDataHandler = self._extend
            case "is":
                self._is_filled = True
            case _:
                pass

    def _extend(self, text: str) -> None:
        self._result = f"{self._result}{text}"

    def _close(self) -> None:
        """Judge the cell that has just been passed."""
        if self._is_filled:
            self.last_row = max(self.last_row, self._row)
            self.last_column = max(self.last_column, self._column)
        has_result = self._result is not None and (
            self._type == "str" or bool(self._result.strip())  # a formula may result in no text
        )
        if self._type == "e" or (self._has_formula and not has_result):
            self.unknown.setdefault(self._column, []).append(self._row)
        self._type = self._result = self._parser.CharacterDataHandler = None
        self._is_filled = self._has_formula = False


def _position(place: str) -> tuple[int, int]:
    """Return row and column, from 0, of a cell such as ``"B7"``."""
    letters = place.rstrip("0123456789")
    return int(place[len(letters) :]) - 1, _column_number(letters)


@lru_cache(maxsize=_WIDTHS[-1][0])
def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _letters(column: int) -> str:
    head, last = divmod(column, 26)
    return (_letters(head - 1) if head else "") + chr(ord("A") + last)


# -- headers and records ---------------------------------------------------------------------


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _header(cell: Cell) -> str:
    return _composed(_text(cell) or "")


def _is_blank(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _folded_headers(rows: Rows, header: int) -> set[str]:
    """Return the headers of a sheet as they are compared: in any case and order."""
    cells = rows[header] if header < len(rows) else []
    return {name.casefold() for cell in cells if (name := _header(cell))}


def _is_long(cell: Cell) -> bool:
    return isinstance(cell, int | float) and abs(cell) >= _LONG_NUMBER


def _text(cell: Cell) -> str | None:
    """Return a cell as text: a text as it stands, a number in its shortest form."""
    match cell:
        case bool():
            return "TRUE" if cell else "FALSE"
        case str():
            return cell if cell.strip() else None
        case _:
            return code_text(cell)


def _columns(sheet: _Sheet, header: int, name: str) -> list[str]:
    """Return the headers of a sheet."""
    if not sheet.rows:
        raise InputError("DI-E021", path=name)
    columns = [_header(cell) for cell in sheet.rows[header]] if header < len(sheet.rows) else []
    if not any(columns):
        raise InputError("DI-E206", path=name, sheet=sheet.name, line=header + 1)
    repeated = sorted({column for column in columns if column and columns.count(column) > 1})
    if repeated:
        raise InputError("DI-E018", path=name, columns=repeated)
    return columns


def _records(sheet: _Sheet, header: int, name: str) -> range:
    """Return the rows that are records: all below the header, to the last that is not blank."""
    unknown = {row for rows in sheet.unknown.values() for row in rows}
    blank = [
        row
        for row in range(header + 1, len(sheet.rows))
        if row not in unknown and all(_is_blank(cell) for cell in sheet.rows[row])
    ]
    end = len(sheet.rows)
    while blank and blank[-1] == end - 1:
        end = blank.pop()
    if end == header + 1:
        raise InputError("DI-E021", path=name)
    if blank:
        lines = [row + 1 for row in blank[:_LINES_NAMED]]
        raise InputError("DI-E204", path=name, sheet=sheet.name, count=len(blank), lines=lines)
    return range(header + 1, end)


def _better_header(
    book: _Book, sheet: _Sheet, header: int, wanted: Collection[str]
) -> tuple[str, int] | None:
    """Return the sheet and row that hold more wanted headers than the row read as header."""
    keys = {_composed(column).casefold() for column in wanted}

    def hits(row: Sequence[Cell]) -> int:
        return len(keys & {_header(cell).casefold() for cell in row})

    best, place = hits(sheet.rows[header]), None
    for name in sorted(book.paths, key=lambda name: name != sheet.name):
        try:
            other = sheet if name == sheet.name else book.sheet(name)
        except InputError:  # a sheet that cannot be read is no better place
            continue
        for line, row in enumerate(other.rows[:_HEADER_WITHIN], start=1):
            found = hits(row)
            if found > best:
                best, place = found, (name, line)
    return place


# -- columns ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that is read, and how to name its cells."""

    path: str
    header: str
    position: int
    records: range

    def read(self, sheet: _Sheet, *, is_text: bool, has_commas: bool) -> "pd.Series[Any]":
        """Return the column's cells, none of them lost or reinterpreted."""
        self._refuse(sheet.unknown.get(self.position, ()), "DI-E202")
        self._refuse(sorted(sheet.covered(self.position, self.records)), "DI-E203")
        cells = [row[self.position] for row in sheet.rows[self.records.start : self.records.stop]]
        kinds = set(map(type, cells))
        if kinds & _DATES:
            self._refuse(self._rows(type(cell) in _DATES for cell in cells), "DI-E037")
        if is_text:
            self._refuse(self._rows(map(_is_long, cells)), "DI-E209")
        elif kinds <= _NUMBERS:
            return pd.Series(cells, dtype="float64")
        elif all(type(cell) in _NUMBERS or _is_blank(cell) for cell in cells):
            return pd.Series([np.nan if type(c) is str else c for c in cells], dtype="float64")
        if has_commas and not is_text:  # of texts alone: a number has no mark of its own
            cells = [c.translate(_SWAPPED) if isinstance(c, str) else c for c in cells]
        return pd.Series([_text(cell) for cell in cells], dtype="object")

    def _rows(self, are: Iterable[bool]) -> list[int]:
        return [row for row, is_one in zip(self.records, are, strict=True) if is_one]

    def _refuse(self, rows: Sequence[int], code: str) -> None:
        """Name the cells of the column that stand in some rows of the sheet, if there are any."""
        inside = [row + 1 for row in rows if row in self.records]
        if inside:
            raise InputError(
                code,
                path=self.path,
                column=self.header,
                count=len(inside),
                lines=inside[:_LINES_NAMED],
            )
