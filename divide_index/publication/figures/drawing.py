"""A drawing laid out in points: lines, marks and words, each at its place.

Where everything stands is decided before any library draws it, from estimated widths of text:
the same drawing on every machine, whatever fonts it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from divide_index.publication.figures.boxes import Box
from divide_index.publication.figures.lettering import LEADING, ascent, descent, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE_WIDTH: Final = 482.0  # 170 mm, the text width of A4
PHONE_WIDTH: Final = 255.0  # 340 CSS pixels
TEXT_SIZE: Final = 8.5
MARGIN: Final = 1.0  # above the first line of words: letters of some fonts are taller
SMALL_TEXT_SIZE: Final = 8.0

Anchor = Literal["start", "middle", "end"]
Shape = Literal["circle", "square", "diamond", "left", "right"]

_MARKERS: Final[dict[Shape, str]] = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "left": "<",
    "right": ">",
}
_ALIGNMENTS: Final[dict[Anchor, Literal["left", "center", "right"]]] = {
    "start": "left",
    "middle": "center",
    "end": "right",
}


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; ``y`` is its baseline, ``x`` where its ``anchor`` stands."""

    x: float
    y: float
    text: str
    colour: str
    size: float = TEXT_SIZE
    anchor: Anchor = "start"
    is_bold: bool = False

    @property
    def box(self) -> Box:
        """The room it takes, rather too much than too little."""
        width = text_width(self.text, self.size, is_bold=self.is_bold)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return Box(left, self.y - ascent(self.size), left + width, self.y + descent(self.size))


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points; ``dashes`` are lengths in points, of ink and gap in turn."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float
    dashes: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark of a level; ``size`` is its diameter without the outline."""

    x: float
    y: float
    shape: Shape
    size: float
    face: str
    edge: str
    outline: float = 1.3

    @property
    def box(self) -> Box:
        """The room it takes; a diamond stands on its corner."""
        side = self.size * (1.42 if self.shape == "diamond" else 1.0)
        return Box.around(self.x, self.y, (side + self.outline) / 2)


@dataclass(frozen=True, slots=True)
class Area:
    """A filled rectangle, with an outline or none."""

    box: Box
    face: str
    edge: str = ""


Item: TypeAlias = Words | Stroke | Mark | Area


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure: its size in points and what stands on it, the first item undermost.

    ``levels`` are the levels at its left and right edge, where levels run from left to right.
    """

    width: float
    height: float
    items: tuple[Item, ...]
    levels: tuple[float, float] | None = None

    @property
    def words(self) -> tuple[Words, ...]:
        """Every line of text."""
        return tuple(item for item in self.items if isinstance(item, Words))

    def draw_on(self, ax: "Axes", families: Sequence[str] | None = None) -> None:
        """Draw on axes, from edge to edge; levels are then their x coordinates.

        Parameters
        ----------
        ax
            The axes; their own frame and ticks are put away.
        families
            Fonts to set the words in; None is matplotlib's own choice.
        """
        from matplotlib.transforms import Affine2D

        points = Affine2D().scale(1 / self.width, -1 / self.height).translate(0, 1) + ax.transAxes
        ax.set_axis_off()
        if self.levels is not None:
            ax.set_xlim(*self.levels)
        for order, item in enumerate(self.items, 1):
            artist = _artist(ax, item, families)
            artist.set(transform=points, clip_on=False, zorder=order)


def lines_of_words(
    words: Sequence[str],
    x: float,
    y: float,
    colour: str,
    *,
    size: float = TEXT_SIZE,
    anchor: Anchor = "start",
    is_bold: bool = False,
) -> list[Words]:
    """Return lines of text under each other, ``y`` being the first one's baseline."""
    return [
        Words(x, y + line * LEADING * size, text, colour, size, anchor, is_bold)
        for line, text in enumerate(words)
    ]


def hull(words: Sequence[Words]) -> Box:
    """Return the room that several lines of text take together."""
    boxes = [word.box for word in words]
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def _artist(ax: "Axes", item: Item, families: Sequence[str] | None):  # noqa: ANN202
    """Return an item as an artist of matplotlib, added to axes."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text

    match item:
        case Words():
            text = Text(
                item.x,
                item.y,
                item.text,
                color=item.colour,
                size=item.size,
                horizontalalignment=_ALIGNMENTS[item.anchor],
                verticalalignment="baseline",
                weight="bold" if item.is_bold else "normal",
                family=None if families is None else list(families),
                parse_math=False,  # a dollar in a label is a dollar
            )
            return ax.add_artist(text)
        case Stroke():
            # matplotlib counts dashes in widths of the line.
            dashes = tuple(length / item.width for length in item.dashes)
            return ax.add_line(
                Line2D(
                    [x for x, _ in item.points],
                    [y for _, y in item.points],
                    color=item.colour,
                    linewidth=item.width,
                    linestyle=(0, dashes) if dashes else "-",
                    solid_capstyle="butt",
                    dash_capstyle="butt",
                )
            )
        case Mark():
            return ax.add_line(
                Line2D(
                    [item.x],
                    [item.y],
                    linestyle="none",
                    marker=_MARKERS[item.shape],
                    markersize=item.size,
                    markerfacecolor=item.face,
                    markeredgecolor=item.edge,
                    markeredgewidth=item.outline,
                )
            )
        case Area():
            corner, box = (item.box.left, item.box.top), item.box
            return ax.add_patch(
                Rectangle(
                    corner,
                    box.right - box.left,
                    box.bottom - box.top,
                    facecolor=item.face,
                    edgecolor=item.edge or "none",
                    linewidth=0.6 if item.edge else 0.0,
                )
            )
