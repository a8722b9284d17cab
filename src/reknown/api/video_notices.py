"""Notices to a topic or webhook when a job ends, in Amazon's words."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from reknown.services.videos.job_records import Task, request_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.services.videos.jobs import Job, State

STARTED_BY: Mapping[Task, str] = {
    Task.FACES: "StartFaceDetection",
    Task.SEARCH: "StartFaceSearch",
    Task.PERSONS: "StartPersonTracking",
    Task.CELEBRITIES: "StartCelebrityRecognition",
    Task.TEXT: "StartTextDetection",
}


def notice(job: Job, state: State) -> str:
    """The body of the message; its time is now.

    https://docs.aws.amazon.com/rekognition/latest/dg/video-notification-payload.html
    """
    what = request_of(job)
    body = {
        "JobId": job.job_id,
        "Status": state.value,
        "API": STARTED_BY[Task(job.kind)],
        **({} if what.tag is None else {"JobTag": what.tag}),
        "Timestamp": int(1000 * time.time()),
        "Video": {"S3ObjectName": what.place.key, "S3Bucket": what.place.bucket},
    }
    return json.dumps(body)
