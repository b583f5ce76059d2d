"""Findings in the words of the schema's labels."""

from typing import Protocol, cast

from divide_index.cells import Cell
from divide_index.errors import Finding
from divide_index.messages import Language, text
from divide_index.publication.labels import cell_label, population_label
from divide_index.scoring import Scores


class Told(Protocol):
    """A result whose cells and schema give findings their words."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its populations."""
        ...

    @property
    def scores(self) -> Scores:
        """What it was computed from."""
        ...


def finding_words(finding: Finding, result: Told, lang: Language) -> str:
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
        known = {f"{cell.domain}/{cell.category}": cell for cell in result.cells}
        params["cells"] = [
            cell_label(known[name], schema, lang) if name in known else name.partition("/")[2]
            for name in cast("list[str]", params["cells"])
        ]
    if "averages" in params:
        listed = cast("list[str]", params["averages"])
        params["averages"] = [schema.averages[name].label.of(lang) for name in listed]
    return text(finding.code, lang, **params)
