"""The files of a survey into one canonical frame: opened, checked, joined, stacked."""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias, cast

import pandas as pd

from divide_index import engine
from divide_index.errors import DivideIndexError, Finding, InputError, SchemaError
from divide_index.reading import files, gate, labels
from divide_index.reading.gate import Ledger
from divide_index.reading.origin import OpenFile, Origin
from divide_index.reading.privacy import holds_personal_data
from divide_index.schema import (
    SurveyFile,
    SurveySchema,
    Variable,
    columns_of,
    file_part,
    joined_files,
    layout_of,
    load_schema,
    marking_files,
    only_file,
    packaged_schemas,
    stacked_files,
)

Frame: TypeAlias = Any  # a data frame of any library the engine knows
Sources: TypeAlias = Mapping[str | None, Path | Frame]

_CODE_ERRORS = {"DI-E011", "DI-E034", "DI-E035", "DI-E177"}
_NEAREST_SHOWN = 3
_COLUMNS_SHOWN = 6
_SAME_PEOPLE = 0.9  # of one file's patterns of answers, found in the other
_FEWEST_PATTERNS = 10
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


def sources_of(source: object) -> Sources:
    """Return what was given as sources by the schema's name for each; None for a single one.

    Raises
    ------
    InputError
        It is neither a path, a data frame, nor a mapping of names to these.
    """
    given: dict[str | None, object] = {None: source}
    if isinstance(source, Mapping):
        parts = cast("Mapping[object, object]", source)
        given = {str(name): part for name, part in parts.items()}
    is_known = (isinstance(part, str | Path) or engine.is_frame(part) for part in given.values())
    if not given or not all(is_known):
        raise InputError("DI-E121", type=str(type(source).__name__))  # pyright: ignore[reportUnknownArgumentType]
    return {name: Path(p) if isinstance(p, str) else p for name, p in given.items()}


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
    opener = _Opener(sources)
    if schema is not None:
        return _assembled(opener, schema, ledger)
    gathered, trial = _fitting(opener)
    for message in (*trial.findings, *trial.errors):
        ledger.add(message)
    return gathered


def personal_columns(sources: Sources, schema: SurveySchema | None) -> list[Finding]:
    """Return the columns of files that look like personal data, whether the schema uses them.

    Parameters
    ----------
    sources
        Files by the schema's name for each; frames are passed over.
    schema
        How the files are laid out; None where it is not known yet.
    """
    opener = _Opener(sources)
    found: list[Finding] = []
    for name, source in sources.items():
        if not isinstance(source, Path):
            continue
        layout, language = SurveyFile(), "ko"
        if schema is not None:
            file = only_file(schema) if name is None else name
            layout = layout_of(schema, file) if file in {None, *schema.files} else layout
            language = schema.language
        try:
            opened = opener.open(name, layout, language)
            columns = [column for column in opened.columns if column]
            frame = opened.read(dict.fromkeys(columns, True))
        except DivideIndexError:
            continue  # whoever reads the file to use it says what is wrong with it
        for column in columns:
            if holds_personal_data(frame[column].dropna().unique()):
                finding = Finding.of("DI-W092", column=column)
                label = opener.label(name)
                found.append(finding if label is None else finding.within(label))
    return found


class _Opener:
    """The sources given, each read once and opened once for each layout."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._bytes: dict[str | None, bytes] = {}
        self._open: dict[tuple[object, ...], OpenFile] = {}
        for name, source in sources.items():
            if isinstance(source, Path):
                self._bytes[name] = files.read_bytes(source)

    def label(self, name: str | None) -> str | None:
        """Return what messages call a source where there are several."""
        if len(self.sources) == 1:
            return None
        source = self.sources[name]
        return source.name if isinstance(source, Path) else name

    def open(self, name: str | None, layout: SurveyFile, language: str | None) -> OpenFile:
        """Return a source, opened as a schema says it is laid out."""
        source = self.sources[name]
        if not isinstance(source, Path):
            return _opened_frame(source)
        marks = (layout.encoding, layout.delimiter, layout.decimal, layout.header_row)
        key = (name, *marks, layout.sheet, language == "ko")
        if key not in self._open:
            file = files.opened(source.name, self._bytes[name], layout, language)
            if file.origin is not None:
                file = replace(file, origin=replace(file.origin, source=name))
            self._open[key] = file
        return self._open[key]

    def repeated(self) -> tuple[str, str] | None:
        """Return two sources that are the same file."""
        for (one, a), (other, b) in combinations(self._bytes.items(), 2):
            if a == b:
                return str(one), str(other)
        return None


def _opened_frame(frame: Frame) -> OpenFile:
    columns = engine.column_names(frame)
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise InputError("DI-E018", path="frame", columns=repeated)
    return OpenFile(origin=None, columns=columns, read=lambda _: frame)


def _assembled(opener: _Opener, schema: SurveySchema, ledger: Ledger) -> Gathered | None:
    """Read every file of a schema, join and stack them."""
    if set(opener.sources) == {None}:
        return _single(opener, schema, ledger)
    _check_names(opener, schema, ledger)
    bases = [name for name in stacked_files(schema) if name is not None and name in opener.sources]
    parts = {
        name: _read(opener, name, name, schema, ledger)
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
        frame = parts[base].frame
        for name in joined_files(schema, base):
            frame = _joined(frame, parts[name], schema, base, name, ledger)
        frame = engine.completed(frame, schema, schema.files[base].constants)
        for name in marking_files(schema, base):
            frame = _marked(frame, parts[name], schema, base, name, ledger)
        frames[base] = frame
    if ledger.errors:
        return None
    _refuse_same_people(frames, opener, schema, ledger)
    corrected = {name: v for part in parts.values() for name, v in part.corrected.items()}
    schema = _with_variables(schema, corrected)
    frame = engine.stacked([*frames.values()])
    ledger.add_all(gate.complaints_of_all(frame, schema))
    origins = tuple(part.origin for part in parts.values() if part.origin is not None)
    return None if ledger.errors else Gathered(frame, schema, origins)


def _single(opener: _Opener, schema: SurveySchema, ledger: Ledger) -> Gathered | None:
    """Read a survey of one file, or one that was put together beforehand."""
    if len(schema.files) <= 1:
        file, whole = only_file(schema), schema
    else:
        file = None
        whole = schema.model_copy(update={"files": {}})
        if isinstance(opener.sources[None], Path) and not _holds_all(opener, whole):
            raise InputError("DI-E191", schema=schema.name, files=_file_names(schema))
    read = _read(opener, None, file, whole, ledger)
    if ledger.errors:
        return None
    constants = whole.files[file].constants if file is not None else {}
    frame = engine.completed(read.frame, whole, constants)
    schema = _with_variables(schema, read.corrected)
    ledger.add_all(gate.complaints_of_all(frame, schema))
    origins = () if read.origin is None else (read.origin,)
    return None if ledger.errors else Gathered(frame, schema, origins)


def _holds_all(opener: _Opener, schema: SurveySchema) -> bool:
    """Return whether the only file given is a survey of several, put together beforehand."""
    try:
        opened = opener.open(None, layout_of(schema, None), schema.language)
    except InputError:
        return False  # laid out as one of the several is
    headers = _located(opened.columns)
    return all(column in headers for column in columns_of(schema, None).values())


def _with_variables(schema: SurveySchema, changed: Mapping[str, Variable]) -> SurveySchema:
    if not changed:
        return schema
    return schema.model_copy(update={"variables": {**schema.variables, **changed}})


def _file_names(schema: SurveySchema) -> list[str]:
    return [name for name, file in schema.files.items() if not file.part_of or file.marks]


def _check_names(opener: _Opener, schema: SurveySchema, ledger: Ledger) -> None:
    """Refuse sources that the schema does not know, repeats, or cannot use alone."""
    given = [str(name) for name in opener.sources]
    names = _file_names(schema)
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


@dataclass(frozen=True, slots=True)
class _Part:
    """One file's records; its frame is None where they could not be read."""

    frame: Frame
    origin: Origin | None
    corrected: dict[str, Variable]


def _read(
    opener: _Opener, source: str | None, file: str | None, schema: SurveySchema, ledger: Ledger
) -> _Part:
    """Read and check the records of one file."""
    label = opener.label(source)
    part = file_part(schema, file)
    try:
        opened = opener.open(source, layout_of(schema, file), schema.language)
        for note in opened.notes:
            ledger.add(note, label)
        headers = _located(opened.columns)
        lacking = [name for name in part.variables if part.column_of(name) not in headers]
        if lacking:
            ledger.add(_lacking(opener, opened, part, lacking, schema, file), label)
            kept = {n: v for n, v in part.variables.items() if n not in lacking}
            part = file_part(part.model_copy(update={"variables": kept, "files": {}}), None)
        return _checked(
            opened,
            part,
            {n: headers[part.column_of(n)] for n in part.variables},
            schema,
            ledger,
            label,
        )
    except DivideIndexError as error:
        ledger.add(error, label)
        return _Part(None, None, {})


def _checked(  # noqa: PLR0917
    opened: OpenFile,
    part: SurveySchema,
    headers: dict[str, str],
    schema: SurveySchema,
    ledger: Ledger,
    label: str | None,
) -> _Part:
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
    """
    wanted = {headers[name]: variable.is_text for name, variable in part.variables.items()}
    raw = opened.read(wanted)
    raw = engine.selected(raw, {headers[name]: part.column_of(name) for name in part.variables})
    if opened.missing and isinstance(raw, pd.DataFrame):
        ledger.add_all(labels.without_missing(raw, opened, headers, part), label)
    named = {name: opened.labels[h] for name, h in headers.items() if h in opened.labels}
    corrected, told = labels.reconciled(part, named, schema)
    ledger.add_all(iter(told), label)
    frame, blanks, errors = engine.canonical(raw, part, first_line=opened.first_line, stops=False)
    ledger.add_all(iter(errors), label)
    for each in blanks:
        column = part.column_of(each.variable)
        ledger.add(Finding.of("DI-W009", column=column, count=each.count), label)
    ledger.add_all(gate.complaints(frame, part, opened.first_line), label)
    origin = opened.origin
    if origin is not None:
        origin = replace(origin, records=engine.height(frame))
    return _Part(frame, origin, corrected)


def _located(columns: Iterable[str]) -> "_Headers":
    return _Headers(columns)


class _Headers:
    """The headers of a file, found exactly or, where only one differs so, in another case."""

    def __init__(self, columns: Iterable[str]) -> None:
        self._exact = {column: column for column in columns if column}
        self._alike: dict[str, list[str]] = {}
        for column in self._exact:
            self._alike.setdefault(_plain(column), []).append(column)

    def __contains__(self, header: str) -> bool:
        return header in self._exact or len(self._alike.get(_plain(header), [])) == 1

    def __getitem__(self, header: str) -> str:
        return self._exact.get(header) or self._alike[_plain(header)][0]


def _plain(header: str) -> str:
    return unicodedata.normalize("NFC", header).strip().casefold()


def _lacking(  # noqa: PLR0917
    opener: _Opener,
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
    if better is not None and better[1] != layout.header_row:
        sheet, row = better
        sheet = f" ({sheet})" if sheet else ""
        path = "" if opened.origin is None else opened.origin.name
        return InputError("DI-E019", path=path, row=layout.header_row, better=row, sheet=sheet)
    headers = _located(opened.columns)
    for other in schema.files:
        if other != file and set(opener.sources) != {None}:
            theirs = columns_of(schema, other).values()
            if theirs and all(column in headers for column in theirs):
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


def _joined(  # noqa: PLR0917
    frame: Frame, other: _Part, schema: SurveySchema, base: str, name: str, ledger: Ledger
) -> Frame:
    """Join one file's variables to the records of another; nothing multiplied, nothing lost.

    Parameters
    ----------
    frame, base
        The records that are added to, and the schema's name for their file.
    other, name
        The file that is joined, and its name.
    schema
        The whole schema.
    ledger
        Takes what is found.
    """
    on = schema.files[name].key
    key = [schema.column_of(variable) for variable in on]
    match = engine.joined(frame, other.frame, on)
    for file, count in ((base, match.without_key[0]), (name, match.without_key[1])):
        if count:
            ledger.add(InputError("DI-E178", name=file, key=key, count=count))
    count, rows = match.repeated
    if count:
        lines = [row + 2 for row in rows]
        ledger.add(InputError("DI-E197", key=key, other=name, count=count, lines=lines))
    count, rows = match.lost
    if count and not match.without_key[0]:
        lines, records = [row + 2 for row in rows], engine.height(frame)
        ledger.add(
            InputError(
                "DI-E195", key=key, count=count, source_records=records, other=name, lines=lines
            )
        )
    if match.unmatched:
        ledger.add(Finding.of("DI-I197", other=name, base=base, count=match.unmatched))
    return match.frame


def _marked(  # noqa: PLR0917
    frame: Frame, other: _Part, schema: SurveySchema, base: str, name: str, ledger: Ledger
) -> Frame:
    """Give the records that another file repeats the constants of that file.

    Parameters
    ----------
    frame, base
        The records, and the schema's name for their file.
    other, name
        The file that repeats some of them, and its name.
    schema
        The whole schema.
    ledger
        Takes what is found.
    """
    layout = schema.files[name]
    key = [schema.column_of(variable) for variable in layout.key]
    match = engine.joined(
        other.frame, engine.selected(frame, {v: v for v in layout.key}), layout.key
    )
    count, rows = match.lost
    if count:
        lines, records = [row + 2 for row in rows], engine.height(other.frame)
        ledger.add(
            InputError(
                "DI-E195", key=key, count=count, source_records=records, other=base, lines=lines
            )
        )
    count, rows = match.repeated
    if count:
        lines = [row + 2 for row in rows]
        ledger.add(InputError("DI-E197", key=key, other=base, count=count, lines=lines))
    return engine.marked(frame, other.frame, layout.key, schema, layout.constants)


def _refuse_same_people(
    frames: Mapping[str, Frame], opener: _Opener, schema: SurveySchema, ledger: Ledger
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
        share = len(one & other) / smaller
        if smaller >= _FEWEST_PATTERNS and share >= _SAME_PEOPLE:
            given = [opener.label(name) for name in (first, second)]
            ledger.add(InputError("DI-E198", first=given[0], second=given[1], percent=100 * share))


@dataclass(frozen=True, slots=True)
class _Misfit:
    """Why a schema does not fit: columns, files or codes; ``rank`` is 0 where little is wrong."""

    name: str
    rank: int
    lacking: tuple[str, ...]
    error: DivideIndexError | None = None

    def __str__(self) -> str:
        more = len(self.lacking) - _COLUMNS_SHOWN
        shown = ", ".join(self.lacking[:_COLUMNS_SHOWN])
        return f"{self.name}: {shown}" + (f", … (+{more})" if more > 0 else "")


def _fitting(opener: _Opener) -> tuple[Gathered | None, Ledger]:
    """Return what the one packaged schema reads whose columns and codes all fit.

    Raises
    ------
    SchemaError, InputError
        None fits (the nearest are named with what does not), several do, or no file opens.
    """
    fitting: dict[str, tuple[Gathered | None, Ledger]] = {}
    misfits: list[_Misfit] = []
    for name in packaged_schemas():
        try:
            schema = load_schema(name)
        except SchemaError as error:
            misfits.append(_Misfit(name, 2, (error.code,)))
            continue
        misfit = _misfit(opener, schema)
        if misfit is None:
            ledger = Ledger(stops=False)
            gathered = _assembled(opener, schema, ledger)
            codes = [error for error in ledger.errors if error.code in _CODE_ERRORS]
            if not codes:
                fitting[name] = gathered, ledger
                continue
            params = [error.params for error in codes]
            told = (p.get("offences") or p.get("cells") or p.get("labels") for p in params)
            misfit = _Misfit(name, 0, tuple(str(each) for each in told))
        misfits.append(misfit)
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        raise SchemaError("DI-E112", names=[*fitting])
    tried = [misfit for misfit in misfits if misfit.rank < 2]  # noqa: PLR2004  2: not for these files
    failures = [misfit.error for misfit in tried if misfit.error is not None]
    if failures and len(failures) == len(tried):
        raise min(failures, key=lambda error: error.code == "DI-E001")
    misfits.sort(key=lambda misfit: (misfit.rank, len(misfit.lacking)))
    near = [misfit for misfit in misfits if misfit.rank == 0] or misfits
    nearest = "; ".join(str(misfit) for misfit in near[:_NEAREST_SHOWN])
    raise SchemaError("DI-E113", lacking=nearest)


def _misfit(opener: _Opener, schema: SurveySchema) -> _Misfit | None:
    """Return the columns, or files, of a schema that the sources lack; why one does not open."""
    names = _file_names(schema)
    if set(opener.sources) == {None}:
        if len(schema.files) > 1:
            return _one_of_several(opener, schema)
        pairs: list[tuple[str | None, str | None]] = [(None, only_file(schema))]
    else:
        pairs = [(name, name) for name in opener.sources]
        needed = [name for n, _ in pairs if n in schema.files for name in joined_files(schema, n)]
        absent = [n for n in needed if n not in opener.sources]
        if not set(opener.sources) <= {*names}:
            asked = tuple(f"--source {name}" for name in names) or ("SURVEY",)
            return _Misfit(schema.name, 2, asked)
        if absent:
            return _Misfit(schema.name, 0, tuple(f"--source {name}" for name in absent))
    missing: list[str] = []
    for source, file in pairs:
        try:
            missing += _absent_columns(opener, source, file, schema)
        except DivideIndexError as error:
            return _Misfit(schema.name, 1, (error.code,), error)
    return _Misfit(schema.name, 0, tuple(missing)) if missing else None


def _one_of_several(opener: _Opener, schema: SurveySchema) -> _Misfit:
    """Say which files a schema needs beside the only one given, where it is one of them."""
    names = _file_names(schema)
    for name in names:
        try:
            absent = _absent_columns(opener, None, name, schema)
        except DivideIndexError:
            continue
        if not absent:
            others = tuple(f"--source {other}" for other in names if other != name)
            return _Misfit(schema.name, 0, others)
    return _Misfit(schema.name, 2, tuple(f"--source {name}" for name in names))


def _absent_columns(
    opener: _Opener, source: str | None, file: str | None, schema: SurveySchema
) -> list[str]:
    opened = opener.open(source, layout_of(schema, file), schema.language)
    headers = _located(opened.columns)
    return [column for column in columns_of(schema, file).values() if column not in headers]
