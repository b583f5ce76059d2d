"""What travels: schemas, templates and words in the wheel, all that builds it in the sdist."""

import contextlib
import tarfile
import zipfile
from pathlib import Path

import pytest
from hatchling import build

ROOT = Path(__file__).resolve().parent.parent


def files_in(folder: str) -> set[str]:
    paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {p.relative_to(ROOT).as_posix() for p in paths if "__pycache__" not in p.parts}


@pytest.fixture(scope="module")
def in_wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    with contextlib.chdir(ROOT):
        name = build.build_wheel(str(folder))
    with zipfile.ZipFile(folder / name) as wheel:
        return set(wheel.namelist())


@pytest.fixture(scope="module")
def in_sdist(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("sdist")
    with contextlib.chdir(ROOT):
        name = build.build_sdist(str(folder))
    with tarfile.open(folder / name) as sdist:
        return {member.partition("/")[2] for member in sdist.getnames()}


def test_every_schema_is_inside_the_wheel(in_wheel: set[str]) -> None:
    schemas = files_in("survey_schemas")
    assert any(name.endswith(".yaml") for name in schemas)
    assert {f"divide_index/{name}" for name in schemas} <= in_wheel


def test_every_template_is_inside_the_wheel(in_wheel: set[str]) -> None:
    templates = files_in("templates")
    assert "templates/report.html" in templates
    assert {f"divide_index/{name}" for name in templates} <= in_wheel


def test_the_words_of_both_languages_are_inside_the_wheel(in_wheel: set[str]) -> None:
    catalogues = {name for name in files_in("divide_index") if name.endswith(".po")}
    assert len(catalogues) == 2
    assert catalogues <= in_wheel


def test_the_wheel_holds_the_package_and_nothing_beside_it(in_wheel: set[str]) -> None:
    [information] = {name.partition("/")[0] for name in in_wheel} - {"divide_index"}
    assert information.endswith(".dist-info")
    assert "divide_index/py.typed" in in_wheel


def test_the_sdist_holds_what_builds_and_tests_the_wheel(in_sdist: set[str]) -> None:
    assert {"pyproject.toml", "README.md", "LICENSE"} <= in_sdist
    for folder in ("divide_index", "survey_schemas", "templates", "tests"):
        assert files_in(folder) <= in_sdist, folder
