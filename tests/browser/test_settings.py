from __future__ import annotations

import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import FilePayload, Page, expect

from browsing import send
from furnished import context_of
from reknown.services.context import Actor, Context
from reknown.services.live.watches import start_watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers import Server

PASSWORD = "four small words here"


@pytest.fixture
def accepted(operator: Page) -> Page:
    """An operator who says yes to what a page asks."""
    operator.on("dialog", lambda dialog: dialog.accept())
    return operator


def test_searches_are_stopped_by_a_button_and_every_page_says_so(
    accepted: Page, console: Server, folder: Path
) -> None:
    picture = folder / "Grace Hopper" / "1.jpg"
    accepted.goto("/console/settings")
    accepted.get_by_label("Why").fill("the wrong pictures were enrolled")
    send(accepted, "Stop all searches of all collections")
    for path in ("/console", "/console/ledger", "/console/people/people"):
        accepted.goto(path)
        expect(accepted.get_by_text("Searches of all collections are stopped")).to_be_visible()
    with pytest.raises(subprocess.CalledProcessError):
        console.reknown("identify", picture)
    accepted.goto("/console/settings")
    accepted.get_by_role("button", name="Resume searches of all collections").click()
    expect(accepted.get_by_text("are stopped")).to_have_count(0)
    console.reknown("identify", picture)


def test_a_policy_is_set_or_says_what_is_wrong_beneath_it(
    accepted: Page, console: Server, folder: Path
) -> None:
    console.reknown("enroll", folder, "--collection", "ruled")
    accepted.goto("/console/policy/ruled")
    rules = accepted.get_by_label("The rules, in TOML")
    rules.fill('purposes = ["reunion"]\nreviewer = 2\n')
    accepted.get_by_role("button", name="Put the policy in force").click()
    expect(accepted.get_by_role("alert")).to_contain_text("line 2: reviewer is not a rule")
    expect(rules).to_have_value('purposes = ["reunion"]\nreviewer = 2\n')
    rules.fill('purposes = ["reunion"]\n')
    accepted.get_by_role("button", name="Put the policy in force").click()
    expect(accepted.get_by_text("The policy is in force")).to_be_visible()
    assert "reunion" in console.reknown("collections", "policy", "ruled")
    accepted.get_by_label("Why").fill("asked by the works council")
    accepted.get_by_role("button", name="Stop all searches of ruled").click()
    expect(accepted.get_by_text("asked by the works council")).to_be_visible()
    accepted.get_by_role("button", name="Resume searches of ruled").click()
    expect(accepted.get_by_text("are stopped")).to_have_count(0)


def test_a_consent_is_put_down_and_withdrawn_which_deletes_the_person(
    accepted: Page, console: Server, folder: Path
) -> None:
    console.reknown("enroll", folder, "--collection", "asked")
    accepted.goto("/console/people/asked")
    accepted.get_by_role("link", name="Consents").click()
    text = FilePayload(name="form.txt", mimeType="text/plain", buffer=b"I agree.")
    accepted.get_by_label("Who has agreed").fill("Grace Hopper")
    accepted.get_by_label("The text that was agreed to").set_input_files(text)
    accepted.get_by_label("How it was given").fill("signed")
    accepted.get_by_label("Until").fill("2001-12-31")
    accepted.get_by_role("button", name="Record the consent").click()
    expect(accepted.get_by_role("alert")).to_contain_text("ended at 2001-12-31")
    expect(accepted.get_by_label("Who has agreed")).to_have_value("Grace Hopper")
    accepted.get_by_label("The text that was agreed to").set_input_files(text)
    accepted.get_by_label("Until").fill("")
    accepted.get_by_role("button", name="Record the consent").click()
    digest = hashlib.sha256(b"I agree.").hexdigest()[:12]
    expect(accepted.get_by_role("cell", name=digest)).to_be_visible()
    accepted.get_by_role("button", name="Withdraw that of Grace Hopper").click()
    expect(accepted.get_by_text("Grace Hopper is deleted")).to_be_visible()
    expect(accepted.get_by_role("cell", name="deleted", exact=True)).to_be_visible()
    assert "Grace" not in console.reknown("users", "list", "--collection", "asked")


def test_packs_say_what_they_may_be_used_for(operator: Page) -> None:
    operator.goto("/console/settings/packs")
    name = operator.get_by_role("rowheader", name="opencv", exact=True)
    row = operator.get_by_role("row").filter(has=name)
    expect(row.get_by_role("cell", name="ready")).to_be_visible()
    expect(row.get_by_role("cell", name="any use")).to_be_visible()


def test_the_accuracy_is_that_of_the_pack_at_this_size(operator: Page) -> None:
    operator.goto("/console/people/people")
    operator.get_by_role("link", name="Accuracy").click()
    usual = operator.get_by_role("row").filter(
        has=operator.get_by_role("rowheader", name="80.0", exact=True)
    )
    expect(usual.get_by_role("cell", name="1 in 10,000")).to_be_visible()
    expect(usual.get_by_role("cell", name="0.0002", exact=True)).to_be_visible()
    expect(operator.get_by_role("cell", name="0.000002", exact=True)).to_be_visible()
    expect(operator.get_by_text("not enough searches yet")).to_be_visible()


def test_it_is_said_how_long_what_is_kept(operator: Page, console: Server, folder: Path) -> None:
    console.reknown("enroll", folder, "--collection", "lent")
    operator.goto("/console/policy/lent")
    operator.get_by_label("The rules, in TOML").fill("keep_faces = 1\nkeep_records = 400\n")
    send(operator, "Put the policy in force")
    operator.goto("/console/settings")
    operator.get_by_role("link", name="Retention").click()
    kept = operator.get_by_role("region", name="What lent keeps")
    faces = kept.get_by_role("row", name="faces")
    expect(faces.get_by_role("cell", name="1 day", exact=True)).to_be_visible()
    expect(faces.get_by_role("cell", name="some expire within a day")).to_be_visible()
    records = kept.get_by_role("row", name="records of the ledger")
    expect(records.get_by_role("cell", name="400 days")).to_be_visible()
    expect(records.get_by_role("cell", name="nothing expires within a day")).to_be_visible()


def test_the_main_figures_are_a_page(operator: Page, console: Server) -> None:
    console.client().list_collections()
    with pytest.raises(ClientError):
        console.client().describe_collection(CollectionId="nowhere")
    operator.goto("/console/settings")
    operator.get_by_role("link", name="Metrics").click()
    asked = operator.get_by_role("row", name="DescribeCollection")
    expect(asked.get_by_role("cell").nth(1)).not_to_have_text("0")
    expect(operator.get_by_role("rowheader", name="ListCollections")).to_be_visible()
    expect(operator.get_by_role("rowheader", name="recognition")).to_be_visible()


def test_a_page_that_showed_a_secret_makes_no_second_key_when_it_is_loaded_again(
    accepted: Page, console: Server
) -> None:
    def made(name: str) -> int:
        return console.reknown("keys", "list", "--json").count(f'"{name}"')

    accepted.goto("/console/settings/keys")
    accepted.get_by_label("Who or what uses it").fill("once-only")
    send(accepted, "Make the key")
    key_id, _ = key_of(accepted)
    accepted.reload()
    expect(accepted.get_by_role("alert")).to_contain_text("this form was sent before")
    accepted.go_back()
    assert made("once-only") == 1
    accepted.goto(f"/console/settings/keys/{key_id}")
    send(accepted, "Make a new key in its place")
    key_of(accepted)
    accepted.reload()
    expect(accepted.get_by_role("alert")).to_contain_text("this form was sent before")
    assert made("once-only") == 2  # the former one works for a while
    # the form after it is a new one
    accepted.goto("/console/settings/keys")
    accepted.get_by_label("Who or what uses it").fill("once-only")
    send(accepted, "Make the key")
    assert key_of(accepted)[0] != key_id
    assert made("once-only") == 3


def test_the_page_of_a_key_says_what_ends_with_it(accepted: Page, console: Server) -> None:
    made = json.loads(console.reknown("keys", "create", "--name", "gate", "--json"))
    page = f"/console/settings/keys/{made['access_key_id']}"
    accepted.goto(page)
    expect(accepted.get_by_text("These watches end")).to_have_count(0)
    console.reknown("watches", "create", "gate", "--camera", "gate", "--collection", "people")
    with context_of(console) as context:
        its = Actor(f"key:{made['access_key_id']}", "1")
        start_watch(Context(context.platform, its), "gate")
    accepted.goto(page)
    expect(accepted.get_by_text("These watches end with this key")).to_contain_text("gate. Stop")
    console.reknown("watches", "stop", "gate")
    console.reknown("watches", "delete", "gate")


def test_somebody_gets_an_account_and_loses_it(accepted: Page, visit: Callable[[], Page]) -> None:
    accepted.goto("/console/settings")
    accepted.get_by_role("link", name="Accounts").click()
    accepted.get_by_label("Name to sign in with").fill("Ada")
    accepted.get_by_label("Role").select_option("auditor")
    accepted.get_by_label("Password").fill(PASSWORD)
    accepted.get_by_role("button", name="Add the account").click()
    expect(accepted.get_by_role("alert")).to_contain_text("lower-case letters")
    accepted.get_by_label("Name to sign in with").fill("ada")
    accepted.get_by_label("Password").fill(PASSWORD)
    accepted.get_by_role("button", name="Add the account").click()
    expect(accepted.get_by_role("row", name="ada auditor")).to_be_visible()
    ada = visit()
    sign_in(ada, "ada", PASSWORD)
    expect(ada.get_by_role("link", name="Ledger")).to_be_visible()
    accepted.get_by_role("link", name="ada").click()
    accepted.get_by_label("Role").select_option("keeper")
    accepted.get_by_role("button", name="Set the role").click()
    expect(accepted.get_by_text("ada has this role now: keeper of *")).to_be_visible()
    ada.reload()
    expect(ada.get_by_role("link", name="Ledger")).to_have_count(0)
    accepted.get_by_role("link", name="ada").click()
    accepted.get_by_label("Another password").fill("ada")
    accepted.locator("form").evaluate_all("all => all.forEach(form => form.noValidate = true)")
    send(accepted, "Set the password")
    expect(accepted.get_by_role("alert")).to_contain_text("password")
    accepted.get_by_label("Another password").fill(PASSWORD + " more")
    send(accepted, "Set the password")
    ada.goto("/console")
    expect(ada.get_by_role("heading", level=1)).to_have_text("Sign in")
    sign_in(ada, "ada", PASSWORD + " more")
    expect(ada.get_by_role("link", name="Compare")).to_be_visible()
    accepted.get_by_role("link", name="ada").click()
    accepted.get_by_role("button", name="Delete ada").click()
    expect(accepted.get_by_text("ada is deleted")).to_be_visible()
    ada.goto("/console")
    expect(ada.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_program_gets_a_key_which_works_until_it_is_revoked(
    accepted: Page, console: Server
) -> None:
    accepted.goto("/console/settings/keys")
    accepted.get_by_label("Who or what uses it").fill("the gate")
    accepted.get_by_label("Operations").fill("ListFace")
    send(accepted, "Make the key")
    expect(accepted.get_by_role("alert")).to_contain_text("did you mean ListFaces?")
    accepted.get_by_label("Operations").fill("ListFaces, ListCollections")
    accepted.get_by_label("What its searches are for").fill("reunion")
    send(accepted, "Make the key")
    first = key_of(accepted)
    assert console.client(first).list_collections()["CollectionIds"]
    accepted.get_by_role("link", name="To all access keys").click()
    accepted.get_by_role("link", name=first[0]).click()
    accepted.get_by_label("All quotas").fill("operations=5/day")
    accepted.get_by_role("button", name="Set the quotas").click()
    expect(accepted.get_by_text("1 used of operations=5/day")).to_be_visible()
    accepted.goto("/console")
    expect(accepted.get_by_text("1 used of operations=5/day")).to_be_visible()
    accepted.get_by_role("link", name=first[0]).click()
    accepted.get_by_label("How long this key still works").fill("0")
    send(accepted, "Make a new key in its place")
    second = key_of(accepted)
    with pytest.raises(ClientError):
        console.client(first).list_collections()
    assert console.client(second).list_collections()["CollectionIds"]
    accepted.goto(f"/console/settings/keys/{second[0]}")
    expect(accepted.get_by_text("2 used of operations=5/day")).to_be_visible()
    accepted.get_by_role("button", name=f"Revoke {second[0]}").click()
    expect(accepted.get_by_text("is revoked")).to_be_visible()
    with pytest.raises(ClientError):
        console.client(second).list_collections()


def key_of(page: Page) -> tuple[str, str]:
    """The key that was just made, and its secret."""
    lines = page.get_by_label("The key and its secret").inner_text().splitlines()
    key_id, secret = (line.partition("=")[2] for line in lines)
    return key_id, secret


def sign_in(page: Page, name: str, secret: str) -> None:
    page.goto("/console")
    page.get_by_label("Account, or id").fill(name)
    page.get_by_label("Password, or").fill(secret)
    send(page, "Sign in")
