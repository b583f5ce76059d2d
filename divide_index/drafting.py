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
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

import pandas as pd

from divide_index.errors import Finding, InputError
from divide_index.messages import Language, printable, text
from divide_index.reading.files import open_file
from divide_index.reading.origin import OpenFile
from divide_index.reading.privacy import holds_personal_data
from divide_index.schema import Code, Compare, SurveyFile, code_text, condition_text

_FEWEST_RECORDS = 3  # that a value must have to be shown
_MOST_CODES = 20
_LONGEST_CATEGORY = 40  # letters
_EXACT = 2**53  # the largest number up to which a float holds every integer

Delimiter = Literal[",", ";", "\t", "|"]
_DELIMITERS: tuple[Delimiter, ...] = get_args(Delimiter)
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")
_PLAIN_ENCODINGS = {None, "utf-8", "utf-8-sig"}
_YAML_WORDS = {*("y", "n", "yes", "no", "on", "off", "true", "false", "null")}
_TEN = 10

# Wider than what `check` warns of: here a column is only left out of a draft.
_RESIDENT_NUMBER = re.compile(r"(?<!\d)\d{6} ?[-–] ?[\d*]{7}(?![\d*])")
_PHONE_NUMBER = re.compile(r"(?<!\d)(\+82[-. ]?|0)\d{1,2}[-. )]{1,2}\d{3,4}[-. ]\d{4}(?!\d)")
_HEADER_OF_NUMBERS = re.compile(r"주민|전화|휴대|핸드폰|연락처|phone|mobile|cell|tel", re.IGNORECASE)
_DIGITS = re.compile(r"\d{9,13}")

_ROLES = {  # headers that are likely to have a place in the sampling design
    "weight": re.compile(r"weight|wgt|^wt|^w$|가중|peso|^fac", re.IGNORECASE),
    "strata": re.compile(r"strat|^est|층", re.IGNORECASE),
    "psu": re.compile(r"psu|cluster|upa|upm|집락|조사구|추출단위", re.IGNORECASE),
    "id": re.compile(r"^id$|_id$|^id_|respondent|^quest|응답.*(id|번호)|^no$|일련번호", re.IGNORECASE),
}


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
    file, layout, columns = _opened(path, lang, encoding)
    left_out = [column.header for column in columns if column.is_personal]
    names = _names([column for column in columns if not column.is_personal])
    parts = [_Part(new, column) for new, column in names]
    lines = [
        *_head(path, file, layout, columns, name or path.stem, lang),
        *_left_out(columns, lang),
        "variables:" if parts else "variables: {}",
        *(line for part in parts for line in part.lines(lang)),
        *_templates(parts, lang),
    ]
    said = {"path": path.name, "columns": left_out}
    findings = (Finding.of("DI-W217", **said),) if left_out else ()
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
        return dict(sorted(numbers.items()))


def _opened(
    path: Path, lang: Language, encoding: str | None
) -> tuple[OpenFile, SurveyFile, list[_Column]]:
    """Open a file under the delimiter and decimal mark that it seems to have."""
    refusal: InputError | None = None
    alone: tuple[OpenFile, SurveyFile] | None = None
    for delimiter in _DELIMITERS:
        layout = SurveyFile(encoding=encoding, delimiter=delimiter)  if delimiter != "," else SurveyFile(encoding=encoding)
        try:
            file = open_file(path, layout, lang)
        except InputError as error:
            refusal = refusal or error
            continue
        if len(file.columns) > 1:
            return file, *_columns(file, layout)
        alone = alone or (file, layout)
    if alone is None:
        assert refusal is not None  # noqa: S101  narrowing: one of the two was met
        raise refusal
    return alone[0], *_columns(*alone)
