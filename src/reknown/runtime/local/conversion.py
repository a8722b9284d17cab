"""Extractions as they travel, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics import errors
from reknown.biometrics.templates import Template
from reknown.runtime.local.messages import Extracted, Refused, SentFace
from reknown.vision.extraction import ExtractedFace, Extraction

if TYPE_CHECKING:
    from reknown.biometrics.templates import TemplateSpace

_FLOAT = "<f4"
# Those that say something of the image, by name; whatever else goes wrong is the server's.
_REFUSALS: dict[str, type[errors.ImageError]] = {
    kind.__name__: kind
    for kind in (
        errors.ImageError,
        errors.ImageTooLargeError,
        errors.ImageTooSmallError,
        errors.InvalidImageError,
    )
}


def to_message(extraction: Extraction) -> Extracted:
    """With templates as bytes."""
    return Extracted(
        image=extraction.image,
        space=extraction.space,
        found=tuple(map(_sent, extraction.found)),
        seconds=extraction.seconds,
        stretched=extraction.stretched,
        turned=extraction.turned,
        margin=extraction.margin,
    )


def to_extraction(message: Extracted, space: TemplateSpace, sha256: str) -> Extraction:
    """Raises `ValueError` for what is no answer to that image, in that space."""
    if message.space != space or message.image.sha256 != sha256:
        raise ValueError("an answer to another question")
    found = tuple(_received(face, space) for face in message.found)
    looked = message.stretched, message.turned, message.margin
    return Extraction(message.image, space, found, message.seconds, *looked)


def refusal(error: errors.ImageError) -> Refused:
    """Of the image."""
    return Refused(type(error).__name__, str(error))


def to_error(message: Refused) -> errors.ImageError:
    """Raises `ValueError` where it is no refusal that there is."""
    if message.kind not in _REFUSALS:
        raise ValueError("no such refusal")
    return _REFUSALS[message.kind](message.text)


def _sent(found: ExtractedFace) -> SentFace:
    template = found.template
    if template is None:
        return SentFace(found.face, found.objections, None, None)
    vector = template.vector.astype(_FLOAT).tobytes()
    return SentFace(found.face, found.objections, vector, template.magnitude)


def _received(sent: SentFace, space: TemplateSpace) -> ExtractedFace:
    if sent.template is None:
        return ExtractedFace(sent.face, objections=sent.objections)
    vector = np.frombuffer(sent.template, _FLOAT).astype(np.float32)
    if vector.shape != (space.dimension,) or not np.isfinite(vector).all():
        raise ValueError("not a template of this space")
    return ExtractedFace(sent.face, Template(vector, space, sent.magnitude), sent.objections)
