"""What every chapter is written from, and how a chapter is put together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from divide_index.cells import Cell
from divide_index.errors import PublicationError
from divide_index.levels import LevelResult, NonresponseBand
from divide_index.messages import Language, text
from divide_index.publication.decompositions import PublishedDecomposition
from divide_index.publication.figures.drawing import PAGE_WIDTH, PHONE_WIDTH, Drawing
from divide_index.publication.figures.svg import as_svg
from divide_index.publication.formatting import (
    CAUTION,
    NONE,
    NOT_AVAILABLE,
    SUPPRESSED,
    counted,
    interval,
    percent,
    rounded,
    signed,
)
from divide_index.publication.labels import cell_label, dimension_label, inside
from divide_index.publication.published import Figures, Published
from divide_index.publication.report.blocks import (
    Alert,
    Block,
    Bullets,
    Chapter,
    Column,
    ColumnKind,
    Definitions,
    FigureBlock,
    Heading,
    Paragraph,
    Reference,
    Row,
    TableBlock,
)
from divide_index.publication.report.columns import column_widths
from divide_index.publication.sentences import Stated, level_sentence
from divide_index.publication.targets import PublishedTarget
from divide_index.publication.years import PublishedYears
from divide_index.schema import OVERALL, SurveySchema
from divide_index.target import NoProjection

_ROMAN = tuple(map(chr, range(0x2160, 0x216A)))  # as Korean chapters are counted


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Levels as they may be published, with what else a report of them says.

    Parameters
    ----------
    published
        The levels.
    band
        The same levels under other treatments of item nonresponse, if they were computed.
    lang
        Korean or English.
    decomposition
        Why groups lag, as far as it may be published, if it was computed.
    target
        How far the target is by everything it may mean, as far as it may be published; with
        levers and a projection where the report looks ahead.
    outlook
        Why a report that looks ahead has no projection, empty where it has one; None for a
        report that does not.
    years
        Levels of several years, as far as they may be published, if they were compared.
    """

    published: Published
    band: NonresponseBand | None
    lang: Language
    decomposition: PublishedDecomposition | None = None
    target: PublishedTarget | None = None
    outlook: NoProjection | None = None
    years: PublishedYears | None = None

    @property
    def result(self) -> LevelResult:
        """The levels, for what is no number of a cell: method, design, findings."""
        return self.published.result

    @property
    def schema(self) -> SurveySchema:
        """The survey's schema."""
        return self.published.schema

    @property
    def year(self) -> int:
        """The survey's year.

        Raises
        ------
        PublicationError
            The schema does not say it.
        """
        year = self.schema.survey.year
        if year is None:
            raise PublicationError("DI-E251", schema=self.schema.name)
        return year

    @property
    def is_synthetic(self) -> bool:
        """Whether the records are simulated."""
        return self.result.scores.survey.is_synthetic

    @property
    def confidence(self) -> str:
        """The confidence level in percent, as it is printed."""
        return percent(self.result.confidence)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The overall level, then each dimension."""
        return (OVERALL, *self.schema.dimensions)

    @property
    def reference(self) -> str:
        """The name of the reference inside a sentence."""
        return inside(self.schema.reference.label.of(self.lang), self.lang)

    @property
    def subjects(self) -> tuple[Cell, ...]:
        """The groups, the target's first."""
        groups = self.published.of_domain("group")
        target = self.schema.target
        return tuple(sorted(groups, key=lambda c: target is None or c.category != target.group))

    @property
    def regions(self) -> str | None:
        """The domain that is a map."""
        return map_domain(self.result)

    @property
    def characteristics(self) -> tuple[str, ...]:
        """The other domains shown, in the schema's order."""
        shown = {cell.domain for cell in self.published.cells}
        return tuple(d for d in self.schema.domains if d in shown and d != self.regions)

    @property
    def looks_ahead(self) -> bool:
        """Whether levers or a projection were asked for."""
        return self.outlook is not None

    def say(self, code: str, **params: object) -> str:
        """Return words in the report's language."""
        return text(code, self.lang, **params)

    def points(self, value: float) -> str:
        """Return a difference in percentage points."""
        return self.say("report.points", value=signed(value))

    def unit(self) -> str:
        """Return the unit of a table of levels with respondents."""
        return self.say(f"report.unit.{self.schema.unit}")

    def label(self, cell: Cell) -> str:
        """Return the name of a cell; of a group's part, that of the part alone."""
        if cell.codes and cell.codes[0][0] == "group":
            parts = [self.schema.category_label(d, code, self.lang) for d, code in cell.codes[1:]]
            return " · ".join(parts)
        return cell_label(cell, self.schema, self.lang)

    def inside(self, cell: Cell) -> str:
        """Return the name of a cell as it stands inside a sentence."""
        return inside(self.label(cell), self.lang)

    def dimension(self, name: str) -> str:
        """Return the name of a dimension or of the overall level, as a head."""
        return dimension_label(name, self.schema, self.lang)

    def domain(self, name: str) -> str:
        """Return the name of a domain."""
        return self.schema.domains[name].label.of(self.lang)

    def by(self, domain: str) -> str:
        """Return a domain's name in a title of levels by it: 시·도별, 성별; region."""
        name = inside(self.domain(domain), self.lang)
        if self.lang == "ko" and name.endswith("별"):
            return name
        return self.say("report.by", name=name)

    def stated(self, cell: Cell, dimension: str = OVERALL) -> Stated | None:
        """Return a level for a sentence; None where it is not printed."""
        figures = self.published.figures(cell, dimension)
        if not figures.is_shown:
            return None
        bounds = figures.bounds if figures.margin is None else None
        return Stated(self.inside(cell), figures.level, figures.margin, bounds)

    def level_of(self, stated: Stated, dimension: str = OVERALL) -> str:
        """Return a level in a sentence, with its margin of error."""
        return level_sentence(
            stated,
            self.lang,
            year=self.year,
            reference=self.reference,
            dimension=inside(self.dimension(dimension), self.lang),
            confidence=self.result.confidence,
        )

    def dimensions_of(self, cell: Cell) -> list[Stated]:
        """Return the levels of a cell's dimensions under the dimensions' names."""
        shown = [(name, self.published.figures(cell, name)) for name in self.schema.dimensions]
        return [
            Stated(inside(self.dimension(name), self.lang), figures.level)
            for name, figures in shown
            if figures.is_shown
        ]

    def verdict(self, figures: Figures, level: float = 100.0) -> str:
        """Return in words where an interval lies in relation to a level."""
        if figures.flag in {"suppressed", "none", "unknown"}:
            return symbol(figures)
        return self.say(f"report.verdict.{figures.against(level)}")


def map_domain(result: LevelResult) -> str | None:
    """Return the first domain of some levels that is a map."""
    schema = result.scores.survey.schema
    shown = {cell.domain for cell in result.cells}
    return next((d for d in schema.domains if d in shown and schema.tiles(d)), None)


def symbol(figures: Figures) -> str:
    """Return the sign that stands where a number is not printed."""
    signs = {"suppressed": SUPPRESSED, "none": NONE, "unknown": NOT_AVAILABLE}
    return signs.get(figures.flag, "")


def level_cell(figures: Figures) -> str:
    """Return a level as it is printed in a table."""
    if not figures.is_shown:
        return symbol(figures)
    return rounded(figures.level) + (CAUTION if figures.flag == "caution" else "")


def interval_cell(figures: Figures, *, is_reference: bool = False) -> str:
    """Return an interval as it is printed in a table."""
    if not figures.is_shown:
        return symbol(figures)
    return NONE if is_reference else interval(figures.low, figures.high)


def number_cell(figures: Figures, value: float, decimals: int = 1) -> str:
    """Return another number of a cell as it is printed in a table."""
    return rounded(value, decimals) if figures.is_shown else symbol(figures)


def count_cell(figures: Figures) -> str:
    """Return the respondents of a cell as they are printed in a table."""
    return SUPPRESSED if figures.n is None else counted(figures.n)


@dataclass(slots=True)
class Draft:
    """A chapter being written: it numbers its tables and figures as they come.

    Parameters
    ----------
    material
        What it is written from.
    key, title
        Of the chapter.
    number
        Counted from 1; 0 for a chapter that is not counted.
    mark
        What every page of it must say.
    """

    material: Material
    key: str
    title: str
    number: int
    mark: str = ""
    blocks: list[Block] = field(default_factory=list[Block])
    tables: int = 0
    figures: int = 0

    def heading(self, code: str, **params: object) -> None:
        """Begin a section; those of a counted chapter are counted too."""
        sections = 1 + sum(isinstance(block, Heading) for block in self.blocks)
        words = self.material.say(code, **params)
        title = f"{sections}. {words}" if self.number else words
        self.blocks.append(Heading(f"{self.key}-{sections}", title))

    def paragraph(
        self, words: str, references: Iterable[Reference] = (), footnote: str = ""
    ) -> None:
        """Add a paragraph; nothing for no words."""
        if words:
            self.blocks.append(Paragraph(words, tuple(references), footnote))

    def bullets(self, items: Iterable[str]) -> None:
        """Add a list of sentences, leaving out empty ones; nothing for none."""
        kept = tuple(item for item in items if item)
        if kept:
            self.blocks.append(Bullets(kept))

    def definitions(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Add names and what they mean."""
        self.blocks.append(Definitions(tuple(pairs)))

    def alert(self, words: str) -> None:
        """Add what must not be overlooked."""
        self.blocks.append(Alert(words))

    def next_table(self) -> Reference:
        """Return how text refers to the table that comes next."""
        number = self._numbered(self.tables + 1)
        return Reference(f"table-{number}", self.material.say("report.table", number=number))

    def next_figure(self) -> Reference:
        """Return how text refers to the figure that comes next."""
        number = self._numbered(self.figures + 1)
        return Reference(f"figure-{number}", self.material.say("report.figure", number=number))

    def table(
        self,
        title: str,
        heads: Sequence[tuple[str, ColumnKind]],
        rows: Sequence[Row],
        *,
        unit: str = "",
        notes: Iterable[str] = (),
        source: str = "",
        widths: Sequence[float] | None = None,
    ) -> None:
        """Add a table; without widths, a column is as wide as what stands in it."""
        self.tables += 1
        number = self._numbered(self.tables)
        shares = widths or column_widths(heads, rows)
        columns = [
            Column(head, kind, share) for (head, kind), share in zip(heads, shares, strict=True)
        ]
        self.blocks.append(
            TableBlock(
                key=f"table-{number}",
                number=number,
                title=title,
                unit=unit,
                columns=tuple(columns),
                rows=tuple(rows),
                notes=tuple(note for note in notes if note),
                source=source,
            )
        )

    def figure(
        self,
        title: str,
        draw: Callable[[float], Drawing],
        *,
        takeaway: str,
        base: str,
        alt: str,
    ) -> None:
        """Add a figure that a function draws for a width in points."""
        self.figures += 1
        number = self._numbered(self.figures)
        self.blocks.append(
            FigureBlock(
                key=f"figure-{number}",
                number=number,
                title=title,
                takeaway=takeaway,
                base=base,
                alt=alt,
                svg=as_svg(draw(PAGE_WIDTH), title=title, description=alt),
                narrow_svg=as_svg(draw(PHONE_WIDTH), title=title, description=alt),
            )
        )

    def chapter(self) -> Chapter:
        """Return the finished chapter; it refers to no table or figure that did not come."""
        number = ""
        if self.number:
            is_roman = self.material.lang == "ko"
            number = _ROMAN[self.number - 1] if is_roman else str(self.number)
        keys = {b.key for b in self.blocks if isinstance(b, TableBlock | FigureBlock)}
        blocks = [
            replace(b, references=tuple(r for r in b.references if r.key in keys))
            if isinstance(b, Paragraph)
            else b
            for b in self.blocks
        ]
        return Chapter(self.key, number, self.title, tuple(blocks), self.mark)

    def _numbered(self, count: int) -> str:
        return f"{self.number}-{count}" if self.number else f"{_PREFIX[self.key]}{count}"


_PREFIX = {"summary": "", "errors": "B-", "provenance": "C-"}
