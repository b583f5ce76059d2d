"""The summary: five sentences, a figure and a table on one page."""

from divide_index.cells import Cell
from divide_index.publication.report.blocks import Chapter
from divide_index.publication.report.chapters.region import region_figure, region_verdicts
from divide_index.publication.report.chapters.tables import (
    dimension_table,
    headline_by,
    headline_cells,
)
from divide_index.publication.report.chapters.target import (
    cell_of,
    series_figure,
    target_paragraph,
)
from divide_index.publication.report.material import Draft, Material
from divide_index.publication.report.pictures import dot_of, draw_dots
from divide_index.publication.report.series import published_series
from divide_index.publication.sentences import (
    dimensions_sentence,
    groups_sentence,
    synthetic_sentence,
)

_MOST = 17  # regions of a figure that shares its page
_LOW = 140.0  # points: a figure that shares it with a table and another figure


def summary_chapter(material: Material) -> Chapter:
    """Return the summary."""
    draft = Draft(material, "summary", material.say("report.chapter.summary"), 0)
    if material.is_synthetic:
        draft.alert(synthetic_sentence(material.lang))
    draft.bullets(_findings(material))
    cells = headline_cells(material)
    if cells:
        draw_dots(
            draft,
            material.say(
                "report.figure.groups", by=headline_by(material), confidence=material.confidence
            ),
            [dot_of(material, cell) for cell in cells],
            base=cells,
            takeaway=_takeaway(material, cells),
            has_target=True,
        )
        title = material.say(
            "report.table.groups", by=headline_by(material), reference=material.reference
        )
        rows = [("", [material.published.reference, *cells])]
        dimension_table(draft, title, rows, verdicts=True)
        _second_figure(draft)
    return draft.chapter()


def _findings(material: Material) -> list[str]:
    lang = material.lang
    checked = target_paragraph(material)
    said = [checked]
    subject = next(iter(material.subjects), None)
    if subject is not None and (stated := material.stated(subject)) is not None:
        if not checked:
            said.append(material.level_of(stated))
        dimensions = material.dimensions_of(subject)
        if len(dimensions) > 1:
            said.append(dimensions_sentence(dimensions, lang))
    groups = [stated for cell in material.subjects if (stated := material.stated(cell)) is not None]
    averages = material.published.of_domain("average")
    average = material.stated(averages[0]) if averages else None
    if len(groups) > 1 and len(groups) == len(material.subjects):  # a hidden one may be highest
        said.append(groups_sentence(groups, lang, average=average))
    said.append(region_verdicts(material))
    return said


def _takeaway(material: Material, cells: list[Cell]) -> str:
    """Return how many of the groups, of those that can be judged, lie below the reference."""
    judged = [
        figures
        for cell in cells
        if cell.domain != "average" and (figures := material.published.figures(cell)).has_interval
    ]
    if not judged:
        return material.say("report.takeaway.intervals")
    return material.say(
        "report.takeaway.groups",
        count=len(judged),
        behind=sum(each.against(100.0) == "below" for each in judged),
        reference=material.reference,
    )


def _second_figure(draft: Draft) -> None:
    """Add the series of the target's group where it was published, the regions elsewhere."""
    material = draft.material
    target = material.schema.target
    if target is not None and cell_of(target) in material.published.cells:
        past = published_series(material, cell_of(target), target.dimension)
        if past is not None:
            series_figure(draft, target, past, height=_LOW)
            return
    if (
        material.regions is not None
        and len(material.published.of_domain(material.regions)) <= _MOST
    ):
        region_figure(draft, material.regions)
