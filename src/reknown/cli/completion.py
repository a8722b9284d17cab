"""What the shell offers after TAB."""

from __future__ import annotations

import typer  # noqa: TC002 - typer reads the annotations when it runs


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


def complete_video(context: typer.Context, incomplete: str) -> list[str]:
    """Names of videos of which the collection keeps tracks."""
    try:
        from reknown.cli.options import DEFAULT_COLLECTION
        from reknown.cli.session import open_gallery
        from reknown.services.kept_tracks import list_tracks
        from reknown.settings import read_settings

        if not read_settings().data.is_dir():
            return []
        collection = context.params.get("collection") or DEFAULT_COLLECTION
        with open_gallery(None) as database:
            records = list_tracks(database, collection)
            names = dict.fromkeys(record.track.video_name for record in records)
    except Exception:
        return []
    return [name for name in names if name.startswith(incomplete)]
