from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest

from reknown.api.video_notices import notice
from reknown.jobs.queue import Job, State
from reknown.services.videos.job_records import JobRequest, ObjectPlace, Task, write


def _job(task: Task, wanted: JobRequest) -> Job:
    now = datetime.now(UTC)
    return Job(
        1, "ab" * 32, task.value, "ada", None, write(wanted), State.OPEN, None, None, now, None
    )


@pytest.mark.parametrize(
    ("task", "api"),
    [
        (Task.FACES, "StartFaceDetection"),
        (Task.SEARCH, "StartFaceSearch"),
        (Task.PERSONS, "StartPersonTracking"),
        (Task.CELEBRITIES, "StartCelebrityRecognition"),
        (Task.TEXT, "StartTextDetection"),
    ],
)
def test_the_message_is_amazons(task: Task, api: str) -> None:
    place = ObjectPlace("media", "clips/né.mp4", "version")
    body = json.loads(notice(_job(task, JobRequest(place, tag="mine")), State.FAILED))
    assert abs(body.pop("Timestamp") - 1000 * time.time()) < 10_000
    assert body == {
        "JobId": "ab" * 32,
        "Status": "FAILED",
        "API": api,
        "JobTag": "mine",
        "Video": {"S3ObjectName": "clips/né.mp4", "S3Bucket": "media"},
    }


def test_a_job_without_a_tag_has_none_in_the_message() -> None:
    body = json.loads(notice(_job(Task.FACES, JobRequest(ObjectPlace("b", "k"))), State.SUCCEEDED))
    assert "JobTag" not in body
    assert body["Status"] == "SUCCEEDED"
