"""The target: whether it is reached, by both verdicts, and the pace it would still take."""

import math
from itertools import groupby

from divide_index.cells import Cell
from divide_index.publication.figures.marks import Dumbbell, Flag, Point
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    NOT_AVAILABLE,
    SUPPRESSED,
    counted,
    interval,
    rounded,
    signed,
)
from divide_index.publication.labels import dimension_label, inside
from divide_index.publication.published import Figures
from divide_index.publication.report.blocks import Chapter, Row
from divide_index.publication.report.chapters.tables import sign_notes, text_table
from divide_index.publication.report.material import (
    Draft,
    Material,
    count_cell,
    level_cell,
    symbol,
)
from divide_index.publication.report.pictures import draw_dumbbells, draw_series
from divide_index.publication.report.series import PublishedSeries, published_series
from divide_index.publication.sentences import (
    Change,
    break_sentence,
    chance,
    change_sentence,
    direction,
    published_verdict,
    relative_level_sentence,
    sampled_verdict,
    target_definition_sentence,
    target_sentences,
)
from divide_index.publication.sentences import Target as Goal
from divide_index.publication.target_tables import definition_words, goal_tables
from divide_index.publication.targets import PublishedTarget
from divide_index.schema import OVERALL, Target
from divide_index.target import Alone, Distance

_HEIGHT = 170.0  # points: the chapter's figures then share a page
_WINDOWS = (3, 5)  # years over which the recent pace is told


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
    draft.paragraph(target_paragraph(material), [draft.next_table(), draft.next_figure()])
    draft.paragraph(_change(material, past, cell, target.dimension))
    if past is not None and (breaks := [e for e in past.breaks if e.year <= material.year]):
        draft.paragraph(break_sentence(breaks, material.lang))
    draft.paragraph(
        relative_level_sentence(
            material.lang, reference=material.reference, group=material.inside(cell)
        )
    )
    _verdicts(draft, target, past)
    if past is not None:
        series_figure(draft, target, past, height=_HEIGHT)
    if material.target is not None:
        _definitions(draft, material.target)
        _goals(draft, material.target)
        if target.dimension == OVERALL:
            _alone(draft, target, material.target)
    return draft.chapter()


def cell_of(target: Target) -> Cell:
    """Return the cell of the target's group."""
    return Cell("group", target.group)


def target_paragraph(material: Material) -> str:
    """Return the level of the target's group, whether it is reached, and the pace it would take.

    Nothing for a survey without a target.
    """
    target = material.schema.target
    if target is None or cell_of(target) not in material.published.cells:
        return ""
    stated = material.stated(cell_of(target), target.dimension)
    if stated is None:
        flag = material.published.figures(cell_of(target), target.dimension).flag
        is_hidden = flag == "suppressed"
        return material.say("report.target.hidden" if is_hidden else "report.target.unknown")
    past = published_series(material, cell_of(target), target.dimension)
    recent = None
    if past is not None and not material.is_synthetic:
        recent = past.pace(_last_year(material, past), _WINDOWS[0])
    checked = target_sentences(
        stated.level,
        stated.margin,
        Goal(target.level, target.year),
        material.lang,
        year=material.year,
        pace=recent,
        bounds=stated.bounds,
    )
    return f"{material.level_of(stated, target.dimension)} {checked}"


def _last_year(material: Material, past: PublishedSeries) -> int:
    """Return the last published year, if it is the survey's or the one before; else the survey's.

    A pace that ends long before the survey is not a recent one.
    """
    last = max((year for year in past.levels if year <= material.year), default=material.year)
    return last if last >= material.year - 1 else material.year


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
    if material.target is not None:
        draft.paragraph(definition_words(material.target, lang))


def _change(material: Material, past: PublishedSeries | None, cell: Cell, dimension: str) -> str:
    """Return the change on the last published year.

    Nothing for simulated records, nor where this year's published level is another one: the
    difference would be that of two computations, not of two years.
    """
    figures = material.published.figures(cell, dimension)
    if past is None or material.is_synthetic or not figures.is_shown:
        return ""
    published = past.levels.get(material.year)
    if published is not None and rounded(published) != rounded(figures.level):
        return ""
    earlier = [year for year in past.levels if year < material.year]
    if not earlier or any(max(earlier) < each.year <= material.year for each in past.breaks):
        return ""
    change = Change(figures.level, past.levels[max(earlier)], None, material.year, max(earlier))
    return change_sentence(change, material.lang, confidence=material.result.confidence)


def _verdicts(draft: Draft, target: Target, past: PublishedSeries | None) -> None:
    material = draft.material
    figures = material.published.figures(cell_of(target), target.dimension)
    percent = material.say("report.percent", value=level_cell(figures))
    bounds = NOT_AVAILABLE
    if figures.has_interval:
        bounds = material.say("report.percent", value=interval(figures.low, figures.high))
    shown = figures.is_shown
    pairs = [
        (material.say("report.row.computed"), percent if shown else symbol(figures)),
        (material.say("report.row.interval"), bounds if shown else symbol(figures)),
        (material.say("table.n"), count_cell(figures)),
        *(_checked(material, target) if shown else []),
        *_certainty(material),
    ]
    if past is not None:
        last = _last_year(material, past)
        for years in _WINDOWS:
            pace = past.pace(last, years)
            words = NOT_AVAILABLE if pace is None else material.points(pace.points)
            label = material.say("report.row.pace", first=last - years, last=last)
            pairs.append((label, words))
    rows = [Row(pair) for pair in pairs]
    draft.table(
        material.say("report.table.verdicts", year=target.year, level=f"{target.level:g}"),
        [(material.say("report.head.item"), "label"), (material.say("report.head.value"), "text")],
        rows,
        widths=(0.5, 0.5),
        notes=[
            material.say("report.note.sampled", confidence=material.confidence),
            material.say("report.note.certainty", confidence=material.confidence)
            if material.target is not None
            else "",
            material.say("report.note.published") if past is not None else "",
            *sign_notes(material, rows),
        ],
        source=material.say("report.source.history") if past is not None else "",
    )


def _checked(material: Material, target: Target) -> list[tuple[str, str]]:
    """Return both verdicts, the distance, and the yearly increase that is still needed."""
    figures = material.published.figures(cell_of(target), target.dimension)
    published = published_verdict(figures.level, target.level)
    sampled = sampled_verdict(figures.level, figures.margin, target.level, bounds=figures.bounds)
    left = target.year - material.year
    need = (target.level - figures.level) / left if left > 0 else math.nan
    is_needed = published == "missed" and left > 0 and direction(need) == "up"
    return [
        (material.say("report.row.published_verdict"), material.say(f"report.verdict.{published}")),
        (material.say("report.row.sampled_verdict"), material.say(f"report.verdict.{sampled}")),
        (material.say("report.row.gap"), material.points(figures.level - target.level)),
        (material.say("report.row.need"), material.points(need) if is_needed else NONE),
    ]


def _certainty(material: Material) -> list[tuple[str, str]]:
    """Return how far the estimate speaks for the target, and which one would be certain."""
    published = material.target
    if published is None:
        return []
    row = published.result.row()
    if published.is_hidden(row) or math.isnan(row.level):
        return []
    certain = rounded(row.certain_level)
    return [
        (material.say("report.row.probability"), _chance(material, row.probability)),
        (
            material.say("report.row.certain"),
            certain if certain == NOT_AVAILABLE else material.say("report.percent", value=certain),
        ),
    ]


def _chance(material: Material, probability: float) -> str:
    """Return a probability in percent, with its unit."""
    said = chance(probability)
    if said.startswith("<"):
        return material.say("sentence.chance.few")
    if said.startswith(">"):
        return material.say("sentence.chance.most")
    return said if said == NOT_AVAILABLE else material.say("report.percent", value=said)


def series_figure(draft: Draft, target: Target, past: PublishedSeries, *, height: float) -> None:
    """Add the published series of the target's group, with the level at hand."""
    material = draft.material
    cell = cell_of(target)
    breaks = {each.year for each in past.breaks}
    first = min(past.levels, default=material.year)
    points = [
        Point(year, level, breaks=year in breaks and year > first)
        for year, level in past.levels.items()
        if year <= material.year
    ]
    figures = material.published.figures(cell, target.dimension)
    if figures.is_shown:
        low, high = (figures.low, figures.high) if figures.has_interval else (None, None)
        points.append(Point(material.year, figures.level, low, high, "computed"))
    if not points:
        return
    draw_series(
        draft,
        material.say(
            "report.figure.series",
            group=material.label(cell),
            dimension=inside(material.dimension(target.dimension), material.lang),
        ),
        points,
        height=height,
        base=material.say("report.base.series"),
        takeaway=material.say("report.takeaway.series", level=f"{target.level:g}"),
    )


def _definitions(draft: Draft, published: PublishedTarget) -> None:
    """Add the verdicts by everything that the target may mean; nothing where it is one thing."""
    material = draft.material
    result = published.result
    left_out = _left_out(material, published)
    if len(result.rows) < 2 and not left_out:  # noqa: PLR2004
        return
    draft.heading("report.section.definitions")
    draft.paragraph(material.say("report.text.definitions"), [draft.next_table()])
    rows: list[Row] = []
    has_blocks = len({row.dimension for row in result.rows}) > 1
    for _, each in groupby(result.rows, key=lambda row: row.definition):
        of_one = list(each)
        if has_blocks:
            rows.append(Row((of_one[0].label.of(material.lang),), is_heading=True))
        for row in of_one:
            name = (
                dimension_label(row.dimension, published.schema, material.lang)
                if has_blocks
                else row.label.of(material.lang)
            )
            rows.append(Row((name, *_distance_cells(material, published, row))))
    draft.table(
        material.say(
            "report.table.definitions", year=result.target.year, level=f"{result.target.level:g}"
        ),
        [
            (material.say("report.head.measure" if has_blocks else "report.row.group"), "label"),
            (material.say("report.axis"), "number"),
            (material.say("table.interval", confidence=material.confidence), "number"),
            (material.say("report.row.gap"), "number"),
            (material.say("report.row.published_verdict"), "text"),
            (material.say("report.row.sampled_verdict"), "text"),
            (material.say("report.head.chance"), "number"),
            (material.say("table.n"), "number"),
        ],
        rows,
        unit=material.unit(),
        notes=[
            material.say("report.note.sampled", confidence=material.confidence),
            material.say("report.note.chance"),
            *sign_notes(material, rows),
        ],
    )
    draft.bullets([*_among_others(material, published), *left_out])


def _distance_cells(
    material: Material, published: PublishedTarget, row: Distance
) -> tuple[str, ...]:
    if published.is_hidden(row):
        return (SUPPRESSED,) * 7
    mark = CAUTION if published.is_cautious(row) else ""
    return (
        rounded(row.level) + mark,
        interval(row.conf_low, row.conf_high),
        signed(row.gap),
        material.say(f"target.verdict.{row.published}"),
        material.say(f"target.verdict.{row.sampled}"),
        chance(row.probability),
        counted(row.n),
    )


def _among_others(material: Material, published: PublishedTarget) -> list[str]:
    """Return what the target is relative to the rest, for each definition in the reference."""
    target = published.result.target
    return [
        material.say(
            "report.text.others",
            group=row.label.of(material.lang),
            reference=material.reference,
            target=f"{target.level:g}",
            level=rounded(row.target_among_others),
        )
        for row in published.result.rows
        if row.dimension == target.dimension
        and not published.is_hidden(row)
        and not math.isnan(row.target_among_others)
    ]


def _left_out(material: Material, published: PublishedTarget) -> list[str]:
    """Return which definitions the records cannot tell, and why, under their labels."""
    target = published.result.target
    said: list[str] = []
    for finding in published.findings():
        name = str(finding.params.get("definition", ""))
        if name in target.definitions:
            label = target.definitions[name].label.of(material.lang)
            said.append(material.say(finding.code, **{**finding.params, "definition": label}))
    return said


def _goals(draft: Draft, published: PublishedTarget) -> None:
    """Add the plan's goals, with the values a user knows; nothing where they were not asked for."""
    material = draft.material
    for table in goal_tables(published, material.lang):
        draft.heading("report.section.goals")
        draft.paragraph(material.say("report.text.goals"), [draft.next_table()])
        sources = [
            material.say(
                "report.note.goal_value",
                goal=goal.label.of(material.lang),
                source=goal.latest.source,
            )
            for goal in published.goals
            if goal.latest is not None
        ]
        plan = dict.fromkeys(goal.source for goal in published.goals)
        text_table(draft, table, texts=(1, 5), notes=sources, source="; ".join(plan))


def _alone(draft: Draft, target: Target, published: PublishedTarget) -> None:
    """Add what one dimension alone would have to rise to: an identity, not a forecast."""
    material = draft.material
    cell = cell_of(target)
    own = [each for each in published.result.alone if each.definition == target.group]
    overall = material.published.figures(cell)
    parts = {each.dimension: material.published.figures(cell, each.dimension) for each in own}
    if not own or published.hides(target.group):
        return
    if not all(each.is_shown for each in (overall, *parts.values())):
        return
    marks = [Dumbbell(material.dimension(OVERALL), overall.level, target.level, _mark(overall))]
    marks += [
        Dumbbell(
            material.dimension(each.dimension),
            each.level,
            each.needed,
            _mark(parts[each.dimension]),
        )
        for each in own
        if each.needed is not None
    ]
    rows = [Row(_alone_cells(material, each, parts[each.dimension])) for each in own]
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
        notes=[
            material.say("report.note.alone"),
            *sign_notes(material, rows, but=NONE),
        ],
    )
    draw_dumbbells(
        draft,
        material.say("report.figure.alone", group=material.label(cell)),
        marks,
        ends=material.say("report.legend.needed"),
        base=[cell],
        takeaway=material.say("report.takeaway.alone"),
    )


def _alone_cells(material: Material, alone: Alone, figures: Figures) -> tuple[str, ...]:
    return (
        material.dimension(alone.dimension),
        f"{alone.weight:g}",
        level_cell(figures),
        NONE if alone.needed is None else rounded(alone.needed),
        NONE if alone.needed is None else signed(alone.needed - alone.level),
    )


def _mark(figures: Figures) -> Flag:
    return "caution" if figures.flag == "caution" else ""
