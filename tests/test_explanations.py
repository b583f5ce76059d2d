"""A gap is explained as far as its numbers go, in both languages, and no cause is claimed."""

import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divide_index.messages import LANGUAGES, Language, catalogue, text
from divide_index.messages.particles import UnspokenError
from divide_index.publication import explanations
from divide_index.publication.explanations import (
    Contribution,
    Divided,
    consequence_note,
    explanation,
    largest_factors,
    nested_sentence,
    share_explained,
    standardised_sentence,
    waterfall_lines,
)
from divide_index.publication.formatting import rounded
from tests.test_particles import FORMS, WORDS, agreeing

pytestmark = pytest.mark.once  # words and layout of our own

NAN = float("nan")
ENGLISH = {
    "농어민": "farmers and fishers",
    "일반국민": "general public",
    "종합": "overall",
    "연령": "age",
    "성": "sex",
    "학력": "education",
    "소득": "income",
    "직업": "occupation",
    "가구 형태": "household type",
}


def said(label: str, lang: Language) -> str:
    return label if lang == "ko" else ENGLISH[label]


# -- what each function is given, in short -------------------------------------------------------

Call = Callable[[Language], str]
Number = tuple[float, float | None]


def explained(
    gap: Number,
    part: Number,
    rest: Number,
    *,
    factors: Sequence[str] = ("연령", "학력", "소득"),
    confidence: float = 0.95,
) -> Call:
    def call(lang: Language) -> str:
        first, *others = (said(factor, lang) for factor in factors)
        blocks = (Contribution(first, part[0]), *(Contribution(each, 0.0) for each in others))
        divided = Divided(said("농어민", lang), *gap, *part, *rest, blocks)
        reference = said("일반국민", lang)
        return explanation(divided, lang, reference=reference, confidence=confidence)

    return call


def of_factors(gap: Number, factors: dict[str, Number], lang: Language) -> Divided:
    part = sum(points for points, _ in factors.values())
    blocks = tuple(Contribution(said(name, lang), *number) for name, number in factors.items())
    return Divided(said("농어민", lang), *gap, part, None, gap[0] - part, None, blocks)


def largest(gap: Number, confidence: float = 0.95, **factors: Number) -> Call:
    named = {name.replace("_", " "): number for name, number in factors.items()}
    return lambda lang: largest_factors(of_factors(gap, named, lang), lang, confidence=confidence)


def nested(gap: Number, *steps: tuple[str, float]) -> Call:
    """Return a call by what each step considers as well, and what it leaves of the gap."""

    def call(lang: Language) -> str:
        factors: dict[str, Number] = {}
        divided: list[Divided] = []
        for names, left in steps:
            factors = dict.fromkeys([*factors, *names.split("·")], (0.0, None))
            factors[next(iter(factors))] = (gap[0] - left, None)
            divided.append(of_factors(gap, factors, lang))
        return nested_sentence(divided, lang, reference=said("일반국민", lang))

    return call


def standardised(crude: float, level: float, *by: str) -> Call:
    return lambda lang: standardised_sentence(
        said("농어민", lang),
        crude,
        level,
        lang,
        by=[said(each, lang) for each in by],
        reference=said("일반국민", lang),
        dimension=said("종합", lang),
    )


BEHIND_KO = "완전사례 기준으로 농어민의 디지털정보화 수준은 일반국민보다 {}%p 낮다."
BEHIND_EN = (
    "On complete cases, the digital informatization level of farmers and fishers is {} "
    "percentage points below the "
    "reference (general public = 100)."
)
AHEAD_KO = "완전사례 기준으로 농어민의 디지털정보화 수준은 일반국민보다 {}%p 높다."
AHEAD_EN = (
    "On complete cases, the digital informatization level of farmers and fishers is {} "
    "percentage points above the "
    "reference (general public = 100)."
)
SINCE_KO = "농어민과 일반국민의 연령·학력·소득 구성이 다른 데서 비롯된 것으로 추정된다."
SINCE_EN = (
    "go with a composition by age, education and income that differs between farmers and fishers "
    "and the reference (general public)."
)
ALONE_KO = "연령·학력·소득 구성의 차이만 고려하면 농어민의 수준은"
ALONE_EN = "Composition by age, education and income alone would lead one to expect"
CAVEAT_KO = "조사하지 않은 요인이 포함되어 있으므로 지역이나 정책의 효과로 해석할 수 없다."
CAVEAT_EN = "includes what was not surveyed and cannot be read as an effect of place or policy."
BELOW_KO = f"실제 수준은 이러한 구성에서 예상되는 것보다 {{}}%p 낮으며, 이 차이에는 {CAVEAT_KO}"
BELOW_EN = (
    "The actual level is {} percentage points below what this composition would lead one to "
    f"expect; this difference {CAVEAT_EN}"
)
ABOVE_KO = f"실제 수준은 이러한 구성에서 예상되는 것보다 {{}}%p 높으며, 이 차이에는 {CAVEAT_KO}"
ABOVE_EN = (
    "The actual level is {} percentage points above what this composition would lead one to "
    f"expect; this difference {CAVEAT_EN}"
)
UNKNOWN_KO = "표본오차를 알 수 없어 이들 수치가 통계적으로 유의한지는 판단하지 않았다."
UNKNOWN_EN = (
    "The sampling error is not known, so whether these figures are statistically significant was "
    "not assessed."
)
WITHIN_KO = "표본오차 범위를 벗어나는 격차가 없으므로 요인별로 나누지 않는다."
WITHIN_EN = "There is no gap beyond sampling error to explain, so nothing is divided by factor."
SMALL_KO = "0.1%p 이상의 차이가 없으므로 요인별로 나누지 않는다."
SMALL_EN = (
    "There is no difference of 0.1 percentage points or more to explain, so nothing is divided by "
    "factor."
)
SEEN_KO = "95% 신뢰수준의 요인별 검정에서 통계적으로 유의한 요인 가운데 가장 큰 몫은"
SEEN_EN = (
    "Among the factors that are, each by itself, statistically significant at the 95% confidence "
    "level, the largest"
)


class Golden(NamedTuple):
    """What a call must say."""

    call: Call
    korean: str
    english: str


GOLDEN = [
    # a part of the gap goes with composition
    Golden(
        explained((-19.4, 1.4), (-9.8, 1.1), (-9.6, 1.2)),
        "완전사례 기준으로 농어민의 디지털정보화 수준은 일반국민보다 19.4%p 낮다. 이 격차 가운데 "
        "약 51%인 9.8%p(95% "
        "신뢰수준에서 표본오차 ±1.1%p)는 농어민과 일반국민의 연령·학력·소득 구성이 다른 데서 "
        "비롯된 것으로 추정된다. 나머지 9.6%p는 이들 요인으로 설명되지 않으며, 조사하지 않은 "
        "요인이 포함되어 있으므로 지역이나 정책의 효과로 해석할 수 없다.",
        "On complete cases, the digital informatization level of farmers and fishers is 19.4 "
        "percentage points below "
        "the reference (general public = 100). Of this gap, an estimated 9.8 percentage points "
        "(margin of error ±1.1 percentage points at the 95% confidence level), about 51%, go with "
        "a composition by age, education and income that differs between farmers and fishers and "
        "the reference (general public). The remaining 9.6 percentage points are not explained by "
        "these factors; this part includes what was not surveyed and cannot be read as an effect "
        "of place or policy.",
    ),
    Golden(
        explained((3.0, 1.0), (2.0, 0.6), (1.0, 0.8), factors=["연령"]),
        "완전사례 기준으로 농어민의 디지털정보화 수준은 일반국민보다 3.0%p 높다. 이 차이 가운데 "
        "약 67%인 2.0%p(95% "
        "신뢰수준에서 표본오차 ±0.6%p)는 농어민과 일반국민의 연령 구성이 다른 데서 비롯된 것으로 "
        f"추정된다. 나머지 1.0%p는 이들 요인으로 설명되지 않으며, {CAVEAT_KO}",
        f"{AHEAD_EN.format('3.0')} Of this lead, an estimated 2.0 percentage points (margin of "
        "error ±0.6 percentage points at the 95% confidence level), about 67%, go with a "
        "composition by age that differs between farmers and fishers and the reference (general "
        "public). The remaining 1.0 percentage points are not explained by these factors; this "
        f"part {CAVEAT_EN}",
    ),
    Golden(  # beyond its error, yet less than two standard errors: no share; the rest within
        explained((-1.8, 1.6), (-1.0, 0.5), (-0.8, 0.9), factors=["연령", "학력"], confidence=0.9),
        f"{BEHIND_KO.format('1.8')} 이 격차 가운데 1.0%p(90% 신뢰수준에서 표본오차 ±0.5%p)는 "
        "농어민과 일반국민의 연령·학력 구성이 다른 데서 비롯된 것으로 추정된다. 나머지 0.8%p는 "
        "이들 요인으로 설명되지 않으나, 표본오차를 고려하면 통계적으로 0과 다르다고 보기 어렵다. "
        f"이 부분에는 {CAVEAT_KO}",
        f"{BEHIND_EN.format('1.8')} Of this gap, an estimated 1.0 percentage points (margin of "
        "error ±0.5 percentage points at the 90% confidence level) go with a composition by age "
        "and education that differs between farmers and fishers and the reference (general "
        "public). The remaining 0.8 percentage points are not explained by these factors, but "
        "given the sampling error they do not differ statistically from zero. This part "
        f"{CAVEAT_EN}",
    ),
    # composition would make one expect the opposite
    Golden(
        explained((-5.0, 1.0), (2.0, 0.5), (-7.0, 1.1)),
        f"{BEHIND_KO.format('5.0')} {ALONE_KO} 오히려 일반국민보다 2.0%p(95% 신뢰수준에서 표본오차 "
        f"±0.5%p) 높을 것으로 추정된다. {BELOW_KO.format('7.0')}",
        f"{BEHIND_EN.format('5.0')} {ALONE_EN} the opposite: farmers and fishers 2.0 percentage "
        "points (margin of error ±0.5 percentage points at the 95% confidence level) above the "
        f"reference (general public). {BELOW_EN.format('7.0')}",
    ),
    Golden(
        explained((5.0, 1.0), (-2.0, 0.5), (7.0, 1.1)),
        f"{AHEAD_KO.format('5.0')} {ALONE_KO} 오히려 일반국민보다 2.0%p(95% 신뢰수준에서 표본오차 "
        f"±0.5%p) 낮을 것으로 추정된다. {ABOVE_KO.format('7.0')}",
        f"{AHEAD_EN.format('5.0')} {ALONE_EN} the opposite: farmers and fishers 2.0 percentage "
        "points (margin of error ±0.5 percentage points at the 95% confidence level) below the "
        f"reference (general public). {ABOVE_EN.format('7.0')}",
    ),
    # composition would make one expect more than the gap
    Golden(
        explained((-15.5, 1.1), (-17.0, 0.9), (1.5, 1.0)),
        f"{BEHIND_KO.format('15.5')} {ALONE_KO} 일반국민보다 17.0%p(95% 신뢰수준에서 표본오차 "
        f"±0.9%p) 낮을 것으로 추정된다. {ABOVE_KO.format('1.5')}",
        f"{BEHIND_EN.format('15.5')} {ALONE_EN} farmers and fishers to be 17.0 percentage points "
        "(margin of error ±0.9 percentage points at the 95% confidence level) below the reference "
        f"(general public). {ABOVE_EN.format('1.5')}",
    ),
    Golden(
        explained((3.0, 1.0), (5.0, 0.9), (-2.0, 1.0)),
        f"{AHEAD_KO.format('3.0')} {ALONE_KO} 일반국민보다 5.0%p(95% 신뢰수준에서 표본오차 "
        f"±0.9%p) 높을 것으로 추정된다. {BELOW_KO.format('2.0')}",
        f"{AHEAD_EN.format('3.0')} {ALONE_EN} farmers and fishers to be 5.0 percentage points "
        "(margin of error ±0.9 percentage points at the 95% confidence level) above the reference "
        f"(general public). {BELOW_EN.format('2.0')}",
    ),
    # composition explains nothing that can be seen
    Golden(
        explained((-5.0, 1.0), (-0.3, 0.6), (-4.7, 1.1)),
        f"{BEHIND_KO.format('5.0')} {ALONE_KO} 일반국민보다 0.3%p 낮을 것으로 추정되나, "
        "표본오차(95% 신뢰수준에서 ±0.6%p)를 고려하면 통계적으로 유의한 차이라고 보기 어렵다. "
        f"{BELOW_KO.format('4.7')}",
        f"{BEHIND_EN.format('5.0')} {ALONE_EN} farmers and fishers to be 0.3 percentage points "
        "below the reference (general public), but given the sampling error (±0.6 percentage "
        "points at the 95% confidence level) this difference is not statistically significant. "
        f"{BELOW_EN.format('4.7')}",
    ),
    Golden(
        explained((-5.0, 1.0), (0.3, 0.6), (-5.3, 1.1)),
        f"{BEHIND_KO.format('5.0')} {ALONE_KO} 일반국민보다 0.3%p 높을 것으로 추정되나, "
        "표본오차(95% 신뢰수준에서 ±0.6%p)를 고려하면 통계적으로 유의한 차이라고 보기 어렵다. "
        f"{BELOW_KO.format('5.3')}",
        f"{BEHIND_EN.format('5.0')} {ALONE_EN} farmers and fishers to be 0.3 percentage points "
        "above the reference (general public), but given the sampling error (±0.6 percentage "
        "points at the 95% confidence level) this difference is not statistically significant. "
        f"{BELOW_EN.format('5.3')}",
    ),
    Golden(  # neither part is beyond its error
        explained((-2.0, 1.0), (-2.5, 3.0), (0.5, 3.1)),
        f"{BEHIND_KO.format('2.0')} {ALONE_KO} 일반국민보다 2.5%p 낮을 것으로 추정되나, "
        "표본오차(95% 신뢰수준에서 ±3.0%p)를 고려하면 통계적으로 유의한 차이라고 보기 어렵다. "
        "실제 수준은 이러한 구성에서 예상되는 것보다 0.5%p 높으나, 표본오차를 고려하면 통계적으로 "
        f"유의한 차이라고 보기 어렵다. 이 차이에는 {CAVEAT_KO}",
        f"{BEHIND_EN.format('2.0')} {ALONE_EN} farmers and fishers to be 2.5 percentage points "
        "below the reference (general public), but given the sampling error (±3.0 percentage "
        "points at the 95% confidence level) this difference is not statistically significant. "
        "The actual level is 0.5 percentage points above what this composition would lead one to "
        "expect, but given the sampling error the difference is not statistically significant. It "
        f"{CAVEAT_EN}",
    ),
    Golden(
        explained((-2.0, 1.0), (-1.0, 3.0), (-1.0, 3.1)),
        f"{BEHIND_KO.format('2.0')} {ALONE_KO} 일반국민보다 1.0%p 낮을 것으로 추정되나, "
        "표본오차(95% 신뢰수준에서 ±3.0%p)를 고려하면 통계적으로 유의한 차이라고 보기 어렵다. "
        "실제 수준은 이러한 구성에서 예상되는 것보다 1.0%p 낮으나, 표본오차를 고려하면 통계적으로 "
        f"유의한 차이라고 보기 어렵다. 이 차이에는 {CAVEAT_KO}",
        f"{BEHIND_EN.format('2.0')} {ALONE_EN} farmers and fishers to be 1.0 percentage points "
        "below the reference (general public), but given the sampling error (±3.0 percentage "
        "points at the 95% confidence level) this difference is not statistically significant. "
        "The actual level is 1.0 percentage points below what this composition would lead one to "
        "expect, but given the sampling error the difference is not statistically significant. It "
        f"{CAVEAT_EN}",
    ),
    # what prints as 0.0 is no part
    Golden(
        explained((-5.0, 1.0), (-0.04, 0.01), (-4.96, 1.0)),
        f"{BEHIND_KO.format('5.0')} 연령·학력·소득 구성이 다른 데서 비롯된 것으로 추정되는 부분은 "
        f"0.1%p 미만이다. {BELOW_KO.format('5.0')}",
        f"{BEHIND_EN.format('5.0')} The part that goes with composition by age, education and "
        f"income is less than 0.1 percentage points. {BELOW_EN.format('5.0')}",
    ),
    Golden(
        explained((-5.0, 1.0), (0.04, 0.5), (-5.04, 1.1)),
        f"{BEHIND_KO.format('5.0')} 연령·학력·소득 구성이 다른 데서 비롯된 것으로 추정되는 부분은 "
        "0.1%p 미만이며, 표본오차(95% 신뢰수준에서 ±0.5%p)를 고려하면 통계적으로 유의하다고 보기 "
        f"어렵다. {BELOW_KO.format('5.0')}",
        f"{BEHIND_EN.format('5.0')} The part that goes with composition by age, education and "
        "income is less than 0.1 percentage points, and given the sampling error (±0.5 percentage "
        "points at the 95% confidence level) it is not statistically significant. "
        f"{BELOW_EN.format('5.0')}",
    ),
    Golden(
        explained((-5.0, 1.0), (-5.04, 0.5), (0.04, 0.01)),
        f"{BEHIND_KO.format('5.0')} {ALONE_KO} 일반국민보다 5.0%p(95% 신뢰수준에서 표본오차 "
        "±0.5%p) 낮을 것으로 추정된다. 이들 요인으로 설명되지 않는 부분은 0.1%p 미만이며, "
        f"{CAVEAT_KO}",
        f"{BEHIND_EN.format('5.0')} {ALONE_EN} farmers and fishers to be 5.0 percentage points "
        "(margin of error ±0.5 percentage points at the 95% confidence level) below the reference "
        "(general public). The part not explained by these factors is less than 0.1 percentage "
        f"points; it {CAVEAT_EN}",
    ),
    Golden(
        explained((-5.0, 1.0), (-4.96, 0.5), (-0.04, 0.9)),
        f"{BEHIND_KO.format('5.0')} 이 격차 가운데 약 99%인 5.0%p(95% 신뢰수준에서 표본오차 "
        f"±0.5%p)는 {SINCE_KO} 이들 요인으로 설명되지 않는 부분은 0.1%p 미만이며, 표본오차를 "
        f"고려하면 통계적으로 0과 다르다고 보기 어렵다. 이 부분에는 {CAVEAT_KO}",
        f"{BEHIND_EN.format('5.0')} Of this gap, an estimated 5.0 percentage points (margin of "
        f"error ±0.5 percentage points at the 95% confidence level), about 99%, {SINCE_EN} The "
        "part not explained by these factors is less than 0.1 percentage points, and given the "
        f"sampling error it does not differ statistically from zero. It {CAVEAT_EN}",
    ),
    Golden(  # all of a gap, to the last digit: no share of a rest that has no sign
        explained((-5.0, 1.0), (-5.0, 0.5), (0.0, 0.9)),
        f"{BEHIND_KO.format('5.0')} 이 격차 가운데 5.0%p(95% 신뢰수준에서 표본오차 ±0.5%p)는 "
        f"{SINCE_KO} 이들 요인으로 설명되지 않는 부분은 0.1%p 미만이며, 표본오차를 고려하면 "
        f"통계적으로 0과 다르다고 보기 어렵다. 이 부분에는 {CAVEAT_KO}",
        f"{BEHIND_EN.format('5.0')} Of this gap, an estimated 5.0 percentage points (margin of "
        f"error ±0.5 percentage points at the 95% confidence level) {SINCE_EN} The part not "
        "explained by these factors is less than 0.1 percentage points, and given the sampling "
        f"error it does not differ statistically from zero. It {CAVEAT_EN}",
    ),
    # the error is not known
    Golden(
        explained((-19.4, None), (-9.8, None), (-9.6, NAN)),
        f"{BEHIND_KO.format('19.4')} 이 격차 가운데 9.8%p는 {SINCE_KO} 나머지 9.6%p는 이들 "
        f"요인으로 설명되지 않으며, {CAVEAT_KO} {UNKNOWN_KO}",
        f"{BEHIND_EN.format('19.4')} Of this gap, an estimated 9.8 percentage points {SINCE_EN} "
        "The remaining 9.6 percentage points are not explained by these factors; this part "
        f"{CAVEAT_EN} {UNKNOWN_EN}",
    ),
    Golden(  # of one part: nothing is said as if it were
        explained((-5.0, 1.0), (2.0, None), (-7.0, 9.0)),
        f"{BEHIND_KO.format('5.0')} {ALONE_KO} 오히려 일반국민보다 2.0%p 높을 것으로 추정된다. "
        f"{BELOW_KO.format('7.0')} {UNKNOWN_KO}",
        f"{BEHIND_EN.format('5.0')} {ALONE_EN} the opposite: farmers and fishers 2.0 percentage "
        f"points above the reference (general public). {BELOW_EN.format('7.0')} {UNKNOWN_EN}",
    ),
    # no gap
    Golden(
        explained((-0.8, 1.4), (-5.0, 1.0), (4.2, 1.5)),
        "완전사례 기준으로 농어민의 디지털정보화 수준은 일반국민보다 0.8%p 낮으나, 표본오차(95% "
        "신뢰수준에서 "
        "±1.4%p)를 고려하면 통계적으로 유의한 차이라고 보기 어렵다. 표본오차 범위를 벗어나는 "
        "격차가 없으므로 요인별로 나누지 않는다.",
        "On complete cases, the digital informatization level of farmers and fishers is 0.8 "
        "percentage points below "
        "the reference (general public = 100), but given the sampling error (±1.4 percentage "
        "points at the 95% confidence level) the difference is not statistically significant. "
        "There is no gap beyond sampling error to explain, so nothing is divided by factor.",
    ),
    Golden(
        explained((0.8, 0.8), (0.4, None), (0.4, None), confidence=0.9),
        "완전사례 기준으로 농어민의 디지털정보화 수준은 일반국민보다 0.8%p 높으나, 표본오차(90% "
        "신뢰수준에서 "
        f"±0.8%p)를 고려하면 통계적으로 유의한 차이라고 보기 어렵다. {WITHIN_KO}",
        "On complete cases, the digital informatization level of farmers and fishers is 0.8 "
        "percentage points above "
        "the reference (general public = 100), but given the sampling error (±0.8 percentage "
        f"points at the 90% confidence level) the difference is not statistically significant. "
        f"{WITHIN_EN}",
    ),
    Golden(
        explained((-0.04, 1.4), (-2.0, 1.0), (1.96, 1.5)),
        "완전사례 기준으로 농어민과 일반국민의 디지털정보화 수준 차이는 0.1%p 미만이며, "
        "표본오차(95% 신뢰수준에서 "
        f"±1.4%p)를 고려하면 통계적으로 유의한 차이라고 보기 어렵다. {WITHIN_KO}",
        "On complete cases, the digital informatization level of farmers and fishers is less "
        "than 0.1 percentage "
        "points from the reference (general public = 100), and given the sampling error (±1.4 "
        "percentage points at the 95% confidence level) the difference is not statistically "
        f"significant. {WITHIN_EN}",
    ),
    Golden(
        explained((0.04, 0.03), (2.0, 1.0), (-1.96, 1.5)),
        "완전사례 기준으로 농어민과 일반국민의 디지털정보화 수준 차이는 0.1%p 미만이나, 95% "
        "신뢰수준에서 통계적으로 "
        f"유의하다. {SMALL_KO}",
        "On complete cases, the digital informatization level of farmers and fishers is less "
        "than 0.1 percentage "
        "points from the reference (general public = 100), but the difference is statistically "
        f"significant at the 95% confidence level. {SMALL_EN}",
    ),
    Golden(
        explained((0.0, None), (2.0, None), (-2.0, None)),
        "완전사례 기준으로 농어민과 일반국민의 디지털정보화 수준 차이는 0.1%p 미만이다. "
        "표본오차를 알 수 없어 이 "
        f"차이가 통계적으로 유의한지는 판단하지 않았다. {SMALL_KO}",
        "On complete cases, the digital informatization level of farmers and fishers is less "
        "than 0.1 percentage "
        "points from the reference (general public = 100). Its sampling error is not known, so "
        f"whether the difference is statistically significant was not assessed. {SMALL_EN}",
    ),
    # factors
    Golden(
        largest(
            (-15.453252, 1.118),
            성=(-0.002715, 0.009),
            연령=(-4.314187, 0.309),
            학력=(-3.297275, 0.281),
            소득=(-2.335356, 0.230),
            가구_형태=(-0.470036, 0.089),
            직업=(-1.472829, 0.266),
        ),
        "95% 신뢰수준의 요인별 검정에서 통계적으로 유의한 요인 가운데 가장 큰 몫은 연령 "
        "구성(4.3%p)이고, "
        "학력(3.3%p), 소득(2.3%p)이 뒤를 잇는다.",
        "Among the factors that are, each by itself, statistically significant at the 95% "
        "confidence level, the "
        "largest part goes with age (4.3 percentage points), followed by education (3.3) and "
        "income (2.3).",
    ),
    Golden(
        largest((3.0, 1.0), 0.9, 소득=(2.0, 0.5), 연령=(-0.8, 0.3), 성=(-0.9, 0.3), 학력=(1, 0.5)),
        "90% 신뢰수준의 요인별 검정에서 통계적으로 유의한 요인 가운데 가장 큰 몫은 소득 "
        "구성(2.0%p)이고, "
        "학력(1.0%p)이 뒤를 잇는다. 반대로 성(0.9%p), 연령(0.8%p) 구성은 차이를 좁히는 방향으로 "
        "나타났다.",
        "Among the factors that are, each by itself, statistically significant at the 90% "
        "confidence level, the "
        "largest part goes with income (2.0 percentage points), followed by education (1.0). In "
        "the other direction, narrowing the lead: sex (0.9 percentage points) and age (0.8).",
    ),
    Golden(
        largest((-9.0, 1.0), 연령=(-2.31, 0.3), 학력=(-1.0, 0.2), 소득=(-2.34, 0.3)),
        f"{SEEN_KO} 소득·연령 구성(각 2.3%p)이고, 학력(1.0%p)이 뒤를 잇는다.",
        f"{SEEN_EN} parts go with income and age (2.3 percentage points each), followed by "
        "education (1.0).",
    ),
    Golden(
        largest((-9.0, 1.0), 연령=(-2.3, 0.3), 학력=(-2.3, 2.3), 소득=(-2.3, 0.3)),
        f"{SEEN_KO} 연령·소득 구성(각 2.3%p)이다.",
        f"{SEEN_EN} parts go with age and income (2.3 percentage points each).",
    ),
    Golden(
        largest((-9.0, 1.0), 연령=(-2.3, 0.3), 학력=(-0.04, 0.01), 소득=(0.2, 0.3)),
        "격차와 같은 방향이면서 95% 신뢰수준의 요인별 검정에서 통계적으로 유의한 요인은 연령 "
        "구성(2.3%p)뿐이다.",
        "The only factor in the direction of the gap that is by itself statistically significant "
        "at the 95% "
        "confidence level is age (2.3 percentage points).",
    ),
    Golden(
        largest((-9.0, 1.0), 연령=(-2.3, 2.4), 학력=(-0.04, 0.01), 소득=(0.6, 0.3)),
        "격차와 같은 방향으로 0.1%p 이상이면서 95% 신뢰수준의 요인별 검정에서 통계적으로 유의한 "
        "요인은 확인되지 "
        "않았다. 반대로 소득(0.6%p) 구성은 격차를 좁히는 방향으로 나타났다.",
        "No factor in the direction of the gap amounts to 0.1 percentage points and is by itself "
        "statistically significant at the 95% confidence level. In the other direction, narrowing "
        "the gap: income (0.6 percentage points).",
    ),
    Golden(
        largest((9.0, 1.0), 연령=(2.3, 2.4), 학력=(1.0, NAN)),
        "차이와 같은 방향으로 0.1%p 이상이면서 95% 신뢰수준의 요인별 검정에서 통계적으로 유의한 "
        "요인은 확인되지 "
        "않았다. 학력 구성의 몫은 표본오차를 알 수 없어 통계적으로 유의한지 판단하지 않았다.",
        "No factor in the direction of the lead amounts to 0.1 percentage points and is by itself "
        "statistically significant at the 95% confidence level. The sampling error is not known "
        "for education, so statistical significance was not assessed there.",
    ),
    Golden(
        largest((-9.0, None), 연령=(-2.3, None), 학력=(-1.0, None), 소득=(-0.5, None)),
        "연령·학력·소득 구성의 몫은 표본오차를 알 수 없어 통계적으로 유의한지 판단하지 않았다.",
        "The sampling error is not known for age, education and income, so statistical "
        "significance was not assessed there.",
    ),
    Golden(largest((-0.8, 1.4), 연령=(-2.3, 0.3)), WITHIN_KO, WITHIN_EN),
    Golden(largest((0.04, None), 연령=(-2.3, 0.3)), SMALL_KO, SMALL_EN),
    # another composition
    Golden(
        standardised(80.6, 88.2, "연령"),
        "농어민의 연령 구성이 일반국민과 같다고 가정하면 종합 수준은 88.2%로 추정된다. 이는 실제 "
        "수준(80.6%)이 아니라 비교를 위한 가상의 값이다.",
        "If the composition of farmers and fishers by age were that of the reference (general "
        "public = 100), their overall level would be an estimated 88.2%. This is not the actual "
        "level (80.6%) but a hypothetical value for comparison.",
    ),
    Golden(
        standardised(80.649, 88.25, "연령", "학력"),
        "농어민의 연령·학력 구성이 일반국민과 같다고 가정하면 종합 수준은 88.3%로 추정된다. 이는 "
        "실제 수준(80.6%)이 아니라 비교를 위한 가상의 값이다.",
        "If the composition of farmers and fishers by age and education were that of the reference "
        "(general public = 100), their overall level would be an estimated 88.3%. This is not the "
        "actual level (80.6%) but a hypothetical value for comparison.",
    ),
    # step by step
    Golden(
        nested((-15.453252, 1.118), ("연령·성", -11.1), ("학력", -7.8)),
        "연령·성만 고려하면 격차는 15.5%p에서 11.1%p로, 학력까지 고려하면 7.8%p로 축소된다.",
        "Considering age and sex alone, the gap narrows from 15.5 to 11.1 percentage points; "
        "considering education as well, to 7.8.",
    ),
    Golden(
        nested((-15.5, None), ("연령", -16.0), ("학력", -11.1), ("소득", -7.8), ("직업", -8.0)),
        "연령만 고려하면 격차는 15.5%p에서 16.0%p로 확대된다. 학력까지 고려하면 격차는 11.1%p로, "
        "소득까지 고려하면 7.8%p로 축소된다. 직업까지 고려하면 격차는 8.0%p로 확대된다.",
        "Considering age alone, the gap widens from 15.5 to 16.0 percentage points. Considering "
        "education as well, the gap narrows to 11.1 percentage points; considering income as well, "
        "to 7.8. Considering occupation as well, the gap widens to 8.0 percentage points.",
    ),
    Golden(
        nested((-15.46, 1.1), ("연령", -15.54), ("학력", -15.51), ("소득", -0.04), ("직업", 0.03)),
        "연령만 고려하면 격차는 15.5%p로 유지된다. 학력까지 고려하여도 격차는 15.5%p로 유지된다. "
        "소득까지 고려하면 격차는 0.1%p 미만으로 축소된다. 직업까지 고려하여도 격차는 0.1%p "
        "미만으로 유지된다.",
        "Considering age alone, the gap stays at 15.5 percentage points. Considering education as "
        "well, the gap stays at 15.5 percentage points. Considering income as well, the gap "
        "narrows to less than 0.1 percentage points. Considering occupation as well, the gap stays "
        "at less than 0.1 percentage points.",
    ),
    Golden(
        nested((-3.0, 1.1), ("연령", 1.2), ("학력", 1.2), ("소득", -0.04), ("직업", -0.5)),
        "연령만 고려하면 3.0%p의 격차가 없어지고 농어민의 수준이 일반국민보다 1.2%p 높은 것으로 "
        "추정된다. 학력까지 고려하면 농어민의 수준이 일반국민보다 1.2%p 높은 것으로 추정된다. "
        "소득까지 고려하면 격차는 다시 0.1%p 미만이 된다. 직업까지 고려하면 격차는 0.5%p로 "
        "확대된다.",
        "Considering age alone, the gap of 3.0 percentage points gives way to a level of farmers "
        "and fishers that is 1.2 percentage points above the reference (general public = 100). "
        "Considering education as well, the level of farmers and fishers is 1.2 percentage points "
        "above the reference (general public = 100). Considering income as well, the gap is less "
        "than 0.1 percentage points again. Considering occupation as well, the gap widens to 0.5 "
        "percentage points.",
    ),
    Golden(
        nested((3.0, 1.1), ("연령", -1.2), ("학력", -0.7), ("소득", 0.5), ("직업", 0.1)),
        "연령만 고려하면 3.0%p의 차이가 없어지고 농어민의 수준이 일반국민보다 1.2%p 낮은 것으로 "
        "추정된다. 학력까지 고려하면 농어민의 수준이 일반국민보다 0.7%p 낮은 것으로 추정된다. "
        "소득까지 고려하면 차이는 다시 0.5%p가 된다. 직업까지 고려하면 차이는 0.1%p로 축소된다.",
        "Considering age alone, the lead of 3.0 percentage points gives way to a level of farmers "
        "and fishers that is 1.2 percentage points below the reference (general public = 100). "
        "Considering education as well, the level of farmers and fishers is 0.7 percentage points "
        "below the reference (general public = 100). Considering income as well, the lead is 0.5 "
        "percentage points again. Considering occupation as well, the lead narrows to 0.1 "
        "percentage points.",
    ),
    Golden(nested((-0.8, 1.4), ("연령", -0.5)), WITHIN_KO, WITHIN_EN),
    Golden(nested((-0.04, None), ("연령", -0.5)), SMALL_KO, SMALL_EN),
    # what to know when reading
    Golden(
        lambda lang: consequence_note(lang, [said("소득", lang), said("직업", lang)]),
        "소득·직업 구성은 격차가 생긴 여건에 따른 결과일 수도 있고 이 조사로는 선후 관계를 가릴 "
        "수 없으므로, 마지막 단계에서 고려하였다.",
        "Entered last: income and occupation, which may be a consequence of what puts a group "
        "behind; the survey cannot tell which comes first.",
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


def published(gap: float, unexplained: float, explained: float, lang: Language) -> Divided:
    factor = Contribution(said("연령", lang), explained)
    return Divided(said("농어민", lang), gap, None, explained, None, unexplained, None, (factor,))


def test_a_waterfall_goes_from_the_reference_to_the_level() -> None:
    divided = Divided(
        "농어민",
        -15.453252,
        1.118,
        -11.892398,
        0.47,
        -3.560854,
        1.073,
        (
            *(Contribution("성", -0.002715), Contribution("연령", -4.314187)),
            *(Contribution("학력", -3.297275), Contribution("소득", -2.335356)),
            *(Contribution("가구 형태", -0.470036), Contribution("직업", -1.472829)),
        ),
    )
    assert waterfall_lines(divided, "ko", reference="일반국민") == [
        *(("일반국민", "100.0"), ("성", "0.0"), ("연령", "-4.3"), ("학력", "-3.3")),
        *(("소득", "-2.3"), ("가구 형태", "-0.5"), ("직업", "-1.5")),
        *(("설명되지 않는 부분", "-3.6"), ("농어민", "84.5")),
    ]


def test_a_waterfall_is_rounded_half_up_line_by_line_on_exact_decimals() -> None:
    lines = waterfall_lines(published(1.15, 0.25, 0.9, "en"), "en", reference="everybody")
    assert lines == [
        *(("everybody", "100.0"), ("age", "+0.9"), ("unexplained", "+0.3")),
        ("farmers and fishers", "101.2"),
    ]
    assert rounded(100 - 95.65) == "4.3"  # in binary fractions
    lines = waterfall_lines(published(-95.65, -95.6, -0.05, "en"), "en", reference="everybody")
    assert lines[1:] == [
        *(("age", "-0.1"), ("unexplained", "-95.6")),
        ("farmers and fishers", "4.4"),
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_text_of_the_catalogue_has_its_golden_sentence(
    lang: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[str] = set()

    def noted(code: str, lang: Language, **params: object) -> str:
        used.add(code)
        return text(code, lang, **params)

    monkeypatch.setattr(explanations, "text", noted)
    for call in CALLS:
        call(lang)
    waterfall_lines(published(-1.0, -0.5, -0.5, lang), lang, reference="reference")
    words = {code for code in catalogue(lang) if code.startswith("explain.")}
    assert used - {"sentence.list.then"} == words


# -- shares --------------------------------------------------------------------------------------


def shared(gap: Number, explained: float, confidence: float = 0.95) -> float | None:
    factor = Contribution("age", explained)
    rest = gap[0] - explained
    divided = Divided("farmers", *gap, explained, 0.1, rest, 0.1, (factor,))
    return share_explained(divided, confidence=confidence)


def test_a_share_is_one_of_the_gap_of_either_sign() -> None:
    assert shared((-16.0, 1.1), -10.0) == pytest.approx(0.625)
    assert shared((4.0, 1.1), 1.0) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("gap", "explained"),
    [
        *(((-5.0, None), -2.0), ((-5.0, NAN), -2.0)),  # unknown error
        *(((-5.0, 1.0), 2.0), ((5.0, 1.0), -2.0)),  # the opposite of the gap
        *(((-5.0, 1.0), -5.1), ((5.0, 1.0), 5.1)),  # more than the gap
        *(((-5.0, 1.0), 0.0), ((-5.0, 1.0), -5.0)),  # a part without a sign
        *(((-1.0, 1.0), -0.5), ((0.0, 0.0), 0.0)),  # within the error
    ],
)
def test_there_is_no_share_where_it_means_nothing(gap: Number, explained: float) -> None:
    assert shared(gap, explained) is None


def test_a_share_needs_two_standard_errors_at_any_confidence() -> None:
    # the 97.5th, 95th and 99.5th percentile of the normal distribution
    for confidence, quantile in ((0.95, 1.959964), (0.9, 1.644854), (0.99, 2.575829)):
        margin = quantile * 1.0  # of a standard error of one point
        assert shared((-2.001, margin), -1.0, confidence) == (
            None if quantile > 2.001 else pytest.approx(1 / 2.001)
        )
        assert shared((-1.999, margin), -1.0, confidence) is None
    assert shared((-2.6, 2.575829), -1.3, 0.99) == pytest.approx(0.5)


# -- for all numbers -----------------------------------------------------------------------------

POINTS = st.decimals(-9, 9, places=2).map(float)
MARGINS = st.none() | st.just(NAN) | st.decimals(0, 4, places=2).map(float)
REFERENCE = {"ko": "일반국민", "en": "everybody"}


@st.composite
def divisions(draw: st.DrawFn) -> Divided:
    labels = ["①연령", "②학력", "③소득", "④직업", "⑤가구 형태"][: draw(st.integers(1, 5))]
    factors = tuple(Contribution(label, draw(POINTS), draw(MARGINS)) for label in labels)
    explained = sum(factor.points for factor in factors)
    rest = draw(POINTS)
    margins = draw(st.tuples(MARGINS, MARGINS, MARGINS) | st.just((0.5, 0.5, 0.5)))
    gap = explained + rest
    return Divided("농어민", gap, margins[0], explained, margins[1], rest, margins[2], factors)


@given(divisions())
def test_an_explanation_has_two_to_four_sentences_and_one_margin_at_most(divided: Divided) -> None:
    for lang in LANGUAGES:
        found = explanation(divided, lang, reference=REFERENCE[lang])
        assert 2 <= len(re.findall(r"\.(?= |$)", found)) <= 4
        assert found.count("±") <= 1
        assert not re.search(r"(?<![±\d])0\.0(?!\d)|(?<!±)-\d", found)


@given(divisions())
def test_what_is_called_a_part_of_a_gap_is_not_larger_than_the_gap(divided: Divided) -> None:
    found = explanation(divided, "ko", reference="일반국민")
    shown = re.search(r"보다 ([\d.]+)%p .*(?:가운데|인) ([\d.]+)%p.*나머지 ([\d.]+)%p", found)
    assert (shown is None) == ("나머지" not in found)
    if shown is not None:
        gap, part, rest = map(Decimal, shown.groups())
        assert 0 < part <= gap
        assert 0 < rest <= gap
        assert abs(gap - part - rest) <= Decimal("0.1")
    share = re.search(r"약 (\d+)%인", found)
    assert share is None or 0 <= int(share.group(1)) <= 100


@given(divisions())
def test_without_its_caveat_nothing_is_left_over(divided: Divided) -> None:
    found = explanation(divided, "ko", reference="일반국민")
    assert ("효과로 해석할 수 없다" in found) != ("나누지 않는다" in found)
    found = explanation(divided, "en", reference="everybody")
    assert ("cannot be read as an effect of" in found) != ("nothing is divided" in found)


@given(divisions())
def test_only_factors_beyond_their_error_are_named_with_their_points(divided: Divided) -> None:
    def beyond(factor: Contribution) -> bool:
        points, margin = Decimal(str(factor.points)), factor.margin
        if margin is None or math.isnan(margin):
            return False
        return abs(points) >= Decimal("0.05") and abs(points) > Decimal(str(margin))

    found = largest_factors(divided, "ko")
    if "나누지 않는다" in found:
        return
    named = re.findall(r"[①-⑤]", re.sub(r"[^.]*구성의 몫은[^.]*\.", "", found))
    largest_first = sorted(filter(beyond, divided.factors), key=lambda each: -abs(each.points))
    along = [each for each in largest_first if each.points * divided.gap > 0]
    against = [each for each in largest_first if each.points * divided.gap < 0]
    assert named == [each.label[0] for each in (*along[:3], *against)]


@given(divisions())
def test_a_waterfall_has_a_line_for_every_part(divided: Divided) -> None:
    lines = waterfall_lines(divided, "ko", reference="일반국민")
    assert [label for label, _ in lines[1:-2]] == list(divided.labels)
    steps = sum(Decimal(number) for _, number in lines[:-1])
    assert abs(steps - Decimal(lines[-1][1])) <= Decimal("0.05") * len(lines)


# -- what there is not ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [NAN, float("inf"), float("-inf")])
def test_nothing_is_said_of_a_number_that_there_is_not(number: float) -> None:
    for call in (
        lambda: Contribution("age", number),
        lambda: published(number, 1.0, 1.0, "en"),
        lambda: published(1.0, number, 1.0, "en"),
        lambda: Divided("g", 1.0, 1.0, number, 1.0, 1.0, 1.0, (Contribution("age", 1.0),)),
        lambda: standardised(number, 80.0, "연령")("ko"),
        lambda: standardised(80.0, number, "연령")("ko"),
    ):
        with pytest.raises(ValueError, match=str(number)):
            call()


@pytest.mark.parametrize("margin", [-0.1, float("inf")])
def test_nothing_is_said_with_a_margin_that_there_is_not(margin: float) -> None:
    age = Contribution("age", 1.0)
    for call in (
        lambda: Contribution("age", 1.0, margin),
        lambda: Divided("g", 2.0, margin, 1.0, 1.0, 1.0, 1.0, (age,)),
        lambda: Divided("g", 2.0, 1.0, 1.0, margin, 1.0, 1.0, (age,)),
        lambda: Divided("g", 2.0, 1.0, 1.0, 1.0, 1.0, margin, (age,)),
    ):
        with pytest.raises(ValueError, match=str(margin)):
            call()


def test_parts_that_do_not_add_up_are_a_mistake_of_ours() -> None:
    age = Contribution("age", -1.0)
    for gap, explained, unexplained in ((-2.0, -1.0, -0.9), (-2.0, -1.1, -0.9)):
        with pytest.raises(ValueError, match=r"-"):
            Divided("g", gap, 1.0, explained, 1.0, unexplained, 1.0, (age,))
    with pytest.raises(ValueError, match=r"\(\)"):
        Divided("g", 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, ())


def test_steps_are_of_one_group_and_gap_and_each_adds_a_factor() -> None:
    def step(*labels: str, group: str = "g", gap: float = -5.0) -> Divided:
        first, *others = labels
        factors = (Contribution(first, -1.0), *(Contribution(each, 0.0) for each in others))
        return Divided(group, gap, 1.0, -1.0, 0.1, gap + 1, 1.0, factors)

    assert nested_sentence([step("a"), step("b", "a")], "en", reference="everybody")
    for steps in (
        [],
        [step("a"), step("a")],
        [step("a", "b"), step("a")],
        [step("a"), step("b", "c")],
        [step("a"), step("a", "b", group="h")],
        [step("a"), step("a", "b", gap=-5.1)],
    ):
        with pytest.raises(ValueError, match=r"\[\]|Divided"):
            nested_sentence(steps, "en", reference="everybody")


# -- particles -----------------------------------------------------------------------------------

ENDINGS = [
    *(("제주", "와", "가"), ("전남", "과", "이"), ("서울", "과", "이")),
    *(("서울(수도권)", "과", "이"), ("제주(2025)", "와", "가"), ("만 65세 이상 1", "과", "이")),
    *(("계층 2", "와", "가"), ("계층 10", "과", "이"), ("PC", "와", "가"), ("LL", "과", "이")),
]


@pytest.mark.parametrize(("label", "company", "subject"), ENDINGS)
def test_particles_agree_with_the_end_of_a_label_as_it_is_spoken(
    label: str, company: str, subject: str
) -> None:
    check_particles(label, company, subject)


@given(WORDS)
def test_particles_agree_with_whatever_label_is_put_in(label: str) -> None:
    company, subject = agreeing(label, FORMS[3]), agreeing(label, FORMS[1])
    check_particles(label, company, subject)


def check_particles(label: str, company: str, subject: str) -> None:
    marked = f"①{label}"
    age, other = Contribution("연령", -2.0, 0.1), Contribution(marked, -1.0, 0.1)
    divided = Divided(marked, -5.0, 1.0, -3.0, 1.0, -2.0, 1.0, (age, other))
    assert f"는 {marked}{company} 일반국민의 연령·{marked} 구성이" in explanation(
        divided, "ko", reference="일반국민"
    )
    assert f"연령 구성(2.0%p)이고, {marked}(1.0%p){subject} 뒤를 잇는다." in largest_factors(
        divided, "ko"
    )
    found = standardised_sentence(
        "농어민", 80.0, 81.0, "ko", by=[marked], reference=marked, dimension="종합"
    )
    assert f"농어민의 {marked} 구성이 {marked}{company} 같다고" in found
    tiny = Divided(marked, 0.0, None, 0.0, None, 0.0, None, (Contribution("연령", 0.0),))
    assert f"{marked}{company} 일반국민의" in explanation(tiny, "ko", reference="일반국민")


def test_a_label_whose_reading_cannot_be_told_is_an_error() -> None:
    divided = published(-5.0, -3.0, -2.0, "ko")
    unread = Divided("漢字", -5.0, None, -2.0, None, -3.0, None, divided.factors)
    with pytest.raises(UnspokenError):
        explanation(unread, "ko", reference="일반국민")
    assert "漢字" in explanation(unread, "en", reference="everybody")


# -- words -------------------------------------------------------------------------------------

BANNED = (
    *("차별", "때문", "덕분", "원인", "영향", "크게", "증명", "오차범위 내에서 앞", "급등", "급락"),
    *("달성 확실", "세계 최고", "△", "▲", "\u2212", "그룹", "차원", "지수", "분해", "국민 평균"),
)
BANNED_ENGLISH = (
    *("discrimination", "because", r"\bcaus", "due to", "thanks to", "owing to", "effect of the"),
    *("impact", r"\bproven\b", "certain to", "significantly (higher|lower)", "\u2212"),
)
WORDING = sorted(code for code in catalogue("en") if code.startswith("explain."))


@pytest.mark.parametrize("code", WORDING)
def test_no_text_claims_a_cause(code: str) -> None:
    korean, english = catalogue("ko")[code], catalogue("en")[code].lower()
    assert [word for word in BANNED if word in korean] == []
    assert [word for word in BANNED_ENGLISH if re.search(word, english)] == []
    assert korean.count("효과") == korean.count("효과로 해석할 수 없다")
    assert english.count("effect") == english.count(
        "cannot be read as an effect of place or policy"
    )


@pytest.mark.parametrize("call", CALLS)
def test_a_korean_sentence_is_written_as_a_report_is(call: Call) -> None:
    found = call("ko")
    assert re.fullmatch(r"(.*다(\([^()]*\))?\. ?)+", found)
    assert not re.search(r"(\S+의\s+){3}", found)
    assert not re.search(r"  |[{}]|[습입]니다|십시오", found)
    assert not re.search(r"\d\s+%|(?<!±)-\d|\d-", found)


@pytest.mark.parametrize("call", CALLS)
def test_an_english_sentence_is_a_sentence(call: Call) -> None:
    found = call("en")
    assert re.fullmatch(r"[A-Z].*\.", found)
    assert not re.search(r"  |[{}]|[가-힣]|%p|\d\s+%", found)
