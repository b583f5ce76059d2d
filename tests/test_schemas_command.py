"""`divide-index schemas`: pages a person can read, and a lint that a person can follow."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.cells import cell_len

from divide_index import cli
from divide_index.messages import Language, text
from divide_index.publication.schemas import schema_listing, schema_sections
from divide_index.schema import load_schema, packaged_schemas
from tests.samples import REFERENCE, ROOT, SCHEMAS

PACKAGED = sorted(path.stem for path in (ROOT / "survey_schemas").glob("*.yaml"))
SMALL = str(SCHEMAS / "small.yaml")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, in no language but the one asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_LANG", raising=False)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)


class Done:
    """What a run returned and printed."""

    def __init__(self, exit_code: int, captured: Any) -> None:  # noqa: ANN401
        self.exit_code = exit_code
        self.out: str = captured.out
        self.err: str = captured.err

    @property
    def words(self) -> str:
        """What it printed, as one line."""
        return " ".join(self.out.split())


Runner = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    """Return a function that runs `schemas` in this process."""
    return lambda *arguments: Done(cli.run(["schemas", *arguments]), capsys.readouterr())


def widest(page: str) -> int:
    return max(cell_len(line) for line in page.splitlines())


# -- the group -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["list", "show", "new", "lint", "json-schema"])
def test_every_command_says_what_it_does(run: Runner, name: str) -> None:
    assert name in run("--help").out
    done = run(name, "--help")
    assert (done.exit_code, done.err) == (0, "")
    assert widest(done.out) <= 80


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("show",),
        ("new",),
        ("lint",),
        ("lint", "a", "b"),
        ("list", "more"),
        ("--lang", "pt"),
    ],
)
def test_a_slip_on_the_command_line_ends_with_2(run: Runner, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.out) == (2, "")


def test_the_language_holds_before_and_after_the_command(run: Runner) -> None:
    korean = run("list", "--lang", "ko").out
    assert "스키마" in korean
    assert run("--lang", "ko").out == run("--lang", "ko", "list").out == korean
    assert run("--lang", "ko", "list", "--lang", "en").out == run().out


# -- list ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_schemas_at_hand_are_listed_at_80_columns(run: Runner, lang: str) -> None:
    done = run("list", "--lang", lang)
    assert (done.exit_code, done.err) == (0, "")
    assert widest(done.out) <= 80
    for name in PACKAGED:
        schema = load_schema(name)
        assert f"{name} " in done.out
        assert str(schema.survey.year) in done.out
        for word in schema.title.of(lang).split():  # pyright: ignore[reportArgumentType]
            assert word in done.out


def test_a_listing_has_the_unit_the_year_the_files_and_the_assumptions() -> None:
    found = {name: load_schema(name) for name in packaged_schemas()}
    rows = {row[0]: row[2:] for row in schema_listing(found, "en").rows}
    assert rows["endutih-2021"] == ("households", "2021", "1", "7")
    assert rows["tic-domicilios-2016"][:3] == ("persons", "2016", "2")


BROKEN: dict[str, tuple[str, bytes]] = {
    "empty": ("DI-E105", b""),
    "binary": ("DI-E105", b"\xff\xfe\x00\x01"),
    "list": ("DI-E105", b"- a\n- b\n"),
    "text": ("DI-E105", b"just words\n"),
    "yaml": ("DI-E105", b"a: [1, 2\n"),
    "typo": ("DI-E069", b"format: 1\nnmae: x\n"),
    "circle": ("DI-E114", b"extends: circle\n"),
    "newer": ("DI-E106", b"format: 2\n"),
    "가나다": ("DI-E116", b"format: 1\n"),
}


def test_a_broken_schema_is_listed_with_its_code_and_breaks_nothing(run: Runner) -> None:
    Path("survey_schemas").mkdir()
    for name, (_, content) in BROKEN.items():
        (Path("survey_schemas") / f"{name}.yaml").write_bytes(content)
    done = run("list")
    assert (done.exit_code, done.err) == (0, "")
    lines = done.out.splitlines()
    for name, (code, _) in BROKEN.items():
        [line] = [line for line in lines if line.startswith(f" {name} ")]
        assert f" {code}: " in line
    for name in PACKAGED:
        assert name in done.out


def test_a_schema_of_the_working_folder_stands_before_the_packaged_one(run: Runner) -> None:
    Path("survey_schemas").mkdir()
    (Path("survey_schemas") / "example.yaml").write_text("format: 1\n", encoding="utf-8")
    [line] = [line for line in run().out.splitlines() if line.startswith(" example ")]
    assert "DI-E116" in line


# -- show ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("name", PACKAGED)
def test_a_schema_is_shown_at_80_columns_with_every_element(
    run: Runner, name: str, lang: Language
) -> None:
    schema = load_schema(name)
    done = run("show", name, "--lang", lang)
    assert (done.exit_code, done.err) == (0, "")
    assert widest(done.out) <= 80
    said = done.words.replace(" ", "")

    def shows(words: str) -> bool:
        return "".join(words.split()) in said

    assert shows(schema.title.of(lang))
    labels = [
        *(part.label for part in schema.dimensions.values()),
        *(part.label for part in schema.groups.values()),
        *(part.label for part in schema.domains.values()),
    ]
    for label in labels:
        assert shows(label.of(lang))
    for item in schema.items:
        assert shows(item)
    for path, part in schema.assumptions():
        assert shows(path)
        assert shows(part.source or "")
        for alternative in part.alternatives:
            assert shows(alternative)


def test_files_are_shown_with_the_command_to_type(run: Runner) -> None:
    single = run("show", "example", "--lang", "en").out
    assert "    divide-index compute FILE --schema example\n" in single
    several = run("show", "tic-domicilios-2016", "--lang", "en").out
    assert (
        "    divide-index compute --schema tic-domicilios-2016 \\\n"
        "        --source persons=PATH \\\n"
        "        --source households=PATH\n"
    ) in several
    assert "joined to persons by household" in several
    assert "decimal mark ," in several
    korean = run("show", "nia-2024", "--lang", "en")
    assert "own headers: 5" in korean.words
    assert "--source general=PATH" in korean.out


def test_conditions_and_rules_are_shown_as_the_schema_writes_them(run: Runner) -> None:
    rules = run("show", str(SCHEMAS / "rules.yaml"), "--lang", "en").words
    for said in (
        "desktop [Q2_1] · 1→1, others→0 · no answer: 8, 9",
        "speed [Q3] · 0→0, 200→1",
        "fear [Q4] · 5→0, 1→1",
        "0.25 calm",
        "skill [Q5] · low→0, mid→0.5, high→1",
        "larger of shop_pc [Q6A], shop_mobile [Q6B] · 1→0, 4→1",
        "not asked: 0 (asked if online == 1)",
        "not asked (7): 0",
        "users Users · online == 1",
        "Everybody all records",
    ):
        assert said in rules, said
    small = run("show", SMALL, "--lang", "en").words
    for said in (
        "rural Rural residents · sample == 'general' and area == 'R'",
        "Farmers 1,500,000",
        "Farmers, Overall 83 % by 2027",
        "young · middle · old",
        "Also held against it Rural residents",
        "fpc -",
    ):
        assert said in small, said


def test_a_korean_survey_is_shown_in_korean(run: Runner) -> None:
    assert "표본설계" in run("show", "example").out
    assert "Sampling design" in run("show", "example", "--lang", "en").out
    assert "Sampling design" in run("show", "endutih-2021").out


def test_an_unknown_schema_is_refused_in_one_line(run: Runner) -> None:
    done = run("show", "exampel")
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith("DI-E104 ")
    assert "example" in done.err


def test_words_of_a_schema_never_steer_a_terminal(run: Runner) -> None:
    whole = (SCHEMAS / "rules.yaml").read_text(encoding="utf-8")
    escaped = whole.replace("en: Users", 'en: "Us\\e[31mers\\r"')
    Path("red.yaml").write_text(escaped, encoding="utf-8")
    done = run("show", "red.yaml", "--lang", "en")
    assert "\x1b" not in done.out + run("lint", "red.yaml").out
    assert "Us[31mers" in done.out


def test_a_page_is_made_of_plain_rows() -> None:
    sections = schema_sections(load_schema("example"), "example", "en")
    assert [section.title for section in sections][:3] == ["Survey", "Files", "Sampling design"]
    assert all(row.term or row.text for section in sections for row in section.rows)


# -- new -------------------------------------------------------------------------------------


def test_a_draft_is_printed_or_written_and_never_over_a_file(run: Runner) -> None:
    small = str(REFERENCE / "small.csv")
    printed = run("new", small)
    assert (printed.exit_code, printed.err) == (0, "")
    assert yaml.safe_load(printed.out)["format"] == 1
    done = run("new", small, "-o", "mine.yaml")
    assert (done.exit_code, done.out) == (0, "")
    assert done.err.startswith("DI-I071 ")
    assert yaml.safe_load(Path("mine.yaml").read_text(encoding="utf-8"))["name"] == "mine"
    again = run("new", small, "-o", "mine.yaml")
    assert (again.exit_code, again.err[:8]) == (1, "DI-E078 ")
    assert run("new", small, "-o", "mine.yaml", "--force").exit_code == 0


def test_a_draft_takes_neither_the_name_of_the_data_nor_of_another_kind(run: Runner) -> None:
    Path("data.txt").write_bytes((REFERENCE / "small.csv").read_bytes())
    before = Path("data.txt").read_bytes()
    done = run("new", "data.txt", "-o", "data.txt", "--force")
    assert (done.exit_code, done.err[:8]) == (1, "DI-E171 ")
    assert Path("data.txt").read_bytes() == before
    assert run("new", "data.txt", "-o", "draft.xlsx").err.startswith("DI-E170 ")


def test_personal_columns_are_named_on_stderr_without_their_values(run: Runner) -> None:
    Path("data.csv").write_text("tel,q\n010-1234-5678,1\n,2\n", encoding="utf-8")
    for lang in ("ko", "en"):
        done = run("new", "data.csv", "--lang", lang)
        assert done.exit_code == 0
        assert done.err.startswith("DI-W217 data.csv: ")
        assert "tel" in done.err
        assert "1234" not in done.out + done.err


def test_what_is_no_survey_file_is_refused_in_one_line(run: Runner) -> None:
    Path("data.csv").write_text("a,a\n1,2\n", encoding="utf-8")
    for path, code in (("data.csv", "DI-E018"), ("nothing.csv", "DI-E101")):
        done = run("new", path, "-o", "draft.yaml")
        assert (done.exit_code, done.out, done.err[:7]) == (1, "", code)
        assert len(done.err.splitlines()) == 1
        assert not Path("draft.yaml").exists()


def test_the_encoding_can_be_named(run: Runner) -> None:
    Path("data.csv").write_bytes("성별,q\n남,1\n".encode("cp949"))
    assert run("new", "data.csv").err.startswith("DI-E001 ")
    done = run("new", "data.csv", "--encoding", "cp949")
    assert done.exit_code == 0
    assert "성별:" in done.out


# -- lint ------------------------------------------------------------------------------------


def test_lint_of_a_draft_says_what_is_missing_and_ends_with_1(run: Runner) -> None:
    assert run("new", str(REFERENCE / "small.csv"), "-o", "mine.yaml").exit_code == 0
    done = run("lint", "mine.yaml")
    assert done.exit_code == 1
    assert [line.split(": ")[1] for line in done.out.splitlines()] == [
        *("survey", "items", "dimensions", "reference")
    ]
    assert done.err.startswith("DI-E210 mine.yaml: errors: 4.")


def test_lint_ends_with_0_where_there_is_only_advice(run: Runner) -> None:
    done = run("lint", SMALL)
    assert (done.exit_code, done.err) == (0, "")
    *lines, last = done.out.splitlines()
    assert all(line.startswith("DI-W") for line in lines)
    assert last.startswith("small.yaml: no errors; advice: ")


def test_advice_of_one_kind_is_cut_unless_all_is_asked_for(run: Runner) -> None:
    short, long = run("lint", SMALL), run("lint", SMALL, "--all")
    [more] = [line for line in short.out.splitlines() if line.startswith("DI-W210: ")]
    shown = sum(line.startswith("DI-W210 ") for line in short.out.splitlines())
    whole = sum(line.startswith("DI-W210 ") for line in long.out.splitlines())
    assert more.startswith(f"DI-W210: {whole - shown} more")
    assert "--all" not in long.out


def test_lint_of_a_schema_without_fault_says_so(run: Runner) -> None:
    done = run("lint", "nia-2025")
    assert (done.exit_code, done.err) == (0, "")
    assert run("lint", "nia-2025", "--all").out.splitlines()[-1].startswith("nia-2025")


@pytest.mark.parametrize("name", BROKEN)
def test_lint_of_a_broken_file_names_the_fault(run: Runner, name: str) -> None:
    code, content = BROKEN[name]
    Path(f"{name}.yaml").write_bytes(content)
    done = run("lint", f"{name}.yaml")
    assert done.exit_code == 1
    assert done.out.startswith(f"{code} {name}.yaml")
    assert done.err.startswith("DI-E210 ")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_lint_speaks_the_language_asked_for(run: Runner, lang: Language) -> None:
    Path("typo.yaml").write_bytes(BROKEN["typo"][1])
    done = run("lint", "typo.yaml", "--lang", lang)
    params = {"schema": "typo.yaml:2", "where": ".", "key": "nmae", "nearest": ["name"]}
    assert done.out.splitlines()[0] == f"DI-E069 {text('DI-E069', lang, **params)}"
    assert ("오류가" in done.err) is (lang == "ko")


# -- json-schema -----------------------------------------------------------------------------


def test_the_format_is_printed_or_written_as_json(run: Runner) -> None:
    done = run("json-schema")
    assert (done.exit_code, done.err) == (0, "")
    schema = json.loads(done.out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert run("json-schema", "-o", "format.json").exit_code == 0
    assert json.loads(Path("format.json").read_text(encoding="utf-8")) == schema
    assert run("json-schema", "-o", "format.json").err.startswith("DI-E078 ")
    assert run("json-schema", "-o", "format.json", "--force").exit_code == 0
    assert run("json-schema", "-o", "format.yaml").err.startswith("DI-E170 ")
