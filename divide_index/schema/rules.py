"""The closed vocabulary of scoring: what the engine may be asked to do with answers.

A rule is data. It names columns and numbers, holds no code, and the engine turns it into an
expression of whatever library holds the frame. Scores lie on 0-1.
"""

from dataclasses import dataclass
from typing import TypeAlias

from divide_index.schema.conditions import Condition

Code: TypeAlias = int | float | str


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an answer stands and what its absence means.

    ``missing`` codes (don't know, refused) count as no answer. Who was not asked, by code or
    because ``asked_if`` is false, scores ``skip_means``: a non-user is a zero, not a gap.
    """

    variable: str
    missing: tuple[Code, ...] = ()
    skip_codes: tuple[Code, ...] = ()
    asked_if: Condition | None = None
    skip_means: float | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """Place an answer between its goalposts: ``(x - low) / (high - low)``."""

    answer: Answer
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Map:
    """Give each code the score it is worth."""

    answer: Answer
    scores: tuple[tuple[Code, float], ...]


@dataclass(frozen=True, slots=True)
class Share:
    """Score 1 for the codes named and 0 for every other valid answer."""

    answer: Answer
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """A score with every missing answer counted as 0: one end of the nonresponse band."""

    column: str


@dataclass(frozen=True, slots=True)
class Mean:
    """Sum of the answered over their count; missing when nothing is answered."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest answered score (``any``, ``max_of``); missing when nothing is answered."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """Weights times scores; missing as soon as one score is."""

    terms: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class OnlyIf:
    """A score kept only where no other column is missing: complete cases."""

    column: str
    present: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bands:
    """Name the closed band a number lies in: ``(name, low, high)``, None for an open end."""

    answer: Answer
    bands: tuple[tuple[str, float | None, float | None], ...]


ItemRule: TypeAlias = Scale | Map | Share
Rule: TypeAlias = ItemRule | Filled | Mean | Largest | WeightedSum | OnlyIf | Bands
Stage: TypeAlias = dict[str, Rule]
