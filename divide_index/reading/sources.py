"""What was given: files and frames by name, each read once and opened as a schema says."""

import contextlib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias, cast

from divide_index import engine
from divide_index.errors import DivideIndexError, Finding, InputError
from divide_index.reading import files
from divide_index.reading.origin import OpenFile
from divide_index.reading.privacy import holds_personal_data
from divide_index.schema import SurveyFile, SurveySchema, columns_of, layout_of, only_file

Frame: TypeAlias = Any  # a data frame of any library the engine knows
Sources: TypeAlias = Mapping[str | None, Path | Frame]

_LAYOUT_ERRORS = {"DI-E015", "DI-E016", "DI-E018", "DI-E021", "DI-E204"}
_ROWS_TRIED = 5


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
    unknown = [part for part in given.values() if not _is_source(part)]
    if unknown or not given:
        raise InputError("DI-E121", type=type(unknown[0] if unknown else given).__name__)
    return {name: Path(p) if isinstance(p, str) else p for name, p in given.items()}


def _is_source(part: object) -> bool:
    return isinstance(part, str | Path) or engine.is_frame(part)


class Opener:
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
    plain = engine.with_text_headers(frame)
    return OpenFile(origin=None, columns=columns, read=lambda _: plain)


def opened_as_said(
    opener: Opener, source: str | None, schema: SurveySchema, file: str | None
) -> OpenFile:
    """Open a file as the schema lays it out, or say on which other row its headers stand."""
    layout = layout_of(schema, file)
    try:
        return opener.open(source, layout, schema.language)
    except InputError as error:
        if error.code not in _LAYOUT_ERRORS:
            raise
        wanted = [*columns_of(schema, file).values()]
        for row in range(1, _ROWS_TRIED + 1):
            try:
                other = layout.model_copy(update={"header_row": row})
                columns = opener.open(source, other, schema.language).columns
            except DivideIndexError:
                continue
            if row != layout.header_row and 2 * len(located(wanted, columns)) > len(wanted):
                path = str(error.params.get("path", ""))
                raise InputError(
                    "DI-E019", path=path, row=layout.header_row, better=row, sheet=""
                ) from None
        if error.code != "DI-E018":
            raise
        # Without a header the first record would be named: only known headers are.
        known = {_folded(header) for header in wanted}
        repeated = cast("list[str]", error.params["columns"])
        shown = [column if _folded(column) in known else "…" for column in repeated]
        raise InputError("DI-E018", **{**error.params, "columns": shown}) from None


def located(wanted: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Return a file's own header for each header that is wanted, where it has one.

    The same word first; then the only other header that differs from it in case alone, and
    that no other wanted header has or could have as well.
    """
    present = [column for column in columns if column]
    found = {header: header for header in wanted if header in present}
    free = [column for column in present if column not in found.values()]
    asked = [header for header in wanted if header not in found]
    for header in asked:
        alike = [column for column in free if _folded(column) == _folded(header)]
        rivals = [other for other in asked if _folded(other) == _folded(header)]
        if len(alike) == len(rivals) == 1:
            found[header] = alike[0]
    return found


def _folded(header: str) -> str:
    return unicodedata.normalize("NFC", header).strip().casefold()


def file_names(schema: SurveySchema) -> list[str]:
    """Return the files of a schema that can be given."""
    return [name for name, file in schema.files.items() if not file.part_of or file.marks]


def personal_columns(sources: Sources, schema: SurveySchema | None) -> list[Finding]:
    """Return the columns of files that look like personal data, whether the schema uses them.

    Parameters
    ----------
    sources
        Files by the schema's name for each; frames are passed over.
    schema
        How the files are laid out; None where it is not known yet.
    """
    opener = Opener(sources)
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
        except DivideIndexError:
            continue  # whoever reads the file to use it says what is wrong with it
        for column, cells in _texts(opened):
            if holds_personal_data(cells):
                finding = Finding.of("DI-W092", column=column)
                label = opener.label(name)
                found.append(finding if label is None else finding.within(label))
    return found


def _texts(opened: OpenFile) -> Iterator[tuple[str, list[object]]]:
    """Yield the different cells of every column that can be read."""
    columns = [column for column in opened.columns if column]
    try:
        frame = opened.read(dict.fromkeys(columns, True))
    except DivideIndexError:  # of one column: the others are read apart
        for column in columns:
            with contextlib.suppress(DivideIndexError):
                yield column, [*opened.read({column: True})[column].dropna().unique()]
        return
    for column in columns:
        yield column, [*frame[column].dropna().unique()]
