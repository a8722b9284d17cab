"""A manifest's images -> templates, on all cores, each image only once.

An image that cannot be read or shows no face is a failure of the system, to be counted with
its reason, and not an error of the program.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

import numpy as np

from reknown.biometrics.errors import ImageError, InputError
from reknown.evaluation.data.duplicates import NO_HASH, THUMBNAIL_SIDE, ImageMarks
from reknown.evaluation.data.image_cache import CachedImage, CacheKey, ImageCache
from reknown.evaluation.data.sampling import NO_QUALITY, EngineSampler, FaceChoice
from reknown.vision.batch import map_bounded
from reknown.vision.images import read_image_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.biometrics.templates import TemplateSpace
    from reknown.evaluation.data.manifest import Manifest
    from reknown.evaluation.data.sampling import Sampler
    from reknown.evaluation.measures.arrays import Ints, Mask, Singles
    from reknown.vision.analyze import Engine
    from reknown.vision.images import Decode

    Progress = Callable[[int, int], None]

_NO_FACE = "no face found"
_CHANGED = "the file changed while it was read"


@dataclass(frozen=True, slots=True, eq=False)
class TemplateSet:
    """The templates of n samples, in the order of the manifest.

    `vectors` float32 (n, d): unit vectors, zero where there is none. `quality` int16 (n,):
    0 to 100, -1 where there is none. `failed` bool (n,), with `reasons`, n texts that are
    empty otherwise. `detector` is the detector's fingerprint. `reused` of the samples were
    done before; `damaged` records of the cache were not usable.
    """

    space: TemplateSpace
    detector: str
    choose: FaceChoice
    vectors: Singles
    quality: NDArray[np.int16]
    failed: Mask
    reasons: tuple[str, ...]
    images: ImageMarks
    reused: int = 0
    damaged: int = 0

    def subset(self, rows: Ints) -> TemplateSet:
        """The templates of those rows alone."""
        marks = self.images
        return replace(
            self,
            vectors=self.vectors[rows],
            quality=self.quality[rows],
            failed=self.failed[rows],
            reasons=tuple(self.reasons[row] for row in rows),
            images=ImageMarks(
                tuple(marks.digests[row] for row in rows),
                marks.hashes[rows],
                marks.thumbnails[rows],
            ),
        )

    def require_any(self, what: str = "image") -> None:
        """Raises `InputError`, with the reason of the first, where no `what` gave a template."""
        if len(self.failed) and self.failed.all():
            raise InputError(
                f"no {what} gave a template, of {len(self.failed):,}, so that no rate can be "
                f"shown; the first: {self.reasons[0]}"
            )


def extract(
    engine: Engine,
    decode: Decode,
    manifest: Manifest,
    cache_folder: Path,
    *,
    detector: str,
    choose: FaceChoice = "central",
    progress: Progress | None = None,
) -> TemplateSet:
    """One template for each sample of the manifest, made here; as `make_templates` otherwise."""
    sampler = EngineSampler(engine, decode)
    return make_templates(
        sampler, manifest, cache_folder, detector=detector, choose=choose, progress=progress
    )


def make_templates(
    sampler: Sampler,
    manifest: Manifest,
    cache_folder: Path,
    *,
    detector: str,
    choose: FaceChoice = "central",
    progress: Progress | None = None,
) -> TemplateSet:
    """One template for each sample of the manifest.

    `detector` is `detector_fingerprint` of the sampler's pack. `progress` gets how many
    samples are done, and of how many. What is done stays done, in `cache_folder`, when the
    process ends in whatever way.

    Raises `InputError` for another `choose`, or when the folder cannot be used.
    """
    if choose not in get_args(FaceChoice):
        raise InputError(f"a face is chosen as central or largest, not as {choose!r}")
    space = sampler.space
    key = CacheKey(space.fingerprint, space.dimension, detector, choose)
    table = _Rows(len(manifest.samples), space.dimension, progress)
    waiting = _waiting(manifest, table)
    with ImageCache(cache_folder, key) as cache:
        for known in cache.read():
            table.fill(waiting.pop(known.digest, []), known)
        table.reused = table.done - table.unread
        for digest, done in _compute(sampler, manifest, waiting, choose):
            if isinstance(done, CachedImage):
                cache.append(done)
                table.fill(waiting[digest], done)
            else:
                table.refuse(waiting[digest], done)
        return table.finish(space, detector, choose, cache.damaged)


class _Rows:
    """The rows of a `TemplateSet` while they are filled."""

    def __init__(self, count: int, dimension: int, progress: Progress | None) -> None:
        self._count = count
        self._progress = progress
        self._vectors = np.zeros((count, dimension), np.float32)
        self._quality = np.full(count, NO_QUALITY, np.int16)
        self._reasons = [""] * count
        self._digests = [""] * count
        self._hashes = np.full(count, NO_HASH, np.uint64)
        self._thumbnails = np.zeros((count, THUMBNAIL_SIDE**2), np.uint8)
        self.done = self.unread = self.reused = 0

    def read(self, row: int, digest: bytes) -> None:
        """The file of a row has been read."""
        self._digests[row] = digest.hex()

    def fill(self, rows: list[int], image: CachedImage) -> None:
        """The image of these rows is done."""
        self._hashes[rows] = image.hash
        self._thumbnails[rows] = image.thumbnail
        if image.quality != NO_QUALITY:
            self._vectors[rows] = image.vector
            self._quality[rows] = image.quality
        else:
            for row in rows:
                self._reasons[row] = _NO_FACE
        self._advance(len(rows))

    def refuse(self, rows: list[int], reason: str) -> None:
        """The image of these rows cannot be used."""
        for row in rows:
            self._reasons[row] = reason
        self._advance(len(rows))

    def _advance(self, rows: int) -> None:
        self.done += rows
        if rows and self._progress is not None:
            self._progress(self.done, self._count)

    def finish(
        self, space: TemplateSpace, detector: str, choose: FaceChoice, damaged: int
    ) -> TemplateSet:
        return TemplateSet(
            space=space,
            detector=detector,
            choose=choose,
            vectors=self._vectors,
            quality=self._quality,
            failed=self._quality == NO_QUALITY,
            reasons=tuple(self._reasons),
            images=ImageMarks(tuple(self._digests), self._hashes, self._thumbnails),
            reused=self.reused,
            damaged=damaged,
        )


def _waiting(manifest: Manifest, table: _Rows) -> dict[bytes, list[int]]:
    """The rows of each digest; files that cannot be read are refused at once."""
    waiting: dict[bytes, list[int]] = {}

    def work(row: int) -> bytes | str:
        try:
            return hashlib.sha256(read_image_file(manifest.path(row))).digest()
        except (ImageError, InputError) as error:
            return str(error)

    for row, found in map_bounded(work, range(len(manifest.samples))):
        if isinstance(found, str):
            table.unread += 1
            table.refuse([row], found)
        else:
            table.read(row, found)
            waiting.setdefault(found, []).append(row)
    return waiting


def _compute(
    sampler: Sampler,
    manifest: Manifest,
    waiting: dict[bytes, list[int]],
    choose: FaceChoice,
) -> Iterator[tuple[bytes, CachedImage | str]]:
    """What each digest comes to, or the reason why it comes to nothing."""

    def work(digest: bytes) -> CachedImage | str:
        try:
            image = sampler.sample(read_image_file(manifest.path(waiting[digest][0])), choose)
        except (ImageError, InputError) as error:
            return str(error)
        return image if image.digest == digest else _CHANGED

    return map_bounded(work, waiting, lambda: sampler.capacity, sampler.abandon)
