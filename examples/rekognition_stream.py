"""Who comes before a camera, with Amazon's own client: a stream processor and its records.

    reknown serve --kinesis-endpoint URL
    reknown worker --streams 1 --cameras cameras.toml --kinesis-endpoint URL
    AWS_ENDPOINT_URL_REKOGNITION=http://127.0.0.1:8080 AWS_ENDPOINT_URL_KINESIS=URL \\
        python rekognition_stream.py front-door staff seen

At Amazon the same program runs without the two endpoints, with the number of your own account.
"""

import json
import sys
import time

import boto3

ACCOUNT = "000000000000"


def watch(camera: str, collection: str, stream: str, seconds: float = 60.0) -> None:
    """Prints who is seen in that time, then ends the stream processor and deletes it."""
    rekognition, kinesis = boto3.client("rekognition"), boto3.client("kinesis")
    region = rekognition.meta.region_name
    name = f"{camera}-{collection}"
    rekognition.create_stream_processor(
        Name=name,
        Input={
            "KinesisVideoStream": {
                "Arn": f"arn:aws:kinesisvideo:{region}:{ACCOUNT}:stream/{camera}/1"
            }
        },
        Output={
            "KinesisDataStream": {"Arn": f"arn:aws:kinesis:{region}:{ACCOUNT}:stream/{stream}"}
        },
        Settings={"FaceSearch": {"CollectionId": collection, "FaceMatchThreshold": 85.0}},
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/streams",
    )
    rekognition.start_stream_processor(Name=name)
    try:
        for record in records(kinesis, stream, time.monotonic() + seconds):
            for seen in record["FaceSearchResponse"]:
                print(who(seen["MatchedFaces"]))
        found = rekognition.describe_stream_processor(Name=name)
        print(found["Status"], found.get("StatusMessage", ""))
    finally:
        end(rekognition, name)


def records(kinesis, stream: str, until: float):
    """The records that are put into the stream from now on, until then."""
    shards = kinesis.list_shards(StreamName=stream)["Shards"]
    iterators = [
        kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="LATEST"
        )["ShardIterator"]
        for shard in shards
    ]
    while time.monotonic() < until:
        for number, iterator in enumerate(iterators):
            found = kinesis.get_records(ShardIterator=iterator)
            iterators[number] = found["NextShardIterator"]
            yield from (json.loads(record["Data"]) for record in found["Records"])
        time.sleep(0.5)


def who(matches) -> str:
    """The best candidate in words; a candidate is for a person to check."""
    if not matches:
        return "somebody who is not in the collection"
    best = max(matches, key=lambda match: match["Similarity"])
    name = best["Face"].get("ExternalImageId", best["Face"]["FaceId"])
    return f"perhaps {name}: similarity {best['Similarity']:.1f}"


def end(rekognition, name: str) -> None:
    """Stops it unless it has ended, waits for that, and deletes it."""
    if rekognition.describe_stream_processor(Name=name)["Status"] in {"STARTING", "RUNNING"}:
        rekognition.stop_stream_processor(Name=name)
    while rekognition.describe_stream_processor(Name=name)["Status"] == "STOPPING":
        time.sleep(0.5)
    rekognition.delete_stream_processor(Name=name)


if __name__ == "__main__":
    watch(*sys.argv[1:4], *map(float, sys.argv[4:]))
