"""Nothing that people read is written past the catalogs, also where no test has the page."""

from __future__ import annotations

import ast
import re
from gettext import NullTranslations
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jinja2 import nodes

from pseudo_language import messages
from reknown.access.accounts import Role
from reknown.console import rendering
from reknown.console.language import ENGLISH, Language
from reknown.console.rendering import entrance
from reknown.console.terms import TERMS
from reknown.gallery.evaluations import EvaluationState
from reknown.review.opinions import Ground, Opinion
from reknown.review.states import CaseState

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONSOLE = Path(rendering.__file__).parent
_TEMPLATES = sorted(path.name for path in (_CONSOLE / "templates").glob("*.j2"))
_SAME = re.compile(
    r"<!DOCTYPE.*?>|<pre.*?</pre>|<code>.*?</code>|<script.*?</script>|Reknown",
    re.DOTALL,
)
_SHOWN = re.compile(r'(?:aria-label|alt|title|data-confirm)="([^"]*)"')
_TAG = re.compile(r"""<(?:"[^"]*"|'[^']*'|[^<>"'])*>""")
# Where `{{` and `{%` were, within a tag too.
_HOLE = "\0"


def _texts(name: str) -> Iterator[str]:
    """What a template itself has to be read, without what its expressions give."""
    source = (_CONSOLE / "templates" / name).read_text(encoding="utf-8")
    source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    source = re.sub(r"\{% trans\b.*?\{% endtrans %\}", _HOLE, source, flags=re.DOTALL)
    source = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", _HOLE, source, flags=re.DOTALL)
    source = _SAME.sub("", source)
    yield from _SHOWN.findall(source)
    yield from _TAG.split(source)


@pytest.mark.parametrize("name", _TEMPLATES)
def test_what_a_template_says_is_in_the_catalogs(name: str) -> None:
    said = [each.strip() for each in _texts(name) if re.search(r"[A-Za-z]{2}", unescape(each))]
    assert [each for each in said if each not in {"ms", f"{_HOLE} ms"}] == []


def _spoken(node: nodes.Node) -> Iterator[str]:
    """Words that an expression puts into a page as they are."""
    if isinstance(node, nodes.TemplateData | nodes.Call | nodes.Filter | nodes.Getitem):
        return
    if isinstance(node, nodes.Const):
        if isinstance(node.value, str):
            yield node.value
        return
    if isinstance(node, nodes.CondExpr):
        yield from _spoken(node.expr1)
        if node.expr2 is not None:
            yield from _spoken(node.expr2)
        return
    if isinstance(node, nodes.Or | nodes.And | nodes.Concat):
        for each in node.iter_child_nodes():
            yield from _spoken(each)


@pytest.mark.parametrize("name", _TEMPLATES)
def test_expressions_have_no_words_of_their_own(name: str) -> None:
    environment = rendering._environment()
    source = (_CONSOLE / "templates" / name).read_text(encoding="utf-8")
    outputs = environment.parse(source).find_all(nodes.Output)
    found = [word for each in outputs for part in each.nodes for word in _spoken(part)]
    # classes, kinds of files and paths
    codes = {"known", "unknown", ",video/*,.mkv", "/"}
    assert [each for each in found if re.search("[A-Za-z]", each) and each not in codes] == []


@pytest.mark.parametrize("path", sorted(_CONSOLE.rglob("*.py")), ids=lambda path: path.stem)
def test_what_the_code_says_is_in_the_catalogs(path: Path) -> None:
    wrong: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            said = [each.value for each in node.keywords if each.arg in {"done", "message"}]
            wrong += [
                ast.unparse(it) for it in said if isinstance(it, ast.Constant | ast.JoinedStr)
            ]
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            kind = ast.unparse(node.exc.func)
            own = path.name not in {"language.py"}  # an operator's log and start, which are English
            wrong += [kind] if own and kind in {"InputError", "AccessError"} else []
    assert wrong == []


def test_codes_that_pages_show_are_terms() -> None:
    enumerations = (Role, CaseState, Opinion, Ground, EvaluationState)
    codes = {each.value for enumeration in enumerations for each in enumeration}
    kept = {"faces", "sightings", "searches of films", "records of the ledger"}
    assert codes | kept == TERMS


def test_every_message_can_be_filled_in() -> None:
    found = 0
    for message in messages():
        forms = (message.id,) if isinstance(message.id, str) else message.id
        for form in forms:
            names = re.findall(r"%\((\w+)\)s", form)
            assert "%" not in re.sub(r"%\(\w+\)s", "", form), form
            assert form % dict.fromkeys(names, "x") is not None
            found += bool(form)
    assert found > 300


class _Injecting(NullTranslations):
    """Whatever it is asked."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self._said = said

    def gettext(self, message: str) -> str:
        return self._said


@pytest.mark.parametrize(
    "said", ["<img src=x onerror=alert(1)>", '" onfocus="x', "%(what)s", "%s %d %", "'\"></title>"]
)
def test_a_catalog_puts_no_markup_into_a_page_and_takes_none_down(said: str) -> None:
    language = Language("de", _Injecting(said))
    answer = entrance(language, "sign_in.html.j2", next="/console", link=None, error=None)
    english = entrance(ENGLISH, "sign_in.html.j2", next="/console", link=None, error=None)
    tags = [_TAG.findall(bytes(each.body).decode()) for each in (answer, english)]
    assert tags[0][2:] == tags[1][2:]  # but for the language
    assert '<html lang="de">' in tags[0]
