"""The reference by characteristics, and each group by the same ones."""

from divide_index.cells import Cell
from divide_index.publication.formatting import rounded
from divide_index.publication.report.blocks import Chapter
from divide_index.publication.report.chapters.tables import (
    Block,
    parts_of,
    whole_table,
)
from divide_index.publication.report.material import Draft, Material
from divide_index.publication.report.pictures import dot_of, draw_dots
from divide_index.publication.sentences import dimensions_sentence
from divide_index.schema import OVERALL


def characteristics_chapter(material: Material, number: int) -> Chapter | None:
    """Return the chapter of the reference by age, education and the like; None without any."""
    domains = material.characteristics
    if not domains:
        return None
    draft = Draft(
        material, "characteristics", material.say("report.chapter.characteristics"), number
    )
    population = material.schema.reference.label.of(material.lang)
    titles = {material.domain(d): material.by(d) for d in domains}
    blocks = [(material.domain(d), _occupied(material, d)) for d in domains]
    blocks = [block for block in blocks if block[1]]
    draft.paragraph(
        material.say("report.text.characteristics", reference=material.reference),
        [draft.next_figure(), draft.next_table()],
    )
    for chunk in _chunks(blocks):
        names = ", ".join(titles[name] for name, _ in chunk)
        draw_dots(
            draft,
            material.say(
                "report.figure.characteristics",
                population=population,
                names=names,
                confidence=material.confidence,
            ),
            [
                dot_of(material, cell, OVERALL, heading if cell == cells[0] else "")
                for heading, cells in chunk
                for cell in cells
            ],
            base=[cell for _, cells in chunk for cell in cells],
            takeaway=_takeaway(material, chunk),
        )
    title = material.say("report.table.characteristics", population=population)
    whole_table(draft, title, blocks)
    return draft.chapter()


def groups_chapter(material: Material, number: int) -> Chapter | None:
    """Return the chapter of every group by its characteristics; None where none is cut."""
    draft = Draft(material, "groups", material.say("report.chapter.groups"), number)
    for cell in material.published.of_domain("group"):
        _group(draft, cell)
    return draft.chapter() if draft.blocks else None


def _group(draft: Draft, cell: Cell) -> None:
    material = draft.material
    domains = [d for d in (*material.characteristics, material.regions) if d is not None]
    parts = [(material.domain(d), parts_of(material, cell.category, d)) for d in domains]
    blocks: list[Block] = [(name, cells) for name, cells in parts if cells]
    if not blocks:
        return
    draft.heading("report.section.of_population", population=material.label(cell))
    said: list[str] = []
    if (stated := material.stated(cell)) is not None:
        said.append(material.level_of(stated))
        dimensions = material.dimensions_of(cell)
        if len(dimensions) > 1:
            said.append(dimensions_sentence(dimensions, material.lang))
    draft.paragraph(" ".join(said), [draft.next_table()])
    title = material.say("report.table.characteristics", population=material.label(cell))
    whole_table(draft, title, [("", [cell]), *blocks])


def _occupied(material: Material, domain: str) -> list[Cell]:
    cells = material.published.of_domain(domain)
    return [cell for cell in cells if material.published.figures(cell).flag != "none"]


_ROWS_OF_A_FIGURE = 26


def _chunks(blocks: list[tuple[str, list[Cell]]]) -> list[list[tuple[str, list[Cell]]]]:
    """Return the blocks in as few figures as hold them."""
    chunks: list[list[tuple[str, list[Cell]]]] = [[]]
    used = 0
    for block in blocks:
        size = len(block[1]) + 1
        if chunks[-1] and used + size > _ROWS_OF_A_FIGURE:
            chunks.append([])
            used = 0
        chunks[-1].append(block)
        used += size
    return [chunk for chunk in chunks if chunk]


def _takeaway(material: Material, chunk: list[tuple[str, list[Cell]]]) -> str:
    """Return the characteristic whose categories lie farthest apart."""
    spans: list[tuple[float, str]] = []
    for name, cells in chunk:
        shown = [f.level for c in cells if (f := material.published.figures(c)).is_shown]
        if len(shown) > 1:
            spans.append((max(shown) - min(shown), name))
    if not spans:
        return material.say("report.takeaway.intervals")
    return material.say("report.takeaway.widest", name=max(spans)[1], points=rounded(max(spans)[0]))
