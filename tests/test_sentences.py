"""Each sentence says what its verdict is, in both languages, and no more than that."""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divide_index.messages import LANGUAGES, Language, catalogue, text
from divide_index.publication import sentences
from divide_index.publication.sentences import (
    Break,
    Change,
    Pace,
    Part,
    Regional,
    Stated,
    Target,
    assumption_sentence,
    break_sentence,
    change_sentence,
    dimensions_sentence,
    direction,
    gap_sentence,
    groups_sentence,
    level_sentence,
    projection_sentence,
    published_verdict,
    quota_sample_sentence,
    region_sentence,
    relative_level_sentence,
    sampled_verdict,
    significance,
    small_sample_sentence,
    suppressed_sentence,
    synthetic_sentence,
    target_definition_sentence,
    target_sentences,
    trend_sentence,
)
from tests.samples import ROOT
from tests.test_particles import FORMS, WORDS, agreeing

pytestmark = pytest.mark.once  # words of our own

NAN = float("nan")
ENGLISH = {
    "농어민": "farmers and fishers",
    "장애인": "persons with disabilities",
    "고령층": "older adults",
    "저소득층": "low-income",
    "일반국민": "general public",
    "종합": "overall",
    "접근": "access",
    "역량": "capability",
    "활용": "usage",
    "4대 정보취약계층의 평균": "the average of the four vulnerable groups",
    "경기도": "Gyeonggi",
    "서울특별시": "Seoul",
    "농어민(만 15세 이상 농어업 종사자)": "farmers and fishers (aged 15 and over)",
    "농어촌 주민 등 지방 디지털 취약계층": "the digitally vulnerable outside the capital",
    "세부지표 가중치": "indicator weights",
}


def said(label: str, lang: Language) -> str:
    return label if lang == "ko" else ENGLISH[label]


# -- what each function is given, in short -------------------------------------------------------

Call = Callable[[Language], str]


def level(margin: float | None, value: float = 80.6, confidence: float = 0.95) -> Call:
    return lambda lang: level_sentence(
        Stated(said("농어민", lang), value, margin),
        lang,
        year=2025,
        reference=said("일반국민", lang),
        dimension=said("종합", lang),
        confidence=confidence,
    )


def dimensions(**levels: float) -> Call:
    return lambda lang: dimensions_sentence(
        [Stated(said(name, lang), value) for name, value in levels.items()], lang
    )


def gap(whole: float, **parts: float) -> Call:
    return lambda lang: gap_sentence(
        whole,
        [Part(said(name, lang), points) for name, points in parts.items()],
        lang,
        reference=said("일반국민", lang),
    )


def groups(average: float | None = None, **levels: float) -> Call:
    return lambda lang: groups_sentence(
        [Stated(said(name, lang), value) for name, value in levels.items()],
        lang,
        average=None if average is None else Stated(said("4대 정보취약계층의 평균", lang), average),
    )


def change(
    now: float,
    before: float,
    margin: float | None,
    previous_year: int = 2024,
    confidence: float = 0.95,
) -> Call:
    return lambda lang: change_sentence(
        Change(now, before, margin, 2025, previous_year), lang, confidence=confidence
    )


def target(
    value: float,
    margin: float | None,
    goal: float = 83,
    year: int = 2025,
    pace: Pace | None = None,
) -> Call:
    return lambda lang: target_sentences(
        value, margin, Target(goal, 2027), lang, year=year, pace=pace
    )


def definition(used: str, meant: str) -> Call:
    return lambda lang: target_definition_sentence(said(used, lang), said(meant, lang), lang)


def region(
    value: float,
    own_margin: float | None,
    nation: float,
    margin: float | None,
    *,
    n: int = 402,
    first: int = 2023,
    name: str = "경기도",
    **options: float | str,
) -> Call:
    return lambda lang: region_sentence(
        Regional(
            Stated(said(name, lang), value, own_margin),
            said("농어민", lang),
            nation,
            margin,
            n,
            first,
            2025,
        ),
        lang,
        **options,  # pyright: ignore[reportArgumentType]
    )


def assumption(bounds: tuple[float, float] | None) -> Call:
    return lambda lang: assumption_sentence(
        said("세부지표 가중치", lang), lang, dimension=said("종합", lang), bounds=bounds
    )


UNPUBLISHED_KO = "전년 수치의 표본오차가 공표되지 않아 증감의 통계적 유의성은 판단하지 않았다."
UNPUBLISHED_EN = (
    "The sampling error of the previous year was not published, so the statistical significance of "
    "the change was not assessed."
)
BELOW_KO = "2027년 목표(83%)보다 2.4%p 낮으며, 이 차이는 표본오차 범위를 벗어난다."
BELOW_EN = (
    "This is 2.4 percentage points below the 2027 target (83%), a difference beyond sampling error."
)
NEED_KO = "목표에 이르려면 2년간 해마다 1.2%p씩 높아져야"
NEED_EN = "To reach the target the level must rise by 1.2 percentage points a year for 2 years"
REGION_KO = "경기도 농어민의 수준은 79.3%(95% 신뢰구간 76.0~82.6%, 402명, 2023~2025년 통합)"
REGION_EN = (
    "The level of farmers and fishers in Gyeonggi is 79.3% (95% confidence interval 76.0 to 82.6, "
    "n = 402, 2023 to 2025 pooled)"
)


class Golden(NamedTuple):
    """What a call must say."""

    call: Call
    korean: str
    english: str


GOLDEN = [
    # the level
    Golden(
        level(1.4),
        "2025년 농어민의 디지털정보화 종합 수준은 일반국민을 100으로 할 때 80.6%로 나타났다(95% "
        "신뢰수준에서 표본오차 ±1.4%p).",
        "In 2025, the overall digital informatization level of farmers and fishers was 80.6% "
        "(general public = 100; margin of error ±1.4 percentage points at the 95% confidence "
        "level).",
    ),
    Golden(
        level(None),
        "2025년 농어민의 디지털정보화 종합 수준은 일반국민을 100으로 할 때 80.6%로 나타났다.",
        "In 2025, the overall digital informatization level of farmers and fishers was 80.6% "
        "(general public = 100).",
    ),
    Golden(
        level(NAN, 100.25),
        "2025년 농어민의 디지털정보화 종합 수준은 일반국민을 100으로 할 때 100.3%로 나타났다.",
        "In 2025, the overall digital informatization level of farmers and fishers was 100.3% "
        "(general public = 100).",
    ),
    Golden(
        level(1.8412, confidence=0.99),
        "2025년 농어민의 디지털정보화 종합 수준은 일반국민을 100으로 할 때 80.6%로 나타났다(99% "
        "신뢰수준에서 표본오차 ±1.8%p).",
        "In 2025, the overall digital informatization level of farmers and fishers was 80.6% "
        "(general public = 100; margin of error ±1.8 percentage points at the 99% confidence "
        "level).",
    ),
    # dimensions
    Golden(
        dimensions(접근=97.2, 역량=72.4, 활용=80.5),
        "부문별로는 접근 수준이 97.2%로 가장 높았고, 활용 수준은 80.5%, 역량 수준은 72.4%였다.",
        "By dimension, the level was highest for access (97.2%), followed by usage (80.5%) and "
        "capability (72.4%).",
    ),
    Golden(
        dimensions(접근=80.54, 역량=72.4, 활용=80.5),
        "부문별로는 접근 수준과 활용 수준이 80.5%로 가장 높았고, 역량 수준은 72.4%였다.",
        "By dimension, the level was highest for access and usage (80.5% each), followed by "
        "capability (72.4%).",
    ),
    Golden(
        dimensions(접근=80, 역량=80, 활용=80),
        "부문별로는 접근 수준, 역량 수준과 활용 수준이 80.0%였다.",
        "By dimension, the level was 80.0% for access, capability and usage.",
    ),
    Golden(
        dimensions(역량=72.4),
        "부문별로는 역량 수준이 72.4%였다.",
        "By dimension, the level was 72.4% for capability.",
    ),
    # parts of the gap
    Golden(
        gap(19.4, 접근=0.56, 역량=11.04, 활용=7.8),
        "일반국민과의 격차 19.4%p 가운데 역량 부문이 11.0%p를, 활용 부문이 7.8%p를, 접근 부문이 "
        "0.6%p를 차지한다.",
        "The gap of 19.4 percentage points (general public = 100) consists of capability 11.0, "
        "usage 7.8 and access 0.6.",
    ),
    Golden(
        gap(1.3, 접근=0.44, 역량=0.44, 활용=0.42),
        "일반국민과의 격차 1.3%p 가운데 접근 부문이 0.4%p를, 역량 부문이 0.4%p를, 활용 부문이 "
        "0.4%p를 차지한다. 각 수치는 반올림되어 합계가 일치하지 않을 수 있다.",
        "The gap of 1.3 percentage points (general public = 100) consists of access 0.4, "
        "capability 0.4 and usage 0.4. Figures are rounded and may not add up.",
    ),
    Golden(
        gap(19.4, 접근=-0.6, 역량=12.0, 활용=8.0),
        "일반국민과의 격차는 19.4%p로, 역량 부문이 12.0%p를, 활용 부문이 8.0%p를 넓히고 접근 "
        "부문이 0.6%p를 좁힌다.",
        "The gap of 19.4 percentage points (general public = 100) consists of capability 12.0 and "
        "usage 8.0, less access 0.6.",
    ),
    Golden(
        gap(0.04, 접근=0.04),
        "일반국민과의 격차가 없어 부문별 구성을 제시하지 않는다.",
        "There is no gap to divide by dimension (general public = 100).",
    ),
    Golden(
        gap(-1.2, 접근=-1.2),
        "일반국민과의 격차가 없어 부문별 구성을 제시하지 않는다.",
        "There is no gap to divide by dimension (general public = 100).",
    ),
    # groups
    Golden(
        groups(77.9, 장애인=84.1, 고령층=71.8, 저소득층=97.0, 농어민=80.6),
        "4대 정보취약계층의 평균은 77.9%이며, 계층별로는 저소득층(97.0%)이 가장 높고 "
        "장애인(84.1%), 농어민(80.6%), 고령층(71.8%)이 뒤를 이었다.",
        "The average of the four vulnerable groups stands at 77.9%; by group, the level is "
        "highest for low-income (97.0%), followed by persons with disabilities (84.1%), farmers "
        "and fishers (80.6%) and older adults (71.8%).",
    ),
    Golden(
        groups(90.0, 장애인=90, 저소득층=90),
        "4대 정보취약계층의 평균은 90.0%이며, 계층별로는 장애인(90.0%)과 저소득층(90.0%)이 같았다.",
        "The average of the four vulnerable groups stands at 90.0%; by group, the level is the "
        "same for persons with disabilities (90.0%) and low-income (90.0%).",
    ),
    Golden(
        groups(장애인=90, 저소득층=90.01, 농어민=80.6),
        "계층별로는 저소득층(90.0%)과 장애인(90.0%)이 가장 높고 농어민(80.6%)이 뒤를 이었다.",
        "By group, the level is highest for low-income (90.0%) and persons with disabilities "
        "(90.0%), followed by farmers and fishers (80.6%).",
    ),
    Golden(
        groups(장애인=90, 저소득층=90, 농어민=90),
        "계층별로는 장애인(90.0%), 저소득층(90.0%)과 농어민(90.0%)이 같았다.",
        "By group, the level is the same for persons with disabilities (90.0%), low-income "
        "(90.0%) and farmers and fishers (90.0%).",
    ),
    # change
    Golden(
        change(83.1, 80.0, 2.0),
        "전년보다 3.1%p 상승하였으며, 이는 통계적으로 유의한 변화이다(차이의 95% 신뢰구간 "
        "1.1~5.1%p).",
        "This is 3.1 percentage points higher than in the previous year, a statistically "
        "significant change (95% confidence interval of the difference 1.1 to 5.1).",
    ),
    Golden(
        change(76.9, 80.0, 2.0, 2023, 0.9),
        "2023년보다 3.1%p 하락하였으며, 이는 통계적으로 유의한 변화이다(하락 폭의 90% 신뢰구간 "
        "1.1~5.1%p).",
        "This is 3.1 percentage points lower than in 2023, a statistically significant change "
        "(90% confidence interval of the fall 1.1 to 5.1).",
    ),
    Golden(
        change(80.04, 80.0, 0.03),
        "전년과의 차이는 0.1%p 미만이나, 통계적으로 유의하다(차이의 95% 신뢰구간 0.0~0.1%p).",
        "The difference from the previous year is below 0.1 percentage points, but statistically "
        "significant (95% confidence interval 0.0 to 0.1).",
    ),
    Golden(
        change(80.6, 80.0, 2.0),
        "전년(80.0%)보다 0.6%p 높으나, 두 해의 표본오차를 고려하면 통계적으로 유의한 차이라고 "
        "보기 어렵다.",
        "This is 0.6 percentage points higher than in the previous year (80.0%), but given the "
        "sampling error of both years the difference is not statistically significant.",
    ),
    Golden(
        change(79.4, 80.0, 0.6),
        "전년(80.0%)보다 0.6%p 낮으나, 두 해의 표본오차를 고려하면 통계적으로 유의한 차이라고 "
        "보기 어렵다.",
        "This is 0.6 percentage points lower than in the previous year (80.0%), but given the "
        "sampling error of both years the difference is not statistically significant.",
    ),
    Golden(
        change(79.96, 80.0, 1.0, 2023),
        "2023년(80.0%)과의 차이는 0.0%p이며, 두 해의 표본오차를 고려하면 통계적으로 유의한 "
        "차이라고 보기 어렵다.",
        "The difference from 2023 (80.0%) is 0.0 percentage points, which given the sampling "
        "error of both years is not statistically significant.",
    ),
    Golden(
        change(80.6, 80.0, None),
        f"전년(80.0%)보다 0.6%p 높다. {UNPUBLISHED_KO}",
        f"This is 0.6 percentage points higher than in the previous year (80.0%). {UNPUBLISHED_EN}",
    ),
    Golden(
        change(79.4, 80.0, NAN),
        f"전년(80.0%)보다 0.6%p 낮다. {UNPUBLISHED_KO}",
        f"This is 0.6 percentage points lower than in the previous year (80.0%). {UNPUBLISHED_EN}",
    ),
    Golden(
        change(80.0, 80.0, None),
        f"전년(80.0%)과의 차이는 0.0%p이다. {UNPUBLISHED_KO}",
        f"The difference from the previous year (80.0%) is 0.0 percentage points. {UNPUBLISHED_EN}",
    ),
    # target: the verdicts
    Golden(target(80.6, 1.4), f"{BELOW_KO} {NEED_KO} 한다.", f"{BELOW_EN} {NEED_EN}."),
    Golden(
        target(82.4, 1.4),
        "2027년 목표(83%)보다 0.6%p 낮다. 다만 표본오차(±1.4%p)를 고려하면 실제 수준이 83% "
        "미만이라고 단정하기는 어렵다. 목표에 이르려면 2년간 해마다 0.3%p씩 높아져야 한다.",
        "This is 0.6 percentage points below the 2027 target (83%). Given the sampling error "
        "(±1.4 percentage points), however, it cannot be said that the actual level is below 83%. "
        "To reach the target the level must rise by 0.3 percentage points a year for 2 years.",
    ),
    Golden(
        target(80.6, None),
        "2027년 목표(83%)보다 2.4%p 낮다. 표본오차를 알 수 없어 실제 수준이 목표에 미치지 "
        "못하는지는 "
        f"판단하지 않았다. {NEED_KO} 한다.",
        "This is 2.4 percentage points below the 2027 target (83%). The sampling error is not "
        "known, so whether the actual level is below the target was not assessed. "
        f"{NEED_EN}.",
    ),
    Golden(
        target(83.0, 1.4),
        "추정치(83.0%)로는 목표에 도달하였다. 다만 표본오차(±1.4%p)를 고려하면 실제 수준이 83% "
        "이상이라고 단정하기는 어렵다.",
        "By the estimate (83.0%) the target has been reached. Given the sampling error "
        "(±1.4 percentage points), however, it cannot be said that the actual level is 83% or "
        "higher.",
    ),
    Golden(
        target(85.0, 1.4),
        "추정치(85.0%)로 2027년 목표(83%)에 도달하였으며, 표본오차(±1.4%p)를 고려하여도 목표에 "
        "도달한 것으로 볼 수 있다.",
        "By the estimate (85.0%) the 2027 target (83%) has been reached, and given the "
        "sampling error (±1.4 percentage points) the level is still at or above it.",
    ),
    Golden(
        target(82.96, 0.02),
        "추정치(83.0%)로는 목표에 도달하였다. 다만 이는 반올림한 값이며, 표본오차를 "
        "고려하더라도 83%에 미치지 못하는 것으로 나타났다.",
        "By the estimate (83.0%) the target has been reached. That estimate is rounded, "
        "however, and even given the sampling error the level is below 83%.",
    ),
    Golden(
        target(83.0, NAN, 82.5),
        "추정치(83.0%)로는 목표에 도달하였다. 표본오차를 알 수 없어 실제 수준이 82.5% "
        "이상인지는 판단하지 않았다.",
        "By the estimate (83.0%) the target has been reached. The sampling error is not "
        "known, so whether the actual level is 82.5% or higher was not assessed.",
    ),
    # target: what it would take
    Golden(
        target(80.6, 1.4, pace=Pace(0.6, 3)),
        f"{BELOW_KO} {NEED_KO} 하는데, 이는 공표값의 최근 3년 연평균(0.6%p)의 약 2배이다.",
        f"{BELOW_EN} {NEED_EN}, about 2 times the recent 3-year average of the published "
        "values (0.6 percentage points).",
    ),
    Golden(
        target(80.6, 1.4, pace=Pace(1.7 / 3, 3)),
        f"{BELOW_KO} {NEED_KO} 하는데, 이는 공표값의 최근 3년 연평균(0.6%p)의 약 2.1배이다.",
        f"{BELOW_EN} {NEED_EN}, about 2.1 times the recent 3-year average of the "
        "published values (0.6 percentage points).",
    ),
    Golden(
        target(80.6, 1.4, pace=Pace(1.2, 5)),
        f"{BELOW_KO} {NEED_KO} 하는데, 이는 공표값의 최근 5년 연평균(1.2%p)과 비슷하다.",
        f"{BELOW_EN} {NEED_EN}, about the recent 5-year average of the published values "
        "(1.2 percentage points).",
    ),
    Golden(
        target(80.6, 1.4, pace=Pace(1.5, 5)),
        f"{BELOW_KO} {NEED_KO} 하는데, 이는 공표값의 최근 5년 연평균(1.5%p)보다 작다.",
        f"{BELOW_EN} {NEED_EN}, less than the recent 5-year average of the published "
        "values (1.5 percentage points).",
    ),
    Golden(
        target(80.6, 1.4, pace=Pace(0.04, 3)),
        f"{BELOW_KO} {NEED_KO} 하는데, 공표값의 최근 3년 연평균은 0.0%p이다.",
        f"{BELOW_EN} {NEED_EN}, while the recent 3-year average of the published values "
        "is 0.0 percentage points.",
    ),
    Golden(
        target(80.6, 1.4, pace=Pace(-0.3, 3)),
        f"{BELOW_KO} {NEED_KO} 하는데, 공표값은 최근 3년 동안 해마다 평균 0.3%p씩 낮아졌다.",
        f"{BELOW_EN} {NEED_EN}, while the published values fell by 0.3 percentage points a "
        "year over the recent 3 years.",
    ),
    Golden(
        target(80.6, 1.4, year=2026),
        f"{BELOW_KO} 목표에 이르려면 1년 동안 2.4%p 높아져야 한다.",
        f"{BELOW_EN} To reach the target the level must rise by 2.4 percentage points within a "
        f"year.",
    ),
    Golden(
        target(82.9, 0.02, year=2017, pace=Pace(0.6, 3)),
        "2027년 목표(83%)보다 0.1%p 낮으며, 이 차이는 표본오차 범위를 벗어난다.",
        "This is 0.1 percentage points below the 2027 target (83%), a difference beyond sampling "
        "error.",
    ),
    # target: at the deadline and beyond
    Golden(
        target(80.6, 1.4, year=2027, pace=Pace(0.6, 3)),
        f"{BELOW_KO} 이는 목표 연도(2027년)의 결과이다.",
        f"{BELOW_EN} This is the result of the target year (2027).",
    ),
    Golden(
        target(80.6, 1.4, year=2028, pace=Pace(0.6, 3)),
        f"{BELOW_KO} 이는 목표 연도(2027년)가 지난 2028년의 결과이다.",
        f"{BELOW_EN} This is the result of 2028, after the target year (2027).",
    ),
    Golden(
        target(83.0, 1.4, year=2028),
        "추정치(83.0%)로는 목표에 도달하였다. 다만 표본오차(±1.4%p)를 고려하면 실제 수준이 83% "
        "이상이라고 단정하기는 어렵다. 이는 목표 연도(2027년)가 지난 2028년의 결과이다.",
        "By the estimate (83.0%) the target has been reached. Given the sampling error "
        "(±1.4 percentage points), however, it cannot be said that the actual level is 83% or "
        "higher. This is the result of 2028, after the target year (2027).",
    ),
    # what the target is about
    Golden(
        definition("농어민(만 15세 이상 농어업 종사자)", "농어촌 주민 등 지방 디지털 취약계층"),
        "이 점검은 ‘농어민(만 15세 이상 농어업 종사자)’을 기준으로 한 것으로, 정책목표의 ‘농어촌 "
        "주민 등 지방 디지털 취약계층’과 대상이 같지 않다.",
        "This check is about ‘farmers and fishers (aged 15 and over)’, which is not the "
        "population of the policy target, ‘the digitally vulnerable outside the capital’.",
    ),
    Golden(
        definition("농어민", "농어민"),
        "이 점검은 정책목표의 대상인 ‘농어민’을 기준으로 한 것이다.",
        "This check is about ‘farmers and fishers’, as the policy target itself is.",
    ),
    # regions
    Golden(
        region(79.3, 3.3, 80.6, 3.4),
        f"{REGION_KO}로, 전국 농어민과 통계적으로 유의한 차이가 없다.",
        f"{REGION_EN}, with no statistically significant difference from farmers and fishers "
        "nationwide.",
    ),
    Golden(
        region(79.3, 3.3, 75.6, 3.4),
        f"{REGION_KO}로, 전국 농어민보다 3.7%p 높으며, 이 차이는 통계적으로 유의하다.",
        f"{REGION_EN}, 3.7 percentage points above that of farmers and fishers nationwide, a "
        "statistically significant difference.",
    ),
    Golden(
        region(79.3, 3.3, 83.0, 3.4),
        f"{REGION_KO}로, 전국 농어민보다 3.7%p 낮으며, 이 차이는 통계적으로 유의하다.",
        f"{REGION_EN}, 3.7 percentage points below that of farmers and fishers nationwide, a "
        "statistically significant difference.",
    ),
    Golden(
        region(79.3, 3.3, 79.27, 0.02),
        f"{REGION_KO}로, 전국 농어민과의 차이는 0.1%p 미만이나 통계적으로 유의하다.",
        f"{REGION_EN}; its difference from that of farmers and fishers nationwide is below 0.1 "
        "percentage points, but statistically significant.",
    ),
    Golden(
        region(79.3, None, 80.6, None, n=1402, first=2025, name="서울특별시"),
        "서울특별시 농어민의 수준은 79.3%(1,402명, 2025년)이다. 전국 농어민과의 차이가 통계적으로 "
        "유의한지는 판단하지 않았다.",
        "The level of farmers and fishers in Seoul is 79.3% (n = 1,402, 2025). Whether it differs "
        "significantly from farmers and fishers nationwide was not assessed.",
    ),
    Golden(
        region(79.3, 3.3, 80.6, 3.4, unit="household", confidence=0.9),
        "경기도 농어민의 수준은 79.3%(90% 신뢰구간 76.0~82.6%, 402가구, 2023~2025년 통합)로, 전국 "
        "농어민과 통계적으로 유의한 차이가 없다.",
        "The level of farmers and fishers in Gyeonggi is 79.3% (90% confidence interval 76.0 to "
        "82.6, n = 402 households, 2023 to 2025 pooled), with no statistically significant "
        "difference from farmers and fishers nationwide.",
    ),
    # what to know when reading
    Golden(
        lambda lang: small_sample_sentence(30, lang),
        "사례수가 30명 미만이므로 이용에 유의하여야 한다.",
        "Use with caution: fewer than 30 respondents.",
    ),
    Golden(
        lambda lang: small_sample_sentence(30, lang, unit="household"),
        "사례수가 30가구 미만이므로 이용에 유의하여야 한다.",
        "Use with caution: fewer than 30 households.",
    ),
    Golden(
        suppressed_sentence,
        "응답자의 비밀 보호를 위하여 공개하지 않는다.",
        "Not disclosed, to protect the confidentiality of respondents.",
    ),
    Golden(
        quota_sample_sentence,
        "할당표본추출로 조사한 계층의 표본오차는 확률표본을 가정하여 계산한 참고값이다.",
        "For groups surveyed by quota sampling, the margin of error is a reference value computed "
        "as if the sample were a probability sample.",
    ),
    Golden(
        assumption((79.04, 82.0)),
        "세부지표 가중치는 공표 자료에서 확인하지 못하여 가정한 값이며, 가정을 달리하면 종합 "
        "수준은 79.0~82.0% 범위에서 달라진다.",
        "Assumed, because published sources do not confirm it: indicator weights. Under other "
        "assumptions the overall level ranges from 79.0 to 82.0%.",
    ),
    Golden(
        assumption((80.58, 80.62)),
        "세부지표 가중치는 공표 자료에서 확인하지 못하여 가정한 값이며, 가정을 달리하여도 종합 "
        "수준은 80.6%로 같다.",
        "Assumed, because published sources do not confirm it: indicator weights. Under other "
        "assumptions the overall level is still 80.6%.",
    ),
    Golden(
        assumption(None),
        "세부지표 가중치는 공표 자료에서 확인하지 못하여 가정한 값이다.",
        "Assumed, because published sources do not confirm it: indicator weights.",
    ),
    Golden(
        synthetic_sentence,
        "이 보고서는 모의 생성한 자료로 작성한 예시이며, 실제 조사 결과가 아니다.",
        "This report is an example made from simulated data, not the result of a survey.",
    ),
    Golden(
        lambda lang: break_sentence([Break(2020, "unexplained"), Break(2017, "method")], lang),
        "2017년에 산출방법의 변경이, 2020년에 원인이 확인되지 않은 수준의 단절이 있어 그 이전과의 "
        "비교에 유의하여야 한다.",
        "Because of a change of the method of computation in 2017 and a break in the level of "
        "unknown cause in 2020, comparisons with earlier years call for caution.",
    ),
    Golden(
        lambda lang: break_sentence([Break(2021, "questions"), Break(2019, "sample")], lang),
        "2019년에 표본의 변경이, 2021년에 문항의 변경이 있어 그 이전과의 비교에 유의하여야 한다.",
        "Because of a change of the sample in 2019 and a change of the questions in 2021, "
        "comparisons with earlier years call for caution.",
    ),
    Golden(
        lambda lang: break_sentence([Break(2020, "unexplained")], lang),
        "2020년에 원인이 확인되지 않은 수준의 단절이 있어 그 이전과의 비교에 유의하여야 한다.",
        "Because of a break in the level of unknown cause in 2020, comparisons with earlier years "
        "call for caution.",
    ),
    Golden(
        lambda lang: relative_level_sentence(
            lang, reference=said("일반국민", lang), group=said("농어민", lang)
        ),
        "이 수준은 일반국민에 대한 상대값이므로, 농어민의 수준이 높아지더라도 일반국민의 수준이 "
        "더 빨리 높아지면 낮아질 수 있다.",
        "This level is relative (general public = 100): even when the scores of farmers and "
        "fishers rise, it can fall if those of the reference rise faster.",
    ),
    Golden(
        lambda lang: level_sentence(
            Stated(said("농어민", lang), 80.6, bounds=(78.9, 83.4)),
            lang,
            year=2025,
            reference=said("일반국민", lang),
            dimension=said("종합", lang),
        ),
        "2025년 농어민의 디지털정보화 종합 수준은 일반국민을 100으로 할 때 80.6%로 나타났다(95% "
        "신뢰구간 78.9~83.4%).",
        "In 2025, the overall digital informatization level of farmers and fishers was 80.6% "
        "(general public = 100; 95% confidence interval 78.9 to 83.4).",
    ),
    Golden(
        lambda lang: target_sentences(
            80.6, None, Target(83, 2027), lang, year=2027, bounds=(78.9, 83.4)
        ),
        "2027년 목표(83%)보다 2.4%p 낮다. 다만 신뢰구간(78.9~83.4%)을 고려하면 실제 수준이 83% "
        "미만이라고 단정하기는 어렵다. 이는 목표 연도(2027년)의 결과이다.",
        "This is 2.4 percentage points below the 2027 target (83%). Given the confidence interval "
        "(78.9 to 83.4), however, it cannot be said that the actual level is below 83%. This is "
        "the result of the target year (2027).",
    ),
    Golden(
        lambda lang: trend_sentence(0.62, 0.31, lang, first=2021, last=2025),
        "2021년부터 2025년까지 해마다 평균 0.6%p씩 높아졌으며, 이 추세는 통계적으로 "
        "유의하다(95% 신뢰수준에서 표본오차 ±0.3%p).",
        "From 2021 to 2025 the level rose by 0.6 percentage points a year on average, a "
        "statistically significant trend (margin of error ±0.3 percentage points at the 95% "
        "confidence level).",
    ),
    Golden(
        lambda lang: trend_sentence(-0.62, 0.31, lang, first=2021, last=2025),
        "2021년부터 2025년까지 해마다 평균 0.6%p씩 낮아졌으며, 이 추세는 통계적으로 "
        "유의하다(95% 신뢰수준에서 표본오차 ±0.3%p).",
        "From 2021 to 2025 the level fell by 0.6 percentage points a year on average, a "
        "statistically significant trend (margin of error ±0.3 percentage points at the 95% "
        "confidence level).",
    ),
    Golden(
        lambda lang: trend_sentence(0.02, 0.01, lang, first=2021, last=2025),
        "2021년부터 2025년까지 연평균 변화는 0.1%p 미만이나, 통계적으로 유의하다(95% "
        "신뢰수준에서 표본오차 ±0.0%p).",
        "From 2021 to 2025 the level changed by less than 0.1 percentage points a year on "
        "average, a statistically significant trend all the same (margin of error ±0.0 "
        "percentage points at the 95% confidence level).",
    ),
    Golden(
        lambda lang: trend_sentence(0.62, 0.9, lang, first=2021, last=2025),
        "2021년부터 2025년까지 해마다 평균 0.6%p씩 높아졌으나, 이 추세가 통계적으로 유의하다고 "
        "보기는 어렵다(95% 신뢰수준에서 표본오차 "
        "±0.9%p).",
        "From 2021 to 2025 the level rose by 0.6 percentage points a year on average, which is "
        "not a statistically significant trend (margin of error ±0.9 percentage points at the "
        "95% confidence level).",
    ),
    Golden(
        lambda lang: trend_sentence(-0.62, 0.9, lang, first=2021, last=2025),
        "2021년부터 2025년까지 해마다 평균 0.6%p씩 낮아졌으나, 이 추세가 통계적으로 유의하다고 "
        "보기는 어렵다(95% 신뢰수준에서 표본오차 "
        "±0.9%p).",
        "From 2021 to 2025 the level fell by 0.6 percentage points a year on average, which is "
        "not a statistically significant trend (margin of error ±0.9 percentage points at the "
        "95% confidence level).",
    ),
    Golden(
        lambda lang: trend_sentence(0.02, 0.9, lang, first=2021, last=2025),
        "2021년부터 2025년까지 연평균 변화는 0.0%p이며, 통계적으로 유의한 추세라고 보기 "
        "어렵다(95% 신뢰수준에서 표본오차 ±0.9%p).",
        "From 2021 to 2025 the level changed by 0.0 percentage points a year on average, which "
        "is not a statistically significant trend (margin of error ±0.9 percentage points at "
        "the 95% confidence level).",
    ),
    Golden(
        lambda lang: trend_sentence(0.62, None, lang, first=2021, last=2025),
        "2021년부터 2025년까지 해마다 평균 0.6%p씩 높아졌다. 표본오차를 계산할 수 없어 추세의 "
        "통계적 유의성은 판단하지 않았다.",
        "From 2021 to 2025 the level rose by 0.6 percentage points a year on average. Its "
        "sampling error is not known, so whether the trend is statistically significant was "
        "not judged.",
    ),
    Golden(
        lambda lang: trend_sentence(-0.62, None, lang, first=2021, last=2025),
        "2021년부터 2025년까지 해마다 평균 0.6%p씩 낮아졌다. 표본오차를 계산할 수 없어 추세의 "
        "통계적 유의성은 판단하지 않았다.",
        "From 2021 to 2025 the level fell by 0.6 percentage points a year on average. Its "
        "sampling error is not known, so whether the trend is statistically significant was "
        "not judged.",
    ),
    Golden(
        lambda lang: trend_sentence(0.02, None, lang, first=2021, last=2025),
        "2021년부터 2025년까지 연평균 변화는 0.0%p이다. 표본오차를 계산할 수 없어 추세의 통계적 "
        "유의성은 판단하지 않았다.",
        "From 2021 to 2025 the level changed by 0.0 percentage points a year on average. Its "
        "sampling error is not known, so whether the trend is statistically significant was "
        "not judged.",
    ),
    Golden(
        lambda lang: projection_sentence(Target(83, 2027), 0.041, 0.923, lang),
        "2027년에 83%에 이를 가능성은 전망 방법에 따라 4%에서 92%까지 달라져, 어느 한 방법의 "
        "결과로 달성 여부를 예단할 수 없다.",
        "The probability of reaching 83% in 2027 ranges from 4% to 92% by the way it is "
        "projected, so no single model tells whether it will be reached.",
    ),
    Golden(
        lambda lang: projection_sentence(Target(83, 2027), 0.0001, 0.999, lang),
        "2027년에 83%에 이를 가능성은 전망 방법에 따라 1% 미만에서 99% 초과까지 달라져, 어느 한 "
        "방법의 결과로 달성 여부를 예단할 수 없다.",
        "The probability of reaching 83% in 2027 ranges from less than 1% to more than 99% by "
        "the way it is projected, so no single model tells whether it will be reached.",
    ),
    Golden(
        lambda lang: projection_sentence(Target(83, 2027), 0.5, 0.5, lang),
        "2027년에 83%에 이를 가능성은 전망 방법에 관계없이 50%이나, 이는 과거의 움직임이 "
        "이어진다는 가정에 따른 것이다.",
        "The probability of reaching 83% in 2027 is 50% by every model, all of which assume "
        "that the past goes on.",
    ),
]
CALLS = [golden.call for golden in GOLDEN]


# -- every branch --------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "korean", "english"), GOLDEN)
def test_a_branch_reads_as_it_should_in_both_languages(
    call: Call, korean: str, english: str
) -> None:
    assert call("ko") == korean
    assert call("en") == english


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_text_of_the_catalogue_has_its_golden_sentence(
    lang: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[str] = set()

    def noted(code: str, lang: Language, **params: object) -> str:
        used.add(code)
        return text(code, lang, **params)

    monkeypatch.setattr(sentences, "text", noted)
    for call in CALLS:
        call(lang)
    assert used == {code for code in catalogue(lang) if code.startswith("sentence.")}


# -- verdicts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        *((0.05, "up"), (0.049, "same"), (0.0, "same"), (-0.0, "same"), (-0.049, "same")),
        *((-0.05, "down"), (3.1, "up"), (-3.1, "down")),
    ],
)
def test_a_difference_points_where_its_printed_value_does(points: float, expected: str) -> None:
    assert direction(points) == expected


@pytest.mark.parametrize(
    ("points", "margin", "expected"),
    [
        *((0.6, 0.6, "within"), (-0.6, 0.6, "within"), (0.6, 0.5999, "significant")),
        *((-0.6, 0.5999, "significant"), (0.6, 0.6001, "within"), (0.0, 0.0, "within")),
        *((0.1, 0.0, "significant"), (9.0, None, "undecidable"), (9.0, NAN, "undecidable")),
    ],
)
def test_an_interval_that_touches_zero_is_not_significant(
    points: float, margin: float | None, expected: str
) -> None:
    assert significance(points, margin) == expected


def test_a_change_of_published_levels_is_exact() -> None:
    assert 80.6 - 80.0 != 0.6  # in binary fractions
    assert "유의한 차이라고 보기 어렵다" in change(80.6, 80.0, 0.6)("ko")
    assert "유의한 변화이다" in change(80.6, 80.0, 0.599)("ko")
    assert "0.1%p 높으나" in change(80.25, 80.2, 1.0)("ko")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(82.949999, "missed"), (82.95, "reached"), (83.0, "reached"), (0.0, "missed")],
)
def test_the_published_verdict_is_on_the_value_rounded_half_up(value: float, expected: str) -> None:
    assert published_verdict(value, 83) == expected


@pytest.mark.parametrize(
    ("value", "margin", "expected"),
    [
        *((84.4, 1.4, "reached"), (84.39, 1.4, "edge"), (83.0, 0.0, "reached")),
        *((81.6, 1.4, "edge"), (81.59, 1.4, "missed"), (82.99, 0.0, "missed")),
        *((83.0, 1.4, "edge"), (83.0, None, "unknown"), (83.0, NAN, "unknown")),
        *((83.1, 0.1, "reached"), (82.9, 0.1, "edge"), (82.9, 0.0999, "missed")),
    ],
)
def test_the_target_is_reached_by_the_lower_bound_and_missed_by_the_upper(
    value: float, margin: float | None, expected: str
) -> None:
    assert sampled_verdict(value, margin, 83) == expected


LEVELS = st.decimals(50, 120, places=2).map(float)
MARGINS = st.decimals(0, 9, places=2).map(float)


@given(LEVELS, MARGINS, LEVELS)
def test_the_verdicts_are_those_of_exact_decimals(value: float, margin: float, goal: float) -> None:
    low, high = (Decimal(str(value)) + sign * Decimal(str(margin)) for sign in (-1, 1))
    exact = Decimal(str(goal))
    expected = "reached" if low >= exact else "missed" if high < exact else "edge"
    assert sampled_verdict(value, margin, goal) == expected
    assert (significance(value, margin) == "significant") == (low > 0)


@given(LEVELS, MARGINS, LEVELS)
def test_a_target_missed_as_published_is_not_reached_by_its_lower_bound(
    value: float, margin: float, goal: float
) -> None:
    both = published_verdict(value, goal), sampled_verdict(value, margin, goal)
    assert both != ("missed", "reached")
    for lang in LANGUAGES:
        assert target(value, margin, goal)(lang)


@pytest.mark.parametrize("number", [NAN, float("inf"), float("-inf")])
def test_no_sentence_states_a_number_that_there_is_not(number: float) -> None:
    for call in (
        level(1.4, number),
        dimensions(접근=number),
        gap(number, 접근=1.0),
        gap(1.0, 접근=number),
        change(number, 80.0, 1.0),
        change(80.0, number, 1.0),
        target(number, 1.0),
        region(number, 1.0, 80.0, 1.0),
        region(80.0, 1.0, number, 1.0),
    ):
        with pytest.raises(ValueError, match=str(number)):
            call("ko")


@pytest.mark.parametrize("margin", [-0.1, float("inf")])
def test_no_sentence_takes_a_margin_that_there_is_not(margin: float) -> None:
    for call in (level(margin), change(1.0, 2.0, margin), target(80.0, margin)):
        with pytest.raises(ValueError, match=str(margin)):
            call("ko")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_to_say_is_an_error(lang: Language) -> None:
    for call in (
        dimensions(),
        groups(),
        groups(농어민=80.6),
        gap(1.0),
        gap(1.0, 접근=-1.0),
        lambda lang: break_sentence([], lang),
    ):
        with pytest.raises(ValueError, match=r"\[|\("):
            call(lang)


# -- particles -----------------------------------------------------------------------------------


def after(sentence: str, words: str) -> set[str]:
    """Return what follows words in a sentence, up to a blank."""
    return set(re.findall(re.escape(words) + r"([^\s]*)", sentence))


@given(WORDS)
def test_particles_agree_with_whatever_label_is_put_in(label: str) -> None:
    topic, subject, thing, company = (agreeing(label, forms) for forms in FORMS[:4])
    stated = Stated(f"①{label}", 80.6)
    marked = f"①{label}"
    found = level_sentence(stated, "ko", year=2025, reference=marked, dimension="종합")
    assert after(found, marked) == {"의", thing}
    found = gap_sentence(1.0, [Part("접근", 1.0)], "ko", reference=marked)
    assert after(found, marked) == {f"{company}의"}
    other = Stated("농어민", 70.0)
    found = groups_sentence([stated, other], "ko", average=stated)
    assert after(found, marked) == {topic, f"(80.6%){subject}"}
    found = groups_sentence([stated, Stated("농어민", 90.0)], "ko")
    assert after(found, marked) == {f"(80.6%){subject}"}
    found = groups_sentence([stated, Stated("농어민", 80.6), other], "ko")
    assert after(found, marked) == {f"(80.6%){company}"}
    regional = Regional(Stated("경기도", 80.0, 1.0), marked, 80.0, 1.0, 402, 2025, 2025)
    assert after(region_sentence(regional, "ko"), marked) == {"의", company}
    found = assumption_sentence(marked, "ko", dimension="종합")
    assert after(found, marked) == {topic}
    found = target_definition_sentence(marked, marked + "각", "ko")
    assert f"‘{marked}’{thing} " in found
    assert f"‘{marked}각’과 " in found


# -- words -------------------------------------------------------------------------------------

BANNED = (
    *("통계적으로 증명", "오차범위 내에서 앞", "급등", "급락", "크게", "달성 확실", "차별"),
    *("세계 최고", "△", "▲", "\u2212", "그룹", "차원", "지수"),
)
BANNED_ENGLISH = (r"\bproven\b", "certain to", "discrimination", "significantly higher", "\u2212")


@pytest.mark.parametrize("code", sorted(catalogue("en")))
def test_no_text_claims_more_than_statistics_can(code: str) -> None:
    korean, english = catalogue("ko")[code], catalogue("en")[code].lower()
    is_sentence = code.startswith("sentence.")
    assert [word for word in BANNED[: None if is_sentence else 8] if word in korean] == []
    assert [word for word in BANNED_ENGLISH if re.search(word, english)] == []


@pytest.mark.parametrize("call", CALLS)
def test_a_korean_sentence_is_written_as_a_report_is(call: Call) -> None:
    found = call("ko")
    assert re.fullmatch(r"(.*다(\([^()]*\))?\. ?)+", found)
    assert not re.search(r"(\S+의\s+){3}", found)
    assert not re.search(r"  |[{}]|때문|덕분|[습입]니다|십시오", found)
    assert not re.search(r"\d\s+%|(?<!±)-\d|\d-", found)


@pytest.mark.parametrize("call", CALLS)
def test_an_english_sentence_is_a_sentence(call: Call) -> None:
    found = call("en")
    assert re.fullmatch(r"[A-Z].*\.", found)
    assert not re.search(r"  |[{}]|[가-힣]|%p|\d\s+%", found)


def test_nothing_in_the_repository_leaves_the_particle_to_the_reader() -> None:
    consonants = "|".join(consonant for consonant, _ in FORMS)
    vowels = "|".join(vowel for _, vowel in FORMS)
    both = re.compile(rf"({consonants})\(({vowels})\)|({vowels})\(({consonants})\)|\((으|이)\)")
    files: list[Path] = [*ROOT.glob("*.md")]
    for folder in ("divide_index", "survey_schemas", "tests", "docs", "benchmarks"):
        for kind in ("po", "py", "md", "yaml", "yml"):
            files += (ROOT / folder).rglob(f"*.{kind}")
    named = {Path(__file__), ROOT / "tests" / "test_messages.py"}  # they name what they forbid
    assert len(files) > 50
    for path in sorted({*files} - named):
        assert not both.search(path.read_text(encoding="utf-8")), path.name
