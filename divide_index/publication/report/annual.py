"""The report itself: from levels to a web page or a PDF."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from divide_index.errors import PublicationError
from divide_index.levels import LevelResult, NonresponseBand
from divide_index.messages import LANGUAGES, Language
from divide_index.output import check_writable, write_files
from divide_index.publication.decomposition_files import (
    decomposition_as_csv,
    decomposition_as_json,
)
from divide_index.publication.decompositions import PublishedDecomposition
from divide_index.publication.disclosure import Suppression
from divide_index.publication.files import escaped, levels_as_csv, levels_as_json, plain
from divide_index.publication.provenance import (
    provenance_of,
    provenance_of_decomposition,
    provenance_of_years,
)
from divide_index.publication.published import Published
from divide_index.publication.report.blocks import Document, TableBlock
from divide_index.publication.report.contents import document_of, with_provenance
from divide_index.publication.report.joint import (
    JointSuppression,
    protect_together,
    restricted,
    united,
)
from divide_index.publication.report.material import Material, map_domain
from divide_index.publication.report.outlook import Outlook
from divide_index.publication.report.parts import (
    check_decomposition,
    check_outlook,
    check_target,
    check_years,
    domain_of,
)
from divide_index.publication.target_files import target_as_csv, target_as_json
from divide_index.publication.targets import Levers, PublishedTarget
from divide_index.publication.year_files import years_as_csv, years_as_json
from divide_index.publication.year_parts import PublishedParts
from divide_index.publication.years import PublishedYears, protect_years
from divide_index.schema import SurveySchema
from divide_index.target import PlanGoal, TargetResult, distance_to_target

if TYPE_CHECKING:
    from divide_index.change import ChangeResult
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
    target
        From :func:`divide_index.distance_to_target`, of the same scores; by default it is computed
        where the schema has a target and the levels hold its group.
    goals
        From :func:`divide_index.plan_goals`: the plan's other goals, in the chapter of the target.
    outlook
        From :func:`~divide_index.publication.report.look_ahead`: a chapter of projections and
        levers.
    years
        From :func:`divide_index.compare_years`, of earlier years and this survey: a chapter of
        trends and changes.

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
    target: TargetResult | None = None
    goals: tuple[PlanGoal, ...] = ()
    outlook: Outlook | None = None
    years: "ChangeResult | None" = None

    def __post_init__(self) -> None:
        """Refuse options that there are not, and parts that were made from something else."""
        options = {"lang": (self.lang, LANGUAGES), "disclosure": (self.disclosure, _DISCLOSURES)}
        for option, (value, valid) in options.items():
            if value not in valid:
                raise PublicationError("DI-E117", option=option, value=value, valid=valid)
        if self.decomposition is not None:
            check_decomposition(self.decomposition, self.levels)
        if self.target is not None:
            check_target(self.target, self.levels)
        if self.outlook is not None:
            check_outlook(self.outlook, self.levels)
        if self.years is not None:
            check_years(self.years, self.levels)

    @cached_property
    def suppression(self) -> Suppression | None:
        """What of the levels is not published; None where everything is."""
        return None if self._joint is None else self._joint.levels

    @cached_property
    def _joint(self) -> JointSuppression | None:
        """What is not published of the levels and of the definitions of the target."""
        if self.disclosure == "off":
            return None
        complete = None if self.decomposition is None else self.decomposition.complete
        return protect_together(self.levels, self._distances, band=self.band, complete=complete)

    @cached_property
    def _distances(self) -> TargetResult | None:
        """How far the target is; None where the schema has none, or the levels not its group."""
        levels = self.levels
        target = levels.scores.survey.schema.target
        held = {cell.category for cell in levels.cells if cell.domain == "group"}
        if target is None or target.group not in held or levels.where is not None:
            return None
        if self.target is not None:
            return self.target
        if levels.scores.survey.schema.survey.year is None:
            return None  # no report is made without it
        return distance_to_target(
            levels.scores,
            formula=levels.formula,
            cases=levels.cases,
            confidence=levels.confidence,
            df=levels.df,
        )

    @cached_property
    def document(self) -> Document:
        """The contents, ready to be laid out."""
        return document_of(self._material, self._provenance)

    @property
    def _material(self) -> Material:
        published = Published(self.levels, self.suppression)
        return Material(
            published,
            self.band,
            self.lang,
            decomposition=self._decomposition,
            target=self._published_target,
            outlook=None if self.outlook is None else self.outlook.missing,
            years=self._published_years,
        )

    @cached_property
    def _published_target(self) -> PublishedTarget | None:
        result, outlook = self._distances, self.outlook
        if result is None:
            return None
        hidden = self._joint
        suppression = None
        if hidden is not None and self.suppression is not None:
            suppression = united(hidden.target, self.suppression)
        shown = PublishedTarget(
            self.levels.scores.survey.schema, result, suppression, goals=self.goals
        )
        if outlook is None or shown.is_hidden(result.row()):
            return shown  # levers and the error of a projection would tell what is hidden
        parts = [(each, domain_of(each)) for each in outlook.parts]
        return replace(
            shown,
            levers=(
                Levers(outlook.levers),
                *(Levers(each, by, self._hidden_parts(result, by)) for each, by in parts),
            ),
            projection=outlook.projection,
        )

    def _hidden_parts(self, result: TargetResult, by: str) -> Suppression | None:
        """Return what is not published of the target's group, cut by a domain."""
        if self.suppression is None:
            return None
        mine = ("group", result.target.group)
        cells = [
            cell
            for cell in self.levels.cells
            if cell.domain == f"group*{by}" and mine in cell.codes
        ]
        return restricted(self.suppression, cells)

    @cached_property
    def _published_years(self) -> PublishedYears | None:
        if self.years is None:
            return None
        if self.suppression is None:
            return PublishedYears(self.years, None)
        # This survey's levels stand in the whole report: one decision holds for all of it.
        last = self.years.waves.years[-1]
        return PublishedYears(self.years, {**protect_years(self.years), last: self.suppression})

    @property
    def _decomposition(self) -> PublishedDecomposition | None:
        if self.decomposition is None:
            return None
        return PublishedDecomposition(self.decomposition, self.suppression)

    @property
    def _provenance(self) -> dict[str, Any]:
        """Return what the report rests on: levels, and what else was computed."""
        levels = provenance_of(self.levels, self.suppression)
        years = self._published_years
        if years is not None:
            own = provenance_of_years(years.result, years.suppressions, years.findings())
            levels["years"] = {"method": own["method"], "years": own["years"]}
            levels["findings"] += [
                each for each in own["findings"] if each not in levels["findings"]
            ]
        projection = None if self._published_target is None else self._published_target.projection
        if projection is not None:
            levels["projection"] = {
                "series": projection.group,
                "dimension": projection.dimension,
                "years": [int(year) for year in projection.series.years],
                "std_error": projection.series.std_error,
                "back_tested": list(projection.back_tested),
            }
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
        if (target := self._published_target) is not None:
            whole |= {
                "target.csv": (target_as_csv(target), "text/csv"),
                "target.json": (target_as_json(target, self.lang), "application/json"),
            }
        if (years := self._published_years) is not None:
            whole |= {
                "years.csv": (years_as_csv(years), "text/csv"),
                "years.json": (
                    years_as_json(PublishedParts(years), self.lang),
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


def domains_of_years(levels: LevelResult) -> list[str]:
    """Return what the years of a report are cut by, for :func:`divide_index.compare_years`.

    Groups and averages need no domain; where there are none, it is the regions, or the first
    domain that is printed.
    """
    shown = dict.fromkeys(cell.domain for cell in levels.cells)
    if "group" in shown:
        return []
    domain = map_domain(levels)
    domains = [name for name in shown if name in levels.scores.survey.schema.domains]
    return [domain] if domain is not None else domains[:1]


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
