"""No suppressed cell can be computed from what is printed; everything else is printed.

The attack of these tests is their own: atoms are built from the raw records, and the linear
programmes are written a second time.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from divide_index import simulate_survey
from divide_index.cells import Cell
from divide_index.errors import EstimationError, Finding
from divide_index.levels import LevelResult, nonresponse_band, relative_levels
from divide_index.publication.disclosure import DisclosureRule, Suppression, protect
from divide_index.schema import SurveySchema, parse_condition
from divide_index.schema.parts import Average
from divide_index.scoring import score
from divide_index.survey import read_survey
from tests.examples import examples
from tests.samples import DIMENSIONS, as_polars, small_schema, with_design

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

RULE = DisclosureRule(threshold=3)  # small surveys
COUNTS_ONLY = DisclosureRule(threshold=3, dominance_k=1.0, p_ratio=0.0)
BY = ("region", "area", "region*area")
GROUPS = ("rural", "urban", "farm", "farmers", "old")
AGES = {"young": (0, 29), "middle": (30, 64), "old": (65, 120)}
APART = 1e-4  # of a needed width: two solvers' tolerances

some = settings(max_examples=examples(25), phases=[Phase.generate])
few = settings(max_examples=examples(10), phases=[Phase.generate])


def schema_of(*averaged: str, **update: object) -> SurveySchema:
    """Return the small survey's schema with every person a PSU, and an average of groups."""
    schema = with_design(small_schema(), strata=(), psu=None)
    label = schema.reference.label
    members: dict[str, float | Literal["estimated"]] = dict.fromkeys(averaged, "estimated")
    averages = {"vulnerable": Average(label=label, members=members)} if averaged else {}
    return schema.model_copy(update={"averages": averages, "target": None, **update})


def people(*kinds: tuple[int, Mapping[str, object]], seed: int = 1) -> pd.DataFrame:
    """Return so many people of each kind, with scores of their own."""
    design = {"sample": "general", "stratum": "1", "psu": "1", "fpc": 1.0, "weight": 1.0}
    general = design | {"region": 1, "area": "U", "farm": 0, "age": 40}
    records = [{**general, **kind} for size, kind in kinds for _ in range(size)]
    frame = pd.DataFrame.from_records(records)
    frame.insert(0, "id", range(1, len(frame) + 1))
    draw = np.random.default_rng(seed)
    for name in DIMENSIONS:
        frame[name] = frame.get(name, pd.Series(np.nan, frame.index)).fillna(
            pd.Series(draw.integers(40, 90, len(frame)).astype(float), frame.index)
        )
    return frame


def levels_of(
    frame: Any,  # noqa: ANN401
    by: Sequence[str] = (),
    *,
    groups: Sequence[str] | None = None,
    schema: SurveySchema | None = None,
    **options: Any,  # noqa: ANN401
) -> LevelResult:
    """Return levels; only the groups named exist, unless a schema has others."""
    schema = schema_of(groups=chosen(*(groups or ()))) if schema is None else schema
    survey = read_survey(frame, schema)
    return relative_levels(score(survey), by, groups=groups, **options)


def named(cells: Any) -> set[str]:  # noqa: ANN401
    return {f"{cell.domain}/{cell.category}" for cell in cells}


# -- the attack, from the raw records ----------------------------------------------------------


def members_of(cell: Cell, frame: pd.DataFrame, averaged: Sequence[str] = ()) -> pd.Series:
    """Return who is in a cell of the small survey, without a condition."""
    general = frame["sample"] == "general"
    groups = {
        "rural": general & (frame["area"] == "R"),
        "urban": general & (frame["area"] == "U"),
        "farm": general & (frame["farm"] == 1),
        "farmers": ~general,
        "old": general & (frame["age"] >= 65),
    }
    match cell.domain:
        case "total" | "where":
            return general
        case "group":
            return groups[cell.category]
        case "average":
            return pd.concat([groups[name] for name in averaged], axis=1).any(axis=1)
        case _:
            inside = general
    for name, code in zip(cell.domain.split("*"), cell.category.split("*"), strict=True):
        match name:
            case "group":
                inside = groups[code]
            case "region":
                inside = inside & (frame["region"] == int(code))
            case "area":
                inside = inside & (frame["area"] == code)
            case _:
                inside = inside & frame["age"].between(*AGES[code])
    return inside


def quantities_of(frame: pd.DataFrame) -> dict[str, Floats]:
    """Return what is additive, of each record: respondents by dimension, weights, scores."""
    positive = frame["weight"] > 0
    has = frame[list(DIMENSIONS)].notna() & positive.to_numpy()[:, None]
    anybody = has.any(axis=1)
    scores = frame[list(DIMENSIONS)].fillna(0.0).mul(frame["weight"], axis=0)
    columns: dict[str, pd.Series] = {
        "n": anybody,
        **{f"n:{name}": has[name] for name in DIMENSIONS},
        "w": frame["weight"].where(anybody, 0.0),
        **{f"w:{name}": scores[name].where(positive, 0.0) for name in DIMENSIONS},
    }
    return {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}


class World:
    """A table as a reader sees it, and as it is."""

    def __init__(
        self,
        frame: pd.DataFrame,
        result: LevelResult,
        inside: pd.Series | None = None,
        averaged: Sequence[str] = (),
    ) -> None:
        self.cells = list(dict.fromkeys(result.cells))
        kept = frame["weight"].gt(0) & frame[list(DIMENSIONS)].notna().any(axis=1)
        members = np.column_stack([members_of(c, frame, averaged) for c in self.cells])
        if inside is not None:
            members[:, 1:] &= inside.to_numpy()[:, None]
        self.members = members[kept.to_numpy()].astype(bool)
        self.values = {n: q[kept.to_numpy()] for n, q in quantities_of(frame).items()}
        atoms, place = np.unique(self.members, axis=0, return_inverse=True)
        self.atoms, self.place = atoms.T.astype(float), place.reshape(-1)

    def column(self, cell: Cell) -> int:
        return self.cells.index(cell)

    def interval(self, suppressed: Any, column: int, quantity: str) -> tuple[float, float]:  # noqa: ANN401
        """Return what a reader knows of a quantity of a cell."""
        printed = [i for i, cell in enumerate(self.cells) if cell not in suppressed]
        x = np.bincount(self.place, self.values[quantity], self.atoms.shape[1])
        scale = x.sum() / x.size or 1.0
        known, own = self.atoms[printed], self.atoms[column]
        ends: list[float] = []
        for sign in (1.0, -1.0):
            found = linprog(sign * own, A_eq=known, b_eq=known @ (x / scale), method="highs")
            assert found.status in {0, 3}, found.message
            ends.append(np.inf if found.fun is None else sign * found.fun * scale)
        return ends[0] if np.isfinite(ends[0]) else -np.inf, ends[1]

    def reasons(self, member: Mask, rule: DisclosureRule) -> set[str]:
        """Return the rules that a set of records breaks, record by record."""
        found: set[str] = set()
        for name, values in self.values.items():
            own = np.sort(values[member])[::-1]
            total = own.sum()
            if name.startswith("n"):
                found |= {"threshold"} if 0 < total < rule.threshold else set()
                continue
            if not total:
                continue
            if own[: rule.dominance_n].sum() > rule.dominance_k * total * (1 + 1e-12):
                found.add("dominance")
            if total - own[:2].sum() < rule.p_ratio * own[0] * (1 - 1e-12):
                found.add("p_ratio")
        return found

    def check(self, suppression: Suppression) -> None:
        """Assert that nothing suppressed is known, and nothing sensitive printed."""
        rule, hidden = suppression.rule, suppression.suppressed
        assert self.cells[0] not in hidden
        for column, cell in enumerate(self.cells):
            member = self.members[:, column]
            reasons = self.reasons(member, rule)
            assert set(suppression.primary.get(cell, ())) == reasons
            assert member.any() or cell not in hidden
            if cell in hidden and not self.is_printed(member, hidden):
                self.check_width(suppression, column, is_primary=bool(reasons))
        for first, second in permutations(range(len(self.cells)), 2):
            pair = {self.cells[first], self.cells[second]}
            if pair & hidden or any(cell.domain == "average" for cell in pair):
                continue
            part, whole = self.members[:, first], self.members[:, second]
            if part.any() and not (part & ~whole).any():
                assert not self.reasons(whole & ~part, rule)
        self.check_what_is_left(suppression)

    def check_what_is_left(self, suppression: Suppression) -> None:
        """Assert that a population less all of its printed categories is not sensitive."""
        hidden = suppression.suppressed
        for title in dict.fromkeys(cell.domain for cell in self.cells):
            parts = [i for i, cell in enumerate(self.cells) if cell.domain == title]
            if title in {"total", "where", "group", "average"} or title.startswith("group*"):
                continue
            for whole, cell in enumerate(self.cells):
                if cell in hidden or cell.domain == "average":
                    continue
                people = self.members[:, whole]
                inside = [i for i in parts if not (self.members[:, i] & ~people).any()]
                if not any(self.cells[i] in hidden for i in inside):
                    left = people & ~self.members[:, inside].any(axis=1)
                    assert not self.reasons(left, suppression.rule)

    def is_printed(self, member: Mask, hidden: Any) -> bool:  # noqa: ANN401
        """Return whether the records of an average are a printed cell's."""
        return any(
            cell not in hidden and np.array_equal(self.members[:, i], member)
            for i, cell in enumerate(self.cells)
        )

    def check_width(self, suppression: Suppression, column: int, *, is_primary: bool) -> None:
        rule = suppression.rule
        for name, values in self.values.items():
            own = values[self.members[:, column]].sum()
            need = min(2 * rule.p_ratio, 1.0) * own if is_primary else 0.0
            if name.startswith("n"):
                need = float(rule.threshold)
            low, high = self.interval(suppression.suppressed, column, name)
            assert low <= own * (1 + APART) + APART
            assert high >= own * (1 - APART) - APART
            assert high - low >= need * (1 - APART), (self.cells[column], name, low, high, need)


# -- one cell --------------------------------------------------------------------------------


def test_a_cell_of_few_respondents_takes_its_only_neighbour_with_it() -> None:
    frame = people((20, {}), (4, {"area": "R"}))
    found = protect(levels_of(frame, "area"))
    assert found.primary == {Cell("area", "R"): ("threshold",)}
    assert found.secondary == {Cell("area", "U")}
    World(frame, levels_of(frame, "area")).check(found)


def test_the_neighbour_that_goes_is_the_smallest_that_is_enough() -> None:
    frame = people(
        *((size, {"region": code}) for code, size in ((1, 40), (2, 5), (3, 30), (4, 12)))
    )
    found = protect(levels_of(frame, "region"))
    assert named(found.primary) == {"region/2"}
    assert named(found.secondary) == {"region/4"}


def test_two_small_cells_that_are_together_small_take_a_third() -> None:
    frame = people(*((size, {"region": code}) for code, size in ((1, 40), (2, 3), (3, 30), (4, 4))))
    found = protect(levels_of(frame, "region"))
    assert named(found.primary) == {"region/2", "region/4"}
    assert named(found.secondary) == {"region/3"}


def test_two_small_cells_that_hide_each_other_take_nobody() -> None:
    frame = people(*((size, {"region": code}) for code, size in ((1, 40), (2, 8), (3, 30), (4, 7))))
    found = protect(levels_of(frame, "region"))
    assert named(found.suppressed) == {"region/2", "region/4"}
    World(frame, levels_of(frame, "region")).check(found)


def test_a_group_outside_the_reference_hides_alone() -> None:
    frame = people((30, {}), (5, {"sample": "farmers"}))
    found = protect(levels_of(frame, "area", groups=["urban", "farmers"]))
    assert named(found.suppressed) == {"group/farmers", "group*area/farmers*U"}


def test_respondents_are_counted_by_dimension_and_with_a_weight() -> None:
    frame = people((30, {}), (30, {"region": 2}), (30, {"region": 3}))
    frame.loc[(frame["region"] == 2) & (frame["id"] > 34), "usage"] = np.nan
    frame.loc[(frame["region"] == 3) & (frame["id"] > 69), "weight"] = 0.0
    found = protect(levels_of(frame, "region"))
    assert found.primary == {
        Cell("region", "2"): ("threshold",),
        Cell("region", "3"): ("threshold",),
    }


def test_one_weight_that_holds_a_cell_suppresses_it() -> None:
    frame = people((30, {}), (12, {"region": 2}), (30, {"region": 3}))
    frame.loc[35, "weight"] = 200.0
    found = protect(levels_of(frame, "region"))
    assert found.primary == {Cell("region", "2"): ("dominance", "p_ratio")}
    assert len(found.secondary) == 1


def test_a_score_that_holds_a_cell_suppresses_it() -> None:
    frame = people((30, {}), (12, {"region": 2, "usage": 0.0}), (30, {"region": 3}))
    assert not protect(levels_of(frame, "region")).suppressed  # nobody holds any of nothing
    frame.loc[35, "usage"] = 80.0
    found = protect(levels_of(frame, "region"))
    assert found.primary == {Cell("region", "2"): ("dominance", "p_ratio")}


def test_the_p_ratio_rule_looks_at_what_the_two_largest_leave() -> None:
    frame = people((100, {}), (13, {"region": 2, **dict.fromkeys(DIMENSIONS, 60.0)}))
    frame.loc[[100, 101], "weight"] = [500.0, 150.0]
    # The other 11 are less than a tenth of 500, more than 2 % of it, and 1.7 % of all.
    loose = DisclosureRule(dominance_k=0.99)
    assert set(protect(levels_of(frame, "region"), loose).primary.values()) == {("p_ratio",)}
    looser = DisclosureRule(dominance_k=0.99, p_ratio=0.02)
    assert not protect(levels_of(frame, "region"), looser).suppressed


def test_an_empty_cell_is_printed_as_it_is() -> None:
    frame = people((30, {}), (30, {"region": 3}))
    found = protect(levels_of(frame, "region"))
    assert not found.suppressed
    frame = people((30, {}), (4, {"region": 3}))
    assert named(protect(levels_of(frame, "region")).suppressed) == {"region/1", "region/3"}


# -- cells that say something of each other ------------------------------------------------------


def test_a_population_under_two_names_is_suppressed_under_both() -> None:
    frame = people((20, {}), (4, {"area": "R"}))
    result = levels_of(frame, "area", groups=None, schema=schema_of(groups=chosen("rural")))
    found = protect(result)
    assert named(found.primary) == {"group/rural", "area/R"}
    assert named(found.secondary) == {"area/U"}


def chosen(*names: str) -> dict[str, object]:
    """Return some groups of the small survey."""
    return {name: small_schema().groups[name] for name in names}


def test_a_group_goes_only_where_a_category_does_not_help() -> None:
    frame = people(
        *((12, {"region": code, "area": area}) for code in (1, 2) for area in ("U", "R")),
        (4, {"region": 3, "area": "R"}),
        (12, {"region": 3, "area": "U"}),
    )
    schema = schema_of(groups=chosen("rural", "urban"))
    result = levels_of(frame, "region*area", groups=None, schema=schema)
    found = protect(result)
    assert named(found.primary) == {"region*area/3*R"}
    assert all(cell.domain == "region*area" for cell in found.secondary)
    World(frame, result).check(found)


def test_a_cross_needs_a_rectangle() -> None:
    frame = people(
        *((12, {"region": code, "area": area}) for code in (1, 2) for area in ("U", "R")),
        *((size, {"region": 3, "area": area}) for size, area in ((4, "R"), (12, "U"))),
    )
    result = levels_of(frame, BY)
    found = protect(result)
    assert named(found.primary) == {"region*area/3*R"}
    assert len(found.secondary) == 3
    assert "region*area/3*U" in named(found.secondary)
    World(frame, result).check(found)


def test_what_is_left_of_a_population_is_not_printed_by_its_parts() -> None:
    """A selected group leaves too few others: it is not printed, though it is large."""
    frame = people((30, {"area": "R"}), (4, {}))
    result = levels_of(frame, groups=["rural"])
    found = protect(result)
    assert named(found.suppressed) == {"group/rural"}
    assert found.differences == 1
    assert not found.primary


def test_people_without_a_category_are_not_what_the_categories_leave() -> None:
    frame = people((30, {}), (20, {"region": 2}), (25, {"region": 3}))
    frame["region"] = frame["region"].astype(float)
    frame.loc[:3, "region"] = np.nan
    result = levels_of(frame, "region")
    found = protect(result)
    assert named(found.suppressed) == {"region/2"}
    frame.loc[:11, "region"] = np.nan
    assert not protect(levels_of(frame, "region")).suppressed


def test_an_average_is_not_printed_without_one_of_its_members() -> None:
    frame = people((30, {}), (30, {"area": "R"}), (30, {"farm": 1}), (5, {"sample": "farmers"}))
    schema = schema_of("rural", "farmers", groups=chosen("rural", "farmers"))
    result = levels_of(frame, groups=None, schema=schema)
    found = protect(result)
    assert named(found.primary) == {"group/farmers"}
    assert named(found.secondary) == {"average/vulnerable"}


def test_an_average_of_everybody_is_suppressed_without_the_reference() -> None:
    frame = people((30, {}), (4, {"area": "R"}))
    schema = schema_of("rural", "urban", groups=chosen("rural", "urban"))
    found = protect(levels_of(frame, groups=None, schema=schema))
    assert named(found.suppressed) == {"group/rural", "group/urban", "average/vulnerable"}


def test_a_condition_is_a_cell_like_any_other() -> None:
    frame = people((30, {}), (4, {"age": 70}), (30, {"area": "R"}))
    result = levels_of(frame, "area", where="age >= 65")
    found = protect(result)
    assert named(found.suppressed) == {"where/age >= 65", "area/U"}
    result = levels_of(frame, "area", where="age < 65")
    found = protect(result)  # four people are what it leaves
    assert "where/age < 65" in named(found.secondary)
    World(frame, result, frame["age"] < 65).check(found)


def test_the_reference_is_never_suppressed_but_refused() -> None:
    with pytest.raises(EstimationError) as caught:
        protect(levels_of(people((9, {}))))
    assert caught.value.code == "DI-E240"
    assert caught.value.params["rules"] == ["threshold"]
    frame = people((40, {}))
    frame.loc[3, "weight"] = 1e4
    with pytest.raises(EstimationError) as caught:
        protect(levels_of(frame))
    assert caught.value.params["rules"] == ["dominance", "p_ratio"]


def test_the_worst_case_prints_the_reference_alone() -> None:
    frame = people(*((4, {"region": code, "area": area}) for code in (1, 2) for area in ("U", "R")))
    found = protect(levels_of(frame, BY), DisclosureRule(threshold=16))
    assert len(found.suppressed) == 8
    assert found.cells[0] == Cell("total", "total")


@pytest.mark.parametrize(
    "option",
    [
        {"threshold": 0},
        {"dominance_n": 0},
        {"dominance_k": 0.0},
        {"dominance_k": 90},
        {"p_ratio": -0.1},
        {"p_ratio": 10},
        {"caution_n": -1},
        {"caution_df": -1},
        {"caution_cv": 0.0},
    ],
)
def test_a_rule_must_be_one(option: dict[str, Any]) -> None:
    with pytest.raises(EstimationError) as caught:
        DisclosureRule(**option)
    assert caught.value.code == "DI-E241"
    assert caught.value.params["option"] in option


# -- every survey ------------------------------------------------------------------------------


def _person(*, blanks: bool) -> st.SearchStrategy[dict[str, object]]:
    scores = st.integers(0, 20).map(lambda five: 5.0 * five)
    answer = st.one_of(scores, scores, scores, st.none()) if blanks else scores
    return st.fixed_dictionaries(
        {
            "sample": st.sampled_from(("general", "general", "general", "farmers")),
            "weight": st.sampled_from((1.0, 1.0, 0.5, 3.25, 40.0, 0.0)),
            "region": st.sampled_from((1, 2, 3)),
            "area": st.sampled_from(("U", "R")),
            "farm": st.sampled_from((0, 0, 1)),
            "age": st.sampled_from((20, 40, 70)),
            **dict.fromkeys(DIMENSIONS, answer),
        }
    )


@st.composite
def frames(draw: st.DrawFn, *, blanks: bool = True) -> pd.DataFrame:
    """Draw people, beside enough of the reference that it may be published."""
    anchors = [
        {"sample": "general", "weight": 1.0 + (index % 3), "region": 1 + index % 3, "age": 40}
        | {"area": "RU"[index % 2], "farm": 0}
        | dict.fromkeys(DIMENSIONS, 50.0 + index)
        for index in range(8)
    ]
    anchors += [anchors[index] | {"sample": "farmers"} for index in (0, 1)]
    anchors.append(anchors[1] | {"age": 70, "farm": 1})
    drawn = draw(st.lists(_person(blanks=blanks), min_size=2, max_size=25))
    frame = pd.DataFrame.from_records([*anchors, *drawn])
    frame = frame.assign(id=range(len(frame)), stratum="1", psu="1", fpc=1.0)
    return frame.astype(dict.fromkeys(DIMENSIONS, "float64"))


tables = st.fixed_dictionaries(
    {
        "by": st.lists(
            st.sampled_from((*BY, "age_group", "area*age_group")), max_size=3, unique=True
        ),
        "groups": st.one_of(st.none(), st.lists(st.sampled_from(GROUPS), max_size=2, unique=True)),
        "where": st.sampled_from((None, None, "farm == 0", "age >= 30")),
    }
)
rules = st.sampled_from((RULE, COUNTS_ONLY, DisclosureRule(threshold=5, p_ratio=0.3)))
_INSIDE = {"farm == 0": lambda f: f["farm"] == 0, "age >= 30": lambda f: f["age"] >= 30}


@some
@given(frames(), tables, rules)
def test_nothing_suppressed_can_be_computed(
    frame: pd.DataFrame, table: dict[str, Any], rule: DisclosureRule
) -> None:
    averaged = ("farmers", "rural", "old")
    schema = schema_of(*averaged)
    result = levels_of(as_polars(frame), schema=schema, **table)
    inside = None if table["where"] is None else _INSIDE[table["where"]](frame)
    world = World(frame, result, inside, averaged)
    refused = world.reasons(world.members[:, 0], rule)
    if refused:
        with pytest.raises(EstimationError) as caught:
            protect(result, rule)
        assert set(caught.value.params["rules"]) == refused  # pyright: ignore[reportArgumentType]
        return
    found = protect(result, rule)
    world.check(found)
    hidden = {cell for cell in found.suppressed if cell.domain == "group"}
    if any(cell.category in averaged for cell in hidden):
        assert Cell("average", "vulnerable") in found.suppressed or table["groups"] is not None


@few
@given(frames(), st.randoms(use_true_random=False))
def test_the_order_of_the_records_changes_nothing(frame: pd.DataFrame, random: Any) -> None:  # noqa: ANN401
    order = list(range(len(frame)))
    random.shuffle(order)
    one, other = (
        protect(levels_of(f, BY, groups=["rural", "farmers"]), COUNTS_ONLY)
        for f in (frame, frame.iloc[order].reset_index(drop=True))
    )
    assert one.primary == other.primary
    assert one.secondary == other.secondary
    assert one.cautious == other.cautious


@few
@given(frames())
def test_a_higher_threshold_forbids_no_fewer_cells(frame: pd.DataFrame) -> None:
    result = levels_of(frame, BY, groups=["rural", "farmers"])
    before: set[Cell] = set()
    for threshold in range(1, 9):
        rule = DisclosureRule(threshold=threshold, dominance_k=1.0, p_ratio=0.0)
        try:
            now = set(protect(result, rule).primary)
        except EstimationError:  # the reference has too few itself
            break
        assert before <= now
        before = now


@few
@given(frames(blanks=False), st.integers(10, 14))
def test_a_table_of_large_cells_is_printed_whole(frame: pd.DataFrame, copies: int) -> None:
    frame = pd.concat([frame.assign(weight=1.0)] * copies, ignore_index=True)
    frame["id"] = range(len(frame))
    result = levels_of(frame, [*BY, "age_group"], schema=schema_of())
    found = protect(result)
    sums = {name for name, why in found.primary.items() if "threshold" in why}
    assert not sums  # every combination that occurs has ten respondents or more
    assert not protect(result, DisclosureRule(dominance_k=1.0, p_ratio=0.0)).suppressed


# -- what is published --------------------------------------------------------------------------


def numbers(frame: pd.DataFrame) -> list[str]:
    return [str(n) for n in frame.columns if pd.api.types.is_numeric_dtype(frame[n])]


def test_every_number_of_a_suppressed_row_is_gone_and_no_other() -> None:
    frame = people((20, {}), (40, {"region": 2}), (4, {"region": 3}))
    result = levels_of(frame, "region", groups=["urban"])
    whole = levels_of(frame, "region")
    for table in (result, whole):
        found = protect(table)
        for given_frame in (table.to_frame(), table.precision()):
            shown = found.apply(given_frame)
            assert shown.columns.tolist() == given_frame.columns.tolist()
            pairs = zip(given_frame["domain"], given_frame["category"], strict=True)
            is_hidden = np.array([found.is_suppressed(*pair) for pair in pairs])
            assert is_hidden.any()
            assert shown.loc[is_hidden, numbers(given_frame)].isna().all(axis=None)
            for name in numbers(given_frame):
                kept, was = shown.loc[~is_hidden, name], given_frame.loc[~is_hidden, name]
                assert kept.astype(float).equals(was.astype(float))
        shown = found.apply(table.to_frame())
        assert set(shown.loc[is_hidden, "flag"]) == {"suppressed"}
        assert "suppressed" not in set(shown.loc[~is_hidden, "flag"])
        assert "suppressed" not in set(table.to_frame()["flag"])


def test_a_missing_count_is_null_in_json_and_others_stay_whole_numbers() -> None:
    result = levels_of(people((20, {}), (4, {"area": "R"})), "area")
    found = protect(result)
    shown = found.apply(result.to_frame())
    assert str(shown["n"].dtype) == str(shown["df"].dtype) == "Int64"
    rows = json.loads(shown.to_json(orient="records"))
    assert rows[0]["n"] == 24
    assert all(row["n"] is row["level"] is row["psus"] is None for row in rows[4:])
    assert shown.to_csv(index=False).splitlines()[-1] == "area,U,overall,,,,,,,,,suppressed" or (
        shown.to_csv(index=False).splitlines()[-1].startswith("area,R,overall,,,")
    )


def test_the_band_hides_the_same_cells_under_every_treatment() -> None:
    frame = people((30, {}), (40, {"area": "R"}), (5, {"sample": "farmers"}))
    schema = schema_of(groups=chosen("rural", "urban", "farmers"))
    result = levels_of(frame, groups=None, schema=schema)
    band = nonresponse_band(result)
    found = protect(result, band=band)
    shown = found.apply(band.to_frame())
    farmers = shown["category"] == "farmers"
    assert farmers.sum() == 16
    assert shown.loc[farmers, ["n", "level", "std_error"]].isna().all(axis=None)
    assert shown.loc[~farmers, ["n", "level"]].notna().all(axis=None)
    assert "flag" not in shown.columns


def test_the_band_is_held_to_the_threshold_too() -> None:
    frame = people((40, {}), (40, {"area": "R"}))
    frame.loc[frame["id"] < 20, "usage"] = np.nan
    frame.loc[(frame["id"] >= 16) & (frame["id"] <= 35), "access"] = np.nan
    schema = schema_of(groups=chosen("rural", "urban"))
    result = levels_of(frame, "area", groups=None, schema=schema)
    assert not protect(result).suppressed
    band = nonresponse_band(result)
    assert named(protect(result, band=band).primary) == {"group/urban", "area/U"}


def test_a_row_that_rests_on_little_calls_for_caution() -> None:
    frame = people((60, {}), (20, {"region": 2}), (60, {"region": 3}))
    frame.loc[:40, "usage"] = np.nan
    result = levels_of(frame, "region")
    found = protect(result)
    cells = {cell.category: [n for c, n in found.cautious if c == cell] for cell in result.cells}
    assert cells == {
        "total": [],
        "1": ["usage"],
        "2": cells["2"],
        "3": [],
        "4": [],
    }
    assert sorted(cells["2"]) == ["access", "capability", "overall", "usage"]
    shown = found.apply(result.to_frame())
    rows = shown.set_index(["category", "dimension"])["flag"]
    assert rows["1", "usage"] == "caution"
    assert rows["1", "overall"] == ""
    assert found.flag("region", "1", "usage") == "caution"
    assert found.flag("region", "3", "usage") == ""
    by_cell = found.apply(result.to_frame().drop(columns="dimension"))
    assert set(by_cell.loc[by_cell["category"] == "1", "flag"]) == {"caution"}


def test_a_wide_interval_or_few_degrees_of_freedom_call_for_caution() -> None:
    frame = people((60, {}), (60, {"region": 2}))
    frame.loc[frame["region"] == 2, "usage"] = [0.0] * 40 + [90.0] * 20
    result = levels_of(frame, "region")
    rows = protect(result, DisclosureRule(caution_cv=0.08)).cautious
    assert rows == {(Cell("region", "2"), "usage")}
    frame["psu"] = (frame["id"] % 4 + 4 * frame["region"]).astype(str)
    clustered = with_design(schema_of(groups={}), psu="psu", strata=("region",))
    few_psus = protect(levels_of(frame, schema=clustered))
    assert {name for _, name in few_psus.cautious} == {*DIMENSIONS, "overall"}
    assert not protect(levels_of(frame, schema=clustered), DisclosureRule(caution_df=6)).cautious


# -- findings and summary --------------------------------------------------------------------------


def test_findings_do_not_give_a_cell_back() -> None:
    frame = people((30, {}), (20, {"region": 2}), (4, {"region": 3}), (12, {"region": 4}))
    frame["region"] = frame["region"].astype(float)
    frame.loc[:14, "region"] = np.nan
    frame["age"] = frame["age"].astype(float)
    frame.loc[16:18, "age"] = np.nan
    result = levels_of(frame, "region", where="age >= 30")
    codes = [finding.code for finding in result.findings]
    assert {"DI-W032", "DI-W033"} <= set(codes)
    found = protect(result)
    assert found.suppressed
    shown = found.findings(result.findings)
    renamed = {"DI-W032": "DI-W240", "DI-W033": "DI-W241"}
    assert [finding.code for finding in shown] == [renamed.get(code, code) for code in codes]
    assert not any({"count", "percent"} & set(finding.params) for finding in shown)
    assert all(str(finding) for finding in shown)


def test_a_finding_names_no_suppressed_cell() -> None:
    result = levels_of(people((20, {}), (4, {"area": "R"})), "area")
    found = protect(result)
    told = [
        Finding.of("DI-W063", cells=["area/R", "group/old"]),
        Finding.of("DI-W063", cells=["area/R"]),
        Finding.of("DI-W066"),
    ]
    shown = found.findings(told)
    assert [finding.code for finding in shown] == ["DI-W063", "DI-W066"]
    assert shown[0].params["cells"] == ["group/old"]


def test_where_nothing_is_suppressed_findings_stay() -> None:
    frame = people((30, {}), (20, {"region": 2}))
    frame["region"] = frame["region"].astype(float)
    frame.loc[:14, "region"] = np.nan
    result = levels_of(frame, "region")
    assert protect(result).findings(result.findings) == result.findings


def test_the_summary_counts() -> None:
    found = protect(levels_of(people((20, {}), (4, {"area": "R"})), "area"))
    summary = found.summary()
    assert summary.pop("rule")["threshold"] == 10
    assert summary == {"cells": 3, "primary": 1, "secondary": 1, "cautious_rows": 4}
    assert json.dumps(found.summary())


def test_every_kind_of_cell_has_the_members_the_levels_have() -> None:
    """Pooled samples, bands, groups crossed and averages: n is that of the table."""
    frame = people(
        *((11, {"region": r, "area": a, "age": g}) for r in (1, 2) for a in "UR" for g in (20, 70)),
        (30, {"sample": "farmers", "area": "R"}),
    )
    old = small_schema().groups["old"].model_copy(update={"where": parse_condition("age >= 65")})
    groups = {**chosen("rural", "farmers"), "old": old}
    schema = schema_of("farmers", "old", groups=groups)
    requests: list[dict[str, Any]] = [
        {"groups": None, "by": ["area*age_group", "region"]},
        {"groups": ["old", "farmers"], "by": ["area*age_group", "region"]},
        {"groups": None, "by": ["age_group"], "where": "area == 'R'"},
    ]
    for options in requests:
        result = levels_of(frame, schema=schema, **options)
        found = protect(result, COUNTS_ONLY)
        assert not found.suppressed
        assert len(found.cells) == len(set(result.cells))


def test_a_national_table_by_region_area_and_group_is_protected() -> None:
    scores = score(read_survey(simulate_survey("example", seed=1, n=1500), "example"))
    by = ["province", "area", "province*area"]
    result = relative_levels(scores, by, groups=["older", "farmers", "rural"])
    found = protect(result)
    assert found.primary
    assert found.secondary
    assert {"total/total", "group/older", "group/rural"}.isdisjoint(named(found.suppressed))
    assert len(found.suppressed) < len(found.cells) / 3
    printed = [cell not in found.suppressed for cell in result.cells]
    n = result.n[np.array(printed)]
    assert ((n == 0) | (n >= 10)).all()
