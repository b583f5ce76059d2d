"""Columns that hold what no survey file should: resident-registration and phone numbers."""

import re
from collections.abc import Iterable

_BIRTHDAY = r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_INSIDE = re.compile(
    rf"(?<![\d.,]){_BIRTHDAY}-[1-8]\d{{6}}(?!\d)"  # a resident-registration number
    r"|(?<![\d.,])0(?:1[016789]|2|[3-6]\d)-\d{3,4}-\d{4}(?!\d)"  # a phone number
    r"|[\w.+-]{1,64}@[\w-]{1,63}\.[a-zA-Z]{2,}"
)
_WHOLE = re.compile(rf"{_BIRTHDAY}[1-8]\d{{6}}|01[016789]\d{{7,8}}")


def holds_personal_data(cells: Iterable[object]) -> bool:
    """Return whether a cell looks like a resident-registration number, phone number or e-mail.

    Parameters
    ----------
    cells
        A column's cells as text; what is no text is passed over.
    """
    return any(
        isinstance(cell, str) and (_INSIDE.search(cell) or _WHOLE.fullmatch(cell.strip()))
        for cell in cells
    )
