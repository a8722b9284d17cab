from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browsing import send
from reknown import Reknown
from reknown.cli.demo_images import GRACE, jpeg

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server

PURPOSES = 'purposes = ["family-album", "missing-person"]\n'


@pytest.fixture(scope="module")
def archive(
    console: Server, folder: Path, tmp_path_factory: pytest.TempPathFactory, eileen: bytes
) -> str:
    """The address of the archive of two files; the policy lists purposes."""
    root = tmp_path_factory.mktemp("archive")
    seen = root / "seen"
    seen.mkdir()
    (seen / "IMG_20190314_153012.jpg").write_bytes(eileen)
    (seen / "IMG_20200101_120000.jpg").write_bytes(jpeg(GRACE.crop()))
    policy = root / "policy.toml"
    policy.write_text(PURPOSES)
    with Reknown(console.data) as client:
        client.enroll(folder, "album")
        client.archive.scan(seen, collection="album")
        client.policies.set(policy, "album")
    return "/console/archive/album"


# The form as JSON, as its other button sends it.
DATA = """async (name) => {
  const form = document.querySelector("form[enctype]"), data = new FormData(form);
  data.set("person", name);
  data.set("purpose", "missing-person");
  const address = form.querySelector("[formaction]").formAction;
  return (await fetch(address, { method: "POST", body: data })).json();
}"""


@pytest.fixture
def added(console: Server, tmp_path: Path, eileen: bytes) -> Path:
    """Two files of a collection `few`, in a folder."""
    for number in range(2):
        (tmp_path / f"<i>{number}.jpg").write_bytes(eileen + bytes([number]))
    with Reknown(console.data) as client:
        client.archive.scan(tmp_path, collection="few")
    return tmp_path


def test_single_files_are_deleted_for_good(operator: Page, added: Path) -> None:
    operator.goto("/console/archive/few")
    operator.get_by_role("link", name="All photos and films").click()
    boxes = operator.locator("[data-select] input[type=checkbox]")
    expect(boxes).to_have_count(2)
    expect(operator.get_by_text("<i>0.jpg")).to_be_visible()
    assert str(added) not in operator.content()
    assert Axe().run(operator).response["violations"] == []
    boxes.first.check()
    operator.on("dialog", lambda dialog: dialog.accept())
    send(operator, "Delete")
    said = operator.get_by_role("status")
    expect(said).to_contain_text("1 file is deleted. 1 face is gone with them.")
    expect(said).to_contain_text("the next scan reads it anew")
    expect(boxes).to_have_count(1)
    # nothing brings it back, so that nothing is offered
    expect(operator.get_by_role("button", name="Undo")).to_have_count(0)


def _search(page: Page) -> None:
    send(page, "Search the archive")


def test_a_person_is_found_for_a_purpose(operator: Page, archive: str, tmp_path: Path) -> None:
    operator.goto("/console/people/album")
    operator.get_by_role("link", name="Grace Hopper").click()
    operator.get_by_role("link", name="Search the archive for Grace Hopper").click()
    expect(operator.get_by_label("A person's name")).to_have_value("Grace Hopper")
    operator.get_by_label("What the search is for").select_option("missing-person")
    _search(operator)
    expect(operator.get_by_role("heading", level=2)).to_have_text("1 candidate; faces seen: 2")
    tile = operator.locator(".grid li")
    expect(tile).to_contain_text("IMG_20200101_120000.jpg")
    expect(tile).to_contain_text("2020-01-01 12:00 (by name)")
    expect(tile.locator("img")).to_have_js_property("naturalWidth", 192)
    with operator.expect_download() as started:
        operator.get_by_role("link", name="Download as CSV").click()
    table = tmp_path / started.value.suggested_filename
    started.value.save_as(table)
    (row,) = csv.DictReader(table.read_text().splitlines())
    assert (row["file"], row["taken"]) == ("IMG_20200101_120000.jpg", "2020-01-01 12:00:00")
    operator.get_by_role("link", name="keep this search as a link").click()
    expect(operator.get_by_label("A person's name")).to_have_value("Grace Hopper")
    expect(operator.get_by_role("heading", level=2)).to_have_count(0)
    told = operator.evaluate(DATA, "Grace Hopper")
    (match,) = told["answer"]["matches"]
    assert (match["name"], match["taken"]) == ("IMG_20200101_120000.jpg", "2020-01-01T12:00:00")
    operator.goto("/console/ledger?collection=album&operation=search+sightings")
    line = operator.locator("tbody tr").first
    expect(line).to_contain_text("missing-person")
    assert Axe().run(operator).response["violations"] == []


def test_a_face_is_found_in_its_time_alone(operator: Page, archive: str, folder: Path) -> None:
    for since, found in (("2019-01-01T00:00", 1), ("2019-06-01T00:00", 0)):
        operator.goto(archive)
        picture = operator.get_by_label("Or a picture")
        picture.set_input_files(str(folder / "Eileen <b>Collins" / "1.jpg"))
        operator.get_by_label("Taken from").fill(since)
        operator.get_by_label("What the search is for").select_option("family-album")
        _search(operator)
        expect(operator.locator(".grid li")).to_have_count(found)
        expect(operator.get_by_text("none is an identification")).to_be_visible()
        assert Axe().run(operator).response["violations"] == []


def test_a_search_needs_somebody(operator: Page, archive: str) -> None:
    operator.goto(archive)
    operator.get_by_label("What the search is for").select_option("family-album")
    _search(operator)
    expect(operator.get_by_role("alert")).to_contain_text("write a person's name or choose")


def test_a_picture_is_identified_for_a_purpose(operator: Page, archive: str, folder: Path) -> None:
    operator.goto("/console/identify/album")
    operator.get_by_label("A picture").set_input_files(str(folder / "Grace Hopper" / "1.jpg"))
    operator.get_by_label("What the search is for").select_option("family-album")
    operator.get_by_role("button", name="Search album").click()
    expect(operator.get_by_role("rowheader", name="Grace Hopper")).to_be_visible()
    expect(operator.get_by_label("What the search is for")).to_have_value("family-album")
    operator.goto("/console/ledger?collection=album&operation=identify")
    expect(operator.locator("tbody tr").first).to_contain_text("family-album")


def test_a_purpose_that_the_policy_lacks_is_refused(operator: Page, archive: str) -> None:
    operator.goto(archive)
    operator.get_by_label("A person's name").fill("Grace Hopper")
    choice = operator.get_by_label("What the search is for")
    choice.evaluate("s => { s.options[1].value = 'gossip'; s.selectedIndex = 1 }")
    _search(operator)
    expect(operator.get_by_role("alert")).to_contain_text(re.compile("gossip is none of those"))
    operator.goto("/console/ledger?collection=album")
    expect(operator.locator("tbody tr").first).to_contain_text("refuse search")
