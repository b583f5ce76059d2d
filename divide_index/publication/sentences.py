"""Sentences of the report, chosen by verdict, in Korean and English.

Each function takes plain numbers and labels and returns finished text; the words are in the
message catalogues. Levels and margins come unrounded, are judged unrounded, and are printed
half up to one decimal. Labels come as they stand inside a sentence: "farmers and fishers".

Decimals are exact, as they are written: 84.4 ± 1.4 reaches down to 83, which binary fractions
miss.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from divide_index.messages import Language, text
from divide_index.publication.formatting import NOT_AVAILABLE, counted, percent, rounded
from divide_index.target.verdicts import published_verdict, sampled_verdict

_NEARLY = 0.01

Direction = Literal["up", "down", "same"]
Significance = Literal["significant", "within", "undecidable"]
BreakKind = Literal["method", "sample", "questions", "unexplained"]
Unit = Literal["person", "household"]


@dataclass(frozen=True, slots=True)
class Stated:
    """A level with what it is the level of.

    Parameters
    ----------
    label
        A group, a dimension, an average or a region, as it stands inside a sentence.
    level
        Unrounded, the reference being 100.
    margin
        Half the width of the confidence interval; None or NaN where the error is not known.
    bounds
        The confidence interval where it is not symmetric about the level, and has no margin.
    """

    label: str
    level: float
    margin: float | None = None
    bounds: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        _check(self.level, self.margin)


@dataclass(frozen=True, slots=True)
class Part:
    """What a dimension contributes to a gap, in percentage points."""

    label: str
    points: float

    def __post_init__(self) -> None:
        _check(self.points)


@dataclass(frozen=True, slots=True)
class Change:
    """A level of two years, and the margin of their difference.

    Parameters
    ----------
    now, before
        The levels, unrounded.
    margin
        Half the width of the confidence interval of the difference; None or NaN where the error
        of a year is not known.
    year, previous_year
        When they were measured.
    """

    now: float
    before: float
    margin: float | None
    year: int
    previous_year: int

    def __post_init__(self) -> None:
        _check(self.now, self.margin)
        _check(self.before)


@dataclass(frozen=True, slots=True)
class Target:
    """A level to be reached by a year."""

    level: float
    year: int


@dataclass(frozen=True, slots=True)
class Pace:
    """By how many percentage points a year a level rose over a number of years."""

    points: float
    years: int


@dataclass(frozen=True, slots=True)
class Break:
    """A year from which a series cannot be compared with the years before."""

    year: int
    kind: BreakKind


@dataclass(frozen=True, slots=True)
class Regional:
    """A group of a region beside the same group of the nation.

    Parameters
    ----------
    region
        The region's long name, and the level of the group in it.
    group
        Whose level it is.
    nation
        The level of the same group in the nation.
    margin
        Half the width of the confidence interval of the difference; None or NaN where it is not
        known.
    n
        Respondents of the group in the region.
    first_year, last_year
        The surveys pooled; twice the same for one year.
    """

    region: Stated
    group: str
    nation: float
    margin: float | None
    n: int
    first_year: int
    last_year: int

    def __post_init__(self) -> None:
        _check(self.nation, self.margin)


def _check(number: float, margin: float | None = None) -> None:
    """Refuse what no sentence can state."""
    if not math.isfinite(number):
        raise ValueError(number)
    if margin is not None and (math.isinf(margin) or margin < 0):
        raise ValueError(margin)


# -- verdicts --------------------------------------------------------------------------------


def direction(points: float) -> Direction:
    """Return where a difference points once it is printed to one decimal."""
    shown = Decimal(rounded(points))
    if shown == 0:
        return "same"
    return "up" if shown > 0 else "down"


def significance(points: float, margin: float | None) -> Significance:
    """Return whether the interval of a difference leaves zero out; touching it is not enough."""
    if margin is None or math.isnan(margin):
        return "undecidable"
    return "significant" if abs(_exact(points)) > _exact(margin) else "within"


# -- levels ----------------------------------------------------------------------------------


def level_sentence(
    group: Stated,
    lang: Language,
    *,
    year: int,
    reference: str,
    dimension: str,
    confidence: float = 0.95,
) -> str:
    """Return the level of a group with its margin of error."""
    is_known = group.margin is not None and not math.isnan(group.margin)
    kind = "known" if is_known else "unknown" if group.bounds is None else "interval"
    low, high = (math.nan, math.nan) if group.bounds is None else group.bounds
    return _sentence(
        f"sentence.level.{kind}",
        lang,
        year=year,
        group=group.label,
        dimension=dimension,
        reference=reference,
        level=rounded(group.level),
        margin=rounded(group.margin or 0.0),
        low=rounded(low),
        high=rounded(high),
        confidence=percent(confidence),
    )


def dimensions_sentence(dimensions: Sequence[Stated], lang: Language) -> str:
    """Return the levels of one dimension or more, highest first; what prints alike is tied."""
    if not dimensions:
        raise ValueError(dimensions)
    top, rest = _ranked(dimensions)
    names = [text("sentence.dimensions.label", lang, label=part.label) for part in top]
    items = [
        text("sentence.dimensions.item", lang, label=part.label, level=rounded(part.level))
        for part in rest
    ]
    order = "same" if not rest else "ranked" if len(top) == 1 else "tied"
    return _sentence(
        f"sentence.dimensions.{order}",
        lang,
        top=_listed(names, "and", lang),
        level=rounded(top[0].level),
        rest=_listed(items, "then", lang),
    )


def gap_sentence(gap: float, parts: Sequence[Part], lang: Language, *, reference: str) -> str:
    """Return what the dimensions contribute to a gap, largest first.

    Parameters
    ----------
    gap
        The reference's 100 minus the level, in percentage points.
    parts
        What each dimension contributes; a negative part offsets the others.
    lang
        Korean or English.
    reference
        The reference population.

    Returns
    -------
    str
        The parts, and that figures are rounded where the printed ones do not add up.
    """
    _check(gap)
    if direction(gap) != "up":
        return _sentence("sentence.gap.none", lang, reference=reference)
    ordered = sorted(parts, key=lambda part: -part.points)
    widening = [part for part in ordered if direction(part.points) != "down"]
    offsetting = [part for part in reversed(ordered) if direction(part.points) == "down"]
    if not widening:
        raise ValueError(parts)
    said = [
        _sentence(
            "sentence.gap.offset" if offsetting else "sentence.gap.parts",
            lang,
            reference=reference,
            gap=rounded(gap),
            parts=_parts(widening, lang),
            offsets=_parts(offsetting, lang),
        )
    ]
    if sum(Decimal(rounded(part.points)) for part in parts) != Decimal(rounded(gap)):
        said.append(_sentence("sentence.gap.rounding", lang))
    return " ".join(said)


def _parts(parts: Sequence[Part], lang: Language) -> str:
    items = [
        text("sentence.gap.item", lang, label=part.label, points=rounded(abs(part.points)))
        for part in parts
    ]
    return _listed(items, "then", lang)


def groups_sentence(
    groups: Sequence[Stated], lang: Language, *, average: Stated | None = None
) -> str:
    """Return two groups or more by their levels, highest first, after the average if given.

    What prints alike is tied. ``average`` is labelled as a noun of its own: "취약계층 평균".
    """
    if len(groups) < 2:  # noqa: PLR2004  nothing to compare
        raise ValueError(groups)
    top, rest = _ranked(groups)
    items = [
        [
            text("sentence.groups.item", lang, label=group.label, level=rounded(group.level))
            for group in part
        ]
        for part in (top, rest)
    ]
    order = "ranked" if rest else "same"
    words = {"top": _listed(items[0], "and", lang), "rest": _listed(items[1], "then", lang)}
    if average is None:
        return _sentence(f"sentence.groups.{order}", lang, **words)
    level = rounded(average.level)
    code = f"sentence.groups.average_{order}"
    return _sentence(code, lang, average=average.label, level=level, **words)


def _ranked(stated: Sequence[Stated]) -> tuple[list[Stated], list[Stated]]:
    """Return what prints as the highest level, and the others from the highest down."""
    ordered = sorted(stated, key=lambda each: -each.level)
    top = [each for each in ordered if rounded(each.level) == rounded(ordered[0].level)]
    return top, ordered[len(top) :]


# -- change ----------------------------------------------------------------------------------


def change_sentence(change: Change, lang: Language, *, confidence: float = 0.95) -> str:
    """Return a change with its verdict: significant, within sampling error, not to be judged."""
    points = _difference(change.now, change.before)
    verdict = significance(points, change.margin)
    if change.previous_year == change.year - 1:
        since = text("sentence.since.last_year", lang)
    else:
        since = text("sentence.since.year", lang, year=change.previous_year)
    low, high = _bounds(abs(points), change.margin)
    return _sentence(
        f"sentence.change.{verdict}_{direction(points)}",
        lang,
        since=since,
        before=rounded(change.before),
        points=rounded(abs(points)),
        low=low,
        high=high,
        confidence=percent(confidence),
    )


def trend_sentence(
    points: float,
    margin: float | None,
    lang: Language,
    *,
    first: int,
    last: int,
    confidence: float = 0.95,
) -> str:
    """Return how a level moved a year over several years, with its verdict.

    Parameters
    ----------
    points, margin
        Percentage points a year, and half the width of their confidence interval.
    lang
        Korean or English.
    first, last
        The years of the trend.
    confidence
        Of the interval.
    """
    _check(points, margin)
    verdict = significance(points, margin)
    return _sentence(
        f"sentence.trend.{verdict}_{direction(points)}",
        lang,
        first=first,
        last=last,
        points=rounded(abs(points)),
        margin=rounded(margin or 0.0),
        confidence=percent(confidence),
    )


# -- target ----------------------------------------------------------------------------------


def target_sentences(
    level: float,
    margin: float | None,
    target: Target,
    lang: Language,
    *,
    year: int,
    pace: Pace | None = None,
    bounds: tuple[float, float] | None = None,
) -> str:
    """Return whether a target is reached, by both verdicts, and what it would still take.

    Parameters
    ----------
    level, margin
        The level of the target's group and half the width of its confidence interval.
    target
        What is to be reached, and when.
    lang
        Korean or English.
    year
        The year of the level. In the year of the target or later the sentences say so, and ask
        for no yearly increase.
    pace
        The recent yearly increase of the published levels, to compare the required one with.
    bounds
        The confidence interval where it has no margin.
    """
    _check(level, margin)
    published = published_verdict(level, target.level)
    sampled = sampled_verdict(level, margin, target.level, bounds=bounds)
    gap = _difference(target.level, level)
    left = target.year - year
    said = [
        _sentence(
            f"sentence.target.{published}_{sampled}",
            lang,
            deadline=target.year,
            target=f"{target.level:g}",
            level=rounded(level),
            gap=rounded(gap),
            error=_error(margin, bounds, lang),
        )
    ]
    if left == 0:
        said.append(_sentence("sentence.target.due", lang, deadline=target.year))
    elif left < 0:
        said.append(_sentence("sentence.target.past", lang, deadline=target.year, year=year))
    elif published == "missed" and direction(gap / left) == "up":
        said.append(_pace_sentence(gap / left, left, pace, lang))
    return " ".join(said)


def _error(margin: float | None, bounds: tuple[float, float] | None, lang: Language) -> str:
    """Return a sampling error as a noun: its margin, or its interval."""
    if margin is None and bounds is not None:
        low, high = map(rounded, bounds)
        return text("sentence.error.interval", lang, low=low, high=high)
    return text("sentence.error.margin", lang, margin=rounded(margin or 0.0))


def _pace_sentence(points: float, years: int, recent: Pace | None, lang: Language) -> str:
    """Return the yearly increase that a target asks for, beside the recent one."""
    needed = "sentence.need.year" if years == 1 else "sentence.need.years"
    need = text(needed, lang, years=years, points=rounded(points))
    if recent is None:
        return _sentence("sentence.pace.alone", lang, need=need)
    times = 1.0
    match direction(recent.points):
        case "same":
            verdict = "flat"
        case "down":
            verdict = "falling"
        case _:
            times = points / recent.points
            beside = direction(times - 1)
            verdict = {"up": "faster", "same": "alike", "down": "slower"}[beside]
    return _sentence(
        f"sentence.pace.{verdict}",
        lang,
        need=need,
        window=recent.years,
        recent=rounded(abs(recent.points)),
        times=_short(times),
    )


def projection_sentence(target: Target, low: float, high: float, lang: Language) -> str:
    """Return how likely a target is, as the range over models: none of them decides alone.

    Parameters
    ----------
    target
        What is to be reached, and when.
    low, high
        The smallest and the largest probability, between 0 and 1.
    lang
        Korean or English.
    """
    if not 0 <= low <= high <= 1:
        raise ValueError(low, high)
    ends = [
        text("sentence.chance.few", lang)
        if said.startswith("<")
        else text("sentence.chance.most", lang)
        if said.startswith(">")
        else f"{said}%"
        for said in (chance(low), chance(high))
    ]
    kind = "same" if ends[0] == ends[1] else "range"
    return _sentence(
        f"sentence.projection.{kind}",
        lang,
        year=target.year,
        target=f"{target.level:g}",
        low=ends[0],
        high=ends[1],
    )


def chance(probability: float) -> str:
    """Return a probability in percent; what is nearly none or all is not told to a digit."""
    if math.isnan(probability):
        return NOT_AVAILABLE
    if probability < _NEARLY:
        return "<1"
    return ">99" if probability > 1 - _NEARLY else rounded(100 * probability, 0)


def target_definition_sentence(used: str, meant: str, lang: Language) -> str:
    """Return of whom a target was checked, and whether the policy means the same people."""
    code = "sentence.definition.same" if used == meant else "sentence.definition.differs"
    return _sentence(code, lang, used=used, meant=meant)


# -- regions ---------------------------------------------------------------------------------


def region_sentence(
    regional: Regional, lang: Language, *, unit: Unit = "person", confidence: float = 0.95
) -> str:
    """Return the level of a group in a region, and whether it differs from the nation's."""
    region = regional.region
    points = _difference(region.level, regional.nation)
    verdict: str = significance(points, regional.margin)
    if verdict == "significant":
        verdict = f"significant_{direction(points)}"
    return _sentence(
        f"sentence.region.{verdict}",
        lang,
        region=region.label,
        group=regional.group,
        level=rounded(region.level),
        details=", ".join(_details(regional, lang, unit, confidence)),
        points=rounded(abs(points)),
    )


def _details(regional: Regional, lang: Language, unit: Unit, confidence: float) -> list[str]:
    region, first, last = regional.region, regional.first_year, regional.last_year
    details = [text(f"sentence.detail.{unit}", lang, n=counted(regional.n))]
    if region.margin is not None and not math.isnan(region.margin):
        low, high = _bounds(region.level, region.margin)
        share = percent(confidence)
        interval = text("sentence.detail.interval", lang, confidence=share, low=low, high=high)
        details.insert(0, interval)
    if first == last:
        return [*details, text("sentence.detail.year", lang, year=last)]
    return [*details, text("sentence.detail.pooled", lang, first=first, last=last)]


# -- what to know when reading ---------------------------------------------------------------


def small_sample_sentence(threshold: int, lang: Language, *, unit: Unit = "person") -> str:
    """Return that a figure rests on fewer respondents than a threshold."""
    return _sentence(f"sentence.small.{unit}", lang, threshold=counted(threshold))


def suppressed_sentence(lang: Language) -> str:
    """Return that a figure is not disclosed."""
    return _sentence("sentence.suppressed", lang)


def quota_sample_sentence(lang: Language) -> str:
    """Return what a margin of error means where the sample is a quota sample."""
    return _sentence("sentence.quota", lang)


def assumption_sentence(
    what: str, lang: Language, *, dimension: str, bounds: tuple[float, float] | None = None
) -> str:
    """Return that something is assumed, and between which levels the assumption decides."""
    low, high = ("", "") if bounds is None else (rounded(bounds[0]), rounded(bounds[1]))
    reach = "alone" if bounds is None else "same" if low == high else "range"
    return _sentence(
        f"sentence.assumption.{reach}", lang, what=what, dimension=dimension, low=low, high=high
    )


def synthetic_sentence(lang: Language) -> str:
    """Return that the data are simulated."""
    return _sentence("sentence.synthetic", lang)


def break_sentence(breaks: Sequence[Break], lang: Language) -> str:
    """Return where a series breaks, once or more, earliest first."""
    if not breaks:
        raise ValueError(breaks)
    items = [
        text(
            "sentence.breaks.item",
            lang,
            year=each.year,
            what=text(f"sentence.break.{each.kind}", lang),
        )
        for each in sorted(breaks, key=lambda each: each.year)
    ]
    return _sentence("sentence.breaks.whole", lang, breaks=_listed(items, "then", lang))


def relative_level_sentence(lang: Language, *, reference: str, group: str) -> str:
    """Return that a level is relative, and may fall while the group improves."""
    return _sentence("sentence.relative", lang, reference=reference, group=group)


# -- words and numbers -----------------------------------------------------------------------


def _sentence(code: str, lang: Language, **params: object) -> str:
    """Return a sentence; an English one starts with a capital, whatever its label does."""
    said = text(code, lang, **params)
    return f"{said[:1].upper()}{said[1:]}" if lang == "en" else said


def _listed(items: Sequence[str], joint: Literal["and", "then"], lang: Language) -> str:
    """Return items in a row, the last one joined as the language does; nothing for none."""
    if len(items) <= 1:
        return "".join(items)
    return text(f"sentence.list.{joint}", lang, first=", ".join(items[:-1]), last=items[-1])


def _exact(number: float) -> Decimal:
    """Return a number as it is written in decimals."""
    return Decimal(repr(float(number)))


def _difference(first: float, second: float) -> float:
    return float(_exact(first) - _exact(second))


def _bounds(value: float, margin: float | None) -> tuple[str, str]:
    """Return both ends of an interval as they are printed."""
    half = math.nan if margin is None else margin
    return rounded(_difference(value, half)), rounded(_difference(value, -half))


def _short(number: float) -> str:
    """Return a number to one decimal, which is left out where it is zero: 83, 1.5."""
    return rounded(number).removesuffix(".0")
