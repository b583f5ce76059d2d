"""How wide the columns of a table are, from what stands in them."""

import unicodedata
from collections.abc import Sequence

from divide_index.publication.report.blocks import ColumnKind, Row

# A page of tables in ems of its type: 170 mm at 8.5 points.
_PAGE = 56.0
_PADDING = 1.7
_NARROWEST_LABEL = 8.0
_BOLD = 1.06
_HEAD_LINES = 2.0
_LONGEST_WORD = 12.0


def column_widths(
    heads: Sequence[tuple[str, ColumnKind]], rows: Sequence[Row]
) -> tuple[float, ...]:
    """Return each column's share of the page, summing to one.

    A number is never broken: its column is as wide as the longest. Labels and texts break between
    their words, and take what is left, the texts first.

    Parameters
    ----------
    heads
        The head and the kind of each column.
    rows
        The rows; headings span the table and count for nothing.
    """
    plain = [row.cells for row in rows if not row.is_heading]
    least: list[float] = []
    natural: list[float] = []
    for place, (head, kind) in enumerate(heads):
        cells = [cells[place] for cells in plain]
        head_needs = _BOLD * max(_longest_word(head), min(ems(head) / _HEAD_LINES, _LONGEST_WORD))
        whole = max(map(ems, cells), default=0.0)
        words = whole if kind == "number" else max(map(_longest_word, cells), default=0.0)
        least.append(max(words, head_needs) + _PADDING)
        natural.append(max(min(whole, _PAGE), head_needs) + _PADDING)
    least[0] = max(least[0], min(_NARROWEST_LABEL, natural[0]))
    left = _PAGE - sum(least)
    order = [*range(1, len(heads)), 0]
    widths = list(least)
    for place in order:
        more = min(max(left, 0.0), natural[place] - least[place])
        widths[place] += more
        left -= more
    spare = max(left, 0.0) / len(widths)
    widths = [width + spare for width in widths]
    total = sum(widths)
    return tuple(width / total for width in widths)


def ems(words: str) -> float:
    """Return about how wide words are: Hangul an em, Latin letters and digits less."""
    return sum(0.95 if unicodedata.east_asian_width(sign) in "WF" else 0.57 for sign in words)


def _longest_word(words: str) -> float:
    """Return how wide the longest word is; one that is absurdly long is broken anywhere."""
    return min(max(map(ems, words.split()), default=0.0), _LONGEST_WORD)
