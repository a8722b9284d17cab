"""search_collection.py NAME BUCKET GROUP PERSON: stores faces, finds one of them, deletes them."""

from __future__ import annotations

import sys

import boto3

name, bucket, group, person = sys.argv[1:]
client = boto3.client("rekognition")
client.create_collection(CollectionId=name)

indexed = client.index_faces(
    CollectionId=name,
    Image={"S3Object": {"Bucket": bucket, "Name": group}},
    ExternalImageId=group,
    MaxFaces=1,
    QualityFilter="AUTO",
    DetectionAttributes=["ALL"],
)
for record in indexed["FaceRecords"]:
    print(f"stored: {record['Face']['FaceId']} {record['Face']['BoundingBox']['Width']:.2f}")
    print(f"sharpness: {record['FaceDetail']['Quality']['Sharpness']:.0f}")
for left_out in indexed["UnindexedFaces"]:
    print(f"left out: {' '.join(left_out['Reasons'])}")
    print(f"its box: {left_out['FaceDetail']['BoundingBox']['Width']:.2f}")

faces: list[str] = []
answer = client.list_faces(CollectionId=name, MaxResults=10)
while True:
    for face in answer["Faces"]:
        faces.append(face["FaceId"])
        print(f"listed: {face['FaceId']} of {face['ExternalImageId']} {face['ImageId']}")
    if "NextToken" not in answer:
        break
    answer = client.list_faces(CollectionId=name, NextToken=answer["NextToken"], MaxResults=10)

found = client.search_faces_by_image(
    CollectionId=name,
    Image={"S3Object": {"Bucket": bucket, "Name": person}},
    FaceMatchThreshold=70,
    MaxFaces=2,
)
print(f"searched: {found['SearchedFaceConfidence']:.1f}")
for match in found["FaceMatches"]:
    print(f"match: {match['Face']['FaceId']} {match['Similarity']:.2f}%")

similar = client.search_faces(CollectionId=name, FaceId=faces[0], FaceMatchThreshold=70, MaxFaces=2)
print(f"like {similar['SearchedFaceId']}: {len(similar['FaceMatches'])}")

deleted = client.delete_faces(CollectionId=name, FaceIds=faces)
print(f"deleted: {' '.join(deleted['DeletedFaces'])}")
client.delete_collection(CollectionId=name)
