"""What the shell offers after TAB."""

from __future__ import annotations


def complete_collection(incomplete: str) -> list[str]:
    """Names of existing collections."""
    try:
        from reknown.cli.session import open_gallery
        from reknown.services.galleries import list_collections
        from reknown.settings import read_settings

        if not read_settings().data.is_dir():
            return []
        with open_gallery(None) as database:
            names = [collection.name for collection in list_collections(database)]
    except Exception:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_pack(incomplete: str) -> list[str]:
    """Names of model packs."""
    try:
        from reknown.cli.session import pack_store

        names = pack_store().names()
    except Exception:
        return []
    return [name for name in names if name.startswith(incomplete)]
