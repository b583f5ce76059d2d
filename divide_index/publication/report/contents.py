"""A report's contents: which chapters it has, in which order."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from divide_index.errors import PublicationError
from divide_index.messages.particles import UnspokenError
from divide_index.publication.labels import inside
from divide_index.publication.report.blocks import Chapter, Cover, Document
from divide_index.publication.report.chapters.appendix import errors_chapter, provenance_chapter
from divide_index.publication.report.chapters.characteristics import (
    characteristics_chapter,
    groups_chapter,
)
from divide_index.publication.report.chapters.levels import levels_chapter
from divide_index.publication.report.chapters.method import method_chapter
from divide_index.publication.report.chapters.outlook import outlook_chapter
from divide_index.publication.report.chapters.quality import quality_chapter
from divide_index.publication.report.chapters.readers import readers_chapter
from divide_index.publication.report.chapters.reasons import reasons_chapter
from divide_index.publication.report.chapters.region import region_chapter
from divide_index.publication.report.chapters.summary import summary_chapter
from divide_index.publication.report.chapters.target import target_chapter
from divide_index.publication.report.chapters.years import years_chapter
from divide_index.publication.report.material import Material, level_cell
from divide_index.schema import OVERALL

_COUNTED: tuple[Callable[[Material, int], Chapter | None], ...] = (
    levels_chapter,
    characteristics_chapter,
    region_chapter,
    groups_chapter,
    target_chapter,
    years_chapter,
    outlook_chapter,
    reasons_chapter,
    method_chapter,
    quality_chapter,
)


def document_of(material: Material, provenance: Mapping[str, Any]) -> Document:
    """Return a report ready to be laid out.

    Parameters
    ----------
    material
        What it is written from.
    provenance
        From :func:`divide_index.publication.provenance.provenance_of`.

    Raises
    ------
    PublicationError
        The levels are those of a condition; or the schema has no year, names a series that is not
        packaged, or has a label of which nobody can tell how it is spoken.
    """
    where = material.result.where
    if where is not None:
        raise PublicationError("DI-E253", where=where)
    try:
        chapters = [summary_chapter(material), readers_chapter(material)]
        for write in _COUNTED:
            counted = sum(bool(chapter.number) for chapter in chapters)
            chapter = write(material, counted + 1)
            if chapter is not None:
                chapters.append(chapter)
        chapters += [errors_chapter(material), provenance_chapter(material, provenance)]
        cover = _cover(material)
    except UnspokenError as error:
        raise PublicationError("DI-E252", label=error.words) from error
    survey = material.schema.survey
    return Document(
        lang=material.lang,
        running_head=material.say("report.head.running", survey=survey.name.of(material.lang)),
        description=material.say("report.description", reference=material.reference),
        keywords=tuple(material.say("report.keywords").split(", ")),
        author=survey.source or "divide-index",
        cover=cover,
        chapters=tuple(chapters),
    )


def with_provenance(
    document: Document, material: Material, provenance: Mapping[str, Any]
) -> Document:
    """Return the report with another provenance, its last chapter."""
    last = provenance_chapter(material, provenance)
    return replace(document, chapters=(*document.chapters[:-1], last))


def _cover(material: Material) -> Cover:
    metadata = material.schema.survey
    lang = material.lang
    facts = [
        (
            "report.fact.population",
            None if metadata.population is None else metadata.population.of(lang),
        ),
        ("report.fact.year", str(material.year)),
        ("report.fact.reference_date", metadata.reference_date),
        ("report.fact.fieldwork", metadata.fieldwork),
        ("report.fact.approval", metadata.approval_number),
        ("report.fact.source", metadata.source),
        ("report.fact.contact", metadata.contact),
        ("report.fact.licence", metadata.licence),
    ]
    marks = [material.say("report.mark.synthetic")] if material.is_synthetic else []
    if material.published.suppression is None:
        marks.append(material.say("report.mark.internal"))
    headline, note = _headline(material)
    return Cover(
        title=metadata.name.of(lang),
        subtitle=material.say(
            "report.subtitle", reference=material.schema.reference.label.of(lang)
        ),
        facts=tuple((material.say(code), value) for code, value in facts if value),
        headline=headline,
        headline_note=note,
        marks=tuple(marks),
    )


def _headline(material: Material) -> tuple[str, str]:
    """Return the level the report is about, and what it is the level of."""
    cell = next(iter(material.subjects), None)
    if cell is not None:
        figures = material.published.figures(cell)
        if figures.is_shown:
            note = material.say(
                "report.headline",
                group=material.label(cell),
                dimension=inside(material.dimension(OVERALL), material.lang),
                reference=material.reference,
            )
            return material.say("report.percent", value=level_cell(figures)), note
    return "", ""
