"""``divide-index target``: how far the policy target is, and what would close the distance."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from divide_index.cli.context import (
    Session,
    checked_ending,
    confidence_option,
    disclosure_option,
    encoded,
    force_option,
    formula_option,
    lang_option,
    listed,
    lonely_option,
    one_source,
    output_option,
    places_of,
    refuse_input,
    schema_option,
    sidecar_of,
    source_option,
    survey_argument,
    verbose_option,
    write_text,
)
from divide_index.cli.surveys import read_told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from divide_index.publication.targets import PublishedTarget
    from divide_index.scoring import Scores
    from divide_index.target import LeverResult, Mix, PublishedProjection, TargetResult

_FORMATS = ("table", "csv", "json")
_KIND_OF_ENDING = {"": "table", ".txt": "table", ".csv": "csv", ".json": "json"}
_FULL = 100.0


@click.command("target", short_help="Say how far the target is, and what would close it.")
@survey_argument
@schema_option
@source_option
@click.option("--by", metavar="DOMAIN,...", help="Domains whose parts are levers: age,region.")
@click.option(
    "--raise-to",
    metavar="SCORE|reference",
    help="To what mean score (0-100) levers raise; by default indicators to the reference's, "
    "and the parts of --by to that of the others.",
)
@click.option(
    "--cost",
    "costs",
    metavar="LEVER=COST[:MOST]",
    multiple=True,
    help="Cost of a point of an indicator, and its highest rise: plans the cheapest mix.",
)
@click.option(
    "--published-error",
    type=click.FloatRange(0, min_open=True),
    metavar="POINTS",
    help="Standard error of one published level, for projections; by default this survey's.",
)
@click.option(
    "--plan",
    is_flag=False,
    flag_value="",
    metavar="[FILE]",
    help="The plan's other goals, with the values that a YAML file gives.",
)
@confidence_option
@formula_option
@lonely_option
@disclosure_option
@click.option(
    "--format", "kind", type=click.Choice(_FORMATS), help="By default the ending of -o, or table."
)
@output_option
@force_option
@lang_option
@verbose_option
@click.pass_obj
def command(  # noqa: PLR0913  one parameter per option
    session: Session,
    survey: Path | None,
    schema: str | None,
    sources: dict[str, Path],
    by: str | None,
    raise_to: str | None,
    costs: tuple[str, ...],
    published_error: float | None,
    plan: str | None,
    confidence: float,
    formula: str | None,
    lonely: str,
    disclosure: str,
    kind: str | None,
    output: Path | None,
    force: bool,  # noqa: FBT001  a flag of the command line
    verbose: bool,  # noqa: FBT001
) -> None:
    """Hold the level against the policy target, by everything the target may mean.

    Two verdicts, the pace it takes, what would suffice alone, what each lever closes, and where
    the published series may go, as a range over models.
    """
    from divide_index import output as files
    from divide_index.publication.targets import Levers, PublishedTarget, protect_target
    from divide_index.scoring import score
    from divide_index.target import distance_to_target, plan_goals

    given = one_source(session, survey, sources)
    kind = kind or _KIND_OF_ENDING[checked_ending(output, _KIND_OF_ENDING)]
    if output is not None:
        refuse_input(output, given, schema)
        if plan:
            refuse_input(output, Path(plan))
        for path in places_of(output, kind):
            files.check_writable(path, force=force)
    goals = () if plan is None else plan_goals(plan or None)
    priced = _priced(session, costs)
    scores = score(read_told(session, given, schema, lonely=lonely, verbose=verbose))
    result = distance_to_target(
        scores,
        formula=formula,  # pyright: ignore[reportArgumentType]
        confidence=confidence / 100,
    )
    domains = listed(by)
    raised = _raised(session, scores, result, domains, raise_to)
    suppression = None if disclosure == "off" else protect_target(result, domains)
    is_hidden = suppression is not None and suppression.is_suppressed("group", result.target.group)
    published = PublishedTarget(
        scores.survey.schema,
        result,
        suppression,
        levers=tuple(Levers(each, name, suppression) for name, each in raised.items()),
        # How far a mix gets, or that it does, tells the level that is not published.
        mix=_mix(raised[None], priced) if priced and raised and not is_hidden else None,
        projection=_projection(scores, result, published_error, is_hidden=is_hidden),
        goals=goals,
    )
    if kind != "table":
        session.report_all(published.findings())
    _deliver(session, published, kind=kind, output=output, force=force)


def _raised(
    session: Session,
    scores: "Scores",
    result: "TargetResult",
    domains: "Sequence[str]",
    raise_to: str | None,
) -> "dict[str | None, LeverResult]":
    """Return the indicators as levers, by None, then the parts by every domain asked for.

    There are none of a level that is not known.
    """
    from divide_index.target import lever_effects

    score = _score(session, raise_to)
    if math.isnan(result.row().level):
        return {}
    return {
        name: lever_effects(
            scores,
            raise_to=score,  # pyright: ignore[reportArgumentType]
            by=name,
            formula=result.levels.formula,
            confidence=result.levels.confidence,
        )
        for name in (None, *domains)
    }


def _score(session: Session, text: str | None) -> float | str | None:
    """Return a score, or the word that stands for one.

    Raises
    ------
    click.UsageError
        It is neither.
    """
    if text is None or text == "reference":
        return text
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not 0 <= score <= _FULL:
        raise click.UsageError(session.words("cli.target.raise", given=text))
    return score


def _priced(session: Session, costs: tuple[str, ...]) -> "dict[str, tuple[float, float | None]]":
    """Return the unit cost of each lever, and its highest rise where one was given.

    Raises
    ------
    click.UsageError
        A cost is malformed, or given twice.
    """
    priced: dict[str, tuple[float, float | None]] = {}
    for text in costs:
        name, _, rest = text.partition("=")
        cost, _, most = rest.partition(":")
        try:
            value, bound = float(cost), float(most) if most else None
        except ValueError:
            raise click.UsageError(session.words("cli.target.cost", given=text)) from None
        if not name:
            raise click.UsageError(session.words("cli.target.cost", given=text))
        if name in priced:
            raise click.UsageError(session.words("cli.target.cost_twice", name=name))
        priced[name] = value, bound
    return priced


def _mix(levers: "LeverResult", priced: "Mapping[str, tuple[float, float | None]]") -> "Mix":
    """Return the cheapest mix of the levers whose costs are given, by default up to full scores."""
    from divide_index.target import cheapest_mix

    present = {each.name: each.present for each in levers.levers}
    bounds = {
        name: (0.0, _FULL - present.get(name, 0.0) if most is None else most)
        for name, (_, most) in priced.items()
    }
    unit_costs = {name: cost for name, (cost, _) in priced.items()}
    return cheapest_mix(levers, unit_costs=unit_costs, bounds=bounds)


def _projection(
    scores: "Scores",
    result: "TargetResult",
    published_error: float | None,
    *,
    is_hidden: bool,
) -> "PublishedProjection | None":
    """Return where the published series of the target's group may go; None without one.

    The survey's own standard error is printed beside it, and is none of a hidden level.
    """
    from divide_index.target import project_target

    own = math.nan if is_hidden else result.row().std_error
    error = own if published_error is None else published_error
    projection, _ = project_target(scores, error, formula=result.levels.formula)
    return projection


def _deliver(
    session: Session,
    published: "PublishedTarget",
    *,
    kind: str,
    output: Path | None,
    force: bool,
) -> None:
    from divide_index import output as files
    from divide_index.publication.target_files import (
        target_as_csv,
        target_as_json,
        target_provenance,
    )

    lang = session.language
    if kind == "table":
        from divide_index.cli.console import render_target

        text = render_target(published, lang, to_terminal=output is None)
    elif kind == "json":
        text = target_as_json(published, lang)
    else:
        text = target_as_csv(published)
    if output is None:
        write_text(text)
        return
    contents = {output: encoded(text, kind, lang)}
    if kind == "csv":
        contents[sidecar_of(output)] = target_provenance(published).encode("utf-8")
    files.write_files(contents, force=force)
