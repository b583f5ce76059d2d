"""``divide-index schemas``: list, show, draft and check survey schemas."""

import io
import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from divide_index.cli.context import (
    Session,
    checked_ending,
    force_option,
    lang_option,
    output_option,
    write_text,
)
from divide_index.cli.screen import new_console, printed
from divide_index.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from divide_index.errors import DivideIndexError, Finding
    from divide_index.publication.schemas import Listing, Row, Section

_STEP = 2  # columns by which a row stands inside another
_LONGEST_TERM = 28
_LONGEST_UNBROKEN = 40  # columns of a part of a text that keeps to one line
_KEPT = "\ue000"  # a space that breaks no line, until the page is printed
_ALIKE_AT_MOST = 5  # pieces of advice of one kind


@click.group("schemas", invoke_without_command=True, short_help="List, show and check schemas.")
@lang_option
@click.pass_context
def command(ctx: click.Context) -> None:
    """List, show, draft and check survey schemas.

    A schema says what the columns of a survey mean. Schemas are looked for in
    ./survey_schemas, $DIVIDE_INDEX_SCHEMAS, and the package. Without a command, they are
    listed.
    """
    session = ctx.ensure_object(Session)
    if session.lang is not None:  # given before the command, it holds for the command
        ctx.default_map = {name: {"lang": session.lang} for name in command.commands}
    if ctx.invoked_subcommand is None:
        _list(session)


@command.command("list", short_help="List the schemas at hand.")
@lang_option
@click.pass_obj
def list_schemas(session: Session) -> None:
    """List the schemas at hand, and those that cannot be used with the code of their error."""
    _list(session)


@command.command("show", short_help="Show what a schema says.")
@click.argument("name", metavar="NAME|PATH")
@lang_option
@click.pass_obj
def show_schema(session: Session, name: str) -> None:
    """Show a schema in full: files, design, populations, index, assumptions."""
    from divide_index.publication.schemas import schema_sections
    from divide_index.schema import load_schema

    schema = load_schema(name)
    session.survey_language = schema.language
    lang = session.language
    heading = f"{schema.title.of(lang)} ({schema.name})"
    write_text(_page(heading, schema_sections(schema, name, lang)))


@command.command("new", short_help="Draft a schema from a data file.")
@click.argument("data", metavar="DATAFILE", type=click.Path(readable=False, path_type=Path))
@click.option("--encoding", help="Text encoding of the file, such as cp949.")
@output_option
@force_option
@lang_option
@click.pass_obj
def draft(
    session: Session,
    data: Path,
    encoding: str | None,
    output: Path | None,
    force: bool,  # noqa: FBT001  a flag of the command line
) -> None:
    """Draft a schema from the columns, codes and labels of a data file.

    The draft shows no text a respondent wrote, no identifier, and nothing that fewer than
    three records hold. What no data file can tell is there as templates to fill in.
    """
    from divide_index import output as files
    from divide_index.drafting import drafted
    from divide_index.errors import Finding

    checked_ending(output, ("", ".yaml", ".yml", ".txt"))
    if output is not None:
        if output.exists() and data.exists() and output.samefile(data):
            raise OutputError("DI-E171", path=output.name)
        files.check_writable(output, force=force)
    name = None if output is None else output.stem
    made = drafted(data, lang=session.language, encoding=encoding, name=name)
    session.report_all(made.findings)
    if output is None:
        write_text(made.text)
        return
    files.write_files({output: made.text.encode("utf-8")}, force=force)
    session.report(Finding.of("DI-I071", path=str(output)))


@command.command("lint", short_help="Say all that is wrong with a schema.")
@click.argument("file", metavar="PATH|NAME")
@click.option("--all", "is_long", is_flag=True, help="List every piece of advice.")
@lang_option
@click.pass_obj
def lint(
    session: Session,
    file: str,
    is_long: bool,  # noqa: FBT001  a flag of the command line
) -> None:
    """Say all that is wrong with a schema, then what could be better, with line numbers.

    The exit code is 1 if there is an error, and 0 if there is only advice.
    """
    from divide_index import messages
    from divide_index.errors import SchemaError
    from divide_index.schema import lint_schema

    found = lint_schema(file)
    errors = [each for each in found if isinstance(each, SchemaError)]
    advice = [each for each in found if not isinstance(each, SchemaError)]
    lines = [_line(each, session) for each in errors]
    alike = groupby(sorted(advice, key=lambda each: each.code), key=lambda each: each.code)
    for code, group in alike:
        listed = [_line(each, session) for each in group]
        shown = listed if is_long else listed[:_ALIKE_AT_MOST]
        lines += shown
        if len(listed) > len(shown):
            rest = len(listed) - len(shown)
            lines.append(session.words("schemas.lint.more", kind=code, count=rest))
    name = messages.printable(Path(file).name)
    if not found:
        lines.append(session.words("schemas.lint.clean", schema=name))
    elif not errors:
        lines.append(session.words("schemas.lint.advice", schema=name, count=len(advice)))
    write_text("\n".join(lines) + "\n")
    if errors:
        raise SchemaError("DI-E210", schema=name, count=len(errors))


@command.command("json-schema", short_help="Write the format of schemas for editors.")
@output_option
@force_option
@lang_option
@click.pass_obj
def json_schema(
    session: Session,
    output: Path | None,
    force: bool,  # noqa: FBT001  a flag of the command line
) -> None:
    """Write the format of schemas as JSON Schema, so that an editor completes and checks them.

    Name it in the first line of a schema:
    # yaml-language-server: $schema=survey-schema.json
    """
    from divide_index import output as files
    from divide_index.errors import Finding
    from divide_index.schema import editor_schema

    checked_ending(output, ("", ".json"))
    text = json.dumps(editor_schema(), ensure_ascii=False, indent=2) + "\n"
    if output is None:
        write_text(text)
        return
    files.write_files({output: text.encode("utf-8")}, force=force)
    session.report(Finding.of("DI-I071", path=str(output)))


def _line(message: "DivideIndexError | Finding", session: Session) -> str:
    from divide_index import messages

    return messages.render(message.code, session.language, message.params)


# -- pages on a terminal ---------------------------------------------------------------------


def _list(session: Session) -> None:
    from divide_index.errors import DivideIndexError
    from divide_index.publication.schemas import schema_listing
    from divide_index.schema import SurveySchema, load_schema, packaged_schemas

    found: dict[str, SurveySchema | DivideIndexError] = {}
    for name in packaged_schemas():
        try:
            found[name] = load_schema(name)
        except DivideIndexError as error:
            found[name] = error
    write_text(_table(schema_listing(found, session.language)))


def _table(listing: "Listing") -> str:
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    from divide_index.messages import printable

    grid = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1, 0, 0), pad_edge=False)
    for index, column in enumerate(listing.columns):
        is_title = index == 1
        widest = max(cell_len(row[index]) for row in [listing.columns, *listing.rows])
        grid.add_column(
            column,
            justify="left" if index < 3 else "right",  # noqa: PLR2004  name, title, unit
            overflow="fold",
            ratio=1 if is_title else None,
            min_width=None if is_title else min(widest, _LONGEST_TERM),
        )
    for row in listing.rows:
        grid.add_row(*(Text(printable(cell)) for cell in row))
    console, buffer = new_console(to_terminal=True)
    console.print(grid)
    return _printed(buffer)


def _page(heading: str, sections: "Sequence[Section]") -> str:
    from rich.text import Text

    from divide_index.messages import printable

    console, buffer = new_console(to_terminal=True)
    console.print(Text(printable(heading), style="bold"))
    for section in sections:
        console.print()
        console.print(Text(printable(section.title), style="bold"))
        _print_rows(console, section.rows)
    return _printed(buffer)


def _print_rows(console: "Console", rows: "Sequence[Row]") -> None:
    """Print terms with their texts beside them, in columns that the section shares."""
    from rich.cells import cell_len
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from divide_index.messages import printable

    wide = [cell_len(row.term) + _STEP * row.depth for row in rows if row.text]
    width = min(max(wide, default=0), _LONGEST_TERM)
    for row in rows:
        term = Text(printable(row.term), style="bold" if row.is_head else "")
        indent = _STEP * (row.depth + 1)
        if row.is_typed:
            console.print(Text(" " * indent).append_text(term), soft_wrap=True)
        elif not row.text:
            console.print(Padding(term, (0, 0, 0, indent)))
        else:
            grid = Table.grid(padding=(0, 2, 0, 0))
            grid.add_column(width=max(width - indent + _STEP, 1), overflow="fold")
            grid.add_column(overflow="fold")
            grid.add_row(term, Text(_kept_together(printable(row.text))))
            console.print(Padding(grid, (0, 0, 0, indent)))


def _kept_together(text: str) -> str:
    """Return a text that is broken between its parts, and inside none but a long one."""
    from rich.cells import cell_len

    from divide_index.publication.schemas import BETWEEN

    parts = [
        part if cell_len(part) > _LONGEST_UNBROKEN else part.replace(" ", _KEPT)
        for part in text.split(BETWEEN)
    ]
    return (_KEPT + BETWEEN.lstrip()).join(parts)


def _printed(buffer: io.StringIO) -> str:
    text = buffer.getvalue().replace(_KEPT, " ")
    return printed(io.StringIO(text)).strip("\n") + "\n"
