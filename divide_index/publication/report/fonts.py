"""Which typeface a report is set in: one whose regular and bold hold every character it uses.

A page without its glyphs shows boxes, and no text extraction tells: so this is settled, and said,
before a page is drawn.
"""

import hashlib
import os
import struct
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from divide_index.errors import PublicationError

FONTS_VARIABLE = "DIVIDE_INDEX_FONTS"

# What a page calls them. The second holds only what the first lacks, such as U+2212 for Nanum.
FAMILY = "Report Sans"
EXTRA_FAMILY = "Report Sans Extra"

# Families in the order they are taken, each with the file names of its regular and its bold.
_FAMILIES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "NanumGothic",
        (
            ("NanumGothic.ttf", "NanumGothicBold.ttf"),
            ("NanumGothic-Regular.ttf", "NanumGothic-Bold.ttf"),
            ("NanumGothic.otf", "NanumGothicBold.otf"),
        ),
    ),
    ("NanumBarunGothic", (("NanumBarunGothic.ttf", "NanumBarunGothicBold.ttf"),)),
    (
        "Noto Sans KR",
        (
            ("NotoSansKR-Regular.ttf", "NotoSansKR-Bold.ttf"),
            ("NotoSansKR-Regular.otf", "NotoSansKR-Bold.otf"),
            ("NotoSansKR[wght].ttf", "NotoSansKR[wght].ttf"),
            ("NotoSansKR-VariableFont_wght.ttf", "NotoSansKR-VariableFont_wght.ttf"),
            ("NotoSansKR-VF.ttf", "NotoSansKR-VF.ttf"),
        ),
    ),
    (
        "Noto Sans CJK KR",
        (
            ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"),
            ("NotoSansCJKkr-Regular.otf", "NotoSansCJKkr-Bold.otf"),
        ),
    ),
    ("Malgun Gothic", (("malgun.ttf", "malgunbd.ttf"),)),
    ("Apple SD Gothic Neo", (("AppleSDGothicNeo.ttc", "AppleSDGothicNeo.ttc"),)),
)
_LATIN = ("DejaVu Sans", ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"))

_HANGUL = (
    range(0x1100, 0x1200),
    range(0x3130, 0x3190),
    range(0xA960, 0xA980),
    range(0xAC00, 0xD800),
)
_UNDRAWN = {"Cc", "Cf", "Zl", "Zp", "Zs"}  # U+2060 too: the shaper draws nothing for any of them
_SELECTORS = range(0xFE00, 0xFE10)


@dataclass(frozen=True, slots=True)
class Face:
    """One weight of a typeface: a font file, or one font of a collection.

    Parameters
    ----------
    path
        The file. A variable font holds both weights, and is the file of both.
    sha256
        Of the whole file.
    index
        Which font of a collection (``.ttc``).
    """

    path: Path
    sha256: str
    index: int = 0

    def content(self) -> bytes:
        """Return the font by itself, out of its collection."""
        raw = self.path.read_bytes()
        if raw[:4] != b"ttcf":
            return raw
        font = _library().TTFont(BytesIO(raw), fontNumber=self.index, recalcTimestamp=False)
        single = BytesIO()
        font.save(single)
        return single.getvalue()


@dataclass(frozen=True, slots=True)
class Typeface:
    """The fonts a report is set in.

    Parameters
    ----------
    family
        Its name.
    regular, bold
        Its two weights.
    extra
        The typeface of the characters that this one lacks, if there are any.
    """

    family: str
    regular: Face
    bold: Face
    extra: "Typeface | None" = None

    def provenance(self) -> list[dict[str, str]]:
        """Return name and hashes of every font file: what the same bytes need again."""
        own = {"family": self.family, "regular": self.regular.sha256, "bold": self.bold.sha256}
        return [own, *([] if self.extra is None else self.extra.provenance())]


def typeface_for(text: str, *, folders: Sequence[Path] | None = None) -> Typeface:
    """Return the first typeface found that draws a text.

    Parameters
    ----------
    text
        All that is printed.
    folders
        Where to look, folder by folder; without it those of :func:`font_folders`. DejaVu Sans,
        which matplotlib brings along, is always there: for a text without Hangul, and for the
        signs that a Korean font lacks.

    Raises
    ------
    PublicationError
        The text is Korean and no Korean font is found (DI-E242), or no font found has all of its
        characters (DI-E243).
    """
    latin = _latin()
    is_korean = any(map(_is_hangul, text))
    missing: list[frozenset[str]] = []
    for typeface in _korean_typefaces(font_folders() if folders is None else folders):
        if not missing_from(typeface, text):
            return typeface
        with_latin = replace(typeface, extra=latin)
        missing.append(missing_from(with_latin, text))
        if not missing[-1]:
            return with_latin
    if not is_korean:
        missing.append(missing_from(latin, text))
        if not missing[-1]:
            return latin
    if not missing:
        raise PublicationError("DI-E242")
    raise without_glyphs(min(missing, key=len))


def missing_from(typeface: Typeface, text: str) -> frozenset[str]:
    """Return the characters of a text that a typeface does not draw, in one weight or the other.

    Blanks and controls need no glyph, and U+2060, which keeps Korean words whole, is one of them.
    """
    lacking = _drawn(text) - _characters(typeface)
    return lacking if typeface.extra is None else lacking - _characters(typeface.extra)


def without_glyphs(characters: Iterable[str]) -> PublicationError:
    """Return the error that no font has these characters."""
    listed = [f"{character} (U+{ord(character):04X})" for character in sorted(characters)]
    return PublicationError("DI-E243", characters=listed)


def _drawn(text: str) -> frozenset[str]:
    return frozenset(
        character
        for character in set(text)
        if unicodedata.category(character) not in _UNDRAWN and ord(character) not in _SELECTORS
    )


def font_folders() -> list[Path]:
    """Return where fonts are looked for, as far as it exists: first ``$DIVIDE_INDEX_FONTS``."""
    home = Path.home()
    named = os.environ.get(FONTS_VARIABLE, "")
    local = os.environ.get("LOCALAPPDATA", "")
    places = [
        *([Path(named)] if named else []),
        home / ".local/share/fonts",
        home / ".fonts",
        Path("/usr/local/share/fonts"),
        Path("/usr/share/fonts"),
        home / "Library/Fonts",
        Path("/Library/Fonts"),
        Path("/System/Library/Fonts"),
        *([Path(local) / "Microsoft/Windows/Fonts"] if local else []),
        Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",
    ]
    return [place for place in places if place.is_dir()]


def _is_hangul(character: str) -> bool:
    return any(ord(character) in block for block in _HANGUL)


def _korean_typefaces(folders: Sequence[Path]) -> Iterator[Typeface]:
    """Yield what there is, folder by folder, and in each in the order of the families."""
    for folder in folders:
        files = _files_in(folder)
        for family, pairs in _FAMILIES:
            for names in pairs:
                regular, bold = (files.get(name.lower()) for name in names)
                if regular is None or bold is None:
                    continue
                typeface = _typeface(family, regular, bold)
                if typeface is not None:
                    yield typeface


def _files_in(folder: Path) -> dict[str, Path]:
    """Return the files of a folder and those inside it, by their names in small letters."""
    files: dict[str, Path] = {}
    for where, inner, names in os.walk(folder):
        inner.sort()
        for name in sorted(names):
            files.setdefault(name.lower(), Path(where, name))
    return files


@cache
def _latin() -> Typeface:
    from matplotlib import get_data_path

    family, (regular, bold) = _LATIN
    folder = Path(get_data_path(), "fonts", "ttf")
    return Typeface(family, _file(folder / regular), _file(folder / bold))


@cache
def _typeface(family: str, regular: Path, bold: Path) -> Typeface | None:
    """Return a typeface, or nothing if a file is damaged or does not hold it."""
    damages = (OSError, ValueError, LookupError, AssertionError, struct.error)
    try:
        typeface = Typeface(family, _face(regular, family, "Regular"), _face(bold, family, "Bold"))
        _characters(typeface)
    except (*damages, _library().TTLibError):
        return None
    return typeface


def _face(path: Path, family: str, weight: str) -> Face:
    """Return one weight out of a file, which may be a collection; a `ValueError` if it lacks it."""
    if path.suffix.lower() != ".ttc":
        return _file(path)
    with _library().TTCollection(path, lazy=True) as collection:
        names = [font["name"] for font in collection]
    known = [(name.getBestFamilyName(), name.getBestSubFamilyName()) for name in names]
    return replace(_file(path), index=known.index((family, weight)))


def _file(path: Path) -> Face:
    return Face(path, hashlib.sha256(path.read_bytes()).hexdigest())


def _characters(typeface: Typeface) -> frozenset[str]:
    """Return the characters that both weights of a typeface draw."""
    return _cmap(typeface.regular) & _cmap(typeface.bold)


@cache
def _cmap(face: Face) -> frozenset[str]:
    with _library().TTFont(face.path, fontNumber=face.index, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap() or {}))


def _library() -> Any:  # noqa: ANN401  (fontTools has no types)
    return import_module("fontTools.ttLib")
