"""``divide-index check``: what a schema finds wrong with survey files."""

from pathlib import Path

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

_KIND_OF_ENDING = {"": "table", ".txt": "table", ".json": "json"}


@click.command("check", short_help="Report what is wrong with a survey file.")
@survey_argument
@schema_option
@source_option
@click.option(
    "--format",
    "kind",
    type=click.Choice(["table", "json"]),
    help="By default the ending of -o, or table.",
)
@output_option
@force_option
@lang_option
@click.pass_obj
def command(
    session: Session,
    survey: Path | None,
    schema: str | None,
    sources: dict[str, Path],
    kind: str | None,
    output: Path | None,
    force: bool,  # noqa: FBT001  a flag of the command line
) -> None:
    """Read survey files and report everything the schema finds wrong, without computing.

    Exits with 1 when anything stands in the way of computing levels.
    """
    from divide_index import output as files
    from divide_index.cli.console import inspection_page
    from divide_index.inspection import check_survey
    from divide_index.publication.inspection import inspection_as_json
    from divide_index.schema import load_schema

    given = one_source(session, survey, sources)
    kind = kind or _KIND_OF_ENDING[checked_ending(output, _KIND_OF_ENDING)]
    if output is not None:
        refuse_input(output, given)
        files.check_writable(output, force=force)
    meaning = None if schema is None else load_schema(schema)
    session.survey_language = None if meaning is None else meaning.language
    inspection = check_survey(given, meaning)
    if inspection.schema is not None:
        session.survey_language = inspection.schema.language
    if kind == "json":
        text = inspection_as_json(inspection)
    else:
        text = inspection_page(inspection, session.language, to_terminal=output is None)
    if output is None:
        write_text(text)
    else:
        files.write_files({output: text.encode("utf-8")}, force=force)
    if not inspection.is_usable:
        raise click.exceptions.Exit(1)
