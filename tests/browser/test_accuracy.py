"""Evaluations that people run in the console, on real faces."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageOps
from playwright.sync_api import FilePayload, Page, expect

from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "four small words here"
MANIFEST = "image,subject,region\n" + "".join(
    f"{folder}/{number}.jpg,{who},{region}\n"
    for folder, who, region in (
        ("Eileen <b>Collins", "eileen", "=HYPERLINK(1)"),
        ("Grace Hopper", "grace", "<script>alert(1)</script>"),
    )
    for number in (1, 2)
)


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory, eileen: bytes, grace: bytes) -> Path:
    """Two people, two pictures each, and one that shows nobody."""
    root = tmp_path_factory.mktemp("known") / "album"
    for name, data in (("Eileen <b>Collins", eileen), ("Grace Hopper", grace)):
        (root / name).mkdir(parents=True)
        (root / name / "1.jpg").write_bytes(data)
        with Image.open(io.BytesIO(data)) as image:
            ImageOps.mirror(image).save(root / name / "2.jpg")
    (root / "Grace Hopper" / "3.jpg").write_bytes(b"no image")
    (root.parent / "secret.jpg").write_bytes(grace)
    return root


@pytest.fixture(scope="session")
def console(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, folder: Path, album: Path
) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("evaluating")
    options = "--evaluation-folder", album
    cache, packs = str(cache_folder), str(place / "packs")
    with serving(place / "data", *options, REKNOWN_CACHE=cache, REKNOWN_PACKS=packs) as server:
        server.reknown("enroll", folder)
        yield server


def _evaluate(page: Page, kind: str, **files: str) -> None:
    page.goto("/console/accuracy/people")
    page.get_by_label("What to measure").select_option(kind)
    if "manifest" in files:
        sent = FilePayload(
            name="people.csv", mimeType="text/csv", buffer=files["manifest"].encode()
        )
        page.get_by_label("Or only what a CSV names").set_input_files(sent)
    page.get_by_role("button", name="Evaluate").click()


def _sound(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_folder_is_evaluated_and_the_report_is_shown_kept_and_downloaded(
    operator: Page, console: Server
) -> None:
    _evaluate(operator, "verify")
    expect(operator.get_by_role("heading", level=1)).to_have_text(
        "Verification: one-to-one comparisons", timeout=60_000
    )
    expect(operator.get_by_role("status")).to_contain_text("done")
    expect(operator.get_by_text(re.compile("FMR 0.01 cannot be shown"))).to_be_visible()
    expect(operator.get_by_role("row", name=re.compile("failure to acquire"))).to_contain_text(
        "1 of 5"
    )
    assert "Grace" not in operator.content()
    drawings = operator.locator("figure.plot img")
    assert drawings.count() > 1
    for number in range(drawings.count()):
        drawings.nth(number).scroll_into_view_if_needed()
        operator.wait_for_function(
            "each => each.complete", arg=drawings.nth(number).element_handle()
        )
        assert drawings.nth(number).evaluate("each => each.naturalWidth") > 0
    _sound(operator)
    here = operator.url
    operator.reload()
    assert operator.url == here
    figures = operator.request.get(here + ".json").json()
    assert figures["report"] == "verify"
    assert figures["failures"]["fta"] | {"errors": 1, "trials": 5} == figures["failures"]["fta"]
    with operator.expect_download() as download:
        operator.get_by_role("link", name="The report as one file").click()
    kept = download.value.path().read_text("utf-8")
    assert "<!DOCTYPE html>" in kept
    assert "<svg" in kept
    assert "Grace" not in kept
    events = [json.loads(line) for line in console.reknown("ledger", "--json").splitlines()]
    (begun,) = [each for each in events if each["operation"] == "evaluate"]
    assert begun["collection"] == "people"
    assert begun["record"]["images"] == 5
    assert begun["record"]["evaluation"] == here.rpartition("/")[2]


def test_what_a_manifest_says_is_shown_as_text_and_never_kept(
    operator: Page, console: Server
) -> None:
    _evaluate(operator, "groups", manifest=MANIFEST)
    expect(operator.get_by_role("status")).to_contain_text("done", timeout=60_000)
    expect(operator.get_by_text("<script>alert(1)</script>").first).to_be_visible()
    expect(operator.get_by_text("=HYPERLINK(1)").first).to_be_visible()
    _sound(operator)
    for file in console.data.rglob("*"):
        if file.is_file():
            assert b"Grace Hopper/1.jpg" not in file.read_bytes()


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ("image,subject\n../secret.jpg,a\n", "leads out with .."),
        ("image,subject\n/etc/passwd,a\n", "leads out of the folder"),
        ("image,subject\n", "no images named"),
        ("score,mated\n0.5,1\n", "must name the columns"),
        ("image,subject\nGrace Hopper/1.jpg,a\nGrace Hopper/1.jpg,b\n", "the same image as on"),
        ("image,subject\n" + 'Grace Hopper/1.jpg,"a\n', "quotation mark"),
    ],
)
def test_a_manifest_that_will_not_do_is_said_beside_the_form(
    operator: Page, manifest: str, told: str
) -> None:
    _evaluate(operator, "calibrate", manifest=manifest)
    expect(operator.get_by_role("alert")).to_contain_text(told)
    expect(operator.get_by_label("What to measure")).to_have_value("calibrate")
    assert "/proc/" not in operator.content()
    assert "album/" not in operator.content()


def test_a_link_does_not_lead_out(operator: Page, album: Path) -> None:
    link = album / "Grace Hopper" / "link.jpg"
    link.symlink_to(album.parent / "secret.jpg")
    try:
        _evaluate(operator, "verify", manifest="image,subject\nGrace Hopper/link.jpg,a\n")
        expect(operator.get_by_role("alert")).to_contain_text("a link leads out")
    finally:
        link.unlink()


def test_a_calibration_is_applied_for_everybody_at_once(operator: Page, console: Server) -> None:
    _evaluate(operator, "calibrate")
    expect(operator.get_by_role("button", name="Apply the calibration")).to_be_visible(
        timeout=60_000
    )
    _sound(operator)
    operator.get_by_role("button", name="Apply the calibration").click()
    expect(operator.get_by_text("stand for these rates now")).to_be_visible()
    told = operator.get_by_text(re.compile("was calibrated on all pairs of 5 images"))
    expect(told).to_be_visible()
    events = [json.loads(line) for line in console.reknown("ledger", "--json").splitlines()]
    (set_,) = [each for each in events if each["operation"] == "calibrate"]
    assert set_["record"]["pack"] == "opencv"
    installed = console.data.parent / "packs" / "opencv.calibration"
    assert installed.is_file()
    installed.unlink()
    operator.reload()
    expect(told).to_have_count(0)


def test_an_evaluation_is_deleted_with_its_results(operator: Page) -> None:
    operator.on("dialog", lambda dialog: dialog.accept())
    operator.goto("/console/accuracy/people")
    operator.locator("#evaluations").get_by_role("link").first.click()
    here = operator.url
    operator.get_by_role("button", name="Delete the evaluation").click()
    expect(operator.get_by_text("The evaluation is deleted")).to_be_visible()
    assert operator.request.get(here).status == 404
    assert operator.request.get(here + ".json").status == 404
