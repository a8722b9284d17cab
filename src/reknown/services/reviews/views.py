"""What a reviewer compares: probe and candidates, from files that still show them."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ImageError, InputError, NotFoundError
from reknown.gallery.collections import require
from reknown.ledger import log
from reknown.review.cases import get_case
from reknown.services.archive.views import view
from reknown.services.galleries.face_images import picture_of, portrait_of, show_face
from reknown.services.images.pixels import small_jpeg
from reknown.services.images.sources import read_source
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.services.reviews.cases import ShownCandidate, ShownCase

_SIDE, _QUALITY = 480, 90


def review_views(
    context: Context,
    collection: str,
    case: ShownCase,
    probe: Path | None,
    places: Sequence[Path] = (),
) -> Iterator[tuple[str, bytes]]:
    """The probe, if its file is given or it is stored, and the candidates in the reader's order.

    Each is a JPEG, empty where no file shows the face any more. Neither names nor scores are with
    them. Raises `InputError` for a file that is not the probe, `ImageError`.
    """
    if probe is not None:
        yield _probe(context, case, probe)
    elif case.case.probe.stored:
        yield "probe", view_probe(context, collection, case.case.case_id, _SIDE)
    for candidate in case.candidates:
        yield f"candidate {candidate.number}", _candidate(context, collection, candidate, places)


def view_probe(context: Context, collection: str, case_id: str, side: int) -> bytes:
    """A stored probe as JPEG: a face, or the first one of a person whose image is found.

    Empty where there is none any more, and for a picture, of which Reknown keeps nothing. Raises
    `NotFoundError` for the case.
    """
    with reading(context.database) as connection:
        case = get_case(connection, require(connection, collection).id, case_id)
        found = log.read(connection, after=case.search - 1, limit=1)
    probe = next((getattr(it.record, "probe", None) for it in found if it.id == case.search), None)
    shown = None
    with suppress(ImageError, NotFoundError):  # deleted since
        if probe is not None and probe.face_id is not None:
            shown = picture_of(context, collection, probe.face_id)
        elif probe is not None and probe.subject_id is not None:
            shown = portrait_of(context, collection, probe.subject_id)
    return b"" if shown is None or shown.pixels is None else small_jpeg(shown.pixels, side)


def _probe(context: Context, case: ShownCase, path: Path) -> tuple[str, bytes]:
    data, wanted = read_source(path), case.case.probe
    if hashlib.sha256(data).hexdigest() != wanted.sha256:
        raise InputError(f"{path} is not the probe of this case, whose SHA-256 is {wanted.sha256}")
    pixels = context.platform.executor.decode(data).pixels
    return f"probe, face {wanted.number}, the largest first", small_jpeg(pixels, _SIDE, _QUALITY)


def _candidate(
    context: Context, collection: str, candidate: ShownCandidate, places: Sequence[Path]
) -> bytes:
    if candidate.sighting is not None:
        return view(context.platform, candidate.sighting, _SIDE, places)
    if candidate.face is None:
        return b""
    try:
        shown = show_face(context, collection, candidate.face.face_id, places)
    except ImageError:
        return b""
    return b"" if shown.pixels is None else small_jpeg(shown.pixels, _SIDE, _QUALITY)
