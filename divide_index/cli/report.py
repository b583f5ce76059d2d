"""``divide-index report``: from a survey file to a report as PDF or as a web page."""

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

if TYPE_CHECKING:
    from divide_index.decomposition import DecompositionResult
    from divide_index.levels import LevelResult
    from divide_index.publication.report import Report

_KIND_OF_ENDING = {"": "pdf", ".pdf": "pdf", ".html": "html", ".htm": "html"}
_ENDINGS = (".pdf", ".html", ".htm")  # of a file; stdout has none


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
    from divide_index.publication.report import Report, domains_of_report
    from divide_index.scoring import score

    given = one_source(session, survey, sources)
    if output is not None or kind is None:
        ending = checked_ending(output, _KIND_OF_ENDING if output is None else _ENDINGS)
        kind = kind or _KIND_OF_ENDING[ending]
    if kind == "html" and variant != "ua":
        raise click.UsageError(session.words("cli.report.variant", variant=variant))
    if output is None and kind == "pdf" and sys.stdout.isatty():
        raise click.UsageError(session.words("cli.report.terminal"))
    if output is not None:
        refuse_input(output, given, schema)
        files.check_writable(output, force=force)
    if kind == "pdf":
        from divide_index.publication.report.pdf import check

        check(session.words("report.chapter.summary"))  # before the work: fonts and libraries
    data = read_told(session, given, schema, lonely=lonely, verbose=verbose)
    result = relative_levels(
        score(data),
        domains_of_report(data.schema, listed(by)),
        formula=formula,  # pyright: ignore[reportArgumentType]
        confidence=confidence / 100,
    )
    report = Report(
        result,
        session.language,
        nonresponse_band(result),
        disclosure,  # pyright: ignore[reportArgumentType]
        _decomposed(result) if decompose else None,
    )
    _deliver(report, kind=kind, variant=variant, output=output, force=force)


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
