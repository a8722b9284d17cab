"""Pictures of the console on the site: what pages name is what is taken."""

import re
import runpy
from pathlib import Path

from pages import PAGES

_PICTURE = re.compile(r"<!-- picture: ([a-z]+): .+ -->")
_ROOT = Path(__file__).parents[2]


def test_pages_show_the_pictures_that_are_taken() -> None:
    named = [it for page in PAGES for it in _PICTURE.findall(page.read_text(encoding="utf-8"))]
    taken = runpy.run_path(str(_ROOT / "tools" / "take_screenshots.py"))["SHOWN"]
    assert sorted(named) == sorted(taken)


def test_a_site_without_pictures_says_nothing_of_them(tmp_path: Path) -> None:
    site = runpy.run_path(str(_ROOT / "docs" / "conf.py"))
    source = ["before\n\n<!-- picture: ledger: The ledger -->\n\nafter"]
    shown = site["_show_pictures"]
    shown.__globals__["_TAKEN"] = tmp_path
    shown(None, "docs/how-to/console", source)
    assert source == ["before\n\n\n\nafter"]
    (tmp_path / "ledger-light.png").touch()
    source = ["<!-- picture: ledger: The ledger -->"]
    shown(None, "docs/how-to/console", source)
    assert source[0].count(":::{image}") == 3
