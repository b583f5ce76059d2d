"""The published series of a group beside the level at hand, as far as the two compare."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from divide_index import history
from divide_index.cells import Cell
from divide_index.change.breaks import breaks_of
from divide_index.errors import PublicationError
from divide_index.inference.projection import SeriesBreak
from divide_index.publication.report.material import Material
from divide_index.publication.sentences import Break, Pace
from divide_index.schema import SurveySchema

_FORMULA = "weighted_ratios"  # by which the published levels are made: history.identity_check()


@dataclass(frozen=True, slots=True)
class PublishedSeries:
    """The published levels of a group in a dimension, and where they do not compare."""

    levels: dict[int, float]
    breaks: tuple[Break, ...]

    def pace(self, last: int, years: int) -> Pace | None:
        """Return by how much a level rose a year; None across a break or without a value."""
        first = last - years
        if first not in self.levels or last not in self.levels:
            return None
        if any(first < each.year <= last for each in self.breaks):
            return None
        return Pace((self.levels[last] - self.levels[first]) / years, years)


def published_series(material: Material, cell: Cell, dimension: str) -> PublishedSeries | None:
    """Return what the agency has published of a group, as far as years compare.

    None where nothing was published of it, or by another formula than the levels at hand.

    Raises
    ------
    PublicationError
        The schema names a series that is not packaged.
    """
    schema = material.schema
    parts = schema.groups if cell.domain == "group" else schema.averages
    name = parts[cell.category].published
    if name is None or material.result.formula != _FORMULA:
        return None
    table = history.published_levels()
    if name not in set(table["group"]):
        known = sorted(set(table["group"]))
        raise PublicationError("DI-E250", group=cell.category, series=name, known=known)
    first = _first_comparable_year()
    rows = table[(table["group"] == name) & (table["dimension"] == dimension)]
    levels = {
        int(year): float(level)
        for year, level in zip(rows["year"], rows["level"], strict=True)
        if first is None or year >= first
    }
    breaks = told_breaks(schema, breaks_of([schema], cell))
    return PublishedSeries(dict(sorted(levels.items())), breaks)


def told_breaks(schema: SurveySchema, breaks: Iterable[SeriesBreak]) -> tuple[Break, ...]:
    """Return breaks by what changed: as the schema says, or the history, which names them so."""
    kinds = {name: each.kind for name, each in schema.breaks.items()}
    return tuple(Break(each.year, kinds.get(each.name, each.name)) for each in breaks)  # pyright: ignore[reportArgumentType]


@cache
def _first_comparable_year() -> int | None:
    return history.identity_check().first_comparable_year
