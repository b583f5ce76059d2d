"""Published levels are facts with sources, and the tool says which years they can join."""

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divide_index import resources
from divide_index.errors import DivideIndexError
from divide_index.history import IdentityCheck, identity_check, published_levels

CELL = ["year", "group", "dimension"]
GROUPS = {"vulnerable_avg", "disabled", "older_adults", "low_income", "farmers_fishers"}
TABLE_OF = {
    "overall": "DT_12017N008",
    "access": "DT_12017N009",
    "capability": "DT_12017N0010",
    "usage": "DT_12017N0011",
}
OTHER_BASIS = (2014, 2015, 2016)
COMPARABLE = tuple(range(2017, 2026))


def test_the_identity_holds_in_45_of_45_group_years_since_2017() -> None:
    check = identity_check().since(2017)
    assert (check.holds_count, check.total) == (45, 45)
    assert check.comparable_years == COMPARABLE
    assert check.other_basis_years == ()


@pytest.mark.parametrize("year", OTHER_BASIS)
def test_the_identity_fails_before_2017_by_more_than_a_rounding(year: int) -> None:
    frame = identity_check().to_frame()
    groups = frame[(frame["year"] == year) & (frame["group"] != "vulnerable_avg")]
    assert len(groups) == 4
    assert not groups["holds"].any()
    assert groups["difference"].between(1.0, 3.75).all()


def test_exactly_2014_to_2016_are_named_as_another_basis() -> None:
    check = identity_check()
    assert check.other_basis_years == OTHER_BASIS
    assert check.comparable_years == COMPARABLE
    assert check.first_comparable_year == 2017
    assert (check.holds_count, check.total) == (46, 60)  # the average of 2016 holds by itself


def test_the_check_says_in_words_which_years_must_not_be_compared() -> None:
    text = str(identity_check())
    assert "2014–2016 rest on another basis and must not be compared" in text
    assert "Compare levels from 2017 on: it holds in 45 of 45 group-years of 2017–2025" in text


def test_the_check_has_a_row_for_every_group_year() -> None:
    frame = identity_check().to_frame()
    assert list(frame) == ["year", "group", "computed", "published", "difference", "holds"]
    [row] = frame[(frame["year"] == 2025) & (frame["group"] == "farmers_fishers")].to_dict(
        "records"
    )
    assert row["computed"] == pytest.approx(0.2 * 97.2 + 0.4 * 72.4 + 0.4 * 80.5)
    assert row["published"] == 80.6
    assert row["difference"] == pytest.approx(row["published"] - row["computed"])
    assert row["holds"]


def test_the_farmers_series_is_the_published_one() -> None:
    levels = published_levels()
    farmers = levels[(levels["group"] == "farmers_fishers") & (levels["dimension"] == "overall")]
    series = farmers.set_index("year")["level"].loc[2017:2025]
    assert series.to_list() == [64.8, 69.8, 70.6, 77.3, 78.1, 78.9, 79.5, 80.0, 80.6]


def test_every_group_year_has_its_four_cells_once() -> None:
    levels = published_levels()
    assert list(levels) == [*CELL, "level", "source"]
    assert levels["level"].dtype == "float64"
    assert len(levels) == 12 * 5 * 4
    assert not levels.duplicated(CELL).any()
    assert set(levels["group"]) == GROUPS
    assert set(levels["dimension"]) == set(TABLE_OF)
    assert set(levels["year"]) == {*OTHER_BASIS, *COMPARABLE}


def test_every_cell_names_its_source() -> None:
    for row in published_levels().to_dict("records"):
        assert row["source"].startswith(f"KOSIS {TABLE_OF[row['dimension']]} (orgId 127; "), row


def test_every_conflict_is_a_published_cell_with_another_value_elsewhere() -> None:
    conflicts = pd.read_csv(
        resources.folder("survey_schemas") / "history" / "published_levels_conflicts.csv"
    )
    both = conflicts.merge(published_levels(), on=CELL, validate="one_to_one")
    assert len(both) == len(conflicts) == 7
    assert both["level_pct"].to_list() == both["level"].to_list()
    assert (both["alt_level_pct"] != both["level"]).all()
    assert both["alt_source"].str.len().gt(0).all()


def test_no_source_is_a_file_of_one_machine() -> None:
    folder = resources.folder("survey_schemas") / "history"
    for path in folder.iterdir():
        assert not re.search(
            r"(^|[\s\"',;(])(/\w|~/|[A-Z]:\\)", path.read_text("utf-8"), re.MULTILINE
        ), path


def test_the_published_levels_cannot_be_changed_through_what_is_returned() -> None:
    before = published_levels()
    mine = published_levels()
    mine["level"] = 0.0
    del mine["source"]
    pd.testing.assert_frame_equal(published_levels(), before)


@settings(deadline=None)
@given(
    year=st.sampled_from(COMPARABLE),
    group=st.sampled_from(sorted(GROUPS)),
    change=st.floats(0.3, 60.0, exclude_min=True),
    sign=st.sampled_from([-1, 1]),
)
def test_a_tampered_level_makes_its_year_another_basis(
    year: int, group: str, change: float, sign: int
) -> None:
    levels = published_levels()
    cell = (levels["year"] == year) & (levels["group"] == group)
    levels.loc[cell & (levels["dimension"] == "overall"), "level"] += sign * change
    check = identity_check(levels)
    assert check.other_basis_years == (*OTHER_BASIS, year)
    assert year not in check.comparable_years
    assert check.first_comparable_year == (None if year == 2025 else year + 1)
    assert [(row.year, row.group) for row in check.since(2017).rows if not row.holds] == [
        (year, group)
    ]


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_cells_does_not_matter(random: Random) -> None:
    levels = published_levels()
    order = random.sample(range(len(levels)), len(levels))
    assert identity_check(levels.iloc[order]) == identity_check()


def test_a_difference_of_exactly_the_tolerance_holds() -> None:
    levels = pd.DataFrame(
        [
            (2030, "all", "access", 81.3),
            (2030, "all", "capability", 81.3),
            (2030, "all", "usage", 81.3),
            (2030, "all", "overall", 81.4),
        ],
        columns=[*CELL, "level"],
    )
    assert identity_check(levels).comparable_years == (2030,)
    assert identity_check(levels, tolerance=0.09).other_basis_years == (2030,)


def test_an_index_of_other_dimensions_brings_its_own_weights() -> None:
    levels = pd.DataFrame(
        [
            (2021, "rural", "access", 90.0),
            (2021, "rural", "usage", 80.0),
            (2021, "rural", "overall", 85.0),
        ],
        columns=[*CELL, "level"],
    )
    check = identity_check(levels, weights={"access": 0.5, "usage": 0.5})
    assert (check.holds_count, check.total) == (1, 1)
    assert str(check).startswith("0.5 × access + 0.5 × usage gives the published overall level")
    assert "No year of 2021 shows another basis." in str(check)


def test_a_group_year_without_all_cells_is_named_and_not_judged() -> None:
    levels = published_levels()
    usage = (levels["group"] == "disabled") & (levels["dimension"] == "usage")
    lacking = levels[~(usage & (levels["year"] == 2018))].copy()
    lacking.loc[usage & (levels["year"] == 2019), "level"] = float("nan")
    check = identity_check(lacking)
    assert check.incomplete == ((2018, "disabled"), (2019, "disabled"))
    assert check.total == 58
    assert check.other_basis_years == OTHER_BASIS
    assert "a cell is missing: 2018 disabled, 2019 disabled." in str(check)


def test_nothing_to_check_is_said_and_is_no_agreement() -> None:
    levels = published_levels()
    check = identity_check(levels[levels["dimension"] != "usage"])
    assert (check.holds_count, check.total, check.years) == (0, 0, ())
    assert check.first_comparable_year is None
    assert str(check).startswith("No group-year has all its cells, so nothing was checked.")
    assert check.to_frame().empty


def test_a_cell_that_stands_twice_is_refused() -> None:
    levels = published_levels()
    with pytest.raises(ValueError, match="duplicate"):
        identity_check(pd.concat([levels, levels.head(1)]))


def test_a_check_is_frozen() -> None:
    check = identity_check()
    with pytest.raises(AttributeError):
        check.tolerance = 5.0  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        check.weights["access"] = 1.0  # pyright: ignore[reportIndexIssue]


@pytest.mark.parametrize(
    ("call", "table", "lost"),
    [
        (published_levels, "published_levels.csv", ["level_pct", "source"]),
        (
            lambda: identity_check(pd.DataFrame({"year": [2025], "level": [80.6]})),
            "levels",
            ["group", "dimension"],
        ),
    ],
)
def test_a_missing_column_is_named(
    call: Callable[[], pd.DataFrame | IdentityCheck],
    table: str,
    lost: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "published_levels.csv").write_text("year,group,dimension\n", "utf-8")
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path)
    with pytest.raises(DivideIndexError) as error:
        call()
    assert error.value.code == "DI-E132"
    assert error.value.params["table"] == table
    assert error.value.params["columns"] == lost
