"""The regions: a map, intervals, and the target's group in each of them."""

from divide_index.cells import Cell
from divide_index.publication.labels import inside
from divide_index.publication.report.blocks import Chapter
from divide_index.publication.report.chapters.tables import (
    overall_table,
    parts_of,
    whole_table,
)
from divide_index.publication.report.material import Draft, Material
from divide_index.publication.report.pictures import dot_of, draw_dots, draw_tiles

_LISTED = 5  # regions that a sentence names


def region_chapter(material: Material, number: int) -> Chapter | None:
    """Return the chapter of the regions; None for a survey without a map of them."""
    domain = material.regions
    if domain is None:
        return None
    draft = Draft(
        material,
        "regions",
        material.say("report.chapter.regions", domain=material.by(domain)),
        number,
    )
    cells = [*material.published.of_domain(domain)]
    population = material.schema.reference.label.of(material.lang)
    draft.heading("report.section.of_population", population=population)
    verdicts, order = region_verdicts(material), material.say("report.text.regions")
    draft.paragraph(f"{verdicts} {order}", [draft.next_figure(), draft.next_table()])
    draw_tiles(
        draft,
        material.say("report.figure.tiles", population=population, domain=material.by(domain)),
        domain,
        cells,
        verdicts,
    )
    title = material.say("report.table.domain", population=population, domain=material.by(domain))
    whole_table(draft, title, [("", cells)])
    region_figure(draft, domain)
    _target_group(draft, domain)
    return draft.chapter()


def region_figure(draft: Draft, domain: str) -> None:
    """Add the regions of the reference with their intervals."""
    material = draft.material
    cells = material.published.of_domain(domain)
    title = material.say(
        "report.figure.domain",
        population=material.schema.reference.label.of(material.lang),
        domain=material.by(domain),
        confidence=material.confidence,
    )
    draw_dots(
        draft,
        title,
        [dot_of(material, cell) for cell in cells],
        base=cells,
        takeaway=material.say("report.takeaway.intervals"),
    )


def _target_group(draft: Draft, domain: str) -> None:
    """Add the target's group in every region, beside the same group of the nation."""
    material = draft.material
    target = material.schema.target
    if target is None:
        return
    parts = parts_of(material, target.group, domain)
    if not parts:
        return
    whole = Cell("group", target.group)
    label = material.label(whole)
    draft.heading("report.section.of_population", population=label)
    margins = [material.published.difference(cell, whole) for cell in parts]
    judged = [(points, margin) for points, margin in margins if margin is not None]
    words = {
        "group": material.inside(whole),
        "domain": inside(material.domain(domain), material.lang),
        "judged": len(judged),
        "unjudged": len(parts) - len(judged),
        "confidence": material.confidence,
    }
    differing = sum(abs(points) > margin for points, margin in judged)
    kind = "report.text.group_regions" if differing else "report.text.group_regions_none"
    draft.paragraph(
        material.say(kind, count=differing, **words), [draft.next_figure(), draft.next_table()]
    )
    draw_dots(
        draft,
        material.say(
            "report.figure.domain",
            population=label,
            domain=material.by(domain),
            confidence=material.confidence,
        ),
        [dot_of(material, cell) for cell in (whole, *parts)],
        base=parts,
        takeaway=material.say("report.takeaway.group_regions"),
        has_target=True,
    )
    title = material.say("report.table.domain", population=label, domain=material.by(domain))
    overall_table(draft, title, [("", [whole, *parts])])


def region_verdicts(material: Material) -> str:
    """Return in a sentence which regions lie beyond sampling error of the whole."""
    domain = material.regions
    if domain is None:
        return ""
    cells = material.published.of_domain(domain)
    below = _named(material, [c for c in cells if _is(material, c, "below")])
    above = _named(material, [c for c in cells if _is(material, c, "above")])
    unjudged = sum(not material.published.figures(cell).has_interval for cell in cells)
    if unjudged == len(cells):
        return ""
    kinds = {(True, True): "both", (True, False): "below", (False, True): "above"}
    kind = kinds.get((bool(below), bool(above)), "none")
    said = material.say(
        f"report.regions.{kind}", reference=material.reference, below=below, above=above
    )
    if not unjudged:
        return said
    return f"{said} {material.say('report.regions.unjudged', count=unjudged)}"


def _is(material: Material, cell: Cell, verdict: str) -> bool:
    return material.published.figures(cell).against(100.0) == verdict


def _named(material: Material, cells: list[Cell]) -> str:
    """Return the names of regions, as many as a sentence holds; nothing for none."""
    names = ", ".join(material.label(cell) for cell in cells[:_LISTED])
    if len(cells) <= _LISTED:
        return names
    return material.say("report.regions.more", names=names, count=len(cells))
