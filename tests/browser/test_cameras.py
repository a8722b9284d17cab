from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from browsing import send
from furnished import CAMERA, HOURS, LIST, PERSON

if TYPE_CHECKING:
    from furnished import Furnished
    from servers import Server

ZONE = "0.0,0.0 0.5,0.0 0.5,1.0 0.0,1.0 "


def test_a_watch_is_started_and_stopped(operator: Page, console: Server) -> None:
    console.reknown("watches", "create", "hall", "--camera", "door", "--collection", "people")
    operator.goto("/console/cameras/people")
    watch = operator.get_by_role("region", name="hall")
    expect(watch).to_contain_text("stopped")
    send(operator, "Start hall")
    expect(operator.get_by_role("status").first).to_contain_text(
        "hall will be watched as soon as a worker has room."
    )
    expect(watch).to_contain_text("starting: It waits for a worker that has the camera")
    # nobody is offered what cannot work
    expect(watch.get_by_role("link")).to_have_count(0)
    operator.goto("/console/cameras/people/hall")
    expect(operator.get_by_text("There is no picture yet.")).to_be_visible()
    operator.go_back()
    send(operator, "Stop hall")
    expect(operator.get_by_text("hall is being stopped.")).to_be_visible()
    expect(watch.get_by_role("button", name="Start hall")).to_be_visible()


def test_the_page_follows_and_leaves_a_form_alone(operator: Page, console: Server) -> None:
    console.reknown("watches", "create", "yard", "--camera", "door", "--collection", "people")
    place = ("--collection", "people", "--output", "s3://seen/cameras")
    console.reknown("watches", "create", "lane", "--camera", "door", *place)
    operator.goto("/console/cameras/people")
    yard, lane = (operator.get_by_role("region", name=name) for name in ("yard", "lane"))
    expect(lane.get_by_role("link")).to_have_count(0)
    form = yard.locator("form")
    form.evaluate("it => it.append(document.createElement('input'))")
    form.locator("input").last.fill("half of a wor")
    expect(lane).to_contain_text("s3://seen/cameras")
    console.reknown("watches", "start", "lane", "--purpose", "access-control")
    expect(lane).to_contain_text("starting: It waits for a worker")
    expect(lane).to_contain_text("access-control")
    expect(lane.get_by_role("button", name="Stop lane")).to_be_visible()
    expect(form.locator("input").last).to_have_value("half of a wor")
    console.reknown("watches", "stop", "lane")
    expect(lane).to_contain_text("Last started by")
    expect(lane.get_by_role("link")).to_have_count(0)
    operator.goto("/console/cameras/people?since=1")
    expect(operator.get_by_text("has stopped")).to_be_visible()
    assert operator.locator("#watches[hx-get]").count() == 0


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
    expect(watch).to_contain_text(f"{HOURS}, by the clock of its worker")
    expect(watch).to_contain_text(f"{LIST}: {PERSON}")
    expect(watch.locator("svg.zones polygon")).to_have_attribute("points", ZONE)
