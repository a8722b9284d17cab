"""Operations on pictures alone: DetectFaces and CompareFaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.wire_faces import (
    QUALITY_FILTERS,
    bounding_box,
    compared_face,
    face_detail,
    percent,
)
from reknown.api.wire_pictures import read_picture
from reknown.services.decision import DEFAULT_SIMILARITY, threshold_at_similarity
from reknown.services.detection import detect
from reknown.services.verification import Bar, compare_pictures

if TYPE_CHECKING:
    from reknown.api.call import Call

# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectFaces.html
LARGEST = 100


def detect_faces(call: Call, request: shapes.DetectFacesRequest) -> shapes.DetectFacesResponse:
    """The 100 largest faces. Attributes beyond DEFAULT are not measured here and left out."""
    faces = detect(call.platform, read_picture(call, request.image), LARGEST, call.actor)
    return shapes.DetectFacesResponse(face_details=tuple(map(face_detail, faces)))


def compare_faces(call: Call, request: shapes.CompareFacesRequest) -> shapes.CompareFacesResponse:
    """The source's largest face against the target's 100 largest."""
    similarity = request.similarity_threshold
    threshold = threshold_at_similarity(
        call.platform.engines.default.calibration,
        DEFAULT_SIMILARITY if similarity is None else similarity,
    )
    bar = Bar(threshold, QUALITY_FILTERS[request.quality_filter or "NONE"], LARGEST)
    source = read_picture(call, request.source_image, "SourceImage")
    target = read_picture(call, request.target_image, "TargetImage")
    found = compare_pictures(call.platform, source, target, bar, call.actor)
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
    )
