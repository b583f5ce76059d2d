"""Find a schema, read its YAML safely, merge what it extends, and say what is wrong with it."""

import datetime as dt
import difflib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import yaml
from pydantic import ValidationError

from divide_index import resources
from divide_index.errors import SchemaError
from divide_index.schema.model import FORMAT, SurveySchema

_LARGEST_FILE = 2_000_000  # bytes: a schema is written by hand
_MOST_ALIASES = 200
_LARGEST_BLOCK = 5_000  # keys, after merging
_DEEPEST_EXTENSION = 10
_OF_CONDITIONS = {"DI-E108", "DI-E109", "DI-E110"}  # their words put schema and place in one
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Place: TypeAlias = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with, or could be better in, a schema, and where.

    Parameters
    ----------
    place
        The keys of the file that lead to it.
    code
        Its code.
    where
        The place in words.
    params
        What else the words of the code name.
    """

    place: Place
    code: str
    where: str
    params: Mapping[str, object]

    def params_in(self, schema: str) -> dict[str, object]:
        """Return all that the words name, told of a schema's file."""
        if self.code in _OF_CONDITIONS:
            return {**self.params, "place": f"{schema}: {self.where}"}
        return {**self.params, "schema": schema, "where": self.where}


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """One YAML file of a schema: its name, and its nodes, which know their lines."""

    name: str
    node: yaml.Node


class _Loader(_SafeLoader):
    """Safe YAML that says what plain YAML would turn into something else, or drop."""

    slips: list[SchemaError] | None = None  # where they are gathered instead of raised

    def refuse(self, slip: SchemaError) -> None:
        """Raise a slip, or gather it."""
        if self.slips is None:
            raise slip
        self.slips.append(slip)


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:  # noqa: ANN401
    seen: set[object] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if isinstance(key, dt.date):
            loader.refuse(SchemaError("DI-E141", schema="", where=line))
        elif not isinstance(key, str | int | float | bool) or key in seen:
            loader.refuse(SchemaError("DI-E107", schema="", key=str(key), line=line))
        else:
            seen.add(key)
    loader.flatten_mapping(node)
    pairs = loader.construct_pairs(node, deep=True)
    return {key: value for key, value in pairs if isinstance(key, str | int | float | bool)}


def _refuse_unfolding(root: yaml.Node | None) -> None:
    """Refuse aliases that would multiply, before a library unfolds or shortens them."""
    known: dict[int, int] = {}
    met: set[int] = set()
    left = [root]
    while left:
        node = left.pop()
        if node is None or id(node) in met or isinstance(node, yaml.ScalarNode):
            continue
        met.add(id(node))
        if isinstance(node, yaml.MappingNode):
            _unfolded(node, known)
            left += [part for pair in node.value for part in pair]
        else:
            left += node.value
    if max(known.values(), default=0) > _LARGEST_BLOCK:
        raise SchemaError("DI-E115", schema="")


def _unfolded(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many keys a block has once everything is merged into it."""
    if id(node) not in known:
        known[id(node)] = 0  # a block merged into itself
        total = 0
        for key_node, value in node.value:
            if key_node.tag != "tag:yaml.org,2002:merge":
                total += 1
                continue
            parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
            total += sum(_unfolded(p, known) for p in parts if isinstance(p, yaml.MappingNode))
        known[id(node)] = total
    return known[id(node)]


def _number(loader: Any, node: yaml.ScalarNode) -> int | float:  # noqa: ANN401
    """Read a number as it is written: 010 is no octal, 1:30 no sexagesimal, 1_000 no number."""
    if not _PLAIN_NUMBER.fullmatch(node.value):
        loader.refuse(SchemaError("DI-E141", schema="", where=node.start_mark.line + 1))
        return 0
    if node.tag.endswith("int"):
        return int(node.value)
    return float(loader.construct_yaml_float(node))


_PLAIN_NUMBER = re.compile(
    r"[-+]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?|[-+]?\.([0-9]+|nan|inf)", re.IGNORECASE
)
_ALIAS = re.compile(r"(?<![\w*])\*\w")
_COMMENT = re.compile(r"(?m)(^|\s)#.*$")
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


def load_schema(name_or_path: str | Path) -> SurveySchema:
    """Read a schema by its name or from a file.

    A name is looked for in ``./survey_schemas``, then in ``$DIVIDE_INDEX_SCHEMAS``, then among
    the packaged schemas.

    Parameters
    ----------
    name_or_path
        ``"endutih-2021"``, or a path that ends in ``.yaml`` or ``.yml``.

    Returns
    -------
    SurveySchema
        Validated whole: every name it uses exists, every set of weights sums to one.

    Raises
    ------
    SchemaError
        Not found, not YAML, an unknown key (with the nearest one), or a contradiction.
    """
    path = find_schema(name_or_path)
    data, _ = read_schema(path)
    try:
        return SurveySchema.model_validate(data)
    except ValidationError as error:
        # What is wrong farthest inside: of a union, the branch that was meant.
        first = max(problems_of(error, data), key=lambda problem: len(problem.place))
        raise SchemaError(first.code, **first.params_in(path.name)) from None
    except SchemaError as error:  # a condition: it says where it stands in the schema
        place = f"{path.name}: {error.params['place']}"
        raise SchemaError(error.code, **{**error.params, "place": place}) from None


def schema_hash(schema: SurveySchema) -> str:
    """Return the SHA-256 of a schema's content, the same for the same meaning."""
    meaning = schema.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(json.dumps(meaning, ensure_ascii=False).encode()).hexdigest()


def packaged_schemas() -> list[str]:
    """Return the names of the schemas on the search path, sorted."""
    return sorted({path.stem for place in _places() for path in place.glob("*.yaml")})


def _places() -> Iterator[Path]:
    extra = os.environ.get("DIVIDE_INDEX_SCHEMAS", "")
    folders = [Path("survey_schemas"), *(Path(part) for part in extra.split(os.pathsep) if part)]
    yield from (folder for folder in folders if folder.is_dir())
    yield resources.folder("survey_schemas")


def find_schema(name_or_path: str | Path) -> Path:
    """Return the file of a schema.

    Raises
    ------
    SchemaError
        There is none; the nearest names are told.
    """
    text = str(name_or_path)
    if text.endswith((".yaml", ".yml")) or os.sep in text:
        path = Path(name_or_path)
        if not path.is_file():
            raise SchemaError("DI-E104", schema=text, known=packaged_schemas())
        return path
    for place in _places():
        path = place / f"{text}.yaml"
        if path.is_file():
            return path
    known = packaged_schemas()
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.3)
    raise SchemaError("DI-E104", schema=text, known=near or known)


def read_schema(
    path: Path, slips: list[SchemaError] | None = None
) -> tuple[dict[str, Any], list[SchemaFile]]:
    """Read the YAML of a schema, merged with what it extends, and the files it came from.

    Parameters
    ----------
    path
        The schema's file.
    slips
        Takes repeated keys and numbers that YAML reads otherwise; without it, the first is
        raised.

    Returns
    -------
    data, files
        The file itself first, then what it extends.

    Raises
    ------
    SchemaError
        Not readable, not YAML, of a newer format, or extending in a circle.
    """
    return _read(path, slips, depth=0)


def _read(
    path: Path, slips: list[SchemaError] | None, *, depth: int
) -> tuple[dict[str, Any], list[SchemaFile]]:
    if depth > _DEEPEST_EXTENSION:
        raise SchemaError("DI-E114", schema=path.name)
    data, node = _parse(path, slips)
    file = SchemaFile(path.name, node)
    version = data.get("format")
    if isinstance(version, int | float) and version > FORMAT:
        raise SchemaError("DI-E106", schema=path.name, format=version, known=FORMAT)
    parent = data.pop("extends", None)
    if parent is None:
        return data, [file]
    name = str(parent)
    beside = path.parent / (name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    whole = beside if beside.is_file() else find_schema(name)
    base, files = _read(whole, slips, depth=depth + 1)
    return _merged(base, data), [file, *files]


def _parse(path: Path, slips: list[SchemaError] | None) -> tuple[dict[str, Any], yaml.Node]:
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SchemaError("DI-E105", schema=path.name, line=0, problem="UTF-8") from None
    except OSError as error:
        raise SchemaError("DI-E105", schema=path.name, line=0, problem=error.strerror) from None
    if len(raw) > _LARGEST_FILE or len(_ALIAS.findall(_COMMENT.sub("", text))) > _MOST_ALIASES:
        raise SchemaError("DI-E115", schema=path.name)
    here: list[SchemaError] = []
    try:
        loader = _Loader(text)
        loader.slips = None if slips is None else here
        node = loader.get_single_node()
        _refuse_unfolding(node)
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise SchemaError(
            "DI-E105", schema=path.name, line=mark.line + 1 if mark else 0, problem=error.problem
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise SchemaError("DI-E105", schema=path.name, line=0, problem="YAML") from None
    except SchemaError as error:
        raise SchemaError(error.code, **{**error.params, "schema": path.name}) from None
    if slips is not None:
        slips += [SchemaError(e.code, **{**e.params, "schema": path.name}) for e in here]
    if node is None or not isinstance(data, dict):
        raise SchemaError("DI-E105", schema=path.name, line=1, problem="key: value")
    return cast("dict[str, Any]", data), node


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay this year's keys over last year's; ``null`` takes a key away."""
    merged = dict(base)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], cast("dict[str, Any]", value))
        else:
            merged[key] = value
    return merged


def problems_of(error: ValidationError, data: dict[str, Any]) -> list[Problem]:
    """Return what pydantic found, as codes of ours with their places in the file."""
    return [
        _problem(cast("dict[str, Any]", each), data) for each in error.errors(include_url=False)
    ]


def _problem(error: dict[str, Any], data: dict[str, Any]) -> Problem:
    context = {key: value for key, value in error.get("ctx", {}).items() if key != "code"}
    place = _place(data, error["loc"])
    missing = error["loc"][-1] if error["type"] == "missing" else None
    if isinstance(missing, int):  # of a pair that has only one member
        missing = None
    inner = context.pop("where", None)
    where = ".".join(str(part) for part in (*place, missing, inner) if part is not None) or "."
    if error["type"].startswith("DI-"):
        return Problem(place, error["type"], where, context)
    if missing is not None:
        return Problem(place, "DI-E116", where, {})
    said = {"problem": error["msg"], "kind": error["type"], "context": context}
    return Problem(place, "DI-E070", where, said)


def _place(data: object, location: Place) -> Place:
    """Return the keys of the file among the steps of a validator, which has steps of its own."""
    found: list[int | str] = []
    node = data
    for step in location:
        if isinstance(node, dict) and step in node:
            node = cast("dict[object, object]", node)[step]
        elif isinstance(node, list) and isinstance(step, int):
            here = cast("list[object]", node)[step : step + 1]
            if not here:
                continue
            [node] = here
        else:
            continue
        found.append(step)
    return tuple(found)
