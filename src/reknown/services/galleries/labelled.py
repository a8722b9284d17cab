"""Photos whose faces somebody has named in a photo program -> references, each of its person."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError, ReknownError
from reknown.biometrics.records import ImageRecord
from reknown.gallery import faces as references
from reknown.gallery.names import alike
from reknown.ledger import log
from reknown.ledger.records import EnrolRecord, SpaceRecord
from reknown.services.galleries.collections import ensure_collection
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment import (
    EnrolmentPolicy,
    EnrolmentResult,
    Outcome,
    known,
    new_face,
)
from reknown.services.galleries.spaces import until_switched
from reknown.services.images.files import files_below, require_places
from reknown.services.images.regions import regions_of_photo
from reknown.services.images.sources import attempt_all, read_source
from reknown.storage.database import reading
from reknown.vision.extraction import ExtractionPolicy
from reknown.xmp.regions import Regions, pair_faces, stored_size, turned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from reknown.biometrics.records import FaceRecord, NewFace
    from reknown.services.context import Context
    from reknown.storage.database import Connection
    from reknown.vision.extraction import Extraction

_UNNAMED = "files without a named face"
_PROPOSED = "names that Reknown proposed and nobody has confirmed"


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A photo's named regions, and its faces or, where all are in, what is stored of them."""

    regions: Regions
    faces: Extraction | list[FaceRecord] | None = None


def labelled_photos(folder: Path) -> list[Path]:
    """The files below a folder that may have named faces, but for what is hidden and sidecars.

    Raises `InputError` for a folder that cannot be read.
    """
    require_places([folder])
    return [path for path in files_below([folder]) if path.suffix.lower() != ".xmp"]


def enrol_labelled(
    context: Context,
    collection: str,
    photos: Iterable[Path],
    *,
    policy: EnrolmentPolicy = EnrolmentPolicy(),
    pack: str | None = None,
    left_out: Counter[str] | None = None,
) -> Iterator[tuple[EnrolmentResult, ...]]:
    """For each photo what became of its named faces: each is enrolled for the person named.

    A name is for the face that its region frames; others in the photo are left alone. Names that
    Reknown itself has proposed count only once a photo program has written them anew; `left_out`
    counts the others, and files without any. Otherwise as `enrol_subjects`.
    """
    counted = Counter[str]() if left_out is None else left_out
    platform, space = context.platform, ensure_collection(context, collection, pack)
    wanted = ExtractionPolicy(space, policy.quality)

    def prepare(photo: Path) -> _Labelled:
        data = read_source(photo)
        regions = regions_of_photo(photo, data)
        if not regions.labels:
            return _Labelled(regions)
        with reading(context.database) as connection:
            digest = hashlib.sha256(data).hexdigest()
            stored = _all_known(regions, references.find_image(connection, collection, digest))
        if stored is not None:
            return _Labelled(regions, stored)
        return _Labelled(regions, platform.executor.extract(data, wanted))

    for photo, prepared in attempt_all(platform, prepare, photos):
        if isinstance(prepared, ReknownError):
            yield (EnrolmentResult(Enrolee(photo, ""), Outcome.REFUSED, str(prepared)),)
            continue
        proposed = sum(bool(each.name) and each.proposed for each in prepared.regions.regions)
        results = tuple(_results(context, collection, photo, prepared))
        counted[_PROPOSED] += proposed
        counted[_UNNAMED] += not (results or proposed)
        yield results


def _all_known(regions: Regions, stored: Sequence[FaceRecord]) -> list[FaceRecord] | None:
    """The face of each label, where all are in under their names.

    None too for a photo on its side, whose regions nobody can place before it is decoded.
    """
    labels = regions.labels
    pairs = pair_faces([label.box for label in labels], [face.box for face in stored])
    if len(pairs) < len(labels):
        return None
    found = [stored[pairs[number]] for number in range(len(labels))]
    named = zip(found, labels, strict=True)
    return found if all(alike(face.user or "", label.name) for face, label in named) else None


def _results(
    context: Context, collection: str, photo: Path, labelled: _Labelled
) -> Iterator[EnrolmentResult]:
    faces = labelled.faces
    if isinstance(faces, list):
        for face in faces:
            yield EnrolmentResult(Enrolee(photo, face.user or ""), Outcome.KNOWN, face=face)
    elif faces is not None:
        matched = list(_matched(labelled.regions, faces))
        for name, found in matched:
            if isinstance(found, str):
                yield EnrolmentResult(Enrolee(photo, name), Outcome.REFUSED, found)
        new = [(name, found) for name, found in matched if not isinstance(found, str)]
        yield from _enrolled(context, collection, photo, faces, new)


def _matched(regions: Regions, found: Extraction) -> Iterator[tuple[str, NewFace | str]]:
    """Each name with its face, or with why it has none."""
    image, named = found.image, regions.labels
    if not regions.are_of(*stored_size(image.width, image.height, image.orientation)):
        reason = "its face regions were drawn on an image of another shape"
        yield from ((region.name, reason) for region in named)
        return
    boxes = [turned(region.box, image.orientation) for region in named]
    pairs = pair_faces(boxes, [face.box for face in found.faces])
    for number, region in enumerate(named):
        if number not in pairs:
            yield region.name, "no face found in its region"
            continue
        face = found.found[pairs[number]]
        if face.template is None:
            yield region.name, f"the face is {'; '.join(map(str, face.objections))}"
        else:
            yield region.name, new_face(face.face, face.template)


def _enrolled(
    context: Context,
    collection: str,
    photo: Path,
    found: Extraction,
    faces: Sequence[tuple[str, NewFace]],
) -> list[EnrolmentResult]:
    """All of a photo in one transaction."""
    if not faces:
        return []
    try:
        with until_switched(collection), context.database.begin() as connection:
            return _stored(connection, context, collection, photo, found, faces)
    except InputError as error:
        return [
            EnrolmentResult(Enrolee(photo, name), Outcome.REFUSED, str(error)) for name, _ in faces
        ]


def _stored(
    connection: Connection,
    context: Context,
    collection: str,
    photo: Path,
    found: Extraction,
    faces: Sequence[tuple[str, NewFace]],
) -> list[EnrolmentResult]:
    before = references.find_image(connection, collection, found.image.sha256)
    pairs = pair_faces([face.box for _, face in faces], [face.box for face in before])
    results = [
        known(Enrolee(photo, name), [before[pairs[number]]])
        for number, (name, _) in enumerate(faces)
        if number in pairs
    ]
    new = [named for number, named in enumerate(faces) if number not in pairs]
    image = ImageRecord(
        found.image.sha256, Enrolee(photo, "").name, found.image.width, found.image.height
    )
    for face in references.add_named_faces(connection, collection, image, new):
        record = EnrolRecord(
            found.image.sha256, SpaceRecord.of(found.space), (face.face_id,), face.subject_id
        )
        log.append(connection, context.actor, collection, record)
        enrolee = Enrolee(photo, face.user or "")
        warnings = found.image.warnings
        results.append(EnrolmentResult(enrolee, Outcome.ENROLLED, face=face, warnings=warnings))
    return results
