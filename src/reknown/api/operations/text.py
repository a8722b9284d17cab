"""Text in images and stored videos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.names import text_model_version
from reknown.api.operations.videos import each, read_as, start
from reknown.api.wire_images import read_image
from reknown.api.wire_text import text_detection, wanted_words
from reknown.biometrics.words import numbered
from reknown.services.images.text import read_text
from reknown.services.videos.job_records import SeenText, Task

if TYPE_CHECKING:
    from reknown.api.call import Call


def detect_text(call: Call, request: shapes.DetectTextRequest) -> shapes.DetectTextResponse:
    """Lines, and their words."""
    wanted = wanted_words(request.filters)
    found = read_text(call.context, read_image(call, request.image), wanted)
    return shapes.DetectTextResponse(
        text_detections=tuple(map(text_detection, numbered(found.lines))),
        text_model_version=text_model_version(found.model),
    )


def start_text_detection(
    call: Call, request: shapes.StartTextDetectionRequest
) -> shapes.StartTextDetectionResponse:
    """All text, frame by frame."""
    job_id = start(call, Task.TEXT, request, words=wanted_words(request.filters))
    return shapes.StartTextDetectionResponse(job_id=job_id)


def get_text_detection(
    call: Call, request: shapes.GetTextDetectionRequest
) -> shapes.GetTextDetectionResponse:
    """In order of time; of each frame the lines, and then their words."""
    answer = read_as(call, Task.TEXT, request, None, SeenText)
    info = answer.found.info
    model = None if info is None else info.text_model
    return shapes.GetTextDetectionResponse(
        job_status=answer.status,
        status_message=answer.found.job.message,
        video_metadata=answer.metadata,
        next_token=answer.next_token,
        text_detections=each(
            answer,
            lambda seen: shapes.TextDetectionResult(
                timestamp=seen.time_ms, text_detection=text_detection(seen.found)
            ),
        ),
        text_model_version=None if model is None else text_model_version(model),
        job_id=answer.found.job.job_id,
        video=answer.video,
        job_tag=answer.found.wanted.tag,
    )
