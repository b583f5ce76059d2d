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
    by the mask ``unasked``, scores ``skip_means``: a non-user is a zero, not a gap.
    """

    variable: str
    missing: tuple[Code, ...] = ()
    skip_codes: tuple[Code, ...] = ()
    unasked: str | None = None
    skip_means: float | None = None


@dataclass(frozen=True, slots=True)
class IsFalse:
    """A mask: where a condition is known not to hold, and the variables that decide it."""

    condition: Condition
    variables: tuple[str, ...]


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
class Sum:
    """The sum of the answered scores, each times its weight where there are weights."""

    columns: tuple[str, ...]
    weights: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """The number of scores that are not missing."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mean:
    """A sum of the answered over their count; missing when fewer than ``least`` are answered."""

    total: str
    count: str
    least: int = 1


@dataclass(frozen=True, slots=True)
class MeanOfAll:
    """A sum of the answered over the number of scores: the missing count as 0."""

    total: str
    size: int


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest answered score (``any``, ``max_of``); missing when nothing is answered."""

    columns: tuple[str, ...]
    missing_as_zero: bool = False


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """Weights times scores; missing as soon as one score is."""

    terms: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class AllCounted:
    """A mask: where every count is its largest possible."""

    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OnlyIf:
    """A score kept only where a mask holds: complete cases."""

    column: str
    mask: str


@dataclass(frozen=True, slots=True)
class Bands:
    """Name the closed band a number lies in: ``(name, low, high)``, None for an open end."""

    answer: Answer
    bands: tuple[tuple[str, float | None, float | None], ...]


ItemRule: TypeAlias = Scale | Map | Share
Aggregate: TypeAlias = Sum | Count | Mean | MeanOfAll | Largest | WeightedSum
Rule: TypeAlias = ItemRule | IsFalse | Aggregate | AllCounted | OnlyIf | Bands
Stage: TypeAlias = dict[str, Rule]


def columns_read(rule: Rule) -> set[str]:
    """Return the columns a rule looks at."""
    match rule:
        case Scale(answer) | Map(answer) | Share(answer) | Bands(answer):
            return {answer.variable} | ({answer.unasked} if answer.unasked else set())
        case IsFalse(_, variables):
            return set(variables)
        case Sum(columns) | Count(columns) | Largest(columns):
            return set(columns)
        case Mean(total, count):
            return {total, count}
        case MeanOfAll(total):
            return {total}
        case WeightedSum(terms) | AllCounted(terms):
            return {column for column, _ in terms}
        case OnlyIf(column, mask):
            return {column, mask}
