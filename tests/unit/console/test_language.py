"""Catalogs are made by others: whatever they hold, pages are whole and say what is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from markupsafe import Markup
from structlog import get_logger
from structlog.testing import capture_logs

from reknown.biometrics.errors import InputError, NotFoundError
from reknown.console.language import ENGLISH, Language, Languages, read_languages
from reknown.console.own_words import DeniedError, FormError, said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FACES = "%(count)s face of %(name)s", "%(count)s faces of %(name)s"
_LINK = 'See <a href="%(place)s">the list</a> of <code>%(name)s</code>.'


def _put(folder: Path, code: str, messages: Mapping[object, object], plural: str = "") -> None:
    catalog = Catalog(locale="de")
    for message, translation in messages.items():
        catalog.add(message, translation)  # type: ignore[arg-type]
    path = folder / code / "LC_MESSAGES" / "console.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalog)
    if plural:  # of the same length, as a catalog says where its texts are
        usual = b"plural=(n != 1);"
        data = path.read_bytes()
        assert usual in data
        path.write_bytes(data.replace(usual, plural.encode().ljust(len(usual))))


def _german(folder: Path, messages: Mapping[object, object], plural: str = "") -> Language:
    _put(folder, "de", messages, plural)
    found = read_languages(folder, get_logger()).choose("de")
    assert found.code == "de"
    return found


def test_messages_are_said_in_their_language(tmp_path: Path) -> None:
    german = _german(
        tmp_path,
        {
            "Accounts": "Konten",
            "%(old)s is called %(new)s now.": "Aus %(old)s ist %(new)s geworden.",
            _FACES: ("ein Gesicht von %(name)s", "%(count)s Gesichter von %(name)s"),
            _LINK: 'Für <code>%(name)s</code>: <a href="%(place)s">die Liste</a>.',
        },
    )
    assert german.gettext("Accounts") == "Konten"
    assert german.gettext("%(old)s is called %(new)s now.", old="A", new="B") == (
        "Aus A ist B geworden."
    )
    assert german.ngettext(*_FACES, 1, name="Ada") == "ein Gesicht von Ada"
    assert german.ngettext(*_FACES, 1200, name="Ada") == "1\u202f200 Gesichter von Ada"
    assert german.markup(_LINK, name="<b>", place="/x?a&b") == (
        'Für <code>&lt;b&gt;</code>: <a href="/x?a&amp;b">die Liste</a>.'
    )


def test_what_has_no_translation_is_english(tmp_path: Path) -> None:
    german = _german(tmp_path, {"Accounts": "Konten", "Films": " "})
    assert german.gettext("Settings") == "Settings"
    assert german.gettext("Films") == "Films"
    assert german.ngettext(*_FACES, 1, name="Ada") == "1 face of Ada"
    assert german.english("<why>") == Markup('<span lang="en">&lt;why&gt;</span>')
    assert ENGLISH.english("<why>") == "<why>"
    assert not isinstance(ENGLISH.english("<why>"), Markup)


@pytest.mark.parametrize(
    "translation",
    [
        "Aus %(old)s wurde etwas.",
        "Aus %(old)s wurde %(new)s für %(reason)s.",
        "Aus %(old)s wurde %(new)s %s.",
        "Aus %(old)s wurde %(new)d.",
        "Aus %(old)s wurde %(new)s, zu 100 %",
        "Aus %(old)s wurde %(new)s <b>",
        "Aus %(old)s wurde %(new)s <img src=x onerror=alert(1)>",
        "%(old)s %(new)s %(old",
    ],
)
def test_a_translation_of_another_shape_is_not_used(tmp_path: Path, translation: str) -> None:
    message = "%(old)s is called %(new)s now."
    german = _german(tmp_path, {message: translation})
    assert german.gettext(message, old="A", new="B") == "A is called B now."
    assert german.markup(message, old="A", new="B") == "A is called B now."


@pytest.mark.parametrize(
    "translation",
    [
        'Siehe <a href="%(place)s">die Liste</a> von <script>%(name)s</script>.',
        'Siehe <a href="%(place)s" onclick="x">die Liste</a> von <code>%(name)s</code>.',
        'Siehe <a href="javascript:x">die Liste</a> %(place)s <code>%(name)s</code>.',
        'Siehe </a>die Liste<a href="%(place)s"> von <code>%(name)s</code>.',
        'Siehe <a href="%(place)s">die <code>Liste</a> von %(name)s</code>.',
    ],
)
def test_a_translation_with_other_tags_is_not_used(tmp_path: Path, translation: str) -> None:
    german = _german(tmp_path, {_LINK: translation})
    assert german.markup(_LINK, name="N", place="P") == (
        'See <a href="P">the list</a> of <code>N</code>.'
    )


def test_a_translation_is_text(tmp_path: Path) -> None:
    german = _german(tmp_path, {"Accounts": "\"Konten' > & < &lt;"})
    assert german.markup("Accounts") == "&#34;Konten&#39; &gt; &amp; &lt; &amp;lt;"


@pytest.mark.parametrize("plural", ["plural=1/(n-2);", "plural=n==2?9:1;"])
def test_where_a_formula_fails_the_number_is_said_in_english(tmp_path: Path, plural: str) -> None:
    translations = "%(count)s Gesicht von %(name)s", "%(count)s Gesichter von %(name)s"
    german = _german(tmp_path, {_FACES: translations}, plural)
    assert german.ngettext(*_FACES, 3, name="Ada") == "3 Gesichter von Ada"
    assert german.ngettext(*_FACES, 2, name="Ada") == "2 faces of Ada"


@pytest.mark.parametrize(
    "data",
    [b"", b"nothing of the kind", b"\xde\x12\x04\x95", b"\xde\x12\x04\x95" + b"\xff" * 64],
    ids=["empty", "text", "cut", "torn"],
)
def test_a_broken_catalog_is_left_out_and_logged(tmp_path: Path, data: bytes) -> None:
    _put(tmp_path, "fr", {"Accounts": "Comptes"})
    path = tmp_path / "de" / "LC_MESSAGES" / "console.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    with capture_logs() as lines:
        found = read_languages(tmp_path, get_logger())
    assert [(each["event"], each["language"]) for each in lines] == [
        ("a language is left out", "de")
    ]
    assert found.choose("de,fr;q=0.5").gettext("Accounts") == "Comptes"
    assert found.choose("de") is ENGLISH


def test_what_is_no_language_is_left_out(tmp_path: Path) -> None:
    _put(tmp_path, "de'><script>", {"Accounts": "x"})
    with capture_logs() as lines:
        found = read_languages(tmp_path, get_logger())
    assert list(found.known) == ["en"]
    assert len(lines) == 1


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no folder"):
        read_languages(tmp_path / "none", get_logger())
    assert read_languages(None, get_logger()).choose("de") is ENGLISH


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT, en;q=0.5", "de"),
        ("fr, en;q=0.5, de;q=0.4", "en"),
        ("en;q=0.2, de;q=0.9", "de"),
        ("de;q=0", "en"),
        ("de;q=x", "en"),
        ("de;q=9", "en"),
        ("PT", "pt-BR"),
        ("pt-PT", "en"),
        ("en-GB, de", "en"),
        ("*", "en"),
        (",;,=;q", "en"),
        ("x," * 40 + "de", "en"),
    ],
)
def test_a_browser_gets_what_it_likes_best(accepted: str, chosen: str) -> None:
    known = {each.code.lower(): each for each in (ENGLISH, Language("de"), Language("pt-BR"))}
    assert Languages(known).choose(accepted).code == chosen


def test_what_the_console_says_is_wrong_is_translated_and_the_rest_marked(tmp_path: Path) -> None:
    german = _german(
        tmp_path,
        {"choose one face at least": "Wähle ein Gesicht", "not %(what)s": "%(what)s nicht"},
    )
    assert said(german, FormError("choose one face at least")) == "Wähle ein Gesicht"
    assert said(german, DeniedError("not %(what)s", what="%s")) == "%s nicht"
    assert said(german, NotFoundError("no <such>")) == '<span lang="en">no &lt;such&gt;</span>'
    assert said(ENGLISH, NotFoundError("no <such>")) == "no <such>"
    assert str(DeniedError("not %(what)s", what="here")) == "not here"


def test_some_languages_are_written_from_right_to_left() -> None:
    assert [Language(code).direction for code in ("ar-EG", "de", "fa")] == ["rtl", "ltr", "rtl"]
