"""Why groups lag: what goes with their composition, factor by factor, and what is left."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from divide_index.cells import Cell
from divide_index.decomposition.cases import SMALL_N, SMALL_PSUS
from divide_index.decomposition.result import INTERACTION, TOTAL, Part
from divide_index.publication.decomposition_tables import (
    NOT_SIGNIFICANT,
    basis_cells,
    cases_words,
    consequences,
    has_gap,
    margin_cell,
    nested_words,
    place_label,
    points_cell,
)
from divide_index.publication.decompositions import PartFigures, PublishedDecomposition
from divide_index.publication.explanations import Divided, explanation, largest_factors
from divide_index.publication.figures.decompositions import names_of, terms_of
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    SUPPRESSED,
    rounded,
    signed,
)
from divide_index.publication.labels import cell_label, inside
from divide_index.publication.report.blocks import Chapter, ColumnKind, Row
from divide_index.publication.report.chapters.tables import sign_notes
from divide_index.publication.report.material import Draft, Material
from divide_index.publication.report.pictures import draw_heat_table, draw_paths, draw_waterfall
from divide_index.schema import OVERALL

_FACTORS_OF_A_TABLE = 6  # a page holds no more beside each other, each with its margin
_LISTED = 5  # categories that a sentence names
_PARTS: tuple[Part, ...] = ("gap", "explained", "unexplained")

Printed = Callable[[PartFigures], str]


def reasons_chapter(material: Material, number: int) -> Chapter | None:
    """Return the chapter of the decomposition; None for a report without one."""
    published = material.decomposition
    if published is None:
        return None
    draft = Draft(
        material,
        "reasons",
        material.say("report.reasons.chapter"),
        number,
        mark=material.say("report.mark.experimental"),
    )
    draft.alert(material.say("report.reasons.experimental"))
    draft.paragraph(
        material.say(
            "report.reasons.text.method",
            reference=material.reference,
            names=names_of(published, published.result.choice.terms, material.lang),
        )
    )
    groups = _groups(material, published)
    if len(groups) > 1:
        _all_groups(draft, published, groups)
    for cell in groups:
        _group(draft, published, cell)
    if len(groups) == 1:
        _paths(draft, published, groups)
    for domain in _domains(published):
        _domain(draft, published, domain)
    _cases(draft, published, groups)
    return draft.chapter()


def parts_errors(draft: Draft) -> None:
    """Add the standard errors of every published group's parts, in the rows of its table."""
    material = draft.material
    published = material.decomposition
    if published is None:
        return
    for cell in _groups(material, published):
        if not published.is_hidden(cell):
            title = "report.reasons.table.errors"
            _parts_table(draft, published, cell, title, (_error_cell, _error_cell))


def _groups(material: Material, published: PublishedDecomposition) -> list[Cell]:
    """Return the groups that are decomposed, the target's first."""
    return [cell for cell in material.subjects if cell in published.cells]


def _domains(published: PublishedDecomposition) -> list[str]:
    """Return what else is decomposed: domains, and crosses."""
    names = dict.fromkeys(cell.domain for cell in published.cells)
    return [name for name in names if name != "group"]


def _names(material: Material, domain: str) -> list[str]:
    """Return what a domain, or each part of a cross, is called."""
    return [
        material.say("report.groups") if part == "group" else material.domain(part)
        for part in domain.split("*")
    ]


def _by(material: Material, domain: str) -> str:
    """Return a domain or a cross in a title: 계층별, 시·도별; group, region × area."""
    if domain == "group":
        return material.say("report.by.group")
    if "*" not in domain:
        return material.by(domain)
    names = [inside(name, material.lang) for name in _names(material, domain)]
    return material.say("report.by", name=" × ".join(names))


# -- groups ------------------------------------------------------------------------------------


def _all_groups(draft: Draft, published: PublishedDecomposition, groups: Sequence[Cell]) -> None:
    """Add what is explained of every group's gap, set by set and factor by factor."""
    draft.heading("report.reasons.section.groups")
    draft.paragraph(draft.material.say("report.reasons.text.groups"), [draft.next_table()])
    _summary_table(draft, published, groups)
    _factor_tables(draft, published, groups)
    _paths(draft, published, groups)


def _group(draft: Draft, published: PublishedDecomposition, cell: Cell) -> None:
    """Add what can be quoted of a group, its waterfall, and its factors by dimension."""
    material, lang = draft.material, draft.material.lang
    divided = published.divided(cell, lang)
    if divided is None:
        return
    draft.heading("report.section.of_population", population=material.label(cell))
    first, *others = _sentences(material, published, cell, divided)
    draft.paragraph(first, [draft.next_figure(), draft.next_table()])
    for words in others:
        draft.paragraph(words)
    shown = {
        "gap": signed(divided.gap),
        "explained": signed(divided.explained),
        "unexplained": signed(divided.unexplained),
    }
    draw_waterfall(draft, published, cell, material.say("report.reasons.takeaway.parts", **shown))
    title = "report.reasons.table.parts"
    _parts_table(draft, published, cell, title, (_interval_cell, _points_cell))


def _sentences(
    material: Material, published: PublishedDecomposition, cell: Cell, divided: Divided
) -> list[str]:
    """Return the paragraphs on a group: its gap and factors; its path, and its cases."""
    lang, confidence = material.lang, material.result.confidence
    first = explanation(divided, lang, reference=material.reference, confidence=confidence)
    second = cases_words(published, cell, lang)
    if has_gap(divided):
        first = f"{first} {largest_factors(divided, lang, confidence=confidence)}"
        second = f"{nested_words(published, cell, lang)} {second}".strip()
    return [first, second]


def _paths(draft: Draft, published: PublishedDecomposition, groups: Sequence[Cell]) -> None:
    """Add what is left of the gaps as sets of factors enter; nothing where there is one set."""
    material = draft.material
    if len(published.result.sets) < 2:  # noqa: PLR2004  one set is the decomposition itself
        return
    words = material.say("report.reasons.text.path"), consequences(published, material.lang)
    draft.paragraph(" ".join(words), [draft.next_figure()])
    title = material.say("report.reasons.figure.path", confidence=material.confidence)
    draw_paths(draft, published, title, groups, material.say("report.reasons.takeaway.path"))


# -- domains -----------------------------------------------------------------------------------


def _domain(draft: Draft, published: PublishedDecomposition, domain: str) -> None:
    """Add a domain's categories: what is explained of each, and by which factor."""
    material = draft.material
    cells = [cell for cell in published.cells if cell.domain == domain]
    by = _by(material, domain)
    draft.heading("report.reasons.section.domain", by=by)
    draft.paragraph(
        material.say("report.reasons.text.domain", by=by),
        [draft.next_table(), draft.next_figure()],
    )
    _summary_table(draft, published, cells)
    _factor_tables(draft, published, cells)
    draw_heat_table(
        draft,
        published,
        material.say("report.reasons.figure.heat", by=by),
        cells,
        _unexplained_words(material, published, cells),
    )
    _split_tables(draft, published, cells)


def _unexplained_words(
    material: Material, published: PublishedDecomposition, cells: Sequence[Cell]
) -> str:
    """Return in how many categories a part is left that differs from zero, and in which."""
    rests = {cell: published.figures(cell, "unexplained") for cell in cells}
    judged = [cell for cell, rest in rests.items() if rest.is_shown]
    clear = [cell for cell in judged if rests[cell].is_significant]
    if not clear:
        return material.say("report.reasons.takeaway.none", judged=len(judged))
    names = ", ".join(cell_label(c, published.schema, material.lang) for c in clear[:_LISTED])
    if len(clear) > _LISTED:
        names = material.say("report.regions.more", names=names, count=len(clear))
    return material.say(
        "report.reasons.takeaway.some", judged=len(judged), count=len(clear), names=names
    )


# -- tables ------------------------------------------------------------------------------------


def _summary_table(draft: Draft, published: PublishedDecomposition, cells: Sequence[Cell]) -> None:
    """Add levels, gaps, and what is explained and what is not, each with its interval."""
    material = draft.material
    rows = [
        Row((cell_label(cell, published.schema, material.lang), *_summary_cells(published, cell)))
        for cell in cells
    ]
    draft.table(
        material.say(
            "report.reasons.table.summary",
            by=_by(material, cells[0].domain),
            confidence=material.confidence,
        ),
        [
            (material.say("table.category"), "label"),
            (material.say("decomposition.level"), "number"),
            (material.say("decomposition.gap"), "number"),
            (material.say("report.reasons.explained"), "number"),
            (material.say("decomposition.rest"), "number"),
        ],
        rows,
        unit=material.say("report.unit.levels"),
        notes=[
            material.say("report.reasons.note.gap"),
            *_notes_of(material, published, cells, rows),
        ],
    )


def _summary_cells(published: PublishedDecomposition, cell: Cell) -> list[str]:
    if published.is_hidden(cell):
        return [SUPPRESSED] * 4
    basis = published.basis(cell)
    return [
        rounded(basis.level_complete) + (CAUTION if basis.is_small else ""),
        *(_interval_cell(published.figures(cell, part)) for part in _PARTS),
    ]


def _factor_tables(draft: Draft, published: PublishedDecomposition, cells: Sequence[Cell]) -> None:
    """Add the part of every factor with its margin, as many beside each other as a page holds."""
    material, lang = draft.material, draft.material.lang
    terms = terms_of(published, cells)
    count = -(-len(terms) // _FACTORS_OF_A_TABLE)
    ends = [-(-len(terms) * part // count) for part in range(count + 1)]
    title = material.say(
        "report.reasons.table.factors",
        by=_by(material, cells[0].domain),
        confidence=material.confidence,
    )
    for number, (first, end) in enumerate(pairwise(ends), 1):
        chunk = terms[first:end]
        rows = [
            Row(
                (
                    cell_label(cell, published.schema, lang),
                    *(_factor_cell(published, cell, term) for term in chunk),
                )
            )
            for cell in cells
        ]
        part = material.say("report.part", number=number, parts=count)
        draft.table(
            title if count == 1 else f"{title} {part}",
            [
                (material.say("table.category"), "label"),
                *((published.label_of(term, lang), "number") for term in chunk),
            ],
            rows,
            unit=material.say("decomposition.unit"),
            notes=_notes_of(material, published, cells, rows),
        )


def _factor_cell(published: PublishedDecomposition, cell: Cell, term: str) -> str:
    if published.is_hidden(cell):
        return SUPPRESSED
    if term not in published.terms_of(cell):
        return NONE
    return margin_cell(published.figures(cell, "explained", term))


def _split_tables(draft: Draft, published: PublishedDecomposition, cells: Sequence[Cell]) -> None:
    """Add what the unexplained part of a cross is made of; nothing for a domain."""
    material = draft.material
    for names in dict.fromkeys(published.splits_of(cell) for cell in cells):
        held = [cell for cell in cells if names and published.splits_of(cell) == names]
        if not held:
            continue
        rows = [
            Row(
                (
                    cell_label(cell, published.schema, material.lang),
                    *(margin_cell(published.figures(cell, "unexplained", name)) for name in names),
                )
            )
            for cell in held
        ]
        heads: list[tuple[str, ColumnKind]] = [
            (
                material.say("decomposition.interaction")
                if name == INTERACTION
                else material.domain(name),
                "number",
            )
            for name in names
        ]
        draft.table(
            material.say("decomposition.splits", confidence=material.confidence),
            [(material.say("table.category"), "label"), *heads],
            rows,
            unit=material.say("decomposition.unit"),
            notes=_notes_of(material, published, held, rows),
        )


def _parts_table(
    draft: Draft,
    published: PublishedDecomposition,
    cell: Cell,
    title: str,
    printed: tuple[Printed, Printed],
) -> None:
    """Add a number of every part of a group: one way in all, another by dimension."""
    material, schema = draft.material, draft.material.schema
    whole, by_dimension = printed
    dimensions = [*schema.dimensions] if len(schema.dimensions) > 1 else []

    def row(head: str, part: Part, factor: str = TOTAL) -> Row:
        figures = (published.figures(cell, part, factor, name) for name in dimensions)
        return Row(
            (head, whole(published.figures(cell, part, factor)), *map(by_dimension, figures))
        )

    rows = [
        *(
            row(published.label_of(t, material.lang), "explained", t)
            for t in published.terms_of(cell)
        ),
        row(material.say("report.reasons.sum"), "explained"),
        row(material.say("decomposition.rest"), "unexplained"),
        row(material.say("decomposition.gap"), "gap"),
    ]
    draft.table(
        material.say(title, group=material.label(cell), confidence=material.confidence),
        [
            (material.say("report.reasons.part"), "label"),
            *((material.dimension(name), "number") for name in (OVERALL, *dimensions)),
        ],
        rows,
        unit=material.say("decomposition.unit"),
        notes=_notes_of(material, published, [cell], rows),
    )


def _interval_cell(figures: PartFigures) -> str:
    """Return a part with its interval, and whether it differs from nothing."""
    return points_cell(figures) + _verdict(figures)


def _points_cell(figures: PartFigures) -> str:
    return points_cell(figures, with_interval=False) + _verdict(figures)


def _error_cell(figures: PartFigures) -> str:
    return rounded(figures.std_error)


def _verdict(figures: PartFigures) -> str:
    return "" if figures.is_significant or not figures.is_shown else f" {NOT_SIGNIFICANT}"


def _notes_of(
    material: Material,
    published: PublishedDecomposition,
    cells: Sequence[Cell],
    rows: Sequence[Row],
) -> list[str]:
    """Return what the signs in a table of parts mean, and which factors define its groups."""
    notes: list[str] = []
    if any(cell.endswith(f" {NOT_SIGNIFICANT}") for row in rows for cell in row.cells):
        notes.append(material.say("report.reasons.note.ns", confidence=material.confidence))
    shown = [cell for cell in cells if not published.is_hidden(cell)]
    for left_out in dict.fromkeys(published.basis(cell).left_out for cell in shown):
        if left_out:
            alike = [cell for cell in shown if published.basis(cell).left_out == left_out]
            notes.append(
                material.say(
                    "report.reasons.note.left_out",
                    groups=[cell_label(c, published.schema, material.lang) for c in alike],
                    names=names_of(published, left_out, material.lang),
                )
            )
    return [*notes, *_sign_notes(material, rows)]


def _sign_notes(material: Material, rows: Sequence[Row]) -> list[str]:
    """Return what the signs that levels and their parts share mean."""
    notes = sign_notes(material, rows, but=CAUTION)
    if any(cell.endswith(CAUTION) for row in rows for cell in row.cells[1:]):
        notes.append(material.say("report.reasons.note.small", n=SMALL_N, psus=SMALL_PSUS))
    return notes


# -- cases, and how to read it -----------------------------------------------------------------


def _cases(draft: Draft, published: PublishedDecomposition, groups: Sequence[Cell]) -> None:
    """Add what no part can say, whom the parts rest on, and what is explained of each gap."""
    material = draft.material
    draft.heading("report.reasons.section.cases")
    has_splits = any(published.splits_of(cell) for cell in published.cells)
    draft.bullets(
        [
            material.say("report.reasons.note.part", reference=material.reference),
            material.say("report.reasons.note.unexplained"),
            material.say("report.reasons.note.cells", cells=place_label(published, material.lang)),
            material.say("report.reasons.note.tests", confidence=material.confidence),
            "" if groups else consequences(published, material.lang),
            material.say("report.reasons.note.splits") if has_splits else "",
        ]
    )
    draft.paragraph(material.say("report.reasons.text.cases"), [draft.next_table()])
    rows: list[Row] = []
    blocks = [("group", list(groups))] if groups else []
    blocks += [(d, [c for c in published.cells if c.domain == d]) for d in _domains(published)]
    for domain, cells in blocks:
        if len(blocks) > 1:
            rows.append(Row((" × ".join(_names(material, domain)),), is_heading=True))
        rows += [
            Row((cell_label(c, published.schema, material.lang), *_basis_cells(published, c)))
            for c in cells
        ]
    draft.table(
        material.say("report.reasons.table.cases", confidence=material.confidence),
        [
            (material.say("table.category"), "label"),
            (material.say("decomposition.available"), "number"),
            (material.say("report.reasons.complete"), "number"),
            (material.say("decomposition.difference"), "number"),
            (material.say("decomposition.lost"), "number"),
            (material.say("decomposition.n"), "number"),
            (material.say("report.reasons.share"), "number"),
        ],
        rows,
        unit=material.unit(),
        notes=[material.say("report.reasons.note.share"), *_sign_notes(material, rows)],
    )


def _basis_cells(published: PublishedDecomposition, cell: Cell) -> list[str]:
    cells = list(basis_cells(published, cell))
    if published.basis(cell).is_small:
        cells[1] += CAUTION
    return cells
