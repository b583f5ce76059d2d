"""A first schema from a data file: its columns, its codes, and templates of the rest.

What is written here is read by others than those who may see the records. No text that a
respondent wrote is shown, no identifier, and nothing that fewer than three records hold.
"""

import json
import keyword
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Literal, cast, get_args

import pandas as pd

from divide_index.errors import Finding, InputError
from divide_index.messages import Language, text
from divide_index.reading.files import open_file
from divide_index.reading.origin import OpenFile
from divide_index.reading.privacy import holds_personal_data
from divide_index.schema import Code, Compare, SurveyFile, code_text, condition_text

_FEWEST_RECORDS = 3  # that a value must have to be shown
_MOST_CODES = 20
_LONGEST_CATEGORY = 40  # letters
_LARGEST = 1e300  # what lies beyond is no answer, and cannot be rounded
_EXACT = 2**53  # the largest number up to which a float holds every integer

Delimiter = Literal[",", ";", "\t", "|"]
_DELIMITERS: tuple[Delimiter, ...] = get_args(Delimiter)
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")
_PLAIN_ENCODINGS = {None, "utf-8", "utf-8-sig"}
_YAML_WORDS = {*("y", "n", "yes", "no", "on", "off", "true", "false", "null")}
_NINES = re.compile("9*[789]")
_TEN = 10

# Wider than what `check` warns of: here a column is only left out of a draft.
_RESIDENT_NUMBER = re.compile(r"(?<!\d)\d{6} ?[-–] ?[\d*]{7}(?![\d*])")
_PHONE_NUMBER = re.compile(r"(?<!\d)(\+82[-. ]?|0)\d{1,2}[-. )]{1,2}\d{3,4}[-. ]\d{4}(?!\d)")
_HEADER_OF_NUMBERS = re.compile(
    r"주민|전화|휴대|핸드폰|연락처|phone|mobile|cell|tel", re.IGNORECASE
)
_DIGITS = re.compile(r"\d{9,13}")

_ROLES = {  # headers that are likely to have a place in the sampling design
    "weight": re.compile(r"weight|wgt|^wt|^w$|가중|peso|^fac", re.IGNORECASE),
    "strata": re.compile(r"strat|^est_|층화|^층$", re.IGNORECASE),
    "psu": re.compile(r"psu|cluster|upa|upm|집락|조사구|추출단위", re.IGNORECASE),
    "fpc": re.compile(r"fpc", re.IGNORECASE),
    "id": re.compile(
        r"^id$|_id$|^id_|respondent|^quest|응답.*(id|번호)|^no$|일련번호", re.IGNORECASE
    ),
}
_MEASURES = {"weight", "fpc"}


@dataclass(frozen=True, slots=True)
class Draft:
    """The text of a drafted schema, and what was noticed on the way."""

    text: str
    findings: tuple[Finding, ...] = ()


def draft_schema(path: str | Path, *, lang: Language, encoding: str | None = None) -> str:
    """Return a first schema of a data file as YAML with comments, to be completed by hand.

    Parameters
    ----------
    path
        A survey file of any kind that is read.
    lang
        The language of the comments; ``ko`` also allows CP949 text.
    encoding
        The file's text encoding, where neither a mark nor UTF-8 tells it.

    Returns
    -------
    str
        It parses, and :func:`divide_index.schema.lint_schema` says what is still missing. No
        free text, identifier or value of fewer than three records is in it.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    return drafted(path, lang=lang, encoding=encoding).text


def drafted(
    path: str | Path, *, lang: Language, encoding: str | None = None, name: str | None = None
) -> Draft:
    """Return a first schema as :func:`draft_schema` does, with its findings.

    Parameters
    ----------
    path, lang, encoding
        As there.
    name
        The schema's name; by default the file's, without its ending.
    """
    path = Path(path)
    source = _opened(path, lang, encoding)
    left_out = [column.header for column in source.columns if column.is_personal]
    parts = _named([column for column in source.columns if not column.is_personal])
    lines = [
        *_head(source, path.name, name or path.stem, lang),
        *_left_out(left_out, lang),
        "variables:" if any(part.is_usable for part in parts) else "variables: {}",
        *(line for part in parts for line in part.lines(lang)),
        *_templates(parts, lang),
    ]
    findings: tuple[Finding, ...] = ()
    if left_out:
        findings = (Finding.of("DI-W217", path=path.name, columns=left_out),)
    return Draft("\n".join(lines) + "\n", findings)


# -- the file --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """What one column holds: its different texts with their counts, and what the file says."""

    header: str
    counts: Mapping[str, int]
    labels: Mapping[Code, str] = field(default_factory=dict[Code, str])
    missing: Sequence[Code | tuple[float, float]] = ()
    error: str | None = None  # the code under which it cannot be read

    @property
    def is_personal(self) -> bool:
        """Whether its content looks like resident-registration or phone numbers."""
        patterns = (_RESIDENT_NUMBER, _PHONE_NUMBER)
        if any(pattern.search(cell) for cell in self.counts for pattern in patterns):
            return True
        if _HEADER_OF_NUMBERS.search(self.header) and any(map(_DIGITS.fullmatch, self.counts)):
            return True
        return holds_personal_data(self.counts)

    @property
    def records(self) -> int:
        """Number of records with a value."""
        return sum(self.counts.values())

    @property
    def numbers(self) -> dict[float, int] | None:
        """The different numbers with their counts, None where a cell is no number."""
        if not all(map(_NUMBER.fullmatch, self.counts)):
            return None
        numbers: Counter[float] = Counter()
        for cell, n in self.counts.items():
            numbers[float(cell)] += n
        is_sensible = all(abs(number) < _LARGEST for number in numbers)
        return dict(sorted(numbers.items())) if is_sensible else None


@dataclass(frozen=True, slots=True)
class _Source:
    """A file that was read, and how it is laid out."""

    file: OpenFile
    layout: SurveyFile
    columns: list[_Column]
    records: int


def _opened(path: Path, lang: Language, encoding: str | None) -> _Source:
    """Open a file under the delimiter and decimal mark that it seems to have."""
    refusals: list[InputError] = []
    opened: list[tuple[OpenFile, SurveyFile]] = []
    for delimiter in _DELIMITERS:
        layout = SurveyFile(encoding=encoding, delimiter=delimiter)
        try:
            opened.append((open_file(path, layout, lang), layout))
        except InputError as error:
            refusals.append(error)
        if opened and len(opened[-1][0].columns) > 1:
            opened = opened[-1:]
            break
    if not opened:
        raise refusals[0]
    file, layout = opened[0]
    columns, records = _columns(file)
    if layout.delimiter != "," and any(_has_decimal_commas(column) for column in columns):
        layout = layout.model_copy(update={"decimal": ","})
        columns = [_with_points(column) for column in columns]
    return _Source(file, layout, columns, records)


def _columns(file: OpenFile) -> tuple[list[_Column], int]:
    """Read every column that has a header, as text; one that cannot be read says why.

    Returns
    -------
    columns, records
    """
    headers = [header for header in file.columns if header]
    repeated = sorted({header for header in headers if headers.count(header) > 1})
    if repeated:
        path = "" if file.origin is None else file.origin.name
        raise InputError("DI-E018", path=path, columns=repeated)
    frame: Any = None
    try:
        frame = file.read(dict.fromkeys(headers, True))
    except InputError:  # of one column: each is read alone, below
        frame = None
    columns: list[_Column] = []
    records = 0
    for header in headers:
        cells, error = pd.Series(dtype=object), None
        try:
            cells = file.read({header: True})[header] if frame is None else frame[header]
        except InputError as refusal:
            error = refusal.code
        records = max(records, len(cells))
        counts: Counter[str] = Counter()
        for cell, n in cells.dropna().astype(str).value_counts().items():
            counts[str(cell).strip()] += int(n)
        del counts[""]
        labels, missing = file.labels.get(header, {}), file.missing.get(header, ())
        columns.append(_Column(header, counts, labels, missing, error))
    return columns, records


def _has_decimal_commas(column: _Column) -> bool:
    """Return whether a column is one of numbers, some of them with a decimal comma."""
    return any(map(_DECIMAL_COMMA.fullmatch, column.counts)) and (
        _with_points(column).numbers is not None
    )


def _with_points(column: _Column) -> _Column:
    """Return a column with points for decimal commas, if that makes it one of numbers."""
    counts: Counter[str] = Counter()
    for cell, n in column.counts.items():
        counts[cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell] += n
    changed = replace(column, counts=counts)
    return column if changed.numbers is None else changed


# -- one variable ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Codes:
    """The codes of a column that may be shown, with their labels."""

    labels: Mapping[Code, str | None]
    missing: Mapping[Code, str | None]  # as the file itself declares
    asked_about: frozenset[float]  # what looks like no answer
    unshown: int  # codes of fewer than three records


@dataclass(frozen=True, slots=True)
class _Part:
    """A column under the name it has in the schema."""

    name: str
    column: _Column

    @property
    def is_usable(self) -> bool:
        """Whether it holds anything that can be read."""
        return bool(self.column.counts) and self.column.error is None

    @property
    def role(self) -> str | None:
        """Its place in the sampling design, as its header sounds."""
        roles = (role for role, words in _ROLES.items() if words.search(self.column.header))
        role = next(roles, None)
        is_other = (role in _MEASURES and self.column.numbers is None) or (
            role == "id" and len(self.column.counts) <= _MOST_CODES
        )
        return None if is_other else role

    @property
    def codes(self) -> _Codes | None:
        """Its codes, None where it is no variable of codes."""
        return _codes(self.column) if self.role is None else None

    @property
    def kind(self) -> str:
        """The type of the variable."""
        if self.role is not None:
            return "number" if self.role in _MEASURES else "text"
        if self.codes is not None:
            return "code"
        return "text" if self.column.numbers is None else "number"

    @property
    def is_identifier(self) -> bool:
        """Whether it is no measurement, and no two records hold the same."""
        numbers = self.column.numbers
        is_measured = numbers is not None and not all(map(_is_whole, numbers))
        return not is_measured and len(self.column.counts) == self.column.records > _MOST_CODES

    def lines(self, lang: Language) -> Iterator[str]:
        """Yield the variable as YAML, with questions as comments."""
        column, codes = self.column, self.codes
        if not self.is_usable:
            code = "empty" if column.error is None else "unreadable"
            words = text(
                f"schemas.draft.{code}", lang, column=_quoted(column.header), error=column.error
            )
            yield f"  # {words}"
            return
        yield f"  {_key(self.name)}:"
        if self.name != column.header:
            yield f"    column: {_quoted(column.header)}"
        if codes is not None:
            yield from _code_lines(codes, lang)
            return
        yield f"    type: {self.kind}"
        if self.kind == "text":
            yield f"    # {text('schemas.draft.text', lang, count=len(column.counts))}"
        elif self.is_identifier:
            yield f"    # {text('schemas.draft.distinct', lang)}"
        else:
            yield from _number_lines(column, lang)


def _codes(column: _Column) -> _Codes | None:
    numbers = column.numbers
    if numbers is not None:
        return _number_codes(column, numbers)
    cells = column.counts
    is_short = len(cells) <= _MOST_CODES and all(len(c) <= _LONGEST_CATEGORY for c in cells)
    is_common = min(cells.values(), default=0) >= _FEWEST_RECORDS
    if not (is_short and is_common) and not (cells and cells.keys() <= column.labels.keys()):
        return None
    labels: dict[Code, str | None] = {code: column.labels.get(code) for code in sorted(cells)}
    labels |= {code: label for code, label in column.labels.items() if isinstance(code, str)}
    missing = {code: label for code, label in labels.items() if code in column.missing}
    return _Codes({c: w for c, w in labels.items() if c not in missing}, missing, frozenset(), 0)


def _number_codes(column: _Column, numbers: Mapping[float, int]) -> _Codes | None:
    """Return the codes of a column of few whole numbers, or of numbers that all have labels."""
    if not numbers or not all(map(_is_whole, numbers)):
        return None
    said = {_whole(code): label for code, label in column.labels.items() if _is_whole(code)}
    declared = {
        code for code in {*map(_whole, numbers), *said} if _is_declared(code, column.missing)
    }
    valid = {_whole(code) for code in numbers} - declared
    if len(valid) > _MOST_CODES and not valid <= said.keys():
        return None
    shown = {_whole(code) for code, n in numbers.items() if n >= _FEWEST_RECORDS} | said.keys()
    codes: dict[Code, str | None] = {code: said.get(code) for code in sorted(shown - declared)}
    if not codes:
        return None
    missing: dict[Code, str | None] = {c: said.get(c) for c in sorted(shown & declared)}
    unshown = len({_whole(code) for code in numbers} - shown)
    asked_about = _looking_missing(cast("Iterable[float]", codes))
    return _Codes(codes, missing, asked_about, unshown)


def _is_whole(code: object) -> bool:
    return isinstance(code, int | float) and float(code).is_integer() and abs(code) < _EXACT


def _whole(code: object) -> int:
    return int(cast("float", code))


def _is_declared(code: int, missing: Iterable[Code | tuple[float, float]]) -> bool:
    return any(
        each[0] <= code <= each[1] if isinstance(each, tuple) else each == code for each in missing
    )


def _looking_missing(numbers: Iterable[float]) -> frozenset[float]:
    """Return the numbers that look like no answer: a few below zero, and nines far above all.

    9 counts where the answers end at 5 or below, 98 and the like where they end before it.
    """
    numbers = [*numbers]
    usual = {n for n in numbers if n >= 0 and not _NINES.fullmatch(code_text(n))}
    below = [n for n in numbers if n < 0]
    if not usual:
        return frozenset()
    highest = max(usual)
    above = [
        n
        for n in numbers
        if n not in usual and (n > max(highest + 1, _TEN) or _TEN > n > 2 * highest - 2)
    ]
    few = below if len(below) <= _FEWEST_RECORDS and all(map(_is_whole, below)) else []
    return frozenset((*few, *above))


def _code_lines(codes: _Codes, lang: Language) -> Iterator[str]:
    yield "    codes:"
    for code, label in codes.labels.items():
        said = "null" if label is None else _quoted(label)
        question = f"  # {text('schemas.draft.asked', lang)}" if code in codes.asked_about else ""
        yield f"      {_scalar(code)}: {said}{question}"
    if codes.missing:
        labels = [f"{_scalar(c)} {_quoted(w)}" for c, w in codes.missing.items() if w is not None]
        comment = f"  # {', '.join(labels)}" if labels else ""
        yield f"    missing: [{', '.join(map(_scalar, codes.missing))}]{comment}"
    if codes.unshown:
        yield f"    # {text('schemas.draft.unshown', lang, count=codes.unshown)}"


def _number_lines(column: _Column, lang: Language) -> Iterator[str]:
    """Yield what may be told of a number: its rough range, and what looks like no answer."""
    numbers = dict(column.numbers or {})
    shown = {n for n, records in numbers.items() if records >= _FEWEST_RECORDS and _is_whole(n)}
    declared = [n for n in numbers if n in shown and _is_declared(_whole(n), column.missing)]
    if declared:
        yield f"    missing: [{', '.join(map(code_text, declared))}]"
    apart = sorted(n for n in _looking_missing(numbers) if n in shown and n not in declared)
    for n in apart:
        yield f"    # {text('schemas.draft.apart', lang, number=code_text(n))}"
    answers = {n: records for n, records in numbers.items() if n not in {*declared, *apart}}
    if answers:
        low, high = _bounds(answers)
        yield f"    # {text('schemas.draft.range', lang, low=low, high=high)}"


def _bounds(numbers: Mapping[float, int]) -> tuple[str, str]:
    """Return the range of numbers; a bound that few records hold is rounded outwards."""
    low, high = min(numbers), max(numbers)
    step = 10.0 ** (math.floor(math.log10((high - low) or abs(high) or 1)) + 1)  # above the span
    if numbers[low] < _FEWEST_RECORDS:
        low = math.floor(low / step) * step
    if numbers[high] < _FEWEST_RECORDS:
        high = math.ceil(high / step) * step
    return f"{low:.15g}", f"{high:.15g}"


# -- names and words -------------------------------------------------------------------------


def _named(columns: Sequence[_Column]) -> list[_Part]:
    """Return columns under names a schema can use: their headers, else v1, v2, ..."""
    taken = {column.header for column in columns}
    free = (name for number in count(1) if (name := f"v{number}") not in taken)
    return [
        _Part(column.header if _is_name(column.header) else next(free), column)
        for column in columns
    ]


def _is_name(header: str) -> bool:
    """Return whether a header can be a variable: also in a condition, where NFKC holds."""
    return (
        header.isidentifier()
        and not header.startswith("_")
        and not keyword.iskeyword(header)
        and unicodedata.normalize("NFKC", header) == header
    )


def _key(name: str) -> str:
    """Return a name as a YAML key, in quotes where YAML would read another thing."""
    return _quoted(name) if name.lower() in _YAML_WORDS else name


def _scalar(code: Code) -> str:
    return _quoted(code) if isinstance(code, str) else code_text(code)


def _quoted(words: str) -> str:
    """Return a text in double quotes, which YAML reads back as it is, on one line."""
    return "".join(
        letter if letter == " " or letter.isprintable() else f"\\U{ord(letter):08x}"
        for letter in json.dumps(words, ensure_ascii=False)
    )


# -- the rest --------------------------------------------------------------------------------


def _head(source: _Source, path: str, name: str, lang: Language) -> Iterator[str]:
    origin, layout = source.file.origin, source.layout
    columns = len(source.file.columns)
    yield from text(
        "schemas.draft.head",
        lang,
        path=_quoted(path),
        kind="" if origin is None else origin.kind,
        records=source.records,
        columns=columns,
    ).splitlines()
    nameless = columns - len(source.columns)
    if nameless:
        yield f"# {text('schemas.draft.nameless', lang, count=nameless)}"
    yield "format: 1"
    yield f"name: {_quoted(name)}"
    yield f"title: {_quoted(name)}  # {text('schemas.draft.title', lang)}"
    if lang == "ko":
        yield "language: ko"
    if origin is not None and origin.encoding not in _PLAIN_ENCODINGS:
        yield f"encoding: {_quoted(str(origin.encoding))}"
    yield "unit: person"
    yield ""
    if layout.delimiter != ",":
        yield f"# {text('schemas.draft.files', lang)}"
        yield "files:"
        yield "  survey:"
        yield f"    delimiter: {json.dumps(layout.delimiter)}"
        yield f"    decimal: {json.dumps(layout.decimal)}"
        yield ""


def _left_out(headers: Sequence[str], lang: Language) -> Iterator[str]:
    if headers:
        listed = ", ".join(map(_quoted, headers))
        yield f"# {text('schemas.draft.left_out', lang, columns=listed)}"


def _templates(parts: Sequence[_Part], lang: Language) -> Iterator[str]:
    """Yield what no data file can tell, as comments, with names from the file where they fit."""
    usable = [part for part in parts if part.is_usable]
    named = {part.role: part.name for part in reversed(usable)}
    example = next(filter(_can_be_scored, usable), None)
    if example is None:
        item, codes = _free("variable", {part.name for part in usable}), [1, 2]
    else:
        item, codes = example.name, _scored(example)
    where = condition_text(Compare(item, "==", codes[0]))
    low, high = min(codes), max(codes)
    for section in ("survey", "design", "items", "dimensions", "reference", "groups", "domains"):
        yield ""
        yield from text(
            f"schemas.draft.{section}", lang, item=_key(item), low=low, high=high, where=where
        ).splitlines()
        if section == "design":
            yield "#design:" if named.keys() & _ROLES.keys() else "#design: {}"
            yield from (_design_line(role, named.get(role)) for role in _ROLES)


def _free(name: str, taken: Iterable[str]) -> str:
    """Return a name that no variable of the file has."""
    if name not in taken:
        return name
    return next(new for number in count(2) if (new := f"{name}_{number}") not in taken)


def _design_line(role: str, name: str | None) -> str:
    said = "..." if name is None else _key(name)
    mark = "#" if name is None else ""  # a template in a template, until it has a name
    return f"#  {mark}{role}: " + (f"[{said}]" if role == "strata" else said)


def _can_be_scored(part: _Part) -> bool:
    codes = part.codes
    return codes is not None and not codes.asked_about and len(_scored(part)) > 1


def _scored(part: _Part) -> list[int]:
    codes = part.codes
    return [c for c in codes.labels if isinstance(c, int)] if codes is not None else []
