"""A policy that somebody edited in the database, beside others that are as they were set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from reknown.gallery.schema import policies
from reknown.settings import read_settings
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]


def test_a_list_shows_the_others_and_says_what_is_wrong(run: RunCommand, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("keep_faces = 9\n")
    run("collections", "create", "ruled", "--policy", rules)
    database = open_database(read_settings(None).data)
    with database.begin() as connection:
        connection.execute(update(policies).values(document='{"keep_faces": "a year"}'))
    database.dispose()
    run("collections", "create", "other", "--policy", rules)
    listed = run("collections", "list")
    assert listed.status == 0
    assert "unreadable" in listed.out
    assert "set" in listed.out
    assert "the policy of collection 'ruled' cannot be read: " in listed.err
    spoilt, good = run("collections", "list", "--json").lines
    assert "'ruled' cannot be read" in spoilt["policy"]["reason"]
    assert good["policy"]["keep_faces"] == 9
    assert run("collections", "show", "ruled").status == 0
    run("collections", "policy", "ruled", "--set", rules)
    assert run("collections", "list").err == ""
