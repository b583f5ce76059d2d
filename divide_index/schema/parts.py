"""The parts of a schema: variables, items, indicators, dimensions, populations, target."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from divide_index.schema.nodes import (
    Code,
    Evidence,
    Name,
    Node,
    Number,
    Text,
    Weight,
    Where,
    sum_to_one,
    wrong,
)

OVERALL = "overall"


def code_text(code: object) -> str:
    """Return a code as results write it: 1.0 is the code 1."""
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)


class Variable(Evidence):
    """One column of the data: its type, valid codes, missing codes and routing."""

    column: str | None = None
    type: Literal["code", "number", "text"] = "code"
    label: Text | None = None
    file: str | None = None  # the joined file it stands in
    codes: dict[Code, Text | None] = Field(default_factory=dict)
    register_shares: dict[Code, Annotated[Number, Field(ge=0, le=1)]] = Field(default_factory=dict)
    range: tuple[Number | None, Number | None] | None = None
    missing: tuple[Code, ...] = ()
    asked_if: Where | None = None
    skip_codes: tuple[Code, ...] = ()
    skip_means: Annotated[Number, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.type == "code" and not self.codes:
            raise wrong("DI-E146")
        if self.type != "code" and self.codes:
            raise wrong("DI-E147")
        if self.range is not None and self.type != "number":
            raise wrong("DI-E148")
        kinds = {isinstance(code, str) for code in (*self.codes, *self.missing, *self.skip_codes)}
        if len(kinds) > 1 or (kinds and self.type == "number" and kinds != {False}):
            raise wrong("DI-E149")
        declared = [*self.codes, *self.missing, *self.skip_codes]
        if len(set(declared)) < len(declared):
            raise wrong("DI-E150")
        if not set(self.register_shares) <= set(self.codes):
            raise wrong("DI-E180", codes=sorted(map(str, set(self.register_shares) - {*self.codes})))
        routed = self.asked_if is not None or bool(self.skip_codes)
        if routed != (self.skip_means is not None):
            raise wrong("DI-E151")
        return self

    @property
    def is_text(self) -> bool:
        """Whether its codes are words rather than numbers."""
        if self.type == "code":
            return any(isinstance(code, str) for code in self.codes)
        return self.type == "text"


class SurveyFile(Node):
    """One file of a survey: how it is laid out, and how it meets the others.

    Files without ``join`` are stacked, one sample each. A file with ``join`` adds the variables
    that name it to the records of another: one record there for many here, matched by the
    variables ``on``. A file with ``part_of`` repeats records of another and is never read.
    """

    label: Text | None = None
    encoding: str | None = None
    delimiter: Literal[",", ";", "\t", "|"] = ","
    decimal: Literal[".", ","] = "."
    header_row: Annotated[int, Field(strict=True, ge=1)] = 1
    sheet: str | None = None
    columns: dict[Name, str] = Field(default_factory=dict)
    constants: dict[Name, Code] = Field(default_factory=dict)
    absent: tuple[str, ...] = ()
    join: str | None = None
    on: tuple[str, ...] = ()
    part_of: str | None = None

    @model_validator(mode="after")
    def _is_one_kind_of_file(self) -> Self:
        if bool(self.on) != (self.join is not None) or (self.join and self.part_of):
            raise wrong("DI-E181")
        if self.delimiter == self.decimal:
            raise wrong("DI-E182")
        named = [*self.columns, *self.constants, *self.absent]
        if len(set(named)) < len(named):
            raise wrong("DI-E183", variables=sorted({n for n in named if named.count(n) > 1}))
        return self


class Item(Evidence):
    """A question's score on 0-1: answers placed by a rule."""

    of: str | None = None
    max_of: tuple[str, ...] = ()
    rule: Literal["scale", "map", "share"]
    goalposts: tuple[Number, Number] | None = None
    direction: Literal["positive", "negative"] = "positive"
    scores: dict[Code, Annotated[Number, Field(ge=0, le=1)]] = Field(default_factory=dict)
    codes: tuple[Code, ...] = ()
    label: Text | None = None

    @model_validator(mode="after")
    def _has_what_its_rule_needs(self) -> Self:
        if (self.of is None) == (not self.max_of):
            raise wrong("DI-E152")
        given = {
            "scale": self.goalposts is not None,
            "map": bool(self.scores),
            "share": bool(self.codes),
        }
        if [rule for rule, is_given in given.items() if is_given] != [self.rule]:
            raise wrong("DI-E153")
        if self.goalposts is not None and not self.goalposts[0] < self.goalposts[1]:
            raise wrong("DI-E154")
        if self.direction == "negative" and self.rule != "scale":
            raise wrong("DI-E155")
        return self

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables its score is made of."""
        return self.max_of if self.of is None else (self.of,)


class Indicator(Evidence):
    """Items gathered into one score; ``weighted`` takes item: weight."""

    weight: Weight
    rule: Literal["mean", "any", "weighted"] = "mean"
    items: tuple[str, ...] | dict[str, Weight]
    label: Text | None = None

    @model_validator(mode="after")
    def _has_weights_only_if_weighted(self) -> Self:
        if isinstance(self.items, dict) != (self.rule == "weighted"):
            raise wrong("DI-E156")
        if not self.items:
            raise wrong("DI-E157")
        if isinstance(self.items, dict):
            sum_to_one(self.items, "items")
        elif len(set(self.items)) < len(self.items):
            raise wrong("DI-E158")
        return self


class Dimension(Evidence):
    """A dimension of the index: indicators and their weights."""

    weight: Weight
    label: Text
    indicators: dict[Name, Indicator]

    @model_validator(mode="after")
    def _weights_sum_to_one(self) -> Self:
        sum_to_one({name: part.weight for name, part in self.indicators.items()}, "indicators")
        return self


class DesignColumns(Node):
    """The variables of the sampling design; what is absent is stated in every output."""

    weight: str | None = None
    strata: tuple[str, ...] = ()
    psu: str | None = None
    fpc: str | None = None
    sample: str | None = None
    id: str | None = None
    note: Text | None = None

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Sample, strata and PSU: together they name a PSU."""
        return tuple(name for name in (self.sample, *self.strata, self.psu) if name is not None)


class Population(Evidence):
    """The people a condition selects; without one, everybody."""

    label: Text
    where: Where | None = None


class Group(Evidence):
    """A target population."""

    label: Text
    where: Where


class Average(Evidence):
    """A population-weighted mean of groups' levels.

    ``members`` gives each group its population total, or the word ``estimated`` to take the
    totals from the weights (their sampling error then counts).
    """

    label: Text
    members: dict[str, Annotated[Number, Field(gt=0)] | Literal["estimated"]]

    @model_validator(mode="after")
    def _totals_are_of_one_kind(self) -> Self:
        if len(self.members) < 2:  # noqa: PLR2004
            raise wrong("DI-E159")
        if len({isinstance(total, str) for total in self.members.values()}) > 1:
            raise wrong("DI-E160")
        return self


class Domain(Evidence):
    """A partition of the population: the codes of a variable, or bands of a number."""

    label: Text
    variable: str
    bands: dict[str, tuple[Number | None, Number | None]] = Field(default_factory=dict)
    band_labels: dict[str, Text] = Field(default_factory=dict)


class Target(Evidence):
    """The policy target: a level of a group in a dimension by a year."""

    group: str
    dimension: str = OVERALL
    level: Number
    year: int
    applies_to: tuple[str, ...] = ()
    label: Text | None = None


class SurveyMetadata(Node):
    """What a publication says about the survey."""

    name: Text
    year: int | None = None
    approval_number: str | None = None
    legal_basis: Text | None = None
    population: Text | None = None
    reference_date: str | None = None
    fieldwork: str | None = None
    response_rate: Number | None = None
    contact: str | None = None
    licence: str | None = None
    source: str | None = None
    synthetic: str | None = None  # the variable that marks synthetic records
