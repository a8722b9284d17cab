"""The Markdown pages of the repository, read by line as much as their tests need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^( *)(```+)([^\n`]*)\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]+`")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A fenced block: the page with the line it begins on, its language, its text."""

    place: str
    language: str
    text: str


def name(page: Path) -> str:
    """The page's path within the repository."""
    return page.relative_to(ROOT).as_posix()


def snippets(page: Path) -> Iterator[Snippet]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        indent = found[1]
        body = re.sub(f"^{indent}", "", found[4], flags=re.MULTILINE) if indent else found[4]
        yield Snippet(f"{name(page)}:{line}", found[3].strip(), body)


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def inline_code(page: Path) -> list[str]:
    return [found.strip("`") for found in _CODE.findall(prose(page).replace("\n", " "))]


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", _CODE.sub("", prose(page)))


def anchors(page: Path) -> set[str]:
    """What a forge and the site make of the headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+)$", prose(page), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip())
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(slug if slug not in found else f"{slug}-1")
    return found
