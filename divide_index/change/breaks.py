"""The years across which nothing is compared: declared by the schema, or known of a series."""

from collections.abc import Iterable, Sequence

from divide_index import history
from divide_index.cells import GROUP, Cell
from divide_index.inference.projection import SeriesBreak
from divide_index.schema import SurveySchema

EVERY = "all"  # the history's word for a break of every series


def breaks_of(schemas: Iterable[SurveySchema], cell: Cell) -> tuple[SeriesBreak, ...]:
    """Return the breaks of a cell's levels that any of some schemas declares, ascending.

    Parameters
    ----------
    schemas
        Those of the years held against each other. Of each, its own ``breaks``; and, where it
        names the published series of its groups, those of the packaged history.
    cell
        A group; an average, which breaks where one of its groups does; a cell of a group; or of
        the reference, which has the breaks of the whole survey alone.
    """
    found = set[tuple[int, str]]().union(*(_declared(schema, cell) for schema in schemas))
    return tuple(SeriesBreak(year, key) for year, key in sorted(found))


def _declared(schema: SurveySchema, cell: Cell) -> set[tuple[int, str]]:
    names = _populations(schema, cell)
    found = {
        (each.year, key)
        for key, each in schema.breaks.items()
        if each.group is None or each.group in names
    }
    series = _series(schema)
    if series:
        wanted = {EVERY, *(series.get(name) for name in names)}
        table = history.series_breaks()
        found |= {
            (int(year), str(kind))
            for year, group, kind in zip(table["year"], table["group"], table["kind"], strict=True)
            if group in wanted
        }
    return found


def crossed(breaks: Sequence[SeriesBreak], first: int, last: int) -> tuple[SeriesBreak, ...]:
    """Return the breaks that lie between two years, the later one included."""
    return tuple(each for each in breaks if first < each.year <= last)


def _populations(schema: SurveySchema, cell: Cell) -> set[str]:
    if cell.domain == "average" and cell.category in schema.averages:
        return {cell.category, *schema.averages[cell.category].members}
    if cell.domain in {GROUP, "average"}:
        return {cell.category}
    return {dict(cell.codes).get(GROUP, "")}


def _series(schema: SurveySchema) -> dict[str, str]:
    """Return the published series of groups and averages, by name."""
    parts = {**schema.groups, **schema.averages}
    return {name: each.published for name, each in parts.items() if each.published is not None}
