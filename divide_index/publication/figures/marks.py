"""What the figures show, as plain numbers: only what may be published comes this far.

Levels are in percent, the reference being 100. A mark without a level is drawn as its ``flag``
says: ``suppressed`` as an x, ``none`` (nobody there) as a dash, ``unknown`` as an ellipsis.
"""

from dataclasses import dataclass
from typing import Literal

Flag = Literal["", "caution", "suppressed", "none", "unknown"]


@dataclass(frozen=True, slots=True)
class Line:
    """A level drawn as a line across a figure, such as the target, with its label."""

    level: float
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A row of a dot plot: a level with its interval.

    ``low`` and ``high`` are None where there is no interval; ``heading`` begins a block of rows.
    """

    label: str
    level: float | None
    low: float | None = None
    high: float | None = None
    flag: Flag = ""
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Dumbbell:
    """A row of a dumbbell plot: from a level to another, such as the target."""

    label: str
    start: float | None
    end: float | None
    flag: Flag = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A region of a tile map; ``row`` and ``column`` count from 1, from the north-west."""

    label: str
    row: int
    column: int
    level: float | None
    flag: Flag = ""


@dataclass(frozen=True, slots=True)
class Point:
    """A year of a series.

    ``kind``: ``published`` by the agency, or ``computed`` from the survey at hand. ``breaks``
    says that the series does not continue the years before.
    """

    year: int
    level: float
    low: float | None = None
    high: float | None = None
    kind: Literal["published", "computed"] = "published"
    breaks: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A row of a waterfall: what a part adds to the level, in index points, with its interval.

    A ``total`` is the distance from the reference to where the parts above it lead, or to the
    level itself.
    """

    label: str
    points: float | None
    low: float | None = None
    high: float | None = None
    kind: Literal["factor", "unexplained", "total"] = "factor"
    flag: Flag = ""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A contribution in index points; one that is not significant has no tint."""

    points: float | None
    is_significant: bool = True
    flag: Flag = ""


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A row of a heat table: a population with one cell for each column."""

    label: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A row of a path: the gap that remains, in index points, once some factors are accounted for.

    ``heading`` begins the path of another group.
    """

    label: str
    points: float | None
    low: float | None = None
    high: float | None = None
    flag: Flag = ""
    heading: str = ""
