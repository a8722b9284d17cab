"""The languages of pages: English, and those whose catalogs an operator has put into a folder.

A translation is text, and is escaped as any other; only tags that its English has are kept. One
that lacks a placeholder of its English, or has others, is not used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from structlog.typing import FilteringBoundLogger

_CATALOG = Path("LC_MESSAGES", "console.mo")
_MOST_BYTES = 4 * 2**20
_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
_TAG = re.compile(r"(<[^<>]*>)")
_COUNT = "count"
_RIGHT_TO_LEFT = {"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"}
# So many messages are prepared once: those of several languages.
_KEPT = 16_384
# Whoever accepts more languages has not meant them one by one.
_MOST_ACCEPTED = 20
# Between groups of three digits: a comma would be taken for a decimal sign by half of the world.
_NARROW_SPACE = "\u202f"


@dataclass(frozen=True, slots=True)
class Language:
    """What pages say in one language; messages that its catalog lacks stay English."""

    code: str
    catalog: NullTranslations = field(default_factory=NullTranslations)

    @property
    def is_english(self) -> bool:
        """Whether texts that have no translation are of this language."""
        return self.code.partition("-")[0] == "en"

    @property
    def direction(self) -> str:
        """`rtl` for one that is written from right to left."""
        return "rtl" if self.code.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"

    def gettext(self, message: str, /, **values: object) -> str:
        """The message with its values, as text."""
        return _translated(self.catalog, message) % values

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> str:
        """That of the two which fits the number, which is the message's `count`."""
        found = _counted(self.catalog, one, many, number)
        return found % (values | {_COUNT: self.number(number)})

    def markup(self, message: str, /, **values: object) -> Markup:
        """The message with its values, for a page."""
        return _filled(_translated(self.catalog, message), values)

    def counted_markup(self, one: str, many: str, number: int, /, **values: object) -> Markup:
        """The same of one that counts."""
        values[_COUNT] = self.number(number)
        return _filled(_counted(self.catalog, one, many, number), values)

    def number(self, number: int) -> str:
        """`1,200` in English, else with a space that no one takes for a decimal sign."""
        written = f"{number:,}"
        return written if self.is_english else written.replace(",", _NARROW_SPACE)

    def english(self, text: str) -> str:
        """What has no translation, marked as English on pages of other languages."""
        return text if self.is_english else Markup('<span lang="en">{}</span>').format(text)


ENGLISH = Language("en")


@dataclass(frozen=True, slots=True)
class Languages:
    """Those that there are, by their codes in lower case; English always is."""

    known: Mapping[str, Language] = field(default_factory=lambda: {ENGLISH.code: ENGLISH})

    def choose(self, accepted: str) -> Language:
        """The best for the value of `Accept-Language`."""
        for code in _in_order(accepted):
            found = self._closest(code)
            if found is not None:
                return found
        return ENGLISH

    def _closest(self, code: str) -> Language | None:
        """`de` for `de-AT`, or `pt-br` for `pt`."""
        parts = code.split("-")
        for length in range(len(parts), 0, -1):
            if found := self.known.get("-".join(parts[:length])):
                return found
        return next((it for name, it in self.known.items() if name.startswith(f"{code}-")), None)


def read_languages(folder: Path | None, log: FilteringBoundLogger) -> Languages:
    """English and what `LANGUAGE/LC_MESSAGES/console.mo` in the folder hold.

    A catalog that cannot be read is left out and logged. Raises `InputError` for no such folder.
    """
    known = {ENGLISH.code: ENGLISH}
    if folder is None:
        return Languages(known)
    if not folder.is_dir():
        raise InputError(f"--languages: {folder} is no folder: make it, or leave the option out")
    for path in sorted(folder.glob(f"*/{_CATALOG}")):
        name = path.parent.parent.name
        try:
            language = _read(name, path)
        except Exception as error:
            log.warning("a language is left out", language=name, error=str(error))
        else:
            known[language.code.lower()] = language
    return Languages(known)


def _read(name: str, path: Path) -> Language:
    if not _CODE.fullmatch(name):
        raise InputError("call the folder by the code of the language, such as de or pt-BR")
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise InputError("the catalog is larger than 4 MiB")
    return Language(name.replace("_", "-"), GNUTranslations(BytesIO(data)))


def _in_order(accepted: str) -> Sequence[str]:
    """What a browser accepts, the best first."""
    found: list[tuple[float, str]] = []
    for each in accepted.split(",", _MOST_ACCEPTED)[:_MOST_ACCEPTED]:
        code, _, weight = each.partition(";")
        quality = _quality(weight.strip())
        if quality > 0 and code.strip():
            found.append((-quality, code.strip().lower()))
    return [code for _, code in sorted(found, key=lambda it: it[0])]


def _quality(text: str) -> float:
    """Of `q=0.5`; 1 where nothing is said, 0 for what is none."""
    if not text:
        return 1.0
    name, _, value = text.partition("=")
    known = name == "q" and re.fullmatch(r"[01](\.[0-9]{0,3})?", value)
    return float(value) if known else 0.0


@lru_cache(maxsize=_KEPT)
def _translated(catalog: NullTranslations, message: str) -> str:
    found = catalog.gettext(message)
    return found if found.strip() and _outline(found) == _outline(message) else message


@lru_cache(maxsize=_KEPT)
def _counted(catalog: NullTranslations, one: str, many: str, number: int) -> str:
    english = one if number == 1 else many
    try:
        found = catalog.ngettext(one, many, number)
    except ArithmeticError:  # the catalog's own formula
        return english
    # a plural form may say the number as a word
    fits = _outline(found, without=_COUNT) == _outline(many, without=_COUNT)
    return found if found.strip() and fits else english


def _outline(text: str, without: str = "") -> object:
    """What a translation has to share with its English: placeholders, and pairs of tags.

    It is never that of a message of ours for what `%` would fail on.
    """
    tags = _TAG.findall(text)
    pairs = sorted(zip(tags[::2], tags[1::2], strict=False))
    names = {found[1] for found in _PLACEHOLDER.finditer(text)} - {None, without}
    broken = "%" in _PLACEHOLDER.sub("", text)
    return frozenset(names), tuple(pairs), len(tags), broken


def _filled(message: str, values: Mapping[str, object]) -> Markup:
    if not values:
        return _alone(message)
    escaped = {name: escape(value) for name, value in values.items()}
    return Markup(_as_markup(message) % escaped)  # noqa: S704 - both are escaped


@lru_cache(maxsize=_KEPT)
def _alone(message: str) -> Markup:
    return Markup(_as_markup(message) % {})  # noqa: S704 - it is escaped


@lru_cache(maxsize=_KEPT)
def _as_markup(message: str) -> str:
    """With its tags, which are ours, and all else escaped."""
    parts = _TAG.split(message)
    return "".join(part if place % 2 else str(escape(part)) for place, part in enumerate(parts))
