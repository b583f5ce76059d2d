"""Trimming of a survey's weights."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import DivideIndexError, EstimationError, Finding
from divide_index.inference import calibration
from divide_index.inference.calibration import CalibratedWeights
from divide_index.margins import SampleMargins, SurveyMargins
from divide_index.survey import SampleStep, Survey, WeightStep, weighted
from divide_index.survey.steps import reached_by
from divide_index.weighting.calibrating import calibrated, refuse_pooled

Floats = NDArray[np.float64]

Scale = Literal["weight", "median", "mean"]
_REACHED = 1e-6  # relative: a total that trimming left


def trim(
    survey: Survey,
    *,
    lower: float = 0.0,
    upper: float = np.inf,
    times: Scale = "weight",
    recalibrate: bool = False,
    strict: bool = True,
    iterations: int = 100,
) -> Survey:
    """Return a survey whose weights are cut at bounds, what was cut being given to the others.

    Parameters
    ----------
    survey
        With weights; those of zero stay so.
    lower, upper
        Bounds, in each sample.
    times
        Of what: ``weight`` takes them as weights, ``median`` and ``mean`` as multiples of those
        of the sample's weights.
    recalibrate
        Whether the margins of the last calibration are reached again, with every weight held
        within the bounds; otherwise trimming leaves them, and it is told by how much.
    strict
        Repeat until every weight is within the bounds.
    iterations
        Of the calibration.

    Returns
    -------
    Survey
        Each sample keeps its sum of weights.

    Raises
    ------
    EstimationError
        DI-E330, DI-E331, DI-E332: no weights of this sum are within the bounds. DI-E326,
        DI-E327, DI-E328: none within them reach the margins. DI-E436: the survey pools years.
        DI-E444: there is no calibration to repeat. DI-E117: no such scale. DI-E454:
        bounds that are no numbers, or the wrong way round.

    References
    ----------
    Potter (1990), Proceedings of the Survey Research Methods Section, ASA, 225-230.
    """
    refuse_pooled(survey)
    if times not in _UNITS:
        raise EstimationError("DI-E117", option="times", value=times, valid=[*_UNITS])
    if not 0 <= lower < upper:  # NaN is not
        raise EstimationError("DI-E454", lower=f"{lower:g}", upper=f"{upper:g}")
    last = _last_calibrations(survey)
    if recalibrate and not last:
        raise EstimationError("DI-E444")
    weights = survey.weights().copy()
    bounds: dict[str | None, tuple[float, float]] = {}
    samples = survey.rows_by_sample()
    for name, every in samples.items():
        rows = every[weights[every] > 0]
        if not rows.size:
            continue
        own = weights[rows]
        unit = _UNITS[times](own)
        bounds[name] = (lower * unit, upper * unit)
        low, high = bounds[name]
        try:
            found = calibration.trim(own, lower=low, upper=high, strict=strict)
        except DivideIndexError as error:
            raise (error if name is None or len(samples) == 1 else error.within(name)) from None
        weights[rows] = found.weights
    within = {
        name or "": [low, None if np.isinf(high) else high] for name, (low, high) in bounds.items()
    }
    options: dict[str, object] = {
        "lower": lower,
        "upper": None if np.isinf(upper) else upper,
        "times": times,
        "strict": strict,
        "within": within,
    }
    findings = () if recalibrate else _left(last, weights)
    trimmed = weighted(survey, WeightStep("trimming", options, weights, (), findings))
    if not recalibrate:
        return trimmed

    def solve(sample: SampleMargins, own: Floats) -> CalibratedWeights:
        low, high = bounds[sample.sample]
        cells, known = sample.cells()
        return calibration.trim_calibrated(
            own,
            known.X[cells],
            known.totals,
            names=known.names,
            lower=low,
            upper=high,
            iterations=iterations,
        )

    there = weights > 0
    margins = SurveyMargins(tuple(step.margins.of_records(there) for step in last))
    return calibrated(
        trimmed,
        margins,
        solve,
        kind="calibration",
        distance="raking",
        options={"within": within},
        is_by_cell=False,
    )


_UNITS: dict[Scale, Callable[[Floats], float]] = {
    "weight": lambda _: 1.0,
    "median": lambda own: float(np.median(own)),
    "mean": lambda own: float(own.mean()),
}


def _last_calibrations(survey: Survey) -> list[SampleStep]:
    """Return the last calibration of each sample."""
    found: dict[str | None, SampleStep] = {}
    for step in survey.weighting:
        found |= {each.margins.sample: each for each in step.samples}
    return [*found.values()]


def _left(last: list[SampleStep], weights: Floats) -> tuple[Finding, ...]:
    """Tell of margins that the trimmed weights no longer reach."""
    names: list[str] = []
    errors: list[str] = []
    for step in last:
        rows = step.margins.rows
        reached = reached_by(step.margins, step.records.after, weights[rows])
        off = reached.errors_after
        for k in np.flatnonzero(np.abs(off) > _REACHED):
            of = "" if len(last) == 1 else f"{step.margins.sample}: "
            names.append(f"{of}{reached.names[k]}")
            errors.append(f"{100 * off[k]:+.2g} %")
    return (Finding.of("DI-W418", names=names, errors=errors),) if names else ()
