"""The reference by characteristics, and each group by the same ones."""

from collections.abc import Sequence

from divide_index.cells import Cell
from divide_index.publication.formatting import rounded
from divide_index.publication.report.blocks import Chapter
from divide_index.publication.report.chapters.tables import (
    Block,
    blocks_of_group,
    blocks_of_reference,
    whole_table,
)
from divide_index.publication.report.material import Draft, Material
from divide_index.publication.report.pictures import dot_of, draw_dots
from divide_index.publication.sentences import dimensions_sentence


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
    blocks = blocks_of_reference(material, domains)
    widest = _widest(material, blocks)
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
                dot_of(material, cell, heading=heading if cell == cells[0] else "")
                for heading, cells in chunk
                for cell in cells
            ],
            base=[cell for _, cells in chunk for cell in cells],
            takeaway=_takeaway(material, chunk, widest),
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
    blocks = blocks_of_group(material, cell)
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
    whole_table(draft, title, blocks)


_ROWS_OF_A_FIGURE = 26


def _chunks(blocks: list[Block]) -> list[list[Block]]:
    """Return the blocks in as few figures as hold them."""
    chunks: list[list[Block]] = [[]]
    used = 0
    for block in blocks:
        size = len(block[1]) + 1
        if chunks[-1] and used + size > _ROWS_OF_A_FIGURE:
            chunks.append([])
            used = 0
        chunks[-1].append(block)
        used += size
    return [chunk for chunk in chunks if chunk]


def _widest(material: Material, blocks: Sequence[Block]) -> tuple[str, float] | None:
    """Return the domain whose reliable categories lie farthest apart, and how far.

    None where there is nothing to compare it with.
    """
    spans: list[tuple[float, str]] = []
    for name, cells in blocks:
        shown = [
            figures.level for c in cells if not (figures := material.published.figures(c)).flag
        ]
        if len(shown) > 1:
            spans.append((max(shown) - min(shown), name))
    if len(spans) < 2:  # noqa: PLR2004  one domain differs from no other
        return None
    points, name = max(spans)
    return name, points


def _takeaway(material: Material, chunk: Sequence[Block], widest: tuple[str, float] | None) -> str:
    """Return what a figure shows: the widest of all domains, if it stands there."""
    if widest is None or widest[0] not in {name for name, _ in chunk}:
        return material.say("report.takeaway.intervals")
    return material.say("report.takeaway.widest", name=widest[0], points=rounded(widest[1]))
