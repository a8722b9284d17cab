from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from servers import REKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers import Server

PASSWORD = "four small words here"
POLICY = "review_from = 80.0\nreviewers = 2\nreview_seeds = 0.0\n"


@pytest.fixture
def case(console: Server, folder: Path, tmp_path: Path) -> str:
    """The address of the cases of a collection that wants two reviewers; one is open."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    console.reknown("enroll", folder, "--collection", "reviewed")
    console.reknown("collections", "policy", "reviewed", "--set", policy)
    console.reknown("identify", folder / "Grace Hopper" / "1.jpg", "--collection", "reviewed")
    for name in ("ann", "ben"):
        command = [str(REKNOWN), "accounts", "add", name, "--role", "reviewer"]
        command += ["--data", str(console.data)]
        subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)
        console.reknown("reviewers", "add", f"account:{name}", "--trained-until", "2099-01-01")
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
    overview.reload()
    expect(overview.get_by_text("To be judged")).to_have_count(0)


def sign_in(page: Page, name: str, secret: str, path: str) -> None:
    page.goto(path)
    page.get_by_label("Account, or id").fill(name)
    page.get_by_label("Password, or").fill(secret)
    page.get_by_role("button", name="Sign in").click()
