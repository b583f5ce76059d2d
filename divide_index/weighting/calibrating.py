"""Calibration of a survey's weights to known totals of its population."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import DivideIndexError, EstimationError
from divide_index.inference import calibration
from divide_index.inference.calibration import Bounds, CalibratedWeights, Distance
from divide_index.margins import Kind, SampleMargins, SurveyMargins, margins_of_records
from divide_index.survey import SampleStep, StepKind, Survey, WeightStep, weighted
from divide_index.survey.sidecar import open_ended
from divide_index.survey.steps import calibrated_records

Floats = NDArray[np.float64]
Solver = Callable[[SampleMargins, Floats], CalibratedWeights]


def margins_of(
    survey: Survey,
    known: object,
    *,
    total: float | Mapping[str, float] | None = None,
    kind: Kind | None = None,
    by: Sequence[str] | None = None,
    keep_others: bool = False,
) -> SurveyMargins:
    """Return what a survey's weights are to reach, of what is known of its population.

    Parameters
    ----------
    survey
        A survey, checked. Records with a weight of zero are left out.
    known, total, kind, by, keep_others
        As for :func:`rake`.

    Raises
    ------
    InputError
        As :func:`~divide_index.margins.margins_of_records`.
    """
    return margins_of_records(
        survey.frame,
        survey.schema,
        known,
        weights=survey.weights(),
        total=total,
        kind=kind,
        by=by,
        keep_others=keep_others,
    )


def rake(
    survey: Survey,
    known: object,
    *,
    total: float | Mapping[str, float] | None = None,
    kind: Kind | None = None,
    by: Sequence[str] | None = None,
    keep_others: bool = False,
    tolerance: float = 1e-12,
    iterations: int = 10_000,
) -> Survey:
    """Return a survey whose weights are raked to known margins, and which remembers it.

    Weights stay positive. One margin, of a variable or of a cross, is post-stratification.

    Parameters
    ----------
    survey
        With base weights, or with weights that were adjusted before; without weights every
        record has one.
    known
        Margins: the path of a table or workbook, a data frame, a mapping
        ``{"sex": {1: …, 2: …}, ("region", "sex"): {…}}``, or by sample any of these. Beside
        margins of people there may be sums of numbers, ``"income": 8.1e13``.
    total
        People of the population, for margins that are shares; by sample where there are
        several. Without it a margin of counts says it, else the sum of the weights.
    kind
        Whether plain numbers are counts or shares; counts where nothing says otherwise.
    by
        Margins to take from resident registration.
    keep_others
        Whether samples without margins keep their weights; else they are an error.
    tolerance
        Largest relative error of a total that is left.
    iterations
        Rounds over all margins, at most.

    Returns
    -------
    Survey
        Every standard error made from it is of what the margins leave uncertain: that of R's
        ``calibrate(calfun = "raking")``. R's ``rake`` projects on one margin after the other,
        and prints another error for the same weights.

    Raises
    ------
    InputError, EstimationError
        The margins do not fit the survey, or cannot be reached; the cell is named.

    References
    ----------
    Deming, Stephan (1940), Annals of Mathematical Statistics 11(4), 427-444; Deville, Särndal,
    Sautory (1993), Journal of the American Statistical Association 88(423), 1013-1020.
    """
    refuse_pooled(survey)
    margins = margins_of(survey, known, total=total, kind=kind, by=by, keep_others=keep_others)

    def solve(sample: SampleMargins, weights: Floats) -> CalibratedWeights:
        if sample.numbers:  # proportional fitting knows categories alone
            return _by_cells(
                sample, weights, "raking", None, tolerance=tolerance, iterations=iterations
            )
        return calibration.rake(weights, sample.margins, tolerance=tolerance, iterations=iterations)

    return calibrated(survey, margins, solve, kind="raking", distance="raking")


def calibrate(
    survey: Survey,
    known: object,
    *,
    distance: Distance = "linear",
    bounds: Bounds | None = None,
    total: float | Mapping[str, float] | None = None,
    kind: Kind | None = None,
    by: Sequence[str] | None = None,
    keep_others: bool = False,
    tolerance: float = 1e-12,
    iterations: int = 100,
) -> Survey:
    """Return a survey whose weights are calibrated to known margins, and which remembers it.

    Parameters
    ----------
    survey
        As for :func:`rake`.
    distance
        ``linear`` (the generalised regression estimator), ``raking`` or ``logit``.
    bounds
        Smallest and largest ratio of the weight after to that before, ``L ≤ 1 ≤ U``. Linear and
        raking are cut there; logit keeps strictly inside, and needs both. They are on one scale
        only with weights that sum to about the known totals.
    known, total, kind, by, keep_others, tolerance
        As for :func:`rake`.
    iterations
        Newton steps, at most.

    Raises
    ------
    InputError, EstimationError
        As :func:`rake`. DI-E439: the linear distance made weights that are not positive.

    References
    ----------
    Deville, Särndal (1992), Journal of the American Statistical Association 87(418), 376-382.
    """
    refuse_pooled(survey)
    margins = margins_of(survey, known, total=total, kind=kind, by=by, keep_others=keep_others)

    def solve(sample: SampleMargins, weights: Floats) -> CalibratedWeights:
        return _by_cells(
            sample, weights, distance, bounds, tolerance=tolerance, iterations=iterations
        )

    return calibrated(survey, margins, solve, kind="calibration", distance=distance, bounds=bounds)


def _by_cells(
    sample: SampleMargins,
    weights: Floats,
    distance: Distance,
    bounds: Bounds | None,
    *,
    tolerance: float,
    iterations: int,
) -> CalibratedWeights:
    """Return weights calibrated cell by cell, since records of one cell have one ratio."""
    cells, known = sample.cells()
    found = calibration.calibrate(
        np.bincount(cells, weights).astype(np.float64),
        known.X,
        known.totals,
        names=known.names,
        distance=distance,
        bounds=bounds,
        tolerance=tolerance,
        iterations=iterations,
    )
    ratios = found.ratios[cells]
    return CalibratedWeights(weights * ratios, ratios, found.totals, found.errors)


def calibrated(
    survey: Survey,
    margins: SurveyMargins,
    solve: Solver,
    *,
    kind: StepKind,
    distance: Distance,
    bounds: Bounds | None = None,
    options: Mapping[str, object] | None = None,
    is_by_cell: bool = True,
) -> Survey:
    """Return a survey whose samples are calibrated one by one.

    Parameters
    ----------
    survey
        With the weights before.
    margins
        What each sample is to reach.
    solve
        Takes the margins of a sample and its weights ``(n,)``, and returns calibrated ones.
    kind, distance, bounds, options
        What is remembered.
    is_by_cell
        Whether records of the same categories have one ratio.

    Raises
    ------
    EstimationError
        DI-E439: weights that are not positive.
    """
    weights = survey.weights().copy()
    samples: list[SampleStep] = []
    for sample in margins.samples:
        before = weights[sample.rows]
        try:
            found = solve(sample, before)
            _refuse_not_positive(found.weights)
            records = calibrated_records(
                sample, before, found.weights, distance, bounds, is_by_cell=is_by_cell
            )
        except DivideIndexError as error:
            if sample.sample is None or len(margins.samples) + len(margins.kept) == 1:
                raise
            raise error.within(sample.sample) from error
        weights[sample.rows] = found.weights
        samples.append(SampleStep(sample, records, found.totals, found.errors))
    said: dict[str, object] = {"distance": distance, **(options or {})}
    if bounds is not None:
        said["bounds"] = list(open_ended(bounds))
    return weighted(survey, WeightStep(kind, said, weights, tuple(samples), margins.findings))


def refuse_pooled(survey: Survey) -> None:
    """Refuse to weight years together: each has a population of its own."""
    if survey.pooled:
        raise EstimationError("DI-E436", years=survey.pooled)


def _refuse_not_positive(weights: Floats) -> None:
    wrong = weights <= 0
    if wrong.any():
        raise EstimationError(
            "DI-E439", count=int(wrong.sum()), smallest=f"{float(weights.min()):.4g}"
        )
