"""Microdata, what they mean and how they were sampled, checked once at the door."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.engine import PsuTable
from divide_index.errors import DesignError, Finding, InputError
from divide_index.inference.design import Design, LonelyPsu
from divide_index.inference.replication import Replicates
from divide_index.inference.units import calibrated_design
from divide_index.reading.gate import Ledger
from divide_index.reading.gathering import Gathered, gather
from divide_index.reading.origin import Origin
from divide_index.reading.sources import Sources, sources_of
from divide_index.schema import (
    Compare,
    SurveySchema,
    Variable,
    code_text,
    load_schema,
    stacked_files,
)
from divide_index.survey.sidecar import BASE_COLUMN, MADE_COLUMN, MADE_WEIGHT, sidecar_of
from divide_index.survey.steps import WeightStep

_REGISTER_TOLERANCE = 0.1  # of the weight; the shares of weighted samples differ by far less
_RELATIVE_WEIGHTS = 0.01  # a mean this near to 1 is a weight per respondent, not per inhabitant

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
DesignKind = Literal["stratified clusters", "clusters", "stratified", "weights only", "none"]


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """A survey's records with their schema and sampling design.

    Parameters
    ----------
    frame
        The schema's variables under their names, with each record's unit of the design; pandas or
        Polars, as it came.
    schema
        What the columns mean.
    design
        The PSUs and strata, as variances see them.
    psus
        What each PSU holds: sample, records, weight.
    design_kind
        How much of the design the data tell.
    findings
        What the gate noticed and did not refuse.
    origins
        The files; none for frames.
    is_synthetic
        Whether the records are simulated, as they themselves say.
    pooled
        The years whose people it pools, ascending; none for the survey of one year.
    base_weights
        Weights before anything was done to them, shape ``(n,)``; None where nothing was.
    replicates
        Replicate weights that came with it, over its weights: ``(R, n)``.
    weighting
        What was done to the weights, in order; none where they are as they came.
    """

    frame: Any
    schema: SurveySchema
    design: Design
    psus: PsuTable
    design_kind: DesignKind
    findings: tuple[Finding, ...] = ()
    origins: tuple[Origin, ...] = ()
    is_synthetic: bool = False
    pooled: tuple[int, ...] = ()
    base_weights: Floats | None = None
    replicates: Replicates | None = None
    weighting: tuple[WeightStep, ...] = ()

    @property
    def records(self) -> int:
        """Number of records."""
        return engine.height(self.frame)

    def weights(self) -> Floats:
        """Return the weight of each record, shape ``(n,)``; one where the schema has none."""
        weight = self.schema.design.weight
        return np.ones(self.records) if weight is None else engine.values(self.frame, weight)

    def sample_sizes(self) -> tuple[Floats, Floats]:
        """Return the records and the sum of weights of each sample, shape ``(S,)``."""
        samples, size = self.psus.samples, int(self.psus.samples.max()) + 1
        records = np.bincount(samples, self.psus.records, size).astype(np.float64)
        return records, np.bincount(samples, self.psus.weights, size).astype(np.float64)

    def with_lonely_psu(self, rule: LonelyPsu) -> "Survey":
        """Return the survey with another rule for strata that hold a single PSU."""
        return replace(self, design=replace(self.design, lonely_psu=rule))

    def samples_of_units(self) -> Indices:
        """Return the sample of each unit of the design, shape ``(U,)``."""
        return self.design.of_units(self.psus.samples)

    def rows_by_sample(self) -> dict[str | None, Indices]:
        """Return the positions of each sample's records, by its code in the schema's order.

        The code is None where the survey has one sample.
        """
        variable = self.schema.design.sample
        if variable is None:
            return {None: np.arange(self.records, dtype=np.intp)}
        names, position = engine.categories(self.frame, self.schema, variable)
        order = [code_text(code) for code in self.schema.variables[variable].codes]
        order = [name for name in order if name in names] + [n for n in names if n not in order]
        return {name: np.flatnonzero(position == names.index(name)) for name in order}

    def by_record(self) -> "Survey":
        """Return the survey with every record a unit of its PSU, as replicate weights need."""
        psu = engine.values(self.frame, engine.UNIT).astype(np.intp)
        if self.design.psu_of_unit is not None:
            psu = self.design.psu_of_unit[psu]
        records = np.arange(self.records, dtype=np.intp)
        return replace(
            self,
            frame=engine.with_units(self.frame, records),
            design=self.design.calibrated(psu, ()),
        )

    def psu_labels(self, variable: str) -> list[str]:
        """Return the label of each PSU by a variable, such as its own or a person's identifier.

        Parameters
        ----------
        variable
            Constant inside a PSU.

        Returns
        -------
        labels
            Length ``P``; empty where there is none.
        """
        labels = engine.unit_labels(self.frame, variable)
        if self.design.psu_of_unit is None:
            return labels
        _, first = np.unique(self.design.psu_of_unit, return_index=True)
        return [labels[unit] for unit in first.tolist()]


def read_survey(
    source: object,
    schema: SurveySchema | str | Path | None = None,
    *,
    lonely_psu: LonelyPsu = "fail",
    replicates: bool = False,
) -> Survey:
    """Read survey microdata and check them against their schema.

    Parameters
    ----------
    source
        A survey file (CSV, XLSX, SPSS, Stata, Parquet); a data frame (pandas, Polars) with the
        file's columns; or, for a schema of several files, a mapping of its names for them to
        paths or frames.
    schema
        A schema, its name or its path; without one, the only packaged schema whose columns
        and codes all fit.
    lonely_psu
        What a stratum with a single PSU contributes to a variance (R's names).
    replicates
        Whether to read the replicate weights that came with it too, for
        ``variance="supplied"``.

    Returns
    -------
    Survey
        Nothing dropped: a record that cannot be used is missing in a mean, not in the survey.

    Raises
    ------
    SchemaError, InputError, DesignError
        What is wrong, where, and what to do.
    """
    ledger = Ledger()
    known = load_schema(schema) if isinstance(schema, str | Path) else schema
    sources = sources_of(source)
    gathered = gather(sources, known, ledger)
    if gathered is None:
        raise AssertionError  # a ledger that stops raises the first error
    survey = assembled(gathered, ledger, lonely_psu)
    survey = restored(survey, sources)
    if not replicates:
        return survey
    from divide_index.survey.replicate_columns import replicates_supplied

    made = replicates_supplied(survey.schema, sources, survey.weights())
    return replace(survey, replicates=made)


def restored(survey: Survey, sources: Sources) -> Survey:
    """Return the survey with what was done to its weights, where files beside its own tell it.

    Raises
    ------
    InputError
        DI-E431, DI-E432, DI-E433: what lies beside a file does not fit it. DI-E434: weights of
        which nothing is known, in a survey whose schema has none.
    """
    order = [None, *stacked_files(survey.schema)]
    sidecars = {
        name: place
        for name, path in sources.items()
        if name in order and isinstance(path, Path) and (place := sidecar_of(path)).is_file()
    }
    findings = [
        finding
        for origin in survey.origins
        if origin.source not in sidecars
        for finding in weights_of_unknown_making(survey.schema, origin.columns, origin.name)
    ]
    if sidecars:
        from divide_index.survey.restoring import restored_steps

        files = {origin.source: (origin.sha256, origin.records) for origin in survey.origins}
        hashes = {name: files[name] for name in order if name in files}
        base, steps, noticed = restored_steps(
            survey.frame, survey.schema, sources, sidecars, hashes
        )
        survey = with_steps(survey, base, steps)
        findings += noticed
    return replace(survey, findings=(*survey.findings, *findings)) if findings else survey


def weights_of_unknown_making(
    schema: SurveySchema, columns: Sequence[str], path: str
) -> list[Finding]:
    """Tell of weights that were made from others, where nothing says how.

    Raises
    ------
    InputError
        DI-E434: the schema has no weight, so the file's would not be used at all.
    """
    known = {schema.column_of(name) for name in schema.variables}
    if BASE_COLUMN not in columns or BASE_COLUMN in known:
        return []
    final = {MADE_COLUMN} & {*columns}
    if schema.design.weight is None and final:
        raise InputError("DI-E434", path=path, columns=sorted(final), schema=schema.name)
    return [Finding.of("DI-W415", path=path, column=BASE_COLUMN)]


def weighted(survey: Survey, step: WeightStep) -> Survey:
    """Return the survey with the weights that a step gave it, which it remembers.

    A survey without weights has them from then on, in a variable of their own.
    """
    return with_steps(survey, survey.weights(), [step])


def with_steps(survey: Survey, base: Floats, steps: Sequence[WeightStep]) -> Survey:
    """Return the survey with the weights that steps gave it, after those it had already.

    Parameters
    ----------
    survey
        Read and checked.
    base
        The weights before the steps, shape ``(n,)``.
    steps
        One or more, in order.
    """
    schema = _with_weight(survey.schema)
    every = (*survey.weighting, *steps)
    frame = engine.with_column(survey.frame, str(schema.design.weight), steps[-1].weights)
    frame, design, psus = _designed(frame, schema, survey.design.lonely_psu)
    psu = engine.values(frame, engine.UNIT).astype(np.intp)
    # Who did not respond is in the design and in no sample size.
    there = np.bincount(psu, steps[-1].weights > 0, design.psus)
    psus = replace(psus, records=np.asarray(there, dtype=np.float64))
    calibrated = [each.records for step in every for each in step.samples]
    if calibrated:
        design, unit = calibrated_design(design, psu, calibrated)
        frame = engine.with_units(frame, unit)
    return replace(
        survey,
        frame=frame,
        schema=schema,
        design=design,
        psus=psus,
        design_kind=_kind(schema),
        findings=(*survey.findings, *(f for step in steps for f in step.findings)),
        base_weights=base if survey.base_weights is None else survey.base_weights,
        replicates=None,  # of other weights
        weighting=every,
    )


def _with_weight(schema: SurveySchema) -> SurveySchema:
    """Return the schema with a variable for weights, where it has none."""
    if schema.design.weight is not None:
        return schema
    variable = Variable(type="number", column=MADE_COLUMN)
    variables = {**schema.variables, MADE_WEIGHT: variable}
    design = schema.design.model_copy(update={"weight": MADE_WEIGHT})
    return schema.model_copy(update={"variables": variables, "design": design})


def assembled(gathered: Gathered, ledger: Ledger, lonely_psu: LonelyPsu) -> Survey:
    """Return the survey of records that were gathered, with its design.

    Raises
    ------
    DesignError
        There are fewer than two PSUs, or the finite population corrections contradict them.
    """
    schema = gathered.schema
    frame, design, psus = _designed(gathered.frame, schema, lonely_psu)
    schema, findings = _plausible(frame, schema)
    ledger.findings.extend(findings)
    if _weights_are_relative(schema, psus):
        ledger.add(Finding.of("DI-W056", averages=_estimated_averages(schema)))
    return Survey(
        frame=frame,
        schema=schema,
        design=design,
        psus=psus,
        design_kind=_kind(schema),
        findings=tuple(ledger.findings),
        origins=gathered.origins,
        is_synthetic=_is_synthetic(frame, schema),
    )


def checked_frame(frame: Any, schema: SurveySchema) -> tuple[Any, tuple[Finding, ...]]:  # noqa: ANN401
    """Return a frame's variables under their names and as declared types, checked.

    Raises
    ------
    InputError, DesignError
        The frame contradicts its schema.
    """
    if not engine.is_frame(frame):
        raise InputError("DI-E121", type=type(frame).__name__)
    ledger = Ledger()
    gathered = gather({None: frame}, schema, ledger)
    if gathered is None:
        raise AssertionError  # a ledger that stops raises the first error
    return gathered.frame, tuple(ledger.findings)


def redesigned(survey: Survey, frame: Any, year: int) -> Survey:  # noqa: ANN401
    """Return the survey of one year's records among those of several, with a design of its own.

    Parameters
    ----------
    survey
        Of all years.
    frame
        The records of one.
    year
        Theirs, which the schema then says.

    Raises
    ------
    DesignError
        DI-E122: there are fewer than two PSUs among them. DI-E435: the weights were calibrated
        for all years together.
    """
    if survey.weighting:
        raise DesignError("DI-E435")
    designed, design, psus = _designed(frame, survey.schema, survey.design.lonely_psu)
    alone = replace(survey, frame=designed, design=design, psus=psus, replicates=None)
    return of_year(alone, year)


def of_year(survey: Survey, year: int) -> Survey:
    """Return the survey with a schema that says its year."""
    metadata = survey.schema.survey.model_copy(update={"year": year})
    return replace(survey, schema=survey.schema.model_copy(update={"survey": metadata}))


def _plausible(frame: Any, schema: SurveySchema) -> tuple[SurveySchema, list[Finding]]:  # noqa: ANN401
    """Hold the reference against registers, and against the groups inside it.

    Where the shares of a variable's codes contradict the register, its assumed names of the
    codes are taken away: codes are printed, not names.
    """
    findings: list[Finding] = []
    inside = engine.mask(frame, schema.reference.where, schema)
    for name, group in schema.groups.items():
        members = engine.mask(frame, group.where, schema)
        if inside.any() and bool(members[inside].all()):
            findings.append(Finding.of("DI-W198", group=name))
    weight = schema.design.weight
    weights = np.ones(inside.size) if weight is None else engine.values(frame, weight)
    changed: dict[str, Variable] = {}
    for name, variable in schema.variables.items():
        if not variable.register_shares:
            continue
        distance = _distance(frame, schema, name, weights * inside)
        if distance > _REGISTER_TOLERANCE:
            column = schema.column_of(name)
            findings.append(Finding.of("DI-W047", column=column, percent=100 * distance))
            changed[name] = variable.model_copy(
                update={"codes": dict.fromkeys(variable.codes), "tiles": {}}
            )
    if changed:
        schema = schema.model_copy(update={"variables": {**schema.variables, **changed}})
    return schema, findings


def _estimated_averages(schema: SurveySchema) -> list[str]:
    """Return the averages whose population totals are taken from the weights."""
    return [name for name, a in schema.averages.items() if "estimated" in a.members.values()]


def _weights_are_relative(schema: SurveySchema, psus: PsuTable) -> bool:
    """Return whether totals are estimated from weights that average 1 in one of the samples."""
    if schema.design.weight is None or not _estimated_averages(schema):
        return False
    mean = np.bincount(psus.samples, psus.weights) / np.bincount(psus.samples, psus.records)
    return bool((np.abs(mean - 1) < _RELATIVE_WEIGHTS).any())


def _distance(frame: Any, schema: SurveySchema, name: str, weights: Floats) -> float:  # noqa: ANN401
    """Return the share of the weight that would have to move to give the register's shares."""
    shares = schema.variables[name].register_shares
    found = np.array(
        [
            weights[engine.mask(frame, Compare(name, "==", code), schema)].sum()
            for code in schema.variables[name].codes
        ]
    )
    registered = np.array([shares.get(code, 0.0) for code in schema.variables[name].codes])
    if not found.sum():
        return 0.0
    return float(np.abs(found / found.sum() - registered / registered.sum()).sum() / 2)


def _designed(
    frame: Any,  # noqa: ANN401
    schema: SurveySchema,
    lonely_psu: LonelyPsu,
) -> tuple[Any, Design, PsuTable]:
    frame, table = engine.with_psu_index(frame, schema)
    design = Design.of_psus(
        table.strata, table.stratum_labels, fpc=table.fpc, lonely_psu=lonely_psu
    )
    if design.psus < 2:  # noqa: PLR2004
        raise DesignError("DI-E122")
    return frame, design, table


def _kind(schema: SurveySchema) -> DesignKind:
    columns = schema.design
    if columns.psu is not None:
        return "stratified clusters" if columns.strata else "clusters"
    if columns.strata:
        return "stratified"
    return "none" if columns.weight is None else "weights only"


def _is_synthetic(frame: Any, schema: SurveySchema) -> bool:  # noqa: ANN401
    mark = schema.survey.synthetic
    if mark is None:
        return False
    code = next(iter(schema.variables[mark].codes))
    count, _ = engine.rows_where(frame, Compare(mark, "==", code), schema)
    return count > 0
