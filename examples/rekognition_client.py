"""Code written for Amazon Rekognition, word for word, against Reknown.

    reknown serve                                   # prints the lines to export
    python examples/rekognition_client.py friends eileen.jpg photo.jpg

Makes a collection, indexes the faces of the first image, and searches the collection for
the largest face of the second one. Needs boto3 and the environment that `reknown serve` prints.
"""

from __future__ import annotations

import sys
from pathlib import Path

import boto3


def main(collection: str, known: Path, unknown: Path) -> None:
    """Indexes `known` and searches for `unknown`; prints what comes of it."""
    client = boto3.client("rekognition")
    try:
        client.create_collection(CollectionId=collection)
    except client.exceptions.ResourceAlreadyExistsException:
        print(f"{collection} is there already")

    indexed = client.index_faces(
        CollectionId=collection,
        Image={"Bytes": known.read_bytes()},
        ExternalImageId=known.stem,
        MaxFaces=1,
    )
    for record in indexed["FaceRecords"]:
        print(f"indexed {record['Face']['FaceId']} from {known.name}")
    for refused in indexed["UnindexedFaces"]:
        print(f"not indexed: {', '.join(refused['Reasons'])}")

    found = client.search_faces_by_image(
        CollectionId=collection, Image={"Bytes": unknown.read_bytes()}, FaceMatchThreshold=90
    )
    if not found["FaceMatches"]:
        print(f"nobody in {collection} resembles the largest face of {unknown.name}")
    for match in found["FaceMatches"]:
        face = match["Face"]
        print(f"{unknown.name} resembles {face['ExternalImageId']}: {match['Similarity']:.1f}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
