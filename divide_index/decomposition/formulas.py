"""Formulas in Wilkinson's notation, read by formulaic: the one place that speaks to it.

A formula names factors and nothing else: every name is put under a name of ours before formulaic
sees it, so that a factor may be called ``C`` or ``log``. Transformations look at one person at a
time; what would look at all of them (scaling, splines) would also look at groups outside the
reference, and is refused.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.errors import EstimationError

Floats = NDArray[np.float64]

FUNCTIONS = ("log", "log10", "exp", "I")
_CONSTANTS = {"0", "1"}
_TOKEN = re.compile(r"(?P<name>[^\W\d]\w*)|(?P<other>\d+(?:\.\d+)?|\*\*|[-+*:/^()\s])|(?P<odd>.)")
_OURS = re.compile(r"_v(\d+)_")


def terms_of(formula: str) -> dict[str, frozenset[str]]:
    """Return the terms of a formula, in order, and the names each is made of.

    Parameters
    ----------
    formula
        Such as ``sex * age + log(income)``; a constant counts for nothing.

    Raises
    ------
    EstimationError
        DI-E288: it cannot be read, or calls another function than ``FUNCTIONS``.
    """
    translated, names = _translated(formula)
    try:
        parsed: Any = import_module("formulaic").Formula(f"0 + {translated}")
        terms = [str(term) for term in parsed]
    except _unreadable() as error:
        raise _unread(formula, _first_line(error, names)) from error
    return {
        _restored(term, names): frozenset(names[int(k)] for k in _OURS.findall(term))
        for term in terms
        if term not in _CONSTANTS
    }


def model_columns(
    formula: str, data: Mapping[str, Any]
) -> tuple[Floats, tuple[str, ...], dict[str, tuple[int, ...]]]:
    """Return the columns of a formula, dummies without their base, and without the constant.

    Parameters
    ----------
    formula
        Its terms, without a constant.
    data
        Numbers, or pandas categoricals, by name.

    Returns
    -------
    matrix, columns, blocks
        Shape ``(n, K)``; the names formulaic gives the columns; the columns of each term.

    Raises
    ------
    EstimationError
        DI-E288: it cannot be evaluated.
    """
    translated, names = _translated(formula)
    frame = pd.DataFrame({f"_v{k}_": data[name] for k, name in enumerate(names)})
    try:
        with np.errstate(all="ignore"):  # what is no number is found by whoever asked
            made: Any = import_module("formulaic").model_matrix(
                f"1 + {translated}", frame, context={}, na_action="ignore"
            )
    except _unreadable() as error:
        raise _unread(formula, _first_line(error, names)) from error
    matrix = np.asarray(made, dtype=np.float64)[:, 1:]
    columns = tuple(_restored(str(n), names) for n in made.model_spec.column_names[1:])
    slices = {str(term): part for term, part in made.model_spec.term_slices.items()}
    blocks = {
        _restored(name, names): tuple(range(part.start - 1, part.stop - 1))
        for name, part in slices.items()
        if name not in _CONSTANTS
    }
    return matrix, columns, blocks


def _translated(formula: str) -> tuple[str, list[str]]:
    """Return a formula under names of ours, and the names, each once."""
    names: list[str] = []
    parts: list[str] = []
    for token, follows in _tokens(formula):
        if not (token[0].isalpha() or token[0] == "_"):
            parts.append(token)
        elif follows == "(":
            if token not in FUNCTIONS:
                raise _unread(formula, f"{token}(): {', '.join(FUNCTIONS)}")
            parts.append(token)
        else:
            if token not in names:
                names.append(token)
            parts.append(f"_v{names.index(token)}_")
    return "".join(parts), names


def _tokens(formula: str) -> Iterator[tuple[str, str]]:
    """Yield the tokens of a formula, each with the sign that follows it."""
    found = list(_TOKEN.finditer(formula))
    for index, match in enumerate(found):
        if match["odd"] is not None:
            raise _unread(formula, match["odd"])
        rest = (each[0] for each in found[index + 1 :] if not each[0].isspace())
        yield match[0], next(rest, "")


def _restored(text: str, names: list[str]) -> str:
    return _OURS.sub(lambda found: names[int(found[1])], text)


def _unread(formula: str, reason: str) -> EstimationError:
    return EstimationError("DI-E288", formula=formula, reason=reason)


def _unreadable() -> tuple[type[Exception], ...]:
    """Return what formulaic raises of a formula, its own errors and those of its transforms."""
    root: type[Exception] = import_module("formulaic.errors").FormulaicError
    return (root, SyntaxError, TypeError, ValueError, AttributeError, NameError)


def _first_line(error: Exception, names: list[str]) -> str:
    return _restored((str(error).splitlines() or [type(error).__name__])[0], names)
