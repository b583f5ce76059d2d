"""Microdata, what they mean and how they were sampled, checked once at the door."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.engine import PsuTable
from divide_index.errors import DesignError, Finding, InputError
from divide_index.inference.design import Design, LonelyPsu
from divide_index.reading import files, gate
from divide_index.reading.files import Origin
from divide_index.schema import (
    Compare,
    SurveySchema,
    load_schema,
    schema_for_columns,
)

Floats = NDArray[np.float64]
DesignKind = Literal["stratified clusters", "clusters", "stratified", "weights only", "none"]


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """A survey's records with their schema and sampling design.

    Parameters
    ----------
    frame
        The schema's variables under their names, with each record's PSU index; pandas or
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
    origin
        The file, or None for a frame.
    is_synthetic
        Whether the records are simulated, as they themselves say.
    """

    frame: Any
    schema: SurveySchema
    design: Design
    psus: PsuTable
    design_kind: DesignKind
    findings: tuple[Finding, ...] = ()
    origin: Origin | None = None
    is_synthetic: bool = False

    @property
    def records(self) -> int:
        """Number of records."""
        return engine.height(self.frame)

    def sample_sizes(self) -> tuple[Floats, Floats]:
        """Return the records and the sum of weights of each sample, shape ``(S,)``."""
        samples, size = self.psus.samples, int(self.psus.samples.max()) + 1
        records = np.bincount(samples, self.psus.records, size).astype(np.float64)
        return records, np.bincount(samples, self.psus.weights, size).astype(np.float64)

    def with_lonely_psu(self, rule: LonelyPsu) -> "Survey":
        """Return the survey with another rule for strata that hold a single PSU."""
        design = Design(
            self.design.strata, self.design.stratum_labels, self.design.sampling_fraction, rule
        )
        return replace(self, design=design)


def read_survey(
    source: str | Path | Any,  # noqa: ANN401  a data frame of any known library
    schema: SurveySchema | str | Path | None = None,
    *,
    lonely_psu: LonelyPsu = "fail",
) -> Survey:
    """Read survey microdata and check them against their schema.

    Parameters
    ----------
    source
        A CSV file, or a data frame (pandas, Polars) with the file's columns.
    schema
        A schema, its name or its path; without one, the only packaged schema whose columns
        are all there.
    lonely_psu
        What a stratum with a single PSU contributes to a variance (R's names).

    Returns
    -------
    Survey
        Nothing dropped: a record that cannot be used is missing in a mean, not in the survey.

    Raises
    ------
    SchemaError, InputError, DesignError
        What is wrong, where, and what to do.
    """
    origin = None
    if isinstance(source, str | Path):
        frame, schema, origin = _read_file(Path(source), schema)
    else:
        frame = source
    frame, schema, findings = _checked(frame, schema)
    frame, design, psus = _designed(frame, schema, lonely_psu)
    return Survey(
        frame=frame,
        schema=schema,
        design=design,
        psus=psus,
        design_kind=_kind(schema),
        findings=findings,
        origin=origin,
        is_synthetic=_is_synthetic(frame, schema),
    )


def checked_frame(frame: Any, schema: SurveySchema) -> tuple[Any, tuple[Finding, ...]]:  # noqa: ANN401
    """Return a frame's variables under their names and as declared types, checked.

    Raises
    ------
    InputError, DesignError
        The frame contradicts its schema.
    """
    frame, _, findings = _checked(frame, schema)
    return frame, findings


def _checked(
    frame: Any,  # noqa: ANN401
    schema: SurveySchema | str | Path | None,
) -> tuple[Any, SurveySchema, tuple[Finding, ...]]:
    if not engine.is_frame(frame):
        raise InputError("DI-E121", type=type(frame).__name__)
    columns = engine.column_names(frame)
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise InputError("DI-E018", path="frame", columns=repeated)
    schema = _schema(schema, columns)
    files.missing_columns(columns, schema)
    frame, blanks = engine.canonical(frame, schema)
    notes = [
        Finding.of("DI-W009", column=schema.column_of(each.variable), count=each.count)
        for each in blanks
    ]
    return frame, schema, (*notes, *gate.check(frame, schema))


def _read_file(
    path: Path, schema: SurveySchema | str | Path | None
) -> tuple[Any, SurveySchema, Origin]:
    if schema is not None:
        known = _schema(schema, [])
        file = files.open_csv(path, encoding=known.encoding, language=known.language)
        return files.parse_csv(file, known), known, file.origin
    try:
        file = files.open_csv(path, encoding=None, language=None)
        known = schema_for_columns(file.columns)
    except InputError as error:
        if error.code != "DI-E001":
            raise
        file = files.open_csv(path, encoding=None, language="ko")
        known = schema_for_columns(file.columns)
        if known.language != "ko":  # other text too decodes as CP949, into other words
            raise
    return files.parse_csv(file, known), known, file.origin


def _schema(schema: SurveySchema | str | Path | None, columns: list[str]) -> SurveySchema:
    if isinstance(schema, SurveySchema):
        return schema
    return schema_for_columns(columns) if schema is None else load_schema(schema)


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
    count, _ = engine.lines_where(frame, Compare(mark, "==", code), schema)
    return count > 0
