"""The tables that several chapters print: levels by row, and their errors in the same rows."""

import math
from collections.abc import Callable, Iterable, Sequence

from divide_index.cells import Cell
from divide_index.publication.formatting import NONE, signed
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

Block = tuple[str, Sequence[Cell]]
"""A heading, empty where none is needed, and the cells below it."""


def overall_table(draft: Draft, title: str, blocks: Sequence[Block]) -> None:
    """Add overall levels with interval, standard error, verdict and respondents."""
    material = draft.material
    has_gap = any(
        not math.isnan(material.published.figures(cell).target_gap)
        for _, cells in blocks
        for cell in cells
    )
    heads: list[tuple[str, ColumnKind]] = [
        (material.say("table.category"), "label"),
        (material.say("table.overall"), "number"),
        (material.say("table.interval", confidence=material.confidence), "number"),
        (material.say("table.std_error"), "number"),
        *([(material.say("table.target_gap"), "number")] if has_gap else []),
        (material.say("report.head.verdict", reference=material.reference), "text"),
        (material.say("table.n"), "number"),
    ]

    def cells_of(cell: Cell) -> tuple[str, ...]:
        figures = material.published.figures(cell)
        is_reference = cell == material.published.reference
        return (
            material.label(cell),
            level_cell(figures),
            interval_cell(figures, is_reference=is_reference),
            NONE if is_reference else number_cell(figures, figures.std_error),
            *([_gap_cell(figures)] if has_gap else []),
            NONE if is_reference else material.verdict(figures),
            count_cell(figures),
        )

    draft.table(
        title,
        heads,
        rows_of(blocks, cells_of),
        unit=material.unit(),
        notes=_notes(material, blocks),
    )


def whole_table(draft: Draft, title: str, blocks: Sequence[Block]) -> None:
    """Add the overall level with interval and verdict, and the levels by dimension beside it."""
    material = draft.material
    heads: list[tuple[str, ColumnKind]] = [
        (material.say("table.category"), "label"),
        (material.say("table.overall"), "number"),
        (material.say("table.interval", confidence=material.confidence), "number"),
        *((material.dimension(name), "number") for name in material.schema.dimensions),
        (material.say("report.head.verdict", reference=material.reference), "text"),
        (material.say("table.n"), "number"),
    ]

    def cells_of(cell: Cell) -> tuple[str, ...]:
        figures = material.published.figures(cell)
        parts = [material.published.figures(cell, name) for name in material.schema.dimensions]
        return (
            material.label(cell),
            level_cell(figures),
            interval_cell(figures),
            *map(level_cell, parts),
            material.verdict(figures),
            count_cell(figures),
        )

    draft.table(
        title,
        heads,
        rows_of(blocks, cells_of),
        unit=material.unit(),
        notes=_notes(material, blocks),
    )


def dimension_table(draft: Draft, title: str, blocks: Sequence[Block]) -> None:
    """Add the overall level and the level of each dimension, with respondents."""
    material = draft.material
    heads: list[tuple[str, ColumnKind]] = [
        (material.say("table.category"), "label"),
        *((material.dimension(name), "number") for name in material.dimensions),
        (material.say("table.n"), "number"),
    ]

    def cells_of(cell: Cell) -> tuple[str, ...]:
        figures = [material.published.figures(cell, name) for name in material.dimensions]
        return (material.label(cell), *map(level_cell, figures), count_cell(figures[0]))

    draft.table(
        title,
        heads,
        rows_of(blocks, cells_of),
        unit=material.unit(),
        notes=flag_notes(
            material, [cell for _, cells in blocks for cell in cells], intervals=False
        ),
    )


def error_table(draft: Draft, title: str, blocks: Sequence[Block]) -> None:
    """Add what a level's error is made of, in the rows of the table of levels."""
    material = draft.material
    heads: list[tuple[str, ColumnKind]] = [
        (material.say("table.category"), "label"),
        (material.say("table.overall"), "number"),
        (material.say("table.std_error"), "number"),
        (material.say("report.head.relative_error"), "number"),
        (material.say("table.interval", confidence=material.confidence), "number"),
        (material.say("report.head.design_effect"), "number"),
        (material.say("report.head.df"), "number"),
        *(
            (material.say("report.head.error_of", dimension=material.dimension(name)), "number")
            for name in material.schema.dimensions
        ),
    ]

    def cells_of(cell: Cell) -> tuple[str, ...]:
        figures = material.published.figures(cell)
        parts = [material.published.figures(cell, name) for name in material.schema.dimensions]
        df = symbol(figures) if figures.df is None or not figures.is_shown else str(figures.df)
        return (
            material.label(cell),
            level_cell(figures),
            number_cell(figures, figures.std_error),
            number_cell(figures, 100 * figures.relative_std_error),
            interval_cell(figures),
            number_cell(figures, figures.design_effect, 2),
            df,
            *(number_cell(part, part.std_error) for part in parts),
        )

    draft.table(
        title,
        heads,
        rows_of(blocks, cells_of),
        unit=material.say("report.unit.errors"),
        notes=flag_notes(material, [cell for _, cells in blocks for cell in cells]),
    )


def headline_cells(material: Material) -> list[Cell]:
    """Return averages and groups; where there are none, the categories of the first domain."""
    published = material.published
    cells = [*published.of_domain("average"), *published.of_domain("group")]
    if cells:
        return cells
    domains = [d for d in (material.regions, *material.characteristics) if d is not None]
    return [*published.of_domain(domains[0])] if domains else []


def _gap_cell(figures: Figures) -> str:
    """Return level minus target; a dash for another group than the target's."""
    if not figures.is_shown:
        return symbol(figures)
    return NONE if math.isnan(figures.target_gap) else signed(figures.target_gap)


def rows_of(blocks: Iterable[Block], cells_of: Callable[[Cell], tuple[str, ...]]) -> list[Row]:
    """Return a row for each cell, below the headings of their blocks."""
    rows: list[Row] = []
    for heading, cells in blocks:
        if heading:
            rows.append(Row((heading,), is_heading=True))
        rows += [Row(cells_of(cell)) for cell in cells]
    return rows


def _notes(material: Material, blocks: Iterable[Block]) -> list[str]:
    cells = [cell for _, cells in blocks for cell in cells]
    verdict = material.say("report.note.verdict", confidence=material.confidence)
    return [verdict, *flag_notes(material, cells)]


def flag_notes(
    material: Material,
    cells: Iterable[Cell],
    dimensions: Sequence[str] = (),
    *,
    intervals: bool = True,
) -> list[str]:
    """Return what the signs in a table mean, where they stand in it.

    Parameters
    ----------
    material
        The levels.
    cells, dimensions
        What stands in the table; every dimension by default.
    intervals
        Whether it prints intervals or standard errors, which a level may lack.
    """
    named = dimensions or material.dimensions
    others = [cell for cell in cells if cell != material.published.reference]
    found = [material.published.figures(cell, name) for cell in others for name in named]
    flags = {figures.flag for figures in found}
    if intervals and any(figures.is_shown and not figures.has_interval for figures in found):
        flags.add("unknown")
    signs = [flag for flag in ("suppressed", "caution", "none", "unknown") if flag in flags]
    return [material.say(f"report.flag.{flag}") for flag in signs]


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
