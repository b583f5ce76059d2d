"""What a result rests on, in a form that can be recomputed: no clock, host, user or path."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from divide_index.cells import Cell
from divide_index.errors import Finding
from divide_index.levels import LevelResult, VarianceMethod
from divide_index.publication.disclosure import Suppression
from divide_index.schema import SurveySchema, schema_hash
from divide_index.survey import Survey

if TYPE_CHECKING:
    from divide_index.change import ChangeResult, LinkedResult
    from divide_index.decomposition import DecompositionResult
    from divide_index.waves import Waves

_LIBRARIES = ("numpy", "pandas", "scipy", "narwhals", "pydantic")


def provenance_of(result: LevelResult, suppression: Suppression | None = None) -> dict[str, Any]:
    """Return the provenance of levels.

    Parameters
    ----------
    result
        The levels.
    suppression
        What of them is not published; then no number of records gives it back.

    Returns
    -------
    dict
        Input (records; of each file its source, name, SHA-256, kind, encoding), schema (name,
        hash, assumptions), design, formula, options, versions, and whether the records are
        simulated.
    """
    survey = result.scores.survey
    findings = (*survey.findings, *result.findings)
    if suppression is not None:
        findings = suppression.findings(findings)
    schema = survey.schema
    return {
        **_basis(survey, suppression),
        "reference": {
            **_reference(schema),
            "means": result.reference_means,
            "relative_std_errors": result.reference_cv,
        },
        "design": _design(survey),
        "method": {
            "formula": result.formula,
            "weights": {name: part.weight for name, part in schema.dimensions.items()},
            "cases": result.cases,
            **_variance(result.variance),
            "df": result.df,
            "confidence": result.confidence,
            "where": result.where,
            **_asked(result.cells),
            "target": _target(schema),
        },
        **_ending(survey, suppression, findings),
    }


def provenance_of_decomposition(
    result: "DecompositionResult", suppression: Suppression | None = None
) -> dict[str, Any]:
    """Return the provenance of a decomposition, in the form of :func:`provenance_of`."""
    survey = result.scores.survey
    findings = (*survey.findings, *result.findings)
    if suppression is not None:
        findings = suppression.findings(findings)
    schema = survey.schema
    return {
        **_basis(survey, suppression),
        "reference": _reference(schema),
        "design": _design(survey),
        "method": {
            "formula": result.formula,
            "weights": {name: part.weight for name, part in schema.dimensions.items()},
            "cases": "complete in every dimension and factor",
            "decomposition": "common slopes inside the cells of the reference",
            "factors": result.choice.formula,
            "factor_sets": [list(names) for names in result.sets],
            "cells": list(result.place) or "the groups and domains asked for",
            "variance": "taylor",
            "df": "domain",
            "confidence": result.confidence,
            "where": result.where,
            "domains": list(result.by),
            "groups": list(dict.fromkeys(c.category for c in result.cells if c.domain == "group")),
        },
        **_ending(survey, suppression, findings),
        "versions": {**_versions_of(survey), **_fitted_with()},
    }


def provenance_of_years(
    result: "ChangeResult",
    suppressions: Mapping[int, Suppression] | None,
    findings: Iterable[Finding],
) -> dict[str, Any]:
    """Return the provenance of levels of several years.

    Parameters
    ----------
    result
        The years.
    suppressions
        What of each is not published.
    findings
        As they may be published.

    Returns
    -------
    dict
        What each year rests on, how the years were compared, and what was noticed.
    """
    last = result.waves.surveys[result.waves.years[-1]]
    levels = result.results[result.waves.years[-1]]
    return {
        **_basis_of_years(result.waves, suppressions),
        "method": {
            "formula": levels.formula,
            "weights": {name: part.weight for name, part in last.schema.dimensions.items()},
            "cases": levels.cases,
            "samples": result.samples,
            "shared_psus": result.shared_psus,
            "trend": "least squares weighted by inverse variances",
            "tests": "t, adjusted by Holm inside trends and inside changes",
            "published_years": list(result.published),
            "published_margin": dict(result.published_margin),
            "variance": "taylor",
            "confidence": result.confidence,
            "power": result.power,
            "df": levels.df,
            "where": levels.where,
            **_asked(result.cells),
            "target": _target(last.schema),
        },
        "findings": [{"code": finding.code, **dict(finding.params)} for finding in findings],
        "versions": _versions_of(last),
    }


def provenance_of_linked(
    result: "LinkedResult",
    suppressions: Mapping[int, Suppression] | None,
    findings: Iterable[Finding],
) -> dict[str, Any]:
    """Return the provenance of linked levels, in the form of :func:`provenance_of_years`."""
    last = result.waves.surveys[result.waves.years[-1]]
    return {
        **_basis_of_years(result.waves, suppressions),
        "method": {
            "formula": "weighted_ratios",
            "weights": {name: part.weight for name, part in last.schema.dimensions.items()},
            "samples": result.samples,
            "linking": "ratios of levels on the items in common, dimension by dimension",
            "variance": "taylor",
            "confidence": result.confidence,
            "df": next(iter(result.results.values())).df,
            "where": next(iter(result.results.values())).where,
            **_asked(result.cells),
            "target": _target(last.schema),
        },
        "findings": [{"code": finding.code, **dict(finding.params)} for finding in findings],
        "versions": _versions_of(last),
    }


def _basis_of_years(
    waves: "Waves", suppressions: Mapping[int, Suppression] | None
) -> dict[str, Any]:
    hidden = suppressions or {}
    # One stacked file holds the records of all years: those of the others would give a year back.
    is_any_hidden = any(each.suppressed for each in hidden.values())
    return {
        "tool": tool(),
        "is_synthetic": any(survey.is_synthetic for survey in waves.surveys.values()),
        "years": [
            {
                "year": year,
                "input": files_of(survey, counts=not is_any_hidden),
                "schema": schema_of(survey.schema),
                "reference": _reference(survey.schema),
                "design": _design(survey),
                "disclosure": "off" if suppressions is None else hidden[year].summary(),
            }
            for year, survey in waves.surveys.items()
        ],
    }


def _variance(used: VarianceMethod) -> dict[str, Any]:
    """Return how variances were estimated, and with what they can be estimated again."""
    if used.method == "taylor":
        return {"variance": "taylor"}
    said: dict[str, Any] = {"variance": used.method, "replicates": used.replicates}
    if used.seed is not None:
        said["seed"] = used.seed
    return said | ({"fay": used.fay} if used.method == "brr" else {})


def _asked(cells: Sequence[Cell]) -> dict[str, list[str]]:
    return {
        "domains": list(dict.fromkeys(cell.domain for cell in cells)),
        "groups": list(dict.fromkeys(c.category for c in cells if c.domain == "group")),
    }


def _reference(schema: SurveySchema) -> dict[str, Any]:
    label = schema.reference.label
    return {"label": {"ko": label.ko, "en": label.en}}


def _target(schema: SurveySchema) -> dict[str, Any] | None:
    if schema.target is None:
        return None
    return schema.target.model_dump(include={"group", "dimension", "level", "year"})


def _basis(survey: Survey, suppression: Suppression | None) -> dict[str, Any]:
    return {
        "tool": tool(),
        "is_synthetic": survey.is_synthetic,
        "input": files_of(survey, counts=suppression is None or not suppression.suppressed),
        "schema": schema_of(survey.schema),
        **({"pooled": list(survey.pooled)} if survey.pooled else {}),
    }


def _design(survey: Survey) -> dict[str, Any]:
    design = survey.design
    return {
        "kind": survey.design_kind,
        "psus": design.psus,
        "strata": len(design.stratum_labels),
        "df": design.degrees_of_freedom,
        "lonely_psu": design.lonely_psu,
        "lonely_strata": len(design.lonely_strata()),
        "fpc": survey.schema.design.fpc is not None,
        **({"weighting": _weighting(survey)} if survey.weighting else {}),
    }


def _weighting(survey: Survey) -> list[dict[str, Any]]:
    """Return what was done to the weights, with the margins by name and not by number."""
    return [
        {
            "kind": step.kind,
            "options": dict(step.options),
            "samples": [
                {
                    "sample": each.margins.sample,
                    "population": each.margins.total,
                    "margins": list(each.margins.names),
                    "sources": list(each.margins.sources),
                    "largest_error": float(abs(each.reached.errors_after).max()),
                }
                for each in step.samples
            ],
        }
        for step in survey.weighting
    ]


def _ending(
    survey: Survey, suppression: Suppression | None, findings: Iterable[Finding]
) -> dict[str, Any]:
    return {
        "disclosure": "off" if suppression is None else suppression.summary(),
        "findings": [{"code": finding.code, **dict(finding.params)} for finding in findings],
        "versions": _versions_of(survey),
    }


def _versions_of(survey: Survey) -> dict[str, str]:
    return {"python": platform.python_version(), **_versions(survey.frame)}


def _fitted_with() -> dict[str, str]:
    """Return the versions of what a decomposition is computed with besides."""
    from importlib.metadata import version

    return {"formulaic": version("formulaic")}


def tool() -> dict[str, str]:
    """Return the name and version of this tool."""
    from importlib.metadata import version

    return {"name": "divide-index", "version": version("divide-index")}


def files_of(survey: Survey, *, counts: bool = True) -> dict[str, Any]:
    """Return the number of records, where it may be known, and what identifies each file."""
    return {
        "records": survey.records if counts else None,
        "files": [
            {
                "source": origin.source,
                "name": origin.name,
                "sha256": origin.sha256,
                "kind": origin.kind,
                "encoding": origin.encoding,
                "records": origin.records if counts else None,
            }
            for origin in survey.origins
        ],
    }


def schema_of(schema: SurveySchema) -> dict[str, Any]:
    """Return a schema's name, hash and assumptions."""
    return {
        "name": schema.name,
        "format": schema.format,
        "sha256": schema_hash(schema),
        "assumptions": [
            {"element": path, "source": part.source, "alternatives": list(part.alternatives)}
            for path, part in schema.assumptions()
        ],
    }


def _versions(frame: object) -> dict[str, str]:
    names = dict.fromkeys((*_LIBRARIES, type(frame).__module__.partition(".")[0]))
    return {name: str(import_module(name).__version__) for name in names}
