"""celebrities.py PHOTO: who is known, and how many others there are."""

from __future__ import annotations

import sys
from pathlib import Path

import boto3

client = boto3.client("rekognition")
answer = client.recognize_celebrities(Image={"Bytes": Path(sys.argv[1]).read_bytes()})
for celebrity in answer["CelebrityFaces"]:
    print(f"name: {celebrity['Name']} {celebrity['Id']}")
    print(f"gender: {celebrity['KnownGender']['Type']}")
    print(f"left: {celebrity['Face']['BoundingBox']['Left']:.2f}")
    for url in celebrity["Urls"]:
        print(f"url: {url}")
    print(f"info: {client.get_celebrity_info(Id=celebrity['Id'])['Name']}")
print(f"others: {len(answer['UnrecognizedFaces'])}")
