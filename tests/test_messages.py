"""Every code has words in both languages that say the same, and ask for what is given."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from divide_index import messages
from divide_index.errors import DivideIndexError, Finding, InputError
from divide_index.messages import LANGUAGES, catalogue, render, text

pytestmark = pytest.mark.once  # words of our own

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"DI-[EWI]\d{3}")
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "divide_index").rglob("*.py"))
}
CODES = sorted(code for code in catalogue("en") if CODE.fullmatch(code))
ERRORS = [code for code in CODES if code.startswith("DI-E")]
PARTICLES = ("은", "는", "이", "가", "을", "를", "와", "과", "로", "으로")


def placeholders(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def used() -> set[str]:
    return {code for source in SOURCES.values() for code in CODE.findall(source)}


# -- the catalogues --------------------------------------------------------------------------


def test_both_catalogues_have_the_same_codes() -> None:
    assert set(catalogue("ko")) == set(catalogue("en"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_is_empty_or_written_twice(lang: str) -> None:
    source = (ROOT / "divide_index" / "messages" / f"{lang}.po").read_text(encoding="utf-8")
    written = re.findall(r'^msgid "(.+)"$', source, flags=re.MULTILINE)
    assert len(written) == len(set(written)) == len(catalogue(lang))  # pyright: ignore[reportArgumentType]
    assert all(words.strip() for words in catalogue(lang).values())  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("code", sorted(catalogue("en")))
def test_a_code_asks_for_the_same_things_in_both_languages(code: str) -> None:
    korean, english = catalogue("ko")[code], catalogue("en")[code]
    assert placeholders(korean) == placeholders(english)


def test_every_code_in_the_source_has_words_and_every_word_its_use() -> None:
    assert sorted(used() - set(CODES)) == []
    assert sorted(set(CODES) - used()) == []


def test_every_other_text_has_its_use() -> None:
    source = "\n".join(SOURCES.values())
    for name in set(catalogue("en")) - set(CODES):
        whole, head = f'"{name}"', name.rpartition(".")[0]
        assert whole in source or f'"{head}.{{' in source, name


# -- what is given ---------------------------------------------------------------------------


def raised() -> Iterator[tuple[str, int, str, set[str]]]:
    """Yield file, line, code and parameters of every message made in the source."""
    for path, source in SOURCES.items():
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            names = {keyword.arg for keyword in node.keywords}
            if None in names:  # parameters are passed through
                continue
            given = {str(name) for name in names}
            if isinstance(node.func, ast.Name) and node.func.id == "wrong":
                given |= {"schema", "where"}
            first = node.args[0]
            for part in [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]:
                if isinstance(part, ast.Constant) and CODE.fullmatch(str(part.value)):
                    yield path, node.lineno, str(part.value), given


def test_every_message_is_given_what_its_words_ask_for() -> None:
    lacking = [
        f"{path}:{line}: {code} lacks {sorted(asked - given)}"
        for path, line, code, given in raised()
        if not (asked := placeholders(catalogue("en").get(code, ""))) <= given
    ]
    assert lacking == []
    assert len({code for _, _, code, _ in raised()}) > 60


# -- Korean ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(catalogue("ko")))
def test_no_particle_depends_on_what_is_put_in(code: str) -> None:
    words = catalogue("ko")[code]
    for both in ("은(는)", "이(가)", "을(를)", "와(과)", "(으)로", "과(와)", "를(을)", "는(은)"):
        assert both not in words
    endings = "|".join(PARTICLES)
    assert not re.search(rf"\}}[’”\"'`]?({endings})(?=[\s.,;:!?)]|$)", words)


@pytest.mark.parametrize("code", ERRORS)
def test_a_korean_error_ends_as_an_official_letter_does(code: str) -> None:
    sentences = catalogue("ko")[code].split(". ")
    while re.fullmatch(r"[^:]+: [^:]*", sentences[-1]) and len(sentences) > 1:
        sentences.pop()  # a list of what there is, or an example
    assert re.search(r"(니다|십시오)(\(.+\)|: \{\w+\})?\.?$", sentences[-1]), sentences[-1]


@pytest.mark.parametrize("code", sorted(catalogue("ko")))
def test_korean_is_korean_and_english_has_no_hangul(code: str) -> None:
    assert re.search("[가-힣]", catalogue("ko")[code]) or placeholders(catalogue("ko")[code])
    assert not re.search("[가-힣]", catalogue("en")[code])


# -- rendering -------------------------------------------------------------------------------


def test_a_message_starts_with_its_code() -> None:
    error = InputError("DI-E101", path="a.csv")
    assert str(error) == "DI-E101 a.csv: no such file. Check the path."
    assert render(error.code, "ko", error.params).startswith("DI-E101 a.csv: 파일이 없습니다.")
    assert isinstance(error, DivideIndexError)


def test_a_finding_speaks_as_an_error_does() -> None:
    finding = Finding.of("DI-W009", column="area", count=3)
    assert str(finding).startswith("DI-W009 Column area")


@pytest.mark.parametrize("make", [list, tuple, dict.fromkeys])
def test_a_list_is_joined_by_commas(make: type) -> None:
    shown = text("DI-E103", "en", schema="s", columns=make(["a", "b"]), nearest=["c"])
    assert "needs: a, b. " in shown
    assert "like them: c. " in shown


@pytest.mark.parametrize("size", [11, 12, 13, 40])
def test_a_long_list_is_cut_and_counted(size: int) -> None:
    shown = text("DI-E061", "en", groups=[f"g{number}" for number in range(size)])
    listed = ", ".join(f"g{number}" for number in range(min(size, 12)))
    more = f", … (+{size - 12})" if size > 12 else ""
    assert f"respondents: {listed}{more}. Add" in shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.1 + 0.2, "0.3"), (2.0, "2"), (1e9, "1e+09"), (7, "7"), ("0.30", "0.30")]
)
def test_a_number_is_written_as_a_person_writes_it(value: object, shown: str) -> None:
    words = text("DI-E068", "en", schema="s", where="w", what="dimensions", total=value)
    assert f"sum to {shown}. " in words


def test_what_is_put_in_is_never_read_as_a_placeholder() -> None:
    words = text("DI-E101", "en", path="{reason}{0}{path.__class__}%s")
    assert words.startswith("{reason}{0}{path.__class__}%s: ")


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        messages.text("DI-E999", "en")
