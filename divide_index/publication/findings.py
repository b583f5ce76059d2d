"""Findings in the words of the schema's labels."""

from typing import cast

from divide_index.errors import Finding
from divide_index.levels import LevelResult
from divide_index.messages import Language, text
from divide_index.publication.labels import cell_label, population_label


def finding_words(finding: Finding, result: LevelResult, lang: Language) -> str:
    """Return a finding in the words of the schema's labels."""
    schema = result.scores.survey.schema
    params = dict(finding.params)
    if "domain" in params:
        params["domain"] = schema.domains[str(params["domain"])].label.of(lang)
    if "population" in params:
        names = str(params["population"]).split(" & ")
        params["population"] = " & ".join(population_label(name, schema, lang) for name in names)
    if "dimensions" in params:
        params["dimensions"] = [
            part.label.of(lang)
            for name, part in schema.dimensions.items()
            if name in cast("list[str]", params["dimensions"])
        ]
    if "cells" in params:
        listed = cast("list[str]", params["cells"])
        cells = dict.fromkeys(c for c in result.cells if f"{c.domain}/{c.category}" in listed)
        params["cells"] = [cell_label(cell, schema, lang) for cell in cells]
    if "averages" in params:
        listed = cast("list[str]", params["averages"])
        params["averages"] = [schema.averages[name].label.of(lang) for name in listed]
    return text(finding.code, lang, **params)
