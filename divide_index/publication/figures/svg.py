"""Drawings as standalone SVG: text as text, the same bytes on every run and every machine."""

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast
from xml.etree import ElementTree as ET

from divide_index.publication.figures.drawing import Drawing, Words
from divide_index.publication.figures.lettering import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# One list for the whole figure: the report's own font first, then what Korean systems have.
FONTS: Final = (
    *("Report Sans", "Noto Sans KR", "Noto Sans CJK KR", "Malgun Gothic"),
    *("Apple SD Gothic Neo", "NanumGothic", "sans-serif"),
)
_XMLNS: Final = "http://www.w3.org/2000/svg"
_NUMBER: Final = re.compile(r"-?\d+\.\d+")
_PRESENTED: Final = ("fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin")


def as_svg(drawing: Drawing, *, title: str, description: str, prefix: str = "") -> str:
    """Return a drawing as the text of an SVG document that may stand inside a page.

    It has no style, class, clip path or reference but its own title: the colours of
    :data:`~divide_index.publication.figures.palette.PALETTE` stand in it as attributes.

    Parameters
    ----------
    drawing
        What to draw.
    title
        The figure's name.
    description
        What it shows, for those who do not see it.
    prefix
        Of its ids, unique in a page; empty makes one from the contents.
    """
    title, description = clean(title), clean(description)
    elements = [*_elements(drawing)]
    if not prefix:
        drawn = "".join(ET.tostring(element, encoding="unicode") for element in elements)
        digest = hashlib.sha256(f"{title}\n{description}\n{drawn}".encode()).hexdigest()
        prefix = f"figure-{digest[:12]}"
    width, height = _rounded(drawing.width), _rounded(drawing.height)
    root = ET.Element(
        "svg",
        {
            "xmlns": _XMLNS,
            "width": f"{width}pt",
            "height": f"{height}pt",
            "viewBox": f"0 0 {width} {height}",
            "role": "img",
            "aria-labelledby": f"{prefix}-title {prefix}-desc",
            "font-family": ", ".join(FONTS),
        },
    )
    ET.SubElement(root, "title", id=f"{prefix}-title").text = title
    ET.SubElement(root, "desc", id=f"{prefix}-desc").text = description
    root.extend(elements)
    ET.indent(root, "")
    return ET.tostring(root, encoding="unicode") + "\n"


def _elements(drawing: Drawing) -> Iterator[ET.Element]:
    """Yield the elements of a drawing: paths and texts, with attributes and nothing else.

    matplotlib draws the shapes alone. It measures every text, warns of each letter that its own
    font lacks (all of Hangul), and takes most of its time for it; words stand where they are told.
    """
    shapes = tuple(item for item in drawing.items if not isinstance(item, Words))
    alone = _paths(replace(drawing, items=shapes))
    paths = iter([path for path, _ in zip(alone, shapes, strict=True)])  # one for each, no less
    for item in drawing.items:
        if not isinstance(item, Words):
            yield next(paths)
        elif item.text:
            yield _text(item)


def _text(words: Words) -> ET.Element:
    """Return a line of text as an element."""
    text = ET.Element("text", {"x": _compact(f"{words.x:f}"), "y": _compact(f"{words.y:f}")})
    text.text = words.text
    text.attrib |= {"font-size": f"{words.size:g}", "fill": words.colour}
    if words.anchor != "start":
        text.set("text-anchor", words.anchor)
    if words.is_bold:
        text.set("font-weight", "bold")
    return text


def _paths(shapes: Drawing) -> Iterator[ET.Element]:
    """Yield the path of each item of a drawing without words."""
    tree = ET.fromstring(_drawn(shapes))  # noqa: S314  matplotlib's own words
    markers = {
        element.attrib["id"]: element
        for element in tree.iter(f"{{{_XMLNS}}}path")
        if "id" in element.attrib
    }
    for element in tree.iter():
        match element.tag.removeprefix(f"{{{_XMLNS}}}"):
            case "path" if "id" not in element.attrib:
                yield _path(_compact(element.attrib["d"]), _style(element))
            case "use":
                [reference] = [v for key, v in element.attrib.items() if key.endswith("href")]
                path = markers[reference.removeprefix("#")].attrib["d"]
                x, y = float(element.attrib["x"]), float(element.attrib["y"])
                yield _path(_moved(path, x, y), _style(element))
            case _:
                continue


def _drawn(drawing: Drawing) -> str:
    """Return what matplotlib makes of a drawing."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with cast("Any", mpl).rc_context():
        mpl.rcdefaults()  # the reader's own settings are not the figure's
        mpl.rcParams["svg.fonttype"] = "none"
        mpl.rcParams["svg.hashsalt"] = "divide-index"
        mpl.rcParams["path.simplify"] = False
        figure = Figure(figsize=(drawing.width / 72, drawing.height / 72), dpi=72)
        figure.patch.set_visible(False)
        ax = cast("Axes", cast("Any", figure).add_axes((0, 0, 1, 1)))
        drawing.draw_on(ax)
        page = io.StringIO()
        cast("Any", FigureCanvasSVG(figure)).print_svg(page, metadata={"Date": None})
    return page.getvalue()


def _path(d: str, style: dict[str, str]) -> ET.Element:
    return ET.Element("path", {"d": d} | style)


def _style(element: ET.Element) -> dict[str, str]:
    """Return the style of an element as attributes."""
    declared = element.attrib.get("style", "").split(";")
    pairs = {name.strip(): value for name, _, value in (item.partition(":") for item in declared)}
    return {name: _compact(pairs[name]) for name in _PRESENTED if name in pairs}


def _moved(path: str, x: float, y: float) -> str:
    """Return a path of absolute coordinates, moved."""
    moved: list[str] = []
    by = (x, y)
    coordinates = 0
    for token in path.split():
        if token.isalpha():
            moved.append(token)
        else:
            moved.append(_rounded(float(token) + by[coordinates % 2]))
            coordinates += 1
    return " ".join(moved)


def _compact(text: str) -> str:
    """Return the value of an attribute on one line, with as many decimals as can be seen."""
    return " ".join(_NUMBER.sub(lambda found: _rounded(float(found[0])), text).split())


def _rounded(number: float) -> str:
    return f"{round(number, 2) + 0.0:.2f}".rstrip("0").rstrip(".")  # + 0.0: no -0


def installed(fonts: tuple[str, ...]) -> list[str]:
    """Return those of some fonts that matplotlib finds, and the one that comes with it."""
    from matplotlib.font_manager import fontManager

    known = {font.name for font in fontManager.ttflist}
    return [*(name for name in fonts if name in known), "DejaVu Sans"]
