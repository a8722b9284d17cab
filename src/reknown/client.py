"""Reknown in a program: the use cases of the command line, for images and videos at hand."""

from __future__ import annotations

import io
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reknown.results import (
    ComparedFaces,
    DetectedFaces,
    EnrolledPeople,
    IdentifiedFaces,
    VideoAppearances,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as PillowImage

    from reknown.biometrics.records import Collection
    from reknown.services.context import Context
    from reknown.services.galleries.enrolment_plan import Enrolee
    from reknown.services.images.sources import Source

    Image = str | PathLike[str] | bytes | PillowImage | NDArray[np.uint8]
    """A path, a file's bytes, a Pillow image, or RGB pixels (height, width, 3)."""

_QUALITY = 95


class Reknown:
    """Face recognition on the galleries of a data folder, by this user; safe for many threads.

    `data` is the folder (default: that of the command line), `pack` the model pack for new
    galleries and for images alone. What it does is in the ledger as if the command line had done
    it. To be closed, as `with` does.

    Raises `errors.DatabaseError` when the folder cannot be used.
    """

    def __init__(self, data: str | PathLike[str] | None = None, pack: str | None = None) -> None:
        from reknown.runtime.platform import open_platform  # noqa: PLC0415 - imports take long
        from reknown.services.context import Context  # noqa: PLC0415
        from reknown.settings import read_settings  # noqa: PLC0415

        settings = read_settings(None if data is None else Path(data))
        self._opened = ExitStack()
        platform = self._opened.enter_context(open_platform(settings, pack=pack))
        self._context: Context = Context(platform, settings.actor)

    def __enter__(self) -> Reknown:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the database."""
        self._opened.close()

    @property
    def collections(self) -> Collections:
        """The galleries."""
        return Collections(self._context)

    def detect(self, image: Image) -> DetectedFaces:
        """The faces of an image, with pose and quality.

        Raises `errors.ImageError`, `errors.InputError`.
        """
        from reknown.services.images.detection import detect  # noqa: PLC0415

        source = _source(image)
        found = detect(self._context, source, templates=True)
        info = found.image
        return DetectedFaces(found.faces, info.width, info.height, info.sha256, source)

    def compare(
        self,
        probe: Image,
        reference: Image,
        *,
        similarity: float | None = None,
        score: float | None = None,
    ) -> ComparedFaces:
        """The largest face of the probe against every face of the reference.

        The threshold is a `similarity` (0 to 100, 80 by default) or a raw `score` (-1 to 1).

        Raises `errors.NoFaceError`, `errors.ImageError`, `errors.InputError`.
        """
        from reknown.biometrics.thresholds import ThresholdChoice  # noqa: PLC0415
        from reknown.services.images.verification import (  # noqa: PLC0415
            VerificationTerms,
            verify,
        )

        terms = VerificationTerms(ThresholdChoice(similarity, score))
        found = verify(self._context, _source(probe), _source(reference), terms)
        return ComparedFaces(found.probe, found.comparisons, found.threshold.score)

    def enroll(
        self,
        people: str | PathLike[str] | Iterable[tuple[Image, str]],
        collection: str = "people",
        *,
        any_quality: bool = False,
    ) -> EnrolledPeople:
        """Enrols people, one face an image; makes the gallery when it is missing.

        `people` is a folder with a folder of images for each person, a CSV file with the columns
        image and subject, or pairs of an image and a name. Images that are in are skipped.

        Raises `errors.InputError`.
        """
        from reknown.biometrics.quality_filter import ANY_QUALITY  # noqa: PLC0415
        from reknown.services.galleries.enrolment import (  # noqa: PLC0415
            EnrolmentPolicy,
            enrol_subjects,
        )

        policy = EnrolmentPolicy(ANY_QUALITY) if any_quality else EnrolmentPolicy()
        results = enrol_subjects(self._context, collection, _plan(people), policy=policy)
        return EnrolledPeople(collection, tuple(results))

    def identify(
        self,
        image: Image,
        collection: str = "people",
        *,
        similarity: float | None = None,
        score: float | None = None,
        limit: int = 5,
    ) -> IdentifiedFaces:
        """At most `limit` candidates for every face of an image; the threshold as in `compare`.

        Raises `errors.CollectionNotFoundError`, `errors.ImageError`, `errors.InputError`.
        """
        from reknown.biometrics.thresholds import ThresholdChoice  # noqa: PLC0415
        from reknown.services.searches.images import identify  # noqa: PLC0415
        from reknown.services.searches.search import Query  # noqa: PLC0415

        source, threshold = _source(image), ThresholdChoice(similarity, score)
        found = identify(self._context, Query(collection, threshold, limit), source)
        return IdentifiedFaces(tuple(found.faces()), found.found.searched.caution, source)

    def video(
        self,
        clip: str | PathLike[str],
        collection: str = "people",
        *,
        similarity: float | None = None,
        score: float | None = None,
        limit: int = 5,
        keep_days: int | None = None,
    ) -> VideoAppearances:
        """Who of a gallery appears in a video, and when; the threshold as in `compare`.

        With `keep_days` (1 to 3650) its tracks are kept as templates, without pictures, to be
        searched later.

        Raises `errors.CollectionNotFoundError`, `errors.VideoError`, `errors.InputError`.
        """
        from reknown.biometrics.thresholds import ThresholdChoice  # noqa: PLC0415
        from reknown.services.searches.search import Query, open_search  # noqa: PLC0415
        from reknown.services.videos.clips import analyse_clip  # noqa: PLC0415
        from reknown.services.videos.identification import identify_video  # noqa: PLC0415
        from reknown.services.videos.tracks import Keeping  # noqa: PLC0415

        path, platform = Path(clip), self._context.platform
        query = Query(collection, ThresholdChoice(similarity, score), limit)
        keeping = None if keep_days is None else Keeping(path.name, keep_days)
        pack = open_search(platform, query).space.pack
        analysis = analyse_clip(platform, path, pack, lambda *_: None)
        found = identify_video(self._context, query, analysis, keeping)
        return VideoAppearances(
            found.appearances,
            analysis.info.duration_ms,
            found.searched.caution,
            None if found.kept is None else found.kept.expires_at,
            analysis.warnings,
        )


class Collections:
    """The galleries of a data folder: iterate, look up by name, make and delete."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __iter__(self) -> Iterator[Collection]:
        from reknown.services.galleries.collections import list_collections  # noqa: PLC0415
        from reknown.services.galleries.pages import all_pages  # noqa: PLC0415

        return all_pages(lambda page: list_collections(self._context, page))

    def __getitem__(self, name: str) -> Collection:
        """One gallery with its counts; raises `errors.CollectionNotFoundError`."""
        from reknown.services.galleries.collections import describe_collection  # noqa: PLC0415

        return describe_collection(self._context, name)

    def create(self, name: str, pack: str | None = None) -> Collection:
        """A new, empty gallery; raises `errors.AlreadyExistsError`, `errors.InputError`."""
        from reknown.services.galleries.collections import create_collection  # noqa: PLC0415

        return create_collection(self._context, name, pack)

    def delete(self, name: str) -> None:
        """Deletes it with all its people and faces; raises `errors.CollectionNotFoundError`."""
        from reknown.services.galleries.collections import delete_collection  # noqa: PLC0415

        delete_collection(self._context, name)


def _plan(people: str | PathLike[str] | Iterable[tuple[Image, str]]) -> list[Enrolee]:
    from reknown.services.galleries.enrolment_plan import Enrolee, read_plan  # noqa: PLC0415

    if isinstance(people, str | PathLike):
        return read_plan(Path(people))
    return [Enrolee(_source(image), name) for image, name in people]


def _source(image: Any) -> Source:
    """The image as a file or the bytes of one; raises `InputError` for what is none."""
    if isinstance(image, bytes):
        return image
    if isinstance(image, bytearray | memoryview):
        return bytes(image)
    if isinstance(image, str | PathLike):
        return Path(image)
    return _encoded(image)


def _encoded(image: Any) -> bytes:
    """Pixels as a PNG, or as a fine JPEG where that would be too large a file."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    from reknown.biometrics.errors import InputError  # noqa: PLC0415
    from reknown.services.images.sources import MAX_BYTES  # noqa: PLC0415

    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise InputError(
                f"pixels must be RGB uint8 (height, width, 3), got {image.dtype} {image.shape}"
            )
        image = Image.fromarray(image)
    if not isinstance(image, Image.Image):
        raise InputError(
            f"an image is a path, bytes, a Pillow image or an RGB array, got {type(image).__name__}"
        )
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    if buffer.tell() > MAX_BYTES:
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    return buffer.getvalue()
