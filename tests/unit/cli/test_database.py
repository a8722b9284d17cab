"""Commands on a database of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from postgres_server import own_database
from reknown.biometrics.errors import AccessError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def url(postgres_url: str) -> str:
    return own_database(postgres_url)


def test_commands_work_on_it_and_the_folder_keeps_what_is_of_this_machine(
    run: Callable[..., Any], url: str, people: Path, tmp_path: Path
) -> None:
    assert run("enroll", people, "--database", url).status == 0
    found = run("identify", people / "Grace Hopper" / "1.jpg", "--json", "--database", url)
    assert "Grace Hopper" in found.out
    assert run("users", "list", "--json", "--database", url).status == 0
    key = run("keys", "create", "--json", "--database", url).lines[0]["access_key_id"]
    assert key in run("keys", "list", "--database", url).out
    assert run("collections", "list", "--json", "--database", url).lines[0]["faces"] == 2
    left = sorted(path.name for path in (tmp_path / "data").iterdir())
    assert left == ["ledger.checkpoints", "master.key"]


def test_its_backup_is_the_servers_own_affair(
    run: Callable[..., Any], postgres_url: str, tmp_path: Path
) -> None:
    url = own_database(postgres_url)
    with pytest.raises(InputError, match=r"pg_dump.*reknown migrate --to DIR"):
        run("backup", tmp_path / "backup.tar", "--database", url)


def test_the_doctor_looks_at_it(run: Callable[..., Any], url: str) -> None:
    lines = run("doctor", "--json", "--database", url).lines
    rows = {line["name"]: line for line in lines}
    assert rows["gallery"]["passed"]
    assert "PostgreSQL" in rows["gallery"]["detail"]
    assert "of the database's" in rows["clock"]["detail"]
    assert rows["watches"]["passed"]
    assert "write-ahead log" not in rows
    failed = run("doctor", "--json", "--database", "postgresql://127.0.0.1:1/faces")
    assert failed.status == 1
    rows = {line["name"]: line for line in failed.lines}
    assert "check that the server runs" in rows["gallery"]["detail"]


def test_names_are_completed_from_it(
    postgres_url: str, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from reknown.cli.completion import complete_collection

    url = own_database(postgres_url)
    run("collections", "create", "visitors", "--database", url)
    monkeypatch.setenv("REKNOWN_DATABASE", url)
    assert complete_collection("vis") == ["visitors"]


def test_another_machine_is_not_given_a_key_of_its_own(
    run: Callable[..., Any], postgres_url: str, tmp_path: Path
) -> None:
    url = own_database(postgres_url)
    run("keys", "create", "--database", url, "--data", tmp_path / "one")
    with pytest.raises(AccessError, match="all who use one database need the same key"):
        run("keys", "create", "--database", url, "--data", tmp_path / "two")


def test_a_folder_with_another_key_is_not_taken_for_that_of_a_new_database(
    run: Callable[..., Any], postgres_url: str, tmp_path: Path
) -> None:
    run("keys", "create", "--data", tmp_path / "old")
    new = own_database(postgres_url)
    with pytest.raises(AccessError, match="reknown migrate brings what is there"):
        run("keys", "create", "--database", new, "--data", tmp_path / "old")


def test_config_shows_no_password(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKNOWN_DATABASE", "postgresql://me:hush@db/faces")
    monkeypatch.setenv("REKNOWN_DATABASE_PASSWORD", "hush")
    for shown in (run("config", "show"), run("config", "show", "--json")):
        assert "hush" not in shown.out
        assert "postgresql://me:***@db/faces" in shown.out
