"""The figures of the chapters: published numbers handed to the drawings, with words around them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from divide_index.cells import Cell
from divide_index.publication.figures.drawing import Drawing
from divide_index.publication.figures.marks import Dot, Dumbbell, Line, Point, Tile
from divide_index.publication.figures.row_charts import dots, dumbbells
from divide_index.publication.figures.tile_maps import tiles
from divide_index.publication.figures.time_series import series
from divide_index.publication.formatting import counted, interval, rounded
from divide_index.publication.report.material import Draft, Material, count_cell
from divide_index.schema import OVERALL

_ROWS_OF_A_PAGE = 32


def reference_line(material: Material) -> Line:
    """Return the line of the reference at 100."""
    label = material.schema.reference.label.of(material.lang)
    return Line(100.0, material.say("report.line.reference", reference=label))


def target_line(material: Material, dimension: str = OVERALL) -> Line | None:
    """Return the line of the target; None for another dimension than the target's."""
    target = material.schema.target
    if target is None or target.dimension != dimension:
        return None
    label = material.say("report.line.target", level=f"{target.level:g}", year=str(target.year))
    return Line(target.level, label)


def dot_of(
    material: Material,
    cell: Cell,
    dimension: str = OVERALL,
    *,
    label: str = "",
    heading: str = "",
) -> Dot:
    """Return a cell as a row of a dot plot, under its own label unless it is given another."""
    figures = material.published.figures(cell, dimension)
    low, high = figures.bounds or (None, None)
    return Dot(
        label=label or material.label(cell),
        level=figures.level if figures.is_shown else None,
        low=low,
        high=high,
        flag=figures.flag,
        heading=heading,
    )


def draw_dots(
    draft: Draft,
    title: str,
    rows: Sequence[Dot],
    *,
    base: Sequence[Cell],
    takeaway: str,
    has_target: bool = False,
) -> None:
    """Add a dot plot of levels with their intervals, or several where a page does not hold it."""
    material = draft.material
    target = target_line(material) if has_target else None
    parts = _pages_of(rows)
    for number, part in enumerate(parts, 1):
        pages = material.say("report.part", number=number, parts=len(parts))
        draft.figure(
            title if len(parts) == 1 else f"{title} {pages}",
            _dots_of(material, part, target),
            takeaway=takeaway,
            base=base_of(material, base),
            alt=dots_in_words(material, part, target),
        )


def _dots_of(
    material: Material, rows: Sequence[Dot], target: Line | None
) -> Callable[[float], Drawing]:
    return lambda width: dots(
        rows,
        reference=reference_line(material),
        target=target,
        unit_label=material.say("report.axis"),
        value_label=material.say("report.axis.values", confidence=material.confidence),
        width=width,
    )


def _pages_of(rows: Sequence[Dot]) -> list[list[Dot]]:
    """Return the rows of a figure in parts that a page holds, each under its heading."""
    parts: list[list[Dot]] = [[]]
    heading = ""
    for row in rows:
        heading = row.heading or heading
        if len(parts[-1]) == _ROWS_OF_A_PAGE:
            parts.append([replace(row, heading=heading)])
        else:
            parts[-1].append(row)
    return parts


def dots_in_words(material: Material, rows: Iterable[Dot], target: Line | None) -> str:
    """Return all that a dot plot shows."""
    said: list[str] = []
    heading = ""
    for row in rows:
        heading = row.heading or heading
        label = f"{heading} {row.label}".strip()
        if row.level is None:
            said.append(material.say("report.alt.hidden", label=label))
            continue
        bounds = None if row.low is None or row.high is None else (row.low, row.high)
        shown = "" if bounds is None else f" ({interval(*bounds)})"
        level = rounded(row.level)
        said.append(material.say("report.alt.dot", label=label, level=level, interval=shown))
    lines = [reference_line(material), *([target] if target is not None else [])]
    marked = ", ".join(f"{line.label} {line.level:g}" for line in lines)
    return material.say("report.alt.dots", rows="; ".join(said), lines=marked)


def draw_dumbbells(
    draft: Draft,
    title: str,
    rows: Sequence[Dumbbell],
    *,
    ends: str,
    base: Sequence[Cell],
    takeaway: str,
) -> None:
    """Add a dumbbell plot from levels to what they would have to be."""
    material = draft.material

    said = [
        material.say(
            "report.alt.dumbbell", label=row.label, start=rounded(row.start), end=rounded(row.end)
        )
        for row in rows
        if row.start is not None and row.end is not None
    ]
    draft.figure(
        title,
        lambda width: dumbbells(
            rows,
            start_label=material.say("report.legend.level"),
            end_label=ends,
            difference_unit=material.say("report.points", value=""),
            unit_label=material.say("report.axis"),
            width=width,
        ),
        takeaway=takeaway,
        base=base_of(material, base),
        alt="; ".join(said),
    )


def draw_tiles(draft: Draft, title: str, domain: str, cells: Sequence[Cell], takeaway: str) -> None:
    """Add the map of a domain's regions."""
    material = draft.material
    places = material.schema.tiles(domain)
    rows: list[Tile] = []
    for cell in cells:
        figures = material.published.figures(cell)
        row, column = places[dict(cell.codes).get(domain, cell.category)]
        level = figures.level if figures.is_shown else None
        rows.append(Tile(material.label(cell), row, column, level, figures.flag))

    said = [
        material.say("report.alt.dot", label=tile.label, level=rounded(tile.level), interval="")
        if tile.level is not None
        else material.say("report.alt.hidden", label=tile.label)
        for tile in rows
    ]
    draft.figure(
        title,
        lambda width: tiles(
            rows,
            scale_label=material.say("report.legend.tiles"),
            suppressed_label=material.say("report.sign.hidden"),
            width=width,
        ),
        takeaway=takeaway,
        base=base_of(material, cells),
        alt=material.say("report.alt.tiles", rows="; ".join(said)),
    )


def draw_series(
    draft: Draft,
    title: str,
    points: Sequence[Point],
    *,
    base: str,
    takeaway: str,
    height: float,
) -> None:
    """Add the series of a level with the target, ``height`` in points."""
    material = draft.material
    target = material.schema.target
    kind = "synthetic" if material.is_synthetic else "survey"
    computed = f"report.legend.computed.{kind}"

    def draw(width: float) -> Drawing:
        return series(
            points,
            target=_any_target_line(material),
            target_year=None if target is None else target.year,
            published_label=material.say("report.legend.published"),
            computed_label=material.say(computed, confidence=material.confidence),
            break_label=material.say("report.legend.break"),
            unit_label=material.say("report.axis"),
            height=height,
            width=width,
        )

    said = [
        material.say(
            f"report.alt.{point.kind}",
            year=point.year,
            level=rounded(point.level),
            interval=""
            if point.low is None or point.high is None
            else f" ({interval(point.low, point.high)})",
        )
        for point in points
    ]
    line = _any_target_line(material)
    if line is not None:
        said.append(f"{line.label} {line.level:g}")
    draft.figure(title, draw, takeaway=takeaway, base=base, alt="; ".join(said))


def _any_target_line(material: Material) -> Line | None:
    target = material.schema.target
    return None if target is None else target_line(material, target.dimension)


def base_of(material: Material, cells: Sequence[Cell]) -> str:
    """Return of whom a figure is, with the respondents of each where they are few enough."""
    held = [cell for cell in cells if material.published.figures(cell).flag != "none"]
    counts = [
        f"{material.label(cell)} {count_cell(material.published.figures(cell))}" for cell in held
    ]
    if len(counts) <= 6:  # noqa: PLR2004  a line of a page
        return material.say(f"report.base.listed.{material.schema.unit}", counts=", ".join(counts))
    shown = [material.published.figures(cell) for cell in held]
    known = [each.n for each in shown if each.n is not None and each.n > 0]
    hidden = sum(each.n is None for each in shown)
    words = material.say(
        f"report.base.range.{material.schema.unit}",
        cells=len(held),
        low=counted(min(known, default=0)),
        high=counted(max(known, default=0)),
    )
    return words + (material.say("report.base.hidden", count=hidden) if hidden else "")
