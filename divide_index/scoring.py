"""From answers to scores on 0-1: items, indicators, dimensions, composite.

Use it alone: :func:`score_frame` takes a data frame and a schema, and gives scores back.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.errors import EstimationError
from divide_index.inference.ratios import Formula
from divide_index.schema import (
    OVERALL,
    VARIANTS,
    SurveySchema,
    dimension_column,
    load_schema,
    score_stages,
    scoring_part,
)
from divide_index.survey import Survey, checked_frame

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Person-level scores of a survey, in the library its records came in.

    Parameters
    ----------
    survey
        The survey they belong to.
    frame
        The survey's frame with ``score:<dimension>`` and ``score:overall`` on 0-1, and the
        same with missing answers counted as 0 (``zero:…``), of people who have every dimension
        (``complete:…``), and of means whose items are all answered (``answered:…``).
    """

    survey: Survey
    frame: Any

    def dimension(self, name: str) -> Floats:
        """Return a dimension's person scores on 0-1, shape ``(n,)``; missing is NaN."""
        return engine.values(self.frame, dimension_column(name))

    def points(self, formula: Formula | None = None) -> Floats:
        """Return each person's own score in index points.

        Their weighted mean over a group is the group's level, and 100 over the reference,
        when all dimensions are known for the same people.

        Parameters
        ----------
        formula
            ``weighted_ratios``: ``Σ_d 100 ω_d y_d / ȳ_0d``; ``ratio_of_composites``:
            ``100 Σ_d ω_d y_d / Σ_d ω_d ȳ_0d``. The schema's by default.

        Returns
        -------
        points
            Shape ``(n,)``; NaN for a person who lacks a dimension.

        Raises
        ------
        EstimationError
            A mean of the reference population is zero.
        """
        schema = self.survey.schema
        formula = formula or schema.formula
        if formula not in get_args(Formula):
            valid = get_args(Formula)
            raise EstimationError("DI-E117", option="formula", value=formula, valid=valid)
        inside = engine.mask(self.frame, schema.reference.where, schema)
        weight = schema.design.weight
        weights = np.ones(inside.size) if weight is None else engine.values(self.frame, weight)
        shares = np.array([part.weight for part in schema.dimensions.values()])
        y = np.column_stack([self.dimension(name) for name in schema.dimensions])
        known = inside[:, None] & ~np.isnan(y)
        sums = np.where(known, weights[:, None] * np.nan_to_num(y), 0.0).sum(axis=0)
        totals = np.where(known, weights[:, None], 0.0).sum(axis=0)
        if (sums <= 0).any():
            names = [
                name for name, total in zip(schema.dimensions, sums, strict=True) if total <= 0
            ]
            raise EstimationError("DI-E062", dimensions=names)
        means = sums / totals
        if formula == "weighted_ratios":
            return y @ (100 * shares / means)
        return y @ (100 * shares) / float(shares @ means)


def score(survey: Survey) -> Scores:
    """Score every person of a survey.

    Parameters
    ----------
    survey
        Records and schema.

    Returns
    -------
    Scores
        On 0-1. A refusal is missing; who was not asked scores what the schema says (0).
    """
    schema = survey.schema
    names = [*schema.dimensions, OVERALL]
    keep = [dimension_column(name, variant) for variant in VARIANTS for name in names]
    stages = score_stages(schema, variants=True)
    scored = engine.apply_stages(survey.frame, schema, stages, keep=keep)
    return Scores(survey=survey, frame=engine.beside(survey.frame, scored))


def score_frame(frame: Any, schema: SurveySchema | str | Path) -> Any:  # noqa: ANN401
    """Score a data frame: the scoring rules alone, for a notebook.

    Parameters
    ----------
    frame
        A pandas or Polars frame with the schema's columns, as they are in the file.
    schema
        A schema, its name or its path.

    Returns
    -------
    frame
        Of the same library, the same rows in the same order: one column per indicator
        (``dimension.indicator``), per dimension, and ``overall``, on 0-1; missing where a
        score has no answer to stand on.

    Raises
    ------
    SchemaError, InputError
        A column is missing, or holds a code that the schema does not declare.
    """
    if not isinstance(schema, SurveySchema):
        schema = load_schema(schema)
    canonical, _ = checked_frame(frame, scoring_part(schema))
    indicators = [
        f"{name}.{part}" for name, dim in schema.dimensions.items() for part in dim.indicators
    ]
    names = [*indicators, *schema.dimensions, OVERALL]
    columns = {dimension_column(name): name for name in names}
    scored = engine.apply_stages(canonical, schema, score_stages(schema), keep=[*columns])
    return engine.renamed(scored, columns, like=frame)
