"""Whom a target may be about: the schema's definitions as populations with conditions."""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.engine import Frame
from divide_index.errors import EstimationError, Finding
from divide_index.levels import Cases
from divide_index.schema import (
    OVERALL,
    And,
    Condition,
    SurveySchema,
    Target,
    Text,
    Variant,
    condition_text,
    dimension_column,
    variables_of,
)
from divide_index.schema.parts import Average, Group
from divide_index.scoring import Scores
from divide_index.survey import Survey

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

VARIANT_OF: Mapping[Cases, Variant] = {
    "available": "score",
    "complete": "complete",
    "answered": "answered",
    "missing_as_zero": "zero",
}


@dataclass(frozen=True, slots=True)
class Population:
    """A definition of the target's group: one population, or several whose levels are averaged.

    Parameters
    ----------
    name
        The definition's name.
    label
        In print.
    members
        The condition of each population by its name, ``G`` of them.
    totals
        Population totals that weight the levels, length ``G``; None where they are taken from
        the weights, and where there is one population.
    is_average
        Whether it is an average of groups.
    """

    name: str
    label: Text
    members: Mapping[str, Condition]
    totals: tuple[float, ...] | None = None
    is_average: bool = False


def target_of(schema: SurveySchema) -> Target:
    """Return a schema's target.

    Raises
    ------
    EstimationError
        DI-E341: it has none.
    """
    if schema.target is None:
        raise EstimationError("DI-E341", schema=schema.name)
    return schema.target


def populations_of(schema: SurveySchema) -> dict[str, Population]:
    """Return every definition of the target's group by name, the schema's own first.

    Raises
    ------
    EstimationError
        DI-E341: the schema has no target.
    """
    target = target_of(schema)
    own = schema.groups[target.group]
    found = {target.group: Population(target.group, own.label, {target.group: own.where})}
    for name, definition in target.definitions.items():
        where: Condition | None = definition.where
        if definition.average is not None:
            average = schema.averages[definition.average]
            given = tuple(each for each in average.members.values() if not isinstance(each, str))
            found[name] = Population(
                name,
                definition.label,
                {
                    f"{name}.{member}": _both(schema.groups[member].where, where)
                    for member in average.members
                },
                given or None,
                is_average=True,
            )
            continue
        people: Condition | None = schema.reference.where
        if definition.group is not None:
            people = schema.groups[definition.group].where
        found[name] = Population(name, definition.label, {name: _both(people, where)})
    return found


def usable_populations(survey: Survey) -> tuple[dict[str, Population], list[Finding]]:
    """Return the definitions that the records can tell, and findings on the others.

    Left out are those that nobody belongs to, and those that rest on the codes of a variable
    whose assumed names a register has contradicted: they would be other people than they say.

    Raises
    ------
    EstimationError
        DI-E341: the schema has no target. DI-E061: nobody belongs to the target's own group.
    """
    schema = survey.schema
    everybody = populations_of(schema)
    findings: list[Finding] = []
    usable: dict[str, Population] = {}
    for name, population in everybody.items():
        doubtful = _contradicted(schema, population)
        empty = [
            member
            for member, where in population.members.items()
            if not engine.mask(survey.frame, where, schema).any()
        ]
        if doubtful:
            columns = [schema.column_of(variable) for variable in doubtful]
            findings.append(Finding.of("DI-W341", definition=name, columns=columns))
        elif not empty:
            usable[name] = population
        elif name == target_of(schema).group:
            raise EstimationError("DI-E061", groups=[name])
        else:
            findings.append(Finding.of("DI-W340", definition=name))
    return usable, findings


def chosen_population(survey: Survey, name: str | None) -> Population:
    """Return a definition by its name; by default the schema's own.

    Raises
    ------
    EstimationError
        DI-E345: there is no such definition, or the records cannot tell it. DI-E341: the schema
        has no target. DI-E061: nobody belongs to the target's own group.
    """
    usable, _ = usable_populations(survey)
    if name is None:
        name = target_of(survey.schema).group
    if name not in usable:
        raise EstimationError(
            "DI-E345", definition=name, nearest=near(name, usable), known=[*usable]
        )
    return usable[name]


def chosen_measure(schema: SurveySchema, name: str | None) -> str:
    """Return a measure of the target by its name; by default the schema's own.

    Raises
    ------
    EstimationError
        DI-E349: no such measure.
    """
    target = target_of(schema)
    known = [target.dimension, *target.measures]
    if name is None:
        return target.dimension
    if name not in known:
        raise EstimationError("DI-E349", measure=name, nearest=near(name, known), known=known)
    return name


def with_groups(scores: Scores, populations: Mapping[str, Population]) -> Scores:
    """Return the scores of a survey whose groups are the definitions."""
    schema = scores.survey.schema
    groups: dict[str, Group] = {}
    averages: dict[str, Average] = {}
    for name, population in populations.items():
        groups |= {
            member: Group(label=population.label, where=condition_text(where))
            for member, where in population.members.items()
        }
        if population.is_average:
            totals = population.totals or ("estimated",) * len(population.members)
            averages[name] = Average(
                label=population.label,
                members=dict(zip(population.members, totals, strict=True)),
            )
    changed = schema.model_copy(update={"groups": groups, "averages": averages, "target": None})
    return replace(scores, survey=replace(scores.survey, schema=changed))


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Weights, membership in the reference, and scores on 0-1 of every record, NaN if missing."""

    frame: Frame
    schema: SurveySchema
    weights: Floats
    inside: Mask
    y: Floats

    @classmethod
    def of(cls, scores: Scores, cases: Cases) -> "People":
        """Return the people of scored records, as a treatment of nonresponse counts them."""
        schema, frame = scores.survey.schema, scores.frame
        inside = engine.mask(frame, schema.reference.where, schema)
        weight = schema.design.weight
        weights = np.ones(inside.size) if weight is None else engine.values(frame, weight)
        columns = [dimension_column(name, VARIANT_OF[cases]) for name in schema.dimensions]
        y = np.column_stack([engine.values(frame, column) for column in columns])
        return cls(frame, schema, weights, inside, y)

    def members(self, population: Population) -> Mask:
        """Return who belongs to any of a definition's populations, shape ``(n,)``."""
        return np.logical_or.reduce(self.groups(population))

    def groups(self, population: Population) -> Mask:
        """Return who belongs to each of a definition's populations, shape ``(G, n)``."""
        wheres = population.members.values()
        return np.stack([engine.mask(self.frame, where, self.schema) for where in wheres])

    def share(self, population: Population, dimension: str) -> float:
        """Return a population's share of the reference; NaN where it is not inside it."""
        members = self.members(population)
        if population.is_average or not self.inside[members].all():
            return math.nan
        known = ~np.isnan(self.y)
        names = [*self.schema.dimensions]
        has = known.any(axis=1) if dimension == OVERALL else known[:, names.index(dimension)]
        whole = self.weights[self.inside & has].sum()
        return float(self.weights[members & has].sum() / whole)

    def lacking(self, population: Population) -> Floats:
        """Return by how much full scores of a population would raise the reference's means."""
        known = ~np.isnan(self.y)
        weights = self.weights[:, None] * (self.inside[:, None] & known)
        members = self.members(population)[:, None]
        short = np.where(known & members, 1 - np.nan_to_num(self.y), 0.0)
        return (weights * short).sum(axis=0) / weights.sum(axis=0)


def near(name: str, known: Iterable[str]) -> list[str]:
    """Return the known name that is most like one that is not known."""
    return difflib.get_close_matches(name, [*known], n=1, cutoff=0.0)


def _both(first: Condition | None, second: Condition | None) -> Condition:
    parts = tuple(each for each in (first, second) if each is not None)
    if not parts:
        raise AssertionError  # a definition has a group, an average or a condition
    return parts[0] if len(parts) == 1 else And(parts)


def _contradicted(schema: SurveySchema, population: Population) -> list[str]:
    """Return the variables of a definition whose codes have lost their names to a register."""
    used = {name for where in population.members.values() for name in variables_of(where)}
    return [
        name
        for name, variable in schema.variables.items()
        if name in used
        and variable.register_shares
        and variable.codes
        and all(label is None for label in variable.codes.values())
    ]
