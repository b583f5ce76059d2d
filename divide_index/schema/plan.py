"""From a schema to the stages in which the engine scores: items, indicators, dimensions."""

from collections.abc import Iterable
from typing import Literal, get_args

from divide_index.schema.conditions import variables_of
from divide_index.schema.model import SurveySchema
from divide_index.schema.parts import OVERALL, DesignColumns, Indicator, Item
from divide_index.schema.rules import (
    AllCounted,
    Answer,
    Bands,
    Code,
    Count,
    IsFalse,
    ItemRule,
    Largest,
    Map,
    Mean,
    MeanOfAll,
    OnlyIf,
    Rule,
    Scale,
    Share,
    Stage,
    Sum,
    WeightedSum,
)

Variant = Literal["score", "zero", "complete", "answered"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)


def dimension_column(dimension: str, variant: Variant = "score") -> str:
    """Return the column of a dimension's person scores.

    ``zero`` counts missing answers as 0; ``complete`` holds people who have every dimension,
    ``answered`` has means of people who answered all their items.
    """
    return f"{variant}:{dimension}"


def answer_of(schema: SurveySchema, variable: str) -> Answer:
    """Return how the answers of a variable are read."""
    declared = schema.variables[variable]
    return Answer(
        variable=variable,
        missing=declared.missing,
        skip_codes=declared.skip_codes,
        unasked=None if declared.asked_if is None else f"unasked:{declared.asked_if}",
        skip_means=declared.skip_means,
    )


def category_rule(schema: SurveySchema, domain: str) -> Bands | None:
    """Return the rule that cuts a number into a domain's bands, None where codes serve as is."""
    definition = schema.domains[domain]
    if not definition.bands:
        return None
    bands = tuple((name, low, high) for name, (low, high) in definition.bands.items())
    return Bands(answer_of(schema, definition.variable), bands)


def score_stages(schema: SurveySchema, *, variants: bool = False) -> list[Stage]:
    """Return the scoring of a schema, in stages that each read the columns of earlier ones.

    Parameters
    ----------
    schema
        The survey's schema.
    variants
        Whether the scores under other treatments of item nonresponse are made too.

    Returns
    -------
    list of Stage
        The last stages make ``score:<dimension>`` and ``score:overall`` on 0-1, and the same
        under every other variant.
    """
    items = {name: item for name, item in schema.items.items() if name in _used_items(schema)}
    parts: Stage = {}
    combined: Stage = {}
    for name, item in items.items():
        if item.of is not None:
            parts[f"item:{name}"] = _item_rule(schema, item, item.of)
            continue
        columns = tuple(f"item:{name}:{variable}" for variable in item.max_of)
        for column, variable in zip(columns, item.max_of, strict=True):
            parts[column] = _item_rule(schema, item, variable)
        combined[f"item:{name}"] = Largest(columns)
    gathered = [_gathered(schema, "score")]
    if variants:
        gathered += [_gathered(schema, "zero"), _gathered(schema, "answered")]
    stages = [_routing(schema, items.values()), parts, combined, _sums(schema)]
    stages += [_joined(same) for same in zip(*gathered, strict=True)]
    if variants:
        stages += _complete(schema)
    return [stage for stage in stages if stage]


def _joined(stages: Iterable[Stage]) -> Stage:
    return {column: rule for stage in stages for column, rule in stage.items()}


def _routing(schema: SurveySchema, items: Iterable[Item]) -> Stage:
    """Return the masks of who was not asked, one for each condition in use."""
    asked = {
        condition
        for item in items
        for name in item.variables
        if (condition := schema.variables[name].asked_if) is not None
    }
    return {
        f"unasked:{condition}": IsFalse(
            condition, tuple(sorted(variables_needed(schema, variables_of(condition))))
        )
        for condition in asked
    }


def _sums(schema: SurveySchema) -> Stage:
    """Return the sums and counts of answered items that every variant of a score is made of."""
    stage: Stage = {}
    for name, dimension in schema.dimensions.items():
        for part, indicator in dimension.indicators.items():
            columns = tuple(f"item:{each}" for each in indicator.items)
            stage[f"count:{name}.{part}"] = Count(columns)
            if indicator.rule != "any":
                weights = (
                    tuple(indicator.items.values()) if isinstance(indicator.items, dict) else None
                )
                stage[f"sum:{name}.{part}"] = Sum(columns, weights)
    return stage


def _complete(schema: SurveySchema) -> list[Stage]:
    """Return the scores of people who have every dimension."""
    every = tuple(dimension_column(name) for name in schema.dimensions)
    return [
        {"count:dimensions": Count(every)},
        {"has:complete": AllCounted((("count:dimensions", len(every)),))},
        {
            dimension_column(name, "complete"): OnlyIf(dimension_column(name), "has:complete")
            for name in (*schema.dimensions, OVERALL)
        },
    ]


def variables_needed(schema: SurveySchema, names: Iterable[str]) -> set[str]:
    """Return variables with all that decide, however far back, whether they were asked."""
    needed: set[str] = set()
    found = set(names)
    while found:
        needed |= found
        wheres = [schema.variables[name].asked_if for name in found]
        found = {name for where in wheres if where is not None for name in variables_of(where)}
        found -= needed
    return needed


def used_in_conditions(schema: SurveySchema) -> set[str]:
    """Return the variables that populations and routings rest on."""
    return {name for _, where in schema.conditions() for name in variables_of(where)}


def scoring_part(schema: SurveySchema) -> SurveySchema:
    """Return a schema with only the variables that scores are made of."""
    used = {name for item in _used_items(schema) for name in schema.items[item].variables}
    used |= variables_needed(schema, used)
    return schema.model_copy(
        update={
            "variables": {name: v for name, v in schema.variables.items() if name in used},
            "files": {},
            "design": DesignColumns(),
            "domains": {},
        }
    )


def _gathered(schema: SurveySchema, variant: Variant) -> list[Stage]:
    """Return the stages of a variant: indicators, dimensions, composite."""
    indicators: Stage = {}
    dimensions: Stage = {}
    for name, dimension in schema.dimensions.items():
        terms: list[tuple[str, float]] = []
        for part, indicator in dimension.indicators.items():
            column = f"{variant}:{name}.{part}"
            indicators[column] = _indicator_rule(indicator, f"{name}.{part}", variant)
            terms.append((column, indicator.weight))
        dimensions[dimension_column(name, variant)] = WeightedSum(tuple(terms))
    composite = tuple(
        (dimension_column(name, variant), part.weight) for name, part in schema.dimensions.items()
    )
    return [indicators, dimensions, {dimension_column(OVERALL, variant): WeightedSum(composite)}]


def _indicator_rule(indicator: Indicator, name: str, variant: Variant) -> Rule:
    columns = tuple(f"item:{each}" for each in indicator.items)
    if indicator.rule == "any":
        return Largest(columns, missing_as_zero=variant == "zero")
    if isinstance(indicator.items, dict):
        if variant == "zero":
            return MeanOfAll(f"sum:{name}", 1)
        return WeightedSum(tuple(zip(columns, indicator.items.values(), strict=True)))
    if variant == "zero":
        return MeanOfAll(f"sum:{name}", len(columns))
    least = len(columns) if variant == "answered" else 1
    return Mean(f"sum:{name}", f"count:{name}", least)


def _used_items(schema: SurveySchema) -> set[str]:
    return {
        item
        for dimension in schema.dimensions.values()
        for indicator in dimension.indicators.values()
        for item in indicator.items
    }


def _item_rule(schema: SurveySchema, item: Item, variable: str) -> ItemRule:
    answer = answer_of(schema, variable)
    if item.goalposts is not None:
        low, high = item.goalposts
        return (
            Scale(answer, high, low) if item.direction == "negative" else Scale(answer, low, high)
        )
    if item.rule == "map":
        return Map(answer, tuple(item.scores.items()))
    return Share(answer, _ordered(item.codes))


def _ordered(codes: tuple[Code, ...]) -> tuple[Code, ...]:
    return tuple(dict.fromkeys(codes))
