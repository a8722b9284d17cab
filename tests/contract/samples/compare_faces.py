"""compare_faces.py SOURCE TARGET: who in the second image is the person of the first."""

from __future__ import annotations

import sys

import boto3
from botocore.exceptions import ClientError

source, target = sys.argv[1:]
client = boto3.client("rekognition")


def compare(one: str, other: str) -> None:
    """Prints each face of the other image."""
    with open(one, "rb") as first, open(other, "rb") as second:
        answer = client.compare_faces(
            SimilarityThreshold=80,
            SourceImage={"Bytes": first.read()},
            TargetImage={"Bytes": second.read()},
        )
    print(f"source: {answer['SourceImageFace']['Confidence']:.1f}")
    for match in answer["FaceMatches"]:
        box = match["Face"]["BoundingBox"]
        print(f"same: {match['Similarity']:.1f} at {box['Left']:.2f} {box['Top']:.2f}")
    for face in answer["UnmatchedFaces"]:
        print(f"another: at {face['BoundingBox']['Left']:.2f} {face['BoundingBox']['Top']:.2f}")


compare(source, target)
# a program is no image
try:
    compare(sys.argv[0], target)
except ClientError as error:
    print(f"refused: {error.response['Error']['Code']}")
