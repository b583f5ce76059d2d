"""Decompositions as tables and sentences of finished text, in Korean and English."""

import math
from collections.abc import Iterable, Mapping, Sequence

from divide_index.cells import Cell
from divide_index.decomposition.factors import factor_label, nested_sets
from divide_index.decomposition.result import INTERACTION
from divide_index.errors import Finding
from divide_index.messages import Language, text
from divide_index.messages.particles import UnspokenError
from divide_index.publication.decompositions import PartFigures, PublishedDecomposition
from divide_index.publication.explanations import (
    Divided,
    consequence_note,
    explanation,
    largest_factors,
    nested_sentence,
)
from divide_index.publication.findings import finding_words
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    NOT_AVAILABLE,
    SUPPRESSED,
    counted,
    interval,
    percent,
    rounded,
    signed,
)
from divide_index.publication.labels import cell_label, inside
from divide_index.publication.methods import assumptions_note, design_notes, formula_note
from divide_index.publication.tables import Table, side_by_side
from divide_index.schema import OVERALL

NOT_SIGNIFICANT = "ns"


def part_tables(published: PublishedDecomposition, lang: Language) -> list[Table]:
    """Return the parts of every group, then its factors, waterfalls and bases, as tables of text.

    Parameters
    ----------
    published
        The decomposition.
    lang
        Of the labels.
    """
    groups = [cell for cell in published.cells if cell.domain == "group"]
    return [
        *_summary(published, lang),
        *_factors(published, lang),
        *(_waterfall(published, cell, lang) for cell in groups if not published.is_hidden(cell)),
        *_splits(published, lang),
        *_bases(published, lang),
    ]


def decomposition_sentences(
    published: PublishedDecomposition, lang: Language
) -> list[tuple[str, str]]:
    """Return what can be quoted of each published group: its label and a few sentences."""
    reference = inside(published.schema.reference.label.of(lang), lang)
    confidence = published.result.confidence
    said: list[tuple[str, str]] = []
    for cell in published.cells:
        divided = published.divided(cell, lang)
        if divided is None:
            continue
        label = cell_label(cell, published.schema, lang)
        try:
            words = [explanation(divided, lang, reference=reference, confidence=confidence)]
            if has_gap(divided):
                words.append(largest_factors(divided, lang, confidence=confidence))
                words.append(nested_words(published, cell, lang))
            words.append(cases_words(published, cell, lang))
        except UnspokenError as error:
            words = [text("decomposition.sentence.unspoken", lang, label=error.words)]
        said.append((label, " ".join(word for word in words if word)))
    return said


def has_gap(divided: Divided) -> bool:
    """Return whether a gap is large enough to be divided: beyond its error and not 0.0."""
    margin = divided.gap_margin
    is_clear = margin is None or math.isnan(margin) or abs(divided.gap) > margin
    return is_clear and float(rounded(divided.gap)) != 0


def cases_words(published: PublishedDecomposition, cell: Cell, lang: Language) -> str:
    """Return that complete cases are at another level than the published one, if it shows."""
    basis = published.basis(cell)
    available, complete = rounded(basis.level_available), rounded(basis.level_complete)
    if math.isnan(basis.level_available) or available == complete:
        return ""
    points = rounded(abs(basis.difference))
    if float(points) == 0:
        return text(
            "decomposition.sentence.cases_small", lang, complete=complete, available=available
        )
    return text(
        "decomposition.sentence.cases", lang, complete=complete, available=available, points=points
    )


def nested_words(published: PublishedDecomposition, cell: Cell, lang: Language) -> str:
    """Return what is left of a gap as sets of factors enter; nothing where there is one set."""
    steps = [
        published.divided(cell, lang, step) for step in range(1, len(published.result.sets) + 1)
    ]
    distinct: list[Divided] = []
    for step in steps:
        if step is not None and (not distinct or set(step.labels) > set(distinct[-1].labels)):
            distinct.append(step)
    if len(distinct) < 2:  # noqa: PLR2004  a single step is the explanation itself
        return ""
    reference = inside(published.schema.reference.label.of(lang), lang)
    return nested_sentence(distinct, lang, reference=reference)


def decomposition_notes(published: PublishedDecomposition, lang: Language) -> list[str]:
    """Return what must be read under the tables: method, bases, warnings."""
    result, schema = published.result, published.schema
    survey = result.scores.survey
    notes = [text("note.synthetic", lang)] if survey.is_synthetic else []
    findings = result.findings
    if published.suppression is not None:
        findings = published.suppression.findings(findings)
    notes += [decomposition_finding(finding, published, lang) for finding in findings]
    if result.where is not None:
        notes.append(text("note.where", lang, where=result.where))
    notes += [
        text("note.decomposition.parts", lang),
        text("note.decomposition.unexplained", lang),
        text("note.decomposition.cells", lang, cells=place_label(published, lang)),
        text("note.decomposition.cases", lang),
        text("note.decomposition.tests", lang, confidence=percent(result.confidence)),
    ]
    notes += [note for note in [_missing(published, lang)] if note]
    if any(published.splits_of(cell) for cell in published.cells):
        notes.append(text("note.decomposition.splits", lang))
    notes += [note for note in [consequences(published, lang)] if note]
    notes += [formula_note(schema, result.formula, lang), *design_notes(survey, lang)]
    notes += assumptions_note(schema, lang)
    notes.append(text("note.rounding", lang))
    if any(published.basis(cell).is_small for cell in published.cells):
        notes.append(text("note.decomposition.small", lang))
    if published.suppression is None:
        return [*notes, text("note.internal", lang)]
    hidden = len(published.suppression.suppressed & set(published.cells))
    rule = published.suppression.rule
    notes.append(text("note.disclosure", lang, threshold=rule.threshold, count=hidden))
    return notes


def _missing(published: PublishedDecomposition, lang: Language) -> str:
    """Return how many of the reference lack a score or a factor; nothing where all have all."""
    factors = published.result.choice.factors
    counts: list[str] = []
    for name, n in published.missing().items():
        label = text("decomposition.scores", lang)
        if name in factors:
            label = factor_label(factors[name], name, published.schema).of(lang)
        counts.append(f"{label} {SUPPRESSED if n is None else counted(n)}")
    if not counts:
        return ""
    reference = published.schema.reference.label.of(lang)
    return text("note.decomposition.missing", lang, reference=reference, counts=", ".join(counts))


def place_label(published: PublishedDecomposition, lang: Language) -> str:
    """Return what the cells of the regression are called."""
    place = published.result.place
    if not place:
        return text("decomposition.cells.asked", lang)
    return " × ".join(published.schema.domains[name].label.of(lang) for name in place)


def consequences(published: PublishedDecomposition, lang: Language) -> str:
    """Return that what enters last may be a consequence of what enters first; else nothing.

    That is said of the schema's own order of sets, and of no other.
    """
    result = published.result
    sets = result.sets
    if len(sets) < 2 or sets != nested_sets(result.choice, None):  # noqa: PLR2004
        return ""
    last = [inside(published.label_of(term, lang), lang) for term in sets[-1]]
    return consequence_note(lang, last)


def decomposition_finding(
    finding: Finding, published: PublishedDecomposition, lang: Language
) -> str:
    """Return a finding of a decomposition in the words of the schema's labels."""
    params = dict(finding.params)
    for key in ("factors", "terms"):
        if key in params:
            names: list[str] = params[key]  # pyright: ignore[reportAssignmentType]
            params[key] = [published.label_of(name, lang) for name in names]
    return finding_words(Finding.of(finding.code, **params), published.result, lang)


# -- tables ----------------------------------------------------------------------------------


def _labels(published: PublishedDecomposition, lang: Language) -> list[str]:
    return [cell_label(cell, published.schema, lang) for cell in published.cells]


def _breaks(published: PublishedDecomposition) -> tuple[int, ...]:
    cells = published.cells
    return tuple(i for i, c in enumerate(cells) if i and c.domain != cells[i - 1].domain)


def _unit(published: PublishedDecomposition, lang: Language) -> str:
    unit = "table.unit" if published.schema.unit == "person" else "table.unit.household"
    return text(unit, lang)


def _summary(published: PublishedDecomposition, lang: Language) -> list[Table]:
    schema = published.schema
    confidence = percent(published.result.confidence)
    names = ["level", "gap", "explained", "unexplained"]
    heads = {name: text(f"decomposition.{name}", lang, confidence=confidence) for name in names}
    rows = [_summary_row(published, cell) for cell in published.cells]
    title = text(
        "decomposition.title",
        lang,
        survey=schema.survey.name.of(lang),
        reference=schema.reference.label.of(lang),
    )
    unit = text("decomposition.unit.bases", lang)
    return _in_chunks(published, title, heads, _by_column(heads, rows), lang, unit=unit)


def _by_column(names: Iterable[str], rows: Sequence[tuple[str, ...]]) -> dict[str, list[str]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _summary_row(published: PublishedDecomposition, cell: Cell) -> tuple[str, ...]:
    if published.is_hidden(cell):
        return tuple([SUPPRESSED] * 4)
    basis = published.basis(cell)
    gap = published.figures(cell, "gap")
    parts = [published.figures(cell, part) for part in ("explained", "unexplained")]
    return (
        rounded(basis.level_complete) + (CAUTION if basis.is_small else ""),
        points_cell(gap, with_interval=False),
        *(points_cell(part) for part in parts),
    )


def points_cell(figures: PartFigures, *, with_interval: bool = True) -> str:
    """Return points as they are printed: with an interval, or with a margin and its verdict."""
    if not figures.is_shown:
        return SUPPRESSED
    points = signed(figures.points)
    if not with_interval:
        return points
    return f"{points} ({interval(figures.low, figures.high)})"


def margin_cell(figures: PartFigures) -> str:
    """Return points with their margin; ``ns`` where they do not differ from nothing."""
    if not figures.is_shown:
        return SUPPRESSED
    margin = NOT_AVAILABLE if figures.margin is None else rounded(figures.margin)
    verdict = "" if figures.is_significant else f" {NOT_SIGNIFICANT}"
    return f"{signed(figures.points)}±{margin}{verdict}"


def _factors(published: PublishedDecomposition, lang: Language) -> list[Table]:
    """Return every factor of every group, as many beside each other as a page holds."""
    terms = [
        t
        for t in published.result.choice.terms
        if any(t in published.terms_of(c) for c in published.cells)
    ]
    columns: dict[str, list[str]] = {}
    for term in terms:
        columns[term] = [
            margin_cell(published.figures(cell, "explained", term))
            if term in published.terms_of(cell)
            else NONE
            for cell in published.cells
        ]
    heads = {term: published.label_of(term, lang) for term in terms}  # two may be called alike
    title = text("decomposition.factors", lang, confidence=percent(published.result.confidence))
    return _in_chunks(published, title, heads, columns, lang)


def _splits(published: PublishedDecomposition, lang: Language) -> list[Table]:
    """Return the unexplained part of crosses, divided into the domains and their interaction."""
    cells = [cell for cell in published.cells if published.splits_of(cell)]
    tables: list[Table] = []
    for names in dict.fromkeys(published.splits_of(cell) for cell in cells):
        inside_cross = [cell for cell in cells if published.splits_of(cell) == names]
        rows = tuple(
            (
                cell_label(cell, published.schema, lang),
                *(margin_cell(published.figures(cell, "unexplained", name)) for name in names),
            )
            for cell in inside_cross
        )
        heads = [
            text("decomposition.interaction", lang)
            if name == INTERACTION
            else published.schema.domains[name].label.of(lang)
            for name in names
        ]
        title = text("decomposition.splits", lang, confidence=percent(published.result.confidence))
        columns = (text("decomposition.category", lang), *heads)
        tables.append(Table(title, text("decomposition.unit", lang), columns, rows))
    return tables


def _waterfall(published: PublishedDecomposition, cell: Cell, lang: Language) -> Table:
    """Return the way from the reference to a group's level, in all and by dimension."""
    schema = published.schema
    label = cell_label(cell, schema, lang)
    few = [*schema.dimensions] if len(schema.dimensions) <= 4 else []  # noqa: PLR2004  a page
    shown = [OVERALL, *(name for name in few if len(few) > 1)]

    def row(head: str, part: str, factor: str = "total") -> tuple[str, ...]:
        figures = [published.figures(cell, part, factor, name) for name in shown]  # pyright: ignore[reportArgumentType]
        return (
            head,
            points_cell(figures[0]),
            *(points_cell(f, with_interval=False) for f in figures[1:]),
        )

    basis = published.basis(cell)
    blanks = [NONE] * (len(shown) - 1)
    rows = [
        (schema.reference.label.of(lang), "100.0", *blanks),
        *(row(published.label_of(t, lang), "explained", t) for t in published.terms_of(cell)),
        row(text("decomposition.rest", lang), "unexplained"),
        row(text("decomposition.gap", lang), "gap"),
        (label, rounded(basis.level_complete), *blanks),
    ]
    heads = [
        text("table.overall", lang) if name == OVERALL else schema.dimensions[name].label.of(lang)
        for name in shown
    ]
    return Table(
        title=text("decomposition.waterfall", lang, group=label),
        unit=text("decomposition.unit", lang),
        columns=(text("decomposition.category", lang), *heads),
        rows=tuple(rows),
        breaks=(1, len(rows) - 2, len(rows) - 1),
    )


def _bases(published: PublishedDecomposition, lang: Language) -> list[Table]:
    confidence = percent(published.result.confidence)
    names = ["available", "complete", "difference", "lost", "n", "share"]
    heads = {name: text(f"decomposition.{name}", lang, confidence=confidence) for name in names}
    rows = [basis_cells(published, cell) for cell in published.cells]
    title, unit = text("decomposition.bases", lang), _unit(published, lang)
    return _in_chunks(published, title, heads, _by_column(heads, rows), lang, unit=unit)


def basis_cells(published: PublishedDecomposition, cell: Cell) -> tuple[str, ...]:
    """Return a group's levels, what complete cases leave out, respondents and share explained."""
    if published.is_hidden(cell):
        return tuple([SUPPRESSED] * 6)
    basis = published.basis(cell)
    share, low, high = (100 * value for value in published.share(cell))
    is_told = not math.isnan(basis.share_lost)
    return (
        rounded(basis.level_available) if is_told else SUPPRESSED,
        rounded(basis.level_complete),
        signed(basis.difference) if is_told else SUPPRESSED,
        rounded(100 * basis.share_lost) if is_told else SUPPRESSED,
        counted(basis.n or 0),
        NONE if math.isnan(share) else f"{rounded(share, 0)} ({interval(low, high, 0)})",
    )


def _in_chunks(
    published: PublishedDecomposition,
    title: str,
    heads: Mapping[str, str],
    columns: Mapping[str, list[str]],
    lang: Language,
    *,
    unit: str = "",
) -> list[Table]:
    """Return columns, by name, as tables that are no wider than a page."""
    labels = _labels(published, lang)
    chunks = side_by_side(labels, columns, heads)
    return [
        Table(
            title=title,
            unit=unit or text("decomposition.unit", lang),
            columns=(text("decomposition.category", lang), *(heads[name] for name in chunk)),
            rows=tuple(zip(labels, *(columns[name] for name in chunk), strict=True)),
            breaks=_breaks(published),
        )
        for chunk in chunks
    ]
