"""stored_video.py COLLECTION BUCKET VIDEO: who is seen, asked until the job has ended."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

collection, bucket, name = sys.argv[1:]
client = boto3.client("rekognition")
video = {"S3Object": {"Bucket": bucket, "Name": name}}


def results(get: Callable[..., dict[str, Any]], job: str) -> Iterator[dict[str, Any]]:
    """Page after page, from an empty token to none."""
    while get(JobId=job, MaxResults=1)["JobStatus"] == "IN_PROGRESS":
        time.sleep(0.2)
    token, more = "", True
    while more:
        page = get(JobId=job, MaxResults=10, NextToken=token)
        print(f"{page['JobStatus']}: {page['VideoMetadata']['Codec']}")
        yield page
        token = page.get("NextToken", "")
        more = "NextToken" in page


for page in results(
    client.get_face_search,
    client.start_face_search(Video=video, CollectionId=collection)["JobId"],
):
    for entry in page["Persons"]:
        print(f"person: {entry['Timestamp']} {entry['Person']['Index']}")
        for match in entry.get("FaceMatches", []):
            print(f"found: {entry['Timestamp']} {match['Face']['ExternalImageId']}")
