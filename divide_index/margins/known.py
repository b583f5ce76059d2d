"""Known totals of the population as somebody wrote them down, not yet held against a survey."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from numbers import Real
from typing import Any, Literal, TypeAlias, cast, get_args

import pandas as pd

from divide_index import engine
from divide_index.errors import Finding, InputError
from divide_index.schema import code_text

Kind = Literal["counts", "shares"]
Cell: TypeAlias = tuple[str, ...]

CROSS = "*"
HEADERS: Mapping[str, tuple[str, ...]] = {
    "variable": ("변수", "variable", "변수명", "domain"),
    "category": ("범주", "category", "범주코드", "code"),
    "label": ("이름", "label", "범주명", "명칭"),
    "total": ("모집단수", "total", "count", "인구", "인구수", "population", "모집단"),
    "share": ("비율", "share", "구성비", "percent"),
    "sample": ("표본", "sample", "집단", "group"),
    "source": ("출처", "source"),
}
"""What the columns of a long table are called; the first two names are written."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?P<mark>[,' ])\d{3}((?P=mark)\d{3})*(\.\d+)?")
_SWAPPED = str.maketrans(",.", ".,")
_DASHES = str.maketrans(dict.fromkeys("~\u223c\u301c\u2010\u2012\u2013\u2014\u2212", "-"))
WHOLES = (1.0, 100.0)
"""What shares sum to."""
ROUNDED_SHARES = 0.01
"""Of the whole: rounded shares never sum to what is farther away."""
MOST = 1e15
"""People: no population has more."""
LEAST = 1e-6
"""What totals sum to at least, if they are people or shares at all."""

_SUM_OF_SHARES = 1e-6  # relative: counts of people do not come so near to 1 or 100
_NOTHING = float("nan")
_WRITTEN = 2  # names of a header


@dataclass(frozen=True, slots=True)
class PopulationMargin:
    """Known counts or shares of a population in the cells of a variable, or of a cross.

    Parameters
    ----------
    variables
        Of the schema, by name or label: variables with codes, or domains; several make a cross.
    cells
        Codes or labels, one of each variable, as text; length ``C``.
    totals
        People in each cell, or their share, length ``C``.
    kind
        Whether totals are counts or shares.
    sample
        The sample of the survey, or the group that is a sample, whose population it is; None
        where the survey has one.
    source
        Where the totals are from.
    labels
        What the cells were called beside their codes, to be held against the schema; empty
        where nothing was said.
    places
        Where each total stands, for messages; empty where there is no file.

    Raises
    ------
    InputError
        DI-E413: a cell has more or fewer parts than variables. DI-E414: a cell comes twice.
        DI-E415: a total is no number of people, or all of them are next to none. DI-E426: counts
        sum to 1 or 100, as shares do, or so but for rounding. DI-E117: no such kind.
    """

    variables: tuple[str, ...]
    cells: tuple[Cell, ...]
    totals: tuple[float, ...]
    kind: Kind = "counts"
    sample: str | None = None
    source: str | None = None
    labels: tuple[str, ...] = field(default=(), compare=False)
    places: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        refuse_kind(self.kind)
        cells = range(len(self.cells))
        wide = [k for k in cells if len(self.cells[k]) != len(self.variables)]
        if wide:
            raise InputError(
                "DI-E413",
                cells=self.named(wide),
                variable=self.name,
                valid=[CROSS.join("…" for _ in self.variables)],
            )
        count = Counter(self.cells)
        twice = [k for k in cells if count[self.cells[k]] > 1]
        if twice:
            raise InputError("DI-E414", cells=self.named(twice))
        wrong = [k for k in cells if not 0 <= self.totals[k] <= MOST]
        total = 0.0 if wrong else math.fsum(self.totals)
        if total > MOST or 0 < total < LEAST:
            wrong = [k for k in cells if self.totals[k]]
        if wrong:
            shown = [f"{self.totals[k]:.15g}" for k in wrong]
            raise InputError("DI-E415", cells=_with_values(self.named(wrong), shown))
        if self.kind == "counts" and _look_like_shares(self.totals, total):
            raise InputError("DI-E426", margin=self.named()[0], total=f"{total:.10g}")

    @property
    def name(self) -> str:
        """The variables as one word: ``region*sex``."""
        return CROSS.join(self.variables)

    def named(self, cells: Iterable[int] | None = None) -> list[str]:
        """Return cells as messages name them, ``sex=1 (margins.csv:3)``.

        Parameters
        ----------
        cells
            Positions; without them, the margin as a whole is named.
        """
        of = "" if self.sample is None else f"{self.sample}: "
        places = [f" ({place})" for place in self.places] or [""] * len(self.cells)
        if cells is None:
            return [f"{of}{self.name}{places[0] if places else ''}"]
        return [f"{of}{self.name}={CROSS.join(self.cells[k])}{places[k]}" for k in cells]

    def summed(self, variables: Sequence[str]) -> "PopulationMargin":
        """Return the margin of some of its variables, summed over the others."""
        kept = [self.variables.index(name) for name in variables]
        sums: dict[Cell, list[float]] = {}
        for cell, total in zip(self.cells, self.totals, strict=True):
            sums.setdefault(tuple(cell[k] for k in kept), []).append(total)
        return replace(
            self,
            variables=tuple(variables),
            cells=tuple(sums),
            totals=tuple(math.fsum(parts) for parts in sums.values()),
            labels=(),
            places=(),
        )


@dataclass(frozen=True, slots=True)
class PopulationNumber:
    """Known sum of a number over a population: of its people's incomes, say.

    Parameters
    ----------
    variable
        Of the schema, by name or label: one that is a number.
    total
        The sum, of either sign.
    sample, source
        As of a margin.
    place
        Where the total stands, for messages.

    Raises
    ------
    InputError
        DI-E449: the total is no number.
    """

    variable: str
    total: float
    sample: str | None = None
    source: str | None = None
    place: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not math.isfinite(self.total):
            raise InputError("DI-E449", numbers=_with_values([self.named], [f"{self.total}"]))

    @property
    def named(self) -> str:
        """The sum as messages name it, ``income (margins.csv:3)``."""
        of = "" if self.sample is None else f"{self.sample}: "
        return f"{of}{self.variable}{f' ({self.place})' if self.place else ''}"


@dataclass(frozen=True, slots=True)
class PopulationMargins:
    """Margins of one or several populations, and what was noticed as they were read.

    Parameters
    ----------
    margins
        People in the cells of variables.
    findings
        What was noticed.
    numbers
        Sums of numbers over the same populations.
    """

    margins: tuple[PopulationMargin, ...]
    findings: tuple[Finding, ...] = field(default=(), compare=False)
    numbers: tuple[PopulationNumber, ...] = ()

    def __post_init__(self) -> None:
        margins = [((each.sample, each.name), each.named()[0]) for each in self.margins]
        numbers = [((each.sample, each.variable), each.named) for each in self.numbers]
        count = Counter(key for key, _ in (*margins, *numbers))
        twice = [named for key, named in (*margins, *numbers) if count[key] > 1]
        if twice:
            raise InputError("DI-E414", cells=twice)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cell: variable, category, total or share, sample and source.

        A number has one row, without a category.
        """
        rows = [
            (
                each.name,
                CROSS.join(cell),
                total if each.kind == "counts" else _NOTHING,
                total if each.kind == "shares" else _NOTHING,
                each.sample or "",
                each.source or "",
            )
            for each in self.margins
            for cell, total in zip(each.cells, each.totals, strict=True)
        ]
        rows += [
            (each.variable, "", each.total, _NOTHING, each.sample or "", each.source or "")
            for each in self.numbers
        ]
        columns = ["variable", "category", "total", "share", "sample", "source"]
        return pd.DataFrame.from_records(rows, columns=columns)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a long table, its cells as text, None where they are blank."""

    variable: str | None
    category: str | None
    total: str | None
    share: str | None
    label: str | None = None
    sample: str | None = None
    source: str | None = None
    place: str = ""

    @property
    def named(self) -> str:
        """The row as messages name it."""
        of = "" if self.sample is None else f"{self.sample}: "
        place = f" ({self.place})" if self.place else ""
        return f"{of}{self.variable or ''}={self.category or ''}{place}"


def population_margins(
    known: object, *, kind: Kind | None = None, sample: str | None = None
) -> PopulationMargins:
    """Return known totals that are given as Python's own values.

    Parameters
    ----------
    known
        ``{"sex": {1: 12.4e6, 2: 9.4e6}, ("region", "sex"): {(1, 2): …}, "income": 8.1e13}``, the
        last being the sum of a number; the same for each sample,
        ``{"general": {"sex": {…}}, "farmers": {…}}``; or a data frame with the columns
        ``variable``, ``category`` and ``total`` or ``share``, and perhaps ``sample`` and
        ``source``.
    kind
        What the numbers are: counts unless a column says otherwise.
    sample
        Whose margins they are, where they do not say so.

    Raises
    ------
    InputError
        DI-E117: no such kind. DI-E410: not a mapping, a frame or margins. DI-E413, DI-E414,
        DI-E415, DI-E417, DI-E426, DI-E449: a cell cannot be used.
    """
    refuse_kind(kind)
    if isinstance(known, PopulationMargins):
        return known
    if isinstance(known, PopulationMargin):
        return PopulationMargins((known,))
    if engine.is_frame(known):
        return margins_of_rows(_rows_of(known), kind=kind, sample=sample)
    if not isinstance(known, Mapping):
        raise InputError("DI-E410", path=type(known).__name__, headers=[])
    given = cast("Mapping[object, object]", known)
    if given and all(_is_of_a_sample(part) for part in given.values()):
        parts = [population_margins(part, kind=kind, sample=str(s)) for s, part in given.items()]
        return gathered(parts)
    sums = {key: part for key, part in given.items() if isinstance(part, Real)}
    return PopulationMargins(
        tuple(
            _of_mapping(key, part, kind or "counts", sample)
            for key, part in given.items()
            if key not in sums
        ),
        numbers=tuple(PopulationNumber(str(k), float(s), sample) for k, s in sums.items()),
    )


def refuse_kind(kind: object) -> None:
    """Refuse what is no kind of total; None leaves it open.

    Parameters
    ----------
    kind
        As a caller gave it.

    Raises
    ------
    InputError
        DI-E117: no such kind.
    """
    if kind is not None and kind not in get_args(Kind):
        raise InputError("DI-E117", option="kind", value=kind, valid=get_args(Kind))


def rounding(totals: Sequence[float]) -> float:
    """Return how far a sum may be off: half of the smallest unit in which its parts are given.

    Parameters
    ----------
    totals
        The parts, as they were written.
    """
    given = [Decimal(repr(total)).normalize() for total in totals if total]
    exponents = [int(each.as_tuple().exponent) for each in given]
    return len(given) * 0.5 * 10.0 ** min(exponents, default=0)


def gathered(parts: Iterable[PopulationMargins]) -> PopulationMargins:
    """Return the margins of several sources together."""
    parts = list(parts)
    margins = tuple(margin for part in parts for margin in part.margins)
    findings = tuple(finding for part in parts for finding in part.findings)
    return PopulationMargins(margins, findings, tuple(n for part in parts for n in part.numbers))


def margins_of_rows(
    rows: Sequence[Row],
    *,
    kind: Kind | None = None,
    sample: str | None = None,
    decimal_comma: bool = False,
) -> PopulationMargins:
    """Return the margins of a long table.

    Parameters
    ----------
    rows
        In any order; rows of one variable and sample make a margin. The only row of a variable,
        without a category, is the sum of a number.
    kind
        What the column of totals holds, counts or shares, where the header does not say.
    sample
        Of rows that name none.
    decimal_comma
        Whether the mark of decimals is a comma, and that of thousands a point.

    Raises
    ------
    InputError
        DI-E413, DI-E414, DI-E415, DI-E417, DI-E426, DI-E449: a cell cannot be used.
    """
    rows = [row if row.sample else replace(row, sample=sample) for row in rows]
    groups: dict[tuple[str | None, str], list[Row]] = {}
    for row in rows:
        variable = CROSS.join(_parts(row.variable or ""))
        groups.setdefault((row.sample, variable), []).append(row)
    sums = {key: part[0] for key, part in groups.items() if _is_of_a_number(part)}
    counted = [row for key, part in groups.items() if key not in sums for row in part]
    vague = [row.named for row in counted if not (row.variable and row.category)]
    vague += [row.named for row in rows if row.total is not None and row.share is not None]
    if vague:
        raise InputError("DI-E417", cells=vague)
    return PopulationMargins(
        tuple(
            _of_rows(of, variable, part, kind, decimal_comma=decimal_comma)
            for (of, variable), part in groups.items()
            if (of, variable) not in sums
        ),
        numbers=tuple(_sum_of(row, decimal_comma=decimal_comma) for row in sums.values()),
    )


def rows_of_columns(cells: Mapping[str, Sequence[str | None]], places: Sequence[str]) -> list[Row]:
    """Return the rows of a long table.

    Parameters
    ----------
    cells
        Columns by what they hold, as :func:`located_headers` names them.
    places
        Where each row stands.
    """

    def column(part: str) -> Sequence[str | None]:
        return cells.get(part, [None] * len(places))

    parts = ("variable", "category", "total", "share", "label", "sample", "source")
    return [Row(*row) for row in zip(*map(column, parts), places, strict=True)]


def located_headers(columns: Sequence[str]) -> dict[str, str]:
    """Return the column of each part of a long table, by what its header says.

    The names that are written go before others, but not among numbers: where two columns could
    hold the totals, none does.
    """
    words = {
        column: {folded(word) for word in re.split(r"[()/\[\]\n]", column)} for column in columns
    }
    found: dict[str, str] = {}
    for part, names in HEADERS.items():
        is_number = part in {"total", "share"}
        for some in [names] if is_number else [names[:_WRITTEN], names[_WRITTEN:]]:
            claims = [column for column in columns if words[column] & set(some)]
            if claims:
                found |= {part: claims[0]} if len(claims) == 1 else {}
                break
    return found


def is_long_table(columns: Sequence[str]) -> bool:
    """Return whether headers are those of a long table of margins."""
    found = located_headers(columns)
    return {"variable", "category"} <= found.keys() and bool({"total", "share"} & found.keys())


def number(text: str, *, decimal_comma: bool = False) -> float | None:
    """Return a number as people write one, with or without marks for thousands; else None.

    Parameters
    ----------
    text
        Such as ``1234.5``, ``1,234,567``, ``1 234`` or ``12.3%``, which is 12.3.
    decimal_comma
        Whether it is ``1.234,5`` that is meant.
    """
    plain = unicodedata.normalize("NFKC", text).strip().removesuffix("%").rstrip()
    if decimal_comma:
        plain = plain.translate(_SWAPPED)
    if _GROUPED.fullmatch(plain):
        return float(re.sub("[,' ]", "", plain))
    return float(plain) if _NUMBER.fullmatch(plain) else None


def folded(text: str) -> str:
    """Return a text as it is compared: without case, blanks, or the kind of a dash."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(plain.split()).translate(_DASHES)


def cleaned(text: str) -> str | None:
    """Return a text composed, without outer or repeated blanks; None where nothing is left."""
    seen = "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) != "Cf")
    return " ".join(seen.split()) or None


def _look_like_shares(totals: Sequence[float], total: float) -> bool:
    """Return whether counts sum to the whole of shares; of whole numbers, only exactly."""
    if all(float(each).is_integer() for each in totals):
        return total in WHOLES
    return any(
        abs(total - whole)
        <= max(min(rounding(totals), ROUNDED_SHARES * whole), _SUM_OF_SHARES * whole)
        for whole in WHOLES
    )


def _rows_of(frame: Any) -> list[Row]:  # noqa: ANN401  a frame of any library
    columns = engine.column_names(frame)
    if not is_long_table(columns):
        raise InputError("DI-E410", path="frame", headers=columns)
    is_pandas = isinstance(frame, pd.DataFrame)
    records: Any = frame.to_dict("records") if is_pandas else frame.to_dicts()
    headers = located_headers(columns)
    cells = {part: [_text(row[header]) for row in records] for part, header in headers.items()}
    return rows_of_columns(cells, [f"#{line}" for line in range(1, len(records) + 1)])


def _is_of_a_sample(part: object) -> bool:
    """Return whether a value holds the margins of a sample, not the totals of a margin."""
    if engine.is_frame(part) or isinstance(part, PopulationMargins | PopulationMargin):
        return True
    if not isinstance(part, Mapping):
        return False
    values = [*cast("Mapping[object, object]", part).values()]
    return any(isinstance(value, Mapping) for value in values)


def _of_mapping(key: object, part: object, kind: Kind, sample: str | None) -> PopulationMargin:
    """Return the margin of one variable or cross, given as category: total."""
    names = (
        [*map(str, cast("Sequence[object]", key))] if isinstance(key, tuple) else _parts(str(key))
    )
    if not isinstance(part, Mapping):
        raise InputError("DI-E410", path=CROSS.join(names), headers=[type(part).__name__])
    rows = [
        Row(CROSS.join(names), _category(category), _text(total), None, sample=sample)
        for category, total in cast("Mapping[object, object]", part).items()
    ]
    return _of_rows(sample, CROSS.join(names), rows, kind, decimal_comma=False)


def _is_of_a_number(rows: Sequence[Row]) -> bool:
    """Return whether rows are the one that gives the sum of a number: a total of no category."""
    [first, *others] = rows
    return bool(first.variable) and not (others or first.category or first.share)


def _sum_of(row: Row, *, decimal_comma: bool) -> PopulationNumber:
    total = number(row.total or "", decimal_comma=decimal_comma)
    if total is None or not math.isfinite(total) or "%" in (row.total or ""):
        raise InputError("DI-E449", numbers=_with_values([row.named], [row.total or ""]))
    return PopulationNumber(row.variable or "", total, row.sample, row.source, row.place)


def _category(category: object) -> str:
    parts = cast("tuple[object, ...]", category) if isinstance(category, tuple) else (category,)
    return CROSS.join(code_text(part) for part in parts)


def _of_rows(
    sample: str | None,
    variable: str,
    rows: Sequence[Row],
    kind: Kind | None,
    *,
    decimal_comma: bool,
) -> PopulationMargin:
    """Return the margin that some rows make together."""
    has_shares = {row.share is not None for row in rows if row.share or row.total}
    if len(has_shares) > 1:
        raise InputError("DI-E417", cells=[row.named for row in rows])
    is_shares = has_shares == {True}
    texts = [(row.share if is_shares else row.total) or "" for row in rows]
    totals = [number(text, decimal_comma=decimal_comma) for text in texts]
    is_of_shares = is_shares or kind == "shares"
    wrong = [
        k
        for k, total in enumerate(totals)
        if total is None or not 0 <= total < math.inf or ("%" in texts[k] and not is_of_shares)
    ]
    if wrong:
        cells = _with_values([rows[k].named for k in wrong], [texts[k] for k in wrong])
        raise InputError("DI-E415", cells=cells)
    variables = tuple(_parts(variable))
    sources = list(dict.fromkeys(row.source for row in rows if row.source))
    return PopulationMargin(
        variables=variables,
        cells=tuple(_cell(row.category or "", len(variables)) for row in rows),
        totals=tuple(cast("list[float]", totals)),
        kind="shares" if is_of_shares else "counts",
        sample=sample,
        source="; ".join(sources) or None,
        labels=tuple(row.label or "" for row in rows) if any(r.label for r in rows) else (),
        places=tuple(row.place for row in rows) if rows[0].place else (),
    )


def _cell(category: str, variables: int) -> Cell:
    """Return the parts of a category; one variable's may hold the mark of a cross."""
    return (category,) if variables == 1 else tuple(_parts(category))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(CROSS)]


def _text(cell: object) -> str | None:
    """Return a cell of a frame as text; None, NaN and blanks are nothing."""
    if cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return None
    return cleaned(code_text(cell))


def _with_values(cells: Sequence[str], values: Sequence[str]) -> list[str]:
    return [f"{cell} ‘{value}’" for cell, value in zip(cells, values, strict=True)]
