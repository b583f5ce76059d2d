"""Files of margins: long tables as CSV or XLSX, and resident registration."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from divide_index.errors import Finding, InputError
from divide_index.margins.categories import (
    is_same_sample,
    is_sample,
    key_of_margin,
    partitions_of,
    sample_labels,
    sample_of,
)
from divide_index.margins.known import (
    CROSS,
    Kind,
    PopulationMargin,
    PopulationMargins,
    PopulationNumber,
    Row,
    cleaned,
    gathered,
    is_long_table,
    located_headers,
    margins_of_rows,
    refuse_kind,
    rows_of_columns,
)
from divide_index.margins.numbers import number_named
from divide_index.margins.register import is_register, margins_of_register
from divide_index.margins.sheets import GUIDE, sheet_name, workbook
from divide_index.reading.files import opened, read_bytes
from divide_index.reading.origin import OpenFile
from divide_index.reading.workbooks import cell_name, hidden_sheets, visible_sheets
from divide_index.schema import SurveyFile, SurveySchema

_ZIP = b"PK\x03\x04"
_KOREAN = tuple(name.encode("cp949") for name in ("변수", "범주", "행정구역", "모집단"))
_DELIMITERS = (",", ";", "\t", "|")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")
_PLAIN_NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")
_NO_HEADER = {"DI-E019", "DI-E206"}
_PERHAPS_NO_HEADER = {"DI-E015", "DI-E016", "DI-E017", "DI-E018", "DI-E204"}
_LONGEST_TITLE = 6  # rows
_COLUMNS = ("variable", "category", "total", "share", "sample", "source")


def read_margins(
    path: str | Path,
    schema: SurveySchema | None = None,
    *,
    kind: Kind | None = None,
    sample: str | None = None,
    by: Sequence[str] | None = None,
) -> PopulationMargins:
    """Read known totals of a population.

    Parameters
    ----------
    path
        A long table with the columns ``variable``, ``category`` and ``total`` or ``share``
        (변수, 범주, 모집단수, 비율), perhaps ``sample`` and ``source``, as CSV or XLSX; crosses are
        written ``region*sex`` with the categories ``1*2``. A row without a category gives the sum
        of a number. A workbook may have a sheet for each
        sample, named as it. Or Korea's resident registration by sex and age, as its site
        exports it (CSV).
    schema
        The survey's: needed for resident registration, and to tell which sample a sheet is of.
    kind
        What the column of totals holds, where its header does not say.
    sample
        Whose totals they are; the file may not say that they are another's.
    by
        Margins to take, such as ``["region*sex", "age_group"]``: from resident registration
        their cross is summed, from a long table all others are left out.

    Raises
    ------
    InputError
        The file cannot be read. DI-E117: no such kind. DI-E410: it is neither of the two. DI-E411
        to DI-E417, DI-E425, DI-E426, DI-E428, DI-E429: what it says cannot be used; every cell is
        named. DI-E423: the survey has no such sample. DI-E460: the file or a sheet of it says it
        is of another. DI-E461: a margin is not there. DI-E462: the header is not in the first row.
    """
    refuse_kind(kind)
    path = Path(path)
    if schema is not None and sample is not None and not is_sample(schema, sample):
        margins = [f"{sample}: {path.name}"]
        raise InputError("DI-E423", margins=margins, known=sample_labels(schema))
    raw = read_bytes(path)
    language = "ko" if any(name in raw for name in _KOREAN) else None
    language = schema.language or language if schema is not None else language
    asked = _Asked(path.name, schema, kind, sample, by)
    if not raw.startswith(_ZIP):
        return asked.chosen(asked.read(raw, language))
    sheets = [name for name in visible_sheets(raw, path.name) if name != GUIDE]
    found = gathered(
        replace(asked, sheet=sheet, of_sheet=_sample_of_sheet(sheet, sheets, schema)).read(
            raw, language
        )
        for sheet in sheets
    )
    hidden = [name for name in hidden_sheets(raw, path.name) if name != GUIDE]
    if hidden:
        told = Finding.of("DI-W420", path=path.name, sheets=hidden)
        found = replace(found, findings=(*found.findings, told))
    return asked.chosen(found)


def selected(
    margins: PopulationMargins, schema: SurveySchema | None, by: Sequence[str], path: str
) -> PopulationMargins:
    """Return those of some margins that were asked for.

    Parameters
    ----------
    margins
        Of one or several samples.
    schema
        The survey's: a margin is known by any of its names.
    by
        Names or labels, crosses in any order; sums of numbers among them.
    path
        Where the margins are from, for messages.

    Raises
    ------
    InputError
        DI-E461: a margin is not there.
    """
    wanted = {name: _keys(schema, name) for name in by}
    names = [each.name for each in margins.margins]
    names += [each.variable for each in margins.numbers]
    keys = {name: _keys(schema, name) for name in names}
    missing = [name for name, of in wanted.items() if not any(of & each for each in keys.values())]
    if missing:
        raise InputError("DI-E461", path=path, names=missing, known=[*keys])
    asked = set[object]().union(*wanted.values())
    return replace(
        margins,
        margins=tuple(each for each in margins.margins if asked & keys[each.name]),
        numbers=tuple(each for each in margins.numbers if asked & keys[each.variable]),
    )


def margins_csv(margins: PopulationMargins) -> bytes:
    """Return margins as CSV, which :func:`read_margins` reads back."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for each in margins.margins:
        writer.writerows([_escaped(cell) for cell in row] for row in _rows(each))
    writer.writerows([_escaped(cell) for cell in _row_of(each)] for each in margins.numbers)
    return text.getvalue().encode("utf-8-sig")  # Excel takes CSV without a mark for CP949


def margins_workbook(margins: PopulationMargins) -> bytes:
    """Return margins as a workbook of a sheet for each sample, read back likewise."""
    sheets: dict[str, list[tuple[str | float, ...]]] = {}
    names: dict[str | None, str] = {}
    parts = [(each.sample, _rows(each)) for each in margins.margins]
    parts += [(each.sample, [_row_of(each)]) for each in margins.numbers]
    for sample, rows in parts:
        if sample not in names:
            names[sample] = sheet_name(sample or "margins", sheets)
        sheets.setdefault(names[sample], []).extend(rows)
    return workbook({name: [_COLUMNS, *rows] for name, rows in sheets.items()})


def _rows(margin: PopulationMargin) -> list[tuple[str | float, ...]]:
    rows: list[tuple[str | float, ...]] = []
    for cell, total in zip(margin.cells, margin.totals, strict=True):
        both = (total, "") if margin.kind == "counts" else ("", total)
        said = (margin.sample or "", margin.source or "")
        rows.append((margin.name, CROSS.join(cell), *both, *said))
    return rows


def _row_of(number: PopulationNumber) -> tuple[str | float, ...]:
    return number.variable, "", number.total, "", number.sample or "", number.source or ""


def _escaped(cell: str | float) -> str | float:
    """Keep a spreadsheet from taking a text for a formula."""
    if not isinstance(cell, str):
        return int(cell) if float(cell).is_integer() else cell
    is_formula = cell.startswith(_FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(cell)
    return f"'{cell}" if is_formula else cell


def _plain(cell: str | None) -> str | None:
    """Return a text of a CSV file without the mark that kept it from being a formula."""
    if cell is not None and cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS):
        return cell[1:]
    return cell


def _keys(schema: SurveySchema | None, name: str) -> set[object]:
    """Return what tells a margin, or the sum of a number, from others."""
    number = None if schema is None else number_named(schema, name)
    return {key_of_margin(schema, name), *([] if number is None else [number])}


def _delimiter(raw: bytes, line: int = 1) -> Any:  # noqa: ANN401  one of four
    """Return the mark that a line of a file has most of, the first or another."""
    head = [*raw.split(b"\n", line)[:line], b""][line - 1]
    return max(_DELIMITERS, key=lambda mark: head.count(mark.encode()))


def _sample_of_sheet(sheet: str, sheets: Sequence[str], schema: SurveySchema | None) -> str | None:
    """Return the sample a sheet is of; the only sheet may have any name."""
    is_one = schema is not None and sample_of(schema, sheet) is not None
    return sheet if is_one or len(sheets) > 1 else None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A file's name, its sheet if it has sheets, and what was said of it."""

    path: str
    schema: SurveySchema | None
    kind: Kind | None
    sample: str | None
    by: Sequence[str] | None
    sheet: str | None = None
    of_sheet: str | None = None

    @property
    def where(self) -> str:
        """The file with its sheet, for messages."""
        return self.path if self.sheet is None else f"{self.path} {self.sheet}"

    def read(self, raw: bytes, language: str | None) -> PopulationMargins:
        """Return the margins of a file or of a sheet, whichever of the two kinds it is."""
        layout = self._layout(raw, 1)
        try:
            file = opened(self.path, raw, layout, language)
            is_known = is_register(file.columns) or is_long_table(file.columns)
        except InputError as error:
            if error.code in _NO_HEADER or (
                error.code in _PERHAPS_NO_HEADER and self._is_header_below(raw, language)
            ):
                raise InputError("DI-E462", path=self.where) from error
            if error.code == "DI-E021":
                raise InputError("DI-E021", path=self.where) from error
            raise
        if not is_known and self._is_header_below(raw, language):
            raise InputError("DI-E462", path=self.where)
        found = self._read(file, decimal_comma=layout.delimiter == ";")
        self._refuse_others(found)
        return found

    def chosen(self, found: PopulationMargins) -> PopulationMargins:
        """Return those margins of a long table that were asked for; a register's already are."""
        return found if self.by is None else selected(found, self.schema, self.by, self.path)

    def _layout(self, raw: bytes, row: int) -> SurveyFile:
        """Return how the file is laid out if a row is its header."""
        if self.sheet is not None:
            return SurveyFile(sheet=self.sheet, header_row=row)
        return SurveyFile(delimiter=_delimiter(raw, row), header_row=row)

    def _is_header_below(self, raw: bytes, language: str | None) -> bool:
        """Return whether one of the rows after the first is the header of a table of margins."""
        for row in range(2, _LONGEST_TITLE + 2):
            try:
                columns = opened(self.path, raw, self._layout(raw, row), language).columns
            except InputError:  # nor is the file laid out as if this row were its header
                continue
            if is_register(columns) or is_long_table(columns):
                return True
        return False

    def _refuse_others(self, found: PopulationMargins) -> None:
        """Refuse margins that are given for one sample and say that they are another's."""
        given, said = self.sample, [each.sample for each in (*found.margins, *found.numbers)]
        sheet, schema = self.of_sheet, self.schema
        if sheet is not None and schema is not None and sample_of(schema, sheet) is not None:
            said.append(sheet)
            given = given or sheet
        if given is None:
            return
        others = [
            name
            for name in dict.fromkeys(said)
            if name is not None and not is_same_sample(self.schema, given, name)
        ]
        if others:
            raise InputError("DI-E460", path=self.where, given=given, said=others)

    def _read(self, file: OpenFile, *, decimal_comma: bool) -> PopulationMargins:
        named = [column for column in file.columns if column]
        if is_register(file.columns) and self.schema is not None:
            frame = file.read(dict.fromkeys(named, True))
            rows = [[_cell(cell) for cell in row] for row in frame.itertuples(index=False)]
            return margins_of_register(
                named,
                rows,
                path=self.path,
                schema=self.schema,
                by=self.by,
                sample=self.sample or self.of_sheet,
            )
        if not is_long_table(file.columns):
            raise InputError("DI-E410", path=self.path, headers=named)
        headers = located_headers(file.columns)
        # A column tells the sample of every row, blank or not; the sheet, where there is none.
        sample = self.sample or (None if "sample" in headers else self.of_sheet)
        margins = margins_of_rows(
            self._rows(file, headers), kind=self.kind, sample=sample, decimal_comma=decimal_comma
        )
        if self.schema is not None and "label" in headers:
            _refuse_lost_rows(margins, self.schema, self.where)
        return margins

    def _rows(self, file: OpenFile, headers: Mapping[str, str]) -> list[Row]:
        frame = file.read(dict.fromkeys(headers.values(), True))
        cells = {part: [*map(_cell, frame[header])] for part, header in headers.items()}
        lines = [file.line_of(row) for row in range(len(frame))]
        if self.sheet is None:
            cells = {part: [*map(_plain, column)] for part, column in cells.items()}
            return rows_of_columns(cells, [f"{self.path}:{line}" for line in lines])
        column = file.columns.index(headers.get("total", headers.get("share", "")))
        return rows_of_columns(cells, [f"{self.where}!{cell_name(column, line)}" for line in lines])


def _refuse_lost_rows(margins: PopulationMargins, schema: SurveySchema, where: str) -> None:
    """Refuse a filled template in which rows of a variable are gone."""
    lost: list[str] = []
    for margin in margins.margins:
        parts = partitions_of(schema, margin)
        if len(parts) > 1:
            continue
        [part] = parts
        given = {part.by_code(text) or part.by_name(text) for [text] in margin.cells}
        lost += [f"{margin.name}={part.label(code)}" for code in part.codes if code not in given]
    if lost:
        raise InputError("DI-E412", where=where, cells=lost)


def _cell(cell: object) -> str | None:
    return cleaned(cell) if isinstance(cell, str) else None
