"""Stream processors: what an application of Amazon's sees of cameras that are watched."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

import callers
from reknown.api.registry import HANDLERS
from servers import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Server

_VIDEO = "arn:aws:kinesisvideo:us-east-1:123456789012:stream/door/1530559711205"
_DATA = "arn:aws:kinesis:us-east-1:123456789012:stream/seen"
_ROLE = "arn:aws:iam::123456789012:role/streams"
_BOX = {"BoundingBox": {"Left": 0.25, "Top": 0.0, "Width": 0.5, "Height": 1.0}}
_TRIANGLE = {"Polygon": [{"X": 0.0, "Y": 0.0}, {"X": 1.0, "Y": 0.0}, {"X": 0.5, "Y": 1.0}]}


def request(name: str, collection: str, **more: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "Input": {"KinesisVideoStream": {"Arn": _VIDEO}},
        "Output": {},
        "Settings": {"FaceSearch": {"CollectionId": collection}},
        "RoleArn": _ROLE,
        **more,
    }


@pytest.fixture
def stream(client: Any, collection: str) -> Iterator[str]:
    """A stream processor that is stopped; deleted afterwards, as there may be a hundred."""
    name = f"stream-{uuid4()}"
    client.create_stream_processor(**request(name, collection))
    yield name
    with suppress(ClientError):
        client.stop_stream_processor(Name=name)
    with suppress(ClientError):
        client.delete_stream_processor(Name=name)


def _refused(code: str, call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    assert error["Code"] == code
    return str(error["Message"])


def test_one_is_made_described_and_deleted(client: Any, collection: str) -> None:
    name = f"stream-{uuid4()}"
    before = datetime.now(UTC)
    zones = [_BOX, _TRIANGLE]
    asked = request(
        name,
        collection,
        RegionsOfInterest=zones,
        Tags={"floor": "2"},
        DataSharingPreference={"OptIn": False},
    )
    asked["Settings"]["FaceSearch"]["FaceMatchThreshold"] = 92.5
    made = client.create_stream_processor(**asked)["StreamProcessorArn"]
    assert made == f"arn:aws:rekognition:eu-west-1:000000000000:streamprocessor/{name}"
    found = client.describe_stream_processor(Name=name)
    del found["ResponseMetadata"]
    for when in ("CreationTimestamp", "LastUpdateTimestamp"):
        assert abs(found.pop(when) - before) < timedelta(seconds=30)
    assert found == {
        "Name": name,
        "StreamProcessorArn": made,
        "Status": "STOPPED",
        "Input": asked["Input"],
        "Output": {},
        "RoleArn": _ROLE,
        "Settings": asked["Settings"],
        "RegionsOfInterest": zones,
        "DataSharingPreference": {"OptIn": False},
    }
    assert client.list_tags_for_resource(ResourceArn=made)["Tags"] == {"floor": "2"}
    client.delete_stream_processor(Name=name)
    text = _refused("ResourceNotFoundException", client.describe_stream_processor, Name=name)
    assert name in text


def test_records_go_into_the_buckets_of_the_operator_and_no_others(
    tmp_path: Path, cache_folder: Path
) -> None:
    (tmp_path / "buckets").mkdir()
    options = ("--buckets", tmp_path / "buckets", "--record-bucket", "seen")
    with serving(tmp_path / "data", *options, REKNOWN_CACHE=str(cache_folder)) as server:
        client = callers.distinct(server.client(**callers.NO_RETRIES))
        client.create_collection(CollectionId="friends")
        for number, more in enumerate(({}, {"KeyPrefix": ""}, {"KeyPrefix": "cameras/hall/"})):
            output = {"S3Destination": {"Bucket": "seen", **more}}
            asked = request(f"stream-{number}", "friends", Output=output)
            client.create_stream_processor(**asked)
            found = client.describe_stream_processor(Name=asked["Name"])
            assert found["Output"] == output
            assert "KmsKeyId" not in found
        for place, words, more in (
            ({"Bucket": "others"}, "bucket 'others' may not be written into", {}),
            ({"Bucket": "seen", "KeyPrefix": "../others"}, "cannot be put there", {}),
            ({"Bucket": "seen", "KeyPrefix": "k" * 1024}, "1,024 bytes at most", {}),
            ({"Bucket": "seen"}, "leave KmsKeyId out", {"KmsKeyId": "alias/seen"}),
        ):
            asked = request("stream", "friends", Output={"S3Destination": place}, **more)
            call = client.create_stream_processor
            assert words in _refused("InvalidParameterException", call, **asked)


def test_thresholds_below_80_are_80_as_at_amazon(client: Any, collection: str) -> None:
    for threshold, kept in ((None, 80.0), (0.0, 80.0), (79.9, 80.0), (99.0, 99.0)):
        asked = request(f"stream-{uuid4()}", collection)
        if threshold is not None:
            asked["Settings"]["FaceSearch"]["FaceMatchThreshold"] = threshold
        client.create_stream_processor(**asked)
        found = client.describe_stream_processor(Name=asked["Name"])
        assert found["Settings"]["FaceSearch"]["FaceMatchThreshold"] == kept
        client.delete_stream_processor(Name=asked["Name"])


def test_a_name_is_taken_once(client: Any, stream: str, collection: str) -> None:
    again = request(stream, collection)
    text = _refused("ResourceInUseException", client.create_stream_processor, **again)
    assert "already exists" in text


def test_without_its_collection_none_is_made(client: Any, name: str) -> None:
    asked = request(f"stream-{uuid4()}", name)
    text = _refused("InvalidParameterException", client.create_stream_processor, **asked)
    assert text == f"The collection id: {name} does not exist"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Settings": {"ConnectedHome": {"Labels": ["PERSON"]}}}, "takes FaceSearch"),
        ({"Settings": {}}, "needs FaceSearch with a CollectionId"),
        ({"Settings": {"FaceSearch": {}}}, "needs FaceSearch with a CollectionId"),
        ({"Input": {}}, "needs KinesisVideoStream"),
        ({"Input": {"KinesisVideoStream": {}}}, "needs KinesisVideoStream"),
        ({"Input": {"KinesisVideoStream": {"Arn": _VIDEO + "9" * 250}}}, "256 characters"),
        ({"Output": {"KinesisDataStream": {"Arn": _DATA}}}, "--kinesis-endpoint"),
        ({"Output": {"S3Destination": {"Bucket": "seen"}}}, "--record-bucket"),
        ({"Output": {"S3Destination": {"KeyPrefix": "seen"}}}, "S3Destination needs a Bucket"),
        (
            {
                "Output": {
                    "KinesisDataStream": {"Arn": _DATA},
                    "S3Destination": {"Bucket": "seen"},
                }
            },
            "either KinesisDataStream or S3Destination",
        ),
        ({"KmsKeyId": "a"}, "KmsKeyId is for records that S3Destination puts into a bucket"),
        (
            {"NotificationChannel": {"SNSTopicArn": "arn:aws:sns:eu-west-1:123456789012:a"}},
            "NotificationChannel belongs to ConnectedHome",
        ),
        ({"DataSharingPreference": {"OptIn": True}}, "shares nothing"),
        ({"RegionsOfInterest": [{}]}, "either a bounding box or a polygon"),
        ({"RegionsOfInterest": [{**_BOX, **_TRIANGLE}]}, "either a bounding box or a polygon"),
        ({"RegionsOfInterest": [{"Polygon": _TRIANGLE["Polygon"][:2]}]}, "3 to 10 points"),
        ({"RegionsOfInterest": [{"BoundingBox": {}}]}, "a width and a height"),
        (
            {"RegionsOfInterest": [{"BoundingBox": {"Left": 0.6, "Width": 0.5, "Height": 1.0}}]},
            "within the picture",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(
    client: Any, collection: str, change: dict[str, Any], words: str
) -> None:
    asked = {**request(f"stream-{uuid4()}", collection), **change}
    assert words in _refused("InvalidParameterException", client.create_stream_processor, **asked)


def test_it_waits_for_a_worker_until_it_is_stopped(client: Any, stream: str) -> None:
    session = client.start_stream_processor(Name=stream)["SessionId"]
    assert session
    found = client.describe_stream_processor(Name=stream)
    assert found["Status"] == "STARTING"
    assert "waits for a worker" in found["StatusMessage"]
    for call in (client.start_stream_processor, client.delete_stream_processor):
        assert "is STARTING: stop it" in _refused("ResourceInUseException", call, Name=stream)
    client.stop_stream_processor(Name=stream)
    assert client.describe_stream_processor(Name=stream)["Status"] == "STOPPED"
    text = _refused("ResourceInUseException", client.stop_stream_processor, Name=stream)
    assert "nothing to stop" in text
    assert client.start_stream_processor(Name=stream)["SessionId"] != session


def test_selectors_are_for_labels(client: Any, stream: str) -> None:
    selector = {"KVSStreamStartSelector": {"ProducerTimestamp": 1}}
    start = client.start_stream_processor
    both: dict[str, Any] = {"StartSelector": selector, "StopSelector": {"MaxDurationInSeconds": 10}}
    for name, value in both.items():
        text = _refused("InvalidParameterException", start, Name=stream, **{name: value})
        assert text.startswith(f"{name} belongs to ConnectedHome")


def test_regions_are_changed_while_it_is_stopped(client: Any, stream: str) -> None:
    update = client.update_stream_processor
    update(Name=stream, RegionsOfInterestForUpdate=[_BOX])
    assert client.describe_stream_processor(Name=stream)["RegionsOfInterest"] == [_BOX]
    update(Name=stream, ParametersToDelete=["RegionsOfInterest"])
    assert "RegionsOfInterest" not in client.describe_stream_processor(Name=stream)
    update(Name=stream, DataSharingPreferenceForUpdate={"OptIn": False})
    found = client.describe_stream_processor(Name=stream)
    assert found["DataSharingPreference"] == {"OptIn": False}
    for more in (
        {},
        {"RegionsOfInterestForUpdate": [_BOX], "ParametersToDelete": ["RegionsOfInterest"]},
        {"SettingsForUpdate": {"ConnectedHomeForUpdate": {"MinConfidence": 50.0}}},
        {"ParametersToDelete": ["ConnectedHomeMinConfidence"]},
        {"DataSharingPreferenceForUpdate": {"OptIn": True}},
    ):
        _refused("InvalidParameterException", update, Name=stream, **more)
    client.start_stream_processor(Name=stream)
    _refused("ResourceInUseException", update, Name=stream, RegionsOfInterestForUpdate=[_BOX])


def test_to_look_through_a_camera_takes_a_right_of_its_own_and_a_worker(
    client: Any, stream: str, server: Server
) -> None:
    client.start_stream_processor(Name=stream)
    sight = client.reknown_look_through_camera(Name=stream)
    assert sight["Status"] == "STARTING"
    assert "waits for a worker" in sight["StatusMessage"]
    assert "Picture" not in sight
    key = callers.key(server, "--operation", "*")
    look = server.client(key, **callers.NO_RETRIES).reknown_look_through_camera
    assert "ReknownLookThroughCamera" in _refused("AccessDeniedException", look, Name=stream)


def test_what_is_not_there_is_not_found(client: Any) -> None:
    calls: dict[str, dict[str, Any]] = {
        "DescribeStreamProcessor": {},
        "StartStreamProcessor": {},
        "StopStreamProcessor": {},
        "UpdateStreamProcessor": {"RegionsOfInterestForUpdate": [_BOX]},
        "DeleteStreamProcessor": {},
        "ReknownLookThroughCamera": {},
    }
    for operation, more in calls.items():
        call = getattr(client, xform_name(operation))
        assert "nobody" in _refused("ResourceNotFoundException", call, Name="nobody", **more)
    arn = "arn:aws:rekognition:eu-west-1:000000000000:streamprocessor/nobody"
    _refused("ResourceNotFoundException", client.list_tags_for_resource, ResourceArn=arn)


def test_tags_are_set_and_removed(client: Any, stream: str) -> None:
    arn = client.describe_stream_processor(Name=stream)["StreamProcessorArn"]
    client.tag_resource(ResourceArn=arn, Tags={"floor": "1", "wing": "east"})
    client.tag_resource(ResourceArn=arn, Tags={"floor": "2"})
    client.untag_resource(ResourceArn=arn, TagKeys=["wing", "other"])
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"floor": "2"}
    many = {f"k{number}": "" for number in range(200)}
    _refused("ServiceQuotaExceededException", client.tag_resource, ResourceArn=arn, Tags=many)
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"floor": "2"}


def test_they_are_listed_page_by_page(client: Any, collection: str) -> None:
    names = [f"stream-{number}-{uuid4()}" for number in range(5)]
    for name in names:
        client.create_stream_processor(**request(name, collection))
    pages = list(
        client.get_paginator("list_stream_processors").paginate(PaginationConfig={"PageSize": 2})
    )
    listed = [one["Name"] for page in pages for one in page["StreamProcessors"]]
    assert [name for name in listed if name in names] == names
    assert len(set(listed)) == len(listed)
    assert "NextToken" not in pages[-1]
    other = client.list_collections(MaxResults=1)["NextToken"]
    call = client.list_stream_processors
    _refused("InvalidPaginationTokenException", call, NextToken=other)
    first, again = (call(MaxResults=2, **token) for token in ({}, {"NextToken": ""}))
    assert again["StreamProcessors"] == first["StreamProcessors"]
    for name in names:
        client.delete_stream_processor(Name=name)


def test_a_key_for_other_collections_sees_none_of_it(
    server: Server, stream: str, collection: str
) -> None:
    look = ("--operation", "ReknownLookThroughCamera")
    options = (*look, "--operation", "*", "--collection", "other-*")
    other = server.client(callers.key(server, *options), **callers.NO_RETRIES)
    arn = f"arn:aws:rekognition:eu-west-1:000000000000:streamprocessor/{stream}"
    for call, more in (
        (other.describe_stream_processor, {"Name": stream}),
        (other.start_stream_processor, {"Name": stream}),
        (other.stop_stream_processor, {"Name": stream}),
        (other.reknown_look_through_camera, {"Name": stream}),
        (other.update_stream_processor, {"Name": stream, "RegionsOfInterestForUpdate": [_BOX]}),
        (other.delete_stream_processor, {"Name": stream}),
        (other.create_stream_processor, request(f"stream-{uuid4()}", collection)),
        (other.list_tags_for_resource, {"ResourceArn": arn}),
        (other.tag_resource, {"ResourceArn": arn, "Tags": {"a": "1"}}),
    ):
        _refused("AccessDeniedException", call, **more)
    refused = [row["record"] for row in callers.ledger(server) if row["kind"] == "refused"]
    assert [each.get("watch") for each in refused].count(stream) == 8
    assert other.list_stream_processors()["StreamProcessors"] == []


def test_what_the_policy_refuses_is_not_started(client: Any, stream: str, collection: str) -> None:
    client.reknown_put_policy(CollectionId=collection, Policy="least_similarity = 95")
    _refused("AccessDeniedException", client.start_stream_processor, Name=stream)
    assert client.describe_stream_processor(Name=stream)["Status"] == "STOPPED"
    client.reknown_put_policy(CollectionId=collection, Policy="")
    client.start_stream_processor(Name=stream)


def test_a_watch_outlives_its_collection_and_is_not_started(client: Any, stream: str) -> None:
    found = client.describe_stream_processor(Name=stream)
    client.delete_collection(CollectionId=found["Settings"]["FaceSearch"]["CollectionId"])
    assert client.describe_stream_processor(Name=stream)["Status"] == "STOPPED"
    _refused("ResourceNotFoundException", client.start_stream_processor, Name=stream)


def test_every_operation_leaves_one_row(server: Server, name: str) -> None:
    look = "ReknownLookThroughCamera"
    key = callers.key(server, "--operation", look, "--operation", "*")
    own = callers.distinct(server.client(key, **callers.NO_RETRIES))
    own.create_collection(CollectionId=name)
    named = {"Name": f"stream-{uuid4()}"}
    calls: dict[str, dict[str, Any]] = {
        "CreateStreamProcessor": request(named["Name"], name),
        "ListStreamProcessors": {},
        "DescribeStreamProcessor": named,
        "UpdateStreamProcessor": {**named, "RegionsOfInterestForUpdate": [_BOX]},
        "StartStreamProcessor": named,
        look: named,
        "StopStreamProcessor": named,
        "DeleteStreamProcessor": named,
    }
    streams = {operation for operation in HANDLERS if "StreamProcessor" in operation}
    assert set(calls) == streams | {look}
    done = {
        operation: getattr(own, xform_name(operation))(**parameters)
        for operation, parameters in calls.items()
    }
    rows = {row["request_id"]: row for row in callers.ledger(server)}
    for operation, answer in done.items():
        row = rows[answer["ResponseMetadata"]["RequestId"]]
        # no worker has it, so nobody saw anything
        action = "read watch" if operation == look else HANDLERS[operation].action
        assert (row["operation"], row["actor"]) == (action, f"key:{key[0]}")
        listed = operation == "ListStreamProcessors"
        assert row["collection"] == (None if listed else name)
        assert listed or row["record"]["watch"] == named["Name"]
