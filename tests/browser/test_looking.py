"""What a camera sees, from a worker that watches a film to the page of somebody who looks."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import time
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

import videos
from browsing import send
from furnished import PASSWORD, context_of
from reknown import Reknown
from reknown.access.accounts import Role
from reknown.services.accounts import change_role, create_account
from servers import REKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from servers import Server

pytestmark = pytest.mark.skipif(not REKNOWN.exists(), reason="reknown is not installed here")

_KNOWN, _STRANGER = (0.3, 0.5), (0.75, 0.5)
_FILM_MS = 300_000
_PATIENCE_MS = 90_000.0


@pytest.fixture(scope="module")
def worker(
    console: Server, folder: Path, cache_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[subprocess.Popen[bytes]]:
    """It watches somebody known and a stranger, who sway, for `guests`, who are Eileen alone."""
    with Reknown(console.data) as client:
        client.enroll([(folder / "Eileen <b>Collins" / "1.jpg", "Eileen")], "guests")
    root = tmp_path_factory.mktemp("cameras")
    _render(root / "lobby.mp4")
    cameras = root / "cameras.toml"
    cameras.write_text('[cameras.lobby]\nfile = "lobby.mp4"\n')
    cameras.chmod(0o600)
    console.reknown("watches", "create", "lobby", "--camera", "lobby", "--collection", "guests")
    console.reknown("watches", "start", "lobby")
    command = [REKNOWN, "worker", "--data", console.data, "--streams", 1, "--cameras", cameras]
    environment = os.environ | {"REKNOWN_CACHE": str(cache_folder)}
    with subprocess.Popen([*map(str, command)], env=environment) as process:
        yield process
        process.kill()


def _render(path: Path) -> None:
    """Five minutes of the same few seconds."""
    near = videos.line((0.28, 0.5), (0.32, 0.5))
    actors = [(videos.eileen(), near), (videos.grace(), videos.still(_STRANGER))]
    second = list(videos.scene(videos.steady(0, 2000, 2.0), actors))
    frames = ((pixels, start + at) for start in range(0, _FILM_MS, 2000) for pixels, at in second)
    videos.render(path, chain(frames))


def _shown(page: Page) -> NDArray[np.uint8]:
    """The picture on the page."""
    address = page.locator("#look img").get_attribute("src", timeout=_PATIENCE_MS)
    assert address is not None
    _, _, data = address.partition("base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def _roughness(pixels: NDArray[np.uint8], at: tuple[float, float]) -> float:
    """How far neighbours differ there: a face does, a cell of a mosaic does not."""
    height, width = pixels.shape[:2]
    row, column = round(at[1] * height), round(at[0] * width)
    around = pixels[row - 16 : row + 16, column - 16 : column + 16].astype(float)
    return float(np.abs(np.diff(around, axis=1)).mean())


def _until_known(page: Page) -> NDArray[np.uint8]:
    deadline = time.monotonic() + _PATIENCE_MS / 1000
    while _roughness(pixels := _shown(page), _KNOWN) < 3:
        assert time.monotonic() < deadline
        page.wait_for_timeout(200)
    return pixels


@pytest.mark.usefixtures("worker")
def test_who_looks_sees_people_with_candidates_and_nobody_else(operator: Page) -> None:
    operator.goto("/console/cameras/guests")
    operator.get_by_role("link", name="Look through the camera of lobby").click()
    picture = operator.get_by_role("img", name="What camera lobby sees")
    expect(picture).to_be_visible(timeout=_PATIENCE_MS)
    expect(operator.get_by_text("Taken")).to_contain_text("ago")
    pixels = _until_known(operator)
    assert pixels.shape[1] <= 640
    assert _roughness(pixels, _STRANGER) < 1
    expect(operator.locator("#look dl")).to_contain_text("Eileen; similarity")
    # it follows by itself
    before = picture.get_attribute("src")
    operator.wait_for_function("a => document.querySelector('#look img')?.src !== a", arg=before)
    # and shows nothing of before where nobody says that it is so now
    operator.route("**/lobby?since=*", lambda route: route.fulfill(status=401))
    expect(operator.get_by_text("You are signed out")).to_be_visible()
    expect(picture).to_have_count(0)
    operator.unroute("**/lobby?since=*")
    expect(picture).to_be_visible()


@pytest.mark.usefixtures("worker")
def test_a_command_and_a_program_save_one_picture(console: Server, tmp_path: Path) -> None:
    place = tmp_path / "now.jpg"
    told = console.reknown("watches", "look", "lobby", "--output", place, "--wait", 90)
    assert told.startswith(f"wrote {place}, taken at ")
    with Image.open(place) as picture:
        assert picture.format == "JPEG"
    with Reknown(console.data) as client:
        seen = client.watches.look("lobby", wait_seconds=90)
    assert seen is not None
    assert Image.open(io.BytesIO(seen.picture)).size == picture.size


@pytest.mark.usefixtures("worker")
def test_without_scripts_somebody_looks_again(operator: Page) -> None:
    operator.route("**/*.js", lambda route: route.fulfill(body=""))
    operator.goto("/console/cameras/guests/lobby")
    deadline = time.monotonic() + _PATIENCE_MS / 1000
    while not operator.locator("#look img").count():
        assert time.monotonic() < deadline
        operator.wait_for_timeout(500)
        operator.get_by_role("link", name="Look again").click()


def test_a_page_that_was_forgotten_follows_no_more(operator: Page) -> None:
    operator.goto("/console/cameras/guests/lobby?since=1")
    expect(operator.get_by_text("has stopped")).to_be_visible()
    assert operator.locator("#look[hx-get]").count() == 0


@pytest.mark.usefixtures("worker")
def test_a_right_that_is_taken_away_ends_a_look(visit: Callable[[], Page], console: Server) -> None:
    with context_of(console) as context:
        create_account(context, "looker", Role.KEEPER, ("*",), PASSWORD)
    page = visit()
    page.goto("/console/cameras/guests/lobby")
    page.get_by_label("Account, or id").fill("looker")
    page.get_by_label("Password, or").fill(PASSWORD)
    send(page, "Sign in")
    expect(page.locator("#look img")).to_be_visible(timeout=_PATIENCE_MS)
    with context_of(console) as context:
        change_role(context, "looker", Role.REVIEWER, ("*",))
    expect(page.get_by_text("it takes the right ReknownLookThroughCamera")).to_be_visible()
    expect(page.locator("img")).to_have_count(0)


def test_when_the_worker_is_killed_there_is_no_picture_of_before(
    operator: Page, worker: subprocess.Popen[bytes]
) -> None:
    operator.goto("/console/cameras/guests/lobby")
    expect(operator.locator("#look img")).to_be_visible(timeout=_PATIENCE_MS)
    worker.kill()
    expect(operator.get_by_text("there is no picture")).to_be_visible(timeout=30_000)
    expect(operator.locator("#look img")).to_have_count(0)
