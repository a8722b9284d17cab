"""manage_collections.py NAME: makes a collection, describes and lists it, and removes it twice."""

from __future__ import annotations

import sys
from typing import Any

import boto3
from botocore.exceptions import ClientError

name = sys.argv[1]
client = boto3.client("rekognition", region_name="ap-south-1")

created = client.create_collection(CollectionId=name)
print(f"created: {created['CollectionArn']} {created['StatusCode']}")
try:
    client.create_collection(CollectionId=name, Tags={"again": "yes"})
except client.exceptions.ResourceAlreadyExistsException as error:
    print(f"exists: {error.response['Error']['Message']}")

described = client.describe_collection(CollectionId=name)
print(f"faces: {described['FaceCount']}, model {described['FaceModelVersion']}")
print(f"arn: {described['CollectionARN']}, since {described['CreationTimestamp']:%Y}")

names: list[str] = []
page: dict[str, Any] = client.list_collections(MaxResults=2)
while True:
    names += page["CollectionIds"]
    if "NextToken" not in page:
        break
    page = client.list_collections(NextToken=page["NextToken"], MaxResults=2)
print(f"listed: {name in names}")

print(f"deleted: {client.delete_collection(CollectionId=name)['StatusCode']}")
try:
    client.delete_collection(CollectionId=name)
except ClientError as error:
    if error.response["Error"]["Code"] != "ResourceNotFoundException":
        raise
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    print(f"gone: {status} {error.response['Error']['Message']}")
