"""Find a schema, read its YAML safely, merge what it extends, and say what is wrong with it."""

import datetime as dt
import difflib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from divide_index import resources
from divide_index.errors import SchemaError
from divide_index.schema.model import FORMAT, SurveySchema

_LARGEST_FILE = 2_000_000  # bytes: a schema is written by hand
_MOST_ALIASES = 200
_LARGEST_BLOCK = 5_000  # keys, after merging
_DEEPEST_EXTENSION = 10
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):
    """Safe YAML that says what plain YAML would turn into something else, or drop."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:  # noqa: ANN401
    if _unfolded(node, {}) > _LARGEST_BLOCK:
        raise SchemaError("DI-E115", schema="")
    seen: set[object] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if isinstance(key, dt.date):
            raise SchemaError("DI-E141", schema="", where=line)
        if not isinstance(key, str | int | float | bool) or key in seen:
            raise SchemaError("DI-E107", schema="", key=str(key), line=line)
        seen.add(key)
    loader.flatten_mapping(node)
    return dict(loader.construct_pairs(node, deep=True))


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
        raise SchemaError("DI-E141", schema="", where=node.start_mark.line + 1)
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
    path = _find(name_or_path)
    data = _read(path, depth=0)
    try:
        return SurveySchema.model_validate(data)
    except ValidationError as error:
        raise _explained(error, path.name, data) from None
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


def schema_for_columns(columns: Sequence[str]) -> SurveySchema:
    """Return the one schema whose columns are all in the file.

    Raises
    ------
    SchemaError
        None fits (the nearest is named with what it lacks), or several do.
    """
    present = set(columns)
    lacking: dict[str, list[str]] = {}
    fitting: dict[str, SurveySchema] = {}
    for name in packaged_schemas():
        schema = load_schema(name)
        missing = [c for v in schema.variables if (c := schema.column_of(v)) not in present]
        lacking[name] = missing
        if not missing:
            fitting[name] = schema
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        raise SchemaError("DI-E112", names=[*fitting])
    nearest = min(lacking, key=lambda name: len(lacking[name]))
    raise SchemaError("DI-E113", nearest=nearest, missing=lacking[nearest])


def _places() -> Iterator[Path]:
    extra = os.environ.get("DIVIDE_INDEX_SCHEMAS", "")
    folders = [Path("survey_schemas"), *(Path(part) for part in extra.split(os.pathsep) if part)]
    yield from (folder for folder in folders if folder.is_dir())
    yield resources.folder("survey_schemas")


def _find(name_or_path: str | Path) -> Path:
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


def _read(path: Path, *, depth: int) -> dict[str, Any]:
    if depth > _DEEPEST_EXTENSION:
        raise SchemaError("DI-E114", schema=path.name)
    data = _parse(path)
    version = data.get("format")
    if isinstance(version, int | float) and version > FORMAT:
        raise SchemaError("DI-E106", schema=path.name, format=version, known=FORMAT)
    parent = data.pop("extends", None)
    if parent is None:
        return data
    name = str(parent)
    beside = path.parent / (name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    base = _read(beside if beside.is_file() else _find(name), depth=depth + 1)
    return _merged(base, data)


def _parse(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SchemaError("DI-E105", schema=path.name, line=0, problem="UTF-8") from None
    except OSError as error:
        raise SchemaError("DI-E105", schema=path.name, line=0, problem=error.strerror) from None
    if len(raw) > _LARGEST_FILE or len(_ALIAS.findall(_COMMENT.sub("", text))) > _MOST_ALIASES:
        raise SchemaError("DI-E115", schema=path.name)
    try:
        data = _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise SchemaError(
            "DI-E105", schema=path.name, line=mark.line + 1 if mark else 0, problem=error.problem
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise SchemaError("DI-E105", schema=path.name, line=0, problem="YAML") from None
    except SchemaError as error:
        raise SchemaError(error.code, **{**error.params, "schema": path.name}) from None
    if not isinstance(data, dict):
        raise SchemaError("DI-E105", schema=path.name, line=1, problem="key: value")
    return cast("dict[str, Any]", data)


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


def _explained(error: ValidationError, schema: str, data: dict[str, Any]) -> SchemaError:
    """Turn what is wrong farthest inside into one sentence with its place."""
    errors = error.errors(include_url=False)
    first = max(errors, key=lambda each: len(_place(data, each["loc"], missing=False)))
    context = {key: value for key, value in first.get("ctx", {}).items() if key != "code"}
    outer = _place(data, first["loc"], missing=first["type"] == "missing")
    inner = context.pop("where", None)
    where = ".".join(str(part) for part in (*outer, inner) if part is not None) or "."
    if first["type"].startswith("DI-"):
        return SchemaError(first["type"], schema=schema, where=where, **context)
    if first["type"] == "missing":
        return SchemaError("DI-E116", schema=schema, where=where)
    return SchemaError("DI-E070", schema=schema, where=where, problem=first["msg"])


def _place(data: object, location: tuple[int | str, ...], *, missing: bool) -> list[int | str]:
    """Return the keys of the file among the steps of a validator, which has steps of its own."""
    found: list[int | str] = []
    node = data
    for step in location:
        if isinstance(node, dict) and step in node:
            node = cast("dict[object, object]", node)[step]
        elif isinstance(node, list) and isinstance(step, int):
            node = cast("list[object]", node)[step]
        else:
            continue
        found.append(step)
    if missing and location:
        found.append(location[-1])
    return found
