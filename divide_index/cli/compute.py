"""``divide-index compute``: from a survey file to levels."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from divide_index.cli.context import (
    Session,
    checked_ending,
    force_option,
    lang_option,
    one_source,
    output_option,
    refuse_input,
    schema_option,
    source_option,
    survey_argument,
    write_text,
)

if TYPE_CHECKING:
    from divide_index.levels import LevelResult, NonresponseBand
    from divide_index.publication.disclosure import Suppression
    from divide_index.survey import Survey

_FORMATS = ("table", "csv", "json")
_KIND_OF_ENDING = {"": "table", ".txt": "table", ".csv": "csv", ".json": "json"}


@click.command("compute", short_help="Compute levels from a survey file.")
@survey_argument
@schema_option
@source_option
@click.option(
    "--by", metavar="DOMAIN,...", help="Domains to list, and crosses: region,region*area,group*region."
)
@click.option("--group", metavar="NAME,...", help="Groups to select; by default all of the schema.")
@click.option("--where", metavar="CONDITION", help="A domain, such as: age >= 65. Never a filter.")
@click.option(
    "--confidence",
    type=click.FloatRange(50, 100, max_open=True),
    default=95.0,
    show_default=True,
    help="Confidence level of the intervals, in %.",
)
@click.option(
    "--formula",
    type=click.Choice(["weighted_ratios", "ratio_of_composites"]),
    help="How dimensions make the overall level; by default the schema's.",
)
@click.option(
    "--cases",
    type=click.Choice(["available", "complete", "answered"]),
    default="available",
    show_default=True,
    help="Who counts: who has the dimension, who has all, or means of all items answered.",
)
@click.option(
    "--lonely",
    type=click.Choice(["fail", "remove", "certainty", "adjust", "average"]),
    default="fail",
    show_default=True,
    help="What a stratum with a single PSU contributes to the variance.",
)
@click.option(
    "--disclosure",
    type=click.Choice(["report", "off"]),
    default="report",
    show_default=True,
    help="Suppress what would betray respondents; off marks the output INTERNAL.",
)
@click.option(
    "--format", "kind", type=click.Choice(_FORMATS), help="By default the ending of -o, or table."
)
@output_option
@force_option
@lang_option
@click.option("-v", "--verbose", is_flag=True, help="Say on stderr what was read.")
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
    from divide_index.levels import nonresponse_band, relative_levels
    from divide_index.schema import load_schema
    from divide_index.scoring import score
    from divide_index.survey import read_survey

    given = one_source(session, survey, sources)
    kind = kind or _kind_of(output)
    if output is not None:
        refuse_input(output, given)
        for path in _places(output, kind):
            files.check_writable(path, force=force)
    meaning = None if schema is None else load_schema(schema)
    session.survey_language = None if meaning is None else meaning.language
    data = read_survey(given, meaning, lonely_psu=lonely)  # pyright: ignore[reportArgumentType]
    session.survey_language = data.schema.language
    _tell(session, data, named=schema is not None, verbose=verbose)
    scores = score(data)
    domains, groups = _listed(by), _listed(group) or None
    result = relative_levels(
        scores,
        domains,
        groups=groups,
        where=where,
        formula=formula,  # pyright: ignore[reportArgumentType]
        cases=cases,  # pyright: ignore[reportArgumentType]
        confidence=confidence / 100,
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
    _deliver(session, result, band, suppression, kind=kind, output=output, force=force)


def _tell(session: Session, data: "Survey", *, named: bool, verbose: bool) -> None:
    from divide_index.errors import Finding

    if not named:
        session.report(Finding.of("DI-I072", schema=data.schema.name))
    if verbose:
        for origin in data.origins:
            session.report(
                Finding.of(
                    "DI-I070",
                    path=origin.name,
                    kind=", ".join(filter(None, (origin.kind, origin.encoding))),
                    records=origin.records,
                )
            )
        session.report(
            Finding.of(
                "DI-I073",
                schema=data.schema.name,
                records=data.records,
                psus=data.design.psus,
                strata=len(data.design.stratum_labels),
            )
        )
    if data.is_synthetic:
        session.report(Finding.of("DI-I069"))
    session.report_all(data.findings)


def _deliver(
    session: Session,
    result: "LevelResult",
    band: "NonresponseBand | None",
    suppression: "Suppression | None",
    *,
    kind: str,
    output: Path | None,
    force: bool,
) -> None:
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
    # Korean Excel reads a CSV file without a byte order mark as CP949.
    encoding = "utf-8-sig" if kind == "csv" and session.language == "ko" else "utf-8"
    contents = {output: text.encode(encoding)}
    if kind == "csv":
        contents[_sidecar(output)] = provenance_as_json(result, suppression).encode("utf-8")
    files.write_files(contents, force=force)


def _places(output: Path, kind: str) -> list[Path]:
    return [output, _sidecar(output)] if kind == "csv" else [output]


def _sidecar(output: Path) -> Path:
    return output.with_name(f"{output.name}.provenance.json")


def _kind_of(output: Path | None) -> str:
    return _KIND_OF_ENDING[checked_ending(output, _KIND_OF_ENDING)]


def _listed(text: str | None) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))
