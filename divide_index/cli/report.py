"""``divide-index report``: from a survey file to a report as PDF or as a web page."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from divide_index.cli.context import (
    Session,
    checked_ending,
    confidence_option,
    disclosure_option,
    force_option,
    formula_option,
    lang_option,
    listed,
    lonely_option,
    one_source,
    output_option,
    refuse_input,
    schema_option,
    source_option,
    survey_argument,
    verbose_option,
    write_bytes,
    write_text,
)
from divide_index.cli.surveys import read_told
from divide_index.cli.trend import gathered, schemas_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from divide_index.change import ChangeResult
    from divide_index.decomposition import DecompositionResult
    from divide_index.levels import LevelResult
    from divide_index.publication.report import Report
    from divide_index.survey import Survey

_KIND_OF_ENDING = {"": "pdf", ".pdf": "pdf", ".html": "html", ".htm": "html"}
_ENDINGS = (".pdf", ".html", ".htm")  # of a file; stdout has none
_OF_SEVERAL = re.compile(r"[0-9]{4}/\w+=")  # one of several files of a year


@click.command("report", short_help="Write a report of a survey as PDF or HTML.")
@survey_argument
@schema_option
@source_option
@click.option("--by", metavar="DOMAIN,...", help="Domains to print; by default all of the schema.")
@confidence_option
@formula_option
@lonely_option
@disclosure_option
@click.option(
    "--variant",
    type=click.Choice(["ua", "archive"]),
    default="ua",
    show_default=True,
    help="PDF for the web, tagged; or for the archive, with its tables attached.",
)
@click.option(
    "--format", "kind", type=click.Choice(["pdf", "html"]), help="By default the ending of -o."
)
@click.option(
    "--decompose",
    is_flag=True,
    help="Add a chapter that says why groups and regions lag, by the schema's factors.",
)
@click.option(
    "--plan",
    is_flag=False,
    flag_value="",
    metavar="[FILE]",
    help="Add the plan's other goals, with the values that a YAML file gives.",
)
@click.option(
    "--outlook", is_flag=True, help="Add a chapter of projections, the pace it takes, and levers."
)
@click.option(
    "--levers-by", metavar="DOMAIN,...", help="Of --outlook: domains whose parts are levers too."
)
@click.option(
    "--published-error",
    type=click.FloatRange(0, min_open=True),
    metavar="POINTS",
    help="Of --outlook: standard error of one published level; by default this survey's.",
)
@click.option(
    "--earlier",
    metavar="[YEAR=]PATH",
    multiple=True,
    help="Add a chapter of trends: a file of an earlier year, or YEAR/NAME=PATH; once for each.",
)
@click.option(
    "--earlier-schema",
    "earlier_schemas",
    metavar="[YEAR=]NAME|PATH",
    multiple=True,
    help="Schema of the earlier years, or of one; by default this survey's.",
)
@click.option(
    "--samples",
    type=click.Choice(["independent", "shared_psus", "panel"]),
    help="Of --earlier: what the years' samples share; by default nothing (independent).",
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
    confidence: float,
    formula: str | None,
    lonely: str,
    disclosure: str,
    variant: str,
    kind: str | None,
    decompose: bool,  # noqa: FBT001  a flag of the command line
    plan: str | None,
    outlook: bool,  # noqa: FBT001
    levers_by: str | None,
    published_error: float | None,
    earlier: tuple[str, ...],
    earlier_schemas: tuple[str, ...],
    samples: str | None,
    output: Path | None,
    force: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
) -> None:
    """Write a report: levels, regions, target, method and quality, in Korean or English.

    SURVEY is a CSV, XLSX, SPSS, Stata or Parquet file; a schema of several files takes each
    with --source. The ending of -o says whether it is a PDF or a web page (.html).
    """
    from divide_index import output as files
    from divide_index.levels import nonresponse_band, relative_levels
    from divide_index.publication.report import Report, domains_of_report, look_ahead
    from divide_index.scoring import score
    from divide_index.target import plan_goals

    given = one_source(session, survey, sources)
    past = _past(session, earlier, earlier_schemas, samples)
    if not outlook and levers_by is not None:
        raise click.UsageError(session.words("cli.report.levers"))
    if not outlook and published_error is not None:
        raise click.UsageError(session.words("cli.report.error"))
    if output is not None or kind is None:
        ending = checked_ending(output, _KIND_OF_ENDING if output is None else _ENDINGS)
        kind = kind or _KIND_OF_ENDING[ending]
    if kind == "html" and variant != "ua":
        raise click.UsageError(session.words("cli.report.variant", variant=variant))
    if output is None and kind == "pdf" and sys.stdout.isatty():
        raise click.UsageError(session.words("cli.report.terminal"))
    if output is not None:
        refuse_input(output, given, schema)
        for _, each in past:
            refuse_input(output, each)
        if plan:
            refuse_input(output, Path(plan))
        files.check_writable(output, force=force)
    if kind == "pdf":
        from divide_index.publication.report.pdf import check

        check(session.words("report.chapter.summary"))  # before the work: fonts and libraries
    goals = () if plan is None else plan_goals(plan or None)
    data = read_told(session, given, schema, lonely=lonely, verbose=verbose)
    result = relative_levels(
        score(data),
        domains_of_report(data.schema, listed(by)),
        formula=formula,  # pyright: ignore[reportArgumentType]
        confidence=confidence / 100,
    )
    years = _read_earlier(
        session, data, past, schemas_of(session, earlier_schemas) or schema, lonely=lonely
    )
    report = Report(
        result,
        session.language,
        nonresponse_band(result),
        disclosure,  # pyright: ignore[reportArgumentType]
        _decomposed(result) if decompose else None,
        goals=goals,
        outlook=look_ahead(result, listed(levers_by), std_error=published_error)
        if outlook
        else None,
        years=_compared(session, result, years, samples or "independent") if years else None,
    )
    _deliver(report, kind=kind, variant=variant, output=output, force=force)


def _past(
    session: Session, earlier: tuple[str, ...], schemas: tuple[str, ...], samples: str | None
) -> "list[tuple[int | None, Path | dict[str, Path]]]":
    """Return the files of earlier years with their years, None for one that its schema must say.

    Raises
    ------
    click.UsageError
        A malformed file, two of the same year, or an option of earlier years without any.
    """
    if earlier:
        several = tuple(each for each in earlier if _OF_SEVERAL.match(each))
        single = tuple(each for each in earlier if each not in several)
        return gathered(session, single, several)
    options = {"--earlier-schema": schemas, "--samples": samples}
    for option, value in options.items():
        if value:
            raise click.UsageError(session.words("cli.report.samples", option=option))
    return []


def _read_earlier(
    session: Session,
    data: "Survey",
    past: "Sequence[tuple[int | None, Path | dict[str, Path]]]",
    schema: str | dict[int, str] | None,
    *,
    lonely: str,
) -> "dict[int, Survey]":
    """Return the surveys of earlier years and this one, by year; nothing without earlier ones.

    Raises
    ------
    EstimationError
        DI-E367, DI-E368: a survey whose year is not said, or said twice.
    click.UsageError
        A year that is not before this survey's.
    """
    from divide_index.errors import EstimationError, Finding
    from divide_index.survey import of_year
    from divide_index.waves import refuse_repeated_files

    if not past:
        return {}
    own = data.schema.survey.year
    if own is None:
        raise EstimationError("DI-E367", schema=data.schema.name)
    if isinstance(schema, dict) and (unknown := sorted(set(schema) - {year for year, _ in past})):
        raise click.UsageError(session.words("cli.waves.unused", years=unknown))
    found: dict[int, Survey] = {}
    for year, files in sorted(past, key=lambda each: each[0] or 0):
        meaning = schema.get(year or 0) if isinstance(schema, dict) else schema
        survey = read_told(session, files, meaning, lonely=lonely, verbose=False)
        told = survey.schema.survey.year
        when = year or told
        if when is None:
            raise EstimationError("DI-E367", schema=survey.schema.name)
        if when in found:
            raise EstimationError("DI-E368", year=when)
        if told not in {None, when, own}:  # this survey's schema may serve an earlier file
            session.report(Finding.of("DI-W364", schema=survey.schema.name, says=told, year=when))
        found[when] = of_year(survey, when)
    late = sorted(year for year in found if year >= own)
    if late:
        raise click.UsageError(session.words("cli.report.later", years=late, own=own))
    found[own] = data
    refuse_repeated_files(found)
    return found


def _compared(
    session: Session,
    levels: "LevelResult",
    surveys: "dict[int, Survey]",
    samples: str,
) -> "ChangeResult":
    """Return the levels of several years, for the groups of the report or, without, its regions."""
    from divide_index.change import compare_years
    from divide_index.publication.report import domains_of_years
    from divide_index.waves import Waves

    result = compare_years(
        Waves(surveys, samples),  # pyright: ignore[reportArgumentType]
        domains_of_years(levels),
        formula=levels.formula,
        confidence=levels.confidence,
    )
    known = (*levels.scores.survey.findings, *levels.findings)
    session.report_all(each for each in result.findings if each not in known)
    return result


def _decomposed(levels: "LevelResult") -> "DecompositionResult":
    """Return why the groups and regions of some levels lag."""
    from divide_index.decomposition import decompose_gap
    from divide_index.publication.report import domains_of_decomposition

    return decompose_gap(
        levels.scores,
        domains_of_decomposition(levels),
        formula=levels.formula,
        confidence=levels.confidence,
    )


def _deliver(
    report: "Report", *, kind: str, variant: str, output: Path | None, force: bool
) -> None:
    from divide_index import output as files

    if kind == "html":
        page = report.to_html()
        if output is None:
            write_text(page)
        else:
            files.write_files({output: page.encode("utf-8")}, force=force)
    elif output is not None:
        report.to_pdf(output, variant=variant, force=force)  # pyright: ignore[reportArgumentType]
    else:
        write_bytes(report.to_pdf_bytes(variant=variant))  # pyright: ignore[reportArgumentType]
