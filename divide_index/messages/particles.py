"""Korean particles that agree with the last sound of the words before them, as it is spoken.

A particle such as 은/는 has a form after a consonant and one after a vowel, and what counts is
the sound that is read aloud, not the sign that is written:

===================  ============================================================================
Hangul               the final consonant of the last syllable; decomposed letters are composed
brackets             not read: 농어민(80.6%) ends as 농어민 does, however deep the brackets nest
quotes, full stops   not read: ‘농어민’ ends as 농어민 does
``%``, ``%p``        퍼센트, 퍼센트포인트
digits               Sino-Korean numbers with their units: 20 이십, 300 삼백, 10,000 만, 0 영
decimals             digit by digit after 점: 80.6 팔십점육, 83.0 팔십삼점영
capital letters      by name: PC 피시, USB 유에스비; R is 알
other Latin words    from a short table (:data:`READINGS`); no other is guessed
===================  ============================================================================

A ㄹ before 으로/로 counts as a vowel: 서울로, 1로. Anything else, such as 漢字, ``km``, ``1/2``
(이분의 일) or nothing at all, is an error: a wrong particle would be printed unseen.

References
----------
한글 맞춤법 (문화체육관광부고시) and 표준국어대사전, under each particle; 로마자 이름: 외래어
표기법. R is 아르 or 알 (국립국어원, 2023-01-19); 알 is what is said.
"""

import re
import unicodedata
from collections.abc import Mapping
from itertools import chain
from string import ascii_uppercase
from types import MappingProxyType

_FORMS = (
    *(("은", "는"), ("이", "가"), ("을", "를"), ("과", "와")),
    *(("으로", "로"), ("이나", "나"), ("이라", "라")),
)
PAIRS: Mapping[str, tuple[str, str]] = MappingProxyType(
    dict(
        chain.from_iterable(
            ((f"{consonant}/{vowel}", forms), (f"{vowel}/{consonant}", forms))
            for forms in _FORMS
            for consonant, vowel in [forms]
        )
    )
)
"""The forms after a consonant and after a vowel, by either order of writing the pair."""

READINGS: Mapping[str, str] = MappingProxyType(
    {
        # acronyms read as words
        "NIA": "니아",
        "TIC": "틱",
        "KOSIS": "코시스",
        "KOSTAT": "코스탯",
        "ENDUTIH": "엔두티",
        "INEGI": "이네히",
        "UNESCO": "유네스코",
        "UNICEF": "유니세프",
        # acronyms and words that are not all capitals
        "IoT": "아이오티",
        "Wi-Fi": "와이파이",
        "App": "앱",
        "app": "앱",
        "APP": "앱",
        "Web": "웹",
        "web": "웹",
        "WEB": "웹",
    }
)
"""Latin words that are not read letter by letter, and how they are read."""

_NAMES = (
    "에이 비 시 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 알 에스 티 유 브이 더블유 "
    "엑스 와이 제트"
)
_LETTERS = dict(zip(ascii_uppercase, _NAMES.split(), strict=True))
_SPELLED_AT_MOST = 4  # OECD is spelled out; longer capitals may be a word
_DIGITS = "영일이삼사오육칠팔구"
_SMALL_UNITS = ("", "십", "백", "천")
_LARGE_UNITS = ("", "만", "억", "조", "경", "해")

_OPENING = {")": "(", "]": "[", "}": "{", "】": "【", "\u3015": "\u3014"}
_UNREAD = frozenset("‘’“”'\"「」『』《》〈〉«».,!?:;·…")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}

_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:-[A-Za-z\u00c0-\u024f]+)*$")
_NUMERAL = re.compile(r"[0-9](?:[0-9]|[.,](?=[0-9]))*$")
_NO_NUMBER = re.compile(r"(?:[0-9]/|[0-9][eE][+-]?)$")  # a fraction, a power of ten
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")


class UnspokenError(ValueError):
    """No particle can be told to agree with these words.

    Parameters
    ----------
    words
        What stands before the particle.
    """

    def __init__(self, words: str) -> None:
        super().__init__(f"how {words!r} ends when it is spoken cannot be told")
        self.words = words


def with_particle(words: str, pair: str) -> str:
    """Return words followed by the form of a particle that agrees with them.

    Parameters
    ----------
    words
        A noun, a number, or both, with or without brackets.
    pair
        Both forms of the particle in either order, such as ``"은/는"``; a key of :data:`PAIRS`.

    Returns
    -------
    str
        The words, their letters composed and without blanks at the end, and the particle.

    Raises
    ------
    UnspokenError
        A :class:`ValueError`: how the words end when they are spoken cannot be told.

    Examples
    --------
    >>> with_particle("농어민(80.6%)", "은/는")
    '농어민(80.6%)은'
    """
    return f"{unicodedata.normalize('NFC', words).rstrip()}{particle(words, pair)}"


def particle(words: str, pair: str) -> str:
    """Return the form of a particle that agrees with words, without the words.

    Parameters and errors are those of :func:`with_particle`.
    """
    if pair not in PAIRS:
        raise ValueError(pair)
    after_consonant, after_vowel = PAIRS[pair]
    final = _final_consonant(_last_syllable(words))
    is_open = not final or (final == "ㄹ" and after_consonant == "으로")
    return after_vowel if is_open else after_consonant


def _final_consonant(syllable: str) -> str:
    """Return the final consonant of a Hangul syllable; nothing after a vowel."""
    finals = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
    return finals[(ord(syllable) - ord("가")) % len(finals)].strip()


def _last_syllable(words: str) -> str:
    """Return the Hangul syllable with which words end when they are read aloud."""
    core = _read_aloud(words)
    last = core[-1]
    if "가" <= last <= "힣":
        return last
    if core.endswith(("%", "%p")):
        return "트"  # 퍼센트, 퍼센트포인트
    if (numeral := _NUMERAL.search(core)) and not _NO_NUMBER.search(core[: numeral.start()]):
        reading = _number(numeral.group())
    elif latin := _LATIN.search(core):
        reading = _word(latin.group())
    else:
        reading = ""
    if not reading:
        raise UnspokenError(words)
    return reading[-1]


def _read_aloud(words: str) -> str:
    """Return words without the brackets, quotes, stops and blanks at their end."""
    composed = unicodedata.normalize("NFC", words).translate(_FULL_WIDTH)
    core = "".join(sign for sign in composed if unicodedata.category(sign) != "Cf")
    while core:
        if core[-1] in _OPENING:
            core = core[: _opening(core, words)]
        elif core[-1] in _UNREAD or core[-1].isspace():
            core = core[:-1]
        else:
            return core
    raise UnspokenError(words)


def _opening(core: str, words: str) -> int:
    """Return where the bracket opens that is the last sign."""
    expected: list[str] = []
    for place in range(len(core) - 1, -1, -1):
        sign = core[place]
        if sign in _OPENING:
            expected.append(_OPENING[sign])
        elif sign in _OPENING.values():
            if sign != expected.pop():
                break
            if not expected:
                return place
    raise UnspokenError(words)


def _word(latin: str) -> str:
    """Return how a Latin word is read, as far as its last syllable; nothing if unknown."""
    if latin in READINGS:
        return READINGS[latin]
    last = latin.rpartition("-")[2]
    if last in READINGS:
        return READINGS[last]
    is_acronym = last.isupper() and len(last) <= _SPELLED_AT_MOST
    is_spelled = last.isascii() and (is_acronym or len(last) == 1)
    return _LETTERS[last[-1].upper()] if is_spelled else ""


def _number(numeral: str) -> str:
    """Return how a numeral is read, as far as its last syllable; nothing if out of reach."""
    whole = numeral.replace(",", "") if _GROUPED.fullmatch(numeral) else numeral
    whole = whole.rpartition(",")[2]  # codes in a list: 1,2
    significant = whole.rstrip("0")
    if "." in whole or whole.startswith("0") or whole == significant:
        return _DIGITS[int(whole[-1])]
    power = len(whole) - len(significant)
    large, small = divmod(power, len(_SMALL_UNITS))
    if large == 0:
        return _SMALL_UNITS[small]
    return _LARGE_UNITS[large] if large < len(_LARGE_UNITS) else ""
