"""How a command reads a survey, and tells what it read."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from divide_index.cli.context import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from divide_index.survey import Survey
    from divide_index.waves import Waves


def read_told(
    session: Session,
    given: Path | dict[str, Path],
    schema: str | None,
    *,
    lonely: str,
    verbose: bool,
    replicates: bool = False,
) -> "Survey":
    """Read a survey; on stderr stands what is surprising in it, and in full what was read."""
    from divide_index.errors import Finding
    from divide_index.schema import load_schema
    from divide_index.survey import read_survey

    meaning = None if schema is None else load_schema(schema)
    session.survey_language = None if meaning is None else meaning.language
    data = read_survey(
        given,
        meaning,
        lonely_psu=lonely,  # pyright: ignore[reportArgumentType]
        replicates=replicates,
    )
    session.survey_language = data.schema.language
    if schema is None:
        session.report(Finding.of("DI-I072", schema=data.schema.name))
    if verbose:
        _tell_in_full(session, data)
    if data.is_synthetic:
        session.report(Finding.of("DI-I069"))
    session.report_all(data.findings)
    return data


def read_waves_told(
    session: Session,
    given: "Sequence[tuple[int | None, Path | dict[str, Path]]]",
    schema: str | dict[int, str] | None,
    *,
    wave: str | None,
    samples: str,
    lonely: str,
    verbose: bool,
) -> "Waves":
    """Read the files of several years, each told as :func:`read_told` does; or one, split.

    Raises
    ------
    EstimationError
        DI-E367, DI-E368: a file whose year is not said, or said twice.
    click.UsageError
        Several files for ``--wave``, or one schema of a year for it.
    """
    from divide_index.errors import EstimationError, Finding
    from divide_index.survey import of_year
    from divide_index.waves import Waves, refuse_repeated_files

    if wave is not None:
        if len(given) != 1 or isinstance(schema, dict):
            raise click.UsageError(session.words("cli.waves.stacked"))
        [(_, file)] = given
        stacked = read_told(session, file, schema, lonely=lonely, verbose=verbose)
        return Waves.split(stacked, wave, samples=samples)  # pyright: ignore[reportArgumentType]
    found: dict[int, Survey] = {}
    if isinstance(schema, dict):
        unknown = sorted(set(schema) - {year for year, _ in given})
        if unknown:
            raise click.UsageError(session.words("cli.waves.unused", years=unknown))
    for year, file in sorted(given, key=lambda each: each[0] or 0):
        meaning = schema.get(year or 0) if isinstance(schema, dict) else schema
        survey = read_told(session, file, meaning, lonely=lonely, verbose=verbose)
        own = year or survey.schema.survey.year
        if own is None:
            raise EstimationError("DI-E367", schema=survey.schema.name)
        if own in found:
            raise EstimationError("DI-E368", year=own)
        told = survey.schema.survey.year
        if told not in {None, own} and not isinstance(schema, str):  # one for all is of one year
            session.report(Finding.of("DI-W364", schema=survey.schema.name, says=told, year=own))
        found[own] = of_year(survey, own)
    refuse_repeated_files(found)
    return Waves(found, samples)  # pyright: ignore[reportArgumentType]


def _tell_in_full(session: Session, data: "Survey") -> None:
    from divide_index.errors import Finding

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
