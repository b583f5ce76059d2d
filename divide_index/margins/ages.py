"""Ranges of ages as tables write them: ``0~9세``, ``20대``, ``7-19``, ``100세 이상``, ``70+``."""

import re
from typing import TypeAlias

from divide_index.margins.known import folded

AgeRange: TypeAlias = tuple[int, int | None]
"""The lowest and the highest age in full years, both inside; None leaves the end open."""

_AGE = r"(?:만)?(\d{1,3})(?:세|years?)?"
_FORMS = (
    (re.compile(rf"{_AGE}-{_AGE}"), "both"),
    (re.compile(rf"{_AGE}(?:이상|\+|andover|orover|ormore|andolder)"), "from"),
    (re.compile(rf"{_AGE}이하"), "up to"),
    (re.compile(rf"{_AGE}미만"), "below"),
    (re.compile(r"(\d{1,2}0)(?:대|s)"), "decade"),
    (re.compile(r"(?:만)?(\d{1,3})세"), "one"),
)
_DECADE = 9


def age_range(text: str) -> AgeRange | None:
    """Return the ages that a text names, None where it names none.

    Parameters
    ----------
    text
        Such as ``만 15~19세``, ``20대`` or ``70 and over``. A bare number is a code, not an age.
    """
    plain = folded(text)
    for form, kind in _FORMS:
        match = form.fullmatch(plain)
        if match is None:
            continue
        ages = [int(age) for age in match.groups()]
        found: dict[str, AgeRange] = {
            "both": (ages[0], ages[-1]),
            "from": (ages[0], None),
            "up to": (0, ages[0]),
            "below": (0, ages[0] - 1),
            "decade": (ages[0], ages[0] + _DECADE),
            "one": (ages[0], ages[0]),
        }
        return _in_order(found[kind])
    return None


def holds(band: AgeRange, part: AgeRange) -> bool:
    """Return whether all ages of a part lie in a band."""
    return band[0] <= part[0] and last(part) <= last(band)


def meets(band: AgeRange, part: AgeRange) -> bool:
    """Return whether a band and a part have an age in common."""
    return band[0] <= last(part) and part[0] <= last(band)


def last(ages: AgeRange) -> float:
    """Return the highest age, infinity where there is none."""
    return float("inf") if ages[1] is None else ages[1]


def _in_order(ages: AgeRange) -> AgeRange | None:
    return ages if ages[0] <= last(ages) else None
