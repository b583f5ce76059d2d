"""The command line does what its help says, costs what it must, and prints nothing else."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

import divide_index
from divide_index import cli
from divide_index.cli.console import render
from divide_index.levels import relative_levels
from divide_index.messages import text
from divide_index.simulate import simulate_survey
from tests.samples import REFERENCE, SCHEMAS, small_frame, small_scores

HEAVY = {
    *("numpy", "pandas", "narwhals", "pydantic", "rich", "scipy", "statsmodels"),
    *("matplotlib", "weasyprint", "yaml", "babel"),
}
SMALL = [str(REFERENCE / "small.csv"), "--schema", str(SCHEMAS / "small.yaml")]
LEVELS = [
    *("domain", "category", "dimension", "n", "psus", "level", "std_error"),
    *("conf_low", "conf_high", "df", "target_gap", "flag"),
]
BOM = "\ufeff"


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
    def levels(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """The rows of the JSON it printed."""
        return {
            (row["domain"], row["category"], row["dimension"]): row
            for row in json.loads(self.out)["levels"]
        }

    @property
    def method(self) -> dict[str, Any]:
        """The method named in the JSON it printed."""
        return json.loads(self.out)["provenance"]["method"]


Runner = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    """Return a function that runs the command line in this process."""
    return lambda *arguments: Done(cli.run([*arguments]), capsys.readouterr())


@pytest.fixture
def compute(run: Runner) -> Runner:
    """Return a function that computes the small survey's levels, as JSON."""
    return lambda *options: run("compute", *SMALL, "--format", "json", *options)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The small survey's levels without any option."""
    file = tmp_path_factory.mktemp("plain") / "levels.json"
    assert cli.run(["compute", *SMALL, "-o", str(file)]) == 0
    return Done(0, SimpleNamespace(out=file.read_text(encoding="utf-8"), err=""))


def process(
    *arguments: str, code: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a fresh interpreter: the module with arguments, or some code."""
    command = ["-c", code] if code else ["-m", "divide_index"]
    return subprocess.run(
        [sys.executable, *command, *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **(env or {})},
    )


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after some code."""
    done = process(*arguments, code=f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)")
    assert done.returncode == 0, done.stderr.decode()
    return set(done.stderr.decode().splitlines()[-1].split())


# -- help ------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(run: Runner, flag: str) -> None:
    done = run(flag)
    assert (done.exit_code, done.err) == (0, "")
    for name in cli.COMMANDS:
        assert name in done.out


def test_without_arguments_a_beginner_is_told_what_to_type(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run()
    assert (done.exit_code, done.err) == (0, "")
    assert done.out == text("cli.start", "en") + "\n"
    for command in ("divide-index simulate", "divide-index compute", "divide-index --help"):
        assert command in done.out
    monkeypatch.setenv("DIVIDE_INDEX_LANG", "ko")
    assert run().out == text("cli.start", "ko") + "\n"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_importable_and_says_what_it_does(run: Runner, name: str) -> None:
    command: click.Command = import_module(f"divide_index.cli.{cli.COMMANDS[name]}").command
    assert command.name == name
    assert command.help
    assert command.get_short_help_str().endswith(".")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
    done = run(name, "--help")
    assert (done.exit_code, done.err) == (0, "")
    assert max(len(line) for line in done.out.splitlines()) <= 80


def test_the_version_is_that_of_the_package(run: Runner) -> None:
    done = run("--version")
    assert done.exit_code == 0
    assert done.out.startswith("divide-index, version ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("--nothing",),
        ("compute",),
        ("compute", *SMALL, "--nothing"),
        ("compute", *SMALL, "more.csv"),
        ("compute", *SMALL, "--lang", "pt"),
        ("compute", *SMALL, "--format", "docx"),
        ("compute", *SMALL, "--confidence", "0"),
        ("compute", *SMALL, "--confidence", "100"),
        ("compute", *SMALL, "--confidence", "high"),
        ("compute", *SMALL, "--formula", "mean"),
        ("compute", *SMALL, "--cases", "all"),
        ("compute", *SMALL, "--lonely", "ignore"),
        ("compute", *SMALL, "-o"),
        ("simulate",),
        ("simulate", "--seed", "-1"),
        ("simulate", "--seed", "1", "--n", "0"),
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


# -- what it costs ---------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], ["compute", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = "from divide_index.cli import run\nassert run(sys.argv[1:]) == 0"
    modules = {name.partition(".")[0] for name in loaded_by(code, *arguments)}
    assert modules & HEAVY == set()
    assert "click" in modules


def test_compute_loads_no_library_for_statistics_or_drawing() -> None:
    code = "from divide_index.cli import run\nassert run(sys.argv[1:]) == 0"
    modules = loaded_by(code, "compute", *SMALL, "--by", "region*area", "-o", "levels.txt")
    assert "scipy.special" in modules
    assert modules.isdisjoint({"scipy.stats", "statsmodels", "pingouin", "matplotlib", "polars"})


def test_importing_the_package_imports_nothing_heavy() -> None:
    modules = loaded_by("import divide_index")
    assert {name.partition(".")[0] for name in modules}.isdisjoint({*HEAVY, "click"})


@pytest.mark.parametrize("name", divide_index.__all__)
def test_every_public_name_is_there_and_has_a_docstring(name: str) -> None:
    public = getattr(divide_index, name)
    assert public.__name__ == name
    assert public.__doc__
    assert name in dir(divide_index)


def test_the_public_names_are_sorted_and_no_other_name_is_there() -> None:
    assert list(divide_index.__all__) == sorted(divide_index.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = divide_index.nothing


# -- where results go ------------------------------------------------------------------------


def test_a_table_is_printed_by_default(run: Runner) -> None:
    done = run("compute", *SMALL)
    assert (done.exit_code, done.err) == (0, "")
    assert "General public" in done.out
    assert "\x1b" not in done.out


def test_the_ending_of_the_file_chooses_the_format(run: Runner) -> None:
    for name in ("levels.json", "levels.CSV", "levels.txt"):
        done = run("compute", *SMALL, "-o", name)
        assert (done.exit_code, done.out, done.err) == (0, "", "")
    assert json.loads(Path("levels.json").read_text(encoding="utf-8"))["levels"]
    assert Path("levels.CSV").read_text(encoding="utf-8").startswith("domain,category,")
    assert Path("levels.txt").read_text(encoding="utf-8").startswith("Small synthetic survey")
    assert sorted(path.name for path in Path().iterdir()) == [
        *("levels.CSV", "levels.CSV.provenance.json", "levels.json", "levels.txt")
    ]


def test_a_format_that_was_asked_for_counts_more_than_the_ending(run: Runner) -> None:
    assert run("compute", *SMALL, "-o", "levels.txt", "--format", "json").exit_code == 0
    assert json.loads(Path("levels.txt").read_text(encoding="utf-8"))["levels"]


@pytest.mark.parametrize("name", ["levels.xlsx", "levels.parquet", "levels.pdf"])
@pytest.mark.parametrize("what", [("compute", *SMALL), ("simulate", "--seed", "5", "--n", "1000")])
def test_text_never_takes_the_name_of_another_kind_of_file(
    run: Runner, what: Sequence[str], name: str
) -> None:
    done = run(*what, "-o", name)
    assert done.exit_code == 1
    assert done.err.startswith("DI-E170 ")
    assert not any(Path().iterdir())


def test_csv_on_stdout_has_the_contracts_columns_and_no_mark(run: Runner) -> None:
    for lang in ("ko", "en"):
        done = run("compute", *SMALL, "--format", "csv", "--lang", lang)
        assert next(csv.reader(io.StringIO(done.out))) == LEVELS
        assert BOM not in done.out


def test_a_csv_file_has_its_provenance_beside_it(run: Runner) -> None:
    assert run("compute", *SMALL, "-o", "levels.csv").exit_code == 0
    provenance = json.loads(Path("levels.csv.provenance.json").read_text(encoding="utf-8"))
    assert [file["name"] for file in provenance["input"]["files"]] == ["small.csv"]


def test_only_a_korean_csv_file_starts_with_a_mark(run: Runner) -> None:
    for lang, marked in (("ko", True), ("en", False)):
        run("compute", *SMALL, "-o", f"{lang}.csv", "--lang", lang)
        raw = Path(f"{lang}.csv").read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf") is marked
        assert b"\r" not in raw
        sidecar = Path(f"{lang}.csv.provenance.json").read_bytes()
        assert not sidecar.startswith(b"\xef\xbb\xbf")
        run("compute", *SMALL, "-o", f"{lang}.json", "--lang", lang)
        assert Path(f"{lang}.json").read_bytes().startswith(b"{")


def test_an_existing_file_is_replaced_only_with_force(run: Runner) -> None:
    for name in ("levels.json", "levels.csv", "levels.txt"):
        Path(name).write_text("mine", encoding="utf-8")
        done = run("compute", *SMALL, "-o", name)
        assert done.exit_code == 1
        assert done.err.startswith("DI-E078 ")
        assert Path(name).read_text(encoding="utf-8") == "mine"
        assert run("compute", *SMALL, "-o", name, "--force").exit_code == 0
        assert Path(name).read_text(encoding="utf-8") != "mine"


def test_the_survey_itself_is_never_replaced(run: Runner) -> None:
    survey = Path("survey.csv")
    survey.write_bytes((REFERENCE / "small.csv").read_bytes())
    before = survey.read_bytes()
    for output in ("survey.csv", "./survey.csv", str(survey.resolve())):
        done = run("compute", "survey.csv", *SMALL[1:], "-o", output, "--force")
        assert done.exit_code == 1
        assert done.err.startswith("DI-E171 ")
        assert survey.read_bytes() == before


# -- options ---------------------------------------------------------------------------------


def test_by_adds_domains_and_crosses_in_the_order_given(compute: Runner, plain: Done) -> None:
    cut = compute("--by", "area, region ,region*area")
    added = [key[:2] for key in cut.levels if key not in plain.levels]
    domains = list(dict.fromkeys(domain for domain, _ in added))
    assert domains == ["area", "region", "region*area"]
    assert {"U", "R"} == {category for domain, category in added if domain == "area"}
    for key, row in plain.levels.items():
        assert cut.levels[key]["level"] == pytest.approx(row["level"], rel=1e-12)


def test_a_domain_asked_for_twice_is_listed_once(compute: Runner) -> None:
    rows = json.loads(compute("--by", "area,area").out)["levels"]
    keys = [(row["domain"], row["category"], row["dimension"]) for row in rows]
    assert len(keys) == len(set(keys))


def test_group_selects_groups_and_cuts_them_by_domains(compute: Runner, plain: Done) -> None:
    done = compute("--group", "old,farmers", "--by", "area")
    cells = list(dict.fromkeys((domain, category) for domain, category, _ in done.levels))
    assert cells == [
        ("total", "total"),
        ("group", "old"),
        ("group", "farmers"),
        *(("group*area", f"{group}*{area}") for group in ("old", "farmers") for area in "UR"),
    ]
    for key in (("group", "old", "overall"), ("group", "farmers", "usage")):
        assert done.levels[key]["level"] == pytest.approx(plain.levels[key]["level"], rel=1e-12)


def test_where_is_a_domain_and_leaves_the_reference_alone(compute: Runner, plain: Done) -> None:
    done, before = compute("--where", "age >= 65").levels, plain.levels
    assert done["total", "total", "overall"] == before["total", "total", "overall"]
    inside, old = done["where", "age >= 65", "overall"], before["group", "old", "overall"]
    assert (inside["level"], inside["n"]) == (pytest.approx(old["level"]), old["n"])
    farmers = ("group", "farmers", "overall")
    assert done[farmers]["n"] < before[farmers]["n"]
    assert done[farmers]["level"] != before[farmers]["level"]


def test_confidence_widens_intervals_and_moves_nothing_else(compute: Runner, plain: Done) -> None:
    wide = compute("--confidence", "99")
    assert (plain.method["confidence"], wide.method["confidence"]) == (0.95, 0.99)
    for key, row in plain.levels.items():
        other = wide.levels[key]
        assert (row["level"], row["std_error"]) == (other["level"], other["std_error"])
        if row["std_error"]:
            assert other["conf_low"] < row["conf_low"] < row["conf_high"] < other["conf_high"]


def test_the_confidence_is_printed_in_the_heading(run: Runner) -> None:
    assert "90 % interval" in run("compute", *SMALL, "--confidence", "90").out
    assert "99.5% 신뢰구간" in run("compute", *SMALL, "--confidence", "99.5", "--lang", "ko").out


def test_formula_changes_the_overall_level_alone(compute: Runner, plain: Done) -> None:
    other = compute("--formula", "ratio_of_composites")
    assert plain.method["formula"] == "weighted_ratios"
    assert other.method["formula"] == "ratio_of_composites"
    changed = {
        key[2] for key, row in plain.levels.items() if row["level"] != other.levels[key]["level"]
    }
    assert changed == {"overall"}


def test_cases_changes_who_counts(compute: Runner, plain: Done) -> None:
    found = {name: compute("--cases", name) for name in ("complete", "answered")}
    found["available"] = plain
    assert {name: done.method["cases"] for name, done in found.items()} == {n: n for n in found}
    key = ("group", "rural", "access")
    available, complete = found["available"].levels[key], found["complete"].levels[key]
    assert complete["n"] < available["n"]
    assert complete["level"] != available["level"]
    assert "nonresponse_band" in json.loads(found["available"].out)["quality"]


def test_lonely_decides_what_a_single_psu_contributes(run: Runner) -> None:
    frame = small_frame()
    first = (frame["sample"] == "general") & (frame["stratum"] == 1)
    frame.loc[first, "psu"] = 1
    frame.to_csv("lonely.csv", index=False)
    base = ["compute", "lonely.csv", *SMALL[1:], "--format", "json", "--cases", "complete"]
    failed = run(*base)
    assert failed.exit_code == 1
    assert failed.err.startswith("DI-E057 ")
    rules = ("remove", "certainty", "adjust", "average")
    rows = {
        rule: run(*base, "--lonely", rule).levels["group", "rural", "overall"] for rule in rules
    }
    assert len({row["level"] for row in rows.values()}) == 1
    errors = {rule: row["std_error"] for rule, row in rows.items()}
    assert errors["remove"] == errors["certainty"] < min(errors["adjust"], errors["average"])


def test_verbose_says_what_was_read(run: Runner) -> None:
    done = run("compute", *SMALL, "-v")
    assert done.err.startswith("DI-I070 small.csv (CSV, utf-8): ")
    assert "DI-I073" in done.err


# -- schema and language ---------------------------------------------------------------------


@cache
def simulated() -> str:
    """Return a simulated survey, which says so; only the schema ``example`` fits it."""
    return str(simulate_survey("example", seed=5, n=1000).to_csv(index=False))


@pytest.fixture
def korean() -> list[str]:
    """The small survey with a schema that says it is Korean."""
    whole = (SCHEMAS / "small.yaml").read_text(encoding="utf-8")
    Path("korean.yaml").write_text(f"{whole}\nlanguage: ko\n", encoding="utf-8")
    return ["compute", SMALL[0], "--schema", "korean.yaml", "--cases", "complete"]


def test_without_a_schema_the_one_that_fits_is_used_and_named(run: Runner) -> None:
    Path("survey.csv").write_text(simulated(), encoding="utf-8")
    done = run("compute", "survey.csv", "--lang", "en", "--cases", "complete")
    assert done.exit_code == 0
    fitting, synthetic = done.err.splitlines()
    assert fitting.startswith("DI-I072 Used the schema example,")
    assert synthetic.startswith("DI-I069 ")
    assert text("note.synthetic", "en") in done.out
    named = run("compute", "survey.csv", "--schema", "example", "--format", "json")
    assert named.err.startswith("DI-I069 ")
    assert json.loads(named.out)["provenance"]["is_synthetic"] is True


def test_a_korean_survey_is_answered_in_korean_and_lang_decides(
    run: Runner, korean: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "일반국민" in run(*korean).out
    monkeypatch.setenv("DIVIDE_INDEX_LANG", "ko")
    assert "General public" in run(*korean, "--lang", "en").out


def test_the_environment_chooses_the_language_before_the_survey_does(
    run: Runner, korean: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIVIDE_INDEX_LANG", "ko")
    assert "일반국민" in run("compute", *SMALL).out
    monkeypatch.setenv("DIVIDE_INDEX_LANG", "en")
    assert "General public" in run(*korean).out


def test_an_error_of_a_korean_survey_is_in_korean(run: Runner, korean: list[str]) -> None:
    small_frame().replace({"area": {"U": "X"}}).to_csv("wrong.csv", index=False)
    done = run("compute", "wrong.csv", *korean[2:])
    assert done.exit_code == 1
    assert "허용하지 않은 값" in done.err


def test_lang_ko_prints_korean(run: Runner) -> None:
    done = run("compute", *SMALL, "--lang", "ko", "-v")
    for word in ("구분", "종합", "95% 신뢰구간", "표준오차", "사례수", "농어민"):
        assert word in done.out
    assert "자료" in done.err
    assert run("compute", "nothing.csv", "--lang", "ko").err.startswith(
        "DI-E101 nothing.csv: 파일이"
    )


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_language_changes_no_file_for_machines(compute: Runner, plain: Done, lang: str) -> None:
    assert compute("--lang", lang).out == plain.out


# -- simulate --------------------------------------------------------------------------------


def test_simulate_writes_a_survey_and_prints_the_same(run: Runner) -> None:
    made = ["simulate", "--seed", "5", "--n", "1000"]
    done = run(*made, "-o", "made.csv")
    assert (done.exit_code, done.out) == (0, "")
    assert done.err.startswith("DI-I071 ")
    assert Path("made.csv").read_text(encoding="utf-8") == simulated() == run(*made).out
    assert run(*made, "-o", "made.csv").err.startswith("DI-E078 ")


@pytest.mark.parametrize(
    "arguments", [("--n", "1"), ("--schema", "endutih-2021"), ("--schema", "nothing")]
)
def test_what_cannot_be_simulated_is_refused_in_one_line(
    run: Runner, arguments: tuple[str, str]
) -> None:
    done = run("simulate", "--seed", "1", *arguments)
    assert (done.exit_code, done.out) == (1, "")
    [said] = done.err.splitlines()
    assert said.startswith("DI-E")


# -- the machine around it -------------------------------------------------------------------


def test_a_result_does_not_depend_on_locale_clock_or_hash_seed() -> None:
    arguments = ["compute", *SMALL, "--by", "region,area", "--format", "json"]
    one = {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "1"}
    two = {"LC_ALL": "C.UTF-8", "TZ": "Asia/Seoul", "PYTHONHASHSEED": "4321", "COLUMNS": "200"}
    first, second = process(*arguments, env=one), process(*arguments, env=two)
    assert (first.returncode, first.stderr) == (0, b"")
    assert first.stdout == second.stdout


@pytest.mark.parametrize("arguments", [["compute", "--help"], []])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_words_are_printed_whatever_the_terminal_can_show(
    encoding: str, arguments: list[str]
) -> None:
    env = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "DIVIDE_INDEX_LANG": "ko"}
    done = process(*arguments, env=env)
    assert (done.returncode, done.stderr) == (0, b"")


def closed_early(*arguments: str) -> tuple[int, str]:
    """Run a process whose reader goes away at once; return its exit code and its words."""
    command = [sys.executable, "-m", "divide_index", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        words = running.stderr.read().decode()
        return running.wait(), words


def test_a_closed_pipe_ends_quietly() -> None:
    code, words = closed_early("compute", *SMALL, "--format", "json", "--by", "region")
    assert words == ""
    assert code == 0


def chunks(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # Linux says so when the other end is closed
            return
        if not chunk:
            return
        yield chunk


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_a_terminal_gets_colours() -> None:
    pty = import_module("pty")
    master, slave = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    env["TERM"] = "xterm-256color"
    command = [sys.executable, "-m", "divide_index", "compute", *SMALL]
    with subprocess.Popen(command, stdout=slave, stderr=subprocess.PIPE, env=env) as running:
        os.close(slave)
        shown = b"".join(chunks(master))
        assert running.wait() == 0
    os.close(master)
    assert b"\x1b[" in shown
    assert b"General public" in shown


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("no_color", ["1", None])
def test_colours_are_for_a_terminal_that_wants_them(
    monkeypatch: pytest.MonkeyPatch, no_color: str | None, *, is_terminal: bool
) -> None:
    if no_color is None:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    result = relative_levels(small_scores())
    assert ("\x1b[" in render(result, None, "en", to_terminal=True)) is (
        is_terminal and no_color is None
    )
    assert "\x1b[" not in render(result, None, "en", to_terminal=False)
