"""A survey's schema whole: every name it uses exists, every set of weights sums to one.

Every number of the method (weight, goalpost, code, target) lives in a schema file. What nobody
has confirmed is marked ``assumed`` there, with its source and its alternatives.
"""

import difflib
from collections.abc import Container, Iterable, Iterator
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeAlias, cast

from pydantic import BaseModel, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from divide_index.errors import SchemaError
from divide_index.schema.conditions import Condition, Constant, comparisons_of, variables_of
from divide_index.schema.nodes import (
    Evidence,
    Lang,
    Name,
    Node,
    Text,
    Where,
    sum_to_one,
    wrong,
)
from divide_index.schema.parts import (
    OVERALL,
    Average,
    Break,
    Decomposition,
    DesignColumns,
    Dimension,
    Domain,
    Factor,
    Group,
    Item,
    Population,
    SurveyFile,
    SurveyMetadata,
    Target,
    Variable,
    code_text,
)

FORMAT = 1
Contradiction: TypeAlias = PydanticCustomError | SchemaError

# Words of the results that a domain's own column or rows must not be mistaken for.
_RESULT_COLUMNS = {
    *("total", "group", "average", "where", "domain", "category", "category_label", "dimension"),
    *("measure", "treatment", "n", "psus", "level", "mean", "std_error", "conf_low", "conf_high"),
    *("df", "target_gap", "flag", "interaction", OVERALL),
}


# Words of a decomposition that a factor must not be mistaken for.
_RESULT_PARTS = {"total", "constant", "interaction", "scores"}


class SurveySchema(Node):
    """A survey: its columns, its index, its populations."""

    format: Annotated[int, Field(strict=True, ge=1, le=FORMAT)]
    """The version of this format: 1."""
    name: str
    """The schema's name, that of its file."""
    title: Text
    """A title in both languages."""
    language: str | None = None
    """The language of the data, such as ko; with ko, files may be in CP949."""
    encoding: str | None = None
    """Text encoding of the files, where it is neither UTF-8 nor marked."""
    unit: Literal["person", "household"] = "person"
    """What one record is."""
    survey: SurveyMetadata
    """What a publication says about the survey."""
    files: dict[Name, SurveyFile] = Field(default_factory=dict)
    """The survey's files by name; left out where there is a single plain one."""
    variables: dict[Name, Variable]
    """The columns that are used, by the name they have in this schema."""
    design: DesignColumns = Field(default_factory=DesignColumns)
    """The variables of the sampling design."""
    response: Where | None = None
    """Who responded, as a condition, where others have a record too: status == 1."""
    items: dict[Name, Item]
    """Questions turned into scores, by name."""
    dimensions: dict[Name, Dimension]
    """The index: dimensions, their indicators, and the items of these."""
    formula: Literal["weighted_ratios", "ratio_of_composites"] = "weighted_ratios"
    """How dimensions make the overall level."""
    reference: Population
    """The population whose level is 100."""
    groups: dict[Name, Group] = Field(default_factory=dict)
    """Target populations, by name."""
    averages: dict[Name, Average] = Field(default_factory=dict)
    """Averages of groups' levels, by name."""
    domains: dict[Name, Domain] = Field(default_factory=dict)
    """Partitions of the population: region, area, age group."""
    decomposition: Decomposition | None = None
    """What groups may differ in, for :func:`divide_index.decompose_gap`."""
    target: Target | None = None
    """The policy target."""
    breaks: dict[Name, Break] = Field(default_factory=dict)
    """Years from which levels do not continue those before, by name: never tested across."""

    @model_validator(mode="after")
    def _parts_fit(self, info: ValidationInfo) -> Self:
        """Refuse the first contradiction; who validates with a list as context is given all."""
        collected = cast("list[Contradiction] | None", info.context)
        for contradiction in self._contradictions():
            if collected is None:
                raise contradiction
            collected.append(contradiction)
        return self

    def _contradictions(self) -> Iterator[Contradiction]:
        """Yield what does not fit together; while a name is unknown, only that and its like."""
        names = [*self._wrong_names()]
        yield from names
        if names:
            return
        yield from self._design_of_other_types()
        for name, item in self.items.items():
            yield from self._misfits_of_item(name, item)
        for place, condition in self.conditions():
            try:
                self.check_condition(condition, place)
            except SchemaError as error:
                yield error
        yield from self._routing_in_circles()
        yield from self._misplaced_in_files()
        yield from self._repeated_columns()
        yield from self._domains_that_cannot_be_cut()

    def _wrong_names(self) -> Iterator[Contradiction]:
        try:
            sum_to_one({name: part.weight for name, part in self.dimensions.items()}, "dimensions")
        except PydanticCustomError as error:
            yield error
        for name in self.dimensions:
            yield from _reserved(f"dimensions.{name}", name, {OVERALL})
        for name in self.domains:
            yield from _reserved(f"domains.{name}", name, _RESULT_COLUMNS)
        for name in self._factors():
            yield from _reserved(f"decomposition.factors.{name}", name, _RESULT_PARTS)
        for uses, known, what in (
            (self.variable_uses(), [*self.variables], "variables"),
            (self.item_uses(), [*self.items], "items"),
            (self._group_uses(), [*self.groups], "groups"),
            (self._domain_uses(), [*self.domains], "domains"),
        ):
            for place, name in uses:
                yield from _unknown(place, name, known, what)
        for key, each in self.breaks.items():
            if each.group is not None:
                known = [*self.groups, *self.averages]
                yield from _unknown(f"breaks.{key}.group", each.group, known, "groups")
        yield from self._wrong_target()

    def _wrong_target(self) -> Iterator[Contradiction]:
        target = self.target
        if target is None:
            return
        known = [*self.dimensions, OVERALL]
        yield from _unknown("target.dimension", target.dimension, known, "dimensions")
        for name in target.measures:
            yield from _unknown("target.measures", name, known, "dimensions")
        measures = [target.dimension, *target.measures]
        for name in dict.fromkeys(each for each in measures if measures.count(each) > 1):
            yield wrong("DI-E344", where="target.measures", key=name)
        for name, definition in target.definitions.items():
            place = f"target.definitions.{name}"
            if name == target.group:
                yield wrong("DI-E344", where=place, key=name)
            if definition.average is None:
                continue
            yield from _unknown(f"{place}.average", definition.average, self.averages, "averages")
            average = self.averages.get(definition.average)
            is_given = average is not None and "estimated" not in average.members.values()
            if is_given and definition.where is not None:
                yield wrong("DI-E343", where=place, average=definition.average)

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

    def tiles(self, domain: str) -> dict[str, tuple[int, int]]:
        """Return row and column of each category's tile; nothing for what is no map."""
        definition = self.domains[domain]
        placed = {} if definition.bands else self.variables[definition.variable].tiles
        return {code_text(code): place for code, place in placed.items()}

    def check_condition(self, condition: Condition, place: str = "where") -> None:
        """Refuse a condition on variables or codes that the schema does not declare.

        Parameters
        ----------
        condition
            From :func:`parse_condition`.
        place
            Where the condition stands, for the message.

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
                raise SchemaError(
                    "DI-E109", place=place, variable=variable, nearest=near or [*self.variables]
                )
            is_code = comparison.operator in {"==", "!="} and declared.type == "code"
            if isinstance(value, str) != declared.is_text or (
                is_code and value not in declared.codes
            ):
                raise SchemaError(
                    "DI-E110",
                    place=place,
                    variable=variable,
                    value=repr(value),
                    valid=[*declared.codes],
                )

    def assumptions(self) -> list[tuple[str, Evidence]]:
        """Return every assumed element with the path at which it stands."""
        return [(path, part) for path, part in self.evidence() if part.assumed]

    def evidence(self) -> list[tuple[str, Evidence]]:
        """Return every element of the method with the path at which it stands."""
        found: list[tuple[str, Evidence]] = []
        _collect_evidence(self, "", found)
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

    def conditions(self) -> list[tuple[str, Condition]]:
        """Return every condition with the place at which it stands."""
        wheres: dict[str, Condition | None] = {"reference.where": self.reference.where}
        wheres["response"] = self.response
        wheres |= {f"groups.{name}.where": group.where for name, group in self.groups.items()}
        wheres |= {f"variables.{name}.asked_if": v.asked_if for name, v in self.variables.items()}
        definitions = {} if self.target is None else self.target.definitions
        wheres |= {f"target.definitions.{name}.where": d.where for name, d in definitions.items()}
        return [(place, where) for place, where in wheres.items() if where is not None]

    def variable_uses(self) -> list[tuple[str, str]]:
        """Return every variable that is named, with the place that names it."""
        design = self.design
        columns = {
            "design.weight": design.weight,
            "design.psu": design.psu,
            "design.fpc": design.fpc,
            "design.sample": design.sample,
            "design.id": design.id,
            "survey.synthetic": self.survey.synthetic,
        }
        return [
            *((place, name) for place, name in columns.items() if name is not None),
            *(("design.strata", name) for name in design.strata),
            *(
                (f"decomposition.factors.{key}.variable", factor.variable)
                for key, factor in self._factors().items()
                if factor.variable is not None
            ),
            *(
                (f"items.{key}", name)
                for key, item in self.items.items()
                for name in item.variables
            ),
            *((f"domains.{key}.variable", domain.variable) for key, domain in self.domains.items()),
            *((place, name) for place, c in self.conditions() for name in sorted(variables_of(c))),
        ]

    def _design_of_other_types(self) -> Iterator[Contradiction]:
        kinds = [
            ("design.weight", self.design.weight, "number"),
            ("design.fpc", self.design.fpc, "number"),
            ("survey.synthetic", self.survey.synthetic, "code"),
        ]
        for place, variable, kind in kinds:
            if variable is not None and self.variables[variable].type != kind:
                yield wrong("DI-E169", where=place, variable=variable, type=kind)
        for key, factor in self._factors().items():
            name = factor.variable
            if name is not None and self.variables[name].type == "text":
                place = f"decomposition.factors.{key}.variable"
                yield wrong("DI-E169", where=place, variable=name, type="code, number")

    def item_uses(self) -> list[tuple[str, str]]:
        """Return every item that is named, with the place that names it."""
        return [
            (f"dimensions.{name}.indicators.{part}.items", item)
            for name, dimension in self.dimensions.items()
            for part, indicator in dimension.indicators.items()
            for item in indicator.items
        ]

    def _group_uses(self) -> list[tuple[str, str]]:
        uses = [
            (f"averages.{name}.members", member)
            for name, average in self.averages.items()
            for member in average.members
        ]
        if self.target is not None:
            uses.append(("target.group", self.target.group))
            uses += [("target.applies_to", name) for name in self.target.applies_to]
            uses += [
                (f"target.definitions.{name}.group", definition.group)
                for name, definition in self.target.definitions.items()
                if definition.group is not None
            ]
        for key, factor in self._factors().items():
            uses += [(f"decomposition.factors.{key}.not_for", name) for name in factor.not_for]
        return uses

    def _factors(self) -> dict[str, Factor]:
        return {} if self.decomposition is None else self.decomposition.factors

    def _domain_uses(self) -> list[tuple[str, str]]:
        cells = () if self.decomposition is None else self.decomposition.cells
        return [
            *(("decomposition.cells", name) for name in cells),
            *(
                (f"decomposition.factors.{key}.domain", factor.domain)
                for key, factor in self._factors().items()
                if factor.domain is not None
            ),
        ]

    def _misfits_of_item(self, name: str, item: Item) -> Iterator[Contradiction]:
        where = f"items.{name}"
        for variable in item.variables:
            declared = self.variables[variable]
            if declared.type == "text":
                yield wrong("DI-E162", where=where, item=name, variable=variable)
            elif declared.type == "number" and item.rule != "scale":
                yield wrong("DI-E163", where=where, item=name, variable=variable)
            elif odd := self._codes_without_score(item, declared):
                yield wrong("DI-E164", where=where, item=name, variable=variable, codes=odd)

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

    def _routing_in_circles(self) -> Iterator[Contradiction]:
        for start in self.variables:
            reached, found = set[str](), {start}
            while found:
                reached |= found
                wheres = [self.variables[name].asked_if for name in found]
                found = {n for where in wheres if where is not None for n in variables_of(where)}
                if start in found:
                    yield wrong("DI-E174", where=f"variables.{start}.asked_if", variable=start)
                found -= reached

    def _misplaced_in_files(self) -> Iterator[Contradiction]:
        joined = {name for name, file in self.files.items() if file.join is not None}
        stacked = {name for name, file in self.files.items() if not (file.join or file.part_of)}
        if self.files and not stacked:
            yield wrong("DI-E184", where="files")
        for name, file in self.files.items():
            for key, other in (("join", file.join), ("part_of", file.part_of)):
                if other is not None:
                    yield from _unknown(f"files.{name}.{key}", other, stacked, "files")
        for name, variable in self.variables.items():
            if variable.file is not None:
                yield from _unknown(f"variables.{name}.file", variable.file, joined, "files")
        for name, file in self.files.items():
            yield from self._misplaced_in_file(name, file)
            yield from self._misfits_of_file(name, file)

    def _misplaced_in_file(self, name: str, file: SurveyFile) -> Iterator[Contradiction]:
        here = {v for v, part in self.variables.items() if part.file == (file.join and name)}
        here |= set(file.key)
        if file.part_of is not None and file.part_of in self.files:
            others = self.files[file.part_of].constants
            for variable in file.constants:
                if variable not in others:
                    place = f"files.{name}.constants"
                    yield wrong("DI-E230", where=place, variable=variable, file=file.part_of)
        for key in ("columns", "constants", "absent", "key"):
            for variable in getattr(file, key):
                place = f"files.{name}.{key}"
                yield from _unknown(place, variable, self.variables, "variables")
                if variable in self.variables and variable not in here:
                    yield wrong("DI-E185", where=place, variable=variable, file=name)

    def _misfits_of_file(self, name: str, file: SurveyFile) -> Iterator[Contradiction]:
        known = self.variables
        other = self.files.get(file.join or file.part_of or "", file)
        columnless = {*file.constants, *file.absent, *other.constants, *other.absent}
        for variable in file.key:
            is_named = variable in known and not (known[variable].file or variable in columnless)
            if variable in known and not (is_named and known[variable].type == "text"):
                yield wrong("DI-E186", where=f"files.{name}.key", variable=variable)
        design = [*self.design.identifiers, self.design.weight, self.design.fpc, self.design.id]
        for variable in file.absent:
            if variable in design:
                yield wrong("DI-E187", where=f"files.{name}.absent", variable=variable)
        for variable, value in file.constants.items():
            if variable in known and not _fits(value, known[variable]):
                place = f"files.{name}.constants"
                yield wrong("DI-E188", where=place, variable=variable, value=str(value))

    def _repeated_columns(self) -> Iterator[Contradiction]:
        for file in self.files or {None: None}:
            columns = [*columns_of(self, file).values()]
            for column in dict.fromkeys(columns):
                if columns.count(column) > 1:
                    yield wrong("DI-E165", column=column)

    def _domains_that_cannot_be_cut(self) -> Iterator[Contradiction]:
        for name, domain in self.domains.items():
            if domain.bands and self.variables[domain.variable].is_text:
                yield wrong("DI-E166", where=f"domains.{name}", domain=name)
            if domain.band_labels and set(domain.band_labels) != set(domain.bands):
                yield wrong("DI-E167", where=f"domains.{name}", domain=name)
            if _bands_overlap(domain):
                yield wrong("DI-E168", where=f"domains.{name}", domain=name)


def columns_of(schema: SurveySchema, file: str | None) -> dict[str, str]:
    """Return the headers of a schema's variables in one of its files, by variable.

    Parameters
    ----------
    schema
        A survey's schema.
    file
        A name in ``schema.files``; None where the survey is a single file of no name.
    """
    if file is None:
        return {name: schema.column_of(name) for name in schema.variables}
    layout = schema.files[file]
    if layout.part_of is not None:
        return {n: layout.columns.get(n) or schema.column_of(n) for n in layout.key}
    place = None if layout.join is None else file
    elsewhere = {*layout.constants, *layout.absent}
    return {
        name: layout.columns.get(name) or schema.column_of(name)
        for name, variable in schema.variables.items()
        if (variable.file == place and name not in elsewhere) or name in layout.key
    }


def _unknown(place: str, name: str, known: Iterable[str], what: str) -> Iterator[Contradiction]:
    names = [*known]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
        yield wrong("DI-E111", where=place, key=name, what=what, nearest=near)


def _reserved(place: str, name: str, reserved: Container[str]) -> Iterator[Contradiction]:
    if name in reserved:
        yield wrong("DI-E161", where=place, key=name)


def _fits(value: Constant, variable: Variable) -> bool:
    """Return whether a constant is a code of a variable, or a number where it has none."""
    if isinstance(value, str) != variable.is_text:
        return False
    codes = {*variable.codes, *variable.missing, *variable.skip_codes}
    return variable.type != "code" or value in codes


def _bands_overlap(domain: Domain) -> bool:
    """Return whether bands overlap or run backwards."""
    bounds = [
        (float("-inf") if low is None else low, float("inf") if high is None else high)
        for low, high in domain.bands.values()
    ]
    return any(low > high for low, high in bounds) or any(
        left[1] >= right[0] for left, right in pairwise(sorted(bounds))
    )


def _collect_evidence(node: Any, path: str, found: list[tuple[str, Evidence]]) -> None:  # noqa: ANN401
    if isinstance(node, Evidence):
        found.append((path, node))
    if isinstance(node, BaseModel):
        for name in type(node).model_fields:
            _collect_evidence(getattr(node, name), f"{path}.{name}" if path else name, found)
    elif isinstance(node, dict):
        for name, part in cast("dict[str, Any]", node).items():
            _collect_evidence(part, f"{path}.{name}", found)
