"""Reading photos from strangers: each gives a result or the error that it deserves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import GalleryError, ReknownError
from reknown.vision.batch import map_bounded
from reknown.vision.images import decode_image, read_image_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import TypeVar

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import Template
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage

    Item = TypeVar("Item")
    Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded picture with all its faces, largest first."""

    image: DecodedImage
    faces: tuple[DetectedFace, ...]


def read_photo(engine: Engine, path: Path) -> Photo:
    """Reads, decodes and detects; raises `ImageError` or `InputError`."""
    image = decode_image(read_image_file(path))
    return Photo(image, engine.detect(image))


def extract_photo(engine: Engine, path: Path) -> tuple[Photo, tuple[Template, ...]]:
    """The same, and the template of each face, which shows more of its quality."""
    photo = read_photo(engine, path)
    pairs = engine.extract(photo.image, photo.faces)
    seen = Photo(photo.image, tuple(face for face, _ in pairs))
    return seen, tuple(template for _, template in pairs)


def attempt_all(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> Iterator[tuple[Item, Result | ReknownError]]:
    """`work` on every item, on all cores, in order; an item's error takes its result's place."""

    def attempt(item: Item) -> Result | ReknownError:
        try:
            return work(item)
        except GalleryError:  # not the picture's fault: the next one would fail too
            raise
        except ReknownError as error:
            return error

    return map_bounded(attempt, items, workers)
