"""Several years: their levels, the trend first, then the changes, and what can be told of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from divide_index.cells import Cell
from divide_index.errors import Finding
from divide_index.publication.figures.drawing import Drawing
from divide_index.publication.figures.year_figures import changes_of, panels_of
from divide_index.publication.findings import finding_words
from divide_index.publication.formatting import counted, interval, percent, rounded, signed
from divide_index.publication.report.blocks import Chapter, ColumnKind, Row
from divide_index.publication.report.chapters.tables import sign_notes, text_table
from divide_index.publication.report.material import Draft, Material
from divide_index.publication.report.pictures import base_of, figure_parts
from divide_index.publication.sentences import synthetic_sentence
from divide_index.publication.tables import Table
from divide_index.publication.year_tables import (
    change_tables,
    dimension_tables,
    trend_tables,
    year_cell,
    year_sentences,
)
from divide_index.publication.years import ComparisonFigures, PublishedYears
from divide_index.schema import OVERALL

_YEARS_OF_A_TABLE = 4  # a page holds no more beside each other, each with its interval
_FOUND = frozenset({"rise", "fall"})


def years_chapter(material: Material, number: int) -> Chapter | None:
    """Return the chapter of several years; None for a report of one."""
    published = material.years
    if published is None:
        return None
    draft = Draft(material, "years", material.say("report.years.chapter"), number)
    if not material.is_synthetic and any(
        survey.is_synthetic for survey in published.result.waves.surveys.values()
    ):  # of simulated records the cover and every page say so
        draft.alert(synthetic_sentence(material.lang))
    _levels(draft, published)
    _trends(draft, published)
    _changes(draft, published)
    _reading(draft, published)
    return draft.chapter()


# -- levels ------------------------------------------------------------------------------------


def _levels(draft: Draft, published: PublishedYears) -> None:
    """Add the level of every year, as a table and in a panel for each population."""
    material = draft.material
    years = published.result.years
    draft.heading("report.years.section.levels")
    draft.paragraph(
        material.say(
            "report.years.text.levels",
            first=years[0],
            last=years[-1],
            count=len(years),
            reference=material.reference,
        ),
        [draft.next_table(), draft.next_figure()],
    )
    count = -(-len(years) // _YEARS_OF_A_TABLE)
    ends = [-(-len(years) * part // count) for part in range(count + 1)]
    for number, (first, end) in enumerate(pairwise(ends), 1):
        _level_table(draft, published, years[first:end], (number, count))
    for domain, cells in _blocks(published):
        shown = [cell for cell in cells if _held(published, cell)]
        if shown:
            _panels(draft, published, domain, shown)


def _level_table(
    draft: Draft, published: PublishedYears, years: Sequence[int], part: tuple[int, int]
) -> None:
    material = draft.material
    blocks = _blocks(published)
    rows: list[Row] = []
    for domain, cells in blocks:
        if len(blocks) > 1:
            rows.append(Row((_named(material, domain),), is_heading=True))
        rows += [
            Row(
                (
                    published.label(cell, material.lang),
                    *(year_cell(published, year, cell) for year in years),
                )
            )
            for cell in cells
        ]
    heads: list[tuple[str, ColumnKind]] = [
        (material.say("table.category"), "label"),
        *((_year_label(material, published, year), "number") for year in years),
    ]
    title = material.say(
        "report.years.table.levels", confidence=material.confidence, reference=material.reference
    )
    number, count = part
    if count > 1:
        title = f"{title} {material.say('report.part', number=number, parts=count)}"
    draft.table(
        title,
        heads,
        rows,
        unit=material.say("report.unit.levels"),
        notes=sign_notes(material, rows),
    )


def _year_label(material: Material, published: PublishedYears, year: int) -> str:
    is_published = year in published.result.published
    return material.say("years.published", year=year) if is_published else str(year)


def _panels(draft: Draft, published: PublishedYears, domain: str, cells: Sequence[Cell]) -> None:
    material = draft.material
    years = published.result.years
    title = material.say(
        "report.years.figure.panels",
        by=_by(material, domain),
        first=years[0],
        last=years[-1],
        confidence=material.confidence,
    )

    def draw(part: Sequence[Cell]) -> Callable[[float], Drawing]:
        return lambda width: panels_of(published, part, material.lang, width=width)

    for name, part in figure_parts(material, title, cells, draw):
        draft.figure(
            name,
            draw(part),
            takeaway=material.say("report.years.takeaway.panels"),
            base=_base(material, published, part),
            alt="; ".join(_series_words(material, published, cell) for cell in part),
        )


def _series_words(material: Material, published: PublishedYears, cell: Cell) -> str:
    """Return the series of a population, for who cannot see it."""
    said: list[str] = []
    for year in published.result.years:
        figures = published.level(year, cell)
        if figures is None:
            continue
        if not figures.is_shown:
            said.append(material.say("report.alt.hidden", label=str(year)))
            continue
        shown = f" ({interval(figures.low, figures.high)})" if figures.has_interval else ""
        level = rounded(figures.level)
        said.append(material.say("report.alt.published", year=year, level=level, interval=shown))
    return f"{published.label(cell, material.lang)}: {', '.join(said)}"


def _held(published: PublishedYears, cell: Cell) -> bool:
    """Return whether some year prints a level of a cell."""
    found = (published.level(year, cell) for year in published.result.years)
    return any(each is not None and each.is_shown for each in found)


# -- trends ------------------------------------------------------------------------------------


def _trends(draft: Draft, published: PublishedYears) -> None:
    """Add what can be quoted, and the trends: of the overall level, then by dimension."""
    material = draft.material
    tables = trend_tables(published, material.lang)
    draft.heading("report.years.section.trends")
    if tables:
        draft.paragraph(material.say("report.years.text.trends"), [draft.next_table()])
    else:
        draft.paragraph(material.say("report.years.text.no_trends"))
    draft.bullets(words for _, words in year_sentences(published, material.lang))
    for table in tables:
        text_table(
            draft,
            table,
            texts=(1, 4),
            unit=material.say("report.years.unit.trends"),
            notes=[material.say("report.years.note.trends")],
        )
    has_trend = bool(tables)
    unit = "report.years.unit.trends" if has_trend else "report.years.unit.changes"
    for table in dimension_tables(published, material.lang):
        note = material.say("report.years.note.ns", confidence=material.confidence)
        text_table(draft, table, unit=material.say(unit), notes=[note])


# -- changes -----------------------------------------------------------------------------------


def _changes(draft: Draft, published: PublishedYears) -> None:
    """Add the changes from the first year to the last, drawn, and every change as a table."""
    material = draft.material
    tables = change_tables(published, material.lang)
    if not tables:
        return
    draft.heading("report.years.section.changes")
    draft.paragraph(
        material.say("report.years.text.changes"), [draft.next_table(), draft.next_figure()]
    )
    for domain, cells in _blocks(published):
        drawn = {cell: each for cell in cells if (each := _whole(published, cell)) is not None}
        if drawn:
            _change_figure(draft, published, domain, drawn)
    for table in tables:
        text_table(
            draft,
            _breakable(table),
            texts=(4,),
            in_blocks=True,
            unit=material.say("report.years.unit.changes"),
            notes=[
                material.say("report.years.note.verdict", confidence=material.confidence),
                material.say("report.years.note.detectable", power=percent(published.result.power)),
            ],
        )


def _breakable(table: Table) -> Table:
    """Return a table of changes whose spans of years a narrow screen breaks between the years."""
    rows = tuple((name, span.replace("→", " → "), *cells) for name, span, *cells in table.rows)
    return replace(table, rows=rows)


def _whole(published: PublishedYears, cell: Cell) -> ComparisonFigures | None:
    """Return the change of a cell from the first year to the last; None across a break."""
    years = published.result.years
    found = published.changes(cell)
    return next(
        (e for e in found if (e.first, e.last) == (years[0], years[-1]) and not e.breaks), None
    )


def _change_figure(
    draft: Draft, published: PublishedYears, domain: str, drawn: dict[Cell, ComparisonFigures]
) -> None:
    material = draft.material
    years = published.result.years
    words = {"first": years[0], "last": years[-1]}
    judged = [each for each in drawn.values() if each.verdict in {*_FOUND, "within"}]
    title = material.say(
        "report.years.figure.changes",
        by=_by(material, domain),
        confidence=material.confidence,
        **words,
    )
    takeaway = material.say(
        "report.years.takeaway.changes",
        judged=len(judged),
        count=sum(each.verdict in _FOUND for each in judged),
        **words,
    )

    def draw(part: Sequence[Cell]) -> Callable[[float], Drawing]:
        return lambda width: changes_of(published, part, material.lang, width=width)

    for name, part in figure_parts(material, title, list(drawn), draw):
        said = [_change_words(material, published, cell, drawn[cell]) for cell in part]
        draft.figure(
            name,
            draw(part),
            takeaway=takeaway,
            base=_base(material, published, part),
            alt=material.say("report.reasons.alt.path", rows="; ".join(said)),
        )


def _change_words(
    material: Material, published: PublishedYears, cell: Cell, change: ComparisonFigures
) -> str:
    """Return a change, for who cannot see it."""
    label = published.label(cell, material.lang)
    if change.is_hidden:
        return material.say("report.alt.hidden", label=label)
    shown = "" if change.margin is None else f" ({interval(change.low, change.high)})"
    return material.say("report.alt.dot", label=label, level=signed(change.points), interval=shown)


# -- how to read it ----------------------------------------------------------------------------


def _reading(draft: Draft, published: PublishedYears) -> None:
    """Add what is assumed of the samples, what parts the series, and what was noticed."""
    material, result = draft.material, published.result
    draft.heading("report.years.section.reading")
    crossed = sorted({name for names in result.changes.crossed for name in names})
    last = result.results[result.waves.years[-1]]
    years = [str(year) for year in result.published]
    margin = result.published_margin.get(OVERALL)
    kind = "published" if margin is None else "published_margin"
    found = _new(material, published)
    is_doubted = any(each.code == "DI-W360" for each in found)  # which says so in other words
    samples = f"report.years.samples.{result.samples}"
    draft.bullets(
        [
            "" if is_doubted else material.say(samples, count=counted(result.shared_psus)),
            material.say("report.years.note.smooth"),
            material.say("report.years.note.breaks", breaks=crossed) if crossed else "",
            material.say(
                f"report.years.note.{kind}",
                years=years,
                margin=f"{margin or 0:g}",
            )
            if years
            else "",
            *(finding_words(each, last, material.lang) for each in found),
        ]
    )


def _new(material: Material, published: PublishedYears) -> list[Finding]:
    """Return what was noticed of the years that is not told in the chapter of quality."""
    known = (*material.result.scores.survey.findings, *material.result.findings)
    return [each for each in published.findings() if each not in known]


# -- whose ---------------------------------------------------------------------------------------


def _blocks(published: PublishedYears) -> list[tuple[str, list[Cell]]]:
    """Return the cells by domain, averages and groups together."""
    blocks: dict[str, list[Cell]] = {}
    for cell in published.cells:
        name = "group" if cell.domain == "average" else cell.domain
        blocks.setdefault(name, []).append(cell)
    return list(blocks.items())


def _named(material: Material, domain: str) -> str:
    """Return a domain, or the parts of a cross, as the heading of its rows."""
    return " × ".join(
        material.say("report.groups") if part == "group" else material.domain(part)
        for part in domain.split("*")
    )


def _by(material: Material, domain: str) -> str:
    """Return a domain in a title: 계층별, 시·도별; group, region."""
    if domain == "group":
        return material.say("report.by.group")
    if "*" in domain:
        return material.say("report.by", name=_named(material, domain))
    return material.by(domain)


def _base(material: Material, published: PublishedYears, cells: Sequence[Cell]) -> str:
    """Return of whom a figure is, by the last survey."""
    held = [cell for cell in cells if cell in material.published.cells]
    year = published.result.waves.years[-1]
    return material.say("report.years.base", year=year, base=base_of(material, held))
