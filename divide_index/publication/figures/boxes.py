"""Where things lie on a drawing, in points from its upper left corner, and whether they touch."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Box:
    """The room that something takes."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, x: float, y: float, radius: float) -> "Box":
        """Return the room of a mark."""
        return cls(x - radius, y - radius, x + radius, y + radius)

    @classmethod
    def of_line(cls, start: tuple[float, float], end: tuple[float, float]) -> "Box":
        """Return the room of a level or an upright line."""
        (left, right), (top, bottom) = (sorted(ends) for ends in zip(start, end, strict=True))
        return cls(left, top, right, bottom)

    def grown(self, margin: float) -> "Box":
        """Return the box with a margin on every side."""
        return Box(self.left - margin, self.top - margin, self.right + margin, self.bottom + margin)

    def touches(self, other: "Box") -> bool:
        """Return whether two boxes share a point."""
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.top <= other.bottom
            and other.top <= self.bottom
        )

    def lies_within(self, other: "Box") -> bool:
        """Return whether no part of the box is outside another."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )


def along(start: tuple[float, float], end: tuple[float, float]) -> Iterable[Box]:
    """Return small boxes that together cover a slanting line."""
    pieces = max(1, int(max(abs(end[0] - start[0]), abs(end[1] - start[1])) // 2))
    points = [
        tuple(a + (b - a) * piece / pieces for a, b in zip(start, end, strict=True))
        for piece in range(pieces + 1)
    ]
    return [Box.of_line((a[0], a[1]), (b[0], b[1])) for a, b in pairwise(points)]
