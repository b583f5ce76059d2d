"""Tables on a terminal: right at 80 columns, with Hangul two columns wide."""

from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from divide_index.cli.screen import new_console, printed
from divide_index.messages import printable
from divide_index.publication.inspection import (
    inspection_head,
    inspection_tables,
    inspection_verdict,
)
from divide_index.publication.tables import Table, level_notes, level_tables

if TYPE_CHECKING:
    from divide_index.inspection import Inspection
    from divide_index.levels import LevelResult, NonresponseBand
    from divide_index.messages import Language
    from divide_index.publication.disclosure import Suppression

_HEAD = 14


def render(
    result: "LevelResult",
    band: "NonresponseBand | None",
    lang: "Language",
    *,
    suppression: "Suppression | None" = None,
    to_terminal: bool,
) -> str:
    """Return tables and notes as text, with colours only on a terminal."""
    console, buffer = new_console(to_terminal=to_terminal)
    for table in level_tables(result, lang, suppression):
        _print(console, table)
    notes = RichTable.grid(padding=(0, 1, 0, 0))
    notes.add_column(no_wrap=True)
    notes.add_column(overflow="fold")
    for note in level_notes(result, band, lang, suppression):
        notes.add_row("*", Text(printable(note)))
    console.print(notes)
    return printed(buffer)


def inspection_page(inspection: "Inspection", lang: "Language", *, to_terminal: bool) -> str:
    """Return what a look at survey files found as text, with colours only on a terminal."""
    console, buffer = new_console(to_terminal=to_terminal)
    for line in inspection_head(inspection, lang):
        console.print(Text(printable(line)))
    console.print()
    for table in inspection_tables(inspection, lang):
        _print(console, table)
    for head, words in inspection_verdict(inspection, lang):
        console.print(Text(printable(head), style="bold"))
        grid = RichTable.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for message in words:
            grid.add_row("*", Text(printable(message)))
        console.print(grid)
    return printed(buffer)


def _print(console: Console, table: Table) -> None:
    console.print(Text(printable(table.title), style="bold"))
    if table.unit:
        console.print(Text(table.unit), justify="right")
    console.print(_rich(table))


def _rich(table: Table) -> RichTable:
    grid = RichTable(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1), pad_edge=False)
    for index, column in enumerate(table.columns):
        grid.add_column(
            printable(column),
            justify="right" if index else "left",
            overflow="fold",
            ratio=None if index else 1,
            # The label gives way before a number does; a long head is broken into lines.
            min_width=max(cell_len(row[index]) for row in table.rows) if index else None,
            max_width=max(_HEAD, *(cell_len(row[index]) for row in table.rows)) if index else None,
        )
    for index, row in enumerate(table.rows):
        if index in table.breaks:
            grid.add_section()
        grid.add_row(*(Text(printable(cell)) for cell in row))
    return grid
