"""What every command shares: the language, where words go, and how results are written."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from divide_index.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from divide_index.errors import DivideIndexError, Finding
    from divide_index.inference.calibration_design import Progress
    from divide_index.messages import Language


class ClosedPipeError(Exception):
    """Nobody reads the output any more."""


@dataclass(slots=True)
class Session:
    """One run: results go to stdout, words to stderr, in the language chosen.

    The language is the option's, else ``$DIVIDE_INDEX_LANG``, else Korean for a Korean survey,
    else English; never the machine's locale.
    """

    lang: "Language | None" = None

    survey_language: str | None = None

    @property
    def language(self) -> "Language":
        """The language in force."""
        asked = self.lang or os.environ.get("DIVIDE_INDEX_LANG")
        return "ko" if asked == "ko" or (asked != "en" and self.survey_language == "ko") else "en"

    def words(self, code: str, **params: object) -> str:
        """Return the words of a code in the session's language."""
        from divide_index import messages

        return messages.text(code, self.language, **params)

    def report(self, message: "DivideIndexError | Finding") -> None:
        """Print an error or a finding, code first, to stderr."""
        from divide_index import messages

        click.echo(messages.render(message.code, self.language, message.params), err=True)

    def report_all(self, findings: "Iterable[Finding]") -> None:
        """Print findings to stderr."""
        for finding in findings:
            self.report(finding)

    def progress(self) -> "Progress | None":
        """Return what tells on a terminal's stderr how much of a long run is done; else None."""
        if not sys.stderr.isatty():
            return None
        shown = -1

        def told(done: int, every: int) -> None:
            nonlocal shown
            share = 100 * done // every
            if share > shown:
                shown = share
                click.echo(f"\r{share:3d} %" if done < every else "\r     \r", nl=False, err=True)

        return told


def choose_language(ctx: click.Context, _: click.Parameter, value: "Language | None") -> None:
    """Set the session's language before anything can fail."""
    ctx.find_object(Session).lang = value  # pyright: ignore[reportOptionalMemberAccess]


lang_option = click.option(
    "--lang",
    type=click.Choice(["ko", "en"]),
    is_eager=True,
    expose_value=False,
    callback=choose_language,
    help="Language of tables and messages.",
)
output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; without it results go to stdout.",
)
schema_option = click.option(
    "--schema", metavar="NAME|PATH", help="Schema; by default the one that fits."
)
survey_argument = click.argument(
    "survey",
    metavar="[SURVEY]",
    required=False,
    type=click.Path(readable=False, path_type=Path),
)
force_option = click.option("--force", is_flag=True, help="Replace an existing file.")
confidence_option = click.option(
    "--confidence",
    type=click.FloatRange(50, 100, max_open=True),
    default=95.0,
    show_default=True,
    help="Confidence level of the intervals, in %.",
)
formula_option = click.option(
    "--formula",
    type=click.Choice(["weighted_ratios", "ratio_of_composites"]),
    help="How dimensions make the overall level; by default the schema's.",
)
lonely_option = click.option(
    "--lonely",
    type=click.Choice(["fail", "remove", "certainty", "adjust", "average"]),
    default="fail",
    show_default=True,
    help="What a stratum with a single PSU contributes to the variance.",
)
disclosure_option = click.option(
    "--disclosure",
    type=click.Choice(["report", "off"]),
    default="report",
    show_default=True,
    help="Suppress what would betray respondents; off marks the output INTERNAL.",
)
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Say on stderr what was read.")


def _named_sources(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> dict[str, Path]:
    """Return the files given with ``--source``, by name."""
    words = ctx.ensure_object(Session).words
    named: dict[str, Path] = {}
    for given in value:
        name, _, path = given.partition("=")
        name = name.strip()
        if not (name and path):
            raise click.BadParameter(words("cli.source.malformed", given=given), ctx, param)
        if name in named:
            raise click.BadParameter(words("cli.source.twice", name=name), ctx, param)
        named[name] = Path(path)
    return named


source_option = click.option(
    "--source",
    "sources",
    metavar="NAME=PATH",
    multiple=True,
    callback=_named_sources,
    help="One of several files of the schema; once for each.",
)


def named_paths(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> dict[str | None, Path]:
    """Return files by the name before each, None for the only one without."""
    words = ctx.ensure_object(Session).words
    found: dict[str | None, Path] = {}
    for given in value:
        name, mark, path = given.partition("=")
        named = bool(mark and name.strip() and path) and not Path(given).exists()
        key = name.strip() if named else None
        if key is None and len(value) > 1:
            raise click.BadParameter(words("cli.source.unnamed", path=given), ctx, param)
        if key is not None and key in found:
            raise click.BadParameter(words("cli.source.twice", name=key), ctx, param)
        found[key] = Path(path if named else given)
    return found


def refuse_idle(session: Session, needs: "Mapping[str, tuple[str, ...]]") -> None:
    """Refuse options that would change nothing, as none of what they are about was asked for.

    Parameters
    ----------
    needs
        By parameter those of which at least one must be given with it.

    Raises
    ------
    click.UsageError
        An option stands without what it needs.
    """
    ctx = click.get_current_context()
    options = {str(p.name): p.opts[0] for p in ctx.command.params}
    for name, others in needs.items():
        if is_given(ctx, name) and not any(is_given(ctx, other) for other in others):
            needed = " | ".join(options[other] for other in others)
            words = session.words("cli.option.idle", option=options[name], needed=needed)
            raise click.UsageError(words)


def is_given(ctx: click.Context, name: str) -> bool:
    """Return whether an option was typed, whatever it says."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def one_source(
    session: Session, survey: Path | None, sources: dict[str, Path]
) -> Path | dict[str, Path]:
    """Return the file, or the files by name; neither or both is a mistake in the command.

    Raises
    ------
    click.UsageError
        Neither a file nor ``--source`` was given, or both.
    """
    if survey is None and sources:
        return sources
    if survey is not None and not sources:
        return survey
    code = "cli.source.none" if survey is None else "cli.source.both"
    raise click.UsageError(session.words(code))


def listed(text: str | None) -> list[str]:
    """Return the names in a list with commas, each once."""
    return list(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def refuse_input(output: Path, given: Path | dict[str, Path], schema: str | None = None) -> None:
    """Refuse to write over a file that is read.

    Raises
    ------
    OutputError
        The output is one of the survey's files, or the schema's.
    """
    read = [given] if isinstance(given, Path) else [*given.values()]
    for path in (*read, *([] if schema is None else [Path(schema)])):
        if output.exists() and path.exists() and output.samefile(path):
            raise OutputError("DI-E171", path=output.name)


def checked_ending(output: Path | None, known: "Iterable[str]") -> str:
    """Return the ending of a file's name; text under the name of another kind is refused.

    Raises
    ------
    OutputError
        The ending promises a kind of file that is not written here.
    """
    ending = "" if output is None else output.suffix.lower()
    if ending not in known:
        raise OutputError("DI-E170", ending=ending, known=[each for each in known if each])
    return ending


def places_of(output: Path, kind: str) -> list[Path]:
    """Return the files that a result is written to: a CSV file has a sidecar."""
    return [output, sidecar_of(output)] if kind == "csv" else [output]


def sidecar_of(output: Path) -> Path:
    """Return where the provenance of a file stands that cannot hold its own."""
    return output.with_name(f"{output.name}.provenance.json")


def encoded(text: str, kind: str, lang: "Language") -> bytes:
    """Return a result as bytes: Korean Excel reads CSV without a byte order mark as CP949."""
    return text.encode("utf-8-sig" if kind == "csv" and lang == "ko" else "utf-8")


def write_text(text: str) -> None:
    """Print a result to stdout as UTF-8, whatever the machine's locale.

    Raises
    ------
    ClosedPipeError
        The reader went away, which is no fault.
    """
    write_bytes(text.encode("utf-8"))


def write_bytes(content: bytes) -> None:
    """Print a result to stdout as it is.

    Raises
    ------
    ClosedPipeError
        The reader went away, which is no fault.
    """
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]  started with >&-
        raise ClosedPipeError
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ClosedPipeError from error
