"""Takes pictures of the console for the documentation's site, on the people of the demo.

    python tools/take_screenshots.py FOLDER

`make docs` runs it where Chromium is installed. For each page of `SHOWN` it writes NAME-light.png,
NAME-dark.png and NAME-phone.png. Nothing of it is committed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from reknown.cli.demo_console import leave_gallery
from reknown.cli.demo_images import EILEEN, group_image, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playwright.sync_api import BrowserContext, Page

_LINK = re.compile(r"once: (\S+)")
_DESK, _PHONE = {"width": 1100, "height": 720}, {"width": 390, "height": 720}
_LOOKS: Mapping[str, Mapping[str, object]] = {
    "light": {"viewport": _DESK, "color_scheme": "light"},
    "dark": {"viewport": _DESK, "color_scheme": "dark"},
    "phone": {"viewport": _PHONE, "color_scheme": "light", "device_scale_factor": 2},
}


def _open(address: str) -> Callable[[Page, Path], None]:
    def open_(page: Page, _: Path) -> None:
        page.goto(f"/console{address}", wait_until="networkidle")

    return open_


def _identify(page: Page, picture: Path) -> None:
    page.goto("/console/identify/people")
    page.get_by_label("A picture").set_input_files(picture)
    page.get_by_role("button", name="Search people").click()
    page.get_by_role("heading", level=2).wait_for()
    page.wait_for_load_state("networkidle")


SHOWN: Mapping[str, Callable[[Page, Path], None]] = {
    "overview": _open(""),
    "unknown": _open("/unknown/people/1"),
    "identify": _identify,
    "ledger": _open("/ledger"),
    "accuracy": _open("/accuracy/people"),
}


def main() -> None:
    """Writes them into the folder that is named."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, _console(Path(temporary)) as link:
        picture = Path(temporary) / "group.jpg"
        picture.write_bytes(jpeg(group_image()[0]))
        _take(link, picture, folder)


@contextmanager
def _console(root: Path) -> Iterator[str]:
    """A server on the people of the demo; a link that signs in once."""
    portrait = root / "people" / EILEEN.name / "1.jpg"
    portrait.parent.mkdir(parents=True)
    portrait.write_bytes(jpeg(EILEEN.crop()))
    leave_gallery(root)
    program = Path(sys.executable).with_name("reknown")
    options = ["serve", "--data", str(root / "gallery"), "--port", "0", "--open"]
    with subprocess.Popen(  # noqa: S603
        [program, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"BROWSER": "true"},  # what opens nothing
    ) as server:
        try:
            lines = iter(server.stdout or ())
            yield next(filter(None, map(_LINK.search, lines)))[1]
        finally:
            server.terminate()


def _take(link: str, picture: Path, folder: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        first = browser.new_context()
        page = first.new_page()
        page.goto(link)
        page.get_by_role("button", name="Open the console").click()
        # the page before has a heading, too, and its cookie signs nobody in
        page.get_by_role("button", name="Sign out").wait_for()
        cookies = first.cookies()
        for look, options in _LOOKS.items():
            address = link.partition("/console")[0]
            context = browser.new_context(base_url=address, **options)  # type: ignore[arg-type]
            context.add_cookies(cookies)  # type: ignore[arg-type]
            _pages(context, picture, folder, look)
        browser.close()


def _pages(context: BrowserContext, picture: Path, folder: Path, look: str) -> None:
    page = context.new_page()
    for name, show in SHOWN.items():
        show(page, picture)
        page.screenshot(path=folder / f"{name}-{look}.png")


if __name__ == "__main__":
    main()
