from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

import videos
from browsing import send
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STARTED_MS, _CUT_MS, _END_MS = 0, 1200, 2400
ODD = ' both %2f "<script>alert(1)<'
POLICY = 'purposes = ["family-album"]\n'


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grace after somebody else, in a bucket."""
    bucket = tmp_path_factory.mktemp("buckets") / "media"
    bucket.mkdir()
    scenes = (
        (_STARTED_MS, _CUT_MS, videos.eileen()),
        (_CUT_MS, _END_MS, videos.grace()),
    )
    frames = (
        frame
        for start, end, portrait in scenes
        for frame in videos.scene(
            videos.steady(start, end), [(portrait, videos.line((0.4, 0.5), (0.6, 0.5)))]
        )
    )
    with (bucket / "both.mp4").open("wb") as file:
        videos.render(file, frames)
    (bucket / "broken.mp4").write_bytes(b"this is no film" * 1000)
    return bucket / "both.mp4"


@pytest.fixture(scope="module")
def console(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, folder: Path, film: Path
) -> Iterator[Server]:
    """One that reads films from buckets and knows Grace alone."""
    data = tmp_path_factory.mktemp("console")
    policy = data.parent / "policy.toml"
    policy.write_text(POLICY)
    known = tmp_path_factory.mktemp("known")
    shutil.copytree(folder / "Grace Hopper", known / "Grace Hopper")
    options = ["--buckets", film.parent.parent]
    with serving(data, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        server.reknown("enroll", known)
        server.reknown("collections", "policy", "people", "--set", policy)
        yield server


def _start(page: Page, name: str) -> None:
    page.goto("/console/films/people")
    page.get_by_label("Bucket").fill("media")
    page.get_by_label("Film in it").fill(name)
    page.get_by_label("What the search is for").select_option("family-album")
    send(page, "Search the film")


def test_a_film_is_searched_and_jumped_in(operator: Page, film: Path) -> None:
    _start(operator, film.name)
    expect(operator.get_by_role("status")).to_contain_text("The search of both.mp4 has begun.")
    # the list keeps itself up to date
    expect(operator.get_by_role("cell", name="searched", exact=True)).to_be_visible(timeout=60_000)
    operator.get_by_role("link", name="media/both.mp4").click()
    first = operator.locator("section.candidate").first
    expect(first.get_by_role("rowheader", name="Grace Hopper")).to_be_visible()
    expect(first.locator("path.known")).to_have_count(1)
    expect(operator.locator("section.candidate")).to_have_count(2)
    expect(operator.get_by_text("No candidate.")).to_be_visible()
    assert Axe().run(operator).response["violations"] == []
    operator.get_by_label("Your copy of the film").set_input_files(str(film))
    expect(operator.locator("video")).to_be_visible()
    expect(operator.locator("video")).to_have_js_property("readyState", 4)
    first.get_by_role("link").first.click()
    moment = operator.locator("video").evaluate("film => film.currentTime")
    assert _CUT_MS / 1000 <= moment < _END_MS / 1000
    operator.set_viewport_size({"width": 360, "height": 700})
    assert operator.evaluate("document.documentElement.scrollWidth") <= 360


def test_looking_and_searching_are_recorded_with_the_purpose(operator: Page, film: Path) -> None:
    _start(operator, film.name)
    operator.get_by_role("link", name="media/both.mp4").first.click()
    expect(operator.get_by_role("heading", level=1)).to_have_text("both.mp4")
    operator.goto("/console/ledger?collection=people&operation=start+video+job")
    expect(operator.locator("tbody tr").first).to_contain_text("family-album")
    operator.goto("/console/ledger?collection=people&operation=read+video+job")
    expect(operator.locator("tbody tr").first).to_be_visible()


def test_a_film_is_chosen_from_folders_of_a_bucket(operator: Page, film: Path) -> None:
    inner = film.parent / "2026" / "<i>odd & ?name#.json"
    inner.mkdir(parents=True)
    (inner / f"{ODD}.mp4").hardlink_to(film)
    (inner / "notes.txt").write_text("no film")
    (inner / "link.mp4").symlink_to(film)
    operator.goto("/console/films/people")
    operator.get_by_role("link", name="Choose a stored film").click()
    for name in ("media", "2026/", "<i>odd & ?name#.json/"):
        operator.get_by_role("link", name=name, exact=True).click()
    expect(operator.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    assert Axe().run(operator).response["violations"] == []
    operator.get_by_label("Names that begin with").fill("other")
    operator.get_by_role("button", name="Show").click()
    expect(operator.get_by_text("No films here")).to_be_visible()
    operator.get_by_label("Names that begin with").fill(ODD[:3])
    operator.get_by_role("button", name="Show").click()
    operator.get_by_role("link", name=f"{ODD}.mp4").click()
    expect(operator.get_by_label("Bucket")).to_have_value("media")
    operator.get_by_label("What the search is for").select_option("family-album")
    send(operator, "Search the film")
    expect(operator.get_by_role("status")).to_contain_text("has begun.")
    searched = operator.get_by_role("row", name=ODD).get_by_text("searched", exact=True)
    expect(searched).to_be_visible(timeout=60_000)


def test_a_film_that_is_none_fails_with_the_reason(operator: Page) -> None:
    _start(operator, "broken.mp4")
    failed = operator.get_by_role("row", name="broken.mp4").get_by_text("failed:")
    expect(failed).to_be_visible(timeout=60_000)


def test_a_film_that_is_not_there_is_not_searched(operator: Page) -> None:
    _start(operator, "absent.mp4")
    expect(operator.get_by_role("alert")).to_be_visible()
