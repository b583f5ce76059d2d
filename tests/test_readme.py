"""The README, run: what it shows is what happens."""

import re
from pathlib import Path

import pandas as pd
import pytest

from divide_index.cli import run

README = Path(__file__).resolve().parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the survey of the demo, and smaller ones of three years."""
    place = tmp_path_factory.mktemp("readme")
    start = ["simulate", "--schema", "example"]
    assert run([*start, "--seed", "1", "-o", str(place / "survey.csv")]) == 0
    for year in ("2023", "2024", "2025"):
        assert run([*start, "--seed", year, "--n", "4000", "-o", str(place / f"{year}.csv")]) == 0
    sums = pd.read_csv(place / "survey.csv").groupby(["sample", "sex"])["weight"].sum().round()
    totals = sums.reset_index(name="total").rename(columns={"sex": "category"})
    totals.assign(variable="sex").to_csv(place / "totals.csv", index=False)
    return place


def test_the_notebook_of_the_readme_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (code,) = blocks("python")
    setting = "import pandas as pd\nframe = pd.read_csv('survey.csv')\n"
    values: dict[str, object] = {}
    exec(compile(setting + code, str(README), "exec"), values)  # the README is our own code
    assert "levels" in values


def test_the_table_of_the_readme_is_what_the_demo_prints(
    folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (table,) = blocks("text")
    assert run(["compute", str(folder / "survey.csv"), "--schema", "example", "--lang", "ko"]) == 0
    assert capfdbinary.readouterr().out.decode().startswith(table.rstrip())


def test_the_commands_of_the_readme_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for line in "\n".join(blocks("sh")).replace("\\\n", "").splitlines():
        command = line.partition("#")[0].replace('"', "")
        is_of_real_files = any(name in command for name in ("endutih", "tic-domicilios", "nia-"))
        if not command.startswith("divide-index") or is_of_real_files:
            continue
        arguments = command.split()[1:]
        if "--where" in arguments:
            start = arguments.index("--where") + 1
            arguments[start : start + 3] = [" ".join(arguments[start : start + 3])]
        assert run(arguments) == 0, line
