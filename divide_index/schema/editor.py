"""The format of a schema as JSON Schema, by which editors complete, check and explain it."""

import ast
import inspect
from functools import cache
from itertools import pairwise
from typing import Any, TypeAlias, cast

from pydantic import BaseModel

from divide_index.schema import parts
from divide_index.schema.model import SurveySchema
from divide_index.schema.nodes import Node, Text

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# An identifier that Python and ECMAScript read alike: of ASCII, letters, digits and _ alone.
_NAME = r"^(?![0-9_])[^\x00-/:-@\[-^`{-\x7f]+$"
_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
_NULL = {"type": "null"}

JsonSchema: TypeAlias = dict[str, Any]


def editor_schema() -> JsonSchema:
    """Return the JSON Schema (draft 2020-12) of the YAML files of schemas.

    A file with ``extends`` needs no key and takes keys away with ``null``: every block has a
    second definition for it.
    """
    whole = SurveySchema.model_json_schema()
    blocks = {"SurveySchema": whole, **whole.pop("$defs")}
    models = {model.__name__: model for model in _models()}
    defined: JsonSchema = {}
    for name, block in sorted(blocks.items()):
        described = _described(_plain(block), models[name])
        is_text = models[name] is Text
        defined[name] = _or_string(described) if is_text else described
        changes = _changes(described)
        defined[f"{name}Changes"] = _or_string(changes) if is_text else changes
    said = "The schema, by name or path, of which this file says what differs."
    for name, kinds in (("SurveySchema", "null"), ("SurveySchemaChanges", ["string", "number"])):
        defined[name]["properties"]["extends"] = {"type": kinds, "description": said}
    return {
        "$schema": _DIALECT,
        "title": "divide-index survey schema",
        "description": "What the columns of a survey mean, and the index made of them.",
        "type": "object",
        "if": {"required": ["extends"], "properties": {"extends": {"not": _NULL}}},
        "then": {"$ref": "#/$defs/SurveySchemaChanges"},
        "else": {"$ref": "#/$defs/SurveySchema"},
        "$defs": defined,
    }


def _models() -> list[type[Node]]:
    found = [each for each in vars(parts).values() if inspect.isclass(each)]
    return [SurveySchema, *(each for each in found if issubclass(each, Node))]


def _plain(node: JsonSchema) -> JsonSchema:
    """Return a schema without pydantic's titles and defaults, its bounds in JSON Schema's words."""
    plain: JsonSchema = {}
    for key, value in node.items():
        match key:
            case "title" | "default" | "description":
                continue
            case "properties":
                plain[key] = {name: _plain(part) for name, part in value.items()}
            case "patternProperties":
                [plain["additionalProperties"]] = [_plain(part) for part in value.values()]
                plain["propertyNames"] = {"pattern": _NAME}
            case "additionalProperties" | "items" if isinstance(value, dict):
                plain[key] = _plain(cast("JsonSchema", value))
            case "anyOf" | "prefixItems":
                plain[key] = [_plain(part) for part in value]
            case _:
                plain[_BOUNDS.get(key, key)] = value
    return plain


def _described(node: JsonSchema, model: type[BaseModel]) -> JsonSchema:
    docs = {
        name: doc for part in reversed(model.__mro__) for name, doc in _field_docs(part).items()
    }
    properties = {
        name: {**part, "description": docs[name]} if name in docs else part
        for name, part in node["properties"].items()
    }
    description = inspect.cleandoc(model.__doc__ or "").replace("``", "`")
    return {"description": description, **node, "properties": properties}


@cache
def _field_docs(model: type) -> dict[str, str]:
    """Return the texts that stand below the fields of a class; none if its source is not there.

    Pydantic could keep them, but would read the source of every class when it is imported.
    """
    if not issubclass(model, Node):
        return {}
    try:
        [tree] = ast.parse(inspect.getsource(model)).body
    except (OSError, SyntaxError, ValueError):
        return {}
    body = cast("ast.ClassDef", tree).body
    docs: dict[str, str] = {}
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(doc))),
            ):
                docs[name] = " ".join(doc.split())
            case _:
                pass
    return docs


def _or_string(node: JsonSchema) -> JsonSchema:
    """Return a label's schema: one text stands for both languages."""
    block = {key: value for key, value in node.items() if key != "description"}
    return {"description": node["description"], "anyOf": [{"type": "string"}, block]}


def _changes(node: JsonSchema) -> JsonSchema:
    """Return the schema of what differs from another file: nothing required, null takes away."""
    changed: JsonSchema = {}
    for key, value in node.items():
        match key:
            case "required":
                continue
            case "$ref":
                changed[key] = f"{value}Changes"
            case "properties":
                changed[key] = {name: _nullable(_changes(part)) for name, part in value.items()}
            case "additionalProperties" if isinstance(value, dict):
                changed[key] = _nullable(_changes(cast("JsonSchema", value)))
            case "anyOf":
                changed[key] = [_changes(part) for part in value]
            case _:
                changed[key] = value
    return changed


def _nullable(node: JsonSchema) -> JsonSchema:
    if _NULL in node.get("anyOf", ()):
        return node
    outer = {key: value for key, value in node.items() if key == "description"}
    inner = {key: value for key, value in node.items() if key != "description"}
    return {**outer, "anyOf": [*inner["anyOf"], _NULL] if [*inner] == ["anyOf"] else [inner, _NULL]}
