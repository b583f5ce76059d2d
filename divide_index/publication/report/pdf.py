"""A finished page as a PDF: tagged, with its own fonts, and with nothing fetched from anywhere.

The bytes alone: :mod:`divide_index.output` writes them.
"""

import base64
import contextlib
import io
import logging
import os
import re
import sys
import warnings
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape, unescape
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote_to_bytes

from divide_index import resources
from divide_index.errors import PublicationError
from divide_index.publication.report.fonts import (
    EXTRA_FAMILY,
    FAMILY,
    Typeface,
    missing_from,
    typeface_for,
    without_glyphs,
)

Variant = Literal["ua", "archive"]

_VARIANTS: Mapping[Variant, str] = {"ua": "pdf/ua-1", "archive": "pdf/a-3a"}
_SUPPORTED = "70."
_EPOCH = "SOURCE_DATE_EPOCH"


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that travels inside a PDF.

    Parameters
    ----------
    name
        Its file name, in ASCII.
    content
        Its bytes.
    media_type
        Such as ``text/csv``.
    description
        What it is, in the language of the report.
    relationship
        To the page: the ``Data`` it shows, or its ``Source``.
    """

    name: str
    content: bytes
    media_type: str
    description: str
    relationship: Literal["Data", "Source"] = "Data"


def check(text: str, *, folders: Sequence[Path] | None = None) -> Typeface:
    """Make sure, before the work begins, that a report can be set; return its typeface.

    Parameters
    ----------
    text
        As much of the report as is known by then: ``"가"`` asks for a Korean font.
    folders
        Where to look for fonts, if not where they usually are.

    Raises
    ------
    PublicationError
        As :func:`check_libraries` and :func:`~divide_index.publication.report.fonts.typeface_for`.
    """
    check_libraries()
    return typeface_for(text, folders=folders)


def check_libraries() -> None:
    """Make sure that WeasyPrint and the system libraries it needs are here.

    Raises
    ------
    PublicationError
        System libraries are missing (DI-E244); WeasyPrint is, or is of another version than the
        page was made for (DI-E245); or ``$SOURCE_DATE_EPOCH`` is no time (DI-E247).
    """
    _made()  # importing WeasyPrint reads it too
    _weasyprint()


def pdf_of(
    html: str,
    *,
    typeface: Typeface,
    variant: Variant = "ua",
    attachments: Sequence[Attached] = (),
    provenance: str = "",
) -> bytes:
    """Return a page as a PDF; the same page, fonts and versions give the same bytes.

    Title, author, description, keywords and language are those of the page. It says when it was
    made only where ``$SOURCE_DATE_EPOCH`` does.

    Parameters
    ----------
    html
        The page. Its pictures are ``data:`` addresses, and nothing else is fetched. All text, that
        of its SVG pictures too, is set in ``font-family: "Report Sans", "Report Sans Extra"``:
        these are the typeface, and no other font is there. The page declares no ``@font-face``.
    typeface
        From :func:`~divide_index.publication.report.fonts.typeface_for` the :func:`text_of` the
        page.
    variant
        ``"ua"``: tagged, targeting PDF/UA-1; ``"archive"``: tagged, targeting PDF/A-3a.
    attachments
        Files inside the PDF.
    provenance
        What the numbers rest on, as JSON; :func:`provenance_in` finds it again.

    Raises
    ------
    PublicationError
        As :func:`check_libraries`; a character has no glyph (DI-E243); the page asks for something
        outside itself, or would not look as it should (DI-E246).
    """
    made = _made()
    weasyprint = _weasyprint()
    missing = missing_from(typeface, text_of(html))
    if missing:
        raise without_glyphs(missing)
    fetcher = _fetcher(weasyprint, _served(typeface, attachments))
    with _alone(made), _reports() as reports, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its colour profile open
        try:
            document, options = _laid_out(weasyprint, fetcher, html, typeface, variant)
            if made is not None:
                date = f"{made:%Y-%m-%dT%H:%M:%SZ}"
                document.metadata.created = document.metadata.modified = date
            pdf: bytes = document.write_pdf(
                finisher=_finisher(provenance),
                attachments=_attachments(weasyprint, fetcher, attachments, made),
                **options,
            )
        except weasyprint.urls.FatalURLFetchingError:
            raise _refusal(fetcher.refused) from None
    _check_result(document, fetcher.refused, reports)
    return pdf


def text_of(html: str) -> str:
    """Return all that a page prints: its text, its style's, and that of its SVG pictures."""
    printed = _Printed()
    printed.feed(html)
    printed.close()
    return "".join(printed.parts)


def provenance_in(pdf: bytes) -> str | None:
    """Return the provenance that a PDF of :func:`pdf_of` holds, if it holds one."""
    found = re.search(rb"<divideindex:provenance>(.*?)</divideindex:provenance>", pdf, re.DOTALL)
    return None if found is None else unescape(found[1].decode())


# --- WeasyPrint: without types, and here alone


def _weasyprint() -> Any:  # noqa: ANN401
    """Import it, without what it prints and warns when a library is missing."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            weasyprint = import_module("weasyprint")
            libraries = import_module("weasyprint.text.ffi")
    except OSError as error:
        raise PublicationError("DI-E244") from error
    except ImportError as error:
        raise PublicationError("DI-E245", found=error.name or "-") from error
    if not weasyprint.__version__.startswith(_SUPPORTED):
        raise PublicationError("DI-E245", found=f"weasyprint {weasyprint.__version__}")
    if libraries.harfbuzz_subset is None:
        raise PublicationError("DI-E244")
    return weasyprint


def _laid_out(
    weasyprint: Any,  # noqa: ANN401
    fetcher: Any,  # noqa: ANN401
    html: str,
    typeface: Typeface,
    variant: Variant,
) -> tuple[Any, dict[str, Any]]:
    """Return the pages, and the options to write them with."""
    fonts = weasyprint.text.fonts.FontConfiguration()
    style = weasyprint.CSS(string=_font_faces(typeface), url_fetcher=fetcher, font_config=fonts)
    page = weasyprint.HTML(string=html, url_fetcher=fetcher)
    options: dict[str, Any] = {"pdf_variant": _VARIANTS[variant], "pdf_identifier": True}
    return page.render(font_config=fonts, stylesheets=[style], **options), options


def _fetcher(weasyprint: Any, served: Mapping[str, tuple[str, bytes]]) -> Any:  # noqa: ANN401
    """Return what answers every address of a page: ``data:``, what is served, and no other."""
    base = weasyprint.urls.URLFetcher

    class Fetcher(base):
        def __init__(self) -> None:
            base.__init__(self, allowed_protocols=("data",), fail_on_errors=True)
            self.refused: list[str] = []

        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ANN401
            if url in served:
                media_type, content = served[url]
                return weasyprint.urls.URLFetcherResponse(
                    url, content, {"Content-Type": media_type}
                )
            try:
                return base.fetch(self, url, headers)
            except Exception:
                self.refused.append(url)
                raise

    return Fetcher()


def _served(typeface: Typeface, attachments: Sequence[Attached]) -> dict[str, tuple[str, bytes]]:
    """Return media type and content by address: the fonts and the attachments."""
    faces = {"regular": typeface.regular, "bold": typeface.bold}
    if typeface.extra is not None:
        faces |= {"extra-regular": typeface.extra.regular, "extra-bold": typeface.extra.bold}
    fonts = {f"font:{name}": ("font/ttf", face.content()) for name, face in faces.items()}
    files = {f"attachment:{a.name}": (a.media_type, a.content) for a in attachments}
    return fonts | files


def _font_faces(typeface: Typeface) -> str:
    rules = [(FAMILY, "normal", "regular"), (FAMILY, "bold", "bold")]
    if typeface.extra is not None:
        rules += [(EXTRA_FAMILY, "normal", "extra-regular"), (EXTRA_FAMILY, "bold", "extra-bold")]
    return "".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: url(font:{name}) }}'
        for family, weight, name in rules
    )


def _attachments(
    weasyprint: Any,  # noqa: ANN401
    fetcher: Any,  # noqa: ANN401
    attachments: Sequence[Attached],
    made: datetime | None,
) -> list[Any]:
    """Return them in the order of their names, as the PDF's directory of files must be."""
    date = made or datetime.fromtimestamp(0, UTC)
    return [
        weasyprint.Attachment(
            url=f"attachment:{attached.name}",
            url_fetcher=fetcher,
            name=attached.name,
            description=attached.description,
            created=date,
            modified=date,
            relationship=attached.relationship,
        )
        for attached in sorted(attachments, key=lambda attached: attached.name.encode())
    ]


def _finisher(provenance: str) -> Any:  # noqa: ANN401
    def finish(_document: Any, pdf: Any) -> None:  # noqa: ANN401
        if "AF" in pdf.catalog:  # WeasyPrint lists every file twice
            pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])
        metadata = pdf.objects[int(pdf.catalog["Metadata"].split()[0])]
        metadata.compress = False  # so that a reader of bytes alone finds it, as XMP is made for
        if provenance:
            end = b"</rdf:RDF>"
            metadata.stream = [
                part.replace(end, _xmp(provenance).encode() + end) for part in metadata.stream
            ]

    return finish


def _xmp(provenance: str) -> str:
    """Return the provenance as XMP, and the description that PDF/A asks of a property of ours."""
    namespace = "urn:divide-index:xmp:1#"
    aiim = "http://www.aiim.org/pdfa/ns"
    return f"""
<rdf:Description rdf:about="" xmlns:divideindex="{namespace}">
<divideindex:provenance>{escape(provenance, quote=False)}</divideindex:provenance>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="{aiim}/extension/"
 xmlns:pdfaSchema="{aiim}/schema#" xmlns:pdfaProperty="{aiim}/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>divide-index</pdfaSchema:schema>
<pdfaSchema:namespaceURI>{namespace}</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>divideindex</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>provenance</pdfaProperty:name>
<pdfaProperty:valueType>Text</pdfaProperty:valueType>
<pdfaProperty:category>external</pdfaProperty:category>
<pdfaProperty:description>What the numbers rest on, as JSON</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
"""


# --- what went wrong


class _Reports(logging.Filter):
    """Listens to WeasyPrint, which draws on when something is missing, and drops nothing."""

    # A page that shows something else than it should. Others are blemishes, for our tests to see.
    _FAULTS = ("Failed ", "Font-face ", "Relative URI ", "Unable to ", "Unsupported stylesheet ")
    _NO_GLYPH = ".notdef glyph "

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.without_glyph: set[str] = set()
        self._before = sys.exception()

    def filter(self, record: logging.LogRecord) -> bool:
        error = sys.exception()
        if error is not None and error is not self._before and not isinstance(error, Exception):
            raise error  # a drawing that fails swallows all, even the user's Ctrl-C
        if record.msg.startswith(self._NO_GLYPH) and isinstance(record.args, tuple):
            self.without_glyph.add(str(record.args[0]))
        elif record.msg.startswith(self._FAULTS):
            self.faults.append(_public(record.getMessage()))
        return True


@contextlib.contextmanager
def _reports() -> Generator[_Reports]:
    logger = logging.getLogger("weasyprint")
    reports = _Reports()
    logger.addFilter(reports)
    try:
        yield reports
    finally:
        logger.removeFilter(reports)


def _check_result(document: Any, refused: Sequence[str], reports: _Reports) -> None:  # noqa: ANN401
    """Refuse pages that do not show what they should."""
    if refused:
        raise _refusal(refused)
    if reports.without_glyph:
        raise without_glyphs(reports.without_glyph)
    if reports.faults:
        raise PublicationError("DI-E246", reason="; ".join(dict.fromkeys(reports.faults)))
    foreign = {font.family for font in document.fonts.values()} - {FAMILY, EXTRA_FAMILY}
    if foreign:
        raise PublicationError(
            "DI-E246", reason=f"text in other fonts: {', '.join(sorted(foreign))}"
        )


def _refusal(refused: Sequence[str]) -> PublicationError:
    return PublicationError("DI-E246", reason=_public("; ".join(dict.fromkeys(refused))))


def _public(message: str) -> str:
    """Return a message without paths, and without the content of pictures."""
    short = re.sub(r"\b(data|file):[^\s\"']*", r"\1:…", message)
    return re.sub(r"(?<![\w:/…])[/\\][^\s\"':]+[/\\]", "…/", short)[:200]


def _made() -> datetime | None:
    """Return when the PDF was made, if the user says so."""
    named = os.environ.get(_EPOCH)
    if not named:
        return None
    try:
        return datetime.fromtimestamp(int(named), UTC)
    except (ValueError, OverflowError, OSError):
        raise PublicationError("DI-E247", value=named) from None


@contextlib.contextmanager
def _alone(made: datetime | None) -> Generator[None]:
    """Hide the machine's clock and fonts from the libraries: only the page's own fonts are left."""
    changed = {
        _EPOCH: str(0 if made is None else int(made.timestamp())),
        "FONTCONFIG_FILE": str(resources.folder("templates") / "fonts.conf"),
    }
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


# --- what a page prints


class _Printed(HTMLParser):
    """Gathers text, the words of the style sheet, and what SVG pictures write."""

    _SILENT = frozenset({"script", "template", "title", "desc", "metadata"})
    _SVG = "data:image/svg+xml"

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {*self._SILENT, "style"}:
            self._inside.append(tag)
        for name, value in attrs:
            if value is not None and value.startswith(self._SVG):
                self.parts.append(text_of(_picture(value)))
            elif value is not None and name.startswith("data-"):  # a style may print it: attr()
                self.parts.append(value)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(data)
        elif self._inside[-1] == "style":
            self.parts.append(_words_of_style(data))


def _picture(address: str) -> str:
    """Return the text of a ``data:`` address."""
    head, _, content = address.partition(",")
    raw = unquote_to_bytes(content)
    return (base64.b64decode(raw) if head.endswith(";base64") else raw).decode("utf-8", "replace")


def _words_of_style(style: str) -> str:
    """Return the strings of a style sheet, of which ``content`` may print any."""
    without_comments = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    strings = re.findall(r"\"([^\"]*)\"|'([^']*)'", without_comments)
    return "".join(
        re.sub(r"\\([0-9a-fA-F]{1,6})\s?", lambda code: chr(int(code[1], 16)), "".join(pair))
        for pair in strings
    )
