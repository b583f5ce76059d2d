"""A document as one page of HTML: for WeasyPrint, which makes the PDF, or for a browser.

Templates hold the layout; here is all they would otherwise have to compute: how wide a column
is, where a Korean word may be broken, what a drawing needs to live inside a page.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast
from xml.etree import ElementTree as ET

from divide_index import resources
from divide_index.messages import Language, text
from divide_index.publication.figures.palette import PALETTE
from divide_index.publication.report.blocks import (
    Alert,
    Block,
    Bullets,
    Chapter,
    Column,
    ColumnKind,
    Definitions,
    Document,
    FigureBlock,
    Heading,
    Paragraph,
    Row,
    TableBlock,
)
from divide_index.publication.report.columns import ems

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

Medium = Literal["pdf", "web"]

_MACROS: dict[type[Block], str] = {
    TableBlock: "table",
    FigureBlock: "figure",
    Heading: "heading",
    Paragraph: "paragraph",
    Bullets: "bullets",
    Definitions: "definitions",
    Alert: "alert",
}

# The PDF's page in mm, and the type of its tables: class, em and padding. pdf.css says the same.
_MEASURE = 170.0
_TYPES = (("plain", 3.0, 3.9), ("dense", 2.65, 2.8), ("denser", 2.4, 2.0))
_LONGEST_IN_HEAD = 6.0  # em: what is longer does not make the type smaller, and is broken
_SHORT = 16  # lines of a table that is not split over two pages

_JOINER = "\N{WORD JOINER}"
_LONGEST_WORD = 14.0  # em: what is longer is broken, after a sign if it has one
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
# Between two characters that are no part of one syllable or of one sign.
_SEAM = re.compile(
    "(?<=[^\\s\u200d])(?=[^\\s\u0300-\u036f\u1160-\u11ff\u200d\u20d0-\u20ff\ufe00-\ufe0f])"
)
_BREAKABLE = re.compile(r"(?<=[·/,;:~)\]-])(?=[^\s·/,;:~)\]-])|(?<=[^\s(\[])(?=[(\[])")
_MINUS = re.compile(r"(?<![^\s(~–])-(?=\d)")
_FLAGGED = re.compile(r"(.*\d)([*pr]+)", re.DOTALL)

# Characters that nobody sees and that change how others are read: controls, marks and
# overrides of direction, lone surrogates.
_INVISIBLE = dict.fromkeys(
    [
        *(code for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc"),
        *(0x061C, 0x200E, 0x200F, 0xFEFF, 0xFFFE, 0xFFFF),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
    ]
) | {ord("\t"): " ", ord("\n"): "\n"}


def page_of(document: Document, *, medium: Medium) -> str:
    """Return a document as one self-contained HTML text; the same document, the same text.

    Parameters
    ----------
    document
        What is read, ready to print.
    medium
        ``pdf`` for WeasyPrint, in the family that
        :func:`~divide_index.publication.report.pdf.pdf_of` declares; ``web`` for browsers,
        which load nothing and run only the script inside.
    """
    web = medium == "web"
    environment = _environment(document.lang, web=web)
    layouts = {table.key: _layout(table) for table in document.tables}
    style = "".join(
        (
            _palette() if web else "",
            _file("report.css"),
            _file("web.css" if web else "pdf.css"),
            _margin_boxes(document, web=web),
            *sorted({layout.rules for layout in layouts.values()}),
        )
    )
    drawings: dict[str, tuple[str, ...]] = {
        figure.key: _inlined(figure) if web else (_data_address(figure.svg),)
        for figure in document.figures
    }
    script = _file("web.js")
    return environment.get_template("report.html").render(
        document=document,
        web=web,
        parts=list(_parts(document.chapters)),
        layouts=layouts,
        drawings=drawings,
        style=_trusted(style),
        script=_trusted(script),
        policy=_policy(style, script),
    )


def _environment(lang: Language, *, web: bool) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(resources.folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )

    def words(name: str, **params: object) -> str:
        return text(f"page.{name}", lang, **params)

    def unbroken(words: str, room: float = _LONGEST_WORD) -> str:
        return words if web else kept_whole(words, room)  # browsers do it: `word-break: keep-all`

    cast("dict[str, object]", environment.globals)["_"] = words
    environment.filters |= {"words": unbroken, "minus": with_minus, "number": _number}
    return environment


def _file(name: str) -> str:
    """Return a style sheet or script of ours, as it will stand in the page."""
    return (resources.folder("templates") / name).read_text(encoding="utf-8")


def _trusted(markup: str) -> "Markup":
    """Return what we wrote or rebuilt ourselves as what need not be escaped."""
    from markupsafe import Markup

    return Markup(markup)  # noqa: S704  never a text of the document


def _visible(value: object) -> object:
    """Return a text without invisible controls: none may turn around what is read."""
    return value.translate(_INVISIBLE) if isinstance(value, str) else value


# -- chapters ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Note:
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class _Item:
    """A block, the macro that sets it, and the number of its footnote, or 0."""

    kind: str
    block: Block
    note: int


@dataclass(frozen=True, slots=True)
class _Part:
    """A chapter with what its template needs."""

    chapter: Chapter
    items: tuple[_Item, ...]
    notes: tuple[_Note, ...]
    marked: str

    @property
    def headings(self) -> tuple[Heading, ...]:
        return tuple(block for block in self.chapter.blocks if isinstance(block, Heading))


def _parts(chapters: Sequence[Chapter]) -> Iterator[_Part]:
    """Yield the chapters with their footnotes, numbered through the report."""
    count = 0
    marks = _marks(chapters)
    for chapter in chapters:
        items: list[_Item] = []
        notes: list[_Note] = []
        for block in chapter.blocks:
            footnote = block.footnote if isinstance(block, Paragraph) else ""
            if footnote:
                count += 1
                notes.append(_Note(count, footnote))
            items.append(_Item(_MACROS[type(block)], block, count if footnote else 0))
        marked = f"marked-{1 + marks.index(chapter.mark)}" if chapter.mark else ""
        yield _Part(chapter, tuple(items), tuple(notes), marked)


# -- tables ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Head:
    """A column, and how many em of text a line of its cells holds in the PDF."""

    label: str
    kind: ColumnKind
    room: float


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows below a heading, or below none."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a table is laid out.

    Parameters
    ----------
    classes, rules
        The class of all tables with columns as wide as these and what else its style depends on;
        the style of the first.
    columns, groups
        What stands in it.
    is_short
        Whether it stays on one page.
    """

    classes: str
    rules: str
    columns: tuple[_Head, ...]
    groups: tuple[_Group, ...]
    is_short: bool


def _layout(table: TableBlock) -> _Layout:
    shares = [f"{100 * column.width:.5g}" for column in table.columns]
    widths = "-".join(("w", *shares)).replace(".", "_")
    rules = "".join(
        f".{widths} col:nth-child({place}){{width:{share}%}}\n"
        for place, share in enumerate(shares, start=1)
    )
    sizes = [
        (size, tuple(_head(column, em, padding) for column in table.columns))
        for size, em, padding in _TYPES
    ]
    size, columns = next((pair for pair in sizes if _fits(table, pair[1])), sizes[-1])
    lines = sum(_lines(row, columns) for row in table.rows)
    longest = max((ems(row.cells[0]) for row in table.rows if not row.is_heading), default=0.0)
    return _Layout(
        classes=f"{widths} {size}" + (" wordy" if longest > _LONGEST_WORD else ""),
        rules=rules,
        columns=columns,
        groups=tuple(_groups(table.rows)),
        is_short=lines <= _SHORT,
    )


def _head(column: Column, em: float, padding: float) -> _Head:
    room = (_MEASURE * column.width - padding) / em
    return _Head(column.label, column.kind, max(room, 1.0))


def _fits(table: TableBlock, columns: Iterable[_Head]) -> bool:
    """Return whether no number of a table is wider than its column, and no word of its heads."""
    for place, column in enumerate(columns):
        words = [min(ems(word), _LONGEST_IN_HEAD) for word in column.label.split()]
        if column.kind == "number":
            cells = (row.cells[place] for row in table.rows if not row.is_heading)
            words += [ems(part) for cell in cells for part in cell.split()]
        if max(words, default=0.0) > column.room:
            return False
    return True


def _lines(row: Row, columns: Iterable[_Head]) -> int:
    """Return about how many lines a row takes in the PDF."""
    if row.is_heading:
        return 1
    cells = zip(row.cells, columns, strict=True)
    return max(1 + int(ems(cell) / column.room) for cell, column in cells)


def _groups(rows: Iterable[Row]) -> Iterator[_Group]:
    heading: str = ""
    below: list[Row] = []
    for row in rows:
        if not row.is_heading:
            below.append(row)
            continue
        if heading or below:
            yield _Group(heading, tuple(below))
        heading, below = row.cells[0], []
    yield _Group(heading, tuple(below))


# -- text --------------------------------------------------------------------------------------


def kept_whole(words: str, room: float = _LONGEST_WORD) -> str:
    """Return a text whose Korean words are not broken at the end of a line.

    WeasyPrint breaks between any two syllables, so word joiners stand between them; they leave
    no trace in the text of the PDF.

    Parameters
    ----------
    words
        The text.
    room
        How many em a line holds. A word that is wider is broken after a ``·``, a comma or a
        bracket, and where it has none, between syllables.
    """
    return re.sub(r"\S+", lambda found: _kept_whole(found[0], room), words)


def _kept_whole(word: str, room: float) -> str:
    if not _HANGUL.search(word):
        return word
    pieces = [word] if ems(word) <= min(room, _LONGEST_WORD) else _BREAKABLE.split(word)
    return "".join(piece if ems(piece) > room else _SEAM.sub(_JOINER, piece) for piece in pieces)


def with_minus(words: str) -> str:
    """Return a text whose negative numbers have a minus sign, which data write as a hyphen."""
    return _MINUS.sub("\N{MINUS SIGN}", words)


def _number(content: str) -> "Markup":
    """Return a number as its cell holds it: never broken, its flag outside the column."""
    from markupsafe import Markup

    flagged = _FLAGGED.fullmatch(with_minus(content))
    number, flag = flagged.groups() if flagged else (with_minus(content), "")
    parts = [Markup('<span class="whole">{}</span>').format(part) for part in number.split()]
    whole = Markup(" ").join(parts) if len(parts) > 1 or "–" in number else Markup.escape(number)
    return whole + Markup('<span class="flag">{}</span>').format(flag) if flag else whole


# -- drawings ----------------------------------------------------------------------------------

_SVG = "http://www.w3.org/2000/svg"
_DRAWN = {"circle", "g", "line", "path", "polygon", "polyline", "rect", "svg", "text", "tspan"}
_NOT_TAKEN = re.compile(r"on|\{|(aria-labelledby|class|href|id|role|style)$")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
_NAMES = {colour: name for name, colour in PALETTE.items()}


def _data_address(svg: str) -> str:
    drawn = svg.translate(_INVISIBLE).encode()
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn).decode('ascii')}"


def _inlined(figure: FigureBlock) -> tuple[str, ...]:
    """Return the drawings of a figure as parts of a page: for a wide screen, and for a phone.

    One of the two is shown, so only one is read aloud.
    """
    if not figure.narrow_svg:
        return (_trusted(_inline(figure, figure.svg, "drawing")),)
    wide = _inline(figure, figure.svg, "drawing broad")
    narrow = _inline(figure, figure.narrow_svg, "drawing narrow")
    return _trusted(wide), _trusted(narrow)


def _inline(figure: FigureBlock, svg: str, kind: str) -> str:
    """Return a drawing as part of a page: lines and words, and nothing that runs, loads or links.

    Its colours follow the page, light or dark; the page's policy allows no style attribute.
    """
    drawing = ET.fromstring(svg.translate(_INVISIBLE))  # noqa: S314  our own drawing
    for parent in list(drawing.iter()):
        for child in list(parent):
            if child.tag.removeprefix(f"{{{_SVG}}}") not in _DRAWN:
                parent.remove(child)
    for element in drawing.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
        element.attrib = {
            name: _COLOUR.sub(_themed, value)
            for name, value in element.items()
            if not _NOT_TAKEN.match(name)
        }
    suffix = kind.removeprefix("drawing").strip()
    prefix = f"{figure.key}-{suffix}-" if suffix else f"{figure.key}-"
    names = {"title": f"{prefix}name", "desc": f"{prefix}alt"}
    drawing.attrib |= {"xmlns": _SVG, "class": kind, "role": "img"}
    drawing.attrib["aria-labelledby"] = " ".join(names.values())
    for tag, words in (("desc", figure.alt), ("title", figure.title)):
        described = ET.Element(tag, {"id": names[tag]})
        described.text = words.translate(_INVISIBLE)
        drawing.insert(0, described)
    return ET.tostring(drawing, encoding="unicode")


def _themed(colour: re.Match[str]) -> str:
    name = _NAMES.get(colour[0].lower())
    return f"var(--figure-{name})" if name else colour[0]


# -- style -------------------------------------------------------------------------------------


def _palette() -> str:
    """Return the colours of the figures as the page's own, which web.css changes in the dark."""
    colours = "".join(f"--figure-{name}:{colour};" for name, colour in PALETTE.items())
    return f":root{{{colours}}}\n"


def _margin_boxes(document: Document, *, web: bool) -> str:
    """Return what stands in the margin of every page that is printed, marked chapters included."""

    def quoted(words: str) -> str:
        return _quoted(words if web else kept_whole(words))

    head, marks = quoted(document.running_head), " · ".join(document.cover.marks)
    rules = [f"@page{{@top-left{{content:{head}}}@bottom-left{{content:{quoted(marks)}}}}}\n"]
    for number, mark in enumerate(_marks(document.chapters), 1):
        words = quoted(" · ".join(filter(None, (mark, marks))))
        rules.append(f"@page marked-{number}{{@bottom-left{{content:{words}}}}}\n")
        rules.append(f".marked-{number}{{page:marked-{number}}}\n")
    return "".join(rules)


def _marks(chapters: Iterable[Chapter]) -> tuple[str, ...]:
    """Return what some chapters must say on every page, each once."""
    return tuple(dict.fromkeys(chapter.mark for chapter in chapters if chapter.mark))


def _quoted(words: str) -> str:
    """Return a text as a string of CSS, of which no character can mean anything else."""
    return '"' + "".join(f"\\{ord(sign):06x}" for sign in words.translate(_INVISIBLE)) + '"'


def _policy(style: str, script: str) -> str:
    """Return what a browser may do with the page: use this style and this script, and no more."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode('ascii')}"
