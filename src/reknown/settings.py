"""Where Reknown keeps its files, from the environment.

`REKNOWN_DATA`: the galleries (default: the user's data folder). `REKNOWN_CACHE`: converted
and downloaded models (default: the user's cache folder). `REKNOWN_PACKS`: a folder with
further model pack manifests (default: `packs` in the user's configuration folder).
"""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from reknown.biometrics.errors import InputError
from reknown.ledger.actor import Actor

_APP = "reknown"
DEFAULT_PACK = "opencv"


@dataclass(frozen=True, slots=True)
class Settings:
    """The folders in use, and who is acting."""

    data: Path
    cache: Path
    packs: Path
    actor: Actor


def read_settings(data: Path | None = None) -> Settings:
    """The settings of this process; `data` overrides `REKNOWN_DATA`.

    Raises `InputError` for an address where a folder is needed.
    """
    data = data or _folder("REKNOWN_DATA", platformdirs.user_data_path(_APP))
    if re.match(r"[a-z+]{2,}:", str(data)):
        raise InputError("the command line keeps galleries in a folder: give --data a folder")
    return Settings(
        data=data,
        cache=_folder("REKNOWN_CACHE", platformdirs.user_cache_path(_APP)),
        packs=_folder("REKNOWN_PACKS", platformdirs.user_config_path(_APP) / "packs"),
        actor=_actor(),
    )


def _folder(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default)


def _actor() -> Actor:
    """Who the system says is acting, not what the environment claims."""
    number = os.getuid()
    try:
        return Actor(f"cli:{pwd.getpwuid(number).pw_name}")
    except KeyError:
        return Actor(f"cli:{number}")
