"""The way to the target: where the published series may go, the pace it takes, and levers."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from divide_index.cells import Cell
from divide_index.inference.estimate import Estimate
from divide_index.publication.figures.target_figures import fan_of, levers_of, paces_of
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    SUPPRESSED,
    interval,
    rounded,
    signed,
)
from divide_index.publication.report.blocks import Chapter, ColumnKind, Row
from divide_index.publication.report.chapters.tables import sign_notes, text_table
from divide_index.publication.report.material import Draft, Material
from divide_index.publication.report.pictures import base_of
from divide_index.publication.report.series import told_breaks
from divide_index.publication.sentences import break_sentence
from divide_index.publication.tables import Table
from divide_index.publication.target_tables import (
    back_test_tables,
    lever_table,
    pace_tables,
    projection_tables,
    target_words,
)
from divide_index.publication.targets import Levers, PublishedTarget
from divide_index.schema import OVERALL
from divide_index.target import LeverResult, PublishedProjection

_RAISED = "raised"


def outlook_chapter(material: Material, number: int) -> Chapter | None:
    """Return the chapter of the way to the target; None for a report that does not look ahead."""
    published = material.target
    if published is None or not material.looks_ahead:
        return None
    draft = Draft(
        material,
        "outlook",
        material.say("report.outlook.chapter"),
        number,
        mark=material.say("report.mark.experimental"),
    )
    draft.alert(material.say("report.outlook.experimental"))
    if published.is_hidden(published.result.row()):
        draft.paragraph(material.say("report.target.hidden"))
        return draft.chapter()
    if published.projection is None:
        draft.paragraph(material.say(f"report.outlook.missing.{material.outlook or 'error'}"))
    else:
        _projections(draft, published, published.projection)
        _back_test(draft, published)
        _paces(draft, published, published.projection)
    for levers in published.levers:
        if levers.by is None:
            _indicators(draft, published, levers)
        else:
            _parts(draft, published, levers, levers.by)
    return draft.chapter()


# -- projections -------------------------------------------------------------------------------


def _projections(draft: Draft, published: PublishedTarget, projection: PublishedProjection) -> None:
    """Add where the published series may go, as a range over models and windows."""
    material, series = draft.material, projection.series
    draft.heading("report.outlook.section.projections")
    said = target_words(published, material.lang)
    draft.paragraph(said[-1][1], [draft.next_table(), draft.next_figure()])
    breaks = told_breaks(material.schema, series.breaks)
    if breaks:
        draft.paragraph(break_sentence(breaks, material.lang))
    tables = projection_tables(published, material.lang)
    means = [each.forecast.mean for each in projection.chances.outcomes]
    levels = [
        material.say("report.alt.published", year=int(year), level=rounded(level), interval="")
        for year, level in zip(series.years, series.levels, strict=True)
    ]
    draft.figure(
        material.say(
            "report.outlook.figure.fan", group=_group(published, material), year=_year(projection)
        ),
        lambda width: fan_of(projection, material.lang, width=width),
        takeaway=material.say(
            "report.outlook.takeaway.fan",
            year=_year(projection),
            low=rounded(min(means)),
            high=rounded(max(means)),
            level=f"{projection.chances.level:g}",
        ),
        base=material.say("report.base.series"),
        alt=material.say(
            "report.outlook.alt.fan", points="; ".join(levels), rows=_in_words(tables)
        ),
    )
    notes = [
        material.say(
            "report.outlook.note.projection",
            first=min(each.window.first for each in projection.chances.outcomes),
            last=series.last,
            error=rounded(series.std_error, 2),
        ),
        material.say("report.outlook.note.models"),
    ]
    for table in tables:
        text_table(
            draft,
            table,
            texts=(1,),
            unit=material.say("report.outlook.unit.levels"),
            notes=notes,
            source=material.say("report.source.history"),
        )


def _back_test(draft: Draft, published: PublishedTarget) -> None:
    """Add how far the same models were off in the past, or that this cannot be told."""
    material = draft.material
    draft.heading("report.outlook.section.back_test")
    tables = back_test_tables(published, material.lang)
    if not tables:
        draft.paragraph(material.say("report.outlook.text.no_back_test"))
        return
    draft.paragraph(material.say("report.outlook.text.back_test"), [draft.next_table()])
    for table in tables:
        text_table(
            draft,
            table,
            unit=material.say("report.unit.levels"),
            notes=[material.say("report.outlook.note.back_test")],
            source=material.say("report.source.history"),
        )


def _paces(draft: Draft, published: PublishedTarget, projection: PublishedProjection) -> None:
    """Add the pace that the target takes beside those that were kept."""
    material = draft.material
    tables = pace_tables(published, material.lang)
    if not tables:
        return
    draft.heading("report.outlook.section.paces")
    draft.paragraph(
        material.say("report.outlook.text.paces"), [draft.next_table(), draft.next_figure()]
    )
    for table in tables:
        text_table(
            draft,
            table,
            unit=material.say("report.outlook.unit.paces"),
            notes=[material.say("report.outlook.note.paces")],
            source=material.say("report.source.history"),
        )
    draft.figure(
        material.say("report.outlook.figure.paces", group=_group(published, material)),
        lambda width: paces_of(projection, material.lang, width=width),
        takeaway=_pace_words(material, projection),
        base=material.say(
            "report.outlook.base.paces", error=rounded(projection.series.std_error, 2)
        ),
        alt=_in_words(tables),
    )


def _pace_words(material: Material, projection: PublishedProjection) -> str:
    """Return the pace that is needed beside the best one that was ever kept as long."""
    need, best = projection.required.per_year, projection.best
    if need is None:
        return material.say("report.outlook.takeaway.reached")
    words = {"need": rounded(need, 2), "year": _year(projection)}
    if best is None:
        return material.say("report.outlook.takeaway.pace", **words)
    return material.say(
        "report.outlook.takeaway.paces",
        **words,
        best=signed(best.per_year, 2).removeprefix("+"),
        first=best.first,
        last=best.last,
    )


def _year(projection: PublishedProjection) -> int:
    return projection.chances.year


def _group(published: PublishedTarget, material: Material) -> str:
    return published.result.row().label.of(material.lang)


def _in_words(tables: Sequence[Table]) -> str:
    """Return the rows of tables, for who cannot see what was drawn of them."""
    said = [
        ", ".join(f"{head} {cell}" for head, cell in zip(table.columns[1:], cells[1:], strict=True))
        for table in tables
        for cells in table.rows
    ]
    names = [cells[0] for table in tables for cells in table.rows]
    return "; ".join(f"{name}: {words}" for name, words in zip(names, said, strict=True))


# -- levers ------------------------------------------------------------------------------------


def _indicators(draft: Draft, published: PublishedTarget, levers: Levers) -> None:
    """Add what every indicator would close if the group's mean were that of the reference."""
    material = draft.material
    draft.heading("report.outlook.section.indicators")
    draft.paragraph(
        material.say("report.outlook.text.indicators", reference=material.reference),
        [draft.next_table(), draft.next_figure()],
    )
    table = lever_table(published, levers, material.lang)
    text_table(
        draft,
        table,
        unit=material.say("report.outlook.unit.levers"),
        notes=_lever_notes(material, published),
        but=NONE,
    )
    title = material.say("report.outlook.figure.indicators", group=_group(published, material))
    _draw(draft, published, levers, title, _in_words([table]))


def _parts(draft: Draft, published: PublishedTarget, levers: Levers, by: str) -> None:
    """Add what the parts of the group would close if each were raised to the mean of the others."""
    material = draft.material
    named = material.by(by)
    draft.heading("report.outlook.section.parts", by=named)
    draft.paragraph(
        material.say("report.outlook.text.parts", by=named),
        [draft.next_table(), draft.next_figure()],
    )
    frame = published.lever_frame(levers)
    dimensions = sorted(dict.fromkeys(frame["dimension"]), key=lambda name: name != OVERALL)
    held = frame[frame["status"] != "empty"]
    codes = dict.fromkeys(str(name).split("/")[1] for name in held["lever"])
    found = {(row["part"], row["dimension"]): row for row in _records(frame)}
    group = published.result.target.group
    cautious = {
        dict(cell.codes)[by]
        for cell in material.published.of_group(group, by)
        if material.published.figures(cell).flag == "caution"
    }
    rows = [
        Row(
            (
                published.schema.category_label(by, code, material.lang),
                *(
                    _effect_cell(
                        material,
                        found.get((code, name)),
                        with_interval=not place,
                        mark=CAUTION if code in cautious else "",
                    )
                    for place, name in enumerate(dimensions)
                ),
                _closes_cell(found.get((code, dimensions[0]))),
            )
        )
        for code in codes
    ]
    heads: list[tuple[str, ColumnKind]] = [
        (material.domain(by), "label"),
        *((material.dimension(name), "number") for name in dimensions),
        (material.say("target.head.closes"), "number"),
    ]
    draft.table(
        material.say(
            "report.outlook.table.parts",
            by=named,
            group=_group(published, material),
            confidence=material.confidence,
        ),
        heads,
        rows,
        unit=material.say("report.outlook.unit.parts"),
        notes=[
            *_lever_notes(material, published, is_of_parts=True),
            *sign_notes(material, rows, but=NONE),
        ],
    )
    only = _only(levers, dimensions[0])
    said = "; ".join(
        f"{row.cells[0]}: {row.cells[1]}" for row in rows if row.cells[1] != SUPPRESSED
    )
    title = material.say("report.outlook.figure.parts", by=named, group=_group(published, material))
    _draw(draft, published, only, title, said)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _effect_cell(
    material: Material, row: dict[str, Any] | None, *, with_interval: bool, mark: str
) -> str:
    """Return the effect of a lever as it is printed, or why there is none."""
    if row is None:
        return NONE
    if not row["status"]:
        return SUPPRESSED
    if row["status"] != _RAISED:
        return material.say(f"target.lever.{row['status']}")
    effect = signed(float(row["effect"])) + mark
    if not with_interval or math.isnan(row["conf_low"]):
        return effect
    return f"{effect} ({interval(row['conf_low'], row['conf_high'])})"


def _closes_cell(row: dict[str, Any] | None) -> str:
    if row is not None and not row["status"]:
        return SUPPRESSED
    if row is None or row["status"] != _RAISED or math.isnan(row["closes"]):
        return NONE
    return rounded(100 * float(row["closes"]), 0)


def _only(levers: Levers, dimension: str) -> Levers:
    """Return the levers of one dimension."""
    result = levers.result
    kept = [place for place, each in enumerate(result.levers) if each.dimension == dimension]

    def part(estimate: Estimate) -> Estimate:
        return Estimate(
            tuple(estimate.names[place] for place in kept),
            estimate.values[kept],
            estimate.covariance[kept][:, kept],
            estimate.degrees_of_freedom[kept],
        )

    only: LeverResult = replace(
        result,
        levers=tuple(result.levers[place] for place in kept),
        effects=part(result.effects),
        held=part(result.held),
        conf_low=result.conf_low[kept],
        conf_high=result.conf_high[kept],
    )
    return replace(levers, result=only)


def _draw(draft: Draft, published: PublishedTarget, levers: Levers, title: str, alt: str) -> None:
    """Add the bars of some levers; nothing where none is raised."""
    material, schema = draft.material, published.schema
    hidden = published.hidden_levers(levers)
    frame = published.lever_frame(levers)
    if not (frame["status"] == _RAISED).any():
        return
    draft.figure(
        title,
        lambda width: levers_of(levers.result, schema, material.lang, hidden=hidden, width=width),
        takeaway=_lever_words(material, published, frame),
        base=base_of(material, [Cell("group", published.result.target.group)]),
        alt=alt,
    )


def _lever_words(material: Material, published: PublishedTarget, frame: pd.DataFrame) -> str:
    """Return how many levers would close the distance by themselves, by their estimates."""
    raised = frame[frame["status"] == _RAISED]
    gap = -published.result.row().gap
    if gap <= 0:
        return material.say("report.outlook.takeaway.no_gap")
    return material.say(
        "report.outlook.takeaway.levers",
        gap=rounded(gap),
        count=len(raised),
        enough=int((raised["effect"] >= gap).sum()),
    )


def _lever_notes(
    material: Material, published: PublishedTarget, *, is_of_parts: bool = False
) -> list[str]:
    row = published.result.row()
    kind = "parts" if is_of_parts else "indicators"
    return [
        material.say(f"report.outlook.note.{kind}", reference=material.reference),
        material.say("report.outlook.note.levers"),
        ""
        if math.isnan(row.target_among_others)
        else material.say("report.outlook.note.inside", reference=material.reference),
    ]
