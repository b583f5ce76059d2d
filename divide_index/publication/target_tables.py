"""The distance to a target as tables and sentences of finished text, in Korean and English."""

import math
from collections.abc import Sequence

from divide_index.inference.projection import Model, Outcome
from divide_index.messages import Language, text
from divide_index.messages.particles import UnspokenError
from divide_index.publication.findings import finding_words
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    SUPPRESSED,
    counted,
    interval,
    percent,
    rounded,
    signed,
)
from divide_index.publication.labels import dimension_label, inside
from divide_index.publication.methods import assumptions_note, design_notes, formula_notes
from divide_index.publication.sentences import (
    Pace,
    Stated,
    Target,
    chance,
    level_sentence,
    projection_sentence,
    target_sentences,
)
from divide_index.publication.tables import Table
from divide_index.publication.targets import Levers, PublishedTarget
from divide_index.schema import SurveySchema
from divide_index.target import Distance, Lever, PlanGoal


def tables_of_target(published: PublishedTarget, lang: Language) -> list[Table]:
    """Return verdicts, what they rest on, paces, levers, projections and goals, as tables.

    Parameters
    ----------
    published
        The distances.
    lang
        Of the labels.
    """
    return [
        _verdicts(published, lang),
        _bases(published, lang),
        *pace_tables(published, lang),
        *_alone(published, lang),
        *(lever_table(published, each, lang) for each in published.levers),
        *_mix(published, lang),
        *projection_tables(published, lang),
        *back_test_tables(published, lang),
        *goal_tables(published, lang),
    ]


def target_words(published: PublishedTarget, lang: Language) -> list[tuple[str, str]]:
    """Return what can be quoted of the target: a heading and a few sentences."""
    result, target = published.result, published.result.target
    row = result.row()
    label = row.label.of(lang)
    if published.is_hidden(row):
        return [(label, text("report.target.hidden", lang))]
    if math.isnan(row.level):
        return [(label, text("report.target.unknown", lang))]
    try:
        words = [
            _level_words(published, row, lang),
            _target_words(published, row, lang),
            definition_words(published, lang),
        ]
    except UnspokenError as error:
        words = [text("decomposition.sentence.unspoken", lang, label=error.words)]
    said = [(label, " ".join(each for each in words if each))]
    if published.projection is not None:
        chances = published.projection.chances
        low, high = chances.lowest.probability.value, chances.highest.probability.value
        sentence = projection_sentence(Target(target.level, chances.year), low, high, lang)
        verified = text("target.sentence.unverified", lang, **_origins(published))
        said.append((text("target.projection.heading", lang), f"{sentence} {verified}"))
    return said


def _level_words(published: PublishedTarget, row: Distance, lang: Language) -> str:
    bounds = None if math.isnan(row.conf_low) else (row.conf_low, row.conf_high)
    return level_sentence(
        Stated(inside(row.label.of(lang), lang), row.level, _margin(row), bounds),
        lang,
        year=published.result.year,
        reference=inside(published.schema.reference.label.of(lang), lang),
        dimension=inside(dimension_label(row.dimension, published.schema, lang), lang),
        confidence=published.result.levels.confidence,
    )


def _target_words(published: PublishedTarget, row: Distance, lang: Language) -> str:
    projection = published.projection
    recent = None
    if projection is not None and projection.recent:
        first = projection.recent[0]
        recent = Pace(first.per_year, first.last - first.first)
    target = published.result.target
    return target_sentences(
        row.level,
        _margin(row),
        Target(target.level, target.year),
        lang,
        year=published.result.year,
        pace=recent,
        bounds=None if math.isnan(row.conf_low) else (row.conf_low, row.conf_high),
    )


def definition_words(published: PublishedTarget, lang: Language) -> str:
    """Return that the target's own words name others than those measured, where they do."""
    target = published.result.target
    if not target.assumed or target.label is None:
        return ""
    used = published.schema.groups[target.group].label.of(lang)
    return text("target.sentence.assumed", lang, used=used, wording=target.label.of(lang))


def _margin(row: Distance) -> float | None:
    above, below = row.conf_high - row.level, row.level - row.conf_low
    is_symmetric = math.isclose(above, below, rel_tol=1e-6, abs_tol=1e-9)
    return above if is_symmetric and not math.isnan(above) else None


def target_notes(published: PublishedTarget, lang: Language) -> list[str]:
    """Return what must be read under the tables."""
    result = published.result
    levels = result.levels
    survey = levels.scores.survey
    notes = [text("note.synthetic", lang)] if survey.is_synthetic else []
    notes += [finding_words(finding, levels, lang) for finding in published.findings()]
    confidence = percent(levels.confidence)
    notes += [
        text("note.target.published", lang),
        text("note.target.sampled", lang, confidence=confidence),
        text("note.target.probability", lang),
        text("note.target.certain", lang, confidence=confidence),
    ]
    shown = [row for row in result.rows if not published.is_hidden(row)]
    if any(not math.isnan(row.target_among_others) for row in shown):
        notes.append(text("note.target.others", lang))
    if any(not published.hides(each.definition) for each in result.alone):
        notes.append(text("note.target.alone", lang))
    if published.levers:
        notes.append(text("note.target.levers", lang))
    if published.mix is not None:
        notes.append(text("note.target.mix", lang))
    notes += _projection_notes(published, lang)
    if published.goals:
        notes.append(text("note.target.goals", lang, source=published.goals[0].source))
    notes += formula_notes(levels, lang) + design_notes(survey, lang)
    notes += assumptions_note(published.schema, lang)
    notes += [text("note.rounding", lang), text("note.symbols", lang)]
    if published.suppression is None:
        return [*notes, text("note.internal", lang)]
    rule = published.suppression.rule
    hidden = len(published.suppression.suppressed)
    notes.append(text("note.disclosure", lang, threshold=rule.threshold, count=hidden))
    return notes


def _projection_notes(published: PublishedTarget, lang: Language) -> list[str]:
    projection = published.projection
    if projection is None:
        return []
    series = projection.series
    notes = [
        text(
            "note.target.projection",
            lang,
            first=int(series.years[0]),
            last=series.last,
            error=rounded(series.std_error, 2),
        )
    ]
    if series.breaks:
        names = [f"{each.year}" for each in series.breaks]
        notes.append(text("note.target.breaks", lang, years=names))
    return notes


# -- tables ----------------------------------------------------------------------------------


def _rows(published: PublishedTarget) -> tuple[Distance, ...]:
    return published.result.rows


def _name(published: PublishedTarget, row: Distance, lang: Language) -> str:
    return f"{row.label.of(lang)} · {dimension_label(row.dimension, published.schema, lang)}"


def _heads(names: Sequence[str], lang: Language, **params: object) -> tuple[str, ...]:
    return tuple(text(f"target.head.{name}", lang, **params) for name in names)


def _breaks(names: Sequence[str]) -> tuple[int, ...]:
    return tuple(i for i, name in enumerate(names) if i and name != names[i - 1])


def _verdicts(published: PublishedTarget, lang: Language) -> Table:
    result = published.result
    confidence = percent(result.levels.confidence)
    rows: list[tuple[str, ...]] = []
    for row in _rows(published):
        name = _name(published, row, lang)
        if published.is_hidden(row):
            rows.append((name, *([SUPPRESSED] * 4)))
            continue
        mark = CAUTION if published.is_cautious(row) else ""
        level = f"{rounded(row.level)}{mark} ({interval(row.conf_low, row.conf_high)})"
        rows.append(
            (
                name,
                level,
                signed(row.gap),
                text(f"target.verdict.{row.published}", lang),
                text(f"target.verdict.{row.sampled}", lang),
            )
        )
    return Table(
        title=text(
            "target.title",
            lang,
            survey=published.schema.survey.name.of(lang),
            level=f"{result.target.level:g}",
            year=result.target.year,
        ),
        unit=text("target.unit", lang),
        columns=_heads(
            ["meaning", "level", "gap", "published", "sampled"], lang, confidence=confidence
        ),
        rows=tuple(rows),
        breaks=_breaks([row.definition for row in _rows(published)]),
    )


def _bases(published: PublishedTarget, lang: Language) -> Table:
    rows = [
        (_name(published, row, lang), *([SUPPRESSED] * 5))
        if published.is_hidden(row)
        else (
            _name(published, row, lang),
            chance(row.probability),
            rounded(row.certain_level),
            NONE if math.isnan(row.required_pace) else signed(row.required_pace, 2),
            NONE if math.isnan(row.target_among_others) else rounded(row.target_among_others),
            counted(row.n),
        )
        for row in _rows(published)
    ]
    return Table(
        title=text("target.bases", lang, year=published.result.target.year),
        unit=text("target.unit.bases", lang),
        columns=_heads(["meaning", "probability", "certain", "required", "others", "n"], lang),
        rows=tuple(rows),
        breaks=_breaks([row.definition for row in _rows(published)]),
    )


def pace_tables(published: PublishedTarget, lang: Language) -> list[Table]:
    """Return the pace that is needed and those that were kept; nothing without a projection."""
    projection = published.projection
    if projection is None:
        return []
    target = published.result.target
    last, level = projection.series.last, float(projection.series.levels[-1])
    rows: list[tuple[str, ...]] = []
    required = projection.required.per_year
    if required is not None:
        label = text("target.pace.required", lang, first=last, last=target.year)
        rows.append((label, signed(required, 2), rounded(target.level)))
    paces = [("target.pace.recent", each) for each in projection.recent]
    if projection.best is not None:
        paces.append(("target.pace.best", projection.best))
    for code, each in paces:
        label = text(code, lang, first=each.first, last=each.last)
        ends = each.ends_at(level, last, target.year) if target.year > last else math.nan
        rows.append((label, signed(each.per_year, 2), rounded(ends)))
    if not rows:
        return []
    return [
        Table(
            title=text("target.paces", lang, group=_series_label(published, lang)),
            unit=text("target.unit.pace", lang),
            columns=_heads(["pace", "per_year", "ends"], lang, year=target.year),
            rows=tuple(rows),
        )
    ]


def _series_label(published: PublishedTarget, lang: Language) -> str:
    return published.schema.groups[published.result.target.group].label.of(lang)


def _alone(published: PublishedTarget, lang: Language) -> list[Table]:
    own = published.result.target.group
    parts = [each for each in published.result.alone if each.definition == own]
    if not parts or published.hides(own):
        return []
    schema = published.schema
    return [
        Table(
            title=text(
                "target.alone",
                lang,
                group=_series_label(published, lang),
                level=f"{published.result.target.level:g}",
            ),
            unit=text("target.unit", lang),
            columns=_heads(["dimension", "weight", "present", "needed", "rise"], lang),
            rows=tuple(
                (
                    dimension_label(each.dimension, schema, lang),
                    f"{each.weight:g}",
                    rounded(each.level),
                    NONE if each.needed is None else rounded(each.needed),
                    NONE if each.needed is None else signed(each.needed - each.level),
                )
                for each in parts
            ),
        )
    ]


def lever_table(published: PublishedTarget, levers: Levers, lang: Language) -> Table:
    """Return what each lever closes, as a table of text."""
    result = levers.result
    hidden = published.hidden_levers(levers)
    errors = result.effects.reliable_std_errors
    rows: list[tuple[str, ...]] = []
    for place, lever in enumerate(result.levers):
        label = lever_label(lever, published.schema, lang)
        if hidden[place]:
            rows.append((label, *([SUPPRESSED] * 4)))
            continue
        if lever.status != "raised":
            status = text(f"target.lever.{lever.status}", lang)
            present = NONE if math.isnan(lever.present) else rounded(lever.present)
            rows.append((label, present, status, NONE, NONE))
            continue
        closes = result.closes()[place]
        effect = signed(float(result.effects.values[place]))
        if not math.isnan(errors[place]):
            effect = f"{effect} ({interval(result.conf_low[place], result.conf_high[place])})"
        rows.append(
            (
                label,
                NONE if math.isnan(lever.present) else rounded(lever.present),
                NONE if math.isnan(lever.raised_to) else rounded(lever.raised_to),
                effect,
                NONE if math.isnan(closes) else rounded(100 * closes, 0),
            )
        )
    confidence = percent(result.confidence)
    code = "target.levers.indicators" if levers.by is None else "target.levers.parts"
    by = "" if levers.by is None else published.schema.domains[levers.by].label.of(lang)
    return Table(
        title=text(code, lang, group=_series_label(published, lang), by=by),
        unit=text("target.unit.levers", lang),
        columns=_heads(
            ["lever", "score", "raised", "effect", "closes"], lang, confidence=confidence
        ),
        rows=tuple(rows),
    )


def lever_label(lever: Lever, schema: SurveySchema, lang: Language) -> str:
    """Return what is raised, in print."""
    dimension = dimension_label(lever.dimension, schema, lang)
    if lever.kind == "part":
        by = lever.name.partition("/")[0]
        return f"{schema.category_label(by, lever.part, lang)} · {dimension}"
    indicator = schema.dimensions[lever.dimension].indicators[lever.part]
    part = lever.part if indicator.label is None else indicator.label.of(lang)
    return f"{dimension} · {part}"


def _mix(published: PublishedTarget, lang: Language) -> list[Table]:
    mix = published.mix
    if mix is None or not published.levers:
        return []
    levers = published.levers[0]
    hidden = dict(
        zip([e.name for e in levers.result.levers], published.hidden_levers(levers), strict=True)
    )
    named = {each.name: each for each in levers.result.levers}
    if any(hidden[name] for name in mix.levers):
        return []
    rows = [
        (
            lever_label(named[name], published.schema, lang),
            rounded(float(points)),
            interval(float(low), float(high)),
            rounded(float(cost) * float(points)),
        )
        for name, points, (low, high), cost in zip(
            mix.levers, mix.points, mix.bounds, mix.unit_costs, strict=True
        )
    ]
    rows.append((text("target.mix.total", lang), "", "", rounded(mix.cost)))
    return [
        Table(
            title=text("target.mix", lang, level=f"{mix.target:g}"),
            unit=text("target.unit.mix", lang),
            columns=_heads(["lever", "points", "bounds", "cost"], lang),
            rows=tuple(rows),
            breaks=(len(rows) - 1,),
        )
    ]


def _by_model(published: PublishedTarget) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    if published.projection is not None:
        for each in published.projection.chances.outcomes:
            found.setdefault(each.model.name, []).append(each)
    return found


def projection_tables(published: PublishedTarget, lang: Language) -> list[Table]:
    """Return where every kind of model leads, as a range over windows; nothing without one."""
    models = _by_model(published)
    if not models:
        return []
    rows: list[tuple[str, ...]] = []
    for name, outcomes in models.items():
        means = [each.forecast.mean for each in outcomes]
        chances = [each.probability.value for each in outcomes]
        windows = sorted({each.window.first for each in outcomes})
        last = outcomes[0].window.last
        rows.append(
            (
                text(f"target.model.{name}", lang),
                f"{windows[0]}~{last}"
                if len(windows) == 1
                else f"{windows[0]}…{windows[-1]}~{last}",
                _span(min(means), max(means)),
                _chances(min(chances), max(chances)),
            )
        )
    chances = [each.probability.value for every in models.values() for each in every]
    means = [each.forecast.mean for every in models.values() for each in every]
    whole = text("target.model.all", lang)
    rows.append((whole, "", _span(min(means), max(means)), _chances(min(chances), max(chances))))
    projection = published.projection
    assert projection is not None  # noqa: S101  there are models
    return [
        Table(
            title=text(
                "target.projections",
                lang,
                group=_series_label(published, lang),
                year=projection.chances.year,
            ),
            unit=text("target.unit.projection", lang),
            columns=_heads(
                ["model", "windows", "projected", "chance"],
                lang,
                level=f"{projection.chances.level:g}",
            ),
            rows=tuple(rows),
            breaks=(len(rows) - 1,),
        )
    ]


def _span(low: float, high: float) -> str:
    return rounded(low) if rounded(low) == rounded(high) else interval(low, high)


def _chances(low: float, high: float) -> str:
    return chance(low) if chance(low) == chance(high) else f"{chance(low)}~{chance(high)}"


def back_test_tables(published: PublishedTarget, lang: Language) -> list[Table]:
    """Return the errors of the models in the past; nothing without a back-test."""
    projection = published.projection
    test = None if projection is None else projection.back_test
    if test is None:
        return []
    heads = [text("target.head.model", lang)]
    heads += [text("target.head.horizon", lang, years=each) for each in test.horizons]
    rows = tuple(
        (
            model_label(model, lang),
            *(
                NONE
                if not test.forecasts[row, column]
                else f"{rounded(float(test.mean_absolute_errors[row, column]), 2)} "
                f"({rounded(100 * float(test.coverage[row, column]), 0)}, "
                f"{int(test.origins[row, column])})"
                for column in range(len(test.horizons))
            ),
        )
        for row, model in enumerate(test.models)
    )
    return [
        Table(
            title=text(
                "target.back_test",
                lang,
                first=test.window.first,
                last=test.window.last,
                confidence=percent(test.confidence),
            ),
            unit=text("target.unit.back_test", lang),
            columns=tuple(heads),
            rows=rows,
        )
    ]


def model_label(model: Model, lang: Language) -> str:
    """Return what a model is called, a drift with its span."""
    name = text(f"target.model.{model.name}", lang)
    return name if not model.span else text("target.model.span", lang, name=name, span=model.span)


def _origins(published: PublishedTarget) -> dict[str, int]:
    projection = published.projection
    test = None if projection is None else projection.back_test
    points = (
        0 if projection is None else max(each.window.points for each in projection.chances.outcomes)
    )
    return {"points": points, "origins": 0 if test is None else int(test.origins.max())}


def goal_tables(published: PublishedTarget, lang: Language) -> list[Table]:
    """Return the plan's goals; nothing where they were not asked for."""
    if not published.goals:
        return []
    return [
        Table(
            title=text("target.goals", lang),
            unit="",
            columns=_heads(["goal", "unit", "year", "aim", "latest", "status"], lang),
            rows=tuple(goal_cells(goal, lang) for goal in published.goals),
        )
    ]


def goal_cells(goal: PlanGoal, lang: Language) -> tuple[str, ...]:
    """Return a goal of the plan: its aim, last value, status, and the pace it takes."""
    unit = goal.unit.of(lang)
    latest = goal.latest
    required = goal.required
    need = None if required is None else required.per_year
    status = text(f"target.status.{goal.status}", lang)
    if need is not None and goal.status == "open":
        status = text("target.goal.open", lang, status=status, pace=signed(need, 2))
    return (
        goal.label.of(lang),
        unit,
        str(goal.year),
        f"≥{goal.target:g}",
        NONE if latest is None else f"{latest.value:g} ({latest.year})",
        status,
    )
