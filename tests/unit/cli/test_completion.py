from __future__ import annotations

from typing import TYPE_CHECKING

from typer import Context
from typer.main import get_command

from reknown.cli.completion import (
    complete_alert,
    complete_collection,
    complete_pack,
    complete_user,
)
from reknown.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def test_packs_are_offered() -> None:
    assert complete_pack("public") == ["public-domain", "public-domain-accurate"]
    assert complete_pack("nothing") == []


def test_collections_are_offered(run: Callable[..., object]) -> None:
    for name in ("staff", "students", "guests"):
        run("collections", "create", name)
    assert complete_collection("st") == ["staff", "students"]
    assert complete_collection("") == ["staff", "students", "guests"]


def test_people_of_the_collection_are_offered(
    run: Callable[..., object], tmp_path: Path, eileen: bytes
) -> None:
    for name in ("Ada", "Adele", "Bob"):
        (tmp_path / "people" / name).mkdir(parents=True)
        (tmp_path / "people" / name / f"{name}.jpg").write_bytes(eileen + name.encode())
    run("enroll", tmp_path / "people", "-c", "staff")
    context = Context(get_command(cli), info_name="reknown")
    context.params["collection"] = "staff"
    assert complete_user(context, "Ad") == ["Ada", "Adele"]
    assert complete_alert(context, "crew=Ad") == ["crew=Ada", "crew=Adele"]
    assert complete_alert(context, "Bo") == ["Bob"]
    context.params["collection"] = "nobody"
    assert complete_user(context, "Ad") == []


def test_nothing_is_offered_where_there_is_nothing() -> None:
    assert complete_collection("") == []


def test_what_is_broken_offers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reknown.db").write_bytes(b"no database" * 100)
    for data in (tmp_path, tmp_path / "reknown.db", "a\0b", "/proc/nowhere"):
        monkeypatch.setattr(
            "reknown.cli.session.read_settings",
            lambda _=None, data=data: type("S", (), {"data": data, "cache": data, "packs": data}),
        )
        assert complete_collection("") == []
        assert isinstance(complete_pack("x"), list)


def test_pressing_tab_begins_nothing_where_a_database_was_lost(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "master.key").touch()
    assert complete_collection("") == []
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["master.key"]
