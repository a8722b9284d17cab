from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from servers import REKNOWN

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server


def test_a_person_is_renamed_and_gets_the_name_back(operator: Page) -> None:
    operator.get_by_role("link", name="people", exact=True).click()
    operator.get_by_role("link", name="Grace Hopper").click()
    operator.get_by_text("Rename or merge").click()
    operator.get_by_label("Another name for this person").fill("Amazing Grace")
    operator.get_by_role("button", name="Rename").click()
    expect(operator.get_by_role("heading", level=1)).to_have_text("Amazing Grace")
    operator.get_by_role("button", name="Undo").click()
    expect(operator.get_by_role("heading", level=1)).to_have_text("Grace Hopper")


def test_names_are_text(operator: Page) -> None:
    operator.goto("/console/people/people")
    expect(operator.get_by_role("link", name="Eileen <b>Collins")).to_be_visible()


def test_people_have_pictures(operator: Page) -> None:
    operator.goto("/console/people/people", wait_until="networkidle")
    widths = operator.eval_on_selector_all(".grid img", "all => all.map(i => i.naturalWidth)")
    assert len(widths) == 2
    assert all(width >= 100 for width in widths)


def test_a_picture_is_searched_with(operator: Page, folder: Path) -> None:
    operator.goto("/console/identify/people")
    picture = folder / "Grace Hopper" / "1.jpg"
    operator.get_by_label("A picture").set_input_files(str(picture))
    operator.get_by_role("button", name="Search people").click()
    expect(operator.get_by_role("rowheader", name="Grace Hopper")).to_be_visible()
    expect(operator.get_by_text("none is an identification")).to_be_visible()
    expect(operator.locator("rect.known")).to_have_count(1)
    operator.goto("/console/ledger")
    expect(operator.get_by_role("cell", name="identify", exact=True).first).to_be_visible()


def test_an_error_says_what_to_do(operator: Page) -> None:
    complaint = operator.goto("/console/people/nobody")
    assert complaint is not None
    assert complaint.status == 404
    expect(operator.get_by_role("alert")).to_contain_text(re.compile("nobody"))


def test_two_pictures_are_compared(operator: Page, folder: Path) -> None:
    operator.goto("/console/compare")
    for label, name in (("One picture", "Grace Hopper"), ("Another picture", "Eileen <b>Collins")):
        operator.get_by_label(label).set_input_files(str(folder / name / "1.jpg"))
    operator.get_by_role("button", name="Compare").click()
    expect(operator.get_by_role("cell", name="not reached")).to_be_visible()


def test_a_record_comes_with_its_proof(operator: Page, console: Server, tmp_path: Path) -> None:
    operator.goto("/console/ledger/1")
    expect(operator.get_by_label("The record", exact=True)).to_contain_text("adopt master key")
    expect(operator.get_by_role("status")).to_contain_text("Checked in this browser")
    field = operator.get_by_label("The ledger's public key")
    whole = field.input_value()
    field.fill(whole[:-1])
    expect(operator.get_by_role("status")).to_contain_text("Not proven: this is no public key")
    name, number, blob = whole.split("+", 2)
    field.fill(f"{name}+{number}+{blob[:20]}{'A' if blob[20] != 'A' else 'B'}{blob[21:]}")
    expect(operator.get_by_role("status")).to_contain_text(
        "Not proven: the checkpoint is not signed"
    )
    field.fill(f"other{whole}")
    expect(operator.get_by_role("status")).to_contain_text(
        "Not proven: the checkpoint is of another"
    )
    field.fill(whole)
    expect(operator.get_by_role("status")).to_contain_text("Checked in this browser")
    with operator.expect_download() as started:
        operator.get_by_role("link", name="Download the proof").click()
    proof = tmp_path / "proof.json"
    started.value.save_as(proof)
    key = console.reknown("ledger", "key").strip()
    console.reknown("ledger", "verify")
    done = subprocess.run(
        [str(REKNOWN), "ledger", "check", str(proof), "--key", key], check=True, capture_output=True
    )
    assert b"record" in done.stdout.lower()


def test_a_record_that_is_not_what_was_signed_is_not_proven(operator: Page) -> None:
    operator.route(
        "**/console/ledger/2",
        lambda route: route.fulfill(
            response=(answer := route.fetch()), body=answer.text().replace("cli:", "cli;")
        ),
    )
    operator.goto("/console/ledger/2")
    expect(operator.get_by_role("status")).to_contain_text("Not proven: the record is not in")


def test_the_ledger_is_followed_and_exported(
    operator: Page, console: Server, tmp_path: Path
) -> None:
    operator.goto("/console/ledger?operation=list+users&follow=yes")
    records = operator.get_by_role("row")
    before = records.count()
    console.reknown("users", "list")
    expect(records).to_have_count(before + 1)
    with operator.expect_download() as started:
        operator.get_by_role("link", name="Export the whole log").click()
    log = tmp_path / "ledger.jsonl"
    started.value.save_as(log)
    key = console.reknown("ledger", "key").strip()
    checked = subprocess.run(
        [str(REKNOWN), "ledger", "check", str(log), "--key", key], check=True, capture_output=True
    )
    assert checked.stdout.startswith(b"All ")


def test_without_buckets_films_say_how_to_set_them(operator: Page) -> None:
    operator.goto("/console/films/people")
    expect(operator.get_by_text("--buckets FOLDER")).to_be_visible()
    expect(operator.get_by_role("button", name="Search the film")).to_have_count(0)
