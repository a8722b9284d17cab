from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.access.vault import Vault
from reknown.biometrics.errors import AccessError, InputError, ObjectError
from reknown.configuration import Notices, Objects, Settings
from reknown.runtime.location import given_key
from reknown.runtime.stores import open_objects, open_senders

if TYPE_CHECKING:
    from pathlib import Path


def test_objects_come_from_the_folder_and_from_allowed_buckets_alone(tmp_path: Path) -> None:
    for bucket in ("media", "private"):
        (tmp_path / bucket).mkdir()
        (tmp_path / bucket / "key").write_bytes(bucket.encode())
    objects = open_objects(Objects(buckets=tmp_path, allow_bucket=("media",)))
    with objects.open("media", "key", None, 10) as file:
        assert file.read() == b"media"
    with pytest.raises(ObjectError):
        objects.open("private", "key", None, 10)


def test_without_a_place_there_are_no_objects() -> None:
    with pytest.raises(ObjectError):
        open_objects(Objects()).open("media", "key", None, 10)


def test_there_is_a_sender_for_each_channel_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    webhook = Notices(webhook="https://example.org/")
    assert open_senders(Notices()) == {}
    with pytest.raises(InputError, match="--webhook needs REKNOWN_WEBHOOK_SECRET"):
        open_senders(webhook)
    monkeypatch.setenv("REKNOWN_WEBHOOK_SECRET", "whsec_" + "A" * 32)
    assert list(open_senders(webhook)) == ["webhook"]


def test_a_master_key_is_given_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [Vault(bytes([number] * 32)).export() for number in range(2)]
    file = tmp_path / "key"
    file.write_text(keys[0])
    file.chmod(0o400)
    assert given_key(Settings()) is None
    assert given_key(Settings(master_key_file=file)) == keys[0]
    monkeypatch.setenv("REKNOWN_MASTER_KEY", keys[1])
    assert given_key(Settings()) == keys[1]
    with pytest.raises(AccessError, match="leave one of them out"):
        given_key(Settings(master_key_file=file))
