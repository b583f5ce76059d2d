"""The packaged schemas say in both languages what they mean, and where every weight is from."""

import re

import pytest

from divide_index.schema import SurveySchema, load_schema
from divide_index.schema.nodes import Text
from tests.samples import ROOT

NAMES = sorted(path.stem for path in (ROOT / "survey_schemas").glob("*.yaml"))
KOREAN = ("nia-2024", "nia-2025")
HANGUL = re.compile("[가-힣]")


@pytest.fixture(params=NAMES)
def schema(request: pytest.FixtureRequest) -> SurveySchema:
    return packaged(request.param)


@pytest.fixture(params=KOREAN)
def korean(request: pytest.FixtureRequest) -> SurveySchema:
    return packaged(request.param)


@pytest.fixture(scope="module")
def tic() -> SurveySchema:
    return packaged("tic-domicilios-2016")


def packaged(name: str) -> SurveySchema:
    return load_schema(ROOT / "survey_schemas" / f"{name}.yaml")


def category_labels(schema: SurveySchema) -> dict[str, Text | None]:
    """Return the label of every category that a domain can have."""
    found: dict[str, Text | None] = {}
    for name, domain in schema.domains.items():
        labels = {band: domain.band_labels.get(band) for band in domain.bands}
        if not domain.bands:
            codes = schema.variables[domain.variable].codes
            labels = {str(code): label for code, label in codes.items()}
        found |= {f"{name}.{category}": label for category, label in labels.items()}
    return found


# -- every schema ------------------------------------------------------------------------------


def test_a_packaged_schema_is_called_as_its_file(schema: SurveySchema) -> None:
    assert schema.name in NAMES
    assert schema == packaged(schema.name)


def test_dimensions_groups_and_domains_have_a_label_in_each_language(schema: SurveySchema) -> None:
    labels = {
        **{f"dimensions.{name}": part.label for name, part in schema.dimensions.items()},
        **{f"groups.{name}": part.label for name, part in schema.groups.items()},
        **{f"averages.{name}": part.label for name, part in schema.averages.items()},
        **{f"domains.{name}": part.label for name, part in schema.domains.items()},
        "reference": schema.reference.label,
        "title": schema.title,
    }
    assert [place for place, label in labels.items() if not HANGUL.search(label.ko)] == []
    assert [place for place, label in labels.items() if HANGUL.search(label.en)] == []
    assert all(label.en.strip() for label in labels.values())


def test_every_category_of_a_domain_has_a_label_in_each_language(schema: SurveySchema) -> None:
    labels = category_labels(schema)
    assert labels
    for place, label in labels.items():
        assert label is not None, place
        assert label.ko.strip(), place
        assert label.en.strip(), place
        assert not HANGUL.search(label.en), place


def test_every_weight_of_the_index_has_a_source(schema: SurveySchema) -> None:
    for name, dimension in schema.dimensions.items():
        assert dimension.source, name
        for part, indicator in dimension.indicators.items():
            assert indicator.source, f"{name}.{part}"


def test_shares_of_the_register_cover_every_code_and_sum_to_one(schema: SurveySchema) -> None:
    for name, variable in schema.variables.items():
        if variable.register_shares:
            assert set(variable.register_shares) == set(variable.codes), name
            assert sum(variable.register_shares.values()) == pytest.approx(1, abs=1e-12), name


# -- Korea -------------------------------------------------------------------------------------


def test_a_survey_of_this_year_keeps_every_item_of_the_last() -> None:
    last, this = map(packaged, KOREAN)
    assert this.items == last.items
    assert this.dimensions == last.dimensions
    assert this.files == last.files
    assert this.target == last.target
    assert (last.survey.year, this.survey.year) == (2024, 2025)


def test_the_order_of_the_provinces_is_marked_as_assumed_and_can_be_checked(
    korean: SurveySchema,
) -> None:
    province = korean.variables["province"]
    assert province.assumed
    assert list(province.codes) == list(province.register_shares) == list(range(1, 18))


def test_each_released_file_is_a_sample_of_its_own_except_the_older_adults(
    korean: SurveySchema,
) -> None:
    samples = {name: file.constants.get("sample") for name, file in korean.files.items()}
    assert korean.files["older"].part_of == "general"
    assert samples.pop("older") is None
    assert samples == {name: name for name in korean.variables["sample"].codes}


def test_the_korean_index_has_the_items_of_its_published_indicators(korean: SurveySchema) -> None:
    sizes = {
        f"{name}.{part}": len(indicator.items)
        for name, dimension in korean.dimensions.items()
        for part, indicator in dimension.indicators.items()
    }
    assert sizes == {
        "access.device": 4,
        "access.internet": 1,
        "capability.pc": 7,
        "capability.mobile": 7,
        "usage.used": 1,
        "usage.diversity": 14,
        "usage.advanced": 12,
    }


def test_a_service_is_scored_from_both_halves_of_one_question(korean: SurveySchema) -> None:
    questions: list[str] = []
    for name, item in korean.items.items():
        if item.max_of:
            pc, mobile = map(korean.column_of, item.max_of)
            assert re.fullmatch(r"Q1[2-8]A_[1-5]", pc), name
            assert mobile == pc.replace("A", "B"), name
            questions.append(pc)
    assert len(set(questions)) == len(questions) == 26


# -- Brazil ------------------------------------------------------------------------------------


def test_the_brazilian_index_has_nine_skills_and_twenty_seven_activities(
    tic: SurveySchema,
) -> None:
    skills = tic.dimensions["capability"].indicators["skills"].items
    activities = tic.dimensions["usage"].indicators["activities"].items
    assert [tic.column_of(name) for name in skills] == [f"I1_{part}" for part in "ABCDEFGHI"]
    parts = {"C7": "ABCDEF", "C8": "ABCDEFGH", "C9": "ABCD", "C10": "ABCDEF", "C11": "ABC"}
    columns = [f"{question}_{part}" for question, letters in parts.items() for part in letters]
    assert [tic.column_of(name) for name in activities] == columns
    assert len(columns) == 27


def test_the_brazilian_domains_and_groups_are_called_as_in_the_reference_values(
    tic: SurveySchema,
) -> None:
    assert [*tic.domains] == ["area", "region", "age", "sex", "education", "class"]
    assert [*tic.groups] == ["rural"]
    assert [*tic.domains["education"].bands] == ["none", "primary", "secondary", "tertiary"]
    assert tic.target is None


def test_brazilian_households_give_what_persons_do_not_hold(tic: SurveySchema) -> None:
    elsewhere = {name for name, variable in tic.variables.items() if variable.file == "households"}
    devices = {"desktop", "laptop", "tablet", "internet"}
    assert elsewhere == {"area", "region", "social_class"} | devices
    assert tic.files["households"].key == ("household",)


def test_the_provinces_of_korea_lie_on_one_map() -> None:
    """Seoul beside Incheon and Gyeonggi in the north-west, Busan in the south-east, Jeju last."""
    maps = [load_schema(name).tiles("province") for name in ("example", "nia-2024", "nia-2025")]
    assert maps[0] == maps[1] == maps[2]
    places = maps[0]
    assert len(places) == len(set(places.values())) == 17
    seoul, busan, incheon, gyeonggi, jeju = (places[code] for code in ("1", "2", "4", "9", "17"))
    assert (incheon[0], gyeonggi[0]) == (seoul[0], seoul[0])
    assert incheon[1] < seoul[1] < gyeonggi[1]
    assert busan[0] > seoul[0]
    assert busan[1] > seoul[1]
    assert jeju[0] == max(row for row, _ in places.values())


@pytest.mark.parametrize("name", ["example", "nia-2024", "nia-2025"])
def test_every_published_name_of_a_schema_is_packaged(name: str) -> None:
    from divide_index.history import published_levels

    schema = load_schema(name)
    named = [part.published for part in (*schema.groups.values(), *schema.averages.values())]
    assert {each for each in named if each is not None} <= set(published_levels()["group"])
    assert any(named)
