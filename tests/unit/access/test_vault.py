from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.access.vault import (
    Vault,
    prepare_key,
    publish_key,
    read_mounted_key,
    read_vault,
    write_key,
)
from reknown.biometrics.errors import AccessError

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))


@given(plain=st.binary(max_size=200), context=st.text(st.characters(codec="utf-8"), max_size=50))
def test_what_is_sealed_is_opened(plain: bytes, context: str) -> None:
    vault = Vault(KEY)
    sealed = vault.seal(plain, context)
    assert vault.open(sealed, context) == plain
    assert Vault(KEY).open(sealed, context) == plain
    assert vault.seal(plain, context) != sealed


@given(data=st.data())
def test_a_changed_byte_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(Vault(KEY).seal(b"secret", "context"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(AccessError):
        Vault(KEY).open(bytes(sealed), "context")


@given(junk=st.binary(max_size=60))
def test_junk_is_not_opened(junk: bytes) -> None:
    with pytest.raises(AccessError):
        Vault(KEY).open(junk, "context")


def test_another_context_or_master_key_opens_nothing() -> None:
    sealed = Vault(KEY).seal(b"secret", "RKA")
    with pytest.raises(AccessError, match="master key is not the one that sealed it"):
        Vault(bytes(32)).open(sealed, "RKA")
    with pytest.raises(AccessError):
        Vault(KEY).open(sealed, "RKB")


def test_derived_keys_differ_by_purpose_and_master_key() -> None:
    derived = {
        Vault(KEY).derive("page tokens"),
        Vault(KEY).derive("other"),
        Vault(KEY).derive(""),
        Vault(bytes(32)).derive("page tokens"),
        KEY,
    }
    assert len(derived) == 5
    assert {len(key) for key in derived} == {32}
    # What was derived once has to stay: tokens in the hands of clients depend on it.
    assert Vault(KEY).derive("page tokens") == Vault(KEY).derive("page tokens")


def test_a_vault_shows_nothing() -> None:
    shown = f"{Vault(KEY)!r} {Vault(KEY)}"
    assert shown == "Vault(...) Vault(...)"
    assert not hasattr(Vault(KEY), "__dict__")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_master_key_has_its_length(length: int, tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="32 bytes"):
        Vault(bytes(length))
    with pytest.raises(AccessError, match=r"REKNOWN_MASTER_KEY .*openssl rand"):
        read_vault(tmp_path, base64.b64encode(bytes(length)).decode())


def _make(folder: Path) -> Vault:
    made = prepare_key(folder, None)
    assert made is not None
    publish_key(folder)
    return made


def test_a_fingerprint_knows_a_key_again_and_an_export_makes_it_anew() -> None:
    vault = Vault(KEY)
    assert vault.fingerprint == Vault.of(vault.export(), "here").fingerprint
    assert vault.fingerprint != Vault(bytes(32)).fingerprint
    assert len(bytes.fromhex(vault.fingerprint)) == 32
    assert KEY.hex() not in vault.fingerprint


def test_a_key_is_in_force_once_it_is_published_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    before = os.umask(0)
    try:
        made = prepare_key(folder, None)
        assert made is not None
        assert read_vault(folder, None) is None
        publish_key(folder)
    finally:
        os.umask(before)
    path = folder / "master.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in folder.iterdir()] == ["master.key"]
    again, given = read_vault(folder, None), read_vault(folder, path.read_text())
    assert again is not None
    assert given is not None
    assert again.fingerprint == given.fingerprint == made.fingerprint
    assert _make(tmp_path / "other").fingerprint != made.fingerprint


def test_a_prepared_key_that_is_known_stays_and_another_does_not(tmp_path: Path) -> None:
    first = prepare_key(tmp_path, None)
    assert first is not None
    again = prepare_key(tmp_path, first.fingerprint)
    assert again is not None
    assert again.fingerprint == first.fingerprint
    other = prepare_key(tmp_path, "somebody else's")
    assert other is not None
    assert other.fingerprint != first.fingerprint
    publish_key(tmp_path)
    publish_key(tmp_path)
    assert prepare_key(tmp_path, None) is None


def test_a_key_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    made = _make(tmp_path)
    with pytest.raises(FileExistsError):
        write_key(tmp_path / "master.key", Vault(KEY))
    kept = read_vault(tmp_path, None)
    assert kept is not None
    assert kept.fingerprint == made.fingerprint
    assert [entry.name for entry in tmp_path.iterdir()] == ["master.key"]


def test_a_given_key_needs_no_folder(tmp_path: Path) -> None:
    vault = read_vault(tmp_path / "absent", f" {base64.b64encode(KEY).decode()}\n")
    assert vault is not None
    assert vault.derive("x") == Vault(KEY).derive("x")
    assert list(tmp_path.iterdir()) == []
    assert read_vault(tmp_path / "absent", None) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_for_others_is_refused(tmp_path: Path, mode: int) -> None:
    _make(tmp_path)
    (tmp_path / "master.key").chmod(mode)
    with pytest.raises(AccessError, match="chmod 600"):
        read_vault(tmp_path, None)


def test_links_pipes_and_folders_are_refused(tmp_path: Path) -> None:
    _make(tmp_path / "real")
    for number, target in enumerate([tmp_path / "real" / "master.key", tmp_path / "nowhere"]):
        folder = tmp_path / f"link {number}"
        folder.mkdir()
        (folder / "master.key").symlink_to(target)
        with pytest.raises(AccessError, match="is a link"):
            read_vault(folder, None)
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "master.key", 0o600)
    (tmp_path / "folder" / "master.key").mkdir(parents=True, mode=0o700)
    for name in ("pipe", "folder"):
        with pytest.raises(AccessError, match="is not a file"):
            read_vault(tmp_path / name, None)


@pytest.mark.parametrize("content", [b"", b"AAAA", b"\xff" * 44, b"A" * 5000, KEY])
def test_a_malformed_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(AccessError, match=r"master\.key is not a master key"):
        read_vault(tmp_path, None)
    assert path.read_bytes() == content


def test_a_folder_that_is_none_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AccessError, match="or set REKNOWN_MASTER_KEY"):
        read_vault(tmp_path / "file", None)


def test_a_mounted_secret_may_be_a_link_that_a_group_reads(tmp_path: Path) -> None:
    """As Kubernetes mounts one with defaultMode 0440 and fsGroup."""
    text = Vault(KEY).export()
    (tmp_path / "..data").mkdir()
    file = tmp_path / "..data" / "key"
    file.write_text(f"{text}\n")
    link = tmp_path / "key"
    link.symlink_to("..data/key")
    for mode in (0o440, 0o400, 0o600):
        file.chmod(mode)
        assert read_mounted_key(link) == text
    for mode in (0o444, 0o460, 0o644):
        file.chmod(mode)
        with pytest.raises(AccessError, match=f"run: chmod o=,g-w {link} .*defaultMode 0440"):
            read_mounted_key(link)


def test_a_mounted_secret_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="No such file"):
        read_mounted_key(tmp_path / "key")
    with pytest.raises(AccessError, match="is not a file"):
        read_mounted_key(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(AccessError, match="is not a file"):
        read_mounted_key(tmp_path / "pipe")
    (tmp_path / "key").write_text("hush")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(AccessError, match="key is not a master key") as raised:
        read_mounted_key(tmp_path / "key")
    assert "hush" not in str(raised.value)
