"""Figures: drawings for pages as SVG, and :func:`plot` for notebooks.

:mod:`~divide_index.publication.figures.charts` lays out a drawing from plain marks and finished
words; :func:`~divide_index.publication.figures.svg.as_svg` makes it a document. matplotlib is
imported when something is drawn.
"""

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from divide_index.errors import EstimationError
from divide_index.levels import LevelResult
from divide_index.messages import Language, text
from divide_index.publication.figures.charts import dots
from divide_index.publication.figures.drawing import PAGE_WIDTH
from divide_index.publication.figures.marks import Dot, Line
from divide_index.publication.figures.svg import FONTS
from divide_index.publication.formatting import percent
from divide_index.publication.labels import cell_label, dimension_label
from divide_index.schema import OVERALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot"]

_POINTS_PER_INCH = 72


def plot(
    result: LevelResult,
    *,
    domain: str | None = None,
    dimension: str = OVERALL,
    target: bool = True,
    lang: Language = "en",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw levels with their intervals, as they are: nothing is suppressed.

    Levels are the x coordinates, so that more can be drawn: ``plot(result).axvline(90)``.

    Parameters
    ----------
    result
        The levels.
    domain
        Whose rows: a domain such as ``region``, or a cross such as ``region*area``, in the
        schema's order; None is averages, then groups from the highest level down.
    dimension
        A dimension, or overall.
    target
        Whether to draw the schema's target, where it speaks of this dimension.
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
        The result has no such rows (DI-E249).
    """
    rows = _dots(result, domain, dimension, lang)
    schema = result.scores.survey.schema
    line = None
    if target and schema.target is not None and schema.target.dimension == dimension:
        line = Line(schema.target.level, f"{schema.target.level:g} ({schema.target.year})")
    interval = text("table.interval", lang, confidence=percent(result.confidence))
    drawing = dots(
        rows,
        reference=Line(100.0, f"{schema.reference.label.of(lang)} = 100"),
        target=line,
        unit_label="%",
        value_label=f"{dimension_label(dimension, schema, lang)} ({interval})",
        width=PAGE_WIDTH if ax is None else _points_across(ax),
    )
    if ax is None:
        from matplotlib import pyplot as plt

        size = (drawing.width / _POINTS_PER_INCH, drawing.height / _POINTS_PER_INCH)
        ax = cast("Axes", cast("Any", plt).figure(figsize=size).add_axes((0, 0, 1, 1)))
    drawing.draw_on(ax, _installed(FONTS))
    return ax


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


def _installed(fonts: tuple[str, ...]) -> list[str]:
    """Return those of some fonts that matplotlib finds, and the one that comes with it."""
    from matplotlib.font_manager import fontManager

    known = {font.name for font in fontManager.ttflist}
    return [*(name for name in fonts if name in known), "DejaVu Sans"]
