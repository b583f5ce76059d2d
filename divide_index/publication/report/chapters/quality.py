"""The quality of the data: the sample, nonresponse, findings, disclosure, the published values."""

import math

from divide_index.cells import Cell
from divide_index.publication.decomposition_tables import decomposition_finding
from divide_index.publication.decompositions import PublishedDecomposition
from divide_index.publication.findings import finding_words
from divide_index.publication.formatting import interval, rounded, signed
from divide_index.publication.report.blocks import Chapter, Row
from divide_index.publication.report.chapters.tables import headline_cells
from divide_index.publication.report.chapters.target import published_series
from divide_index.publication.report.material import (
    Draft,
    Material,
    level_cell,
    symbol,
)

_TREATMENTS = ("available", "complete", "missing_as_zero", "answered_everything")


def quality_chapter(material: Material, number: int) -> Chapter:
    """Return the chapter of the quality of the data."""
    draft = Draft(material, "quality", material.say("report.chapter.quality"), number)
    draft.heading("report.section.findings")
    found = (*material.result.scores.survey.findings, *material.result.findings)
    if material.published.suppression is not None:
        found = material.published.suppression.findings(found)
    words = [finding_words(each, material.result, material.lang) for each in found]
    if material.decomposition is not None:
        words = list(dict.fromkeys(words + _of_decomposition(material, material.decomposition)))
    draft.paragraph(material.say("report.text.findings" if words else "report.text.no_findings"))
    draft.bullets(words)
    if material.band is not None:
        _band(draft)
    _recalculation(draft)
    draft.heading("report.section.disclosure")
    _disclosure(draft)
    return draft.chapter()


def _of_decomposition(material: Material, published: PublishedDecomposition) -> list[str]:
    """Return what was found while gaps were divided, in the words of the schema's labels."""
    found = published.result.findings
    if published.suppression is not None:
        found = published.suppression.findings(found)
    return [decomposition_finding(each, published, material.lang) for each in found]


def _band(draft: Draft) -> None:
    """Add the levels under four treatments of item nonresponse."""
    material = draft.material
    band = material.band
    cells = [cell for cell in headline_cells(material) if cell.domain in {"group", "average"}]
    if band is None or not cells:
        return
    draft.heading("report.section.nonresponse")
    draft.paragraph(material.say("report.text.nonresponse"), [draft.next_table()])
    rows: list[Row] = []
    for cell in cells:
        figures = material.published.figures(cell)
        if not figures.is_shown:
            signs = [symbol(figures)] * (len(_TREATMENTS) + 1)
            rows.append(Row((material.label(cell), *signs)))
            continue
        levels = [
            band.results[name].level(cell.domain, cell.category)  # pyright: ignore[reportArgumentType]
            for name in _TREATMENTS
        ]
        bounds = band.bounds(cell.domain, cell.category)
        rows.append(Row((material.label(cell), *map(rounded, levels), interval(*bounds))))
    draft.table(
        material.say("report.table.nonresponse"),
        [
            (material.say("table.category"), "label"),
            *((material.say(f"report.treatment.{name}"), "number") for name in _TREATMENTS),
            (material.say("report.head.range"), "number"),
        ],
        rows,
        unit=material.say("report.unit.levels"),
    )


def _recalculation(draft: Draft) -> None:
    """Add the levels beside what the agency has published of the same year."""
    material = draft.material
    if material.is_synthetic:
        return
    rows: list[Row] = []
    for cell in headline_cells(material):
        if cell.domain not in {"group", "average"}:
            continue
        for name in material.dimensions:
            row = _recalculated(material, cell, name)
            if row is not None:
                rows.append(row)
    if not rows:
        return
    draft.heading("report.section.recalculation")
    draft.paragraph(material.say("report.text.recalculation"), [draft.next_table()])
    draft.table(
        material.say("report.table.recalculation", year=material.year),
        [
            (material.say("table.category"), "label"),
            (material.say("report.head.dimension"), "text"),
            (material.say("report.head.computed"), "number"),
            (material.say("report.head.published"), "number"),
            (material.say("report.head.difference"), "number"),
        ],
        rows,
        unit=material.say("report.unit.levels"),
        source=material.say("report.source.history"),
    )


def _recalculated(material: Material, cell: Cell, dimension: str) -> Row | None:
    past = published_series(material, cell, dimension)
    if past is None or material.year not in past.levels:
        return None
    figures = material.published.figures(cell, dimension)
    published = past.levels[material.year]
    difference = figures.level - published
    shown = symbol(figures) if math.isnan(difference) else signed(difference)
    return Row(
        (
            material.label(cell),
            material.dimension(dimension),
            level_cell(figures),
            rounded(published),
            shown,
        )
    )


def _disclosure(draft: Draft) -> None:
    material = draft.material
    suppression = material.published.suppression
    if suppression is None:
        draft.alert(material.say("note.internal"))
        return
    rule = suppression.rule
    draft.paragraph(
        material.say(
            f"report.text.disclosure.{material.schema.unit}",
            threshold=rule.threshold,
            dominance_n=rule.dominance_n,
            dominance=f"{100 * rule.dominance_k:g}",
            p=f"{100 * rule.p_ratio:g}",
        )
    )
    draft.paragraph(
        material.say(
            "report.text.suppressed",
            cells=len(suppression.cells),
            count=len(suppression.suppressed),
        )
    )
    draft.paragraph(
        material.say(
            f"report.text.caution.{material.schema.unit}",
            n=rule.caution_n,
            df=rule.caution_df,
            percent=f"{100 * rule.caution_cv:g}",
        )
    )
