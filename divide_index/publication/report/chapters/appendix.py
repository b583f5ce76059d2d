"""The appendix: the error of every level, and what the report was made from."""

from collections.abc import Mapping
from typing import Any

from divide_index.publication.decomposition_tables import place_label
from divide_index.publication.formatting import NONE
from divide_index.publication.report.blocks import Chapter, Row
from divide_index.publication.report.chapters.reasons import parts_errors
from divide_index.publication.report.chapters.tables import (
    blocks_of_group,
    blocks_of_reference,
    error_table,
    headline_cells,
    is_of_groups,
)
from divide_index.publication.report.material import Draft, Material


def errors_chapter(material: Material) -> Chapter:
    """Return the errors of all levels, in the rows of their tables."""
    draft = Draft(material, "errors", material.say("report.chapter.errors"), 0)
    draft.paragraph(material.say("report.text.errors", confidence=material.confidence))
    cells = headline_cells(material)
    if is_of_groups(cells):
        title = material.say("report.table.errors", population=material.say("report.groups"))
        error_table(draft, title, [("", cells)])
    population = material.schema.reference.label.of(material.lang)
    domains = [d for d in (*material.characteristics, material.regions) if d is not None]
    blocks = blocks_of_reference(material, domains)
    if blocks:
        error_table(draft, material.say("report.table.errors", population=population), blocks)
    for cell in material.published.of_domain("group"):
        blocks = blocks_of_group(material, cell)
        if blocks:
            title = material.say("report.table.errors", population=material.label(cell))
            error_table(draft, title, blocks)
    parts_errors(draft)
    return draft.chapter()


def provenance_chapter(material: Material, provenance: Mapping[str, Any]) -> Chapter:
    """Return what the report was made from, so that it can be made again.

    Parameters
    ----------
    material
        What the report is written from.
    provenance
        From :func:`divide_index.publication.provenance.provenance_of`.
    """
    draft = Draft(material, "provenance", material.say("report.chapter.provenance"), 0)
    draft.paragraph(material.say("report.text.provenance"))
    tool, schema = provenance["tool"], provenance["schema"]
    rows = [
        Row((material.say("report.row.tool"), f"{tool['name']} {tool['version']}")),
        Row((material.say("report.row.schema"), f"{schema['name']} ({schema['sha256']})")),
        *(
            Row(
                (
                    material.say("report.row.file"),
                    f"{file['name'] or NONE} (SHA-256 {file['sha256']})",
                )
            )
            for file in provenance["input"]["files"]
        ),
        *_earlier_rows(material, provenance),
        *_method_rows(material, provenance),
        *_projection_rows(material, provenance),
        *_decomposition_rows(material),
        Row((material.say("report.row.versions"), _versions(provenance["versions"]))),
        *(
            Row(
                (
                    material.say("report.row.font"),
                    f"{font['family']} (SHA-256 {font['regular']}, {font['bold']})",
                )
            )
            for font in provenance.get("fonts", ())
        ),
    ]
    draft.table(
        material.say("report.table.provenance"),
        [(material.say("report.head.item"), "label"), (material.say("report.head.value"), "text")],
        rows,
        widths=(0.24, 0.76),
    )
    draft.heading("report.section.cite")
    draft.paragraph(_citation(material))
    return draft.chapter()


def _method_rows(material: Material, provenance: Mapping[str, Any]) -> list[Row]:
    """Return the options of the computation in words."""
    method, design = provenance["method"], provenance["design"]
    domains = [d for d in material.schema.domains if d in method["domains"]]
    disclosure = provenance["disclosure"]
    rule = disclosure if isinstance(disclosure, str) else disclosure["rule"]
    pairs = [
        ("formula", material.say(f"report.formula.{method['formula']}")),
        ("cases", material.say(f"note.cases.{method['cases']}")),
        ("domains", ", ".join(map(material.domain, domains)) or NONE),
        (
            "groups",
            ", ".join(material.label(c) for c in material.published.of_domain("group")) or NONE,
        ),
        ("confidence", f"{material.confidence}%"),
        ("df", material.say(f"report.df.{method['df']}")),
        ("lonely", design["lonely_psu"]),
        ("disclosure", rule if isinstance(rule, str) else _options(rule)),
    ]
    return [Row((material.say(f"report.row.{name}"), value)) for name, value in pairs]


def _earlier_rows(material: Material, provenance: Mapping[str, Any]) -> list[Row]:
    """Return the files of the years that were compared, and what their samples share."""
    found = provenance.get("years")
    if found is None:
        return []
    rows = [
        Row(
            (
                material.say("report.years.row.file", year=each["year"]),
                f"{file['name'] or NONE} (SHA-256 {file['sha256']})",
            )
        )
        for each in found["years"]
        if each["year"] != material.year
        for file in each["input"]["files"]
    ]
    samples = material.say(f"report.years.row.{found['method']['samples']}")
    return [*rows, Row((material.say("report.years.row.samples"), samples))]


def _projection_rows(material: Material, provenance: Mapping[str, Any]) -> list[Row]:
    """Return which published levels were projected, and with which error."""
    found = provenance.get("projection")
    if found is None:
        return []
    series = f"{found['series']} {found['years'][0]}~{found['years'][-1]}"
    pairs = [
        ("report.outlook.row.series", series),
        ("report.outlook.row.error", material.points(found["std_error"]).lstrip("+")),
    ]
    return [Row((material.say(code), value)) for code, value in pairs]


def _decomposition_rows(material: Material) -> list[Row]:
    """Return what a decomposition rests on: its factors as they enter, and its cells."""
    published = material.decomposition
    if published is None:
        return []
    lang = material.lang
    sets = [[published.label_of(term, lang) for term in names] for names in published.result.sets]
    pairs = [
        ("report.reasons.row.factors", " → ".join(map(", ".join, sets))),
        ("report.reasons.row.cells", place_label(published, lang)),
    ]
    return [Row((material.say(code), value)) for code, value in pairs]


def _options(rule: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in rule.items())


def _citation(material: Material) -> str:
    metadata = material.schema.survey
    survey = metadata.name.of(material.lang)
    year = ""
    if str(material.year) not in survey:
        year = material.say("report.text.cite.year", year=material.year)
    said = [material.say("report.text.cite", survey=survey, year=year)]
    if metadata.source is not None:
        said.append(material.say("report.text.source", source=metadata.source))
    if metadata.licence is not None:
        said.append(material.say("report.text.licence", licence=metadata.licence))
    return " ".join(said)


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
