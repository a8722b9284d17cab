from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from moto_server import KEY_ID, SECRET, moto_server
from reknown.biometrics.errors import NotifyError, RefusedNotifyError
from reknown.notify.kinesis import KinesisSender, is_data_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unit.notify.receivers import Receiver

BODY = '{"FaceSearchResponse":[]}'


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of a real server for Kinesis in this process."""
    with moto_server() as address:
        yield address


def sender(endpoint: str) -> KinesisSender:
    return KinesisSender(endpoint, "eu-west-1", KEY_ID, SECRET)


def arn(stream: str) -> str:
    return f"arn:aws:kinesis:us-west-2:123456789012:stream/{stream}"


def records(client: Any, stream: str) -> list[dict[str, Any]]:
    """All records of its shards."""
    found: list[dict[str, Any]] = []
    for shard in client.list_shards(StreamName=stream)["Shards"]:
        iterator = client.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        found += client.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return found


def test_records_of_one_source_lie_in_one_shard_in_their_order(moto: str) -> None:
    client = boto3.client(
        "kinesis",
        endpoint_url=moto,
        region_name="eu-west-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    stream = f"seen-{uuid4()}"
    with closing(client), closing(sender(moto)) as kinesis:
        client.create_stream(StreamName=stream, ShardCount=3)
        for number in range(5):
            kinesis.send(arn(stream), f'{{"number":{number}}}', f"live-{number}", "hall")
        found = records(client, stream)
    assert [one["Data"] for one in found] == [b'{"number":%d}' % number for number in range(5)]
    assert {one["PartitionKey"] for one in found} == {"hall"}


def test_an_unknown_stream_is_refused(moto: str) -> None:
    with (
        closing(sender(moto)) as kinesis,
        pytest.raises(RefusedNotifyError, match="data stream 'nobody-made-this' does not exist"),
    ):
        kinesis.send(arn("nobody-made-this"), BODY, "hall")


def test_an_endpoint_that_is_down_is_tried_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with closing(sender(f"http://127.0.0.1:{port}")) as kinesis, pytest.raises(NotifyError) as told:
        kinesis.send(arn("seen"), BODY, "hall")
    assert type(told.value) is NotifyError


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    ],
)
def test_what_says_nothing_about_the_record_is_tried_later(receiver: Receiver, code: str) -> None:
    receiver.status, receiver.headers = 400, {"Content-Type": "application/x-amz-json-1.1"}
    receiver.chunks = [b'{"__type":"%s","message":"10.1.2.3"}' % code.encode()]
    with closing(sender(receiver.address)) as kinesis, pytest.raises(NotifyError) as told:
        kinesis.send(arn("seen"), BODY, "hall")
    assert type(told.value) is NotifyError
    assert "10.1.2.3" not in str(told.value)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "seen",
        "http://127.0.0.1:1/",
        "arn:aws:sns:eu-west-1:123456789012:seen",
        "arn:aws:kinesis:eu-west-1:123456789012:seen",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/a/b",
        "arn:aws:kinesis:eu-west-1:12:stream/seen",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/seen\n",
    ],
)
def test_what_is_no_data_stream_is_not_asked_for(receiver: Receiver, target: str) -> None:
    assert not is_data_stream(target)
    with closing(sender(receiver.address)) as kinesis, pytest.raises(RefusedNotifyError):
        kinesis.send(target, BODY, "hall")
    assert receiver.asked == []
