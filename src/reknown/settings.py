"""Where Reknown keeps its files, from the environment.

`REKNOWN_DATA`: the galleries (default: the user's data folder). `REKNOWN_CACHE`: converted
and downloaded models (default: the user's cache folder). `REKNOWN_PACKS`: a folder with
further model pack manifests (default: `packs` in the user's configuration folder).
"""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_APP = "reknown"


@dataclass(frozen=True, slots=True)
class Settings:
    """The folders in use, and who is acting."""

    data: Path
    cache: Path
    packs: Path
    actor: str


def read_settings(data: Path | None = None) -> Settings:
    """The settings of this process; `data` overrides `REKNOWN_DATA`."""
    return Settings(
        data=data or _folder("REKNOWN_DATA", platformdirs.user_data_path(_APP)),
        cache=_folder("REKNOWN_CACHE", platformdirs.user_cache_path(_APP)),
        packs=_folder("REKNOWN_PACKS", platformdirs.user_config_path(_APP) / "packs"),
        actor=_actor(),
    )


def _folder(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default)


def _actor() -> str:
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:{os.getuid()}"
