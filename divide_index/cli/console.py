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
from divide_index.publication.tables import HEAD_WIDTH, Table, level_notes, level_tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from divide_index.inspection import Inspection
    from divide_index.levels import LevelResult, NonresponseBand
    from divide_index.messages import Language
    from divide_index.publication.decompositions import PublishedDecomposition
    from divide_index.publication.disclosure import Suppression
    from divide_index.publication.linked import PublishedLinked
    from divide_index.publication.targets import PublishedTarget
    from divide_index.publication.year_parts import PublishedParts
    from divide_index.weighting import WeightDiagnostics

_WIDEST_WORD = 20


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
    _list(console, level_notes(result, band, lang, suppression))
    return printed(buffer)


def render_decomposition(
    published: "PublishedDecomposition", lang: "Language", *, to_terminal: bool
) -> str:
    """Return tables, sentences and notes as text, with colours only on a terminal."""
    from divide_index.publication.decomposition_tables import (
        decomposition_notes,
        decomposition_sentences,
        part_tables,
    )

    console, buffer = new_console(to_terminal=to_terminal)
    for table in part_tables(published, lang):
        _print(console, table)
    _quote(console, decomposition_sentences(published, lang))
    _list(console, decomposition_notes(published, lang))
    return printed(buffer)


def render_years(published: "PublishedParts", lang: "Language", *, to_terminal: bool) -> str:
    """Return tables, sentences and notes of several years as text."""
    from divide_index.publication.year_parts import part_notes, tables_of_parts
    from divide_index.publication.year_tables import tables_of_years, year_notes, year_sentences

    years = published.years
    console, buffer = new_console(to_terminal=to_terminal)
    for table in (*tables_of_years(years, lang), *tables_of_parts(published, lang)):
        _print(console, table)
    _quote(console, year_sentences(years, lang))
    _list(console, (*part_notes(published, lang), *year_notes(years, lang)))
    return printed(buffer)


def render_links(published: "PublishedLinked", lang: "Language", *, to_terminal: bool) -> str:
    """Return tables and notes of linked levels as text."""
    from divide_index.publication.linked import link_notes, tables_of_links

    console, buffer = new_console(to_terminal=to_terminal)
    for table in tables_of_links(published, lang):
        _print(console, table)
    _list(console, link_notes(published, lang))
    return printed(buffer)


def render_target(published: "PublishedTarget", lang: "Language", *, to_terminal: bool) -> str:
    """Return tables, sentences and notes of a target as text."""
    from divide_index.publication.target_tables import tables_of_target, target_notes, target_words

    console, buffer = new_console(to_terminal=to_terminal)
    for table in tables_of_target(published, lang):
        _print(console, table)
    _quote(console, target_words(published, lang))
    _list(console, target_notes(published, lang))
    return printed(buffer)


def render_weights(diagnostics: "WeightDiagnostics", lang: "Language", *, to_terminal: bool) -> str:
    """Return tables and notes of what became of weights as text."""
    from divide_index.publication.weights import weight_notes, weight_tables

    console, buffer = new_console(to_terminal=to_terminal)
    for table in weight_tables(diagnostics, lang):
        _print(console, table)
    _list(console, weight_notes(diagnostics, lang))
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
        _list(console, words)
    return printed(buffer)


def _quote(console: Console, sentences: "Iterable[tuple[str, str]]") -> None:
    for label, words in sentences:
        console.print(Text(printable(label), style="bold"))
        console.print(Text(printable(words)))
        console.print()


def _list(console: Console, words: "Iterable[str]") -> None:
    grid = RichTable.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for each in words:
        grid.add_row("*", Text(printable(each)))
    console.print(grid)


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
            min_width=max(cell_len(row[index]) for row in table.rows)
            if index
            else _narrowest_label(table),
            max_width=max(HEAD_WIDTH, *(cell_len(row[index]) for row in table.rows))
            if index
            else None,
        )
    for index, row in enumerate(table.rows):
        if index in table.breaks:
            grid.add_section()
        grid.add_row(*(Text(printable(cell)) for cell in row))
    return grid


def _narrowest_label(table: Table) -> int:
    """Return the width of a label's longest word, which is not broken if that can be helped."""
    words = [word for row in table.rows for word in row[0].split()]
    return min(max(map(cell_len, words), default=1), _WIDEST_WORD)
