"""From a page to a PDF: its fonts, its tags, and nothing from outside."""

import base64
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

from divide_index import messages
from divide_index.errors import PublicationError
from divide_index.publication.report.fonts import (
    EXTRA_FAMILY,
    FAMILY,
    Typeface,
    font_folders,
    missing_from,
    typeface_for,
)
from divide_index.publication.report.pdf import (
    Attached,
    Variant,
    check,
    check_libraries,
    pdf_of,
    provenance_in,
    text_of,
)

KOREAN = "디지털정보화수준굵은그림제목표열머리가나다 −3.4%"
STYLE = f'html {{ font-family: "{FAMILY}", "{EXTRA_FAMILY}" }}'


def picture(drawn: str) -> str:
    """An SVG picture as the address of an image."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' width="200" height="40" viewBox="0 0 200 40" font-family="{FAMILY}, {EXTRA_FAMILY}">'
        f"<title>그림</title>{drawn}</svg>"
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def page(body: str = "", *, head: str = "", style: str = "", lang: str = "ko") -> str:
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>제목</title>'
        f"<style>{STYLE}{style}</style>{head}</head><body>{body}</body></html>"
    )


FIGURE = picture('<text y="15">그림 −3</text><text y="35" font-weight="bold">굵은 그림</text>')
REPORT = page(
    "<h1>디지털\u2060정보\u2060화 수준</h1><h2>표</h2><p>가\u2060나\u2060다 −3.4% <b>굵은</b></p>"
    '<table><thead><tr><th scope="col">열</th><th scope="col">수준</th></tr></thead>'
    '<tbody><tr><th scope="row">가</th><td>−3.4</td></tr></tbody></table>'
    f'<figure><img src="{FIGURE}" alt="가나다"></figure>'
)


@pytest.fixture(scope="session")
def korean() -> Typeface:
    """A typeface for Korean; where a library or a font is missing, the line to type is said."""
    try:
        return check(KOREAN)
    except PublicationError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def pango() -> None:
    """The libraries alone: an English page needs no font of the system."""
    try:
        check_libraries()
    except PublicationError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def report(korean: Typeface) -> bytes:
    return pdf_of(REPORT, typeface=korean)


def fonts_of(pdf: bytes) -> dict[str, pikepdf.Object]:
    """The composite fonts of a PDF, by their names without the mark of a subset."""
    with pikepdf.open(BytesIO(pdf)) as opened:
        fonts = [o for o in opened.objects if isinstance(o, pikepdf.Dictionary)]
        named = [f for f in fonts if f.get("/Subtype") == "/Type0"]
        return {str(f.BaseFont).partition("+")[2]: f for f in named}


def unicode_of(font: pikepdf.Object) -> dict[int, str]:
    """The text of each glyph."""
    _, _, mapped = font.ToUnicode.read_bytes().partition(b"endcodespacerange")
    pairs = re.findall(rb"<([0-9a-f]{4})> <([0-9a-f]+)>", mapped)
    return {
        int(glyph, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for glyph, text in pairs
    }


# --- fonts


def test_every_font_of_a_korean_page_is_the_typeface_in_its_text_and_its_pictures(
    korean: Typeface,
) -> None:
    only_pictures = pdf_of(page(f'<p><img src="{FIGURE}" alt="가"></p>'), typeface=korean)
    assert {"Report-Sans", "Report-Sans-Bold"} <= fonts_of(only_pictures).keys()
    whole = fonts_of(pdf_of(REPORT, typeface=korean)).keys()
    assert {"Report-Sans", "Report-Sans-Bold"} <= whole
    assert all(re.fullmatch(r"Report-Sans(-Extra)?(-Bold)?", name) for name in whole)


def test_the_embedded_outlines_are_those_of_the_font_file(korean: Typeface, report: bytes) -> None:
    with pikepdf.open(BytesIO(report)) as opened:
        names = {
            str(o.FontName).partition("+")[2]: o
            for o in opened.objects
            if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/FontDescriptor"
        }
        embedded = TTFont(BytesIO(names["Report-Sans-Bold"].FontFile2.read_bytes()))
    source = TTFont(BytesIO(korean.bold.content()))
    cmap = source.getBestCmap() or {}
    glyph = source.getGlyphID(cmap[ord("굵")])
    drawn = embedded["glyf"][embedded.getGlyphName(glyph)]
    assert drawn.coordinates == source["glyf"][source.getGlyphName(glyph)].coordinates


def test_every_character_of_a_page_has_a_glyph_and_a_word_joiner_draws_none(report: bytes) -> None:
    with pikepdf.open(BytesIO(report)) as opened:
        drawn = ""
        for font in (o for o in opened.objects if isinstance(o, pikepdf.Dictionary)):
            if font.get("/Subtype") != "/Type0":
                continue
            file = font.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes()
            glyphs = TTFont(BytesIO(file))["glyf"]
            for glyph, text in unicode_of(font).items():
                assert 0 < glyph < len(glyphs.glyphOrder)
                if text.strip():
                    assert glyphs[glyphs.glyphOrder[glyph]].numberOfContours, text
            drawn += "".join(unicode_of(font).values())
    assert set(text_of(REPORT)) - set(drawn) <= set(f"\u2060 {FAMILY}{EXTRA_FAMILY}")


def test_signs_that_the_korean_font_lacks_are_drawn_by_the_one_that_always_is_there(
    korean: Typeface,
) -> None:
    if korean.extra is None:
        pytest.skip(f"{korean.family} has every sign")
    assert missing_from(korean, "ã−") == frozenset()
    pdf = pdf_of(page("<p>ã −3 <b>−4</b></p>"), typeface=korean)
    assert {"Report-Sans-Extra", "Report-Sans-Extra-Bold"} <= fonts_of(pdf).keys()


def test_a_text_that_the_first_font_has_needs_no_other(korean: Typeface) -> None:
    assert typeface_for("가나다").extra is None


@pytest.mark.parametrize(
    ("lang", "words"), [("ko", "한글이 들어가는 PDF"), ("en", "needs a Korean font")]
)
def test_without_a_korean_font_the_line_to_type_is_said(
    tmp_path: Path, lang: messages.Language, words: str
) -> None:
    with pytest.raises(PublicationError) as raised:
        typeface_for("가", folders=[tmp_path])
    said = messages.render(raised.value.code, lang, raised.value.params)
    assert said.startswith("DI-E242")
    assert words in said
    assert "apt-get install --no-install-recommends fonts-nanum" in said
    assert "DIVIDE_INDEX_FONTS" in said


def test_a_missing_font_is_said_before_anything_is_drawn(tmp_path: Path, pango: None) -> None:
    with pytest.raises(PublicationError, match="DI-E242"):
        check("가", folders=[tmp_path])


def test_an_english_report_needs_no_font_of_the_system(tmp_path: Path, pango: None) -> None:
    text = page("<h1>Level</h1><p>−3.4 % <b>São</b></p>", lang="en").replace("제목", "Title")
    typeface = typeface_for(text_of(text), folders=[tmp_path])
    assert typeface.family == "DejaVu Sans"
    assert fonts_of(pdf_of(text, typeface=typeface)).keys() == {"Report-Sans", "Report-Sans-Bold"}


def test_characters_that_no_font_has_are_named(tmp_path: Path) -> None:
    with pytest.raises(PublicationError, match=r"DI-E243.*\U00013000 \(U\+13000\)"):
        typeface_for("Level \U00013000", folders=[tmp_path])


def test_what_is_missing_is_that_of_the_font_that_lacks_least(korean: Typeface) -> None:
    with pytest.raises(PublicationError) as raised:
        typeface_for(KOREAN + "\U00013000")
    assert raised.value.params["characters"] == ["\U00013000 (U+13000)"]


def test_a_character_must_be_in_both_weights(korean: Typeface) -> None:
    uneven = Typeface(korean.family, korean.regular, typeface_for("A", folders=[]).bold)
    assert missing_from(uneven, "가A") == {"가"}


def test_blanks_and_controls_need_no_glyph(korean: Typeface) -> None:
    assert missing_from(korean, "\u2060\u00a0\u2009\u202f\u200b\n\t\ufe0f\ufeff") == frozenset()


def test_the_folder_the_user_names_goes_before_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, korean: Typeface
) -> None:
    for face in (korean.regular, korean.bold):
        shutil.copy(face.path, tmp_path)
    monkeypatch.setenv("DIVIDE_INDEX_FONTS", str(tmp_path))
    assert font_folders()[0] == tmp_path
    assert typeface_for(KOREAN).regular.path.parent == tmp_path


def test_a_damaged_font_is_passed_over(tmp_path: Path, korean: Typeface) -> None:
    for face in (korean.regular, korean.bold):
        (tmp_path / face.path.name).write_bytes(face.path.read_bytes()[:3000])
    with pytest.raises(PublicationError, match="DI-E242"):
        typeface_for("가", folders=[tmp_path])


def collection_of(korean: Typeface, family: str, names: dict[str, str]) -> TTCollection:
    """A small collection: another family first, then this one, in the weights named."""
    collection = TTCollection()
    for shown, weight in {f"{family} X": "Regular", **names}.items():
        font = TTFont(getattr(korean, weight.lower()).path)
        subsetter = subset.Subsetter()
        subsetter.populate(text=KOREAN)
        subsetter.subset(font)
        for record, text in ((1, shown.partition("/")[0]), (2, weight)):
            font["name"].setName(text, record, 3, 1, 0x409)
        for record in (16, 17, 21, 22):
            font["name"].removeNames(nameID=record)
        collection.fonts.append(font)
    return collection


def test_a_face_is_taken_out_of_a_collection(tmp_path: Path, korean: Typeface) -> None:
    family = "Noto Sans CJK KR"
    for weight in ("Regular", "Bold"):
        collection = collection_of(korean, family, {family: weight})
        collection.save(tmp_path / f"NotoSansCJK-{weight}.ttc")
    typeface = typeface_for(KOREAN, folders=[tmp_path])
    assert (typeface.family, typeface.regular.index, typeface.bold.index) == (family, 1, 1)
    single = TTFont(BytesIO(typeface.bold.content()))
    assert single["name"].getBestFamilyName() == family
    assert typeface.bold.content() == typeface.bold.content()
    pdf = pdf_of(REPORT, typeface=typeface)
    assert {"Report-Sans", "Report-Sans-Bold"} <= fonts_of(pdf).keys()


def test_one_collection_may_hold_both_weights(tmp_path: Path, korean: Typeface) -> None:
    family = "Apple SD Gothic Neo"
    collection = collection_of(korean, family, {f"{family}/1": "Regular", f"{family}/2": "Bold"})
    collection.save(tmp_path / "AppleSDGothicNeo.ttc")
    typeface = typeface_for(KOREAN, folders=[tmp_path])
    assert (typeface.regular.index, typeface.bold.index) == (1, 2)


def test_the_provenance_of_a_typeface_holds_the_hash_of_every_file(korean: Typeface) -> None:
    hashes = [value for entry in korean.provenance() for value in entry.values()]
    assert korean.family == hashes[0]
    assert sum(bool(re.fullmatch("[0-9a-f]{64}", value)) for value in hashes) in {2, 4}


# --- what a page prints


def test_the_text_of_a_page_is_what_it_prints() -> None:
    printed = text_of(
        page(
            f"<p>A&amp;B</p><script>C</script><template>D</template><img src='{FIGURE}' alt='E'>"
            "<svg><title>F</title><desc>G</desc><text>H</text></svg><p data-label='I' title='J'>",
            style='/* "K" */ p::before { content: "L" "\\2014 M" } q::before { content: \'N\' }',
        )
    )
    assert {"A", "&", "B", "H", "I", "L", "—", "M", "N"} <= set(printed)
    assert not set("CDFGJK") & set(printed.replace(FAMILY, "").replace(EXTRA_FAMILY, ""))
    assert "굵은 그림" in printed  # in the picture
    assert "제목" not in printed


@pytest.mark.parametrize(
    "address",
    [
        picture("<text>\U00013000</text>"),
        "data:image/svg+xml,%3Csvg%3E%3Ctext%3E\U00013000%3C/text%3E%3C/svg%3E",
    ],
)
def test_a_character_that_only_a_picture_has_is_found(korean: Typeface, address: str) -> None:
    text = page(f'<img src="{address}" alt="가">')
    assert "\U00013000" in text_of(text)
    with pytest.raises(PublicationError, match=r"DI-E243.*U\+13000"):
        pdf_of(text, typeface=korean)


def test_a_character_that_only_the_layout_brings_in_is_found(korean: Typeface) -> None:
    marks = page("<ol><li>가</li></ol>", style="ol { list-style-type: khmer }")
    assert not missing_from(korean, text_of(marks))
    with pytest.raises(PublicationError, match=r"DI-E24[36]"):
        pdf_of(marks, typeface=korean)


def test_no_font_of_the_machine_is_used_whatever_the_page_asks_for(korean: Typeface) -> None:
    style = "p { font-family: monospace } b { font-family: DejaVu Sans }"
    drawn = picture('<text y="15" font-family="serif" font-weight="bold">−3 가</text>')
    body = f'<p>가 −3</p><b>나 −4</b><img src="{drawn}" alt="가">'
    names = fonts_of(pdf_of(page(body, style=style), typeface=korean)).keys()
    assert all(re.fullmatch(r"Report-Sans(-Extra)?(-Bold)?", name) for name in names)


def test_a_sign_the_korean_font_lacks_is_as_bold_as_the_words_around_it(korean: Typeface) -> None:
    if korean.extra is None:
        pytest.skip(f"{korean.family} has every sign")
    style = f'html {{ font-family: "{FAMILY}" }}'  # the second family is found all the same
    pdf = pdf_of(page("<p>−3 <b>−4</b></p>", style=style), typeface=korean)
    fonts = fonts_of(pdf)
    assert {"Report-Sans-Extra", "Report-Sans-Extra-Bold"} <= fonts.keys()


def test_a_font_of_the_pages_own_is_refused(korean: Typeface) -> None:
    style = "@font-face { font-family: X; src: url(font:regular) } p { font-family: X }"
    with pytest.raises(PublicationError, match=r"DI-E246.*other fonts: X"):
        pdf_of(page("<p>가</p>", style=style), typeface=korean)


# --- the libraries


LIBRARIES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


class _Missing:
    """Stands before the import system and has no Pango."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "weasyprint":
            print("WeasyPrint could not import some external libraries.")  # noqa: T201
            raise self.error


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (
            OSError("cannot load library 'libgobject-2.0-0'"),
            "DI-E244",
            f"apt-get install --no-install-recommends {LIBRARIES}",
        ),
        (
            ModuleNotFoundError("No module named 'weasyprint'", name="weasyprint"),
            "DI-E245",
            "pip install 'weasyprint>=70,<71'",
        ),
    ],
)
def test_what_is_missing_is_named_with_the_line_to_type(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: Exception,
    code: str,
    line: str,
) -> None:
    monkeypatch.setattr(sys, "meta_path", [_Missing(error), *sys.meta_path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(PublicationError) as raised:
        check("A")
    for lang in ("ko", "en"):
        said = messages.render(raised.value.code, lang, raised.value.params)
        assert said.startswith(code)
        assert line in said
    assert capfd.readouterr() == ("", "")


def test_another_version_of_weasyprint_is_refused(
    monkeypatch: pytest.MonkeyPatch, pango: None
) -> None:
    monkeypatch.setattr("weasyprint.__version__", "71.0")
    with pytest.raises(PublicationError, match=r"DI-E245.*weasyprint 71\.0"):
        check_libraries()


def test_a_library_that_weasyprint_could_do_without_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, pango: None
) -> None:
    monkeypatch.setattr("weasyprint.text.ffi.harfbuzz_subset", None)
    with pytest.raises(PublicationError, match=r"DI-E244.*libharfbuzz-subset0"):
        check_libraries()


# --- what a PDF holds


def test_a_page_is_tagged_named_and_outlined(report: bytes) -> None:
    with pikepdf.open(BytesIO(report)) as opened:
        root = opened.Root
        assert root.Lang == "ko"
        assert root.MarkInfo.Marked
        assert root.ViewerPreferences.DisplayDocTitle
        assert opened.docinfo["/Title"] == "제목"
        assert "/CreationDate" not in opened.docinfo
        with opened.open_outline() as outline:
            [first] = outline.root
            assert first.title.replace("\u2060", "") == "디지털정보화 수준"
            assert [child.title for child in first.children] == ["표"]
        elements = [o for o in opened.objects if isinstance(o, pikepdf.Dictionary)]
        kinds = [str(e.S) for e in elements if e.get("/Type") == "/StructElem"]
        assert {"/H1", "/H2", "/P", "/Table", "/TR", "/TH", "/TD", "/Figure"} <= set(kinds)
        assert kinds.count("/TH") == 3
        [figure] = [e for e in elements if e.get("/S") == "/Figure"]
        assert figure.Alt == "가나다"
        metadata = opened.open_metadata()
        assert metadata["pdfuaid:part"] == "1"
        assert metadata["dc:title"] == "제목"


def test_attachments_come_out_as_they_went_in(korean: Typeface) -> None:
    files = [
        Attached("table 2-1.csv", "가,나\r\n=1+1,\x00\n".encode("utf-8-sig"), "text/csv", "표"),
        Attached("levels.json", b'{"a": 1}', "application/json", "자료", "Source"),
    ]
    pdf = pdf_of(REPORT, typeface=korean, variant="archive", attachments=files)
    with pikepdf.open(BytesIO(pdf)) as opened:
        assert {
            name: file.get_file().read_bytes() for name, file in opened.attachments.items()
        } == {attached.name: attached.content for attached in files}
        for attached in files:
            described = opened.attachments[attached.name]
            assert described.get_file().mime_type == attached.media_type
            assert described.description == attached.description
            assert described.obj.AFRelationship == f"/{attached.relationship}"
        assert len(opened.Root.AF) == 2  # each of them once
        metadata = opened.open_metadata()
        assert metadata.pdfa_status == "3A"
        assert opened.Root.OutputIntents[0].S == "/GTS_PDFA1"


def test_no_attachments_leave_no_trace(korean: Typeface) -> None:
    with pikepdf.open(BytesIO(pdf_of(REPORT, typeface=korean, variant="archive"))) as opened:
        assert not opened.attachments
        assert "/AF" not in opened.Root


@pytest.mark.parametrize("variant", ["ua", "archive"])
def test_the_provenance_is_found_again_with_and_without_a_library(
    korean: Typeface, variant: Variant
) -> None:
    provenance = json.dumps({"input": "<조사>&.csv", "hash": "]]>"}, ensure_ascii=False)
    pdf = pdf_of(REPORT, typeface=korean, variant=variant, provenance=provenance)
    assert provenance_in(pdf) == provenance
    with pikepdf.open(BytesIO(pdf)) as opened:
        metadata = opened.open_metadata()
        assert metadata["{urn:divide-index:xmp:1#}provenance"] == provenance


def test_a_pdf_without_provenance_has_none(report: bytes) -> None:
    assert provenance_in(report) is None


def test_words_that_look_like_a_provenance_are_none(korean: Typeface) -> None:
    words = "<divideindex:provenance>가</divideindex:provenance>"
    head = f'<meta name="description" content="{escape(words)}">'
    attached = [Attached("a.txt", words.encode(), "text/plain", words)]
    pdf = pdf_of(page("가", head=head), typeface=korean, attachments=attached, provenance="{}")
    assert provenance_in(pdf) == "{}"


# --- the same bytes

SAME = """
import hashlib, sys
from pathlib import Path
from divide_index.publication.report.fonts import typeface_for
from divide_index.publication.report.pdf import Attached, pdf_of, text_of
html = Path(sys.argv[1]).read_text(encoding="utf-8")
files = [Attached("b.csv", b"2", "text/csv", ""), Attached("a.csv", b"1", "text/csv", "")]
for variant in ("ua", "archive"):
    pdf = pdf_of(html, typeface=typeface_for(text_of(html)), variant=variant, attachments=files)
    print(hashlib.sha256(pdf).hexdigest())
"""


def test_two_processes_make_the_same_bytes(tmp_path: Path, korean: Typeface) -> None:
    (tmp_path / "page.html").write_text(REPORT, encoding="utf-8")
    (tmp_path / "same.py").write_text(SAME, encoding="utf-8")
    made = {
        subprocess.run(
            [sys.executable, tmp_path / "same.py", tmp_path / "page.html"],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Seoul"))
    }
    assert len(made) == 1
    assert len(set(made.pop().split())) == 2


def test_the_time_of_making_is_the_one_the_user_names(
    monkeypatch: pytest.MonkeyPatch, korean: Typeface
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    pdf = pdf_of(REPORT, typeface=korean)
    assert os.environ["SOURCE_DATE_EPOCH"] == "1767225600"
    with pikepdf.open(BytesIO(pdf)) as opened:
        assert opened.docinfo["/CreationDate"] == "D:20260101000000Z"
        assert opened.open_metadata()["xmp:CreateDate"] == "2026-01-01T00:00:00Z"


def test_without_a_time_there_is_none(
    monkeypatch: pytest.MonkeyPatch, korean: Typeface, report: bytes
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    fonts = os.environ.get("FONTCONFIG_FILE")
    assert pdf_of(REPORT, typeface=korean) == report
    assert "SOURCE_DATE_EPOCH" not in os.environ
    assert os.environ.get("FONTCONFIG_FILE") == fonts


@pytest.mark.parametrize("named", ["yesterday", "1.5", "99999999999999999"])
def test_a_time_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, korean: Typeface, named: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", named)
    with pytest.raises(PublicationError, match="DI-E247"):
        pdf_of(REPORT, typeface=korean)
    with pytest.raises(PublicationError, match="DI-E247"):
        check_libraries()


# --- nothing from outside


class _Server(ThreadingHTTPServer):
    """Counts what is asked of it."""

    asked: list[str]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        self.server.asked.append(self.path)
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


@pytest.fixture(scope="module")
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as listening:
        listening.asked = []
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


ESCAPES = {
    "an image": '<img src="{url}" alt="가">',
    "a style sheet": '<link rel="stylesheet" href="{url}">',
    "an imported style sheet": "<style>@import url({url});</style>",
    "a background": '<p style="background: url({url})">가</p>',
    "a list's mark": '<ul style="list-style-image: url({url})"><li>가</li></ul>',
    "generated content": "<style>p::before {{ content: url({url}) }}</style><p>가</p>",
    "a border": '<p style="border: 9px solid; border-image: url({url}) 9">가</p>',
    "a font": "<style>@font-face {{ font-family: X; src: url({url}) }}</style><p>가</p>",
    "a font by its name": "<style>@font-face {{ font-family: X; src: local(NanumGothic) }}</style>",
    "a colour profile": "<style>@color-profile --x {{ src: url({url}) }}</style>",
    "an attachment of the page": '<link rel="attachment" href="{url}">',
    "an attachment of a link": '<a rel="attachment" href="{url}">가</a>',
    "an object": '<object data="{url}">가</object>',
    "an embedded thing": '<embed src="{url}">',
    "an image of inline SVG": '<svg width="9" height="9"><image href="{url}" width="9"/></svg>',
    "a use of inline SVG": '<svg width="9" height="9"><use href="{url}#a"/></svg>',
    "a style of inline SVG": "<svg><style>@import url({url});</style><rect/></svg>",
    "a relative address": '<img src="{name}" alt="가">',
    "a relative address with a base": '<base href="{folder}/"><img src="{name}" alt="가">',
}
IN_A_PICTURE = {
    "an image": '<image xlink:href="{url}" width="9" height="9"/>',
    "an image, as in SVG 2": '<image href="{url}" width="9" height="9"/>',
    "a use": '<use xlink:href="{url}#a"/>',
    "a style sheet": "<style>@import url({url});</style><rect/>",
    "a font": "<style>@font-face {{ font-family: X; src: url({url}) }}</style><rect/>",
    "a pattern": '<rect fill="url({url}#a)" width="9" height="9"/>',
}
MARK = "geheim-7361"  # of the file that must not travel


def bodies() -> dict[str, str]:
    """Pages that ask for something, with the place left open."""
    return {
        **ESCAPES,
        **{f"{name} of a picture": f"PICTURE{drawn}" for name, drawn in IN_A_PICTURE.items()},
    }


def asking(body: str, url: str) -> str:
    folder, _, name = url.rpartition("/")
    filled = body.removeprefix("PICTURE").format(url=url, folder=folder, name=name)
    if body.startswith("PICTURE"):
        filled = f'<p><img src="{picture(filled)}" alt="가"></p>'
    return page(filled)


def holds(pdf: bytes, mark: str) -> bool:
    """Whether a PDF holds a word in any stream."""
    with pikepdf.open(BytesIO(pdf)) as opened:
        streams = [o for o in opened.objects if isinstance(o, pikepdf.Stream)]
        return any(mark.encode() in stream.read_bytes() for stream in streams)


# What WeasyPrint does not even try: nothing is lost, for the page never had it.
NEVER_ASKED = {"a use of inline SVG", "a use of a picture", "a pattern of a picture"}


@pytest.mark.parametrize("name", bodies())
@pytest.mark.parametrize("scheme", ["file", "http"])
def test_nothing_is_read_from_the_disk_or_the_net(
    tmp_path: Path, korean: Typeface, server: _Server, name: str, scheme: str
) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" id="a">'
        f"<!-- {MARK} --><title>{MARK}</title><rect width='9' height='9'/></svg>",
        encoding="utf-8",
    )
    here = f"http://127.0.0.1:{server.server_port}/secret.svg"
    text = asking(bodies()[name], secret.as_uri() if scheme == "file" else here)
    if name in NEVER_ASKED:
        assert not holds(pdf_of(text, typeface=korean, variant="archive"), MARK)
    else:
        with pytest.raises(PublicationError, match="DI-E246") as raised:
            pdf_of(text, typeface=korean, variant="archive")
        assert str(tmp_path) not in str(raised.value)
    assert server.asked == []


def test_a_refusal_does_not_depend_on_the_log(
    monkeypatch: pytest.MonkeyPatch, korean: Typeface
) -> None:
    monkeypatch.setattr(logging.getLogger("weasyprint"), "disabled", True)
    text = asking(bodies()["an image of a picture"], "file:///etc/hostname")
    with pytest.raises(PublicationError, match="DI-E246"):
        pdf_of(text, typeface=korean)


def test_a_broken_picture_is_no_words_in_its_place(korean: Typeface) -> None:
    for address in ("data:image/svg+xml;base64,PHN2Zz4=", "data:image/png;base64,AAAA"):
        with pytest.raises(PublicationError, match=r"DI-E246.*Failed to load image"):
            pdf_of(page(f'<img src="{address}" alt="가">'), typeface=korean)


def test_a_fault_is_told_without_the_content_of_pictures(korean: Typeface) -> None:
    address = "data:image/png;base64," + "A" * 5000
    with pytest.raises(PublicationError) as raised:
        pdf_of(page(f'<img src="{address}" alt="가">'), typeface=korean)
    assert len(str(raised.value)) < 500


# --- who is told of what


def test_nothing_reaches_the_terminal_and_a_blemish_reaches_who_listens(
    korean: Typeface, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    text = page('<a href="#nowhere">가</a>', style="p { flubber: 1 }")
    with caplog.at_level(logging.WARNING, logger="weasyprint"):
        assert pdf_of(text, typeface=korean).startswith(b"%PDF-1.7")
    said = [record.getMessage() for record in caplog.records]
    assert any("flubber" in words for words in said)
    assert any("nowhere" in words for words in said)
    assert capfd.readouterr() == ("", "")


def test_the_report_of_these_tests_has_no_blemish(
    korean: Typeface, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="weasyprint"):
        pdf_of(REPORT, typeface=korean, variant="archive")
    assert caplog.records == []


def test_the_logger_is_left_as_it_was(korean: Typeface) -> None:
    logger = logging.getLogger("weasyprint")
    before = (logger.level, [*logger.filters], [*logger.handlers])
    with pytest.raises(PublicationError):
        pdf_of(page('<img src="file:///x" alt="가">'), typeface=korean)
    assert (logger.level, logger.filters, logger.handlers) == before


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_drawing_does_not_swallow_the_users_wish_to_stop(
    monkeypatch: pytest.MonkeyPatch, korean: Typeface, stop: type[BaseException]
) -> None:
    def stopped(*arguments: object) -> None:
        raise stop

    monkeypatch.setattr("weasyprint.svg.SVG.draw", stopped)
    with pytest.raises(stop):
        pdf_of(REPORT, typeface=korean)


def test_a_picture_that_fails_to_be_drawn_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, korean: Typeface
) -> None:
    def failing(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("weasyprint.svg.SVG.draw", failing)
    with pytest.raises(PublicationError, match=r"DI-E246.*Failed to render SVG image"):
        pdf_of(REPORT, typeface=korean)


def test_a_box_instead_of_a_glyph_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, korean: Typeface
) -> None:
    def boxed(*arguments: object) -> None:
        logger = logging.getLogger("weasyprint")
        words = '.notdef glyph rendered for Unicode string unsupported by fonts: "%s" (U+%04X)'
        logger.warning(words, "\U00013000", 0x13000)

    monkeypatch.setattr("weasyprint.svg.SVG.draw", boxed)
    with pytest.raises(PublicationError, match=r"DI-E243.*\(U\+13000\)"):
        pdf_of(REPORT, typeface=korean)


def test_the_command_line_imports_none_of_it() -> None:
    heavy = "weasyprint", "fontTools", "matplotlib", "jinja2"
    asked = f"import sys, divide_index.cli; print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
