"""Sentences that say why a group lags, as far as a regression decomposition can, and no further.

Each function takes plain numbers and labels and returns finished text, as
:mod:`divide_index.publication.sentences` does: numbers come unrounded, are judged unrounded, and
are printed half up to one decimal. Contributions are those of the level minus 100, negative where
they put the group behind; in words they lose their sign.

A part that goes with the composition of a group is no cause, and what is left over is no effect
of a place or of a policy: no sentence says so, whatever its numbers are.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from itertools import groupby, pairwise
from statistics import NormalDist
from typing import Literal

from divide_index.messages import Language, text
from divide_index.publication.formatting import percent, rounded, signed
from divide_index.publication.sentences import direction, significance

Side = Literal["behind", "ahead"]
Move = Literal["narrower", "wider", "same", "reversed", "back"]

_NAMED_AT_MOST = 3
_ADDS_UP = 1e-6  # index points; the parts of a decomposition sum to 1e-10


@dataclass(frozen=True, slots=True)
class Contribution:
    """What the composition by a factor contributes to a gap.

    Parameters
    ----------
    label
        The factor, as it stands inside a sentence: "age".
    points
        Index points, unrounded; negative where the factor puts the group behind.
    margin
        Half the width of the confidence interval; None or NaN where the error is not known.
    """

    label: str
    points: float
    margin: float | None = None

    def __post_init__(self) -> None:
        _check(self.points, self.margin)


@dataclass(frozen=True, slots=True)
class Divided:
    """The gap of a group, divided into what goes with its composition and what does not.

    Parameters
    ----------
    group
        As it stands inside a sentence.
    gap, gap_margin
        The level of complete cases minus 100, and half the width of its confidence interval; None
        or NaN where the error is not known.
    explained, explained_margin
        The part that goes with the composition by all factors together.
    unexplained, unexplained_margin
        The rest of the gap.
    factors
        One factor or more; their contributions sum to the explained part.

    Raises
    ------
    ValueError
        A number that no sentence can state, no factor, or parts that do not add up.
    """

    group: str
    gap: float
    gap_margin: float | None
    explained: float
    explained_margin: float | None
    unexplained: float
    unexplained_margin: float | None
    factors: tuple[Contribution, ...]

    def __post_init__(self) -> None:
        _check(self.gap, self.gap_margin)
        _check(self.explained, self.explained_margin)
        _check(self.unexplained, self.unexplained_margin)
        if not self.factors:
            raise ValueError(self.factors)
        blocks = math.fsum(factor.points for factor in self.factors)
        for whole, parts in (
            (self.gap, self.explained + self.unexplained),
            (self.explained, blocks),
        ):
            if abs(whole - parts) > _ADDS_UP:
                raise ValueError(whole, parts)

    @property
    def labels(self) -> tuple[str, ...]:
        """The factors, in their order."""
        return tuple(factor.label for factor in self.factors)

    @property
    def has_margins(self) -> bool:
        """Whether the sampling error of the gap and of both its parts is known."""
        margins = (self.gap_margin, self.explained_margin, self.unexplained_margin)
        return all(margin is not None and not math.isnan(margin) for margin in margins)


def _check(number: float, margin: float | None = None) -> None:
    """Refuse what no sentence can state."""
    if not math.isfinite(number):
        raise ValueError(number)
    if margin is not None and (math.isinf(margin) or margin < 0):
        raise ValueError(margin)


# -- a gap and its parts -----------------------------------------------------------------------


def explanation(
    divided: Divided, lang: Language, *, reference: str, confidence: float = 0.95
) -> str:
    """Return how far a group is from the reference, and how much goes with its composition.

    Parameters
    ----------
    divided
        The gap and its parts.
    lang
        Korean or English.
    reference
        The reference population.
    confidence
        Of the margins.

    Returns
    -------
    str
        Two to four sentences. A gap within sampling error, or one that prints as 0.0, is not
        divided. What is left over is said to contain what was not asked.
    """
    if _undivided(divided):
        said = [_no_gap(divided, lang, reference, confidence), _not_divided(divided, lang)]
        return " ".join(said)
    said = [
        _sentence(
            f"explain.gap.{_side(divided.gap)}",
            lang,
            group=divided.group,
            reference=reference,
            points=_points(divided.gap),
        ),
        _composition(divided, lang, reference, confidence),
        _rest(divided, lang),
    ]
    if not divided.has_margins:
        said.append(_sentence("explain.unknown", lang))
    return " ".join(said)


def share_explained(divided: Divided, *, confidence: float = 0.95) -> float | None:
    """Return the share of a gap that goes with composition, where a share means anything.

    Near a gap of zero a share explodes, and parts of opposite signs are shares of nothing.

    Parameters
    ----------
    divided
        The gap and its parts.
    confidence
        Of the margin of the gap.

    Returns
    -------
    float or None
        Between 0 and 1; None unless the gap is beyond its sampling error and more than two
        standard errors, and both parts have its sign. The standard error is taken from the margin
        by the normal distribution, which never makes it smaller than it is.
    """
    gap, margin = divided.gap, divided.gap_margin
    if margin is None or significance(gap, margin) != "significant":
        return None
    std_error = margin / NormalDist().inv_cdf((1 + confidence) / 2)
    has_one_sign = _is_along(divided.explained, gap) and _is_along(divided.unexplained, gap)
    return divided.explained / gap if abs(gap) > 2 * std_error and has_one_sign else None


def _undivided(divided: Divided) -> Literal["within", "small"] | None:
    """Return why there is no gap to divide; None if there is one."""
    if significance(divided.gap, divided.gap_margin) == "within":
        return "within"
    return "small" if direction(divided.gap) == "same" else None


def _not_divided(divided: Divided, lang: Language) -> str:
    return _sentence(f"explain.undivided.{_undivided(divided)}", lang)


def _no_gap(divided: Divided, lang: Language, reference: str, confidence: float) -> str:
    """Return a level that is not said to differ from that of the reference."""
    is_same = direction(divided.gap) == "same"
    verdict = significance(divided.gap, divided.gap_margin)
    return _sentence(
        f"explain.none.{verdict}_{'same' if is_same else _side(divided.gap)}",
        lang,
        group=divided.group,
        reference=reference,
        points=_points(divided.gap),
        margin=rounded(divided.gap_margin or 0.0),
        confidence=percent(confidence),
    )


def _composition(divided: Divided, lang: Language, reference: str, confidence: float) -> str:
    """Return what goes with the composition of a group that has a gap."""
    margin = rounded(divided.explained_margin or 0.0)
    shown = {"points": _points(divided.explained), "confidence": percent(confidence)}
    error = "known" if divided.has_margins else "unknown"
    share = share_explained(divided, confidence=confidence)
    kind = _kind(divided)
    return _sentence(
        f"explain.composition.{'share' if kind == 'inside' and share is not None else kind}",
        lang,
        what=_what(divided, lang),
        group=divided.group,
        reference=reference,
        names=_names(divided.labels, lang),
        explained=text(f"explain.points.{error}", lang, margin=margin, **shown),
        share=rounded(100 * (share or 0.0), 0),
        margin=margin,
        **shown,
    )


def _kind(divided: Divided) -> str:
    """Return what composition has to do with a gap.

    Returns
    -------
    str
        ``"inside"`` if it makes up a part of the gap; ``"opposite"`` or ``"beyond"``, with where
        it would put the group, if it makes up the opposite of a gap or more than all of it;
        ``"within"`` and ``"small"`` if it makes up nothing that can be seen.
    """
    explained = divided.explained
    is_within = _is_within(divided, explained, divided.explained_margin)
    if direction(explained) == "same":
        return "small_within" if is_within else "small"
    if is_within:
        return f"within_{_where(explained)}"
    if not _is_along(explained, divided.gap):
        return f"opposite_{_where(explained)}"
    if _is_along(divided.unexplained, -divided.gap):
        return f"beyond_{_where(explained)}"
    return "inside"


def _rest(divided: Divided, lang: Language) -> str:
    """Return what does not go with composition, beside a part of the gap or beside all of it."""
    rest = divided.unexplained
    is_within = _is_within(divided, rest, divided.unexplained_margin)
    kind = "left" if _kind(divided) == "inside" else f"apart_{_where(rest)}"
    if direction(rest) == "same":
        kind = "small"
    verdict = "_within" if is_within else ""
    return _sentence(f"explain.rest.{kind}{verdict}", lang, points=_points(rest))


def _is_within(divided: Divided, points: float, margin: float | None) -> bool:
    """Return whether a part is within its error; without all errors, none is judged."""
    return divided.has_margins and significance(points, margin) == "within"


# -- factors -----------------------------------------------------------------------------------


def largest_factors(divided: Divided, lang: Language, *, confidence: float = 0.95) -> str:
    """Return the factors that make up most of a gap, and those that narrow it.

    Parameters
    ----------
    divided
        The gap and its factors.
    lang
        Korean or English.
    confidence
        Of the margins.

    Returns
    -------
    str
        Up to three factors in the direction of the gap, the largest first, and then all of the
        other direction: only those whose interval leaves zero out, and which do not print as 0.0.
        Factors without a margin are named as not assessed.
    """
    if _undivided(divided):
        return _not_divided(divided, lang)
    seen = sorted(
        (
            factor
            for factor in divided.factors
            if significance(factor.points, factor.margin) == "significant"
            and direction(factor.points) != "same"
        ),
        key=lambda factor: -abs(factor.points),
    )
    along = [factor for factor in seen if _is_along(factor.points, divided.gap)]
    against = [factor for factor in seen if not _is_along(factor.points, divided.gap)]
    unknown = [
        factor.label
        for factor in divided.factors
        if significance(factor.points, factor.margin) == "undecidable"
    ]
    share, what = percent(confidence), _what(divided, lang)
    said: list[str] = []
    if along:
        said.append(_leading(along[:_NAMED_AT_MOST], lang, share, what))
    elif len(unknown) < len(divided.factors):
        said.append(_sentence("explain.factors.none", lang, what=what, confidence=share))
    if against:
        first, *others = against
        items = [_item(first, "first", lang), *(_item(each, "other", lang) for each in others)]
        said.append(_sentence("explain.factors.against", lang, what=what, items=_row(items, lang)))
    if unknown:
        said.append(_sentence("explain.factors.unknown", lang, names=_names(unknown, lang)))
    return " ".join(said)


def _leading(along: Sequence[Contribution], lang: Language, confidence: str, what: str) -> str:
    """Return factors from the largest down; those that print alike are tied."""
    most = _points(along[0].points)
    top = [factor for factor in along if _points(factor.points) == most]
    rest = along[len(top) :]
    if rest:
        order = "ranked" if len(top) == 1 else "tied"
    else:
        order = "single" if len(top) == 1 else "alike"
    return _sentence(
        f"explain.factors.{order}",
        lang,
        what=what,
        confidence=confidence,
        top=_names([factor.label for factor in top], lang),
        points=most,
        rest=_row([_item(factor, "other", lang) for factor in rest], lang),
    )


def _item(factor: Contribution, place: Literal["first", "other"], lang: Language) -> str:
    points = _points(factor.points)
    return text(f"explain.item.{place}", lang, label=factor.label, points=points)


# -- beside the decomposition ------------------------------------------------------------------


def standardised_sentence(
    group: str,
    crude: float,
    standardised: float,
    lang: Language,
    *,
    by: Sequence[str],
    reference: str,
    dimension: str,
) -> str:
    """Return the level a group would have with the reference's composition, beside its own.

    Parameters
    ----------
    group
        As it stands inside a sentence.
    crude, standardised
        The level as it is, and with the composition of the reference.
    lang
        Korean or English.
    by
        What the composition is of: one factor or more.
    reference, dimension
        The reference population, and what the level is of.
    """
    _check(crude)
    _check(standardised)
    return _sentence(
        "explain.standardised",
        lang,
        group=group,
        names=_names(by, lang),
        reference=reference,
        dimension=dimension,
        crude=rounded(crude),
        level=rounded(standardised),
    )


def nested_sentence(steps: Sequence[Divided], lang: Language, *, reference: str) -> str:
    """Return what is left of a gap as more and more factors are considered.

    Parameters
    ----------
    steps
        The same gap, divided by one set of factors after another: each contains the one before.
    lang
        Korean or English.
    reference
        The reference population.

    Returns
    -------
    str
        The gap before and after each step, with its verb: it narrows, widens, stays as it is, or
        is reversed. A gap within sampling error is not followed.

    Raises
    ------
    ValueError
        No step, another group or gap, or a step that adds no factor or loses one. A step whose
        cases are not those of the others shows another gap: its parts cannot be compared.
    """
    if not steps:
        raise ValueError(steps)
    for before, after in pairwise(steps):
        is_nested = set(before.labels) < set(after.labels)
        has_moved = before.group != after.group or abs(before.gap - after.gap) > _ADDS_UP
        if has_moved or not is_nested:
            raise ValueError(before, after)
    if _undivided(steps[0]):
        return _not_divided(steps[0], lang)
    moves = _moves(steps, lang)
    # consecutive steps that narrow a gap, or that widen it, share a sentence
    runs = groupby(
        enumerate(moves),
        lambda each: each[1].move if each[1].move in {"narrower", "wider"} else each[0],
    )
    said: list[str] = []
    for _, run in runs:
        (place, first), *others = run
        kind = f"reversed_{_where(-steps[0].gap)}" if first.move == "reversed" else first.move
        then = [
            text("explain.nested.then", lang, names=each.names, after=each.after)
            for _, each in others
        ]
        said.append(
            _sentence(
                f"explain.nested.{'also' if place else 'alone'}_{kind}",
                lang,
                what=_what(steps[0], lang),
                group=steps[0].group,
                reference=reference,
                names=first.names,
                before=first.before,
                after=first.after,
                then="".join(then),
            )
        )
    return " ".join(said)


@dataclass(frozen=True, slots=True)
class _Moved:
    """What factors that are considered as well do to a gap, in words."""

    names: str
    before: str
    after: str
    move: Move


def _moves(steps: Sequence[Divided], lang: Language) -> list[_Moved]:
    gap = steps[0].gap
    left = [_toward(gap, gap), *(_toward(step.unexplained, gap) for step in steps)]
    labels: list[tuple[str, ...]] = [(), *(step.labels for step in steps)]
    return [
        _Moved(
            _names([label for label in has if label not in had], lang),
            _amount(before, lang),
            _amount(after, lang),
            _move(before, after),
        )
        for (had, has), (before, after) in zip(pairwise(labels), pairwise(left), strict=True)
    ]


def _toward(points: float, gap: float) -> Decimal:
    """Return how far points go in the direction of a gap, as they are printed."""
    shown = Decimal(_points(points))
    return shown if _is_along(points, gap) else -shown


def _move(before: Decimal, after: Decimal) -> Move:
    """Return what becomes of a gap; what is printed decides, for the reader sees no more."""
    if after < 0:
        return "reversed"
    if before < 0:
        return "back"
    if after == before:
        return "same"
    return "narrower" if after < before else "wider"


def _amount(left: Decimal, lang: Language) -> str:
    return text(f"explain.amount.{'some' if left else 'small'}", lang, points=str(abs(left)))


def consequence_note(lang: Language, labels: Sequence[str]) -> str:
    """Return that factors may follow from what puts a group behind, and are entered last."""
    return _sentence("explain.consequence", lang, names=_names(labels, lang))


def waterfall_lines(divided: Divided, lang: Language, *, reference: str) -> list[tuple[str, str]]:
    """Return the way from the reference to the level of a group, step by step.

    Returns
    -------
    list of (label, number)
        The reference's 100.0, every factor with its sign, what is unexplained, and the level.
        Each number is rounded by itself, so that they may not add up.
    """
    level = float(100 + Decimal(repr(float(divided.gap))))
    return [
        (reference, rounded(100.0)),
        *((factor.label, signed(factor.points)) for factor in divided.factors),
        (text("explain.unexplained", lang), signed(divided.unexplained)),
        (divided.group, rounded(level)),
    ]


# -- words and numbers -------------------------------------------------------------------------


def _sentence(code: str, lang: Language, **params: object) -> str:
    """Return a sentence; an English one starts with a capital, whatever its label does."""
    said = text(code, lang, **params)
    return f"{said[:1].upper()}{said[1:]}" if lang == "en" else said


def _names(labels: Iterable[str], lang: Language) -> str:
    """Return factors as one noun: 연령·학력, age and education."""
    *others, last = labels
    if not others:
        return last
    first = reduce(lambda one, two: text("explain.names.more", lang, first=one, next=two), others)
    return text("explain.names.last", lang, first=first, last=last)


def _row(items: Sequence[str], lang: Language) -> str:
    """Return items in a row, the last one joined as the language does; nothing for none."""
    if len(items) <= 1:
        return "".join(items)
    return text("sentence.list.then", lang, first=", ".join(items[:-1]), last=items[-1])


def _what(divided: Divided, lang: Language) -> str:
    """Return what a distance from the reference is called: a gap is one of a group behind."""
    return text(f"explain.what.{_side(divided.gap)}", lang)


def _points(points: float) -> str:
    """Return points as they are printed in words, without their sign."""
    return rounded(abs(points))


def _side(gap: float) -> Side:
    return "behind" if gap < 0 else "ahead"


def _where(points: float) -> Literal["above", "below"]:
    return "above" if points > 0 else "below"


def _is_along(points: float, gap: float) -> bool:
    """Return whether points have the sign of a gap."""
    return (points < 0 and gap < 0) or (points > 0 and gap > 0)
