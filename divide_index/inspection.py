"""Everything a schema finds wrong with survey files, at once; no level comes out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from divide_index import engine
from divide_index.engine import Profile
from divide_index.errors import DesignError, DivideIndexError, EstimationError, Finding
from divide_index.levels import relative_levels
from divide_index.reading.gate import Ledger
from divide_index.reading.gathering import gather
from divide_index.reading.sources import personal_columns, sources_of
from divide_index.schema import SurveySchema, load_schema
from divide_index.scoring import score
from divide_index.survey import Survey, assembled, restored


@dataclass(frozen=True, slots=True)
class Population:
    """A population of the schema: its kind (reference, group), name, records and weight."""

    kind: str
    name: str
    records: int
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What a look at survey files found.

    Parameters
    ----------
    schema
        The schema they were held against; None where none fits.
    survey
        The survey, None where an error stands in the way.
    errors
        Every error found; levels can be computed only without any.
    findings
        What is right but worth knowing.
    items
        For every variable that is scored, who answered.
    populations
        The reference and the groups.
    """

    schema: SurveySchema | None
    survey: Survey | None
    errors: tuple[DivideIndexError, ...]
    findings: tuple[Finding, ...]
    items: tuple[Profile, ...] = ()
    populations: tuple[Population, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether levels can be computed."""
        return not self.errors


def check_survey(source: object, schema: SurveySchema | str | Path | None = None) -> Inspection:
    """Read survey files and report everything their schema finds wrong.

    Once nothing else is wrong, levels are tried and thrown away, to find what they would stop at.

    Parameters
    ----------
    source, schema
        As :func:`divide_index.read_survey` takes them.

    Returns
    -------
    Inspection
        Errors are gathered, not raised.

    Raises
    ------
    SchemaError
        The schema named does not exist or contradicts itself.
    InputError
        The source is neither a file, a frame, nor a mapping to these.
    """
    ledger = Ledger(stops=False)
    known = load_schema(schema) if isinstance(schema, str | Path) else schema
    sources = sources_of(source)
    survey: Survey | None = None
    try:
        for finding in personal_columns(sources, known):
            ledger.add(finding)
        gathered = gather(sources, known, ledger)
        if gathered is not None:
            known = gathered.schema
            survey = assembled(gathered, ledger, "fail")
            noticed = len(survey.findings)
            survey = restored(survey, sources)
            ledger.findings.extend(survey.findings[noticed:])
    except DivideIndexError as error:
        ledger.add(error)
    if survey is None:
        return Inspection(known, None, tuple(ledger.errors), tuple(ledger.findings))
    populations = _populations(survey)
    _check_levels(survey, populations, ledger)
    scored = {name for item in survey.schema.items.values() for name in item.variables}
    variables = [name for name in survey.schema.variables if name in scored]
    items = tuple(engine.profile(survey.frame, survey.schema, variables))
    for each in items:
        if not each.answered:
            column = survey.schema.column_of(each.variable)
            ledger.add(Finding.of("DI-W042", column=column))
    return Inspection(
        survey.schema,
        survey,
        tuple(ledger.errors),
        tuple(ledger.findings),
        items,
        populations,
    )


def _populations(survey: Survey) -> tuple[Population, ...]:
    schema = survey.schema
    weight = schema.design.weight
    ones = np.ones(survey.records)
    weights = ones if weight is None else engine.values(survey.frame, weight)
    wheres = [("reference", "total", schema.reference.where)]
    wheres += [("group", name, group.where) for name, group in schema.groups.items()]
    found: list[Population] = []
    for kind, name, where in wheres:
        inside = engine.mask(survey.frame, where, schema)
        found.append(Population(kind, name, int(inside.sum()), float(weights[inside].sum())))
    return tuple(found)


def _check_levels(survey: Survey, populations: tuple[Population, ...], ledger: Ledger) -> None:
    """Add what `compute` would stop at: strata of one PSU, an empty reference or group."""
    lonely = survey.design.lonely_strata()
    if lonely:
        ledger.add(DesignError("DI-E057", count=len(lonely), strata=lonely))
    if not populations[0].records:
        dimensions = [*survey.schema.dimensions]
        ledger.add(EstimationError("DI-E060", dimensions=dimensions))
    empty = [p.name for p in populations[1:] if not p.records]
    if empty:
        ledger.add(EstimationError("DI-E061", groups=empty))
    if not ledger.errors:
        try:  # the rest of what `compute` would stop at; the levels are nobody's business here
            relative_levels(score(survey))
        except DivideIndexError as error:
            ledger.add(error)
