"""Korea's resident registration by province, sex and age, as its site exports it (CSV).

A row is a place with its code of ten digits, ``서울특별시  (1100000000)``; a column is a month,
a sex and an age: ``2025년10월_남_0~9세``. Beside the ages stand their sum (연령구간인구수) and all
people (총인구수). Everything that can be added up here is, and must agree.

References
----------
행정안전부, 주민등록 인구통계 (연령별 인구현황): https://jumin.mois.go.kr
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from divide_index.errors import Finding, InputError
from divide_index.margins.ages import AgeRange, age_range, holds, last, meets
from divide_index.margins.categories import ALL_OLD, Partition, partitions
from divide_index.margins.known import (
    CROSS,
    MOST,
    Cell,
    PopulationMargin,
    PopulationMargins,
    cleaned,
    folded,
    number,
)
from divide_index.margins.provinces import province
from divide_index.schema import SurveySchema, Text

_COLUMN = re.compile(r"(?P<month>\d{4}년(?:\s?\d{1,2}월)?)_(?P<sex>계|남|여)_(?P<what>.+)")
_PLACE = re.compile(r"(?P<name>.+?)\s*\((?P<code>\d{10})\)")
_PLACES = "행정구역"
_NATION = "전국"
_ALL, _MEN, _WOMEN = "계", "남", "여"
_SUM_OF_AGES = "연령구간인구수"
_AGE = re.compile(r"(?<![a-z])(?:age|edad|idade)(?![a-z])|나이|연령")
_PROVINCE_LEVEL = "00000000"  # the last digits of a province's code


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """The counts of one month by province as the file names it, sex and age."""

    path: str
    month: str
    provinces: tuple[str, ...]
    ages: tuple[AgeRange, ...]
    named_ages: tuple[str, ...]
    counts: Mapping[tuple[str, str, int], float]  # province, sex, position of the age
    sexes: tuple[str, ...]

    def people(self, place: str, sex: str, age: int) -> float:
        """Return the people of a cell; of both sexes from the two where they stand alone."""
        if sex == _ALL and _ALL not in self.sexes:
            return sum(self.counts[place, each, age] for each in self.sexes)
        return self.counts[place, sex, age]


def is_register(columns: Sequence[str]) -> bool:
    """Return whether headers are those of resident registration by sex and age."""
    return (
        bool(columns)
        and folded(columns[0]).startswith(_PLACES)
        and any(_COLUMN.fullmatch(column.strip()) for column in columns)
    )


def margins_of_register(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    *,
    path: str,
    schema: SurveySchema,
    by: Sequence[str] | None = None,
    sample: str | None = None,
) -> PopulationMargins:
    """Return the register's people by what a schema cuts its population by.

    Parameters
    ----------
    columns
        Headers; the first one is that of the places.
    rows
        Cells as text, in the order of the columns.
    path
        The file's name, for messages.
    schema
        Its provinces, sexes and ages are those of the margins. What it does not have is summed
        over; so are ages into its bands.
    by
        Margins such as ``["region*sex", "age_group"]``; without them, the cross of all that the
        schema has. Ages that the schema does not have are left out whether or not they cut it.
    sample
        Whose population it is.

    Raises
    ------
    InputError
        DI-E413: a province that the schema does not have. DI-E415: a cell without a number.
        DI-E416: nothing that the schema could be held against, or more than one such variable.
        DI-E425: the schema's bands cut through ages of the file. DI-E428: the numbers do not add
        up, or rows are missing.
    """
    table = _table(columns, rows, path)
    parts = _roles(schema, table, by)
    where, findings = _places_of(table, _provinces(schema), is_cut="province" in parts)
    if not {_MEN, _WOMEN} <= set(table.sexes):
        parts.pop("sex", None)
    pair = parts["sex"].sexes if "sex" in parts else None
    bands, outside = _bands_of(table, *_age_bands(schema, parts.get("age")))
    assumed = [part.name for part in parts.values() if part.is_assumed]
    if assumed:
        findings.append(Finding.of("DI-W412", variables=assumed))
    wanted: dict[Cell, list[float]] = {}
    for place, sex, age in product(
        table.provinces, (_MEN, _WOMEN) if pair else (_ALL,), range(len(table.ages))
    ):
        if age not in bands:
            continue
        cell: list[str] = []
        for role in parts:
            match role:
                case "province":
                    cell.append(where[place])
                case "sex":
                    cell.append((pair or ("", ""))[sex == _WOMEN])
                case _:
                    cell.append(bands[age])
        wanted.setdefault(tuple(cell), []).append(table.people(place, sex, age))
    whole = PopulationMargin(
        variables=tuple(part.name for part in parts.values()),
        cells=tuple(wanted),
        totals=tuple(math.fsum(people) for people in wanted.values()),
        sample=sample,
        source=f"행정안전부 주민등록 인구통계 {table.month} ({path})",
    )
    margins = [whole] if by is None else [_asked(whole, names) for names in by]
    return PopulationMargins(tuple(margins), (*findings, *outside))


def _asked(whole: PopulationMargin, names: str) -> PopulationMargin:
    wanted = [name.strip() for name in names.split(CROSS)]
    missing = [name for name in wanted if name not in whole.variables]
    if missing:
        raise InputError("DI-E416", names=missing, known=[*whole.variables])
    return whole.summed(wanted)


# -- the file --------------------------------------------------------------------------------


def _table(columns: Sequence[str], rows: Sequence[Sequence[str | None]], path: str) -> _Table:
    """Return the table of a file whose sums agree with its parts."""
    found = {k: match for k, c in enumerate(columns) if (match := _COLUMN.fullmatch(c.strip()))}
    months = list(dict.fromkeys(match["month"] for match in found.values()))
    if len(months) > 1:
        raise InputError("DI-E428", path=path, cells=months)
    numbers = _numbers(columns, rows, found, path)
    kinds = {k: (match["sex"], cleaned(match["what"]) or "") for k, match in found.items()}
    named = list(dict.fromkeys(w for _, w in kinds.values() if age_range(w) is not None))
    ages = [age_range(what) for what in named]
    order = sorted(
        ((found_ages, what) for found_ages, what in zip(ages, named, strict=True) if found_ages),
        key=lambda one: one[0][0],
    )
    sexes = tuple(s for s in (_ALL, _MEN, _WOMEN) if any(s == sex for sex, _ in kinds.values()))
    provinces = [name for name in numbers if name != _NATION]
    lacking = [
        f"{months[0]}_{sex}_{what}"
        for sex in sexes
        for _, what in order
        if (sex, what) not in kinds.values()
    ]
    clashes = [
        f"{first} – {second}"
        for (one, first), (other, second) in pairwise(order)
        if meets(one, other)
    ]
    if _ALL not in sexes:
        lacking += [f"{months[0]}_{sex}" for sex in (_MEN, _WOMEN) if sex not in sexes]
    if lacking or clashes or not order:
        raise InputError("DI-E428", path=path, cells=[*lacking, *clashes] or [months[0]])
    _refuse_sums(numbers, sexes, [what for _, what in order], path)
    return _Table(
        path=path,
        month=months[0],
        provinces=tuple(provinces),
        ages=tuple(ages for ages, _ in order),
        named_ages=tuple(what for _, what in order),
        counts={
            (name, sex, k): numbers[name][sex, what]
            for name in provinces
            for sex in sexes
            for k, (_, what) in enumerate(order)
        },
        sexes=sexes,
    )


def _numbers(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    found: Mapping[int, re.Match[str]],
    path: str,
) -> dict[str, dict[tuple[str, str], float]]:
    """Return the numbers of provinces and of the nation: by name, then sex and heading."""
    numbers: dict[str, dict[tuple[str, str], float]] = {}
    wrong: list[str] = []
    for cells in rows:
        name = _province_level(cells[0] or "")
        if name is None:
            continue
        values: dict[tuple[str, str], float] = {}
        for k, match in found.items():
            value = number(cells[k] or "")
            if value is None or not 0 <= value <= MOST:
                wrong.append(f"{name}, {columns[k].strip()} ‘{cells[k] or ''}’")
            else:
                values[match["sex"], cleaned(match["what"]) or ""] = value
        if name in numbers:
            raise InputError("DI-E428", path=path, cells=[name])
        numbers[name] = values
    if wrong:
        raise InputError("DI-E415", cells=[f"{cell} ({path})" for cell in wrong])
    if not numbers.keys() - {_NATION}:
        raise InputError("DI-E428", path=path, cells=[_PLACES])
    return numbers


def _province_level(text: str) -> str | None:
    """Return the name of a province or the nation, None for places inside provinces."""
    match = _PLACE.fullmatch(text.strip())
    name = cleaned(text if match is None else match["name"]) or ""
    if name == _NATION:
        return name
    if match is None:
        return name if province(name) else None
    return name if match["code"].endswith(_PROVINCE_LEVEL) else None


def _refuse_sums(
    numbers: Mapping[str, Mapping[tuple[str, str], float]],
    sexes: Sequence[str],
    ages: Sequence[str],
    path: str,
) -> None:
    """Refuse a table whose totals are not the sums of their parts: cells were lost or changed."""
    wrong: list[str] = []

    def compare(cell: str, total: float | None, parts: Iterable[float]) -> None:
        whole = math.fsum(parts)
        if total is not None and total != whole:
            wrong.append(f"{cell}: {total:.12g} ≠ {whole:.12g}")

    for name, values in numbers.items():
        for sex in sexes:
            whole = values.get((sex, _SUM_OF_AGES))
            compare(f"{name} {sex}_{_SUM_OF_AGES}", whole, (values[sex, age] for age in ages))
        if len(sexes) > 2:  # noqa: PLR2004  all, men, women
            for age in ages:
                both = (values[_MEN, age], values[_WOMEN, age])
                compare(f"{name} {_ALL}_{age}", values[_ALL, age], both)
    if _NATION in numbers:
        others = [values for name, values in numbers.items() if name != _NATION]
        for sex, age in product(sexes, ages):
            whole = numbers[_NATION][sex, age]
            compare(f"{_NATION} {sex}_{age}", whole, (values[sex, age] for values in others))
    if wrong:
        raise InputError("DI-E428", path=path, cells=wrong)


# -- the schema ------------------------------------------------------------------------------


def _roles(schema: SurveySchema, table: _Table, by: Sequence[str] | None) -> dict[str, Partition]:
    """Return what the schema cuts its population by, of the three that the register knows."""
    asked = {name.strip() for names in by or () for name in names.split(CROSS)}
    every = [part for part in partitions(schema) if by is None or part.name in asked]
    is_role: dict[str, Callable[[Partition], bool]] = {
        "province": lambda part: part.is_of_provinces,
        "sex": lambda part: part.sexes is not None,
        "age": lambda part: _holds_ages(part, schema),
    }
    roles: dict[str, Partition] = {}
    for role, is_one in is_role.items():
        found = {part.identity: part for part in reversed(every) if is_one(part)}
        if len(found) > 1:
            names = [part.name for part in found.values()]
            raise InputError("DI-E416", names=names, known=[part.name for part in every])
        if found:
            roles[role] = next(iter(found.values()))
    strangers = sorted(asked - {part.name for part in roles.values()})
    if not roles or strangers:
        known = [part.name for part in partitions(schema)]
        raise InputError("DI-E416", names=strangers or [table.path], known=known)
    return roles


def _holds_ages(part: Partition, schema: SurveySchema) -> bool:
    """Return whether all categories of a partition are ages of persons."""
    if not part.ages or any(ages is None for ages in part.ages):
        return False
    domain = schema.domains.get(part.name)
    labels = (domain and domain.label, schema.variables[part.variable].label)
    return _is_age([part.name, part.variable], *labels)


def _is_age(names: Sequence[str], *labels: Text | None) -> bool:
    """Return whether a name or a label speaks of ages."""
    titles = [*names]
    for label in labels:
        titles += [label.ko, label.en] if label is not None else []
    return any(_AGE.search(title.casefold()) for title in titles)


def _provinces(schema: SurveySchema) -> Partition | None:
    """Return the provinces of a schema, whether or not margins are cut by them."""
    found = [part for part in partitions(schema) if part.is_of_provinces]
    return found[0] if found else None


def _places_of(
    table: _Table, part: Partition | None, *, is_cut: bool
) -> tuple[dict[str, str], list[Finding]]:
    """Return the schema's code of every province of the file.

    Margins that are not cut by province do not show that one of them is missing: it is told.
    """
    if part is None:
        return {}, []
    codes = {name: part.by_name(name) for name in table.provinces}
    unknown = [f"{name} ({table.path})" for name, code in codes.items() if code is None]
    if unknown:
        valid = [part.label(code) for code in part.codes]
        raise InputError("DI-E413", cells=unknown, variable=part.name, valid=valid)
    inhabited = [
        name
        for name in table.provinces
        if any(table.people(name, _ALL, age) for age in range(len(table.ages)))
    ]
    twice = [n for n in inhabited if [codes[each] for each in inhabited].count(codes[n]) > 1]
    if twice:
        raise InputError("DI-E428", path=table.path, cells=twice)
    missing = [part.label(code) for code in part.codes if code not in codes.values()]
    findings: list[Finding] = []
    if missing and not is_cut:
        findings.append(Finding.of("DI-W414", path=table.path, provinces=missing))
    return {name: code or "" for name, code in codes.items()}, findings


def _age_bands(
    schema: SurveySchema, part: Partition | None
) -> tuple[str, list[tuple[str, AgeRange]]]:
    """Return what holds the ages of a population, and its bands; none where nothing does.

    Margins that ages do not cut are of the people of the same ages: of all bands together, or of
    the range of an age that no domain cuts.
    """
    if part is not None:
        pairs = zip(part.codes, part.ages, strict=True)
        return part.name, [(code, ages) for code, ages in pairs if ages]
    domains = {p.identity: p for p in reversed(partitions(schema)) if _holds_ages(p, schema)}
    found = [
        (p.name, p.variable, ages) for p in reversed(domains.values()) for ages in p.ages if ages
    ]
    if not found:
        found = [
            (name, name, _range_of(variable.range))
            for name, variable in schema.variables.items()
            if variable.range and _is_age([name], variable.label)
        ]
    # Beside the age of a person, the age at the first use of a device is none of the population.
    own = [(name, ages) for name, variable, ages in found if folded(variable) == "age"]
    found = own or [(name, ages) for name, _, ages in found]
    named = ", ".join(dict.fromkeys(name for name, _ in found))
    return named, [(named, ages) for ages in _joined([ages for _, ages in found])]


def _range_of(bounds: tuple[float | None, float | None]) -> AgeRange:
    """Return the ages of a variable's range; one that ends beyond all ages is open."""
    low, high = bounds
    return math.ceil(low or 0), None if high is None or high >= ALL_OLD else math.floor(high)


def _joined(parts: Sequence[AgeRange]) -> list[AgeRange]:
    """Return ranges of ages without the bounds between neighbours."""
    found: list[AgeRange] = []
    for part in sorted(parts, key=lambda ages: (ages[0], last(ages))):
        if found and part[0] <= last(found[-1]) + 1:
            found[-1] = (found[-1][0], max(found[-1], part, key=last)[1])
        else:
            found.append(part)
    return found


def _bands_of(
    table: _Table, holder: str, bands: Sequence[tuple[str, AgeRange]]
) -> tuple[dict[int, str], list[Finding]]:
    """Return the schema's band of each age of the file, and who is in none."""
    if not bands:
        return dict.fromkeys(range(len(table.ages)), ""), []
    found: dict[int, str] = {}
    crossed: list[str] = []
    for k, ages in enumerate(table.ages):
        for code, band in bands:
            if holds(band, ages):
                found[k] = code
            elif meets(band, ages):
                crossed.append(f"{table.named_ages[k]} – {_called(code, band)}")
    for code, band in bands:
        inside = [table.ages[k] for k, name in found.items() if name == code]
        if not _fills(band, inside) and not any(meets(band, a) for a in _outside(table, found)):
            crossed.append(_called(code, band))
    if crossed:
        raise InputError("DI-E425", path=table.path, ages=crossed)
    left = [k for k in range(len(table.ages)) if k not in found]
    if not left:
        return found, []
    people = math.fsum(table.people(place, _ALL, k) for place, k in product(table.provinces, left))
    names = [table.named_ages[k] for k in left]
    finding = Finding.of(
        "DI-W411", path=table.path, ages=names, count=f"{people:,.0f}", domain=holder
    )
    return found, [finding]


def _outside(table: _Table, found: Mapping[int, str]) -> list[AgeRange]:
    return [ages for k, ages in enumerate(table.ages) if k not in found]


def _fills(band: AgeRange, parts: Sequence[AgeRange]) -> bool:
    """Return whether parts that lie in a band leave no age of it out."""
    next_age: float = band[0]
    for part in sorted(parts, key=lambda ages: ages[0]):
        if part[0] != next_age:
            return False
        next_age = last(part) + 1
    return next_age == last(band) + 1


def _called(code: str, band: AgeRange) -> str:
    ages = f"{band[0]}+" if band[1] is None else f"{band[0]}-{band[1]}"
    return code if code == ages else f"{code} ({ages})"
