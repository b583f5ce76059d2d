"""What became of weights, drawn: their spread, their ratios, the totals and the convergence."""

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.messages import Language, text
from divide_index.publication.figures.palette import ACCENT, GRID, INK, LINK, MUTED, TARGET
from divide_index.publication.figures.svg import FONTS, installed
from divide_index.publication.weights import sample_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from divide_index.weighting import WeightDiagnostics

Floats = NDArray[np.float64]
WeightsKind = Literal["weights", "ratios", "totals", "convergence"]

_BINS: Final = 40
_PANEL: Final = (4.4, 3.0)  # inches
_DPI: Final = 160


def draw_weights(
    diagnostics: "WeightDiagnostics",
    kind: str,
    lang: Language,
    ax: "Axes",
    *,
    sample: str | None = None,
) -> None:
    """Draw one panel of the weights of a sample.

    Parameters
    ----------
    diagnostics
        Of a survey.
    kind
        ``weights`` (before and after), ``ratios`` (after over before), ``totals`` (their errors
        before and after) or ``convergence`` (the largest error by iteration).
    lang
        Of the labels.
    ax
        To draw on.
    sample
        Which; the first where there are several and none is named.

    Raises
    ------
    EstimationError
        DI-E258: no such kind, or no such sample.
    """
    known = [each.sample for each in diagnostics.samples]
    chosen = known[0] if sample is None else sample
    if kind not in _PANELS or chosen not in known:
        raise EstimationError(
            "DI-E258",
            asked=[f"kind = {kind}", f"category = {sample}"],
            known=[f"kind = {', '.join(get_args(WeightsKind))}", f"category = {known}"],
        )
    _PANELS[kind](diagnostics, chosen, lang, ax)
    panel = cast("Any", ax)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        panel.spines[side].set_color(MUTED)
    panel.tick_params(colors=MUTED, labelsize=8)
    panel.set_axisbelow(True)
    panel.grid(axis="both", color=GRID, linewidth=0.6)


def weight_picture(diagnostics: "WeightDiagnostics", lang: Language, *, kind: str) -> bytes:
    """Return the four panels of every sample as a PNG or SVG file.

    Parameters
    ----------
    diagnostics
        Of a survey.
    lang
        Of the labels.
    kind
        ``png`` or ``svg``.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    kinds = get_args(WeightsKind)
    rows = 2 * len(diagnostics.samples)
    settings = {"font.family": installed(FONTS), "svg.fonttype": "path", "svg.hashsalt": "weights"}
    with cast("Any", mpl).rc_context({**settings, "axes.unicode_minus": False}):
        figure = Figure(figsize=(2 * _PANEL[0], rows * _PANEL[1]), layout="constrained")
        panels = cast("Any", figure).subplots(rows, 2, squeeze=False)
        for place, each in enumerate(diagnostics.samples):
            own = panels[2 * place : 2 * place + 2].ravel()
            for panel, name in zip(own, kinds, strict=True):
                draw_weights(diagnostics, name, lang, panel, sample=each.sample)
                if len(diagnostics.samples) > 1:
                    called = sample_label(diagnostics.schema, each.sample, lang)
                    panel.set_title(f"{called}: {panel.get_title(loc='left')}", **_TITLE)
        buffer = io.BytesIO()
        if kind == "svg":
            from matplotlib.backends.backend_svg import FigureCanvasSVG

            cast("Any", FigureCanvasSVG(figure)).print_svg(buffer, metadata={"Date": None})
        else:
            from matplotlib.backends.backend_agg import FigureCanvasAgg

            figure.set_dpi(_DPI)
            cast("Any", FigureCanvasAgg(figure)).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


_TITLE: Final[Mapping[str, Any]] = {"loc": "left", "fontsize": 9, "color": INK}


def _weights(d: "WeightDiagnostics", sample: str | None, lang: Language, ax: "Axes") -> None:
    of = next(each for each in d.samples if each.sample == sample)
    before, after = of.base / of.base.mean(), of.final / of.final.mean()
    edges = np.histogram_bin_edges(np.concatenate([before, after]), _BINS)
    panel = cast("Any", ax)
    panel.hist(before, edges, color=LINK, label=text("weights.figure.before", lang))
    panel.hist(
        after,
        edges,
        histtype="step",
        color=ACCENT,
        linewidth=1.4,
        label=text("weights.figure.after", lang),
    )
    panel.set_title(text("weights.figure.weights", lang), **_TITLE)
    panel.set_xlabel(text("weights.figure.over_mean", lang), fontsize=8, color=MUTED)
    panel.set_ylabel(text("weights.figure.records", lang), fontsize=8, color=MUTED)
    panel.legend(frameon=False, fontsize=8, labelcolor=INK)


def _ratios(d: "WeightDiagnostics", sample: str | None, lang: Language, ax: "Axes") -> None:
    of = next(each for each in d.samples if each.sample == sample)
    panel = cast("Any", ax)
    panel.hist(of.final / of.base, _BINS, color=ACCENT)
    panel.axvline(1.0, color=TARGET, linewidth=1.2, linestyle="--")
    panel.set_title(text("weights.figure.ratios", lang), **_TITLE)
    panel.set_xlabel(text("weights.figure.final_over_base", lang), fontsize=8, color=MUTED)
    panel.set_ylabel(text("weights.figure.records", lang), fontsize=8, color=MUTED)


def _totals(d: "WeightDiagnostics", sample: str | None, lang: Language, ax: "Axes") -> None:
    rows = [row for row in d.totals.to_dict("records") if row["sample"] == sample]
    panel = cast("Any", ax)
    panel.set_title(text("weights.figure.totals", lang), **_TITLE)
    if not rows:
        _nothing(panel, lang)
        return
    before = 100 * np.sort([row["error_before"] for row in rows])
    order = np.argsort([row["error_before"] for row in rows], kind="stable")
    after = 100 * np.array([row["error_after"] for row in rows])[order]
    places = np.arange(1, before.size + 1)
    panel.axhline(0.0, color=MUTED, linewidth=0.8)
    panel.plot(
        places,
        before,
        marker="o",
        linestyle="",
        markersize=4,
        markerfacecolor="none",
        color=TARGET,
        label=text("weights.figure.before", lang),
    )
    panel.plot(
        places,
        after,
        marker="s",
        linestyle="",
        markersize=3,
        color=ACCENT,
        label=text("weights.figure.after", lang),
    )
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.set_xlabel(text("weights.figure.total", lang), fontsize=8, color=MUTED)
    panel.set_ylabel(text("weights.figure.error", lang), fontsize=8, color=MUTED)
    panel.legend(frameon=False, fontsize=8, labelcolor=INK)


def _convergence(d: "WeightDiagnostics", sample: str | None, lang: Language, ax: "Axes") -> None:
    panel = cast("Any", ax)
    panel.set_title(text("weights.figure.convergence", lang), **_TITLE)
    rows = [row for row in d.convergence.to_dict("records") if row["sample"] == sample]
    steps: dict[int, list[tuple[int, float]]] = {}
    for row in rows:
        steps.setdefault(row["step"], []).append((row["iteration"], row["error"]))
    if not steps:
        _nothing(panel, lang)
        return
    kinds = {row["step"]: row["kind"] for row in d.stages.to_dict("records")}
    styles = ("-", "--", ":", "-.")
    for place, (step, points) in enumerate(steps.items()):
        iterations, errors = zip(*points, strict=True)
        panel.semilogy(
            iterations,
            np.maximum(errors, np.finfo(float).eps),
            styles[place % len(styles)],
            marker="o",
            markersize=3,
            color=ACCENT,
            label=f"{step}. {text(f'weights.kind.{kinds[step]}', lang)}",
        )
    panel.yaxis.set_major_formatter(_power)
    panel.minorticks_off()
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.set_xlabel(text("weights.figure.iteration", lang), fontsize=8, color=MUTED)
    panel.set_ylabel(text("weights.figure.largest_error", lang), fontsize=8, color=MUTED)
    panel.legend(frameon=False, fontsize=8, labelcolor=INK)


def _power(value: float, _: int) -> str:
    """Return a power of ten in letters that every font has."""
    return f"1e{round(np.log10(value))}"


def _nothing(panel: Any, lang: Language) -> None:  # noqa: ANN401  an Axes
    words = text("weights.figure.nothing", lang)
    panel.text(0.5, 0.5, words, transform=panel.transAxes, ha="center", color=MUTED, fontsize=9)
    panel.set_xticks([])
    panel.set_yticks([])


_PANELS: Final[
    Mapping[str, Callable[["WeightDiagnostics", str | None, Language, "Axes"], None]]
] = {"weights": _weights, "ratios": _ratios, "totals": _totals, "convergence": _convergence}
