"""The samples of several years as one, for populations that one year has too few people of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.cells import REFERENCE, Cell, key_column, requested
from divide_index.change.breaks import breaks_of, crossed
from divide_index.engine import UNIT, PsuTable
from divide_index.errors import EstimationError, Finding, InputError
from divide_index.inference.design import Design
from divide_index.inference.stacking import StackedDesign
from divide_index.schema import (
    Compare,
    SurveySchema,
    Variable,
    category_rule,
    code_text,
    dimension_column,
    score_stages,
    variables_of,
)
from divide_index.schema.parts import DesignColumns, Item
from divide_index.scoring import Scores, score
from divide_index.survey import DesignKind, Survey
from divide_index.waves import Waves, refuse_other_categories, refuse_other_index

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_UNEVEN = 2.0  # times the weight of another year: then a pool is of one year more than of others
# From the one that tells least of a sample to the one that tells most.
_KINDS: tuple[DesignKind, ...] = (
    "none",
    "weights only",
    "stratified",
    "clusters",
    "stratified clusters",
)


def pool(
    waves: Waves,
    years: Sequence[int] | None = None,
    *,
    by: Sequence[str] | str | None = None,
    groups: Sequence[str] | None = None,
) -> Scores:
    """Pool the people of several years into one sample.

    Who belongs to the reference, a group or a category is decided by each year's own schema, and
    so is the score of an item. Everything else is then as with one year's people.

    Parameters
    ----------
    waves
        The years. Their indices must be made alike.
    years
        Those that are pooled; by default all.
    by, groups
        The domains, crosses and groups that will be asked for, as in
        :func:`divide_index.relative_levels`: each is refused if the years cannot be pooled by
        it. One that is not named here is left out of the pool instead, and told.

    Returns
    -------
    Scores
        Of a survey that says which years it pools (:attr:`Survey.pooled`). Weights are divided
        by the number of years. Its schema is the last year's, whose populations, domains and
        items rest on what the years' own schemas said; it has no target, which is one year's.

    Raises
    ------
    EstimationError
        DI-E370, DI-E371, DI-E372: indices or categories are not the same in all years. DI-E390:
        a year is not among the waves. DI-E391: a year has no such group. DI-E392: a code of a
        domain is declared in some years only. DI-E393: a break of the series lies between.
        DI-E395: weights of different scale. DI-E396: a year has nobody of a population.
    InputError
        DI-E199: frames of different libraries.
    DesignError
        As :meth:`divide_index.Waves.stacked` does.

    Notes
    -----
    A pooled level is ``100 m / m_0`` with the means of all years' people,
    ``m = Σ_t W_t m_t / Σ_t W_t``: no mean of the years' levels. With independent samples the year
    is the outermost stratum; a PSU that several samples share is one.

    References
    ----------
    Korn, Graubard (1999), Analysis of Health Surveys, chapter 8; Wolter (2007), Introduction
    to Variance Estimation, chapter 6.
    """
    chosen = _chosen(waves, years)
    refuse_other_index(chosen)
    plan = _planned(chosen, [by] if isinstance(by, str) else list(by or ()), groups)
    _refuse_uneven_weights(chosen)
    if not engine.same_library([survey.frame for survey in chosen.surveys.values()]):
        raise InputError("DI-E199")
    schema = _pooled_schema(plan)
    stacked = chosen.stacked()
    design = stacked.with_units()
    parts = [
        _part(plan, survey, design, stacked.units_of(place))
        for place, survey in enumerate(chosen.surveys.values())
    ]
    survey = _pooled_survey(plan, schema, stacked, engine.stacked(parts))
    scores = score(survey)
    findings = _refuse_empty(plan, scores)
    return replace(scores, survey=replace(survey, findings=(*survey.findings, *findings)))


def _chosen(waves: Waves, years: Sequence[int] | None) -> Waves:
    """Return the waves of some years; a single year shares nothing with another."""
    wanted = sorted(set(waves.years if years is None else years))
    unknown = [year for year in wanted if year not in waves.surveys]
    if unknown or not wanted:
        raise EstimationError("DI-E390", years=unknown, known=waves.years)
    samples = waves.samples if len(wanted) > 1 else "independent"
    return Waves({year: waves.surveys[year] for year in wanted}, samples)


# -- what can be pooled ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the years have in common, and the names of what is made of it.

    ``populations``, ``domains`` and ``items`` give the variable that holds each; ``kept`` are
    variables that all years declare alike, taken as they are. ``weight``, ``sample``,
    ``stratum``, ``psu`` and ``fpc`` are variables of the design, None where there is none.
    """

    waves: Waves
    groups: tuple[str, ...]
    averages: tuple[str, ...]
    kept: tuple[str, ...]
    populations: Mapping[str, str]
    domains: Mapping[str, str]
    items: Mapping[str, str]
    weight: str | None
    sample: str | None
    stratum: str
    psu: str
    fpc: str | None
    findings: tuple[Finding, ...]


class _Names:
    """Names for new variables that no other variable has."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def new(self, name: str) -> str:
        """Return a name that is free, and take it."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def _planned(waves: Waves, by: Sequence[str], groups: Sequence[str] | None) -> _Plan:
    last, schemas = waves.schema, [survey.schema for survey in waves.surveys.values()]
    request = requested(last, by=by, groups=groups, where=None)
    broken = _breaks_inside(waves, Cell("total", "total"))
    if broken:
        _refuse_break(waves, REFERENCE, broken)
    left: list[str] = []
    some = _poolable_groups(waves, () if groups is None else request.groups, left)
    averages = _poolable_averages(waves, some, left)
    domains, findings = _poolable_domains(waves, [*request.domain_keys], left)
    design = last.design
    made = {design.weight, design.fpc, design.id}
    scored = {name for item in _items_in_use(last).values() for name in item.variables}
    kept = tuple(name for name in _declared_alike(schemas) if name not in made)
    odd = sorted(
        name
        for name, variable in last.variables.items()
        if variable.type != "text" and name not in {*kept, *made, *scored}
    )
    if left:
        findings.append(Finding.of("DI-W390", parts=left))
    if odd:
        findings.append(Finding.of("DI-I391", variables=odd))
    names = _Names([*kept, *([design.weight] if design.weight else [])])
    fractions = [survey.design.sampling_fraction for survey in waves.surveys.values()]
    return _Plan(
        waves=waves,
        groups=some,
        averages=averages,
        kept=kept,
        populations={
            REFERENCE: names.new("in_reference"),
            **{f"group:{name}": names.new(f"in_{name}") for name in some},
        },
        domains={name: names.new(f"domain_{name}") for name in domains},
        items={name: names.new(f"item_{name}") for name in _items_in_use(last)},
        weight=design.weight,
        sample=names.new("pooled_sample") if any(s.design.sample for s in schemas) else None,
        stratum=names.new("pooled_stratum"),
        psu=names.new("pooled_psu"),
        fpc=names.new("pooled_fpc") if bool((np.concatenate(fractions) > 0).all()) else None,
        findings=tuple(findings),
    )


def _breaks_inside(waves: Waves, cell: Cell) -> list[str]:
    """Return the names of the breaks of a cell's levels between the first and the last year."""
    first, last = waves.years[0], waves.years[-1]
    found = crossed(breaks_of(waves.schemas, cell), first, last)
    return list(dict.fromkeys(each.name for each in found))


def _refuse_break(waves: Waves, population: str, names: Sequence[str]) -> None:
    raise EstimationError(
        "DI-E393",
        population=population,
        breaks=names,
        first=waves.years[0],
        last=waves.years[-1],
    )


def _poolable_groups(waves: Waves, asked: Sequence[str], left: list[str]) -> tuple[str, ...]:
    """Return the groups of all years without a break, and list the others in ``left``."""
    found: list[str] = []
    for name in waves.schema.groups:
        lacking = [year for year, each in waves.surveys.items() if name not in each.schema.groups]
        broken = [] if lacking else _breaks_inside(waves, Cell("group", name))
        if not lacking and not broken:
            found.append(name)
            continue
        if name in asked and lacking:
            raise EstimationError("DI-E391", group=name, years=lacking)
        if name in asked:
            _refuse_break(waves, name, broken)
        left.append(f"groups.{name}")
    return tuple(found)


def _poolable_averages(waves: Waves, groups: Sequence[str], left: list[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name, average in waves.schema.averages.items():
        if set(average.members) <= set(groups) and not _breaks_inside(waves, Cell("average", name)):
            found.append(name)
        else:
            left.append(f"averages.{name}")
    return tuple(found)


def _poolable_domains(
    waves: Waves, asked: Sequence[str], left: list[str]
) -> tuple[list[str], list[Finding]]:
    """Return the domains with the same categories in all years, and what is to be known of them."""
    found: list[str] = []
    findings: list[Finding] = [*refuse_other_categories(waves, [])]  # of populations
    for name in waves.schema.domains:
        try:
            renamed = refuse_other_categories(waves, [name])
            _refuse_other_codes(waves, name)
        except EstimationError:
            if name in asked:
                raise
            left.append(f"domains.{name}")
            continue
        found.append(name)
        findings += [each for each in renamed if each not in findings]
    return found, findings


def _refuse_other_codes(waves: Waves, domain: str) -> None:
    """Refuse a domain of which some years lack a code: its people would be other years' alone."""
    codes = {year: _codes(survey.schema, domain) for year, survey in waves.surveys.items()}
    shared = set[str].intersection(*map(set, codes.values()))
    odd = sorted(set(chain.from_iterable(codes.values())) - shared)
    if odd:
        raise EstimationError("DI-E392", domain=domain, codes=odd, years=list(codes))


def _codes(schema: SurveySchema, domain: str) -> list[str]:
    """Return the codes that a domain declares; none where those of the data count."""
    definition = schema.domains[domain]
    codes = definition.bands or schema.variables[definition.variable].codes
    return [code_text(code) for code in codes]


def _declared_alike(schemas: Sequence[SurveySchema]) -> list[str]:
    """Return the variables whose answers mean the same in all years; none that identify."""
    last = schemas[-1].variables
    alike = {
        name
        for name, variable in last.items()
        if variable.type != "text"
        and all(
            name in schema.variables and _are_alike(schema.variables[name], variable)
            for schema in schemas
        )
    }
    while True:  # who was not asked must be told by variables that are alike too
        led = {
            name
            for name in alike
            if (where := last[name].asked_if) is None or variables_of(where) <= alike
        }
        if led == alike:
            return [name for name in last if name in alike]
        alike = led


def _are_alike(variable: Variable, last: Variable) -> bool:
    facts, of_last = (
        (
            *(each.type, each.is_text, set(each.codes), each.range, set(each.missing)),
            *(set(each.skip_codes), each.skip_means, each.asked_if),
        )
        for each in (variable, last)
    )
    # A label that another code has in the last year: the codes were put into another order.
    labels = {text.ko: code for code, text in last.codes.items() if text is not None}
    moved = [
        code
        for code, text in variable.codes.items()
        if text is not None and labels.get(text.ko, code) != code
    ]
    return facts == of_last and not moved


def _items_in_use(schema: SurveySchema) -> dict[str, Item]:
    used = [
        name
        for dimension in schema.dimensions.values()
        for indicator in dimension.indicators.values()
        for name in indicator.items
    ]
    return {name: schema.items[name] for name in dict.fromkeys(used)}


def _refuse_uneven_weights(waves: Waves) -> None:
    """Refuse years of which only some have weights, or weights of another scale."""
    totals: dict[str | None, dict[int, float]] = {}
    for year, survey in waves.surveys.items():
        for label, total in _weight_totals(survey).items():
            totals.setdefault(label, {})[year] = total
    some = {survey.schema.design.weight is None for survey in waves.surveys.values()}
    for each in totals.values():
        if len(some) > 1 or max(each.values()) > _UNEVEN * min(each.values()):
            sums = [f"{total:.0f}" for total in each.values()]
            raise EstimationError("DI-E395", years=[*each], totals=sums)


def _weight_totals(survey: Survey) -> dict[str | None, float]:
    """Return the sum of weights of the reference, as None, and of each sample."""
    schema = survey.schema
    inside = engine.mask(survey.frame, schema.reference.where, schema)
    weight = schema.design.weight
    weights = np.ones(inside.size) if weight is None else engine.values(survey.frame, weight)
    totals: dict[str | None, float] = {None: float(weights[inside].sum())}
    for label, total in zip(_samples(survey), survey.psus.weights.tolist(), strict=True):
        totals[label] = totals.get(label, 0.0) + total
    return totals


def _samples(survey: Survey) -> list[str]:
    """Return the sample of each PSU, as the schema tells samples apart, length ``P``."""
    variable = survey.schema.design.sample
    if variable is None:
        return [""] * survey.design.psus
    return survey.psu_labels(variable)


# -- the schema of the pool --------------------------------------------------------------------


def _pooled_schema(plan: _Plan) -> SurveySchema:
    """Return the last year's schema, its populations, domains and items as variables."""
    last = plan.waves.schema
    metadata = last.survey.model_copy(
        update={
            "year": None,
            "reference_date": None,
            "fieldwork": None,
            "response_rate": None,
            "synthetic": last.survey.synthetic if last.survey.synthetic in plan.kept else None,
        }
    )
    where = {name: Compare(column, "==", 1) for name, column in plan.populations.items()}
    return last.model_copy(
        update={
            "survey": metadata,
            "files": {},
            "variables": _pooled_variables(plan),
            "design": DesignColumns(
                weight=plan.weight,
                strata=(plan.stratum,),
                psu=plan.psu,
                fpc=plan.fpc,
                sample=plan.sample,
            ).model_copy(update={"note": last.design.note}),
            "items": {
                name: item.model_copy(
                    update={
                        "of": plan.items[name],
                        "max_of": (),
                        "rule": "scale",
                        "goalposts": (0.0, 1.0),
                        "direction": "positive",
                        "scores": {},
                        "codes": (),
                    }
                )
                for name, item in _items_in_use(last).items()
            },
            "reference": last.reference.model_copy(update={"where": where[REFERENCE]}),
            "groups": {
                name: last.groups[name].model_copy(
                    update={"where": where[f"group:{name}"], "published": None}
                )
                for name in plan.groups
            },
            "averages": {
                name: last.averages[name].model_copy(update={"published": None})
                for name in plan.averages
            },
            "domains": {
                name: last.domains[name].model_copy(
                    update={"variable": column, "bands": {}, "band_labels": {}}
                )
                for name, column in plan.domains.items()
            },
            "decomposition": None,
            "target": None,
            "breaks": {},
        }
    )


def _pooled_variables(plan: _Plan) -> dict[str, Variable]:
    last = plan.waves.schema
    plain = {"column": None, "file": None}
    variables = {name: last.variables[name].model_copy(update=plain) for name in plan.kept}
    if plan.weight is not None:
        weight = last.variables[plan.weight]
        variables[plan.weight] = weight.model_copy(update={**plain, "range": None})
    labels = {REFERENCE: last.reference.label}
    labels |= {f"group:{name}": last.groups[name].label for name in plan.groups}
    for name, column in plan.populations.items():
        is_member = Variable(codes={0: None, 1: None})
        variables[column] = is_member.model_copy(update={"label": labels[name]})
    for name, column in plan.domains.items():
        variables[column] = _categories(last, name)
    for name, column in plan.items.items():
        scored = Variable(type="number", range=(0.0, 1.0))
        variables[column] = scored.model_copy(update={"label": last.items[name].label})
    texts = [name for name in (plan.sample, plan.stratum, plan.psu) if name is not None]
    variables |= {name: Variable(type="text") for name in texts}
    if plan.fpc is not None:
        variables[plan.fpc] = Variable(type="number")
    return variables


def _categories(schema: SurveySchema, domain: str) -> Variable:
    """Return the variable of a domain's categories: everybody has a valid one, or none."""
    definition = schema.domains[domain]
    source = schema.variables[definition.variable]
    if definition.bands:
        codes = {band: definition.band_labels.get(band) for band in definition.bands}
        made = Variable(codes=dict.fromkeys(codes))
        return made.model_copy(update={"codes": codes, "label": definition.label})
    if not source.codes:
        return Variable(type="text").model_copy(update={"label": definition.label})
    return source.model_copy(
        update={
            "column": None,
            "file": None,
            "register_shares": {},
            "missing": (),
            "asked_if": None,
            "skip_codes": (),
            "skip_means": None,
        }
    )


# -- the records of the pool -------------------------------------------------------------------


def _part(plan: _Plan, survey: Survey, design: Design, units: Indices) -> engine.Frame:
    """Return the records of one year as the pooled schema reads them.

    ``units`` says where the year's units stand in the design of all.
    """
    schema, frame = survey.schema, survey.frame
    own = engine.values(frame, UNIT).astype(np.intp)
    unit = units[own]
    psu = design.of_units(np.arange(design.psus))[unit]
    numbers: dict[str, Floats] = {}
    texts: dict[str, list[str | None]] = {
        plan.stratum: [str(stratum) for stratum in design.strata[psu].tolist()],
        plan.psu: [str(each) for each in psu.tolist()],
    }
    if plan.sample is not None:
        labels = np.array(_samples(survey), dtype=object)
        texts[plan.sample] = survey.design.of_units(labels)[own].tolist()
    if plan.fpc is not None:
        fraction = survey.design.sampling_fraction[survey.design.strata]
        numbers[plan.fpc] = survey.design.of_units(fraction)[own]
    if plan.weight is not None and schema.design.weight is not None:
        weights = engine.values(frame, schema.design.weight)
        numbers[plan.weight] = weights / len(plan.waves.years)
    wheres = {REFERENCE: schema.reference.where}
    wheres |= {f"group:{name}": schema.groups[name].where for name in plan.groups}
    for name, column in plan.populations.items():
        numbers[column] = engine.judged(frame, wheres[name], schema)
    for name, column in plan.domains.items():
        codes, position = _categories_of(survey, name)
        if not _categories(plan.waves.schema, name).is_text:
            known = np.array([*map(float, codes), np.nan])
            numbers[column] = known[position]
        else:
            named: list[str | None] = [*codes, None]
            texts[column] = [named[each] for each in position.tolist()]
    numbers |= _item_scores(plan, survey)
    return engine.pooled_part(frame, unit, kept=plan.kept, numbers=numbers, texts=texts)


def _categories_of(survey: Survey, domain: str) -> tuple[list[str], Indices]:
    """Return the codes of a domain in one year and each record's position among them, or -1."""
    schema = survey.schema
    rule = category_rule(schema, domain)
    return engine.categories(survey.frame, schema, key_column(schema, domain), rule)


def _item_scores(plan: _Plan, survey: Survey) -> dict[str, Floats]:
    """Return the scores of all items on 0-1 by the variable that is to hold them."""
    columns = {f"item:{name}": column for name, column in plan.items.items()}
    stages = score_stages(survey.schema)
    until = max(place for place, stage in enumerate(stages) if stage.keys() & columns.keys())
    scored = engine.apply_stages(survey.frame, survey.schema, stages[: until + 1], keep=[*columns])
    return {column: engine.values(scored, made) for made, column in columns.items()}


def _pooled_survey(
    plan: _Plan, schema: SurveySchema, stacked: StackedDesign, frame: engine.Frame
) -> Survey:
    surveys = [*plan.waves.surveys.values()]
    design = stacked.with_units()
    records, weights = np.zeros(design.psus), np.zeros(design.psus)
    labels = [""] * design.psus
    for survey, places in zip(surveys, stacked.places, strict=True):
        records[places] += survey.psus.records  # a year's PSUs stand at different places
        scale = 1.0 if plan.weight is None else 1 / len(surveys)
        weights[places] += survey.psus.weights * scale
        for place, label in zip(places.tolist(), _samples(survey), strict=True):
            labels[place] = label
    samples = np.unique(np.array(labels), return_inverse=True)[1].astype(np.intp)
    return Survey(
        frame=frame,
        schema=schema,
        design=design,
        psus=PsuTable(design.strata, samples, records, weights, design.stratum_labels, None),
        design_kind=next(kind for kind in _KINDS if kind in {s.design_kind for s in surveys}),
        findings=(
            Finding.of("DI-I390", years=plan.waves.years),
            *([Finding.of("DI-W392")] if plan.waves.samples == "panel" else []),
            *plan.waves.findings,
            *plan.findings,
            *(
                finding.within(str(year))
                for year, survey in plan.waves.surveys.items()
                for finding in survey.findings
            ),
        ),
        origins=tuple(chain.from_iterable(survey.origins for survey in surveys)),
        is_synthetic=any(survey.is_synthetic for survey in surveys),
        pooled=plan.waves.years,
    )


def _refuse_empty(plan: _Plan, scores: Scores) -> list[Finding]:
    """Refuse a population that a year has nobody of, and tell categories that one lacks."""
    sizes = [survey.records for survey in plan.waves.surveys.values()]
    year = np.repeat(np.array(plan.waves.years), sizes)
    schema, frame = scores.survey.schema, scores.frame
    ones = np.ones(year.size)
    weights = ones if plan.weight is None else engine.values(frame, plan.weight)
    scored = {
        name: (weights > 0) & ~np.isnan(engine.values(frame, dimension_column(name)))
        for name in schema.dimensions
    }
    for name, column in plan.populations.items():
        members = engine.values(frame, column) == 1
        for dimension, has_score in scored.items():
            there = set(year[members & has_score].tolist())
            lacking = [each for each in plan.waves.years if each not in there]
            if lacking:
                raise EstimationError(
                    "DI-E396",
                    population=name.removeprefix("group:"),
                    dimension=dimension,
                    years=lacking,
                )
    inside = engine.values(frame, plan.populations[REFERENCE]) == 1
    inside &= np.logical_or.reduce([*scored.values()])
    cells: list[str] = []
    for name, column in plan.domains.items():
        codes, position = engine.categories(frame, schema, column)
        for place, code in enumerate(codes):
            there = np.unique(year[inside & (position == place)])
            if 0 < there.size < len(sizes):
                cells.append(f"{name}/{code}")
    return [Finding.of("DI-W391", cells=cells)] if cells else []
