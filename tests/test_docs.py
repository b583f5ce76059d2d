"""The documentation, run: the schemas it shows are schemas, and mean what it says."""

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from divide_index.errors import InputError
from divide_index.levels import relative_levels
from divide_index.schema import SurveySchema, load_schema
from divide_index.scoring import score
from divide_index.simulate import simulate_survey
from divide_index.survey import read_survey
from tests.samples import REFERENCE, ROOT

PAGE = (ROOT / "docs" / "survey-files.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
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
