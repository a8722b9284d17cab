"""Everything by keyboard alone: nobody needs a mouse, and the focus is always somewhere visible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from furnished import PASSWORD, REVIEWER, is_page
from reknown.cli.demo_images import GRACE, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from furnished import Furnished

_MOST = 120
# Notes each thing that gets the focus: which it is, whether it shows that, whether it is covered.
_WATCH = """() => {
    const all = [...document.querySelectorAll(
        'a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex="0"]'
    )].filter(each => each.checkVisibility() && each.closest("template") === null);
    const text = each => each.outerHTML.slice(0, 100);
    window.stops = [];
    window.wanted = all.map(text);
    document.addEventListener("focusin", event => {
        const it = event.target, style = getComputedStyle(it), box = it.getClientRects()[0];
        const x = box.x + Math.min(box.width / 2, 20), y = box.y + Math.min(box.height / 2, 20);
        const top = document.elementFromPoint(x, y);
        stops.push({
            at: all.indexOf(it),
            what: text(it),
            ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
            open: top !== null && (it.contains(top) || top.contains(it)),
        });
    });
}"""


def _tabbed(page: Page) -> list[str]:
    """What is wrong on the way through a page, until it begins again or never does."""
    page.evaluate(_WATCH)
    wanted: list[str] = page.evaluate("wanted")
    for _ in range(len(wanted) * 2 + 10):
        page.keyboard.press("Tab")
        if page.evaluate("stops.length > 1 && stops.at(-1).at === 0"):
            break
    stops: list[dict[str, Any]] = page.evaluate("stops")
    begun_again = len(stops) > 1 and stops[-1]["at"] == 0
    order = [each["at"] for each in stops[:-1]]
    found = [] if begun_again else ["the way does not end"]
    found += [] if order == sorted(order) else [f"out of order: {order}"]
    missed = [each for at, each in enumerate(wanted) if at not in order and "radio" not in each]
    found += [f"never reached: {each}" for each in missed]
    found += [f"not shown: {each['what']}" for each in stops if not each["ring"]]
    return found + [f"covered: {each['what']}" for each in stops if not each["open"]]


def test_tab_leads_through_every_page(inside: Page, furnished: Furnished) -> None:
    inside.set_viewport_size({"width": 1000, "height": 480})
    found: dict[str, list[str]] = {}
    for address in furnished.addresses():
        if is_page(inside.request.get(address).headers):
            inside.goto(address)
            found[address] = _tabbed(inside)
    assert len(found) > 20
    assert {address: each for address, each in found.items() if each} == {}


def _go_to(page: Page, role: Any, name: str) -> None:
    """By Tab alone."""
    wanted = page.get_by_role(role, name=name)
    for _ in range(_MOST):
        page.keyboard.press("Tab")
        if wanted.evaluate_all("all => all.includes(document.activeElement)"):
            return
    pytest.fail(f"Tab does not lead to the {role} {name}")


def _press(page: Page, role: Any, name: str, key: str = "Enter") -> None:
    _go_to(page, role, name)
    page.keyboard.press(key)


def _follow(page: Page, role: Any, name: str) -> None:
    """To where a link or a form leads."""
    _go_to(page, role, name)
    _enter(page)


def _enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def _sign_in(page: Page, path: str) -> None:
    page.goto(path)
    page.keyboard.type(REVIEWER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    _enter(page)


@pytest.fixture
def arrived(inside: Page) -> Page:
    """The operator on the first page, from which all others are reached."""
    inside.goto("/console")
    return inside


def test_somebody_signs_in_and_skips_to_the_contents(stranger: Callable[[], Page]) -> None:
    page = stranger()
    _sign_in(page, "/console")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    _follow(page, "link", "Skip to the contents")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".card a").first).to_be_focused()


def test_somebody_unknown_is_named(arrived: Page) -> None:
    _follow(arrived, "link", "people")
    _follow(arrived, "link", "Unknown")
    _follow(arrived, "link", "Group 1")
    _go_to(arrived, "textbox", "Who this is")
    arrived.keyboard.type("Eileen Collins")
    _enter(arrived)
    expect(arrived.get_by_role("status")).to_contain_text("Group 1 is Eileen Collins")


def test_a_picture_is_searched_with(arrived: Page, tmp_path: Path) -> None:
    picture = tmp_path / "grace.jpg"
    picture.write_bytes(jpeg(GRACE.crop()))
    _follow(arrived, "link", "people")
    _follow(arrived, "link", "Identify")
    with arrived.expect_file_chooser() as chooser:
        _press(arrived, "button", "A picture")
    chooser.value.set_files(picture)
    _follow(arrived, "button", "Search people")
    expect(arrived.locator("rect.known")).to_have_count(1)


def test_the_ledger_is_followed_to_a_proof(arrived: Page) -> None:
    _follow(arrived, "link", "Ledger")
    _go_to(arrived, "textbox", "What")
    arrived.keyboard.type("identify")
    _enter(arrived)
    expect(arrived.locator("tbody tr").first).to_contain_text("identify")
    number = arrived.locator("tbody a").first.inner_text()
    _follow(arrived, "link", number)
    expect(arrived.get_by_role("heading", level=1)).to_have_text(f"Record {number}")
    with arrived.expect_download():
        _press(arrived, "link", "Download the proof")


def test_faces_are_chosen_and_moved_to_nobody_and_back(arrived: Page) -> None:
    _follow(arrived, "link", "people")
    _follow(arrived, "link", "person '")
    _press(arrived, "checkbox", "file", " ")
    _press(arrived, "checkbox", "nobody", " ")
    _follow(arrived, "button", "Move")
    expect(arrived.get_by_role("status")).to_contain_text("1 face is nobody's now")
    _follow(arrived, "button", "Undo")
    expect(arrived.get_by_role("heading", level=1)).to_contain_text("person")


def test_shift_and_the_space_bar_choose_all_between(arrived: Page) -> None:
    arrived.evaluate("""() => document.querySelector("main").toggleAttribute("data-select")""")
    arrived.evaluate("""() => document.querySelector("main").append(
        ...["a", "b", "c"].map(value => Object.assign(
            document.createElement("input"), { type: "checkbox", name: "face", value })))""")
    boxes = arrived.locator('input[name="face"]')
    boxes.first.focus()
    arrived.keyboard.press("Space")
    arrived.keyboard.press("Tab")
    arrived.keyboard.press("Tab")
    arrived.keyboard.press("Shift+Space")
    assert boxes.evaluate_all("all => all.map(each => each.checked)") == [True, True, True]


def test_a_case_is_judged(stranger: Callable[[], Page], furnished: Furnished) -> None:
    page = stranger()
    _sign_in(page, furnished.address("/reviews/{collection}"))
    _follow(page, "link", furnished.places["case"][:8])
    for _ in range(_MOST):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "radio":
            break
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.locator("input[type=radio]").nth(1)).to_be_checked()
    page.keyboard.press("ArrowLeft")
    _press(page, "checkbox", "ears", " ")
    _follow(page, "button", "Judge candidate 1")
    expect(page.get_by_text("Your opinion: ")).to_be_visible()
