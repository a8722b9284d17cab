"""Licences that have to be accepted before a pack may be used."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from reknown.biometrics.errors import InputError, LicenceNotAcceptedError
from reknown.storage.small_files import read_small_file
from reknown.structs import resolved
from reknown.vision.packs.cache import write_atomically

if TYPE_CHECKING:
    from reknown.vision.packs.cache import ModelCache
    from reknown.vision.packs.manifest import PackDeclaration


class _Terms(msgspec.Struct, frozen=True):
    """What was accepted: another file or another licence has to be accepted again."""

    pack: str
    licences: dict[str, str]
    digests: dict[str, str]


class _Acceptance(msgspec.Struct, frozen=True):
    terms: _Terms
    accepted_at: datetime


def accept(manifest: PackDeclaration, cache: ModelCache) -> None:
    """Records, with the date, that the user accepts the licences of the pack's files."""
    record = _Acceptance(_terms(manifest), datetime.now(UTC))
    encoded = msgspec.json.format(msgspec.json.encode(record))
    write_atomically(cache.licence(manifest), encoded)


def require_accepted(manifest: PackDeclaration, cache: ModelCache) -> None:
    """Raises `LicenceNotAcceptedError` for a non-commercial pack not accepted as it is now."""
    if manifest.non_commercial and not _is_accepted(manifest, cache):
        licences = ", ".join(sorted(set(_terms(manifest).licences.values())))
        raise LicenceNotAcceptedError(
            f"{manifest.name} is for non-commercial use only ({licences}); to accept that: "
            f"reknown models pull {manifest.name} --accept-licence"
        )


def _is_accepted(manifest: PackDeclaration, cache: ModelCache) -> bool:
    try:
        record = msgspec.json.decode(
            read_small_file(cache.licence(manifest)), type=resolved(_Acceptance)
        )
    except (InputError, msgspec.DecodeError):
        return False
    return record.terms == _terms(manifest)


def _terms(manifest: PackDeclaration) -> _Terms:
    files = manifest.files()
    return _Terms(
        manifest.name,
        {role: file.licence for role, file in files.items()},
        {role: file.sha256 for role, file in files.items()},
    )
