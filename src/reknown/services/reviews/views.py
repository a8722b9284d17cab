"""What a reviewer compares: probe and candidates, from files that still show them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ImageError, InputError
from reknown.services.galleries.face_images import show_face
from reknown.services.images.pixels import small_jpeg
from reknown.services.images.sources import read_source

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
    """The probe, if its file is given, and the candidates in the reader's order, as JPEG.

    Empty where no file shows the face any more. Neither names nor scores are with them. Raises
    `InputError` for a file that is not the probe, `ImageError`.
    """
    if probe is not None:
        yield _probe(context, case, probe)
    for candidate in case.candidates:
        yield f"candidate {candidate.number}", _candidate(context, collection, candidate, places)


def _probe(context: Context, case: ShownCase, path: Path) -> tuple[str, bytes]:
    data, wanted = read_source(path), case.case.probe
    if hashlib.sha256(data).hexdigest() != wanted.sha256:
        raise InputError(f"{path} is not the probe of this case, whose SHA-256 is {wanted.sha256}")
    pixels = context.platform.executor.decode(data).pixels
    return f"probe, face {wanted.number}, the largest first", small_jpeg(pixels, _SIDE, _QUALITY)


def _candidate(
    context: Context, collection: str, candidate: ShownCandidate, places: Sequence[Path]
) -> bytes:
    if candidate.face is None:
        return b""
    try:
        shown = show_face(context, collection, candidate.face.face_id, places)
    except ImageError:
        return b""
    return b"" if shown.pixels is None else small_jpeg(shown.pixels, _SIDE, _QUALITY)
