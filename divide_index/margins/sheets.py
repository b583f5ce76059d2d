"""Workbooks of plain rows: text never a formula, and the same bytes each time."""

import datetime as dt
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias

Value: TypeAlias = str | float
Line: TypeAlias = Sequence[Value]

GUIDE = "안내 guide"
"""The sheet that explains a template and holds no totals."""

_CREATED = dt.datetime(2000, 1, 1)  # noqa: DTZ001  a date of no clock, in no zone
_LONGEST = 31
_FORBIDDEN = "[]:*?/\\"


def sheet_name(name: str, taken: Collection[str]) -> str:
    """Return a name that Excel allows for a sheet, and that no other sheet has.

    Parameters
    ----------
    name
        What it is to be called.
    taken
        Names of other sheets.
    """
    plain = "".join("_" if letter in _FORBIDDEN else letter for letter in name).strip("' ")
    plain = plain[:_LONGEST] or "_"
    others = {other.casefold() for other in taken} | {GUIDE.casefold(), "history"}
    number, found = 1, plain
    while found.casefold() in others:
        number += 1
        ending = f"_{number}"
        found = f"{plain[: _LONGEST - len(ending)]}{ending}"
    return found


def workbook(
    sheets: Mapping[str, Iterable[Line]],
    *,
    widths: Sequence[int] = (),
    counts: Collection[int] = (),
    guide: Sequence[str] = (),
) -> bytes:
    """Return a workbook of tables whose first row holds the headers, which stay in sight.

    Parameters
    ----------
    sheets
        Rows by the name of the sheet; an empty text is an empty cell.
    widths
        Of the columns, in letters.
    counts
        Columns in which numbers are to be typed, from 0 on: they are shown as counts.
    guide
        Lines of a first sheet that explains the others.
    """
    library: Any = import_module("xlsxwriter")  # partly typed
    content = io.BytesIO()
    with library.Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"created": _CREATED})
        bold = book.add_format({"bold": True, "bottom": 1})
        count = book.add_format({"num_format": "#,##0.######"})
        if guide:
            page = book.add_worksheet(GUIDE)
            page.set_column(0, 0, 100, book.add_format({"text_wrap": True, "valign": "top"}))
            for row, line in enumerate(guide):
                page.write_string(row, 0, line)
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            page.freeze_panes(1, 0)
            for column, width in enumerate(widths):
                page.set_column(column, column, width, count if column in counts else None)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if isinstance(cell, str):
                        if cell:
                            page.write_string(row, column, cell, None if row else bold)
                    else:
                        page.write_number(row, column, cell, count)
        if guide:
            book.worksheets()[1].activate()
    return content.getvalue()
