"""A weighted survey as files: the columns that came, the weights, and how they were made."""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index import engine
from divide_index.errors import EstimationError, InputError
from divide_index.inference.calibration_design import Progress
from divide_index.inference.replication import REPLICATIONS, Replicates, Replication
from divide_index.reading.origin import OpenFile
from divide_index.reading.sources import Opener, located, opened_as_said, sources_of
from divide_index.schema import (
    SurveyFile,
    code_text,
    columns_of,
    layout_of,
    only_file,
    stacked_files,
)
from divide_index.survey import Survey, WeightStep
from divide_index.survey.sidecar import (
    BASE_COLUMN,
    MADE_COLUMN,
    MADE_WEIGHT,
    REPLICATE_PREFIX,
    DesignRecord,
    ReplicateRecord,
    read_sidecar,
    sidecar_of,
    steps_recorded,
    sums_of,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """One file whose records are in the survey, opened, and where they are."""

    name: str | None
    file: str | None
    path: Path
    opened: OpenFile
    layout: SurveyFile
    rows: slice


def weighted_files(
    survey: Survey,
    source: object,
    name: str,
    *,
    replicates: Replicates | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> dict[str, bytes]:
    """Return a weighted survey as files, each with what lies beside it.

    Parameters
    ----------
    survey
        Read from the source and weighted.
    source
        The file, or the files by the schema's names for them.
    name
        Of the weighted file. Of several whose records are laid one below the other, each has
        the schema's name for it before the ending, ``weighted-farmers.csv``, and those whose
        weights stayed are not written.
    replicates
        Replicates of the survey's design, whose weights are written too: every calibration is
        repeated in each.
    seed
        Theirs, to be remembered.
    progress
        Told how many calibrations of replicates are done, and of how many.

    Returns
    -------
    contents
        By the name of the file: a CSV of all columns that came, laid out as the schema says, with
        the final weight under the schema's header for it, the weight before everything, and the
        one after every step between; and ``NAME.design.json``, from which
        :func:`~divide_index.survey.read_survey` knows the calibrations again.

    Raises
    ------
    EstimationError
        DI-E445: a population lies in several of the files. DI-E468: nothing was done to the
        weights. DI-E472: replicates that came with the survey, which are of other weights.
    InputError
        DI-E446: a file whose own labels a CSV would lose. DI-E469: it is not the file that was
        read. DI-E470: a data frame.
    """
    if survey.base_weights is None:
        raise EstimationError("DI-E468")
    if replicates is not None and replicates.method not in REPLICATIONS:
        raise EstimationError("DI-E472")
    found = _sources(survey, source)
    weights = None if replicates is None else _replicate_weights(survey, replicates, progress)
    contents: dict[str, bytes] = {}
    for each in found:
        own = name if len(found) == 1 else _named_for(name, str(each.name))
        steps = _steps_of(survey, each)
        if not steps and len(found) > 1:
            continue
        record, columns = _recorded(survey, each, own, steps or survey.weighting[-1:])
        if replicates is not None and weights is not None:
            prefix = _free_prefix({*each.opened.columns} - _own_columns(each.path))
            made = _replicates_recorded(replicates, seed, prefix)
            record = record.model_copy(update={"replicates": made})
            columns |= dict(zip(made.columns, weights[:, each.rows], strict=True))
        sums = sums_of(columns, columns[record.columns[-1]])
        record = record.model_copy(update={"sums": sums})
        mark = each.layout.decimal
        texts = {column: _numbers(values, mark) for column, values in columns.items()}
        content = _csv(_with_columns(survey, each, texts), each)
        record = record.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
        contents[own] = content
        contents[sidecar_of(Path(own)).name] = record.to_bytes()
    return contents


def _named_for(name: str, source: str) -> str:
    path = PurePath(name)
    return f"{path.stem}-{source}{path.suffix}"


def _sources(survey: Survey, source: object) -> list[_Source]:
    """Return the files whose records are laid one below the other, in the order of the records."""
    given = sources_of(source)
    schema = survey.schema
    opener = Opener(given)
    origins = {origin.source: origin for origin in survey.origins}
    order = [name for name in (None, *stacked_files(schema)) if name in given]
    found: list[_Source] = []
    start = 0
    for name in dict.fromkeys(order):
        path = given[name]
        if not isinstance(path, Path) or name not in origins:
            raise InputError("DI-E470")
        file = only_file(schema) if name is None and len(schema.files) <= 1 else name
        layout = layout_of(schema, file)
        opened = opened_as_said(opener, name, schema, file)
        origin = origins[name]
        if opened.origin is None or opened.origin.sha256 != origin.sha256:
            raise InputError("DI-E469", path=path.name)
        _refuse_labels(survey, opened, file, path)
        rows = slice(start, start + origin.records)
        found.append(_Source(name, file, path, opened, layout, rows))
        start = rows.stop
    if start != survey.records:
        raise AssertionError(start)
    return found


def _refuse_labels(survey: Survey, opened: OpenFile, file: str | None, path: Path) -> None:
    """Refuse a file whose own labels say what the schema only assumes: a CSV has none."""
    columns = columns_of(survey.schema, file)
    headers = located([*columns.values()], opened.columns)
    wrong = [
        header
        for name, header in columns.items()
        if survey.schema.variables[name].assumed and headers.get(header) in opened.labels
    ]
    if wrong:
        raise InputError("DI-E446", path=path.name)


def _replicate_weights(survey: Survey, replicates: Replicates, progress: Progress | None) -> Floats:
    """Return the weights of records in each replicate, calibrated again, shape ``(R, n)``."""
    unit = engine.values(survey.frame, engine.UNIT).astype(np.intp)
    factors = survey.design.unit_factors(replicates.factors, progress=progress)
    return np.asarray(factors[:, unit] * survey.weights(), dtype=np.float64)


def _replicates_recorded(replicates: Replicates, seed: int | None, prefix: str) -> ReplicateRecord:
    return ReplicateRecord(
        prefix=prefix,
        count=replicates.count,
        method=cast("Replication", replicates.method),
        scale=replicates.scale,
        rscales=tuple(replicates.rscales.tolist()),
        seed=seed,
    )


# -- columns ---------------------------------------------------------------------------------


def _steps_of(survey: Survey, source: _Source) -> list[WeightStep]:
    """Return what was done to the weights of one file."""
    rows = source.rows
    steps: list[WeightStep] = []
    before = cast("Floats", survey.base_weights)[rows]
    for step in survey.weighting:
        samples = tuple(each for each in step.samples if _is_inside(each.margins.rows, rows, step))
        if samples or not np.array_equal(step.weights[rows], before):
            steps.append(replace(step, samples=samples))
        before = step.weights[rows]
    return steps


def _recorded(
    survey: Survey, source: _Source, name: str, steps: Sequence[WeightStep]
) -> tuple[DesignRecord, dict[str, Floats]]:
    """Return steps as they are written down, and the columns that hold their weights."""
    rows, schema = source.rows, survey.schema
    taken = {*source.opened.columns} - _own_columns(source.path)
    final = _final_column(survey, source, taken)
    base = _free(BASE_COLUMN, taken)
    after = [*(_free(f"weight_after_{k}", taken) for k in range(1, len(steps))), final]
    columns = {base: cast("Floats", survey.base_weights)[rows]}
    columns |= {column: step.weights[rows] for step, column in zip(steps, after, strict=True)}
    record = DesignRecord(
        file=name,
        sha256="",
        records=rows.stop - rows.start,
        schema_name=schema.name,
        base_column=base,
        steps=steps_recorded(tuple(steps), after),
        sums=(),
    )
    return record, columns


def _final_column(survey: Survey, source: _Source, taken: set[str]) -> str:
    """Return the header of the final weight: the schema's, or a free one where it has none."""
    weight = str(survey.schema.design.weight)
    if weight == MADE_WEIGHT:
        return _free(MADE_COLUMN, taken)
    header = columns_of(survey.schema, source.file)[weight]
    return located([header], source.opened.columns)[header]


def _is_inside(members: NDArray[np.intp], rows: slice, step: WeightStep) -> bool:
    """Return whether the records of a calibration are those of one file."""
    inside = (members >= rows.start) & (members < rows.stop)
    if inside.any() and not inside.all():
        samples = [each.margins.sample or "" for each in step.samples]
        raise EstimationError("DI-E445", samples=samples)
    return bool(inside.all())


def _own_columns(path: Path) -> set[str]:
    """Return the columns that were written into a file when it was weighted before."""
    place = sidecar_of(path)
    if not place.is_file():
        return set()
    record = read_sidecar(place)
    return {*record.columns, *(() if record.replicates is None else record.replicates.columns)}


def _free(name: str, taken: Iterable[str]) -> str:
    """Return a name, with a number after it where a column has it already."""
    names = {*taken}
    found, k = name, 1
    while found in names:
        k += 1
        found = f"{name}_{k}"
    return found


def _free_prefix(taken: Iterable[str]) -> str:
    """Return a prefix of replicate columns with which no column begins."""
    names = [*taken]
    found, k = REPLICATE_PREFIX, 1
    while any(name.startswith(found) for name in names):
        k += 1
        found = f"{REPLICATE_PREFIX.rstrip('_')}{k}_"
    return found


def _numbers(values: Floats, mark: str) -> list[str]:
    """Return numbers as text from which they are read again to the last digit."""
    texts = [code_text(value) if value.is_integer() else repr(value) for value in values.tolist()]
    return [text.replace(".", ",") for text in texts] if mark == "," else texts


def _with_columns(
    survey: Survey, source: _Source, columns: dict[str, list[str]]
) -> dict[str, Sequence[str]]:
    """Return all columns of a file as text, the new ones last or in the place of their name."""
    headers = [column for column in source.opened.columns if column]
    raw = source.opened.read(dict.fromkeys(headers, True))
    texts: dict[str, Sequence[str]] = {}
    read = _as_read(survey, source) if source.opened.labels or source.opened.missing else {}
    gone = _own_columns(source.path) - columns.keys()
    for header in headers:
        if header not in gone:
            cells: Any = read.get(header, raw[header])
            texts[header] = columns.get(header) or ["" if _is_blank(c) else str(c) for c in cells]
    return {**texts, **{name: cells for name, cells in columns.items() if name not in texts}}


def _as_read(survey: Survey, source: _Source) -> dict[str, list[str]]:
    """Return the schema's columns without what the file itself declares as missing."""
    columns = columns_of(survey.schema, source.file)
    headers = located([*columns.values()], source.opened.columns)
    found: dict[str, list[str]] = {}
    for name, column in columns.items():
        cells = engine.texts(survey.frame, name)[source.rows]
        found[headers[column]] = ["" if cell is None else cell for cell in cells]
    return found


def _is_blank(cell: object) -> bool:
    return cell is None or cell != cell or cell is pd.NA  # noqa: PLR0124  NaN


def _csv(columns: dict[str, Sequence[str]], source: _Source) -> bytes:
    """Return columns as a CSV laid out as the schema says its file is."""
    text = io.StringIO()
    for _ in range(source.layout.header_row - 1):
        text.write("\n")
    writer = csv.writer(text, delimiter=source.layout.delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    origin = source.opened.origin
    own = None if origin is None or origin.kind != "CSV" else origin.encoding
    return text.getvalue().encode(own or source.layout.encoding or "utf-8")
