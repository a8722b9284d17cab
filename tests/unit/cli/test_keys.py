from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reknown.access.rights import BY_NAME
from reknown.api.catalogue import OPERATIONS
from reknown.api.registry import HANDLERS
from reknown.biometrics.errors import AccessError, InputError, NotFoundError
from reknown.cli.session import open_context
from reknown.services.access import actor_of
from reknown.services.context import Actor
from reknown.services.live.watches import start_watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]
    Create = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _no_master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REKNOWN_MASTER_KEY", raising=False)


@pytest.fixture
def create(run: RunCommand) -> Callable[..., dict[str, Any]]:
    def create_one(*options: str) -> dict[str, Any]:
        (line,) = run("keys", "create", *options, "--json").lines
        return line

    return create_one


def test_a_key_is_made_and_listed_without_its_secret(run: RunCommand, create: Create) -> None:
    assert "keys create" in run("keys", "list").out
    made = create("--name", "gate", "--operation", "Search*", "--collection", "staff-*")
    assert list(made) == [
        "access_key_id",
        "secret_access_key",
        "name",
        "operations",
        "collections",
        "purpose",
        "quotas",
    ]
    assert (made["name"], made["operations"], made["collections"]) == (
        "gate",
        ["Search*"],
        ["staff-*"],
    )
    listed = run("keys", "list", "--json")
    (line,) = listed.lines
    assert set(line) == (set(made) - {"secret_access_key"}) | {"created_at", "expires_at"}
    assert line["expires_at"] is None
    shown = run("keys", "list").out
    assert made["access_key_id"] in shown.replace("\n", "")
    assert "never" in shown
    ledger = run("ledger", "--json").out
    assert made["access_key_id"] in ledger
    for text in (listed.out, shown, ledger):
        assert made["secret_access_key"] not in text


def test_a_key_may_do_everything_unless_told(create: Create) -> None:
    made = create()
    assert (made["operations"], made["collections"]) == (["*"], ["*"])


def test_people_are_told_how_to_use_it_and_that_the_secret_is_shown_once(run: RunCommand) -> None:
    out = run("keys", "create", "--name", "gate").out
    assert "export AWS_ACCESS_KEY_ID=RK" in out
    assert "export AWS_SECRET_ACCESS_KEY=" in out
    assert "not shown again" in out
    assert "serve --print-env" in " ".join(out.split())


def test_the_master_key_is_for_its_owner_alone(create: Create, tmp_path: Path) -> None:
    create()
    path = tmp_path / "data" / "master.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(AccessError, match="chmod 600"):
        create()


def test_the_master_key_may_come_from_the_environment(
    create: Create, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REKNOWN_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    create()
    assert not (tmp_path / "data" / "master.key").exists()
    monkeypatch.setenv("REKNOWN_MASTER_KEY", "nonsense")
    with pytest.raises(AccessError, match="REKNOWN_MASTER_KEY"):
        create()


def test_a_key_is_revoked(run: RunCommand, create: Create) -> None:
    key_id = create("--name", "gate")["access_key_id"]
    assert run("keys", "revoke", key_id, answer="n\n").status == 1
    assert len(run("keys", "list", "--json").lines) == 1
    assert f"revoked {key_id} (gate)" in run("keys", "revoke", key_id, answer="y\n").out
    assert run("keys", "list", "--json").lines == []
    with pytest.raises(NotFoundError, match="keys list"):
        run("keys", "revoke", key_id, "--yes")
    assert run("keys", "revoke", create()["access_key_id"], "-y").status == 0


def test_a_key_is_rotated(run: RunCommand, create: Create) -> None:
    old = create("--name", "gate", "--operation", "DetectFaces")
    (new,) = run("keys", "rotate", old["access_key_id"], "--overlap", "7d", "--json").lines
    assert set(new) == set(old)
    assert (new["name"], new["operations"]) == ("gate", ["DetectFaces"])
    assert new["secret_access_key"] != old["secret_access_key"]
    listed = {line["access_key_id"]: line for line in run("keys", "list", "--json").lines}
    assert listed[new["access_key_id"]]["expires_at"] is None
    end = datetime.fromisoformat(listed[old["access_key_id"]]["expires_at"])
    assert timedelta(days=6) < end - datetime.now(UTC) <= timedelta(days=7)
    done = run("keys", "rotate", new["access_key_id"], "--overlap", "0")
    assert f"{new['access_key_id']} expires at 2" in done.out
    assert "not shown again" in done.out
    assert "expired" in run("keys", "list").out


@pytest.mark.parametrize("text", ["", "1", "00", "h", "24 h", "-1h", "1w", "1.5h", "1h\n", "٣h"])
def test_odd_times_are_refused(run: RunCommand, create: Create, text: str) -> None:
    key_id = create()["access_key_id"]
    with pytest.raises(InputError, match="24h or 7d"):
        run("keys", "rotate", key_id, f"--overlap={text}")
    with pytest.raises(InputError, match="365 days"):
        run("keys", "rotate", key_id, "--overlap", "999999d")


@pytest.mark.parametrize(
    ("pattern", "advice"),
    [
        ("DetectFace", "did you mean DetectFaces"),
        ("zzz*", r"operations\.md"),
        ("ReknownExport*", "name ReknownExportTemplates in full"),
        ("Reknown*Templates", "ReknownExportTemplates and ReknownImportTemplates"),
        ("[DS]*", "invalid operation pattern"),
    ],
)
def test_a_pattern_that_allows_nothing_is_a_mistake(
    run: RunCommand, pattern: str, advice: str
) -> None:
    with pytest.raises(InputError, match=advice):
        run("keys", "create", "--operation", pattern)


def test_what_shows_people_or_moves_templates_is_named_in_full(
    run: RunCommand, create: Create
) -> None:
    made = create("--operation", "*", "--operation", BY_NAME[0], "--operation", "Reknown*")
    assert made["operations"] == ["*", BY_NAME[0], "Reknown*"]
    text = " ".join(run("keys", "create", "--help").out.split())
    assert all(name in text for name in BY_NAME)
    assert set(BY_NAME) == {name for name, handler in HANDLERS.items() if handler.by_name}
    assert set(BY_NAME) < set(OPERATIONS)


def test_odd_collections_are_refused(run: RunCommand) -> None:
    with pytest.raises(InputError, match="invalid collection pattern"):
        run("keys", "create", "--collection", "staff/*")


def test_a_rotation_says_which_watches_end_with_the_former_key(
    run: RunCommand, create: Create
) -> None:
    key_id = create()["access_key_id"]
    assert run("collections", "create", "people").status == 0
    for name in ("yard", "hall", "attic"):
        assert run("watches", "create", name, "--camera", "door").status == 0
    with open_context(None) as context:
        for name in ("yard", "hall"):
            start_watch(context.by(Actor(actor_of(key_id))), name)
    said = run("keys", "rotate", key_id).out
    assert "These watches end then: hall, yard. Stop them first" in said
    assert "hall" not in run("keys", "rotate", create()["access_key_id"]).out
