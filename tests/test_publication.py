"""Numbers are printed as statistics print them, and files say no more than their contract."""

import csv
import getpass
import io
import json
import math
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from divide_index.cli.console import render
from divide_index.levels import LevelResult, NonresponseBand, nonresponse_band, relative_levels
from divide_index.messages import LANGUAGES, Language, text
from divide_index.publication.files import levels_as_csv, levels_as_json, provenance_as_json
from divide_index.publication.formatting import counted, interval, rounded, signed
from divide_index.publication.tables import Table, level_notes, level_tables
from divide_index.schema import SurveySchema, Text
from divide_index.schema.parts import Domain
from divide_index.scoring import Scores, score
from divide_index.simulate import simulate_survey
from divide_index.survey import read_survey
from tests.samples import small_frame, small_schema, small_scores

LEVELS = [
    *("domain", "category", "dimension", "n", "psus", "level", "std_error"),
    *("conf_low", "conf_high", "df", "target_gap", "flag"),
]
NAN = float("nan")
BOTH = pytest.mark.parametrize("lang", LANGUAGES)


@cache
def small(*by: str) -> LevelResult:
    return relative_levels(small_scores(), by)


@cache
def band() -> NonresponseBand:
    return nonresponse_band(small())


@cache
def sparse() -> LevelResult:
    """Return levels by region where nobody lives in 2, and all of 4 in one enumeration area."""
    frame = small_frame()
    one = frame[frame["sample"] == "general"][["stratum", "psu"]].iloc[0]
    inside = (frame["sample"] == "general") & (frame[["stratum", "psu"]] == one).all(axis=1)
    frame["region"] = frame["region"].replace({2: 1, 4: 3})
    frame.loc[inside, "region"] = 4
    return relative_levels(small_scores(frame=frame), "region")


@cache
def example() -> Scores:
    frame = simulate_survey("example", seed=3, n=1000)
    return score(read_survey(frame, "example"))


def document(result: LevelResult, with_band: NonresponseBand | None = None) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    return json.loads(levels_as_json(result, with_band), parse_constant=refuse)


def cells(result: LevelResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(levels_as_csv(result), newline="")))


# -- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (2.675, 1, "2.7"),
        (2.675, 2, "2.68"),  # half up on what a person sees, not on the binary fraction
        (0.05, 1, "0.1"),
        (0.15, 1, "0.2"),
        (0.25, 1, "0.3"),
        (80.65, 1, "80.7"),
        (0.5, 0, "1"),
        (2.5, 0, "3"),
        (-0.05, 1, "-0.1"),
        (-0.04, 1, "0.0"),
        (-0.0, 1, "0.0"),
        (0.04999999999999999, 1, "0.0"),
        (100.0, 1, "100.0"),
        (1e-17, 1, "0.0"),
        (1234.5, 1, "1234.5"),
        (NAN, 1, "…"),
    ],
)
def test_a_number_is_rounded_half_up(value: float, decimals: int, shown: str) -> None:
    assert rounded(value, decimals) == shown
    assert rounded(np.float64(value), decimals) == shown


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_rounding_is_that_of_decimals_and_has_no_negative_zero(value: float, n: int) -> None:
    shown = rounded(value, n)
    wanted = Decimal(repr(value)).quantize(Decimal(1).scaleb(-n), rounding=ROUND_HALF_UP)
    assert Decimal(shown) == wanted
    assert not (shown.startswith("-") and Decimal(shown) == 0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(2.44, "+2.4"), (-2.45, "-2.5"), (0.04, "0.0"), (-0.04, "0.0"), (0.05, "+0.1"), (NAN, "…")],
)
def test_a_difference_has_its_sign_and_zero_has_none(value: float, shown: str) -> None:
    assert signed(value) == shown


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (79.15, 82.04, "79.2~82.0"),
        (-1.05, 3.0, "-1.1~3.0"),
        (NAN, 82.0, "…"),
        (79.2, NAN, "…"),
    ],
)
def test_an_interval_is_written_with_a_wave(low: float, high: float, shown: str) -> None:
    assert interval(low, high) == shown


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (999, "999"), (15_000, "15,000")])
def test_a_count_has_its_thousands_separated(value: int, shown: str) -> None:
    assert counted(value) == shown


# -- JSON ------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", [small, sparse])
def test_json_holds_the_contracts_columns_in_order_and_no_nan(result: Any) -> None:  # noqa: ANN401
    whole = document(result(), nonresponse_band(result()))
    assert [*whole] == ["provenance", "levels", "quality"]
    assert all([*row] == LEVELS for row in whole["levels"])
    assert [*whole["quality"]] == ["precision", "nonresponse_band"]
    assert "nonresponse_band" not in document(result())["quality"]
    first = whole["levels"][3]
    assert (first["domain"], first["category"], first["dimension"]) == ("total", "total", "overall")
    assert first["level"] == 100


def test_json_has_a_column_for_each_crossed_variable_beside_the_category() -> None:
    rows = document(small("region*area"))["levels"]
    assert all([*row] == [*LEVELS[:2], "region", "area", *LEVELS[2:]] for row in rows)
    assert (rows[-1]["category"], rows[-1]["region"], rows[-1]["area"]) == ("4*R", "4", "R")
    assert (rows[0]["region"], rows[0]["area"]) == ("", "")


def test_json_is_unrounded_and_undefined_is_null() -> None:
    rows = {(row["category"], row["dimension"]): row for row in document(sparse())["levels"]}
    frame = sparse().to_frame()
    level = frame[(frame["category"] == "1") & (frame["dimension"] == "usage")]["level"].item()
    assert rows["1", "usage"]["level"] == level
    empty = rows["2", "overall"]
    assert (empty["n"], empty["psus"], empty["df"], empty["flag"]) == (0, 0, 0, "")
    for name in ("level", "std_error", "conf_low", "conf_high", "target_gap"):
        assert empty[name] is None
    alone = rows["4", "overall"]
    assert alone["n"] > 0
    assert alone["level"] is not None
    assert (alone["std_error"], alone["conf_low"], alone["df"]) == (None, None, 0)


def test_json_is_text_a_person_can_read() -> None:
    shown = levels_as_json(small(), band())
    assert "일반국민" in shown
    assert shown.endswith("}\n")


# -- CSV -------------------------------------------------------------------------------------


def test_csv_has_the_contracts_columns_and_empty_cells() -> None:
    rows = cells(sparse())
    assert [*rows[0]] == LEVELS
    assert {row["category"]: row for row in rows}["2"]["level"] == ""
    assert [*cells(small("region*area"))[0]] == [*LEVELS[:2], "region", "area", *LEVELS[2:]]


def test_csv_and_json_hold_the_same_levels() -> None:
    for row, other in zip(cells(small()), document(small())["levels"], strict=True):
        for name, value in other.items():
            if isinstance(value, str):
                assert row[name] == value
            else:
                assert (float(row[name]) if row[name] else None) == value


NAMES = ["=1+1", '=HYPERLINK("http://x","y")', "+1 day", "-x", "@SUM(A1)", "\tx", "plain"]


def called(*names: str) -> LevelResult:
    """Return levels by categories of these names."""
    bands = {name: (10.0 * i, 10.0 * i + 9) for i, name in enumerate(names)}
    domain = Domain(label=Text(ko="a", en="a"), variable="age", bands=bands)  # pyright: ignore[reportArgumentType]
    schema = small_schema().model_copy(update={"domains": {"age_group": domain}})
    return relative_levels(small_scores(schema), "age_group")


def test_no_text_of_a_csv_file_is_a_formula() -> None:
    rows = cells(called(*NAMES))
    written = list(dict.fromkeys(row["category"] for row in rows if row["domain"] == "age_group"))
    assert written == [name if name == "plain" else f"'{name}" for name in NAMES]
    for row in rows:
        assert not any(
            row[name].startswith(("=", "+", "-", "@", "\t", "\r")) for name in LEVELS[:3]
        )
    gaps = [row["target_gap"] for row in rows if row["target_gap"]]
    assert gaps
    assert all(gap == str(float(gap)) for gap in gaps)  # a negative number stays one


def test_a_carriage_return_in_a_text_breaks_no_record_of_a_csv_file() -> None:
    categories = [row["category"] for row in cells(called("\r=1+1", "a\rb"))]
    assert categories[-8:] == ["'\r=1+1"] * 4 + ["a\rb"] * 4


# -- provenance ------------------------------------------------------------------------------


def every_text(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield str(key)
            yield from every_text(value)
    elif isinstance(part, list):
        for value in part:
            yield from every_text(value)
    elif isinstance(part, str):
        yield part


def of_file(folder: Path) -> LevelResult:
    folder.mkdir()
    file = folder / "small.csv"
    small_frame().to_csv(file, index=False)
    return relative_levels(score(read_survey(file, small_schema())))


def test_provenance_holds_no_path_host_user_or_clock(tmp_path: Path) -> None:
    result = of_file(tmp_path / "here")
    provenance = document(result)["provenance"]
    words = set(every_text(provenance))
    assert words.isdisjoint({socket.gethostname(), getpass.getuser()})
    assert [file["name"] for file in provenance["input"]["files"]] == ["small.csv"]
    for word in words:
        assert not Path(word).is_absolute()
        assert str(tmp_path) not in word
        assert str(Path.home()) not in word
        assert not re.search(r"\d{4}-\d{2}-\d{2}[T ]|\d{2}:\d{2}", word)
    assert levels_as_json(of_file(tmp_path / "there"), None) == levels_as_json(result, None)


def test_provenance_tells_what_can_be_recomputed(tmp_path: Path) -> None:
    provenance = document(of_file(tmp_path / "here"))["provenance"]
    (file,) = provenance["input"]["files"]
    assert len(file["sha256"]) == len(provenance["schema"]["sha256"]) == 64
    assert provenance["input"]["records"] == file["records"] == len(small_frame())
    assert (file["source"], file["kind"], file["encoding"]) == (None, "CSV", "utf-8")
    assert provenance["is_synthetic"] is False
    assert provenance["method"]["weights"] == {"access": 0.2, "capability": 0.4, "usage": 0.4}
    assert provenance["method"]["confidence"] == 0.95
    assert provenance["design"]["kind"] == "stratified clusters"
    assert {"python", "numpy", "pandas", "scipy", "narwhals", "pydantic"} <= {
        *provenance["versions"]
    }


def test_provenance_counts_the_findings() -> None:
    frame = small_frame()
    frame["weight"] = frame["weight"].where(frame.index % 50 != 0, 0.0)
    provenance = document(relative_levels(small_scores(frame=frame)))["provenance"]
    found = {finding["code"]: finding for finding in provenance["findings"]}
    assert found["DI-W051"]["count"] == math.ceil(len(frame) / 50)
    assert found["DI-W051"]["column"] == "weight"


def test_provenance_lists_every_assumption_with_its_alternatives() -> None:
    schema = example().survey.schema
    listed = document(relative_levels(example()))["provenance"]["schema"]["assumptions"]
    assert [each["element"] for each in listed] == [path for path, _ in schema.assumptions()]
    assert all(each["source"] and each["alternatives"] for each in listed)


def test_the_sidecar_of_a_csv_file_is_the_provenance_of_the_json() -> None:
    assert json.loads(provenance_as_json(small())) == document(small())["provenance"]


# -- tables ----------------------------------------------------------------------------------


def row_of(table: Table, label: str) -> tuple[str, ...]:
    [row] = [row for row in table.rows if row[0] == label]
    return row


@BOTH
def test_the_reference_is_100_without_an_interval(lang: Language) -> None:
    overall, dimensions = level_tables(small(), lang)
    label = {"ko": "일반국민", "en": "General public"}[lang]
    n = counted(int(small().n[small().row("total", "total")]))
    assert row_of(overall, label) == (label, "100.0", "-", "-", "-", n)
    assert row_of(dimensions, label) == (label, "100.0", "100.0", "100.0")


@BOTH
def test_a_row_is_rounded_from_the_result(lang: Language) -> None:
    overall, dimensions = level_tables(small(), lang)
    label = {"ko": "농어민", "en": "Farmers"}[lang]
    index = small().row("group", "farmers")
    level, low, high = (
        float(part[index])
        for part in (small().estimate.values, small().conf_low, small().conf_high)
    )
    assert row_of(overall, label) == (
        label,
        rounded(level),
        f"{rounded(low)}~{rounded(high)}",
        rounded(float(small().std_errors[index])),
        signed(level - 83),
        str(small().n[index]),
    )
    assert re.fullmatch(r"\d+\.\d \(\d+\.\d~\d+\.\d\)", row_of(dimensions, label)[1])


@BOTH
def test_without_a_degree_of_freedom_dots_are_printed_and_without_members_a_dash(
    lang: Language,
) -> None:
    overall, dimensions = level_tables(sparse(), lang)
    alone, nobody = row_of(overall, "4"), row_of(overall, "2")
    assert alone[1] != "…"
    assert (alone[2], alone[3]) == ("…", "…")
    assert row_of(dimensions, "4")[1].endswith("(…)")
    assert nobody == ("2", "-", "-", "-", "-", "0")
    assert row_of(dimensions, "2") == ("2", "-", "-", "-")


@BOTH
def test_without_a_target_there_is_no_column_for_it(lang: Language) -> None:
    schema = small_schema().model_copy(update={"target": None})
    overall, _ = level_tables(relative_levels(small_scores(schema)), lang)
    assert len(overall.columns) == 5
    assert all(len(row) == 5 for row in overall.rows)
    assert text("table.target_gap", lang) not in overall.columns


@BOTH
def test_every_domain_begins_a_block(lang: Language) -> None:
    overall, _ = level_tables(small("region", "area"), lang)
    starts = [overall.rows[index][0] for index in overall.breaks]
    groups = {
        "ko": ["취약계층 평균", "농어촌 주민"],
        "en": ["Average of four groups", "Rural residents"],
    }
    assert starts == [*groups[lang], "1", {"ko": "동", "en": "Urban"}[lang]]


@BOTH
def test_simulated_records_are_named_as_such_under_the_table(lang: Language) -> None:
    scores = small_scores()
    note = text("note.synthetic", lang)
    assert note not in level_notes(relative_levels(scores), None, lang)
    simulated = replace(scores, survey=replace(scores.survey, is_synthetic=True))
    assert level_notes(relative_levels(simulated), None, lang)[0] == note


@BOTH
def test_notes_name_the_target_the_formula_the_design_and_the_condition(lang: Language) -> None:
    notes = "\n".join(level_notes(relative_levels(small_scores(), where="age >= 65"), None, lang))
    for word in ("83", "2027", "0.2", "0.4", "age >= 65"):
        assert word in notes
    assert text("design.stratified clusters", lang) in notes
    assert text("note.symbols", lang) in notes


@BOTH
@pytest.mark.parametrize("where", [None, "age > 119"])
def test_no_note_announces_a_list_that_is_empty(lang: Language, where: str | None) -> None:
    schema = small_schema()
    if where is None:
        nobody = {"groups": {}, "averages": {}, "target": None}
        schema = schema.model_copy(update=nobody)
    result = relative_levels(small_scores(schema), where=where)
    for note in level_notes(result, nonresponse_band(result), lang):
        assert not note.rstrip().endswith(":")


# -- the page on a terminal ------------------------------------------------------------------

CROSSES = ("province", "age_group", "education*sex", "income", "occupation*area")


@cache
def wide() -> tuple[LevelResult, NonresponseBand]:
    result = relative_levels(example(), CROSSES)
    return result, nonresponse_band(result)


@cache
def page(lang: Language) -> str:
    return render(*wide(), lang, to_terminal=False)


def lines_of(table: Table, shown: str) -> list[str]:
    """Return the numbers of a table that a page does not show whole, one line each."""
    lines = [re.sub(r"\s+", " ", line) for line in shown.splitlines()]
    return [
        f"{row[0]}: {' '.join(row[1:])}"
        for row in table.rows
        if not any(" ".join(row[1:]) in line for line in lines)
    ]


@BOTH
def test_a_page_fits_into_80_columns_with_hangul_two_wide(lang: Language) -> None:
    shown = page(lang)
    assert max(cell_len(line) for line in shown.splitlines()) <= 80
    assert not any(line != line.rstrip() for line in shown.splitlines())
    assert "\x1b" not in shown


@BOTH
def test_a_page_shows_every_row_of_its_tables_whole(lang: Language) -> None:
    for table in level_tables(wide()[0], lang):
        assert lines_of(table, page(lang)) == []


def with_labels(label: str) -> SurveySchema:
    schema = small_schema()
    long = {
        name: part.model_copy(update={"label": Text(ko=f"{label} {name}", en=f"{label} {name}")})
        for name, part in schema.dimensions.items()
    }
    return schema.model_copy(update={"dimensions": long})


def cut(result: LevelResult, shown: str) -> list[str]:
    """Return the numbers of the tables that a page does not show whole, wherever it breaks."""
    tables = level_tables(result, "en")
    numbers = {
        part for table in tables for row in table.rows for c in row[1:] for part in c.split()
    }
    return sorted(numbers - {*shown.split()})


LONG = ["Information and communication", "디지털 정보화 기기와 서비스의", "Electrotechnology" * 3]


@pytest.mark.parametrize("label", LONG, ids=["English", "Hangul", "one word"])
def test_a_long_label_of_a_dimension_costs_neither_a_number_nor_a_name(label: str) -> None:
    result = relative_levels(small_scores(with_labels(label)))
    shown = render(result, None, "en", to_terminal=False)
    assert max(cell_len(line) for line in shown.splitlines()) <= 80
    assert cut(result, shown) == []
    names = [row[0].split(maxsplit=1)[0] for row in level_tables(result, "en")[0].rows]
    assert [name for name in names if shown.count(name) < 2] == []  # once in each table


def test_a_long_label_of_a_category_is_broken_into_lines() -> None:
    schema = small_schema()
    long = schema.groups["rural"].model_copy(update={"label": Text(ko="가" * 90, en="R" * 120)})
    schema = schema.model_copy(update={"groups": {**schema.groups, "rural": long}})
    result = relative_levels(small_scores(schema))
    broken: list[tuple[Language, str, int]] = [("ko", "가", 90), ("en", "R", 120)]
    for lang, letter, size in broken:
        shown = render(result, None, lang, to_terminal=False)
        assert max(cell_len(line) for line in shown.splitlines()) <= 80
        assert shown.count(letter) >= 2 * size


@BOTH
def test_a_label_cannot_speak_to_the_terminal(lang: Language) -> None:
    schema = small_schema()
    label = Text(ko="\x1b[31m붉은\x07", en="\x1b[31mred\x07 [bold]:smile:")
    odd = schema.groups["rural"].model_copy(update={"label": label})
    schema = schema.model_copy(update={"groups": {**schema.groups, "rural": odd}})
    shown = render(relative_levels(small_scores(schema)), None, lang, to_terminal=False)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    assert {"ko": "붉은", "en": "[bold]:smile:"}[lang] in shown


def test_numbers_beyond_any_scale_are_shown_whole() -> None:
    frame = small_frame()
    frame.loc[frame["sample"] == "general", ["access", "capability", "usage"]] /= 1e5
    result = relative_levels(small_scores(frame=frame))
    assert result.level("group", "farmers") > 1e6
    assert cut(result, render(result, None, "en", to_terminal=False)) == []


def test_frames_in_python_are_unrounded() -> None:
    frame = small().to_frame()
    assert list(frame.columns) == LEVELS
    assert isinstance(frame, pd.DataFrame)
    level = frame["level"].iloc[-1]
    assert level != round(level, 6)
