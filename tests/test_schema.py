"""A schema means what it says, and what is wrong with it is told with its place."""

import copy
import os
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pydantic
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from divide_index.errors import SchemaError
from divide_index.schema import (
    And,
    Compare,
    Condition,
    IsIn,
    Not,
    Or,
    SurveySchema,
    condition_text,
    editor_schema,
    lint_schema,
    load_schema,
    packaged_schemas,
    parse_condition,
    schema_hash,
    variables_of,
)
from tests.samples import ROOT, SCHEMAS

BASE = """
format: 1
name: base
title: {ko: 기본, en: Base}
survey: {name: Base survey}
variables:
  id: {type: text}
  weight: {type: number}
  stratum: {type: text}
  area: {codes: {U: {ko: 동, en: Urban}, R: {ko: 읍·면, en: Rural}}}
  region: {codes: {1: {ko: 서울, en: Seoul}, 2: null}}
  age: {type: number, range: [7, 100]}
  online: {column: Q1, codes: &yes_no {1: "yes", 2: "no"}, missing: [9]}
  skill: {column: Q2, codes: {1: a, 2: b, 3: c}, missing: [9]}
  shop: {column: Q3, codes: *yes_no, asked_if: online == 1, skip_means: 0}
design: {weight: weight, strata: [stratum], id: id}
items:
  online: {of: online, rule: share, codes: [1]}
  skill: {of: skill, rule: scale, goalposts: [1, 3]}
  shop: {of: shop, rule: map, scores: {1: 1, 2: 0}}
dimensions:
  access:
    label: {ko: 접근, en: Access}
    weight: 0.25
    indicators: {line: {label: {ko: 회선, en: Line}, weight: 1, items: [online]}}
  usage:
    label: {ko: 활용, en: Usage}
    weight: 0.75
    indicators:
      skill: {weight: 0.5, items: [skill]}
      shop: {weight: 0.5, items: [shop]}
reference: {label: Everybody}
groups:
  rural: {label: Rural, where: area == 'R'}
  old: {label: Old, where: age >= 65}
averages:
  both: {label: Both, members: {rural: 3, old: 4}}
domains:
  region: {label: Region, variable: region}
  age_group:
    label: Age
    variable: age
    bands: {young: [null, 29], old: [30, null]}
    band_labels: {young: {ko: 청년, en: Young}, old: {ko: 노년, en: Old}}
target: {group: rural, level: 83, year: 2027}
"""

GONE: Any = object()
PARSED: dict[str, Any] = yaml.safe_load(BASE)
DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
HEADERS = ["id", "weight", "stratum", "area", "region", "age", "Q1", "Q2", "Q3"]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, where only the packaged schemas are found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)


def base(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the base schema with changes at paths: ``groups__rural__where="area == 'U'"``."""
    schema = copy.deepcopy(PARSED)
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = schema
        for step in parents:
            node = node[step]
        if value is GONE:
            del node[last]
        else:
            node[last] = value
    return schema


def written(schema: Mapping[str, Any] | str | bytes, path: str = "schema.yaml") -> Path:
    """Write a schema into the working folder."""
    if isinstance(schema, Mapping):
        schema = yaml.dump(dict(schema), Dumper=DUMPER, allow_unicode=True, sort_keys=False)
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(schema if isinstance(schema, bytes) else schema.encode())
    return file


def loaded(schema: Mapping[str, Any] | str | bytes) -> SurveySchema:
    return load_schema(written(schema))


def refusal(schema: Mapping[str, Any] | str | bytes) -> SchemaError:
    with pytest.raises(SchemaError) as caught:
        loaded(schema)
    return caught.value


# -- what travels ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["endutih-2021", "example"])
def test_packaged_schemas_load(name: str) -> None:
    assert name in packaged_schemas()
    schema = load_schema(name)
    assert schema.name == name
    assert schema.dimensions
    for language in ("ko", "en"):
        assert schema.title.of(language)


def test_a_schema_is_frozen() -> None:
    schema = loaded(BASE)
    for node, field in ((schema, "name"), (schema.groups["rural"], "label"), (schema.title, "ko")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(node, field, "other")


# -- unknown keys ----------------------------------------------------------------------------

UNKNOWN = {
    "variabels": (".", "variables"),
    "title__eng": ("title", "en"),
    "survey__aproval_number": ("survey", "approval_number"),
    "variables__skill__code": ("variables.skill", "codes"),
    "variables__area__codes__R__kor": ("variables.area.codes.R", "ko"),
    "design__weigth": ("design", "weight"),
    "items__skill__goalpost": ("items.skill", "goalposts"),
    "dimensions__access__indicator": ("dimensions.access", "indicators"),
    "dimensions__usage__indicators__shop__item": ("dimensions.usage.indicators.shop", "items"),
    "reference__were": ("reference", "where"),
    "groups__rural__lable": ("groups.rural", "label"),
    "averages__both__member": ("averages.both", "members"),
    "domains__region__band": ("domains.region", "bands"),
    "target__levle": ("target", "level"),
}


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_key_is_refused_with_its_place_and_the_nearest_key(path: str) -> None:
    where, nearest = UNKNOWN[path]
    error = refusal(base(**{path: "x"}))
    assert error.code == "DI-E069"
    assert error.params["where"] == where
    assert error.params["key"] == path.rpartition("__")[2]
    assert list(error.params["nearest"]) == [nearest]  # pyright: ignore[reportArgumentType]
    assert error.params["schema"] == "schema.yaml"


# -- every rule of validation ----------------------------------------------------------------

ASSUMED = {"assumed": True, "source": "a guess"}
TWO_ITEMS = {"weight": 1, "rule": "weighted", "items": {"skill": 0.5, "shop": 0.4}}

# Code, the changes that reach it, and a part of the message that says what or where.
BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("DI-E068", {"dimensions__access__weight": 0.2}, "0.95"),
    ("DI-E068", {"dimensions__usage__indicators__shop__weight": 0.4}, "dimensions.usage"),
    ("DI-E068", {"dimensions__access__indicators__line": TWO_ITEMS}, "indicators.line"),
    ("DI-E070", {"unit": "family"}, "unit"),
    ("DI-E070", {"format": "one"}, "format"),
    ("DI-E070", {"name": 2025}, "name"),
    ("DI-E070", {"groups": ["rural"]}, "groups"),
    ("DI-E070", {"dimensions__access__weight": -0.25}, "dimensions.access.weight"),
    ("DI-E070", {"dimensions__access__weight": float("nan")}, "dimensions.access.weight"),
    ("DI-E070", {"domains__age_group__bands__old": [1, 2, 3]}, "domains.age_group.bands.old"),
    ("DI-E106", {"format": 2}, "2"),
    ("DI-E111", {"design__psu": "psus"}, "psus"),
    ("DI-E111", {"dimensions__access__indicators__line__items": ["onlin"]}, "onlin"),
    ("DI-E111", {"groups__rural__where": "areas == 'R'"}, "area"),
    ("DI-E111", {"averages__both__members": {"rural": 1, "young": 2}}, "young"),
    ("DI-E111", {"domains__region__variable": "province"}, "province"),
    ("DI-E111", {"survey__synthetic": "made_up"}, "made_up"),
    ("DI-E111", {"target__group": "rurals"}, "rurals"),
    ("DI-E111", {"target__applies_to": ["farmers"]}, "farmers"),
    ("DI-E111", {"target__dimension": "acces"}, "acces"),
    ("DI-E116", {"reference": GONE}, "reference"),
    ("DI-E116", {"dimensions__access__weight": GONE}, "dimensions.access.weight"),
    ("DI-E116", {"title": {"ko": "기본"}}, "title.en"),
    ("DI-E140", {"dimensions__access__weight": "0.25"}, "dimensions.access.weight"),
    ("DI-E140", {"variables__age__range": [True, 100]}, "variables.age.range.0"),
    ("DI-E141", {"variables__skill__missing": [None]}, "variables.skill.missing.0"),
    ("DI-E141", {"variables__skill__codes": {True: "a"}}, "variables.skill.codes"),
    ("DI-E141", {"variables__skill__missing": [float("nan")]}, "variables.skill.missing.0"),
    ("DI-E142", {"groups__rural__where": 2}, "groups.rural.where"),
    ("DI-E143", {"variables__1st": {"type": "text"}}, "variables.1st"),
    ("DI-E143", {"groups__-": {"label": "a", "where": "age > 3"}}, "groups.-"),
    ("DI-E143", {"variables___hidden": {"type": "text"}}, "variables._hidden"),
    ("DI-E144", {"title": ["Base"]}, "title"),
    ("DI-E144", {"variables__area": None}, "variables.area"),
    ("DI-E145", {"items__skill__assumed": True}, "items.skill"),
    ("DI-E145", {"target": {"group": "old", "level": 1, "year": 1, **ASSUMED}}, "target"),
    ("DI-E146", {"variables__area__codes": {}}, "variables.area"),
    ("DI-E147", {"variables__age__codes": {7: "seven"}}, "variables.age"),
    ("DI-E148", {"variables__area__range": [1, 2]}, "variables.area"),
    ("DI-E149", {"variables__area__missing": [9]}, "variables.area"),
    ("DI-E217", {"variables__area__tiles": {1: [1, 1]}}, "variables.area"),
    ("DI-E217", {"variables__area__tiles": {1: [1, 1], 2: [1, 1]}}, "variables.area"),
    ("DI-E149", {"variables__age__missing": ["none"]}, "variables.age"),
    ("DI-E150", {"variables__skill__missing": [3]}, "variables.skill"),
    ("DI-E150", {"variables__skill__missing": [9, 9.0]}, "variables.skill"),
    ("DI-E151", {"variables__skill__skip_means": 0}, "variables.skill"),
    ("DI-E151", {"variables__skill__skip_codes": [8]}, "variables.skill"),
    ("DI-E151", {"variables__shop__skip_means": GONE}, "variables.shop"),
    ("DI-E152", {"items__skill__of": GONE}, "items.skill"),
    ("DI-E152", {"items__skill__max_of": ["skill", "shop"]}, "items.skill"),
    ("DI-E153", {"items__skill__goalposts": GONE}, "items.skill"),
    ("DI-E153", {"items__skill__codes": [1]}, "items.skill"),
    ("DI-E153", {"items__shop__rule": "share"}, "items.shop"),
    ("DI-E154", {"items__skill__goalposts": [3, 1]}, "items.skill"),
    ("DI-E154", {"items__skill__goalposts": [1, 1]}, "items.skill"),
    ("DI-E155", {"items__online__direction": "negative"}, "items.online"),
    ("DI-E156", {"dimensions__access__indicators__line__rule": "weighted"}, "indicators.line"),
    ("DI-E156", {"dimensions__access__indicators__line__items": {"online": 1}}, "indicators.line"),
    ("DI-E157", {"dimensions__access__indicators__line__items": []}, "indicators.line"),
    ("DI-E158", {"dimensions__access__indicators__line__items": ["skill"] * 2}, "indicators.line"),
    ("DI-E159", {"averages__both__members": {"rural": 3}}, "averages.both"),
    ("DI-E160", {"averages__both__members": {"rural": 3, "old": "estimated"}}, "averages.both"),
    ("DI-E161", {"domains__total": {"label": "a", "variable": "area"}}, "total"),
    ("DI-E161", {"domains__where": {"label": "a", "variable": "area"}}, "where"),
    ("DI-E162", {"items__skill__of": "stratum"}, "stratum"),
    ("DI-E163", {"items__online__of": "age"}, "age"),
    ("DI-E164", {"items__skill__goalposts": [1, 2]}, "3"),
    ("DI-E164", {"items__shop__scores": {1: 1}}, "2"),
    ("DI-E164", {"items__shop__scores": {1: 1, 2: 0, 3: 1}}, "3"),
    ("DI-E164", {"items__online__codes": [7]}, "7"),
    ("DI-E164", {"items__skill": {"of": "weight", "rule": "scale", "goalposts": [0, 1]}}, "weight"),
    ("DI-E165", {"variables__area__column": "Q1"}, "Q1"),
    (
        "DI-E166",
        {"domains__place": {"label": "p", "variable": "area", "bands": {"a": [1, 2]}}},
        "place",
    ),
    ("DI-E167", {"domains__age_group__band_labels": {"young": "a"}}, "age_group"),
    ("DI-E168", {"domains__age_group__bands": {"young": [None, 30], "old": [30, 99]}}, "age_group"),
    ("DI-E168", {"domains__age_group__bands": {"young": [29, 7], "old": [30, 99]}}, "age_group"),
]
# What only the text of a file can do, not what it says.
BROKEN_TEXT: list[tuple[str, str | bytes, str]] = [
    ("DI-E105", "format: [1", "line"),
    ("DI-E105", "format:\n\t1", "line 2"),
    ("DI-E105", "", "schema.yaml"),
    ("DI-E105", "- a\n- list", "schema.yaml"),
    ("DI-E105", "a: 1\n---\na: 1", "schema.yaml"),
    ("DI-E105", BASE.encode("cp949"), "UTF-8"),
    ("DI-E105", "a: &a {b: *a}", "schema.yaml"),
    ("DI-E105", "[" * 5000 + "]" * 5000, "schema.yaml"),
    ("DI-E107", BASE + "\nunit: person\nunit: household\n", "unit"),
    ("DI-E107", BASE.replace("R: {ko: 읍", "U: {ko: 읍"), "line 10"),
    ("DI-E107", BASE.replace("rural: {label", "[rural, x]: {label"), "rural"),
    ("DI-E115", "a: [" + "*x, " * 201 + "]", "schema.yaml"),
    ("DI-E115", "# " + "x" * 2_000_001, "schema.yaml"),
    ("DI-E141", BASE.replace("R: {ko: 읍", "no: {ko: 읍"), "variables.area.codes"),
    ("DI-E141", BASE.replace("missing: [9]", "missing: [yes]", 1), "variables.online.missing"),
    ("DI-E141", BASE.replace("missing: [9]", "missing: [2024-03-04]", 1), "variables.online"),
]
ELSEWHERE = {"DI-E069", "DI-E114", "DI-E169"}  # each has tests of its own
EVERY = (
    {f"DI-E{number}" for number in ("068", "069", "070", 105, 106, 107, 111, 114, 115, 116, 217)}
    | {f"DI-E{number}" for number in range(140, 170)}
)  # fmt: skip


@pytest.mark.parametrize(
    ("code", "changes", "said"), BROKEN, ids=[f"{c}-{n}" for n, (c, _, _) in enumerate(BROKEN)]
)
def test_a_schema_that_contradicts_itself_is_refused(
    code: str, changes: dict[str, Any], said: str
) -> None:
    error = refusal(base(**changes))
    assert error.code == code
    assert error.params["schema"] == "schema.yaml"
    assert said in str(error)


@pytest.mark.parametrize(
    ("code", "text", "said"),
    BROKEN_TEXT,
    ids=[f"{code}-{number}" for number, (code, _, _) in enumerate(BROKEN_TEXT)],
)
def test_a_file_that_is_no_schema_is_refused(code: str, text: str | bytes, said: str) -> None:
    error = refusal(text)
    assert error.code == code
    assert said in str(error)


def test_every_rule_of_a_schema_is_tested_above() -> None:
    reached = {code for code, _, _ in [*BROKEN, *BROKEN_TEXT]}
    assert reached | ELSEWHERE == EVERY


PLACES = {
    "design__psu": ("psus", "design.psu"),
    "dimensions__access__indicators__line__items": (
        ["onlin"],
        "dimensions.access.indicators.line",
    ),
    "items__skill__of": ("skil", "items.skill"),
    "groups__rural__where": ("areas == 'R'", "groups.rural"),
    "averages__both__members": ({"rural": 1, "young": 2}, "averages.both"),
    "domains__region__variable": ("province", "domains.region"),
    "target__group": ("rurals", "target.group"),
}


@pytest.mark.parametrize("path", PLACES)
def test_a_name_that_does_not_exist_is_refused_with_the_place_of_its_use(path: str) -> None:
    value, place = PLACES[path]
    error = refusal(base(**{path: value}))
    assert error.code == "DI-E111"
    assert str(error.params["where"]).startswith(place)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("dimensions__access__indicators__line__items", 3, "dimensions.access.indicators.line"),
        ("dimensions__access__indicators__line", {**TWO_ITEMS, "items": {"skill": "1"}}, "skill"),
        ("averages__both__members__rural", "many", "averages.both.members.rural"),
        ("averages__both__members__rural", -1, "averages.both.members.rural"),
    ],
)
def test_a_place_is_told_in_words_of_the_schema(path: str, value: object, place: str) -> None:
    where = str(refusal(base(**{path: value})).params["where"])
    assert place in where
    for word in ("tuple[", "dict[", "function", "literal", "constrained"):
        assert word not in where


@pytest.mark.parametrize("where", ["area == 'X'", "area.x == 1", "area =="])
def test_a_wrong_condition_in_a_schema_is_refused_with_the_name_of_the_file(where: str) -> None:
    error = refusal(base(groups__rural__where=where))
    assert error.code in {"DI-E108", "DI-E110"}
    assert "schema.yaml" in str(error)


@pytest.mark.parametrize("newer", ["2", 2.0, "1.5"])
def test_a_newer_format_is_refused_however_it_is_written(newer: object) -> None:
    assert refusal(base(format=newer)).code in {"DI-E070", "DI-E106", "DI-E140"}


USED_BY = {"variables__weight__type": "design.weight"}


@pytest.mark.parametrize(
    "changes",
    [
        {"variables__weight__type": "text"},
        {"design__weight": "area"},
        {"design__fpc": "stratum"},
        {"survey__synthetic": "weight"},
    ],
)
def test_a_variable_that_cannot_do_its_work_in_the_design_is_refused(
    changes: dict[str, Any],
) -> None:
    [path] = changes
    error = refusal(base(**changes))
    assert error.code == "DI-E169"
    assert error.params["where"] == USED_BY.get(path, path.replace("__", "."))


@pytest.mark.parametrize("name", ["n", "level", "category", "dimension", "flag"])
def test_a_domain_may_not_take_the_name_of_a_column_of_the_results(name: str) -> None:
    error = refusal(base(**{f"domains__{name}": {"label": "a", "variable": "area"}}))
    assert error.code == "DI-E161"


# -- safe YAML -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system ['touch ran']",
        "!!python/object/new:os.system ['touch ran']",
        "!!python/name:os.system",
        "!!python/module:os",
        "!custom 1",
    ],
)
def test_no_tag_of_a_schema_makes_an_object(value: str) -> None:
    error = refusal(BASE + f"\nunit: {value}\n")
    assert error.code == "DI-E105"
    assert not Path("ran").exists()


def test_aliases_that_multiply_by_merging_are_refused() -> None:
    # Five levels of ten are quick; nine fit into 200 aliases and would fill any memory.
    pairs = zip("abcde", "bcdef", strict=True)
    levels = [f"{name}: &{name}\n  <<: [{', '.join([f'*{of}'] * 10)}]" for of, name in pairs]
    assert refusal("a: &a {k: 1}\n" + "\n".join(levels)).code == "DI-E115"


def test_merges_inside_merges_are_refused_before_they_are_unfolded() -> None:
    text = "{k: 1}"
    for level in range(6):  # three more levels would fill any memory from 500 bytes
        text = f"{{<<: [&n{level} {text}, {', '.join([f'*n{level}'] * 9)}]}}"
    tracemalloc.start()
    try:
        assert refusal(f"a: {text}").code == "DI-E115"
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_aliases_a_person_would_write_are_followed() -> None:
    schema = loaded(BASE)
    assert schema.variables["shop"].codes == schema.variables["online"].codes


def test_a_date_as_a_code_is_told_to_be_quoted() -> None:
    assert refusal(BASE.replace("R: {ko: 읍", "2024-03-04: {ko: 읍")).code == "DI-E141"


@pytest.mark.parametrize("label", ["yes", "2025", "2025-09-01"])
def test_a_label_that_yaml_reads_as_something_else_is_told_to_be_quoted(label: str) -> None:
    error = refusal(BASE.replace("{label: Everybody}", f"{{label: {label}}}"))
    assert error.params["where"] == "reference.label"
    assert "quotes" in str(error)


@pytest.mark.parametrize("code", ["010", "0x10", "0b1", "1_000", "12:30", "1:30.5"])
def test_a_number_that_yaml_reads_as_another_is_refused(code: str) -> None:
    error = refusal(BASE.replace("missing: [9]", f"missing: [{code}]", 1))
    assert error.code == "DI-E141"
    line = 1 + next(n for n, text in enumerate(BASE.splitlines()) if "missing: [9]" in text)
    assert str(line) in str(error)


@pytest.mark.parametrize(("code", "value"), [("-8", -8), ("0", 0), ("9.0", 9), ("99", 99)])
def test_a_plain_number_is_read_as_it_is_written(code: str, value: float) -> None:
    schema = loaded(BASE.replace("missing: [9]", f"missing: [{code}]", 1))
    assert schema.variables["online"].missing == (value,)


@pytest.mark.parametrize("path", ["schema.yaml", "nothing.yml", "folder/nothing"])
def test_a_path_without_a_file_is_refused_with_the_schemas_at_hand(path: str) -> None:
    with pytest.raises(SchemaError) as caught:
        load_schema(path)
    assert caught.value.code == "DI-E104"
    assert "example" in str(caught.value)


# -- extends ---------------------------------------------------------------------------------


def test_a_schema_extends_another_and_changes_only_what_it_says() -> None:
    written(BASE, "survey_schemas/last.yaml")
    changes = "extends: last\nname: this\ngroups:\n  old: {where: age >= 60}\n"
    written(changes, "survey_schemas/this.yaml")
    last, this = load_schema("last"), load_schema("this")
    assert this.name == "this"
    assert this.groups["old"].where == Compare("age", ">=", 60)
    assert this.groups["old"].label == last.groups["old"].label
    assert this.groups["rural"] == last.groups["rural"]
    assert this.dimensions == last.dimensions


def test_null_takes_a_key_away() -> None:
    written(BASE, "last.yaml")
    this = loaded("extends: last\naverages: null\ntarget: null\ngroups: {old: null}\n")
    assert this.averages == {}
    assert this.target is None
    assert [*this.groups] == ["rural"]


def test_a_list_replaces_a_list() -> None:
    written(BASE, "last.yaml")
    this = loaded("extends: last\nvariables: {skill: {missing: [8]}}\n")
    assert this.variables["skill"].missing == (8,)


def test_a_schema_may_extend_a_packaged_one() -> None:
    this = loaded("extends: endutih-2021\nname: mine\n")
    assert this.dimensions == load_schema("endutih-2021").dimensions


@pytest.mark.parametrize("length", [1, 2, 30])
def test_a_circle_of_extensions_is_refused(length: int) -> None:
    for number in range(length):
        written(f"extends: year{(number + 1) % length}\n", f"year{number}.yaml")
    with pytest.raises(SchemaError) as caught:
        load_schema("year0.yaml")
    assert caught.value.code == "DI-E114"


def test_a_newer_format_anywhere_in_the_chain_is_refused() -> None:
    written(base(format=2), "last.yaml")
    error = refusal("extends: last\nformat: 1\n")
    assert (error.code, error.params["schema"]) == ("DI-E106", "last.yaml")


def test_an_extension_of_nothing_is_refused() -> None:
    assert refusal("extends: nowhere\n").code == "DI-E104"


# -- the search path -------------------------------------------------------------------------


def test_a_name_is_looked_for_here_then_in_the_variable_then_in_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIVIDE_INDEX_SCHEMAS", os.pathsep.join(["nowhere", "first", "second"]))
    packaged = load_schema("endutih-2021").name
    places = ("second", "first", "survey_schemas")
    for place in places:
        written(base(name=place), f"{place}/endutih-2021.yaml")
        assert load_schema("endutih-2021").name == place
    assert packaged == "endutih-2021"
    written(BASE, "first/mine.yaml")
    assert {"mine", "example", "endutih-2021"} <= set(packaged_schemas())


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(SchemaError) as caught:
        load_schema("exampel")
    assert caught.value.code == "DI-E104"
    assert "example" in str(caught.value)


# -- conditions ------------------------------------------------------------------------------

CONDITIONS: dict[str, Condition] = {
    "area == 'R'": Compare("area", "==", "R"),
    '  area != "R" ': Compare("area", "!=", "R"),
    "age<65": Compare("age", "<", 65),
    "age <= 64.5": Compare("age", "<=", 64.5),
    "age > -1": Compare("age", ">", -1),
    "age >= 65": Compare("age", ">=", 65),
    "region in [1, 2]": IsIn("region", (1, 2)),
    "region in (1, -2)": IsIn("region", (1, -2)),
    "area not in ['U']": Not(IsIn("area", ("U",))),
    "not area == 'R'": Not(Compare("area", "==", "R")),
    "a == 1 and b == 2 and c == 3": And(
        (Compare("a", "==", 1), Compare("b", "==", 2), Compare("c", "==", 3))
    ),
    "a == 1 or b == 2 and not c == 3": Or(
        (Compare("a", "==", 1), And((Compare("b", "==", 2), Not(Compare("c", "==", 3)))))
    ),
    "(a == 1 or b == 2) and c == 3": And(
        (Or((Compare("a", "==", 1), Compare("b", "==", 2))), Compare("c", "==", 3))
    ),
    "지역 == '읍'": Compare("지역", "==", "읍"),
}
NO_CONDITIONS = [
    *("", "   ", "age", "True", "age >", "== 1", "age == 1;", "age == 1\nage == 2", "age = 1"),
    *("len(area) == 1", "__import__('os')", "area == chr(82)", "area.upper() == 'R'"),
    *("area.name == 'R'", "area[0] == 'R'", "age + 1 == 2", "age == 1 + 1", "-age == 1"),
    *("lambda: 1", "(lambda: area)() == 1", "(x := 1) == 1", "[age == 1]", "age == 1,"),
    *("area == region", "age == True", "age == None", "age is None", "age == ...", "age == 1j"),
    *("65 <= age", "'R' == 'R'", "18 < age < 65", "age == 1 == 1", "age == b'1'", "age == --1"),
    *("age == f'{1}'", "area in 'RU'", "age in range(3)", "age in {1, 2}", "age in [region]"),
    *("age in 1", "age if age else age", "age == [1]", "await age", "*age", "age == -'1'"),
    *("area == 'R\0'", "not", "age == 1 and", "~(age == 1)", "(yield)"),
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_is_read_as_data(text: str) -> None:
    assert parse_condition(text) == CONDITIONS[text]


@pytest.mark.parametrize("text", NO_CONDITIONS)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(SchemaError) as caught:
        parse_condition(text)
    assert caught.value.code == "DI-E108"
    assert caught.value.params["condition"] == text


@pytest.mark.parametrize("deep", ["(" * 400 + "age == 1" + ")" * 400, "not " * 5000 + "age == 1"])
def test_a_condition_deeper_than_python_reads_is_refused(deep: str) -> None:
    try:
        parse_condition(deep)
    except SchemaError as error:
        assert error.code == "DI-E108"  # noqa: PT017  a newer Python may read it


def test_the_variables_of_a_condition_are_found_at_any_depth() -> None:
    condition = parse_condition("not (a == 1 or b in [1]) and c != 2")
    assert variables_of(condition) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("where", "code", "said"),
    [
        ("ages >= 65", "DI-E109", "age"),
        ("zzz == 1", "DI-E109", "area"),
        ("area == 'X'", "DI-E110", "U, R"),
        ("area == 1", "DI-E110", "U, R"),
        ("region == '1'", "DI-E110", "1, 2"),
        ("region in [1, 3]", "DI-E110", "3"),
        ("region != 3", "DI-E110", "3"),
        ("age >= '65'", "DI-E110", "'65'"),
        ("online == 9", "DI-E110", "1, 2"),  # a missing code is never met: a slip, not a rule
        ("area == 'U' or not (age > 3 and region == 7)", "DI-E110", "7"),
    ],
)
def test_a_condition_names_variables_and_codes_of_the_schema(
    where: str, code: str, said: str
) -> None:
    schema = loaded(BASE)
    with pytest.raises(SchemaError) as caught:
        schema.check_condition(parse_condition(where))
    assert caught.value.code == code
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "where", ["area == 'R'", "region >= 3", "age == 7.5", "id == '007'", "area in ['U', 'R']"]
)
def test_a_condition_that_fits_the_schema_passes(where: str) -> None:
    loaded(BASE).check_condition(parse_condition(where))


# -- what a schema tells ---------------------------------------------------------------------


def test_every_assumption_is_listed_with_its_path() -> None:
    evidence = {"source": "a guess", "assumed": True, "alternatives": ["another"]}
    paths = [
        "variables.skill",
        "items.shop",
        "dimensions.usage",
        "dimensions.usage.indicators.skill",
        "reference",
        "groups.rural",
        "averages.both",
        "domains.age_group",
        "target",
    ]
    changes = {
        f"{path.replace('.', '__')}__{key}": value
        for path in paths
        for key, value in evidence.items()
    }
    schema = loaded(base(**changes))
    found = schema.assumptions()
    assert sorted(path for path, _ in found) == sorted(paths)
    assert all(part.source == "a guess" and part.alternatives for _, part in found)
    assert loaded(BASE).assumptions() == []


@pytest.mark.parametrize(
    ("path", "ko", "en"),
    [
        ("dimensions.access", "접근", "Access"),
        ("dimensions.access.indicators.line", "접근 / 회선", "Access / Line"),
        ("dimensions.usage.indicators.shop", "활용", "Usage"),
        ("groups.rural", "Rural", "Rural"),
        ("items.shop", "items.shop", "items.shop"),  # nothing on the way has a label
    ],
)
def test_an_element_is_named_by_the_labels_that_lead_to_it(path: str, ko: str, en: str) -> None:
    schema = loaded(BASE)
    assert (schema.element_label(path, "ko"), schema.element_label(path, "en")) == (ko, en)


@pytest.mark.parametrize(
    ("domain", "code", "ko", "en"),
    [
        ("region", "1", "서울", "Seoul"),
        ("region", "2", "2", "2"),  # declared without a label
        ("age_group", "young", "청년", "Young"),
    ],
)
def test_a_category_has_the_label_of_its_code_or_band(
    domain: str, code: str, ko: str, en: str
) -> None:
    schema = loaded(BASE)
    assert schema.category_label(domain, code, "ko") == ko
    assert schema.category_label(domain, code, "en") == en


def test_a_band_without_a_label_is_called_by_its_name() -> None:
    schema = loaded(base(domains__age_group__band_labels=GONE))
    assert schema.category_label("age_group", "young", "ko") == "young"


# -- the hash --------------------------------------------------------------------------------

SAME_MEANING: dict[str, Callable[[], str]] = {
    "a comment": lambda: "# checked by two people\n" + BASE,
    "another layout": lambda: str(yaml.safe_dump(base(), sort_keys=False)),
    "spaces in a condition": lambda: BASE.replace("area == 'R'", "\"( area=='R' )\""),
    "a default in words": lambda: BASE + "\nunit: person\nformula: weighted_ratios\n",
    "one label for both": lambda: BASE.replace(
        "{label: Everybody}", "{label: {ko: Everybody, en: Everybody}}"
    ),
    "a number with more zeros": lambda: BASE.replace("0.25", "0.250"),
}
OTHER_MEANING: dict[str, dict[str, Any]] = {
    "a weight": {"dimensions__access__weight": 0.2, "dimensions__usage__weight": 0.8},
    "a goalpost": {"items__skill__goalposts": [0, 3]},
    "a missing code": {"variables__skill__missing": [8]},
    "a code": {"groups__rural__where": "area == 'U'"},
    "an operator": {"groups__old__where": "age > 65"},
    "not": {"groups__rural__where": "not area == 'R'"},
    "and": {"groups__old__where": "age >= 65 and area == 'R'"},
    "or": {"groups__old__where": "age >= 65 or area == 'R'"},
    "a label": {"groups__rural__label": "Country"},
    "the target": {"target__level": 84},
}


@pytest.mark.parametrize("how", SAME_MEANING)
def test_a_schema_keeps_its_hash_while_it_means_the_same(how: str) -> None:
    text = SAME_MEANING[how]()
    assert text != BASE
    assert schema_hash(loaded(text)) == schema_hash(loaded(BASE))


def test_a_schema_keeps_its_hash_when_it_is_split_into_two_files() -> None:
    whole = schema_hash(loaded(BASE))
    written(base(target__level=70), "last.yaml")
    assert schema_hash(loaded("extends: last\ntarget: {level: 83}\n")) == whole


def test_every_change_of_meaning_changes_the_hash() -> None:
    hashes = {"base": schema_hash(loaded(BASE))}
    hashes |= {what: schema_hash(loaded(base(**how))) for what, how in OTHER_MEANING.items()}
    same = {what for what, value in hashes.items() if list(hashes.values()).count(value) > 1}
    assert same == set()


# -- conditions, written again -----------------------------------------------------------------

names = st.sampled_from(["area", "age", "지역", "q1_2", "x"])
constants = (
    st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
)
comparisons = st.builds(
    Compare, names, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), constants
)
lists = st.builds(IsIn, names, st.lists(constants, max_size=3).map(tuple))


def larger(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, parts) | st.builds(And, several) | st.builds(Or, several)


@given(st.recursive(comparisons | lists, larger, max_leaves=12))
def test_a_condition_that_is_written_out_is_read_back_as_it_was(condition: Condition) -> None:
    assert parse_condition(condition_text(condition)) == condition


@pytest.mark.parametrize(
    "text",
    [
        "area == 'R' and age >= 65",
        "(a == 1 or b == 2) and c == 3",
        "a == 1 or b == 2 and not c == 3",
        "area not in ['U', 'R']",
        "not (a == 1 and b == 2)",
        "age > -1.5",
    ],
)
def test_a_condition_is_written_as_a_person_writes_it(text: str) -> None:
    assert condition_text(parse_condition(text)) == text


# -- lint --------------------------------------------------------------------------------------

THIRTY = """
format: 1
name: 2025
titel: x
title: {ko: 기본}
unit: family
survey: {name: Base, yaer: 3, year: 20.5, response_rate: "80"}
variables:
  id: {type: text, codes: {1: a}}
  weight: {type: nmber}
  area: {codes: {U: Urban, R: Rural}, coeds: 3, msising: 2}
  region: {type: code}
  age: {type: number, range: [7], assumed: "x"}
  mixed: {codes: {1: a, b: b}}
  online: {codes: {1: a}, missing: [1]}
  skill: {codes: {1: a}, asked_if: online == 1}
  1st: {type: text}
files: {a: {header_row: 0, key: x}}
items:
  online: {of: online, rule: share}
  both: {of: online, max_of: [skill], rule: share, codes: [1]}
  scale: {of: skill, rule: scale, goalposts: [3, 1]}
dimensions:
  access:
    label: Access
    weight: -1
    indicators: {line: {label: Line, weight: 1, items: 3}}
  usage:
    label: Usage
    weight: 0.5
    indicators: {a: {weight: 0.5, items: [online]}, b: {weight: 0.4, items: [skill, skill]}}
reference: everybody
groups:
  rural: {label: Rural, where: area = 'R'}
  old: {label: 3, where: 65}
averages:
  both: {label: Both, members: {rural: many, old: estimated}}
  one: {label: One, members: {rural: 1}}
domains: {a: {label: A, variable: age, bands: {a: [1, 2, 3]}}}
target: {group: rural, level: 83}
"""


def problems(schema: Mapping[str, Any] | str | bytes) -> list[tuple[str, str, int]]:
    """Return code, place and line of all that lint says."""
    found = lint_schema(written(schema))
    return [(p.code, str(p.params.get("where")), int(str(p.params.get("line", 0)))) for p in found]


def line_of(text: str, schema: str) -> int:
    return 1 + next(n for n, line in enumerate(schema.splitlines()) if text in line)


def test_lint_names_every_mistake_of_a_file_with_its_line() -> None:
    found = problems(THIRTY)
    assert len(found) > 30
    assert all(code.startswith("DI-E") for code, _, _ in found)
    assert found == sorted(found, key=lambda each: each[2])
    assert {
        ("DI-E069", ".", line_of("titel", THIRTY)),
        ("DI-E069", "survey", line_of("yaer", THIRTY)),
        ("DI-E069", "variables.area", line_of("coeds", THIRTY)),
        ("DI-E108", "groups.rural.where", line_of("rural: {label", THIRTY)),
        ("DI-E116", "title.en", line_of("title: ", THIRTY)),
        ("DI-E116", "target.year", line_of("target", THIRTY)),
        ("DI-E140", "survey.response_rate", line_of("yaer", THIRTY)),
        ("DI-E143", "variables.1st", line_of("1st", THIRTY)),
        ("DI-E144", "reference", line_of("reference", THIRTY)),
        ("DI-E173", "name", line_of("name: 2025", THIRTY)),
        ("DI-E211", "unit", line_of("unit", THIRTY)),
        ("DI-E211", "variables.weight.type", line_of("nmber", THIRTY)),
        ("DI-E212", "files.a.key", line_of("files", THIRTY)),
        ("DI-E213", "variables.age.range", line_of("age: {type", THIRTY)),
        ("DI-E214", "dimensions.access.weight", line_of("weight: -1", THIRTY)),
        ("DI-E215", "survey.year", line_of("yaer", THIRTY)),
        ("DI-E216", "variables.age.assumed", line_of("age: {type", THIRTY)),
    } <= set(found)


def test_lint_finds_every_key_that_is_unknown_in_one_block() -> None:
    wrong = {f"survey__{key}": 1 for key in ("nme", "yaer", "contcat")}
    assert [code for code, _, _ in problems(base(**wrong))][:3] == ["DI-E069"] * 3


def test_a_typo_is_not_also_told_as_a_missing_key() -> None:
    found = problems(BASE.replace("reference:", "refernce:"))
    assert [(code, where) for code, where, _ in found] == [("DI-E069", ".")]


@pytest.mark.parametrize(("code", "changes", "said"), BROKEN)
def test_lint_tells_at_least_what_loading_tells(
    code: str, changes: dict[str, Any], said: str
) -> None:
    found = [p for p in lint_schema(written(base(**changes))) if isinstance(p, SchemaError)]
    finer = {f"DI-E{number}" for number in (140, 144, 173, *range(211, 217))}
    assert {each.code for each in found} & ({code} | (finer if code == "DI-E070" else set()))
    for each in found:
        assert each.code == "DI-E106" or "schema.yaml" in str(each)


@pytest.mark.parametrize(("code", "text", "said"), BROKEN_TEXT)
def test_lint_says_of_a_file_that_is_no_schema_what_loading_says(
    code: str, text: str | bytes, said: str
) -> None:
    assert code in [each.code for each in lint_schema(written(text))]


def test_lint_tells_what_does_not_fit_together_all_at_once() -> None:
    changes = {
        "design__weight": "area",
        "items__skill__goalposts": [2, 3],
        "items__shop__scores": {1: 1},
        "groups__rural__where": "area == 'X'",
        "groups__old__where": "age == '65'",
        "domains__age_group__bands": {"young": [None, 29], "old": [20, None]},
    }
    assert [(code, where) for code, where, _ in problems(base(**changes)) if "E" in code] == [
        ("DI-E169", "design.weight"),
        ("DI-E164", "items.skill"),
        ("DI-E164", "items.shop"),
        ("DI-E110", "groups.rural.where"),
        ("DI-E110", "groups.old.where"),
        ("DI-E168", "domains.age_group"),
    ]
    unknown = {"design__psu": "psus", "groups__rural__where": "areas == 1", "target__group": "x"}
    codes = [code for code, _, _ in problems(base(**unknown)) if code.startswith("DI-E")]
    assert codes == ["DI-E111"] * 3


def test_lint_finds_every_repeated_key_and_every_odd_number() -> None:
    text = BASE.replace("name: base", "name: base\nname: again").replace("[9]", "[010]")
    found = lint_schema(written(text))
    assert [each.code for each in found] == ["DI-E107", "DI-E141", "DI-E141"]


def test_lint_tells_the_line_of_the_file_that_says_it() -> None:
    written(BASE.replace("area == 'R'", "area = 'R'"), "last.yaml")
    this = "extends: last\nname: this\ngroups:\n  old: {where: 3}\n"
    found = lint_schema(written(this))
    assert [str(each).split(": ")[0] for each in found if isinstance(each, SchemaError)] == [
        "DI-E142 schema.yaml:4",
        f"DI-E108 last.yaml:{line_of('rural: {label', BASE)}",
    ]


ADVICE = {
    ("DI-W210", "variables.area"),
    ("DI-W210", "items.skill"),
    ("DI-W210", "dimensions.access.indicators.line"),
    ("DI-W210", "domains.region"),
    ("DI-W210", "target"),
    ("DI-W211", "variables.area"),
    ("DI-W211", "items.skill"),
    ("DI-W211", "dimensions.usage.indicators.shop"),
    ("DI-W212", "survey.name"),
    ("DI-W212", "groups.rural.label"),
    ("DI-W212", "variables.online.codes"),
    ("DI-W216", "variables.region.codes"),
}


def test_lint_advises_on_sources_and_labels() -> None:
    found = lint_schema(written(BASE))
    assert {(each.code, each.params["where"]) for each in found} >= ADVICE
    assert not any(isinstance(each, SchemaError) for each in found)
    explicit = base(survey__name={"ko": "ENDUTIH", "en": "ENDUTIH"})
    assert "survey.name" not in {where for _, where, _ in problems(explicit)}


def test_lint_advises_on_what_nothing_uses_and_on_labels_that_repeat_codes() -> None:
    changes = {
        "variables__extra": {"type": "number"},
        "items__extra": {"of": "age", "rule": "scale", "goalposts": [0, 100]},
        "variables__skill__codes": {1: "1", 2: {"ko": "중", "en": "2"}, 3: "High"},
        "groups__old__label": "old",
    }
    found = lint_schema(written(base(**changes)))
    said = {(each.code, each.params["where"]): each.params.get("labels") for each in found}
    assert said["DI-W213", "variables.skill.codes"] == ["1", "2"]
    assert said["DI-W213", "groups.old.label"] == ["old"]
    assert ("DI-W214", "variables.extra") in said
    assert ("DI-W215", "items.extra") in said
    assert ("DI-W214", "variables.age") not in said


def test_the_example_needs_hardly_any_advice() -> None:
    assert {each.code for each in lint_schema("example")} <= {"DI-W214"}


def test_lint_of_nothing_is_refused() -> None:
    with pytest.raises(SchemaError, match="DI-E104"):
        lint_schema("nothing")


# -- the format, for editors -------------------------------------------------------------------


def as_json(node: Any) -> Any:  # noqa: ANN401
    """Return YAML's data as an editor sees them: every key is a text."""
    if isinstance(node, dict):
        return {str(key): as_json(value) for key, value in node.items()}
    return [as_json(part) for part in node] if isinstance(node, list) else node


@pytest.fixture(scope="module")
def editor() -> Draft202012Validator:
    schema = editor_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


FILES = sorted([*(ROOT / "survey_schemas").glob("*.yaml"), *SCHEMAS.glob("*.yaml")])


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_schema_is_valid_for_an_editor(path: Path, editor: Draft202012Validator) -> None:
    data = as_json(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [error.message for error in editor.iter_errors(data)] == []


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_editor_marks_a_typo(path: str, editor: Draft202012Validator) -> None:
    assert editor.is_valid(as_json(base()))
    assert not editor.is_valid(as_json(base(**{path: "x"})))
    assert not editor.is_valid(as_json({"extends": "last", **base(**{path: "x"})}))


BOUNDS_ARE_TOLD = pytest.mark.skipif(
    tuple(int(part) for part in pydantic.VERSION.split(".")[:2]) < (2, 10),
    reason="older pydantic leaves some bounds out of a JSON Schema; loading refuses them all",
)


@pytest.mark.parametrize(
    "changes",
    [
        {"dimensions__access__weight": True},
        {"dimensions__access__weight": "0.25"},
        {"dimensions__access__weight": 0},
        pytest.param({"dimensions__access__weight": 1.5}, marks=BOUNDS_ARE_TOLD),
        pytest.param({"items__skill__scores": {1: 2}}, marks=BOUNDS_ARE_TOLD),
        {"items__skill__goalposts": [1]},
        {"variables__skill__missing": [True]},
        {"variables__1st": {"type": "text"}},
        {"variables__a b": {"type": "text"}},
        {"groups__rural__where": 1},
        {"groups__rural__label": 1},
        {"reference": None},
        {"format": 2},
        {"survey": GONE},
        {"title__en": GONE},
        {"extends": None, "survey": GONE},
    ],
)
def test_an_editor_marks_what_loading_refuses(
    changes: dict[str, Any], editor: Draft202012Validator
) -> None:
    assert not editor.is_valid(as_json(base(**changes)))
    with pytest.raises(SchemaError):
        loaded(base(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Base"},
        {"variables__지역": {"type": "text"}},
        {"variables__skill__codes": {"1": None, 2.5: "b"}, "items__skill__goalposts": [1, 3]},
        {"averages__both__members": {"rural": "estimated", "old": "estimated"}},
        {"survey__contact": None},
    ],
)
def test_an_editor_marks_nothing_that_may_be_written(
    changes: dict[str, Any], editor: Draft202012Validator
) -> None:
    assert editor.is_valid(as_json(base(**changes)))


def test_a_file_that_extends_another_needs_no_key_and_takes_keys_away(
    editor: Draft202012Validator,
) -> None:
    changes = {
        "extends": "last",
        "target": None,
        "groups": {"old": None, "rural": {"where": "a == 1"}},
    }
    assert editor.is_valid(changes)
    assert not editor.is_valid({key: value for key, value in changes.items() if key != "extends"})
    assert not editor.is_valid({**changes, "gruops": {}})


def test_every_key_is_explained_where_an_editor_shows_it() -> None:
    blocks = editor_schema()["$defs"]
    bare = [
        f"{name}.{key}"
        for name, block in blocks.items()
        for key, part in block.get("properties", {}).items()
        if not part.get("description")
    ]
    assert bare == []
    assert all(block["description"] for block in blocks.values())
