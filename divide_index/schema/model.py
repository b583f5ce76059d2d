"""A survey's schema whole: every name it uses exists, every set of weights sums to one.

Every number of the method (weight, goalpost, code, target) lives in a schema file. What nobody
has confirmed is marked ``assumed`` there, with its source and its alternatives.
"""

import difflib
from itertools import pairwise
from typing import Any, Literal, Self, cast

from pydantic import BaseModel, Field, model_validator

from divide_index.errors import SchemaError
from divide_index.schema.conditions import Condition, Constant, comparisons_of, variables_of
from divide_index.schema.nodes import Evidence, Lang, Name, Node, Text, sum_to_one, wrong
from divide_index.schema.parts import (
    OVERALL,
    Average,
    DesignColumns,
    Dimension,
    Domain,
    Group,
    Item,
    Population,
    SurveyMetadata,
    Target,
    Variable,
    code_text,
)

FORMAT = 1


class SurveySchema(Node):
    """A survey: its columns, its index, its populations."""

    format: int
    name: str
    title: Text
    language: str | None = None
    encoding: str | None = None
    unit: Literal["person", "household"] = "person"
    survey: SurveyMetadata
    variables: dict[Name, Variable]
    design: DesignColumns = Field(default_factory=DesignColumns)
    items: dict[Name, Item]
    dimensions: dict[Name, Dimension]
    formula: Literal["weighted_ratios", "ratio_of_composites"] = "weighted_ratios"
    reference: Population
    groups: dict[Name, Group] = Field(default_factory=dict)
    averages: dict[Name, Average] = Field(default_factory=dict)
    domains: dict[Name, Domain] = Field(default_factory=dict)
    target: Target | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        sum_to_one({name: part.weight for name, part in self.dimensions.items()}, "dimensions")
        reserved = {OVERALL, "total", "group", "average", "where"}
        self._known([*self.dimensions, *self.domains], reserved, "names", want=False)
        self._known(self._variable_uses(), self.variables, "variables")
        self._known(self._item_uses(), self.items, "items")
        self._known(
            [name for a in self.averages.values() for name in a.members], self.groups, "groups"
        )
        if self.target is not None:
            self._known([self.target.group, *self.target.applies_to], self.groups, "groups")
            self._known([self.target.dimension], [*self.dimensions, OVERALL], "dimensions")
        for name, item in self.items.items():
            self._item_fits_its_variables(name, item)
        for condition in self._conditions():
            self.check_condition(condition)
        self._columns_are_distinct()
        self._domains_can_be_cut()
        return self

    def column_of(self, variable: str) -> str:
        """Return the header under which a variable stands in the file."""
        return self.variables[variable].column or variable

    def category_label(self, domain: str, code: str, lang: Lang) -> str:
        """Return the label of one category of a domain, the code itself where it has none."""
        definition = self.domains[domain]
        label = definition.band_labels.get(code)
        if label is None:
            codes = self.variables[definition.variable].codes
            label = next((text for key, text in codes.items() if code_text(key) == code), None)
        return code if label is None else label.of(lang)

    def check_condition(self, condition: Condition) -> None:
        """Refuse a condition on variables or codes that the schema does not declare.

        Raises
        ------
        SchemaError
            With the nearest variable, or the valid codes.
        """
        for comparison in comparisons_of(condition):
            variable, value = comparison.variable, comparison.value
            declared = self.variables.get(variable)
            if declared is None:
                near = difflib.get_close_matches(variable, self.variables, n=3, cutoff=0.4)
                raise SchemaError("DI-E109", variable=variable, nearest=near or [*self.variables])
            is_code = comparison.operator in {"==", "!="} and declared.type == "code"
            if isinstance(value, str) != declared.is_text or (
                is_code and value not in declared.codes
            ):
                raise SchemaError(
                    "DI-E110", variable=variable, value=repr(value), valid=[*declared.codes]
                )

    def assumptions(self) -> list[tuple[str, Evidence]]:
        """Return every assumed element with the path at which it stands."""
        found: list[tuple[str, Evidence]] = []
        _collect_assumptions(self, "", found)
        return found

    def element_label(self, path: str, lang: Lang) -> str:
        """Return an element of the schema by the labels that lead to it."""
        node: Any = self
        labels: list[str] = []
        for step in path.split("."):
            node = getattr(node, step) if isinstance(node, BaseModel) else node[step]
            label = getattr(node, "label", None)
            if isinstance(label, Text):
                labels.append(label.of(lang))
        return " / ".join(labels) or path

    def _conditions(self) -> list[Condition]:
        wheres = [self.reference.where, *(group.where for group in self.groups.values())]
        asked = [variable.asked_if for variable in self.variables.values()]
        return [condition for condition in (*wheres, *asked) if condition is not None]

    def _variable_uses(self) -> list[str]:
        design = self.design
        columns = [design.weight, *design.strata, design.psu, design.fpc, design.sample, design.id]
        return [
            *(name for name in (*columns, self.survey.synthetic) if name is not None),
            *(name for item in self.items.values() for name in item.variables),
            *(domain.variable for domain in self.domains.values()),
            *(name for condition in self._conditions() for name in variables_of(condition)),
        ]

    def _item_uses(self) -> list[str]:
        return [
            item
            for dimension in self.dimensions.values()
            for indicator in dimension.indicators.values()
            for item in indicator.items
        ]

    def _known(self, names: list[str], known: Any, what: str, *, want: bool = True) -> None:  # noqa: ANN401
        for name in names:
            if (name in known) != want:
                near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
                if want:
                    raise wrong("DI-E111", key=name, what=what, nearest=near)
                raise wrong("DI-E161", key=name)

    def _item_fits_its_variables(self, name: str, item: Item) -> None:
        for variable in item.variables:
            declared = self.variables[variable]
            if declared.type == "text":
                raise wrong("DI-E162", item=name, variable=variable)
            if declared.type == "number" and item.rule != "scale":
                raise wrong("DI-E163", item=name, variable=variable)
            odd = self._codes_without_score(item, declared)
            if odd:
                raise wrong("DI-E164", item=name, variable=variable, codes=odd)

    @staticmethod
    def _codes_without_score(item: Item, variable: Variable) -> list[Constant | None]:
        if item.goalposts is None:
            scored = item.scores if item.rule == "map" else variable.codes
            return [
                *(code for code in variable.codes if code not in scored),
                *(code for code in (*item.scores, *item.codes) if code not in variable.codes),
            ]
        low, high = item.goalposts
        if variable.type == "number":
            bounds = variable.range or (None, None)
            return [b for b in bounds if b is None or not low <= b <= high]
        return [c for c in variable.codes if isinstance(c, str) or not low <= c <= high]

    def _columns_are_distinct(self) -> None:
        columns = [self.column_of(name) for name in self.variables]
        for column in columns:
            if columns.count(column) > 1:
                raise wrong("DI-E165", column=column)

    def _domains_can_be_cut(self) -> None:
        for name, domain in self.domains.items():
            is_number = self.variables[domain.variable].type == "number"
            if domain.bands and not is_number:
                raise wrong("DI-E166", domain=name)
            if domain.band_labels and set(domain.band_labels) != set(domain.bands):
                raise wrong("DI-E167", domain=name)
            _bands_do_not_overlap(name, domain)


def _bands_do_not_overlap(name: str, domain: Domain) -> None:
    bounds = [
        (float("-inf") if low is None else low, float("inf") if high is None else high)
        for low, high in domain.bands.values()
    ]
    ordered = sorted(bounds)
    if any(low > high for low, high in bounds) or any(
        left[1] >= right[0] for left, right in pairwise(ordered)
    ):
        raise wrong("DI-E168", domain=name)


def _collect_assumptions(node: Any, path: str, found: list[tuple[str, Evidence]]) -> None:  # noqa: ANN401
    if isinstance(node, Evidence) and node.assumed:
        found.append((path, node))
    if isinstance(node, BaseModel):
        for name in type(node).model_fields:
            _collect_assumptions(getattr(node, name), f"{path}.{name}" if path else name, found)
    elif isinstance(node, dict):
        for name, part in cast("dict[str, Any]", node).items():
            _collect_assumptions(part, f"{path}.{name}", found)
