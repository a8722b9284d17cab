"""Records of stream processors, in Amazon's words.

https://docs.aws.amazon.com/rekognition/latest/dg/streaming-video-kinesis-output.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from reknown.api.names import image_id, video_stream_arn
from reknown.api.wire_faces import bounding_box, compared_face, percent

if TYPE_CHECKING:
    from reknown.biometrics.live import LiveCandidate
    from reknown.biometrics.records import FaceRecord
    from reknown.services.live.record_sinks import SeenRecord

_REGION = "us-east-1"


def stream_record(seen: SeenRecord) -> str:
    """The record of one view of one person, with those whom the person resembles.

    Cameras other than Kinesis video streams have no fragments: the number is that of the live event
    then, which grows from record to record, and the frame is at the very time of its fragment.
    """
    fragment = seen.fragment
    arn = seen.camera if seen.camera.startswith("arn:") else video_stream_arn(_REGION, seen.camera)
    body = {
        "InputInformation": {
            "KinesisVideo": {
                "StreamArn": arn,
                "FragmentNumber": fragment.number,
                "ServerTimestamp": round(fragment.server_timestamp, 3),
                "ProducerTimestamp": round(fragment.producer_timestamp, 3),
                "FrameOffsetInSeconds": fragment.offset_seconds,
            }
        },
        "StreamProcessorInformation": {"Status": "RUNNING"},
        "FaceSearchResponse": [
            {
                "DetectedFace": msgspec.to_builtins(compared_face(seen.face)),
                "MatchedFaces": [
                    _matched(candidate, seen.faces[candidate.face_id])
                    for candidate in seen.event.candidates
                    if candidate.face_id in seen.faces
                ],
            }
        ],
    }
    return msgspec.json.encode(body).decode()


def _matched(candidate: LiveCandidate, face: FaceRecord) -> dict[str, Any]:
    found: dict[str, Any] = {
        "FaceId": face.face_id,
        "BoundingBox": msgspec.to_builtins(bounding_box(face.box)),
        "ImageId": image_id(face.image.sha256),
        "Confidence": percent(face.confidence),
    }
    if face.external_id is not None:
        found["ExternalImageId"] = face.external_id
    # what was watched without a calibration has none
    similar = {} if candidate.similarity is None else {"Similarity": candidate.similarity}
    return similar | {"Face": found}
