"""``divide-index compute``: from a survey file to levels."""

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
    is_given,
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
    from divide_index.levels import LevelResult, NonresponseBand
    from divide_index.publication.disclosure import Suppression

_FORMATS = ("table", "csv", "json")
_KIND_OF_ENDING = {"": "table", ".txt": "table", ".csv": "csv", ".json": "json"}


_USED = {"bootstrap": {"replicates", "seed"}, "brr": {"fay"}}
"""Options of replicates, by the variance that has them."""


@click.command("compute", short_help="Compute levels from a survey file.")
@survey_argument
@schema_option
@source_option
@click.option(
    "--by",
    metavar="DOMAIN,...",
    help="Domains to list, and crosses: region,region*area,group*region.",
)
@click.option("--group", metavar="NAME,...", help="Groups to select; by default all of the schema.")
@click.option("--where", metavar="CONDITION", help="A domain, such as: age >= 65. Never a filter.")
@confidence_option
@formula_option
@click.option(
    "--cases",
    type=click.Choice(["available", "complete", "answered"]),
    default="available",
    show_default=True,
    help="Who counts: who has the dimension, who has all, or means of all items answered.",
)
@lonely_option
@click.option(
    "--variance",
    type=click.Choice(["taylor", "bootstrap", "jackknife", "brr", "supplied"]),
    default="taylor",
    show_default=True,
    help="How standard errors are estimated.",
)
@click.option(
    "--replicates",
    type=click.IntRange(2, 100_000),
    default=1000,
    show_default=True,
    help="Replicates of the bootstrap.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Of the bootstrap, which needs one.")
@click.option(
    "--fay",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    help="Of brr: what the half left out keeps of its weight.",
)
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
    group: str | None,
    where: str | None,
    confidence: float,
    formula: str | None,
    cases: str,
    lonely: str,
    variance: str,
    replicates: int,
    seed: int | None,
    fay: float,
    disclosure: str,
    kind: str | None,
    output: Path | None,
    force: bool,  # noqa: FBT001  a flag of the command line
    verbose: bool,  # noqa: FBT001
) -> None:
    """Compute levels relative to the reference population (= 100).

    SURVEY is a CSV, XLSX, SPSS, Stata or Parquet file; a schema of several files takes each
    with --source. Without --schema, the only schema whose columns and codes all fit is used and
    named.
    """
    from divide_index import output as files
    from divide_index.levels import VarianceMethod, nonresponse_band, relative_levels
    from divide_index.scoring import score

    _refuse_idle(session, variance)
    given = one_source(session, survey, sources)
    kind = kind or _kind_of(output)
    if output is not None:
        refuse_input(output, given, schema)
        for path in places_of(output, kind):
            files.check_writable(path, force=force)
    supplied = variance == "supplied"
    data = read_told(session, given, schema, lonely=lonely, verbose=verbose, replicates=supplied)
    scores = score(data)
    domains, groups = listed(by), listed(group) or None
    result = relative_levels(
        scores,
        domains,
        groups=groups,
        where=where,
        formula=formula,  # pyright: ignore[reportArgumentType]
        cases=cases,  # pyright: ignore[reportArgumentType]
        confidence=confidence / 100,
        variance=VarianceMethod(variance, replicates, seed, fay),  # pyright: ignore[reportArgumentType]
        progress=session.progress(),
    )
    band = None
    if cases == "available" and kind != "csv":
        band = nonresponse_band(result, groups=groups)
    suppression = None
    if disclosure == "report":
        from divide_index.publication.disclosure import protect

        suppression = protect(result, band=band)
    if kind != "table":
        findings = result.findings if suppression is None else suppression.findings(result.findings)
        session.report_all(findings)
    deliver_levels(session, result, band, suppression, kind=kind, output=output, force=force)


def deliver_levels(
    session: Session,
    result: "LevelResult",
    band: "NonresponseBand | None",
    suppression: "Suppression | None",
    *,
    kind: str,
    output: Path | None,
    force: bool,
) -> None:
    """Print levels, or write them to a file with what they rest on."""
    from divide_index import output as files
    from divide_index.publication.files import levels_as_csv, levels_as_json, provenance_as_json

    if kind == "table":
        from divide_index.cli.console import render

        text = render(
            result, band, session.language, suppression=suppression, to_terminal=output is None
        )
    elif kind == "json":
        text = levels_as_json(result, band, suppression)
    else:
        text = levels_as_csv(result, suppression)
    if output is None:
        write_text(text)
        return
    contents = {output: encoded(text, kind, session.language)}
    if kind == "csv":
        contents[sidecar_of(output)] = provenance_as_json(result, suppression).encode("utf-8")
    files.write_files(contents, force=force)


def _kind_of(output: Path | None) -> str:
    return _KIND_OF_ENDING[checked_ending(output, _KIND_OF_ENDING)]


def _refuse_idle(session: Session, variance: str) -> None:
    """Refuse options of replicates that the variance does not have."""
    ctx = click.get_current_context()
    options = {str(p.name): p.opts[0] for p in ctx.command.params}
    for method, names in _USED.items():
        idle = [options[name] for name in sorted(names) if is_given(ctx, name)]
        if idle and variance != method:
            words = session.words("cli.compute.idle", options=idle, variance=method)
            raise click.UsageError(words)
