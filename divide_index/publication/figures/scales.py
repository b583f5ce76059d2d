"""Levels to points on a page, and the round numbers that mark them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight scale: ``low`` lies at ``start`` points, ``high`` at ``end``.

    ``ticks`` are the round levels it is marked at, the first and the last its ends.
    """

    ticks: tuple[float, ...]
    start: float
    end: float

    @property
    def low(self) -> float:
        """The lowest level on the scale."""
        return self.ticks[0]

    @property
    def high(self) -> float:
        """The highest level on the scale."""
        return self.ticks[-1]

    def at(self, level: float) -> float:
        """Return where a level lies, in points."""
        share = (level - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def level_at(self, point: float) -> float:
        """Return which level lies at a point, on the scale or beyond its ends."""
        share = (point - self.start) / (self.end - self.start)
        return self.low + share * (self.high - self.low)


def round_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return round levels, at most ``most + 1`` and two at least, from below to above a range."""
    for step in _round_steps():
        first, last = math.floor(low / step), math.ceil(high / step)
        if last - first <= most:
            return tuple(step * number for number in range(first, max(last, first + 1) + 1))
    raise AssertionError  # pragma: no cover  the steps never end


def round_classes(levels: list[float], most: int) -> list[float]:
    """Return the lower bounds of at most ``most`` equal classes that hold all levels.

    Its last number is the upper bound of the last class, which no level reaches.
    """
    low, high = min(levels), max(levels)
    for step in _round_steps():
        first, last = math.floor(low / step), math.floor(high / step)
        if last - first < most:
            return [float(step * number) for number in range(first, last + 2)]
    raise AssertionError  # pragma: no cover  the steps never end


def _round_steps() -> Iterator[int]:
    return (digit * 10**power for power in count() for digit in (1, 2, 5))
