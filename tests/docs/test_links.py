import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from pages import PAGES, ROOT, anchors, links, name, snippets

_NAMED = re.compile(r"\bdocs/[\w/-]+\.md\b")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    for link in links(page):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_nothing_is_left_to_fill_in(page: Path) -> None:
    assert not re.findall(r"@[A-Z]+@|TODO|FIXME", page.read_text(encoding="utf-8"))


def test_every_page_is_in_the_tree() -> None:
    listed: set[str] = {"docs/index.md"}
    pages = [name(page) for page in PAGES]
    for page in PAGES:
        for entry in _entries(page):
            folder = Path() if entry.startswith("/") else Path(name(page)).parent
            pattern = f"{(folder / entry.lstrip('/')).as_posix()}.md"
            found = {other for other in pages if fnmatch(other, pattern)}
            assert found, f"{name(page)}: {entry}"
            listed |= found
    assert set(pages) - listed == {"README.md"}


def _entries(page: Path) -> list[str]:
    trees = [snippet.text for snippet in snippets(page) if snippet.language == "{toctree}"]
    return [line for tree in trees for line in tree.splitlines() if line and line[0] != ":"]


def test_pages_that_the_code_names_exist() -> None:
    folders = ("src", "tools", "examples", "bench")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    texts = [path for path in files if path.suffix in {".py", ".j2", ".toml"}]
    named = {
        found
        for path in [*texts, ROOT / "pyproject.toml"]
        for found in _NAMED.findall(path.read_text(encoding="utf-8"))
    }
    assert {page for page in named if not (ROOT / page).exists()} == set()
    assert len(named) > 5
