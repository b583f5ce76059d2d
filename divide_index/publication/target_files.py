"""The distance to a target as machine-readable text: unrounded, columns fixed."""

from typing import Any

import pandas as pd

from divide_index.messages import Language
from divide_index.publication.files import as_csv, as_json, records
from divide_index.publication.provenance import provenance_of, schema_of
from divide_index.publication.target_tables import target_words
from divide_index.publication.targets import PublishedTarget
from divide_index.target import goals_frame


def target_as_json(published: PublishedTarget, lang: Language) -> str:
    """Return distances, levers, projections and goals with their provenance as JSON.

    Parameters
    ----------
    published
        The distances.
    lang
        Of the sentences.
    """
    target: dict[str, Any] = {
        "distances": records(published.frame()),
        "alone": records(published.alone_frame()),
        "levers": [records(published.lever_frame(each)) for each in published.levers],
    }
    if published.mix is not None and not published.hides(published.result.target.group):
        target["mix"] = records(published.mix.to_frame())
    projection = published.projection
    if projection is not None:
        target["projections"] = records(projection.to_frame())
        target["paces"] = records(_paces(published))
        target["back_test"] = _back_test(published)
        target["published_std_error"] = projection.series.std_error
        target["breaks"] = [
            {"year": each.year, "name": each.name} for each in projection.series.breaks
        ]
    if published.goals:
        target["goals"] = records(goals_frame(published.goals))
    target["sentences"] = [
        {"label": label, "lang": lang, "text": words}
        for label, words in target_words(published, lang)
    ]
    return as_json({"provenance": _provenance(published), "target": target})


def target_as_csv(published: PublishedTarget) -> str:
    """Return the distances as CSV; an undefined number is an empty cell."""
    return as_csv(published.frame())


def target_provenance(published: PublishedTarget) -> str:
    """Return the sidecar of a file that cannot hold its own provenance."""
    return as_json(_provenance(published))


def _provenance(published: PublishedTarget) -> dict[str, Any]:
    found = provenance_of(published.result.levels, published.suppression)
    # The levels were computed with the definitions as groups; schema and target are the survey's.
    target = published.result.target.model_dump(include={"group", "dimension", "level", "year"})
    return {
        **found,
        "schema": schema_of(published.schema),
        "method": {
            **found["method"],
            "target": target,
            "levers": [each.by or "indicators" for each in published.levers],
        },
    }


def _paces(published: PublishedTarget) -> pd.DataFrame:
    projection = published.projection
    assert projection is not None  # noqa: S101  the caller asked
    kinds = [*("recent" for _ in projection.recent)]
    paces = [*projection.recent]
    if projection.best is not None:
        kinds.append("best")
        paces.append(projection.best)
    required = projection.required
    frame = pd.DataFrame(
        {
            "kind": kinds,
            "first": [each.first for each in paces],
            "last": [each.last for each in paces],
            "per_year": [each.per_year for each in paces],
        }
    )
    if required.per_year is None:
        return frame
    row = pd.DataFrame(
        {
            "kind": ["required"],
            "first": [required.year],
            "last": [required.target_year],
            "per_year": [required.per_year],
        }
    )
    return pd.concat([row, frame], ignore_index=True)


def _back_test(published: PublishedTarget) -> list[dict[str, Any]]:
    projection = published.projection
    test = None if projection is None else projection.back_test
    if test is None:
        return []
    return [
        {
            "model": model.name,
            "span": model.span,
            "first": test.window.first,
            "last": test.window.last,
            "horizon": horizon,
            "mean_absolute_error": float(test.mean_absolute_errors[row, column]),
            "forecasts": int(test.forecasts[row, column]),
            "origins": int(test.origins[row, column]),
            "coverage": float(test.coverage[row, column]),
            "confidence": test.confidence,
        }
        for row, model in enumerate(test.models)
        for column, horizon in enumerate(test.horizons)
    ]
