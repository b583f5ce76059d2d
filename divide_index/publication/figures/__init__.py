"""Figures: drawings for pages as SVG, and :func:`plot` for notebooks.

:mod:`~divide_index.publication.figures.charts` lays out a drawing from plain marks and finished
words; :func:`~divide_index.publication.figures.svg.as_svg` makes it a document. matplotlib is
imported when something is drawn.
"""

from typing import TYPE_CHECKING, Any, Literal, cast, get_args, overload

import numpy as np

from divide_index.errors import EstimationError
from divide_index.levels import LevelResult
from divide_index.messages import Language, text
from divide_index.publication.figures.charts import dots
from divide_index.publication.figures.drawing import PAGE_WIDTH, Drawing
from divide_index.publication.figures.marks import Dot, Line
from divide_index.publication.figures.svg import FONTS, installed
from divide_index.publication.formatting import percent
from divide_index.publication.labels import cell_label, dimension_label
from divide_index.schema import OVERALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from divide_index.cells import Cell
    from divide_index.change import ChangeResult
    from divide_index.decomposition import DecompositionResult
    from divide_index.target import LeverResult, PublishedProjection
    from divide_index.weighting import WeightDiagnostics

    Result = (
        LevelResult
        | DecompositionResult
        | ChangeResult
        | PublishedProjection
        | LeverResult
        | WeightDiagnostics
    )

__all__ = ["Kind", "WeightsKind", "YearsKind", "plot"]

Kind = Literal["waterfall", "heat", "path"]
YearsKind = Literal["changes", "levels"]
ProjectionKind = Literal["fan", "paces"]
WeightsKind = Literal["weights", "ratios", "totals", "convergence"]

_POINTS_PER_INCH = 72


@overload
def plot(
    result: LevelResult,
    *,
    domain: str | None = None,
    dimension: str = OVERALL,
    target: bool = True,
    lang: Language = "en",
    ax: "Axes | None" = None,
) -> "Axes": ...


@overload
def plot(
    result: "DecompositionResult",
    *,
    kind: Kind | None = None,
    domain: str | None = None,
    category: str | None = None,
    dimension: str = OVERALL,
    lang: Language = "en",
    ax: "Axes | None" = None,
) -> "Axes": ...


@overload
def plot(
    result: "ChangeResult",
    *,
    kind: YearsKind | None = None,
    domain: str | None = None,
    dimension: str = OVERALL,
    lang: Language = "en",
    ax: "Axes | None" = None,
) -> "Axes": ...


@overload
def plot(
    result: "PublishedProjection",
    *,
    kind: ProjectionKind | None = None,
    lang: Language = "en",
    ax: "Axes | None" = None,
) -> "Axes": ...


@overload
def plot(result: "LeverResult", *, lang: Language = "en", ax: "Axes | None" = None) -> "Axes": ...


@overload
def plot(
    result: "WeightDiagnostics",
    *,
    kind: WeightsKind | None = None,
    category: str | None = None,
    lang: Language = "en",
    ax: "Axes | None" = None,
) -> "Axes": ...


def plot(
    result: "Result",
    *,
    kind: Kind | YearsKind | ProjectionKind | WeightsKind | None = None,
    domain: str | None = None,
    category: str | None = None,
    dimension: str = OVERALL,
    target: bool = True,
    lang: Language = "en",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a result as it is: nothing is suppressed.

    Levels are the x coordinates, so that more can be drawn: ``plot(levels).axvline(90)``; of a
    waterfall too, and of a path the gaps are.

    Parameters
    ----------
    result
        Levels; a decomposition of groups' distances from the reference; levels of several years;
        a projection of a published series; levers to a target; what became of weights.
    kind
        Of a decomposition: the ``"waterfall"`` of one group, by default; the ``"heat"`` table of
        all groups by factor; or the ``"path"`` of every group's gap as sets of factors enter.
        Of several years: the ``"changes"`` from first to last, by default, or the ``"levels"`` in
        a panel for each. Of a projection: the ``"fan"``, by default, or the ``"paces"``. Of
        weights: the ``"weights"``, by default, the ``"ratios"``, ``"totals"`` or ``"convergence"``.
    domain
        Of levels and years, whose rows: a domain such as ``region``, or a cross such as
        ``region*area``, in the schema's order; None is averages and groups, of levels from the
        highest down. Of a decomposition, likewise: ``group``, a domain or a cross; None is the
        first one there is, of a heat table the first that is not ``group``.
    category
        Of a decomposition: one group, or one category of the domain; None is all of them, and of
        a waterfall the first. Of weights: the sample.
    dimension
        A dimension, or overall. The parts of a dimension are those of the overall level.
    target
        Of levels: whether to draw the schema's target, where it speaks of this dimension.
    lang
        Of the labels.
    ax
        Axes to draw on; None makes a figure, which a notebook shows.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    EstimationError
        The result has no such rows (DI-E249), or no such figure (DI-E258).
    """
    if type(result).__name__ == "WeightDiagnostics":
        return _of_weights(cast("WeightDiagnostics", result), kind, category, lang, ax)
    width = PAGE_WIDTH if ax is None else _points_across(ax)
    other = _of_years_or_target(result, kind, (domain, category), dimension, lang=lang, width=width)
    if other is not None:
        drawing = other
    elif not isinstance(result, LevelResult):
        named = (domain, category)
        chosen = cast("Kind", kind or "waterfall")  # another kind is refused there
        decomposed = cast("DecompositionResult", result)
        drawing = _decomposed(
            decomposed, chosen, named, dimension=dimension, lang=lang, width=width
        )
    elif kind is not None or category is not None:
        raise EstimationError(
            "DI-E258",
            asked=_asked(kind=kind, category=category),
            known=[f"domain = {', '.join(dict.fromkeys(cell.domain for cell in result.cells))}"],
        )
    else:
        drawing = _levels(result, domain, dimension, target=target, lang=lang, width=width)
    if ax is None:
        from matplotlib import pyplot as plt

        size = (drawing.width / _POINTS_PER_INCH, drawing.height / _POINTS_PER_INCH)
        ax = cast("Axes", cast("Any", plt).figure(figsize=size).add_axes((0, 0, 1, 1)))
    drawing.draw_on(ax, installed(FONTS))
    return ax


def _of_weights(
    result: "WeightDiagnostics",
    kind: str | None,
    sample: str | None,
    lang: Language,
    ax: "Axes | None",
) -> "Axes":
    """Draw one panel of what became of weights."""
    from divide_index.publication.figures.weight_figures import draw_weights

    if ax is None:
        from matplotlib import pyplot as plt

        ax = cast("Axes", cast("Any", plt).figure(layout="constrained").add_subplot())
    draw_weights(result, kind or "weights", lang, ax, sample=sample)
    return ax


def _of_years_or_target(
    result: object,
    kind: str | None,
    named: tuple[str | None, str | None],
    dimension: str,
    *,
    lang: Language,
    width: float,
) -> Drawing | None:
    """Return the drawing of years, of a projection or of levers; None for what is neither."""
    if isinstance(result, LevelResult) or type(result).__name__ == "DecompositionResult":
        return None
    from divide_index.change import ChangeResult
    from divide_index.target import LeverResult, PublishedProjection

    domain, category = named
    if isinstance(result, ChangeResult) and category is None:
        return _of_years(result, kind or "changes", domain, dimension, lang=lang, width=width)
    from divide_index.publication.figures.target_figures import fan_of, levers_of, paces_of

    asked = _asked(kind=kind, domain=domain, category=category)
    if isinstance(result, PublishedProjection | LeverResult):  # of one dimension, and all of it
        kinds = get_args(ProjectionKind) if isinstance(result, PublishedProjection) else ()
        if dimension not in {OVERALL, result.dimension}:
            asked.append(f"dimension = {dimension}")
        if kind not in {None, *kinds} or len(asked) > int(kind is not None):
            known = [f"kind = {', '.join(kinds)}"] if kinds else []
            known.append(f"dimension = {result.dimension}")
            raise EstimationError("DI-E258", asked=asked, known=known)
        if isinstance(result, LeverResult):
            schema = result.levels.scores.survey.schema
            return levers_of(result, schema, lang, width=width)
        return (paces_of if kind == "paces" else fan_of)(result, lang, width=width)
    raise EstimationError(
        "DI-E258",
        asked=[type(result).__name__, *asked],
        known=[f"domain = {', '.join(dict.fromkeys(cell.domain for cell in result.cells))}"]
        if isinstance(result, ChangeResult)
        else [
            *("LevelResult", "DecompositionResult", "ChangeResult"),
            *("PublishedProjection", "LeverResult"),
        ],
    )


def _of_years(
    result: "ChangeResult",
    kind: str,
    domain: str | None,
    dimension: str,
    *,
    lang: Language,
    width: float,
) -> Drawing:
    from divide_index.publication.figures.year_figures import changes_of, panels_of
    from divide_index.publication.years import PublishedYears

    wanted = ("average", "group") if domain is None else (domain,)
    cells = [cell for cell in dict.fromkeys(result.cells) if cell.domain in wanted]
    if kind not in get_args(YearsKind) or not cells or dimension not in result.dimensions:
        raise EstimationError(
            "DI-E258",
            asked=_asked(kind=kind, domain=domain, dimension=dimension),
            known=[
                f"kind = {', '.join(get_args(YearsKind))}",
                f"domain = {', '.join(dict.fromkeys(cell.domain for cell in result.cells))}",
                f"dimension = {', '.join(dict.fromkeys(result.dimensions))}",
            ],
        )
    published = PublishedYears(result, None)
    if kind == "levels":
        return panels_of(published, cells, lang, dimension=dimension, width=width)
    return changes_of(published, cells, lang, dimension=dimension, width=width)


def _decomposed(
    result: "DecompositionResult",
    kind: Kind,
    named: tuple[str | None, str | None],
    *,
    dimension: str,
    lang: Language,
    width: float,
) -> Drawing:
    """Return the drawing of some groups of a decomposition, or refuse what it has not."""
    from divide_index.publication.decompositions import PublishedDecomposition
    from divide_index.publication.figures.decompositions import (
        heat_table_of,
        path_of,
        waterfall_of,
    )

    cells = _named(result, kind, *named)
    if kind not in get_args(Kind) or not cells or dimension not in result.dimensions:
        domain, category = named
        raise EstimationError(
            "DI-E258",
            asked=_asked(kind=kind, domain=domain, category=category, dimension=dimension),
            known=[
                f"kind = {', '.join(get_args(Kind))}",
                f"domain/category = {', '.join(f'{c.domain}/{c.category}' for c in result.cells)}",
                f"dimension = {', '.join(result.dimensions)}",
            ],
        )
    published = PublishedDecomposition(result, None)
    if kind == "waterfall":
        return waterfall_of(published, cells[0], lang, dimension=dimension, width=width)
    draw = heat_table_of if kind == "heat" else path_of
    return draw(published, cells, lang, dimension=dimension, width=width)


def _named(
    result: "DecompositionResult", kind: Kind, domain: str | None, category: str | None
) -> "list[Cell]":
    """Return the groups of a domain, of the one that is drawn by default where none is named."""
    cells = [cell for cell in result.cells if category in {None, cell.category}]
    if domain is None:
        domains = list(dict.fromkeys(cell.domain for cell in cells))
        others = [name for name in domains if name != "group"] if kind == "heat" else []
        domain = next(iter([*others, *domains]), None)
    return [cell for cell in cells if cell.domain == domain]


def _asked(**choices: str | None) -> list[str]:
    return [f"{name} = {value}" for name, value in choices.items() if value is not None]


def _levels(
    result: LevelResult,
    domain: str | None,
    dimension: str,
    *,
    target: bool,
    lang: Language,
    width: float,
) -> Drawing:
    """Return the dot plot of some levels."""
    rows = _dots(result, domain, dimension, lang)
    schema = result.scores.survey.schema
    line = None
    if target and schema.target is not None and schema.target.dimension == dimension:
        line = Line(schema.target.level, f"{schema.target.level:g} ({schema.target.year})")
    interval = text("table.interval", lang, confidence=percent(result.confidence))
    return dots(
        rows,
        reference=Line(100.0, f"{schema.reference.label.of(lang)} = 100"),
        target=line,
        unit_label="%",
        value_label=f"{dimension_label(dimension, schema, lang)} ({interval})",
        width=width,
    )


def _dots(result: LevelResult, domain: str | None, dimension: str, lang: Language) -> list[Dot]:
    """Return the rows to draw, or refuse a result that has none of them."""
    schema = result.scores.survey.schema
    wanted = ("average", "group") if domain is None else (domain,)
    rows = [
        row
        for row, (cell, name) in enumerate(zip(result.cells, result.dimensions, strict=True))
        if cell.domain in wanted and name == dimension
    ]
    if not rows:
        raise EstimationError(
            "DI-E249",
            domain=domain or "group",
            dimension=dimension,
            domains=list(dict.fromkeys(cell.domain for cell in result.cells)),
            dimensions=list(dict.fromkeys(result.dimensions)),
        )
    levels = result.estimate.values
    if domain is None:
        rows.sort(
            key=lambda row: (
                result.cells[row].domain != "average",
                -np.nan_to_num(levels[row], nan=-np.inf),
            )
        )
    return [
        Dot(
            cell_label(result.cells[row], schema, lang),
            float(levels[row]),
            float(result.conf_low[row]),
            float(result.conf_high[row]),
            "none" if result.n[row] == 0 else "",
        )
        for row in rows
    ]


def _points_across(ax: "Axes") -> float:
    return ax.bbox.width / ax.figure.dpi * _POINTS_PER_INCH
