from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from browsing import send
from furnished import CAMERA, PERSON

if TYPE_CHECKING:
    from furnished import Furnished
    from servers import Server


def test_a_watch_is_started_and_stopped(operator: Page, console: Server) -> None:
    console.reknown("watches", "create", "hall", "--camera", "door", "--collection", "people")
    operator.goto("/console/cameras/people")
    watch = operator.get_by_role("region", name="hall")
    expect(watch).to_contain_text("stopped")
    send(operator, "Start hall")
    expect(watch).to_contain_text("starting: It waits for a worker that has this camera")
    send(operator, "Stop hall")
    expect(watch.get_by_role("button", name="Start hall")).to_be_visible()


def test_where_no_camera_is_watched_it_says_how(operator: Page, console: Server) -> None:
    console.reknown("collections", "create", "quiet")
    operator.goto("/console/cameras/quiet")
    expect(operator.get_by_text("No camera is watched for this collection")).to_be_visible()


def test_who_is_there_is_shown_as_a_candidate(inside: Page, furnished: Furnished) -> None:
    inside.goto(furnished.address("/cameras/{collection}"))
    watch = inside.get_by_role("region", name="hall")
    expect(watch).to_contain_text(PERSON)
    expect(watch).to_contain_text("similarity 99.9")
    expect(watch).to_contain_text(CAMERA)
