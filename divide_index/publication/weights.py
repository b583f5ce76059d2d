"""What became of weights, as tables of text and as JSON."""

import json
import math
from collections.abc import Sequence
from typing import Any, cast

import pandas as pd

from divide_index.messages import Language, text
from divide_index.publication.files import plain
from divide_index.publication.formatting import counted, rounded, signed
from divide_index.publication.methods import variable_label
from divide_index.publication.provenance import files_of, schema_of, tool
from divide_index.publication.tables import Table
from divide_index.schema import SurveySchema, code_text
from divide_index.survey import Survey
from divide_index.weighting import WeightDiagnostics

_MANY = 40  # totals of a sample: of more, the farthest are shown
_SIGNS = {
    "n": "n",
    "design_effect": "1 + cv²",
    "quantile": "",
    **{f"p{p}": f"{p} %" for p in (5, 25, 50, 75, 95)},
}
_SMALL_ERROR = 5e-7  # relative: shown as zero


def weight_tables(diagnostics: WeightDiagnostics, lang: Language) -> list[Table]:
    """Return spread, steps, known totals, ratios and largest weights, sample by sample."""
    tables: list[Table] = []
    for each in diagnostics.samples:
        of = _Sample(diagnostics, each.sample, lang)
        tables += [of.spread(), of.steps(), *of.totals(), of.ratios(), of.largest()]
    return [table for table in tables if table.rows]


def weight_notes(diagnostics: WeightDiagnostics, lang: Language) -> list[str]:
    """Return what a reader of the tables must know."""
    notes = [text("weights.note.kish", lang)]
    if len(diagnostics.totals):
        notes.append(text("weights.note.variance", lang))
    kinds = {*diagnostics.stages["kind"]}
    if "nonresponse" in kinds:
        notes.append(text("weights.note.nonresponse", lang))
    return notes


def weights_as_json(diagnostics: WeightDiagnostics, survey: Survey) -> str:
    """Return everything as JSON: no record is in it."""
    provenance = {
        "tool": tool(),
        "input": files_of(survey),
        "schema": schema_of(survey.schema),
        "findings": [{"code": f.code, **dict(f.params)} for f in survey.findings],
    }
    weights = {
        "stages": diagnostics.stages.to_dict("records"),
        "totals": diagnostics.totals.to_dict("records"),
        "ratios": diagnostics.ratios.to_dict("records"),
        "largest": diagnostics.largest.to_dict("records"),
        "convergence": diagnostics.convergence.to_dict("records"),
    }
    page = {"provenance": provenance, "weights": weights}
    return json.dumps(plain(page), ensure_ascii=False, indent=2) + "\n"


def total_label(schema: SurveySchema, name: str, lang: Language) -> str:
    """Return a known total, ``sex=1``, by the labels of its variables and categories."""
    variables, equals, codes = name.partition("=")
    if not equals:
        return variable_label(schema, name, lang)
    parts = variables.split("*"), codes.split("*")
    if len(parts[0]) != len(parts[1]):
        return name
    labels = [_category(schema, v, c, lang) for v, c in zip(*parts, strict=True)]
    return " × ".join(labels)


def sample_label(schema: SurveySchema, sample: str | None, lang: Language) -> str:
    """Return what a sample is called."""
    if schema.design.sample is None:
        return schema.reference.label.of(lang)
    codes = schema.variables[schema.design.sample].codes
    label = next((text for code, text in codes.items() if code_text(code) == sample), None)
    return str(sample) if label is None else label.of(lang)


def _category(schema: SurveySchema, variable: str, code: str, lang: Language) -> str:
    domain = schema.domains.get(variable)
    if domain is not None:
        title, label = domain.label.of(lang), schema.category_label(variable, code, lang)
    else:
        declared = schema.variables[variable]
        title = variable_label(schema, variable, lang)
        found = next((t for key, t in declared.codes.items() if code_text(key) == code), None)
        label = code if found is None else found.of(lang)
    return f"{title}: {label}"


class _Sample:
    """The tables of one sample."""

    def __init__(self, diagnostics: WeightDiagnostics, sample: str | None, lang: Language) -> None:
        self.lang: Language = lang
        self.diagnostics = diagnostics
        self.sample = sample

    def spread(self) -> Table:
        rows = [
            (
                self._stage(row),
                counted(int(row["n"])),
                counted(round(row["sum"])),
                _weight(row["smallest"]),
                _weight(row["largest"]),
                rounded(row["design_effect"], 3),
                counted(round(row["effective_n"])),
            )
            for row in self._of(self.diagnostics.stages)
        ]
        heads = ("stage", "n", "sum", "smallest", "largest", "design_effect", "effective_n")
        return self._table("spread", heads, rows)

    def steps(self) -> Table:
        rows = [
            (
                self._stage(row),
                _count(row["iterations"]),
                _error(row["error"]),
                _count(row["at_lower"]),
                _count(row["at_upper"]),
            )
            for row in self._of(self.diagnostics.stages)
            if row["kind"] in {"raking", "calibration", "trimming"}
        ]
        heads = ("stage", "iterations", "error", "at_lower", "at_upper")
        return self._table("steps", heads, rows)

    def totals(self) -> list[Table]:
        every = self._of(self.diagnostics.totals)
        shown = every
        if len(every) > _MANY:
            far = sorted(every, key=lambda row: -abs(row["error_before"]))[:_MANY]
            names = {row["total"] for row in far}
            shown = [row for row in every if row["total"] in names]
        rows = [
            (
                total_label(self.diagnostics.schema, row["total"], self.lang),
                counted(round(row["wanted"])),
                counted(round(row["before"])),
                _error(row["error_before"]),
                _error(row["error_after"]),
            )
            for row in shown
        ]
        heads = ("total", "wanted", "before", "error_before", "error_after")
        table = self._table("totals", heads, rows)
        if len(shown) == len(every):
            return [table]
        title = text(
            "weights.totals.farthest", self.lang, title=table.title, shown=_MANY, all=len(every)
        )
        return [Table(title, table.unit, table.columns, table.rows)]

    def ratios(self) -> Table:
        names = ("smallest", "p5", "p25", "p50", "p75", "p95", "largest")
        rows = [
            (text("weights.ratio", self.lang), *(rounded(row[name], 3) for name in names))
            for row in self._of(self.diagnostics.ratios)
        ]
        return self._table("ratios", ("quantile", *names), rows)

    def largest(self) -> Table:
        rows = [
            (
                str(row["rank"]),
                _weight(row["weight"]),
                _weight(row["base_weight"]),
                rounded(row["ratio"], 3),
                rounded(100 * row["share"], 2),
            )
            for row in self._of(self.diagnostics.largest)
        ]
        heads = ("rank", "weight", "base_weight", "ratio", "share")
        return self._table("largest", heads, rows)

    def _stage(self, row: dict[str, Any]) -> str:
        words = text(f"weights.kind.{row['kind']}", self.lang)
        return f"{row['step']}. {words}" if row["step"] else words

    def _of(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        rows = cast("list[dict[str, Any]]", frame.to_dict("records"))
        return [row for row in rows if row["sample"] == self.sample]

    def _table(self, name: str, heads: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
        title = text(f"weights.{name}", self.lang)
        if len(self.diagnostics.samples) > 1:
            title = f"{sample_label(self.diagnostics.schema, self.sample, self.lang)}: {title}"
        columns = tuple(
            _SIGNS[head] if head in _SIGNS else text(f"weights.head.{head}", self.lang)
            for head in heads
        )
        return Table(title=title, unit="", columns=columns, rows=tuple(rows))


def _weight(value: float) -> str:
    """Return a weight with as many decimals as its size leaves to see."""
    if value >= 100:  # noqa: PLR2004  persons
        return counted(round(value))
    return rounded(value, 2 if value >= 1 else 4)


def _count(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else counted(int(value))


def _error(value: float | None) -> str:
    """Return a relative error in per cent; what only rounding leaves is none."""
    if value is None or math.isnan(value):
        return ""
    return "0" if abs(value) < _SMALL_ERROR else signed(100 * value, 2 if abs(value) > 1e-4 else 4)  # noqa: PLR2004
