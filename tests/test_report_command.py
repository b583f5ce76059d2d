"""`divide-index report`: a PDF or a web page from a survey file, in one command."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from divide_index.cli import run
from divide_index.errors import DivideIndexError
from divide_index.publication.formatting import interval, rounded, signed
from divide_index.publication.report.pdf import provenance_in
from divide_index.simulate import simulate_survey
from tests.samples import REFERENCE, ROOT, SCHEMAS

pikepdf = pytest.importorskip("pikepdf")

BY = ("--by", "sex,province")


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated survey of a size at which some cells are suppressed."""
    path = tmp_path_factory.mktemp("report") / "survey.csv"
    simulate_survey("example", seed=2, n=1200).to_csv(path, index=False)
    return path


@pytest.fixture
def printing() -> None:
    """Whether PDFs can be made here: system libraries and a Korean font."""
    from divide_index.publication.report.pdf import check

    try:
        check("가")
    except DivideIndexError as error:
        pytest.skip(str(error))


def made(survey: Path, path: Path, *options: str) -> int:
    return run(["report", str(survey), "--schema", "example", *BY, *options, "-o", str(path)])


def test_a_web_page_is_one_file_in_the_language_asked(survey: Path, tmp_path: Path) -> None:
    for lang, title in (("ko", "요약"), ("en", "Summary")):
        path = tmp_path / f"{lang}.html"
        assert made(survey, path, "--lang", lang) == 0
        page = path.read_text("utf-8")
        assert f'<html lang="{lang}"' in page
        assert title in page
        assert not re.search(r"""(src|href)=["']https?:""", page)


@pytest.mark.usefixtures("printing")
def test_a_pdf_is_tagged_titled_and_in_its_language(survey: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    assert made(survey, path, "--lang", "ko") == 0
    with pikepdf.open(path) as pdf:
        assert str(pdf.Root.Lang) == "ko"
        assert pdf.Root.MarkInfo.Marked
        assert "예시 조사" in str(pdf.docinfo["/Title"])
        assert len(pdf.pages) > 10
        with pdf.open_outline() as outline:
            titles = [item.title for item in outline.root]
        elements = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and "/S" in o]
        figures = [o for o in elements if o.S == "/Figure"]
        heads = [o for o in elements if o.S == "/TH"]
    assert any("요약" in title for title in titles)
    assert any("정책목표" in title for title in titles)
    assert len(figures) >= 8
    assert all(len(str(figure.Alt)) > 20 for figure in figures)
    assert len(heads) > 100


@pytest.mark.once
@pytest.mark.usefixtures("printing")
def test_an_archived_report_holds_its_tables_and_the_levels(survey: Path, tmp_path: Path) -> None:
    path, levels = tmp_path / "report.pdf", tmp_path / "levels.json"
    assert made(survey, path, "--variant", "archive", "--lang", "en") == 0
    by = "sex,province,group*sex,group*province"
    assert run(["compute", str(survey), "--schema", "example", "--by", by, "-o", str(levels)]) == 0
    with pikepdf.open(path) as pdf:
        files = {name: file.get_file().read_bytes() for name, file in pdf.attachments.items()}
    assert {"levels.csv", "levels.json", "table-1.csv", "table-1-1.csv"} <= set(files)
    assert files["levels.json"] == levels.read_bytes()
    assert files["table-1.csv"].startswith(b"Category,Overall,Access,Capability,Usage")


@pytest.mark.once
@pytest.mark.usefixtures("printing")
def test_two_runs_give_the_same_bytes(survey: Path, tmp_path: Path) -> None:
    written: list[bytes] = []
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.pdf"
        options = ["--schema", "example", "--by", "sex", "--variant", "archive", "-o", str(path)]
        subprocess.run(
            [sys.executable, "-m", "divide_index", "report", str(survey), *options],
            check=True,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
            capture_output=True,
        )
        written.append(path.read_bytes())
    assert written[0] == written[1]


@pytest.mark.once
def test_why_groups_lag_is_told_on_demand(survey: Path, tmp_path: Path) -> None:
    plain, asked = tmp_path / "plain.html", tmp_path / "asked.html"
    assert made(survey, plain, "--lang", "en") == 0
    assert made(survey, asked, "--lang", "en", "--decompose") == 0
    told = "Why groups lag: gap decomposition"
    assert told not in plain.read_text("utf-8")
    page = asked.read_text("utf-8")
    assert told in page
    for title in ("Farmers and fishers: from 100 to its level", "Parts of the gap by factor and"):
        assert title in page
    assert page.index("The target, checked") < page.index(told)


@pytest.mark.once
def test_a_report_that_does_not_ask_why_loads_no_regressions(survey: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from divide_index.cli import run; code = run(sys.argv[1:]); "
        "print(code, *(name in sys.modules for name in ('statsmodels', 'formulaic')))"
    )
    given = ["report", str(survey), "--schema", "example", "--by", "sex"]
    loaded: list[str] = []
    for number, flag in enumerate(([], ["--decompose"])):
        options = [*given, *flag, "-o", str(tmp_path / f"{number}.html")]
        done = subprocess.run(
            [sys.executable, "-c", program, *options], check=True, capture_output=True, text=True
        )
        loaded.append(done.stdout.strip())
    assert loaded == ["0 False False", "0 False True"]  # distances need no library of regressions


def test_a_schema_without_factors_cannot_say_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    survey, schema = REFERENCE / "small.csv", SCHEMAS / "small.yaml"
    given = ["report", str(survey), "--schema", str(schema), "--decompose"]
    assert run([*given, "-o", str(tmp_path / "report.html")]) == 1
    assert "DI-E281" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


@pytest.mark.once
@pytest.mark.usefixtures("printing")
def test_an_archived_report_holds_why_groups_lag(survey: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    given = ["report", str(survey), "--schema", "example", "--by", "sex", "--lang", "en"]
    assert run([*given, "--decompose", "--variant", "archive", "-o", str(path)]) == 0
    with pikepdf.open(path) as pdf:
        files = {name: file.get_file().read_bytes() for name, file in pdf.attachments.items()}
    provenance = json.loads(provenance_in(path.read_bytes()) or "")
    rows = files["decomposition.csv"].decode().splitlines()
    assert rows[0].startswith("domain,category,dimension,part,factor,contribution,std_error")
    document = json.loads(files["decomposition.json"])
    assert len(document["decomposition"]) == len(rows) - 1
    assert provenance["decomposition"]["cells"] == ["province", "area"]
    assert provenance["decomposition"]["factor_sets"][0] == ["sex", "age", "household"]
    assert {"formulaic", "weasyprint"} <= set(provenance["versions"])
    assert [finding["code"] for finding in provenance["findings"]].count("DI-W260") == 2


def test_an_existing_file_is_kept_unless_forced(survey: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("mine")
    assert made(survey, path) == 1
    assert path.read_text() == "mine"
    assert made(survey, path, "--force") == 0
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_another_ending_is_refused_before_the_survey_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made(tmp_path / "none.csv", tmp_path / "report.docx") == 1
    assert "DI-E170" in capsys.readouterr().err


def test_a_schema_is_not_written_over(survey: Path, tmp_path: Path) -> None:
    schema = tmp_path / "mine.html"
    schema.write_bytes((ROOT / "survey_schemas" / "example.yaml").read_bytes())
    before = schema.read_bytes()
    given = ["report", str(survey), "--schema", str(schema), "-o", str(schema), "--force"]
    assert run(given) == 1
    assert schema.read_bytes() == before


def test_tables_are_attached_to_a_pdf_only(survey: Path, tmp_path: Path) -> None:
    assert made(survey, tmp_path / "report.html", "--variant", "archive") == 2
    assert [*tmp_path.iterdir()] == []


def test_a_file_without_an_ending_is_refused(survey: Path, tmp_path: Path) -> None:
    assert made(survey, tmp_path / "report") == 1
    assert [*tmp_path.iterdir()] == []


@pytest.mark.usefixtures("printing")
def test_a_date_that_is_none_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert made(tmp_path / "none.csv", tmp_path / "report.pdf") == 1
    assert capsys.readouterr().err.startswith("DI-E247")


@pytest.mark.usefixtures("printing")
def test_a_survey_that_cannot_be_read_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    survey = tmp_path / "survey.csv"
    survey.write_text("a,b\n1,2\n")
    assert made(survey, tmp_path / "report.pdf") == 1
    assert capsys.readouterr().err.startswith("DI-E")
    assert [path.name for path in tmp_path.iterdir()] == ["survey.csv"]


def test_without_disclosure_control_the_page_says_internal(survey: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert made(survey, path, "--disclosure", "off", "--lang", "en") == 0
    assert "INTERNAL" in path.read_text("utf-8")


@pytest.mark.once
def test_four_files_of_the_korean_survey_make_one_report(tmp_path: Path) -> None:
    names = {
        "general": "general",
        "farmers": "farmers",
        "disabled": "disabled",
        "low_income": "low_income",
    }
    sources = [
        word
        for name, file in names.items()
        for word in ("--source", f"{name}={REFERENCE / f'nia_{file}.csv'}")
    ]
    path = tmp_path / "report.html"
    assert run(["report", "--schema", "nia-2025", *sources, "-o", str(path)]) == 0
    page = path.read_text("utf-8")
    for word in (
        "취약계층 평균",
        "장애인",
        "고령층",
        "저소득층",
        "농어민",
        "공표값과의 대조",
    ):
        assert word in page


@pytest.mark.real_data
@pytest.mark.usefixtures("printing")
def test_brazil_has_a_report_in_english_in_one_command(shared: Path, tmp_path: Path) -> None:
    """Five regions, urban and rural, no target: TIC Domicílios 2016."""
    folder = shared / "data" / "tic_domicilios_2016"
    files = {"persons": "individuos.csv", "households": "domicilios.csv"}
    sources = [w for name, file in files.items() for w in ("--source", f"{name}={folder / file}")]
    for ending in ("html", "pdf"):
        path = tmp_path / f"report.{ending}"
        given = ["--schema", "tic-domicilios-2016", *sources, "--lang", "en"]
        assert run(["report", *given, "-o", str(path)]) == 0
    page = (tmp_path / "report.html").read_text("utf-8")
    for region in ("North (Norte)", "Northeast", "Southeast", "South (Sul)", "Central-West"):
        assert region in page
    assert "The target, checked" not in page
    assert "48.1" in page  # rural residents, as in R (tests/reference/tic_band.json)
    with pikepdf.open(tmp_path / "report.pdf") as pdf:
        assert str(pdf.Root.Lang) == "en"


@pytest.mark.once
@pytest.mark.real_data
def test_brazil_is_told_why_rural_people_and_regions_lag(shared: Path, tmp_path: Path) -> None:
    """The page prints the parts of `divide-index decompose`, which has its own suppression."""
    folder = shared / "data" / "tic_domicilios_2016"
    files = {"persons": "individuos.csv", "households": "domicilios.csv"}
    sources = [w for name, file in files.items() for w in ("--source", f"{name}={folder / file}")]
    given = ["--schema", "tic-domicilios-2016", *sources, "--lang", "en"]
    report, parts = tmp_path / "report.html", tmp_path / "parts.json"
    assert run(["report", *given, "--decompose", "-o", str(report)]) == 0
    assert run(["decompose", *given, "--by", "region", "-o", str(parts)]) == 0
    page = report.read_text("utf-8").replace("\N{MINUS SIGN}", "-")
    words = " ".join(re.sub(r"<[^>]+>", "", page).split())
    assert "Rural residents: parts by factor and dimension" in words
    rows = [
        row
        for row in json.loads(parts.read_text("utf-8"))["decomposition"]
        if row["dimension"] == "overall"
    ]
    assert {row["domain"] for row in rows} == {"group", "region"}
    for row in rows:
        points, ends = signed(row["contribution"]), interval(row["conf_low"], row["conf_high"])
        margin = rounded(row["conf_high"] - row["contribution"])
        assert f"{points} ({ends})" in words or f"{points}±{margin}" in words
