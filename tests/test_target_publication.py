"""What is printed of a target gives no suppressed definition and no suppressed part back.

The attack of these tests is their own: respondents are counted in the raw records, and what a
reader can add and subtract is found by linear algebra.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index import cli
from divide_index.cli.console import render_target
from divide_index.errors import EstimationError
from divide_index.messages import Language, text
from divide_index.publication.disclosure import protect
from divide_index.publication.target_files import (
    target_as_csv,
    target_as_json,
    target_provenance,
)
from divide_index.publication.targets import Levers, PublishedTarget, protect_target
from divide_index.schema import SurveySchema
from divide_index.scoring import score
from divide_index.survey import read_survey
from divide_index.target import LeverResult, TargetResult, distance_to_target, lever_effects
from tests.examples import examples
from tests.samples import SCHEMAS, small_frame
from tests.test_decomposition_publication import numbers_in, row_numbers

pytestmark = pytest.mark.once  # words and layout of our own

Mask = NDArray[np.bool_]
Row = dict[str, Any]

LANGUAGES: tuple[Language, ...] = ("ko", "en")
EVERY_LANGUAGE = pytest.mark.parametrize("lang", LANGUAGES)
THRESHOLD = 10


# -- surveys with few people somewhere ---------------------------------------------------------


@cache
def schema_with(**target: Any) -> SurveySchema:  # noqa: ANN401
    """Return the small schema, with domains that lie inside each other, and another target."""
    whole = yaml.safe_load((SCHEMAS / "small.yaml").read_text(encoding="utf-8"))
    whole["survey"]["year"] = 2025
    whole["variables"]["coast"] = {"codes": {"0": "0", "1": "1"}}
    whole["domains"]["coast"] = {"label": {"ko": "해안", "en": "Coast"}, "variable": "coast"}
    whole["target"] = {"group": "farmers", "level": 83, "year": 2027, "measures": ["usage"]}
    names = target.pop("definitions", "")
    definitions = {
        "outside": {
            "label": {"ko": "1·2지역 밖 농어민", "en": "Farmers outside regions 1 and 2"},
            "group": "farmers",
            "where": "region not in [1, 2]",
        },
        "old": {"label": {"ko": "고령층", "en": "Older people"}, "group": "old"},
    }
    whole["target"]["definitions"] = {k: v for k, v in definitions.items() if k in names.split()}
    whole["target"] |= target
    return SurveySchema.model_validate(whole)


def placed(*sizes: int) -> pd.DataFrame:
    """Return the small survey with so many farmers in each region, whatever their PSU."""
    frame = small_frame()
    farmers = frame.index[frame["sample"] == "farmers"]
    regions = np.repeat(np.arange(1, len(sizes) + 1), sizes)
    assert len(regions) <= len(farmers)
    order = np.random.default_rng(1).permutation(len(regions))
    frame = frame.drop(index=farmers[len(regions) :])
    frame.loc[farmers[: len(regions)], "region"] = regions[order]
    frame["coast"] = frame["region"].isin([1, 2]).astype(int)
    return frame.reset_index(drop=True)


def of_few_farmers(kept: int) -> pd.DataFrame:
    """Return the small survey with few farmers, in different PSUs."""
    frame = small_frame()
    farmers = frame.index[frame["sample"] == "farmers"]
    spread = farmers[np.linspace(0, len(farmers) - 1, kept).astype(int)]
    frame = frame.drop(index=farmers.difference(spread)).reset_index(drop=True)
    frame["coast"] = frame["region"].isin([1, 2]).astype(int)
    return frame


@dataclass(frozen=True, eq=False)
class World:
    """A target as a reader sees it, and as it is."""

    frame: pd.DataFrame
    schema: SurveySchema
    by: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def result(self) -> TargetResult:
        """The distances, raw."""
        survey = read_survey(self.frame, self.schema, lonely_psu="adjust")
        return distance_to_target(score(survey))

    @cached_property
    def levers(self) -> dict[str | None, LeverResult]:
        """The levers, raw."""
        scores = score(read_survey(self.frame, self.schema, lonely_psu="adjust"))
        return {name: lever_effects(scores, by=name, **self.options) for name in (None, *self.by)}

    @cached_property
    def published(self) -> PublishedTarget:
        """The target after disclosure control."""
        suppression = protect_target(self.result, self.by)
        levers = tuple(Levers(each, name, suppression) for name, each in self.levers.items())
        return PublishedTarget(self.schema, self.result, suppression, levers)

    @cached_property
    def report(self) -> dict[str, Any]:
        """What is published."""
        return json.loads(target_as_json(self.published, "en"))

    @cached_property
    def whole(self) -> dict[str, Any]:
        """What there is."""
        levers = tuple(Levers(each, name) for name, each in self.levers.items())
        every = PublishedTarget(self.schema, self.result, None, levers)
        return json.loads(target_as_json(every, "en"))

    @cached_property
    def hidden(self) -> set[str]:
        """The definitions and parts that are not published: a name, or a domain and a code."""
        rows = self.report["target"]["distances"]
        found = {row["definition"] for row in rows if row["flag"] == "suppressed"}
        for levers in self.report["target"]["levers"]:
            found |= {part_of(row) for row in levers if row["kind"] == "part" and hides(row)}
        return found

    def page(self, lang: Language) -> str:
        """Return what a terminal shows."""
        return render_target(self.published, lang, to_terminal=False)

    # -- people, from the raw records

    def sets(self) -> dict[str, Mask]:
        """Return who is in each definition and each part of the target's group."""
        frame = self.frame
        farmers = (frame["sample"] == "farmers").to_numpy(dtype=bool)
        general = ~farmers
        target = self.schema.target
        assert target is not None
        found = {"farmers": farmers}
        if "outside" in target.definitions:
            found["outside"] = farmers & ~frame["region"].isin([1, 2]).to_numpy(dtype=bool)
        if "old" in target.definitions:
            found["old"] = general & (frame["age"] >= 65).to_numpy(dtype=bool)
        for name in self.by:
            for code in sorted(frame[name].astype(str).unique()):
                inside = farmers & (frame[name].astype(str) == code).to_numpy(dtype=bool)
                if inside.any():
                    found[f"{name}/{code}"] = inside
        scored = frame[["access", "capability", "usage"]].notna().any(axis=1)
        counted = (scored & (frame["weight"] > 0)).to_numpy(dtype=bool)
        return {name: inside & counted for name, inside in found.items()}

    def found_out(self, hidden: set[str]) -> set[str]:
        """Return the hidden sets of few people whose number follows from those that are shown.

        People in the same sets are one unknown; what is shown are equations.
        """
        sets = self.sets()
        table = np.array([*sets.values()])
        kinds = np.unique(table[:, table.any(axis=0)], axis=1).astype(np.float64)
        names = [*sets]
        known = kinds[[place for place, name in enumerate(names) if name not in hidden]]
        rank = np.linalg.matrix_rank(known) if len(known) else 0
        return {
            name
            for place, name in enumerate(names)
            if name in hidden
            and sets[name].sum() < THRESHOLD
            and np.linalg.matrix_rank(np.vstack([known, kinds[place]])) == rank
        }


def part_of(row: Row) -> str:
    """Return the name of a part, from that of its lever."""
    return row["lever"].rpartition("/")[0]


def hides(row: Row) -> bool:
    """Return whether a lever has nothing but its names."""
    return row["status"] == ""


@cache
def worlds() -> dict[str, World]:
    """Return surveys with small cells, and what is asked of them."""
    nested = schema_with(definitions="outside old")
    return {
        "few in a region": World(placed(4, 40, 14, 60), schema_with(), ("region",)),
        "few inside a definition": World(placed(4, 40, 14, 60), nested, ("region",)),
        "a domain inside another": World(placed(4, 40, 14, 60), schema_with(), ("region", "coast")),
        "a small definition": World(placed(50, 60, 3, 4), schema_with(definitions="outside")),
        "few farmers": World(of_few_farmers(7), nested, ("area",)),
        "few farmers alone": World(of_few_farmers(7), schema_with(), ("area",)),
        "raised to a number": World(
            placed(3, 5, 50, 60), nested, ("region", "area"), {"raise_to": 90.0}
        ),
    }


EVERY_WORLD = pytest.mark.parametrize("name", [*worlds()])


def tables(document: dict[str, Any]) -> Iterator[list[Row]]:
    """Yield the tables of a document that have a row for everything."""
    yield document["target"]["distances"]
    yield from document["target"]["levers"]


def test_the_worlds_have_something_to_hide() -> None:
    hidden = {name: world.hidden for name, world in worlds().items()}
    assert all(hidden.values())
    assert "region/1" in hidden["few in a region"]
    assert "outside" in hidden["a small definition"]
    assert "farmers" in hidden["few farmers"]
    assert not {"farmers", "old"} & hidden["few inside a definition"]


@EVERY_WORLD
def test_no_number_of_a_suppressed_row_stands_anywhere(name: str) -> None:
    world = worlds()[name]
    secret: set[float] = set()
    public: set[float] = set()
    for before, after in zip(tables(world.whole), tables(world.report), strict=True):
        for row, told in zip(before, after, strict=True):
            own = part_of(row) if row.get("kind") == "part" else row["definition"]
            if {own, row["definition"]} & world.hidden:
                secret |= row_numbers([row])
                kept = {k for k, v in told.items() if isinstance(v, int | float)}
                assert kept <= {"target", "years_left"}, told
                words = {"definition", "dimension", "lever", "kind", "part", "flag"}
                assert {v for k, v in told.items() if isinstance(v, str) and k not in words} <= {""}
            else:
                public |= row_numbers([row])
                assert {k for k in row if row[k] != told[k]} <= {"flag"}
    for row in world.whole["target"]["alone"]:
        (secret if row["definition"] in world.hidden else public).update(row_numbers([row]))
    # What levers raise to by default are the reference's means, which stand in the provenance.
    secret -= public | {*numbers_in(world.whole["provenance"]["reference"])}
    assert len(secret) > 5
    assert secret.isdisjoint(numbers_in(world.report))
    for row in csv.DictReader(io.StringIO(target_as_csv(world.published))):
        assert (row["level"] == "") == (row["definition"] in world.hidden)
    assert json.loads(target_provenance(world.published)) == world.report["provenance"]


@EVERY_WORLD
def test_a_suppressed_definition_is_in_no_list_of_those_that_have_missed_the_target(
    name: str,
) -> None:
    world = worlds()[name]
    named = {row["definition"] for row in world.report["target"]["alone"]}
    assert not named & world.hidden
    missed = {row["definition"] for row in world.whole["target"]["alone"]}
    if missed and not missed - world.hidden:
        for lang in LANGUAGES:
            page = "".join(world.page(lang).split())
            assert "".join(text("note.target.alone", lang).split()) not in page


@EVERY_WORLD
def test_no_number_of_records_is_told_beside_a_suppressed_row(name: str) -> None:
    provenance = worlds()[name].report["provenance"]
    assert provenance["input"]["records"] is None
    assert {each["records"] for each in provenance["input"]["files"]} <= {None}
    assert not any("count" in finding for finding in provenance["findings"])


@EVERY_WORLD
def test_definitions_and_parts_together_give_no_small_part_back(name: str) -> None:
    assert worlds()[name].found_out(worlds()[name].hidden) == set()


@pytest.mark.parametrize("name", ["few inside a definition", "a domain inside another"])
def test_decided_each_by_itself_they_would_give_it_back(name: str) -> None:
    """So the test before can fail: definitions and each domain apart hide too little."""
    world = worlds()[name]
    apart = {cell.category for cell in protect(world.result.levels).suppressed}
    for by in world.by:
        suppressed = protect_target(world.result, [by]) if len(world.by) > 1 else None
        if suppressed is None:  # the parts without the other definitions
            own = World(world.frame, schema_with(), world.by)
            suppressed = protect_target(own.result, world.by)
        apart |= {f"{n}/{code}" for c in suppressed.suppressed for n, code in c.codes if n == by}
    assert world.found_out(apart) == {"region/1"}


@EVERY_WORLD
@EVERY_LANGUAGE
def test_the_page_prints_x_and_says_how_many(name: str, lang: Language) -> None:
    world = worlds()[name]
    page = world.page(lang)
    assert re.search(r" x( |$)", page, flags=re.MULTILINE)
    suppression = world.published.suppression
    assert suppression is not None
    hidden = len(suppression.suppressed)
    note = text("note.disclosure", lang, threshold=THRESHOLD, count=hidden)
    assert "".join(note.split()) in "".join(page.split())
    assert "INTERNAL" not in page
    public = {f"{number:.1f}" for number in numbers_in(world.report)}
    for row in world.whole["target"]["distances"]:
        if row["definition"] in world.hidden and f"{row['level']:.1f}" not in public:
            assert f"{row['level']:.1f}" not in page.partition("* ")[0].split()


@settings(max_examples=examples(15), phases=[Phase.generate])
@given(st.lists(st.integers(0, 40), min_size=4, max_size=4))
def test_no_small_part_of_any_regions_is_given_back(sizes: list[int]) -> None:
    assume(10 <= sum(sizes) <= int((small_frame()["sample"] == "farmers").sum()))
    schema = schema_with(definitions="outside old")
    world = World(placed(*sizes), schema, ("region", "coast"))
    try:
        hidden = world.hidden
    except EstimationError as error:
        assume(error.code not in {"DI-E240", "DI-E061"})
        raise
    few = {name for name, inside in world.sets().items() if 0 < inside.sum() < THRESHOLD}
    assert few <= hidden
    assert world.found_out(hidden) == set()


# -- the command obeys -------------------------------------------------------------------------

SECRET_GROUP = {
    "extends": "small",
    "name": "few",
    "survey": {"year": 2025},
    "groups": {"farmers": {"published": "farmers_fishers"}},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a survey of few farmers, whose series is published."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_LANG", raising=False)
    Path("small.yaml").write_text((SCHEMAS / "small.yaml").read_text("utf-8"), "utf-8")
    Path("few.yaml").write_text(yaml.safe_dump(SECRET_GROUP), encoding="utf-8")
    of_few_farmers(7).drop(columns="coast").to_csv("few.csv", index=False)
    return tmp_path


def said_by(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    """Return the exit code and all that a command says."""
    code = cli.run(["target", "few.csv", "--schema", "few.yaml", "--lonely", "adjust", *more])
    done = capsys.readouterr()
    return code, done.out + done.err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("kind", ["json", "csv", "table"])
@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--cost", "access.given=1:0"),  # a mix that gets nowhere says how far it gets
        ("--cost", "usage.given=1"),  # one that gets there says that it does
        ("--cost", "usage.given=1:100"),  # more than full scores says how much is left
        ("--by", "area"),
    ],
)
def test_no_option_makes_the_command_speak_of_a_suppressed_group(
    capsys: pytest.CaptureFixture[str], kind: str, more: tuple[str, ...]
) -> None:
    open_, shown = (
        said_by(capsys, *more[:2], "--by", "area", "--format", "json", "--disclosure", which)
        if "--cost" not in more
        else said_by(capsys, "--format", "json", "--disclosure", which)
        for which in ("off", "report")
    )
    assert (open_[0], shown[0]) == (0, 0)
    whole, report = (json.loads(each[1][each[1].index("{") :]) for each in (open_, shown))
    secret = set(numbers_in(whole["target"])) - set(numbers_in(report))
    levels = [row["level"] for row in whole["target"]["distances"]]
    assert set(levels) <= secret
    code, words = said_by(capsys, *more, "--format", kind)
    assert code == 0
    for number in secret:
        assert f"{number:.3f}" not in words
        assert repr(number) not in words
    assert f"{levels[0]:.1f}" not in words


@pytest.mark.usefixtures("folder")
def test_the_error_of_a_suppressed_group_is_not_taken_for_projections(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def target(*more: str) -> dict[str, Any]:
        code, words = said_by(capsys, "--format", "json", *more)
        assert code == 0
        return json.loads(words[words.index("{") :])["target"]

    whole = target("--disclosure", "off")
    assert whole["published_std_error"] == whole["distances"][0]["std_error"]
    assert not {"projections", "published_std_error", "paces"} & target().keys()
    named = target("--published-error", "0.71")  # the user's own, and the series is public
    assert named["published_std_error"] == 0.71
    assert named["distances"][0]["level"] is None
