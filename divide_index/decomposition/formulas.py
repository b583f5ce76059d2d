"""Formulas in Wilkinson's notation, read by formulaic: the one place that speaks to it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.errors import EstimationError

Floats = NDArray[np.float64]

_CONSTANTS = {"0", "1"}


def terms_of(formula: str) -> dict[str, frozenset[str]]:
    """Return the terms of a formula, in order, and the names each is made of.

    Parameters
    ----------
    formula
        Such as ``sex * age + log(income)``; a constant counts for nothing.

    Raises
    ------
    EstimationError
        DI-E288: it cannot be read.
    """
    try:
        parsed: Any = import_module("formulaic").Formula(f"0 + {formula}")
        names = {str(term): term for term in parsed}
        return {
            name: frozenset(map(str, _formula_of(name).required_variables))
            for name in names
            if name not in _CONSTANTS
        }
    except _unreadable() as error:
        raise EstimationError("DI-E288", formula=formula, reason=_first_line(error)) from error


def _formula_of(term: str) -> Any:  # noqa: ANN401  formulaic has no types
    """Return a single term as a formula."""
    return import_module("formulaic").Formula(f"0 + {term}")


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
    try:
        made: Any = import_module("formulaic").model_matrix(
            f"1 + {formula}", pd.DataFrame(dict(data)), context={}, na_action="ignore"
        )
    except _unreadable() as error:
        raise EstimationError("DI-E288", formula=formula, reason=_first_line(error)) from error
    matrix = np.asarray(made, dtype=np.float64)[:, 1:]
    columns = tuple(str(name) for name in made.model_spec.column_names[1:])
    slices = {str(term): part for term, part in made.model_spec.term_slices.items()}
    blocks = {
        name: tuple(range(part.start - 1, part.stop - 1))
        for name, part in slices.items()
        if name not in _CONSTANTS
    }
    return matrix, columns, blocks


def _unreadable() -> tuple[type[Exception], ...]:
    """Return what formulaic raises of a formula, its own errors and those of its transforms."""
    root: type[Exception] = import_module("formulaic.errors").FormulaicError
    return (root, SyntaxError, TypeError, ValueError, AttributeError, NameError)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
