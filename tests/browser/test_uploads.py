from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

import videos
from browsing import visiting
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grace, in a file whose name wants to be a path and a script."""
    path = tmp_path_factory.mktemp("films") / "..%2f<script>alert(1)<.mp4"
    frames = videos.scene(
        videos.steady(0, 1200), [(videos.grace(), videos.line((0.4, 0.5), (0.6, 0.5)))]
    )
    with path.open("wb") as file:
        videos.render(file, frames)
    return path


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads") / "here"


@pytest.fixture(scope="module")
def console(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, folder: Path, uploads: Path
) -> Iterator[Server]:
    """One that takes uploads of 64 MiB, whose jobs wait until a test works on them."""
    data = tmp_path_factory.mktemp("console")
    known = tmp_path_factory.mktemp("known")
    shutil.copytree(folder / "Grace Hopper", known / "Grace Hopper")
    options = ["--uploads", uploads, "--upload-limit", "64", "--video-workers", "0"]
    with serving(data, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        server.reknown("enroll", known)
        yield server


@pytest.fixture
def visit(browser: Browser, console: Server) -> Iterator[Callable[[], Page]]:
    """New browsers, whose connection a test may break."""
    with visiting(browser, console, r"status of 40[0134]|ERR_FAILED") as opened:
        yield opened


@pytest.fixture
def work(console: Server, uploads: Path) -> Callable[[], str]:
    return lambda: console.reknown("worker", "--once", "--uploads", uploads)


def _left(uploads: Path) -> list[str]:
    return [each.name for each in uploads.iterdir() if each.is_file()] if uploads.exists() else []


def test_a_film_is_uploaded_searched_and_forgotten(
    operator: Page, film: Path, uploads: Path, work: Callable[[], str]
) -> None:
    operator.goto("/console/films/people")
    assert Axe().run(operator).response["violations"] == []
    operator.get_by_label("A film (it is forgotten").set_input_files(str(film))
    operator.get_by_role("button", name="Upload and search").click()
    expect(operator.get_by_role("status")).to_contain_text("The film has come")
    expect(operator.get_by_role("heading", level=1)).to_have_text(film.name)
    expect(operator.locator("#progress")).to_contain_text("Waiting for a worker.")
    assert Axe().run(operator).response["violations"] == []
    (kept,) = (each for each in uploads.iterdir() if each.is_file())
    assert kept.read_bytes() == film.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert uploads.stat().st_mode & 0o777 == 0o700
    work()
    # the page sees to it by itself that what was found is shown
    first = operator.locator("section.candidate").first
    expect(first.get_by_role("rowheader", name="Grace Hopper")).to_be_visible(timeout=20_000)
    expect(operator.get_by_text("Uploaded and forgotten")).to_be_visible()
    assert _left(uploads) == []
    operator.goto("/console/ledger?collection=people&operation=upload")
    expect(operator.locator("tbody tr").first).to_contain_text("bytes")


def test_a_film_that_is_dropped_on_identify_goes_the_same_way(
    operator: Page, film: Path, uploads: Path, work: Callable[[], str]
) -> None:
    operator.goto("/console/identify/people")
    data = [*film.read_bytes()]
    dropped = operator.evaluate_handle(
        """data => {
            const files = new DataTransfer();
            const film = new File([new Uint8Array(data)], "dropped.mp4", {type: "video/mp4"});
            files.items.add(film);
            return files;
        }""",
        data,
    )
    operator.dispatch_event("#picture", "dragover", {"dataTransfer": dropped})
    operator.dispatch_event("#picture", "drop", {"dataTransfer": dropped})
    operator.get_by_role("button", name="Search people").click()
    expect(operator.get_by_role("heading", level=1)).to_have_text("dropped.mp4")
    operator.get_by_role("button", name="Stop").click()
    expect(operator.get_by_role("status")).to_have_text("Stopped.")
    # to stop twice is not offered, and a reload forgets nothing
    operator.reload()
    expect(operator.locator("#progress")).to_contain_text("To be stopped")
    expect(operator.get_by_role("button", name="Stop")).to_have_count(0)
    work()
    expect(operator.get_by_text("failed: stopped by")).to_be_visible(timeout=20_000)
    assert _left(uploads) == []


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Path:
    """The same, and 24 MiB that are nobody's: 24 pieces and a bit."""
    path = tmp_path_factory.mktemp("long") / "long <i>.mp4"
    size = 24 * 2**20
    path.write_bytes(film.read_bytes() + size.to_bytes(4, "big") + b"free" + bytes(size - 8))
    return path


def test_an_upload_goes_on_after_a_reload(
    operator: Page, long_film: Path, uploads: Path, work: Callable[[], str]
) -> None:
    sent: list[int] = []

    def some(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(1)
            if len(sent) == 9:
                return route.abort()
        return route.continue_()

    operator.goto("/console/films/people")
    operator.route("**/console/uploads/people", some)
    operator.get_by_label("A film (it is forgotten").set_input_files(str(long_film))
    operator.get_by_role("button", name="Upload and search").click()
    said = "The connection broke at 33 %. Send it again to go on from there."
    expect(operator.get_by_role("alert")).to_have_text(said, timeout=60_000)
    assert [each.stat().st_size for each in uploads.iterdir() if each.is_file()] == [8 * 2**20]
    operator.reload()
    waits = operator.get_by_text("An upload of long <i>.mp4 waits at 33 %.")
    expect(waits).to_be_visible(timeout=20_000)
    assert Axe().run(operator).response["violations"] == []
    operator.get_by_label("A film (it is forgotten").set_input_files(str(long_film))
    operator.unroute("**/console/uploads/people")
    operator.get_by_role("button", name="Upload and search").click()
    come = operator.get_by_text("The film has come; its search has begun.")
    expect(come).to_be_visible(timeout=60_000)
    (kept,) = (each for each in uploads.iterdir() if each.is_file())
    assert kept.read_bytes() == long_film.read_bytes()
    work()
    assert _left(uploads) == []


def test_an_upload_that_is_stopped_leaves_nothing(
    operator: Page, long_film: Path, uploads: Path
) -> None:
    operator.goto("/console/films/people")
    held: list[Route] = []

    def some(route: Route) -> None:
        if route.request.method == "POST" and uploads.exists() and _left(uploads):
            held.append(route)
        else:
            route.continue_()

    operator.route("**/console/uploads/people", some)
    operator.get_by_label("A film (it is forgotten").set_input_files(str(long_film))
    operator.get_by_role("button", name="Upload and search").click()
    for _ in range(600):
        if held:
            break
        operator.wait_for_timeout(100)
    with operator.expect_response("**/console/uploads/people/forget", timeout=60_000):
        operator.get_by_role("button", name="Stop sending").click()
    expect(operator.get_by_role("alert")).to_have_text("Stopped: nothing was kept.")
    assert _left(uploads) == []
    operator.reload()
    expect(operator.get_by_text("An upload of")).to_have_count(0)


def test_what_is_no_film_is_not_kept(operator: Page, uploads: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.mp4"
    wrong.write_bytes(b"this is no film" * 10_000)
    operator.goto("/console/films/people")
    operator.get_by_label("A film (it is forgotten").set_input_files(str(wrong))
    operator.get_by_role("button", name="Upload and search").click()
    expect(operator.get_by_role("alert")).to_contain_text("not a video of a supported format")
    expect(operator.get_by_role("button", name="Upload and search")).to_be_enabled()
    assert _left(uploads) == []


def test_without_script_the_form_is_enough(
    console: Server, operator: Page, film: Path, uploads: Path, work: Callable[[], str]
) -> None:
    context = operator.context.browser
    assert context is not None
    plain = context.new_context(
        base_url=console.address,
        java_script_enabled=False,
        storage_state=operator.context.storage_state(),
    )
    page = plain.new_page()
    page.goto("/console/films/people")
    page.get_by_label("A film (it is forgotten").set_input_files(str(film))
    page.get_by_role("button", name="Upload and search").click()
    expect(page.get_by_role("status")).to_contain_text("The film has come")
    work()
    page.reload()
    expect(page.get_by_role("rowheader", name="Grace Hopper")).to_be_visible()
    plain.close()
    assert _left(uploads) == []


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, eileen: bytes, grace: bytes) -> Path:
    """A folder as people have them: photos, also in a folder within, and other files."""
    root = tmp_path_factory.mktemp("photos") / "2026"
    (root / "summer").mkdir(parents=True)
    (root / "beach <i>.jpg").write_bytes(eileen)
    (root / "summer" / "grace.jpg").write_bytes(grace)
    # of the same person, or there would be no group of her
    smaller = Image.open(io.BytesIO(eileen)).convert("RGB")
    smaller.thumbnail((700, 700))
    smaller.save(root / "again.png")
    (root / "broken.jpg").write_bytes(b"this is no picture" * 100)
    (root / "notes.txt").write_text("not sent at all")
    return root


def test_a_folder_of_photos_becomes_named_people(
    console: Server, operator: Page, photos: Path, uploads: Path, work: Callable[[], str]
) -> None:
    operator.goto("/console/unknown/people")
    operator.get_by_role("link", name="Add photos").click()
    assert Axe().run(operator).response["violations"] == []
    operator.get_by_label("Or a folder of them").set_input_files(str(photos))
    operator.get_by_role("button", name="Add", exact=True).click()
    said = operator.get_by_role("status")
    expect(said).to_contain_text("3 files added. 1 file refused: broken.jpg:", timeout=20_000)
    expect(operator.locator("#progress")).to_contain_text("Waiting for a worker.")
    kept = [each for each in (uploads / "archive").rglob("*") if each.is_file()]
    assert {each.read_bytes() for each in kept} == {
        (photos / "beach <i>.jpg").read_bytes(),
        (photos / "summer" / "grace.jpg").read_bytes(),
        (photos / "again.png").read_bytes(),
    }
    work()
    expect(operator.get_by_text("3 files with 3 faces, 0 refused")).to_be_visible(timeout=20_000)
    operator.get_by_role("link", name="Unknown", exact=True).first.click()
    operator.locator("ul.grid a").first.click()
    # the picture is cut from the file that was added, and that is called as it was
    expect(operator.locator("ul.grid img").first).to_have_js_property("naturalWidth", 192)
    seen = console.reknown("sightings", "list", "--json")
    assert "beach <i>.jpg" in seen
    assert "grace.jpg" in seen
    operator.get_by_label("Who this is").fill("Eileen Collins")
    operator.get_by_role("button", name="Name").click()
    expect(operator.get_by_role("status")).to_contain_text("is Eileen Collins")
    operator.set_viewport_size({"width": 360, "height": 700})
    operator.goto("/console/archive/people/add")
    assert operator.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_scan_is_stopped(operator: Page, work: Callable[[], str]) -> None:
    operator.goto("/console/archive/people/add")
    operator.get_by_role("button", name="Look again").click()
    operator.get_by_role("button", name="Stop").click()
    expect(operator.locator("#progress")).to_contain_text("To be stopped")
    work()
    expect(operator.get_by_text("failed: stopped by")).to_be_visible(timeout=20_000)
