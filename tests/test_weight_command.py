"""`divide-index weight` prints what became of weights, writes them, and refuses nonsense."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.cells import cell_len

from divide_index.cli import run
from divide_index.errors import EstimationError
from divide_index.messages import Language
from divide_index.publication.figures import plot
from divide_index.survey import read_survey
from divide_index.weighting import rake, trim, weight_diagnostics
from tests.samples import SCHEMAS, small_frame, small_schema

pytestmark = pytest.mark.once  # words and layout of our own

SCHEMA = ["--schema", str(SCHEMAS / "small.yaml")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the small survey and totals of both its samples."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    small_frame().to_csv("survey.csv", index=False)
    known().to_csv("totals.csv", index=False)
    return tmp_path


def known() -> pd.DataFrame:
    """Return totals of area and region, 10 % above those of the weights in the country."""
    frame = small_frame()
    weight = frame["weight"] * np.where(frame["area"] == "R", 1.1, 1.0)
    parts = [
        weight.groupby([frame["sample"], frame[name]])
        .sum()
        .rename_axis(["sample", "category"])
        .reset_index(name="total")
        .assign(variable=name)
        for name in ("area", "region")
    ]
    return pd.concat(parts)


def ran(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> tuple[str, str]:
    assert run([*arguments, "--lang", "en"]) == code
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return told.out, told.err


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.usefixtures("folder")
def test_the_tables_fit_the_page_and_hold_the_numbers_of_the_api(
    lang: Language, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["weight", "survey.csv", *SCHEMA, "--margins", "totals.csv", "--trim", "0.3,2.5"]
    assert run([*command, "--lang", lang]) == 0
    page = capsys.readouterr().out
    assert max(cell_len(line) for line in page.splitlines()) <= 80
    survey = rake(read_survey("survey.csv", small_schema()), "totals.csv")
    found = weight_diagnostics(trim(survey, lower=0.3, upper=2.5, times="median", recalibrate=True))
    for row in found.stages.to_dict("records"):
        assert f"{row['effective_n']:,.0f}" in page
        assert f"{row['design_effect']:.3f}" in page
    for row in found.totals.to_dict("records"):
        assert f"{row['wanted']:,.0f}" in page
    assert "\N{REPLACEMENT CHARACTER}" not in page


@pytest.mark.usefixtures("folder")
def test_json_holds_the_frames_of_the_api(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["weight", "survey.csv", *SCHEMA, "--margins", "totals.csv", "--format", "json"]
    out, _ = ran(command, capsys)
    page = json.loads(out)
    found = weight_diagnostics(rake(read_survey("survey.csv", small_schema()), "totals.csv"))
    for name in ("stages", "totals", "ratios", "largest", "convergence"):
        made = pd.DataFrame(page["weights"][name])
        wanted: pd.DataFrame = getattr(found, name)
        assert [*made.columns] == [*wanted.columns]
        for column in wanted.columns:
            one, other = made[column].tolist(), wanted[column].tolist()
            assert pd.Series(one, dtype=object).fillna(0).tolist() == pytest.approx(
                pd.Series(other, dtype=object).fillna(0).tolist()
            )
    assert page["provenance"]["input"]["records"] == len(small_frame())


def test_weight_then_compute_knows_what_the_totals_made_certain(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["weight", "survey.csv", *SCHEMA, "--margins", "totals.csv", "-o", "weighted.csv"]
    _, told = ran(command, capsys)
    assert told.count("DI-I071") == 2
    out, _ = ran(["compute", "weighted.csv", *SCHEMA, "--format", "json"], capsys)
    page = json.loads(out)
    [step] = page["provenance"]["design"]["weighting"]
    assert step["kind"] == "raking"
    assert [each["sample"] for each in step["samples"]] == ["general", "farmers"]
    assert step["samples"][0]["margins"] == ["area", "region"]
    table, _ = ran(["compute", "weighted.csv", *SCHEMA], capsys)
    assert "Known totals that the weights reach" in " ".join(table.split())
    (folder / "weighted.csv.design.json").unlink()
    alone, told = ran(["compute", "weighted.csv", *SCHEMA, "--format", "json"], capsys)
    assert "DI-W415" in told
    errors = [
        {
            row["category"]: row["std_error"]
            for row in each["levels"]
            if row["dimension"] == "access"
        }
        for each in (page, json.loads(alone))
    ]
    assert errors[0]["rural"] != pytest.approx(errors[1]["rural"], rel=1e-3)


@pytest.mark.usefixtures("folder")
def test_a_template_is_filled_in_and_read(capsys: pytest.CaptureFixture[str]) -> None:
    ran(["weight", "--template", "t.xlsx", *SCHEMA, "--by", "area"], capsys)
    sheets = pd.read_excel("t.xlsx", sheet_name=None, dtype=object, engine="openpyxl")
    totals = known()
    with pd.ExcelWriter("t.xlsx") as writer:
        first = list(sheets.items())[1:]  # the first is the guide
        for (name, sheet), sample in zip(first, ("general", "farmers"), strict=True):
            part = totals[(totals["sample"] == sample) & (totals["variable"] == "area")]
            codes = dict(zip(part["category"].astype(str), part["total"], strict=True))
            filled = sheet.copy()
            filled.iloc[:, 3] = [codes.get(str(code)) for code in sheet.iloc[:, 1]]
            filled.to_excel(writer, sheet_name=name, index=False)
    out, _ = ran(["weight", "survey.csv", *SCHEMA, "--margins", "t.xlsx"], capsys)
    assert "Raking" in out


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture_is_the_same_each_time(
    folder: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    made: list[bytes] = []
    for name in ("a", "b"):
        command = ["weight", "survey.csv", *SCHEMA, "--margins", "totals.csv"]
        ran([*command, "--picture", f"{name}.{ending}"], capsys)
        made.append((folder / f"{name}.{ending}").read_bytes())
    assert made[0] == made[1]
    assert made[0].startswith(b"\x89PNG" if ending == "png" else b"<?xml")


@pytest.mark.parametrize("kind", ["weights", "ratios", "totals", "convergence"])
def test_every_panel_is_drawn_and_others_are_refused(kind: Any) -> None:  # noqa: ANN401
    from matplotlib import pyplot as plt

    survey = read_survey(small_frame(), small_schema())
    known_ = io.StringIO(known().to_csv(index=False))
    found = weight_diagnostics(rake(survey, pd.read_csv(known_)))
    axes = plot(found, kind=kind, category="farmers", lang="en")
    assert axes.get_title(loc="left")
    assert axes.get_xlabel()
    for wrong in ({"kind": "pie"}, {"category": "nobody"}):
        with pytest.raises(EstimationError, match="DI-E258"):
            plot(found, **wrong)  # pyright: ignore[reportArgumentType, reportCallIssue]
    plt.close("all")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "nothing else changes a weight"),
        (["--nonresponse", "classes"], 2, "--nonresponse-by"),
        (["--trim", "0.3,2", "--bounds", "0.5,2"], 2, "--bounds"),
        (["--trim", "2"], 2, "LOW,HIGH"),
        (["--trim", "3,2"], 2, "LOW,HIGH"),
        (["--margins", "totals.csv", "--total", "many"], 2, "many"),
        (["--margins", "nowhere.csv"], 1, "nowhere.csv"),
        (["--margins", "totals.csv", "-o", "survey.csv", "--force"], 1, "DI-E171"),
        (["--margins", "totals.csv", "-o", "totals.csv", "--force"], 1, "DI-E171"),
        (["--margins", "totals.csv", "-o", "weighted.xlsx"], 1, "DI-E170"),
        (["--margins", "totals.csv", "--picture", "p.pdf"], 1, "DI-E170"),
        (["--margins", "totals.csv", "--method", "logit"], 2, "needs both ends of --bounds"),
        (["--margins", "totals.csv", "--method", "logit", "--bounds", ",3"], 2, "both ends"),
        (["--margins", "totals.csv", "--method", "logit", "--bounds", "2,3"], 1, "DI-E325"),
        (["--margins", "totals.csv", "--bounds", ","], 2, "one end may be left out"),
        (["--margins", "totals.csv", "--bounds", "nan,1"], 2, "nan,1 is not LOW,HIGH"),
        (["--trim", "-1,2"], 1, "DI-E454"),
        (["--margins", "totals.csv", "-o", "w", "--picture", "w"], 2, "w cannot be both"),
        (["--margins", "totals.csv", "--bounds", "0.99,1.01"], 1, "DI-E326"),
        (["--margins", "totals.csv", "-o", "w.csv", "--replicates", "9"], 1, "DI-E401"),
        (["--nonresponse", "classes", "--nonresponse-by", "area"], 1, "DI-E441"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line_and_nothing_is_written(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    _, told = ran(["weight", "survey.csv", *SCHEMA, *arguments], capsys, code)
    assert words in " ".join(told.split())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.usefixtures("folder")
def test_a_template_without_a_schema_and_margins_named_twice_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, told = ran(["weight", "--template", "t.xlsx"], capsys, 2)
    assert "--schema" in told
    twice = ["--margins", "general=totals.csv", "--margins", "general=totals.csv"]
    _, told = ran(["weight", "survey.csv", *SCHEMA, *twice], capsys, 2)
    assert "general" in told


def test_replicates_are_written_and_computed_with(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    totals = known()
    totals[totals["variable"] == "area"].to_csv("area.csv", index=False)
    command = ["weight", "survey.csv", *SCHEMA, "--margins", "area.csv", "-o", "weighted.csv"]
    ran([*command, "--replicates", "30", "--seed", "2"], capsys)
    assert "replicate_30" in pd.read_csv("weighted.csv").columns
    pages: list[dict[str, Any]] = []
    for options in (["supplied"], ["bootstrap", "--replicates", "30", "--seed", "2"]):
        compute = ["compute", "weighted.csv", *SCHEMA, "--format", "json", "--variance", *options]
        pages.append(json.loads(ran(compute, capsys)[0]))
    errors = [[row["std_error"] for row in page["levels"]] for page in pages]
    kept = [k for k, each in enumerate(errors[0]) if each is not None]
    assert [errors[0][k] for k in kept] == pytest.approx([errors[1][k] for k in kept])
    said = pages[1]["provenance"]["method"]
    assert (said["variance"], said["replicates"], said["seed"]) == ("bootstrap", 30, 2)
    assert pages[0]["provenance"]["method"]["variance"] == "supplied"
    table, _ = ran(
        ["compute", "weighted.csv", *SCHEMA, "--variance", "bootstrap", "--seed", "2"], capsys
    )
    assert "Rao-Wu bootstrap (1,000 replicates, seed 2" in " ".join(table.split())


def test_a_long_run_tells_a_terminal_how_much_is_done(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    totals = known()
    totals[totals["variable"] == "area"].to_csv("area.csv", index=False)
    ran(["weight", "survey.csv", *SCHEMA, "--margins", "area.csv", "-o", "weighted.csv"], capsys)
    compute = ["compute", "weighted.csv", *SCHEMA, "--variance", "bootstrap", "--replicates", "20"]
    _, told = ran([*compute, "--seed", "1"], capsys)
    assert "%" not in told
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    _, told = ran([*compute, "--seed", "1"], capsys)
    assert "\r  5 %" in told
    assert told.rstrip("\n").endswith("\r     \r")


IDLE = (
    *(
        (["--total", given], f"{given}: one whole number without marks for thousands")
        for given in ("158,225", "158,158", "158.225", "158_225", "general=158,158", "=5", "")
    ),
    (["--total", "general=5,general=5"], "NAME=NUMBER"),
    (["--total", "general=5,general=6"], "NAME=NUMBER"),
    (["--total", "general=5,6"], "NAME=NUMBER"),
    (["--replicates", "50"], "--replicates changes nothing without -o"),
    (["--seed", "3"], "--seed changes nothing without --replicates"),
    (["--respondents", "age > 30"], "--respondents changes nothing without --nonresponse"),
    (["--nonresponse-by", "area"], "--nonresponse-by changes nothing without --nonresponse"),
    (["--nonresponse", "classes"], "--nonresponse changes nothing without --nonresponse-by"),
    (["--trim-times", "mean"], "--trim-times changes nothing without --trim"),
    (["--no-recalibrate"], "--no-recalibrate changes nothing without --trim"),
    (["--trim", "nan,nan"], "nan,nan is not LOW,HIGH"),
    (["--margins", "survey.csv"], "totals.csv: of several files each needs the name"),
    (["--margins", "general=survey.csv"], "totals.csv: of several files each needs the name"),
    (["--replicates", "2000000000"], "is not in the range"),
    (["--template", "x.xlsx"], "--template only writes a workbook"),
)


@pytest.mark.parametrize(("options", "words"), IDLE)
def test_an_option_that_would_change_nothing_is_refused(
    options: list[str], words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told = ran(["weight", "survey.csv", *SCHEMA, "--margins", "totals.csv", *options], capsys, 2)
    assert words in " ".join(told.split())
    assert sorted(path.name for path in folder.iterdir()) == ["survey.csv", "totals.csv"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("option", "needed"),
    [
        *dict.fromkeys(
            ("--bounds=0.5,2", "--total=5", "--shares", "--keep-others", "--method=raking"),
            "--margins:",
        ).items(),
        ("--by=area", "--margins | --template:"),
    ],
)
def test_options_of_a_calibration_need_margins(
    option: str, needed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told = ran(["weight", "survey.csv", *SCHEMA, "--trim", "0.5,2", option], capsys, 2)
    assert f"changes nothing without {needed}" in " ".join(told.split())


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        ("taylor", ["--seed", "3"], "Only --variance bootstrap has --seed"),
        ("taylor", ["--fay", "0.3"], "Only --variance brr has --fay"),
        ("jackknife", ["--replicates", "9"], "Only --variance bootstrap has --replicates"),
        ("brr", ["--fay", "0.3", "--seed", "3"], "Only --variance bootstrap has --seed"),
        ("supplied", ["--fay", "0.3"], "Only --variance brr has --fay"),
        ("bootstrap", ["--seed", "3", "--fay", "0.3"], "Only --variance brr has --fay"),
        ("bootstrap", ["--seed", "3", "--replicates", "2000000000"], "is not in the range"),
    ],
)
def test_compute_refuses_options_that_its_variance_does_not_have(
    method: str, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compute", "survey.csv", *SCHEMA, "--variance", method, *options]
    _, told = ran(command, capsys, 2)
    assert words in " ".join(told.split())


def test_shares_of_several_samples_reach_the_total_of_each(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["weight", "survey.csv", *SCHEMA, "--margins", "area.csv", "--shares"]
    shares = known().query("variable == 'area'")
    shares["total"] /= shares.groupby("sample")["total"].transform("sum")
    shares.to_csv("area.csv", index=False)
    ran([*command, "--total", "general=158225, farmers=7000", "-o", "weighted.csv"], capsys)
    weights = pd.read_csv(folder / "weighted.csv").groupby("sample")["weight"].sum()
    assert weights.to_dict() == pytest.approx({"general": 158225, "farmers": 7000})


@pytest.mark.usefixtures("folder")
def test_a_total_must_say_of_which_sample_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["weight", "survey.csv", *SCHEMA, "--margins", "totals.csv", "--total", "90000"]
    _, told = ran(command, capsys, 1)
    assert "DI-E456" in told
    assert "--total NAME=N,NAME=N" in told


def test_trimming_a_weighted_file_reaches_its_totals_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(["weight", "survey.csv", *SCHEMA, "--margins", "totals.csv", "-o", "one.csv"], capsys)
    _, told = ran(["weight", "one.csv", *SCHEMA, "--trim", "0.5,1.8", "-o", "two.csv"], capsys)
    assert "DI-W418" not in told
    weights = pd.read_csv(folder / "two.csv")
    for (sample, area), total in (
        known().query("variable == 'area'").groupby(["sample", "category"])
    ):
        inside = (weights["sample"] == sample) & (weights["area"] == area)
        assert weights.loc[inside, "weight"].sum() == pytest.approx(float(total["total"].sum()))
    _, told = ran(["weight", "one.csv", *SCHEMA, "--trim", "0.5,1.8", "--no-recalibrate"], capsys)
    assert "DI-W418" in told
