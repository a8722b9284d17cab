"""All that an answer of a worker depends on besides what it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

import reknown
from reknown.biometrics.errors import ModelNotFoundError

if TYPE_CHECKING:
    from reknown.vision.packs.store import PackStore

_NAMES = {
    "version": "version of Reknown",
    "template": "embedder in the pack {pack}",
    "detector": "detector in the pack {pack}",
    "attributes": "pack attributes, which measures poses",
    "classifiers": "pack classifiers",
}


class Makings(msgspec.Struct, frozen=True):
    """The version, and fingerprints of the packs that work together; empty for one not installed.

    Who differs in any of them may come to another result.
    """

    version: str
    template: str
    detector: str
    attributes: str
    classifiers: str

    def unlike(self, other: Makings, pack: str) -> str:
        """What is not the same there, for people; empty where all is."""
        for name, what in _NAMES.items():
            own, theirs = getattr(self, name), getattr(other, name)
            if own != theirs:
                called = what.format(pack=pack)
                return f"another {called} ({_short(own)}, not {_short(theirs)} as in the command)"
        return ""


def makings_of(store: PackStore, pack: str) -> Makings:
    """What holds in this process for images that this pack is to look at; reads the packs' files.

    Raises `ModelError`.
    """
    from reknown.vision.packs.manifest import ATTRIBUTES, CLASSIFIERS  # noqa: PLC0415
    from reknown.vision.packs.space import (  # noqa: PLC0415
        declared_fingerprint,
        detector_fingerprint,
        template_space,
    )

    manifest = store.manifest(pack)
    return Makings(
        version=reknown.__version__,
        template=template_space(manifest).fingerprint,
        detector=detector_fingerprint(manifest),
        **{
            name: declared_fingerprint(store.any_manifest(name)) if _is_there(store, name) else ""
            for name in (ATTRIBUTES, CLASSIFIERS)
        },
    )


def _is_there(store: PackStore, name: str) -> bool:
    from reknown.vision.packs.sources import FileState  # noqa: PLC0415

    try:
        return all(file.state is FileState.READY for file in store.status(name))
    except ModelNotFoundError:
        return False


def _short(value: str) -> str:
    return value[:12] or "none"
