"""The figures of the chapters: published numbers handed to the drawings, with words around them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from divide_index.cells import Cell
from divide_index.publication.decompositions import PublishedDecomposition
from divide_index.publication.figures.decompositions import (
    heat_rows_of,
    heat_table_of,
    path_of,
    steps_of,
    waterfall_of,
    waypoints_of,
)
from divide_index.publication.figures.drawing import PAGE_WIDTH, Drawing
from divide_index.publication.figures.marks import Dot, Dumbbell, Line, Point, Tile
from divide_index.publication.figures.row_charts import dots, dumbbells
from divide_index.publication.figures.tile_maps import tiles
from divide_index.publication.figures.time_series import series
from divide_index.publication.formatting import SUPPRESSED, counted, interval, rounded, signed
from divide_index.publication.labels import cell_label
from divide_index.publication.report.material import Draft, Material, count_cell
from divide_index.schema import OVERALL

_ROWS_OF_A_PAGE = 32
_HEIGHT_OF_A_PAGE = 560.0  # points, for the drawing alone


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


# -- decompositions ----------------------------------------------------------------------------


def draw_waterfall(
    draft: Draft, published: PublishedDecomposition, cell: Cell, takeaway: str
) -> None:
    """Add the waterfall of a group."""
    material, lang = draft.material, draft.material.lang
    said = [
        _part_in_words(material, step.label, step.points, (step.low, step.high))
        for step in steps_of(published, cell, lang)
    ]
    draft.figure(
        material.say("decomposition.waterfall", group=cell_label(cell, published.schema, lang)),
        lambda width: waterfall_of(published, cell, lang, width=width),
        takeaway=takeaway,
        base=complete_cases(material, published, [cell]),
        alt=material.say("report.reasons.alt.waterfall", rows="; ".join(said)),
    )


def draw_heat_table(
    draft: Draft,
    published: PublishedDecomposition,
    title: str,
    cells: Sequence[Cell],
    takeaway: str,
) -> None:
    """Add the heat table of some groups by factor, or several where a page does not hold it."""
    material, lang = draft.material, draft.material.lang

    def draw(part: Sequence[Cell]) -> Callable[[float], Drawing]:
        return lambda width: heat_table_of(published, part, lang, width=width)

    for name, part in figure_parts(material, title, cells, draw):
        heads, rows = heat_rows_of(published, part, lang)
        said = [
            f"{row.label}: "
            + ", ".join(
                _part_in_words(material, head, each.points)
                for head, each in zip(heads, row.cells, strict=True)
                if each.flag != "none"
            )
            for row in rows
        ]
        draft.figure(
            name,
            draw(part),
            takeaway=takeaway,
            base=complete_cases(material, published, part),
            alt=material.say("report.reasons.alt.heat", rows="; ".join(said)),
        )


def draw_paths(
    draft: Draft,
    published: PublishedDecomposition,
    title: str,
    cells: Sequence[Cell],
    takeaway: str,
) -> None:
    """Add the paths of some groups, or several figures where a page does not hold them."""
    material, lang = draft.material, draft.material.lang

    def draw(part: Sequence[Cell]) -> Callable[[float], Drawing]:
        return lambda width: path_of(published, part, lang, width=width)

    for name, part in figure_parts(material, title, cells, draw):
        said = [
            _part_in_words(
                material,
                f"{each.heading}: {each.label}" if each.heading else each.label,
                each.points,
                (each.low, each.high),
            )
            for each in waypoints_of(published, part, lang)
        ]
        draft.figure(
            name,
            draw(part),
            takeaway=takeaway,
            base=complete_cases(material, published, part),
            alt=material.say("report.reasons.alt.path", rows="; ".join(said)),
        )


def _part_in_words(
    material: Material,
    label: str,
    points: float | None,
    bounds: tuple[float | None, float | None] = (None, None),
) -> str:
    if points is None:
        return material.say("report.alt.hidden", label=label)
    low, high = bounds
    shown = "" if low is None or high is None else f" ({interval(low, high)})"
    return material.say("report.alt.dot", label=label, level=signed(points), interval=shown)


def figure_parts(
    material: Material,
    title: str,
    cells: Sequence[Cell],
    draw: Callable[[Sequence[Cell]], Callable[[float], Drawing]],
) -> list[tuple[str, Sequence[Cell]]]:
    """Return some groups in as few figures as pages hold, about equally many in each."""
    count = next(
        count
        for count in range(1, len(cells) + 1)
        if count == len(cells)
        or all(draw(part)(PAGE_WIDTH).height <= _HEIGHT_OF_A_PAGE for part in _evenly(cells, count))
    )
    if count == 1:
        return [(title, cells)]
    return [
        (f"{title} {material.say('report.part', number=number, parts=count)}", part)
        for number, part in enumerate(_evenly(cells, count), 1)
    ]


def _evenly(cells: Sequence[Cell], count: int) -> list[Sequence[Cell]]:
    ends = [-(-len(cells) * part // count) for part in range(count + 1)]
    return [cells[first:end] for first, end in pairwise(ends)]


def complete_cases(
    material: Material, published: PublishedDecomposition, cells: Sequence[Cell]
) -> str:
    """Return on how many complete cases a figure rests."""
    counts = [published.basis(cell).n for cell in cells]
    unit = material.schema.unit
    if len(cells) <= 6:  # noqa: PLR2004  a line of a page
        listed = [
            f"{cell_label(cell, published.schema, material.lang)} "
            + (SUPPRESSED if n is None else counted(n))
            for cell, n in zip(cells, counts, strict=True)
        ]
        return material.say(f"report.reasons.listed.{unit}", counts=", ".join(listed))
    known = [n for n in counts if n is not None]
    words = material.say(
        f"report.reasons.range.{unit}",
        cells=len(cells),
        low=counted(min(known, default=0)),
        high=counted(max(known, default=0)),
    )
    hidden = len(counts) - len(known)
    return words + (material.say("report.base.hidden", count=hidden) if hidden else "")
