"""Levels of several years as tables and sentences of finished text, in Korean and English."""

import math

from divide_index.cells import Cell
from divide_index.messages import Language, text
from divide_index.messages.particles import UnspokenError
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
from divide_index.publication.labels import inside
from divide_index.publication.methods import assumptions_note, design_notes, formula_note
from divide_index.publication.sentences import (
    Change,
    Stated,
    change_sentence,
    level_sentence,
    significance,
    trend_sentence,
)
from divide_index.publication.tables import Table, side_by_side
from divide_index.publication.years import ComparisonFigures, PublishedYears
from divide_index.schema import OVERALL


def tables_of_years(published: PublishedYears, lang: Language) -> list[Table]:
    """Return the levels of every year, their trends, then their changes, as tables of text.

    Parameters
    ----------
    published
        The years.
    lang
        Of the labels.
    """
    return [
        *_levels(published, lang),
        *trend_tables(published, lang),
        *change_tables(published, lang),
        *dimension_tables(published, lang),
    ]


def year_sentences(published: PublishedYears, lang: Language) -> list[tuple[str, str]]:
    """Return what can be quoted of each published group: its label and a few sentences."""
    said: list[tuple[str, str]] = []
    confidence = published.result.confidence
    for cell in published.cells:
        if cell.domain not in {"group", "average"}:
            continue
        try:
            words = [_level(published, cell, lang)]
        except UnspokenError as error:
            words = [text("decomposition.sentence.unspoken", lang, label=error.words)]
        trend = published.trend(cell)
        if trend is not None and not trend.is_hidden and not trend.breaks:
            words.append(
                trend_sentence(
                    trend.points,
                    trend.margin,
                    lang,
                    first=trend.first,
                    last=trend.last,
                    confidence=confidence,
                )
            )
            words.append(_adjusted(trend, lang))
        words.append(_last_change(published, cell, lang))
        if any(words):
            said.append((published.label(cell, lang), " ".join(each for each in words if each)))
    return said


def _level(published: PublishedYears, cell: Cell, lang: Language) -> str:
    """Return the level of the last year; nothing where it is hidden or there is none."""
    year = published.result.years[-1]
    figures = published.level(year, cell)
    if figures is None or not figures.is_shown:
        return ""
    label = inside(published.label(cell, lang), lang)
    return level_sentence(
        Stated(label, figures.level, figures.margin, figures.bounds),
        lang,
        year=year,
        reference=inside(published.schema.reference.label.of(lang), lang),
        dimension=inside(text("table.overall", lang), lang),
        confidence=published.result.confidence,
    )


def _last_change(published: PublishedYears, cell: Cell, lang: Language) -> str:
    """Return the change on the year before; nothing where it is hidden or not comparable."""
    last = published.result.years[-1]
    found = [each for each in published.changes(cell) if each.last == last]
    if not found or found[0].is_hidden or found[0].breaks:
        return ""
    change = found[0]
    now = published.level(last, cell)
    before = published.level(change.first, cell)
    if now is None or before is None:
        return ""
    sentence = change_sentence(
        Change(now.level, before.level, change.margin, last, change.first),
        lang,
        confidence=published.result.confidence,
    )
    return " ".join(filter(None, (sentence, _adjusted(change, lang))))


def _adjusted(figures: ComparisonFigures, lang: Language) -> str:
    """Return that what a margin calls significant is not so among all tests of the tables."""
    is_found = significance(figures.points, figures.margin) == "significant"
    if not is_found or figures.verdict != "within":
        return ""
    return text("years.sentence.adjusted", lang)


def year_notes(published: PublishedYears, lang: Language) -> list[str]:
    """Return what must be read under the tables: samples, tests, breaks, method, warnings."""
    result, schema = published.result, published.schema
    surveys = result.waves.surveys
    any_result = next(iter(result.results.values()))
    notes: list[str] = []
    if any(survey.is_synthetic for survey in surveys.values()):
        notes.append(text("note.synthetic", lang))
    last = result.results[result.waves.years[-1]]
    for finding, years in published.findings_of_years():
        words = finding_words(finding, last, lang)
        of = ", ".join(map(str, years))
        notes.append(words if len(years) in {0, len(surveys)} else f"{of}: {words}")
    if any_result.where is not None:
        notes.append(text("note.where", lang, where=any_result.where))
    notes.append(text(f"note.years.{result.samples}", lang, count=counted(result.shared_psus)))
    notes.append(text("note.years.tests", lang, confidence=percent(result.confidence)))
    notes.append(text("note.years.detectable", lang, power=percent(result.power)))
    if len(result.trends.cells):
        notes.append(text("note.years.trend", lang))
    else:
        notes.append(text("note.years.no_trend", lang))
    if published.result.published:
        years = [str(year) for year in result.published]
        margin = result.published_margin.get(OVERALL)
        code = "note.years.published" if margin is None else "note.years.published_margin"
        notes.append(text(code, lang, years=years, margin=f"{margin or 0:g}"))
    crossed = sorted({name for names in result.changes.crossed for name in names})
    if crossed:
        notes.append(text("note.years.breaks", lang, breaks=crossed))
    notes.append(formula_note(schema, any_result.formula, lang))
    notes.append(text(f"note.cases.{any_result.cases}", lang))
    designs = {year: design_notes(survey, lang) for year, survey in surveys.items()}
    for words in dict.fromkeys(note for each in designs.values() for note in each):
        of = [str(year) for year, each in designs.items() if words in each]
        notes.append(words if len(of) == len(designs) else f"{', '.join(of)}: {words}")
    notes += assumptions_note(schema, lang)
    notes += [text("note.rounding", lang), text("note.symbols", lang)]
    if published.suppressions is None:
        return [*notes, text("note.internal", lang)]
    [rule] = {each.rule for each in published.suppressions.values()}
    hidden = sum(len(each.suppressed) for each in published.suppressions.values())
    if hidden or any(each.cautious for each in published.suppressions.values()):
        notes.append(text("note.flags", lang, n=rule.caution_n, percent=100 * rule.caution_cv))
    notes.append(text("note.disclosure", lang, threshold=rule.threshold, count=hidden))
    return notes


# -- tables ----------------------------------------------------------------------------------


def _breaks(cells: list[Cell]) -> tuple[int, ...]:
    return tuple(i for i, c in enumerate(cells) if i and c.domain != cells[i - 1].domain)


def _levels(published: PublishedYears, lang: Language) -> list[Table]:
    result, schema = published.result, published.schema
    cells = [*published.cells]
    labels = [published.label(cell, lang) for cell in cells]
    heads = {
        str(year): text("years.published", lang, year=year)
        if year in result.published
        else str(year)
        for year in result.years
    }
    columns = {
        str(year): [year_cell(published, year, cell) for cell in cells] for year in result.years
    }
    title = text(
        "years.title",
        lang,
        survey=schema.survey.name.of(lang),
        reference=schema.reference.label.of(lang),
        confidence=percent(result.confidence),
    )
    return [
        Table(
            title=title,
            unit=text("years.unit.level", lang),
            columns=(text("table.category", lang), *(heads[name] for name in chunk)),
            rows=tuple(zip(labels, *(columns[name] for name in chunk), strict=True)),
            breaks=_breaks(cells),
        )
        for chunk in side_by_side(labels, columns, heads)
    ]


def year_cell(published: PublishedYears, year: int, cell: Cell) -> str:
    """Return a level of a year with its interval, as it is printed in a table."""
    figures = published.level(year, cell)
    if figures is None or figures.flag == "none":
        return NONE
    if figures.flag == "suppressed":
        return SUPPRESSED
    level = rounded(figures.level) + (CAUTION if figures.flag == "caution" else "")
    if not figures.has_interval:
        return level
    return f"{level} ({interval(figures.low, figures.high)})"


def trend_tables(published: PublishedYears, lang: Language) -> list[Table]:
    """Return the trends of the overall level; nothing where there is none."""
    found = [(cell, published.trend(cell)) for cell in published.cells]
    rows = [(cell, trend) for cell, trend in found if trend is not None]
    if not rows:
        return []
    heads = ["category", "years", "trend", "scatter", "verdict"]
    return [
        Table(
            title=text("years.trends", lang),
            unit=text("years.unit.trend", lang),
            columns=_heads(heads, published, lang),
            rows=tuple(
                (
                    published.label(cell, lang),
                    f"{trend.first}~{trend.last}",
                    _points(trend, 2),
                    _number(trend, trend.scatter, 2),
                    _verdict(trend, lang),
                )
                for cell, trend in rows
            ),
            breaks=_breaks([cell for cell, _ in rows]),
        )
    ]


def change_tables(published: PublishedYears, lang: Language) -> list[Table]:
    """Return the changes of the overall level, those of a cell in a block; nothing without any."""
    heads = ["category", "years", "change", "detectable", "verdict"]
    rows: list[tuple[str, ...]] = []
    starts: list[int] = []
    for cell in published.cells:
        for place, change in enumerate(published.changes(cell)):
            if not place and rows:
                starts.append(len(rows))
            rows.append(
                (
                    "" if place else published.label(cell, lang),
                    f"{change.first}→{change.last}",
                    _points(change, 1),
                    _number(change, change.detectable, 1),
                    _verdict(change, lang),
                )
            )
    if not rows:
        return []
    return [
        Table(
            title=text("years.changes", lang),
            unit=text("years.unit.change", lang),
            columns=_heads(heads, published, lang),
            rows=tuple(rows),
            breaks=tuple(starts),
        )
    ]


def _heads(names: list[str], published: PublishedYears, lang: Language) -> tuple[str, ...]:
    confidence = percent(published.result.confidence)
    return tuple(text(f"years.head.{name}", lang, confidence=confidence) for name in names)


def _points(figures: ComparisonFigures, decimals: int) -> str:
    """Return the estimate and its interval as they are printed."""
    if figures.is_hidden:
        return SUPPRESSED
    points = signed(figures.points, decimals)
    if math.isnan(figures.high):
        return points
    return f"{points} ({interval(figures.low, figures.high, decimals)})"


def _number(figures: ComparisonFigures, value: float, decimals: int) -> str:
    if figures.is_hidden:
        return SUPPRESSED
    return rounded(value, decimals)


def _verdict(figures: ComparisonFigures, lang: Language) -> str:
    if figures.is_hidden:
        return SUPPRESSED
    return text(f"years.verdict.{figures.verdict}", lang)


def dimension_tables(published: PublishedYears, lang: Language) -> list[Table]:
    """Return trends by dimension, or where there is none the change from first to last year."""
    schema = published.schema
    if len(schema.dimensions) < 2:  # noqa: PLR2004  the overall level is its only dimension
        return []
    has_trend = bool(len(published.result.trends.cells))
    names = [OVERALL, *schema.dimensions]
    cells = [
        cell
        for cell in published.cells
        if any(_one(published, cell, name, has_trend=has_trend) for name in names)
    ]
    if not cells:
        return []
    labels = [published.label(cell, lang) for cell in cells]
    heads = {name: schema.dimensions[name].label.of(lang) for name in schema.dimensions}
    heads = {OVERALL: text("table.overall", lang), **heads}
    columns = {
        name: [_margin(_one(published, cell, name, has_trend=has_trend)) for cell in cells]
        for name in names
    }
    confidence = percent(published.result.confidence)
    code = "years.dimensions.trend" if has_trend else "years.dimensions.change"
    years = published.result.years
    return [
        Table(
            title=text(code, lang, confidence=confidence, first=years[0], last=years[-1]),
            unit=text("years.unit.trend" if has_trend else "years.unit.change", lang),
            columns=(text("table.category", lang), *(heads[name] for name in chunk)),
            rows=tuple(zip(labels, *(columns[name] for name in chunk), strict=True)),
            breaks=_breaks(cells),
        )
        for chunk in side_by_side(labels, columns, heads)
    ]


def _one(
    published: PublishedYears, cell: Cell, dimension: str, *, has_trend: bool
) -> ComparisonFigures | None:
    if has_trend:
        return published.trend(cell, dimension)
    years = published.result.years
    found = published.changes(cell, dimension)
    return next((each for each in found if (each.first, each.last) == (years[0], years[-1])), None)


def _margin(figures: ComparisonFigures | None) -> str:
    if figures is None:
        return NONE
    if figures.is_hidden:
        return SUPPRESSED
    margin = NOT_AVAILABLE if figures.margin is None else rounded(figures.margin)
    # What was not tested, over a break or without an error, is not called insignificant.
    return f"{signed(figures.points)}±{margin}" + (" ns" if figures.verdict == "within" else "")
