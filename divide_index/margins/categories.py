"""The categories of a schema, found by code or by any name that a table gives them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from divide_index.errors import InputError
from divide_index.margins.ages import AgeRange, age_range
from divide_index.margins.known import CROSS, Cell, PopulationMargin, folded
from divide_index.margins.provinces import province
from divide_index.schema import (
    Compare,
    Condition,
    SurveySchema,
    Text,
    Variable,
    category_rule,
    code_text,
)
from divide_index.schema.rules import Bands

_MEN = {"남", "남자", "남성", "m", "man", "men", "male", "males"}
_WOMEN = {"여", "여자", "여성", "f", "woman", "women", "female", "females"}
_SEXES = (_MEN, _WOMEN)
OLDEST = 100
"""A band that ends at or beyond this age is open."""

ALL_OLD = 95
"""A range of ages that ends here or beyond leaves nobody out; one that ends before does."""


@dataclass(frozen=True, eq=False)
class Partition:
    """The categories of a variable with codes, or of a domain.

    Parameters
    ----------
    name
        In the schema.
    variable
        What is cut.
    bands
        Of a domain that is cut from a number.
    codes
        Of the categories, in the schema's order.
    texts
        What the schema calls each, None where it has no name.
    is_assumed
        Whether nobody has confirmed which code is which.
    lowest, highest
        Of the variable, where it is a number.
    """

    name: str
    variable: str
    bands: Bands | None
    codes: tuple[str, ...]
    texts: tuple[Text | None, ...]
    is_assumed: bool
    lowest: float | None = None
    highest: float | None = None

    @property
    def key(self) -> str:
        """The column by which the engine tells its categories apart."""
        return self.variable if self.bands is None else f"domain:{self.name}"

    @property
    def identity(self) -> tuple[str, Bands | None]:
        """What two partitions share that are the same one under two names."""
        return self.variable, self.bands

    @cached_property
    def ages(self) -> tuple[AgeRange | None, ...]:
        """The ages that each category holds; None where it does not hold ages."""
        if self.bands is None:
            return tuple(None if each is None else age_range(each.ko) for each in self.texts)
        bands = self.bands
        return tuple(self._ages_of_band(bands, low, high) for _, low, high in bands.bands)

    @cached_property
    def is_of_provinces(self) -> bool:
        """Whether every category is a province of Korea."""
        return all(each is not None and province(each.ko) for each in self.texts)

    @cached_property
    def sexes(self) -> tuple[str, str] | None:
        """The codes of men and of women, where these are its two categories."""
        found = [
            [c for c, each in zip(self.codes, self.texts, strict=True) if each and _is_one(each, w)]
            for w in _SEXES
        ]
        is_pair = len(self.codes) == len(_SEXES) and all(len(codes) == 1 for codes in found)
        return (found[0][0], found[1][0]) if is_pair else None

    def label(self, code: str) -> str:
        """Return a code with its names, as messages list what there is."""
        text = self.texts[self.codes.index(code)]
        if text is None or code in {text.ko, text.en}:
            return code
        return f"{code} ({text.ko}, {text.en})" if text.ko != text.en else f"{code} ({text.ko})"

    def is_called(self, code: str, label: str) -> bool:
        """Return whether a label is no name of another code."""
        named = self.by_name(label)
        return named is None or named == code

    def by_code(self, text: str) -> str | None:
        """Return the code that a text is, 01 and 1.0 being the code 1."""
        if text in self.codes:
            return text
        for code in self.codes:
            if folded(code) == folded(text) or (_is_number(code) and _same(code, text)):
                return code
        return None

    def by_name(self, text: str) -> str | None:
        """Return the code of the only category that has a name."""
        plain, ages, region = folded(text), age_range(text), province(text)
        ways: tuple[Callable[[int], bool], ...] = (
            lambda k: any(plain == folded(name) for name in _names(self.texts[k])),
            lambda k: ages is not None and self.ages[k] == ages,
            lambda k: (
                self.sexes is not None
                and any(
                    plain in words and self.codes[k] == code
                    for words, code in zip(_SEXES, self.sexes, strict=True)
                )
            ),
            lambda k: (
                region is not None
                and self.is_of_provinces
                and any(province(name) == region for name in _names(self.texts[k]))
            ),
        )
        for is_it in ways:
            found = [code for k, code in enumerate(self.codes) if is_it(k)]
            if found:
                return found[0] if len(found) == 1 else None
        return None

    def _ages_of_band(self, bands: Bands, low: float | None, high: float | None) -> AgeRange:
        """Return the ages of a band, which begins with the youngest who are asked at all.

        The last one is open, whether or not the schema writes an age that nobody reaches; but of
        people from 16 to 74 it ends with the oldest who are asked.
        """
        lowest = max(low or 0, self.lowest or 0)
        if self.highest is not None and self.highest < ALL_OLD:
            return int(lowest), int(min(self.highest if high is None else high, self.highest))
        tops = [top for _, _, top in bands.bands]
        is_last = high is None or (None not in tops and high == max(t for t in tops if t))
        is_open = is_last and (high is None or high >= min(self.highest or OLDEST, OLDEST))
        return int(lowest), None if is_open or high is None else int(high)


def partitions(schema: SurveySchema) -> list[Partition]:
    """Return what a sample can be cut by: domains, then variables that no domain names."""
    found = [_of_domain(schema, name) for name in schema.domains]
    found = [each for each in found if each.codes and each.variable != schema.design.sample]
    names = {each.name for each in found}
    return found + [
        _of_variable(name, variable)
        for name, variable in schema.variables.items()
        if variable.codes and name not in names and name != schema.design.sample
    ]


def partitions_of(schema: SurveySchema, margin: PopulationMargin) -> list[Partition]:
    """Return the partitions that a margin names.

    Raises
    ------
    InputError
        DI-E411: no such variable, or one that has no categories.
    """
    return [partition_of(schema, text, margin.named()[0]) for text in margin.variables]


def partition_of(schema: SurveySchema, text: str, place: str) -> Partition:
    """Return the partition of a name or a label.

    Parameters
    ----------
    schema
        The survey's.
    text
        Name or label of a domain or of a variable with codes.
    place
        What named it, for the message.

    Raises
    ------
    InputError
        DI-E411: no such variable, or one that has no categories.
    """
    every = partitions(schema)
    partition = _named(every, schema, text)
    if partition is None:
        known = [each.name for each in every]
        raise InputError("DI-E411", margin=place, variable=text, known=known)
    return partition


def key_of_margin(schema: SurveySchema | None, text: str) -> frozenset[object]:
    """Return what the names of one margin have in common, whatever it is called.

    Parameters
    ----------
    schema
        The survey's; without it names alone are compared.
    text
        Names or labels of variables, in any order: ``region*sex``.
    """
    pieces = [piece.strip() for piece in text.split(CROSS)]
    if schema is None:
        return frozenset(map(folded, pieces))
    every = partitions(schema)
    found = {piece: _named(every, schema, piece) for piece in pieces}
    return frozenset(folded(p) if part is None else part.identity for p, part in found.items())


def codes_of_cells(
    margin: PopulationMargin, parts: Sequence[Partition]
) -> tuple[list[Cell], list[str]]:
    """Return the codes of a margin's cells, and the partitions of which names were used.

    Raises
    ------
    InputError
        DI-E413: a category that the schema does not have. DI-E429: a code stands beside the name
        of another.
    """
    unknown: dict[str, list[int]] = {}
    by_name: dict[str, None] = {}
    found: list[Cell] = []
    for k, cell in enumerate(margin.cells):
        codes: list[str] = []
        for text, part in zip(cell, parts, strict=True):
            code = part.by_code(text)
            if code is None:
                code = part.by_name(text)
                by_name[part.name] = None
            if code is None:
                unknown.setdefault(part.name, []).append(k)
            codes.append(code or "")
        found.append(tuple(codes))
    for name, cells in unknown.items():
        part = next(each for each in parts if each.name == name)
        valid = [part.label(code) for code in part.codes]
        raise InputError("DI-E413", cells=margin.named(cells), variable=name, valid=valid)
    # A code that is also the name of another, 1 for five children and 5 for one, is not known to
    # be meant as a code unless its own name stands beside it.
    labels = [
        label or CROSS.join(cell)
        for label, cell in zip(margin.labels or [""] * len(margin.cells), margin.cells, strict=True)
    ]
    moved = [k for k, label in enumerate(labels) if not _agrees(label, found[k], parts)]
    if moved:
        shown = [
            f"{cell} ‘{labels[k]}’ ≠ {CROSS.join(_labels(found[k], parts))}"
            for k, cell in zip(moved, margin.named(moved), strict=True)
        ]
        raise InputError("DI-E429", cells=shown)
    return found, [*by_name]


def sample_names(schema: SurveySchema) -> Mapping[str, tuple[str, ...]]:
    """Return every name of each sample by its code: labels, and those of groups that are it."""
    sample = schema.design.sample
    if sample is None:
        return {}
    names: dict[str, list[str]] = {
        code_text(code): [code_text(code), *_names(label)]
        for code, label in schema.variables[sample].codes.items()
    }
    wheres = [(schema.reference.where, _names(schema.reference.label))]
    wheres += [(each.where, [name, *_names(each.label)]) for name, each in schema.groups.items()]
    for where, called in wheres:
        code = _only_code(where, sample)
        if code in names:
            names[code] += called
    return {code: tuple(dict.fromkeys(called)) for code, called in names.items()}


def sample_of(schema: SurveySchema, text: str) -> str | None:
    """Return the code of a sample by any of its names, None where it is none."""
    known = sample_names(schema)
    return next((s for s, names in known.items() if folded(text) in map(folded, names)), None)


def is_sample(schema: SurveySchema, text: str) -> bool:
    """Return whether a text names a sample; without samples, the only population."""
    if schema.design.sample is None:
        return folded(text) in map(folded, _names(schema.reference.label))
    return not sample_names(schema) or sample_of(schema, text) is not None


def is_same_sample(schema: SurveySchema | None, one: str, other: str) -> bool:
    """Return whether two texts name one sample.

    Parameters
    ----------
    schema
        The survey's; without it the texts alone are compared.
    one, other
        Codes, labels, or names of groups that are a sample.
    """
    if folded(one) == folded(other):
        return True
    if schema is None:
        return False
    if schema.design.sample is None:
        return is_sample(schema, one) and is_sample(schema, other)
    code = sample_of(schema, one)
    return code is not None and code == sample_of(schema, other)


def sample_label(schema: SurveySchema, sample: str | None) -> str:
    """Return a sample's code with its labels, as messages list what there is."""
    if sample is None:
        return f"{schema.reference.label.ko}, {schema.reference.label.en}"
    names = sample_names(schema).get(sample, (sample,))
    return f"{sample} ({', '.join(names[1:3])})" if len(names) > 1 else sample


def sample_labels(schema: SurveySchema) -> list[str]:
    """Return every sample of a schema as messages list it."""
    return [sample_label(schema, name) for name in sample_names(schema)] or [
        sample_label(schema, None)
    ]


def _only_code(where: Condition | None, variable: str) -> str | None:
    """Return the code of which a condition asks for all people and nobody else."""
    match where:
        case Compare(name, "==", value) if name == variable:
            return code_text(value)
        case _:
            return None


def _of_domain(schema: SurveySchema, name: str) -> Partition:
    domain = schema.domains[name]
    variable = schema.variables[domain.variable]
    bands = category_rule(schema, name)
    if bands is None:
        return replace(_of_variable(domain.variable, variable), name=name)
    low, high = variable.range or (None, None)
    return Partition(
        name=name,
        variable=domain.variable,
        bands=bands,
        codes=tuple(domain.bands),
        texts=tuple(domain.band_labels.get(band) for band in domain.bands),
        is_assumed=False,
        lowest=low,
        highest=high,
    )


def _of_variable(name: str, variable: Variable) -> Partition:
    return Partition(
        name=name,
        variable=name,
        bands=None,
        codes=tuple(map(code_text, variable.codes)),
        texts=tuple(variable.codes.values()),
        is_assumed=variable.assumed,
    )


def _named(every: Iterable[Partition], schema: SurveySchema, text: str) -> Partition | None:
    """Return the partition of a name or a label, a domain before a variable."""
    every = list(every)
    ways: tuple[Callable[[Partition], bool], ...] = (
        lambda each: each.name == text,
        lambda each: folded(each.name) == folded(text),
        lambda each: folded(text) in map(folded, _titles(schema, each)),
    )
    for is_it in ways:
        found = {each.identity: each for each in reversed(every) if is_it(each)}
        domains = [each for each in found.values() if each.name in schema.domains]
        if len(found) == 1:
            return next(iter(found.values()))
        if len(domains) == 1:
            return domains[0]
    return None


def _titles(schema: SurveySchema, part: Partition) -> list[str]:
    domain, variable = schema.domains.get(part.name), schema.variables[part.variable]
    if domain is not None:
        return _names(domain.label)
    return [*_names(variable.label), *([variable.column] if variable.column else [])]


def _agrees(label: str, codes: Cell, parts: Sequence[Partition]) -> bool:
    """Return whether the name beside a code is not that of another."""
    if len(parts) == 1:
        return parts[0].is_called(codes[0], label)
    pieces = [piece.strip() for piece in label.split(CROSS)]
    return len(pieces) != len(parts) or all(
        part.is_called(code, piece) for part, code, piece in zip(parts, codes, pieces, strict=True)
    )


def _labels(codes: Cell, parts: Sequence[Partition]) -> list[str]:
    return [part.label(code) for part, code in zip(parts, codes, strict=True)]


def _names(text: Text | None) -> list[str]:
    return [] if text is None else [text.ko, text.en]


def _is_one(text: Text, words: Iterable[str]) -> bool:
    return bool({folded(name) for name in _names(text)} & set(words))


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdecimal()


def _same(code: str, text: str) -> bool:
    return _is_number(text) and float(code) == float(text)
