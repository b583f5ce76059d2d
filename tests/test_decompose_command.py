"""`divide-index decompose` prints what it computes, to the terminal and to machines alike.

Pages are parsed back and held against the JSON, rounded a second time here; the JSON against the
values of R. What may be published of it: `test_decomposition_publication.py`.
"""

import csv
import getpass
import io
import json
import platform
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.cells import cell_len

from divide_index import cli
from divide_index.cli.console import render_decomposition
from divide_index.messages import Language, text
from divide_index.publication import decompositions
from divide_index.publication.decompositions import PublishedDecomposition
from divide_index.schema import load_schema
from divide_index.simulate import simulate_survey
from tests.samples import DIMENSIONS, REFERENCE, SCHEMAS, reference, two_samples_frame
from tests.test_cli import HEAVY, Done, Runner, closed_early, loaded_by, process

pytestmark = pytest.mark.once  # words and layout of our own

SURVEY = str(REFERENCE / "two_samples.csv")
SCHEMA = str(SCHEMAS / "two_samples.yaml")
TWO = (SURVEY, "--schema", SCHEMA)
NIA = ("general", "farmers", "disabled", "low_income")
KEYS = ["domain", "category"]
PARTS = ["dimension", "part", "factor", "contribution", "std_error", "conf_low", "conf_high"]
WIDTH = 80
GROUPS = ("rural", "older", "farmers")

Row = dict[str, Any]
approx = pytest.approx


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, in no language but the one asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_LANG", raising=False)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    """Return a function that decomposes a survey in this process."""
    return lambda *arguments: Done(cli.run(["decompose", *arguments]), capsys.readouterr())


# -- pages, parsed back ------------------------------------------------------------------------


@dataclass(frozen=True)
class Printed:
    """A table of a page, with what is broken into lines or tables joined again."""

    title: str
    rows: tuple[tuple[str, ...], ...]

    @property
    def labels(self) -> list[str]:
        """The labels of the rows, without the blanks at which they may be broken."""
        return ["".join(row[0].split()) for row in self.rows]


def printed_tables(page: str) -> list[Printed]:
    """Return the tables of a page in order; those beside each other are one."""
    found: list[Printed] = []
    for table in _tables(page.splitlines()):
        if found and (found[-1].title, found[-1].labels) == (table.title, table.labels):
            pairs = zip(found.pop().rows, table.rows, strict=True)
            found.append(Printed(table.title, tuple((*one, *two[1:]) for one, two in pairs)))
        else:
            found.append(table)
    return found


def _tables(lines: Sequence[str]) -> Iterator[Printed]:
    for number, line in enumerate(lines):
        if set(line.strip()) != {"─"}:
            continue
        head = number
        while not lines[head].strip() or lines[head].startswith(" "):
            head -= 1
        rows: list[list[str]] = []
        for each in lines[number + 1 :]:
            if each.strip() and not each.startswith(" "):
                break
            fields = re.split(r"\s{2,}", each.strip())
            if len(fields) > 1:
                rows.append(fields)
            elif fields[0]:  # the rest of a label
                rows[-1][0] += f" {fields[0]}"
        yield Printed(lines[head], tuple(map(tuple, rows)))


def shown(value: float | None, decimals: int = 1) -> str:
    """Return a number as it must be printed: half up on its decimals, and never a minus zero."""
    if value is None:
        return "…"
    number = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return str(number) if number else str(abs(number))


def signed(value: float) -> str:
    """Return a difference with its sign."""
    return f"+{shown(value)}" if float(shown(value)) > 0 else shown(value)


def between(low: float | None, high: float | None, decimals: int = 1) -> str:
    """Return an interval as it must be printed."""
    return "…" if low is None else f"{shown(low, decimals)}~{shown(high, decimals)}"


class Document:
    """The JSON of a decomposition, and the pages that must say the same."""

    def __init__(self, content: str) -> None:
        self.content: dict[str, Any] = json.loads(content)
        self.quality: dict[str, list[Row]] = self.content["quality"]

    @property
    def provenance(self) -> dict[str, Any]:
        """What it rests on."""
        return self.content["provenance"]

    @property
    def method(self) -> dict[str, Any]:
        """How it was made."""
        return self.provenance["method"]

    @cached_property
    def parts(self) -> dict[tuple[str, ...], Row]:
        """The parts by domain, category, dimension, part and factor."""
        return {_key(row): row for row in self.content["decomposition"]}

    @cached_property
    def flags(self) -> dict[tuple[str, ...], str]:
        """What the tests say of each part."""
        return {_key(row): row["flag"] for row in self.quality["tests"]}

    @property
    def cells(self) -> list[tuple[str, str]]:
        """The groups, in order."""
        return [_cell(row) for row in self.quality["bases"]]

    def of(self, name: str, cell: tuple[str, str]) -> Row:
        """Return a group's row in one of the tables of quality."""
        [row] = [row for row in self.quality[name] if _cell(row) == cell]
        return row

    def value(self, cell: tuple[str, str], part: str, factor: str = "total") -> float:
        """Return an overall part in points."""
        return self.parts[*cell, "overall", part, factor]["contribution"]

    def factors_of(self, cell: tuple[str, str], part: str = "explained") -> list[str]:
        """Return the factors of a group's part in order, without their total."""
        every = [key for key in self.parts if key[:4] == (*cell, "overall", part)]
        return [key[4] for key in every if key[4] != "total"]

    # -- what the tables must print

    def _with_interval(self, key: tuple[str, ...]) -> str:
        row = self.parts[key]
        return f"{signed(row['contribution'])} ({between(row['conf_low'], row['conf_high'])})"

    def _with_margin(self, key: tuple[str, ...]) -> str:
        row = self.parts[key]
        high = row["conf_high"]
        margin = shown(None if high is None else high - row["contribution"])
        verdict = "" if self.flags[key] == "significant" else " ns"
        return f"{signed(row['contribution'])}±{margin}{verdict}"

    def _summary(self, cell: tuple[str, str]) -> list[str]:
        basis = self.of("bases", cell)
        star = "*" if basis["n"] < 50 or basis["psus"] < 5 else ""
        return [
            shown(basis["level_complete"]) + star,
            signed(self.value(cell, "gap")),
            *(
                self._with_interval((*cell, "overall", part, "total"))
                for part in ("explained", "unexplained")
            ),
        ]

    def _factor_row(self, cell: tuple[str, str]) -> list[str]:
        terms = self.method["factors"].split(" + ")
        own = self.factors_of(cell)
        keys = [(*cell, "overall", "explained", term) for term in terms]
        return [self._with_margin(key) if key[4] in own else "-" for key in keys]

    def _waterfall(self, cell: tuple[str, str]) -> list[list[str]]:
        dimensions = [*self.method["weights"]]
        blanks = ["-"] * len(dimensions)
        steps = [("explained", factor) for factor in self.factors_of(cell)]
        steps += [("unexplained", "total"), ("gap", "total")]
        rows = [
            [
                self._with_interval((*cell, "overall", *step)),
                *(signed(self.parts[*cell, name, *step]["contribution"]) for name in dimensions),
            ]
            for step in steps
        ]
        level = shown(self.of("bases", cell)["level_complete"])
        return [["100.0", *blanks], *rows, [level, *blanks]]

    def _split(self, cell: tuple[str, str]) -> list[str]:
        names = self.factors_of(cell, "unexplained")
        return [self._with_margin((*cell, "overall", "unexplained", name)) for name in names]

    def _basis(self, cell: tuple[str, str]) -> list[str]:
        basis, share = self.of("bases", cell), self.of("shares", cell)
        low, high = (
            None if share[name] is None else 100 * share[name] for name in ("conf_low", "conf_high")
        )
        few = basis["share_lost"] is None  # left out, and not told
        return [
            "x" if few else shown(basis["level_available"]),
            shown(basis["level_complete"]),
            "x" if few else signed(basis["difference"]),
            "x" if few else shown(100 * basis["share_lost"]),
            f"{basis['n']:,}",
            "-"
            if share["share"] is None
            else f"{shown(100 * share['share'], 0)} ({between(low, high, 0)})",
        ]

    def tables(self) -> list[list[list[str]]]:
        """Return the cells of the tables that a page must hold, none of them suppressed."""
        crosses = [cell for cell in self.cells if self.factors_of(cell, "unexplained")]
        domains = list(dict.fromkeys(domain for domain, _ in crosses))
        return [
            [self._summary(cell) for cell in self.cells],
            [self._factor_row(cell) for cell in self.cells],
            *(self._waterfall(cell) for cell in self.cells if cell[0] == "group"),
            *([self._split(cell) for cell in crosses if cell[0] == name] for name in domains),
            [self._basis(cell) for cell in self.cells],
        ]


def _cell(row: Row) -> tuple[str, str]:
    return row["domain"], row["category"]


def _key(row: Row) -> tuple[str, ...]:
    return (*_cell(row), row["dimension"], row["part"], row["factor"])


def check_page(page: str, document: Document) -> None:
    """Hold every number of a page's tables against the JSON, and its lines against a terminal."""
    assert max(cell_len(line) for line in page.splitlines()) <= WIDTH
    found = printed_tables(page)
    assert [[[*row[1:]] for row in table.rows] for table in found] == document.tables()
    labels = ["".join(row["label"].split()) for row in document.quality["sentences"]]
    assert found[0].labels == found[1].labels == found[-1].labels == labels


def check_sums(document: Document) -> None:
    """Hold parts against their sums: factors, parts of the gap, dimensions, and level - 100."""
    for cell in document.cells:
        for name in (*document.method["weights"], "overall"):
            points = {
                key[3:]: row["contribution"]
                for key, row in document.parts.items()
                if key[:3] == (*cell, name)
            }
            gap, explained, rest = (points[p, "total"] for p in ("gap", "explained", "unexplained"))
            factors = [v for (part, f), v in points.items() if part == "explained" and f != "total"]
            assert gap == approx(explained + rest, abs=1e-9)
            assert explained == approx(sum(factors), abs=1e-9)
        assert document.of("bases", cell)["level_complete"] - 100 == approx(
            document.value(cell, "gap"), abs=1e-9
        )
        for key, row in document.parts.items():
            if key[:3] == (*cell, "overall"):
                parts = [document.parts[*cell, d, *key[3:]] for d in document.method["weights"]]
                total = sum(part["contribution"] for part in parts)
                assert row["contribution"] == approx(total, abs=1e-9)


# -- surveys, each decomposed once as JSON -----------------------------------------------------


def made(folder: Path, name: str, *arguments: str) -> str:
    """Return what the command writes to a file of that name."""
    path = folder / name
    assert cli.run(["decompose", *arguments, "-o", str(path)]) == 0
    return path.read_text(encoding="utf-8-sig")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for results."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def plain(folder: Path) -> Document:
    """The survey of two samples, without any option."""
    return Document(made(folder, "plain.json", *TWO, "--lang", "en"))


@pytest.fixture(scope="module")
def crossed(folder: Path) -> Document:
    """The survey of two samples by regions, areas and both."""
    by = ("--by", "region,area,region*area")
    return Document(made(folder, "crossed.json", *TWO, *by, "--lang", "en"))


@pytest.fixture(scope="module")
def simulated(folder: Path) -> tuple[str, ...]:
    """A simulated survey of a packaged schema, and what is asked of it."""
    path = folder / "simulated.csv"
    simulate_survey("example", seed=2, n=3000).to_csv(path, index=False)
    return (str(path), "--schema", "example", "--by", "province")


def nia() -> tuple[str, ...]:
    """Return the four files of Korea's survey, and their schema."""
    given = [("--source", f"{name}={REFERENCE / f'nia_{name}.csv'}") for name in NIA]
    return ("--schema", "nia-2025", *(word for pair in given for word in pair))


def both(folder: Path, name: str, lang: Language, *arguments: str) -> tuple[str, Document]:
    """Return a decomposition as the page a terminal shows and as JSON, from a single run."""
    published: list[PublishedDecomposition] = []

    def kept(*given: Any) -> PublishedDecomposition:  # noqa: ANN401  as it takes them
        published.append(PublishedDecomposition(*given))
        return published[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decompositions, "PublishedDecomposition", kept)
        document = Document(made(folder, f"{name}.json", *arguments, "--lang", lang))
    [only] = published
    return render_decomposition(only, lang, to_terminal=False), document


# -- the table is the JSON, rounded ------------------------------------------------------------


def test_every_number_of_the_table_is_the_rounded_number_of_the_json(
    folder: Path, crossed: Document
) -> None:
    page = made(folder, "crossed.txt", *TWO, "--by", "region,area,region*area", "--lang", "en")
    check_page(page, crossed)
    check_sums(crossed)
    assert len(printed_tables(page)) == 3 + len(GROUPS) + 1


def test_so_it_is_in_korean(folder: Path) -> None:
    page, document = both(folder, "two", "ko", *TWO, "--by", "group*region")
    check_page(page, document)
    assert len(document.cells) == len(GROUPS) * 4


def test_so_it_is_for_the_example_by_province(folder: Path, simulated: tuple[str, ...]) -> None:
    page, document = both(folder, "example", "ko", *simulated)
    check_page(page, document)
    check_sums(document)
    assert sum(domain == "province" for domain, _ in document.cells) == 17


def test_so_it_is_for_the_four_files_of_korea(folder: Path) -> None:
    page, document = both(folder, "nia", "en", *nia())
    check_page(page, document)
    check_sums(document)
    groups = [*load_schema("nia-2025").groups]
    assert [category for _, category in document.cells] == groups


@pytest.mark.real_data
def test_so_it_is_for_brazil_and_the_share_explained_is_printed_with_its_interval(
    folder: Path, shared: Path
) -> None:
    data = shared / "data" / "tic_domicilios_2016"
    files = {"persons": "individuos.csv", "households": "domicilios.csv"}
    given = [f"{name}={data / file}" for name, file in files.items()]
    sources = [word for each in given for word in ("--source", each)]
    asked = ("--schema", "tic-domicilios-2016", *sources, "--group", "rural", "--by", "region")
    page, document = both(folder, "tic", "ko", *asked)
    check_page(page, document)
    check_sums(document)
    assert len(document.cells) == 6  # rural people, and those of five regions
    share = document.of("shares", ("group", "rural"))
    assert 0 < share["conf_low"] < share["share"] < share["conf_high"]
    interval = between(100 * share["conf_low"], 100 * share["conf_high"], 0)
    assert printed_tables(page)[-1].rows[0][-1].endswith(f" ({interval})")


@pytest.mark.real_data
def test_so_it_is_for_mexico_with_its_two_dimensions(folder: Path, shared: Path) -> None:
    file = shared / "data" / "endutih_2021" / "hogar_jefe.csv"
    page, document = both(folder, "endutih", "en", str(file), "--schema", "endutih-2021")
    check_page(page, document)
    check_sums(document)
    assert [*document.method["weights"]] == ["access", "usage"]


def test_factors_that_are_called_alike_have_a_column_each(folder: Path) -> None:
    schema = yaml.safe_load(Path(SCHEMA).read_text(encoding="utf-8"))
    label = {"ko": "생활 여건", "en": "Living conditions"}
    for name in ("income", "occupation", "education"):
        schema["decomposition"]["factors"][name]["label"] = label
    Path("alike.yaml").write_text(yaml.safe_dump(schema, allow_unicode=True), encoding="utf-8")
    given = (SURVEY, "--schema", "alike.yaml", "--group", "rural")
    page, document = both(folder, "alike", "en", *given)
    check_page(page, document)
    assert len(printed_tables(page)[1].rows[0]) == 1 + 5


# -- the JSON has the values of R --------------------------------------------------------------


def test_every_part_that_is_written_has_the_points_and_the_error_of_r(crossed: Document) -> None:
    compared = 0
    for domain, category in crossed.cells:
        name = category if domain == "group" else f"{domain.partition('*')[0]}{category}"
        known = reference("two_samples_gaps.json")["weighted_ratios"][name]
        totals = ("gap", "explained", "unexplained")
        for dimension in ("overall", *DIMENSIONS):
            for factor, expected in known[dimension].items():
                key = (factor, "total") if factor in totals else ("explained", factor)
                row = crossed.parts[domain, category, dimension, *key]
                assert row["contribution"] == approx(expected["points"], rel=0, abs=1e-9)
                assert row["std_error"] == approx(expected["se"], rel=0, abs=1e-8)
                compared += 1
        basis = crossed.of("bases", (domain, category))
        assert [basis[each] for each in ("n", "psus", "df")] == [
            known["n"],
            known["psus"],
            known["df"],
        ]
        assert basis["share_lost"] == approx(known["share_lost"], rel=0, abs=1e-12)
        for each in ("available", "complete"):
            assert basis[f"level_{each}"] == approx(known["level"][each]["level"], rel=0, abs=1e-9)
        difference = [basis["difference"], basis["std_error"]]
        assert difference == approx([*known["level"]["difference"].values()], rel=0, abs=1e-8)
    assert compared > 14 * 4 * 7


# -- what is written ---------------------------------------------------------------------------


def test_the_json_has_the_keys_and_columns_of_the_contract(crossed: Document) -> None:
    assert [*crossed.content] == ["provenance", "decomposition", "quality"]
    tables = {"bases", "shares", "path", "tests", "sentences"}
    assert tables <= {*crossed.quality} <= tables | {"missing"}
    columns = [*KEYS, "region", "area", *PARTS]
    assert all([*row] == columns for row in crossed.content["decomposition"])
    start = [*KEYS, "region", "area"]
    assert [*crossed.quality["shares"][0]] == [
        *start,
        "dimension",
        "share",
        "conf_low",
        "conf_high",
    ]
    assert [*crossed.quality["tests"][0]] == [
        *(*start, "dimension", "part", "factor", "df", "p_value", "table", "p_holm", "flag")
    ]
    assert [*crossed.quality["sentences"][0]] == ["label", "lang", "text"]


def test_without_a_cross_there_are_no_columns_of_its_domains(plain: Document) -> None:
    assert all([*row] == [*KEYS, *PARTS] for row in plain.content["decomposition"])
    assert [category for _, category in plain.cells] == [*GROUPS]


def test_numbers_are_not_rounded_and_what_is_undefined_is_null(crossed: Document) -> None:
    numbers = [row["contribution"] for row in crossed.content["decomposition"]]
    assert all(isinstance(each, float) for each in numbers)
    assert sum(round(each, 6) == each for each in numbers) < 0.01 * len(numbers)
    gaps = {_cell(row): row for row in crossed.content["decomposition"] if _key(row)[3] == "gap"}
    shares = {_cell(row): row["share"] for row in crossed.quality["shares"]}
    overall = {cell: crossed.parts[*cell, "overall", "gap", "total"] for cell in gaps}
    assert None in shares.values()
    for cell, row in overall.items():  # near nothing a share explodes
        assert (shares[cell] is None) == (abs(row["contribution"]) <= 2 * row["std_error"])


def test_a_part_without_an_error_is_null_and_printed_as_unknown() -> None:
    """In a single PSU a group has no degrees of freedom."""
    frame = two_samples_frame()
    region = (frame["sample"] == "general") & (frame["region"] == 3)
    first = frame["stratum"].eq(1) & frame["psu"].eq(1) & frame["sample"].eq("general")
    frame.loc[region, "region"] = 2
    frame.loc[first, "region"] = 3
    more = frame[first].assign(id=lambda f: f["id"] + 10_000)
    again = frame[first].assign(id=lambda f: f["id"] + 20_000)
    whole = [frame, more, again]
    Path("one.csv").write_text(
        "".join(f.to_csv(index=False, header=not i) for i, f in enumerate(whole)), encoding="utf-8"
    )
    given = ("one.csv", "--schema", SCHEMA, "--by", "region", "--cells", "area")
    page, document = both(Path(), "one", "en", *given)
    rows = [row for key, row in document.parts.items() if key[:2] == ("region", "3")]
    assert all(row["contribution"] is not None for row in rows)
    assert all(row[name] is None for row in rows for name in ("std_error", "conf_low", "conf_high"))
    check_page(page, document)
    [sentence] = [row["text"] for row in document.quality["sentences"] if row["label"] == "3"]
    assert text("explain.unknown", "en") in sentence


def test_the_sentences_are_in_the_language_asked_for_and_nothing_else_is(
    run: Runner, plain: Document
) -> None:
    korean = json.loads(run(*TWO, "--format", "json", "--lang", "ko").out)
    assert {row["lang"] for row in korean["quality"].pop("sentences")} == {"ko"}
    english = json.loads(json.dumps(plain.content))
    assert {row["lang"] for row in english["quality"].pop("sentences")} == {"en"}
    assert korean == english


def test_csv_has_the_rows_of_the_json_and_its_provenance_beside_it(
    run: Runner, crossed: Document
) -> None:
    by = ("--by", "region,area,region*area", "--lang", "en")
    done = run(*TWO, *by, "-o", "parts.csv")
    assert (done.exit_code, done.out) == (0, "")
    rows = [*csv.DictReader(io.StringIO(Path("parts.csv").read_text(encoding="utf-8")))]
    assert [*rows[0]] == [*KEYS, "region", "area", *PARTS]
    for row, known in zip(rows, crossed.content["decomposition"], strict=True):
        assert row == {k: "" if v is None else str(v) for k, v in known.items()}
    sidecar = json.loads(Path("parts.csv.provenance.json").read_text(encoding="utf-8"))
    assert sidecar == crossed.provenance
    assert sorted(path.name for path in Path().iterdir()) == [
        "parts.csv",
        "parts.csv.provenance.json",
    ]


def test_only_a_korean_csv_file_starts_with_a_mark(run: Runner) -> None:
    for lang, mark in (("ko", b"\xef\xbb\xbf"), ("en", b"")):
        assert run(*TWO, "-o", f"{lang}.csv", "--lang", lang).exit_code == 0
        raw = Path(f"{lang}.csv").read_bytes()
        assert raw.startswith(mark + b"domain,category,dimension,part,factor,")
        assert b"\r" not in raw
        assert Path(f"{lang}.csv.provenance.json").read_bytes().startswith(b"{")
    printed = run(*TWO, "--format", "csv", "--lang", "ko").out
    assert printed.startswith("domain,category,")


def test_the_provenance_says_how_the_numbers_were_made(crossed: Document) -> None:
    method = crossed.method
    assert method["factors"] == "sex + age + education + income + occupation"
    assert method["factor_sets"] == [["sex", "age"], ["education"], ["income", "occupation"]]
    assert (method["cells"], method["groups"]) == (["region", "area"], [*GROUPS])
    assert method["domains"] == ["region", "area", "region*area"]
    assert (method["formula"], method["confidence"]) == ("weighted_ratios", 0.95)
    assert (method["where"], method["df"]) == (None, "domain")
    known = reference("two_samples_gaps.json")["meta"]
    assert crossed.provenance["design"]["psus"] == known["psus"]
    assert [file["records"] for file in crossed.provenance["input"]["files"]] == [known["n"]]
    codes = [finding["code"] for finding in crossed.provenance["findings"]]
    assert codes == ["DI-W260", "DI-W260", "DI-W262"]


# -- where results and words go ----------------------------------------------------------------


def test_a_table_says_its_findings_itself_and_other_formats_to_stderr(run: Runner) -> None:
    table = run(*TWO, "--lang", "en")
    assert (table.exit_code, table.err) == (0, "")
    flat = " ".join(table.out.split())
    assert "* Older people: left out of the factors, because they define these groups: Age." in flat
    assert "* Entered last: income and occupation, which may be a consequence of" in flat
    assert "DI-" not in table.out
    for kind in ("json", "csv"):
        done = run(*TWO, "--lang", "en", "--format", kind)
        codes = [line.split()[0] for line in done.err.splitlines()]
        assert (done.exit_code, codes) == (0, ["DI-W260", "DI-W260", "DI-W262"])


def test_the_ending_or_the_option_chooses_the_format(run: Runner, plain: Document) -> None:
    given = (*TWO, "--group", "rural", "--lang", "en")
    for name, start in (("a.json", "{"), ("a.CSV", "domain,"), ("a.txt", "Synthetic")):
        assert run(*given, "-o", name).exit_code == 0
        assert Path(name).read_text(encoding="utf-8").startswith(start)
    assert run(*given, "-o", "b.txt", "--format", "json").exit_code == 0
    [rural] = Document(Path("b.txt").read_text(encoding="utf-8")).quality["bases"]
    assert rural == plain.quality["bases"][0]
    assert run(*given).out == Path("a.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["json", "csv", "table"])
def test_an_existing_file_is_replaced_only_with_force(run: Runner, kind: str) -> None:
    for name in ("mine", "mine.provenance.json"):
        Path(name).write_text("mine", encoding="utf-8")
    done = run(*TWO, "-o", "mine", "--format", kind, "--lang", "en")
    assert (done.exit_code, done.out) == (1, "")
    [said] = done.err.splitlines()
    assert said.startswith("DI-E078 ")
    assert Path("mine").read_text(encoding="utf-8") == "mine"
    assert run(*TWO, "-o", "mine", "--format", kind, "--force").exit_code == 0
    assert Path("mine").read_text(encoding="utf-8") != "mine"
    sidecar = Path("mine.provenance.json").read_text(encoding="utf-8")
    assert (sidecar == "mine") is (kind != "csv")


def test_a_sidecar_that_exists_is_not_replaced_either(run: Runner) -> None:
    Path("a.csv.provenance.json").write_text("mine", encoding="utf-8")
    done = run(*TWO, "-o", "a.csv", "--lang", "en")
    assert (done.exit_code, done.err.split()[0]) == (1, "DI-E078")
    assert not Path("a.csv").exists()


def test_neither_the_survey_nor_its_schema_is_ever_replaced(run: Runner) -> None:
    Path("survey.csv").write_bytes(Path(SURVEY).read_bytes())
    Path("schema.yaml").write_bytes(Path(SCHEMA).read_bytes())
    Path("schema.csv").hardlink_to("schema.yaml")
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    place = str(Path("survey.csv").resolve())
    for output in ("survey.csv", "./survey.csv", place, "schema.csv"):
        done = run("survey.csv", "--schema", "schema.yaml", "-o", output, "--force")
        assert (done.exit_code, done.err.split()[0]) == (1, "DI-E171")
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


@pytest.mark.parametrize("name", ["parts.xlsx", "parts.pdf", "parts.parquet", "parts.html"])
def test_text_never_takes_the_name_of_another_kind_of_file(run: Runner, name: str) -> None:
    done = run(*TWO, "-o", name)
    assert (done.exit_code, done.err.split()[0]) == (1, "DI-E170")
    assert not any(Path().iterdir())


# -- options -----------------------------------------------------------------------------------


def decomposed(run: Runner, *options: str) -> Document:
    """Return the survey of two samples, decomposed with options."""
    done = run(*TWO, "--format", "json", "--lang", "en", *options)
    assert done.exit_code == 0, done.err
    return Document(done.out)


def test_group_selects_groups_and_cuts_them_by_domains(run: Runner, plain: Document) -> None:
    done = decomposed(run, "--group", "farmers", "--by", "region")
    regions = [("group*region", f"farmers*{region}") for region in (1, 2, 3)]
    assert done.cells == [("group", "farmers"), *regions]
    for (_, category), factor in ((cell, "education") for cell in done.cells):
        known = reference("two_samples_gaps.json")["weighted_ratios"][category]["overall"][factor]
        row = done.parts[
            "group" if category == "farmers" else "group*region",
            category,
            "overall",
            "explained",
            factor,
        ]
        assert row["contribution"] == approx(known["points"], rel=0, abs=1e-9)
        assert row["std_error"] == approx(known["se"], rel=0, abs=1e-8)
    farmers = ("group", "farmers")
    assert done.value(farmers, "gap") == approx(plain.value(farmers, "gap"), rel=1e-12)


def test_by_keeps_the_groups_and_adds_domains_in_the_order_given(
    run: Runner, plain: Document
) -> None:
    done = decomposed(run, "--by", "area, region ,region*area,area")
    domains = list(dict.fromkeys(domain for domain, _ in done.cells))
    assert domains == ["group", "area", "region", "region*area"]
    for key, row in plain.parts.items():
        assert done.parts[key]["contribution"] == approx(row["contribution"], rel=1e-9, abs=1e-12)


def test_factors_are_those_asked_for_and_may_be_any_domain_or_variable(
    run: Runner, plain: Document
) -> None:
    few = decomposed(run, "--factors", "education, sex", "--group", "rural")
    assert few.factors_of(("group", "rural")) == ["education", "sex"]
    number = decomposed(run, "--factors", "age_group,income", "--group", "rural")
    assert number.factors_of(("group", "rural")) == ["age_group", "income"]
    check_sums(number)
    assert few.of("bases", ("group", "rural"))["n"] > plain.of("bases", ("group", "rural"))["n"]


def test_other_cells_move_what_is_explained_and_never_the_gap(run: Runner, plain: Document) -> None:
    done = decomposed(run, "--cells", "region")
    assert done.method["cells"] == ["region"]
    for cell in plain.cells:
        assert done.value(cell, "gap") == approx(plain.value(cell, "gap"), rel=1e-12)
    rural = ("group", "rural")
    assert abs(done.value(rural, "explained") - plain.value(rural, "explained")) > 0.01
    page = run(*TWO, "--cells", "region", "--lang", "en").out
    assert "an effect of their own in the regression: Region. The explained" in " ".join(
        page.split()
    )


def test_an_option_without_names_is_as_if_it_were_not_given(run: Runner, plain: Document) -> None:
    options = ("--cells", "--factors", "--group", "--by")
    for nothing in ("", " , "):
        empty = [word for option in options for word in (option, nothing)]
        assert decomposed(run, *empty).content == plain.content


def test_nested_sets_enter_in_the_order_given_and_end_at_the_unexplained_part(
    run: Runner, plain: Document
) -> None:
    nested = "age;sex,income ; education,occupation;"
    done = decomposed(run, "--nested", nested)
    assert done.method["factor_sets"] == [["age"], ["sex", "income"], ["education", "occupation"]]
    assert done.parts == plain.parts
    sets = [[], *done.method["factor_sets"]]
    for cell in done.cells:
        path = [
            row
            for row in done.quality["path"]
            if (_cell(row), row["dimension"]) == (cell, "overall")
        ]
        own = done.factors_of(cell)
        entered = [", ".join(name for name in names if name in own) for names in sets]
        assert [(row["step"], row["factors"]) for row in path] == [*enumerate(entered)]
        points = [row["contribution"] for row in path]
        ends = [done.value(cell, "gap"), done.value(cell, "unexplained")]
        assert [points[0], points[-1]] == approx(ends, rel=1e-9)
        # Age makes somebody old, and is no step of theirs.
        assert (points[1] == points[0]) is (cell[1] == "older")
    page = " ".join(run(*TWO, "--nested", nested, "--lang", "en").out.split())
    assert "Entered last" not in page  # said of the order of the schema alone
    said = {row["label"]: row["text"] for row in done.quality["sentences"]}
    assert "Considering sex and income alone" in said["Older people"]
    assert "Considering age alone" in said["Rural residents"]


def test_a_single_set_has_no_order_and_without_declared_cells_the_groups_are_the_cells(
    run: Runner,
) -> None:
    small = (str(REFERENCE / "small.csv"), "--schema", str(SCHEMAS / "small.yaml"))
    done = run(*small, "--factors", "age_group", "--group", "rural", "--lang", "en")
    page = " ".join(done.out.split())
    assert done.exit_code == 0
    assert "in the regression: the groups and domains asked for." in page
    assert "Entered last" not in page
    assert "Considering" not in page


def test_where_crosses_every_group_and_leaves_the_reference_whole(
    run: Runner, plain: Document
) -> None:
    done = decomposed(run, "--where", "area == 'R'")
    rural, older = ("group", "rural"), ("group", "older")
    assert done.cells == [("group", name) for name in GROUPS]
    for part in ("gap", "explained", "unexplained"):  # all of them live there
        assert done.value(rural, part) == approx(plain.value(rural, part), rel=1e-9)
    assert done.of("bases", older)["n"] < plain.of("bases", older)["n"]
    assert done.method["where"] == "area == 'R'"
    page = run(*TWO, "--where", "area == 'R'", "--lang", "en").out
    assert text("note.where", "en", where="area == 'R'") in " ".join(page.split())


def test_the_confidence_moves_intervals_and_is_printed(plain: Document) -> None:
    page, done = both(Path(), "wide", "ko", *TWO, "--confidence", "99.5")
    assert done.method["confidence"] == 0.995
    for key, row in plain.parts.items():
        other = done.parts[key]
        assert other["contribution"] == row["contribution"]
        assert other["std_error"] == row["std_error"]
        assert other["conf_low"] < row["conf_low"] < row["conf_high"] < other["conf_high"]
    assert "(99.5%" in page
    check_page(page, done)


def test_the_other_formula_has_the_values_of_r(run: Runner) -> None:
    done = decomposed(run, "--formula", "ratio_of_composites")
    assert done.method["formula"] == "ratio_of_composites"
    for cell in done.cells:
        known = reference("two_samples_gaps.json")["ratio_of_composites"][cell[1]]["overall"]
        for part in ("gap", "explained", "unexplained"):
            row = done.parts[*cell, "overall", part, "total"]
            assert row["contribution"] == approx(known[part]["points"], rel=0, abs=1e-9)
            assert row["std_error"] == approx(known[part]["se"], rel=0, abs=1e-8)


def test_lonely_decides_what_a_single_psu_contributes(run: Runner) -> None:
    frame = two_samples_frame()
    frame.loc[(frame["sample"] == "general") & (frame["stratum"] == 1), "psu"] = 1
    frame.to_csv("lonely.csv", index=False)
    given = ("lonely.csv", "--schema", SCHEMA, "--format", "json", "--group", "rural")
    failed = run(*given)
    assert (failed.exit_code, failed.err.split()[0]) == (1, "DI-E057")
    rows: dict[str, Row] = {}
    for rule in ("remove", "adjust"):
        done = Document(run(*given, "--lonely", rule).out)
        rows[rule] = done.parts["group", "rural", "overall", "gap", "total"]
        assert done.provenance["design"]["lonely_psu"] == rule
    assert len({row["contribution"] for row in rows.values()}) == 1
    errors = {rule: row["std_error"] for rule, row in rows.items()}
    assert errors["remove"] < errors["adjust"]


def test_verbose_says_on_stderr_what_was_read(run: Runner) -> None:
    done = run(*TWO, "-v", "--lang", "en")
    assert done.exit_code == 0
    assert done.err.startswith("DI-I070 two_samples.csv (CSV, utf-8): ")


def test_without_a_schema_the_one_that_fits_is_used_and_named(
    run: Runner, simulated: tuple[str, ...]
) -> None:
    done = run(simulated[0], "--lang", "ko", "--group", "rural")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.err.splitlines()] == ["DI-I072", "DI-I069"]
    assert text("note.synthetic", "ko") in done.out


@pytest.mark.parametrize(
    ("environment", "option", "expected"), [("", "", "ko"), ("en", "", "en"), ("ko", "en", "en")]
)
def test_the_language_is_the_options_before_the_environments_and_the_surveys(
    run: Runner, monkeypatch: pytest.MonkeyPatch, environment: str, option: str, expected: Language
) -> None:
    schema = f"{Path(SCHEMA).read_text(encoding='utf-8')}\nlanguage: ko\n"
    Path("korean.yaml").write_text(schema, encoding="utf-8")
    monkeypatch.setenv("DIVIDE_INDEX_LANG", environment)
    asked = ("--lang", option) if option else ()
    done = run(SURVEY, "--schema", "korean.yaml", "--group", "rural", *asked)
    assert text("note.rounding", expected) in " ".join(done.out.split())


# -- what it costs, and what never leaves ------------------------------------------------------


def test_help_imports_nothing_heavy_and_fits_a_terminal(run: Runner) -> None:
    code = "from divide_index.cli import run\nassert run(sys.argv[1:]) == 0"
    modules = {name.partition(".")[0] for name in loaded_by(code, "decompose", "--help")}
    assert modules & {*HEAVY, "formulaic"} == set()
    done = run("--help")
    assert (done.exit_code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= WIDTH
    for option in ("--group", "--factors", "--by", "--cells", "--nested", "--where"):
        assert f"  {option} " in done.out


def test_the_same_survey_gives_the_same_bytes_anywhere() -> None:
    given = ["decompose", *TWO, "--group", "rural", "--format", "json", "--lang", "ko"]
    one = {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "1"}
    two = {"LC_ALL": "C.UTF-8", "TZ": "Asia/Seoul", "PYTHONHASHSEED": "4321", "COLUMNS": "200"}
    first, second = process(*given, env=one), process(*given, env=two)
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == second.stdout
    assert first.stderr == second.stderr


def test_the_order_of_the_records_moves_nothing_but_the_identity_of_the_file(
    run: Runner, plain: Document
) -> None:
    frame = two_samples_frame().sample(frac=1, random_state=3)
    Path("two_samples.csv").write_text(frame.to_csv(index=False), encoding="utf-8")
    done = Document(run("two_samples.csv", *TWO[1:], "--format", "json", "--lang", "en").out)
    for key, row in plain.parts.items():
        for name in ("contribution", "std_error"):
            assert done.parts[key][name] == approx(row[name], rel=1e-8, abs=1e-10)
    assert done.quality["sentences"] == plain.quality["sentences"]


def test_no_clock_host_user_path_or_record_stands_in_any_output(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = Path("secret_folder_of_hong")
    secret.mkdir()
    frame = two_samples_frame()
    frame["id"] = [f"홍길동-{number:05d}" for number in range(len(frame))]
    frame["note"] = "010-1234-5678"
    frame.to_csv(secret / "survey.csv", index=False)
    monkeypatch.setenv("HOME", str(secret.resolve()))
    written = ""
    for name in ("a.json", "a.csv", "a.txt"):
        path = secret / name
        done = run(
            str(secret / "survey.csv"),
            "--schema",
            SCHEMA,
            "--group",
            "rural",
            "-o",
            str(path),
            "-v",
            "--lang",
            "en",
        )
        assert done.exit_code == 0
        written += done.out + done.err + path.read_text(encoding="utf-8")
    written += (secret / "a.csv.provenance.json").read_text(encoding="utf-8")
    node = platform.node()
    hidden = {"secret_folder", "홍길동", "010-1234", str(Path.cwd()), str(SCHEMAS)}
    hidden |= {word for word in (node, getpass.getuser()) if len(word) > 4}
    assert [word for word in hidden if word in written] == []
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b|\d\d:\d\d:\d\d", written)


def test_a_closed_pipe_ends_quietly() -> None:
    code, words = closed_early("decompose", *TWO, "--group", "rural", "--lang", "en")
    assert (code, words) == (0, "")


def test_a_plain_page_has_no_colours_and_steers_no_terminal(run: Runner) -> None:
    schema = Path(SCHEMA).read_text(encoding="utf-8")
    evil = schema.replace("en: Rural residents", 'en: "Rural \\e[31mresidents\\a"')
    assert evil != schema
    Path("evil.yaml").write_text(evil, encoding="utf-8")
    done = run(SURVEY, "--schema", "evil.yaml", "--lang", "en", "--group", "rural")
    assert done.exit_code == 0
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.out)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (*TWO, "--nothing"),
        (*TWO, "more.csv"),
        (*TWO, "--lang", "pt"),
        (*TWO, "--format", "xlsx"),
        (*TWO, "--confidence", "100"),
        (*TWO, "--formula", "mean"),
        (*TWO, "--lonely", "ignore"),
        (*TWO, "--disclosure", "none"),
        (*TWO, "--source", f"general={SURVEY}"),
        (*TWO, "--cases", "complete"),
        (*TWO, "-o"),
    ],
)
def test_a_slip_on_the_command_line_ends_with_2_and_the_usage(
    run: Runner, arguments: Sequence[str]
) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.out) == (2, "")
    assert "Error: " in done.err
    assert "DI-" not in done.err
    assert not any(Path().iterdir())
