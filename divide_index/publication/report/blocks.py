"""What a report is made of: finished text, tables and figures, in the order they are read.

Everything here is ready to print: numbers are rounded, words chosen, suppressed cells gone. A
template lays it out and computes nothing.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from divide_index.messages import Language

ColumnKind = Literal["label", "number", "text"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    label
        Its head.
    kind
        ``label`` heads the rows, ``number`` is set flush right and sorted as a number, ``text``
        flush left.
    width
        Its share of the table's width; the shares of a table's columns sum to one.
    """

    label: str
    kind: ColumnKind
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: one text per column, the first one its head.

    ``is_heading`` has a single cell, that heads the rows below it.
    """

    cells: tuple[str, ...]
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A numbered table.

    Parameters
    ----------
    key
        Its anchor in the page, such as ``table-groups``; unique in a report.
    number
        Such as ``2-1``.
    title, unit
        Above the table; the unit in brackets, empty where there is none.
    columns, rows
        The table itself.
    notes
        Below it, one sentence or more each.
    source
        Where the numbers come from; empty where they are the survey's own.
    """

    key: str
    number: str
    title: str
    unit: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class FigureBlock:
    """A numbered figure.

    Parameters
    ----------
    key, number, title
        As those of a table.
    takeaway
        What it shows, in one sentence.
    base
        Of whom, and of how many.
    alt
        All it shows in words, for who cannot see it.
    svg
        The drawing, a standalone SVG document.
    narrow_svg
        The same for the width of a phone.
    """

    key: str
    number: str
    title: str
    takeaway: str
    base: str
    alt: str
    svg: str
    narrow_svg: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A table or a figure that a paragraph points to: its anchor and its name in the text."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section inside a chapter."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, what it points to, and what stands in its footnote."""

    text: str
    references: tuple[Reference, ...] = ()
    footnote: str = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Definitions:
    """Terms and what they mean, or names and values."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """What must not be overlooked: simulated data, an internal copy."""

    text: str


Block: TypeAlias = TableBlock | FigureBlock | Heading | Paragraph | Bullets | Definitions | Alert


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter, which begins on a page of its own.

    ``number`` is empty for what is not counted: the summary, the words for readers. ``mark`` is
    what every page of the chapter must say: that it is experimental.
    """

    key: str
    number: str
    title: str
    blocks: tuple[Block, ...]
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Cover:
    """The first page: what the report is, of which survey, and what marks every page.

    Parameters
    ----------
    title, subtitle
        Such as the survey's name and year, and the reference.
    facts
        Names and values: population, period, publisher.
    headline, headline_note
        The level the report is about, large, such as ``80.6%``, and what it is the level of;
        empty where there is none.
    marks
        What every page must say: that the data are simulated, that the copy is internal.
    """

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    headline: str
    headline_note: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report in one language.

    Parameters
    ----------
    lang
        Of every word.
    running_head
        Above every page.
    description, keywords, author
        Of the file's metadata.
    cover, chapters
        What is read.
    """

    lang: Language
    running_head: str
    description: str
    keywords: tuple[str, ...]
    author: str
    cover: Cover
    chapters: tuple[Chapter, ...]

    @property
    def tables(self) -> tuple[TableBlock, ...]:
        """Every table, in order."""
        return tuple(b for c in self.chapters for b in c.blocks if isinstance(b, TableBlock))

    @property
    def figures(self) -> tuple[FigureBlock, ...]:
        """Every figure, in order."""
        return tuple(b for c in self.chapters for b in c.blocks if isinstance(b, FigureBlock))
