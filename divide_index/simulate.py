"""Simulated microdata of the schema ``example``: nobody was asked, and every record says so.

A person's ability, use and access depend on age, schooling, income, place and farming, on the
enumeration area and on chance. Answers follow by graded responses: items correlate, and every
code occurs.

The sample is balanced, as quotas and systematic selection from sorted lists nearly balance one:
the people of a stratum share out every distribution evenly, and so, nearly, does each run of eight
neighbours in a list sorted by what is expected of them. Levels therefore differ less from seed to
seed than their standard errors say. So do the published ones, whose scatter about their trend is
smaller than their sampling error. The records suit examples and tests of the software, not a
study of how often intervals cover.

References
----------
Samejima (1969), Psychometrika Monograph 17 (graded responses); McKay, Beckman and Conover (1979),
Technometrics 21(2), 239-245 (balanced draws: Latin hypercube sampling).
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.errors import DesignError, SchemaError
from divide_index.schema import SurveySchema, load_schema

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Curve: TypeAlias = tuple[tuple[float, float], ...]  # (age, value), linear in between
Column: TypeAlias = list[str] | Floats | pd.arrays.IntegerArray

_EXAMPLE = "example"
_GENERAL, _FARMERS = 7000, 2200  # records, as in the real survey
_URBAN, _RURAL = 1, 2
_YES, _NO, _NO_ANSWER = 1, 2, 9998
_FARMER, _FISHER, _STUDENT = 4, 5, 8
_LEAST = 2  # enumeration areas of a stratum: below, its variance is undefined
_RUN = 8  # neighbours that share out a distribution
_YOUNGEST, _OLDEST = 7, 100
_RETIRING, _UNIVERSITY = 60, 4  # an age and a school at which occupations differ


# -- parameters ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Province:
    """A province: people aged 7+ and farmers in thousands, and how they differ from others."""

    people: float
    rural: float  # share of people in its rural part
    effect: float  # on every trait
    farmers: float
    region: int  # the stratum of its farmers


# Round numbers of the right size, in the order of the codes 1-17; not official figures.
_PROVINCES = (
    _Province(8900, 0.00, 0.16, 10, 1),
    _Province(3100, 0.06, -0.10, 10, 8),
    _Province(2250, 0.11, -0.06, 40, 7),
    _Province(2860, 0.04, 0.02, 20, 1),
    _Province(1340, 0.00, 0.06, 20, 6),
    _Province(1370, 0.00, 0.12, 10, 4),
    _Province(1040, 0.20, 0.04, 20, 8),
    _Province(365, 0.25, 0.22, 10, 4),
    _Province(12950, 0.20, 0.10, 280, 1),
    _Province(1460, 0.38, -0.08, 160, 2),
    _Province(1520, 0.42, -0.02, 150, 3),
    _Province(2040, 0.50, -0.02, 270, 4),
    _Province(1670, 0.32, -0.12, 210, 5),
    _Province(1720, 0.56, -0.14, 330, 6),
    _Province(2440, 0.46, -0.10, 340, 7),
    _Province(3080, 0.36, -0.06, 240, 8),
    _Province(640, 0.27, -0.02, 80, 9),
)


@dataclass(frozen=True, slots=True)
class _Population:
    """Who lives where, who responds, and how the sample is laid out."""

    # Density of ages, and who responds.
    urban: Curve = ((7, 1.1), (25, 1.4), (45, 1.8), (52, 1.8), (62, 1.4), (77, 0.5), (90, 0.1))
    rural: Curve = ((7, 0.9), (25, 1.1), (45, 1.5), (57, 1.8), (65, 1.7), (77, 0.8), (90, 0.1))
    farmers: Curve = ((14, 0), (20, 0.2), (45, 1.5), (62, 2.9), (68, 2.5), (77, 1.1), (90, 0.1))
    response: Curve = ((7, 0.62), (25, 0.54), (45, 0.62), (65, 0.66), (75, 0.64), (95, 0.50))
    area_response: float = 0.1  # SD of the log response of enumeration areas
    allocation: float = 0.6  # a stratum of N people gets a sample in proportion to N^0.6
    area_size: float = 11  # people interviewed in an enumeration area
    farmers_rural: float = 0.88  # share of farmers' areas, where a province has a rural part
    women: Curve = ((7, 0.49), (65, 0.50), (90, 0.66))
    # Schooling on a scale of SD 1, and where the next school begins; pupils by their age.
    schooling: Curve = ((19, 1.6), (30, 2), (45, 1.4), (55, 0.7), (65, -0.2), (75, -1.2))
    schooling_rural: float = -0.3
    schooling_farmers: float = -0.4
    schools: tuple[float, float, float] = (-2, -1.1, 1)
    pupils: tuple[int, int, int] = (13, 16, 19)
    # Household types below 20, 30, 50, 65 and above: cumulative shares of the first three.
    household_ages: tuple[int, ...] = (20, 30, 50, 65)
    households: tuple[tuple[float, float, float], ...] = (
        (0.00, 0.02, 0.90),
        (0.30, 0.38, 0.97),
        (0.20, 0.37, 0.96),
        (0.20, 0.52, 0.96),
        (0.33, 0.78, 0.94),
    )
    # Farmers among the general public from 20 on, and fishers among farmers.
    farming: Curve = ((20, 0.04), (50, 0.12), (60, 0.24), (80, 0.24), (95, 0.05))
    farming_urban: float = 0.04  # of that
    fishers: float = 0.05
    # Everyone else's occupation: codes with cumulative shares below 60 without and with a
    # university, from 60 without and with.
    occupations: tuple[int, ...] = (1, 2, 3, 6, 7, 9)
    working: tuple[tuple[float, ...], ...] = (
        (0.04, 0.14, 0.46, 0.78, 0.92),
        (0.30, 0.58, 0.78, 0.86, 0.94),
        (0.01, 0.03, 0.15, 0.38, 0.60),
        (0.15, 0.25, 0.37, 0.45, 0.62),
    )
    students: Curve = ((19, 0.8), (22, 0.6), (26, 0.1), (30, 0.0))
    # Household income in steps of the question.
    income: Curve = ((7, 5.6), (45, 6.0), (60, 5.0), (75, 3.2), (90, 2.6))
    income_schooling: float = 0.7  # per school above high school
    income_alone: float = -1.6
    income_spread: float = 1.9


@dataclass(frozen=True, slots=True)
class _Trait:
    """What moves a trait: additive effects, where a person's own part has SD 1."""

    age: Curve
    farming: float
    schooling: tuple[float, float, float, float]
    income: float  # per step
    rural: float
    cluster: float  # SD of enumeration areas: intra-cluster correlation cluster² / (1 + cluster²)


@dataclass(frozen=True, slots=True)
class _Block:
    """Questions answered alike: graded responses to a trait.

    The answer is ``codes[k]`` for the number ``k`` of thresholds ``difficulty + steps`` that the
    trait passes with logistic noise of scale ``1 / slope``.
    """

    trait: str
    questions: Mapping[str, float]  # difficulty by variable
    slope: float = 2.0
    steps: tuple[float, ...] = (-1.4, -0.2, 1.4)
    codes: tuple[int, ...] = (1, 2, 3, 4)
    on_pc: float = 0.0  # how much a liking for PCs counts
    only_users: bool = False
    dimension: str | None = None  # that may be refused as a whole; None: the filter, never refused


def _blocks() -> tuple[_Block, ...]:
    def moved(name: str, by: float, questions: Mapping[str, float]) -> dict[str, float]:
        return {name.format(key): difficulty + by for key, difficulty in questions.items()}

    pc = {"install": 0.1, "connect": -0.2, "browser": 0.2, "external": 0.1, "transfer": 0.0}
    pc |= {"malware": 0.4, "document": 0.2}
    mobile = {"settings": -0.2, "wireless": -0.3, "copy": 0.4, "send": -0.4, "apps": -0.2}
    mobile |= {"malware": 0.4, "document": 0.5}
    services = {"search": -0.6, "email": 0.3, "media": -0.3, "messenger": -0.7, "shopping": 0.0}
    services |= {"banking": 0.1, "public": 0.4}
    advanced = {"create": 0.3, "share": 0.0, "relations": -0.1, "opinion": 0.3, "job": 0.4}
    advanced |= {"earning": 0.5}
    owned = {"desktop": 0.0, "laptop": 0.3, "smartphone": -3.0, "tablet": 0.9}
    yes: dict[str, Any] = {"steps": (0,), "codes": (_NO, _YES)}
    used: dict[str, Any] = {"dimension": "usage", "only_users": True}
    return (
        _Block("access", owned, slope=1.6, dimension="access", **yes),
        _Block("access", {"internet": -3.4}, dimension="access", **yes),
        _Block("ability", moved("pc_{}", 0.0, pc), on_pc=0.5, dimension="capability"),
        _Block("ability", moved("mobile_{}", -0.9, mobile), dimension="capability"),
        _Block("usage", {"used": -3.0}, **yes),
        _Block("usage", moved("{}_pc", 0.9, services), on_pc=0.5, **used),
        _Block("usage", moved("{}_mobile", 0.2, services), **used),
        _Block("usage", moved("{}_pc", 2.0, advanced), on_pc=0.5, **used),
        _Block("usage", moved("{}_mobile", 1.4, advanced), **used),
    )


def _traits() -> dict[str, _Trait]:
    return {
        "ability": _Trait(
            age=((7, -0.9), (12, 0.1), (19, 0.7), (35, 0.7), (50, 0.1), (60, -0.846), (80, -2.492)),
            farming=0.028,
            schooling=(-0.35, -0.15, 0, 0.3),
            income=0.05,
            rural=-0.25,
            cluster=0.4,
        ),
        "usage": _Trait(
            age=((7, -0.5), (12, 0.1), (19, 0.6), (35, 0.6), (50, 0.1), (60, -0.639), (80, -2.178)),
            farming=-0.119,
            schooling=(-0.3, -0.1, 0, 0.25),
            income=0.04,
            rural=-0.25,
            cluster=0.4,
        ),
        "access": _Trait(
            age=((7, 0.2), (19, 0.4), (35, 0.4), (50, 0.2), (60, -0.378), (80, -1.556)),
            farming=0.072,
            schooling=(-0.2, -0.1, 0, 0.1),
            income=0.08,
            rural=-0.1,
            cluster=0.5,
        ),
    }


@dataclass(frozen=True, slots=True)
class _Parameters:
    """The whole simulation.

    The effects of farming were found by Newton steps on the farmers' levels, averaged over seeds
    1-40 at the default size, until they were the published ones of 2025 (access 97.2, capability
    72.4, usage 80.5); the effects of ages 60 and 80 in the same way, until the levels of people
    55+ were near theirs (95.4, 56.2, 75.6). All else was set by hand, so that every code occurs,
    PC skills lie below mobile skills, provinces range from about 90 to 106 and levels have the
    design effects of a clustered survey. Nothing here is an estimate.
    """

    population: _Population = _Population()
    traits: Mapping[str, _Trait] = field(default_factory=_traits)
    blocks: tuple[_Block, ...] = field(default_factory=_blocks)
    shared: float = 0.5  # share of a trait's own variance that all traits have in common
    refusal: float = 0.012  # of one question
    dimension_refusal: float = 0.004  # of all questions of a dimension
    income_refusal: float = 0.03
    schooling_refusal: float = 0.003


# -- the survey ------------------------------------------------------------------------------


def simulate_survey(
    schema: SurveySchema | str = _EXAMPLE, *, seed: int, n: int | None = None
) -> pd.DataFrame:
    """Simulate the microdata of a schema.

    Parameters
    ----------
    schema
        ``"example"``, or the schema of that name; no other can be simulated so far.
    seed
        Not negative; the same seed gives the same records.
    n
        Number of records, split between the general public and the farmers and fishers as the
        default's 7,000 and 2,200 are.

    Returns
    -------
    DataFrame
        The columns of the schema's file in the schema's order, as the file holds them: codes
        are nullable integers, a question not asked is blank.

    Raises
    ------
    SchemaError
        The schema is not the example.
    DesignError
        ``n`` is too small for two enumeration areas in every stratum, or the seed is negative.
    """
    schema = schema if isinstance(schema, SurveySchema) else load_schema(schema)
    if schema.name != _EXAMPLE:
        raise SchemaError("DI-E131", schema=schema.name, known=_EXAMPLE)
    if seed < 0:
        raise DesignError("DI-E117", option="seed", value=seed, valid="seed >= 0")
    rng = np.random.default_rng(seed)
    parameters = _Parameters()
    sample = _sampled(_GENERAL + _FARMERS if n is None else n, rng, parameters.population)
    people = _people(sample, rng, parameters.population)
    columns = _described(sample, people, rng, parameters)
    columns |= _answered(sample, people, rng, parameters)
    if schema.variables.keys() != columns.keys():
        raise SchemaError("DI-E131", schema=schema.name, known=_EXAMPLE)
    return pd.DataFrame({schema.column_of(name): columns[name] for name in schema.variables})


# -- the sample ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Where the records come from: per stratum ``(H,)``, per record ``(n,)``.

    Strata of farmers come last. ``cluster`` and ``response`` are the enumeration area's, SD 1.
    """

    labels: tuple[str, ...]
    totals: Floats
    stratum: Integers
    psu: Integers
    is_farmers: Flags
    province: Integers
    area: Integers
    cluster: Floats
    response: Floats


def _sampled(n: int, rng: np.random.Generator, population: _Population) -> _Sample:
    """Lay out strata and enumeration areas: one row per area first, then one per person."""
    general = [
        (code, area, share * province.people)
        for code, province in enumerate(_PROVINCES, start=1)
        for area, share in ((_URBAN, 1 - province.rural), (_RURAL, province.rural))
        if share > 0
    ]
    regions = sorted({province.region for province in _PROVINCES})
    people = np.array([total for *_, total in general])
    farmers = np.array([sum(p.farmers for p in _PROVINCES if p.region == r) for r in regions])
    sizes = _sizes(n, people**population.allocation, farmers**population.allocation)
    areas = np.maximum(_LEAST, np.rint(sizes / population.area_size)).astype(np.int64)

    stratum, _ = _dealt(areas)
    is_farmers = stratum >= people.size
    of_general = np.minimum(stratum, people.size - 1)
    province = np.array([code for code, *_ in general])[of_general]
    area = np.array([area for _, area, _ in general])[of_general]
    where = _balanced(rng, stratum)
    for index, region in enumerate(regions, start=people.size):
        own = [(code, p) for code, p in enumerate(_PROVINCES, start=1) if p.region == region]
        shares = np.cumsum([p.farmers for _, p in own])
        here = stratum == index
        chosen = np.searchsorted(shares / shares[-1], where[here])
        province[here] = np.array([code for code, _ in own])[chosen]
    has_rural = np.array([p.rural > 0 for p in _PROVINCES])[province - 1]
    is_rural = has_rural & (_balanced(rng, stratum) < population.farmers_rural)
    area[is_farmers] = np.where(is_rural, _RURAL, _URBAN)[is_farmers]
    response = _standard(_balanced(rng, stratum))
    cluster = _standard(_balanced(rng, stratum, response))

    of_person, position = _dealt(sizes)
    psu = position * areas[of_person] // sizes[of_person]
    row = (np.cumsum(areas) - areas)[of_person] + psu
    return _Sample(
        labels=(*(f"{c:02d}-{a}" for c, a, _ in general), *(f"{r:02d}" for r in regions)),
        totals=1000 * np.concatenate([people, farmers]),
        stratum=of_person,
        psu=psu,
        is_farmers=is_farmers[row],
        province=province[row],
        area=area[row],
        cluster=cluster[row],
        response=response[row],
    )


def _sizes(n: int, general: Floats, farmers: Floats) -> Integers:
    """Return the records of each stratum, given its share of its sample."""
    least = (_LEAST * general.size, _LEAST * farmers.size)

    def split(total: int) -> tuple[int, int]:
        of_farmers = round(total * _FARMERS / (_GENERAL + _FARMERS))
        return total - of_farmers, of_farmers

    def is_enough(total: int) -> bool:
        return all(size >= needed for size, needed in zip(split(total), least, strict=True))

    if not is_enough(n):
        enough = next(total for total in itertools.count(sum(least)) if is_enough(total))
        raise DesignError("DI-E130", n=n, least=enough)
    return np.concatenate(
        [_allocated(*part) for part in zip(split(n), (general, farmers), strict=True)]
    )


def _allocated(total: int, shares: Floats) -> Integers:
    """Deal records to strata: what each needs at least, the rest by largest remainder."""
    rest = total - _LEAST * shares.size
    wanted = rest * shares / shares.sum()
    dealt = np.floor(wanted).astype(np.int64)
    dealt[np.argsort(dealt - wanted, kind="stable")[: rest - int(dealt.sum())]] += 1
    return dealt + _LEAST


def _dealt(sizes: Integers) -> tuple[Integers, Integers]:
    """Return the stratum of each row and its position there, for strata of given sizes."""
    stratum = np.repeat(np.arange(sizes.size), sizes)
    return stratum, np.arange(stratum.size) - (np.cumsum(sizes) - sizes)[stratum]


def _balanced(rng: np.random.Generator, stratum: Integers, along: Floats | None = None) -> Floats:
    """Return a uniform number on 0-1 per row, of which every stratum gets its even share.

    The ``n`` rows of a stratum take one number from each of ``n`` equal parts; with ``along``, so
    does, nearly, each run of neighbours in its order. Rows are sorted by stratum.
    """
    draws = rng.random(stratum.size)
    if along is not None:
        order = np.lexsort((along, stratum))
        run = np.cumsum(_dealt(np.bincount(stratum))[1] % _RUN == 0) - 1
        draws[order] = _evened(rng, draws[order], run)
    return _evened(rng, draws, stratum)


def _evened(rng: np.random.Generator, draws: Floats, group: Integers) -> Floats:
    """Move draws to one number from each of ``n`` equal parts, in the order of their group's."""
    sizes = np.bincount(group)
    rank = _dealt(sizes)[1][np.argsort(np.lexsort((draws, group)))]
    return (rank + rng.uniform(1e-6, 1 - 1e-6, draws.size)) / sizes[group]


def _standard(uniform: Floats) -> Floats:
    """Return logistic quantiles with SD 1."""
    return math.sqrt(3) / math.pi * _logit(uniform)


def _logit(uniform: Floats) -> Floats:
    return np.log(uniform / (1 - uniform))


def _at(curve: Curve, age: Floats | Integers) -> Floats:
    """Return the value of a curve at each age, constant beyond its ends."""
    ages, values = zip(*curve, strict=True)
    return np.interp(age, ages, values)


def _passed(thresholds: tuple[float, ...], values: Floats | Integers) -> Integers:
    """Return how many thresholds each value reaches."""
    return np.searchsorted(thresholds, values, side="right").astype(np.int64)


# -- the people ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    """Who they are, each of shape ``(n,)``, before any refusal."""

    age: Integers
    sex: Integers
    schooling: Integers
    household: Integers
    income: Integers
    occupation: Integers
    weight: Floats

    @property
    def farms(self) -> Flags:
        """Who lives on farming or fishing, in either sample."""
        return np.isin(self.occupation, (_FARMER, _FISHER))


def _people(sample: _Sample, rng: np.random.Generator, population: _Population) -> _People:
    def chance(along: Floats | None = None) -> Floats:
        return _balanced(rng, sample.stratum, along)

    age = _ages(sample, chance(), population)
    sex = 1 + (chance() < _at(population.women, age)).astype(np.int64)

    level = _at(population.schooling, age)
    level += population.schooling_rural * (sample.area == _RURAL)
    level += population.schooling_farmers * sample.is_farmers
    level += _standard(chance(level))
    is_pupil = age < population.pupils[-1]
    schooling = 1 + np.where(
        is_pupil, _passed(population.pupils, age), _passed(population.schools, level)
    )

    types = np.array(population.households)[_passed(population.household_ages, age)]
    household = 1 + (chance()[:, None] > types).sum(axis=1)

    income = _at(population.income, age) + population.income_schooling * (schooling - 3)
    income += population.income_alone * (household == 1)
    income += population.income_spread * _standard(chance(income))

    response = _at(population.response, age)
    response *= np.exp(population.area_response * sample.response)
    weight = 1 / response
    weight *= (sample.totals / np.bincount(sample.stratum, weight))[sample.stratum]
    return _People(
        age=age,
        sex=sex,
        schooling=schooling,
        household=household,
        income=np.clip(np.rint(income), 1, 11).astype(np.int64),
        occupation=_occupations(sample, age, schooling, rng, population),
        weight=np.round(weight, 3),
    )


def _ages(sample: _Sample, uniform: Floats, population: _Population) -> Integers:
    """Return ages of those who respond: the population's density times its response."""
    ages = np.arange(_YOUNGEST, _OLDEST + 1)
    is_rural = sample.area == _RURAL
    result = np.zeros(uniform.size, dtype=np.int64)
    for density, here in (
        (population.urban, ~sample.is_farmers & ~is_rural),
        (population.rural, ~sample.is_farmers & is_rural),
        (population.farmers, sample.is_farmers),
    ):
        shares = np.cumsum(_at(density, ages) * _at(population.response, ages))
        result[here] = ages[np.searchsorted(shares / shares[-1], uniform[here])]
    return result


def _occupations(
    sample: _Sample,
    age: Integers,
    schooling: Integers,
    rng: np.random.Generator,
    population: _Population,
) -> Integers:
    farming = _at(population.farming, age) * (age >= population.pupils[-1])
    farming *= np.where(sample.area == _RURAL, 1.0, population.farming_urban)
    farms = sample.is_farmers | (_balanced(rng, sample.stratum) < farming)
    fishes = _balanced(rng, sample.stratum) < population.fishers
    studies = _balanced(rng, sample.stratum) < _at(population.students, age)
    studies |= age < population.pupils[-1]
    kind = 2 * (age >= _RETIRING) + (schooling == _UNIVERSITY)
    passed = _balanced(rng, sample.stratum)[:, None] > np.array(population.working)[kind]
    others = np.array(population.occupations)[passed.sum(axis=1)]
    occupation = np.where(studies, _STUDENT, others)
    return np.where(farms, np.where(fishes, _FISHER, _FARMER), occupation)


# -- their answers ---------------------------------------------------------------------------


def _described(
    sample: _Sample, people: _People, rng: np.random.Generator, parameters: _Parameters
) -> dict[str, Column]:
    """Return the columns that describe a record and a person."""
    n = people.age.size
    general = n - int(sample.is_farmers.sum())
    width = max(5, len(str(n)))
    labels = np.array(sample.labels)[sample.stratum].tolist()
    return {
        "id": [
            *(f"G{number:0{width}d}" for number in range(1, general + 1)),
            *(f"F{number:0{width}d}" for number in range(1, n - general + 1)),
        ],
        "synthetic": _codes(np.ones(n, dtype=np.int64)),
        "sample": ["general"] * general + ["farmers"] * (n - general),
        "province": _codes(sample.province),
        "area": _codes(sample.area),
        "stratum": labels,
        "psu": [f"{label}-{psu + 1:03d}" for label, psu in zip(labels, sample.psu, strict=True)],
        "weight": people.weight,
        "sex": _codes(people.sex),
        "age": _codes(people.age),
        "education": _codes(people.schooling, rng.random(n) < parameters.schooling_refusal),
        "income": _codes(people.income, rng.random(n) < parameters.income_refusal),
        "household": _codes(people.household),
        "occupation": _codes(people.occupation),
    }


def _answered(
    sample: _Sample, people: _People, rng: np.random.Generator, parameters: _Parameters
) -> dict[str, Column]:
    """Return the columns of the questions of the index."""
    n = people.age.size
    traits = _scores(sample, people, rng, parameters)
    likes_pc = _standard(_balanced(rng, sample.stratum))
    dimensions = dict.fromkeys(block.dimension for block in parameters.blocks)
    refuses = {name: rng.random(n) < parameters.dimension_refusal for name in dimensions}
    is_user = np.ones(n, dtype=np.bool_)
    columns: dict[str, Column] = {}
    for block in parameters.blocks:
        trait = traits[block.trait] + block.on_pc * likes_pc
        for name, difficulty in block.questions.items():
            uniform = _balanced(rng, sample.stratum, trait)
            noisy = trait + _logit(uniform) / block.slope
            answer = np.array(block.codes)[_passed(block.steps, noisy - difficulty)]
            if block.dimension is None:
                is_user = answer == _YES
                columns[name] = _codes(answer)
                continue
            refused = refuses[block.dimension] | (rng.random(n) < parameters.refusal)
            skipped = ~is_user if block.only_users else None
            columns[name] = _codes(answer, refused, skipped)
    return columns


def _scores(
    sample: _Sample, people: _People, rng: np.random.Generator, parameters: _Parameters
) -> dict[str, Floats]:
    """Return every person's traits."""
    province = np.array([p.effect for p in _PROVINCES])[sample.province - 1]
    age = people.age.astype(np.float64)
    common = math.sqrt(parameters.shared) * _standard(_balanced(rng, sample.stratum, age))
    traits: dict[str, Floats] = {}
    for name, effects in parameters.traits.items():
        expected = (
            _at(effects.age, age)
            + np.array(effects.schooling)[people.schooling - 1]
            + effects.income * (people.income - 5)
            + effects.rural * (sample.area == _RURAL)
            + effects.farming * people.farms
            + province
            + effects.cluster * sample.cluster
            + common
        )
        own = math.sqrt(1 - parameters.shared) * _standard(_balanced(rng, sample.stratum, expected))
        traits[name] = expected + own
    return traits


def _codes(
    codes: Integers, refused: Flags | None = None, skipped: Flags | None = None
) -> pd.arrays.IntegerArray:
    """Return codes as nullable integers: a file then holds ``3`` or nothing, never ``3.0``."""
    answers = codes if refused is None else np.where(refused, _NO_ANSWER, codes)
    blank = np.zeros(codes.size, dtype=np.bool_) if skipped is None else skipped
    return pd.arrays.IntegerArray(answers.astype(np.int64), blank.copy())
