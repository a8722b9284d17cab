"""identity.py SELFIE DOCUMENT: is a selfie fit to be stored, and whose document is it?"""

from __future__ import annotations

import sys
from pathlib import Path

import boto3

selfie, document = ({"Bytes": Path(path).read_bytes()} for path in sys.argv[1:])
client = boto3.client("rekognition")
faces = client.detect_faces(Image=selfie, Attributes=["ALL"])["FaceDetails"]
print(f"faces: {len(faces)}")
face = faces[0]
checks = {
    "one face": len(faces) == 1,
    "no sunglasses": not face["Sunglasses"]["Value"],
    "eyes open": face["EyesOpen"]["Value"],
    "mouth closed": not face["MouthOpen"]["Value"],
    "nothing before it": not face["FaceOccluded"]["Value"],
    "looks ahead": max(abs(face["Pose"][turn]) for turn in ("Yaw", "Pitch")) < 45,
    "bright": face["Quality"]["Brightness"] > 20,
    "sharp": face["Quality"]["Sharpness"] > 20,
}
for check, passed in checks.items():
    print(f"{check}: {bool(passed)}")
answer = client.compare_faces(SourceImage=document, TargetImage=selfie, SimilarityThreshold=90)
print(f"the same person: {bool(answer['FaceMatches'])}")
