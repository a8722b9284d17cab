"""users.py NAME PHOTO: a person of several faces, found by a face, by a person and by an image."""

from __future__ import annotations

import sys
from pathlib import Path

import boto3

name = sys.argv[1]
image = {"Bytes": Path(sys.argv[2]).read_bytes()}
client = boto3.client("rekognition")
client.create_collection(CollectionId=name)
for user in ("one", "two"):
    client.create_user(CollectionId=name, UserId=user)

faces = [
    record["Face"]["FaceId"]
    for record in client.index_faces(CollectionId=name, Image=image)["FaceRecords"]
]
answer = client.associate_faces(
    CollectionId=name, UserId="one", FaceIds=faces[:1], UserMatchThreshold=70
)
print(f"{answer['UserStatus']}: {len(answer['AssociatedFaces'])}")
print(f"not: {len(answer['UnsuccessfulFaceAssociations'])}")

for found in client.list_users(CollectionId=name, MaxResults=10)["Users"]:
    print(f"user {found['UserId']}: {found['UserStatus']}")

by_face = client.search_users(CollectionId=name, FaceId=faces[0])
print(f"by face {by_face['SearchedFace']['FaceId']}: {by_face['UserMatches'][0]['User']['UserId']}")
by_user = client.search_users(CollectionId=name, UserId="one")
print(f"by user {by_user['SearchedUser']['UserId']}: {len(by_user['UserMatches'])}")
by_image = client.search_users_by_image(CollectionId=name, Image=image, UserMatchThreshold=70)
box = by_image["SearchedFace"]["FaceDetail"]["BoundingBox"]
match = by_image["UserMatches"][0]
print(f"by image: {match['User']['UserId']} {match['Similarity']:.1f} at {box['Left']:.2f}")
print(f"smaller faces: {[face['Reasons'] for face in by_image['UnsearchedFaces']]}")

refused = client.delete_faces(CollectionId=name, FaceIds=faces)["UnsuccessfulFaceDeletions"]
print(f"kept: {refused[0]['Reasons']} of {refused[0]['UserId']}")
client.disassociate_faces(CollectionId=name, UserId="one", FaceIds=faces[:1])
for user in ("one", "two"):
    client.delete_user(CollectionId=name, UserId=user)
client.delete_collection(CollectionId=name)
