"""What a file says of its own codes (SPSS, Stata), held against what the schema says."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from divide_index.errors import DivideIndexError, Finding, InputError
from divide_index.reading.origin import OpenFile
from divide_index.schema import Code, SurveySchema, Text, Variable, code_text, used_in_conditions


def without_missing(
    frame: pd.DataFrame, file: OpenFile, headers: Mapping[str, str], part: SurveySchema
) -> Iterator[DivideIndexError | Finding]:
    """Take out, in place, the values that a file itself declares as missing.

    What the schema declares as missing or not asked stays: it knows which of the two it is.

    Parameters
    ----------
    frame
        The columns read, under the schema's headers.
    file
        The file they come from.
    headers
        The file's header of each variable.
    part
        The schema of the file.

    Yields
    ------
    InputError, Finding
        A value declared as missing that the schema counts as an answer; how many went.
    """
    for name, variable in part.variables.items():
        declared = file.missing.get(headers[name])
        if not declared:
            continue
        column = part.column_of(name)
        letters = [code for code in declared if isinstance(code, str) and code.startswith(".")]
        if letters and variable.skip_codes:
            skip = [code_text(code) for code in variable.skip_codes]
            yield InputError("DI-E176", column=column, codes=letters, skip=skip)
            continue
        is_gone = _declared_missing(frame[column], declared)
        known = [*variable.missing, *variable.skip_codes]
        is_gone &= ~frame[column].isin([str(c) if variable.is_text else float(c) for c in known])
        gone = frame.loc[is_gone, column]
        answers = sorted({value for value in gone.unique().tolist() if _is_answer(value, variable)})
        if answers:
            codes = [code_text(code) for code in answers]
            yield InputError("DI-E175", column=column, codes=codes)
        elif len(gone):
            frame[column] = frame[column].mask(is_gone)
            yield Finding.of("DI-I026", column=column, count=len(gone))


def _declared_missing(
    column: "pd.Series[Any]", declared: tuple[Code | tuple[float, float], ...]
) -> "pd.Series[bool]":
    found = column.isin([code for code in declared if not isinstance(code, tuple)])
    for each in declared:
        if isinstance(each, tuple):
            found |= pd.to_numeric(column, errors="coerce").between(*each)
    return found


def _is_answer(value: object, variable: Variable) -> bool:
    if variable.type == "code":
        return value in variable.codes
    if variable.type == "text" or variable.range is None:
        return False
    low, high = variable.range
    number = float(str(value))
    return (low is None or number >= low) and (high is None or number <= high)


def reconciled(
    part: SurveySchema, labels: Mapping[str, Mapping[Code, str]], schema: SurveySchema
) -> tuple[dict[str, Variable], list[DivideIndexError | Finding]]:
    """Return the variables whose names of codes a file corrects, and where the two disagree.

    A label disagrees when it is the schema's name of another code. Where the schema only
    assumes which code is which and nothing rests on it, the file's labels win; elsewhere they
    are an error.

    Parameters
    ----------
    part
        The schema of the file.
    labels
        The file's labels by variable and code.
    schema
        The whole schema.
    """
    corrected: dict[str, Variable] = {}
    messages: list[DivideIndexError | Finding] = []
    for name, here in labels.items():
        variable = part.variables[name]
        names = {code: label for code, label in here.items() if code in variable.codes}
        home = {
            word: code
            for code, label in variable.codes.items()
            if label is not None
            for word in (_word(label.ko), _word(label.en))
        }
        moved = {
            code: home[_word(label)]
            for code, label in names.items()
            if home.get(_word(label), code) != code and _word(label) not in _words(variable, code)
        }
        if not moved:
            continue
        told = [
            f"{code_text(code)} = {names[code]} ({code_text(code)} ≠ {code_text(other)})"
            for code, other in moved.items()
        ]
        column = part.column_of(name)
        if not variable.assumed or name in used_in_conditions(schema):
            messages.append(InputError("DI-E177", column=column, labels=told))
            continue
        corrected[name] = _renamed(variable, names, home)
        told = [f"{code_text(code)} = {names[code]}" for code in moved]
        messages.append(Finding.of("DI-W046", column=column, labels=told))
    return corrected, messages


def _renamed(variable: Variable, names: Mapping[Code, str], home: Mapping[str, Code]) -> Variable:
    """Return a variable under the file's names of its codes, with their register shares."""
    origin = {code: home.get(_word(names.get(code, ""))) for code in variable.codes}
    codes: dict[Code, Text | None] = {}
    shares: dict[Code, float] = {}
    for code, other in origin.items():
        words = names.get(code)
        codes[code] = None if words is None else Text(ko=words, en=words)
        if other is not None:
            codes[code] = variable.codes[other]
            if other in variable.register_shares:
                shares[code] = variable.register_shares[other]
    complete = len(shares) == len(variable.register_shares)
    return variable.model_copy(
        update={"codes": codes, "register_shares": shares if complete else {}}
    )


def _words(variable: Variable, code: Code) -> set[str]:
    label = variable.codes[code]
    return set() if label is None else {_word(label.ko), _word(label.en)}


def _word(label: str) -> str:
    """Return a label as it is compared: without case, blanks and punctuation."""
    plain = unicodedata.normalize("NFKC", label).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
