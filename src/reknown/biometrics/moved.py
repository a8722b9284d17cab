"""References on their way between galleries, by column: a million of them are no objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.templates import UNIT_TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.records import MovedFace, Profile
    from reknown.biometrics.templates import TemplateSpace

_LARGEST_SIDE = 2**31 - 1


class WrongFaceError(InputError):
    """The face of this id makes no sense, and `why`."""

    def __init__(self, face_id: str, why: str) -> None:
        super().__init__(f"face {face_id!r}: {why}")
        self.why = why


@dataclass(frozen=True, slots=True, eq=False)
class MovedImages:
    """For each of n references the image that it is from.

    `sha256s` are digests of the files, `sizes` (n, 2) int64 their widths and heights in pixels.
    """

    sha256s: Sequence[str]
    names: Sequence[str]
    sizes: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class MovedFaces:
    """n references from elsewhere, which keep their ids.

    `vectors` (n, dimension) float32 of length one; `boxes` (n, 4) float64, each as the fields of
    a `BoundingBox`; `confidences` (n,) float64, 0 to 1; `qualities` (n,) int64, 0 to 100;
    `magnitudes` (n,) float64, NaN where there is none. `external_ids` and `users` are None where
    there is none, `profiles` is what was told of users, by their names.
    """

    space: TemplateSpace
    face_ids: Sequence[str]
    vectors: NDArray[np.float32]
    boxes: NDArray[np.float64]
    confidences: NDArray[np.float64]
    qualities: NDArray[np.int64]
    magnitudes: NDArray[np.float64]
    external_ids: Sequence[str | None]
    users: Sequence[str | None]
    images: MovedImages
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    @classmethod
    def of(cls, space: TemplateSpace, moved: Sequence[MovedFace]) -> MovedFaces:
        """The same of single ones; raises `SpaceMismatchError`, `InputError` for other lengths."""
        faces, images = [item.face for item in moved], [item.image for item in moved]
        for face in faces:
            space.require(face.template.space)
            if face.template.vector.shape != (space.dimension,):
                raise InputError(
                    f"a template has shape {face.template.vector.shape}, not ({space.dimension},)"
                )
        vectors = np.array([face.template.vector for face in faces], np.float32)
        boxes = [(box.left, box.top, box.width, box.height) for box in (f.box for f in faces)]
        lengths = [face.template.magnitude for face in faces]
        profiles: dict[str, Profile] = {}
        for item in moved:
            if item.user is not None and item.profile:
                profiles.setdefault(item.user, item.profile)
        return cls(
            space,
            [str(face.face_id) for face in faces],
            vectors.reshape(-1, space.dimension),
            np.array(boxes, np.float64).reshape(-1, 4),
            np.array([face.confidence for face in faces], np.float64),
            np.array([face.quality for face in faces], np.int64),
            np.array([np.nan if length is None else length for length in lengths], np.float64),
            [face.external_id for face in faces],
            [item.user for item in moved],
            MovedImages(
                [image.sha256 for image in images],
                [image.name for image in images],
                np.array([(i.width, i.height) for i in images], np.int64).reshape(-1, 2),
            ),
            profiles,
        )

    def __len__(self) -> int:
        return len(self.face_ids)

    def kept(self, wanted: Sequence[bool]) -> MovedFaces:
        """Those of them that are wanted."""
        mask = np.asarray(wanted, bool)
        images = self.images
        return MovedFaces(
            self.space,
            list(compress(self.face_ids, wanted)),
            self.vectors[mask],
            self.boxes[mask],
            self.confidences[mask],
            self.qualities[mask],
            self.magnitudes[mask],
            list(compress(self.external_ids, wanted)),
            list(compress(self.users, wanted)),
            MovedImages(
                list(compress(images.sha256s, wanted)),
                list(compress(images.names, wanted)),
                images.sizes[mask],
            ),
            self.profiles,
        )

    def require_templates(self, space: TemplateSpace) -> None:
        """Raises `SpaceMismatchError`, or `InputError` for numbers that no face has."""
        space.require(self.space)
        if self.vectors.shape != (len(self), space.dimension):
            width = self.vectors.shape[-1]
            raise InputError(f"a template has {width} values, not {space.dimension}")
        lengths = np.sqrt(np.einsum("ij,ij->i", self.vectors, self.vectors))
        # negated, so that a NaN fails too
        self._refuse(~(np.abs(lengths - 1) <= UNIT_TOLERANCE), "a template is not a unit vector")
        self._require_boxes()
        shares = (self.confidences >= 0) & (self.confidences <= 1)
        self._refuse(~shares, "a confidence is 0 to 1")
        self._refuse((self.qualities < 0) | (self.qualities > 100), "a quality is 0 to 100")
        lengths = self.magnitudes
        wrong = (lengths < 0) | np.isinf(lengths)
        self._refuse(wrong, "a magnitude is a length")
        sizes = self.images.sizes
        beyond = ((sizes < 1) | (sizes > _LARGEST_SIDE)).any(axis=1)
        self._refuse(beyond, "an image has at least one pixel a side")

    def _require_boxes(self) -> None:
        near, far = self.boxes[:, :2], self.boxes[:, :2] + self.boxes[:, 2:]
        within = (near >= -1) & (near <= 2) & (far >= -1) & (far <= 2) & (self.boxes[:, 2:] >= 0)
        for number in np.flatnonzero(~within.all(axis=1)):
            # the last word: it knows what a box may be
            try:
                BoundingBox(*self.boxes[number].tolist()).require_plausible()
            except InputError as error:
                raise WrongFaceError(self.face_ids[int(number)], str(error)) from error

    def _refuse(self, wrong: Any, why: str) -> None:
        if wrong.any():
            raise WrongFaceError(self.face_ids[int(np.argmax(wrong))], why)
