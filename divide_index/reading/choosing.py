"""Which packaged schema the files given fit, by their columns and codes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from divide_index.errors import DivideIndexError, SchemaError
from divide_index.reading.gate import Ledger
from divide_index.reading.sources import Opener, file_names, located, opened_as_said
from divide_index.schema import (
    SurveySchema,
    columns_of,
    joined_files,
    load_schema,
    only_file,
    packaged_schemas,
)

T = TypeVar("T")

_CODE_ERRORS = {"DI-E011", "DI-E034", "DI-E035", "DI-E177"}
_NEAREST_SHOWN = 3
_COLUMNS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class _Misfit:
    """Why a schema does not fit: columns, files or codes; ``rank`` is 0 where little is wrong."""

    name: str
    rank: int
    lacking: tuple[str, ...]
    error: DivideIndexError | None = None

    def __str__(self) -> str:
        more = len(self.lacking) - _COLUMNS_SHOWN
        shown = ", ".join(self.lacking[:_COLUMNS_SHOWN])
        return f"{self.name}: {shown}" + (f", … (+{more})" if more > 0 else "")


def only_fitting(
    opener: Opener, read: Callable[[Opener, SurveySchema, Ledger], T]
) -> tuple[T, Ledger]:
    """Return what the one packaged schema reads whose columns and codes all fit.

    Parameters
    ----------
    opener
        The files given.
    read
        Reads and checks them by a schema.

    Raises
    ------
    SchemaError, InputError
        None fits (the nearest are named with what does not), several do, or no file opens.
    """
    found: dict[str, tuple[T, Ledger]] = {}
    misfits: list[_Misfit] = []
    for name in packaged_schemas():
        try:
            schema = load_schema(name)
        except SchemaError as error:
            misfits.append(_Misfit(name, 2, (error.code,)))
            continue
        misfit = _misfit(opener, schema)
        if misfit is None:
            ledger = Ledger(stops=False)
            gathered = read(opener, schema, ledger)
            codes = [error for error in ledger.errors if error.code in _CODE_ERRORS]
            if not codes:
                found[name] = gathered, ledger
                continue
            params = [error.params for error in codes]
            told = (p.get("offences") or p.get("cells") or p.get("labels") for p in params)
            misfit = _Misfit(name, 0, tuple(str(each) for each in told))
        misfits.append(misfit)
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise SchemaError("DI-E112", names=[*found])
    tried = [misfit for misfit in misfits if misfit.rank < 2]  # noqa: PLR2004  2: not for these files
    failures = [misfit.error for misfit in tried if misfit.error is not None]
    if failures and len(failures) == len(tried):
        raise min(failures, key=lambda error: error.code == "DI-E001")
    misfits.sort(key=lambda misfit: (misfit.rank, len(misfit.lacking)))
    near = [misfit for misfit in misfits if misfit.rank == 0] or misfits
    nearest = "; ".join(str(misfit) for misfit in near[:_NEAREST_SHOWN])
    raise SchemaError("DI-E113", lacking=nearest)


def _misfit(opener: Opener, schema: SurveySchema) -> _Misfit | None:
    """Return the columns, or files, of a schema that the sources lack; why one does not open."""
    names = file_names(schema)
    if set(opener.sources) == {None}:
        if len(schema.files) > 1:
            return _one_of_several(opener, schema)
        pairs: list[tuple[str | None, str | None]] = [(None, only_file(schema))]
    else:
        pairs = [(name, name) for name in opener.sources]
        needed = [name for n, _ in pairs if n in schema.files for name in joined_files(schema, n)]
        absent = [n for n in needed if n not in opener.sources]
        if not set(opener.sources) <= {*names}:
            asked = tuple(f"--source {name}" for name in names) or ("SURVEY",)
            return _Misfit(schema.name, 2, asked)
        if absent:
            return _Misfit(schema.name, 0, tuple(f"--source {name}" for name in absent))
    missing: list[str] = []
    for source, file in pairs:
        try:
            missing += _absent_columns(opener, source, file, schema)
        except DivideIndexError as error:
            return _Misfit(schema.name, 1, (error.code,), error)
    return _Misfit(schema.name, 0, tuple(missing)) if missing else None


def _one_of_several(opener: Opener, schema: SurveySchema) -> _Misfit:
    """Say which files a schema needs beside the only one given, where it is one of them."""
    names = file_names(schema)
    for name in names:
        try:
            absent = _absent_columns(opener, None, name, schema)
        except DivideIndexError:
            continue
        if not absent:
            others = tuple(f"--source {other}" for other in names if other != name)
            return _Misfit(schema.name, 0, others)
    return _Misfit(schema.name, 2, tuple(f"--source {name}" for name in names))


def _absent_columns(
    opener: Opener, source: str | None, file: str | None, schema: SurveySchema
) -> list[str]:
    opened = opened_as_said(opener, source, schema, file)
    wanted = [*columns_of(schema, file).values()]
    headers = located(wanted, opened.columns)
    return [column for column in wanted if column not in headers]
