"""``divide-index simulate``: a survey of people who do not exist."""

from pathlib import Path

import click

from divide_index.cli.context import (
    Session,
    checked_ending,
    force_option,
    lang_option,
    output_option,
    write_text,
)


@click.command("simulate", short_help="Simulate a survey file.")
@click.option("--schema", metavar="NAME", default="example", show_default=True, help="Schema.")
@click.option("--seed", type=click.IntRange(min=0), required=True, help="Seed; the same, the same.")
@click.option("--n", "size", type=click.IntRange(min=1), help="Number of records.")
@output_option
@force_option
@lang_option
@click.pass_obj
def command(
    session: Session,
    schema: str,
    seed: int,
    size: int | None,
    output: Path | None,
    force: bool,  # noqa: FBT001  a flag of the command line
) -> None:
    """Simulate a survey with strata, PSUs, weights, routing and item nonresponse.

    Every record says that it is synthetic, and so does every result made from it.
    """
    from divide_index import output as files
    from divide_index.errors import Finding
    from divide_index.simulate import simulate_survey

    checked_ending(output, ("", ".csv", ".txt"))
    if output is not None:
        files.check_writable(output, force=force)
    frame = simulate_survey(schema, seed=seed, n=size)
    text = str(frame.to_csv(index=False, lineterminator="\n"))
    if output is None:
        write_text(text)
        return
    files.write_files({output: text.encode("utf-8")}, force=force)
    session.report(Finding.of("DI-I071", path=str(output)))
