"""A particle agrees with the last sound as it is spoken, and is never guessed."""

import re
import string
import unicodedata
from collections.abc import Iterator

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from divide_index.messages import _Words, catalogue
from divide_index.messages.particles import PAIRS, READINGS, UnspokenError, particle, with_particle
from tests.samples import ROOT

pytestmark = pytest.mark.once  # words of our own

FORMS = [
    *(("은", "는"), ("이", "가"), ("을", "를"), ("과", "와")),
    *(("으로", "로"), ("이나", "나"), ("이라", "라")),
]
SYLLABLES = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)
WORDS = st.text(SYLLABLES, min_size=1, max_size=8)


def agreeing(reading: str, forms: tuple[str, str]) -> str:
    """Return the form that agrees with a reading in Hangul, by its letters taken apart."""
    consonant, vowel = forms
    last = unicodedata.normalize("NFD", reading)[-1]
    if not "\u11a8" <= last <= "\u11c2" or (consonant == "으로" and last == "\u11af"):
        return vowel
    return consonant


def spelled(number: int) -> str:
    """Return how a number is read, in full."""
    if number == 0:
        return "영"
    words = ""
    for place, unit in reversed([*enumerate(("", "만", "억", "조", "경", "해"))]):
        four = number // 10_000**place % 10_000
        if four:
            words += in_thousands(four) + unit
    return words


def in_thousands(four: int) -> str:
    return "".join(
        " 일이삼사오육칠팔구"[four // 10**power % 10] + unit
        for power, unit in ((3, "천"), (2, "백"), (1, "십"), (0, ""))
        if four // 10**power % 10
    )


def digit_by_digit(digits: str) -> str:
    return "".join("영일이삼사오육칠팔구"[int(digit)] for digit in digits)


# -- the table of the style guide --------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "pair", "said"),
    [
        ("80.6%", "이/가", "80.6%가"),
        ("2.4%p", "은/는", "2.4%p는"),
        ("83%", "을/를", "83%를"),
        ("80.6%", "으로/로", "80.6%로"),
        ("83%", "과/와", "83%와"),
        ("58.0점", "은/는", "58.0점은"),
        ("2,200명", "이/가", "2,200명이"),
        ("2027년", "을/를", "2027년을"),
        ("점", "으로/로", "점으로"),
        ("원", "은/는", "원은"),
        ("농어민(80.6%)", "은/는", "농어민(80.6%)은"),
        ("고령층(71.8%)", "이/가", "고령층(71.8%)이"),
        ("저소득층(97.0%)", "을/를", "저소득층(97.0%)을"),
        ("서울", "으로/로", "서울로"),
        ("접근 수준", "으로/로", "접근 수준으로"),
        ("제주", "과/와", "제주와"),
        ("전남", "과/와", "전남과"),
        ("AI", "은/는", "AI는"),
        ("ICT", "은/는", "ICT는"),
        ("SW", "은/는", "SW는"),
        ("PC", "은/는", "PC는"),
        ("SNS", "은/는", "SNS는"),
        ("USB", "은/는", "USB는"),
        ("NIA", "은/는", "NIA는"),
        ("TIC", "은/는", "TIC은"),
    ],
)
def test_the_particles_of_the_style_guide_are_met(words: str, pair: str, said: str) -> None:
    assert with_particle(words, pair) == said


@pytest.mark.parametrize(
    ("words", "reading"),
    [
        # digits
        *(("0", "영"), ("1", "일"), ("2", "이"), ("3", "삼"), ("4", "사"), ("5", "오")),
        *(("6", "육"), ("7", "칠"), ("8", "팔"), ("9", "구"), ("00", "영영"), ("07", "영칠")),
        *(("10", "십"), ("100", "백"), ("1000", "천"), ("10000", "만"), ("100000", "십만")),
        *(("100000000", "일억"), ("1,000,000,000,000", "일조"), ("1" + "0" * 16, "일경")),
        *(("1" + "0" * 20, "일해"), ("3" + "0" * 23, "삼천해")),
        *(("2,200", "이천이백"), ("83.0", "팔십삼점영"), ("80.6", "팔십점육"), ("0.10", "점일영")),
        *(("1,2", "이"), ("1, 10", "십"), ("1.2.3", "삼"), ("-2.4", "사"), ("±1.4", "사")),
        *(("제3", "삼"), ("COVID-19", "십구"), ("Q6_3", "삼"), ("2025. 10.", "십"), ("1~4", "사")),
        # Latin
        *(("A", "에이"), ("L", "엘"), ("M", "엠"), ("N", "엔"), ("R", "알"), ("x", "엑스")),
        *(("VR", "브이알"), ("URL", "유아르엘"), ("OECD", "디"), ("LTE-A", "에이"), ("5G", "지")),
        *(("H2O", "오"), ("인공지능 AI", "아이"), ("IoT", "티"), ("Wi-Fi", "파이"), ("%p", "트")),
        *(("KOSIS", "스"), ("KOSTAT", "탯"), ("X-App", "앱")),
        # what is not read
        *(
            ("‘농어민(만 15세 이상)’", "민"),
            ("「디지털정보격차 실태조사」", "사"),
            ("《통계》", "계"),
        ),
        *(("농어민 ", "민"), ("무엇?", "엇"), ("장애인 등…", "등"), ('"가"', "가"), ("'각'", "각")),
        *(
            ("농어민[1](2)", "민"),
            ("농어민 (가) ", "민"),
            ("1) 장애인", "인"),
            ("농\u200b민\ufeff", "민"),
        ),
        *(("농어민\uff0880.6\uff05\uff09", "민"), ("80.6\uff05", "트"), ("\uff18", "팔")),
        *(
            ("농어민(가(나[다]{라})마)", "민"),
            ("농어민【가】\u3014나\u3015", "민"),
            ("12(개)", "이"),
        ),
    ],
)
@pytest.mark.parametrize("forms", FORMS)
def test_words_are_read_aloud_to_choose(words: str, reading: str, forms: tuple[str, str]) -> None:
    said = particle(words, "/".join(forms))
    assert said == agreeing(reading, forms)
    assert with_particle(words, "/".join(forms)) == words.rstrip() + said


# -- every number, every syllable ----------------------------------------------------------------


def test_every_number_to_a_hundred_thousand_takes_the_particle_of_its_reading() -> None:
    for number in range(100_001):
        reading = spelled(number)
        for forms in (("은", "는"), ("으로", "로")):
            said = agreeing(reading, forms)
            assert particle(str(number), "/".join(forms)) == said, number
            assert particle(f"{number:,}", "/".join(forms)) == said, number


@given(st.integers(0, 10**24 - 1) | st.integers(0, 23).map(lambda power: 10**power))
def test_a_large_number_takes_the_particle_of_its_reading(number: int) -> None:
    for forms in FORMS:
        assert particle(f"{number:,}", "/".join(forms)) == agreeing(spelled(number), forms)


@given(st.integers(0, 10**6), st.from_regex("[0-9]{1,4}", fullmatch=True))
def test_decimals_are_read_digit_by_digit(whole: int, decimals: str) -> None:
    reading = f"{spelled(whole)}점{digit_by_digit(decimals)}"
    for forms in FORMS:
        for number in (f"{whole}.{decimals}", f"{whole:,}.{decimals}"):
            assert particle(number, "/".join(forms)) == agreeing(reading, forms)


@given(WORDS)
def test_every_hangul_word_agrees_and_is_composed_first(words: str) -> None:
    for forms in FORMS:
        said = words + agreeing(words, forms)
        assert with_particle(words, "/".join(forms)) == said
        assert with_particle(unicodedata.normalize("NFD", words), "/".join(forms)) == said


BRACKETS = st.recursive(
    st.text("가각 A1%,.", max_size=5),
    lambda inside: st.tuples(
        inside, st.sampled_from(["()", "[]", "{}", "【】", "\uff08\uff09"]), inside
    ).map(lambda parts: f"{parts[0]}{parts[1][0]}{parts[2]}{parts[1][1]}"),
)


@given(WORDS, BRACKETS, st.sampled_from(FORMS))
def test_a_bracket_never_changes_the_particle(
    words: str, inside: str, forms: tuple[str, str]
) -> None:
    assert particle(f"{words}({inside})", "/".join(forms)) == agreeing(words, forms)


@given(WORDS, st.sampled_from(FORMS))
def test_either_order_of_a_pair_is_the_same(words: str, forms: tuple[str, str]) -> None:
    consonant, vowel = forms
    assert particle(words, f"{consonant}/{vowel}") == particle(words, f"{vowel}/{consonant}")


def test_there_are_seven_pairs_in_two_orders() -> None:
    assert set(PAIRS.values()) == set(FORMS)
    assert len(PAIRS) == 2 * len(FORMS)


# -- labels ------------------------------------------------------------------------------------

LATIN = {"A": "에이", "B": "비", "C": "시", "DE": "디이", "SNS": "에스엔에스"}


def labels() -> Iterator[str]:
    def korean(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("ko"), str):
                yield node["ko"]
            for part in node.values():
                yield from korean(part)
        elif isinstance(node, list):
            for part in node:
                yield from korean(part)

    for path in (ROOT / "survey_schemas").glob("*.yaml"):
        yield from korean(yaml.safe_load(path.read_text(encoding="utf-8")))


def label_reading(label: str) -> str:
    core = re.sub(r"(\([^()]*\)|\.|\s)+$", "", label)
    if year := re.search("[0-9]+$", core):
        return spelled(int(year.group()))
    if share := re.search("[0-9]+%$", core):
        return share.group() + "퍼센트"
    return LATIN.get(core, core)


@pytest.mark.parametrize("label", sorted(set(labels())))
def test_every_label_of_every_packaged_schema_takes_every_particle(label: str) -> None:
    reading = label_reading(label)
    assert "가" <= reading[-1] <= "힣"
    for forms in FORMS:
        assert with_particle(label, "/".join(forms)) == label + agreeing(reading, forms)


# -- what cannot be told -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        *("", " ", "...", "()", "(농어민)", "‘’", "+", "…", "\u200b"),
        *("농어민)", "농어민(가]", "농어민((가)]", "(가))", "]"),
        *("漢字", "José", "São", "ÉCO", "Δ", "ㄱ", "①", "²", "Ⅲ", "½", "℃", "가\u0301", "٣"),
        *("km", "Tablet", "tablet", "PCs", "RURAL", "etc.", "1st", "TIC Domicílios", "nan"),
        *("1/3", "2024/2025", "1e+09", "1e-09", "1E5", "C++", "71.8*", "3~", "1" + "0" * 24),
    ],
)
@pytest.mark.parametrize("forms", FORMS)
def test_what_cannot_be_read_aloud_is_an_error(words: str, forms: tuple[str, str]) -> None:
    with pytest.raises(UnspokenError) as caught:
        with_particle(words, "/".join(forms))
    assert isinstance(caught.value, ValueError)
    assert caught.value.words == words
    assert repr(words) in str(caught.value)


@pytest.mark.parametrize("pair", ["/", "은", "은/늘", "도", "~은/는", "은/는 "])
def test_an_unknown_pair_is_an_error(pair: str) -> None:
    with pytest.raises(ValueError, match=re.escape(pair)):
        with_particle("농어민", pair)


@given(st.text(), st.sampled_from(FORMS))
def test_any_text_is_agreed_with_or_refused(words: str, forms: tuple[str, str]) -> None:
    try:
        said = with_particle(words, "/".join(forms))
    except UnspokenError:
        return
    assert said.startswith(unicodedata.normalize("NFC", words).rstrip())
    assert said.endswith(forms)


def test_words_are_read_in_hangul() -> None:
    assert all(re.fullmatch("[가-힣]+", reading) for reading in READINGS.values())


# -- in the catalogues -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "value", "said"),
    [
        ("{it:은/는} 높다", "농어민(80.6%)", "농어민(80.6%)은 높다"),
        ("{it:와/과} 같다", "제주", "제주와 같다"),
        ("‘{it}’{it:~을/를} 보라", "농어민(15세 이상)", "‘농어민(15세 이상)’을 보라"),
        ("{it:.1f|이/가}", 80.64, "80.6이"),
        ("{it}{it:.0f|~으로/로}", 81.0, "81로"),
        ("{it:,|은/는}", 12200, "12,200은"),
        ("{it:은/는}", 0.1 + 0.2, "0.3은"),
        ("{it:은/는}", 5, "5는"),
        ("{it:을/를}", ["접근", "역량", "활용 수준"], "접근, 역량, 활용 수준을"),
        ("{it:을/를}", ("접근", "읍·면/동", "제주"), "접근, 읍·면/동, 제주를"),
        ("{it:과/와}", [1, 2.5], "1, 2.5와"),
        ("{it:은/는}", [f"{number}구" for number in range(12)], None),
        ("{it:은/는}", [*(f"{number}구" for number in range(12)), "군"], None),
        ("{it:이/가}", "가\x07각", "가각이"),
        ("{it:>5}", "가", "    가"),
        ("{it:~>5}", "가", "~~~~가"),
        ("{it:|>5}", "가", "||||가"),
    ],
)
def test_a_text_asks_for_a_particle(template: str, value: object, said: str | None) -> None:
    words = _Words().vformat(template, (), {"it": value})
    if said is None:  # the last item that is printed, behind a list cut or not
        assert words.endswith("는")
    else:
        assert words == said


@pytest.mark.parametrize("value", ["", [], "Tablet", float("nan"), None, 1e9])
@pytest.mark.parametrize("spec", ["은/는", "~은/는"])
def test_a_text_never_guesses_a_particle(value: object, spec: str) -> None:
    with pytest.raises(UnspokenError):
        _Words().vformat(f"{{it:{spec}}}", (), {"it": value})


@pytest.mark.parametrize("code", sorted(catalogue("ko")))
def test_a_korean_text_asks_for_particles_that_there_are(code: str) -> None:
    for _, _, spec, _ in string.Formatter().parse(catalogue("ko")[code]):
        if re.search("[가-힣]", spec or ""):
            assert str(spec).rpartition("|")[2].removeprefix("~") in PAIRS


@pytest.mark.parametrize("code", sorted(catalogue("ko")))
def test_no_bare_particle_stands_behind_a_quote_or_bracket_of_a_placeholder(code: str) -> None:
    endings = "|".join(form for forms in FORMS for form in forms)
    bare = rf"\{{\w+\}}[’”\"'`」』]({endings})(?=[\s.,;:!?)]|$)"
    assert not re.search(bare, catalogue("ko")[code])
