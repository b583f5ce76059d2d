"""``divide-index decompose``: why groups lag, from a survey file."""

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
    from divide_index.publication.decompositions import PublishedDecomposition

_FORMATS = ("table", "csv", "json")
_KIND_OF_ENDING = {"": "table", ".txt": "table", ".csv": "csv", ".json": "json"}


@click.command("decompose", short_help="Say why groups lag: what their composition explains.")
@survey_argument
@schema_option
@source_option
@click.option("--group", metavar="NAME,...", help="Groups to decompose; by default all.")
@click.option(
    "--factors",
    metavar="NAME,...",
    help="What groups may differ in, by name and no formula; by default the schema's factors.",
)
@click.option(
    "--by",
    metavar="DOMAIN,...",
    help="Domains and crosses (region*area, group*region); with --group, cells of these groups.",
)
@click.option(
    "--cells",
    metavar="DOMAIN,...",
    help="Domains with an effect of their own in the regression; by default the schema's.",
)
@click.option(
    "--nested",
    metavar="NAME,...;NAME,...",
    help="Sets of factors that enter one after the other; by default the schema's steps.",
)
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
    survey: Path | None,
    schema: str | None,
    sources: dict[str, Path],
    group: str | None,
    factors: str | None,
    by: str | None,
    cells: str | None,
    nested: str | None,
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
    """Divide groups' distances from the reference (= 100) into parts.

    What goes with their composition by age, education and the like, factor by factor, and what
    is left. Parts sum to the level on complete cases minus 100; no part is a cause.
    """
    from divide_index import output as files
    from divide_index.decomposition import decompose_gap
    from divide_index.publication.decompositions import (
        PublishedDecomposition,
        protect_decomposition,
    )
    from divide_index.scoring import score

    given = one_source(session, survey, sources)
    kind = kind or _KIND_OF_ENDING[checked_ending(output, _KIND_OF_ENDING)]
    if output is not None:
        refuse_input(output, given, schema)
        for path in places_of(output, kind):
            files.check_writable(path, force=force)
    data = read_told(session, given, schema, lonely=lonely, verbose=verbose)
    result = decompose_gap(
        score(data),
        listed(by),
        groups=listed(group) or None,
        factors=listed(factors) or None,
        cells=listed(cells) or None,
        nested=None
        if nested is None
        else [each for each in map(listed, nested.split(";")) if each],
        where=where,
        formula=formula,  # pyright: ignore[reportArgumentType]
        confidence=confidence / 100,
    )
    suppression = protect_decomposition(result) if disclosure == "report" else None
    if kind != "table":
        findings = result.findings if suppression is None else suppression.findings(result.findings)
        session.report_all(findings)
    published = PublishedDecomposition(result, suppression)
    _deliver(session, published, kind=kind, output=output, force=force)


def _deliver(
    session: Session,
    published: "PublishedDecomposition",
    *,
    kind: str,
    output: Path | None,
    force: bool,
) -> None:
    from divide_index import output as files
    from divide_index.publication.decomposition_files import (
        decomposition_as_csv,
        decomposition_as_json,
        decomposition_provenance,
    )

    lang = session.language
    if kind == "table":
        from divide_index.cli.console import render_decomposition

        text = render_decomposition(published, lang, to_terminal=output is None)
    elif kind == "json":
        text = decomposition_as_json(published, lang)
    else:
        text = decomposition_as_csv(published)
    if output is None:
        write_text(text)
        return
    contents = {output: encoded(text, kind, lang)}
    if kind == "csv":
        contents[sidecar_of(output)] = decomposition_provenance(published).encode("utf-8")
    files.write_files(contents, force=force)
