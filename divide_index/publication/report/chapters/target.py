"""The target: whether it is reached, by both verdicts, and the pace it would still take."""

from dataclasses import dataclass

from divide_index import history
from divide_index.cells import Cell
from divide_index.errors import PublicationError
from divide_index.publication.figures.marks import Dumbbell, Flag, Point
from divide_index.publication.formatting import NONE, NOT_AVAILABLE, interval, rounded, signed
from divide_index.publication.report.blocks import Chapter, Row
from divide_index.publication.report.material import (
    Draft,
    Material,
    count_cell,
    level_cell,
    symbol,
)
from divide_index.publication.report.pictures import draw_dumbbells, draw_series
from divide_index.publication.sentences import (
    Break,
    Change,
    Pace,
    break_sentence,
    change_sentence,
    published_verdict,
    relative_level_sentence,
    sampled_verdict,
    target_definition_sentence,
    target_sentences,
)
from divide_index.publication.sentences import Target as Goal
from divide_index.schema import OVERALL, Target

_WINDOWS = (3, 5)  # years over which the recent pace is told


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


def target_chapter(material: Material, number: int) -> Chapter | None:
    """Return the check of the target; None for a survey without one."""
    target = material.schema.target
    if target is None or cell_of(target) not in material.published.cells:
        return None
    draft = Draft(material, "target", material.say("report.chapter.target"), number)
    cell = cell_of(target)
    draft.heading("report.section.definition")
    _definition(draft, target)
    draft.heading("report.section.check")
    past = published_series(material, cell, target.dimension)
    table, figure = draft.next_table(), draft.next_figure()
    draft.paragraph(target_paragraph(material), [table, figure])
    draft.paragraph(_change(material, past, cell, target.dimension))
    _verdicts(draft, target, past)
    if past is not None:
        series_figure(draft, target, past)
        if past.breaks:
            draft.paragraph(break_sentence(past.breaks, material.lang))
    group = material.inside(cell)
    draft.paragraph(
        relative_level_sentence(material.lang, reference=material.reference, group=group)
    )
    if target.dimension == OVERALL and material.result.formula == "weighted_ratios":
        _alone(draft, target)
    return draft.chapter()


def cell_of(target: Target) -> Cell:
    """Return the cell of the target's group."""
    return Cell("group", target.group)


def published_series(material: Material, cell: Cell, dimension: str) -> PublishedSeries | None:
    """Return what the agency has published of a group, as far as years compare.

    Raises
    ------
    PublicationError
        The schema names a series that is not packaged.
    """
    schema = material.schema
    parts = schema.groups if cell.domain == "group" else schema.averages
    name = parts[cell.category].published
    if name is None:
        return None
    table = history.published_levels()
    if name not in set(table["group"]):
        known = sorted(set(table["group"]))
        raise PublicationError("DI-E250", group=cell.category, series=name, known=known)
    first = history.identity_check().first_comparable_year
    rows = table[(table["group"] == name) & (table["dimension"] == dimension)]
    levels = {
        int(year): float(level)
        for year, level in zip(rows["year"], rows["level"], strict=True)
        if first is None or year >= first
    }
    found = history.series_breaks()
    ours = found[found["group"].isin(["all", name])]
    breaks = [Break(int(year), kind) for year, kind in zip(ours["year"], ours["kind"], strict=True)]
    return PublishedSeries(
        dict(sorted(levels.items())), tuple(sorted(breaks, key=lambda b: b.year))
    )


def target_paragraph(material: Material) -> str:
    """Return the level of the target's group, whether it is reached, and the pace it would take.

    Nothing for a survey without a target.
    """
    target = material.schema.target
    if target is None or cell_of(target) not in material.published.cells:
        return ""
    stated = material.stated(cell_of(target), target.dimension)
    if stated is None:
        return material.say("report.target.hidden")
    past = published_series(material, cell_of(target), target.dimension)
    recent = None
    if past is not None:
        last = min(material.year, max(past.levels, default=material.year))
        recent = past.pace(last, _WINDOWS[0])
    checked = target_sentences(
        stated.level,
        stated.margin,
        Goal(target.level, target.year),
        material.lang,
        year=material.year,
        pace=recent,
    )
    return f"{material.level_of(stated, target.dimension)} {checked}"


def _definition(draft: Draft, target: Target) -> None:
    material = draft.material
    lang = material.lang
    used = material.schema.groups[target.group].label.of(lang)
    table = draft.next_table()
    words = [] if target.label is None else [target.label.of(lang)]
    if not target.assumed:
        words = [target_definition_sentence(used, used, lang)]
    draft.paragraph(
        material.say("report.text.definition", group=material.inside(cell_of(target))), [table]
    )
    pairs = [
        ("report.row.group", used),
        ("report.row.dimension", material.dimension(target.dimension)),
        ("report.row.level", f"{target.level:g}%"),
        ("report.row.year", str(target.year)),
        ("report.row.wording", " ".join(words) or NONE),
        ("report.row.source", target.source or NOT_AVAILABLE),
        (
            "report.row.status",
            material.say("report.status.assumed" if target.assumed else "report.status.stated"),
        ),
        ("report.row.alternatives", "; ".join(target.alternatives) or NONE),
    ]
    draft.table(
        material.say("report.table.definition"),
        [(material.say("report.head.item"), "label"), (material.say("report.head.value"), "text")],
        [Row((material.say(code), value)) for code, value in pairs],
        widths=(0.24, 0.76),
    )


def _change(material: Material, past: PublishedSeries | None, cell: Cell, dimension: str) -> str:
    """Return the change on the last published year; nothing for simulated records."""
    figures = material.published.figures(cell, dimension)
    if past is None or material.is_synthetic or not figures.is_shown:
        return ""
    earlier = [year for year in past.levels if year < material.year]
    if not earlier or any(max(earlier) < each.year <= material.year for each in past.breaks):
        return ""
    change = Change(figures.level, past.levels[max(earlier)], None, material.year, max(earlier))
    return change_sentence(change, material.lang, confidence=material.result.confidence)


def _verdicts(draft: Draft, target: Target, past: PublishedSeries | None) -> None:
    material = draft.material
    figures = material.published.figures(cell_of(target), target.dimension)
    left = target.year - material.year
    pairs = [
        (
            "report.row.computed",
            f"{level_cell(figures)}%" if figures.is_shown else symbol(figures),
        ),
        (
            "report.row.interval",
            f"{interval(figures.low, figures.high)}%" if figures.is_shown else symbol(figures),
        ),
        ("table.n", count_cell(figures)),
    ]
    if figures.is_shown:
        published = published_verdict(figures.level, target.level)
        sampled = sampled_verdict(figures.level, figures.margin, target.level)
        need = (target.level - figures.level) / left if left > 0 else 0.0
        pairs += [
            ("report.row.published_verdict", material.say(f"report.verdict.{published}")),
            ("report.row.sampled_verdict", material.say(f"report.verdict.{sampled}")),
            ("report.row.gap", f"{signed(figures.level - target.level)}%p"),
            ("report.row.need", f"{signed(need)}%p" if need > 0 else NONE),
        ]
    if past is not None:
        last = min(material.year, max(past.levels, default=material.year))
        for years in _WINDOWS:
            pace = past.pace(last, years)
            words = NOT_AVAILABLE if pace is None else f"{signed(pace.points)}%p"
            label = material.say("report.row.pace", first=last - years, last=last)
            pairs.append((label, words))
    draft.table(
        material.say("report.table.verdicts", year=target.year, level=f"{target.level:g}"),
        [(material.say("report.head.item"), "label"), (material.say("report.head.value"), "text")],
        [
            Row((material.say(name) if name.startswith(("report.", "table.")) else name, value))
            for name, value in pairs
        ],
        widths=(0.5, 0.5),
        notes=[
            material.say("report.note.sampled", confidence=material.confidence),
            material.say("report.note.published") if past is not None else "",
        ],
        source=material.say("report.source.history") if past is not None else "",
    )


def series_figure(
    draft: Draft, target: Target, past: PublishedSeries, *, height: float | None = None
) -> None:
    """Add the published series of the target's group, with the level at hand."""
    material = draft.material
    cell = cell_of(target)
    breaks = {each.year for each in past.breaks}
    first = min(past.levels, default=material.year)
    points = [
        Point(year, level, breaks=year in breaks and year > first)
        for year, level in past.levels.items()
        if year <= target.year
    ]
    figures = material.published.figures(cell, target.dimension)
    if figures.is_shown:
        low, high = (figures.low, figures.high) if figures.margin is not None else (None, None)
        points.append(Point(material.year, figures.level, low, high, "computed"))
    if not points:
        return
    draw_series(
        draft,
        material.say("report.figure.series", group=material.label(cell)),
        points,
        height=height,
        base=material.say("report.base.series"),
        takeaway=material.say("report.takeaway.series", level=f"{target.level:g}"),
    )


def _alone(draft: Draft, target: Target) -> None:
    """Add what one dimension alone would have to rise to: an identity, not a forecast."""
    material = draft.material
    cell = cell_of(target)
    overall = material.published.figures(cell)
    if not overall.is_shown or overall.level >= target.level:
        return
    gap = target.level - overall.level
    rows: list[Row] = []
    marks = [
        Dumbbell(material.dimension(OVERALL), overall.level, target.level, _flag(overall.flag))
    ]
    for name, part in material.schema.dimensions.items():
        figures = material.published.figures(cell, name)
        if not figures.is_shown:
            return
        needed = figures.level + gap / part.weight
        marks.append(Dumbbell(material.dimension(name), figures.level, needed))
        rows.append(
            Row(
                (
                    material.dimension(name),
                    f"{part.weight:g}",
                    rounded(figures.level),
                    rounded(needed),
                    signed(needed - figures.level),
                )
            )
        )
    draft.heading("report.section.alone")
    table, figure = draft.next_table(), draft.next_figure()
    draft.paragraph(material.say("report.text.alone"), [table, figure])
    draft.table(
        material.say("report.table.alone", level=f"{target.level:g}"),
        [
            (material.say("report.head.dimension"), "label"),
            (material.say("report.head.weight"), "number"),
            (material.say("report.legend.level"), "number"),
            (material.say("report.head.needed"), "number"),
            (material.say("report.head.difference"), "number"),
        ],
        rows,
        unit=material.say("report.unit.levels"),
        notes=[material.say("report.note.alone")],
    )
    draw_dumbbells(
        draft,
        material.say("report.figure.alone", group=material.label(cell)),
        marks,
        ends=material.say("report.legend.needed"),
        base=[cell],
        takeaway=material.say("report.takeaway.alone"),
    )


def _flag(flag: str) -> Flag:
    return "caution" if flag == "caution" else ""
