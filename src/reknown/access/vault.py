"""What has to be kept secret on disk, sealed with one master key."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
import stat
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from reknown.biometrics.errors import AccessError
from reknown.storage.durable import sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE = "master.key"
_WAITING = f".{FILE}.new"
VARIABLE = "REKNOWN_MASTER_KEY"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = b"\x01"
_LONGEST_FILE = 1024
_FORM = "32 bytes in base64, as `openssl rand -base64 32` makes them"


class Vault:
    """Seals secrets and derives keys; safe for many threads.

    While a master key is being changed there are several: the first one seals, and all open.
    """

    __slots__ = ("_find", "_key", "_sealing_key", "former")

    def __init__(
        self,
        key: bytes,
        former: tuple[Vault, ...] = (),
        find: Callable[[], Vault | None] | None = None,
    ) -> None:
        """`key` is the master key, 32 bytes; raises `AccessError` for another length.

        `find` is asked for the keys as they are by now where none of these opens.
        """
        if len(key) != _KEY_BYTES:
            raise AccessError(f"a master key has {_KEY_BYTES} bytes, not {len(key)}")
        self._key = key
        self._sealing_key = self._expand(b"reknown seal")
        self._find = find
        self.former = former

    @classmethod
    def of(cls, text: str, source: str, find: Callable[[], Vault | None] | None = None) -> Vault:
        """Of keys in base64 that `source` holds, with commas or ends of lines between them.

        Raises `AccessError` where one is none.
        """
        keys = [_decoded(each, source) for each in text.replace(",", " ").split() or [""]]
        return cls(keys[0], tuple(cls(key) for key in keys[1:]), find)

    def __repr__(self) -> str:
        return "Vault(...)"

    @property
    def each(self) -> tuple[Vault, ...]:
        """One for each key, this first."""
        return (self, *self.former)

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits by which the master key is known again; they tell nothing of it."""
        return self.derive("fingerprint").hex()

    def export(self) -> str:
        """The master key itself in base64: for its file and for sealed backups alone.

        A line each where there are several.
        """
        return "\n".join(base64.b64encode(each._key).decode("ascii") for each in self.each)

    def alone(self) -> Vault:
        """The first key, without the former ones."""
        return Vault(self._key, find=self._find)

    def newest(self) -> Vault:
        """The keys as they are by now: another process may have changed them."""
        found = None if self._find is None else self._find()
        return found or self

    def seal(self, plain: bytes, context: str) -> bytes:
        """`plain` encrypted, for `open` with the same context alone."""
        # Only here and below: most commands seal nothing.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._sealing_key).encrypt(nonce, plain, _VERSION + context.encode())
        return _VERSION + nonce + sealed

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed; raises `AccessError` if it was not with these keys and context."""
        for vault in self.each:
            opened = vault._opened(sealed, context)
            if opened is not None:
                return opened
        newest = self.newest()
        if newest.export() != self.export():
            opened_by_newest = newest.open(sealed, context)
            self.former = newest.each  # the next one opens at once
            return opened_by_newest
        raise AccessError(
            "a stored secret cannot be opened: it is damaged, or the master key is not the "
            f"one that sealed it: put back {FILE} of the data folder or set {VARIABLE}"
        )

    def _opened(self, sealed: bytes, context: str) -> bytes | None:
        """What was sealed with this key, None for anything else."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        version, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if version != _VERSION or len(nonce) != _NONCE_BYTES:
            return None
        try:
            return AESGCM(self._sealing_key).decrypt(nonce, rest, _VERSION + context.encode())
        except InvalidTag:
            return None

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, the same for the same master key."""
        return self._expand(b"reknown derive " + purpose.encode())

    def _expand(self, info: bytes) -> bytes:
        # HKDF-SHA256 of one block, RFC 5869: every command asks, and cryptography loads slowly
        extracted = hmac.digest(bytes(_KEY_BYTES), self._key, "sha256")
        return hmac.digest(extracted, info + b"\x01", "sha256")


def read_vault(folder: Path, secret: str | None) -> Vault | None:
    """The vault of a master key: of `secret` if given, else of the file in `folder`, if any.

    `secret` is 32 bytes in base64, or several such keys. Raises `AccessError` when the key is
    malformed, or others could read the file.
    """
    if secret is not None:
        return Vault.of(secret, VARIABLE)
    path = folder / FILE
    try:
        text = _read(path)
    except OSError as error:
        raise _unusable(path, error) from error
    return None if text is None else Vault.of(text, str(path), lambda: read_vault(folder, None))


def read_mounted_key(path: Path) -> str:
    """The text of a key in a file that the operator names, such as a secret that is mounted.

    There it may be a link, of another user, and readable by a group. Raises `AccessError` for what
    is no file or no key, and where all users could read it or the group could write it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise AccessError(f"{path} is not a file: name the file with the master key")
            if mode & (stat.S_IRWXO | stat.S_IWGRP):
                raise AccessError(
                    f"{path} can be read by any user or changed by its group; "
                    f"run: chmod o=,g-w {path} (of a mounted secret: defaultMode 0440 "
                    "with fsGroup in Kubernetes, mode 0440 in Docker)"
                )
            text = os.read(descriptor, _LONGEST_FILE).decode("latin-1")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise AccessError(f"cannot read {path}: {error.strerror}: name the master key") from error
    return Vault.of(text, str(path)).export()


def prepare_key(folder: Path, known: str | None) -> Vault | None:
    """A new master key that is not in force until `publish_key`, for one process at a time.

    One that is waiting for that stays, if its fingerprint is the `known` one. None where another
    process has put one in force meanwhile. Raises `AccessError`.
    """
    path = folder / _WAITING
    try:
        text = _read(path)
        waiting = None if text is None else Vault.of(text, str(path))
        if waiting is not None and waiting.fingerprint == known:
            return waiting
        if (folder / FILE).exists():  # which is there before the waiting one goes
            return None
        path.unlink(missing_ok=True)
        made = Vault(secrets.token_bytes(_KEY_BYTES))
        write_key(path, made)
    except OSError as error:
        raise _unusable(path, error) from error
    return made


def publish_key(folder: Path) -> None:
    """Puts the prepared key in force, unless another process just did; raises `AccessError`."""
    try:
        with suppress(FileExistsError, FileNotFoundError):
            os.link(folder / _WAITING, folder / FILE)
        (folder / _WAITING).unlink(missing_ok=True)
        sync_folder(folder)
    except OSError as error:
        raise _unusable(folder / FILE, error) from error


def write_key(path: Path, vault: Vault) -> None:
    """Writes the vault's key into a new file, durably; who reads sees all of it or no file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{vault.export()}\n")
            file.flush()
            os.fsync(descriptor)
        os.link(temporary, path)
    finally:
        os.unlink(temporary)
    # a key that vanished in a power cut would take with it all that it sealed
    sync_folder(path.parent)


def new_vault(former: Vault) -> Vault:
    """A new master key, with those of before."""
    return Vault(secrets.token_bytes(_KEY_BYTES), former.each)


def replace_key(folder: Path, vault: Vault) -> None:
    """Puts the vault's keys into the file of the data folder, in place of the former ones.

    The former file is overwritten. Raises `AccessError`.
    """
    path, waiting = folder / FILE, folder / _WAITING
    try:
        waiting.unlink(missing_ok=True)
        write_key(waiting, vault)
        former = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            waiting.replace(path)
            sync_folder(folder)
            os.pwrite(former, bytes(os.fstat(former).st_size), 0)
            os.fsync(former)
        finally:
            os.close(former)
    except OSError as error:
        raise _unusable(path, error) from error


def _decoded(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        key = b""
    if len(key) != _KEY_BYTES:
        raise AccessError(f"{source} is not a master key: use {_FORM}")
    return key


def _read(path: Path) -> str | None:
    """The file's text, None if there is no file."""
    try:
        if path.is_symlink():
            raise AccessError(f"{path} is a link: put the file itself there, or set {VARIABLE}")
        # Neither follow a link put there since nor wait for the writer of a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        _require_private(path, os.fstat(descriptor).st_mode)
        return os.read(descriptor, _LONGEST_FILE).decode("latin-1")
    finally:
        os.close(descriptor)


def _require_private(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise AccessError(f"{path} is not a file: move it away, or set {VARIABLE}")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AccessError(f"other users can access {path}; run: chmod 600 {path}")


def _unusable(path: Path, error: OSError) -> AccessError:
    return AccessError(
        f"cannot use {path}: {error.strerror}: allow it, or set {VARIABLE} to {_FORM}"
    )
