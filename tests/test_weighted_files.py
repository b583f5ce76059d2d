"""A weighted survey written and read again: the same weights, levels and errors, or an error."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from divide_index.errors import DivideIndexError
from divide_index.inference.replication import replicates_of
from divide_index.inspection import check_survey
from divide_index.levels import VarianceMethod, relative_levels
from divide_index.messages import LANGUAGES, render
from divide_index.schema import SurveyFile, SurveySchema, load_schema
from divide_index.scoring import score
from divide_index.survey import Survey, read_survey
from divide_index.weighting import (
    adjust_nonresponse,
    calibrate,
    rake,
    trim,
    weight_diagnostics,
    weighted_files,
)
from tests.samples import (
    small_frame,
    small_schema,
    two_samples_frame,
    two_samples_schema,
    with_design,
)

approx = pytest.approx
AREA = {"area": {"U": 90_000.0, "R": 40_000.0}}


def general_frame() -> pd.DataFrame:
    frame = small_frame()
    return frame[frame["sample"] == "general"].reset_index(drop=True)


def general_schema(**columns: object) -> SurveySchema:
    return with_design(small_schema(), sample=None, **columns)


def written(folder: Path, contents: dict[str, bytes]) -> Path:
    """Write a weighted file with what lies beside it, and return where it lies."""
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder / next(iter(contents))


def levels_of(survey: Survey, **options: Any) -> tuple[Any, Any]:  # noqa: ANN401
    result = relative_levels(score(survey), groups=["rural"], **options)
    return result.estimate.values, result.estimate.covariance


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "survey.csv"
    general_frame().to_csv(path, index=False)
    return path


def totals(survey: Survey) -> dict[Any, dict[Any, float]]:
    """Return totals of area and region that the weights do not have."""
    area, region = np.asarray(survey.frame["area"]), np.asarray(survey.frame["region"])
    weights = survey.weights() * np.where(area == "R", 1.3, 0.9) * (0.8 + 0.1 * region)
    return {
        "area": {code: float(weights[area == code].sum()) for code in ("U", "R")},
        "region": {code: float(weights[region == code].sum()) for code in np.unique(region)},
    }


STEPS: dict[str, Callable[[Survey], Survey]] = {
    "raked": lambda s: rake(s, totals(s)),
    "logit": lambda s: calibrate(s, totals(s), distance="logit", bounds=(0.4, 2.5)),
    "trimmed": lambda s: trim(rake(s, totals(s)), upper=1.8, times="mean", recalibrate=True),
    "twice": lambda s: rake(rake(s, {"area": totals(s)["area"]}), totals(s)),
    "cut": lambda s: trim(s, upper=1.8, times="mean"),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_weighted_file_read_again_has_the_same_weights_levels_and_errors(
    source: Path, tmp_path: Path, name: str
) -> None:
    weighted = STEPS[name](read_survey(source, general_schema()))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    again = read_survey(path, general_schema())
    assert (again.weights() == weighted.weights()).all()
    for one, other in zip(levels_of(again), levels_of(weighted), strict=True):
        assert one == approx(other, rel=1e-9, abs=1e-9)
    assert [step.kind for step in again.weighting] == [step.kind for step in weighted.weighting]
    assert not {f.code for f in again.findings} & {"DI-W415", "DI-W416"}
    frame = pd.read_csv(path)
    pd.testing.assert_series_equal(
        frame["base_weight"], general_frame()["weight"], check_names=False
    )
    assert [*frame.columns][: len(small_frame().columns)] == [*small_frame().columns]
    one, other = (weight_diagnostics(each) for each in (weighted, again))
    pd.testing.assert_frame_equal(one.totals, other.totals)
    drop = ["iterations"]
    pd.testing.assert_frame_equal(one.stages.drop(columns=drop), other.stages.drop(columns=drop))


def test_what_lies_beside_holds_no_record(source: Path, tmp_path: Path) -> None:
    weighted = STEPS["trimmed"](read_survey(source, general_schema()))
    contents = weighted_files(weighted, source, "weighted.csv")
    record = json.loads(contents["weighted.csv.design.json"])
    assert [*record] == [
        *("format", "file", "sha256", "records", "schema", "base_column", "steps", "sums"),
        *("replicates", "checksum"),
    ]
    assert [step["column"] for step in record["steps"]] == [
        *("weight_after_1", "weight_after_2", "weight")
    ]
    lists = [len(each) for each in find_lists(record)]
    assert max(lists) <= 4  # regions; nothing is as long as the sample
    assert contents == weighted_files(weighted, source, "weighted.csv")


def find_lists(value: object) -> list[list[Any]]:
    if isinstance(value, dict):
        return [each for part in value.values() for each in find_lists(part)]
    if isinstance(value, list):
        return [value, *(each for part in value for each in find_lists(part))]
    return []


def test_without_what_lies_beside_the_weights_are_taken_as_given_and_told(
    source: Path, tmp_path: Path
) -> None:
    weighted = STEPS["raked"](read_survey(source, general_schema()))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    (tmp_path / "weighted.csv.design.json").unlink()
    alone = read_survey(path, general_schema())
    assert [f.code for f in alone.findings if f.code == "DI-W415"] == ["DI-W415"]
    assert alone.weighting == ()
    assert levels_of(alone)[0] == approx(levels_of(weighted)[0])
    overall = [np.sqrt(levels_of(each)[1][-1, -1]) for each in (alone, weighted)]
    assert overall[0] != approx(overall[1], rel=1e-3)


def test_a_survey_without_weights_has_the_ones_that_were_made(source: Path, tmp_path: Path) -> None:
    schema = general_schema(weight=None)
    frame = pd.read_csv(source)
    body = frame.drop(columns="weight").assign(weight="70 kg")  # a column of somebody else's
    body.to_csv(source, index=False)
    schema = schema.model_copy(
        update={"variables": {k: v for k, v in schema.variables.items() if k != "weight"}}
    )
    weighted = rake(read_survey(source, schema), AREA)
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    again = read_survey(path, schema)
    assert again.weights() == approx(weighted.weights(), rel=1e-15)
    assert set(pd.read_csv(path)["weight"]) == {"70 kg"}
    for one, other in zip(levels_of(again), levels_of(weighted), strict=True):
        assert one == approx(other, rel=1e-9, abs=1e-9)
    (tmp_path / "weighted.csv.design.json").unlink()
    with pytest.raises(DivideIndexError, match="DI-E434"):
        read_survey(path, schema)


def test_a_weighted_file_can_be_weighted_again(source: Path, tmp_path: Path) -> None:
    schema = general_schema()
    first = read_survey(source, schema)
    once = rake(first, {"area": totals(first)["area"]})
    path = written(tmp_path, weighted_files(once, source, "weighted.csv"))
    twice = rake(read_survey(path, schema), totals(first))
    place = written(tmp_path, weighted_files(twice, path, "again.csv"))
    expected = STEPS["twice"](first)
    again = read_survey(place, schema)
    assert again.weights() == approx(expected.weights(), rel=1e-12)
    for one, other in zip(levels_of(again), levels_of(expected), strict=True):
        assert one == approx(other, rel=1e-9, abs=1e-9)
    columns = [*pd.read_csv(place).columns]
    assert columns[-2:] == ["base_weight", "weight_after_1"]
    assert len(columns) == len({*columns})


def test_columns_that_have_such_names_already_are_kept(source: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(source).assign(base_weight="theirs", weight_after_1=7)
    frame.to_csv(source, index=False)
    weighted = STEPS["twice"](read_survey(source, general_schema()))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    made = pd.read_csv(path)
    assert set(made["base_weight"]) == {"theirs"}
    assert set(made["weight_after_1"]) == {7}
    assert levels_of(read_survey(path, general_schema()))[1] == approx(levels_of(weighted)[1])


def test_order_may_change_but_is_told(source: Path, tmp_path: Path) -> None:
    weighted = STEPS["raked"](read_survey(source, general_schema()))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    pd.read_csv(path, dtype=str).sample(frac=1, random_state=4).to_csv(path, index=False)
    again = read_survey(path, general_schema())
    assert "DI-W416" in {f.code for f in again.findings}
    assert levels_of(again)[1] == approx(levels_of(weighted)[1], rel=1e-9)


def rows_gone(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[5:]


def rounded(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(weight=frame["weight"].astype(float).round(1))


def edited(frame: pd.DataFrame) -> pd.DataFrame:
    weight = frame["weight"].astype(float)
    return frame.assign(weight=weight.mask(weight.index == 7, weight * 2))


def swapped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return final weights that changed places inside their cells: every total is still reached."""
    cells = [frame["area"], frame["region"]]
    return frame.assign(
        weight=frame["weight"].groupby(cells).transform(lambda part: part[::-1].values)
    )


def all_to_one(frame: pd.DataFrame) -> pd.DataFrame:
    """Return final weights of which one person of each cell has nine tenths."""
    weight = frame["weight"].astype(float)
    group = weight.groupby([frame["area"], frame["region"]])
    share = group.cumcount().eq(0) * 0.9 + 0.1 / group.transform("size")
    return frame.assign(weight=group.transform("sum") * share)


def base_of_one(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(base_weight=1)


def base_reversed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(base_weight=frame["base_weight"].to_numpy()[::-1])


def renamed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename(columns={"base_weight": "base"})


def emptied(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(base_weight=frame["base_weight"].mask(frame.index == 3))


def moved(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        area=frame["area"].mask(frame.index == 3, "R" if frame["area"][3] == "U" else "U")
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (rows_gone, "DI-E467"),
        (rounded, "DI-E466"),
        (edited, "DI-E466"),
        (swapped, "DI-E466"),
        (all_to_one, "DI-E466"),
        (base_of_one, "DI-E466"),
        (base_reversed, "DI-E466"),
        (moved, "DI-E433"),
        (renamed, "DI-E432"),
        (emptied, "DI-E432"),
    ],
)
def test_a_weighted_file_that_was_changed_is_refused(
    source: Path, tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], code: str
) -> None:
    weighted = STEPS["raked"](read_survey(source, general_schema()))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    change(pd.read_csv(path, dtype=str)).to_csv(path, index=False)
    with pytest.raises(DivideIndexError) as caught:
        read_survey(path, general_schema())
    assert caught.value.code == code
    for lang in LANGUAGES:
        assert render(code, lang, caught.value.params)


def test_weights_that_were_only_cut_are_known_again_too(source: Path, tmp_path: Path) -> None:
    weighted = STEPS["cut"](read_survey(source, general_schema()))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    frame = pd.read_csv(path)
    frame["weight"] = frame["weight"] * np.where(frame.index < 20, 5.0, 1.0)
    frame.to_csv(path, index=False)
    with pytest.raises(DivideIndexError, match="DI-E466") as caught:
        read_survey(path, general_schema())
    assert caught.value.params["columns"] == ["weight"]


def test_a_spreadsheet_may_keep_fifteen_digits(source: Path, tmp_path: Path) -> None:
    weighted = STEPS["raked"](read_survey(source, general_schema()))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    frame = pd.read_csv(path)
    short = {name: frame[name].map("{:.15g}".format) for name in ("base_weight", "weight")}
    frame.assign(**short).to_csv(path, index=False)
    again = read_survey(path, general_schema())
    assert "DI-W416" in {f.code for f in again.findings}
    assert levels_of(again)[1] == approx(levels_of(weighted)[1], rel=1e-9)


@pytest.mark.parametrize(
    ("key", "value"),
    [("base_column", "weight"), ("schema", "another"), ("file", "other.csv"), ("checksum", "")],
)
def test_a_file_beside_that_was_edited_is_refused(
    source: Path, tmp_path: Path, key: str, value: str
) -> None:
    weighted = STEPS["raked"](read_survey(source, general_schema()))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    place = tmp_path / "weighted.csv.design.json"
    place.write_text(json.dumps(json.loads(place.read_bytes()) | {key: value}), "utf-8")
    with pytest.raises(DivideIndexError, match="DI-E471"):
        read_survey(path, general_schema())


def test_bounds_with_an_open_end_are_written_as_json(source: Path, tmp_path: Path) -> None:
    survey = read_survey(source, general_schema())
    weighted = calibrate(survey, totals(survey), bounds=(-np.inf, 3.0))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    text = (tmp_path / "weighted.csv.design.json").read_text("utf-8")
    assert "Infinity" not in text
    [step] = read_survey(path, general_schema()).weighting
    assert step.samples[0].records.bounds == (-np.inf, 3.0)


def test_a_look_at_a_weighted_file_tells_what_is_wrong_with_it(
    source: Path, tmp_path: Path
) -> None:
    weighted = STEPS["raked"](read_survey(source, general_schema()))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    schema = general_schema().model_copy(update={"groups": {}, "averages": {}, "target": None})
    assert check_survey(path, schema).is_usable
    edited(pd.read_csv(path, dtype=str)).to_csv(path, index=False)
    found = check_survey(path, schema)
    assert [error.code for error in found.errors] == ["DI-E466"]
    assert not found.is_usable
    (tmp_path / "weighted.csv.design.json").unlink()
    assert "DI-W415" in {finding.code for finding in check_survey(path, schema).findings}


def other_format(record: dict[str, Any]) -> object:
    return record | {"format": 2}


def more_keys(record: dict[str, Any]) -> object:
    return record | {"more": 1}


def no_steps(record: dict[str, Any]) -> object:
    return record | {"steps": []}


def no_table(record: dict[str, Any]) -> object:
    record["steps"][0]["samples"][0]["margins"][0]["totals"].pop()
    return record


@pytest.mark.parametrize("change", [other_format, more_keys, no_steps, no_table, lambda _: []])
def test_a_file_beside_that_cannot_be_read_says_why(
    source: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    weighted = STEPS["raked"](read_survey(source, general_schema()))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    place = tmp_path / "weighted.csv.design.json"
    place.write_text(json.dumps(change(json.loads(place.read_bytes()))), "utf-8")
    with pytest.raises(DivideIndexError) as caught:
        read_survey(path, general_schema())
    assert caught.value.code == "DI-E431"
    assert caught.value.params["reason"]
    place.write_bytes(b"\xff\x00 no JSON")
    with pytest.raises(DivideIndexError, match="DI-E431"):
        read_survey(path, general_schema())


@pytest.mark.parametrize(
    "layout",
    [
        SurveyFile(delimiter=";", decimal=","),
        SurveyFile(delimiter="\t", header_row=3),
        SurveyFile(encoding="cp949"),
        SurveyFile(encoding="utf-16"),
    ],
    ids=["comma", "header", "cp949", "utf-16"],
)
def test_a_weighted_file_is_laid_out_as_the_schema_says(tmp_path: Path, layout: SurveyFile) -> None:
    schema = general_schema().model_copy(update={"files": {"persons": layout}})
    text = general_frame().assign(note='한 줄,\n두 "줄"')
    numbers = ["weight", "access", "capability", "usage"]
    lines = text.astype(dict.fromkeys(numbers, str)).replace("nan", "")
    if layout.decimal == ",":
        lines[numbers] = lines[numbers].apply(lambda column: column.str.replace(".", ","))
    body = "\n" * (layout.header_row - 1) + lines.to_csv(index=False, sep=layout.delimiter)
    source = tmp_path / "survey.csv"
    source.write_bytes(body.encode(layout.encoding or "utf-8"))
    weighted = STEPS["raked"](read_survey(source, schema))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    again = read_survey(path, schema)
    assert (again.weights() == weighted.weights()).all()
    assert levels_of(again)[1] == approx(levels_of(weighted)[1], rel=1e-9)
    assert '두 ""줄""' in path.read_text(layout.encoding or "utf-8")


def test_a_workbook_becomes_a_csv_with_the_same_levels(tmp_path: Path) -> None:
    source = tmp_path / "survey.xlsx"
    general_frame().to_excel(source, index=False)
    weighted = STEPS["raked"](read_survey(source, general_schema()))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    again = read_survey(path, general_schema())
    assert levels_of(again)[1] == approx(levels_of(weighted)[1], rel=1e-9)


def test_samples_in_files_of_their_own_are_written_each_with_its_own_steps(
    tmp_path: Path,
) -> None:
    schema = two_samples_schema()
    names = ("general", "farmers")
    schema = schema.model_copy(
        update={"files": {name: SurveyFile(constants={"sample": name}) for name in names}}
    )
    frame = two_samples_frame()
    paths = {name: tmp_path / f"{name}.csv" for name in names}
    for name, path in paths.items():
        frame[frame["sample"] == name].drop(columns="sample").to_csv(path, index=False)
    survey = read_survey(paths, schema)
    sex = np.asarray(survey.frame["sex"])
    sample = np.asarray(survey.frame["sample"])
    known = {
        name: {
            "sex": {
                int(code): 1.1 * survey.weights()[(sample == name) & (sex == code)].sum() + code
                for code in (1, 2)
            }
        }
        for name in names
    }
    weighted = trim(rake(survey, known), upper=4, times="median", recalibrate=True)
    contents = weighted_files(weighted, paths, "weighted.csv")
    assert [*contents] == [
        *("weighted-general.csv", "weighted-general.csv.design.json"),
        *("weighted-farmers.csv", "weighted-farmers.csv.design.json"),
    ]
    written(tmp_path, contents)
    made = {name: tmp_path / f"weighted-{name}.csv" for name in names}
    again = read_survey(made, schema)
    assert again.weights() == approx(weighted.weights(), rel=1e-15)
    one, other = (relative_levels(score(each)).estimate for each in (again, weighted))
    assert one.covariance == approx(other.covariance, rel=1e-9, abs=1e-9)
    half = rake(survey, {"farmers": known["farmers"]}, keep_others=True)
    made_of_one = weighted_files(half, paths, "half.csv")
    assert [*made_of_one] == ["half-farmers.csv", "half-farmers.csv.design.json"]
    written(tmp_path, made_of_one)
    mixed = read_survey(
        {"general": paths["general"], "farmers": tmp_path / "half-farmers.csv"}, schema
    )
    one, other = (relative_levels(score(each)).estimate for each in (mixed, half))
    assert one.covariance == approx(other.covariance, rel=1e-9, abs=1e-9)


def test_nonresponse_is_read_again(source: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    frame = pd.read_csv(source)
    frame = frame.assign(status=np.where(rng.random(len(frame)) < 0.8, 1, 2))
    frame.to_csv(source, index=False)
    base = general_schema()
    status = load_variable("status")
    schema = base.model_copy(update={"variables": {**base.variables, "status": status}})
    survey = read_survey(source, schema)
    weighted = adjust_nonresponse(survey, ["area"], respondents="status == 1")
    weighted = rake(weighted, totals(survey))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    again = read_survey(path, schema)
    assert (again.weights() == weighted.weights()).all()
    assert levels_of(again)[1] == approx(levels_of(weighted)[1], rel=1e-9)


def load_variable(name: str) -> Any:  # noqa: ANN401
    variables = load_schema("example").variables
    return variables["sex"].model_copy(update={"label": None, "column": name, "assumed": False})


def test_replicate_weights_that_were_written_give_the_errors_of_the_bootstrap(
    source: Path, tmp_path: Path
) -> None:
    schema = general_schema()
    survey = read_survey(source, schema)
    weighted = rake(survey, {"area": totals(survey)["area"]})
    made = replicates_of(weighted.design, "bootstrap", count=40, seed=6)
    contents = weighted_files(weighted, source, "weighted.csv", replicates=made, seed=6)
    path = written(tmp_path, contents)
    again = read_survey(path, schema, replicates=True)
    supplied = levels_of(again, variance="supplied")[1]
    drawn = levels_of(weighted, variance=VarianceMethod("bootstrap", 40, seed=6))[1]
    assert supplied == approx(drawn, rel=1e-9, abs=1e-12)
    body = pd.read_csv(path)
    body.drop(columns="replicate_7").to_csv(path, index=False)
    with pytest.raises(DivideIndexError, match="DI-E408") as caught:
        read_survey(path, schema, replicates=True)
    assert caught.value.params["columns"] == ["replicate_7"]
    body.assign(replicate_7=body["replicate_7"] * 2).to_csv(path, index=False)
    with pytest.raises(DivideIndexError, match="DI-E466") as caught:
        read_survey(path, schema, replicates=True)
    assert caught.value.params["columns"] == ["replicate_7"]
    with pytest.raises(DivideIndexError, match="DI-E472"):
        weighted_files(
            weighted, source, "weighted.csv", replicates=replace(made, method="supplied")
        )


def test_columns_that_are_called_as_replicates_are_kept(source: Path) -> None:
    pd.read_csv(source).assign(replicate_1="mine").to_csv(source, index=False)
    weighted = STEPS["raked"](read_survey(source, general_schema()))
    made = replicates_of(weighted.design, "bootstrap", count=3, seed=6)
    contents = weighted_files(weighted, source, "weighted.csv", replicates=made, seed=6)
    frame = pd.read_csv(io.BytesIO(contents["weighted.csv"]))
    assert (frame["replicate_1"] == "mine").all()
    assert {"replicate2_1", "replicate2_2", "replicate2_3"} <= {*frame.columns}


def with_replicates(kind: str) -> SurveySchema:
    """Return the schema of a survey with columns repw1, repw2, …"""
    schema = general_schema()
    design = type(schema.design).model_validate(
        schema.design.model_dump() | {"replicates": {"prefix": "repw", "kind": kind}}
    )
    return schema.model_copy(update={"design": design})


@pytest.mark.parametrize(
    ("change", "code", "columns"),
    [
        (lambda f: f.drop(columns="repw3"), "DI-E408", ["repw3"]),
        (lambda f: f.assign(repw2=f["repw2"].mask(f.index == 4)), "DI-E451", ["repw2"]),
        (lambda f: f.assign(repw2=-f["repw2"]), "DI-E451", ["repw2"]),
        (
            lambda f: f.assign(weight=f["weight"].mask(f.index == 4, 0)),
            "DI-E452",
            [f"repw{k}" for k in range(1, 7)],
        ),
        (lambda f: f.assign(**{f"repw{k}": 1.0 for k in range(1, 7)}), "DI-E453", None),
    ],
    ids=["gap", "blank", "negative", "nobody", "factors"],
)
def test_replicate_columns_that_cannot_be_used_are_named(
    source: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    code: str,
    columns: list[str] | None,
) -> None:
    frame = pd.read_csv(source)
    frame = frame.assign(**{f"repw{k}": frame["weight"] for k in range(1, 7)})
    change(frame).to_csv(source, index=False)
    with pytest.raises(DivideIndexError) as caught:
        read_survey(source, with_replicates("jk1"), replicates=True)
    assert caught.value.code == code
    if columns is not None:
        assert caught.value.params["columns"] == columns
    for lang in LANGUAGES:
        assert render(code, lang, caught.value.params)


def test_replicates_of_the_weights_before_are_not_those_of_the_weights_made(
    source: Path, tmp_path: Path
) -> None:
    frame = pd.read_csv(source)
    frame.assign(**{f"repw{k}": frame["weight"] for k in range(1, 4)}).to_csv(source, index=False)
    schema = with_replicates("bootstrap")
    weighted = STEPS["raked"](read_survey(source, schema))
    path = written(tmp_path, weighted_files(weighted, source, "weighted.csv"))
    with pytest.raises(DivideIndexError, match="DI-E450"):
        read_survey(path, schema, replicates=True)
    made = replicates_of(weighted.design, "bootstrap", count=5, seed=6)
    written(tmp_path, weighted_files(weighted, source, "weighted.csv", replicates=made, seed=6))
    found = read_survey(path, schema, replicates=True).replicates
    assert found is not None
    assert found.count == 5


def test_replicate_columns_may_stand_in_the_schema(source: Path) -> None:
    frame = pd.read_csv(source)
    count = 6
    factor = 1 + 0.3 * np.sin(np.outer(np.arange(len(frame)), np.arange(1, count + 1)))
    columns = {f"repw{k + 1}": frame["weight"] * factor[:, k] for k in range(count)}
    frame.assign(**columns).to_csv(source, index=False)
    schema = with_replicates("jk1")
    survey = read_survey(source, schema, replicates=True)
    assert survey.replicates is not None
    assert survey.replicates.factors == approx(factor.T, rel=1e-12)
    assert survey.replicates.scale == approx(5 / 6)
    assert levels_of(survey, variance="supplied")[1][-1, -1] > 0
    with pytest.raises(DivideIndexError, match="DI-E406"):
        read_survey(source, general_schema(), replicates=True)
    with pytest.raises(DivideIndexError, match="DI-E407"):
        read_survey(frame, schema, replicates=True)


def test_what_cannot_be_written_is_refused(source: Path) -> None:
    schema = general_schema()
    survey = read_survey(source, schema)
    weighted = STEPS["raked"](survey)
    frame = general_frame()
    for act, code in (
        (lambda: weighted_files(survey, source, "weighted.csv"), "DI-E468"),
        (lambda: weighted_files(weighted, frame, "weighted.csv"), "DI-E470"),
    ):
        with pytest.raises(DivideIndexError) as caught:
            act()
        assert caught.value.code == code
    source.write_bytes(source.read_bytes() + b"\n")
    with pytest.raises(DivideIndexError, match="DI-E469"):
        weighted_files(weighted, source, "weighted.csv")
    with pytest.raises(DivideIndexError, match="DI-E470"):
        weighted_files(replace(weighted, origins=()), source, "weighted.csv")
