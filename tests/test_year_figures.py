"""Years, projections and levers are drawn with every row, or refused in words."""

from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from divide_index import plot
from divide_index.cells import Cell
from divide_index.change import ChangeResult, compare_years
from divide_index.errors import EstimationError
from divide_index.messages import LANGUAGES, Language, render, text
from divide_index.publication.figures.year_figures import changes_of, panels_of
from divide_index.publication.formatting import rounded, signed
from divide_index.publication.labels import cell_label
from divide_index.publication.target_tables import lever_label
from divide_index.publication.years import PublishedYears, protect_years
from divide_index.schema import load_schema
from divide_index.target import (
    LeverResult,
    PublishedProjection,
    distance_to_target,
    lever_effects,
    project_published,
)
from divide_index.waves import read_waves
from tests.samples import SCHEMAS, small_scores
from tests.test_years_publication import few
from tests.year_samples import YEARS, by_year, years_frame, years_schema, years_waves

pytestmark = pytest.mark.once  # words and layout of our own

EVERY_LANGUAGE = pytest.mark.parametrize("lang", LANGUAGES)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Close what a test has drawn."""
    yield
    plt.close("all")


@cache
def years() -> ChangeResult:
    """Return three years by region and area."""
    return compare_years(years_waves(), ["region", "region*area"])


@cache
def projection() -> PublishedProjection:
    """Return where the level of farmers and fishers may go."""
    return project_published("farmers_fishers", "overall", 83, 2027, std_error=0.71)


@cache
def levers(by: str | None = None) -> LeverResult:
    """Return the levers of the small survey."""
    return lever_effects(small_scores(load_schema(SCHEMAS / "small_levers.yaml")), by=by)


def words_of(axes: Axes) -> list[str]:
    """Return every text of a drawing, from above to below."""
    texts = sorted(axes.texts, key=lambda each: -each.get_position()[1])
    return [each.get_text() for each in texts if each.get_text()]


def is_drawn(axes: Axes) -> bool:
    """Return whether a figure has something on it."""
    canvas = cast("Any", axes.figure).canvas
    canvas.draw()
    return bool((np.asarray(canvas.buffer_rgba())[..., :3] < 128).any())


@EVERY_LANGUAGE
@pytest.mark.parametrize("domain", [None, "region", "region*area", "group"])
def test_changes_have_a_row_for_every_population_with_its_number(
    lang: Language, domain: str | None
) -> None:
    result = years()
    axes = plot(result, domain=domain, lang=lang)
    assert isinstance(axes, Axes)
    assert is_drawn(axes)
    words = words_of(axes)
    wanted = ("average", "group") if domain is None else (domain,)
    span = (YEARS[0], YEARS[-1])
    shown = 0
    for row, cell in enumerate(result.changes.cells):
        first, last = int(result.changes.first[row]), int(result.changes.last[row])
        if (
            cell.domain not in wanted
            or result.changes.dimensions[row] != "overall"
            or (first, last) != span
        ):
            continue
        shown += 1
        assert cell_label(cell, result.waves.schema, lang) in words
        assert signed(float(result.changes.estimate.values[row])) in words
    assert shown == len({c for c in result.cells if c.domain in wanted})


@EVERY_LANGUAGE
@pytest.mark.parametrize(("domain", "dimension"), [(None, "overall"), ("region", "usage")])
def test_levels_have_a_panel_for_every_population(
    lang: Language, domain: str | None, dimension: str
) -> None:
    result = years()
    axes = plot(result, kind="levels", domain=domain, dimension=dimension, lang=lang)
    assert is_drawn(axes)
    words = words_of(axes)
    wanted = ("average", "group") if domain is None else (domain,)
    cells = [cell for cell in dict.fromkeys(result.cells) if cell.domain in wanted]
    for cell in cells:
        label = cell_label(cell, result.waves.schema, lang)  # a long one is broken into lines
        assert {*label.split()} <= {word for each in words for word in each.split()}
        last = result.results[YEARS[-1]].level(cell.domain, cell.category, dimension)
        assert rounded(last) in words
    assert words.count(str(YEARS[0])) == len(cells)


@EVERY_LANGUAGE
def test_a_fan_names_every_model_the_target_and_the_break(lang: Language) -> None:
    axes = plot(projection(), lang=lang)
    assert is_drawn(axes)
    words = " ".join(words_of(axes))
    for name in ("no_change", "drift", "linear", "logit", "gap_closing", "damped"):
        assert text(f"target.model.{name}", lang) in words
    for said in ("80.6", "83% (2027)", text("target.figure.break", lang)):
        assert said in words


@EVERY_LANGUAGE
def test_paces_have_a_bar_for_each_with_its_number(lang: Language) -> None:
    axes = plot(projection(), kind="paces", lang=lang)
    assert is_drawn(axes)
    words = words_of(axes)
    assert "+1.20" in words  # as the method says
    assert "+0.57" in words
    assert len([each for each in words if each.startswith("+")]) == 4


@EVERY_LANGUAGE
@pytest.mark.parametrize("by", [None, "region", "area"])
def test_levers_have_a_bar_for_each_that_raises_something_and_the_distance(
    lang: Language, by: str | None
) -> None:
    result = levers(by)
    axes = plot(result, lang=lang)
    assert is_drawn(axes)
    words = words_of(axes)
    schema = result.levels.scores.survey.schema
    named = [
        lever_label(lever, schema, lang) for lever in result.levers if lever.status == "raised"
    ]
    assert named
    assert [each for each in named if each not in words] == []
    assert any(rounded(-result.gap) in each for each in words)
    effects = [float(v) for v in result.effects.values if not np.isnan(v)]
    assert [signed(v) for v in effects if signed(v) not in words] == []


REFUSED: list[tuple[Any, dict[str, Any]]] = [
    (years, {"kind": "fan"}),
    (years, {"kind": "waterfall"}),
    (years, {"domain": "nothing"}),
    (years, {"dimension": "nothing"}),
    (years, {"category": "1"}),
    (projection, {"kind": "levels"}),
    (projection, {"dimension": "usage"}),
    (projection, {"domain": "region"}),
    (projection, {"kind": "paces", "category": "1"}),
    (levers, {"kind": "fan"}),
    (levers, {"domain": "area"}),
    (levers, {"dimension": "usage"}),
]


@pytest.mark.parametrize(("make", "options"), REFUSED)
def test_what_there_is_no_drawing_of_is_refused_in_words(
    make: Any,  # noqa: ANN401  a function
    options: dict[str, Any],
) -> None:
    refused(make(), options)


def refused(result: Any, options: dict[str, Any]) -> None:  # noqa: ANN401  anything
    """Hold a refusal: its words name what was asked."""
    with pytest.raises(EstimationError) as caught:
        plot(result, **options)
    assert caught.value.code == "DI-E258"
    for lang in LANGUAGES:
        words = render("DI-E258", lang, caught.value.params)
        assert all(value in words for value in options.values())
    assert not plt.get_fignums()


def test_what_is_no_result_that_can_be_drawn_is_refused_too() -> None:
    refused(5, {})
    scores = small_scores(load_schema(SCHEMAS / "small_levers.yaml"))
    refused(distance_to_target(scores), {})


@EVERY_LANGUAGE
def test_a_drawing_of_what_is_hidden_has_its_label_and_no_number(lang: Language) -> None:
    """What pages draw comes through the door; the face draws what there is."""
    frames = by_year(few(years_frame(), 2025, 4, sample="general", region=3))
    waves = read_waves(dict(frames), years_schema(), lonely_psu="adjust")
    result = compare_years(waves, ["region"])
    published = PublishedYears(result, protect_years(result))
    cell = Cell("region", "3")
    row = result.changes.row(("region", "3"), "overall", (YEARS[0], YEARS[-1]))
    secret = {
        signed(float(result.changes.estimate.values[row])),
        rounded(result.results[2025].level("region", "3")),
    }
    for draw in (changes_of, panels_of):
        drawing = draw(published, [cell, Cell("region", "2")], lang)
        axes = plt.figure().add_axes((0, 0, 1, 1))
        drawing.draw_on(axes, ["DejaVu Sans"])
        words = words_of(axes)
        assert "3" in words
        assert not secret & {*words}
