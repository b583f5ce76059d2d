"""What a file says of its own codes (SPSS, Stata), held against what the schema says."""

import re
import unicodedata
from collections.abc import Iterator, Mapping

import pandas as pd

from divide_index.errors import DivideIndexError, Finding, InputError
from divide_index.reading.origin import OpenFile
from divide_index.schema import Code, SurveySchema, Text, Variable, code_text, used_in_conditions

_NUMBERED = re.compile(r"^\s*\d+\s*[.):]\s*(?=\D)")  # “1. Seoul”


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
        known = {_form(code) for code in (*variable.missing, *variable.skip_codes)}
        gone = [
            value
            for value in frame[column].dropna().unique().tolist()
            if _form(value) not in known and _is_declared(value, declared)
        ]
        answers = sorted({_form(value) for value in gone if _is_answer(value, variable)})
        if answers:
            yield InputError("DI-E175", column=column, codes=answers)
        elif gone:
            is_gone = frame[column].isin(gone)
            frame[column] = frame[column].mask(is_gone)
            yield Finding.of("DI-I026", column=column, count=int(is_gone.sum()))


def _form(value: object) -> str:
    """Return a value as it is compared: 9, 9.0 and the text 9 are the same code."""
    try:
        number = float(str(value))
    except ValueError:
        return str(value).strip()
    return code_text(number)


def _is_declared(value: object, declared: tuple[Code | tuple[float, float], ...]) -> bool:
    form = _form(value)
    for each in declared:
        if not isinstance(each, tuple):
            if form == _form(each):
                return True
            continue
        try:
            number = float(form)
        except ValueError:
            continue
        if each[0] <= number <= each[1]:
            return True
    return False


def _is_answer(value: object, variable: Variable) -> bool:
    if variable.type == "code":
        return _form(value) in {_form(code) for code in variable.codes}
    if variable.type == "text" or variable.range is None:
        return False
    low, high = variable.range
    try:
        number = float(str(value))
    except ValueError:
        return False
    return (low is None or number >= low) and (high is None or number <= high)


def reconciled(
    part: SurveySchema, labels: Mapping[str, Mapping[Code, str]], schema: SurveySchema
) -> tuple[dict[str, Variable | None], list[DivideIndexError | Finding]]:
    """Hold a file's labels of codes against the schema's.

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

    Returns
    -------
    renamed, messages
        Every variable whose names of codes are assumed, as the file's labels have it, None
        where it has none; and where file and schema disagree.
    """
    rests = used_in_conditions(schema) | {
        v for item in schema.items.values() for v in item.variables
    }
    renamed: dict[str, Variable | None] = {
        name: None
        for name, variable in part.variables.items()
        if variable.assumed and variable.codes
    }
    messages: list[DivideIndexError | Finding] = []
    for name, here in labels.items():
        variable = part.variables[name]
        by_form = {_form(code): code for code in variable.codes}
        names = {by_form[form]: label for c, label in here.items() if (form := _form(c)) in by_form}
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
        column = part.column_of(name)
        if moved and (not variable.assumed or name in rests):
            told = [
                f"{code_text(code)} = {names[code]} ({code_text(code)} ≠ {code_text(other)})"
                for code, other in moved.items()
            ]
            messages.append(InputError("DI-E177", column=column, labels=told))
        elif moved:
            told = [f"{code_text(code)} = {names[code]}" for code in moved]
            renamed[name] = _renamed(variable, names, home)
            messages.append(Finding.of("DI-W046", column=column, labels=told))
    return renamed, messages


def _renamed(variable: Variable, names: Mapping[Code, str], home: Mapping[str, Code]) -> Variable:
    """Return a variable under the file's names of its codes, with their shares and tiles."""
    origin = {code: home.get(_word(names.get(code, ""))) for code in variable.codes}
    codes: dict[Code, Text | None] = {}
    shares: dict[Code, float] = {}
    tiles: dict[Code, tuple[int, int]] = {}
    for code, other in origin.items():
        words = names.get(code)
        codes[code] = None if words is None else Text(ko=words, en=words)
        if other is not None:
            codes[code] = variable.codes[other]
            if other in variable.register_shares:
                shares[code] = variable.register_shares[other]
            if other in variable.tiles:
                tiles[code] = variable.tiles[other]
    if len(shares) < len(variable.register_shares):
        shares = {}
    if len(tiles) < len(variable.tiles):
        tiles = {}
    return variable.model_copy(update={"codes": codes, "register_shares": shares, "tiles": tiles})


def _words(variable: Variable, code: Code) -> set[str]:
    label = variable.codes[code]
    return set() if label is None else {_word(label.ko), _word(label.en)}


def _word(label: str) -> str:
    """Return a label as it is compared: without a code before it, case, blanks, punctuation."""
    plain = _NUMBERED.sub("", unicodedata.normalize("NFKC", label).casefold())
    return "".join(letter for letter in plain if letter.isalnum())
