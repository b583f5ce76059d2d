"""What the command line writes obeys disclosure control: table, CSV, JSON, provenance."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from divide_index.cli import run
from divide_index.simulate import simulate_survey

CUT = ("--by", "province*area")


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A survey so small that cells of a province and area have few respondents."""
    path = tmp_path_factory.mktemp("small") / "survey.csv"
    simulate_survey("example", seed=2, n=1200).to_csv(path, index=False)
    return path


def written(survey: Path, folder: Path, name: str, *options: str) -> str:
    """Return what `compute` writes to a file."""
    path = folder / name
    given = ["--schema", "example", *CUT, "--lang", "en", *options]
    assert run(["compute", str(survey), *given, "-o", str(path)]) == 0
    return path.read_text(encoding="utf-8-sig")


def rows_of(document: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the levels of a JSON document by cell and dimension."""
    rows = json.loads(document)["levels"]
    return {(row["domain"], row["category"], row["dimension"]): row for row in rows}


def test_a_suppressed_row_has_no_number_in_any_file(survey: Path, tmp_path: Path) -> None:
    whole = rows_of(written(survey, tmp_path, "off.json", "--disclosure", "off"))
    document = written(survey, tmp_path, "report.json")
    shown = rows_of(document)
    hidden = [key for key, row in shown.items() if row["flag"] == "suppressed"]
    assert {key for key, row in whole.items() if 0 < row["n"] < 10} <= {*hidden}
    assert hidden
    numbers = ("n", "psus", "level", "std_error", "conf_low", "conf_high", "df", "target_gap")
    for key in hidden:
        assert all(shown[key][name] is None for name in numbers)
    for part in ("precision", "nonresponse_band"):
        for row in json.loads(document)["quality"][part]:
            if (row["domain"], row["category"], row["dimension"]) in hidden:
                kept = {name for name, value in row.items() if isinstance(value, int | float)}
                assert kept == set()
    text = written(survey, tmp_path, "report.csv")
    table = {
        (r["domain"], r["category"], r["dimension"]): r for r in csv.DictReader(io.StringIO(text))
    }
    assert all(table[key][name] == "" for key in hidden for name in numbers)


def test_a_row_that_is_printed_keeps_its_numbers(survey: Path, tmp_path: Path) -> None:
    whole = rows_of(written(survey, tmp_path, "off.json", "--disclosure", "off"))
    shown = rows_of(written(survey, tmp_path, "report.json"))
    printed = [key for key, row in shown.items() if row["flag"] != "suppressed"]
    assert ("group", "farmers", "overall") in printed
    for key in printed:
        assert {**shown[key], "flag": ""} == whole[key]


def test_no_number_of_records_gives_a_suppressed_sample_back(survey: Path, tmp_path: Path) -> None:
    provenance = json.loads(written(survey, tmp_path, "report.json"))["provenance"]
    assert provenance["input"]["records"] is None
    assert [file["records"] for file in provenance["input"]["files"]] == [None]
    assert provenance["disclosure"]["rule"]["threshold"] == 10
    assert provenance["disclosure"]["primary"] > 0
    whole = json.loads(written(survey, tmp_path, "off.json", "--disclosure", "off"))["provenance"]
    assert (whole["input"]["records"], whole["disclosure"]) == (1200, "off")


def test_the_table_prints_x_and_says_why(survey: Path, tmp_path: Path) -> None:
    page = written(survey, tmp_path, "report.txt")
    cells = [line.split()[-5:] for line in page.splitlines()]
    assert ["x", "x", "x", "x", "x"] in cells
    assert "x suppressed" in page
    assert "Disclosure control: cells of fewer than 10 respondents" in " ".join(page.split())
    assert "INTERNAL" not in page


def test_without_disclosure_control_a_page_is_internal(survey: Path, tmp_path: Path) -> None:
    page = written(survey, tmp_path, "off.txt", "--disclosure", "off")
    assert "INTERNAL" in page
    assert " x " not in page
