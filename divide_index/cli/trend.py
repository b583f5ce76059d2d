"""``divide-index trend``: levels of several years, and whether they moved."""

import re
from dataclasses import dataclass
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
    output_option,
    places_of,
    refuse_input,
    sidecar_of,
    verbose_option,
    write_text,
)
from divide_index.cli.surveys import read_waves_told

if TYPE_CHECKING:
    from divide_index.publication.year_parts import PublishedParts
    from divide_index.publication.years import PublishedYears
    from divide_index.waves import Waves

_FORMATS = ("table", "csv", "json")
_KIND_OF_ENDING = {"": "table", ".txt": "table", ".csv": "csv", ".json": "json"}
_YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
_FOUR_DIGITS = re.compile(r"[0-9]{4}")


@click.command("trend", short_help="Compare levels of several years.")
@click.argument("surveys", metavar="[YEAR=]SURVEY...", nargs=-1)
@click.option(
    "--schema",
    "schemas",
    metavar="[YEAR=]NAME|PATH",
    multiple=True,
    help="Schema of all years, or of one; by default the one that fits.",
)
@click.option(
    "--source",
    "sources",
    metavar="YEAR/NAME=PATH",
    multiple=True,
    help="One of several files of a year; once for each.",
)
@click.option(
    "--wave",
    metavar="VARIABLE",
    help="The schema's variable that holds the year, for one stacked file.",
)
@click.option(
    "--samples",
    type=click.Choice(["independent", "shared_psus", "panel"]),
    default="independent",
    show_default=True,
    help="What the years' samples share: nothing, PSUs, or people.",
)
@click.option(
    "--published",
    metavar="YEAR,...",
    help="Years of which only the published level is known.",
)
@click.option(
    "--published-margin",
    type=click.FloatRange(0, min_open=True),
    metavar="POINTS",
    help="Their 95 % margin; without it nothing is said about change.",
)
@click.option(
    "--pool",
    "pooled",
    metavar="YEAR,...",
    help="Levels of these years' people together, for small regions; no trend.",
)
@click.option(
    "--linked", is_flag=True, help="Link levels over a change of items by those in common."
)
@click.option(
    "--parts", is_flag=True, help="What changes are made of: own scores, composition, returns."
)
@click.option(
    "--convergence", metavar="DOMAIN", help="Whether the regions of a domain become more alike."
)
@click.option(
    "--by",
    metavar="DOMAIN,...",
    help="Domains to list, and crosses: region,region*area,group*region.",
)
@click.option("--group", metavar="NAME,...", help="Groups to select; by default all of the schema.")
@click.option("--where", metavar="CONDITION", help="A domain, such as: age >= 65. Never a filter.")
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
    surveys: tuple[str, ...],
    schemas: tuple[str, ...],
    sources: tuple[str, ...],
    wave: str | None,
    samples: str,
    published: str | None,
    published_margin: float | None,
    pooled: str | None,
    linked: bool,  # noqa: FBT001  a flag of the command line
    parts: bool,  # noqa: FBT001
    convergence: str | None,
    by: str | None,
    group: str | None,
    where: str | None,
    confidence: float,
    formula: str | None,
    lonely: str,
    disclosure: str,
    kind: str | None,
    output: Path | None,
    force: bool,  # noqa: FBT001  a flag of the command line
    verbose: bool,  # noqa: FBT001
) -> None:
    """Compare the levels of several years: trend first, then changes.

    Each SURVEY is a year's file. Its year is what stands before "=", else what its schema says,
    else the only year in its name. One file of all years takes --wave.
    """
    from divide_index import output as files
    from divide_index.change import compare_years
    from divide_index.publication.years import PublishedYears, protect_years

    _check(session, pooled=pooled, linked=linked, published=published, samples=samples)
    _check_unused(
        session,
        linked=linked,
        pooled=pooled,
        parts=parts,
        convergence=convergence,
        formula=formula,
        published=published,
        margin=published_margin,
    )
    kind = kind or _KIND_OF_ENDING[checked_ending(output, _KIND_OF_ENDING)]
    given = gathered(session, surveys, sources)
    chosen = schemas_of(session, schemas)
    if output is not None:
        for _, each in given:
            refuse_input(output, each)
        for each in chosen.values() if isinstance(chosen, dict) else [chosen]:
            refuse_input(output, {}, each)
        for path in places_of(output, kind):
            files.check_writable(path, force=force)
    waves = read_waves_told(
        session,
        given,
        chosen,
        wave=wave,
        samples=samples,
        lonely=lonely,
        verbose=verbose,
    )
    domains = list(dict.fromkeys([*listed(by), *listed(convergence)]))
    asked = _Asked(domains, listed(group) or None, where, confidence / 100, formula)
    destination = _Destination(kind, output, is_open=disclosure == "off", force=force)
    if pooled is not None:
        _pool(session, waves, _years(session, pooled, "--pool"), asked, destination)
        return
    if linked:
        _link(session, waves, asked, destination)
        return
    result = compare_years(
        waves,
        asked.by,
        groups=asked.groups,
        where=where,
        formula=formula,  # pyright: ignore[reportArgumentType]
        confidence=asked.confidence,
        published=_years(session, published, "--published"),
        published_margin=published_margin,
    )
    suppressions = protect_years(result) if disclosure == "report" else None
    shown = PublishedYears(result, suppressions)
    beside = _parts(session, waves, shown, asked, convergence, wanted=parts)
    if kind != "table":
        session.report_all((*shown.findings(), *beside.findings()))
    _deliver(session, beside, destination)


def _parts(
    session: Session,
    waves: "Waves",
    years: "PublishedYears",
    asked: "_Asked",
    convergence: str | None,
    *,
    wanted: bool,
) -> "PublishedParts":
    """Return what changes are made of, and whether regions converge, if that was asked for.

    Where regions differ no more than by sampling error there is no slope: the variances stay.
    """
    from divide_index.errors import EstimationError
    from divide_index.publication.year_parts import PublishedParts, protect_parts

    sources = decomposition = decomposed = sigma = beta = no_slope = None
    if wanted:
        from divide_index.change import change_decomposition, change_sources

        options = {
            "groups": asked.groups,
            "where": asked.where,
            "formula": asked.formula,
            "confidence": asked.confidence,
        }
        sources = change_sources(waves, asked.by, **options)  # pyright: ignore[reportArgumentType]
        if waves.schema.decomposition is not None:
            decomposition = change_decomposition(waves, asked.by, **options)  # pyright: ignore[reportArgumentType]
            decomposed = None if years.suppressions is None else protect_parts(decomposition)
    if convergence is not None:
        from divide_index.change import beta_convergence, sigma_convergence

        options = {
            "where": asked.where,
            "formula": asked.formula,
            "confidence": asked.confidence,
        }
        sigma = sigma_convergence(waves, convergence, **options)  # pyright: ignore[reportArgumentType]
        try:
            beta = beta_convergence(waves, convergence, **options)  # pyright: ignore[reportArgumentType]
        except EstimationError as error:
            if error.code != "DI-E385":
                raise
            no_slope = error
    found = PublishedParts(years, sources, decomposition, decomposed, sigma, beta)
    if no_slope is not None and not found.hides_convergence:  # its words tell the variances
        session.report(no_slope)
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which levels, of whom."""

    by: list[str]
    groups: list[str] | None
    where: str | None
    confidence: float
    formula: str | None


@dataclass(frozen=True, slots=True)
class _Destination:
    """Where a result goes, and whether without disclosure control."""

    kind: str
    output: Path | None
    is_open: bool
    force: bool


def _check(
    session: Session, *, pooled: str | None, linked: bool, published: str | None, samples: str
) -> None:
    """Refuse options that contradict each other.

    Raises
    ------
    click.UsageError
        Two of ``--pool``, ``--linked`` and ``--published``; or a pool of a panel, in which one
        person would count as several.
    """
    asked = ["--linked"] if linked else []
    asked += [
        name
        for name, value in (("--pool", pooled), ("--published", published))
        if value is not None
    ]
    if len(asked) > 1:
        raise click.UsageError(session.words("cli.waves.one", options=asked))
    if pooled is not None and samples == "panel":
        raise click.UsageError(session.words("cli.waves.panel"))


def _check_unused(
    session: Session,
    *,
    linked: bool,
    pooled: str | None,
    parts: bool,
    convergence: str | None,
    formula: str | None,
    published: str | None,
    margin: float | None,
) -> None:
    """Refuse options that would change nothing, as if they had.

    Raises
    ------
    click.UsageError
        A formula that levels are not linked by, parts of changes where there are none, or a
        margin of no published year.
    """
    named = {
        "--formula": linked and formula not in {None, "weighted_ratios"},
        "--parts": parts,
        "--convergence": convergence is not None,
    }
    unused = [name for name, is_given in named.items() if is_given]
    other = "--linked" if linked else "--pool" if pooled is not None else None
    if other is not None and unused:
        raise click.UsageError(session.words("cli.waves.one", options=[other, *unused]))
    if margin is not None and published is None:
        raise click.UsageError(session.words("cli.waves.margin"))


def _pool(
    session: Session, waves: "Waves", years: list[int], asked: _Asked, destination: _Destination
) -> None:
    """Print the levels of the people of several years together."""
    from divide_index.change import pool
    from divide_index.cli.compute import deliver_levels
    from divide_index.levels import relative_levels
    from divide_index.publication.disclosure import protect

    scores = pool(waves, years or None, by=asked.by, groups=asked.groups)
    session.report_all(scores.survey.findings)
    result = relative_levels(
        scores,
        asked.by,
        groups=asked.groups,
        where=asked.where,
        formula=asked.formula,  # pyright: ignore[reportArgumentType]
        confidence=asked.confidence,
    )
    suppression = None if destination.is_open else protect(result)
    if destination.kind != "table":
        findings = result.findings if suppression is None else suppression.findings(result.findings)
        session.report_all(findings)
    deliver_levels(
        session,
        result,
        None,
        suppression,
        kind=destination.kind,
        output=destination.output,
        force=destination.force,
    )


def _link(session: Session, waves: "Waves", asked: _Asked, destination: _Destination) -> None:
    """Print levels linked over a change of items."""
    from divide_index.change import linked_levels
    from divide_index.publication.linked import (
        PublishedLinked,
        linked_as_csv,
        linked_as_json,
        linked_provenance,
        protect_linked,
    )

    result = linked_levels(
        waves, asked.by, groups=asked.groups, where=asked.where, confidence=asked.confidence
    )
    shown = PublishedLinked(result, None if destination.is_open else protect_linked(result))
    if destination.kind == "table":
        from divide_index.cli.console import render_links

        text = render_links(shown, session.language, to_terminal=destination.output is None)
    else:
        session.report_all(shown.findings())
        text = linked_as_json(shown) if destination.kind == "json" else linked_as_csv(shown)
    _write(session, text, linked_provenance(shown), destination)


def gathered(
    session: Session, surveys: tuple[str, ...], sources: tuple[str, ...]
) -> list[tuple[int | None, Path | dict[str, Path]]]:
    """Return the files with their years, None for one whose year its schema must say.

    Raises
    ------
    click.UsageError
        No file, a malformed one, or two files of the same year.
    """
    if not surveys and not sources:
        raise click.UsageError(session.words("cli.waves.none"))
    files = [_named_year(text) for text in surveys]
    by_year: dict[int, dict[str, Path]] = {}
    for text in sources:
        head, _, path = text.partition("=")
        year, _, name = head.partition("/")
        if not (_FOUR_DIGITS.fullmatch(year) and name and path):
            raise click.UsageError(session.words("cli.waves.source", given=text))
        named = by_year.setdefault(int(year), {})
        if name in named:
            raise click.UsageError(session.words("cli.waves.twice", file=Path(path).name))
        named[name] = Path(path)
    seen: set[int] = set(by_year)
    for year, path in files:
        if year is not None and year in seen:
            raise click.UsageError(session.words("cli.waves.twice", file=path.name))
        seen |= set() if year is None else {year}
    return [*files, *by_year.items()]


def _named_year(text: str) -> tuple[int | None, Path]:
    """Return the year before "=", else the only one in the file's name."""
    head, sign, rest = text.partition("=")
    if sign and _FOUR_DIGITS.fullmatch(head):
        return int(head), Path(rest)
    years = set(_YEAR.findall(Path(text).stem))
    return (int(years.pop()) if len(years) == 1 else None), Path(text)


def schemas_of(session: Session, given: tuple[str, ...]) -> str | dict[int, str] | None:
    """Return one schema for all years, or one for each.

    Raises
    ------
    click.UsageError
        One for all beside others, or two for a year.
    """
    named: dict[int, str] = {}
    for text in given:
        head, sign, rest = text.partition("=")
        if not (sign and _FOUR_DIGITS.fullmatch(head)):
            if len(given) > 1:
                raise click.UsageError(session.words("cli.waves.mixed", given=text))
            return text
        if int(head) in named:
            raise click.UsageError(session.words("cli.waves.mixed", given=text))
        named[int(head)] = rest
    return named or None


def _years(session: Session, text: str | None, option: str) -> list[int]:
    names = listed(text)
    wrong = [name for name in names if not _FOUR_DIGITS.fullmatch(name)]
    if wrong or (text is not None and not names):
        raise click.UsageError(
            session.words("cli.waves.year", option=option, given=", ".join(wrong) or "-")
        )
    return [int(name) for name in names]


def _deliver(session: Session, published: "PublishedParts", destination: _Destination) -> None:
    from divide_index.publication.year_files import years_as_csv, years_as_json, years_provenance

    lang = session.language
    if destination.kind == "table":
        from divide_index.cli.console import render_years

        text = render_years(published, lang, to_terminal=destination.output is None)
    elif destination.kind == "json":
        text = years_as_json(published, lang)
    else:
        text = years_as_csv(published.years)
    _write(session, text, years_provenance(published.years), destination)


def _write(session: Session, text: str, provenance: str, destination: _Destination) -> None:
    """Print a result, or write it to its file, a CSV with its sidecar."""
    from divide_index import output as files

    output = destination.output
    if output is None:
        write_text(text)
        return
    contents = {output: encoded(text, destination.kind, session.language)}
    if destination.kind == "csv":
        contents[sidecar_of(output)] = provenance.encode("utf-8")
    files.write_files(contents, force=destination.force)
