"""The plan's goals are facts with sources, and a user's values say how far they have come."""

from pathlib import Path

import pytest
import yaml

from divide_index.errors import DivideIndexError, EstimationError
from divide_index.target import GoalValue, PlanGoal, goals_frame, plan_goals

approx = pytest.approx
SOURCE = "'Ministry, 2026-02-10'"


def written(folder: Path, text: str) -> Path:
    file = folder / "values.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def goal(folder: Path, name: str, *values: tuple[int, float]) -> PlanGoal:
    """Return a goal with values of some years."""
    rows = [{"year": year, "value": value, "source": "x"} for year, value in values]
    file = written(folder, yaml.safe_dump({"values": {name: rows}}))
    return next(each for each in plan_goals(file) if each.id == name)


def test_the_goals_are_those_of_the_plan() -> None:
    found = {each.id: (each.target, each.year, each.unit.ko) for each in plan_goals()}
    assert found == {
        "informatization_level": (83, 2027, "%"),
        "innovation_districts": (5, 2030, "곳"),
        "regional_output": (30, 2027, "조 원"),
        "talent_settling": (50, 2027, "%"),
        "training_outside_capital": (60, 2027, "%"),
        "digital_soc": (300, 2027, "건"),
    }
    for each in plan_goals():
        assert "2023-11-01" in each.source
        assert each.base is None  # the plan gives none
        assert (each.status, each.latest, each.required) == ("no_value", None, None)
        assert each.label.ko != each.label.en


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([(2025, 120)], "open"),
        ([(2025, 300)], "met"),
        ([(2027, 299)], "missed"),
        ([(2027, 300)], "met"),
        ([(2028, 500)], "past"),
        ([(2027, 299), (2028, 500)], "missed"),  # its own year has judged it
        ([(2025, 310), (2026, 290)], "open"),  # met once, and lost again
    ],
)
def test_the_status_follows_from_the_last_value(
    values: list[tuple[int, float]], status: str, tmp_path: Path
) -> None:
    assert goal(tmp_path, "digital_soc", *values).status == status


def test_the_level_needs_the_pace_of_the_method(tmp_path: Path) -> None:
    """From 80.6 in 2025 to 83 in 2027 it takes 1.2 points a year."""
    found = goal(tmp_path, "informatization_level", (2025, 80.6), (2022, 78.9))
    assert found.latest == GoalValue(2025, 80.6, "x")
    assert found.required is not None
    assert found.required.per_year == approx(1.2)
    assert found.observed_pace == approx(1.7 / 3)
    row = goals_frame((found,)).iloc[0]
    assert row["required_pace"] == approx(1.2)
    assert row["target_gap"] == approx(-2.4)
    assert row["status"] == "open"


def test_one_value_has_no_pace(tmp_path: Path) -> None:
    assert goal(tmp_path, "digital_soc", (2025, 120)).observed_pace is None


def test_a_value_below_the_base_says_so(tmp_path: Path) -> None:
    found = goal(tmp_path, "digital_soc", (2025, 120))
    based = PlanGoal(
        id=found.id,
        label=found.label,
        unit=found.unit,
        base=GoalValue(2023, 150, "plan"),
        target=found.target,
        year=found.year,
        direction=found.direction,
        source=found.source,
        values=found.values,
    )
    assert based.is_below_base
    assert based.observed_pace == approx(-15)
    assert not found.is_below_base


def test_goals_without_a_value_keep_their_rows(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        f"values:\n  digital_soc:\n    - {{year: 2025, value: 120, source: {SOURCE}}}\n",
    )
    frame = goals_frame(plan_goals(file))
    assert len(frame) == len(plan_goals())
    assert (frame["status"] == "no_value").sum() == len(frame) - 1
    assert frame.set_index("goal").loc["digital_soc", "source"] == "Ministry, 2026-02-10"


@pytest.mark.parametrize(
    ("code", "text", "said"),
    [
        ("DI-E353", "values: {digital_sock: []}", ["values.yaml", "digital_soc"]),
        ("DI-E353", "value: {}", ["values.yaml", "values"]),
        (
            "DI-E353",
            "values: {digital_soc: [{yaer: 2025, value: 1, source: x}]}",
            ["digital_soc", "yaer", "year"],
        ),
        ("DI-E354", "values: {digital_soc: {year: 2025}}", ["digital_soc", "values"]),
        ("DI-E354", "values: {digital_soc: [{year: 2025, value: 1}]}", ["digital_soc", "source"]),
        (
            "DI-E354",
            "values: {digital_soc: [{year: 2025, value: '1', source: x}]}",
            ["digital_soc", "value"],
        ),
        (
            "DI-E354",
            "values: {digital_soc: [{year: 2025, value: .nan, source: x}]}",
            ["digital_soc", "value"],
        ),
        (
            "DI-E354",
            "values: {digital_soc: [{year: 2025.5, value: 1, source: x}]}",
            ["digital_soc", "year"],
        ),
        (
            "DI-E354",
            "values: {digital_soc: [{year: true, value: 1, source: x}]}",
            ["digital_soc", "year"],
        ),
        ("DI-E354", "format: 1", ["values.yaml", "values"]),
        (
            "DI-E358",
            "values: {digital_soc: [&a {year: 2025, value: 1, source: x}, *a]}",
            ["digital_soc", "2025"],
        ),
        ("DI-E107", "values: {}\nvalues: {}", ["values.yaml", "values"]),
        ("DI-E105", "values: [", ["values.yaml"]),
    ],
)
def test_a_wrong_file_names_itself_the_goal_and_the_key(
    code: str, text: str, said: list[str], tmp_path: Path
) -> None:
    with pytest.raises(DivideIndexError) as caught:
        plan_goals(written(tmp_path, text))
    assert caught.value.code == code
    for each in said:
        assert each in str(caught.value)


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(DivideIndexError):
        plan_goals(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("direction", "at_most", "DI-E354"),
        ("target", "83", "DI-E354"),
        ("label", {"ko": "x"}, "DI-E354"),
        ("base", 78.8, "DI-E354"),
        ("goal", 83, "DI-E353"),
    ],
)
def test_a_wrong_register_is_refused(
    key: str, value: object, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from divide_index import resources

    packaged = resources.folder("survey_schemas") / "history" / "plan_goals.yaml"
    data = yaml.safe_load(packaged.read_text(encoding="utf-8"))
    data["goals"]["digital_soc"][key] = value
    (tmp_path / "history").mkdir()
    changed = tmp_path / "history" / "plan_goals.yaml"
    changed.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr(resources, "folder", lambda _: tmp_path)
    with pytest.raises(EstimationError) as caught:
        plan_goals()
    assert caught.value.code == code
    monkeypatch.undo()
    assert key in str(caught.value)
    assert "digital_soc" in str(caught.value)
