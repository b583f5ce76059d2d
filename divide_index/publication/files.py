"""Levels as machine-readable text: unrounded, columns fixed, nothing that starts a formula."""

import csv
import json
import math
import re
from collections.abc import Iterable
from typing import Any, cast

import pandas as pd

from divide_index.levels import LevelResult, NonresponseBand
from divide_index.publication.disclosure import Suppression
from divide_index.publication.provenance import provenance_of

_NEGATIVE = re.compile(r"-[0-9]+(\.[0-9]+)?")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def levels_as_json(
    result: LevelResult, band: NonresponseBand | None, suppression: Suppression | None = None
) -> str:
    """Return levels with their provenance and precision as JSON; what is undefined is null."""
    quality: dict[str, Any] = {"precision": records(_shown(result.precision(), suppression))}
    if band is not None:
        quality["nonresponse_band"] = records(_shown(band.to_frame(), suppression))
    document = {
        "provenance": provenance_of(result, suppression),
        "levels": records(_shown(result.to_frame(), suppression)),
        "quality": quality,
    }
    return as_json(document)


def as_json(document: dict[str, Any]) -> str:
    """Return a document as JSON; what is undefined is null."""
    return json.dumps(plain(document), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def levels_as_csv(result: LevelResult, suppression: Suppression | None = None) -> str:
    """Return levels as CSV; an undefined number is an empty cell."""
    return as_csv(_shown(result.to_frame(), suppression))


def as_csv(shown: pd.DataFrame) -> str:
    """Return rows that may be published as CSV; an undefined number is an empty cell."""
    frame = shown.copy()
    for column in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            frame[column] = [escaped(str(cell)) for cell in frame[column]]
    # A lone carriage return breaks a record, and is not quoted on its own account.
    has_return = any("\r" in str(cell) for column in frame.columns for cell in frame[column])
    quoting = csv.QUOTE_NONNUMERIC if has_return else csv.QUOTE_MINIMAL
    return str(frame.to_csv(index=False, lineterminator="\n", quoting=quoting))


def provenance_as_json(result: LevelResult, suppression: Suppression | None = None) -> str:
    """Return the sidecar of a file that cannot hold its own provenance."""
    return as_json(provenance_of(result, suppression))


def _shown(frame: pd.DataFrame, suppression: Suppression | None) -> pd.DataFrame:
    return frame if suppression is None else suppression.apply(frame)


def escaped(cell: str) -> str:
    """Keep a spreadsheet from taking a text for a formula; a negative code is a number."""
    is_formula = cell.startswith(_FORMULA_STARTS) and not _NEGATIVE.fullmatch(cell)
    return f"'{cell}" if is_formula else cell


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame, as JSON has them."""
    columns = {name: frame[name].tolist() for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def plain(value: Any) -> Any:  # noqa: ANN401
    """Return JSON's own types: NaN is null, tuples are lists, the empty flag stays empty."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in cast("dict[Any, Any]", value).items()}
    if value is pd.NA:
        return None
    if isinstance(value, str) or value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) or math.isinf(value) else value
    if isinstance(value, Iterable):
        return [plain(part) for part in cast("Iterable[Any]", value)]
    return str(value)
