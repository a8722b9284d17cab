from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browsing import send

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server

_HOSTILE = '"><img src=x onerror=alert(1)>.jpg'


@pytest.fixture(scope="session")
def unknown(
    console: Server, tmp_path_factory: pytest.TempPathFactory, eileen: bytes, grace: bytes
) -> str:
    """A collection of its own, in which two people were seen, one with hostile names of files."""
    archive = tmp_path_factory.mktemp("unknown")
    for number in range(4):
        (archive / f"{number}{_HOSTILE}").write_bytes(eileen + bytes([number]))
    for number in range(2):
        (archive / f"grace {number}.jpg").write_bytes(grace + bytes([number]))
    console.reknown("collections", "create", "seen")
    console.reknown("scan", archive, "--collection", "seen")
    console.reknown("groups", "list", "--collection", "seen")
    return "seen"


def _open(page: Page, collection: str, times: int) -> None:
    page.goto(f"/console/unknown/{collection}")
    page.locator("li", has_text=f"seen {times} times").first.get_by_role("link").click()


def test_faces_are_chosen_by_keyboard_and_split_off(operator: Page, unknown: str) -> None:
    _open(operator, unknown, 4)
    boxes = operator.locator("[data-select] input[type=checkbox]")
    expect(boxes).to_have_count(4)
    boxes.first.focus()
    operator.keyboard.press("Space")
    operator.keyboard.press("Shift+ArrowRight")
    expect(operator.locator("[data-select] :checked")).to_have_count(2)
    operator.keyboard.press("ArrowRight")
    expect(boxes.nth(2)).to_be_focused()
    outlined = "box => getComputedStyle(box.closest('label')).outlineStyle"
    assert boxes.nth(2).evaluate(outlined) == "dashed"
    assert Axe().run(operator).response["violations"] == []
    send(operator, "Split off the chosen faces")
    expect(operator.get_by_role("status")).to_contain_text(re.compile(r"has 2 faces of group \d+"))
    expect(operator.locator("[data-select] li")).to_have_count(2)
    send(operator, "Undo")
    expect(operator.locator("[data-select] li")).to_have_count(4)


def test_groups_kept_apart_may_meet_again(operator: Page, unknown: str) -> None:
    _open(operator, unknown, 2)
    other = operator.url.rpartition("/")[2].partition("?")[0]
    _open(operator, unknown, 4)
    operator.get_by_label("Another group, by its number").fill(other)
    send(operator, "Never the same person")
    expect(operator.get_by_role("status")).to_contain_text("stay apart")
    send(operator, "Undo")
    expect(operator.get_by_role("status")).to_contain_text("may be one person again")


def test_a_merge_is_taken_back(operator: Page, unknown: str) -> None:
    _open(operator, unknown, 4)
    other = operator.url.rpartition("/")[2].partition("?")[0]
    _open(operator, unknown, 2)
    operator.get_by_label("Another group, by its number").fill(other)
    send(operator, "The same person")
    expect(operator.locator("[data-select] li")).to_have_count(6)
    send(operator, "Undo")
    expect(operator.locator("[data-select] li")).to_have_count(2)


def test_a_name_is_taken_back(operator: Page, unknown: str) -> None:
    _open(operator, unknown, 2)
    operator.get_by_label("Who this is").fill("<b>Amazing")
    send(operator, "Name")
    expect(operator.get_by_role("status")).to_contain_text("2 faces are enrolled")
    send(operator, "Undo")
    expect(operator.get_by_role("status")).to_contain_text("2 references are deleted")
    expect(operator.get_by_label("Who this is")).to_have_value("")
    operator.goto(f"/console/people/{unknown}")
    expect(operator.get_by_text("Amazing")).to_have_count(0)
    # also later, without an offer
    _open(operator, unknown, 2)
    operator.get_by_label("Who this is").fill("<b>Amazing")
    number = operator.url.rpartition("/")[2].partition("?")[0]
    send(operator, "Name")
    operator.goto(f"/console/unknown/{unknown}/{number}")
    assert Axe().run(operator).response["violations"] == []
    send(operator, "Not <b>Amazing")
    expect(operator.get_by_label("Who this is")).to_have_value("")


def test_a_proposal_is_declined_once_and_for_all(operator: Page, unknown: str) -> None:
    _open(operator, unknown, 4)
    boxes = operator.locator("[data-select] input[type=checkbox]")
    boxes.first.check()
    boxes.nth(1).check()
    send(operator, "Split off the chosen faces")
    # split off is apart already: nothing is proposed until that is taken back
    made, kept = re.findall(r"Group (\d+) has 2 faces of group (\d+)", operator.content())[0]
    operator.goto(f"/console/proposals/{unknown}")
    expect(operator.get_by_text("There is nothing to propose")).to_be_visible()
    operator.goto(f"/console/unknown/{unknown}/{kept}")
    operator.get_by_label("Another group, by its number").fill(made)
    send(operator, "Never the same person")
    send(operator, "Undo")
    operator.goto(f"/console/unknown/{unknown}")
    operator.get_by_role("link", name="Who may be one person?").click()
    pair = operator.get_by_role("region", name=f"group {kept} and group {made}")
    expect(pair).to_contain_text("Mean similarity")
    expect(operator.get_by_text("none is an identification")).to_be_visible()
    assert Axe().run(operator).response["violations"] == []
    with operator.expect_navigation():
        pair.get_by_role("button", name=re.compile("^Not the same")).click()
    expect(operator.get_by_text("There is nothing to propose")).to_be_visible()
    send(operator, "Undo")
    with operator.expect_navigation():
        pair.get_by_role("button", name=re.compile("^The same")).click()
    expect(operator.get_by_role("status")).to_contain_text(f"is part of group {made}")
    operator.goto(f"/console/unknown/{unknown}")
    expect(operator.get_by_text("seen 4 times")).to_be_visible()


def test_a_name_that_somebody_has_leads_to_a_merge(
    operator: Page, console: Server, tmp_path: Path, eileen: bytes, grace: bytes
) -> None:
    for name, data in (("<i>Ada", eileen), ("Adda", grace)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(data)
    console.reknown("enroll", tmp_path, "--collection", "named")
    operator.goto("/console/people/named")
    operator.get_by_role("link", name="Adda").click()
    operator.get_by_text("Rename or merge").click()
    operator.get_by_label("Another name for this person").fill("<i>Ada")
    send(operator, "Rename")
    expect(operator.get_by_role("alert")).to_contain_text("merge them")
    expect(operator.get_by_label("The person who this is as well")).to_have_value("<i>Ada")
    send(operator, "Never the same person")
    expect(operator.get_by_role("status")).to_contain_text("Adda and <i>Ada stay apart")
    send(operator, "Undo")
    expect(operator.get_by_role("status")).to_contain_text("may be one person again")
