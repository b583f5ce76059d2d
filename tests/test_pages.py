"""A document as a page: whole, in order, escaped, and the same on every run."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Literal

import pytest

from divide_index import resources
from divide_index.messages import LANGUAGES, Language, text
from divide_index.publication.figures.palette import PALETTE, contrast
from divide_index.publication.report.blocks import (
    Alert,
    Bullets,
    Chapter,
    Column,
    Document,
    Heading,
    Paragraph,
    Reference,
    Row,
    TableBlock,
)
from divide_index.publication.report.pages import kept_whole, page_of, with_minus
from tests.report_samples import HOSTILE, ITEMS, sample_document

Medium = Literal["pdf", "web"]
MEDIA: tuple[Medium, ...] = ("pdf", "web")
JOINER = "\u2060"
VOID = {"col", "img", "link", "meta"}


class Page(HTMLParser):
    """A page as its elements in order, each with its attributes, its ancestors and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        element = Element(tag, {k: v or "" for k, v in attrs}, [e.tag for e in self._open])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, cls: str = "") -> "list[Element]":
        return [
            e
            for e in self.elements
            if e.tag == tag and (not cls or cls in e.attributes.get("class", "").split())
        ]

    @property
    def title(self) -> str:
        [title] = [e for e in self.all("title") if "head" in e.within]
        return title.text

    def only(self, tag: str, cls: str = "") -> "Element":
        [element] = self.all(tag, cls)
        return element


class Element:
    def __init__(self, tag: str, attributes: dict[str, str], within: list[str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.within = within
        self.text = ""

    @property
    def words(self) -> str:
        return " ".join(self.text.replace(JOINER, "").split())


_pages: dict[tuple[object, ...], Page] = {}


def page(lang: Language, medium: Medium, *, hostile: bool = False) -> Page:
    key = (lang, medium, hostile)
    if key not in _pages:
        _pages[key] = Page(page_of(sample_document(lang, hostile=hostile), medium=medium))
    return _pages[key]


def a_document(*blocks: object, lang: Language = "ko") -> Document:
    chapter = Chapter("one", "1", "장", blocks)  # pyright: ignore[reportArgumentType]
    return replace(sample_document(lang), chapters=(chapter,))


every_page = pytest.mark.parametrize(
    ("lang", "medium"), [(lang, medium) for lang in LANGUAGES for medium in MEDIA]
)
every_language = pytest.mark.parametrize("lang", LANGUAGES)


# -- structure -------------------------------------------------------------------------------


@every_page
def test_the_page_says_what_it_is(lang: Language, medium: Medium) -> None:
    document, made = sample_document(lang), page(lang, medium)
    assert made.only("html").attributes["lang"] == lang
    assert made.title == document.cover.title
    meta = {e.attributes.get("name"): e.attributes.get("content") for e in made.all("meta")}
    assert meta["author"] == document.author
    assert meta["description"] == document.description
    assert meta["keywords"] == ", ".join(document.keywords)


@every_page
def test_every_anchor_is_unique_and_every_link_finds_its_own(
    lang: Language, medium: Medium
) -> None:
    made = page(lang, medium)
    ids = [e.attributes["id"] for e in made.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"\S+", name) for name in ids)
    targets = [e.attributes["href"] for e in made.all("a")]
    assert {target.removeprefix("#") for target in targets} <= set(ids)
    for name in ("aria-labelledby", "aria-describedby"):
        for element in made.elements:
            assert set(element.attributes.get(name, "").split()) <= set(ids)
    document = sample_document(lang)
    keys = {block.key for block in (*document.tables, *document.figures, *document.chapters)}
    assert keys <= set(ids)


@every_page
def test_the_contents_list_all_there_is_in_order(lang: Language, medium: Medium) -> None:
    document, made = sample_document(lang), page(lang, medium)
    listed = [e for e in made.all("a") if "nav" in e.within]
    headings = [
        (key, title)
        for chapter in document.chapters
        for key, title in [
            (chapter.key, f"{chapter.number} {chapter.title}".strip()),
            *((b.key, b.text) for b in chapter.blocks if isinstance(b, Heading)),
        ]
    ]
    numbered = [
        (block.key, f"{text(code, lang, number=block.number)} {block.title}")
        for code, blocks in (("page.table", document.tables), ("page.figure", document.figures))
        for block in blocks
    ]
    assert [(e.attributes["href"][1:], e.words) for e in listed] == headings + numbered


def test_the_contents_print_the_page_that_they_link_to() -> None:
    made = page("ko", "pdf")
    links = [e.attributes["href"] for e in made.all("a") if "nav" in e.within]
    assert [e.attributes["data-target"] for e in made.all("span", "entry")] == links


@every_page
def test_headings_descend_one_step_at_a_time(lang: Language, medium: Medium) -> None:
    levels = [int(e.tag[1]) for e in page(lang, medium).elements if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@every_page
def test_a_table_has_its_title_its_unit_and_its_heads(lang: Language, medium: Medium) -> None:
    document, made = sample_document(lang), page(lang, medium)
    captions, bodies = made.all("caption"), made.all("table")
    assert len(captions) == len(bodies) == len(document.tables)
    for table, caption in zip(document.tables, captions, strict=True):
        number = text("page.table", lang, number=table.number)
        assert caption.words == f"{number} {table.title} {table.unit}".strip()
    rows = [row for table in document.tables for row in table.rows]
    scopes = [e.attributes.get("scope") for e in made.all("th")]
    assert scopes.count("col") == sum(len(table.columns) for table in document.tables)
    assert scopes.count("row") == sum(not row.is_heading for row in rows)
    assert scopes.count("rowgroup") == sum(row.is_heading for row in rows)
    assert None not in scopes
    assert len(made.all("thead")) == len(document.tables)
    assert len(made.all("col")) == sum(len(table.columns) for table in document.tables)


@every_page
def test_every_cell_is_printed_in_its_place(lang: Language, medium: Medium) -> None:
    document, made = sample_document(lang), page(lang, medium)
    printed = [e.words for e in made.elements if e.tag in {"th", "td"} and "tbody" in e.within]
    cells = [
        with_minus(cell) if columns[place].kind == "number" and not row.is_heading else cell
        for table in document.tables
        for columns in [table.columns]
        for row in table.rows
        for place, cell in enumerate(row.cells)
    ]
    assert printed == cells


@every_page
def test_notes_and_sources_stand_below_their_table(lang: Language, medium: Medium) -> None:
    notes = [e.words for e in page(lang, medium).all("div", "notes")]
    tables = [t for t in sample_document(lang).tables if t.notes or t.source]
    for table, printed in zip(tables, notes, strict=True):
        expected = f"{text('page.note', lang)} {' '.join(map(with_minus, table.notes))}"
        if table.source:
            expected += f" {text('page.source', lang)} {table.source}"
        assert printed == expected


@every_page
def test_a_figure_has_its_title_its_sentence_and_its_base(lang: Language, medium: Medium) -> None:
    figures = page(lang, medium).all("figure")
    for figure, printed in zip(sample_document(lang).figures, figures, strict=True):
        words = printed.words
        number = text("page.figure", lang, number=figure.number)
        assert words.startswith(f"{number} {figure.title} {with_minus(figure.takeaway)}")
        assert words.endswith(figure.base)


@every_page
def test_a_paragraph_points_to_its_tables_and_figures(lang: Language, medium: Medium) -> None:
    printed = [e.words for e in page(lang, medium).all("span", "references")]
    document = sample_document(lang)
    paragraphs = [b for c in document.chapters for b in c.blocks if isinstance(b, Paragraph)]
    named = [", ".join(r.name for r in p.references) for p in paragraphs if p.references]
    assert printed == [f"({names})" for names in named]


@every_language
def test_a_footnote_floats_in_print_and_stands_below_the_chapter_on_screen(lang: Language) -> None:
    document = sample_document(lang)
    paragraphs = [b for c in document.chapters for b in c.blocks if isinstance(b, Paragraph)]
    notes = [with_minus(p.footnote) for p in paragraphs if p.footnote]
    assert [e.words for e in page(lang, "pdf").all("span", "footnote")] == notes
    made = page(lang, "web")
    listed = [e for e in made.all("li") if e.attributes.get("id", "").startswith("page-note-")]
    assert [e.words.removesuffix(" ↩") for e in listed] == notes
    assert [e.attributes["value"] for e in listed] == [str(n + 1) for n in range(len(notes))]
    calls = [e for e in made.all("a") if "sup" in e.within]
    assert [e.words for e in calls] == [e.attributes["value"] for e in listed]


@every_language
def test_two_equal_paragraphs_have_each_their_own_footnote(lang: Language) -> None:
    paragraph = Paragraph("가", footnote="나")
    made = Page(page_of(a_document(paragraph, paragraph, lang=lang), medium="web"))
    assert [e.words for e in made.all("a") if "sup" in e.within] == ["1", "2"]


def test_the_summary_is_set_close() -> None:
    for medium in MEDIA:
        compact = page("ko", medium).only("section", "compact")
        assert compact.attributes["id"] == "summary"


@every_language
def test_every_page_in_print_says_what_the_cover_says(lang: Language) -> None:
    cover = sample_document(lang).cover
    for medium in MEDIA:
        style = page(lang, medium).only("style").text
        head, marks = re.findall(
            r"@page\{@top-left\{content:\"(.*?)\"}.*?content:\"(.*?)\"", style
        )[0]
        assert spoken(head) == sample_document(lang).running_head
        assert spoken(marks) == " · ".join(cover.marks)
    assert [e.words for e in page(lang, "pdf").all("li") if "header" in e.within] == [*cover.marks]
    assert [e.words for e in page(lang, "web").all("p") if "aside" in e.within] == [*cover.marks]


def spoken(css: str) -> str:
    """Return what a string of a style sheet says, joiners apart."""
    assert re.fullmatch(r"(\\[0-9a-f]{6})*", css)
    return "".join(chr(int(code, 16)) for code in css.split("\\")[1:]).replace(JOINER, "")


def test_an_empty_head_is_no_head() -> None:
    table = TableBlock(
        key="t",
        number="1",
        title="제목",
        unit="",
        columns=(Column("", "label", 0.5), Column("수", "number", 0.5)),
        rows=(Row(("가", "1")),),
    )
    made = Page(page_of(a_document(table), medium="web"))
    assert [e.tag for e in made.elements if "thead" in e.within and e.tag != "tr"] == ["td", "th"]
    assert made.all("div", "notes") == []
    assert made.all("span", "unit") == []


def test_a_short_table_stays_on_a_page_and_a_long_one_does_not() -> None:
    made = page("ko", "pdf")
    short = {e.attributes["id"] for e in made.all("div", "short")}
    assert {"table-summary", "table-groups", "table-assumptions"} == short


@pytest.mark.parametrize(("columns", "size"), [(6, "plain"), (7, "dense"), (11, "denser")])
def test_the_more_columns_the_smaller_the_type_so_that_no_number_is_broken(
    columns: int, size: str
) -> None:
    heads = (Column("구분", "label", 0.2), *(Column("수", "number", 0.8 / columns),) * columns)
    row = Row(("가", *("98.7~100.1",) * columns))
    table = TableBlock("t", "1", "제목", "", heads, (row,))
    made = Page(page_of(a_document(table), medium="pdf"))
    assert size in made.only("table").attributes["class"].split()
    words = replace(table, columns=(*heads[:-1], Column("상대표준오차비교", "text", 0.01)))
    made = Page(page_of(a_document(words), medium="pdf"))
    assert "denser" in made.only("table").attributes["class"].split()


def test_columns_are_as_wide_as_asked() -> None:
    for medium in MEDIA:
        made = page("ko", medium)
        style = made.only("style").text
        for table, element in zip(sample_document("ko").tables, made.all("table"), strict=True):
            widths = element.attributes["class"].split()[0]
            for place, column in enumerate(table.columns, start=1):
                rule = f".{widths} col:nth-child({place}){{width:{100 * column.width:.5g}%}}"
                assert rule in style


@every_page
def test_the_same_document_is_the_same_page(lang: Language, medium: Medium) -> None:
    first, second = (page_of(sample_document(lang), medium=medium) for _ in range(2))
    assert first == second


# -- signs and words -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("-2.4", "−2.4"),
        ("-3.1~-0.4", "−3.1~−0.4"),
        ("1.0 (-3.1–-0.4)", "1.0 (−3.1–−0.4)"),
        ("목표보다 -2.4%p 낮다", "목표보다 −2.4%p 낮다"),
        ("-", "-"),
        ("2025-01", "2025-01"),
        ("표 2-1", "표 2-1"),
        ("A-1", "A-1"),
        ("--seed", "--seed"),
        ("+1.8", "+1.8"),
    ],
)
def test_a_negative_number_has_a_minus_sign(given: str, printed: str) -> None:
    assert with_minus(given) == printed


@every_page
def test_no_number_of_a_table_has_a_hyphen(lang: Language, medium: Medium) -> None:
    numbers = [e.words for e in page(lang, medium).all("td", "number")]
    assert any(number.startswith("−") for number in numbers)
    assert not any(re.search(r"-\d", number) for number in numbers)
    assert "-" in numbers


def test_a_flag_stands_outside_the_column_of_its_number() -> None:
    made = page("ko", "pdf")
    assert {e.words for e in made.all("span", "flag")} == {"*"}
    assert [e.words for e in made.all("td", "number") if e.words.endswith("*")]


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("농어민의 수준", ["농어민의", "수준"]),
        ("80.6%로 나타났다", ["80.6%로", "나타났다"]),
        ("95% of them", ["95%", "of", "them"]),
        ("이용할 수 있다(95% 신뢰수준)", ["이용할", "수", "있다(95%", "신뢰수준)"]),
    ],
)
def test_a_korean_word_is_not_broken(given: str, whole: list[str]) -> None:
    kept = kept_whole(given)
    assert kept.replace(JOINER, "") == given
    words = kept.split(" ")
    assert [word.replace(JOINER, "") for word in words] == whole
    for word, plain in zip(words, whole, strict=True):
        korean = re.search("[가-힣]", plain) is not None
        assert word == (JOINER.join(plain) if korean else plain)


def test_a_long_word_is_broken_after_a_sign_and_else_between_syllables() -> None:
    word = "과학기술정보통신부·한국지능정보사회진흥원(서울/부산)"
    pieces = ["과학기술정보통신부·", "한국지능정보사회진흥원", "(서울/", "부산)"]
    assert kept_whole(word) == "".join(map(JOINER.join, pieces))
    assert kept_whole("농어민·장애인") == JOINER.join("농어민·장애인")
    assert kept_whole("농어민·장애인", 4) == JOINER.join("농어민·") + JOINER.join("장애인")
    assert JOINER not in kept_whole("전자정부민원서비스온라인신청결과통보안내", 8)


def test_a_syllable_of_several_characters_is_left_alone() -> None:
    decomposed = "\u1102\u1169\u11bc\u110b\u1165"  # 농어, as some file systems write it
    assert kept_whole(decomposed) == f"\u1102\u1169\u11bc{JOINER}\u110b\u1165"
    assert kept_whole("가\u20dd나") == f"가\u20dd{JOINER}나"


def printed_words(made: Page) -> Iterator[str]:
    for element in made.elements:
        if element.tag in {"p", "li", "th", "dt", "dd", "h1", "h2", "h3", "span", "caption"}:
            yield from element.text.split()


def test_words_are_joined_in_print_alone_and_never_in_attributes() -> None:
    made = page("ko", "pdf")
    for element in made.elements:
        assert JOINER not in "".join(element.attributes.values())
    assert JOINER not in made.title
    assert JOINER not in made.only("style").text
    words = [*printed_words(made)]
    assert any(JOINER in word for word in words)
    for word in words:
        plain = word.replace(JOINER, "")
        korean = re.search("[가-힣]", plain)
        if korean is None:
            assert JOINER not in word
        elif len(plain) <= 5 and not re.search(r"[·/,(~-]", plain):
            assert word == JOINER.join(plain)
    assert JOINER not in page_of(sample_document("ko"), medium="web")
    assert JOINER not in page_of(sample_document("en"), medium="pdf")


def test_the_outline_of_the_pdf_has_plain_words() -> None:
    made = page("ko", "pdf")
    labels = [e.attributes["data-label"] for e in made.all("h2") if "section" in e.within]
    chapters = sample_document("ko").chapters
    assert labels == [f"{chapter.number} {chapter.title}".strip() for chapter in chapters]


def test_a_label_that_is_wider_than_its_column_may_be_broken() -> None:
    long = ITEMS["ko"][4].split()[0]
    cells = [e.text.split() for e in page("ko", "pdf").all("th", "label")]
    assert any(long in [word.replace(JOINER, "") for word in words] for words in cells)


# -- what must not happen --------------------------------------------------------------------


@every_page
def test_whatever_a_label_holds_is_only_text(lang: Language, medium: Medium) -> None:
    made, plain = page(lang, medium, hostile=True), page(lang, medium)
    document = sample_document(lang, hostile=True)
    assert [e.tag for e in made.elements] == [e.tag for e in plain.elements]
    for one, other in zip(made.elements, plain.elements, strict=True):
        assert one.attributes.keys() == other.attributes.keys()
    visible = document.cover.title.replace("\u202e", "").replace("\u2066", "")
    assert made.title == visible
    assert made.only("h1").words == " ".join(visible.split())
    assert "{{ 7 * 7 }}{% raw %}" in made.only("h1").words
    script = made.all("script")
    assert [e.text for e in script] == [e.text for e in plain.all("script")]
    style = made.only("style").text
    assert "alert(" not in style
    assert "exe" not in style


@every_page
def test_nothing_invisible_turns_around_what_is_read(lang: Language, medium: Medium) -> None:
    html = page_of(sample_document(lang, hostile=True), medium=medium)
    assert any("\u202e" in poison for poison in HOSTILE)
    pictures = [
        base64.b64decode(code).decode()
        for code in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", html)
    ]
    for shown in (html, *pictures):
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\ud800-\udfff\x00]", shown)
    assert bool(pictures) == (medium == "pdf")


def test_controls_and_lone_surrogates_do_not_reach_the_page() -> None:
    html = page_of(a_document(Alert("가\ud800\x00\x1b[31m\u202e나\t다")), medium="web")
    assert '<p class="alert" role="note">가[31m나 다</p>' in html
    html.encode()


@every_language
def test_the_web_page_allows_its_own_style_and_script_and_nothing_else(lang: Language) -> None:
    for hostile in (False, True):
        made = page(lang, "web", hostile=hostile)
        [policy] = [e for e in made.all("meta") if "http-equiv" in e.attributes]
        assert policy.attributes["http-equiv"] == "Content-Security-Policy"
        style, script = (hashed(made.only(tag).text) for tag in ("style", "script"))
        assert policy.attributes["content"].split("; ") == [
            *("default-src 'none'", f"style-src '{style}'", f"script-src '{script}'"),
            *("img-src data:", "base-uri 'none'", "form-action 'none'"),
        ]
        assert made.elements.index(policy) < made.elements.index(made.only("style"))


def hashed(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@every_page
def test_no_element_has_a_style_or_a_handler_or_loads_anything(
    lang: Language, medium: Medium
) -> None:
    made = page(lang, medium, hostile=True)
    for element in made.elements:
        assert not [name for name in element.attributes if name.startswith("on")]
        if medium == "web":
            assert "style" not in element.attributes
        for name in ("src", "href", "xlink:href", "data", "action"):
            assert re.match(r"(#|data:|$)", element.attributes.get(name, ""))
    style = made.only("style").text
    assert "@import" not in style
    assert "url(" not in style
    assert "</" not in style
    outside = re.sub(
        "http://www.w3.org/2000/svg", "", page_of(sample_document(lang), medium=medium)
    )
    assert "http:" not in outside
    assert "https:" not in outside


NASTY = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:l="http://www.w3.org/1999/xlink" width="9pt" '
    'onload="alert(1)" viewBox="0 0 9 9" role="none" aria-labelledby="t"><title id="t">a</title>'
    "<script>alert(1)</script><style>@import 'https://example.org/'</style>"
    '<image l:href="https://example.org/a.png"/><foreignObject><b>b</b></foreignObject>'
    '<g id="t2" class="table" style="opacity:.5" onclick="alert(1)">'
    '<a href="https://example.org/"><text>c</text></a><text fill="#12599F" x="1">'
    'd<tspan stroke="#010203">e</tspan></text></g></svg>'
)


def test_a_drawing_keeps_its_lines_and_words_and_nothing_that_runs_or_loads() -> None:
    document = sample_document("ko")
    figure = replace(document.figures[0], svg=NASTY, title="제목 <&>", alt="말 \"'")
    html = page_of(a_document(figure), medium="web")
    [drawing] = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert drawing == (
        '<svg width="9pt" viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg" class="drawing" '
        'role="img" aria-labelledby="figure-summary-name figure-summary-alt">'
        '<title id="figure-summary-name">제목 &lt;&amp;&gt;</title>'
        '<desc id="figure-summary-alt">말 "\'</desc>'
        '<g><text fill="var(--figure-accent)" x="1">d<tspan stroke="#010203">e</tspan></text></g>'
        "</svg>"
    )


@every_language
def test_a_figure_says_in_words_what_it_shows(lang: Language) -> None:
    figures = sample_document(lang).figures
    assert [e.attributes["alt"] for e in page(lang, "pdf").all("img")] == [f.alt for f in figures]
    assert [e.text for e in page(lang, "web").all("desc")] == [f.alt for f in figures]


def test_a_template_that_asks_for_what_there_is_not_is_a_mistake_of_ours(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil
    from pathlib import Path

    from jinja2 import UndefinedError

    templates = Path(str(tmp_path)) / "templates"
    shutil.copytree(resources.folder("templates"), templates)
    (templates / "cover.html").write_text("{{ document.cover.titel }}", encoding="utf-8")
    monkeypatch.setattr(resources, "folder", lambda name: templates)
    with pytest.raises(UndefinedError, match="titel"):
        page_of(sample_document("en"), medium="pdf")


# -- templates -------------------------------------------------------------------------------


def test_no_template_computes_or_speaks_a_language() -> None:
    for path in sorted(resources.folder("templates").glob("*.html")):
        source = path.read_text(encoding="utf-8")
        for code in re.findall(r"\{[{%](.*?)[%}]\}", source, flags=re.DOTALL):
            bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", code)
            assert not re.search(r"\w\s*[+*/%]\s*\w|\s-\s", bare), (path.name, code)
        assert "|safe" not in source.replace(" ", "")
        assert not re.search("[가-힣]", source), path.name


def test_every_word_of_the_layout_is_used() -> None:
    templates = "".join(
        path.read_text(encoding="utf-8") for path in resources.folder("templates").glob("*.html")
    )
    from divide_index.messages import catalogue

    codes = [code.removeprefix("page.") for code in catalogue("ko") if code.startswith("page.")]
    named = set(re.findall(r"\(\"(\w+)\"|_\([\"'](\w+)[\"']|, \"(\w+)\"\)", templates))
    assert set(codes) <= {name for names in named for name in names}


def dark_colours() -> dict[str, str]:
    style = (resources.folder("templates") / "web.css").read_text(encoding="utf-8")
    [dark] = re.findall(r"prefers-color-scheme:dark\)\{\s*:root\{(.*?)\}", style, flags=re.DOTALL)
    return dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", dark))


def test_every_colour_of_the_figures_has_its_own_in_the_dark() -> None:
    dark = dark_colours()
    assert {name for name in dark if name.startswith("figure-")} == {f"figure-{n}" for n in PALETTE}
    paper = dark["paper"]
    assert dark["figure-paper"] == paper
    for name in ("ink", "muted", "accent", "target"):
        assert contrast(dark[f"figure-{name}"], paper) >= 4.5, name
    for name in ("ink", "soft-ink", "accent", "target"):
        assert contrast(dark[name], paper) >= 4.5, name
    for step in range(1, 6):
        tile = dark[f"figure-tile-{step}"]
        assert max(contrast(dark[f"figure-on-{text}"], tile) for text in ("light", "dark")) >= 4.5


def test_page_and_figures_have_one_accent_and_one_colour_of_the_target() -> None:
    style = (resources.folder("templates") / "report.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", style))
    assert colours["accent"] == PALETTE["accent"]
    assert colours["target"] == PALETTE["target"]


def test_bullets_and_references_need_no_ceremony() -> None:
    document = a_document(Bullets(("가 -1.0", "나")), Paragraph("다", (Reference("one", "장 1"),)))
    made = Page(page_of(document, medium="web"))
    assert [e.words for e in made.all("li") if "section" in e.within] == ["가 −1.0", "나"]
    assert [e.words for e in made.all("p") if "section" in e.within] == ["다 (장 1)"]
