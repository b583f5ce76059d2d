"""All that is wrong with a schema at once, and what could be better in it."""

import copy
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import BaseModel, ValidationError

from divide_index.errors import Finding, SchemaError
from divide_index.schema.loading import (
    Place,
    Problem,
    SchemaFile,
    find_schema,
    problems_of,
    read_schema,
)
from divide_index.schema.model import Contradiction, SurveySchema
from divide_index.schema.nodes import Text
from divide_index.schema.parts import Variable, code_text

_MOST_ROUNDS = 50  # unknown keys of one block are found one by one
_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_QUOTED = re.compile(r"'([^']*)'")
_KINDS = {  # pydantic's kinds of error that have words of their own
    **dict.fromkeys(("literal_error", "enum"), "DI-E211"),
    **dict.fromkeys(("tuple_type", "list_type"), "DI-E212"),
    **dict.fromkeys(("missing", "too_long", "too_short"), "DI-E213"),
    **dict.fromkeys(
        (f"{word}_than{end}" for word in ("greater", "less") for end in ("", "_equal")), "DI-E214"
    ),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "DI-E215"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "DI-E216"),
    **dict.fromkeys(("dict_type", "model_type"), "DI-E144"),
    **dict.fromkeys(("finite_number", "float_type"), "DI-E140"),
    "string_type": "DI-E173",
}


def lint_schema(name_or_path: str | Path) -> list[SchemaError | Finding]:
    """Return everything that is wrong with a schema, and advice on what could be better.

    A file is looked at in three steps: its YAML, each block by itself, and how the blocks fit
    together. What a step finds wrong must be mended before the next step can say anything.

    Parameters
    ----------
    name_or_path
        As :func:`load_schema` takes it.

    Returns
    -------
    list of SchemaError and Finding
        Errors (DI-E...) in the order of the file, then advice (DI-W...). Each has the keys that
        lead to it as ``where``, and its ``line`` where the file has one.

    Raises
    ------
    SchemaError
        There is no such schema.
    """
    path = find_schema(name_or_path)
    slips: list[SchemaError] = []
    try:
        data, files = read_schema(path, slips)
    except SchemaError as error:
        return [*_once(slips), error]
    if slips:
        return [*_once(slips)]
    schema, problems = _checked(data)
    advice = [] if schema is None else [*_advice(schema, data)]
    return [
        *(SchemaError(each.code, **params) for each, params in _located(problems, files)),
        *(Finding.of(each.code, **params) for each, params in _located(advice, files)),
    ]


def _once(slips: Sequence[SchemaError]) -> list[SchemaError]:
    """Return slips without those of blocks that an alias repeats."""
    return [*{str(slip): slip for slip in slips}.values()]


def _checked(data: dict[str, Any]) -> tuple[SurveySchema | None, list[Problem]]:
    """Return the schema, if its blocks are sound, and what is wrong.

    A block with an unknown key is looked at no further, so these keys are taken out, and what
    is left is looked at again.
    """
    data = copy.deepcopy(data)
    unknown: list[Problem] = []
    for _ in range(_MOST_ROUNDS):
        contradictions: list[Contradiction] = []
        schema = None
        try:
            schema = SurveySchema.model_validate(data, context=contradictions)
            found = [_of_contradiction(each, data) for each in contradictions]
        except ValidationError as error:
            found = [_finer(each) for each in _innermost(problems_of(error, data))]
        strange = [problem for problem in found if problem.code == "DI-E069"]
        if not strange:
            break
        unknown += strange
        for problem in strange:
            _take_out(data, problem)
    else:
        return None, unknown
    meant = {(each.place, *cast("list[str]", each.params["nearest"])) for each in unknown}
    found = [each for each in found if (each.place, each.where.rpartition(".")[2]) not in meant]
    return schema, [*unknown, *found]


def _of_contradiction(error: Contradiction, data: dict[str, Any]) -> Problem:
    if isinstance(error, SchemaError):  # a condition
        where, params = str(error.params["place"]), dict(error.params)
    else:
        params = dict(error.context or {})
        where = str(params.pop("where", "."))
        params.pop("code")
    code = error.code if isinstance(error, SchemaError) else error.type
    return Problem(_keys(where, data), code, where, params)


def _keys(where: str, data: Any) -> Place:  # noqa: ANN401
    """Return as many of the keys of a place in words as the file has."""
    found: list[int | str] = []
    node = data
    for word in where.split("."):
        if not isinstance(node, dict):
            break
        block = cast("dict[int | str, Any]", node)
        key = next((key for key in block if str(key) == word), None)
        if key is None:
            break
        found.append(key)
        node = block[key]
    return tuple(found)


def _innermost(problems: Sequence[Problem]) -> list[Problem]:
    """Return one problem for each place, and none of what only surrounds another.

    Where several kinds of value are allowed, each of them complains: the one that was meant
    complains farthest inside.
    """
    around = {problem.place[:depth] for problem in problems for depth in range(len(problem.place))}
    found: dict[tuple[Place, str], Problem] = {}
    for problem in problems:
        has_key = problem.code in {"DI-E069", "DI-E116"}  # of a block, and told of one key of it
        if has_key or problem.place not in around:
            found.setdefault((problem.place, problem.where if has_key else ""), problem)
    return [*found.values()]


def _finer(problem: Problem) -> Problem:
    """Return a problem of a value's kind under the code that says which kind is meant."""
    kind = str(problem.params.get("kind"))
    if problem.code != "DI-E070" or kind not in _KINDS:
        return problem
    context = cast("dict[str, Any]", problem.params["context"])
    bounds = [f"{sign} {context[name]:g}" for name, sign in _SIGNS.items() if name in context]
    expected = _QUOTED.findall(str(context.get("expected")))
    params = {"expected": expected, "bounds": bounds}
    return Problem(problem.place, _KINDS[kind], problem.where, params)


def _take_out(data: dict[str, Any], problem: Problem) -> None:
    node: Any = data
    for step in problem.place:
        node = node[step]
    block = cast("dict[object, Any]", node)
    for key in [key for key in block if str(key) == problem.params["key"]]:
        del block[key]


# -- advice ----------------------------------------------------------------------------------


def _advice(schema: SurveySchema, data: dict[str, Any]) -> Iterator[Problem]:
    """Yield what a careful reader would ask about a schema that is sound in itself."""
    for path, part in schema.evidence():
        is_method = not isinstance(part, Variable) or part.codes or part.range is not None
        if is_method and not _says_something(part.source or ""):
            yield Problem(_keys(path, data), "DI-W210", path, {})
    yield from _labels_missing(schema, data)
    yield from _labels_of_one_language(schema, data)
    used = {name for _, name in schema.variable_uses()}
    used |= {name for file in schema.files.values() for name in file.key}
    for name in schema.variables:
        if name not in used:
            yield Problem(("variables", name), "DI-W214", f"variables.{name}", {})
    scored = {name for _, name in schema.item_uses()}
    for name in schema.items:
        if name not in scored:
            yield Problem(("items", name), "DI-W215", f"items.{name}", {})


def _labels_missing(schema: SurveySchema, data: dict[str, Any]) -> Iterator[Problem]:
    labelled = {
        **{f"variables.{name}": part.label for name, part in schema.variables.items()},
        **{f"items.{name}": part.label for name, part in schema.items.items()},
        **{
            f"dimensions.{name}.indicators.{inner}": part.label
            for name, dimension in schema.dimensions.items()
            for inner, part in dimension.indicators.items()
        },
    }
    for path, label in labelled.items():
        if label is None:
            yield Problem(_keys(path, data), "DI-W211", path, {})
    for place, label, _ in _labels(schema, data, ()):
        if not (_says_something(label.ko) and _says_something(label.en)):
            yield Problem(place, "DI-W211", ".".join(map(str, place)), {})
    for name, variable in schema.variables.items():
        bare = [code_text(code) for code, label in variable.codes.items() if label is None]
        if bare:
            where = f"variables.{name}.codes"
            yield Problem(_keys(where, data), "DI-W216", where, {"codes": bare})


def _says_something(words: str) -> bool:
    """Return whether a text is more than the dots of a template."""
    return any(letter.isalnum() for letter in words)


def _labels_of_one_language(schema: SurveySchema, data: dict[str, Any]) -> Iterator[Problem]:
    """Yield labels that are one text for both languages or only say the code or name again.

    The codes of a variable are told together.
    """
    single: dict[Place, list[str]] = {}
    same: dict[Place, list[str]] = {}
    for place, label, written in _labels(schema, data, ()):
        *block, key = place
        is_of_code = "codes" in block
        name = code_text(key if is_of_code else block[-1] if block else key)
        where = tuple(block) if is_of_code else place
        if name in {label.ko.strip(), label.en.strip()}:
            same.setdefault(where, []).append(name)
        elif isinstance(written, str) and any(letter.isalpha() for letter in written):
            single.setdefault(where, []).append(written)
    for code, found in (("DI-W212", single), ("DI-W213", same)):
        for place, labels in found.items():
            yield Problem(place, code, ".".join(map(str, place)), {"labels": labels})


def _labels(node: object, written: object, place: Place) -> Iterator[tuple[Place, Text, object]]:
    """Yield every label with its place and with what the file says there."""
    parts: dict[int | str, object] = {}
    if isinstance(node, Text):
        yield place, node, written
    elif isinstance(node, BaseModel):
        parts = {name: getattr(node, name) for name in type(node).model_fields}
    elif isinstance(node, dict):
        parts = cast("dict[int | str, object]", node)
    block = cast("dict[object, object]", written) if isinstance(written, dict) else {}
    for name, part in parts.items():
        yield from _labels(part, block.get(name), (*place, name))


# -- lines -----------------------------------------------------------------------------------


def _located(
    problems: Sequence[Problem], files: Sequence[SchemaFile]
) -> list[tuple[Problem, dict[str, object]]]:
    """Return problems in the order of the files, with their parameters and lines."""
    found: list[tuple[int, int, Problem, dict[str, object]]] = []
    for problem in problems:
        file, line = _line(problem, files)
        name = files[file].name
        params = problem.params_in(f"{name}:{line}" if line else name)
        params |= {"line": line, "where": problem.where}
        found.append((file, line, problem, params))
    found.sort(key=lambda each: (each[0], each[1] or math.inf))  # what has no line is to add
    return [(problem, params) for _, _, problem, params in found]


def _line(problem: Problem, files: Sequence[SchemaFile]) -> tuple[int, int]:
    """Return the file that says most of a place, by its index, and the line; 0 for the whole."""
    place = problem.place
    if problem.code == "DI-E069":
        place = (*place, str(problem.params["key"]))
    best, deepest = (0, 0), 0
    for index, file in enumerate(files):
        depth, line = _line_in(file.node, place)
        if depth > deepest:
            best, deepest = (index, line), depth
    return best


def _line_in(node: yaml.Node, place: Place) -> tuple[int, int]:
    """Return how many keys of a place a file has, and the line of the last of them."""
    depth, line = 0, 0
    for step in place:
        below: list[tuple[yaml.Node, yaml.Node]] = []
        if isinstance(node, yaml.MappingNode):
            below = [(key, value) for key, value in node.value if key.value == str(step)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            below = [(value, value) for value in node.value[step : step + 1]]
        if not below:
            break
        key, node = below[-1]  # what is merged in stands before what replaces it
        depth, line = depth + 1, key.start_mark.line + 1
    return depth, line
