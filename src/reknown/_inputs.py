"""What the Python client takes: files, and images in memory."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as PillowImage

    from reknown.services.images.sources import Source

    FilePath = str | PathLike[str]
    Image = FilePath | bytes | PillowImage | NDArray[np.uint8]
    Progress = Callable[[int, int], None]


def path_of(path: FilePath) -> Path:
    """The path, with ~ for a home; raises `InputError` for one of nobody."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InputError(f"cannot read {path}: no such user") from error


def source_of(image: Any) -> Source:
    """The image as a file or the bytes of one; raises `InputError` for anything else."""
    from reknown.services.images.pixels import encode_pixels  # noqa: PLC0415 - imports take long

    match image:
        case bytes():
            return image
        case str() | PathLike():
            return path_of(image)
        case _:
            return encode_pixels(image)
