"""What a command works with: the engine, the gallery, the threshold."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError, NotFoundError
from reknown.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.access.vault import Vault
    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.templates import TemplateSpace
    from reknown.services.decision import Threshold
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine
    from reknown.vision.packs.store import PackStore

DEFAULT_PACK = "opencv"


def pack_store() -> PackStore:
    """The model packs of this user."""
    from reknown.vision.packs.store import PackStore

    settings = read_settings()
    return PackStore(settings.cache, [settings.packs])


def open_engine(pack: str | None) -> Engine:
    """The engine of that pack, the default one if none is named."""
    from reknown.vision.load import load_engine

    return load_engine(pack_store(), pack or DEFAULT_PACK)


@contextmanager
def open_gallery(data: Path | None) -> Iterator[Database]:
    """The database in the data folder, closed afterwards."""
    from reknown.storage.database import open_database

    database = open_database(read_settings(data).data)
    try:
        yield database
    finally:
        database.dispose()


def open_vault(data: Path | None) -> Vault:
    """The vault of `REKNOWN_MASTER_KEY`, else of the data folder's own key; `AccessError`."""
    from reknown.access.vault import VARIABLE, load_vault

    return load_vault(read_settings(data).data, os.environ.get(VARIABLE) or None)


def engine_of_collection(database: Database, name: str) -> Engine:
    """The engine that a collection was enrolled with; raises `NotFoundError`."""
    from reknown.services.galleries import get_collection

    collection = get_collection(database, name)
    engine = open_engine(collection.space.pack)
    engine.space.require(collection.space)
    return engine


def engine_for_enrolment(database: Database, name: str, pack: str | None) -> Engine:
    """The collection's own engine, or the one asked for when it does not exist yet."""
    if pack is None:
        try:
            return engine_of_collection(database, name)
        except NotFoundError:
            pass
    return open_engine(pack)


def calibration_of_space(space: TemplateSpace) -> Calibration | None:
    """What scores in this space stand for, without loading networks.

    Raises `ModelError`, or `SpaceMismatchError` when its pack is another now.
    """
    from reknown.vision.packs.space import pack_calibration, template_space

    manifest = pack_store().manifest(space.pack)
    template_space(manifest).require(space)
    return pack_calibration(manifest)[0]


def threshold_of(
    calibration: Calibration | None, similarity: float | None, score: float | None
) -> Threshold:
    """The threshold asked for, as a similarity or a score."""
    from reknown.services.decision import DEFAULT_SIMILARITY, Threshold, threshold_at_similarity

    if score is None:
        return threshold_at_similarity(
            calibration, DEFAULT_SIMILARITY if similarity is None else similarity
        )
    if similarity is not None:
        raise InputError("give the threshold as --threshold or as --score, not as both")
    return Threshold(score, calibration)
