from __future__ import annotations

import subprocess
from datetime import date
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from browsing import send
from furnished import PASSWORD, context_of
from reknown import Reknown
from reknown.access.accounts import Role
from reknown.cli.demo_images import GRACE, jpeg
from reknown.review.reviewers import Reviewer
from reknown.services.accounts import create_account
from reknown.services.reviews.reviewers import add_reviewer
from servers import REKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers import Server

DATA = """fetch(document.querySelector('main footer a').href).then((answer) => answer.json())"""
POLICY = "review_from = 80.0\nreviewers = 2\nreview_seeds = 0.0\n"


@pytest.fixture
def case(console: Server, folder: Path, tmp_path: Path) -> str:
    """The address of the cases of a collection that wants two reviewers; one is open."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    with Reknown(console.data) as client:
        client.enroll(folder, "reviewed")
        client.policies.set(policy, "reviewed")
        client.identify(folder / "Grace Hopper" / "1.jpg", "reviewed")
    with context_of(console) as context:
        for name in ("ann", "ben"):
            create_account(context, name, Role.REVIEWER, ("*",), PASSWORD)
            add_reviewer(context, Reviewer(f"account:{name}", date(2099, 1, 1)))
    return "/console/reviews/reviewed"


def test_two_people_review_at_once_and_blind(
    visit: Callable[[], Page], console: Server, case: str, folder: Path
) -> None:
    overview = visit()
    sign_in(overview, console.key_id, console.secret, "/console")
    expect(overview.get_by_role("link", name="1 case", exact=True)).to_be_visible()
    pages = {}
    for name in ("ann", "ben"):
        page = pages[name] = visit()
        sign_in(page, name, PASSWORD, case)
        page.locator("tbody a").first.click()
        expect(page.get_by_role("heading", name="Candidate 1")).to_be_visible()
        assert "imilarity" not in page.content()
        assert "Grace" not in page.content()
        told = page.evaluate(DATA)
        assert told["shown"]["candidates"][0]["similarity"] is None
        assert "Grace" not in str(told)
    probe = pages["ann"].get_by_label("Your copy of the probe")
    probe.set_input_files(str(folder / "Eileen <b>Collins" / "1.jpg"))
    expect(pages["ann"].get_by_text("another file than the probe")).to_be_visible()
    probe.set_input_files(str(folder / "Grace Hopper" / "1.jpg"))
    expect(pages["ann"].get_by_alt_text("The probe")).to_be_visible()
    for name, opinion in (("ann", "same"), ("ben", "same")):
        pages[name].get_by_label(opinion, exact=True).check()
        pages[name].get_by_label("ears").check()
        pages[name].get_by_role("button", name="Judge candidate 1").click()
        expect(pages[name].get_by_text(f"Your opinion: {opinion}")).to_be_visible()
    pages["ann"].reload()
    expect(pages["ann"].get_by_text("Rank 1, similarity")).to_be_visible()
    expect(pages["ben"].get_by_text("decided: same")).to_be_visible()
    (decided,) = pages["ben"].evaluate(DATA)["shown"]["candidates"]
    assert (decided["rank"], decided["opinion"]) == (1, "same")
    overview.reload()
    expect(overview.get_by_text("To be judged")).to_have_count(0)


def test_what_was_seen_is_judged_beside_the_person_searched_with(
    visit: Callable[[], Page], console: Server, folder: Path, tmp_path: Path
) -> None:
    album, policy = tmp_path / "album", tmp_path / "policy.toml"
    album.mkdir()
    (album / "party.jpg").write_bytes(jpeg(GRACE.crop()))
    policy.write_text(POLICY.replace("reviewers = 2", "reviewers = 1"))
    console.reknown("enroll", folder, "--collection", "glimpsed")
    console.reknown("scan", album, "--collection", "glimpsed")
    console.reknown("collections", "policy", "glimpsed", "--set", policy)
    searcher, reviewer = visit(), visit()
    sign_in(searcher, console.key_id, console.secret, "/console/archive/glimpsed")
    searcher.get_by_label("A person's name").fill("Grace Hopper")
    searcher.get_by_role("button", name="Search the archive").click()
    expect(searcher.get_by_text("Reviewers have to judge case")).to_be_visible()
    command = [str(REKNOWN), "accounts", "add", "cleo", "--role", "reviewer"]
    command += ["--data", str(console.data)]
    subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)
    console.reknown("reviewers", "add", "account:cleo", "--trained-until", "2099-01-01")
    sign_in(reviewer, "cleo", PASSWORD, "/console/reviews/glimpsed")
    reviewer.locator("tbody a").first.click()
    for name in ("The probe", "Candidate 1"):
        picture = reviewer.get_by_alt_text(name)
        expect(picture).to_be_visible()
        assert picture.evaluate("it => it.decode().then(() => it.naturalWidth)") > 64
    assert "imilarity" not in reviewer.content()
    assert "Grace" not in reviewer.content()
    reviewer.get_by_label("same", exact=True).check()
    reviewer.get_by_label("ears").check()
    reviewer.get_by_role("button", name="Judge candidate 1").click()
    expect(reviewer.get_by_text("Rank 1, similarity")).to_be_visible()
    console.reknown("sightings", "delete", "--collection", "glimpsed", "--all", "--yes")
    reviewer.reload()
    expect(reviewer.get_by_text("This candidate was deleted.")).to_be_visible()
    assert reviewer.get_by_alt_text("Candidate 1").count() == 0


def sign_in(page: Page, name: str, secret: str, path: str) -> None:
    page.goto(path)
    page.get_by_label("Account, or id").fill(name)
    page.get_by_label("Password, or").fill(secret)
    send(page, "Sign in")
