"""The house, checked: which room may import what, and what no room may do."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.once  # the source, whatever runs it


class Room(NamedTuple):
    """What a room may import besides itself and the standard library."""

    rooms: str = ""
    libraries: str = ""


MIDDLE = "errors schema engine inference survey scoring"
HOUSE = (
    "resources messages errors output schema engine history inference reading drafting margins "
    "survey waves scoring weighting inspection cells levels decomposition target change tabulation "
    "simulate publication"
)

# From the ground up: a room may import only rooms that stand above it in this table.
ROOMS: Mapping[str, Room] = {
    "resources": Room(),
    "messages": Room("resources", "babel"),
    "errors": Room("messages"),
    "output": Room("errors"),
    "schema": Room("errors resources", "pydantic pydantic_core yaml"),
    "engine": Room("errors schema", "narwhals numpy"),
    "history": Room("errors resources", "pandas"),
    "inference": Room("errors", "numpy scipy statsmodels"),
    "reading": Room("errors schema engine", "numpy pandas pyarrow pyreadstat python_calamine"),
    "drafting": Room("errors messages schema reading", "pandas"),
    "margins": Room("messages errors schema engine inference reading", "numpy pandas xlsxwriter"),
    "survey": Room("errors schema engine reading inference margins", "numpy pydantic"),
    "waves": Room("errors schema engine survey inference"),
    "scoring": Room("errors schema engine survey inference", "numpy"),
    "weighting": Room("errors schema engine inference reading margins survey", "numpy pandas"),
    "cells": Room("errors schema engine survey scoring", "numpy"),
    "levels": Room(f"{MIDDLE} cells", "numpy pandas"),
    "inspection": Room("errors schema engine reading survey scoring levels", "numpy"),
    "decomposition": Room(f"{MIDDLE} cells", "numpy pandas formulaic"),
    "target": Room(f"resources {MIDDLE} cells levels history", "numpy pandas scipy"),
    "change": Room(f"{MIDDLE} cells levels waves history decomposition", "numpy pandas"),
    "tabulation": Room("errors schema inference survey scoring cells", "numpy pandas"),
    "simulate": Room("errors schema", "numpy pandas"),
    "publication": Room(
        "resources messages errors output schema engine history inference survey scoring "
        "inspection cells levels decomposition target waves change weighting",
        "numpy pandas scipy jinja2 markupsafe matplotlib fontTools weasyprint",
    ),
    "__init__": Room(HOUSE),  # the face; publication only inside a function, it is lazy
    "cli": Room(f"{HOUSE} __init__", "click rich"),
    "__main__": Room("cli"),
}

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "divide_index"

# Methods that write a file: always, or only when they are given a place to write to.
WRITERS = {"savefig", "savetxt", "sink_csv", "sink_parquet", "tofile", "write_bytes", "write_text"}
WRITERS_TO_A_PLACE = {"to_csv", "to_excel", "to_feather", "to_json", "to_parquet", "to_pickle"} | {
    *("to_stata", "to_xml", "write_csv", "write_excel", "write_json", "write_parquet"),
}
PLACES = {"excel_writer", "file", "path", "path_or_buf", "path_or_buffer"}


def violations(sources: Mapping[str, str]) -> list[str]:
    """Return what is wrong with a package, given as module path -> source."""
    trees = {path: ast.parse(source, path) for path, source in sources.items()}
    inhabited = {room_of(path) for path in sources}
    return [
        *(
            f"the table has a room without a module: {room}"
            for room in sorted(ROOMS.keys() - inhabited)
        ),
        *(f"the table lacks the room {room}" for room in sorted(inhabited - ROOMS.keys())),
        *(
            f"{path}:{line}: {complaint}"
            for path, tree in trees.items()
            for line, complaint in [*wrong_imports(path, tree), *wrong_acts(path, tree)]
        ),
    ]


def room_of(path: str) -> str:
    """Return the first component under the package: a folder or a module."""
    return PurePosixPath(path).parts[1].removesuffix(".py")


def wrong_imports(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the imports that the table does not allow, wherever in the module they stand."""
    here = room_of(path)
    allowed = ROOMS.get(here, Room())
    for node in ast.walk(tree):
        for name in imported_names(node):
            line = getattr(node, "lineno", 0)
            top = name.partition(".")[0]
            room = room_imported(name)
            if not top:
                yield line, "a relative import"
            elif room is not None:
                if room != here and room not in allowed.rooms.split():
                    yield line, f"{here} may not import {room}"
                elif here == "__init__" and room == "publication" and node in tree.body:
                    yield line, "the face imports publication before it is asked for"
            elif top not in sys.stdlib_module_names and top not in allowed.libraries.split():
                yield line, f"{here} may not import the library {top}"


def imported_names(node: ast.AST) -> list[str]:
    """Return the dotted names a node imports; a relative name starts with a dot."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            return [f"{'.' * level}{module or ''}.{alias.name}" for alias in names]
        case ast.Call(
            func=ast.Name(id=function) | ast.Attribute(attr=function),
            args=[ast.Constant(value=str(name)), *_],
        ) if function in {"import_module", "__import__"}:
            return [name]
        case _:
            return []


def room_imported(name: str) -> str | None:
    """Return the room a dotted name lies in; a name of the package itself is the face's."""
    top, _, rest = name.partition(".")
    if top != PACKAGE:
        return None
    first, _, deeper = rest.partition(".")
    return first if deeper or first in ROOMS else "__init__"


def wrong_acts(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the nevers of the house, apart from its imports."""
    here = room_of(path)
    module = PurePosixPath(path)
    name = module.parent.name if module.stem == "__init__" else module.stem
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name=defined) | ast.AsyncFunctionDef(name=defined):
                if defined == name:
                    yield statement.lineno, f"{name} is a module and a function"
            case _:
                pass
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if here != "cli" and speaks(node):
            yield line, "only cli prints and reads sys.argv"
        if here != "resources" and asks_where_it_lies(node):
            yield line, "only resources asks where a folder lies"
        if here != "output" and writes(node):
            yield line, "only output writes a file"
        if runs_text(node):
            yield line, "text becomes code"


def speaks(node: ast.AST) -> bool:
    """Return whether a node prints or touches the process's own streams and arguments."""
    streams = {"argv", "stdin", "stdout", "stderr"}
    match node:
        case ast.Name(id="print" | "input"):
            return True
        case ast.Attribute(value=ast.Name(id="sys"), attr=name):
            return name in streams
        case ast.ImportFrom(module="sys", names=names):
            return any(alias.name in streams for alias in names)
        case _:
            return False


def asks_where_it_lies(node: ast.AST) -> bool:
    """Return whether a node looks for the package's own folder."""
    match node:
        case ast.Name(id="__file__" | "__path__" | "__spec__") | ast.Attribute(attr="__file__"):
            return True
        case ast.Attribute(value=ast.Name(id="pkgutil"), attr="get_data"):
            return True
        case _:
            return any(name.startswith("importlib.resources") for name in imported_names(node))


def writes(node: ast.AST) -> bool:
    """Return whether a call writes a file, or opens one so that it may."""
    match node:
        case ast.Call(func=ast.Name(id="open"), args=[_, *modes], keywords=keywords):
            return may_write(modes[:1], keywords)
        case ast.Call(func=ast.Attribute(attr="open" | "fdopen"), args=args, keywords=keywords):
            return may_write([a for a in args[:2] if isinstance(a, ast.Constant)], keywords)
        case ast.Call(func=ast.Attribute(attr=name), args=args, keywords=keywords):
            places = [*args[:1], *(k.value for k in keywords if k.arg in PLACES)]
            given = any(not (isinstance(p, ast.Constant) and p.value is None) for p in places)
            return name in WRITERS or (name in WRITERS_TO_A_PLACE and given)
        case _:
            return False


def may_write(modes: list[ast.expr], keywords: list[ast.keyword]) -> bool:
    """Return whether a mode writes; one that is computed may."""
    return any(
        re.fullmatch(r"[rbt]*[wax+][rwaxbt+]*", mode.value) is not None
        if isinstance(mode, ast.Constant) and isinstance(mode.value, str)
        else not isinstance(mode, ast.Constant)
        for mode in [*modes, *(keyword.value for keyword in keywords if keyword.arg == "mode")]
    )


def runs_text(node: ast.AST) -> bool:
    """Return whether a node evaluates text: ``eval``, ``exec``, or YAML that builds objects."""
    match node:
        case ast.Name(id="eval" | "exec" | "compile") | ast.Attribute(attr="eval" | "exec"):
            return True
        case ast.Attribute(value=ast.Name(id="yaml"), attr=name):
            return re.fullmatch(r"(full_|unsafe_)?load(_all)?", name) is not None
        case ast.ImportFrom(module="yaml", names=names):
            return any(re.fullmatch(r"(full_|unsafe_)?load(_all)?", a.name) for a in names)
        case _:
            return False


@pytest.fixture
def bare_house() -> dict[str, str]:
    return {f"{PACKAGE}/{room}.py": '"""Empty."""\n' for room in ROOMS}


def test_the_house_keeps_its_rules() -> None:
    paths = sorted((ROOT / PACKAGE).rglob("*.py"))
    found = violations({p.relative_to(ROOT).as_posix(): p.read_text("utf-8") for p in paths})
    assert not found, "\n".join(found)


def test_arrows_only_run_down() -> None:
    below: set[str] = set()
    for name, room in ROOMS.items():
        assert set(room.rooms.split()) <= below, name
        below.add(name)


def test_an_empty_house_breaks_no_rule(bare_house: dict[str, str]) -> None:
    assert violations(bare_house) == []


@pytest.mark.parametrize(
    ("complaint", "module", "source"),
    [
        ("may not import", "levels", "import divide_index.publication.tables"),
        ("may not import", "levels", "from divide_index import tabulation"),
        ("may not import", "levels", "from divide_index import read_survey"),
        ("may not import", "levels", "from divide_index.cli import main"),
        ("may not import", "levels", "def f():\n    from divide_index.publication import tables"),
        ("may not import", "levels", "if TYPE_CHECKING:\n    import divide_index.cli"),
        ("may not import", "levels", "importlib.import_module('divide_index.publication')"),
        ("may not import", "levels", "import narwhals as nw\nnw.col('usage')"),
        ("may not import", "levels", "import narwhals\nnarwhals.col('usage')"),
        ("may not import", "levels", "from narwhals import col"),
        ("may not import", "inference/estimate", "import pandas"),
        ("may not import", "inference/estimate", "from divide_index.schema import SurveySchema"),
        ("may not import", "publication/tables", "import rich.table"),
        ("may not import", "__init__", "from divide_index.cli import main"),
        ("before it is asked", "__init__", "from divide_index.publication import tables"),
        ("relative", "levels", "from . import survey"),
        ("relative", "levels", "from .survey import Survey"),
        ("relative", "inference/design", "from .. import survey"),
        ("only cli", "levels", "print('83.1')"),
        ("only cli", "levels", "say = print"),
        ("only cli", "levels", "import sys\nsys.stdout.write('83.1')"),
        ("only cli", "levels", "import sys\nfirst = sys.argv[1]"),
        ("only cli", "levels", "from sys import argv"),
        ("only resources", "levels", "folder = __file__"),
        ("only resources", "levels", "import importlib.resources"),
        ("only resources", "levels", "from importlib import resources"),
        ("only resources", "levels", "from importlib.resources import files"),
        ("only output", "levels", "open('levels.csv', 'w')"),
        ("only output", "levels", "open('levels.csv', mode='ab')"),
        ("only output", "levels", "open('levels.csv', mode)"),
        ("only output", "levels", "path.open('r+')"),
        ("only output", "levels", "gzip.open('levels.gz', 'wt')"),
        ("only output", "levels", "path.write_text('83.1')"),
        ("only output", "levels", "path.write_bytes(b'83.1')"),
        ("only output", "levels", "frame.to_csv(path)"),
        ("only output", "levels", "frame.to_csv(path_or_buf=path)"),
        ("only output", "levels", "frame.to_parquet('levels.parquet')"),
        ("a module and a function", "levels", "def levels(): ..."),
        ("a module and a function", "inference/estimate", "def estimate(): ..."),
        ("a module and a function", "inference/__init__", "def inference(): ..."),
        ("becomes code", "levels", "eval('1 + 1')"),
        ("becomes code", "levels", "exec('1 + 1')"),
        ("becomes code", "levels", "frame.eval('a + b')"),
        ("becomes code", "schema", "import yaml\nyaml.load(text, yaml.Loader)"),
        ("becomes code", "schema", "from yaml import unsafe_load"),
        ("the table lacks the room utils", "utils", "import math"),
    ],
)
def test_a_planted_violation_is_seen(
    complaint: str, module: str, source: str, bare_house: dict[str, str]
) -> None:
    house = bare_house | {f"{PACKAGE}/{module}.py": source}
    [violation] = violations(house)
    assert complaint in violation


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("levels", "from divide_index.survey import Survey\nimport numpy as np"),
        ("inference/estimate", "from divide_index.inference.design import Design"),
        ("engine", "import narwhals as nw\nnw.col('usage')"),
        ("levels", "text = frame.to_csv()\nagain = frame.to_csv(None, index=False)"),
        ("reading/files", "open('survey.csv')\nopen('survey.csv', 'rb')\npath.open(mode='rb')"),
        ("resources", "folder = __file__"),
        ("output", "open('levels.csv', 'w')"),
        ("schema", "import yaml\nyaml.safe_load(text)"),
        ("cli/compute", "import sys\nprint(sys.argv)"),
        ("cli/compute", "from divide_index import read_survey"),
        ("__init__", "def __getattr__(name):\n    from divide_index.publication import tables"),
        ("__init__", "if TYPE_CHECKING:\n    from divide_index.publication import tables"),
    ],
)
def test_what_a_room_may_do_is_no_violation(
    module: str, source: str, bare_house: dict[str, str]
) -> None:
    house = bare_house | {f"{PACKAGE}/{module}.py": source}
    assert violations(house) == []


def test_a_room_of_the_table_must_exist(bare_house: dict[str, str]) -> None:
    del bare_house[f"{PACKAGE}/levels.py"]
    assert violations(bare_house) == ["the table has a room without a module: levels"]
