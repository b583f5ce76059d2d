"""Code → words, in Korean and English, from the ``.po`` catalogues beside this file."""

import string
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal, cast, get_args

from divide_index import resources
from divide_index.messages.particles import PAIRS, particle, with_particle

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_LISTED_AT_MOST = 12


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(lang: Language) -> Mapping[str, str]:
    """Return every text of a language by its code.

    The catalogues are read at run time: there is no compiled file that could be stale.
    """
    from babel.messages.pofile import read_po

    with (resources.folder("messages") / f"{lang}.po").open("rb") as file:
        entries = read_po(file, locale=lang)
    return {str(entry.id): str(entry.string) for entry in entries if entry.id}


def text(code: str, lang: Language, **params: object) -> str:
    """Return the words of a code with its parameters in place, without the code itself."""
    return _Words().vformat(catalogue(lang)[code], (), params)


def render(code: str, lang: Language, params: Mapping[str, object]) -> str:
    """Return a message as it is printed: the code, the file if there are several, the words."""
    words = text(code, lang, **params)
    source = printable(str(params.get("source", "")))
    where = "" if words.startswith(source) else f"{source}: "
    return f"{code} {where}{words}"


def printable(words: str) -> str:
    """Return words without control characters: what a file holds must not steer a terminal."""
    return "".join(letter for letter in words if unicodedata.category(letter) != "Cc")


class _Words(string.Formatter):
    """Print a list as its members and a number as a person would write it.

    A Korean text may ask for a particle that agrees with what is put in, as it is spoken:

    - ``{group:은/는}`` puts in the value and the particle;
    - ``{level:.1f|이/가}`` formats the value first;
    - ``{group:~은/는}`` puts in the particle alone, for when something stands between the two,
      as in ``‘{group}’{group:~은/는}``.

    A list takes the particle of the last item it prints. A value whose reading cannot be told is
    an :class:`~divide_index.messages.particles.UnspokenError`, so ask for particles after labels
    and numbers of ours, never after a path or a column.
    """

    def format_field(self, value: object, format_spec: str) -> str:
        plain_spec, _, asked = format_spec.rpartition("|")
        pair = asked.removeprefix("~")
        if pair in PAIRS:
            shown = self.format_field(value, plain_spec)
            return (particle if asked.startswith("~") else with_particle)(shown, pair)
        if not format_spec and isinstance(value, Iterable) and not isinstance(value, str):
            listed = [self.format_field(item, "") for item in cast("Iterable[object]", value)]
            more = len(listed) - _LISTED_AT_MOST
            shown = ", ".join(listed[:_LISTED_AT_MOST])
            return f"{shown}, … (+{more})" if more > 0 else shown
        if not format_spec and isinstance(value, float):
            return f"{value:g}"
        if isinstance(value, str):
            value = printable(value)
        return str(super().format_field(value, format_spec))
