"""How a command reads a survey, and tells what it read."""

from pathlib import Path
from typing import TYPE_CHECKING

from divide_index.cli.context import Session

if TYPE_CHECKING:
    from divide_index.survey import Survey


def read_told(
    session: Session,
    given: Path | dict[str, Path],
    schema: str | None,
    *,
    lonely: str,
    verbose: bool,
) -> "Survey":
    """Read a survey; on stderr stands what is surprising in it, and in full what was read."""
    from divide_index.errors import Finding
    from divide_index.schema import load_schema
    from divide_index.survey import read_survey

    meaning = None if schema is None else load_schema(schema)
    session.survey_language = None if meaning is None else meaning.language
    data = read_survey(given, meaning, lonely_psu=lonely)  # pyright: ignore[reportArgumentType]
    session.survey_language = data.schema.language
    if schema is None:
        session.report(Finding.of("DI-I072", schema=data.schema.name))
    if verbose:
        _tell_in_full(session, data)
    if data.is_synthetic:
        session.report(Finding.of("DI-I069"))
    session.report_all(data.findings)
    return data


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
