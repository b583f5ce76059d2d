"""What is printed of several years gives no suppressed level of any year back.

The attack of these tests is their own: what is hidden of each year is taken from the raw result,
and looked for in everything that is written.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, assume, given, settings

from divide_index import cli
from divide_index.change import compare_years, linked_levels
from divide_index.cli.console import render_links, render_years
from divide_index.errors import EstimationError
from divide_index.messages import Language, text
from divide_index.publication.linked import (
    PublishedLinked,
    linked_as_csv,
    linked_as_json,
    linked_provenance,
    protect_linked,
)
from divide_index.publication.year_files import years_as_csv, years_as_json, years_provenance
from divide_index.publication.year_parts import PublishedParts
from divide_index.publication.years import PublishedYears, protect_years
from divide_index.schema import SurveySchema
from divide_index.waves import read_waves
from tests.examples import examples
from tests.samples import SCHEMAS, Sample, compositions
from tests.test_decomposition_publication import numbers_in, row_numbers
from tests.year_samples import YEARS, by_year, years_frame, years_schema

pytestmark = pytest.mark.once  # words and layout of our own

LANGUAGES: tuple[Language, ...] = ("ko", "en")
EVERY_LANGUAGE = pytest.mark.parametrize("lang", LANGUAGES)
THRESHOLD = 10

Row = dict[str, Any]
Place = tuple[str, str]
Frames = Mapping[int, pd.DataFrame]


# -- years with few people somewhere -----------------------------------------------------------


def few(frame: pd.DataFrame, year: int, kept: int, **where: object) -> pd.DataFrame:
    """Return the records with few of those of a year who are somewhere."""
    inside = frame["year"] == year
    for column, value in where.items():
        inside &= frame[column] == value
    there = frame.index[inside]
    spread = there[np.linspace(0, len(there) - 1, kept).astype(int)]
    return frame.drop(index=there.difference(spread)).reset_index(drop=True)


def held_by_one(frame: pd.DataFrame, year: int, region: int) -> pd.DataFrame:
    """Return the records of which one person holds nearly all the weight of a region's year."""
    inside = (frame["year"] == year) & (frame["region"] == region)
    inside &= frame["sample"] == "general"
    frame.loc[frame.index[inside][1:], "weight"] = 0.01
    return frame


@dataclass(frozen=True, eq=False)
class World:
    """Several years as a reader sees them, and as they are."""

    frames: Frames
    schema: SurveySchema
    by: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def published(self) -> PublishedYears:
        """The years after disclosure control."""
        waves = read_waves(dict(self.frames), self.schema, lonely_psu="adjust")
        result = compare_years(waves, self.by, **self.options)
        return PublishedYears(result, protect_years(result))

    @cached_property
    def report(self) -> dict[str, Any]:
        """What is published."""
        return json.loads(years_as_json(PublishedParts(self.published), "en"))

    @cached_property
    def whole(self) -> dict[str, Any]:
        """What there is."""
        return json.loads(
            years_as_json(PublishedParts(PublishedYears(self.published.result, None)), "en")
        )

    @cached_property
    def hidden(self) -> dict[int, set[Place]]:
        """The cells of each year that are not published."""
        found: dict[int, set[Place]] = {}
        for row in self.report["levels"]:
            cells = found.setdefault(row["year"], set())
            if row["flag"] == "suppressed":
                cells.add((row["domain"], row["category"]))
        return found

    def is_hidden(self, kind: str, row: Row) -> bool:
        """Return whether a row must be hidden: a trend by any of its years, a change by two."""
        cell = (row["domain"], row["category"])
        if kind == "levels":
            return cell in self.hidden[row["year"]]
        years = self.hidden.keys() & (
            {row["first"], row["last"]}
            if kind == "changes"
            else {*range(row["first"], row["last"] + 1)}
        )
        return any(cell in self.hidden[year] for year in years)

    def rows(self, document: dict[str, Any], kind: str) -> list[Row]:
        """Return the levels, trends or changes of a document."""
        return document["levels"] if kind == "levels" else document["change"][kind]

    def page(self, lang: Language) -> str:
        """Return what a terminal shows."""
        return render_years(PublishedParts(self.published), lang, to_terminal=False)


@cache
def worlds() -> dict[str, World]:
    """Return years with small cells, and what is asked of them."""
    schema, some = years_schema(), years_frame()
    one_region = by_year(few(some.copy(), 2024, 4, sample="general", region=3))
    old = few(some.copy(), 2023, 8, sample="farmers")
    return {
        "a region of one year": World(one_region, schema, ("region",)),
        "crossed": World(by_year(some), schema, ("region*area", "group*region")),
        "a group of the first year": World(by_year(old), schema, ("area",)),
        "one holds a region": World(
            by_year(held_by_one(some.copy(), 2025, 2)), schema, ("region", "region*area")
        ),
        "part of the people": World(
            by_year(some), schema, ("region",), {"where": "age >= 60", "groups": ["rural", "urban"]}
        ),
    }


EVERY_WORLD = pytest.mark.parametrize("name", [*worlds()])
KINDS = ("levels", "trends", "changes")


def test_the_worlds_have_something_to_hide_in_one_year_and_not_in_another() -> None:
    for name, world in worlds().items():
        assert any(world.hidden.values()), name
        assert len({frozenset(cells) for cells in world.hidden.values()}) > 1, name
    assert worlds()["a region of one year"].hidden[2023] == set()
    assert ("region", "3") in worlds()["a region of one year"].hidden[2024]
    assert {("group", "farmers"), ("average", "vulnerable")} <= worlds()[
        "a group of the first year"
    ].hidden[2023]


@EVERY_WORLD
def test_no_number_of_a_suppressed_level_stands_anywhere(name: str) -> None:
    world = worlds()[name]
    secret: set[float] = set()
    public: set[float] = set()
    for kind in KINDS:
        before, after = world.rows(world.whole, kind), world.rows(world.report, kind)
        for row, told in zip(before, after, strict=True):
            if world.is_hidden(kind, row):
                secret |= row_numbers([row])
                kept = {k for k, v in told.items() if isinstance(v, int | float)}
                assert kept <= {"year", "first", "last"}, told
                assert (told["flag"], told.get("verdict", "")) == ("suppressed", "")
            else:
                public |= row_numbers([row])
                changed = {key for key in row if row[key] != told[key]}
                assert changed <= {"p_holm", "verdict", "flag"}, told
                assert told["flag"] in {"", "caution"}
    secret -= public
    assert len(secret) > 10
    assert secret.isdisjoint(numbers_in(world.report))
    lines = [*csv.DictReader(io.StringIO(years_as_csv(world.published)))]
    for row in lines:
        found = {float(v) for v in row.values() if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", v or "")}
        assert secret.isdisjoint(found), row
    assert json.loads(years_provenance(world.published)) == world.report["provenance"]


@EVERY_WORLD
def test_no_number_of_records_is_told_beside_a_suppressed_level(name: str) -> None:
    provenance = worlds()[name].report["provenance"]
    for year in provenance["years"]:
        assert year["input"]["records"] is None
        assert {each["records"] for each in year["input"]["files"]} <= {None}
    assert not any("count" in finding for finding in provenance["findings"])


@EVERY_WORLD
def test_the_family_of_tests_is_what_is_printed(name: str) -> None:
    world = worlds()[name]
    for kind in ("trends", "changes"):
        rows = world.rows(world.report, kind)
        tested = [row for row in rows if row["p_value"] is not None]
        adjusted = holm_by_hand([row["p_value"] for row in tested])
        assert [row["p_holm"] for row in tested] == pytest.approx(adjusted, rel=1e-12)
        for row, p in zip(tested, adjusted, strict=True):
            name = next(key for key in ("trend", "change") if key in row)
            said = ("rise" if row[name] > 0 else "fall") if p < 0.05 else "within"
            assert row["verdict"] == said


def holm_by_hand(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, written from his paper."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def test_a_family_that_held_hidden_tests_would_tell_of_them() -> None:
    """Some raw adjusted value is a multiple of a hidden p-value: so it must not be printed."""
    given_back = 0
    for world in worlds().values():
        for kind in ("trends", "changes"):
            before, after = world.rows(world.whole, kind), world.rows(world.report, kind)
            hidden = [
                row["p_value"]
                for row in before
                if world.is_hidden(kind, row) and row["p_value"] is not None
            ]
            count = sum(row["p_value"] is not None for row in before)
            multiples = {p * k for p in hidden for k in range(1, count + 1) if p * k < 1}
            raw = {row["p_holm"] for row in before if not world.is_hidden(kind, row)}
            told = {row["p_holm"] for row in after}
            given_back += len(near(raw, multiples))
            assert not near({p for p in told if p is not None}, multiples)
    assert given_back > 0


def near(numbers: Iterable[float | None], others: Iterable[float]) -> list[float]:
    """Return the numbers that some others are but for rounding."""
    table = np.array([*others])
    return [p for p in numbers if p is not None and np.isclose(table, p, rtol=1e-12, atol=0).any()]


@EVERY_WORLD
@EVERY_LANGUAGE
def test_the_page_prints_x_and_no_sentence_speaks_of_what_is_hidden(
    name: str, lang: Language
) -> None:
    world = worlds()[name]
    page = world.page(lang)
    assert re.search(r" x( |$)", page, flags=re.MULTILINE)
    hidden = sum(len(cells) for cells in world.hidden.values())
    note = text("note.disclosure", lang, threshold=THRESHOLD, count=hidden)
    assert "".join(note.split()) in "".join(page.split())
    schema = world.published.schema
    said = {
        row["label"]: row["text"]
        for row in json.loads(years_as_json(PublishedParts(world.published), lang))["change"][
            "sentences"
        ]
    }
    last = YEARS[-1]
    for group, part in schema.groups.items():
        words = said.get(part.label.of(lang), "")
        for row in world.whole["levels"]:
            if (row["domain"], row["category"]) != ("group", group) or row["n"] == 0:
                continue
            if row["dimension"] == "overall" and world.is_hidden("levels", row):
                assert f"{row['level']:.1f}%" not in words
                assert row["year"] != last or str(last) not in words


def test_a_year_that_hides_a_member_hides_the_average() -> None:
    world = worlds()["a group of the first year"]
    rows = [row for row in world.report["change"]["changes"] if row["domain"] == "average"]
    flags = {(r["first"], r["last"]): r["flag"] for r in rows if r["dimension"] == "overall"}
    assert flags[2023, 2024] == flags[2023, 2025] == "suppressed"
    assert flags[2024, 2025] != "suppressed"
    trends = {row["flag"] for row in world.report["change"]["trends"] if row["domain"] == "average"}
    assert trends == {"suppressed"}


@settings(max_examples=examples(5), phases=[Phase.generate])
@given(compositions(), compositions())
def test_nothing_suppressed_stands_in_any_two_surveys(one: Sample, two: Sample) -> None:
    world = World({2024: one.frame, 2025: two.frame}, one.schema, ("region*area", "group*region"))
    try:
        _ = world.hidden
    except EstimationError as error:
        assume(error.code not in {"DI-E240", "DI-E366"})  # the reference itself is too small
        raise
    secret: set[float] = set()
    public: set[float] = set()
    for kind in KINDS:
        for row in world.rows(world.whole, kind):
            (secret if world.is_hidden(kind, row) else public).update(row_numbers([row]))
    secret -= public
    assert secret.isdisjoint(numbers_in(world.report))


# -- linked levels -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a region of one year", "a group of the first year", "crossed"])
def test_a_linked_level_that_rests_on_a_suppressed_one_is_suppressed(name: str) -> None:
    world = worlds()[name]
    waves = read_waves(dict(world.frames), world.schema, lonely_psu="adjust")
    result = linked_levels(waves, world.by)
    published = PublishedLinked(result, protect_linked(result))
    report = json.loads(linked_as_json(published))
    whole = json.loads(linked_as_json(PublishedLinked(result, None)))
    secret: set[float] = set()
    public: set[float] = set()
    for row, told in zip(whole["change"]["linked"], report["change"]["linked"], strict=True):
        cell = (row["domain"], row["category"])
        way = range(min(row["year"], row["linked_to"]), max(row["year"], row["linked_to"]) + 1)
        if any(cell in world.hidden[year] for year in way):
            secret |= row_numbers([row])
            kept = {k for k, v in told.items() if isinstance(v, int | float)}
            assert (kept, told["flag"]) == ({"year", "linked_to"}, "suppressed")
        else:
            public |= row_numbers([row])
            assert told == row
    secret -= public
    assert secret
    assert secret.isdisjoint(numbers_in(report))
    assert len(linked_as_csv(published).splitlines()) == 1 + len(report["change"]["linked"])
    assert json.loads(linked_provenance(published)) == report["provenance"]
    for lang in LANGUAGES:
        page = render_links(published, lang, to_terminal=False)
        assert re.search(r" x( |$)", page, flags=re.MULTILINE)


# -- the command obeys -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a stacked file that has a small region in one year, in every format."""
    folder = tmp_path_factory.mktemp("few")
    frame = few(years_frame(), 2024, 4, sample="general", region=3)
    frame.to_csv(folder / "stacked.csv", index=False)
    given = ["--wave", "year", "--schema", str(SCHEMAS / "years.yaml"), "--by", "region"]
    for name, more in (
        *((f"report.{ending}", ()) for ending in ("json", "csv", "txt")),
        *((f"off.{ending}", ("--disclosure", "off")) for ending in ("json", "txt")),
        ("pool.json", ("--pool", "2023,2024")),
        ("linked.json", ("--linked",)),
    ):
        output = ["-o", str(folder / name), "--lang", "en"]
        arguments = ["trend", str(folder / "stacked.csv"), *given, *more, *output]
        assert cli.run(arguments) == 0
    return folder


def read(path: Path) -> dict[str, Any]:
    """Return a JSON document."""
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_file_of_the_command_passes_the_same_door(files: Path) -> None:
    world = worlds()["a region of one year"]
    report = read(files / "report.json")
    hidden = {
        (row["year"], row["domain"], row["category"])
        for row in report["levels"]
        if row["flag"] == "suppressed"
    }
    assert hidden == {(y, *cell) for y, cells in world.hidden.items() for cell in cells}
    assert read(files / "report.csv.provenance.json") == report["provenance"]
    assert re.search(r" x( |$)", (files / "report.txt").read_text("utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("name", ["report.json", "linked.json"])
def test_a_stacked_file_does_not_give_the_records_of_a_year_back(files: Path, name: str) -> None:
    """The records of the file less those of the years that hide nothing would be the year's."""
    for year in read(files / name)["provenance"]["years"]:
        assert year["input"]["records"] is None
        assert [each["records"] for each in year["input"]["files"]] == [None]


def test_without_disclosure_control_everything_is_printed_and_internal(files: Path) -> None:
    document = read(files / "off.json")
    assert {year["disclosure"] for year in document["provenance"]["years"]} == {"off"}
    assert "suppressed" not in {row["flag"] for row in document["levels"]}
    records = [year["input"]["records"] for year in document["provenance"]["years"]]
    assert sum(records) == len(few(years_frame(), 2024, 4, sample="general", region=3))
    page = (files / "off.txt").read_text(encoding="utf-8")
    assert "".join(text("note.internal", "en").split()) in "".join(page.split())
    assert not re.search(r" x( |$)", page, flags=re.MULTILINE)


def test_a_pool_is_protected_as_a_survey_is(files: Path) -> None:
    document = read(files / "pool.json")
    rows = {r["category"]: r for r in document["levels"] if r["domain"] == "region"}
    assert rows["3"]["n"] >= THRESHOLD  # with the people of the other year
    assert all(
        row["flag"] == "suppressed" or row["n"] >= THRESHOLD or row["n"] == 0
        for row in document["levels"]
    )
