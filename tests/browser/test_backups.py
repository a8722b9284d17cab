from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browsing import send
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSPHRASE = "four small words here"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backups")


@pytest.fixture(scope="module")
def passphrase(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("passphrase") / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    return file


@pytest.fixture(scope="module")
def console(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, shelf: Path, passphrase: Path
) -> Iterator[Server]:
    options = ("--backup-folder", shelf, "--backup-passphrase-file", passphrase)
    data = tmp_path_factory.mktemp("console")
    with serving(data, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        server.reknown("collections", "create", "people")
        yield server


def test_a_backup_is_made_by_a_button_and_found_sound_by_command(
    operator: Page, console: Server, shelf: Path, passphrase: Path
) -> None:
    operator.goto("/console/settings")
    operator.get_by_role("link", name="Backups", exact=True).click()
    expect(operator.get_by_text("The ledger knows of none.")).to_be_visible()
    send(operator, "Make a backup")
    expect(operator.get_by_role("status")).to_contain_text("The backup has begun.")
    operator.reload()  # it goes on, whoever looks
    row = operator.get_by_role("region", name="Backups that were made").locator("tbody tr")
    expect(row).to_have_count(1, timeout=30_000)
    (file,) = shelf.glob("*.tar")
    expect(row).to_contain_text(file.name)
    expect(row).to_contain_text("sealed in it")
    expect(operator.get_by_role("button", name="Make a backup")).to_be_visible()
    assert str(shelf) not in operator.content()
    assert Axe().run(operator).response["violations"] == []
    check = ("restore", file, "--check", "--passphrase-file", passphrase)
    assert "this backup is sound" in console.reknown(*check)
    operator.goto("/console/ledger?operation=back+up")
    expect(operator.locator("tbody tr")).to_have_count(1)
    expect(operator.locator("tbody tr")).to_contain_text(file.name)


def test_why_none_is_made_is_said(operator: Page, shelf: Path, passphrase: Path) -> None:
    passphrase.write_text("short\n")
    operator.goto("/console/settings/backups")
    send(operator, "Make a backup")
    said = operator.get_by_text("The last backup was not made: a passphrase takes 12")
    expect(said).to_be_visible(timeout=30_000)
    assert not [*shelf.glob(".*")]
    passphrase.unlink()
    operator.get_by_role("button", name="Make a backup").click()
    expect(operator.get_by_role("alert")).to_contain_text("cannot read")
