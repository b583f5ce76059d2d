"""What a look at survey files found, as tables of text and as JSON."""

import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from divide_index.errors import DivideIndexError, Finding
from divide_index.inspection import Inspection
from divide_index.messages import Language, render, text
from divide_index.publication.files import plain
from divide_index.publication.formatting import counted, rounded
from divide_index.publication.provenance import files_of, schema_of, tool
from divide_index.publication.tables import Table
from divide_index.schema import SurveySchema


def inspection_tables(inspection: Inspection, lang: Language) -> list[Table]:
    """Return the files, the populations and the questions as tables of text."""
    survey, schema = inspection.survey, inspection.schema
    if survey is None or schema is None:
        return []
    tables = [_populations(inspection, schema, lang), _items(inspection, schema, lang)]
    if survey.origins:
        tables.insert(0, _files(inspection, lang))
    return tables


def _files(inspection: Inspection, lang: Language) -> Table:
    origins = () if inspection.survey is None else inspection.survey.origins
    rows = [
        (
            origin.name if origin.source is None else f"{origin.source}: {origin.name}",
            ", ".join(part for part in (origin.kind, origin.encoding) if part),
            counted(origin.records),
        )
        for origin in origins
    ]
    return _table("check.files", ("check.file", "check.kind", "check.records"), rows, lang)


def _populations(inspection: Inspection, schema: SurveySchema, lang: Language) -> Table:
    rows: list[tuple[str, ...]] = []
    for population in inspection.populations:
        part = schema.reference if population.kind == "reference" else None
        label = (part or schema.groups[population.name]).label.of(lang)
        weight = counted(round(population.weight))
        rows.append((label, counted(population.records), weight))
    heads = ("check.population", "check.records", "check.weight")
    return _table("check.populations", heads, rows, lang)


def _items(inspection: Inspection, schema: SurveySchema, lang: Language) -> Table:
    rows: list[tuple[str, ...]] = []
    for item in inspection.items:
        label = schema.variables[item.variable].label
        name = schema.column_of(item.variable)
        asked = item.answered + item.missing
        rows.append(
            (
                name if label is None else f"{name} {label.of(lang)}",
                counted(item.answered),
                counted(item.not_asked),
                counted(item.missing),
                rounded(100 * item.missing / asked if asked else float("nan")),
            )
        )
    heads = ("check.variable", "check.answered", "check.not_asked", "check.missing")
    return _table("check.items", (*heads, "check.missing_share"), rows, lang)


def _table(
    title: str, heads: Sequence[str], rows: Sequence[tuple[str, ...]], lang: Language
) -> Table:
    columns = tuple(text(head, lang) for head in heads)
    return Table(title=text(title, lang), unit="", columns=columns, rows=tuple(rows))


def inspection_head(inspection: Inspection, lang: Language) -> list[str]:
    """Return what stands above the tables: the schema, its assumptions, the design."""
    schema, survey = inspection.schema, inspection.survey
    if schema is None:
        return [text("check.no_schema", lang)]
    lines = [text("check.schema", lang, schema=schema.name, title=schema.title.of(lang))]
    if survey is not None:
        strata = len(survey.design.stratum_labels)
        lines.append(
            text(
                "check.design",
                lang,
                records=counted(survey.records),
                psus=counted(survey.design.psus),
                strata=counted(strata),
            )
        )
    assumed = len(schema.assumptions())
    if assumed:
        lines.append(text("check.assumptions", lang, count=assumed, schema=schema.name))
    return lines


def inspection_verdict(inspection: Inspection, lang: Language) -> list[tuple[str, list[str]]]:
    """Return errors and findings under their heads, and whether levels can be computed."""
    blocks: list[tuple[str, list[str]]] = []
    for head, messages in (
        ("check.findings", inspection.findings),
        ("check.errors", inspection.errors),
    ):
        if messages:
            words = [render(message.code, lang, message.params) for message in messages]
            blocks.append((text(head, lang, count=len(messages)), words))
    verdict = "check.usable" if inspection.is_usable else "check.unusable"
    return [*blocks, (text(verdict, lang), [])]


def inspection_as_json(inspection: Inspection) -> str:
    """Return an inspection as JSON: provenance, and under ``quality`` what was found."""
    survey, schema = inspection.survey, inspection.schema
    document = {
        "provenance": {
            "tool": tool(),
            "input": None if survey is None else files_of(survey),
            "schema": None if schema is None else schema_of(schema),
        },
        "quality": {
            "is_usable": inspection.is_usable,
            "errors": [_message(error) for error in inspection.errors],
            "findings": [_message(finding) for finding in inspection.findings],
            "populations": [
                {
                    "population": each.kind,
                    "category": each.name,
                    "n": each.records,
                    "weight": each.weight,
                }
                for each in inspection.populations
            ],
            "items": [
                {
                    "variable": each.variable,
                    "answered": each.answered,
                    "not_asked": each.not_asked,
                    "missing": each.missing,
                }
                for each in inspection.items
            ],
        },
    }
    return json.dumps(plain(document), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _message(message: DivideIndexError | Finding) -> dict[str, Any]:
    params = dict(message.params)
    if "path" in params:
        params["path"] = PurePath(str(params["path"])).name
    return {"code": message.code, **params}
