"""What lies beside a weighted file: how its weights were made, without a record of it."""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from divide_index.errors import InputError
from divide_index.inference.calibration import Bounds, Distance
from divide_index.margins import PopulationMargin, PopulationNumber, SampleMargins
from divide_index.survey.steps import StepKind, WeightStep

BASE_COLUMN = "base_weight"
REPLICATE_PREFIX = "replicate_"
MADE_COLUMN = "weight"  # of a survey that came without
MADE_WEIGHT = "design:weight"  # its variable: no schema can have one of that name
ENDING = ".design.json"
FORMAT = 1

Floats = NDArray[np.float64]

_LAST_DIGITS = 1e-12  # a spreadsheet keeps fifteen digits

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class MarginRecord(_Record):
    """Known counts of a margin, in the schema's codes."""

    variables: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...]
    totals: tuple[Count, ...]
    source: str | None = None

    @model_validator(mode="after")
    def _is_a_table(self) -> "MarginRecord":
        wide = {len(self.variables), *map(len, self.cells)}
        long = {len(self.cells), len(self.labels), len(self.totals)}
        if len(wide) > 1 or len(long) > 1 or not self.cells:
            msg = "variables, cells, labels and totals do not belong together"
            raise ValueError(msg)
        return self

    def shares(self, total: float, sample: str | None) -> PopulationMargin:
        """Return the margin as shares of its population."""
        shares = tuple(count / total for count in self.totals)
        return PopulationMargin(
            self.variables,
            self.cells,
            shares,
            kind="shares",
            sample=sample,
            source=self.source,
            labels=self.labels,
        )


class NumberRecord(_Record):
    """Known sum of a number."""

    variable: str
    total: Finite
    source: str | None = None

    def known(self, sample: str | None) -> PopulationNumber:
        """Return the sum as one of a population."""
        return PopulationNumber(self.variable, self.total, sample, self.source)


class SampleRecord(_Record):
    """How the weights of one sample were calibrated, and to what."""

    sample: str | None = None
    total: Positive
    distance: Distance
    bounds: tuple[Finite | None, Finite | None] | None = None
    is_by_cell: bool = True
    margins: tuple[MarginRecord, ...]
    numbers: tuple[NumberRecord, ...] = ()

    @property
    def limits(self) -> Bounds | None:
        """The bounds, of which one may be open."""
        if self.bounds is None:
            return None
        low, high = self.bounds
        return -math.inf if low is None else low, math.inf if high is None else high


class StepRecord(_Record):
    """One step, and the column that holds the weights after it."""

    kind: StepKind
    column: str
    options: dict[str, Any] = Field(default_factory=dict)
    samples: tuple[SampleRecord, ...] = ()


class ReplicateRecord(_Record):
    """Replicate weights in a file, and what their spread is worth."""

    prefix: str
    count: Annotated[int, Field(ge=2)]
    method: Literal["bootstrap", "jackknife", "brr"]
    scale: Positive
    rscales: tuple[Count, ...]
    seed: int | None = None

    @model_validator(mode="after")
    def _has_a_scale_for_each(self) -> "ReplicateRecord":
        if len(self.rscales) != self.count:
            msg = "rscales are not one for each replicate"
            raise ValueError(msg)
        return self

    @property
    def columns(self) -> list[str]:
        """The columns that hold them, in order."""
        return [f"{self.prefix}{k}" for k in range(1, self.count + 1)]


class ColumnSums(_Record):
    """Sums by which a column of weights is known again, in whatever order its records stand."""

    column: str
    weights: Finite
    squares: Finite
    products: Finite
    """With the final weights."""

    def has_weights_of(self, other: "ColumnSums") -> bool:
        """Return whether weights are the same in any order, but for their last digits."""
        pairs = ((self.weights, other.weights), (self.squares, other.squares))
        return all(math.isclose(one, two, rel_tol=_LAST_DIGITS) for one, two in pairs)

    def is_of(self, other: "ColumnSums") -> bool:
        """Return whether weights are the same, and beside the same final ones."""
        is_beside = math.isclose(self.products, other.products, rel_tol=_LAST_DIGITS)
        return self.has_weights_of(other) and is_beside


class DesignRecord(_Record):
    """How the weights of a file were made."""

    format: Literal[1] = FORMAT
    file: str
    sha256: str
    records: int
    schema_name: Annotated[str, Field(alias="schema")]
    base_column: str = BASE_COLUMN
    steps: Annotated[tuple[StepRecord, ...], Field(min_length=1)]
    sums: tuple[ColumnSums, ...]
    replicates: ReplicateRecord | None = None
    checksum: str = ""

    @property
    def columns(self) -> list[str]:
        """The columns that hold weights, those before everything first."""
        return [self.base_column, *(step.column for step in self.steps)]

    def to_bytes(self) -> bytes:
        """Return the text of the file beside, which is the same each time."""
        data = self.model_dump(mode="json", by_alias=True)
        text = json.dumps({**data, "checksum": self._own_checksum()}, ensure_ascii=False, indent=1)
        return f"{text}\n".encode()

    @property
    def is_edited(self) -> bool:
        """Whether it says something else than what was written."""
        return self.checksum != self._own_checksum()

    def _own_checksum(self) -> str:
        data = self.model_dump(mode="json", by_alias=True, exclude={"checksum"})
        text = json.dumps(data, sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def sidecar_of(path: Path) -> Path:
    """Return where the file lies that tells how the weights in another were made."""
    return path.with_name(path.name + ENDING)


def file_of(path: Path) -> str:
    """Return the name of the file beside which a record of its weights lies."""
    return path.name.removesuffix(ENDING)


def read_sidecar(path: Path) -> DesignRecord:
    """Read what lies beside a weighted file.

    Raises
    ------
    InputError
        DI-E431: it cannot be read. DI-E471: it was edited.
    """
    try:
        record = DesignRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError("DI-E431", path=path.name, reason=_reason(error)) from error
    if record.is_edited:
        raise InputError("DI-E471", path=path.name)
    return record


def sums_of(columns: Mapping[str, Floats], final: Floats) -> tuple[ColumnSums, ...]:
    """Return what columns of weights are known by.

    Parameters
    ----------
    columns
        By header, shape ``(n,)`` each.
    final
        The final weights, shape ``(n,)``.
    """
    return tuple(
        ColumnSums(
            column=name,
            weights=float(values.sum()),
            squares=float(values @ values),
            products=float(values @ final),
        )
        for name, values in columns.items()
    )


def open_ended(bounds: Bounds) -> tuple[float | None, float | None]:
    """Return bounds as they are written down: an open end is none."""
    low, high = bounds
    return low if math.isfinite(low) else None, high if math.isfinite(high) else None


def steps_recorded(steps: tuple[WeightStep, ...], columns: list[str]) -> tuple[StepRecord, ...]:
    """Return steps as they are written down.

    Parameters
    ----------
    steps
        In order.
    columns
        That hold the weights after each.
    """
    return tuple(
        StepRecord(
            kind=step.kind,
            column=column,
            options=dict(step.options),
            samples=tuple(
                SampleRecord(
                    sample=each.margins.sample,
                    total=each.margins.total,
                    distance=each.records.distance,
                    bounds=open_ended(each.records.bounds) if each.records.bounds else None,
                    is_by_cell=each.records.is_by_cell,
                    margins=_margins_recorded(each.margins),
                    numbers=tuple(
                        NumberRecord(variable=of.variable, total=of.total, source=of.source)
                        for of in each.margins.known_numbers
                    ),
                )
                for each in step.samples
            ),
        )
        for step, column in zip(steps, columns, strict=True)
    )


def _margins_recorded(margins: SampleMargins) -> tuple[MarginRecord, ...]:
    return tuple(
        MarginRecord(
            variables=known.variables,
            cells=known.cells,
            labels=known.labels,
            totals=tuple(margin.totals.tolist()),
            source=known.source,
        )
        for margin, known in zip(margins.margins, margins.known, strict=True)
    )


def _reason(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return error.strerror or ""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else str(first["msg"])
