"""``divide-index weight``: from a sample to weights that reach what is known of the population."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from divide_index.cli.context import (
    Session,
    checked_ending,
    force_option,
    lang_option,
    listed,
    lonely_option,
    named_paths,
    one_source,
    output_option,
    refuse_idle,
    refuse_input,
    schema_option,
    source_option,
    survey_argument,
    verbose_option,
    write_text,
)
from divide_index.cli.surveys import read_told

if TYPE_CHECKING:
    from divide_index.inference.replication import Replicates
    from divide_index.survey import Survey
    from divide_index.weighting import WeightDiagnostics

_KINDS = ("table", "json")
_METHODS = ("raking", "linear", "logit")
_PEOPLE = re.compile("[0-9]+")
"""A number of people: a point or a comma may be a mark for thousands, and is none of it."""

_NEEDS = {
    **dict.fromkeys(("bounds", "keep_others", "method", "shares", "total"), ("margins",)),
    "by": ("margins", "template"),
    "nonresponse": ("nonresponse_by",),
    **dict.fromkeys(("nonresponse_by", "respondents"), ("nonresponse",)),
    **dict.fromkeys(("no_recalibrate", "trim_times"), ("trim",)),
    "replicates": ("output",),
    "seed": ("replicates",),
}
"""By option what must be given with it, one of these: without, it would change nothing."""


def _bounds(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[float, float] | None:
    """Return two numbers; one end may be left out, and is open."""
    if value is None:
        return None
    low, comma, high = value.partition(",")
    try:
        bounds = float(low or "-inf"), float(high or "inf")
    except ValueError:
        bounds = (1.0, 0.0)
    if not comma or bounds == (-math.inf, math.inf) or not bounds[0] <= bounds[1]:  # or NaN
        words = ctx.ensure_object(Session).words
        raise click.BadParameter(words("cli.weight.bounds", given=value), ctx, param)
    return bounds


@click.command("weight", short_help="Make weights that reach known totals.")
@survey_argument
@schema_option
@source_option
@click.option(
    "--margins",
    "margins",
    metavar="[NAME=]PATH",
    multiple=True,
    callback=named_paths,
    help="Known totals: CSV, XLSX or resident registration; NAME is the sample they are of.",
)
@click.option(
    "--by", metavar="MARGIN,...", help="Margins to take of the file, or to write in the template."
)
@click.option("--shares", is_flag=True, help="Plain numbers of the margins are shares.")
@click.option("--total", metavar="[NAME=]N,...", help="People of the population, for shares.")
@click.option("--keep-others", is_flag=True, help="Samples without margins keep their weights.")
@click.option(
    "--method",
    type=click.Choice(_METHODS),
    default="raking",
    show_default=True,
    help="Distance of the calibration; raking keeps weights positive.",
)
@click.option(
    "--bounds",
    metavar="LOW,HIGH",
    callback=_bounds,
    help="Bounds of the ratio of calibrated to earlier weight, such as 0.3,3.",
)
@click.option(
    "--nonresponse",
    type=click.Choice(["classes", "propensity"]),
    help="Raise respondents first, in classes or by their chance to respond.",
)
@click.option("--nonresponse-by", metavar="NAME,...", help="What is known of everybody.")
@click.option(
    "--respondents", metavar="CONDITION", help="Who responded; by default the schema's response."
)
@click.option("--trim", metavar="LOW,HIGH", callback=_bounds, help="Cut weights at bounds.")
@click.option(
    "--trim-times",
    type=click.Choice(["median", "mean", "weight"]),
    default="median",
    show_default=True,
    help="What the bounds of --trim are multiples of.",
)
@click.option(
    "--no-recalibrate", is_flag=True, help="Do not reach the margins again after trimming."
)
@click.option(
    "--replicates", type=click.IntRange(2, 100_000), help="Write so many bootstrap replicates too."
)
@click.option("--seed", type=click.IntRange(min=0), help="Of the replicates, which need one.")
@click.option(
    "--template", type=click.Path(path_type=Path), help="Write a workbook of margins to fill in."
)
@click.option("--picture", type=click.Path(path_type=Path), help="Draw the weights: PNG or SVG.")
@lonely_option
@click.option(
    "--format",
    "kind",
    type=click.Choice(_KINDS),
    default="table",
    show_default=True,
    help="Of the diagnostics on stdout.",
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
    margins: dict[str | None, Path],
    by: str | None,
    shares: bool,  # noqa: FBT001  flags of the command line
    total: str | None,
    keep_others: bool,  # noqa: FBT001
    method: str,
    bounds: tuple[float, float] | None,
    nonresponse: str | None,
    nonresponse_by: str | None,
    respondents: str | None,
    trim: tuple[float, float] | None,
    trim_times: str,
    no_recalibrate: bool,  # noqa: FBT001
    replicates: int | None,
    seed: int | None,
    template: Path | None,
    picture: Path | None,
    lonely: str,
    kind: str,
    output: Path | None,
    force: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
) -> None:
    """Weight a survey to known totals of its population, and show what became of the weights.

    The weighted file (-o) keeps every column, the weight before, and the one after each step;
    NAME.design.json beside it tells how they were made, so that compute knows what the
    calibration left uncertain. Steps come in this order: nonresponse, calibration, trimming.

    With --template FILE.xlsx nothing is weighted: a workbook of margins is written, to fill in.
    """
    from divide_index.cli.console import render_weights
    from divide_index.publication.weights import weights_as_json
    from divide_index.weighting import weight_diagnostics

    refuse_idle(session, _NEEDS)
    if template is not None:
        if margins or nonresponse or trim or output or picture:
            raise click.UsageError(session.words("cli.weight.template_alone"))
        _write_template(session, template, schema, by=by, force=force)
        return
    given = one_source(session, survey, sources)
    if not margins and nonresponse is None and trim is None:
        raise click.UsageError(session.words("cli.weight.nothing"))
    _check_bounds(session, method, bounds)
    read = [*margins.values(), *([] if schema is None else [Path(schema)])]
    _check_places(session, [output, picture], given, read, force=force)
    data = read_told(session, given, schema, lonely=lonely, verbose=verbose)
    noticed = len(data.findings)
    if nonresponse is not None:
        data = _adjusted(data, nonresponse, listed(nonresponse_by), respondents)
    if margins:
        options: dict[str, Any] = {
            "total": _totals(session, total),
            "kind": "shares" if shares else None,
            "by": listed(by) or None,
            "keep_others": keep_others,
        }
        data = _calibrated(data, margins, method, bounds, options)
    if trim is not None:
        data = _trimmed(
            data, trim, trim_times, recalibrate=_is_calibrated(data) and not no_recalibrate
        )
    session.report_all(data.findings[noticed:])
    diagnostics = weight_diagnostics(data)
    made = None
    if replicates is not None and output is not None:
        from divide_index.inference.replication import replicates_of

        made = replicates_of(data.design, "bootstrap", count=replicates, seed=seed)
    out = _Output(output, picture, made, seed)
    _write(session, data, diagnostics, given, out, force=force)
    if kind == "json":
        write_text(weights_as_json(diagnostics, data))
    else:
        write_text(render_weights(diagnostics, session.language, to_terminal=True))


@dataclass(frozen=True, slots=True)
class _Output:
    """What is written: the weighted file with its replicates, and the picture."""

    weighted: Path | None
    picture: Path | None
    replicates: "Replicates | None" = None
    seed: int | None = None


def _write(
    session: Session,
    data: "Survey",
    diagnostics: "WeightDiagnostics",
    given: Path | dict[str, Path],
    out: _Output,
    *,
    force: bool,
) -> None:
    """Write the weighted file and the picture, all of it or nothing."""
    from divide_index import output as files
    from divide_index.errors import Finding

    contents: dict[Path, bytes] = {}
    if out.weighted is not None:
        from divide_index.weighting import weighted_files

        made = weighted_files(
            data,
            given,
            out.weighted.name,
            replicates=out.replicates,
            seed=out.seed,
            progress=session.progress(),
        )
        contents |= {out.weighted.with_name(name): content for name, content in made.items()}
    if out.picture is not None:
        from divide_index.publication.figures.weight_figures import weight_picture

        drawn = out.picture.suffix.lower().lstrip(".") or "png"
        contents[out.picture] = weight_picture(diagnostics, session.language, kind=drawn)
    if contents:
        files.write_files(contents, force=force)
    for path in contents:
        session.report(Finding.of("DI-I071", path=str(path)))


def _check_bounds(session: Session, method: str, bounds: tuple[float, float] | None) -> None:
    """Refuse a logit without both its ends before the survey is read."""
    if method == "logit" and not (bounds and all(map(math.isfinite, bounds))):
        raise click.UsageError(session.words("cli.weight.logit"))


def _check_places(
    session: Session,
    places: list[Path | None],
    given: Path | dict[str, Path],
    read: list[Path],
    *,
    force: bool,
) -> None:
    """Refuse places that cannot be written, that are read, or that are one for two files."""
    from divide_index import output as files

    output, picture = places
    checked_ending(output, ("", ".csv", ".txt"))
    checked_ending(picture, ("", ".png", ".svg"))
    if output is not None and picture is not None and output.resolve() == picture.resolve():
        raise click.UsageError(session.words("cli.weight.same_place", path=str(output)))
    for path in filter(None, places):
        refuse_input(path, given)
        for known in read:
            refuse_input(path, known)
        files.check_writable(path, force=force)


def _adjusted(data: "Survey", method: str, by: list[str], respondents: str | None) -> "Survey":
    from divide_index.weighting import adjust_nonresponse

    return adjust_nonresponse(
        data,
        by,
        respondents=respondents,
        method=method,  # pyright: ignore[reportArgumentType]
    )


def _calibrated(
    data: "Survey",
    margins: dict[str | None, Path],
    method: str,
    bounds: tuple[float, float] | None,
    options: dict[str, Any],
) -> "Survey":
    from divide_index.weighting import calibrate, rake

    known = margins.get(None, margins)
    if method == "raking" and bounds is None:
        return rake(data, known, **options)
    return calibrate(
        data,
        known,
        distance=method,  # pyright: ignore[reportArgumentType]
        bounds=bounds,
        **options,
    )


def _is_calibrated(data: "Survey") -> bool:
    """Return whether there is a calibration to repeat, of this command or of the file's making."""
    return any(step.samples for step in data.weighting)


def _trimmed(
    data: "Survey", bounds: tuple[float, float], times: str, *, recalibrate: bool
) -> "Survey":
    from divide_index.weighting import trim

    return trim(
        data,
        lower=0.0 if bounds[0] == -math.inf else bounds[0],
        upper=bounds[1],
        times=times,  # pyright: ignore[reportArgumentType]
        recalibrate=recalibrate,
    )


def _totals(session: Session, given: str | None) -> float | dict[str, float] | None:
    """Return the people of the population, by sample where names stand before them."""
    if given is None:
        return None
    if _PEOPLE.fullmatch(given.strip()):
        return float(given)
    named: dict[str, float] = {}
    for part in given.split(","):
        name, number = (each.strip() for each in part.rpartition("=")[::2])
        if not name or name in named or not _PEOPLE.fullmatch(number):
            raise click.UsageError(session.words("cli.weight.total", given=given))
        named[name] = float(number)
    return named


def _write_template(
    session: Session, template: Path, schema: str | None, *, by: str | None, force: bool
) -> None:
    """Write a workbook of the schema's categories, to fill in."""
    from divide_index import output as files
    from divide_index.errors import Finding
    from divide_index.margins import margins_template
    from divide_index.schema import load_schema

    if schema is None:
        raise click.UsageError(session.words("cli.weight.template"))
    checked_ending(template, (".xlsx",))
    files.check_writable(template, force=force)
    content = margins_template(load_schema(schema), by=listed(by) or None, lang=session.language)
    files.write_files({template: content}, force=force)
    session.report(Finding.of("DI-I071", path=str(template)))
