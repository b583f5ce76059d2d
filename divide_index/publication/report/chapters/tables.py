"""The tables that several chapters print: levels by row, and their errors in the same rows."""

import math
import re
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from divide_index.cells import Cell
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    NOT_AVAILABLE,
    SUPPRESSED,
    signed,
)
from divide_index.publication.published import Figures
from divide_index.publication.report.blocks import ColumnKind, Row
from divide_index.publication.report.material import (
    Draft,
    Material,
    count_cell,
    interval_cell,
    level_cell,
    number_cell,
    symbol,
)
from divide_index.publication.tables import Table
from divide_index.schema import OVERALL

Block = tuple[str, Sequence[Cell]]
"""A heading, empty where none is needed, and the cells below it."""


@dataclass(frozen=True, slots=True)
class LevelColumn:
    """A column of a table of levels: its head, its kind, and what it prints of a population."""

    head: str
    kind: ColumnKind
    of: Callable[[Cell], str]


def level_table(
    draft: Draft,
    title: str,
    blocks: Sequence[Block],
    columns: Sequence[LevelColumn],
    *,
    unit: str,
    note: str = "",
) -> None:
    """Add a table of one row for each cell, below the headings of their blocks.

    Below it stand a note, and what every sign in it means.
    """
    rows: list[Row] = []
    for heading, cells in blocks:
        if heading:
            rows.append(Row((heading,), is_heading=True))
        rows += [Row(tuple(column.of(cell) for column in columns)) for cell in cells]
    heads: list[tuple[str, ColumnKind]] = [(column.head, column.kind) for column in columns]
    notes = [note, *sign_notes(draft.material, rows)]
    draft.table(title, heads, rows, unit=unit, notes=notes)


def overall_table(draft: Draft, title: str, blocks: Sequence[Block]) -> None:
    """Add overall levels with interval, standard error, verdict and respondents."""
    material = draft.material
    shown = [material.published.figures(cell) for cell in _cells(blocks)]
    has_gap = any(not math.isnan(figures.target_gap) for figures in shown)
    columns = [
        _names(material),
        _levels(material),
        _intervals(material),
        _std_errors(material, material.say("table.std_error")),
        *([_gaps(material)] if has_gap else []),
        _verdicts(material),
        _counts(material),
    ]
    level_table(draft, title, blocks, columns, unit=material.unit(), note=_verdict_note(material))


def whole_table(draft: Draft, title: str, blocks: Sequence[Block]) -> None:
    """Add the overall level with interval and verdict, and the levels by dimension beside it."""
    material = draft.material
    columns = [
        _names(material),
        _levels(material),
        _intervals(material),
        *(_levels(material, name) for name in material.schema.dimensions),
        _verdicts(material),
        _counts(material),
    ]
    level_table(draft, title, blocks, columns, unit=material.unit(), note=_verdict_note(material))


def dimension_table(
    draft: Draft, title: str, blocks: Sequence[Block], *, verdicts: bool = False
) -> None:
    """Add the overall level and that of each dimension, with respondents, verdicts if asked."""
    material = draft.material
    columns = [
        _names(material),
        *(_levels(material, name) for name in material.dimensions),
        *([_verdicts(material)] if verdicts else []),
        _counts(material),
    ]
    note = _verdict_note(material) if verdicts else ""
    level_table(draft, title, blocks, columns, unit=material.unit(), note=note)


def error_table(draft: Draft, title: str, blocks: Sequence[Block]) -> None:
    """Add what a level's error is made of, in the rows of the table of levels."""
    material = draft.material
    columns = [
        _names(material),
        _levels(material),
        _std_errors(material, material.say("table.std_error")),
        _numbers(
            material, "report.head.relative_error", lambda each: 100 * each.relative_std_error
        ),
        _intervals(material),
        _numbers(material, "report.head.design_effect", lambda each: each.design_effect, 2),
        _numbers(material, "report.head.df", lambda each: each.df, 0),
        *(
            _std_errors(
                material,
                material.say("report.head.error_of", dimension=material.dimension(name)),
                name,
            )
            for name in material.schema.dimensions
        ),
    ]
    level_table(draft, title, blocks, columns, unit=material.say("report.unit.errors"))


def _cells(blocks: Iterable[Block]) -> list[Cell]:
    return [cell for _, cells in blocks for cell in cells]


def _names(material: Material) -> LevelColumn:
    return LevelColumn(material.say("table.category"), "label", material.label)


def _levels(material: Material, dimension: str = OVERALL) -> LevelColumn:
    figures = material.published.figures
    head = material.dimension(dimension)
    return LevelColumn(head, "number", lambda cell: level_cell(figures(cell, dimension)))


def _intervals(material: Material) -> LevelColumn:
    published = material.published

    def of(cell: Cell) -> str:
        is_reference = cell == published.reference
        return interval_cell(published.figures(cell), is_reference=is_reference)

    head = material.say("table.interval", confidence=material.confidence)
    return LevelColumn(head, "number", of)


def _std_errors(material: Material, head: str, dimension: str = OVERALL) -> LevelColumn:
    published = material.published

    def of(cell: Cell) -> str:
        figures = published.figures(cell, dimension)
        is_reference = cell == published.reference
        return NONE if is_reference else number_cell(figures, figures.std_error)

    return LevelColumn(head, "number", of)


def _numbers(
    material: Material, code: str, number: Callable[[Figures], float], decimals: int = 1
) -> LevelColumn:
    """Return a column of another number of the overall level."""

    def of(cell: Cell) -> str:
        figures = material.published.figures(cell)
        return number_cell(figures, number(figures), decimals)

    return LevelColumn(material.say(code), "number", of)


def _gaps(material: Material) -> LevelColumn:
    """Return a column of level minus target: a dash for another group than the target's."""

    def of(cell: Cell) -> str:
        figures = material.published.figures(cell)
        if not figures.is_shown:
            return symbol(figures)
        return NONE if math.isnan(figures.target_gap) else signed(figures.target_gap)

    return LevelColumn(material.say("table.target_gap"), "number", of)


def _verdicts(material: Material) -> LevelColumn:
    published = material.published

    def of(cell: Cell) -> str:
        is_reference = cell == published.reference
        return NONE if is_reference else material.verdict(published.figures(cell))

    head = material.say("report.head.verdict", reference=material.reference)
    return LevelColumn(head, "text", of)


def _counts(material: Material) -> LevelColumn:
    figures = material.published.figures
    return LevelColumn(material.say("table.n"), "number", lambda cell: count_cell(figures(cell)))


def headline_cells(material: Material) -> list[Cell]:
    """Return averages and groups; where there are none, the categories of the first domain."""
    published = material.published
    cells = [*published.of_domain("average"), *published.of_domain("group")]
    if cells:
        return cells
    domains = [d for d in (material.regions, *material.characteristics) if d is not None]
    return [*published.of_domain(domains[0])] if domains else []


def _verdict_note(material: Material) -> str:
    return material.say("report.note.verdict", confidence=material.confidence)


def sign_notes(material: Material, rows: Iterable[Row], but: Container[str] = ()) -> list[str]:
    """Return what the signs mean that stand in the rows of a table.

    Parameters
    ----------
    material
        For the language.
    rows
        As they are printed, the first cell of each its name.
    but
        Signs that are explained otherwise.
    """
    printed = {cell for row in rows for cell in row.cells[1:]}
    is_there = {
        SUPPRESSED: SUPPRESSED in printed,
        CAUTION: any(re.search(r"\d\*", cell) for cell in printed),
        NONE: NONE in printed,
        NOT_AVAILABLE: NOT_AVAILABLE in printed,
    }
    names = {SUPPRESSED: "suppressed", CAUTION: "caution", NONE: "none", NOT_AVAILABLE: "unknown"}
    found = [sign for sign, is_here in is_there.items() if is_here and sign not in but]
    return [material.say(f"report.flag.{names[sign]}") for sign in found]


def is_of_groups(cells: Sequence[Cell]) -> bool:
    """Return whether cells are groups and their averages."""
    return bool(cells) and cells[0].domain in {"group", "average"}


def headline_by(material: Material) -> str:
    """Return by what the headline cells are told apart, for a title: 계층별, 시·도별; group."""
    cells = headline_cells(material)
    if is_of_groups(cells) or not cells:
        return material.say("report.by.group")
    return material.by(cells[0].domain)


def blocks_of_reference(material: Material, domains: Iterable[str]) -> list[Block]:
    """Return the parts of the reference by domain that hold anybody."""
    blocks: list[Block] = []
    for domain in domains:
        cells = material.published.of_domain(domain)
        held = [cell for cell in cells if material.published.figures(cell).flag != "none"]
        if held:
            blocks.append((material.domain(domain), held))
    return blocks


def blocks_of_group(material: Material, cell: Cell) -> list[Block]:
    """Return a group and its parts by every domain that cuts it; nothing where none does."""
    domains = [d for d in (*material.characteristics, material.regions) if d is not None]
    parts = [(material.domain(d), parts_of(material, cell.category, d)) for d in domains]
    blocks = [block for block in parts if block[1]]
    return [("", [cell]), *blocks] if blocks else []


def parts_of(material: Material, group: str, domain: str) -> list[Cell]:
    """Return a group's cells of a domain that hold anybody; nothing where it is not cut."""
    cells = [
        cell
        for cell in material.published.of_group(group, domain)
        if material.published.figures(cell).flag != "none"
    ]
    return cells if len(cells) > 1 else []


def text_table(
    draft: Draft,
    table: Table,
    texts: Container[int] = (),
    *,
    in_blocks: bool = False,
    title: str = "",
    unit: str = "",
    notes: Iterable[str] = (),
    source: str = "",
    but: Container[str] = (),
) -> None:
    """Add a table that the command line prints too.

    Parameters
    ----------
    draft
        The chapter.
    table
        Of finished text; its first column heads the rows, the others hold numbers.
    texts
        The columns that hold words.
    in_blocks
        Whether the first column names blocks, and the second the rows of each.
    title, unit
        In place of its own.
    notes, source
        Below it, before what its signs mean.
    but
        Signs that the notes explain.
    """
    rows: list[Row] = []
    columns = table.columns
    for place, cells in enumerate(table.rows):
        if not in_blocks:
            rows.append(Row(cells))
            continue
        if not place or place in table.breaks:
            rows.append(Row((cells[0],), is_heading=True))
        rows.append(Row(cells[1:]))
    first = 1 if in_blocks else 0
    heads: list[tuple[str, ColumnKind]] = [
        (head, "label" if place == first else "text" if place in texts else "number")
        for place, head in enumerate(columns)
        if place >= first
    ]
    signs = sign_notes(draft.material, rows, but=but)
    draft.table(
        title or table.title,
        heads,
        rows,
        unit=unit or table.unit,
        notes=[*notes, *signs],
        source=source,
    )
