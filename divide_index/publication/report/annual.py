"""The report itself: from levels to a web page or a PDF."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from divide_index.cells import Cell
from divide_index.errors import PublicationError
from divide_index.levels import LevelResult, NonresponseBand
from divide_index.messages import LANGUAGES, Language
from divide_index.output import check_writable, write_files
from divide_index.publication.decomposition_files import (
    decomposition_as_csv,
    decomposition_as_json,
)
from divide_index.publication.decompositions import PublishedDecomposition
from divide_index.publication.disclosure import Suppression, protect
from divide_index.publication.files import escaped, levels_as_csv, levels_as_json, plain
from divide_index.publication.provenance import provenance_of, provenance_of_decomposition
from divide_index.publication.published import Published
from divide_index.publication.report.blocks import Document, TableBlock
from divide_index.publication.report.contents import document_of, with_provenance
from divide_index.publication.report.material import Material, map_domain
from divide_index.schema import SurveySchema

if TYPE_CHECKING:
    from divide_index.decomposition import DecompositionResult
    from divide_index.publication.report.fonts import Typeface
    from divide_index.publication.report.pdf import Attached, Variant

_DISCLOSURES = ("report", "off")
# A number with its sign and unit, its margin or interval, and whether it is significant; a dash.
_PRINTED = re.compile(
    r"[-+]?(\d[\d.,~-]*\*?)?( ?(%p?|pp))?"
    r"|[-+]?\d[\d.,]*(±[\d.,]+|±…| \([\d.,~-]+\)| \(…\))?( ns)?"
)


@dataclass(frozen=True, eq=False)
class Report:
    """A report of levels, in Korean or English.

    Parameters
    ----------
    levels
        From :func:`divide_index.relative_levels`.
    lang
        Of every word.
    band
        From :func:`divide_index.nonresponse_band`; printed where it is given.
    disclosure
        ``"report"`` leaves out what would betray respondents, decided once before a table, a
        figure or an attachment sees a number; ``"off"`` marks every page INTERNAL.
    decomposition
        From :func:`divide_index.decompose_gap`, of the same scores, groups and domains: a chapter
        that says why groups lag, as far as a regression can.

    Examples
    --------
    >>> report = Report(levels, lang="en")  # doctest: +SKIP
    >>> report.to_pdf("report.pdf")  # doctest: +SKIP
    """

    levels: LevelResult
    lang: Language = "ko"
    band: NonresponseBand | None = None
    disclosure: Literal["report", "off"] = "report"
    decomposition: "DecompositionResult | None" = None

    def __post_init__(self) -> None:
        """Refuse options that there are not, and a decomposition of something else."""
        options = {"lang": (self.lang, LANGUAGES), "disclosure": (self.disclosure, _DISCLOSURES)}
        for option, (value, valid) in options.items():
            if value not in valid:
                raise PublicationError("DI-E117", option=option, value=value, valid=valid)
        if self.decomposition is not None:
            _check_decomposition(self.decomposition, self.levels)

    @cached_property
    def suppression(self) -> Suppression | None:
        """What is not published; None where everything is."""
        if self.disclosure == "off":
            return None
        complete = None if self.decomposition is None else self.decomposition.complete
        return protect(self.levels, band=self.band, complete=complete)

    @cached_property
    def document(self) -> Document:
        """The contents, ready to be laid out."""
        return document_of(self._material, self._provenance)

    @property
    def _material(self) -> Material:
        published = Published(self.levels, self.suppression)
        return Material(published, self.band, self.lang, self._decomposition)

    @property
    def _decomposition(self) -> PublishedDecomposition | None:
        if self.decomposition is None:
            return None
        return PublishedDecomposition(self.decomposition, self.suppression)

    @property
    def _provenance(self) -> dict[str, Any]:
        """Return what the report rests on: levels, and a decomposition if there is one."""
        levels = provenance_of(self.levels, self.suppression)
        if self.decomposition is None:
            return levels
        own = provenance_of_decomposition(self.decomposition, self.suppression)
        found = [each for each in own["findings"] if each not in levels["findings"]]
        return {
            **levels,
            "decomposition": own["method"],
            "findings": [*levels["findings"], *found],
            "versions": {**levels["versions"], **own["versions"]},
        }

    def to_html(self) -> str:
        """Return the report as a web page: one file that needs nothing else and asks for nothing.

        Raises
        ------
        PublicationError
            The schema lacks what a report prints.
        """
        from divide_index.publication.report.pages import page_of

        return page_of(self.document, medium="web")

    def to_pdf_bytes(self, *, variant: "Variant" = "ua") -> bytes:
        """Return the report as PDF: the same levels, version and fonts give the same bytes.

        Parameters
        ----------
        variant
            ``"ua"``: tagged, targeting PDF/UA-1, for the web; ``"archive"``: targeting PDF/A-3a,
            with every table attached as CSV, and the unrounded levels and parts as CSV and JSON.

        Raises
        ------
        PublicationError
            The schema lacks what a report prints; or a font or a system library is missing, with
            the line to type.
        """
        from divide_index.publication.report.fonts import typeface_for
        from divide_index.publication.report.pages import page_of
        from divide_index.publication.report.pdf import pdf_of, text_of

        typeface = typeface_for(text_of(page_of(self.document, medium="pdf")))
        provenance = _made_with(self._provenance, typeface)
        document = with_provenance(self.document, self._material, provenance)
        return pdf_of(
            page_of(document, medium="pdf"),
            typeface=typeface,
            variant=variant,
            attachments=self.attachments(document) if variant == "archive" else (),
            provenance=json.dumps(plain(provenance), ensure_ascii=False),
        )

    def to_pdf(self, path: Path | str, *, variant: "Variant" = "ua", force: bool = False) -> None:
        """Write the report as PDF; an existing file is replaced only if forced.

        Raises
        ------
        OutputError
            The file exists, or cannot be written.
        PublicationError
            As for :meth:`to_pdf_bytes`; nothing is written.
        """
        place = Path(path)
        check_writable(place, force=force)
        write_files({place: self.to_pdf_bytes(variant=variant)}, force=force)

    def _repr_html_(self) -> str:
        return self.to_html()

    def attachments(self, document: Document | None = None) -> "list[Attached]":
        """Return the files of an archived report: its printed tables, and results unrounded."""
        from divide_index.publication.report.pdf import Attached

        document = document or self.document
        # Korean Excel reads a CSV file without a byte order mark as CP949.
        encoding = "utf-8-sig" if self.lang == "ko" else "utf-8"
        whole = {
            "levels.csv": (levels_as_csv(self.levels, self.suppression), "text/csv"),
            "levels.json": (
                levels_as_json(self.levels, self.band, self.suppression),
                "application/json",
            ),
        }
        if (decomposition := self._decomposition) is not None:
            whole |= {
                "decomposition.csv": (decomposition_as_csv(decomposition), "text/csv"),
                "decomposition.json": (
                    decomposition_as_json(decomposition, self.lang),
                    "application/json",
                ),
            }
        tables = {
            f"{table.key}.csv": (table_as_csv(table), "text/csv") for table in document.tables
        }
        return [
            Attached(
                name,
                words.encode(encoding if kind == "text/csv" else "utf-8"),
                kind,
                _titles(document).get(name, name),
            )
            for name, (words, kind) in (whole | tables).items()
        ]


def domains_of_report(schema: SurveySchema, chosen: Sequence[str] = ()) -> list[str]:
    """Return what a report cuts its populations by, for :func:`divide_index.relative_levels`.

    Parameters
    ----------
    schema
        The survey's schema.
    chosen
        Domains to print; by default every one of the schema. Groups are cut by the same ones.

    Raises
    ------
    PublicationError
        A cross of domains, which a report does not print.
    """
    crosses = [domain for domain in chosen if "*" in domain]
    if crosses:
        raise PublicationError("DI-E254", domains=crosses)
    domains = [*(chosen or schema.domains)]
    parts = [f"group*{domain}" for domain in domains] if schema.groups else []
    return [*domains, *parts]


def domains_of_decomposition(levels: LevelResult) -> list[str]:
    """Return what a report's decomposition is cut by, for :func:`divide_index.decompose_gap`.

    Beside the groups these are the regions, where they are printed and the schema has a map of
    them.
    """
    domain = map_domain(levels)
    return [] if domain is None else [domain]


def _check_decomposition(decomposition: "DecompositionResult", levels: LevelResult) -> None:
    """Refuse a decomposition that is not one of these levels.

    Raises
    ------
    PublicationError
        DI-E256: of other scores. DI-E257: with other options. DI-E255: of groups that the levels
        do not hold, so that disclosure control would not see them.
    """
    if decomposition.scores is not levels.scores:
        raise PublicationError("DI-E256")
    pairs = {
        "formula": (levels.formula, decomposition.formula),
        "confidence": (levels.confidence, decomposition.confidence),
        "where": (levels.where, decomposition.where),
        "cases": (levels.cases, "available"),  # what a decomposition holds its levels against
    }
    differing = [f"{name} {a} / {b}" for name, (a, b) in pairs.items() if a != b]
    if differing:
        raise PublicationError("DI-E257", options=differing)
    published = PublishedDecomposition(decomposition, None)
    splitting = [
        Cell(*pair)
        for cell in decomposition.cells
        for pair in cell.codes
        if pair[0] in published.splits_of(cell)
    ]
    held = set(levels.cells)
    lacking = [cell for cell in (*decomposition.cells, *splitting) if cell not in held]
    if lacking:
        names = list(dict.fromkeys(f"{cell.domain}/{cell.category}" for cell in lacking))
        raise PublicationError("DI-E255", cells=names)


def table_as_csv(table: TableBlock) -> str:
    """Return a table as it is printed, as CSV; a heading row stands in the first column.

    Numbers stay what they are; a text that a spreadsheet would take for a formula is quoted.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([_csv_cell(column.label) for column in table.columns])
    for row in table.rows:
        blank = [""] * (len(table.columns) - len(row.cells))
        writer.writerow([_csv_cell(cell) for cell in (*row.cells, *blank)])
    return written.getvalue()


def _csv_cell(cell: str) -> str:
    # A lone carriage return would break the record in some readers.
    plain = cell.replace("\r", " ")
    return plain if _PRINTED.fullmatch(plain) else escaped(plain)


def _titles(document: Document) -> dict[str, str]:
    return {f"{table.key}.csv": table.title for table in document.tables}


def _made_with(provenance: dict[str, Any], typeface: "Typeface") -> dict[str, Any]:
    """Return a provenance with what a PDF rests on besides: its fonts, and who drew it."""
    drawn = {name: version(name) for name in ("weasyprint", "matplotlib")}
    return {
        **provenance,
        "versions": {**provenance["versions"], **drawn},
        "fonts": typeface.provenance(),
    }
