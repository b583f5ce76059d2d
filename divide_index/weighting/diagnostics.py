"""What became of a survey's weights: totals and their errors, spread, ratios, convergence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.calibration import ratio_spread, weight_spread
from divide_index.survey import SampleStep, Survey, WeightStep
from divide_index.survey.steps import reached_by

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)
_LARGEST = 5

TOTALS = ("sample", "total", "wanted", "before", "after", "error_before", "error_after")
STAGES = (
    *("sample", "step", "kind", "n", "sum", "smallest", "largest", "variation"),
    *("design_effect", "effective_n", "at_lower", "at_upper", "iterations", "error"),
)
RATIOS = ("sample", "smallest", "p5", "p25", "p50", "p75", "p95", "largest")
LARGEST = ("sample", "rank", "weight", "base_weight", "ratio", "share")
CONVERGENCE = ("sample", "step", "iteration", "error")


@dataclass(frozen=True, slots=True, eq=False)
class SampleWeights:
    """Weights of the records of one sample that still have one, shape ``(n,)`` each."""

    sample: str | None
    base: Floats
    final: Floats


@dataclass(frozen=True, slots=True, eq=False)
class WeightDiagnostics:
    """What became of the weights of a survey, sample by sample.

    Parameters
    ----------
    totals
        Known totals of the last calibration, what the weights before it and the final ones make
        of them, and both errors relative to the total.
    stages
        The spread of the weights before everything and after each step (Kish's design effect and
        effective n), how many are at a bound, and the iterations and the largest error of a
        calibration.
    ratios
        Final over base weight: extremes and quantiles.
    largest
        The largest final weights, without a word of whose they are.
    convergence
        The largest error after each iteration; empty for steps that were read from a file.
    samples
        The weights themselves, for a picture.
    schema
        The survey's, for labels.

    Notes
    -----
    Errors are relative: 0.01 is one per cent. ``share`` is that of the sum of weights.
    """

    totals: pd.DataFrame
    stages: pd.DataFrame
    ratios: pd.DataFrame
    largest: pd.DataFrame
    convergence: pd.DataFrame
    samples: tuple[SampleWeights, ...]
    schema: Any

    def to_frame(self) -> pd.DataFrame:
        """Return the stages, one row per sample and step."""
        return self.stages

    def __str__(self) -> str:
        """Return the stages as text."""
        return self.stages.to_string(index=False, float_format=lambda value: f"{value:,.4g}")


def weight_diagnostics(survey: Survey) -> WeightDiagnostics:
    """Return what became of the weights of a survey.

    Parameters
    ----------
    survey
        Weighted, or read from a weighted file.

    Raises
    ------
    EstimationError
        DI-E468: nothing was done to its weights.

    References
    ----------
    Kish (1992), Journal of Official Statistics 8(2), 183-200.
    """
    if survey.base_weights is None:
        raise EstimationError("DI-E468")
    base, final = survey.base_weights, survey.weights()
    totals: list[tuple[object, ...]] = []
    stages: list[tuple[object, ...]] = []
    ratios: list[tuple[object, ...]] = []
    largest: list[tuple[object, ...]] = []
    convergence: list[tuple[object, ...]] = []
    samples: list[SampleWeights] = []
    for sample, rows in survey.rows_by_sample().items():
        totals += _totals(sample, survey.weighting, final)
        stages += _stages(sample, rows, survey)
        convergence += _convergence(sample, survey.weighting)
        there = rows[final[rows] > 0]
        before, after = base[there], final[there]
        spread = ratio_spread(after, before, probabilities=PROBABILITIES)
        ratios.append((sample, spread.smallest, *spread.quantiles.tolist(), spread.largest))
        for rank, k in enumerate(np.argsort(-after, kind="stable")[:_LARGEST].tolist(), start=1):
            shown = after[k], before[k], after[k] / before[k], after[k] / after.sum()
            largest.append((sample, rank, *map(float, shown)))
        samples.append(SampleWeights(sample, before, after))
    return WeightDiagnostics(
        totals=_frame(totals, TOTALS),
        stages=_frame(stages, STAGES),
        ratios=_frame(ratios, RATIOS),
        largest=_frame(largest, LARGEST),
        convergence=_frame(convergence, CONVERGENCE),
        samples=tuple(samples),
        schema=survey.schema,
    )


def _frame(rows: Sequence[tuple[object, ...]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame.from_records([*rows], columns=[*columns])


def _of(sample: str | None, step: WeightStep) -> SampleStep | None:
    return next((each for each in step.samples if each.margins.sample == sample), None)


def _totals(
    sample: str | None, steps: Sequence[WeightStep], final: Floats
) -> list[tuple[object, ...]]:
    """Return the known totals of a sample's last calibration under the final weights."""
    found = [each for step in steps if (each := _of(sample, step)) is not None]
    if not found:
        return []
    last = found[-1]
    rows = last.margins.rows
    # What was repeated after trimming had been reached before: the first tells how far it was.
    first = next(each for each in found if each.reached.names == last.reached.names)
    before = np.zeros(final.size)
    before[first.margins.rows] = first.records.before
    reached = reached_by(last.margins, before[rows], final[rows])
    columns = (
        reached.names,
        reached.wanted.tolist(),
        reached.before.tolist(),
        reached.after.tolist(),
        reached.errors_before.tolist(),
        reached.errors_after.tolist(),
    )
    return [(sample, *row) for row in zip(*columns, strict=True)]


def _stages(sample: str | None, rows: Indices, survey: Survey) -> list[tuple[object, ...]]:
    """Return the spread of a sample's weights at every stage."""
    stages: list[tuple[object, ...]] = []
    base = cast("Floats", survey.base_weights)
    stages.append(_stage((sample, 0, "base"), base[rows]))
    for number, step in enumerate(survey.weighting, start=1):
        after = step.weights[rows]
        of = _of(sample, step)
        if of is None and step.kind in {"raking", "calibration"}:
            continue
        at: tuple[object, object] = (None, None)
        if of is not None and of.records.bounds is not None:
            spread = ratio_spread(of.records.after, of.records.before, bounds=of.records.bounds)
            at = int(spread.at_lower.sum()), int(spread.at_upper.sum())
        within = _within(step, sample)
        if within is not None:
            own = after[after > 0]
            spread = ratio_spread(own, np.ones_like(own), bounds=within)
            at = int(spread.at_lower.sum()), int(spread.at_upper.sum())
        iterations = error = None
        if of is not None:
            iterations = of.errors.size - 1 if of.errors.size else None
            error = float(np.abs(of.reached.errors_after).max())
        stages.append(_stage((sample, number, step.kind), after, at, (iterations, error)))
    return stages


def _stage(
    named: tuple[str | None, int, str],
    weights: Floats,
    at: tuple[object, object] = (None, None),
    fit: tuple[object, object] = (None, None),
) -> tuple[object, ...]:
    spread = weight_spread(weights[weights > 0])
    return (
        *(*named, spread.n, spread.total, spread.smallest, spread.largest),
        *(spread.variation, spread.design_effect, spread.effective_size, *at, *fit),
    )


def _within(step: WeightStep, sample: str | None) -> tuple[float, float] | None:
    """Return the bounds of the weights themselves that a step kept."""
    said = step.options.get("within")
    if not isinstance(said, Mapping):
        return None
    bounds = cast("Mapping[str, Sequence[float | None]]", said).get(sample or "")
    if bounds is None:
        return None
    low, high = bounds
    return low or 0.0, np.inf if high is None else high


def _convergence(sample: str | None, steps: Sequence[WeightStep]) -> list[tuple[object, ...]]:
    return [
        (sample, number, iteration, error)
        for number, step in enumerate(steps, start=1)
        if (of := _of(sample, step)) is not None
        for iteration, error in enumerate(of.errors.tolist())
    ]
