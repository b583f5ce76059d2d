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


Position = Annotated[int, Field(strict=True, ge=1, le=30)]


class Variable(Evidence):
    """One column of the data: its type, valid codes, missing codes and routing."""

    column: str | None = None
    """The header in the file, where it is not the variable's own name."""
    type: Literal["code", "number", "text"] = "code"
    """`code` has a list of valid codes, `number` is measured or counted, `text` is an
    identifier."""
    label: Text | None = None
    """The question or the quantity, in both languages."""
    file: str | None = None
    """The joined file it stands in; left out for the file of the records."""
    codes: dict[Code, Text | None] = Field(default_factory=dict)
    """Every valid code with its label. Texts in quotes, and quotes around yes, no, on, off."""
    register_shares: dict[Code, Annotated[Number, Field(ge=0, le=1)]] = Field(default_factory=dict)
    """Shares of the population by code, from a register: they only check the order of codes."""
    tiles: dict[Code, tuple[Position, Position]] = Field(default_factory=dict)
    """Row and column of each code's tile on a map of regions, counted from the north-west."""
    range: tuple[Number | None, Number | None] | None = None
    """The smallest and the largest valid number; null leaves an end open."""
    missing: tuple[Code, ...] = ()
    """Codes of no answer: don't know, refused. Not those of who was not asked."""
    asked_if: Where | None = None
    """Who is asked, as a condition: used == 1. Needs `skip_means`."""
    skip_codes: tuple[Code, ...] = ()
    """Codes of who was not asked. Needs `skip_means`."""
    skip_means: Annotated[Number, Field(ge=0, le=1)] | None = None
    """The score, 0 to 1, of who was not asked: a non-user is a 0, not a gap."""

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
            raise wrong(
                "DI-E180", codes=sorted(map(str, set(self.register_shares) - {*self.codes}))
            )
        places = [*self.tiles.values()]
        if self.tiles and (set(self.tiles) != set(self.codes) or len(set(places)) < len(places)):
            raise wrong("DI-E217")
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
    variables of ``key``. A file with ``part_of`` repeats records of another and is never stacked;
    with a ``key`` it marks those records: they take its ``constants``.
    """

    label: Text | None = None
    """What the file holds, in both languages."""
    encoding: str | None = None
    """Text encoding, such as cp949; left out, that of the schema."""
    delimiter: Literal[",", ";", "\t", "|"] = ","
    """The mark between the fields of a CSV file."""
    decimal: Literal[".", ","] = "."
    """The decimal mark of its numbers."""
    header_row: Annotated[int, Field(strict=True, ge=1)] = 1
    """The row, counted from 1, that holds the headers."""
    sheet: str | None = None
    """The sheet of a workbook; left out, the first."""
    columns: dict[Name, str] = Field(default_factory=dict)
    """This file's own headers, by variable."""
    constants: dict[Name, Code] = Field(default_factory=dict)
    """The value of a variable for all records of the file, by variable: its sample."""
    absent: tuple[str, ...] = ()
    """Variables that this file does not have; missing for its records."""
    join: str | None = None
    """The file whose records this one adds variables to. Needs `key`."""
    key: tuple[str, ...] = ()
    """The variables, of type text, that match records of the two files."""
    part_of: str | None = None
    """The file whose records this one repeats. With `key` and `constants` it marks them."""

    @model_validator(mode="after")
    def _is_one_kind_of_file(self) -> Self:
        if (self.join and self.part_of) or bool(self.key) != bool(self.join or self.marks):
            raise wrong("DI-E181")
        if self.delimiter == self.decimal:
            raise wrong("DI-E182")
        named = [*self.columns, *self.constants, *self.absent]
        if len(set(named)) < len(named):
            raise wrong("DI-E183", variables=sorted({n for n in named if named.count(n) > 1}))
        return self

    @property
    def marks(self) -> bool:
        """Whether it says which records of another file it repeats."""
        return self.part_of is not None and bool(self.key or self.constants)


class Item(Evidence):
    """A question's score on 0-1: answers placed by a rule."""

    of: str | None = None
    """The variable that is scored. Or give `max_of`."""
    max_of: tuple[str, ...] = ()
    """Variables of which the largest score counts."""
    rule: Literal["scale", "map", "share"]
    """`scale` places a number between `goalposts`, `map` takes `scores` by code, `share`
    scores 1 for the `codes` named and 0 for the others."""
    goalposts: tuple[Number, Number] | None = None
    """Rule scale: the numbers that score 0 and 1, the lower one first."""
    direction: Literal["positive", "negative"] = "positive"
    """Rule scale: negative where the lowest number is the best."""
    scores: dict[Code, Annotated[Number, Field(ge=0, le=1)]] = Field(default_factory=dict)
    """Rule map: the score, 0 to 1, of every valid code."""
    codes: tuple[Code, ...] = ()
    """Rule share: the codes that score 1."""
    label: Text | None = None
    """What the item measures, in both languages."""

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
    """Its weight in the dimension; the weights of a dimension's indicators sum to 1."""
    rule: Literal["mean", "any", "weighted"] = "mean"
    """`mean` of the items answered, `any` for the largest of them, `weighted` by the items'
    weights."""
    items: tuple[str, ...] | dict[str, Weight]
    """Items as a list, or item: weight for the rule weighted."""
    label: Text | None = None
    """What the indicator measures, in both languages."""

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
    """Its weight in the overall index; the weights of all dimensions sum to 1."""
    label: Text
    """Its name in both languages."""
    indicators: dict[Name, Indicator]
    """The indicators it is made of, by name."""

    @model_validator(mode="after")
    def _weights_sum_to_one(self) -> Self:
        sum_to_one({name: part.weight for name, part in self.indicators.items()}, "indicators")
        return self


class ReplicateColumns(Node):
    """Columns of replicate weights that come with the data, and what their spread is worth."""

    prefix: str
    """What their headers begin with; a number follows: repw in repw1, repw2."""
    kind: Literal["bootstrap", "jk1", "jkn", "brr", "fay", "acs"]
    """How they were made, as in R's svrepdesign."""
    fay: Annotated[Number, Field(ge=0, lt=1)] = 0
    """Fay's factor, with kind fay."""
    scale: Annotated[Number, Field(gt=0)] | None = None
    """What the sum of squares is multiplied by, in the place of the kind's own."""
    rscales: tuple[Annotated[Number, Field(ge=0)], ...] = ()
    """A factor for each replicate; needed with kind jkn."""


class DesignColumns(Node):
    """The variables of the sampling design; what is absent is stated in every output."""

    weight: str | None = None
    """The variable, of type number, of the sampling weights."""
    strata: tuple[str, ...] = ()
    """The variables whose combinations are the strata."""
    psu: str | None = None
    """The variable of the primary sampling units."""
    fpc: str | None = None
    """The variable of the finite population correction: a fraction, or PSUs in the stratum."""
    sample: str | None = None
    """The variable that tells independent samples apart."""
    id: str | None = None
    """The variable that identifies a respondent."""
    replicates: ReplicateColumns | None = None
    """Columns of replicate weights, for `--variance supplied`."""
    note: Text | None = None
    """What a reader must know about the design, in both languages."""

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Sample, strata and PSU: together they name a PSU."""
        return tuple(name for name in (self.sample, *self.strata, self.psu) if name is not None)


class Population(Evidence):
    """The people a condition selects; without one, everybody."""

    label: Text
    """The name in print, in both languages: General public."""
    where: Where | None = None
    """Who belongs to it, as a condition; left out, everybody."""


class Group(Evidence):
    """A target population."""

    label: Text
    """The name in print, in both languages."""
    where: Where
    """Who belongs to it, as a condition: area == 2 and age >= 65."""
    published: str | None = None
    """Its name in the packaged series of published levels, such as farmers_fishers."""


class Average(Evidence):
    """A population-weighted mean of groups' levels.

    ``members`` gives each group its population total, or the word ``estimated`` to take the
    totals from the weights (their sampling error then counts).
    """

    label: Text
    """The name in print, in both languages."""
    members: dict[str, Annotated[Number, Field(gt=0)] | Literal["estimated"]]
    """Population total by group, or the word `estimated` for each."""
    published: str | None = None
    """Its name in the packaged series of published levels, such as vulnerable_avg."""

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
    """The name in print, in both languages."""
    variable: str
    """The variable that cuts the population."""
    bands: dict[str, tuple[Number | None, Number | None]] = Field(default_factory=dict)
    """For a number: [lowest, highest] by band, both inside; null leaves an end open."""
    band_labels: dict[str, Text] = Field(default_factory=dict)
    """Labels of the bands, in both languages."""


class Factor(Node):
    """What may set groups apart: their composition by it is held against the reference's."""

    domain: str | None = None
    """The domain whose categories it has."""
    variable: str | None = None
    """In its stead a variable: codes are categories, a number enters as it is."""
    step: Annotated[int, Field(strict=True, ge=1)] = 1
    """When it enters the nested sets: what may be a consequence of another factor comes later."""
    not_for: tuple[str, ...] = ()
    """Groups that are defined by it: for them it is left out."""
    label: Text | None = None
    """The name in print, in both languages; by default the domain's or variable's."""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.domain is None) == (self.variable is None):
            raise wrong("DI-E280")
        return self


class Decomposition(Node):
    """Why groups lag: what is held against the reference, and inside which cells."""

    cells: tuple[str, ...] = ()
    """Domains whose crossed categories are the cells with an effect of their own: the place."""
    factors: dict[Name, Factor]
    """What groups may differ in, by name, in the order of print."""
    source: str | None = None
    """Why these factors and these cells."""


class Break(Evidence):
    """A year from which levels do not continue those of the years before."""

    year: int
    """The first year after the break."""
    group: str | None = None
    """The group or average it concerns; left out, every level of the survey."""
    kind: Literal["method", "sample", "questions", "unexplained"]
    """What changed: how the index is made, who is sampled, what is asked, or nobody has said."""


class TargetDefinition(Evidence):
    """Another population that a target may be about.

    A group, or an average of groups, or neither: then a part of the reference. ``where`` cuts
    each of them.
    """

    label: Text
    """The name in print, in both languages."""
    group: str | None = None
    """The group it is."""
    average: str | None = None
    """Or the average of groups; with `where`, one whose population totals are `estimated`."""
    where: Where | None = None
    """Whom of them it is about, as a condition: province not in [1, 4, 9]."""

    @model_validator(mode="after")
    def _is_one_population(self) -> Self:
        given = [each for each in (self.group, self.average) if each is not None]
        if len(given) > 1 or not (given or self.where is not None):
            raise wrong("DI-E342")
        return self


class Target(Evidence):
    """The policy target: a level of a group in a dimension by a year."""

    group: str
    """The group the target speaks of."""
    dimension: str = OVERALL
    """A dimension, or overall."""
    level: Number
    """The level to reach, where the reference is 100."""
    year: int
    """The year to reach it in."""
    applies_to: tuple[str, ...] = ()
    """Other groups that are held against it."""
    label: Text | None = None
    """The target in words, in both languages."""
    definitions: dict[Name, TargetDefinition] = Field(default_factory=dict)
    """Other populations that the target may be about, by name; the group is the first."""
    measures: tuple[str, ...] = ()
    """Other dimensions that the target may be about; `dimension` is the first."""


class SurveyMetadata(Node):
    """What a publication says about the survey."""

    name: Text
    """The survey's official name, in both languages."""
    year: int | None = None
    """The survey's year."""
    approval_number: str | None = None
    """The number of approved statistics, as a text."""
    legal_basis: Text | None = None
    """The law it rests on, in both languages."""
    population: Text | None = None
    """Whom the survey speaks of, in both languages."""
    reference_date: str | None = None
    """The date its answers refer to, in quotes."""
    fieldwork: str | None = None
    """When it was carried out."""
    response_rate: Number | None = None
    """Response rate, in %."""
    contact: str | None = None
    """Whom to ask."""
    licence: str | None = None
    """The licence of the records."""
    source: str | None = None
    """Who publishes the survey."""
    synthetic: str | None = None
    """The variable that marks synthetic records."""
