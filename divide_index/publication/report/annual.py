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

from divide_index.errors import PublicationError
from divide_index.levels import LevelResult, NonresponseBand
from divide_index.messages import LANGUAGES, Language
from divide_index.output import check_writable, write_files
from divide_index.publication.disclosure import Suppression, protect
from divide_index.publication.files import escaped, levels_as_csv, levels_as_json, plain
from divide_index.publication.provenance import provenance_of
from divide_index.publication.published import Published
from divide_index.publication.report.blocks import Document, TableBlock
from divide_index.publication.report.contents import document_of, with_provenance
from divide_index.publication.report.material import Material
from divide_index.schema import SurveySchema

if TYPE_CHECKING:
    from divide_index.publication.report.fonts import Typeface
    from divide_index.publication.report.pdf import Attached, Variant

_DISCLOSURES = ("report", "off")
_PRINTED = re.compile(r"[-+]?(\d[\d.,~-]*\*?)?( ?(%p?|pp))?")  # a number, its sign and unit; a dash


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

    Examples
    --------
    >>> report = Report(levels, lang="en")  # doctest: +SKIP
    >>> report.to_pdf("report.pdf")  # doctest: +SKIP
    """

    levels: LevelResult
    lang: Language = "ko"
    band: NonresponseBand | None = None
    disclosure: Literal["report", "off"] = "report"

    def __post_init__(self) -> None:
        """Refuse a language or a disclosure control that there is not."""
        options = {"lang": (self.lang, LANGUAGES), "disclosure": (self.disclosure, _DISCLOSURES)}
        for option, (value, valid) in options.items():
            if value not in valid:
                raise PublicationError("DI-E117", option=option, value=value, valid=valid)

    @cached_property
    def suppression(self) -> Suppression | None:
        """What is not published; None where everything is."""
        return protect(self.levels, band=self.band) if self.disclosure == "report" else None

    @cached_property
    def document(self) -> Document:
        """The contents, ready to be laid out."""
        return document_of(self._material, provenance_of(self.levels, self.suppression))

    @property
    def _material(self) -> Material:
        return Material(Published(self.levels, self.suppression), self.band, self.lang)

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
            with every table attached as CSV, and the unrounded levels as CSV and JSON.

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
        provenance = _made_with(provenance_of(self.levels, self.suppression), typeface)
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
        """Return the files of an archived report: its printed tables, and the levels unrounded."""
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
