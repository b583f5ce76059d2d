"""All the sums over PSUs that levels, and what would raise them, are functions of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.cells import declared_cells, key_column
from divide_index.engine import UNIT
from divide_index.inference.ratios import Formula
from divide_index.levels import Cases
from divide_index.schema import category_rule, score_stages
from divide_index.scoring import Scores
from divide_index.target.populations import VARIANT_OF, People, Population

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
Numbers = NDArray[Any]  # real, or complex for a derivative


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be raised, in whom, and how the level is made.

    ``dimensions`` are those of the level; ``indicators`` pairs of dimension and indicator; ``by``
    the domain whose categories rise, if any.
    """

    population: Population
    dimensions: tuple[str, ...]
    indicators: tuple[tuple[str, str], ...]
    by: str | None
    cases: Cases
    formula: Formula


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """Sums of a definition's ``G`` populations, in ``D`` dimensions and ``I`` indicators.

    Parameters
    ----------
    asked
        What they are sums for.
    shares
        Weights of the dimensions, shape ``(D,)``; one for the level of a single dimension.
    categories
        Codes of the domain's ``C`` categories.
    unit_sums
        By unit of the design, shape ``(U, M)``; what follows says which of the ``M`` sums is which.
    W, Y
        Of weights and of scores on 0-1, shape ``(G, D)``.
    X
        Of indicator scores, among who has the dimension, shape ``(G, I)``.
    W_0, Y_0, X_0
        The same of the reference, shapes ``(D,)`` and ``(I,)``.
    W_u
        Of weights of members of any population who are part of the reference, shape ``(D,)``.
    W_c, Y_c
        Of the members in each category, shape ``(C, G, D)``.
    W_uc
        Of those who are part of the reference, shape ``(C, D)``.
    sizes
        Of all members' weights, scored or not, shape ``(G,)``.
    n, n_c
        Members with a positive weight and the score, shapes ``(D,)`` and ``(C, D)``.
    inside, inside_c
        Whether a unit holds a scored member of each population and, last, of the reference, shape
        ``(U, G + 1)``; of each category, ``(U, C)``.
    """

    asked: Asked
    shares: Floats
    categories: tuple[str, ...]
    unit_sums: Floats
    W: Indices
    Y: Indices
    X: Indices
    W_0: Indices
    Y_0: Indices
    X_0: Indices
    W_u: Indices
    W_c: Indices
    Y_c: Indices
    W_uc: Indices
    sizes: Indices
    n: Indices
    n_c: Indices
    inside: Mask
    inside_c: Mask

    @property
    def totals(self) -> Floats:
        """The sums over all units, shape ``(M,)``."""
        return self.unit_sums.sum(axis=0)

    def weights(self, t: Numbers) -> Numbers:
        """Return the weights ``p_g`` of the populations' levels, shape ``(…, G)``."""
        totals = self.asked.population.totals
        if totals is not None:
            given = np.array(totals)
            return np.broadcast_to(given / given.sum(), (*t.shape[:-1], given.size))
        sizes = t[..., self.sizes]
        return sizes / sizes.sum(axis=-1, keepdims=True)

    def level(self, t: Numbers, rise: Numbers, reference_rise: Numbers) -> Numbers:
        """Return the level when means on 0-1 rise.

        Parameters
        ----------
        t
            Values of the sums, shape ``(…, M)``.
        rise, reference_rise
            Of the populations' averaged means, and of the reference's, shape ``(…, D)``.
        """
        p = self.weights(t)[..., None]
        m = (p * (t[..., self.Y] / t[..., self.W])).sum(axis=-2) + rise
        m_0 = t[..., self.Y_0] / t[..., self.W_0] + reference_rise
        if self.asked.formula == "weighted_ratios":
            return 100 * ((m / m_0) @ self.shares)
        return 100 * (m @ self.shares) / (m_0 @ self.shares)


def system_of(scores: Scores, asked: Asked) -> System:
    """Return all sums that an answer needs, in one pass over the records."""
    people = People.of(scores, asked.cases)
    schema = people.schema
    names = [*schema.dimensions]
    place = [names.index(name) for name in asked.dimensions]
    known = ~np.isnan(people.y[:, place])
    of = [asked.dimensions.index(name) for name, _ in asked.indicators]
    x = np.where(known[:, of], _indicator_scores(scores, asked), 0.0) * people.weights[:, None]
    w = people.weights[:, None] * known
    wy = w * np.nan_to_num(people.y[:, place])
    groups, reference = people.groups(asked.population), people.inside
    union: Mask = np.logical_or.reduce(groups)
    codes, parts = _categories(scores, asked.by)
    shared = (reference & union)[None, :]
    unit = np.asarray(engine.values(scores.frame, UNIT), dtype=np.intp)
    columns = _Columns(unit, scores.survey.design.units, [])
    counted = known & (people.weights > 0)[:, None]
    any_score: Mask = np.logical_or.reduce(counted, axis=1)
    shape = (len(codes), len(groups), len(place))
    cut = (groups[None, :, :] & parts[:, None, :]).reshape(-1, unit.size)
    found = {
        "W": columns.table(w, groups),
        "Y": columns.table(wy, groups),
        "X": columns.table(x, groups),
        "W_0": columns.table(w, reference[None, :])[0],
        "Y_0": columns.table(wy, reference[None, :])[0],
        "X_0": columns.table(x, reference[None, :])[0],
        "W_u": columns.table(w, shared)[0],
        "W_c": columns.table(w, cut).reshape(shape),
        "Y_c": columns.table(wy, cut).reshape(shape),
        "W_uc": columns.table(w, shared & parts),
        "sizes": columns.table(people.weights[:, None], groups)[:, 0],
    }
    everybody = np.ones(1)
    weights = np.array([schema.dimensions[name].weight for name in asked.dimensions])
    return System(
        asked=asked,
        shares=weights if len(place) == len(names) else everybody,
        categories=tuple(codes),
        unit_sums=np.column_stack(columns.sums),
        n=_count(counted, union[None, :])[0],
        n_c=_count(counted, union & parts),
        inside=columns.held(np.vstack([groups, reference[None, :]]) & any_score),
        inside_c=columns.held(union & parts & any_score),
        **found,
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    """Sums over units, gathered one by one: each is known by its number."""

    unit: Indices
    units: int
    sums: list[Floats]

    def table(self, values: Floats, members: Mask) -> Indices:
        """Sum values ``(n, m)`` over members ``(K, n)``; return the numbers, shape ``(K, m)``."""
        numbers = np.zeros((len(members), values.shape[1]), dtype=np.intp)
        for row, inside in enumerate(members):
            unit = self.unit[inside]
            for column, each in enumerate(values[inside].T):
                numbers[row, column] = len(self.sums)
                sums = np.bincount(unit, weights=each, minlength=self.units)
                self.sums.append(sums.astype(np.float64))
        return numbers

    def held(self, members: Mask) -> Mask:
        """Return whether a unit holds one of members ``(K, n)``, shape ``(U, K)``."""
        held = np.zeros((self.units, len(members)), dtype=bool)
        for column, inside in enumerate(members):
            held[self.unit[inside], column] = True
        return held


def _count(counted: Mask, members: Mask) -> Indices:
    """Return how many of members ``(K, n)`` count in each dimension, shape ``(K, D)``."""
    return (members.astype(np.float64) @ counted.astype(np.float64)).astype(np.intp)


def _indicator_scores(scores: Scores, asked: Asked) -> Floats:
    """Return indicator scores on 0-1, shape ``(n, I)``; NaN if missing."""
    survey = scores.survey
    variant = VARIANT_OF[asked.cases]
    kind = "score" if variant == "complete" else variant
    columns = [f"{kind}:{name}.{part}" for name, part in asked.indicators]
    if not columns:
        return np.zeros((survey.records, 0))
    stages = score_stages(survey.schema, variants=True)
    frame = engine.apply_stages(survey.frame, survey.schema, stages, keep=columns)
    return np.column_stack([engine.values(frame, column) for column in columns])


def _categories(scores: Scores, by: str | None) -> tuple[list[str], Mask]:
    """Return the categories of a domain in the schema's order, and who is in each, ``(C, n)``."""
    if by is None:
        return [], np.zeros((0, scores.survey.records), dtype=bool)
    schema = scores.survey.schema
    rule = category_rule(schema, by)
    found, position = engine.categories(scores.frame, schema, key_column(schema, by), rule)
    cells = declared_cells(schema, (by,), [(code,) for code in found])
    codes = [code for (code,) in cells]
    places = [found.index(code) if code in found else -2 for code in codes]  # -1 has no category
    return codes, np.stack([position == place for place in places])
