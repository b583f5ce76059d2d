"""The levels of the groups: overall and by dimension."""

import math

from divide_index.cells import Cell
from divide_index.publication.formatting import rounded
from divide_index.publication.labels import inside
from divide_index.publication.report.blocks import Chapter
from divide_index.publication.report.chapters.tables import (
    dimension_table,
    headline_by,
    headline_cells,
    overall_table,
)
from divide_index.publication.report.material import Draft, Material
from divide_index.publication.report.pictures import dot_of, draw_dots
from divide_index.publication.sentences import (
    Part,
    dimensions_sentence,
    direction,
    gap_sentence,
)
from divide_index.schema import OVERALL


def levels_chapter(material: Material, number: int) -> Chapter:
    """Return the chapter of levels by group and dimension."""
    draft = Draft(material, "levels", material.say("report.chapter.levels"), number)
    cells = headline_cells(material)
    draft.heading("report.section.overall", by=headline_by(material))
    table = draft.next_table()
    for cell in material.subjects:
        if (stated := material.stated(cell)) is not None:
            draft.paragraph(material.level_of(stated), [table])
    by = headline_by(material)
    title = material.say("report.table.overall", by=by, reference=material.reference)
    overall_table(draft, title, [("", [material.published.reference, *cells])])

    draft.heading("report.section.dimensions")
    table, figure = draft.next_table(), draft.next_figure()
    for cell in material.subjects:
        draft.paragraph(_composition(material, cell), [table, figure])
    _figure(draft, cells)  # the taller of the two comes first: it leaves less of a page empty
    title = material.say("report.table.dimensions", by=by, reference=material.reference)
    dimension_table(draft, title, [("", [material.published.reference, *cells])])
    return draft.chapter()


def _composition(material: Material, cell: Cell) -> str:
    """Return a group's dimensions, and what each of them contributes to its gap."""
    dimensions = material.dimensions_of(cell)
    if len(dimensions) < len(material.schema.dimensions) or len(dimensions) < 2:  # noqa: PLR2004
        return ""
    opening = material.say("report.of_group", group=material.label(cell))
    said = [f"{opening} {dimensions_sentence(dimensions, material.lang)}"]
    overall = material.published.figures(cell)
    if material.result.formula == "weighted_ratios" and overall.is_shown:
        gap = 100 - overall.level
        parts = gap_parts(material, cell)
        is_widened = any(direction(part.points) != "down" for part in parts)
        if direction(gap) == "up" and is_widened:
            said.append(gap_sentence(gap, parts, material.lang, reference=material.reference))
    return " ".join(said)


def gap_parts(material: Material, cell: Cell) -> list[Part]:
    """Return what each dimension contributes to a gap: ``w_d (100 - L_d)``, in points."""
    return [
        Part(
            inside(material.dimension(name), material.lang),
            part.weight * (100 - material.published.figures(cell, name).level),
        )
        for name, part in material.schema.dimensions.items()
    ]


def _figure(draft: Draft, cells: list[Cell]) -> None:
    material = draft.material
    rows = [
        dot_of(
            material,
            cell,
            name,
            label=material.dimension(name),
            heading=material.label(cell) if name == OVERALL else "",
        )
        for cell in cells
        for name in material.dimensions
    ]
    draw_dots(
        draft,
        material.say(
            "report.figure.dimensions", by=headline_by(material), confidence=material.confidence
        ),
        rows,
        base=cells,
        takeaway=_takeaway(material),
    )


def _takeaway(material: Material) -> str:
    """Return which dimension is lowest, where that can be said of every group."""
    shown = [c for c in material.subjects if material.published.figures(c).is_shown]
    lowest = [_lowest(material, cell) for cell in shown]
    if len(material.schema.dimensions) < 2 or not lowest or "" in lowest:  # noqa: PLR2004
        return material.say("report.takeaway.intervals")
    if len(set(lowest)) == 1:
        return material.say("report.takeaway.dimension_same", dimension=lowest[0])
    return material.say("report.takeaway.dimension_mixed")


def _lowest(material: Material, cell: Cell) -> str:
    """Return the dimension in which a group's printed level is lowest; nothing for a tie."""
    levels = {
        name: float(rounded(figures.level))
        for name in material.schema.dimensions
        if (figures := material.published.figures(cell, name)).is_shown
    }
    low = min(levels.values(), default=math.nan)
    found = [name for name, level in levels.items() if level == low]
    return inside(material.dimension(found[0]), material.lang) if len(found) == 1 else ""
