"""detect_text.py PHOTO: lines and words."""

from __future__ import annotations

import sys
from pathlib import Path

import boto3

client = boto3.client("rekognition")
answer = client.detect_text(Image={"Bytes": Path(sys.argv[1]).read_bytes()})
for text in answer["TextDetections"]:
    print(f"{text['Type']} {text['Id']}: {text['DetectedText']} ({text['Confidence']:.2f}%)")
    if "ParentId" in text:
        print(f"in line {text['ParentId']}")
    print(f"corners: {len(text['Geometry']['Polygon'])}")
print(f"found: {len(answer['TextDetections'])}")
