"""Several years of a survey, one schema each, and what their samples share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from divide_index import engine
from divide_index.errors import DesignError, EstimationError, Finding, InputError
from divide_index.inference.design import LonelyPsu
from divide_index.inference.stacking import StackedDesign, independent_designs, shared_designs
from divide_index.schema import SurveySchema, code_text, variables_of
from divide_index.survey import Survey, read_survey, redesigned

Samples = Literal["independent", "shared_psus", "panel"]
SAMPLES: tuple[Samples, ...] = get_args(Samples)

_MANY = 0.5  # of the PSUs' labels: so many do not agree by chance where labels tell PSUs apart


@dataclass(frozen=True, slots=True, eq=False)
class Waves:
    """Surveys of different years with the same index.

    Parameters
    ----------
    surveys
        By year. They are put in ascending order.
    samples
        What the samples share: ``independent`` nothing; ``shared_psus`` PSUs that were surveyed
        again, told by their stratum's and their own label; ``panel`` people who were asked
        again, told by the identifier of the schema's design (where a design has PSUs, people
        stay in them, and the PSUs are what is shared).

    Raises
    ------
    EstimationError
        DI-E364: no year. DI-E117: no such relation of samples. DI-E394: pools that share a year.
    DesignError
        DI-E365: the rules for lonely PSUs differ.

    Notes
    -----
    With shared PSUs the variance is that of the stacked file, as in R's ``svydesign``: a PSU that
    a year lacks counts there as one with nothing. Where many rotate and strata differ, standard
    errors of changes are larger than they need be (DI-W365).

    A group or region is the same in all years if its name in the schema is: what makes it up may
    be written otherwise in each, and is then told (:attr:`findings`).
    """

    surveys: Mapping[int, Survey]
    samples: Samples = "independent"
    findings: tuple[Finding, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Put the years in order and hold them against each other."""
        if self.samples not in SAMPLES:
            raise EstimationError("DI-E117", option="samples", value=self.samples, valid=SAMPLES)
        ordered = MappingProxyType(dict(sorted(self.surveys.items())))
        object.__setattr__(self, "surveys", ordered)
        if not ordered:
            raise EstimationError("DI-E364", count=0)
        _refuse_overlapping([each.pooled or (year,) for year, each in ordered.items()])
        rules = sorted({survey.design.lonely_psu for survey in ordered.values()})
        if len(rules) > 1:
            raise DesignError("DI-E365", rules=rules)
        object.__setattr__(self, "findings", tuple(_noticed(ordered, self.samples)))

    @property
    def years(self) -> tuple[int, ...]:
        """The years, ascending."""
        return tuple(self.surveys)

    @property
    def schema(self) -> SurveySchema:
        """The schema of the last year, whose labels are printed."""
        return self.surveys[self.years[-1]].schema

    @property
    def schemas(self) -> tuple[SurveySchema, ...]:
        """The schemas of the years, ascending."""
        return tuple(survey.schema for survey in self.surveys.values())

    def stacked(self) -> StackedDesign:
        """Return the design of all samples together, in the order of the years.

        Raises
        ------
        DesignError
            DI-E360, DI-E361, DI-E362: the samples do not share units as is said. DI-E363: a
            schema does not name the units that are shared.
        """
        designs = [survey.design for survey in self.surveys.values()]
        if self.samples == "independent":
            return independent_designs(designs, [str(year) for year in self.years])
        units = [_units(survey, self.samples) for survey in self.surveys.values()]
        return shared_designs(designs, units)

    @classmethod
    def of(cls, surveys: Iterable[Survey], *, samples: Samples = "independent") -> "Waves":
        """Return the waves of surveys whose schemas say their year.

        Raises
        ------
        EstimationError
            DI-E367: a schema says no year. DI-E368: two say the same.
        """
        by_year: dict[int, Survey] = {}
        for survey in surveys:
            year = survey.schema.survey.year
            if year is None:
                raise EstimationError("DI-E367", schema=survey.schema.name)
            if year in by_year:
                raise EstimationError("DI-E368", year=year)
            by_year[year] = survey
        return cls(by_year, samples)

    @classmethod
    def split(cls, survey: Survey, variable: str, *, samples: Samples = "independent") -> "Waves":
        """Return the waves of one stacked file.

        Parameters
        ----------
        survey
            Records of several years.
        variable
            The variable of the schema that holds the year of each record, in four digits.
        samples
            What the years' samples share. Their strata and PSUs are those of the schema: a year
            among its strata keeps the years apart.

        Raises
        ------
        EstimationError
            DI-E117: no such variable. DI-E369: it holds something that is no year, or nothing.
        """
        if variable not in survey.schema.variables:
            known = [*survey.schema.variables]
            raise EstimationError("DI-E117", option="variable", value=variable, valid=known)
        names, codes = engine.categories(survey.frame, survey.schema, variable)
        wrong = sum(not (name.isdecimal() and len(name) == 4) for name in names)  # noqa: PLR2004
        unknown = int((codes < 0).sum())
        if wrong or unknown:
            raise EstimationError("DI-E369", variable=variable, count=wrong, unknown=unknown)
        parts = {
            int(name): redesigned(survey, engine.kept(survey.frame, codes == place), int(name))
            for place, name in enumerate(names)
        }
        return cls(parts, samples)


def read_waves(
    sources: Mapping[int, object],
    schema: SurveySchema | str | Path | Mapping[int, SurveySchema | str | Path] | None = None,
    *,
    samples: Samples = "independent",
    lonely_psu: LonelyPsu = "fail",
) -> Waves:
    """Read the files of several years.

    Parameters
    ----------
    sources
        By year, each as :func:`divide_index.read_survey` takes it.
    schema
        One for all years, or one by year; without one, those that fit.
    samples
        What the samples share.
    lonely_psu
        What a stratum with a single PSU contributes to a variance (R's names).

    Raises
    ------
    SchemaError, InputError, DesignError, EstimationError
        What is wrong, in which year, where, and what to do.
    """
    surveys: dict[int, Survey] = {}
    for year, source in sorted(sources.items()):
        meaning = schema.get(year) if isinstance(schema, Mapping) else schema
        surveys[year] = read_survey(source, meaning, lonely_psu=lonely_psu)
    refuse_repeated_files(surveys)
    return Waves(surveys, samples)


def _refuse_overlapping(pools: Iterable[Sequence[int]]) -> None:
    """Refuse pools that share a year: their levels move together by construction."""
    every = list(chain.from_iterable(pools))
    shared = sorted({year for year in every if every.count(year) > 1})
    if shared:
        raise EstimationError("DI-E394", years=shared)


def _units(survey: Survey, samples: Samples) -> list[str]:
    """Return the label of each PSU: its own, or where people are PSUs the person's."""
    design = survey.schema.design
    variable = design.psu
    if variable is None and samples == "panel":
        variable = design.id
    if variable is None:
        raise DesignError("DI-E363", schema=survey.schema.name, samples=samples)
    return survey.psu_labels(variable)


def refuse_repeated_files(surveys: Mapping[int, Survey]) -> None:
    """Refuse the same files as those of two years.

    Raises
    ------
    InputError
        DI-E366.
    """
    seen: dict[tuple[str, ...], int] = {}
    for year, survey in surveys.items():
        key = tuple(sorted(origin.sha256 for origin in survey.origins))
        if not key:
            continue
        if key in seen:
            names = [origin.name for origin in survey.origins]
            raise InputError("DI-E366", years=[seen[key], year], files=names)
        seen[key] = year


def _noticed(surveys: Mapping[int, Survey], samples: Samples) -> list[Finding]:
    findings: list[Finding] = []
    years = [*surveys]
    for earlier, later in pairwise(years):
        old, new = surveys[earlier].schema, surveys[later].schema
        ours, theirs = _populations(old), _populations(new)
        changed = [name for name, made in theirs.items() if ours.get(name, made) != made]
        if changed:
            findings.append(Finding.of("DI-W361", groups=changed, years=[earlier, later]))
    if any(survey.schema.design.psu is None for survey in surveys.values()):
        return findings
    *earlier, last = psus = [_psu_labels(survey) for survey in surveys.values()]
    if samples == "independent":
        shared = len(last & set[_Label]().union(*earlier)) / len(last)
        if shared > _MANY:
            findings.append(Finding.of("DI-W360", percent=100 * shared))
        return findings
    every = set[_Label]().union(*psus)
    rotated = len(every - set[_Label].intersection(*psus))
    if rotated:
        findings.append(Finding.of("DI-W365", count=rotated, psus=len(every)))
    return findings


def _populations(schema: SurveySchema) -> dict[str, object]:
    """Return what reference, groups and averages are made of, by name."""
    return {
        "reference": schema.reference.where,
        **{name: group.where for name, group in schema.groups.items()},
        **{
            name: (frozenset(average.members), "estimated" in average.members.values())
            for name, average in schema.averages.items()
        },
    }


_Label = tuple[str, str]


def _psu_labels(survey: Survey) -> set[_Label]:
    """Return the labels of stratum and PSU."""
    strata, units = survey.design.stratum_labels, _units(survey, "shared_psus")
    places = survey.design.strata.tolist()
    return {(strata[h], unit) for h, unit in zip(places, units, strict=True)}


# -- whether years compare ---------------------------------------------------------------------


def refuse_other_index(waves: Waves) -> None:
    """Refuse years whose indices are made of different items, rules or weights.

    Raises
    ------
    EstimationError
        DI-E370: with every part that differs from the last year's.
    """
    last = waves.schema
    for year, survey in waves.surveys.items():
        odd = sorted(index_differences(survey.schema, last))
        if odd:
            raise EstimationError("DI-E370", year=year, last=waves.years[-1], parts=odd)


def index_differences(schema: SurveySchema, other: SurveySchema) -> set[str]:
    """Return the parts of an index that another index has otherwise, or only one has."""
    ours, theirs = index_parts(schema), index_parts(other)
    return {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}


def index_parts(schema: SurveySchema) -> dict[str, object]:
    """Return what a schema's index is made of, by path: weights, rules, codes.

    Labels, sources and the names of columns are left out: they do not change a score. Codes of
    no answer are too, since a file may mark what nobody answered as it likes.
    """
    parts: dict[str, object] = {}
    for name, dimension in schema.dimensions.items():
        parts[name] = dimension.weight
        for key, indicator in dimension.indicators.items():
            items = indicator.items
            made = dict(items) if isinstance(items, dict) else dict.fromkeys(items)
            parts[f"{name}.{key}"] = (indicator.weight, indicator.rule, sorted(made.items()))
            parts |= {f"{name}.{key}.{item}": _item(schema, item) for item in made}
    return parts


def _item(schema: SurveySchema, name: str) -> object:
    item = schema.items[name]
    answers = sorted(
        (
            declared.type,
            sorted(map(code_text, declared.codes)),
            declared.range,
            declared.skip_means,
            len(item.variables),
        )
        for declared in (schema.variables[variable] for variable in item.variables)
    )
    scores = sorted((code_text(code), value) for code, value in item.scores.items())
    codes = sorted(map(code_text, item.codes))
    return (item.rule, item.goalposts, item.direction, scores, codes, answers)


def refuse_other_categories(
    waves: Waves, domains: Iterable[str], variables: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """Hold the categories of domains and populations of different years against each other.

    Populations are the reference and the groups: where two years define one by the same words,
    its codes must mean the same. Where the words differ, :attr:`Waves.findings` says so.

    Parameters
    ----------
    waves
        The years.
    domains
        Names of domains.
    variables
        Variables of a condition, whose codes must mean the same too.

    Returns
    -------
    tuple of Finding
        DI-W362: the same code has another label than in the last year, as after a renaming.

    Raises
    ------
    EstimationError
        DI-E371: a code has the label that another code has in the last year, or a band other
        bounds, so that equal codes are not the same part of the population. DI-E372: a year's
        schema lacks the domain.
    """
    renamed: dict[str, list[str]] = {}
    last = waves.schema
    for name in dict.fromkeys(domains):
        for year, survey in waves.surveys.items():
            if name not in survey.schema.domains:
                known = [*survey.schema.domains]
                raise EstimationError("DI-E372", domain=name, year=year, known=known)
            found = _compared(survey.schema, last, name)
            _refuse_moved(found, name, year, waves)
            renamed.setdefault(name, []).extend(found.renamed)
    seen = {last.domains[name].variable for name in renamed}
    for year, survey in waves.surveys.items():
        for name in sorted({*variables, *_told_alike(survey.schema, last)} - seen):
            if name in survey.schema.variables and name in last.variables:
                found = _named_otherwise(_labels(survey.schema, name), _labels(last, name))
                _refuse_moved(found, name, year, waves)
                renamed.setdefault(name, []).extend(found.renamed)
    return tuple(
        Finding.of("DI-W362", domain=name, codes=list(dict.fromkeys(codes)))
        for name, codes in renamed.items()
        if codes
    )


def _told_alike(schema: SurveySchema, last: SurveySchema) -> set[str]:
    """Return the variables of the populations that two years define by the same words."""
    pairs = [(schema.reference.where, last.reference.where)]
    pairs += [
        (schema.groups[name].where, group.where)
        for name, group in last.groups.items()
        if name in schema.groups
    ]
    same = [new for old, new in pairs if new is not None and old == new]
    return set[str]().union(*map(variables_of, same))


@dataclass(frozen=True, slots=True)
class _Compared:
    """The codes of a domain that mean something else in another year, or are named otherwise."""

    moved: list[str]
    renamed: list[str]


def _refuse_moved(found: _Compared, name: str, year: int, waves: Waves) -> None:
    if found.moved:
        raise EstimationError(
            "DI-E371", domain=name, year=year, last=waves.years[-1], codes=found.moved
        )


def _compared(schema: SurveySchema, last: SurveySchema, domain: str) -> _Compared:
    ours, theirs = schema.domains[domain], last.domains[domain]
    if bool(ours.bands) != bool(theirs.bands):
        return _Compared([*(ours.bands or theirs.bands)], [])
    if ours.bands:
        return _Compared(
            [b for b in ours.bands if theirs.bands.get(b, ours.bands[b]) != ours.bands[b]], []
        )
    return _named_otherwise(_labels(schema, ours.variable), _labels(last, theirs.variable))


def _named_otherwise(ours: Mapping[str, str], theirs: Mapping[str, str]) -> _Compared:
    """Return the codes whose label another code has there, and those that are only renamed."""
    code_of = {label: code for code, label in theirs.items() if label}
    moved = [
        code
        for code, label in ours.items()
        if theirs.get(code) != label and code_of.get(label, code) != code
    ]
    differing = [code for code, label in ours.items() if theirs.get(code, label) != label]
    return _Compared(moved, [code for code in differing if code not in moved])


def _labels(schema: SurveySchema, variable: str) -> dict[str, str]:
    codes = schema.variables[variable].codes
    return {code_text(code): "" if label is None else label.ko for code, label in codes.items()}
