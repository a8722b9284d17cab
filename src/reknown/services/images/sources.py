"""Images from strangers, one or many: each gives a result or an error."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    ClusterError,
    DecoderError,
    GalleryError,
    ImageError,
    InputError,
    ModelError,
    NoFaceError,
    ReknownError,
    SpaceMismatchError,
)
from reknown.vision.batch import map_bounded
from reknown.vision.extraction import Extraction, ImageInfo
from reknown.vision.images import ImageLimits, read_image_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import Template
    from reknown.services.context import Platform
    from reknown.vision.extraction import ExtractionPolicy

    Item = TypeVar("Item")
    Result = TypeVar("Result")

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "Extraction",
    "ImageInfo",
    "Source",
    "attempt_all",
    "extract_source",
    "find_image",
    "require_face",
]

MAX_BYTES, MAX_PIXELS = ImageLimits().max_bytes, ImageLimits().max_pixels
Source = Path | bytes
"""An image: a file, or what would be in it."""


def read_source(source: Source) -> bytes:
    """The bytes of the image; raises `InputError`, `ImageTooLargeError`."""
    return read_image_file(source) if isinstance(source, Path) else source


def find_image(paths: Iterable[Path], sha256: str) -> tuple[Path, bytes] | None:
    """The first of these files that has this content, with it; None where none has or is read."""
    for path in paths:
        with suppress(InputError, ImageError):  # it may lie elsewhere too
            data = read_source(path)
            if hashlib.sha256(data).hexdigest() == sha256:
                return path, data
    return None


def extract_source(platform: Platform, source: Source, policy: ExtractionPolicy) -> Extraction:
    """Reads the image and extracts; raises `ImageError`, `InputError`, `ModelError`."""
    return platform.executor.extract(read_source(source), policy)


def require_face(extraction: Extraction, which: str = "") -> tuple[DetectedFace, Template]:
    """The largest face that is fit; `which` names the image. Raises `NoFaceError`."""
    if extraction.fit:
        return extraction.fit[0]
    image = f"{which} image".lstrip()
    if not extraction.refused:
        raise NoFaceError(f"no face found in the {image}", which)
    unfit, reasons = len(extraction.refused), "; ".join(map(str, extraction.refused[0][1]))
    none = "The one face" if unfit == 1 else f"None of the {unfit} faces"
    passes = "does not pass" if unfit == 1 else "passes"
    raise NoFaceError(
        f"{none} in the {image} {passes} the quality filter. The largest is {reasons}.",
        which,
        unfit,
    )


def attempt_all(
    platform: Platform, work: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result | ReknownError]]:
    """`work` on every item, as many at once as the executor takes, in order.

    An item's error takes its result's place, unless the next one would fail too.
    """

    def attempt(item: Item) -> Result | ReknownError:
        try:
            return work(item)
        except (ClusterError, DecoderError, GalleryError, ModelError, SpaceMismatchError):
            raise
        except ReknownError as error:
            return error

    executor = platform.executor
    return map_bounded(attempt, items, lambda: executor.capacity, executor.abandon)
