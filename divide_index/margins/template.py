"""A workbook to fill in: every category of a schema, and an empty cell for its total."""

from collections.abc import Sequence

from divide_index.errors import InputError
from divide_index.margins.categories import Partition, partitions, sample_names
from divide_index.margins.known import CROSS, HEADERS
from divide_index.margins.numbers import names_of_numbers
from divide_index.margins.sheets import Line, sheet_name, workbook
from divide_index.messages import LANGUAGES, Language, text
from divide_index.schema import SurveySchema, Text

_COLUMNS = ("variable", "category", "label", "total", "source")
_WIDTHS = (18, 14, 32, 16, 60)


def margins_template(
    schema: SurveySchema, *, by: Sequence[str] | None = None, lang: Language = "en"
) -> bytes:
    """Return a workbook in which known totals can be filled in, a sheet for each sample.

    Read back by :func:`~divide_index.margins.read_margins`, which names every cell that is
    blank or no number, and every row that is gone. Its bytes are the same each time.

    Parameters
    ----------
    schema
        The survey's.
    by
        Domains and variables whose totals are asked for, crosses such as ``region*sex``, or
        numbers, whose sums are; without it every domain.
    lang
        The language of labels; headers and the guide have both.

    Raises
    ------
    InputError
        DI-E411: no such variable, or one without categories that is no number either.
    """
    every = {part.name: part for part in partitions(schema)}
    wanted = [*(name for name in every if name in schema.domains)] if by is None else list(by)
    sums = names_of_numbers(schema)
    rows: list[Line] = [[" / ".join(HEADERS[part][:2]) for part in _COLUMNS]]
    for name in wanted:
        if name in sums:
            label = schema.variables[name].label
            rows.append([name, "", name if label is None else label.of(lang), "", ""])
            continue
        parts = _parts(name, every)
        rows += [[name, CROSS.join(c), _label(c, parts, lang), "", ""] for c in _cells(parts)]
    sheets: dict[str, list[Line]] = {}
    for called in _sample_labels(schema, lang):
        sheets[sheet_name(called, sheets)] = rows
    return workbook(sheets, widths=_WIDTHS, counts=[_COLUMNS.index("total")], guide=_guide(schema))


def _parts(name: str, every: dict[str, Partition]) -> list[Partition]:
    parts = [piece.strip() for piece in name.split(CROSS)]
    for piece in parts:
        if piece not in every:
            raise InputError("DI-E411", margin=name, variable=piece, known=[*every])
    return [every[piece] for piece in parts]


def _cells(parts: Sequence[Partition]) -> list[tuple[str, ...]]:
    cells: list[tuple[str, ...]] = [()]
    for part in parts:
        cells = [(*cell, code) for cell in cells for code in part.codes]
    return cells


def _label(codes: Sequence[str], parts: Sequence[Partition], lang: Language) -> str:
    found: list[str] = []
    for code, part in zip(codes, parts, strict=True):
        label = part.texts[part.codes.index(code)]
        found.append(code if label is None else label.of(lang))
    return CROSS.join(found)


def _sample_labels(schema: SurveySchema, lang: Language) -> list[str]:
    """Return what each sheet is called: a sample's label, else its code."""
    sample = schema.design.sample
    if sample is None:
        return [schema.reference.label.of(lang)]
    labels = schema.variables[sample].codes.values()
    return [
        code if label is None else label.of(lang)
        for (code, _), label in zip(sample_names(schema).items(), labels, strict=True)
    ]


def _guide(schema: SurveySchema) -> list[str]:
    """Return how the workbook is filled in, and what the schema says of its populations."""
    lines: list[str] = []
    for lang in LANGUAGES:
        lines += [f"{schema.title.of(lang)} ({schema.name})", text("margins.guide", lang)]
        if schema.survey.population is not None:
            population = schema.survey.population.of(lang)
            lines.append(text("margins.guide.population", lang, population=population))
        lines += [
            text("margins.guide.group", lang, group=label.of(lang), source=source)
            for label, source in _sources(schema)
        ]
        lines.append("")
    return lines[:-1]


def _sources(schema: SurveySchema) -> list[tuple[Text, str]]:
    """Return what the schema says of each of its populations."""
    populations = [schema.reference, *schema.groups.values()]
    return [(each.label, each.source) for each in populations if each.source]
