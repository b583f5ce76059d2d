"""What is printed of a decomposition gives no suppressed group back, and can be quoted.

The attack of these tests is their own: who is in a group, and who has all it takes, is taken from
the raw records; what a reader can compute from the printed groups, by linear algebra and linear
programmes.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import Phase, assume, given, settings
from numpy.typing import NDArray
from rich.cells import cell_len
from scipy.optimize import linprog

from divide_index import cli
from divide_index.cells import Cell
from divide_index.cli.console import render_decomposition
from divide_index.decomposition import decompose_gap
from divide_index.errors import EstimationError, Finding
from divide_index.messages import Language, text
from divide_index.messages.particles import UnspokenError, with_particle
from divide_index.publication.decomposition_files import (
    decomposition_as_csv,
    decomposition_as_json,
    decomposition_provenance,
)
from divide_index.publication.decomposition_tables import cases_words, decomposition_sentences
from divide_index.publication.decompositions import (
    BasisFigures,
    PublishedDecomposition,
    protect_decomposition,
)
from divide_index.publication.disclosure import DisclosureRule
from divide_index.schema import SurveySchema, load_schema
from divide_index.scoring import score
from divide_index.simulate import simulate_survey
from divide_index.survey import read_survey
from tests.examples import examples
from tests.samples import DIMENSIONS, SCHEMAS, Sample, compositions, two_samples_frame
from tests.test_decompose_command import Document, Row, check_sums, printed_tables, shown

pytestmark = pytest.mark.once  # words and layout of our own

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Place = tuple[str, str]

RULE = DisclosureRule()
FACTORS = ("sex", "age", "education", "income", "occupation")
LANGUAGES: tuple[Language, ...] = ("ko", "en")
EVERY_LANGUAGE = pytest.mark.parametrize("lang", LANGUAGES)
APART = 1e-6  # of a needed width: two solvers' tolerances

approx = pytest.approx


# -- surveys with few people somewhere ---------------------------------------------------------

LABELS = {
    "sex": {"ko": "성별", "en": "Sex"},
    "education": {"ko": "학력", "en": "Education"},
    "income": {"ko": "소득", "en": "Income"},
    "occupation": {"ko": "직업", "en": "Occupation"},
}
UNSPOKEN = "ΩΣ"  # nobody can tell which particle follows it


def labelled() -> dict[str, Any]:
    """Return the schema of two samples, its factors labelled."""
    whole = yaml.safe_load((SCHEMAS / "two_samples.yaml").read_text(encoding="utf-8"))
    for name, label in LABELS.items():
        whole["decomposition"]["factors"][name]["label"] = label
    return whole


@cache
def schema_of_two(*unspoken: str) -> SurveySchema:
    """Return the schema of two samples, in some places with a label that cannot be spoken."""
    whole = labelled()
    for place in unspoken:
        node = whole
        for step in place.split("."):
            node = node[step]
        node["label"] = {"ko": UNSPOKEN, "en": UNSPOKEN}
    return SurveySchema.model_validate(whole)


def three_in_a_cell() -> pd.DataFrame:
    """Return the survey with three rural people of a region, and another that lacks its income."""
    frame = two_samples_frame()
    general = frame["sample"] == "general"
    few = frame.index[general & (frame["region"] == 3) & (frame["area"] == "R")]
    frame = frame.drop(index=few[3:])
    lacking = (frame["sample"] == "general") & (frame["region"] == 1) & frame["income"].notna()
    frame.loc[frame.index[lacking][4:], "income"] = np.nan
    return frame.reset_index(drop=True)


def four_in_a_region() -> pd.DataFrame:
    """Return the survey with a region of four people, none of whom is rural."""
    frame = two_samples_frame()
    region = (frame["sample"] == "general") & (frame["region"] == 3)
    frame = frame.drop(index=frame.index[region & (frame["area"] == "R")])
    few = frame.index[(frame["sample"] == "general") & (frame["region"] == 3)]
    return frame.drop(index=few[4:]).reset_index(drop=True)


def lacking_income() -> pd.DataFrame:
    """Return the survey with two regions of many people, few of whom told their income."""
    frame = two_samples_frame()
    for region, kept in ((1, 6), (2, 5)):
        told = (
            (frame["sample"] == "general") & (frame["region"] == region) & frame["income"].notna()
        )
        frame.loc[frame.index[told][kept:], "income"] = np.nan
    return frame


@dataclass(frozen=True, eq=False)
class World:
    """A decomposition as a reader sees it, and as it is."""

    frame: pd.DataFrame
    schema: SurveySchema
    by: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def published(self) -> PublishedDecomposition:
        """The decomposition after disclosure control."""
        survey = read_survey(self.frame, self.schema, lonely_psu="adjust")
        result = decompose_gap(score(survey), self.by, **self.options)
        return PublishedDecomposition(result, protect_decomposition(result))

    @cached_property
    def report(self) -> Document:
        """What is published."""
        return Document(decomposition_as_json(self.published, "en"))

    @cached_property
    def whole(self) -> Document:
        """What there is."""
        every = PublishedDecomposition(self.published.result, None)
        return Document(decomposition_as_json(every, "en"))

    @cached_property
    def hidden(self) -> list[Place]:
        """The decomposed groups that are not published."""
        rows = self.report.quality["bases"]
        return [(row["domain"], row["category"]) for row in rows if row["n"] is None]

    @property
    def shown(self) -> list[Place]:
        """Those that are."""
        return [cell for cell in self.report.cells if cell not in self.hidden]

    @cached_property
    def printed_sets(self) -> list[Place]:
        """Every set of people of whom something is printed, whether it has rows or not.

        A cross that is printed with its split says what is left of its domains too.
        """
        found = dict.fromkeys(self.shown)
        for row in self.report.content["decomposition"]:
            if row["part"] == "unexplained" and row["factor"] in row and row["contribution"]:
                found[row["factor"], row[row["factor"]]] = None
        return [*found]

    def page(self, lang: Language) -> str:
        """Return what a terminal shows."""
        return render_decomposition(self.published, lang, to_terminal=False)

    # -- people, from the raw records

    def members(self, cell: Place) -> Mask:
        """Return who is in a group."""
        names, codes = cell[0].split("*"), cell[1].split("*")
        codes_of = dict(zip(names, codes, strict=True))
        inside = self._populations[codes_of.pop("group", "total")]
        for name, code in codes_of.items():
            if name != "total":
                inside = inside & (self.frame[name].astype(str) == code).to_numpy()
        return inside

    @cached_property
    def _populations(self) -> dict[str, Mask]:
        general = (self.frame["sample"] == "general").to_numpy(dtype=bool)
        return {
            "total": general,
            "rural": general & (self.frame["area"] == "R").to_numpy(dtype=bool),
            "older": general & (self.frame["age"] >= 65).to_numpy(dtype=bool),
            "farmers": ~general,
        }

    def complete(self, cell: Place) -> Mask:
        """Return who of a group has every score and factor: occupation makes no farmer."""
        names = FACTORS[:-1] if cell[1].split("*")[0] == "farmers" else FACTORS
        known = self.frame[[*DIMENSIONS, *names]].notna().all(axis=1)
        positive = known & (self.frame["education"] != 9) & (self.frame["weight"] > 0)
        return self.members(cell) & positive.to_numpy(dtype=bool)

    @cached_property
    def quantities(self) -> dict[str, Floats]:
        """What is additive, of each record with all scores: 1, its weight, and its scores."""
        weights = self.frame["weight"].to_numpy(dtype=np.float64)
        scores = self.frame[list(DIMENSIONS)].fillna(0.0).to_numpy(dtype=np.float64)
        return {
            "n": np.ones(weights.size),
            "w": weights,
            **{name: weights * y for name, y in zip(DIMENSIONS, scores.T, strict=True)},
        }


@cache
def worlds() -> dict[str, World]:
    """Return surveys with small cells, and what is asked of them."""
    two = schema_of_two()
    some = two_samples_frame()
    return {
        "three in a cell": World(three_in_a_cell(), two, ("region", "area", "region*area")),
        "three, by groups": World(three_in_a_cell(), two, ("region", "group*region", "group*area")),
        "four in a region": World(four_in_a_region(), two, ("region*area",)),
        "four, with margins": World(
            four_in_a_region(), two, ("region", "area", "region*area", "group*area")
        ),
        "few incomes": World(lacking_income(), two, ("region",)),
        "farmers by region": World(
            some.drop(index=some.index[(some["sample"] == "farmers") & (some["region"] > 1)][8:]),
            two,
            ("region",),
            {"groups": ["farmers", "rural"]},
        ),
    }


EVERY_WORLD = pytest.mark.parametrize("name", [*worlds()])


# -- nothing of a suppressed group is printed --------------------------------------------------


def numbers_in(value: Any) -> Iterator[float]:  # noqa: ANN401  any JSON
    """Yield every number of a JSON document that is no small whole number."""
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from numbers_in(part)
    elif isinstance(value, float) and value != round(value, 3):
        yield value


def row_numbers(rows: Sequence[Row]) -> set[float]:
    return {number for row in rows for number in numbers_in(row)}


def is_hidden(world: World, row: Row) -> bool:
    """Return whether a row is of a suppressed group, or split by one that is."""
    cell = (row["domain"], row["category"])
    is_split = row.get("part") == "unexplained" and row.get("factor") != "total"
    margins = [(name, row[name]) for name in cell[0].split("*") if name in row]
    suppressed = world.published.suppression
    assert suppressed is not None
    gone = {(each.domain, each.category) for each in suppressed.suppressed}
    return cell in gone or (is_split and any(margin in gone for margin in margins))


def test_the_worlds_have_something_to_hide() -> None:
    hidden = {name: world.hidden for name, world in worlds().items()}
    assert all(hidden.values())
    assert ("region*area", "3*R") in hidden["three in a cell"]
    assert hidden["four in a region"] == [("region*area", "2*U"), ("region*area", "3*U")]
    assert {("region", "1"), ("region", "2")} <= {*hidden["few incomes"]}
    assert ("group*region", "farmers*2") in hidden["farmers by region"]


@EVERY_WORLD
def test_no_number_of_a_suppressed_row_stands_anywhere(name: str) -> None:
    world = worlds()[name]
    secret: set[float] = set()
    public: set[float] = set()
    tables = [(world.whole.content["decomposition"], world.report.content["decomposition"])]
    names = ("bases", "shares", "path", "tests")
    tables += [(world.whole.quality[each], world.report.quality[each]) for each in names]
    for before, after in tables:
        for row, told in zip(before, after, strict=True):
            if is_hidden(world, row):
                secret |= row_numbers([row])
                kept = {k: v for k, v in told.items() if isinstance(v, int | float)}
                assert set(kept) <= {"step"}, told
                assert told.get("flag", "suppressed") == "suppressed"
            else:
                public |= row_numbers([row])
                changed = {key for key in row if row[key] != told[key]}
                if "share_lost" in changed:  # few are left out, and the two levels would tell them
                    apart = {"share_lost", "level_available", "difference", "std_error"}
                    assert {told[key] for key in apart} == {None}
                    secret |= {row["level_available"], row["difference"], row["share_lost"]}
                    changed -= apart
                assert changed <= {"p_holm", "flag"}, told
    secret -= public  # the part of a domain stands in every cross of it
    assert len(secret) > 20
    assert secret.isdisjoint(numbers_in(world.report.content))
    cells = csv.DictReader(io.StringIO(decomposition_as_csv(world.published)))
    for row, told in zip(world.whole.content["decomposition"], cells, strict=True):
        for column in ("contribution", "std_error", "conf_low", "conf_high"):
            assert (told[column] == "") == (is_hidden(world, row) or row[column] is None)
    sidecar = json.loads(decomposition_provenance(world.published))
    assert sidecar == world.report.provenance


@EVERY_WORLD
@EVERY_LANGUAGE
def test_the_page_prints_x_for_a_suppressed_group_and_says_nothing_of_it(
    name: str, lang: Language
) -> None:
    world = worlds()[name]
    page = world.page(lang)
    tables = printed_tables(page)
    cells = world.report.cells
    for table in (tables[0], tables[1], tables[-1]):
        for cell, row in zip(cells, table.rows, strict=True):
            assert ({*row[1:]} <= {"x", "-"}) == (cell in world.hidden), row
    labels = [label for label, _ in decomposition_sentences(world.published, lang)]
    assert len(labels) == len(world.shown)
    titled = [table.title.partition(":")[0] for table in tables[2:-1] if ":" in table.title]
    groups = [cell for cell in world.shown if cell[0] == "group"]
    assert titled == labels[: len(groups)]
    words = text("note.disclosure", lang, threshold=10, count=len(world.hidden))
    assert "".join(words.split()) in "".join(page.split())
    assert "INTERNAL" not in page
    assert max(map(cell_len, page.splitlines())) <= 80


@EVERY_WORLD
def test_no_count_of_records_and_no_finding_betrays_a_suppressed_group(name: str) -> None:
    world = worlds()[name]
    provenance = world.report.provenance
    assert provenance["input"]["records"] is None
    assert "missing" not in world.report.quality
    names = {f"{domain}/{category}" for domain, category in world.hidden}
    result, suppression = world.published.result, world.published.suppression
    assert suppression is not None
    told = [*provenance["findings"], *map(_as_row, suppression.findings(result.findings))]
    for finding in told:
        assert names.isdisjoint(finding.get("cells", []))
        assert "count" not in finding
    before = {finding["code"] for finding in world.whole.provenance["findings"]}
    assert before  # else there was nothing to keep


def _as_row(finding: Finding) -> Row:
    return {"code": finding.code, **finding.params}


def test_the_split_of_a_printed_cross_by_a_suppressed_domain_is_not_printed() -> None:
    world = worlds()["four in a region"]
    cross = ("region*area", "2*R")
    assert cross in world.shown
    report, whole = world.report, world.whole
    for dimension in (*DIMENSIONS, "overall"):
        assert report.parts[*cross, dimension, "unexplained", "total"]["contribution"] is not None
        for factor in ("region", "area", "interaction"):
            key = (*cross, dimension, "unexplained", factor)
            assert whole.parts[key]["contribution"] is not None
            assert report.parts[key]["contribution"] is None
            assert report.flags[key] == "suppressed"
    for lang in LANGUAGES:
        splits = printed_tables(world.page(lang))[-2]
        assert [row[1:] for row in splits.rows][2:] == [("x", "x", "x")] * 3
        assert all("x" not in row[1:] for row in splits.rows[:2])


def test_what_is_tested_together_is_what_is_printed_together() -> None:
    for world in worlds().values():
        rows = [row for row in world.report.quality["tests"] if row["p_value"] is not None]
        assert len(rows) < len(world.report.quality["tests"])
        for table in ("summary", "factors", "dimensions"):
            family = [row for row in rows if row["table"] == table]
            adjusted = holm_of([row["p_value"] for row in family])
            assert [row["p_holm"] for row in family] == approx(adjusted, rel=1e-12)
            for row, p in zip(family, adjusted, strict=True):
                assert row["flag"] == ("significant" if p < 0.05 else "")


def holm_of(p_values: Sequence[float]) -> list[float]:
    """Return p-values after Holm's steps, written down once more."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def test_flags_say_what_the_table_says_whether_something_is_suppressed_or_not() -> None:
    for world in worlds().values():
        for document in (world.report, world.whole):
            for row in document.quality["bases"]:
                if row["n"] is not None:
                    small = row["n"] < 50 or row["psus"] < 5
                    assert row["flag"] == ("caution" if small else "")
        flags = {*world.report.flags.values()}
        assert {"significant", "suppressed"} <= flags <= {"significant", "suppressed", ""}
        steps = [row["step"] for row in world.report.quality["path"]]
        assert steps == [row["step"] for row in world.whole.quality["path"]]


# -- and nothing can be computed ---------------------------------------------------------------


def atoms_of(world: World, sets: Sequence[Place]) -> tuple[Floats, dict[str, Floats]]:
    """Return sets of complete cases as sums of records that no set tells apart.

    With the true sums of each, ``(S, A)`` and ``(A,)``; the first set is everybody of the
    reference.
    """
    whole = world.complete(("total", "total"))
    masks = np.stack([whole, *(world.complete(cell) for cell in sets)])
    inside = masks.any(axis=0)
    kinds, atom = np.unique(masks[:, inside], axis=1, return_inverse=True)
    atom = np.asarray(atom).reshape(-1)
    sums: dict[str, Floats] = {
        name: np.bincount(atom, values[inside], kinds.shape[1]).astype(np.float64)
        for name, values in world.quantities.items()
    }
    return kinds.astype(np.float64), sums


def interval_of(printed: Floats, target: Floats, truth: Floats) -> float:
    """Return how wide the interval is in which a sum must lie that is not printed."""
    bounds: list[float] = []
    known = printed @ truth / truth.max()
    for sign in (1.0, -1.0):
        found = linprog(sign * target, A_eq=printed, b_eq=known, bounds=(0, None), method="highs")
        assert found.status in {0, 3}, found.message
        bounds.append(np.inf if found.fun is None else sign * float(found.fun))
    return float((bounds[1] - bounds[0]) * truth.max())


def check_attack(world: World) -> None:
    """Attack every suppressed group with everything that is printed."""
    sets = [*dict.fromkeys([*world.printed_sets, *world.hidden])]
    kinds, sums = atoms_of(world, sets)
    row_of = {cell: index + 1 for index, cell in enumerate(sets)}
    printed = np.vstack([kinds[:1], *(kinds[[row_of[cell]]] for cell in world.printed_sets)])
    rank = np.linalg.matrix_rank(printed)
    for cell in world.hidden:
        target = kinds[row_of[cell]]
        assert target.any()
        # Means of any variable: a suppressed group is no sum of printed ones.
        assert np.linalg.matrix_rank(np.vstack([printed, target])) == rank + 1, cell
        assert interval_of(printed, target, sums["n"]) >= RULE.threshold * (1 - APART), cell
        n = float(target @ sums["n"])
        if n < RULE.threshold:
            for name in ("w", *DIMENSIONS):
                need = 2 * RULE.p_ratio * float(target @ sums[name])
                assert interval_of(printed, target, sums[name]) >= need * (1 - APART), (cell, name)


@EVERY_WORLD
def test_no_suppressed_group_is_a_sum_of_printed_ones_or_nearly_known(name: str) -> None:
    check_attack(worlds()[name])


@EVERY_WORLD
def test_nothing_with_few_complete_cases_is_printed(name: str) -> None:
    world = worlds()[name]
    for row in world.whole.quality["bases"]:
        cell = (row["domain"], row["category"])
        assert row["n"] == world.complete(cell).sum()
        assert row["n"] >= RULE.threshold or cell in world.hidden
        assert world.members(cell).sum() >= RULE.threshold or cell in world.hidden
    for cell in world.printed_sets:
        assert world.complete(cell).sum() >= RULE.threshold


PARTITIONS = ("region", "area", "region*area")


@EVERY_WORLD
def test_parts_that_sum_to_nothing_over_a_partition_leave_more_than_one_unknown(name: str) -> None:
    """Σ share × part = 0 over cells that make up the reference: a reader's first equation."""
    world = worlds()[name]
    reference = world.complete(("total", "total"))
    weights = world.quantities["w"]
    partitions = [d for d in PARTITIONS if any(cell[0] == d for cell in world.report.cells)]
    keys = {key[2:] for key in world.whole.parts if key[4] == "total" or key[3] == "explained"}
    for domain in partitions:
        cells = [cell for cell in world.whole.cells if cell[0] == domain]
        share = {c: weights[world.complete(c)].sum() / weights[reference].sum() for c in cells}
        assert sum(share.values()) == approx(1)
        unknown = [cell for cell in cells if cell in world.hidden]
        assert len(unknown) != 1
        for key in keys:
            parts = {cell: world.whole.parts[*cell, *key]["contribution"] for cell in cells}
            assert sum(share[cell] * parts[cell] for cell in cells) == approx(0, abs=1e-8)
            told = {cell: world.report.parts[*cell, *key]["contribution"] for cell in cells}
            assert [cell for cell, value in told.items() if value is None] == unknown


def test_people_without_an_answer_do_not_hide_behind_those_who_gave_one() -> None:
    """A region of hundreds of whom six told their income: its levels may be told, not its parts."""
    world = worlds()["few incomes"]
    for region, kept in (("1", 6), ("2", 5)):
        cell = ("region", region)
        assert world.members(cell).sum() > 300
        assert 0 < world.complete(cell).sum() <= kept
        assert cell in world.hidden


def test_a_group_is_counted_by_the_factors_of_its_own() -> None:
    """Of the women among the farmers few told an occupation, which makes a farmer, no woman."""
    frame = two_samples_frame()
    women = frame.index[(frame["sample"] == "farmers") & (frame["sex"] == 2)]
    told = women[frame.loc[women, "occupation"].notna()]
    frame.loc[told[3:], "occupation"] = None
    whole = labelled()
    where = "sample == 'farmers' and sex == 2"
    whole["groups"]["farm_women"] = {"label": {"ko": "여성 농어민", "en": "Women"}, "where": where}
    world = World(frame, SurveySchema.model_validate(whole), ())
    assert world.whole.of("bases", ("group", "farm_women"))["n"] <= 3
    assert world.hidden == [("group", "farm_women")]


def test_complete_cases_that_one_person_holds_are_not_printed() -> None:
    """Twelve told their income, and one of them has nearly all of their weight."""
    frame = two_samples_frame()
    inside = (frame["sample"] == "general") & (frame["region"] == 3) & (frame["area"] == "R")
    told = frame.index[inside & frame["income"].notna()]
    frame.loc[inside, "weight"] = 3000
    frame.loc[told[12:], "income"] = np.nan
    frame.loc[told[1:12], "weight"] = 5
    world = World(frame, schema_of_two(), ("region*area",))
    assert world.whole.of("bases", ("region*area", "3*R"))["n"] > RULE.threshold
    assert ("region*area", "3*R") in world.hidden


@settings(max_examples=examples(4), phases=[Phase.generate])
@given(compositions())
def test_nothing_suppressed_can_be_computed_of_any_survey(sample: Sample) -> None:
    world = World(sample.frame, sample.schema, ("region*area", "group*area"))
    try:
        hidden = world.hidden
    except EstimationError as error:
        assume(error.code not in {"DI-E240", "DI-E260", "DI-E293"})  # too few for a regression
        raise
    assert all(world.complete(cell).sum() >= RULE.threshold for cell in world.printed_sets)
    if hidden:
        check_attack(world)


# -- the command obeys -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a survey that has small cells, decomposed in every format."""
    folder = tmp_path_factory.mktemp("small")
    four_in_a_region().to_csv(folder / "survey.csv", index=False)
    schema = yaml.safe_dump(labelled(), allow_unicode=True, sort_keys=False)
    (folder / "schema.yaml").write_text(schema, encoding="utf-8")
    for name, more in (
        *((f"report.{ending}", ()) for ending in ("json", "csv", "txt")),
        *((f"off.{ending}", ("--disclosure", "off")) for ending in ("json", "txt")),
    ):
        given = ["--schema", str(folder / "schema.yaml"), "--by", "region*area", *more]
        output = ["-o", str(folder / name), "--lang", "en"]
        assert cli.run(["decompose", str(folder / "survey.csv"), *given, *output]) == 0
    return folder


def test_every_file_of_the_command_passes_the_same_door(files: Path) -> None:
    world = worlds()["four in a region"]
    report = json.loads((files / "report.json").read_text(encoding="utf-8"))
    for part in ("decomposition", "quality"):
        assert without_last_digits(report[part]) == without_last_digits(world.report.content[part])
    assert report["provenance"]["disclosure"] == world.report.provenance["disclosure"]
    assert report["provenance"]["disclosure"]["rule"]["threshold"] == RULE.threshold
    assert report["provenance"]["input"]["records"] is None
    assert [file["records"] for file in report["provenance"]["input"]["files"]] == [None]
    table = (files / "report.txt").read_text(encoding="utf-8")
    assert table == world.page("en")
    rows = csv.DictReader(io.StringIO((files / "report.csv").read_text(encoding="utf-8")))
    blank = {(row["domain"], row["category"]) for row in rows if row["contribution"] == ""}
    assert {*world.hidden} < blank
    sidecar = json.loads((files / "report.csv.provenance.json").read_text(encoding="utf-8"))
    assert sidecar == report["provenance"]


def without_last_digits(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Return a document whose numbers are rounded: a file's sums may end in another digit."""
    if isinstance(value, dict):
        return {key: without_last_digits(part) for key, part in value.items()}
    if isinstance(value, list):
        return [without_last_digits(part) for part in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def test_without_disclosure_control_everything_is_printed_and_internal(files: Path) -> None:
    document = Document((files / "off.json").read_text(encoding="utf-8"))
    assert document.provenance["disclosure"] == "off"
    assert document.provenance["input"]["records"] == len(four_in_a_region())
    assert all(row["contribution"] is not None for row in document.content["decomposition"])
    assert len(document.quality["sentences"]) == len(document.cells)
    check_sums(document)
    page = (files / "off.txt").read_text(encoding="utf-8")
    assert text("note.internal", "en") in " ".join(page.split())
    assert "INTERNAL" in page
    assert not re.search(r" x( |$)", page, flags=re.MULTILINE)


def test_a_national_survey_by_province_and_area_is_protected() -> None:
    schema = load_schema("example")
    world = World(simulate_survey("example", seed=6, n=1200), schema, ("province*area",))
    counts = {cell: world.whole.of("bases", cell)["n"] for cell in world.whole.cells}
    hidden = {*world.hidden}
    assert {cell for cell, n in counts.items() if n < RULE.threshold} < hidden
    for province in {cell[1].partition("*")[0] for cell in hidden}:
        # The rest of a province stays unknown: its other part is suppressed too.
        assert {cell for cell in counts if cell[1].startswith(f"{province}*")} <= hidden
    for province in ("1", "9"):
        assert ("province*area", f"{province}*1") in world.shown


def test_a_reference_of_few_complete_cases_is_refused() -> None:
    frame = two_samples_frame()
    known = frame.index[(frame["sample"] == "general") & frame["income"].notna()]
    frame.loc[known.difference(known[:: len(known) // 9][:9]), "income"] = np.nan
    world = World(frame, schema_of_two(), (), {"factors": ["income"], "cells": ["area"]})
    with pytest.raises(EstimationError, match="DI-E240"):
        _ = world.published


# -- sentences ---------------------------------------------------------------------------------


@cache
def quoted() -> World:
    """Return the survey of two samples by region, nothing of it suppressed."""
    return World(two_samples_frame(), schema_of_two(), ("region", "area"))


@cache
def sentences(lang: Language) -> dict[Place, str]:
    """Return what is said of each of its groups."""
    said = decomposition_sentences(quoted().published, lang)
    return dict(zip(quoted().report.cells, (words for _, words in said), strict=True))


@EVERY_LANGUAGE
def test_every_printed_group_has_a_sentence_under_its_label(lang: Language) -> None:
    page = " ".join(quoted().page(lang).split())
    for label, words in decomposition_sentences(quoted().published, lang):
        assert "".join(f"{label}{words}".split()) in "".join(page.split())


@EVERY_LANGUAGE
def test_a_sentence_quotes_no_number_but_those_of_the_json_rounded(lang: Language) -> None:
    document = quoted().report
    for cell, words in sentences(lang).items():
        basis, share = document.of("bases", cell), document.of("shares", cell)["share"]
        points = [
            row["contribution"]
            for key, row in document.parts.items()
            if key[:3] == (*cell, "overall")
        ]
        margins = [
            row["conf_high"] - row["contribution"]
            for key, row in document.parts.items()
            if key[:3] == (*cell, "overall") and key[4] == "total"
        ]
        path = [
            row["contribution"]
            for row in document.quality["path"]
            if (row["domain"], row["category"], row["dimension"]) == (*cell, "overall")
        ]
        levels = [basis["level_available"], basis["level_complete"], basis["difference"]]
        allowed = {shown(abs(value)) for value in (*points, *margins, *path, *levels)}
        allowed |= {"95", "100", "0.1"} | ({shown(100 * share, 0)} if share is not None else set())
        label = quoted().published.schema.category_label(*cell, lang) if cell[0] != "group" else ""
        found = re.findall(r"\d+(?:\.\d+)?", words.replace(f" {label} ", " ").removeprefix(label))
        assert found
        assert [number for number in found if number not in allowed and number != label] == []


@EVERY_LANGUAGE
def test_a_gap_is_divided_only_beyond_its_sampling_error(lang: Language) -> None:
    document = quoted().report
    undivided = {"within": 0, "beyond": 0}
    for cell, words in sentences(lang).items():
        row = document.parts[*cell, "overall", "gap", "total"]
        is_within = row["conf_low"] <= 0 <= row["conf_high"]
        assert (text("explain.undivided.within", lang) in words) == is_within
        undivided["within" if is_within else "beyond"] += 1
        label = quoted().published.label_of("education", lang)
        assert (label.lower() in words.lower()) != is_within
        distance = shown(abs(row["contribution"]))
        assert distance in words or distance == "0.0"
    assert min(undivided.values()) > 0


@EVERY_LANGUAGE
def test_complete_cases_are_spoken_of_where_their_level_prints_another_number(
    lang: Language,
) -> None:
    heads = {
        "ko": "이 값들은 모든 부문과 요인을",
        "en": "These parts divide the level of respondents",
    }
    said: dict[tuple[World, Place], bool] = {}
    for world in (quoted(), *worlds().values()):
        every = decomposition_sentences(world.published, lang)
        for cell, (_, words) in zip(world.shown, every, strict=True):
            basis = world.report.of("bases", cell)
            is_told = basis["level_available"] is not None
            differ = is_told and (shown(basis["level_available"]) != shown(basis["level_complete"]))
            said[world, cell] = heads[lang] in words
            assert said[world, cell] == differ, (cell, words)
    assert {*said.values()} == {True, False}


CASES = [
    (71.46, 71.24, "0.2"),  # prints 71.5 and 71.2, whose difference would be 0.3
    (71.24, 71.46, "0.2"),
    (71.451, 71.449, None),
    (50.06, 49.94, "0.1"),
    (50.04, 49.96, ""),
]


@EVERY_LANGUAGE
@pytest.mark.parametrize(("available", "complete", "points"), CASES)
def test_the_difference_of_two_levels_is_that_of_the_table(
    lang: Language, available: float, complete: float, points: str | None
) -> None:
    basis = BasisFigures(
        level_available=available, level_complete=complete, difference=available - complete
    )
    published: Any = SimpleNamespace(basis=lambda _: basis)
    words = cases_words(published, Cell("group", "rural"), lang)
    if points == "":
        assert words == ""
        return
    assert shown(available) in words
    assert shown(complete) in words
    whole = {"ko": "%p 차이", "en": " percentage points apart"}[lang]
    small = {"ko": "0.1%p 미만이다", "en": "less than 0.1 percentage points apart"}[lang]
    assert (small if points is None else f" {points}{whole}") in words


BANNED = {
    "ko": "증명|앞섬|급등|급락|크게|때문에|덕분에|달성 확실|차별|세계 최고|영향으로|원인",
    "en": r"because|due to|thanks to|\bcaus|prove|discriminat|leads? to|driv|surge|plunge|sharply",
}


@EVERY_LANGUAGE
def test_no_sentence_claims_a_cause(lang: Language) -> None:
    said = [*sentences(lang).values()]
    said += [
        words
        for world in worlds().values()
        for _, words in decomposition_sentences(world.published, lang)
    ]
    assert len(said) > 30
    assert [words for words in said if re.search(BANNED[lang], words, re.IGNORECASE)] == []


def test_sentences_are_the_same_in_the_json_and_on_the_page() -> None:
    document = quoted().report
    rows = document.quality["sentences"]
    assert [row["text"] for row in rows] == [*sentences("en").values()]
    assert {row["lang"] for row in rows} == {"en"}


def test_the_label_of_these_tests_cannot_be_spoken() -> None:
    with pytest.raises(UnspokenError):
        with_particle(UNSPOKEN, "은/는")


@EVERY_LANGUAGE
@pytest.mark.parametrize(
    "place",
    ["groups.rural", "reference", "decomposition.factors.age", "domains.area", "dimensions.usage"],
)
def test_a_label_that_cannot_be_spoken_stops_nothing(place: str, lang: Language) -> None:
    world = World(two_samples_frame(), schema_of_two(place), ("area",), {"groups": ["rural"]})
    page = world.page(lang)
    assert UNSPOKEN in page
    said = decomposition_sentences(world.published, lang)
    assert len(said) == len(world.report.cells)
    assert len(printed_tables(page)) == 4
    unspoken = [words for _, words in said if words.startswith("No sentence")]
    unspoken += [words for _, words in said if words.endswith("문장을 만들지 않았다.")]
    if lang == "ko" and place == "groups.rural":
        assert unspoken == [text("decomposition.sentence.unspoken", "ko", label=UNSPOKEN)]
    elif lang == "en" or place in {"reference", "domains.area", "dimensions.usage"}:
        assert unspoken == []
