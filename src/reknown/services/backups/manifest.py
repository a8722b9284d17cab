"""What a backup says about itself."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from reknown.biometrics.errors import DatabaseError, InputError
from reknown.storage.database import SCHEMA_VERSION
from reknown.structs import resolved

FORMAT: Literal[1] = 1

_Count = Annotated[int, Meta(ge=0, le=2**62)]


@dataclass(frozen=True, slots=True)
class BackupCounts:
    """How many of each are in the database."""

    collections: _Count
    faces: _Count
    users: _Count
    sightings: _Count
    access_keys: _Count
    events: _Count


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """All that was acknowledged until `taken_at` is in it; `reknown` is its maker's version.

    `keyring` is the id of that with the keys of the templates, None where these are not sealed.
    """

    format: Literal[1]
    reknown: Annotated[str, Meta(pattern=r"\A[0-9A-Za-z.+-]{1,40}\Z")]
    schema: Annotated[str, Meta(pattern=r"\A[0-9]{4}\Z")]
    taken_at: Annotated[datetime, Meta(tz=True)]
    master_key: bool
    counts: BackupCounts
    keyring: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")] | None = None


@dataclass(frozen=True, slots=True)
class _Format:
    format: int


def encode_manifest(manifest: BackupManifest) -> bytes:
    """As JSON for people, too."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode_manifest(document: bytes) -> BackupManifest:
    """What the document says.

    Raises `InputError` when it is none, or `DatabaseError` when a newer Reknown made it.
    """
    try:
        newer = msgspec.json.decode(document, type=resolved(_Format)).format > FORMAT
        if newer:
            raise DatabaseError(
                "this backup is of a newer form: install the Reknown that made it, or a newer one"
            )
        manifest = msgspec.json.decode(document, type=resolved(BackupManifest))
    except msgspec.DecodeError as error:
        raise InputError(
            f"the manifest of the backup is not as Reknown writes it: {error}"
        ) from error
    if manifest.schema > SCHEMA_VERSION:
        raise DatabaseError(
            f"this backup has schema {manifest.schema}, this Reknown knows up to {SCHEMA_VERSION}: "
            f"install Reknown {manifest.reknown}, which made it, or a newer one"
        )
    return manifest
