"""What a command works with."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from reknown.configuration import DEFAULT_PACK
from reknown.settings import read_settings

__all__ = [
    "DEFAULT_PACK",
    "apart",
    "open_bulk_context",
    "open_context",
    "open_engine",
    "open_vault",
    "opened_with",
    "pack_store",
]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.access.vault import Vault
    from reknown.configuration import Settings
    from reknown.services.context import Context
    from reknown.vision.analyze import Engine
    from reknown.vision.packs.store import PackStore


def pack_store() -> PackStore:
    """The model packs of this user."""
    from reknown.vision.packs.store import PackStore

    settings = read_settings()
    return PackStore(settings.cache, [settings.packs])


def open_engine(pack: str | None) -> Engine:
    """The engine of that pack alone, the default one if none is named, for measurements."""
    from reknown.vision.load import load_engine

    return load_engine(pack_store(), pack or read_settings().pack)


@contextmanager
def open_context(data: Path | None = None, pack: str | None = None) -> Iterator[Context]:
    """This user with the data folder; `pack` is the default model pack. Closed afterwards."""
    with opened_with(read_settings(data), pack) as context:
        yield context


def apart(data: Path) -> Settings:
    """The settings of what is tried out in a folder of its own, whatever database there is."""
    return replace(read_settings(data), database=None)


@contextmanager
def opened_with(settings: Settings, pack: str | None = None) -> Iterator[Context]:
    """The same with other settings."""
    from reknown.runtime.platform import open_platform
    from reknown.services.context import Context

    with open_platform(settings, pack=pack, helped=True) as platform:
        yield Context(platform, settings.actor)


@contextmanager
def open_bulk_context(data: Path | None, cluster: str | None) -> Iterator[Context]:
    """The same for many images, which a cluster looks at where one is named or set."""
    from reknown.runtime.platform import open_platform
    from reknown.services.context import Context

    settings = read_settings(data, {"bulk.cluster": cluster})
    with open_platform(settings, helped=True, cluster=settings.bulk.cluster) as platform:
        yield Context(platform, settings.actor)


def open_vault(context: Context, data: Path | None) -> Vault:
    """What seals the secrets of access keys in the folder of `context`; raises `AccessError`."""
    from reknown.runtime import stores

    return stores.open_vault(read_settings(data), context.platform)
