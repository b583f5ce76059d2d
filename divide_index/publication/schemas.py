"""Schemas as pages of plain rows, in Korean and English: a list of them, and one in full."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from divide_index.errors import DivideIndexError
from divide_index.messages import Language, text
from divide_index.publication.formatting import NONE, NOT_AVAILABLE
from divide_index.publication.labels import dimension_label
from divide_index.schema import (
    OVERALL,
    Code,
    SurveyFile,
    SurveySchema,
    Text,
    Variable,
    code_text,
    condition_text,
    joined_files,
    marking_files,
    stacked_files,
)
from divide_index.schema.parts import Item

_TO = "→"
BETWEEN = " · "
"""Stands between the parts of a text; the best place to break a line."""
_MARKS = {"\t": "TAB"}


@dataclass(frozen=True, slots=True)
class Listing:
    """Schemas as a table of finished text: the columns, and the cells of each schema."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a page: a term and what is said of it, or, without a text, a line of its own.

    Parameters
    ----------
    term
        Stands to the left.
    text
        Stands beside it, broken into lines.
    depth
        How far it stands inside others.
    is_head
        Whether it names the rows below it.
    is_typed
        Whether it is a command to type, which must not be broken.
    """

    term: str
    text: str = ""
    depth: int = 0
    is_head: bool = False
    is_typed: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: its title and its rows."""

    title: str
    rows: tuple[Row, ...]


def schema_listing(found: Mapping[str, SurveySchema | DivideIndexError], lang: Language) -> Listing:
    """Return the schemas at hand as a table; of one that does not load, the code says why."""
    columns = tuple(
        text(f"schemas.list.{name}", lang)
        for name in ("name", "title", "unit", "year", "files", "assumed")
    )
    return Listing(
        columns, tuple(_listed(name, schema, lang) for name, schema in sorted(found.items()))
    )


def _listed(name: str, schema: SurveySchema | DivideIndexError, lang: Language) -> tuple[str, ...]:
    if isinstance(schema, DivideIndexError):
        broken = text("schemas.list.broken", lang, error=schema.code)
        return (name, broken, *([NOT_AVAILABLE] * 4))
    year = schema.survey.year
    return (
        name,
        schema.title.of(lang),
        text(f"schemas.unit.{schema.unit}", lang),
        NONE if year is None else str(year),
        str(max(len(schema.files), 1)),
        str(len(schema.assumptions())),
    )


def schema_sections(schema: SurveySchema, name: str, lang: Language) -> list[Section]:
    """Return a schema in full, as a statistician reads it.

    Parameters
    ----------
    schema
        A survey's schema.
    name
        The name or path under which it was found, for the command to type.
    lang
        Korean or English.
    """
    sections = {
        "survey": _survey(schema, lang),
        "files": _files(schema, name, lang),
        "design": _design(schema, lang),
        "reference": [
            Row(
                schema.reference.label.of(lang),
                text("schemas.everybody", lang)
                if schema.reference.where is None
                else condition_text(schema.reference.where),
            )
        ],
        "groups": _groups(schema, lang),
        "averages": [*_averages(schema, lang)],
        "target": _target(schema, lang),
        "breaks": [*_breaks(schema, lang)],
        "index": [*_index(schema, lang)],
        "domains": [*_domains(schema, lang)],
        "assumed": [*_assumed(schema, lang)],
    }
    count = len(schema.assumptions())
    return [
        Section(text(f"schemas.section.{title}", lang, count=count), tuple(rows))
        for title, rows in sections.items()
        if rows
    ]


def _survey(schema: SurveySchema, lang: Language) -> list[Row]:
    words = {
        name: _said(value, lang)
        for name in type(schema.survey).model_fields
        if (value := getattr(schema.survey, name)) is not None
    }
    words |= {
        "unit": text(f"schemas.unit.{schema.unit}", lang),
        "variables": str(len(schema.variables)),
    }
    if schema.encoding is not None:
        words["encoding"] = schema.encoding
    return [Row(text(f"schemas.survey.{name}", lang), said) for name, said in words.items()]


def _said(value: object, lang: Language) -> str:
    if isinstance(value, Text):
        return value.of(lang)
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    """Return a number as it was written, large ones in groups of three digits."""
    return f"{value:,.15g}"


# -- files and design ------------------------------------------------------------------------


def _files(schema: SurveySchema, name: str, lang: Language) -> list[Row]:
    command = "divide-index compute"
    if len(schema.files) <= 1:
        rows = [Row(file, _file(schema, file, lang)) for file in schema.files]
        rows = rows or [Row(text("schemas.file.single", lang))]
        return [*rows, _typed(f"{command} FILE --schema {name}")]
    order = [
        name
        for base in stacked_files(schema)
        for name in (
            base,
            *joined_files(schema, base),
            *(marking_files(schema, base) if base else ()),
        )
    ]
    sources = [f"--source {file}=PATH" for file in order]
    *lines, last = [f"{command} --schema {name}", *(f"    {source}" for source in sources)]
    return [
        *(Row(file, _file(schema, file, lang)) for file in schema.files),
        *(_typed(f"{line} \\") for line in lines),
        _typed(last),
    ]


def _typed(command: str) -> Row:
    return Row(command, depth=1, is_typed=True)


def _file(schema: SurveySchema, name: str, lang: Language) -> str:
    file = schema.files[name]
    if file.marks:
        place = text("schemas.file.marks", lang, file=file.part_of, variables=file.key)
    elif file.part_of is not None:
        place = text("schemas.file.part_of", lang, file=file.part_of)
    elif file.join is not None:
        place = text("schemas.file.join", lang, file=file.join, variables=file.key)
    else:
        place = text("schemas.file.stacked", lang)
    said = [*([file.label.of(lang)] if file.label else []), place, *_layout(file, lang)]
    said += [f"{variable} = {code_text(value)}" for variable, value in file.constants.items()]
    if file.columns:
        said.append(text("schemas.file.columns", lang, count=len(file.columns)))
    if file.absent:
        said.append(text("schemas.file.absent", lang, variables=file.absent))
    return BETWEEN.join(said)


def _layout(file: SurveyFile, lang: Language) -> Iterator[str]:
    plain = SurveyFile()
    for key in ("delimiter", "decimal", "header_row", "sheet", "encoding"):
        value = getattr(file, key)
        if value != getattr(plain, key):
            mark = _MARKS.get(value, value)
            yield text(f"schemas.file.{key}", lang, value=mark)


def _design(schema: SurveySchema, lang: Language) -> list[Row]:
    design = schema.design
    used = {
        "weight": [design.weight],
        "strata": [*design.strata],
        "psu": [design.psu],
        "fpc": [design.fpc],
        "sample": [design.sample],
        "id": [design.id],
    }
    rows = [
        Row(
            text(f"schemas.design.{key}", lang),
            BETWEEN.join(_variable(schema, name) for name in names if name is not None) or NONE,
        )
        for key, names in used.items()
    ]
    if design.note is not None:
        rows.append(Row(text("schemas.design.note", lang), design.note.of(lang)))
    return rows


def _variable(schema: SurveySchema, name: str) -> str:
    """Return a variable's name, with its column and joined file where they differ from it."""
    column, file = schema.column_of(name), schema.variables[name].file
    where = [part for part in (file, column if column != name else None) if part is not None]
    return f"{name} [{': '.join(where)}]" if where else name


# -- populations -----------------------------------------------------------------------------


def _groups(schema: SurveySchema, lang: Language) -> list[Row]:
    return [
        Row(name, f"{group.label.of(lang)}{BETWEEN}{condition_text(group.where)}")
        for name, group in schema.groups.items()
    ]


def _averages(schema: SurveySchema, lang: Language) -> Iterator[Row]:
    for name, average in schema.averages.items():
        yield Row(name, average.label.of(lang))
        for member, total in average.members.items():
            estimated = isinstance(total, str)
            said = text("schemas.estimated", lang) if estimated else _number(float(total))
            yield Row(schema.groups[member].label.of(lang), said, depth=1)


def _target(schema: SurveySchema, lang: Language) -> list[Row]:
    target = schema.target
    if target is None:
        return []
    is_overall = target.dimension == OVERALL
    dimension = (
        text("table.overall", lang)
        if is_overall
        else schema.dimensions[target.dimension].label.of(lang)
    )
    level = text("schemas.target.level", lang, level=_number(target.level), year=str(target.year))
    group = schema.groups[target.group].label.of(lang)
    rows = [Row(f"{group}, {dimension}", level)]
    if target.label is not None:
        rows.append(Row(text("schemas.target.label", lang), target.label.of(lang)))
    if target.applies_to:
        labels = [schema.groups[name].label.of(lang) for name in target.applies_to]
        rows.append(Row(text("schemas.target.applies_to", lang), BETWEEN.join(labels)))
    if target.measures:
        names = [dimension_label(name, schema, lang) for name in target.measures]
        rows.append(Row(text("schemas.target.measures", lang), BETWEEN.join(names)))
    for definition in target.definitions.values():
        rows.append(Row(text("schemas.target.definition", lang), definition.label.of(lang)))
        if definition.where is not None:
            rows.append(Row("", condition_text(definition.where), depth=1))
    return rows


def _breaks(schema: SurveySchema, lang: Language) -> Iterator[Row]:
    parts = {**schema.groups, **schema.averages}
    for name, each in schema.breaks.items():
        label = text("schemas.breaks.every", lang)
        if each.group is not None:
            label = parts[each.group].label.of(lang)
        said = text(f"schemas.breaks.{each.kind}", lang, year=each.year)
        yield Row(name, f"{label}{BETWEEN}{said}")


def _domains(schema: SurveySchema, lang: Language) -> Iterator[Row]:
    for name, domain in schema.domains.items():
        codes: Iterable[Code] = domain.bands or schema.variables[domain.variable].codes
        categories = [
            _labelled(code, schema.category_label(name, code_text(code), lang)) for code in codes
        ]
        yield Row(name, f"{domain.label.of(lang)}{BETWEEN}{_variable(schema, domain.variable)}")
        said = BETWEEN.join(categories) or text("schemas.any_category", lang)
        yield Row("", said, depth=1)


def _labelled(code: Code, label: str) -> str:
    return label if label == code_text(code) else f"{code_text(code)} {label}"


# -- the index -------------------------------------------------------------------------------


def _index(schema: SurveySchema, lang: Language) -> Iterator[Row]:
    yield Row(text(f"schemas.formula.{schema.formula}", lang))
    for name, dimension in schema.dimensions.items():
        yield Row(f"{dimension.weight:.15g}  {dimension.label.of(lang)} ({name})", is_head=True)
        for inner, indicator in dimension.indicators.items():
            label = inner if indicator.label is None else f"{indicator.label.of(lang)} ({inner})"
            rule = text(f"schemas.indicator.{indicator.rule}", lang)
            yield Row(f"{indicator.weight:.15g}  {label}: {rule}", depth=1, is_head=True)
            for item in indicator.items:
                weight = indicator.items[item] if isinstance(indicator.items, dict) else None
                term = item if weight is None else f"{weight:.15g}  {item}"
                yield Row(term, _item(schema, item, lang), depth=2)


def _item(schema: SurveySchema, name: str, lang: Language) -> str:
    item = schema.items[name]
    label = item.label or schema.variables[item.variables[0]].label
    said = [] if label is None else [label.of(lang)]
    variables = [_variable(schema, each) for each in item.variables]
    if item.max_of:
        said.append(text("schemas.item.max_of", lang, variables=", ".join(variables)))
    elif variables != [name]:
        said += variables
    said.append(_rule(item, lang))
    declared = [schema.variables[each] for each in item.variables]
    missing = dict.fromkeys(code_text(code) for part in declared for code in part.missing)
    if missing:
        said.append(text("schemas.item.missing", lang, codes=[*missing]))
    said += dict.fromkeys(_routing(part, lang) for part in declared if part.skip_means is not None)
    return BETWEEN.join(said)


def _rule(item: Item, lang: Language) -> str:
    if item.goalposts is not None:
        low, high = (_number(post) for post in item.goalposts)
        worst, best = (high, low) if item.direction == "negative" else (low, high)
        return f"{worst}{_TO}0, {best}{_TO}1"
    if item.rule == "map":
        return ", ".join(f"{code_text(c)}{_TO}{_number(s)}" for c, s in item.scores.items())
    return text("schemas.item.share", lang, codes=[code_text(code) for code in item.codes])


def _routing(variable: Variable, lang: Language) -> str:
    score = NONE if variable.skip_means is None else _number(variable.skip_means)
    if variable.asked_if is None:
        codes = [code_text(code) for code in variable.skip_codes]
        return text("schemas.item.skipped", lang, codes=codes, score=score)
    return text("schemas.item.asked", lang, where=condition_text(variable.asked_if), score=score)


# -- what is assumed -------------------------------------------------------------------------


def _assumed(schema: SurveySchema, lang: Language) -> Iterator[Row]:
    """Yield the assumptions; those with one source and the same alternatives stand together."""
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for path, part in schema.assumptions():
        together.setdefault((part.source or NONE, part.alternatives), []).append(path)
    for (source, alternatives), paths in together.items():
        for path in paths:
            label = schema.element_label(path, lang)
            yield Row(path if label == path else f"{label} ({path})", is_head=True)
        yield Row(text("schemas.assumed.source", lang), source, depth=1)
        for alternative in alternatives:
            yield Row(text("schemas.assumed.alternative", lang), alternative, depth=1)
