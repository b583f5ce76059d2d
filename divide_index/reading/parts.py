"""One file of a survey: read, checked, and put to the records of another."""

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from divide_index import engine
from divide_index.errors import DivideIndexError, Finding, InputError
from divide_index.reading import gate, labels
from divide_index.reading.gate import Ledger
from divide_index.reading.origin import OpenFile, Origin
from divide_index.reading.sources import Frame, Opener, located, opened_as_said
from divide_index.schema import (
    SurveySchema,
    Variable,
    code_text,
    columns_of,
    file_part,
    layout_of,
)

_STRANGERS = 10.0  # % of matched records with other answers: they are other people


@dataclass(frozen=True, slots=True)
class Part:
    """One file's records; its frame is None where they could not be read.

    ``renamed`` holds, for each variable, what the file's own labels make of it: None where it has
    none.
    """

    name: str  # the schema's for the file
    frame: Frame
    origin: Origin | None
    renamed: dict[str, Variable | None]
    line_of: Callable[[int], int]


def read_part(
    opener: Opener, source: str | None, file: str | None, schema: SurveySchema, ledger: Ledger
) -> Part:
    """Read and check the records of one file."""
    label = opener.label(source)
    try:
        opened = opened_as_said(opener, source, schema, file)
        for note in opened.notes:
            ledger.add(note, label)
        part = _part_of(schema, file, opened.columns)
        headers = located([part.column_of(name) for name in part.variables], opened.columns)
        lacking = [name for name in part.variables if part.column_of(name) not in headers]
        if lacking:
            ledger.add(_lacking(opener, opened, part, lacking, schema, file), label)
            kept = {n: v for n, v in part.variables.items() if n not in lacking}
            part = file_part(part.model_copy(update={"variables": kept, "files": {}}), None)
        own = {name: headers[part.column_of(name)] for name in part.variables}
        return _checked(
            opened, part, own, schema=schema, ledger=ledger, label=label, file=str(file)
        )
    except DivideIndexError as error:
        ledger.add(error, label)
        return Part(str(file), None, None, {}, int)


def _part_of(schema: SurveySchema, file: str | None, columns: list[str]) -> SurveySchema:
    """Return what a file holds; one that marks records also the answers it can be told by."""
    part = file_part(schema, file)
    layout = layout_of(schema, file)
    if not layout.marks:
        return part
    whole = file_part(schema, layout.part_of)
    there = located([whole.column_of(name) for name in whole.variables], columns)
    shared = {
        name: variable
        for name, variable in whole.variables.items()
        if not variable.is_text and name not in layout.key and whole.column_of(name) in there
    }
    return part.model_copy(update={"variables": {**part.variables, **shared}})


def _checked(
    opened: OpenFile,
    part: SurveySchema,
    headers: dict[str, str],
    *,
    schema: SurveySchema,
    ledger: Ledger,
    label: str | None,
    file: str,
) -> Part:
    """Read the columns of an opened file and check them.

    Parameters
    ----------
    opened
        The file.
    part
        The schema of its variables, all of which it has.
    headers
        The file's own header of each variable.
    schema
        The whole schema.
    ledger
        Takes what is found.
    label
        What messages call the file.
    file
        The schema's name for it.
    """
    wanted = {headers[name]: variable.is_text for name, variable in part.variables.items()}
    raw = opened.read(wanted)
    raw = engine.selected(raw, {headers[name]: part.column_of(name) for name in part.variables})
    if opened.missing and isinstance(raw, pd.DataFrame):
        ledger.add_all(labels.without_missing(raw, opened, headers, part), label)
    named = {name: opened.labels[h] for name, h in headers.items() if h in opened.labels}
    renamed, told = labels.reconciled(part, named, schema)
    ledger.add_all(iter(told), label)
    frame, blanks, errors = engine.canonical(raw, part, line_of=opened.line_of)
    ledger.add_all(iter(errors), label)
    for each in blanks:
        column = part.column_of(each.variable)
        ledger.add(Finding.of("DI-W009", column=column, count=each.count), label)
    ledger.add_all(gate.complaints(frame, part, opened.line_of), label)
    origin = opened.origin
    if origin is not None:
        columns = tuple(column for column in opened.columns if column)
        origin = replace(origin, records=engine.height(frame), columns=columns)
    return Part(file, frame, origin, renamed, opened.line_of)


def _lacking(  # noqa: PLR0917
    opener: Opener,
    opened: OpenFile,
    part: SurveySchema,
    lacking: list[str],
    schema: SurveySchema,
    file: str | None,
) -> InputError:
    """Say which columns a file lacks, and where they may be instead.

    Parameters
    ----------
    opener, opened
        The sources, and the file that lacks columns.
    part, lacking
        What the file should hold, and the variables it does not.
    schema, file
        The whole schema, and its name for the file.
    """
    columns = [part.column_of(name) for name in lacking]
    everything = [part.column_of(name) for name in part.variables]
    layout = layout_of(schema, file)
    better = opened.elsewhere(everything)
    if better is not None:
        sheet, row = better
        sheet = f" ({sheet})" if sheet else ""
        path = "" if opened.origin is None else opened.origin.name
        return InputError("DI-E019", path=path, row=layout.header_row, better=row, sheet=sheet)
    for other in schema.files:
        if other != file and not schema.files[other].marks and set(opener.sources) != {None}:
            theirs = [*columns_of(schema, other).values()]
            if theirs and len(located(theirs, opened.columns)) == len(theirs):
                return InputError("DI-E196", name=file, other=other, columns=columns)
    near = {
        close
        for column in columns
        for close in difflib.get_close_matches(column, opened.columns, n=1, cutoff=0.6)
    }
    weight = part.design.weight
    return InputError(
        "DI-E127" if weight in lacking else "DI-E103",
        schema=schema.name,
        columns=columns,
        nearest=sorted(near) or "-",  # any other header may be a record: a file without one
    )


def joined(base: Part, other: Part, schema: SurveySchema, ledger: Ledger) -> Part:
    """Join one file's variables to the records of another; nothing multiplied, nothing lost."""
    on = schema.files[other.name].key
    key = [schema.column_of(variable) for variable in on]
    match = engine.joined(base.frame, other.frame, on)
    for part, count in zip((base, other), match.without_key, strict=True):
        if count:
            ledger.add(InputError("DI-E178", name=part.name, key=key, count=count))
    _refuse_repeated(match, other, key, ledger)
    if not match.without_key[0]:
        _refuse_lost(match, base, other, key, ledger)
    if match.unmatched:
        count = match.unmatched
        ledger.add(Finding.of("DI-I197", other=other.name, base=base.name, count=count))
    return replace(base, frame=match.frame)


def marked(base: Part, other: Part, schema: SurveySchema, ledger: Ledger) -> Part:
    """Give the records that another file repeats the constants of that file."""
    layout = schema.files[other.name]
    key = [schema.column_of(variable) for variable in layout.key]
    keys = engine.selected(base.frame, {variable: variable for variable in layout.key})
    match = engine.joined(other.frame, keys, layout.key)
    _refuse_repeated(match, base, key, ledger)
    _refuse_lost(match, other, base, key, ledger)
    told = [name for name in engine.column_names(other.frame) if name not in layout.key]
    if not ledger.errors:
        share = float("nan")
        if told:
            share = engine.disagreement(base.frame, other.frame, layout.key, told)
        if math.isnan(share):
            ledger.add(Finding.of("DI-W199", name=other.name, key=key))
        elif 100 * share > _STRANGERS:
            params = {"name": other.name, "of": base.name, "key": key, "percent": 100 * share}
            ledger.add(InputError("DI-E232", **params))
    frame = engine.marked(base.frame, other.frame, layout.key, schema, layout.constants)
    return replace(base, frame=frame)


def _refuse_repeated(match: engine.Match, other: Part, key: list[str], ledger: Ledger) -> None:
    count, rows = match.repeated
    if count:
        lines = [other.line_of(row) for row in rows]
        ledger.add(InputError("DI-E197", key=key, other=other.name, count=count, lines=lines))


def _refuse_lost(
    match: engine.Match, base: Part, other: Part, key: list[str], ledger: Ledger
) -> None:
    count, rows = match.lost
    if count:
        lines = [base.line_of(row) for row in rows]
        size = engine.height(base.frame)
        ledger.add(
            InputError(
                "DI-E195", key=key, count=count, source_records=size, other=other.name, lines=lines
            )
        )


def agreed(parts: list[Part], schema: SurveySchema, ledger: Ledger) -> dict[str, Variable]:
    """Return the variables whose codes the files' labels name otherwise, where all files agree."""
    changed: dict[str, Variable] = {}
    for name, variable in schema.variables.items():
        meant = {p.name: p.renamed[name] or variable for p in parts if name in p.renamed}
        different = {file: each for file, each in meant.items() if each.codes != variable.codes}
        if not different:
            continue
        first = next(iter(different.values()))
        if all(each.codes == first.codes for each in meant.values()):
            changed[name] = first
            continue
        told = [
            f"{file}: {code_text(code)} = {'-' if label is None else label.en}"
            for file, each in meant.items()
            for code, label in each.codes.items()
            if label != first.codes[code] or each is first
        ]
        ledger.add(InputError("DI-E177", column=schema.column_of(name), labels=told))
    return changed
