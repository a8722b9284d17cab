"""detect_faces.py BUCKET PHOTO: reads every attribute of every face, none of them guarded."""

from __future__ import annotations

import sys

import boto3

bucket, photo = sys.argv[1:]
client = boto3.client("rekognition", region_name="us-east-1")
image = {"S3Object": {"Bucket": bucket, "Name": photo}}
for face in client.detect_faces(Image=image, Attributes=["ALL"])["FaceDetails"]:
    print(f"age: {face['AgeRange']['Low']} to {face['AgeRange']['High']}")
    print(f"gender: {face['Gender']['Value']} ({face['Gender']['Confidence']:.1f})")
    for name in ("Smile", "Eyeglasses", "Sunglasses", "Beard", "Mustache", "EyesOpen", "MouthOpen"):
        print(f"{name}: {face[name]['Value']} ({face[name]['Confidence']:.1f})")
    print(f"covered: {face['FaceOccluded']['Value']}")
    print(f"gaze: {face['EyeDirection']['Yaw']:.0f} {face['EyeDirection']['Pitch']:.0f}")
    for emotion in face["Emotions"]:
        print(f"{emotion['Type']}: {emotion['Confidence']:.1f}")
    print(f"landmarks: {len(face['Landmarks'])}")
