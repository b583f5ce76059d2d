"""Tables of levels as rows of finished text, in Korean and English."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from divide_index.cells import Cell
from divide_index.levels import LevelResult, NonresponseBand
from divide_index.messages import Language, text
from divide_index.publication.disclosure import Suppression
from divide_index.publication.findings import finding_words
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    SUPPRESSED,
    counted,
    interval,
    percent,
    rounded,
    signed,
)
from divide_index.publication.labels import cell_label, dimension_label
from divide_index.publication.methods import assumptions_note, design_notes, formula_notes
from divide_index.schema import OVERALL, SurveySchema

HEAD_WIDTH = 14  # a longer head is broken into lines
_PAGE, _NARROWEST_LABEL, _WIDEST_LABEL, _BETWEEN_COLUMNS = 80, 14, 30, 3  # columns of a terminal


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to print: every cell is text, the first column the category.

    ``breaks`` are the rows before which a new block begins.
    """

    title: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    breaks: tuple[int, ...] = ()


def level_tables(
    result: LevelResult, lang: Language, suppression: Suppression | None = None
) -> list[Table]:
    """Return the overall levels, then the levels by dimension, as tables of text.

    Parameters
    ----------
    result
        The levels.
    lang
        Of the labels.
    suppression
        What of them is not published; None prints every cell.
    """
    schema = result.scores.survey.schema
    confidence = percent(result.confidence)
    cells = list(dict.fromkeys(result.cells))
    breaks = tuple(i for i, c in enumerate(cells) if i and c.domain != cells[i - 1].domain)
    labels = [cell_label(cell, schema, lang) for cell in cells]
    heads = ["category", "overall", "interval", "std_error", "target_gap", "n"]
    rows = [
        _overall_row(result, cell, label, _flag(suppression, cell))
        for cell, label in zip(cells, labels, strict=True)
    ]
    if schema.target is None:
        heads.remove("target_gap")
        rows = [(*row[:4], row[5]) for row in rows]
    unit = text("table.unit" if schema.unit == "person" else "table.unit.household", lang)
    overall = Table(
        title=_title(result, lang),
        unit=unit,
        columns=tuple(text(f"table.{head}", lang, confidence=confidence) for head in heads),
        rows=tuple(rows),
        breaks=breaks,
    )
    columns = {
        name: [_level_with_interval(result, cell, name, suppression) for cell in cells]
        for name in schema.dimensions
    }
    return [overall, *_dimension_tables(result, columns, labels, breaks, lang)]


def _title(result: LevelResult, lang: Language) -> str:
    survey = result.scores.survey
    name = survey.schema.survey.name.of(lang)
    if survey.pooled:
        name = text("table.pooled", lang, survey=name, years=listed_years(survey.pooled))
    reference = survey.schema.reference.label.of(lang)
    return text("table.title", lang, survey=name, reference=reference)


def listed_years(years: Sequence[int]) -> str:
    """Return years as they are printed: neighbours as a range, 2023~2025."""
    is_run = [*years] == [*range(years[0], years[-1] + 1)]
    return f"{years[0]}~{years[-1]}" if is_run and len(years) > 1 else ", ".join(map(str, years))


def _dimension_tables(
    result: LevelResult,
    columns: dict[str, list[str]],
    labels: list[str],
    breaks: tuple[int, ...],
    lang: Language,
) -> list[Table]:
    """Return the levels by dimension, as many dimensions beside each other as a page holds."""
    schema = result.scores.survey.schema
    heads = {name: schema.dimensions[name].label.of(lang) for name in columns}
    chunks = side_by_side(labels, columns, heads)
    confidence = percent(result.confidence)
    unit = "table.unit" if schema.unit == "person" else "table.unit.household"
    return [
        Table(
            title=text("table.dimensions", lang, confidence=confidence),
            unit=text(unit, lang),
            columns=(
                text("table.category", lang),
                *(schema.dimensions[name].label.of(lang) for name in chunk),
            ),
            rows=tuple(zip(labels, *(columns[name] for name in chunk), strict=True)),
            breaks=breaks,
        )
        for chunk in chunks
    ]


def side_by_side(
    labels: Sequence[str], columns: Mapping[str, Sequence[str]], heads: Mapping[str, str]
) -> list[list[str]]:
    """Return the columns of a table by name, as many beside each other as a page holds.

    Parameters
    ----------
    labels
        Of the rows; one may be broken between its words, and not inside one.
    columns
        The cells of each column.
    heads
        What stands above each.
    """
    longest = max(terminal_width(word) for label in labels for word in label.split())
    narrowest = min(max(longest + _BETWEEN_COLUMNS, _NARROWEST_LABEL), _WIDEST_LABEL)
    chunks: list[list[str]] = [[]]
    used = 0
    for name, column in columns.items():
        head = min(terminal_width(heads[name]), HEAD_WIDTH)
        word = max(terminal_width(word) for word in heads[name].split() or [""])
        width = max(head, word, *map(terminal_width, column)) + _BETWEEN_COLUMNS
        if chunks[-1] and used + width > _PAGE - narrowest:
            chunks.append([])
            used = 0
        chunks[-1].append(name)
        used += width
    return chunks


def terminal_width(words: str) -> int:
    """Return how many columns of a terminal words take: Hangul two for each syllable."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in words)


def level_notes(
    result: LevelResult,
    band: NonresponseBand | None,
    lang: Language,
    suppression: Suppression | None = None,
) -> list[str]:
    """Return what must be read under the tables: method, bases, assumptions, warnings."""
    survey = result.scores.survey
    schema = survey.schema
    notes = [text("note.synthetic", lang)] if survey.is_synthetic else []
    if survey.pooled:
        notes.append(text("DI-I390", lang, years=survey.pooled))
    findings = result.findings
    if suppression is not None:
        findings = suppression.findings(findings)
    notes += [finding_words(f, result, lang) for f in findings]
    if result.where is not None:
        notes.append(text("note.where", lang, where=result.where))
    if schema.target is not None:
        notes.append(_target_note(schema, lang))
    notes += formula_notes(result, lang) + design_notes(survey, lang, result.variance)
    bands = [] if band is None else _bands(result, band, lang, suppression)
    if bands:
        notes.append(text("note.band", lang, bands=bands))
    notes += assumptions_note(schema, lang)
    notes += [text("note.rounding", lang), text("note.symbols", lang)]
    if suppression is None:
        return [*notes, text("note.internal", lang)]
    if suppression.suppressed or suppression.cautious:
        rule = suppression.rule
        notes.append(text("note.flags", lang, n=rule.caution_n, percent=100 * rule.caution_cv))
    hidden = len(suppression.suppressed)
    notes.append(text("note.disclosure", lang, threshold=suppression.rule.threshold, count=hidden))
    return notes


def _flag(suppression: Suppression | None, cell: Cell, dimension: str = OVERALL) -> str:
    return "" if suppression is None else suppression.flag(cell.domain, cell.category, dimension)


def _overall_row(result: LevelResult, cell: Cell, label: str, flag: str) -> tuple[str, ...]:
    row = result.row(cell.domain, cell.category)
    if flag == "suppressed":
        return (label, *([SUPPRESSED] * 5))
    if result.n[row] == 0:
        return (label, NONE, NONE, NONE, NONE, "0")
    gap = result.target_gap[row]
    is_reference = cell.domain == "total"
    return (
        label,
        rounded(result.estimate.values[row]) + (CAUTION if flag else ""),
        NONE if is_reference else interval(result.conf_low[row], result.conf_high[row]),
        NONE if is_reference else rounded(result.std_errors[row]),
        NONE if np.isnan(gap) else signed(gap),
        counted(int(result.n[row])),
    )


def _level_with_interval(
    result: LevelResult, cell: Cell, dimension: str, suppression: Suppression | None
) -> str:
    row = result.row(cell.domain, cell.category, dimension)
    flag = _flag(suppression, cell, dimension)
    if flag == "suppressed":
        return SUPPRESSED
    if result.n[row] == 0:
        return NONE
    level = rounded(result.estimate.values[row]) + (CAUTION if flag else "")
    if cell.domain == "total":
        return level
    return f"{level} ({interval(result.conf_low[row], result.conf_high[row])})"


def _target_note(schema: SurveySchema, lang: Language) -> str:
    target = schema.target
    assert target is not None  # noqa: S101  narrowing; the caller asked
    return text(
        "note.target",
        lang,
        group=schema.groups[target.group].label.of(lang),
        dimension=dimension_label(target.dimension, schema, lang),
        level=f"{target.level:g}",
        year=str(target.year),
    )


def _bands(
    result: LevelResult, band: NonresponseBand, lang: Language, suppression: Suppression | None
) -> list[str]:
    schema = result.scores.survey.schema
    cells = [
        cell
        for cell in dict.fromkeys(result.cells)
        if cell.domain in {"group", "average"}
        and not np.isnan(band.bounds(cell.domain, cell.category)[0])
        and _flag(suppression, cell) != "suppressed"
    ]
    return [
        f"{cell_label(cell, schema, lang)} {interval(*band.bounds(cell.domain, cell.category))}"
        for cell in cells
    ]
