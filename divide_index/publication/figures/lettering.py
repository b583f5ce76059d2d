"""How much room words take: estimated, so that no figure depends on the fonts of a machine."""

import re
import unicodedata
from typing import Final

# Widths in em: the wider of NanumGothic and DejaVu Sans, which no fallback exceeds by much.
_HANGUL, _DIGIT, _CAPITAL, _SMALL = 1.0, 0.64, 0.72, 0.6
_BOLD: Final = 1.08
_OTHERS: Final = {
    **dict.fromkeys("mwMW@%…", 1.05),
    **dict.fromkeys("~+=<>±×−", 0.84),
    **dict.fromkeys("fijlrtI .,:;|!'·/()[]-", 0.39),
}
_ASCENT, _DESCENT = 0.88, 0.24  # of a line of Hangul, in em
LEADING: Final = 1.25  # from one line to the next, in em

# A line may end after a blank, between joined names, and before a bracket.
_ENDS_OF_LINES: Final = re.compile(r"(?<=\s)|(?<=[·/])(?=\w)|(?<=\w)(?=\()")


def clean(text: str) -> str:
    """Return a label as it may stand in a drawing: composed, on one line, no hidden characters."""
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(filter(_is_visible, composed)).strip()


def text_width(text: str, size: float, *, is_bold: bool = False) -> float:
    """Return the estimated width of a text, rather too wide than too narrow."""
    return sum(map(_letter_width, text)) * size * (_BOLD if is_bold else 1.0)


def ascent(size: float) -> float:
    """Return how far a text reaches above its baseline."""
    return _ASCENT * size


def descent(size: float) -> float:
    """Return how far a text reaches below its baseline."""
    return _DESCENT * size


def wrapped(text: str, size: float, width: float, *, is_bold: bool = False) -> tuple[str, ...]:
    """Return a text in lines no wider than a width: between its words wherever that goes.

    Parameters
    ----------
    text
        Cleaned, see :func:`clean`.
    size
        Of the letters.
    width
        That no line exceeds, unless a single letter does.
    is_bold
        Whether it is set in bold.
    """
    lines = [""]
    for piece in _ENDS_OF_LINES.split(text):
        if text_width((lines[-1] + piece).rstrip(), size, is_bold=is_bold) <= width:
            lines[-1] += piece
            continue
        lines.append("")
        for letter in piece:
            if text_width(lines[-1] + letter.strip(), size, is_bold=is_bold) > width:
                lines.append("")
            lines[-1] += letter
    return tuple(line.strip() for line in lines if line.strip()) or ("",)


def _is_visible(letter: str) -> bool:
    """Return whether a character is drawn, and allowed in XML."""
    is_no_character = ord(letter) & 0xFFFE == 0xFFFE  # noqa: PLR2004  the last two of each plane
    return unicodedata.category(letter) not in {"Cc", "Cf", "Cs"} and not is_no_character


def _letter_width(letter: str) -> float:
    if letter in _OTHERS:
        return _OTHERS[letter]
    if unicodedata.category(letter) in {"Mn", "Me"}:
        return 0.0
    if unicodedata.east_asian_width(letter) in "WFA":
        return _HANGUL
    if letter.isdigit():
        return _DIGIT
    return _SMALL if letter.islower() else _CAPITAL
