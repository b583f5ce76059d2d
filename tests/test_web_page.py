"""The web page as a browser shows it: legible, operable by keyboard, printable, and offline."""

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from divide_index.messages import LANGUAGES, Language, text
from divide_index.publication.report.pages import page_of
from tests.report_samples import sample_document

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars"),
)
PHONE, SMALL_PHONE, DESK = 390, 320, 1280
DEEP = {"iframes": False, "resultTypes": ["violations"]}

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

every_language = pytest.mark.parametrize("lang", LANGUAGES)


class Browser:
    """A browser without a window, and the pages it opens."""

    def __init__(self, driver: Any, folder: Path) -> None:  # noqa: ANN401
        self.driver = driver
        self.folder = folder

    def open(
        self, lang: Language, width: int, *, scheme: str = "light", hostile: bool = False
    ) -> None:
        path = self.folder / f"{lang}{'-hostile' if hostile else ''}.html"
        if not path.exists():
            document = sample_document(lang, hostile=hostile)
            path.write_text(page_of(document, medium="web"), encoding="utf-8")
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=844,
            deviceScaleFactor=1,
            mobile=width < DESK,
        )
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.command("Emulation.setEmulatedMedia", features=features)
        self.driver.get(path.as_uri())

    def command(self, name: str, **given: object) -> Any:  # noqa: ANN401
        return self.driver.execute_cdp_cmd(name, given)

    def run(self, script: str, *given: object) -> Any:  # noqa: ANN401
        return self.driver.execute_script(script, *given)

    def find(self, selector: str) -> Any:  # noqa: ANN401
        return self.driver.find_element("css selector", selector)


@contextmanager
def started(folder: Path) -> Generator[Browser]:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield Browser(driver, folder)
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    for program in (CHROMIUM, DRIVER):
        if not os.access(program, os.X_OK):
            pytest.skip(f"browser: there is no {program}")
    if find_spec("selenium") is None:
        pytest.skip("browser: selenium is not installed")
    with started(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core, which a package for another browser library brings along."""
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip("browser: axe-playwright-python is not installed")
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


# -- for everyone ----------------------------------------------------------------------------


@every_language
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    browser: Browser, axe: str, lang: Language, width: int, scheme: str
) -> None:
    browser.open(lang, width, scheme=scheme)
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true")
    browser.run(axe)
    found = browser.driver.execute_async_script(
        "const done = arguments[1]; axe.run(document, arguments[0]).then(done, done)", DEEP
    )
    violations = [
        f"{v['impact']} {v['id']}: {', '.join(str(n['target']) for n in v['nodes'][:5])}"
        for v in found["violations"]
    ]
    assert violations == []


@every_language
@pytest.mark.parametrize("width", [SMALL_PHONE, PHONE, DESK])
def test_the_page_is_no_wider_than_the_screen(browser: Browser, lang: Language, width: int) -> None:
    for hostile in (False, True):
        browser.open(lang, width, hostile=hostile)
        assert browser.run("return document.documentElement.scrollWidth") <= width


@every_language
def test_a_wide_table_scrolls_by_keyboard_and_keeps_its_first_column(
    browser: Browser, lang: Language
) -> None:
    browser.open(lang, PHONE)
    [before, after, left, scrolled] = browser.run(
        """
        const box = document.querySelector("#table-items .scroll");
        const head = box.querySelector("tbody th[scope=row]");
        const number = box.querySelector("tbody td.number");
        const places = () => [head, number].map((e) => e.getBoundingClientRect().left);
        const before = places();
        box.scrollLeft = 80;
        return [before, places(), box.getBoundingClientRect().left, box.scrollLeft];
        """
    )
    assert scrolled == 80
    assert before[0] == after[0] == left
    assert after[1] == before[1] - 80
    wide = browser.run(
        """return [...document.querySelectorAll(".scroll")].map((box) =>
        [box.scrollWidth > box.clientWidth + 1, box.tabIndex, box.getAttribute("role")])"""
    )
    assert any(is_wide for is_wide, _, _ in wide)
    assert all((tab, role) == ((0, "region") if w else (-1, None)) for w, tab, role in wide)


@every_language
def test_no_number_is_broken(browser: Browser, lang: Language) -> None:
    browser.open(lang, SMALL_PHONE)
    lines = browser.run(
        """return [...document.querySelectorAll("td.number")].map((cell) => {
          const range = document.createRange();
          range.selectNodeContents(cell);
          const bottoms = [...range.getClientRects()].map((box) => box.bottom);
          return Math.max(...bottoms) - Math.min(...bottoms);
        })"""
    )
    assert max(lines) < 8  # pixels: a flag hangs a little lower


def test_a_korean_word_is_not_broken(browser: Browser) -> None:
    browser.open("ko", PHONE)
    broken = browser.run(
        """return [...document.querySelectorAll("main p, main li")].flatMap((block) => {
          const text = block.firstChild;
          if (!text || text.nodeType !== Node.TEXT_NODE) return [];
          return [...text.data.matchAll(/[가-힣]{2,8}/g)].filter((word) => {
            const range = document.createRange();
            range.setStart(text, word.index);
            range.setEnd(text, word.index + word[0].length);
            return range.getClientRects().length > 1;
          }).map((word) => word[0]);
        })"""
    )
    assert broken == []


def test_the_contents_are_beside_the_text_or_open_on_demand(browser: Browser) -> None:
    state = "return document.querySelector('nav > details').open"
    browser.open("ko", DESK)
    assert browser.run(state)
    assert browser.run(
        """const [nav, main] = ["nav", "main"].map((name) =>
             document.querySelector(name).getBoundingClientRect());
           return nav.right <= main.left""",
    )
    browser.open("ko", PHONE)
    assert not browser.run(state)
    browser.find("nav summary").click()
    assert browser.run(state)
    browser.find("nav a[href='#results']").click()
    assert not browser.run(state)
    assert browser.run("return location.hash") == "#results"
    top = "return document.querySelector('#results h2').getBoundingClientRect().top"
    assert 0 < browser.run(top) < 300


def test_the_first_key_leads_to_the_text(browser: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open("en", DESK)
    browser.find("body").send_keys(Keys.TAB)
    assert browser.run("return document.activeElement.textContent") == text("page.skip", "en")
    assert browser.run("return document.activeElement.getBoundingClientRect().left") >= 0
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.run("return document.activeElement.id") == "page-content"


def test_what_every_page_must_say_stays_in_sight(browser: Browser) -> None:
    for width in (PHONE, DESK):
        browser.open("ko", width)
        browser.run("document.querySelector('#regions').scrollIntoView()")
        [top, bottom] = browser.run(
            "const {top, bottom} = document.querySelector('aside').getBoundingClientRect();"
            "return [top, bottom]"
        )
        assert 0 < top < bottom <= 844


# -- sorting ---------------------------------------------------------------------------------

GROUPS = """
return [...document.querySelectorAll(`#${arguments[0]} tbody`)].map((body) =>
  [...body.rows].map((row) => row.cells[Math.min(arguments[1], row.cells.length - 1)].textContent))
"""


def sortable(browser: Browser, table: str, column: int) -> Any:  # noqa: ANN401
    return browser.find(f"#{table} thead th:nth-child({column + 1}) button")


def press(button: Any) -> None:  # noqa: ANN401
    from selenium.webdriver.common.keys import Keys

    button.send_keys(Keys.ENTER)


def announced(browser: Browser, table: str) -> list[str]:
    script = """return [...document.querySelectorAll(`#${arguments[0]} thead th`)].map((head) =>
      head.getAttribute("aria-sort") ?? "")"""
    return browser.run(script, table)


def values(cells: list[str]) -> list[float]:
    plain = [cell.replace("−", "-").replace(",", "").rstrip("*") for cell in cells]
    return [float(cell) for cell in plain if re.match(r"[+-]?\d", cell)]


@pytest.mark.parametrize("column", [1, 4, 5])
def test_numbers_are_sorted_by_keyboard_inside_their_block_and_restored(
    browser: Browser, column: int
) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open("ko", DESK)
    table = "table-regions"
    first = browser.run(GROUPS, table, column)
    assert len(first) > 2
    button = sortable(browser, table, column)
    for key, direction in (
        (Keys.ENTER, "ascending"),
        (Keys.SPACE, "descending"),
        (Keys.ENTER, ""),
    ):
        button.send_keys(key)
        heads = ["", "", "", "", "", ""]
        heads[column] = direction
        assert announced(browser, table) == heads
        blocks = browser.run(GROUPS, table, column)
        for before, block in zip(first, blocks, strict=True):
            assert block[0] == before[0]  # the heading of the block
            assert sorted(block) == sorted(before)
            numbers = values(block[1:])
            if direction:
                is_down = direction == "descending"
                assert numbers == sorted(numbers, reverse=is_down)
                lacking = block[1 + len(numbers) :]
                assert set(lacking) <= {"x", "-", "…"}
        if not direction:
            assert blocks == first


def test_words_are_sorted_as_their_language_does(browser: Browser) -> None:
    browser.open("ko", DESK)
    press(sortable(browser, "table-groups", 0))
    [names] = browser.run(GROUPS, "table-groups", 0)
    assert names == sorted(names)
    browser.open("ko", DESK)
    press(sortable(browser, "table-items", 0))  # 1) … 2) … 10) …
    [items] = browser.run(GROUPS, "table-items", 0)
    assert [int(item.partition(")")[0]) for item in items] == list(range(1, 31))


def test_a_button_says_what_it_does(browser: Browser) -> None:
    browser.open("ko", DESK)
    button = sortable(browser, "table-groups", 1)
    assert button.accessible_name == "종합"
    hint = browser.run(
        "return document.getElementById(arguments[0].getAttribute('aria-describedby')).textContent",
        button,
    )
    assert hint == text("page.sort_hint", "ko")


# -- alone -----------------------------------------------------------------------------------


@every_language
def test_the_page_opens_no_connection_and_breaks_no_rule_of_its_own(
    browser: Browser, lang: Language
) -> None:
    for hostile in (False, True):
        browser.driver.get_log("performance")
        browser.driver.get_log("browser")
        browser.open(lang, DESK, hostile=hostile)
        browser.run("window.scrollTo(0, document.body.scrollHeight)")
        events = [
            json.loads(entry["message"])["message"]
            for entry in browser.driver.get_log("performance")
        ]
        asked = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        page = (browser.folder / f"{lang}{'-hostile' if hostile else ''}.html").as_uri()
        assert page in asked
        assert {url for url in asked if not url.startswith("data:")} == {page}
        assert not [event for event in events if event["method"] == "Network.webSocketCreated"]
        assert browser.driver.get_log("browser") == []


def test_the_policy_stops_a_script_that_is_not_ours(browser: Browser) -> None:
    html = page_of(sample_document("en"), medium="web")
    path = browser.folder / "tampered.html"
    path.write_text(
        html.replace("</main>", "<script>document.title = 'no'</script></main>"), encoding="utf-8"
    )
    browser.driver.get(path.as_uri())
    assert browser.run("return document.title") == sample_document("en").cover.title
    assert browser.run("return document.documentElement.classList.contains('scripted')")
    assert browser.driver.get_log("browser")


def test_colours_follow_the_reader(browser: Browser) -> None:
    look = """const look = (name) => getComputedStyle(document.querySelector(name));
    return [look("body").backgroundColor, look(".drawing circle").fill,
      look(".drawing circle + text").fill];
    """
    browser.open("en", DESK)
    light = browser.run(look)
    browser.open("en", DESK, scheme="dark")
    dark = browser.run(look)
    assert light == ["rgb(255, 255, 255)", "rgb(18, 89, 159)", "rgb(27, 32, 40)"]
    assert all(one != other for one, other in zip(light, dark, strict=True))


# -- on paper --------------------------------------------------------------------------------


def printed(browser: Browser) -> list[str]:
    """Return the text of every page that the browser prints."""
    pdftotext = shutil.which("pdftotext")
    if pdftotext is None:
        pytest.skip("browser: pdftotext (poppler-utils) is not installed")
    made = browser.command("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
    path = browser.folder / "printed.pdf"
    path.write_bytes(base64.b64decode(made["data"]))
    done = subprocess.run(
        [pdftotext, "-layout", "-enc", "UTF-8", str(path), "-"], check=True, capture_output=True
    )
    return done.stdout.decode("utf-8").removesuffix("\f").split("\f")


@every_language
def test_a_browser_prints_a_report(browser: Browser, lang: Language) -> None:
    browser.open(lang, DESK, scheme="dark")
    pages = printed(browser)
    document = sample_document(lang)
    assert 9 <= len(pages) <= 18
    for number, page in enumerate(pages, start=1):
        assert all(mark in page for mark in document.cover.marks), number
        if number > 1:
            assert document.running_head in page.splitlines()[0]
            assert f"{number} / {len(pages)}" in page
    for chapter in document.chapters:
        begun = [page for page in pages[2:] if chapter.title in "\n".join(page.splitlines()[:8])]
        assert begun, chapter.key
    assert "↕" not in "".join(pages)
    assert text("page.skip", lang) not in "".join(pages)
    listed = "\n".join(pages[1:3])
    assert all(table.title in listed for table in document.tables)


@every_language
def test_the_head_of_a_table_is_repeated_on_every_page_it_is_printed_on(
    browser: Browser, lang: Language
) -> None:
    browser.open(lang, DESK)
    [table] = [t for t in sample_document(lang).tables if t.key == "table-regions"]
    province = "제주" if lang == "ko" else "Jeju"
    pages = [page for page in printed(browser) if page.count(province) and "x" in page]
    holding = [page for page in pages if re.search(r"\d~\d", page)]
    assert len(holding) >= 2
    for page in holding:
        assert all(column.label.split()[0] in page for column in table.columns)


def test_the_paper_is_a4(browser: Browser) -> None:
    browser.open("ko", DESK)
    made = base64.b64decode(browser.command("Page.printToPDF", preferCSSPageSize=True)["data"])
    sizes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", made)
    assert sizes
    assert all(abs(float(w) - 595.28) < 1 and abs(float(h) - 841.89) < 1 for w, h in sizes)
