"""The plan's quantified goals, and how far the values that a user knows have come.

The goals are packaged facts; values are the user's own, each with its year and its source::

    values:
      digital_soc:
        - {year: 2025, value: 120, source: "Ministry, 2026-02-10"}
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast

import pandas as pd

from divide_index import resources
from divide_index.errors import EstimationError
from divide_index.inference.projection import RequiredPace, TargetStatus, required_pace
from divide_index.schema import Text
from divide_index.schema.loading import read_schema
from divide_index.target.populations import near

GoalStatus = TargetStatus | Literal["no_value"]
Direction = Literal["at_least"]

_FILE = "plan_goals.yaml"
_GOAL = ("label", "unit", "base", "target", "year", "direction", "note", "source")
_VALUE = ("year", "value", "source")


@dataclass(frozen=True, slots=True)
class GoalValue:
    """What was measured of a goal in a year, and who says so."""

    year: int
    value: float
    source: str


@dataclass(frozen=True, slots=True)
class PlanGoal:
    """A quantified goal of the plan, with the values known of it.

    Parameters
    ----------
    id
        Its name in the files.
    label, unit
        In both languages.
    base
        The value that the plan starts from; None where it gives none.
    target, year
        What is to be reached, and when.
    direction
        ``at_least``: values at the target or above have reached it.
    source
        Of the goal.
    note
        What else the plan says of it.
    values
        The user's, by year.
    """

    id: str
    label: Text
    unit: Text
    base: GoalValue | None
    target: float
    year: int
    direction: Direction
    source: str
    note: Text | None = None
    values: tuple[GoalValue, ...] = ()

    @property
    def latest(self) -> GoalValue | None:
        """The last value known; never the base, which is where the plan starts."""
        return self.values[-1] if self.values else None

    @property
    def required(self) -> RequiredPace | None:
        """What it still takes from the last value; None without one."""
        last = self.latest
        return last and required_pace(last.value, last.year, self.target, self.year)

    @property
    def status(self) -> GoalStatus:
        """``open``, ``met``, ``missed``, ``past``, by the last value, or ``no_value``.

        ``met`` may still be lost before its year; ``past`` means that the last value is of a
        later year than the goal's, which only a value of that year could judge.
        """
        at_its_year = next((each for each in self.values if each.year == self.year), None)
        if at_its_year is not None:  # later values judge nothing any more
            return "met" if at_its_year.value >= self.target else "missed"
        required = self.required
        return "no_value" if required is None else required.status

    @property
    def observed_pace(self) -> float | None:
        """Units a year from the base, or the first value, to the last; None without two years."""
        known = [*([] if self.base is None else [self.base]), *self.values]
        known.sort(key=lambda each: each.year)
        if len(known) < 2:  # noqa: PLR2004
            return None
        first, last = known[0], known[-1]
        if first.year == last.year or last is self.base:
            return None
        return (last.value - first.value) / (last.year - first.year)

    @property
    def is_below_base(self) -> bool:
        """Whether the last value lies below the base that the plan starts from."""
        return (
            self.base is not None and bool(self.values) and self.values[-1].value < self.base.value
        )


def plan_goals(path: str | Path | None = None) -> tuple[PlanGoal, ...]:
    """Return the plan's goals, with a user's values.

    Parameters
    ----------
    path
        A YAML file with ``values: {id: [{year, value, source}]}``; without one, no goal has a
        value.

    Raises
    ------
    EstimationError
        DI-E353: a goal or a key that there is not, with the nearest. DI-E354: something is missing
        or of another type. DI-E358: a year stands there twice. Each names the file, the goal and
        the key.
    SchemaError
        The file is not there, is no YAML, or holds a key twice.
    """
    packaged = resources.folder("survey_schemas") / "history" / _FILE
    goals = _goals(packaged)
    if path is None:
        return tuple(goals.values())
    file = Path(path)
    data = _read(file)
    _refuse_unknown(file.name, "", data, ("format", "values"))
    values = _mapping(file.name, "", "values", data.get("values"))
    _refuse_unknown(file.name, "values", values, goals)
    return tuple(
        goal if name not in values else replace(goal, values=_values(file.name, name, values[name]))
        for name, goal in goals.items()
    )


def goals_frame(goals: tuple[PlanGoal, ...]) -> pd.DataFrame:
    """Return one unrounded row per goal.

    Columns ``goal, target, year, value, value_year, source, target_gap, status, required_pace,
    observed_pace, below_base``; numbers in the goal's own unit, NaN where there is none.
    """
    return pd.DataFrame([_row(each) for each in goals])


def _row(goal: PlanGoal) -> dict[str, object]:
    last, required = goal.latest, goal.required
    pace = None if required is None or goal.status != "open" else required.per_year
    return {
        "goal": goal.id,
        "target": goal.target,
        "year": goal.year,
        "value": math.nan if last is None else last.value,
        "value_year": math.nan if last is None else last.year,
        "source": "" if last is None else last.source,
        "target_gap": math.nan if last is None else last.value - goal.target,
        "status": goal.status,
        "required_pace": math.nan if pace is None else pace,
        "observed_pace": math.nan if goal.observed_pace is None else goal.observed_pace,
        "below_base": goal.is_below_base,
    }


# -- reading -------------------------------------------------------------------------------------


def _goals(path: Path) -> dict[str, PlanGoal]:
    data = _read(path)
    _refuse_unknown(path.name, "", data, ("format", "plan", "source", "goals"))
    whole = _text(path.name, "", "source", data.get("source"))
    found = _mapping(path.name, "", "goals", data.get("goals"))
    return {
        name: _goal(path.name, name, _mapping(path.name, name, name, block), whole)
        for name, block in found.items()
    }


def _goal(file: str, name: str, block: Mapping[str, Any], source: str) -> PlanGoal:
    _refuse_unknown(file, name, block, _GOAL)
    if block.get("direction") != "at_least":
        raise _wrong(file, name, "direction", "at_least")
    base, note = block.get("base"), block.get("note")
    return PlanGoal(
        id=name,
        label=_words(file, name, "label", block.get("label")),
        unit=_words(file, name, "unit", block.get("unit")),
        base=None if base is None else _value(file, name, "base", base),
        target=_number(file, name, "target", block.get("target")),
        year=_year(file, name, block.get("year")),
        direction="at_least",
        source=_text(file, name, "source", block.get("source", source)),
        note=None if note is None else _words(file, name, "note", note),
    )


def _values(file: str, goal: str, given: object) -> tuple[GoalValue, ...]:
    if not isinstance(given, list):
        raise _wrong(file, goal, "values", "[{year, value, source}]")
    found = [_value(file, goal, "values", each) for each in cast("list[object]", given)]
    found.sort(key=lambda each: each.year)
    twice = sorted({each.year for each, later in pairwise(found) if each.year == later.year})
    if twice:
        raise EstimationError("DI-E358", file=file, goal=goal, years=twice)
    return tuple(found)


def _value(file: str, goal: str, key: str, given: object) -> GoalValue:
    block = _mapping(file, goal, key, given)
    _refuse_unknown(file, goal, block, _VALUE)
    return GoalValue(
        year=_year(file, goal, block.get("year")),
        value=_number(file, goal, "value", block.get("value")),
        source=_text(file, goal, "source", block.get("source")),
    )


def _read(path: Path) -> dict[str, Any]:
    """Return a YAML file, read as strictly as a schema: no key twice, no number in disguise."""
    return read_schema(path)[0]


def _mapping(file: str, goal: str, key: str, given: object) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _wrong(file, goal, key, "key: value")
    return {str(name): value for name, value in cast("dict[object, Any]", given).items()}


def _words(file: str, goal: str, key: str, given: object) -> Text:
    block = _mapping(file, goal, key, given)
    _refuse_unknown(file, goal, block, ("ko", "en"))
    return Text(
        ko=_text(file, goal, key, block.get("ko")), en=_text(file, goal, key, block.get("en"))
    )


def _text(file: str, goal: str, key: str, given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise _wrong(file, goal, key, '"…"')
    return given


def _number(file: str, goal: str, key: str, given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise _wrong(file, goal, key, "0.0")
    return float(given)


def _year(file: str, goal: str, given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise _wrong(file, goal, "year", "2027")
    return given


def _refuse_unknown(
    file: str, goal: str, given: Mapping[str, Any], known: Mapping[str, Any] | tuple[str, ...]
) -> None:
    for name in _strange(given, known):
        raise EstimationError(
            "DI-E353",
            file=file,
            goal=goal or "-",
            key=name,
            nearest=near(name, known),
            known=[*known],
        )


def _strange(given: Mapping[str, Any], known: Mapping[str, Any] | tuple[str, ...]) -> Iterator[str]:
    return (name for name in given if name not in known)


def _wrong(file: str, goal: str, key: str, expected: str) -> EstimationError:
    return EstimationError("DI-E354", file=file, goal=goal or "-", key=key, expected=expected)
