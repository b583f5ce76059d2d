"""The documentation, run: the schemas it shows are schemas, and mean what it says."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from matplotlib import pyplot as plt

from divide_index import cli
from divide_index.errors import InputError
from divide_index.levels import relative_levels
from divide_index.schema import SurveySchema, load_schema
from divide_index.scoring import score
from divide_index.simulate import simulate_survey
from divide_index.survey import read_survey
from divide_index.target import plan_goals
from tests.samples import REFERENCE, ROOT

pytestmark = pytest.mark.once  # as the README, which is run with the lowest versions too

PAGE = (ROOT / "docs" / "survey-files.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
YEARS = (ROOT / "docs" / "years.md").read_text(encoding="utf-8")
TARGET = (ROOT / "docs" / "target.md").read_text(encoding="utf-8")
WEIGHTING = (ROOT / "docs" / "weighting.md").read_text(encoding="utf-8")
NOTEBOOK = (ROOT / "docs" / "decomposition.md").read_text(encoding="utf-8")
SAMPLES = ("general", "farmers", "disabled", "low_income")


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_block_holds_only_keys_of_a_schema(block: str) -> None:
    assert yaml.safe_load(block).keys() <= {*SurveySchema.model_fields, "extends"}


def test_the_file_of_older_adults_says_who_they_are(tmp_path: Path) -> None:
    (block,) = (block for block in BLOCKS if "extends:" in block)
    path = tmp_path / "nia-2025-older.yaml"
    path.write_text(block, encoding="utf-8")
    schema = load_schema(path)
    frames = {name: pd.read_csv(REFERENCE / f"nia_{name}.csv", dtype=str) for name in SAMPLES}
    general = frames["general"]
    older = general[general["ADQ1"] == "6"].sample(frac=1, random_state=1)
    marked = relative_levels(score(read_survey({**frames, "older": older}, schema)))
    cut_by_age = relative_levels(score(read_survey(frames, "nia-2025")))
    pd.testing.assert_frame_equal(marked.to_frame(), cut_by_age.to_frame())
    alone = read_survey({**frames, "older": older[["응답ID"]]}, schema)
    assert [f.params["name"] for f in alone.findings if f.code == "DI-W199"] == ["older"]
    strangers = older.assign(응답ID=older["응답ID"].to_numpy()[::-1])
    with pytest.raises(InputError, match="DI-E232"):
        read_survey({**frames, "older": strangers}, schema)


def test_the_notebook_of_decompositions_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    simulate_survey(seed=1, n=5_000).to_csv("survey.csv", index=False)
    (code,) = re.findall(r"```python\n(.*?)```", NOTEBOOK, re.DOTALL)
    exec(compile(code, "docs/decomposition.md", "exec"), {})  # the page is our own code


def test_the_schema_of_decompositions_is_one() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", NOTEBOOK, re.DOTALL)
    shown, packaged = yaml.safe_load(block)["decomposition"], load_schema("example").decomposition
    assert packaged is not None
    assert set(shown["factors"]) < set(packaged.factors)
    assert tuple(shown["cells"]) == packaged.cells


# -- several years and the target --------------------------------------------------------------


@pytest.fixture
def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with simulated surveys of three years, under the names that the pages use."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)
    for year in (2023, 2024, 2025):
        frame = simulate_survey("example", seed=year, n=2_500)
        # Simulated provinces are alike, and nothing could converge: here the even ones lag.
        lags = (frame["province"].astype(int) % 2 == 0) & (frame["sample"] == "general")
        frame.loc[lags, [name for name in frame.columns if name.startswith("pc_")]] = 1
        frame.to_csv(f"{year}.csv", index=False)
    frames = [pd.read_csv(f"{year}.csv", dtype=str) for year in (2023, 2024, 2025)]
    frames[-1].to_csv("survey.csv", index=False)
    frame = pd.read_csv("survey.csv")
    sums = frame.groupby(["sample", "sex"])["weight"].sum().reset_index(name="total")
    sums["total"] = (sums["total"] * sums["sex"].map({1: 1.05, 2: 0.96})).round()
    sums.assign(variable="sex").rename(columns={"sex": "category"}).to_csv(
        "totals.csv", index=False
    )
    yield tmp_path
    plt.close("all")


@pytest.mark.parametrize(
    ("page", "name"), [(YEARS, "years"), (TARGET, "target"), (WEIGHTING, "weighting")]
)
@pytest.mark.usefixtures("simulated")
def test_the_notebooks_of_these_pages_run(page: str, name: str) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(code, f"docs/{name}.md", "exec"), {})  # the page is our own code
    assert plt.get_fignums()


def first_block(page: str) -> dict[str, Any]:
    """Return what a page adds to a schema."""
    block, *_ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    return yaml.safe_load(block)


@pytest.mark.parametrize(("page", "key"), [(YEARS, "breaks"), (TARGET, "target")])
def test_the_schemas_of_years_and_target_are_ones(page: str, key: str, tmp_path: Path) -> None:
    shown = first_block(page)
    assert [*shown] == [key]
    path = tmp_path / "shown.yaml"
    whole = {"extends": "example", "name": "shown", **shown}
    path.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    schema = load_schema(path)
    if key == "breaks":
        declared = schema.breaks["new_sample"]
        assert (declared.year, declared.group, declared.kind) == (2020, "farmers", "sample")
    else:
        assert schema.target is not None
        assert {*shown["target"]["definitions"]} <= {*schema.target.definitions}
        assert (schema.target.group, schema.target.level, schema.target.year) == (
            *("farmers", 83),
            2027,
        )


def test_the_schema_of_replicate_weights_is_one(tmp_path: Path) -> None:
    path = tmp_path / "shown.yaml"
    whole = {"extends": "example", "name": "shown", **first_block(WEIGHTING)}
    path.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    design = load_schema(path).design
    assert design.replicates is not None
    assert (design.replicates.prefix, design.replicates.kind) == ("repw", "jk1")
    packaged = load_schema("example").design
    assert design.model_copy(update={"replicates": None, "note": packaged.note}) == packaged


def test_the_values_file_of_the_plan_is_one(tmp_path: Path) -> None:
    _, block = re.findall(r"```yaml\n(.*?)```", TARGET, re.DOTALL)
    path = tmp_path / "values.yaml"
    path.write_text(block, encoding="utf-8")
    goals = {goal.id: goal for goal in plan_goals(path)}
    for name, values in yaml.safe_load(block)["values"].items():
        latest = goals[name].latest
        assert latest is not None
        assert (latest.year, latest.value) == (values[-1]["year"], values[-1]["value"])


COMMANDS = [
    line.partition("#")[0].split()[1:]
    for page in (YEARS, TARGET, WEIGHTING)
    for line in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[0].splitlines()
]
PREPARED: dict[str, Callable[[], object]] = {
    "a.csv": lambda: Path("2023.csv").rename("a.csv"),
    "b.csv": lambda: Path("2024.csv").rename("b.csv"),
    "weighted.csv": lambda: cli.run(
        ["weight", "survey.csv", *("--margins", "totals.csv"), *("-o", "weighted.csv")]
    ),
    "values.yaml": lambda: Path("values.yaml").write_text(
        re.findall(r"```yaml\n(.*?)```", TARGET, re.DOTALL)[1], encoding="utf-8"
    ),
}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.usefixtures("simulated")
def test_every_command_of_these_pages_is_one(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for word in command:
        for name, prepare in PREPARED.items():
            is_made = "-o" in command and name == command[command.index("-o") + 1]
            if word.endswith(name) and not is_made and not Path(name).exists():
                prepare()
    if "--published" in command:  # simulated records are held against nothing that was published
        file = Path(command[1])
        pd.read_csv(file, dtype=str).assign(synthetic="").to_csv(file, index=False)
    if "--wave" in command:
        years = (2023, 2024, 2025)
        frames = [pd.read_csv(f"{year}.csv", dtype=str).assign(year=year) for year in years]
        stacked = pd.concat(frames)
        stacked["id"] = stacked["year"].astype(str) + stacked["id"]
        stacked.to_csv("stacked.csv", index=False)
        variables = {"year": {"codes": {str(year): str(year) for year in years}}}
        whole = {"extends": "example", "name": "stacked", "variables": variables}
        Path("stacked.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
        command = [*command, "--schema", "stacked.yaml"]
    elif "--schema" in command:  # of the agency's files, which are not here
        command = [word.replace("nia-2024", "example") for word in command]
        command = [word.replace("nia-2025", "example") for word in command]
    assert cli.run([*command, "--lang", "en"]) == 0, capsys.readouterr().err
