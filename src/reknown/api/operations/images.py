"""Operations on images alone: DetectFaces and CompareFaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.wire_attributes import Wish
from reknown.api.wire_faces import (
    QUALITY_FILTERS,
    bounding_box,
    compared_face,
    face_detail,
    percent,
    reasons,
    refusals,
)
from reknown.api.wire_images import read_image
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.services.images.detection import detect
from reknown.services.images.verification import VerificationTerms, verify

if TYPE_CHECKING:
    from reknown.api.call import Call

# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectFaces.html
LARGEST = 100


def detect_faces(call: Call, request: shapes.DetectFacesRequest) -> shapes.DetectFacesResponse:
    """The 100 largest faces, with the attributes asked for as far as they are measured."""
    wish = Wish.of(request.attributes, call.unmeasured)
    data = read_image(call, request.image)
    found = detect(call.context, data, largest=LARGEST, attributes=wish.measured)
    details = tuple(face_detail(face, wish) for face in found.faces)
    return shapes.DetectFacesResponse(face_details=details)


def compare_faces(call: Call, request: shapes.CompareFacesRequest) -> shapes.CompareFacesResponse:
    """The source's largest face against the target's 100 largest."""
    terms = VerificationTerms(
        threshold=ThresholdChoice(request.similarity_threshold),
        quality=QUALITY_FILTERS[request.quality_filter or "NONE"],
        largest=LARGEST,
    )
    source = read_image(call, request.source_image, "SourceImage")
    target = read_image(call, request.target_image, "TargetImage")
    found = verify(call.context, source, target, terms)
    return shapes.CompareFacesResponse(
        source_image_face=shapes.ComparedSourceImageFace(
            bounding_box=bounding_box(found.probe.box), confidence=percent(found.probe.confidence)
        ),
        face_matches=tuple(
            shapes.CompareFacesMatch(
                similarity=comparison.similarity,
                face=compared_face(face),
                reknown_false_match_rate=comparison.false_match_rate,
            )
            for face, comparison in found.comparisons
            if comparison.accepted
        ),
        unmatched_faces=tuple(
            compared_face(face) for face, judged in found.comparisons if not judged.accepted
        ),
        reknown_uncompared_faces=tuple(
            shapes.ReknownUncomparedFace(
                face=compared_face(face),
                reasons=reasons(objections),
                reknown_refusals=refusals(objections),
            )
            for face, objections in found.refused
        ),
    )
