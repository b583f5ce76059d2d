"""The files of a survey into one canonical frame: opened, checked, joined, stacked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from divide_index import engine
from divide_index.errors import Finding, InputError
from divide_index.reading import gate
from divide_index.reading.choosing import only_fitting
from divide_index.reading.gate import Ledger
from divide_index.reading.origin import Origin
from divide_index.reading.parts import agreed, joined, marked, read_part
from divide_index.reading.sources import Frame, Opener, Sources, file_names, located
from divide_index.schema import (
    SurveySchema,
    Variable,
    columns_of,
    joined_files,
    layout_of,
    marking_files,
    only_file,
    stacked_files,
)

_SAME_PEOPLE = 0.9  # of one file's patterns of answers, found in the other
_FEWEST_PATTERNS = 10
_TELLING = 0.5  # patterns for each record: where few answers are possible, strangers agree
_FEWEST_VARIABLES = 5


@dataclass(frozen=True, slots=True)
class Gathered:
    """A survey's records under their variables' names, with the schema that reads them.

    ``schema`` is the one asked for, or the one that fits; where a file's labels correct assumed
    names of codes, it has the file's.
    """

    frame: Frame
    schema: SurveySchema
    origins: tuple[Origin, ...]


def gather(sources: Sources, schema: SurveySchema | None, ledger: Ledger) -> Gathered | None:
    """Read and check a survey's files, and put them together.

    Parameters
    ----------
    sources
        Files or frames by the schema's name for each, None for a single one.
    schema
        What they mean; None takes the only packaged schema whose columns and codes all fit.
    ledger
        Takes what is found. One that does not stop gathers every error.

    Returns
    -------
    Gathered or None
        None where errors were gathered.

    Raises
    ------
    SchemaError, InputError, DesignError
        No schema fits, or several; and what the ledger raises.
    """
    opener = Opener(sources)
    if schema is not None:
        return _assembled(opener, schema, ledger)
    gathered, trial = only_fitting(opener, _assembled)
    for message in (*trial.findings, *trial.errors):
        ledger.add(message)
    return gathered


def _assembled(opener: Opener, schema: SurveySchema, ledger: Ledger) -> Gathered | None:
    """Read every file of a schema, join and stack them."""
    if set(opener.sources) == {None}:
        return _single(opener, schema, ledger)
    _check_names(opener, schema, ledger)
    bases = [name for name in stacked_files(schema) if name is not None and name in opener.sources]
    parts = {
        name: read_part(opener, name, name, schema, ledger)
        for base in bases
        for name in (base, *joined_files(schema, base), *marking_files(schema, base))
        if name in opener.sources
    }
    if not ledger.errors and not engine.same_library([part.frame for part in parts.values()]):
        ledger.add(InputError("DI-E199"))
    if ledger.errors:
        return None
    frames: dict[str, Frame] = {}
    for base in bases:
        whole = parts[base]
        for name in joined_files(schema, base):
            whole = joined(whole, parts[name], schema, ledger)
        constants = schema.files[base].constants
        whole = replace(whole, frame=engine.completed(whole.frame, schema, constants))
        for name in marking_files(schema, base):
            whole = marked(whole, parts[name], schema, ledger)
        frames[base] = whole.frame
    if ledger.errors:
        return None
    _refuse_same_people(frames, opener, schema, ledger)
    schema = _with_variables(schema, agreed([*parts.values()], schema, ledger))
    frame = engine.stacked([*frames.values()])
    ledger.add_all(gate.complaints_of_all(frame, schema))
    origins = tuple(part.origin for part in parts.values() if part.origin is not None)
    return None if ledger.errors else Gathered(frame, schema, origins)


def _single(opener: Opener, schema: SurveySchema, ledger: Ledger) -> Gathered | None:
    """Read a survey of one file, or one that was put together beforehand."""
    if len(schema.files) <= 1:
        file, whole = only_file(schema), schema
    else:
        file = None
        whole = schema.model_copy(update={"files": {}})
        if isinstance(opener.sources[None], Path) and not _holds_all(opener, whole):
            raise InputError("DI-E191", schema=schema.name, files=file_names(schema))
    read = read_part(opener, None, file, whole, ledger)
    if ledger.errors:
        return None
    constants = whole.files[file].constants if file is not None else {}
    frame = engine.completed(read.frame, whole, constants)
    schema = _with_variables(schema, agreed([read], schema, ledger))
    ledger.add_all(gate.complaints_of_all(frame, schema))
    origins = () if read.origin is None else (read.origin,)
    return None if ledger.errors else Gathered(frame, schema, origins)


def _holds_all(opener: Opener, schema: SurveySchema) -> bool:
    """Return whether the only file given is a survey of several, put together beforehand."""
    try:
        opened = opener.open(None, layout_of(schema, None), schema.language)
    except InputError:
        return False  # laid out as one of the several is
    wanted = [*columns_of(schema, None).values()]
    return len(located(wanted, opened.columns)) == len(wanted)


def _with_variables(schema: SurveySchema, changed: Mapping[str, Variable]) -> SurveySchema:
    if not changed:
        return schema
    return schema.model_copy(update={"variables": {**schema.variables, **changed}})


def _check_names(opener: Opener, schema: SurveySchema, ledger: Ledger) -> None:
    """Refuse sources that the schema does not know, repeats, or cannot use alone."""
    given = [str(name) for name in opener.sources]
    names = file_names(schema)
    for name in given:
        if name not in schema.files:
            raise InputError("DI-E192", schema=schema.name, name=name, files=names or "-")
        of = schema.files[name].part_of
        if of is not None and not schema.files[name].marks:
            raise InputError("DI-E193", name=name, of=of)
    for name, file in schema.files.items():
        to = file.join or (file.part_of if file.marks else None)
        if to is None or (to in given) == (name in given):
            continue
        missing, other = (to, name) if name in given else (name, to)
        raise InputError("DI-E194", schema=schema.name, missing=missing, given=other)
    twice = opener.repeated()
    if twice is not None:
        raise InputError("DI-E198", first=twice[0], second=twice[1], percent=100.0)
    absent = [n for n in stacked_files(schema) if n is not None and n not in given]
    if absent:
        ledger.add(Finding.of("DI-W197", names=absent))


def _refuse_same_people(
    frames: Mapping[str, Frame], opener: Opener, schema: SurveySchema, ledger: Ledger
) -> None:
    """Refuse two samples that hold the same answers: one file given under two names."""
    for first, second in combinations(frames, 2):
        fixed = {
            variable
            for name in (first, second)
            for variable in (*schema.files[name].constants, *schema.files[name].absent)
        }
        design = {*schema.design.identifiers, schema.design.id, schema.design.weight}
        names = [
            name
            for name, variable in schema.variables.items()
            if not variable.is_text and name not in fixed | design
        ]
        if len(names) < _FEWEST_VARIABLES:
            continue
        one, other = (engine.patterns(frames[name], names) for name in (first, second))
        smaller = min(len(one), len(other))
        records = min(engine.height(frames[name]) for name in (first, second))
        share = len(one & other) / smaller
        is_telling = smaller >= max(_FEWEST_PATTERNS, _TELLING * records)
        if is_telling and share >= _SAME_PEOPLE:
            given = [opener.label(name) for name in (first, second)]
            ledger.add(InputError("DI-E198", first=given[0], second=given[1], percent=100 * share))
