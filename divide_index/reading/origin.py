"""A survey's file, opened: its headers and labels, and its columns when they are asked for."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from divide_index.errors import Finding
from divide_index.schema import Code


@dataclass(frozen=True, slots=True)
class Origin:
    """Where records came from.

    Parameters
    ----------
    name
        The file's name, without its folder.
    sha256
        Of the file's bytes.
    kind
        ``"CSV"``, ``"XLSX"``, ``"SAV"``, ``"DTA"`` or ``"Parquet"``.
    encoding
        Of a text file; None where the format itself says it.
    source
        The schema's name for the file, None where there is only one.
    records
        Number of records; -1 until the file is read.
    columns
        Its headers, in order.
    """

    name: str
    sha256: str
    kind: str
    encoding: str | None = None
    source: str | None = None
    records: int = -1
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file whose headers are known and whose records are not read yet.

    Parameters
    ----------
    origin
        Where it came from.
    columns
        The headers in order, without outer blanks, in Unicode's composed form (NFC); empty for
        a column without one.
    read
        Takes headers, each with whether its cells are text, and returns these columns: text
        with None where a cell is blank, numbers as float64 with NaN, and a column of numbers
        in which a cell is not one as text, for the gate to name its cells.
    labels
        What the file itself says its codes mean: header, code, label.
    missing
        What the file itself declares as missing: header, then codes or closed ranges.
    first_line
        The line of the first record, as a person counts them in that kind of file.
    starts
        The line of every record where a record may take several lines; None elsewhere.
    notes
        What was noticed while the file was opened.
    elsewhere
        Takes headers that are wanted, and returns the sheet and the row (from 1) that hold more
        of them than the row read as header, None where there is no better one.
    """

    origin: Origin | None  # None for a data frame
    columns: list[str]
    read: Callable[[Mapping[str, bool]], Any]
    labels: Mapping[str, Mapping[Code, str]] = field(default_factory=dict[str, Mapping[Code, str]])
    missing: Mapping[str, tuple[Code | tuple[float, float], ...]] = field(
        default_factory=dict[str, tuple[Code | tuple[float, float], ...]]
    )
    first_line: int = 2
    starts: Sequence[int] | None = None
    notes: tuple[Finding, ...] = ()
    elsewhere: Callable[[Collection[str]], tuple[str, int] | None] = lambda _: None

    def line_of(self, row: int) -> int:
        """Return the line on which a record begins."""
        return row + self.first_line if self.starts is None else int(self.starts[row])
