"""What holds of every page: that of the table of pages, so that a new one is covered by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload

from furnished import FILE, KEY, is_page
from portraits import pair
from reknown.console.routes import PAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playwright.sync_api import Page

    from furnished import Furnished

# WCAG 2.2 AA and what axe calls best practice; the size of targets is not among its defaults.
_RULES = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
_CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
_AXE = Axe().axe_script
_PHONE, _ZOOMED, _DESK = 320, 640, 1280  # 1280 at 400 %, 200 % and 100 %
_SPACED = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important;
        word-spacing: .16em !important; } p { margin-bottom: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
}"""
_CUT_OFF = """() => [...document.querySelectorAll("body *")]
    .filter(each => getComputedStyle(each).overflowY === "hidden" && !each.matches(".unseen, svg")
        && each.scrollHeight > each.clientHeight + 1)
    .map(each => each.outerHTML.slice(0, 120))"""


def _violations(page: Page, options: Mapping[str, Any]) -> list[str]:
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


def _wide(page: Page, width: int) -> list[str]:
    page.set_viewport_size({"width": width, "height": 700})
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [f"{wide} wide on {width}"] if wide > width else []


def _in_all_lights(page: Page) -> list[str]:
    page.evaluate(_AXE)  # once: reading it takes longer than running it
    found = _violations(page, _RULES)
    page.emulate_media(color_scheme="dark")
    found += [f"dark {each}" for each in _violations(page, _CONTRAST)]
    page.emulate_media(color_scheme="light", forced_colors="active")
    found += [f"forced colours {each}" for each in _violations(page, _CONTRAST)]
    page.emulate_media(forced_colors="none", reduced_motion="reduce")
    moving: list[str] = page.evaluate("document.getAnimations().map(String)")
    return found + moving


def _at_all_sizes(page: Page) -> list[str]:
    found = _wide(page, _ZOOMED) + _wide(page, _PHONE)
    page.evaluate(_SPACED)
    found += [f"spaced {each}" for each in _wide(page, _PHONE)]
    found += [f"cut off: {each}" for each in page.evaluate(_CUT_OFF)]
    page.set_viewport_size({"width": _DESK, "height": 700})
    return found


def test_every_page_is_for_everybody(inside: Page, furnished: Furnished) -> None:
    found: dict[str, list[str]] = {}
    for address in furnished.addresses():
        answer = inside.request.get(address)
        assert answer.ok, address
        if is_page(answer.headers):
            inside.goto(address)
            found[address] = _in_all_lights(inside) + _at_all_sizes(inside)
    assert len(found) > 20
    assert {address: each for address, each in found.items() if each} == {}


def test_every_answer_to_a_form_is_for_everybody(
    inside: Page, stranger: Callable[[], Page], furnished: Furnished
) -> None:
    picture = FilePayload(name=f"{FILE} " * 5, mimeType="image/jpeg", buffer=pair())
    forms: tuple[tuple[str, dict[str, str | FilePayload], str], ...] = (
        ("/identify/{collection}", {"A picture": picture}, "Search people"),
        ("/archive/{collection}", {"Or a picture": picture}, "Search the archive"),
        ("/compare", {"One picture": picture, "Another picture": picture}, "Compare"),
        ("/settings/keys", {"Who or what uses it": KEY}, "Make the key"),
        ("/settings/keys", {"Who or what uses it": KEY, "Operations": "None"}, "Make the key"),
        ("/films/{collection}", {"Bucket": "none", "Film in it": "none"}, "Search the film"),
    )
    found: dict[str, list[str]] = {}
    for path, fields, button in forms:
        inside.goto(furnished.address(path))
        for label, value in fields.items():
            if isinstance(value, str):
                inside.get_by_label(label).fill(value)
            else:
                inside.get_by_label(label).set_input_files(value)
        with inside.expect_navigation():
            inside.get_by_role("button", name=button, exact=True).click()
        found[f"{path} {len(fields)}"] = _in_all_lights(inside) + _at_all_sizes(inside)
    outside = stranger()
    for path in ("/sign-in", "/sign-in?link=x"):
        outside.goto(f"/console{path}")
        found[path] = _in_all_lights(outside) + _at_all_sizes(outside)
    assert {address: each for address, each in found.items() if each} == {}


def test_every_page_that_has_data_tells_them(inside: Page, furnished: Furnished) -> None:
    told = [each for each in PAGES if each.data and not each.changes]
    assert len(told) > 10
    for each in told:
        answer = inside.request.get(f"{furnished.address(each.path or '/overview')}.json")
        assert answer.status == 200, (each.path, answer.text())
        assert set(answer.json()) == set(each.data)
