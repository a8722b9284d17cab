"""People in a stored video, as code written for Amazon Rekognition finds them, against Reknown.

    reknown serve --buckets BUCKETS/                 # prints the lines to export
    python examples/rekognition_video.py friends films party.mp4

Searches the video BUCKETS/films/party.mp4 for the people of the collection `friends`: starts the
job, asks until it has ended, and reads the result page by page. With a NotificationChannel the
server would send a message instead of being asked (docs/how-to/video-jobs.md). Needs boto3 and the
environment that `reknown serve` prints.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import boto3


def main(collection: str, bucket: str, name: str) -> None:
    """Prints who is seen in the video, and when first."""
    client = boto3.client("rekognition")
    video = {"S3Object": {"Bucket": bucket, "Name": name}}
    job = client.start_face_search(CollectionId=collection, Video=video)["JobId"]
    page = client.get_face_search(JobId=job)
    while page["JobStatus"] == "IN_PROGRESS":
        time.sleep(0.5)
        page = client.get_face_search(JobId=job)
    if page["JobStatus"] == "FAILED":
        sys.exit(f"{name}: {page['StatusMessage']}")

    first: dict[str, tuple[int, float]] = {}
    while True:
        for person in page["Persons"]:
            note(person, first)
        if "NextToken" not in page:
            break
        page = client.get_face_search(JobId=job, NextToken=page["NextToken"])
    print(f"{name}: {page['VideoMetadata']['DurationMillis'] / 1000:.1f} seconds")
    for who, (moment, similarity) in first.items():
        print(f"from {moment / 1000:.1f} s: resembles {who}: {similarity:.1f}")


def note(person: dict[str, Any], first: dict[str, tuple[int, float]]) -> None:
    """Keeps when each face of the collection is first resembled."""
    for match in person.get("FaceMatches", []):
        face = match["Face"]
        who = face.get("ExternalImageId", face["FaceId"])
        first.setdefault(who, (person["Timestamp"], match["Similarity"]))


if __name__ == "__main__":
    main(*sys.argv[1:4])
