"""face_boxes.py PHOTO: where faces are in pixels, and what is said of them without being asked."""

from __future__ import annotations

import sys
from pathlib import Path

import boto3
from PIL import Image, ImageDraw

photo = Path(sys.argv[1])
client = boto3.client("rekognition", region_name="us-west-2")
answer = client.detect_faces(Image={"Bytes": photo.read_bytes()})
with Image.open(photo) as image:
    draw = ImageDraw.Draw(image)
    for face in answer["FaceDetails"]:
        box = face["BoundingBox"]
        left, top = box["Left"] * image.width, box["Top"] * image.height
        right = left + box["Width"] * image.width
        bottom = top + box["Height"] * image.height
        draw.rectangle((left, top, right, bottom), outline="lime")
        print(f"face: {left:.0f} {top:.0f} {right:.0f} {bottom:.0f} ({face['Confidence']:.1f})")
        pose, quality = face["Pose"], face["Quality"]
        print(f"pose: {pose['Roll']:.0f} {pose['Yaw']:.0f} {pose['Pitch']:.0f}")
        print(f"quality: {quality['Brightness']:.0f} {quality['Sharpness']:.0f}")
        for point in face["Landmarks"]:
            print(f"{point['Type']}: {point['X']:.3f} {point['Y']:.3f}")
print(f"orientation: {answer.get('OrientationCorrection', 'of the image itself')}")
