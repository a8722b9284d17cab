import builtins
import dataclasses
import importlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from reknown.biometrics.errors import InputError
from reknown.reporting.blocks import Table, Text
from reknown.reporting.labels import plain, shortened
from reknown.reporting.page import render
from reknown.reporting.report import Report, Section
from unit.reporting.samples import HOSTILE, hostile_sample, sample

_VOID = {"meta", "br", "img", "link", "input", "hr"}
_KNOWN = re.compile(
    "html|head|meta|title|style|body|header|p|h1|h2|nav|div|ol|li|a|main|section|figure|"
    "figcaption|b|table|thead|tbody|tr|th|td|details|summary|pre|footer|strong|"
    "svg|desc|defs|g|path|use|text|tspan|clippath|rect|pattern"
)


class _Page(HTMLParser):
    """Checks that tags are balanced, and keeps them with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.mark.parametrize("report", [sample(), hostile_sample(), Report("empty", (), {})])
def test_a_page_is_whole_and_loads_and_runs_nothing(report: Report) -> None:
    text = render(report)
    page = _Page(text)
    assert text.startswith("<!DOCTYPE html>")
    for tag, attributes in page.tags:
        assert _KNOWN.fullmatch(tag), tag
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("href", "src", "xlink:href"):
                assert (value or "").startswith("#"), tag
    assert "@import" not in text
    outside = set(re.findall(r"[a-z]+://[^\s\"'<]*", text)) - {"http://www.w3.org/2000/svg"}
    assert outside == set()
    text.encode("utf-8")


def test_the_policy_forbids_everything_but_its_own_styles() -> None:
    metas = _Page(render(sample())).all("meta")
    policies = [m["content"] for m in metas if m.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_a_page_for_everybody() -> None:
    page = _Page(render(sample()))
    assert page.all("html") == [{"lang": "en"}]
    headings = [tag for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings == ["h1", "h2", "h2", "h2"]
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    targets = {attributes.get("id") for _, attributes in page.tags}
    assert {link["href"] for link in page.all("a")} == {"#section-1", "#section-2"}
    assert {"section-1", "section-2"} <= targets
    named = " ".join(a["aria-labelledby"] or "" for _, a in page.tags if "aria-labelledby" in a)
    assert set(named.split()) <= targets


def test_ids_are_unique_in_a_page() -> None:
    for report in (sample(), hostile_sample()):
        ids = [a["id"] for _, a in _Page(render(report)).tags if "id" in a]
        assert len(ids) == len(set(ids))


def test_all_parts_are_shown() -> None:
    text = render(sample())
    shown = "".join(_Page(text).text)
    for words in ("Verification", "Summary", "First.", "Second.", "Caution:", "Take care."):
        assert words in shown
    assert "Table 1. Operating points" in shown
    assert [f"Figure {n}. " in shown for n in range(1, 6)] == [True] * 4 + [False]
    assert "FNMR over FMR. A logarithmic axis has no 0" in shown
    assert "A candidate is not an identification." in shown
    assert "docs/explanation/reading-a-report.md" in shown
    assert '<td class="number">1e-3</td>' in text
    assert '<th scope="row">default</th>' in text
    for drawing in re.findall("<svg.*?</svg>", text, re.DOTALL):
        ET.fromstring(drawing)


def test_the_figures_are_in_the_page_unless_they_are_too_long() -> None:
    text = render(sample())
    found = re.search("<pre[^>]*>(.*?)</pre>", text, re.DOTALL)
    assert found is not None
    assert json.loads(found[1].replace("&#34;", '"')) == sample().figures
    long = render(dataclasses.replace(sample(), figures={"scores": [0.123456789] * 100_000}))
    assert "<pre" not in long
    assert "--json" in long
    assert len(long) < 200_000


def test_hostile_names_are_shown_as_they_are() -> None:
    text = render(hostile_sample())
    assert "<script" not in text
    assert "<img" not in text
    assert "{{7*7}}" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert not set("\u202e\x00\x1b\udc80\r") & set(text)
    assert len(text) < 1_000_000


def test_a_table_must_be_rectangular() -> None:
    table = Table("", ("a", "b "), (("1",),))
    with pytest.raises(InputError, match="one cell"):
        render(Report("", (Section("", (table,)),), {}))


def test_long_cells_keep_their_whole_in_a_title() -> None:
    words = "word " * 100
    table = Table("", ("a", "b "), ((words, "1"),))
    cells = _Page(render(Report("", (Section("", (table, Text((words,)))),), {}))).all("th")
    assert cells[-1]["title"] == plain(words)


def test_the_same_bytes_in_any_process() -> None:
    code = (
        "import sys; from reknown.reporting.page import render\n"
        "from unit.reporting.samples import sample\n"
        "sys.stdout.buffer.write(render(sample()).encode())"
    )
    surroundings = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    surroundings["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code], env=surroundings, capture_output=True, check=True
    )
    assert done.stdout.decode() == render(sample())


@pytest.mark.parametrize("missing", ["matplotlib", "jinja2"])
def test_what_is_missing_is_said(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def blocked(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == missing:
            raise ImportError(name)
        return real(name, *rest, **named)

    for module in ("page", "plots", "layout", "templating"):
        monkeypatch.delitem(sys.modules, f"reknown.reporting.{module}")
    monkeypatch.setattr(builtins, "__import__", blocked)
    with pytest.raises(InputError, match=r"pip install 'reknown\[evaluation\]'"):
        importlib.import_module("reknown.reporting.page")


@pytest.mark.parametrize("name", ["base.html.j2", "page.css", "report.html.j2", "video.html.j2"])
def test_the_templates_come_with_the_package(name: str) -> None:
    assert files("reknown.reporting").joinpath("templates", name).is_file()


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("one\r\ntwo", 10, "one two"),
        ("abcdefghij", 10, "abcdefghij"),
        ("abcdefghijk", 10, "abcde\u2026hijk"),
        ("\u4e2d" * 6, 10, "\u4e2d\u4e2d\u2026\u4e2d\u4e2d"),
        ("a" * 10_000 + "z", 7, "aaa\u2026aaz"),
    ],
)
def test_names_are_shortened_in_the_middle(text: str, columns: int, expected: str) -> None:
    assert shortened(text, columns) == expected


def test_no_hostile_name_is_wider_than_allowed() -> None:
    assert all(len(shortened(name, 20)) <= 20 for name in HOSTILE)
